package voice

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Who hears whom, in words: each case is who is there and what the places must be.
func TestSeats(t *testing.T) {
	all := map[string]bool{"": true, "bo": true, "cy": true, "sue": true}
	base := view{state: active, agent: "bo", with: WithCaller, present: all}
	for name, c := range map[string]struct {
		change func(*view)
		want   map[string]seat
	}{
		"a call": {func(v *view) { v.present = map[string]bool{"": true, "bo": true} },
			map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}}},
		"before it is answered the agent hears nobody": {func(v *view) { v.state = offered },
			map[string]seat{"": {alone, "", melody}, "bo": {}, "cy": {}, "sue": {}}},
		"in the menu there is no music": {func(v *view) { v.state, v.agent, v.present = inFlow, "", map[string]bool{"": true} },
			map[string]seat{"": {}}},
		"held": {func(v *view) { v.held = true; v.present = map[string]bool{"": true, "bo": true} },
			map[string]seat{"": {callersRoom, waits, melody}, "bo": {callersRoom, talks, silence}}},
		"the agent's sound is away": {func(v *view) { v.present = map[string]bool{"": true, "bo": false} },
			map[string]seat{"": {alone, "", melody}}},
		"a colleague waits until it is asked": {func(v *view) {
			v.consulted = []string{"cy"}
			v.present = map[string]bool{"": true, "bo": true, "cy": true}
		},
			map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}, "cy": {aside, waits, melody}}},
		"aside with a colleague": {func(v *view) {
			v.consulted, v.with = []string{"cy"}, WithColleague
			v.present = map[string]bool{"": true, "bo": true, "cy": true}
		},
			map[string]seat{"": {callersRoom, waits, melody}, "bo": {aside, talks, silence}, "cy": {aside, talks, melody}}},
		"a conference": {func(v *view) {
			v.consulted, v.with = []string{"cy"}, WithAll
			v.present = map[string]bool{"": true, "bo": true, "cy": true}
		},
			map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}, "cy": {callersRoom, talks, melody}}},
		"a colleague who is gone leaves the agent with the caller": {func(v *view) {
			v.consulted, v.with = []string{"cy"}, WithColleague
			v.present = map[string]bool{"": true, "bo": true}
		},
			map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}}},
		"who is called is rung": {func(v *view) { v.ringing = true; v.present = map[string]bool{"": false, "bo": true} },
			map[string]seat{"bo": {callersRoom, talks, ringback}}},
		"an outside number is called: the caller waits, the agent hears it ring": {func(v *view) {
			v.with, v.dials, v.rings, v.present = WithColleague, true, true, map[string]bool{"": true, "bo": true}
		}, map[string]seat{"": {callersRoom, waits, melody}, "bo": {aside, talks, ringback}}},
		"the agent goes back to the caller while it rings": {func(v *view) {
			v.dials, v.rings, v.present = true, true, map[string]bool{"": true, "bo": true}
		}, map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}}},
		"aside with an outside number": {func(v *view) {
			v.with, v.present = WithColleague, map[string]bool{"": true, "bo": true, outsider: true}
		}, map[string]seat{"": {callersRoom, waits, melody}, "bo": {aside, talks, silence}, outsider: {aside, talks, melody}}},
		"with the caller while an outside number waits": {func(v *view) {
			v.present = map[string]bool{"": true, "bo": true, outsider: true}
		}, map[string]seat{"": {callersRoom, talks, melody}, "bo": {callersRoom, talks, silence}, outsider: {aside, waits, melody}}},
		"the agent's sound is away while an outside number is there": {func(v *view) {
			v.with, v.present = WithAll, map[string]bool{"": true, "bo": false, outsider: true}
		}, map[string]seat{"": {alone, "", melody}, outsider: {alone, "", melody}}},
		"handed over": {func(v *view) {
			v.state, v.handed, v.present = wrapping, true, map[string]bool{"": true, "bo": true, outsider: true}
		}, map[string]seat{"": {callersRoom, talks, melody}, "bo": {}, outsider: {callersRoom, talks, melody}}},
		"a supervisor goes where the agent is": {func(v *view) {
			v.consulted, v.with, v.monitors = []string{"cy"}, WithColleague, map[string]Monitor{"sue": MonitorWhisper}
		}, map[string]seat{"": {callersRoom, waits, melody}, "bo": {aside, talks, silence}, "cy": {aside, talks, melody}, "sue": {aside, whispers, silence}}},
	} {
		v := base
		c.change(&v)
		got := seats(v)
		for who, want := range c.want {
			if got[who] != want {
				t.Errorf("%s: %q sits %+v, want %+v", name, who, got[who], want)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// However a call stands: the caller hears only whom the agent lets it hear, a
// whispering supervisor speaks to the agent alone, and who only listens never speaks.
func TestNobodyHearsWhatIsNotForThem(t *testing.T) {
	pick := func(r *rand.Rand, all ...string) string { return all[r.IntN(len(all))] }
	for seed := range uint64(20_000) {
		r := rand.New(rand.NewPCG(seed, 1))
		v := view{state: pick(r, inFlow, queued, offered, active, wrapping), agent: pick(r, "", "bo", "cy"), held: r.IntN(2) == 0,
			with: With(pick(r, "caller", "colleague", "all")), monitors: map[string]Monitor{}, present: map[string]bool{}}
		for _, u := range []string{"", "bo", "cy", "di", "sue", "tom"} {
			if r.IntN(3) > 0 {
				v.present[u] = r.IntN(4) > 0
			}
		}
		for _, u := range []string{"cy", "di"} {
			if r.IntN(2) == 0 && u != v.agent { // who holds the work is not consulted about it
				v.consulted = append(v.consulted, u)
			}
		}
		for _, u := range []string{"sue", "tom"} {
			v.monitors[u] = Monitor(pick(r, "listen", "whisper", "barge"))
		}
		got := seats(v)
		caller := got[""]
		for who, s := range got {
			heard := s.manner == talks && s.room == caller.room && s.room != alone && caller.manner == talks
			switch {
			case v.monitors[who] == MonitorListen && who != v.agent && !slices.Contains(v.consulted, who) && s.manner != listens && s.room != alone:
				t.Fatalf("seed %d: %s only listens, and %+v", seed, who, s)
			case v.monitors[who] == MonitorWhisper && heard:
				t.Fatalf("seed %d: the caller hears %s whisper", seed, who)
			case heard && (v.held || v.state != active || v.with == WithColleague && slices.Contains(v.consulted, who)):
				t.Fatalf("seed %d: the caller hears %s: %+v", seed, who, v)
			}
		}
	}
}
