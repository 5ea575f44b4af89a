package mailtest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Client and its secret are what the authority knows us by.
const (
	Client       = "client-of-the-test"
	ClientSecret = "a secret of the client's"
)

// Authority lets clients in to the provider's accounts with tokens (RFC 6749, 7636,
// 7662). Whoever comes to its page is let in at once, as the account that login_hint
// names. A refresh token is good once.
type Authority struct {
	URL string // of https, with the provider's certificate

	mu      sync.Mutex
	tokens  string // file of those that are good, for Exim
	asked   map[string]asked
	refresh map[string]string // token -> account
	access  map[string]string
	renewed int
}

// asked is a sign-in whose code was not redeemed.
type asked struct{ account, challenge, redirect string }

// authority runs one; Dovecot asks it at inside whether a token is good.
func (p *Provider) authority() (a *Authority, inside int) {
	p.t.Helper()
	a = &Authority{tokens: filepath.Join(p.dir, "tokens"), asked: map[string]asked{}, refresh: map[string]string{}, access: map[string]string{}}
	must(p.t, a.write())
	certificate, err := tls.LoadX509KeyPair(p.CertFile, filepath.Join(p.dir, "key.pem"))
	must(p.t, err)
	outside, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	must(p.t, err)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	must(p.t, err)
	mux, own := http.NewServeMux(), http.NewServeMux()
	mux.HandleFunc("GET /authorize", a.authorize)
	mux.HandleFunc("POST /token", a.token)
	own.HandleFunc("POST /introspect", a.introspect)
	for l, h := range map[net.Listener]http.Handler{outside: mux, plain: own} {
		s := &http.Server{Handler: h}
		done := make(chan struct{})
		go func() { defer close(done); _ = s.Serve(l) }()
		p.t.Cleanup(func() { _ = s.Close(); <-done })
	}
	a.URL = fmt.Sprintf("https://127.0.0.1:%d", outside.Addr().(*net.TCPAddr).Port)
	return a, plain.Addr().(*net.TCPAddr).Port
}

// write tells Exim which tokens are good.
func (a *Authority) write() error {
	var out strings.Builder
	for token := range a.access {
		out.WriteString(token + ": yes\n")
	}
	return os.WriteFile(a.tokens, []byte(out.String()), 0o644)
}

// Expire ends all access tokens, as time does.
func (a *Authority) Expire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.access)
	_ = a.write() // the next one that is given writes it again
}

// Withdraw ends all consent, as an account's owner does.
func (a *Authority) Withdraw() {
	a.Expire()
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.refresh)
}

// Renewed is how often an access token was renewed.
func (a *Authority) Renewed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.renewed
}

func (a *Authority) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != Client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	code := rand.Text()
	a.mu.Lock()
	a.asked[code] = asked{q.Get("login_hint"), q.Get("code_challenge"), q.Get("redirect_uri")}
	a.mu.Unlock()
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (a *Authority) token(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	refuse := func(reason string) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": reason})
	}
	if r.FormValue("client_id") != Client || r.FormValue("client_secret") != ClientSecret {
		refuse("invalid_client")
		return
	}
	account, known := "", false
	switch r.FormValue("grant_type") {
	case "authorization_code":
		one, there := a.asked[r.FormValue("code")]
		delete(a.asked, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		account, known = one.account, there && one.redirect == r.FormValue("redirect_uri") && one.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
	case "refresh_token":
		account, known = a.refresh[r.FormValue("refresh_token")]
		delete(a.refresh, r.FormValue("refresh_token"))
		if known {
			a.renewed++
		}
	}
	if !known {
		refuse("invalid_grant")
		return
	}
	access, refresh := rand.Text(), rand.Text()
	a.access[access], a.refresh[refresh] = account, account
	if a.write() != nil {
		refuse("server_error")
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": access, "refresh_token": refresh, "expires_in": 3600, "token_type": "Bearer"})
}

func (a *Authority) introspect(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	account, good := a.access[r.FormValue("token")]
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"active": good, "username": account})
}
