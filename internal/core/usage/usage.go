package usage

import (
	"cmp"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
)

// Channels are those that a limit can name.
var Channels = []acd.Channel{acd.Voice, acd.Chat, acd.Email}

// Limits are what an organisation may have at most; nil is no limit. A limit
// stops growth and never what already runs.
type Limits struct {
	Agents    *int64        `json:"agents,omitempty" minimum:"0" maximum:"1000000" doc:"Active accounts that may use the desk. Absent: no limit."`
	Numbers   *int64        `json:"numbers,omitempty" minimum:"0" maximum:"1000000" doc:"Telephone numbers on trunks. Absent: no limit."`
	StorageMB *int64        `json:"storage_mb,omitempty" minimum:"0" maximum:"1000000000" doc:"Recordings and files, in millions of bytes. When it is reached no recording begins and no file is taken. Absent: no limit."`
	Channels  []acd.Channel `json:"channels,omitempty" enum:"voice,chat,email" doc:"Channels that entry points may have. Absent: all."`
}

// Full says whether so many bytes leave no room for more.
func (l Limits) Full(bytes int64) bool {
	return l.StorageMB != nil && bytes >= *l.StorageMB*Megabyte
}

// Megabyte is the unit of Limits.StorageMB, in bytes.
const Megabyte = 1_000_000

// None says whether nothing is limited.
func (l Limits) None() bool {
	return l.Agents == nil && l.Numbers == nil && l.StorageMB == nil && len(l.Channels) == 0
}

// Allows says whether entry points may have the channel.
func (l Limits) Allows(c acd.Channel) bool {
	return len(l.Channels) == 0 || slices.Contains(l.Channels, c)
}

// part is one amount of Limits.
type part struct {
	name string
	of   func(Limits) *int64
}

var parts = []part{
	{"agents", func(l Limits) *int64 { return l.Agents }},
	{"numbers", func(l Limits) *int64 { return l.Numbers }},
	{"storage_mb", func(l Limits) *int64 { return l.StorageMB }},
}

// Within tells at path what of l does not fit below an organisation with the
// limits above, which has the others beside it: a reseller can give no more
// than it was given.
func (l Limits) Within(f *errs.Fields, path string, above Limits, beside []Limits) {
	for _, p := range parts {
		at, most := path+"."+p.name, p.of(above)
		own := p.of(l)
		switch {
		case own != nil && *own < 0:
			f.Add(at, "must not be negative")
		case most == nil:
		case own == nil:
			f.Add(at, "must be set, because your own organisation is limited to %d", *most)
		default:
			left := *most
			for _, b := range beside {
				if n := p.of(b); n != nil {
					left -= *n
				}
			}
			if *own > left {
				f.Add(at, "must be at most %d: your own organisation is limited to %d, and the rest is given to others", max(left, 0), *most)
			}
		}
	}
	for _, c := range l.Channels {
		if !slices.Contains(Channels, c) {
			f.Add(path+".channels", "must name some of voice, chat and email")
			return
		}
	}
	if len(above.Channels) == 0 {
		return
	}
	if len(l.Channels) == 0 || slices.ContainsFunc(l.Channels, func(c acd.Channel) bool { return !above.Allows(c) }) {
		f.Add(path+".channels", "must be some of those that your own organisation may have")
	}
}

// Over names the limits past which what an organisation has is: what it has stays when a
// limit is lowered below it. Storage is one when no room is left.
func (l Limits) Over(has Amounts) (over []string) {
	if l.Agents != nil && has.Agents > *l.Agents {
		over = append(over, "agents")
	}
	if l.Numbers != nil && has.Numbers > *l.Numbers {
		over = append(over, "numbers")
	}
	if l.Full(has.StorageBytes) {
		over = append(over, "storage_mb")
	}
	return over
}

// Amounts are what was counted for a day or a month. Agents and Numbers are the
// most at one time; StorageBytes is what a day ended with, and of a month the
// most of its days; the others are sums.
type Amounts struct {
	Agents          int64 `json:"agents" doc:"Active accounts that may use the desk; the most at one time."`
	Numbers         int64 `json:"numbers" doc:"Telephone numbers on trunks; the most at one time."`
	StorageBytes    int64 `json:"storage_bytes" doc:"Recordings and files, as a day ended; of a month the most."`
	Voice           int64 `json:"voice" doc:"Conversations by voice that arrived or were begun."`
	Chat            int64 `json:"chat" doc:"Chats that arrived."`
	Email           int64 `json:"email" doc:"Emails that became work."`
	CallSecondsIn   int64 `json:"call_seconds_in" doc:"Seconds of answered calls that came by a trunk, by the day they began."`
	CallSecondsOut  int64 `json:"call_seconds_out" doc:"Seconds of answered calls that left by a trunk, those of telephones included."`
	RecordedSeconds int64 `json:"recorded_seconds" doc:"Seconds of recordings that ended, voice and screen."`
}

// peaks and sums are the amounts by how they add up.
func (a *Amounts) peaks() []*int64 { return []*int64{&a.Agents, &a.Numbers, &a.StorageBytes} }

func (a *Amounts) sums() []*int64 {
	return []*int64{&a.Voice, &a.Chat, &a.Email, &a.CallSecondsIn, &a.CallSecondsOut, &a.RecordedSeconds}
}

// Recounted is a day's amounts after it was counted again. What was counted once
// stays, because what it was counted from may be forgotten meanwhile.
func (a Amounts) Recounted(again Amounts) Amounts {
	for i, n := range append(again.peaks(), again.sums()...) {
		own := append(a.peaks(), a.sums()...)[i]
		*own = max(*own, *n)
	}
	return a
}

// Plus is the sum of the same day's amounts of two organisations.
func (a Amounts) Plus(b Amounts) Amounts {
	for i, n := range append(b.peaks(), b.sums()...) {
		*append(a.peaks(), a.sums()...)[i] += *n
	}
	return a
}

// Plus is the sum of the amounts of two limits; where neither has one there is
// none. Channels have no sum.
func (l Limits) Plus(m Limits) Limits {
	sum := func(a, b *int64) *int64 {
		if a == nil || b == nil {
			return cmp.Or(a, b)
		}
		n := *a + *b
		return &n
	}
	return Limits{Agents: sum(l.Agents, m.Agents), Numbers: sum(l.Numbers, m.Numbers), StorageMB: sum(l.StorageMB, m.StorageMB)}
}

// Day is the amounts of one day.
type Day struct {
	Day string // UTC, as 2006-01-02
	Amounts
}

// Month is the amounts of one month.
type Month struct {
	Month string `json:"month" doc:"UTC, as 2026-11."`
	Amounts
}

// MonthOf is the month of a day that is written as Day.Day. What is no day is its own.
func MonthOf(day string) string { return day[:min(len(day), len("2006-01"))] }

// Months adds days, which are in order, up to months.
func Months(days []Day) []Month {
	out := []Month{}
	for _, d := range days {
		name := MonthOf(d.Day)
		if len(out) == 0 || out[len(out)-1].Month != name {
			out = append(out, Month{Month: name})
		}
		m := &out[len(out)-1].Amounts
		for i, n := range d.peaks() {
			*m.peaks()[i] = max(*m.peaks()[i], *n)
		}
		for i, n := range d.sums() {
			*m.sums()[i] += *n
		}
	}
	return out
}

// Span is a day's beginning and end, in UTC.
func Span(day time.Time) (name string, from, to time.Time) {
	from = day.UTC().Truncate(24 * time.Hour)
	return from.Format(time.DateOnly), from, from.Add(24 * time.Hour)
}
