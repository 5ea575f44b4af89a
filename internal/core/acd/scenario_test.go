package acd_test

// Complaints about other contact centers, each as a story that must end well.

import (
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

func TestScenarioAgentStuckAfterLostHangUp(t *testing.T) {
	// The customer hung up and the word of it was lost.
	t.Run("the agent ends it", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.arrive("w2", "q")
		r.pass(3 * time.Hour)
		r.is("w1 active ana, w2 queued")
		r.finish("w1")
		r.refused(acd.RefusedNotActive, acd.CustomerLeft{Work: "w1"}) // the lost word comes after all
		r.complete("w1")
		r.is("w1 closed, w2 offered ana")
	})
	t.Run("a supervisor ends it", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.arrive("w2", "q")
		r.do(acd.Close{Work: "w1", Reason: acd.Failed})
		r.is("w1 closed, w2 offered ana")
		r.load("ana", acd.Ready, 1, 0, 0)
	})
	t.Run("the agent goes home", func(t *testing.T) {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		r.accept("w1")
		r.browsers("ana", 0)
		r.pass(15 * time.Second)
		r.is("w1 queued")
		r.load("ana", acd.Offline, 0, 0, 0)
		r.do(acd.CustomerLeft{Work: "w1"})
		r.is("w1 closed")
	})
}

func TestScenarioOneUnreachableAgentDoesNotHaltAQueue(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "dead ana")
	r.agent("dead", 1) // a desk is open, nobody sits there
	r.pass(time.Second)
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.is("w1 offered dead")
	r.arrive("w2", "q")
	r.is("w2 offered ana") // did not wait for the first
	r.accept("w2")
	r.pass(20 * time.Second)
	r.load("dead", acd.Missed, 0, 0, 0)
	r.is("w1 queued")
	r.finish("w2")
	r.complete("w2")
	r.is("w1 offered ana")
	r.accept("w1")
	for i := range 5 { // and never again one second for who is not there
		id := fmt.Sprintf("x%d", i)
		r.arrive(id, "q")
		r.is(id + " queued")
	}
	r.presence("dead", acd.Ready) // back
	r.is("x0 offered dead")
}

func TestScenarioOfferEndsWhenTheCustomerLeaves(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	offer := r.info("w1").Offer
	r.do(acd.CustomerLeft{Work: "w1"})
	if e, ok := r.last[0].(*acd.OfferEnded); !ok || e.Offer != offer || e.Outcome != acd.Revoked {
		t.Errorf("first command %+v, want the offer revoked", r.last[0])
	}
	if c, ok := r.last[1].(*acd.WorkChanged); !ok || c.Reason != acd.Abandoned {
		t.Errorf("second command %+v, want abandoned", r.last[1])
	}
	r.load("ana", acd.Ready, 0, 0, 0)
	r.refused(acd.RefusedOfferEnded, acd.Accept{Offer: offer, Agent: "ana"})
	r.pass(time.Hour)
	r.load("ana", acd.Ready, 0, 0, 0) // and no offer was held against the agent
	r.arrive("w2", "q")
	r.is("w2 offered ana")
}

func TestScenarioTwoAcceptsOneWinner(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.pass(time.Second)
	r.agent("bob", 1)
	r.arrive("w1", "q")
	first := r.info("w1").Offer
	r.refused(acd.RefusedOfferEnded, acd.Accept{Offer: first, Agent: "bob"})
	r.pass(20 * time.Second) // ana was too slow
	second := r.info("w1").Offer
	r.is("w1 offered bob")
	r.refused(acd.RefusedOfferEnded, acd.Accept{Offer: first, Agent: "ana"})
	r.do(acd.Accept{Offer: second, Agent: "bob"})
	r.refused(acd.RefusedOfferEnded, acd.Accept{Offer: second, Agent: "bob"}) // two tabs
	r.refused(acd.RefusedOfferEnded, acd.Accept{Offer: first, Agent: "ana"})
	r.is("w1 active bob")
}

func TestScenarioAcceptAndDeadlineCross(t *testing.T) {
	for _, late := range []time.Duration{0, time.Microsecond} {
		r := newRoom(t)
		r.queue("q", "ana")
		r.agent("ana", 1)
		r.arrive("w1", "q")
		offer := r.info("w1").Offer
		r.now = r.now.Add(20*time.Second + late)
		got := r.e.Step(acd.Accept{Offer: offer, Agent: "ana"}, r.now)
		if r.e.Refusal() != acd.RefusedOfferEnded || len(got) == 0 {
			t.Errorf("accepted %v after the deadline", late)
		}
		r.is("w1 queued")
	}
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.now = r.now.Add(20*time.Second - time.Microsecond)
	r.accept("w1") // just in time
	r.is("w1 active ana")
}

func TestScenarioWrapUpIsNeitherCutShortNorShownAsAvailable(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.accept("w1")
	r.do(acd.CustomerLeft{Work: "w1"})
	r.is("w1 wrapping ana")
	r.arrive("w2", "q")
	r.pass(29 * time.Second)
	r.is("w1 wrapping ana, w2 queued")
	if a, _ := r.e.Agent("ana"); a.Available {
		t.Error("shown as available in wrap-up")
	}
	if q, _ := r.e.QueueStats("q", r.now); q.AgentsReady != 0 || q.Wrapping != 1 {
		t.Errorf("%+v", q)
	}
	r.do(acd.Extend{Work: "w1", Agent: "ana"})
	r.refused(acd.RefusedExtended, acd.Extend{Work: "w1", Agent: "ana"})
	r.pass(30 * time.Second)
	r.is("w1 wrapping ana, w2 queued")
	r.presence("ana", acd.NotReady) // the next state, not a way out of wrap-up
	r.is("w1 wrapping ana")
	r.pass(time.Second)
	r.is("w1 closed, w2 queued")
	r.presence("ana", acd.Ready)
	r.is("w2 offered ana")
}

func TestScenarioSimultaneousArrivalsNeverExceedCapacity(t *testing.T) {
	r := newRoom(t)
	r.queue("q1", "ana bob")
	r.queue("q2", "ana")
	r.agent("ana", 2)
	r.agent("bob", 1)
	for i := range 10 {
		r.arrive(fmt.Sprintf("w%d", i), []string{"q1", "q2"}[i%2])
	}
	r.load("ana", acd.Ready, 2, 0, 0)
	r.load("bob", acd.Ready, 1, 0, 0)
	for _, id := range r.e.Held("ana") {
		r.accept(id)
	}
	r.load("ana", acd.Ready, 0, 2, 0)
	r.finish(r.e.Held("ana")[0])
	r.load("ana", acd.Ready, 0, 1, 1) // wrap-up takes the place
}

func TestScenarioOlderIsServedBeforeNewerWhenAgentsReturn(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.pass(5 * time.Second)
	r.arrive("w2", "q")
	r.pass(5 * time.Second)
	r.arrive("w3", "q")
	r.pass(10 * time.Second) // ana lets w1 pass
	r.waiting("q", "w1 w2 w3")
	r.pass(time.Minute)
	r.agent("bob", 1)
	r.is("w1 offered bob")
	r.presence("ana", acd.Ready)
	r.is("w2 offered ana")
	r.presence("bob", acd.NotReady) // w1 goes on, before w3
	r.waiting("q", "w1 w3")
	r.accept("w2")
	r.finish("w2")
	r.complete("w2")
	r.is("w1 offered ana, w3 queued") // who missed w1 once, but nobody else is at work
	r.presence("bob", acd.Ready)
	r.is("w1 offered ana, w3 offered bob")
}

func TestScenarioClosedBrowserDoesNotStayAvailable(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 2)
	r.arrive("w1", "q")
	r.accept("w1")
	r.arrive("w2", "q")
	r.browsers("ana", 0)
	r.arrive("w3", "q")
	r.is("w1 active ana, w2 offered ana, w3 queued") // nothing new for a closed browser
	r.pass(14 * time.Second)
	r.browsers("ana", 1) // a reload
	r.is("w1 active ana, w2 offered ana")
	r.pass(time.Second)
	r.browsers("ana", 0)
	r.pass(14 * time.Second)
	r.is("w1 active ana")
	r.pass(time.Second) // 15 s: gone
	r.load("ana", acd.Offline, 0, 0, 0)
	r.waiting("q", "w1 w2 w3") // w1, who was being served, at the front; w2 in its place
	if got := r.causes(); got != "w1 agent_lost" {
		t.Error(got)
	}
	r.agent("bob", 1)
	r.is("w1 offered bob")
}

func TestScenarioAnyConversationCanBeClosed(t *testing.T) {
	for _, state := range []string{"queued", "offered", "active", "wrapping", "open wrap-up", "queue removed", "agent gone"} {
		t.Run(state, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana", func(q *acd.Queue) { q.WrapUpOpen = state == "open wrap-up" })
			r.arrive("w1", "q")
			if state != "queued" {
				r.agent("ana", 1)
			}
			if state != "queued" && state != "offered" {
				r.accept("w1")
			}
			switch state {
			case "wrapping", "open wrap-up":
				r.finish("w1")
			case "queue removed":
				r.do(acd.RemoveQueue{ID: "q"})
				r.is("w1 active ana")
			case "agent gone":
				r.do(acd.RemoveAgent{ID: "ana"})
				r.is("w1 queued")
			}
			r.do(acd.Close{Work: "w1", Reason: acd.Failed})
			r.is("w1 closed")
			if _, ok := r.e.Agent("ana"); ok {
				r.load("ana", acd.Ready, 0, 0, 0)
			}
			if n := len(r.e.Snapshot().Works); n != 0 {
				t.Errorf("%d works left", n)
			}
		})
	}
}

func TestScenarioNobodyStaysReserved(t *testing.T) {
	// However an offer ends, its agent is free for the next at once.
	end := map[string]func(*room){
		"declined":      func(r *room) { r.decline("w1") },
		"expired":       func(r *room) { r.pass(20 * time.Second); r.presence("ana", acd.Ready) },
		"customer left": func(r *room) { r.do(acd.CustomerLeft{Work: "w1"}) },
		"closed":        func(r *room) { r.do(acd.Close{Work: "w1"}) },
		"moved":         func(r *room) { r.do(acd.Move{Work: "w1", ToQueue: "other"}) },
		"queue removed": func(r *room) { r.do(acd.RemoveQueue{ID: "q"}) },
		"pause":         func(r *room) { r.presence("ana", acd.NotReady); r.presence("ana", acd.Ready) },
	}
	for name, f := range end {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana bob")
			r.queue("other", "bob")
			r.queue("second", "ana")
			r.agent("ana", 1)
			r.arrive("w1", "q")
			r.is("w1 offered ana")
			f(r)
			if _, open := r.e.Work("w1"); open {
				r.do(acd.Close{Work: "w1"})
			}
			r.load("ana", acd.Ready, 0, 0, 0)
			r.arrive("w2", "second")
			r.is("w2 offered ana")
		})
	}
}

func TestScenarioReopenedConversationNotGivenToAnOffShiftAgent(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.agent("bob", 1)
	for _, off := range []func(){
		func() { r.presence("ana", acd.Offline) },
		func() { r.presence("ana", acd.NotReady) },
		func() { r.presence("ana", acd.Ready); r.browsers("ana", 0) },
	} {
		off()
		r.arrive("w", "q", func(w *acd.Work) { w.Preferred = "ana" })
		r.is("w offered bob")
		r.do(acd.Close{Work: "w"})
	}
	r.browsers("ana", 1)
	r.pass(time.Second)
	r.arrive("w", "q", func(w *acd.Work) { w.Preferred = "ana" })
	r.is("w offered ana")
}

func TestScenarioClockJumps(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.now = r.now.Add(-time.Hour) // back: no time passes
	r.do(acd.Tick{})
	r.is("w1 offered ana")
	r.accept("w1")
	r.finish("w1")
	r.now = r.now.Add(30 * 24 * time.Hour) // far ahead: what is due happens once
	r.arrive("w2", "q")
	r.is("w1 closed, w2 offered ana")
	if d := r.info("w2").Deadline; !d.Equal(r.now.Add(20 * time.Second)) {
		t.Errorf("deadline %v, now %v", d, r.now)
	}
}
