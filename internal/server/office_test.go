package server

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// calls dials at the phone.
func (p *ownPhone) calls(t *testing.T, number string) *dialled {
	t.Helper()
	return p.dialAs(t, number, p.id, p.as, negotiate.Policy{})
}

// refusedWith waits for how a call is refused.
func (d *dialled) refusedWith(t *testing.T, what string, code int) {
	t.Helper()
	if f := await[sip.Failed](t, d); f.Code != code {
		t.Errorf("%s is answered with %d", what, f.Code)
	}
}

// connected takes the answer to a call that was picked up.
func (d *dialled) connected(t *testing.T, hertz float64) {
	t.Helper()
	must(t, d.Accept(await[sip.Answered](t, d).Body.Data))
	d.Talk(hertz)
}

// aside waits until an agent has so many calls beside its work.
func aside(t *testing.T, u *drive.User, calls int) {
	t.Helper()
	within(t, "the floor counts other calls of the agent's phone", func() bool {
		return desk(t, u).Me.Aside == calls
	})
}

// A phone calls a colleague's: all its places ring, the first who picks up talks,
// and no call is offered to either meanwhile.
func TestAPhoneCallsAnExtension(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		boID, cyID, dyID := acme.agent(t, "bo"), acme.agent(t, "cy"), acme.agent(t, "dy")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		hers := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		second := acme.ownPhone(t, node, conf, "Cy's at home", cyID, "")
		acme.plainPhone(t, "Dy's", dyID, "23")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "24")

		call := mine.calls(t, "22")
		rings, also := wait(t, hers.arrived), wait(t, second.arrived)
		if from := rings.leg.From(); from.URI.User.Reveal() != "21" || from.Display.Reveal() != "Bo's" {
			t.Errorf("the phone is shown %s, %s", from.URI.User.Reveal(), from.Display.Reveal())
		}
		also.leg.Ring()
		await[sip.Ringing](t, call)
		rings.pickUp(t, 900)
		call.connected(t, 500)
		if e := await[sip.Ended](t, also); e.By != dialog.ByCancel || e.Reason.SIP != 200 {
			t.Errorf("the other place: %+v", e)
		}
		rings.hears(t, "who is called", []float64{500}, 900)
		call.hears(t, "who calls", []float64{900}, 500)
		must(t, rings.Press('5'))
		must(t, rings.Press('7'))
		must(t, call.Await(ctx, func(heard []mediatest.Heard) bool { return strings.HasSuffix(mediatest.Keys(heard), "7") }))
		if keys := mediatest.Keys(call.Heard()); keys != "57" {
			t.Errorf("who calls gets the keys %s", keys)
		}
		rings.hold(t, true)
		call.hearsMusic(t, 900)
		rings.hold(t, false)
		call.hears(t, "who calls, after hold", []float64{900}, 500)

		// No work is made of it, and its agents get none.
		aside(t, bo, 1)
		in := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, in.Accept(await[sip.Answered](t, in).Body.Data))
		must(t, in.Press('2'))
		within(t, "the call does not wait", func() bool {
			s, err := n.parts.floor.Snapshot(ctx, acme.admin)
			must(t, err)
			for _, q := range s.Queues {
				if q.Waiting == 1 {
					return true
				}
			}
			return false
		})
		if d := desk(t, bo); len(d.Offers) != 0 || len(d.Work) != 0 || d.Me.Presence != "ready" {
			t.Errorf("in a call by phone the agent has %+v", d)
		}
		third := acme.ownPhone(t, node, conf, "Hall", "", "25")
		third.calls(t, "22").refusedWith(t, "who talks", 486)
		rings.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		aside(t, bo, 0)
		_, interaction := acme.offered(t, bo)
		third.calls(t, "21").refusedWith(t, "who is offered a call", 486)
		in.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, in)
		within(t, "the offer stays", func() bool { return len(desk(t, bo).Offers) == 0 })
		_ = interaction

		// Who cannot be reached, and how that is told.
		mine.calls(t, "23").refusedWith(t, "a phone that is registered nowhere", 480)
		mine.calls(t, "24").refusedWith(t, "another organisation's extension", 403)
		mine.calls(t, "*97").refusedWith(t, "no number at all", 403)
		theirs.calls(t, "22").refusedWith(t, "another organisation's extension", 403)
		select {
		case <-theirs.arrived:
			t.Error("another organisation's phone rang")
		default:
		}
		wrong := mine.as
		wrong.Password = secret.New("guessed")
		mine.dialAs(t, "22", mine.id, wrong, negotiate.Policy{}).refusedWith(t, "a wrong password", 403)

		call = mine.dialAs(t, "22", theirs.id, mine.as, negotiate.Policy{}) // it is who proved it, whatever name it uses
		rings, also = wait(t, hers.arrived), wait(t, second.arrived)
		if from := rings.leg.From(); from.Display.Reveal() != "Bo's" {
			t.Errorf("the phone is shown %s", from.Display.Reveal())
		}
		rings.leg.Reject(603, sip.Reason{})
		call.refusedWith(t, "who declines", 603)
		await[sip.Ended](t, also)

		// The caller gives up; the answer crosses that.
		call = mine.calls(t, "22")
		rings, also = wait(t, hers.arrived), wait(t, second.arrived)
		rings.leg.Ring()
		await[sip.Ringing](t, call)
		call.leg.Hangup(sip.Reason{})
		rings.pickUp(t, 900)
		also.pickUp(t, 900)
		await[sip.Failed](t, call)
		await[sip.Ended](t, rings)
		await[sip.Ended](t, also)
		// The phones know that it is over a moment before the node has put it away,
		// and until then who was in it is busy.
		within(t, "a call that is over stays", func() bool { return n.parts.voice.OfficeCalls() == 0 })

		// Two pick up at once: one has the call, the other is hung up.
		call = mine.calls(t, "22")
		rings, also = wait(t, hers.arrived), wait(t, second.arrived)
		rings.pickUp(t, 900)
		also.pickUp(t, 1300)
		call.connected(t, 500)
		over := make(chan *dialled, 2)
		for _, d := range []*dialled{rings, also} {
			go func() {
				for e := range d.events {
					if _, ok := e.(sip.Ended); ok {
						over <- d
						return
					}
				}
			}()
		}
		loser := wait(t, over)
		winner, hertz := rings, 900.0
		if loser == rings {
			winner, hertz = also, 1300
		}
		call.hears(t, "who calls", []float64{hertz}, 500)
		winner.hears(t, "who picked up first", []float64{500}, hertz)
		call.leg.Hangup(sip.Reason{Q850: 16})
		if wait(t, over) != winner {
			t.Error("the one who talked is not hung up")
		}
		aside(t, bo, 0)
		if left := n.parts.voice.OfficeCalls(); left != 0 {
			t.Errorf("%d calls of phones are left", left)
		}
	})
}

// A phone calls an outside number as its user may, by the trunk's rules; and an
// emergency number whoever uses it.
func TestAPhoneCallsOutside(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		boID, cyID := acme.agent(t, "bo"), acme.user(t, "cy", access.Administrator)
		bo := acme.signIn(t, "bo")
		op, called := newCalled(t, node)
		trunk := acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxCalls: 1}
		})
		mine := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		his := acme.ownPhone(t, node, conf, "Cy's", cyID, "22")
		hall := acme.ownPhone(t, node, conf, "Hall", "", "25")
		theirs := books.ownPhone(t, node, conf, "Theirs", "", "24")

		call := mine.calls(t, "210000007")
		rings := wait(t, called)
		if to := rings.leg.Invite().URI.User.Reveal(); to != "+351210000007" {
			t.Errorf("the trunk is asked for %s", to)
		}
		if from := rings.leg.From().URI.User.Reveal(); from != "+351210000001" {
			t.Errorf("the call shows %s", from)
		}
		rings.leg.Ring()
		await[sip.Ringing](t, call)
		aside(t, bo, 1)
		rings.pickUp(t, 900)
		call.connected(t, 500)
		rings.hears(t, "the person", []float64{500}, 900)
		call.hears(t, "the phone", []float64{900}, 500)
		noted := func() []store.OfficeCallRow {
			t.Helper()
			var rows []store.OfficeCallRow
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) (err error) {
				rows, err = tx.OfficeCalls(time.Time{}, time.Now().Add(time.Hour))
				return err
			}))
			return rows
		}
		within(t, "the call is not noted", func() bool { return len(noted()) == 1 })
		mine.calls(t, "210000008").refusedWith(t, "one call more than the trunk lets out", 403)
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, rings)
		aside(t, bo, 0)
		within(t, "the call's end is not noted", func() bool { return !noted()[0].EndedAt.IsZero() })
		list := func(u *drive.User, query string) (all []floor.PhoneCall) {
			t.Helper()
			var page struct{ Items []floor.PhoneCall }
			must(t, u.Do(ctx, "GET", "phone-calls"+query, nil, &page))
			return page.Items
		}
		admin := acme.signIn(t, "ana")
		for _, query := range []string{"", "?phone=" + mine.id, "?user=" + boID} {
			if got := list(admin, query); len(got) != 1 || got[0].Phone != mine.id || got[0].User != boID || got[0].Trunk != trunk || got[0].Number != "•••07" || got[0].EndedAt == nil || got[0].Q850 != 16 {
				t.Errorf("%q: %+v", query, got)
			}
		}
		if got := append(list(admin, "?phone="+his.id), list(books.signIn(t, "ana"), "?phone="+mine.id)...); len(got) != 0 {
			t.Errorf("others' calls: %+v", got)
		}
		refused(t, bo.Do(ctx, "GET", "phone-calls", nil, nil), 403)
		if r := noted()[0]; r.UserID != boID || r.PhoneID != mine.id || r.TrunkID != trunk || r.Emergency || len(r.Counts) != 1 {
			t.Errorf("%+v", r)
		}

		call = mine.calls(t, "210000008")
		wait(t, called).leg.Reject(486, sip.Reason{})
		call.refusedWith(t, "who is busy", 486)
		call = mine.calls(t, "210000009")
		rings = wait(t, called)
		rings.leg.Ring()
		await[sip.Ringing](t, call)
		call.leg.Hangup(sip.Reason{})
		await[sip.Ended](t, rings)

		mine.calls(t, "0034910000000").refusedWith(t, "a country that the trunk does not call", 403)
		his.calls(t, "210000007").refusedWith(t, "an outside number, of a user who may not call", 403)
		hall.calls(t, "210000007").refusedWith(t, "an outside number, of nobody's phone", 403)
		theirs.calls(t, "112").refusedWith(t, "an emergency number without a trunk", 403)
		select {
		case <-called:
			t.Error("a call left that may not")
		default:
		}
		call = hall.calls(t, "112")
		rings = wait(t, called)
		if to := rings.leg.Invite().URI.User.Reveal(); to != "112" {
			t.Errorf("the trunk is asked for %s", to)
		}
		phone, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
		must(t, err)
		t.Cleanup(phone.Close)
		body, err := phone.Answer(rings.leg.Offer().Data)
		must(t, err)
		rings.leg.Progress(183, sip.SDP(body)) // an announcement before the answer
		phone.Talk(900)
		early := await[sip.EarlyMedia](t, call)
		must(t, call.Accept(early.Body.Data))
		call.hears(t, "the hall, before the answer", []float64{900})
		rings.leg.Answer(sip.SDP(body))
		await[sip.Answered](t, call)
		rings.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		within(t, "the emergency call is not noted", func() bool {
			rows := noted()
			return len(rows) == 2 && rows[1].Called == "•••" && rows[1].Emergency && rows[1].PhoneID == hall.id && !rows[1].EndedAt.IsZero()
		})
	})
}
