package holiday

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// event is a VEVENT, RFC 5545 section 3.6.1.
type event struct {
	line      int
	uid       string
	sequence  int
	cancelled bool
	name      string
	note      string
	start     when
	length    length
	rules     []property
	more      []when // RDATE
	except    []when // EXDATE
	instead   *when  // of which time of its series it is (RECURRENCE-ID)
}

// event reads one; one that cannot be used is left out.
func (c *calendar) event(part *component) (*event, bool) {
	e := &event{line: part.line, uid: part.value("UID"), name: plain(part.value("SUMMARY")),
		cancelled: strings.EqualFold(part.value("STATUS"), "CANCELLED"), rules: part.all("RRULE")}
	first, _, _ := strings.Cut(cmp.Or(part.value("DESCRIPTION"), part.value("CATEGORIES")), "\n")
	e.note = plain(first)
	e.sequence, _ = strconv.Atoi(part.value("SEQUENCE"))
	begins, ok := part.first("DTSTART")
	if !ok {
		c.leaveOut(e.line, e.name, NoDate)
		return nil, false
	}
	var why Reason
	if e.start, why = c.when(begins, begins.value); why != "" {
		c.leaveOut(begins.line, e.name, why)
		return nil, false
	}
	if p, ok := part.first("RECURRENCE-ID"); ok {
		w, why := c.when(p, p.value)
		if why != "" {
			c.leaveOut(p.line, e.name, why)
			return nil, false
		}
		e.instead = &w
	}
	if !e.cancelled {
		if line, why := c.lasts(e, part); why != "" {
			c.leaveOut(line, e.name, why)
			return nil, false
		}
	}
	e.more = c.list(part, "RDATE", e)
	e.except = c.list(part, "EXDATE", e)
	return e, true
}

// list reads all values of a property that may have several; those that cannot
// be read are left out alone.
func (c *calendar) list(part *component, name string, e *event) []when {
	var out []when
	for _, p := range part.all(name) {
		for value := range strings.SplitSeq(p.value, ",") {
			w, why := c.when(p, value)
			if why == "" && len(out) >= maxTimes {
				why = TooMany
			}
			if why != "" {
				c.leaveOut(p.line, e.name, why)
				break
			}
			out = append(out, w)
		}
	}
	return out
}

// lasts finds how long an event lasts: to its end, which is not part of it, or
// for a duration; a date alone is that day.
func (c *calendar) lasts(e *event, part *component) (line int, why Reason) {
	line = part.line
	switch ends, ok := part.first("DTEND"); {
	case ok:
		line = ends.line
		end, why := c.when(ends, ends.value)
		if why != "" {
			return line, why
		}
		if e.start.day || end.day {
			e.length.days = int(dateOf(end.wall).Sub(dateOf(e.start.wall)) / (24 * time.Hour))
			if e.start.day = true; e.length.days == 0 {
				e.length.days = 1 // as some programs write one day
			}
		} else {
			e.wholeDays(end)
			if !e.start.day {
				e.length.rest = end.at(c.here).Sub(e.start.at(c.here))
			}
		}
	case e.start.day:
		e.length.days = 1
	}
	if p, ok := part.first("DURATION"); ok && part.value("DTEND") == "" {
		line = p.line
		if e.length, ok = lengthOf(p.value); !ok {
			return line, BadLength
		}
		if e.start.day {
			e.length = length{days: max(1, e.length.days+int(e.length.rest/(24*time.Hour)))}
		}
	}
	switch total := time.Duration(e.length.days)*24*time.Hour + e.length.rest; {
	case total < 0:
		return line, EndsEarly
	case total == 0:
		return line, NoLength
	case total > maxSpan*24*time.Hour:
		return line, TooLong
	}
	return 0, ""
}

// wholeDays takes from midnight to midnight, in a zone or floating, for days: a
// holiday is a day wherever it is looked at from.
func (e *event) wholeDays(end when) {
	midnight := func(w when) bool { return w.zone != place{time.UTC} && w.wall.Equal(dateOf(w.wall)) }
	if e.start.zone == end.zone && midnight(e.start) && midnight(end) && end.wall.After(e.start.wall) {
		e.length.days = int(end.wall.Sub(e.start.wall) / (24 * time.Hour))
		e.start.day, e.start.zone = true, nil
	}
}

// days makes days of events.
func (c *calendar) days(events []*event) {
	events = newest(events)
	// What stands instead of single times of a series, by its uid.
	changed := map[string][]when{}
	for _, e := range events {
		if e.instead != nil {
			changed[e.uid] = append(changed[e.uid], *e.instead)
		}
	}
	for _, e := range events {
		if e.cancelled {
			c.leaveOut(e.line, e.name, Cancelled)
			continue
		}
		without := e.except
		if e.instead == nil {
			without = append(without, changed[e.uid]...)
		}
		c.times(e, without)
	}
}

// newest leaves of events that were sent anew the last ones.
func newest(events []*event) []*event {
	type key struct {
		uid     string
		instead when
	}
	keyOf := func(e *event) key {
		k := key{uid: e.uid}
		if e.instead != nil {
			k.instead = *e.instead
		}
		return k
	}
	last := map[key]int{}
	for _, e := range events {
		last[keyOf(e)] = max(last[keyOf(e)], e.sequence)
	}
	var out []*event
	for _, e := range events {
		if e.uid == "" || e.sequence == last[keyOf(e)] {
			out = append(out, e)
		}
	}
	return out
}

// times finds when an event takes place, and notes its days.
func (c *calendar) times(e *event, without []when) {
	off := make(map[time.Time]bool, len(without))
	dates := map[time.Time]bool{}
	for _, w := range without {
		if w.day && !e.start.day {
			dates[dateOf(w.wall)] = true
		}
		off[w.as(e.start, c.here)] = true
	}
	walls := []time.Time{e.start.wall}
	if e.start.day {
		walls[0] = dateOf(e.start.wall)
	}
	if len(e.rules) > 0 && e.instead == nil {
		p := e.rules[0]
		back := func(at time.Time) time.Time { return c.here.wall(at) }
		if e.start.zone != nil {
			back = e.start.zone.wall
		}
		found, why := c.repeat(p.value, walls[0], back)
		if why != "" {
			c.leaveOut(p.line, e.name, why)
		}
		if why == "" || why == TooMany {
			walls = found
		}
	}
	for _, w := range e.more {
		walls = append(walls, w.as(e.start, c.here))
	}
	taken, left := false, len(walls) == 0
	for _, wall := range walls {
		if off[wall] || dates[dateOf(wall)] {
			continue
		}
		left = true
		taken = c.spread(e, wall) || taken
	}
	switch {
	case taken, !left:
	case e.start.wall.After(c.until):
		c.out.Later++
	default:
		c.out.Past++
	}
}

// spread notes the days of one time of an event; false if none is looked at.
func (c *calendar) spread(e *event, wall time.Time) bool {
	from, to := wall, wall.AddDate(0, 0, e.length.days)
	if !e.start.day {
		start := when{wall: wall, zone: e.start.zone}
		ends := when{wall: wall.AddDate(0, 0, e.length.days), zone: e.start.zone}.at(c.here).Add(e.length.rest)
		from, to = c.here.wall(start.at(c.here)), c.here.wall(ends)
		if to = to.Add(time.Minute - time.Second).Truncate(time.Minute); !to.After(from) {
			to = from.Add(time.Minute) // over the hour that comes twice
		}
	}
	inside := false
	for day := dateOf(from); day.Before(to); day = day.AddDate(0, 0, 1) {
		if day.Before(c.from) || day.After(c.until) {
			continue
		}
		inside = true
		d := ClosedDay{Date: day.Format(time.DateOnly), Name: e.name}
		next := day.AddDate(0, 0, 1)
		if from.After(day) || to.Before(next) {
			d.From, d.To = "00:00", "24:00"
			if from.After(day) {
				d.From = from.Format("15:04")
			}
			if to.Before(next) {
				d.To = to.Format("15:04")
			}
		}
		c.note(d, e)
	}
	return inside
}

func (c *calendar) note(d ClosedDay, e *event) {
	d.Name = cmp.Or(d.Name, e.note)
	switch {
	case c.seen[d]:
		c.leaveOutOnce(e, Repeated)
	case len(c.out.Days) >= maxDays:
		c.leaveOutOnce(e, TooMany)
	default:
		c.seen[d] = true
		d.Note, d.Line = e.note, e.line
		c.out.Days = append(c.out.Days, d)
	}
}

// leaveOutOnce names an event once, however many of its days are left out.
func (c *calendar) leaveOutOnce(e *event, why Reason) {
	l := LeftOut{e.line, e.name, why}
	if n := len(c.out.LeftOut); n == 0 || c.out.LeftOut[n-1] != l {
		c.out.LeftOut = append(c.out.LeftOut, l)
	}
}
