package floor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

var _ channel.Sink = (*Manager)(nil)

// CustomerInput gives what the person wrote or chose to a waiting flow.
func (m *Manager) CustomerInput(ctx context.Context, t id.Tenant, interaction string, seq int64, in flow.Input) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || !it.running || seq <= it.fed {
			return nil
		}
		it.fed = seq
		if in.Text != "" && it.here.Nodes[it.run.Node].Type == flow.Form {
			in.Form = true // words written at the form are the message left
		}
		f.feed(it, in, now)
		return nil
	})
}

// KeepPlace says that the person waits no longer and wants to be called back.
func (m *Manager) KeepPlace(ctx context.Context, t id.Tenant, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil:
			return errs.New(errs.Conflict, "The conversation has ended.")
		case it.LeftMessage:
			return nil
		case it.State != string(acd.Queued) && it.State != string(acd.Offered):
			return errs.New(errs.Conflict, "Somebody is with you already.")
		}
		it.LeftMessage = true
		f.step(acd.Promise{Work: it.ID}, now)
		f.endTalk(it, now)
		f.touch(it)
		f.batch.queues[it.Queue] = true
		return nil
	})
}

// CustomerLeft says that the person ended the contact or is gone. Repeats are
// harmless.
func (m *Manager) CustomerLeft(ctx context.Context, t id.Tenant, interaction string) error {
	f, err := m.need(ctx, t)
	if err != nil {
		return err
	}
	calm := func(f *floor) bool { return f.unserved(interaction) }
	return f.hand(ctx, &call{about: acd.Subject{Work: interaction}, calm: calm, done: make(chan struct{}), fn: func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.CustomerGone {
			return nil
		}
		if it.running || it.State == "arriving" {
			it.CustomerGone = true
			reason := acd.Abandoned
			if !it.AnsweredAt.IsZero() || it.row.FlowID == parkFlow { // somebody has talked with it
				reason = acd.Completed
			}
			f.closeFlow(it, reason, "customer_left", now)
			return nil
		}
		if it.State == string(acd.Wrapping) {
			return nil
		}
		it.CustomerGone = true
		f.touch(it)
		f.step(acd.CustomerLeft{Work: interaction}, now)
		return nil
	}})
}

// Connected says how many live desks a user has now on all nodes that report.
func (m *Manager) Connected(ctx context.Context, t id.Tenant, user string, desks int) error {
	m.mu.Lock()
	if m.online[t] == nil {
		m.online[t] = map[string]int{}
	}
	m.online[t][user] = desks
	m.mu.Unlock()
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		f.connected(user, desks, now)
		return nil
	})
}

func (f *floor) connected(user string, desks int, now time.Time) {
	f.online[user] = desks
	if f.people[user].agent {
		f.step(acd.Connected{Agent: user, N: desks}, now)
		f.tellAgent(user)
	}
}

// SetPresence is the agent's own choice, or a supervisor's for it.
func (m *Manager) SetPresence(ctx context.Context, a access.Actor, user string, presence acd.Presence, reason string) (AgentView, error) {
	var view AgentView
	if presence != acd.Ready && presence != acd.NotReady && presence != acd.Offline {
		return view, errs.Bad("presence", "must be ready, not_ready or offline")
	}
	err := m.doAbout(ctx, a.Tenant, acd.Subject{Agent: user}, func(f *floor, now time.Time) error {
		p, ok := f.people[user]
		if !ok || !p.agent || user != a.User && !f.mayAgent(a, access.FloorManage, user) {
			return errs.New(errs.NotFound, "There is no such agent.")
		}
		if _, known := f.plan.Reasons[reason]; !known && reason != "" && reason != f.agentView(user).Reason {
			return errs.Bad("reason", "is not one of the reasons in use")
		}
		if presence != acd.Offline && f.online[user] == 0 && user == a.User {
			f.step(acd.Connected{Agent: user, N: 1}, now) // the call itself shows a desk; the grace runs if no live connection follows
			f.step(acd.Connected{Agent: user, N: 0}, now)
		}
		f.step(acd.SetPresence{Agent: user, Presence: presence, Reason: reason}, now)
		if user != a.User {
			f.note(a.User, "agent.presence", user, string(presence))
		}
		view = f.agentView(user)
		return nil
	})
	return view, err
}

// Accept takes an offer. When it has ended, the answer says how.
func (m *Manager) Accept(ctx context.Context, a access.Actor, offer string) (Interaction, error) {
	var out Interaction
	err := m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User}, func(f *floor, now time.Time) error {
		o, err := f.ownOffer(a.User, offer)
		if err != nil {
			return err
		}
		work := o.Interaction.ID
		f.step(acd.Accept{Offer: offer, Agent: a.User}, now)
		it := f.items[work]
		if it == nil || it.State != string(acd.Active) || it.Agent != a.User {
			return f.howEnded(a.User, offer)
		}
		out = it.Interaction
		return nil
	})
	return out, err
}

// Decline refuses an offer; it goes to somebody else.
func (m *Manager) Decline(ctx context.Context, a access.Actor, offer string) error {
	return m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User}, func(f *floor, now time.Time) error {
		if _, err := f.ownOffer(a.User, offer); err != nil {
			return err
		}
		f.step(acd.Decline{Offer: offer, Agent: a.User}, now)
		return nil
	})
}

func (f *floor) ownOffer(user, offer string) (*Offer, error) {
	o := f.offers[offer]
	if o == nil || o.User != user {
		return nil, f.howEnded(user, offer)
	}
	return o, nil
}

// endedOffer is how an offer ended, and whose it was.
type endedOffer struct {
	user    string
	outcome acd.OfferOutcome
}

// mostEnded is how many ended offers a floor remembers; then it begins anew.
const mostEnded = 10_000

// howEnded tells an agent who answers an offer too late, or twice, what became of
// it; nobody else.
func (f *floor) howEnded(user, offer string) error {
	e := f.lapsed[offer]
	if e.user != user {
		return errs.New(errs.Conflict, "The offer has ended.")
	}
	switch e.outcome {
	case acd.Accepted:
		return errs.New(errs.Conflict, "You have accepted this offer already.")
	case acd.Declined:
		return errs.New(errs.Conflict, "You have declined this offer already.")
	case acd.Expired:
		return errs.New(errs.Conflict, "The time to answer this offer is over.")
	}
	return errs.New(errs.Conflict, "This offer was taken back.")
}

// held finds an open interaction that the actor may handle: its own, or any for
// who may handle the whole tenant's.
func (f *floor) held(a access.Actor, interaction string) (*item, error) {
	it := f.items[interaction]
	if it == nil {
		return nil, errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
	}
	if !access.May(a, access.WorkHandle, access.Thing{Tenant: f.tenant, Holders: []string{it.Agent}, In: f.belongs(it)}) {
		return nil, errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
	}
	if it.State != string(acd.Active) && it.State != string(acd.Wrapping) {
		return nil, errs.New(errs.Conflict, "Nobody is handling this interaction at the moment.")
	}
	return it, nil
}

// change runs fn on an interaction that the actor handles and answers its state.
func (m *Manager) change(ctx context.Context, a access.Actor, interaction string, fn func(f *floor, it *item, now time.Time) error) (Interaction, error) {
	var out Interaction
	err := m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: interaction}, func(f *floor, now time.Time) error {
		it, err := f.held(a, interaction)
		if err != nil {
			return err
		}
		if err := fn(f, it, now); err != nil {
			return err
		}
		out = it.Interaction
		return nil
	})
	return out, err
}

// Finish ends the contact and begins the wrap-up. Repeats are harmless.
func (m *Manager) Finish(ctx context.Context, a access.Actor, interaction string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		if it.State == string(acd.Active) {
			f.step(acd.Finish{Work: it.ID, Agent: it.Agent}, now)
		}
		return nil
	})
}

// Complete ends the wrap-up with a disposition and labels, and closes.
func (m *Manager) Complete(ctx context.Context, a access.Actor, interaction, disposition string, labels []string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		q := f.plan.Queues[it.Queue]
		if disposition == "" && q.DispositionMust && it.Disposition == "" {
			return errs.Bad("disposition", "choose how the contact ended")
		}
		if err := f.allowed(it, disposition, labels); err != nil {
			return err
		}
		f.code(it, cmp.Or(disposition, it.Disposition), labels)
		if it.State == string(acd.Active) {
			f.step(acd.Finish{Work: it.ID, Agent: it.Agent}, now)
		}
		if it.State == string(acd.Wrapping) {
			f.step(acd.Complete{Work: it.ID, Agent: it.Agent}, now)
		}
		return nil
	})
}

// Code notes disposition and labels as they are chosen, so that neither a
// desk that is reloaded nor a timed wrap-up that runs out loses them. Empty
// takes the choice back.
func (m *Manager) Code(ctx context.Context, a access.Actor, interaction, disposition string, labels []string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, _ time.Time) error {
		if err := f.allowed(it, disposition, labels); err != nil {
			return err
		}
		f.code(it, disposition, append([]string{}, labels...))
		return nil
	})
}

// allowed refuses what the tenant or the work's queue does not offer. What the
// work carries already stays, even if the tenant took it out of use since.
func (f *floor) allowed(it *item, disposition string, labels []string) error {
	if _, known := f.plan.Dispositions[disposition]; !known && disposition != "" && disposition != it.Disposition {
		return errs.Bad("disposition", "is not one of the dispositions in use")
	}
	of := f.plan.Queues[it.Queue].Dispositions
	if own := f.plan.Campaigns[it.Campaign].Dispositions(); len(own) > 0 {
		of = own
	}
	if disposition != "" && len(of) > 0 && !slices.Contains(of, disposition) {
		return errs.Bad("disposition", "is not one of this queue's dispositions")
	}
	for _, l := range labels {
		if _, known := f.plan.Labels[l]; !known && !slices.Contains(it.Labels, l) {
			return errs.Bad("labels", "has one that is not in use")
		}
	}
	return nil
}

func (f *floor) code(it *item, disposition string, labels []string) {
	it.Disposition = disposition
	if labels != nil {
		it.Labels = labels
	}
	f.touch(it)
}

// Extend lengthens a timed wrap-up once.
func (m *Manager) Extend(ctx context.Context, a access.Actor, interaction string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		before := it.WrapUntil
		f.step(acd.Extend{Work: it.ID, Agent: it.Agent}, now)
		if it.State != string(acd.Wrapping) || it.WrapUntil.Equal(before) {
			return errs.New(errs.Conflict, "The wrap-up cannot be extended again.")
		}
		return nil
	})
}

// Transfer sends an interaction one holds to a queue or to a colleague.
func (m *Manager) Transfer(ctx context.Context, a access.Actor, interaction, queue, user string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		return f.transfer(it, queue, user, now)
	})
}

// transfer sends what an agent holds to a queue or to a colleague.
func (f *floor) transfer(it *item, queue, user string, now time.Time) error {
	if it.State != string(acd.Active) {
		return errs.New(errs.Conflict, "The contact has ended, so it cannot be transferred.")
	}
	if it.Apart {
		return apart()
	}
	return f.move(it, it.Agent, queue, user, nil, now)
}

// HandOver gives an interaction one holds to a colleague whom one consults, at
// once and without an offer.
func (m *Manager) HandOver(ctx context.Context, a access.Actor, interaction, user string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		switch {
		case !f.people[user].agent:
			return errs.New(errs.NotFound, "There is no such agent.")
		case it.State != string(acd.Active):
			return errs.New(errs.Conflict, "The contact has ended, so it cannot be transferred.")
		case it.Apart:
			return apart()
		case !slices.Contains(it.Consulted, user):
			return errs.Bad("user", "is not a colleague who is consulted")
		}
		f.step(acd.Move{Work: it.ID, ToAgent: user, Take: true}, now)
		switch f.engine.Refusal() {
		case "":
		case acd.RefusedNoRoom, acd.RefusedAgentCannot:
			return errs.New(errs.Conflict, "The colleague has no place for it.")
		default:
			return errs.New(errs.Conflict, "It could not be handed over.")
		}
		it.row.PreferredID, it.row.OnlyPreferred = "", false
		return nil
	})
}

func (f *floor) knows(queue string) bool { _, ok := f.plan.Queues[queue]; return ok }

// Consult asks a colleague for help: it may read the conversation and write
// notes, until EndConsult or the end.
func (m *Manager) Consult(ctx context.Context, a access.Actor, interaction, user string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, _ time.Time) error {
		if !f.people[user].agent {
			return errs.Bad("user", "is not an agent")
		}
		if user == it.Agent {
			return errs.Bad("user", "holds it already")
		}
		if it.Apart {
			return apart()
		}
		if !slices.Contains(it.Consulted, user) {
			it.Consulted = append(slices.Clone(it.Consulted), user)
			f.touch(it)
		}
		return nil
	})
}

// EndConsult ends the help of a colleague.
func (m *Manager) EndConsult(ctx context.Context, a access.Actor, interaction, user string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, _ time.Time) error {
		it.Consulted = slices.DeleteFunc(slices.Clone(it.Consulted), func(u string) bool { return u == user })
		f.touch(it)
		f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "interaction.changed", Users: []string{user}, Interaction: it.ID, Data: must(it.Interaction)})
		return nil
	})
}

// Rate keeps the person's satisfaction, 1-5, also after the close.
func (m *Manager) Rate(ctx context.Context, t id.Tenant, interaction string, rating int) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		if it := f.items[interaction]; it != nil {
			it.Rating = rating
			f.touch(it)
			return nil
		}
		f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return tx.SetRating(interaction, rating) })
		return nil
	})
}

// Close ends an interaction in any state, e.g. because its person is erased.
func (m *Manager) Close(ctx context.Context, t id.Tenant, interaction string, reason acd.CloseReason) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil:
			return nil
		case it.running || it.State == "arriving":
			f.closeFlow(it, reason, "closed", now)
		default:
			f.step(acd.Close{Work: interaction, Reason: reason}, now)
		}
		return nil
	})
}

func (f *floor) note(actor, action, object, detail string) {
	if f.m.Audit == nil {
		return
	}
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return f.m.Audit.Append(tx, actor, action, object, detail) })
}

func nameAt(interaction string) string { return "interactions.name/" + interaction }
func flowAt(interaction string) string { return "interactions.flow/" + interaction }

// reveal is what the vault gave back, as a name.
func reveal(b secret.Bytes) string { return string(b.Reveal()) }
