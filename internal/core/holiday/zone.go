package holiday

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the machine may have no zone files

	"nubitalk/internal/base/order"
)

// zone turns what a clock on the wall shows (as if it were UTC) into an instant
// and back. Of an hour that comes twice the first is meant.
type zone interface {
	instant(wall time.Time) time.Time
	wall(at time.Time) time.Time
}

// place is a zone that the world knows.
type place struct{ *time.Location }

func (p place) instant(w time.Time) time.Time {
	return time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), 0, p.Location)
}

func (p place) wall(at time.Time) time.Time {
	l := at.In(p.Location)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

// own is a zone that a file describes itself (VTIMEZONE).
type own struct {
	before time.Duration // east of UTC, until the first shift
	shifts []shift       // by when
}

type shift struct {
	from time.Time
	east time.Duration
}

func (o *own) east(at time.Time) time.Duration {
	i, exact := slices.BinarySearchFunc(o.shifts, at, func(s shift, at time.Time) int { return s.from.Compare(at) })
	switch {
	case exact:
		return o.shifts[i].east
	case i == 0:
		return o.before
	}
	return o.shifts[i-1].east
}

func (o *own) wall(at time.Time) time.Time { return at.UTC().Add(o.east(at)) }

func (o *own) instant(w time.Time) time.Time {
	first := w.Add(-o.east(w.Add(-12 * time.Hour))) // as before a change of that day
	if o.wall(first).Equal(w) {
		return first
	}
	return w.Add(-o.east(first))
}

// zone finds a time zone by the name that the file gives it: one that the world
// knows if at all possible, because that also knows the years to come; nil if
// there is none.
func (c *calendar) zone(name string) zone {
	name = strings.TrimSpace(name)
	if z, known := c.zones[name]; known {
		return z
	}
	z := c.findZone(name)
	c.zones[name] = z
	return z
}

func (c *calendar) findZone(name string) zone {
	if z := world(name); z != nil {
		return z
	}
	described := c.described[name]
	if described != nil {
		if z := world(described.value("X-LIC-LOCATION")); z != nil {
			return z
		}
	}
	// Some programs put their own name before it: /citadel.org/20210210_1/Europe/Lisbon.
	parts := strings.Split(name, "/")
	for n := 3; n >= 2; n-- {
		if len(parts) > n {
			if z := world(strings.Join(parts[len(parts)-n:], "/")); z != nil {
				return z
			}
		}
	}
	if described != nil {
		if z := c.ownZone(described); z != nil {
			return z
		}
	}
	return nil
}

func world(name string) zone {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return place{loc}
}

// ownZone reads a VTIMEZONE, RFC 5545 section 3.6.5; nil if it says nothing.
func (c *calendar) ownZone(described *component) zone {
	o := &own{}
	first := time.Time{}
	for _, part := range described.parts {
		if part.name != "STANDARD" && part.name != "DAYLIGHT" {
			continue
		}
		from, ok1 := offset(part.value("TZOFFSETFROM"))
		to, ok2 := offset(part.value("TZOFFSETTO"))
		begins, ok3 := part.first("DTSTART")
		start, why := c.when(begins, begins.value)
		if !ok1 || !ok2 || !ok3 || why != "" {
			continue
		}
		for _, wall := range c.onsets(part, start, from) {
			at := wall.Add(-from)
			o.shifts = append(o.shifts, shift{at, to})
			if first.IsZero() || at.Before(first) {
				first, o.before = at, from
			}
		}
	}
	if len(o.shifts) == 0 {
		return nil
	}
	order.Stable(o.shifts, func(a, b shift) int { return a.from.Compare(b.from) })
	return o
}

// onsets are the times on the wall at which a part of a zone begins to hold.
func (c *calendar) onsets(part *component, start when, from time.Duration) []time.Time {
	walls := []time.Time{start.wall}
	for _, p := range part.all("RRULE") {
		found, why := c.repeat(p.value, start.wall, func(at time.Time) time.Time { return at.Add(from) })
		if why == "" {
			walls = append(walls, found...)
		}
	}
	for _, p := range part.all("RDATE") {
		for value := range strings.SplitSeq(p.value, ",") {
			if w, why := c.when(p, value); why == "" && len(walls) < maxTimes {
				walls = append(walls, w.wall)
			}
		}
	}
	return walls
}

// offset reads a UTC-OFFSET: -0300, +053000.
func offset(s string) (time.Duration, bool) {
	for _, layout := range []string{"-0700", "-070000"} {
		if t, err := time.Parse(layout, s); err == nil {
			_, seconds := t.Zone()
			return time.Duration(seconds) * time.Second, true
		}
	}
	return 0, false
}
