package acd

import (
	"slices"
	"strings"
	"time"
)

// WorkInfo is one open interaction.
type WorkInfo struct {
	Work
	State    State
	Agent    string // who holds it or is offered it
	Position int    // 1 is next; 0 if not waiting
	Front    bool
	Extended bool
	Offer    string // while offered
	// OfferedAt, Deadline, AnsweredAt and WrapUntil are zero where they do not
	// apply; WrapUntil is zero for an open wrap-up.
	OfferedAt, Deadline, AnsweredAt, WrapUntil time.Time
}

// AgentInfo is one agent.
type AgentInfo struct {
	ID               string
	Presence         Presence
	Reason, Cause    string
	Since, IdleSince time.Time
	Browsers         int
	Elsewhere        int // calls beside its work
	Missed           int
	Offered          int
	Active           int
	Wrapping         int
	Capacity         int // over all channels
	Available        bool
}

// QueueInfo is one queue's state now.
type QueueInfo struct {
	Waiting      int
	LongestSince time.Time // when the one who waits longest came to the queue
	DueAt        time.Time // when the goal of the first of those who wait runs out
	Offered      int
	Active       int
	Wrapping     int
	// AgentsReady could take one more now, AgentsServing are at work (ready,
	// with a browser), with room or without; of the queue's busiest channel.
	// AgentsOnline have a browser.
	AgentsReady, AgentsServing, AgentsOnline int
	Estimate                                 int // seconds for who enters now; -1 unknown
	// EstimateError is the mean error of past estimates in seconds (moving
	// average of |told - waited|); -1 unknown.
	EstimateError int
	// Interval and Handling are what the estimate rests on; 0 unknown.
	Interval, Handling time.Duration
}

// Position is a waiting work's place in its queue: 1 is next, 0 is not waiting.
func (e *Engine) Position(id string) int {
	w := e.works.get(id)
	if w == nil || w.state != queued {
		return 0
	}
	return w.position()
}

// position of a waiting work: one behind all that stands before it in any of its
// queue's lines.
func (w *work) position() int {
	n := 1
	for _, c := range w.q.classes {
		n += c.line.ahead(w)
	}
	return n
}

// Estimate is the wait in seconds of one who would enter the queue now; -1 if
// it cannot be known. See queue.estimate for the method.
func (e *Engine) Estimate(queue string, now time.Time) int {
	q := e.queue(queue)
	if q == nil {
		return -1
	}
	return q.estimate(q.waiting+1, max(e.now, now.UnixMicro()))
}

// EstimateAt is the further wait in seconds of who is at a position.
func (e *Engine) EstimateAt(queue string, position int, now time.Time) int {
	q := e.queue(queue)
	if q == nil {
		return -1
	}
	return q.estimate(position, max(e.now, now.UnixMicro()))
}

// QueueStats is a queue's state; false if there is no such queue.
func (e *Engine) QueueStats(queue string, now time.Time) (QueueInfo, bool) {
	q := e.queue(queue)
	if q == nil {
		return QueueInfo{}, false
	}
	info := QueueInfo{
		Waiting: q.waiting, Offered: int(q.offered), Active: int(q.active), Wrapping: int(q.wrapping),
		AgentsOnline:  int(q.online),
		Estimate:      e.Estimate(queue, now),
		EstimateError: -1,
		Interval:      time.Duration(q.pace.interval) * time.Microsecond,
		Handling:      time.Duration(q.pace.handle) * time.Microsecond,
	}
	oldest := int64(none)
	for _, c := range q.classes {
		first := c.line.oldest()
		if first == none {
			continue
		}
		oldest = min(oldest, first)
		if due := q.cfg.DueAt(channelName(c.ch), fromMicros(first)); info.DueAt.IsZero() || due.Before(info.DueAt) {
			info.DueAt = due
		}
	}
	if oldest != none {
		info.LongestSince = fromMicros(oldest)
	}
	if q.pace.errs > 0 {
		info.EstimateError = seconds(q.pace.errSum)
	}
	info.AgentsReady, info.AgentsServing = int(q.most(&q.ready)), int(q.most(&q.serving))
	return info, true
}

// Agent is one agent's state; false if it is not set up.
func (e *Engine) Agent(id string) (AgentInfo, bool) {
	a := e.agent(id)
	if a == nil {
		return AgentInfo{}, false
	}
	info := AgentInfo{
		ID: a.id, Presence: a.presence, Reason: a.reason, Cause: a.cause,
		Since: fromMicros(a.since), IdleSince: fromMicros(a.idleSince),
		Browsers: int(a.browsers), Elsewhere: int(a.elsewhere), Missed: int(a.missed),
		Offered: int(a.offered), Active: int(a.active), Wrapping: int(a.wrapping),
		Available: a.room != 0,
	}
	info.Capacity = a.places()
	return info, true
}

// Held is what an agent holds or is offered, by id.
func (e *Engine) Held(agent string) []string {
	a := e.agent(agent)
	if a == nil {
		return nil
	}
	ids := []string{}
	for w := a.held; w != nil; w = w.next {
		ids = append(ids, w.id)
	}
	return ids
}

// Waiting is a queue's waiting work in order.
func (e *Engine) Waiting(queue string) []string {
	q := e.queue(queue)
	if q == nil {
		return nil
	}
	ids := make([]string, 0, q.waiting)
	for _, w := range q.inOrder(q.waiting) {
		ids = append(ids, w.id)
	}
	return ids
}

// Work is one open interaction; false if it is not known (any more).
func (e *Engine) Work(id string) (WorkInfo, bool) {
	w := e.works.get(id)
	if w == nil {
		return WorkInfo{}, false
	}
	info := WorkInfo{
		Work: Work{
			ID: w.id, Channel: channelName(w.ch), Queue: w.q.id, Priority: w.priority, Needs: w.needs,
			Wants: w.wants, Preferred: w.preferred, Arrived: fromMicros(w.arrived), Queued: fromMicros(w.queued), Entered: fromMicros(w.entered), Only: w.only != nil, Promised: w.promised,
		},
		State: w.state.public(), Front: w.front, Extended: w.extended, Offer: w.offer,
		AnsweredAt: fromMicros(w.answered),
	}
	switch w.state {
	case queued:
		info.Position = w.position()
	case offered:
		info.OfferedAt, info.Deadline = fromMicros(w.offered), fromMicros(w.timer.at)
	case wrapping:
		info.WrapUntil = fromMicros(w.timer.at)
	}
	if w.agent != nil {
		info.Agent = w.agent.id
	}
	return info, true
}

// Refused are the agents that a work is kept from because they declined or
// missed it, by id: RestoredWork.Refused of a later Restore.
func (e *Engine) Refused(id string) []RestoredRefusal {
	w := e.works.get(id)
	if w == nil {
		return nil
	}
	var out []RestoredRefusal
	for _, f := range w.refused {
		if e.agents.get(f.a.id) == f.a {
			out = append(out, RestoredRefusal{f.a.id, fromMicros(f.until)})
		}
	}
	slices.SortFunc(out, func(a, b RestoredRefusal) int { return strings.Compare(a.Agent, b.Agent) })
	return out
}
