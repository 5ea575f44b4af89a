package measure

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestADayHasTheHoursThatItHas(t *testing.T) {
	for _, tt := range []struct {
		zone, at, from string
		slots          int
	}{
		{"UTC", "2026-11-28T10:00:00Z", "2026-11-28T00:00:00Z", 96},
		{"Europe/Lisbon", "2026-03-29T12:00:00Z", "2026-03-29T00:00:00Z", 92},
		{"Europe/Lisbon", "2026-10-25T12:00:00Z", "2026-10-24T23:00:00Z", 100},
		{"Asia/Kolkata", "2026-11-28T18:29:59Z", "2026-11-27T18:30:00Z", 96},
		// Midnight comes twice: the clocks go from 01:00 back to 00:00.
		{"Atlantic/Azores", "2026-10-25T12:00:00Z", "2026-10-25T00:00:00Z", 100},
		// Midnight never comes: the clocks go from 24:00 to 01:00.
		{"America/Santiago", "2026-09-06T12:00:00Z", "2026-09-06T04:00:00Z", 92},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		d := DayAt(at, zone(t, tt.zone))
		if got := d.From.UTC().Format(time.RFC3339); got != tt.from || d.Slots() != tt.slots {
			t.Errorf("%s in %s: from %s with %d slots; want %s with %d", tt.at, tt.zone, got, d.Slots(), tt.from, tt.slots)
		}
		before := DayAt(d.From.Add(-time.Nanosecond), zone(t, tt.zone))
		if !before.Until.Equal(d.From) {
			t.Errorf("%s: the day before ends at %v and this begins at %v", tt.zone, before.Until, d.From)
		}
	}
}

func TestSlots(t *testing.T) {
	d := DayAt(time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), time.UTC)
	for _, tt := range []struct {
		at   time.Duration
		slot int
		ok   bool
	}{{-1, 0, false}, {0, 0, true}, {15*time.Minute - 1, 0, true}, {15 * time.Minute, 1, true}, {24*time.Hour - 1, 95, true}, {24 * time.Hour, 0, false}} {
		if slot, ok := d.Slot(d.From.Add(tt.at)); slot != tt.slot || ok != tt.ok {
			t.Errorf("%v: %d %v", tt.at, slot, ok)
		}
	}
}

// A wait that is followed as it happens counts as one that is read afterwards.
func TestAWaitCountsTheSameLiveAndLater(t *testing.T) {
	goal := Goal{Within: 20 * sec, Short: 5 * sec}
	for _, end := range []Ending{Answered, Abandoned, Removed} {
		for _, waited := range []time.Duration{sec, 5 * sec, 20 * sec, 21 * sec} {
			var live, later Counts
			live.Enter()
			if waited > goal.Within {
				live.Late(1)
				live.Late(-1)
			}
			live.Leave(end, waited, goal)
			later.Count(end, waited, goal)
			if d := cmp.Diff(later, live); d != "" {
				t.Errorf("%s after %v: %s", end, waited, d)
			}
		}
	}
}

func TestHeld(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	for _, tt := range []struct {
		from, wrap, until int
		want              Handling
	}{
		{10, 40, 70, Handling{Handled: 1, Talk: 30 * sec, WrapUp: 30 * sec}},
		{10, 70, 70, Handling{Handled: 1, Talk: 60 * sec}},
		{10, 5, 70, Handling{Handled: 1, Talk: 60 * sec}}, // the wrap-up of an agent before
		{10, 10, 70, Handling{Handled: 1, WrapUp: 60 * sec}},
	} {
		if d := cmp.Diff(tt.want, Held(at(tt.from), at(tt.wrap), at(tt.until))); d != "" {
			t.Errorf("%+v: %s", tt, d)
		}
	}
}

func TestPresenceOfADay(t *testing.T) {
	d := DayAt(time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC), time.UTC)
	at := func(minutes int) time.Time { return d.From.Add(time.Duration(minutes) * time.Minute) }
	m := time.Minute
	got := d.Presence([]Stretch{
		{"a", at(-60), at(20), true}, // since yesterday
		{"a", at(20), at(25), false},
		{"a", at(25), time.Time{}, true},
		{"b", at(5), at(10), true},
	}, []Stretch{
		{Agent: "a", From: at(10), Until: at(20)},
		{Agent: "a", From: at(12), Until: at(22)}, // at the same time as the one before
		{Agent: "b", From: at(8), Until: at(16)},  // went offline with work in hand
	}, at(40))
	want := []Presence{
		{Busy: 5*m + 7*m, Idle: 10*m + 3*m},
		{Busy: 7*m + 1*m, Idle: 5 * m, NotReady: 3 * m},
		{Idle: 10 * m},
	}
	if diff := cmp.Diff(want, got[:3]); diff != "" {
		t.Error(diff)
	}
	for i, p := range got[3:] {
		if p != (Presence{}) {
			t.Errorf("slot %d has a future: %+v", i+3, p)
		}
	}
}
