package negotiate

import (
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"strings"

	"nubitalk/internal/base/secret"
)

// Suite is a crypto suite of SDES.
type Suite uint8

const (
	None      Suite = iota // plain RTP
	AES256GCM              // RFC 7714
	AES128GCM
	AESCM80 // RFC 4568 section 6.2
	AESCM32
)

// Suites are all, the strongest first.
var suites = []Suite{AES256GCM, AES128GCM, AESCM80, AESCM32}

// Suites gives all suites, the strongest first.
func Suites() []Suite { return append([]Suite(nil), suites...) }

// Strong gives those that seal and authenticate in one, with tags of 128 bits (RFC 7714).
func Strong() []Suite { return []Suite{AES256GCM, AES128GCM} }

type suiteFacts struct {
	name      string
	key, salt int // octets
}

var facts = [...]suiteFacts{
	None:      {"", 0, 0},
	AES256GCM: {"AEAD_AES_256_GCM", 32, 12},
	AES128GCM: {"AEAD_AES_128_GCM", 16, 12},
	AESCM80:   {"AES_CM_128_HMAC_SHA1_80", 16, 14},
	AESCM32:   {"AES_CM_128_HMAC_SHA1_32", 16, 14},
}

// String is the suite's registered name; "" is plain RTP.
func (s Suite) String() string { return facts[s].name }

// KeyLen and SaltLen are in octets.
func (s Suite) KeyLen() int  { return facts[s].key }
func (s Suite) SaltLen() int { return facts[s].salt }

// Key is a master key followed by its salt, with the identifier that each
// packet carries, if any.
type Key struct {
	Material secret.Bytes
	MKI      string // raw octets
}

// Equal says whether two keys are the same.
func (k Key) Equal(o Key) bool {
	return k.MKI == o.MKI && k.Material.Equal(o.Material)
}

// crypto is a line of SDES that we could use.
type crypto struct {
	tag   string
	suite Suite
	key   Key
}

// readCrypto reads a=crypto (RFC 4568 section 9.1). It says no to what is
// malformed, unknown, or asks for anything but the whole of the suite: less
// encryption, several keys, key derivation at a rate.
func readCrypto(value string) (crypto, bool) {
	f := strings.Fields(value)
	if len(f) < 3 || f[0] == "" || len(f[0]) > 9 || strings.Trim(f[0], "0123456789") != "" {
		return crypto{}, false
	}
	c := crypto{tag: f[0]}
	for _, s := range suites {
		if strings.EqualFold(f[1], s.String()) {
			c.suite = s
		}
	}
	material, ok := strings.CutPrefix(f[2], "inline:")
	if c.suite == None || !ok || strings.Contains(material, ";") {
		return crypto{}, false
	}
	for _, parameter := range f[3:] {
		// A window's size is the receiver's own matter; what begins with a minus
		// may be passed over (section 9.2).
		if !strings.HasPrefix(parameter, "WSH=") && !strings.HasPrefix(parameter, "-") {
			return crypto{}, false
		}
	}
	parts := strings.Split(material, "|")
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(parts[0], "="))
	if err != nil || len(raw) != c.suite.KeyLen()+c.suite.SaltLen() || len(parts) > 3 {
		return crypto{}, false
	}
	c.key.Material = secret.NewBytes(raw)
	for _, part := range parts[1:] { // a lifetime is longer than any call of ours, or the sender's own matter
		if number, length, isMKI := strings.Cut(part, ":"); isMKI {
			if c.key.MKI, ok = readMKI(number, length); !ok {
				return crypto{}, false
			}
		}
	}
	return c, true
}

// readMKI reads value:length, where length is in octets.
func readMKI(number, length string) (string, bool) {
	n, err := strconv.ParseUint(length, 10, 8)
	if err != nil || n == 0 || n > 128 {
		return "", false
	}
	v, err := strconv.ParseUint(number, 10, 64)
	if err != nil || n < 8 && v>>(8*n) != 0 {
		return "", false
	}
	mki := make([]byte, n)
	for i := len(mki) - 1; i >= 0 && v > 0; i-- {
		mki[i] = byte(v)
		v >>= 8
	}
	return string(mki), true
}

// line writes a=crypto's value.
func (c crypto) line() string {
	return fmt.Sprintf("%s %s inline:%s", c.tag, c.suite, base64.StdEncoding.EncodeToString(c.key.Material.Reveal()))
}

func newKey(random io.Reader, s Suite) (Key, error) {
	b := make([]byte, s.KeyLen()+s.SaltLen())
	if _, err := io.ReadFull(random, b); err != nil {
		return Key{}, fmt.Errorf("making a key for SRTP: %w", err)
	}
	return Key{Material: secret.NewBytes(b)}, nil
}
