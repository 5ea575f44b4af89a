package acdsim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
)

// Naive follows the rules of acd's doc.go with maps, sorting and scans only. It
// shares no code with the engine but the types.
type Naive struct {
	grace, backOff, ageing time.Duration
	now                    time.Time
	blend                  acd.Blend
	queues                 map[string]acd.Queue
	agents                 map[string]*agent
	works                  map[string]*work
	offers                 int

	out     []acd.Command
	touched map[string]*agent
	refusal string
}

type agent struct {
	cfg           acd.Agent
	presence      acd.Presence
	reason, cause string
	since, idle   time.Time
	lastOffer     time.Time
	browsers      int
	missed        int
	graceEnds     time.Time // zero: not running
	noLongerThere bool
}

type work struct {
	acd.Work
	state     acd.State
	agent     string
	offer     string
	offeredAt time.Time
	deadline  time.Time
	answered  time.Time
	wrapUntil time.Time
	extended  bool
	front     bool
	refused   map[string]time.Time
	kept      bool // waiting: for its preferred agent
}

// NewNaive returns an empty naive engine with the same defaults as acd.New.
func NewNaive(o acd.Options) *Naive {
	return &Naive{
		grace:   cmp.Or(o.Grace, 15*time.Second),
		backOff: cmp.Or(o.BackOff, 30*time.Second),
		ageing:  cmp.Or(o.Ageing, time.Minute),
		queues:  map[string]acd.Queue{},
		agents:  map[string]*agent{},
		works:   map[string]*work{},
		touched: map[string]*agent{},
	}
}

// Clone is a copy that shares nothing that changes.
func (n *Naive) Clone() *Naive {
	c := *n
	c.queues = maps.Clone(n.queues)
	c.agents, c.works, c.touched = map[string]*agent{}, map[string]*work{}, map[string]*agent{}
	for id, a := range n.agents {
		b := *a
		c.agents[id] = &b
	}
	for id, w := range n.works {
		v := *w
		v.refused = maps.Clone(w.refused)
		c.works[id] = &v
	}
	c.out = nil
	return &c
}

// Step is Engine.Step.
func (n *Naive) Step(ev acd.Event, now time.Time) []acd.Command {
	n.begin(now)
	for n.fireFirst() {
	}
	n.settle()
	n.refusal = n.apply(ev)
	n.settle()
	return n.report()
}

// Refusal is Engine.Refusal.
func (n *Naive) Refusal() string { return n.refusal }

func (n *Naive) begin(now time.Time) {
	if now.After(n.now) {
		n.now = now
	}
	n.out = nil
}

func (n *Naive) emit(c acd.Command) { n.out = append(n.out, c) }

func (n *Naive) report() []acd.Command {
	for _, id := range slices.Sorted(maps.Keys(n.touched)) {
		a := n.touched[id]
		c := &acd.AgentChanged{
			Agent: id, Presence: a.presence, Reason: a.reason, Since: a.since, IdleSince: a.idle,
			Missed: a.missed, LastOffer: a.lastOffer, Online: a.browsers > 0, Cause: a.cause,
		}
		for _, w := range n.held(id) {
			switch w.state {
			case acd.Offered:
				c.Offered++
			case acd.Active:
				c.Active++
			case acd.Wrapping:
				c.Wrapping++
			}
		}
		n.emit(c)
	}
	clear(n.touched)
	return n.out
}

func (n *Naive) touch(id string) { n.touched[id] = n.agents[id] }

// fireFirst fires the earliest due timer, the lower id first of two at once.
func (n *Naive) fireFirst() bool {
	var at time.Time
	var first string
	var fire func()
	consider := func(t time.Time, id string, f func()) {
		if t.IsZero() || t.After(n.now) {
			return
		}
		if fire == nil || t.Before(at) || t.Equal(at) && id < first {
			at, first, fire = t, id, f
		}
	}
	for id, w := range n.works {
		switch w.state {
		case acd.Offered:
			consider(w.deadline, id, func() { n.expire(w) })
		case acd.Wrapping:
			consider(w.wrapUntil, id, func() { n.end(w, acd.Completed, acd.CauseWrapUpEnded) })
		}
	}
	for id, a := range n.agents {
		consider(a.graceEnds, id, func() { n.lose(a, acd.CauseLost) })
	}
	if fire == nil {
		return false
	}
	fire()
	return true
}

// ordered is all waiting work in order.
func (n *Naive) ordered() []*work {
	var ws []*work
	for _, w := range n.works {
		if w.state == acd.Queued {
			ws = append(ws, w)
		}
	}
	slices.SortFunc(ws, n.compare)
	return ws
}

func (n *Naive) due(w *work) time.Time {
	q := n.queues[w.Queue]
	goal := cmp.Or(q.ServiceLevel, time.Minute)
	due := w.Queued.Add(goal)
	if c := q.Calendars[w.Channel]; c != nil {
		due = c.Due(w.Queued, goal)
	}
	return due.Add(-time.Duration(q.Priority+w.Priority) * n.ageing)
}

func (n *Naive) compare(a, b *work) int {
	if a.front != b.front {
		if a.front {
			return -1
		}
		return 1
	}
	return cmp.Or(n.due(a).Compare(n.due(b)), a.Queued.Compare(b.Queued), cmp.Compare(a.ID, b.ID))
}

// held is what an agent holds or is offered, by id.
func (n *Naive) held(agent string) []*work {
	var ws []*work
	for _, w := range n.works {
		if w.agent == agent && agent != "" {
			ws = append(ws, w)
		}
	}
	slices.SortFunc(ws, func(a, b *work) int { return cmp.Compare(a.ID, b.ID) })
	return ws
}

func (n *Naive) used(agent string, ch acd.Channel) int {
	used := 0
	for _, w := range n.works {
		if w.agent == agent && w.Channel == ch {
			used++
		}
	}
	return used
}

// settle applies the rule until nothing more can be offered, and lets what then
// waits overflow.
func (n *Naive) settle() {
	for n.step() {
	}
}

func (n *Naive) step() bool {
	for _, w := range n.works {
		w.kept = w.kept && w.state == acd.Queued && n.keeps(w)
	}
	return n.offerOne() || n.overflowOne()
}

func (n *Naive) offerOne() bool {
	if !n.anyRoom() {
		return false
	}
	for _, w := range n.ordered() {
		if a := n.bestAgent(w); a != nil {
			n.offer(w, a)
			return true
		}
	}
	return false
}

func (n *Naive) anyRoom() bool {
	for _, a := range n.agents {
		for ch := range a.cfg.Capacity {
			if n.room(a, ch) {
				return true
			}
		}
	}
	return false
}

func (n *Naive) bestAgent(w *work) *agent {
	if p := n.agents[w.Preferred]; p != nil && n.can(p, w) {
		return p
	}
	var able []*agent
	for _, a := range n.agents {
		if n.can(a, w) {
			able = append(able, a)
		}
	}
	if len(able) == 0 {
		return nil
	}
	return slices.MinFunc(able, func(a, b *agent) int {
		return cmp.Or(cmp.Compare(n.wanted(b, w), n.wanted(a, w)), n.choose(a, b, w), cmp.Compare(a.cfg.ID, b.cfg.ID))
	})
}

func (n *Naive) offer(w *work, a *agent) {
	n.offers++
	timeout := n.queues[w.Queue].OfferTimeout
	w.state, w.agent, w.offer = acd.Offered, a.cfg.ID, fmt.Sprintf("off_%d", n.offers)
	w.offeredAt, a.lastOffer, w.kept = n.now, n.now, false
	w.deadline = n.now.Add(cmp.Or(timeout, 30*time.Second))
	n.touch(w.agent)
	n.emit(&acd.OfferMade{Offer: w.offer, Work: w.ID, Agent: w.agent, Deadline: w.deadline})
	n.changed(w, acd.CauseOffered)
	if n.queues[w.Queue].AutoAccept {
		n.accept(w)
	}
}

func (n *Naive) changed(w *work, cause string) {
	c := &acd.WorkChanged{
		Work: w.ID, State: w.state, Queue: w.Queue, Agent: w.agent, Cause: cause,
		Front: w.front, Extended: w.extended,
	}
	if w.state == acd.Wrapping {
		c.WrapUntil = w.wrapUntil
	}
	n.emit(c)
}

// letGo frees the agent of the work.
func (n *Naive) letGo(w *work) {
	a := n.agents[w.agent]
	if w.state != acd.Offered {
		a.idle = n.now
	}
	n.touch(w.agent)
	w.agent = ""
	if a.browsers == 0 {
		n.watch(a)
	}
}

func (n *Naive) endOffer(w *work, o acd.OfferOutcome) {
	n.emit(&acd.OfferEnded{Offer: w.offer, Work: w.ID, Agent: w.agent, Outcome: o})
	if o != acd.Accepted {
		n.letGo(w)
	}
	w.offer = ""
}

func (n *Naive) requeue(w *work, cause string, front bool) {
	if _, ok := n.queues[w.Queue]; !ok {
		n.closed(w, acd.Failed, acd.CauseQueueRemoved, "")
		return
	}
	w.state, w.agent, w.front, w.extended, w.kept = acd.Queued, "", front, false, true
	n.changed(w, cause)
}

func (n *Naive) closed(w *work, reason acd.CloseReason, cause, by string) {
	n.emit(&acd.WorkChanged{
		Work: w.ID, State: acd.Closed, Queue: w.Queue, Agent: by, Reason: reason, Cause: cause, Extended: w.extended,
	})
	delete(n.works, w.ID)
}

func (n *Naive) end(w *work, reason acd.CloseReason, cause string) {
	by := w.agent
	switch w.state {
	case acd.Offered:
		n.endOffer(w, acd.Revoked)
	case acd.Active, acd.Wrapping:
		n.letGo(w)
	}
	n.closed(w, reason, cause, by)
}

func (n *Naive) expire(w *work) {
	a := n.agents[w.agent]
	n.endOffer(w, acd.Expired)
	n.refuse(w, a.cfg.ID)
	a.missed++
	n.requeue(w, acd.CauseExpired, w.front)
	if a.missed >= max(n.queues[w.Queue].MaxMissed, 1) && a.presence == acd.Ready {
		n.present(a, acd.Missed, "", acd.CauseMissed)
		n.revokeAll(a, acd.CauseMissed)
		n.watch(a)
	}
}

func (n *Naive) refuse(w *work, agent string) {
	if w.refused == nil {
		w.refused = map[string]time.Time{}
	}
	w.refused[agent] = n.now.Add(n.backOff)
}

func (n *Naive) present(a *agent, p acd.Presence, reason, cause string) {
	a.presence, a.reason, a.cause, a.since = p, reason, cause, n.now
	n.touch(a.cfg.ID)
}

func (n *Naive) revokeAll(a *agent, cause string) {
	for _, w := range n.held(a.cfg.ID) {
		if w.state == acd.Offered {
			n.endOffer(w, acd.Revoked)
			n.requeue(w, cause, w.front)
		}
	}
}

func (n *Naive) watch(a *agent) {
	switch {
	case a.noLongerThere || a.browsers > 0 || a.presence == acd.Offline && len(n.held(a.cfg.ID)) == 0:
		a.graceEnds = time.Time{}
	case a.graceEnds.IsZero():
		a.graceEnds = n.now.Add(n.grace)
	}
}

func (n *Naive) lose(a *agent, cause string) {
	a.graceEnds = time.Time{}
	a.missed = 0
	if a.presence != acd.Offline || cause == acd.CauseAgentRemoved {
		n.present(a, acd.Offline, "", cause)
	}
	for _, w := range n.held(a.cfg.ID) {
		switch w.state {
		case acd.Offered:
			n.endOffer(w, acd.Revoked)
			w.Only = false
			n.requeue(w, cause, true)
		case acd.Active:
			n.letGo(w)
			n.requeue(w, cause, true)
		default:
			n.end(w, acd.Completed, cause)
		}
	}
	for _, w := range n.ordered() {
		if w.Only && w.Preferred == a.cfg.ID {
			w.Only = false
			n.requeue(w, cause, w.front)
		}
	}
}
