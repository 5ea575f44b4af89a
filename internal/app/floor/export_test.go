package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// Live is the engine's state on this node, with what it waits for next.
func Live(ctx context.Context, m *Manager, t id.Tenant) (r acd.Restored, now, wake time.Time, err error) {
	err = m.do(ctx, t, func(f *floor, at time.Time) error {
		r, now = f.engine.Snapshot(), at
		wake = at.Add(f.sleep())
		return nil
	})
	return r, now, wake, err
}

// Stored is the state that a floor would start from now.
func Stored(ctx context.Context, m *Manager, t id.Tenant) (acd.Restored, error) {
	f, now := newFloor(m, t, 0), m.Clock.Now()
	s, err := f.remember(ctx, now)
	if err != nil {
		return acd.Restored{}, err
	}
	pending := map[string]store.OfferRow{}
	for _, o := range s.offers {
		pending[o.InteractionID] = o
	}
	return f.restored(s, pending, now), nil
}

// Hold keeps the tenant's floor busy until release, so that calls meet in one
// batch.
func Hold(ctx context.Context, m *Manager, t id.Tenant, release <-chan struct{}) error {
	return m.do(ctx, t, func(*floor, time.Time) error { <-release; return nil })
}
