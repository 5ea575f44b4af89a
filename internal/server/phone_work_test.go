package server

import (
	"testing"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// An agent who talks by phone transfers a queue's call by its phone's own key, as if the
// desk had been used: to a colleague, who is offered it, without or after asking; to an
// outside number. What nobody takes is the agent's still, also when its phone hung up.
func TestAPhoneTransfersWork(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		op, called := newCalled(t, node)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		acme.ownPhone(t, node, conf, "Hall", "", "25")
		books.ownPhone(t, node, conf, "Theirs", books.agent(t, "bo"), "24")
		bo, _ := acme.ready(t, "bo")
		cy := acme.signIn(t, "cy")
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": mine.id}, nil))
		must(t, cy.Do(ctx, "PUT", "desk/phone", m{"phone": hers.id}, nil))
		has := func(who string, u *drive.User, interaction string) {
			t.Helper()
			within(t, who+" does not have it", func() bool {
				w := works(t, u)
				return len(w) == 1 && w[0].ID == interaction && w[0].State == "active" && stateOf(t, u, interaction).Phone == "connected"
			})
		}
		talks := func(from string) (call, rings *dialled, interaction string) {
			t.Helper()
			call = op.dial(t, "210000001", from, negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.Talk(500)
			must(t, call.Press('2'))
			rings = wait(t, mine.arrived)
			_, interaction = acme.offered(t, bo)
			rings.pickUp(t, 900)
			rings.hears(t, "the agent", []float64{500}, 900)
			has("the agent", bo, interaction)
			return call, rings, interaction
		}

		// Who cannot have work: nobody's phone, oneself, another organisation's; nor is
		// anybody connected with an emergency number. The agent talks on.
		call, rings, interaction := talks("+351930000007")
		for _, to := range []string{"25", "21", "112", "24"} {
			rings.refers(to, nil)
			if code := rings.final(t); code == 200 {
				t.Errorf("it is transferred to %s", to)
			}
		}
		call.refers("22", nil)
		if code := call.final(t); code != 603 {
			t.Errorf("a transfer that the caller wants: %d", code)
		}
		has("who could not transfer it", bo, interaction)
		call.hears(t, "who was not transferred", []float64{900})

		// To a colleague.
		acme.ready(t, "cy")
		rings.refers("22", nil)
		comes := wait(t, hers.arrived)
		call.hearsMusic(t, 900)
		if code := rings.final(t); code != 200 {
			t.Errorf("to a colleague: %d", code)
		}
		await[sip.Ended](t, rings)
		comes.pickUp(t, 1300)
		comes.hears(t, "the colleague", []float64{500}, 900)
		call.hears(t, "who was transferred", []float64{1300}, 900)
		has("the colleague", cy, interaction)
		within(t, "who transferred has work", func() bool { return len(works(t, bo)) == 0 })

		// To an outside number that is busy, then to one that answers.
		comes.refers("210000007", nil)
		out := wait(t, called)
		out.leg.Ring()
		call.hearsMusic(t, 1300)
		out.leg.Reject(486, sip.Reason{})
		if code := comes.final(t); code != 486 {
			t.Errorf("to a busy number: %d", code)
		}
		call.hears(t, "who is back", []float64{1300})
		comes.refers("210000008", nil)
		out = wait(t, called)
		out.pickUp(t, 1500)
		if code := comes.final(t); code != 200 {
			t.Errorf("to an outside number: %d", code)
		}
		await[sip.Ended](t, comes)
		out.hears(t, "the outside number", []float64{500}, 1300)
		call.hears(t, "who was handed over", []float64{1500}, 1300)
		wrapsUp(t, cy, interaction)
		must(t, cy.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
		must(t, cy.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, out)

		// Its phone hangs up at once, and is rung when nobody answers.
		call, rings, interaction = talks("+351930000008")
		rings.refers("210000009", nil)
		out = wait(t, called)
		out.leg.Ring()
		rings.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the phone has not hung up", func() bool { return stateOf(t, bo, interaction).Phone == "" })
		out.leg.Reject(486, sip.Reason{})
		rings = wait(t, mine.arrived)
		rings.pickUp(t, 1100)
		call.hears(t, "who came back", []float64{1100}, 900)
		has("who transferred in vain", bo, interaction)

		// After asking, with a second call of the same phone; not with another's.
		rings.hold(t, true)
		call.hearsMusic(t, 1100)
		asks := mine.calls(t, "22")
		comes = wait(t, hers.arrived)
		comes.pickUp(t, 1300)
		asks.connected(t, 700)
		comes.hears(t, "who is asked", []float64{700}, 500)
		rings.refers("22", rings)
		if code := rings.final(t); code != 603 {
			t.Errorf("to itself: %d", code)
		}
		acme.ready(t, "cy")
		rings.refers("22", asks)
		await[sip.Ended](t, asks)
		await[sip.Ended](t, comes)
		if code := rings.final(t); code != 200 {
			t.Errorf("after asking: %d", code)
		}
		await[sip.Ended](t, rings)
		comes = wait(t, hers.arrived)
		comes.pickUp(t, 1500)
		call.hears(t, "who was transferred", []float64{1500}, 1100)
		has("who was asked", cy, interaction)
		comes.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
	})
}
