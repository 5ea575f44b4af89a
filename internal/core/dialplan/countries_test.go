package dialplan

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The page offers the countries that are known here, no more and no fewer.
func TestThePageOffersTheseCountries(t *testing.T) {
	b, err := os.ReadFile("../../../web/desktop/src/setup/countries.ts")
	if err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile(`\b[A-Z]{2}\b`).FindAllString(string(b), -1); !slices.Equal(got, Countries()) {
		t.Errorf("%d countries on the page, %d here", len(got), len(Countries()))
	}
}
