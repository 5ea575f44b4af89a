package pictures

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"nubitalk/internal/channel/email/provider"
)

// Bounds of one message's images.
const (
	mostImages = 60
	mostOctets = 3 << 20  // of one
	mostOfAll  = 12 << 20 // together
	mostTime   = 12 * time.Second
	atOnce     = 6
	mostHops   = 3
)

// Image is an image that was fetched.
type Image struct {
	MediaType string
	Octets    []byte
}

// Fetcher fetches images by a network. Its zero value asks public addresses by the
// system's resolver, at the ports of the web.
type Fetcher struct {
	provider.Network
	// Ports says which others may be asked; nil: none. Who writes a message chooses where
	// we ask: not at doors that are no web's.
	Ports func(port string) bool
	// Encrypted has images asked for by https alone.
	Encrypted bool
}

// Fetch gives the images by their addresses; those that cannot be had, or are none that
// is shown, are not in it.
func (f *Fetcher) Fetch(ctx context.Context, addresses []string) map[string]Image {
	ctx, cancel := context.WithTimeout(ctx, mostTime)
	defer cancel()
	client := f.client()
	defer client.CloseIdleConnections()
	var (
		running sync.WaitGroup
		mu      sync.Mutex
		size    int
		out     = map[string]Image{}
		turns   = make(chan struct{}, atOnce)
		asked   = map[string]bool{}
	)
	for _, address := range addresses {
		if asked[address] || len(asked) == mostImages {
			continue
		}
		asked[address] = true
		running.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			mu.Lock()
			full := size >= mostOfAll
			mu.Unlock()
			if full {
				return
			}
			image, ok := f.one(ctx, client, address)
			if !ok {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if size+len(image.Octets) <= mostOfAll {
				size += len(image.Octets)
				out[address] = image
			}
		})
	}
	running.Wait()
	return out
}

// one fetches one image. Why it cannot be had is said to nobody: what is wrong with a
// stranger's server tells a stranger of ours.
func (f *Fetcher) one(ctx context.Context, client *http.Client, address string) (Image, bool) {
	u, err := url.Parse(address)
	if err != nil || !f.asks(u) {
		return Image{}, false
	}
	u.User, u.Fragment = nil, ""
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return Image{}, false
	}
	q.Header.Set("Accept", "image/png, image/jpeg, image/gif, image/webp")
	q.Header.Set("User-Agent", "Mozilla/5.0") // as all that fetch images say
	p, err := client.Do(q)
	if err != nil {
		return Image{}, false
	}
	defer func() { _ = p.Body.Close() }()
	if p.StatusCode != http.StatusOK || p.ContentLength > mostOctets {
		return Image{}, false
	}
	octets, err := io.ReadAll(io.LimitReader(p.Body, mostOctets+1))
	if err != nil || len(octets) > mostOctets {
		return Image{}, false
	}
	kind := http.DetectContentType(octets) // what it is, whatever it is called
	return Image{kind, octets}, shown[kind]
}

// shown are the types of images that a message may show. SVG is a document and not
// among them.
var shown = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

func (f *Fetcher) asks(u *url.URL) bool {
	usual := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	if usual == "" || u.Hostname() == "" || f.Encrypted && u.Scheme != "https" {
		return false
	}
	port := u.Port()
	return port == "" || port == usual || f.Ports != nil && f.Ports(port)
}

var errNot = errors.New("not to be asked")

// client asks without cookies, by no proxy, and tells nobody where it comes from.
func (f *Fetcher) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            f.dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: f.Roots},
			DisableCompression:     true, // an image is as large as it is sent
			MaxResponseHeaderBytes: 16 << 10,
			MaxConnsPerHost:        atOnce,
		},
		CheckRedirect: func(q *http.Request, before []*http.Request) error {
			if len(before) > mostHops || !f.asks(q.URL) || q.URL.User != nil {
				return errNot
			}
			q.Header.Del("Referer")
			return nil
		},
	}
}

func (f *Fetcher) dial(ctx context.Context, _, hostPort string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	found, err := f.Find(ctx, host)
	if err != nil || len(found) == 0 {
		return nil, errNot
	}
	var plain net.Dialer
	return plain.DialContext(ctx, "tcp", net.JoinHostPort(found[0].String(), port))
}
