package server

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/server/config"
)

// ended waits until all recordings of a call have ended, so many.
func (c *company) ended(t *testing.T, interaction string, many int) (all []tracks) {
	t.Helper()
	within(t, "the recordings do not end", func() bool {
		all = c.recordings(t, interaction)
		return len(all) == many && !slices.ContainsFunc(all, func(one tracks) bool { return one.row.EndedAt.IsZero() })
	})
	return all
}

// tracksHold says what a party's tracks hold: each tone that is wanted for half a second at
// least, and nothing of the others.
func tracksHold(t *testing.T, what string, all []tracks, party string, wanted []float64, others ...float64) {
	t.Helper()
	for _, hz := range append(slices.Clone(wanted), others...) {
		var most, any time.Duration
		for _, one := range all {
			d := has(one.pcm[party], hz)
			most, any = max(most, d), any+d
		}
		switch {
		case slices.Contains(wanted, hz) && most < 500*time.Millisecond:
			t.Errorf("%s: %s has %v Hz for %v", what, party, hz, most)
		case !slices.Contains(wanted, hz) && any > 0:
			t.Errorf("%s: %s has %v Hz for %v", what, party, hz, any)
		}
	}
}

// Who says what in a call that is held, in which a colleague is asked aside, and all
// talk together: each party has a track of its own with nobody else's voice; what is
// said on hold and aside is recorded only where the rule says so; music never is.
func TestHoldConsultationAndConference(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		for _, c := range []struct {
			*company
			all                    bool
			says, answers, advises []float64
		}{{acme, false, []float64{500, 600}, []float64{900, 1000}, []float64{1300}}, {books, true, []float64{500, 600, 700}, []float64{900, 1000, 1100}, []float64{1300, 1500}}} {
			ctx := t.Context()
			ana := c.signIn(t, "ana")
			entry := c.telephone(t, ana)
			c.rule(t, ana, m{"consent": "none", "hold": c.all, "consultation": c.all})
			c.agent(t, "bo")
			bo, _ := c.ready(t, "bo")
			cyID := c.agent(t, "cy")
			cy := c.signIn(t, "cy")
			v, caller, agent := c.talks(t, entry, bo)
			path := "interactions/" + v.Interaction
			c.recording(t, bo, v.Interaction, "recording")
			listens(t, "the agent", agent, []float64{500})
			passes(t, agent, time.Second)

			must(t, bo.Do(ctx, "PUT", path+"/hold", m{"held": true}, nil))
			hearsMusic(t, caller, 900)
			caller.Talk(700)
			agent.Talk(1100)
			passes(t, caller, time.Second)
			must(t, bo.Do(ctx, "POST", path+"/consult", m{"user": cyID}, nil))
			colleague := c.agentSound(t, cy, v.Interaction)
			colleague.Talk(1500)
			must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "colleague"}, nil))
			listens(t, "the agent aside", agent, []float64{1500}, 700)
			passes(t, agent, time.Second)

			// Nothing of that is said any more when they talk together.
			caller.Talk(600)
			agent.Talk(1000)
			colleague.Talk(1300)
			listens(t, "the agent aside", agent, []float64{1300}, 1500)
			listens(t, "the colleague aside", colleague, []float64{1000}, 1100)
			must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil))
			listens(t, "the agent in the conference", agent, []float64{600, 1300})
			passes(t, agent, 1500*time.Millisecond)
			must(t, bo.Do(ctx, "DELETE", path+"/consult/"+cyID, nil, nil))
			must(t, v.Do(ctx, "POST", "/end", m{}, nil))
			wrapsUp(t, bo, v.Interaction)
			all := c.ended(t, v.Interaction, 2)
			if !slices.Equal(all[0].row.Parties, []string{"person", "agent"}) || !slices.Equal(all[1].row.Parties, []string{"person", "agent", cyID}) {
				t.Errorf("%v, then %v", all[0].row.Parties, all[1].row.Parties)
			}
			said := []float64{500, 600, 700, 900, 1000, 1100, 1300, 1500}
			for party, wanted := range map[string][]float64{"person": c.says, "agent": c.answers, cyID: c.advises} {
				others := slices.DeleteFunc(slices.Clone(said), func(hz float64) bool { return slices.Contains(wanted, hz) })
				tracksHold(t, fmt.Sprint("hold and consultation ", c.all), all, party, wanted, others...)
			}
		}
	})
}

// An outside number that joins has a track once it was told what the person was told,
// and nothing of what it said before is kept; nor is anything of what the person said
// before it agreed by key.
func TestAnOutsideNumberIsRecordedOnceItWasTold(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		entry := acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		var texts struct{ Items []struct{ ID string } }
		must(t, ana.Do(ctx, "GET", "consent-texts", nil, &texts))
		acme.rule(t, ana, m{"consent": "key", "consent_text": texts.Items[0].ID, "all_parties": true})
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		call, agent, interaction := acme.talking(t, op, bo)
		path := "interactions/" + interaction
		acme.recording(t, bo, interaction, "asking")
		call.Hush()
		call.Talk(700)
		listens(t, "the agent", agent, []float64{700}, 500)
		must(t, call.Press('1'))
		acme.recording(t, bo, interaction, "recording")
		passes(t, agent, time.Second)

		must(t, bo.Do(ctx, "POST", path+"/outside", m{"number": "210000007", "hand_over": false}, nil))
		other := others.answer(t, 1300)
		other.hears(t, "the outside number aside", []float64{900})
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil))
		within(t, "the outside number is not told", func() bool { // it hears words in place of the others
			pcm := mediatest.Sound(other.Heard(), 10)
			return pcm != nil && audio.Power(pcm, 900) < -50
		})
		other.Hush()
		other.Talk(1500)
		listens(t, "the agent with all", agent, []float64{700, 1500}, 1300)
		within(t, "the outside number has no track", func() bool { return len(acme.recordings(t, interaction)) == 2 })
		passes(t, agent, 1500*time.Millisecond)
		call.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		all := acme.ended(t, interaction, 2)
		if !slices.Equal(all[0].row.Parties, []string{"person", "agent"}) || !slices.Equal(all[1].row.Parties, []string{"person", "agent", "outside"}) {
			t.Errorf("%v, then %v", all[0].row.Parties, all[1].row.Parties)
		}
		tracksHold(t, "all", all, "person", []float64{700}, 500, 900, 1300, 1500)
		tracksHold(t, "all", all, "agent", []float64{900}, 500, 700, 1300, 1500)
		tracksHold(t, "all", all, "outside", []float64{1500}, 500, 700, 900, 1300)
	})
}

// A person whom an agent calls is told before it is recorded, as one who calls.
func TestACalledPersonIsToldFirst(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		var texts struct{ Items []struct{ ID string } }
		must(t, ana.Do(ctx, "GET", "consent-texts", nil, &texts))
		acme.rule(t, ana, m{"consent": "announcement", "consent_text": texts.Items[0].ID, "direction": "out"})
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		var made struct{ Interaction string }
		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
		agent := acme.agentSound(t, bo, made.Interaction)
		agent.Talk(900)
		person := others.answer(t, 1300)
		acme.recording(t, bo, made.Interaction, "asking")
		within(t, "the person is not told", func() bool { // it hears words in place of the agent
			pcm := mediatest.Sound(person.Heard(), 10)
			return pcm != nil && audio.Measure(pcm).Peak > -40 && audio.Power(pcm, 900) < -50
		})
		person.Hush()
		person.Talk(1500)
		acme.recording(t, bo, made.Interaction, "recording")
		listens(t, "the agent", agent, []float64{1500}, 1300)
		passes(t, agent, 1500*time.Millisecond)
		person.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, made.Interaction)
		all := acme.ended(t, made.Interaction, 1)
		tracksHold(t, "all", all, "person", []float64{1500}, 900, 1300)
		tracksHold(t, "all", all, "agent", []float64{900}, 1300, 1500)
	})
}

// Of a call that is parked what the person says is recorded where the rule says so for
// hold, and nothing elsewhere; no music is. Whoever takes it back is recorded in the
// agent's track.
func TestAParkedCallIsRecordedAsTheRuleSays(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		for _, c := range []struct {
			*company
			hold bool
			says []float64
		}{{acme, false, []float64{500, 600}}, {books, true, []float64{500, 600, 700}}} {
			ctx := t.Context()
			ana := c.signIn(t, "ana")
			entry := c.telephone(t, ana)
			c.rule(t, ana, m{"consent": "none", "hold": c.hold})
			c.agent(t, "bo")
			c.agent(t, "cy")
			bo, _ := c.ready(t, "bo")
			cy := c.signIn(t, "cy")
			v, caller, agent := c.talks(t, entry, bo)
			c.recording(t, bo, v.Interaction, "recording")
			listens(t, "the agent", agent, []float64{500})
			passes(t, agent, time.Second)

			must(t, bo.Do(ctx, "POST", "interactions/"+v.Interaction+"/park", m{}, nil))
			hearsMusic(t, caller, 900)
			caller.Talk(700)
			passes(t, caller, 2*time.Second)
			caller.Talk(600)
			passes(t, caller, 200*time.Millisecond)
			must(t, cy.Do(ctx, "POST", "parked-calls/"+v.Interaction+"/take", m{}, nil))
			other := c.agentSound(t, cy, v.Interaction)
			other.Talk(1300)
			listens(t, "who took it back", other, []float64{600}, 700)
			listens(t, "the caller", caller, []float64{1300}, 900)
			passes(t, other, 1500*time.Millisecond)
			must(t, v.Do(ctx, "POST", "/end", m{}, nil))
			wrapsUp(t, cy, v.Interaction)
			all := c.ended(t, v.Interaction, 1)
			tracksHold(t, fmt.Sprint("parked, hold ", c.hold), all, "person", c.says, slices.DeleteFunc([]float64{500, 600, 700, 900, 1300}, func(hz float64) bool { return slices.Contains(c.says, hz) })...)
			tracksHold(t, fmt.Sprint("parked, hold ", c.hold), all, "agent", []float64{900, 1300}, 500, 600, 700)
		}
	})
}
