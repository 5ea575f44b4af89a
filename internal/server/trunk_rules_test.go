package server

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/negotiate"
	"nubitalk/internal/server/drive"
)

// gate is a gateway that refuses what it is told to refuse, and counts.
type gate struct {
	*exchange
	mu   sync.Mutex
	code int
	came *strings.Builder // whom calls came to, in order
}

func newGate(t *testing.T, node sip.Target, name string, came *strings.Builder, mu *sync.Mutex) *gate {
	t.Helper()
	g := &gate{code: 486, came: came}
	g.exchange = newExchange(t, node, func(l *sip.Leg) {
		l.Events(func(sip.Event) {})
		mu.Lock()
		came.WriteString(name)
		mu.Unlock()
		g.mu.Lock()
		code := g.code
		g.mu.Unlock()
		if code == 503 {
			l.Reject(code, sip.Reason{}, wire.Header{Name: "Retry-After", Value: "3000"})
			return
		}
		l.Reject(code, sip.Reason{})
	})
	return g
}

func (g *gate) refuses(code int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.code = code
}

// Calls that leave go by a trunk's gateways in the order of their priorities, and within
// one by their weights. One that is overloaded is left alone for as long as it asks; what
// a gateway cannot carry goes by the next, and what the called end says goes nowhere else.
func TestGatewaysAreTriedInTheirOrder(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	acme.telephone(t, acme.signIn(t, "ana"))
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	var mu sync.Mutex
	var came strings.Builder
	first, never, second := newGate(t, node, "a", &came, &mu), newGate(t, node, "b", &came, &mu), newGate(t, node, "c", &came, &mu)
	acme.trunk(t, first.exchange, "+351210000001", "", func(v *setup.Trunk) {
		v.Outgoing = setup.TrunkOutgoing{Allowed: true}
		to := func(g *gate, priority, weight int) setup.TrunkGateway {
			return setup.TrunkGateway{Host: "127.0.0.1", Port: int(g.here.Port()), Transport: "udp", Priority: priority, Weight: weight}
		}
		v.Gateways = []setup.TrunkGateway{to(never, 2, 0), to(second, 2, 5), to(first, 1, 1)}
	})
	for _, c := range []struct {
		what                string
		first, second, last int
		want                string
	}{
		{"the first is overloaded, and the weightier of the next is busy", 503, 486, 486, "ac"},
		{"the first is left alone meanwhile", 486, 486, 486, "c"},
		{"what cannot be carried goes on, the one left alone at last", 486, 500, 502, "cba"},
		{"what the called end says goes nowhere else", 486, 603, 486, "c"},
		{"nor does what a gateway says of us", 486, 403, 486, "c"},
	} {
		first.refuses(c.first)
		second.refuses(c.second)
		never.refuses(c.last)
		mu.Lock()
		came.Reset()
		mu.Unlock()
		var made struct{ Interaction string }
		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
		within(t, "the call is not given up", func() bool {
			for _, w := range desk(t, bo).Work {
				if w.ID == made.Interaction {
					return w.State == "wrapping"
				}
			}
			return false
		})
		mu.Lock()
		if got := came.String(); got != c.want {
			t.Errorf("%s: %q, not %q", c.what, got, c.want)
		}
		mu.Unlock()
		must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
	}
}

// A trunk has as many calls as it may, both ways together, and so many that begin in a
// second. Who is refused is told when to come back, and a place that is free again is used;
// another organisation's trunk has its own.
func TestATrunkHasAsManyCallsAsItMay(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	n := start(t, conf, nil)
	acme, books := house(t, n)
	ctx := t.Context()
	people := &outsiders{make(chan *answered, 64)}
	op := newExchange(t, node, people.incoming)
	acme.trunk(t, op, "+351210000001", acme.telephone(t, acme.signIn(t, "ana")), func(v *setup.Trunk) {
		v.MaxCalls, v.Outgoing = 1, setup.TrunkOutgoing{Allowed: true}
	})
	books.trunk(t, op, "+351220000001", books.telephone(t, books.signIn(t, "ana")), func(v *setup.Trunk) { v.CallsASecond = 1 })
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")

	in := op.dial(t, "210000001", "+351930000007", negotiate.Policy{})
	await[sip.Answered](t, in)
	over := op.dial(t, "210000001", "+351930000008", negotiate.Policy{})
	if f := await[sip.Failed](t, over); f.Code != 503 || f.RetryAfter != 5*time.Second {
		t.Errorf("one call too many: %d, to come back after %v", f.Code, f.RetryAfter)
	}
	var made struct{ Interaction string }
	must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
	wrapsUp(t, bo, made.Interaction)
	must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
	if len(people.arrived) > 0 {
		t.Error("a call left by a trunk that has no place")
	}
	in.leg.Hangup(sip.Reason{Q850: 16})
	await[sip.Ended](t, in)
	within(t, "the place is not free again", func() bool {
		must(t, bo.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made))
		select {
		case a := <-people.arrived:
			a.leg.Reject(486, sip.Reason{})
			return true
		case <-time.After(time.Second):
			wrapsUp(t, bo, made.Interaction)
			must(t, bo.Do(ctx, "POST", "interactions/"+made.Interaction+"/complete", m{}, nil))
			return false
		}
	})

	// However slow the machine is, these take less than a second each.
	const burst = 40
	calls := make([]*dialled, burst)
	for i := range calls {
		calls[i] = op.dial(t, "220000001", fmt.Sprintf("+3519300001%02d", i), negotiate.Policy{})
	}
	answers, refusals := 0, 0
	for _, d := range calls {
		for ends := wait(t, d.events); ; ends = wait(t, d.events) {
			if f, ok := ends.(sip.Failed); ok {
				if refusals++; f.Code != 503 || f.RetryAfter <= 0 {
					t.Errorf("too many at once: %d, to come back after %v", f.Code, f.RetryAfter)
				}
				break
			}
			if _, ok := ends.(sip.Answered); ok {
				answers++
				break
			}
		}
	}
	if answers == 0 || refusals == 0 {
		t.Errorf("of %d calls at once %d are answered and %d refused", burst, answers, refusals)
	}
}

// Of calls that are made at the same time no more leave than the trunk lets out, of this
// organisation: another's are its own.
func TestNoMoreCallsLeaveThanMay(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode = "off"
	node := telephony(t, conf)
	n := start(t, conf, nil)
	acme, books := house(t, n)
	ctx := t.Context()
	people := &outsiders{make(chan *answered, 64)}
	op := newExchange(t, node, people.incoming)
	for i, c := range []*company{acme, books} {
		c.telephone(t, c.signIn(t, "ana"))
		c.trunk(t, op, fmt.Sprintf("+35121000000%d", 1+i), "", func(v *setup.Trunk) { v.Outgoing = setup.TrunkOutgoing{Allowed: true, MaxCalls: 2} })
	}
	const callers = 8
	agents := make([]*drive.User, callers)
	for i := range agents {
		name := fmt.Sprintf("bo%d", i)
		acme.agent(t, name)
		agents[i], _ = acme.ready(t, name)
	}
	books.agent(t, "bo")
	theirs, _ := books.ready(t, "bo")
	var together sync.WaitGroup
	made := make([]struct{ Interaction string }, callers)
	refusals := make([]error, callers)
	for i, u := range agents {
		together.Go(func() {
			refusals[i] = u.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": acme.queue}, &made[i])
		})
	}
	together.Wait()
	for range 2 {
		wait(t, people.arrived).leg.Ring()
	}
	over := 0
	for i, u := range agents {
		if refusals[i] != nil {
			refused(t, refusals[i], 409)
			over++
		}
		_ = u
	}
	within(t, "more than two calls go on", func() bool {
		ended := over
		for i, u := range agents {
			if refusals[i] == nil && len(desk(t, u).Work) == 1 && desk(t, u).Work[0].State == "wrapping" {
				ended++
			}
		}
		return ended == callers-2
	})
	if len(people.arrived) > 0 {
		t.Errorf("%d calls more than two left", len(people.arrived))
	}
	must(t, theirs.Do(ctx, "POST", "calls", m{"number": "210000007", "queue": books.queue}, nil))
	if got := wait(t, people.arrived).leg.From().URI.User.Reveal(); got != "+351210000002" {
		t.Errorf("%s is shown", got)
	}
}
