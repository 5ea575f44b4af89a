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
	"strings"
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
	authority := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/silent/.well-known/openid-configuration":
			_, _ = fmt.Fprintf(w, `{"issuer":"https://%s/silent"}`, r.Host)
			return
		case r.URL.Path == "/.well-known/oauth-authorization-server/telling":
			_, _ = fmt.Fprintf(w, `{"issuer":"https://%s/telling","authorization_response_iss_parameter_supported":true}`, r.Host)
			return
		case r.URL.Path == "/.well-known/oauth-authorization-server/lying": // it is another's
			_, _ = fmt.Fprintf(w, `{"issuer":"https://%s/telling","authorization_response_iss_parameter_supported":true}`, r.Host)
			return
		case r.URL.Path == "/.well-known/oauth-authorization-server/busy":
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		case r.Method == http.MethodGet:
			w.WriteHeader(http.StatusNotFound)
			return
		}
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
	if mailbox, err := s.SignedIn(t.Context(), a, begin(), "code", ""); err != nil || mailbox != "mbx_1" || *given != 1 {
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
		if _, err := s.SignedIn(t.Context(), a, state, "code", ""); !errs.Is(err, errs.Conflict) || *given != 1 {
			t.Errorf("%s: %v, given %d times", what, err, *given)
		}
		s.Setup = signedIn{m: &m, refresh: new(string)}
	}
}

// An answer that says that it is another authority's is refused before its code is taken
// anywhere, and so is one that does not say whose it is where the metadata promise that.
func TestAnAnswerSaysWhoseItIs(t *testing.T) {
	s, m, _, given := asking(t)
	a := access.Actor{Tenant: "ten_1", User: "usr_1", Session: "ses_1"}
	here := m.OAuth.Token
	for _, c := range []struct {
		issuer, said string
		code         errs.Code // "" for none
	}{
		{here + "/telling", here + "/telling", ""},
		{here + "/telling", here + "/silent", errs.Invalid},
		{here + "/telling", here + "/telling/", errs.Invalid}, // no more and no less
		{here + "/telling", "", errs.Invalid},
		{here + "/silent", here + "/silent", ""},
		{here + "/silent", "", ""},
		{here + "/lying", "", ""},
		{here + "/none", "", ""},
		{here + "/busy", "", errs.Unavailable},
		{here + "/busy", here + "/busy", ""},
		{"", "", ""},
		{"", here + "/whatever", ""}, // of the authorization endpoint's host
		{"", "https://evil.example", errs.Invalid},
		{"", "http" + strings.TrimPrefix(here, "https"), errs.Invalid},
	} {
		m.OAuth.Issuer = c.issuer
		s.Setup = signedIn{m: &m, refresh: new(string)}
		where, err := s.SignIn(t.Context(), a, "mbx_1", "https://desk.example/app/setup/mail-sign-in")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(where)
		if err != nil {
			t.Fatal(err)
		}
		before := *given
		_, err = s.SignedIn(t.Context(), a, u.Query().Get("state"), "code", c.said)
		if c.code == "" && (err != nil || *given != before+1) || c.code != "" && (!errs.Is(err, c.code) || *given != before) {
			t.Errorf("issuer %q, said %q: %v, %d codes taken", c.issuer, c.said, err, *given-before)
		}
	}
}

// Of the authorities that are known by name, another one's answer is refused as well.
func TestAnswersOfKnownAuthorities(t *testing.T) {
	for _, c := range []struct {
		provider, said string
		own            bool
	}{
		{"google", "", true}, {"google", "https://accounts.google.com", true}, {"google", "https://accounts.google.com.evil.example", false},
		{"microsoft", "", true}, {"microsoft", "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", true},
		{"microsoft", "https://login.microsoftonline.com/a/b/v2.0", false}, {"microsoft", "https://login.microsoftonline.com//v2.0", false}, {"microsoft", "https://accounts.google.com", false},
	} {
		m := setup.Mailbox{OAuth: setup.MailOAuth{Provider: c.provider}}
		if authorityOf(m, secret.Text{}).Answers(c.said) != c.own {
			t.Errorf("%s: %q", c.provider, c.said)
		}
	}
}
