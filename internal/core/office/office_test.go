package office

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
)

// first takes members as they stand.
func first(n int) int { return n - 1 }

func TestAnExtensionHasSeveralPhones(t *testing.T) {
	d := New([]Phone{{"phn_1", "usr_a", "21"}, {"phn_2", "usr_a", ""}, {"phn_3", "usr_b", "22"}, {"phn_4", "usr_a", "23"}, {"phn_5", "", "24"}, {"phn_6", "", ""}, {"phn_7", "usr_b", "21"}}, nil, nil)
	for extension, want := range map[string][]string{"21": {"phn_1", "phn_2"}, "22": {"phn_3"}, "23": {"phn_4", "phn_2"}, "24": {"phn_5"}, "25": nil, "": nil} {
		_, s := d.Start(extension, first)
		if want == nil {
			if s.Do != Refuse || s.Code != 404 || d.Knows(extension) {
				t.Errorf("%q: %+v", extension, s)
			}
			continue
		}
		if s.Do != Ring || s.For != RingFor || len(s.Lines) != 1 || !slices.Equal(s.Lines[0].Phones, want) || !d.Knows(extension) || d.Of(want[0]) != extension {
			t.Errorf("%q: %+v", extension, s)
		}
		if l, ok := d.Line(extension); !ok || l.Phone != want[0] {
			t.Errorf("%q: %+v", extension, l)
		}
		for o, code := range map[Outcome]int{NoAnswer: 480, Busy: 486, Declined: 603, Absent: 480} {
			h, _ := d.Start(extension, first)
			if s := h.Next(o, time.Second); s.Do != Refuse || s.Code != code {
				t.Errorf("%q, %d: %+v", extension, o, s)
			}
		}
	}
}

// house has three users, one of them with two phones, and a phone that is
// nobody's.
var house = []Phone{{"phn_a", "usr_a", "21"}, {"phn_a2", "usr_a", ""}, {"phn_b", "usr_b", "22"}, {"phn_c", "usr_c", ""}, {"phn_h", "", "24"}}

// told is what a step rings.
func told(s Step) (list []string) {
	for _, l := range s.Lines {
		list = append(list, fmt.Sprint(l.Phones))
	}
	return list
}

func TestAGroupRings(t *testing.T) {
	members := []string{"usr_a", "phn_b", "phn_a2", "usr_gone", "phn_c", "phn_h"}
	group := func(o Order, then Then) *Directory {
		return New(house, []Group{{"rng_1", "Sales", "30", members, o, 20 * time.Second, 50 * time.Second, then},
			{"rng_2", "Spare", "31", []string{"phn_h"}, Simultaneous, 20 * time.Second, 30 * time.Second, Then{Target: "rng_1"}}}, nil)
	}
	d := group(Simultaneous, Then{})
	h, s := d.Start("30", first)
	if got := told(s); s.Do != Ring || s.For != 50*time.Second || s.Group != "Sales" || !slices.Equal(got, []string{"[phn_a phn_a2]", "[phn_b]", "[phn_c]", "[phn_h]"}) {
		t.Errorf("all at once: %+v", s)
	}
	if s := h.Next(Busy, 0); s.Do != Refuse || s.Code != 486 {
		t.Errorf("all are busy: %+v", s)
	}

	d = group(Sequential, Then{Say: Words{"pro_1", "en", "Nobody is here."}})
	h, s = d.Start("30", first)
	for i, want := range []struct {
		phones string
		most   time.Duration
	}{{"[phn_a phn_a2]", 20 * time.Second}, {"[phn_b]", 20 * time.Second}, {"[phn_c]", 20 * time.Second}, {"[phn_h]", 5 * time.Second}} {
		if got := told(s); len(got) != 1 || got[0] != want.phones || s.For != want.most {
			t.Errorf("the %d. in turn: %+v", i+1, s)
		}
		took := s.For
		if i == 1 {
			took = 5 * time.Second // it declines
		}
		s = h.Next(NoAnswer, took)
	}
	if s.Do != Say || s.Words.Prompt != "pro_1" || s.Words.Language != "en" {
		t.Errorf("after all: %+v", s)
	}

	d = group(Random, Then{EntryPoint: "ent_1"})
	chance, firsts := rand.New(rand.NewPCG(1, 1)), map[string]int{}
	for range 400 {
		h, s := d.Start("30", chance.IntN)
		rung := []string{}
		for ; s.Do == Ring; s = h.Next(Absent, 0) {
			rung = append(rung, told(s)...)
		}
		firsts[rung[0]]++
		if slices.Sort(rung); !slices.Equal(rung, []string{"[phn_a phn_a2]", "[phn_b]", "[phn_c]", "[phn_h]"}) || s.Do != Arrive || s.EntryPoint != "ent_1" {
			t.Fatalf("by chance: %v, then %+v", rung, s)
		}
	}
	for who, n := range firsts {
		if n < 60 || n > 140 {
			t.Errorf("%s is the first %d times of 400", who, n)
		}
	}

	// From one group to the other and back: that ends.
	d = group(Simultaneous, Then{Target: "rng_2"})
	h, s = d.Start("30", first)
	if s = h.Next(NoAnswer, s.For); s.Do != Ring || s.Group != "Spare" || s.For != 30*time.Second {
		t.Errorf("the other group: %+v", s)
	}
	if s = h.Next(Busy, s.For); s.Do != Refuse || s.Code != 480 {
		t.Errorf("round in a circle: %+v", s)
	}
	d = group(Simultaneous, Then{Target: "phn_b"})
	h, s = d.Start("30", first)
	if s = h.Next(Absent, 0); s.Do != Ring || s.Group != "" || s.For != RingFor || told(s)[0] != "[phn_b]" {
		t.Errorf("an extension after the group: %+v", s)
	}
	if s = h.Next(Absent, 0); s.Do != Refuse || s.Code != 480 {
		t.Errorf("nobody is there: %+v", s)
	}
}

// Whatever is set up, a call's search ends, within bounds, and rings nobody whom it
// does not lead to.
func TestEverySearchEnds(t *testing.T) {
	for seed := range uint64(3000) {
		r := rand.New(rand.NewPCG(seed, 7))
		var phones []Phone
		for i := range r.IntN(12) {
			p := Phone{ID: fmt.Sprintf("phn_%d", i)}
			if r.IntN(3) > 0 {
				p.User = fmt.Sprintf("usr_%d", r.IntN(5))
			}
			if r.IntN(3) > 0 {
				p.Extension = fmt.Sprint(20 + r.IntN(12))
			}
			phones = append(phones, p)
		}
		var groups []Group
		for i := range r.IntN(14) {
			g := Group{ID: fmt.Sprintf("rng_%d", i), Name: fmt.Sprint(i), Extension: fmt.Sprint(30 + r.IntN(14)), Order: []Order{Simultaneous, Sequential, Random}[r.IntN(3)],
				Each: time.Duration(r.IntN(120)) * time.Second, Most: time.Duration(r.IntN(600)) * time.Second}
			for range r.IntN(8) {
				g.Members = append(g.Members, []string{fmt.Sprintf("phn_%d", r.IntN(14)), fmt.Sprintf("usr_%d", r.IntN(6))}[r.IntN(2)])
			}
			switch r.IntN(6) {
			case 0:
				g.Then.EntryPoint = "ent_1"
			case 1:
				g.Then.Say.Prompt = "pro_1"
			case 2:
				g.Then.Target = fmt.Sprintf("phn_%d", r.IntN(14))
			case 3, 4:
				g.Then.Target = fmt.Sprintf("rng_%d", r.IntN(14))
			}
			groups = append(groups, g)
		}
		forwards := map[string]Forwards{}
		for _, p := range phones {
			to := func() (g Goal) {
				switch r.IntN(6) {
				case 0:
					g.Number = secret.New("+351910000007")
				case 1, 2:
					g.Object = fmt.Sprintf("phn_%d", r.IntN(14))
				case 3:
					g.Object = fmt.Sprintf("rng_%d", r.IntN(14))
				}
				return g
			}
			if r.IntN(2) == 0 {
				forwards[p.ID] = Forwards{Always: to(), Busy: to(), Unanswered: to(), After: time.Duration(r.IntN(90)) * time.Second}
			}
		}
		d := New(phones, groups, forwards)
		total := time.Duration(0)
		h, s := d.Start(fmt.Sprint(20+r.IntN(26)), r.IntN)
		steps := 0
		for ; s.Do == Ring || s.Do == Leave; steps++ {
			var through []string
			for _, v := range s.By {
				if f := forwards[v.Phone]; f.goal(v.Why).Empty() {
					t.Fatalf("seed %d: %+v does not forward", seed, v)
				}
				through = append(through, v.Extension)
			}
			if slices.Sort(through); len(slices.Compact(slices.Clone(through))) != len(through) {
				t.Fatalf("seed %d: an extension forwards a call twice: %v", seed, through)
			}
			if s.Do == Leave {
				if steps > mostHops*9 || len(s.By) == 0 || s.Number.Empty() {
					t.Fatalf("seed %d, step %d: %+v", seed, steps, s)
				}
				s = h.Next([]Outcome{Absent, NoAnswer, Busy, Declined, Barred}[r.IntN(5)], 0)
				continue
			}
			if steps > mostHops*9 || s.For < leastRing || len(s.Lines) == 0 {
				t.Fatalf("seed %d, step %d: %+v", seed, steps, s)
			}
			var rung []string
			for _, l := range s.Lines {
				rung = append(rung, l.Phones...)
				for _, id := range l.Phones {
					i := slices.IndexFunc(phones, func(p Phone) bool { return p.ID == id })
					if i < 0 || l.User != phones[i].User {
						t.Fatalf("seed %d: %+v has %s", seed, l, id)
					}
				}
			}
			if slices.Sort(rung); len(slices.Compact(slices.Clone(rung))) != len(rung) || len(rung) == 0 {
				t.Fatalf("seed %d: one phone rings twice: %v", seed, rung)
			}
			took := s.For
			if r.IntN(2) == 0 {
				took = time.Duration(r.Int64N(int64(s.For)))
			}
			total += took
			s = h.Next(Outcome(r.IntN(4)), took)
		}
		if total > mostTime {
			t.Fatalf("seed %d: it rings for %s", seed, total)
		}
		if s.Do == Refuse && !slices.Contains([]int{404, 480, 486, 603}, s.Code) || s.Do == Refuse && s.Code == 404 && steps > 0 {
			t.Fatalf("seed %d: %+v after %d steps", seed, s, steps)
		}
	}
}
