package privacy

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

func TestNormalAddress(t *testing.T) {
	for _, c := range []struct{ kind, in, region, want string }{
		{Email, "Ana.Silva@Example.ORG", "", "ana.silva@example.org"},
		{Email, "  ana@example.org. ", "", "ana@example.org"},
		{Email, "ana@exámple.org", "", "ana@xn--exmple-qta.org"},
		{Email, "ana@exa\u0301mple.org", "", "ana@xn--exmple-qta.org"},
		{Email, "ANA@XN--EXMPLE-QTA.org", "", "ana@xn--exmple-qta.org"},
		{Email, "josé@example.org", "", "josé@example.org"},
		{Email, "jose\u0301@example.org", "", "josé@example.org"},
		{Email, "JOSÉ+loja@example.org", "", "josé+loja@example.org"},
		{Email, "root@localhost", "", "root@localhost"},
		{Email, "\u202aana@example.org\u202c", "", "ana@example.org"},
		{Email, "ana", "", ""},
		{Email, "@example.org", "", ""},
		{Email, "ana@", "", ""},
		{Email, "ana@org", "", ""},
		{Email, "ana@.org", "", ""},
		{Email, "ana@exa mple.org", "", ""},
		{Email, "ana@example..org", "", ""},
		{Email, "a b@example.org", "", ""},
		{Email, "ana@x@example.org", "", ""},
		{Email, ".ana@example.org", "", ""},
		{Email, "an\x00a@example.org", "", ""},
		{Email, "an\u202ea@example.org", "", ""},
		{Email, "\xff@example.org", "", ""},
		{Email, "<ana@example.org>", "", ""},
		{Email, strings.Repeat("a", 65) + "@example.org", "", ""},
		{Email, "a@" + strings.Repeat("a.", 130) + "org", "", ""},
		{Phone, "+351 210 000 000", "", "+351210000000"},
		{Phone, "00351 210-000-000", "PT", "+351210000000"},
		{Phone, "210 000 000", "PT", "+351210000000"},
		{Phone, "(11) 98765-4321", "BR", "+5511987654321"},
		{Phone, "tel:+351-210-000-000", "", "+351210000000"},
		{Phone, "+351 210 000 000 ext. 12", "", "+351210000000;ext=12"},
		{Phone, "＋３５１ ２１００００００００", "", ""},
		{Phone, "＋３５１２１０００００００", "", "+351210000000"},
		{Phone, "210 000 000", "", ""},
		{Phone, "12", "PT", ""},
		{Phone, "not a number", "PT", ""},
		{Phone, "+999 1", "", ""},
		{Social, "Mastodon:@Ana@Example.org", "", "mastodon:ana@example.org"},
		{Social, "x: ana", "", ""},
		{Social, "bluesky: ana.example.org", "", "bluesky:ana.example.org"},
		{Social, "ana", "", ""},
		{Social, "mastodon:", "", ""},
		{Social, "mastodon:a b", "", ""},
		{Visitor, "abc-DEF_123", "", "abc-DEF_123"},
		{Visitor, "abc/../x", "", ""},
		{Visitor, strings.Repeat("a", 129), "", ""},
		{"fax", "1", "", ""},
		{Email, " ", "", ""},
	} {
		got, err := NormalAddress(c.kind, c.in, c.region)
		if got != c.want {
			t.Errorf("%s %q (%s): %q, %v; want %q", c.kind, c.in, c.region, got, err, c.want)
		}
		if c.want == "" && !errs.Is(err, errs.Invalid) {
			t.Errorf("%s %q: %v, want invalid", c.kind, c.in, err)
		}
		if err != nil && len(c.in) > 3 && c.in != "@example.org" && c.in != "mastodon:" && c.kind != Phone && strings.Contains(err.Error(), c.in) {
			t.Errorf("%s: the error repeats the value: %v", c.kind, err)
		}
		if c.want != "" {
			if again, err := NormalAddress(c.kind, got, ""); err != nil || again != got {
				t.Errorf("%s %q is normalised to %q, %v the second time", c.kind, got, again, err)
			}
		}
	}
}

func TestNormalisingTwiceChangesNothing(t *testing.T) {
	for _, in := range []string{"+4600000009", "+460000009", "+46 (0)8 123 456 00", "+39 06 698 12345", "+351 210 000 000 ext. 12", "+7 8 (495) 123-45-67"} {
		once, err := NormalAddress(Phone, in, "PT")
		if err != nil {
			continue // refused, as it would be the second time
		}
		if twice, err := NormalAddress(Phone, once, ""); err != nil || twice != once {
			t.Errorf("%s: first %q, then %q, %v", in, once, twice, err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom(AddressKinds).Draw(r, "kind")
		in := rapid.OneOf(rapid.String(), rapid.StringMatching(`[A-Za-zäÉ.+]{1,9}@[a-zÜß]{1,9}\.[a-z]{2,3}`), rapid.StringMatching(`\+?[0-9 ()-]{5,15}`),
			rapid.StringMatching(`[a-zA-Z]{2,9}:@?[A-Za-zÄß.]{1,9}`)).Draw(r, "value")
		once, err := NormalAddress(kind, in, "PT")
		if err != nil {
			return
		}
		if twice, err := NormalAddress(kind, once, ""); err != nil || twice != once {
			r.Fatalf("%s %q: first %q, then %q, %v", kind, in, once, twice, err)
		}
	})
}

func TestMaskAddress(t *testing.T) {
	for _, c := range []struct{ kind, in, want string }{
		{Email, "ana.silva@example.org", "a•••@e•••.org"},
		{Email, "é@localhost", "é•••@l•••"},
		{Phone, "+351210000089", "+35•••89"},
		{Phone, "+35121", "•••"},
		{Social, "mastodon:ana@example.org", "mastodon:a•••"},
		{Visitor, "abc", "•••"},
		{"other", "abc", "•••"},
		{Email, "", "•••@•••"},
	} {
		if got := MaskAddress(c.kind, c.in); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.in, got, c.want)
		}
	}
}

func TestRegionOf(t *testing.T) {
	for zone, want := range map[string]string{"Europe/Lisbon": "PT", "Atlantic/Azores": "PT", "America/Sao_Paulo": "BR", "Europe/London": "GB", "UTC": "", "": ""} {
		if got := RegionOf(zone); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
}
