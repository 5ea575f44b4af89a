package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"nubitalk/internal/base/secret"
)

const (
	// Skew is how far a provider's clock may be from ours.
	Skew = time.Minute
	// oldest is how long ago an ID token may have been issued: it comes right after its code.
	oldest = 10 * time.Minute
	// believeFor is how long what a provider says of itself is kept, and failedFor
	// how long that it cannot be reached: strangers cannot have it asked more often.
	believeFor = time.Hour
	failedFor  = 15 * time.Second
	keepKnown  = 500
	patience   = 15 * time.Second
	mostOctets = 1 << 20 // of an answer
)

// accepted are the ways of signing that are taken: never none, and never one with a
// secret that both sides know.
var accepted = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA}

// Registration is what we are to a provider.
type Registration struct {
	Issuer string
	Client string
	Secret secret.Text
	Scopes []string // beside openid
	// Classes are asked for (acr_values): one of them is to say how the person proves to be itself.
	Classes []string
	// Context is what the provider is to have looked at, such as the state of the device: it is
	// asked for by acr_values (OpenID Connect Core 1.0, 3.1.2.1) and by the claim acrs (5.5), as
	// Entra ID asks for its authentication contexts. "": none.
	Context string
	// LogoutTyped: only what says that it is a logout token is taken for one.
	LogoutTyped bool
}

// Flow is one sign-in's own: the browser that begins it keeps it, sealed.
type Flow struct {
	State, Nonce, Verifier string
	Redirect               string
}

// NewFlow begins a sign-in that comes back to redirect.
func NewFlow(redirect string) Flow {
	return Flow{State: rand.Text(), Nonce: rand.Text(), Verifier: rand.Text() + rand.Text(), Redirect: redirect}
}

// Answer is what a provider sends the browser back with.
type Answer struct {
	State, Code, Issuer, Error string
}

// Identity is what an ID token says. It is never stored as it is.
type Identity struct {
	Subject string
	Session string    // the provider's own name for the session; may be ""
	Proved  time.Time // when the person proved to be itself; zero if the provider does not say
	Claims  map[string]any
	Token   secret.Text // itself, to hint at the session when it is to end
}

// Client asks providers. Its HTTP client decides who may be reached.
type Client struct {
	http *http.Client
	now  func() time.Time

	mu    sync.Mutex
	known map[string]*provider
}

// provider is what one says of itself.
type provider struct {
	ready chan struct{} // closed when the rest is there
	*oidc.Provider
	said struct {
		SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"`
		Methods     []string `json:"token_endpoint_auth_methods_supported"`
		Algorithms  []string `json:"id_token_signing_alg_values_supported"`
		EndSession  string   `json:"end_session_endpoint"`
	}
	asked time.Time
	fault *Fault
}

// New makes a Client.
func New(h *http.Client, now func() time.Time) *Client {
	bounded := *h
	if bounded.Transport == nil {
		bounded.Transport = http.DefaultTransport
	}
	bounded.Transport = limited{bounded.Transport}
	bounded.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &bounded, now: now, known: map[string]*provider{}}
}

// limited cuts answers that are too long: they cannot be read then.
type limited struct{ http.RoundTripper }

func (l limited) RoundTrip(q *http.Request) (*http.Response, error) {
	if q.URL.Scheme != "https" {
		return nil, errors.New("only https is asked")
	}
	p, err := l.RoundTripper.RoundTrip(q)
	if err == nil {
		p.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(p.Body, mostOctets), p.Body}
	}
	return p, err
}

// provider asks what a provider says of itself, or remembers it.
func (c *Client) provider(ctx context.Context, issuer string) (*provider, error) {
	c.mu.Lock()
	p, mine := c.known[issuer], false
	if p == nil || p.stale(c.now()) {
		p, mine = &provider{ready: make(chan struct{})}, true
		if len(c.known) >= keepKnown {
			clear(c.known)
		}
		c.known[issuer] = p
	}
	c.mu.Unlock()
	if mine {
		c.ask(ctx, issuer, p)
	}
	select {
	case <-p.ready:
	case <-ctx.Done():
		return nil, &Fault{StepDiscovery, Unreachable, ctx.Err()}
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return p, nil
}

func (p *provider) stale(now time.Time) bool {
	select {
	case <-p.ready:
	default:
		return false // somebody is asking
	}
	age := now.Sub(p.asked)
	return age > believeFor || age < 0 || p.fault != nil && age > failedFor
}

func (c *Client) ask(ctx context.Context, issuer string, p *provider) {
	defer close(p.ready)
	p.asked = c.now()
	ctx, cancel := context.WithTimeout(oidc.ClientContext(context.WithoutCancel(ctx), c.http), patience)
	defer cancel()
	found, err := oidc.NewProvider(ctx, issuer)
	var other *oidc.IssuerMismatchError
	switch {
	case errors.As(err, &other):
		p.fault = &Fault{StepDiscovery, OtherIssuer, err}
	case err != nil:
		p.fault = &Fault{StepDiscovery, Unreachable, err}
	case found.Claims(&p.said) != nil || !https(found.Endpoint().AuthURL) || !https(found.Endpoint().TokenURL) || len(p.algorithms()) == 0:
		p.fault = &Fault{StepDiscovery, Unfit, nil}
	default:
		p.Provider = found
	}
}

func https(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Host != ""
}

// algorithms are the ways of signing that both sides take.
func (p *provider) algorithms() (both []string) {
	if p.said.Algorithms == nil {
		return []string{oidc.RS256}
	}
	for _, a := range p.said.Algorithms {
		if slices.Contains(accepted, a) {
			both = append(both, a)
		}
	}
	return both
}

func (c *Client) config(p *provider, r Registration, redirect string) *oauth2.Config {
	end := p.Endpoint()
	end.AuthStyle = oauth2.AuthStyleInHeader
	if p.said.Methods != nil && !slices.Contains(p.said.Methods, "client_secret_basic") {
		end.AuthStyle = oauth2.AuthStyleInParams // it is never tried which: a code is good once
	}
	return &oauth2.Config{ClientID: r.Client, ClientSecret: r.Secret.Reveal(), Endpoint: end, RedirectURL: redirect, Scopes: append([]string{oidc.ScopeOpenID}, r.Scopes...)}
}

// Address is where a person is sent to sign in. With again, the provider is to
// let it prove anew who it is.
func (c *Client) Address(ctx context.Context, r Registration, f Flow, again bool) (string, error) {
	p, err := c.provider(ctx, r.Issuer)
	if err != nil {
		return "", err
	}
	more := []oauth2.AuthCodeOption{oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)}
	classes := r.Classes
	if r.Context != "" {
		classes = append([]string{r.Context}, slices.DeleteFunc(slices.Clone(classes), func(c string) bool { return c == r.Context })...)
		claims, err := json.Marshal(map[string]any{"id_token": map[string]any{"acrs": map[string]any{"essential": true, "value": r.Context}}})
		if err != nil {
			return "", err
		}
		more = append(more, oauth2.SetAuthURLParam("claims", string(claims)))
	}
	if len(classes) > 0 {
		more = append(more, oauth2.SetAuthURLParam("acr_values", strings.Join(classes, " ")))
	}
	if again {
		more = append(more, oauth2.SetAuthURLParam("max_age", "0"), oauth2.SetAuthURLParam("prompt", "login"))
	}
	return c.config(p, r, f.Redirect).AuthCodeURL(f.State, more...), nil
}

// Redeem checks what the provider sent the browser back with and asks who it is.
func (c *Client) Redeem(ctx context.Context, r Registration, f Flow, a Answer) (Identity, error) {
	p, err := c.provider(ctx, r.Issuer)
	if err != nil {
		return Identity{}, err
	}
	switch {
	case f.State == "" || subtle.ConstantTimeCompare([]byte(a.State), []byte(f.State)) != 1:
		return Identity{}, &Fault{StepAnswer, Foreign, nil}
	case a.Issuer != "" && a.Issuer != r.Issuer, a.Issuer == "" && p.said.SendsIssuer:
		return Identity{}, &Fault{StepAnswer, AnswerIssuer, nil}
	case a.Error != "" || a.Code == "":
		return Identity{}, &Fault{StepAnswer, Denied, nil}
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, c.http), patience)
	defer cancel()
	got, err := c.config(p, r, f.Redirect).Exchange(ctx, a.Code, oauth2.VerifierOption(f.Verifier))
	if err != nil {
		return Identity{}, tokenFault(err)
	}
	raw, _ := got.Extra("id_token").(string)
	if raw == "" {
		return Identity{}, &Fault{StepToken, NoIDToken, nil}
	}
	return c.identity(ctx, p, r, raw, f.Nonce)
}

func tokenFault(err error) *Fault {
	var said *oauth2.RetrieveError
	switch {
	case !errors.As(err, &said) || said.Response.StatusCode >= 500:
		return &Fault{StepToken, Unreachable, err}
	case said.ErrorCode == "invalid_client" || said.ErrorCode == "unauthorized_client" || said.Response.StatusCode == http.StatusUnauthorized:
		return &Fault{StepToken, ClientRefused, err}
	}
	return &Fault{StepToken, CodeRefused, err}
}

// times are those of a token, in seconds; they may have a fraction (RFC 7519, 2).
type times struct {
	Expires   float64 `json:"exp"`
	NotBefore float64 `json:"nbf"`
	Issued    float64 `json:"iat"`
	Proved    float64 `json:"auth_time"`
}

func moment(seconds float64) time.Time { return time.UnixMilli(int64(seconds * 1000)) }

// verified checks what ID tokens and logout tokens have in common.
func (c *Client) verified(ctx context.Context, p *provider, r Registration, raw string) (*oidc.IDToken, times, *Fault) {
	var t times
	token, err := p.Verifier(&oidc.Config{ClientID: r.Client, SupportedSigningAlgs: p.algorithms(), SkipExpiryCheck: true, Now: c.now}).Verify(ctx, raw)
	if err != nil {
		return nil, t, identityFault(err)
	}
	var more struct {
		Party string `json:"azp"`
	}
	if token.Claims(&t) != nil || token.Claims(&more) != nil {
		return nil, t, &Fault{StepIdentity, Signature, nil}
	}
	now := c.now()
	switch {
	case more.Party != "" && more.Party != r.Client, more.Party == "" && len(token.Audience) > 1:
		return nil, t, &Fault{StepIdentity, Audience, nil}
	case t.Expires == 0 || !now.Before(moment(t.Expires).Add(Skew)) || t.Issued == 0 || now.Sub(moment(t.Issued)) > oldest+Skew:
		return nil, t, &Fault{StepIdentity, Expired, nil}
	case moment(t.Issued).Sub(now) > Skew || moment(t.NotBefore).Sub(now) > Skew:
		return nil, t, &Fault{StepIdentity, NotYet, nil}
	}
	return token, t, nil
}

func (c *Client) identity(ctx context.Context, p *provider, r Registration, raw, nonce string) (Identity, error) {
	token, t, fault := c.verified(ctx, p, r, raw)
	if fault != nil {
		return Identity{}, fault
	}
	out := Identity{Subject: token.Subject, Claims: map[string]any{}, Token: secret.New(raw)}
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return Identity{}, &Fault{StepIdentity, Nonce, nil}
	}
	if out.Subject == "" || len(out.Subject) > 255 {
		return Identity{}, &Fault{StepIdentity, NoSubject, nil}
	}
	if token.Claims(&out.Claims) != nil {
		return Identity{}, &Fault{StepIdentity, Signature, nil}
	}
	out.Session, _ = out.Claims["sid"].(string)
	if now := c.now(); t.Proved > 0 {
		if out.Proved = moment(t.Proved); out.Proved.After(now) { // no more than Skew, or it was issued before it was proved
			out.Proved = now
		}
	}
	return out, nil
}

// identityFault tells apart what the library says.
func identityFault(err error) *Fault {
	text := err.Error()
	switch {
	case strings.Contains(text, "issued by a different provider"):
		return &Fault{StepIdentity, TokenIssuer, err}
	case strings.Contains(text, "expected audience"):
		return &Fault{StepIdentity, Audience, err}
	case strings.Contains(text, "fetching keys"):
		return &Fault{StepIdentity, Unreachable, err}
	}
	return &Fault{StepIdentity, Signature, err}
}

// SignOut is where a browser is sent so that its session at the provider ends, too, and from
// where it comes back to redirect (OpenID Connect RP-Initiated Logout 1.0, 2); "" if the provider
// offers none. hint is the ID token of the session; without one the provider may ask the person.
func (c *Client) SignOut(ctx context.Context, r Registration, redirect string, hint secret.Text) (string, error) {
	p, err := c.provider(ctx, r.Issuer)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(p.said.EndSession)
	if err != nil || !https(p.said.EndSession) {
		return "", nil
	}
	q := u.Query()
	q.Set("client_id", r.Client)
	q.Set("post_logout_redirect_uri", redirect)
	if !hint.Empty() {
		q.Set("id_token_hint", hint.Reveal())
	}
	u.RawQuery, u.Fragment = q.Encode(), ""
	return u.String(), nil
}

// Logout is a session that a provider has ended: its own name for it, or if that
// is "", all of the subject's.
type Logout struct {
	Subject, Session string
	ID               string // of the token, which is taken once
	Expires          time.Time
}

// Logout checks a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6).
func (c *Client) Logout(ctx context.Context, r Registration, raw string) (Logout, error) {
	p, err := c.provider(ctx, r.Issuer)
	if err != nil {
		return Logout{}, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, c.http), patience)
	defer cancel()
	token, t, fault := c.verified(ctx, p, r, raw)
	if fault != nil {
		return Logout{}, fault
	}
	var said struct {
		Session string                     `json:"sid"`
		ID      string                     `json:"jti"`
		Events  map[string]json.RawMessage `json:"events"`
	}
	var all map[string]any
	if token.Claims(&said) != nil || token.Claims(&all) != nil || !typed(raw, r.LogoutTyped) {
		return Logout{}, &Fault{StepIdentity, NotALogoutToken, nil}
	}
	_, nonce := all["nonce"] // an ID token has one
	if said.Events["http://schemas.openid.net/event/backchannel-logout"] == nil || nonce || said.ID == "" || token.Subject == "" && said.Session == "" {
		return Logout{}, &Fault{StepIdentity, NotALogoutToken, nil}
	}
	until := moment(t.Expires).Add(Skew)
	if old := moment(t.Issued).Add(oldest + 2*Skew); old.Before(until) { // it is refused as too old before
		until = old
	}
	return Logout{Subject: token.Subject, Session: said.Session, ID: said.ID, Expires: until}, nil
}

// typed says whether a token says in its head that it is a logout token or, if it need not, as
// those of many providers, nothing of the kind (2.4): one that says that it is another is none.
func typed(raw string, must bool) bool {
	text, _, _ := strings.Cut(raw, ".")
	head, err := base64.RawURLEncoding.DecodeString(text)
	var said struct {
		Type *string `json:"typ"`
	}
	if err != nil || json.Unmarshal(head, &said) != nil {
		return false
	}
	if said.Type == nil {
		return !must
	}
	switch strings.TrimPrefix(strings.ToLower(*said.Type), "application/") { // RFC 7515, 4.1.9
	case "logout+jwt":
		return true
	case "jwt":
		return !must
	}
	return false
}

// Text is a claim's value where it is one text.
func (i Identity) Text(claim string) string {
	s, _ := i.Claims[claim].(string)
	return s
}

// List are a claim's values: a text, or a list of texts.
func (i Identity) List(claim string) []string {
	switch v := i.Claims[claim].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}
