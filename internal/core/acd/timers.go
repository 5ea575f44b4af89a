package acd

// timers is a heap of the one timer that each work and each agent can have at a
// time: an offer's deadline, a wrap-up's end, the end of a back-off; an agent's
// grace. It is ordered by time, then id, so that the order of firing does not
// depend on how the timers came to be.
type timers struct{ items []timerItem }

type timerItem struct {
	at int64
	owner
}

// owner is either a work or an agent.
type owner struct {
	w *work
	a *agent
}

// pos is where the owner notes its place in the heap, plus one; 0: no timer.
func (o owner) pos() *int32 {
	if o.w != nil {
		return &o.w.timerPos
	}
	return &o.a.timerPos
}

func (o owner) id() string {
	if o.w != nil {
		return o.w.id
	}
	return o.a.id
}

func (x *timerItem) before(y *timerItem) bool {
	if x.at != y.at {
		return x.at < y.at
	}
	return x.id() < y.id()
}

func (h *timers) setWork(w *work, at int64)   { h.set(owner{w: w}, at) }
func (h *timers) setAgent(a *agent, at int64) { h.set(owner{a: a}, at) }

func (h *timers) stopWork(w *work) {
	if w.timerPos > 0 {
		h.stop(owner{w: w})
	}
}

func (h *timers) stopAgent(a *agent) {
	if a.timerPos > 0 {
		h.stop(owner{a: a})
	}
}

func (h *timers) set(o owner, at int64) {
	pos := *o.pos()
	if pos == 0 {
		h.items = append(h.items, timerItem{at, o})
		h.up(len(h.items) - 1)
		return
	}
	h.items[pos-1].at = at
	h.fix(int(pos - 1))
}

func (h *timers) stop(o owner) {
	pos := o.pos()
	i, last := int(*pos-1), len(h.items)-1
	*pos = 0
	moved := h.items[last]
	h.items[last] = timerItem{}
	h.items = h.items[:last]
	if i == last {
		return
	}
	h.items[i] = moved
	h.fix(i)
}

func (h *timers) fix(i int) {
	if !h.up(i) {
		h.down(i)
	}
}

// arity is 4: fewer levels, each within a cache line or two.
const arity = 4

func (h *timers) up(i int) bool {
	item, moved := h.items[i], false
	for i > 0 {
		parent := (i - 1) / arity
		if !item.before(&h.items[parent]) {
			break
		}
		h.put(i, h.items[parent])
		i, moved = parent, true
	}
	h.put(i, item)
	return moved
}

func (h *timers) down(i int) {
	item := h.items[i]
	for {
		first := arity*i + 1
		if first >= len(h.items) {
			break
		}
		child := first
		for c := first + 1; c < min(first+arity, len(h.items)); c++ {
			if h.items[c].before(&h.items[child]) {
				child = c
			}
		}
		if !h.items[child].before(&item) {
			break
		}
		h.put(i, h.items[child])
		i = child
	}
	h.put(i, item)
}

func (h *timers) put(i int, item timerItem) {
	h.items[i] = item
	*item.pos() = int32(i + 1)
}
