package dialog

import (
	"fmt"
	"strings"
	"testing"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/voice/sip/auth"
	"nubitalk/internal/channel/voice/sip/wire"
)

func TestChallenges(t *testing.T) {
	challenge := func(realm, algorithm, nonce string) string {
		return fmt.Sprintf("Proxy-Authenticate: Digest realm=%q, nonce=%q, algorithm=%s, qop=\"auth\"", realm, nonce, algorithm)
	}
	dial := func(s *script) (*Leg, *wire.Message) {
		l := Call(&s.a.env, s.now, Outgoing{
			To: wire.NewURI("sip", "x", "p", 5060, ""), From: wire.NewAddress("", wire.NewURI("sip", "a", "a", 0, ""), ""),
			Hop: Target{Transport: wire.UDP, Host: "p", Port: 5060}, Body: sdp("offer"),
			Credentials: auth.Credentials{Realms: []string{"ours"}, Username: secret.New("u"), Password: secret.New("p")},
		})
		s.a.legs = append(s.a.legs, l)
		s.a.flush(l)
		s.pass(0)
		return l, s.last()
	}
	s := newScript(t)
	l, invite := dial(s)
	s.saw()
	s.answer(invite, 407, "c1", challenge("theirs", "SHA-256", "1"), challenge("ours", "MD5", "2"), challenge("ours", "SHA-256", "3"))
	again := s.last()
	s.wants("answered", s.saw(), "ACK, INVITE")
	proof := again.Get("Proxy-Authorization")
	if !strings.Contains(proof, `nonce="3"`) || !strings.Contains(proof, "SHA-256") || again.CSeq.Number != invite.CSeq.Number+1 || again.CallID != invite.CallID || again.From.Tag() != invite.From.Tag() || again.To.Tag() != "" {
		t.Errorf("CSeq %d after %d", again.CSeq.Number, invite.CSeq.Number)
	}
	s.answer(again, 200, "p1", "Contact: <sip:p@p:5060>", "Content-Type: application/sdp", "", "answer")
	s.wants("the ACK has it too", s.last().Get("Proxy-Authorization"), proof)
	s.saw()
	s.a.wish(l, func(l *Leg) { l.Reinvite(sdp("offer2")) })
	s.pass(0)
	m := s.last()
	s.saw()
	s.answer(m, 407, "", challenge("ours", "SHA-256", "4"))
	s.wants("within the dialog", s.saw(), "ACK, INVITE")

	for name, answers := range map[string][]string{
		"a foreign realm":       {challenge("theirs", "SHA-256", "1")},
		"only MD5":              {challenge("ours", "MD5", "1")},
		"the password is wrong": {challenge("ours", "SHA-256", "1"), challenge("ours", "SHA-256", "2")},
		"stale for ever":        {challenge("ours", "SHA-256", "1"), challenge("ours", "SHA-256", "2") + ", stale=true", challenge("ours", "SHA-256", "3") + ", stale=true"},
	} {
		s := newScript(t)
		l, m := dial(s)
		for _, a := range answers {
			s.answer(m, 407, "c1", a)
			m = s.last()
		}
		if got := s.heard(l); !strings.HasPrefix(got, "Failed{Code:407") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestRoutes(t *testing.T) {
	s := newScript(t)
	s.end("r2")
	var at []string
	s.ends["r2"].raw = func(m *wire.Message) { at = append(at, m.URI.Text()+" "+strings.Join(m.Route, " ")) }
	l, invite := s.dial("offer")
	s.answer(invite, 200, "p1", "Contact: <sip:p@far.example>", "Record-Route: <sip:r1;lr>, <sip:r2:5060;lr>", "Content-Type: application/sdp", "", "answer")
	s.a.wish(l, func(l *Leg) { l.Hangup(Reason{}) })
	s.pass(0)
	// §12.1.2: the route set of who called is the Record-Route, reversed.
	want := "sip:p@far.example <sip:r2:5060;lr> <sip:r1;lr>"
	if len(at) != 2 || at[0] != want || at[1] != want {
		t.Errorf("%q", at)
	}

	s = newScript(t)
	s.end("r2")
	at = nil
	s.ends["r2"].raw = func(m *wire.Message) { at = append(at, m.URI.Text()+" "+strings.Join(m.Route, " ")) }
	l = s.invite("offer", "Record-Route: <sip:r2:5060>", "Record-Route: <sip:r1;lr>")
	s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")) })
	s.pass(0)
	s.wants("the answer repeats them", strings.Join(s.last().RecordRoute, " "), "<sip:r2:5060> <sip:r1;lr>")
	s.ack(l, 1)
	s.a.wish(l, func(l *Leg) { l.Hangup(Reason{}) })
	s.pass(0)
	// §12.2.1.1: a strict router.
	if len(at) != 1 || at[0] != "sip:r2:5060 <sip:r1;lr> <sip:p@p:5060>" {
		t.Errorf("%q", at)
	}
}

func TestWhereRequestsGo(t *testing.T) {
	for _, c := range []struct {
		uri  string
		src  Source
		want Target
	}{
		{"sip:x@198.51.100.7", Source{"UDP", "198.51.100.7", 5060, 1}, Target{"UDP", "198.51.100.7", 0, 1, false}},
		{"sip:x@10.0.0.5:5062", Source{"UDP", "198.51.100.7", 40000, 1}, Target{"UDP", "198.51.100.7", 40000, 1, false}},
		{"sip:x@10.0.0.5:5062", Source{"UDP", "10.0.0.9", 40000, 1}, Target{"UDP", "10.0.0.5", 5062, 1, false}},
		{"sip:x@198.51.100.8:5062;transport=tcp", Source{"TCP", "198.51.100.7", 40000, 70000}, Target{"TCP", "198.51.100.8", 5062, 70000, false}},
		{"sip:x@gw.example;transport=tls", Source{"UDP", "198.51.100.7", 5060, 1}, Target{"TLS", "gw.example", 0, 0, false}},
		{"sips:x@gw.example", Source{"TLS", "198.51.100.7", 5061, 70000}, Target{"TLS", "gw.example", 0, 70000, false}},
		{"sip:x@gw.example", Source{"TLS", "198.51.100.7", 5061, 70000}, Target{"TLS", "gw.example", 0, 70000, false}},
		{"sip:x@0.0.0.0", Source{"UDP", "198.51.100.7", 5060, 1}, Target{"UDP", "198.51.100.7", 5060, 1, false}},
		{"sip:x@[2001:db8::1];transport=udp", Source{"UDP", "2001:db8::1", 5060, 2}, Target{"UDP", "2001:db8::1", 0, 2, true}},
	} {
		u, err := wire.ParseURI(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		if got := HopBack(u, c.src); got != c.want {
			t.Errorf("%s from %+v: %+v", c.uri, c.src, got)
		}
	}
}

func TestLargeRequestsTakeTCP(t *testing.T) {
	env := newWorld(t, 1).end("a").env
	l := Call(&env, begin, Outgoing{
		To: wire.NewURI("sip", "x", "p", 0, ""), From: wire.NewAddress("", wire.NewURI("sip", "a", "a", 0, ""), ""),
		Hop: Target{Transport: wire.UDP, Host: "p"}, Body: sdp(strings.Repeat("x", 1400)),
	})
	out := l.Take().Sends
	if len(out) != 1 || out[0].To.Transport != wire.TCP {
		t.Fatalf("%d messages, the first over %s", len(out), out[0].To.Transport)
	}
	m, _ := wire.Parse(out[0].Data)
	if m.Top.Transport != wire.TCP || m.Contact[0].URI.Transport() != wire.TCP {
		t.Errorf("Via %s, Contact %s", m.Top.Transport, m.Contact[0].URI.Transport())
	}
	// RFC 3261 §18.1.1: nobody listens there, so UDP after all.
	l.At(begin).SendFailed(out[0].Branch)
	out = l.Take().Sends
	if len(out) != 1 || out[0].To.Transport != wire.UDP {
		t.Fatalf("%d messages", len(out))
	}
	if m, _ = wire.Parse(out[0].Data); m.Top.Transport != wire.UDP {
		t.Errorf("Via %s", m.Top.Transport)
	}
	l.At(begin).SendFailed(out[0].Branch)
	if ev := l.Take().Events; len(ev) != 1 || ev[0].(Failed).Code != 503 {
		t.Errorf("%v", ev)
	}
}

func TestRestore(t *testing.T) {
	for _, incoming := range []bool{false, true} {
		s := newScript(t)
		var l *Leg
		if incoming {
			l = s.invite("offer", "Record-Route: <sip:p:5060;lr>")
			if !l.Snapshot().Empty() {
				t.Error("a call that is not answered can be restored")
			}
			s.a.wish(l, func(l *Leg) { l.Answer(sdp("answer")) })
			s.pass(0)
			s.ack(l, 1)
		} else {
			l, _ = s.stands("Record-Route: <sip:p:5060;lr>", "Session-Expires: 1800;refresher=uas")
		}
		before := l.localSeq
		kept := l.Snapshot()
		s.saw()
		// The process is killed; the other end notices nothing.
		again, err := Restore(&s.a.env, s.now, kept, auth.Credentials{})
		if err != nil {
			t.Fatal(err)
		}
		s.a.legs = []*Leg{again}
		if again.CallID() != l.CallID() || again.LocalTag() != l.LocalTag() || again.RemoteTag() != l.RemoteTag() || again.interval != l.interval {
			t.Error("the dialog is another")
		}
		s.a.wish(again, func(l *Leg) { l.Reinvite(sdp("new place")) })
		s.pass(0)
		m := s.last()
		s.wants("it is offered anew", s.saw()+" "+strings.Join(m.Route, ""), "INVITE <sip:p:5060;lr>")
		if m.CSeq.Number <= before || m.To.Tag() != "p1" || m.CallID != l.callID {
			t.Errorf("CSeq %d after %d", m.CSeq.Number, before)
		}
		s.answer(m, 200, "", "Contact: <sip:p@p:5060>", "Content-Type: application/sdp", "", "answer")
		s.wants("accepted", s.saw()+" "+s.heard(again), "ACK Accepted answer")
		s.within(again, "BYE", 1)
		s.wants("an old CSeq", s.saw(), map[bool]string{false: "200 to BYE", true: "500 to BYE"}[incoming])
		s.within(again, "BYE", 2)
		s.saw()
		s.wants("ended", s.heard(again), "Ended{By:them Reason:{SIP:0 Q850:0 Text:}}")
		if !again.Snapshot().Empty() {
			t.Error("a call that ended can be restored")
		}
	}
	env := newWorld(t, 1).end("a").env
	for _, bad := range []string{"", "{}", `{"v":1}`, `{"v":2,"call":"x"}`, "x"} {
		if _, err := Restore(&env, begin, secret.NewBytes([]byte(bad)), auth.Credentials{}); err == nil {
			t.Errorf("%q was restored", bad)
		}
	}
}

func TestARestoredCallThatIsGone(t *testing.T) {
	s := newScript(t)
	l, _ := s.stands()
	again, err := Restore(&s.a.env, s.now, l.Snapshot(), auth.Credentials{})
	if err != nil {
		t.Fatal(err)
	}
	s.a.legs = []*Leg{again}
	s.a.wish(again, func(l *Leg) { l.Reinvite(sdp("new place")) })
	s.pass(0)
	s.answer(s.last(), 481, "")
	s.wants("the owner hears", s.heard(again), "Ended{By:gone Reason:{SIP:481 Q850:0 Text:}}")
}

func TestReasons(t *testing.T) {
	for text, want := range map[string]Reason{
		`Q.850;cause=16;text="Normal"`: {Q850: 16}, `SIP ;cause=200, Q.850 ; cause = 31`: {SIP: 200}, "q.850;cause=17": {Q850: 17}, "X;cause=1": {}, "SIP;cause=99999": {},
	} {
		m := &wire.Message{}
		m.Add("Reason", text)
		if got := reasonOf(m); got != want && !(text[0] == 'S' && got.SIP == want.SIP) {
			t.Errorf("%s: %+v", text, got)
		}
	}
	m := &wire.Message{}
	Reason{SIP: 486, Q850: 17, Text: "a \"b\""}.add(m)
	if got := m.All("Reason"); len(got) != 2 || got[0] != `SIP;cause=486;text="a \"b\""` {
		t.Errorf("%q", got)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte("BYE"), []byte("RAck: 1 1 INVITE"), uint32(2))
	f.Add([]byte("REFER"), []byte("Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3D1>"), uint32(2))
	f.Add([]byte("INFO"), []byte("Content-Type: application/dtmf-relay\r\n\r\nSignal=1"), uint32(2))
	f.Fuzz(func(t *testing.T, method, rest []byte, seq uint32) {
		w := newWorld(t, 1)
		e := w.end("a")
		w.end("p").raw = func(*wire.Message) {}
		invite := "INVITE sip:a@a SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bK1\r\nFrom: <sip:p@p>;tag=1\r\nTo: <sip:a@a>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:p@p>\r\nSupported: 100rel,timer\r\n\r\n"
		m, _ := wire.Parse([]byte(invite))
		l := Arrive(&e.env, begin, m, Source{Transport: wire.UDP, Host: "p", Port: 5060})
		l.Answer(sdp("offer"))
		l.Take()
		text := fmt.Sprintf("%s sip:a@a SIP/2.0\r\nVia: SIP/2.0/UDP p;branch=z9hG4bK2\r\nFrom: <sip:p@p>;tag=1\r\nTo: <sip:a@a>;tag=%s\r\nCall-ID: c\r\nCSeq: %d %s\r\n%s\r\n\r\n", method, l.localTag, seq, method, rest)
		m, fault := wire.Parse([]byte(text))
		if fault != nil || m == nil {
			return
		}
		if l.Owns(m) {
			l.Receive(m, Source{Transport: wire.UDP, Host: "p", Port: 5060})
		}
		for range 200 {
			for _, s := range l.Take().Sends {
				if _, fault := wire.Parse(s.Data); fault != nil {
					t.Fatalf("it sends what cannot be read: %v", fault)
				}
			}
			at := l.Next()
			if at.IsZero() {
				return
			}
			l.At(at).Tick()
			if l.Next().Equal(at) {
				t.Fatal("a timer that is due for ever")
			}
		}
	})
}
