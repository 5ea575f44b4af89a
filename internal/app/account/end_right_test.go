package account_test

import (
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// One administrator, or who stole its session, gets rid of the others: each way of that
// leaves it unable to end the organisation alone, or with accounts of its own making.
func TestWhoGotRidOfTheOthersEndsNothing(t *testing.T) {
	locked, gone := account.Locked, []access.Role{access.Agent}
	for name, rid := range map[string]func(f *fixture, u account.User) error{
		"locked":        func(f *fixture, u account.User) error { return f.change(u, account.UserChange{Status: &locked}) },
		"lost the role": func(f *fixture, u account.User) error { return f.change(u, account.UserChange{Roles: &gone}) },
		"deleted":       func(f *fixture, u account.User) error { return f.DeleteUser(f.t.Context(), f.a.admin, u.ID) },
		"several": func(f *fixture, u account.User) error {
			who, c := account.Several{Users: []string{u.ID}}, account.SeveralChange{Do: account.Lock}
			e, err := f.SeveralEffect(f.t.Context(), f.a.admin, who, c)
			if err == nil {
				_, err = f.ChangeSeveral(f.t.Context(), f.a.admin, who, c, e.Seen)
			}
			return err
		},
		"password": func(f *fixture, u account.User) error {
			once, err := f.ResetPassword(f.t.Context(), f.a.admin, u.ID)
			if err == nil {
				f.settle("acme", "olga", once)
			}
			return err
		},
		"factors": func(f *fixture, u account.User) error { return f.ResetFactors(f.t.Context(), f.a.admin, u.ID) },
		"renamed": func(f *fixture, u account.User) error { // a provider may know another by that name
			name := "mallory"
			return f.change(u, account.UserChange{UserName: &name})
		},
		"locked, password, opened": func(f *fixture, u account.User) error {
			if err := f.change(u, account.UserChange{Status: &locked}); err != nil {
				return err
			}
			f.clock.Advance(time.Minute)
			if _, err := f.ResetPassword(f.t.Context(), f.a.admin, u.ID); err != nil {
				return err
			}
			f.clock.Advance(time.Minute)
			open := account.Active
			return f.change(u, account.UserChange{Status: &open})
		},
		"password, locked, opened": func(f *fixture, u account.User) error {
			once, err := f.ResetPassword(f.t.Context(), f.a.admin, u.ID)
			if err != nil {
				return err
			}
			f.settle("acme", "olga", once)
			f.clock.Advance(time.Minute)
			if err := f.change(u, account.UserChange{Status: &locked}); err != nil {
				return err
			}
			f.clock.Advance(time.Minute)
			open := account.Active
			return f.change(u, account.UserChange{Status: &open})
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				olga, _ := f.user("olga", access.PrivacyOfficer)
				org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
				must(t, err)
				terms := account.EndTerms{Days: 7, Name: org.Name}
				f.clock.Advance(account.Guarded)
				f.a.admin = f.again("admin")
				must(t, rid(f, olga))
				f.clock.Advance(time.Minute)

				// Alone it only asks, and the page says why.
				e, err := f.AskEnd(t.Context(), f.a.admin, terms)
				must(t, err)
				if !e.EndsAt.IsZero() || e.AskedBy != f.a.admin.User || !e.Agrees || e.GuardedUntil.IsZero() {
					t.Errorf("%+v", e)
				}
				// Whoever it makes an officer now, or gets hold of, is no second one.
				_, in := f.user("puppet", access.PrivacyOfficer)
				_, err = f.AskEnd(t.Context(), in.Session.Actor, terms)
				wantCode(t, err, errs.Conflict)
				for _, called := range []string{"olga", "mallory"} {
					if got, err := f.SignIn(t.Context(), account.From{}, "acme", called, secret.New(goodPassword)); err == nil && access.Reach(got.Session.Actor, access.OrgEnd) == access.Tenant {
						_, err = f.AskEnd(t.Context(), got.Session.Actor, terms)
						wantCode(t, err, errs.Conflict)
					}
				}
				if o, err := f.Organisation(t.Context(), f.operator, f.a.ID); err != nil || o.Status != account.Active {
					t.Errorf("%+v %v", o, err)
				}
				// After thirty days it is no hijack any more.
				f.clock.Advance(account.Guarded)
				e, err = f.OwnEnd(t.Context(), f.again("admin"))
				if err != nil || !e.GuardedUntil.IsZero() {
					t.Errorf("%+v %v", e, err)
				}
				// The other tenant is as it was: alone, one begins it.
				if e, err := f.OwnEnd(t.Context(), f.b.admin); err != nil || e.Agrees || !e.GuardedUntil.IsZero() {
					t.Errorf("%+v %v", e, err)
				}
			})
		})
	}
}

// Who was linked to a login of the provider by somebody else may be anybody, too, however
// old the provider's settings are.
func TestWhomAnotherLinkedIsNoSecondOne(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		olga, _ := f.user("olga", access.PrivacyOfficer)
		org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		terms := account.EndTerms{Days: 7, Name: org.Name}
		f.clock.Advance(account.Guarded)
		in, err := f.SignIn(t.Context(), account.From{}, "acme", "admin", secret.New(goodPassword))
		must(t, err)
		must(t, f.LinkUser(t.Context(), in.Session, olga.ID, secret.New("mallory")))
		_, err = f.AskEnd(t.Context(), in.Session.Actor, terms)
		must(t, err)
		as, err := f.walk(t, "mallory", nil)
		must(t, err)
		if as.Session.Actor.User != olga.ID {
			t.Fatalf("%+v", as.Session)
		}
		_, err = f.AskEnd(t.Context(), as.Session.Actor, terms)
		wantCode(t, err, errs.Conflict)
		if o, err := f.Organisation(t.Context(), f.operator, f.a.ID); err != nil || o.Status != account.Active {
			t.Errorf("%+v %v", o, err)
		}
	})
}

// Who was locked and is opened again is who it was, and agrees.
func TestWhoIsOpenedAgainAgreesToTheEnd(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		olga, _ := f.user("olga", access.PrivacyOfficer)
		org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		terms := account.EndTerms{Days: 7, Name: org.Name}
		f.clock.Advance(account.Guarded)
		f.a.admin = f.again("admin")
		locked, open := account.Locked, account.Active
		must(t, f.change(olga, account.UserChange{Status: &locked}))
		f.clock.Advance(time.Hour)
		must(t, f.change(olga, account.UserChange{Status: &open}))
		if e, err := f.OwnEnd(t.Context(), f.a.admin); err != nil || !e.GuardedUntil.IsZero() || !e.Agrees {
			t.Errorf("%+v %v", e, err)
		}
		_, err = f.AskEnd(t.Context(), f.a.admin, terms)
		must(t, err)
		if e, err := f.AskEnd(t.Context(), f.again("olga"), terms); err != nil || e.EndsAt.IsZero() {
			t.Errorf("%+v %v", e, err)
		}
	})
}

// A role of the organisation's own that stops giving the right takes it away, too.
func TestAChangedRoleTakesTheRightToAgree(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		r, err := f.CreateRole(t.Context(), f.a.admin, account.NewRole{Name: "Keeper", Base: access.PrivacyOfficer, Permissions: map[access.Permission]string{access.OrgEnd: "all", access.OrgExport: "all"}})
		must(t, err)
		f.user("olga", access.Role(r.ID))
		f.clock.Advance(account.Guarded)
		f.a.admin = f.again("admin")
		_, err = f.UpdateRole(t.Context(), f.a.admin, r.ID, r.Version, account.RoleChange{Name: "Keeper", Permissions: map[access.Permission]string{access.OrgExport: "all"}})
		must(t, err)
		if e, err := f.OwnEnd(t.Context(), f.a.admin); err != nil || !e.Agrees || !e.GuardedUntil.Equal(f.clock.Now().Add(account.Guarded)) {
			t.Errorf("%+v %v", e, err)
		}
	})
}

// change is an administrator's of a user.
func (f *fixture) change(u account.User, c account.UserChange) error {
	_, err := f.UpdateUser(f.t.Context(), f.a.admin, u.ID, 0, c)
	return err
}

// again signs a user of the first tenant in.
func (f *fixture) again(name string) access.Actor {
	f.t.Helper()
	in, err := f.SignIn(f.t.Context(), account.From{}, "acme", name, secret.New(goodPassword))
	must(f.t, err)
	return in.Session.Actor
}
