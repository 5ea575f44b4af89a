package floor

import (
	"container/heap"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
)

// goal is a queue's service level. Of the channels that hours names it counts the time
// in which the queue is open, of others that of the clock.
type goal struct {
	measure.Goal
	hours setup.ServiceHours
	open  *setup.Timetable // nil for a queue without hours
}

// goalsOf are the goals of queues. Timetables of hours that are as they were are taken
// from before.
func goalsOf(queues map[string]setup.Queue, hours map[string]setup.Hours, before map[string]*setup.Timetable) (map[string]goal, map[string]*setup.Timetable) {
	goals, tables := make(map[string]goal, len(queues)), map[string]*setup.Timetable{}
	for id, q := range queues {
		g := goal{measure.Goal{Within: time.Duration(q.ServiceSeconds) * time.Second, Short: time.Duration(q.ShortSeconds) * time.Second}, q.ServiceHours, tables[q.Hours]}
		if h, set := hours[q.Hours]; set && g.open == nil {
			if g.open = before[q.Hours]; g.open == nil || !g.open.Of(h) {
				g.open = setup.NewTimetable(h)
			}
			tables[q.Hours] = g.open
		}
		goals[id] = g
	}
	return goals, tables
}

// due is when the goal of work runs out that waits since a moment.
func (g goal) due(c acd.Channel, since time.Time) time.Time {
	if g.open != nil && g.hours.Of(c) {
		return g.open.Due(since, g.Within)
	}
	return since.Add(g.Within)
}

// of is the goal of one contact, by the clock.
func (g goal) of(c acd.Channel, since time.Time) measure.Goal {
	return measure.Goal{Within: g.due(c, since).Sub(since), Short: g.Short}
}

// calendars are those of the goal as routing takes them.
func (g goal) calendars() map[acd.Channel]acd.Calendar {
	if g.open == nil {
		return nil
	}
	var all map[acd.Channel]acd.Calendar
	for _, c := range []acd.Channel{acd.Voice, acd.Chat, acd.Email, acd.Social} {
		if g.hours.Of(c) {
			if all == nil {
				all = map[acd.Channel]acd.Calendar{}
			}
			all[c] = g.open
		}
	}
	return all
}

// nowDue works out anew when what waits is due.
func (f *floor) nowDue(it *item) (changed bool) {
	was := it.DueAt
	it.DueAt = time.Time{}
	if it.segKind == "queue" {
		it.DueAt = f.goals[it.segOwner].due(it.Channel, it.QueuedAt)
	}
	return !it.DueAt.Equal(was)
}

// waiter is a contact during one wait.
type waiter struct {
	it      *item
	segment int64
	due     time.Time
}

func (w waiter) gone() bool { return w.it.segKind != "queue" || w.it.segment != w.segment }

// waiters are a heap by when they are due. Those who left are still in it for a while.
type waiters []waiter

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].due.Before(w[j].due) }
func (w waiters) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiters) Push(x any)        { *w = append(*w, x.(waiter)) }
func (w *waiters) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	(*w)[last] = waiter{}
	*w = (*w)[:last]
	return x
}

// add takes out those who left before it grows.
func (w *waiters) add(x waiter) {
	if len(*w) == cap(*w) {
		here := slices.DeleteFunc(*w, waiter.gone)
		*w = slices.Grow(here, len(here)+1) // so that it is not done again for each
		heap.Init(w)
	}
	heap.Push(w, x)
}
