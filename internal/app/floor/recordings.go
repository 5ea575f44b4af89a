package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
)

// RecordingStanding is how a tenant's recordings fare, as far as that is a matter for
// alarm.
type RecordingStanding struct {
	Lost    int  // that cannot be written, or lose sound
	Full    bool // there is no room for what is recorded
	Waiting int  // segments that wait for a file storage that does not answer
}

// DefaultRecordingHold is how long recordings must fare otherwise before that is told.
const DefaultRecordingHold = 10 * time.Second

// RecordingsChanged says that a tenant's recordings fare otherwise than before: what
// Deps.Recordings answers now.
func (m *Manager) RecordingsChanged(ctx context.Context, t id.Tenant) error {
	return m.do(ctx, t, func(f *floor, _ time.Time) error {
		f.alerts.look[string(t)] = true
		return nil
	})
}

// recordingWatches are the rules that watch the tenant's recordings: nobody sets them
// up, and their ids are their measures.
func (f *floor) recordingWatches() (list []*watch) {
	for _, m := range alert.OfAllRecordings {
		rule := setup.AlertRule{Enabled: true, Measure: m, Always: true}
		levels := alert.Thresholds{Hold: f.m.RecordingHold, Critical: alert.Threshold{At: 1, Clear: 1}}
		if m == alert.RecordingsWaiting { // nothing is lost yet
			levels.Warning, levels.Critical = levels.Critical, alert.Threshold{}
		}
		list = append(list, &watch{id: string(m), rule: rule, levels: levels})
	}
	return list
}

// recordingReading is a measure of the tenant's recordings.
func (f *floor) recordingReading(m alert.Measure) alert.Reading {
	if f.m.Recordings == nil {
		return alert.Reading{Sort: alert.Off}
	}
	s := f.m.Recordings(f.tenant)
	switch m {
	case alert.RecordingsLost:
		return alert.Read(float64(s.Lost))
	case alert.RecordingsWaiting:
		return alert.Read(float64(s.Waiting))
	}
	if s.Full {
		return alert.Read(1)
	}
	return alert.Read(0)
}
