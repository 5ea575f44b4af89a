package sip

import (
	"testing"

	"nubitalk/internal/channel/voice/sip/dialog"
)

func sdp(s string) Body { return dialog.SDP([]byte(s)) }

func TestACallOverEachTransport(t *testing.T) {
	for _, transport := range []string{UDP, TCP, TLS} {
		t.Run(transport, func(t *testing.T) {
			theirs, ours := make(chan Event, 16), make(chan Event, 16)
			arrived := make(chan *Leg, 1)
			b := start(t, Config{Product: "B"}, &owner{incoming: func(l *Leg) {
				l.Events(func(e Event) { theirs <- e })
				l.Ring()
				l.Progress(183, sdp("v=0 early"))
				arrived <- l
			}})
			a := start(t, Config{Product: "A"}, &owner{})
			leg, err := a.Call(request(target(b, transport), ours))
			if err != nil {
				t.Fatal(err)
			}
			in := <-arrived
			if text(in.Offer()) != "v=0 offer" || in.Invite().URI.User.Reveal() != "bob" || in.From().Display.Reveal() != "Alice" {
				t.Error("the INVITE is another")
			}
			if got := expect[EarlyMedia](t, ours); text(got.Body) != "v=0 early" {
				t.Error("another early answer")
			}
			in.Answer(sdp("v=0 answer"))
			if got := expect[Answered](t, ours); text(got.Body) != "v=0 early" { // it was agreed by PRACK
				t.Error("another answer")
			}
			expect[Acknowledged](t, theirs)

			leg.Reinvite(sdp("v=0 hold"))
			if got := expect[Offered](t, theirs); text(got.Body) != "v=0 hold" {
				t.Error("another offer")
			}
			in.AnswerOffer(sdp("v=0 held"))
			if got := expect[Accepted](t, ours); text(got.Body) != "v=0 held" {
				t.Error("another answer to the offer")
			}
			in.Reinvite(sdp("v=0 back"))
			expect[Offered](t, ours)
			leg.RefuseOffer(488)
			if got := expect[Refused](t, theirs); got.Code != 488 {
				t.Errorf("refused with %d", got.Code)
			}
			in.Reinvite(Body{}) // asks for an offer
			if got := expect[Offered](t, ours); !got.Body.Empty() {
				t.Error("an offer that was not made")
			}
			leg.AnswerOffer(sdp("v=0 ours"))
			if got := expect[Offered](t, theirs); text(got.Body) != "v=0 ours" {
				t.Error("another offer in the answer")
			}
			in.AnswerOffer(sdp("v=0 theirs"))
			if got := expect[Accepted](t, ours); text(got.Body) != "v=0 theirs" {
				t.Error("another answer in the acknowledgement")
			}
			leg.Dial('5', 160e6)
			if got := expect[Digit](t, theirs); got.Key != '5' {
				t.Errorf("%+v", got)
			}
			leg.Hangup(Reason{Q850: 16})
			expect[Ended](t, ours)
			if got := expect[Ended](t, theirs); got.By != dialog.ByThem || got.Reason.Q850 != 16 {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestACallThatIsNotAnswered(t *testing.T) {
	theirs, ours := make(chan Event, 16), make(chan Event, 16)
	arrived := make(chan *Leg, 1)
	b := start(t, Config{}, &owner{incoming: func(l *Leg) {
		l.Events(func(e Event) { theirs <- e })
		l.Ring()
		arrived <- l
	}})
	a := start(t, Config{}, &owner{})
	call := func() *Leg {
		leg, err := a.Call(request(target(b, UDP), ours))
		if err != nil {
			t.Fatal(err)
		}
		return leg
	}
	call()
	(<-arrived).Reject(486, Reason{Q850: 17})
	if got := expect[Failed](t, ours); got.Code != 486 || got.Reason.Q850 != 17 {
		t.Errorf("%+v", got)
	}
	expect[Ended](t, theirs)

	leg := call()
	<-arrived
	leg.Hangup(Reason{SIP: 487})
	if got := expect[Ended](t, theirs); got.By != dialog.ByCancel || got.Reason.SIP != 487 {
		t.Errorf("%+v", got)
	}
	if got := expect[Failed](t, ours); got.Code != 487 {
		t.Errorf("%+v", got)
	}
}
