package floor

import (
	"cmp"
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/store"
)

// alertChanged is the live event of an alert that was raised, changed its level,
// was acknowledged or cleared; its data is the Alert.
const alertChanged = "alert.changed"

// alertsChanged is the live event of other recipients: who shows alerts fetches
// them again.
const alertsChanged = "alerts.changed"

// Alert says that a figure of a queue, or an agent's time in a state, is past a
// rule's threshold, or was.
type Alert struct {
	ID             string         `json:"id"`
	Rule           string         `json:"rule" doc:"Id of the alert rule; of a trunk's, the measure."`
	Measure        alert.Measure  `json:"measure" enum:"waiting,longest_waiting,estimated_wait,service_level_ignored,abandon_rate,agents_free,agents_at_work,time_in_state,trunk_gateways,trunk_registration,recordings_lost,recordings_full,recordings_waiting" doc:"trunk_gateways: none of a trunk's gateways answers. trunk_registration: a trunk's registration fails. Every trunk is watched for both, without a rule. recordings_lost: running recordings cannot be written, or lose sound. recordings_full: there is no room for what is recorded. recordings_waiting: the file storage does not answer, and what was recorded waits, sealed. Recordings are watched for these without a rule."`
	Activity       alert.Activity `json:"activity,omitempty" enum:"ready,engaged,wrapping,not_ready,missed" doc:"With time_in_state."`
	Queue          string         `json:"queue,omitempty" doc:"The queue that it is about."`
	User           string         `json:"user,omitempty" doc:"The agent that it is about."`
	Trunk          string         `json:"trunk,omitempty" doc:"The trunk that it is about."`
	Called         string         `json:"called,omitempty" doc:"What the trunk was called when it was raised."`
	Level          string         `json:"level" enum:"warning,critical" doc:"The last one, once it is cleared."`
	Worst          string         `json:"worst" enum:"warning,critical" doc:"The worst level that it had."`
	Value          int            `json:"value" doc:"When it came to its level, in the measure's unit, rounded down."`
	Threshold      int            `json:"threshold" doc:"Where the level began."`
	RaisedAt       time.Time      `json:"raised_at"`
	LevelAt        time.Time      `json:"level_at" doc:"Since when it is at its level."`
	AcknowledgedBy string         `json:"acknowledged_by,omitempty" doc:"Who saw it; empty again when it becomes worse."`
	AcknowledgedAt time.Time      `json:"acknowledged_at,omitzero"`
	EarlierBy      string         `json:"earlier_acknowledged_by,omitempty" doc:"Who saw it before it became worse."`
	EarlierAt      time.Time      `json:"earlier_acknowledged_at,omitzero"`
	ClearedAt      time.Time      `json:"cleared_at,omitzero"`
	Cause          string         `json:"cause,omitempty" enum:"back,closed,rule,gone" doc:"Why it was cleared: the value is good again, the queue closed, the rule was changed or taken out of use, or the queue, agent or trunk is no more, or out of use."`
}

func alertOf(r store.AlertRow) Alert {
	a := Alert{ID: r.ID, Rule: r.RuleID, Measure: alert.Measure(r.Measure), Activity: alert.Activity(r.Activity), Level: r.Level, Worst: r.Worst, Value: r.Value, Threshold: r.Threshold,
		RaisedAt: r.RaisedAt, LevelAt: r.LevelAt, AcknowledgedBy: r.AcknowledgedBy, AcknowledgedAt: r.AcknowledgedAt, EarlierBy: r.EarlierBy, EarlierAt: r.EarlierAt, ClearedAt: r.ClearedAt, Cause: r.Cause}
	switch {
	case r.SubjectKind == ofAgent:
		a.User = r.SubjectID
	case id.Kind(r.SubjectID) == id.Trunk:
		a.Trunk, a.Called = r.SubjectID, r.Called
	case a.Measure.OfRecordings(): // the organisation's
	default:
		a.Queue = r.SubjectID
	}
	return a
}

// openAlerts are those that last and that somebody sees, the worst first, then
// the oldest.
func (f *floor) openAlerts(a access.Actor) []Alert {
	out := make([]Alert, 0, len(f.alerts.open))
	for _, w := range f.alerts.open {
		if f.alertIsFor(a.User, w.id) && f.mayAlert(a, access.FloorWatch, w.row) {
			out = append(out, alertOf(w.row))
		}
	}
	order.By(out, func(a, b Alert) int {
		return cmp.Or(cmp.Compare(alert.ParseLevel(b.Level), alert.ParseLevel(a.Level)), a.RaisedAt.Compare(b.RaisedAt), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// AlertSearch narrows a list of alerts; its zero value means all.
type AlertSearch struct {
	State   string // "open" or "cleared"
	Rule    string
	Subject string // a queue's or an agent's id
	Cursor  string
	Limit   int
}

// Alerts lists the alerts that the actor sees, the last raised first.
func (m *Manager) Alerts(ctx context.Context, a access.Actor, q AlertSearch) (items []Alert, next string, err error) {
	f := store.AlertFilter{Open: q.State == "open", Cleared: q.State == "cleared", Rule: q.Rule, Subject: q.Subject, Limit: limitOf(q.Limit) + 1}
	if f.Before, err = store.ReadCursor(q.Cursor, id.Alert); err != nil {
		return nil, "", err
	}
	if access.Reach(a, access.FloorWatch) == access.SomeOf {
		part := access.PartOf(a, access.FloorWatch)
		f.Within = &part
	}
	if f.Without, err = m.notFor(ctx, a); err != nil {
		return nil, "", err
	}
	var rows []store.AlertRow
	err = m.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		rows, err = tx.Alerts(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].RaisedAt, ID: rows[n-1].ID}.String()
	}
	items = make([]Alert, len(rows))
	for i, r := range rows {
		items[i] = alertOf(r)
	}
	return items, next, nil
}

// notFor are the rules whose alerts the actor does not see.
func (m *Manager) notFor(ctx context.Context, a access.Actor) (rules []string, err error) {
	err = m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error {
		rules = nil
		for _, r := range sortedKeys(f.plan.AlertRules) {
			if !f.alertIsFor(a.User, r) {
				rules = append(rules, r)
			}
		}
		return nil
	})
	return rules, err
}

// Acknowledge notes that the actor saw an alert. Who was first stays; a repeat
// changes nothing.
func (m *Manager) Acknowledge(ctx context.Context, a access.Actor, alertID string) (Alert, error) {
	none := errs.New(errs.NotFound, "This alert does not exist.")
	if !id.Valid(id.Alert, alertID) {
		return Alert{}, none
	}
	var out Alert
	err := m.do(ctx, a.Tenant, func(f *floor, now time.Time) error {
		w := f.alerts.open[alertID]
		if w == nil || !f.alertIsFor(a.User, w.id) || !f.mayAlert(a, access.AlertManage, w.row) {
			return none
		}
		if w.row.AcknowledgedAt.IsZero() {
			w.row.AcknowledgedBy, w.row.AcknowledgedAt = a.User, now.Truncate(time.Microsecond)
			f.keepAlert(w.row)
			f.note(a.User, "alert.acknowledged", alertID, w.row.Level)
			f.tellAlert(w.row)
			f.tellOthers(w.row, now)
		}
		out = alertOf(w.row)
		return nil
	})
	if errs.Is(err, errs.NotFound) {
		return m.acknowledgeCleared(ctx, a, alertID)
	}
	return out, err
}

// mayAcknowledge is mayAlert for an alert that no floor holds any more.
func mayAcknowledge(tx *store.Tx, a access.Actor, row store.AlertRow) (bool, error) {
	in := access.RolePart{Queues: []string{row.SubjectID}}
	if row.SubjectKind == ofAgent {
		var err error
		if in, err = tx.Belongs("", row.SubjectID, ""); err != nil {
			return false, err
		}
	}
	return access.Over(a, access.AlertManage, access.Some(a.Tenant, in)) > access.Own, nil
}

// acknowledgeCleared is Acknowledge for an alert that no floor holds any more.
func (m *Manager) acknowledgeCleared(ctx context.Context, a access.Actor, alertID string) (Alert, error) {
	var row store.AlertRow
	var seen bool
	hidden, err := m.notFor(ctx, a)
	if err != nil {
		return Alert{}, err
	}
	err = m.DB.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = tx.Alert(alertID); errs.Is(err, errs.NotFound) || err == nil && slices.Contains(hidden, row.RuleID) {
			return errs.New(errs.NotFound, "This alert does not exist.")
		}
		if ok, err := mayAcknowledge(tx, a, row); err != nil || !ok {
			return cmp.Or[error](err, errs.New(errs.NotFound, "This alert does not exist."))
		}
		if seen = err == nil && row.AcknowledgedAt.IsZero() && !row.ClearedAt.IsZero(); !seen {
			return err
		}
		row.AcknowledgedBy, row.AcknowledgedAt = a.User, m.Clock.Now().UTC().Truncate(time.Microsecond)
		if err := tx.AcknowledgeCleared(alertID, row.AcknowledgedBy, row.AcknowledgedAt); err != nil || m.Audit == nil {
			return err
		}
		return m.Audit.Append(tx, a.User, "alert.acknowledged", alertID, row.Level)
	})
	if err != nil {
		return Alert{}, err
	}
	if seen {
		err = m.do(ctx, a.Tenant, func(f *floor, _ time.Time) error { f.tellAlert(row); return nil })
	}
	return alertOf(row), err
}
