package live_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nubitalk/internal/app/live"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
)

const (
	tenA = id.Tenant("ten_00000000000000000000000001")
	tenB = id.Tenant("ten_00000000000000000000000002")
	talk = "int_00000000000000000000000001"
)

// line hands events over at once.
type line struct{ fn func(bus.Event) }

func (l *line) Subscribe(fn func(bus.Event)) func() {
	l.fn = fn
	return func() { l.fn = func(bus.Event) {} }
}

// out collects what a connection is sent.
type out struct {
	mu      sync.Mutex
	frames  []string
	reasons []string
	missed  int
}

func (o *out) Send(f []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.frames = append(o.frames, string(f))
}

func (o *out) Recheck(reason string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.reasons = append(o.reasons, reason)
}

func (o *out) Missed() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.missed++
}

type frame struct {
	Type    string          `json:"type"`
	Cursor  string          `json:"cursor"`
	Resumed bool            `json:"resumed"`
	Data    json.RawMessage `json:"data"`
}

func (o *out) all(t testing.TB) (out []frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.frames {
		var f frame
		if err := json.Unmarshal([]byte(s), &f); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		out = append(out, f)
	}
	return out
}

// types lists what came, with the data's text.
func (o *out) types(t testing.TB) (out []string) {
	for _, f := range o.all(t) {
		out = append(out, strings.TrimSpace(f.Type+" "+string(f.Data)))
	}
	return out
}

func (o *out) cursor(t testing.TB) (c string) {
	for _, f := range o.all(t) {
		if f.Cursor != "" {
			c = f.Cursor
		}
	}
	return c
}

// guard lets those read an interaction who are in its list.
type guard struct {
	mu      sync.Mutex
	readers map[string]bool // by user
}

func (g *guard) MayRead(_ context.Context, a access.Actor, interaction string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if interaction == talk && a.Tenant == tenA && g.readers[a.User] {
		return nil
	}
	return errs.New(errs.NotFound, "This interaction does not exist.")
}

func (g *guard) set(user string, may bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.readers[user] = may
}

// desks notes who is connected.
type desks struct {
	mu sync.Mutex
	n  map[string]int
}

func (d *desks) Connected(_ context.Context, t id.Tenant, user string, n int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n[t.String()+"/"+user] = n
	return nil
}

func (d *desks) of(t id.Tenant, user string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.n[t.String()+"/"+user]
}

type fixture struct {
	*live.Hub
	line  *line
	guard *guard
	desks *desks
}

func open(t testing.TB, c live.Config) *fixture {
	t.Helper()
	f := &fixture{line: &line{}, guard: &guard{readers: map[string]bool{}}, desks: &desks{n: map[string]int{}}}
	c.Bus, c.Reader, c.Floor = f.line, f.guard, f.desks
	f.Hub = live.New(c)
	if err := f.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return f
}

func agent(t id.Tenant, user string) access.Actor {
	return access.Actor{Tenant: t, User: user, Session: "ses_" + user, Roles: []access.Role{access.Agent}}
}

func supervisor(t id.Tenant, user string) access.Actor {
	return access.Actor{Tenant: t, User: user, Session: "ses_" + user, Roles: []access.Role{access.Supervisor}}
}

func event(n int, to ...string) bus.Event {
	return bus.Event{Tenant: tenA, Kind: "message.added", Users: to, Interaction: talk, Data: json.RawMessage(fmt.Sprint(n))}
}

func TestWhoSeesAnEvent(t *testing.T) {
	f := open(t, live.Config{})
	outs := map[string]*out{}
	join := func(name string, a access.Actor) *live.Conn {
		outs[name] = &out{}
		return f.Join(a, "", outs[name])
	}
	join("ana", agent(tenA, "ana"))
	join("ana again", agent(tenA, "ana"))
	join("bob", agent(tenA, "bob"))
	join("eva", supervisor(tenA, "eva"))
	join("far", supervisor(tenB, "ana"))
	outs["visitor"], outs["other"] = &out{}, &out{}
	f.JoinVisitor(tenA, talk, outs["visitor"])
	f.JoinVisitor(tenB, talk, outs["other"])

	f.line.fn(event(1, "ana"))
	f.line.fn(bus.Event{Tenant: tenA, Kind: "agent.changed", Users: []string{"ana"}, Watch: access.FloorWatch, Data: json.RawMessage("2")})
	f.line.fn(bus.Event{Tenant: tenA, Kind: "visitor.state", Interaction: talk, Visitor: json.RawMessage(`{"type":"state","data":3}`)})
	f.line.fn(bus.Event{Tenant: tenB, Kind: "queue.changed", Watch: access.FloorWatch, Data: json.RawMessage("4")})
	f.line.fn(bus.Event{Tenant: tenA, Kind: "setup.changed", Watch: "no.such", Data: json.RawMessage("5")})
	f.line.fn(bus.Event{Tenant: tenA, Kind: "alert.changed", Users: []string{"ana", "eva"}, Watch: access.FloorWatch, Only: true, Data: json.RawMessage("6")})
	f.line.fn(bus.Event{Tenant: tenA, Kind: "alert.changed", Users: []string{"bob"}, Watch: access.FloorWatch, Only: true, Data: json.RawMessage("7")})

	got := map[string][]string{}
	for name, o := range outs {
		got[name] = o.types(t)
	}
	want := map[string][]string{
		"ana":       {"hello", "message.added 1", "agent.changed 2"},
		"ana again": {"hello", "message.added 1", "agent.changed 2"},
		"bob":       {"hello"},
		"eva":       {"hello", "agent.changed 2", "alert.changed 6"},
		"far":       {"hello", "queue.changed 4"},
		"visitor":   {"state 3"},
		"other":     nil,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestComingBackResumes(t *testing.T) {
	f := open(t, live.Config{})
	first := &out{}
	c := f.Join(agent(tenA, "ana"), "", first)
	f.line.fn(event(1, "ana"))
	f.line.fn(event(2, "bob"))
	c.Leave()
	f.line.fn(event(3, "ana"))
	f.line.fn(event(4, "bob"))
	f.line.fn(event(5, "ana", "bob"))
	f.line.fn(bus.Event{Tenant: tenA, Kind: "alert.changed", Users: []string{"ana"}, Watch: access.FloorWatch, Only: true, Data: json.RawMessage("0")}) // who may not watch the floor

	second := &out{}
	f.Join(agent(tenA, "ana"), first.cursor(t), second)
	f.line.fn(event(6, "ana"))
	if d := cmp.Diff([]string{"hello", "message.added 3", "message.added 5", "message.added 6"}, second.types(t)); d != "" {
		t.Error(d)
	}
	hello := second.all(t)[0]
	if !hello.Resumed || hello.Cursor != first.cursor(t) {
		t.Errorf("%+v: a break now must not lose what is still to come", hello)
	}
	for _, cursor := range []string{"", "x", "other.1", strings.Split(first.cursor(t), ".")[0] + ".99", strings.Split(first.cursor(t), ".")[0] + ".-1"} {
		o := &out{}
		f.Join(agent(tenA, "ana"), cursor, o)
		if h := o.all(t); len(h) != 1 || h[0].Resumed {
			t.Errorf("%q: %+v", cursor, h)
		}
	}
}

func TestTheRingIsBounded(t *testing.T) {
	f := open(t, live.Config{Events: 3})
	o := &out{}
	c := f.Join(agent(tenA, "ana"), "", o)
	start := o.cursor(t)
	for i := range 3 {
		f.line.fn(event(i, "ana"))
	}
	c.Leave()
	resumed := func() bool {
		o := &out{}
		defer f.Join(agent(tenA, "ana"), start, o).Leave()
		return o.all(t)[0].Resumed
	}
	if !resumed() {
		t.Error("three events are kept, and it did not resume")
	}
	f.line.fn(event(4, "ana"))
	if resumed() {
		t.Error("the first event is gone, and it resumed all the same")
	}
}

func TestLostEventsAreTold(t *testing.T) {
	for _, tenant := range []id.Tenant{tenA, ""} {
		f := open(t, live.Config{})
		o, far, v := &out{}, &out{}, &out{}
		f.Join(agent(tenA, "ana"), "", o)
		f.Join(agent(tenB, "ana"), "", far)
		f.JoinVisitor(tenA, talk, v)
		before := o.cursor(t)
		f.line.fn(bus.Event{Kind: bus.Overflow, Tenant: tenant})
		if d := cmp.Diff([]string{"hello", "resync"}, o.types(t)); d != "" || v.missed != 1 {
			t.Errorf("%s, %d", d, v.missed)
		}
		if told := len(far.types(t)) == 2; told != (tenant == "") {
			t.Errorf("the other tenant: %v", far.types(t))
		}
		back := &out{}
		f.Join(agent(tenA, "ana"), before, back)
		if back.all(t)[0].Resumed {
			t.Error("a cursor from before was resumed")
		}
	}
}

func TestWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, live.Config{})
		o := &out{}
		c := f.Join(agent(tenA, "bob"), "", o)
		if err := c.Watch(t.Context(), talk); !errs.Is(err, errs.NotFound) {
			t.Errorf("watching what may not be read: %v", err)
		}
		if err := c.Watch(t.Context(), "int_x"); !errs.Is(err, errs.Invalid) {
			t.Errorf("watching nonsense: %v", err)
		}
		f.guard.set("bob", true)
		if err := c.Watch(t.Context(), talk); err != nil {
			t.Fatal(err)
		}
		f.line.fn(event(1, "ana"))
		f.line.fn(event(2, "ana", "bob")) // seen once, though for two reasons
		f.guard.set("bob", false)
		f.line.fn(bus.Event{Tenant: tenA, Kind: "interaction.changed", Users: []string{"ana"}, Interaction: talk, Data: json.RawMessage("3")})
		synctest.Wait() // it is asked again
		f.line.fn(event(4, "ana"))
		want := []string{"hello", "message.added 1", "message.added 2", "interaction.changed 3"}
		if d := cmp.Diff(want, o.types(t)); d != "" {
			t.Error(d)
		}
		f.guard.set("bob", true)
		if err := c.Watch(t.Context(), talk); err != nil {
			t.Fatal(err)
		}
		c.Unwatch(talk)
		f.line.fn(event(5, "ana"))
		if n := len(o.types(t)); n != 4 {
			t.Errorf("%v", o.types(t))
		}
	})
}

// What a watcher missed of the conversation during a break comes when it
// watches again, without a cursor, because newer events came before.
func TestWatchingAgainAfterABreak(t *testing.T) {
	f := open(t, live.Config{})
	f.guard.set("bob", true)
	o := &out{}
	c := f.Join(agent(tenA, "bob"), "", o)
	c.Leave()
	f.line.fn(event(1, "ana"))
	f.line.fn(event(2, "bob"))
	back := &out{}
	c = f.Join(agent(tenA, "bob"), o.cursor(t), back)
	f.line.fn(event(3, "bob"))
	for range 2 {
		if err := c.Watch(t.Context(), talk); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"hello", "message.added 2", "message.added 3", "message.added 1"}, back.types(t)); d != "" {
		t.Error(d)
	}
	if last := back.all(t)[3]; last.Cursor != "" {
		t.Errorf("an old cursor after a new one: %+v", last)
	}
}

func TestChangesToAccountsAreAskedAbout(t *testing.T) {
	f := open(t, live.Config{})
	ana, bob, far := &out{}, &out{}, &out{}
	f.Join(agent(tenA, "ana"), "", ana)
	f.Join(agent(tenA, "bob"), "", bob)
	f.Join(agent(tenB, "ana"), "", far)
	change := func(s string) {
		f.line.fn(bus.Event{Tenant: tenA, Kind: "account.changed", Data: json.RawMessage(s)})
	}
	change(`{"user":"ana","sessions":["ses_ana"],"reason":"ended_by_administrator"}`)
	change(`{"user":"ana","sessions":["ses_other"],"reason":"ended_elsewhere"}`)
	change(`{"user":"","reason":"suspended"}`)
	if d := cmp.Diff([][]string{{"ended_by_administrator", "", "suspended"}, {"suspended"}, nil}, [][]string{ana.reasons, bob.reasons, far.reasons}); d != "" {
		t.Error(d)
	}
	if n := len(ana.types(t)) + len(bob.types(t)); n != 2 {
		t.Errorf("the nodes' own event reached browsers: %v %v", ana.types(t), bob.types(t))
	}
}

func TestNewRightsShowOtherThings(t *testing.T) {
	f := open(t, live.Config{})
	f.guard.set("ana", true)
	o := &out{}
	c := f.Join(supervisor(tenA, "ana"), "", o)
	if err := c.Watch(t.Context(), talk); err != nil {
		t.Fatal(err)
	}
	watch := bus.Event{Tenant: tenA, Kind: "queue.changed", Watch: access.FloorWatch, Data: json.RawMessage("1")}
	f.line.fn(watch)
	c.Become(agent(tenA, "ana"))
	f.line.fn(watch)
	f.line.fn(event(2))
	c.Become(supervisor(tenA, "ana"))
	f.line.fn(watch)
	if d := cmp.Diff([]string{"hello", "queue.changed 1", "resync", "resync", "queue.changed 1"}, o.types(t)); d != "" {
		t.Error(d)
	}
}

func TestTheFloorKnowsWhoIsThere(t *testing.T) {
	f := open(t, live.Config{})
	one := f.Join(agent(tenA, "ana"), "", &out{})
	two := f.Join(agent(tenA, "ana"), "", &out{})
	f.Join(access.Actor{Tenant: tenA, User: "adm", Roles: []access.Role{access.Administrator}}, "", &out{})
	if n := f.desks.of(tenA, "ana"); n != 2 {
		t.Errorf("%d desks", n)
	}
	if _, told := f.desks.n[tenA.String()+"/adm"]; told {
		t.Error("who has no desk counts as an agent")
	}
	one.Leave()
	one.Leave()
	if n := f.desks.of(tenA, "ana"); n != 1 {
		t.Errorf("%d desks", n)
	}
	two.Leave()
	if n := f.desks.of(tenA, "ana"); n != 0 {
		t.Errorf("%d desks", n)
	}
	if users, visitors := f.Count(); users != 1 || visitors != 0 {
		t.Errorf("%d and %d connections", users, visitors)
	}
}

func TestPresenceIsRightWhateverTheOrder(t *testing.T) {
	f := open(t, live.Config{})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			c := f.Join(agent(tenA, "ana"), "", &out{})
			if i%5 != 0 {
				c.Leave()
			}
		})
	}
	wg.Wait()
	if n := f.desks.of(tenA, "ana"); n != 10 {
		t.Errorf("%d desks, want 10", n)
	}
}

// Whatever happens, who resumes has in the end exactly what who stayed has.
func TestResumingLosesAndDoublesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		f := open(t, live.Config{Events: 50})
		steady := &out{}
		f.Join(agent(tenA, "ana"), "", steady)
		var seen []string
		var cursor string
		var conn *live.Conn
		var now *out
		leave := func() {
			if conn == nil {
				return
			}
			conn.Leave()
			frames := now.all(t)
			if cursor != "" && !frames[0].Resumed {
				r.Fatal("it did not resume")
			}
			for _, x := range frames[1:] {
				seen = append(seen, string(x.Data))
			}
			cursor, conn = now.cursor(t), nil
		}
		now = &out{}
		conn = f.Join(agent(tenA, "ana"), "", now)
		for i := range rapid.IntRange(0, 40).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"mine", "other", "leave", "join"}).Draw(r, "step") {
			case "mine":
				f.line.fn(event(i, "ana"))
			case "other":
				f.line.fn(event(i, "bob"))
			case "leave":
				leave()
			case "join":
				if conn == nil {
					now = &out{}
					conn = f.Join(agent(tenA, "ana"), cursor, now)
				}
			}
		}
		if conn == nil {
			now = &out{}
			conn = f.Join(agent(tenA, "ana"), cursor, now)
		}
		leave()
		var want []string
		for _, x := range steady.all(t)[1:] {
			want = append(want, string(x.Data))
		}
		if d := cmp.Diff(want, seen); d != "" {
			r.Fatal(d)
		}
	})
}

func TestARoomIsForgottenWhenNobodyComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, live.Config{})
		o := &out{}
		f.Join(agent(tenA, "ana"), "", o).Leave()
		time.Sleep(time.Minute)
		f.line.fn(event(1, "ana"))
		back := &out{}
		f.Join(agent(tenA, "ana"), o.cursor(t), back).Leave()
		if !back.all(t)[0].Resumed {
			t.Error("it did not resume after a minute")
		}
		time.Sleep(11 * time.Minute)
		f.line.fn(event(2, "ana"))
		late := &out{}
		f.Join(agent(tenA, "ana"), o.cursor(t), late)
		if late.all(t)[0].Resumed {
			t.Error("it resumed though the events were not kept")
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"", ".", "x.1", "x.18446744073709551615", "x.99999999999999999999"} {
		f.Add(s)
	}
	hub := open(f, live.Config{})
	o := &out{}
	hub.Join(agent(tenA, "ana"), "", o)
	f.Add(o.cursor(f))
	f.Fuzz(func(t *testing.T, s string) {
		o := &out{}
		c := hub.Join(agent(tenA, "bob"), s, o)
		defer c.Leave()
		if h := o.all(t); h[0].Type != "hello" || h[0].Resumed && h[0].Cursor != s {
			t.Errorf("%q: %+v", s, h)
		}
	})
}

func BenchmarkDeliver(b *testing.B) {
	for _, n := range []int{1, 200, 5000} {
		b.Run(fmt.Sprintf("%d connections", n), func(b *testing.B) {
			f := open(b, live.Config{})
			for i := range n {
				f.Join(agent(tenA, fmt.Sprint("u", i)), "", nothing{})
			}
			e := event(1, "u0")
			b.ReportAllocs()
			for b.Loop() {
				f.line.fn(e)
			}
		})
	}
}

type nothing struct{}

func (nothing) Send([]byte)    {}
func (nothing) Recheck(string) {}
