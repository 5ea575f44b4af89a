package message

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"nubitalk/internal/base/secret"
)

// ForwardSubject is the subject of a message that is passed on, with one Fwd: before it.
func (m *Message) ForwardSubject() secret.Text {
	s := visible(m.Subject.Reveal())
	for _, known := range []string{"fwd:", "fw:"} {
		if len(s) >= len(known) && strings.EqualFold(s[:len(known)], known) {
			return secret.New(s)
		}
	}
	return secret.New(strings.TrimSpace("Fwd: " + s))
}

// Chain are the References of a message that is passed on: it belongs to the same
// conversation, and answers nothing (RFC 5322, 3.6.4).
func (m *Message) Chain() []string {
	_, references := m.Answer()
	return references
}

// Forwarded is HTML as it is passed on: made safe, without images that are elsewhere, of
// which it has the words beside them, and without what it quotes unless quotes is set.
// image gives the new Content-ID of an inline image, of letters, digits and dots before
// @domain, or "" where it is not passed on.
func Forwarded(source string, quotes bool, domain string, image func(contentID string) string) string {
	shown := Safe(source, func(content string) string {
		if name := image(content); name != "" {
			return within + name
		}
		return ""
	})
	var out strings.Builder
	skipped := 0 // quotes within quotes that are left out
	for z := html.NewTokenizer(strings.NewReader(shown.HTML)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return out.String()
		}
		token := z.Token()
		if token.DataAtom == atom.Blockquote {
			switch {
			case kind == html.EndTagToken && skipped > 0:
				skipped--
				continue
			case kind == html.StartTagToken && (skipped > 0 || !quotes && attribute(token, quoteMark) != ""):
				skipped++
				continue
			}
		}
		if skipped > 0 {
			continue
		}
		if token.DataAtom == atom.Img {
			source, here := strings.CutPrefix(attribute(token, "src"), within)
			if !here {
				out.WriteString(html.EscapeString(attribute(token, "alt")))
				continue
			}
			for i := range token.Attr {
				if token.Attr[i].Key == "src" {
					token.Attr[i].Val = "cid:" + source + "@" + domain
				}
			}
		}
		out.WriteString(token.String())
	}
}

// within stands before the name of an image that comes with the message, while its HTML
// is made safe.
const within = "/within/"

func attribute(token html.Token, key string) string {
	for _, a := range token.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// WithBcc is a message as its sender keeps it, which says whom it reached unseen by the
// others (RFC 5322, 3.6.3). What leaves does not say so.
func WithBcc(octets []byte, bcc []Address) []byte {
	if len(bcc) == 0 {
		return octets
	}
	return append([]byte("Bcc: "+listed(bcc)+"\r\n"), octets...)
}
