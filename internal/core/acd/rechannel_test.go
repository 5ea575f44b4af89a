package acd_test

import (
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

// TestRechannel is a chat that is spoken for a while: it takes the place of a call
// with its agent and in a queue, and gives it back.
func TestRechannel(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	able := func(id string, calls int) {
		r.do(acd.SetAgent{Agent: acd.Agent{ID: id, Capacity: map[acd.Channel]int{acd.Chat: 2, acd.Voice: calls}}}, acd.Connected{Agent: id, N: 1}, acd.SetPresence{Agent: id, Presence: acd.Ready})
	}
	phone := func(w *acd.Work) { w.Channel = acd.Voice }
	able("ana", 1)
	r.arrive("w1", "q")
	r.accept("w1")
	r.do(acd.Rechannel{Work: "w1", Channel: acd.Voice})
	r.refused(acd.RefusedUnchanged, acd.Rechannel{Work: "w1", Channel: acd.Voice})
	r.refused(acd.RefusedUnknownWork, acd.Rechannel{Work: "w9", Channel: acd.Voice})
	r.refused(acd.RefusedChannel, acd.Rechannel{Work: "w1", Channel: "smoke"})
	r.arrive("t1", "q", phone)
	r.is("t1 queued, w1 active ana") // no call beside it
	r.arrive("w2", "q")
	r.is("t1 queued, w1 active ana, w2 offered ana") // but its place as a chat is free
	r.accept("w2")
	r.refused(acd.RefusedNoRoom, acd.Rechannel{Work: "w2", Channel: acd.Voice})

	// Over a restart it is what it was.
	r.restart(time.Second)
	r.browsers("ana", 1)
	r.is("t1 queued, w1 active ana, w2 active ana")

	// Handed on it is a call for who takes calls.
	able("bob", 0)
	r.do(acd.Move{Work: "w1", From: "ana", ToQueue: "q", Front: true})
	r.is("t1 offered ana, w1 queued, w2 active ana")
	r.do(acd.Rechannel{Work: "w1", Channel: acd.Chat, Back: true})
	r.is("t1 offered ana, w1 offered bob, w2 active ana")
	r.do(acd.Rechannel{Work: "w1", Channel: acd.Voice})
	r.is("t1 offered ana, w1 queued, w2 active ana")
	r.refused(acd.RefusedAgentCannot, acd.Move{Work: "w1", ToAgent: "bob"})
	r.decline("t1")
	r.is("t1 queued, w1 queued, w2 active ana") // what was handed on does not come straight back
	r.finish("w2")
	r.complete("w2")

	// Back among the chats, it leaves room for a call.
	r.arrive("w3", "q")
	r.accept("w3")
	r.do(acd.Rechannel{Work: "w3", Channel: acd.Voice}, acd.Rechannel{Work: "w3", Channel: acd.Chat, Back: true})
	r.arrive("t2", "q", phone)
	r.is("t1 queued, t2 offered ana, w1 queued, w3 active ana")
}
