package measure

import (
	"slices"
	"time"
)

// SlotWidth is the length of the parts into which a day is counted.
const SlotWidth = 15 * time.Minute

// Day is a calendar day of a time zone, cut into slots of SlotWidth. It has as
// many hours as it has: 23 or 25 when the clocks change.
type Day struct{ From, Until time.Time }

// DayAt is the day that t falls on.
func DayAt(t time.Time, zone *time.Location) Day {
	y, m, d := t.In(zone).Date()
	return Day{midnight(y, m, d, zone), midnight(y, m, d+1, zone)}
}

// midnight is a date's first moment. Where clocks change at midnight, 00:00 may
// come twice or never, and time.Date takes either side.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	const step = 30 * time.Minute // the smallest change there is
	day := time.Date(y, m, d, 12, 0, 0, 0, zone).Day()
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	for t.Day() != day {
		t = t.Add(step)
	}
	for t.Add(-step).Day() == day {
		t = t.Add(-step)
	}
	return t
}

// Slots is how many slots the day has.
func (d Day) Slots() int { return int((d.Until.Sub(d.From) + SlotWidth - 1) / SlotWidth) }

// Slot is the slot in which t falls; false outside the day.
func (d Day) Slot(t time.Time) (int, bool) {
	if t.Before(d.From) || !t.Before(d.Until) {
		return 0, false
	}
	return int(t.Sub(d.From) / SlotWidth), true
}

// Slot is what happened in one part of a day: the waits of contacts that came in
// it, and the handling that ended in it.
type Slot struct {
	Counts
	Handling
}

// Add adds another queue's slot, or another slot of the same queue.
func (s *Slot) Add(o Slot) {
	s.Counts.Add(o.Counts)
	s.Handling.Add(o.Handling)
}

// Enter counts a contact that came into the queue; Leave follows when its wait
// has ended.
func (c *Counts) Enter() { c.Offered++ }

// Late counts a contact that entered and still waits, later than the goal; of
// is 1, and -1 when it leaves.
func (c *Counts) Late(of int64) { c.LateWaiting += of }

// Leave counts the end of the wait of a contact that entered.
func (c *Counts) Leave(end Ending, waited time.Duration, g Goal) {
	var one Counts
	one.Count(end, waited, g)
	one.Offered = 0
	c.Add(one)
}

// Held is the handling of one contact by one agent: wrapFrom is when its wrap-up
// began; a time outside of it means that there was none.
func Held(from, wrapFrom, until time.Time) Handling {
	h := Handling{Handled: 1, Talk: until.Sub(from)}
	if !wrapFrom.Before(from) && wrapFrom.Before(until) {
		h.Talk, h.WrapUp = wrapFrom.Sub(from), until.Sub(wrapFrom)
	}
	return h
}

// Stretch is a part of an agent's time. A zero Until means that it lasts.
type Stretch struct {
	Agent       string
	From, Until time.Time
	Ready       bool // of a state: ready, or not ready (and missed)
}

// Presence adds up how the agents' time went in each slot, as far as now: states
// are the stretches in which they were signed in, work those in which they held
// a contact. Work counts as busy whatever the state says, and once.
func (d Day) Presence(states, work []Stretch, now time.Time) []Presence {
	out := make([]Presence, d.Slots())
	end := d.Until
	if now.Before(end) {
		end = now
	}
	busy := map[string][]Stretch{}
	for _, w := range merged(work, end) {
		busy[w.Agent] = append(busy[w.Agent], w)
		d.spread(w.From, w.Until, end, func(p *Presence, t time.Duration) { p.Busy += t }, out)
	}
	for _, s := range states {
		until := lasting(s.Until, end)
		add := func(sign time.Duration) func(p *Presence, t time.Duration) {
			return func(p *Presence, t time.Duration) {
				if s.Ready {
					p.Idle += sign * t
				} else {
					p.NotReady += sign * t
				}
			}
		}
		d.spread(s.From, until, end, add(1), out)
		for _, w := range busy[s.Agent] {
			d.spread(later(s.From, w.From), earlier(until, w.Until), end, add(-1), out)
		}
	}
	return out
}

// spread gives each slot its part of a stretch.
func (d Day) spread(from, until, end time.Time, add func(*Presence, time.Duration), out []Presence) {
	from, until = later(from, d.From), earlier(until, end)
	for from.Before(until) {
		i, _ := d.Slot(from)
		next := earlier(d.From.Add(time.Duration(i+1)*SlotWidth), until)
		add(&out[i], next.Sub(from))
		from = next
	}
}

// merged makes one of stretches of an agent that overlap.
func merged(list []Stretch, end time.Time) []Stretch {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Stretch) int {
		if a.Agent != b.Agent {
			if a.Agent < b.Agent {
				return -1
			}
			return 1
		}
		return a.From.Compare(b.From)
	})
	out := list[:0]
	for _, s := range list {
		s.Until = lasting(s.Until, end)
		if n := len(out) - 1; n >= 0 && out[n].Agent == s.Agent && !s.From.After(out[n].Until) {
			out[n].Until = later(out[n].Until, s.Until)
			continue
		}
		out = append(out, s)
	}
	return out
}

func lasting(until, end time.Time) time.Time {
	if until.IsZero() {
		return end
	}
	return until
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
