package message

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/mail"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Limits bound what is read of one message.
type Limits struct {
	Size   int64 // octets as they come
	Text   int   // octets of its text, and of its HTML, each part
	Header int   // octets of all headers together
	Parts  int   // of which content is kept
	Depth  int   // of parts within parts
}

// Standard are the limits in use.
var Standard = Limits{Size: 25 << 20, Text: 2 << 20, Header: 256 << 10, Parts: 500, Depth: 20}

// Fault is something that is wrong with a message; what could be read is there all
// the same.
type Fault string

// Faults.
const (
	TooLarge    Fault = "too_large"    // the rest was not read
	TextCut     Fault = "text_cut"     // its text is longer than Limits.Text
	HeaderCut   Fault = "header_cut"   // headers past the limit were left out
	HeaderLine  Fault = "header_line"  // a line in a header is no field
	TooMany     Fault = "too_many"     // parts past the limit were left out
	TooDeep     Fault = "too_deep"     // what lies deeper is kept as one file
	NoEnd       Fault = "no_end"       // a part has no end: the message was cut
	Charset     Fault = "charset"      // an unknown charset, or octets that are none of it
	Encoding    Fault = "encoding"     // an unknown or broken transfer encoding
	AddressLine Fault = "address_line" // a list of addresses that is none
)

// Message is what a message says.
type Message struct {
	ID         string   // Message-ID, without its brackets
	InReplyTo  []string // ids, as above
	References []string
	Date       time.Time // zero if there is none
	From       []Address
	ReplyTo    []Address
	To, Cc     []Address
	Subject    secret.Text
	Text       secret.Text // all plain text; of HTML alone, its text
	HTML       secret.Text // as it came: show only what Safe made of it; empty where none came
	Files      []File
	Size       int     // octets that were read of it
	Report     *Report // of a delivery
	Faults     []Fault // each once

	header header
}

// Format, LogValue and MarshalJSON print nothing of a message: headers and files are
// personal throughout.
func (m Message) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, secret.Mask) }
func (m Message) LogValue() slog.Value         { return slog.StringValue(secret.Mask) }
func (m Message) MarshalJSON() ([]byte, error) { return []byte(`"` + secret.Mask + `"`), nil }

// Address is somebody.
type Address struct{ Name, Address secret.Text }

// File is an attachment, or an image that the HTML shows.
type File struct {
	Name      secret.Text // without folders and control characters; may be empty
	MediaType string      // what the message says it is, e.g. image/png
	ContentID string      // by which the HTML names it
	Inline    bool
	Size      int64
	chunks    [][]byte
}

// Format, LogValue and MarshalJSON print nothing of a file.
func (f File) Format(s fmt.State, _ rune)   { _, _ = io.WriteString(s, secret.Mask) }
func (f File) LogValue() slog.Value         { return slog.StringValue(secret.Mask) }
func (f File) MarshalJSON() ([]byte, error) { return []byte(`"` + secret.Mask + `"`), nil }

// Reader reads the content, any number of times.
func (f File) Reader() io.Reader {
	all := make([]io.Reader, len(f.chunks))
	for i, c := range f.chunks {
		all[i] = bytes.NewReader(c)
	}
	return io.MultiReader(all...)
}

// fill reads what the header says.
func (m *Message) fill() {
	h := m.header
	m.ID = first(ids(h.get("Message-Id")))
	m.InReplyTo, m.References = ids(h.get("In-Reply-To")), ids(h.get("References"))
	m.Subject = secret.New(clean(words(h.get("Subject"))))
	m.Date, _ = mail.ParseDate(h.get("Date"))
	m.From, m.ReplyTo = m.addresses("From"), m.addresses("Reply-To")
	m.To, m.Cc = m.addresses("To"), m.addresses("Cc")
}

func (m *Message) fault(f Fault) {
	for _, known := range m.Faults {
		if known == f {
			return
		}
	}
	m.Faults = append(m.Faults, f)
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

const (
	mostIDs       = 200  // of one field
	longestID     = 998  // a line of RFC 5322
	mostAddresses = 1000 // of one field
)

// ids are the message ids of a field: what stands between angle brackets.
func ids(field string) (list []string) {
	for len(list) < mostIDs {
		_, rest, ok := strings.Cut(field, "<")
		if !ok {
			return list
		}
		id, after, ok := strings.Cut(rest, ">")
		if !ok {
			return list
		}
		field = after
		id = strings.Join(strings.Fields(id), "")
		if id != "" && len(id) <= longestID && !strings.ContainsAny(id, "<>\x00") {
			list = append(list, id)
		}
	}
	return list
}

// addresses reads a list of addresses; of one that is none, what looks like some.
func (m *Message) addresses(field string) (list []Address) {
	for _, line := range m.header.all(field) {
		found, err := (&mail.AddressParser{WordDecoder: decoder}).ParseList(line)
		if err != nil {
			m.fault(AddressLine)
			found = likely(line)
		}
		for _, a := range found {
			if len(list) < mostAddresses {
				list = append(list, Address{secret.New(clean(a.Name)), secret.New(clean(a.Address))})
			}
		}
	}
	return list
}

// likely finds addresses in a line that is no list of them.
func likely(line string) (list []*mail.Address) {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("<>,;\"'() \t\r\n", r) }) {
		at := strings.LastIndexByte(word, '@')
		if at > 0 && at < len(word)-1 && len(list) < mostAddresses {
			list = append(list, &mail.Address{Address: word})
		}
	}
	return list
}

// Fields are the fields of its header by name in small letters, the first of each, at
// most so many octets of one.
func (m *Message) Fields(most int) map[string]secret.Text {
	out := make(map[string]secret.Text, len(m.header))
	for _, f := range m.header {
		name := strings.ToLower(f.name)
		if _, there := out[name]; !there {
			value := clean(words(f.value))
			out[name] = secret.New(strings.ToValidUTF8(value[:min(len(value), most)], ""))
		}
	}
	return out
}
