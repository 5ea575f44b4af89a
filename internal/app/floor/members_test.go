package floor_test

import (
	"slices"
	"testing"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/store"
)

// A queue whose members come from a rule gains and loses agents as users change.
func TestMembersByRule(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		for _, tenant := range []id.Tenant{a, b} {
			q := h.plans.of(tenant).Queues[queueID]
			q.Members, q.MemberRule = nil, `"tea_1" in teams`
			h.plans.change(tenant, func(p *floor.Plan) { p.Queues[queueID] = q })
			if err := h.floor.Reload(ctx, tenant); err != nil {
				t.Fatal(err)
			}
		}
		belongs := func(tenant id.Tenant, n int, teams ...string) {
			t.Helper()
			err := h.db.Write(ctx, tenant, func(tx *store.Tx) error {
				u, err := tx.User(agent(n))
				if err != nil {
					return err
				}
				u.Teams = teams
				return tx.UpdateUser(u)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := h.floor.Reload(ctx, tenant); err != nil {
				t.Fatal(err)
			}
		}
		h.queue(a, "Maria")
		for n := range 3 {
			h.ready(a, n)
		}
		offered := func() (to []int) {
			for n := range 3 {
				if len(h.desk(a, n).Offers) > 0 {
					to = append(to, n)
				}
			}
			return to
		}
		if to := offered(); to != nil { // a rule that takes nobody is not one that takes everybody
			t.Fatalf("offered to %v, who are no members", to)
		}
		belongs(b, 2, "tea_1") // the other tenant's agent has the same id
		if to := offered(); to != nil {
			t.Fatalf("offered to %v after another tenant's change", to)
		}
		belongs(a, 1, "tea_2", "tea_1")
		if to := offered(); len(to) != 1 || to[0] != 1 {
			t.Fatalf("offered to %v, want the one in the team", to)
		}
		if len(h.desk(a, 1).Queues) != 1 || len(h.desk(a, 0).Queues) != 0 {
			t.Error("the desk does not show the queues that its agent serves")
		}
		h.close()
		h.open("nod_1") // after a restart the members are the same
		h.ready(a, 0)
		h.ready(a, 2)
		if to := offered(); len(to) == 1 && to[0] != 1 {
			t.Errorf("offered to %v after a restart", to)
		}
		belongs(a, 1)
		if len(h.desk(a, 1).Queues) != 0 {
			t.Error("who left the team still serves the queue")
		}
		belongs(a, 2, "tea_1")
		if to := offered(); len(to) != 1 || to[0] != 2 {
			t.Errorf("offered to %v, want the one who came", to)
		}
	})
}

// A change of one user tells of that user, and writes nothing of the others.
func TestOnlyWhoChangedIsTouched(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		for n := range 3 {
			h.ready(a, n)
			h.ready(b, n)
		}
		heard := h.heard("agent.changed")
		told := func() (users []string) {
			for _, e := range heard() {
				users = append(users, string(e.Tenant)+e.Users[0])
			}
			return users
		}
		before := len(told())
		for _, change := range []func(*store.UserRow){
			func(u *store.UserRow) { u.Skills = map[string]int{"ski_1": 7} },
			func(u *store.UserRow) { u.UserName, u.UserNameKey = "d4", "d4" },
			func(u *store.UserRow) { u.Teams = []string{"tea_1"} },
		} {
			err := h.db.Write(ctx, a, func(tx *store.Tx) error {
				u, err := tx.User(agent(1))
				if err != nil {
					return err
				}
				change(&u)
				return tx.UpdateUser(u)
			})
			if err != nil {
				t.Fatal(err)
			}
			h.reload(a)
			h.reload(a) // heard twice, it is one change
			h.reload(b)
			all := told()
			if got := all[before:]; !slices.Equal(got, []string{string(a) + agent(1)}) {
				t.Errorf("told of %v", got)
			}
			before = len(all)
		}
	})
}

// What an agent has goes along when it changes teams: who saw it by the one before is
// told that it left, and whoever watches it is asked again whether that is allowed.
func TestWorkGoesAlongWithItsAgentsTeams(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.ready(a, 0)
		h.queue(a, "Maria")
		it, err := h.floor.Accept(t.Context(), actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		heard := h.heard("interaction.changed")
		joins := func(team string) []bus.Event {
			t.Helper()
			before := len(heard())
			err := h.db.Write(t.Context(), a, func(tx *store.Tx) error {
				u, err := tx.User(agent(0))
				if err != nil {
					return err
				}
				u.Teams = []string{team}
				return tx.UpdateUser(u)
			})
			if err != nil {
				t.Fatal(err)
			}
			h.reload(a)
			h.reload(b)
			return heard()[before:]
		}
		told := func(team, left string) {
			t.Helper()
			got := joins(team)
			if len(got) != 1 || got[0].Interaction != it.ID || !slices.Equal(got[0].In.Teams, []string{team}) {
				t.Fatalf("%s: told of %+v", team, got)
			}
			if was := got[0].Left; left == "" && was != nil || left != "" && (was == nil || was.ID != it.ID || !slices.Equal(was.In.Teams, []string{left})) {
				t.Errorf("%s: %+v left", team, was)
			}
		}
		told("tea_1", "")
		told("tea_2", "tea_1")
		if got := joins("tea_2"); len(got) > 0 {
			t.Errorf("nothing changed, and %+v was told", got)
		}
		h.close()
		h.open("nod_1")
		h.ready(a, 0)
		told("tea_3", "tea_2") // also after a restart
	})
}
