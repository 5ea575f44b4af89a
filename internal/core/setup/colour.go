package setup

import (
	"fmt"
	"math"
	"strconv"

	"nubitalk/internal/base/errs"
)

// The inks for text on an accent, and of the surfaces that the widget draws on
// those on which an accent is hardest to read; the values are those of the
// interface's tokens.
const (
	White        = "#ffffff"
	Ink          = "#1d1c1a" // text on light surfaces
	Black        = "#000000"
	LightSurface = "#efeeea" // the darkest light surface
	DarkSurface  = "#282623" // the lightest dark one
)

// TextContrast is the least contrast of text by WCAG 2.2 AA (1.4.3).
const TextContrast = 4.5

// Colour is an sRGB colour.
type Colour struct{ R, G, B uint8 }

// ParseColour reads #rrggbb.
func ParseColour(s string) (Colour, error) {
	if len(s) == 7 && s[0] == '#' {
		if v, err := strconv.ParseUint(s[1:], 16, 32); err == nil {
			return Colour{uint8(v >> 16), uint8(v >> 8), uint8(v)}, nil
		}
	}
	return Colour{}, errs.Bad("colour", "must be written #rrggbb.")
}

func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is WCAG's relative luminance.
func (c Colour) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast is WCAG's contrast ratio of two colours, 1 to 21.
func Contrast(a, b Colour) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// Look is an accent with the colours that go with it, each readable by WCAG AA.
type Look struct {
	Accent  string `json:"accent"`
	Ink     string `json:"ink" doc:"Text on the accent."`
	OnLight string `json:"on_light" doc:"The accent as text or icon on light surfaces, darkened if needed."`
	OnDark  string `json:"on_dark" doc:"The accent as text or icon on dark surfaces, lightened if needed."`
}

// NewLook chooses the colours for an accent. White is taken as ink where it is
// readable, then the interface's ink, then black; one of them always is.
func NewLook(accent string) (Look, error) {
	c, err := ParseColour(accent)
	if err != nil {
		return Look{}, err
	}
	look := Look{Accent: c.String(), OnLight: towards(c, LightSurface, Black), OnDark: towards(c, DarkSurface, White)}
	for _, ink := range []string{White, Ink, Black} {
		on, _ := ParseColour(ink)
		if look.Ink = ink; Contrast(c, on) >= TextContrast {
			break
		}
	}
	return look, nil
}

// towards mixes a colour with limit, in steps, until it is readable on ground.
func towards(c Colour, ground, limit string) string {
	on, _ := ParseColour(ground)
	end, _ := ParseColour(limit)
	for share := 0.0; ; share += 0.05 {
		mixed := Colour{mix(c.R, end.R, share), mix(c.G, end.G, share), mix(c.B, end.B, share)}
		if share >= 1 || Contrast(mixed, on) >= TextContrast {
			return mixed.String()
		}
	}
}

func mix(a, b uint8, share float64) uint8 {
	return uint8(math.Round(float64(a) + (float64(b)-float64(a))*min(share, 1)))
}
