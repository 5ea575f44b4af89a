package recording

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

func rule() *rapid.Generator[Rule] {
	return rapid.Custom(func(t *rapid.T) Rule {
		r := Rule{Percent: rapid.SampledFrom([]int{0, 1, 50, 99, 100}).Draw(t, "percent"), OnDemand: rapid.Bool().Draw(t, "demand"), Consent: rapid.SampledFrom(Consents).Draw(t, "consent"),
			AllParties: rapid.Bool().Draw(t, "all"), Hold: rapid.Bool().Draw(t, "hold"), Consultation: rapid.Bool().Draw(t, "consultation"),
			PauseLimit: time.Duration(rapid.IntRange(0, 3).Draw(t, "limit")) * time.Minute, KeepDays: rapid.SampledFrom([]int{0, 7, 30}).Draw(t, "keep")}
		if r.Consent != NoConsent {
			r.Text = rapid.SampledFrom([]string{"cst_1", "cst_2"}).Draw(t, "text")
		}
		return r
	})
}

// The plan is as strict as the strictest rule, in whatever order they are asked, and
// another rule never makes it laxer, nor is anything recorded that no rule draws.
func TestTheStrictestRuleHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		call := fmt.Sprintf("int_%d", rapid.IntRange(0, 1000).Draw(t, "call"))
		rules := rapid.SliceOfN(rule(), 1, 4).Draw(t, "rules")
		p := Decide(call, rules)
		turned := slices.Clone(rules)
		slices.Reverse(turned)
		if q := Decide(call, turned); fmt.Sprint(q) != fmt.Sprint(p) {
			t.Fatalf("%+v and %+v", p, q)
		}
		any := false
		for _, r := range rules {
			one := Decide(call, []Rule{r})
			any = any || one.Record
			if Stricter(r.Consent, p.Consent) > 0 || p.Hold && !r.Hold || p.Consultation && !r.Consultation || r.AllParties && !p.AllParties ||
				r.Text != "" && !slices.Contains(p.Texts, r.Text) || one.Forbidden && (p.Record || p.OnDemand || !p.Forbidden) ||
				r.KeepDays != 0 && (p.KeepDays == 0 || p.KeepDays > r.KeepDays) || r.PauseLimit == 0 && p.PauseLimit != 0 || p.PauseLimit != 0 && p.PauseLimit < r.PauseLimit {
				t.Fatalf("%+v is laxer than %+v", p, r)
			}
		}
		if p.Record && !any {
			t.Fatalf("%+v of %+v", p, rules)
		}
	})
}

func TestAShareIsAShare(t *testing.T) {
	for _, percent := range []int{0, 10, 50, 100} {
		n := 0
		for i := range 10_000 {
			id := fmt.Sprintf("int_%d", i)
			p := Decide(id, []Rule{{Percent: percent, OnDemand: true}})
			if p.Record {
				n++
			}
			if Decide(id, []Rule{{Percent: percent, OnDemand: true}}).Record != p.Record || p.Record && !Decide(id, []Rule{{Percent: min(100, percent+10)}}).Record {
				t.Fatal("it is not the same twice, or not in a larger share")
			}
		}
		if n < percent*100-200 || n > percent*100+200 || percent == 100 && n != 10_000 || percent == 0 && n != 0 {
			t.Errorf("%d%%: %d of 10000", percent, n)
		}
	}
}

// Whatever is done: repeats change nothing, a pause outlives all but its end, and
// nothing may begin while a text is neither told nor agreed to as the plan wants.
func TestStanding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Decide("int_1", rapid.SliceOfN(rule(), 0, 3).Draw(t, "rules"))
		var s Standing
		now := time.Unix(1, 0)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			now = now.Add(time.Second)
			a := rapid.SampledFrom(Actions).Draw(t, "action")
			next, changed, err := s.After(a, p, "usr_1", "card", now)
			if err != nil {
				if a != Start || !errs.Is(err, errs.Conflict) || changed || fmt.Sprint(next) != fmt.Sprint(s) {
					t.Fatalf("%s: %v", a, err)
				}
				continue
			}
			again, twice, err := next.After(a, p, "usr_2", "other", now.Add(time.Second))
			if err != nil || twice || fmt.Sprint(again) != fmt.Sprint(next) {
				t.Fatalf("%s twice: %+v, %+v", a, next, again)
			}
			if s.Paused && !next.Paused && a != Resume || changed && (next.By != "usr_1" || next.At != now) {
				t.Fatalf("%s: %+v", a, next)
			}
			if next.Stopped && next.Wanted(p) || p.Forbidden && next.Wanted(p) {
				t.Fatalf("%+v is wanted by %+v", next, p)
			}
			if text, ask, ok := next.Next(p); !ok && text != "" {
				if ask {
					next = next.Agree(text, rapid.Bool().Draw(t, "agrees"))
				} else {
					next = next.Tell(text)
				}
			} else if ok {
				for _, text := range p.Texts {
					agreed, told := slices.Contains(next.Agreed, text), slices.Contains(next.Told, text)
					if p.Consent.asks() && !agreed || p.Consent == Both && !told || p.Consent == Announcement && !agreed && !told {
						t.Fatalf("%+v may begin by %+v", next, p)
					}
				}
			}
			s = next
		}
	})
	p := Decide("int_1", []Rule{{Percent: 100, PauseLimit: time.Minute}})
	s, _, _ := Standing{}.After(Pause, p, "usr_1", "card", time.Unix(100, 0))
	for answered, want := range map[int64]int64{50: 160, 130: 190} { // who was paused before an agent had the call is paused for as long
		if got := s.PauseEnds(p, time.Unix(answered, 0)); !got.Equal(time.Unix(want, 0)) {
			t.Errorf("answered at %d, the pause ends at %v", answered, got)
		}
	}
	if got := s.PauseEnds(p, time.Unix(50, 0)); !s.PauseEnds(p, time.Time{}).IsZero() || !s.PauseEnds(Decide("int_1", []Rule{{Percent: 100}}), time.Unix(50, 0)).IsZero() {
		t.Errorf("%v", got)
	}
}

// A stop, a pause and a beginning are of one call; what the person agreed to and what the
// flow said are of the conversation.
func TestWhatHoldsForAnotherCall(t *testing.T) {
	at := time.Unix(1, 0)
	agreed := Standing{Agreed: []string{"cst_1"}, Told: []string{"cst_2"}, Refused: true, By: "usr_1", Reason: "x", At: at}
	with := func(change func(*Standing)) Standing {
		s := agreed
		change(&s)
		return s
	}
	for what, c := range map[string]struct{ before, want Standing }{
		"nothing":                 {agreed, agreed},
		"stopped":                 {with(func(s *Standing) { s.Stopped = true }), agreed},
		"begun":                   {with(func(s *Standing) { s.Started = true }), agreed},
		"paused":                  {with(func(s *Standing) { s.Paused = true }), agreed},
		"paused by the flow":      {with(func(s *Standing) { s.Paused, s.By = true, ByFlow }), with(func(s *Standing) { s.Paused, s.By = true, ByFlow })},
		"stopped by the flow":     {with(func(s *Standing) { s.Stopped, s.By = true, ByFlow }), with(func(s *Standing) { s.Stopped, s.By = true, ByFlow })},
		"stopped while it paused": {with(func(s *Standing) { s.Stopped, s.Paused = true, true }), with(func(s *Standing) { s.Paused = true })},
	} {
		if got := c.before.NextCall(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}
