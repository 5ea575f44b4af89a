package voice

import (
	"context"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/media"
	"nubitalk/internal/media/negotiate"
)

// A leg may end before who called it has it: its line is then not remembered for ever.
func TestALineThatEndedIsRememberedByNobody(t *testing.T) {
	s := New(Deps{})
	l := &line{s: s}
	l.end() // by the signalling, while it is called
	l.leg = new(sip.Leg)
	s.know(l)
	if s.known(l.leg) != nil || len(s.phoneLines) != 0 {
		t.Error("a line that ended is remembered")
	}
	other := &line{s: s, leg: new(sip.Leg)}
	s.know(other)
	if s.known(other.leg) != other {
		t.Error("a line is not known by its leg")
	}
	other.end()
	if len(s.phoneLines) != 0 {
		t.Error("a line is remembered after its end")
	}
}

// A transfer that comes after the call gave an end away touches nobody, and what the sound
// of that end says is told where it is.
func TestAnEndThatWasGivenAwayIsNotTouched(t *testing.T) {
	phone, given := &line{trunk: "phn_1"}, &line{trunk: "trk_1"}
	o := &officeCall{ends: ends{caller: given, callee: phone}}
	if code := o.refusesRefer(phone); code != 0 {
		t.Errorf("a phone that talks is refused with %d", code)
	}
	if code := o.refusesRefer(given); code != notAllowed {
		t.Errorf("a trunk is answered %d", code)
	}
	o.handed = given
	var told []media.Event
	o.givenSound = func(e media.Event) { told = append(told, e) }
	if code := o.refusesRefer(phone); code != notHere {
		t.Errorf("after the end was given away: %d", code)
	}
	o.heard(given, media.Silent{})
	if len(told) != 1 || given.asking {
		t.Errorf("told %v, asked here: %v", told, given.asking)
	}
}

// A gateway may describe its sound only before it answers (RFC 3262 §5), also to a call that
// is transferred to it, whose caller hears nothing of that.
func TestAnEarlyDescriptionHoldsWhereNobodyHearsIt(t *testing.T) {
	h := media.NewHost(media.Config{})
	if err := h.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Stop(context.Background()) })
	plain := negotiate.Policy{Security: negotiate.Plain}
	leg := func() *media.RTPLeg {
		t.Helper()
		l, err := h.NewRTP(media.RTPConfig{Policy: plain, Listener: func(media.Event) {}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(l.Close)
		return l
	}
	ours, theirs := leg(), leg()
	offer, err := ours.Offer()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := theirs.Answer(offer)
	if err != nil {
		t.Fatal(err)
	}
	l := &line{rtp: ours}
	o := &officeCall{ends: ends{caller: &line{}, out: &leaving{}}, passing: &passing{}, rung: []*line{l}, rings: true}
	o.early(l, sip.EarlyMedia{Code: 183, Body: sip.SDP(answer)})
	if _, agreed := ours.Law(); !agreed || !o.out.alive || !l.rang {
		t.Errorf("agreed %v, alive %v, rang %v", agreed, o.out.alive, l.rang)
	}
}

// A call to an emergency number that rings is not given up for a transfer to it, which
// nobody would be let into.
func TestAnEmergencyCallThatRingsIsNotTransferredTo(t *testing.T) {
	phone, first := &line{trunk: "phn_1"}, &line{trunk: "phn_1"}
	o := &officeCall{ends: ends{caller: phone, out: &leaving{emergency: true}}, mail: newMailbox(), bridge: media.NewHost(media.Config{}).NewBridge()}
	into := &officeCall{mail: newMailbox()}
	if !o.emergency() {
		t.Error("it is not known as one")
	}
	o.yields(phone, into, first, secret.New("112"))
	if o.over || len(into.mail.take()) != 1 {
		t.Errorf("it was given up: %v", o.over)
	}
}
