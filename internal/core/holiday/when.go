package holiday

import (
	"strconv"
	"strings"
	"time"
)

// when is a date or a time as it stands in a file.
type when struct {
	// wall is what a clock on the wall there shows, as if it were UTC.
	wall time.Time
	day  bool // a date without a time
	zone zone // nil: wherever one reads it ("floating"), and for dates
}

// at is the instant; here is where floating times are.
func (w when) at(here zone) time.Time {
	if w.zone == nil {
		return here.instant(w.wall)
	}
	return w.zone.instant(w.wall)
}

// as gives the same moment as it is written in another's form: a time in its
// zone, or only the date.
func (w when) as(other when, here zone) time.Time {
	switch {
	case other.day || w.day:
		return dateOf(w.wall)
	case w.zone == nil || other.zone == nil || w.zone == other.zone:
		return w.wall
	}
	return other.zone.wall(w.at(here))
}

func dateOf(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

// when reads a value of a property: DATE or DATE-TIME, RFC 5545 section 3.3.
func (c *calendar) when(p property, value string) (when, Reason) {
	value = strings.TrimSpace(value)
	plain, utc := strings.CutSuffix(value, "Z")
	layout := "20060102T150405"
	day := len(plain) == len("20060102")
	if day {
		layout = "20060102"
	}
	wall, err := time.Parse(layout, plain)
	if err != nil || wall.Year() < firstYear || wall.Year() > lastYear {
		return when{}, BadDate
	}
	w := when{wall: wall, day: day}
	switch {
	case day:
	case utc:
		w.zone = place{time.UTC}
	case p.with["TZID"] != "":
		z := c.zone(p.with["TZID"])
		if z == nil {
			return when{}, NoZone
		}
		w.zone = z
	}
	return w, ""
}

// length is how long something lasts: whole days on the calendar, and time.
type length struct {
	days int
	rest time.Duration
}

// lengthOf reads a DURATION, RFC 5545 section 3.3.6: P15DT5H0M20S, P7W.
func lengthOf(value string) (length, bool) {
	value = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(value)), "+")
	rest, ok := strings.CutPrefix(value, "P")
	if !ok || rest == "" {
		return length{}, false
	}
	var l length
	timed := false
	for rest != "" {
		if !timed && rest[0] == 'T' {
			timed, rest = true, rest[1:]
			if rest == "" {
				return length{}, false
			}
			continue
		}
		digits := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if digits < 1 || digits > 6 {
			return length{}, false
		}
		n, err := strconv.Atoi(rest[:digits])
		if err != nil {
			return length{}, false
		}
		unit := rest[digits]
		rest = rest[digits+1:]
		switch {
		case !timed && unit == 'W':
			l.days += 7 * n
		case !timed && unit == 'D':
			l.days += n
		case timed && unit == 'H':
			l.rest += time.Duration(n) * time.Hour
		case timed && unit == 'M':
			l.rest += time.Duration(n) * time.Minute
		case timed && unit == 'S':
			l.rest += time.Duration(n) * time.Second
		default:
			return length{}, false
		}
	}
	return l, true
}
