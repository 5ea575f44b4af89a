package acdsim

import (
	"fmt"
	"hash/fnv"
	"maps"
	"reflect"
	"slices"
	"time"

	"nubitalk/internal/core/acd"
)

// world plays one story on both engines.
type world struct {
	story    Story
	opts     acd.Options
	now      time.Time
	fast     *acd.Engine
	naive    *Naive
	ledger   *Ledger
	ended    []acd.OfferMade // offers of the past, for late answers
	works    int
	last     acd.Event
	expected []acd.Subject // scratch of about
	before   *saved        // the state before the last step
	keep     bool          // note before in the next step
	log      []string
	hash     uint64
	checks   int
	tell     Telling
}

type saved struct {
	state  acd.Restored
	naive  *Naive
	ledger *Ledger
}

// Result is what a story that went well came to.
type Result struct {
	Steps, Offers int
	Hash          uint64 // of all commands
}

// Telling is how much of a story is written down.
type Telling int

const (
	Quiet  Telling = iota
	Hashed         // Result.Hash
	Logged         // and Failure.Log: each event with its commands
)

// Play plays a story; the failure is nil if all went well.
func Play(s Story, tell Telling) (Result, *Failure) {
	w := &world{story: s, naive: NewNaive(acd.Options{}), ledger: newLedger(), tell: tell,
		now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)}
	offers := 0
	w.opts.NewOfferID = func() string { offers++; return fmt.Sprintf("off_%d", offers) }
	w.fast = acd.New(w.opts)
	fail := func(step int, err error) (Result, *Failure) {
		return Result{}, &Failure{Story: s, Step: step, What: err.Error(), Log: w.log}
	}
	if err := w.open(); err != nil {
		return fail(-1, err)
	}
	for i, op := range s.Ops {
		w.keep = i+1 < len(s.Ops) && s.Ops[i+1].Kind == CrashLost
		if err := w.play(op); err != nil {
			return fail(i, err)
		}
	}
	if err := w.drain(); err != nil {
		return fail(len(s.Ops), err)
	}
	return Result{Steps: len(s.Ops), Offers: offers, Hash: w.hash}, nil
}

// open sets up the queues and agents and lets most agents come in.
func (w *world) open() error {
	for i := range w.story.queues() {
		if err := w.step(acd.SetQueue{Queue: w.story.queue(i, 0)}); err != nil {
			return err
		}
	}
	r := w.story.setup(5)
	for i := range w.story.agents() {
		for _, ev := range []acd.Event{
			acd.SetAgent{Agent: w.story.agent(i, 0)},
			acd.Connected{Agent: agentID(i), N: r.IntN(5)},
			acd.SetPresence{Agent: agentID(i), Presence: acd.Ready},
		} {
			if err := w.step(ev); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *world) play(op Op) error {
	if op.Kind == Wake {
		if at, ok := w.fast.NextWake(); ok {
			w.now = at
		}
	} else {
		w.now = w.now.Add(op.Wait)
	}
	switch op.Kind {
	case Crash:
		return w.restart(&saved{w.fast.Snapshot(), w.naive, w.ledger})
	case CrashLost:
		if w.before == nil {
			return nil
		}
		w.before.naive.offers = w.naive.offers // ids are never used again
		return w.restart(w.before)
	case Repeat:
		if w.last == nil {
			return nil
		}
		return w.step(w.last)
	}
	ev := w.event(op)
	if ev == nil {
		ev = acd.Tick{}
	}
	return w.step(ev)
}

// step gives the event to both engines and checks everything.
func (w *world) step(ev acd.Event) error {
	if w.keep {
		w.before = &saved{w.fast.Snapshot(), w.naive.Clone(), w.ledger.clone()}
		w.keep = false
	} else {
		w.before = nil
	}
	w.last = ev
	w.fast.Expect(w.about(ev))
	got := w.fast.Step(ev, w.now)
	if w.story.spoil != nil {
		got = w.story.spoil(got)
	}
	want := w.naive.Step(ev, w.now)
	w.note(ev, got)
	if g, n := w.fast.Refusal(), w.naive.Refusal(); g != n {
		return fmt.Errorf("refusal %q, the naive engine says %q", g, n)
	}
	if err := w.ledger.step(ev, w.fast.Refusal() == acd.RefusedNone, got); err != nil {
		return err
	}
	if at, ok := w.fast.NextWake(); ok && !at.After(w.naive.now) {
		return fmt.Errorf("a timer of %s is still due", at)
	}
	return w.check(got, want)
}

// about is what an event is about, beside somebody and something that there is
// not, and what the step before was about.
func (w *world) about(ev acd.Event) []acd.Subject {
	s := acd.Subject{Agent: "nobody", Work: "nothing", Queue: "nowhere"}
	switch ev := ev.(type) {
	case acd.Accept:
		s = acd.Subject{Agent: ev.Agent}
	case acd.Finish:
		s = acd.Subject{Agent: ev.Agent, Work: ev.Work}
	case acd.Complete:
		s = acd.Subject{Agent: ev.Agent}
	case acd.SetPresence:
		s = acd.Subject{Agent: ev.Agent}
	case acd.CustomerLeft:
		s = acd.Subject{Work: ev.Work}
	case acd.Enqueue:
		s = acd.Subject{Work: ev.Work.ID, Queue: ev.Work.Queue}
	}
	w.expected = append(w.expected[:len(w.expected)/2], s, acd.Subject{}, s)
	return w.expected
}

// restart replaces the engine with one made from a stored state.
func (w *world) restart(from *saved) error {
	w.naive, w.ledger = from.naive, from.ledger
	w.before = nil
	if now := w.naive.now; w.now.Before(now) {
		w.now = now // a restart reads the time anew: never before what it stored
	}
	if want := w.naive.Snapshot(); !reflect.DeepEqual(from.state, want) {
		return fmt.Errorf("snapshot\n%+v\nthe naive engine says\n%+v", from.state, want)
	}
	w.fast = acd.New(w.opts)
	got := w.fast.Restore(from.state, w.now)
	want := w.naive.Restart(w.now)
	w.note("restart", got)
	if err := w.ledger.commands(got); err != nil {
		return err
	}
	return w.check(got, want)
}

// check holds the engine's answer against the naive one and all invariants.
func (w *world) check(got, want []acd.Command) error {
	if !slices.Equal(values(got), values(want)) {
		return fmt.Errorf("the engines part; the naive one says:%s", tell(want))
	}
	for _, c := range got {
		if o, ok := c.(*acd.OfferMade); ok {
			w.ended = append(w.ended, *o)
		}
	}
	if err := w.ledger.agrees(w.fast); err != nil {
		return err
	}
	return w.checkQueues()
}

// checkQueues looks at the queries: places, order, and that each waiting work
// has a reason for waiting.
func (w *world) checkQueues() error {
	byQueue := map[string][]string{}
	w.checks++
	for i, x := range w.naive.ordered() {
		byQueue[x.Queue] = append(byQueue[x.Queue], x.ID)
		if (i+w.checks)%8 == 0 {
			if err := w.checkWaiting(x); err != nil {
				return err
			}
		}
	}
	for id := range w.naive.queues {
		waiting := w.fast.Waiting(id)
		if !slices.Equal(waiting, byQueue[id]) {
			return fmt.Errorf("queue %s: %v waits, should be %v", id, waiting, byQueue[id])
		}
		for i, x := range waiting {
			if p := w.fast.Position(x); p != i+1 {
				return fmt.Errorf("%s is at %d, not %d", x, p, i+1)
			}
		}
		if err := w.checkStats(id); err != nil {
			return err
		}
	}
	return nil
}

// checkWaiting: nobody could take what waits, and the engine can say why.
func (w *world) checkWaiting(x *work) error {
	for id, a := range w.naive.agents {
		if w.naive.can(a, x) {
			return fmt.Errorf("%s waits although %s can take it", x.ID, id)
		}
	}
	why, _ := w.fast.Why(x.ID)
	for _, c := range why.Candidates {
		if len(c.Reasons) == 0 {
			return fmt.Errorf("%s waits and nothing excludes %s", x.ID, c.Agent)
		}
	}
	return nil
}

// checkStats counts a queue's figures again.
func (w *world) checkStats(id string) error {
	stats, _ := w.fast.QueueStats(id, w.now)
	var want acd.QueueInfo
	used := map[acd.Channel]bool{}
	for _, x := range w.naive.works {
		if x.Queue != id {
			continue
		}
		used[x.Channel] = true
		switch x.state {
		case acd.Queued:
			want.Waiting++
			if want.LongestSince.IsZero() || x.Queued.Before(want.LongestSince) {
				want.LongestSince = x.Queued
			}
		case acd.Offered:
			want.Offered++
		case acd.Active:
			want.Active++
		case acd.Wrapping:
			want.Wrapping++
		}
	}
	for aid, a := range w.naive.agents {
		if w.naive.queues[id].Members[aid] && a.browsers > 0 {
			want.AgentsOnline++
		}
	}
	if stats.Waiting != want.Waiting || stats.Offered != want.Offered || stats.Active != want.Active ||
		stats.Wrapping != want.Wrapping || stats.AgentsOnline != want.AgentsOnline || !stats.LongestSince.Equal(want.LongestSince) {
		return fmt.Errorf("queue %s: %+v, should be %+v", id, stats, want)
	}
	for ch := range used {
		ready, serving := 0, 0
		for aid, a := range w.naive.agents {
			if !w.naive.queues[id].Members[aid] {
				continue
			}
			if w.naive.room(a, ch) {
				ready++
			}
			if w.naive.serving(a, ch) {
				serving++
			}
		}
		if ready > stats.AgentsReady || serving > stats.AgentsServing {
			return fmt.Errorf("queue %s: %+v, but %d ready and %d serving for %s", id, stats, ready, serving, ch)
		}
	}
	return nil
}

// drain brings everybody in and handles all work. What then still waits must be
// impossible to serve, and every agent must be free again.
func (w *world) drain() error {
	for _, id := range slices.Sorted(maps.Keys(w.naive.agents)) {
		for _, ev := range []acd.Event{
			acd.Connected{Agent: id, N: 1},
			acd.SetPresence{Agent: id, Presence: acd.Ready, Reason: "drain"},
		} {
			if err := w.step(ev); err != nil {
				return err
			}
		}
	}
	if w.now.Before(w.naive.now) {
		w.now = w.naive.now // the clock is right again
	}
	if _, err := w.handleAll(); err != nil {
		return err
	}
	for quiet := 0; quiet < 4; quiet++ {
		w.now = w.now.Add(31 * time.Second) // past any back-off, and in four rounds any step
		if err := w.step(acd.Tick{}); err != nil {
			return err
		}
		handled, err := w.handleAll()
		if err != nil {
			return err
		}
		if handled {
			quiet = 0
		}
	}
	for id, a := range w.naive.agents {
		info, _ := w.fast.Agent(id)
		if info.Presence != acd.Ready || info.Offered+info.Active+info.Wrapping != 0 || info.Available != (len(a.cfg.Capacity) > 0) {
			return fmt.Errorf("agent %s did not become available again: %+v", id, info)
		}
		for _, x := range w.naive.works {
			if w.naive.allowed(a, x) && a.cfg.Capacity[x.Channel] > 0 {
				return fmt.Errorf("%s still waits although %s could have had it", x.ID, id)
			}
		}
	}
	return nil
}

// handleAll answers, finishes and completes work until none is left in hand.
func (w *world) handleAll() (handled bool, err error) {
	for events := w.next(); len(events) > 0; events = w.next() {
		handled = true
		for _, ev := range events {
			if err := w.step(ev); err != nil {
				return handled, err
			}
		}
	}
	return handled, nil
}

// next is what every agent would do now with the work in hand.
func (w *world) next() []acd.Event {
	var events []acd.Event
	for _, id := range slices.Sorted(maps.Keys(w.naive.works)) {
		switch x := w.naive.works[id]; x.state {
		case acd.Offered:
			events = append(events, acd.Accept{Offer: x.offer, Agent: x.agent})
		case acd.Active:
			events = append(events, acd.Finish{Work: id, Agent: x.agent})
		case acd.Wrapping:
			events = append(events, acd.Complete{Work: id, Agent: x.agent})
		}
	}
	return events
}

// note adds to the log and the hash.
func (w *world) note(ev any, got []acd.Command) {
	if w.tell == Quiet {
		return
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %v %v", w.hash, w.now, values(got))
	w.hash = h.Sum64()
	if w.tell < Logged {
		return
	}
	name := fmt.Sprintf("%T", ev)
	if s, ok := ev.(string); ok {
		name = s
	}
	refusal := ""
	if r := w.fast.Refusal(); r != "" {
		refusal = "  (" + r + ")"
	}
	w.log = append(w.log, fmt.Sprintf("%s %s %+v%s%s", w.now.Format("15:04:05.000"), name, ev, refusal, tell(got)))
}

// values are the commands themselves, not where they are: they can be compared
// and printed.
func values(cs []acd.Command) []any {
	vs := make([]any, len(cs))
	for i, c := range cs {
		switch c := c.(type) {
		case *acd.OfferMade:
			vs[i] = *c
		case *acd.OfferEnded:
			vs[i] = *c
		case *acd.WorkChanged:
			vs[i] = *c
		case *acd.AgentChanged:
			vs[i] = *c
		}
	}
	return vs
}

func tell(cs []acd.Command) string {
	s := ""
	for _, c := range cs {
		switch c := c.(type) {
		case *acd.OfferMade:
			s += fmt.Sprintf("\n    %s: %s offered to %s until %s", c.Offer, c.Work, c.Agent, c.Deadline.Format("15:04:05.000"))
		case *acd.OfferEnded:
			s += fmt.Sprintf("\n    %s: %s by %s", c.Offer, c.Outcome, c.Agent)
		case *acd.WorkChanged:
			s += fmt.Sprintf("\n    %s %s %s in %s, %s %s %v", c.Work, c.State, c.Reason, c.Queue, c.Agent, c.Cause, c.Front)
		case *acd.AgentChanged:
			s += fmt.Sprintf("\n    %+v", *c)
		}
	}
	return s
}
