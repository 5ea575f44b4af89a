package provider

import (
	"net/mail"
	"strings"
	"testing"
)

func TestPath(t *testing.T) {
	for address, want := range map[string]string{
		"":                               "",
		"rui@example.org":                "rui@example.org",
		"rui.costa+x@[192.0.2.1]":        "rui.costa+x@[192.0.2.1]",
		"joão@exemplo.pt":                "joão@exemplo.pt",
		"a b@example.org":                `"a b"@example.org`,
		"a..b@example.org":               `"a..b"@example.org`,
		`a"b\c@example.org`:              `"a\"b\\c"@example.org`,
		"x> SIZE=1 <victim@example.org":  `"x> SIZE=1 <victim"@example.org`,
		"x@y> NOTIFY=NEVER@example.org":  `"x@y> NOTIFY=NEVER"@example.org`,
		"rui@example.org> NOTIFY=NEVER":  "none",
		"rui@exam ple.org":               "none",
		"a\r\nRCPT TO:<b@c>@example.org": "none",
		"nobody":                         "none",
		"@example.org":                   "none",
		"rui@":                           "none",
		"\xff@example.org":               "none",
	} {
		got, err := path(address)
		if err != nil {
			got = "none"
		}
		if got != want {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
}

// Whatever an address is, its path ends where it ends, and is that address.
func FuzzPath(f *testing.F) {
	for _, s := range []string{"a@b", `"a> SIZE=1"@b.example`, "a b@c", "@", "é@ü.example", "a@[IPv6:::1]", "a@b>", "a\"\\@b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		got, err := path(address)
		if err != nil || got == "" {
			return
		}
		quoted, out := false, 0
		for i := 0; i < len(got); i++ {
			switch c := got[i]; {
			case c == '\\' && quoted:
				i++
			case c == '"':
				quoted = !quoted
			case !quoted && strings.IndexByte("<> \t\r\n,;", c) >= 0:
				out++
			case c == '\r' || c == '\n':
				out++
			}
		}
		if out > 0 || quoted {
			t.Fatalf("%q of %q goes on", got, address)
		}
		if strings.HasPrefix(got, `"`) && !strings.Contains(got, "[") {
			if back, err := mail.ParseAddress("<" + got + ">"); err == nil && back.Address != address {
				t.Fatalf("%q is %q", address, back.Address)
			}
		}
	})
}
