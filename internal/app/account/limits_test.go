package account_test

import (
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/usage"
)

func most(n int64) *int64 { return &n }

func wantField(t *testing.T, err error, path string) {
	t.Helper()
	wantCode(t, err, errs.Invalid)
	if f := errs.As(err).Fields; len(f) == 0 || f[0].Path != path {
		t.Errorf("%v, want one of %s", f, path)
	}
}

// A limit of agents stops one more, by whatever way, and nothing that is there.
func TestNoMoreAgentsThanTheLimit(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ana", access.Agent)
		f.user("rui", access.Monitor)
		limits := usage.Limits{Agents: most(1)}
		org, err := f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, f.a.Version, account.OrganisationChange{Limits: &limits})
		must(t, err)
		if org.Limits.Agents == nil || *org.Limits.Agents != 1 {
			t.Fatalf("%+v", org.Limits)
		}
		admin := f.a.admin
		_, _, err = f.CreateUser(t.Context(), admin, account.NewUser{UserName: "eva"})
		wantField(t, err, "roles")
		_, _, err = f.CreateUser(t.Context(), admin, account.NewUser{UserName: "eva", Roles: []access.Role{access.Supervisor}})
		wantField(t, err, "roles")
		eva, _, err := f.CreateUser(t.Context(), admin, account.NewUser{UserName: "eva", Roles: []access.Role{access.Monitor}})
		must(t, err)
		roles := []access.Role{access.Agent}
		_, err = f.UpdateUser(t.Context(), admin, eva.ID, eva.Version, account.UserChange{Roles: &roles})
		wantField(t, err, "roles")

		users, _, err := f.Users(t.Context(), admin, "", 0)
		must(t, err)
		var ana account.User
		for _, u := range users {
			if u.UserName == "ana" {
				ana = u
			}
		}
		locked, active := account.Locked, account.Active
		ana, err = f.UpdateUser(t.Context(), admin, ana.ID, ana.Version, account.UserChange{Status: &locked})
		must(t, err)
		_, err = f.UpdateUser(t.Context(), admin, eva.ID, eva.Version, account.UserChange{Roles: &roles})
		must(t, err)
		_, err = f.UpdateUser(t.Context(), admin, ana.ID, ana.Version, account.UserChange{Status: &active})
		wantField(t, err, "status")

		// Another tenant has its own limits: none.
		other := f.b.admin
		_, _, err = f.CreateUser(t.Context(), other, account.NewUser{UserName: "eva"})
		must(t, err)
	})
}

// A reseller gives no more than it has, and cannot be left with less than it gave.
func TestAResellerGivesWhatItHas(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newTenant("iberia")
		n.Kind, n.Limits = account.KindReseller, usage.Limits{Agents: most(5), Channels: []acd.Channel{acd.Chat, acd.Email}}
		res, user, once, err := f.CreateOrganisation(t.Context(), f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor
		_, _, _, err = f.CreateOrganisation(t.Context(), reseller, newTenant("shop"))
		wantField(t, err, "limits.agents")
		shop := newTenant("shop")
		shop.Limits = usage.Limits{Agents: most(3), Channels: []acd.Channel{acd.Chat}}
		_, _, _, err = f.CreateOrganisation(t.Context(), reseller, shop)
		must(t, err)
		shop.Slug = "shop2"
		_, _, _, err = f.CreateOrganisation(t.Context(), reseller, shop)
		wantField(t, err, "limits.agents")
		fewer := usage.Limits{Agents: most(2), Channels: []acd.Channel{acd.Chat, acd.Email}}
		_, err = f.UpdateOrganisation(t.Context(), f.operator, res.ID, res.Version, account.OrganisationChange{Limits: &fewer})
		wantField(t, err, "limits.agents")
		more := usage.Limits{Agents: most(6), Channels: []acd.Channel{acd.Chat}}
		_, err = f.UpdateOrganisation(t.Context(), f.operator, res.ID, res.Version, account.OrganisationChange{Limits: &more})
		must(t, err)
		_, _, _, err = f.CreateOrganisation(t.Context(), reseller, shop)
		must(t, err)
	})
}

// What an attempt that failed reserved is not taken from the next one.
func TestFoundingGoesOnWithinTheLimits(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newTenant("iberia")
		n.Kind, n.Limits = account.KindReseller, usage.Limits{Agents: most(5)}
		_, user, once, err := f.CreateOrganisation(t.Context(), f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor
		d := f.deps
		d.Defaults = &broken{1}
		s := account.New(d)
		s.NoWait()
		s.Cheap()
		all := newTenant("shop")
		all.Limits = usage.Limits{Agents: most(5)}
		_, _, _, err = s.CreateOrganisation(t.Context(), reseller, all)
		wantCode(t, err, errs.Unavailable)
		other := all
		other.Slug = "other"
		_, _, _, err = s.CreateOrganisation(t.Context(), reseller, other)
		wantField(t, err, "limits.agents")
		_, _, _, err = s.CreateOrganisation(t.Context(), reseller, all)
		must(t, err)
	})
}

func TestAnOrganisationIsMoved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		reseller := func(slug string, l usage.Limits) (account.Organisation, access.Actor) {
			n := newTenant(slug)
			n.Kind, n.Limits = account.KindReseller, l
			o, user, once, err := f.CreateOrganisation(t.Context(), f.operator, n)
			must(t, err)
			return o, f.settle(slug, user.UserName, once).Session.Actor
		}
		iberia, there := reseller("iberia", usage.Limits{})
		small, _ := reseller("small", usage.Limits{Agents: most(0)})
		_, in := f.user("ana", access.Agent)

		move := func(a access.Actor, o account.Organisation, version int64, to id.Tenant) error {
			_, err := f.MoveOrganisation(t.Context(), a, o.ID, version, to)
			return err
		}
		a := f.a.Organisation
		wantCode(t, move(there, a, a.Version, iberia.ID), errs.Forbidden)
		wantCode(t, move(f.operator, a, a.Version+1, iberia.ID), errs.Conflict)
		wantField(t, move(f.operator, a, a.Version, f.b.ID), "parent")
		wantField(t, move(f.operator, a, a.Version, "res_none"), "parent")
		wantField(t, move(f.operator, a, a.Version, small.ID), "limits.agents")
		wantField(t, move(f.operator, iberia, iberia.Version, iberia.ID), "parent")
		must(t, move(f.operator, a, a.Version, iberia.ID))

		// The reseller sees it now, and its user works on.
		list, _, err := listed(f.Organisations(t.Context(), there, account.OrganisationQuery{Parent: ""}, "", 0))
		must(t, err)
		if len(list) != 1 || list[0].ID != f.a.ID {
			t.Errorf("%+v", list)
		}
		list, _, err = listed(f.Organisations(t.Context(), f.operator, account.OrganisationQuery{Parent: iberia.ID}, "", 0))
		must(t, err)
		if len(list) != 1 || list[0].ID != f.a.ID || list[0].Parent != iberia.ID {
			t.Errorf("%+v", list)
		}
		_, _, err = listed(f.Organisations(t.Context(), there, account.OrganisationQuery{Parent: small.ID}, "", 0))
		wantCode(t, err, errs.NotFound)
		_, err = f.Recognise(t.Context(), in.Token)
		must(t, err)

		// A reseller with a reseller below it cannot stand below another; back again can all.
		must(t, move(f.operator, small, small.Version, iberia.ID))
		third, _ := reseller("third", usage.Limits{})
		wantField(t, move(f.operator, iberia, iberia.Version, third.ID), "parent")
		wantField(t, move(f.operator, third, third.Version, small.ID), "parent")
		must(t, move(f.operator, a, a.Version+1, f.operator.Tenant))
	})
}
