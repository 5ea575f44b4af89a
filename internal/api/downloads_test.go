package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
)

// fetchOf is a stream for one of a tenant's users.
func fetchOf(s *Server, t id.Tenant, write func(io.Writer) error) *httptest.ResponseRecorder {
	ctx := context.WithValue(context.Background(), callerKey{}, &caller{Actor: access.Actor{Tenant: t, User: "usr_1"}})
	w := httptest.NewRecorder()
	s.stream(ctx, "list.csv", "text/csv", write)(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	return w
}

func TestOneOrganisationFetchesSoManyFilesAtOnce(t *testing.T) {
	s := New(Config{}, Parts{})
	begun, goOn, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	hold := func(tenant id.Tenant) {
		go func() {
			fetchOf(s, tenant, func(w io.Writer) error { begun <- struct{}{}; <-goOn; return nil })
			over <- struct{}{}
		}()
		<-begun
	}
	nothing := func(io.Writer) error { return nil }
	for range mostDownloadsOfTenant {
		hold("org_a")
	}
	w := fetchOf(s, "org_a", func(io.Writer) error { t.Error("one more was begun"); return nil })
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("one more of an organisation: %d", w.Code)
	}
	if err := s.downloads.room("org_a"); !errs.Is(err, errs.Limited) {
		t.Errorf("room: %v", err)
	}
	if w := fetchOf(s, "org_b", nothing); w.Code != http.StatusOK {
		t.Errorf("another organisation: %d", w.Code)
	}
	held := mostDownloadsOfTenant
	for _, tenant := range []id.Tenant{"org_b", "org_c", "org_d", "org_e"} {
		for range mostDownloadsOfTenant {
			if held < mostDownloads {
				held++
				hold(tenant)
			}
		}
	}
	if w := fetchOf(s, "org_f", nothing); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("more than the node makes: %d", w.Code)
	}
	close(goOn)
	for range held {
		<-over
	}
	if w := fetchOf(s, "org_a", nothing); w.Code != http.StatusOK {
		t.Errorf("after the others: %d", w.Code)
	}
	if s.downloads.all != 0 || len(s.downloads.of) != 0 {
		t.Errorf("%d are still counted, %v", s.downloads.all, s.downloads.of)
	}
}

func TestAFileThatBreaksOffGivesItsPlaceBack(t *testing.T) {
	s := New(Config{}, Parts{})
	for range mostDownloadsOfTenant + 1 {
		func() {
			defer func() {
				if p := recover(); p != http.ErrAbortHandler {
					t.Errorf("it ended with %v", p)
				}
			}()
			fetchOf(s, "org_a", func(w io.Writer) error {
				_, _ = w.Write([]byte("half of it"))
				return errors.New("the rest is gone")
			})
		}()
	}
	if w := fetchOf(s, "org_a", func(io.Writer) error { return nil }); w.Code != http.StatusOK {
		t.Errorf("after files that broke off: %d", w.Code)
	}
}

// pipes is a listener whose connections are in memory, so that their time is the
// test's.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// streamed serves one streamed route with the house's times, as its servers have them, and
// gives a client of it.
func streamed(t *testing.T, two bool, write func(context.Context, io.Writer) error) *http.Client {
	s := New(Config{}, Parts{})
	route := Route{Method: http.MethodGet, Path: "/list.csv", Guard: Guard{Permission: access.Public}, streams: true}
	h := s.guard(route, func(w http.ResponseWriter, r *http.Request) {
		s.stream(r.Context(), "list.csv", "text/csv", func(w io.Writer) error { return write(r.Context(), w) })(w, r)
	})
	var speaks http.Protocols
	speaks.SetHTTP1(!two)
	speaks.SetUnencryptedHTTP2(two)
	listener := pipes{make(chan net.Conn), make(chan struct{})}
	server := &http.Server{Handler: h, ReadTimeout: bodyTimeout, WriteTimeout: bodyTimeout, Protocols: &speaks}
	go func() { _ = server.Serve(listener) }()
	transport := &http.Transport{Protocols: &speaks, DialContext: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		listener.conns <- there
		return here, nil
	}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
	})
	return &http.Client{Transport: transport}
}

// TestAFileTakesAsLongAsSomebodyTakesIt: neither the server's time for an answer nor the
// time of a call ends one that goes on, also where its first octet is late.
func TestAFileTakesAsLongAsSomebodyTakesIt(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				line := strings.Repeat("x", 8000) + "\n"
				client := streamed(t, two, func(ctx context.Context, w io.Writer) error {
					time.Sleep(2 * bodyTimeout)
					for range 50 {
						if ctx.Err() != nil {
							return ctx.Err()
						}
						if _, err := io.WriteString(w, line); err != nil {
							return err
						}
						time.Sleep(fileTime * 4 / 5)
					}
					return nil
				})
				r, err := client.Get("http://memory/list.csv")
				if err != nil {
					t.Fatal(err)
				}
				defer r.Body.Close()
				got, err := io.ReadAll(r.Body)
				if err != nil || string(got) != strings.Repeat(line, 50) {
					t.Errorf("%d octets came, %v", len(got), err)
				}
			})
		})
	}
}

// TestWhoTakesNothingIsLetGo: a file that nobody takes any more does not hold its place.
func TestWhoTakesNothingIsLetGo(t *testing.T) {
	for name, two := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over := make(chan error, 1)
				client := streamed(t, two, func(_ context.Context, w io.Writer) error {
					for {
						if _, err := w.Write(make([]byte, 64<<10)); err != nil {
							over <- err
							return err
						}
					}
				})
				began := time.Now()
				r, err := client.Get("http://memory/list.csv")
				if err != nil {
					t.Fatal(err)
				}
				defer r.Body.Close()
				if _, err := io.ReadFull(r.Body, make([]byte, 1000)); err != nil {
					t.Fatal(err)
				}
				if err := <-over; err == nil || time.Since(began) > 2*fileTime { // no real time: the bubble's
					t.Errorf("it ended after %s with %v", time.Since(began), err)
				}
			})
		})
	}
}
