package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

var start = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

func TestOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	all := []Gateway{
		{Priority: 10, Weight: 1, Up: true}, {Priority: 10, Weight: 3, Up: true}, {Priority: 5, Weight: 0, Up: false},
		{Priority: 20, Weight: 9, Up: true}, {Priority: 1, Up: true, Full: true},
	}
	first := map[int]int{}
	for range 4000 {
		order := Order(all, rng.Uint64)
		if len(order) != 4 || order[2] != 3 || order[3] != 2 || slices.Contains(order, 4) {
			t.Fatalf("%v", order)
		}
		first[order[0]]++
	}
	// 1 : 3; four standard deviations are 110.
	if first[1] < 2890 || first[1] > 3110 {
		t.Errorf("shares of one to three are %v", first)
	}
	zero := map[int]int{}
	for range 1000 {
		zero[Order([]Gateway{{Up: true}, {Up: true}}, rng.Uint64)[0]]++
	}
	if zero[0] < 430 || zero[0] > 570 {
		t.Errorf("without weights the shares are %v", zero)
	}
	if got := Order(nil, rng.Uint64); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestHealth(t *testing.T) {
	var h Health
	step := func(code int) string { return fmt.Sprint(h.Probe(code), h.Up(start)) }
	for i, c := range []struct {
		code int
		want string
	}{
		{200, "false true"}, {408, "false true"}, {408, "false true"}, {200, "false true"}, {408, "false true"}, {503, "false true"},
		{408, "true false"}, {408, "false false"}, {200, "false false"}, {408, "false false"}, {404, "false false"}, {200, "true true"},
	} {
		if got := step(c.code); got != c.want {
			t.Errorf("%d: %s, wanted %s", i, got, c.want)
		}
	}
	h.Call(503, 20*time.Second, start)
	if h.Up(start.Add(19*time.Second)) || !h.Up(start.Add(20*time.Second)) {
		t.Error("Retry-After is not kept")
	}
	h.Call(486, 0, start)
	if h.failed != 0 {
		t.Error("a busy phone counts against the gateway")
	}
	if h.Interval(time.Minute) != time.Minute {
		t.Error("a healthy gateway is probed often")
	}
	if h.Probe(408); h.Interval(time.Minute) != 15*time.Second {
		t.Error("a doubtful gateway is not probed often")
	}
}

func TestCap(t *testing.T) {
	c := Cap{Calls: 3, PerSecond: 2}
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for i, s := range []struct {
		ms   int
		give bool
		want bool
	}{{0, false, true}, {0, false, true}, {0, false, false}, {499, false, false}, {500, false, true}, {5000, false, false}, {5000, true, true}, {5000, true, true}, {5000, true, false}} {
		if s.give {
			c.Give()
		}
		if got := c.Take(at(s.ms)); got != s.want {
			t.Errorf("%d: %v", i, got)
		}
	}
	var free Cap
	for range 1000 {
		if !free.Take(start) {
			t.Fatal("no bound is a bound")
		}
	}
}

func ok(t *testing.T, fields string) *wire.Message {
	t.Helper()
	m, fault := wire.Parse([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n" + fields + "\r\n"))
	if fault != nil {
		t.Fatal(fault)
	}
	return m
}

func TestRegistration(t *testing.T) {
	ours := func(a wire.Address) bool { return a.URI.Host == "us" }
	r := Registration{Asks: 10 * time.Minute}
	now := start
	attempt := func(code int, m *wire.Message) (expires, due time.Duration) {
		t.Helper()
		if d := r.Due(now); d.IsZero() {
			t.Fatal("nothing is due")
		} else if d.After(now) {
			now = d
		}
		expires = r.Attempt()
		if !r.Due(now).IsZero() {
			t.Fatal("an attempt while another is under way")
		}
		r.Response(code, m, ours, now)
		if d := r.Due(now); !d.IsZero() {
			due = d.Sub(now)
		}
		return expires, due
	}
	for i, c := range []struct {
		code         int
		fields       string
		expires, due time.Duration
		state        RegState
	}{
		{503, "", 10 * time.Minute, 10 * time.Second, Failing},
		{408, "", 10 * time.Minute, 20 * time.Second, Failing},
		{503, "Retry-After: 120\r\n", 10 * time.Minute, 2 * time.Minute, Failing},
		{423, "Min-Expires: 1200\r\n", 10 * time.Minute, 0, Failing},
		{200, "Contact: <sip:x@them>;expires=5, <sip:x@us>;expires=600\r\n", 20 * time.Minute, 10*time.Minute - 92*time.Second, Registered},
		{503, "", 20 * time.Minute, 10 * time.Second, Registered}, // it still stands
		{200, "Expires: 60\r\n", 20 * time.Minute, 30 * time.Second, Registered},
		{403, "", 20 * time.Minute, 12*time.Minute + 30*time.Second, Denied},
		{200, "", 20 * time.Minute, 20*time.Minute - 152*time.Second, Registered},
	} {
		var m *wire.Message
		if c.code != 408 {
			m = ok(t, c.fields)
		}
		expires, due := attempt(c.code, m)
		if expires != c.expires || due != c.due || r.State() != c.state {
			t.Errorf("%d: asks for %v, next in %v, %v", i, expires, due, r.State())
		}
	}
	r.Remove(now)
	if expires, _ := attempt(200, ok(t, "")); expires != 0 || r.State() != Removed || !r.Due(now).IsZero() {
		t.Errorf("after its end: %v, %v", expires, r.State())
	}
}

func TestARegistrationNeverHammers(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	r := Registration{Random: rng.Uint64}
	now, attempts := start, 0
	for now.Before(start.Add(24 * time.Hour)) {
		if d := r.Due(now); d.After(now) {
			now = d
		}
		r.Attempt()
		attempts++
		r.Response([]int{408, 500, 503}[rng.IntN(3)], nil, nil, now)
	}
	if attempts > 150 {
		t.Errorf("%d attempts a day at a dead registrar", attempts)
	}
}
