package transport

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
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

// signer is a certificate with its key.
type signer struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// sign makes a certificate; by nobody, it signs itself.
func sign(t *testing.T, template *x509.Certificate, by *signer) *signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by = &signer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, &key.PublicKey, by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signer{cert, key}
}

func newAuthority(t *testing.T, name string, now time.Time) *signer {
	t.Helper()
	return sign(t, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(100 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}, nil)
}

// responder is an OCSP responder on loopback.
type responder struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(q *ocsp.Request) []byte // nil: it fails
	asked  int
}

func newResponder(t *testing.T) *responder {
	t.Helper()
	r := &responder{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		request, err := ocsp.ParseRequest(body)
		if err != nil || q.Header.Get("Content-Type") != "application/ocsp-request" {
			t.Error("no request of a certificate's status:", err, q.Header)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.asked++
		if r.answer == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write(r.answer(request))
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *responder) say(answer func(*ocsp.Request) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *responder) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked
}

// house is a certificate in files whose issuer has a responder, served by a Source.
type house struct {
	*testing.T
	now       *clock.Virtual
	start     time.Time
	authority *signer
	leaf      *signer
	responder *responder
	source    *Source
	addr      string
	logs      *logBuffer
	cert, key string
}

var featureStaple = pkix.Extension{Id: []int{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}

func newHouse(t *testing.T, change func(*x509.Certificate)) *house {
	t.Helper()
	h := &house{T: t, start: time.Now().UTC().Truncate(time.Second), responder: newResponder(t), logs: &logBuffer{}}
	h.now = clock.NewVirtual(h.start)
	h.authority = newAuthority(t, "Authority", h.start)
	dir := t.TempDir()
	h.cert, h.key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	h.issue(7, change)
	conf := &config.Config{Listen: "127.0.0.1:0"}
	conf.TLS.Certificate, conf.TLS.Key = h.cert, h.key
	var err error
	if h.source, err = Open(conf, dir, h.now, telemetry.NewLogger(h.logs, slog.LevelInfo)); err != nil {
		t.Fatal(err)
	}
	h.addr = accept(t, h.source)
	return h
}

// issue puts a new certificate into the files.
func (h *house) issue(serial int64, change func(*x509.Certificate)) {
	h.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"contact.example"}, NotBefore: h.start.Add(-time.Hour), NotAfter: h.start.Add(90 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, OCSPServer: []string{h.responder.URL}}
	if change != nil {
		change(template)
	}
	h.leaf = sign(h.T, template, h.authority)
	raw, err := x509.MarshalPKCS8PrivateKey(h.leaf.key)
	if err != nil {
		h.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.leaf.cert.Raw})
	chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.authority.cert.Raw})...)
	for name, content := range map[string][]byte{h.cert: chain, h.key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			h.Fatal(err)
		}
	}
}

// answer is one of the responder's, signed by the authority or by whom it named.
func (h *house) answer(r ocsp.Response, by *signer) []byte {
	h.Helper()
	if r.SerialNumber == nil {
		r.SerialNumber = h.leaf.cert.SerialNumber
	}
	if by == nil {
		by = h.authority
	} else {
		r.Certificate = by.cert
	}
	raw, err := ocsp.CreateResponse(h.authority.cert, by.cert, r, crypto.Signer(by.key))
	if err != nil {
		h.Fatal(err)
	}
	return raw
}

func (h *house) good(lasts time.Duration) []byte {
	h.Helper()
	return h.answer(ocsp.Response{Status: ocsp.Good, ThisUpdate: h.now.Now(), NextUpdate: h.now.Now().Add(lasts)}, nil)
}

func (h *house) says(answer []byte) {
	h.responder.say(func(*ocsp.Request) []byte { return answer })
}

// stapled is what a client gets in the handshake.
func (h *house) stapled() []byte {
	h.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(h.authority.cert)
	c, err := tls.Dial("tcp", h.addr, &tls.Config{RootCAs: pool, ServerName: "contact.example", Time: h.now.Now})
	if err != nil {
		h.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().OCSPResponse
}

func (h *house) look() { h.source.staple.look(context.Background()) }

func (h *house) standing() Standing {
	h.Helper()
	all := h.source.Standings()
	if len(all) != 1 {
		h.Fatal("of one certificate it is told", all)
	}
	return all[0]
}

func TestClientsGetTheAnswerOfTheCertificatesResponder(t *testing.T) {
	h := newHouse(t, nil)
	if got := h.stapled(); got != nil {
		t.Fatal("there is an answer before anybody was asked")
	}
	first := h.good(4 * time.Hour)
	h.responder.say(func(q *ocsp.Request) []byte {
		if q.SerialNumber.Cmp(h.leaf.cert.SerialNumber) != 0 {
			t.Error("another certificate was asked for:", q.SerialNumber)
		}
		return first
	})
	h.look()
	got := h.stapled()
	if !bytes.Equal(got, first) {
		t.Fatal("the client did not get the answer")
	}
	r, err := ocsp.ParseResponseForCert(got, h.leaf.cert, h.authority.cert)
	if err != nil || r.Status != ocsp.Good {
		t.Error("the client finds", r, err)
	}
	if st := h.standing(); !st.Asked || !st.Well() || !st.Stapled.Equal(h.start.Add(4*time.Hour)) {
		t.Errorf("it stands as %+v", st)
	}
	h.now.Advance(2*time.Hour - time.Second)
	h.look()
	if n := h.responder.count(); n != 1 {
		t.Error("before half of its life there were", n, "requests")
	}
	h.now.Advance(2 * time.Second)
	second := h.good(4 * time.Hour)
	h.says(second)
	h.look()
	if !bytes.Equal(h.stapled(), second) {
		t.Error("the answer was not renewed at half of its life")
	}
	// SIP over TLS has the same.
	if cert, err := h.source.SIP().GetCertificate(&tls.ClientHelloInfo{}); err != nil || !bytes.Equal(cert.OCSPStaple, second) {
		t.Error("connections of telephones get another answer", err)
	}
}

func TestTheLastGoodAnswerStaysUntilItsEnd(t *testing.T) {
	h := newHouse(t, nil)
	first := h.good(4 * time.Hour)
	h.says(first)
	h.look()
	h.responder.say(nil)
	h.now.Advance(3 * time.Hour)
	h.look()
	if !bytes.Equal(h.stapled(), first) {
		t.Error("a responder that is away took the answer")
	}
	asked := h.responder.count()
	h.look()
	if h.responder.count() != asked {
		t.Error("a responder that is away is asked again at once")
	}
	h.now.Advance(time.Minute)
	h.look()
	if h.responder.count() != asked+1 {
		t.Error("a responder that was away is not asked again")
	}
	h.now.Advance(time.Hour - time.Minute)
	if h.stapled() != nil {
		t.Error("an answer is shown past its end")
	}
	if st := h.standing(); !st.Stapled.IsZero() || !st.Well() {
		t.Errorf("it stands as %+v", st)
	}
}

func TestAnswersThatProveNothingAreNotTaken(t *testing.T) {
	at := func(h *house) ocsp.Response {
		return ocsp.Response{Status: ocsp.Good, ThisUpdate: h.start, NextUpdate: h.start.Add(time.Hour)}
	}
	for name, make := range map[string]func(h *house) []byte{
		"of another authority": func(h *house) []byte {
			h.authority = newAuthority(h.T, "Authority", h.start)
			return h.answer(at(h), nil)
		},
		"signed by whom the authority did not name": func(h *house) []byte {
			other := newAuthority(h.T, "Other", h.start)
			return h.answer(at(h), sign(h.T, &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: h.start.Add(-time.Hour), NotAfter: h.start.Add(time.Hour),
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}}, other))
		},
		"signed by a certificate for something else": func(h *house) []byte {
			return h.answer(at(h), sign(h.T, &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: h.start.Add(-time.Hour), NotAfter: h.start.Add(time.Hour),
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, h.authority))
		},
		"signed by a certificate that has ended": func(h *house) []byte {
			return h.answer(at(h), sign(h.T, &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: h.start.Add(-time.Hour), NotAfter: h.start.Add(-time.Minute),
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}}, h.authority))
		},
		"about another certificate": func(h *house) []byte {
			r := at(h)
			r.SerialNumber = big.NewInt(8)
			return h.answer(r, nil)
		},
		"that has ended": func(h *house) []byte {
			r := at(h)
			r.ThisUpdate, r.NextUpdate = h.start.Add(-2*time.Hour), h.start.Add(-time.Second)
			return h.answer(r, nil)
		},
		"of a time to come": func(h *house) []byte {
			r := at(h)
			r.ThisUpdate = h.start.Add(6 * time.Minute)
			return h.answer(r, nil)
		},
		"without an end": func(h *house) []byte {
			r := at(h)
			r.NextUpdate = time.Time{}
			return h.answer(r, nil)
		},
		"that knows nothing": func(h *house) []byte {
			r := at(h)
			r.Status = ocsp.Unknown
			return h.answer(r, nil)
		},
		"that is no answer": func(*house) []byte { return ocsp.TryLaterErrorResponse },
		"too large":         func(*house) []byte { return bytes.Repeat([]byte{0}, ocspMost+1) },
		"with something behind it": func(h *house) []byte {
			return append(h.answer(at(h), nil), 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, nil)
			issuer := h.authority
			h.says(make(h))
			h.authority = issuer
			h.look()
			if h.responder.count() != 1 {
				t.Error("nobody was asked")
			}
			if h.stapled() != nil || !h.standing().Stapled.IsZero() {
				t.Error("it was taken")
			}
			if !strings.Contains(h.logs.String(), "gave no answer that can be used") {
				t.Error("nobody was told:", h.logs.String())
			}
		})
	}
}

func TestWhomTheAuthorityNamedMaySignAnswers(t *testing.T) {
	h := newHouse(t, nil)
	named := sign(t, &x509.Certificate{SerialNumber: big.NewInt(9), NotBefore: h.start.Add(-time.Hour), NotAfter: h.start.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}}, h.authority)
	h.says(h.answer(ocsp.Response{Status: ocsp.Good, ThisUpdate: h.start, NextUpdate: h.start.Add(4 * time.Hour)}, named))
	h.look()
	if h.stapled() == nil {
		t.Error("it was not taken")
	}
	if st := h.standing(); !st.Stapled.Equal(h.start.Add(time.Hour)) {
		t.Error("it holds longer than who signed it:", st.Stapled)
	}
}

func TestARevokedCertificateIsTold(t *testing.T) {
	h := newHouse(t, nil)
	h.says(h.good(4 * time.Hour))
	h.look()
	h.now.Advance(2*time.Hour + time.Second)
	since := h.now.Now().Add(-time.Hour)
	h.says(h.answer(ocsp.Response{Status: ocsp.Revoked, RevokedAt: since, ThisUpdate: h.now.Now(), NextUpdate: h.now.Now().Add(time.Hour)}, nil))
	h.look()
	h.look()
	if st := h.standing(); st.Well() || !st.Revoked.Equal(since) {
		t.Errorf("it stands as %+v", st)
	}
	if n := strings.Count(h.logs.String(), "the certificate in use is revoked"); n != 1 {
		t.Error("it was told", n, "times")
	}
	if h.stapled() != nil {
		t.Error("the good answer of before is still shown")
	}
	// The operator puts another one into the files.
	h.issue(8, nil)
	stamp := time.Now().Add(time.Minute)
	for _, name := range []string{h.cert, h.key} {
		if err := os.Chtimes(name, stamp, stamp); err != nil {
			t.Fatal(err)
		}
	}
	h.now.Advance(lookAgain)
	fresh := h.good(time.Hour)
	h.says(fresh)
	h.look()
	if !bytes.Equal(h.stapled(), fresh) || !h.standing().Well() {
		t.Error("the new certificate has no answer")
	}
}

func TestACertificateThatMustHaveAnAnswerIsToldWithoutOne(t *testing.T) {
	must := func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{featureStaple} }
	h := newHouse(t, must)
	h.look()
	const told = "asks clients to refuse it without an answer"
	if st := h.standing(); st.Well() || !st.Must {
		t.Errorf("it stands as %+v", st)
	}
	if !strings.Contains(h.logs.String(), told) {
		t.Error("nobody was told")
	}
	h.now.Advance(time.Minute)
	h.says(h.good(time.Hour))
	h.look()
	if !h.standing().Well() {
		t.Error("with an answer it is not well")
	}
	none := newHouse(t, func(c *x509.Certificate) { must(c); c.OCSPServer = nil })
	none.look()
	if st := none.standing(); st.Well() || st.Asked || !strings.Contains(none.logs.String(), told) {
		t.Errorf("without a responder it stands as %+v", st)
	}
}

func TestNothingIsAskedOfACertificateWithoutAResponder(t *testing.T) {
	h := newHouse(t, func(c *x509.Certificate) { c.OCSPServer = nil })
	h.look()
	if st := h.standing(); st.Asked || !st.Well() || h.responder.count() != 0 || h.stapled() != nil {
		t.Errorf("it stands as %+v", st)
	}
	if h.logs.String() != "" {
		t.Error("there is something to tell:", h.logs.String())
	}
}

func TestAHandshakeWaitsForNoResponder(t *testing.T) {
	h := newHouse(t, nil)
	asked, end := make(chan struct{}), make(chan struct{})
	h.responder.say(func(*ocsp.Request) []byte { close(asked); <-end; return nil })
	if err := h.source.Start(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	<-asked
	if h.stapled() != nil { // and the responder has not answered
		t.Error("there is an answer")
	}
	if err := h.source.Stop(context.WithoutCancel(t.Context())); err != nil { // nor does a stop wait
		t.Error(err)
	}
	close(end)
}
