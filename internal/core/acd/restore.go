package acd

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Restored is what an engine starts from after a crash, or is handed from
// another node: all of its state but the averages behind the estimates.
type Restored struct {
	Queues []Queue
	Agents []RestoredAgent
	Works  []RestoredWork // open work only
	Blend  Blend
}

// RestoredAgent is an agent with what AgentChanged last said.
type RestoredAgent struct {
	Agent            Agent
	Presence         Presence
	Reason           string
	Since, IdleSince time.Time
	LastOffer        time.Time
	Missed           int
}

// RestoredWork is open work with what WorkChanged and OfferMade last said.
// Work.Queued is its first arrival in the queue, which keeps its place.
type RestoredWork struct {
	Work                            Work
	State                           State // Queued, Offered, Active or Wrapping
	Agent                           string
	Front, Extended                 bool
	Offer                           string // while offered
	OfferedAt, Deadline, AnsweredAt time.Time
	WrapUntil                       time.Time // zero: open
	// Refused are the agents who declined or missed it since it last was queued,
	// with the end of the back-off: the offer's end plus Options.BackOff.
	Refused []RestoredRefusal
}

// RestoredRefusal keeps work from an agent who declined or missed it.
type RestoredRefusal struct {
	Agent string
	Until time.Time
}

// Restore gives a new engine its state and returns what had to change.
//
// Nobody has a browser yet: every agent who is not offline, or holds work, has
// the grace to come back. Active and wrapping work stays with its agent. An
// offer that is still valid stays pending; other offered work goes to the front
// of its queue (cause "restart"). Wrap-up that ended meanwhile closes in the next
// Step; NextWake is due at once then. Where the clock was set back meanwhile,
// nothing began later than now, and nothing lasts longer than if it began now.
func (e *Engine) Restore(r Restored, now time.Time) []Command {
	e.begin(now)
	e.setBlend(r.Blend)
	for _, q := range r.Queues {
		e.setQueue(q)
	}
	for _, ra := range r.Agents {
		if e.setAgent(ra.Agent) != RefusedNone {
			continue
		}
		a := e.agents.get(ra.Agent.ID)
		a.stance = e.stance(stance{cmp.Or(ra.Presence, Offline), ra.Reason, ""})
		a.missed = int16(min(max(ra.Missed, 0), mostHeld))
		a.since, a.idleSince, a.lastOffer = e.past(ra.Since), e.past(ra.IdleSince), e.past(ra.LastOffer)
	}
	for _, a := range e.touched { // as they were: nothing to report
		a.touched = false
		a.countReady()
	}
	e.touched = e.touched[:0]
	works := slices.Clone(r.Works)
	slices.SortFunc(works, func(a, b RestoredWork) int { return strings.Compare(a.Work.ID, b.Work.ID) })
	for _, rw := range works {
		if rw.State != Offered {
			e.restoreWork(rw)
		}
	}
	for _, rw := range works { // after all that takes room for certain
		if rw.State == Offered {
			e.restoreWork(rw)
		}
	}
	for _, a := range e.agents.sorted() {
		if a.known {
			e.watch(a)
		}
	}
	e.settle()
	return e.commands()
}

// past is a stored time, not later than now.
func (e *Engine) past(t time.Time) int64 { return min(toMicros(t), e.now) }

func (e *Engine) restoreWork(rw RestoredWork) {
	in := rw.Work
	ch := channelIndex(in.Channel)
	if in.ID == "" || ch < 0 || e.works.get(in.ID) != nil {
		return
	}
	q := e.queues.get(in.Queue)
	if q == nil { // removed: kept as such while work is in it
		q = &queue{named: named{id: in.Queue}, removed: true, cfg: Queue{ID: in.Queue}}
		e.queues.put(q)
	}
	w := e.newWork()
	w.id, w.ch, w.q, w.priority, w.needs, w.wants, w.preferred = in.ID, ch, q, in.Priority, in.Needs, in.Wants, in.Preferred
	w.promised = in.Promised
	w.arrived, w.queued, w.entered = e.past(in.Arrived), e.past(in.Queued), e.past(in.Entered)
	if w.entered == 0 {
		w.entered = w.queued
	}
	w.front, w.extended, w.waited, w.estimate = rw.Front, rw.Extended, true, -1
	w.answered = e.past(rw.AnsweredAt)
	if in.Only && rw.State != Active && rw.State != Wrapping {
		w.only = e.agent(in.Preferred)
	}
	for _, r := range rw.Refused {
		if a := e.agent(r.Agent); a != nil {
			w.refused = append(w.refused, refusal{a, min(toMicros(r.Until), e.now+e.backOff)})
		}
	}
	e.works.put(w)
	q.used[ch] = true
	a := e.agent(rw.Agent)
	switch {
	case rw.State == Offered:
		e.restoreOffer(w, rw, a)
	case rw.State == Active && a != nil:
		e.hold(w, a, active)
	case rw.State == Active:
		e.returnToQueue(w, CauseAgentRemoved, true)
	case rw.State == Wrapping && a != nil:
		e.hold(w, a, wrapping)
		until := toMicros(rw.WrapUntil)
		if most := q.cfg.WrapUp.Microseconds(); most > 0 {
			until = min(until, e.now+2*most) // it may have been extended
		}
		if until != 0 {
			e.timers.setWork(w, until)
		}
	case rw.State == Wrapping:
		e.closed(w, Completed, CauseAgentRemoved, nil)
	case q.removed:
		e.closed(w, Failed, CauseQueueRemoved, nil)
	default:
		e.enter(w)
	}
}

// restoreOffer leaves a valid offer as it is and takes back any other.
func (e *Engine) restoreOffer(w *work, rw RestoredWork, a *agent) {
	until := toMicros(rw.Deadline)
	if most := until - toMicros(rw.OfferedAt); !rw.OfferedAt.IsZero() && most > 0 {
		until = min(until, e.now+most) // its own length: the queue's may have changed since
	}
	if a != nil && rw.Offer != "" && until > e.now && a.presence == Ready &&
		a.used[w.ch] < int32(a.capacity[w.ch]) && e.eligible(a, w) {
		e.hold(w, a, offered)
		w.offer, w.offered = rw.Offer, toMicros(rw.OfferedAt)
		e.timers.setWork(w, until)
		return
	}
	if rw.Offer != "" {
		*e.offerEnded() = OfferEnded{Offer: rw.Offer, Work: w.id, Agent: rw.Agent, Outcome: Revoked}
	}
	e.returnToQueue(w, CauseRestart, true)
}

// Snapshot is the engine's state, for Restore.
func (e *Engine) Snapshot() Restored {
	r := Restored{Blend: e.blendRule()}
	for _, q := range e.queues.sorted() {
		if !q.removed {
			r.Queues = append(r.Queues, q.cfg.clone())
		}
	}
	for _, a := range e.agents.sorted() {
		if !a.known {
			continue
		}
		ra := RestoredAgent{
			Agent:    Agent{ID: a.id, Skills: maps.Clone(a.skills), Capacity: map[Channel]int{}},
			Presence: a.presence, Reason: a.reason, Missed: int(a.missed),
			Since: fromMicros(a.since), IdleSince: fromMicros(a.idleSince), LastOffer: fromMicros(a.lastOffer),
		}
		for ch, n := range a.capacity {
			if n > 0 {
				ra.Agent.Capacity[channelName(int8(ch))] = int(n)
			}
		}
		r.Agents = append(r.Agents, ra)
	}
	for _, w := range e.works.sorted() {
		info, _ := e.Work(w.id)
		rw := RestoredWork{
			Work: info.Work, State: info.State, Agent: info.Agent, Front: info.Front, Extended: info.Extended,
			Offer: info.Offer, OfferedAt: info.OfferedAt, Deadline: info.Deadline,
			AnsweredAt: info.AnsweredAt, WrapUntil: info.WrapUntil, Refused: e.Refused(w.id),
		}
		r.Works = append(r.Works, rw)
	}
	return r
}
