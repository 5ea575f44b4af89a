package dialplan

import (
	"slices"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"nubitalk/internal/base/secret"
)

// Form is how a trunk writes numbers.
type Form string

const (
	Plus       Form = "plus"        // +351210000000 (E.164 as in RFC 3966)
	Digits     Form = "digits"      // 351210000000
	DoubleZero Form = "double_zero" // 00351210000000
	National   Form = "national"    // 210000000; other countries' as DoubleZero
)

// Forms are all of them.
var Forms = []Form{Plus, Digits, DoubleZero, National}

// KnownCountry says whether numbers of a two-letter country (ISO 3166) can be
// read and written.
func KnownCountry(country string) bool { return countries()[country] }

// Countries are those that KnownCountry knows, in order.
func Countries() []string {
	list := make([]string, 0, len(countries()))
	for c := range countries() {
		list = append(list, c)
	}
	slices.Sort(list)
	return list
}

var countries = sync.OnceValue(phonenumbers.GetSupportedRegions)

// CallingCode is what numbers of a country begin with ("+351"), "" if unknown.
func CallingCode(country string) string {
	if !KnownCountry(country) {
		return ""
	}
	return "+" + itoa(phonenumbers.GetCountryCodeForRegion(country))
}

// Normal gives a number as E.164 with "+", however a person, a phone or a trunk
// wrote it: with + or 00, or as one dials within the country. ok is false for
// what cannot be a number, and for short ones such as 112, which have no such
// form.
func Normal(raw, country string) (e164 string, ok bool) {
	_, e164 = parse(raw, country)
	return e164, e164 != ""
}

func parse(raw, country string) (n *phonenumbers.PhoneNumber, e164 string) {
	s, ok := plain(raw)
	if !ok {
		return nil, ""
	}
	if rest, found := strings.CutPrefix(s, "00"); found {
		s = "+" + rest
	}
	n, err := phonenumbers.Parse(s, country)
	if err != nil || !phonenumbers.IsPossibleNumber(n) || n.GetExtension() != "" {
		return nil, ""
	}
	e164 = phonenumbers.Format(n, phonenumbers.E164)
	// What begins with a dialling prefix even after its country's code is no
	// number that anybody has: it would be another one each time it is read.
	again, err := phonenumbers.Parse(e164, "")
	if err != nil || again.GetNationalNumber() != n.GetNationalNumber() || again.GetNumberOfLeadingZeros() != n.GetNumberOfLeadingZeros() || again.GetItalianLeadingZero() != n.GetItalianLeadingZero() {
		return nil, ""
	}
	return n, e164
}

// longest is more than any number with separators needs.
const longest = 64

// plain takes the separators away that people put into numbers. ok is false
// when something stays that is neither a digit nor a + before them.
func plain(raw string) (string, bool) {
	raw, _, _ = strings.Cut(raw, ";") // parameters of a telephone number in a URI
	if len(raw) > longest {
		return "", false
	}
	// +44 (0)20 …: the zero is for those who dial within the country.
	raw = strings.TrimSpace(strings.TrimPrefix(raw, "tel:"))
	if strings.HasPrefix(raw, "+") || strings.HasPrefix(raw, "00") {
		raw = strings.Replace(raw, "(0)", "", 1)
	}
	b := make([]byte, 0, len(raw))
	for _, r := range raw {
		switch {
		case r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r == '+' && len(b) == 0:
			b = append(b, '+')
		case strings.ContainsRune(" -./()\u00a0\u2010\u2011\u2012\u2013\u202f", r):
		default:
			return "", false
		}
	}
	return string(b), len(b) > 0
}

// Class is what a destination is, for rules and for costs.
type Class string

const (
	Emergency     Class = "emergency"
	Own           Class = "own"           // the trunk's own country
	International Class = "international" // any other
	Premium       Class = "premium"       // numbers that charge who calls them, of any country
)

// classOf says what a number is; home, that it is of the trunk's own country.
func classOf(n *phonenumbers.PhoneNumber, home bool) Class {
	switch {
	case phonenumbers.GetNumberType(n) == phonenumbers.PREMIUM_RATE:
		return Premium
	case home:
		return Own
	}
	return International
}

// within says whether a number is of a country. One that nobody is known to
// have given out is, unless several countries share the code.
func within(n *phonenumbers.PhoneNumber, country string) bool {
	region := phonenumbers.GetRegionCodeForNumber(n)
	if region != "" {
		return region == country
	}
	code := int(n.GetCountryCode())
	return code == phonenumbers.GetCountryCodeForRegion(country) && len(phonenumbers.GetRegionCodesForCountryCode(code)) == 1
}

// emergency says whether the number, as it was dialled, calls for help in a
// country, and gives it without separators.
func emergency(raw, country string) (string, bool) {
	s, ok := plain(raw)
	if !ok || len(s) > 6 || !phonenumbers.IsEmergencyNumber(s, country) {
		return "", false
	}
	return s, true
}

// Written gives an E.164 number in a form, for a trunk in a country.
func Written(e164 string, f Form, country string) string {
	switch f {
	case Digits:
		return strings.TrimPrefix(e164, "+")
	case DoubleZero:
		return "00" + strings.TrimPrefix(e164, "+")
	case National:
		n, err := phonenumbers.Parse(e164, country)
		if err != nil || int(n.GetCountryCode()) != phonenumbers.GetCountryCodeForRegion(country) {
			return "00" + strings.TrimPrefix(e164, "+")
		}
		return phonenumbers.GetNddPrefixForRegion(country, true) + phonenumbers.GetNationalSignificantNumber(n)
	}
	return e164
}

// Shown gives a number as people of its country write it, with its country.
func Shown(e164 string) string {
	n, err := phonenumbers.Parse(e164, "")
	if err != nil {
		return e164
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

// CallerOf gives the number of who calls by a trunk, E.164 with "+"; empty when
// there is none or it is withheld.
func (t *Trunk) CallerOf(raw secret.Text) secret.Text {
	if e164, ok := t.normal(raw.Reveal()); ok {
		return secret.New(e164)
	}
	return secret.Text{}
}

func (t *Trunk) normal(raw string) (string, bool) { return t.way().normal(raw) }

// normal is Normal for what a trunk writes.
func (w way) normal(raw string) (string, bool) {
	if w.digits {
		if s, ok := plain(raw); ok && s[0] != '+' && s[0] != '0' {
			if e164, ok := Normal("+"+s, w.country); ok {
				return e164, true
			}
		}
	}
	return Normal(raw, w.country)
}
