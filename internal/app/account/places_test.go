package account_test

import (
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// A user may belong to a site and to teams of its own organisation; a change
// touches only what it names.
func TestTeamsAndSite(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for tenant, name := range map[string]string{string(f.a.ID): "a", string(f.b.ID): "b"} {
			admin := f.a.admin
			if name == "b" {
				admin = f.b.admin
			}
			must(t, f.db.Write(t.Context(), admin.Tenant, func(tx *store.Tx) error {
				for _, row := range []store.SetupRow{{Kind: "teams", ID: "tea_1" + name}, {Kind: "teams", ID: "tea_2" + name}, {Kind: "sites", ID: "sit_1" + name},
					{Kind: "teams", ID: "tea_old" + name, ArchivedAt: start}} {
					row.Body, row.CreatedAt, row.UpdatedAt, row.Version = []byte(`{"name":"`+tenant+row.ID+`"}`), start, start, 1
					if err := tx.InsertSetup(row); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		make := func(n account.NewUser) (account.User, error) {
			n.Roles = []access.Role{access.Agent}
			u, _, err := f.CreateUser(t.Context(), f.a.admin, n)
			return u, err
		}
		plain, err := make(account.NewUser{UserName: "plain"})
		must(t, err)
		if plain.Site != "" || plain.Teams == nil || len(plain.Teams) != 0 {
			t.Errorf("%+v", plain)
		}
		u, err := make(account.NewUser{UserName: "ana", Teams: []string{"tea_2a", "tea_1a", "tea_2a"}, Site: "sit_1a"})
		must(t, err)
		if !slices.Equal(u.Teams, []string{"tea_1a", "tea_2a"}) || u.Site != "sit_1a" {
			t.Errorf("%+v", u)
		}
		for name, n := range map[string]account.NewUser{
			"teams[0]": {Teams: []string{"tea_1b"}}, "teams[1]": {Teams: []string{"tea_1a", "tea_olda"}}, "site": {Site: "sit_1b"},
		} {
			n.UserName = "other"
			_, err := make(n)
			if wantCode(t, err, errs.Invalid); len(errs.As(err).Fields) != 1 || errs.As(err).Fields[0].Path != name {
				t.Errorf("%s: %+v", name, errs.As(err).Fields)
			}
		}
		name := "ana2"
		u, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, u.Version, account.UserChange{UserName: &name})
		must(t, err)
		if len(u.Teams) != 2 || u.Site != "sit_1a" {
			t.Errorf("a change of the name changed %+v", u)
		}
		foreign := []string{"tea_1b"}
		_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, u.Version, account.UserChange{Teams: &foreign})
		wantCode(t, err, errs.Invalid)
		less, none := []string{"tea_1a"}, ""
		u, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, u.Version, account.UserChange{Teams: &less, Site: &none})
		must(t, err)
		if !slices.Equal(u.Teams, less) || u.Site != "" {
			t.Errorf("%+v", u)
		}
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			rows, err := tx.Audit(store.AuditFilter{Limit: 1})
			if err == nil && (len(rows) != 1 || rows[0].ObjectID != u.ID || !strings.Contains(rows[0].Detail, `"fields":"teams site"`)) {
				t.Errorf("%+v", rows)
			}
			return err
		}))
	})
}
