package floor

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// world is what a flow may ask about.
func (f *floor) world(it *item, now time.Time) flow.World {
	return flow.World{Mail: it.mail, Now: now.In(f.plan.TimeZone), Channel: string(it.Channel), Languages: f.plan.EntryPoints[it.EntryPoint].Languages,
		IsOpen: func(hours string) bool { return f.open(hours, now) }, Wait: func(queue string) (int, int) { return f.waitIn(queue, now) },
		Consent: func(text string) (map[string]string, int64) {
			c := f.plan.ConsentTexts[text]
			return c.Words, c.Version
		},
		Prompt: func(prompt string) (string, bool) {
			if words := it.greeting.Words[it.Language]; words != "" && prompt == it.Mailbox {
				return words, true
			}
			words, known := f.plan.Prompts[prompt]
			return words, known
		},
		Flow: func(id string, version int64) (*flow.Graph, int64) { return f.flowOf(it, id, version) }}
}

// flowOf finds a flow that runs within an interaction's: as it is published, for
// one that is entered now (version 0), else as it was then.
func (f *floor) flowOf(it *item, id string, version int64) (*flow.Graph, int64) {
	if g := it.within[flowVersion{id, version}]; g != nil {
		return g, version
	}
	planned, known := f.plan.Flows[id]
	if !known || version != 0 && planned.Version != version {
		return nil, 0
	}
	if it.within == nil {
		it.within = map[flowVersion]*flow.Graph{}
	}
	it.within[flowVersion{id, planned.Version}] = planned.Graph
	return planned.Graph, planned.Version
}

// waitIn is the place and the estimated wait in seconds of who would enter a
// queue now; 0 and -1 if there is no such queue.
func (f *floor) waitIn(queue string, now time.Time) (place, seconds int) {
	s, known := f.engine.QueueStats(queue, now)
	if !known {
		return 0, -1
	}
	return s.Waiting + 1, f.engine.Estimate(queue, now)
}

// open says whether opening hours are open; none means always.
func (f *floor) open(hours string, now time.Time) bool {
	if hours == "" {
		return true
	}
	h, ok := f.plan.Hours[hours]
	return !ok || setup.IsOpen(h, now)
}

// masked says whether an interaction's flow waits for a sensitive answer.
func (it *item) masked() bool {
	return it.running && it.run.Waiting && it.here != nil && it.here.Nodes[it.run.Node].Sensitive
}

// hasFlow says whether the floor has heard of the flow that an interaction is to pass, if
// it passes one.
func (f *floor) hasFlow(it *item) bool {
	point, known := f.plan.EntryPoints[it.EntryPoint]
	_, planned := f.plan.Flows[point.Flow]
	return known && planned || it.Mailbox != "" || it.parking != nil
}

// begin starts the flow of an interaction that has just arrived.
func (f *floor) begin(it *item, now time.Time) {
	point, known := f.plan.EntryPoints[it.EntryPoint]
	planned, ok := f.plan.Flows[point.Flow]
	f.touch(it)
	switch {
	case it.Mailbox != "":
		f.beginMailbox(it, now)
		return
	case it.parking != nil:
		f.parkArrived(it, *it.parking, now)
		return
	}
	if !known || !ok {
		f.closeFlow(it, acd.Failed, "no_flow", now)
		return
	}
	it.Priority, it.Needs, it.wants = 0, nil, nil
	f.runs(it, point.Flow, planned, "arrived", now)
}

// runs starts a flow of the tenant's. What was asked of agents before stays.
func (f *floor) runs(it *item, key string, planned PlannedFlow, cause string, now time.Time) {
	it.State, it.running, it.graph, it.here, it.within = "in_flow", true, planned.Graph, planned.Graph, nil
	it.row.FlowID, it.row.FlowVersion = key, planned.Version
	f.segment(it, "flow", key, cause, now)
	begin := flow.State{Language: it.Language, Attributes: map[string]string{flow.AttributeName: it.Name}, Priority: it.Priority, Skills: skills(it.Needs), Prefers: skills(it.wants)}
	state, actions, ways, err := flow.Trace(it.graph, begin, flow.Input{}, f.world(it, now))
	f.tookWays(key, ways, now)
	f.flowStep(it, state, actions, err, now)
}

// feed gives an input to a running flow.
func (f *floor) feed(it *item, in flow.Input, now time.Time) {
	f.touch(it)
	state, actions, ways, err := flow.Trace(it.graph, it.run, in, f.world(it, now))
	f.tookWays(it.row.FlowID, ways, now)
	f.flowStep(it, state, actions, err, now)
}

func (f *floor) flowStep(it *item, state flow.State, actions []flow.Action, err error, now time.Time) {
	if state.Done {
		it.mail = nil
	}
	if err != nil {
		f.m.Log.Warn("a flow failed", "tenant", f.tenant, "interaction", it.ID, "flow", it.row.FlowID, "code", errs.As(err).Code)
		if !f.backToQueue(it, now) {
			f.closeFlow(it, acd.Failed, "flow_failed", now)
		}
		return
	}
	it.run = state
	it.here = flow.Here(it.graph, state, f.world(it, now).Flow)
	it.Priority = state.Priority
	if state.Language != "" {
		it.Language = state.Language
	}
	it.Needs, it.wants = needs(state.Skills), needs(state.Prefers)
	delete(f.timed, it.ID)
	for _, a := range actions {
		if !f.flowAction(it, a, now) {
			return
		}
	}
	switch {
	case state.Done && it.running: // it ended without queue or close
		f.closeFlow(it, acd.Completed, "flow_end", now)
	case !state.Deadline.IsZero():
		f.timed[it.ID] = it
	}
	f.ask(it)
}

// flowAction carries out one action; false ends the run.
func (f *floor) flowAction(it *item, a flow.Action, now time.Time) bool {
	if a.Say != "" || a.Collect {
		f.act(it, channel.Act{Kind: channel.ActSay, Text: a.Say, Prompt: a.Prompt, Buttons: a.Buttons, Collect: a.Collect, Digits: a.Digits, Masked: a.Masked})
	}
	if a.Given != nil {
		f.consented(it, *a.Given)
		f.act(it, channel.Act{Kind: channel.ActConsent, Consent: a.Given.Text, Agreed: true})
	}
	if a.Refused != "" {
		f.act(it, channel.Act{Kind: channel.ActConsent, Consent: a.Refused})
	}
	if a.Recording != nil {
		f.recorded(it, *a.Recording, now)
		f.act(it, channel.Act{Kind: channel.ActRecording, Recording: *a.Recording})
	}
	if a.Transfer != nil {
		f.act(it, channel.Act{Kind: channel.ActCall, Transfer: a.Transfer})
	}
	if a.Message != nil {
		f.act(it, channel.Act{Kind: channel.ActMessage, Message: a.Message})
	}
	if a.CallBack != nil {
		f.act(it, channel.Act{Kind: channel.ActBack, CallBack: a.CallBack})
	}
	if a.Left || a.Kept {
		f.leaves(it, a.Kept, now)
	}
	switch {
	case a.Form && it.LeftMessage: // the message came with the arrival
		f.feed(it, flow.Input{Form: true}, now)
		return false
	case a.Form:
		f.act(it, channel.Act{Kind: channel.ActForm})
	case a.Queue != "":
		it.running = false
		f.fill(it)
		f.enqueue(it, a.Queue, now)
		return false
	case a.Close && a.Reject != "" && it.Channel == acd.Email:
		f.note(byFlow, "email.rejected", it.ID, a.Reject)
		f.reject(it, a.Reject, f.plan.Rejections[a.Reject], now)
		return false
	case a.Close:
		f.fill(it)
		f.closeFlow(it, acd.Completed, "flow_end", now)
		return false
	}
	return true
}

// consented records that the person agreed, with what is stored of the run.
func (f *floor) consented(it *item, g flow.Given) {
	c := channel.Consent{Purpose: f.plan.ConsentTexts[g.Text].Purpose, Text: g.Text, Version: g.Version, Language: g.Language}
	contact, interaction := it.Contact, it.ID
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return f.m.Contacts.Consented(tx, contact, interaction, c) })
}

// byFlow is who a flow is where it is said who did something.
const byFlow = recording.ByFlow

// recorded stores what a flow wants of the recording with what is stored of the run,
// whether it is a call yet or not.
func (f *floor) recorded(it *item, r flow.Recorded, now time.Time) {
	interaction := it.ID
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error {
		row, err := tx.RecordingState(interaction)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		row.InteractionID, row.By, row.Reason, row.ChangedAt = interaction, byFlow, r.Reason, now
		switch r.Action {
		case recording.Pause, recording.Resume:
			row.Paused = r.Action == recording.Pause
		case recording.Stop:
			row.Stopped = true
		}
		return tx.PutRecordingState(row)
	})
	switch r.Action {
	case recording.Pause:
		f.note(byFlow, "recording.paused", interaction, r.Reason)
	case recording.Resume:
		f.note(byFlow, "recording.resumed", interaction, r.Reason)
	case recording.Stop:
		f.note(byFlow, "recording.stopped", interaction, r.Reason)
	}
}

// Fields takes what flows found out over into the fields of interactions that ask for
// it; *field.Service is one.
type Fields interface {
	FillFromFlow(tx *store.Tx, interaction, contact string, attributes map[string]string) error
}

// fill hands over what the flow found out, with what is stored of the run.
func (f *floor) fill(it *item) {
	if f.m.Fields == nil || len(it.run.Attributes) == 0 {
		return
	}
	interaction, contact, attributes := it.ID, it.Contact, maps.Clone(it.run.Attributes)
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return f.m.Fields.FillFromFlow(tx, interaction, contact, attributes) })
}

// enqueue puts an interaction into a queue of the engine.
func (f *floor) enqueue(it *item, queue string, now time.Time) {
	if _, ok := f.plan.Queues[queue]; !ok {
		f.closeFlow(it, acd.Failed, "no_queue", now)
		return
	}
	if !it.Callback && it.row.FlowID != backFlow || it.place.IsZero() { // who is called back keeps the place
		it.place = now
	}
	w := f.asWork(it, queue, it.place)
	w.Entered = now
	switch it.row.FlowID {
	case backFlow: // it waited here until now
		w.Entered, w.Back = it.entered, true
	case laterFlow: // it was promised that it is called
		w.Back = true
	}
	f.step(acd.Enqueue{Work: w}, now)
}

// asWork is an interaction as the engine takes it. Its person's last agent is
// preferred in queues that keep work for one.
func (f *floor) asWork(it *item, queue string, queued time.Time) acd.Work {
	w := acd.Work{ID: it.ID, Channel: it.spoken(), Queue: queue, Priority: it.Priority, Needs: it.Needs, Wants: it.wants,
		Preferred: it.row.PreferredID, Only: it.row.OnlyPreferred, Arrived: it.ArrivedAt, Queued: queued, Promised: it.Callback || it.LeftMessage}
	if !w.Only && f.plan.Queues[queue].AffinitySeconds == 0 {
		w.Preferred = ""
	}
	return w
}

// closeFlow ends an interaction that never reached a queue.
func (f *floor) closeFlow(it *item, reason acd.CloseReason, cause string, now time.Time) {
	it.running = false
	f.workChanged(it, acd.WorkChanged{Work: it.ID, State: acd.Closed, Reason: reason, Cause: cause}, now)
}

// flowTimers lets waits of flows end that are due.
func (f *floor) flowTimers(now time.Time) {
	for _, it := range f.dueFlows(now) {
		if it.row.FlowID == parkFlow {
			f.ringsBack(it, now)
			continue
		}
		if it.onShelf() {
			f.unshelve(it, now)
			continue
		}
		f.feed(it, flow.Input{Timeout: true}, now)
	}
}

// dueFlows are those whose wait is over, who came first first.
func (f *floor) dueFlows(now time.Time) (due []*item) {
	for _, it := range f.timed {
		if !it.run.Deadline.After(now) {
			due = append(due, it)
		}
	}
	slices.SortFunc(due, byArrival)
	return due
}

func byArrival(a, b *item) int {
	return cmp.Or(a.ArrivedAt.Compare(b.ArrivedAt), cmp.Compare(a.ID, b.ID))
}

func needs(skills map[string]int) []acd.SkillNeed {
	if len(skills) == 0 {
		return nil
	}
	out := make([]acd.SkillNeed, 0, len(skills))
	for s, l := range skills {
		out = append(out, acd.SkillNeed{Skill: s, Level: l})
	}
	sortNeeds(out)
	return out
}

// skills is the inverse of needs.
func skills(needs []acd.SkillNeed) map[string]int {
	out := make(map[string]int, len(needs))
	for _, n := range needs {
		out[n.Skill] = n.Level
	}
	return out
}

// wouldServe runs the flow of an entry point dry to its first wait: a form or a
// close before any queue or question means that nobody is there.
func (f *floor) wouldServe(entryPoint string, now time.Time) (bool, error) {
	point, ok := f.plan.EntryPoints[entryPoint]
	planned, known := f.plan.Flows[point.Flow]
	if !ok || !known {
		return false, errs.New(errs.NotFound, "This entry point does not exist.")
	}
	lang := "en"
	if len(point.Languages) > 0 {
		lang = point.Languages[0]
	}
	dry := &item{Interaction: Interaction{Channel: point.Channel}}
	_, actions, err := flow.Start(planned.Graph, lang, nil, f.world(dry, now))
	if err != nil {
		return false, err
	}
	for _, a := range actions {
		if a.Form || a.Close {
			return false, nil
		}
	}
	return true, nil
}
