package acd

import (
	"cmp"
	"slices"
)

// timers hold the one timer that each work and each agent can have at a time:
// an offer's deadline, a wrap-up's end, the end of a back-off; an agent's grace.
//
// It is a heap by time. The owner's own note of the time (timerAt) is the truth:
// to stop or move a timer is to change the note, and an entry that no longer
// agrees with it is stale. Stale ones are dropped when they come to the top, or
// all at once when they are the greater part.
type timers struct {
	items []timerItem
	stale int // at least so many
}

type timerItem struct {
	at int64
	owner
}

// owner is either a work or an agent.
type owner struct {
	w *work
	a *agent
}

// note is where the owner notes when its timer is due; 0: no timer.
func (o owner) note() *int64 {
	if o.w != nil {
		return &o.w.timerAt
	}
	return &o.a.timerAt
}

func (o owner) id() string {
	if o.w != nil {
		return o.w.id
	}
	return o.a.id
}

func (x timerItem) valid() bool { return *x.note() == x.at }

func (h *timers) setWork(w *work, at int64)   { h.set(owner{w: w}, at) }
func (h *timers) setAgent(a *agent, at int64) { h.set(owner{a: a}, at) }
func (h *timers) stopWork(w *work)            { h.stop(owner{w: w}) }
func (h *timers) stopAgent(a *agent)          { h.stop(owner{a: a}) }

func (h *timers) set(o owner, at int64) {
	h.stop(o)
	*o.note() = at
	h.items = append(h.items, timerItem{at, o})
	h.up(len(h.items) - 1)
}

func (h *timers) stop(o owner) {
	note := o.note()
	if *note == 0 {
		return
	}
	*note = 0
	if h.stale++; h.stale > len(h.items)/2 && h.stale > 64 {
		h.compact()
	}
}

// next is when the first timer is due; false if there is none.
func (h *timers) next() (int64, bool) {
	for len(h.items) > 0 && !h.items[0].valid() {
		h.pop()
		h.stale--
	}
	if len(h.items) == 0 {
		return 0, false
	}
	return h.items[0].at, true
}

// due takes out the timers that are due at now, in order of time, then id, so
// that the order of firing does not depend on how the timers came to be. One
// that fires may stop another: look at valid again.
func (h *timers) due(now int64, into []timerItem) []timerItem {
	for at, ok := h.next(); ok && at <= now; at, ok = h.next() {
		into = append(into, h.pop())
	}
	if len(into) > 1 {
		slices.SortFunc(into, func(a, b timerItem) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id(), b.id()))
		})
	}
	return into
}

func (h *timers) compact() {
	h.items = slices.DeleteFunc(h.items, func(x timerItem) bool { return !x.valid() })
	for i := (len(h.items) - 2) / arity; i >= 0; i-- {
		h.down(i)
	}
	h.stale = 0
}

// arity is 4: fewer levels than 2, each within a cache line or two.
const arity = 4

func (h *timers) up(i int) {
	item := h.items[i]
	for i > 0 {
		parent := (i - 1) / arity
		if item.at >= h.items[parent].at {
			break
		}
		h.items[i] = h.items[parent]
		i = parent
	}
	h.items[i] = item
}

func (h *timers) down(i int) {
	if i >= len(h.items) {
		return
	}
	item := h.items[i]
	for {
		first := arity*i + 1
		if first >= len(h.items) {
			break
		}
		child := first
		for c := first + 1; c < min(first+arity, len(h.items)); c++ {
			if h.items[c].at < h.items[child].at {
				child = c
			}
		}
		if h.items[child].at >= item.at {
			break
		}
		h.items[i] = h.items[child]
		i = child
	}
	h.items[i] = item
}

func (h *timers) pop() timerItem {
	top, last := h.items[0], len(h.items)-1
	h.items[0] = h.items[last]
	h.items[last] = timerItem{}
	h.items = h.items[:last]
	h.down(0)
	return top
}
