package floor

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// mayBegin says why an agent cannot begin work of its own now, before anything is
// stored of it.
func (m *Manager) mayBegin(ctx context.Context, t id.Tenant, c acd.Channel, o channel.Outgoing) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		p, known := f.people[o.Agent]
		q, exists := f.plan.Queues[o.Queue]
		switch {
		case !known || !p.agent:
			return errs.New(errs.Conflict, "Only who has a desk calls out.")
		case c == acd.Email && (!exists || len(q.Channels) > 0 && !slices.Contains(q.Channels, c)):
			return errs.Bad("mailbox", "writes on behalf of a queue that takes no emails.")
		case !exists:
			return errs.Bad("queue", "is not one of the queues in use")
		case len(q.Channels) > 0 && !slices.Contains(q.Channels, c):
			return errs.Bad("queue", "takes no calls")
		case c == acd.Email && !slices.Contains(f.serves[o.Agent], o.Queue):
			return errs.Bad("mailbox", "is written from by those who serve its queue.")
		}
		return nil
	})
}

// callOut gives an agent the work that it begins, at once: in whatever presence,
// not beyond its places. No wait is counted for it.
func (f *floor) callOut(it *item, o channel.Outgoing, now time.Time) error {
	f.touch(it)
	f.step(acd.Enqueue{Work: acd.Work{ID: it.ID, Channel: it.Channel, Queue: o.Queue, Preferred: o.Agent, Only: true, Arrived: it.ArrivedAt, Queued: now}}, now)
	if f.engine.Refusal() == "" {
		f.step(acd.Move{Work: it.ID, ToAgent: o.Agent, Take: true}, now)
	}
	if why := f.engine.Refusal(); why != "" {
		f.step(acd.Close{Work: it.ID, Reason: acd.Failed}, now)
		if why == acd.RefusedNoRoom || why == acd.RefusedAgentCannot {
			return errs.New(errs.Conflict, "You have no place for it: finish something first.")
		}
		return errs.New(errs.Conflict, "It could not begin.")
	}
	it.row.PreferredID, it.row.OnlyPreferred = "", false
	return nil
}

// HandedOver says that a call goes on with an outside number, without its agent:
// the agent's work wraps up. One that a flow handed over is closed. Repeats are
// harmless.
func (m *Manager) HandedOver(ctx context.Context, t id.Tenant, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil:
			return errs.New(errs.Gone, "This call has ended.")
		case it.Outside:
			return nil
		case it.running && it.row.FlowID == parkFlow: // a phone took it
			it.Outside = true
			f.closeFlow(it, acd.Completed, "unparked", now)
			return nil
		case it.running && flow.Transferring(it.here, it.run):
			it.Outside = true
			f.closeFlow(it, acd.Completed, "transfer_out", now)
			return nil
		case it.State != string(acd.Active):
			return errs.New(errs.Conflict, "Nobody is handling this call at the moment.")
		}
		it.Outside = true
		f.step(acd.Finish{Work: it.ID, Agent: it.Agent}, now)
		return nil
	})
}

// NotReached tells the flow of a call that the number to which it hands the call
// over was not reached, and why. What is not waited for changes nothing.
func (m *Manager) NotReached(ctx context.Context, t id.Tenant, interaction string, o flow.Outcome) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil || !it.running:
		case it.row.FlowID == parkFlow:
			if it.Slot == "" { // who parked it was rung
				f.notTaken(it, now)
			}
		default:
			f.feed(it, flow.Input{Outcome: &o}, now)
		}
		return nil
	})
}
