package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

// patience is how long a test waits for what must happen; nothing depends on how
// fast it does.
const patience = 2 * time.Minute

// testTimers make retransmission quick, so that lost packets cost little.
var testTimers = dialog.Timers{T1: 100 * time.Millisecond, T2: 400 * time.Millisecond, T4: 500 * time.Millisecond}

// owner is a Handler whose decisions a test sets.
type owner struct {
	admit     func(Arrival) Admission
	incoming  func(*Leg)
	reachable func(secret.Text)
	messages  func(account string) (Messages, bool)
	secrets   map[string]auth.Secret
	offer     []string // algorithms of challenges
}

func (o *owner) Admit(a Arrival) Admission {
	if o.admit == nil {
		return Admit()
	}
	return o.admit(a)
}

func (o *owner) Secret(realm, user string) (auth.Secret, bool) {
	s, ok := o.secrets[user]
	return s, ok
}

func (o *owner) Incoming(l *Leg) {
	if o.incoming == nil {
		l.Events(func(Event) {})
		l.Reject(404, Reason{})
		return
	}
	o.incoming(l)
}

func (o *owner) Messages(user secret.Text) (Messages, bool) {
	if o.messages == nil {
		return Messages{}, false
	}
	return o.messages(user.Reveal())
}

func (o *owner) Reachable(user secret.Text) {
	if o.reachable != nil {
		o.reachable(user)
	}
}

// everywhere are listeners of each transport on loopback.
func everywhere(t *testing.T) []Listener {
	cert, _ := certificate(t)
	return []Listener{
		{Transport: UDP, Address: "127.0.0.1:0"},
		{Transport: TCP, Address: "127.0.0.1:0"},
		{Transport: TLS, Address: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}},
	}
}

var testCert struct {
	cert tls.Certificate
	pool *x509.CertPool
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	if testCert.pool != nil {
		return testCert.cert, testCert.pool
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, DNSNames: []string{"localhost", "gateway.example"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	testCert.pool = x509.NewCertPool()
	testCert.pool.AddCert(leaf)
	testCert.cert = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return testCert.cert, testCert.pool
}

// clientTLS trusts the certificate of the tests.
func clientTLS(t *testing.T) func(string) *tls.Config {
	_, pool := certificate(t)
	return func(string) *tls.Config { return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12} }
}

// kill ends an endpoint as a killed process would: nothing is said to anybody.
func (e *Endpoint) kill() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running.Store(false)
	e.stop()
	_ = e.net.close()
	for _, b := range e.boxes.all() {
		b.kill()
	}
}

// start runs an endpoint until the test ends.
func start(t *testing.T, cfg Config, o *owner) *Endpoint {
	t.Helper()
	if cfg.Listeners == nil {
		cfg.Listeners = everywhere(t)
	}
	if cfg.Timers == (dialog.Timers{}) {
		cfg.Timers = testTimers
	}
	if cfg.ClientTLS == nil {
		cfg.ClientTLS = clientTLS(t)
	}
	e := New(cfg, o)
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
		defer cancel()
		if err := e.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return e
}

// target is where an endpoint's listener for a transport is.
func target(e *Endpoint, transport string) Target {
	for i, l := range e.cfg.Listeners {
		if l.Transport == transport {
			a := netip.MustParseAddrPort(e.Address(i))
			return Target{Transport: transport, Host: a.Addr().String(), Port: int(a.Port())}
		}
	}
	panic("no listener for " + transport)
}

func uriAt(user string, to Target) wire.URI {
	return wire.NewURI("sip", user, to.Host, to.Port, to.Transport)
}

// request is a call from alice to bob at a target.
func request(to Target, events chan Event) CallRequest {
	return CallRequest{
		Outgoing: dialog.Outgoing{
			To: uriAt("bob", to), From: wire.NewAddress("Alice", wire.NewURI("sip", "alice", "a.example", 0, ""), ""), Hop: to,
			ContactUser: "alice", Body: dialog.SDP([]byte("v=0 offer")),
		},
		Events: func(e Event) { events <- e },
	}
}

// expect waits for an event of a type; any other that comes first fails the test,
// but for those that only say that it rings.
func expect[E Event](t *testing.T, events <-chan Event) E {
	t.Helper()
	var want E
	for {
		select {
		case e := <-events:
			if got, ok := e.(E); ok {
				return got
			}
			if _, ok := e.(Ringing); ok {
				continue
			}
			t.Fatalf("%T%+v, wanted %T", e, e, want)
		case <-time.After(patience):
			t.Fatalf("no %T", want)
		}
	}
}

func text(b Body) string { return strings.TrimSpace(string(b.Data)) }

// until waits for what must come true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	give := time.After(patience)
	for !is() {
		select {
		case <-look.C:
		case <-give:
			t.Fatalf("never true: %s", what)
		}
	}
}
