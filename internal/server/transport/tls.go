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

	"nubitalk/internal/base/clock"
	"nubitalk/internal/server/config"
)

// Source is where certificates come from.
type Source struct {
	config *tls.Config // nil: plain HTTP on loopback
	mode   string
	acme   *authority  // nil but in mode acme
	own    *tls.Config // in mode off: of what has to be TLS all the same, on loopback
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
		files, err := openFiles(c.TLS.Certificate, c.TLS.Key, now, log)
		if err != nil {
			return nil, err
		}
		s.config = base(files.get)
	case "acme":
		a, err := openAuthority(c, dir, log)
		if err != nil {
			return nil, err
		}
		s.acme = a
		s.config = base(a.get)
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

// Start begins to fetch and renew certificates; port is the one listened on.
func (s *Source) Start(ctx context.Context, port int) error {
	if s.acme == nil {
		return nil
	}
	return s.acme.start(ctx, port)
}

// Stop ends what Start began.
func (s *Source) Stop(context.Context) error {
	if s.acme != nil {
		s.acme.stop()
	}
	return nil
}

// Challenge wraps the handler of the plain HTTP address so that the authority
// gets its answers.
func (s *Source) Challenge(h http.Handler) http.Handler {
	if s.acme == nil {
		return h
	}
	return s.acme.issuer.HTTPChallengeHandler(h)
}
