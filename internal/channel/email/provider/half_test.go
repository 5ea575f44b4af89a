package provider_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/channel/email/provider"
)

// wire is what lies between us and a server; while it is dead nothing goes through, and
// neither end hears that.
type wire struct {
	port int
	dead atomic.Bool
}

func between(t *testing.T, port int) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{port: l.Addr().(*net.TCPAddr).Port}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
			if err != nil {
				_ = near.Close()
				continue
			}
			mu.Lock()
			open = append(open, near, far)
			mu.Unlock()
			for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
				running.Go(func() {
					b := make([]byte, 4096)
					for {
						n, err := way[0].Read(b)
						if err != nil {
							return
						}
						if !w.dead.Load() {
							_, _ = way[1].Write(b[:n])
						}
					}
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return w
}

// A connection that is half open, of which neither end knows that the other is gone, is
// found out: waiting (IDLE), asking and signing in all end, and say so.
func TestHalfOpen(t *testing.T) {
	p := mailtest.Start(t, help)
	w := between(t, p.IMAPS)
	n, a := p.Network(), p.Account(help)
	a.IMAP.Port = w.port
	b, err := n.Open(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if _, err := b.Select(t.Context(), "INBOX"); err != nil {
		t.Fatal(err)
	}
	if err := b.Wait(t.Context(), time.Millisecond); err != nil {
		t.Fatal("while it lives: ", err)
	}
	w.dead.Store(true)
	n.Patience = 100 * time.Millisecond // nothing comes, however long one waits
	for what, err := range map[string]error{"waiting": b.Wait(t.Context(), time.Millisecond), "asking": func() error { _, err := b.Select(t.Context(), "INBOX"); return err }(),
		"signing in": func() error { _, err := n.Open(t.Context(), a); return err }()} {
		var f *provider.Fault
		if !errors.As(err, &f) || f.Reason != provider.Silent && f.Reason != provider.Lost || !f.Temporary() {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A provider that limits us says so in many ways, of which some look as if the password
// was wrong: it is told as what it is, and waited for.
func TestALimitIsNoWrongPassword(t *testing.T) {
	for says, want := range map[string]provider.Reason{
		"NO [LIMIT] Too many":        provider.Busy,
		"NO [UNAVAILABLE] Try again": provider.Busy,
		"NO [INUSE] Locked":          provider.Busy,
		"NO Request is throttled. Suggested Backoff Time: 92415 millis": provider.Busy,
		"NO [ALERT] Too many simultaneous connections. (Failure)":       provider.Busy,
		"NO [OVERQUOTA] Account exceeded command or bandwidth limits.":  provider.Busy,
		"NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)":       provider.Denied,
		"NO LOGIN failed.": provider.Denied,
		"NO [AUTHORIZATIONFAILED] Too manly a name, and no limit is meant": provider.Denied,
	} {
		n, a := answers(t, says)
		_, err := n.Open(t.Context(), a)
		var f *provider.Fault
		if !errors.As(err, &f) || f.Step != provider.StepSignIn || f.Reason != want {
			t.Errorf("%q: %v, want %s", says, err, want)
		}
	}
}

// answers is an IMAP server whose answer to every sign-in is one line.
func answers(t *testing.T, says string) (*provider.Network, provider.Account) {
	t.Helper()
	of := httptest.NewTLSServer(nil) // whose certificate is for 127.0.0.1
	t.Cleanup(of.Close)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: of.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, "* OK [CAPABILITY IMAP4rev1] ready\r\n")
				for lines := bufio.NewScanner(c); lines.Scan(); {
					tag, what, _ := strings.Cut(lines.Text(), " ")
					if strings.HasPrefix(strings.ToUpper(what), "CAPABILITY") {
						_, _ = io.WriteString(c, "* CAPABILITY IMAP4rev1\r\n"+tag+" OK done\r\n")
						continue
					}
					_, _ = io.WriteString(c, tag+" "+says+"\r\n")
				}
			}()
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(of.Certificate())
	return &provider.Network{Permit: netip.Addr.IsLoopback, Roots: roots}, provider.Account{User: help, Password: secret.New("x"), IMAP: provider.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: provider.TLS}}
}
