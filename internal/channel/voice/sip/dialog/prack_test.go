package dialog

import (
	"strings"
	"testing"
)

// Reliable provisional responses (RFC 3262) beyond the plain case: what is offered,
// answered and refused in them and in their PRACK.

const streams = "v=0\r\no=p 5 5 IN IP4 p\r\ns=-\r\nc=IN IP4 p\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 8 0\r\na=sendrecv\r\nm=video 4002 RTP/SAVP 31\r\n"

// declines says whether a body is an answer that takes none of the streams.
func declines(body []byte) bool {
	b := string(body)
	return strings.HasPrefix(b, "v=0\r\no=") && strings.Contains(b, "\r\nm=audio 0 RTP/SAVP 8 0\r\nm=video 0 RTP/SAVP 31\r\n") && strings.Count(b, "m=") == 2
}

// An INVITE without an offer: ours is in the reliable response, its answer in PRACK.
// The 2xx makes no other, and neither does a response that nobody acknowledges.
func TestAnOfferInAReliableResponse(t *testing.T) {
	s := newScript(t)
	l := s.invite("", "Supported: 100rel")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("offer")); l.Progress(183, sdp("offer")); l.Answer(sdp("offer")) })
	s.pass(0)
	first := s.last()
	s.wants("ours", s.saw()+" "+first.Get("Require")+" "+string(first.Body), "100 to INVITE, 183 to INVITE 100rel offer")
	s.within(l, "PRACK", 2, "RAck: "+first.Get("RSeq")+" 1 INVITE", "Content-Type: application/sdp", "", "answer")
	got := s.p.got
	s.wants("it ends the wait", s.saw(), "200 to PRACK, 183 to INVITE, 200 to INVITE")
	s.wants("said once", string(got[1].Body)+got[1].Get("Require")+string(got[2].Body), "")
	s.ack(l, 1)
	s.wants("the owner hears", s.heard(l), "Accepted answer, Acknowledged ")

	s = newScript(t)
	l = s.invite("")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("offer")); l.Answer(sdp("offer")) })
	s.pass(0)
	got = s.p.got
	s.wants("to who cannot acknowledge", s.saw()+" "+string(got[1].Body)+" "+string(got[2].Body), "100 to INVITE, 183 to INVITE, 200 to INVITE  offer")

	// A PRACK that leaves it unanswered: it is made again.
	s = newScript(t)
	l = s.invite("", "Require: 100rel")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("offer")); l.Answer(sdp("offer")) })
	s.pass(0)
	s.within(l, "PRACK", 2, "RAck: "+s.last().Get("RSeq")+" 1 INVITE")
	s.wants("in the 2xx", string(s.last().Body), "offer")
}

// What a reliable response answered is not said again, and PRACK may offer anew.
func TestAnAnswerInAReliableResponse(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer", "Supported: 100rel")
	s.a.wish(l, (*Leg).Ring)
	s.pass(0)
	s.wants("without a body it need not be", s.last().Get("Require"), "")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("answer")) })
	s.pass(0)
	rack := "RAck: " + s.last().Get("RSeq") + " 1 INVITE"
	s.within(l, "PRACK", 2, rack, "Content-Type: application/sdp", "", streams)
	s.saw()
	s.wants("an offer in PRACK", strings.TrimSuffix(s.heard(l), streams), "Offered ")
	s.a.wish(l, func(l *Leg) { l.AnswerOffer(sdp("answer2")) })
	s.pass(0)
	s.wants("is answered in its 2xx", s.last().String()+" "+string(s.last().Body), "200 to PRACK answer2")
	s.within(l, "PRACK", 3, rack)
	s.wants("acknowledged twice", s.last().String(), "481 to PRACK")
	s.saw()
	s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer2")) })
	s.pass(0)
	s.wants("the 2xx", s.saw()+string(l.acks[0].data[len(l.acks[0].data)-2:]), "200 to INVITE\r\n")
}

// A PRACK gets a 2xx whatever it offers: what cannot be taken is declined in it. While
// the INVITE's own offer has no answer there can be no other.
func TestAnOfferInPrackIsDeclined(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer", "Require: 100rel")
	s.a.wish(l, func(l *Leg) { l.Progress(183, sdp("v=0\r\no=us 7 7 IN IP4 a\r\n")) })
	s.pass(0)
	s.within(l, "PRACK", 2, "RAck: "+s.last().Get("RSeq")+" 1 INVITE", "Content-Type: application/sdp", "", streams)
	s.a.wish(l, func(l *Leg) { l.RefuseOffer(488) })
	s.pass(0)
	if m := s.last(); m.String() != "200 to PRACK" || !declines(m.Body) || !strings.Contains(string(m.Body), "\r\no=us 7 8 IN IP4 a\r\n") {
		t.Errorf("%v %q", m, m.Body)
	}

	s = newScript(t)
	l = s.invite("offer", "Require: 100rel")
	s.a.wish(l, (*Leg).Ring)
	s.pass(0)
	s.within(l, "PRACK", 2, "RAck: "+s.last().Get("RSeq")+" 1 INVITE", "Content-Type: application/sdp", "", streams)
	s.wants("too early", s.last().String()+s.heard(l), "500 to PRACK")
}

// The PRACK of a response that was on its way as the call was refused is answered.
func TestAPrackAfterTheEnd(t *testing.T) {
	s := newScript(t)
	l := s.invite("offer", "Require: 100rel")
	s.a.wish(l, (*Leg).Ring)
	s.pass(0)
	rseq := s.last().Get("RSeq")
	s.a.wish(l, func(l *Leg) { l.Reject(486, Reason{}) })
	s.pass(0)
	s.saw()
	s.within(l, "PRACK", 2, "RAck: 1 1 INVITE")
	s.within(l, "PRACK", 3, "RAck: "+rseq+" 1 INVITE")
	s.wants("theirs and another's", s.saw(), "481 to PRACK, 200 to PRACK")
}

// Theirs: an offer that cannot be taken is declined in PRACK, each branch counts by
// itself, and the answer of a reliable response stands whatever the 2xx says.
func TestWhatTheirReliableResponsesSay(t *testing.T) {
	reliable := func(rseq, tag, body string) []string {
		return []string{"Contact: <sip:" + tag + "@p:5060>", "Require: 100rel", "RSeq: " + rseq, "Content-Type: application/sdp", "", body}
	}
	s := newScript(t)
	l, invite := s.dial("")
	s.answer(invite, 183, "p1", reliable("9", "p1", streams)...)
	s.wants("an offer", strings.TrimSuffix(s.heard(l), streams), "Offered ")
	s.a.wish(l, func(l *Leg) { l.RefuseOffer(488) })
	s.pass(0)
	if m := s.last(); m.String() != "PRACK" || !declines(m.Body) {
		t.Errorf("%v %q", m, m.Body)
	}

	s = newScript(t)
	l, invite = s.dial("offer")
	s.answer(invite, 183, "p1", reliable("9", "p1", "answer1")...)
	s.answer(invite, 183, "p2", reliable("70", "p2", "answer2")...)
	s.answer(invite, 183, "p2", reliable("71", "p2", "other")...)
	s.answer(invite, 183, "p1", reliable("11", "p1", "late")...) // 10 is missing
	s.wants("each", s.saw(), "PRACK, PRACK, PRACK")
	s.wants("heard", s.heard(l), "EarlyMedia answer1, EarlyMedia answer2, Ringing{Code:183}")
	s.answer(invite, 200, "p2", "Contact: <sip:p2@p:5060>", "Content-Type: application/sdp", "", "other")
	s.wants("what was agreed", s.heard(l), "Answered answer2")

	s = newScript(t)
	l, invite = s.dial("offer")
	s.answer(invite, 183, "p1", reliable("9", "p1", "answer1")...)
	s.answer(invite, 200, "p1", "Contact: <sip:p1@p:5060>")
	s.wants("a 2xx that says nothing", s.heard(l), "EarlyMedia answer1, Answered answer1")

	// Without an offer of ours: theirs in the response, our answer in PRACK.
	s = newScript(t)
	l, invite = s.dial("")
	s.answer(invite, 183, "p1", reliable("9", "p1", "offer")...)
	s.a.wish(l, func(l *Leg) { l.AnswerOffer(sdp("answer")) })
	s.pass(0)
	s.wants("our answer", s.last().String()+" "+string(s.last().Body), "PRACK answer")
	s.answer(s.last(), 200, "")
	s.answer(invite, 200, "p1", "Contact: <sip:p1@p:5060>", "Content-Type: application/sdp", "", "offer")
	s.wants("nothing more is owed", s.last().String()+" "+string(s.last().Body), "ACK ")
	s.wants("the owner hears", s.heard(l), "Offered offer, Answered ")
}
