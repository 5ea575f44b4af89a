package server

import (
	"testing"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

// rings gives a tenant a ring group.
func (c *company) rings(t *testing.T, v setup.RingGroup) string {
	t.Helper()
	made, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, v)
	must(t, err)
	within(t, "the ring group is not at work", func() bool {
		return c.node.parts.telephone.Extensions(c.ID).Of(made.ID) == v.Extension
	})
	return made.ID
}

// quiet waits until no call of phones is left: until then who was in it is busy.
func (n *node) quiet(t *testing.T) {
	t.Helper()
	within(t, "a call that is over stays", func() bool { return n.parts.voice.OfficeCalls() == 0 })
}

// A ring group rings its members one after another or all at once, for phones of
// the house and for a number of a trunk's; the first who picks up talks.
func TestARingGroupIsCalled(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo := acme.signIn(t, "bo")
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		second := acme.ownPhone(t, node, conf, "Cy's at home", cyID, "")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "24")
		turn := acme.rings(t, setup.RingGroup{Name: "Sales", Extension: "30", Members: []string{hall.id, boID, cyID}, Order: setup.RingSequential})
		all := acme.rings(t, setup.RingGroup{Name: "Everybody", Extension: "31", Members: []string{hall.id, boID, hers.id}})
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Numbers = []setup.TrunkNumber{{Number: "+351210000001", Rings: all}, {Number: "+351210000002", Rings: hers.id}}
		})

		// One after another: who declines is passed over at once, and so is the caller.
		call := mine.calls(t, "30")
		rings := wait(t, hall.arrived)
		if from := rings.leg.From(); from.URI.User.Reveal() != "21" || from.Display.Reveal() != "Bo's · Sales" {
			t.Errorf("the phone is shown %s, %s", from.URI.User.Reveal(), from.Display.Reveal())
		}
		rings.leg.Ring()
		await[sip.Ringing](t, call)
		rings.leg.Reject(603, sip.Reason{})
		rings, also := wait(t, hers.arrived), wait(t, second.arrived)
		also.leg.Ring()
		rings.pickUp(t, 900)
		call.connected(t, 500)
		if e := await[sip.Ended](t, also); e.By != dialog.ByCancel || e.Reason.SIP != 200 {
			t.Errorf("the other place: %+v", e)
		}
		rings.hears(t, "the member", []float64{500}, 900)
		call.hears(t, "who calls", []float64{900}, 500)
		aside(t, bo, 1)
		if called := len(mine.arrived); called != 0 {
			t.Error("the caller's own phone rang")
		}

		// From outside, all at once; who talks is busy and does not ring.
		in := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		one := wait(t, hall.arrived)
		if from := one.leg.From(); from.URI.User.Reveal() != "call" || from.Display.Reveal() != "Everybody" {
			t.Errorf("the phone is shown %s, %s", from.URI.User.Reveal(), from.Display.Reveal())
		}
		one.pickUp(t, 1300)
		in.connected(t, 700)
		one.hears(t, "the hall", []float64{700}, 1300)
		in.hears(t, "who calls from outside", []float64{1300}, 700)
		must(t, in.Press('5'))
		must(t, one.Await(t.Context(), func(heard []mediatest.Heard) bool { return mediatest.Keys(heard) == "5" }))
		one.hold(t, true)
		in.hearsMusic(t, 1300)
		op.dial(t, "210000001", "+351930000008", negotiate.Policy{}).rungThenBusy(t, hall)
		in.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, one)
		op.dial(t, "210000002", "+351930000008", negotiate.Policy{}).refusedWith(t, "who talks, from outside", 486)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, rings)
		n.quiet(t)

		// Two pick up at once: one has the call, the others are hung up.
		in = op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		one, rings, also = wait(t, hall.arrived), wait(t, mine.arrived), wait(t, hers.arrived)
		one.pickUp(t, 900)
		rings.pickUp(t, 1300)
		in.connected(t, 500)
		await[sip.Ended](t, also)
		over := make(chan *dialled, 2)
		for _, d := range []*dialled{one, rings} {
			go func() {
				for e := range d.events {
					if _, ok := e.(sip.Ended); ok {
						over <- d
						return
					}
				}
			}()
		}
		loser, winner, hertz := wait(t, over), one, 900.0
		if loser == one {
			winner, hertz = rings, 1300
		}
		in.hears(t, "who calls", []float64{hertz}, 500)
		winner.hears(t, "who picked up first", []float64{500}, hertz)
		in.leg.Hangup(sip.Reason{Q850: 16})
		if wait(t, over) != winner {
			t.Error("the one who talked is not hung up")
		}
		n.quiet(t)

		// The caller gives up as a member answers.
		in = op.dial(t, "210000002", "+351930000007", negotiate.Policy{})
		rings = wait(t, hers.arrived)
		wait(t, second.arrived)
		if name := rings.leg.From().Display.Reveal(); name != "Operator" {
			t.Errorf("the phone is shown %s", name)
		}
		rings.leg.Ring()
		await[sip.Ringing](t, in)
		in.leg.Hangup(sip.Reason{})
		rings.pickUp(t, 900)
		await[sip.Failed](t, in)
		await[sip.Ended](t, rings)
		n.quiet(t)
		aside(t, bo, 0)

		// Another organisation has none of it.
		theirs.calls(t, "30").refusedWith(t, "another organisation's group", 403)
		_, err := appsetup.Create(t.Context(), n.parts.setup, books.admin, setup.RingGroup{Name: "Stolen", Extension: "30", Members: []string{hers.id}, Then: setup.RingThen{Rings: turn}})
		if e := errs.As(err); err == nil || len(e.Fields) != 2 || e.Fields[0].Path != "members[0]" || e.Fields[1].Path != "then.rings" {
			t.Errorf("a group of another organisation's phones: %v", err)
		}
		_, err = appsetup.Create(t.Context(), n.parts.setup, acme.admin, setup.RingGroup{Name: "Twice", Extension: "21", Members: []string{boID}})
		if e := errs.As(err); err == nil || e.Fields[0].Path != "extension" {
			t.Errorf("a phone's extension: %v", err)
		}
		select {
		case <-theirs.arrived:
			t.Error("another organisation's phone rang")
		default:
		}
	})
}

// rungThenBusy says that a phone rings once more while it talks, and that it is
// busy.
func (d *dialled) rungThenBusy(t *testing.T, p *ownPhone) {
	t.Helper()
	wait(t, p.arrived).leg.Reject(486, sip.Reason{})
	d.refusedWith(t, "a group whose members talk", 486)
}

// Where nobody in a group answers, the call goes on as it is set up: at another
// extension, at an entry point, or with words.
func TestWhereARingGroupLeads(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		admin := acme.signIn(t, "ana")
		entry := acme.telephone(t, admin)
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		bo, _ := acme.ready(t, "bo")
		cy, _ := acme.ready(t, "cy")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		gone, _ := acme.plainPhone(t, "Away", boID, "23")
		sorry := acme.recorded(t, admin, "Sorry", 1100, -20)
		words := acme.rings(t, setup.RingGroup{Name: "Words", Extension: "30", Members: []string{gone}, Then: setup.RingThen{Prompt: sorry}})
		acme.rings(t, setup.RingGroup{Name: "Another", Extension: "31", Members: []string{gone}, Then: setup.RingThen{Rings: hall.id}})
		acme.rings(t, setup.RingGroup{Name: "Point", Extension: "32", Members: []string{gone}, Then: setup.RingThen{EntryPoint: entry}})
		acme.rings(t, setup.RingGroup{Name: "Nothing", Extension: "33", Members: []string{gone}})

		call := hers.calls(t, "30")
		call.connected(t, 500)
		call.hears(t, "who calls", []float64{1100}, 500)
		await[sip.Ended](t, call)
		hers.calls(t, "33").refusedWith(t, "a group without anybody", 480)
		call = hers.calls(t, "31")
		rings := wait(t, hall.arrived)
		rings.pickUp(t, 900)
		call.connected(t, 500)
		call.hears(t, "who calls", []float64{900}, 500)
		rings.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		n.quiet(t)

		// At the entry point it is work; who calls from the phone is on it meanwhile.
		call = hers.calls(t, "32")
		call.connected(t, 500)
		must(t, call.Press('2'))
		offer, interaction := acme.offered(t, bo)
		aside(t, cy, 1)
		_ = offer
		var legs []store.LegRow
		within(t, "what is noted of the caller is written", func() bool { // within a moment, together with others
			legs = acme.legs(t, interaction)
			return len(legs) > 0
		})
		if len(legs) != 1 || legs[0].Way != "phone" || legs[0].TrunkID != hers.id || legs[0].UserID != "" || legs[0].Part != "caller" {
			t.Errorf("%+v", legs)
		}
		must(t, bo.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(1300)
		call.hears(t, "who calls", []float64{1300}, 500)
		listens(t, "the agent", agent, []float64{500}, 1300)
		call.leg.Hangup(sip.Reason{Q850: 16})
		aside(t, cy, 0)
		within(t, "the call is not over", func() bool {
			d := desk(t, bo)
			return len(d.Work) == 1 && d.Work[0].State == "wrapping"
		})

		// What a group uses stays.
		o, err := n.parts.setup.Get(t.Context(), acme.admin, setup.KindPrompt, sorry)
		must(t, err)
		if err := n.parts.setup.Archive(t.Context(), acme.admin, setup.KindPrompt, sorry, o.Version); !errs.Is(err, errs.Conflict) {
			t.Errorf("a prompt in use: %v", err)
		}
		_ = words
	})
}

// A call that came from a phone to an entry point goes on after a restart, and its
// user is still on the phone.
func TestAPhoneInAQueueSurvivesARestart(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		boID, cyID := acme.agent(t, "bo"), acme.agent(t, "cy")
		cy := acme.signIn(t, "cy")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		gone, _ := acme.plainPhone(t, "Away", boID, "23")
		acme.rings(t, setup.RingGroup{Name: "Point", Extension: "32", Members: []string{gone}, Then: setup.RingThen{EntryPoint: entry}})
		call := hers.calls(t, "32")
		call.connected(t, 500)
		within(t, "the dialog is not kept", func() bool {
			kept := 0
			must(t, n.keepers.db.Read(t.Context(), acme.ID, func(tx *store.Tx) error {
				all, err := tx.OpenLegs()
				for _, l := range all {
					if len(l.DialogSealed) > 0 {
						kept++
					}
				}
				return err
			}))
			return kept == 1
		})
		n.stop(t)
		n = start(t, conf, nil)
		acme.node, cy.Base = n, n.URL()
		o := await[sip.Offered](t, call)
		body, err := call.Answer(o.Body.Data)
		must(t, err)
		call.leg.AnswerOffer(sip.SDP(body))
		aside(t, cy, 1)
		must(t, call.Press('2'))
		call.hearsMusic(t, 900)
		call.leg.Hangup(sip.Reason{Q850: 16})
		aside(t, cy, 0)
	})
}
