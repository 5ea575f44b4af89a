package acdsim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
)

// event finds what an op means now; nil if there is nothing that it can mean.
func (w *world) event(op Op) acd.Event {
	s := w.story
	anAgent := agentID(op.B % s.agents())
	switch op.Kind {
	case Arrive:
		return w.arrive(op)
	case AcceptOffer, DeclineOffer, AcceptForged:
		return w.answer(op)
	case AcceptEnded:
		if len(w.ended) > 0 {
			o := w.ended[op.A%len(w.ended)]
			return acd.Accept{Offer: o.Offer, Agent: o.Agent}
		}
	case Leave:
		return pick(w, op.A, func(x *work) acd.Event { return acd.CustomerLeft{Work: x.ID} })
	case FinishWork:
		return pick(w, op.A, func(x *work) acd.Event { return acd.Finish{Work: x.ID, Agent: x.agent} }, acd.Active)
	case CompleteWork:
		return pick(w, op.A, func(x *work) acd.Event { return acd.Complete{Work: x.ID, Agent: x.agent} }, acd.Wrapping)
	case ExtendWork:
		return pick(w, op.A, func(x *work) acd.Event { return acd.Extend{Work: x.ID, Agent: x.agent} }, acd.Wrapping)
	case WrongHand:
		return pick(w, op.A, func(x *work) acd.Event {
			return []acd.Event{acd.Finish{Work: x.ID, Agent: anAgent}, acd.Complete{Work: x.ID, Agent: anAgent}, acd.Extend{Work: x.ID, Agent: anAgent}}[op.C%3]
		})
	case Presence:
		p := []acd.Presence{acd.Ready, acd.Ready, acd.Ready, acd.NotReady, acd.Offline, acd.Missed}[op.A%6]
		return acd.SetPresence{Agent: anAgent, Presence: p, Reason: []string{"", "", "lunch"}[op.C%3]}
	case Browsers:
		return acd.Connected{Agent: anAgent, N: []int{0, 0, 1, 1, 1, 2}[op.A%6]}
	case MoveWork:
		return w.move(op)
	case CloseWork:
		return pick(w, op.A, func(x *work) acd.Event {
			return acd.Close{Work: x.ID, Reason: []acd.CloseReason{"", acd.Failed, acd.Rejected}[op.B%3]}
		})
	case ChangeQueue:
		return acd.SetQueue{Queue: s.queue(op.A%s.queues(), op.B%8)}
	case DropQueue:
		return acd.RemoveQueue{ID: queueID(op.A % s.queues())}
	case ChangeAgent:
		return acd.SetAgent{Agent: s.agent(op.A%s.agents(), op.B%8)}
	case ChangeBlend:
		return acd.SetBlend{Blend: s.blend(op.A % 4)}
	case DropAgent:
		return acd.RemoveAgent{ID: anAgent}
	}
	return nil
}

// pick makes an event of one open work in one of the states, any if none given.
func pick(w *world, n int, make func(*work) acd.Event, states ...acd.State) acd.Event {
	var of []*work
	for _, id := range slices.Sorted(maps.Keys(w.naive.works)) {
		if x := w.naive.works[id]; len(states) == 0 || slices.Contains(states, x.state) {
			of = append(of, x)
		}
	}
	if len(of) == 0 {
		return nil
	}
	return make(of[n%len(of)])
}

func (w *world) arrive(op Op) acd.Event {
	s := w.story
	w.works++
	in := acd.Work{
		ID: fmt.Sprintf("w%03d", w.works), Channel: channelNames[max(op.A%5-2, 0)], Queue: queueID(op.B % s.queues()),
		Priority: max(op.C%8-5, 0), Needs: s.needs(op.D%16, op.D/16%10),
	}
	if s.Seed%3 > 0 && op.D/4096%3 == 0 {
		in.Wants = s.needs(10+op.C%6, op.C/8%10)
	}
	switch op.D / 256 % 10 {
	case 0:
		in.Preferred = agentID(op.C / 8 % s.agents())
	case 1:
		in.Preferred, in.Only = agentID(op.C/8%s.agents()), true
	case 2:
		in.Queued = w.now.Add(-time.Duration(op.C%120) * time.Second)
	case 3:
		in.Arrived = w.now.Add(-time.Minute)
	case 4, 5:
		in.Preferred = agentID(op.C / 8 % s.agents())
	case 6:
		in.Queued, in.Entered = w.now.Add(-time.Duration(op.C%120)*time.Second), w.now.Add(-time.Duration(op.C%60)*time.Second)
	}
	return acd.Enqueue{Work: in}
}

func (w *world) answer(op Op) acd.Event {
	return pick(w, op.A, func(x *work) acd.Event {
		switch op.Kind {
		case DeclineOffer:
			return acd.Decline{Offer: x.offer, Agent: x.agent}
		case AcceptForged:
			return acd.Accept{Offer: x.offer, Agent: agentID(op.B % w.story.agents())}
		}
		return acd.Accept{Offer: x.offer, Agent: x.agent}
	}, acd.Offered)
}

func (w *world) move(op Op) acd.Event {
	s := w.story
	return pick(w, op.A, func(x *work) acd.Event {
		m := acd.Move{Work: x.ID, Front: op.D%4 == 0, Priority: max(op.D/4%8-5, 0), Reprioritise: op.D/4%8 > 4}
		if op.B%3 == 0 {
			m.From = x.agent
		}
		if op.C%3 != 0 {
			m.ToQueue = queueID(op.C / 3 % s.queues())
			if op.B%7 < 2 {
				m.Queued, m.Entered = w.now.Add(-time.Duration(op.D%120)*time.Second), w.now.Add(-time.Duration(op.D%60)*time.Second)
			}
		}
		if op.C%3 != 1 {
			m.ToAgent = agentID(op.C / 16 % s.agents())
			m.Take = op.B%5 == 0
		}
		return m
	})
}
