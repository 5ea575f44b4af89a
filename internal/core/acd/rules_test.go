package acd_test

import (
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

func TestOrder(t *testing.T) {
	ago := func(d time.Duration) func(*acd.Work) { return func(w *acd.Work) { w.Queued = nine.Add(-d) } }
	prio := func(n int) func(*acd.Work) { return func(w *acd.Work) { w.Priority = n } }
	tests := []struct {
		name          string
		first, second []func(*acd.Work) // first must go before second, whichever comes first
		q1, q2        func(*acd.Queue)
	}{
		{"who came first", []func(*acd.Work){ago(2 * time.Second)}, []func(*acd.Work){ago(time.Second)}, nil, nil},
		{"at the same time: id", nil, nil, nil, nil},
		{"priority", []func(*acd.Work){prio(1)}, []func(*acd.Work){ago(59 * time.Second)}, nil, nil},
		{"a minute waited is worth a point", []func(*acd.Work){ago(61 * time.Second)}, []func(*acd.Work){prio(1)}, nil, nil},
		{"a minute and a point: who came first", []func(*acd.Work){ago(time.Minute)}, []func(*acd.Work){prio(1)}, nil, nil},
		{"nothing starves", []func(*acd.Work){ago(11 * time.Minute)}, []func(*acd.Work){prio(10)}, nil, nil},
		{"the queue's priority", nil, []func(*acd.Work){ago(30 * time.Second)},
			func(q *acd.Queue) { q.Priority = 6 }, func(q *acd.Queue) { q.Priority = 5 }},
		{"the queue's and the work's priority add up", []func(*acd.Work){prio(3)}, []func(*acd.Work){prio(1)},
			func(q *acd.Queue) { q.Priority = 4 }, func(q *acd.Queue) { q.Priority = 5 }},
		{"whose goal falls due first", nil, []func(*acd.Work){ago(30 * time.Second)},
			func(q *acd.Queue) { q.ServiceLevel = 20 * time.Second }, func(q *acd.Queue) { q.ServiceLevel = 51 * time.Second }},
		{"whose goal falls due first in its hours", nil, []func(*acd.Work){ago(30 * time.Second)}, nil, func(q *acd.Queue) { q.Calendars = map[acd.Channel]acd.Calendar{acd.Chat: shut(31 * time.Second)} }},
		{"another channel's hours do not matter", []func(*acd.Work){ago(30 * time.Second)}, nil, func(q *acd.Queue) { q.Calendars = map[acd.Channel]acd.Calendar{acd.Email: shut(time.Hour)} }, nil},
		{"no goal counts as a minute", nil, []func(*acd.Work){ago(30 * time.Second)},
			func(q *acd.Queue) { q.ServiceLevel = 29 * time.Second }, nil},
		{"an absurd priority still is a number", []func(*acd.Work){prio(1 << 62)}, []func(*acd.Work){prio(-1 << 62)}, nil, nil},
	}
	for _, tt := range tests {
		for _, turned := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", tt.name, turned), func(t *testing.T) {
				r := newRoom(t)
				keep := func(f func(*acd.Queue)) func(*acd.Queue) {
					if f == nil {
						return func(*acd.Queue) {}
					}
					return f
				}
				r.queue("q1", "ana", keep(tt.q1))
				r.queue("q2", "ana", keep(tt.q2))
				a := func() { r.arrive("a", "q1", tt.first...) }
				b := func() { r.arrive("b", "q2", tt.second...) }
				if turned {
					b()
					a()
				} else {
					a()
					b()
				}
				r.agent("ana", 1)
				r.is("a offered ana, b queued")
			})
		}
	}
}

func TestChoice(t *testing.T) {
	tests := []struct {
		name string
		set  func(*room)
		want string
	}{
		{"longest idle", func(r *room) {
			r.agent("bob", 1)
			r.pass(time.Second)
			r.agent("ana", 1)
		}, "bob"},
		{"idle counts from the end of the last work", func(r *room) {
			r.agent("ana", 1)
			r.pass(time.Second)
			r.agent("bob", 1)
			r.arrive("x", "q")
			r.accept("x")
			r.finish("x")
			r.pass(time.Second)
			r.complete("x")
		}, "bob"},
		{"a missed offer or a refusal does not make one less idle", func(r *room) {
			r.agent("ana", 1)
			r.pass(time.Second)
			r.agent("bob", 1)
			r.arrive("x", "q")
			r.decline("x")
			r.do(acd.CustomerLeft{Work: "x"})
		}, "ana"},
		{"who holds nothing before who has been idle longer", func(r *room) {
			r.agent("ana", 3)
			r.arrive("x", "q")
			r.accept("x")
			r.pass(time.Minute)
			r.agent("bob", 3)
		}, "bob"},
		{"most proficient of the equally idle", func(r *room) {
			r.queue("q", "ana bob", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 2)} })
			r.agent("ana", 1, need("german", 5))
			r.agent("bob", 1, need("german", 9))
		}, "bob"},
		{"the sum over all needs counts", func(r *room) {
			r.queue("q", "ana bob", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 2), need("sales", 1)} })
			r.agent("ana", 1, need("german", 5), need("sales", 6))
			r.agent("bob", 1, need("german", 9), need("sales", 1))
		}, "ana"},
		{"idle comes before proficient", func(r *room) {
			r.queue("q", "ana bob", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 2)} })
			r.agent("ana", 1, need("german", 2))
			r.pass(time.Second)
			r.agent("bob", 1, need("german", 9))
		}, "ana"},
		{"then id", func(r *room) {
			r.agent("bob", 1)
			r.agent("ana", 1)
		}, "ana"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana bob")
			tt.set(r)
			r.arrive("w", "q")
			r.is("w offered " + tt.want)
		})
	}
}

// shut is a calendar that has so long yet to open.
type shut time.Duration

func (s shut) Due(from time.Time, within time.Duration) time.Time {
	return from.Add(time.Duration(s) + within)
}

func TestWhoCanTakeWhat(t *testing.T) {
	tests := []struct {
		name string
		set  func(*room)
		work func(*acd.Work)
		why  string // "" when ana gets it
	}{
		{"a ready member", nil, nil, ""},
		{"no member", func(r *room) { r.queue("q", "bob") }, nil, "no candidate"},
		{"the queue's skill", func(r *room) { r.requires("q", need("german", 3)) }, nil, "missing_skill"},
		{"the queue's skill at its level", func(r *room) { r.requires("q", need("english", 7)) }, nil, ""},
		{"the queue's skill one level short", func(r *room) { r.requires("q", need("english", 8)) }, nil, "missing_skill"},
		{"the work's skill", nil, func(w *acd.Work) { w.Needs = []acd.SkillNeed{need("english", 1), need("german", 1)} }, "missing_skill"},
		{"a level below one is one", nil, func(w *acd.Work) { w.Needs = []acd.SkillNeed{need("german", 0)} }, "missing_skill"},
		{"the same skill twice: the higher", nil, func(w *acd.Work) { w.Needs = []acd.SkillNeed{need("english", 9), need("english", 1)} }, "missing_skill"},
		{"another channel", nil, func(w *acd.Work) { w.Channel = acd.Voice }, "no_channel"},
		{"not ready", func(r *room) { r.presence("ana", acd.NotReady) }, nil, "not_ready"},
		{"offline", func(r *room) { r.presence("ana", acd.Offline) }, nil, "offline"},
		{"no browser", func(r *room) { r.browsers("ana", 0) }, nil, "no_browser"},
		{"full", func(r *room) { r.arrive("x", "q") }, nil, "at_capacity"},
		{"full in one channel is not full in another", func(r *room) { r.arrive("x", "q", func(w *acd.Work) { w.Channel = acd.Email }) }, nil, ""},
		{"only another", func(r *room) { r.agent("bob", 1); r.presence("bob", acd.NotReady) },
			func(w *acd.Work) { w.Preferred, w.Only = "bob", true }, "no candidate"},
		{"only this one, member or not, skilled or not", func(r *room) { r.queue("q", "bob"); r.requires("q", need("german", 3)) },
			func(w *acd.Work) { w.Preferred, w.Only = "ana", true }, ""},
		{"only one who is not set up: anyone", nil, func(w *acd.Work) { w.Preferred, w.Only = "nobody", true }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana")
			r.do(acd.SetAgent{Agent: acd.Agent{ID: "ana", Skills: map[string]int{"english": 7}, Capacity: map[acd.Channel]int{acd.Chat: 1, acd.Email: 1}}},
				acd.Connected{Agent: "ana", N: 1}, acd.SetPresence{Agent: "ana", Presence: acd.Ready})
			if tt.set != nil {
				tt.set(r)
			}
			var change []func(*acd.Work)
			if tt.work != nil {
				change = append(change, tt.work)
			}
			r.arrive("w", "q", change...)
			if tt.why == "" {
				r.is("w offered ana")
				return
			}
			r.is("w queued")
			if got := r.why("w", "ana"); got != tt.why {
				t.Errorf("why: %q, want %q", got, tt.why)
			}
		})
	}
}

func TestPreferred(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.pass(time.Second)
	r.agent("bob", 1)
	r.arrive("w1", "q", func(w *acd.Work) { w.Preferred = "bob" })
	r.is("w1 offered bob")
	r.arrive("w2", "q", func(w *acd.Work) { w.Preferred = "bob" })
	r.is("w2 offered ana") // bob has no room: nobody waits for a preference
	r.decline("w1")
	r.arrive("w3", "q")
	r.is("w1 queued, w3 offered bob")
	// A preference is for now: who becomes free takes the first in order.
	r.queue("q2", "eve")
	r.arrive("x1", "q2")
	r.pass(time.Second)
	r.arrive("x2", "q2", func(w *acd.Work) { w.Preferred = "eve" })
	r.agent("eve", 1)
	r.is("x1 offered eve, x2 queued")
}

func TestFairBothWays(t *testing.T) {
	// A newly free agent takes the best over all its queues.
	r := newRoom(t)
	r.queue("q1", "ana")
	r.queue("q2", "ana", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 1)} })
	r.queue("q3", "bob")
	for i, q := range []string{"q3", "q2", "q1", "q2"} {
		r.arrive(fmt.Sprintf("w%d", i), q)
		r.pass(time.Second)
	}
	r.agent("ana", 2, need("german", 5))
	r.is("w0 queued, w1 offered ana, w2 offered ana, w3 queued")
}

func TestDecline(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.arrive("w1", "q")
	r.arrive("w2", "q")
	r.decline("w1")
	r.is("w1 queued, w2 offered ana") // the next in line, while the back-off lasts
	r.accept("w2")
	r.finish("w2")
	r.complete("w2")
	r.pass(29 * time.Second)
	r.is("w1 queued")
	if got := r.why("w1", "ana"); got != "refused" {
		t.Errorf("why: %q", got)
	}
	r.pass(time.Second) // 30 s, and nobody else is at work
	r.is("w1 offered ana")
	r.decline("w1")
	r.agent("bob", 1)
	r.is("w1 offered bob")
	r.decline("w1")
	r.pass(29 * time.Second)
	r.is("w1 queued")
	r.pass(time.Second) // ana and bob both refused it, ana longer ago
	r.is("w1 offered ana")
	r.accept("w1")
}

func TestDeclinedWaitsForOthersAtWork(t *testing.T) {
	r := newRoom(t)
	r.queue("q", "ana bob")
	r.agent("ana", 1)
	r.pass(time.Second)
	r.agent("bob", 1)
	r.arrive("x", "q")
	r.accept("x") // ana is busy
	r.arrive("w", "q")
	r.is("w offered bob")
	r.decline("w")
	r.pass(time.Hour)
	r.is("w queued") // kept for ana, who is at work
	// Nobody else any more, however that came to be, and the back-off is long over.
	for name, leave := range map[string]func(*room){
		"not ready":   func(r *room) { r.presence("ana", acd.NotReady) },
		"browser":     func(r *room) { r.browsers("ana", 0) },
		"skill":       func(r *room) { r.set("ana", 1, 0) },
		"capacity":    func(r *room) { r.set("ana", 0, 1) },
		"member":      func(r *room) { r.queue("q", "bob") },
		"removed":     func(r *room) { r.do(acd.RemoveAgent{ID: "ana"}) },
		"other needs": func(r *room) { r.requires("q", need("german", 2)) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRoom(t)
			r.queue("q", "ana bob", func(q *acd.Queue) { q.Needs = []acd.SkillNeed{need("german", 1)} })
			r.agent("ana", 1, need("german", 1))
			r.pass(time.Second)
			r.agent("bob", 1, need("german", 2))
			r.arrive("x", "q")
			r.accept("x")
			r.arrive("w", "q")
			r.decline("w")
			r.pass(time.Hour)
			r.is("w queued")
			leave(r)
			if name == "removed" {
				r.is("x offered bob")
				r.accept("x")
				r.finish("x")
				r.complete("x")
			}
			r.is("w offered bob")
		})
	}
}
