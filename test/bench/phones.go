package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/gateway"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/server/drive"
)

// Sizes of the figures of calls that agents take by telephone.
const (
	phoneAgents = 200                    // of call_to_phone and calls_to_agents
	phoneCalls  = 1000                   // calls of call_to_phone
	phoneRate   = 100                    // that begin in a second
	phoneTalk   = 500 * time.Millisecond // how long each is talked
	freeAgents  = 10                     // of free_to_invite
	freeTimes   = 50                     // how often each becomes free
	freeWaiting = 30                     // callers who wait meanwhile
	phonesReady = time.Minute            // for the phones to be registered
)

// agentPhone is an agent who talks by a telephone, and what that is known by.
type agentPhone struct {
	user     *drive.User
	id       string
	phone    string
	account  string
	password secret.Text
}

// newAgentPhone gives an agent a telephone.
func newAgentPhone(ctx context.Context, l *line, admin, u *drive.User, extension int) (*agentPhone, error) {
	u.HTTP, u.Base = drive.Client(), l.BaseURL
	var me struct{ User struct{ ID string } }
	var phone struct{ ID string }
	if err := u.Do(ctx, "GET", "me", nil, &me); err != nil {
		return nil, err
	}
	in := map[string]any{"name": fmt.Sprintf("Desk %d", extension), "enabled": true, "user": me.User.ID, "encryption": "plain", "confirm_plain": true}
	if err := admin.Do(ctx, "POST", "phones", in, &phone); err != nil {
		return nil, err
	}
	var made struct{ Account, Password string }
	if err := admin.Do(ctx, "POST", "phones/"+phone.ID+"/password", nil, &made); err != nil {
		return nil, err
	}
	return &agentPhone{user: u, id: me.User.ID, phone: phone.ID, account: made.Account, password: secret.New(made.Password)}, nil
}

// choose has the agent talk by its telephone, which may be used once the set-up
// is in force.
func (a *agentPhone) choose(r *run) error {
	for began := time.Now(); ; {
		err := a.user.Do(r.ctx, "PUT", "desk/phone", map[string]string{"phone": a.phone}, nil)
		var early *drive.Problem
		if !errors.As(err, &early) || early.Status != 422 || time.Since(began) > phonesReady {
			return err
		}
		if err := r.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
}

// desks keeps the agents' live connections open and makes them ready.
func (l *line) desks(ctx context.Context) error {
	return each(len(l.agents), 16, func(i int) error {
		a := l.agents[i]
		live, err := a.user.Live(ctx, "")
		if err != nil {
			return err
		}
		go func() {
			defer live.Close()
			for err == nil {
				_, err = live.Raw(ctx)
			}
		}()
		return a.user.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil)
	})
}

// telephones is one end of many telephones: callers of the trunk, and the
// agents' own, which are picked up as they ring. Nobody speaks; what is sent to
// them goes into a sink.
type telephones struct {
	ep    *sip.Endpoint
	to    sip.Target
	sink  net.PacketConn
	rings func(account string, l *sip.Leg, at time.Time)
}

func (t *telephones) Admit(sip.Arrival) sip.Admission           { return sip.Admit() }
func (t *telephones) Secret(string, string) (auth.Secret, bool) { return auth.Secret{}, false }
func (t *telephones) Reachable(secret.Text)                     {}
func (t *telephones) Messages(secret.Text) (sip.Messages, bool) { return sip.Messages{}, false }
func (t *telephones) Incoming(l *sip.Leg) {
	l.Events(func(sip.Event) {})
	t.rings(l.Invite().URI.User.Reveal(), l, time.Now())
}

func (r *run) openTelephones(l *line) (*telephones, error) {
	at, err := netip.ParseAddrPort(l.sip)
	if err != nil {
		return nil, err
	}
	t := &telephones{to: sip.Target{Transport: sip.UDP, Host: at.Addr().String(), Port: int(at.Port())}}
	if t.sink, err = listenAway(); err != nil {
		return nil, err
	}
	t.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.UDP, Address: "127.0.0.1:0"}}, Timers: dialog.Usual}, t)
	return t, t.ep.Start(r.ctx)
}

func (t *telephones) close(ctx context.Context) {
	_ = t.ep.Stop(context.WithoutCancel(ctx))
	_ = t.sink.Close()
}

// register registers the agents' telephones.
func (t *telephones) register(r *run, agents []*agentPhone) error {
	all := make([]*sip.Registering, len(agents))
	for i, a := range agents {
		all[i] = t.ep.Register(sip.RegisterRequest{Registrar: wire.NewURI("sip", "", t.to.Host, t.to.Port, ""),
			AOR: wire.NewURI("sip", a.account, "house.example", 0, ""), ContactUser: a.account, Hop: t.to,
			Credentials: auth.Credentials{Realms: []string{"nubitalk"}, Username: secret.New(a.account), Password: a.password}}, nil)
	}
	for began := time.Now(); slices.ContainsFunc(all, func(g *sip.Registering) bool { return g.State() != gateway.Registered }); {
		if time.Since(began) > phonesReady {
			return errors.New("not all telephones are registered")
		}
		if err := r.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

const quietSDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/SAVP 8 101\r\n" +
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" +
	"a=crypto:%s AES_CM_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkw\r\n"

// description is that of a telephone which takes what it is sent; tag is that of
// the crypto attribute (RFC 4568, section 4.1).
func (t *telephones) description(tag string) sip.Body {
	return sip.SDP(fmt.Appendf(nil, quietSDP, t.sink.LocalAddr().(*net.UDPAddr).Port, tag))
}

// offeredTag finds the tag of the suite that these telephones speak.
var offeredTag = regexp.MustCompile(`a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80 `)

// pickUp answers a telephone.
func (t *telephones) pickUp(l *sip.Leg) error {
	tag := offeredTag.FindSubmatch(l.Offer().Data)
	if tag == nil {
		l.Reject(488, sip.Reason{})
		return errors.New("a telephone was offered no suite that it knows")
	}
	l.Answer(t.description(string(tag[1])))
	return nil
}

// call calls the trunk's number; events are told.
func (t *telephones) call(i int, events func(sip.Event)) (*sip.Leg, error) {
	return t.ep.Call(sip.CallRequest{Outgoing: dialog.Outgoing{
		To:   wire.NewURI("sip", lineNumber, t.to.Host, t.to.Port, ""),
		From: wire.NewAddress("", wire.NewURI("sip", fmt.Sprintf("+35193%07d", i), "operator.example", 0, ""), ""),
		Hop:  t.to, Body: t.description("1"),
	}, Events: events})
}

// servedLine is a line whose agents are ready, each by its own telephone.
func (r *run) servedLine(name string, agents int, rings func(t *telephones) func(account string, l *sip.Leg, at time.Time)) (*line, *telephones, func(), error) {
	l, err := r.openServedLine(name, agents)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := r.openTelephones(l)
	if err != nil {
		l.Kill()
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithCancel(r.ctx)
	stop := func() {
		cancel()
		t.close(r.ctx)
		l.Kill()
	}
	t.rings = rings(t)
	err = each(len(l.agents), 16, func(i int) error { return l.agents[i].choose(r) })
	if err == nil {
		err = t.register(r, l.agents)
	}
	if err == nil {
		err = l.desks(ctx)
	}
	if err != nil {
		stop()
		return nil, nil, nil, err
	}
	return l, t, stop, nil
}

// callToPhone is from a caller's INVITE until the INVITE of the agent who gets
// the call, with agents always ready. Calls are told apart by their order only:
// the nth that rings is taken for the nth that came.
func callToPhone(r *run) error {
	var mu sync.Mutex
	var came, rang []time.Time
	var wrong atomic.Pointer[error]
	l, t, stop, err := r.servedLine("phone", phoneAgents, func(t *telephones) func(string, *sip.Leg, time.Time) {
		return func(_ string, l *sip.Leg, at time.Time) {
			mu.Lock()
			rang = append(rang, at)
			mu.Unlock()
			if err := t.pickUp(l); err != nil {
				wrong.Store(&err)
			}
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	round := func(n int) error {
		mu.Lock()
		came, rang = nil, nil
		mu.Unlock()
		var over sync.WaitGroup
		var failed atomic.Int64
		for i, began := 0, time.Now(); i < n; i++ {
			if err := r.pause(time.Until(began.Add(time.Duration(i) * time.Second / phoneRate))); err != nil {
				return err
			}
			over.Add(1)
			var leg *sip.Leg
			ready := make(chan struct{})
			mu.Lock()
			came = append(came, time.Now())
			mu.Unlock()
			var err error
			leg, err = t.call(i, func(e sip.Event) {
				switch e.(type) {
				case sip.Answered:
					<-ready
					time.AfterFunc(phoneTalk, func() { leg.Hangup(sip.Reason{}) })
				case sip.Failed:
					failed.Add(1)
					over.Done()
				case sip.Ended:
					over.Done()
				}
			})
			if err != nil {
				return err
			}
			close(ready)
		}
		over.Wait()
		if n := failed.Load(); n > 0 {
			return fmt.Errorf("%d calls failed", n)
		}
		return nil
	}
	if err := round(phoneRate); err != nil { // warm
		return err
	}
	before, err := cpu(l.PID())
	if err != nil {
		return err
	}
	if err := round(phoneCalls); err != nil {
		return err
	}
	after, err := cpu(l.PID())
	if err != nil {
		return err
	}
	if e := wrong.Load(); e != nil {
		return *e
	}
	if len(rang) != phoneCalls {
		return fmt.Errorf("of %d calls, %d rang an agent", phoneCalls, len(rang))
	}
	took := make([]float64, len(rang))
	for i := range rang {
		took[i] = rang[i].Sub(came[i]).Seconds() * 1e3
	}
	slices.Sort(took)
	how := fmt.Sprintf("wall, from a caller's INVITE to the agent's, journal durable; %d calls, %d a second, %d agents; the telephones share the processors", phoneCalls, phoneRate, phoneAgents)
	r.figure("call_to_phone_p50", median(took), "ms", atMost, 2, how)
	r.figure("call_to_phone_p99", took[len(took)*99/100], "ms", atMost, 5, how)
	r.figure("call_to_phone_cpu", (after-before).Seconds()*1000/phoneCalls, "s", noGoal, 0, fmt.Sprintf("server CPU for 1,000 of these calls, each talked for %v without sound", phoneTalk))
	return nil
}

// freeToInvite is from an agent's hanging up by telephone until that telephone
// gets the INVITE of the next caller.
func freeToInvite(r *run) error {
	var mu sync.Mutex
	var took []float64
	freed := map[string]time.Time{} // by account: when it hung up
	enough := make(chan struct{})
	failures := make(chan error, 1)
	_, t, stop, err := r.servedLine("freed", freeAgents, func(t *telephones) func(string, *sip.Leg, time.Time) {
		return func(account string, l *sip.Leg, at time.Time) {
			mu.Lock()
			if began, ok := freed[account]; ok {
				took = append(took, at.Sub(began).Seconds()*1e3)
				if len(took) == freeAgents*freeTimes {
					close(enough)
				}
			}
			mu.Unlock()
			l.Events(func(e sip.Event) {
				if _, ok := e.(sip.Acknowledged); ok {
					time.AfterFunc(talk, func() {
						mu.Lock()
						freed[account] = time.Now()
						mu.Unlock()
						l.Hangup(sip.Reason{})
					})
				}
			})
			if err := t.pickUp(l); err != nil {
				select {
				case failures <- err:
				default:
				}
			}
		}
	})
	if err != nil {
		return err
	}
	defer stop()
	var i atomic.Int64
	var again func() error
	again = func() error {
		_, err := t.call(int(i.Add(1)), func(e sip.Event) {
			switch e.(type) {
			case sip.Failed, sip.Ended:
				_ = again() // refused only once it has stopped
			}
		})
		return err
	}
	for range freeAgents + freeWaiting {
		if err := again(); err != nil {
			return err
		}
	}
	select {
	case <-enough:
	case err := <-failures:
		return err
	case <-time.After(2 * time.Minute):
		mu.Lock()
		defer mu.Unlock()
		return fmt.Errorf("agents became free %d times of %d", len(took), freeAgents*freeTimes)
	}
	mu.Lock()
	all := slices.Sorted(slices.Values(took))
	mu.Unlock()
	how := fmt.Sprintf("wall, from the BYE of an agent's telephone to its next INVITE, durable; %d agents, %d times, %d callers always waiting", freeAgents, len(all), freeWaiting)
	r.figure("free_to_invite", median(all), "ms", atMost, 5, how)
	r.figure("free_to_invite_p99", all[len(all)*99/100], "ms", noGoal, 0, how)
	return nil
}
