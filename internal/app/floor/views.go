package floor

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
)

// tellEvery is how often waiting people are told their place anew.
const tellEvery = 2 * time.Second

// tellFirst is how many people of a queue are told; further back, places change
// too often to matter.
const tellFirst = 200

// tellQueueEvery is how often the figures of a queue are told anew at most: all who
// serve it hear them, so that telling every change costs the square of its size.
const tellQueueEvery = 500 * time.Millisecond

// Snapshot is everything a supervisor's room starts from.
func (m *Manager) Snapshot(ctx context.Context, a access.Actor) (Snapshot, error) {
	var out Snapshot
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		out = Snapshot{At: now, Queues: []QueueView{}, Waiting: []Interaction{}, Alerts: f.openAlerts(a)}
		for _, v := range f.queueViews(now) {
			if f.mayQueue(a, access.FloorWatch, v.ID) {
				out.Queues = append(out.Queues, v)
			}
		}
		out.Agents = f.agentViews(func(user string) bool { return f.mayAgent(a, access.FloorWatch, user) })
		for q := range f.plan.Queues {
			for _, w := range f.engine.Waiting(q) {
				if it := f.items[w]; it != nil && f.may(a, access.FloorWatch, it) {
					out.Waiting = append(out.Waiting, f.seenBy(a, it))
				}
			}
		}
		slices.SortFunc(out.Waiting, func(a, b Interaction) int {
			return cmp.Or(cmp.Compare(a.Queue, b.Queue), a.QueuedAt.Compare(b.QueuedAt))
		})
		return nil
	})
	return out, err
}

// Serves are the queues that an agent serves, by id; none of who is no agent.
func (m *Manager) Serves(ctx context.Context, t id.Tenant, agent string) (queues []string, err error) {
	err = m.do(ctx, t, func(f *floor, _ time.Time) error {
		queues = slices.Clone(f.serves[agent])
		return nil
	})
	return queues, err
}

// Desk is everything an agent's desk starts from. Whoever became an agent a moment ago
// may come before the floor was told.
func (m *Manager) Desk(ctx context.Context, a access.Actor) (Desk, error) {
	out, err := m.desk(ctx, a)
	if errs.Is(err, errs.NotFound) && id.Kind(a.User) != id.APIKey { // a key has none
		if err = m.Reload(ctx, a.Tenant); err == nil {
			out, err = m.desk(ctx, a)
		}
	}
	return out, err
}

func (m *Manager) desk(ctx context.Context, a access.Actor) (Desk, error) {
	var out Desk
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		if !f.people[a.User].agent {
			return errs.New(errs.NotFound, "This user has no desk.")
		}
		out = Desk{Me: f.agentView(a.User), Offers: []Offer{}, Work: []Interaction{}, Queues: []QueueView{}}
		for _, id := range f.engine.Held(a.User) {
			it := f.items[id]
			if it == nil {
				continue
			}
			switch it.State {
			case string(acd.Offered):
				if w, _ := f.engine.Work(id); f.offers[w.Offer] != nil {
					out.Offers = append(out.Offers, f.offer(f.offers[w.Offer]))
				}
			case string(acd.Active), string(acd.Wrapping):
				out.Work = append(out.Work, it.Interaction)
			}
		}
		for _, it := range f.helped {
			if slices.Contains(it.Consulted, a.User) {
				out.Work = append(out.Work, it.Interaction)
			}
		}
		for _, q := range f.serves[a.User] {
			out.Queues = append(out.Queues, f.queueView(q, now))
		}
		slices.SortFunc(out.Offers, func(a, b Offer) int { return cmp.Or(a.OfferedAt.Compare(b.OfferedAt), cmp.Compare(a.ID, b.ID)) })
		slices.SortFunc(out.Work, func(a, b Interaction) int { return cmp.Or(a.AnsweredAt.Compare(b.AnsweredAt), cmp.Compare(a.ID, b.ID)) })
		slices.SortFunc(out.Queues, byName)
		return nil
	})
	return out, err
}

// Colleagues are the agents one may transfer to or consult.
func (m *Manager) Colleagues(ctx context.Context, a access.Actor) ([]AgentView, error) {
	var out []AgentView
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		out = f.agentViews(func(user string) bool { return user != a.User })
		return nil
	})
	return out, err
}

// agentViews are those agents that are chosen, by name.
func (f *floor) agentViews(chosen func(user string) bool) []AgentView {
	out := []AgentView{}
	for user, p := range f.people {
		if p.agent && chosen(user) {
			out = append(out, f.agentView(user))
		}
	}
	slices.SortFunc(out, func(a, b AgentView) int { return cmp.Compare(a.UserName, b.UserName) })
	return out
}

// Interaction is an open interaction as the floor holds it.
func (m *Manager) Interaction(ctx context.Context, t id.Tenant, interaction string) (Interaction, error) {
	var out Interaction
	err := m.do(ctx, t, func(f *floor, _ time.Time) error {
		it := f.items[interaction]
		if it == nil {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		out = it.Interaction
		return nil
	})
	return out, err
}

// Wait is what a waiting person is told: its place (1 is next; 0 if it does not
// wait) and the estimated wait in seconds (-1 if unknown).
func (m *Manager) Wait(ctx context.Context, t id.Tenant, interaction string) (position, estimate int, err error) {
	err = m.do(ctx, t, func(f *floor, now time.Time) error {
		position, estimate = f.waitOf(f.items[interaction], now)
		return nil
	})
	return position, estimate, err
}

func (f *floor) waitOf(it *item, now time.Time) (position, estimate int) {
	if it == nil || it.State != string(acd.Queued) && it.State != string(acd.Offered) {
		return 0, -1
	}
	position = max(1, f.engine.Position(it.ID))
	return position, f.engine.EstimateAt(it.Queue, position, now)
}

// EntryOpen says whether somebody who arrives now would be served, or could
// only leave a message: the flow is run dry to its first wait.
func (m *Manager) EntryOpen(ctx context.Context, t id.Tenant, entryPoint string) (bool, error) {
	var open bool
	err := m.do(ctx, t, func(f *floor, now time.Time) error {
		var err error
		open, err = f.wouldServe(entryPoint, now)
		return err
	})
	return open, err
}

func (f *floor) agentView(user string) AgentView {
	p := f.people[user]
	s, _ := f.engine.Agent(user)
	return AgentView{User: user, UserName: p.name, Presence: s.Presence, Reason: s.Reason, Since: s.Since, Online: f.online[user] > 0,
		Offered: s.Offered, Active: s.Active, Wrapping: s.Wrapping, Capacity: p.capacity[acd.Chat], Aside: f.aside[user], Teams: p.who.Teams}
}

func (f *floor) queueViews(now time.Time) []QueueView {
	out := make([]QueueView, 0, len(f.plan.Queues))
	for q := range f.plan.Queues {
		out = append(out, f.queueView(q, now))
	}
	slices.SortFunc(out, byName)
	return out
}

func byName(a, b QueueView) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }

func (f *floor) queueView(q string, now time.Time) QueueView {
	def, c := f.plan.Queues[q], f.countOf(q)
	s, _ := f.engine.QueueStats(q, now)
	f.noteLate(c, now)
	n := c.total
	return QueueView{ID: q, Name: def.Name, Waiting: s.Waiting, Callbacks: f.keptIn(q), LongestSince: s.LongestSince, DueAt: s.DueAt, AgentsReady: s.AgentsReady, AgentsAtWork: s.AgentsServing, AgentsOnline: s.AgentsOnline,
		Offered: n.Offered, Answered: n.Answered, AnsweredInGoal: n.AnsweredInGoal, Abandoned: n.Abandoned - n.ShortAbandoned, ShortAbandoned: n.ShortAbandoned,
		Level: measure.ServiceLevel(n.Counts, measure.Ignored), AbandonRate: measure.AbandonRate(n.Counts), AnswerWait: n.AnswerWait.Milliseconds(),
		LongestWait: n.LongestWait.Milliseconds(), Handled: n.Handled, Handle: n.Handling.Time().Milliseconds(),
		ServicePercent: def.ServicePercent, ServiceSeconds: def.ServiceSeconds, EstimateSecs: s.Estimate, EstimateError: s.EstimateError}
}

// summarise turns what the batch touched into live events, each thing once.
func (f *floor) summarise(now time.Time) {
	b := &f.batch
	for _, it := range b.order {
		f.noteParked(it)
		f.tellParked(it)
		it.Version = it.row.Version + 1
		e := bus.Event{Tenant: f.tenant, Kind: "interaction.changed", Users: watchers(it), Watch: access.WorkRead, Interaction: it.ID, Data: must(it.Interaction), In: f.belongs(it)}
		e.Left = leaving(it.told, e.In, it.ID)
		it.told = e.In
		if it.Mailbox != "" { // nobody else's business
			e.Users, e.Watch = []string{it.Mailbox}, ""
		}
		b.events = append(b.events, e)
	}
	for _, o := range b.offered {
		if f.offers[o.ID] != nil { // it did not end at once
			f.tellOffer(f.offer(o))
		}
	}
	for user := range b.agents {
		f.tellAgent(user)
		for _, q := range f.serves[user] { // its free places changed
			b.queues[q] = true
		}
	}
	views := map[string]QueueView{}
	for q := range b.queues {
		if !f.knows(q) {
			continue
		}
		f.untold[q] = true
		f.waits[q] = true
	}
	for q := range f.untold {
		if now.Before(f.toldAt[q].Add(tellQueueEvery)) {
			continue
		}
		if f.knows(q) {
			views[q] = f.queueView(q, now)
			f.tellQueue(views[q], now)
		} else {
			delete(f.toldAt, q)
		}
		delete(f.untold, q)
	}
	f.watchOver(views, now)
	f.tellDay()
	f.tellWaits(now)
}

func (f *floor) tellQueue(v QueueView, now time.Time) {
	f.toldAt[v.ID] = now
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "queue.changed", Users: f.served[v.ID], Watch: access.FloorWatch, Data: must(v), In: access.RolePart{Queues: []string{v.ID}}})
}

// watchers are the users whom an interaction concerns.
func watchers(it *item) []string {
	users := slices.Clone(it.Consulted)
	if it.Agent != "" {
		users = append(users, it.Agent)
	}
	if it.row.AgentID != "" && it.row.AgentID != it.Agent { // who held it before
		users = append(users, it.row.AgentID)
	}
	return users
}

// tellWaits lets channels tell waiting people their places, at most every
// tellEvery.
func (f *floor) tellWaits(now time.Time) {
	if len(f.waits) == 0 || now.Sub(f.waited) < tellEvery {
		return
	}
	for q := range f.waits {
		ids := f.engine.Waiting(q)
		if len(ids) > tellFirst {
			ids = ids[:tellFirst]
		}
		estimate := f.engine.Estimate(q, now)
		for ch, d := range f.m.drivers {
			mine := slices.DeleteFunc(slices.Clone(ids), func(w string) bool { return f.items[w] == nil || f.items[w].drivenBy() != ch })
			if len(mine) > 0 {
				f.batch.after = append(f.batch.after, func() { d.Waits(f.tenant, q, mine, estimate) })
			}
		}
	}
	clear(f.waits)
	f.waited = now
}

func (f *floor) tellAgent(user string) {
	e := bus.Event{Tenant: f.tenant, Kind: "agent.changed", Users: []string{user}, Watch: access.FloorWatch, Data: must(f.agentView(user)), In: f.around(user)}
	e.Left = leaving(f.told[user], e.In, user)
	f.told[user] = e.In
	f.batch.events = append(f.batch.events, e)
}

// leaving says, to who knows of a thing because of where it was, that it left; nil if
// it is still wherever it was.
func leaving(was, is access.RolePart, id string) *bus.Left {
	if is.Covers(was) {
		return nil
	}
	return &bus.Left{ID: id, In: was}
}

// offer is an offer with its interaction as it is now.
func (f *floor) offer(o *Offer) Offer {
	out := *o
	if it := f.items[o.Interaction.ID]; it != nil {
		out.Interaction = it.Interaction
	}
	return out
}

func (f *floor) tellOffer(o Offer) {
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "offer.made", Users: []string{o.User}, Interaction: o.Interaction.ID, Data: must(o)})
}

// OfferEnded is the live event of that kind.
type OfferEnded struct {
	ID          string           `json:"id"`
	Interaction string           `json:"interaction"`
	Outcome     acd.OfferOutcome `json:"outcome"`
}

func (f *floor) tellOfferEnded(c acd.OfferEnded) {
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "offer.ended", Users: []string{c.Agent}, Interaction: c.Work, Data: must(OfferEnded{c.Offer, c.Work, c.Outcome})})
}

// must marshals a view; views are plain structs that cannot fail.
func must(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic("floor: a view does not marshal: " + err.Error())
	}
	return b
}
