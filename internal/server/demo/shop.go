package demo

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

//go:embed shop
var shopFiles embed.FS

// shoe is one thing that the shop sells.
type shoe struct {
	Slug, Name, Shape string
	Price             int // euro
}

var shoes = []shoe{
	{"mare", "Maré", "low", 69}, {"duna", "Duna", "boot", 119}, {"onda", "Onda", "run", 95}, {"ancora", "Âncora", "slip", 109},
	{"farol", "Farol", "boot", 149}, {"brisa", "Brisa", "slip", 49}, {"salina", "Salina", "sandal", 59}, {"trilho", "Trilho", "run", 135},
}

var sizes = []string{"36", "37", "38", "39", "40", "41", "42", "43", "44", "45"}

var sizeChart = [][4]string{
	{"36", "3½", "5½", "22.8"}, {"37", "4", "6", "23.5"}, {"38", "5", "7", "24.1"}, {"39", "6", "8", "24.8"}, {"40", "6½", "8½", "25.4"},
	{"41", "7½", "9½", "26.0"}, {"42", "8", "10", "26.7"}, {"43", "9", "11", "27.3"}, {"44", "9½", "11½", "28.0"}, {"45", "10½", "12½", "28.6"},
}

// page is what the templates see.
type page struct {
	Language, Name, Title string
	Base, Entry           string // of the widget
	Root                  string // relative way to the shop's files
	Up                    string // relative way to the language's other pages
	Home, Other           string // the front page; this page in the other language
	T                     *shopTexts
	Cards                 []card
	Card                  card
	Shoe                  *shoe
	Size                  string
	Sizes                 []string
	Chart                 [][4]string
}

// card is a shoe on a page.
type card struct {
	Shoe              shoe
	Kind, Text, Price string
	Up                string
}

// shop serves the pages of one entry point.
type shop struct {
	base, entry, policy string
	pages               *template.Template
}

// ShopHandler serves a small web shop whose pages carry the chat widget of one
// entry point: baseURL is where Nubitalk answers ("https://localhost:8443"),
// from which widget.js comes. Links are relative, so that it can be mounted at
// any path that ends with a slash (with http.StripPrefix). The pages set no
// cookie, need no script of their own and load nothing from elsewhere.
func ShopHandler(baseURL, entryPoint string) http.Handler {
	s := &shop{base: strings.TrimSuffix(baseURL, "/"), entry: entryPoint}
	s.policy = policy(s.base)
	s.pages = template.Must(template.ParseFS(shopFiles, "shop/*.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /shop.css", s.file("shop/shop.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /icon.svg", s.file("shop/icon.svg", "image/svg+xml"))
	mux.HandleFunc("GET /pt/{page...}", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "pt", r.PathValue("page")) })
	mux.HandleFunc("GET /{page...}", func(w http.ResponseWriter, r *http.Request) { s.show(w, r, "en", r.PathValue("page")) })
	return mux
}

// policy lets the page load from itself and from the widget's origin only.
func policy(base string) string {
	widget := ""
	if u, err := url.Parse(base); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") {
		widget = " " + u.Scheme + "://" + u.Host
	}
	socket := strings.Replace(widget, " http", " ws", 1)
	return "default-src 'none'; style-src 'self'" + widget + "; img-src 'self' blob: data:" + widget + "; script-src 'self'" + widget +
		"; connect-src 'self'" + widget + socket + "; font-src 'self'" + widget + "; media-src 'self' blob: data:" + widget +
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

func (s *shop) headers(w http.ResponseWriter, mediaType string) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
}

func (s *shop) file(name, mediaType string) http.HandlerFunc {
	body, err := shopFiles.ReadFile(name)
	if err != nil {
		panic("demo: " + err.Error()) // embedded at build time
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		s.headers(w, mediaType)
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(body)
	}
}

// show renders one page; the name is a path below the language.
func (s *shop) show(w http.ResponseWriter, r *http.Request, language, name string) {
	p := s.page(language, name, r.URL.Query())
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, "page", p); err != nil {
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	s.headers(w, "text/html; charset=utf-8")
	if p.Name == "lost" {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write(b.Bytes())
}

func (s *shop) page(language, name string, query url.Values) page {
	deep := strings.Repeat("../", strings.Count(name, "/"))
	p := page{Language: language, Base: s.base, Entry: s.entry, T: texts[language], Sizes: sizes, Chart: sizeChart, Up: deep, Root: deep}
	if p.Up == "" {
		p.Up = "./"
	}
	p.Root, p.Other = p.Up, p.Up+"pt/"+name
	if language == "pt" {
		p.Root, p.Other = p.Up+"../", p.Up+"../"+name
	}
	p.Home = p.Up
	slug, isShoe := strings.CutPrefix(name, "shoe-")
	switch {
	case name == "":
		p.Name, p.Title, p.Cards = "home", p.T.HomeTitle, p.cards(4, "")
	case name == "shoes":
		p.Name, p.Title, p.Cards = "shoes", p.T.AllShoes, p.cards(len(shoes), "")
	case name == "story":
		p.Name, p.Title = "story", p.T.Story
	case name == "help":
		p.Name, p.Title = "help", p.T.Help
	case name == "bag":
		p.Name, p.Title = "bag", p.T.Bag
		if size := query.Get("size"); slices.Contains(sizes, size) && p.pick(query.Get("shoe")) {
			p.Size = size
			p.Other += "?" + url.Values{"shoe": {p.Shoe.Slug}, "size": {size}}.Encode()
		}
	case isShoe && p.pick(slug):
		p.Name, p.Title, p.Cards = "shoe", p.Shoe.Name, p.cards(4, slug)
	default:
		p.Name, p.Title, p.Other = "lost", p.T.Lost, p.Root
		if language == "en" {
			p.Other += "pt/"
		}
	}
	return p
}

// pick makes a shoe the page's own.
func (p *page) pick(slug string) bool {
	i := slices.IndexFunc(shoes, func(s shoe) bool { return s.Slug == slug })
	if i < 0 {
		return false
	}
	p.Shoe, p.Card = &shoes[i], p.card(shoes[i])
	return true
}

// cards are the first n shoes but one.
func (p *page) cards(n int, but string) []card {
	var list []card
	for _, s := range shoes {
		if s.Slug != but && len(list) < n {
			list = append(list, p.card(s))
		}
	}
	return list
}

func (p *page) card(s shoe) card {
	t := p.T.Goods[s.Slug]
	return card{Shoe: s, Kind: t[0], Text: t[1], Price: p.T.euro(s.Price), Up: p.Up}
}
