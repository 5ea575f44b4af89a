package localmail_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/localmail"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
)

const (
	help     = "help@shop.example"
	rui      = "rui@example.org"
	password = "a word of the provider's"
)

func started(t *testing.T) (*localmail.Provider, *provider.Network, provider.Account) {
	t.Helper()
	p, err := localmail.Start(password, help)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	at := func(port int) provider.Server {
		return provider.Server{Host: "127.0.0.1", Port: port, Security: provider.TLS}
	}
	return p, &provider.Network{Permit: netip.Addr.IsLoopback, Roots: p.Roots()}, provider.Account{User: help, Password: secret.New(password), IMAP: at(p.IMAP), SMTP: at(p.SMTP)}
}

// Our own reading and sending work with it as with any provider: what is sent comes,
// IDLE tells of it, it is marked, moved and kept, and others have their own mail.
func TestAProviderToTry(t *testing.T) {
	p, n, a := started(t)
	ctx := t.Context()
	b, err := n.Open(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	at, err := b.Select(ctx, "INBOX")
	if err != nil || at.Validity == 0 {
		t.Fatal(at, err)
	}
	waited := make(chan error, 1)
	go func() { waited <- b.Wait(ctx, keep) }()
	octets := "From: Rui <" + rui + ">\r\nTo: " + help + "\r\nSubject: A dot\r\n\r\n.\r\nand more\r\n"
	if err := n.Send(ctx, a, provider.Letter{From: rui, To: []string{help, "Other@example.org"}, Octets: []byte(octets)}); err != nil {
		t.Fatal(err)
	}
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	found, err := b.Find(ctx, provider.Search{From: 1})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	m, err := b.Fetch(ctx, found[0], message.Standard)
	if err != nil || m.Text.Reveal() != ".\nand more\n" && strings.TrimSpace(m.Text.Reveal()) != ".\nand more" {
		t.Fatalf("%q %v", m.Text.Reveal(), err)
	}
	if err := errors.Join(b.Mark(ctx, found[0], true), b.Move(ctx, found[0], "Handled"), b.Keep(ctx, localmail.Sent, []byte(octets))); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Select(ctx, "Handled"); err != nil {
		t.Fatal(err)
	}
	if moved, err := b.Find(ctx, provider.Search{From: 1}); err != nil || len(moved) != 1 {
		t.Fatal(moved, err)
	}
	if got := p.Inbox("other@example.org"); len(got) != 1 || got[0].From != rui || !strings.Contains(string(got[0].Octets), "Subject: A dot\r\n") {
		t.Errorf("%+v", got)
	}
	if got := p.Inbox(help); len(got) != 0 {
		t.Errorf("an account's mail is kept twice: %+v", got)
	}
}

const keep = 60_000_000_000 // a minute

func TestAWrongPasswordIsRefused(t *testing.T) {
	_, n, a := started(t)
	a.Password = secret.New("another")
	tried := n.Try(context.Background(), a, []string{"INBOX"})
	for name, one := range map[string]provider.Tried{"imap": tried.IMAP, "smtp": tried.SMTP} {
		if one.OK || one.Fault.Step != provider.StepSignIn || one.Fault.Reason != provider.Denied {
			t.Errorf("%s: %+v %v", name, one, one.Fault)
		}
	}
	if _, err := n.Open(t.Context(), provider.Account{User: "else@shop.example", Password: secret.New(password), IMAP: a.IMAP}); err == nil {
		t.Error("an account that is not there is opened")
	}
}

// Folders are numbered otherwise when it starts again, since their messages are others.
func TestItNumbersAnewWhenItStartsAgain(t *testing.T) {
	p, n, a := started(t)
	b, err := n.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	at, err := b.Select(t.Context(), "INBOX")
	if err != nil || at.Validity < 1_000_000_000 {
		t.Errorf("%+v %v", at, err)
	}
	if err := p.Deliver(rui, []string{help}, []byte("Subject: x\r\n\r\nx\r\n")); err != nil {
		t.Fatal(err)
	}
}
