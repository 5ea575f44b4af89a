package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
)

// Drivers are the engines that every test of stored things runs on.
var Drivers = []string{store.SQLite, store.Postgres}

// Config is a new, empty database of an engine; Open and Migrate it.
func Config(tb testing.TB, driver string) store.Config {
	tb.Helper()
	if driver == store.Postgres {
		return store.Config{Driver: driver, DSN: Postgres(tb)}
	}
	return store.Config{Driver: store.SQLite, DSN: filepath.Join(tb.TempDir(), "nubitalk.db")}
}

// Open opens a new database of an engine with its schema in place, and closes it
// at the test's end.
func Open(tb testing.TB, driver string) *store.DB {
	tb.Helper()
	if driver == store.Postgres { // a copy of a migrated one, which is quicker
		return open(tb, store.Config{Driver: driver, DSN: migratedPostgres(tb)})
	}
	return Reopen(tb, Config(tb, driver))
}

// Reopen opens a database that may exist already, and brings its schema up to
// date.
func Reopen(tb testing.TB, c store.Config) *store.DB {
	tb.Helper()
	db := open(tb, c)
	if err := db.Migrate(tb.Context()); err != nil {
		tb.Fatalf("migrating: %v", err)
	}
	return db
}

func open(tb testing.TB, c store.Config) *store.DB {
	tb.Helper()
	db, err := store.Open(tb.Context(), c)
	if err != nil {
		tb.Fatalf("opening the database: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("closing the database: %v", err)
		}
	})
	return db
}

// Each runs a test once on each engine; open gives a new database each time.
func Each(t *testing.T, test func(t *testing.T, open func() *store.DB)) {
	t.Helper()
	for _, driver := range Drivers {
		t.Run(driver, func(t *testing.T) {
			test(t, func() *store.DB { return Open(t, driver) })
		})
	}
}

// Two tenants, as every fixture has.
const (
	TenantA = id.Tenant("ten_00000000000000000000000001")
	TenantB = id.Tenant("ten_00000000000000000000000002")
)

// Organisations adds tenants with ordinary values.
func Organisations(tb testing.TB, db *store.DB, tenants ...id.Tenant) {
	tb.Helper()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	err := db.System(tb.Context(), func(tx *store.Tx) error {
		for _, t := range tenants {
			o := store.OrganisationRow{ID: t, Kind: "tenant", Slug: string(t), Name: "Tenant " + string(t), Status: "active", Language: "en", TimeZone: "Europe/Lisbon",
				CreatedAt: now, UpdatedAt: now}
			if err := tx.InsertOrganisation(o); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatalf("adding organisations: %v", err)
	}
}
