package account_test

import (
	"fmt"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
)

func TestOrganisationsAreNamedToWhoMayKnowThem(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := func(by access.Actor, kind account.Kind, slug, name string) (account.Organisation, access.Actor) {
			o, u, once, err := f.CreateOrganisation(t.Context(), by, account.NewOrganisation{Kind: kind, Slug: slug, Name: name, Language: "pt", TimeZone: "UTC", Administrator: "root"})
			must(t, err)
			return o, f.settle(slug, u.UserName, once).Session.Actor
		}
		iberia, reseller := made(f.operator, account.KindReseller, "iberia", "Iberia")
		north, deeper := made(reseller, account.KindReseller, "north", "North")
		tea, brewer := made(deeper, account.KindTenant, "tea", "Tea")
		south, other := made(reseller, account.KindReseller, "south", "South")
		gone, _ := made(deeper, account.KindTenant, "gone", "Gone")
		gone, err := f.BeginEnd(t.Context(), deeper, gone.ID, gone.Version, account.EndTerms{Name: gone.Name})
		must(t, err)
		must(t, f.RunEnd(t.Context(), f.claimLater(gone.ID, account.JobEnd, time.Hour)))
		own, err := f.Me(t.Context(), account.Session{Actor: f.operator})
		must(t, err)

		all := []string{"ten_01m8njq21hvs2kfwrr1xtbp65x", ""} // nobody's
		for _, o := range []id.Tenant{own.Organisation.ID, f.a.ID, iberia.ID, north.ID, tea.ID, south.ID, gone.ID, tea.ID} {
			all = append(all, string(o))
		}
		house := own.Organisation.Name
		officer := access.Actor{Tenant: north.ID, User: deeper.User, Roles: []access.Role{access.PrivacyOfficer}}
		for _, tt := range []struct {
			name string
			by   access.Actor
			want string
		}{
			{"the operator", f.operator, house + " Acme Iberia North Tea South Gone(closed) "},
			{"a reseller", reseller, "Iberia North Tea South Gone(closed) "},
			{"a reseller below it", deeper, "North Tea Gone(closed) "},
			{"one beside that", other, "South "},
			{"who may not see those below", officer, house + " Iberia North "},
			{"a tenant's administrator, who may let those above in", brewer, house + " Iberia North Tea "},
			{"another tenant's", f.a.admin, house + " Acme "},
		} {
			found, err := f.OrganisationNames(t.Context(), tt.by, all)
			must(t, err)
			got := ""
			for _, o := range found {
				got += o.Name
				if o.Closed {
					got += "(closed)"
				}
				got += " "
			}
			if got != tt.want {
				t.Errorf("%s is told %q, not %q", tt.name, got, tt.want)
			}
		}

		_, err = f.OrganisationNames(t.Context(), access.Actor{Tenant: north.ID, User: deeper.User, Roles: []access.Role{access.Agent}}, all)
		wantCode(t, err, errs.Forbidden)

		// One that is moved away is not told to whom it left.
		tea, err = f.Organisation(t.Context(), reseller, tea.ID)
		must(t, err)
		_, err = f.MoveOrganisation(t.Context(), f.operator, tea.ID, tea.Version, south.ID)
		must(t, err)
		for _, tt := range []struct {
			by   access.Actor
			want string
		}{{deeper, "[]"}, {other, "[Tea]"}, {reseller, "[Tea]"}} {
			found, err := f.OrganisationNames(t.Context(), tt.by, []string{string(tea.ID)})
			must(t, err)
			names := []string{}
			for _, o := range found {
				names = append(names, o.Name)
			}
			if got := fmt.Sprint(names); got != tt.want {
				t.Errorf("after the move: %s, not %s", got, tt.want)
			}
		}
	})
}
