package acd

import (
	"maps"
	"slices"
	"strings"
)

// queue is a queue as the engine holds it.
type queue struct {
	id      string
	cfg     Queue
	removed bool
	members []*agent // every named one, set up or not
	classes map[string]*class
	order   []*class // the same, oldest first
	waiting int

	offered, active, wrapping int32
	ready, serving            [channels]int32 // members with room; at work
	slots                     [channels]int32 // capacity of members at work
	online                    int32
	used                      [channels]bool // channels that its work ever had
	pace                      pace
}

func (e *Engine) setQueue(cfg Queue) string {
	if cfg.ID == "" {
		return RefusedMissingID
	}
	q := e.queues[cfg.ID] // a removed one comes back with the work it still has
	if q == nil {
		q = &queue{id: cfg.ID, classes: map[string]*class{}}
		e.queues[q.id] = q
	}
	old := q.cfg
	cfg.Members, cfg.Needs = maps.Clone(cfg.Members), slices.Clone(cfg.Needs)
	q.cfg = cfg
	q.removed = false
	var waiting []*work
	anew := old.Priority != cfg.Priority || old.ServiceLevel != cfg.ServiceLevel || !slices.Equal(old.Needs, cfg.Needs)
	if anew {
		waiting = e.drain(q)
	}
	concerned := e.setMembers(q)
	if anew {
		for _, w := range waiting {
			e.enter(w)
		}
		concerned = append(concerned, q.members...)
		slices.SortFunc(concerned, func(a, b *agent) int { return strings.Compare(a.id, b.id) })
	}
	e.recheckOffers(concerned)
	return RefusedNone
}

// drain takes all waiting work out of the queue and drops its classes, so that
// order and classes can be made anew.
func (e *Engine) drain(q *queue) []*work {
	waiting := q.inOrder(q.waiting)
	for _, w := range waiting {
		e.leaveLine(w)
	}
	for len(q.order) > 0 {
		e.dropClass(q.order[len(q.order)-1])
	}
	return waiting
}

// setMembers makes the members those of the set-up and returns who left, by id.
func (e *Engine) setMembers(q *queue) (left []*agent) {
	before := q.members
	q.members = nil
	for _, a := range before {
		if q.cfg.Members[a.id] {
			q.members = append(q.members, a)
			continue
		}
		left = append(left, a)
		e.leaveQueue(a, q)
	}
	for id, member := range q.cfg.Members {
		if !member || id == "" {
			continue
		}
		if a := e.named(id); !slices.Contains(a.queues, q) {
			e.joinQueue(a, q)
		}
	}
	slices.SortFunc(left, func(a, b *agent) int { return strings.Compare(a.id, b.id) })
	return left
}

func (e *Engine) joinQueue(a *agent, q *queue) {
	a.queues = append(a.queues, q)
	q.members = append(q.members, a)
	q.countMember(a, 1)
	for _, c := range q.order {
		if c.only == nil && a.known && a.meets(c.needs) {
			e.attach(a, c)
		}
	}
	e.mark(a)
}

func (e *Engine) leaveQueue(a *agent, q *queue) {
	q.countMember(a, -1)
	a.queues = slices.DeleteFunc(a.queues, func(o *queue) bool { return o == q })
	for i := len(a.slots) - 1; i >= 0; i-- {
		if c := a.slots[i].cls; c.q == q && c.only == nil {
			e.detach(a, i)
		}
	}
	e.forgetAgent(a)
}

// countMember adds (1) or takes (-1) an agent to or from the queue's counts.
func (q *queue) countMember(a *agent, n int32) {
	for ch := range channels {
		if a.counted&(1<<ch) != 0 {
			q.ready[ch] += n
		}
		if a.serves&(1<<ch) != 0 {
			q.serving[ch] += n
			q.slots[ch] += n * a.capacity[ch]
		}
	}
	if a.browsers > 0 {
		q.online += n
	}
}

func (e *Engine) removeQueue(id string) string {
	q := e.queue(id)
	if q == nil {
		return RefusedUnknownQueue
	}
	gone := q.inOrder(q.waiting)
	for _, a := range e.agents { // work may be offered to one who is no member
		for _, w := range a.held {
			if w.q == q && w.state == offered {
				gone = append(gone, w)
			}
		}
	}
	slices.SortFunc(gone, func(a, b *work) int { return strings.Compare(a.id, b.id) })
	for _, w := range gone {
		e.end(w, Failed, CauseQueueRemoved)
	}
	e.drain(q)
	q.removed = true
	q.cfg = Queue{ID: id} // work that is still active ends without wrap-up
	e.setMembers(q)
	e.forgetQueue(q)
	return RefusedNone
}

// queue returns a queue that is set up, or nil.
func (e *Engine) queue(id string) *queue {
	if q := e.queues[id]; q != nil && !q.removed {
		return q
	}
	return nil
}

// forgetQueue drops a removed queue once no work belongs to it.
func (e *Engine) forgetQueue(q *queue) {
	if q.removed && q.active+q.wrapping == 0 && e.queues[q.id] == q {
		delete(e.queues, q.id)
	}
}

func (e *Engine) setAgent(cfg Agent) string {
	if cfg.ID == "" {
		return RefusedMissingID
	}
	a := e.named(cfg.ID)
	for _, q := range a.queues {
		q.countMember(a, -1)
	}
	reserved := a.reserved()
	for len(a.slots) > 0 {
		e.detach(a, len(a.slots)-1)
	}
	if !a.known {
		a.known, a.presence, a.since, a.cause = true, Offline, e.now, ""
		a.idleSince = e.now
	}
	a.skills = maps.Clone(cfg.Skills)
	a.capacity = [channels]int32{}
	for name, n := range cfg.Capacity {
		if ch := channelIndex(name); ch >= 0 {
			a.capacity[ch] = int32(min(max(n, 0), 1<<20))
		}
	}
	e.join(a, reserved)
	e.recheckOffers([]*agent{a})
	return RefusedNone
}

// join counts the agent in its queues and puts it into the classes it can serve.
func (e *Engine) join(a *agent, reserved []*class) {
	queues := a.queues
	a.queues = nil // counted as a whole below, not by its changes
	e.refresh(a)
	a.queues, a.counted = queues, a.room
	e.dirtyAgent(a)
	for _, q := range a.queues {
		q.countMember(a, 1)
		for _, c := range q.order {
			if c.only == nil && a.meets(c.needs) {
				e.attach(a, c)
			}
		}
	}
	for _, c := range reserved {
		e.attach(a, c)
	}
}

func (e *Engine) removeAgent(id string) string {
	a := e.agent(id)
	if a == nil {
		return RefusedUnknownAgent
	}
	e.lose(a, CauseAgentRemoved)
	for _, q := range a.queues {
		q.countMember(a, -1)
	}
	for _, c := range a.reserved() { // empty since lose
		e.dropClass(c)
	}
	for len(a.slots) > 0 {
		e.detach(a, len(a.slots)-1)
	}
	e.timers.stopAgent(a)
	a.known, a.browsers = false, 0
	delete(e.agents, a.id)
	// Queues that still name it keep a placeholder; nothing else points to the
	// removed one any more but refusals, which end with it.
	for _, q := range a.queues {
		b := e.named(a.id)
		b.queues = append(b.queues, q)
		q.members[slices.Index(q.members, a)] = b
	}
	a.queues = nil
	e.touch(a)
	return RefusedNone
}

// forgetAgent drops one that is neither set up nor named by a queue.
func (e *Engine) forgetAgent(a *agent) {
	if !a.known && len(a.queues) == 0 {
		delete(e.agents, a.id)
	}
}

// recheckOffers revokes pending offers that the set-up no longer allows.
func (e *Engine) recheckOffers(agents []*agent) {
	for _, a := range agents {
		for i := 0; i < len(a.held); {
			w := a.held[i]
			if w.state != offered || e.eligible(a, w) && a.used[w.ch] <= a.capacity[w.ch] {
				i++
				continue
			}
			e.endOffer(w, Revoked)
			e.returnToQueue(w, CauseSetup, w.front)
		}
	}
}

// eligible says whether the set-up lets the agent have the work at all.
func (e *Engine) eligible(a *agent, w *work) bool {
	if w.only != nil {
		return w.only == a
	}
	return !w.q.removed && w.q.cfg.Members[a.id] && a.meets(w.q.cfg.Needs) && a.meets(w.needs)
}
