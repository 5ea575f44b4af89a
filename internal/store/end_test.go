package store_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// The end of an organisation empties every table that the real schema has, of
// its rows and of nobody else's.
func TestAnEndedTenantHasNoRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		everything(t, db)
		step := func(tx *store.Tx) (table string, err error) {
			table, _, err = tx.EndTenantRows("job_kept")
			return table, err
		}
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { _, err := step(tx); return err })
		wantCode(t, "emptying a tenant that works", err, errs.Conflict)

		err = db.System(t.Context(), func(tx *store.Tx) error {
			o, err := tx.OrganisationByID(tenA)
			if err != nil {
				return err
			}
			o.Status = "closed"
			if err := tx.UpdateOrganisation(o); err != nil {
				return err
			}
			return tx.InsertJobFor(store.JobRow{Tenant: tenA, ID: "job_kept", Kind: "organisation.end"})
		})
		if err != nil {
			t.Fatal(err)
		}
		for more := true; more; {
			write(t, db, tenA, func(tx *store.Tx) error {
				table, err := step(tx)
				more = table != ""
				return err
			})
		}
		for _, table := range tenantTables(t, db) {
			for tenant, want := range map[string]bool{string(tenA): table == "organisations" || table == "jobs" || table == "usage_days" || table == "usage_months" || table == "organisation_ends", string(tenB): true} {
				var rows [][]string
				get := func(tx *store.Tx) (err error) {
					rows, err = tx.RawRows(1, "SELECT tenant_id FROM "+table+" WHERE tenant_id = '"+tenant+"'")
					return err
				}
				if tenant == string(tenA) {
					read(t, db, tenA, get)
				} else {
					read(t, db, tenB, get)
				}
				if (len(rows) > 0) != want {
					t.Errorf("%s of %s: %d rows", table, tenant, len(rows))
				}
			}
		}
		read(t, db, tenA, func(tx *store.Tx) error {
			jobs, err := tx.Jobs("organisation.end")
			if len(jobs) != 1 {
				t.Errorf("the job that carries it out is gone: %v", jobs)
			}
			return err
		})
	})
}
