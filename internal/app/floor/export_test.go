package floor

import (
	"context"
	"fmt"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/alert"
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

// Alerts are the rows of a floor's alerts as it holds them, and what it would have
// overlooked: what changes when all is looked at and not only what is due.
func Alerts(ctx context.Context, m *Manager, t id.Tenant) (rows []store.AlertRow, overlooked []string, err error) {
	err = m.do(ctx, t, func(f *floor, now time.Time) error {
		f.watchOver(nil, now)
		rows = f.alerts.remembered()
		states := func() map[string]alert.State {
			out := map[string]alert.State{}
			for subject, list := range f.alerts.of {
				for _, w := range list {
					out[w.id+" of "+subject] = w.state()
				}
			}
			return out
		}
		before := states()
		for _, subjects := range [][]string{sortedKeys(f.plan.Queues), sortedKeys(f.people), sortedKeys(f.trunks)} {
			for _, s := range subjects {
				f.alerts.look[s] = true
			}
		}
		f.watchOver(nil, now)
		for name, after := range states() {
			if after != before[name] {
				overlooked = append(overlooked, fmt.Sprintf("%s is %v, and would be %v", name, before[name], after))
			}
		}
		return nil
	})
	return rows, overlooked, err
}

// RestNow puts to rest what may.
func RestNow(ctx context.Context, m *Manager) { m.restSome(ctx) }

// IsOpen says whether a tenant's floor runs on this node.
func IsOpen(m *Manager, t id.Tenant) bool {
	_, err := m.at(t)
	return err == nil
}

// Claim looks at the leases once.
func Claim(ctx context.Context, m *Manager) error { return m.claim(ctx) }

// Hold keeps the tenant's floor busy until release, so that calls meet in one
// batch.
func Hold(ctx context.Context, m *Manager, t id.Tenant, release <-chan struct{}) error {
	return m.do(ctx, t, func(*floor, time.Time) error { <-release; return nil })
}

// Waiting is how many calls wait for a tenant's floor.
func Waiting(m *Manager, t id.Tenant) int {
	f, err := m.at(t)
	if err != nil {
		return 0
	}
	return len(f.in)
}
