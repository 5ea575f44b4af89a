package acd

import "slices"

// dirtyWork marks a waiting work that may find an agent now.
func (e *Engine) dirtyWork(w *work) {
	if !w.dirty {
		w.dirty = true
		e.dirtyW = append(e.dirtyW, w)
	}
}

// settle restores the engine's one rule after a change: while some waiting work
// can be taken by an agent with room, the first such work in order goes to the
// best such agent.
//
// Before the change nobody with room could take anything that waited, so a pair
// can only come from work or agents that the change marked.
//
// What could not be matched may then overflow, each in its order, which may let
// it match elsewhere.
func (e *Engine) settle() {
	e.match()
	for len(e.checks) > 0 {
		due := e.checks
		e.checks = nil
		due = slices.DeleteFunc(due, func(w *work) bool {
			w.check = false
			if w.state == closed && !w.dirty {
				e.free = append(e.free, w)
			}
			return w.state != queued
		})
		sortWorks(due)
		for _, w := range due {
			if w.state != queued {
				continue // matched meanwhile
			}
			if r := e.rule(w); r != nil {
				e.overflow(w, r)
				e.match()
			}
		}
	}
}

func (e *Engine) match() {
	switch {
	case len(e.dirtyW) == 0 && len(e.dirtyA) == 0:
		return
	case len(e.dirtyW) == 0 && len(e.dirtyA) == 1:
		e.settleAgent(e.dirtyA[0])
	default:
		e.settleAll()
	}
	for i, a := range e.dirtyA {
		a.dirty = false
		e.dirtyA[i] = nil
	}
	e.dirtyA = e.dirtyA[:0]
}

// settleAgent is the common case: one agent became free.
func (e *Engine) settleAgent(a *agent) {
	for a.room != 0 {
		w := e.bestWork(a)
		if w == nil {
			break
		}
		e.offerTo(w, a)
	}
	a.place()
}

// settleAll is the general case: several works, several agents. Room only
// shrinks while it runs, so work without an agent and agents without work are
// done with at once.
func (e *Engine) settleAll() {
	for _, a := range e.dirtyA {
		a.place()
		e.look(a)
	}
	works := slices.DeleteFunc(e.dirtyW, e.sweep)
	e.dirtyW = works
	sortWorks(works)
	for {
		w := e.firstSought()
		for len(works) > 0 && (w == nil || works[0].before(w)) {
			next := works[0]
			if next.state == queued && e.bestAgent(next) != nil {
				w = next
				break
			}
			works = works[1:]
		}
		if w == nil {
			break
		}
		to := e.bestAgent(w)
		e.offerTo(w, to)
		to.place()
	}
	for _, w := range e.dirtyW {
		w.dirty = false
		w.waited = w.waited || w.state == queued
	}
	clear(e.dirtyW)
	e.dirtyW = e.dirtyW[:0]
}

// seeker is a marked agent with room and the best that it could get.
type seeker struct {
	a    *agent
	best *work
}

// look puts a marked agent among the seekers, a heap by their best.
func (e *Engine) look(a *agent) {
	best := e.bestWork(a)
	if best == nil {
		return
	}
	e.seeking = append(e.seeking, seeker{a, best})
	for i := len(e.seeking) - 1; i > 0; {
		parent := (i - 1) / 2
		if !best.before(e.seeking[parent].best) {
			break
		}
		e.seeking[i], e.seeking[parent] = e.seeking[parent], e.seeking[i]
		i = parent
	}
}

// firstSought is the first work in order that a seeker could get. What an agent
// could get only moves back in order while others are served, so it is looked at
// again when its turn comes.
func (e *Engine) firstSought() *work {
	for len(e.seeking) > 0 {
		top := e.seeking[0]
		if top.best.state == queued && top.a.room&(1<<top.best.ch) != 0 {
			return top.best
		}
		last := len(e.seeking) - 1
		e.seeking[0], e.seeking[last] = e.seeking[last], seeker{}
		e.seeking = e.seeking[:last]
		e.sinkSeeking()
		e.look(top.a)
	}
	return nil
}

func (e *Engine) sinkSeeking() {
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(e.seeking) {
			return
		}
		if child+1 < len(e.seeking) && e.seeking[child+1].best.before(e.seeking[child].best) {
			child++
		}
		if !e.seeking[child].best.before(e.seeking[i].best) {
			return
		}
		e.seeking[i], e.seeking[child] = e.seeking[child], e.seeking[i]
		i = child
	}
}

// sweep unmarks work that no longer waits; the memory of closed work is free now.
func (e *Engine) sweep(w *work) bool {
	if w.state == queued {
		return false
	}
	w.dirty = false
	if w.state == closed && !w.check {
		e.free = append(e.free, w)
	}
	return true
}

// bestAgent is who should get w now: its preferred agent if able, else the best
// of its class; nil if nobody has room.
func (e *Engine) bestAgent(w *work) *agent {
	c := w.cls
	if w.preferred != "" && c.only == nil {
		if p := e.agent(w.preferred); p != nil && p.room&(1<<c.ch) != 0 && p.slotOf(c) >= 0 && !e.excluded(w, p) {
			return p
		}
	}
	if len(c.idle) == 0 {
		return nil
	}
	if len(w.refused) == 0 {
		return c.idle[0].a
	}
	best := -1
	e.searchIdle(w, 0, &best)
	if best < 0 {
		return nil
	}
	return c.idle[best].a
}

// searchIdle looks below entry i of the heap, past those who refused w only.
func (e *Engine) searchIdle(w *work, i int, best *int) {
	idle := w.cls.idle
	if i >= len(idle) || *best >= 0 && !idle[i].before(&idle[*best]) {
		return
	}
	if !e.excluded(w, idle[i].a) {
		*best = i
		return
	}
	e.searchIdle(w, 2*i+1, best)
	e.searchIdle(w, 2*i+2, best)
}

// bestWork is what an agent with room should get: the first in order over all
// its classes; nil if there is none.
func (e *Engine) bestWork(a *agent) *work {
	if a.room == 0 {
		return nil
	}
	first, at, twice := int64(none), uint32(0), false
	for _, t := range a.tops {
		due := e.tops[t>>channelBits]
		if due <= first && due != none && a.room>>(t&(channels-1))&1 != 0 {
			first, at, twice = due, t>>channelBits, due == first
		}
	}
	if first == none {
		return nil
	}
	if w := e.firsts[at]; !twice && len(w.refused) == 0 {
		return w
	}
	return e.bestOfAll(a)
}

// bestOfAll is bestWork for when due times alone do not tell: it passes over
// what is kept from the agent and compares what falls due at the same time.
func (e *Engine) bestOfAll(a *agent) *work {
	var best *work
	for i := range a.slots {
		c := a.slots[i].cls
		if a.room&(1<<c.ch) == 0 {
			continue
		}
		c.line.each(func(w *work) bool {
			if best != nil && best.before(w) {
				return false
			}
			if e.excluded(w, a) {
				return true
			}
			best = w
			return false
		})
	}
	return best
}

// refuse remembers that a declined or missed w.
func (e *Engine) refuse(w *work, a *agent) {
	until := e.now + e.backOff
	for i := range w.refused {
		if w.refused[i].a == a {
			w.refused[i].until = until
			return
		}
	}
	w.refused = append(w.refused, refusal{a, until})
}

// excluded says whether w is kept from a: a refused it, and either the back-off
// lasts or somebody else at work can take it (now or when there is room).
func (e *Engine) excluded(w *work, a *agent) bool {
	for _, r := range w.refused {
		if r.a == a {
			return r.until > e.now || e.others(w)
		}
	}
	return false
}

// others says whether an agent who did not refuse w is at work in its class.
func (e *Engine) others(w *work) bool {
	n := w.cls.serving
	for _, r := range w.refused {
		if r.a.serves&(1<<w.ch) != 0 && r.a.slotOf(w.cls) >= 0 {
			n--
		}
	}
	return n > 0
}

// arm sets the timer of a waiting work to the next time at which more may be
// possible: the end of a back-off or of an affinity, a step, an overflow.
func (e *Engine) arm(w *work) {
	next := int64(0)
	consider := func(at int64) {
		if at > e.now && (next == 0 || at < next) {
			next = at
		}
	}
	for _, r := range w.refused {
		consider(r.until)
	}
	cfg := &w.q.cfg
	if w.only == nil {
		for i := range cfg.Steps {
			consider(w.entered + cfg.Steps[i].After.Microseconds())
		}
		if w.kept {
			consider(w.entered + cfg.Affinity.Microseconds())
		}
	}
	for i := range cfg.Overflow {
		if r := &cfg.Overflow[i]; r.When == OnWait || r.When == OnNobody {
			consider(w.entered + r.After.Microseconds())
		}
	}
	if next == 0 {
		e.timers.stopWork(w)
		return
	}
	e.timers.setWork(w, next)
}

// fire runs one due timer.
func (e *Engine) fire(o owner) {
	o.timer().at = 0
	switch w := o.w; {
	case w == nil:
		e.lose(o.a, CauseLost)
	case w.state == offered:
		e.expire(w)
	case w.state == wrapping:
		e.end(w, Completed, CauseWrapUpEnded)
	default:
		e.leaveLine(w)
		e.stay(w)
	}
}
