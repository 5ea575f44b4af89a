package dialog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip/wire"
)

var begin = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

// packet is a message on its way.
type packet struct {
	at   time.Time
	n    int // sent as the n-th: same time, same order
	from string
	to   string
	data []byte
}

// world is a network in virtual time: packets are lost, doubled and overtake one
// another as its seed says.
type world struct {
	t     testing.TB
	rng   *rand.Rand
	now   time.Time
	sent  int
	air   []packet
	ends  map[string]*end
	names []string
	todo  []deed

	loss, twice float64
	delay       time.Duration // up to this much
	trace       []string
	drop        func(from string, m *wire.Message) bool // beyond chance
}

type deed struct {
	at time.Time
	n  int
	do func()
}

// end is one user agent with its legs.
type end struct {
	w       *world
	name    string
	env     Env
	legs    []*Leg
	told    map[*Leg][]Event
	arrived func(*Leg)
	hears   func(*Leg, Event)
	// raw takes the messages of an end that has no legs but a script.
	raw func(m *wire.Message)
	got []*wire.Message
}

func newWorld(t testing.TB, seed uint64) *world {
	return &world{t: t, rng: rand.New(rand.NewPCG(seed, 4)), now: begin, ends: map[string]*end{}, delay: 40 * time.Millisecond}
}

func (w *world) end(name string) *end {
	e := &end{w: w, name: name, told: map[*Leg][]Event{}}
	e.env = Env{
		Timers: Usual, Random: w.rng.Uint64, Local: func(Target) Local { return Local{Host: name, Port: 5060} },
		Abilities: wire.Abilities{
			Methods:    []string{"INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "PRACK", "UPDATE", "REFER", "NOTIFY", "INFO"},
			Extensions: []string{"100rel", "timer", "replaces"}, Bodies: []string{"application/sdp"},
		},
	}
	w.ends[name] = e
	w.names = append(w.names, name)
	return e
}

func (w *world) note(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%8.3f ", w.now.Sub(begin).Seconds())+fmt.Sprintf(format, args...))
}

// in does something later.
func (w *world) in(d time.Duration, do func()) {
	w.sent++
	w.todo = append(w.todo, deed{w.now.Add(d), w.sent, do})
}

func (w *world) send(from string, s Send) {
	m, fault := wire.Parse(s.Data)
	if fault != nil {
		w.t.Fatalf("%s sent what cannot be read: %v", from, fault)
	}
	lost := w.rng.Float64() < w.loss || w.drop != nil && w.drop(from, m)
	w.note("%s > %s %v%s", from, s.To.Host, m, map[bool]string{true: " (lost)"}[lost])
	if lost {
		return
	}
	copies := 1
	if w.rng.Float64() < w.twice {
		copies = 2
	}
	for range copies {
		w.sent++
		w.air = append(w.air, packet{w.now.Add(time.Duration(w.rng.Int64N(int64(w.delay) + 1))), w.sent, from, s.To.Host, s.Data})
	}
}

// run plays until nothing is left to happen, or until a time.
func (w *world) run(until time.Duration) {
	for range 200_000 {
		var at time.Time
		var act func()
		order := 0
		sooner := func(t time.Time, n int, f func()) {
			if !t.IsZero() && (act == nil || t.Before(at) || t.Equal(at) && n < order) {
				at, order, act = t, n, f
			}
		}
		for i, p := range w.air {
			sooner(p.at, p.n, func() {
				w.air = slices.Delete(w.air, i, i+1)
				w.ends[p.to].receive(p)
			})
		}
		for i, d := range w.todo {
			sooner(d.at, d.n, func() {
				w.todo = slices.Delete(w.todo, i, i+1)
				d.do()
			})
		}
		for _, name := range w.names {
			e := w.ends[name]
			for _, l := range e.legs {
				sooner(l.Next(), 1<<30, func() {
					l.At(w.now).Tick()
					e.flush(l)
				})
			}
		}
		if act == nil || at.After(begin.Add(until)) {
			w.now = begin.Add(until)
			return
		}
		if at.After(w.now) {
			w.now = at
		}
		act()
	}
	w.t.Fatalf("it does not end:\n%s", strings.Join(w.trace[max(0, len(w.trace)-60):], "\n"))
}

func (e *end) flush(l *Leg) {
	out := l.Take()
	for _, s := range out.Sends {
		e.w.send(e.name, s)
	}
	for _, ev := range out.Events {
		e.w.note("%s hears %s", e.name, shown(ev))
		e.told[l] = append(e.told[l], ev)
		if e.hears != nil {
			e.hears(l, ev)
		}
	}
}

// shown is an event for the trace; bodies here are no secrets.
func shown(e Event) string {
	body := func(b Body) string { return string(b.Data) }
	switch e := e.(type) {
	case Offered:
		return "Offered " + body(e.Body)
	case Accepted:
		return "Accepted " + body(e.Body)
	case Answered:
		return "Answered " + body(e.Body)
	case Acknowledged:
		return "Acknowledged " + body(e.Body)
	case EarlyMedia:
		return "EarlyMedia " + body(e.Body)
	}
	return fmt.Sprintf("%T%+v", e, e)
}

// wish does something with a leg and lets its messages out.
func (e *end) wish(l *Leg, f func(*Leg)) {
	f(l.At(e.w.now))
	e.flush(l)
}

func (e *end) receive(p packet) {
	m, _ := wire.Parse(p.data)
	src := Source{Transport: wire.UDP, Host: p.from, Port: 5060}
	if e.raw != nil {
		e.got = append(e.got, m)
		e.raw(m)
		return
	}
	for _, l := range e.legs {
		if l.Owns(m) {
			l.At(e.w.now).Receive(m, src)
			e.flush(l)
			return
		}
	}
	switch {
	case !m.IsRequest() || m.Method == wire.Ack:
	case m.Method == wire.Invite && m.To.Tag() == "":
		l := Arrive(&e.env, e.w.now, m, src)
		e.legs = append(e.legs, l)
		e.flush(l)
		if e.arrived != nil && l.State() != Over {
			e.arrived(l)
		}
	default:
		e.w.send(e.name, Send{Data: m.Answer(481, "none").Append(nil), To: ResponseTarget(m, src)})
	}
}

// call makes a call from e to another end.
func (e *end) call(to, body string, headers ...wire.Header) *Leg {
	l := Call(&e.env, e.w.now, Outgoing{
		To: wire.NewURI("sip", "callee", to, 5060, ""), From: wire.NewAddress("", wire.NewURI("sip", "caller", e.name, 5060, ""), ""),
		Hop: Target{Transport: wire.UDP, Host: to, Port: 5060}, Body: sdp(body), Headers: headers,
	})
	e.legs = append(e.legs, l)
	e.flush(l)
	return l
}

func sdp(s string) Body {
	if s == "" {
		return Body{}
	}
	return SDP([]byte(s))
}

// said are the events of a leg of one type.
func said[E Event](e *end, l *Leg) []E {
	var all []E
	for _, ev := range e.told[l] {
		if x, ok := ev.(E); ok {
			all = append(all, x)
		}
	}
	return all
}
