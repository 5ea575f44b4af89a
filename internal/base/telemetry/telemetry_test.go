package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

func TestLogsLetNoPersonalValueThrough(t *testing.T) {
	type message struct{ Body string }
	const canary = "Inês Canária"
	for _, write := range []func(*slog.Logger){
		func(l *slog.Logger) { l.Info("x", "v", secret.New(canary)) },
		func(l *slog.Logger) { l.Info("x", "v", secret.NewBytes([]byte(canary))) },
		func(l *slog.Logger) { l.Info("x", "v", secret.Sealed(canary)) },
		func(l *slog.Logger) { l.Info("x", "v", secret.Index(canary)) },
		func(l *slog.Logger) { l.Info("x", "v", []byte(canary)) },
		func(l *slog.Logger) { l.Info("x", "v", message{canary}) },
		func(l *slog.Logger) { l.Info("x", "v", &message{canary}) },
		func(l *slog.Logger) { l.Info("x", "v", []message{{canary}}) },
		func(l *slog.Logger) { l.Info("x", "v", map[string]string{"name": canary}) },
		func(l *slog.Logger) { l.Info("x", "v", json.RawMessage(`"`+canary+`"`)) },
		func(l *slog.Logger) { l.Info("x", slog.Group("g", "v", message{canary})) },
		func(l *slog.Logger) { l.With("v", message{canary}).WithGroup("g").Info("x") },
		func(l *slog.Logger) { l.Info("x", "v", "ines.canaria@example.pt wrote") },
		func(l *slog.Logger) { l.Info("x", "error", errors.New("key (ines.canaria@example.pt) exists")) },
		func(l *slog.Logger) { l.Info("mail to ines.canaria@example.pt", "id", "usr_1") },
		func(l *slog.Logger) { l.Info("x", "v", "calls +351 912 345 678 now") },
		func(l *slog.Logger) { l.Info("x", "v", []string{"usr_1", "+351912345678"}) },
		func(l *slog.Logger) { l.Info("x", "v", netip.MustParseAddr("203.0.113.9")) },
	} {
		for name, make := range map[string]func(*bytes.Buffer) *slog.Logger{
			"json": func(b *bytes.Buffer) *slog.Logger { return NewLogger(b, slog.LevelInfo) },
			"text": func(b *bytes.Buffer) *slog.Logger { return NewTextLogger(b, slog.LevelInfo) },
		} {
			var out bytes.Buffer
			write(make(&out))
			s := out.String()
			for _, bad := range []string{canary, "canaria", "912 345", "912345", "203.0.113", fmt.Sprintf("%x", canary), "SW7Dqn"} {
				if strings.Contains(s, bad) {
					t.Errorf("%s log shows %q: %s", name, bad, s)
				}
			}
			if s == "" {
				t.Error("nothing was logged, so the check proves nothing")
			}
		}
	}
}

func TestLogsKeepWhatOperatorsNeed(t *testing.T) {
	var out bytes.Buffer
	l := NewLogger(&out, slog.LevelInfo).With("part", "floor")
	l.Debug("hidden")
	l.Info("took over", "tenant", id.Tenant("ten_1"), "fence", int64(7), "after", 3*time.Second, "ok", true,
		"users", []string{"usr_1", "usr_2"}, "error", errs.New(errs.Fenced, "Another node owns it."), "code", errs.Fenced,
		"nothing", nil, "at", "127.0.0.1:8443")
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err, out.String())
	}
	for key, want := range map[string]any{
		"msg": "took over", "level": "INFO", "part": "floor", "tenant": "ten_1", "fence": 7.0, "after": 3e9, "ok": true,
		"users": "usr_1 usr_2", "error": "fenced: Another node owns it.", "code": "fenced", "nothing": nil, "at": "127.0.0.1:8443",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, not %v", key, got[key], want)
		}
	}
	if _, ok := got["time"]; !ok {
		t.Error("the time is missing")
	}
}

// Whatever a value holds, it makes no line that looks like one of ours.
// Lines of machines in different zones stand in one order: all times are UTC.
func TestTheLogIsInUTC(t *testing.T) {
	at := time.Date(2026, 3, 1, 1, 30, 0, 0, time.FixedZone("far", 14*3600))
	for _, make := range []func(io.Writer, slog.Leveler) *slog.Logger{NewLogger, NewTextLogger} {
		var out bytes.Buffer
		r := slog.NewRecord(at, slog.LevelInfo, "told", 0)
		r.AddAttrs(slog.Time("until", at), slog.Any("since", at), slog.Group("in", slog.Time("a", at)))
		if err := make(&out, slog.LevelInfo).Handler().Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "2026-02-28T11:30:00"); n != 4 || strings.Contains(out.String(), "+14:00") {
			t.Errorf("%d of 4 times are UTC: %s", n, out.String())
		}
	}
}

func TestNobodyWritesALineOfTheLog(t *testing.T) {
	const forged = "x\n{\"msg\":\"signed in\"}\r\nlevel=INFO msg=\"signed in\"\u2028\x1b[2K"
	for name, make := range map[string]func(*bytes.Buffer) *slog.Logger{
		"json": func(b *bytes.Buffer) *slog.Logger { return NewLogger(b, slog.LevelInfo) },
		"text": func(b *bytes.Buffer) *slog.Logger { return NewTextLogger(b, slog.LevelInfo) },
	} {
		var out bytes.Buffer
		make(&out).Info(forged, "v", forged, "error", errors.New(forged), forged, "as a key")
		s := out.String()
		if strings.Count(s, "\n") != 1 || !strings.HasSuffix(s, "\n") || strings.ContainsAny(s, "\r\x1b") || len(s) < len(forged) {
			t.Errorf("%s: %q", name, s)
		}
	}
}

func TestClientAddressesAreMaskedInHTTPErrors(t *testing.T) {
	for in, want := range map[string]string{
		"http: TLS handshake error from 203.0.113.9:5511: EOF": "http: TLS handshake error from •••: EOF",
		"http: from [2001:db8::1]:443: bad":                    "http: from •••: bad",
		"http: from [fe80::1%eth0]:443: bad":                   "http: from •••: bad",
		"listen tcp 127.0.0.1:8443: address in use":            "listen tcp 127.0.0.1:8443: address in use",
		"listen tcp [::1]:8443: address in use":                "listen tcp [::1]:8443: address in use",
		"at 12:30:05 version 1.26.0 said no.":                  "at 12:30:05 version 1.26.0 said no.",
		"a.b@example.org at 198.51.100.7":                      "••• at •••",
	} {
		if got := MaskHosts(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
	var out bytes.Buffer
	HTTPErrorLog(NewLogger(&out, slog.LevelDebug)).Printf("http: superfluous call from %s", "203.0.113.9:5511")
	if s := out.String(); strings.Contains(s, "203") || !strings.Contains(s, "superfluous") {
		t.Error(s)
	}
}

func TestMetrics(t *testing.T) {
	m := NewMetrics()
	m.Counter("messages_total", "Messages.", "channel").WithLabelValues("chat").Add(3)
	m.Seconds("commit_seconds", "Commits.", "engine").WithLabelValues("sqlite").Observe(.002)
	m.GaugeFunc("tenants", "Tenants.", func() float64 { return 2 })
	m.CounterFunc("bus_events_total", "Events.", func() float64 { return 5 })
	rec := httptest.NewRecorder()
	m.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body := rec.Body.String()
	for _, want := range []string{
		`nubitalk_messages_total{channel="chat"} 3`, `nubitalk_commit_seconds_bucket{engine="sqlite",le="0.0025"} 1`,
		`nubitalk_tenants 2`, `nubitalk_bus_events_total 5`, `nubitalk_build_info{`, `go_goroutines`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestALabelThatCouldNameAPersonIsRefused(t *testing.T) {
	for _, label := range []string{"user", "tenant", "address", "name"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("label %q was accepted", label)
				}
			}()
			NewMetrics().Counter("x_total", "X.", label)
		}()
	}
}

func TestBuildSaysWhatRuns(t *testing.T) {
	if b := ReadBuild(); b.Version == "" || !strings.HasPrefix(b.Go, "go") || b.OS == "" {
		t.Errorf("%+v", b)
	}
}
