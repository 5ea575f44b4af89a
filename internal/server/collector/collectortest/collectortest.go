package collectortest

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Authority signs certificates.
type Authority struct {
	File string // its own certificate
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// NewAuthority makes one whose files end with the test.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{dir: t.TempDir()}
	a.key = newKey(t)
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, like, like, &a.key.PublicKey, a.key)
	must(t, err)
	a.cert, err = x509.ParseCertificate(der)
	must(t, err)
	a.File = filepath.Join(a.dir, "authority.pem")
	write(t, a.File, "CERTIFICATE", der)
	return a
}

// Sign makes the files of a certificate for this machine, and of its key.
func (a *Authority) Sign(t testing.TB, name string) (cert, key string) {
	t.Helper()
	k := newKey(t)
	like := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, like, a.cert, &k.PublicKey, a.key)
	must(t, err)
	octets, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	cert, key = filepath.Join(a.dir, name+".pem"), filepath.Join(a.dir, name+".key")
	write(t, cert, "CERTIFICATE", der)
	write(t, key, "PRIVATE KEY", octets)
	return cert, key
}

// Collector keeps messages.
type Collector struct {
	Address string // of the listener

	conf *tls.Config

	mu       sync.Mutex
	messages []string
	conns    map[net.Conn]bool
	away     bool
	changed  chan struct{} // closed at each change
}

// New opens one with a certificate of an authority; clients may be nil, or the authority
// whose certificates it asks for.
func New(t testing.TB, server, clients *Authority) *Collector {
	t.Helper()
	cert, key := server.Sign(t, "collector")
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(t, err)
	c := &Collector{conf: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	if clients != nil {
		c.conf.ClientAuth, c.conf.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		c.conf.ClientCAs.AddCert(clients.cert)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", c.conf)
	must(t, err)
	c.Address = l.Addr().String()
	t.Cleanup(func() {
		l.Close()
		c.Away()
	})
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.read(conn)
		}
	}()
	return c
}

// Away ends all connections, and each that comes. The port stays taken, so that nobody else
// gets it.
func (c *Collector) Away() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = true
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

// Again takes what comes, as before Away.
func (c *Collector) Again() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.away = false
}

func (c *Collector) read(conn net.Conn) {
	defer conn.Close()
	c.mu.Lock()
	away := c.away
	c.conns[conn] = true
	c.mu.Unlock()
	if away {
		return
	}
	in := bufio.NewReader(conn)
	for {
		m, err := frame(in)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.messages = append(c.messages, m)
		c.change()
		c.mu.Unlock()
	}
}

// frame reads one message: its length, a space, itself (RFC 5425, 4.3).
func frame(in *bufio.Reader) (string, error) {
	length, err := in.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, " "))
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(in, b)
	return string(b), err
}

func (c *Collector) change() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// Messages are all that came.
func (c *Collector) Messages() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.messages...)
}

// Wait waits until something is so.
func (c *Collector) Wait(t testing.TB, what string, so func() bool) {
	t.Helper()
	late := time.After(5 * time.Minute)
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if so() {
			return
		}
		select {
		case <-changed:
		case <-time.After(20 * time.Millisecond): // what is waited for may be elsewhere
		case <-late:
			t.Fatalf("%s does not come: %q", what, c.Messages())
		}
	}
}

// Has says whether a message came that has all these words.
func (c *Collector) Has(words ...string) bool {
	for _, m := range c.Messages() {
		all := true
		for _, w := range words {
			all = all && strings.Contains(m, w)
		}
		if all {
			return true
		}
	}
	return false
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return k
}

func write(t testing.TB, file, kind string, b []byte) {
	t.Helper()
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
