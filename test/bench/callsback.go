package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
	"nubitalk/internal/media/mediatest"
	"nubitalk/internal/media/negotiate"
)

// Sizes of calls_back.
const (
	talking    = 200
	backWithin = 5 * time.Second // what counts as back
	backAtMost = 30 * time.Second
	durable    = 3 * time.Second // for what a call goes on with to be stored
)

// exchange makes calls that can be offered anew.
type exchange struct{ ep *sip.Endpoint }

// Admit and what follows make it the sip.Handler that a caller needs.
func (exchange) Admit(sip.Arrival) sip.Admission           { return sip.Admit() }
func (exchange) Secret(string, string) (auth.Secret, bool) { return auth.Secret{}, false }
func (exchange) Reachable(secret.Text)                     {}
func (exchange) Messages(secret.Text) (sip.Messages, bool) { return sip.Messages{}, false }
func (exchange) Incoming(l *sip.Leg)                       { l.Reject(404, sip.Reason{}) }

func (r *run) openExchange() (x exchange, stop func(), err error) {
	x.ep = sip.New(sip.Config{Listeners: []sip.Listener{{Transport: sip.UDP, Address: "127.0.0.1:0"}}, Timers: dialog.Usual}, exchange{})
	return x, func() { _ = x.ep.Stop(context.WithoutCancel(r.ctx)) }, x.ep.Start(r.ctx)
}

// caller is one call, and when it was heard again.
type caller struct {
	phone  *mediatest.Phone
	leg    *sip.Leg
	events chan sip.Event

	mu      sync.Mutex
	offered time.Time // anew
	back    time.Time // and heard after that
	ended   bool
}

// callsBack kills the program with calls in a queue, starts it again, and waits
// until each caller was offered its call anew and hears the music again.
func callsBack(r *run) error {
	l, err := r.openLine("back")
	if err != nil {
		return err
	}
	defer func() { l.Kill() }()
	x, stop, err := r.openExchange()
	if err != nil {
		return err
	}
	defer stop()
	all := make([]*caller, talking)
	err = each(len(all), 8, func(i int) (err error) {
		all[i], err = x.call(r.ctx, l.sip, i)
		return err
	})
	defer func() {
		for _, c := range all {
			if c != nil {
				c.phone.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	if err := r.pause(durable); err != nil {
		return err
	}
	l.Kill()
	for _, c := range all {
		c.phone.Forget()
		go c.follow(r.ctx)
	}
	began := time.Now()
	again, err := r.serve(l.data, "", "--sip-listen", "udp://"+l.sip)
	if err != nil {
		return err
	}
	l.Program = again
	ready := time.Since(began)
	for time.Since(began) < backAtMost && slices.ContainsFunc(all, func(c *caller) bool { return !c.done() }) {
		if err := r.pause(20 * time.Millisecond); err != nil {
			return err
		}
	}
	var took []float64
	back := 0
	for _, c := range all {
		c.mu.Lock()
		if !c.back.IsZero() {
			took = append(took, c.back.Sub(began).Seconds())
			if c.back.Sub(began) <= backWithin {
				back++
			}
		}
		c.mu.Unlock()
	}
	if len(took) == 0 {
		return errors.New("no call came back")
	}
	slices.Sort(took)
	r.figure("calls_back", 100*float64(back)/talking, "%", atLeast, 99,
		fmt.Sprintf("of %d queued calls hear their music again within %v of the start after kill -9; it was ready after %.2f s", talking, backWithin, ready.Seconds()))
	r.figure("calls_back_last", took[len(took)-1], "s", noGoal, 0, fmt.Sprintf("until the last of the %d that came back hears it", len(took)))
	return nil
}

func (x exchange) call(ctx context.Context, to string, i int) (*caller, error) {
	phone, err := mediatest.NewPhone(negotiate.Policy{}, loopback, netip.Addr{})
	if err != nil {
		return nil, err
	}
	c := &caller{phone: phone, events: make(chan sip.Event, 64)}
	offer, err := phone.Offer()
	if err != nil {
		return c, err
	}
	at, err := netip.ParseAddrPort(to)
	if err != nil {
		return c, err
	}
	c.leg, err = x.ep.Call(sip.CallRequest{Outgoing: dialog.Outgoing{
		To:   wire.NewURI("sip", lineNumber, at.Addr().String(), int(at.Port()), ""),
		From: wire.NewAddress("", wire.NewURI("sip", fmt.Sprintf("+35193%07d", i), "operator.example", 0, ""), ""),
		Hop:  sip.Target{Transport: sip.UDP, Host: at.Addr().String(), Port: int(at.Port())}, Body: sip.SDP(offer),
	}, Events: func(e sip.Event) { c.events <- e }})
	if err != nil {
		return c, err
	}
	for {
		select {
		case e := <-c.events:
			switch e := e.(type) {
			case sip.Answered:
				return c, phone.Accept(e.Body.Data)
			case sip.Failed:
				return c, fmt.Errorf("a call got %d", e.Code)
			}
		case <-time.After(backAtMost):
			return c, errors.New("a call was not answered")
		}
	}
}

// follow answers what is offered anew, and notes when sound comes after it.
func (c *caller) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-c.events:
			switch e := e.(type) {
			case sip.Offered:
				body, err := c.phone.Answer(e.Body.Data)
				if err != nil {
					c.leg.RefuseOffer(488)
					continue
				}
				c.phone.Forget()
				c.leg.AnswerOffer(sip.SDP(body))
				c.mu.Lock()
				c.offered = time.Now()
				c.mu.Unlock()
			case sip.Ended:
				c.mu.Lock()
				c.ended = true
				c.mu.Unlock()
				return
			}
		}
	}
}

// done says whether nothing more is to come, and looks whether sound has come.
func (c *caller) done() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.back.IsZero() && !c.offered.IsZero() && len(c.phone.Heard()) > 0 {
		c.back = time.Now()
	}
	return !c.back.IsZero() || c.ended
}
