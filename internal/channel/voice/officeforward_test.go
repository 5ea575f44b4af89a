package voice

import (
	"strings"
	"testing"
)

func TestForwardingsElsewhereAreCounted(t *testing.T) {
	for _, c := range []struct {
		diversion, history []string
		want               int
	}{
		{nil, nil, 0},
		{[]string{"<sip:1@a>;reason=unconditional"}, nil, 1},
		{[]string{`"Shop, the;counter=9" <sip:1@a;counter=9>;reason=user-busy; Counter = 3 ;privacy=off`, "<tel:+351>"}, nil, 4},
		{[]string{"<sip:1@a>;reason=unknown,<sip:2@a>;counter=2"}, nil, 3},
		{[]string{"<sip:1@a>;counter=-7", "<sip:1@a>;counter=junk", ""}, nil, 3},
		{[]string{"<sip:1@a>;counter=99999999999999999999999"}, nil, mostDiverted},
		{[]string{"<sip:1@a>;counter=99999"}, nil, mostDiverted},
		{nil, []string{"<sip:1@a>;index=1, <sip:2@a?Reason=SIP%3Bcause%3D302>;index=1.1", "<sip:3@a>;index=1.1.1"}, 2},
		{nil, []string{"<sip:1@a>;index=1"}, 0},
	} {
		if got := timesDiverted(c.diversion, c.history); got != c.want {
			t.Errorf("%q, %q: %d times", c.diversion, c.history, got)
		}
	}
}

func FuzzForwardingsElsewhere(f *testing.F) {
	f.Add(`"a, \\"b" <sip:1@a;x,y>;counter=2,<sip:2@a>`)
	f.Add(`"\\`)
	f.Fuzz(func(t *testing.T, value string) {
		for _, separator := range []byte{',', ';'} {
			var parts []string
			for p := range apart(value, separator) {
				parts = append(parts, p)
			}
			if strings.Join(parts, string(separator)) != value {
				t.Fatalf("%q is put together from %q", value, parts)
			}
		}
		if n := timesDiverted([]string{value}, []string{value}); n < 1 || n > mostDiverted*(1+strings.Count(value, ",")) {
			t.Fatalf("%q: %d times", value, n)
		}
	})
}
