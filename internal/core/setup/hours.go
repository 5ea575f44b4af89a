package setup

import (
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the machine may have no zone files

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
)

func (Hours) Kind() Kind         { return KindHours }
func (h Hours) Called() string   { return h.Name }
func (h Hours) Unique() []Unique { return byName(h.Name) }
func (Hours) Uses() []Use        { return nil }

func (h Hours) clean() Object {
	h.Name, h.TimeZone = tidy(h.Name), strings.TrimSpace(h.TimeZone)
	h.Weekly = append([]Opening{}, h.Weekly...)
	order.Stable(h.Weekly, func(a, b Opening) int {
		if a.Day != b.Day {
			return a.Day - b.Day
		}
		return strings.Compare(a.From, b.From)
	})
	h.Dates = append([]Exception{}, h.Dates...)
	for i, d := range h.Dates {
		h.Dates[i].Name = tidy(d.Name)
		h.Dates[i].Open = append([]Span{}, d.Open...)
		order.Stable(h.Dates[i].Open, func(a, b Span) int { return strings.Compare(a.From, b.From) })
	}
	order.Stable(h.Dates, func(a, b Exception) int { return strings.Compare(a.Date, b.Date) })
	return h
}

func (h Hours) Validate(Refs) error {
	var c checks
	c.name("name", h.Name, 1, 80)
	if _, err := Zone(h.TimeZone); err != nil {
		c.Add("time_zone", "is %q; a time zone is written like Europe/Lisbon.", short(h.TimeZone))
	}
	c.count("weekly", len(h.Weekly), 7*24)
	for i, o := range h.Weekly {
		path := at("weekly", i)
		c.number(path+".day", o.Day, 0, 6)
		before := slices.DeleteFunc(slices.Clone(h.Weekly[:i]), func(p Opening) bool { return p.Day != o.Day })
		spans := make([]Span, 0, len(before))
		for _, p := range before {
			spans = append(spans, Span{p.From, p.To})
		}
		c.span(path, Span{o.From, o.To}, spans)
	}
	c.count("dates", len(h.Dates), 1000)
	seen := map[string]bool{}
	for i, d := range h.Dates {
		path := at("dates", i)
		if day, err := time.Parse(time.DateOnly, d.Date); err != nil || day.Year() < 2000 || day.Year() > 2099 {
			c.Add(path+".date", "is %q; a date is written YYYY-MM-DD, from 2000 to 2099.", short(d.Date))
		} else if seen[d.Date] {
			c.Add(path+".date", "is listed twice.")
		}
		seen[d.Date] = true
		c.name(path+".name", d.Name, 0, 80)
		c.count(path+".open", len(d.Open), 24)
		for j, s := range d.Open {
			c.span(at(path+".open", j), s, d.Open[:j])
		}
	}
	return c.Err()
}

// span checks one part of a day against those before it.
func (c *checks) span(path string, s Span, before []Span) {
	from, okFrom := minutes(s.From)
	to, okTo := minutes(s.To)
	if !okFrom || from == dayMinutes {
		c.Add(path+".from", "is %q; a time is written HH:MM, 00:00 to 23:59.", short(s.From))
		return
	}
	if !okTo {
		c.Add(path+".to", "is %q; a time is written HH:MM, at most 24:00.", short(s.To))
		return
	}
	if to <= from {
		c.Add(path+".to", "must be after from; what goes on past midnight is written as two openings, to 24:00 and from 00:00.")
		return
	}
	for _, o := range before {
		of, ok1 := minutes(o.From)
		ot, ok2 := minutes(o.To)
		if ok1 && ok2 && from < ot && of < to {
			c.Add(path+".from", "overlaps the opening %s to %s of the same day.", o.From, o.To)
			return
		}
	}
}

const (
	dayMinutes  = 24 * 60
	horizonDays = 400
)

// minutes reads HH:MM as minutes since midnight; 24:00 is the end of the day.
func minutes(s string) (int, bool) {
	if s == "24:00" {
		return dayMinutes, true
	}
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != 5 {
		return 0, false
	}
	return t.Hour()*60 + t.Minute(), true
}

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, errs.Bad("time_zone", "must be written like Europe/Lisbon.")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, errs.Bad("time_zone", "is not known; it is written like Europe/Lisbon.")
	}
	return loc, nil
}

// zone is the hours' own. Looking one up by its name reads a file, so that of
// at is taken when it is the same.
func (h Hours) zone(at time.Time) *time.Location {
	if loc := at.Location(); loc.String() == h.TimeZone {
		return loc
	}
	if loc, err := Zone(h.TimeZone); err == nil {
		return loc
	}
	return time.UTC // only for hours that never passed Validate
}

// IsOpen says whether the clock on the wall, at that instant in the hours' own
// time zone, stands within an opening. An hour that the clock shows twice when
// summer time ends counts twice; one that it skips does not come.
func IsOpen(h Hours, at time.Time) bool { return h.openAt(at.In(h.zone(at))) }

func (h Hours) openAt(local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	return slices.ContainsFunc(h.spansOf(local), func(s Span) bool {
		from, ok1 := minutes(s.From)
		to, ok2 := minutes(s.To)
		return ok1 && ok2 && from <= minute && minute < to
	})
}

// spansOf lists the openings of a local date; a date of its own wins over the
// week.
func (h Hours) spansOf(local time.Time) []Span {
	date := local.Format(time.DateOnly)
	for _, d := range h.Dates {
		if d.Date == date {
			return d.Open
		}
	}
	var spans []Span
	for _, o := range h.Weekly {
		if o.Day == int(local.Weekday()) {
			spans = append(spans, Span{o.From, o.To})
		}
	}
	return spans
}

// NextChange is the first instant after at when the hours open (if closed at
// at) or close (if open). ok is false when they do not within 400 days: always
// open, or never.
func NextChange(h Hours, at time.Time) (change time.Time, ok bool) {
	loc := h.zone(at)
	now := h.openAt(at.In(loc))
	until := at.AddDate(0, 0, horizonDays)
	// Within one period of the zone (summer time, winter time) the wall clock
	// runs evenly, so that a time on the wall is one instant.
	for from := at; from.Before(until); {
		_, end := from.In(loc).ZoneBounds()
		if end.IsZero() || end.After(until) {
			end = until
		}
		if t, found := h.changeWithin(from, end, loc, now); found {
			return t.UTC(), true
		}
		if h.openAt(end.In(loc)) != now {
			return end.UTC(), true
		}
		from = end
	}
	return time.Time{}, false
}

// changeWithin looks for the change in one period of the zone.
func (h Hours) changeWithin(from, end time.Time, loc *time.Location, now bool) (time.Time, bool) {
	local := from.In(loc)
	_, offset := local.Zone()
	for day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC); ; day = day.AddDate(0, 0, 1) {
		midnight := day.Add(-time.Duration(offset) * time.Second) // of this date, were the offset always this
		if !midnight.Before(end) {
			return time.Time{}, false
		}
		edges := []int{0}
		for _, s := range h.spansOf(day) {
			f, _ := minutes(s.From)
			t, _ := minutes(s.To)
			edges = append(edges, f, t)
		}
		slices.Sort(edges)
		for _, e := range edges {
			t := midnight.Add(time.Duration(e) * time.Minute)
			if t.After(from) && t.Before(end) && h.openAt(t.In(loc)) != now {
				return t, true
			}
		}
	}
}
