package store_test

import (
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestSecretsOfSetup(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		row := store.SetupSecretRow{Kind: "trunks", ID: "trk_1", Field: "password", Sealed: []byte("sealed"), SetAt: t0}
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return tx.PutSetupSecret(row) })
		}
		again := row
		again.Sealed, again.SetAt = []byte("sealed anew"), at(5)
		write(t, db, tenA, func(tx *store.Tx) error {
			if err := tx.PutSetupSecret(again); err != nil {
				return err
			}
			return tx.PutSetupSecret(store.SetupSecretRow{Kind: "trunks", ID: "trk_2", Field: "password", Sealed: []byte("s"), SetAt: t0})
		})
		for tenant, want := range map[id.Tenant]store.SetupSecretRow{tenA: again, tenB: row} {
			read(t, db, tenant, func(tx *store.Tx) error {
				got, err := tx.SetupSecret("trunks", "trk_1", "password")
				same(t, "secret", want, got)
				return err
			})
		}
		write(t, db, tenA, func(tx *store.Tx) error {
			all, err := tx.SetupSecrets("trunks", "password")
			same(t, "secrets", []store.SetupSecretRow{again, {Kind: "trunks", ID: "trk_2", Field: "password", Sealed: []byte("s"), SetAt: t0}}, all)
			if err != nil {
				return err
			}
			names, err := tx.SetupSecretNames("trunks")
			same(t, "names", map[string][]string{"trk_1": {"password"}, "trk_2": {"password"}}, names)
			if err != nil {
				return err
			}
			for range 2 { // what is gone already is no error
				if err := tx.DeleteSetupSecret("trunks", "trk_1", "password"); err != nil {
					return err
				}
			}
			_, err = tx.SetupSecret("trunks", "trk_1", "password")
			wantCode(t, "removed", err, errs.NotFound)
			return nil
		})
		read(t, db, tenB, func(tx *store.Tx) error {
			_, err := tx.SetupSecret("trunks", "trk_1", "password")
			return err
		})
	})
}

// A number has one trunk in the whole installation, and nobody sees whose.
func TestANumberHasOneTrunk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		write(t, db, tenA, func(tx *store.Tx) error {
			for _, n := range []string{"+351210000002", "+351210000001"} {
				if err := tx.InsertTrunkNumber("trk_1", n); err != nil {
					return err
				}
			}
			return nil
		})
		take := func(tenant id.Tenant, trunk string) error {
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.InsertTrunkNumber(trunk, "+351210000001") })
		}
		wantCode(t, "another trunk's", take(tenA, "trk_2"), errs.Conflict)
		wantCode(t, "another tenant's", take(tenB, "trk_1"), errs.Conflict)
		write(t, db, tenB, func(tx *store.Tx) error {
			n, err := tx.TrunkNumbers("trk_1")
			if len(n) > 0 {
				t.Errorf("%v", n)
			}
			if err == nil {
				err = tx.DeleteTrunkNumber("trk_1", "+351210000001") // not its own
			}
			return err
		})
		wantCode(t, "after another tenant took it away", take(tenB, "trk_1"), errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.TrunkNumbers("trk_1")
			if !slices.Equal(n, []string{"+351210000001", "+351210000002"}) {
				t.Errorf("%v", n)
			}
			if err == nil {
				err = tx.DeleteTrunkNumber("trk_1", "+351210000001")
			}
			return err
		})
		wantCode(t, "after it was given up", take(tenB, "trk_1"), "")
	})
}
