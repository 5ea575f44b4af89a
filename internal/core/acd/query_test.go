package acd_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/core/acd"
)

func TestPositions(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	for i := range 200 { // in an order that is neither that of arrival nor of ids
		r.arrive(fmt.Sprintf("w%03d", i*77%200), "q", func(w *acd.Work) { w.Priority = i % 3 })
		r.pass(time.Second)
	}
	for i, id := range r.e.Waiting("q") {
		if p := r.e.Position(id); p != i+1 {
			t.Fatalf("%s is at %d, not %d", id, p, i+1)
		}
	}
	first := r.e.Waiting("q")[0]
	r.agent("ana", 1)
	r.is(first + " offered ana")
	if p := r.e.Position(first); p != 0 {
		t.Errorf("offered work is at %d", p)
	}
	if p := r.e.Position("none"); p != 0 {
		t.Errorf("unknown work is at %d", p)
	}
}

func TestQueueStats(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob eve")
	r.agent("ana", 2)
	r.pass(time.Second)
	r.agent("bob", 1)
	r.agent("eve", 1)
	r.presence("eve", acd.NotReady)
	for _, id := range []string{"w1", "w2", "w3", "w4", "w5"} {
		r.arrive(id, "q")
		r.pass(time.Second)
	}
	r.accept("w1")
	r.accept("w2")
	r.finish("w2")
	r.arrive("vip", "q", func(w *acd.Work) { w.Priority = 9 })
	got, _ := r.e.QueueStats("q", r.now)
	want := acd.QueueInfo{
		Waiting: 3, LongestSince: nine.Add(4 * time.Second), DueAt: nine.Add(64 * time.Second), Offered: 1, Active: 1, Wrapping: 1,
		AgentsReady: 0, AgentsServing: 2, AgentsOnline: 3, Estimate: 2, EstimateError: -1, Handling: time.Second,
	}
	got.Handling, got.Estimate = want.Handling, want.Estimate // see TestEstimate
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, ok := r.e.QueueStats("none", r.now); ok {
		t.Error("stats of no queue")
	}
}

func TestEstimate(t *testing.T) {
	r := newRoom(t)
	at := func(want int) {
		t.Helper()
		if got := r.e.Estimate("q", r.now); got != want {
			t.Errorf("estimate %d s, want %d s", got, want)
		}
	}
	r.queue("q", "ana bob", func(q *acd.Queue) { q.WrapUp, q.OfferTimeout = 0, time.Hour })
	at(-1) // nobody at work
	r.agent("ana", 1)
	at(0) // nobody waits, ana has room
	r.arrive("w0", "q")
	at(-1) // nothing was ever answered
	r.accept("w0")
	r.pass(90 * time.Second)
	r.finish("w0")
	r.arrive("w1", "q")
	r.accept("w1")
	at(90) // one place, 90 s handling time, first in line
	r.arrive("w2", "q")
	at(180)
	r.do(acd.CustomerLeft{Work: "w2"})
	r.agent("bob", 1)
	at(0)
	r.arrive("w2", "q")
	r.accept("w2")
	at(45) // two places
	// From the third answer of work that waited, their interval counts: 40 s each.
	for i := range 6 {
		r.arrive(fmt.Sprintf("x%d", i), "q")
	}
	for i := range 4 {
		r.pass(40 * time.Second)
		held := []string{"w1", "w2", "x0", "x1"}[i]
		r.finish(held)
		r.accept(fmt.Sprintf("x%d", i))
	}
	at(3 * 40) // two wait: third in line
	if got := r.e.EstimateAt("q", 1, r.now); got != 40 {
		t.Errorf("first in line: %d s", got)
	}
	r.pass(200 * time.Second) // slower than ever: the running interval counts
	at(3 * 60)                // 40 + (200-40)/8
	if s, _ := r.e.QueueStats("q", r.now); s.EstimateError < 0 || s.Interval != 40*time.Second {
		t.Errorf("%+v", s)
	}
	r.presence("ana", acd.NotReady)
	r.presence("bob", acd.NotReady)
	at(-1)
	if got := r.e.Estimate("none", r.now); got != -1 {
		t.Error(got)
	}
}

func TestWhy(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob eve joe", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 4)} })
	r.agent("ana", 1, need("german", 9))
	r.arrive("x", "q")
	r.accept("x")
	r.agent("bob", 1, need("german", 2))
	r.presence("bob", acd.NotReady)
	r.agent("eve", 1, need("german", 4))
	r.arrive("w", "q")
	r.decline("w")
	got, _ := r.e.Why("w")
	want := acd.WorkWhy{State: acd.Queued, Queue: "q", Position: 1, Needs: []acd.SkillNeed{need("german", 4)}, Candidates: []acd.Candidate{
		{Agent: "ana", Work: "w", Reasons: []acd.Reason{{Exclusion: acd.AtCapacity, Has: 1, Needs: 1}}},
		{Agent: "bob", Work: "w", Reasons: []acd.Reason{{Exclusion: acd.MissingSkill, Skill: "german", Has: 2, Needs: 4}, {Exclusion: acd.IsNotReady}}},
		{Agent: "eve", Work: "w", Reasons: []acd.Reason{{Exclusion: acd.Refused}}}, // kept for ana
	}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	agent, _ := r.e.WhyAgent("eve", 10)
	if d := cmp.Diff(acd.AgentWhy{Agent: "eve", Candidates: want.Candidates[2:]}, agent); d != "" {
		t.Error(d)
	}
	r.presence("ana", acd.NotReady) // now only eve is left, and the back-off lasts
	got, _ = r.e.Why("w")
	if until := got.Candidates[2].Reasons[0].Until; !until.Equal(r.now.Add(30 * time.Second)) {
		t.Errorf("until %v", until)
	}
	r.queue("empty", "joe")
	r.arrive("v", "empty")
	if got, _ := r.e.Why("v"); len(got.Reasons) != 1 || got.Reasons[0].Exclusion != acd.NobodyToServe {
		t.Errorf("%+v", got)
	}
	if got, _ := r.e.Why("x"); got.State != acd.Active || got.Agent != "ana" || got.Candidates != nil {
		t.Errorf("%+v", got)
	}
	if _, ok := r.e.Why("none"); ok {
		t.Error("why of no work")
	}
	if _, ok := r.e.WhyAgent("none", 10); ok {
		t.Error("why of nobody")
	}
	for i := range 10 {
		r.arrive(fmt.Sprintf("y%d", i), "q")
	}
	if a, _ := r.e.WhyAgent("bob", 3); len(a.Candidates) != 3 || a.Left != 7 {
		t.Errorf("%d candidates, %d left", len(a.Candidates), a.Left)
	}
}

// A busy tenant's room asks all the time: what it asks must not grow with the
// floor.
func TestQueriesAreSmall(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.arrive("w2", "q")
	for name, f := range map[string]func(){
		"Position":   func() { r.e.Position("w2") },
		"Estimate":   func() { r.e.Estimate("q", r.now) },
		"QueueStats": func() { r.e.QueueStats("q", r.now) },
		"Agent":      func() { r.e.Agent("ana") },
		"Work":       func() { r.e.Work("w1") },
		"NextWake":   func() { r.e.NextWake() },
	} {
		if n := testing.AllocsPerRun(10, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func TestHeld(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 2)
	r.arrive("w2", "q")
	r.arrive("w1", "q")
	if d := cmp.Diff([]string{"w1", "w2"}, r.e.Held("ana")); d != "" {
		t.Error(d)
	}
	if r.e.Held("none") != nil || r.e.Waiting("none") != nil {
		t.Error("something of nothing")
	}
}
