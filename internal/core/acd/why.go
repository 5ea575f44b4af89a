package acd

import (
	"slices"
	"strings"
	"time"
)

// Exclusion is one thing that keeps a work and an agent apart.
type Exclusion string

const (
	NotMember     Exclusion = "not_member"    // the agent does not serve the queue
	MissingSkill  Exclusion = "missing_skill" // Skill, Has, Needs
	OnlyAnother   Exclusion = "only_another"  // the work waits for one other agent
	NoChannel     Exclusion = "no_channel"    // the agent never takes this channel
	IsOffline     Exclusion = "offline"
	IsNotReady    Exclusion = "not_ready"
	IsMissed      Exclusion = "missed"      // let too many offers pass
	NoBrowser     Exclusion = "no_browser"  // ready, but no desk is open
	AtCapacity    Exclusion = "at_capacity" // Has of Needs places are taken
	Excluded      Exclusion = "excluded"    // holds work of a channel that excludes this one (Channel)
	KeptFor       Exclusion = "kept_for"    // kept for the preferred agent until Until
	Refused       Exclusion = "refused"     // declined or missed it; kept for others, or until Until
	NobodyToServe Exclusion = "no_members"  // the queue has no agents at all
)

// Reason is an exclusion with its figures.
type Reason struct {
	Exclusion Exclusion `json:"exclusion" enum:"not_member,missing_skill,only_another,no_channel,offline,not_ready,missed,no_browser,at_capacity,excluded,kept_for,refused,no_members"`
	Skill     string    `json:"skill,omitempty" doc:"With missing_skill."`
	Channel   Channel   `json:"channel,omitempty" doc:"With excluded: of what is held."`
	Has       int       `json:"has,omitempty" doc:"The agent's level of the skill (absent: none), or places taken."`
	Needs     int       `json:"needs,omitempty" doc:"The level asked for, or all places."`
	Until     time.Time `json:"until,omitzero"`
}

// Candidate is one agent for a work, or one work for an agent, and everything
// that excludes it; no reasons means that it could be matched.
type Candidate struct {
	Agent   string   `json:"agent"`
	Work    string   `json:"work"`
	Reasons []Reason `json:"reasons,omitempty"`
}

// WorkWhy explains a work's state from the engine itself.
type WorkWhy struct {
	State    State  `json:"state"`
	Queue    string `json:"queue"`
	Agent    string `json:"agent,omitempty"` // who holds it or is offered it
	Position int    `json:"position"`
	// Step is how many steps of loosening are in force; NextStep is when the next
	// begins, Overflow when the first rule for a long wait sends the work on.
	Step       int         `json:"step,omitempty"`
	Needs      []SkillNeed `json:"needs,omitempty"`      // asked for now, after the steps in force
	NextNeeds  []SkillNeed `json:"next_needs,omitempty"` // asked for once the next step begins
	NextStep   time.Time   `json:"next_step,omitzero"`
	Overflow   time.Time   `json:"overflow,omitzero"`
	Candidates []Candidate `json:"candidates"` // by agent id
	// Reasons hold for the work as a whole.
	Reasons []Reason `json:"reasons,omitempty"`
}

// AgentWhy explains what an agent could take and what keeps it from the rest.
type AgentWhy struct {
	Agent      string      `json:"agent"`
	Candidates []Candidate `json:"candidates"` // waiting work of the agent's queues, in order
	Left       int         `json:"left"`       // waiting work beyond the limit
}

// Why explains who could take a work and what excludes each; false if the work
// is not known. Considered are the queue's agents, or the one agent it waits for.
func (e *Engine) Why(id string) (WorkWhy, bool) {
	w := e.works.get(id)
	if w == nil {
		return WorkWhy{}, false
	}
	why := WorkWhy{State: w.state.public(), Queue: w.q.id, Position: e.Position(id)}
	if w.agent != nil {
		why.Agent = w.agent.id
	}
	if w.state != queued {
		return why, true
	}
	agents := w.q.everybody()
	e.foresee(w, &why)
	if w.only != nil {
		agents = []*agent{w.only}
		why.Reasons = append(why.Reasons, Reason{Exclusion: OnlyAnother})
	}
	for _, a := range agents {
		if a.known {
			why.Candidates = append(why.Candidates, Candidate{Agent: a.id, Work: w.id, Reasons: e.reasons(w, a)})
		}
	}
	slices.SortFunc(why.Candidates, func(a, b Candidate) int { return strings.Compare(a.Agent, b.Agent) })
	if len(why.Candidates) == 0 {
		why.Reasons = append(why.Reasons, Reason{Exclusion: NobodyToServe})
	}
	return why, true
}

// Others explains, for work that was offered in the last Step, what kept every
// other agent of its queue from it, and how many steps were in force. One without
// a reason could have had it and was not the choice.
func (e *Engine) Others(id string) (step int, others []Candidate) {
	w := e.works.get(id)
	if w == nil {
		return 0, nil
	}
	for _, a := range w.q.everybody() {
		if a.known && a != w.agent {
			others = append(others, Candidate{Agent: a.id, Work: w.id, Reasons: e.reasons(w, a)})
		}
	}
	slices.SortFunc(others, func(a, b Candidate) int { return strings.Compare(a.Agent, b.Agent) })
	return int(e.level(w)), others
}

// everybody who serves the queue now or from a step on.
func (q *queue) everybody() []*agent {
	agents := slices.Clone(q.members)
	for _, h := range q.helpers {
		agents = append(agents, h.a)
	}
	return agents
}

// foresee says what the passing of time will change.
func (e *Engine) foresee(w *work, why *WorkWhy) {
	if w.only == nil {
		level := e.level(w)
		why.Step, why.Needs = int(level), e.asked(w, level)
		if int(level) < len(w.q.cfg.Steps) {
			why.NextNeeds = e.asked(w, level+1)
			why.NextStep = fromMicros(w.entered + w.q.cfg.Steps[level].After.Microseconds())
		}
	}
	for _, r := range w.q.cfg.Overflow {
		if at := fromMicros(w.entered + r.After.Microseconds()); r.When == OnWait && r.After > 0 && (r.ToQueue != "" || !w.promised) && (why.Overflow.IsZero() || at.Before(why.Overflow)) {
			why.Overflow = at
		}
	}
}

// asked are the skills that work needs once so many steps are in force: the
// queue's and its own.
func (e *Engine) asked(w *work, level int8) []SkillNeed {
	return canonical(eased(slices.Clone(w.q.needs(level)), w.needs, w.q.ease(level)))
}

// WhyAgent explains, for at most limit waiting works of the agent's queues and
// those that wait for this agent only, what keeps the agent from each.
func (e *Engine) WhyAgent(id string, limit int) (AgentWhy, bool) {
	a := e.agent(id)
	if a == nil {
		return AgentWhy{}, false
	}
	why := AgentWhy{Agent: id}
	var works []*work
	queues := append(slices.Clone(a.queues), a.helps...)
	for _, q := range queues {
		works = append(works, q.inOrder(limit)...)
		why.Left += max(q.waiting-limit, 0)
	}
	for _, c := range a.reserved() { // of queues that the agent does not serve
		if !slices.Contains(queues, c.q) {
			c.line.each(func(w *work) bool { works = append(works, w); return true })
		}
	}
	sortWorks(works)
	if len(works) > limit {
		why.Left += len(works) - limit
		works = works[:limit]
	}
	for _, w := range works {
		why.Candidates = append(why.Candidates, Candidate{Agent: id, Work: w.id, Reasons: e.reasons(w, a)})
	}
	return why, true
}

// reasons lists all that keeps a waiting work from an agent.
func (e *Engine) reasons(w *work, a *agent) []Reason {
	var r []Reason
	if w.only != nil {
		if w.only != a {
			r = append(r, Reason{Exclusion: OnlyAnother})
		}
	} else {
		level := e.level(w)
		if !w.q.serves(a, level) {
			r = append(r, Reason{Exclusion: NotMember})
		}
		if w.kept && w.preferred != a.id {
			r = append(r, Reason{Exclusion: KeptFor, Until: fromMicros(w.entered + w.q.cfg.Affinity.Microseconds())})
		}
		for _, n := range e.asked(w, level) {
			if has := a.skills[n.Skill]; has < n.Level {
				r = append(r, Reason{Exclusion: MissingSkill, Skill: n.Skill, Has: has, Needs: n.Level})
			}
		}
	}
	switch a.presence {
	case Offline:
		r = append(r, Reason{Exclusion: IsOffline})
	case NotReady:
		r = append(r, Reason{Exclusion: IsNotReady})
	case Missed:
		r = append(r, Reason{Exclusion: IsMissed})
	default:
		if a.browsers == 0 {
			r = append(r, Reason{Exclusion: NoBrowser})
		}
	}
	switch {
	case a.capacity[w.ch] == 0:
		r = append(r, Reason{Exclusion: NoChannel})
	case a.taken(w.ch) >= int32(a.capacity[w.ch]):
		r = append(r, Reason{Exclusion: AtCapacity, Has: int(a.taken(w.ch)), Needs: int(a.capacity[w.ch])})
	}
	for held := range int8(channels) {
		if a.taken(held) > 0 && e.blend[held]>>w.ch&1 != 0 {
			r = append(r, Reason{Exclusion: Excluded, Channel: channelName(int8(held))})
		}
	}
	if e.excluded(w, a) {
		i := slices.IndexFunc(w.refused, func(f refusal) bool { return f.a == a })
		reason := Reason{Exclusion: Refused}
		if !e.others(w) {
			reason.Until = fromMicros(w.refused[i].until)
		}
		r = append(r, reason)
	}
	return r
}
