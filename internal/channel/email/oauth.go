package email

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// authorityOf is who gives tokens for a mailbox.
func authorityOf(m setup.Mailbox, client secret.Text) provider.Authority {
	a := provider.Authority{Authorize: m.OAuth.Authorize, Token: m.OAuth.Token, Scope: m.OAuth.Scope, Client: m.OAuth.Client, Secret: client,
		Issuer: m.OAuth.Issuer, Told: true}
	switch m.OAuth.Provider {
	case "microsoft":
		a.Authorize, a.Token = "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", "https://login.microsoftonline.com/common/oauth2/v2.0/token"
		a.Issuer, a.Told = "https://login.microsoftonline.com/{tenant}/v2.0", false
		a.Scope = "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"
	case "google":
		a.Authorize, a.Token, a.Scope = "https://accounts.google.com/o/oauth2/v2/auth", "https://oauth2.googleapis.com/token", "https://mail.google.com/"
		a.Issuer, a.Told = "https://accounts.google.com", false
		a.More = map[string]string{"access_type": "offline", "prompt": "consent"} // else it gives no refresh token
	}
	return a
}

// early is how long before its end a token is renewed.
const early = 2 * time.Minute

// token is a mailbox's access token; it is in memory only.
type token struct {
	mu    sync.Mutex // held while one is fetched, so that nobody fetches a second
	value secret.Text
	until time.Time
	of    setup.Mailbox // as it was when this was given: it reaches no other server or account
}

// token gives an access token of a mailbox, another than was refused.
func (s *Service) token(ctx context.Context, t id.Tenant, mailbox string, m setup.Mailbox, refused secret.Text) (secret.Text, error) {
	s.mu.Lock()
	k := s.tokens[mailbox]
	if k == nil {
		k = &token{}
		s.tokens[mailbox] = k
	}
	s.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.value.Empty() && s.Clock.Now().Before(k.until) && !k.value.Equal(refused) && !m.Moved(k.of) && !m.Asks(k.of) {
		return k.value, nil
	}
	refresh, err := s.Setup.MailboxSecret(ctx, t, mailbox, setup.RefreshToken)
	if err != nil {
		return secret.Text{}, err
	}
	if refresh.Empty() {
		return secret.Text{}, &provider.Fault{Step: provider.StepSignIn, Reason: provider.SignedOut, Host: m.IMAP.Host}
	}
	client, err := s.Setup.MailboxSecret(ctx, t, mailbox, setup.ClientSecret)
	if err != nil {
		return secret.Text{}, err
	}
	got, err := s.Network.Renew(ctx, authorityOf(m, client), refresh)
	if err != nil {
		return secret.Text{}, err
	}
	if !got.Refresh.Empty() && !got.Refresh.Equal(refresh) {
		// The one before may be of no use any more: it is stored, whatever the caller does.
		if err := s.Setup.KeepToken(context.WithoutCancel(ctx), t, mailbox, m, got.Refresh); err != nil {
			return secret.Text{}, err
		}
	}
	k.value, k.of, k.until = got.Access, m, s.Clock.Now().Add(got.Lasts-min(early, got.Lasts/2))
	return k.value, nil
}

// signingIn is a sign-in that is under way. It goes through the browser, sealed, so that
// any node can finish it, and nobody else than who began it.
type signingIn struct {
	Mailbox  string    `json:"mailbox"`
	User     string    `json:"user"`
	Session  string    `json:"session"`
	Back     string    `json:"back"`
	Verifier string    `json:"verifier"`
	Began    time.Time `json:"began"`
	Of       []byte    `json:"of"` // digest of whom is asked, as whom and for which account
}

// asked is a digest of whom a mailbox asks for tokens: what one authority sent the browser
// back with is not taken to another (RFC 9700, 4.4).
func asked(m setup.Mailbox) []byte {
	a := authorityOf(m, secret.Text{})
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", []string{a.Authorize, a.Token, a.Scope, a.Client, a.Issuer, m.Account()}))
	return sum[:]
}

const (
	signInPlace  = "mailboxes.sign_in"
	signInWithin = 15 * time.Minute
)

// SignIn begins to sign in with a mailbox's provider; it answers the page where a user
// goes on. The caller has checked who may.
func (s *Service) SignIn(ctx context.Context, a access.Actor, mailbox, back string) (string, error) {
	m, err := s.withTokens(ctx, a.Tenant, mailbox)
	if err != nil {
		return "", err
	}
	if !wayBack(back) {
		return "", errs.Bad("back", "must be an https address, or one of this machine.")
	}
	verifier := provider.Verifier()
	plain, err := json.Marshal(signingIn{Mailbox: mailbox, User: a.User, Session: a.Session, Back: back, Verifier: verifier.Reveal(), Began: s.Clock.Now(), Of: asked(m)})
	if err != nil {
		return "", err
	}
	sealed, err := s.Vault.SealTenant(ctx, a.Tenant, signInPlace, plain)
	if err != nil {
		return "", err
	}
	return authorityOf(m, secret.Text{}).URL(back, base64.RawURLEncoding.EncodeToString(sealed), m.Account(), verifier)
}

func wayBack(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Host == "" || u.Fragment != "" {
		return false
	}
	ip, _ := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip.IsLoopback())
}

// withTokens is a mailbox in use that signs in with tokens.
func (s *Service) withTokens(ctx context.Context, t id.Tenant, mailbox string) (setup.Mailbox, error) {
	boxes, err := s.Setup.Mailboxes(ctx, t)
	if err != nil {
		return setup.Mailbox{}, err
	}
	m, there := boxes[mailbox]
	if !there {
		return m, errs.New(errs.NotFound, "There is no mailbox with this id.")
	}
	if m.Sign != setup.MailToken {
		return m, errs.New(errs.Conflict, "This mailbox signs in with a password. Choose to sign in with the provider first, and save.")
	}
	return m, nil
}

// SignedIn takes what the provider sent the browser back with, and answers the mailbox. issuer
// is who the authority says that it is; empty if it does not.
func (s *Service) SignedIn(ctx context.Context, a access.Actor, state, code, issuer string) (string, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(state)
	other := errs.New(errs.Invalid, "This sign-in was begun by somebody else, or too long ago. Begin again.")
	if err != nil {
		return "", other
	}
	plain, err := s.Vault.OpenTenant(ctx, a.Tenant, signInPlace, sealed)
	if err != nil {
		return "", other
	}
	var was signingIn
	if json.Unmarshal(plain.Reveal(), &was) != nil || was.User != a.User || was.Session != a.Session || s.Clock.Now().Sub(was.Began) > signInWithin {
		return "", other
	}
	m, err := s.withTokens(ctx, a.Tenant, was.Mailbox)
	if err != nil {
		return "", err
	}
	if subtle.ConstantTimeCompare(was.Of, asked(m)) != 1 {
		return "", errs.New(errs.Conflict, "The mailbox was changed in the meantime. Sign in again.")
	}
	client, err := s.Setup.MailboxSecret(ctx, a.Tenant, was.Mailbox, setup.ClientSecret)
	if err != nil {
		return "", err
	}
	from := authorityOf(m, client)
	promised := false
	if issuer == "" {
		if promised, err = s.Network.Promises(ctx, from); err != nil {
			return "", provider.AsFault(err, provider.StepSignIn, "").Says()
		}
	}
	if promised || !from.Answers(issuer) { // before anything is taken anywhere (RFC 9207, 2.4)
		return "", errs.New(errs.Invalid, "This answer is not of the provider that was asked. Sign in again; if it comes again, check the provider's endpoints and its issuer.")
	}
	got, err := s.Network.Redeem(ctx, from, code, was.Back, secret.New(was.Verifier))
	if err != nil {
		return "", provider.AsFault(err, provider.StepSignIn, "").Says()
	}
	if got.Refresh.Empty() {
		return "", errs.New(errs.Invalid, "The provider lets us in only once, since it gave no token to come again with. Ask for offline access there.")
	}
	return was.Mailbox, s.Setup.SignedIn(ctx, a, was.Mailbox, m, got.Refresh)
}

// tryToken tries a mailbox as it is edited with the token of how it is stored. A token
// never reaches another host, or another client, than it was given for.
func (s *Service) tryToken(ctx context.Context, t id.Tenant, mailbox string, m setup.Mailbox) (provider.Trial, error) {
	account := accountOf(m, secret.Text{})
	was, err := s.withTokens(ctx, t, mailbox)
	out := func(context.Context, secret.Text) (secret.Text, error) {
		return secret.Text{}, &provider.Fault{Step: provider.StepSignIn, Reason: provider.SignedOut, Host: m.IMAP.Host}
	}
	var known *errs.Error
	switch {
	case err == nil && !m.Moved(was) && !m.Asks(was):
		account.Token = func(ctx context.Context, refused secret.Text) (secret.Text, error) {
			return s.token(ctx, t, mailbox, was, refused)
		}
	case err != nil && !(errors.As(err, &known) && (known.Code == errs.NotFound || known.Code == errs.Conflict)):
		return provider.Trial{}, err
	default:
		account.Token = out
	}
	return s.Network.Try(ctx, account, m.Looked()), nil
}
