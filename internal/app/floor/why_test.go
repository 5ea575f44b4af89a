package floor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// german makes the queue ask for German at level 5, and for level 3 after 20 s;
// a7 has level 4, b2 none, c9 level 8.
func (h *house) german(t id.Tenant) {
	h.t.Helper()
	q := h.plans.of(t).Queues[queueID]
	q.Needs = []acd.SkillNeed{{Skill: "ski_de", Level: 5}}
	q.Steps = []setup.Step{{AfterSeconds: 20, Ease: 2}}
	h.plans.change(t, func(p *floor.Plan) { p.Queues[queueID] = q })
	err := h.db.Write(h.t.Context(), t, func(tx *store.Tx) error {
		for i, level := range []int{4, 0, 8} {
			u, err := tx.User(agent(i))
			if err != nil {
				return err
			}
			if u.Skills = map[string]int{"ski_de": level}; level == 0 {
				u.Skills = nil
			}
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = h.floor.Reload(h.t.Context(), t)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestWhyAnInteractionWaits(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.german(a)
		h.ready(a, 0)
		h.ready(a, 1)
		h.ready(b, 2) // another tenant's agents are nobody's concern
		v := h.queue(a, "Maria")
		got, err := h.floor.Why(ctx, supervisor(a), v.Interaction)
		if err != nil {
			t.Fatal(err)
		}
		now := h.clock.Now()
		want := floor.Why{Interaction: v.Interaction, State: "queued", Queue: queueID, Position: 1, Estimate: -1, NextStep: now.Add(20 * time.Second),
			Needs: []floor.WhyNeed{{Skill: "ski_de", Level: 5, Have: 1, AtWork: 0}}, NextNeeds: []acd.SkillNeed{{Skill: "ski_de", Level: 3}}, Agents: 3, AtWork: 2,
			Groups: []floor.WhyGroup{{Exclusion: acd.MissingSkill, Skill: "ski_de", Needs: 5, Count: 2}, {Exclusion: acd.IsOffline, Count: 1}},
			Nearest: []floor.WhyCandidate{
				{User: agent(0), UserName: "a7", Presence: acd.Ready, Reasons: []floor.WhyReason{{Exclusion: acd.MissingSkill, Skill: "ski_de", Has: 4, Needs: 5}}},
				{User: agent(1), UserName: "b2", Presence: acd.Ready, Reasons: []floor.WhyReason{{Exclusion: acd.MissingSkill, Skill: "ski_de", Needs: 5}}},
				{User: agent(2), UserName: "c9", Presence: acd.Offline, Reasons: []floor.WhyReason{{Exclusion: acd.IsOffline}}},
			}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		// What it said comes true: after the step a7 is offered it.
		h.clock.Advance(20 * time.Second)
		if offers := h.desk(a, 0).Offers; len(offers) != 1 {
			t.Fatalf("offers after the step: %+v", offers)
		}
		if got, err = h.floor.Why(ctx, supervisor(a), v.Interaction); err != nil || got.State != "offered" || got.User != agent(0) || len(got.Nearest) != 0 {
			t.Errorf("while offered: %+v %v", got, err)
		}
		if _, err := h.floor.Why(ctx, supervisor(b), v.Interaction); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's supervisor: %v", err)
		}
		in := h.arrive(a, "Still in the flow")
		if got, err = h.floor.Why(ctx, supervisor(a), in.Interaction); err != nil || got.State != "in_flow" || got.Position != 0 || len(got.Groups) != 0 {
			t.Errorf("in the flow: %+v %v", got, err)
		}
	})
}

func TestWhyAnAgentGetsNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.german(a)
		h.ready(a, 1)
		v := h.queue(a, "Maria")
		h.queue(b, "Of another tenant") // a second later
		got, err := h.floor.WhyAgent(ctx, supervisor(a), agent(1))
		if err != nil {
			t.Fatal(err)
		}
		missing := []floor.WhyReason{{Exclusion: acd.MissingSkill, Skill: "ski_de", Needs: 5}}
		want := floor.WhyUser{Agent: got.Agent, Queues: []string{queueID}, Reasons: missing,
			Waiting: []floor.WhyWork{{Interaction: v.Interaction, Name: "Maria", Queue: queueID, QueuedAt: h.clock.Now().Add(-time.Second), Reasons: missing}}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		// Offline keeps c9 from it; with a second work that c9 declined, only what
		// both share is said of the agent.
		administrator := access.Actor{Tenant: a, User: "usr_8", Roles: []access.Role{access.Administrator}}
		if got, err = h.floor.WhyAgent(ctx, administrator, agent(2)); err != nil || got.Waiting[0].Name != "" {
			t.Errorf("a name for who may not read conversations: %+v %v", got, err)
		}
		if len(got.Reasons) != 1 || got.Reasons[0].Exclusion != acd.IsOffline {
			t.Errorf("an agent who is away: %+v", got.Reasons)
		}
		if _, err := h.floor.WhyAgent(ctx, supervisor(a), "usr_7"); !errs.Is(err, errs.NotFound) {
			t.Errorf("nobody: %v", err)
		}
	})
}
