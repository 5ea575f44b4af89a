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
	"unsafe"

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
	work   []int32 // per agent: the number of what it holds
	offer  []int32 // per agent: the number of its pending offer
	state  []stage
	next   int
	turn   int
	owed   int // arrivals to come
	needs  [][]acd.SkillNeed

	coming []event // the next batch
	about  []acd.Subject
	ids    [4 * batchSize][16]byte // of the next batch's events
	nextID int
}

type stage int8

const (
	idle stage = iota
	offered
	active
	wrapping
)

// batchSize is how many events a floor under load has at a time.
const batchSize = 32

var languages = []string{"english", "german", "portuguese"}

func newFloor(agents, queues, waiting int) *floor {
	f := &floor{
		r: rand.New(rand.NewPCG(1, 2)), now: time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC),
		work: make([]int32, agents), offer: make([]int32, agents), state: make([]stage, agents),
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
		id := "usr_" + strconv.Itoa(i)
		for k := range 5 {
			members[(i+k*(queues/5+1))%queues][id] = true
		}
	}
	for i, q := range f.queues {
		f.step(acd.SetQueue{Queue: acd.Queue{
			ID: q, Priority: 1 + i%10, Members: members[i], OfferTimeout: time.Hour, WrapUp: time.Hour, ServiceLevel: 20 * time.Second,
		}})
	}
	for i := range agents {
		id := "usr_" + strconv.Itoa(i)
		known := map[string]int{}
		for k := range 1 + i%3 {
			known[languages[(i+k)%3]] = 1 + f.r.IntN(10)
		}
		f.step(acd.SetAgent{Agent: acd.Agent{ID: id, Skills: known, Capacity: map[acd.Channel]int{acd.Voice: 1}}})
		f.step(acd.Connected{Agent: id, N: 1})
		f.step(acd.SetPresence{Agent: id, Presence: acd.Ready})
	}
	for range agents + waiting {
		f.step(acd.Enqueue{Work: f.arrival()})
	}
	return f
}

// id is the id of that kind and number as an event brings it: in memory that was
// just written, which the next batches write again.
func (f *floor) id(kind string, n int) string {
	at := f.ids[f.nextID%len(f.ids)][:0]
	f.nextID++
	at = strconv.AppendInt(append(at, kind...), int64(n), 10)
	return unsafe.String(&at[0], len(at))
}

// number reads the number of an id.
func number(id string) int {
	n := 0
	for _, c := range id[len("usr_"):] {
		n = 10*n + int(c-'0')
	}
	return n
}

// arrival is new work.
func (f *floor) arrival() acd.Work {
	f.next++
	return acd.Work{
		ID: "int_" + strconv.Itoa(f.next), Channel: acd.Voice, Queue: f.queues[f.r.IntN(len(f.queues))],
		Needs: f.needs[f.r.IntN(len(f.needs))],
	}
}

func (f *floor) step(ev acd.Event) {
	f.now = f.now.Add(137 * time.Microsecond)
	for _, c := range f.e.Step(ev, f.now) {
		if c, ok := c.(*acd.OfferMade); ok {
			i := number(c.Agent)
			f.offer[i], f.work[i], f.state[i] = int32(number(c.Offer)), int32(number(c.Work)), offered
		}
	}
}

// event is one that comes: what an agent in that stage does, or new work.
type event struct {
	does  stage
	agent string
	id    string // of the offer or the work
	in    acd.Work
}

// event is the next that comes: an agent accepts, finishes or completes, in turn,
// and new work comes for each that closed.
func (f *floor) event() event {
	if f.owed > 0 {
		f.owed--
		return event{in: f.arrival()}
	}
	i := f.turn % len(f.state)
	f.turn++
	e := event{does: f.state[i], agent: f.id("usr_", i)}
	switch e.does {
	case offered:
		e.id, f.state[i] = f.id("off_", int(f.offer[i])), active
	case active:
		e.id, f.state[i] = f.id("int_", int(f.work[i])), wrapping
	case wrapping:
		e.id, f.state[i] = f.id("int_", int(f.work[i])), idle
		f.owed++
	}
	return e
}

// advance does the steps of one batch.
func (f *floor) advance() {
	f.coming, f.about = f.coming[:0], f.about[:0]
	for range batchSize {
		e := f.event()
		f.coming = append(f.coming, e)
		f.about = append(f.about, acd.Subject{Agent: e.agent, Work: e.in.ID, Queue: e.in.Queue})
	}
	f.e.Expect(f.about)
	for i := range f.coming {
		switch e := &f.coming[i]; {
		case e.does == offered:
			f.step(acd.Accept{Offer: e.id, Agent: e.agent})
		case e.does == active:
			f.step(acd.Finish{Work: e.id, Agent: e.agent})
		case e.does == wrapping:
			f.step(acd.Complete{Work: e.id, Agent: e.agent})
		case e.in.ID != "":
			f.step(acd.Enqueue{Work: e.in})
		default: // idle: nothing waits that it can do
			f.step(acd.Tick{})
		}
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
	for range 4 * agents / batchSize {
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
	for range (b.N + batchSize - 1) / batchSize {
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
		f.step(acd.Enqueue{Work: f.arrival()})
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
