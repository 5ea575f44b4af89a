package setup

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Most made-up works and others named with a moment of a try.
const (
	tryWorks  = 20
	tryOthers = 50
	tryHolds  = 20
)

// Try is a queue as edited, with what is to be tried on it. Nothing of it is
// stored, and the tenant's floor does not hear of it.
type Try struct {
	ID     string     `json:"id,omitempty" maxLength:"64" doc:"The queue's id, if it is stored already."`
	Queue  core.Queue `json:"queue"`
	Open   string     `json:"open,omitempty" enum:"now,open,closed" default:"now" doc:"Whether its hours are open: as they are now, or as if."`
	Agents []TryAgent `json:"agents,omitempty" maxItems:"200" doc:"Those who are at work; the others are offline. Missing: every agent is ready and free."`
	Works  []TryWork  `json:"works" minItems:"1" maxItems:"20"`
}

// TryAgent is a user as if.
type TryAgent struct {
	User        string              `json:"user" maxLength:"64"`
	Presence    acd.Presence        `json:"presence,omitempty" enum:"ready,not_ready,missed,offline" default:"ready"`
	IdleSeconds int                 `json:"idle_seconds,omitempty" minimum:"0" maximum:"86400"`
	Skills      map[string]int      `json:"skills,omitempty" doc:"Skill id to level; missing: the user's own."`
	Holding     map[acd.Channel]int `json:"holding,omitempty" doc:"How many works of each channel the agent has."`
}

// TryWork is a made-up interaction.
type TryWork struct {
	Channel       acd.Channel     `json:"channel" enum:"voice,chat,email,social"`
	Skills        []acd.SkillNeed `json:"skills,omitempty" maxItems:"20" doc:"Needed beside the queue's own."`
	Prefers       []acd.SkillNeed `json:"prefers,omitempty" maxItems:"20"`
	Priority      int             `json:"priority,omitempty" minimum:"0" maximum:"10" doc:"Added to the queue's."`
	WaitedSeconds int             `json:"waited_seconds,omitempty" minimum:"0" maximum:"86400"`
	LastAgent     string          `json:"last_agent,omitempty" maxLength:"64" doc:"User id of who had the person last."`
}

// Tried is what would happen to one made-up interaction.
type Tried struct {
	Moments []TriedMoment `json:"moments" doc:"In order. After the last one nothing changes by itself."`
}

// TriedMoment is one thing that would happen.
type TriedMoment struct {
	AfterSeconds float64         `json:"after_seconds" doc:"Since the try begins."`
	Event        core.TrialEvent `json:"event" enum:"waits,step,moves,offered,ends" doc:"waits: nobody can have it yet. step: a step of loosening begins. moves: it goes on to queue. offered: user gets it. ends: a rule ends it."`
	Queue        string          `json:"queue,omitempty"`
	User         string          `json:"user,omitempty"`
	Step         int             `json:"step" doc:"Steps of loosening in force."`
	Others       []TriedOther    `json:"others" doc:"Agents of the queue who did not get it, those whom least keeps from it first; at most 50."`
	Left         int             `json:"left" doc:"How many more there are."`
}

// TriedOther is one who did not get it.
type TriedOther struct {
	User    string        `json:"user"`
	Reasons []TriedReason `json:"reasons" doc:"Empty: able, but not the choice."`
}

// TriedReason is one thing that keeps an agent from a work.
type TriedReason struct {
	Exclusion acd.Exclusion `json:"exclusion"`
	Skill     string        `json:"skill,omitempty"`
	Channel   acd.Channel   `json:"channel,omitempty"`
	Has       int           `json:"has,omitempty"`
	Needs     int           `json:"needs,omitempty"`
}

// Try answers what the routing engine would do with made-up work in a queue as
// edited. A queue that could not be saved is refused with the same faults, at
// "queue.…".
func (s *Service) Try(ctx context.Context, a access.Actor, in Try) ([]Tried, error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return nil, err
	}
	in.Queue = core.Clean(in.Queue)
	if in.Queue.Name == "" {
		in.Queue.Name = "…" // it may be tried before it has one
	}
	now := s.Clock.Now()
	var trial core.Trial
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		st, err := s.load(tx)
		if err != nil {
			return err
		}
		users, err := tx.Users()
		if err != nil {
			return err
		}
		in.Queue = in.Queue.Settle(refs{st, core.KindQueue, in.ID})
		if err := in.check(st); err != nil {
			return err
		}
		trial = in.trial(st, users, now)
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := []Tried{}
	for _, moments := range trial.Run(now) {
		out = append(out, tried(moments))
	}
	return out, nil
}

// check tells what of a try cannot be, each by its path.
func (in Try) check(st *state) error {
	var faults errs.Fields
	if _, stored := st.objects[core.KindQueue][in.ID]; in.ID != "" && !stored {
		faults.Add("id", "names a queue that does not exist or is archived.")
	}
	if err := in.Queue.Validate(refs{st, core.KindQueue, in.ID}); err != nil {
		e := errs.As(err)
		if len(e.Fields) == 0 {
			return err
		}
		for _, f := range e.Fields {
			faults.Add("queue."+f.Path, "%s", f.Problem)
		}
	}
	if len(in.Works) == 0 || len(in.Works) > tryWorks {
		faults.Add("works", "has %d entries; 1 to %d are accepted.", len(in.Works), tryWorks)
	}
	skill := func(path, id string) {
		if _, ok := st.objects[core.KindSkill][id]; !ok {
			faults.Add(path, "names a skill that does not exist or is archived.")
		}
	}
	user := func(path, id string) {
		if !st.users[id] {
			faults.Add(path, "names a user that does not exist.")
		}
	}
	seen := map[string]bool{}
	for i, agent := range in.Agents {
		path := fmt.Sprintf("agents[%d]", i)
		user(path+".user", agent.User)
		if seen[agent.User] {
			faults.Add(path+".user", "is listed twice.")
		}
		seen[agent.User] = true
		for id, level := range agent.Skills {
			skill(path+".skills", id)
			if level < 0 || level > 10 {
				faults.Add(path+".skills", "has a level of %d; 0 to 10 are accepted.", level)
			}
		}
		for ch, n := range agent.Holding {
			if !slices.Contains(core.Channels, ch) || n < 0 || n > tryHolds {
				faults.Add(path+".holding", "takes voice, chat, email and social, 0 to %d of each.", tryHolds)
			}
		}
	}
	for i, w := range in.Works {
		path := fmt.Sprintf("works[%d]", i)
		for j, n := range w.Skills {
			skill(fmt.Sprintf("%s.skills[%d].skill", path, j), n.Skill)
		}
		for j, n := range w.Prefers {
			skill(fmt.Sprintf("%s.prefers[%d].skill", path, j), n.Skill)
		}
		if w.LastAgent != "" {
			user(path+".last_agent", w.LastAgent)
		}
		if c := in.Queue.Channels; len(c) > 0 && !slices.Contains(c, w.Channel) {
			faults.Add(path+".channel", "does not come into this queue.")
		}
	}
	return faults.Err()
}

// triedQueue stands for a queue that is not stored yet.
const triedQueue = "queue"

// trial makes the engine's view of it: the queue as edited among the others.
func (in Try) trial(st *state, users []store.UserRow, now time.Time) core.Trial {
	id := in.ID
	if id == "" {
		id = triedQueue
	}
	st.put(id, in.Queue)
	rules := core.DefaultRules()
	for _, o := range st.objects[core.KindRules] {
		rules = o.(core.Rules)
	}
	t := core.Trial{Queue: id, Blend: core.Clean(rules).BlendRule()}
	for other, q := range typed[core.Queue](st) {
		r := q.Routing(other, q.Serving(st.agents), st.agents)
		if h, ok := st.objects[core.KindHours][q.Hours].(core.Hours); ok {
			r.Closed = !core.IsOpen(h, now)
		}
		if other == id && q.Hours != "" && in.Open != "" && in.Open != "now" {
			r.Closed = in.Open == "closed"
		}
		t.Queues = append(t.Queues, r)
	}
	order.By(t.Queues, func(a, b acd.Queue) int { return strings.Compare(a.ID, b.ID) })
	for _, u := range users {
		if u.Status == "active" && u.UsesDesk() {
			t.Agents = append(t.Agents, in.agent(u, rules.ChatCapacity))
		}
	}
	order.By(t.Agents, func(a, b core.TrialAgent) int { return strings.Compare(a.ID, b.ID) })
	for _, w := range in.Works {
		t.Works = append(t.Works, core.TrialWork{Channel: w.Channel, Needs: w.Skills, Wants: w.Prefers, Priority: w.Priority,
			Waited: time.Duration(w.WaitedSeconds) * time.Second, LastAgent: w.LastAgent})
	}
	return t
}

// agent is a user as the try says, else ready and free if it names nobody, else
// offline.
func (in Try) agent(u store.UserRow, chats int) core.TrialAgent {
	out := core.TrialAgent{Agent: acd.Agent{ID: u.ID, Skills: u.Skills, Capacity: map[acd.Channel]int{acd.Chat: chats, acd.Voice: 1, acd.Email: 1}}, Presence: acd.Offline}
	for ch, n := range u.Capacity {
		if n > 0 {
			out.Capacity[acd.Channel(ch)] = n
		}
	}
	if len(in.Agents) == 0 {
		out.Presence = acd.Ready
	}
	if i := slices.IndexFunc(in.Agents, func(a TryAgent) bool { return a.User == u.ID }); i >= 0 {
		said := in.Agents[i]
		out.Presence, out.Idle = said.Presence, time.Duration(said.IdleSeconds)*time.Second
		if out.Presence == "" {
			out.Presence = acd.Ready
		}
		if said.Skills != nil {
			out.Skills = said.Skills
		}
		if out.Presence != acd.Offline {
			out.Holds = said.Holding
		}
	}
	return out
}

func tried(moments []core.TrialMoment) Tried {
	out := Tried{Moments: []TriedMoment{}}
	for _, m := range moments {
		order.Stable(m.Candidates, func(a, b acd.Candidate) int { return len(a.Reasons) - len(b.Reasons) })
		said := TriedMoment{AfterSeconds: m.After.Seconds(), Event: m.Event, Queue: m.Queue, User: m.Agent, Step: m.Step, Others: []TriedOther{}}
		if said.Queue == triedQueue {
			said.Queue = ""
		}
		for _, c := range m.Candidates[:min(len(m.Candidates), tryOthers)] {
			other := TriedOther{User: c.Agent, Reasons: []TriedReason{}}
			for _, r := range c.Reasons {
				other.Reasons = append(other.Reasons, TriedReason{r.Exclusion, r.Skill, r.Channel, r.Has, r.Needs})
			}
			said.Others = append(said.Others, other)
		}
		said.Left = len(m.Candidates) - len(said.Others)
		out.Moments = append(out.Moments, said)
	}
	return out
}
