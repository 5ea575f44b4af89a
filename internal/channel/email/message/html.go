package message

import (
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Shown is HTML that may be shown, in a frame that runs no script all the same.
type Shown struct {
	HTML string
	// Remote are the addresses of images that are elsewhere: who fetches them tells
	// the sender that the message was read. Their places have data-remote="n".
	Remote []string
}

const mostRemote = 200

// Safe makes HTML safe: no scripts, forms, frames, styles that leave their place, nothing
// that is fetched from elsewhere. image gives the address of an inline image for its
// Content-ID, or "".
func Safe(source string, image func(contentID string) string) Shown {
	var out strings.Builder
	var remote []string
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(4 << 20)
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			out.Write(z.Raw())
			continue
		}
		token := z.Token()
		switch token.DataAtom {
		case atom.Img:
			place(&token, image, &remote)
		case atom.Blockquote:
			mark(&token)
		case atom.A:
			aim(&token)
		}
		out.WriteString(token.String())
	}
	return Shown{policy.Sanitize(out.String()), remote}
}

// place replaces where an image comes from.
func place(token *html.Token, image func(string) string, remote *[]string) {
	kept := token.Attr[:0]
	for _, a := range token.Attr {
		switch key := strings.ToLower(a.Key); {
		case key == "src":
			at := strings.TrimSpace(a.Val)
			u, err := url.Parse(at)
			switch {
			case err != nil:
			case strings.EqualFold(u.Scheme, "cid"):
				id := at[4:]
				if decoded, err := url.PathUnescape(id); err == nil {
					id = decoded
				}
				if src := image(id); src != "" {
					kept = append(kept, html.Attribute{Key: "src", Val: src})
				}
			case (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && len(*remote) < mostRemote:
				kept = append(kept, html.Attribute{Key: "data-remote", Val: strconv.Itoa(len(*remote))})
				*remote = append(*remote, at)
			}
		case strings.HasPrefix(key, "data-"), key == "srcset":
		default:
			kept = append(kept, a)
		}
	}
	token.Attr = kept
}

// quoteMark marks what an answer quotes, as programs write it.
const quoteMark = "data-quote"

func mark(token *html.Token) {
	kept, quotes := token.Attr[:0], false
	for _, a := range token.Attr {
		key, value := strings.ToLower(a.Key), strings.ToLower(a.Val)
		quotes = quotes || key == "type" && value == "cite" || key == "class" && strings.Contains(value, "quote")
		if key != quoteMark {
			kept = append(kept, a)
		}
	}
	if token.Attr = kept; quotes {
		token.Attr = append(token.Attr, html.Attribute{Key: quoteMark, Val: "1"})
	}
}

// aim takes a link away that leads into the page where it is shown.
func aim(token *html.Token) {
	kept := token.Attr[:0]
	for _, a := range token.Attr {
		if strings.EqualFold(a.Key, "href") {
			u, err := url.Parse(strings.TrimSpace(a.Val))
			if err != nil || u.Scheme == "" || strings.EqualFold(u.Scheme, "http") && u.Host == "" || strings.EqualFold(u.Scheme, "https") && u.Host == "" {
				continue
			}
		}
		kept = append(kept, a)
	}
	token.Attr = kept
}

var (
	number = regexp.MustCompile(`^[0-9]{1,4}$`)
	colour = regexp.MustCompile(`(?i)^(#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([0-9., %]{1,40}\))$`)
	length = regexp.MustCompile(`(?i)^-?[0-9.]{1,6}(px|em|rem|pt|%)?( -?[0-9.]{1,6}(px|em|rem|pt|%)?){0,3}$`)
	family = regexp.MustCompile(`(?i)^[a-z0-9 ,'"-]{1,200}$`)
	word   = regexp.MustCompile(`(?i)^[a-z0-9-]{1,20}$`)
	own    = regexp.MustCompile(`^/[a-zA-Z0-9/._?=&-]+$`)
)

// policy is what may be in HTML that is shown.
var policy = makePolicy()

func makePolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big", "center", "font",
		"h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "tt", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col", "img", "a")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(word).Globally()
	p.AllowAttrs("align", "valign").Matching(word).Globally()
	p.AllowAttrs("width", "height").Matching(regexp.MustCompile(`^[0-9]{1,4}(px|%)?$`)).OnElements("table", "td", "th", "tr", "col", "img")
	p.AllowAttrs("colspan", "rowspan", "border", "cellpadding", "cellspacing").Matching(number).OnElements("table", "td", "th", "col", "colgroup")
	p.AllowAttrs("bgcolor", "color").Matching(colour).Globally()
	p.AllowAttrs("size").Matching(word).OnElements("font")
	p.AllowAttrs("alt", "title").Matching(bluemonday.Paragraph).OnElements("img", "a")
	p.AllowAttrs("src").Matching(own).OnElements("img")
	p.AllowAttrs("data-remote").Matching(number).OnElements("img")
	p.AllowAttrs(quoteMark).Matching(number).OnElements("blockquote")
	p.AllowAttrs("start").Matching(number).OnElements("ol")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("https", "http", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.RequireNoReferrerOnLinks(true)
	p.RequireNoFollowOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	p.AllowStyles("color", "background-color").Matching(colour).Globally()
	p.AllowStyles("font-size", "line-height", "margin", "margin-left", "margin-right", "margin-top", "margin-bottom", "padding", "padding-left", "padding-right", "padding-top", "padding-bottom",
		"text-indent", "border-width", "width", "max-width").Matching(length).Globally()
	p.AllowStyles("font-family").Matching(family).Globally()
	p.AllowStyles("font-weight", "font-style", "text-align", "text-decoration", "vertical-align", "direction", "white-space", "border-style", "border-collapse", "list-style-type").Matching(word).Globally()
	p.SkipElementsContent("script", "style", "title", "head", "object", "iframe", "svg", "math", "template", "noscript", "select", "textarea", "button")
	return p
}

// TextOf is the text of HTML, for who reads it so and for rules about words.
func TextOf(source string) string {
	var out strings.Builder
	skip := 0
	z := html.NewTokenizer(io.LimitReader(strings.NewReader(source), 4<<20))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return strings.TrimSpace(gaps.ReplaceAllString(out.String(), "\n\n"))
		case html.TextToken:
			if skip == 0 {
				words := strings.Join(strings.Fields(string(z.Text())), " ")
				if words == "" {
					continue
				}
				if s := out.String(); out.Len() > 0 && !strings.HasSuffix(s[max(0, len(s)-1):], "\n") {
					out.WriteByte(' ')
				}
				out.WriteString(words)
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch a := atom.Lookup(name); a {
			case atom.Script, atom.Style, atom.Title, atom.Head:
				if kind == html.StartTagToken {
					skip++
				} else if kind == html.EndTagToken && skip > 0 {
					skip--
				}
			case atom.Br, atom.P, atom.Div, atom.Tr, atom.Li, atom.Blockquote, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Ul, atom.Ol, atom.Pre, atom.Hr:
				out.WriteByte('\n')
			}
		}
	}
}

var gaps = regexp.MustCompile(`\n[ \n]*\n`)
