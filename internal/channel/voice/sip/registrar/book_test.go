package registrar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/dialog"
	"nubitalk/internal/channel/voice/sip/wire"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

func register(t *testing.T, callID string, seq int, fields ...string) *wire.Message {
	t.Helper()
	m, fault := wire.Parse([]byte(fmt.Sprintf("REGISTER sip:a.example SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:ana@a.example>;tag=1\r\n"+
		"To: <sip:ana@a.example>\r\nCall-ID: %s\r\nCSeq: %d REGISTER\r\n%s\r\n", callID, seq, strings.Join(append(fields, ""), "\r\n"))))
	if fault != nil {
		t.Fatal(fault)
	}
	return m
}

// shown is an account's bindings as user@host/seconds left.
func shown(b *Book, account string, now time.Time) string {
	var s []string
	for _, x := range b.Bindings(account, now) {
		s = append(s, fmt.Sprintf("%s@%s/%d", x.Contact.User.Reveal(), x.Contact.Host, int(x.Ends.Sub(now)/time.Second)))
	}
	return strings.Join(s, " ")
}

func TestBindings(t *testing.T) {
	b := &Book{Rules: Rules{PerAccount: 3}}
	src := dialog.Source{Transport: wire.UDP, Host: "192.0.2.1", Port: 5060}
	for i, c := range []struct {
		call    string
		seq     int
		fields  []string
		at      time.Duration
		code    int
		changed bool
		want    string
	}{
		{"a", 1, []string{"Contact: <sip:x@h1>", "Expires: 600"}, 0, 0, true, "x@h1/600"},
		{"a", 1, []string{"Contact: <sip:x@h1>", "Expires: 600"}, 0, 500, false, "x@h1/600"},
		{"a", 2, []string{"Contact: <sip:x@H1>", "Expires: 300"}, 0, 0, false, "x@h1/300"},
		{"b", 1, []string{"Contact: <sip:y@h2>;expires=100;q=0.2, <sip:z@h3>;q=0.9"}, 0, 0, true, "x@h1/300 z@h3/3600 y@h2/100"},
		{"c", 1, []string{"Contact: <sip:w@h4>"}, 0, 403, false, "x@h1/300 z@h3/3600 y@h2/100"},
		{"c", 2, nil, 0, 0, false, "x@h1/300 z@h3/3600 y@h2/100"},
		{"c", 3, []string{"Contact: <sip:y@h2>;expires=0"}, 0, 0, true, "x@h1/300 z@h3/3600"},
		{"c", 4, []string{"Contact: <sip:w@h4>;expires=59"}, 0, 423, false, "x@h1/300 z@h3/3600"},
		{"c", 5, []string{"Contact: <sip:w@h4>;expires=x"}, 0, 400, false, "x@h1/300 z@h3/3600"},
		{"c", 6, []string{"Contact: <sip:w@h4>;expires=280297596632815"}, 0, 0, true, "x@h1/300 w@h4/3600 z@h3/3600"},
		{"c", 7, []string{"Contact: <tel:+1>"}, 0, 400, false, "x@h1/300 w@h4/3600 z@h3/3600"},
		{"c", 8, []string{"Contact: <sip:q@h5>;expires=0, <sip:w@h4>;expires=5"}, 0, 423, false, "x@h1/300 w@h4/3600 z@h3/3600"},
		{"a", 3, nil, 300 * time.Second, 0, false, "w@h4/3300 z@h3/3300"},
		{"c", 9, []string{"Contact: *", "Expires: 1"}, 300 * time.Second, 400, false, "w@h4/3300 z@h3/3300"},
		{"c", 6, []string{"Contact: *", "Expires: 0"}, 300 * time.Second, 500, false, "w@h4/3300 z@h3/3300"},
		{"c", 9, []string{"Contact: *", "Expires: 0"}, 300 * time.Second, 0, true, ""},
	} {
		now := start.Add(c.at)
		changed, fault := b.Register("ana", register(t, c.call, c.seq, c.fields...), src, now)
		code := 0
		if fault != nil {
			code = fault.Code
		}
		if code != c.code || changed != c.changed || shown(b, "ana", now) != c.want {
			t.Errorf("%d: code %d, changed %v, bindings %s", i, code, changed, shown(b, "ana", now))
		}
	}
	if got := shown(b, "rui", start); got != "" {
		t.Errorf("another account has %s", got)
	}
}

func TestLapse(t *testing.T) {
	b := &Book{}
	for _, c := range []struct{ account, expires string }{{"ana", "100"}, {"rui", "200"}} {
		if _, fault := b.Register(c.account, register(t, c.account, 1, "Contact: <sip:x@h1>;expires="+c.expires), dialog.Source{}, start); fault != nil {
			t.Fatal(fault)
		}
	}
	for _, c := range []struct {
		at   time.Duration
		gone string
		next time.Duration
	}{{99, "", 100}, {100, "ana", 200}, {200, "rui", 0}, {300, "", 0}} {
		gone, next := b.Lapse(start.Add(c.at * time.Second))
		want := start.Add(c.next * time.Second)
		if c.next == 0 {
			want = time.Time{}
		}
		if strings.Join(gone, " ") != c.gone || !next.Equal(want) {
			t.Errorf("at %d: %v, %v", c.at, gone, next)
		}
	}
	if len(b.m) != 0 {
		t.Error("something is kept")
	}
}
