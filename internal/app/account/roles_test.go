package account_test

import (
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

type rights = map[access.Permission]string

// role makes a role of the first tenant.
func (f *fixture) role(name string, base access.Role, given rights) account.Role {
	f.t.Helper()
	r, err := f.CreateRole(f.t.Context(), f.a.admin, account.NewRole{Name: name, Base: base, Permissions: given})
	must(f.t, err)
	return r
}

// as is who holds a session now.
func (f *fixture) as(in account.SignedIn) access.Actor {
	f.t.Helper()
	s, err := f.Recognise(f.t.Context(), in.Token)
	must(f.t, err)
	return s.Actor
}

func at(path string, err error) bool {
	return errs.Is(err, errs.Invalid) && slices.ContainsFunc(errs.As(err).Fields, func(f errs.Field) bool { return f.Path == path })
}

// What a role gives reaches those who have it at once, in the sessions that they
// have, and their keys.
func TestARoleReachesItsHoldersAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		lead := f.role("Team lead", access.Agent, rights{access.DeskUse: "own", access.WorkHandle: "own", access.WorkRead: "own"})
		u, in := f.user("ana", access.Role(lead.ID))
		if got := f.as(in); access.Reach(got, access.WorkRead) != access.Own || access.Reach(got, access.FloorWatch) != access.None || !got.Is(access.Agent) {
			t.Errorf("%+v", got)
		}
		if !slices.Equal(u.Kinds, []access.Role{access.Agent}) {
			t.Errorf("counts as %v", u.Kinds)
		}
		me, err := f.Me(ctx, in.Session)
		if err != nil || len(me.OwnRoles) != 1 || me.OwnRoles[0].Name != "Team lead" {
			t.Errorf("%+v %v", me.OwnRoles, err)
		}
		maker := f.a.admin
		maker.Roles = access.TenantRoles
		_, key, err := f.CreateAPIKey(ctx, maker, account.NewAPIKey{Name: "report", Roles: []access.Role{access.Role(lead.ID)}})
		must(t, err)
		wanted := rights{access.DeskUse: "own", access.WorkRead: "all", access.FloorWatch: "all"}
		effect, err := f.RoleEffect(ctx, f.a.admin, lead.ID, wanted)
		must(t, err)
		for _, holders := range [][]account.RoleHolder{effect.Users, effect.Keys} {
			if len(holders) != 1 || !slices.Equal(holders[0].Gains, []access.Permission{access.WorkRead, access.FloorWatch}) || !slices.Equal(holders[0].Loses, []access.Permission{access.WorkHandle}) {
				t.Errorf("%+v", holders)
			}
		}
		told := len(f.bus.changes(f.a.ID))
		changed, err := f.UpdateRole(ctx, f.a.admin, lead.ID, lead.Version, account.RoleChange{Name: "Lead", Permissions: wanted})
		must(t, err)
		if changed.Version != lead.Version+1 || changed.Users != 1 || changed.Keys != 1 {
			t.Errorf("%+v", changed)
		}
		k, err := f.Recognise(ctx, key)
		must(t, err)
		for _, got := range []access.Actor{f.as(in), k.Actor} {
			if access.Reach(got, access.WorkRead) != access.Tenant || access.Reach(got, access.WorkHandle) != access.None || access.Reach(got, access.FloorWatch) != access.Tenant {
				t.Errorf("%+v", got)
			}
		}
		if after := f.bus.changes(f.a.ID); len(after) != told+1 || after[told].User != "" {
			t.Errorf("told %+v", after[told:])
		}
		// The second of two who change it sees that, and the first one's change stays.
		if _, err := f.UpdateRole(ctx, f.a.admin, lead.ID, lead.Version, account.RoleChange{Name: "Mine", Permissions: wanted}); !errs.Is(err, errs.Conflict) {
			t.Errorf("%v", err)
		}
		if now, err := f.Role(ctx, f.a.admin, lead.ID); err != nil || now.Name != "Lead" {
			t.Errorf("%+v %v", now, err)
		}
		// The other tenant has none of it.
		for _, err := range []error{
			second(f.Role(ctx, f.b.admin, lead.ID)), second(f.UpdateRole(ctx, f.b.admin, lead.ID, 2, account.RoleChange{Name: "x", Permissions: wanted})),
			f.DeleteRole(ctx, f.b.admin, lead.ID, 2, ""), second(f.RoleEffect(ctx, f.b.admin, lead.ID, wanted)),
		} {
			if !errs.Is(err, errs.NotFound) {
				t.Errorf("%v", err)
			}
		}
		if _, _, err := f.CreateUser(ctx, f.b.admin, account.NewUser{UserName: "eva", Roles: []access.Role{access.Role(lead.ID)}}); !at("roles", err) {
			t.Errorf("a role of another tenant: %v", err)
		}
		if n := f.audited(f.a.ID, "role.changed"); n != 1 {
			t.Errorf("%d changes in the audit log", n)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestARoleThatSomebodyHasNeedsAReplacement(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		lead := f.role("Lead", access.Supervisor, rights{access.FloorWatch: "all"})
		u, in := f.user("ana", access.Agent, access.Role(lead.ID))
		if err := f.DeleteRole(ctx, f.a.admin, lead.ID, 1, ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("without one: %v", err)
		}
		for name, to := range map[string]access.Role{"itself": access.Role(lead.ID), "none": "rol_01hzzzzzzzzzzzzzzzzzzzzzzz", "a provider's": access.OperatorRole} {
			if err := f.DeleteRole(ctx, f.a.admin, lead.ID, 1, to); !at("query.replacement", err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := f.DeleteRole(ctx, f.a.admin, lead.ID, 2, access.Monitor); !errs.Is(err, errs.Conflict) {
			t.Errorf("another version: %v", err)
		}
		must(t, f.DeleteRole(ctx, f.a.admin, lead.ID, 1, access.Monitor))
		now, err := f.User(ctx, f.a.admin, u.ID)
		if err != nil || !slices.Equal(now.Roles, []access.Role{access.Agent, access.Monitor}) {
			t.Errorf("%v %v", now.Roles, err)
		}
		if got := f.as(in); access.Reach(got, access.FloorWatch) != access.Tenant || len(got.Custom) != 0 {
			t.Errorf("%+v", got)
		}
		if _, err := f.Role(ctx, f.a.admin, lead.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

// Who may change users, roles or keys by a role of its own does not become more
// by that, nor lets somebody else be more.
func TestNobodyGivesWhatItDoesNotHave(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		staff := f.role("Staff", access.Monitor, rights{access.UserRead: "all", access.UserWrite: "all", access.RoleManage: "all", access.WorkRead: "own"})
		low := f.role("Reader", access.Monitor, rights{access.WorkRead: "own"})
		high := f.role("Listener", access.Monitor, rights{access.RecListen: "all"})
		mine, in := f.user("ana", access.Role(staff.ID))
		agent, _ := f.user("rui", access.Agent)
		me := f.as(in)

		got, _, err := f.CreateUser(ctx, me, account.NewUser{UserName: "new", Roles: []access.Role{access.Role(low.ID)}})
		must(t, err)
		for name, roles := range map[string][]access.Role{"the administrator's": {access.Administrator}, "an agent's": {access.Agent}, "another of its tenant": {access.Role(low.ID), access.Role(high.ID)}} {
			if _, _, err := f.CreateUser(ctx, me, account.NewUser{UserName: "more", Roles: roles}); !at("roles", err) {
				t.Errorf("%s, to a new user: %v", name, err)
			}
			for _, user := range []string{mine.ID, got.ID} {
				if _, err := f.UpdateUser(ctx, me, user, 0, account.UserChange{Roles: &roles}); !at("roles", err) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		given := rights{access.WorkRead: "own", access.UserRead: "all"}
		own, err := f.CreateRole(ctx, me, account.NewRole{Name: "Mine", Base: access.Agent, Permissions: given})
		must(t, err)
		for p, scope := range (rights{access.WorkRead: "all", access.RecListen: "own"}) {
			wanted := rights{access.UserRead: "all", p: scope}
			if _, err := f.CreateRole(ctx, me, account.NewRole{Name: "More", Base: access.Agent, Permissions: wanted}); !at("permissions."+string(p), err) {
				t.Errorf("a role with %s: %v", p, err)
			}
			if _, err := f.UpdateRole(ctx, me, own.ID, 1, account.RoleChange{Name: "Mine", Permissions: wanted}); !at("permissions."+string(p), err) {
				t.Errorf("a role changed to %s: %v", p, err)
			}
		}
		// What a role gives already may stay in it.
		if _, err := f.UpdateRole(ctx, me, high.ID, 1, account.RoleChange{Name: "Hears", Permissions: rights{access.RecListen: "all"}}); err != nil {
			t.Errorf("%v", err)
		}
		if err := f.DeleteRole(ctx, me, own.ID, 1, access.Administrator); !at("query.replacement", err) {
			t.Errorf("in the place of one: %v", err)
		}
		// Nor does it take over who may do more.
		for name, err := range map[string]error{
			"a new password": second(f.ResetPassword(ctx, me, agent.ID)), "second factors": f.ResetFactors(ctx, me, agent.ID), "deleting": f.DeleteUser(ctx, me, agent.ID),
			"signing out": f.EndSessions(ctx, me, agent.ID), "the administrator's password": second(f.ResetPassword(ctx, me, f.a.admin.User)),
			"locking": second(f.UpdateUser(ctx, me, agent.ID, 0, account.UserChange{UserName: ptr("other")})),
		} {
			if !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.ResetPassword(ctx, me, got.ID); err != nil {
			t.Errorf("of who may do less: %v", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestWhatIsWrongWithARole(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.role("Lead", access.Supervisor, rights{access.FloorWatch: "all"})
		for name, c := range map[string]struct {
			n    account.NewRole
			path string
		}{
			"no name":              {account.NewRole{Name: " ", Base: access.Agent, Permissions: rights{access.DeskUse: "own"}}, "name"},
			"a built-in's name":    {account.NewRole{Name: "ADMINISTRADOR", Base: access.Agent, Permissions: rights{access.DeskUse: "own"}}, "name"},
			"no base":              {account.NewRole{Name: "x", Base: "king", Permissions: rights{access.DeskUse: "own"}}, "base"},
			"a provider's base":    {account.NewRole{Name: "x", Base: access.OperatorRole, Permissions: rights{access.DeskUse: "own"}}, "base"},
			"nothing":              {account.NewRole{Name: "x", Base: access.Agent}, "permissions"},
			"no scope":             {account.NewRole{Name: "x", Base: access.Agent, Permissions: rights{access.DeskUse: "everything"}}, "permissions.desk.use"},
			"what providers have":  {account.NewRole{Name: "x", Base: access.Agent, Permissions: rights{access.OrgWrite: "below"}}, "permissions.organisation.write"},
			"what no role is like": {account.NewRole{Name: "x", Base: access.Agent, Permissions: rights{"fly": "all"}}, "permissions.fly"},
		} {
			if _, err := f.CreateRole(ctx, f.a.admin, c.n); !at(c.path, err) {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, err := f.CreateRole(ctx, f.a.admin, account.NewRole{Name: "lead", Base: access.Agent, Permissions: rights{access.DeskUse: "own"}})
		if !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "taken") {
			t.Errorf("a name twice: %v", err)
		}
		for name, who := range map[string]access.Actor{"a supervisor": {Tenant: f.a.ID, User: "usr_s", Roles: []access.Role{access.Supervisor}}, "the operator": f.operator} {
			if _, err := f.CreateRole(ctx, who, account.NewRole{Name: "x", Base: access.Agent, Permissions: rights{access.DeskUse: "own"}}); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// A role that begins to let its holders use the desk makes agents of them, of
// whom an organisation may have so many.
func TestARoleMakesNoMoreAgentsThanThereMayBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		watch := f.role("Watch", access.Monitor, rights{access.FloorWatch: "all"})
		f.user("ana", access.Role(watch.ID))
		f.user("rui", access.Role(watch.ID))
		_, err := f.UpdateOrganisation(ctx, f.operator, f.a.ID, f.a.Version+1, account.OrganisationChange{Limits: &usage.Limits{Agents: ptr(int64(1))}})
		if errs.Is(err, errs.Conflict) {
			_, err = f.UpdateOrganisation(ctx, f.operator, f.a.ID, f.a.Version, account.OrganisationChange{Limits: &usage.Limits{Agents: ptr(int64(1))}})
		}
		must(t, err)
		desk := rights{access.FloorWatch: "all", access.DeskUse: "own"}
		if _, err := f.UpdateRole(ctx, f.a.admin, watch.ID, 1, account.RoleChange{Name: "Watch", Permissions: desk}); !at("permissions.desk.use", err) {
			t.Errorf("%v", err)
		}
		if err := f.DeleteRole(ctx, f.a.admin, watch.ID, 1, access.Agent); !at("query.replacement", err) {
			t.Errorf("%v", err)
		}
		must(t, f.db.Read(ctx, f.a.ID, func(tx *store.Tx) error {
			if n, err := tx.DeskUsers(); err != nil || n != 0 {
				t.Errorf("%d agents, %v", n, err)
			}
			return nil
		}))
	})
}
