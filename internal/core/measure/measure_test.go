package measure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const sec = time.Second

func TestCount(t *testing.T) {
	goal := Goal{Within: 20 * sec, Short: 5 * sec}
	tests := []struct {
		name   string
		end    Ending
		waited time.Duration
		want   Counts
	}{
		{"answered in time", Answered, 19 * sec, Counts{Offered: 1, Answered: 1, AnsweredInGoal: 1, AnswerWait: 19 * sec, LongestWait: 19 * sec}},
		{"answered just in time", Answered, 20 * sec, Counts{Offered: 1, Answered: 1, AnsweredInGoal: 1, AnswerWait: 20 * sec, LongestWait: 20 * sec}},
		{"answered late", Answered, 20*sec + 1, Counts{Offered: 1, Answered: 1, AnswerWait: 20*sec + 1, LongestWait: 20*sec + 1}},
		{"gone at once", Abandoned, 5*sec - 1, Counts{Offered: 1, Abandoned: 1, ShortAbandoned: 1, LongestWait: 5*sec - 1}},
		{"gone in time", Abandoned, 5 * sec, Counts{Offered: 1, Abandoned: 1, AbandonedInGoal: 1, LongestWait: 5 * sec}},
		{"gone late", Abandoned, 21 * sec, Counts{Offered: 1, Abandoned: 1, LongestWait: 21 * sec}},
		{"moved away", Removed, 21 * sec, Counts{Offered: 1, Removed: 1, LongestWait: 21 * sec}},
		{"waits", StillWaiting, 20 * sec, Counts{Offered: 1, LongestWait: 20 * sec}},
		{"waits, late", StillWaiting, 21 * sec, Counts{Offered: 1, LateWaiting: 1, LongestWait: 21 * sec}},
		{"a clock that went back", Answered, -sec, Counts{Offered: 1, Answered: 1, AnsweredInGoal: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Counts
			got.Count(tt.end, tt.waited, goal)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// The source's own example: 70 answered and 10 abandoned within the goal, 20
// over it, and some short ones that must not matter.
func TestServiceLevelOfTheSource(t *testing.T) {
	c := Counts{
		Offered: 107, Answered: 85, AnsweredInGoal: 70, Abandoned: 7 + 10 + 4, AbandonedInGoal: 10, ShortAbandoned: 7, LateWaiting: 1,
	}
	for _, tt := range []struct {
		t    Treatment
		want Ratio
		pct  float64
	}{
		{Ignored, Ratio{70, 90}, 77.77777777777777},
		{Against, Ratio{70, 100}, 70},
		{For, Ratio{80, 100}, 80},
	} {
		got := ServiceLevel(c, tt.t)
		pct, ok := got.Percent()
		if got != tt.want || !ok || pct < tt.pct-1e-9 || pct > tt.pct+1e-9 {
			t.Errorf("%s: %v (%v %%), want %v", tt.t, got, pct, tt.want)
		}
	}
}

func TestRates(t *testing.T) {
	c := Counts{Offered: 50, Answered: 40, Abandoned: 10, ShortAbandoned: 2, AnswerWait: 400 * sec}
	if got := AbandonRate(c); got != (Ratio{8, 48}) {
		t.Error(got)
	}
	if got := ShortAbandonRate(c); got != (Ratio{2, 50}) {
		t.Error(got)
	}
	if got, ok := ASA(c); got != 10*sec || !ok {
		t.Error(got, ok)
	}
	h := Handling{Handled: 4, Talk: 100 * sec, Hold: 20 * sec, WrapUp: 40 * sec}
	h.Add(Handling{Handled: 4, Talk: 160 * sec})
	if got, ok := AHT(h); got != 40*sec || !ok {
		t.Error(got, ok)
	}
	p := Presence{Busy: 45 * time.Minute, Idle: 10 * time.Minute}
	p.Add(Presence{Idle: 5 * time.Minute, NotReady: 30 * time.Minute})
	if pct, _ := Occupancy(p).Percent(); pct != 75 {
		t.Error(pct)
	}
	if pct, _ := Utilisation(p).Percent(); pct != 50 {
		t.Error(pct)
	}
}

func TestNothingToDivideBy(t *testing.T) {
	for _, tr := range []Treatment{Ignored, Against, For} {
		if _, ok := ServiceLevel(Counts{}, tr).Percent(); ok {
			t.Errorf("%s of nothing", tr)
		}
	}
	// Only short ones, or only who still waits in time: nothing is known yet.
	c := Counts{Offered: 5, Abandoned: 3, ShortAbandoned: 3}
	if _, ok := ServiceLevel(c, Against).Percent(); ok {
		t.Error("a service level of short abandons")
	}
	if _, ok := AbandonRate(Counts{}).Percent(); ok {
		t.Error("an abandon rate of nothing")
	}
	if _, ok := ASA(Counts{}); ok {
		t.Error("ASA of nothing")
	}
	if _, ok := AHT(Handling{}); ok {
		t.Error("AHT of nothing")
	}
	if _, ok := Occupancy(Presence{NotReady: time.Hour}).Percent(); ok {
		t.Error("occupancy of one who never was available")
	}
	if _, ok := (EstimateErrors{}).Mean(); ok {
		t.Error("error of nothing")
	}
}

func TestEstimatedWait(t *testing.T) {
	for _, tt := range []struct {
		position int
		interval time.Duration
		want     time.Duration
		ok       bool
	}{
		{1, 40 * sec, 40 * sec, true},
		{3, 1500 * time.Millisecond, 5 * sec, true},
		{0, sec, 0, false},
		{1, 0, 0, false},
	} {
		if got, ok := EstimatedWait(tt.position, tt.interval); got != tt.want || ok != tt.ok {
			t.Errorf("%d × %v: %v %v", tt.position, tt.interval, got, ok)
		}
	}
	var e EstimateErrors
	e.Count(60*sec, 90*sec)
	e.Count(60*sec, 50*sec)
	if got, ok := e.Mean(); got != 20*sec || !ok {
		t.Error(got, ok)
	}
}

// However contacts end, the measures stay within their bounds, the treatments
// in their order, and adding intervals is the same as counting all at once.
func TestMeasuresHoldTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		goal := Goal{
			Within: time.Duration(rapid.IntRange(0, 60).Draw(t, "goal")) * sec,
			Short:  time.Duration(rapid.IntRange(0, 60).Draw(t, "short")) * sec,
		}
		var all, first, second Counts
		for range rapid.IntRange(0, 40).Draw(t, "contacts") {
			end := rapid.SampledFrom([]Ending{StillWaiting, Answered, Abandoned, Removed}).Draw(t, "end")
			waited := time.Duration(rapid.IntRange(-5, 100).Draw(t, "waited")) * sec
			all.Count(end, waited, goal)
			if rapid.Bool().Draw(t, "early") {
				first.Count(end, waited, goal)
			} else {
				second.Count(end, waited, goal)
			}
		}
		first.Add(second)
		if d := cmp.Diff(all, first); d != "" {
			t.Fatal(d)
		}
		last := -1.0
		for _, tr := range []Treatment{Against, Ignored, For} {
			r := ServiceLevel(all, tr)
			if r.Part < 0 || r.Part > r.Of {
				t.Fatalf("%s: %v of %+v", tr, r, all)
			}
			if pct, ok := r.Percent(); ok {
				if pct < last {
					t.Fatalf("%s: %v below the stricter treatment's %v", tr, pct, last)
				}
				last = pct
			}
		}
		for _, r := range []Ratio{AbandonRate(all), ShortAbandonRate(all)} {
			if r.Part < 0 || r.Part > r.Of {
				t.Fatalf("%v of %+v", r, all)
			}
		}
		if asa, ok := ASA(all); ok && asa > all.LongestWait {
			t.Fatalf("ASA %v, longest wait %v", asa, all.LongestWait)
		}
	})
}

func TestCatalogue(t *testing.T) {
	pt := Catalogue("pt")
	seen := map[string]bool{}
	for i, d := range Catalogue("en") {
		for _, d := range []Definition{d, pt[i]} {
			if d.ID == "" || d.Name == "" || d.Means == "" || d.Formula == "" || d.Unit == "" || d.Source == "" {
				t.Errorf("%+v", d)
			}
		}
		if seen[d.ID] || pt[i].ID != d.ID || pt[i].Means == d.Means {
			t.Errorf("%+v and %+v", d, pt[i])
		}
		seen[d.ID] = true
	}
}
