package floor

import (
	"time"

	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
)

// closedNow says whether a queue is out of its hours.
func (f *floor) closedNow(q setup.Queue, now time.Time) bool {
	h, ok := f.plan.Hours[q.Hours]
	return ok && !setup.IsOpen(h, now)
}

// hoursFrom notes when a queue next opens or closes.
func (f *floor) hoursFrom(now time.Time) {
	f.hours = time.Time{}
	for _, q := range f.plan.Queues {
		if h, ok := f.plan.Hours[q.Hours]; ok {
			if at, changes := setup.NextChange(h, now); changes && (f.hours.IsZero() || at.Before(f.hours)) {
				f.hours = at
			}
		}
	}
}

// openAndClose tells the engine of queues whose hours began or ended.
func (f *floor) openAndClose(now time.Time) {
	if f.hours.IsZero() || now.Before(f.hours) {
		return
	}
	for _, q := range sortedKeys(f.plan.Queues) {
		if def := f.plan.Queues[q]; def.Hours != "" {
			f.step(acd.SetQueue{Queue: f.asQueue(q, def, now)}, now)
			f.batch.queues[q] = true
		}
	}
	f.hoursFrom(now)
}
