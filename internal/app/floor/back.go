package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
)

// Flows of the program's own, by the names with which runs of them are stored.
const (
	mailboxFlow = "mailbox"
	laterFlow   = store.LaterFlow
	backFlow    = "back"
)

const (
	// mailboxSeconds is how long a message for a user may be.
	mailboxSeconds = 180
	// leastMessage is a message that a crash left and that is one.
	leastMessage = time.Second
)

// beginMailbox begins the flow of a call that a user's phone did not take.
func (f *floor) beginMailbox(it *item, now time.Time) {
	it.State, it.running, it.within = "in_flow", true, nil
	it.row.FlowID, it.row.FlowVersion = mailboxFlow, 1
	words := it.greeting.Words
	if len(it.greeting.Prompt) > 0 {
		words = nil // which a flow would rather say
	}
	it.graph = flow.Mailbox(words, it.greeting.Prompt, mailboxSeconds)
	it.here = it.graph
	f.segment(it, "flow", mailboxFlow, "arrived", now)
	f.startOwn(it, now)
}

// startOwn starts a flow of the program's own. What the tenant's flow asked of agents
// stays.
func (f *floor) startOwn(it *item, now time.Time) {
	state, actions, err := flow.Step(it.graph, flow.State{Language: it.Language, Priority: it.Priority, Skills: skills(it.Needs), Prefers: skills(it.wants)}, flow.Input{}, f.world(it, now))
	f.flowStep(it, state, actions, err, now)
}

// ownFlow is the flow of the program's own that a stored run is in; nil for a
// tenant's.
func (f *floor) ownFlow(it *item) *flow.Graph {
	switch it.row.FlowID {
	case mailboxFlow:
		return flow.Mailbox(nil, nil, mailboxSeconds)
	case parkFlow:
		return flow.Later(it.Queue, f.plan.Rules.Park.OrUsual().Seconds)
	case shelfFlow:
		return flow.Later(it.Queue, 1) // for how long it waits is the run's
	case backFlow:
		return flow.Back(it.Queue)
	case laterFlow:
		return flow.Later(it.Queue, 60*f.plan.Rules.CallBack.OrUsual().Minutes)
	}
	return nil
}

// leaves notes that a person left a message by voice, or hangs up and is to be
// called back.
func (f *floor) leaves(it *item, back bool, now time.Time) {
	it.LeftMessage, it.Callback = true, back
	if back {
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventCallsBack})
		return
	}
	f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventMessage})
	if it.Mailbox == "" {
		return
	}
	row := store.VoicemailRow{InteractionID: it.ID, UserID: it.Mailbox, LeftAt: now}
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return tx.PutVoicemail(row) })
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: "voicemail.changed", Users: []string{it.Mailbox}, Interaction: it.ID, Data: must(struct{}{})})
}

// takeAgain goes on with a run that waited for a message when the program ended:
// what was said until then is the message, else it is asked for again.
func (f *floor) takeAgain(it *item, now time.Time) {
	said := false
	err := f.m.DB.Read(context.Background(), f.tenant, func(tx *store.Tx) error {
		rows, err := tx.Recordings(it.ID)
		for _, r := range rows {
			// One that has no end is in another node's spool: how much there is of it
			// is known when that node is back.
			said = said || r.Kind == "message" && (r.EndedAt.IsZero() || r.LengthMS >= leastMessage.Milliseconds())
		}
		return err
	})
	if err != nil {
		f.m.Log.Error("it is not known whether a caller left a message before a restart", "tenant", f.tenant, "interaction", it.ID, "code", errs.As(err).Code)
	}
	if said {
		f.feed(it, flow.Input{Outcome: &flow.Outcome{Step: it.run.Steps, Way: "left"}}, now)
		return
	}
	again := flow.Retake(it.here, it.run)
	f.timed[it.ID] = it
	f.act(it, channel.Act{Kind: channel.ActMessage, Message: &again})
}

// Took tells the flow of a call what became of a message or of a wish to be called
// back. What is not waited for changes nothing.
func (m *Manager) Took(ctx context.Context, t id.Tenant, interaction string, o flow.Outcome) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || !it.running {
			return nil
		}
		if o.Way == "kept" && flow.AsksCallBack(it.here, it.run) {
			it.reach = o.Number
		}
		f.feed(it, flow.Input{Outcome: &o}, now)
		return nil
	})
}

// CallsBack says that the person of work that an agent holds is being called: from
// now on it is a call as any other. Conflict where it is not waited for.
func (m *Manager) CallsBack(ctx context.Context, t id.Tenant, interaction string) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		it := f.items[interaction]
		switch {
		case it == nil:
			return errs.New(errs.Gone, "This interaction is closed.")
		case it.State != string(acd.Active):
			return errs.New(errs.Conflict, "Nobody is handling this interaction at the moment.")
		case !it.LeftMessage:
			return errs.New(errs.Conflict, "The person is being called already.")
		}
		it.LeftMessage = false
		f.touch(it)
		return nil
	})
}

// NotBack says that the person was called and not reached. Who wants to be called
// back is called again later, as often as the rule says, and waits at its old place
// until then; else the work is its agent's to close.
func (m *Manager) NotBack(ctx context.Context, t id.Tenant, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.State != string(acd.Active) {
			return nil
		}
		rule := f.plan.Rules.CallBack.OrUsual()
		it.LeftMessage = true
		it.Attempts++
		f.touch(it)
		f.act(it, channel.Act{Kind: channel.ActEvent, Event: channel.EventNotBack})
		if it.Callback && it.Attempts < rule.Attempts {
			f.later(it, rule.Minutes, now)
		}
		return nil
	})
}

// WantsBack says that a caller who waits in a queue rather is called back. Its place is
// kept, whether it can be called or not, and where a rule sent it on meanwhile, that is
// its queue. While that is found out no rule applies; rules for long waits count on from
// when it came, and those for what comes are not asked again, which could end what was
// promised. Conflict where it does not wait any more.
func (m *Manager) WantsBack(ctx context.Context, t id.Tenant, interaction string) error {
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || it.State != string(acd.Queued) || it.Channel != acd.Voice || it.LeftMessage || it.CustomerGone {
			return errs.New(errs.Conflict, "This person does not wait on the telephone.")
		}
		queue := it.Queue
		it.later = true
		f.step(acd.Close{Work: it.ID, Reason: acd.Completed}, now)
		it.later = false
		it.State, it.running, it.within = "in_flow", true, nil
		it.row.FlowID, it.row.FlowVersion = backFlow, 1
		it.graph = flow.Back(queue)
		it.here = it.graph
		f.startOwn(it, now) // its segment goes on: it is one wait
		f.batch.queues[queue] = true
		return nil
	})
}

// later takes work from its agent, to be called again after some minutes.
func (f *floor) later(it *item, minutes int, now time.Time) {
	queue := it.Queue
	it.later = true
	f.step(acd.Close{Work: it.ID, Reason: acd.Completed}, now)
	it.later = false
	it.State, it.running, it.Agent, it.Consulted, it.within = "in_flow", true, "", nil, nil
	it.row.FlowID, it.row.FlowVersion = laterFlow, 1
	it.graph = flow.Later(queue, 60*minutes)
	it.here = it.graph
	f.segment(it, "flow", laterFlow, "not_reached", now)
	f.startOwn(it, now)
	f.batch.queues[queue] = true
}

// recall has who waits to be called again wait for an agent at once.
func (f *floor) recall(it *item, now time.Time) {
	it.run.Deadline = now
	f.feed(it, flow.Input{Timeout: true}, now)
}

// keptIn is how many of those who wait in a queue are not there.
func (f *floor) keptIn(queue string) (n int) {
	for _, it := range f.kept {
		if it.Queue == queue && (it.State == string(acd.Queued) || it.State == string(acd.Offered)) {
			n++
		}
	}
	return n
}
