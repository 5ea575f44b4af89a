package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
)

// AlertRow is what became of one rule for one queue or agent.
type AlertRow struct {
	ID          string
	RuleID      string
	Measure     string // as it was when it was raised
	Activity    string // of an agent, with time_in_state
	SubjectKind string // "agent", or "queue" of all else
	SubjectID   string // a queue, an agent or a trunk
	Called      string // what a trunk was called
	Level       string // "warning", "critical"; "" while it is not raised
	Worst       string // the worst level that it had
	Value       int    // when it came to this level, in the measure's unit
	Threshold   int    // where the level began
	// WarningSince and CriticalSince are since when the value asks for a change of
	// that level; zero when it does not.
	WarningSince, CriticalSince time.Time
	RaisedAt                    time.Time // zero while it waits for its hold time
	LevelAt                     time.Time // since when it is at its level
	AcknowledgedBy              string
	AcknowledgedAt              time.Time
	EarlierBy                   string // who acknowledged it before it became worse
	EarlierAt                   time.Time
	ClearedAt                   time.Time // zero while it lasts
	Cause                       string    // why it was cleared
}

const alertColumns = "alert_id, rule_id, measure, activity, subject_kind, subject_id, level, worst, value, threshold, warning_since, critical_since, raised_at, level_at, acknowledged_by, acknowledged_at, cleared_at, cause, earlier_by, earlier_at, called"

func scanAlert(r row, a *AlertRow) error {
	return r.Scan(&a.ID, &a.RuleID, &a.Measure, &a.Activity, &a.SubjectKind, &a.SubjectID, &a.Level, &a.Worst, num(&a.Value), num(&a.Threshold), at(&a.WarningSince), at(&a.CriticalSince),
		at(&a.RaisedAt), at(&a.LevelAt), &a.AcknowledgedBy, at(&a.AcknowledgedAt), at(&a.ClearedAt), &a.Cause, &a.EarlierBy, at(&a.EarlierAt), &a.Called)
}

// PutAlert stores an alert as it is now. A second one that lasts, of the same rule
// for the same subject, is Conflict.
func (tx *Tx) PutAlert(a AlertRow) error {
	_, err := tx.exec(`INSERT INTO alerts (tenant_id, `+alertColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT (tenant_id, alert_id) DO UPDATE SET level = excluded.level, worst = excluded.worst, value = excluded.value, threshold = excluded.threshold,
		warning_since = excluded.warning_since, critical_since = excluded.critical_since, raised_at = excluded.raised_at, level_at = excluded.level_at,
		acknowledged_by = excluded.acknowledged_by, acknowledged_at = excluded.acknowledged_at, cleared_at = excluded.cleared_at, cause = excluded.cause,
		earlier_by = excluded.earlier_by, earlier_at = excluded.earlier_at`,
		string(tx.scope.Tenant), a.ID, a.RuleID, a.Measure, a.Activity, a.SubjectKind, a.SubjectID, a.Level, a.Worst, a.Value, a.Threshold, us(a.WarningSince), us(a.CriticalSince),
		us(a.RaisedAt), us(a.LevelAt), a.AcknowledgedBy, us(a.AcknowledgedAt), us(a.ClearedAt), a.Cause, a.EarlierBy, us(a.EarlierAt), a.Called)
	return err
}

// DropAlert forgets one that was never raised.
func (tx *Tx) DropAlert(alertID string) error {
	_, err := tx.exec(`DELETE FROM alerts WHERE tenant_id = $1 AND alert_id = $2 AND raised_at = 0`, string(tx.scope.Tenant), alertID)
	return err
}

// Alert is an alert by its id; NotFound for one that was never raised.
func (tx *Tx) Alert(alertID string) (AlertRow, error) {
	return get(tx, "alert", scanAlert, `SELECT `+alertColumns+` FROM alerts WHERE tenant_id = $1 AND alert_id = $2 AND raised_at > 0`, string(tx.scope.Tenant), alertID)
}

// OpenAlerts are the tenant's alerts that last, with those that wait for their hold
// time.
func (tx *Tx) OpenAlerts() ([]AlertRow, error) {
	return list(tx, scanAlert, `SELECT `+alertColumns+` FROM alerts WHERE tenant_id = $1 AND cleared_at = 0 ORDER BY rule_id, subject_id`, string(tx.scope.Tenant))
}

// AlertFilter narrows a list of alerts; its zero value finds all that were raised.
type AlertFilter struct {
	Open    bool // only those that last
	Cleared bool // only those that do not
	Rule    string
	Subject string           // a queue's or an agent's id
	Within  *access.RolePart // only those about its queues and about users of its teams; nil: all
	Without []string         // rules whose alerts are left out
	Before  Cursor           // rows after this one in the list; zero: from the newest
	Limit   int              // 0 means 50
}

// Alerts finds alerts, the last raised first.
func (tx *Tx) Alerts(f AlertFilter) ([]AlertRow, error) {
	args := []any{string(tx.scope.Tenant)}
	bind := binder(&args)
	sql := "SELECT " + alertColumns + " FROM alerts WHERE tenant_id = $1 AND raised_at > 0"
	if f.Open {
		sql += " AND cleared_at = 0"
	}
	if f.Cleared {
		sql += " AND cleared_at > 0"
	}
	if f.Rule != "" {
		sql += " AND rule_id = " + bind(f.Rule)
	}
	if f.Subject != "" {
		sql += " AND subject_id = " + bind(f.Subject)
	}
	if w := f.Within; w != nil {
		sql += (&Within{RolePart: *w}).interactions(bind, "subject_id", "subject_id", "", "")
	}
	for _, rule := range f.Without {
		sql += " AND rule_id <> " + bind(rule)
	}
	if !f.Before.At.IsZero() {
		sql += " AND (raised_at, alert_id) < (" + bind(us(f.Before.At)) + ", " + bind(f.Before.ID) + ")"
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return list(tx, scanAlert, sql+" ORDER BY raised_at DESC, alert_id DESC LIMIT "+bind(f.Limit), args...)
}

// AcknowledgeCleared notes who saw an alert that was cleared before anybody did;
// Conflict if it lasts or somebody has. Those that last are their floor's.
func (tx *Tx) AcknowledgeCleared(alertID, user string, now time.Time) error {
	n, err := tx.exec(`UPDATE alerts SET acknowledged_by = $3, acknowledged_at = $4 WHERE tenant_id = $1 AND alert_id = $2 AND cleared_at > 0 AND acknowledged_at = 0`,
		string(tx.scope.Tenant), alertID, user, us(now))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This alert was acknowledged already.")
	}
	return err
}

// DeleteAlerts removes those that were cleared before a time.
func (tx *Tx) DeleteAlerts(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM alerts WHERE tenant_id = $1 AND cleared_at > 0 AND cleared_at < $2`, string(tx.scope.Tenant), us(before))
}
