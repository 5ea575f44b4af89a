package lookup

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/setup"
)

const (
	maxAnswer  = 64 << 10 // bytes of an answer's body
	maxHeaders = 16 << 10 // bytes of its head
	perTenant  = 32       // requests at once; more wait within their time
	perNode    = 256
)

// Connections gives a connection in use with what its header carries.
type Connections interface {
	Connection(ctx context.Context, t id.Tenant, connection string) (setup.Connection, secret.Text, error)
}

// Deps is what the service needs.
type Deps struct {
	Connections Connections
	Product     string // says who asks, as User-Agent
	// Resolve finds a host's addresses; nil: the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)
	// Permit says which addresses may be asked; nil: public ones, which is what
	// the program does.
	Permit func(netip.Addr) bool
	// Allowed are the hosts that the operator lets be asked; nil: all.
	Allowed *outside.Allowed
	// Dial opens a connection to an address that was permitted; nil: TCP.
	Dial func(ctx context.Context, to netip.AddrPort) (net.Conn, error)
	// Roots are the certificate authorities that are trusted; nil: the system's.
	Roots *x509.CertPool
}

// Service is safe for use by several goroutines.
type Service struct {
	Deps
	node chan struct{}

	mu      sync.Mutex
	tenants map[id.Tenant]chan struct{}
}

// New makes a Service.
func New(d Deps) *Service {
	if d.Resolve == nil {
		d.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if d.Dial == nil {
		d.Dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			var plain net.Dialer
			return plain.DialContext(ctx, "tcp", to.String())
		}
	}
	return &Service{Deps: d, node: make(chan struct{}, perNode), tenants: map[id.Tenant]chan struct{}{}}
}

// Look carries out a request of an interaction's flow and gives the values that
// it asks for, by attribute. key makes a repeat recognisable to the system that
// is asked. It takes no longer than the request may.
func (s *Service) Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.Seconds)*time.Second)
	defer cancel()
	for _, room := range []chan struct{}{s.of(t), s.node} {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		case <-ctx.Done():
			return nil, errs.New(errs.Limited, "Too many look-ups wait at once.")
		}
	}
	c, value, err := s.Connections.Connection(ctx, t, r.Connection)
	if err != nil {
		return nil, err
	}
	q, err := request(ctx, c, value, key, r)
	if err != nil {
		return nil, err
	}
	q.Header.Set("User-Agent", s.Product)
	body, err := s.send(q)
	if err != nil {
		return nil, err
	}
	return pick(body, r.Results)
}

func (s *Service) of(t id.Tenant) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tenants[t] == nil {
		s.tenants[t] = make(chan struct{}, perTenant)
	}
	return s.tenants[t]
}

// request writes the HTTP request.
func request(ctx context.Context, c setup.Connection, value secret.Text, key string, r flow.Request) (*http.Request, error) {
	base, err := c.URL()
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The connection's address is not accepted.")
	}
	path, query, _ := strings.Cut(r.Path.Reveal(), "?")
	if slices.ContainsFunc(strings.Split(path, "/"), func(part string) bool { return part == "." || part == ".." }) {
		return nil, errs.New(errs.Invalid, "The path leads out of the connection's address.")
	}
	plain, err := url.PathUnescape(path)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The path cannot be read.")
	}
	base.RawPath = strings.TrimSuffix(base.EscapedPath(), "/") + path
	base.Path = strings.TrimSuffix(base.Path, "/") + plain
	base.RawQuery = query
	var body io.Reader
	if r.Method == http.MethodPost {
		fields := map[string]string{}
		for name, text := range r.Body {
			fields[name] = text.Reveal()
		}
		raw, err := json.Marshal(fields)
		if err != nil {
			return nil, errs.New(errs.Internal, "The request cannot be written.")
		}
		body = bytes.NewReader(raw)
	}
	q, err := http.NewRequestWithContext(ctx, r.Method, base.String(), body)
	if err != nil {
		return nil, errs.New(errs.Invalid, "The request cannot be written.") // the cause holds the address
	}
	q.Header.Set("Accept", "application/json")
	if body != nil {
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Idempotency-Key", key)
	}
	if c.Header != "" && !value.Empty() {
		q.Header.Set(c.Header, value.Reveal())
	}
	return q, nil
}

// Post sends JSON to an address and gives the answer's status; what the answer says is not
// read. Unavailable: there was none; Forbidden: the address may not be reached. It takes no
// longer than ctx lasts.
func (s *Service) Post(ctx context.Context, to *url.URL, headers map[string]string, body string) (int, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), strings.NewReader(body))
	if err != nil {
		return 0, errs.New(errs.Invalid, "The request cannot be written.")
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("User-Agent", s.Product)
	for name, value := range headers {
		q.Header.Set(name, value)
	}
	p, err := s.ask(q)
	if err != nil {
		return 0, err
	}
	return p.StatusCode, p.Body.Close()
}

// send carries a request out and gives the answer's body. Errors say what
// happened, without the address, which may be personal.
func (s *Service) send(q *http.Request) ([]byte, error) {
	p, err := s.ask(q)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.Body.Close() }()
	kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type"))
	switch {
	case p.StatusCode >= 300 && p.StatusCode < 400:
		return nil, errs.New(errs.Unavailable, "The system that was asked sent on to elsewhere, which is not followed.")
	case p.StatusCode/100 != 2:
		return nil, errs.New(errs.Unavailable, "The system that was asked answered with HTTP status %d.", p.StatusCode)
	case p.StatusCode == http.StatusNoContent:
		return []byte("null"), nil
	case kind != "application/json" && !strings.HasSuffix(kind, "+json"):
		return nil, errs.New(errs.Unavailable, "The system that was asked did not answer with JSON.")
	}
	body, err := io.ReadAll(io.LimitReader(p.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, errs.New(errs.Unavailable, "The system that was asked did not answer in time.")
	case len(body) > maxAnswer:
		return nil, errs.New(errs.TooLarge, "The system that was asked answered with more than %d KB.", maxAnswer>>10)
	}
	return body, nil
}

// ask sends a request to an address that was looked at, on a connection of its own. The
// answer's body is the caller's to close.
func (s *Service) ask(q *http.Request) (*http.Response, error) {
	address, err := s.address(q.Context(), q.URL)
	if err != nil {
		return nil, err
	}
	to := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.Dial(ctx, address) },
		// The name in the certificate is the address's host.
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.Roots},
		DisableKeepAlives:      true, // the next request looks at the address again
		MaxResponseHeaderBytes: maxHeaders,
	}
	client := http.Client{Transport: to, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	p, err := client.Do(q)
	if err != nil {
		if q.Context().Err() != nil {
			return nil, errs.New(errs.Unavailable, "The system that was asked did not answer in time.")
		}
		return nil, errs.New(errs.Unavailable, "The system that was asked could not be reached.")
	}
	return p, nil
}

// address finds where a URL's host is and looks at every address of it: one that
// is not permitted refuses them all, so that no name leads into the house.
func (s *Service) address(ctx context.Context, u *url.URL) (netip.AddrPort, error) {
	port := 443
	if p := u.Port(); p != "" {
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 {
			return netip.AddrPort{}, errs.New(errs.Invalid, "The connection's address is not accepted.")
		}
		port = int(n)
	}
	found, err := outside.Find(ctx, u.Hostname(), s.Resolve, s.Permit, s.Allowed)
	switch {
	case errors.Is(err, outside.ErrInside), errors.Is(err, outside.ErrNotAllowed):
		return netip.AddrPort{}, errs.New(errs.Forbidden, "The system that was asked is not on the public network, or the operator does not let it be reached.")
	case err != nil || len(found) == 0:
		return netip.AddrPort{}, errs.New(errs.Unavailable, "The system that was asked could not be found.")
	}
	return netip.AddrPortFrom(found[0], uint16(port)), nil
}
