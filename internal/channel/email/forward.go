package email

import (
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
)

// mostForwarded is how many lines of a message are passed on as text.
const mostForwarded = 5000

// forwardWords are what stands above a message that is passed on, in the interaction's
// language.
var forwardWords = map[string][]string{
	"en": {"Forwarded message", "From", "Date", "Subject", "To", "Cc"},
	"pt": {"Mensagem reencaminhada", "De", "Data", "Assunto", "Para", "Cc"},
}

// forward makes a draft the message as it is passed on: below what was written stand its
// header and what it says, and with it go those of its files that were chosen. Images that
// its HTML shows stay where they are shown.
func forward(d *message.Draft, o opened, w Answer, words, markup, signature string) error {
	d.References = o.m.Chain()
	files, images, err := originals(d, o, w)
	if err != nil {
		return err
	}
	d.Files = append(d.Files, files...)
	above := headOf(o)
	text := o.m.Text.Reveal()
	quotes := w.Quote || w.Unsaid && thin(o.m)
	if !quotes {
		text = unquoted(o.m)
	}
	d.Text = secret.New(lines(strings.TrimPrefix(below(words, signature, above.text()+"\n\n"+text), "\n\n")))
	if markup == "" && o.m.HTML.Empty() {
		return nil
	}
	if markup == "" && words != "" {
		markup = "<p>" + message.HTMLOf(words) + "</p>"
	}
	said := "<p>" + message.HTMLOf(text) + "</p>"
	if !o.m.HTML.Empty() {
		_, domain, _ := strings.Cut(d.ID, "@")
		said = message.Forwarded(o.m.HTML.Reveal(), quotes, domain, func(content string) string { return images[content] })
	}
	d.HTML = secret.New(strings.Replace(belowHTML(markup, signature, ""), "</body>", "\n<hr>\n<p>"+above.html()+"</p>\n<div>"+said+"</div></body>", 1))
	return nil
}

// littleLeft is how few letters and digits say little of a message by themselves: "See
// below", a greeting, a name.
const littleLeft = 80

// thin says that little would be left of a message without what it quotes itself, which
// is the most of it.
func thin(m *message.Message) bool {
	all, own := letters(m.Text.Reveal()), letters(unquoted(m))
	return own < littleLeft && all > 2*own
}

func letters(text string) (n int) {
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			n++
		}
	}
	return n
}

// originals are the files of the message that go with it, and the names under which its
// HTML shows those that are images, by their Content-ID.
func originals(d *message.Draft, o opened, w Answer) (files []message.Attached, images map[string]string, err error) {
	var faults errs.Fields
	images = map[string]string{}
	left := int64(o.box.AttachMB) << 20
	for _, f := range d.Files {
		left -= int64(len(f.Octets.Reveal()))
	}
	for i, n := range w.Original {
		if slices.Contains(w.Original[:i], n) {
			continue
		}
		path := fmt.Sprintf("original[%d]", i)
		if n < 0 || n >= len(o.m.Files) {
			faults.Add(path, "is no file of this message.")
			continue
		}
		f := o.m.Files[n]
		if left -= f.Size; left < 0 {
			faults.Add(path, "makes more than %d MB of files, which is the most that this mailbox sends.", o.box.AttachMB)
			break
		}
		if !o.box.Attaches(f.Name.Reveal()) {
			faults.Add(path, "has an ending that this mailbox does not send.")
			continue
		}
		octets, err := io.ReadAll(f.Reader())
		if err != nil { // memory is read
			return nil, nil, err
		}
		one := message.Attached{Name: f.Name, MediaType: f.MediaType, Octets: secret.NewBytes(octets)}
		if f.ContentID != "" && shownImages[f.MediaType] && !o.m.HTML.Empty() {
			local, domain, _ := strings.Cut(d.ID, "@")
			images[f.ContentID] = fmt.Sprintf("image%d.%s", n, local)
			one.ContentID = images[f.ContentID] + "@" + domain
		}
		files = append(files, one)
	}
	return files, images, faults.Err()
}

// unquoted is a message's text without what it quotes itself. Where that was made of its
// HTML, only the HTML says what is quoted.
func unquoted(m *message.Message) string {
	text := m.Text.Reveal()
	if !m.HTML.Empty() && text == message.TextOf(m.HTML.Reveal()) {
		text = message.TextOf(message.Forwarded(m.HTML.Reveal(), false, "", func(string) string { return "" }))
	}
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, " \r\n"); !strings.HasPrefix(line, ">") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// lines is a text with no more lines than are passed on.
func lines(text string) string {
	n := 0
	for i := range len(text) {
		if text[i] == '\n' {
			if n++; n == mostForwarded {
				return text[:i+1]
			}
		}
	}
	return text
}

// head is the header of a message that is passed on.
type head struct {
	words  []string
	values []string // beside all but the first word
}

func headOf(o opened) head {
	words := forwardWords[o.language]
	if words == nil {
		words = forwardWords["en"]
	}
	date := ""
	if !o.m.Date.IsZero() {
		date = o.m.Date.Format(time.RFC1123Z)
	}
	return head{words, []string{shownAs(o.m.From), date, o.m.Subject.Reveal(), shownAs(o.m.To), shownAs(o.m.Cc)}}
}

// shownAs are people as a text names them.
func shownAs(list []message.Address) string {
	var all []string
	for _, a := range list {
		if name := a.Name.Reveal(); name != "" {
			all = append(all, name+" <"+a.Address.Reveal()+">")
		} else {
			all = append(all, a.Address.Reveal())
		}
	}
	return strings.Join(all, ", ")
}

func (h head) text() string {
	out := "---------- " + h.words[0] + " ----------"
	for i, value := range h.values {
		if value != "" {
			out += "\n" + h.words[i+1] + ": " + value
		}
	}
	return out
}

func (h head) html() string {
	out := "<b>" + h.words[0] + "</b>"
	for i, value := range h.values {
		if value != "" {
			out += "<br>\n" + h.words[i+1] + ": " + html.EscapeString(value)
		}
	}
	return out
}
