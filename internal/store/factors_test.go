package store_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// What is used once is used by one: of two who come with the same code, passkey
// or challenge the second is refused.
func TestAFactorAndAChallengeAreUsedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		factor := store.FactorRow{ID: "fac_1", UserID: "usr_1", Kind: "totp", Name: "phone", SecretSealed: []byte("s"), Step: 7}
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return tx.InsertFactor(factor) })
		}
		used := factor
		used.Step, used.UsedAt = 8, at(1)
		attempt := func(fn func(tx *store.Tx) error) error { return db.Write(t.Context(), tenA, fn) }
		if err := attempt(func(tx *store.Tx) error { return tx.UseFactor(used, 7) }); err != nil {
			t.Error(err)
		}
		wantCode(t, "again", attempt(func(tx *store.Tx) error { return tx.UseFactor(used, 7) }), errs.Conflict)
		if err := attempt(func(tx *store.Tx) error { return tx.SpendChallenge([]byte("c"), at(50)) }); err != nil {
			t.Error(err)
		}
		wantCode(t, "again", attempt(func(tx *store.Tx) error { return tx.SpendChallenge([]byte("c"), at(50)) }), errs.Conflict)
		write(t, db, tenB, func(tx *store.Tx) error { return tx.SpendChallenge([]byte("c"), at(50)) })
		wantCode(t, "another's", attempt(func(tx *store.Tx) error { return tx.DeleteFactor("usr_2", "fac_1") }), errs.NotFound)
		for _, want := range []struct {
			before int
			gone   int64
		}{{50, 0}, {51, 1}} {
			write(t, db, tenA, func(tx *store.Tx) error {
				n, err := tx.DeleteSpentChallenges(at(want.before))
				if n != want.gone {
					t.Errorf("%d went before %d, want %d", n, want.before, want.gone)
				}
				return err
			})
		}
		read(t, db, tenB, func(tx *store.Tx) error {
			rows, err := tx.FactorsOf("usr_1")
			same(t, "the other tenant's", []store.FactorRow{factor}, rows)
			return err
		})
	})
}
