package privacy

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"nubitalk/internal/base/errs"
)

// Kinds of addresses, in the order in which they tell who a person is.
const (
	Email   = "email"
	Phone   = "phone"
	Social  = "social"
	Visitor = "visitor"
)

// AddressKinds are all kinds, the most telling first.
var AddressKinds = []string{Email, Phone, Social, Visitor}

// NormalAddress gives the one form of an address that is stored and indexed, so
// that the same person is found however it was typed. region is the two-letter
// country of phone numbers written without one; "" accepts only international
// ones. Its errors name the field "address" and never repeat the value.
func NormalAddress(kind, value, region string) (string, error) {
	value = strings.TrimFunc(norm.NFC.String(strings.ToValidUTF8(value, "\uFFFD")), blank)
	if value == "" {
		return "", errs.Bad("address", "must not be empty")
	}
	switch kind {
	case Email:
		return normalEmail(value)
	case Phone:
		return normalPhone(value, region)
	case Social:
		return normalSocial(value)
	case Visitor:
		if len(value) > 128 || !visitorID.MatchString(value) {
			return "", errs.Bad("address", "is not a visitor's id (letters, digits, - and _)")
		}
		return value, nil
	}
	return "", errs.Bad("kind", "must be email, phone, social or visitor")
}

var (
	visitorID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	network   = regexp.MustCompile(`^[a-z][a-z0-9_-]{1,31}$`)
	extension = regexp.MustCompile(`^[0-9]{1,11}$`)
)

func blank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

// normalEmail follows RFC 5321 section 4.5.3.1 for lengths and RFC 6531 for
// other alphabets. The part before @ is case-sensitive by RFC 5321 section 2.4,
// but no provider keeps two people apart by it, so it is lowered as well.
func normalEmail(v string) (string, error) {
	at := strings.LastIndexByte(v, '@')
	if at < 1 || at == len(v)-1 {
		return "", errs.Bad("address", "must be an email address such as name@example.org")
	}
	local, domain := strings.ToLower(v[:at]), strings.TrimSuffix(v[at+1:], ".")
	for _, r := range local {
		if r <= ' ' || r == 0x7f || r == utf8.RuneError || unicode.IsSpace(r) || unicode.Is(unicode.C, r) || strings.ContainsRune(`"(),:;<>@[\]`, r) {
			return "", errs.Bad("address", "has a character before the @ that an email address cannot have")
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", errs.Bad("address", "has a dot in a wrong place before the @")
	}
	ascii, err := idna.Lookup.ToASCII(domain)
	if err != nil || ascii == "" || !strings.Contains(ascii, ".") && ascii != "localhost" || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") {
		return "", errs.Bad("address", "has no valid domain after the @")
	}
	if len(local) > 64 || len(ascii) > 253 || len(local)+1+len(ascii) > 254 {
		return "", errs.Bad("address", "is too long for an email address (at most 254 characters, 64 before the @)")
	}
	return local + "@" + strings.ToLower(ascii), nil
}

// normalPhone gives E.164 (ITU-T E.164 section 6), with ";ext=" (RFC 3966
// section 5.3) when there is an extension.
func normalPhone(v, region string) (string, error) {
	number, err := phonenumbers.Parse(v, region)
	out := ""
	// Read again, a number may lose one more leading zero that its country does not dial
	// from abroad: its one form is that which stays.
	for err == nil && phonenumbers.IsPossibleNumber(number) {
		form := phonenumbers.Format(number, phonenumbers.E164)
		if form == out {
			break
		}
		ext := number.Extension
		out = form
		if number, err = phonenumbers.Parse(out, ""); err == nil {
			number.Extension = ext
		}
	}
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		if region == "" {
			return "", errs.Bad("address", "must be a phone number with its country, such as +351 210 000 000")
		}
		return "", errs.Bad("address", "must be a phone number, such as +351 210 000 000 or one of your own country")
	}
	if ext := number.GetExtension(); extension.MatchString(ext) {
		out += ";ext=" + ext
	}
	return out, nil
}

// normalSocial gives "network:handle", lower case, without a leading @.
func normalSocial(v string) (string, error) {
	name, handle, ok := strings.Cut(strings.ToLower(norm.NFKC.String(v)), ":")
	handle = strings.TrimPrefix(strings.TrimSpace(handle), "@")
	if !ok || !network.MatchString(name) || handle == "" || len(handle) > 200 || strings.ContainsFunc(handle, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.Is(unicode.C, r) || r == utf8.RuneError
	}) {
		return "", errs.Bad("address", "must be a network and a handle, such as mastodon:name@example.org")
	}
	return name + ":" + handle, nil
}

// MaskAddress shows enough of a normalised address to recognise one's own, and
// not enough to reach the person.
func MaskAddress(kind, normalised string) string {
	const dots = "•••"
	first := func(s string) string {
		r, _ := utf8.DecodeRuneInString(s)
		if s == "" {
			return ""
		}
		return string(r)
	}
	switch kind {
	case Email:
		local, domain, _ := strings.Cut(normalised, "@")
		top := ""
		if i := strings.LastIndexByte(domain, '.'); i >= 0 {
			top = domain[i:]
		}
		return first(local) + dots + "@" + first(domain) + dots + top
	case Phone:
		number, _, _ := strings.Cut(normalised, ";")
		if len(number) < 9 {
			return dots
		}
		return number[:3] + dots + number[len(number)-2:]
	case Social:
		name, handle, _ := strings.Cut(normalised, ":")
		return name + ":" + first(handle) + dots
	}
	return dots
}

// LastDigits is a telephone number's last two digits, and nothing of a short one:
// enough to know a call again.
func LastDigits(number string) string {
	const dots = "•••"
	if len(number) < 6 {
		return dots
	}
	return dots + number[len(number)-2:]
}

// regionLines is "country zone zone …" for each country, from the tz database's
// zone.tab (public domain).
//
//go:embed regions.txt
var regionLines string

var regions = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 450)
	for line := range strings.Lines(regionLines) {
		f := strings.Fields(line)
		for _, zone := range f[1:] {
			m[zone] = f[0]
		}
	}
	return m
})

// RegionOf is the two-letter country of a time zone, "" if it has none: the
// country in which a tenant's phone numbers without one are.
func RegionOf(timeZone string) string { return regions()[timeZone] }
