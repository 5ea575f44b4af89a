package provider_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
)

func authority(p *mailtest.Provider) provider.Authority {
	return provider.Authority{Authorize: p.Tokens.URL + "/authorize", Token: p.Tokens.URL + "/token", Scope: "mail", Client: mailtest.Client, Secret: secret.New(mailtest.ClientSecret)}
}

// sign goes to the authority's page, as a browser does, and gives where it is sent back to.
func sign(t *testing.T, p *mailtest.Provider, where string) url.Values {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: tlsOf(p)}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	q, err := http.NewRequestWithContext(t.Context(), "GET", where, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	back, err := r.Location()
	if err != nil {
		t.Fatal(r.Status, err)
	}
	return back.Query()
}

// With a real provider: an account is let in to with a token, by IMAP and submission; a
// token that is refused is renewed and tried once more; consent that was withdrawn is
// told as that, and so is a client that is not known.
func TestSigningInWithTokens(t *testing.T) {
	p := mailtest.Start(t, help, ana)
	n, ctx := p.Network(), t.Context()
	who := authority(p)
	verifier := provider.Verifier()
	where, err := who.URL("https://desk.example/back", "the state", help, verifier)
	if err != nil {
		t.Fatal(err)
	}
	back := sign(t, p, where)
	if back.Get("state") != "the state" {
		t.Errorf("%v", back)
	}
	if _, err := n.Redeem(ctx, who, back.Get("code"), "https://desk.example/back", secret.New("another")); reason(err) != provider.SignedOut {
		t.Errorf("with another verifier: %v", err)
	}
	back = sign(t, p, where)
	got, err := n.Redeem(ctx, who, back.Get("code"), "https://desk.example/back", verifier)
	if err != nil || got.Access.Empty() || got.Refresh.Empty() || got.Lasts <= 0 {
		t.Fatalf("%v %v", got.Lasts, err)
	}
	now := got
	a := p.Account(help)
	a.Password = secret.Text{}
	a.Token = func(ctx context.Context, refused secret.Text) (secret.Text, error) {
		if refused.Empty() || refused.Reveal() != now.Access.Reveal() {
			return now.Access, nil
		}
		next, err := n.Renew(ctx, who, now.Refresh)
		if err == nil {
			now = next
		}
		return now.Access, err
	}
	for _, what := range []string{"", "after it ran out"} {
		if r := n.Try(ctx, a, []string{"INBOX"}); !r.IMAP.OK || !r.SMTP.OK {
			t.Fatalf("%s: %+v %v %v", what, r, r.IMAP.Fault, r.SMTP.Fault)
		}
		if err := n.Send(ctx, a, provider.Letter{From: help, To: []string{ana}, Octets: []byte("Subject: x\r\n\r\nx\r\n")}); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		b, err := n.Open(ctx, a)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if _, err := b.Select(ctx, "INBOX"); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := b.Fetch(ctx, 1, message.Standard); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		b.Close()
		p.Tokens.Expire()
	}
	if p.Tokens.Renewed() == 0 {
		t.Error("nothing was renewed")
	}
	other := who
	other.Secret = secret.New("another")
	if _, err := n.Renew(ctx, other, now.Refresh); reason(err) != provider.NoClient {
		t.Errorf("another client: %v", err)
	}
	p.Tokens.Withdraw()
	if _, err := n.Open(ctx, a); reason(err) != provider.SignedOut {
		t.Errorf("withdrawn: %v", err)
	}
	if err := n.Send(ctx, a, provider.Letter{From: help, To: []string{ana}, Octets: []byte("x")}); reason(err) != provider.SignedOut {
		t.Errorf("withdrawn: %v", err)
	}
	who.Token = "http://127.0.0.1/token"
	if _, err := n.Renew(ctx, who, now.Refresh); err == nil {
		t.Error("a secret goes without TLS")
	}
}

func reason(err error) provider.Reason {
	var f *provider.Fault
	if errors.As(err, &f) {
		return f.Reason
	}
	return ""
}

func tlsOf(p *mailtest.Provider) *tls.Config { return &tls.Config{RootCAs: p.Roots} }
