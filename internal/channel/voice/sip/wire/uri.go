package wire

import (
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"

	sipgo "github.com/emiago/sipgo/sip"

	"nubitalk/internal/base/secret"
)

// URI is a SIP, SIPS or other address (RFC 3261 §19.1). It shows as its scheme
// and host; Text is for the wire.
type URI struct {
	// Scheme is in lower case: "sip", "sips", "tel" or what else was written.
	Scheme string
	// User is the part before the @, as written: with its escapes, without a
	// password. Of a tel URI it is the number.
	User secret.Text
	// Host is a name or an address; an IPv6 address stands without brackets.
	Host string
	// Port is 0 where none was written.
	Port   int
	Params Params
	// Headers says that the URI brings header fields (the part after "?").
	Headers bool

	text secret.Text
}

// NewURI makes a SIP URI; user may be empty and port 0. transport, if not UDP or
// empty, becomes the parameter of that name.
func NewURI(scheme, user, host string, port int, transport string) URI {
	var b strings.Builder
	b.WriteString(scheme)
	b.WriteByte(':')
	if user != "" {
		b.WriteString(escapeUser(user))
		b.WriteByte('@')
	}
	writeHost(&b, host, port)
	if transport != "" && transport != UDP && scheme != "sips" {
		b.WriteString(";transport=")
		b.WriteString(strings.ToLower(transport))
	}
	u, err := ParseURI(b.String())
	if err != nil {
		return URI{}
	}
	return u
}

// escapeUser writes a user part so that it stays one (RFC 3261 §25.1,
// "user": unreserved and user-unreserved).
func escapeUser(user string) string {
	plain := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0
	}
	for i := range len(user) {
		if !plain(user[i]) {
			var b strings.Builder
			for j := range len(user) {
				if c := user[j]; plain(c) {
					b.WriteByte(c)
				} else {
					fmt.Fprintf(&b, "%%%02X", c)
				}
			}
			return b.String()
		}
	}
	return user
}

func writeHost(b *strings.Builder, host string, port int) {
	if strings.IndexByte(host, ':') >= 0 {
		b.WriteByte('[')
		b.WriteString(host)
		b.WriteByte(']')
	} else {
		b.WriteString(host)
	}
	if port > 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(port))
	}
}

// HostPort writes a host and port as they stand in a URI or a Via; port 0 is
// left out.
func HostPort(host string, port int) string {
	var b strings.Builder
	writeHost(&b, host, port)
	return b.String()
}

// Text is the URI as it stands in messages.
func (u URI) Text() string { return u.text.Reveal() }

// Empty says whether there is none.
func (u URI) Empty() bool { return u.text.Empty() }

// SIP says whether it is a SIP or SIPS URI.
func (u URI) SIP() bool { return u.Scheme == "sip" || u.Scheme == "sips" }

// Transport is the transport that the URI asks for: UDP, TCP, TLS, or "" where
// it leaves the choice (RFC 3261 §19.1.1, RFC 3263 §4.1).
func (u URI) Transport() string {
	t, _ := u.Params.Get("transport")
	t = strings.ToUpper(t)
	if u.Scheme == "sips" || t == TLS {
		return TLS
	}
	return t
}

func (u URI) String() string               { return u.Scheme + ":" + secret.Mask + "@" + u.Host }
func (u URI) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, u.String()) }
func (u URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// ParseURI reads a URI. A scheme other than sip, sips and tel is taken as it is,
// with nothing known of its parts.
func ParseURI(s string) (URI, error) {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !isScheme(scheme) || rest == "" {
		return URI{}, errGrammar
	}
	u := URI{Scheme: lower(scheme), text: secret.New(s)}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '<' || c == '>' || c == '"' || c == '\\' {
			return URI{}, errGrammar
		}
	}
	if !escapesAreWhole(s) {
		return URI{}, errGrammar
	}
	switch u.Scheme {
	case "sip", "sips":
	case "tel":
		number, params, _ := strings.Cut(rest, ";")
		u.User = secret.New(number)
		return u, uriParams(params, &u.Params)
	default:
		return u, nil
	}
	// What follows "?" may hold an @, which sipgo would take for the end of the
	// user part; before the @, a "?" is of the user part.
	head := s
	end := strings.LastIndexByte(s, '@')
	if q := strings.IndexByte(s, '?'); q >= 0 && q < end && strings.IndexByte(s[:q], '@') >= 0 {
		head, u.Headers = s[:q], true
	} else if q := strings.IndexByte(s[end+1:], '?'); q >= 0 {
		head, u.Headers = s[:end+1+q], true
	}
	// sipgo gets what stands before the parameters: those are read here.
	after := strings.LastIndexByte(head, '@') + 1
	plain, params := head, ""
	if semi := strings.IndexByte(head[after:], ';'); semi >= 0 {
		plain, params = head[:after+semi], head[after+semi+1:]
	}
	var parsed sipgo.Uri
	if err := sipgo.ParseUri(plain, &parsed); err != nil {
		return URI{}, errGrammar
	}
	u.Host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(parsed.Host, "["), "]"))
	u.Port = parsed.Port
	u.User = secret.New(parsed.User)
	if after > 0 && parsed.User == "" || !isHostPort(plain[max(after, len(scheme)+1):]) || parsed.HierarhicalSlashes {
		return URI{}, errGrammar
	}
	return u, uriParams(params, &u.Params)
}

// isHostPort is "hostport" of RFC 3261 §25.1.
func isHostPort(s string) bool {
	host, port := s, ""
	colon := strings.LastIndexByte(s, ':')
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		a, err := netip.ParseAddr(s[1:end])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return false
		}
		if end+1 == len(s) {
			return true
		}
		if s[end+1] != ':' {
			return false
		}
		return isPort(s[end+2:])
	}
	if colon >= 0 {
		host, port = s[:colon], s[colon+1:]
		if !isPort(port) {
			return false
		}
	}
	return isHostName(host)
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && s[0] != '+'
}

func isHostName(s string) bool {
	if s == "" || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.')) {
			return false
		}
	}
	return s != ""
}

func escapesAreWhole(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			continue
		}
		if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func uriParams(s string, into *Params) error {
	if s == "" {
		return nil
	}
	for p := range strings.SplitSeq(s, ";") {
		if p == "" {
			continue // seen in the field, and without meaning
		}
		k, v, _ := strings.Cut(p, "=")
		*into = append(*into, Param{lower(k), v})
	}
	return nil
}

func lower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			return strings.ToLower(s)
		}
	}
	return s
}
