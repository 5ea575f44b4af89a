package store_test

import (
	"testing"

	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestSmoke(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, storetest.TenantA, storetest.TenantB)
		cols, err := db.Columns(t.Context())
		t.Log(len(cols), err, cols[:4])
	})
}
