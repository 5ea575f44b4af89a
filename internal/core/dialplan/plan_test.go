package dialplan

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

const (
	shop  = id.Tenant("ten_shop")
	books = id.Tenant("ten_books")
)

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// house is the trunks of two tenants whose operator calls from one network, and
// one by each of the other ways.
func house() []Trunk {
	operator := prefixes("203.0.113.0/28", "2001:db8::/64")
	return []Trunk{
		{ID: "trk_shop", Name: "Lines", Owner: shop, Enabled: true, Country: "PT", Form: National, Sources: operator,
			Numbers: []Number{{"+351210000001", shop, "ent_shop", ""}, {"+351210000002", shop, "", ""}},
			Caller:  Caller{Rule: Chosen, Default: "+351210000001", Queues: map[string]string{"que_a": "+351210000002"}, Tells: InFrom},
			Out:     Rules{Allowed: true}},
		{ID: "trk_books", Name: "Books", Owner: books, Enabled: true, Country: "PT", Form: Plus, Sources: operator,
			Numbers: []Number{{"+351210000003", books, "ent_books", ""}}},
		{ID: "trk_reg", Name: "Registered", Owner: books, Enabled: true, Country: "GB", Form: Digits, Registers: true,
			Numbers: []Number{{"+442079460018", books, "ent_london", ""}}},
		{ID: "trk_word", Name: "Password", Owner: books, Enabled: true, Country: "PT", Form: Plus, AsksPassword: true, Sources: prefixes("198.51.100.7/32"),
			Numbers: []Number{{"+351210000004", books, "ent_word", ""}}},
		{ID: "trk_off", Name: "Off", Owner: shop, Country: "PT", Form: Plus, Sources: prefixes("192.0.2.1/32"),
			Numbers: []Number{{"+351210000005", shop, "ent_off", ""}}, Out: Rules{Allowed: true}},
	}
}

func called(numbers ...string) (list []secret.Text) {
	for _, n := range numbers {
		list = append(list, secret.New(n))
	}
	return list
}

func TestIncoming(t *testing.T) {
	p := New(house())
	operator, stranger := netip.MustParseAddr("203.0.113.5"), netip.MustParseAddr("198.51.100.99")
	for name, c := range map[string]struct {
		a    Arrival
		want string // entry point, or the code
	}{
		"national form":             {Arrival{Source: operator, Called: called("210000001")}, "ent_shop"},
		"international form":        {Arrival{Source: operator, Called: called("00351210000001")}, "ent_shop"},
		"mapped IPv4":               {Arrival{Source: netip.MustParseAddr("::ffff:203.0.113.5"), Called: called("+351210000001")}, "ent_shop"},
		"IPv6":                      {Arrival{Source: netip.MustParseAddr("2001:db8::9"), Called: called("+351210000001")}, "ent_shop"},
		"the operator's other one":  {Arrival{Source: operator, Called: called("210000003")}, "ent_books"},
		"the number in To":          {Arrival{Source: operator, Called: called("trunk-account", "", "210000003")}, "ent_books"},
		"only shown":                {Arrival{Source: operator, Called: called("210000002")}, "480"},
		"nobody's number":           {Arrival{Source: operator, Called: called("210000009")}, "404"},
		"no number":                 {Arrival{Source: operator, Called: called("reception")}, "404"},
		"nothing":                   {Arrival{Source: operator}, "404"},
		"another trunk's number":    {Arrival{Source: operator, Called: called("+442079460018")}, "404"},
		"stranger":                  {Arrival{Source: stranger, Called: called("210000001")}, "403"},
		"stranger, no number":       {Arrival{Source: stranger, Called: called("210000009")}, "403"},
		"registered":                {Arrival{Source: stranger, Contact: "trk_reg", Called: called("442079460018")}, "ent_london"},
		"registered, in its own":    {Arrival{Source: stranger, Contact: "trk_reg", Called: called("020 7946 0018")}, "ent_london"},
		"registered, other number":  {Arrival{Source: stranger, Contact: "trk_reg", Called: called("+351210000001")}, "404"},
		"contact of one that isn't": {Arrival{Source: stranger, Contact: "trk_shop", Called: called("210000001")}, "403"},
		"password wanted":           {Arrival{Source: netip.MustParseAddr("198.51.100.7"), Called: called("210000004")}, "401"},
		"password wanted, anything": {Arrival{Source: netip.MustParseAddr("198.51.100.7"), Called: called("1")}, "401"},
		"password proven":           {Arrival{Source: netip.MustParseAddr("198.51.100.7"), Proven: "trk_word", Called: called("210000004")}, "ent_word"},
		"another's password":        {Arrival{Source: netip.MustParseAddr("198.51.100.7"), Proven: "trk_shop", Called: called("210000004")}, "403"},
		"password from elsewhere":   {Arrival{Source: stranger, Proven: "trk_word", Called: called("210000004")}, "403"},
		"disabled":                  {Arrival{Source: netip.MustParseAddr("192.0.2.1"), Called: called("210000005")}, "403"},
	} {
		landing, code := p.Incoming(c.a)
		got := landing.EntryPoint
		if code != 0 {
			got = fmt.Sprint(code)
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if code == 0 && (landing.Trunk == nil || landing.Number == "" || landing.Tenant == "") {
			t.Errorf("%s: %+v", name, landing)
		}
	}
}

// A trunk that asks for a password and names no addresses lets nobody learn by
// the answer whether a number is there.
func TestAPasswordIsAskedForBeforeAnythingIsTold(t *testing.T) {
	p := New([]Trunk{{ID: "trk_1", Owner: shop, Enabled: true, Country: "PT", AsksPassword: true, Numbers: []Number{{"+351210000001", shop, "ent_1", ""}}}})
	for _, number := range []string{"210000001", "210000002", "x"} {
		if _, code := p.Incoming(Arrival{Source: netip.MustParseAddr("192.0.2.1"), Called: called(number)}); code != Unauthorised {
			t.Errorf("%s: %d", number, code)
		}
	}
	if l, code := p.Incoming(Arrival{Source: netip.MustParseAddr("192.0.2.1"), Proven: "trk_1", Called: called("210000001")}); code != 0 || l.EntryPoint != "ent_1" {
		t.Errorf("%+v %d", l, code)
	}
}

func TestTheFirstTrunkHasANumberThatTwoClaim(t *testing.T) {
	both := prefixes("203.0.113.0/28")
	p := New([]Trunk{
		{ID: "trk_1", Owner: shop, Enabled: true, Country: "PT", Sources: both, Numbers: []Number{{"+351210000001", shop, "ent_1", ""}}},
		{ID: "trk_2", Owner: books, Enabled: true, Country: "PT", Sources: both, Numbers: []Number{{"+351210000001", books, "ent_2", ""}}},
	})
	if l, code := p.Incoming(Arrival{Source: netip.MustParseAddr("203.0.113.1"), Called: called("+351210000001")}); code != 0 || l.Tenant != shop {
		t.Errorf("%+v %d", l, code)
	}
}

// A plan that has read many numbers answers as a new one does, and keeps what was
// dialled only where it is its own number, a few times each.
func TestWhatWasReadChangesNoAnswer(t *testing.T) {
	used, operator := New(house()), netip.MustParseAddr("203.0.113.5")
	var dialled []string
	for _, number := range []string{"210000001", "210 000 003", "00351210000001", "00 351 210-000-001", "+351210000001", "tel:+351 210000001", "210000009", "0034911234567", "351210000001",
		"020 7946 0018", "442079460018", "+44 (0)20 7946 0018", "112", "x", "", "00", "+"} {
		for at := range len(number) + 1 {
			dialled = append(dialled, number[:at]+" "+number[at:])
		}
		dialled = append(dialled, number)
	}
	for range 2 { // read, and found again
		for _, number := range dialled {
			for _, a := range []Arrival{{Source: operator, Called: called(number)}, {Source: netip.MustParseAddr("198.51.100.99"), Contact: "trk_reg", Called: called(number)}} {
				got, code := used.Incoming(a)
				want, fresh := New(house()).Incoming(a)
				if code != fresh || got.Number != want.Number || got.EntryPoint != want.EntryPoint || (got.Trunk == nil) != (want.Trunk == nil) || got.Trunk != nil && got.Trunk.ID != want.Trunk.ID {
					t.Errorf("%q: %+v %d, from a new plan %+v %d", number, got, code, want, fresh)
				}
			}
		}
	}
	if n := len(used.read.of); n == 0 || n > spellings*len(used.numbers) {
		t.Errorf("%d spellings of %d numbers are kept", n, len(used.numbers))
	}
	for k, number := range used.read.of {
		if _, own := used.numbers[number]; !own {
			t.Errorf("%q is kept, which is %s and not its own", k.written, number)
		}
	}
	for i := range 200 {
		used.read.keep(reading{used.ways[0], fmt.Sprint("+351", i)}, "+351210000001")
	}
	if n := len(used.read.of); n != spellings*len(used.numbers) {
		t.Errorf("%d spellings of %d numbers are kept", n, len(used.numbers))
	}
}

var monday = time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)

func TestOutgoing(t *testing.T) {
	day := func(at time.Time) bool { return at.Hour() >= 9 && at.Hour() < 18 }
	for name, c := range map[string]struct {
		change func(*Trunk)
		wish   Wish
		usage  Usage
		at     time.Time
		want   string // "to from asserted", or why
	}{
		"own country":            {wish: Wish{To: secret.New("+351 220 000 000")}, want: "220000000 210000001 -"},
		"queue's number":         {wish: Wish{To: secret.New("220000000"), Queue: "que_a"}, want: "220000000 210000002 -"},
		"chosen number":          {wish: Wish{To: secret.New("220000000"), Queue: "que_a", Caller: "210 000 001"}, want: "220000000 210000001 -"},
		"chosen another's":       {wish: Wish{To: secret.New("220000000"), Caller: "+351210000003"}, want: "not_your_number"},
		"chosen, but by queue":   {func(t *Trunk) { t.Caller.Rule = ByQueue }, Wish{To: secret.New("220000000"), Queue: "que_a", Caller: "+351210000001"}, Usage{}, monday, "220000000 210000002 -"},
		"fixed":                  {func(t *Trunk) { t.Caller.Rule = Fixed }, Wish{To: secret.New("220000000"), Queue: "que_a", Caller: "+351210000002"}, Usage{}, monday, "220000000 210000001 -"},
		"no default: the first":  {func(t *Trunk) { t.Caller.Default = "" }, Wish{To: secret.New("220000000")}, Usage{}, monday, "220000000 210000001 -"},
		"no number":              {func(t *Trunk) { t.Numbers = nil }, Wish{To: secret.New("220000000")}, Usage{}, monday, "no_number"},
		"asserted":               {func(t *Trunk) { t.Caller.Tells, t.Caller.Account = InAsserted, "acc" }, Wish{To: secret.New("220000000")}, Usage{}, monday, "220000000 acc 210000001"},
		"both":                   {func(t *Trunk) { t.Caller.Tells = InBoth }, Wish{To: secret.New("220000000")}, Usage{}, monday, "220000000 210000001 210000001"},
		"withheld":               {func(t *Trunk) { t.Caller.Anonymous = true }, Wish{To: secret.New("220000000"), Anonymous: true}, Usage{}, monday, "220000000 - 210000001"},
		"may not withhold":       {wish: Wish{To: secret.New("220000000"), Anonymous: true}, want: "may_not_hide"},
		"abroad":                 {wish: Wish{To: secret.New("+34 912 345 678")}, want: "not_allowed"},
		"abroad, allowed":        {func(t *Trunk) { t.Out.Prefixes = []string{"+34"} }, Wish{To: secret.New("0034912345678")}, Usage{}, monday, "0034912345678 210000001 -"},
		"allowed elsewhere only": {func(t *Trunk) { t.Out.Prefixes = []string{"+34"} }, Wish{To: secret.New("220000000")}, Usage{}, monday, "not_allowed"},
		"forbidden wins":         {func(t *Trunk) { t.Out.Prefixes, t.Out.Forbidden = []string{"+34"}, []string{"+3491"} }, Wish{To: secret.New("+34912345678")}, Usage{}, monday, "forbidden"},
		"premium":                {wish: Wish{To: secret.New("760 200 200")}, want: "premium"},
		"premium, allowed":       {func(t *Trunk) { t.Out.Premium = true }, Wish{To: secret.New("760200200")}, Usage{}, monday, "760200200 210000001 -"},
		"foreign premium":        {func(t *Trunk) { t.Out.Premium = true }, Wish{To: secret.New("+34803123456")}, Usage{}, monday, "not_allowed"},
		"premium by its prefix":  {func(t *Trunk) { t.Out.Prefixes = []string{"+351760"} }, Wish{To: secret.New("760200200")}, Usage{}, monday, "premium"},
		"at night":               {func(t *Trunk) { t.Out.Open = day }, Wish{To: secret.New("220000000")}, Usage{}, monday.Add(12 * time.Hour), "closed"},
		"by day":                 {func(t *Trunk) { t.Out.Open = day }, Wish{To: secret.New("220000000")}, Usage{}, monday, "220000000 210000001 -"},
		"too many":               {func(t *Trunk) { t.Out.MaxCalls = 2 }, Wish{To: secret.New("220000000")}, Usage{Calls: map[string]int{"trk_shop": 2}}, monday, "too_many_calls"},
		"the last one":           {func(t *Trunk) { t.Out.MaxCalls = 2 }, Wish{To: secret.New("220000000")}, Usage{Calls: map[string]int{"trk_shop": 1}}, monday, "220000000 210000001 -"},
		"minutes used up":        {func(t *Trunk) { t.Out.MaxMinutes = 60 }, Wish{To: secret.New("220000000")}, spent("", time.Hour), monday, "no_minutes"},
		"minutes of mobiles":     {func(t *Trunk) { t.Out.Limits = []Limit{{"+3519", 10}} }, Wish{To: secret.New("912345678")}, spent("+3519", 10*time.Minute), monday, "no_minutes"},
		"of others they are not": {func(t *Trunk) { t.Out.Limits = []Limit{{"+3519", 10}} }, Wish{To: secret.New("220000000")}, spent("+3519", 10*time.Minute), monday, "220000000 210000001 -"},
		"no number at all":       {wish: Wish{To: secret.New("shop@example.org")}, want: "not_a_number"},
		"short number":           {wish: Wish{To: secret.New("16123")}, want: "not_a_number"},
		"nothing":                {wish: Wish{}, want: "not_a_number"},
		"not allowed":            {func(t *Trunk) { t.Out.Allowed = false }, Wish{To: secret.New("220000000")}, Usage{}, monday, "no_trunk"},
		"disabled":               {func(t *Trunk) { t.Enabled = false }, Wish{To: secret.New("220000000")}, Usage{}, monday, "no_trunk"},
		"another tenant":         {wish: Wish{To: secret.New("220000000"), Tenant: books}, want: "no_trunk"},
		"emergency at night": {func(t *Trunk) {
			t.Out.Open, t.Out.MaxCalls, t.Out.MaxMinutes = day, 1, 1
			t.Out.Forbidden = []string{"+"}
		}, Wish{To: secret.New("112"), Anonymous: true}, Usage{Calls: map[string]int{"trk_shop": 5}}, monday.Add(12 * time.Hour), "112 210000001 -"},
		"emergency, wrong number":  {wish: Wish{To: secret.New("1 12"), Caller: "+351210000003"}, want: "112 210000001 -"},
		"emergency, none let out":  {func(t *Trunk) { t.Out.Allowed = false }, Wish{To: secret.New("112")}, Usage{}, monday, "no_trunk"},
		"emergency without number": {func(t *Trunk) { t.Numbers = nil }, Wish{To: secret.New("112")}, Usage{}, monday, "112 - -"},
	} {
		trunks := house()
		if c.change != nil {
			c.change(&trunks[0])
		}
		if c.at.IsZero() {
			c.at = monday
		}
		if c.wish.Tenant == "" {
			c.wish.Tenant = shop
		}
		way, refused := New(trunks).Outgoing(c.wish, c.usage, c.at)
		got := ""
		if refused != nil {
			got = string(refused.Why)
			if text := refused.Err().Error(); strings.Contains(text, "220") || len(text) < 10 {
				t.Errorf("%s: %s", name, text)
			}
		} else {
			dash := func(s string) string { return map[bool]string{true: "-", false: s}[s == ""] }
			a := way.Attempts[0]
			got = a.To.Reveal() + " " + dash(a.Show.From) + " " + dash(a.Show.Asserted)
			if a.Show.Anonymous != (a.Show.From == "" && a.Show.Asserted != "") || len(way.Attempts) != 1 {
				t.Errorf("%s: %+v", name, way)
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func spent(key string, d time.Duration) Usage {
	return Usage{Spent: map[string]map[string]time.Duration{"trk_shop": {key: d}}}
}

// How long a call may last is what is left of the tightest bound.
func TestACallEndsWithTheMinutes(t *testing.T) {
	trunks := house()
	trunks[0].Out.MaxMinutes, trunks[0].Out.Limits = 60, []Limit{{"+3519", 20}, {"+35191", 90}, {"+34", 1}}
	u := Usage{Spent: map[string]map[string]time.Duration{"trk_shop": {"": 50 * time.Minute, "+3519": 5 * time.Minute}}}
	for number, want := range map[string]struct {
		most   time.Duration
		counts []string
	}{
		"912345678": {10 * time.Minute, []string{"", "+3519", "+35191"}},
		"220000000": {10 * time.Minute, []string{""}},
		"112":       {0, nil},
	} {
		way, refused := New(trunks).Outgoing(Wish{Tenant: shop, To: secret.New(number)}, u, monday)
		if refused != nil {
			t.Fatalf("%s: %+v", number, refused)
		}
		if a := way.Attempts[0]; a.Most != want.most || !slices.Equal(a.Counts, want.counts) {
			t.Errorf("%s: %s %q", number, a.Most, a.Counts)
		}
	}
}

// Calls go by the tenant's trunks in their order; what one refuses another may
// let out, and the reason told is that of the one that came nearest.
func TestSeveralTrunks(t *testing.T) {
	second := Trunk{ID: "trk_2", Name: "Abroad", Owner: shop, Enabled: true, Country: "PT", Form: Plus, Numbers: []Number{{"+351210000007", shop, "", ""}},
		Out: Rules{Allowed: true, Prefixes: []string{"+34", "+351"}, MaxCalls: 1}}
	p := New(append(house(), second))
	ask := func(to, caller string, u Usage) (ids []string, why Why, name string) {
		way, refused := p.Outgoing(Wish{Tenant: shop, To: secret.New(to), Caller: caller}, u, monday)
		if refused != nil {
			return nil, refused.Why, refused.Trunk
		}
		for _, a := range way.Attempts {
			ids = append(ids, a.Trunk.ID)
		}
		return ids, "", ""
	}
	if ids, _, _ := ask("220000000", "", Usage{}); !slices.Equal(ids, []string{"trk_shop", "trk_2"}) {
		t.Errorf("%v", ids)
	}
	if ids, _, _ := ask("+34912345678", "", Usage{}); !slices.Equal(ids, []string{"trk_2"}) {
		t.Errorf("%v", ids)
	}
	if ids, _, _ := ask("220000000", "+351210000007", Usage{}); !slices.Equal(ids, []string{"trk_2"}) {
		t.Errorf("%v", ids)
	}
	if _, why, name := ask("+34912345678", "", Usage{Calls: map[string]int{"trk_2": 1}}); why != TooManyCalls || name != "Abroad" {
		t.Errorf("%s %s", why, name)
	}
}

// A trunk of the operator's serves the tenants that it gave numbers to, each
// with its own numbers only.
func TestAnOperatorsTrunk(t *testing.T) {
	p := New([]Trunk{{ID: "trk_o", Owner: "opr_1", Enabled: true, Country: "PT", Sources: prefixes("203.0.113.0/28"),
		Numbers: []Number{{"+351210000001", shop, "ent_shop", ""}, {"+351210000002", books, "ent_books", ""}}, Caller: Caller{Rule: Chosen, Default: "+351210000001"}, Out: Rules{Allowed: true}}})
	for tenant, number := range map[id.Tenant]string{shop: "+351210000001", books: "+351210000002"} {
		way, refused := p.Outgoing(Wish{Tenant: tenant, To: secret.New("220000000")}, Usage{}, monday)
		if refused != nil || way.Attempts[0].Show.Number != number {
			t.Errorf("%s: %+v %+v", tenant, way, refused)
		}
		l, code := p.Incoming(Arrival{Source: netip.MustParseAddr("203.0.113.1"), Called: called(number)})
		if code != 0 || l.Tenant != tenant {
			t.Errorf("%s: %+v %d", tenant, l, code)
		}
	}
	if _, refused := p.Outgoing(Wish{Tenant: books, To: secret.New("220000000"), Caller: "+351210000001"}, Usage{}, monday); refused == nil || refused.Why != NotYourNumber {
		t.Errorf("%+v", refused)
	}
	if _, refused := p.Outgoing(Wish{Tenant: "ten_3", To: secret.New("220000000")}, Usage{}, monday); refused == nil || refused.Why != NoTrunk {
		t.Errorf("%+v", refused)
	}
}

// A number that is typed without its country is the same person's by every trunk,
// whatever country each is in, and whether the first may call it or not.
func TestANumberMeansOnePerson(t *testing.T) {
	trunk := func(name, country, number string, allowed ...string) Trunk {
		return Trunk{ID: name, Name: name, Owner: shop, Enabled: true, Country: country, Form: Plus, Numbers: []Number{{number, shop, "ent_shop", ""}},
			Caller: Caller{Rule: Chosen, Default: number}, Out: Rules{Allowed: true, Prefixes: allowed}}
	}
	ask := func(trunks ...Trunk) (to []string) {
		way, _ := New(trunks).Outgoing(Wish{Tenant: shop, To: secret.New("210000009")}, Usage{}, monday)
		for _, a := range way.Attempts {
			to = append(to, a.Trunk.ID+" "+a.To.Reveal())
		}
		return to
	}
	lisbon, london := trunk("lisbon", "PT", "+351210000001"), trunk("london", "GB", "+442079460018", "+351", "+44")
	if got := ask(lisbon, london); !slices.Equal(got, []string{"lisbon +351210000009", "london +351210000009"}) {
		t.Errorf("%q", got)
	}
	if got := ask(trunk("lisbon", "PT", "+351210000001", "+34"), trunk("london", "GB", "+442079460018", "+44")); got != nil {
		t.Errorf("the first may not call it, and the second called another: %q", got)
	}
}

// Nothing leaves by a trunk that is off, that is another's, or to what it does
// not allow, and never with a number that is not the tenant's.
func TestNothingLeavesThatIsNotAllowed(t *testing.T) {
	numbers := []string{"+351210000001", "+351210000002", "+351210000003", "210000001", "912345678", "760200200", "+34912345678", "+34803123456", "112", "16123", "x", "", "00442079460018", "+18765550123"}
	rapid.Check(t, func(rt *rapid.T) {
		trunks := house()
		for i := range trunks {
			r := &trunks[i].Out
			r.Allowed = rapid.Bool().Draw(rt, "allowed")
			r.Premium = rapid.Bool().Draw(rt, "premium")
			r.Prefixes = rapid.SliceOfN(rapid.SampledFrom([]string{"+351", "+34", "+44", "+1"}), 0, 2).Draw(rt, "prefixes")
			r.Forbidden = rapid.SliceOfN(rapid.SampledFrom([]string{"+3519", "+34", "+351"}), 0, 2).Draw(rt, "forbidden")
			r.MaxCalls = rapid.IntRange(0, 2).Draw(rt, "calls")
			trunks[i].Caller.Anonymous = rapid.Bool().Draw(rt, "anonymous")
		}
		w := Wish{Tenant: rapid.SampledFrom([]id.Tenant{shop, books}).Draw(rt, "tenant"), To: secret.New(rapid.SampledFrom(numbers).Draw(rt, "to")),
			Caller: rapid.SampledFrom(numbers).Draw(rt, "caller"), Queue: "que_a", Anonymous: rapid.Bool().Draw(rt, "hide")}
		out := rapid.IntRange(0, 2).Draw(rt, "out")
		u := Usage{Calls: map[string]int{"trk_shop": out, "trk_books": out}}
		way, refused := New(trunks).Outgoing(w, u, monday)
		if (refused == nil) != (len(way.Attempts) > 0) {
			rt.Fatalf("%+v %+v", way, refused)
		}
		for _, a := range way.Attempts {
			tr := a.Trunk
			mine := slices.ContainsFunc(tr.Numbers, func(n Number) bool { return n.E164 == a.Show.Number && n.Tenant == w.Tenant })
			if !tr.Enabled || !tr.Out.Allowed || tr.Owner != w.Tenant || !mine {
				rt.Fatalf("%+v", a)
			}
			if way.Class == Emergency {
				continue
			}
			to := way.To.Reveal()
			begins := func(p string) bool { return strings.HasPrefix(to, p) }
			if slices.ContainsFunc(tr.Out.Forbidden, begins) || len(tr.Out.Prefixes) > 0 && !slices.ContainsFunc(tr.Out.Prefixes, begins) ||
				way.Class == Premium && !tr.Out.Premium || tr.Out.MaxCalls > 0 && u.Calls[tr.ID] >= tr.Out.MaxCalls || a.Show.Anonymous && !tr.Caller.Anonymous {
				rt.Fatalf("%s by %+v", to, tr)
			}
		}
	})
}

func FuzzIncoming(f *testing.F) {
	for _, s := range []string{"210000001", "+351210000001", "x", "", "00351210000003;user=phone", "+442079460018"} {
		f.Add(s, "203.0.113.1", "trk_reg", "trk_word")
	}
	p := New(house())
	f.Fuzz(func(t *testing.T, number, source, contact, proven string) {
		at, _ := netip.ParseAddr(source)
		l, code := p.Incoming(Arrival{Source: at, Contact: contact, Proven: proven, Called: called(number)})
		if code == 0 && (l.Trunk == nil || !slices.Contains(l.Trunk.Numbers, Number{l.Number, l.Tenant, l.EntryPoint, l.Rings}) || l.EntryPoint == "") {
			t.Fatalf("%+v", l)
		}
		if code != 0 && l.Trunk != nil {
			t.Fatalf("%d %+v", code, l)
		}
		if _, refused := p.Outgoing(Wish{Tenant: shop, To: secret.New(number)}, Usage{}, monday); refused != nil && refused.Err() == nil {
			t.Fatal(refused)
		}
	})
}

func BenchmarkIncoming(b *testing.B) {
	trunks := house()
	for i := range 1000 {
		trunks = append(trunks, Trunk{ID: fmt.Sprintf("trk_%d", i), Owner: id.Tenant(fmt.Sprintf("ten_%d", i)), Enabled: true, Country: "PT", Form: Plus, Sources: trunks[0].Sources,
			Numbers: []Number{{fmt.Sprintf("+3512200%05d", i), id.Tenant(fmt.Sprintf("ten_%d", i)), "ent_x", ""}}})
	}
	p := New(trunks)
	a := Arrival{Source: netip.MustParseAddr("203.0.113.5"), Called: called("+351220000999")}
	b.ReportAllocs()
	for b.Loop() {
		if _, code := p.Incoming(a); code != 0 {
			b.Fatal(code)
		}
	}
}
