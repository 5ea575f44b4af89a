package floor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// parkFlow is the program's own flow of a call that is parked: it waits, and the
// floor decides what then.
const parkFlow = "park"

// parkedChanged is the live event of parked calls.
const parkedChanged = "parked.changed"

// ringBackSeconds is how long a phone is rung that parked a call.
const ringBackSeconds = 30

// ParkedCall is a call that waits, with music, for anybody to take it back.
type ParkedCall struct {
	Slot        string    `json:"slot" doc:"Dialled at a phone, it takes the call back."`
	Interaction string    `json:"interaction"`
	Name        string    `json:"name" doc:"Who is parked, as the call says itself. May be empty."`
	Queue       string    `json:"queue,omitempty" doc:"The call's queue; absent: a call between phones."`
	By          string    `json:"by,omitempty" doc:"The user who parked it; absent: by nobody's phone."`
	ByName      string    `json:"by_name,omitempty"`
	Phone       string    `json:"phone,omitempty" doc:"The phone by which it was parked; absent: it was at the desk."`
	Since       time.Time `json:"since"`
	Until       time.Time `json:"until" doc:"When who parked it is rung."`
}

// parkedIn is the call in a slot; nil if that is free.
func (f *floor) parkedIn(slot string) *item {
	for _, it := range f.parked {
		if it.Slot == slot {
			return it
		}
	}
	return nil
}

// slot finds a free slot: that which is wanted, else the first one.
func (f *floor) slot(wanted string) (string, error) {
	rule := f.plan.Rules.Park.OrUsual()
	if wanted != "" && wanted != rule.Number {
		switch {
		case !slices.Contains(rule.Numbers(), wanted):
			return "", errs.Bad("slot", "is no place where calls are parked")
		case f.parkedIn(wanted) != nil:
			return "", errs.New(errs.Conflict, "A call is parked there already.")
		}
		return wanted, nil
	}
	for _, s := range rule.Numbers() {
		if f.parkedIn(s) == nil {
			return s, nil
		}
	}
	return "", errs.New(errs.Conflict, "All places for parked calls are taken.")
}

// park takes a call from its agent and lets it wait in a slot.
func (f *floor) park(it *item, wanted, by, phone string, now time.Time) error {
	switch {
	case it.Channel != acd.Voice:
		return errs.New(errs.Conflict, "Only calls are parked.")
	case it.State != string(acd.Active) || it.LeftMessage:
		return errs.New(errs.Conflict, "Nobody is talking with this person at the moment.")
	case it.Apart:
		return errs.New(errs.Conflict, "The person is keying something in at the moment.")
	case it.CustomerGone:
		return errs.New(errs.Conflict, "The person has hung up.")
	}
	slot, err := f.slot(wanted)
	if err != nil {
		return err
	}
	agent := it.Agent
	it.later = true
	f.step(acd.Close{Work: it.ID, Reason: acd.Completed}, now)
	it.later = false
	it.Agent, it.Consulted = "", nil
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventAgentLeft, Agent: agent})
	f.waitsIn(it, slot, by, phone, now)
	return nil
}

// waitsIn lets a call that nobody has wait in a slot.
func (f *floor) waitsIn(it *item, slot, by, phone string, now time.Time) {
	it.Slot, it.parkedBy, it.parkedPhone, it.parkedAt = slot, by, phone, now
	it.State, it.running, it.within = "in_flow", true, nil
	it.row.FlowID, it.row.FlowVersion = parkFlow, 1
	it.graph = flow.Later(it.Queue, f.plan.Rules.Park.OrUsual().Seconds)
	it.here = it.graph
	f.noteParked(it)
	f.segment(it, "flow", parkFlow, "parked", now)
	f.startOwn(it, now)
	if it.Queue != "" {
		f.batch.queues[it.Queue] = true
	}
}

// ringsBack ends the wait of a parked call: who parked it is to have it again, at the
// desk by an offer, at a phone by ringing it.
func (f *floor) ringsBack(it *item, now time.Time) {
	f.touch(it)
	it.Slot = ""
	delete(f.timed, it.ID)
	switch {
	case it.Queue != "" && f.people[it.parkedBy].agent:
		it.running = false
		it.row.PreferredID, it.row.OnlyPreferred = it.parkedBy, true
		f.enqueueAgain(it, it.Queue, now)
		f.noteParked(it)
	case it.Queue == "" && it.parkedPhone != "":
		f.act(it, channel.Act{Kind: channel.ActRing, Phone: it.parkedPhone, Seconds: ringBackSeconds})
	default:
		f.notTaken(it, now)
	}
}

// enqueueAgain puts a call that was parked into a queue, at the place that it had.
func (f *floor) enqueueAgain(it *item, queue string, now time.Time) {
	if !f.knows(queue) {
		f.closeFlow(it, acd.Failed, "no_queue", now)
		return
	}
	if it.place.IsZero() {
		it.place = now
	}
	w := f.asWork(it, queue, it.place)
	w.Entered = now // its steps and rules begin anew
	f.step(acd.Enqueue{Work: w}, now)
}

// notTaken lets a call go on that who parked it did not take back: to its queue, or
// to that of the rule; without one it is parked again.
func (f *floor) notTaken(it *item, now time.Time) {
	f.touch(it)
	queue := cmp.Or(it.Queue, f.plan.Rules.Park.OrUsual().Queue)
	if queue == "" {
		if slot, err := f.slot(""); err == nil {
			f.waitsIn(it, slot, it.parkedBy, it.parkedPhone, now)
			return
		}
		f.closeFlow(it, acd.Failed, "no_slot", now)
		return
	}
	it.running = false
	it.parkedBy, it.parkedPhone, it.parkedAt = "", "", time.Time{}
	it.row.PreferredID, it.row.OnlyPreferred = "", false
	f.enqueueAgain(it, queue, now)
}

// comesBack opens work to its queue that was offered to who parked it, or put it aside,
// and is not any more.
func (f *floor) comesBack(now time.Time) {
	for _, it := range sortedItems(f.returning) {
		if it.State != string(acd.Queued) || f.keptBack(it) {
			continue
		}
		it.parkedBy, it.parkedPhone, it.parkedAt = "", "", time.Time{}
		it.row.PreferredID, it.row.OnlyPreferred = "", false
		f.touch(it)
		f.step(acd.Move{Work: it.ID, ToQueue: it.Queue, KeepRefused: true}, now)
	}
}

func sortedItems(m map[string]*item) (list []*item) {
	for _, work := range sortedKeys(m) {
		list = append(list, m[work])
	}
	return list
}

// noteParked remembers who is parked, and who goes back to who parked it.
func (f *floor) noteParked(it *item) {
	open := it.State != string(acd.Closed)
	set := func(m map[string]*item, in bool) {
		if in && open {
			m[it.ID] = it
		} else {
			delete(m, it.ID)
		}
	}
	set(f.parked, it.Slot != "")
	set(f.returning, it.Slot == "" && it.parkedBy != "" && !it.running)
}

// unparked forgets where a call was parked, once somebody has it or it ended.
func (it *item) unparked() {
	it.Slot, it.parkedBy, it.parkedPhone, it.parkedAt, it.Shelved = "", "", "", time.Time{}, time.Time{}
}

// tellParked tells who may take parked calls that their list changed.
func (f *floor) tellParked(it *item) {
	if it.Slot != it.row.Slot {
		f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: parkedChanged, Watch: access.CallPark, Hint: true, Data: must(struct{}{})})
	}
}

// takeParked gives a parked call to an agent, at once.
func (f *floor) takeParked(it *item, user string, now time.Time) error {
	queue := cmp.Or(it.Queue, f.plan.Rules.Park.OrUsual().Queue)
	switch {
	case !f.people[user].agent:
		return errs.New(errs.Conflict, "Only who has a desk takes a call back there.")
	case !f.knows(queue):
		return errs.New(errs.Conflict, "This call belongs to no queue: dial its number at a phone.")
	}
	place := it.place
	if place.IsZero() {
		place = now
	}
	w := f.asWork(it, queue, place)
	w.Entered, w.Preferred, w.Only = now, user, true
	it.later = true // nothing of it is told before it is taken
	f.step(acd.Enqueue{Work: w}, now)
	if f.engine.Refusal() != "" {
		it.later = false
		return errs.New(errs.Conflict, "It could not be taken back.")
	}
	f.step(acd.Move{Work: it.ID, ToAgent: user, Take: true}, now)
	if why := f.engine.Refusal(); why != "" {
		f.step(acd.Close{Work: it.ID, Reason: acd.Failed}, now) // it stays where it is parked
		it.later = false
		return errs.New(errs.Conflict, "You have no place for it: finish something first.")
	}
	it.later, it.running = false, false
	delete(f.timed, it.ID)
	it.unparked()
	it.row.PreferredID, it.row.OnlyPreferred = "", false
	it.Queue, it.place = queue, place
	if it.QueuedAt.IsZero() {
		it.QueuedAt = now
	}
	f.workChanged(it, acd.WorkChanged{Work: it.ID, State: acd.Active, Queue: queue, Agent: user, Cause: "unparked"}, now)
	return nil
}

// Park lets a call that the actor holds wait where anybody may take it back. Without
// a slot the first one that is free is taken.
func (m *Manager) Park(ctx context.Context, a access.Actor, interaction, slot string) (Interaction, error) {
	return m.change(ctx, a, interaction, func(f *floor, it *item, now time.Time) error {
		return f.park(it, slot, a.User, "", now)
	})
}

// PhoneParks is Park by the phone of a call's agent.
func (m *Manager) PhoneParks(ctx context.Context, t id.Tenant, user, phone, interaction, slot string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.Agent != user {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		return f.park(it, slot, user, phone, now)
	})
}

// ParkedCalls are a tenant's parked calls, by their slots.
func (m *Manager) ParkedCalls(ctx context.Context, a access.Actor) ([]ParkedCall, error) {
	list := []ParkedCall{}
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		for _, it := range f.parked {
			if !f.mayTake(a, it) {
				continue
			}
			list = append(list, ParkedCall{Slot: it.Slot, Interaction: it.ID, Name: it.Name, Queue: it.Queue, By: it.parkedBy, ByName: f.people[it.parkedBy].name, Phone: it.parkedPhone,
				Since: it.parkedAt, Until: it.run.Deadline})
		}
		return nil
	})
	order.By(list, func(a, b ParkedCall) int { return cmp.Compare(a.Slot, b.Slot) })
	return list, err
}

// mayTake says whether a parked call is the actor's to take: one of its part of the
// tenant, or one that it parked.
func (f *floor) mayTake(a access.Actor, it *item) bool {
	return it.parkedBy == a.User || f.may(a, access.CallPark, it)
}

// Unpark gives a parked call to the actor, at once.
func (m *Manager) Unpark(ctx context.Context, a access.Actor, interaction string) (Interaction, error) {
	var out Interaction
	err := m.doAbout(ctx, a.Tenant, acd.Subject{Agent: a.User, Work: interaction}, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil || !f.mayTake(a, it):
			return errs.New(errs.NotFound, "No call is parked there any more.")
		case it.Slot == "":
			return errs.New(errs.Conflict, "This call is not parked any more.")
		}
		if err := f.takeParked(it, a.User, now); err != nil {
			return err
		}
		out = it.Interaction
		return nil
	})
	return out, err
}

// ParkedAt is the call in a slot; queue is "" of one between phones. NotFound when
// the slot is free.
func (m *Manager) ParkedAt(ctx context.Context, t id.Tenant, slot string) (interaction, queue string, err error) {
	err = m.do(ctx, t, func(f *floor, _ time.Time) error {
		it := f.parkedIn(slot)
		if it == nil {
			return errs.New(errs.NotFound, "No call is parked there.")
		}
		interaction, queue = it.ID, it.Queue
		return nil
	})
	return interaction, queue, err
}

// PhoneTakes gives a parked call to a user who picked it up by phone.
func (m *Manager) PhoneTakes(ctx context.Context, t id.Tenant, user, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.Slot == "" {
			return errs.New(errs.NotFound, "No call is parked there any more.")
		}
		return f.takeParked(it, user, now)
	})
}

// parkArrived parks a call between phones, which becomes an interaction by that. One
// for which there is no slot is closed.
func (f *floor) parkArrived(it *item, p channel.Parking, now time.Time) {
	slot, err := f.slot(p.Slot)
	if err != nil {
		f.closeFlow(it, acd.Failed, "no_slot", now)
		return
	}
	f.waitsIn(it, slot, p.User, p.Phone, now)
}
