package acd

import (
	"math"
	"slices"
	"time"
)

// work is an interaction as the engine holds it, in four cache lines: with
// 100,000 waiting every line is a miss. The first two have what an agent's steps
// read, the others what is read when work comes to a queue.
type work struct {
	named
	q        *queue // its queue; may have been removed while the work is active
	agent    *agent // who holds it or is offered it
	timer    timer  // the offer's deadline, the wrap-up's end, or when more may be possible for waiting work
	estimate int16  // seconds told on arrival; -1 unknown
	ch       int8
	state    stage
	front    bool
	extended bool
	waited   bool // did not find an agent at once
	dirty    bool // in Engine.dirtyW

	next     *work  // the next that its agent holds, by id
	offer    string // while offered
	queued   int64  // since when it waits
	answered int64
	refused  []refusal

	cls       *class // while it waits
	only      *agent // the only agent who may have it; nil for anyone
	preferred string
	entered   int64 // when it came to its queue
	arrived   int64
	offered   int64
	due       int64 // its place in the order, see doc.go

	needs    []SkillNeed
	wants    []SkillNeed
	priority int
	kept     bool // waiting: for its preferred agent
	check    bool // in Engine.checks
	promised bool // no rule ends it
}

// stage is a State, small.
type stage int8

const (
	queued stage = iota
	offered
	active
	wrapping
	closed
)

func (s stage) public() State { return [...]State{Queued, Offered, Active, Wrapping, Closed}[s] }

// refusal keeps a work from an agent who declined or missed it.
type refusal struct {
	a     *agent
	until int64 // when the back-off ends
}

// frontBonus comes off the due time of work at the front, which then goes before
// all that never had an agent.
const frontBonus = int64(1) << 60

// noGoal stands in for the service level of a queue that has none.
const noGoal = time.Minute

// maxPoints bounds a priority, so that no input can overflow the order.
const maxPoints = 10_000

// before is the one order of waiting work: due, queued, id.
func (w *work) before(x *work) bool {
	switch {
	case w.due != x.due:
		return w.due < x.due
	case w.queued != x.queued:
		return w.queued < x.queued
	}
	return w.id < x.id
}

func sortWorks(ws []*work) {
	slices.SortFunc(ws, func(a, b *work) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
}

// setDue works out a work's order. It must not be in line while it changes.
func (e *Engine) setDue(w *work) {
	w.due = toMicros(w.q.cfg.DueAt(channelName(w.ch), fromMicros(w.queued))) - (points(w.q.cfg.Priority)+points(w.priority))*e.ageing
	if w.front {
		w.due -= frontBonus
	}
}

// points is a priority within what counts.
func points(priority int) int64 { return int64(min(max(priority, -maxPoints), maxPoints)) }

func (e *Engine) newWork() *work {
	if n := len(e.free); n > 0 {
		w := e.free[n-1]
		e.free = e.free[:n-1]
		return w
	}
	return &work{}
}

// forget takes a closed work out of the engine; its memory serves again.
func (e *Engine) forget(w *work) {
	e.works.drop(w)
	refused := w.refused[:0]
	dirty, check, entry := w.dirty, w.check, w.timer.entry
	*w = work{refused: refused, dirty: dirty, check: check, state: closed, timer: timer{entry: entry}}
	if !dirty && !check { // else settle still has it in a list
		e.free = append(e.free, w)
	}
}

func (e *Engine) enqueue(in Work) string {
	ch := channelIndex(in.Channel)
	q := e.queue(in.Queue)
	switch {
	case in.ID == "":
		return RefusedMissingID
	case e.works.get(in.ID) != nil:
		return RefusedKnownWork
	case q == nil:
		return RefusedUnknownQueue
	case ch < 0:
		return RefusedChannel
	}
	var only *agent
	if in.Only {
		only = e.agent(in.Preferred)
	}
	cause := CauseQueued
	if only == nil && !in.Back {
		to, ends := e.admit(q, ch)
		if ends && !in.Promised {
			*e.workChanged() = WorkChanged{Work: in.ID, State: Closed, Queue: to.id, Reason: Overflowed, Cause: CauseOverflow}
			return RefusedNone
		}
		if to != q {
			q, cause = to, CauseOverflow
		}
	}
	w := e.newWork()
	w.id, w.ch, w.q, w.priority, w.needs, w.wants, w.preferred, w.only = in.ID, ch, q, in.Priority, in.Needs, in.Wants, in.Preferred, only
	w.promised = in.Promised
	w.queued = min(toMicros(in.Queued), e.now)
	if w.queued == 0 {
		w.queued = e.now
	}
	if w.entered = min(toMicros(in.Entered), e.now); w.entered == 0 {
		w.entered = w.queued
	}
	w.arrived = min(toMicros(in.Arrived), e.now)
	if w.arrived == 0 {
		w.arrived = w.queued
	}
	w.estimate = int16(min(q.estimate(q.waiting+1, e.now), math.MaxInt16))
	e.works.put(w)
	e.enter(w)
	e.changed(w, cause)
	return RefusedNone
}

// changed reports an open work's state.
func (e *Engine) changed(w *work, cause string) {
	c := e.workChanged()
	*c = WorkChanged{Work: w.id, State: w.state.public(), Queue: w.q.id, Cause: cause, Front: w.front, Extended: w.extended}
	if w.agent != nil {
		c.Agent = w.agent.id
	}
	if w.state == wrapping {
		c.WrapUntil = fromMicros(w.timer.at)
	}
}

// enter puts w into its queue's line and marks it as looking for an agent.
func (e *Engine) enter(w *work) {
	w.state, w.kept = queued, true
	w.q.used[w.ch] = true
	e.stay(w)
}

// stay puts waiting work into line as its queue is now. It is kept for its
// preferred agent only as long as it was.
func (e *Engine) stay(w *work) {
	w.kept = w.kept && e.keeps(w)
	e.setDue(w)
	e.stand(w, e.classOf(w))
	e.arm(w)
	e.dirtyWork(w)
	e.checkWork(w)
}

// returnToQueue puts work that its agent did not get or keep back in line.
// Work whose queue was removed meanwhile cannot wait and is closed as failed.
func (e *Engine) returnToQueue(w *work, cause string, front bool) {
	if w.q.removed {
		e.closed(w, Failed, CauseQueueRemoved, nil)
		return
	}
	w.front, w.extended = front, false
	switch cause {
	case CauseLost, CauseAgentRemoved: // never wait for one who is gone
		w.only = nil
	}
	e.enter(w)
	e.changed(w, cause)
}

// offerTo shows a waiting work to an agent with room.
func (e *Engine) offerTo(w *work, a *agent) {
	e.leaveLine(w)
	a.lastOffer = e.now
	e.hold(w, a, offered)
	w.offer = e.opts.NewOfferID()
	w.offered = e.now
	timeout := w.q.cfg.OfferTimeout
	if timeout <= 0 {
		timeout = defaultOffer
	}
	e.timers.setWork(w, e.now+max(timeout.Microseconds(), 1))
	*e.offerMade() = OfferMade{Offer: w.offer, Work: w.id, Agent: a.id, Deadline: fromMicros(w.timer.at)}
	e.changed(w, CauseOffered)
	if w.q.cfg.AutoAccept {
		e.take(w)
	}
}

// hold gives w to a in a state that takes room. Held work is in order of id, so
// that nothing depends on the order of past events.
func (e *Engine) hold(w *work, a *agent, s stage) {
	w.state, w.agent = s, a
	at := &a.held
	for *at != nil && (*at).id < w.id {
		at = &(*at).next
	}
	w.next, *at = *at, w
	a.used[w.ch]++
	a.countHeld(w, 1)
	e.touch(a)
	e.refresh(a)
}

func (a *agent) countHeld(w *work, n int32) {
	switch w.state {
	case offered:
		a.offered += n
		w.q.offered += n
	case active:
		a.active += n
		w.q.active += n
	case wrapping:
		a.wrapping += n
		w.q.wrapping += n
	}
}

// turn changes the state of held work without giving up its room.
func (e *Engine) turn(w *work, s stage) {
	w.agent.countHeld(w, -1)
	w.state = s
	w.agent.countHeld(w, 1)
	e.touch(w.agent)
}

// letGo takes w from its agent, who has room again.
func (e *Engine) letGo(w *work) {
	a := w.agent
	if w.state != offered {
		a.idleSince = e.now
	}
	a.countHeld(w, -1)
	a.used[w.ch]--
	at := &a.held
	for *at != w {
		at = &(*at).next
	}
	*at, w.next, w.agent = w.next, nil, nil
	e.timers.stopWork(w)
	e.dirtyAgent(a)
	e.refresh(a)
	if a.browsers == 0 {
		e.watch(a)
	}
}

// endOffer ends a pending offer other than by acceptance.
func (e *Engine) endOffer(w *work, o OfferOutcome) {
	a := w.agent
	*e.offerEnded() = OfferEnded{Offer: w.offer, Work: w.id, Agent: a.id, Outcome: o}
	e.letGo(w)
	w.offer = ""
}

// pending finds a pending offer of that agent, among the few works it has.
func (e *Engine) pending(offer, agent string) (*work, string) {
	if a := e.agents.get(agent); a != nil && offer != "" {
		for w := a.held; w != nil; w = w.next {
			if w.state == offered && w.offer == offer {
				return w, RefusedNone
			}
		}
	}
	return nil, RefusedOfferEnded
}

func (e *Engine) accept(ev Accept) string {
	w, why := e.pending(ev.Offer, ev.Agent)
	if w == nil {
		return why
	}
	e.take(w)
	return RefusedNone
}

// take gives offered work to its agent.
func (e *Engine) take(w *work) {
	a := w.agent
	e.timers.stopWork(w)
	*e.offerEnded() = OfferEnded{Offer: w.offer, Work: w.id, Agent: a.id, Outcome: Accepted}
	e.turn(w, active)
	w.offer, w.only, w.front = "", nil, false
	w.refused = w.refused[:0]
	w.answered = e.now
	w.q.answered(w, e.now)
	a.missed = 0
	if a.room != 0 { // its place among those with room changes
		a.idleSince = e.now
		e.dirtyAgent(a)
	}
	a.idleSince = e.now
	e.changed(w, CauseAccepted)
}

func (e *Engine) decline(ev Decline) string {
	w, why := e.pending(ev.Offer, ev.Agent)
	if w == nil {
		return why
	}
	a := w.agent
	e.endOffer(w, Declined)
	e.refuse(w, a)
	e.returnToQueue(w, CauseDeclined, w.front)
	return RefusedNone
}

// expire ends an offer that was not answered in time.
func (e *Engine) expire(w *work) {
	a := w.agent
	e.endOffer(w, Expired)
	e.refuse(w, a)
	a.missed = min(a.missed+1, mostHeld)
	limit := max(w.q.cfg.MaxMissed, 1)
	e.returnToQueue(w, CauseExpired, w.front)
	if int(a.missed) >= limit && a.presence == Ready {
		e.present(a, Missed, "", CauseMissed)
		e.revokeAll(a, CauseMissed)
		e.watch(a)
	}
}

// heldBy finds work that goes on or wraps up with that agent. It looks at the
// agent's few first, not among all work.
func (e *Engine) heldBy(id, agent string) (*work, string) {
	if a := e.agents.get(agent); a != nil {
		for w := a.held; w != nil; w = w.next {
			if w.id == id && w.state != offered {
				return w, RefusedNone
			}
		}
	}
	switch w := e.works.get(id); {
	case w == nil:
		return nil, RefusedUnknownWork
	case w.state == queued || w.state == offered:
		return nil, RefusedNotActive
	}
	return nil, RefusedNotYours
}

func (e *Engine) finish(ev Finish) string {
	w, why := e.heldBy(ev.Work, ev.Agent)
	switch {
	case w == nil:
		return why
	case w.state != active:
		return RefusedNotActive
	}
	e.wrapUp(w, CauseFinished)
	return RefusedNone
}

// wrapUp ends the contact: wrap-up where the queue has one, else the close.
func (e *Engine) wrapUp(w *work, cause string) {
	cfg := &w.q.cfg
	w.q.handled(w, e.now)
	if cfg.WrapUp <= 0 && !cfg.WrapUpOpen {
		e.end(w, Completed, cause)
		return
	}
	e.turn(w, wrapping)
	if !cfg.WrapUpOpen {
		e.timers.setWork(w, e.now+max(cfg.WrapUp.Microseconds(), 1))
	}
	e.changed(w, cause)
}

func (e *Engine) complete(ev Complete) string {
	w, why := e.heldBy(ev.Work, ev.Agent)
	switch {
	case w == nil:
		return why
	case w.state != wrapping:
		return RefusedNotWrapping
	}
	e.end(w, Completed, CauseCompleted)
	return RefusedNone
}

func (e *Engine) extend(ev Extend) string {
	w, why := e.heldBy(ev.Work, ev.Agent)
	switch {
	case w == nil:
		return why
	case w.state != wrapping:
		return RefusedNotWrapping
	case w.timer.at == 0 || w.q.cfg.WrapUp <= 0:
		return RefusedOpenWrapUp
	case w.extended:
		return RefusedExtended
	}
	w.extended = true
	e.timers.setWork(w, w.timer.at+w.q.cfg.WrapUp.Microseconds())
	e.changed(w, CauseExtended)
	return RefusedNone
}

func (e *Engine) customerLeft(id string) string {
	w := e.works.get(id)
	switch {
	case w == nil:
		return RefusedUnknownWork
	case w.state == wrapping:
		return RefusedNotActive
	case w.state == active:
		e.wrapUp(w, CauseCustomerLeft)
	default:
		e.end(w, Abandoned, CauseCustomerLeft)
	}
	return RefusedNone
}

func (e *Engine) closeWork(ev Close) string {
	w := e.works.get(ev.Work)
	if w == nil {
		return RefusedUnknownWork
	}
	reason := ev.Reason
	if reason == "" {
		reason = Completed
	}
	e.end(w, reason, CauseClosed)
	return RefusedNone
}

// end closes work in any state.
func (e *Engine) end(w *work, reason CloseReason, cause string) {
	a := w.agent
	switch w.state {
	case queued:
		e.leaveLine(w)
	case offered:
		e.endOffer(w, Revoked)
	default:
		e.letGo(w)
	}
	e.closed(w, reason, cause, a)
}

// closed reports the end of work that nobody holds any more, and forgets it.
func (e *Engine) closed(w *work, reason CloseReason, cause string, by *agent) {
	c := e.workChanged()
	*c = WorkChanged{Work: w.id, State: Closed, Queue: w.q.id, Reason: reason, Cause: cause, Extended: w.extended}
	if by != nil {
		c.Agent = by.id
	}
	q := w.q
	e.forget(w)
	e.forgetQueue(q)
}
