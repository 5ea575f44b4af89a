package setup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

var trialStart = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

func trialQueue(q Queue, id string, members ...string) acd.Queue {
	q.Members = members
	q = Clean(q)
	return q.Routing(id, q.Serving(nil), nil)
}

func ready(id string, level int, idle time.Duration) TrialAgent {
	return TrialAgent{Agent: acd.Agent{ID: id, Skills: map[string]int{"billing": level}, Capacity: map[acd.Channel]int{acd.Chat: 2}}, Presence: acd.Ready, Idle: idle}
}

// story writes a work's moments in one line.
func story(moments []TrialMoment) string {
	var parts []string
	for _, m := range moments {
		s := fmt.Sprintf("%d %s", int(m.After.Seconds()), m.Event)
		if m.Agent != "" {
			s += " " + m.Agent
		}
		if m.Event == TrialMoves {
			s += " " + m.Queue
		}
		for _, c := range m.Candidates {
			for _, r := range c.Reasons {
				s += " " + c.Agent + ":" + string(r.Exclusion)
			}
			if len(c.Reasons) == 0 {
				s += " " + c.Agent + ":able"
			}
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}

func TestTrial(t *testing.T) {
	billing := Queue{Name: "Billing", Needs: []acd.SkillNeed{{Skill: "billing", Level: 5}}, OfferSeconds: 20, ServiceSeconds: 60,
		Steps:    []Step{{AfterSeconds: 30, Ease: 3}, {AfterSeconds: 60, Ease: 3, Members: []string{"cat"}}},
		Overflow: []Overflow{{When: acd.OnWait, AfterSeconds: 120, ToQueue: "night"}}}
	night := trialQueue(Queue{Name: "Night", OfferSeconds: 20, ServiceSeconds: 60, Overflow: []Overflow{{When: acd.OnNobody}}}, "night", "eve")
	chat := TrialWork{Channel: acd.Chat}
	lunch := ready("ann", 9, time.Hour)
	lunch.Presence = acd.NotReady
	away := ready("eve", 9, 0)
	away.Presence = acd.Offline
	full := ready("bob", 9, time.Hour)
	full.Holds = map[acd.Channel]int{acd.Chat: 2}
	caller := ready("bob", 9, time.Hour)
	caller.Capacity[acd.Voice], caller.Holds = 1, map[acd.Channel]int{acd.Voice: 1}
	blend := acd.Blend{acd.Voice: {acd.Chat: true}}

	for _, c := range []struct {
		name   string
		agents []TrialAgent
		works  []TrialWork
		blend  acd.Blend
		want   []string
	}{
		{"who is idle longest gets it, and the other could have had it", []TrialAgent{ready("ann", 5, time.Minute), ready("bob", 5, time.Hour)}, []TrialWork{chat}, nil,
			[]string{"0 offered bob ann:able cat:not_member"}},
		{"a step lets the weaker one have it", []TrialAgent{lunch, ready("bob", 2, 0)}, []TrialWork{chat}, nil,
			[]string{"0 waits ann:not_ready bob:missing_skill cat:not_member; 30 offered bob ann:not_ready cat:not_member"}},
		{"a helper joins at the second step", []TrialAgent{lunch, full}, []TrialWork{chat}, nil,
			[]string{"0 waits ann:not_ready bob:at_capacity cat:not_member; 30 step ann:not_ready bob:at_capacity cat:not_member; 60 offered cat ann:not_ready bob:at_capacity"}},
		{"what has waited is at its step already", []TrialAgent{lunch, full}, []TrialWork{{Channel: acd.Chat, Waited: 70 * time.Second}}, nil,
			[]string{"0 offered cat ann:not_ready bob:at_capacity"}},
		{"a call leaves no room for a chat", []TrialAgent{caller}, []TrialWork{{Channel: acd.Chat, Waited: 59 * time.Second}}, blend,
			[]string{"0 waits bob:excluded cat:not_member; 1 offered cat bob:excluded"}},
		{"the last agent comes first", []TrialAgent{ready("ann", 5, time.Minute), ready("bob", 5, time.Hour)}, []TrialWork{{Channel: acd.Chat, LastAgent: "ann"}}, nil,
			[]string{"0 offered ann bob:able cat:not_member"}},
		{"three for two places: the one who waited least is last", []TrialAgent{ready("bob", 5, 0)}, []TrialWork{chat, {Channel: acd.Chat, Waited: 2 * time.Second}, {Channel: acd.Chat, Waited: 5 * time.Second}}, nil,
			[]string{"0 waits bob:at_capacity cat:not_member; 30 step bob:at_capacity cat:not_member; 60 offered cat bob:at_capacity", "0 offered bob cat:not_member", "0 offered bob cat:not_member"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			agents := append(c.agents, ready("cat", 9, 0), away)
			trial := Trial{Queue: "billing", Queues: []acd.Queue{trialQueue(billing, "billing", "ann", "bob"), night}, Blend: c.blend, Agents: agents, Works: c.works}
			for i, moments := range trial.Run(trialStart) {
				if got := story(moments); got != c.want[i] {
					t.Errorf("work %d\n got %s\nwant %s", i, got, c.want[i])
				}
			}
		})
	}

	t.Run("with nobody it goes on, and ends where nobody is either", func(t *testing.T) {
		trial := Trial{Queue: "billing", Queues: []acd.Queue{trialQueue(billing, "billing", "ann"), night}, Agents: []TrialAgent{lunch, away}, Works: []TrialWork{{Channel: acd.Chat, Waited: 100 * time.Second}}}
		if got, want := story(trial.Run(trialStart)[0]), "0 waits ann:not_ready; 20 moves night; 20 ends"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("without rules it waits for ever, and the trial ends", func(t *testing.T) {
		plain := trialQueue(Queue{Name: "Plain", OfferSeconds: 20, ServiceSeconds: 60}, "plain", "ann")
		trial := Trial{Queue: "plain", Queues: []acd.Queue{plain}, Agents: []TrialAgent{lunch}, Works: []TrialWork{chat}}
		if got, want := story(trial.Run(trialStart)[0]), "0 waits ann:not_ready"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}
