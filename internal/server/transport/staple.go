package transport

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/clock"
)

// Standing is how a certificate in use stands with its responder.
type Standing struct {
	Names   []string
	Until   time.Time // the certificate's end
	Asked   bool      // it names a responder, and its issuer is in the chain
	Must    bool      // clients refuse it without an answer (must-staple)
	Stapled time.Time // until when the answer that clients get holds; zero: they get none
	Revoked time.Time // when it was revoked; zero: it was not
}

// Well says that clients accept the certificate as far as its responder matters.
func (s Standing) Well() bool { return s.Revoked.IsZero() && !(s.Must && s.Stapled.IsZero()) }

// stapler gives certificates in use the answers of their responders, which clients
// get in the handshake and need not ask for (OCSP stapling, RFC 6066 §8). One
// goroutine (look, every ten seconds) asks and writes; handshakes read.
type stapler struct {
	now     clock.Clock
	log     *slog.Logger
	client  *http.Client
	current func() []*tls.Certificate       // those in use
	revoked func(context.Context, []string) // replaces a certificate of these names; nil: nothing does
	held    atomic.Pointer[map[[sha256.Size]byte]*held]
}

// held is a certificate with what its responder said. It is never changed once it is in
// the map.
type held struct {
	cert   *tls.Certificate // as it came
	full   *tls.Certificate // with the answer; nil if there is none
	leaf   *x509.Certificate
	issuer *x509.Certificate
	must   bool
	last   verdict
	again  time.Time // when to ask again
	faults int       // in a row
	told   string    // what the operator was told last
}

func newStapler(now clock.Clock, log *slog.Logger, current func() []*tls.Certificate) *stapler {
	s := &stapler{now: now, log: log, client: responders(), current: current}
	s.held.Store(&map[[sha256.Size]byte]*held{})
	return s
}

// wrap has handshakes get certificates with the answers about them. It waits for
// nothing.
func (s *stapler) wrap(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		cert, err := get(hello)
		if err != nil || cert == nil || len(cert.Certificate) < 2 {
			return cert, err
		}
		if h := (*s.held.Load())[printOf(cert)]; h != nil && h.full != nil && s.now.Now().Before(h.last.until) {
			return h.full, nil
		}
		return cert, nil
	}
}

// look asks the responders that are due, and forgets certificates that are not in
// use any more.
func (s *stapler) look(ctx context.Context) {
	before := *s.held.Load()
	after := map[[sha256.Size]byte]*held{}
	for _, cert := range s.current() {
		mark := printOf(cert)
		if after[mark] != nil { // it is for several names
			continue
		}
		h := before[mark]
		if h == nil {
			h = s.hold(cert)
		}
		if h.leaf == nil {
			continue
		}
		due := h.issuer != nil && len(h.leaf.OCSPServer) > 0 && !s.now.Now().Before(h.again)
		if due {
			h = s.ask(ctx, h)
		}
		h = s.tell(h)
		after[mark] = h
		if due && s.revoked != nil && !h.last.revoked.IsZero() {
			s.revoked(ctx, h.leaf.DNSNames) // and again with each answer that says so
		}
	}
	s.held.Store(&after)
}

// hold begins with a certificate; without a leaf where it cannot be read.
func (s *stapler) hold(cert *tls.Certificate) *held {
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		return &held{}
	}
	return &held{cert: cert, leaf: leaf, issuer: issuerOf(cert, leaf), must: mustStaple(leaf)}
}

// ask asks the responder. The last good answer stays until its end when that fails.
func (s *stapler) ask(ctx context.Context, was *held) *held {
	h := *was
	answer, err := askResponder(ctx, s.client, h.leaf, h.issuer)
	now := s.now.Now()
	var v verdict
	if err == nil {
		v, err = judge(answer, h.leaf, h.issuer, now)
	}
	if err != nil {
		if ctx.Err() != nil { // stopped
			return was
		}
		h.faults++
		h.again = afterFault(h.faults, now)
		s.log.Warn("the responder of the certificate gave no answer that can be used", "serial", h.leaf.SerialNumber.Text(16), "error", err, "again", h.again)
		return &h
	}
	h.last, h.faults, h.again, h.full = v, 0, againAt(v, now), nil
	if v.raw != nil {
		full := *h.cert
		full.OCSPStaple = v.raw
		h.full = &full
	}
	return &h
}

// tell tells the operator once how a certificate stands, when that changes.
func (s *stapler) tell(was *held) *held {
	h := *was
	st := s.standing(&h)
	switch {
	case !st.Revoked.IsZero():
		h.told = "revoked"
	case st.Must && st.Stapled.IsZero():
		h.told = "must"
	case !st.Asked || st.Stapled.IsZero():
		h.told = cmp.Or(h.told, "none")
	default:
		h.told = "good"
	}
	if h.told == was.told {
		return &h
	}
	serial := h.leaf.SerialNumber.Text(16)
	switch h.told {
	case "revoked":
		s.log.Error("the certificate in use is revoked; clients will refuse it", "serial", serial, "since", st.Revoked, "until", st.Until)
	case "must":
		s.log.Error("the certificate asks clients to refuse it without an answer of its responder, and there is none", "serial", serial, "issuer_in_chain", h.issuer != nil, "responder", len(h.leaf.OCSPServer) > 0)
	case "good":
		s.log.Info("clients get the answer of the certificate's responder", "serial", serial, "until", st.Stapled)
	}
	return &h
}

func (s *stapler) standing(h *held) Standing {
	st := Standing{Names: h.leaf.DNSNames, Until: h.leaf.NotAfter, Must: h.must, Asked: h.issuer != nil && len(h.leaf.OCSPServer) > 0, Revoked: h.last.revoked}
	if h.full != nil && s.now.Now().Before(h.last.until) {
		st.Stapled = h.last.until
	}
	return st
}

// standings are those of all certificates in use, those that end first first.
func (s *stapler) standings() []Standing {
	var out []Standing
	for h := range maps.Values(*s.held.Load()) {
		out = append(out, s.standing(h))
	}
	slices.SortFunc(out, func(a, b Standing) int { return a.Until.Compare(b.Until) })
	return out
}
