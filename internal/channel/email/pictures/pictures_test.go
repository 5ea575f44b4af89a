package pictures_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"nubitalk/internal/channel/email/pictures"
	"nubitalk/internal/channel/email/provider"
)

const gif = "GIF89a\x01\x00\x01\x00\x00\x00\x00;"

// images is a server of images that notes what it was asked.
type images struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func serve(t *testing.T) *images {
	t.Helper()
	s := &images{}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: "who", Value: "it was"})
		switch {
		case strings.HasPrefix(r.URL.Path, "/ok"):
			_, _ = w.Write([]byte(gif))
		case r.URL.Path == "/svg":
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`))
		case r.URL.Path == "/large":
			_, _ = w.Write([]byte(gif + strings.Repeat("x", 3<<20)))
		case r.URL.Path == "/hop":
			http.Redirect(w, r, "/ok-after", http.StatusFound)
		case r.URL.Path == "/inside":
			http.Redirect(w, r, "http://10.0.0.1/ok", http.StatusFound)
		case r.URL.Path == "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *images) fetcher() *pictures.Fetcher {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &pictures.Fetcher{Network: provider.Network{Permit: netip.Addr.IsLoopback, Roots: roots}, Ports: func(string) bool { return true }}
}

// Images are had, and what is none is not, without a word of who looks at them.
func TestImagesAreFetched(t *testing.T) {
	s := serve(t)
	var all []string
	for _, path := range []string{"/ok", "/ok", "/svg", "/large", "/hop", "/inside", "/round", "/none"} {
		all = append(all, s.URL+path)
	}
	all = append(all, strings.Replace(s.URL, "https://", "https://name:word@", 1)+"/ok-named", "ftp://example.org/x", "https://")
	got := s.fetcher().Fetch(t.Context(), all)
	if len(got) != 3 {
		t.Errorf("%d images", len(got))
	}
	for _, address := range []string{all[0], all[4], all[8]} {
		if i := got[address]; i.MediaType != "image/gif" || string(i.Octets) != gif {
			t.Errorf("%s: %s, %d octets", address, i.MediaType, len(i.Octets))
		}
	}
	times := 0
	for _, r := range s.asked {
		if r.URL.Path == "/ok" {
			times++
		}
		for _, told := range []string{"Cookie", "Referer", "Authorization", "Accept-Language", "X-Forwarded-For"} {
			if r.Header.Get(told) != "" {
				t.Errorf("%s says %s", r.URL.Path, told)
			}
		}
	}
	if times != 1 {
		t.Errorf("one image was fetched %d times", times)
	}
}

// Nothing leads into the house: not an address, a name, or a redirect.
func TestNothingInsideIsAsked(t *testing.T) {
	s := serve(t)
	port := s.Listener.Addr().(*net.TCPAddr).Port
	f := s.fetcher()
	f.Permit = nil // as the program has it
	f.Resolve = func(_ context.Context, host string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("127.0.0.1")}, nil
	}
	var all []string
	for _, host := range []string{"127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "rebound.example", "169.254.169.254", "10.0.0.1"} {
		all = append(all, fmt.Sprintf("https://%s:%d/ok", host, port), fmt.Sprintf("http://%s:%d/ok", host, port))
	}
	if got := f.Fetch(t.Context(), all); len(got) != 0 || len(s.asked) != 0 {
		t.Errorf("%d images, asked %d times", len(got), len(s.asked))
	}
}

// Where nothing may pass unencrypted, images are asked for by https alone, also by way of a
// redirect.
func TestOnlyEncryptedImagesAreAskedFor(t *testing.T) {
	asked := 0
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte(gif))
	}))
	t.Cleanup(plain.Close)
	safe := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hop" {
			http.Redirect(w, r, plain.URL, http.StatusFound)
			return
		}
		_, _ = w.Write([]byte(gif))
	}))
	t.Cleanup(safe.Close)
	roots := x509.NewCertPool()
	roots.AddCert(safe.Certificate())
	all := []string{plain.URL + "/ok", safe.URL + "/ok", safe.URL + "/hop"}
	for encrypted, want := range map[bool]int{false: 3, true: 1} {
		asked = 0
		f := &pictures.Fetcher{Network: provider.Network{Permit: netip.Addr.IsLoopback, Roots: roots}, Ports: func(string) bool { return true }, Encrypted: encrypted}
		got := f.Fetch(t.Context(), all)
		if _, ok := got[safe.URL+"/ok"]; len(got) != want || !ok || encrypted && asked > 0 {
			t.Errorf("encrypted %v: %d images, %d asked for in the clear", encrypted, len(got), asked)
		}
	}
}

// However many a message names, only so many are asked for.
func TestImagesAreBounded(t *testing.T) {
	s := serve(t)
	var all []string
	for i := range 200 {
		all = append(all, fmt.Sprintf("%s/ok%d", s.URL, i))
	}
	if got := s.fetcher().Fetch(t.Context(), all); len(got) != 60 || len(s.asked) != 60 {
		t.Errorf("%d images, asked %d times", len(got), len(s.asked))
	}
}

// Who writes a message chooses where we ask: at the web's own ports alone.
func TestOnlyPortsOfTheWebAreAsked(t *testing.T) {
	s := serve(t)
	f := s.fetcher()
	f.Ports = nil // as the program has it
	if got := f.Fetch(t.Context(), []string{s.URL + "/ok"}); len(got) != 0 || len(s.asked) != 0 {
		t.Errorf("%d images, asked %d times", len(got), len(s.asked))
	}
	for address, want := range map[string]bool{"https://a.example/x": true, "http://a.example/x": true, "https://a.example:443/x": true, "http://a.example:80/x": true,
		"http://a.example:443/x": false, "https://a.example:80/x": false, "http://a.example:25/x": false, "http://a.example:6379/x": false, "https://a.example:0443/x": false} {
		looked := false
		f.Resolve = func(context.Context, string) ([]netip.Addr, error) { looked = true; return nil, nil }
		if f.Fetch(t.Context(), []string{address}); looked != want {
			t.Errorf("%s: %v", address, looked)
		}
	}
}
