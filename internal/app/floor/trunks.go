package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
)

// TrunkStanding is how a trunk stands, as far as that is a matter for alarm.
type TrunkStanding struct {
	Name         string
	Gateways     alert.Reading // how many are down while none is up
	Registration alert.Reading // 1 while it fails
}

// DefaultTrunkHold is how long a trunk must stand otherwise before that is told.
const DefaultTrunkHold = 30 * time.Second

// Trunks takes how a tenant's trunks stand that are at work; those that it does not
// name are watched no more.
func (m *Manager) Trunks(ctx context.Context, t id.Tenant, now map[string]TrunkStanding) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		f.trunks = now
		for trunk := range now {
			f.alerts.look[trunk] = true
		}
		for subject := range f.alerts.of {
			if id.Kind(subject) == id.Trunk {
				f.alerts.look[subject] = true
			}
		}
		return nil
	})
}

// trunkWatches are the rules that watch every trunk: nobody sets them up, and their
// ids are their measures.
func (f *floor) trunkWatches() (list []*watch) {
	for _, m := range alert.OfTrunks {
		rule := setup.AlertRule{Enabled: true, Measure: m, Always: true}
		list = append(list, &watch{id: string(m), rule: rule, levels: alert.Thresholds{Hold: f.m.TrunkHold, Critical: alert.Threshold{At: 1, Clear: 1}}})
	}
	return list
}

// trunkReading is a measure of a trunk; it is unclear until somebody has told.
func (f *floor) trunkReading(m alert.Measure, trunk string) alert.Reading {
	if f.trunks == nil && f.m.Trunked {
		return alert.Reading{Sort: alert.Unclear}
	}
	s, ok := f.trunks[trunk]
	switch {
	case !ok:
		return alert.Reading{Sort: alert.Off}
	case m == alert.TrunkGateways:
		return s.Gateways
	}
	return s.Registration
}
