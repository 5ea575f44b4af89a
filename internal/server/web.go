package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/netutil"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/telemetry"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/transport"
)

const (
	headTimeout = 10 * time.Second // to send a request's head
	bodyTimeout = 5 * time.Minute  // to send the rest, or to take the answer
	idleTimeout = 2 * time.Minute  // between two requests of a connection
	strictFor   = "max-age=31536000; includeSubDomains"
)

// web is the address that browsers and programs reach. A service.Service.
type web struct {
	conf     *config.Config
	source   *transport.Source
	log      *slog.Logger
	health   *health
	metrics  *telemetry.Metrics
	mux      *http.ServeMux
	stopping func()                          // tells browsers that the node stops
	gone     func(context.Context) error     // waits until live connections have ended
	front    func(http.Handler) http.Handler // stands before the mux

	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	conns    *prometheus.GaugeVec

	main, plain *http.Server // plain answers ACME and redirects; may be nil
	address     net.Addr
	ended       sync.WaitGroup
	failed      chan error // an accept loop that ended by itself
}

func newWeb(conf *config.Config, source *transport.Source, log *slog.Logger, h *health, m *telemetry.Metrics) *web {
	w := &web{conf: conf, source: source, log: log, health: h, metrics: m, mux: http.NewServeMux(), failed: make(chan error, 2), stopping: func() {}, gone: func(context.Context) error { return nil }, front: func(h http.Handler) http.Handler { return h }}
	w.requests = m.Counter("http_requests_total", "Requests answered.", "part", "method", "code")
	w.seconds = m.Seconds("http_request_seconds", "Time to answer a request; live connections are not counted.", "part")
	w.conns = m.Gauge("http_connections", "Open connections.", "state")
	w.mux.HandleFunc("GET /healthz", h.live)
	w.mux.HandleFunc("GET /readyz", h.ready)
	if !conf.Metrics.Token.Empty() {
		w.mux.HandleFunc("GET /metrics", w.guardedMetrics)
	}
	return w
}

// guardedMetrics is /metrics on the main address.
func (w *web) guardedMetrics(rw http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || subtle.ConstantTimeCompare([]byte(token), []byte(w.conf.Metrics.Token.Reveal())) != 1 {
		rw.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
		http.Error(rw, "Metrics need the token of metrics.token.", http.StatusUnauthorized)
		return
	}
	w.metrics.Handler().ServeHTTP(rw, r)
}

// Start listens and serves.
func (w *web) Start(ctx context.Context) error {
	listener, err := listen(ctx, "listen", w.conf.Listen)
	if err != nil {
		return err
	}
	w.address = listener.Addr()
	w.main = w.server(w.outer(apart(w.conf.Visitors, w.front(w.mux))))
	w.serve(w.main, w.source.Wrap(netutil.LimitListener(listener, w.conf.Limits.Connections)))
	if at := w.conf.TLS.ACME.Listen; at != "" && w.conf.TLSMode() == "acme" {
		listener, err := listen(ctx, "tls.acme.listen", at)
		if err != nil {
			return errors.Join(err, w.Stop(ctx))
		}
		w.plain = w.server(w.source.Challenge(http.HandlerFunc(w.toTLS)))
		w.serve(w.plain, netutil.LimitListener(listener, 1000))
	}
	if err := w.source.Start(ctx, listener.Addr().(*net.TCPAddr).Port); err != nil {
		return errors.Join(err, w.Stop(ctx))
	}
	return nil
}

func listen(ctx context.Context, key, address string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The address %s (%s) cannot be listened on. Is another program using it?", address, key)
	}
	return l, nil
}

func (w *web) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      bodyTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    int(w.conf.Limits.Headers),
		ErrorLog:          telemetry.HTTPErrorLog(w.log),
		ConnState:         w.count,
	}
}

// count keeps the number of open connections, live ones apart: a hijacked
// connection tells nobody when it ends, so it leaves this count.
func (w *web) count(_ net.Conn, s http.ConnState) {
	open := w.conns.WithLabelValues("http")
	switch s {
	case http.StateNew:
		open.Inc()
	case http.StateClosed, http.StateHijacked:
		open.Dec()
	}
}

func (w *web) serve(s *http.Server, l net.Listener) {
	w.ended.Add(1)
	go func() {
		defer w.ended.Done()
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			w.failed <- fmt.Errorf("serving %s: %w", l.Addr(), err)
		}
	}()
}

// Stop tells balancers and browsers, takes no more connections, and lets open
// requests and live connections end.
func (w *web) Stop(ctx context.Context) error {
	if w.main == nil {
		return nil
	}
	w.health.stop()
	w.stopping()
	ctx, cancel := context.WithTimeout(ctx, w.conf.Drain())
	defer cancel()
	err := w.source.Stop(ctx)
	for _, s := range []*http.Server{w.plain, w.main} {
		if s == nil {
			continue
		}
		if stopErr := s.Shutdown(ctx); stopErr != nil {
			w.log.Warn("some requests did not end in time and were cut", "after", w.conf.Drain())
			err = errors.Join(err, s.Close())
		}
	}
	if goneErr := w.gone(ctx); goneErr != nil {
		w.log.Warn("some live connections did not end in time and were cut", "after", w.conf.Drain(), "error", goneErr)
	}
	w.ended.Wait()
	w.main, w.plain = nil, nil
	return err
}

// URL is the address that people type.
func (w *web) URL() string {
	if w.conf.URL != "" {
		return strings.TrimSuffix(w.conf.URL, "/")
	}
	scheme := "https"
	if w.source.Plain() {
		scheme = "http"
	}
	host, port, err := net.SplitHostPort(w.conf.Listen)
	if err != nil {
		return ""
	}
	if a, ok := w.address.(*net.TCPAddr); ok {
		port = strconv.Itoa(a.Port) // the one taken, if any was asked for
	}
	if d := w.conf.TLS.ACME.Domains; w.conf.TLSMode() == "acme" && len(d) > 0 {
		host = d[0]
	} else if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return scheme + "://" + host
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// plainToBrowsers says that browsers speak plain HTTP with us: not when a proxy
// in front speaks TLS with them.
func (w *web) plainToBrowsers() bool {
	return w.source.Plain() && !strings.HasPrefix(w.conf.URL, "https://")
}

// toTLS sends a browser that comes over plain HTTP to https. A program is refused
// instead: it would go on sending its key in the clear and nobody would notice.
func (w *web) toTLS(rw http.ResponseWriter, r *http.Request) {
	guarded(rw.Header())
	program := strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/chat/") || r.Header.Get("Authorization") != ""
	if r.Method != http.MethodGet && r.Method != http.MethodHead || program {
		http.Error(rw, "Use https.", http.StatusBadRequest)
		return
	}
	http.Redirect(rw, r, w.URL()+r.URL.RequestURI(), http.StatusMovedPermanently)
}

// closed is what an answer may do in a browser unless its part says otherwise: nothing.
const closed = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guarded gives every answer the headers that its part may forget.
func guarded(h http.Header) {
	h.Set("Content-Security-Policy", closed)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
}

// outer is around every request: it insists on TLS, and counts.
func (w *web) outer(h http.Handler) http.Handler {
	strict := w.source.Trusted() || w.source.Plain() && !w.plainToBrowsers()
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		guarded(rw.Header())
		if strict {
			rw.Header().Set("Strict-Transport-Security", strictFor)
		}
		watched := &watchedWriter{ResponseWriter: rw}
		start := time.Now()
		h.ServeHTTP(watched, r)
		part := partOf(r.URL.Path)
		if watched.code == http.StatusSwitchingProtocols {
			w.requests.WithLabelValues(part, method(r.Method), "101").Inc()
			return
		}
		w.requests.WithLabelValues(part, method(r.Method), strconv.Itoa(max(watched.code, http.StatusOK))).Inc()
		w.seconds.WithLabelValues(part).Observe(time.Since(start).Seconds())
	})
}

// partOf is the part of the program that a path belongs to; paths themselves
// hold ids and are no label.
func partOf(path string) string {
	for _, p := range []struct{ prefix, part string }{
		{"/api/", "api"}, {"/chat/", "chat"}, {"/app/", "desk"}, {"/widget", "widget"}, {"/healthz", "health"}, {"/readyz", "health"}, {"/metrics", "metrics"},
	} {
		if strings.HasPrefix(path, p.prefix) {
			return p.part
		}
	}
	return "other"
}

// method bounds what a client can make a label of.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// watchedWriter notes the status. Unwrap lets live connections reach what is
// below (http.ResponseController).
type watchedWriter struct {
	http.ResponseWriter
	code int
}

func (w *watchedWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *watchedWriter) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// figures is the loopback address for Prometheus. A service.Service.
type figures struct {
	address string
	handler http.Handler
	log     *slog.Logger

	server *http.Server
	at     net.Addr
	ended  chan struct{}
}

// Start listens, unless no address is set.
func (f *figures) Start(ctx context.Context) error {
	if f.address == "" {
		return nil
	}
	l, err := listen(ctx, "metrics.listen", f.address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", f.handler)
	f.server = &http.Server{Handler: mux, ReadTimeout: headTimeout, WriteTimeout: time.Minute, ErrorLog: telemetry.HTTPErrorLog(f.log)}
	f.at, f.ended = l.Addr(), make(chan struct{})
	go func() {
		defer close(f.ended)
		if err := f.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			f.log.Error("metrics are served no more", "error", err)
		}
	}()
	return nil
}

// Stop ends it.
func (f *figures) Stop(context.Context) error {
	if f.server == nil {
		return nil
	}
	err := f.server.Close()
	<-f.ended
	f.server = nil
	return err
}
