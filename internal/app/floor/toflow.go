package floor

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// mostSegments is how many hands an interaction may have passed through, after which it
// is sent into no flow any more: two programs that send it to and fro come to an end.
const mostSegments = 100

// FlowTarget is a flow into which an agent may transfer a person.
type FlowTarget struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// FlowTargets are the flows into which who holds an interaction may transfer its person,
// by name.
func (m *Manager) FlowTargets(ctx context.Context, a access.Actor, interaction string) ([]FlowTarget, error) {
	list := []FlowTarget{}
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		it, err := f.held(a, interaction)
		if err != nil {
			return err
		}
		for key, planned := range f.plan.Flows {
			if f.takesTransfers(it, planned.Graph) {
				list = append(list, FlowTarget{key, planned.Name})
			}
		}
		return nil
	})
	order.By(list, func(a, b FlowTarget) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return list, err
}

// takesTransfers says whether the person of an interaction can be transferred into a flow.
func (f *floor) takesTransfers(it *item, g *flow.Graph) bool {
	return g != nil && g.Transfer && it.Channel != acd.Email && (it.Channel == acd.Voice ||
		!flow.OnlyCalls(g, func(key string) *flow.Graph { return f.plan.Flows[key].Graph }))
}

// TransferToFlow sends the person of an interaction that the actor holds into a flow, for
// good: its agent is free at once, and the flow decides what becomes of the person.
func (m *Manager) TransferToFlow(ctx context.Context, a access.Actor, interaction, target string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		if err := f.transferToFlow(it, target, now); err != nil {
			return err
		}
		f.note(a.User, "interaction.to_flow", it.ID, target)
		return nil
	})
}

func (f *floor) transferToFlow(it *item, target string, now time.Time) error {
	planned, known := f.plan.Flows[target]
	switch {
	case it.State != string(acd.Active):
		return errs.New(errs.Conflict, "The contact has ended, so it cannot be transferred.")
	case it.Apart:
		return apart()
	case it.CustomerGone || it.LeftMessage:
		return errs.New(errs.Conflict, "The person is not there, so a flow could tell it nothing.")
	case it.Channel == acd.Email:
		return errs.New(errs.Conflict, "An email is not sent into a flow: transfer it to a queue or a colleague.")
	case !known || !f.takesTransfers(it, planned.Graph):
		return errs.Bad("flow", "is not one of the flows to which this can be transferred")
	case it.segment >= mostSegments:
		return errs.New(errs.Conflict, "This has passed through too many hands to be sent into a flow. Transfer it to a queue or a colleague.")
	}
	agent, queue := it.Agent, it.Queue
	f.endTalk(it, now)
	it.later = true
	f.step(acd.Close{Work: it.ID, Reason: acd.Completed}, now) // the engine forgets it; it is told nothing
	it.later = false
	it.Agent, it.Consulted = "", nil
	it.row.PreferredID, it.row.OnlyPreferred = "", false
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventTransferred})
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentLeft, Agent: agent})
	f.batch.queues[queue] = true
	f.runs(it, target, planned, acd.CauseTransfer, now)
	return nil
}

// backToQueue puts a person whom an agent sent into a flow that cannot go on into the
// queue where that agent had it: nobody is hung up on for a fault of the set-up. It says
// whether there is such a queue.
func (f *floor) backToQueue(it *item, now time.Time) bool {
	if it.AnsweredAt.IsZero() || !f.knows(it.Queue) || it.CustomerGone {
		return false
	}
	it.running = false
	delete(f.timed, it.ID)
	f.enqueue(it, it.Queue, now)
	return true
}
