package server

import (
	"testing"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// Who waits on the telephone is offered to be called back, accepts by the queue's key and
// hangs up; its place is kept. Who cannot be called back is offered nothing and waits on.
// Before it was offered, the key is none.
func TestWhoWaitsIsOfferedACallBack(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		acme.agent(t, "bo")
		acme.user(t, "sue", access.Supervisor)
		admin := acme.signIn(t, "ana")
		queue := m{}
		must(t, admin.Do(ctx, "GET", "queues/"+acme.queue, nil, &queue))
		queue = own(queue)
		queue["call_back_seconds"], queue["call_back_key"] = 5, "8"
		refused(t, admin.Do(ctx, "PUT", "queues/"+acme.queue, queue, nil), 422)
		queue["call_back_seconds"] = 10
		must(t, admin.Do(ctx, "PUT", "queues/"+acme.queue, queue, nil))
		entry := acme.called(t, "wait", m{"wait": m{"type": "queue", "queue": acme.queue}})
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		rows := func() (all []store.InteractionRow) { // who came first first
			t.Helper()
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
				found, err := tx.SearchInteractions(store.InteractionFilter{Limit: 20})
				for i := range found {
					all = append(all, found[len(found)-1-i])
				}
				return err
			}))
			return all
		}
		var calls []*dialled
		for i, from := range []string{"+351930000007", "+351930000008", "anonymous", "+351930000009"} {
			call := op.dials(t, "210000001", from)
			call.Talk(500)
			calls = append(calls, call)
			within(t, "a call does not wait", func() bool { r := rows(); return len(r) == i+1 && r[i].State == "queued" })
		}
		before := rows()
		must(t, calls[0].Press('8')) // nothing was offered yet

		within(t, "the second is not called back", func() bool {
			_ = calls[1].Press('8')
			return rows()[1].Callback
		})
		await[sip.Ended](t, calls[1])
		within(t, "who came after one without a number is not called back", func() bool {
			_, _ = calls[2].Press('8'), calls[3].Press('8')
			return rows()[3].Callback
		})
		now := rows()
		if first := now[0]; first.Callback || first.State != "queued" || first.FlowID == "back" {
			t.Errorf("a key before the offer: %+v", first)
		}
		if second := now[1]; !second.LeftMessage || second.State != "queued" || !second.Place.Equal(before[1].Place) {
			t.Errorf("%+v, at %v", second, before[1].Place)
		}
		if third := now[2]; third.Callback || third.LeftMessage || third.FlowID == "back" || third.State != "queued" || !third.Place.Equal(before[2].Place) {
			t.Errorf("%+v, at %v", third, before[2].Place)
		}
		// Its turn comes before that of who came later.
		calls[0].leg.Hangup(sip.Reason{Q850: 16})
		within(t, "who hung up waits still", func() bool { return rows()[0].State == "closed" })
		bo, line := acme.ready(t, "bo")
		defer line.Close()
		offer, interaction := acme.offered(t, bo)
		if interaction != now[1].ID {
			t.Error("who came later goes first")
		}
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		if to := wait(t, others.arrived).leg.Invite().URI.User.Reveal(); to != "+351930000008" {
			t.Errorf("%q is called", to)
		}
	})
}
