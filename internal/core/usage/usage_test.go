package usage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/usage"
)

func n(v int64) *int64 { return &v }

func faults(l, above usage.Limits, beside ...usage.Limits) []string {
	var f errs.Fields
	l.Within(&f, "limits", above, beside)
	var paths []string
	for _, x := range f {
		paths = append(paths, x.Path)
	}
	return paths
}

func TestNobodyGivesMoreThanItHas(t *testing.T) {
	reseller := usage.Limits{Agents: n(10), Channels: []acd.Channel{acd.Chat, acd.Email}}
	chat := []acd.Channel{acd.Chat}
	for name, c := range map[string]struct {
		l      usage.Limits
		beside []usage.Limits
		want   []string
	}{
		"fits":                 {usage.Limits{Agents: n(10), Channels: chat}, nil, nil},
		"fits beside another":  {usage.Limits{Agents: n(4), Channels: chat}, []usage.Limits{{Agents: n(6)}}, nil},
		"one too many":         {usage.Limits{Agents: n(5), Channels: chat}, []usage.Limits{{Agents: n(6)}}, []string{"limits.agents"}},
		"without a limit":      {usage.Limits{}, nil, []string{"limits.agents", "limits.channels"}},
		"another channel":      {usage.Limits{Agents: n(1), Channels: []acd.Channel{acd.Voice}}, nil, []string{"limits.channels"}},
		"a channel nobody has": {usage.Limits{Agents: n(1), Channels: []acd.Channel{acd.Social}}, nil, []string{"limits.channels"}},
		"negative":             {usage.Limits{Agents: n(-1), Channels: chat}, nil, []string{"limits.agents"}},
	} {
		if got := faults(c.l, reseller, c.beside...); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := faults(usage.Limits{}, usage.Limits{}, usage.Limits{Agents: n(1000)}); got != nil {
		t.Errorf("below an organisation without limits: %v", got)
	}
}

// Whatever is accepted one after the other never sums up to more than was given.
func TestWhatIsAcceptedFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		above := usage.Limits{Numbers: n(rapid.Int64Range(0, 50).Draw(t, "above"))}
		var given []usage.Limits
		var sum int64
		for range rapid.IntRange(1, 12).Draw(t, "tries") {
			l := usage.Limits{Numbers: n(rapid.Int64Range(0, 20).Draw(t, "wish"))}
			if faults(l, above, given...) == nil {
				given = append(given, l)
				sum += *l.Numbers
			} else if sum+*l.Numbers <= *above.Numbers {
				t.Fatalf("%d was refused with %d of %d given", *l.Numbers, sum, *above.Numbers)
			}
		}
		if sum > *above.Numbers {
			t.Fatalf("%d given of %d", sum, *above.Numbers)
		}
	})
}

func TestMonths(t *testing.T) {
	days := []usage.Day{
		{Day: "2026-10-31", Amounts: usage.Amounts{Agents: 3, Chat: 5, RecordedSeconds: 60}},
		{Day: "2026-11-01", Amounts: usage.Amounts{Agents: 4, Chat: 1, StorageBytes: 9}},
		{Day: "2026-11-02", Amounts: usage.Amounts{Agents: 2, Chat: 2, StorageBytes: 7, CallSecondsOut: 30}},
	}
	want := []usage.Month{
		{Month: "2026-10", Amounts: usage.Amounts{Agents: 3, Chat: 5, RecordedSeconds: 60}},
		{Month: "2026-11", Amounts: usage.Amounts{Agents: 4, Chat: 3, StorageBytes: 9, CallSecondsOut: 30}},
	}
	if d := cmp.Diff(want, usage.Months(days)); d != "" {
		t.Error(d)
	}
}

func TestWhatWasCountedOnceStays(t *testing.T) {
	got := usage.Amounts{Voice: 7, Agents: 2}.Recounted(usage.Amounts{Voice: 3, Agents: 5, CallSecondsIn: 9})
	if want := (usage.Amounts{Voice: 7, Agents: 5, CallSecondsIn: 9}); got != want {
		t.Errorf("%+v", got)
	}
}

func TestSpan(t *testing.T) {
	name, from, to := usage.Span(time.Date(2026, 11, 29, 0, 30, 0, 0, time.FixedZone("", 3600)))
	if name != "2026-11-28" || to.Sub(from) != 24*time.Hour || from.Hour() != 0 {
		t.Errorf("%s %v %v", name, from, to)
	}
}
