package crash

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/voice/sip"
	"nubitalk/internal/server/drive"
)

// The program is killed while callers wait in a queue and others talk with agents, all
// by telephone. After it is started again each call whose telephones take its new offer
// has its sound: who waits hears music and has the place of before, and who talked talks
// with the same agent. The calls of those who meanwhile are gone, whether something
// answers for them or nothing does, end as lost, in the record too, and keep no agent.
//
// CALLS=200 go test ./test/crash -run TestCallsGoOnAfterAKill has more of them. How long
// it takes is a figure of make bench (calls_back).
func TestCallsGoOnAfterAKill(t *testing.T) {
	ctx, cancel := limit(t, 15*time.Minute)
	defer cancel()
	calls, gone := 60, 2 // gone: of each kind
	if n, err := strconv.Atoi(os.Getenv("CALLS")); err == nil && n > 0 {
		calls = n
	}
	talks := max(calls/10, 2)
	ringing := make(chan *end, 1)
	s, p := newShop(ctx, t, talks+2*gone, func(s *shop) *exchange {
		return newExchange(t, s.sip, "127.0.0.1:0", func(account string, l *sip.Leg) {
			e := newEnd(t, account)
			if err := e.pickUp(l); err != nil {
				t.Errorf("an agent's telephone: %v", err)
			}
			ringing <- e
		})
	})
	kept, known, silent := newExchange(t, s.sip, "127.0.0.1:0", nil), newExchange(t, s.sip, "127.0.0.1:0", nil), newExchange(t, s.sip, "127.0.0.1:0", nil)

	// Some talk, each at a pitch of its own, with an agent who has one, too …
	type talk struct {
		caller, agent *end
		clerk         *clerk
		lost          bool
	}
	hears := func(k *talk, i int) error {
		if err := k.caller.Hears(ctx, []float64{pitch(i) + higher}); err != nil {
			return fmt.Errorf("%s: %w", k.caller.name, err)
		}
		if err := k.agent.Hears(ctx, []float64{pitch(i)}); err != nil {
			return fmt.Errorf("the agent of %s: %w", k.caller.name, err)
		}
		return nil
	}
	var talking []*talk
	for i, a := range s.agents {
		x, k := kept, &talk{caller: newEnd(t, fmt.Sprintf("Talks %d", i)), clerk: a, lost: i >= talks}
		if k.lost {
			if x = known; i >= talks+gone {
				x = silent
			}
		}
		if err := a.Do(ctx, "PUT", "desk/presence", m{"presence": "ready"}, nil); err != nil {
			t.Fatal(err)
		}
		if err := x.dial(ctx, k.caller, fmt.Sprintf("+35192%07d", i)); err != nil {
			t.Fatal(err)
		}
		select {
		case k.agent = <-ringing:
		case <-ctx.Done():
			t.Fatal("no agent's telephone rang")
		}
		if k.agent.name != a.account {
			t.Fatalf("the telephone of %s rang and not that of %s", k.agent.name, a.account)
		}
		k.caller.Talk(pitch(i))
		k.agent.Talk(pitch(i) + higher)
		if err := hears(k, i); err != nil {
			t.Fatal(err)
		}
		if k.lost { // who is free afterwards takes nobody from the line
			if err := a.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		talking = append(talking, k)
	}
	// … and others wait, one behind the other.
	var waiting []*end
	for i := range calls - talks + 2*gone {
		x, name := kept, "Waits "
		switch { // those who will be gone stand among the others
		case i%7 == 3 && i/7 < gone:
			x, name = known, "Gone "
		case i%7 == 5 && i/7 < gone:
			x, name = silent, "Gone "
		}
		e := newEnd(t, fmt.Sprint(name, i))
		if err := x.dial(ctx, e, fmt.Sprintf("+35193%07d", i)); err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, e)
	}
	ends := 2*len(talking) + len(waiting)
	err := wait(ctx, "the calls are not noted", func() (bool, error) { // with what they go on with
		legs, err := s.legs(ctx)
		return len(legs) == ends && !slices.ContainsFunc(legs, func(l noted) bool { return l.AnsweredAt.IsZero() || !l.EndedAt.IsZero() }), err
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.line(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(before) != len(waiting) {
		t.Fatalf("%d wait, and %d called", len(before), len(waiting))
	}

	p.Kill()
	killed := time.Now()
	known.die()
	silent.die()
	for _, e := range waiting {
		e.Forget()
	}
	for _, k := range talking {
		k.caller.Forget()
		k.agent.Forget()
	}
	newExchange(t, s.sip, known.ep.Address(0), nil) // it knows of no call
	s.start(t)
	ready := time.Now()

	hearing, enough := context.WithTimeout(ctx, 4*time.Minute)
	defer enough()
	back := func(e *end) (bool, bool) {
		anew, on := e.stands()
		return on && anew > 0 && len(e.Heard()) > 0, on
	}
	all, lost, lostTalks := 0, 0, 0
	var first, last time.Duration
	alive := map[string]bool{}
	for i, k := range talking {
		if k.lost {
			continue
		}
		all++
		failed := wait(hearing, "the sound is not back", func() (bool, error) {
			for _, e := range []*end{k.caller, k.agent} {
				if is, on := back(e); !is {
					return !on, nil
				}
			}
			return true, nil
		})
		if failed == nil {
			failed = hears(k, i)
		}
		if failed != nil {
			t.Logf("%s: %v", k.caller.name, failed)
			lost, lostTalks = lost+1, lostTalks+1
		}
	}
	first = time.Since(ready)
	for _, e := range waiting {
		if strings.HasPrefix(e.name, "Gone") {
			continue
		}
		all++
		failed := wait(hearing, "no music", func() (bool, error) {
			is, on := back(e)
			return is || !on, nil
		})
		if is, _ := back(e); failed == nil && is {
			alive[e.name] = true
			continue
		}
		t.Logf("%s: %v", e.name, failed)
		lost++
	}
	last = time.Since(ready)
	t.Logf("%d calls of %d go on, those that talk %v after the program was ready and all %v; it was ready %v after the kill", all-lost, all, first, last, ready.Sub(killed))
	if lost*100 > all {
		t.Errorf("%d of %d calls were lost", lost, all)
	}

	// Those who are gone have left the line, and the others stand as they stood.
	want := slices.DeleteFunc(before, func(name string) bool { return !alive[name] })
	var after []string
	err = wait(ctx, "who is gone waits on", func() (_ bool, err error) {
		after, err = s.line(ctx)
		return len(after) == len(want), err
	})
	if err != nil || !slices.Equal(after, want) {
		t.Errorf("in line %v\nwere %v: %v", after, want, err)
	}
	// Nobody talks with who is gone, and the record says how it went.
	for _, k := range talking {
		var d drive.Desk
		if err := wait(ctx, "an agent is busy", func() (bool, error) {
			d = drive.Desk{}
			err := k.clerk.Do(ctx, "GET", "desk", nil, &d)
			return !k.lost || len(d.Work) == 0, err
		}); err != nil || !k.lost && len(d.Work) != 1 {
			t.Errorf("the agent of %s has %d works: %v", k.caller.name, len(d.Work), err)
		}
	}
	// Their ends are noted beside the call, a moment after the line has lost it.
	var legs []noted
	err = wait(ctx, "the calls of who is gone are not noted as ended", func() (_ bool, err error) {
		legs, err = s.legs(ctx)
		goes := map[string]int{}
		for _, l := range legs {
			if l.EndedAt.IsZero() {
				goes[l.Part]++
			}
		}
		return goes["caller"] <= all-lost && goes["agent"] <= talks-lostTalks, err
	})
	if err != nil {
		t.Error(err)
	}
	open, ended := map[string]int{}, 0
	for _, l := range legs {
		switch {
		case l.EndedAt.IsZero():
			open[l.Part]++
		case l.Part == "caller":
			ended++
			var v struct {
				Interaction struct {
					State       string
					CloseReason string `json:"close_reason"`
				}
			}
			if err := s.watch.Do(ctx, "GET", "interactions/"+l.Interaction, nil, &v); err != nil {
				t.Fatal(err)
			}
			how := "abandoned"
			if l.Agent != "" { // and had no wrap-up
				how = "completed"
			}
			if l.EndedBy != "lost" || v.Interaction.State != "closed" || v.Interaction.CloseReason != how {
				t.Errorf("the call of who is gone was ended by %q and is %s, %q, not %q", l.EndedBy, v.Interaction.State, v.Interaction.CloseReason, how)
			}
		}
	}
	if open["caller"] != all-lost || open["agent"] != talks-lostTalks || ended != len(talking)+len(waiting)-open["caller"] {
		t.Errorf("%v go on, %d callers ended; %d calls are there", open, ended, all-lost)
	}
}

// pitch is the tone of the caller of a talk; its agent's is higher.
func pitch(i int) float64 { return 400 + 40*float64(i) }

const higher = 1600
