package floor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/measure"
	"nubitalk/internal/store"
)

// Skills that a supervisor changes count at once: what waited because nobody had
// the skill is offered.
func TestASkillChangesWhoIsOffered(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		q := h.plans.of(a).Queues[queueID]
		q.Needs = append(q.Needs, acd.SkillNeed{Skill: "ski_1", Level: 5})
		h.plans.change(a, func(p *floor.Plan) { p.Queues[queueID] = q })
		if err := h.floor.Reload(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "Maria")
		h.ready(a, 0)
		for _, c := range []struct{ level, offers int }{{4, 0}, {5, 1}} {
			err := h.db.Write(t.Context(), a, func(tx *store.Tx) error {
				u, err := tx.User(agent(0))
				if err != nil {
					return err
				}
				u.Skills = map[string]int{"ski_1": c.level}
				return tx.UpdateUser(u)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.floor.Reload(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			if got := h.desk(a, 0).Offers; len(got) != c.offers {
				t.Errorf("at level %d it is offered %d", c.level, len(got))
			}
		}
		d, err := h.floor.Agent(t.Context(), supervisor(a), agent(0))
		if err != nil || d.Skills["ski_1"] != 5 {
			t.Errorf("%v %v", d.Skills, err)
		}
	})
}

// An agent's first desk may be asked for before the floor was told of its user.
func TestANewAgentHasADeskAtOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		sealed, err := h.vault.SealTenant(ctx, a, "users.profile/usr_9", []byte("{}"))
		h.no(err)
		h.no(h.db.Write(ctx, a, func(tx *store.Tx) error {
			return tx.InsertUser(store.UserRow{ID: "usr_9", UserName: "new", UserNameKey: "new", Status: "active", Roles: []string{"agent"}, ProfileSealed: sealed, Language: "en", CreatedAt: h.clock.Now()})
		}))
		who := actor(a, 0)
		who.User = "usr_9"
		if d, err := h.floor.Desk(ctx, who); err != nil || d.Me.User != "usr_9" {
			t.Errorf("%+v, %v", d.Me, err)
		}
		who.Tenant = b
		if _, err := h.floor.Desk(ctx, who); !errs.Is(err, errs.NotFound) {
			t.Errorf("in another organisation: %v", err)
		}
	})
}

func TestOneAgentAndOneQueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		q := h.plans.of(a).Queues[queueID]
		q.Members, q.MemberRule = []string{agent(1)}, `language == "en"`
		h.plans.change(a, func(p *floor.Plan) { p.Queues[queueID] = q })
		if err := h.floor.Reload(ctx, a); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "First")
		it := h.serve(0)
		h.clock.Advance(40 * time.Second)
		if _, err := h.floor.Finish(ctx, actor(a, 0), it.ID); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(20 * time.Second)
		if _, err := h.floor.Complete(ctx, actor(a, 0), it.ID, "dis_1", nil); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "Declined")
		if err := h.floor.Decline(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "Taken")
		second := h.desk(a, 0).Offers[0]
		if _, err := h.floor.Accept(ctx, actor(a, 0), second.ID); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(10 * time.Second)

		want := floor.AgentDetail{Skills: map[string]int{}, Queues: []floor.Membership{{Queue: queueID, Name: "Billing", Serves: true, Rule: `language == "en"`, MayChange: true}},
			Today: floor.AgentToday{Answered: 2, Handled: 1, Handle: 60_000, Declined: 1, Busy: 70_000, Ready: 2_000, Occupancy: measure.Ratio{Part: 70_000, Of: 72_000}}}
		look := func(name string) {
			t.Helper()
			d, err := h.floor.Agent(ctx, supervisor(a), agent(0))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, d, cmpopts.IgnoreFields(floor.AgentDetail{}, "Agent", "Work")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			if len(d.Work) != 1 || d.Work[0].Name != "Taken" || d.Agent.User != agent(0) {
				t.Errorf("%s: %+v", name, d.Work)
			}
		}
		look("before a restart")

		detail, err := h.floor.Queue(ctx, supervisor(a), queueID)
		if err != nil || len(detail.Waiting) != 1 || detail.Waiting[0].Name != "Declined" || len(detail.Running) != 1 || detail.Running[0].Agent != agent(0) {
			t.Errorf("%+v %v", detail, err)
		}
		monitor := access.Actor{Tenant: a, User: "usr_8", Roles: []access.Role{access.Administrator}} // may watch, not read
		if detail, err = h.floor.Queue(ctx, monitor, queueID); err != nil || detail.Waiting[0].Name != "" || detail.Running[0].Name != "" {
			t.Errorf("a name is shown: %+v %v", detail, err)
		}
		if d, err := h.floor.Agent(ctx, monitor, agent(0)); err != nil || d.Work[0].Name != "" || d.Queues[0].MayChange {
			t.Errorf("a name is shown, or a queue is the monitor's to give: %+v %v", d, err)
		}

		h.close()
		h.open("nod_1")
		h.ready(a, 0)
		look("after a restart")

		if d, err := h.floor.Agent(ctx, supervisor(b), agent(0)); err != nil || d.Today.Answered != 0 || len(d.Work) != 0 {
			t.Errorf("another tenant's agent of the same id: %+v %v", d, err)
		}
		for _, err := range []error{second1(h.floor.Agent(ctx, supervisor(a), "usr_none")), second1(h.floor.Queue(ctx, supervisor(a), "que_none"))} {
			if !errs.Is(err, errs.NotFound) {
				t.Error(err)
			}
		}
	})
}

func second1[T any](_ T, err error) error { return err }
