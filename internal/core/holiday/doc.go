// Package holiday reads on which days, and at which times of them, an iCalendar
// file (RFC 5545) says that one is closed. Read is a pure function: it stores
// nothing, and what it cannot take it leaves out, with the line and a reason, so
// that one bad event never costs the others.
//
// Content lines are read with golang-ical and repeating rules with rrule-go; the
// file's structure and its line numbers are this package's own, because files from
// the wild are often broken in one place and good in all others. Everything is
// bounded (limits.go), whatever a file says.
//
// lines.go lines and components; when.go dates, times and lengths; zone.go time
// zones; rule.go what repeats; events.go from events to days; read.go the whole.
package holiday
