package acd

// elsewhere takes how many calls an agent has that are no work of the engine's.
// They are not kept over a restart: whoever told of them tells again.
func (e *Engine) elsewhere(ev Elsewhere) string {
	a := e.agent(ev.Agent)
	n := int16(min(max(ev.N, 0), mostHeld))
	switch {
	case a == nil:
		return RefusedUnknownAgent
	case a.elsewhere == n:
		return RefusedUnchanged
	}
	a.elsewhere = n
	e.dirtyAgent(a)
	e.refresh(a)
	for w := e.unfit(a); w != nil; w = e.unfit(a) {
		e.endOffer(w, Revoked)
		e.returnToQueue(w, CauseElsewhere, w.front)
	}
	return RefusedNone
}

// unfit is an offer to the agent for which its calls elsewhere leave no place.
func (e *Engine) unfit(a *agent) *work {
	if a.elsewhere == 0 || a.offered == 0 {
		return nil
	}
	for w := a.held; w != nil; w = w.next {
		if w.state == offered && (e.blend[calls]>>w.ch&1 != 0 || w.ch == calls && a.taken(calls) > int32(a.capacity[calls])) {
			return w
		}
	}
	return nil
}
