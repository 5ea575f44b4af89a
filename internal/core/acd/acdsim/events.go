package acdsim

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
)

func (n *Naive) apply(ev acd.Event) string {
	switch ev := ev.(type) {
	case acd.SetQueue:
		return n.setQueue(ev.Queue)
	case acd.RemoveQueue:
		return n.removeQueue(ev.ID)
	case acd.SetAgent:
		return n.setAgent(ev.Agent)
	case acd.RemoveAgent:
		return n.removeAgent(ev.ID)
	case acd.SetPresence:
		return n.setPresence(ev)
	case acd.Connected:
		return n.connected(ev)
	case acd.Enqueue:
		return n.enqueue(ev.Work)
	case acd.Accept:
		return n.answer(ev.Offer, ev.Agent, n.accept)
	case acd.Decline:
		return n.answer(ev.Offer, ev.Agent, func(w *work) {
			n.endOffer(w, acd.Declined)
			n.refuse(w, ev.Agent)
			n.requeue(w, acd.CauseDeclined, w.front)
		})
	case acd.CustomerLeft:
		return n.customerLeft(ev.Work)
	case acd.Finish:
		return n.handle(ev.Work, ev.Agent, acd.Active, func(w *work) string { n.wrapUp(w, acd.CauseFinished); return "" })
	case acd.Complete:
		return n.handle(ev.Work, ev.Agent, acd.Wrapping, func(w *work) string {
			n.end(w, acd.Completed, acd.CauseCompleted)
			return ""
		})
	case acd.Extend:
		return n.handle(ev.Work, ev.Agent, acd.Wrapping, n.extend)
	case acd.Move:
		return n.move(ev)
	case acd.Close:
		w := n.works[ev.Work]
		if w == nil {
			return acd.RefusedUnknownWork
		}
		n.end(w, cmp.Or(ev.Reason, acd.Completed), acd.CauseClosed)
	case acd.SetBlend:
		n.setBlend(ev.Blend)
	}
	return ""
}

// setBlend touches the agents whose room changed.
func (n *Naive) setBlend(b acd.Blend) {
	rooms := func(a *agent) (r [4]bool) {
		for i, ch := range []acd.Channel{acd.Voice, acd.Chat, acd.Email, acd.Social} {
			r[i] = n.room(a, ch)
		}
		return r
	}
	before := map[string][4]bool{}
	for id, a := range n.agents {
		before[id] = rooms(a)
	}
	n.blend = b
	for id, a := range n.agents {
		if rooms(a) != before[id] {
			n.touch(id)
		}
	}
}

func (n *Naive) setQueue(q acd.Queue) string {
	agents := map[string]bool{}
	for _, of := range []acd.Queue{n.queues[q.ID], q} {
		maps.Copy(agents, of.Members)
		for _, s := range of.Steps {
			maps.Copy(agents, s.Members)
		}
	}
	n.queues[q.ID] = q
	for _, id := range slices.Sorted(maps.Keys(agents)) {
		n.recheck(id)
	}
	return ""
}

// recheck revokes the agent's offers that the set-up no longer allows.
func (n *Naive) recheck(id string) {
	a := n.agents[id]
	if a == nil {
		return
	}
	for _, w := range n.held(id) {
		if w.state == acd.Offered && (!n.allowed(a, w) || n.used(id, w.Channel) > a.cfg.Capacity[w.Channel]) {
			n.endOffer(w, acd.Revoked)
			n.requeue(w, acd.CauseSetup, w.front)
		}
	}
}

func (n *Naive) removeQueue(id string) string {
	if _, ok := n.queues[id]; !ok {
		return acd.RefusedUnknownQueue
	}
	for _, wid := range slices.Sorted(maps.Keys(n.works)) {
		if w := n.works[wid]; w.Queue == id && (w.state == acd.Queued || w.state == acd.Offered) {
			n.end(w, acd.Failed, acd.CauseQueueRemoved)
		}
	}
	delete(n.queues, id)
	return ""
}

func (n *Naive) setAgent(cfg acd.Agent) string {
	a := n.agents[cfg.ID]
	if a == nil {
		a = &agent{presence: acd.Offline, since: n.now, idle: n.now}
		n.agents[cfg.ID] = a
	}
	a.cfg = cfg
	n.touch(cfg.ID)
	n.recheck(cfg.ID)
	return ""
}

func (n *Naive) removeAgent(id string) string {
	a := n.agents[id]
	if a == nil {
		return acd.RefusedUnknownAgent
	}
	n.lose(a, acd.CauseAgentRemoved)
	a.browsers, a.noLongerThere = 0, true
	n.touch(id)
	delete(n.agents, id)
	for _, w := range n.works {
		delete(w.refused, id)
	}
	return ""
}

func (n *Naive) setPresence(ev acd.SetPresence) string {
	a := n.agents[ev.Agent]
	switch {
	case a == nil:
		return acd.RefusedUnknownAgent
	case ev.Presence != acd.Ready && ev.Presence != acd.NotReady && ev.Presence != acd.Offline:
		return acd.RefusedPresence
	case a.presence == ev.Presence && a.reason == ev.Reason:
		return acd.RefusedUnchanged
	}
	if ev.Presence == acd.Ready && a.presence != acd.Ready {
		a.idle = n.now
	}
	a.missed = 0
	n.present(a, ev.Presence, ev.Reason, "chosen")
	if ev.Presence != acd.Ready {
		n.revokeAll(a, acd.CauseUnready)
	}
	n.watch(a)
	return ""
}

func (n *Naive) connected(ev acd.Connected) string {
	a := n.agents[ev.Agent]
	browsers := max(ev.N, 0)
	switch {
	case a == nil:
		return acd.RefusedUnknownAgent
	case a.browsers == browsers:
		return acd.RefusedUnchanged
	}
	if a.browsers == 0 || browsers == 0 {
		n.touch(ev.Agent)
	}
	a.browsers = browsers
	n.watch(a)
	return ""
}

func (n *Naive) enqueue(in acd.Work) string {
	switch {
	case in.ID == "":
		return acd.RefusedMissingID
	case n.works[in.ID] != nil:
		return acd.RefusedKnownWork
	}
	if _, ok := n.queues[in.Queue]; !ok {
		return acd.RefusedUnknownQueue
	}
	if !slices.Contains([]acd.Channel{acd.Voice, acd.Chat, acd.Email, acd.Social}, in.Channel) {
		return acd.RefusedChannel
	}
	if in.Queued.IsZero() || in.Queued.After(n.now) {
		in.Queued = n.now
	}
	if in.Arrived.IsZero() {
		in.Arrived = in.Queued
	} else if in.Arrived.After(n.now) {
		in.Arrived = n.now
	}
	if n.agents[in.Preferred] == nil {
		in.Only = false
	}
	if in.Entered.IsZero() {
		in.Entered = in.Queued
	} else if in.Entered.After(n.now) {
		in.Entered = n.now
	}
	cause := acd.CauseQueued
	if !in.Only {
		to, ends := n.admit(in.Queue, in.Channel)
		if ends {
			n.emit(&acd.WorkChanged{Work: in.ID, State: acd.Closed, Queue: to, Reason: acd.Overflowed, Cause: acd.CauseOverflow})
			return ""
		}
		if to != in.Queue {
			in.Queue, cause = to, acd.CauseOverflow
		}
	}
	w := &work{Work: in, state: acd.Queued, kept: true}
	n.works[in.ID] = w
	n.changed(w, cause)
	return ""
}

func (n *Naive) answer(offer, agent string, do func(*work)) string {
	for _, w := range n.works {
		if w.state == acd.Offered && w.offer == offer && w.agent == agent {
			do(w)
			return ""
		}
	}
	return acd.RefusedOfferEnded
}

func (n *Naive) accept(w *work) {
	n.endOffer(w, acd.Accepted)
	a := n.agents[w.agent]
	w.state, w.answered, w.Only, w.front, w.refused = acd.Active, n.now, false, false, nil
	a.missed, a.idle = 0, n.now
	n.touch(w.agent)
	n.changed(w, acd.CauseAccepted)
}

func (n *Naive) customerLeft(id string) string {
	w := n.works[id]
	switch {
	case w == nil:
		return acd.RefusedUnknownWork
	case w.state == acd.Wrapping:
		return acd.RefusedNotActive
	case w.state == acd.Active:
		n.wrapUp(w, acd.CauseCustomerLeft)
	default:
		n.end(w, acd.Abandoned, acd.CauseCustomerLeft)
	}
	return ""
}

func (n *Naive) wrapUp(w *work, cause string) {
	q := n.queues[w.Queue]
	if q.WrapUp <= 0 && !q.WrapUpOpen {
		n.end(w, acd.Completed, cause)
		return
	}
	w.state, w.wrapUntil = acd.Wrapping, time.Time{}
	if !q.WrapUpOpen {
		w.wrapUntil = n.now.Add(q.WrapUp)
	}
	n.touch(w.agent)
	n.changed(w, cause)
}

func (n *Naive) handle(id, agent string, in acd.State, do func(*work) string) string {
	w := n.works[id]
	switch {
	case w == nil:
		return acd.RefusedUnknownWork
	case w.state != acd.Active && w.state != acd.Wrapping:
		return acd.RefusedNotActive
	case w.agent != agent:
		return acd.RefusedNotYours
	case w.state != in && in == acd.Active:
		return acd.RefusedNotActive
	case w.state != in:
		return acd.RefusedNotWrapping
	}
	return do(w)
}

func (n *Naive) extend(w *work) string {
	length := n.queues[w.Queue].WrapUp
	switch {
	case w.wrapUntil.IsZero() || length <= 0:
		return acd.RefusedOpenWrapUp
	case w.extended:
		return acd.RefusedExtended
	}
	w.extended = true
	w.wrapUntil = w.wrapUntil.Add(length)
	n.changed(w, acd.CauseExtended)
	return ""
}

func (n *Naive) move(ev acd.Move) string {
	w := n.works[ev.Work]
	switch {
	case w == nil:
		return acd.RefusedUnknownWork
	case ev.Take:
		return n.takeOver(w, ev.ToAgent)
	case w.state == acd.Wrapping || ev.From != "" && w.state != acd.Active:
		return acd.RefusedNotActive
	case ev.From != "" && w.agent != ev.From:
		return acd.RefusedNotYours
	case ev.ToQueue == "" && ev.ToAgent == "" && !ev.Reprioritise && !ev.Front:
		return acd.RefusedNoDestination
	}
	to := cmp.Or(ev.ToQueue, w.Queue)
	if _, ok := n.queues[to]; !ok {
		return acd.RefusedUnknownQueue
	}
	only := ev.ToAgent
	if only == "" && ev.ToQueue == "" && w.Only {
		only = w.Preferred
	}
	if ev.ToAgent != "" {
		a := n.agents[ev.ToAgent]
		switch {
		case a == nil:
			return acd.RefusedUnknownAgent
		case a.cfg.Capacity[w.Channel] <= 0:
			return acd.RefusedAgentCannot
		case w.state == acd.Active && w.agent == ev.ToAgent:
			return acd.RefusedUnchanged
		}
	}
	if to != w.Queue && only == "" {
		to, _ = n.admit(to, w.Channel)
	}
	n.moveTo(w, ev, to, only)
	return ""
}

func (n *Naive) takeOver(w *work, to string) string {
	a := n.agents[to]
	switch {
	case a == nil:
		return acd.RefusedUnknownAgent
	case w.state == acd.Wrapping:
		return acd.RefusedNotActive
	case w.state == acd.Active && w.agent == to:
		return acd.RefusedUnchanged
	case a.cfg.Capacity[w.Channel] <= 0:
		return acd.RefusedAgentCannot
	}
	if w.agent != to {
		for _, h := range n.held(to) {
			if n.blend[h.Channel][w.Channel] {
				return acd.RefusedNoRoom
			}
		}
		if n.used(to, w.Channel) >= a.cfg.Capacity[w.Channel] {
			return acd.RefusedNoRoom
		}
	}
	switch w.state {
	case acd.Offered:
		n.endOffer(w, acd.Revoked)
	case acd.Active:
		n.letGo(w)
	}
	if w.state != acd.Active {
		w.answered = n.now
	}
	w.state, w.agent, w.Only, w.Preferred, w.front, w.refused = acd.Active, to, false, "", false, nil
	a.missed, a.idle = 0, n.now
	n.touch(to)
	n.watch(a)
	n.changed(w, acd.CauseMoved)
	return ""
}

func (n *Naive) moveTo(w *work, ev acd.Move, to, only string) {
	active, from, same := w.state == acd.Active, w.agent, w.Queue == to
	switch w.state {
	case acd.Offered:
		n.endOffer(w, acd.Revoked)
	case acd.Active:
		n.letGo(w)
	}
	if active || !same {
		w.Queued, w.Entered = n.now, n.now
		if !active && !ev.Queued.IsZero() {
			w.Queued, w.Entered = n.past(ev.Queued), n.past(ev.Entered)
		}
	}
	w.refused = nil
	if active && only == "" && same {
		n.refuse(w, from)
	}
	front := ev.Front || w.front && !active && same
	w.Queue, w.Only, w.Preferred = to, only != "", only
	if ev.Reprioritise {
		w.Priority = ev.Priority
	}
	cause := acd.CauseMoved
	if ev.From != "" {
		cause = acd.CauseTransfer
	}
	n.requeue(w, cause, front)
}

// past is a time, not later than now.
func (n *Naive) past(t time.Time) time.Time {
	if t.After(n.now) {
		return n.now
	}
	return t
}

// Restart is Engine.Restore of what this engine knows, after some time down.
func (n *Naive) Restart(now time.Time) []acd.Command {
	n.begin(now)
	for _, a := range n.agents {
		a.browsers, a.graceEnds, a.cause = 0, time.Time{}, ""
	}
	for _, id := range slices.Sorted(maps.Keys(n.works)) {
		if w := n.works[id]; w.agent != "" && w.state != acd.Offered {
			n.touch(w.agent)
		}
	}
	for _, w := range n.works { // however the clock was set, a wrap-up lasts no longer than one extended now
		most := 2 * n.queues[w.Queue].WrapUp
		if end := n.now.Add(most); w.state == acd.Wrapping && most > 0 && w.wrapUntil.After(end) {
			w.wrapUntil = end
		}
	}
	for _, id := range slices.Sorted(maps.Keys(n.works)) {
		w := n.works[id]
		if w.state != acd.Offered {
			continue
		}
		if w.deadline.After(n.now) {
			n.touch(w.agent)
			continue
		}
		n.emit(&acd.OfferEnded{Offer: w.offer, Work: w.ID, Agent: w.agent, Outcome: acd.Revoked})
		w.offer, w.agent = "", ""
		n.requeue(w, acd.CauseRestart, true)
	}
	for _, a := range n.agents {
		n.watch(a)
	}
	n.settle()
	return n.report()
}

// Snapshot is Engine.Snapshot.
func (n *Naive) Snapshot() acd.Restored {
	r := acd.Restored{Blend: n.blend}
	for _, id := range slices.Sorted(maps.Keys(n.queues)) {
		r.Queues = append(r.Queues, n.queues[id])
	}
	for _, id := range slices.Sorted(maps.Keys(n.agents)) {
		a := n.agents[id]
		r.Agents = append(r.Agents, acd.RestoredAgent{
			Agent: a.cfg, Presence: a.presence, Reason: a.reason, Since: a.since, IdleSince: a.idle, LastOffer: a.lastOffer, Missed: a.missed,
		})
	}
	for _, id := range slices.Sorted(maps.Keys(n.works)) {
		w := n.works[id]
		rw := acd.RestoredWork{
			Work: w.Work, State: w.state, Agent: w.agent, Front: w.front, Extended: w.extended,
			AnsweredAt: w.answered,
		}
		switch w.state {
		case acd.Offered:
			rw.Offer, rw.OfferedAt, rw.Deadline = w.offer, w.offeredAt, w.deadline
		case acd.Wrapping:
			rw.WrapUntil = w.wrapUntil
		}
		for _, aid := range slices.Sorted(maps.Keys(w.refused)) {
			rw.Refused = append(rw.Refused, acd.RestoredRefusal{Agent: aid, Until: w.refused[aid]})
		}
		r.Works = append(r.Works, rw)
	}
	return r
}
