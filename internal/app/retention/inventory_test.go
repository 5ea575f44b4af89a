package retention_test

import (
	"testing"

	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
)

// The inventory against the real schemas on both engines: a column that nobody
// has classified fails the build (privacy.md, rule 1).
func TestTheInventoryIsTheSchema(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			c := storetest.Config(t, driver)
			db := storetest.Reopen(t, c)
			columns, err := db.Columns(t.Context())
			must(t, err)
			var names []string
			for _, col := range columns {
				names = append(names, col.Table+"."+col.Name)
			}
			if err := privacy.CompareColumns(names); err != nil {
				t.Error(err)
			}
			if driver == store.SQLite {
				c.DSN += ".keys"
			}
			keys, err := keystore.Open(t.Context(), keystore.Config{Driver: c.Driver, DSN: c.DSN})
			must(t, err)
			t.Cleanup(func() { keys.Close() })
			keyColumns, err := keys.Columns(t.Context())
			must(t, err)
			names = nil
			for _, col := range keyColumns {
				names = append(names, col.Table+"."+col.Name)
			}
			if err := privacy.CompareKeys(names); err != nil {
				t.Error(err)
			}
		})
	}
}
