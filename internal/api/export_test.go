package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"nubitalk/internal/core/access"
)

// WrongRoutes are ways to register a route that must all be refused.
func WrongRoutes() map[string]func() {
	s := New(Config{}, Parts{})
	h := func(context.Context, *caller, *none) (*none, error) { return nil, nil }
	return map[string]func(){
		"no guard":               func() { handle(s, "GET", "/api/v1/a", Guard{}, about{id: "a"}, h) },
		"two guards":             func() { handle(s, "GET", "/api/v1/b", Guard{Permission: "public", Visitor: true}, about{id: "b"}, h) },
		"an unknown permission":  func() { handle(s, "GET", "/api/v1/c", needs("everything"), about{id: "c"}, h) },
		"past the registry":      func() { s.mux.HandleFunc("GET /api/v1/d", func(http.ResponseWriter, *http.Request) {}) },
		"a socket without guard": func() { handleSocket(s, "/api/v1/e", Guard{}, about{id: "e"}, nil) },
		"an input from nowhere": func() {
			handle(s, "GET", "/api/v1/f", needs(access.Public), about{id: "f"}, func(context.Context, *caller, *struct{ Word string }) (*none, error) { return nil, nil })
		},
		"an input that no text becomes": func() {
			handle(s, "GET", "/api/v1/g", needs(access.Public), about{id: "g"}, func(context.Context, *caller, *struct {
				Word *string `query:"word"`
			}) (*none, error) {
				return nil, nil
			})
		},
		"a default that is not of its type": func() {
			handle(s, "POST", "/api/v1/h", needs(access.Public), about{id: "h"}, func(context.Context, *caller, *struct {
				Body struct {
					Level *int `json:"level" default:"5"`
				}
			}) (*none, error) {
				return nil, nil
			})
		},
		"an output that is no header": func() {
			handle(s, "GET", "/api/v1/i", needs(access.Public), about{id: "i"}, func(context.Context, *caller, *none) (*struct{ Word string }, error) { return nil, nil })
		},
	}
}

func TestAddressOf(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.7:4711", "", "203.0.113.7"},
		{"203.0.113.7:4711", "198.51.100.1", "203.0.113.7"}, // not a proxy of ours: it may say what it likes
		{"10.1.2.3:80", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:80", "6.6.6.6, 198.51.100.1", "198.51.100.1"}, // what the client wrote itself is passed over
		{"10.1.2.3:80", "198.51.100.1, 10.9.9.9", "198.51.100.1"},
		{"10.1.2.3:80", "nonsense", "10.1.2.3"},
		{"10.1.2.3:80", "", "10.1.2.3"},
		{"[2001:db8:1:2:3:4:5:6]:80", "", "2001:db8:1:2::/64"},
		{"[::1]:80", "2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"},
		{"[::ffff:203.0.113.7]:80", "", "203.0.113.7"},
		{"nonsense", "", "nonsense"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if _, got := addressOf(r, proxies); got != c.want {
			t.Errorf("%s said by %s: %s, want %s", c.forwarded, c.peer, got, c.want)
		}
	}
}

func FuzzClientFrame(f *testing.F) {
	for _, s := range []string{`{"type":"hello","cursor":""}`, `{"type":"watch","interaction":"int_x"}`, `{}`, `[]`, `"`, `{"type":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if frame, err := readClientFrame(b); err == nil && frame.Type == "" {
			t.Error("a frame without a type")
		}
	})
}

func FuzzVisitorFrame(f *testing.F) {
	for _, s := range []string{`{"type":"hello","token":"nbv_x","after":3}`, `{"type":"message","client_id":"c","text":"olá"}`, `{"type":"choice","client_id":"c","value":"v"}`,
		`{"type":"read","seq":-1}`, `{"type":"message","text":"\u0000"}`, `{}`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := readVisitorFrame(b)
		if err != nil {
			return
		}
		if frame.Type == "" || frame.Seq < 0 || frame.After < 0 || frame.Type == "message" && (frame.ClientID == "" || frame.Text == "") {
			t.Errorf("%q was accepted", b)
		}
		for _, s := range []string{frame.Token, frame.ClientID, frame.Text, frame.Value} {
			if plainText("x", s) != nil {
				t.Errorf("%q was accepted", b)
			}
		}
	})
}

// AllowUnscanned has the doors let files through that no scanner looked into.
func (s *Server) AllowUnscanned() { s.config.AllowUnscanned = true }
