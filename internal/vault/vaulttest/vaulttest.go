package vaulttest

import (
	"bytes"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/vault"
)

// New makes a vault with a root key of its own and keys for the tenants.
func New(t testing.TB, tenants ...id.Tenant) *vault.Vault {
	t.Helper()
	root, err := vault.FileRoot(filepath.Join(t.TempDir(), "root.key"))
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(vault.Config{Root: root, Store: NewStore()})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range tenants {
		if err := v.CreateTenant(t.Context(), tenant); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

type slot struct {
	tenant         id.Tenant
	purpose, owner string
}

// Store is a KeyStore in memory.
type Store struct {
	mu   sync.Mutex
	keys map[slot]map[int64][]byte

	since time.Time
}

// NewStore makes an empty one.
func NewStore() *Store { return &Store{keys: map[slot]map[int64][]byte{}, since: time.Now()} }

// Add implements vault.KeyStore.
func (s *Store) Add(_ context.Context, t id.Tenant, purpose string, version int64, owners []string, wrapped [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, owner := range owners {
		if s.keys[slot{t, purpose, owner}][version] != nil || slices.Contains(owners[:i], owner) {
			return errs.New(errs.Conflict, "This key exists already.")
		}
	}
	for i, owner := range owners {
		k := slot{t, purpose, owner}
		if s.keys[k] == nil {
			s.keys[k] = map[int64][]byte{}
		}
		s.keys[k][version] = bytes.Clone(wrapped[i])
	}
	return nil
}

// Get implements vault.KeyStore.
func (s *Store) Get(_ context.Context, t id.Tenant, purpose, owner string) (map[int64][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.keys[slot{t, purpose, owner}]), nil
}

// GetMany implements vault.KeyStore.
func (s *Store) GetMany(_ context.Context, t id.Tenant, purpose string, owners []string) (map[string]map[int64][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]map[int64][]byte{}
	for _, o := range owners {
		if keys, ok := s.keys[slot{t, purpose, o}]; ok {
			out[o] = maps.Clone(keys)
		}
	}
	return out, nil
}

// Replace implements vault.KeyStore.
func (s *Store) Replace(_ context.Context, t id.Tenant, purpose, owner string, version int64, old, new []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have, ok := s.keys[slot{t, purpose, owner}][version]
	if !ok {
		return errs.New(errs.NotFound, "This key does not exist.")
	}
	if !bytes.Equal(have, old) {
		return errs.New(errs.Conflict, "This key was changed by someone else.")
	}
	s.keys[slot{t, purpose, owner}][version] = bytes.Clone(new)
	return nil
}

// Delete implements vault.KeyStore.
func (s *Store) Delete(_ context.Context, t id.Tenant, purpose, owner string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.keys, slot{t, purpose, owner})
	return nil
}

// DeleteTenant implements vault.KeyStore.
func (s *Store) DeleteTenant(_ context.Context, t id.Tenant) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.keys, func(k slot, _ map[int64][]byte) bool { return k.tenant == t })
	return nil
}

// Owners implements vault.KeyStore.
func (s *Store) Owners(_ context.Context, t id.Tenant, purpose, after string, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var owners []string
	for k := range s.keys {
		if k.tenant == t && k.purpose == purpose && k.owner > after {
			owners = append(owners, k.owner)
		}
	}
	slices.Sort(owners)
	return owners[:min(limit, len(owners))], nil
}

// Count implements vault.KeyStore.
func (s *Store) Count(_ context.Context, t id.Tenant, purpose string, begins []byte) (all, such int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, versions := range s.keys {
		if k.tenant != t || k.purpose != purpose {
			continue
		}
		for _, wrapped := range versions {
			all++
			if bytes.HasPrefix(wrapped, begins) {
				such++
			}
		}
	}
	return all, such, nil
}

// AddedAt implements vault.KeyStore; all is as old as the store.
func (s *Store) AddedAt(_ context.Context, t id.Tenant, purpose, owner string) (map[int64]time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[int64]time.Time{}
	for version := range s.keys[slot{t, purpose, owner}] {
		out[version] = s.since
	}
	return out, nil
}

// Tenants implements vault.KeyStore.
func (s *Store) Tenants(context.Context) ([]id.Tenant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[id.Tenant]bool{}
	for k := range s.keys {
		seen[k.tenant] = true
	}
	return slices.Sorted(maps.Keys(seen)), nil
}
