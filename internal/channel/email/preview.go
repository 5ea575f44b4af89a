package email

import (
	"bytes"
	"context"
	"crypto/rand"
	"html"
	"strconv"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
)

// previewWords stand above what leaves, in the language of who looks at it.
var previewWords = map[string][]string{
	"en": {"From", "To", "Cc", "Bcc", "Subject", "Files"},
	"pt": {"De", "Para", "Cc", "Bcc", "Assunto", "Ficheiros"},
}

// previewing is how many letters of a tenant are shown at the same time: each is in memory
// several times, with its files.
const previewing = 2

// Preview is what the agent has written as it would leave now, as a document for a frame
// under message.PagePolicy: the letter is written as for sending, and read as who gets it
// reads it. What is still missing or wrong of it, such as a recipient, is left out.
func (s *Service) Preview(ctx context.Context, a access.Actor, interaction, language string) ([]byte, error) {
	done, err := s.turn(ctx, "previews "+string(a.Tenant), previewing)
	if err != nil {
		return nil, errs.Wrap(errs.Limited, err, "Other emails are being shown before they leave. Try again in a moment.")
	}
	defer done()
	o, err := s.open(ctx, a.Tenant, interaction)
	if err != nil {
		return nil, err
	}
	w := s.drafts.answer(draftKey{a.Tenant, interaction, a.User})
	nonce := make([]byte, 10)
	_, _ = rand.Read(nonce) // never fails
	d, bcc, _ := s.headed(o, w)
	l, err := s.composed(ctx, a, interaction, o, w, d, bcc, nonce)
	if err != nil {
		return nil, err
	}
	m, err := message.Read(bytes.NewReader(l.Octets), message.Standard)
	if err != nil { // memory is read
		return nil, err
	}
	said := message.Shown{HTML: `<p style="white-space:pre-wrap">` + html.EscapeString(m.Text.Reveal()) + "</p>"}
	if !m.HTML.Empty() {
		said = message.Safe(m.HTML.Reveal(), shownAt(m, "/"))
	}
	said.HTML = leaves(m, bcc, language) + said.HTML
	came := within(m)
	return message.Page(said, func(at string, _ int) *message.Picture {
		n, err := strconv.Atoi(strings.TrimPrefix(at, "/"))
		if err != nil {
			return nil
		}
		return came(n)
	}, language, ""), nil
}

// leaves is the header of what leaves, as HTML.
func leaves(m *message.Message, bcc []message.Address, language string) string {
	words := previewWords[language]
	if words == nil {
		words = previewWords["en"]
	}
	var files []string
	for _, f := range m.Files {
		if !f.Inline {
			files = append(files, f.Name.Reveal())
		}
	}
	out := ""
	for i, value := range []string{shownAs(m.From), shownAs(m.To), shownAs(m.Cc), shownAs(bcc), m.Subject.Reveal(), strings.Join(files, ", ")} {
		if value != "" {
			out += "<div><b>" + words[i] + ":</b> <bdi>" + html.EscapeString(value) + "</bdi></div>"
		}
	}
	return out + "<hr>"
}

// answer is what somebody writes, as it would be sent now: with the files that are there.
func (d *drafts) answer(k draftKey) Answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	one := d.all[k]
	if one == nil {
		return Answer{Quote: true} // as a page begins
	}
	words := one.Words
	w := Answer{Text: secret.New(words.Text), Quote: words.Quote, From: words.From, Subject: secret.New(words.Subject), Forward: words.Forward, Original: words.Original,
		To: secrets(words.To), Cc: secrets(words.Cc), Bcc: secrets(words.Bcc)}
	if words.Rich {
		w.HTML = secret.New(words.HTML)
	}
	for _, f := range one.Files {
		if f.Received == f.Size {
			w.Files = append(w.Files, f.ID)
		}
	}
	return w
}

func secrets(list []string) (out []secret.Text) {
	for _, one := range list {
		out = append(out, secret.New(one))
	}
	return out
}
