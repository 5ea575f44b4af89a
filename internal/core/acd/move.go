package acd

import "cmp"

// move sends work elsewhere. It is checked as a whole before anything changes.
func (e *Engine) move(ev Move) string {
	w := e.works.get(ev.Work)
	if w == nil {
		return RefusedUnknownWork
	}
	if ev.Take {
		return e.takeOver(w, ev.ToAgent)
	}
	to, why := e.destination(w, ev)
	if why != RefusedNone {
		return why
	}
	from, cause := w.agent, CauseMoved
	if ev.From != "" {
		cause = CauseTransfer
	}
	if to.agent == nil && to.queue != w.q {
		to.queue, _ = e.admit(to.queue, w.ch) // a move never ends work
	}
	served := w.state == active
	switch w.state {
	case queued:
		e.leaveLine(w)
	case offered:
		e.endOffer(w, Revoked)
	default:
		e.letGo(w)
	}
	if served || to.queue != w.q {
		w.queued, w.entered = e.now, e.now // a new place, unless Front
		if !served && !ev.Queued.IsZero() {
			w.queued, w.entered = e.past(ev.Queued), e.past(cmp.Or(ev.Entered, ev.Queued))
		}
	}
	front := ev.Front || w.front && !served && to.queue == w.q
	left := w.q
	if !ev.KeepRefused {
		w.refused = w.refused[:0]
	}
	if served && to.agent == nil && w.q == to.queue {
		e.refuse(w, from) // a transfer does not come straight back
	}
	w.q, w.only, w.preferred = to.queue, to.agent, ""
	if to.agent != nil {
		w.preferred = to.agent.id
	}
	if ev.Reprioritise {
		w.priority = ev.Priority
	}
	w.waited = true
	e.returnToQueue(w, cause, front)
	e.forgetQueue(left)
	return RefusedNone
}

type destination struct {
	queue *queue
	agent *agent
}

// destination checks a move. A queue alone opens the work to that queue's
// agents; an agent makes it wait for that agent only.
func (e *Engine) destination(w *work, ev Move) (destination, string) {
	none := destination{}
	switch {
	case w.state == wrapping:
		return none, RefusedNotActive
	case ev.From != "" && w.state != active:
		return none, RefusedNotActive
	case ev.From != "" && w.agent.id != ev.From:
		return none, RefusedNotYours
	case ev.ToQueue == "" && ev.ToAgent == "" && !ev.Reprioritise && !ev.Front:
		return none, RefusedNoDestination
	}
	to := destination{queue: e.queue(w.q.id), agent: w.only}
	if ev.ToQueue != "" {
		to = destination{queue: e.queue(ev.ToQueue)}
	}
	if to.queue == nil {
		return none, RefusedUnknownQueue
	}
	if ev.ToAgent != "" {
		to.agent = e.agent(ev.ToAgent)
		switch {
		case to.agent == nil:
			return none, RefusedUnknownAgent
		case to.agent.capacity[w.ch] <= 0:
			return none, RefusedAgentCannot
		case to.agent == w.agent && w.state == active:
			return none, RefusedUnchanged
		}
	}
	return to, RefusedNone
}

// takeOver gives work that waits, is offered or is active to the agent who asks
// for it, at once.
func (e *Engine) takeOver(w *work, id string) string {
	a := e.agent(id)
	switch {
	case a == nil:
		return RefusedUnknownAgent
	case w.state == wrapping:
		return RefusedNotActive
	case w.agent == a && w.state == active:
		return RefusedUnchanged
	case a.capacity[w.ch] <= 0:
		return RefusedAgentCannot
	case w.agent != a && !e.takes(a, w.ch):
		return RefusedNoRoom
	}
	first := true
	switch w.state {
	case queued:
		e.leaveLine(w)
	case offered:
		e.endOffer(w, Revoked)
	default:
		first = false
		e.letGo(w)
	}
	e.hold(w, a, active)
	w.only, w.front, w.preferred = nil, false, ""
	w.refused = w.refused[:0]
	if first {
		w.answered = e.now
		w.q.answered(w, e.now)
	}
	a.missed, a.idleSince = 0, e.now
	e.dirtyAgent(a)
	if a.browsers == 0 {
		e.watch(a)
	}
	e.changed(w, CauseMoved)
	return RefusedNone
}

// takes says whether the agent has a place for work of the channel, ready or not.
func (e *Engine) takes(a *agent, ch int8) bool {
	for held := range int8(channels) {
		if a.taken(held) > 0 && e.blend[held]>>ch&1 != 0 {
			return false
		}
	}
	return a.taken(ch) < int32(a.capacity[ch])
}
