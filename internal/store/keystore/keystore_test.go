package keystore_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
	"nubitalk/internal/vault"
	"nubitalk/internal/vault/vaulttest"
)

func open(t *testing.T, c keystore.Config) *keystore.Store {
	t.Helper()
	s, err := keystore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSuite(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			vaulttest.RunStore(t, func(t *testing.T) vault.KeyStore {
				c := storetest.Config(t, driver)
				return open(t, keystore.Config{Driver: c.Driver, DSN: c.DSN})
			})
		})
	}
}

// Both databases may be schemas of one PostgreSQL database.
func TestBesideTheMainDatabase(t *testing.T) {
	c := storetest.Config(t, store.Postgres)
	main := storetest.Reopen(t, c)
	keys := open(t, keystore.Config{Driver: c.Driver, DSN: c.DSN})
	in, err := main.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, col := range in {
		if col.Table == "wrapped_keys" {
			t.Error("the main schema holds keys")
		}
	}
	if cols, err := keys.Columns(t.Context()); err != nil || len(cols) == 0 {
		t.Error(cols, err)
	}
}

// A destroyed key is in no file: not in the database, not in its log, and not in
// what page splits and merges left behind.
func TestDeletedKeysLeaveNoBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.db")
	s := open(t, keystore.Config{Driver: store.SQLite, DSN: path})
	const n = 1200
	wrapped := make([][]byte, n)
	owners := make([]string, n)
	for i := range n {
		b := make([]byte, 8)
		_, _ = rand.Read(b)
		owners[i] = fmt.Sprintf("con_%x", b) // at random places of the tree
		wrapped[i] = make([]byte, 80)
		_, _ = rand.Read(wrapped[i])
	}
	for i := 0; i < n; i += 100 {
		if err := s.Add(t.Context(), storetest.TenantA, "contact", 1, owners[i:i+100], wrapped[i:i+100]); err != nil {
			t.Fatal(err)
		}
	}
	if found := count(t, path, wrapped); found != n {
		t.Fatalf("%d of %d keys are seen before, so the check proves nothing", found, n)
	}
	for _, o := range owners[:n/2] {
		if err := s.Delete(t.Context(), storetest.TenantA, "contact", o); err != nil {
			t.Fatal(err)
		}
	}
	var pieces [][]byte
	for _, w := range wrapped[:n/2] {
		for i := 0; i < len(w); i += 16 {
			pieces = append(pieces, w[i:i+16])
		}
	}
	if found := count(t, path, pieces); found > 0 {
		t.Errorf("%d of %d pieces of deleted keys are still in a file", found, len(pieces))
	}
	if found := count(t, path, wrapped[n/2:]); found != n/2 {
		t.Errorf("only %d of %d others are left", found, n/2)
	}
	if err := s.DeleteTenant(t.Context(), storetest.TenantA); err != nil {
		t.Fatal(err)
	}
	if found := count(t, path, wrapped); found > 0 {
		t.Errorf("%d keys of a deleted tenant are still in a file", found)
	}
}

// count says how many values stand in any file of the folder.
func count(t *testing.T, path string, values [][]byte) (found int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	for _, v := range values {
		if bytes.Contains(all, v) {
			found++
		}
	}
	return found
}
