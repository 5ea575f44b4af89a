package acd

// rechannel makes work one of another channel where it stands: a chat that is
// spoken takes the place of a call while it is, with its agent and in a queue.
func (e *Engine) rechannel(ev Rechannel) string {
	w, ch := e.works.get(ev.Work), channelIndex(ev.Channel)
	switch {
	case w == nil:
		return RefusedUnknownWork
	case ch < 0:
		return RefusedChannel
	case w.ch == ch:
		return RefusedUnchanged
	}
	switch w.state {
	case queued:
		e.leaveLine(w)
		w.ch = ch
		w.q.used[ch] = true
		e.stay(w)
		return RefusedNone
	case offered:
		e.endOffer(w, Revoked)
		w.ch = ch
		e.returnToQueue(w, CauseChannel, w.front)
		return RefusedNone
	}
	a := w.agent
	if !ev.Back {
		switch {
		case a.capacity[ch] <= 0:
			return RefusedAgentCannot
		case a.taken(ch) >= int32(a.capacity[ch]):
			return RefusedNoRoom
		}
	}
	a.used[w.ch]--
	a.used[ch]++
	w.ch = ch
	e.dirtyAgent(a)
	e.refresh(a)
	return RefusedNone
}

// promise keeps rules from ending work whose person does not wait itself.
func (e *Engine) promise(ev Promise) string {
	w := e.works.get(ev.Work)
	switch {
	case w == nil:
		return RefusedUnknownWork
	case w.promised:
		return RefusedUnchanged
	}
	w.promised = true
	return RefusedNone
}
