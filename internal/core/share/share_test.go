package share

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

func pool(places int, rate float64, members ...Member) *Pool {
	p := &Pool{}
	p.Set(places, rate, members)
	return p
}

// take has a member take as many places as it gets.
func take(p *Pool, name string) (n int, why Verdict) {
	for {
		if why = p.Take(name, start); why != Taken {
			return n, why
		}
		n++
	}
}

func TestNobodyTakesAll(t *testing.T) {
	for _, c := range []struct {
		places   int
		members  []Member
		first    int // places that the first member gets of an idle line
		second   int // that the second gets then
		firstWhy Verdict
	}{
		{10, []Member{{"a", 0}}, 10, 0, Full}, // shared by nobody
		{10, []Member{{"a", 0}, {"b", 0}}, 8, 2, Share},
		{100, []Member{{"a", 0}, {"b", 0}, {"c", 0}, {"d", 0}, {"e", 0}}, 60, 10, Share},
		{10, []Member{{"a", 1}, {"b", 6}}, 4, 6, Share},
		{10, []Member{{"a", 0}, {"b", 6}}, 4, 6, Share},
		{4, []Member{{"a", 0}, {"b", 0}, {"c", 0}}, 2, 1, Share},
		{2, []Member{{"a", 0}, {"b", 0}, {"c", 0}}, 1, 1, Share}, // more members than places
		{1, []Member{{"a", 0}, {"b", 0}}, 1, 0, Full},
		{5, []Member{{"a", 9}, {"b", 9}}, 5, 0, Full}, // what the file of lines refuses
	} {
		p := pool(c.places, 0, c.members...)
		got, why := take(p, "a")
		if got != c.first || why != c.firstWhy {
			t.Errorf("%+v: the first gets %d (%v)", c, got, why)
		}
		if len(c.members) > 1 {
			if got, _ := take(p, "b"); got != c.second {
				t.Errorf("%+v: the second gets %d", c, got)
			}
		}
		if v := p.Take("nobody", start); v != Stranger {
			t.Errorf("%+v: a stranger is told %v", c, v)
		}
	}
	if n := pool(0, 0, Member{"a", 0}, Member{"b", 0}); n.Take("a", start) != Taken {
		t.Error("no bound is a bound")
	}
}

func TestCallsStandOverBoundsAndChanges(t *testing.T) {
	p := pool(4, 0, Member{"a", 0}, Member{"b", 0})
	take(p, "a")
	take(p, "b")
	p.Stand("a") // an emergency
	if p.Standing() != 5 || p.Take("b", start) != Full {
		t.Errorf("%d stand", p.Standing())
	}
	p.Set(3, 0, []Member{{"b", 0}, {"c", 0}}) // a is no member any more
	if p.Standing() != 5 || p.Take("a", start) != Stranger || p.Take("c", start) != Full {
		t.Error("calls that stood are forgotten")
	}
	for range 4 {
		p.Give("a")
		p.Give("b")
	}
	if p.Standing() != 0 || len(p.Stands()) != 2 || p.Take("c", start) != Taken {
		t.Errorf("%+v", p.Stands())
	}
	if r := p.Refused(); r[Full] != 3 || r[Stranger] != 1 || r[Share] == 0 {
		t.Errorf("%v", r)
	}
}

// Days of calls by members of whom one floods: by the definition, in every moment,
// a member below its reserve gets a place, no free place that nobody has reserved
// is refused, and there are never more calls than places.
func TestSharesOfFloods(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 7))
		places, n := 1+rng.IntN(40), 2+rng.IntN(8)
		var members []Member
		left := places
		for i := range n {
			r := 0
			if rng.IntN(3) == 0 {
				r = rng.IntN(left/2 + 1)
			}
			left -= r
			members = append(members, Member{fmt.Sprint(i), r})
		}
		p := pool(places, 0, members...)
		reserves, sum := map[string]int{}, 0
		for _, s := range p.Stands() {
			reserves[s.Name] = s.Reserved
			sum += s.Reserved
		}
		if sum > places {
			t.Fatalf("seed %d: %d places of %d are reserved", seed, sum, places)
		}
		calls := map[string]int{}
		total := func() (n int) {
			for _, c := range calls {
				n += c
			}
			return n
		}
		for range 5000 {
			who := "0" // it floods
			if rng.IntN(4) == 0 {
				who = fmt.Sprint(rng.IntN(n))
			}
			if rng.IntN(5) < 2 {
				if calls[who] > 0 {
					calls[who]--
					p.Give(who)
				}
				continue
			}
			free, others := places-total(), 0
			for name, r := range reserves {
				if name != who {
					others += max(0, r-calls[name])
				}
			}
			before := calls[who]
			v := p.Take(who, start)
			if v == Taken {
				calls[who]++
			}
			switch {
			case total() > places:
				t.Fatalf("seed %d: %d calls on %d places", seed, total(), places)
			case before < reserves[who] && v != Taken:
				t.Fatalf("seed %d: %s has %d of %d reserved places and was refused (%v)", seed, who, before, reserves[who], v)
			case free-others >= 1 && v != Taken && (!p.orderly || free > 1 || before == 0):
				t.Fatalf("seed %d: a place that nobody reserved was refused", seed)
			case before >= reserves[who] && free-others < 1 && v == Taken:
				t.Fatalf("seed %d: %s took a place of another's", seed, who)
			}
		}
	}
}

// A flood of one member's calls leaves room for the calls of others, and all
// together never begin faster than the line bears.
func TestTheFloodOfOneLeavesRoom(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, rate := range []float64{1, 4, 20} {
		p := pool(0, rate, Member{"flood", 0}, Member{"calm", 0}, Member{"idle", 0})
		begun, refused, tries := 0, 0, 0
		const seconds = 200
		next := start.Add(5 * time.Second)
		for now := start; now.Before(start.Add(seconds * time.Second)); now = now.Add(10 * time.Millisecond) {
			for range 3 {
				if p.Take("flood", now) == Taken {
					begun++
				}
			}
			if now.After(next) { // less than a third of the rate
				next = next.Add(time.Duration((4 + 2*rng.Float64()) / rate * float64(time.Second)))
				tries++
				if p.Take("calm", now) == Taken {
					begun++
				} else {
					refused++
				}
			}
		}
		if most := int(rate*seconds + max(rate, 1)); begun > most || begun < most*9/10 {
			t.Errorf("rate %v: %d calls begin in %d seconds", rate, begun, seconds)
		}
		// At a call a second nothing can be kept back.
		if rate > 1 && refused > 0 {
			t.Errorf("rate %v: %d of %d calls of the calm one are refused", rate, refused, tries)
		}
	}
}
