package brand

import (
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
)

// Theme is a kind of page.
type Theme string

const (
	Light Theme = "light"
	Dark  Theme = "dark"
)

// Needed is the least contrast of text (WCAG 2.2, 1.4.3).
const Needed = 4.5

// Colour is one of sRGB.
type Colour struct{ R, G, B uint8 }

// Palette is what pages take from an accent colour.
type Palette struct {
	Accent string `json:"accent" doc:"As text, and as a surface."`
	Ink    string `json:"ink" doc:"Text on it."`
	Soft   string `json:"soft" doc:"A surface that hints at it, under all texts."`
}

// surfaces are what an accent stands on: --bg, --surface and --sunken of
// web/ui/tokens.css. The second of the light and the first of the dark are the ink
// on it, and so always readable.
var surfaces = map[Theme][]Colour{
	Light: {{0xf6, 0xf6, 0xf3}, {0xff, 0xff, 0xff}, {0xef, 0xee, 0xea}},
	Dark:  {{0x14, 0x14, 0x13}, {0x1d, 0x1c, 0x1b}, {0x28, 0x26, 0x23}},
}

var ink = map[Theme]Colour{Light: surfaces[Light][1], Dark: surfaces[Dark][0]}

// usual is Nubitalk's own, as in web/ui/tokens.css.
var usual = map[Theme]Palette{
	Light: {"#0b6e6e", "#ffffff", "#dff0ee"},
	Dark:  {"#5cc4bd", "#0c2524", "#17312f"},
}

// softly is how much of an accent is in its soft surface.
const softly = 0.12

// Parse reads a colour like #0b6e6e.
func Parse(s string) (Colour, bool) {
	if len(s) != 7 || s[0] != '#' {
		return Colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// linear is the light of a channel's value.
var linear = func() (of [256]float64) {
	for v := range of {
		x := float64(v) / 255
		if x <= 0.04045 {
			of[v] = x / 12.92
		} else {
			of[v] = math.Pow((x+0.055)/1.055, 2.4)
		}
	}
	return of
}()

// luminance is the relative luminance of WCAG 2.2.
func (c Colour) luminance() float64 {
	return 0.2126*linear[c.R] + 0.7152*linear[c.G] + 0.0722*linear[c.B]
}

// Contrast is the contrast ratio of WCAG 2.2: 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func mix(a, b Colour, part float64) Colour {
	at := func(x, y uint8) uint8 { return uint8(math.Round(float64(x)*part + float64(y)*(1-part))) }
	return Colour{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B)}
}

func (c Colour) soft(t Theme) Colour { return mix(c, surfaces[t][1], softly) }

// least is the colour's least contrast where it stands.
func (c Colour) least(t Theme) float64 {
	least := Contrast(c, c.soft(t))
	for _, s := range surfaces[t] {
		least = min(least, Contrast(c, s))
	}
	return least
}

// Passes says whether the colour can be read on all that it stands on, and what
// stands on it.
func (c Colour) Passes(t Theme) bool { return c.least(t) >= Needed }

// Palette is what pages of a theme take from it.
func (c Colour) Palette(t Theme) Palette {
	return Palette{c.String(), ink[t].String(), c.soft(t).String()}
}

// Nearest are colours near one that pass, the nearest first: of the same hue, as
// strong as it is, and less strong. There is at least one; a colour that passes is
// its own.
func Nearest(t Theme, c Colour) []Colour {
	if c.Passes(t) {
		return []Colour{c}
	}
	hue, strength, light := c.hsl()
	var out []Colour
	for _, s := range []float64{strength, strength * 0.6} {
		at := func(step int) Colour {
			l := light - float64(step)/512
			if t == Dark {
				l = light + float64(step)/512
			}
			return fromHSL(hue, s, min(max(l, 0), 1))
		}
		first := sort.Search(512, func(step int) bool { return at(step).Passes(t) }) // the darker, or the lighter, the better; the last is black, or white
		if n := at(first); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (c Colour) hsl() (h, s, l float64) {
	r, g, b := float64(c.R)/255, float64(c.G)/255, float64(c.B)/255
	most, least := max(r, g, b), min(r, g, b)
	l = (most + least) / 2
	d := most - least
	if d == 0 {
		return 0, 0, l
	}
	s = d / (1 - math.Abs(2*l-1))
	switch most {
	case r:
		h = math.Mod((g-b)/d+6, 6)
	case g:
		h = (b-r)/d + 2
	default:
		h = (r-g)/d + 4
	}
	return h, s, l
}

func fromHSL(h, s, l float64) Colour {
	at := func(n float64) uint8 {
		k := math.Mod(n+h*2, 12)
		return uint8(math.Round(255 * (l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1)))))
	}
	return Colour{at(0), at(8), at(4)}
}
