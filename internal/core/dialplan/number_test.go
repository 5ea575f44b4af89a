package dialplan

import (
	"strings"
	"testing"

	"nubitalk/internal/base/secret"
)

func TestNormal(t *testing.T) {
	for _, c := range []struct{ raw, country, want string }{
		{"+351 210 000 000", "PT", "+351210000000"},
		{"00351210000000", "PT", "+351210000000"},
		{"00 351 21 000 00 00", "GB", "+351210000000"},
		{"210 000 000", "PT", "+351210000000"},
		{"21-000.00/00", "PT", "+351210000000"},
		{"+44 (0)20 7946 0018", "PT", "+442079460018"},
		{"020 7946 0018", "GB", "+442079460018"},
		{"tel:+351210000000;phone-context=example.org", "PT", "+351210000000"},
		{"+351210000000;npdi;rn=+3519", "", "+351210000000"},
		{"011 351 210000000", "US", "+351210000000"},
		{"0351210000000", "PT", ""}, // neither national nor international
		{"(212) 555-0123", "US", "+12125550123"},
		{"0039 06 698 123", "PT", "+3906698123"}, // Italy keeps its zero
		{"112", "PT", ""},
		{"16 123", "PT", ""},
		{"210000000", "", ""},
		{"+", "PT", ""},
		{"", "PT", ""},
		{"anonymous", "PT", ""},
		{"1-800-FLOWERS", "US", ""},
		{"+351 210 000 000 x12", "PT", ""},
		{"21+0000000", "PT", ""},
		{"+999999999999", "PT", ""},
		{strings.Repeat("1", 80), "PT", ""},
	} {
		got, ok := Normal(c.raw, c.country)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%q in %s: %q %v, want %q", c.raw, c.country, got, ok, c.want)
		}
	}
}

func TestWrittenIsReadAgain(t *testing.T) {
	for _, c := range []struct {
		number, country string
		want            [4]string // in the order of Forms
	}{
		{"+351210000000", "PT", [4]string{"+351210000000", "351210000000", "00351210000000", "210000000"}},
		{"+442079460018", "GB", [4]string{"+442079460018", "442079460018", "00442079460018", "02079460018"}},
		{"+442079460018", "PT", [4]string{"+442079460018", "442079460018", "00442079460018", "00442079460018"}},
		{"+3906698123", "IT", [4]string{"+3906698123", "3906698123", "003906698123", "06698123"}},
	} {
		for i, f := range Forms {
			got := Written(c.number, f, c.country)
			if got != c.want[i] {
				t.Errorf("%s in %s as %s: %q, want %q", c.number, c.country, f, got, c.want[i])
			}
			trunk := Trunk{Country: c.country, Form: f}
			if back := trunk.CallerOf(secret.New(got)); back.Reveal() != c.number {
				t.Errorf("%q is read as %q, want %q", got, back.Reveal(), c.number)
			}
		}
	}
}

func TestCountries(t *testing.T) {
	if !KnownCountry("PT") || KnownCountry("XX") || KnownCountry("") || KnownCountry("pt") || len(Countries()) < 200 {
		t.Errorf("%d countries", len(Countries()))
	}
	if CallingCode("PT") != "+351" || CallingCode("XX") != "" {
		t.Errorf("%q %q", CallingCode("PT"), CallingCode("XX"))
	}
	if got := Shown("+351210000000"); got != "+351 21 000 0000" && got != "+351 210 000 000" {
		t.Errorf("%q", got)
	}
}

// Whatever comes from the wire is either no number or one that reads as itself,
// in every form.
func FuzzNormal(f *testing.F) {
	for _, s := range []string{"+351210000000", "00351 21 000 00 00", "112", "+44 (0)20", "tel:1;ext=2", "+1(0)(0)", "０１２", "\x00", "+390669", "+0", "00", "anonymous"} {
		f.Add(s, "PT")
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, raw, country string) {
		e164, ok := Normal(raw, country)
		if !ok {
			if e164 != "" {
				t.Fatalf("%q is none and yet %q", raw, e164)
			}
			return
		}
		if len(e164) < 3 || len(e164) > 18 || e164[0] != '+' || strings.Trim(e164[1:], "0123456789") != "" {
			t.Fatalf("%q gives %q", raw, e164)
		}
		for _, form := range Forms {
			written := Written(e164, form, country)
			if strings.Trim(strings.TrimPrefix(written, "+"), "0123456789") != "" {
				t.Fatalf("%q as %s is %q", e164, form, written)
			}
		}
		if again, ok := Normal(e164, ""); !ok || again != e164 {
			t.Fatalf("%q gives %q, which gives %q", raw, e164, again)
		}
	})
}
