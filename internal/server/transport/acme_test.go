package transport

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server/config"
)

// acmeServer is a small certificate authority (RFC 8555) that checks the
// TLS-ALPN challenge (RFC 8737) against one address, whatever the name.
type acmeServer struct {
	*httptest.Server
	t      *testing.T
	target string // address that all names lead to
	key    *ecdsa.PrivateKey
	ca     *x509.Certificate

	mu     sync.Mutex
	domain string
	proven bool
	cert   []byte
	faults []error
	issued chan struct{}
	serial int64
	ocsp   []string // responders that certificates name
}

func newACMEServer(t *testing.T) *acmeServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour * 24), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s := &acmeServer{t: t, key: key, ca: ca, issued: make(chan struct{}, 9), serial: 1}
	mux := http.NewServeMux()
	mux.HandleFunc("/directory", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, 200, map[string]string{"newNonce": s.URL + "/nonce", "newAccount": s.URL + "/account", "newOrder": s.URL + "/order", "revokeCert": s.URL + "/revoke", "keyChange": s.URL + "/key"})
	})
	mux.HandleFunc("/nonce", func(w http.ResponseWriter, _ *http.Request) { s.answer(w, 200, nil) })
	mux.HandleFunc("/account", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", s.URL+"/account/1")
		s.answer(w, 201, map[string]string{"status": "valid"})
	})
	mux.HandleFunc("/order", s.newOrder)
	mux.HandleFunc("/order/1", func(w http.ResponseWriter, _ *http.Request) { s.order(w, 200) })
	mux.HandleFunc("/authz/1", s.authorization)
	mux.HandleFunc("/challenge/1", s.challenge)
	mux.HandleFunc("/finalize/1", s.finalize)
	mux.HandleFunc("/cert/1", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		w.Header().Set("Replay-Nonce", rand.Text())
		s.mu.Lock()
		defer s.mu.Unlock()
		_, _ = w.Write(s.cert)
		s.issued <- struct{}{}
	})
	s.Server = httptest.NewTLSServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *acmeServer) answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Replay-Nonce", rand.Text())
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if v != nil {
		_ = json.NewEncoder(w).Encode(v)
	}
}

// payload opens a JWS without asking who signed it.
func payload(r *http.Request, v any) error {
	var jws struct{ Payload string }
	if err := json.NewDecoder(r.Body).Decode(&jws); err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(jws.Payload)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

func (s *acmeServer) fault(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, err)
}

func (s *acmeServer) newOrder(w http.ResponseWriter, r *http.Request) {
	var in struct{ Identifiers []struct{ Value string } }
	if err := payload(r, &in); err != nil || len(in.Identifiers) != 1 {
		s.fault(errors.New("an order of something else than one name"))
		return
	}
	s.mu.Lock()
	s.domain, s.proven, s.cert = in.Identifiers[0].Value, false, nil
	s.mu.Unlock()
	w.Header().Set("Location", s.URL+"/order/1")
	s.order(w, 201)
}

func (s *acmeServer) order(w http.ResponseWriter, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := map[string]any{"status": "pending", "identifiers": []map[string]string{{"type": "dns", "value": s.domain}},
		"authorizations": []string{s.URL + "/authz/1"}, "finalize": s.URL + "/finalize/1"}
	switch {
	case s.cert != nil:
		o["status"], o["certificate"] = "valid", s.URL+"/cert/1"
	case s.proven:
		o["status"] = "ready"
	}
	s.answer(w, code, o)
}

func (s *acmeServer) authorization(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := "pending"
	if s.proven {
		status = "valid"
	}
	s.answer(w, 200, map[string]any{"status": status, "identifier": map[string]string{"type": "dns", "value": s.domain},
		"challenges": []map[string]string{{"type": "tls-alpn-01", "url": s.URL + "/challenge/1", "token": "a-token-of-the-test", "status": status}}})
}

var acmeIdentifier = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 31}

// challenge visits the address as the authority does.
func (s *acmeServer) challenge(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	domain, target := s.domain, s.target
	s.mu.Unlock()
	proven := false
	c, err := tls.Dial("tcp", target, &tls.Config{ServerName: domain, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		s.fault(err)
	} else {
		leaf := c.ConnectionState().PeerCertificates[0]
		for _, e := range leaf.Extensions {
			proven = proven || e.Id.Equal(acmeIdentifier) && e.Critical && len(e.Value) == sha256.Size+2
		}
		c.Close()
	}
	s.mu.Lock()
	s.proven = proven
	s.mu.Unlock()
	status := map[bool]string{true: "valid", false: "invalid"}[proven]
	s.answer(w, 200, map[string]string{"type": "tls-alpn-01", "url": s.URL + "/challenge/1", "token": "a-token-of-the-test", "status": status})
}

func (s *acmeServer) finalize(w http.ResponseWriter, r *http.Request) {
	var in struct{ CSR string }
	if err := payload(r, &in); err != nil {
		s.fault(err)
		return
	}
	der, _ := base64.RawURLEncoding.DecodeString(in.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		s.fault(err)
		return
	}
	s.mu.Lock()
	s.serial++
	serial, responders := s.serial, s.ocsp
	s.mu.Unlock()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), OCSPServer: responders, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour * 12), DNSNames: csr.DNSNames,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	cert, err := x509.CreateCertificate(rand.Reader, template, s.ca, csr.PublicKey, s.key)
	if err != nil {
		s.fault(err)
		return
	}
	s.mu.Lock()
	s.cert = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.Raw})...)
	s.mu.Unlock()
	w.Header().Set("Location", s.URL+"/order/1")
	s.order(w, 200)
}

// logBuffer is written by certmagic's goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestACertificateIsFetchedFromAnAuthority(t *testing.T) {
	authority := newACMEServer(t)
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := &config.Config{Listen: "127.0.0.1:0"}
	conf.TLS.ACME = config.ACME{Domains: []string{"contact.example"}, Agree: true, Email: "it@contact.example", Directory: authority.URL + "/directory", Root: root}
	logs := &logBuffer{}
	s, err := Open(conf, filepath.Join(dir, "acme"), clock.Real{}, telemetry.NewLogger(logs, slog.LevelDebug))
	if err != nil {
		t.Fatal(err)
	}
	authority.target = accept(t, s)
	if _, err := tls.Dial("tcp", authority.target, &tls.Config{ServerName: "contact.example", InsecureSkipVerify: true}); err == nil {
		t.Error("there is a certificate before any was fetched")
	}
	_, port, err := net.SplitHostPort(authority.target)
	if err != nil {
		t.Fatal(err)
	}
	n, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	stop := func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	defer stop()
	select {
	case <-authority.issued:
	case <-time.After(3 * time.Minute):
		authority.mu.Lock()
		defer authority.mu.Unlock()
		t.Fatal("no certificate was fetched:", authority.faults, logs.String())
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority.ca)
	// The certificate is in use once it is stored; each refused handshake takes a
	// moment, so this asks until it is.
	deadline := time.Now().Add(3 * time.Minute)
	for {
		c, err := tls.Dial("tcp", authority.target, &tls.Config{ServerName: "contact.example", RootCAs: pool})
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if c, err := tls.Dial("tcp", authority.target, &tls.Config{ServerName: "other.example", InsecureSkipVerify: true}); err == nil {
		c.Close()
		t.Error("a name that is not ours got a certificate")
	}
	stop()
	if strings.Contains(logs.String(), "it@contact.example") {
		t.Error("the log shows an address")
	}
	if !s.Trusted() {
		t.Error("an authority's certificate is trusted")
	}
}

func TestARevokedCertificateOfAnAuthorityIsReplaced(t *testing.T) {
	authority, answers := newACMEServer(t), newResponder(t)
	authority.ocsp = []string{answers.URL}
	by := &signer{authority.ca, authority.key}
	answers.say(func(q *ocsp.Request) []byte { // the first certificate is revoked
		r := ocsp.Response{Status: ocsp.Good, SerialNumber: q.SerialNumber, ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour)}
		if q.SerialNumber.Int64() == 2 {
			r.Status, r.RevokedAt = ocsp.Revoked, time.Now().Add(-time.Hour)
		}
		raw, err := ocsp.CreateResponse(by.cert, by.cert, r, by.key)
		if err != nil {
			t.Error(err)
		}
		return raw
	})
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	if err := os.WriteFile(root, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authority.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := &config.Config{Listen: "127.0.0.1:0"}
	conf.TLS.ACME = config.ACME{Domains: []string{"contact.example"}, Agree: true, Directory: authority.URL + "/directory", Root: root}
	logs := &logBuffer{}
	s, err := Open(conf, filepath.Join(dir, "acme"), clock.Real{}, telemetry.NewLogger(logs, slog.LevelDebug))
	if err != nil {
		t.Fatal(err)
	}
	authority.target = accept(t, s)
	n, err := net.LookupPort("tcp", authority.target[strings.LastIndex(authority.target, ":")+1:])
	if err != nil {
		t.Fatal(err)
	}
	// Only the authority's own part is begun, so that the looks are the test's.
	if err := s.acme.start(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	defer s.acme.stop()
	<-authority.issued
	for len(s.acme.inUse()) == 0 { // it is in use a moment after it was fetched
		if c, err := tls.Dial("tcp", authority.target, &tls.Config{ServerName: "contact.example", InsecureSkipVerify: true}); err == nil {
			c.Close()
		}
	}
	s.staple.look(t.Context())
	if all := s.Standings(); len(all) != 1 || all[0].Well() {
		t.Error("the revoked certificate stands as", all)
	}
	s.staple.look(t.Context())
	pool := x509.NewCertPool()
	pool.AddCert(authority.ca)
	c, err := tls.Dial("tcp", authority.target, &tls.Config{ServerName: "contact.example", RootCAs: pool})
	if err != nil {
		t.Fatal(err, logs.String())
	}
	defer c.Close()
	if got := c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != 3 {
		t.Error("the certificate in use has the number", got, logs.String())
	}
	if _, err := ocsp.ParseResponseForCert(c.ConnectionState().OCSPResponse, c.ConnectionState().PeerCertificates[0], authority.ca); err != nil {
		t.Error("the new certificate has no answer:", err)
	}
	if all := s.Standings(); len(all) != 1 || !all[0].Well() {
		t.Error("the new certificate stands as", all)
	}
}
