package message

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/idna"
)

// Picture is an image within a page.
type Picture struct {
	MediaType string
	Octets    []byte
}

// PagePolicy is the Content-Security-Policy under which a Page is to be served: it
// runs nothing, fetches nothing, sends nothing, and is of no origin. Links open
// outside of the frame.
const PagePolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"

// mostPictured is how many octets of images a page carries.
const mostPictured = 12 << 20

// pageStyle makes a page's blocks read in their own direction, keeps it within its
// frame, and shows where a link leads below, as browsers do for pages of their own.
const pageStyle = `html{background:#fff;color:#1a1a1a;color-scheme:light;font:15px/1.5 system-ui,sans-serif}body{margin:12px;overflow-wrap:anywhere}` +
	`img{max-width:100%}img:not([src]){border:1px dashed #767676;color:#595959;padding:1px 4px}table{max-width:100%}pre{white-space:pre-wrap}` +
	`p,div,li,td,th,h1,h2,h3,h4,h5,h6,blockquote,pre{unicode-bidi:plaintext}a{color:#0b57d0}.leads{color:#8a3b00}` +
	`blockquote{margin:8px 0;padding-inline-start:12px;border-inline-start:2px solid #bbb}summary{cursor:pointer;color:#595959}` +
	`a[title]:is(:hover,:focus-visible)::after{content:attr(title);position:fixed;inset:auto 0 0;padding:2px 12px;background:#f1f3f4;color:#1a1a1a;font:13px/1.5 system-ui,sans-serif;text-align:start;overflow-wrap:anywhere}`

// Page makes a document of HTML that Safe made, to be shown in a frame. picture gives
// the image that stands in its place in the HTML: at ("/…", as image gave it to Safe) or,
// where at is "", the remote one with this number; nil where there is none. quoted is
// the word above quotes, which are folded.
func Page(s Shown, picture func(at string, remote int) *Picture, language, quoted string) []byte {
	w := &pageWriter{picture: picture, quoted: html.EscapeString(quoted), left: mostPictured}
	w.out.WriteString(`<!doctype html><html lang="` + html.EscapeString(language) + `"><meta charset="utf-8"><title></title><style>` + pageStyle + `</style><body dir="auto">`)
	z := html.NewTokenizer(strings.NewReader(s.HTML))
	for z.Next() != html.ErrorToken {
		w.token(z.Token())
	}
	return w.out.Bytes()
}

type pageWriter struct {
	out     bytes.Buffer
	picture func(at string, remote int) *Picture
	quoted  string
	left    int
	quotes  []bool // open blockquotes: whether each is folded
	folded  bool   // one of them is
	leads   *url.URL
	words   strings.Builder // of the link that is open
}

func (w *pageWriter) token(t html.Token) {
	switch {
	case t.Type == html.TextToken && w.leads != nil && w.words.Len() < mostWords:
		w.words.WriteString(t.Data)
	case t.DataAtom == atom.Img && t.Type != html.EndTagToken:
		w.image(&t)
	case t.DataAtom == atom.Blockquote && t.Type == html.StartTagToken:
		w.quote(t)
		return
	case t.DataAtom == atom.Blockquote && t.Type == html.EndTagToken:
		w.unquote(t)
		return
	case t.DataAtom == atom.A && t.Type == html.StartTagToken:
		w.link(&t)
	case t.DataAtom == atom.A && t.Type == html.EndTagToken:
		w.out.WriteString(t.String())
		w.linked()
		return
	}
	w.out.WriteString(t.String())
}

// image puts an image into its place, as data: a page fetches nothing.
func (w *pageWriter) image(t *html.Token) {
	kept := t.Attr[:0]
	var p *Picture
	for _, a := range t.Attr {
		switch a.Key {
		case "src":
			p = w.picture(a.Val, 0)
		case "data-remote":
			if n, err := strconv.Atoi(a.Val); err == nil {
				p = w.picture("", n)
			}
		default:
			kept = append(kept, a)
		}
	}
	if p != nil && len(p.Octets) <= w.left {
		w.left -= len(p.Octets)
		kept = append(kept, html.Attribute{Key: "src", Val: "data:" + p.MediaType + ";base64," + base64.StdEncoding.EncodeToString(p.Octets)})
	}
	t.Attr = kept
}

// quote folds a quote that is in no other.
func (w *pageWriter) quote(t html.Token) {
	folds := false
	for i, a := range t.Attr {
		if a.Key == quoteMark {
			t.Attr = append(t.Attr[:i:i], t.Attr[i+1:]...)
			folds = !w.folded && w.quoted != ""
			break
		}
	}
	w.quotes, w.folded = append(w.quotes, folds), w.folded || folds
	if folds {
		w.out.WriteString("<details><summary>" + w.quoted + "</summary>")
	}
	w.out.WriteString(t.String())
}

func (w *pageWriter) unquote(t html.Token) {
	n := len(w.quotes) - 1
	if n < 0 {
		return
	}
	w.out.WriteString(t.String())
	if w.quotes[n] {
		w.out.WriteString("</details>")
		w.folded = false
	}
	w.quotes = w.quotes[:n]
}

// link says of a link where it leads.
func (w *pageWriter) link(t *html.Token) {
	w.leads = nil
	w.words.Reset()
	var kept []html.Attribute // one more than there was
	for _, a := range t.Attr {
		switch a.Key {
		case "title": // the sender's would stand for ours
		case "href":
			u, err := url.Parse(a.Val)
			if err != nil {
				continue
			}
			if u.Host != "" {
				if ascii, err := idna.ToASCII(u.Host); err == nil { // letters that look like others are seen
					u.Host = ascii
				}
				u.User = nil // what stands before an @ is no host
				w.leads = u
			}
			kept = append(kept, html.Attribute{Key: "href", Val: u.String()}, html.Attribute{Key: "title", Val: u.String()})
		default:
			kept = append(kept, a)
		}
	}
	t.Attr = kept
}

// mostWords is how many octets of a link's words are looked at, to within one text.
const mostWords = 4000

// hostLike is what may be a host's name within the words of a link.
var hostLike = regexp.MustCompile(`(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}`)

// linked says the host where a link leads, if its words name another.
func (w *pageWriter) linked() {
	leads := w.leads
	w.leads = nil
	if leads == nil {
		return
	}
	host := strings.TrimPrefix(strings.ToLower(leads.Hostname()), "www.")
	for _, said := range hostLike.FindAllString(w.words.String(), -1) { // one that is true stands for no other
		named := strings.TrimPrefix(strings.ToLower(said), "www.")
		if ascii, err := idna.ToASCII(named); err == nil {
			named = ascii
		}
		if host != named && !strings.HasSuffix(host, "."+named) {
			w.out.WriteString(` <b class="leads">(` + html.EscapeString(leads.Hostname()) + `)</b>`)
			return
		}
	}
}
