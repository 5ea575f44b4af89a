package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nubitalk/internal/server/config"
)

// Whatever answers, and with what status, a browser may do nothing with it that its
// part has not allowed: no other page shows it, and its type is not guessed.
func TestEveryAnswerIsGuarded(t *testing.T) {
	c := settings(t, t.TempDir())
	if err := c.Metrics.Token.UnmarshalText([]byte("0123456789abcdef")); err != nil {
		t.Fatal(err)
	}
	n := start(t, c, nil)
	for path, status := range map[string]int{"/": 302, "/start": 200, "/start.css": 200, "/app/": 302, "/app/setup": 200, "/app/gone.js": 404, "/phone/": 200, "/widget.js": 200,
		"/notice": 200, "/nothing": 404, "/healthz": 200, "/readyz": 200, "/metrics": 401, "/api/v1/me": 401, "/api/docs": 200, "/chat/v1/conversation": 401, "/.git/config": 404} {
		r, _ := get(t, browser(t), n.URL()+path)
		head := r.Header
		if r.StatusCode != status || head.Get("X-Content-Type-Options") != "nosniff" || head.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d %v", path, r.StatusCode, head)
		}
		policy := head.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: %s is not in %q", path, part, policy)
			}
		}
		if kind := head.Get("Content-Type"); r.StatusCode == 200 && (strings.HasPrefix(kind, "text/") || strings.Contains(kind, "+xml")) && !strings.Contains(kind, "charset=utf-8") {
			t.Errorf("%s is %s", path, kind)
		}
	}
}

// A browser is led from plain HTTP to https. A program is told, so that its key is
// not sent in the clear for ever, unnoticed.
func TestOnlyBrowsersAreLedToTLS(t *testing.T) {
	w := &web{conf: &config.Config{Listen: "127.0.0.1:8443", URL: "https://contact.example"}, source: secured(t)}
	for _, c := range []struct {
		method, path, key, to string
	}{
		{"GET", "/app/desk?x=1", "", "https://contact.example/app/desk?x=1"},
		{"HEAD", "/", "", "https://contact.example/"},
		{"GET", "//evil.example/", "", "https://contact.example//evil.example/"},
		{"POST", "/start", "", ""},
		{"GET", "/api/v1/users", "", ""},
		{"GET", "/chat/v1/conversation", "", ""},
		{"GET", "/metrics", "Bearer 0123456789abcdef", ""},
	} {
		r := httptest.NewRequest(c.method, "http://contact.example"+c.path, nil)
		if c.key != "" {
			r.Header.Set("Authorization", c.key)
		}
		got := httptest.NewRecorder()
		w.toTLS(got, r)
		want := http.StatusBadRequest
		if c.to != "" {
			want = http.StatusMovedPermanently
		}
		if got.Code != want || got.Header().Get("Location") != c.to || !strings.Contains(got.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s %s: %d to %q", c.method, c.path, got.Code, got.Header().Get("Location"))
		}
	}
}
