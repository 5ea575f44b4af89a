package server

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/privacy/canary"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
)

// A telephone that sends no events presses keys by their sound, in a menu and in a secure
// flow. What it keys in there is nowhere but where the flow sends it, and what it keys in
// besides is in the recording and at the agent's, which shows that the decoder finds it.
func TestKeysAreReadFromSound(t *testing.T) { keyedAsSound(t, true) }

// So does one whose operator agrees to send events, and then sends none.
func TestKeysAreReadFromSoundWhereEventsWereAgreed(t *testing.T) { keyedAsSound(t, false) }

func keyedAsSound(t *testing.T, noEvents bool) {
	const card, open = "4929123412341238", "2580"
	engines(t, func(t *testing.T, conf *config.Config) {
		gate := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		find, err := canary.New(canary.Canary{Name: "card", Value: card})
		must(t, err)
		ana := acme.signIn(t, "ana")
		pays := &provider{}
		flow := acme.pays(t, ana, pays)
		acme.rule(t, ana, m{"consent": "none"})
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, gate, nil)
		op.noEvents, op.asSound = noEvents, true
		acme.trunk(t, op, "+351210000001", acme.telephone(t, ana), nil)
		call, agent, interaction := acme.talking(t, op, bo) // chooses in the menu
		if agreed := call.Agreed().Events; agreed == noEvents {
			t.Fatalf("events were agreed: %v", agreed)
		}
		path := "interactions/" + interaction
		acme.recording(t, bo, interaction, "recording")
		agent.Hush()
		call.Hush()
		must(t, call.Key(open))

		must(t, bo.Do(ctx, "POST", path+"/secure-flow", m{"flow": flow, "attributes": m{"amount": "12.50"}}, nil))
		acme.secured(t, bo, interaction, "asks", keyed("card", 0, false))
		must(t, call.Key(card[:9]))
		acme.secured(t, bo, interaction, "nine keys are shown", keyed("card", 9, false))
		must(t, call.Key(card[9:]+"#"))
		acme.secured(t, bo, interaction, "the next is asked for", keyed("expires", 0, false))
		must(t, call.Key("1229"))
		acme.secured(t, bo, interaction, "is completed", cameTo("completed"))
		if got, want := pays.took(), map[string]string{"card": card, "expires": "1229", "amount": "12.50"}; !maps.Equal(got, want) {
			t.Errorf("the provider got %v", got)
		}
		var shown any
		must(t, bo.Do(ctx, "GET", "desk", nil, &shown))
		acme.taken(t, interaction, false)
		call.Talk(500)
		listens(t, "the agent", agent, []float64{500})
		passes(t, agent, time.Second)
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		one := acme.heard(t, interaction)
		heard := agent.Heard()
		for where, got := range map[string]string{"the recording": mediatest.KeysIn(one.pcm["person"]), "what the agent heard": mediatest.KeysIn(mediatest.Sound(heard, ofSound(heard)))} {
			if !fewerOf(got, open) {
				t.Errorf("in %s: %q", where, got)
			}
		}
		n.stop(t)
		desk, _ := json.Marshal(shown)
		nowhere(t, conf, find, map[string][]byte{"desk": desk, "log": n.logs.Bytes()}, card, open)
	})
}

// A telephone that tells its keys by INFO, and whose operator leaves them in the sound as
// well, presses each of them once.
func TestAKeyInSoundAndByINFOIsOne(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		gate := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ana := acme.signIn(t, "ana")
		pays := &provider{}
		flow := acme.pays(t, ana, pays)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, gate, nil)
		op.noEvents = true
		var waits struct{ ID string }
		must(t, ana.Do(t.Context(), "POST", "flows", m{"name": "Straight", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": acme.queue}}}}, &waits))
		point := setup.DefaultEntryPoint("Straight", waits.ID, "")
		point.Channel = acd.Voice
		entry, err := appsetup.Create(t.Context(), n.parts.setup, acme.admin, point)
		must(t, err)
		must(t, n.parts.floor.Reload(t.Context(), acme.ID))
		acme.trunk(t, op, "+351210000001", entry.ID, nil)
		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		press := func(keys string) {
			for _, k := range []byte(keys) {
				must(t, call.Key(string(k)))
				call.leg.Dial(k, 100*time.Millisecond)
			}
		}
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
		acme.agentSound(t, bo, interaction)
		within(t, "it does not begin", func() bool {
			return bo.Do(t.Context(), "POST", "interactions/"+interaction+"/secure-flow", m{"flow": flow}, nil) == nil
		})
		acme.secured(t, bo, interaction, "asks", keyed("card", 0, false))
		const card = "5105105105105100"
		press(card)
		acme.secured(t, bo, interaction, "all keys are shown once", keyed("card", len(card), false))
		press("#")
		press("1229")
		acme.secured(t, bo, interaction, "is completed", cameTo("completed"))
		if got := pays.took(); got["card"] != card || got["expires"] != "1229" || strings.Contains(n.logs.String(), card) {
			t.Errorf("the provider got %v", got)
		}
	})
}
