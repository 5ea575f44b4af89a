package acd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/core/acd"
)

// busy is a room with work in every state.
func busy(t *testing.T) *room {
	r := newRoom(t)
	r.queue("q", "ana bob eve", func(q *acd.Queue) { q.MaxMissed = 3 })
	r.agent("ana", 3)
	for _, id := range []string{"active", "wrapping", "offered"} {
		r.arrive(id, "q")
		r.pass(time.Second)
	}
	r.accept("active")
	r.accept("wrapping")
	r.finish("wrapping")
	r.arrive("waiting", "q")
	return r
}

func TestRestartAtOnce(t *testing.T) {
	r := busy(t)
	before := r.e.Snapshot()
	r.restart(0)
	if d := cmp.Diff(before, r.e.Snapshot()); d != "" {
		t.Error(d)
	}
	r.is("active active ana, wrapping wrapping ana, offered offered ana, waiting queued")
	r.browsers("ana", 1)
	r.accept("offered") // the same offer
	r.pass(40 * time.Second)
	r.is("active active ana, wrapping closed, offered active ana, waiting offered ana")
}

func TestRestartAfterAWhile(t *testing.T) {
	r := busy(t)
	r.restart(25 * time.Second)
	r.is("active active ana, wrapping wrapping ana, offered queued, waiting queued")
	if got := r.causes(); got != "offered restart" {
		t.Error(got)
	}
	if e, ok := r.last[0].(*acd.OfferEnded); !ok || e.Outcome != acd.Revoked {
		t.Errorf("%+v", r.last[0])
	}
	r.waiting("q", "offered waiting")
	r.pass(14 * time.Second)
	r.is("active active ana, wrapping closed") // what fell due meanwhile
	r.browsers("ana", 1)
	r.is("offered offered ana, waiting offered ana")
}

func TestRestartAndNobodyComesBack(t *testing.T) {
	r := busy(t)
	r.restart(25 * time.Second)
	r.pass(15 * time.Second)
	r.waiting("q", "active offered waiting")
	r.load("ana", acd.Offline, 0, 0, 0)
	r.pass(time.Hour)
	r.agent("bob", 1)
	r.is("active offered bob")
}

func TestRestartKeepsWhatWasRefusedAndMissed(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob", func(q *acd.Queue) { q.MaxMissed = 2 })
	r.agent("ana", 2)
	r.pass(time.Second)
	r.agent("bob", 1)
	r.arrive("w1", "q")
	r.pass(20 * time.Second) // ana missed one
	r.is("w1 offered bob")
	r.decline("w1")
	r.restart(time.Second)
	r.browsers("ana", 1)
	r.browsers("bob", 1)
	r.is("w1 queued")
	r.arrive("w2", "q", func(w *acd.Work) { w.Preferred = "ana" })
	r.is("w2 offered ana")
	r.pass(20 * time.Second)
	r.load("ana", acd.Missed, 0, 0, 0) // the second in a row
}

func TestRestoreOfBrokenState(t *testing.T) {
	queue := acd.Queue{ID: "q", Members: map[string]bool{"ana": true}, WrapUp: time.Minute}
	ana := acd.RestoredAgent{Agent: acd.Agent{ID: "ana", Capacity: map[acd.Channel]int{acd.Chat: 1}}, Presence: acd.Ready}
	work := func(id, queue string, s acd.State, agent string) acd.RestoredWork {
		return acd.RestoredWork{
			Work:  acd.Work{ID: id, Channel: acd.Chat, Queue: queue, Queued: nine.Add(-time.Minute), Arrived: nine.Add(-time.Minute)},
			State: s, Agent: agent, Offer: "old_" + id, Deadline: nine.Add(time.Minute), WrapUntil: nine.Add(time.Minute),
		}
	}
	tests := []struct {
		name  string
		works []acd.RestoredWork
		want  string
	}{
		{"two offers, one place", []acd.RestoredWork{work("a", "q", acd.Offered, "ana"), work("b", "q", acd.Offered, "ana")}, "a offered ana, b queued"},
		{"an offer beside active work", []acd.RestoredWork{work("a", "q", acd.Offered, "ana"), work("b", "q", acd.Active, "ana")}, "a queued, b active ana"},
		{"an offer to nobody", []acd.RestoredWork{work("a", "q", acd.Offered, "gone")}, "a queued"},
		{"active at nobody's", []acd.RestoredWork{work("a", "q", acd.Active, "gone")}, "a queued"},
		{"wrap-up at nobody's", []acd.RestoredWork{work("a", "q", acd.Wrapping, "")}, "a closed"},
		{"waiting in no queue", []acd.RestoredWork{work("a", "none", acd.Queued, "")}, "a closed"},
		{"offered from no queue", []acd.RestoredWork{work("a", "none", acd.Offered, "ana")}, "a closed"},
		{"active from no queue", []acd.RestoredWork{work("a", "none", acd.Active, "ana")}, "a active ana"},
		{"active from no queue at nobody's", []acd.RestoredWork{work("a", "none", acd.Active, "gone")}, "a closed"},
		{"twice the same", []acd.RestoredWork{work("a", "q", acd.Queued, ""), work("a", "q", acd.Active, "ana")}, "a queued"},
		{"no id", []acd.RestoredWork{work("", "q", acd.Queued, "")}, "a closed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			r.last = r.e.Restore(acd.Restored{Queues: []acd.Queue{queue}, Agents: []acd.RestoredAgent{ana}, Works: tt.works}, r.now)
			r.is(tt.want)
			r.pass(time.Hour) // and nothing is stuck
			for _, w := range r.e.Snapshot().Works {
				if w.State != acd.Queued {
					t.Errorf("%+v", w)
				}
			}
		})
	}
}
