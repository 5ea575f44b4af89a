package brand_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/brand"
)

func TestTheNearestThatChoseHasItsWay(t *testing.T) {
	operator := brand.Brand{Product: "Cloudline", Support: "https://help.example/", Logo: "b3A=", Plate: brand.Dark}
	reseller := brand.Brand{Product: "Iberia Talk", Accent: "#7a1fa2"}
	tenant := brand.Brand{Product: "Água & Pão", Privacy: "https://agua.example/privacy", Mark: true}
	for _, c := range []struct {
		name   string
		levels []brand.Brand
		from   brand.From
		shown  string
		logo   string
	}{
		{"nobody", nil, brand.From{-1, -1, -1, -1, -1}, "Nubitalk", ""},
		{"nobody chose", []brand.Brand{{}, {}, {}}, brand.From{-1, -1, -1, -1, -1}, "Nubitalk", ""},
		{"the operator", []brand.Brand{operator, {}, {}}, brand.From{0, -1, 0, 0, -1}, "Cloudline", "b3A="},
		{"the reseller", []brand.Brand{operator, reseller, {}}, brand.From{1, 1, 0, 0, -1}, "Iberia Talk", "b3A="},
		{"itself, with the mark", []brand.Brand{operator, reseller, tenant}, brand.From{2, 1, 2, 0, 2}, "Água & Pão", ""},
	} {
		s, f := brand.Resolve(c.levels)
		if f != c.from || s.Product != c.shown || s.Logo != c.logo {
			t.Errorf("%s: %+v from %+v", c.name, s, f)
		}
	}
}

func TestABrandThatHolds(t *testing.T) {
	operator, tenant := brand.Brand{Support: "help@cloud.example"}, brand.Brand{Product: "Own", Support: "own@own.example", Mark: true}
	reseller := brand.Brand{Product: "Iberia", Holds: true}
	s, f := brand.Resolve([]brand.Brand{operator, reseller, tenant})
	if s.Product != "Iberia" || s.Support != "help@cloud.example" || f != (brand.From{1, -1, -1, 0, -1}) {
		t.Errorf("%+v from %+v", s, f)
	}
	if h := brand.Holder([]brand.Brand{operator, reseller, tenant}); h != 1 {
		t.Errorf("holder %d", h)
	}
	// It holds for those below, and not for itself.
	if h := brand.Holder([]brand.Brand{operator, reseller}); h != -1 {
		t.Errorf("holder of itself %d", h)
	}
}

// Whatever the levels are, each value is that of the level that it is said to be from, no nearer
// one chose, and nobody below a holder has a say.
func TestResolveIsTrue(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 75))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	for range 5000 {
		levels := make([]brand.Brand, r.IntN(5))
		for i := range levels {
			levels[i] = brand.Brand{Product: pick("", "A", "B"), Accent: pick("", "#7a1fa2", "#0b6e6e"), Support: pick("", "a@b.example"), Privacy: pick("", "https://x.example"),
				Logo: pick("", "bG8="), Holds: r.IntN(4) == 0}
			levels[i].Mark = levels[i].Logo == "" && r.IntN(3) == 0
		}
		s, f := brand.Resolve(levels)
		say := levels
		if h := brand.Holder(levels); h >= 0 {
			say = levels[:h+1]
		}
		for _, v := range []struct {
			name, shown, none string
			from              int
			of                func(brand.Brand) string
		}{
			{"product", s.Product, "Nubitalk", f.Product, func(b brand.Brand) string { return b.Product }},
			{"accent", s.Light.Accent, "#0b6e6e", f.Accent, func(b brand.Brand) string { return b.Accent }},
			{"support", s.Support, "", f.Support, func(b brand.Brand) string { return b.Support }},
			{"privacy", s.Privacy, "", f.Privacy, func(b brand.Brand) string { return b.Privacy }},
		} {
			want, from := v.none, -1
			for i, b := range slices.Backward(say) {
				if v.of(b) != "" {
					want, from = v.of(b), i
					break
				}
			}
			if v.shown != want || v.from != from {
				t.Fatalf("%s is %q from %d, want %q from %d\n%+v", v.name, v.shown, v.from, want, from, levels)
			}
		}
	}
}

// What passes can be read: itself on each surface of our pages, and every text on its soft one.
func TestWhatPassesCanBeRead(t *testing.T) {
	tokens := tokensOf(t)
	colour := func(theme brand.Theme, name string) brand.Colour {
		c, ok := brand.Parse(tokens[theme][name])
		if !ok {
			t.Fatalf("tokens.css has no %s %s", theme, name)
		}
		return c
	}
	r := rand.New(rand.NewPCG(7, 76))
	passed := map[brand.Theme]int{}
	for n := range 20000 {
		c := brand.Colour{R: uint8(r.UintN(256)), G: uint8(r.UintN(256)), B: uint8(r.UintN(256))}
		for _, theme := range []brand.Theme{brand.Light, brand.Dark} {
			near := brand.Nearest(theme, c)
			if len(near) == 0 {
				t.Fatalf("nothing near %s passes on %s pages", c, theme)
			}
			if c.Passes(theme) != (near[0] == c) {
				t.Fatalf("%s on %s pages: passes %v, nearest %s", c, theme, c.Passes(theme), near[0])
			}
			if n%20 > 0 && !c.Passes(theme) {
				continue
			}
			passed[theme]++
			for _, c := range near {
				p := c.Palette(theme)
				soft, _ := brand.Parse(p.Soft)
				ink, _ := brand.Parse(p.Ink)
				pairs := map[string]float64{"ink on it": brand.Contrast(ink, c), "it on soft": brand.Contrast(c, soft), "text on soft": brand.Contrast(colour(theme, "text"), soft), "text-2 on soft": brand.Contrast(colour(theme, "text-2"), soft)}
				for _, name := range []string{"bg", "surface", "sunken"} {
					pairs["it on "+name] = brand.Contrast(c, colour(theme, name))
				}
				for what, ratio := range pairs {
					if ratio < 4.5 {
						t.Fatalf("%s on %s pages: %s has %.2f", c, theme, what, ratio)
					}
				}
			}
		}
	}
	if passed[brand.Light] < 1000 || passed[brand.Dark] < 1000 {
		t.Errorf("only %v were looked at", passed)
	}
}

// Contrast is that of WCAG's examples.
func TestContrast(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#777777", "#ffffff", 4.48}, {"#ff0000", "#ffffff", 4.0}, {"#0b6e6e", "#0b6e6e", 1}} {
		a, _ := brand.Parse(c.a)
		b, _ := brand.Parse(c.b)
		if got := brand.Contrast(a, b); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// Nubitalk's own colours are those of the pages.
func TestTheUsualColoursAreThoseOfThePages(t *testing.T) {
	s, _ := brand.Resolve(nil)
	for theme, p := range map[brand.Theme]brand.Palette{brand.Light: s.Light, brand.Dark: s.Dark} {
		of := tokensOf(t)[theme]
		if p != (brand.Palette{of["accent"], of["accent-ink"], of["accent-soft"]}) {
			t.Errorf("%s: %+v, and tokens.css has %s %s %s", theme, p, of["accent"], of["accent-ink"], of["accent-soft"])
		}
	}
}

func tokensOf(t *testing.T) map[brand.Theme]map[string]string {
	t.Helper()
	css, err := os.ReadFile("../../../web/ui/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), `[data-theme="dark"]`)
	if !ok {
		t.Fatal("tokens.css has no dark pages")
	}
	out := map[brand.Theme]map[string]string{brand.Light: {}, brand.Dark: {}}
	for theme, part := range map[brand.Theme]string{brand.Light: light, brand.Dark: dark} {
		for _, m := range regexp.MustCompile(`--([\w-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(part, -1) {
			out[theme][m[1]] = m[2]
		}
	}
	return out
}

func TestWhatCannotBeRead(t *testing.T) {
	b := brand.Brand{Accent: "#ffd400", AccentDark: "#202020"}
	faults := b.Faults()
	if len(faults) != 2 || faults[0].Path != "accent" || faults[1].Path != "accent_dark" || faults[0].Ratio >= 4.5 || len(faults[0].Nearest) == 0 {
		t.Fatalf("%+v", faults)
	}
	for i, theme := range []brand.Theme{brand.Light, brand.Dark} {
		for _, n := range faults[i].Nearest {
			if c, ok := brand.Parse(n); !ok || !c.Passes(theme) {
				t.Errorf("%s is offered for %s pages", n, theme)
			}
		}
	}
	if f := (brand.Brand{Accent: "#7a1fa2"}).Faults(); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		b    brand.Brand
		path string
	}{
		{brand.Brand{}, ""},
		{brand.Brand{Product: " Água & Pão ", Accent: "#7A1FA2", Support: "help@agua.example", Privacy: "https://agua.example/privacy"}, ""},
		{brand.Brand{Product: strings.Repeat("á", 41)}, "product"},
		{brand.Brand{Product: "Nubi\u202etalk"}, "product"},
		{brand.Brand{Product: "a\nb"}, "product"},
		{brand.Brand{Accent: "teal"}, "accent"},
		{brand.Brand{Accent: "#12345"}, "accent"},
		{brand.Brand{Accent: "#+12345"}, "accent"},
		{brand.Brand{AccentDark: "#ffffff"}, "accent"},
		{brand.Brand{Support: "javascript:alert(1)"}, "support"},
		{brand.Brand{Support: "http://help.example"}, "support"},
		{brand.Brand{Support: "a@b.example?bcc=c@d.example"}, "support"},
		{brand.Brand{Support: "Anna <a@b.example>"}, "support"},
		{brand.Brand{Support: "https://help.example\n"}, ""}, // the end is trimmed
		{brand.Brand{Privacy: "a@b.example"}, "privacy"},
		{brand.Brand{Privacy: "https://user:pass@x.example/"}, "privacy"},
		{brand.Brand{Privacy: "https://"}, "privacy"},
		{brand.Brand{Privacy: "https://x.example/a b"}, "privacy"},
	} {
		var f errs.Fields
		c.b.Check(&f)
		if got := len(f) > 0; got != (c.path != "") || got && f[0].Path != c.path {
			t.Errorf("%+v: %v, want %q", c.b, f, c.path)
		}
	}
}
