package server

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"testing"
	"time"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/freeport"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// telephony has a node listen for SIP, at an address that stays over restarts.
func telephony(t *testing.T, conf *config.Config) sip.Target {
	t.Helper()
	port := freePort(t)
	conf.SIP.Listen = []string{"udp://127.0.0.1:" + strconv.Itoa(port)}
	return sip.Target{Transport: sip.UDP, Host: "127.0.0.1", Port: port}
}

// exchange is a telephone operator's machine.
type exchange struct {
	ep       *sip.Endpoint
	node     sip.Target
	here     netip.AddrPort
	noEvents bool          // its callers agree to send no events
	asSound  bool          // they send keys as sound only
	headers  []wire.Header // of its callers' INVITEs
}

type everybody struct{ incoming func(*sip.Leg) }

func (everybody) Admit(sip.Arrival) sip.Admission           { return sip.Admit() }
func (everybody) Secret(string, string) (auth.Secret, bool) { return auth.Secret{}, false }
func (e everybody) Incoming(l *sip.Leg) {
	if e.incoming == nil {
		l.Reject(404, sip.Reason{})
		return
	}
	e.incoming(l)
}
func (everybody) Reachable(secret.Text)                     {}
func (everybody) Messages(secret.Text) (sip.Messages, bool) { return sip.Messages{}, false }

func newExchange(t *testing.T, node sip.Target, incoming func(*sip.Leg)) *exchange {
	t.Helper()
	o := &exchange{node: node}
	o.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.UDP, Address: "127.0.0.1:0"}}, Timers: dialog.Usual}, everybody{incoming})
	must(t, o.ep.Start(t.Context()))
	t.Cleanup(func() { _ = o.ep.Stop(t.Context()) })
	o.here = netip.MustParseAddrPort(o.ep.Address(0))
	return o
}

// trunk gives a tenant a trunk to the operator, with one number for an entry
// point.
func (c *company) trunk(t *testing.T, o *exchange, number, entry string, change func(*setup.Trunk)) string {
	t.Helper()
	v := setup.Trunk{Name: "Operator", Enabled: true, Country: "PT", Sources: []string{"127.0.0.1"},
		Gateways: []setup.TrunkGateway{{Host: "127.0.0.1", Port: int(o.here.Port()), Transport: "udp"}},
		Numbers:  []setup.TrunkNumber{{Number: number, EntryPoint: entry}}}
	if change != nil {
		change(&v)
	}
	made, err := appsetup.Create(t.Context(), c.node.parts.setup, c.admin, v)
	must(t, err)
	c.works(t, made.ID)
	return made.ID
}

// works waits until a trunk is at work: a change of the set-up is heard in its own
// time.
func (c *company) works(t *testing.T, trunk string) {
	t.Helper()
	within(t, "the trunk is not at work", func() bool {
		st, err := c.node.parts.telephone.TrunkState(t.Context(), c.ID, trunk)
		return err == nil && st.Running
	})
}

// dialled is a call that a person makes by telephone.
type dialled struct {
	*mediatest.Phone
	leg    *sip.Leg
	events chan sip.Event
}

func (o *exchange) dial(t *testing.T, to, from string, p negotiate.Policy) *dialled {
	t.Helper()
	return o.dialAs(t, to, from, auth.Credentials{}, p)
}

func (o *exchange) dialAs(t *testing.T, to, from string, as auth.Credentials, p negotiate.Policy) *dialled {
	t.Helper()
	phone, err := mediatest.NewPhone(p, loopback, netip.Addr{})
	must(t, err)
	t.Cleanup(phone.Close)
	if o.noEvents {
		phone.NoEvents()
	}
	offer, err := phone.Offer()
	must(t, err)
	d := &dialled{Phone: phone, events: make(chan sip.Event, 64)}
	d.leg, err = o.ep.Call(sip.CallRequest{Outgoing: dialog.Outgoing{
		To: wire.NewURI("sip", to, o.node.Host, o.node.Port, ""), From: wire.NewAddress("", wire.NewURI("sip", from, "operator.example", 0, ""), ""),
		Hop: o.node, Body: sip.SDP(offer), Credentials: as, Headers: o.headers,
	}, Events: func(e sip.Event) { d.events <- e }})
	must(t, err)
	return d
}

// await waits for an event of a kind.
func await[E sip.Event](t *testing.T, d *dialled) E {
	t.Helper()
	late := time.After(3 * time.Minute)
	for {
		select {
		case e := <-d.events:
			if got, ok := e.(E); ok {
				return got
			}
			if o, ok := e.(sip.Offered); ok {
				body, err := d.Answer(o.Body.Data)
				must(t, err)
				d.leg.AnswerOffer(sip.SDP(body))
			}
		case <-late:
			var want E
			t.Fatalf("no %T came", want)
		}
	}
}

func (d *dialled) hears(t *testing.T, who string, hertz []float64, not ...float64) {
	t.Helper()
	if err := d.Hears(t.Context(), hertz, not...); err != nil {
		t.Fatalf("%s: %v", who, err)
	}
}

func (d *dialled) hearsMusic(t *testing.T, not float64) {
	t.Helper()
	within(t, "no music is heard by telephone", func() bool {
		pcm := mediatest.Sound(d.Heard(), 25)
		return pcm != nil && audio.Measure(pcm).Peak > -30 && audio.Power(pcm, not) < -50
	})
}

// calls finds the tenant's calls that are shown to nobody yet by what they wait for.
func (c *company) offered(t *testing.T, u *drive.User) (offer, interaction string) {
	t.Helper()
	within(t, "the call was not offered", func() bool {
		for _, o := range desk(t, u).Offers {
			offer, interaction = o.ID, o.Interaction.ID
		}
		return offer != ""
	})
	return offer, interaction
}

func (c *company) legs(t *testing.T, interaction string) (legs []store.LegRow) {
	t.Helper()
	must(t, c.node.keepers.db.Read(t.Context(), c.ID, func(tx *store.Tx) (err error) {
		legs, err = tx.Legs(interaction)
		return err
	}))
	return legs
}

// The story of a call by telephone: a menu answered by keys, music, an agent's
// browser, tones both ways, hold, the end; what is noted of it; and calls that are
// refused.
func TestACallByTelephone(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		admin, theirs := acme.signIn(t, "ana"), books.signIn(t, "ana")
		entry := acme.telephone(t, admin)
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, node, nil)
		trunk := acme.trunk(t, op, "+351210000001", entry, nil)

		call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.Talk(500)
		must(t, call.Press('2'))
		offer, interaction := acme.offered(t, bo)
		call.hearsMusic(t, 900)
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		listens(t, "the agent", agent, []float64{500}, 900)
		call.hears(t, "the caller", []float64{900}, 500)

		var st struct {
			Caller, Agent          string
			Held, Telephone, Plain bool
		}
		must(t, bo.Do(ctx, "PUT", "interactions/"+interaction+"/hold", m{"held": true}, &st))
		if !st.Held || !st.Telephone || st.Plain {
			t.Errorf("%+v", st)
		}
		call.hearsMusic(t, 900)
		must(t, bo.Do(ctx, "PUT", "interactions/"+interaction+"/hold", m{"held": false}, &st))
		call.hears(t, "the caller after hold", []float64{900}, 500)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/keys", m{"keys": "42#"}, nil))
		must(t, call.Await(ctx, func(heard []mediatest.Heard) bool { return mediatest.Keys(heard) == "42#" }))
		refused(t, theirs.Do(ctx, "GET", "interactions/"+interaction+"/call", nil, nil), 404)

		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/finish", m{}, nil))
		if end := await[sip.Ended](t, call); end.By != dialog.ByThem || end.Reason.Q850 != 16 {
			t.Errorf("%+v", end)
		}
		within(t, "the legs are not noted", func() bool {
			legs := acme.legs(t, interaction)
			return len(legs) == 2 && !legs[0].EndedAt.IsZero() && !legs[1].EndedAt.IsZero()
		})
		for _, l := range acme.legs(t, interaction) {
			if l.AnsweredAt.IsZero() || l.EndedBy != "us" || len(l.DialogSealed) != 0 || l.Part == "caller" && (l.TrunkID != trunk || l.Suite == "" || len(l.AddressSealed) == 0 || l.Q850 != 16) {
				t.Errorf("%+v", l)
			}
		}

		for what, c := range map[string]struct {
			to     string
			policy negotiate.Policy
			code   int
		}{
			"a number that nobody has": {"210000009", negotiate.Policy{}, 404},
			"sound in the clear":       {"210000001", negotiate.Policy{Security: negotiate.Plain}, 488},
		} {
			d := op.dial(t, c.to, "+351930000007", c.policy)
			if f := await[sip.Failed](t, d); f.Code != c.code {
				t.Errorf("%s: %d", what, f.Code)
			}
		}
	})
}

// Calls by telephone go on after a restart; the other end is asked to send its
// sound to the new place. Who hung up meanwhile has left.
func TestTelephoneCallsSurviveARestart(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		op := newExchange(t, node, nil)
		acme.trunk(t, op, "+351210000001", entry, nil)
		dial := func(n int) *dialled {
			d := op.dial(t, "+351210000001", fmt.Sprintf("+35193000000%d", n), negotiate.Policy{})
			must(t, d.Accept(await[sip.Answered](t, d).Body.Data))
			d.Talk(500)
			return d
		}
		talking := dial(1)
		must(t, talking.Press('1'))
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		listens(t, "the agent", acme.agentSound(t, bo, interaction), []float64{500})
		asked := dial(2)
		within(t, "the dialogs are not kept", func() bool {
			legs, kept := 0, 0
			must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
				all, err := tx.OpenLegs()
				for _, l := range all {
					legs++
					if len(l.DialogSealed) > 0 {
						kept++
					}
				}
				return err
			}))
			return legs == 3 && kept == 2
		})

		n.stop(t)
		select {
		case e := <-talking.events:
			t.Fatalf("%T at the stop", e)
		default:
		}
		n = start(t, conf, nil)
		acme.node, bo.Base = n, n.URL()
		line, err := bo.Live(ctx, "")
		must(t, err)
		line.Stay()
		defer line.Close()
		for _, d := range []*dialled{talking, asked} {
			o := await[sip.Offered](t, d)
			body, err := d.Answer(o.Body.Data)
			must(t, err)
			d.leg.AnswerOffer(sip.SDP(body))
		}
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		listens(t, "the agent after the restart", agent, []float64{500})
		talking.hears(t, "the caller after the restart", []float64{900}, 500)
		must(t, asked.Press('2'))
		asked.hearsMusic(t, 900)

		talking.leg.Hangup(sip.Reason{Q850: 16})
		wrapsUp(t, bo, interaction)
	})
}

// An agent calls a person: the rules of the trunk decide, it rings, tones go both
// ways, the end; busy, a gateway that does not answer, and numbers that may not be
// called.
func TestAnAgentCallsAPerson(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		books.agent(t, "bo")
		theirs := books.signIn(t, "bo")

		arrived := make(chan *sip.Leg, 4)
		op := newExchange(t, node, func(l *sip.Leg) {
			l.Events(func(sip.Event) {})
			arrived <- l
		})
		dead := freePort(t)
		acme.trunk(t, op, "+351210000001", "", func(v *setup.Trunk) {
			v.Outgoing = setup.TrunkOutgoing{Allowed: true}
			v.Gateways = append([]setup.TrunkGateway{{Host: "127.0.0.1", Port: dead, Transport: "udp", Priority: 1}}, v.Gateways...)
			v.Gateways[1].Priority = 2
		})
		call := func(u *drive.User, number string) (interaction string, err error) {
			var made struct{ Interaction string }
			err = u.Do(ctx, "POST", "calls", m{"number": number, "queue": acme.queue}, &made)
			return made.Interaction, err
		}
		var choices struct{ Possible bool }
		must(t, bo.Do(ctx, "GET", "calls/choices", nil, &choices))
		if !choices.Possible {
			t.Error("calls cannot leave")
		}
		for number, code := range map[string]int{"+34911234567": 403, "760200100": 403, "abc": 422} {
			_, err := call(bo, number)
			refused(t, err, code)
		}
		_, err := call(theirs, "210000007")
		if err == nil {
			t.Error("another tenant called by the trunk")
		}

		interaction, err := call(bo, "210 000 007")
		must(t, err)
		leg := wait(t, arrived)
		if got := leg.Invite().URI.User.Reveal(); got != "+351210000007" {
			t.Errorf("%s was called", got)
		}
		if got := leg.From().URI.User.Reveal(); got != "+351210000001" {
			t.Errorf("%s is shown", got)
		}
		agent := acme.agentSound(t, bo, interaction)
		agent.Talk(900)
		leg.Ring()
		listens(t, "the agent while it rings", agent, []float64{425})
		phone, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
		must(t, err)
		t.Cleanup(phone.Close)
		body, err := phone.Answer(leg.Offer().Data)
		must(t, err)
		leg.Answer(sip.SDP(body))
		phone.Talk(500)
		listens(t, "the agent", agent, []float64{500}, 425)
		if err := phone.Hears(ctx, []float64{900}, 500); err != nil {
			t.Fatal(err)
		}
		leg.Hangup(sip.Reason{Q850: 16})
		within(t, "the call is not noted", func() bool {
			for _, l := range acme.legs(t, interaction) {
				if l.Part == "callee" && !l.AnsweredAt.IsZero() && !l.EndedAt.IsZero() && l.EndedBy == "them" {
					return true
				}
			}
			return false
		})
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))

		interaction, err = call(bo, "210000008")
		must(t, err)
		wait(t, arrived).Reject(486, sip.Reason{Q850: 17})
		within(t, "a busy line is not noted", func() bool {
			for _, l := range acme.legs(t, interaction) {
				if l.SIPCode == 486 && l.Q850 == 17 && l.AnsweredAt.IsZero() && !l.EndedAt.IsZero() {
					return true
				}
			}
			return false
		})
		wrapsUp(t, bo, interaction)
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := freeport.Port()
	must(t, err)
	return port
}

func wait[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(3 * time.Minute):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// A trunk that has to prove a password gets in with it, and nobody without.
func TestATrunkProvesItsPassword(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		op := newExchange(t, node, nil)
		body, err := json.Marshal(setup.Trunk{Name: "Proves", Enabled: true, Country: "PT", Username: "shop", AskPassword: true,
			Gateways: []setup.TrunkGateway{{Host: "127.0.0.1", Port: int(op.here.Port()), Transport: "udp"}}, Numbers: []setup.TrunkNumber{{Number: "+351210000003", EntryPoint: entry}}})
		must(t, err)
		made, err := n.parts.setup.CreateWith(t.Context(), acme.admin, setup.KindTrunk, body, appsetup.Extra{Secrets: map[string]secret.Text{setup.Password: secret.New("the trunk's own")}})
		must(t, err)
		acme.works(t, made.ID)
		dial := func(name, password string) *dialled {
			return op.dialAs(t, "+351210000003", "+351930000007", auth.Credentials{Realms: []string{conf.SIP.Realm}, Username: secret.New(name), Password: secret.New(password)}, negotiate.Policy{})
		}
		for what, d := range map[string]*dialled{"a wrong password": dial(made.ID, "guessed"), "nobody": dial("trk_nobody", "the trunk's own"), "none": op.dial(t, "+351210000003", "+351930000007", negotiate.Policy{})} {
			if f := await[sip.Failed](t, d); f.Code != 401 {
				t.Errorf("%s: %d", what, f.Code)
			}
		}
		call := dial(made.ID, "the trunk's own")
		must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
		call.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
	})
}

// A call does not wait until a change of anybody's set-up was read.
func TestNobodyWaitsForASetUpThatIsBeingRead(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	n := start(t, conf, nil)
	acme, books := house(t, n)
	entry := acme.telephone(t, acme.signIn(t, "ana"))
	op := newExchange(t, node, nil)
	trunk := acme.trunk(t, op, "+351210000001", entry, nil)

	p := n.parts.telephone
	p.reading.Lock() // as long as it takes
	p.hear(bus.Event{Tenant: books.ID, Kind: setupChanged})
	call := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	await[sip.Answered](t, call)
	call.leg.Hangup(sip.Reason{})
	p.reading.Unlock()

	err := n.parts.setup.Archive(t.Context(), acme.admin, setup.KindTrunk, trunk, 1)
	must(t, err)
	within(t, "a trunk out of use still takes calls", func() bool { return !p.Trusts(loopback, "") })
}
