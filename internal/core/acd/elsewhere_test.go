package acd_test

import (
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

// TestElsewhere is an agent who telephones beside its work: no call is offered to
// it meanwhile, one that is offered goes to somebody else, and chats go as the
// blended rule says.
func TestElsewhere(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	for _, id := range []string{"ana", "bob"} {
		r.do(acd.SetAgent{Agent: acd.Agent{ID: id, Capacity: map[acd.Channel]int{acd.Chat: 2, acd.Voice: 1}}}, acd.Connected{Agent: id, N: 1})
	}
	ready := func(id string) { r.do(acd.SetPresence{Agent: id, Presence: acd.Ready}) }
	phone := func(w *acd.Work) { w.Channel = acd.Voice }
	ready("ana")
	r.refused(acd.RefusedUnknownAgent, acd.Elsewhere{Agent: "nobody", N: 1})
	r.refused(acd.RefusedUnchanged, acd.Elsewhere{Agent: "ana", N: 0})
	r.do(acd.Elsewhere{Agent: "ana", N: 1})
	r.refused(acd.RefusedUnchanged, acd.Elsewhere{Agent: "ana", N: 1})
	if a, _ := r.e.Agent("ana"); a.Elsewhere != 1 {
		t.Errorf("%+v", a)
	}
	r.arrive("t1", "q", phone)
	r.is("t1 queued")
	r.arrive("w1", "q")
	r.is("t1 queued, w1 offered ana") // a chat leaves room here
	r.arrive("w2", "q")
	r.accept("w2")
	r.refused(acd.RefusedNoRoom, acd.Rechannel{Work: "w2", Channel: acd.Voice})
	r.finish("w2")
	r.complete("w2")
	r.do(acd.Elsewhere{Agent: "ana", N: 0})
	r.is("t1 offered ana, w1 offered ana")

	// An offer that rings goes on when its agent dials, and counts as no miss.
	r.do(acd.Elsewhere{Agent: "ana", N: 1})
	r.is("t1 queued, w1 offered ana")
	ready("bob")
	r.is("t1 offered bob, w1 offered ana")
	if a, _ := r.e.Agent("ana"); a.Missed != 0 || a.Presence != acd.Ready {
		t.Errorf("%+v", a)
	}

	// Where calls and chats exclude each other, chats go as well.
	r.do(acd.SetBlend{Blend: acd.Blend{acd.Voice: {acd.Chat: true}}})
	r.do(acd.Elsewhere{Agent: "ana", N: 2})
	r.is("t1 offered bob, w1 queued")
	r.do(acd.Elsewhere{Agent: "ana", N: 1})
	r.is("t1 offered bob, w1 queued")
	r.do(acd.Elsewhere{Agent: "ana", N: 0})
	r.is("t1 offered bob, w1 offered ana")

	// Who begins a call of its own work has no place, either.
	r.accept("w1")
	r.finish("w1")
	r.complete("w1")
	r.do(acd.Elsewhere{Agent: "ana", N: 1})
	r.refused(acd.RefusedNoRoom, acd.Move{Work: "t1", ToAgent: "ana", Take: true})

	// It is not kept over a restart.
	r.restart(time.Second)
	if a, _ := r.e.Agent("ana"); a.Elsewhere != 0 {
		t.Errorf("%+v", a)
	}
}
