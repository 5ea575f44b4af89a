package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

func TestAUserNeedsNothingButAName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, in := f.user("raposa-7", access.Agent)
		if u.Profile != (account.Profile{}) || u.Language != "pt" {
			t.Errorf("%+v", u)
		}
		me, err := f.Me(t.Context(), in.Session)
		must(t, err)
		if me.User.ID != u.ID || me.Organisation.Slug != "acme" || me.MustChange {
			t.Errorf("%+v", me)
		}
		once, err := f.ResetPassword(t.Context(), f.a.admin, u.ID) // neither email nor phone
		must(t, err)
		f.settle("acme", "raposa-7", once)
	})
}

func TestWrongValuesAreAllNamed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "a b\u202e", Roles: []access.Role{access.OperatorRole}, Language: "fr",
			Skills: map[string]int{"ski_x": 11}, Capacity: map[acd.Channel]int{"fax": 1}, Profile: account.Profile{DisplayName: "x\ny", Email: strings.Repeat("e", 300)}})
		wantCode(t, err, errs.Invalid)
		var paths []string
		for _, f := range errs.As(err).Fields {
			paths = append(paths, f.Path)
		}
		want := []string{"user_name", "roles", "skills.ski_x", "capacity", "profile.display_name", "profile.email", "language"}
		if d := cmp.Diff(want, paths); d != "" {
			t.Error(d)
		}
	})
}

func TestProfilesAreSealed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		me, err := f.Me(t.Context(), in.Session)
		must(t, err)
		profile := account.Profile{DisplayName: "Ana Sá", Email: "ana@example.org", Phone: "+351 912 000 000"}
		change := account.ProfileChange{DisplayName: &profile.DisplayName, Email: &profile.Email, Phone: &profile.Phone}
		u, err := f.UpdateMe(t.Context(), in.Session.Actor, me.User.Version, &change, nil)
		must(t, err)
		if u.Profile != profile {
			t.Errorf("%+v", u.Profile)
		}
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			row, err := tx.User(u.ID)
			for _, word := range []string{"Ana", "example", "912"} {
				if strings.Contains(string(row.ProfileSealed), word) {
					t.Errorf("%q stands in the clear", word)
				}
			}
			return err
		}))
		_, err = f.UpdateMe(t.Context(), in.Session.Actor, me.User.Version, &change, nil)
		wantCode(t, err, errs.Conflict) // the version moved on
	})
}

func TestUsersOfAnotherTenantDoNotExist(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, _ := f.user("ana", access.Agent)
		other := f.b.admin
		_, err := f.User(t.Context(), other, u.ID)
		wantCode(t, err, errs.NotFound)
		_, err = f.UpdateUser(t.Context(), other, u.ID, u.Version, account.UserChange{})
		wantCode(t, err, errs.NotFound)
		wantCode(t, f.DeleteUser(t.Context(), other, u.ID), errs.NotFound)
		wantCode(t, f.EndSessions(t.Context(), other, u.ID), errs.NotFound)
		_, err = f.ResetPassword(t.Context(), other, u.ID)
		wantCode(t, err, errs.NotFound)
		list, _, err := f.Users(t.Context(), other, "", 0)
		must(t, err)
		if len(list) != 1 || list[0].ID != other.User {
			t.Errorf("%+v", list)
		}
	})
}

func TestOnlyThosePermittedManageUsers(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, in := f.user("ana", access.Agent, access.Supervisor, access.Monitor, access.PrivacyOfficer)
		a := in.Session.Actor
		_, _, err := f.CreateUser(t.Context(), a, account.NewUser{UserName: "x", Roles: []access.Role{access.Administrator}})
		wantCode(t, err, errs.Forbidden)
		_, err = f.UpdateUser(t.Context(), a, u.ID, u.Version, account.UserChange{Roles: &[]access.Role{access.Administrator}})
		wantCode(t, err, errs.Forbidden)
		wantCode(t, f.DeleteUser(t.Context(), a, u.ID), errs.Forbidden)
		_, _, err = f.CreateAPIKey(t.Context(), a, account.NewAPIKey{Name: "k", Roles: []access.Role{access.Agent}})
		wantCode(t, err, errs.Forbidden)
		_, err = f.Organisations(t.Context(), f.a.admin, account.OrganisationQuery{}, "", 0)
		wantCode(t, err, errs.Forbidden)
	})
}

func TestUsersComeInPages(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		names := []string{"admin"}
		for _, n := range []string{"ana", "bob", "eva", "rui", "zoe"} {
			u, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: n, Roles: []access.Role{access.Agent}})
			must(t, err)
			if n == "bob" || n == "rui" {
				must(t, f.DeleteUser(t.Context(), f.a.admin, u.ID))
				continue
			}
			names = append(names, n)
		}
		var got []string
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			list, next, err := f.Users(t.Context(), f.a.admin, cursor, 2)
			must(t, err)
			for _, u := range list {
				got = append(got, u.UserName)
			}
			if cursor = next; pages > 4 {
				t.Fatal("the pages do not end")
			}
		}
		if d := cmp.Diff(names, got); d != "" {
			t.Error(d)
		}
		_, _, err := f.Users(t.Context(), f.a.admin, "usr_nonsense", 2)
		wantCode(t, err, errs.Invalid)
	})
}

func TestTheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		admin := f.a.admin.User
		locked := account.Locked
		for range 2 {
			_, err := f.UpdateUser(t.Context(), f.a.admin, admin, 0, account.UserChange{Roles: &[]access.Role{access.Agent}})
			wantCode(t, err, errs.Conflict)
			_, err = f.UpdateUser(t.Context(), f.a.admin, admin, 0, account.UserChange{Status: &locked})
			wantCode(t, err, errs.Conflict)
			wantCode(t, f.DeleteUser(t.Context(), f.a.admin, admin), errs.Conflict)
			// A locked one does not count.
			u, _ := f.user("other"+strings.Repeat("r", len(f.bus.sent)), access.Administrator)
			_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, 0, account.UserChange{Status: &locked})
			must(t, err)
		}
		_, in := f.user("second", access.Administrator)
		must(t, f.DeleteUser(t.Context(), in.Session.Actor, admin))
		wantCode(t, f.DeleteUser(t.Context(), in.Session.Actor, in.Session.Actor.User), errs.Conflict)
	})
}

func TestADeletedUserLeavesOnlyItsID(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, in := f.user("ana", access.Administrator)
		_, key, err := f.CreateAPIKey(t.Context(), in.Session.Actor, account.NewAPIKey{Name: "k", Roles: []access.Role{access.Administrator}})
		must(t, err)
		_, err = f.Recognise(t.Context(), key)
		must(t, err)
		must(t, f.DeleteUser(t.Context(), f.a.admin, u.ID))
		for _, token := range []secret.Text{in.Token, key} {
			_, err = f.Recognise(t.Context(), token)
			wantCode(t, err, errs.Unauthorised)
		}
		_, err = f.User(t.Context(), f.a.admin, u.ID)
		wantCode(t, err, errs.NotFound)
		wantCode(t, f.DeleteUser(t.Context(), f.a.admin, u.ID), errs.NotFound)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		wantCode(t, err, errs.Unauthorised)
		f.user("ana", access.Agent) // the name is free again

		// Whoever comes upon the id is told what became of it, and no other organisation is.
		unknown := f.a.admin.User
		agent, _ := f.user("bea", access.Agent)
		gone, err := f.DeletedUsers(t.Context(), access.Actor{Tenant: f.a.admin.Tenant, User: agent.ID, Roles: []access.Role{access.Agent}}, []string{unknown, u.ID, agent.ID})
		must(t, err)
		if !slices.Equal(gone, []string{u.ID}) {
			t.Errorf("deleted are %v, not %s alone", gone, u.ID)
		}
		theirs, err := f.DeletedUsers(t.Context(), f.b.admin, []string{u.ID})
		must(t, err)
		if theirs == nil || len(theirs) != 0 {
			t.Errorf("another organisation learns of %v", theirs)
		}
		none, err := f.DeletedUsers(t.Context(), f.a.admin, nil)
		must(t, err)
		if len(none) != 0 {
			t.Errorf("of no ids %v are deleted", none)
		}
	})
}

func TestLockingAUserEndsItsSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, in := f.user("ana", access.Agent)
		locked := account.Locked
		_, err := f.UpdateUser(t.Context(), f.a.admin, u.ID, 0, account.UserChange{Status: &locked})
		must(t, err)
		_, err = f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		wantCode(t, err, errs.Unauthorised)
		active := account.Active
		_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, 0, account.UserChange{Status: &active})
		must(t, err)
		_, err = f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised) // an ended session stays ended
	})
}

func TestAPIKeys(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _, err := f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "", Roles: nil, Scopes: []access.Permission{}, ExpiresAt: start})
		wantCode(t, err, errs.Invalid)
		_, _, err = f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "k", Roles: []access.Role{access.Agent}, Scopes: []access.Permission{access.AuditRead}})
		wantCode(t, err, errs.Invalid)

		// Nor than who makes it: an administrator reads no conversations.
		_, _, err = f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "k", Roles: []access.Role{access.Supervisor}})
		wantCode(t, err, errs.Invalid)
		_, _, err = f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "k", Roles: []access.Role{access.Supervisor}, Scopes: []access.Permission{access.WorkRead}})
		wantCode(t, err, errs.Invalid)
		_, _, err = f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "watch", Roles: []access.Role{access.Supervisor}, Scopes: []access.Permission{access.FloorWatch}, ExpiresAt: start.Add(time.Minute)})
		must(t, err)

		k, key, err := f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "crm", Roles: []access.Role{access.Administrator},
			Scopes: []access.Permission{access.KeyManage, access.UserRead}, ExpiresAt: start.Add(time.Hour)})
		must(t, err)
		s, err := f.Recognise(t.Context(), key)
		must(t, err)
		if !s.APIKey || access.Reach(s.Actor, access.UserRead) != access.Tenant || access.Reach(s.Actor, access.UserWrite) != access.None {
			t.Errorf("%+v", s)
		}
		// A key never makes one with more than it has.
		_, _, err = f.CreateAPIKey(t.Context(), s.Actor, account.NewAPIKey{Name: "more", Roles: []access.Role{access.Administrator}})
		wantCode(t, err, errs.Invalid)
		_, _, err = f.CreateAPIKey(t.Context(), s.Actor, account.NewAPIKey{Name: "more", Roles: []access.Role{access.Administrator}, Scopes: []access.Permission{access.UserWrite}})
		wantCode(t, err, errs.Invalid)
		_, err = f.Me(t.Context(), s)
		wantCode(t, err, errs.Forbidden)

		f.clock.Advance(10 * time.Minute)
		_, err = f.Recognise(t.Context(), key)
		must(t, err)
		list, err := f.APIKeys(t.Context(), f.a.admin)
		must(t, err)
		if len(list) != 2 || list[1].ID != k.ID || !list[1].UsedAt.Equal(f.clock.Now()) {
			t.Errorf("%+v", list)
		}
		f.clock.Advance(time.Hour)
		_, err = f.Recognise(t.Context(), key)
		wantCode(t, err, errs.Unauthorised)

		k, key, err = f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "crm", Roles: []access.Role{access.Administrator}})
		must(t, err)
		_, err = f.Recognise(t.Context(), key)
		must(t, err)
		wantCode(t, f.RevokeAPIKey(t.Context(), f.b.admin, k.ID), errs.NotFound)
		must(t, f.RevokeAPIKey(t.Context(), f.a.admin, k.ID))
		_, err = f.Recognise(t.Context(), key)
		wantCode(t, err, errs.Unauthorised)
	})
}
