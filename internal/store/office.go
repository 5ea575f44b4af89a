package store

import (
	"time"

	"nubitalk/internal/core/access"
)

// OfficeCallRow is a call that a phone made, and that left by a trunk and was
// answered.
type OfficeCallRow struct {
	ID         string
	UserID     string // whose phone it was; "" for nobody's
	PhoneID    string
	TrunkID    string
	Emergency  bool
	Counts     []string // rules of the trunk under which its minutes count
	StartedAt  time.Time
	AnsweredAt time.Time
	EndedAt    time.Time // zero while it runs
	Q850       int       // why it ended; 0: not known
	Called     string    // the number's last digits
	Forwarded  bool      // it came to the phone, whose calls are forwarded
}

// OfficeCallFilter narrows a list of such calls; its zero value finds all.
type OfficeCallFilter struct {
	Phone, User string
	Within      *Within // who asks may know of calls of these teams' users only; nil: of all
	Before      Cursor  // of the list so far; the zero Cursor begins it
	Limit       int     // 0 is 50
}

const officeCallColumns = "call_id, user_id, phone_id, trunk_id, emergency, counts, started_at, answered_at, ended_at, q850, called, forwarded"

func scanOfficeCall(r row, c *OfficeCallRow) error {
	return r.Scan(&c.ID, &c.UserID, &c.PhoneID, &c.TrunkID, yes(&c.Emergency), fromJSON(&c.Counts), at(&c.StartedAt), at(&c.AnsweredAt), at(&c.EndedAt), num(&c.Q850), &c.Called, yes(&c.Forwarded))
}

// PutOfficeCall stores a call as it is now. What it began with does not change, and
// one that has ended stays as it is.
func (tx *Tx) PutOfficeCall(c OfficeCallRow) error {
	_, err := tx.exec(`INSERT INTO office_calls (tenant_id, `+officeCallColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (tenant_id, call_id) DO UPDATE SET ended_at = excluded.ended_at, q850 = excluded.q850 WHERE office_calls.ended_at = 0`,
		string(tx.scope.Tenant), c.ID, c.UserID, c.PhoneID, c.TrunkID, bit(c.Emergency), jsonList(c.Counts), us(c.StartedAt), us(c.AnsweredAt), us(c.EndedAt), c.Q850, c.Called, bit(c.Forwarded))
	return err
}

// OfficeCalls are the calls that began in [from, to), in order.
func (tx *Tx) OfficeCalls(from, to time.Time) ([]OfficeCallRow, error) {
	return list(tx, scanOfficeCall, `SELECT `+officeCallColumns+` FROM office_calls WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3 ORDER BY started_at, call_id`,
		string(tx.scope.Tenant), us(from), us(to))
}

// OfficeCallsNewest are calls with the newest first.
func (tx *Tx) OfficeCallsNewest(f OfficeCallFilter) ([]OfficeCallRow, error) {
	args := []any{string(tx.scope.Tenant)}
	bind := binder(&args)
	sql := `SELECT ` + officeCallColumns + ` FROM office_calls WHERE tenant_id = $1`
	if f.Phone != "" {
		sql += " AND phone_id = " + bind(f.Phone)
	}
	if f.User != "" {
		sql += " AND user_id = " + bind(f.User)
	}
	if w := f.Within; w != nil {
		sql += (&Within{RolePart: access.RolePart{Teams: w.Teams}}).interactions(bind, "", "user_id", "", "")
	}
	if !f.Before.At.IsZero() {
		sql += " AND (started_at, call_id) < (" + bind(us(f.Before.At)) + ", " + bind(f.Before.ID) + ")"
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return list(tx, scanOfficeCall, sql+" ORDER BY started_at DESC, call_id DESC LIMIT "+bind(f.Limit), args...)
}

// EndOfficeCalls ends those that began before a time and run still.
func (tx *Tx) EndOfficeCalls(before, now time.Time) error {
	_, err := tx.exec(`UPDATE office_calls SET ended_at = $3 WHERE tenant_id = $1 AND ended_at BETWEEN 0 AND 0 AND started_at < $2`, string(tx.scope.Tenant), us(before), us(now))
	return err
}

// DeleteOfficeCalls removes those that ended before a time.
func (tx *Tx) DeleteOfficeCalls(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM office_calls WHERE tenant_id = $1 AND ended_at > 0 AND ended_at < $2`, string(tx.scope.Tenant), us(before))
}
