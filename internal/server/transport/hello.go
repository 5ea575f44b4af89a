package transport

import (
	"context"
	"crypto/ecdh"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"nubitalk/internal/server/config"
	"nubitalk/internal/vault"
)

// helloEvery is how often keys of Encrypted Client Hello are read again: another node
// may have made the next.
const helloEvery = time.Minute

// HelloKeys reads the keys of Encrypted Client Hello, the newest first; none while there
// is no operator yet.
type HelloKeys func(context.Context) ([]vault.HelloKey, error)

// hello hides in the handshake which host a browser wants (Encrypted Client Hello,
// RFC 9849): on the wire stands the public name.
type hello struct {
	public string
	places []place
	read   HelloKeys
	log    *slog.Logger
	keys   atomic.Pointer[[]tls.EncryptedClientHelloKey] // the newest first
	told   string
}

// UseHello gives the keys, and reads them once, so that no browser is told that there
// are none. Call it before Start.
func (s *Source) UseHello(ctx context.Context, c *config.Config, read HelloKeys, log *slog.Logger) error {
	if c.TLS.ECH == "" || s.config == nil {
		return nil
	}
	h := &hello{public: c.TLS.ECH, places: places(c), read: read, log: log}
	h.keys.Store(&[]tls.EncryptedClientHelloKey{})
	if err := h.load(ctx); err != nil {
		return err
	}
	s.hello = h
	s.config.GetEncryptedClientHelloKeys = func(*tls.ClientHelloInfo) ([]tls.EncryptedClientHelloKey, error) { return *h.keys.Load(), nil }
	return nil
}

func (h *hello) look(ctx context.Context) {
	if err := h.load(ctx); err != nil && ctx.Err() == nil {
		h.log.Warn("the keys of Encrypted Client Hello cannot be read; those of before stay", "error", err)
	}
}

func (h *hello) load(ctx context.Context) error {
	keys, err := h.read(ctx)
	if err != nil {
		return err
	}
	out := []tls.EncryptedClientHelloKey{} // not nil, as crypto/tls asks
	for i, k := range keys {
		key, err := ecdh.X25519().NewPrivateKey(k.Key.Reveal())
		if err != nil {
			return fmt.Errorf("a key of Encrypted Client Hello: %w", err)
		}
		out = append(out, tls.EncryptedClientHelloKey{Config: helloConfig(byte(k.Number), key.PublicKey(), h.public), PrivateKey: key.Bytes(), SendAsRetry: i == 0})
	}
	h.keys.Store(&out)
	if record := h.config(); record != h.told {
		h.told = record
		for _, r := range h.records() {
			h.log.Info("browsers use Encrypted Client Hello where DNS has this record", "record", r)
		}
	}
	return nil
}

// helloConfig is an ECHConfig (RFC 9849 §4): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, and
// AES-128-GCM or ChaCha20-Poly1305.
func helloConfig(number byte, key *ecdh.PublicKey, public string) []byte {
	b := []byte{number, 0x00, 0x20}
	b = binary.BigEndian.AppendUint16(b, uint16(len(key.Bytes())))
	b = append(b, key.Bytes()...)
	b = append(b, 0, 8, 0, 1, 0, 1, 0, 1, 0, 3)
	b = append(b, 0) // the longest name is not told; clients fill up to some size by themselves
	b = append(b, byte(len(public)))
	b = append(b, public...)
	b = append(b, 0, 0) // no extensions
	return append(binary.BigEndian.AppendUint16([]byte{0xfe, 0x0d}, uint16(len(b))), b...)
}

// config is the ECHConfigList in force as DNS has it (RFC 9848 §3); "" while there are
// no keys.
func (h *hello) config() string {
	keys := *h.keys.Load()
	if len(keys) == 0 {
		return ""
	}
	list := binary.BigEndian.AppendUint16(nil, uint16(len(keys[0].Config)))
	return base64.StdEncoding.EncodeToString(append(list, keys[0].Config...))
}

// records are the lines of DNS that have browsers use it (RFC 9460 §9, RFC 9848 §3).
func (h *hello) records() (out []string) {
	list := h.config()
	if list == "" {
		return nil
	}
	for _, p := range h.places {
		out = append(out, fmt.Sprintf(`%s 300 IN HTTPS 1 %s alpn="h2" ech="%s"`, p.owner, p.target, list))
	}
	return out
}

// Hello are the records of DNS that have browsers use Encrypted Client Hello; none where
// it is not set up.
func (s *Source) Hello() []string {
	if s.hello == nil {
		return nil
	}
	return s.hello.records()
}

// place is where a record stands and where it leads.
type place struct{ owner, target string }

// places are those of the hosts that browsers come to; of a port of its own with that in
// front (RFC 9460 §2.3).
func places(c *config.Config) (out []place) {
	add := func(host, port string) {
		p := place{host + ".", "."}
		if port != "" && port != "443" {
			p = place{"_" + port + "._https." + host + ".", host + "."}
		}
		if host != "" && host != c.TLS.ECH && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	for _, address := range []string{c.URL, c.Visitors} {
		if u, err := url.Parse(address); err == nil {
			add(u.Hostname(), u.Port())
		}
	}
	if c.URL == "" {
		for _, d := range c.TLS.ACME.Domains {
			add(d, "")
		}
	}
	return out
}
