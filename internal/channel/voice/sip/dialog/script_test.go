package dialog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

// script is a world with one real end, "a", and one that a test writes, "p".
type script struct {
	*world
	a, p *end
}

func newScript(t *testing.T) *script {
	w := newWorld(t, 7)
	w.delay = 0
	s := &script{world: w, a: w.end("a"), p: w.end("p")}
	s.p.raw = func(*wire.Message) {}
	return s
}

// say sends a text from p to a; line ends are added. Headers that every message
// has come from of, the request that it answers or the dialog's first.
func (s *script) say(lines ...string) {
	s.send("p", Send{Data: []byte(strings.Join(lines, "\r\n")), To: Target{Transport: wire.UDP, Host: "a", Port: 5060}})
	s.run(s.now.Sub(begin))
}

// answer sends a response of p to a request, with a To tag and further lines; a
// body follows an empty line.
func (s *script) answer(m *wire.Message, code int, tag string, lines ...string) {
	head := []string{fmt.Sprintf("SIP/2.0 %d %s", code, wire.Phrase(code))}
	for _, v := range m.Via {
		head = append(head, "Via: "+v)
	}
	to := m.To.Text()
	if tag != "" && m.To.Tag() == "" {
		to += ";tag=" + tag
	}
	head = append(head, "From: "+m.From.Text(), "To: "+to, "Call-ID: "+m.CallID, fmt.Sprintf("CSeq: %d %s", m.CSeq.Number, m.CSeq.Method))
	if !slices.Contains(lines, "") {
		lines = append(slices.Clone(lines), "", "")
	}
	s.say(append(head, lines...)...)
}

// last is the latest message that p got.
func (s *script) last() *wire.Message {
	if len(s.p.got) == 0 {
		s.t.Fatal("nothing was sent")
	}
	return s.p.got[len(s.p.got)-1]
}

// saw lists what p got since the last call, as methods and codes.
func (s *script) saw() string {
	var all []string
	for _, m := range s.p.got {
		all = append(all, m.String())
	}
	s.p.got = nil
	return strings.Join(all, ", ")
}

func (s *script) wants(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s: %q, wanted %q", what, got, want)
	}
}

func (s *script) pass(d time.Duration) { s.run(s.now.Sub(begin) + d) }

// heard lists what a leg told since the last call.
func (s *script) heard(l *Leg) string {
	var all []string
	for _, e := range s.a.told[l] {
		all = append(all, strings.TrimPrefix(shown(e), "dialog."))
	}
	s.a.told[l] = nil
	return strings.Join(all, ", ")
}

func (s *script) dial(body string) (*Leg, *wire.Message) {
	l := s.a.call("p", body)
	s.pass(0)
	m := s.last()
	s.p.got = nil
	return l, m
}

// stands makes a call that p answered.
func (s *script) stands(lines ...string) (*Leg, *wire.Message) {
	l, invite := s.dial("offer")
	if !slices.Contains(lines, "") {
		lines = append(slices.Clone(lines), "Content-Type: application/sdp", "", "answer")
	}
	s.answer(invite, 200, "p1", append([]string{"Contact: <sip:p@p:5060>"}, lines...)...)
	s.wants("after the answer", s.saw(), "ACK")
	s.heard(l)
	return l, invite
}

// within is a request of p inside the dialog of a leg.
func (s *script) within(l *Leg, method string, seq int, lines ...string) {
	to, from := l.local.Text(), l.peer.remote.Text()
	if !slices.Contains(lines, "") {
		lines = append(slices.Clone(lines), "", "")
	}
	s.say(append([]string{
		method + " sip:a@a:5060 SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP p:5060;branch=z9hG4bK%s%d;rport", method, seq), "From: " + from, "To: " + to,
		"Call-ID: " + l.callID, fmt.Sprintf("CSeq: %d %s", seq, method), "Max-Forwards: 70",
	}, lines...)...)
}

// invite is an INVITE of p to a.
func (s *script) invite(body string, lines ...string) *Leg {
	head := []string{
		"INVITE sip:a@a:5060 SIP/2.0", "Via: SIP/2.0/UDP p:5060;branch=z9hG4bKinv;rport", "From: <sip:p@p>;tag=p1", "To: <sip:a@a>", "Call-ID: c1",
		"CSeq: 1 INVITE", "Contact: <sip:p@p:5060>", "Max-Forwards: 70",
	}
	head = append(head, lines...)
	if body != "" {
		head = append(head, "Content-Type: application/sdp")
	}
	s.say(append(head, "", body)...)
	if len(s.a.legs) == 0 {
		s.t.Fatal("no call arrived")
	}
	return s.a.legs[len(s.a.legs)-1]
}

func (s *script) ack(l *Leg, seq int) {
	s.within(l, "ACK", seq)
}

func TestForks(t *testing.T) {
	s := newScript(t)
	l, invite := s.dial("offer")
	s.answer(invite, 180, "f1", "Contact: <sip:f1@p:5060>")
	s.answer(invite, 183, "f2", "Contact: <sip:f2@p:5060>", "Content-Type: application/sdp", "", "early2")
	s.wants("while it rings", s.heard(l), "Ringing{Code:180}, EarlyMedia early2")
	s.answer(invite, 200, "f1", "Contact: <sip:f1@p:5060>", "Content-Type: application/sdp", "", "answer1")
	s.wants("the first to answer wins", s.heard(l), "Answered answer1")
	s.wants("it is acknowledged at", s.last().URI.User.Reveal(), "f1")
	s.wants("and so", s.saw(), "ACK")
	s.answer(invite, 200, "f1", "Contact: <sip:f1@p:5060>", "Content-Type: application/sdp", "", "answer1")
	s.wants("a repeated 200", s.saw(), "ACK")
	s.answer(invite, 200, "f2", "Contact: <sip:f2@p:5060>", "Content-Type: application/sdp", "", "early2")
	bye := s.last()
	s.wants("a second answer", s.saw(), "ACK, BYE")
	s.wants("its BYE goes to", bye.URI.User.Reveal()+" "+bye.To.Tag(), "f2 f2")
	s.answer(bye, 200, "")
	s.answer(invite, 200, "f2", "Contact: <sip:f2@p:5060>")
	s.wants("the second, repeated", s.saw(), "ACK")
	s.wants("nothing more is told", s.heard(l), "")
	if l.RemoteTag() != "f1" || l.State() != Standing {
		t.Errorf("the call is with %s, %v", l.RemoteTag(), l.State())
	}
	s.answer(invite, 200, "f3", "Contact: <sip:f3@p:5060>")
	s.wants("a third, unknown before", s.saw(), "ACK, BYE")
}

func TestHangupWhileItRings(t *testing.T) {
	t.Run("waits for a sign of life", func(t *testing.T) {
		s := newScript(t)
		l, invite := s.dial("offer")
		s.a.wish(l, func(l *Leg) { l.Hangup(Reason{SIP: 200, Text: "Call completed elsewhere"}) })
		s.wants("before any response", s.saw(), "")
		s.answer(invite, 100, "")
		s.wants("after 100", s.last().Get("Reason"), `SIP;cause=200;text="Call completed elsewhere"`)
		cancel := s.last()
		if cancel.Method != wire.Cancel || cancel.Top.Branch() != invite.Top.Branch() || cancel.CSeq.Number != invite.CSeq.Number {
			t.Errorf("%v is no CANCEL of this INVITE", cancel)
		}
		s.answer(cancel, 200, "p1")
		s.saw()
		s.answer(invite, 487, "p1")
		s.wants("after 487", s.saw(), "ACK")
		s.wants("the owner hears", s.heard(l), "Failed{Code:487 Reason:{SIP:200 Q850:0 Text:Call completed elsewhere} RetryAfter:0s Contacts:[]}")
	})
	t.Run("crosses the answer", func(t *testing.T) {
		s := newScript(t)
		l, invite := s.dial("offer")
		s.answer(invite, 180, "p1")
		s.a.wish(l, func(l *Leg) { l.Hangup(Reason{}) })
		s.pass(0)
		s.wants("it is cancelled", s.saw(), "CANCEL")
		s.answer(invite, 200, "p1", "Contact: <sip:p@p:5060>")
		s.wants("an answer that crossed", s.saw(), "ACK, BYE")
		if got := s.heard(l); !strings.HasSuffix(got, "Failed{Code:487 Reason:{SIP:0 Q850:0 Text:} RetryAfter:0s Contacts:[]}") {
			t.Errorf("the owner hears %s", got)
		}
	})
	t.Run("is told even if nobody answers", func(t *testing.T) {
		s := newScript(t)
		l, invite := s.dial("offer")
		s.answer(invite, 180, "p1")
		s.heard(l)
		s.a.wish(l, func(l *Leg) { l.Hangup(Reason{}) })
		s.pass(31 * time.Second)
		s.wants("within 64 T1", s.heard(l), "")
		s.pass(2 * time.Second)
		s.wants("after it", s.heard(l)[:len("Failed{Code:487")], "Failed{Code:487")
		s.pass(time.Minute)
		if !l.Done() {
			t.Error("it is not forgotten")
		}
	})
}

func TestACallThatNobodyAnswers(t *testing.T) {
	s := newScript(t)
	l, _ := s.dial("offer")
	s.pass(33 * time.Second)
	// RFC 3261 §17.1.1.2: at 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
	s.wants("repetitions", s.saw(), "INVITE, INVITE, INVITE, INVITE, INVITE, INVITE")
	s.wants("the owner hears", s.heard(l)[:len("Failed{Code:408")], "Failed{Code:408")
}

func TestAnAnswerThatIsNotAcknowledged(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer")
	s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")) })
	s.pass(31 * time.Second)
	// §13.3.1.4: at 0, 0.5, 1.5, 3.5, 7.5, then every 4 s.
	s.wants("repetitions", s.saw(), "100 to INVITE, 200 to INVITE"+strings.Repeat(", 200 to INVITE", 9))
	s.pass(2 * time.Second)
	s.wants("then", s.saw(), "200 to INVITE, BYE, BYE")
	s.wants("the owner hears", s.heard(l), "Ended{By:no ack Reason:{SIP:408 Q850:0 Text:no ACK}}")
}

func TestHangupBeforeTheAcknowledgement(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer")
	s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")); l.Hangup(Reason{Q850: 16}) })
	s.pass(0)
	s.wants("no BYE before ACK", s.saw(), "100 to INVITE, 200 to INVITE")
	s.ack(l, 1)
	s.wants("then", s.saw(), "BYE")
	s.wants("the owner hears", s.heard(l), "Acknowledged , Ended{By:us Reason:{SIP:0 Q850:16 Text:}}")
}

func TestReliableProvisionalOfTheOther(t *testing.T) {
	s := newScript(t)
	l, invite := s.dial("offer")
	reliable := func(rseq string) {
		s.answer(invite, 183, "p1", "Contact: <sip:p@p:5060>", "Require: 100rel", "RSeq: "+rseq, "Content-Type: application/sdp", "", "early")
	}
	reliable("5")
	s.wants("RAck", s.last().Get("RAck"), fmt.Sprintf("5 %d INVITE", invite.CSeq.Number))
	s.wants("a PRACK", s.saw(), "PRACK")
	s.wants("and media", s.heard(l), "EarlyMedia early")
	reliable("5")
	reliable("7")
	s.wants("repeated, or out of order", s.saw()+s.heard(l), "")
	reliable("6")
	s.wants("in order, and the answer is agreed", s.saw()+" "+s.heard(l), "PRACK Ringing{Code:183}")
}

func TestReliableProvisionalOfOurs(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer", "Require: 100rel")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("answer")); l.Answer(Body{}) })
	s.pass(0)
	first := s.last()
	s.wants("no answer before PRACK", s.saw(), "100 to INVITE, 183 to INVITE")
	s.wants("it requires", first.Get("Require"), "100rel")
	s.pass(4 * time.Second)
	s.wants("repetitions", s.saw(), "183 to INVITE, 183 to INVITE, 183 to INVITE")
	s.within(l, "PRACK", 2, "RAck: 1 1 INVITE")
	s.wants("a PRACK of another", s.saw(), "481 to PRACK")
	s.within(l, "PRACK", 3, "RAck: "+first.Get("RSeq")+" 1 INVITE")
	s.wants("the right one", s.saw(), "200 to PRACK, 200 to INVITE")
	s.ack(l, 1)
	s.wants("the owner hears", s.heard(l), "Acknowledged ")

	s = newScript(t)
	l = s.invite("offer", "Require: 100rel")
	s.a.wish(l, (*Leg).Ring)
	s.pass(40 * time.Second)
	if got := s.saw(); !strings.HasSuffix(got, "504 to INVITE, 504 to INVITE, 504 to INVITE, 504 to INVITE, 504 to INVITE") || !strings.HasPrefix(s.heard(l), "Ended{By:no ack") {
		t.Errorf("without PRACK: %s", got)
	}
}

func TestUpdate(t *testing.T) {
	s := newScript(t)
	l, _ := s.stands()
	s.within(l, "UPDATE", 1, "Contact: <sip:elsewhere@p:5060>")
	s.wants("without an offer", s.saw(), "200 to UPDATE")
	s.within(l, "UPDATE", 2, "Content-Type: application/sdp", "", "offer2")
	s.wants("with one", s.saw()+s.heard(l), "Offered offer2")
	s.within(l, "UPDATE", 3, "Content-Type: application/sdp", "", "offer3")
	s.wants("a second", s.saw(), "500 to UPDATE")
	s.a.wish(l, func(l *Leg) { l.AnswerOffer(sdp("answer2")) })
	s.pass(0)
	s.wants("answered", string(s.last().Body), "answer2")
	s.a.wish(l, func(l *Leg) { l.Reinvite(sdp("offer4")) })
	s.pass(0)
	s.wants("the target was refreshed", s.last().URI.User.Reveal(), "elsewhere")
	s.saw()
	s.within(l, "UPDATE", 4, "Content-Type: application/sdp", "", "offer5")
	s.wants("while we offer", s.saw(), "491 to UPDATE")
	s.within(l, "INVITE", 5, "Content-Type: application/sdp", "", "offer6")
	s.wants("a re-INVITE then", s.saw(), "491 to INVITE")
	s.within(l, "OPTIONS", 6)
	s.wants("a lower CSeq is refused after", s.saw(), "200 to OPTIONS")
	s.within(l, "INFO", 3)
	s.wants("out of order", s.saw(), "500 to INFO")
}

func TestTwoReinvitesAtATime(t *testing.T) {
	s := newScript(t)
	l, _ := s.stands()
	s.within(l, "INVITE", 1, "Content-Type: application/sdp", "", "offer2")
	s.within(l, "INVITE", 2, "Content-Type: application/sdp", "", "offer3")
	s.wants("the second", s.saw(), "100 to INVITE, 500 to INVITE")
	s.within(l, "CANCEL", 1) // another branch than the INVITE's
	s.wants("a CANCEL of nothing", s.saw(), "481 to CANCEL")
}

// Whoever says that it tries, and then nothing more, is gone: a call that stands has nobody
// who may take long to pick up.
func TestAReinviteThatIsTriedForEver(t *testing.T) {
	s := newScript(t)
	l, _ := s.stands()
	s.saw()
	s.heard(l)
	s.a.wish(l, func(l *Leg) { l.Reinvite(sdp("offer2")) })
	s.pass(20 * time.Second)
	s.answer(s.last(), 100, "")
	s.pass(31 * time.Second)
	s.wants("it may take that long", l.State().String(), "standing")
	s.saw()
	s.pass(2 * time.Second)
	s.wants("then", strings.TrimSuffix(s.saw(), ", BYE"), "BYE")
	s.wants("the owner hears", s.heard(l), "Ended{By:gone Reason:{SIP:481 Q850:0 Text:}}")
}

func TestGlareTimes(t *testing.T) {
	for _, incoming := range []bool{false, true} {
		s := newScript(t)
		var l *Leg
		if incoming {
			l = s.invite("offer")
			s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")) })
			s.pass(0)
			s.ack(l, 1)
		} else {
			l, _ = s.stands()
		}
		s.saw()
		for range 20 {
			s.a.wish(l, func(l *Leg) { l.Reinvite(sdp("offer2")) })
			s.pass(0)
			m := s.last()
			s.saw()
			s.answer(m, 491, "")
			s.wants("acknowledged", s.saw(), "ACK")
			from := s.now
			for s.saw() != "INVITE" {
				if s.pass(10 * time.Millisecond); s.now.Sub(from) > 5*time.Second {
					t.Fatal("it is not tried again")
				}
			}
			// RFC 3261 §14.1: who made the Call-ID waits 2.1 to 4 s, the other 0 to 2 s.
			wait := s.now.Sub(from)
			if !incoming && (wait < 2100*time.Millisecond || wait > 4*time.Second+10*time.Millisecond) || incoming && wait > 2*time.Second+10*time.Millisecond {
				t.Errorf("incoming %v: again after %v", incoming, wait)
			}
			for _, tx := range l.clients {
				if tx.method == wire.Invite && tx.state < completed {
					s.answer(tx.req, 200, "", "Contact: <sip:p@p:5060>", "Content-Type: application/sdp", "", "answer2")
				}
			}
			s.wants("acknowledged", s.saw(), "ACK")
		}
	}
}

func TestSessionTimer(t *testing.T) {
	t.Run("we refresh with UPDATE", func(t *testing.T) {
		s := newScript(t)
		l, _ := s.stands("Allow: INVITE, UPDATE", "Session-Expires: 100;refresher=uac")
		s.pass(49 * time.Second)
		s.wants("before half of it", s.saw(), "")
		s.pass(time.Second)
		m := s.last()
		s.wants("at half of it", s.saw(), "UPDATE")
		s.wants("with the same terms", m.Get("Session-Expires"), "100;refresher=uac")
		s.answer(m, 200, "", "Session-Expires: 100;refresher=uac")
		s.pass(99 * time.Second)
		s.saw() // 1 refresh, not answered: the session runs out at 50+100-32
		s.wants("not refreshed", s.heard(l), "Ended{By:session timer Reason:{SIP:408 Q850:0 Text:Session expired}}")
	})
	t.Run("we refresh with re-INVITE", func(t *testing.T) {
		s := newScript(t)
		s.stands("Allow: INVITE", "Session-Expires: 100;refresher=uac")
		s.pass(50 * time.Second)
		s.wants("with what was said before", string(s.last().Body), "offer")
		s.wants("by", s.saw(), "INVITE")
	})
	t.Run("they refresh", func(t *testing.T) {
		s := newScript(t)
		l, _ := s.stands("Session-Expires: 90;refresher=uas")
		s.pass(59 * time.Second)
		s.within(l, "UPDATE", 1, "Supported: timer", "Session-Expires: 90;refresher=uac")
		s.wants("they refresh", s.last().Get("Session-Expires"), "90;refresher=uac")
		s.pass(59 * time.Second)
		s.saw()
		s.wants("still", l.State().String(), "standing")
		s.pass(2 * time.Second)
		s.wants("and then no more", s.saw()+" "+s.heard(l), "BYE, BYE Ended{By:session timer Reason:{SIP:408 Q850:0 Text:Session expired}}")
	})
	t.Run("too short for us", func(t *testing.T) {
		s := newScript(t)
		s.invite("offer", "Supported: timer", "Session-Expires: 89")
		m := s.last()
		s.wants("refused", s.saw()+" "+m.Get("Min-SE"), "100 to INVITE, 422 to INVITE 90")
	})
	t.Run("too short for them", func(t *testing.T) {
		s := newScript(t)
		s.a.env.SessionExpires = 100 * time.Second
		l, invite := s.dial("offer")
		s.wants("we ask for", invite.Get("Session-Expires"), "100")
		s.answer(invite, 422, "p1", "Min-SE: 300")
		m := s.last()
		s.wants("again", s.saw()+" "+m.Get("Session-Expires")+" "+m.Get("Min-SE"), "ACK, INVITE 300 300")
		s.answer(m, 422, "p1", "Min-SE: 300")
		s.wants("and not for ever", s.heard(l)[:len("Failed{Code:422")], "Failed{Code:422")
	})
	t.Run("who calls cannot refresh", func(t *testing.T) {
		s := newScript(t)
		l := s.invite("offer", "Session-Expires: 200") // a proxy asked for it
		s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")) })
		s.pass(0)
		s.wants("so we do", s.last().Get("Session-Expires"), "200;refresher=uas")
		s.ack(l, 1)
		s.saw()
		s.pass(100 * time.Second)
		s.wants("at half of it", s.saw()[:len("INVITE")], "INVITE")
	})
}

func TestTransfer(t *testing.T) {
	s := newScript(t)
	l, _ := s.stands()
	// Theirs.
	s.within(l, "REFER", 1, "Refer-To: <sip:third@x?Replaces=c9%40h%3Bto-tag%3Da%3Bfrom-tag%3Db>", "Referred-By: <sip:p@p>")
	s.wants("they ask", s.saw(), "")
	got := said[Refer](s.a, l)
	if len(got) != 1 || got[0].To.User.Reveal() != "third" || got[0].To.Headers || got[0].Replaces != "c9@h;to-tag=a;from-tag=b" || got[0].ReferredBy.URI.User.Reveal() != "p" {
		t.Fatalf("%d, %q", len(got), got[0].Replaces)
	}
	s.within(l, "REFER", 2, "Refer-To: <sip:fourth@x>")
	s.wants("one at a time", s.saw(), "491 to REFER")
	s.a.wish(l, (*Leg).AcceptRefer)
	s.pass(0)
	notify := s.last()
	s.wants("accepted", s.saw(), "202 to REFER, NOTIFY")
	s.wants("event", notify.Get("Event")+" "+notify.Get("Subscription-State"), "refer active;expires=180")
	s.wants("how it goes", string(notify.Body), "SIP/2.0 100 Trying\r\n")
	s.answer(notify, 200, "")
	s.a.wish(l, func(l *Leg) { l.ReferProgress(200) })
	s.pass(0)
	s.wants("its end", s.last().Get("Subscription-State")+" "+string(s.last().Body), "terminated;reason=noresource SIP/2.0 200 OK\r\n")
	s.answer(s.last(), 200, "")
	s.saw()
	s.within(l, "REFER", 3, "Refer-To: <http://x>")
	s.wants("to what cannot be called", s.last().Get("Subscription-State")+" "+string(s.last().Body), "terminated;reason=noresource SIP/2.0 416 Unsupported URI Scheme\r\n")
	s.wants("that ends no call", s.saw(), "202 to REFER, NOTIFY, NOTIFY")
	s.within(l, "REFER", 4, "Refer-To: <sip:fifth@x>")
	s.a.wish(l, func(l *Leg) { l.RefuseRefer(603) })
	s.pass(0)
	s.wants("refused", s.saw(), "603 to REFER")
	s.within(l, "REFER", 5, "Refer-To: <sip:sixth@x?Replaces=gone%3Bto-tag%3Da%3Bfrom-tag%3Db>")
	s.a.wish(l, func(l *Leg) { l.RefuseRefer(481) })
	s.pass(0)
	s.wants("its end", s.last().Get("Subscription-State")+" "+string(s.last().Body), "terminated;reason=noresource SIP/2.0 481 Call/Transaction Does Not Exist\r\n")
	s.wants("where the other call is not there, this one is", s.saw(), "202 to REFER, NOTIFY, NOTIFY")
	s.heard(l)

	// Ours.
	to, _ := wire.ParseURI("sip:third@x")
	s.a.wish(l, func(l *Leg) { l.Refer(to, "c9@h;to-tag=a;from-tag=b") })
	s.pass(0)
	m := s.last()
	if a, err := wire.ParseAddress(m.Get("Refer-To")); err != nil {
		t.Error(err)
	} else if u, r, ok := SplitRefer(a.URI); !ok || u.Text() != "sip:third@x" || r != "c9@h;to-tag=a;from-tag=b" {
		t.Errorf("%v %q", ok, r)
	}
	s.answer(m, 202, "")
	s.saw()
	s.within(l, "NOTIFY", 6, "Event: refer", "Subscription-State: active;expires=60", "Content-Type: message/sipfrag", "", "SIP/2.0 180 Ringing")
	s.within(l, "NOTIFY", 7, "Event: presence", "Subscription-State: active")
	s.within(l, "NOTIFY", 8, "Event: refer", "Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag", "", "SIP/2.0 200 OK")
	s.within(l, "NOTIFY", 9, "Event: refer", "Subscription-State: terminated", "Content-Type: message/sipfrag", "", "SIP/2.0 200 OK")
	s.wants("answers", s.saw(), "200 to NOTIFY, 489 to NOTIFY, 200 to NOTIFY, 481 to NOTIFY")
	s.wants("the owner hears", s.heard(l), "ReferStatus{Code:180 Final:false}, ReferStatus{Code:200 Final:true}")
	s.a.wish(l, func(l *Leg) { l.Refer(to, "") })
	s.pass(0)
	s.answer(s.last(), 603, "")
	s.wants("refused", s.heard(l), "ReferStatus{Code:603 Final:true}")
}

func TestDigits(t *testing.T) {
	for body, want := range map[string]string{
		"Signal=5\r\nDuration=160\r\n": "5 160ms", "Signal= *\nDuration= 90": "* 90ms", "signal=11": "# 250ms", "7": "7 250ms",
		"Signal=d\r\nDuration=99999999": "D 10s", "Signal=16": "! 250ms", "Signal=flash": "! 250ms", "Signal=12": "A 250ms",
		"Signal=17": "", "Signal=": "", "": "", "Signal=55": "", "Duration=160": "",
	} {
		d, ok := digit([]byte(body))
		got := ""
		if ok {
			got = fmt.Sprintf("%c %v", d.Key, d.Duration)
		}
		if got != want {
			t.Errorf("%q is %q, wanted %q", body, got, want)
		}
	}
	s := newScript(t)
	l, _ := s.stands()
	s.within(l, "INFO", 1, "Content-Type: application/dtmf-relay", "", "Signal=5\r\nDuration=160\r\n")
	s.within(l, "INFO", 2, "Content-Type: application/dtmf-relay", "", "Signal=x")
	s.within(l, "INFO", 3, "Content-Type: text/plain", "", "x")
	s.within(l, "INFO", 4)
	s.wants("answers", s.saw(), "200 to INFO, 400 to INFO, 415 to INFO, 200 to INFO")
	s.wants("the owner hears", s.heard(l), "Digit{Key:53 Duration:160ms}")
	s.a.wish(l, func(l *Leg) { l.Dial('#', 200*time.Millisecond); l.Dial('x', time.Second) })
	s.pass(0)
	s.wants("ours", string(s.last().Body)+s.saw(), "Signal=#\r\nDuration=200\r\nINFO")
}
