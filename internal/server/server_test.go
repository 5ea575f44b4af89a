package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/store"
)

// node is a running node with its log.
type node struct {
	*Server
	logs *bytes.Buffer
	demo *demo.Seeder // of a demonstration
}

func settings(t testing.TB, dir string) *config.Config {
	t.Helper()
	c, err := config.Default()
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Listen, c.Metrics.Listen = dir, "127.0.0.1:0", "127.0.0.1:0"
	if err := c.Check(nil); err != nil {
		t.Fatal(err)
	}
	return c
}

func start(t testing.TB, c *config.Config, before func(*Server)) *node {
	t.Helper()
	n := &node{logs: &bytes.Buffer{}}
	n.Server = New(c, telemetry.NewLogger(n.logs, slog.LevelInfo))
	// On a busy machine who connects its sound may take long, and a telephone of a test that
	// says nothing for a while answers no question whether it is there.
	n.absence, n.silence = time.Minute, 5*time.Minute
	if before != nil {
		before(n.Server)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.stop(t) })
	return n
}

// demonstrate starts a node with the demonstration.
func demonstrate(t testing.TB, c *config.Config, terms demo.Terms) *node {
	t.Helper()
	d, err := demo.Open(terms)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	n := start(t, c, func(s *Server) { s.Add(d.Addition()) })
	n.demo = d
	return n
}

// Demo is what the demonstration holds.
func (n *node) Demo() demo.Told { return n.demo.Told(n.URL(), n.MetricsURL(), n.conf.SIP.Listen) }

func (n *node) stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	defer cancel()
	if err := n.Stop(ctx); err != nil {
		t.Error(err)
	}
}

// browser keeps cookies, does not follow redirects and trusts the certificate
// made for loopback.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func get(t *testing.T, c *http.Client, address string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return send(t, c, r)
}

func send(t *testing.T, c *http.Client, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func post(t *testing.T, c *http.Client, address, kind, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "POST", address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return send(t, c, r)
}

const formKind = "application/x-www-form-urlencoded"

var shownPassword = regexp.MustCompile(`<code id="password">([^<]+)</code>`)

func TestANewInstallationIsSetUpFromItsFirstPage(t *testing.T) {
	dir := t.TempDir()
	n := start(t, settings(t, dir), nil)
	b := browser(t)
	if r, _ := get(t, b, n.URL()+"/"); r.StatusCode != http.StatusFound || r.Header.Get("Location") != "/start" {
		t.Errorf("/ answers %d %v", r.StatusCode, r.Header)
	}
	if _, body := get(t, b, n.URL()+"/start?code=guess"); strings.Contains(body, "<form") {
		t.Error("the form is shown without the code")
	}
	if r, _ := post(t, b, n.URL()+"/start", formKind, "code=guess&name=X&slug=xx"); r.StatusCode != http.StatusForbidden {
		t.Errorf("a guessed code is answered with %d", r.StatusCode)
	}
	path := n.FirstRun()
	r, body := get(t, b, n.URL()+path, "Accept-Language", "pt-PT")
	if !strings.Contains(body, "<form") || !strings.Contains(body, "Preparar o Nubitalk") {
		t.Fatal("the form is missing, or not in Portuguese:", body)
	}
	if p := r.Header.Get("Content-Security-Policy"); !strings.Contains(p, "default-src 'none'") || strings.Contains(p, "unsafe") {
		t.Error(p)
	}
	code, _ := strings.CutPrefix(path, "/start?code=")
	form := url.Values{"code": {code}, "name": {"Acme <b>"}, "slug": {"Bad Slug"}, "administrator": {"ana"}, "password": {"a long enough phrase"}, "language": {"en"}, "time_zone": {"Europe/Lisbon"}}
	r, body = post(t, b, n.URL()+"/start", formKind, form.Encode())
	if r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "lower-case letters") || !strings.Contains(body, "Acme &lt;b&gt;") {
		t.Errorf("a bad short name: %d %s", r.StatusCode, body)
	}
	if r, _ := post(t, b, n.URL()+"/start", formKind, form.Encode(), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); r.StatusCode != http.StatusForbidden {
		t.Errorf("another site may post the form: %d", r.StatusCode)
	}
	form.Set("slug", "acme")
	_, body = post(t, b, n.URL()+"/start", formKind, form.Encode())
	m := shownPassword.FindStringSubmatch(body)
	if m == nil {
		t.Fatal("no one-time password is shown:", body)
	}
	if n.FirstRun() != "" {
		t.Error("the first page is still open")
	}
	if r, _ := post(t, b, n.URL()+"/start", formKind, form.Encode()); r.StatusCode != http.StatusForbidden {
		t.Errorf("it can be done twice: %d", r.StatusCode)
	}
	signIn(t, browser(t), n.URL(), "acme", "ana", m[1])
	signIn(t, browser(t), n.URL(), "operator", "ana", "a long enough phrase")
	n.stop(t)
	for _, secret := range []string{m[1], "a long enough phrase", code} {
		if strings.Contains(n.logs.String(), secret) {
			t.Error("a secret is in the log")
		}
	}

	again := start(t, settings(t, dir), nil)
	if again.FirstRun() != "" {
		t.Error("a restart opens the first page again")
	}
	if again.data.node != nodeOf(t, dir) {
		t.Error("a restart has another node id")
	}
	signIn(t, browser(t), again.URL(), "acme", "ana", m[1])
}

func nodeOf(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "node"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func signIn(t *testing.T, b *http.Client, base, organisation, user, password string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"organisation": organisation, "user_name": user, "password": password})
	if err != nil {
		t.Fatal(err)
	}
	r, answer := post(t, b, base+"/api/v1/sign-in", "application/json", string(body))
	if r.StatusCode != http.StatusOK {
		t.Fatalf("%s of %s cannot sign in: %d %s", user, organisation, r.StatusCode, answer)
	}
	if r, answer = get(t, b, base+"/api/v1/me"); r.StatusCode != http.StatusOK {
		t.Errorf("the session does not hold: %d %s", r.StatusCode, answer)
	}
}

func TestOperatorsAskForHealthAndFigures(t *testing.T) {
	c := settings(t, t.TempDir())
	if err := c.Metrics.Token.UnmarshalText([]byte("0123456789abcdef")); err != nil {
		t.Fatal(err)
	}
	n := start(t, c, nil)
	b := browser(t)
	if r, body := get(t, b, n.URL()+"/healthz"); r.StatusCode != 200 || !strings.Contains(body, "ok") {
		t.Errorf("/healthz: %d %s", r.StatusCode, body)
	}
	r, body := get(t, b, n.URL()+"/readyz")
	if r.StatusCode != 200 || !strings.Contains(body, `"ready"`) || !strings.Contains(body, `{"name":"database","ok":true}`) {
		t.Errorf("/readyz: %d %s", r.StatusCode, body)
	}
	if r, _ = get(t, b, n.URL()+"/metrics"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("/metrics without a token: %d", r.StatusCode)
	}
	if r, _ = get(t, b, n.URL()+"/metrics", "Authorization", "Bearer 0123456789abcdeF"); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("/metrics with a wrong token: %d", r.StatusCode)
	}
	for _, figures := range []string{n.URL() + "/metrics", "http://" + n.figures.at.String() + "/metrics"} {
		r, body = get(t, b, figures, "Authorization", "Bearer 0123456789abcdef")
		if r.StatusCode != 200 || !strings.Contains(body, "nubitalk_database_commits_total") || !strings.Contains(body, `nubitalk_http_requests_total{code="200",method="GET",part="health"}`) {
			t.Errorf("%s: %d", figures, r.StatusCode)
		}
	}
	if r, _ = get(t, b, n.URL()+"/readyz"); r.Header.Get("Strict-Transport-Security") != "" {
		t.Error("browsers are told to insist on a certificate that they do not trust")
	}
	n.health.stop()
	if r, body = get(t, b, n.URL()+"/readyz"); r.StatusCode != http.StatusServiceUnavailable || !strings.Contains(body, "stopping") {
		t.Errorf("while stopping: %d %s", r.StatusCode, body)
	}
}

func TestADemonstrationGoesOnWhereItWas(t *testing.T) {
	c := settings(t, t.TempDir())
	c.TLS.Mode = "off"
	n := demonstrate(t, c, demo.Terms{})
	first := n.Demo()
	if len(first.Logins) < 10 || len(first.EntryPoints) < 2 || first.BaseURL != n.URL() || first.MetricsURL == "" {
		t.Fatalf("%+v", first)
	}
	for _, l := range first.Logins[:4] {
		signIn(t, browser(t), n.URL(), l.Organisation, l.UserName, l.Password)
	}
	for _, e := range first.EntryPoints {
		if e.Page == "" {
			continue
		}
		names := e.ID
		if e.Channel == acd.Email {
			names = first.Mail.Address
		}
		if r, body := get(t, browser(t), e.Page); r.StatusCode != 200 || !strings.Contains(e.Page+body, names) {
			t.Errorf("%s: %d", e.Page, r.StatusCode)
		}
	}
	before := interactions(t, n)
	if before < 100 {
		t.Errorf("the week has only %d conversations", before)
	}
	n.stop(t)

	again := demonstrate(t, c, demo.Terms{})
	second := again.Demo()
	for i, e := range second.EntryPoints {
		if e.ID != first.EntryPoints[i].ID {
			t.Error("a restart made other entry points")
		}
	}
	if after := interactions(t, again); after != before {
		t.Errorf("%d conversations became %d", before, after)
	}
	if len(second.Logins) != len(first.Logins) {
		t.Errorf("%d logins became %d", len(first.Logins), len(second.Logins))
	}
}

// interactions counts the demo tenant's.
func interactions(t *testing.T, n *node) int {
	t.Helper()
	var rows []store.InteractionRow
	err := n.keepers.db.Read(t.Context(), n.demo.Organisation(demo.DemoSlug).ID, func(tx *store.Tx) (err error) {
		rows, err = tx.SearchInteractions(store.InteractionFilter{Limit: 10_000})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return len(rows)
}

func TestTwoNodesDoNotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	start(t, settings(t, dir), nil)
	other := New(settings(t, dir), slog.New(slog.DiscardHandler))
	err := other.Start(t.Context())
	if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "Another Nubitalk") {
		t.Errorf("%v", err)
	}
}

func TestAMissingRootKeyIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	n := start(t, settings(t, dir), nil)
	n.stop(t)
	if err := os.Remove(filepath.Join(dir, "keys", "root.key")); err != nil {
		t.Fatal(err)
	}
	err := New(settings(t, dir), slog.New(slog.DiscardHandler)).Start(t.Context())
	if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "root key file") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "keys", "root.key")); err == nil {
		t.Error("a new root key was made beside keys that it does not open")
	}
}

func TestTheRootKeyIsChangedByConfiguration(t *testing.T) {
	dir := t.TempDir()
	n := demonstrate(t, settings(t, dir), demo.Terms{})
	login := n.Demo().Logins[2]
	n.stop(t)

	c := settings(t, dir)
	c.Keys.Root, c.Keys.Old = filepath.Join(t.TempDir(), "new.key"), []string{filepath.Join(dir, "keys", "root.key")}
	n = start(t, c, nil)
	signIn(t, browser(t), n.URL(), login.Organisation, login.UserName, login.Password)
	n.stop(t)
	if !strings.Contains(n.logs.String(), "keys.old is not needed any more") {
		t.Error("nobody is told that the old key is not needed")
	}
	c.Keys.Old = nil
	if err := os.Remove(filepath.Join(dir, "keys", "root.key")); err != nil {
		t.Fatal(err)
	}
	n = start(t, c, nil)
	signIn(t, browser(t), n.URL(), login.Organisation, login.UserName, login.Password)

	missing := settings(t, t.TempDir())
	missing.Keys.Old = []string{filepath.Join(dir, "none")}
	if err := New(missing, slog.New(slog.DiscardHandler)).Start(t.Context()); !errs.Is(err, errs.Invalid) {
		t.Errorf("a missing old key: %v", err)
	}
}

func TestATakenPortIsToldAndNothingStays(t *testing.T) {
	n := start(t, settings(t, t.TempDir()), nil)
	c := settings(t, t.TempDir())
	c.Listen = n.web.address.String()
	other := New(c, slog.New(slog.DiscardHandler))
	if err := other.Start(t.Context()); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "cannot be listened on") {
		t.Errorf("%v", err)
	}
	c.Listen = "127.0.0.1:0"
	start(t, c, nil) // the folder is free again
}

func TestNoFileOfTheDataFolderIsOpenToOthers(t *testing.T) {
	dir := t.TempDir()
	start(t, settings(t, filepath.Join(dir, "data")), nil)
	err := filepath.WalkDir(filepath.Join(dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAProxyThatSpeaksTLSIsBelieved(t *testing.T) {
	c := settings(t, t.TempDir())
	c.TLS.Mode, c.URL = "off", "https://contact.example"
	n := demonstrate(t, c, demo.Terms{})
	base := "http://" + n.web.address.String()
	l := n.Demo().Logins[0]
	body, err := json.Marshal(map[string]string{"organisation": l.Organisation, "user_name": l.UserName, "password": l.Password})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := post(t, browser(t), base+"/api/v1/sign-in", "application/json", string(body))
	if all := r.Cookies(); len(all) != 2 { // the session's and the device's
		t.Errorf("%d cookies", len(all))
	}
	for _, k := range r.Cookies() {
		if !k.Secure || !k.HttpOnly || !strings.HasPrefix(k.Name, "__Host-") {
			t.Errorf("%s: secure %v, for scripts %v", k.Name, k.Secure, !k.HttpOnly)
		}
	}
	if got := r.Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
		t.Errorf("browsers are told %q of TLS", got)
	}
}

func TestTheAddressThatPeopleType(t *testing.T) {
	for _, c := range []struct{ listen, url, domain, want string }{
		{"127.0.0.1:8443", "", "", "https://127.0.0.1:8443"},
		{"127.0.0.1:443", "", "", "https://127.0.0.1"},
		{"[::1]:443", "", "", "https://[::1]"},
		{"127.0.0.1:8443", "https://contact.example/", "", "https://contact.example"},
		{"0.0.0.0:443", "", "contact.example", "https://contact.example"},
		{":8443", "", "", "https://localhost:8443"},
	} {
		conf := &config.Config{Listen: c.listen, URL: c.url}
		if c.domain != "" {
			conf.TLS.ACME.Domains = []string{c.domain}
		}
		w := &web{conf: conf, source: secured(t)}
		if got := w.URL(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
