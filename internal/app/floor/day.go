package floor

import (
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Day is a day's figures in slots, by queue, and how the agents' time went. Its
// measures are those of core/measure.
type Day struct {
	Date        string      `json:"date" doc:"In the organisation's time zone."`
	TimeZone    string      `json:"time_zone"`
	From        time.Time   `json:"from"`
	Until       time.Time   `json:"until" doc:"23 or 25 hours later when the clocks change."`
	SlotSeconds int         `json:"slot_seconds"`
	At          time.Time   `json:"at" doc:"When this was counted; the present slot goes on."`
	Queues      []DayQueue  `json:"queues"`
	Agents      []DayAgents `json:"agents"`
}

// DayQueue are a queue's slots; those in which nothing happened are left out.
type DayQueue struct {
	Date  string    `json:"date"`
	Queue string    `json:"queue"`
	Slots []DaySlot `json:"slots"`
}

// DaySlot is what happened in a part of a day: contacts that came in it, and
// those whose handling ended in it.
type DaySlot struct {
	Slot        int           `json:"slot" doc:"0 is the first of the day."`
	Offered     int64         `json:"offered"`
	Answered    int64         `json:"answered"`
	Abandoned   int64         `json:"abandoned" doc:"Without short abandons."`
	Short       int64         `json:"short_abandoned"`
	Level       measure.Ratio `json:"service_level" doc:"Measure service_level_ignored."`
	AnswerWait  int64         `json:"answer_wait_ms" doc:"Sum of the waits of answered contacts."`
	LongestWait int64         `json:"longest_wait_ms"`
	Handled     int64         `json:"handled"`
	Handle      int64         `json:"handle_ms" doc:"Talk, hold and wrap-up of handled contacts."`
}

// DayAgents is how the agents' time went in a part of a day.
type DayAgents struct {
	Slot     int   `json:"slot"`
	Busy     int64 `json:"busy_ms" doc:"With a contact or in wrap-up, all agents together."`
	Ready    int64 `json:"ready_ms"`
	NotReady int64 `json:"not_ready_ms"`
}

func daySlot(i int, s measure.Slot) DaySlot {
	return DaySlot{Slot: i, Offered: s.Offered, Answered: s.Answered, Abandoned: s.Abandoned - s.ShortAbandoned, Short: s.ShortAbandoned,
		Level: measure.ServiceLevel(s.Counts, measure.Ignored), AnswerWait: s.AnswerWait.Milliseconds(), LongestWait: s.LongestWait.Milliseconds(),
		Handled: s.Handled, Handle: s.Handling.Time().Milliseconds()}
}

// Day answers with the figures of a date (2026-11-28) in the tenant's time zone;
// "" is today.
func (m *Manager) Day(ctx context.Context, a access.Actor, date string) (Day, error) {
	var day measure.Day
	var out Day
	var queues map[string]setup.Queue
	var goals map[string]goal
	past := false
	var hidden map[string]bool // agents whose time is not the actor's business
	var now time.Time
	err := m.do(ctx, a.Tenant, func(f *floor, at time.Time) error {
		now, day, queues = at, f.day, maps.Clone(f.plan.Queues)
		if date != "" {
			noon, err := time.ParseInLocation(time.DateOnly+" 15", date+" 12", f.plan.TimeZone)
			if err != nil || noon.Year() < 2000 {
				return errs.Bad("date", "is not a date such as 2026-11-28")
			}
			if day = measure.DayAt(noon, f.plan.TimeZone); day.From.After(at) {
				return errs.Bad("date", "lies in the future")
			}
		}
		out = Day{Date: dateOf(day, f.plan.TimeZone), TimeZone: f.plan.TimeZone.String(), From: day.From, Until: day.Until,
			SlotSeconds: int(measure.SlotWidth.Seconds()), At: at, Queues: []DayQueue{}, Agents: []DayAgents{}}
		maps.DeleteFunc(queues, func(q string, _ setup.Queue) bool { return !f.mayQueue(a, access.FloorWatch, q) })
		goals, _ = goalsOf(queues, f.plan.Hours, nil) // own timetables: those of the floor are its own
		hidden = f.hiddenFrom(a)
		if day == f.day {
			out.Queues = slices.DeleteFunc(f.todayNow(at), func(d DayQueue) bool { _, seen := queues[d.Queue]; return !seen })
		}
		past = day != f.day
		return nil
	})
	if err != nil {
		return Day{}, err
	}
	return out, m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error { return out.count(tx, day, past, goals, hidden, now) })
}

// todayNow are today's slots from memory, with those who still wait.
func (f *floor) todayNow(now time.Time) []DayQueue {
	out := []DayQueue{}
	date := dateOf(f.day, f.plan.TimeZone)
	longest := f.longestWaits(now)
	for _, q := range sortedKeys(f.plan.Queues) {
		c := f.countOf(q)
		f.noteLate(c, now)
		slots := map[int]measure.Slot{}
		for i, s := range c.slots {
			slots[i] = *s
		}
		for i, d := range longest[q] {
			s := slots[i]
			s.LongestWait = max(s.LongestWait, d)
			slots[i] = s
		}
		out = append(out, dayQueue(date, q, slots))
	}
	return out
}

// longestWaits are the longest waits that go on, by queue and the slot in which
// they began.
func (f *floor) longestWaits(now time.Time) map[string]map[int]time.Duration {
	out := map[string]map[int]time.Duration{}
	for _, it := range f.items {
		i, today := f.day.Slot(it.segFrom)
		if !today || it.segKind != "queue" || it.again {
			continue
		}
		if out[it.segOwner] == nil {
			out[it.segOwner] = map[int]time.Duration{}
		}
		out[it.segOwner][i] = max(out[it.segOwner][i], now.Sub(it.segFrom))
	}
	return out
}

func dayQueue(date, queue string, slots map[int]measure.Slot) DayQueue {
	out := DayQueue{Date: date, Queue: queue, Slots: []DaySlot{}}
	for _, i := range slices.Sorted(maps.Keys(slots)) {
		out.Slots = append(out.Slots, daySlot(i, slots[i]))
	}
	return out
}

// count adds what is counted from rows: the agents' time, and a past day's
// queues with the goals that they have now.
func (d *Day) count(tx *store.Tx, day measure.Day, past bool, goals map[string]goal, hidden map[string]bool, now time.Time) error {
	s, err := readDay(tx, day, nil)
	if past {
		s, err = readDay(tx, day, sortedKeys(goals))
	}
	if err != nil {
		return err
	}
	states, err := tx.AgentDays(day.From, day.Until)
	if err != nil {
		return err
	}
	d.Agents = agentTime(day, slices.DeleteFunc(states, func(st store.AgentStateRow) bool { return hidden[st.UserID] }),
		slices.DeleteFunc(slices.Clone(s.work), func(w store.AgentWorkRow) bool { return hidden[w.UserID] }), now)
	if !past {
		return nil
	}
	handled := map[string]map[int]measure.Slot{}
	for q := range goals {
		handled[q] = map[int]measure.Slot{}
	}
	for _, w := range s.work {
		if i, in := day.Slot(w.EndedAt); in && handled[w.QueueID] != nil {
			slot := handled[w.QueueID][i]
			slot.Handling.Add(measure.Held(w.StartedAt, w.WrapFrom, w.EndedAt))
			handled[w.QueueID][i] = slot
		}
	}
	counted := []DayQueue{}
	for _, q := range sortedKeys(goals) {
		slots := handled[q]
		for _, w := range s.waits[q] {
			i, _ := day.Slot(w.StartedAt)
			slot := slots[i]
			if w.EndedAt.IsZero() {
				w.EndedAt = now
			}
			slot.Count(w.End, w.EndedAt.Sub(w.StartedAt), goals[q].of(acd.Channel(w.Channel), w.StartedAt))
			slots[i] = slot
		}
		counted = append(counted, dayQueue(d.Date, q, slots))
	}
	d.Queues = counted
	return nil
}

// stretches are when agents were signed in, and when they held work.
func stretches(states []store.AgentStateRow, work []store.AgentWorkRow) (signedIn, busy []measure.Stretch) {
	for _, s := range states {
		if s.Presence != string(acd.Offline) {
			signedIn = append(signedIn, measure.Stretch{Agent: s.UserID, From: s.Since, Until: s.Until, Ready: s.Presence == string(acd.Ready)})
		}
	}
	for _, w := range work {
		busy = append(busy, measure.Stretch{Agent: w.UserID, From: w.StartedAt, Until: w.EndedAt})
	}
	return signedIn, busy
}

func agentTime(day measure.Day, states []store.AgentStateRow, work []store.AgentWorkRow, now time.Time) []DayAgents {
	signedIn, busy := stretches(states, work)
	out := []DayAgents{}
	for i, p := range day.Presence(signedIn, busy, now) {
		if p != (measure.Presence{}) {
			out = append(out, DayAgents{i, p.Busy.Milliseconds(), p.Idle.Milliseconds(), p.NotReady.Milliseconds()})
		}
	}
	return out
}

// countAnew counts today from what is stored, because a goal or the time zone
// changed. The batch before is committed, so that nothing is missed.
func (f *floor) countAnew(ctx context.Context) error {
	f.recount = false
	f.day = measure.DayAt(f.m.Clock.Now(), f.plan.TimeZone)
	var s storedDay
	err := f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) (err error) {
		s, err = readEnded(tx, f.day, sortedKeys(f.plan.Queues))
		return err
	})
	if err != nil {
		return err
	}
	f.restoreDay(s)
	now := f.m.Clock.Now()
	for _, v := range f.queueViews(now) {
		f.tellQueue(v, now)
	}
	f.ahead <- f.committed(nil, nil)
	return nil
}

func dateOf(d measure.Day, zone *time.Location) string { return d.From.In(zone).Format(time.DateOnly) }

func sortedInts(m map[int]bool) []int { return slices.Sorted(maps.Keys(m)) }
