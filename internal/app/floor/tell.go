package floor

import (
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// tellOthers makes an alert that was raised, changed or ended known to the systems that
// asked for it. Queues, rules and trunks have their names, an agent has none.
func (f *floor) tellOthers(row store.AlertRow, now time.Time) {
	if f.m.Webhooks == nil {
		return
	}
	event := webhook.AlertChanged
	switch {
	case !row.ClearedAt.IsZero():
		event = webhook.AlertEnded
	case row.LevelAt.Equal(row.RaisedAt) && row.AcknowledgedAt.IsZero():
		event = webhook.AlertRaised
	}
	a := webhook.Alert{ID: row.ID, Measure: row.Measure, Activity: row.Activity, Level: row.Level, Worst: row.Worst, Value: row.Value, Threshold: row.Threshold,
		RaisedAt: row.RaisedAt, LevelAt: row.LevelAt, Acknowledged: row.AcknowledgedAt, EndedAt: row.ClearedAt, Cause: row.Cause}
	if id.Kind(row.RuleID) == id.AlertRule {
		a.Rule = &webhook.Named{ID: row.RuleID, Name: f.plan.AlertRules[row.RuleID].Name}
	}
	switch {
	case row.SubjectKind == ofAgent:
		a.Agent = &webhook.Named{ID: row.SubjectID}
	case id.Kind(row.SubjectID) == id.Trunk:
		a.Trunk = &webhook.Named{ID: row.SubjectID, Name: row.Called}
	case alert.Measure(row.Measure).OfRecordings(): // the organisation's
	default:
		a.Queue = &webhook.Named{ID: row.SubjectID, Name: f.plan.Queues[row.SubjectID].Name}
	}
	f.batch.others = append(f.batch.others, webhook.Event{Type: event, At: now, Data: a})
}
