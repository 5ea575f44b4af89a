package wire

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"nubitalk/internal/base/secret"
)

// errGrammar is all that is told of a value that could not be read: what was
// read is personal.
var errGrammar = errors.New("not the grammar of RFC 3261")

// Param is one parameter of a value. Key is in lower case; a value in quotation
// marks stands here without them.
type Param struct{ Key, Value string }

// Params are the parameters of a value, in order.
type Params []Param

// Get gives the value of a parameter whose key is in lower case.
func (p Params) Get(key string) (string, bool) {
	for i := range p {
		if p[i].Key == key {
			return p[i].Value, true
		}
	}
	return "", false
}

// Address is a value such as From has: a name, a URI, parameters.
type Address struct {
	// Display is the name as written, without quotation marks and escapes.
	Display secret.Text
	URI     URI
	Params  Params

	text secret.Text
}

// NewAddress makes one; display and tag may be empty.
func NewAddress(display string, u URI, tag string) Address {
	var b strings.Builder
	if display != "" {
		b.WriteString(Quote(display))
		b.WriteByte(' ')
	}
	b.WriteByte('<')
	b.WriteString(u.Text())
	b.WriteByte('>')
	a := Address{Display: secret.New(display), URI: u}
	if tag != "" {
		b.WriteString(";tag=")
		b.WriteString(tag)
		a.Params = Params{{"tag", tag}}
	}
	a.text = secret.New(b.String())
	return a
}

// Quote writes a quoted string (RFC 3261 §25.1). Control characters become
// spaces.
func Quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Text is the value as it stands in messages.
func (a Address) Text() string { return a.text.Reveal() }

// Empty says whether there is none.
func (a Address) Empty() bool { return a.text.Empty() }

// Tag is the tag parameter, or "".
func (a Address) Tag() string {
	t, _ := a.Params.Get("tag")
	return t
}

// WithTag is the same value with a tag; it must have none yet.
func (a Address) WithTag(tag string) Address {
	text := a.text.Reveal()
	if strings.IndexByte(text, '<') < 0 && a.URI.Params != nil {
		text = "<" + text + ">"
	}
	a.text = secret.New(text + ";tag=" + tag)
	a.Params = append(a.Params[:len(a.Params):len(a.Params)], Param{"tag", tag})
	return a
}

func (a Address) String() string               { return a.URI.String() }
func (a Address) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, a.String()) }
func (a Address) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// ParseAddress reads a name-addr or addr-spec with its parameters.
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	a := Address{text: secret.New(s)}
	rest := s
	display := ""
	if strings.HasPrefix(rest, `"`) {
		q, n, ok := quoted(rest)
		if !ok {
			return Address{}, errGrammar
		}
		display, rest = q, strings.TrimLeft(rest[n:], " \t")
		if !strings.HasPrefix(rest, "<") {
			return Address{}, errGrammar
		}
	} else if lt := strings.IndexByte(rest, '<'); lt >= 0 && !strings.Contains(rest[:lt], ":") {
		display, rest = strings.TrimSpace(rest[:lt]), rest[lt:]
		for word := range strings.FieldsSeq(display) {
			if !isToken(word) {
				return Address{}, errGrammar // RFC 4475 §3.1.2.15
			}
		}
	}
	var uri string
	if strings.HasPrefix(rest, "<") {
		gt := strings.IndexByte(rest, '>')
		if gt < 0 {
			return Address{}, errGrammar
		}
		uri, rest = rest[1:gt], strings.TrimLeft(rest[gt+1:], " \t")
	} else {
		// RFC 3261 §20.10: without brackets, what follows ";" is the field's,
		// and the URI may hold no "?" or ",".
		end := strings.IndexByte(rest, ';')
		if end < 0 {
			end = len(rest)
		}
		uri, rest = strings.TrimRight(rest[:end], " \t"), rest[end:]
		if strings.ContainsAny(uri, "?,") {
			return Address{}, errGrammar
		}
	}
	u, err := ParseURI(uri)
	if err != nil {
		return Address{}, err
	}
	a.URI, a.Display = u, secret.New(display)
	a.Params, err = parseParams(rest)
	return a, err
}

// quoted reads the quoted string at the start of s: its content without escapes,
// and its length with quotation marks.
func quoted(s string) (content string, length int, ok bool) {
	escapes := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			escapes = true
			if i < len(s) && (s[i] == '\r' || s[i] == '\n' || s[i] >= 0x80) {
				return "", 0, false
			}
		case '"':
			content = s[1:i]
			if escapes {
				var b strings.Builder
				for j := 0; j < len(content); j++ {
					if content[j] == '\\' {
						j++
					}
					b.WriteByte(content[j])
				}
				content = b.String()
			}
			return content, i + 1, true
		}
	}
	return "", 0, false
}

// parseParams reads *( SEMI generic-param ), as far as it can, with white space
// where the grammar
// has it.
func parseParams(s string) (Params, error) {
	var params Params
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" {
			return params, nil
		}
		if s[0] != ';' {
			return params, errGrammar
		}
		s = strings.TrimLeft(s[1:], " \t")
		n := tokenLen(s)
		if n == 0 {
			return params, errGrammar
		}
		p := Param{Key: lower(s[:n])}
		s = strings.TrimLeft(s[n:], " \t")
		if strings.HasPrefix(s, "=") {
			s = strings.TrimLeft(s[1:], " \t")
			if strings.HasPrefix(s, `"`) {
				content, length, ok := quoted(s)
				if !ok {
					return params, errGrammar
				}
				p.Value, s = content, s[length:]
			} else {
				n := valueLen(s)
				if n == 0 {
					return params, errGrammar
				}
				p.Value, s = s[:n], s[n:]
			}
		}
		if len(params) >= maxParams {
			return params, errGrammar
		}
		params = append(params, p)
	}
}

// maxParams bounds the parameters of one value.
const maxParams = 64

const (
	classToken = 1 << iota
	classValue
)

// classes says which bytes a token may hold, and which a parameter's value
// (token or host, with IPv6 in brackets, or what is seen in practice: "/", "@").
var classes = func() (t [256]byte) {
	for c := range 256 {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || c < 0x80 && strings.IndexByte("-.!%*_+`'~", byte(c)) >= 0 {
			t[c] |= classToken | classValue
		}
		if c < 0x80 && strings.IndexByte("[]:/@$&#^{}|()?", byte(c)) >= 0 {
			t[c] |= classValue
		}
	}
	return t
}()

func tokenLen(s string) int {
	i := 0
	for i < len(s) && classes[s[i]]&classToken != 0 {
		i++
	}
	return i
}

func valueLen(s string) int {
	i := 0
	for i < len(s) && classes[s[i]]&classValue != 0 {
		i++
	}
	return i
}

func isToken(s string) bool { return s != "" && tokenLen(s) == len(s) }

// split cuts a comma-separated list; commas within quotation marks and angle
// brackets do not count. An empty element is an error (RFC 4475 §3.1.2.1).
func split(s string, visit func(string) error) error {
	start, angle := 0, false
	for i := 0; i <= len(s); i++ {
		if i < len(s) {
			switch s[i] {
			case '"':
				if angle {
					return errGrammar
				}
				_, n, ok := quoted(s[i:])
				if !ok {
					return errGrammar
				}
				i += n - 1
				continue
			case '<':
				angle = true
				continue
			case '>':
				angle = false
				continue
			case ',':
				if angle {
					continue
				}
			default:
				continue
			}
		}
		part := strings.TrimSpace(s[start:i])
		if part == "" {
			return errGrammar
		}
		if err := visit(part); err != nil {
			return err
		}
		start = i + 1
	}
	return nil
}

// Via is one hop that a request took (RFC 3261 §20.42).
type Via struct {
	// Transport is in upper case: UDP, TCP, TLS, or what was written.
	Transport string
	Host      string
	Port      int // 0 where none was written
	Params    Params

	version string
}

// Branch is the branch parameter, or "" where it is none of RFC 3261
// (§8.1.1.7; RFC 4475 §3.2.1).
func (v Via) Branch() string {
	b, _ := v.Params.Get("branch")
	if len(b) <= len(Cookie) || !strings.EqualFold(b[:len(Cookie)], Cookie) {
		return ""
	}
	return b
}

// Cookie begins every branch of RFC 3261.
const Cookie = "z9hG4bK"

// ParseVia reads one value of a Via.
func ParseVia(s string) (Via, error) {
	var v Via
	word := func(end byte) (string, bool) {
		s = strings.TrimLeft(s, " \t")
		n := tokenLen(s)
		w := s[:n]
		s = s[n:]
		if end != 0 {
			s = strings.TrimLeft(s, " \t")
			if s == "" || s[0] != end {
				return "", false
			}
			s = s[1:]
		}
		return w, n > 0
	}
	name, ok1 := word('/')
	version, ok2 := word('/')
	transport, ok3 := word(0)
	if !ok1 || !ok2 || !ok3 || !strings.EqualFold(name, "SIP") {
		return v, errGrammar
	}
	v.Transport, v.version = strings.ToUpper(transport), version
	if s == "" || s[0] != ' ' && s[0] != '\t' {
		return v, errGrammar
	}
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexByte(s, ';')
	if end < 0 {
		end = len(s)
	}
	sentBy := strings.TrimRight(s[:end], " \t")
	if strings.ContainsAny(sentBy, " \t") { // white space around the colon
		sentBy = strings.Join(strings.Fields(sentBy), "")
	}
	if !isHostPort(sentBy) {
		return v, errGrammar
	}
	v.Host, v.Port = cutPort(sentBy)
	var err error
	v.Params, err = parseParams(s[end:])
	return v, err
}

// cutPort takes a valid hostport apart.
func cutPort(s string) (string, int) {
	if strings.HasPrefix(s, "[") {
		host, port, _ := strings.Cut(s[1:], "]")
		n, _ := strconv.Atoi(strings.TrimPrefix(port, ":"))
		return lower(host), n
	}
	host, port, _ := strings.Cut(s, ":")
	n, _ := strconv.Atoi(port)
	return lower(host), n
}
