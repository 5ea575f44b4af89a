package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/config"
)

// Source is where certificates come from.
type Source struct {
	config *tls.Config // nil: plain HTTP on loopback
	mode   string
	acme   *authority  // nil but in mode acme
	own    *tls.Config // in mode off: of what has to be TLS all the same, on loopback
	staple *stapler    // nil where no responder can know the certificate
	hello  *hello      // nil where no handshake hides its host
	cancel context.CancelFunc
	ended  sync.WaitGroup
}

// loopback makes a certificate for what has to be TLS although browsers come
// without.
func (s *Source) loopback(dir string, now clock.Clock) error {
	cert, err := selfSigned(dir, []string{"localhost", "127.0.0.1", "::1"}, now)
	if err != nil {
		return err
	}
	s.own = base(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil })
	s.own.NextProtos = nil
	return nil
}

// Open finds the certificate as the configuration says. dir is a folder of the
// data folder for what is made or fetched.
func Open(c *config.Config, dir string, now clock.Clock, log *slog.Logger) (*Source, error) {
	s := &Source{mode: c.TLSMode()}
	switch s.mode {
	case "off":
		if slices.ContainsFunc(c.SIP.Listen, func(l string) bool { return strings.HasPrefix(l, "tls:") }) {
			return s, s.loopback(dir, now)
		}
		return s, nil
	case "files":
		files, err := openFiles(c.TLS.Certificate, c.TLS.Key, c.Encryption.Rule().Strong(), now, log)
		if err != nil {
			return nil, err
		}
		if name := c.TLS.ECH; name != "" && files.cert.Leaf.VerifyHostname(name) != nil {
			return nil, errs.Bad("tls.ech", "must be a name that the certificate is for: browsers whose record of DNS is old come to it")
		}
		s.staple = newStapler(now, log, func() []*tls.Certificate {
			cert, _ := files.get(nil) // which never fails
			return []*tls.Certificate{cert}
		})
		s.config = base(s.staple.wrap(files.get))
	case "acme":
		a, err := openAuthority(c, dir, log)
		if err != nil {
			return nil, err
		}
		s.acme = a
		s.staple = newStapler(now, log, a.inUse)
		s.staple.revoked = a.replace
		s.config = base(s.staple.wrap(a.get))
		s.config.NextProtos = append(s.config.NextProtos, "acme-tls/1")
	case "self":
		cert, err := selfSigned(dir, hosts(c), now)
		if err != nil {
			return nil, err
		}
		s.config = base(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return cert, nil })
	}
	return s, nil
}

// hosts are the names that a certificate made here is for.
func hosts(c *config.Config) []string {
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(c.Listen); err == nil && host != "" {
		names = append(names, host)
	}
	if u, err := url.Parse(c.URL); err == nil && u.Hostname() != "" {
		names = append(names, u.Hostname())
	}
	if c.TLS.ECH != "" {
		names = append(names, c.TLS.ECH)
	}
	return names
}

// base is how TLS is spoken, whatever the certificate.
func base(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: get,
		NextProtos:     []string{"h2", "http/1.1"},
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// SIP is how connections of telephone operators are secured (RFC 3261 §26.2).
func (s *Source) SIP() *tls.Config {
	if s.config == nil {
		return s.own
	}
	c := s.config.Clone()
	c.NextProtos = nil
	c.GetEncryptedClientHelloKeys = nil // records of DNS are of browsers' hosts
	return c
}

// Plain says that connections are not secured, which happens on loopback only.
func (s *Source) Plain() bool { return s.config == nil }

// Trusted says that browsers trust the certificate, so that they may be told to
// insist on TLS.
func (s *Source) Trusted() bool { return s.mode == "files" || s.mode == "acme" }

// Wrap secures a listener.
func (s *Source) Wrap(l net.Listener) net.Listener {
	if s.config == nil {
		return l
	}
	return tls.NewListener(l, s.config)
}

// Start begins to fetch and renew certificates, and the answers about them; port is
// the one listened on.
func (s *Source) Start(ctx context.Context, port int) error {
	if s.acme != nil {
		if err := s.acme.start(ctx, port); err != nil {
			return err
		}
	}
	if s.cancel != nil {
		return nil
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if s.staple != nil {
		s.ended.Go(func() { every(ctx, lookAgain, s.staple.look) })
	}
	if s.hello != nil {
		s.ended.Go(func() { every(ctx, helloEvery, s.hello.look) })
	}
	return nil
}

// every does something at once and again and again until ctx ends.
func every(ctx context.Context, d time.Duration, do func(context.Context)) {
	t := time.NewTicker(d)
	defer t.Stop()
	for ctx.Err() == nil {
		do(ctx)
		select {
		case <-ctx.Done():
		case <-t.C:
		}
	}
}

// Stop ends what Start began.
func (s *Source) Stop(context.Context) error {
	if s.cancel != nil {
		s.cancel()
		s.ended.Wait()
		s.cancel = nil
	}
	if s.acme != nil {
		s.acme.stop()
	}
	return nil
}

// Standings tell how the certificates in use stand with their responders.
func (s *Source) Standings() []Standing {
	if s.staple == nil {
		return nil
	}
	return s.staple.standings()
}

// Challenge wraps the handler of the plain HTTP address so that the authority
// gets its answers.
func (s *Source) Challenge(h http.Handler) http.Handler {
	if s.acme == nil {
		return h
	}
	return s.acme.issuer.HTTPChallengeHandler(h)
}
