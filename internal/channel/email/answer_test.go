package email

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/pictures"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// relay is a submission server over TLS that takes every message, and may end the
// connection instead of saying so.
type relay struct {
	t     *testing.T
	l     net.Listener
	roots *x509.CertPool

	mu     sync.Mutex
	breaks bool // after the message's end
	refuse bool // the message, with 554
	took   []string
	told   []string // to whom
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{t: t, roots: x509.NewCertPool()}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	r.roots.AddCert(leaf)
	r.l, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := r.l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { r.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = r.l.Close(); running.Wait() })
	return r
}

func (r *relay) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	say := func(s string) { _, _ = conn.Write([]byte(s + "\r\n")) }
	say("220 relay")
	lines := bufio.NewReader(conn)
	body, inside := "", false
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		switch {
		case inside && line == ".\r\n":
			r.mu.Lock()
			breaks, refuse := r.breaks, r.refuse
			if !refuse {
				r.took = append(r.took, body)
			}
			r.mu.Unlock()
			body, inside = "", false
			switch {
			case breaks:
				return
			case refuse:
				say("554 no")
			default:
				say("250 taken")
			}
		case inside:
			body += line
		case strings.HasPrefix(line, "EHLO"):
			say("250-relay")
			say("250-SIZE 500000")
			say("250 AUTH PLAIN")
		case strings.HasPrefix(line, "AUTH"):
			say("235 in")
		case strings.HasPrefix(line, "DATA"):
			inside = true
			say("354 go on")
		case strings.HasPrefix(line, "RCPT"):
			r.mu.Lock()
			r.told = append(r.told, line)
			r.mu.Unlock()
			say("250 fine")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 fine")
		}
	}
}

func (r *relay) set(breaks, refuse bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.breaks, r.refuse = breaks, refuse
}

func (r *relay) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.took)
}

// oneBox has one mailbox, whose answers leave by a relay.
type oneBox struct {
	noSetup
	m setup.Mailbox
}

func (o oneBox) Mailboxes(context.Context, id.Tenant) (map[string]setup.Mailbox, error) {
	return map[string]setup.Mailbox{"mbx_1": o.m}, nil
}

// received gives a service with one open message.
func received(t *testing.T, r *relay) (s *Service, a access.Actor, interaction string) {
	t.Helper()
	db := openStore(t)
	d := testDeps(t, db)
	port := r.l.Addr().(*net.TCPAddr).Port
	d.Setup = oneBox{m: setup.Mailbox{Address: "help@shop.example", SentFolder: setup.NoFolder, SMTP: setup.MailServer{Host: "127.0.0.1", Port: port, Security: setup.MailTLS}}}
	d.Network = &provider.Network{Permit: netip.Addr.IsLoopback, Roots: r.roots}
	s = New(d)
	a = access.Actor{Tenant: newTenant(t, db), User: "usr_1"}
	interaction = ids.New(id.Interaction)
	err := db.Write(t.Context(), a.Tenant, func(tx *store.Tx) error {
		if err := tx.InsertContact(store.ContactRow{ID: "con_1"}); err != nil {
			return err
		}
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: "con_1", Channel: "email", State: "active", Version: 1}); err != nil {
			return err
		}
		return tx.InsertEmail(store.EmailRow{InteractionID: interaction, Identity: []byte("i"), MailboxID: "mbx_1", Folder: "INBOX"})
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Read(strings.NewReader("From: Rui <rui@example.org>\r\nTo: help@shop.example\r\nSubject: Hi\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n> older\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	return s, a, interaction
}

// An answer of which nobody knows whether it was sent is never sent again by itself,
// by a repeat or by another: only by who says so. The same holds after the program was
// killed in between.
func TestNothingIsSentTwiceByItself(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := received(t, r)
	ctx := t.Context()
	say := func(client string, again bool) (Sent, error) {
		return s.Reply(ctx, a, interaction, Answer{ClientID: client, Text: secret.New("We look."), Again: again})
	}
	r.set(true, false)
	if sent, err := say("1", false); !errs.Is(err, errs.Conflict) || sent.State != unsure || r.count() != 1 {
		t.Fatalf("%+v %v, %d taken", sent, err, r.count())
	}
	r.set(false, false)
	for _, client := range []string{"1", "2"} {
		if _, err := say(client, false); !errs.Is(err, errs.Conflict) || r.count() != 1 {
			t.Fatalf("%s: %v, %d taken", client, err, r.count())
		}
	}
	mail, err := s.Read(ctx, a.Tenant, interaction)
	if err != nil || len(mail.Sends) != 1 || mail.Sends[0].State != unsure {
		t.Fatalf("%+v %v", mail.Sends, err)
	}
	if sent, err := say("1", true); err != nil || sent.State != "sent" || r.count() != 2 {
		t.Fatalf("%+v %v, %d taken", sent, err, r.count())
	}
	if sent, err := say("1", true); err != nil || sent.State != "sent" || r.count() != 2 {
		t.Fatalf("a repeat: %+v %v, %d taken", sent, err, r.count())
	}

	// Killed: it was begun, and nothing is known of its end.
	s, a, interaction = received(t, r)
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return tx.BeginEmailSend(store.EmailSendRow{InteractionID: interaction, ClientID: "1", UserID: a.User, State: sending, BegunAt: time.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	before := r.count()
	if mail, err = s.Read(ctx, a.Tenant, interaction); err != nil || mail.Sends[0].State != unsure {
		t.Fatalf("%+v %v", mail.Sends, err)
	}
	if _, err := say("1", false); !errs.Is(err, errs.Conflict) || r.count() != before {
		t.Fatal(err)
	}
	if _, err := say("2", true); err != nil || r.count() != before+1 {
		t.Fatal(err)
	}
}

// What the server refused was not sent: it is told, and may be sent again.
func TestARefusedAnswerIsToldAndMayBeSentAgain(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := received(t, r)
	r.set(false, true)
	w := Answer{ClientID: "1", Text: secret.New("We look."), Quote: true}
	if sent, err := s.Reply(t.Context(), a, interaction, w); !errs.Is(err, errs.Invalid) || sent.State != failed {
		t.Fatalf("%+v %v", sent, err)
	}
	r.set(false, false)
	if sent, err := s.Reply(t.Context(), a, interaction, w); err != nil || sent.State != "sent" || r.count() != 1 {
		t.Fatalf("%+v %v", sent, err)
	}
	if got := r.took[0]; !strings.Contains(got, "> Hello") || strings.Contains(got, "older") || !strings.Contains(got, "In-Reply-To: <1@example.org>") || !strings.Contains(got, "To: <rui@example.org>") && !strings.Contains(got, `To: "Rui" <rui@example.org>`) {
		t.Errorf("it says\n%s", got)
	}
	for name, w := range map[string]Answer{"nothing": {ClientID: "2", Text: secret.New(" \n")}, "no address": {ClientID: "3", Text: secret.New("x"), To: []secret.Text{secret.New("nobody\r\nBcc: x@example.org")}}} {
		if _, err := s.Reply(t.Context(), a, interaction, w); !errs.Is(err, errs.Invalid) || r.count() != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// No text of a draft becomes a header of its own.
func TestHeadersAreNotInjected(t *testing.T) {
	evil := "x\r\nBcc: victim@example.org\r\n\r\nbody"
	octets := string(message.Write(message.Draft{ID: "a>\r\nBcc: b@c", InReplyTo: evil, References: []string{evil}, Date: time.Now(), From: message.Address{Name: secret.New(evil), Address: secret.New("a@example.org")},
		To: []message.Address{{Name: secret.New(evil), Address: secret.New("b@example.org")}}, Subject: secret.New(evil), Text: secret.New("hello")}))
	head, _, _ := strings.Cut(octets, "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(strings.ToLower(line), "bcc") || strings.HasPrefix(line, "body") {
			t.Errorf("%q is a header", line)
		}
	}
	if strings.Contains(octets, "\n\n") || !strings.HasSuffix(octets, "\r\n\r\nhello\r\n") {
		t.Errorf("%q", octets)
	}
}

// Memory is bounded for a tenant and for all; the longest unused goes first, and
// nobody gets another tenant's.
func TestHeldIsBounded(t *testing.T) {
	h := newHeld()
	m := &message.Message{Text: secret.New(strings.Repeat("x", 6<<10))}
	h.tenant, h.whole = 3*weight(m), 4*weight(m)
	for _, one := range []string{"a1", "a2", "a3"} {
		h.put("ten_a", one, m)
	}
	h.get("ten_a", "a1")
	h.put("ten_a", "a4", m)
	if h.get("ten_a", "a2") != nil || h.get("ten_a", "a1") == nil || h.get("ten_b", "a1") != nil {
		t.Error("another went than the longest unused, or another tenant has it")
	}
	h.put("ten_b", "b1", m)
	h.put("ten_b", "b2", m)
	if h.size > h.whole || h.get("ten_b", "b2") == nil || h.get("ten_a", "a3") != nil {
		t.Errorf("%d of %d", h.size, h.whole)
	}
	h.forget("ten_a", "b2")
	h.forgetAll("ten_a")
	if h.get("ten_b", "b2") == nil || h.get("ten_a", "a4") != nil || h.size != 2*weight(m) {
		t.Errorf("%d is left", h.size)
	}
}

func anyPort(string) bool { return true }

// A message's HTML is a page that carries its images; those that are elsewhere are
// fetched when that is asked for, and never from inside the house.
func TestAPageHasItsImages(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := received(t, r)
	const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte(gif))
	}))
	defer elsewhere.Close()
	m, err := message.Read(strings.NewReader("From: a@example.org\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Hello</p><img src=cid:1 alt=here><img src=cid:2 alt=svg><img src="+
		elsewhere.URL+" alt=there>\r\n--x\r\nContent-Type: image/gif\r\nContent-ID: <1>\r\n\r\n"+gif+"\r\n--x\r\nContent-Type: image/svg+xml\r\nContent-ID: <2>\r\n\r\n<svg/>\r\n--x--\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	for _, c := range []struct {
		remote bool
		permit func(netip.Addr) bool
		images int
		asked  int
	}{{false, netip.Addr.IsLoopback, 1, 0}, {true, nil, 1, 0}, {true, netip.Addr.IsLoopback, 2, 1}} {
		s.Pictures = &pictures.Fetcher{Network: provider.Network{Permit: c.permit}, Ports: anyPort}
		page, err := s.Page(t.Context(), a.Tenant, interaction, c.remote, "en", "Quoted")
		if n := strings.Count(string(page), "src=\"data:image/gif;base64,"); err != nil || n != c.images || asked != c.asked || strings.Contains(string(page), elsewhere.URL) || strings.Contains(string(page), "svg+xml") {
			t.Errorf("%v: %d images, asked %d times, %v\n%s", c.remote, n, asked, err, page)
		}
	}
	// One that is shown again and again is read once.
	image := within(m)
	if first := image(0); first == nil || image(0) != first || image(-1) != nil || image(len(m.Files)) != nil {
		t.Error("an image is read anew, or is none of the message's")
	}
	if m, err = message.Read(strings.NewReader("From: a@example.org\r\n\r\nText alone\r\n"), message.Standard); err != nil {
		t.Fatal(err)
	}
	s.held.put(a.Tenant, interaction, m)
	if _, err := s.Page(t.Context(), a.Tenant, interaction, false, "en", "Quoted"); !errs.Is(err, errs.NotFound) {
		t.Error(err)
	}
}
