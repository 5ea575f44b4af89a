package provider

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/outside"
)

// Security says how TLS begins on a connection.
type Security string

const (
	TLS      Security = "tls"      // at once (RFC 8314)
	STARTTLS Security = "starttls" // after a plain greeting; a server without it is refused
)

// Server is one of a provider's servers.
type Server struct {
	Host     string
	Port     int
	Security Security
}

// Account is a mailbox at a provider.
type Account struct {
	IMAP, SMTP Server
	User       string
	Password   secret.Text
	// Token gives an access token with which the account is signed in to, in the place of
	// the password: another than refused, which the provider did not take. May be nil.
	Token func(ctx context.Context, refused secret.Text) (secret.Text, error)
}

// Network is how providers are reached.
type Network struct {
	// Resolve finds a host's addresses; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Records looks services and mail servers up; nil: the system's resolver.
	Records *net.Resolver
	// Permit says which addresses may be reached; nil: public ones.
	Permit func(netip.Addr) bool
	// Allowed are the hosts that the operator lets be reached; nil: all.
	Allowed *outside.Allowed
	// Roots are the certificate authorities that are trusted; nil: the system's.
	Roots *x509.CertPool
	// Poll is how often a provider without IDLE is asked; 0: every minute.
	Poll time.Duration
	// Patience is how long one step with a provider may take; 0: half a minute.
	Patience time.Duration
}

func (n *Network) patience() time.Duration {
	if n.Patience > 0 {
		return n.Patience
	}
	return 30 * time.Second
}

func (n *Network) poll() time.Duration {
	if n.Poll > 0 {
		return n.Poll
	}
	return time.Minute
}

func (n *Network) records() *net.Resolver {
	if n.Records != nil {
		return n.Records
	}
	return net.DefaultResolver
}

// ErrInside says that a name leads into the house.
var ErrInside = outside.ErrInside

// Find gives a host's addresses, all of which may be reached (outside.Find).
func (n *Network) Find(ctx context.Context, host string) ([]netip.Addr, error) {
	resolve := n.Resolve
	if resolve == nil {
		resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	return outside.Find(ctx, host, resolve, n.Permit, n.Allowed)
}

// dial connects to a server, plain: the name, the guard, TCP.
func (n *Network) dial(ctx context.Context, s Server) (net.Conn, error) {
	found, err := n.Find(ctx, s.Host)
	switch {
	case errors.Is(err, ErrInside), errors.Is(err, outside.ErrNotAllowed):
		return nil, &Fault{Step: StepName, Reason: Inside, Host: s.Host}
	case err != nil || len(found) == 0:
		return nil, &Fault{Step: StepName, Reason: NotFound, Host: s.Host, cause: err}
	}
	// The keep-alive of TCP finds a peer that is gone without a word.
	dialer := net.Dialer{Timeout: n.patience() / 3, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 30 * time.Second, Interval: 15 * time.Second, Count: 4}}
	for _, a := range found {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, "tcp", netip.AddrPortFrom(a, uint16(s.Port)).String()); err == nil {
			return conn, nil
		}
	}
	return nil, &Fault{Step: StepReach, Reason: reached(err), Host: s.Host, cause: err}
}

func reached(err error) Reason {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case timedOut(err):
		return Silent
	}
	return Unreachable
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

func (n *Network) tlsConfig(s Server) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.Roots, ServerName: s.Host}
}

// secure begins TLS on a connection and closes it when that fails.
func (n *Network) secure(ctx context.Context, plain net.Conn, s Server) (net.Conn, error) {
	conn := tls.Client(plain, n.tlsConfig(s))
	ctx, cancel := context.WithTimeout(ctx, n.patience())
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		_ = plain.Close()
		return nil, &Fault{Step: StepSecure, Reason: certificate(err), Host: s.Host, cause: err}
	}
	return conn, nil
}

// certificate says in what way TLS failed.
func certificate(err error) Reason {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &host):
		return CertificateName
	case errors.As(err, &unknown):
		return CertificateUnknown
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return CertificateExpired
	case errors.As(err, &invalid):
		return CertificateUnknown
	case timedOut(err):
		return Silent
	}
	return NoTLS
}

// within lets fn run with a connection, and closes that when it takes too long or the
// caller gives up: what waits in fn then ends with an error.
func within(ctx context.Context, conn net.Conn, d time.Duration, fn func() error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err := fn()
	var known *Fault
	if err != nil && ctx.Err() != nil && !errors.As(err, &known) {
		return ctx.Err()
	}
	return err
}
