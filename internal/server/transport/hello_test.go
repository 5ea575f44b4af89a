package transport

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/server/config"
	"nubitalk/internal/vault"
)

// ring are keys as a store of keys has them.
type ring struct {
	mu   sync.Mutex
	keys []vault.HelloKey
	err  error
}

func (r *ring) read(context.Context) ([]vault.HelloKey, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.keys[:min(3, len(r.keys))], r.err
}

func (r *ring) next() {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = append([]vault.HelloKey{{Number: int64(len(r.keys) + 1), Key: secret.NewBytes(key)}}, r.keys...)
}

// hidden is a Source whose handshakes hide the host.
func hidden(t *testing.T, r *ring) (*Source, string, *x509.CertPool) {
	t.Helper()
	conf := &config.Config{Listen: "127.0.0.1:0", URL: "https://hidden.example", Visitors: "https://visit.example:8443"}
	conf.TLS.ECH = "entry.example"
	s, err := Open(conf, t.TempDir(), clock.Real{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UseHello(t.Context(), conf, r.read, quiet); err != nil {
		t.Fatal(err)
	}
	addr := accept(t, s)
	pool := x509.NewCertPool()
	pool.AddCert(leaf(t, addr))
	return s, addr, pool
}

// list is the ECHConfigList of a source's records.
func list(t *testing.T, s *Source) []byte {
	t.Helper()
	_, after, _ := strings.Cut(s.Hello()[0], `ech="`)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(after, `"`))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// wire keeps what a client sends.
type wire struct {
	net.Conn
	mu   sync.Mutex
	sent bytes.Buffer
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.Write(b)
	return w.Conn.Write(b)
}

func visit(t *testing.T, addr string, pool *x509.CertPool, list []byte) (tls.ConnectionState, []byte, error) {
	t.Helper()
	plain, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{Conn: plain}
	c := tls.Client(w, &tls.Config{ServerName: "hidden.example", RootCAs: pool, MinVersion: tls.VersionTLS13, EncryptedClientHelloConfigList: list})
	defer c.Close()
	err = c.HandshakeContext(t.Context())
	w.mu.Lock()
	defer w.mu.Unlock()
	return c.ConnectionState(), bytes.Clone(w.sent.Bytes()), err
}

func TestTheWireDoesNotSayWhichHostABrowserWants(t *testing.T) {
	r := &ring{}
	r.next()
	s, addr, pool := hidden(t, r)
	state, sent, err := visit(t, addr, pool, list(t, s))
	if err != nil || !state.ECHAccepted {
		t.Fatal("it was not accepted:", err)
	}
	if bytes.Contains(sent, []byte("hidden.example")) || !bytes.Contains(sent, []byte("entry.example")) {
		t.Errorf("on the wire stands %q", sent)
	}
	// Who knows nothing of it comes as before, so the test sees the name where it stands.
	_, sent, err = visit(t, addr, pool, nil)
	if err != nil || !bytes.Contains(sent, []byte("hidden.example")) {
		t.Errorf("without it: %v %q", err, sent)
	}
	if s.SIP().GetEncryptedClientHelloKeys != nil {
		t.Error("telephones have no records of DNS")
	}
}

func TestKeysOfBeforeAreTakenAndWrongOnesAreCorrected(t *testing.T) {
	r := &ring{}
	r.next()
	s, addr, pool := hidden(t, r)
	first := list(t, s)
	for range 2 {
		r.next()
		s.hello.look(t.Context())
	}
	newest := list(t, s)
	if bytes.Equal(first, newest) {
		t.Fatal("the record is the same after another key")
	}
	for name, l := range map[string][]byte{"the first": first, "the newest": newest} {
		if state, _, err := visit(t, addr, pool, l); err != nil || !state.ECHAccepted {
			t.Error(name, "was not accepted:", err)
		}
	}
	r.next() // the first is too old now
	s.hello.look(t.Context())
	var refused *tls.ECHRejectionError
	if _, _, err := visit(t, addr, pool, first); !errors.As(err, &refused) || !bytes.Equal(refused.RetryConfigList, list(t, s)) {
		t.Fatal("a key that is too old ends with", err)
	}
	if state, _, err := visit(t, addr, pool, refused.RetryConfigList); err != nil || !state.ECHAccepted {
		t.Error("what the client is told then is not accepted:", err)
	}
	r.mu.Lock()
	r.err = errors.New("the store is away")
	r.mu.Unlock()
	s.hello.look(t.Context())
	if state, _, err := visit(t, addr, pool, list(t, s)); err != nil || !state.ECHAccepted {
		t.Error("a store that is away took the keys:", err)
	}
}

func TestTheRecordsOfDNSAreWhatBrowsersRead(t *testing.T) {
	r := &ring{}
	s, addr, pool := hidden(t, r)
	if got := s.Hello(); got != nil {
		t.Error("without keys there are", got)
	}
	if _, _, err := visit(t, addr, pool, nil); err != nil {
		t.Error("without keys nobody comes in:", err)
	}
	r.next()
	s.hello.look(t.Context())
	public := base64.StdEncoding.EncodeToString(list(t, s))
	want := []string{
		`hidden.example. 300 IN HTTPS 1 . alpn="h2" ech="` + public + `"`,
		`_8443._https.visit.example. 300 IN HTTPS 1 visit.example. alpn="h2" ech="` + public + `"`,
	}
	if diff := cmp.Diff(want, s.Hello()); diff != "" {
		t.Error(diff)
	}
	l := list(t, s)
	if n := int(l[0])<<8 | int(l[1]); n != len(l)-2 || l[2] != 0xfe || l[3] != 0x0d || l[6] != 1 {
		t.Errorf("the list is %x", l)
	}
}

func TestHidingNeedsAName(t *testing.T) {
	r := &ring{err: errors.New("nobody should ask")}
	conf := &config.Config{Listen: "127.0.0.1:0"}
	s, err := Open(conf, t.TempDir(), clock.Real{}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.UseHello(t.Context(), conf, r.read, quiet); err != nil || s.Hello() != nil || s.config.GetEncryptedClientHelloKeys != nil {
		t.Error("without a name it is set up:", err)
	}
	h := newHouse(t, nil)
	conf.TLS.Certificate, conf.TLS.Key, conf.TLS.ECH = h.cert, h.key, "entry.example"
	if _, err := Open(conf, t.TempDir(), clock.NewVirtual(time.Now()), quiet); err == nil || !strings.Contains(err.Error(), "tls.ech") {
		t.Error("a certificate for other names is taken:", err)
	}
}
