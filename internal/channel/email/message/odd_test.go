package message_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"nubitalk/internal/channel/email/message"
)

// oddity is one thing that is wrong or unusual with a message, as real programs write it.
// It changes the parts that make up one.
type oddity struct {
	name  string
	apply func(*made)
}

// made is a message in its parts before it is written: its word is the one that must be
// found again, in the text or in a file, whatever else is odd.
type made struct {
	before         string   // the header's first line
	fields         []string // of the header
	kind           string   // of the body
	encoding, body string
	multipart      bool
	boundary       string
	blank, last    string // what follows the first boundary, and the last one as it is written
	preamble       string
	more           []string // parts after the first
	end            string   // of lines
	cut            int      // octets that are lost at the end
}

const theWord = "Schmetterling"

func newMade() *made {
	return &made{fields: []string{"From: Rita <rita@example.org>", "To: help@shop.example", "Subject: odd", "Message-ID: <odd@example.org>", "Date: Sun, 29 Nov 2026 10:00:00 +0000", "MIME-Version: 1.0"},
		kind: "text/plain; charset=utf-8", body: "It is a " + theWord + " that sits on a wall in the sun.\n", boundary: "b1", end: "\r\n"}
}

func (m *made) String() string {
	var out strings.Builder
	out.WriteString(m.before)
	for _, f := range m.fields {
		out.WriteString(f + "\n")
	}
	part := "Content-Type: " + m.kind + "\n"
	if m.encoding != "" {
		part += "Content-Transfer-Encoding: " + m.encoding + "\n"
	}
	if !m.multipart {
		out.WriteString(part + "\n" + m.body)
	} else {
		first, last := "--"+m.boundary, "--"+m.boundary+"--"
		first += m.blank
		if m.last != "" {
			last = m.last
		}
		out.WriteString("Content-Type: multipart/mixed; boundary=\"" + m.boundary + "\"\n\n" + m.preamble + first + "\n" + part + "\n" + m.body)
		for _, one := range m.more {
			out.WriteString("\n--" + m.boundary + "\n" + one)
		}
		out.WriteString("\n" + last + "\n")
	}
	s := out.String()
	s = s[:max(0, len(s)-m.cut)]
	return strings.ReplaceAll(s, "\n", m.end)
}

func oddities() []oddity {
	field := func(name, text string) oddity {
		return oddity{name, func(m *made) { m.fields = append(m.fields, text) }}
	}
	return []oddity{
		{"an mbox line", func(m *made) { m.before = "From rita@example.org Sun Nov 29 10:00:00 2026\n" }},
		{"plain line ends", func(m *made) { m.end = "\n" }},
		{"doubled carriage returns", func(m *made) { m.end = "\r\r\n" }},
		{"no From", func(m *made) { m.fields = m.fields[1:] }},
		{"no date and id", func(m *made) { m.fields = m.fields[:3] }},
		{"two of each", func(m *made) { m.fields = append(m.fields, m.fields...) }},
		field("a line that is no field", "this is no field"),
		field("a field without a name", ": nothing"),
		field("a field with a space", "X Odd : y"),
		field("a folded field of blanks", "X-Blank: a\n \n\t\n b"),
		field("raw octets in a header", "X-Raw: \xe9\xff\xfe\x80"),
		field("addresses that are none", "Cc: <<>,,; @@ \"unended <x@y"),
		field("a group", "Cc: friends: a@b.example, c@d.example;, e@f.example"),
		field("encoded words that are none", "Comments: =?utf-9?z?x?= =?utf-8?q?=zz?= =?utf-8?b?****?="),
		field("an endless name", "X-"+strings.Repeat("long-", 300)+": y"),
		field("an endless line", "X-Long: "+strings.Repeat("y ", 40_000)),
		field("dates that are none", "Resent-Date: the day before yesterday, 25:61"),
		field("references that are none", "References: <a <b> c> <<d>> "+strings.Repeat("<x@y>", 500)),
		{"a charset that is none", func(m *made) { m.kind = "text/plain; charset=klingon" }},
		{"a charset in quotes and blanks", func(m *made) { m.kind = "TEXT/Plain ; charset = \" UTF-8 \" ;" }},
		{"a parameter twice", func(m *made) { m.kind = "text/plain; charset=utf-8; charset=iso-8859-1" }},
		{"a type that is none", func(m *made) { m.kind = "text" }},
		{"a type of blanks", func(m *made) { m.kind = " " }},
		{"an unknown type", func(m *made) { m.kind = "x-odd/thing; name=odd.bin" }},
		{"HTML that is broken", func(m *made) {
			m.kind, m.body = "text/html", "<p><b<i>x</p></div><!-- <p>"+theWord+" <![CDATA[ --><p>"+theWord+"<table><tr><td>"
		}},
		{"an unknown encoding", func(m *made) { m.encoding = "x-uuencode" }},
		{"base64 with noise", func(m *made) { m.encoding, m.body = "base64", "SXQg!aXMg\n*YSBTY2htZXR0ZXJsaW5n\nLg" }},
		{"quoted-printable that is broken", func(m *made) { m.encoding, m.body = "quoted-printable", "It=20is=zz=3 a "+theWord+"=\n=" }},
		{"NUL and controls", func(m *made) { m.body = "\x00\x01\x1b[2J " + theWord + "\x7f\n" }},
		{"octets that are no UTF-8", func(m *made) { m.body = theWord + " \xff\xfe\xc3\n" }},
		{"an endless line of text", func(m *made) { m.body = theWord + " " + strings.Repeat("y", 200_000) }},
		{"a multipart", func(m *made) { m.multipart = true }},
		{"a preamble with boundaries", func(m *made) { m.multipart, m.preamble = true, "--b\n--b12\n-- b1\n" }},
		{"a boundary with blanks after it", func(m *made) { m.multipart, m.blank = true, " \t" }},
		{"no last boundary", func(m *made) { m.multipart, m.last = true, " " }},
		{"a boundary of odd letters", func(m *made) { m.multipart, m.boundary = true, "=_(b) :?/'+,.1" }},
		{"a part without a header", func(m *made) { m.multipart, m.more = true, append(m.more, "\nonly words\n") }},
		{"a part without a body", func(m *made) { m.multipart, m.more = true, append(m.more, "Content-Type: image/png\n") }},
		{"a message within", func(m *made) {
			m.multipart, m.more = true, append(m.more, "Content-Type: message/rfc822\n\nSubject: inner\n\nx\n")
		}},
		{"a name that leads elsewhere", func(m *made) {
			m.multipart, m.more = true, append(m.more, "Content-Type: application/pdf\nContent-Disposition: attachment; filename*0*=utf-8''..%2f..%2f; filename*1=\"x\\\\y.pdf\"; filename=z\n\nPDF\n")
		}},
		{"an inner multipart without an end", func(m *made) {
			m.multipart, m.more = true, append(m.more, "Content-Type: multipart/alternative; boundary=b1x\n\n--b1x\n\nx\n")
		}},
		{"the same boundary within", func(m *made) {
			m.multipart, m.more = true, append(m.more, "Content-Type: multipart/alternative; boundary=b1\n\n--b1\n\nx\n")
		}},
		{"a signature that is none", func(m *made) {
			m.multipart, m.more = true, append(m.more, "Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\n%%%%\n")
		}},
		{"the end is lost", func(m *made) { m.cut = 3 }},
	}
}

// Messages that are odd in each of many ways, and in up to five of them together: each is
// read, what it says is found in its text or in a file, and where something of it could not
// be read that is said. Nothing of a message is lost without a word.
func TestOddMessagesAreReadOrSaySo(t *testing.T) {
	all := oddities()
	look := func(of []oddity) {
		t.Helper()
		m, names := newMade(), ""
		for _, o := range of {
			o.apply(m)
			names += o.name + ", "
		}
		source := m.String()
		got, err := message.Read(strings.NewReader(source), message.Standard)
		if err != nil {
			t.Fatalf("%s: %v", names, err)
		}
		found := strings.Contains(got.Text.Reveal(), theWord)
		for _, f := range got.Files {
			found = found || strings.Contains(content(t, f), theWord)
		}
		if !found && len(got.Faults) == 0 {
			t.Errorf("%sits word is lost, and nothing is said:\n%.2000q\ngives %.500q", names, source, got.Text.Reveal())
		}
		if !found && len(of) == 1 {
			t.Errorf("%sits word is lost: %v", names, got.Faults)
		}
		if text := got.Text.Reveal(); text != strings.ToValidUTF8(text, "") || strings.ContainsAny(text, "\x00\x01\x1b\r\x7f") {
			t.Errorf("%sits text is none: %.500q", names, text)
		}
		safe(t, message.Safe(got.HTML.Reveal(), func(string) string { return "" }))
		got.Automatic()
		got.Verdicts("")
		got.Answer()
		got.Identity()
		got.Language()
	}
	for i := range all {
		look(all[i : i+1])
	}
	dice := rand.New(rand.NewPCG(29, 11))
	for range 600 {
		var of []oddity
		for _, i := range dice.Perm(len(all))[:2+dice.IntN(4)] {
			of = append(of, all[i])
		}
		look(of)
	}
}
