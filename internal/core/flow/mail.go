package flow

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/secret"
)

// Mail is the message that a run is about, as conditions may look at it. It is in no
// State: what a run keeps of it is which way it took.
type Mail struct {
	From      secret.Text   // the sender's address
	To        []secret.Text // of To and Cc
	Subject   secret.Text
	Text      secret.Text // of it, MaxMailText are looked at
	Size      int         // octets, as it came
	Files     int
	Language  string                 // in which it is written, of two letters; "" if that is not clear
	Automatic string                 // why it is taken for a machine's; "" if it is not
	Headers   map[string]secret.Text // by name in small letters
}

// Format, LogValue and MarshalJSON print nothing of a message.
func (m Mail) Format(f fmt.State, _ rune)   { _, _ = io.WriteString(f, secret.Mask) }
func (m Mail) LogValue() slog.Value         { return slog.StringValue(secret.Mask) }
func (m Mail) MarshalJSON() ([]byte, error) { return []byte(`"` + secret.Mask + `"`), nil }

// MaxMailText is how many octets of a message's text conditions look at, so that they
// are answered at once whatever comes.
const MaxMailText = 20_000

// mailScope is a message as conditions see it; of other channels, one that says nothing.
type mailScope struct {
	From      string   `expr:"from"`
	Domain    string   `expr:"domain"`
	To        []string `expr:"to"`
	Subject   string   `expr:"subject"`
	Text      string   `expr:"text"`
	Size      int      `expr:"size"`
	Files     int      `expr:"files"`
	Language  string   `expr:"language"`
	Automatic string   `expr:"automatic"`
}

var mailParts = []string{"from", "domain", "to", "subject", "text", "size", "files", "language", "automatic"}

// mailCalls are the functions that look at a message.
var mailCalls = []string{"mentions", "header"}

func (m *Mail) scope() mailScope {
	if m == nil {
		return mailScope{}
	}
	s := mailScope{From: strings.ToLower(m.From.Reveal()), Subject: m.Subject.Reveal(), Text: m.start(), Size: m.Size, Files: m.Files, Language: m.Language, Automatic: m.Automatic}
	s.Domain = s.From[strings.LastIndexByte(s.From, '@')+1:]
	for _, a := range m.To {
		s.To = append(s.To, strings.ToLower(a.Reveal()))
	}
	return s
}

// start is the text that conditions look at.
func (m *Mail) start() string {
	text := m.Text.Reveal()
	return strings.ToValidUTF8(text[:min(len(text), MaxMailText)], "")
}

// header is a field; "" if the message has none of that name.
func (m *Mail) header(name string) string {
	if m == nil {
		return ""
	}
	return m.Headers[strings.ToLower(name)].Reveal()
}

// mentions says whether the subject or the text has the words next to each other, as
// whole words, whatever their case and accents.
func (m *Mail) mentions(words string) bool {
	wanted := plainWords(words)
	if m == nil || len(wanted) == 0 {
		return false
	}
	for _, text := range []string{m.Subject.Reveal(), m.start()} {
		all := plainWords(text)
		for i := range all {
			if i+len(wanted) <= len(all) && slices.Equal(all[i:i+len(wanted)], wanted) {
				return true
			}
		}
	}
	return false
}

// plainWords are the words of a text in small letters without accents.
func plainWords(text string) []string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(text))
	if err != nil {
		plain = strings.ToLower(text)
	}
	return strings.FieldsFunc(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
