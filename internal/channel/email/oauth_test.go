package email

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// signedIn has one mailbox, and its refresh token until that is taken away.
type signedIn struct {
	noSetup
	m       *setup.Mailbox
	refresh *string
}

func (s signedIn) Mailboxes(context.Context, id.Tenant) (map[string]setup.Mailbox, error) {
	return map[string]setup.Mailbox{"mbx_1": *s.m}, nil
}

func (s signedIn) MailboxSecret(_ context.Context, _ id.Tenant, _, name string) (secret.Text, error) {
	if name != setup.RefreshToken {
		return secret.Text{}, nil
	}
	return secret.New(*s.refresh), nil
}

// asking gives a service with a mailbox that asks an authority for tokens, the refresh
// token that it has, and how many were given.
func asking(t *testing.T) (s *Service, m setup.Mailbox, refresh *string, given *int) {
	t.Helper()
	given, refresh = new(int), new(string)
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		*given++
		_, _ = fmt.Fprintf(w, `{"access_token":"token %d","refresh_token":"refresh","expires_in":3600}`, *given)
	}))
	t.Cleanup(authority.Close)
	roots := x509.NewCertPool()
	roots.AddCert(authority.Certificate())
	m = setup.Mailbox{Address: "help@shop.example", Sign: setup.MailToken, OAuth: setup.MailOAuth{Provider: "other", Client: "us", Authorize: authority.URL, Token: authority.URL},
		IMAP: setup.MailServer{Host: "imap.shop.example"}, SMTP: setup.MailServer{Host: "smtp.shop.example"}}
	*refresh = "refresh"
	d := testDeps(t, openStore(t))
	d.Setup, d.Network = signedIn{m: &m, refresh: refresh}, &provider.Network{Permit: netip.Addr.IsLoopback, Roots: roots}
	return New(d), m, refresh, given
}

// An access token in memory is for the servers, the account and the client that it was
// given for: a mailbox that is changed meanwhile takes it nowhere else, on whatever node.
func TestATokenReachesNoOtherServer(t *testing.T) {
	s, m, refresh, given := asking(t)
	ask := func(m setup.Mailbox) (string, error) {
		token, err := s.token(t.Context(), "ten_1", "mbx_1", m, secret.Text{})
		return token.Reveal(), err
	}
	for range 2 {
		if got, err := ask(m); err != nil || got != "token 1" {
			t.Fatalf("%q %v", got, err)
		}
	}
	*refresh = "" // as it is when the mailbox was changed
	for what, change := range map[string]func(*setup.Mailbox){
		"another IMAP server": func(m *setup.Mailbox) { m.IMAP.Host = "imap.evil.example" },
		"another SMTP server": func(m *setup.Mailbox) { m.SMTP.Host = "smtp.evil.example" },
		"another account":     func(m *setup.Mailbox) { m.User = "other@shop.example" },
		"another client":      func(m *setup.Mailbox) { m.OAuth.Client = "other" },
	} {
		other := m
		change(&other)
		var fault *provider.Fault
		if got, err := ask(other); got != "" || !errors.As(err, &fault) || fault.Reason != provider.SignedOut {
			t.Errorf("%s is given %q %v", what, got, err)
		}
	}
	if got, err := ask(m); err != nil || got != "token 1" || *given != 1 {
		t.Errorf("%q %v, given %d times", got, err, *given)
	}
}

// What one authority sent a browser back with is taken to no other.
func TestACodeReachesNoOtherAuthority(t *testing.T) {
	s, m, _, given := asking(t)
	a := access.Actor{Tenant: "ten_1", User: "usr_1", Session: "ses_1"}
	begin := func() string {
		t.Helper()
		where, err := s.SignIn(t.Context(), a, "mbx_1", "https://desk.example/app/setup/mail-sign-in")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(where)
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("state")
	}
	if mailbox, err := s.SignedIn(t.Context(), a, begin(), "code"); err != nil || mailbox != "mbx_1" || *given != 1 {
		t.Fatalf("%q %v, given %d times", mailbox, err, *given)
	}
	for what, change := range map[string]func(*setup.Mailbox){
		"another authority": func(m *setup.Mailbox) { m.OAuth.Token += "/other" },
		"another client":    func(m *setup.Mailbox) { m.OAuth.Client = "other" },
		"another account":   func(m *setup.Mailbox) { m.User = "other@shop.example" },
	} {
		state, other := begin(), m
		change(&other)
		s.Setup = signedIn{m: &other, refresh: new(string)}
		if _, err := s.SignedIn(t.Context(), a, state, "code"); !errs.Is(err, errs.Conflict) || *given != 1 {
			t.Errorf("%s: %v, given %d times", what, err, *given)
		}
		s.Setup = signedIn{m: &m, refresh: new(string)}
	}
}
