package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"

	"nubitalk/internal/base/secret"
)

// Authority gives tokens with which an account is signed in to (OAuth 2, RFC 6749).
type Authority struct {
	Authorize, Token string // its two endpoints
	Scope            string
	Client           string
	Secret           secret.Text       // of the client; may be empty
	More             map[string]string // parameters of its own when a person is sent there
	// Issuer is its identifier; with {tenant} for one that has another for each of its tenants.
	// Empty: it is not known, but is taken to be of Authorize's host.
	Issuer string
	// Told: its metadata are asked whether it says who it is (Promises).
	Told bool
}

// Tokens are what it gave.
type Tokens struct {
	Access, Refresh secret.Text
	Lasts           time.Duration // how long Access does
}

// Verifier is a new secret of one sign-in (PKCE, RFC 7636).
func Verifier() secret.Text { return secret.New(rand.Text() + rand.Text()) }

// URL is where a person is sent to let us in as account.
func (a Authority) URL(redirect, state, account string, verifier secret.Text) (string, error) {
	u, err := url.Parse(a.Authorize)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(verifier.Reveal()))
	q := u.Query()
	for k, v := range a.More {
		q.Set(k, v)
	}
	for k, v := range map[string]string{"response_type": "code", "client_id": a.Client, "redirect_uri": redirect, "scope": a.Scope, "state": state, "login_hint": account,
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256"} {
		q.Set(k, v)
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// Answers says whether what a person came back with is this authority's, by the iss that came
// along (RFC 9207, 2.4). None is no sign of another one.
func (a Authority) Answers(issuer string) bool {
	if before, after, many := strings.Cut(a.Issuer, "{tenant}"); many {
		tenant, begins := strings.CutPrefix(issuer, before)
		tenant, ends := strings.CutSuffix(tenant, after)
		return issuer == "" || begins && ends && tenant != "" && !strings.ContainsAny(tenant, "/?#")
	}
	if issuer == "" || a.Issuer != "" {
		return issuer == "" || issuer == a.Issuer
	}
	said, err := url.Parse(issuer)
	page, errPage := url.Parse(a.Authorize)
	return err == nil && errPage == nil && said.Scheme == "https" && said.User == nil && strings.EqualFold(said.Host, page.Host)
}

const mostMetadata = 256 << 10 // in octets

// Promises says whether an authority's metadata say that its answers name it (RFC 9207, 3). They
// are where RFC 8414, 3.1 or OpenID Connect Discovery 1.0, 4 puts them; one that has none
// promises nothing.
func (n *Network) Promises(ctx context.Context, a Authority) (bool, error) {
	if a.Issuer == "" || !a.Told {
		return false, nil
	}
	at, err := url.Parse(a.Issuer)
	if err != nil || at.Scheme != "https" {
		return false, &Fault{Step: StepSignIn, Reason: NotFound, cause: err}
	}
	ctx, cancel := context.WithTimeout(ctx, n.patience())
	defer cancel()
	path := strings.TrimSuffix(at.EscapedPath(), "/")
	for _, where := range []string{"/.well-known/oauth-authorization-server" + path, path + "/.well-known/openid-configuration"} {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+at.Host+where, nil)
		if err != nil {
			return false, &Fault{Step: StepSignIn, Reason: NotFound, Host: at.Hostname(), cause: err}
		}
		q.Header.Set("Accept", "application/json")
		p, err := n.Browser().Do(q)
		if err != nil {
			return false, AsFault(err, StepSignIn, at.Hostname())
		}
		var said struct {
			Issuer string `json:"issuer"`
			Sends  bool   `json:"authorization_response_iss_parameter_supported"`
		}
		err = json.NewDecoder(io.LimitReader(p.Body, mostMetadata)).Decode(&said)
		_ = p.Body.Close()
		switch {
		case p.StatusCode >= 500 || p.StatusCode == http.StatusTooManyRequests:
			return false, &Fault{Step: StepSignIn, Reason: Busy, Host: at.Hostname()}
		case p.StatusCode == http.StatusOK && err == nil && said.Issuer == a.Issuer: // else they are another's (RFC 8414, 3.3)
			return said.Sends, nil
		}
	}
	return false, nil
}

// Redeem takes the code with which a person came back.
func (n *Network) Redeem(ctx context.Context, a Authority, code, redirect string, verifier secret.Text) (Tokens, error) {
	return n.grant(ctx, a, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier.Reveal()}})
}

// Renew gets a new access token.
func (n *Network) Renew(ctx context.Context, a Authority, refresh secret.Text) (Tokens, error) {
	return n.grant(ctx, a, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh.Reveal()}})
}

const mostTokens = 64 << 10 // of an authority's answer, in octets

func (n *Network) grant(ctx context.Context, a Authority, form url.Values) (Tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, n.patience())
	defer cancel()
	at, err := url.Parse(a.Token)
	if err != nil || at.Scheme != "https" {
		return Tokens{}, &Fault{Step: StepSignIn, Reason: NotFound, cause: err}
	}
	host := at.Hostname()
	form.Set("client_id", a.Client)
	if !a.Secret.Empty() {
		form.Set("client_secret", a.Secret.Reveal())
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return Tokens{}, &Fault{Step: StepSignIn, Reason: NotFound, Host: host, cause: err}
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	q.Header.Set("Accept", "application/json")
	p, err := n.Browser().Do(q)
	if err != nil {
		return Tokens{}, AsFault(err, StepSignIn, host)
	}
	defer func() { _ = p.Body.Close() }()
	return tokens(p.StatusCode, io.LimitReader(p.Body, mostTokens), host)
}

// longestLife is for how long an access token is taken to last at most.
const longestLife = 24 * time.Hour

// tokens reads an authority's answer (RFC 6749, 5).
func tokens(status int, body io.Reader, host string) (Tokens, error) {
	var said struct {
		Access  string      `json:"access_token"`
		Refresh string      `json:"refresh_token"`
		Lasts   json.Number `json:"expires_in"`
		Error   string      `json:"error"`
	}
	bad := json.NewDecoder(body).Decode(&said)
	f := &Fault{Step: StepSignIn, Host: host, Code: status, cause: bad}
	switch {
	case status == http.StatusOK && bad == nil && said.Access != "" && isToken(said.Access) && isToken(said.Refresh):
		lasts, err := strconv.Atoi(said.Lasts.String())
		if err != nil || lasts <= 0 {
			lasts = 300 // it did not say (RFC 6749, 5.1)
		}
		return Tokens{secret.New(said.Access), secret.New(said.Refresh), time.Duration(min(lasts, int(longestLife/time.Second))) * time.Second}, nil
	case said.Error == "invalid_grant" || said.Error == "interaction_required": // withdrawn, or it ran out
		f.Reason = SignedOut
	case said.Error == "invalid_client" || said.Error == "unauthorized_client":
		f.Reason = NoClient
	case status == http.StatusTooManyRequests || status >= 500:
		f.Reason = Busy
	default:
		f.Reason = Denied
	}
	return Tokens{}, f
}

// isToken says whether a text has only what tokens have: visible ASCII (RFC 6749, A.12).
// What has more would say more than a token where it is sent.
func isToken(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r > 0x7e })
}

// Browser makes requests to where Permit allows, without following anybody elsewhere.
func (n *Network) Browser() *http.Client {
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: n.tlsConfig(Server{}), MaxResponseHeaderBytes: 16 << 10,
			DialContext: func(ctx context.Context, _, to string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(to)
				if err != nil {
					return nil, err
				}
				number, err := strconv.Atoi(port)
				if err != nil {
					return nil, err
				}
				return n.dial(ctx, Server{Host: host, Port: number})
			}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bearer signs in with a token: OAUTHBEARER (RFC 7628) where it is offered, else
// XOAUTH2. It is a mechanism of both IMAP's and SMTP's libraries.
type bearer struct {
	user, host string
	port       int
	token      secret.Text
	standard   bool
}

func (b bearer) first() (mechanism string, response []byte) {
	if b.standard {
		user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(b.user)
		return "OAUTHBEARER", []byte("n,a=" + user + ",\x01host=" + b.host + "\x01port=" + strconv.Itoa(b.port) + "\x01auth=Bearer " + b.token.Reveal() + "\x01\x01")
	}
	return "XOAUTH2", []byte("user=" + b.user + "\x01auth=Bearer " + b.token.Reveal() + "\x01\x01")
}

// more answers what a server says of why it refuses: it then does so.
func (b bearer) more() []byte {
	if b.standard {
		return []byte{1}
	}
	return []byte{}
}

type imapBearer struct{ bearer }

func (b imapBearer) Start() (string, []byte, error) {
	mechanism, response := b.first()
	return mechanism, response, nil
}
func (b imapBearer) Next([]byte) ([]byte, error) { return b.more(), nil }

type smtpBearer struct{ bearer }

func (b smtpBearer) Start(*smtp.ServerInfo) (string, []byte, error) {
	mechanism, response := b.first()
	return mechanism, response, nil
}

func (b smtpBearer) Next(_ []byte, more bool) ([]byte, error) {
	if more {
		return b.more(), nil
	}
	return nil, nil
}

// signIn proves the account over IMAP.
func (b *Box) signIn(a Account, token secret.Text) error {
	if a.Token == nil {
		return b.c.Login(a.User, a.Password.Reveal()).Wait()
	}
	standard := b.c.Caps().Has(imap.AuthCap("OAUTHBEARER"))
	return b.c.Authenticate(imapBearer{bearer{a.User, a.IMAP.Host, a.IMAP.Port, token, standard}})
}

// withToken lets fn sign in with a token, and once more with a new one where the first
// is refused: it may have run out, or been withdrawn, in the meantime.
func withToken(ctx context.Context, a Account, fn func(token secret.Text) error) error {
	if a.Token == nil {
		return fn(secret.Text{})
	}
	token, err := a.Token(ctx, secret.Text{})
	if err != nil {
		return err
	}
	err = fn(token)
	if f := AsFault(err, StepSignIn, ""); err == nil || f.Step != StepSignIn || f.Reason != Denied {
		return err
	}
	if token, err = a.Token(ctx, token); err != nil {
		return err
	}
	return fn(token)
}
