package keystore_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/keystore"
	"nubitalk/internal/store/storetest"
)

const tenA, tenB = storetest.TenantA, storetest.TenantB

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

func each(t *testing.T, test func(t *testing.T, s *keystore.Store)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			c := storetest.Config(t, driver)
			test(t, open(t, keystore.Config{Driver: c.Driver, DSN: c.DSN}))
		})
	}
}

func add(t *testing.T, s *keystore.Store, tenant id.Tenant, purpose string, version int64, owner, wrapped string) {
	t.Helper()
	if err := s.Add(t.Context(), tenant, purpose, version, []string{owner}, [][]byte{[]byte(wrapped)}); err != nil {
		t.Fatal(err)
	}
}

// want checks all versions of a key.
func want(t *testing.T, s *keystore.Store, tenant id.Tenant, purpose, owner string, want map[int64][]byte) {
	t.Helper()
	got, err := s.Get(t.Context(), tenant, purpose, owner)
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%s %s %q: %v (-want +got)\n%s", tenant, purpose, owner, err, diff)
	}
}

func TestKeysAreKeptApart(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		add(t, s, tenA, "data", 1, "", "a1")
		add(t, s, tenA, "data", 2, "", "a2\x00\xff")
		add(t, s, tenA, "wrap", 1, "", "wrap")
		add(t, s, tenA, "contact", 1, "con_1", "c1")
		add(t, s, tenB, "data", 1, "", "b1")
		want(t, s, tenA, "data", "", map[int64][]byte{1: []byte("a1"), 2: []byte("a2\x00\xff")})
		want(t, s, tenA, "wrap", "", map[int64][]byte{1: []byte("wrap")})
		want(t, s, tenA, "contact", "con_1", map[int64][]byte{1: []byte("c1")})
		want(t, s, tenB, "data", "", map[int64][]byte{1: []byte("b1")})
		want(t, s, tenB, "contact", "con_1", nil)
		tenants, err := s.Tenants(t.Context())
		if diff := cmp.Diff([]id.Tenant{tenA, tenB}, tenants); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestManyKeysAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		var owners []string
		var wrapped [][]byte
		want := map[string]map[int64][]byte{}
		for i := range 450 { // more than one statement asks for, and not a multiple of it
			owner := fmt.Sprintf("con_%03d", i)
			owners, wrapped = append(owners, owner), append(wrapped, []byte(owner))
			want[owner] = map[int64][]byte{1: []byte(owner)}
		}
		if err := s.Add(t.Context(), tenA, "contact", 1, owners, wrapped); err != nil {
			t.Fatal(err)
		}
		add(t, s, tenA, "contact", 2, "con_007", "newer")
		want["con_007"][2] = []byte("newer")
		add(t, s, tenA, "wrap", 1, "con_007", "another purpose")
		add(t, s, tenB, "contact", 1, "con_gone", "another organisation")
		got, err := s.GetMany(t.Context(), tenA, "contact", append(owners, "con_gone"))
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
		if got, err := s.GetMany(t.Context(), tenA, "contact", nil); err != nil || len(got) != 0 {
			t.Errorf("of nobody: %v, %v", got, err)
		}
	})
}

func TestAddIsAllOrNone(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		add(t, s, tenA, "contact", 1, "con_2", "first")
		err := s.Add(t.Context(), tenA, "contact", 1, []string{"con_1", "con_2"}, [][]byte{{1}, {2}})
		if !errs.Is(err, errs.Conflict) {
			t.Errorf("got %v, want conflict", err)
		}
		want(t, s, tenA, "contact", "con_1", nil)
		want(t, s, tenA, "contact", "con_2", map[int64][]byte{1: []byte("first")})
		if err := s.Add(t.Context(), tenA, "contact", 1, []string{"con_3"}, nil); err == nil {
			t.Error("owners without keys were accepted")
		}
		var won atomic.Int32
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				err := s.Add(t.Context(), tenA, "contact", 1, []string{"con_4"}, [][]byte{{byte(i)}})
				switch {
				case err == nil:
					won.Add(1)
				case !errs.Is(err, errs.Conflict):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d added the same key", won.Load())
		}
	})
}

func TestReplaceSeesWhatItReplaces(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		add(t, s, tenA, "contact", 1, "con_1", "old")
		for name, c := range map[string]struct {
			tenant  id.Tenant
			version int64
			old     string
			code    errs.Code
		}{"not what was seen": {tenA, 1, "other", errs.Conflict}, "other version": {tenA, 2, "old", errs.NotFound}, "other tenant": {tenB, 1, "old", errs.NotFound}} {
			if err := s.Replace(t.Context(), c.tenant, "contact", "con_1", c.version, []byte(c.old), []byte("new")); !errs.Is(err, c.code) {
				t.Errorf("%s: got %v, want %s", name, err, c.code)
			}
		}
		want(t, s, tenA, "contact", "con_1", map[int64][]byte{1: []byte("old")})
		if err := s.Replace(t.Context(), tenA, "contact", "con_1", 1, []byte("old"), []byte("new")); err != nil {
			t.Error(err)
		}
		want(t, s, tenA, "contact", "con_1", map[int64][]byte{1: []byte("new")})
	})
}

func TestDeleteTakesOnlyItsKeys(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		for _, tenant := range []id.Tenant{tenA, tenB} {
			add(t, s, tenant, "data", 1, "", "data")
			add(t, s, tenant, "contact", 1, "con_1", "one")
			add(t, s, tenant, "contact", 2, "con_1", "two")
			add(t, s, tenant, "contact", 1, "con_2", "other")
		}
		for range 2 { // the second time nothing is there
			if err := s.Delete(t.Context(), tenA, "contact", "con_1"); err != nil {
				t.Error(err)
			}
		}
		want(t, s, tenA, "contact", "con_1", nil)
		want(t, s, tenA, "contact", "con_2", map[int64][]byte{1: []byte("other")})
		want(t, s, tenB, "contact", "con_1", map[int64][]byte{1: []byte("one"), 2: []byte("two")})
		if err := s.DeleteTenant(t.Context(), tenA); err != nil {
			t.Error(err)
		}
		want(t, s, tenA, "data", "", nil)
		want(t, s, tenA, "contact", "con_2", nil)
		want(t, s, tenB, "data", "", map[int64][]byte{1: []byte("data")})
	})
}

func TestOwnersPageByPage(t *testing.T) {
	each(t, func(t *testing.T, s *keystore.Store) {
		var all []string
		for i := range 25 {
			owner := fmt.Sprintf("con_%03d", i)
			all = append(all, owner)
			add(t, s, tenA, "contact", 1, owner, "key")
			add(t, s, tenB, "contact", 1, "con_b"+owner, "key")
		}
		add(t, s, tenA, "contact", 2, "con_003", "key") // a second version is the same owner
		add(t, s, tenA, "data", 1, "", "key")
		var got []string
		for after := ""; ; after = got[len(got)-1] {
			owners, err := s.Owners(t.Context(), tenA, "contact", after, 10)
			if err != nil {
				t.Fatal(err)
			}
			if len(owners) == 0 {
				break
			}
			got = append(got, owners...)
		}
		if diff := cmp.Diff(all, got); diff != "" {
			t.Error(diff)
		}
	})
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
