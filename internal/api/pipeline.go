package api

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/wording"
)

// pipeline is what every request passes before its route, the outermost first.
func (s *Server) pipeline(h http.Handler) http.Handler {
	h = s.limitAddress(h)
	h = s.crossOrigin(h)
	h = s.cors(h)
	h = s.headers(h)
	return s.watch(h)
}

// watch gives each request an id, contains panics, and writes the access log:
// the route's pattern, never the path, the query, an address or a name.
func (s *Server) watch(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		peer, address := addressOf(r, s.config.Proxies)
		c := &caller{id: newRequestID(), host: r.Host, address: address, peer: peer, devices: s.devicesOf(r), flow: s.flowOf(r), hint: s.hintOf(r), earlier: s.earlierOf(r), asks: wording.Asked(r.Header.Get("Accept-Language"))}
		r = r.WithContext(withCaller(r.Context(), c))
		sw := &statusWriter{ResponseWriter: w}
		w.Header().Set("X-Request-Id", c.id)
		defer func() {
			if fault := recover(); fault != nil {
				s.contain(sw, r, c, fault)
			}
			s.noteRefusal(sw.code(), routeWord(r), c)
			who := []any{}
			if sw.code() == http.StatusForbidden { // who asks for what it may not
				who = []any{"user", c.User}
			}
			s.log.Info("request", append([]any{"request", c.id, "method", methodWord(r.Method), "route", routeWord(r), "status", sw.code(), "bytes", sw.bytes,
				"ms", time.Since(began).Milliseconds(), "tenant", c.tenant()}, who...)...)
		}()
		h.ServeHTTP(sw, r)
	})
}

// contain answers a panic with 500. What was panicked with may hold content, so
// only its type and the places in the code are logged.
func (s *Server) contain(w *statusWriter, r *http.Request, c *caller, fault any) {
	if fault == http.ErrAbortHandler { //nolint:errorlint // as net/http compares it
		panic(fault)
	}
	s.log.Error("a request panicked", "request", c.id, "route", routeWord(r), "kind", typeName(fault), "stack", places(debug.Stack()))
	if w.status == 0 && !w.hijacked {
		writeProblem(w, r, errs.New(errs.Internal, ours))
	}
}

// places keeps the lines of a stack that name code, without arguments.
func places(stack []byte) []string {
	var out []string
	for line := range strings.Lines(string(stack)) {
		if at, ok := strings.CutPrefix(line, "\t"); ok {
			at, _, _ = strings.Cut(strings.TrimSpace(at), " +0x")
			if i := strings.Index(at, "internal/"); i >= 0 {
				at = at[i:]
			}
			out = append(out, at)
		}
	}
	return out[:min(len(out), 20)]
}

func newRequestID() string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return "req_" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// noRouteWord is the route of a path that is none.
const noRouteWord = "none"

// methodWord and routeWord keep what a stranger typed out of the log.
func methodWord(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

func routeWord(r *http.Request) string {
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return noRouteWord
}

func (c *caller) tenant() string {
	if c.Tenant != "" {
		return string(c.Tenant)
	}
	return string(c.visitor.Tenant)
}

// statusWriter remembers what was answered.
type statusWriter struct {
	http.ResponseWriter
	status   int
	bytes    int64
	hijacked bool
}

func (w *statusWriter) WriteHeader(code int) {
	if w.status == 0 && code >= 200 {
		w.status = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked = true
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) code() int {
	switch {
	case w.hijacked:
		return http.StatusSwitchingProtocols
	case w.status == 0:
		return http.StatusOK
	}
	return w.status
}

// headers tell browsers to trust nothing that an answer of the API contains.
func (s *Server) headers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("X-Frame-Options", "DENY")
		head.Set("Referrer-Policy", "no-referrer")
		head.Set("Cache-Control", "no-store")
		head.Add("Vary", "Accept-Language") // any call may be refused, in words
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/docs") {
			head.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		} else {
			head.Set("Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
		}
		if !strings.HasPrefix(r.URL.Path, "/chat/") {
			head.Set("Cross-Origin-Resource-Policy", "same-origin")
		}
		h.ServeHTTP(w, r)
	})
}

// crossOrigin refuses changing calls that another site's page makes with our
// cookie. The visitor's side has no cookie and checks the origin itself.
func (s *Server) crossOrigin(h http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/chat/") {
			if err := protection.Check(r); err != nil {
				writeProblem(w, r, errs.Wrap(errs.Forbidden, err, "This call comes from another site's page and was refused."))
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

func (s *Server) limitAddress(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.limits.address.take(callerOf(r.Context()).address, 1, s.clock.Now()); err != nil {
			writeProblem(w, r, err)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// noRoute answers what no route takes, in the form of every other error.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := r.Clone(context.WithoutCancel(r.Context()))
		probe.Method = m
		if _, pattern := s.mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		writeProblem(w, r, errs.New(errs.NotFound, "There is nothing at this address."))
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	p := problemOf(errs.New(errs.NotFound, "This address does not take %s; it takes %s.", methodWord(r.Method), strings.Join(allowed, ", ")))
	p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
	writeProblem(w, r, p)
}
