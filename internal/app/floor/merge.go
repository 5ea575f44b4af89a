package floor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/mailbox"
)

// piece is an email's work as joining asks for it.
func (f *floor) piece(it *item, by string) core.Piece {
	p := core.Piece{Email: it.Channel == acd.Email, Begun: it.Outgoing, Handled: it.State == string(acd.Wrapping), Holder: it.heldBy()}
	switch it.State {
	case string(acd.Offered):
		p.Offered = it.Agent
	case string(acd.Queued):
		p.Reached = slices.Contains(f.serves[by], it.Queue)
	default:
		p.Reached = it.onShelf() && it.parkedBy == by
	}
	return p
}

// refused says why two emails are not joined, to who wanted it.
func refusedJoin(why core.Refusal) error {
	switch why {
	case "":
		return nil
	case core.NoEmail:
		return errs.New(errs.Conflict, "Only emails that people wrote are merged.")
	case core.NotHeld:
		return errs.New(errs.Conflict, "You do not have this email any more.")
	case core.Done:
		return errs.New(errs.Conflict, "The other email was handled already.")
	case core.Taken:
		return errs.New(errs.Conflict, "Somebody else has the other email meanwhile.")
	}
	return errs.New(errs.NotFound, "There is no other email that you may merge.")
}

// Mergeable are emails that can go on in one that the actor has: first those of the same
// person, the oldest first.
func (m *Manager) Mergeable(ctx context.Context, a access.Actor, into string, most int) (list []string, err error) {
	var found []Interaction
	person := ""
	err = m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		it := f.items[into]
		if it == nil {
			return refusedJoin(core.NotHeld)
		}
		person = it.Contact
		for _, other := range f.items {
			if other != it && core.Joins(f.piece(it, a.User), f.piece(other, a.User), a.User) == "" {
				found = append(found, other.Interaction)
			}
		}
		return nil
	})
	first := func(i Interaction) int {
		if i.Contact == person {
			return 0
		}
		return 1
	}
	order.By(found, func(x, y Interaction) int {
		return cmp.Or(cmp.Compare(first(x), first(y)), x.ArrivedAt.Compare(y.ArrivedAt), cmp.Compare(x.ID, y.ID))
	})
	for _, i := range found[:min(len(found), most)] {
		list = append(list, i.ID)
	}
	return list, err
}

// MayMerge says whether an email can go on in another, which the actor has.
func (m *Manager) MayMerge(ctx context.Context, a access.Actor, into, from string) error {
	return m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: from}, func(f *floor, _ time.Time) error {
		_, _, err := f.joined(a, into, from)
		return err
	})
}

// joined are two emails of which the second can go on in the first.
func (f *floor) joined(a access.Actor, into, from string) (it, other *item, err error) {
	it, other = f.items[into], f.items[from]
	switch {
	case it == nil:
		return nil, nil, refusedJoin(core.NotHeld)
	case other == nil || other == it:
		return nil, nil, refusedJoin(core.NotServed)
	}
	if why := core.Joins(f.piece(it, a.User), f.piece(other, a.User), a.User); why != "" {
		return nil, nil, refusedJoin(why)
	}
	return it, other, nil
}

// Merge has an email go on in another, which the actor has: it is closed in the same
// transaction in which it points there.
func (m *Manager) Merge(ctx context.Context, a access.Actor, into, from string) error {
	return m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: from}, func(f *floor, now time.Time) error {
		it, other, err := f.joined(a, into, from)
		if err != nil {
			return err
		}
		f.touch(other)
		other.MergedInto = into
		f.note(a.User, "email.merged", from, into)
		if other.onShelf() {
			defer f.tellShelved(other.parkedBy)
		}
		if other.running {
			f.closeFlow(other, acd.Transferred, "merged", now)
		} else {
			f.step(acd.Close{Work: from, Reason: acd.Transferred}, now)
		}
		f.touch(it)
		return nil
	})
}

// placed is where work goes that is taken out of other work: to an agent at once, where
// that has a place for it, else to the queue. It runs no flow.
func (f *floor) placed(it *item, p channel.Placed, now time.Time) {
	f.touch(it)
	if !f.knows(p.Queue) { // it was taken out of use meanwhile
		f.begin(it, now)
		return
	}
	f.note(p.By, "email.split", it.ID, p.Of)
	it.place = now
	if !p.Since.IsZero() {
		it.place = p.Since
	}
	w := f.asWork(it, p.Queue, it.place)
	w.Entered = now
	if p.Agent != "" {
		w.Preferred, w.Only = p.Agent, true
	}
	f.step(acd.Enqueue{Work: w}, now)
	if p.Agent == "" {
		return
	}
	it.row.PreferredID, it.row.OnlyPreferred = "", false
	f.step(acd.Move{Work: it.ID, ToAgent: p.Agent, Take: true}, now)
	if f.engine.Refusal() != "" { // the agent has no place for it
		f.step(acd.Move{Work: it.ID, ToQueue: p.Queue, Queued: it.place, Entered: now}, now)
	}
}

// mayPlace says why work cannot be placed, before anything is stored of it.
func (m *Manager) mayPlace(ctx context.Context, t id.Tenant, p channel.Placed) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		q, known := f.plan.Queues[p.Queue]
		it := f.items[p.Of]
		switch {
		case it == nil || it.heldBy() != p.By || it.State != string(acd.Active):
			return refusedJoin(core.NotHeld)
		case !known:
			return errs.Bad("queue", "is not one of the queues in use")
		case len(q.Channels) > 0 && !slices.Contains(q.Channels, acd.Email):
			return errs.Bad("queue", "takes no emails")
		}
		return nil
	})
}
