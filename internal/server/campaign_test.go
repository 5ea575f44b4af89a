package server

import (
	"testing"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// An agent calls a contact of a campaign by a telephone network: the call is recorded by the
// campaign's own rule, another call of the same queue is not; what became of each call
// is the campaign's, and agents choose from its results.
func TestACampaignCallsAndIsRecorded(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, other := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.telephone(t, ana)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		out := &outsiders{arrived: make(chan *answered, 4)}
		op := newExchange(t, node, out.incoming)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })

		var list, sold, odd, campaign struct{ ID string }
		must(t, ana.Do(ctx, "POST", "contact-lists", m{"name": "List"}, &list))
		must(t, ana.Do(ctx, "POST", "dispositions", m{"name": "Sold"}, &sold))
		must(t, ana.Do(ctx, "POST", "dispositions", m{"name": "Odd"}, &odd))
		must(t, ana.Do(ctx, "POST", "campaigns", m{"name": "Renewals", "state": "running", "queue": acme.queue, "lists": []string{list.ID}, "no_answer_minutes": 60, "busy_minutes": 10, "outcomes": []m{{"disposition": sold.ID, "then": "done"}}}, &campaign))
		file := []byte("phone,name\n210000007,Eva\n210000008,Zé\n")
		var seen struct{ Seen string }
		must(t, ana.Do(ctx, "POST", "contact-lists/"+list.ID+"/import/preview", m{"file": file}, &seen))
		must(t, ana.Do(ctx, "POST", "contact-lists/"+list.ID+"/import", m{"file": file, "seen": seen.Seen}, nil))
		acme.rule(t, ana, m{"consent": "none", "direction": "out", "campaigns": []string{campaign.ID}})

		type preview struct {
			Next *struct{ ID, Name, Number string }
			Why  string
		}
		next := func() (p preview) {
			t.Helper()
			must(t, bo.Do(ctx, "POST", "desk/campaigns/"+campaign.ID+"/next", m{}, &p))
			return p
		}
		first := next()
		if first.Next == nil || first.Next.Name != "Eva" || first.Next.Number != "+351210000007" {
			t.Fatalf("%+v", first)
		}
		var made struct{ Interaction string }
		refused(t, other.signIn(t, "ana").Do(ctx, "POST", "desk/campaigns/"+campaign.ID+"/contacts/"+first.Next.ID+"/call", m{}, nil), 404)
		must(t, bo.Do(ctx, "POST", "desk/campaigns/"+campaign.ID+"/contacts/"+first.Next.ID+"/call", m{}, &made))
		sound := acme.agentSound(t, bo, made.Interaction)
		sound.Talk(900)
		person := out.answer(t, 500)
		listens(t, "the agent", sound, []float64{500})
		acme.recording(t, bo, made.Interaction, "recording")
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/finish", m{}, nil))
		person.ended(t)
		refused(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{"disposition": odd.ID}, nil), 422)
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{"disposition": sold.ID}, nil))
		within(t, "what the call came to waits for somebody who asks", func() (settled bool) {
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
				all, err := tx.CampaignContact(campaign.ID, first.Next.ID)
				settled = all.State == "done" && all.Outcome == sold.ID
				return err
			}))
			return settled
		})
		within(t, "the recording has no end", func() bool { return len(acme.recordings(t, made.Interaction)) == 1 })

		// A call beside the campaign: the same queue, the same person.
		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
		sound = acme.agentSound(t, bo, made.Interaction)
		person = out.answer(t, 600)
		listens(t, "the agent", sound, []float64{600})
		acme.recording(t, bo, made.Interaction, "off")
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/finish", m{}, nil))
		person.ended(t)
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
		if all := acme.recordings(t, made.Interaction); len(all) > 0 {
			t.Errorf("a call of no campaign was recorded: %d", len(all))
		}

		second := next()
		if second.Next == nil || second.Next.Name != "Zé" {
			t.Fatalf("%+v", second)
		}
		must(t, bo.Do(ctx, "POST", "desk/campaigns/"+campaign.ID+"/contacts/"+second.Next.ID+"/call", m{}, &made))
		wait(t, out.arrived).leg.Reject(486, sip.Reason{})
		wrapsUp(t, bo, made.Interaction)
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
		within(t, "what the calls came to is not seen", func() bool {
			var all struct {
				Items []struct {
					Campaign                                       string
					Contacts, Pending, Again, Done, Held, Excluded int
				}
			}
			must(t, ana.Do(ctx, "GET", "campaigns/progress", nil, &all))
			p := all.Items[0]
			return p.Campaign == campaign.ID && p.Contacts == 2 && p.Done == 1 && p.Again == 1 && p.Pending == 0 && p.Held == 0
		})
		if p := next(); p.Next != nil || p.Why != "later" {
			t.Errorf("%+v", p)
		}
	})
}
