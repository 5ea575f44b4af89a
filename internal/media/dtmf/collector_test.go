package dtmf

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCollector(t *testing.T) {
	form := Rule{Most: 6, Least: 4, Ends: "#", First: 5 * time.Second, Next: 2 * time.Second}
	menu := Rule{First: 5 * time.Second}
	for name, c := range map[string]struct {
		rule  Rule
		input string // a dot is a second
		want  Outcome
		keys  string
	}{
		"a menu's key":         {menu, "..3", Complete, "3"},
		"star in a menu":       {menu, "*", Complete, "*"},
		"nobody presses":       {menu, ".....", Nothing, ""},
		"full":                 {form, "123456789", Complete, "123456"},
		"ended":                {form, "12345#6", Complete, "12345"},
		"ended too early":      {form, "123#", TooFew, "123"},
		"only the end":         {form, "#", Nothing, ""},
		"slow but in time":     {form, "....1.2.3.4", Waiting, "1234"},
		"in time, then enough": {form, "....1.2.3.4..", Complete, "1234"},
		"too slow":             {form, "1..2", TooFew, "1"},
		"no key":               {form, "x1", Waiting, "1"},
	} {
		now := time.Unix(0, 0)
		k := Collect(c.rule, now)
		got := Waiting
		for _, b := range []byte(c.input) {
			if b == '.' {
				now = now.Add(time.Second)
				got = k.Expire(now)
			} else {
				got = k.Press(b, now)
			}
		}
		if got != c.want || k.Keys().Reveal() != c.keys {
			t.Errorf("%s: outcome %d, keys %q", name, got, k.Keys().Reveal())
		}
		if s := fmt.Sprintf("%v %+v", k.Keys(), struct{ K any }{k.Keys()}); c.keys != "" && strings.Contains(s, c.keys) {
			t.Errorf("%s prints its keys: %s", name, s)
		}
	}
}
