package server

import (
	"testing"

	"nubitalk/internal/app/account"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
)

// What a supervisor changes of an agent counts for what waits already, at once,
// and for nobody else.
func TestSkillsAndQueuesChangeLive(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ben, cat := acme.agent(t, "ben"), acme.agent(t, "cat")
		books.agent(t, "ben")
		skill, err := appsetup.Create(t.Context(), n.parts.setup, acme.admin, setup.Skill{Name: "Billing"})
		if err != nil {
			t.Fatal(err)
		}
		q, err := appsetup.Get[setup.Queue](t.Context(), n.parts.setup, acme.admin, acme.queue)
		if err != nil {
			t.Fatal(err)
		}
		u, err := n.parts.accounts.User(t.Context(), acme.admin, cat)
		if err != nil {
			t.Fatal(err)
		}
		skills := map[string]int{skill.ID: 9}
		roles := []access.Role{access.Supervisor, access.Agent}
		if _, err := n.parts.accounts.UpdateUser(t.Context(), acme.admin, cat, u.Version, account.UserChange{Roles: &roles, Skills: &skills}); err != nil {
			t.Fatal(err)
		}
		q.Value.Members, q.Value.Needs = []string{cat}, []acd.SkillNeed{{Skill: skill.ID, Level: 5}}
		if _, err := appsetup.Update(t.Context(), n.parts.setup, acme.admin, acme.queue, q.Version, q.Value); err != nil {
			t.Fatal(err)
		}
		desktop, _ := acme.ready(t, "ben")
		elsewhere, _ := books.ready(t, "ben")
		v := acme.visitor(t, "Inês")
		boss := acme.signIn(t, "cat")
		at := "floor/agents/" + ben
		refused(t, desktop.Do(t.Context(), "PUT", at+"/skills/"+skill.ID, m{"level": 7, "was": 0}, nil), 403)
		refused(t, boss.Do(t.Context(), "PUT", at+"/skills/"+skill.ID, m{"level": 7, "was": 3}, nil), 409)
		if err := boss.Do(t.Context(), "PUT", at+"/skills/"+skill.ID, m{"level": 7, "was": 0}, nil); err != nil {
			t.Fatal(err)
		}
		if len(desk(t, desktop).Offers) > 0 {
			t.Error("who is no member of the queue is offered its work")
		}
		if err := boss.Do(t.Context(), "PUT", at+"/queues/"+acme.queue, m{"member": true}, nil); err != nil {
			t.Fatal(err)
		}
		if len(desk(t, desktop).Offers) != 1 {
			t.Error("the change brought no offer")
		}
		take(t, desktop, v.Interaction)
		if len(desk(t, elsewhere).Offers) > 0 {
			t.Error("another tenant's agent is offered it")
		}
		var seen struct {
			Skills map[string]int
			Queues []struct{ Serves, Named bool }
			Work   []struct{ ID string }
		}
		if err := boss.Do(t.Context(), "GET", at, nil, &seen); err != nil {
			t.Fatal(err)
		}
		if seen.Skills[skill.ID] != 7 || !seen.Queues[0].Named || !seen.Queues[0].Serves || len(seen.Work) != 1 || seen.Work[0].ID != v.Interaction {
			t.Errorf("%+v", seen)
		}
	})
}
