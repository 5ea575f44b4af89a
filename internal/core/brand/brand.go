package brand

import (
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
)

// Product is what is shown where no organisation says otherwise.
const Product = "Nubitalk"

// Brand is what an organisation chose; "" is as above it.
type Brand struct {
	Product    string `json:"product,omitempty" maxLength:"40" doc:"Name of the product, in the header, in titles and in mails."`
	Accent     string `json:"accent,omitempty" maxLength:"7" doc:"Colour of what can be pressed, on light pages, as #0b6e6e. It must have a contrast of 4.5:1."`
	AccentDark string `json:"accent_dark,omitempty" maxLength:"7" doc:"The same on dark pages. Absent: the nearest to accent that can be read there."`
	Support    string `json:"support,omitempty" maxLength:"200" doc:"Where users find help: an https address, or an email address of a function. Needs no personal data."`
	Privacy    string `json:"privacy,omitempty" maxLength:"200" doc:"The provider's privacy page, an https address."`
	Mark       bool   `json:"mark,omitempty" doc:"No logo, also where one above has one: the mark in the accent colour with the product's name."`
	Holds      bool   `json:"holds,omitempty" doc:"Organisations below show this brand, whatever they chose. For resellers and operators."`
	Plate      Theme  `json:"plate,omitempty" enum:"light,dark" doc:"On pages of this kind the logo would hardly be seen; there it stands on a plate of the other kind."`
	Logo       string `json:"-"` // a PNG in base64
}

// Appearance is what pages show.
type Appearance struct {
	Product string  `json:"product"`
	Light   Palette `json:"light"`
	Dark    Palette `json:"dark"`
	Support string  `json:"support,omitempty" doc:"An https address, or an email address."`
	Privacy string  `json:"privacy,omitempty" doc:"An https address."`
	Logo    string  `json:"logo,omitempty" doc:"A PNG in base64; absent: the mark in the accent colour."`
	Plate   Theme   `json:"plate,omitempty" enum:"light,dark"`
}

// From says from which level each value is: an index into what Resolve was given,
// -1 for what is Nubitalk's own.
type From struct{ Product, Accent, Logo, Support, Privacy int }

// Holder is the level whose brand holds for all below it, -1 if none does. levels
// are from the operator down.
func Holder(levels []Brand) int {
	return slices.IndexFunc(levels[:max(len(levels)-1, 0)], func(b Brand) bool { return b.Holds })
}

// Resolve is what the last of the levels shows. They are from the operator down;
// the nearest that chose a value has its way, unless one above holds.
func Resolve(levels []Brand) (Appearance, From) {
	if h := Holder(levels); h >= 0 {
		levels = levels[:h+1]
	}
	s := Appearance{Product: Product, Light: usual[Light], Dark: usual[Dark]}
	f := From{-1, -1, -1, -1, -1}
	for i, b := range levels {
		if b.Product != "" {
			s.Product, f.Product = b.Product, i
		}
		if _, ok := Parse(b.Accent); ok {
			f.Accent = i
		}
		if b.Support != "" {
			s.Support, f.Support = b.Support, i
		}
		if b.Privacy != "" {
			s.Privacy, f.Privacy = b.Privacy, i
		}
		if b.Logo != "" || b.Mark {
			s.Logo, s.Plate, f.Logo = b.Logo, b.Plate, i
		}
	}
	if f.Accent >= 0 {
		light, _ := Parse(levels[f.Accent].Accent)
		dark, own := Parse(levels[f.Accent].AccentDark)
		if !own {
			dark = Nearest(Dark, light)[0]
		}
		s.Light, s.Dark = light.Palette(Light), dark.Palette(Dark)
	}
	return s, f
}

// Check adds what is wrong with a brand, but for the contrast of its colours
// (Faults).
func (b *Brand) Check(f *errs.Fields) {
	b.Product = strings.TrimSpace(b.Product)
	if utf8.RuneCountInString(b.Product) > 40 || strings.ContainsFunc(b.Product, unseen) {
		f.Add("product", "must have at most %d characters, all of which can be seen", 40)
	}
	b.Accent, b.AccentDark = strings.ToLower(b.Accent), strings.ToLower(b.AccentDark)
	for _, c := range []struct{ path, colour string }{{"accent", b.Accent}, {"accent_dark", b.AccentDark}} {
		if _, ok := Parse(c.colour); c.colour != "" && !ok {
			f.Add(c.path, "must be a colour such as #0b6e6e")
		}
	}
	if b.AccentDark != "" && b.Accent == "" {
		f.Add("accent", "must be there where the colour for dark pages is")
	}
	b.Support, b.Privacy = strings.TrimSpace(b.Support), strings.TrimSpace(b.Privacy)
	if b.Support != "" && !page(b.Support) && !mailbox(b.Support) {
		f.Add("support", "must be an https address such as https://help.example/, or an email address")
	}
	if b.Privacy != "" && !page(b.Privacy) {
		f.Add("privacy", "must be an https address such as https://example.com/privacy")
	}
}

func unseen(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }

// page says whether it is the address of a page that a link may lead to.
func page(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= 200 && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || unseen(r) })
}

func mailbox(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && len(s) <= 200 && !strings.ContainsAny(s, "?&\" %")
}

// ColourFault is a colour that cannot be read.
type ColourFault struct {
	Path    string   `json:"path" enum:"accent,accent_dark"`
	Ratio   float64  `json:"ratio" doc:"Its least contrast; 4.5 is needed."`
	Nearest []string `json:"nearest" nullable:"false" doc:"Colours near it that can be read."`
}

// Faults are the colours of a brand that cannot be read where they stand.
func (b Brand) Faults() []ColourFault {
	out := []ColourFault{}
	for _, c := range []struct {
		path, colour string
		theme        Theme
	}{{"accent", b.Accent, Light}, {"accent_dark", b.AccentDark, Dark}} {
		colour, ok := Parse(c.colour)
		if !ok || colour.Passes(c.theme) {
			continue
		}
		f := ColourFault{Path: c.path, Ratio: float64(int(colour.least(c.theme)*10)) / 10}
		for _, n := range Nearest(c.theme, colour) {
			f.Nearest = append(f.Nearest, n.String())
		}
		out = append(out, f)
	}
	return out
}
