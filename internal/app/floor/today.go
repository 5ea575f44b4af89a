package floor

import (
	"container/heap"
	"time"

	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/store"
)

// dayCount is what happened in a queue today, followed as it happens. It is the
// same as what is counted from the stored segments: after a restart it begins
// from those (readDay), and past days are counted from them (day.go).
type dayCount struct {
	goal    goal
	slots   map[int]*measure.Slot
	total   measure.Slot
	waiting waiters
	touched map[int]bool // slots that changed and were not told yet
}

func (f *floor) countOf(queue string) *dayCount {
	c := f.today[queue]
	if c == nil {
		c = &dayCount{goal: f.goals[queue], slots: map[int]*measure.Slot{}, touched: map[int]bool{}}
		f.today[queue] = c
	}
	return c
}

// goalsDiffer says whether what was counted no longer is what would be.
func goalsDiffer(a, b map[string]goal) bool {
	for q, now := range b {
		if old, ok := a[q]; ok && old != now {
			return true
		}
	}
	return false
}

// at changes the slot of a time, and the day's total with it.
func (c *dayCount) at(d measure.Day, t time.Time, change func(*measure.Slot)) {
	i, today := d.Slot(t)
	if !today {
		return
	}
	if c.slots[i] == nil {
		c.slots[i] = &measure.Slot{}
	}
	change(c.slots[i])
	change(&c.total)
	c.touched[i] = true
}

// countEntry counts a contact that came into a queue. Who is called once more was
// counted when it came.
func (f *floor) countEntry(it *item) {
	if it.again {
		return
	}
	c := f.countOf(it.segOwner)
	c.at(f.day, it.segFrom, func(s *measure.Slot) { s.Enter() })
	c.waiting.add(waiter{it, it.segment, c.goal.due(it.Channel, it.segFrom)})
}

// countEnd counts the end of an interaction's segment; next is the kind of the one
// that follows, "" for none.
func (f *floor) countEnd(it *item, next string, now time.Time) {
	switch {
	case it.segKind == "queue" && it.again:
		it.from = it.segOwner
	case it.segKind == "queue":
		end := measure.Removed
		switch {
		case next == "agent":
			end = measure.Answered
		case next == "" && it.CloseReason == "abandoned":
			end = measure.Abandoned
		}
		c := f.countOf(it.segOwner)
		c.at(f.day, it.segFrom, func(s *measure.Slot) {
			if it.late {
				s.Late(-1)
			}
			s.Leave(end, now.Sub(it.segFrom), c.goal.of(it.Channel, it.segFrom))
		})
		it.late = false
		it.from = it.segOwner
	case it.segKind == "agent":
		f.countOf(it.from).at(f.day, now, func(s *measure.Slot) { s.Handling.Add(measure.Held(it.segFrom, it.WrapFrom, now)) })
	}
}

// noteLate counts those who have come to wait longer than the goal.
func (f *floor) noteLate(c *dayCount, now time.Time) {
	for len(c.waiting) > 0 {
		w := c.waiting[0]
		if !w.gone() {
			if !now.After(w.due) {
				return
			}
			w.it.late = true
			c.at(f.day, w.it.segFrom, func(s *measure.Slot) { s.Late(1) })
		}
		heap.Pop(&c.waiting)
	}
}

// newDay starts the figures anew at midnight of the tenant's time zone.
func (f *floor) newDay(now time.Time) {
	if d := measure.DayAt(now, f.plan.TimeZone); d != f.day {
		f.day, f.today = d, map[string]*dayCount{}
		for q := range f.plan.Queues {
			f.batch.queues[q] = true
		}
	}
}

// storedDay are the waits of each queue that began on a day, and what agents held.
type storedDay struct {
	waits map[string][]store.WaitRow
	work  []store.AgentWorkRow
}

// readEnded reads what ended on a day; the floor knows what goes on.
func readEnded(tx *store.Tx, d measure.Day, queues []string) (storedDay, error) {
	s := storedDay{waits: map[string][]store.WaitRow{}}
	for _, q := range queues {
		rows, err := tx.EndedWaits(q, d.From, d.Until)
		if err != nil {
			return s, err
		}
		s.waits[q] = rows
	}
	var err error
	s.work, err = tx.EndedWork(d.From, d.Until)
	return s, err
}

func readDay(tx *store.Tx, d measure.Day, queues []string) (storedDay, error) {
	s := storedDay{waits: map[string][]store.WaitRow{}}
	for _, q := range queues {
		rows, err := tx.QueueWaits(q, d.From, d.Until)
		if err != nil {
			return s, err
		}
		s.waits[q] = rows
	}
	var err error
	s.work, err = tx.AgentWork(d.From, d.Until)
	return s, err
}

// restoreDay counts today from what is stored, and who still waits.
func (f *floor) restoreDay(s storedDay) {
	f.today = map[string]*dayCount{}
	for q, rows := range s.waits {
		c := f.countOf(q)
		for _, r := range rows {
			c.at(f.day, r.StartedAt, func(s *measure.Slot) {
				s.Enter()
				s.Leave(r.End, r.EndedAt.Sub(r.StartedAt), c.goal.of(acd.Channel(r.Channel), r.StartedAt))
			})
		}
	}
	for _, w := range s.work {
		f.countOf(w.QueueID).at(f.day, w.EndedAt, func(s *measure.Slot) { s.Handling.Add(measure.Held(w.StartedAt, w.WrapFrom, w.EndedAt)) })
	}
	for _, it := range f.items {
		it.late = false
		if it.segKind == "queue" {
			f.countEntry(it)
		}
	}
	for _, c := range f.today {
		clear(c.touched)
	}
}

// tellDay makes live events of the slots that changed.
func (f *floor) tellDay() {
	for _, q := range sortedKeys(f.today) {
		c := f.today[q]
		if len(c.touched) == 0 || !f.knows(q) {
			continue
		}
		changed := DayQueue{Date: dateOf(f.day, f.plan.TimeZone), Queue: q}
		for _, i := range sortedInts(c.touched) {
			changed.Slots = append(changed.Slots, daySlot(i, *c.slots[i]))
		}
		clear(c.touched)
		f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "day.changed", Watch: access.FloorWatch, Data: must(changed), In: access.RolePart{Queues: []string{q}}})
	}
}
