package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

// Move is a supervisor's: waiting, offered or active work goes elsewhere; active
// work that is moved to its own queue is pulled back, and waits at the front. What
// waits and is moved back to where it was has the place that it had.
// Who waits to be called again is called as soon as somebody is free.
// Empty queue and user mean where it is; without a priority that is unchanged.
func (m *Manager) Move(ctx context.Context, a access.Actor, interaction, queue, user string, priority *int) (Interaction, error) {
	var out Interaction
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		if it := f.items[interaction]; it != nil && f.may(a, access.FloorManage, it) && it.running && it.row.FlowID == laterFlow && user == "" && priority == nil && (queue == "" || queue == it.Queue) {
			f.recall(it, now)
			f.note(a.User, "interaction.move", interaction, it.Queue)
			out = it.Interaction
			return nil
		}
		it, err := f.movable(a, interaction)
		if err != nil {
			return err
		}
		if err := f.move(it, "", queue, user, priority, now); err != nil {
			return err
		}
		f.note(a.User, "interaction.move", interaction, queue+user)
		out = it.Interaction
		return nil
	})
	return out, err
}

// movable finds an open interaction of the actor's that routing can move.
func (f *floor) movable(a access.Actor, interaction string) (*item, error) {
	it := f.items[interaction]
	if it == nil || !f.may(a, access.FloorManage, it) {
		return nil, errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
	}
	if it.running || it.State == "arriving" || it.State == string(acd.Wrapping) {
		return nil, errs.New(errs.Conflict, "This interaction is not waiting and not with an agent.")
	}
	if it.Apart {
		return nil, apart()
	}
	return it, nil
}

func (f *floor) move(it *item, from, queue, user string, priority *int, now time.Time) error {
	active := it.State == string(acd.Active)
	switch {
	case queue != "" && user != "":
		return errs.Bad("queue", "name either a queue or a colleague")
	case queue == "" && user == "" && from != "":
		return errs.Bad("queue", "name a queue or a colleague")
	case user != "" && !f.people[user].agent:
		return errs.Bad("user", "is not an agent")
	case user != "" && user == it.Agent && active:
		return errs.Bad("user", "holds it already")
	case queue != "" && !f.knows(queue):
		return errs.Bad("queue", "does not exist")
	case priority != nil && (*priority < 0 || *priority > 10):
		return errs.Bad("priority", "must be 0 to 10")
	case queue == "" && user == "" && priority == nil:
		return errs.Bad("queue", "name a queue, a colleague or a priority")
	case queue == "" && user == "" && active:
		return errs.New(errs.Conflict, "Somebody is handling this interaction, so its place in line does not matter.")
	}
	old := it.row
	if queue != "" || user != "" { // a new priority alone leaves for whom it waits
		it.row.PreferredID, it.row.OnlyPreferred = user, user != ""
	}
	f.touch(it)
	acts := len(f.batch.acts[it.ID])
	if queue != "" || user != "" {
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventTransferred, Agent: user})
	}
	m := acd.Move{Work: it.ID, From: from, ToQueue: queue, ToAgent: user, Front: from == "" && active && queue == it.Queue}
	if priority != nil {
		m.Priority, m.Reprioritise = *priority, true
	}
	waits := it.State == string(acd.Queued) || it.State == string(acd.Offered)
	if from == "" && waits && queue != "" && queue == it.was.queue {
		m.Queued, m.Entered, m.Front = it.was.place, it.was.entered, it.was.front
	}
	here := former{it.Queue, it.place, it.entered, it.row.Front}
	f.step(m, now)
	if f.engine.Refusal() != "" {
		it.row, f.batch.acts[it.ID] = old, f.batch.acts[it.ID][:acts]
		return errs.New(errs.Conflict, "It could not be moved.")
	}
	if priority != nil {
		it.Priority = *priority
	}
	if waits && queue != "" && queue != here.queue {
		it.was = here
	}
	return nil
}

// TakeOver makes a supervisor the holder of waiting, offered or running work, at
// once. Who had it is told; the person sees who left and who joined.
func (m *Manager) TakeOver(ctx context.Context, a access.Actor, interaction string) (Interaction, error) {
	var out Interaction
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		it, err := f.movable(a, interaction)
		if err != nil {
			return err
		}
		if !f.people[a.User].agent {
			return errs.New(errs.Conflict, "Only who has a desk takes work over.")
		}
		if it.State == string(acd.Active) && it.Agent == a.User {
			out = it.Interaction // a repeat
			return nil
		}
		former := it.Agent
		f.step(acd.Move{Work: it.ID, ToAgent: a.User, Take: true}, now)
		switch f.engine.Refusal() {
		case "":
		case acd.RefusedNoRoom, acd.RefusedAgentCannot:
			return errs.New(errs.Conflict, "You have no place for it: finish something first.")
		default:
			return errs.New(errs.Conflict, "It could not be taken over.")
		}
		it.row.PreferredID, it.row.OnlyPreferred = "", false
		f.note(a.User, "interaction.taken_over", interaction, former)
		out = it.Interaction
		return nil
	})
	return out, err
}
