package floor_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
)

// story is a small contact center on the production floor and what happens to
// it. Everything follows from the seed and the turns; what a turn means is found
// when it is played, so that a story stays playable when turns are left out.
type story struct {
	seed  uint64
	turns []turn
	// lies makes the store lose writes that it answered, so that a test sees that
	// the simulation notices.
	lies bool
}

// turn is one thing that happens, after a wait.
type turn struct {
	kind    string
	a, b, c int
	wait    time.Duration
}

// kinds of turns and how often they come. What begins with "fault" is what
// goes wrong around the floor.
var kinds = []struct {
	name string
	n    int
}{
	{"arrive", 150}, {"answer", 60}, {"accept", 150}, {"decline", 25}, {"late accept", 15}, {"forged accept", 10}, {"leave", 35},
	{"finish", 80}, {"complete", 60}, {"extend", 12}, {"transfer", 25}, {"move", 20}, {"close", 6}, {"presence", 40}, {"desks", 40},
	{"sleeping tab", 12}, {"setup", 25}, {"staff", 8}, {"again", 15},
	{"cross", 35}, {"fault: refused commit", 12}, {"fault: lost answer", 12}, {"fault: dies before", 5}, {"fault: dies after", 5},
	{"fault: killed", 5}, {"restart", 4}, {"fault: fenced", 5}, {"fault: clock", 6},
}

func newStory(seed uint64, n int) story {
	r := rand.New(rand.NewPCG(seed, 0x666c6f6f72))
	total := 0
	for _, k := range kinds {
		total += k.n
	}
	s := story{seed: seed}
	for range n/2 + r.IntN(n+1) {
		pick, i := r.IntN(total), 0
		for ; pick >= kinds[i].n; i++ {
			pick -= kinds[i].n
		}
		s.turns = append(s.turns, turn{kind: kinds[i].name, a: r.IntN(1 << 16), b: r.IntN(1 << 16), c: r.IntN(1 << 16), wait: newWait(r)})
	}
	return s
}

func newWait(r *rand.Rand) time.Duration {
	switch p := r.IntN(100); {
	case p < 35:
		return 0
	case p < 75:
		return time.Duration(r.IntN(4_000)) * time.Millisecond
	case p < 97:
		return time.Duration(1_000+r.IntN(30_000)) * time.Millisecond
	}
	return time.Duration(r.IntN(600)) * time.Second
}

// from gives numbers that depend on the seed and their names only.
func (s story) from(parts ...int) *rand.Rand {
	h := s.seed + 1
	for _, p := range parts {
		h = (h ^ uint64(p)) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	return rand.New(rand.NewPCG(h, 2))
}

const simQueues = 3

var (
	simAgents   = []string{"usr_1", "usr_2", "usr_3", "usr_4"}
	simChannels = []acd.Channel{acd.Chat, acd.Voice, acd.Email}
)

func simQueue(i int) string { return fmt.Sprintf("que_%d", i+1) }

func simEntry(t id.Tenant, queue int, ask bool) string {
	return fmt.Sprintf("ent_%s_%d_%t", string(t)[4:], queue, ask)
}

// plan is a tenant's set-up; variants differ.
func (s story) plan(t id.Tenant, variant int) floor.Plan {
	p := floor.Plan{TimeZone: time.UTC, Rules: setup.DefaultRules(), Queues: map[string]setup.Queue{}, Hours: map[string]setup.Hours{"hou_1": simHours()},
		EntryPoints: map[string]setup.EntryPoint{}, Flows: map[string]floor.PlannedFlow{}, Dispositions: map[string]setup.Disposition{}, Labels: map[string]setup.Label{}}
	p.AlertRules = s.alertRules(variant)
	if r := s.from(1, variant); r.IntN(3) > 0 {
		p.Rules.Blend = setup.DefaultBlend()
	}
	for i := range simQueues {
		p.Queues[simQueue(i)] = s.queue(i, variant)
		for _, ask := range []bool{false, true} {
			f := fmt.Sprintf("flo_%d_%t", i, ask)
			e := setup.DefaultEntryPoint("Entry", f, "")
			e.ConsentText = ""
			p.EntryPoints[simEntry(t, i, ask)] = e
			p.Flows[f] = floor.PlannedFlow{Version: 1, Graph: s.flow(i, ask)}
		}
	}
	return p
}

// alertRules watch everything that can be watched, at values that come and go.
func (s story) alertRules(variant int) map[string]setup.AlertRule {
	r, out := s.from(8, variant), map[string]setup.AlertRule{}
	for i, m := range alert.Measures {
		worst := map[alert.Unit]int{alert.Contacts: 4, alert.Seconds: 60, alert.Percent: 90, alert.Agents: 3}[m.Unit()]
		first, second := 1+r.IntN(worst), 1+r.IntN(worst)
		if m.LowIsBad() == (second > first) {
			first, second = second, first
		}
		if second == first {
			second = 0
		}
		rule := setup.DefaultAlertRule(string(m), m, first, second)
		rule.HoldSeconds, rule.MinContacts, rule.Always = r.IntN(3)*5, r.IntN(3), r.IntN(2) == 0
		if m.OfAgents() {
			rule.Activity = alert.Activities[r.IntN(len(alert.Activities))]
		}
		if r.IntN(3) == 0 && !m.OfAgents() {
			rule.Queues = []string{simQueue(r.IntN(simQueues))}
		}
		out[fmt.Sprintf("alr_%d", i)] = setup.Clean(rule)
	}
	return out
}

// simHours open and close every ten minutes.
func simHours() setup.Hours {
	h := setup.Hours{Name: "Shifts", TimeZone: "UTC"}
	for day := range 7 {
		for hour := range 24 {
			for _, m := range []int{0, 20, 40} {
				h.Weekly = append(h.Weekly, setup.Opening{Day: day, From: fmt.Sprintf("%02d:%02d", hour, m), To: fmt.Sprintf("%02d:%02d", hour, m+10)})
			}
		}
	}
	return h
}

func (s story) queue(i, variant int) setup.Queue {
	r := s.from(2, i, variant)
	q := setup.DefaultQueue(fmt.Sprintf("Queue %d", i+1))
	q.Priority, q.OfferSeconds, q.MaxMissed = 4+r.IntN(3), 5+r.IntN(20), 1+r.IntN(4)
	q.WrapUpSeconds, q.WrapUpOpen, q.DispositionMust = r.IntN(3)*10, r.IntN(5) == 0, false
	q.Choice = []acd.Choice{"", acd.LongestIdle, acd.MostProficient, acd.LeastLoaded, acd.RoundRobin}[r.IntN(5)]
	q.AutoAccept = r.IntN(8) == 0
	for _, u := range simAgents {
		if r.IntN(3) > 0 {
			q.Members = append(q.Members, u)
		}
	}
	if r.IntN(3) == 0 {
		q.Needs = []acd.SkillNeed{{Skill: "ski_1", Level: 1 + r.IntN(6)}}
	}
	if r.IntN(2) == 0 {
		q.AffinitySeconds = 5 + r.IntN(40)
	}
	after := 0
	for range r.IntN(3) {
		after += 5 + r.IntN(25)
		q.Steps = append(q.Steps, setup.Step{AfterSeconds: after, Ease: min(10, after/5), Members: []string{simAgents[r.IntN(4)]}})
	}
	if r.IntN(3) == 0 {
		q.Hours, q.CloseWaiting = "hou_1", r.IntN(2) == 0
	}
	for range r.IntN(3) { // to later queues only, so that none comes round
		o := setup.Overflow{When: []acd.OverflowWhen{acd.OnWait, acd.OnLength, acd.OnNobody, acd.OnClosed}[r.IntN(4)], AfterSeconds: 20 + r.IntN(60), Length: 1 + r.IntN(6)}
		if later := simQueues - 1 - i; later > 0 && r.IntN(4) > 0 {
			o.ToQueue = simQueue(i + 1 + r.IntN(later))
		}
		q.Overflow = append(q.Overflow, o)
	}
	return setup.Clean(q)
}

// flow leads to a queue, at once or after a question with a limit.
func (s story) flow(queue int, ask bool) *flow.Graph {
	g := &flow.Graph{Start: "q", Nodes: map[string]flow.Node{"q": {Type: flow.Enqueue, Queue: simQueue(queue)}}}
	if ask {
		g.Start = "a"
		g.Nodes["a"] = flow.Node{Type: flow.Ask, Text: map[string]string{"en": "What is it?"}, Into: "topic", Seconds: 15 + queue*10, Timeout: "q",
			Options: []flow.Option{{Value: "bill", Label: map[string]string{"en": "A bill"}, Next: "q"}}}
	}
	return g
}

func (s story) skills(agent, variant int) map[string]int {
	r := s.from(4, agent, variant)
	if r.IntN(4) == 0 {
		return map[string]int{}
	}
	return map[string]int{"ski_1": 1 + r.IntN(10)}
}

func (s story) capacity(agent int) map[string]int {
	r := s.from(5, agent)
	return map[string]int{"chat": 1 + r.IntN(3), "voice": 1, "email": 1 + r.IntN(2)}
}

// failure is what went wrong in a story.
type failure struct {
	story story
	turn  int // len(turns): at the end, when all is handled
	what  string
	log   []string
}

func (f *failure) String() string {
	return fmt.Sprintf("seed %d, turn %d of %d: %s\n%s", f.story.seed, f.turn, len(f.story.turns), f.what, strings.Join(f.log, "\n"))
}

// shrink leaves out turns while the story still fails.
func shrink(f *failure, play func(story) *failure) *failure {
	s, last := f.story, f
	try := func(turns []turn) bool {
		got := play(story{s.seed, turns, s.lies})
		if got != nil {
			s.turns, last = turns, got
		}
		return got != nil
	}
	if f.turn >= 0 && f.turn+1 < len(s.turns) {
		try(s.turns[:f.turn+1])
	}
	for size := max(len(s.turns)/2, 1); ; size = max(size/2, 1) {
		cut := false
		for at := 0; at < len(s.turns); {
			if try(append(append([]turn{}, s.turns[:at]...), s.turns[min(at+size, len(s.turns)):]...)) {
				cut = true
			} else {
				at += size
			}
		}
		if size == 1 && !cut {
			return last
		}
	}
}
