package acd

import (
	"maps"
	"slices"
	"strings"
)

// queue is a queue as the engine holds it.
type queue struct {
	named
	waiting                   int
	offered, active, wrapping int32
	online                    int32
	ready, serving            [channels]int32 // members with room; at work
	slots                     [channels]int32 // capacity of members at work
	used                      [channels]bool  // channels that its work ever had
	removed                   bool
	classes                   []*class // oldest first
	keys                      []uint64 // the hashes of their keys
	pace                      pace
	cfg                       Queue
	members                   []*agent // every named one, set up or not
	helpers                   []helper // those who serve it from a step on, and are no members
}

// helper is an agent who serves the queue from a step of loosening on.
type helper struct {
	a     *agent
	level int8
}

func (e *Engine) setQueue(cfg Queue) string {
	if cfg.ID == "" {
		return RefusedMissingID
	}
	q := e.queues.get(cfg.ID) // a removed one comes back with the work it still has
	fresh := q == nil || q.removed
	if q == nil {
		q = &queue{named: named{id: cfg.ID}}
		e.queues.put(q)
	}
	cfg = cfg.clone()
	anew := !sameOrder(q.cfg, cfg)
	q.cfg = cfg
	q.removed = false
	var waiting []*work
	if anew {
		waiting = e.drain(q)
	}
	concerned := e.setMembers(q)
	for _, w := range waiting {
		e.stay(w)
	}
	if anew {
		for _, a := range q.members {
			concerned[a] = true
		}
		for _, h := range q.helpers {
			concerned[h.a] = true
		}
	}
	agents := slices.SortedFunc(maps.Keys(concerned), func(a, b *agent) int { return strings.Compare(a.id, b.id) })
	for _, a := range agents {
		e.reopen(a)
	}
	e.recheckOffers(agents)
	if fresh {
		e.targetBack(q)
	}
	return RefusedNone
}

// clone shares nothing that its giver may change. Steps beyond MaxSteps fall away.
func (q Queue) clone() Queue {
	q.Members, q.Needs, q.Wants = maps.Clone(q.Members), slices.Clone(q.Needs), slices.Clone(q.Wants)
	q.Overflow = slices.Clone(q.Overflow)
	q.Calendars = maps.Clone(q.Calendars)
	q.Steps = slices.Clone(q.Steps[:min(len(q.Steps), MaxSteps)])
	for i := range q.Steps {
		q.Steps[i].Needs, q.Steps[i].Members = slices.Clone(q.Steps[i].Needs), maps.Clone(q.Steps[i].Members)
	}
	return q
}

// sameOrder says whether nothing changes that waiting work's order, classes or
// timers were made from.
func sameOrder(a, b Queue) bool {
	return a.Priority == b.Priority && a.ServiceLevel == b.ServiceLevel && maps.Equal(a.Calendars, b.Calendars) && a.Choice == b.Choice && a.Affinity == b.Affinity &&
		a.Closed == b.Closed && a.CloseWaiting == b.CloseWaiting &&
		slices.Equal(a.Needs, b.Needs) && slices.Equal(a.Wants, b.Wants) && slices.Equal(a.Overflow, b.Overflow) &&
		slices.EqualFunc(a.Steps, b.Steps, func(x, y Step) bool {
			return x.After == y.After && x.Ease == y.Ease && slices.Equal(x.Needs, y.Needs) && maps.Equal(x.Members, y.Members)
		})
}

// drain takes all waiting work out of the queue and drops its classes, so that
// order and classes can be made anew.
func (e *Engine) drain(q *queue) []*work {
	waiting := q.inOrder(q.waiting)
	for _, w := range waiting {
		e.leaveLine(w)
	}
	for len(q.classes) > 0 {
		e.dropClass(q.classes[len(q.classes)-1])
	}
	return waiting
}

// setMembers makes the members and helpers those of the set-up and returns who
// left or serves the queue at another step now.
func (e *Engine) setMembers(q *queue) (left map[*agent]bool) {
	left = map[*agent]bool{}
	before, helped := q.members, q.helpers
	q.members, q.helpers = nil, nil
	helps := q.cfg.helpers()
	for _, a := range before {
		if q.cfg.Members[a.id] {
			q.members = append(q.members, a)
			continue
		}
		left[a] = true
		e.leaveQueue(a, q)
	}
	for _, h := range helped {
		if helps[h.a.id] == h.level {
			q.helpers = append(q.helpers, h)
			continue
		}
		left[h.a] = true
		e.leaveHelp(h.a, q)
	}
	for id, member := range q.cfg.Members {
		if !member || id == "" {
			continue
		}
		if a := e.named(id); !slices.Contains(a.queues, q) {
			e.joinQueue(a, q)
		}
	}
	for id, level := range helps {
		if a := e.named(id); !slices.Contains(a.helps, q) {
			e.joinHelp(a, q, level)
		}
	}
	for a := range left {
		e.forgetAgent(a)
	}
	return left
}

// helpers are who serve the queue from a step on, with the step, counted from 1,
// and are no members anyway.
func (q *Queue) helpers() map[string]int8 {
	var helps map[string]int8
	for i, s := range q.Steps {
		for id, member := range s.Members {
			if _, earlier := helps[id]; !member || id == "" || q.Members[id] || earlier {
				continue
			}
			if helps == nil {
				helps = map[string]int8{}
			}
			helps[id] = int8(i + 1)
		}
	}
	return helps
}

func (e *Engine) joinQueue(a *agent, q *queue) {
	a.queues = append(a.queues, q)
	q.members = append(q.members, a)
	e.countMember(q, a, 1)
	for _, c := range q.classes {
		e.admitTo(c, a)
	}
	e.mark(a)
}

func (e *Engine) joinHelp(a *agent, q *queue, level int8) {
	a.helps = append(a.helps, q)
	q.helpers = append(q.helpers, helper{a, level})
	for _, c := range q.classes {
		if level <= c.level {
			e.admitTo(c, a)
		}
	}
	e.mark(a)
}

func (e *Engine) leaveQueue(a *agent, q *queue) {
	e.countMember(q, a, -1)
	a.queues = slices.DeleteFunc(a.queues, func(o *queue) bool { return o == q })
	e.leaveClasses(a, q)
}

func (e *Engine) leaveHelp(a *agent, q *queue) {
	a.helps = slices.DeleteFunc(a.helps, func(o *queue) bool { return o == q })
	e.leaveClasses(a, q)
}

func (e *Engine) leaveClasses(a *agent, q *queue) {
	for i := len(a.slots) - 1; i >= 0; i-- {
		if c := a.slots[i].cls; c.q == q && c.only == nil {
			e.detach(a, i)
		}
	}
}

// countMember adds (1) or takes (-1) an agent to or from the queue's counts.
func (e *Engine) countMember(q *queue, a *agent, n int32) {
	for ch := range channels {
		if a.counted&(1<<ch) != 0 {
			q.ready[ch] += n
		}
		if a.serves&(1<<ch) != 0 {
			q.serving[ch] += n
			q.slots[ch] += n * int32(a.capacity[ch])
			e.checkNobody(q, ch)
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
	for a := range e.agents.all() { // work may be offered to one who is no member
		for w := a.held; w != nil; w = w.next {
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
	if q := e.queues.get(id); q != nil && !q.removed {
		return q
	}
	return nil
}

// forgetQueue drops a removed queue once no work belongs to it.
func (e *Engine) forgetQueue(q *queue) {
	if q.removed && q.active+q.wrapping == 0 {
		e.queues.drop(q)
	}
}

func (e *Engine) setAgent(cfg Agent) string {
	if cfg.ID == "" {
		return RefusedMissingID
	}
	a := e.named(cfg.ID)
	for _, q := range a.queues {
		e.countMember(q, a, -1)
	}
	reserved := a.reserved()
	for len(a.slots) > 0 {
		e.detach(a, len(a.slots)-1)
	}
	if !a.known {
		a.known, a.stance, a.since = true, e.stance(stance{presence: Offline}), e.now
		a.idleSince = e.now
	}
	a.skills = maps.Clone(cfg.Skills)
	a.capacity = [channels]int16{}
	for name, n := range cfg.Capacity {
		if ch := channelIndex(name); ch >= 0 {
			a.capacity[ch] = int16(min(max(n, 0), mostHeld))
		}
	}
	e.join(a, reserved)
	e.reopen(a)
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
		e.countMember(q, a, 1)
		for _, c := range q.classes {
			e.admitTo(c, a)
		}
	}
	for _, q := range a.helps {
		level := q.helpLevel(a)
		for _, c := range q.classes {
			if level <= c.level {
				e.admitTo(c, a)
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
		e.countMember(q, a, -1)
	}
	for _, c := range a.reserved() { // empty since lose
		e.dropClass(c)
	}
	for len(a.slots) > 0 {
		e.detach(a, len(a.slots)-1)
	}
	e.timers.stopAgent(a)
	a.known, a.browsers, a.elsewhere = false, 0, 0
	e.agents.drop(a)
	// Queues that still name it keep a placeholder; nothing else points to the
	// removed one any more but refusals, which end with it.
	for _, q := range a.queues {
		b := e.named(a.id)
		b.queues = append(b.queues, q)
		q.members[slices.Index(q.members, a)] = b
	}
	for _, q := range a.helps {
		b := e.named(a.id)
		b.helps = append(b.helps, q)
		q.helpers[slices.IndexFunc(q.helpers, func(h helper) bool { return h.a == a })].a = b
	}
	a.queues, a.helps = nil, nil
	e.touch(a)
	return RefusedNone
}

// forgetAgent drops one that is neither set up nor named by a queue.
func (e *Engine) forgetAgent(a *agent) {
	if !a.known && len(a.queues)+len(a.helps) == 0 {
		e.agents.drop(a)
	}
}

// recheckOffers revokes pending offers that the set-up no longer allows.
func (e *Engine) recheckOffers(agents []*agent) {
	for _, a := range agents {
		for w, next := a.held, (*work)(nil); w != nil; w = next {
			next = w.next
			if w.state != offered || e.eligible(a, w) && a.taken(w.ch) <= int32(a.capacity[w.ch]) {
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
	q, level := w.q, e.level(w)
	return !q.removed && q.serves(a, level) && a.meets(q.needs(level)) && a.meetsEased(w.needs, q.ease(level))
}

// setBlend says which channels exclude each other.
func (e *Engine) setBlend(b Blend) string {
	e.blend = [channels]uint8{}
	for held, rest := range b {
		for other, excluded := range rest {
			if h, o := channelIndex(held), channelIndex(other); excluded && h >= 0 && o >= 0 && h != o {
				e.blend[h] |= 1 << o
			}
		}
	}
	for _, a := range e.agents.sorted() {
		before := a.room
		if e.refresh(a); a.room != before {
			e.dirtyAgent(a)
		}
	}
	return RefusedNone
}
