package openidtest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/channel/openid"
)

// Client and Secret are what it knows us by.
const (
	Client = "nubitalk"
	Secret = "a secret of the client"
)

// Provider is one. Its fields are changed before it is asked, from one goroutine.
type Provider struct {
	*httptest.Server
	Now func() time.Time

	// Subject and Claims are who signs in.
	Subject string
	Claims  map[string]any
	// Discovery, Header and Token change what it says.
	Discovery func(map[string]any)
	Header    func(map[string]any)
	Token     func(map[string]any)
	// Sign signs in its own way; nil: RS256.
	Sign func(signed string) string
	// Answers changes what the browser comes back with.
	Answers func(*openid.Answer)
	// Down lets it answer with 503.
	Down bool

	mu    sync.Mutex
	key   *rsa.PrivateKey
	kid   string
	codes map[string]url.Values
	asked map[string]int
}

// New starts one.
func New(t testing.TB, now func() time.Time) *Provider {
	p := &Provider{Now: now, Subject: "somebody", codes: map[string]url.Values{}, asked: map[string]int{}}
	p.Rotate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked[r.URL.Path]++
		if p.Down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// Roots trust its certificate.
func (p *Provider) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.Certificate())
	return pool
}

// Rotate gives it another key; the one before is not shown any more.
func (p *Provider) Rotate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.key, _ = rsa.GenerateKey(rand.Reader, 2048)
	p.kid = rand.Text()
}

// Asked is how often a path was asked for.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Public is its key, as whoever looks at its page has it.
func (p *Provider) Public() *rsa.PublicKey { return &p.key.PublicKey }

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	says := map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys", "end_session_endpoint": p.URL + "/end",
		"id_token_signing_alg_values_supported": []string{"RS256"}, "authorization_response_iss_parameter_supported": true}
	if p.Discovery != nil {
		p.Discovery(says)
	}
	write(w, says)
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	write(w, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": p.kid,
		"n": text(p.key.N.Bytes()), "e": text(big.NewInt(int64(p.key.E)).Bytes())}}})
}

// Visit is the provider's page: a person signs in there, and the browser comes back.
func (p *Provider) Visit(address string) openid.Answer {
	u, err := url.Parse(address)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q, code := u.Query(), rand.Text()
	p.codes[code] = q
	a := openid.Answer{State: q.Get("state"), Code: code, Issuer: p.URL}
	if p.Answers != nil {
		p.Answers(&a)
	}
	return a
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	client, password, _ := r.BasicAuth()
	q := p.codes[r.FormValue("code")]
	delete(p.codes, r.FormValue("code")) // good once
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	switch {
	case client != Client || password != url.QueryEscape(Secret):
		fail(w, http.StatusUnauthorized, "invalid_client")
	case q == nil || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != text(sum[:]) || q.Get("redirect_uri") != r.FormValue("redirect_uri"):
		fail(w, http.StatusBadRequest, "invalid_grant")
	default:
		claims := map[string]any{"nonce": q.Get("nonce")}
		if q.Get("max_age") == "0" {
			claims["auth_time"] = p.Now().Unix()
		}
		maps.Copy(claims, p.Claims)
		write(w, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.signed(claims)})
	}
}

// Signed is a token of its own, for what it sends by itself.
func (p *Provider) Signed(claims map[string]any) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signed(claims)
}

func (p *Provider) signed(claims map[string]any) string {
	now := p.Now().Unix()
	all := map[string]any{"iss": p.URL, "aud": Client, "sub": p.Subject, "iat": now, "exp": now + 300}
	maps.Copy(all, claims)
	header := map[string]any{"alg": "RS256", "kid": p.kid, "typ": "JWT"}
	if p.Token != nil {
		p.Token(all)
	}
	if p.Header != nil {
		p.Header(header)
	}
	head, _ := json.Marshal(header)
	body, _ := json.Marshal(all)
	signed := text(head) + "." + text(body)
	if p.Sign != nil {
		return signed + "." + p.Sign(signed)
	}
	sum := sha256.Sum256([]byte(signed))
	signature, _ := rsa.SignPKCS1v15(nil, p.key, crypto.SHA256, sum[:])
	return signed + "." + text(signature)
}

// HMAC signs with a secret that is none: a public key.
func HMAC(key []byte) func(string) string {
	return func(signed string) string {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(signed))
		return text(m.Sum(nil))
	}
}

func text(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	write(w, map[string]string{"error": code})
}
