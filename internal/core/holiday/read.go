package holiday

import (
	"bytes"
	"cmp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
)

// Reason says why something of a file was left out.
type Reason string

const (
	NotRead     Reason = "not_read"      // the line is not one of iCalendar's, or longer than 16 kB
	Unbalanced  Reason = "unbalanced"    // a BEGIN without its END, or the other way round
	NoDate      Reason = "no_date"       // an event that does not say when it begins
	BadDate     Reason = "bad_date"      // a date or time that does not exist, or is not from 1601 to 2199
	BadLength   Reason = "bad_length"    // a length that cannot be read
	EndsEarly   Reason = "ends_early"    // it ends before it begins
	NoLength    Reason = "no_length"     // it begins and ends at the same moment: a reminder
	TooLong     Reason = "too_long"      // it lasts more than 366 days
	BadRule     Reason = "bad_rule"      // its rule for repeating is broken
	RuleNotRead Reason = "rule_not_read" // its rule repeats within a day
	NoZone      Reason = "no_zone"       // its time zone is neither known nor described in the file
	Cancelled   Reason = "cancelled"     // the file says that it is off
	Repeated    Reason = "repeated"      // the same day and name stand there already
	TooMany     Reason = "too_many"      // more events, rules, times or days than are read
)

// Calendar is what a file says: days that are closed, and what was left out.
type Calendar struct {
	Name    string      `json:"name" doc:"What the calendar calls itself; may be empty."`
	From    string      `json:"from" doc:"The first day that was looked at: today."`
	Until   string      `json:"until" doc:"The last day that was looked at."`
	Days    []ClosedDay `json:"days" doc:"In order."`
	LeftOut []LeftOut   `json:"left_out" doc:"By line; at most 200 are named."`
	Unnamed int         `json:"left_out_more" doc:"How many more were left out."`
	Past    int         `json:"past" doc:"Events that are over."`
	Later   int         `json:"later" doc:"Events that begin after the last day that was looked at."`
}

// ClosedDay is a day, or a part of one, that is closed.
type ClosedDay struct {
	Date string `json:"date" doc:"YYYY-MM-DD, in the time zone that was given."`
	Name string `json:"name"`
	Note string `json:"note,omitempty" doc:"The first line of the event's description, or its category: often what kind of holiday it is."`
	From string `json:"from,omitempty" doc:"HH:MM; absent for a whole day."`
	To   string `json:"to,omitempty" doc:"HH:MM, at most 24:00."`
	Line int    `json:"line" doc:"Where the event begins in the file."`
}

// LeftOut is a line, or an event that begins on it, that was not taken.
type LeftOut struct {
	Line   int    `json:"line"`
	Name   string `json:"name,omitempty"`
	Reason Reason `json:"reason" enum:"not_read,unbalanced,no_date,bad_date,bad_length,ends_early,no_length,too_long,bad_rule,rule_not_read,no_zone,cancelled,repeated,too_many"`
}

// calendar is a file while it is read.
type calendar struct {
	here      zone
	from      time.Time // the first and the last day looked at, as walls
	until     time.Time
	since     time.Time // before which nothing reaches into them
	described map[string]*component
	zones     map[string]zone
	rules     int
	seen      map[ClosedDay]bool
	out       Calendar
}

// Read gives the closed days of a file from the day of now, in the time zone
// here, to the end of so many years later (1 to MaxYears). A file that is no
// calendar at all is errs.Invalid.
func Read(file []byte, here *time.Location, now time.Time, years int) (Calendar, error) {
	file = bytes.TrimPrefix(file, []byte("\xEF\xBB\xBF"))
	switch {
	case len(file) > MaxFile:
		return Calendar{}, errs.New(errs.TooLarge, "The file is larger than %d kB.", MaxFile>>10)
	case len(bytes.TrimSpace(file)) == 0:
		return Calendar{}, errs.Bad("file", "is empty.")
	case !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0:
		return Calendar{}, errs.Bad("file", "is not text in UTF-8, first on line %d.", badLine(file))
	}
	c := newCalendar(here, now, min(max(years, 1), MaxYears))
	root := parse(string(file), func(line int, why Reason) { c.leaveOut(line, "", why) })
	var calendars []*component
	for _, part := range root.parts {
		if part.name == "VCALENDAR" {
			calendars = append(calendars, part)
		}
	}
	if len(calendars) == 0 {
		return Calendar{}, errs.Bad("file", "is not an iCalendar file: the line BEGIN:VCALENDAR is missing.")
	}
	for _, one := range calendars {
		c.take(one)
	}
	return c.result(), nil
}

func newCalendar(here *time.Location, now time.Time, years int) *calendar {
	c := &calendar{here: place{here}, seen: map[ClosedDay]bool{}, zones: map[string]zone{}}
	c.from = dateOf(c.here.wall(now))
	c.until = time.Date(c.from.Year()+years, time.December, 31, 0, 0, 0, 0, time.UTC)
	c.since = c.from.AddDate(0, 0, -maxSpan-1)
	c.out = Calendar{From: c.from.Format(time.DateOnly), Until: c.until.Format(time.DateOnly)}
	return c
}

func badLine(file []byte) int {
	for number, line := range bytes.Split(file, []byte("\n")) {
		if !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
			return number + 1
		}
	}
	return 1
}

// take reads one VCALENDAR.
func (c *calendar) take(one *component) {
	c.described = map[string]*component{}
	clear(c.zones) // names hold within one calendar
	if c.out.Name == "" {
		c.out.Name = plain(cmp.Or(one.value("X-WR-CALNAME"), one.value("NAME")))
	}
	var events []*event
	for _, part := range one.parts {
		if part.name == "VTIMEZONE" {
			c.described[part.value("TZID")] = part
		}
	}
	for _, part := range one.parts {
		switch {
		case part.name != "VEVENT":
		case len(events) >= maxEvents:
			c.leaveOut(part.line, plain(part.value("SUMMARY")), TooMany)
		default:
			if e, ok := c.event(part); ok {
				events = append(events, e)
			}
		}
	}
	c.days(events)
}

func (c *calendar) leaveOut(line int, name string, why Reason) {
	c.out.LeftOut = append(c.out.LeftOut, LeftOut{line, name, why})
}

// result puts everything in order.
func (c *calendar) result() Calendar {
	order.Stable(c.out.Days, func(a, b ClosedDay) int {
		return cmp.Or(cmp.Compare(a.Date, b.Date), cmp.Compare(a.From, b.From), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Line, b.Line))
	})
	order.Stable(c.out.LeftOut, func(a, b LeftOut) int { return cmp.Compare(a.Line, b.Line) })
	if more := len(c.out.LeftOut) - maxLeftOut; more > 0 {
		c.out.LeftOut, c.out.Unnamed = c.out.LeftOut[:maxLeftOut], more
	}
	return c.out
}

// plain makes one line of at most 80 characters.
func plain(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if r := []rune(s); len(r) > maxName {
		s = strings.TrimSpace(string(r[:maxName-1])) + "…"
	}
	return s
}
