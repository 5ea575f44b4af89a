package acd_test

import (
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

func wants(needs ...acd.SkillNeed) func(*acd.Queue) {
	return func(q *acd.Queue) { q.Wants = needs }
}

func chooses(c acd.Choice) func(*acd.Queue) { return func(q *acd.Queue) { q.Choice = c } }

func TestPreferredSkills(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob eve", wants(need("german", 3)))
	r.agent("ana", 1)
	r.pass(time.Minute)
	r.agent("bob", 1, need("german", 2), need("sales", 4)) // German not at the level
	r.pass(time.Minute)
	r.agent("eve", 1, need("german", 3))
	r.arrive("w1", "q")
	r.arrive("w2", "q")
	r.arrive("w3", "q")
	r.is("w1 offered eve, w2 offered ana, w3 offered bob") // then nobody is kept waiting for it
	r.do(acd.CustomerLeft{Work: "w2"}, acd.CustomerLeft{Work: "w3"})
	r.arrive("w4", "q", func(w *acd.Work) { w.Wants = []acd.SkillNeed{need("sales", 1), need("german", 1)} })
	r.is("w4 offered bob") // what the work itself prefers counts too
}

func TestChoices(t *testing.T) {
	big := func(r *room, id string, chats int) {
		r.do(acd.SetAgent{Agent: acd.Agent{ID: id, Capacity: map[acd.Channel]int{acd.Chat: chats}}}, acd.Connected{Agent: id, N: 1},
			acd.SetPresence{Agent: id, Presence: acd.Ready})
	}
	t.Run("most proficient, although busier", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana bob", chooses(acd.MostProficient), func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 1)} })
		r.agent("ana", 3, need("german", 9))
		r.agent("bob", 3, need("german", 2))
		r.arrive("w1", "q")
		r.arrive("w2", "q")
		r.is("w1 offered ana, w2 offered ana")
	})
	t.Run("least loaded by share", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana bob", chooses(acd.LeastLoaded))
		big(r, "ana", 10)
		big(r, "bob", 2)
		for _, w := range []string{"w1", "w2", "w3", "w4"} {
			r.arrive(w, "q")
			r.accept(w)
			r.pass(time.Second)
		}
		// 0/10 and 0/2: ana was idle first; 1/10 and 0/2: bob; 1/10 and 1/2: ana; 2/10 and 1/2: ana
		r.is("w1 active ana, w2 active bob, w3 active ana, w4 active ana")
	})
	t.Run("round robin counts offers, taken or not", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana bob eve", chooses(acd.RoundRobin))
		for _, a := range []string{"ana", "bob", "eve"} {
			r.agent(a, 1)
			r.pass(time.Second)
		}
		r.arrive("w1", "q")
		r.is("w1 offered ana")
		r.do(acd.CustomerLeft{Work: "w1"})
		r.pass(time.Second)
		r.arrive("w2", "q")
		r.is("w2 offered bob")
		r.do(acd.CustomerLeft{Work: "w2"})
		r.restart(time.Second) // whose turn it is survives
		for _, a := range []string{"ana", "bob", "eve"} {
			r.browsers(a, 1)
		}
		r.arrive("w3", "q")
		r.is("w3 offered eve")
		r.do(acd.CustomerLeft{Work: "w3"})
		r.pass(time.Second)
		r.arrive("w4", "q")
		r.is("w4 offered ana")
	})
}

func TestSteps(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob", func(q *acd.Queue) {
		q.Needs = []acd.SkillNeed{need("german", 8)}
		q.Steps = []acd.Step{
			{After: 10 * time.Second, Needs: []acd.SkillNeed{need("german", 5)}},
			{After: 20 * time.Second, Needs: []acd.SkillNeed{need("german", 5)}, Members: map[string]bool{"eve": true}},
			{After: 30 * time.Second, Ease: 10},
		}
	})
	r.agent("ana", 1, need("german", 5))
	r.agent("bob", 1)
	r.agent("eve", 1, need("german", 6))
	r.arrive("w1", "q", func(w *acd.Work) { w.Needs = []acd.SkillNeed{need("sales", 2)} })
	r.arrive("w2", "q")
	r.arrive("w3", "q")
	r.is("w1 queued, w2 queued, w3 queued")
	if w, _ := r.e.Why("w2"); w.Step != 0 || !w.NextStep.Equal(r.now.Add(10*time.Second)) || r.why("w2", "eve") != "missing_skill not_member" || r.why("w2", "ana") != "missing_skill" {
		t.Errorf("%+v", w)
	}
	r.pass(9 * time.Second)
	r.is("w2 queued")
	r.pass(time.Second)
	r.is("w1 queued, w2 offered ana, w3 queued") // w1 needs sales until 30 s
	r.pass(10 * time.Second)
	r.is("w3 offered eve")
	stats, _ := r.e.QueueStats("q", r.now)
	if stats.AgentsServing != 2 || stats.AgentsOnline != 2 { // eve only helps
		t.Errorf("%+v", stats)
	}
	r.pass(10 * time.Second)
	r.is("w1 offered bob")
	r.decline("w1")
	r.accept("w3")
	r.do(acd.RemoveAgent{ID: "eve"})
	r.is("w3 queued")

	// Time before a restart counts.
	r = newRoom(t)
	r.queue("q", "ana", func(q *acd.Queue) {
		q.Needs, q.Steps = []acd.SkillNeed{need("german", 8)}, []acd.Step{{After: time.Minute}}
	})
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.pass(50 * time.Second)
	r.restart(0)
	r.browsers("ana", 1)
	r.is("w1 queued")
	r.pass(10 * time.Second)
	r.is("w1 offered ana")
}

func TestAffinity(t *testing.T) {
	last := func(w *acd.Work) { w.Preferred = "ana" }
	start := func(t *testing.T) *room {
		r := newRoom(t)
		r.queue("q", "ana bob", func(q *acd.Queue) { q.Affinity = 30 * time.Second })
		r.agent("ana", 1)
		r.agent("bob", 1)
		r.arrive("busy", "q", last)
		r.accept("busy")
		r.arrive("w1", "q", last)
		r.is("busy active ana, w1 queued") // although bob is free
		return r
	}
	t.Run("kept for who is busy", func(t *testing.T) {
		r := start(t)
		if why := r.why("w1", "bob"); why != "kept_for" {
			t.Errorf("bob: %q", why)
		}
		r.finish("busy")
		r.complete("busy")
		r.is("w1 offered ana")
	})
	t.Run("for a limited time", func(t *testing.T) {
		r := start(t)
		r.pass(29 * time.Second)
		r.is("w1 queued")
		r.pass(time.Second)
		r.is("w1 offered bob")
	})
	t.Run("never for who is off shift", func(t *testing.T) {
		r := start(t)
		r.presence("ana", acd.NotReady)
		r.is("w1 offered bob")
		r.arrive("w2", "q", last)
		r.presence("ana", acd.Ready) // back: what was opened stays open
		r.accept("w1")
		r.finish("w1")
		r.complete("w1")
		r.is("busy active ana, w2 offered bob")
	})
	t.Run("not for who refused it", func(t *testing.T) {
		r := start(t)
		r.finish("busy")
		r.complete("busy")
		r.decline("w1")
		r.is("w1 offered bob")
	})
	t.Run("nor after leaving the queue", func(t *testing.T) {
		r := start(t)
		r.queue("q", "bob", func(q *acd.Queue) { q.Affinity = 30 * time.Second })
		r.is("w1 offered bob")
	})
}

func TestBlend(t *testing.T) {
	r := newRoom(t)
	r.do(acd.SetBlend{Blend: acd.Blend{acd.Voice: {acd.Chat: true, acd.Email: true}, acd.Chat: {acd.Voice: true}}})
	r.queue("q", "ana")
	r.do(acd.SetAgent{Agent: acd.Agent{ID: "ana", Capacity: map[acd.Channel]int{acd.Voice: 1, acd.Chat: 2, acd.Email: 2}}},
		acd.Connected{Agent: "ana", N: 1}, acd.SetPresence{Agent: "ana", Presence: acd.Ready})
	by := func(ch acd.Channel) func(*acd.Work) { return func(w *acd.Work) { w.Channel = ch } }
	r.arrive("mail", "q", by(acd.Email))
	r.arrive("call", "q", by(acd.Voice))
	r.is("mail offered ana, call offered ana") // a call interrupts email work
	r.arrive("chat", "q")
	r.is("chat queued")
	if why := r.why("chat", "ana"); why != "excluded" {
		t.Errorf("%q", why)
	}
	r.do(acd.CustomerLeft{Work: "call"})
	r.is("chat offered ana")
	r.arrive("again", "q", by(acd.Voice))
	r.is("again queued") // but not a chat
	r.do(acd.SetBlend{})
	r.is("again offered ana")
	r.restart(0)
	if b := r.e.Snapshot().Blend; b != nil {
		t.Errorf("%v", b)
	}
}

func TestAutoAccept(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana", func(q *acd.Queue) { q.AutoAccept = true })
	r.agent("ana", 2)
	for _, w := range []string{"w1", "w2", "w3"} {
		r.arrive(w, "q")
	}
	r.is("w1 active ana, w2 active ana, w3 queued")
	r.finish("w1")
	r.complete("w1")
	r.is("w3 active ana")
	r.load("ana", acd.Ready, 0, 2, 0)
}

func TestOverflow(t *testing.T) {
	rules := func(list ...acd.Overflow) func(*acd.Queue) {
		return func(q *acd.Queue) { q.Overflow = list }
	}
	t.Run("wait: its time counts on, its place in the other queue is by it", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnWait, After: time.Minute, ToQueue: "night"}))
		r.queue("night", "bob")
		r.agent("ana", 0)
		r.arrive("w1", "q")
		r.pass(30 * time.Second)
		r.arrive("w2", "night")
		if w, _ := r.e.Why("w1"); !w.Overflow.Equal(r.now.Add(30 * time.Second)) {
			t.Errorf("%+v", w)
		}
		r.pass(30 * time.Second)
		r.waiting("q", "")
		r.waiting("night", "w1 w2")
		if got := r.causes(); got != "w1 overflow" {
			t.Error(got)
		}
		r.agent("bob", 1)
		r.is("w1 offered bob")
	})
	t.Run("wait: ends it where no queue is named", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnWait, After: time.Minute}))
		r.arrive("w1", "q")
		r.pass(time.Minute)
		c, _ := r.last[0].(*acd.WorkChanged)
		if c.State != acd.Closed || c.Reason != acd.Overflowed || c.Cause != acd.CauseOverflow || c.Queue != "q" {
			t.Errorf("%+v", r.last)
		}
	})
	t.Run("what was promised is sent on, and never ended", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnLength, Length: 1}, acd.Overflow{When: acd.OnWait, After: time.Minute}))
		promised := acd.Work{ID: "w2", Channel: acd.Chat, Queue: "q", Promised: true}
		r.arrive("w1", "q")
		r.do(acd.Enqueue{Work: promised})
		r.waiting("q", "w1 w2")
		r.pass(time.Minute)
		r.waiting("q", "w2")
		w, _ := r.e.Work("w2")
		if why, _ := r.e.Why("w2"); !w.Promised || !why.Overflow.IsZero() {
			t.Errorf("%+v, %+v", w, why)
		}
		r.queue("full", "bob", rules(acd.Overflow{When: acd.OnLength, Length: 1}))
		r.arrive("w3", "full")
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnWait, After: time.Minute, ToQueue: "full"}))
		r.waiting("q", "")
		r.waiting("full", "w2 w3") // which takes nothing more from others
		r.arrive("w4", "full")
		r.is("w4 closed")
	})
	t.Run("what is promised while it waits is not ended", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnWait, After: time.Minute}))
		r.arrive("w1", "q")
		r.arrive("w2", "q")
		r.do(acd.Promise{Work: "w2"})
		r.refused(acd.RefusedUnchanged, acd.Promise{Work: "w2"})
		r.refused(acd.RefusedUnknownWork, acd.Promise{Work: "w3"})
		r.pass(time.Minute)
		r.waiting("q", "w2")
		r.agent("ana", 1)
		r.is("w2 offered ana")
	})
	t.Run("what waited here before is not looked at as it comes back", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnLength, Length: 1}))
		r.arrive("w1", "q")
		r.do(acd.Enqueue{Work: acd.Work{ID: "w2", Channel: acd.Chat, Queue: "q", Back: true}})
		r.waiting("q", "w1 w2")
		r.arrive("w3", "q")
		r.is("w3 closed")
	})
	t.Run("length, and from there on", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnLength, Length: 2, ToQueue: "q2"}))
		r.queue("q2", "ana", rules(acd.Overflow{When: acd.OnLength, Length: 1}))
		r.agent("ana", 0)
		for _, w := range []string{"w1", "w2", "w3", "w4"} {
			r.arrive(w, "q")
		}
		r.waiting("q", "w1 w2")
		r.waiting("q2", "w3")
		r.is("w4 closed")
		r.do(acd.Move{Work: "w3", ToQueue: "q"})
		r.is("w3 queued") // a move never ends work: q is full, q2 is where it may be
	})
	t.Run("nobody, on coming and when the last one goes", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnNobody, ToQueue: "night"}))
		r.queue("night", "bob")
		r.arrive("w1", "q")
		r.waiting("night", "w1")
		r.agent("ana", 1)
		r.arrive("w2", "q")
		r.accept("w2")
		r.arrive("w3", "q")
		r.waiting("q", "w3") // ana is busy, but there
		r.presence("ana", acd.NotReady)
		r.waiting("q", "")
		r.waiting("night", "w1 w3")
		r.is("w2 active ana")
	})
	t.Run("nobody for a while", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnNobody, After: time.Minute}))
		r.agent("ana", 1)
		r.presence("ana", acd.NotReady)
		r.arrive("w1", "q")
		r.pass(59 * time.Second)
		r.is("w1 queued")
		r.pass(time.Second)
		r.is("w1 closed")
	})
	t.Run("closed", func(t *testing.T) {
		r := newRoom(t)
		closed := func(now, waiting bool) {
			r.queue("q", "ana", rules(acd.Overflow{When: acd.OnClosed, ToQueue: "night"}), func(q *acd.Queue) { q.Closed, q.CloseWaiting = now, waiting })
		}
		r.queue("night", "bob")
		closed(false, false)
		r.agent("ana", 1)
		r.presence("ana", acd.NotReady)
		r.arrive("w1", "q")
		closed(true, false)
		r.arrive("w2", "q")
		r.waiting("q", "w1") // who waits is still served
		r.waiting("night", "w2")
		closed(true, true)
		r.waiting("night", "w1 w2")
		closed(false, true)
		r.arrive("w3", "q")
		r.waiting("q", "w3")
	})
	t.Run("a circle does not go round for ever", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnNobody, ToQueue: "q2"}))
		r.queue("q2", "ana", rules(acd.Overflow{When: acd.OnNobody, ToQueue: "q"}))
		r.arrive("w1", "q")
		r.is("w1 queued")
		r.agent("ana", 1)
		r.is("w1 offered ana")
	})
	t.Run("work for one agent waits for that agent", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", rules(acd.Overflow{When: acd.OnNobody}, acd.Overflow{When: acd.OnWait, After: time.Minute, ToQueue: "night"}))
		r.queue("night", "bob")
		r.agent("ana", 1)
		r.presence("ana", acd.NotReady)
		r.arrive("w1", "q", func(w *acd.Work) { w.Preferred, w.Only = "ana", true })
		r.pass(59 * time.Second)
		r.waiting("q", "w1")
		r.pass(time.Second)
		r.waiting("night", "w1")
		r.agent("bob", 1)
		r.is("w1 offered bob")
	})
}
