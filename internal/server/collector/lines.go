package collector

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"unicode/utf8"

	"nubitalk/internal/base/telemetry"
)

// longest is what every receiver should take of a message (RFC 5425, 4.3.1), less
// what stands before the text.
const longest = 8192 - 256

// Tee is a log that goes on to where it went, and to the collector, too: as JSON,
// with all that keeps personal data out of it.
func (c *Client) Tee(log *slog.Logger) *slog.Logger {
	to := &lines{client: c}
	return slog.New(tee{log.Handler(), lineHandler{to, telemetry.NewLogger(&to.text, slog.LevelDebug).Handler()}})
}

// tee is two handlers; the first says which levels there are.
type tee struct{ first, second slog.Handler }

func (t tee) Enabled(ctx context.Context, l slog.Level) bool { return t.first.Enabled(ctx, l) }

func (t tee) Handle(ctx context.Context, r slog.Record) error {
	err := t.first.Handle(ctx, r.Clone())
	if other := t.second.Handle(ctx, r); err == nil {
		err = other
	}
	return err
}

func (t tee) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tee{t.first.WithAttrs(attrs), t.second.WithAttrs(attrs)}
}

func (t tee) WithGroup(name string) slog.Handler {
	return tee{t.first.WithGroup(name), t.second.WithGroup(name)}
}

// lines is where all handlers of one log write, one line at a time.
type lines struct {
	client *Client
	mu     sync.Mutex
	text   bytes.Buffer // the line that is being written
}

// lineHandler gives the collector each record as a line that inner wrote into to.text.
type lineHandler struct {
	to    *lines
	inner slog.Handler
}

func (h lineHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h lineHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return lineHandler{h.to, h.inner.WithAttrs(attrs)}
}

func (h lineHandler) WithGroup(name string) slog.Handler {
	return lineHandler{h.to, h.inner.WithGroup(name)}
}

func (h lineHandler) Handle(ctx context.Context, r slog.Record) error {
	m, err := h.message(ctx, r)
	if err == nil {
		h.to.client.put(m)
	}
	return err
}

func (h lineHandler) message(ctx context.Context, r slog.Record) (Message, error) {
	h.to.mu.Lock()
	defer h.to.mu.Unlock()
	h.to.text.Reset()
	if err := h.inner.Handle(ctx, r); err != nil {
		return Message{}, err
	}
	text := cut(bytes.TrimRight(h.to.text.Bytes(), "\n"), longest)
	return Message{Facility: Daemon, Severity: severity(r.Level), At: r.Time, Kind: "log", Text: bytes.Clone(text)}, nil
}

// cut shortens a text to at most n bytes, between two characters.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return b
	}
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return b[:n]
}

func severity(l slog.Level) int {
	switch {
	case l >= slog.LevelError:
		return severityError
	case l >= slog.LevelWarn:
		return severityWarning
	case l >= slog.LevelInfo:
		return severityInfo
	}
	return severityDebug
}
