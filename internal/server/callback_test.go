package server

import (
	"math"
	"slices"
	"testing"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// A caller keeps its place and hangs up; when its turn comes its agent has it and it
// is called, at the number that it keyed in, as far as the trunk's rules let calls
// out. Who is not reached waits again, at the old place, over a restart; the last
// call that reaches nobody is the agent's to close.
func TestACallerIsCalledBack(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.called(t, "which", m{
			"which":  m{"type": "ask", "text": m{"en": "Here or elsewhere?"}, "options": []m{{"value": "here", "label": m{"en": "Here"}, "next": "back"}, {"value": "there", "label": m{"en": "Elsewhere"}, "next": "number"}}},
			"number": m{"type": "collect", "text": m{"en": "Which number?"}, "into": "number", "digits": m{"min": 3, "max": 15, "terminator": "#"}, "next": "there"},
			"back":   m{"type": "callback", "queue": acme.queue, "text": m{"en": "We call you."}, "failed": "no"},
			"there":  m{"type": "callback", "queue": acme.queue, "number": "{{number}}", "failed": "no"},
			"no":     m{"type": "set", "priority": 2, "next": "end"}, "end": m{"type": "close"}})
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		acme.agent(t, "bo")
		acme.user(t, "sue", access.Supervisor)
		books.user(t, "sue", access.Supervisor)
		bo, sue, theirs := acme.signIn(t, "bo"), acme.signIn(t, "sue"), books.signIn(t, "sue")
		rows := func() (open, refusedOnes []store.InteractionRow) {
			t.Helper()
			must(t, acme.node.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
				all, err := tx.SearchInteractions(store.InteractionFilter{Limit: 20})
				for _, r := range all {
					switch {
					case r.Priority == 2:
						refusedOnes = append(refusedOnes, r)
					case r.ClosedAt.IsZero():
						open = append(open, r)
					}
				}
				return err
			}))
			return open, refusedOnes
		}
		calls := func(from string, keys string) *dialled {
			t.Helper()
			call := op.dials(t, "210000001", from)
			call.Talk(500)
			for i := range keys {
				must(t, call.Press(keys[i]))
				if i == 0 && len(keys) > 1 {
					within(t, "the number is not asked for", func() (asked bool) {
						open, _ := rows()
						if len(open) == 0 || open[0].State != "in_flow" {
							return false
						}
						said, err := acme.node.parts.chat.Messages(ctx, acme.ID, open[0].ID, 0, math.MaxInt64, 10)
						must(t, err)
						return slices.ContainsFunc(said, func(m chat.Message) bool { return m.Text == "Which number?" })
					})
				}
			}
			await[sip.Ended](t, call)
			return call
		}

		// What may not be called is not promised: an emergency number, one abroad, a
		// withheld one.
		calls("+351930000006", "2112#")
		calls("+351930000006", "20034911234567#")
		calls("anonymous", "1")
		within(t, "a number that may not be called is promised", func() bool {
			open, no := rows()
			return len(open) == 0 && len(no) == 3
		})

		// The first keyed in another number, the second is called where it was.
		calls("+351930000007", "2210000009#")
		calls("+351930000008", "1")
		within(t, "they do not wait", func() bool { open, _ := rows(); return len(open) == 2 })
		open, _ := rows()
		if later, first := open[0], open[1]; !first.Callback || !first.LeftMessage || first.State != "queued" || len(first.ReachSealed) == 0 || len(later.ReachSealed) != 0 || !first.Place.Before(later.Place) {
			t.Fatalf("%+v", open)
		}
		first := open[1].ID

		// After a restart both still wait, the first first.
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, sue.Base, theirs.Base = n, n.URL(), n.URL(), n.URL()
		within(t, "the trunk is not at work", func() bool {
			way, err := n.parts.voice.CallChoices(ctx, acme.ID)
			return err == nil && way.Possible
		})
		bo, line := acme.ready(t, "bo")
		defer line.Close()
		offer, interaction := acme.offered(t, bo)
		if interaction != first {
			t.Error("who came later goes first")
		}
		select {
		case <-others.arrived:
			t.Error("a person is called before anybody has it")
		default:
		}
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		ringing := wait(t, others.arrived)
		if to := ringing.leg.Invite().URI.User.Reveal(); to != "+351210000009" {
			t.Errorf("%q is called", to)
		}
		place := open[1].Place
		ringing.leg.Reject(486, sip.Reason{Q850: 17})
		// It waits for a while, and its agent has the next.
		within(t, "the agent is not free", func() bool { d := desk(t, bo); return len(d.Offers) == 1 && d.Offers[0].Interaction.ID != first })
		within(t, "it does not wait", func() bool {
			open, _ := rows()
			for _, r := range open {
				if r.ID == first {
					return r.State == "in_flow" && r.Attempts == 1 && r.LeftMessage && r.Callback
				}
			}
			return false
		})
		var waiting struct{ Items []floor.WaitingCallback }
		must(t, sue.Do(ctx, "GET", "floor/callbacks", nil, &waiting))
		if w := waiting.Items; len(w) != 2 || w[0].Interaction != first || w[0].Attempts != 1 || w[0].Most != 3 || w[0].Next.IsZero() || w[0].Position != 0 || w[1].Position != 1 || w[1].Attempts != 0 || !w[1].Next.IsZero() {
			t.Errorf("%+v", waiting.Items)
		}
		refused(t, bo.Do(ctx, "DELETE", "floor/callbacks/"+first, nil, nil), 403)
		refused(t, theirs.Do(ctx, "DELETE", "floor/callbacks/"+first, nil, nil), 404)
		_, second := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+desk(t, bo).Offers[0].ID+"/accept", m{}, nil))
		person := others.answer(t, 1300)
		agent := acme.agentSound(t, bo, second)
		agent.Talk(900)
		if to := person.leg.Invite().URI.User.Reveal(); to != "+351930000008" {
			t.Errorf("%q is called", to)
		}
		person.hears(t, "the person", []float64{900})
		listens(t, "the agent", agent, []float64{1300})
		person.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the work does not wrap up", func() bool { w := works(t, bo); return len(w) == 1 && w[0].State == "wrapping" })
		must(t, bo.Do(ctx, "POST", "interactions/"+second+"/complete", m{}, nil))

		// It comes again, at its old place; who is not reached the last time is the
		// agent's to close.
		must(t, sue.Do(ctx, "POST", "floor/interactions/"+first+"/move", m{"queue": acme.queue}, nil)) // before its time
		for attempt := 2; attempt <= 3; attempt++ {
			within(t, "it is not offered again", func() bool { d := desk(t, bo); return len(d.Offers) == 1 && d.Offers[0].Interaction.ID == first })
			open, _ = rows()
			if !open[0].Place.Equal(place) {
				t.Errorf("its place was %v, and is %v", place, open[0].Place)
			}
			must(t, bo.Do(ctx, "POST", "offers/"+desk(t, bo).Offers[0].ID+"/accept", m{}, nil))
			wait(t, others.arrived).leg.Reject(486, sip.Reason{Q850: 17})
			within(t, "it is not noted that nobody was reached", func() bool {
				open, _ := rows()
				return len(open) == 1 && open[0].Attempts == attempt
			})
			if attempt == 2 {
				must(t, sue.Do(ctx, "POST", "floor/interactions/"+first+"/move", m{"queue": acme.queue}, nil)) // before its time
			}
		}
		w := works(t, bo)
		if len(w) != 1 || w[0].State != "active" || !w[0].LeftMessage || w[0].Attempts != 3 {
			t.Errorf("%+v", w)
		}
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/complete", m{}, nil))
		select {
		case <-others.arrived:
			t.Error("it is called a fourth time")
		default:
		}

		// Who is to be called no more is not.
		refused(t, sue.Do(ctx, "DELETE", "floor/callbacks/"+first, nil, nil), 404)
		must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
		calls("+351930000005", "1")
		within(t, "it does not wait", func() bool { open, _ := rows(); return len(open) == 1 && open[0].State == "queued" })
		open, _ = rows()
		must(t, sue.Do(ctx, "DELETE", "floor/callbacks/"+open[0].ID, nil, nil))
		if open, _ = rows(); len(open) != 0 {
			t.Errorf("%+v", open)
		}
	})
}
