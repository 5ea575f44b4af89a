package acd

import "slices"

// level is how many of its queue's steps a waiting work has reached.
func (e *Engine) level(w *work) int8 {
	steps := w.q.cfg.Steps
	n := len(steps)
	for n > 0 && w.entered+steps[n-1].After.Microseconds() > e.now {
		n--
	}
	return int8(n)
}

// needs are what the queue asks for after so many steps.
func (q *queue) needs(level int8) []SkillNeed {
	if level == 0 {
		return q.cfg.Needs
	}
	return q.cfg.Steps[level-1].Needs
}

// ease is how many levels come off the work's own needs after so many steps.
func (q *queue) ease(level int8) int {
	if level == 0 {
		return 0
	}
	return max(q.cfg.Steps[level-1].Ease, 0)
}

// serves says whether the agent is a member, or helps after so many steps.
func (q *queue) serves(a *agent, level int8) bool {
	return q.cfg.Members[a.id] || q.helpLevel(a) <= level
}

// helpLevel is the step from which on an agent serves the queue; more than any
// if it never does.
func (q *queue) helpLevel(a *agent) int8 {
	for _, h := range q.helpers {
		if h.a == a {
			return h.level
		}
	}
	return MaxSteps + 1
}

// keeps says whether waiting work is still to be kept for its preferred agent:
// within the queue's Affinity, while that agent is at work, able, and has not
// refused it.
func (e *Engine) keeps(w *work) bool {
	cfg := &w.q.cfg
	if cfg.Affinity <= 0 || w.preferred == "" || w.only != nil || w.entered+cfg.Affinity.Microseconds() <= e.now {
		return false
	}
	a := e.agent(w.preferred)
	if a == nil || a.serves>>w.ch&1 == 0 || !e.eligible(a, w) {
		return false
	}
	return !slices.ContainsFunc(w.refused, func(r refusal) bool { return r.a == a })
}

// checkWork marks waiting work to which an overflow rule may apply.
func (e *Engine) checkWork(w *work) {
	if !w.check && len(w.q.cfg.Overflow) > 0 {
		w.check = true
		e.checks = append(e.checks, w)
	}
}

// checkNobody marks a channel's waiting work when nobody serves it any more.
func (e *Engine) checkNobody(q *queue, ch int) {
	if q.serving[ch] > 0 || len(q.cfg.Overflow) == 0 {
		return
	}
	for _, c := range q.classes {
		if int(c.ch) == ch {
			c.line.each(func(w *work) bool { e.checkWork(w); return true })
		}
	}
}

// targetBack marks the work of queues whose overflow goes to one that is set up
// again.
func (e *Engine) targetBack(to *queue) {
	for q := range e.queues.all() {
		if slices.ContainsFunc(q.cfg.Overflow, func(r Overflow) bool { return r.ToQueue == to.id }) {
			for _, w := range q.inOrder(q.waiting) {
				e.checkWork(w)
			}
		}
	}
}

// rule is the first overflow rule that holds for waiting work now; nil if none.
func (e *Engine) rule(w *work) *Overflow {
	cfg := &w.q.cfg
	for i := range cfg.Overflow {
		r := &cfg.Overflow[i]
		holds := false
		switch r.When {
		case OnWait:
			holds = r.After > 0 && w.entered+r.After.Microseconds() <= e.now
		case OnNobody:
			holds = w.only == nil && w.q.serving[w.ch] == 0 && w.entered+r.After.Microseconds() <= e.now
		case OnClosed:
			holds = w.only == nil && cfg.Closed && cfg.CloseWaiting
		}
		if to := e.queue(r.ToQueue); holds && (r.ToQueue == "" && !w.promised || to != nil && to != w.q) {
			return r
		}
	}
	return nil
}

// admit follows the rules for work that comes to a queue: to the queue where it
// may stay, and whether it ends instead. No queue is visited twice.
func (e *Engine) admit(q *queue, ch int8) (to *queue, ends bool) {
	if len(q.cfg.Overflow) == 0 {
		return q, false
	}
	visited := []*queue{q}
next:
	for i := 0; i < len(q.cfg.Overflow); i++ {
		r := &q.cfg.Overflow[i]
		holds := false
		switch r.When {
		case OnLength:
			holds = r.Length > 0 && q.waiting >= r.Length
		case OnNobody:
			holds = r.After <= 0 && q.serving[ch] == 0
		case OnClosed:
			holds = q.cfg.Closed
		}
		if !holds {
			continue
		}
		if r.ToQueue == "" {
			return q, true
		}
		if to := e.queue(r.ToQueue); to != nil && !slices.Contains(visited, to) {
			q = to
			visited = append(visited, q)
			i = -1
			continue next
		}
	}
	return q, false
}

// overflow carries out a rule. The work keeps the time it has waited.
func (e *Engine) overflow(w *work, r *Overflow) {
	e.leaveLine(w)
	to, ends := w.q, true
	if r.ToQueue != "" {
		to, ends = e.admit(e.queue(r.ToQueue), w.ch)
	}
	if ends && !w.promised {
		w.q = to
		e.closed(w, Overflowed, CauseOverflow, nil)
		return
	}
	w.q, w.entered, w.only, w.waited = to, e.now, nil, true
	w.refused = w.refused[:0]
	e.returnToQueue(w, CauseOverflow, w.front)
	if w.check { // admit has looked already; rules that lead in a circle would never end
		w.check = false
		e.checks = e.checks[:len(e.checks)-1]
	}
}

// blendRule is the blended rule in force, nil if there is none.
func (e *Engine) blendRule() Blend {
	var b Blend
	for h := range e.blend {
		for o := range channels {
			if e.blend[h]>>o&1 == 0 {
				continue
			}
			if b == nil {
				b = Blend{}
			}
			held := channelName(int8(h))
			if b[held] == nil {
				b[held] = map[Channel]bool{}
			}
			b[held][channelName(int8(o))] = true
		}
	}
	return b
}
