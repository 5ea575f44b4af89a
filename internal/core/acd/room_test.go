package acd_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/core/acd"
)

// room is an engine with a virtual clock that tests talk to in short words.
type room struct {
	t    *testing.T
	e    *acd.Engine
	now  time.Time
	last []acd.Command
	conf map[string]acd.Queue
}

var nine = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

func newRoom(t *testing.T) *room {
	return &room{t: t, e: acd.New(acd.Options{}), now: nine, conf: map[string]acd.Queue{}}
}

// do steps an event that must be applied.
func (r *room) do(evs ...acd.Event) {
	r.t.Helper()
	for _, ev := range evs {
		r.last = r.e.Step(ev, r.now)
		if why := r.e.Refusal(); why != "" {
			r.t.Fatalf("%T %+v refused: %s", ev, ev, why)
		}
	}
}

// refused steps an event that must change nothing.
func (r *room) refused(why string, ev acd.Event) {
	r.t.Helper()
	before := r.e.Snapshot()
	got := r.e.Step(ev, r.now)
	if r.e.Refusal() != why {
		r.t.Errorf("%T %+v: refusal %q, want %q", ev, ev, r.e.Refusal(), why)
	}
	if len(got) != 0 {
		r.t.Errorf("%T %+v was refused and still did %v", ev, ev, got)
	}
	if d := cmp.Diff(before, r.e.Snapshot()); d != "" {
		r.t.Errorf("%T %+v was refused and still changed the state:\n%s", ev, ev, d)
	}
}

// pass lets time go by, waking the engine as app/floor would.
func (r *room) pass(d time.Duration) {
	r.t.Helper()
	end := r.now.Add(d)
	for {
		at, ok := r.e.NextWake()
		if !ok || at.After(end) {
			break
		}
		r.now = at
		r.do(acd.Tick{})
	}
	r.now = end
}

// queue sets a queue up; members by name, separated by spaces.
func (r *room) queue(id, members string, change ...func(*acd.Queue)) {
	r.t.Helper()
	q := acd.Queue{ID: id, Priority: 5, Members: map[string]bool{}, OfferTimeout: 20 * time.Second, WrapUp: 30 * time.Second, MaxMissed: 1}
	for _, m := range strings.Fields(members) {
		q.Members[m] = true
	}
	for _, c := range change {
		c(&q)
	}
	r.conf[id] = q
	r.do(acd.SetQueue{Queue: q})
}

// agent sets up an agent for chats and lets it come in, ready.
func (r *room) agent(id string, chats int, skills ...acd.SkillNeed) {
	r.t.Helper()
	a := acd.Agent{ID: id, Skills: map[string]int{}, Capacity: map[acd.Channel]int{acd.Chat: chats}}
	for _, s := range skills {
		a.Skills[s.Skill] = s.Level
	}
	r.do(acd.SetAgent{Agent: a}, acd.Connected{Agent: id, N: 1}, acd.SetPresence{Agent: id, Presence: acd.Ready})
}

func (r *room) presence(id string, p acd.Presence) {
	r.t.Helper()
	r.do(acd.SetPresence{Agent: id, Presence: p})
}

func (r *room) browsers(id string, n int) {
	r.t.Helper()
	r.do(acd.Connected{Agent: id, N: n})
}

// arrive puts a chat into a queue.
func (r *room) arrive(id, queue string, change ...func(*acd.Work)) {
	r.t.Helper()
	w := acd.Work{ID: id, Channel: acd.Chat, Queue: queue}
	for _, c := range change {
		c(&w)
	}
	r.do(acd.Enqueue{Work: w})
}

func (r *room) info(work string) acd.WorkInfo {
	r.t.Helper()
	w, ok := r.e.Work(work)
	if !ok {
		r.t.Fatalf("work %s is not there", work)
	}
	return w
}

func (r *room) accept(work string) {
	r.t.Helper()
	w := r.info(work)
	r.do(acd.Accept{Offer: w.Offer, Agent: w.Agent})
}

func (r *room) decline(work string) {
	r.t.Helper()
	w := r.info(work)
	r.do(acd.Decline{Offer: w.Offer, Agent: w.Agent})
}

func (r *room) finish(work string) {
	r.t.Helper()
	r.do(acd.Finish{Work: work, Agent: r.info(work).Agent})
}

func (r *room) complete(work string) {
	r.t.Helper()
	r.do(acd.Complete{Work: work, Agent: r.info(work).Agent})
}

// is checks states: "w1 offered ana, w2 queued, w3 closed".
func (r *room) is(want string) {
	r.t.Helper()
	for _, one := range strings.Split(want, ", ") {
		f := strings.Fields(one)
		got := "closed"
		if w, ok := r.e.Work(f[0]); ok {
			got = strings.TrimSpace(string(w.State) + " " + w.Agent)
		}
		if want := strings.Join(f[1:], " "); got != want {
			r.t.Errorf("%s is %s, want %s", f[0], got, want)
		}
	}
}

// waiting checks a queue's order.
func (r *room) waiting(queue, want string) {
	r.t.Helper()
	if got := strings.Join(r.e.Waiting(queue), " "); got != want {
		r.t.Errorf("queue %s: %q waits, want %q", queue, got, want)
	}
}

// load checks what an agent is and holds: "ready 0 1 0" offered, active, wrapping.
func (r *room) load(agent string, p acd.Presence, offered, active, wrapping int) {
	r.t.Helper()
	a, _ := r.e.Agent(agent)
	type s struct {
		P       acd.Presence
		O, A, W int
	}
	if d := cmp.Diff(s{p, offered, active, wrapping}, s{a.Presence, a.Offered, a.Active, a.Wrapping}); d != "" {
		r.t.Errorf("agent %s: %s", agent, d)
	}
}

// causes lists the causes of the last step's work changes.
func (r *room) causes() string {
	var out []string
	for _, c := range r.last {
		if c, ok := c.(*acd.WorkChanged); ok {
			out = append(out, c.Work+" "+c.Cause)
		}
	}
	return strings.Join(out, ", ")
}

// restart replaces the engine by one made from its state, after some time.
func (r *room) restart(down time.Duration) {
	state := r.e.Snapshot()
	r.now = r.now.Add(down)
	n := 0
	r.e = acd.New(acd.Options{NewOfferID: func() string { n++; return "later_" + strconv.Itoa(n) }})
	r.last = r.e.Restore(state, r.now)
}

func need(skill string, level int) acd.SkillNeed { return acd.SkillNeed{Skill: skill, Level: level} }

// why is the exclusions between a work and an agent, joined.
func (r *room) why(work, agent string) string {
	r.t.Helper()
	w, _ := r.e.Why(work)
	i := slices.IndexFunc(w.Candidates, func(c acd.Candidate) bool { return c.Agent == agent })
	if i < 0 {
		return "no candidate"
	}
	got := map[string]bool{}
	for _, x := range w.Candidates[i].Reasons {
		got[string(x.Exclusion)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(got)), " ")
}

// requires changes the needs of a queue that is set up.
func (r *room) requires(queue string, needs ...acd.SkillNeed) {
	r.t.Helper()
	q := r.conf[queue]
	q.Needs = needs
	r.conf[queue] = q
	r.do(acd.SetQueue{Queue: q})
}

// set changes an agent that is set up.
func (r *room) set(id string, chats, german int) {
	r.t.Helper()
	r.do(acd.SetAgent{Agent: acd.Agent{ID: id, Skills: map[string]int{"german": german}, Capacity: map[acd.Channel]int{acd.Chat: chats}}})
}

// The steps of work that comes, is taken, finished and completed allocate
// nothing of the engine's own.
func TestStepsAllocateNothing(t *testing.T) {
	offers := []string{"off_a", "off_b", "off_c"}
	made := 0
	e := acd.New(acd.Options{NewOfferID: func() string { made++; return offers[made%len(offers)] }})
	now := nine
	e.Step(acd.SetQueue{Queue: acd.Queue{ID: "q", Members: map[string]bool{"ana": true}, OfferTimeout: time.Minute, WrapUp: time.Minute}}, now)
	e.Step(acd.SetAgent{Agent: acd.Agent{ID: "ana", Capacity: map[acd.Channel]int{acd.Chat: 1}}}, now)
	e.Step(acd.Connected{Agent: "ana", N: 1}, now)
	e.Step(acd.SetPresence{Agent: "ana", Presence: acd.Ready}, now)
	works := []string{"w1", "w2", "w3", "w4", "w5"}
	next, offer, work := 0, "", ""
	step := func(ev acd.Event) {
		now = now.Add(time.Millisecond)
		for _, c := range e.Step(ev, now) {
			if o, ok := c.(*acd.OfferMade); ok {
				offer, work = o.Offer, o.Work
			}
		}
		if why := e.Refusal(); why != "" {
			t.Fatal(why)
		}
	}
	arrive := func() {
		step(acd.Enqueue{Work: acd.Work{ID: works[next%len(works)], Channel: acd.Chat, Queue: "q"}})
		next++
	}
	arrive()
	arrive()
	round := func() {
		arrive()
		step(acd.Accept{Offer: offer, Agent: "ana"})
		done := work
		step(acd.Finish{Work: done, Agent: "ana"})
		step(acd.Complete{Work: done, Agent: "ana"})
	}
	for range 1000 {
		round()
	}
	if n := testing.AllocsPerRun(1000, round); n != 0 {
		t.Errorf("%v allocations a round", n)
	}
}
