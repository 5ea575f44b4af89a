package auth

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // MD5 where a phone or trunk knows nothing else (RFC 8760 §2.4)
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/icholy/digest"

	"nubitalk/internal/base/secret"
)

// Secret is what a password is checked with: H(username:realm:password) for each
// algorithm, in hex. The password itself need not be kept.
type Secret struct {
	SHA256 secret.Text
	MD5    secret.Text // empty where MD5 is not allowed
}

// NewSecret makes it of a password.
func NewSecret(username, realm string, password secret.Text, withMD5 bool) Secret {
	a1 := username + ":" + realm + ":" + password.Reveal()
	s := Secret{SHA256: secret.New(hexOf(sha256.New(), a1))}
	if withMD5 {
		s.MD5 = secret.New(hexOf(md5.New(), a1))
	}
	return s
}

func hexOf(h hash.Hash, s string) string {
	h.Write([]byte(s))
	return hex.EncodeToString(h.Sum(nil))
}

// Server makes challenges and checks the replies. Safe for concurrent use.
type Server struct {
	key        [32]byte
	algorithms []string
	life       time.Duration

	mu   sync.Mutex
	used map[string]*uses // nonces that a right password was seen with
	ring []string         // the same, in the order in which they came
	at   int
	// forgotten is the time of the youngest nonce that had to be forgotten:
	// what is not younger is stale, as it may have been used.
	forgotten int64
}

// uses is which counts of a nonce were used: the highest, and the 64 up to it.
type uses struct {
	high uint32
	seen uint64
	made int64
}

// Remembered bounds how many nonces a Server remembers.
const Remembered = 1 << 14

// NewServer makes one. algorithms are those that are offered, the better first;
// a nonce lives for life.
func NewServer(algorithms []string, life time.Duration) *Server {
	s := &Server{algorithms: algorithms, life: life, used: map[string]*uses{}, ring: make([]string, Remembered)}
	_, _ = rand.Read(s.key[:]) // never fails (crypto/rand)
	return s
}

// Challenges gives the values of WWW-Authenticate, the better first (RFC 8760
// §2.3). stale says that the password was right and only the nonce was not.
// only, where given, are those of the Server's algorithms that are offered: some
// phones give up at the first that they do not know. Where the Server has none of
// them, all of its own are.
func (s *Server) Challenges(realm string, stale bool, now time.Time, only ...string) []string {
	if !slices.ContainsFunc(only, func(a string) bool { return slices.Contains(s.algorithms, a) }) {
		only = nil
	}
	nonce := s.nonce(now)
	values := make([]string, 0, len(s.algorithms))
	for _, a := range s.algorithms {
		if len(only) > 0 && !slices.Contains(only, a) {
			continue
		}
		c := digest.Challenge{Realm: realm, Nonce: nonce, Algorithm: a, QOP: []string{"auth"}, Stale: stale}
		values = append(values, c.String())
	}
	return values
}

// nonce is the time, randomness and a seal over both.
func (s *Server) nonce(now time.Time) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMicro()))
	_, _ = rand.Read(b[8:16])
	copy(b[16:], s.seal(b[:16]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (s *Server) seal(b []byte) []byte {
	h := hmac.New(sha256.New, s.key[:])
	h.Write(b)
	return h.Sum(nil)[:16]
}

// made opens a nonce: when it was made; false for one that is not ours.
func (s *Server) made(nonce string) (int64, bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || subtle.ConstantTimeCompare(b[16:], s.seal(b[:16])) != 1 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b[:8])), true
}

// Result is what a check found.
type Result struct {
	// User is whose password was proven, or "".
	User string
	// Tried says that there were credentials for the realm, with a nonce of this
	// Server: one of an earlier process proves nothing against who shows it.
	Tried bool
	// Stale says that they were right but for the nonce, which is too old or was
	// used before: a new challenge with stale=true finds the right answer.
	Stale bool
}

// Check looks at the values of Authorization of one request. lookup gives the
// Secret of an account. Who asks for an account that does not exist waits as
// long and gets the same answer as one with a wrong password.
func (s *Server) Check(values []string, realm, method, uri string, now time.Time, lookup func(username string) (Secret, bool)) Result {
	for _, v := range values {
		if len(v) > 4096 || !digest.IsDigest(v) {
			continue // RFC 4475 §3.3.7
		}
		c, err := digest.ParseCredentials(v)
		if err != nil || c.Realm != realm {
			continue
		}
		return s.check(c, method, uri, now, lookup)
	}
	return Result{}
}

func (s *Server) check(c *digest.Credentials, method, uri string, now time.Time, lookup func(string) (Secret, bool)) Result {
	algorithm := strings.ToUpper(c.Algorithm)
	if algorithm == "" {
		algorithm = MD5
	}
	if !slices.Contains(s.algorithms, algorithm) || c.Userhash || c.Username == "" ||
		!strings.EqualFold(c.QOP, "auth") || c.Nc <= 0 || int64(c.Nc) > 1<<32-1 || c.Cnonce == "" || c.URI != uri {
		return Result{Tried: true}
	}
	made, ours := s.made(c.Nonce)
	known, found := lookup(c.Username)
	a1, h := known.SHA256, sha256.New
	if algorithm == MD5 {
		a1, h = known.MD5, md5.New
	}
	if !found || a1.Empty() {
		found, a1 = false, secret.New(strings.Repeat("0", 2*h().Size()))
	}
	want := responseOf(h, a1.Reveal(), c, method)
	right := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(c.Response))) == 1
	if !right || !found || !ours {
		return Result{Tried: ours}
	}
	if now.UnixMicro()-made > s.life.Microseconds() || !s.use(c.Nonce, uint32(c.Nc), made) {
		return Result{Tried: true, Stale: true}
	}
	return Result{User: c.Username, Tried: true}
}

// responseOf is request-digest of RFC 7616 §3.4.1 with qop=auth.
func responseOf(h func() hash.Hash, a1 string, c *digest.Credentials, method string) string {
	a2 := hexOf(h(), method+":"+c.URI)
	var nc [4]byte
	binary.BigEndian.PutUint32(nc[:], uint32(c.Nc))
	return hexOf(h(), strings.Join([]string{a1, c.Nonce, hex.EncodeToString(nc[:]), c.Cnonce, "auth", a2}, ":"))
}

// use says whether a nonce's count is used for the first time, and remembers it.
func (s *Server) use(nonce string, count uint32, made int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.used[nonce]
	if u == nil {
		if made <= s.forgotten {
			return false
		}
		if old := s.ring[s.at]; old != "" {
			s.forgotten = max(s.forgotten, s.used[old].made)
			delete(s.used, old)
		}
		u = &uses{made: made}
		s.used[nonce], s.ring[s.at] = u, nonce
		s.at = (s.at + 1) % len(s.ring)
	}
	switch {
	case count > u.high:
		if shift := count - u.high; shift < 64 {
			u.seen = u.seen<<shift | 1
		} else {
			u.seen = 1
		}
		u.high = count
		return true
	case u.high-count >= 64 || u.seen&(1<<(u.high-count)) != 0:
		return false
	}
	u.seen |= 1 << (u.high - count)
	return true
}
