package server

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
)

// ownPhone is an agent's phone, registered, with what arrives there.
type ownPhone struct {
	*exchange
	id          string
	as          auth.Credentials
	registering *sip.Registering
	arrived     chan *dialled
}

// newCalled is an end of the test's own that is called; what arrives is given.
func newCalled(t *testing.T, node sip.Target) (*exchange, chan *dialled) {
	t.Helper()
	arrived := make(chan *dialled, 8)
	return newExchange(t, node, func(l *sip.Leg) {
		d := &dialled{leg: l, events: make(chan sip.Event, 64)}
		l.Events(func(e sip.Event) { d.events <- e })
		arrived <- d
	}), arrived
}

func (c *company) ownPhone(t *testing.T, node sip.Target, conf *config.Config, name, user, extension string) *ownPhone {
	t.Helper()
	account, password := c.plainPhone(t, name, user, extension)
	p := &ownPhone{id: account, as: auth.Credentials{Realms: []string{conf.SIP.Realm}, Username: secret.New(account), Password: password}}
	p.exchange, p.arrived = newCalled(t, node)
	p.registering = p.register(t, account, conf.SIP.Realm, password)
	registered(t, p.registering)
	return p
}

// pickUp answers what rings.
func (d *dialled) pickUp(t *testing.T, hertz float64) {
	t.Helper()
	d.leg.Ring()
	phone, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
	must(t, err)
	t.Cleanup(phone.Close)
	d.Phone = phone
	body, err := phone.Answer(d.leg.Offer().Data)
	must(t, err)
	d.leg.Answer(sip.SDP(body))
	phone.Talk(hertz)
}

type callState struct {
	Caller, Agent, Phone, Failure string
	Held                          bool
}

func stateOf(t *testing.T, u *drive.User, interaction string) (st callState) {
	t.Helper()
	must(t, u.Do(t.Context(), "GET", "interactions/"+interaction+"/call", nil, &st))
	return st
}

// An agent talks by its phone: an offer rings it, picking up accepts, hold and
// keys at the phone do what they do at the desk, and hanging up ends the contact.
func TestAnAgentTalksByPhone(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		boID := acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		books.agent(t, "bo")
		theirs := books.signIn(t, "bo")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		phone := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		refused(t, theirs.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil), 422)
		var choice struct {
			Phone  string
			Phones []struct {
				ID, Name   string
				Registered bool
			}
		}
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, &choice))
		if choice.Phone != phone.id || len(choice.Phones) != 1 || choice.Phones[0].Name != "Bo's" || !choice.Phones[0].Registered {
			t.Fatalf("%+v", choice)
		}

		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.Talk(500)
		must(t, call.Press('2'))
		rings := wait(t, phone.arrived)
		if s := rings.leg.From().URI.User.Reveal() + rings.leg.From().Display.Reveal(); s != "callNubitalk" {
			t.Errorf("the phone is shown %s", s)
		}
		_, interaction := acme.offered(t, bo)
		if st := stateOf(t, bo, interaction); st.Phone != "ringing" {
			t.Errorf("%+v", st)
		}
		refused(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/sound", m{"description": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}, nil), 409)
		rings.pickUp(t, 900)
		rings.hears(t, "the agent", []float64{500}, 900)
		call.hears(t, "the caller", []float64{900}, 500)
		if st := stateOf(t, bo, interaction); st.Phone != "connected" || st.Agent != "connected" || len(desk(t, bo).Offers) != 0 {
			t.Errorf("%+v", st)
		}

		// Keys and hold at the phone.
		must(t, rings.Press('5'))
		must(t, rings.Press('7'))
		must(t, call.Await(ctx, func(heard []mediatest.Heard) bool { return strings.HasSuffix(mediatest.Keys(heard), "7") }))
		if keys := mediatest.Keys(call.Heard()); keys != "57" {
			t.Errorf("the caller gets the keys %s", keys)
		}
		rings.hold(t, true)
		call.hearsMusic(t, 900)
		if st := stateOf(t, bo, interaction); !st.Held {
			t.Error("hold at the phone is not shown")
		}
		rings.hold(t, false)
		call.hears(t, "the caller after hold", []float64{900}, 500)

		// The browser takes over, and gives back.
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": ""}, nil))
		browser := acme.agentSound(t, bo, interaction)
		browser.Talk(1300)
		await[sip.Ended](t, rings)
		listens(t, "the agent in the browser", browser, []float64{500}, 1300)
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil))
		rings = wait(t, phone.arrived)
		rings.pickUp(t, 900)
		call.hears(t, "the caller, by phone again", []float64{900}, 1300)

		rings.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
		await[sip.Ended](t, call)
		within(t, "the phone's legs are not noted", func() bool {
			count := 0
			for _, l := range acme.legs(t, interaction) {
				if l.Way == "phone" && l.UserID == boID && l.TrunkID == phone.id && !l.EndedAt.IsZero() && l.Suite != "" {
					count++
				}
			}
			return count == 2
		})
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
	})
}

// hold offers the session anew, as a phone does whose user presses hold.
func (d *dialled) hold(t *testing.T, held bool) {
	t.Helper()
	offer, err := d.Offer()
	must(t, err)
	if held {
		offer = bytes.ReplaceAll(offer, []byte("a=sendrecv"), []byte("a=sendonly"))
	}
	d.leg.Reinvite(sip.SDP(offer))
	must(t, d.Accept(await[sip.Accepted](t, d).Body.Data))
}

// A phone that declines declines; one that is busy, or registered nowhere, lets
// the call go on at once, and its agent is told why.
func TestAPhoneThatIsNotPickedUp(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		boID := acme.agent(t, "bo")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		phone := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		bo, line := acme.ready(t, "bo")
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil))
		told := func(kind, what string) {
			t.Helper()
			for {
				f, err := line.Next(ctx)
				if err != nil {
					t.Fatalf("the agent is not told %s: %v", what, err)
				}
				if f.Type == kind && strings.Contains(string(f.Data), `"`+what+`"`) {
					return
				}
			}
		}
		waits := func(from string) *dialled {
			t.Helper()
			must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil))
			call := op.dial(t, "210000001", from, negotiate.Policy{})
			must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
			must(t, call.Press('2'))
			return call
		}
		leaves := func(call *dialled) {
			t.Helper()
			call.leg.Hangup(sip.Reason{Q850: 16})
			if end := await[sip.Ended](t, call); end.By != dialog.ByUs {
				t.Errorf("%+v", end)
			}
		}
		call := waits("+351930000007")
		rings := wait(t, phone.arrived)
		rings.leg.Ring()
		rings.leg.Reject(486, sip.Reason{})
		told("offer.ended", "declined")
		leaves(call)

		call = waits("+351930000008")
		wait(t, phone.arrived).leg.Reject(486, sip.Reason{})
		told("call.changed", "busy")
		told("offer.ended", "expired")
		leaves(call)

		phone.registering.Stop()
		within(t, "the phone is registered still", func() bool { return phonePlaces(t, acme, phone.id) == 0 })
		call = waits("+351930000009")
		told("call.changed", "unregistered")
		told("offer.ended", "expired")
		leaves(call)
	})
}

// A call that an agent makes at the desk rings its own phone first.
func TestCallingOutRingsTheOwnPhoneFirst(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		acme.telephone(t, acme.signIn(t, "ana"))
		boID := acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		called := make(chan *sip.Leg, 4)
		op := newExchange(t, node, func(l *sip.Leg) {
			l.Events(func(sip.Event) {})
			called <- l
		})
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		phone := acme.ownPhone(t, node, conf, "Bo's", boID, "21")
		must(t, bo.Do(ctx, "PUT", "desk/phone", m{"phone": phone.id}, nil))
		var made struct{ Interaction string }
		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
		rings := wait(t, phone.arrived)
		select {
		case <-called:
			t.Error("the person is called before the agent's phone was picked up")
		default:
		}
		rings.pickUp(t, 900)
		leg := wait(t, called)
		leg.Ring()
		rings.hears(t, "the agent while it rings", []float64{425})
		person, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
		must(t, err)
		t.Cleanup(person.Close)
		body, err := person.Answer(leg.Offer().Data)
		must(t, err)
		leg.Answer(sip.SDP(body))
		person.Talk(500)
		rings.hears(t, "the agent", []float64{500}, 425)
		must(t, person.Hears(ctx, []float64{900}, 500))
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/finish", m{}, nil))
		await[sip.Ended](t, rings)
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))

		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000008", "queue": acme.queue}, &made))
		wait(t, phone.arrived).leg.Reject(603, sip.Reason{})
		wrapsUp(t, bo, made.Interaction)
		select {
		case <-called:
			t.Error("the person is called though the agent's phone was not picked up")
		default:
		}
	})
}
