package message

import (
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Written is HTML that somebody of ours wrote, as it is sent: paragraphs, emphasis, lists
// and links, and nothing else, whatever was pasted.
func Written(source string) string { return writing.Sanitize(source) }

var writing = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "br", "b", "strong", "i", "em", "u", "ul", "ol", "li", "blockquote")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.RequireParseableURLs(true)
	p.SkipElementsContent("script", "style", "title", "head", "object", "iframe", "svg", "math", "template", "noscript", "select", "textarea", "button")
	return p
}()

// TextOfWritten is what Written HTML says as plain text: lists have dashes, links their
// addresses.
func TextOfWritten(source string) string {
	var out strings.Builder
	href := ""
	line := func() {
		if s := out.String(); s != "" && !strings.HasSuffix(s, "\n") {
			out.WriteByte('\n')
		}
	}
	for z := html.NewTokenizer(strings.NewReader(source)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(blanks.ReplaceAllString(out.String(), "\n\n"))
		}
		t := z.Token()
		switch {
		case kind == html.TextToken:
			out.WriteString(strings.ReplaceAll(strings.ReplaceAll(t.Data, "\n", " "), "\u00a0", " "))
		case t.DataAtom == atom.Br:
			out.WriteByte('\n')
		case t.DataAtom == atom.Li && kind == html.StartTagToken:
			line()
			out.WriteString("- ")
		case t.DataAtom == atom.A && kind == html.StartTagToken:
			href = ""
			for _, a := range t.Attr {
				if a.Key == "href" {
					href = a.Val
				}
			}
		case t.DataAtom == atom.A && kind == html.EndTagToken:
			if href != "" && !strings.HasSuffix(out.String(), strings.TrimPrefix(href, "mailto:")) {
				out.WriteString(" <" + href + ">")
			}
		case t.DataAtom == atom.P && kind == html.EndTagToken, t.DataAtom == atom.Ul && kind == html.EndTagToken, t.DataAtom == atom.Ol && kind == html.EndTagToken:
			line()
			out.WriteByte('\n')
		case t.DataAtom == atom.P, t.DataAtom == atom.Div, t.DataAtom == atom.Blockquote, t.DataAtom == atom.Ul, t.DataAtom == atom.Ol:
			line()
		}
	}
}

var blanks = regexp.MustCompile(`\n[ \n]*\n`)

// HTMLOf is plain text as HTML.
func HTMLOf(text string) string {
	return strings.ReplaceAll(html.EscapeString(strings.ReplaceAll(text, "\r\n", "\n")), "\n", "<br>\n")
}
