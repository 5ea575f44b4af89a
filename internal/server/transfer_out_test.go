package server

import (
	"testing"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// A flow hands a call to an outside number: the first is busy, the second, which
// an attribute names, answers; the two talk until one hangs up, and no agent was
// asked. Who hangs up while it rings ends the call; a number that the trunk does
// not allow goes on as failed.
func TestAFlowHandsACallOver(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		out := func(number, busy, none, failed string) m {
			return m{"type": "transfer_out", "number": number, "seconds": 30, "busy": busy, "none": none, "failed": failed}
		}
		graph := m{"start": "which", "nodes": m{
			"which":  m{"type": "ask", "text": m{"en": "One or two?"}, "options": []m{{"value": "1", "label": m{"en": "One"}, "next": "number"}, {"value": "2", "label": m{"en": "Two"}, "next": "abroad"}}},
			"number": m{"type": "set", "attributes": m{"second": "210 000 007"}, "next": "first"},
			"first":  out("210000008", "second", "queue", "queue"), "second": out("{{second}}", "queue", "queue", "queue"), "abroad": out("+34 911 234 567", "queue", "queue", "waits"),
			"waits": m{"type": "set", "priority": 2, "next": "queue"}, "queue": m{"type": "queue", "queue": acme.queue}}}
		var made struct{ ID string }
		must(t, ana.Do(ctx, "POST", "flows", m{"name": "Night", "graph": graph}, &made))
		point := setup.DefaultEntryPoint("Night telephone", made.ID, "")
		refusedPoint := point
		point.Channel, point.Languages = acd.Voice, []string{"en"}
		refusedPoint.Languages = []string{"en"}
		if _, err := appsetup.Create(ctx, n.parts.setup, acme.admin, refusedPoint); err == nil {
			t.Error("an entry point for chats runs a flow that hands calls over")
		}
		entry, err := appsetup.Create(ctx, n.parts.setup, acme.admin, point)
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry.ID, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		dial := func(key byte) *dialled {
			call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.Talk(500)
			must(t, call.Press(key))
			return call
		}

		call := dial('1')
		wait(t, others.arrived).leg.Reject(486, sip.Reason{Q850: 17})
		other := others.answer(t, 1300)
		call.hears(t, "the caller", []float64{1300})
		other.hears(t, "the outside number", []float64{500})
		other.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)

		call = dial('1')
		ringing := wait(t, others.arrived)
		ringing.leg.Ring()
		call.hears(t, "the caller while it rings", []float64{425})
		call.leg.Hangup(sip.Reason{Q850: 16})
		ringing.ended(t)

		call = dial('2')
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			row, err := tx.Interaction(interaction)
			if row.Priority != 2 {
				t.Errorf("a number that is not allowed went on with priority %d", row.Priority)
			}
			return err
		}))
		call.leg.Hangup(sip.Reason{Q850: 16})
	})
}
