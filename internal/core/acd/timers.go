package acd

import "strings"

// timer is the one timer that a work or an agent can have at a time: an offer's
// deadline, a wrap-up's end, the end of a back-off, an agent's grace.
type timer struct {
	pos   int // place in the heap, plus one; 0 when not set
	at    int64
	work  *work
	agent *agent
}

func (t *timer) id() string {
	if t.work != nil {
		return t.work.id
	}
	return t.agent.id
}

// timerHeap is a heap by time, then id, so that the order of firing does
// not depend on how the timers came to be.
type timerHeap struct{ items []timerItem }

type timerItem struct {
	at int64
	t  *timer
}

func (a timerItem) before(b timerItem) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return strings.Compare(a.t.id(), b.t.id()) < 0
}

func (h *timerHeap) set(t *timer, at int64) {
	t.at = at
	if t.pos == 0 {
		h.items = append(h.items, timerItem{at, t})
		t.pos = len(h.items)
		h.up(len(h.items) - 1)
		return
	}
	i := t.pos - 1
	h.items[i].at = at
	h.fix(i)
}

func (h *timerHeap) stop(t *timer) {
	if t.pos == 0 {
		return
	}
	i, last := t.pos-1, len(h.items)-1
	t.pos = 0
	moved := h.items[last]
	h.items[last] = timerItem{}
	h.items = h.items[:last]
	if i == last {
		return
	}
	h.items[i] = moved
	moved.t.pos = i + 1
	h.fix(i)
}

func (h *timerHeap) fix(i int) {
	if !h.up(i) {
		h.down(i)
	}
}

// arity is 4: fewer levels, each within a cache line or two.
const arity = 4

func (h *timerHeap) up(i int) bool {
	item, moved := h.items[i], false
	for i > 0 {
		parent := (i - 1) / arity
		if !item.before(h.items[parent]) {
			break
		}
		h.put(i, h.items[parent])
		i, moved = parent, true
	}
	h.put(i, item)
	return moved
}

func (h *timerHeap) down(i int) {
	item := h.items[i]
	for {
		first := arity*i + 1
		if first >= len(h.items) {
			break
		}
		child := first
		for c := first + 1; c < min(first+arity, len(h.items)); c++ {
			if h.items[c].before(h.items[child]) {
				child = c
			}
		}
		if !h.items[child].before(item) {
			break
		}
		h.put(i, h.items[child])
		i = child
	}
	h.put(i, item)
}

func (h *timerHeap) put(i int, item timerItem) {
	h.items[i] = item
	item.t.pos = i + 1
}
