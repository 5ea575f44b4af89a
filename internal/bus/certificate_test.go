package bus

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// authority signs certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, like, like, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// sign makes files of a certificate and its key.
func (a *authority) sign(t *testing.T, use x509.ExtKeyUsage) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	like := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "node"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, like, a.cert, &k.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	octets, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: octets}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

// A cluster that asks each node who it is lets in who shows a certificate of its authority,
// and nobody else; a node takes no cluster of another authority.
func TestANodeShowsTheClusterWhoItIs(t *testing.T) {
	ours, others := newAuthority(t), newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(ours.cert)
	served, err := tls.LoadX509KeyPair(ours.sign(t, x509.ExtKeyUsageServerAuth))
	if err != nil {
		t.Fatal(err)
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, MaxPayload: MaxEvent + 64<<10, TLS: true, TLSVerify: true, TLSTimeout: 60,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{served}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the test's message server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })

	sealed := xorVault{7}
	conf := Config{URL: "tls://" + s.Addr().String(), TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, Seal: sealed.seal, Open: sealed.open}
	refused := func(what string, c Config) {
		t.Helper()
		if b, err := Open(c); err == nil {
			b.Close()
			t.Errorf("%s is let in", what)
		}
	}
	refused("who shows none", conf)
	known := conf
	known.Certificate, known.Key = others.sign(t, x509.ExtKeyUsageClientAuth)
	refused("another authority's node", known)
	known.Certificate, known.Key = ours.sign(t, x509.ExtKeyUsageClientAuth)
	var b *Bus
	for range 20 { // a machine that is busy may take longer than a connection has
		if b, err = Open(known); err == nil {
			b.Close()
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	foreign := known
	foreign.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	foreign.TLS.RootCAs.AddCert(others.cert)
	refused("a node that does not know the cluster", foreign)
}
