package acdsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/core/acd"
)

// Story is a small contact center and what happens in it. Everything follows
// from Seed and Ops: what an op means is found when it is played, from numbers
// that are taken modulo what there is, so that a story stays playable when ops
// are left out.
type Story struct {
	Seed uint64
	Ops  []Op
	// spoil changes what the engine said, so that a test can see that the
	// simulation notices.
	spoil func([]acd.Command) []acd.Command
}

// Op is one thing that happens, after Wait (negative: the clock went back).
type Op struct {
	Kind       Kind
	A, B, C, D int
	Wait       time.Duration
}

// Kind is a kind of Op.
type Kind string

// Kinds. Late, forged and repeated answers are the faults of slow networks;
// Crash restores from a snapshot, CrashLost from the one before the last step,
// whose effects never became durable.
const (
	Arrive       Kind = "arrive"
	AcceptOffer  Kind = "accept"
	DeclineOffer Kind = "decline"
	AcceptEnded  Kind = "accept_ended"
	AcceptForged Kind = "accept_forged"
	Leave        Kind = "leave"
	FinishWork   Kind = "finish"
	CompleteWork Kind = "complete"
	ExtendWork   Kind = "extend"
	WrongHand    Kind = "wrong_hand"
	Presence     Kind = "presence"
	Browsers     Kind = "browsers"
	MoveWork     Kind = "move"
	CloseWork    Kind = "close"
	ChangeQueue  Kind = "set_queue"
	DropQueue    Kind = "remove_queue"
	ChangeAgent  Kind = "set_agent"
	DropAgent    Kind = "remove_agent"
	ChangeBlend  Kind = "set_blend"
	Repeat       Kind = "repeat"
	Wake         Kind = "wake"
	Crash        Kind = "crash"
	CrashLost    Kind = "crash_lost"
)

var weights = []struct {
	kind Kind
	n    int
}{
	{Arrive, 170}, {AcceptOffer, 190}, {DeclineOffer, 45}, {AcceptEnded, 20}, {AcceptForged, 15},
	{Leave, 40}, {FinishWork, 110}, {CompleteWork, 80}, {ExtendWork, 20}, {WrongHand, 20},
	{Presence, 60}, {Browsers, 50}, {MoveWork, 45}, {CloseWork, 12}, {ChangeQueue, 12}, {DropQueue, 3},
	{ChangeAgent, 14}, {DropAgent, 4}, {ChangeBlend, 4}, {Repeat, 25}, {Wake, 50}, {Crash, 5}, {CrashLost, 3},
}

// NewStory makes the story of a seed with about n ops.
func NewStory(seed uint64, n int) Story {
	r := rand.New(rand.NewPCG(seed, 0x6e7562697461))
	s := Story{Seed: seed}
	total := 0
	weights := slices.Clone(weights)
	for i := range weights {
		if n, ok := refusing[weights[i].kind]; ok && s.refusing() {
			weights[i].n = n
		}
		total += weights[i].n
	}
	n = n/2 + r.IntN(n+1)
	if s.large() {
		n *= 2
	}
	for range n {
		pick, i := r.IntN(total), 0
		for ; pick >= weights[i].n; i++ {
			pick -= weights[i].n
		}
		s.Ops = append(s.Ops, Op{
			Kind: weights[i].kind, A: r.IntN(1 << 16), B: r.IntN(1 << 16), C: r.IntN(1 << 16), D: r.IntN(1 << 16),
			Wait: newWait(r),
		})
	}
	return s
}

func newWait(r *rand.Rand) time.Duration {
	switch p := r.IntN(100); {
	case p < 35:
		return 0
	case p < 70:
		return time.Duration(r.IntN(5_000)) * time.Millisecond
	case p < 92:
		return time.Duration(1+r.IntN(40)) * time.Second
	case p < 97:
		return time.Duration(r.IntN(10)) * time.Minute
	case p < 99:
		return -time.Duration(r.IntN(300)) * time.Second
	}
	return time.Duration(r.IntN(48)) * time.Hour
}

// setup gives numbers that only depend on the seed and their names.
func (s Story) setup(parts ...int) *rand.Rand {
	h := s.Seed
	for _, p := range parts {
		h = (h ^ uint64(p)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return rand.New(rand.NewPCG(h, 1))
}

// In one story of twelve agents decline and come and go much, so that work is
// kept from some of them most of the time.
func (s Story) refusing() bool { return s.Seed%12 == 5 }

var refusing = map[Kind]int{Arrive: 60, AcceptOffer: 60, DeclineOffer: 250, Presence: 150, Browsers: 80, ChangeAgent: 50, DropAgent: 12, ChangeQueue: 30}

// One story in twelve plays on a larger floor, where the indexes are deep.
func (s Story) large() bool { return s.Seed%12 == 11 }

func (s Story) queues() int {
	if s.large() {
		return 4 + s.setup(1).IntN(5)
	}
	return 1 + s.setup(1).IntN(3)
}

func (s Story) agents() int {
	if s.large() {
		return 15 + s.setup(2).IntN(25)
	}
	return 1 + s.setup(2).IntN(6)
}

func queueID(i int) string { return fmt.Sprintf("q%d", i) }
func agentID(i int) string { return fmt.Sprintf("a%d", i) }

var skills = []string{"billing", "german", "sales"}

var channelNames = []acd.Channel{acd.Chat, acd.Voice, acd.Email}

// queue is the set-up of queue i; variants differ, four at a time in members only.
func (s Story) queue(i, variant int) acd.Queue {
	r := s.setup(3, i, variant/4)
	q := acd.Queue{
		ID: queueID(i), Priority: 1 + r.IntN(3), Members: map[string]bool{},
		OfferTimeout: time.Duration(5+r.IntN(20)) * time.Second,
		MaxMissed:    r.IntN(4), ServiceLevel: time.Duration(r.IntN(3)) * 20 * time.Second,
		WrapUp: time.Duration(r.IntN(3)) * 10 * time.Second, WrapUpOpen: r.IntN(5) == 0,
		Needs: s.needs(r.IntN(16), r.IntN(6)),
	}
	if s.Seed%3 > 0 {
		s.refine(&q, i, variant/4)
	}
	r = s.setup(6, i, variant)
	for a := range s.agents() + 1 { // one more: named, never set up
		if r.IntN(4) > 0 == !s.large() { // a quarter of a large floor
			q.Members[agentID(a)] = true
		}
	}
	return q
}

// everyOther is a calendar by which every other such while counts.
type everyOther time.Duration

// Due goes on as long as time counts, and leaps over what does not.
func (o everyOther) Due(from time.Time, within time.Duration) time.Time {
	while := time.Duration(o)
	for {
		left := while - time.Duration(from.UnixNano())%(2*while)
		switch {
		case left <= 0:
			from = from.Add(left + while)
		case within <= left:
			return from.Add(within)
		default:
			within -= left
			from = from.Add(left + while)
		}
	}
}

// refine gives a queue what only some have. Overflow goes to later queues, so
// that it never comes round.
func (s Story) refine(q *acd.Queue, i, variant int) {
	r := s.setup(7, i, variant)
	if r.IntN(3) == 0 {
		q.Calendars = map[acd.Channel]acd.Calendar{acd.Email: everyOther(20 * time.Second), acd.Chat: everyOther(45 * time.Second)}
	}
	q.Choice = []acd.Choice{"", acd.LongestIdle, acd.MostProficient, acd.LeastLoaded, acd.RoundRobin}[r.IntN(5)]
	q.AutoAccept = r.IntN(6) == 0
	if r.IntN(3) == 0 {
		q.Wants = s.needs(10+r.IntN(6), 1+r.IntN(6))
	}
	if r.IntN(2) == 0 {
		q.Affinity = time.Duration(5+r.IntN(40)) * time.Second
	}
	after, ease, needs := time.Duration(0), 0, q.Needs
	for range r.IntN(4) { // each asks for no more than the one before
		after += time.Duration(r.IntN(25)) * time.Second
		ease += r.IntN(3)
		var fewer []acd.SkillNeed
		for _, n := range needs {
			if n.Level -= r.IntN(3); n.Level > 0 {
				fewer = append(fewer, n)
			}
		}
		needs = fewer
		step := acd.Step{After: after, Needs: needs, Ease: ease, Members: map[string]bool{}}
		for a := range s.agents() + 1 {
			if r.IntN(4) == 0 {
				step.Members[agentID(a)] = true
			}
		}
		q.Steps = append(q.Steps, step)
	}
	q.Closed, q.CloseWaiting = r.IntN(5) == 0, r.IntN(2) == 0
	for range max(r.IntN(5)-2, 0) {
		o := acd.Overflow{When: []acd.OverflowWhen{acd.OnWait, acd.OnLength, acd.OnNobody, acd.OnClosed}[r.IntN(4)],
			After: time.Duration(r.IntN(4)) * 15 * time.Second, Length: r.IntN(5)}
		if later := s.queues() - 1 - i; later > 0 && r.IntN(4) > 0 {
			o.ToQueue = queueID(i + 1 + r.IntN(later))
		}
		q.Overflow = append(q.Overflow, o)
	}
}

// blend is a blended rule; nil for none.
func (s Story) blend(variant int) acd.Blend {
	r := s.setup(8, variant)
	var b acd.Blend
	for _, held := range channelNames {
		for _, other := range channelNames {
			if held == other || r.IntN(3) > 0 {
				continue
			}
			if b == nil {
				b = acd.Blend{}
			}
			if b[held] == nil {
				b[held] = map[acd.Channel]bool{}
			}
			b[held][other] = true
		}
	}
	return b
}

func (s Story) needs(pick, level int) []acd.SkillNeed {
	switch {
	case pick < 10:
		return nil
	case pick < 14:
		return []acd.SkillNeed{{Skill: skills[pick%3], Level: level}}
	}
	return []acd.SkillNeed{{Skill: skills[pick%3], Level: level}, {Skill: skills[(pick+1)%3], Level: 1}, {Skill: skills[pick%3], Level: 2}}
}

// agent is the set-up of agent i; variants differ.
func (s Story) agent(i, variant int) acd.Agent {
	r := s.setup(4, i, variant)
	a := acd.Agent{ID: agentID(i), Skills: map[string]int{}, Capacity: map[acd.Channel]int{}}
	for _, k := range skills {
		if r.IntN(3) > 0 {
			a.Skills[k] = 1 + r.IntN(10)
		}
	}
	for _, ch := range channelNames {
		if n := r.IntN(4); n > 0 {
			a.Capacity[ch] = n
		}
	}
	return a
}

// Failure is what went wrong in a story.
type Failure struct {
	Story Story
	Step  int // index of the op; len(Ops) is the end, when all is drained
	What  string
	Log   []string // each event with its commands
}

func (f *Failure) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, step %d of %d: %s\n", f.Story.Seed, f.Step, len(f.Story.Ops), f.What)
	for _, line := range f.Log {
		fmt.Fprintln(&b, line)
	}
	return b.String()
}
