package setup

import (
	"reflect"
	"slices"
	"time"
)

// Timetable is opening hours as the stretches in which they are open. It finds those
// that are asked for and remembers them, so it is for one goroutine.
type Timetable struct {
	hours     Hours
	zone      *time.Location
	open      []stretch // in order, apart from each other
	from, end time.Time // what is known; both zero at first
	forever   bool      // nothing changes after end
}

// stretch is from when until when it is open.
type stretch struct{ from, until time.Time }

// always is when what does not close closes.
var always = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// before is how far before what is asked for a timetable begins, so that who asks for
// what is somewhat older does not begin it anew each time.
const before = 7 * 24 * time.Hour

// NewTimetable makes the timetable of hours.
func NewTimetable(h Hours) *Timetable { return &Timetable{hours: h, zone: h.zone(time.Time{})} }

// Of says whether it is the timetable of these hours.
func (t *Timetable) Of(h Hours) bool { return reflect.DeepEqual(t.hours, h) }

// Due is when so much time in opening hours has passed from a moment on. Where they do
// not open any more, the rest counts by the clock.
func (t *Timetable) Due(from time.Time, within time.Duration) time.Time {
	if t.end.IsZero() || from.Before(t.from) {
		t.from = from.Add(-before)
		t.open, t.end, t.forever = nil, t.from, false
	}
	i, _ := slices.BinarySearchFunc(t.open, from, func(s stretch, at time.Time) int {
		if s.until.After(at) {
			return 1
		}
		return -1
	})
	at := from
	for ; ; i++ {
		for i >= len(t.open) && !t.forever {
			t.more()
		}
		if i >= len(t.open) {
			return later(at, within)
		}
		s := t.open[i]
		if !s.until.After(at) {
			continue
		}
		if s.from.After(at) {
			at = s.from
		}
		left := s.until.Sub(at)
		if within <= left {
			return later(at, within)
		}
		within -= left
		at = s.until
	}
}

func later(at time.Time, within time.Duration) time.Time { return at.Add(within).UTC() }

// more finds the next change.
func (t *Timetable) more() {
	at := t.end.In(t.zone)
	open := IsOpen(t.hours, at)
	change, ok := NextChange(t.hours, at)
	if !ok {
		t.forever, change = true, always
	}
	if open {
		t.open = append(t.open, stretch{t.end, change})
	}
	t.end = change
}
