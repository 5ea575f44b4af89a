package floor

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// shelfFlow is the program's own flow of an email that is put aside: it waits, and the
// floor decides what then.
const shelfFlow = store.ShelfFlow

// shelvedChanged is the live event of emails that are put aside.
const shelvedChanged = "shelved.changed"

// longestShelf is for how long an email may be put aside.
const longestShelf = 366 * 24 * time.Hour

// ShelvedEmail is an email that waits for its time.
type ShelvedEmail struct {
	Interaction string    `json:"interaction"`
	Name        string    `json:"name" doc:"Who wrote, as the message says. May be empty."`
	Queue       string    `json:"queue"`
	By          string    `json:"by" doc:"The user who put it aside, and who has it again when it is back."`
	ByName      string    `json:"by_name,omitempty"`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until" doc:"When it comes back."`
}

// onShelf says whether an interaction waits for its time.
func (it *item) onShelf() bool { return it.running && it.row.FlowID == shelfFlow }

// shelve takes an email from its agent until a time.
func (f *floor) shelve(it *item, until, now time.Time) error {
	switch {
	case it.Channel != acd.Email:
		return errs.New(errs.Conflict, "Only emails are put aside.")
	case it.State != string(acd.Active):
		return errs.New(errs.Conflict, "Nobody is handling this interaction at the moment.")
	case !until.After(now):
		return errs.Bad("until", "is over; choose a time to come.")
	case until.Sub(now) > longestShelf:
		return errs.Bad("until", "is more than a year away.")
	}
	agent := it.Agent
	it.later = true
	f.step(acd.Close{Work: it.ID, Reason: acd.Completed}, now)
	it.later = false
	it.Agent, it.Consulted = "", nil
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentLeft, Agent: agent})
	it.parkedBy, it.parkedAt = agent, now
	it.State, it.running, it.within = "in_flow", true, nil
	it.row.FlowID, it.row.FlowVersion = shelfFlow, 1
	it.graph = flow.Later(it.Queue, int((until.Sub(now)+time.Second-1)/time.Second))
	it.here = it.graph
	f.segment(it, "flow", shelfFlow, "shelved", now)
	f.startOwn(it, now)
	it.Shelved = it.run.Deadline
	f.batch.queues[it.Queue] = true
	f.tellShelved(it.parkedBy)
	return nil
}

// unshelve ends the wait of an email: who put it aside has it again while at work, else
// it is the queue's, at the place that it had.
func (f *floor) unshelve(it *item, now time.Time) {
	f.touch(it)
	f.tellShelved(it.parkedBy)
	it.running, it.Shelved = false, time.Time{}
	delete(f.timed, it.ID)
	if f.atWork(it.parkedBy) {
		it.row.PreferredID, it.row.OnlyPreferred = it.parkedBy, true
	} else {
		it.parkedBy, it.parkedAt = "", time.Time{}
	}
	f.enqueueAgain(it, it.Queue, now)
	f.noteParked(it)
}

// keptBack says whether what comes back still waits for the agent whose it was: an email
// does while the agent is at work and has not refused it; a call does not wait.
func (f *floor) keptBack(it *item) bool {
	return it.Channel == acd.Email && f.atWork(it.parkedBy) && len(f.engine.Refused(it.ID)) == 0
}

// atWork says whether an agent is at work: ready, with room or without.
func (f *floor) atWork(user string) bool {
	s, known := f.engine.Agent(user)
	return known && f.people[user].agent && s.Presence == acd.Ready
}

func (f *floor) tellShelved(by string) {
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: shelvedChanged, Users: []string{by}, Watch: access.FloorManage, Hint: true, Data: must(struct{}{})})
}

// Shelve puts an email that the actor holds aside until a time.
func (m *Manager) Shelve(ctx context.Context, a access.Actor, interaction string, until time.Time) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error { return f.shelve(it, until, now) })
}

// Shelved are the emails that wait for their time, the next one first: the actor's own,
// or all for who runs the floor.
func (m *Manager) Shelved(ctx context.Context, a access.Actor) ([]ShelvedEmail, error) {
	list := []ShelvedEmail{}
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		for _, it := range f.timed {
			if it.onShelf() && f.mayUnshelve(a, it) {
				list = append(list, ShelvedEmail{Interaction: it.ID, Name: it.Name, Queue: it.Queue, By: it.parkedBy, ByName: f.people[it.parkedBy].name, Since: it.parkedAt, Until: it.run.Deadline})
			}
		}
		return nil
	})
	order.By(list, func(a, b ShelvedEmail) int {
		return cmp.Or(a.Until.Compare(b.Until), cmp.Compare(a.Interaction, b.Interaction))
	})
	return list, err
}

func (f *floor) mayUnshelve(a access.Actor, it *item) bool {
	return it.parkedBy == a.User || f.may(a, access.FloorManage, it)
}

// Unshelve gives an email that waits for its time to the actor, at once.
func (m *Manager) Unshelve(ctx context.Context, a access.Actor, interaction string) (Interaction, error) {
	var out Interaction
	err := m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: interaction}, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil || !f.mayUnshelve(a, it):
			return errs.New(errs.NotFound, "This email is not put aside any more.")
		case !it.onShelf():
			return errs.New(errs.Conflict, "This email is not put aside any more.")
		}
		by := it.parkedBy
		if err := f.takeParked(it, a.User, now); err != nil {
			return err
		}
		f.tellShelved(by)
		out = it.Interaction
		return nil
	})
	return out, err
}

// ShelfTimes are times to which an interaction may be put aside, by its queue's opening
// hours.
func (m *Manager) ShelfTimes(ctx context.Context, t access.Actor, interaction string) (times []setup.ShelfTime, err error) {
	err = m.do(ctx, t.Tenant, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		hours, set := f.plan.Hours[f.plan.Queues[it.Queue].Hours]
		zone := f.plan.TimeZone
		open := func(at time.Time) bool { return !set || setup.IsOpen(hours, at) }
		times = setup.ShelfTimes(now.In(zone), set, open)
		return nil
	})
	return times, err
}
