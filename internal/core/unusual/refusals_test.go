package unusual

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestRefusalsTogether(t *testing.T) {
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	var r Refusals
	add := func(caller string, kind Refusal, times int, now time.Time) (told []int) {
		for range times {
			if n := r.Count(caller, kind, now); n > 0 {
				told = append(told, n)
			}
		}
		return told
	}
	for _, c := range []struct {
		what, caller string
		kind         Refusal
		times        int
		after        time.Duration
		want         []int
	}{
		{"usual work", "ana", Forbidden, 49, 0, nil},
		{"of another kind", "ana", Input, 99, time.Minute, nil},
		{"another caller's", "bo", Forbidden, 49, time.Minute, nil},
		{"one more", "ana", Forbidden, 1, 9 * time.Minute, []int{50}},
		{"and on and on", "ana", Forbidden, 1000, 9 * time.Minute, []int{100, 200, 400, 800}},
		{"input", "ana", Input, 1, 9 * time.Minute, []int{100}},
		{"too far apart", "bo", Forbidden, 49, 11 * time.Minute, nil},
		{"again", "ana", Forbidden, 60, 30 * time.Minute, []int{50}},
		{"too many calls", "cy", Often, 200, 30 * time.Minute, []int{200}},
		{"paths that are none", "cy", Nowhere, 60, 30 * time.Minute, []int{50}},
		{"a kind that there is not", "cy", "other", 1000, 30 * time.Minute, nil},
	} {
		if got := add(c.caller, c.kind, c.times, start.Add(c.after)); !slices.Equal(got, c.want) {
			t.Errorf("%s: told at %v, want %v", c.what, got, c.want)
		}
	}
}

// Whom nothing tells from others is noted once for an organisation within the time.
func TestOutsideIsNotedNowAndThen(t *testing.T) {
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	var r Refusals
	for _, c := range []struct {
		organisation string
		after        time.Duration
		want         bool
	}{{"a", 0, true}, {"a", time.Minute, false}, {"b", time.Minute, true}, {"", time.Minute, true}, {"", 9 * time.Minute, false},
		{"a", RefusalsTogether, true}, {"b", RefusalsTogether, false}, {"a", RefusalsTogether + time.Minute, false}, {"b", RefusalsTogether + time.Minute, true}} {
		if got := r.Outside(c.organisation, start.Add(c.after)); got != c.want {
			t.Errorf("%q after %v: %v", c.organisation, c.after, got)
		}
	}
	if r.Outside("a", start.Add(time.Hour)); len(r.outside) != 1 {
		t.Errorf("%d are remembered", len(r.outside))
	}
}

// However many callers come, it remembers a bounded number, and still counts.
func TestRefusalsAreBounded(t *testing.T) {
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	var r Refusals
	for i := range 3 * mostRefused {
		r.Count(fmt.Sprint(i), Forbidden, start)
		if len(r.callers) > mostRefused {
			t.Fatalf("%d callers are remembered", len(r.callers))
		}
	}
	told := 0
	for range 50 {
		told += r.Count("one that goes on", Forbidden, start)
	}
	if told != 50 {
		t.Errorf("told of %d", told)
	}
	r.Count("much later", Forbidden, start.Add(time.Hour))
	if len(r.callers) > mostRefused {
		t.Errorf("%d callers are remembered", len(r.callers))
	}
}
