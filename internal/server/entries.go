package server

import (
	"context"
	"maps"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// ownerOf finds whose an entry point is. The first question reads the entry points of
// all tenants, and nothing else of them; later ones those of tenants that changed. One
// reads at a time, since strangers ask for what does not exist.
func (s *setups) ownerOf(ctx context.Context, entryPoint string) (t id.Tenant, found bool, err error) {
	s.mu.Lock()
	t, found = s.entries[entryPoint]
	known := s.unread != nil && len(s.unread) == 0
	s.mu.Unlock()
	if found || known {
		return t, found, nil
	}
	select {
	case s.looking <- struct{}{}:
		defer func() { <-s.looking }()
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
	s.mu.Lock()
	t, found = s.entries[entryPoint]
	stamp, all, unread := s.stamp, s.unread == nil, slices.Sorted(maps.Keys(s.unread))
	s.mu.Unlock()
	if found {
		return t, found, nil
	}
	if all {
		if unread, err = activeTenants(ctx, s.db); err != nil {
			return "", false, err
		}
	}
	read := map[string]id.Tenant{}
	for _, tenant := range unread {
		ids, err := s.points(ctx, tenant)
		if err != nil {
			return "", false, err
		}
		for _, e := range ids {
			read[e] = tenant
		}
	}
	s.learn(stamp, unread, read)
	t, found = read[entryPoint]
	return t, found, nil
}

// learn keeps what was read of tenants since a stamp, but of those that changed meanwhile.
func (s *setups) learn(stamp uint64, tenants []id.Tenant, read map[string]id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wiped > stamp {
		return
	}
	if s.unread == nil {
		s.unread = map[id.Tenant]bool{}
		for t, at := range s.touched {
			if at > stamp {
				s.unread[t] = true
			}
		}
	}
	for _, t := range tenants {
		if s.touched[t] <= stamp {
			delete(s.unread, t)
		}
	}
	for e, t := range read {
		if s.touched[t] <= stamp {
			s.entries[e] = t
		}
	}
}

// entryPoints are the ids of a tenant's that are in use; none, if it does not work.
func (s *setups) entryPoints(ctx context.Context, t id.Tenant) (ids []string, err error) {
	err = s.db.Read(ctx, t, func(tx *store.Tx) error {
		ids = nil
		o, err := tx.Organisation()
		if errs.Is(err, errs.NotFound) || err == nil && (o.Kind != "tenant" || o.Status != "active") {
			return nil
		}
		if err != nil {
			return err
		}
		ids, err = tx.SetupIDs(string(setup.KindEntryPoint))
		return err
	})
	return ids, err
}

// needsFloor is floor.Deps.Needed.
func (s *setups) needsFloor(ctx context.Context, t id.Tenant) (needs bool, err error) {
	err = s.db.Read(ctx, t, func(tx *store.Tx) error {
		needs = false
		for _, kind := range setup.Followed {
			ids, err := tx.SetupIDs(string(kind))
			if err != nil || len(ids) > 0 {
				needs = len(ids) > 0
				return err
			}
		}
		return nil
	})
	return needs, err
}

// rested lets a tenant's set-up go whose floor rests; it is read again when it is needed.
func (s *setups) rested(t id.Tenant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.plans, t)
}
