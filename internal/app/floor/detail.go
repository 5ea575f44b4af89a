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
	"nubitalk/internal/core/measure"
	"nubitalk/internal/store"
)

// AgentDetail is one agent as a supervisor looks at it.
type AgentDetail struct {
	Agent  AgentView      `json:"agent"`
	Skills map[string]int `json:"skills" doc:"Skill id to level, 1-10."`
	Queues []Membership   `json:"queues" doc:"All queues, by name."`
	Work   []Interaction  `json:"work" doc:"What it is offered, holds or wraps up, longest first."`
	Today  AgentToday     `json:"today"`
}

// Membership is why an agent serves a queue, or does not.
type Membership struct {
	Queue        string `json:"queue"`
	Name         string `json:"name"`
	Serves       bool   `json:"serves" doc:"It serves the queue, by whichever way."`
	Named        bool   `json:"named" doc:"The queue names it as a member."`
	Everyone     bool   `json:"everyone" doc:"The queue names nobody and has no rule, so every agent serves it."`
	Rule         string `json:"rule,omitempty" doc:"The queue's rule, which holds for the agent."`
	StepSeconds  int    `json:"step_seconds,omitempty" doc:"It is no member but joins for contacts that wait so long."`
	StepRule     string `json:"step_rule,omitempty" doc:"That step's rule, if it is why."`
	ChangesServe bool   `json:"changes_serving" doc:"Naming it, or no longer, changes whether it serves the queue."`
	MayChange    bool   `json:"may_change" doc:"You may name it, or no longer: your role is given for the queue."`
}

// AgentToday are an agent's figures of today, by the definitions of core/measure.
type AgentToday struct {
	Answered  int64         `json:"answered" doc:"Measure answered."`
	Handled   int64         `json:"handled"`
	Handle    int64         `json:"handle_ms" doc:"Talk, hold and wrap-up of handled contacts; measure aht is this by handled."`
	Missed    int64         `json:"missed" doc:"Measure offers_missed."`
	Declined  int64         `json:"declined" doc:"Measure offers_declined."`
	Busy      int64         `json:"busy_ms" doc:"With a contact or in wrap-up."`
	Ready     int64         `json:"ready_ms" doc:"Ready, with nothing in hand."`
	NotReady  int64         `json:"not_ready_ms"`
	Occupancy measure.Ratio `json:"occupancy" doc:"Measure occupancy."`
}

// QueueDetail is one queue with all its open work.
type QueueDetail struct {
	Queue   QueueView     `json:"queue"`
	Waiting []Interaction `json:"waiting" doc:"In the order in which it is served; at most 200."`
	Running []Interaction `json:"running" doc:"Offered, with an agent or in wrap-up, longest first."`
}

// maxWaiting is how many who wait are listed of one queue.
const maxWaiting = 200

// Agent is one agent with its skills, queues, work and figures.
func (m *Manager) Agent(ctx context.Context, a access.Actor, user string) (AgentDetail, error) {
	var out AgentDetail
	var day measure.Day
	var now time.Time
	err := m.do(ctx, a.Tenant, func(f *floor, at time.Time) error {
		p := f.people[user]
		if !p.agent || !f.mayAgent(a, access.FloorWatch, user) {
			return errs.New(errs.NotFound, "There is no such agent.")
		}
		day, now = f.day, at
		out = AgentDetail{Agent: f.agentView(user), Skills: map[string]int{}, Queues: f.memberships(a, user)}
		for skill, level := range p.who.Skills {
			out.Skills[skill] = level
		}
		out.Work = f.inHand(a, []string{user}, "")
		return nil
	})
	if err != nil {
		return AgentDetail{}, err
	}
	return out, m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		out.Today, err = agentToday(tx, day, user, now)
		return err
	})
}

func (f *floor) memberships(a access.Actor, user string) []Membership {
	out := []Membership{}
	for _, q := range sortedKeys(f.plan.Queues) {
		def := f.plan.Queues[q]
		b := def.Belongs(f.people[user].who)
		m := Membership{Queue: q, Name: def.Name, Serves: slices.Contains(f.served[q], user), Named: b.Named, Everyone: b.Everyone, Rule: b.Rule, StepRule: b.StepRule,
			ChangesServe: !b.Everyone && b.Rule == "", MayChange: f.mayQueue(a, access.FloorManage, q)}
		if b.Step > 0 {
			m.StepSeconds = def.Steps[b.Step-1].AfterSeconds
		}
		out = append(out, m)
	}
	order.Stable(out, func(a, b Membership) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// inHand lists what agents have in hand, of one queue or of all (""), as far as the
// actor may know of it.
func (f *floor) inHand(a access.Actor, agents []string, queue string) []Interaction {
	out := []Interaction{}
	for _, u := range agents {
		for _, id := range f.engine.Held(u) {
			if it := f.items[id]; it != nil && (queue == "" || it.Queue == queue) && f.may(a, access.FloorWatch, it) {
				out = append(out, f.seenBy(a, it))
			}
		}
	}
	order.By(out, func(a, b Interaction) int {
		return cmp.Or(cmp.Or(a.AnsweredAt, a.QueuedAt).Compare(cmp.Or(b.AnsweredAt, b.QueuedAt)), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// agentToday counts an agent's day from what is stored.
func agentToday(tx *store.Tx, day measure.Day, user string, now time.Time) (AgentToday, error) {
	var out AgentToday
	work, err := tx.WorkOfAgent(user, day.From, day.Until)
	if err != nil {
		return out, err
	}
	states, err := tx.DaysOfAgent(user, day.From, day.Until)
	if err != nil {
		return out, err
	}
	outcomes, err := tx.OutcomesOfAgent(user, day.From, day.Until)
	if err != nil {
		return out, err
	}
	var handling measure.Handling
	for _, w := range work {
		if _, today := day.Slot(w.StartedAt); today {
			out.Answered++
		}
		if _, today := day.Slot(w.EndedAt); today {
			handling.Add(measure.Held(w.StartedAt, w.WrapFrom, w.EndedAt))
		}
	}
	out.Handled, out.Handle = handling.Handled, handling.Time().Milliseconds()
	out.Missed, out.Declined = outcomes[string(acd.Expired)], outcomes[string(acd.Declined)]
	var p measure.Presence
	signedIn, busy := stretches(states, work)
	for _, slot := range day.Presence(signedIn, busy, now) {
		p.Add(slot)
	}
	out.Busy, out.Ready, out.NotReady, out.Occupancy = p.Busy.Milliseconds(), p.Idle.Milliseconds(), p.NotReady.Milliseconds(), measure.Occupancy(p)
	return out, nil
}

// Queue is one queue with what waits in it and who handles the rest.
func (m *Manager) Queue(ctx context.Context, a access.Actor, queue string) (QueueDetail, error) {
	var out QueueDetail
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		if !f.knows(queue) || !f.mayQueue(a, access.FloorWatch, queue) {
			return errs.New(errs.NotFound, "There is no such queue.")
		}
		out = QueueDetail{Queue: f.queueView(queue, now), Waiting: []Interaction{}}
		for _, w := range f.engine.Waiting(queue) {
			if it := f.items[w]; it != nil && len(out.Waiting) < maxWaiting {
				out.Waiting = append(out.Waiting, f.seenBy(a, it))
			}
		}
		out.Running = f.inHand(a, slices.Collect(maps.Keys(f.people)), queue)
		return nil
	})
	return out, err
}
