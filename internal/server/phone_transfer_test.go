package server

import (
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// final waits for how a transfer went, and gives that last.
func (d *dialled) final(t *testing.T) int {
	t.Helper()
	for {
		if s := await[sip.ReferStatus](t, d); s.Final {
			return s.Code
		}
	}
}

// refers asks for a transfer to a number; with other, to whom the phone talks with
// there.
func (d *dialled) refers(to string, other *dialled) {
	var leg *sip.Leg
	if other != nil {
		leg = other.leg
	}
	d.leg.Refer(wire.NewURI("sip", to, "office.example", 0, ""), leg)
}

// talkWith has a call from outside picked up, and both ends talk.
func talkWith(t *testing.T, op *exchange, from string, p *ownPhone, hertz float64) (call, rings *dialled) {
	t.Helper()
	call = op.dial(t, "210000001", from, negotiate.Policy{})
	rings = wait(t, p.arrived)
	rings.pickUp(t, hertz)
	must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
	call.Talk(500)
	rings.hears(t, "who is called", []float64{500}, hertz)
	return call, rings
}

// A phone transfers by its own key to a number: the other end hears music until
// somebody has it, and comes back to who transferred it when nobody does.
func TestAPhoneTransfersToANumber(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo, cy := acme.signIn(t, "bo"), acme.signIn(t, "cy")
		op, called := newCalled(t, node)
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "24")
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Numbers[0].Rings = mine.id
			v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxCalls: 1}
		})

		// To a colleague, whom it shows who transfers, and not who calls.
		call, rings := talkWith(t, op, "+351930000007", mine, 900)
		rings.hold(t, true)
		rings.refers("22", nil)
		comes := wait(t, hers.arrived)
		if from := comes.leg.From(); from.Display.Reveal() != "Bo's" || strings.Contains(from.URI.Text(), "93000") {
			t.Errorf("the phone is shown %s, %s", from.Display.Reveal(), from.URI.Text())
		}
		if by := comes.leg.Invite().Get("Referred-By"); !strings.Contains(by, `"Bo's"`) || !strings.Contains(by, "sip:21@") {
			t.Errorf("referred by %q", by)
		}
		call.hearsMusic(t, 900)
		comes.leg.Ring()
		if s := await[sip.ReferStatus](t, rings); s.Code != 100 || s.Final {
			t.Errorf("at first: %+v", s)
		}
		if s := await[sip.ReferStatus](t, rings); s.Code != 180 || s.Final {
			t.Errorf("while it rings: %+v", s)
		}
		comes.pickUp(t, 1300)
		if code := rings.final(t); code != 200 {
			t.Errorf("it is answered: %d", code)
		}
		await[sip.Ended](t, rings)
		comes.hears(t, "who it was transferred to", []float64{500}, 900, 1300)
		call.hears(t, "who was transferred", []float64{1300}, 900, 500)
		aside(t, bo, 0)
		aside(t, cy, 1)

		// Who has it now transfers it on, to nobody's phone; that is told who did.
		comes.refers("25", nil)
		again := wait(t, hall.arrived)
		again.pickUp(t, 700)
		if code := comes.final(t); code != 200 {
			t.Errorf("transferred once more: %d", code)
		}
		again.hears(t, "the hall", []float64{500}, 1300)
		call.hears(t, "who was transferred twice", []float64{700}, 1300)
		aside(t, cy, 0)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, again)

		// Nobody takes it: who waits for that has it again, with the reason.
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000008", mine, 900)
		rings.refers("22", nil)
		wait(t, hers.arrived).leg.Reject(603, sip.Reason{})
		if code := rings.final(t); code != 603 {
			t.Errorf("declined: %d", code)
		}
		call.hears(t, "who is back", []float64{900}, 1300)
		rings.hears(t, "who has it back", []float64{500}, 900)
		for to, code := range map[string]int{"24": 404, "112": 603, "0034910000000": 403} {
			rings.refers(to, nil)
			if got := rings.final(t); got != code {
				t.Errorf("to %s: %d", to, got)
			}
		}
		call.refers("22", nil)
		if code := call.final(t); code != 603 {
			t.Errorf("a transfer that an outside caller wants: %d", code)
		}
		call.hears(t, "who was not transferred", []float64{900})

		// While it is looked for somebody, who transfers may not do so again.
		rings.refers("22", nil)
		comes = wait(t, hers.arrived)
		comes.leg.Ring()
		await[sip.ReferStatus](t, rings)
		aside(t, bo, 1)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, comes)
		await[sip.Ended](t, rings)
		aside(t, bo, 0)

		// Who transfers hangs up at once; nobody answers, and its phone rings.
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000009", mine, 900)
		rings.refers("22", nil)
		comes = wait(t, hers.arrived)
		rings.leg.Hangup(sip.Reason{Q850: 16})
		call.hearsMusic(t, 900)
		aside(t, bo, 0)
		comes.leg.Reject(486, sip.Reason{})
		back := wait(t, mine.arrived)
		back.pickUp(t, 1100)
		back.hears(t, "who had transferred it", []float64{500}, 1100)
		call.hears(t, "who came back", []float64{1100}, 900)
		back.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)

		// Nor does that: the call ends.
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000010", mine, 900)
		rings.refers("22", nil)
		comes = wait(t, hers.arrived)
		rings.leg.Hangup(sip.Reason{Q850: 16})
		aside(t, bo, 0)
		comes.leg.Reject(486, sip.Reason{})
		wait(t, mine.arrived).leg.Reject(486, sip.Reason{})
		await[sip.Ended](t, call)

		// Outside, on the account of who transfers; and a person who was called outside
		// to a colleague. Each call that left is noted until its end.
		noted := func() (rows []store.OfficeCallRow) {
			t.Helper()
			must(t, n.keepers.db.Read(t.Context(), acme.ID, func(tx *store.Tx) (err error) {
				rows, err = tx.OfficeCalls(time.Time{}, time.Now().Add(time.Hour))
				return err
			}))
			return rows
		}
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000011", mine, 900)
		rings.refers("210000007", nil)
		out := wait(t, called)
		out.pickUp(t, 1500)
		if code := rings.final(t); code != 200 {
			t.Errorf("to an outside number: %d", code)
		}
		out.hears(t, "the outside number", []float64{500}, 900)
		call.hears(t, "who was transferred outside", []float64{1500}, 900)
		within(t, "the call that left is not noted", func() bool {
			rows := noted()
			return len(rows) == 1 && rows[0].UserID == boID && rows[0].PhoneID == mine.id && !rows[0].AnsweredAt.IsZero() && rows[0].EndedAt.IsZero()
		})
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, out)
		within(t, "its end is not noted", func() bool { return !noted()[0].EndedAt.IsZero() })

		n.quiet(t)
		dials := mine.calls(t, "210000008")
		out = wait(t, called)
		out.pickUp(t, 1500)
		dials.connected(t, 900)
		out.hears(t, "who is called outside", []float64{900}, 1500)
		dials.refers("22", nil)
		comes = wait(t, hers.arrived)
		out.hearsMusic(t, 900)
		comes.pickUp(t, 1300)
		if code := dials.final(t); code != 200 {
			t.Errorf("a person who was called outside: %d", code)
		}
		comes.hears(t, "the colleague", []float64{1500}, 900)
		out.hears(t, "the person with the colleague", []float64{1300}, 900)
		if rows := noted(); len(rows) != 2 || !rows[1].EndedAt.IsZero() || rows[1].PhoneID != mine.id {
			t.Errorf("%+v", rows)
		}
		comes.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, out)
		within(t, "its end is not noted", func() bool { return !noted()[1].EndedAt.IsZero() })

		// To where calls are work.
		acme.rings(t, setup.RingGroup{Name: "Point", Extension: "29", Members: []string{hall.id}, Then: setup.RingThen{EntryPoint: entry}})
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000012", mine, 900)
		bo, line := acme.ready(t, "bo")
		defer line.Close()
		rings.refers("29", nil)
		wait(t, hall.arrived).leg.Reject(486, sip.Reason{})
		if code := rings.final(t); code != 200 {
			t.Errorf("to an entry point: %d", code)
		}
		await[sip.Ended](t, rings)
		must(t, call.Press('2'))
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
		sound := acme.agentSound(t, bo, interaction)
		sound.Talk(1700)
		call.hears(t, "who was transferred to a flow", []float64{1700}, 900)

		select {
		case <-theirs.arrived:
			t.Error("another organisation's phone rang")
		default:
		}
		call.leg.Hangup(sip.Reason{Q850: 16})
		n.quiet(t)
	})
}

// A phone talks with a colleague in a second call and connects the two; it may do so
// only with its own calls.
func TestAPhoneTransfersToWhomItTalksWith(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo, cy := acme.signIn(t, "bo"), acme.signIn(t, "cy")
		op, called := newCalled(t, node)
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "22")
		his := books.ownPhone(t, node, conf, "His", "", "23")
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Numbers[0].Rings = mine.id
			v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxCalls: 2}
		})

		call, rings := talkWith(t, op, "+351930000007", mine, 900)
		rings.hold(t, true)
		asks := mine.calls(t, "22")
		comes := wait(t, hers.arrived)
		comes.pickUp(t, 1300)
		asks.connected(t, 1100)
		comes.hears(t, "who is asked", []float64{1100}, 1300)
		call.hearsMusic(t, 900)
		rings.refers("22", asks)
		if code := rings.final(t); code != 200 {
			t.Fatalf("connecting both: %d", code)
		}
		await[sip.Ended](t, rings)
		await[sip.Ended](t, asks)
		comes.hears(t, "who was asked", []float64{500}, 1100, 900)
		call.hears(t, "who was transferred", []float64{1300}, 1100, 900)
		aside(t, bo, 0)
		aside(t, cy, 1)
		comes.hold(t, true)
		call.hearsMusic(t, 1300)
		comes.hold(t, false)
		comes.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		aside(t, cy, 0)

		// Both were called by the phone: a colleague gets a person outside.
		n.quiet(t)
		asks = mine.calls(t, "210000008")
		out := wait(t, called)
		out.pickUp(t, 1500)
		asks.connected(t, 900)
		second := mine.calls(t, "25")
		comes = wait(t, hall.arrived)
		comes.pickUp(t, 700)
		second.connected(t, 1100)
		comes.hears(t, "the hall", []float64{1100}, 700)
		second.refers("210000008", asks)
		if code := second.final(t); code != 200 {
			t.Fatalf("connecting both: %d", code)
		}
		await[sip.Ended](t, asks)
		out.hears(t, "the person", []float64{700}, 900, 1100)
		comes.hears(t, "the hall with the person", []float64{1500}, 1100)
		out.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, comes)
		within(t, "the call's end is not noted", func() bool {
			var rows []store.OfficeCallRow
			must(t, n.keepers.db.Read(t.Context(), acme.ID, func(tx *store.Tx) (err error) {
				rows, err = tx.OfficeCalls(time.Time{}, time.Now().Add(time.Hour))
				return err
			}))
			return len(rows) == 1 && rows[0].PhoneID == mine.id && !rows[0].EndedAt.IsZero()
		})

		// Nobody has answered there yet: it is a transfer to the number.
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000008", mine, 900)
		asks = mine.calls(t, "22")
		first := wait(t, hers.arrived)
		first.leg.Ring()
		await[sip.Ringing](t, asks)
		rings.refers("22", asks)
		await[sip.Failed](t, asks)
		await[sip.Ended](t, first)
		comes = wait(t, hers.arrived)
		comes.pickUp(t, 1300)
		if code := rings.final(t); code != 200 {
			t.Errorf("to whom rings: %d", code)
		}
		call.hears(t, "who was transferred", []float64{1300}, 900)
		comes.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)

		// Calls of other phones, of other organisations', or that are not there.
		n.quiet(t)
		call, rings = talkWith(t, op, "+351930000009", mine, 900)
		strange := hall.calls(t, "22")
		wait(t, hers.arrived).pickUp(t, 1300)
		strange.connected(t, 700)
		far := his.calls(t, "22")
		wait(t, theirs.arrived).pickUp(t, 1300)
		far.connected(t, 1100)
		for what, other := range map[string]*dialled{"a colleague's call": strange, "another organisation's call": far, "itself": rings, "a call that is over": asks} {
			rings.refers("22", other)
			if code := rings.final(t); code != 603 {
				t.Errorf("%s: %d", what, code)
			}
		}
		nobody, err := wire.ParseURI("sip:22@office.example?Replaces=nobodys%3Bto-tag%3Da%3Bfrom-tag%3Db")
		must(t, err)
		rings.leg.Refer(nobody, nil)
		if code := rings.final(t); code != 481 {
			t.Errorf("a call that never was: %d", code)
		}
		rings.Forget() // what was said before the call was asked about
		call.Forget()
		rings.hears(t, "who stays in the call", []float64{500}, 900)
		call.hears(t, "the caller", []float64{900})
		for _, d := range []*dialled{call, strange, far} {
			d.leg.Hangup(sip.Reason{Q850: 16})
		}
		n.quiet(t)
	})
}
