package holiday

import (
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// cycle is how many years later the calendar is the same again, weekdays too. A
// rule that never holds again is looked for by rrule-go until the year 9999, so
// rules are played in the last cycles before it.
const (
	cycle = 400
	ahead = cycle * ((9999 - lastYear) / cycle)
)

// repeat gives the walls of a repeating rule, RFC 5545 section 3.3.10, from its
// start to the end of what was asked for. wall turns a rule's own end, if that is
// an instant, into the wall there.
func (c *calendar) repeat(rule string, start time.Time, wall func(time.Time) time.Time) ([]time.Time, Reason) {
	if c.rules++; c.rules > maxRules {
		return nil, TooMany
	}
	rule = strings.Trim(strings.ToUpper(strings.TrimSpace(rule)), ";")
	if len(rule) > maxRule || strings.ContainsAny(rule, "\n:") {
		return nil, BadRule
	}
	end := c.until.AddDate(0, 0, 1)
	for part := range strings.SplitSeq(rule, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER":
			return nil, RuleNotRead
		case "UNTIL":
			u, why := ruleEnd(value, wall)
			if why != "" {
				return nil, why
			}
			if u.Before(end) {
				end = u
			}
		}
	}
	o, err := rrule.StrToROption(rule)
	switch {
	case err != nil, o.Interval > 1000, strings.Contains(rule, "INTERVAL=0"), !o.Dtstart.IsZero():
		return nil, BadRule
	case o.Freq > rrule.DAILY:
		return nil, RuleNotRead
	}
	o.Dtstart, o.Until = start.AddDate(ahead, 0, 0), end.AddDate(ahead, 0, 0)
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return nil, BadRule
	}
	var walls []time.Time
	next := r.Iterator()
	for seen := 0; ; seen++ {
		at, more := next()
		switch at = at.AddDate(-ahead, 0, 0); {
		case !more || at.After(end):
			return walls, ""
		case seen >= maxTimes*10 || len(walls) >= maxTimes:
			return walls, TooMany
		case at.Before(c.since):
			continue
		}
		walls = append(walls, at)
	}
}

// ruleEnd reads UNTIL; a date ends with its last moment.
func ruleEnd(value string, wall func(time.Time) time.Time) (time.Time, Reason) {
	var u time.Time
	var err error
	plain, utc := strings.CutSuffix(value, "Z")
	if len(plain) == len("20060102") {
		u, err = time.Parse("20060102", plain)
		u = u.Add(24*time.Hour - time.Second)
	} else if u, err = time.Parse("20060102T150405", plain); err == nil && utc {
		u = wall(u)
	}
	if err != nil || u.Year() < firstYear {
		return u, BadRule
	}
	return u, ""
}
