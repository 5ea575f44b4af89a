package server

import (
	"testing"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// parked is what is parked, as a user sees it.
func parked(t *testing.T, u *drive.User) []floor.ParkedCall {
	t.Helper()
	var list struct{ Items []floor.ParkedCall }
	must(t, u.Do(t.Context(), "GET", "parked-calls", nil, &list))
	return list.Items
}

// transfers asks for a blind transfer, and waits for how that went.
func (d *dialled) transfers(t *testing.T, to string) (code int) {
	t.Helper()
	d.leg.Refer(wire.NewURI("sip", to, "office.example", 0, ""), nil)
	for {
		if s := await[sip.ReferStatus](t, d); s.Final {
			return s.Code
		}
	}
}

// parkedFor has calls come back after some seconds, to a queue if they have none.
func (c *company) parkedFor(t *testing.T, seconds int, queue string) {
	t.Helper()
	admin := c.signIn(t, "ana")
	var rules struct {
		Version int64 `json:"version"`
		setup.Rules
	}
	must(t, admin.Do(t.Context(), "GET", "rules", nil, &rules))
	rules.Park = setup.ParkRule{Number: "700", Slots: 3, Seconds: seconds, Queue: queue}
	must(t, admin.Do(t.Context(), "PUT", "rules", rules, nil))
}

// A call of a queue is parked at the desk and by the agent's phone; colleagues take it
// back at the desk and by phone; it hears music meanwhile, over a restart too; nobody
// of another organisation has a part in it.
func TestACallOfAQueueIsParked(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		books.agent(t, "bo")
		theirs := books.signIn(t, "bo")
		bo, line := acme.ready(t, "bo")
		defer line.Close()
		cy := acme.signIn(t, "cy")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		outsider := books.ownPhone(t, node, conf, "Theirs", "", "25")

		// At the desk: the agent is free at once, the caller hears music.
		call, _, interaction := acme.talking(t, op, bo)
		refused(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/park", m{"slot": "999"}, nil), 422)
		refused(t, cy.Do(ctx, "POST", "interactions/"+interaction+"/park", m{}, nil), 404)
		hall.calls(t, "701").refusedWith(t, "a slot that is empty", 404)
		var it floor.Interaction
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/park", m{}, &it))
		if it.Slot != "701" || it.State != "in_flow" || it.Agent != "" {
			t.Fatalf("%+v", it)
		}
		call.hearsMusic(t, 900)
		within(t, "the agent is not free", func() bool { return len(works(t, bo)) == 0 })
		list := parked(t, cy)
		if len(list) != 1 || list[0].Slot != "701" || list[0].By != boID || list[0].Phone != "" || list[0].Queue != acme.queue || !list[0].Until.After(list[0].Since) {
			t.Fatalf("%+v", list)
		}
		if len(parked(t, theirs)) != 0 {
			t.Error("another organisation sees it")
		}
		refused(t, theirs.Do(ctx, "POST", "parked-calls/"+interaction+"/take", m{}, nil), 404)
		outsider.calls(t, "701").refusedWith(t, "another organisation's slot", 404)

		// A colleague takes it back at the desk.
		it = floor.Interaction{}
		must(t, cy.Do(ctx, "POST", "parked-calls/"+interaction+"/take", m{}, &it))
		if it.State != "active" || it.Agent != cyID || it.Slot != "" {
			t.Fatalf("%+v", it)
		}
		refused(t, bo.Do(ctx, "POST", "parked-calls/"+interaction+"/take", m{}, nil), 409)
		other := acme.agentSound(t, cy, interaction)
		other.Talk(1300)
		listens(t, "who took it back", other, []float64{500})
		call.hears(t, "the caller with who took it back", []float64{1300}, 900)

		// Parked again, it waits over a restart; its phone takes it back as work.
		phone := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		must(t, cy.Do(ctx, "POST", "interactions/"+interaction+"/park", m{"slot": "704"}, &it))
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, cy.Base = n, n.URL(), n.URL()
		o := await[sip.Offered](t, call)
		body, err := call.Answer(o.Body.Data)
		must(t, err)
		call.leg.AnswerOffer(sip.SDP(body))
		call.hearsMusic(t, 1300)
		if list := parked(t, bo); len(list) != 1 || list[0].Slot != "704" || list[0].By != cyID {
			t.Fatalf("after a restart: %+v", list)
		}
		cy, desktop := acme.ready(t, "cy")
		defer desktop.Close()
		registered(t, phone.register(t, phone.id, conf.SIP.Realm, phone.as.Password))
		must(t, cy.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil))
		back := phone.calls(t, "704")
		back.connected(t, 1300)
		back.hears(t, "the phone that took it back", []float64{500}, 1300)
		call.hears(t, "the caller with the phone", []float64{1300}, 500)
		within(t, "the phone's user does not have the work", func() bool {
			w := works(t, cy)
			return len(w) == 1 && w[0].ID == interaction && w[0].State == "active" && stateOf(t, cy, interaction).Phone == "connected"
		})

		// The phone parks by its own transfer; elsewhere it may not transfer.
		back.leg.Refer(wire.NewURI("sip", "22", "office.example", 0, ""), nil)
		if s := await[sip.ReferStatus](t, back); s.Code != 603 {
			t.Errorf("a transfer that is no parking: %+v", s)
		}
		if code := back.transfers(t, "702"); code != 200 {
			t.Fatalf("parking by phone: %d", code)
		}
		await[sip.Ended](t, back)
		call.hearsMusic(t, 1300)
		if list := parked(t, bo); len(list) != 1 || list[0].Slot != "702" || list[0].By != cyID || list[0].Phone != phone.id {
			t.Fatalf("%+v", list)
		}

		// Nobody's phone has it, and holds it; nobody has it as work.
		registered(t, hall.register(t, hall.id, conf.SIP.Realm, hall.as.Password))
		got := hall.calls(t, "702")
		got.connected(t, 700)
		got.hears(t, "the hall", []float64{500}, 700)
		call.hears(t, "the caller with the hall", []float64{700}, 500)
		if list := parked(t, bo); len(list) != 0 {
			t.Errorf("%+v", list)
		}
		hall.calls(t, "702").refusedWith(t, "a slot that was emptied", 404)
		got.hold(t, true)
		call.hearsMusic(t, 700)
		got.hold(t, false)
		call.hears(t, "the caller after the hall's hold", []float64{700}, 500)
		got.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		within(t, "the legs are not noted", func() bool {
			phones := 0
			for _, l := range acme.legs(t, interaction) {
				if l.Way == "phone" && !l.AnsweredAt.IsZero() && !l.EndedAt.IsZero() {
					phones++
				}
			}
			return phones == 2
		})

		// Who hangs up frees the slot.
		bo, line = acme.ready(t, "bo")
		defer line.Close()
		call, _, interaction = acme.talking(t, op, bo)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/park", m{"slot": "703"}, nil))
		if list := parked(t, cy); len(list) != 1 || list[0].Slot != "703" {
			t.Errorf("%+v", list)
		}
		call.leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the slot stays taken", func() bool { return len(parked(t, cy)) == 0 })
	})
}

// A call that nobody takes back rings who parked it, then goes to its queue.
func TestAParkedCallComesBack(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		acme.agent(t, "bo")
		cyID := acme.agent(t, "cy")
		bo, boLine := acme.ready(t, "bo")
		defer boLine.Close()
		acme.parkedFor(t, 5, "")
		call, _, interaction := acme.talking(t, op, bo)
		cy, line := acme.ready(t, "cy")
		defer line.Close()
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/park", m{}, nil))
		offer, back := acme.offered(t, bo)
		if back != interaction || len(parked(t, bo)) != 0 || len(desk(t, cy).Offers) != 0 {
			t.Errorf("%s is offered, %+v", back, parked(t, bo))
		}
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/decline", m{}, nil))
		offer, back = acme.offered(t, cy)
		if back != interaction {
			t.Fatal("another call is offered")
		}
		must(t, cy.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		sound := acme.agentSound(t, cy, interaction)
		sound.Talk(1300)
		call.hears(t, "the caller with a colleague", []float64{1300})
		if w := works(t, cy); len(w) != 1 || w[0].Agent != cyID {
			t.Errorf("%+v", w)
		}
	})
}

// A call between phones is parked by either end and taken back by any phone; who
// parked it is rung, then it goes to the rule's queue, or waits again.
func TestACallBetweenPhonesIsParked(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo := acme.signIn(t, "bo")
		op := newExchange(t, node, nil)
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Numbers[0].Rings = mine.id })

		// From outside: the phone that is called parks it, and another takes it back.
		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		rings := wait(t, mine.arrived)
		rings.pickUp(t, 900)
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.Talk(500)
		rings.hears(t, "who is called", []float64{500}, 900)
		if code := rings.transfers(t, "700"); code != 200 {
			t.Fatalf("parking: %d", code)
		}
		await[sip.Ended](t, rings)
		call.hearsMusic(t, 900)
		list := parked(t, bo)
		if len(list) != 1 || list[0].Slot != "701" || list[0].By != boID || list[0].Phone != mine.id || list[0].Queue != "" || list[0].Name != "+351930000007" {
			t.Fatalf("%+v", list)
		}
		refused(t, bo.Do(ctx, "POST", "parked-calls/"+list[0].Interaction+"/take", m{}, nil), 409)
		back := hers.calls(t, "701")
		back.connected(t, 1300)
		back.hears(t, "who took it back", []float64{500}, 1300)
		call.hears(t, "who was parked", []float64{1300}, 500)
		aside(t, bo, 0)
		aside(t, acme.signIn(t, "cy"), 1)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, back)
		aside(t, acme.signIn(t, "cy"), 0)

		// A colleague is parked by who called; a slot that is taken is refused, and the
		// call goes on. Who parked is rung, has it again, and it waits over a restart.
		acme.parkedFor(t, 5, "")
		call = mine.calls(t, "22")
		rings = wait(t, hers.arrived)
		rings.pickUp(t, 1300)
		call.connected(t, 900)
		rings.hears(t, "who is called", []float64{900}, 1300)
		if code := call.transfers(t, "702"); code != 200 {
			t.Fatalf("parking: %d", code)
		}
		await[sip.Ended](t, call)
		if list := parked(t, bo); len(list) != 1 || list[0].Name != "Cy's" {
			t.Errorf("%+v", list)
		}
		comes := wait(t, mine.arrived)
		if from := comes.leg.From().URI.User.Reveal(); from != "700" {
			t.Errorf("the phone is shown %s", from)
		}
		comes.pickUp(t, 900)
		comes.hears(t, "who parked it", []float64{1300}, 900)
		rings.hears(t, "who was parked", []float64{900}, 1300)
		comes.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, rings)
		aside(t, acme.signIn(t, "cy"), 0)
		aside(t, bo, 0)

		// Nobody answers: it is parked again, and with a queue it is work of that.
		call = hall.calls(t, "22")
		rings = wait(t, hers.arrived)
		rings.pickUp(t, 1300)
		call.connected(t, 700)
		rings.hears(t, "who is called", []float64{700}, 1300)
		if code := rings.transfers(t, "701"); code != 200 {
			t.Fatalf("parking: %d", code)
		}
		second := mine.calls(t, "25")
		picks := wait(t, hall.arrived)
		picks.pickUp(t, 700)
		second.connected(t, 900)
		picks.hears(t, "the hall", []float64{900}, 700)
		if code := picks.transfers(t, "701"); code != 486 {
			t.Errorf("a slot that is taken: %d", code)
		}
		picks.hears(t, "the hall, that could not park", []float64{900}, 700)
		second.leg.Hangup(sip.Reason{Q850: 16})
		first := parked(t, bo)
		wait(t, hers.arrived).leg.Reject(486, sip.Reason{})
		within(t, "it is not parked again", func() bool {
			list := parked(t, bo)
			return len(list) == 1 && len(first) == 1 && list[0].Interaction == first[0].Interaction && list[0].Since.After(first[0].Since)
		})
		acme.parkedFor(t, 5, acme.queue)
		bo, line := acme.ready(t, "bo")
		defer line.Close()
		wait(t, hers.arrived).leg.Reject(486, sip.Reason{})
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		sound := acme.agentSound(t, bo, interaction)
		sound.Talk(1100)
		call.hears(t, "who was parked, with an agent", []float64{1100}, 1300)
	})
}
