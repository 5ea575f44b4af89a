package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	. "nubitalk/internal/core/campaign"
)

var t0 = time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)

var rules = Rules{MaxAttempts: 3, Busy: 10 * time.Minute, NoAnswer: time.Hour, Preview: 5 * time.Minute, Outcomes: map[string]Then{
	"dis_sold": {Do: Finish}, "dis_later": {Do: CallAgain, After: 2 * time.Hour}, "dis_never": {Do: NeverAgain}}}

func TestWhoIsNext(t *testing.T) {
	ago := func(d time.Duration) time.Time { return t0.Add(-d) }
	own := Contact{State: Claimed, Agent: "a", Until: t0.Add(1), Seq: 9, Zone: "shut"}
	for name, c := range map[string]struct {
		all  []Contact
		want int
	}{
		"nobody":                                    {nil, -1},
		"by place":                                  {[]Contact{{State: Pending, Seq: 2}, {State: Pending, Seq: 1}}, 1},
		"one's own before all, at any hour":         {[]Contact{{State: RetryAt, Due: ago(9)}, own}, 1},
		"not another's":                             {[]Contact{{State: Claimed, Agent: "b", Until: t0.Add(1)}}, -1},
		"another's whose time is over":              {[]Contact{{State: Claimed, Agent: "b", Until: t0}}, 0},
		"due before what was not called":            {[]Contact{{State: Pending, Seq: 1}, {State: RetryAt, Due: t0, Seq: 2}}, 1},
		"the longest due":                           {[]Contact{{State: RetryAt, Due: ago(1)}, {State: RetryAt, Due: ago(2)}}, 1},
		"not yet due":                               {[]Contact{{State: RetryAt, Due: t0.Add(1)}}, -1},
		"agreed with the agent before that":         {[]Contact{{State: RetryAt, Due: ago(9)}, {State: RetryAt, Due: t0, Agent: "a"}}, 1},
		"agreed with another":                       {[]Contact{{State: RetryAt, Due: ago(OwnFor - 1), Agent: "b"}}, -1},
		"agreed with another who stays away":        {[]Contact{{State: RetryAt, Due: ago(OwnFor), Agent: "b"}}, 0},
		"… though another let it lie":               {[]Contact{{State: Claimed, Agent: "a", Kept: "b", Until: t0, Due: ago(OwnFor - 1)}}, -1},
		"agreed with the agent, whoever let it lie": {[]Contact{{State: RetryAt, Due: ago(9)}, {State: Claimed, Agent: "b", Kept: "a", Until: t0, Due: t0}}, 1},
		"being called":                              {[]Contact{{State: Dialing}}, -1},
		"over":                                      {[]Contact{{State: Done}, {State: Excluded}}, -1},
		"out of hours":                              {[]Contact{{State: Pending, Zone: "shut", Seq: 1}, {State: Pending, Seq: 2}}, 1},
	} {
		if got := Next(c.all, "a", t0, func(zone string) bool { return zone != "shut" }); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestWhatBecomesOfACall(t *testing.T) {
	again := t0.Add(26 * time.Hour)
	for name, c := range map[string]struct {
		was   Contact
		res   Result
		want  Contact
		never bool
	}{
		"talked with":                   {Contact{Attempts: 1}, Result{Left: true, Reached: true}, Contact{State: Done, Reason: Reached, Attempts: 1}, false},
		"engaged":                       {Contact{Attempts: 1}, Result{Left: true, Why: Busy}, Contact{State: RetryAt, Reason: Busy, Attempts: 1, Due: t0.Add(10 * time.Minute)}, false},
		"no answer":                     {Contact{Attempts: 2}, Result{Left: true, Why: NoAnswer}, Contact{State: RetryAt, Reason: NoAnswer, Attempts: 2, Due: t0.Add(time.Hour)}, false},
		"no answer, for the last time":  {Contact{Attempts: 3}, Result{Left: true, Why: NoAnswer}, Contact{State: Done, Reason: Exhausted, Attempts: 3}, false},
		"what is not called again":      {Contact{Attempts: 1}, Result{Left: true, Why: Unreachable}, Contact{State: Done, Reason: Unreachable, Attempts: 1}, false},
		"no such number":                {Contact{Attempts: 1}, Result{Left: true, Why: BadNumber}, Contact{State: Excluded, Reason: BadNumber, Attempts: 1}, false},
		"never left":                    {Contact{Attempts: 1}, Result{}, Contact{State: Pending}, false},
		"never left, when it was due":   {Contact{Attempts: 2, Due: t0}, Result{}, Contact{State: RetryAt, Attempts: 1, Due: t0}, false},
		"a result that ends it":         {Contact{Attempts: 1}, Result{Left: true, Why: Busy, Disposition: "dis_sold"}, Contact{State: Done, Reason: Busy, Attempts: 1, Outcome: "dis_sold"}, false},
		"a result that calls again":     {Contact{Attempts: 1}, Result{Left: true, Reached: true, Disposition: "dis_later"}, Contact{State: RetryAt, Reason: Reached, Attempts: 1, Due: t0.Add(2 * time.Hour), Outcome: "dis_later"}, false},
		"… as often as may be":          {Contact{Attempts: 3}, Result{Left: true, Reached: true, Disposition: "dis_later"}, Contact{State: Done, Reason: Exhausted, Attempts: 3, Outcome: "dis_later"}, false},
		"a time was agreed":             {Contact{Attempts: 3, Agent: "a"}, Result{Left: true, Reached: true, Disposition: "dis_sold", Again: again}, Contact{State: RetryAt, Reason: Asked, Attempts: 3, Due: again, Outcome: "dis_sold"}, false},
		"… with the agent":              {Contact{Attempts: 1, Agent: "a"}, Result{Left: true, Reached: true, Again: again, Own: true}, Contact{State: RetryAt, Reason: Asked, Attempts: 1, Due: again, Agent: "a"}, false},
		"never again, whatever else is": {Contact{Attempts: 1}, Result{Left: true, Reached: true, Disposition: "dis_never", Again: again}, Contact{State: Excluded, Reason: DoNotCall, Attempts: 1, Outcome: "dis_never"}, true},
		"a result of no campaign":       {Contact{Attempts: 1}, Result{Left: true, Why: NoAnswer, Disposition: "dis_x"}, Contact{State: RetryAt, Reason: NoAnswer, Attempts: 1, Due: t0.Add(time.Hour), Outcome: "dis_x"}, false},
	} {
		c.was.State = Dialing
		got, never := rules.After(c.was, c.res, t0)
		if got != c.want || never != c.never {
			t.Errorf("%s:\n%+v %v, want\n%+v %v", name, got, never, c.want, c.never)
		}
	}
}

// Whoever looks at a contact, and lets it lie, gives it back or does not get a call out: a
// time that was agreed stays with whom it was agreed.
func TestAnAgreedTimeKeepsItsAgent(t *testing.T) {
	agreed := Contact{State: RetryAt, Reason: Asked, Due: t0, Agent: "a", Attempts: 1}
	held := rules.Claim(agreed, "b", t0)
	if held.Agent != "b" || held.Kept != "a" {
		t.Errorf("%+v", held)
	}
	if got := Release(held); got != agreed {
		t.Errorf("given back: %+v", got)
	}
	if got := rules.Claim(held, "c", held.Until); got.Agent != "c" || got.Kept != "a" {
		t.Errorf("let lie: %+v", got)
	}
	got, _ := rules.After(Dial(held), Result{}, t0)
	if got.Reason = Asked; got != agreed {
		t.Errorf("a call that never left: %+v", got)
	}
	if got, _ := rules.After(Dial(held), Result{Left: true, Why: Busy}, t0); got.Agent != "" || got.Kept != "" {
		t.Errorf("called: %+v", got)
	}
	if got := Skip(held, Later, time.Hour, t0); got.Agent != "" || got.Kept != "" {
		t.Errorf("put off: %+v", got)
	}
}

func TestWhatIsExcludedNoMore(t *testing.T) {
	for name, c := range map[string]struct{ was, want Contact }{
		"not called yet":        {Contact{State: Excluded, Reason: Restricted}, Contact{State: Pending}},
		"called":                {Contact{State: Excluded, Reason: DoNotCall, Attempts: 2, Outcome: "dis_x"}, Contact{State: Pending, Attempts: 2, Outcome: "dis_x"}},
		"called as often as is": {Contact{State: Excluded, Reason: DoNotCall, Attempts: 3}, Contact{State: Done, Reason: Exhausted, Attempts: 3}},
	} {
		if got := rules.Readmit(c.was); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestStatusOfACall(t *testing.T) {
	for code, want := range map[int]Reason{486: Busy, 600: Busy, 480: NoAnswer, 0: NoAnswer, 603: NoAnswer, 404: BadNumber, 604: BadNumber, 503: Unreachable, 403: Unreachable} {
		if got := Failed(code); got != want {
			t.Errorf("%d is %s, want %s", code, got, want)
		}
	}
}

// Days of agents who call, skip, vanish and agree on times: what must never be, whatever
// they do.
func TestCampaigns(t *testing.T) {
	for seed := range uint64(200) {
		if err := campaign(seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func campaign(seed uint64) error {
	draw := rand.New(rand.NewPCG(seed, 1))
	agents := []string{"a", "b", "c"}
	all := make([]Contact, 1+draw.IntN(20))
	least := make([]time.Time, len(all)) // when it may be called again, at the earliest
	asked := make([]int, len(all))
	for i := range all {
		all[i] = Contact{State: Pending, Seq: int64(i), Zone: []string{"", "east"}[draw.IntN(2)]}
	}
	now := t0
	open := func(zone string) bool {
		h := now.Hour()
		if zone == "east" {
			h = now.Add(6 * time.Hour).Hour()
		}
		return h >= 9 && h < 18
	}
	for step := 0; ; step++ {
		left := 0
		for _, c := range all {
			if c.State.Open() {
				left++
			}
		}
		if left == 0 {
			return nil
		}
		if step > 100_000 {
			return fmt.Errorf("it does not end: %+v", all)
		}
		now = now.Add(time.Duration(draw.IntN(20)) * time.Minute)
		agent := agents[draw.IntN(len(agents))]
		before := make([]Contact, len(all))
		copy(before, all)
		i := Next(all, agent, now, open)
		if i < 0 {
			for j, c := range all { // nothing that may be called now is left lying
				if c.State == Pending && open(c.Zone) {
					return fmt.Errorf("%d waits, and nobody gets it", j)
				}
			}
			continue
		}
		c := all[i]
		mine := c.State == Claimed && c.Agent == agent && now.Before(c.Until)
		switch {
		case c.State == Dialing || !c.State.Open():
			return fmt.Errorf("%d is given out while it is %s", i, c.State)
		case c.State == Claimed && c.Agent != agent && now.Before(c.Until):
			return fmt.Errorf("%d is with two", i)
		case !mine && !open(c.Zone):
			return fmt.Errorf("%d is given out at %s", i, now)
		case now.Before(least[i]):
			return fmt.Errorf("%d comes back too early", i)
		}
		if !mine {
			c = rules.Claim(c, agent, now)
		}
		switch draw.IntN(8) {
		case 0: // the agent is gone
			all[i] = c
			continue
		case 1:
			all[i] = Skip(c, []Reason{Later, Refused, BadNumber}[draw.IntN(3)], time.Hour, now)
			least[i] = all[i].Due
			continue
		case 2:
			all[i] = Release(c)
			if all[i].Due != before[i].Due {
				return fmt.Errorf("%d lost its place", i)
			}
			continue
		}
		c = Dial(c)
		if c.Attempts > rules.MaxAttempts+asked[i] {
			return fmt.Errorf("%d is called %d times", i, c.Attempts)
		}
		now = now.Add(time.Minute)
		res := Result{Left: draw.IntN(10) > 0}
		if res.Left {
			res.Reached = draw.IntN(3) == 0
			res.Why = []Reason{Busy, NoAnswer, Unreachable, BadNumber}[draw.IntN(4)]
			res.Disposition = []string{"", "", "dis_sold", "dis_later", "dis_never"}[draw.IntN(5)]
			if draw.IntN(12) == 0 {
				res.Again, res.Own = now.Add(3*time.Hour), draw.IntN(2) == 0
				asked[i]++
			}
		}
		var never bool
		all[i], never = rules.After(c, res, now)
		if never && all[i].State != Excluded {
			return fmt.Errorf("%d is never to be called, and is %s", i, all[i].State)
		}
		if all[i].State == RetryAt {
			least[i] = all[i].Due
		}
	}
}
