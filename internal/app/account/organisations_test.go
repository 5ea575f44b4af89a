package account_test

import (
	"crypto/rand"
	"errors"
	"sync"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

func newTenant(slug string) account.NewOrganisation {
	return account.NewOrganisation{Kind: account.KindTenant, Slug: slug, Name: "New", Language: "en", TimeZone: "Europe/Lisbon", Administrator: "admin"}
}

func TestOneOperatorPerInstallation(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _, err := f.Install(t.Context(), account.NewOrganisation{Slug: "second", Name: "x", Language: "en", TimeZone: "UTC", Administrator: "root"}, secret.New(operatorPassword), false)
		wantCode(t, err, errs.Conflict)
	})
}

func TestAResellerSeesOnlyItsOwn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newTenant("iberia")
		n.Kind = account.KindReseller
		res, user, once, err := f.CreateOrganisation(t.Context(), f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor

		sub, _, _, err := f.CreateOrganisation(t.Context(), reseller, newTenant("shop"))
		must(t, err)
		if sub.Parent != res.ID {
			t.Errorf("parent %q", sub.Parent)
		}
		// Resellers are nested once.
		n.Slug = "nested"
		nested, user, once, err := f.CreateOrganisation(t.Context(), reseller, n)
		must(t, err)
		n.Slug = "deeper"
		_, _, _, err = f.CreateOrganisation(t.Context(), f.settle("nested", user.UserName, once).Session.Actor, n)
		wantCode(t, err, errs.Invalid)

		list, _, err := listed(f.Organisations(t.Context(), reseller, account.OrganisationQuery{Parent: ""}, "", 0))
		must(t, err)
		if len(list) != 2 || list[0].ID != nested.ID || list[1].ID != sub.ID || list[1].Users != 1 {
			t.Errorf("%+v", list)
		}
		_, err = f.Organisation(t.Context(), reseller, f.a.ID)
		wantCode(t, err, errs.NotFound)
		_, err = f.UpdateOrganisation(t.Context(), reseller, f.a.ID, f.a.Version, account.OrganisationChange{})
		wantCode(t, err, errs.NotFound)
		list, _, err = listed(f.Organisations(t.Context(), f.operator, account.OrganisationQuery{Parent: ""}, "", 0))
		must(t, err)
		if len(list) != 3 {
			t.Errorf("%+v", list)
		}
		page, next, err := listed(f.Organisations(t.Context(), f.operator, account.OrganisationQuery{Parent: ""}, "", 2))
		must(t, err)
		rest, end, err := listed(f.Organisations(t.Context(), f.operator, account.OrganisationQuery{Parent: ""}, next, 2))
		must(t, err)
		if len(page) != 2 || len(rest) != 1 || end != "" {
			t.Errorf("%d and %d, then %q", len(page), len(rest), end)
		}
		// Its users are its own, with its own role only.
		_, _, err = f.CreateUser(t.Context(), reseller, account.NewUser{UserName: "x", Roles: []access.Role{access.Administrator}})
		wantCode(t, err, errs.Invalid)
		_, _, err = f.CreateUser(t.Context(), reseller, account.NewUser{UserName: "x", Roles: []access.Role{access.ResellerRole}})
		must(t, err)
	})
}

func TestSuspendingEndsEverySession(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		_, err := f.Recognise(t.Context(), in.Token)
		must(t, err)
		suspended, active := account.Suspended, account.Active
		org, err := f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, f.a.Version, account.OrganisationChange{Status: &suspended})
		must(t, err)
		_, err = f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		wantCode(t, err, errs.Forbidden) // told plainly to who knows the password
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New("wrong wrong"))
		wantCode(t, err, errs.Unauthorised)
		_, err = f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, f.a.Version, account.OrganisationChange{Status: &active})
		wantCode(t, err, errs.Conflict)
		_, err = f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, org.Version, account.OrganisationChange{Status: &active})
		must(t, err)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		must(t, err)
	})
}

func TestSlugsAreUniqueAndChecked(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, _, _, err := f.CreateOrganisation(t.Context(), f.operator, newTenant("acme"))
		wantCode(t, err, errs.Conflict)
		if fields := errs.As(err).Fields; len(fields) != 1 || fields[0].Path != "slug" {
			t.Errorf("%v", fields)
		}
		for _, slug := range []string{"", "a", "-ab", "ab-", "Ab", "a b", "çã"} {
			_, _, _, err := f.CreateOrganisation(t.Context(), f.operator, newTenant(slug))
			wantCode(t, err, errs.Invalid)
		}
	})
}

// broken fails as often as told.
type broken struct{ times int }

func (b *broken) Prepare(*store.Tx, string, string) error {
	if b.times--; b.times >= 0 {
		return errs.Wrap(errs.Unavailable, errors.New("test"), "Not now.")
	}
	return nil
}

func TestFoundingGoesOnWhereAFailureStoppedIt(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		d := f.deps
		d.Defaults = &broken{2}
		s := account.New(d)
		s.NoWait()
		s.Cheap()
		for range 2 {
			_, _, _, err := s.CreateOrganisation(t.Context(), f.operator, newTenant("late"))
			wantCode(t, err, errs.Unavailable)
			_, err = s.SignIn(t.Context(), account.From{}, "late", "admin", secret.New("anything at all"))
			wantCode(t, err, errs.Unauthorised)
		}
		org, user, once, err := s.CreateOrganisation(t.Context(), f.operator, newTenant("late"))
		must(t, err)
		if org.Status != account.Active || user.UserName != "admin" {
			t.Errorf("%+v", org)
		}
		f.settle("late", "admin", once)
		_, _, _, err = s.CreateOrganisation(t.Context(), f.operator, newTenant("late"))
		wantCode(t, err, errs.Conflict)
	})
}

func TestWhoDoesWhatIsInTheAuditLog(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, _ := f.user("ana", access.Agent)
		must(t, f.DeleteUser(t.Context(), f.a.admin, u.ID))
		for action, want := range map[string]int{"user.created": 2, "sign_in": 2, "password.changed": 2, "user.deleted": 1} {
			if n := f.audited(f.a.ID, action); n != want {
				t.Errorf("%d lines of %s, want %d", n, action, want)
			}
		}
		if n := f.audited(f.operator.Tenant, "organisation.created"); n != 2 {
			t.Errorf("%d organisations in the operator's log", n)
		}
	})
}

// meanwhile runs something when an id is first made, and then makes random ones.
type meanwhile struct {
	once sync.Once
	then func()
}

func (a *meanwhile) Read(b []byte) (int, error) {
	a.once.Do(a.then)
	return rand.Read(b)
}

// A reseller that is moved below another while it gets a reseller of its own
// does not make three of them in a row.
func TestResellersAreNestedOnceAlsoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		reseller := func(slug string) (account.Organisation, access.Actor) {
			n := newTenant(slug)
			n.Kind = account.KindReseller
			o, u, once, err := f.CreateOrganisation(ctx, f.operator, n)
			must(t, err)
			return o, f.settle(slug, u.UserName, once).Session.Actor
		}
		above, _ := reseller("above")
		moved, there := reseller("moved")
		deps := f.deps
		deps.IDs = id.NewSource(f.clock.Now, &meanwhile{then: func() {
			_, err := f.MoveOrganisation(ctx, f.operator, moved.ID, moved.Version, above.ID)
			must(t, err)
		}})
		s := account.New(deps)
		n := newTenant("below")
		n.Kind = account.KindReseller
		_, _, _, err := s.CreateOrganisation(ctx, there, n)
		if !errs.Is(err, errs.Invalid) || errs.As(err).Fields[0].Path != "kind" {
			t.Errorf("%v", err)
		}
		list, _, err := listed(f.Organisations(ctx, there, account.OrganisationQuery{Parent: ""}, "", 10))
		if err != nil || len(list) != 0 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
