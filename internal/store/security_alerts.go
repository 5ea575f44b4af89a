package store

import (
	"time"

	"nubitalk/internal/base/errs"
)

// SecurityAlertRow says that exports or sign-ins were unusual, that sign-ins failed that
// belong together, or that requests were refused again and again.
type SecurityAlertRow struct {
	ID             string
	Kind           string // "export", "sign_in", "many_users", "many_networks", "refused", "refused_outside"
	UserID         string // whose they were, a user's or an API key's; "" of several
	Action         string // of an export
	Why            string // words with commas between them
	Times          int    // how many there were
	RaisedAt       time.Time
	LastAt         time.Time // of the last that is counted in it
	AcknowledgedBy string
	AcknowledgedAt time.Time // zero while nobody has seen it
}

const securityAlertColumns = "alert_id, kind, user_id, action, why, times, raised_at, last_at, acknowledged_by, acknowledged_at"

func scanSecurityAlert(r row, a *SecurityAlertRow) error {
	return r.Scan(&a.ID, &a.Kind, &a.UserID, &a.Action, &a.Why, num(&a.Times), at(&a.RaisedAt), at(&a.LastAt), &a.AcknowledgedBy, at(&a.AcknowledgedAt))
}

// PutSecurityAlert stores an alert as it is now. A second one of the same kind, user and
// action that nobody has seen is Conflict.
func (tx *Tx) PutSecurityAlert(a SecurityAlertRow) error {
	_, err := tx.exec(`INSERT INTO security_alerts (tenant_id, `+securityAlertColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (tenant_id, alert_id) DO UPDATE SET why = excluded.why, times = excluded.times, last_at = excluded.last_at`,
		string(tx.scope.Tenant), a.ID, a.Kind, a.UserID, a.Action, a.Why, a.Times, us(a.RaisedAt), us(a.LastAt), a.AcknowledgedBy, us(a.AcknowledgedAt))
	return err
}

// SecurityAlert is an alert by its id.
func (tx *Tx) SecurityAlert(alertID string) (SecurityAlertRow, error) {
	return get(tx, "alert", scanSecurityAlert, `SELECT `+securityAlertColumns+` FROM security_alerts WHERE tenant_id = $1 AND alert_id = $2`, string(tx.scope.Tenant), alertID)
}

// LastSecurityAlert is the one of a kind, user and action that was raised last; NotFound
// where there was none.
func (tx *Tx) LastSecurityAlert(kind, userID, action string) (SecurityAlertRow, error) {
	return get(tx, "alert", scanSecurityAlert, `SELECT `+securityAlertColumns+` FROM security_alerts WHERE tenant_id = $1 AND kind = $2 AND user_id = $3 AND action = $4
		ORDER BY raised_at DESC LIMIT 1`, string(tx.scope.Tenant), kind, userID, action)
}

// OpenSecurityAlerts counts those of a kind that nobody has seen.
func (tx *Tx) OpenSecurityAlerts(kind string) (n int, err error) {
	_, err = tx.one(`SELECT count(*) FROM security_alerts WHERE tenant_id = $1 AND kind = $2 AND acknowledged_at = 0`, []any{string(tx.scope.Tenant), kind}, num(&n))
	return n, err
}

// SecurityAlertFilter narrows a list of security alerts; its zero value finds all.
type SecurityAlertFilter struct {
	Open   bool   // only those that nobody has seen
	Seen   bool   // only those that somebody has
	Before Cursor // rows after this one in the list; zero: from the newest
	Limit  int    // 0 means 50
}

// SecurityAlerts finds security alerts, the last raised first.
func (tx *Tx) SecurityAlerts(f SecurityAlertFilter) ([]SecurityAlertRow, error) {
	args := []any{string(tx.scope.Tenant)}
	bind := binder(&args)
	sql := "SELECT " + securityAlertColumns + " FROM security_alerts WHERE tenant_id = $1 AND raised_at > 0"
	if f.Open {
		sql += " AND acknowledged_at = 0"
	}
	if f.Seen {
		sql += " AND acknowledged_at > 0"
	}
	if !f.Before.At.IsZero() {
		sql += " AND (raised_at, alert_id) < (" + bind(us(f.Before.At)) + ", " + bind(f.Before.ID) + ")"
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return list(tx, scanSecurityAlert, sql+" ORDER BY raised_at DESC, alert_id DESC LIMIT "+bind(f.Limit), args...)
}

// AcknowledgeSecurityAlert notes who saw an alert; Conflict if somebody has.
func (tx *Tx) AcknowledgeSecurityAlert(alertID, user string, now time.Time) error {
	n, err := tx.exec(`UPDATE security_alerts SET acknowledged_by = $3, acknowledged_at = $4 WHERE tenant_id = $1 AND alert_id = $2 AND acknowledged_at = 0`,
		string(tx.scope.Tenant), alertID, user, us(now))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This alert was acknowledged already.")
	}
	return err
}

// DeleteSecurityAlerts removes those in which nothing was counted since a time.
func (tx *Tx) DeleteSecurityAlerts(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM security_alerts WHERE tenant_id = $1 AND last_at < $2`, string(tx.scope.Tenant), us(before))
}

// RefusedSignIns are the last sign-ins that failed since a time, of known users, newest
// first, at most limit.
func (tx *Tx) RefusedSignIns(since time.Time, limit int) ([]AuditRow, error) {
	return list(tx, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE tenant_id = $1 AND action IN ('sign_in.refused', 'sign_in.locked') AND at >= $2 ORDER BY at DESC LIMIT $3`,
		string(tx.scope.Tenant), us(since), limit)
}
