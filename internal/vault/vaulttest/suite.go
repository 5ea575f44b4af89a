package vaulttest

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/vault"
)

const (
	tenantA = id.Tenant("ten_00000000000000000000000001")
	tenantB = id.Tenant("ten_00000000000000000000000002")
)

// RunStore tests a KeyStore; open gives an empty one each time.
func RunStore(t *testing.T, open func(t *testing.T) vault.KeyStore) {
	for name, test := range map[string]func(*testing.T, vault.KeyStore){
		"keys are kept by tenant, purpose, owner and version":        keeps,
		"a version is never added twice, and a batch is all or none": addsOnce,
		"a key is replaced only by who saw it":                       replaces,
		"what is deleted is gone, and only that":                     deletes,
		"owners are listed page by page":                             lists,
		"keys are counted by how their envelopes begin":              counts,
		"of many who add the same key one succeeds":                  races,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func add(t *testing.T, s vault.KeyStore, tenant id.Tenant, purpose string, version int64, owner, wrapped string) {
	t.Helper()
	if err := s.Add(t.Context(), tenant, purpose, version, []string{owner}, [][]byte{[]byte(wrapped)}); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, s vault.KeyStore, tenant id.Tenant, purpose, owner string, want map[int64][]byte) {
	t.Helper()
	got, err := s.Get(t.Context(), tenant, purpose, owner)
	if err != nil {
		t.Fatal(err)
	}
	if len(got)+len(want) > 0 && !maps.EqualFunc(got, want, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("%s %s %q: got %x, want %x", tenant, purpose, owner, got, want)
	}
}

func counts(t *testing.T, s vault.KeyStore) {
	for owner, wrapped := range map[string]string{"con_1": "\x01\x00\x00\x00\x02x", "con_2": "\x01\x00\x00\x00\x01x", "con_3": "\x01\x00\x00\x00\x02", "con_4": "\x01"} {
		add(t, s, tenantA, vault.PurposeContact, 1, owner, wrapped)
	}
	add(t, s, tenantA, vault.PurposeWrap, 1, "", "\x01\x00\x00\x00\x02")
	add(t, s, tenantB, vault.PurposeContact, 1, "con_1", "\x01\x00\x00\x00\x02")
	for _, c := range []struct {
		tenant    id.Tenant
		begins    string
		all, such int
	}{{tenantA, "\x01\x00\x00\x00\x02", 4, 2}, {tenantA, "\x01\x00\x00\x00\x03", 4, 0}, {tenantA, "", 4, 4}, {tenantB, "\x01\x00\x00\x00\x02", 1, 1}} {
		all, such, err := s.Count(t.Context(), c.tenant, vault.PurposeContact, []byte(c.begins))
		if err != nil || all != c.all || such != c.such {
			t.Errorf("%s, %x: %d of %d, %v; want %d of %d", c.tenant, c.begins, such, all, err, c.such, c.all)
		}
	}
	at, err := s.AddedAt(t.Context(), tenantA, vault.PurposeWrap, "")
	if err != nil || len(at) != 1 || at[1].IsZero() {
		t.Errorf("added at %v, %v", at, err)
	}
}

func keeps(t *testing.T, s vault.KeyStore) {
	add(t, s, tenantA, vault.PurposeData, 1, "", "a1")
	add(t, s, tenantA, vault.PurposeData, 2, "", "a2\x00\xff")
	add(t, s, tenantA, vault.PurposeWrap, 1, "", "wrap")
	add(t, s, tenantA, vault.PurposeContact, 1, "con_1", "c1")
	add(t, s, tenantB, vault.PurposeData, 1, "", "b1")
	want(t, s, tenantA, vault.PurposeData, "", map[int64][]byte{1: []byte("a1"), 2: []byte("a2\x00\xff")})
	want(t, s, tenantA, vault.PurposeWrap, "", map[int64][]byte{1: []byte("wrap")})
	want(t, s, tenantA, vault.PurposeContact, "con_1", map[int64][]byte{1: []byte("c1")})
	want(t, s, tenantB, vault.PurposeData, "", map[int64][]byte{1: []byte("b1")})
	want(t, s, tenantB, vault.PurposeContact, "con_1", nil)
	tenants, err := s.Tenants(t.Context())
	slices.Sort(tenants)
	if diff := cmp.Diff([]id.Tenant{tenantA, tenantB}, tenants); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func addsOnce(t *testing.T, s vault.KeyStore) {
	add(t, s, tenantA, vault.PurposeContact, 1, "con_2", "first")
	err := s.Add(t.Context(), tenantA, vault.PurposeContact, 1, []string{"con_1", "con_2", "con_3"}, [][]byte{{1}, {2}, {3}})
	if !errs.Is(err, errs.Conflict) {
		t.Errorf("got %v, want conflict", err)
	}
	want(t, s, tenantA, vault.PurposeContact, "con_1", nil)
	want(t, s, tenantA, vault.PurposeContact, "con_2", map[int64][]byte{1: []byte("first")})
	want(t, s, tenantA, vault.PurposeContact, "con_3", nil)
}

func replaces(t *testing.T, s vault.KeyStore) {
	add(t, s, tenantA, vault.PurposeContact, 1, "con_1", "old")
	replace := func(tenant id.Tenant, version int64, old string) error {
		return s.Replace(t.Context(), tenant, vault.PurposeContact, "con_1", version, []byte(old), []byte("new"))
	}
	for name, c := range map[string]struct {
		err  error
		want errs.Code
	}{
		"not what was seen": {replace(tenantA, 1, "other"), errs.Conflict},
		"other version":     {replace(tenantA, 2, "old"), errs.NotFound},
		"other tenant":      {replace(tenantB, 1, "old"), errs.NotFound},
	} {
		if !errs.Is(c.err, c.want) {
			t.Errorf("%s: got %v, want %s", name, c.err, c.want)
		}
	}
	want(t, s, tenantA, vault.PurposeContact, "con_1", map[int64][]byte{1: []byte("old")})
	if err := replace(tenantA, 1, "old"); err != nil {
		t.Error(err)
	}
	want(t, s, tenantA, vault.PurposeContact, "con_1", map[int64][]byte{1: []byte("new")})
}

func deletes(t *testing.T, s vault.KeyStore) {
	for _, tenant := range []id.Tenant{tenantA, tenantB} {
		add(t, s, tenant, vault.PurposeData, 1, "", "data")
		add(t, s, tenant, vault.PurposeContact, 1, "con_1", "one")
		add(t, s, tenant, vault.PurposeContact, 2, "con_1", "two")
		add(t, s, tenant, vault.PurposeContact, 1, "con_2", "other")
	}
	for range 2 { // the second time nothing is there
		if err := s.Delete(t.Context(), tenantA, vault.PurposeContact, "con_1"); err != nil {
			t.Error(err)
		}
	}
	want(t, s, tenantA, vault.PurposeContact, "con_1", nil)
	want(t, s, tenantA, vault.PurposeContact, "con_2", map[int64][]byte{1: []byte("other")})
	want(t, s, tenantB, vault.PurposeContact, "con_1", map[int64][]byte{1: []byte("one"), 2: []byte("two")})
	for range 2 {
		if err := s.DeleteTenant(t.Context(), tenantA); err != nil {
			t.Error(err)
		}
	}
	want(t, s, tenantA, vault.PurposeData, "", nil)
	want(t, s, tenantA, vault.PurposeContact, "con_2", nil)
	want(t, s, tenantB, vault.PurposeData, "", map[int64][]byte{1: []byte("data")})
}

func lists(t *testing.T, s vault.KeyStore) {
	var all []string
	for i := range 25 {
		owner := fmt.Sprintf("con_%03d", i)
		all = append(all, owner)
		add(t, s, tenantA, vault.PurposeContact, 1, owner, "key")
		add(t, s, tenantB, vault.PurposeContact, 1, "con_b"+owner, "key")
	}
	add(t, s, tenantA, vault.PurposeContact, 2, "con_003", "key") // a second version is the same owner
	add(t, s, tenantA, vault.PurposeData, 1, "", "key")
	var got []string
	for after := ""; ; after = got[len(got)-1] {
		owners, err := s.Owners(t.Context(), tenantA, vault.PurposeContact, after, 10)
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
}

func races(t *testing.T, s vault.KeyStore) {
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := s.Add(t.Context(), tenantA, vault.PurposeContact, 1, []string{"con_1"}, [][]byte{{byte(i)}})
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
		t.Errorf("%d succeeded", won.Load())
	}
}
