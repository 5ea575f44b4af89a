package acd

import (
	"cmp"
	"slices"
)

// timers hold the one timer that each work and each agent can have at a time:
// an offer's deadline, a wrap-up's end, the end of a back-off; an agent's grace.
//
// It is a heap by time. The owner's own note (timer) is the truth: to stop a
// timer, or to put it off, is to change the note alone. An entry that comes to
// the top and no longer agrees with the note goes to its new place, or away, so
// timers that are set and stopped all the time cost next to nothing.
type timers struct {
	items []timerItem
	owned int // owners who have an entry
}

// timer is an owner's note.
type timer struct {
	at    int64 // when it is due; 0: not set
	entry int64 // the time of the owner's entry, not later than at; 0: it has none
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

func (o owner) timer() *timer {
	if o.w != nil {
		return &o.w.timer
	}
	return &o.a.timer
}

func (o owner) id() string {
	if o.w != nil {
		return o.w.id
	}
	return o.a.id
}

func (x timerItem) valid() bool { return x.timer().at == x.at }

func (h *timers) setWork(w *work, at int64)   { h.set(owner{w: w}, at) }
func (h *timers) setAgent(a *agent, at int64) { h.set(owner{a: a}, at) }
func (h *timers) stopWork(w *work)            { w.timer.at = 0 }
func (h *timers) stopAgent(a *agent)          { a.timer.at = 0 }

func (h *timers) set(o owner, at int64) {
	t := o.timer()
	t.at = at
	if t.entry != 0 && t.entry <= at {
		return // the entry goes on to at when its own time has come
	}
	if t.entry == 0 {
		h.owned++
	}
	t.entry = at
	if len(h.items) > 2*h.owned+64 {
		h.compact()
	}
	h.items = append(h.items, timerItem{at, o})
	h.up(len(h.items) - 1)
}

// next is when the first timer is due; false if there is none.
func (h *timers) next() (int64, bool) {
	for len(h.items) > 0 {
		top := h.items[0]
		t := top.timer()
		if t.at == top.at && t.entry == top.at {
			return top.at, true
		}
		h.pop()
		if t.entry != top.at {
			continue // the owner has an earlier one, or had
		}
		if t.entry = t.at; t.at == 0 {
			h.owned--
			continue
		}
		h.items = append(h.items, timerItem{t.at, top.owner})
		h.up(len(h.items) - 1)
	}
	return 0, false
}

// due takes out the timers that are due at now, in order of time, then id, so
// that the order of firing does not depend on how the timers came to be. One
// that fires may stop another: look at valid again.
func (h *timers) due(now int64, into []timerItem) []timerItem {
	for len(h.items) > 0 && h.items[0].at <= now {
		if at, ok := h.next(); !ok || at > now {
			break
		}
		top := h.pop()
		top.timer().entry = 0
		h.owned--
		into = append(into, top)
	}
	if len(into) > 1 {
		slices.SortFunc(into, func(a, b timerItem) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id(), b.id()))
		})
	}
	return into
}

// compact drops the entries that are not their owners' own any more.
func (h *timers) compact() {
	h.items = slices.DeleteFunc(h.items, func(x timerItem) bool { return x.timer().entry != x.at })
	for i := (len(h.items) - 2) / arity; i >= 0; i-- {
		h.down(i)
	}
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
