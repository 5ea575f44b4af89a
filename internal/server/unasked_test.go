package server

import (
	"testing"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// A queue that accepts for its agents gives them its calls with a tone, which the caller
// does not hear; in the browser as its sound comes, at a phone as it is picked up. Who
// accepts by itself hears none.
func TestAnAgentWhoIsNotAskedHearsATone(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		admin := acme.signIn(t, "ana")
		entry := acme.telephone(t, admin)
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		boID := acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		accepts := func(auto bool) {
			t.Helper()
			var q struct {
				Version int64 `json:"version"`
				setup.Queue
			}
			must(t, admin.Do(ctx, "GET", "queues/"+acme.queue, nil, &q))
			q.AutoAccept = auto
			must(t, admin.Do(ctx, "PUT", "queues/"+acme.queue, q, nil))
			must(t, acme.node.parts.floor.Reload(ctx, acme.ID)) // a change is heard in its own time
		}
		comes := func(from string) *dialled {
			t.Helper()
			call := op.dial(t, "210000001", from, negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			call.Talk(500)
			must(t, call.Press('2'))
			return call
		}
		given := func(u *drive.User) (interaction string) {
			t.Helper()
			within(t, "the call was not given to the agent", func() bool {
				for _, w := range works(t, u) {
					if w.State == "active" {
						interaction = w.ID
					}
				}
				return interaction != ""
			})
			return interaction
		}
		over := func(call *dialled, interaction string) {
			t.Helper()
			call.leg.Hangup(sip.Reason{Q850: 16})
			wrapsUp(t, bo, interaction)
			must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
		}
		const tone = 1000

		call := comes("+351930000007")
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		asked := acme.agentSound(t, bo, interaction)
		asked.Talk(900)
		listens(t, "who accepted", asked, []float64{500})
		call.hears(t, "the caller", []float64{900})
		if sounded(asked.Heard(), tone) {
			t.Error("who accepted hears the tone")
		}
		over(call, interaction)

		accepts(true)
		call = comes("+351930000008")
		interaction = given(bo)
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		within(t, "who was not asked hears no tone", func() bool { return sounded(agent.Heard(), tone) })
		call.hears(t, "the caller", []float64{900})
		if sounded(call.Heard(), tone) {
			t.Error("the caller hears the tone")
		}
		listens(t, "the agent afterwards", agent, []float64{500}, tone)
		over(call, interaction)

		phone := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil))
		call = comes("+351930000009")
		rings := wait(t, phone.arrived)
		rings.pickUp(t, 900)
		within(t, "who was not asked hears no tone by phone", func() bool { return sounded(rings.Heard(), tone) })
		rings.hears(t, "the agent by phone", []float64{500}, tone)
		over(call, given(bo))
	})
}

// sounded says whether a tone was heard at any time, for 100 ms or longer.
func sounded(heard []mediatest.Heard, hertz float64) bool {
	for i := 5; i <= len(heard); i++ {
		if pcm := mediatest.Sound(heard[:i], 5); pcm != nil && audio.Power(pcm, hertz) > -30 {
			return true
		}
	}
	return false
}
