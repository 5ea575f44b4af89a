package setup_test

import (
	"testing"
	"time"

	"nubitalk/internal/core/setup"
)

// Work is put aside to times at which somebody is there: a Friday evening's tomorrow is
// Monday morning, which is told once.
func TestWorkIsPutAsideToOpenTimes(t *testing.T) {
	lisbon, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		t.Fatal(err)
	}
	office := func(at time.Time) bool {
		return at.Weekday() >= time.Monday && at.Weekday() <= time.Friday && at.Hour() >= 8 && at.Hour() < 18
	}
	always := func(time.Time) bool { return true }
	never := func(time.Time) bool { return false }
	at := func(s string) time.Time {
		got, err := time.ParseInLocation("2006-01-02 15:04", s, lisbon)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for name, c := range map[string]struct {
		now  string
		set  bool
		open func(time.Time) bool
		want [][2]string
	}{
		"a Tuesday":             {"2026-03-24 10:02", true, office, [][2]string{{"later", "2026-03-24 13:15"}, {"tomorrow", "2026-03-25 08:00"}, {"monday", "2026-03-30 08:00"}, {"week", "2026-03-31 10:00"}}}, // the clock changes in between
		"a Friday evening":      {"2026-11-27 17:00", true, office, [][2]string{{"tomorrow", "2026-11-30 08:00"}, {"week", "2026-12-04 17:00"}}},
		"a Monday":              {"2026-11-30 09:00", true, office, [][2]string{{"later", "2026-11-30 12:00"}, {"tomorrow", "2026-12-01 08:00"}, {"monday", "2026-12-07 08:00"}, {"week", "2026-12-07 09:00"}}},
		"a Sunday, no hours":    {"2026-11-29 23:00", false, always, [][2]string{{"later", "2026-11-30 02:00"}, {"tomorrow", "2026-11-30 09:00"}, {"week", "2026-12-06 23:00"}}},
		"what is always closed": {"2026-11-27 17:00", true, never, nil},
	} {
		got := setup.ShelfTimes(at(c.now), c.set, c.open)
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
			continue
		}
		for i, w := range c.want {
			if got[i].Name != w[0] || !got[i].At.Equal(at(w[1])) {
				t.Errorf("%s: %v, want %v", name, got[i], w)
			}
		}
	}
}
