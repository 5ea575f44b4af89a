package message

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// field is one of a header, unfolded.
type field struct{ name, value string }

// header is fields in their order.
type header []field

func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h header) all(name string) (list []string) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			list = append(list, f.value)
		}
	}
	return list
}

// take adds a field that was unfolded; false for what is none.
func (h *header) take(line []byte) bool {
	name, value, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 || bytes.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return false
	}
	*h = append(*h, field{string(name), strings.TrimSpace(text(value))})
	return true
}

// text is a header's octets as text: UTF-8 (RFC 6532), else Latin, as old programs
// write.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := encoded("windows-1252").NewDecoder().String(string(b)) // takes any octets
	return s
}

// decoder reads encoded words (RFC 2047) in any charset that is known.
var decoder = &mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
	e := encoded(name)
	if e == nil {
		return nil, fmt.Errorf("unknown charset %q", name)
	}
	return e.NewDecoder().Reader(r), nil
}}

// words is a field with its encoded words read; those that cannot be stay.
func words(s string) string {
	out, err := decoder.DecodeHeader(s)
	if err != nil {
		return s
	}
	return out
}

// encoded is a charset by any of its names; nil if it is unknown.
func encoded(name string) encoding.Encoding {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), `"'`))
	switch name {
	case "", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "8bit", "iso-8859-1", "latin1":
		name = "windows-1252" // a superset, and what they mean (WHATWG Encoding)
	case "utf8", "utf_8", "x-utf_8j", "cp65001":
		name = "utf-8"
	case "ks_c_5601-1987", "cp949", "ms949":
		name = "euc-kr"
	case "cp932", "ms932":
		name = "shift_jis"
	case "cp936":
		name = "gbk"
	case "iso-8859-8-i":
		name = "iso-8859-8"
	}
	if e, err := htmlindex.Get(name); err == nil && e != encoding.Replacement {
		return e
	}
	if strings.HasPrefix(name, "cp") && len(name) == 6 {
		if e, err := htmlindex.Get("windows-" + name[2:]); err == nil {
			return e
		}
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil && e != nil {
		return e
	}
	return nil
}

// clean leaves of a line what may be shown in one: no control characters, and none
// that turn the direction of what follows.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r), r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, r == 0x200E, r == 0x200F:
			return -1
		}
		return r
	}, s))
}

// mediaType reads a Content-Type or a Content-Disposition, and of one that is broken
// what can be read.
func mediaType(value string) (kind string, params map[string]string) {
	kind, params, err := mime.ParseMediaType(value)
	if err == nil || kind != "" && params != nil {
		return kind, params
	}
	parts := strings.Split(value, ";")
	params = map[string]string{}
	for _, p := range parts[1:] {
		if k, v, ok := strings.Cut(p, "="); ok {
			params[strings.ToLower(strings.TrimSpace(k))] = strings.Trim(strings.TrimSpace(v), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(parts[0])), params
}

const longestName = 200 // octets

// fileName is a name of a file without folders.
func fileName(s string) string {
	s = clean(words(s))
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	for len(s) > longestName {
		_, n := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-n]
	}
	if strings.Trim(s, ".") == "" {
		return ""
	}
	return s
}
