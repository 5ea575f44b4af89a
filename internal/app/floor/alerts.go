package floor

import (
	"container/heap"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Why an alert was cleared.
const (
	clearedBack   = "back"   // the value is good again
	clearedClosed = "closed" // the queue closed
	clearedRule   = "rule"   // the rule was changed or taken out of use
	clearedGone   = "gone"   // the queue or the agent is no more
)

const (
	ofQueue = "queue"
	ofAgent = "agent"
)

// watch is one rule for one queue or agent. Its row holds what must survive a
// restart; its ID is "" while that is nothing.
type watch struct {
	id     string // the rule's
	rule   setup.AlertRule
	levels alert.Thresholds
	row    store.AlertRow
}

func (w *watch) state() alert.State {
	return alert.State{Level: alert.ParseLevel(w.row.Level), Warning: w.row.WarningSince, Critical: w.row.CriticalSince}
}

// alerts are a floor's rules at work. A queue or agent is looked at when
// something about it changed and when a threshold or a hold time is due, never
// otherwise.
type alerts struct {
	queueRules, agentRules []string // ids of the rules, in order
	of                     map[string][]*watch
	open                   map[string]*watch // raised, by the alert's id
	look                   map[string]bool   // to be looked at in this turn
	due                    wakes
	at                     map[string]time.Time // when each is due next
	settled                time.Time            // from when on it is known who is at a desk
}

// wakes is a heap of what is due when. One that was moved forward stands in it
// twice; the later one finds nothing to do.
type wakes []wake

type wake struct {
	at      time.Time
	subject string
}

func (h wakes) Len() int           { return len(h) }
func (h wakes) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h wakes) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *wakes) Push(x any)        { *h = append(*h, x.(wake)) }
func (h *wakes) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// settle is how long desks may take to come back after a floor was opened.
const settle = 30 * time.Second

// takeRules puts the set-up's rules to work. What was remembered goes on as far
// as its rule still watches the same; the rest is cleared.
func (f *floor) takeRules(remembered []store.AlertRow, settled, now time.Time) {
	f.alerts = alerts{of: map[string][]*watch{}, open: map[string]*watch{}, look: map[string]bool{}, at: map[string]time.Time{}, settled: settled}
	for _, r := range sortedKeys(f.plan.AlertRules) {
		switch rule := f.plan.AlertRules[r]; {
		case !rule.Enabled:
		case rule.Measure.OfAgents():
			f.alerts.agentRules = append(f.alerts.agentRules, r)
		default:
			f.alerts.queueRules = append(f.alerts.queueRules, r)
		}
	}
	for _, row := range remembered {
		w := f.watchOf(row)
		if w == nil {
			f.forget(row, now)
			continue
		}
		if w.row = row; !row.RaisedAt.IsZero() {
			f.alerts.open[row.ID] = w
		}
	}
	for trunk := range f.trunks {
		f.alerts.look[trunk] = true
	}
	if f.m.Recordings != nil {
		f.alerts.look[string(f.tenant)] = true
	}
	if len(f.alerts.queueRules) > 0 {
		for q := range f.plan.Queues {
			f.alerts.look[q] = true
		}
	}
	if len(f.alerts.agentRules) > 0 {
		for u, p := range f.people {
			if p.agent {
				f.alerts.look[u] = true
			}
		}
	}
}

// watchOf finds the watch that a remembered alert goes on as; nil if its rule
// watches something else by now.
func (f *floor) watchOf(row store.AlertRow) *watch {
	for _, w := range f.watches(row.SubjectID) {
		if w.id == row.RuleID && string(w.rule.Measure) == row.Measure && string(w.rule.Activity) == row.Activity {
			return w
		}
	}
	return nil
}

// forget ends a remembered alert whose rule watches it no more.
func (f *floor) forget(row store.AlertRow, now time.Time) {
	if row.RaisedAt.IsZero() {
		f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return tx.DropAlert(row.ID) })
		return
	}
	cause := clearedRule
	if gone := row.SubjectKind == ofQueue && !f.knows(row.SubjectID) || row.SubjectKind == ofAgent && !f.people[row.SubjectID].agent; gone {
		cause = clearedGone
	}
	row.WarningSince, row.CriticalSince, row.ClearedAt, row.Cause = time.Time{}, time.Time{}, now.Truncate(time.Microsecond), cause
	f.keepAlert(row)
	f.tellAlert(row)
	f.tellOthers(row, now)
}

// remembered are the rows of what goes on.
func (a *alerts) remembered() (rows []store.AlertRow) {
	for _, subject := range slices.Sorted(maps.Keys(a.of)) {
		for _, w := range a.of[subject] {
			if w.row.ID != "" {
				rows = append(rows, w.row)
			}
		}
	}
	return rows
}

// watches are the rules that watch a queue or an agent.
func (f *floor) watches(subject string) []*watch {
	list, known := f.alerts.of[subject]
	if known {
		return list
	}
	add := func(r string, rule setup.AlertRule) {
		list = append(list, &watch{id: r, rule: rule, levels: rule.Thresholds()})
	}
	if _, queue := f.plan.Queues[subject]; queue {
		for _, r := range f.alerts.queueRules {
			if rule := f.plan.AlertRules[r]; rule.Watches(subject) {
				add(r, rule)
			}
		}
	} else if id.Kind(subject) == id.Trunk {
		list = f.trunkWatches()
	} else if subject == string(f.tenant) {
		list = f.recordingWatches()
	} else if p := f.people[subject]; p.agent {
		for _, r := range f.alerts.agentRules {
			if rule := f.plan.AlertRules[r]; rule.WatchesAgent(p.who.Teams) {
				add(r, rule)
			}
		}
	}
	f.alerts.of[subject] = list
	return list
}

// watchOver looks at what the batch touched and at what is due. views are those
// of queues that were made for the batch anyway.
func (f *floor) watchOver(views map[string]QueueView, now time.Time) {
	a := &f.alerts
	now = now.Truncate(time.Microsecond) // as it is stored
	for len(a.due) > 0 && !a.due[0].at.After(now) {
		w := heap.Pop(&a.due).(wake)
		if a.at[w.subject].Equal(w.at) {
			delete(a.at, w.subject)
			a.look[w.subject] = true
		}
	}
	if len(a.queueRules) > 0 {
		for q := range f.batch.queues {
			a.look[q] = true
		}
	}
	if len(a.agentRules) > 0 {
		for u := range f.batch.agents {
			a.look[u] = true
		}
		for _, it := range f.batch.order {
			a.look[it.Agent] = true
			a.look[it.row.AgentID] = true // who held it before
		}
	}
	for _, subject := range sortedKeys(a.look) {
		if list := f.watches(subject); len(list) > 0 {
			f.lookAt(subject, list, views, now)
		}
	}
	clear(a.look)
}

// lookAt evaluates the rules of one queue or agent.
func (f *floor) lookAt(subject string, list []*watch, views map[string]QueueView, now time.Time) {
	next := time.Time{}
	soon := func(at time.Time) {
		if at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	view, made := views[subject]
	if f.knows(subject) && !made {
		view = f.queueView(subject, now)
	}
	for _, w := range list {
		var r alert.Reading
		switch {
		case w.rule.Measure.OfAgents():
			r = f.agentReading(w, subject, now, soon)
		case w.rule.Measure.OfTrunk():
			r = f.trunkReading(w.rule.Measure, subject)
		case w.rule.Measure.OfRecordings():
			r = f.recordingReading(w.rule.Measure)
		default:
			r = f.queueReading(w, subject, view, now, soon)
		}
		was := w.state()
		is := w.levels.Step(was, r, now)
		if is != was {
			f.takeState(w, subject, is, r, now)
		}
		if at, ok := w.levels.Wake(is); ok {
			soon(at)
		}
		if !is.Idle() && w.rule.Measure.Share() { // the day's shares begin anew
			soon(f.day.Until)
		}
	}
	f.wakeAt(subject, next)
}

func (f *floor) wakeAt(subject string, next time.Time) {
	a := &f.alerts
	if rounded := next.Truncate(time.Microsecond); rounded.Before(next) {
		next = rounded.Add(time.Microsecond) // not a moment too early
	}
	if known, ok := a.at[subject]; next.IsZero() || ok && !next.Before(known) {
		return // it is looked at before, and asks again
	}
	a.at[subject] = next
	heap.Push(&a.due, wake{next, subject})
}

// takeState takes a watch to its new state: in its row, and in what people see.
func (f *floor) takeState(w *watch, subject string, is alert.State, r alert.Reading, now time.Time) {
	was := w.state()
	if w.row.ID == "" {
		kind := ofQueue
		if w.rule.Measure.OfAgents() {
			kind = ofAgent
		}
		w.row = store.AlertRow{Called: f.trunks[subject].Name, ID: f.m.IDs.New(id.Alert), RuleID: w.id, Measure: string(w.rule.Measure), Activity: string(w.rule.Activity), SubjectKind: kind, SubjectID: subject}
	}
	row := &w.row
	row.WarningSince, row.CriticalSince = is.Warning, is.Critical
	switch {
	case is.Level == was.Level:
	case is.Level == alert.None:
		row.ClearedAt, row.Cause = now, clearedBack
		switch {
		case r.Sort == alert.Off && w.rule.Measure.OfTrunk():
			row.Cause = clearedGone
		case r.Sort == alert.Off:
			row.Cause = clearedClosed
		}
	default:
		row.Level, row.LevelAt = is.Level.String(), now
		if r.Sort == alert.Value {
			row.Value = int(r.Value)
		}
		row.Threshold = w.levels.Warning.At
		if is.Level == alert.Critical {
			row.Threshold = w.levels.Critical.At
		}
		if row.RaisedAt.IsZero() {
			row.RaisedAt = now
			f.alerts.open[row.ID] = w
		}
		if is.Level > was.Level {
			row.Worst = row.Level
			if !row.AcknowledgedAt.IsZero() { // it became worse: somebody must see it again
				row.EarlierBy, row.EarlierAt = row.AcknowledgedBy, row.AcknowledgedAt
				row.AcknowledgedBy, row.AcknowledgedAt = "", time.Time{}
			}
		}
	}
	done := *row
	if is.Idle() || is.Level == alert.None && !done.RaisedAt.IsZero() {
		w.row = store.AlertRow{}
		delete(f.alerts.open, done.ID)
		if done.RaisedAt.IsZero() {
			f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return tx.DropAlert(done.ID) })
			return
		}
	}
	f.keepAlert(done)
	if is.Level != was.Level {
		f.tellAlert(done)
		f.tellOthers(done, now)
	}
}

func (f *floor) keepAlert(row store.AlertRow) {
	f.batch.writes = append(f.batch.writes, func(tx *store.Tx) error { return tx.PutAlert(row) })
}

func (f *floor) tellAlert(row store.AlertRow) {
	to := f.recipients(row.RuleID)
	f.batch.events = append(f.batch.events, bus.Event{Tenant: f.tenant, Kind: alertChanged, Users: to, Watch: access.FloorWatch, Only: len(to) > 0, Data: must(alertOf(row)), In: f.about(row)})
}

// recipients are who sees a rule's alerts; nil: everybody who may watch the floor,
// also when none of those who were named may any more.
func (f *floor) recipients(rule string) []string {
	var to []string
	for _, u := range f.plan.AlertRules[rule].Recipients {
		if f.people[u].watches {
			to = append(to, u)
		}
	}
	return to
}

// allRecipients are those of every rule that names some.
func (f *floor) allRecipients() map[string][]string {
	all := map[string][]string{}
	for r := range f.plan.AlertRules {
		if to := f.recipients(r); len(to) > 0 {
			all[r] = to
		}
	}
	return all
}

// alertIsFor says whether somebody sees a rule's alerts.
func (f *floor) alertIsFor(user, rule string) bool {
	to := f.recipients(rule)
	return len(to) == 0 || slices.Contains(to, user)
}

// growing reads a time that runs since a moment; soon hears when it comes to the
// next threshold.
func growing(w *watch, since, now time.Time, soon func(time.Time)) alert.Reading {
	v := max(0, now.Sub(since).Seconds())
	if next, ok := w.levels.Next(v); ok {
		soon(since.Add(time.Duration(next) * time.Second))
	}
	return alert.Read(v)
}

// queueReading is a rule's measure of a queue, from the figures that screens show.
func (f *floor) queueReading(w *watch, q string, v QueueView, now time.Time, soon func(time.Time)) alert.Reading {
	if f.shut[q] && !w.rule.Always {
		return alert.Reading{Sort: alert.Off}
	}
	switch w.rule.Measure {
	case alert.Waiting:
		return alert.Read(float64(v.Waiting))
	case alert.LongestWaiting:
		if v.Waiting == 0 {
			return alert.Read(0)
		}
		return growing(w, v.LongestSince, now, soon)
	case alert.EstimatedWait:
		return f.estimateReading(w, q, v, now, soon)
	case alert.ServiceLevel:
		if c := f.countOf(q); len(c.waiting) > 0 {
			soon(c.waiting[0].due.Add(time.Microsecond)) // the next to be late
		}
		return share(v.Level.Part, v.Level.Of, w.rule.MinContacts)
	case alert.AbandonRate:
		return share(v.AbandonRate.Part, v.AbandonRate.Of, w.rule.MinContacts)
	case alert.AgentsFree:
		return f.settledReading(float64(v.AgentsReady), now, soon)
	case alert.AgentsAtWork:
		return f.settledReading(float64(v.AgentsAtWork), now, soon)
	}
	return alert.Reading{Sort: alert.Nothing}
}

// share is a part in percent; of few contacts it says nothing.
func share(part, of int64, least int) alert.Reading {
	if of < int64(max(1, least)) {
		return alert.Reading{Sort: alert.Nothing}
	}
	return alert.Read(100 * float64(part) / float64(of))
}

// settledReading is a count of agents: unclear while desks come back after a
// restart.
func (f *floor) settledReading(v float64, now time.Time, soon func(time.Time)) alert.Reading {
	if now.Before(f.alerts.settled) {
		soon(f.alerts.settled)
		return alert.Reading{Sort: alert.Unclear}
	}
	return alert.Read(v)
}

// estimateReading is the estimated wait. It grows while nobody is answered, in a
// way that only the engine knows.
func (f *floor) estimateReading(w *watch, q string, v QueueView, now time.Time, soon func(time.Time)) alert.Reading {
	switch {
	case v.EstimateSecs < 0 && v.Waiting == 0:
		return alert.Reading{Sort: alert.Nothing}
	case v.EstimateSecs < 0:
		return alert.Reading{Sort: alert.Unclear}
	}
	r := f.settledReading(float64(v.EstimateSecs), now, soon)
	next, ok := w.levels.Next(float64(v.EstimateSecs))
	if !ok || v.Waiting == 0 {
		return r
	}
	const horizon = 24 * time.Hour
	least, most := time.Duration(0), horizon
	if f.engine.Estimate(q, now.Add(most)) < next {
		return r
	}
	for most-least > time.Millisecond {
		if middle := (least + most) / 2; f.engine.Estimate(q, now.Add(middle)) < next {
			least = middle
		} else {
			most = middle
		}
	}
	soon(now.Add(most))
	return r
}

// agentReading is how long an agent is in the rule's state.
func (f *floor) agentReading(w *watch, user string, now time.Time, soon func(time.Time)) alert.Reading {
	nothing := alert.Reading{Sort: alert.Nothing}
	s, ok := f.engine.Agent(user)
	if !ok {
		return nothing
	}
	if s.Browsers == 0 && now.Before(f.alerts.settled) {
		return f.settledReading(0, now, soon)
	}
	since := f.stateSince(w.rule.Activity, user, s)
	if since.IsZero() || len(w.rule.Reasons) > 0 && !slices.Contains(w.rule.Reasons, s.Reason) {
		return nothing
	}
	return growing(w, since, now, soon)
}

// stateSince is since when an agent does something; zero if it does not. An agent
// with a contact or a wrap-up does that, whatever its presence, as on the board.
func (f *floor) stateSince(what alert.Activity, user string, s acd.AgentInfo) time.Time {
	if what == alert.Engaged || what == alert.Wrapping {
		return f.heldSince(what, user)
	}
	presence := map[alert.Activity]acd.Presence{alert.Ready: acd.Ready, alert.NotReady: acd.NotReady, alert.Missed: acd.Missed}[what]
	idle := s.Offered+s.Active+s.Wrapping == 0 || what == alert.Missed
	if s.Presence != presence || !idle || s.Browsers == 0 {
		return time.Time{}
	}
	if s.IdleSince.After(s.Since) {
		return s.IdleSince
	}
	return s.Since
}

// heldSince is since when an agent has its longest contact, or its longest wrap-up.
func (f *floor) heldSince(what alert.Activity, user string) (since time.Time) {
	for _, work := range f.engine.Held(user) {
		it := f.items[work]
		var from time.Time
		switch {
		case it == nil:
		case what == alert.Engaged && it.State == string(acd.Active) && it.segKind == "agent":
			from = it.segFrom
		case what == alert.Wrapping && it.State == string(acd.Wrapping):
			from = it.WrapFrom
		}
		if !from.IsZero() && (since.IsZero() || from.Before(since)) {
			since = from
		}
	}
	return since
}
