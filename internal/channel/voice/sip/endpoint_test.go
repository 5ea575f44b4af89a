package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

func TestReplaces(t *testing.T) {
	arrived := make(chan *Leg, 4)
	server := start(t, Config{}, &owner{incoming: func(l *Leg) {
		l.Events(func(Event) {})
		arrived <- l
	}})
	phone := start(t, Config{}, &owner{})
	first := make(chan Event, 8)
	if _, err := phone.Call(request(target(server, UDP), first)); err != nil {
		t.Fatal(err)
	}
	old := await(t, arrived)
	old.Answer(sdp("v=0"))
	expect[Answered](t, first)
	d := old.tags.Load()
	value := old.CallID() + ";to-tag=" + d.local + ";from-tag=" + d.remote
	call := func(value string) (chan Event, *Leg) {
		events := make(chan Event, 8)
		r := request(target(server, UDP), events)
		r.Headers = []wire.Header{{Name: "Replaces", Value: value}}
		l, err := phone.Call(r)
		if err != nil {
			t.Fatal(err)
		}
		return events, l
	}
	call(value)
	next := await(t, arrived)
	if next.Replaces() != old {
		t.Error("it takes the place of another")
	}
	next.Reject(486, Reason{})
	for value, code := range map[string]int{
		value + ";early-only": 486, "nothing;to-tag=1;from-tag=2": 481, old.CallID() + ";to-tag=1;from-tag=2": 481, "x": 400,
	} {
		events, _ := call(value)
		if got := expect[Failed](t, events); got.Code != code {
			t.Errorf("%s: %d", strings.SplitN(value, ";", 2)[1:], got.Code)
		}
	}
}

// raw is a UDP socket that speaks to an endpoint by hand.
type raw struct {
	t *testing.T
	c net.Conn
}

func dialRaw(t *testing.T, e *Endpoint) *raw {
	t.Helper()
	c, err := net.Dial("udp", e.Address(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &raw{t, c}
}

func (r *raw) send(method, callID, branch string, lines ...string) {
	r.t.Helper()
	tag := ""
	if method == wire.Ack || method == wire.Bye {
		tag = lines[0]
		lines = lines[1:]
	}
	if _, err := fmt.Fprintf(r.c, "%s sip:x@y SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK%s\r\nFrom: <sip:a@b>;tag=f\r\nTo: <sip:x@y>%s\r\nCall-ID: %s\r\n"+
		"CSeq: 1 %s\r\nContact: <sip:a@%s>\r\n%s\r\n", method, branch, tag, callID, method, r.c.LocalAddr(), strings.Join(append(lines, ""), "\r\n")); err != nil {
		r.t.Fatal(err)
	}
}

func (r *raw) read() *wire.Message {
	r.t.Helper()
	buf := make([]byte, 65536)
	_ = r.c.SetReadDeadline(time.Now().Add(patience))
	for {
		n, err := r.c.Read(buf)
		if err != nil {
			r.t.Fatal(err)
		}
		m, fault := wire.Parse(buf[:n])
		if fault != nil {
			r.t.Fatal(fault)
		}
		if m.Code != 100 {
			return m
		}
	}
}

func TestAMergedRequest(t *testing.T) {
	e := start(t, Config{}, &owner{incoming: func(l *Leg) { l.Events(func(Event) {}); l.Ring() }})
	r := dialRaw(t, e)
	r.send(wire.Invite, "m1", "one")
	if got := r.read(); got.Code != 180 {
		t.Fatalf("%v", got)
	}
	r.send(wire.Invite, "m1", "two")
	if got := r.read(); got.Code != 482 {
		t.Errorf("the second way gets %v", got)
	}
}

func TestMaxForwardsAndMethods(t *testing.T) {
	e := start(t, Config{}, &owner{})
	r := dialRaw(t, e)
	r.send(wire.Invite, "c1", "1", "Max-Forwards: 0")
	if got := r.read(); got.Code != 483 {
		t.Errorf("%v", got)
	}
	r.send("PUBLISH", "c2", "2")
	if got := r.read(); got.Code != 501 || !got.Has("Allow") {
		t.Errorf("%v", got)
	}
	r.send(wire.Info, "c3", "3")
	if got := r.read(); got.Code != 481 {
		t.Errorf("%v", got)
	}
	r.send(wire.Cancel, "c4", "4")
	if got := r.read(); got.Code != 481 {
		t.Errorf("%v", got)
	}
	r.send(wire.Options, "c5", "5")
	if got := r.read(); got.Code != 200 || !got.Has("Allow") || !got.Has("Accept") || !got.Has("Supported") {
		t.Errorf("%v", got)
	}
}

func TestCallsHaveABound(t *testing.T) {
	arrived := make(chan *Leg, 8)
	e := start(t, Config{Limits: Limits{Calls: 2}}, &owner{incoming: func(l *Leg) {
		l.Events(func(Event) {})
		l.Ring()
		arrived <- l
	}})
	r := dialRaw(t, e)
	for i := range 2 {
		r.send(wire.Invite, fmt.Sprint("c", i), fmt.Sprint(i))
		r.read()
	}
	r.send(wire.Invite, "c9", "9")
	if got := r.read(); got.Code != 503 || got.Get("Retry-After") == "" {
		t.Fatalf("one too many gets %v", got)
	}
	if _, err := e.Call(request(target(e, UDP), make(chan Event, 1))); !errors.Is(err, ErrBusy) {
		t.Errorf("a call of ours: %v", err)
	}
	// What stands goes on, and room is given back.
	(<-arrived).Reject(486, Reason{})
	if got := r.read(); got.Code != 486 {
		t.Errorf("%v", got)
	}
	until(t, "one call is left", func() bool { return e.Stats().Calls == 1 })
	if e.Stats().Full != 2 {
		t.Errorf("%d are counted as refused", e.Stats().Full)
	}
}

// TestStrangersLeaveNothing floods an endpoint with what strangers send while a
// call stands.
func TestStrangersLeaveNothing(t *testing.T) {
	arrived := make(chan *Leg, 1)
	e := start(t, Config{Realm: realm, Limits: Limits{RefusalsPerSource: 20}}, &owner{
		admit: func(a Arrival) Admission {
			switch a.From.URI.User.Reveal() {
			case "alice":
				return Admit()
			case "scanner":
				return Ignore()
			}
			return Challenge()
		},
		incoming: func(l *Leg) { l.Events(func(Event) {}); arrived <- l },
	})
	phone := start(t, Config{}, &owner{})
	events := make(chan Event, 16)
	call, err := phone.Call(request(target(e, UDP), events))
	if err != nil {
		t.Fatal(err)
	}
	in := await(t, arrived)
	in.Answer(sdp("v=0"))
	expect[Answered](t, events)
	before := e.Stats()
	r := dialRaw(t, e)
	for i := range 3000 {
		switch i % 6 {
		case 0:
			r.send(wire.Invite, fmt.Sprint("s", i), fmt.Sprint(i))
		case 1:
			r.send(wire.Register, fmt.Sprint("s", i), fmt.Sprint(i))
		case 2:
			_, _ = r.c.Write([]byte(strings.Repeat("\x00\xffgarbage", 100)))
		case 3:
			r.send(wire.Bye, in.CallID(), fmt.Sprint(i), ";tag="+in.tags.Load().local) // a guess at the other tag
		case 4:
			r.send(wire.Cancel, in.CallID(), fmt.Sprint(i))
		case 5:
			_, _ = r.c.Write([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: " + in.CallID() + "\r\nCSeq: 1 INVITE\r\n\r\n"))
		}
	}
	call.Reinvite(sdp("v=0 still there"))
	if got := expect[Accepted](t, eventsOrOffer(events, in)); text(got.Body) != "v=0 yes" {
		t.Error("the call is another")
	}
	until(t, "what strangers sent is forgotten", func() bool { return e.Stats().Mailboxes <= before.Mailboxes+1 })
	after := e.Stats()
	if after.Calls != before.Calls {
		t.Errorf("%d calls, before %d", after.Calls, before.Calls)
	}
	if after.Received-before.Received < 500 {
		t.Errorf("only %d messages were read, so nothing is shown", after.Received-before.Received)
	}
	if seconds := int64(60); after.Refused-before.Refused > 20*seconds {
		t.Errorf("%d strangers' requests were answered", after.Refused-before.Refused)
	}
}

// eventsOrOffer answers an offer at the other end, so that the caller's events
// go on.
func eventsOrOffer(events chan Event, in *Leg) chan Event {
	in.wish(func(d *dialog.Leg) {})
	in.wish(func(*dialog.Leg) { in.events = func(e Event) { answerOffers(in, e) } })
	return events
}

func answerOffers(l *Leg, e Event) {
	if _, ok := e.(Offered); ok {
		l.AnswerOffer(sdp("v=0 yes"))
	}
}

func TestOrderIsKept(t *testing.T) {
	// Each end sends two messages at once, again and again: 180 and 200, ACK and
	// BYE. Out of order, a call would lose its ringing, or its BYE come too soon.
	const calls = 300
	var wrong atomic.Int64
	done := make(chan struct{}, calls)
	b := start(t, Config{Timers: dialog.Usual}, &owner{incoming: func(l *Leg) {
		acknowledged := false
		l.Events(func(e Event) {
			switch e.(type) {
			case Acknowledged:
				acknowledged = true
			case Ended:
				if !acknowledged {
					wrong.Add(1)
				}
				done <- struct{}{}
			}
		})
		l.Ring()
		l.Answer(sdp("v=0"))
	}})
	a := start(t, Config{Timers: dialog.Usual}, &owner{})
	few := make(chan struct{}, 20)
	for range calls {
		few <- struct{}{}
		var leg *Leg
		ready := make(chan struct{})
		rang := false
		r := request(target(b, UDP), nil)
		r.Events = func(e Event) {
			<-ready
			switch e.(type) {
			case Ringing:
				rang = true
			case Answered:
				if !rang {
					wrong.Add(1)
				}
				leg.Hangup(Reason{})
			case Ended, Failed:
				<-few
			}
		}
		var err error
		if leg, err = a.Call(r); err != nil {
			t.Fatal(err)
		}
		close(ready)
	}
	for range calls {
		await(t, done)
	}
	if n := wrong.Load(); n != 0 {
		t.Errorf("%d of %d calls out of order", n, calls)
	}
}

func TestStopEndsCalls(t *testing.T) {
	theirs := make(chan Event, 8)
	arrived := make(chan *Leg, 1)
	b := start(t, Config{}, &owner{incoming: func(l *Leg) { l.Events(func(e Event) { theirs <- e }); l.Answer(sdp("v=0")); arrived <- l }})
	a := start(t, Config{}, &owner{})
	ours := make(chan Event, 8)
	if _, err := a.Call(request(target(b, TCP), ours)); err != nil {
		t.Fatal(err)
	}
	expect[Answered](t, ours)
	expect[Acknowledged](t, theirs)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	expect[Ended](t, ours)
	if got := expect[Ended](t, theirs); got.By != dialog.ByThem || got.Reason.SIP != 503 {
		t.Errorf("%+v", got)
	}
	if _, err := a.Call(request(target(b, TCP), ours)); !errors.Is(err, ErrStopped) {
		t.Errorf("a call after the end: %v", err)
	}
	if err := a.Stop(ctx); err != nil {
		t.Error(err)
	}
	if s := a.Stats(); s.Connections != 0 || s.Calls != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRestoreAfterKill(t *testing.T) {
	theirs := make(chan Event, 16)
	b := start(t, Config{}, &owner{incoming: func(l *Leg) {
		l.Events(func(e Event) {
			if _, ok := e.(Offered); ok {
				l.AnswerOffer(sdp("v=0 welcome back"))
			}
			theirs <- e
		})
		l.Answer(sdp("v=0"))
	}})
	listeners := []Listener{{Transport: UDP, Address: fmt.Sprintf("127.0.0.1:%d", freePort(t))}}
	a := start(t, Config{Listeners: listeners}, &owner{})
	ours := make(chan Event, 16)
	leg, err := a.Call(request(target(b, UDP), ours))
	if err != nil {
		t.Fatal(err)
	}
	expect[Answered](t, ours)
	expect[Acknowledged](t, theirs)
	kept := make(chan secret.Bytes, 1)
	leg.Snapshot(func(s secret.Bytes) { kept <- s })
	snapshot := await(t, kept)
	a.kill()

	again := start(t, Config{Listeners: listeners}, &owner{})
	leg, err = again.Restore(snapshot, auth.Credentials{}, func(e Event) { ours <- e })
	if err != nil {
		t.Fatal(err)
	}
	leg.Reinvite(sdp("v=0 new"))
	if got := expect[Accepted](t, ours); text(got.Body) != "v=0 welcome back" {
		t.Error("another answer")
	}
	leg.Hangup(Reason{})
	expect[Offered](t, theirs)
	expect[Ended](t, theirs)
}

func TestNothingIsLogged(t *testing.T) {
	arrived := make(chan *Leg, 1)
	b := start(t, Config{}, &owner{incoming: func(l *Leg) { l.Events(func(Event) {}); arrived <- l }})
	a := start(t, Config{}, &owner{})
	events := make(chan Event, 4)
	leg, err := a.Call(request(target(b, UDP), events))
	if err != nil {
		t.Fatal(err)
	}
	in := await(t, arrived)
	s := fmt.Sprintf("%v %+v %#v %v %+v %v %s %+v", in.Invite(), in.From(), in.To(), in.Offer(), in.Invite().URI, leg.From(), in.Invite().From, struct{ M *wire.Message }{in.Invite()})
	for _, bad := range []string{"alice", "bob", "v=0", "Alice"} {
		if strings.Contains(s, bad) {
			t.Errorf("%q prints: %s", bad, s)
		}
	}
}
