package chat

import (
	"testing"

	"nubitalk/internal/core/setup"
)

func TestAColourThatNobodyChoseIsTheBrands(t *testing.T) {
	chosen := setup.Theme{Accent: "#aa3300"}
	usual := setup.DefaultTheme()
	branded := VisitorBrand{Accent: "#7a1fa2"}
	for name, c := range map[string]struct {
		theme setup.Theme
		brand VisitorBrand
		want  string
	}{
		"neither":       {usual, VisitorBrand{}, usual.Accent},
		"the brand's":   {usual, branded, "#7a1fa2"},
		"its own":       {chosen, VisitorBrand{}, "#aa3300"},
		"its own first": {chosen, branded, "#aa3300"},
	} {
		if got := accentOf(c.theme, c.brand); got != c.want {
			t.Errorf("%s: %s, not %s", name, got, c.want)
		}
		if _, err := setup.NewLook(accentOf(c.theme, c.brand)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
