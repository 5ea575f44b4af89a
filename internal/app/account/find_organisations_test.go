package account_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// listed is a page of organisations without more than them.
func listed(found account.FoundOrganisations, err error) ([]account.FoundOrganisation, string, error) {
	return found.Items, found.Next, err
}

func TestOrganisationsAreFound(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		made := func(by access.Actor, kind account.Kind, slug, name string) (account.Organisation, access.Actor) {
			o, u, once, err := f.CreateOrganisation(t.Context(), by, account.NewOrganisation{Kind: kind, Slug: slug, Name: name, Language: "pt", TimeZone: "UTC", Administrator: "root"})
			must(t, err)
			return o, f.settle(slug, u.UserName, once).Session.Actor
		}
		iberia, reseller := made(f.operator, account.KindReseller, "iberia", "Ibéria")
		north, deeper := made(reseller, account.KindReseller, "north", "North")
		made(reseller, account.KindTenant, "cafe-one", "Café 1")
		made(deeper, account.KindTenant, "cafe-two", "Café 2")
		third, _ := made(deeper, account.KindTenant, "tea", "Tea")
		suspended := account.Suspended
		_, err := f.UpdateOrganisation(t.Context(), deeper, third.ID, third.Version, account.OrganisationChange{Status: &suspended})
		must(t, err)

		for _, tt := range []struct {
			name string
			by   access.Actor
			q    account.OrganisationQuery
			want []string // slugs, by age
		}{
			{"right below the operator", f.operator, account.OrganisationQuery{}, []string{"acme", "books", "iberia"}},
			{"anywhere", f.operator, account.OrganisationQuery{Anywhere: true}, []string{"acme", "books", "iberia", "north", "cafe-one", "cafe-two", "tea"}},
			{"right below a reseller", f.operator, account.OrganisationQuery{Parent: iberia.ID}, []string{"north", "cafe-one"}},
			{"anywhere below a reseller", f.operator, account.OrganisationQuery{Parent: iberia.ID, Anywhere: true}, []string{"north", "cafe-one", "cafe-two", "tea"}},
			{"anywhere below another", reseller, account.OrganisationQuery{Parent: north.ID, Anywhere: true}, []string{"cafe-two", "tea"}},
			{"by a part of a name", f.operator, account.OrganisationQuery{Anywhere: true, Find: " cafe "}, []string{"cafe-one", "cafe-two"}},
			{"by a short name", f.operator, account.OrganisationQuery{Anywhere: true, Find: "Cafe-T"}, []string{"cafe-two"}},
			{"of one kind", reseller, account.OrganisationQuery{Anywhere: true, Kind: account.KindReseller}, []string{"north"}},
			{"of one state", reseller, account.OrganisationQuery{Anywhere: true, State: "suspended"}, []string{"tea"}},
			{"none", reseller, account.OrganisationQuery{Anywhere: true, Find: "acme"}, nil},
		} {
			var got []string
			for cursor := ""; ; {
				found, err := f.Organisations(t.Context(), tt.by, tt.q, cursor, 2)
				must(t, err)
				for _, o := range found.Items {
					got = append(got, o.Slug)
					if want := map[string]string{string(iberia.ID): "Ibéria", string(north.ID): "North"}[string(o.Parent)]; o.Parent == tt.by.Tenant && o.Above != "" || o.Parent != tt.by.Tenant && o.Above != want {
						t.Errorf("%s: above %s is %q, want %q", tt.name, o.Slug, o.Above, want)
					}
				}
				if cursor = found.Next; cursor == "" {
					break
				}
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(tt.want))
			if !slices.Equal(got, want) {
				t.Errorf("%s: %v, want %v", tt.name, got, want)
			}
		}
		found, err := f.Organisations(t.Context(), reseller, account.OrganisationQuery{Anywhere: true, State: "suspended"}, "", 1)
		must(t, err)
		if s := fmt.Sprint(found.Counts); s != "map[active:3 suspended:1]" {
			t.Errorf("counts are %s", s)
		}
		// Tenants over a limit, by what was counted last.
		byName := map[string]account.FoundOrganisation{}
		all, err := f.Organisations(t.Context(), reseller, account.OrganisationQuery{Anywhere: true}, "", 10)
		must(t, err)
		for _, o := range all.Items {
			byName[o.Slug] = o
		}
		if all.Over != 0 {
			t.Errorf("%d are over a limit, and none has one", all.Over)
		}
		two, megabyte := int64(2), int64(1)
		for slug, by := range map[string]access.Actor{"cafe-one": reseller, "cafe-two": deeper} {
			_, err := f.UpdateOrganisation(t.Context(), by, byName[slug].ID, byName[slug].Version, account.OrganisationChange{Limits: &usage.Limits{Agents: &two, StorageMB: &megabyte}})
			must(t, err)
		}
		counted := func(slug, day string, a usage.Amounts) {
			must(t, f.deps.Store.Write(t.Context(), byName[slug].ID, func(tx *store.Tx) error {
				return tx.PutUsageDays(store.UsageDayRow{Day: day, Amounts: a, CountedAt: f.clock.Now()})
			}))
		}
		today, yesterday := f.clock.Now().UTC().Format(time.DateOnly), f.clock.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		counted("cafe-one", yesterday, usage.Amounts{Agents: 9})
		counted("cafe-one", today, usage.Amounts{Agents: 2})
		counted("cafe-two", yesterday, usage.Amounts{Agents: 3, StorageBytes: 1_000_000})
		counted("tea", today, usage.Amounts{Agents: 99}) // it has no limit
		over, err := f.Organisations(t.Context(), reseller, account.OrganisationQuery{Anywhere: true, Over: true}, "", 10)
		must(t, err)
		if over.Over != 1 || len(over.Items) != 1 || over.Items[0].Slug != "cafe-two" || fmt.Sprint(over.Items[0].Over) != "[agents storage_mb]" || fmt.Sprint(over.Counts) != "map[active:1]" {
			t.Errorf("over a limit: %+v", over)
		}
		// What is not below is not there.
		_, err = f.Organisations(t.Context(), deeper, account.OrganisationQuery{Parent: iberia.ID}, "", 0)
		wantCode(t, err, errs.NotFound)
		_, err = f.Organisations(t.Context(), reseller, account.OrganisationQuery{Parent: f.a.ID, Anywhere: true}, "", 0)
		wantCode(t, err, errs.NotFound)
	})
}
