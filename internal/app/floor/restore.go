package floor

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
	"nubitalk/internal/store"
)

// rebuild makes the engine and the memory anew from what is stored.
func (f *floor) rebuild(ctx context.Context) error {
	release, err := f.expect(ctx)
	if err != nil {
		return err
	}
	defer release()
	s, err := f.remember(ctx, f.m.Clock.Now())
	if err != nil {
		return err
	}
	now := f.m.Clock.Now() // agents have their whole grace to come back
	f.restoreEngine(s, now)
	f.toldAlready()
	settled := f.alerts.settled
	if settled.IsZero() {
		settled = now.Add(settle)
	}
	f.takeRules(s.alerts, settled, now)
	f.restart(s.items, now)
	out, err := f.commit(ctx)
	if err != nil {
		return err
	}
	if out.durable != nil {
		if err := out.durable(); err != nil {
			out.lost()
			return err
		}
	}
	f.tell(out)
	return nil
}

// remember reads what is stored into the floor's memory, all but the engine.
func (f *floor) remember(ctx context.Context, now time.Time) (stored, error) {
	plan, people, err := f.m.load(ctx, f.tenant)
	if err != nil {
		return stored{}, err
	}
	f.zone.Store(plan.TimeZone.String())
	f.day = measure.DayAt(now, plan.TimeZone)
	reading := f.readStored(ctx, sortedKeys(plan.Queues))
	f.take(plan, people) // meanwhile
	s, err := reading()
	if err != nil {
		return stored{}, err
	}
	f.items, f.offers, f.timed, f.helped, f.kept, f.parked, f.returning, f.batch = make(map[string]*item, len(s.items)), map[string]*Offer{}, map[string]*item{}, map[string]*item{}, map[string]*item{}, map[string]*item{}, map[string]*item{}, newBatch()
	for _, it := range s.items {
		if err := f.resume(ctx, it, s.flows[it.ID], s.segments[it.ID]); err != nil {
			return stored{}, err
		}
		if it.QueuedAt.After(now) { // the clock was set back: nobody has waited a negative time
			it.QueuedAt = now
		}
		f.items[it.ID] = it
		f.nowDue(it)
		f.allowTalk(it)
		f.noteHelp(it)
		f.noteKept(it)
		f.noteParked(it)
	}
	f.restoreDay(s.day)
	return s, nil
}

// resume lets a stored interaction go on where its segment and its flow were.
func (f *floor) resume(ctx context.Context, it *item, sealed []byte, seg store.SegmentRow) error {
	it.segment = seg.Number
	it.parkedBy, it.parkedPhone, it.parkedAt = it.row.ParkedBy, it.row.ParkedPhone, it.row.ParkedAt
	if seg.EndedAt.IsZero() && seg.Number > 0 {
		it.segKind, it.segOwner, it.segFrom, it.from = seg.HolderKind, seg.HolderID, seg.StartedAt, it.Queue
		if it.Outgoing && seg.Number == 1 {
			it.from = "" // it never waited
		}
		if it.segKind == "queue" && it.Attempts > 0 {
			if err := f.resumeAgain(ctx, it); err != nil {
				return err
			}
		}
	}
	if it.State != "in_flow" {
		return nil
	}
	var run storedRun
	if err := json.Unmarshal(sealed, &run); err != nil {
		return errs.Wrap(errs.Internal, err, "A running flow could not be read.")
	}
	it.run, it.fed = run.State, run.Fed
	if g := f.ownFlow(it); g != nil {
		it.running, it.graph, it.here = true, g, g
		if it.onShelf() {
			it.Shelved = it.run.Deadline
		}
		return nil
	}
	planned, ok := f.plan.Flows[it.row.FlowID]
	if !ok || planned.Version != it.row.FlowVersion { // it was changed meanwhile: the run goes on as it began
		var err error
		planned, err = f.m.Setup.Flow(ctx, f.tenant, it.row.FlowID, it.row.FlowVersion)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	it.running, it.graph = true, planned.Graph // none: begin again
	return f.resumeWithin(ctx, it)
}

// resumeAgain finds out whether a person who was called in vain waits to be called
// once more.
func (f *floor) resumeAgain(ctx context.Context, it *item) error {
	return f.m.DB.Read(ctx, f.tenant, func(tx *store.Tx) error {
		all, err := tx.Segments(it.ID)
		for _, s := range all {
			if s.Number == it.segment-1 {
				it.again = s.HolderKind == "flow" && s.HolderID == laterFlow
			}
		}
		return err
	})
}

// resumeWithin finds the flows that a stored run is within, as they were when it
// came into them. If one is gone, the run begins again.
func (f *floor) resumeWithin(ctx context.Context, it *item) error {
	for _, in := range it.run.Within {
		if g, _ := f.flowOf(it, in.Flow, in.Version); g != nil {
			continue
		}
		planned, err := f.m.Setup.Flow(ctx, f.tenant, in.Flow, in.Version)
		if errs.Is(err, errs.NotFound) {
			it.graph = nil
			return nil
		}
		if err != nil {
			return err
		}
		if it.within == nil {
			it.within = map[flowVersion]*flow.Graph{}
		}
		it.within[flowVersion{in.Flow, in.Version}] = planned.Graph
	}
	it.here = flow.Here(it.graph, it.run, func(id string, version int64) (*flow.Graph, int64) { return f.flowOf(it, id, version) })
	return nil
}

// View is a stored interaction as screens see it.
func View(r store.InteractionRow, name string) Interaction {
	return Interaction{ID: r.ID, Channel: acd.Channel(r.Channel), EntryPoint: r.EntryPointID, Contact: r.ContactID, Name: name, State: r.State,
		CloseReason: r.CloseReason, Queue: r.QueueID, Agent: r.AgentID, Priority: r.Priority, Needs: r.Needs, Language: r.Language,
		Disposition: r.DispositionID, Labels: r.Labels, Rating: r.Rating, LeftMessage: r.LeftMessage, Callback: r.Callback, Attempts: r.Attempts, RejectedFor: r.RejectedFor, MergedInto: r.MergedInto, Mailbox: r.Mailbox, Slot: r.Slot, Outgoing: r.Outgoing, Campaign: r.CampaignID, Outside: r.Outside, Apart: r.Apart, Talk: talk.Stage(r.Talk), ArrivedAt: r.ArrivedAt, QueuedAt: r.QueuedAt,
		CustomerGone: !r.LeftAt.IsZero(), Consulted: r.Consulted, AnsweredAt: r.AnsweredAt, WrapFrom: r.WrapFrom, WrapUntil: r.WrapUntil, ClosedAt: r.ClosedAt, Version: r.Version}
}

func (f *floor) restoreEngine(s stored, now time.Time) {
	f.engine = acd.New(acd.Options{Grace: f.m.Grace, NewOfferID: func() string { return f.m.IDs.New(id.Offer) }})
	pending := map[string]store.OfferRow{}
	for _, o := range s.offers {
		pending[o.InteractionID] = o
	}
	f.hoursFrom(now)
	f.apply(f.engine.Restore(f.restored(s, pending, now), now), now)
	for _, o := range f.offers { // the engine may have set an end that is nearer
		if w, ok := f.engine.Work(o.Interaction.ID); ok && w.Offer == o.ID {
			o.Deadline = w.Deadline
		}
	}
	f.orphans(pending, now)
	for _, u := range sortedKeys(f.online) {
		if f.people[u].agent && f.online[u] > 0 {
			f.step(acd.Connected{Agent: u, N: f.online[u]}, now)
		}
	}
	for _, u := range sortedKeys(f.aside) {
		f.elsewhere(u, f.aside[u], now)
	}
}

// restored is the engine's state as it is stored.
func (f *floor) restored(s stored, pending map[string]store.OfferRow, now time.Time) acd.Restored {
	r := acd.Restored{Blend: f.plan.Rules.BlendRule()}
	for _, q := range sortedKeys(f.plan.Queues) {
		r.Queues = append(r.Queues, f.asQueue(q, f.plan.Queues[q], now))
	}
	states := map[string]store.AgentRow{}
	for _, a := range s.agents {
		states[a.UserID] = a
	}
	for _, u := range sortedKeys(f.people) {
		if p := f.people[u]; p.agent {
			a := states[u]
			r.Agents = append(r.Agents, acd.RestoredAgent{Agent: asAgent(u, p), Presence: acd.Presence(cmp.Or(a.Presence, string(acd.Offline))), Reason: a.ReasonID,
				Since: cmp.Or(a.Since, p.since), IdleSince: a.IdleSince, Missed: a.Missed, LastOffer: a.LastOffer})
		}
	}
	for _, it := range s.items {
		if it.running || it.State == "arriving" {
			continue
		}
		w := acd.RestoredWork{Work: f.asWork(it, it.Queue, it.place), State: acd.State(it.State), Agent: it.Agent, Front: it.row.Front, Extended: it.row.Extended,
			AnsweredAt: it.AnsweredAt, WrapUntil: it.WrapUntil, Refused: fromRefused(it.row.Refused)}
		w.Work.Entered = it.entered
		if o, ok := pending[it.ID]; ok {
			w.Offer, w.OfferedAt, w.Deadline = o.ID, o.OfferedAt, o.Deadline
			f.offers[o.ID] = &Offer{ID: o.ID, Interaction: Interaction{ID: it.ID}, User: o.UserID, OfferedAt: o.OfferedAt, Deadline: o.Deadline}
		}
		r.Works = append(r.Works, w)
	}
	return r
}

// orphans ends offers whose interaction the engine did not take back as offered.
func (f *floor) orphans(pending map[string]store.OfferRow, now time.Time) {
	for _, work := range sortedKeys(pending) {
		o := pending[work]
		it := f.items[o.InteractionID]
		if f.offers[o.ID] != nil && (it == nil || it.State != string(acd.Offered)) {
			f.offerEnded(acd.OfferEnded{Offer: o.ID, Work: o.InteractionID, Agent: o.UserID, Outcome: acd.Revoked}, now)
		}
	}
}

// restart starts flows that had not begun, or whose graph changed.
func (f *floor) restart(items []*item, now time.Time) {
	for _, it := range items {
		switch {
		case it.running && it.graph == nil && f.backToQueue(it, now):
		case it.State == "arriving", it.running && it.graph == nil:
			f.begin(it, now)
		case it.running && it.row.FlowID == parkFlow && it.Slot == "": // nobody rings any more
			f.notTaken(it, now)
		case it.running && flow.Transferring(it.here, it.run): // nobody is called any more
			f.feed(it, flow.Input{Outcome: &flow.Outcome{Step: it.run.Steps, Way: "failed"}}, now)
		case it.running && flow.TakesMessage(it.here, it.run):
			f.takeAgain(it, now)
		case it.running && flow.AsksCallBack(it.here, it.run): // nobody answers any more
			f.feed(it, flow.Input{Outcome: &flow.Outcome{Step: it.run.Steps, Way: "failed"}}, now)
		case it.running && !it.run.Deadline.IsZero():
			it.run = flow.Again(it.here, it.run, now)
			f.timed[it.ID] = it
			f.ask(it)
		}
	}
	f.summarise(now)
}

// adopt takes over changed set-up and users; what stays the same is not touched.
func (f *floor) adopt(plan Plan, people map[string]person, now time.Time) {
	old, oldPeople, goals, told := f.plan, f.people, f.goals, f.allRecipients()
	f.take(plan, people)
	f.zone.Store(plan.TimeZone.String())
	f.step(acd.SetBlend{Blend: plan.Rules.BlendRule()}, now)
	f.recount = f.recount || goalsDiffer(goals, f.goals) || old.TimeZone.String() != plan.TimeZone.String()
	for _, q := range sortedKeys(plan.Queues) {
		f.step(acd.SetQueue{Queue: f.asQueue(q, plan.Queues[q], now)}, now)
		f.batch.queues[q] = true
	}
	f.hoursFrom(now)
	for _, u := range sortedKeys(people) {
		if people[u].agent {
			if !oldPeople[u].same(people[u]) {
				f.step(acd.SetAgent{Agent: asAgent(u, people[u])}, now)
			}
			if !oldPeople[u].agent && f.online[u] > 0 {
				f.step(acd.Connected{Agent: u, N: f.online[u]}, now)
			}
			if !oldPeople[u].agent && f.aside[u] > 0 {
				f.elsewhere(u, f.aside[u], now)
			}
		} else if oldPeople[u].agent {
			f.step(acd.RemoveAgent{ID: u}, now)
		}
	}
	for _, u := range sortedKeys(oldPeople) {
		if _, still := people[u]; !still && oldPeople[u].agent {
			f.step(acd.RemoveAgent{ID: u}, now)
		}
	}
	for _, q := range sortedKeys(old.Queues) {
		if !f.knows(q) {
			f.step(acd.RemoveQueue{ID: q}, now)
		}
	}
	for _, it := range f.items {
		due := f.nowDue(it)
		if f.unconsulted(it) || f.allowTalk(it) || f.goesAlong(it, oldPeople) || due {
			f.touch(it)
		}
	}
	f.takeRules(f.alerts.remembered(), f.alerts.settled, now)
	if !maps.EqualFunc(told, f.allRecipients(), slices.Equal) {
		f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: alertsChanged, Watch: access.FloorWatch, Hint: true, Data: must(struct{}{})})
	}
}

// unconsulted ends the consultation of who is no agent any more, such as who was locked.
func (f *floor) unconsulted(it *item) bool {
	still := slices.DeleteFunc(slices.Clone(it.Consulted), func(u string) bool { return !f.people[u].agent })
	if len(still) == len(it.Consulted) {
		return false
	}
	it.Consulted = still
	return true
}

// take makes the set-up and the users those in force, and finds out who serves
// which queue.
func (f *floor) take(plan Plan, people map[string]person) {
	f.plan, f.people, f.served = plan, people, map[string][]string{}
	f.goals, f.tables = goalsOf(plan.Queues, plan.Hours, f.tables)
	f.agents = nil
	for _, serves := range []bool{true, false} {
		for _, u := range sortedKeys(people) {
			if p := people[u]; p.agent && p.serves == serves {
				f.agents = append(f.agents, p.who)
			}
		}
		if len(f.agents) > 0 { // without any agent, supervisors serve
			break
		}
	}
	f.serves = map[string][]string{}
	for _, q := range sortedKeys(plan.Queues) {
		f.served[q] = plan.Queues[q].Serving(f.agents)
		for _, u := range f.served[q] {
			f.serves[u] = append(f.serves[u], q)
		}
	}
}

func (f *floor) asQueue(q string, def setup.Queue, now time.Time) acd.Queue {
	r := def.Routing(q, f.served[q], f.agents)
	r.Calendars, r.Closed = f.goals[q].calendars(), f.closedNow(def, now)
	f.shut[q] = r.Closed
	return r
}

// same says whether nothing that routing or screens go by has changed of a user.
func (p person) same(o person) bool {
	a, b := p.who, o.who
	return p.agent == o.agent && p.name == o.name && maps.Equal(p.capacity, o.capacity) &&
		maps.Equal(a.Skills, b.Skills) && slices.Equal(a.Teams, b.Teams) && a.Site == b.Site && a.Language == b.Language
}

func asAgent(user string, p person) acd.Agent {
	return acd.Agent{ID: user, Skills: p.who.Skills, Capacity: p.capacity}
}

// refused is as it is stored: the engine's refusals of one interaction.
func refused(list []acd.RestoredRefusal) map[string]int {
	if len(list) == 0 {
		return nil
	}
	out := make(map[string]int, len(list))
	for _, r := range list {
		out[r.Agent] = int(r.Until.UnixMicro())
	}
	return out
}

func fromRefused(stored map[string]int) (out []acd.RestoredRefusal) {
	for _, u := range sortedKeys(stored) {
		out = append(out, acd.RestoredRefusal{Agent: u, Until: clock.FromMicros(int64(stored[u]))})
	}
	return out
}

func sortNeeds(n []acd.SkillNeed) {
	slices.SortFunc(n, func(a, b acd.SkillNeed) int { return cmp.Compare(a.Skill, b.Skill) })
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
