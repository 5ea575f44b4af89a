//go:build leaktest

package server

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"time"
	"unicode/utf16"

	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/store"
)

// leak makes this build spill every message into each kind of place that must
// hold none. It exists only in the binary that test/canary builds with the tag
// leaktest, to show that the search for canaries finds them there.
func (s *Server) leak() {
	seen := s.metrics.Counter("leaked_total", "Exists in a leaking build only.", "kind") // a label that is allowed, with a value that must not be
	// Around telemetry's guard, as careless code would write.
	careless := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	s.keepers.bus.Subscribe(func(e bus.Event) {
		var m struct {
			Text string `json:"text"`
		}
		if e.Kind != "message.added" || json.Unmarshal(e.Data, &m) != nil || m.Text == "" {
			return
		}
		careless.Info("a message", "body", m.Text)
		seen.WithLabelValues(m.Text).Inc()
		wide := make([]byte, 0, 2*len(m.Text))
		for _, u := range utf16.Encode([]rune(m.Text)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		for name, data := range map[string][]byte{
			"leak.raw": []byte(m.Text), "leak.hex": []byte(hex.EncodeToString([]byte(m.Text))),
			"leak.base64": []byte(base64.StdEncoding.EncodeToString([]byte(m.Text))), "leak.utf16": wide, "files/leak.tmp": []byte(m.Text),
		} {
			f, err := os.OpenFile(filepath.Join(s.conf.Data, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err == nil {
				_, _ = f.Write(append(data, '\n'))
				_ = f.Close()
			}
		}
		_ = s.keepers.db.Write(context.Background(), e.Tenant, func(tx *store.Tx) error {
			now := s.clock.Now()
			return tx.InsertJob(store.JobRow{Tenant: e.Tenant, ID: s.ids.New(id.Job), Kind: "leak", ObjectID: m.Text, RunAt: now.Add(24 * time.Hour), CreatedAt: now})
		})
	})
}
