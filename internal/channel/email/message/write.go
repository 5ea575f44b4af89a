package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"nubitalk/internal/base/secret"
)

// Draft is a message to be written.
type Draft struct {
	ID         string // without its brackets
	InReplyTo  string
	References []string
	Beside     []string // other messages that it answers as well
	Date       time.Time
	From       Address
	To, Cc     []Address
	Subject    secret.Text
	Text       secret.Text
	HTML       secret.Text // beside the text, which says the same; may be empty
	Files      []Attached
	// Automatic: no person wrote it (RFC 3834, 5).
	Automatic bool
}

// Attached is a file of a message to be written.
type Attached struct {
	Name      secret.Text
	MediaType string
	Octets    secret.Bytes
	ContentID string // by which the HTML shows it; "": it stands beside the text
}

// Write gives the octets of a message (RFC 5322, 2045, 2047, 2183): plain text, with its
// HTML (multipart/alternative), the images that this shows (multipart/related) and files
// (multipart/mixed) where there are some. Nothing in a draft becomes a header of its own:
// control characters are left out.
func Write(d Draft) []byte {
	var out bytes.Buffer
	put := func(name, value string) {
		if value != "" {
			out.WriteString(name + ": " + value + "\r\n")
		}
	}
	put("Date", d.Date.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	put("From", listed([]Address{d.From}))
	put("To", listed(d.To))
	put("Cc", listed(d.Cc))
	put("Subject", folded(strings.Fields(mime.QEncoding.Encode("utf-8", visible(d.Subject.Reveal())))))
	put("Message-ID", bracketed(d.ID))
	parents := bracketed(d.InReplyTo)
	for _, one := range d.Beside {
		parents += "\r\n " + bracketed(one)
	}
	put("In-Reply-To", parents)
	var refs []string
	for _, r := range d.References {
		refs = append(refs, bracketed(r))
	}
	put("References", strings.Join(refs, "\r\n "))
	if d.Automatic {
		put("Auto-Submitted", "auto-replied")
	}
	put("MIME-Version", "1.0")
	d.body(&out)
	return out.Bytes()
}

// body writes the header fields that say what the body is, and the body.
func (d Draft) body(out *bytes.Buffer) {
	beside, shown := d.parted()
	if len(beside) == 0 {
		d.words(out, shown)
		return
	}
	between := d.multipart(out, "mixed")
	between()
	d.words(out, shown)
	for _, f := range beside {
		between()
		f.write(out)
	}
	d.end(out, "mixed")
}

// parted are the files that stand beside the text, and those that its HTML shows.
func (d Draft) parted() (beside, shown []Attached) {
	for _, f := range d.Files {
		if f.ContentID != "" && !d.HTML.Empty() {
			shown = append(shown, f)
		} else {
			beside = append(beside, f)
		}
	}
	return beside, shown
}

// write writes a file as a part.
func (f Attached) write(out *bytes.Buffer) {
	kind, _, err := mime.ParseMediaType(f.MediaType)
	if err != nil || strings.HasPrefix(kind, "multipart/") || strings.HasPrefix(kind, "message/") { // those are no octets (RFC 2046, 5.2)
		kind = "application/octet-stream"
	}
	disposition := "attachment"
	if f.ContentID != "" {
		disposition = "inline"
	}
	how := mime.FormatMediaType(disposition, map[string]string{"filename": visible(f.Name.Reveal())})
	if how == "" {
		how = disposition
	}
	out.WriteString("Content-Type: " + kind + "\r\nContent-Disposition: " + how + "\r\n")
	if f.ContentID != "" {
		out.WriteString("Content-ID: " + bracketed(f.ContentID) + "\r\n")
	}
	out.WriteString("Content-Transfer-Encoding: base64\r\n\r\n")
	for rest := f.Octets.Reveal(); len(rest) > 0; {
		n := min(len(rest), 57) // a line of 76 letters (RFC 2045, 6.8)
		out.WriteString(base64.StdEncoding.EncodeToString(rest[:n]) + "\r\n")
		rest = rest[n:]
	}
}

// words writes the text, and the HTML where there is one, with the images that it shows
// (multipart/related, RFC 2387).
func (d Draft) words(out *bytes.Buffer, shown []Attached) {
	if d.HTML.Empty() {
		printable(out, "plain", d.Text.Reveal())
		return
	}
	between := d.multipart(out, "alternative")
	between()
	printable(out, "plain", d.Text.Reveal())
	between()
	if len(shown) == 0 {
		printable(out, "html", d.HTML.Reveal())
	} else {
		with := d.multipart(out, "related")
		with()
		printable(out, "html", d.HTML.Reveal())
		for _, f := range shown {
			with()
			f.write(out)
		}
		d.end(out, "related")
	}
	d.end(out, "alternative")
}

// boundary is one that stands in no part: "=_" is neither in quoted-printable nor in
// base64 (RFC 2045, 6.7).
func (d Draft) boundary(kind string) string {
	sum := sha256.Sum256([]byte(kind + d.ID))
	return "=_" + hex.EncodeToString(sum[:12])
}

func (d Draft) multipart(out *bytes.Buffer, kind string) (between func()) {
	of := ""
	if kind == "related" { // it is told what the first part is (RFC 2387, 3.1)
		of = "; type=\"text/html\""
	}
	out.WriteString("Content-Type: multipart/" + kind + of + "; boundary=\"" + d.boundary(kind) + "\"\r\n")
	return func() { out.WriteString("\r\n--" + d.boundary(kind) + "\r\n") }
}

func (d Draft) end(out *bytes.Buffer, kind string) {
	out.WriteString("\r\n--" + d.boundary(kind) + "--\r\n")
}

func printable(out *bytes.Buffer, kind, text string) {
	out.WriteString("Content-Type: text/" + kind + "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(out)
	text = plain(text)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, _ = body.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n"))) // a buffer takes all
	_ = body.Close()
}

func bracketed(id string) string {
	if id = visible(id); id == "" {
		return ""
	}
	return "<" + strings.NewReplacer("<", "", ">", "", " ", "").Replace(id) + ">"
}

func listed(list []Address) string {
	var all []string
	for _, a := range list {
		all = append(all, (&mail.Address{Name: visible(a.Name.Reveal()), Address: visible(a.Address.Reveal())}).String())
	}
	return strings.Join(all, ",\r\n ")
}

// folded breaks a line between words, where it would become too long (RFC 5322, 2.1.1).
func folded(words []string) string {
	var out strings.Builder
	line := len("Subject: ")
	for i, w := range words {
		if i > 0 {
			if line+1+len(w) > 78 {
				out.WriteString("\r\n")
				line = 0
			}
			out.WriteByte(' ')
			line++
		}
		out.WriteString(w)
		line += len(w)
	}
	return out.String()
}

// visible is a text in one line, without control characters.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Identity is by what a message is known again, in whatever folder and mailbox it
// turns up: its id with who wrote it and when, since some programs give one id to
// several messages; without an id, what else its header says.
func (m *Message) Identity() []byte {
	h := m.header
	parts := []string{m.ID, strings.ToLower(h.get("From")), h.get("Date")}
	if m.ID == "" {
		parts = append(parts, h.get("To"), h.get("Subject"))
	}
	return []byte(strings.Join(parts, "\x00"))
}

// AnswerTo is to whom an answer goes: Reply-To, else From (RFC 5322, 3.6.2).
func (m *Message) AnswerTo() []Address {
	if len(m.ReplyTo) > 0 {
		return m.ReplyTo
	}
	return m.From
}

// AnswerSubject is the subject of an answer, with one Re: before it.
func (m *Message) AnswerSubject() secret.Text {
	s := visible(m.Subject.Reveal())
	if len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		return secret.New(s)
	}
	return secret.New(strings.TrimSpace("Re: " + s))
}
