package acd_test

import (
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

func TestMissed(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana", func(q *acd.Queue) { q.MaxMissed = 2 })
	r.agent("ana", 3)
	r.arrive("w1", "q")
	r.pass(10 * time.Second)
	r.arrive("w2", "q")
	r.pass(10 * time.Second)
	r.load("ana", acd.Ready, 1, 0, 0)
	r.arrive("w3", "q")
	r.pass(10 * time.Second)
	r.load("ana", acd.Missed, 0, 0, 0) // the second in a row; w3's offer is taken back
	r.is("w1 queued, w2 queued, w3 queued")
	if got := r.causes(); got != "w2 expired, w3 missed_offers" {
		t.Error(got)
	}
	r.refused(acd.RefusedPresence, acd.SetPresence{Agent: "ana", Presence: acd.Missed})
	r.presence("ana", acd.Ready)
	r.is("w3 offered ana")
	r.accept("w3")           // an accepted offer ends the row
	r.pass(30 * time.Second) // the others come back after their back-off
	r.load("ana", acd.Ready, 2, 1, 0)
	r.pass(20 * time.Second)
	r.load("ana", acd.Missed, 0, 1, 0)
	r.is("w3 active ana")
}

// An offer that cannot be answered counts as missed, at once.
func TestMiss(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana", func(q *acd.Queue) { q.MaxMissed = 2 })
	r.agent("ana", 1)
	for i, want := range []acd.Presence{acd.Ready, acd.Missed} {
		w := "w" + string(rune('1'+i))
		r.arrive(w, "q")
		info, _ := r.e.Work(w)
		r.do(acd.Miss{Offer: info.Offer, Agent: "ana"})
		if got, _ := r.e.Agent("ana"); got.Presence != want {
			t.Errorf("after %d: %s", i+1, got.Presence)
		}
	}
	r.is("w1 queued, w2 queued")
	if got := r.causes(); got != "w2 expired" {
		t.Error(got)
	}
}

func TestPresenceWhileHoldingWork(t *testing.T) {
	for _, p := range []acd.Presence{acd.NotReady, acd.Offline} {
		t.Run(string(p), func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana bob")
			r.agent("ana", 3)
			r.arrive("w1", "q")
			r.accept("w1")
			r.arrive("w2", "q")
			r.accept("w2")
			r.finish("w2")
			r.arrive("w3", "q")
			r.agent("bob", 1)
			r.is("w3 offered ana")
			r.presence("ana", p)
			r.is("w1 active ana, w2 wrapping ana, w3 offered bob")
			r.arrive("w4", "q")
			r.is("w4 queued")
			r.finish("w1")
			r.complete("w1")
			r.pass(time.Minute)
			r.load("ana", p, 0, 0, 0)
			r.refused(acd.RefusedUnchanged, acd.SetPresence{Agent: "ana", Presence: p})
		})
	}
}

func TestGrace(t *testing.T) {
	t.Run("what is lost", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 4)
		for _, id := range []string{"w1", "w2", "w3"} {
			r.arrive(id, "q")
			r.accept(id)
			r.pass(time.Second)
		}
		r.finish("w2")
		r.arrive("w4", "q", func(w *acd.Work) { w.Queued = nine.Add(-time.Minute) })
		r.arrive("w0", "q", func(w *acd.Work) { w.Channel, w.Queued = acd.Voice, nine.Add(-time.Hour) })
		r.arrive("only", "q", func(w *acd.Work) { w.Channel, w.Only, w.Preferred = acd.Voice, true, "ana" })
		r.browsers("ana", 0)
		r.pass(15 * time.Second)
		r.is("w2 closed")
		r.waiting("q", "w4 w1 w3 w0 only") // held work first, in its own order
		r.load("ana", acd.Offline, 0, 0, 0)
		if why, _ := r.e.Why("only"); len(why.Reasons) > 0 {
			t.Errorf("still waits for one who is gone: %+v", why)
		}
	})
	t.Run("ready without a browser does not last", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.do(acd.SetAgent{Agent: acd.Agent{ID: "ana", Capacity: map[acd.Channel]int{acd.Chat: 1}}})
		r.presence("ana", acd.Ready)
		r.arrive("w", "q")
		r.is("w queued")
		r.pass(15 * time.Second)
		r.load("ana", acd.Offline, 0, 0, 0)
	})
	t.Run("one of two browsers is enough", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.browsers("ana", 2)
		r.browsers("ana", 1)
		r.pass(time.Hour)
		r.load("ana", acd.Ready, 0, 0, 0)
	})
	t.Run("offline by choice with work left", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w", "q")
		r.accept("w")
		r.presence("ana", acd.Offline)
		r.browsers("ana", 0)
		r.pass(14 * time.Second)
		r.is("w active ana")
		r.pass(time.Second)
		r.is("w queued")
	})
	t.Run("nothing to lose, nothing to wait for", func(t *testing.T) {
		r := newRoom(t)
		r.agent("ana", 1)
		r.presence("ana", acd.Offline)
		r.browsers("ana", 0)
		if at, ok := r.e.NextWake(); ok {
			t.Errorf("wakes at %v", at)
		}
	})
}

func TestWrapUp(t *testing.T) {
	t.Run("none", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", func(q *acd.Queue) { q.WrapUp = 0 })
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.arrive("w2", "q")
		r.accept("w1")
		r.finish("w1")
		r.is("w1 closed, w2 offered ana")
	})
	t.Run("open", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", func(q *acd.Queue) { q.WrapUpOpen = true })
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.finish("w1")
		r.refused(acd.RefusedOpenWrapUp, acd.Extend{Work: "w1", Agent: "ana"})
		r.pass(24 * time.Hour)
		r.is("w1 wrapping ana")
		r.complete("w1")
		r.is("w1 closed")
	})
	t.Run("timed", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.finish("w1")
		if got := r.info("w1").WrapUntil; !got.Equal(r.now.Add(30 * time.Second)) {
			t.Errorf("until %v", got)
		}
		r.pass(30 * time.Second)
		r.is("w1 closed")
		if got := r.causes(); got != "w1 wrap_up_ended" {
			t.Error(got)
		}
		if a, _ := r.e.Agent("ana"); !a.Available || !a.IdleSince.Equal(r.now) {
			t.Errorf("%+v", a)
		}
	})
	t.Run("the customer leaves", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.do(acd.CustomerLeft{Work: "w1"})
		r.is("w1 wrapping ana")
		r.refused(acd.RefusedNotActive, acd.CustomerLeft{Work: "w1"})
		r.refused(acd.RefusedNotActive, acd.Finish{Work: "w1", Agent: "ana"})
	})
}

func TestMove(t *testing.T) {
	// Each starts with w active at ana, bob and eve ready, x offered to eve.
	tests := []struct {
		name string
		move acd.Move
		want string // states after, or the refusal
	}{
		{"to a queue", acd.Move{Work: "w", From: "ana", ToQueue: "q2"}, "w offered bob"},
		{"to an agent", acd.Move{Work: "w", From: "ana", ToAgent: "bob"}, "w offered bob"},
		{"to an agent of no such queue", acd.Move{Work: "w", From: "ana", ToQueue: "q3", ToAgent: "bob"}, "w offered bob"},
		{"to an agent who is busy", acd.Move{Work: "w", From: "ana", ToAgent: "eve"}, "w queued"},
		{"back into its own queue: not straight back", acd.Move{Work: "w", From: "ana", ToQueue: "q"}, "w queued"},
		{"by a supervisor", acd.Move{Work: "w", ToQueue: "q2"}, "w offered bob"},
		{"an offered one", acd.Move{Work: "x", ToQueue: "q2"}, "x offered bob"},
		{"to nowhere", acd.Move{Work: "w", From: "ana"}, acd.RefusedNoDestination},
		{"to no queue", acd.Move{Work: "w", From: "ana", ToQueue: "gone"}, acd.RefusedUnknownQueue},
		{"to nobody", acd.Move{Work: "w", From: "ana", ToAgent: "gone"}, acd.RefusedUnknownAgent},
		{"to oneself", acd.Move{Work: "w", From: "ana", ToAgent: "ana"}, acd.RefusedUnchanged},
		{"to one who takes no chats", acd.Move{Work: "w", From: "ana", ToAgent: "phone"}, acd.RefusedAgentCannot},
		{"another's", acd.Move{Work: "w", From: "bob", ToQueue: "q2"}, acd.RefusedNotYours},
		{"not yet one's own", acd.Move{Work: "x", From: "eve", ToQueue: "q2"}, acd.RefusedNotActive},
		{"gone", acd.Move{Work: "y", ToQueue: "q2"}, acd.RefusedUnknownWork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana")
			r.queue("q2", "bob")
			r.queue("q3", "eve")
			r.agent("ana", 1)
			r.agent("bob", 1)
			r.agent("eve", 1)
			r.do(acd.SetAgent{Agent: acd.Agent{ID: "phone", Capacity: map[acd.Channel]int{acd.Voice: 1}}})
			r.arrive("w", "q")
			r.accept("w")
			r.arrive("x", "q3")
			if tt.want[0] != 'w' && tt.want[0] != 'x' {
				r.refused(tt.want, tt.move)
				return
			}
			r.do(tt.move)
			r.is(tt.want)
		})
	}
	t.Run("wrap-up stays", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w", "q")
		r.accept("w")
		r.finish("w")
		r.refused(acd.RefusedNotActive, acd.Move{Work: "w", ToQueue: "q"})
	})
	t.Run("taken over", func(t *testing.T) {
		for _, from := range []string{"queued", "offered", "active"} {
			r := newRoom(t)
			r.queue("q", "ana")
			r.agent("ana", 1)
			r.agent("sue", 1)
			r.presence("sue", acd.NotReady) // who takes over need not be ready
			if from == "queued" {
				r.presence("ana", acd.NotReady)
			}
			r.arrive("w", "q")
			if from == "active" {
				r.accept("w")
			}
			r.is("w " + map[string]string{"queued": "queued", "offered": "offered ana", "active": "active ana"}[from])
			r.do(acd.Move{Work: "w", ToAgent: "sue", Take: true})
			r.is("w active sue")
			r.refused(acd.RefusedUnchanged, acd.Move{Work: "w", ToAgent: "sue", Take: true})
			if from == "queued" {
				r.presence("ana", acd.Ready)
			}
			r.arrive("x", "q") // who had it has room again
			r.is("w active sue, x offered ana")
			r.refused(acd.RefusedNoRoom, acd.Move{Work: "x", ToAgent: "sue", Take: true})
			r.finish("w")
			r.refused(acd.RefusedNotActive, acd.Move{Work: "w", ToAgent: "ana", Take: true})
		}
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.do(acd.SetAgent{Agent: acd.Agent{ID: "sue", Capacity: map[acd.Channel]int{acd.Chat: 1}}})
		r.arrive("w", "q")
		r.do(acd.Move{Work: "w", ToAgent: "sue", Take: true}) // and no browser follows
		r.is("w active sue")
		r.pass(20 * time.Second)
		r.is("w offered ana")
		r.refused(acd.RefusedUnknownAgent, acd.Move{Work: "w", ToAgent: "gone", Take: true})
	})
	t.Run("places", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.queue("q2", "bob")
		r.do(acd.SetAgent{Agent: acd.Agent{ID: "bob", Capacity: map[acd.Channel]int{acd.Chat: 4}}})
		for _, id := range []string{"w1", "w2", "w3"} {
			r.arrive(id, "q")
			r.arrive("x"+id, "q2")
			r.pass(time.Second)
		}
		r.do(acd.Move{Work: "w3", Priority: 2, Reprioritise: true}) // reprioritised
		r.waiting("q", "w3 w1 w2")
		r.do(acd.Move{Work: "w2", Front: true})
		r.waiting("q", "w2 w3 w1")
		r.do(acd.Move{Work: "w1", ToQueue: "q2"})
		r.waiting("q2", "xw1 xw2 xw3 w1") // a new queue, a new place
		r.do(acd.Move{Work: "w2", ToQueue: "q2", Front: true})
		r.waiting("q2", "w2 xw1 xw2 xw3 w1")
		r.do(acd.Move{Work: "w1", ToAgent: "bob"}) // bob is not there yet
		r.agent("bob", 4)
		r.is("w2 offered bob, xw1 offered bob, xw2 offered bob, xw3 offered bob, w1 queued")
	})
	t.Run("for one agent, then for all again", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.do(acd.SetAgent{Agent: acd.Agent{ID: "bob", Capacity: map[acd.Channel]int{acd.Chat: 1}}})
		r.arrive("w", "q")
		r.do(acd.Move{Work: "w", ToAgent: "bob"})
		r.agent("ana", 1)
		r.is("w queued")
		if why, _ := r.e.Why("w"); len(why.Reasons) != 1 || why.Reasons[0].Exclusion != acd.OnlyAnother {
			t.Errorf("%+v", why)
		}
		r.do(acd.Move{Work: "w", ToQueue: "q"})
		r.is("w offered ana")
	})
}

func TestRemove(t *testing.T) {
	t.Run("queue", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.queue("q2", "ana")
		r.agent("ana", 3)
		for _, id := range []string{"active", "wrapping", "offered", "waiting"} {
			r.arrive(id, "q")
		}
		r.accept("active")
		r.accept("wrapping")
		r.finish("wrapping")
		r.arrive("next", "q2")
		r.do(acd.RemoveQueue{ID: "q"})
		r.is("active active ana, wrapping wrapping ana, offered closed, waiting closed, next offered ana")
		r.refused(acd.RefusedUnknownQueue, acd.RemoveQueue{ID: "q"})
		r.refused(acd.RefusedUnknownQueue, acd.Enqueue{Work: acd.Work{ID: "late", Channel: acd.Chat, Queue: "q"}})
		r.finish("active") // no wrap-up any more
		r.is("active closed")
		r.complete("wrapping")
		r.queue("q", "ana") // and again
		r.arrive("again", "q")
		r.is("again offered ana")
	})
	t.Run("queue, then its agent is lost", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w", "q")
		r.accept("w")
		r.do(acd.RemoveQueue{ID: "q"})
		r.browsers("ana", 0)
		r.pass(15 * time.Second)
		r.is("w closed")
	})
	t.Run("agent", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana bob")
		r.agent("ana", 4)
		for _, id := range []string{"active", "wrapping", "offered"} {
			r.arrive(id, "q")
		}
		r.accept("active")
		r.accept("wrapping")
		r.finish("wrapping")
		r.arrive("only", "q", func(w *acd.Work) { w.Channel, w.Only, w.Preferred = acd.Voice, true, "ana" })
		r.do(acd.RemoveAgent{ID: "ana"})
		r.is("active queued, wrapping closed, offered queued, only queued")
		r.refused(acd.RefusedUnknownAgent, acd.RemoveAgent{ID: "ana"})
		r.refused(acd.RefusedUnknownAgent, acd.SetPresence{Agent: "ana", Presence: acd.Ready})
		r.refused(acd.RefusedUnknownAgent, acd.Connected{Agent: "ana", N: 1})
		r.pass(time.Hour)
		r.agent("bob", 2)
		r.is("active offered bob, offered offered bob")
		r.presence("bob", acd.NotReady)
		r.agent("ana", 1) // named by the queue all along
		r.is("active offered ana")
	})
}

func TestSetupChanges(t *testing.T) {
	t.Run("priority and goal order anew", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q1", "ana")
		r.queue("q2", "ana")
		r.arrive("a", "q1")
		r.arrive("b", "q2")
		r.queue("q2", "ana", func(q *acd.Queue) { q.Priority = 6 })
		r.agent("ana", 1)
		r.is("b offered ana")
	})
	t.Run("a member comes and goes", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "")
		r.agent("ana", 1)
		r.arrive("w", "q")
		r.is("w queued")
		r.queue("q", "ana")
		r.is("w offered ana")
		r.queue("q", "")
		r.is("w queued")
		if got := r.causes(); got != "w setup_changed" {
			t.Error(got)
		}
		r.queue("q", "ana")
		r.accept("w")
		r.queue("q", "")
		r.is("w active ana") // what goes on goes on
	})
	t.Run("skills and capacity", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 1)} })
		r.agent("ana", 2)
		r.arrive("w1", "q")
		r.arrive("w2", "q")
		set := func(german, chats int) {
			r.do(acd.SetAgent{Agent: acd.Agent{ID: "ana", Skills: map[string]int{"german": german}, Capacity: map[acd.Channel]int{acd.Chat: chats}}})
		}
		set(1, 2)
		r.is("w1 offered ana, w2 offered ana")
		set(1, 1)
		r.load("ana", acd.Ready, 1, 0, 0)
		set(0, 1)
		r.is("w1 queued, w2 queued")
		set(1, -5)
		r.is("w1 queued, w2 queued")
	})
	t.Run("timeouts only", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 2)
		r.arrive("w1", "q")
		r.queue("q", "ana", func(q *acd.Queue) { q.OfferTimeout = 5 * time.Second })
		r.is("w1 offered ana")
		r.arrive("w2", "q")
		if got := r.info("w2").Deadline.Sub(r.now); got != 5*time.Second {
			t.Error(got)
		}
		r.queue("q", "ana", func(q *acd.Queue) { q.OfferTimeout = -1 })
		r.decline("w2")
		r.arrive("w3", "q")
		if got := r.info("w3").Deadline.Sub(r.now); got != 30*time.Second {
			t.Error(got)
		}
	})
}

// Late, repeated and forged events change nothing and say why.
func TestRefusals(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.arrive("w", "q")
	r.arrive("v", "q")
	offer := r.info("w").Offer
	tests := []struct {
		why string
		ev  acd.Event
	}{
		{acd.RefusedMissingID, acd.SetQueue{}},
		{acd.RefusedMissingID, acd.SetAgent{}},
		{acd.RefusedMissingID, acd.Enqueue{}},
		{acd.RefusedKnownWork, acd.Enqueue{Work: acd.Work{ID: "w", Channel: acd.Chat, Queue: "q"}}},
		{acd.RefusedUnknownQueue, acd.Enqueue{Work: acd.Work{ID: "x", Channel: acd.Chat, Queue: "none"}}},
		{acd.RefusedChannel, acd.Enqueue{Work: acd.Work{ID: "x", Channel: "smoke", Queue: "q"}}},
		{acd.RefusedUnknownQueue, acd.RemoveQueue{ID: "none"}},
		{acd.RefusedUnknownAgent, acd.RemoveAgent{ID: "none"}},
		{acd.RefusedUnknownAgent, acd.RemoveAgent{ID: "bob"}}, // named by the queue, not set up
		{acd.RefusedUnknownAgent, acd.SetPresence{Agent: "bob", Presence: acd.Ready}},
		{acd.RefusedPresence, acd.SetPresence{Agent: "ana", Presence: "engaged"}},
		{acd.RefusedUnchanged, acd.SetPresence{Agent: "ana", Presence: acd.Ready}},
		{acd.RefusedUnknownAgent, acd.Connected{Agent: "none", N: 1}},
		{acd.RefusedUnchanged, acd.Connected{Agent: "ana", N: 1}},
		{acd.RefusedOfferEnded, acd.Accept{Offer: "none", Agent: "ana"}},
		{acd.RefusedOfferEnded, acd.Accept{}},
		{acd.RefusedOfferEnded, acd.Accept{Offer: offer, Agent: "bob"}},
		{acd.RefusedOfferEnded, acd.Accept{Offer: offer}},
		{acd.RefusedOfferEnded, acd.Decline{Offer: offer, Agent: "bob"}},
		{acd.RefusedOfferEnded, acd.Miss{Offer: offer, Agent: "bob"}},
		{acd.RefusedUnknownWork, acd.CustomerLeft{Work: "none"}},
		{acd.RefusedUnknownWork, acd.Close{Work: "none"}},
		{acd.RefusedUnknownWork, acd.Finish{Work: "none", Agent: "ana"}},
		{acd.RefusedNotActive, acd.Finish{Work: "w", Agent: "ana"}},
		{acd.RefusedNotActive, acd.Finish{Work: "v"}}, // nobody's, and nobody asks
		{acd.RefusedNotActive, acd.Complete{Work: "w", Agent: "ana"}},
		{acd.RefusedNotActive, acd.Extend{Work: "v", Agent: "ana"}},
		{acd.RefusedNotActive, acd.Move{Work: "v", From: "ana", ToQueue: "q"}},
	}
	for _, tt := range tests {
		r.refused(tt.why, tt.ev)
	}
	r.accept("w")
	for _, tt := range []struct {
		why string
		ev  acd.Event
	}{
		{acd.RefusedOfferEnded, acd.Accept{Offer: offer, Agent: "ana"}},
		{acd.RefusedOfferEnded, acd.Decline{Offer: offer, Agent: "ana"}},
		{acd.RefusedOfferEnded, acd.Miss{Offer: offer, Agent: "ana"}},
		{acd.RefusedNotYours, acd.Finish{Work: "w", Agent: "bob"}},
		{acd.RefusedNotWrapping, acd.Complete{Work: "w", Agent: "ana"}},
		{acd.RefusedNotWrapping, acd.Extend{Work: "w", Agent: "ana"}},
	} {
		r.refused(tt.why, tt.ev)
	}
	r.finish("w")
	r.refused(acd.RefusedNotActive, acd.Finish{Work: "w", Agent: "ana"})
	r.refused(acd.RefusedNotYours, acd.Complete{Work: "w", Agent: "bob"})
	r.complete("w")
	r.refused(acd.RefusedUnknownWork, acd.Complete{Work: "w", Agent: "ana"})
}

func TestNothingIsDoneWhenNothingHappens(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	for i := range 5 {
		r.arrive(fmt.Sprintf("w%d", i), "q")
	}
	r.accept("w0")
	if at, ok := r.e.NextWake(); ok {
		t.Errorf("four wait, one is served, and the engine wants to wake at %v", at)
	}
	r.pass(24 * time.Hour)
	if got := r.e.Step(acd.Tick{}, r.now); got != nil {
		t.Errorf("a day later: %v", got)
	}
}
