package acdsim

import (
	"fmt"
	"maps"
	"slices"

	"nubitalk/internal/core/acd"
)

// Ledger believes commands only, as app/floor does, and says when they do not
// make sense: a step that cannot follow, work doubled or lost, capacity passed.
type Ledger struct {
	works    map[string]entry
	offers   map[string]acd.OfferMade // pending
	capacity map[string]map[acd.Channel]int
	blend    acd.Blend
	again    string // work of a repeated Enqueue, until the first is closed
	next     entry
	entered  int
	closed   int
}

type entry struct {
	channel acd.Channel
	state   acd.State
	agent   string
	offer   string
	ended   acd.OfferOutcome // of the offer that just ended
}

func newLedger() *Ledger {
	return &Ledger{works: map[string]entry{}, offers: map[string]acd.OfferMade{}, capacity: map[string]map[acd.Channel]int{}}
}

func (l *Ledger) clone() *Ledger {
	c := *l
	c.works, c.offers, c.capacity = maps.Clone(l.works), maps.Clone(l.offers), maps.Clone(l.capacity)
	return &c
}

// step follows an applied event and the commands of its step. Timers that fired
// before the event still saw the capacity before it.
func (l *Ledger) step(ev acd.Event, applied bool, cs []acd.Command) error {
	if !applied {
		return l.commands(cs)
	}
	switch ev := ev.(type) {
	case acd.Enqueue:
		l.entered++
		fresh := entry{channel: ev.Work.Channel}
		if _, there := l.works[ev.Work.ID]; there { // a repeat: a timer ends the first in this step
			l.again, l.next = ev.Work.ID, fresh
			break
		}
		l.works[ev.Work.ID] = fresh
	case acd.SetAgent:
		either := maps.Clone(ev.Agent.Capacity)
		for ch, n := range l.capacity[ev.Agent.ID] {
			either[ch] = max(either[ch], n)
		}
		l.capacity[ev.Agent.ID] = either
		defer func() { l.capacity[ev.Agent.ID] = ev.Agent.Capacity }()
	case acd.RemoveAgent:
		defer delete(l.capacity, ev.ID)
	case acd.SetBlend:
		l.blend = nil // timers that fired before it saw another rule
		defer func() { l.blend = ev.Blend }()
	}
	return l.commands(cs)
}

// commands follows a step's commands.
func (l *Ledger) commands(cs []acd.Command) error {
	for _, c := range cs {
		if err := l.command(c); err != nil {
			return fmt.Errorf("%T %+v: %w", c, c, err)
		}
	}
	for id, w := range l.works {
		if w.ended != "" {
			return fmt.Errorf("work %s: its offer ended and nothing followed", id)
		}
	}
	return nil
}

func (l *Ledger) command(c acd.Command) error {
	switch c := c.(type) {
	case *acd.OfferMade:
		return l.offerMade(*c)
	case *acd.OfferEnded:
		return l.offerEnded(*c)
	case *acd.WorkChanged:
		return l.workChanged(*c)
	case *acd.AgentChanged:
		o, a, w := l.load(c.Agent)
		if o != c.Offered || a != c.Active || w != c.Wrapping {
			return fmt.Errorf("the agent holds %d offered, %d active, %d wrapping", o, a, w)
		}
	}
	return nil
}

func (l *Ledger) offerMade(c acd.OfferMade) error {
	w, ok := l.works[c.Work]
	switch {
	case !ok:
		return fmt.Errorf("offer of unknown work")
	case w.state != acd.Queued || w.offer != "":
		return fmt.Errorf("offer of work that is %s, offer %q", w.state, w.offer)
	}
	if _, twice := l.offers[c.Offer]; twice {
		return fmt.Errorf("offer id used twice")
	}
	taken := 0
	for _, other := range l.works {
		if other.agent == c.Agent && other.channel == w.channel {
			taken++
		}
		if other.agent == c.Agent && l.blend[other.channel][w.channel] {
			return fmt.Errorf("a %s work beside a %s work", w.channel, other.channel)
		}
	}
	if taken >= l.capacity[c.Agent][w.channel] {
		return fmt.Errorf("capacity %d exceeded", l.capacity[c.Agent][w.channel])
	}
	w.offer = c.Offer
	l.works[c.Work] = w
	l.offers[c.Offer] = c
	return nil
}

func (l *Ledger) offerEnded(c acd.OfferEnded) error {
	o, ok := l.offers[c.Offer]
	if !ok || o.Work != c.Work || o.Agent != c.Agent {
		return fmt.Errorf("end of an offer that is not pending")
	}
	delete(l.offers, c.Offer)
	w := l.works[c.Work]
	w.offer, w.ended = "", c.Outcome
	if c.Outcome != acd.Accepted {
		w.agent = ""
	}
	l.works[c.Work] = w
	return nil
}

// follows lists what states may follow each; "" is work that just entered.
var follows = map[acd.State][]acd.State{
	"":           {acd.Queued, acd.Closed},
	acd.Queued:   {acd.Queued, acd.Offered, acd.Closed},
	acd.Offered:  {acd.Queued, acd.Active, acd.Closed},
	acd.Active:   {acd.Queued, acd.Wrapping, acd.Closed},
	acd.Wrapping: {acd.Wrapping, acd.Closed},
}

func (l *Ledger) workChanged(c acd.WorkChanged) error {
	w, ok := l.works[c.Work]
	switch {
	case !ok:
		return fmt.Errorf("unknown work")
	case c.State == acd.Active && c.Cause == acd.CauseMoved: // taken over
		if w.state == "" || w.state == acd.Wrapping || w.state == acd.Offered && w.ended != acd.Revoked || w.offer != "" || c.Agent == w.agent {
			return fmt.Errorf("taken over by %s from %s", c.Agent, w.state)
		}
	case !slices.Contains(follows[w.state], c.State):
		return fmt.Errorf("%s cannot follow %s", c.State, w.state)
	case (c.State == acd.Offered) != (w.offer != ""):
		return fmt.Errorf("offered without a pending offer, or pending without being offered")
	case w.state == acd.Offered && w.ended == "":
		return fmt.Errorf("left offered before its offer ended")
	case (c.State == acd.Active) != (w.ended == acd.Accepted):
		return fmt.Errorf("active and accepted must go together")
	case c.State == acd.Active && c.Agent != w.agent:
		return fmt.Errorf("active with %s, offered to %s", c.Agent, w.agent)
	case (c.State == acd.Closed) != (c.Reason != ""):
		return fmt.Errorf("reason %q", c.Reason)
	}
	if c.State == acd.Closed {
		delete(l.works, c.Work)
		l.closed++
		if l.again == c.Work {
			l.works[c.Work], l.again = l.next, ""
		}
		return nil
	}
	w.state, w.agent, w.ended = c.State, c.Agent, ""
	l.works[c.Work] = w
	return nil
}

func (l *Ledger) load(agent string) (offered, active, wrapping int) {
	for _, w := range l.works {
		switch {
		case w.agent != agent:
		case w.state == acd.Offered:
			offered++
		case w.state == acd.Active:
			active++
		case w.state == acd.Wrapping:
			wrapping++
		}
	}
	return offered, active, wrapping
}

// agrees compares the ledger with what the engine says of itself.
func (l *Ledger) agrees(e *acd.Engine) error {
	if l.entered != l.closed+len(l.works) {
		return fmt.Errorf("%d entered, %d closed, %d open", l.entered, l.closed, len(l.works))
	}
	for id, w := range l.works {
		info, ok := e.Work(id)
		if !ok || info.State != w.state || info.Agent != w.agent || info.Offer != w.offer {
			return fmt.Errorf("work %s: the engine has %+v, its commands said %+v", id, info, w)
		}
	}
	return nil
}
