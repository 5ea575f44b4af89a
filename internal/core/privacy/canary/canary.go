package canary

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// MinLength is the least length of a canary in bytes. A shorter one is found by
// chance: two base64 characters less than a full alignment stay of it.
const MinLength = 8

// Canary is a value to look for.
type Canary struct {
	Name  string // what reports call it; the value itself is never reported
	Value string
}

// Find is one place where a canary was seen.
type Find struct {
	Canary string // its name
	Form   string // "raw", "base64", "utf-16le", …
	Offset int64  // of its first byte
}

func (f Find) String() string { return fmt.Sprintf("%s as %s at byte %d", f.Canary, f.Form, f.Offset) }

// Scanner looks for all forms of some canaries.
type Scanner struct {
	patterns []pattern
	// first lists, for each byte, the patterns that begin with it, so that one
	// pass over the data looks at most bytes once.
	first   [256][]int32
	longest int
}

type pattern struct {
	bytes        []byte
	canary, form string
}

// New makes a Scanner. Values shorter than MinLength, and none at all, are
// errors: such a scan would prove nothing.
func New(canaries ...Canary) (*Scanner, error) {
	if len(canaries) == 0 {
		return nil, errors.New("canary: nothing to look for")
	}
	s := &Scanner{}
	for _, c := range canaries {
		if len(c.Value) < MinLength {
			return nil, fmt.Errorf("canary: %s is shorter than %d bytes", c.Name, MinLength)
		}
		for _, v := range writings(c.Value) {
			s.addForms(c.Name, v)
		}
	}
	for i, p := range s.patterns {
		s.first[p.bytes[0]] = append(s.first[p.bytes[0]], int32(i))
		s.longest = max(s.longest, len(p.bytes))
	}
	return s, nil
}

// writings are the texts that say the same: composed or not, any simple case.
func writings(v string) []string {
	out := []string{v, norm.NFC.String(v), norm.NFD.String(v), strings.ToLower(v), strings.ToUpper(v)}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *Scanner) add(canary, form string, b []byte) {
	for _, p := range s.patterns {
		if bytes.Equal(p.bytes, b) {
			return
		}
	}
	s.patterns = append(s.patterns, pattern{b, canary, form})
}

func (s *Scanner) addForms(name, v string) {
	raw := []byte(v)
	s.add(name, "raw", raw)
	for form, b := range map[string][]byte{
		"hex":      []byte(hex.EncodeToString(raw)),
		"utf-16le": utf16Bytes(v, false),
		"utf-16be": utf16Bytes(v, true),
	} {
		s.add(name, form, b)
	}
	s.add(name, "hex", []byte(strings.ToUpper(hex.EncodeToString(raw))))
	s.add(name, "url", []byte(url.QueryEscape(v)))
	s.add(name, "url", []byte(url.PathEscape(v)))
	quoted, _ := json.Marshal(v) // a string always has a JSON form
	s.add(name, "json", bytes.Trim(quoted, `"`))
	s.add(name, "json", asciiJSON(v))
	for shift := range 3 {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			s.add(name, "base64", aligned(enc, raw, shift))
			// UTF-16 inside base64 is how some protocols and dumps carry text.
			s.add(name, "base64 of utf-16le", aligned(enc, utf16Bytes(v, false), shift))
		}
	}
}

// aligned gives the base64 characters that depend on raw alone when it stands
// shift bytes after a multiple of three.
func aligned(enc *base64.Encoding, raw []byte, shift int) []byte {
	padded := append(make([]byte, shift), raw...)
	text := enc.WithPadding(base64.NoPadding).EncodeToString(padded)
	from := (shift*8 + 5) / 6    // the first character without a bit of what stands before
	to := (len(padded) * 8) / 6  // after the last without a bit of what follows
	return []byte(text[from:to]) // at least MinLength-2 characters
}

func utf16Bytes(v string, big bool) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(v)) {
		lo, hi := byte(u), byte(u>>8)
		if big {
			lo, hi = hi, lo
		}
		out = append(out, lo, hi)
	}
	return out
}

// asciiJSON escapes everything beyond ASCII, as some encoders do.
func asciiJSON(v string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(v)) {
		if u < 0x80 {
			out = append(out, byte(u))
		} else {
			out = fmt.Appendf(out, `\u%04x`, u)
		}
	}
	return out
}

// Bytes answers every find in b.
func (s *Scanner) Bytes(b []byte) []Find { return s.find(nil, b, 0, len(b)) }

// find looks for patterns that begin before end.
func (s *Scanner) find(out []Find, b []byte, base int64, end int) []Find {
	for i := range end {
		for _, n := range s.first[b[i]] {
			if p := &s.patterns[n]; bytes.HasPrefix(b[i:], p.bytes) {
				out = append(out, Find{p.canary, p.form, base + int64(i)})
			}
		}
	}
	return out
}

// Reader answers every find in what r gives, in pieces, so that files of any
// size can be searched.
func (s *Scanner) Reader(r io.Reader) ([]Find, error) {
	var out []Find
	buf := make([]byte, 1<<20+s.longest)
	have, base := 0, int64(0)
	for {
		n, err := io.ReadFull(r, buf[have:])
		have += n
		last := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !last {
			return out, err
		}
		if last {
			return s.find(out, buf[:have], base, have), nil
		}
		end := have - s.longest + 1 // whatever begins later may not be whole yet
		out = s.find(out, buf[:have], base, end)
		base += int64(end)
		have = copy(buf, buf[end:have])
	}
}
