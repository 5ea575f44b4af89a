package server

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Visitors' pages and users' pages are on hosts of their own: each refuses what is the other's, by whatever way it is asked.
func TestVisitorsHaveAHostOfTheirOwn(t *testing.T) {
	c := settings(t, t.TempDir())
	c.URL, c.Visitors = "https://desk.example", "https://visit.example/"
	n := start(t, c, nil)
	at := "https://" + n.web.address.String()
	ask := func(host, path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		browser := browser(t)
		browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		got, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, got.Body)
		_ = got.Body.Close()
		return got
	}
	for path, want := range map[string][2]int{ // of the users' host, of the visitors'
		"/": {302, 421}, "/app/": {302, 421}, "/app/setup": {200, 421}, "/app/icon.svg": {200, 421}, "/start": {200, 421}, "/api/v1/me": {401, 421}, "/api/docs": {200, 421}, "/metrics": {404, 421},
		"/phone/": {308, 200}, "/phone/?entry=ent_1": {308, 200}, "/widget.js": {200, 200}, "/widget-call.js": {200, 200}, "/chat/v1/conversation": {401, 401}, "/notice": {200, 200},
		"/healthz": {200, 200}, "/readyz": {200, 200},
		"/phone/../app/": {308, 307}, "/chat/%2e%2e/api/v1/me": {404, 404}, "//app/": {307, 421}, "/APP/": {404, 421},
	} {
		for i, host := range []string{"desk.example", "visit.example"} {
			got := ask(host, path)
			if got.StatusCode != want[i] {
				t.Errorf("%s%s: %d and not %d", host, path, got.StatusCode, want[i])
			}
			if got.Header.Get("Content-Security-Policy") == "" || got.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s%s is not guarded: %v", host, path, got.Header)
			}
			// Where it leads to is another request, which is judged by itself.
			if to := got.Header.Get("Location"); strings.Contains(to, "://") && !strings.HasPrefix(to, "https://visit.example/phone/") {
				t.Errorf("%s%s leads to %s", host, path, to)
			}
		}
	}
	if to := ask("desk.example", "/phone/?entry=ent_1").Header.Get("Location"); to != "https://visit.example/phone/?entry=ent_1" {
		t.Errorf("an old link leads to %s", to)
	}
	if got := ask("VISIT.example", "/app/setup"); got.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("in capitals: %d", got.StatusCode)
	}
	if got := ask("desk.example:443", "/app/setup"); got.StatusCode != http.StatusOK {
		t.Errorf("with a port: %d", got.StatusCode)
	}
}
