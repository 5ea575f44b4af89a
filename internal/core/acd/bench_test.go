//go:build unix

package acd_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/core/acd"
)

// floor is a busy contact center: every agent has work, more waits. Agents
// serve five queues each and speak up to three languages; half of the work asks
// for one.
type floor struct {
	e      *acd.Engine
	r      *rand.Rand
	now    time.Time
	queues []string
	agents []string
	work   []string // per agent: what it holds
	offer  []string // per agent: its pending offer
	state  []acd.State
	next   int
	turn   int
	owed   int // arrivals to come
	needs  [][]acd.SkillNeed
}

var languages = []string{"english", "german", "portuguese"}

func newFloor(agents, queues, waiting int) *floor {
	f := &floor{
		r: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC),
		work: make([]string, agents), offer: make([]string, agents), state: make([]acd.State, agents),
		needs: [][]acd.SkillNeed{nil, nil, nil},
	}
	offers := 0
	f.e = acd.New(acd.Options{NewOfferID: func() string { offers++; return "off_" + strconv.Itoa(offers) }})
	for _, l := range languages {
		f.needs = append(f.needs, []acd.SkillNeed{{Skill: l, Level: 1 + len(l)%4}})
	}
	members := make([]map[string]bool, queues)
	for i := range members {
		members[i] = map[string]bool{}
		f.queues = append(f.queues, fmt.Sprintf("que_%05d", i))
	}
	for i := range agents {
		id := fmt.Sprintf("usr_%05d", i)
		f.agents = append(f.agents, id)
		for k := range 5 {
			members[(i+k*(queues/5+1))%queues][id] = true
		}
	}
	for i, q := range f.queues {
		f.step(acd.SetQueue{Queue: acd.Queue{
			ID: q, Priority: 1 + i%10, Members: members[i], OfferTimeout: time.Hour, WrapUp: time.Hour, ServiceLevel: 20 * time.Second,
		}})
	}
	for i, id := range f.agents {
		known := map[string]int{}
		for k := range 1 + i%3 {
			known[languages[(i+k)%3]] = 1 + f.r.IntN(10)
		}
		f.step(acd.SetAgent{Agent: acd.Agent{ID: id, Skills: known, Capacity: map[acd.Channel]int{acd.Voice: 1}}})
		f.step(acd.Connected{Agent: id, N: 1})
		f.step(acd.SetPresence{Agent: id, Presence: acd.Ready})
	}
	for range agents + waiting {
		f.arrive()
	}
	return f
}

// agentNumber reads an agent's number from its id.
func agentNumber(id string) int {
	n := 0
	for _, c := range id[len("usr_"):] {
		n = 10*n + int(c-'0')
	}
	return n
}

func (f *floor) arrive() {
	f.next++
	f.step(acd.Enqueue{Work: acd.Work{
		ID: "int_" + strconv.Itoa(f.next), Channel: acd.Voice, Queue: f.queues[f.r.IntN(len(f.queues))],
		Needs: f.needs[f.r.IntN(len(f.needs))],
	}})
}

func (f *floor) step(ev acd.Event) {
	f.now = f.now.Add(137 * time.Microsecond)
	for _, c := range f.e.Step(ev, f.now) {
		switch c := c.(type) {
		case *acd.OfferMade:
			i := agentNumber(c.Agent)
			f.offer[i], f.work[i], f.state[i] = c.Offer, c.Work, acd.Offered
		case *acd.WorkChanged:
			if c.State == acd.Closed {
				if i := agentNumber(c.Agent); f.work[i] == c.Work {
					f.state[i] = ""
				}
			}
		}
	}
}

// advance does one step: an agent accepts, finishes or completes, in turn, and
// new work comes for each that closed.
func (f *floor) advance() {
	if f.owed > 0 {
		f.owed--
		f.arrive()
		return
	}
	i := f.turn % len(f.agents)
	f.turn++
	switch f.state[i] {
	case acd.Offered:
		f.state[i] = acd.Active
		f.step(acd.Accept{Offer: f.offer[i], Agent: f.agents[i]})
	case acd.Active:
		f.state[i] = acd.Wrapping
		f.step(acd.Finish{Work: f.work[i], Agent: f.agents[i]})
	case acd.Wrapping:
		f.step(acd.Complete{Work: f.work[i], Agent: f.agents[i]})
		f.owed++
	default: // idle: nothing waits that it can do
		f.step(acd.Tick{})
	}
}

// cpuTime is what the process used, collector included: on a busy machine it
// says more than the clock.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchmarkSteps(b *testing.B, agents, queues, waiting int) {
	f := newFloor(agents, queues, waiting)
	for range 4 * agents {
		f.advance()
	}
	// The rest of the program: alone, a small engine would be collected far more
	// often than it is inside one of 80 MB.
	rest := make([]byte, 64<<20)
	defer runtime.KeepAlive(rest)
	runtime.GC()
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	for range b.N {
		f.advance()
	}
	b.StopTimer()
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	open := 0
	for _, q := range f.queues {
		open += len(f.e.Waiting(q))
	}
	b.ReportMetric(float64(open), "waiting")
}

func BenchmarkStepSmall(b *testing.B)  { benchmarkSteps(b, 100, 10, 100) }
func BenchmarkStepMiddle(b *testing.B) { benchmarkSteps(b, 1_000, 50, 500) }
func BenchmarkStepLarge(b *testing.B)  { benchmarkSteps(b, 10_000, 1_000, 100_000) }

// BenchmarkRestart is a tenant of 10,000 agents and 100,000 waiting, from its
// stored state to the same state.
func BenchmarkRestart(b *testing.B) {
	f := newFloor(10_000, 1_000, 100_000)
	state := f.e.Snapshot()
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime()
	for range b.N {
		acd.New(acd.Options{}).Restore(state, f.now)
	}
	b.ReportMetric(float64((cpuTime()-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

// BenchmarkPosition asks for a place in one line of 100,000.
func BenchmarkPosition(b *testing.B) {
	f := newFloor(1, 5, 0)
	f.queues = f.queues[:1]
	for range 100_000 {
		f.arrive()
	}
	ids := f.e.Waiting(f.queues[0])
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		if at := i * 7919 % len(ids); f.e.Position(ids[at]) != at+1 {
			b.Fatalf("%s is not at %d", ids[at], at+1)
		}
	}
}
