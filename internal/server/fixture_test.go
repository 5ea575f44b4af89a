package server

import (
	"log/slog"
	"testing"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/transport"
)

// secured is a source of certificates that is not plain.
func secured(t *testing.T) *transport.Source {
	t.Helper()
	s, err := transport.Open(&config.Config{Listen: "127.0.0.1:0"}, t.TempDir(), clock.Real{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
