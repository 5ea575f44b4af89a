package server

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

// answered is a telephone that the node called.
type answered struct {
	*mediatest.Phone
	leg    *sip.Leg
	events chan sip.Event
}

func (o *outsiders) answer(t *testing.T, hertz float64) *answered {
	t.Helper()
	a := wait(t, o.arrived)
	var err error
	a.Phone, err = mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
	must(t, err)
	t.Cleanup(a.Close)
	body, err := a.Answer(a.leg.Offer().Data)
	must(t, err)
	a.leg.Answer(sip.SDP(body))
	a.Talk(hertz)
	return a
}

func (a *answered) hears(t *testing.T, who string, hertz []float64, not ...float64) {
	t.Helper()
	if err := a.Hears(t.Context(), hertz, not...); err != nil {
		t.Fatalf("%s: %v", who, err)
	}
}

// ended waits until the node hung the telephone up.
func (a *answered) ended(t *testing.T) {
	t.Helper()
	for {
		if _, over := wait(t, a.events).(sip.Ended); over {
			return
		}
	}
}

// outsiders are telephones that nodes call.
type outsiders struct{ arrived chan *answered }

func (o *outsiders) incoming(l *sip.Leg) {
	a := &answered{leg: l, events: make(chan sip.Event, 64)}
	l.Events(func(e sip.Event) { a.events <- e })
	o.arrived <- a
}

// talking is a caller by telephone with an agent.
func (c *company) talking(t *testing.T, op *exchange, agent *drive.User) (call *dialled, sound *mediatest.Browser, interaction string) {
	t.Helper()
	call = op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	must(t, call.Accept(await[sip.Answered](t, call).Body.Data))
	if op.asSound {
		must(t, call.Key("1"))
		call.Talk(500)
	} else {
		call.Talk(500)
		must(t, call.Press('1'))
	}
	offer, interaction := c.offered(t, agent)
	must(t, agent.Do(t.Context(), "POST", "offers/"+offer+"/accept", m{}, nil))
	sound = c.agentSound(t, agent, interaction)
	sound.Talk(900)
	listens(t, "the agent", sound, []float64{500}, 900)
	return call, sound, interaction
}

// An agent calls an outside number for a caller: refused and busy, the caller is
// back; answered, alone, all together, toggled; taken back; handed over, after
// which the two talk on, over a restart too, until one hangs up.
func TestACallIsHandedOverToAnOutsideNumber(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		trunk := acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxMinutes: 5} })
		acme.user(t, "sue", access.Supervisor)
		sue := acme.signIn(t, "sue")
		call, agent, interaction := acme.talking(t, op, bo)
		path := "interactions/" + interaction
		outside := func(number string, handOver bool) error {
			return bo.Do(ctx, "POST", path+"/outside", m{"number": number, "hand_over": handOver}, nil)
		}
		stands := func(want string) {
			t.Helper()
			within(t, "the outside number is not "+want, func() bool {
				var st struct {
					Outside struct{ Sound, Failure string }
				}
				must(t, bo.Do(ctx, "GET", path+"/call", nil, &st))
				return st.Outside.Sound+st.Outside.Failure == want
			})
		}

		refused(t, outside("+34911234567", false), 403)
		refused(t, bo.Do(ctx, "POST", path+"/outside/hand-over", m{}, nil), 409)
		must(t, outside("210000008", true))
		call.hearsMusic(t, 900)
		wait(t, others.arrived).leg.Reject(486, sip.Reason{Q850: 17})
		stands("nonebusy")
		listens(t, "the agent after a busy line", agent, []float64{500}, 425)
		call.hears(t, "the caller after a busy line", []float64{900})

		must(t, outside("210000007", false))
		refused(t, outside("210000006", false), 409)
		refused(t, bo.Do(ctx, "POST", path+"/outside/hand-over", m{}, nil), 409)
		ringing := wait(t, others.arrived)
		ringing.leg.Ring()
		listens(t, "the agent while it rings", agent, []float64{425}, 500)
		must(t, bo.Do(ctx, "DELETE", path+"/outside", nil, nil)) // called no more
		ringing.ended(t)
		listens(t, "the agent again", agent, []float64{500}, 425)

		must(t, outside("210000007", false))
		other := others.answer(t, 1300)
		listens(t, "the agent aside", agent, []float64{1300}, 500)
		other.hears(t, "the outside number aside", []float64{900}, 500)
		call.hearsMusic(t, 1300)
		keyed := func(keys string, to interface {
			Await(context.Context, func([]mediatest.Heard) bool) error
		}) {
			t.Helper()
			must(t, bo.Do(ctx, "POST", path+"/keys", m{"keys": keys}, nil))
			must(t, to.Await(ctx, func(heard []mediatest.Heard) bool { return strings.HasSuffix(mediatest.Keys(heard), keys) }))
		}
		keyed("4", other)
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "caller"}, nil))
		listens(t, "the agent toggled", agent, []float64{500}, 1300)
		keyed("6", call)
		if theirs, callers := mediatest.Keys(other.Heard()), mediatest.Keys(call.Heard()); theirs != "4" || callers != "6" {
			t.Errorf("the outside number gets the keys %q, the caller %q", theirs, callers)
		}
		must(t, bo.Do(ctx, "PUT", path+"/talk", m{"with": "all"}, nil))
		listens(t, "the agent with all", agent, []float64{500, 1300})
		other.hears(t, "the outside number with all", []float64{500, 900})
		call.hears(t, "the caller with all", []float64{900, 1300})

		// It hangs up: the agent goes on with the caller.
		other.leg.Hangup(sip.Reason{Q850: 16})
		stands("none")
		listens(t, "the agent after it hung up", agent, []float64{500}, 1300)

		// Handed over; the agent's work wraps up and is closed; the two talk on.
		must(t, outside("210000007", false))
		other = others.answer(t, 1300)
		stands("connected")
		must(t, bo.Do(ctx, "POST", path+"/outside/hand-over", m{}, nil))
		wrapsUp(t, bo, interaction)
		call.hears(t, "the caller handed over", []float64{1300}, 900)
		other.hears(t, "the outside number handed over", []float64{500}, 900)
		must(t, bo.Do(ctx, "POST", path+"/complete", m{}, nil))
		var of struct {
			Interaction struct {
				State   string
				Outside bool
			}
		}
		must(t, bo.Do(ctx, "GET", path, nil, &of))
		if it := of.Interaction; it.State != "closed" || !it.Outside {
			t.Errorf("%+v", it)
		}
		if st, err := n.parts.telephone.TrunkState(ctx, acme.ID, trunk); err != nil || st.Calls != 2 || st.Outgoing != 1 {
			t.Errorf("%+v, %v", st, err)
		}

		goesOn := func() (list struct{ Items []voice.Handed }) {
			t.Helper()
			must(t, sue.Do(ctx, "GET", "floor/handed-over", nil, &list))
			return list
		}
		before := goesOn()
		if h := before.Items; len(h) != 1 || h[0].Interaction != interaction || h[0].Queue != acme.queue || h[0].Trunk != "Operator" || h[0].Until.Sub(h[0].Since) <= 0 {
			t.Errorf("%+v", h)
		}

		n.stop(t)
		n = start(t, conf, nil)
		acme.node, bo.Base, sue.Base = n, n.URL(), n.URL()
		atDesk(t, bo)
		reoffer := func(events chan sip.Event, answer func([]byte) ([]byte, error), leg *sip.Leg) {
			t.Helper()
			for {
				if o, ok := wait(t, events).(sip.Offered); ok {
					body, err := answer(o.Body.Data)
					must(t, err)
					leg.AnswerOffer(sip.SDP(body))
					return
				}
			}
		}
		reoffer(call.events, call.Answer, call.leg)
		reoffer(other.events, other.Answer, other.leg)
		call.hears(t, "the caller after the restart", []float64{1300})
		other.hears(t, "the outside number after the restart", []float64{500})
		if st, err := n.parts.telephone.TrunkState(ctx, acme.ID, trunk); err != nil || st.Calls != 2 || st.Outgoing != 1 {
			t.Errorf("after the restart: %+v, %v", st, err)
		}
		// It pays for its minutes anew, which may shift its end by as long as connecting took.
		now := goesOn()
		for _, list := range [][]voice.Handed{now.Items, before.Items} {
			for i := range list {
				if !list[i].Until.After(list[i].Since) {
					t.Errorf("%+v", list[i])
				}
				list[i].Until = time.Time{}
			}
		}
		if !reflect.DeepEqual(now, before) {
			t.Errorf("%+v, and before the restart %+v", now, before)
		}
		refused(t, bo.Do(ctx, "DELETE", "floor/handed-over/"+interaction, nil, nil), 403)
		must(t, sue.Do(ctx, "DELETE", "floor/handed-over/"+interaction, nil, nil))
		other.ended(t)
		await[sip.Ended](t, call)
		within(t, "it is still told of", func() bool { return len(goesOn().Items) == 0 })
		refused(t, sue.Do(ctx, "DELETE", "floor/handed-over/"+interaction, nil, nil), 410)
		var log []store.AuditRow
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) (err error) {
			log, err = tx.AuditAfter(0, 1000)
			return err
		}))
		if !slices.ContainsFunc(log, func(r store.AuditRow) bool { return r.Action == "call.ended" && r.ObjectID == interaction }) {
			t.Error("the audit log does not say who ended the call")
		}
		within(t, "the legs are not noted", func() bool {
			outside, open := 0, 0
			for _, l := range acme.legs(t, interaction) {
				if l.EndedAt.IsZero() {
					open++
				}
				if l.Part == "outside" && !l.AnsweredAt.IsZero() && l.TrunkID != "" && len(l.AddressSealed) > 0 {
					outside++
				}
			}
			return open == 0 && outside == 2
		})
		var spent []store.SpentRow
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) (err error) {
			spent, err = tx.Spent(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			return err
		}))
		if len(spent) != 2 {
			t.Errorf("%d calls count", len(spent))
		}
	})
}

// Without asking first: the caller is handed over as soon as it is answered. Who
// hangs up before ends the call for all.
func TestACallIsHandedOverBlindly(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true} })
		call, _, interaction := acme.talking(t, op, bo)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/outside", m{"number": "210000007", "hand_over": true}, nil))
		other := others.answer(t, 1300)
		wrapsUp(t, bo, interaction)
		call.hears(t, "the caller", []float64{1300}, 900)
		other.hears(t, "the outside number", []float64{500}, 900)
		other.leg.Hangup(sip.Reason{Q850: 16})
		await[sip.Ended](t, call)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))

		call, _, interaction = acme.talking(t, op, bo)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/outside", m{"number": "210000007", "hand_over": true}, nil))
		ringing := wait(t, others.arrived)
		call.leg.Hangup(sip.Reason{Q850: 16})
		ringing.ended(t)
		wrapsUp(t, bo, interaction)
	})
}

// ahead is a clock that is so far ahead of the machine's.
type ahead time.Duration

func (a ahead) Now() time.Time { return time.Now().UTC().Add(time.Duration(a)) }

// The trunk's minutes bound a call that was handed over, also when they run out
// while the program is away; what it lasted counts.
func TestAHandedOverCallEndsWithTheMinutes(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		node := telephony(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		entry := acme.telephone(t, acme.signIn(t, "ana"))
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		others := &outsiders{make(chan *answered, 4)}
		op := newExchange(t, node, others.incoming)
		acme.trunk(t, op, "+351210000001", entry, func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxMinutes: 3} })
		call, _, interaction := acme.talking(t, op, bo)
		must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/outside", m{"number": "210000007", "hand_over": true}, nil))
		other := others.answer(t, 1300)
		wrapsUp(t, bo, interaction)
		other.hears(t, "the outside number", []float64{500}, 900)
		n.stop(t)
		n = start(t, conf, func(s *Server) { s.clock = ahead(4 * time.Minute) })
		acme.node, bo.Base = n, n.URL()
		other.ended(t)
		await[sip.Ended](t, call)
		refused(t, bo.Do(ctx, "POST", "calls", m{"number": "210000008", "queue": acme.queue}, nil), 409)
	})
}
