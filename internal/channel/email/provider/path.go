package provider

import (
	"net/textproto"
	"strings"
	"unicode"
	"unicode/utf8"
)

// path is an address as it stands between the brackets of MAIL FROM and RCPT TO (RFC
// 5321, 4.1.2; RFC 6531, 3.3). What its sender wrote before the @ may be anything, also
// the end of the path with more behind it: it is quoted where it is no dot-string.
func path(address string) (string, error) {
	refused := &textproto.Error{Code: 553, Msg: "no address"}
	at := strings.LastIndexByte(address, '@')
	if address == "" { // the null return path
		return "", nil
	}
	if at < 1 || at == len(address)-1 || len(address) > 254 || !utf8.ValidString(address) || strings.ContainsFunc(address, unicode.IsControl) {
		return "", refused
	}
	local, domain := address[:at], address[at+1:]
	literal := strings.TrimSuffix(strings.TrimPrefix(domain, "["), "]")
	if strings.ContainsFunc(literal, func(r rune) bool {
		return r < utf8.RuneSelf && !word(r) && r != '.' && r != ':' || unicode.IsSpace(r)
	}) {
		return "", refused
	}
	if isDotString(local) {
		return address, nil
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(local) + `"@` + domain, nil
}

func isDotString(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool {
			return r < utf8.RuneSelf && !word(r) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~", r) || unicode.IsSpace(r)
		}) {
			return false
		}
	}
	return true
}

func word(r rune) bool {
	return r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
