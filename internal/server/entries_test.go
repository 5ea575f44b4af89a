package server

import (
	"context"
	"sync"
	"testing"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store/storetest"
)

// Of what was read while one tenant changed all is kept but that tenant's, so that many
// tenants of which some always change are not read anew for each question; and those who
// ask together read once.
func TestEntryPointsAreReadOnceThoughTenantsChange(t *testing.T) {
	db := storetest.Open(t, "sqlite")
	storetest.Organisations(t, db, acmeTenant, booksTenant)
	s := newSetups(db, nil, nil)
	reads, entry := map[id.Tenant]int{}, "ent_books"
	s.points = func(_ context.Context, tenant id.Tenant) ([]string, error) {
		reads[tenant]++ // one at a time
		if tenant == acmeTenant {
			return []string{"ent_acme"}, nil
		}
		was := entry
		if reads[tenant] == 1 { // it changes after it was read
			entry = "ent_new"
			s.forget(booksTenant)
		}
		return []string{was}, nil
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, found, err := s.ownerOf(t.Context(), "ent_none"); found || err != nil {
				t.Errorf("an entry point of nobody: %t %v", found, err)
			}
		})
	}
	all.Wait()
	if reads[acmeTenant] != 1 || reads[booksTenant] != 2 {
		t.Errorf("read %v; want the one that did not change once, the other twice", reads)
	}
	for e, want := range map[string]id.Tenant{"ent_acme": acmeTenant, "ent_new": booksTenant, "ent_books": ""} {
		if owner, found, err := s.ownerOf(t.Context(), e); err != nil || owner != want || found != (want != "") {
			t.Errorf("%s: %q %t %v, want %q", e, owner, found, err, want)
		}
	}
	s.forget("")
	if owner, _, err := s.ownerOf(t.Context(), "ent_acme"); err != nil || owner != acmeTenant || reads[acmeTenant] != 2 {
		t.Errorf("after all was forgotten: %q %v, read %v", owner, err, reads)
	}
}
