package provider_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
)

const (
	help = "help@shop.example"
	ana  = "ana@example.org"
)

const hello = "From: Ana <ana@example.org>\nTo: help@shop.example\nSubject: hello\nMessage-ID: <1@example.org>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\n\nWhere is my parcel?\n"

// A real provider that has no IDLE is asked again and again, and what comes is found.
func TestAProviderWithoutIdleIsAsked(t *testing.T) {
	p := mailtest.Start(t, help, ana)
	p.NoIdle()
	n := p.Network()
	n.Poll = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := n.Open(ctx, p.Account(help))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	at, err := b.Select(ctx, "INBOX")
	if err != nil {
		t.Fatal(err)
	}
	// IDLE would go on for as long as it may, and end the test; asking ends soon.
	if err := b.Wait(ctx, time.Hour); err != nil {
		t.Fatal(err)
	}
	p.Deliver(ana, help, hello)
	for {
		if err := b.Wait(ctx, time.Hour); err != nil {
			t.Fatal(err)
		}
		uids, err := b.Find(ctx, provider.Search{From: at.Next})
		if err != nil {
			t.Fatal(err)
		}
		if len(uids) == 1 {
			return
		}
	}
}

// Both ways of TLS, with a real provider: what was sent is found, read without being
// marked, marked, moved, and a copy is kept; IDLE tells of what comes.
func TestAProvider(t *testing.T) {
	p := mailtest.Start(t, help, ana)
	n, ctx := p.Network(), t.Context()
	for _, how := range []struct {
		security   provider.Security
		imap, smtp int
	}{{provider.TLS, p.IMAPS, p.SMTPS}, {provider.STARTTLS, p.IMAP, p.SMTP}} {
		t.Run(string(how.security), func(t *testing.T) {
			a := p.Account(help)
			a.IMAP.Port, a.IMAP.Security, a.SMTP.Port, a.SMTP.Security = how.imap, how.security, how.smtp, how.security
			if r := n.Try(ctx, a, []string{"INBOX"}); !r.IMAP.OK || !r.SMTP.OK || r.Sent != "Sent" {
				t.Fatalf("%+v %v %v", r, r.IMAP.Fault, r.SMTP.Fault)
			}
			b, err := n.Open(ctx, a)
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			at, err := b.Select(ctx, "INBOX")
			if err != nil {
				t.Fatal(err)
			}
			waited := make(chan error, 1)
			go func() { waited <- b.Wait(ctx, time.Minute) }()
			if err := n.Send(ctx, a, provider.Letter{From: ana, To: []string{help}, Octets: []byte(strings.ReplaceAll(hello, "\n", "\r\n"))}); err != nil {
				t.Fatal(err)
			}
			if err := <-waited; err != nil {
				t.Fatal(err)
			}
			uids, err := b.Find(ctx, provider.Search{From: at.Next})
			if err != nil || len(uids) != 1 {
				t.Fatal(uids, err)
			}
			heads, err := b.Heads(ctx, append(uids, 4711))
			if err != nil || len(heads) != 1 || heads[0].UID != uids[0] || heads[0].Mail.ID != "1@example.org" {
				t.Fatalf("%+v %v", heads, err)
			}
			m, err := b.Fetch(ctx, uids[0], message.Standard)
			if err != nil || m.Text.Reveal() != "Where is my parcel?" || string(m.Identity()) != string(heads[0].Mail.Identity()) {
				t.Fatal(m.Text.Reveal(), err)
			}
			if unread, err := b.Find(ctx, provider.Search{From: uids[0] + 1, Unread: true}); err != nil || len(unread) != 1 {
				t.Fatal("reading marked it, or it is not found: ", unread, err)
			}
			if gone, err := b.Fetch(ctx, 4711, message.Standard); gone != nil || err != nil {
				t.Fatal(gone, err)
			}
			if err := b.Mark(ctx, uids[0], true); err != nil {
				t.Fatal(err)
			}
			if unread, err := b.Find(ctx, provider.Search{From: uids[0] + 1, Unread: true}); err != nil || len(unread) != 0 {
				t.Fatal(unread, err)
			}
			folder := "Done " + string(how.security)
			if err := b.Move(ctx, uids[0], folder); err != nil {
				t.Fatal(err)
			}
			moved := p.Mail(help, folder)
			for name := range moved {
				if !strings.Contains(name, "RS") { // replied and seen
					t.Errorf("its flags are %s", name)
				}
			}
			if len(moved) != 1 {
				t.Errorf("%d messages moved", len(moved))
			}
			if err := b.Keep(ctx, "Sent", []byte("Subject: kept\r\n\r\nx\r\n")); err != nil {
				t.Fatal(err)
			}
			if len(p.Mail(help, "Sent")) == 0 {
				t.Error("nothing was kept")
			}
		})
	}
}

// Each step says that it was the one, and why.
func TestFaults(t *testing.T) {
	p := mailtest.Start(t, help)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := silent.Addr().(*net.TCPAddr).Port
	_ = silent.Close()
	for name, c := range map[string]struct {
		change func(*provider.Network, *provider.Account)
		imap   provider.Fault
		smtp   provider.Fault
	}{
		"no such name": {func(n *provider.Network, _ *provider.Account) {
			n.Resolve = func(context.Context, string) ([]netip.Addr, error) { return nil, errors.New("no") }
		}, provider.Fault{Step: provider.StepName, Reason: provider.NotFound}, provider.Fault{Step: provider.StepName, Reason: provider.NotFound}},
		"inside": {func(n *provider.Network, _ *provider.Account) { n.Permit = nil },
			provider.Fault{Step: provider.StepName, Reason: provider.Inside}, provider.Fault{Step: provider.StepName, Reason: provider.Inside}},
		"one address inside": {func(n *provider.Network, _ *provider.Account) {
			n.Permit = func(a netip.Addr) bool { return a.String() == "127.0.0.1" }
			n.Resolve = func(context.Context, string) ([]netip.Addr, error) {
				return []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("::ffff:10.0.0.1")}, nil
			}
		}, provider.Fault{Step: provider.StepName, Reason: provider.Inside}, provider.Fault{Step: provider.StepName, Reason: provider.Inside}},
		"nobody there": {func(_ *provider.Network, a *provider.Account) { a.IMAP.Port, a.SMTP.Port = closed, closed },
			provider.Fault{Step: provider.StepReach, Reason: provider.Refused}, provider.Fault{Step: provider.StepReach, Reason: provider.Refused}},
		"TLS where STARTTLS is": {func(_ *provider.Network, a *provider.Account) { a.IMAP.Port, a.SMTP.Port = p.IMAP, p.SMTP },
			provider.Fault{Step: provider.StepSecure, Reason: provider.NoTLS}, provider.Fault{Step: provider.StepSecure, Reason: provider.NoTLS}},
		"not trusted": {func(n *provider.Network, _ *provider.Account) { n.Roots = nil },
			provider.Fault{Step: provider.StepSecure, Reason: provider.CertificateUnknown}, provider.Fault{Step: provider.StepSecure, Reason: provider.CertificateUnknown}},
		"another name": {func(_ *provider.Network, a *provider.Account) {
			a.IMAP.Host, a.SMTP.Host = "mail.example", "mail.example"
		},
			provider.Fault{Step: provider.StepSecure, Reason: provider.CertificateName}, provider.Fault{Step: provider.StepSecure, Reason: provider.CertificateName}},
		"another server": {func(_ *provider.Network, a *provider.Account) { a.IMAP.Port, a.SMTP.Port = p.SMTPS, p.IMAPS },
			provider.Fault{Step: provider.StepReach, Reason: provider.NotThisServer}, provider.Fault{Step: provider.StepReach, Reason: provider.NotThisServer}},
		"a wrong password": {func(_ *provider.Network, a *provider.Account) { a.Password = secret.New("wrong") },
			provider.Fault{Step: provider.StepSignIn, Reason: provider.Denied}, provider.Fault{Step: provider.StepSignIn, Reason: provider.Denied}},
	} {
		t.Run(name, func(t *testing.T) {
			n, a := p.Network(), p.Account(help)
			c.change(n, &a)
			r := n.Try(t.Context(), a, []string{"INBOX"})
			for what, one := range map[string]struct {
				got  *provider.Fault
				want provider.Fault
			}{"IMAP": {r.IMAP.Fault, c.imap}, "SMTP": {r.SMTP.Fault, c.smtp}} {
				if one.got == nil || one.got.Step != one.want.Step || one.got.Reason != one.want.Reason {
					t.Errorf("%s: %v, %v", what, one.got, errors.Unwrap(one.got))
				} else if one.got.Says().Text == "" {
					t.Errorf("%s: nothing is said", what)
				}
			}
		})
	}
	if r := p.Network().Try(t.Context(), p.Account(help), []string{"INBOX", "Nowhere"}); r.IMAP.Fault == nil || r.IMAP.Fault.Reason != provider.NoFolder || len(r.Folders) == 0 {
		t.Errorf("%+v", r.IMAP.Fault)
	}
	for to, want := range map[string]provider.Reason{"nobody@example.org": provider.Rejected, "later@example.org": provider.Busy} {
		err := p.Network().Send(t.Context(), p.Account(help), provider.Letter{From: help, To: []string{to}, Octets: []byte("Subject: x\r\n\r\nx\r\n")})
		var f *provider.Fault
		if !errors.As(err, &f) || f.Reason != want || f.Unsure || f.Code == 0 {
			t.Errorf("%s: %v", to, err)
		}
	}
}
