package setup

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/core/acd"
)

// Trial plays made-up work through an engine of its own, from a moment on at
// which nothing else waits: what routing would do, without doing it. Whoever is
// offered work takes it and keeps it; hours stay as they are.
type Trial struct {
	Queue  string      // where the work arrives
	Queues []acd.Queue // it, and all that its rules may lead to
	Blend  acd.Blend
	Agents []TrialAgent
	Works  []TrialWork
}

// TrialAgent is an agent as the trial begins.
type TrialAgent struct {
	acd.Agent
	Presence acd.Presence
	Idle     time.Duration // for how long it has had nothing to do
	Holds    map[acd.Channel]int
}

// TrialWork is made-up work that has waited for Waited in its queue.
type TrialWork struct {
	Channel      acd.Channel
	Needs, Wants []acd.SkillNeed
	Priority     int
	Waited       time.Duration
	LastAgent    string
}

// TrialEvent is what happens to a work.
type TrialEvent string

const (
	TrialWaits   TrialEvent = "waits"   // nobody can have it yet
	TrialStep    TrialEvent = "step"    // a step of loosening begins, and still nobody can
	TrialMoves   TrialEvent = "moves"   // it goes on to Queue
	TrialOffered TrialEvent = "offered" // Agent gets it
	TrialEnds    TrialEvent = "ends"    // a rule ends it
)

// TrialMoment is one thing that happens to a work, After the trial's begin.
// Candidates are the queue's other agents with what keeps each from it at that
// moment; one without a reason could have had it and was not the choice.
type TrialMoment struct {
	After      time.Duration
	Event      TrialEvent
	Queue      string
	Agent      string
	Step       int // steps of loosening in force
	Candidates []acd.Candidate
}

// trialSteps bounds a trial; each work meets few steps and rules.
const trialSteps = 1000

type trialRun struct {
	e     *acd.Engine
	begin time.Time
	out   [][]TrialMoment
	queue []string // where each work is
	level []int
	done  []bool
}

// Run answers with what happens to each work, in order of time. The last moment
// of a work that nobody ever gets is not TrialOffered or TrialEnds.
func (t Trial) Run(now time.Time) [][]TrialMoment {
	n := len(t.Works)
	r := &trialRun{e: acd.New(acd.Options{}), begin: now, out: make([][]TrialMoment, n), queue: make([]string, n), level: make([]int, n), done: make([]bool, n)}
	r.e.Restore(t.restored(now), now)
	for _, a := range t.Agents {
		if a.Presence != acd.Offline {
			r.e.Step(acd.Connected{Agent: a.ID, N: 1}, now)
		}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(t.Works[b].Waited, t.Works[a].Waited) })
	for _, i := range order {
		w := t.Works[i]
		r.queue[i] = t.Queue
		since := now.Add(-w.Waited)
		r.step(acd.Enqueue{Work: acd.Work{ID: trialID(i), Channel: w.Channel, Queue: t.Queue, Priority: w.Priority, Needs: w.Needs, Wants: w.Wants,
			Preferred: w.LastAgent, Arrived: since, Queued: since, Entered: since}}, now)
	}
	r.look(now, true)
	for range trialSteps {
		at, ok := r.next()
		if !ok {
			break
		}
		r.step(acd.Tick{}, at)
		r.look(at, false)
	}
	return r.out
}

func trialID(i int) string { return "work_" + strconv.Itoa(i) }

// restored is the floor as the trial begins.
func (t Trial) restored(now time.Time) acd.Restored {
	re := acd.Restored{Queues: t.Queues, Blend: t.Blend}
	for _, a := range t.Agents {
		idle := now.Add(-a.Idle)
		re.Agents = append(re.Agents, acd.RestoredAgent{Agent: a.Agent, Presence: a.Presence, Since: idle, IdleSince: idle})
		for ch, n := range a.Holds {
			for i := range n {
				id := "held_" + a.ID + "_" + string(ch) + "_" + strconv.Itoa(i)
				re.Works = append(re.Works, acd.RestoredWork{Work: acd.Work{ID: id, Channel: ch, Queue: t.Queue, Arrived: idle, Queued: idle}, State: acd.Active, Agent: a.ID, AnsweredAt: idle})
			}
		}
	}
	return re
}

// step feeds the engine and notes what becomes of the works. Offers are taken at
// once.
func (r *trialRun) step(ev acd.Event, now time.Time) {
	for todo := []acd.Event{ev}; len(todo) > 0; todo = todo[1:] {
		for _, c := range r.e.Step(todo[0], now) {
			switch c := c.(type) {
			case *acd.WorkChanged:
				r.changed(*c, now)
			case *acd.OfferMade:
				r.offered(*c, now)
				todo = append(todo, acd.Accept{Offer: c.Offer, Agent: c.Agent})
			}
		}
	}
}

func (r *trialRun) changed(c acd.WorkChanged, now time.Time) {
	i := r.index(c.Work)
	if i < 0 || r.done[i] {
		return
	}
	if c.Queue != r.queue[i] && c.Queue != "" {
		r.queue[i], r.level[i] = c.Queue, 0
		r.add(i, now, TrialMoment{Event: TrialMoves, Queue: c.Queue})
	}
	if c.State == acd.Closed {
		r.done[i] = true
		r.add(i, now, TrialMoment{Event: TrialEnds, Queue: r.queue[i]})
	}
}

func (r *trialRun) offered(c acd.OfferMade, now time.Time) {
	i := r.index(c.Work)
	if i < 0 || r.done[i] {
		return
	}
	r.done[i] = true
	step, others := r.e.Others(c.Work)
	r.add(i, now, TrialMoment{Event: TrialOffered, Queue: r.queue[i], Agent: c.Agent, Step: step, Candidates: others})
}

func (r *trialRun) add(i int, now time.Time, m TrialMoment) {
	m.After = now.Sub(r.begin)
	r.out[i] = append(r.out[i], m)
}

// look notes who still waits: at first, after a move, and at each new step.
func (r *trialRun) look(now time.Time, first bool) {
	for i := range r.out {
		if r.done[i] {
			continue
		}
		why, ok := r.e.Why(trialID(i))
		moved := len(r.out[i]) > 0 && r.out[i][len(r.out[i])-1].Event == TrialMoves
		if !ok || why.State != acd.Queued || !first && !moved && why.Step == r.level[i] {
			continue
		}
		event := TrialWaits
		if !first && !moved {
			event = TrialStep
		}
		r.level[i] = why.Step
		r.add(i, now, TrialMoment{Event: event, Queue: why.Queue, Step: why.Step, Candidates: why.Candidates})
	}
}

// next is when something may happen to a work that still waits.
func (r *trialRun) next() (time.Time, bool) {
	var at time.Time
	for i := range r.out {
		if why, ok := r.e.Why(trialID(i)); ok && !r.done[i] && !why.NextStep.IsZero() && (at.IsZero() || why.NextStep.Before(at)) {
			at = why.NextStep
		}
	}
	if !slices.Contains(r.done, false) {
		return at, false
	}
	if wake, ok := r.e.NextWake(); ok && (at.IsZero() || wake.Before(at)) {
		at = wake
	}
	return at, !at.IsZero()
}

// index of a made-up work; -1 for what an agent held before.
func (r *trialRun) index(work string) int {
	n, made := strings.CutPrefix(work, "work_")
	i, err := strconv.Atoi(n)
	if !made || err != nil {
		return -1
	}
	return i
}
