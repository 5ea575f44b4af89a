package wire_test

import (
	"bytes"
	"strings"
	"testing"

	"nubitalk/internal/channel/voice/sip/torture"
	"nubitalk/internal/channel/voice/sip/wire"
)

// all are abilities as the endpoint's.
var all = wire.Abilities{
	Methods:    []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "PRACK", "UPDATE", "REFER", "NOTIFY", "INFO"},
	Extensions: []string{"100rel", "timer", "replaces"},
	Bodies:     []string{"application/sdp"},
}

func cases(t testing.TB) []torture.Case {
	c, err := torture.Cases()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTorture holds the reading of every message of RFC 4475 against what the
// RFC says of it; sip's own test sends them over a socket.
func TestTorture(t *testing.T) {
	for _, c := range cases(t) {
		m, fault := wire.Parse(c.Data)
		if fault == nil && m.IsRequest() {
			fault = all.Judge(m)
		}
		got := 0
		switch {
		case m == nil:
		case fault != nil:
			got = fault.Code
		case !m.IsRequest():
		case m.Method == wire.Invite && m.To.Tag() != "":
			got = 481
		case m.Method == wire.Invite:
			got = 404
		default:
			got = 200
		}
		if got != c.Want {
			t.Errorf("%s (%s): %d (%v), wanted %d", c.Name, c.Section, got, fault, c.Want)
		}
		if m == nil {
			continue
		}
		if strings.Contains(m.String(), "@") {
			t.Errorf("%s prints", c.Name)
		}
		if fault != nil {
			continue
		}
		// What was written is read as the same again.
		again, fault := wire.Parse(m.Append(nil))
		if fault != nil {
			t.Errorf("%s: written anew it is refused: %v", c.Name, fault)
			continue
		}
		if again.CSeq != m.CSeq || again.CallID != m.CallID || again.From.Tag() != m.From.Tag() || len(again.Via) != len(m.Via) || !bytes.Equal(again.Body, m.Body) {
			t.Errorf("%s: written anew it is another", c.Name)
		}
	}
}

func TestTortureValues(t *testing.T) {
	by := map[string]*wire.Message{}
	for _, c := range cases(t) {
		if m, fault := wire.Parse(c.Data); fault == nil {
			by[c.Name] = m
		}
	}
	same := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s is %q, wanted %q", what, got, want)
		}
	}
	m := by["wsinv"]
	same("display name", m.From.Display.Reveal(), `J Rosenberg \"`)
	same("From tag", m.From.Tag(), "98asjd8")
	same("To tag", m.To.Tag(), "1918181833n")
	same("second Via", strings.Join(strings.Fields(m.Via[1]), ""), "SIP/2.0/TCPspindle.example.com;branch=z9hG4bK9ikj8")
	if len(m.Via) != 3 || m.Top.Host != "192.0.2.2" || m.Top.Transport != wire.UDP || m.Top.Branch() != "" || m.MaxForwards != 68 || m.CSeq.Number != 9 || len(m.Body) != 150 {
		t.Errorf("wsinv: %d Via, %+v, Max-Forwards %d, CSeq %d, body %d", len(m.Via), m.Top, m.MaxForwards, m.CSeq.Number, len(m.Body))
	}
	q, _ := m.Contact[0].Params.Get("q")
	same("q", q, "0.33")
	same("folded value", m.Get("NewFangledHeader"), "newfangled value continued newfangled value")

	same("user with escapes", by["esc01"].URI.User.Reveal(), "sips%3Auser%40example.com")
	same("user with a semicolon", by["semiuri"].URI.User.Reveal(), "user;par=u%40example.net")
	same("host after it", by["semiuri"].URI.Host, "example.com")
	same("display name with control characters", by["intmeth"].To.Display.Reveal(), "BEL:\x07 NUL:\x00 DEL:\x7f")
	same("user with all that is allowed", by["intmeth"].URI.User.Reveal(), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
	if n := len(by["longreq"].Via); n != 34 {
		t.Errorf("longreq: %d Via", n)
	}
	if n := len(by["dblreq"].Body); n != 0 {
		t.Errorf("dblreq: a body of %d bytes", n)
	}
	if _, ok := by["cparam01"].Contact[0].Params.Get("unknownparam"); !ok || by["cparam01"].Contact[0].URI.Params != nil {
		t.Error("cparam01: the parameter is the field's")
	}
	if _, ok := by["cparam02"].Contact[0].URI.Params.Get("unknownparam"); !ok || by["cparam02"].Contact[0].Params != nil {
		t.Error("cparam02: the parameter is the URI's")
	}
	if !by["regescrt"].Contact[0].URI.Headers {
		t.Error("regescrt: the URI has header fields")
	}
}
