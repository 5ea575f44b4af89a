package lookup

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/setup"
)

const (
	tenA, tenB = id.Tenant("ten_a"), id.Tenant("ten_b")
	token      = "Bearer canary-token-4711"
)

// connections are those of two tenants, by id.
type connections map[id.Tenant]map[string]setup.Connection

func (c connections) Connection(_ context.Context, t id.Tenant, name string) (setup.Connection, secret.Text, error) {
	one, ok := c[t][name]
	if !ok {
		return one, secret.Text{}, errs.New(errs.NotFound, "There is no %s with this id.", "connection")
	}
	return one, secret.New(token), nil
}

// house is a system outside, on this host, and the service that asks it.
type house struct {
	*Service
	answer  func(w http.ResponseWriter, r *http.Request)
	mu      sync.Mutex
	asked   []*http.Request
	bodies  []string
	dialled atomic.Int64
}

func newHouse(t *testing.T) *house {
	h := &house{answer: func(w http.ResponseWriter, _ *http.Request) { jsonly(w, `{"order":{"state":"on its way"}}`) }}
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		h.asked, h.bodies = append(h.asked, r), append(h.bodies, string(b))
		h.mu.Unlock()
		h.answer(w, r)
	}))
	t.Cleanup(srv.Close)
	at := netip.MustParseAddrPort(srv.Listener.Addr().String())
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	h.Service = New(Deps{
		Connections: connections{
			tenA: {"cnx_1": {Name: "Shop", Address: fmt.Sprintf("https://example.com:%d/v1", at.Port()), Header: "Authorization"},
				"cnx_other": {Name: "Another", Address: fmt.Sprintf("https://another.example.net:%d", at.Port())}},
			tenB: {},
		},
		Product: "Test", Roots: roots,
		Resolve: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
		},
		Permit: func(a netip.Addr) bool { return a.IsLoopback() },
	})
	dial := h.Dial
	h.Dial = func(ctx context.Context, to netip.AddrPort) (net.Conn, error) { h.dialled.Add(1); return dial(ctx, to) }
	return h
}

func jsonly(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = io.WriteString(w, body)
}

func get(path string, results map[string]string) flow.Request {
	return flow.Request{Step: 3, Connection: "cnx_1", Method: "GET", Path: secret.New(path), Results: results, Seconds: 5}
}

func TestAskAndAnswer(t *testing.T) {
	h := newHouse(t)
	h.answer = func(w http.ResponseWriter, _ *http.Request) {
		jsonly(w, `{"order":{"state":"on its way","items":[{"n":2},{"n":10000000000000000001}],"paid":true,"note":null,"a/b":{"~":"x"}}}`)
	}
	got, err := h.Look(t.Context(), tenA, "int_1-3", get("/orders/9%2F1?by=R+S", map[string]string{
		"state": "/order/state", "n": "/order/items/1/n", "paid": "/order/paid", "note": "/order/note", "gone": "/order/who/x", "list": "/order/items", "odd": "/order/a~1b/~0",
		"far": "/order/items/2", "minus": "/order/items/-1", "zero": "/order/items/01/n", "whole": ""}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"state": "on its way", "n": "10000000000000000001", "paid": "true", "note": "", "gone": "", "list": "", "odd": "x", "far": "", "minus": "", "zero": "", "whole": ""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	r := h.asked[0]
	if r.Method != "GET" || r.RequestURI != "/v1/orders/9%2F1?by=R+S" || r.Header.Get("Authorization") != token || r.Header.Get("User-Agent") != "Test" || r.Header.Get("Idempotency-Key") != "" {
		t.Errorf("%s %s %v", r.Method, r.RequestURI, r.Header)
	}
	post := get("", nil)
	post.Method, post.Body = "POST", map[string]secret.Text{"card": secret.New("4929"), "quoted": secret.New(`"`)}
	h.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	if _, err := h.Look(t.Context(), tenA, "int_1-4", post); err != nil {
		t.Fatal(err)
	}
	var body map[string]string
	if r := h.asked[1]; r.RequestURI != "/v1" || r.Header.Get("Idempotency-Key") != "int_1-4" || r.Header.Get("Content-Type") != "application/json" || json.Unmarshal([]byte(h.bodies[1]), &body) != nil ||
		!cmp.Equal(body, map[string]string{"card": "4929", "quoted": `"`}) {
		t.Errorf("%s %v %s", r.RequestURI, r.Header, h.bodies[1])
	}
	if _, err := h.Look(t.Context(), tenB, "int_1-3", get("", nil)); !errs.Is(err, errs.NotFound) || len(h.asked) != 2 {
		t.Error("another tenant's connection:", err)
	}
}

// Nothing is dialled unless every address of the host is on the public network,
// and what is dialled is the very address that was looked at.
func TestNoPacketIntoTheHouse(t *testing.T) {
	h := newHouse(t)
	public := netip.MustParseAddr("93.184.216.34")
	h.Permit = New(Deps{}).Permit // as the program does
	for _, inside := range []string{"127.0.0.1", "127.8.8.8", "10.0.0.1", "172.20.0.1", "192.168.1.1", "169.254.169.254", "100.64.1.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1",
		"::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::1", "2001::1", "fc00::1", "fd00::1", "fe80::1", "ff02::1", "2001:db8::1"} {
		a := netip.MustParseAddr(inside)
		for _, found := range [][]netip.Addr{{a}, {public, a}, {a, public}} {
			h.Resolve = func(context.Context, string) ([]netip.Addr, error) { return found, nil }
			if _, err := h.Look(t.Context(), tenA, "k", get("", nil)); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%v: %v", found, err)
			}
		}
	}
	if n := h.dialled.Load(); n != 0 || len(h.asked) != 0 {
		t.Errorf("%d connections into the house", n)
	}
	var to netip.AddrPort
	h.Resolve = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("::ffff:93.184.216.34")}, nil
	}
	h.Dial = func(_ context.Context, a netip.AddrPort) (net.Conn, error) { to = a; return nil, io.EOF }
	if _, err := h.Look(t.Context(), tenA, "k", get("", nil)); !errs.Is(err, errs.Unavailable) || to.Addr() != public {
		t.Errorf("dialled %v: %v", to, err)
	}
}

// Where the operator allows only some hosts, no other is asked, nor its name looked up.
func TestOnlyWhatTheOperatorAllowsIsAsked(t *testing.T) {
	h, asked := newHouse(t), 0
	resolve := h.Resolve
	h.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) { asked++; return resolve(ctx, host) }
	for _, list := range [][]string{{"another.example.com"}, {"*.another.example.com", "no.example.org"}} {
		var err error
		if h.Allowed, err = outside.ReadAllowed(list); err != nil {
			t.Fatal(err)
		}
		if _, err := h.Look(t.Context(), tenA, "k", get("", nil)); !errs.Is(err, errs.Forbidden) {
			t.Errorf("%v: %v", list, err)
		}
	}
	if n := h.dialled.Load(); n != 0 || asked != 0 || len(h.asked) != 0 {
		t.Errorf("%d connections, %d names asked", n, asked)
	}
}

func TestWhatIsNoAnswer(t *testing.T) {
	want := map[string]string{"state": "/order/state"}
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, r *http.Request)
		says   string
	}{
		"another place": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://evil.example/", http.StatusFound)
		}, "sent on"},
		"to itself": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/v1/again", http.StatusTemporaryRedirect)
		}, "sent on"},
		"a fault":     {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
		"no JSON":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") }, "JSON"},
		"broken JSON": {func(w http.ResponseWriter, _ *http.Request) { jsonly(w, `{"order":`) }, "JSON"},
		"two values":  {func(w http.ResponseWriter, _ *http.Request) { jsonly(w, `{} {}`) }, "JSON"},
		"too much":    {func(w http.ResponseWriter, _ *http.Request) { jsonly(w, `"`+strings.Repeat("x", maxAnswer)+`"`) }, "64 KB"},
		"a huge head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", maxHeaders))
			jsonly(w, "{}")
		}, "reached"},
		"an early end": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "reached"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.answer = c.answer
			_, err := h.Look(t.Context(), tenA, "k", get("/orders/9", want))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
			if err != nil && (strings.Contains(err.Error(), "orders") || strings.Contains(err.Error(), "canary-token")) {
				t.Errorf("the error tells what was asked: %v", err)
			}
			if len(h.asked) != 1 {
				t.Errorf("asked %d times", len(h.asked))
			}
		})
	}
	t.Run("another's certificate", func(t *testing.T) {
		h := newHouse(t)
		r := get("", want)
		r.Connection = "cnx_other"
		if _, err := h.Look(t.Context(), tenA, "k", r); err == nil || len(h.asked) != 0 {
			t.Error("a certificate of another name was trusted", err)
		}
	})
	t.Run("a way up", func(t *testing.T) {
		h := newHouse(t)
		for _, path := range []string{"/..", "/a/../../b", "/./x"} {
			if _, err := h.Look(t.Context(), tenA, "k", get(path, want)); err == nil || len(h.asked) != 0 {
				t.Error(path, err)
			}
		}
	})
}

// A system that says nothing holds its flow up for no longer than the request may
// take, and takes its room from no other tenant.
func TestASlowSystem(t *testing.T) {
	h := newHouse(t)
	held := make(chan struct{})
	entered := make(chan struct{}, perTenant)
	h.answer = func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		select {
		case <-held:
		case <-r.Context().Done():
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range perTenant {
		wg.Go(func() {
			slow := get("", nil)
			slow.Seconds = 10
			_, _ = h.Look(ctx, tenA, "k", slow)
		})
	}
	for range perTenant {
		<-entered
	}
	one := get("", nil)
	one.Seconds = 1
	if _, err := h.Look(t.Context(), tenA, "k", one); !errs.Is(err, errs.Limited) {
		t.Errorf("one too many: %v", err)
	}
	h.Connections = connections{tenB: h.Connections.(connections)[tenA]}
	if _, err := h.Look(t.Context(), tenB, "k", one); !errs.Is(err, errs.Unavailable) || !strings.Contains(err.Error(), "in time") {
		t.Errorf("another tenant: %v", err)
	}
	cancel()
	wg.Wait()
	close(held)
}

// Whatever is answered, picking gives text or says why not.
func FuzzPick(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":"c"}]}`), "/a/1/b")
	f.Fuzz(func(t *testing.T, body []byte, pointer string) {
		got, err := pick(body, map[string]string{"x": pointer})
		if err == nil && len(got) != 1 {
			t.Errorf("%v", got)
		}
	})
}

// What a webhook tells is brought to an address by the same guard, and only the answer's
// status is looked at.
func TestPost(t *testing.T) {
	h := newHouse(t)
	c := h.Connections.(connections)[tenA]["cnx_1"]
	to, err := c.URL()
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusOK, http.StatusNoContent, http.StatusFound, http.StatusGone, http.StatusInternalServerError} {
		h.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}
		got, err := h.Post(t.Context(), to, map[string]string{"Webhook-Id": "dlv_1"}, `{"type":"ping"}`)
		if err != nil || got != status {
			t.Errorf("%d, %v; want %d", got, err, status)
		}
	}
	r := h.asked[0]
	if len(h.asked) != 5 || r.Method != "POST" || r.RequestURI != "/v1" || r.Header.Get("Webhook-Id") != "dlv_1" || r.Header.Get("Content-Type") != "application/json" || r.Header.Get("User-Agent") != "Test" || h.bodies[0] != `{"type":"ping"}` {
		t.Errorf("%d requests, %s %s %v %s", len(h.asked), r.Method, r.RequestURI, r.Header, h.bodies[0])
	}
	h.Permit = New(Deps{}).Permit // as the program does: this host is inside
	if status, err := h.Post(t.Context(), to, nil, "{}"); !errs.Is(err, errs.Forbidden) || status != 0 || len(h.asked) != 5 {
		t.Errorf("into the house: %d, %v", status, err)
	}
}
