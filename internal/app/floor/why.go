package floor

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

const (
	whyNearest = 20  // agents named one by one
	whyWaiting = 50  // works that an agent's answer goes through
	whyNobody  = 100 // how far an agent is who was never to have the work
)

// Why says why an interaction waits, from the engine itself.
type Why struct {
	Interaction string    `json:"interaction"`
	State       string    `json:"state" enum:"arriving,in_flow,queued,offered,active,held,wrapping"`
	Queue       string    `json:"queue,omitempty"`
	User        string    `json:"user,omitempty" doc:"Who holds it or is offered it."`
	Only        bool      `json:"only,omitempty" doc:"It waits for one agent alone."`
	Position    int       `json:"position" doc:"1 is next; 0 if not waiting."`
	Estimate    int       `json:"estimate_seconds" doc:"-1 if unknown."`
	Step        int       `json:"step" doc:"How many steps of loosening are in force."`
	NextStep    time.Time `json:"next_step,omitzero" doc:"When the next one begins."`
	Overflow    time.Time `json:"overflow,omitzero" doc:"When a rule for long waits sends it on."`
	Needs       []WhyNeed `json:"needs" doc:"Skills asked for now."`
	// NextNeeds are those asked for once the next step begins.
	NextNeeds []acd.SkillNeed `json:"next_needs" doc:"Skills asked for once the next step begins."`
	Agents    int             `json:"agents" doc:"How many were considered."`
	AtWork    int             `json:"at_work" doc:"Of these, ready with an open desk, with room or without."`
	Groups    []WhyGroup      `json:"groups" doc:"All considered agents, each counted once by its greatest obstacle; the nearest first."`
	Nearest   []WhyCandidate  `json:"nearest" doc:"Those whom least keeps from it, at most 20."`
}

// WhyNeed is a skill asked for, with how many of the considered agents have it.
type WhyNeed struct {
	Skill  string `json:"skill"`
	Level  int    `json:"level"`
	Have   int    `json:"have" doc:"Considered agents who have it at this level."`
	AtWork int    `json:"at_work" doc:"Of these, at work."`
}

// WhyGroup counts agents whom the same thing keeps from the work.
type WhyGroup struct {
	Exclusion acd.Exclusion `json:"exclusion,omitempty" doc:"Absent: nothing keeps them from it."`
	Skill     string        `json:"skill,omitempty"`
	Needs     int           `json:"needs,omitempty" doc:"The level asked for, with missing_skill."`
	Count     int           `json:"count"`
}

// WhyCandidate is an agent with all that keeps it from the work.
type WhyCandidate struct {
	User     string       `json:"user"`
	UserName string       `json:"user_name"`
	Presence acd.Presence `json:"presence" enum:"offline,ready,not_ready,missed"`
	Reason   string       `json:"reason,omitempty" doc:"Id of the reason, with not_ready."`
	Reasons  []WhyReason  `json:"reasons" doc:"Empty: nothing; it is matched in this moment."`
}

// WhyReason is one thing that keeps an agent and a work apart, with its figures.
type WhyReason acd.Reason

func whyReasons(list []acd.Reason) []WhyReason {
	out := make([]WhyReason, len(list))
	for i, r := range list {
		out[i] = WhyReason(r)
	}
	return out
}

// WhyUser says what keeps an agent from the work that waits.
type WhyUser struct {
	Agent   AgentView   `json:"agent"`
	Queues  []string    `json:"queues" doc:"Queues that it serves, by id."`
	Reasons []WhyReason `json:"reasons" doc:"What keeps it from every work that waits for it."`
	Waiting []WhyWork   `json:"waiting" doc:"Waiting work of its queues, in order, at most 50."`
	Left    int         `json:"left" doc:"How many more wait."`
}

// WhyWork is a waiting interaction with all that keeps the agent from it.
type WhyWork struct {
	Interaction string      `json:"interaction"`
	Name        string      `json:"name" doc:"Empty for who may not read conversations."`
	Queue       string      `json:"queue"`
	QueuedAt    time.Time   `json:"queued_at,omitzero"`
	Reasons     []WhyReason `json:"reasons" doc:"Empty: nothing; another agent or another work comes first."`
}

// Why explains who could take an open interaction and what keeps each agent from
// it.
func (m *Manager) Why(ctx context.Context, a access.Actor, interaction string) (Why, error) {
	var out Why
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		it := f.items[interaction]
		if it == nil || !f.may(a, access.FloorWatch, it) {
			return errs.New(errs.NotFound, "This interaction is closed, or does not exist.")
		}
		out = f.why(a, it, now)
		return nil
	})
	return out, err
}

func (f *floor) why(a access.Actor, it *item, now time.Time) Why {
	w, _ := f.engine.Why(it.ID) // false: a flow still holds it, which its state says
	out := Why{Interaction: it.ID, State: it.State, Queue: it.Queue, User: w.Agent, Position: w.Position, Step: w.Step, NextStep: w.NextStep, Overflow: w.Overflow,
		Agents: len(w.Candidates), Needs: []WhyNeed{}, NextNeeds: []acd.SkillNeed{}, Groups: []WhyGroup{}, Nearest: []WhyCandidate{}}
	_, out.Estimate = f.waitOf(it, now)
	out.Only = slices.ContainsFunc(w.Reasons, func(r acd.Reason) bool { return r.Exclusion == acd.OnlyAnother })
	out.NextNeeds = append(out.NextNeeds, w.NextNeeds...)
	for _, n := range w.Needs {
		out.Needs = append(out.Needs, WhyNeed{Skill: n.Skill, Level: n.Level})
	}
	for _, c := range w.Candidates {
		info, _ := f.engine.Agent(c.Agent)
		atWork := info.Presence == acd.Ready && info.Browsers > 0
		if atWork {
			out.AtWork++
		}
		for i, n := range out.Needs {
			if f.people[c.Agent].who.Skills[n.Skill] >= n.Level {
				out.Needs[i].Have++
				if atWork {
					out.Needs[i].AtWork++
				}
			}
		}
	}
	out.Groups = grouped(w.Candidates)
	order.By(w.Candidates, func(a, b acd.Candidate) int {
		return cmp.Or(cmp.Compare(distance(a.Reasons), distance(b.Reasons)), cmp.Compare(f.people[a.Agent].name, f.people[b.Agent].name), cmp.Compare(a.Agent, b.Agent))
	})
	for _, c := range w.Candidates {
		if len(out.Nearest) == whyNearest {
			break
		}
		if !f.mayAgent(a, access.FloorWatch, c.Agent) { // it counts, but has no name here
			continue
		}
		v := f.agentView(c.Agent)
		out.Nearest = append(out.Nearest, WhyCandidate{User: v.User, UserName: v.UserName, Presence: v.Presence, Reason: v.Reason, Reasons: whyReasons(c.Reasons)})
	}
	return out
}

// grouped counts each candidate once, by its greatest obstacle.
func grouped(all []acd.Candidate) []WhyGroup {
	counts := map[WhyGroup]int{}
	far := map[WhyGroup]int{}
	for _, c := range all {
		var g WhyGroup
		greatest := 0
		for _, r := range c.Reasons {
			if d := obstacle(r); d > greatest {
				greatest, g = d, WhyGroup{Exclusion: r.Exclusion, Skill: r.Skill}
				if r.Exclusion == acd.MissingSkill {
					g.Needs = r.Needs
				}
			}
		}
		counts[g]++
		far[g] = max(far[g], greatest)
	}
	out := slices.Collect(maps.Keys(counts))
	order.By(out, func(a, b WhyGroup) int {
		return cmp.Or(cmp.Compare(far[a], far[b]), cmp.Compare(counts[b], counts[a]), cmp.Compare(a.Exclusion, b.Exclusion), cmp.Compare(a.Skill, b.Skill))
	})
	for i, g := range out {
		out[i].Count = counts[g]
	}
	return out
}

// distance says how far an agent is from having the work: 0 is not at all.
func distance(reasons []acd.Reason) int {
	d := 0
	for _, r := range reasons {
		d += obstacle(r)
	}
	return d
}

// obstacle weighs one obstacle by what it takes to be gone: time, an agent's choice,
// somebody coming to work, another set-up.
func obstacle(r acd.Reason) int {
	switch r.Exclusion {
	case acd.AtCapacity, acd.Refused, acd.KeptFor, acd.Excluded:
		return 1
	case acd.IsMissed, acd.NoBrowser:
		return 3
	case acd.IsNotReady:
		return 4
	case acd.MissingSkill:
		return 5 + r.Needs - r.Has
	case acd.IsOffline:
		return 20
	}
	return whyNobody
}

// WhyAgent explains what keeps an agent from the work that waits.
func (m *Manager) WhyAgent(ctx context.Context, a access.Actor, user string) (WhyUser, error) {
	var out WhyUser
	err := m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		if !f.people[user].agent || !f.mayAgent(a, access.FloorWatch, user) {
			return errs.New(errs.NotFound, "There is no such agent.")
		}
		why, _ := f.engine.WhyAgent(user, whyWaiting)
		out = WhyUser{Agent: f.agentView(user), Queues: append([]string{}, f.serves[user]...), Reasons: []WhyReason{}, Waiting: []WhyWork{}, Left: why.Left}
		for i, c := range why.Candidates {
			if i == 0 {
				out.Reasons = whyReasons(c.Reasons)
			}
			out.Reasons = slices.DeleteFunc(out.Reasons, func(r WhyReason) bool { return !slices.Contains(c.Reasons, acd.Reason(r)) })
			if it := f.items[c.Work]; it != nil && f.may(a, access.FloorWatch, it) {
				w := WhyWork{Interaction: it.ID, Name: f.seenBy(a, it).Name, Queue: it.Queue, QueuedAt: it.QueuedAt, Reasons: whyReasons(c.Reasons)}
				out.Waiting = append(out.Waiting, w)
			}
		}
		return nil
	})
	return out, err
}
