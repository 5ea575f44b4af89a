package account_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Two supervisors who change skills of one agent at once lose nothing of each
// other's, and are told when it is the same skill.
func TestASupervisorChangesASkill(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for _, own := range []tenant{f.a, f.b} {
			must(t, f.db.Write(t.Context(), own.ID, func(tx *store.Tx) error {
				for _, skill := range []string{"ski_1", "ski_2"} {
					if own.ID == f.b.ID {
						skill += "b"
					}
					if err := tx.InsertSetup(store.SetupRow{Kind: "skills", ID: skill, Body: []byte(`{"name":"` + skill + `"}`), CreatedAt: start, UpdatedAt: start, Version: 1}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		u, _ := f.user("ana", access.Agent)
		boss := access.Actor{Tenant: f.a.ID, User: "usr_boss", Roles: []access.Role{access.Supervisor}}
		set := func(skill string, level, was int) (int, error) {
			return f.SetSkill(t.Context(), boss, u.ID, skill, level, was)
		}
		for _, c := range []struct {
			skill           string
			level, was, now int
			code            errs.Code
		}{
			{"ski_1", 5, 0, 5, ""}, {"ski_2", 3, 0, 3, ""}, {"ski_1", 8, 5, 8, ""},
			{"ski_1", 6, 5, 8, errs.Conflict}, {"ski_1", 8, 5, 8, ""}, // a repeat is no conflict
			{"ski_1", 0, 8, 0, ""}, {"ski_1b", 4, 0, 0, errs.NotFound}, {"ski_2", 11, 3, 0, errs.Invalid},
		} {
			now, err := set(c.skill, c.level, c.was)
			if now != c.now || (err == nil) != (c.code == "") || err != nil && !errs.Is(err, c.code) {
				t.Errorf("%+v: %d %v", c, now, err)
			}
		}
		got, err := f.User(t.Context(), f.a.admin, u.ID)
		must(t, err)
		if len(got.Skills) != 1 || got.Skills["ski_2"] != 3 {
			t.Errorf("%v", got.Skills)
		}
		if n := f.audited(f.a.ID, "user.changed"); n != 4 {
			t.Errorf("%d changes in the audit log", n)
		}
		for name, who := range map[string]access.Actor{"an agent": {Tenant: f.a.ID, User: u.ID, Roles: []access.Role{access.Agent}},
			"an administrator": f.a.admin, "a monitor": {Tenant: f.a.ID, User: "usr_m", Roles: []access.Role{access.Monitor}}} {
			_, err := f.SetSkill(t.Context(), who, u.ID, "ski_1", 5, 0)
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := access.Actor{Tenant: f.b.ID, User: "usr_boss", Roles: []access.Role{access.Supervisor}}
		if _, err := f.SetSkill(t.Context(), other, u.ID, "ski_1b", 5, 0); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's supervisor: %v", err)
		}
	})
}
