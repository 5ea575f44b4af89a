package transport

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/server/config"
)

var quiet = slog.New(slog.DiscardHandler)

// accept serves one handshake after another until the test ends.
func accept(t *testing.T, s *Source) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = s.Wrap(l)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.Copy(c, c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func leaf(t *testing.T, addr string) *x509.Certificate {
	t.Helper()
	c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

func TestACertificateMadeHereServesLoopbackAndStays(t *testing.T) {
	dir := t.TempDir()
	now := clock.NewVirtual(time.Now())
	conf := &config.Config{Listen: "127.0.0.1:0", URL: "https://nubi.localhost"}
	conf.TLS.Mode = "auto"
	s, err := Open(conf, dir, now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	first := leaf(t, accept(t, s))
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "nubi.localhost"} {
		if err := first.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if s.Plain() || s.Trusted() {
		t.Error("it is neither plain nor trusted")
	}
	info, err := os.Stat(filepath.Join(dir, "self.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file is %v %v", info.Mode(), err)
	}
	again := func() *x509.Certificate {
		t.Helper()
		s, err := Open(conf, dir, now, quiet)
		if err != nil {
			t.Fatal(err)
		}
		return leaf(t, accept(t, s))
	}
	if !again().Equal(first) {
		t.Error("a restart made another certificate")
	}
	conf.URL = "https://other.localhost"
	second := again()
	if second.Equal(first) || second.VerifyHostname("other.localhost") != nil {
		t.Error("a new name did not come into the certificate")
	}
	now.Advance(selfLasts - selfRenew + time.Hour)
	if again().Equal(second) {
		t.Error("a certificate that ends soon was kept")
	}
}

func TestOnlyStrongTLSIsSpoken(t *testing.T) {
	s, err := Open(&config.Config{Listen: "127.0.0.1:0"}, t.TempDir(), clock.Real{}, quiet)
	if err == nil && s.config == nil {
		t.Fatal("no TLS")
	}
	addr := accept(t, s)
	for name, weak := range map[string]*tls.Config{
		"TLS 1.1":        {MaxVersion: tls.VersionTLS11},
		"CBC":            {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}},
		"no forward key": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
	} {
		weak.InsecureSkipVerify, weak.MinVersion = true, tls.VersionTLS10
		if c, err := tls.Dial("tcp", addr, weak); err == nil {
			c.Close()
			t.Errorf("%s was accepted", name)
		}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version, NextProtos: []string{"h2"}})
		if err != nil {
			t.Errorf("%x: %v", version, err)
			continue
		}
		if c.ConnectionState().NegotiatedProtocol != "h2" {
			t.Error("HTTP/2 is not offered")
		}
		c.Close()
	}
}

// writePair writes a certificate for a name and gives its files a new time.
func writePair(t *testing.T, dir, name string, at time.Time) (cert, key string) {
	t.Helper()
	certPEM, keyPEM, err := makeSelfSigned([]string{name}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "c.pem"), filepath.Join(dir, "k.pem")
	for path, content := range map[string][]byte{cert: certPEM, key: keyPEM} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A key of less than 128 bits of security is not taken where the installation allows none,
// neither at the start nor in the place of a better one.
func TestAWeakKeyIsNotTakenWhereNoneIsAllowed(t *testing.T) {
	dir, start := t.TempDir(), time.Now()
	now := clock.NewVirtual(start)
	conf := &config.Config{Listen: "0.0.0.0:443"}
	conf.TLS.Mode, conf.Encryption.Connections = "files", "strong"
	conf.TLS.Certificate, conf.TLS.Key = writePair(t, dir, "one.example", start)
	s, err := Open(conf, dir, now, quiet)
	if err != nil {
		t.Fatal(err)
	}
	addr := accept(t, s)
	writeWeak(t, conf.TLS.Certificate, conf.TLS.Key, start.Add(time.Second))
	now.Advance(lookAgain)
	if err := leaf(t, addr).VerifyHostname("one.example"); err != nil {
		t.Error(err)
	}
	if _, err := Open(conf, dir, now, quiet); err == nil {
		t.Error("a weak key was taken")
	}
	conf.Encryption.Connections = "required"
	if _, err := Open(conf, dir, now, quiet); err != nil {
		t.Error(err)
	}
}

// writeWeak writes a certificate with a key of RSA with 2048 bits.
func writeWeak(t *testing.T, certFile, keyFile string, at time.Time) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"weak.example"}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOwnFilesAreReadAgainWhenTheyChange(t *testing.T) {
	dir, start := t.TempDir(), time.Now()
	now := clock.NewVirtual(start)
	conf := &config.Config{Listen: "0.0.0.0:443"}
	conf.TLS.Mode = "auto"
	conf.TLS.Certificate, conf.TLS.Key = writePair(t, dir, "one.example", start)
	var logs bytes.Buffer
	s, err := Open(conf, dir, now, slog.New(slog.NewJSONHandler(&logs, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Trusted() {
		t.Error("an own certificate is trusted")
	}
	addr := accept(t, s)
	expect := func(name string) {
		t.Helper()
		if err := leaf(t, addr).VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	expect("one.example")
	writePair(t, dir, "two.example", start.Add(time.Second))
	now.Advance(lookAgain)
	expect("two.example")
	if err := os.WriteFile(conf.TLS.Key, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	now.Advance(lookAgain)
	expect("two.example")
	if err := os.Remove(conf.TLS.Key); err != nil {
		t.Fatal(err)
	}
	now.Advance(lookAgain)
	expect("two.example")
	if !bytes.Contains(logs.Bytes(), []byte("the one in use stays")) {
		t.Error("nobody was told")
	}
	now.Advance(-time.Hour) // a clock jump must not stop the looking
	writePair(t, dir, "three.example", start.Add(2*time.Second))
	expect("three.example")
	conf.TLS.Key = filepath.Join(dir, "none")
	if _, err := Open(conf, dir, now, quiet); err == nil {
		t.Error("a missing key was accepted")
	}
}
