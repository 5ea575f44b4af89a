package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// ForwardRow is where the calls of a phone's extension are forwarded to.
type ForwardRow struct {
	PhoneID string
	UserID  string // whose phone it was when this was chosen; "" for nobody's
	Sealed  secret.Sealed
	SetBy   string
	SetAt   time.Time
}

const forwardColumns = "phone_id, user_id, rules_sealed, set_by, set_at"

func scanForward(r row, f *ForwardRow) error {
	return r.Scan(&f.PhoneID, &f.UserID, sealed(&f.Sealed), &f.SetBy, at(&f.SetAt))
}

// PutForward stores where a phone's calls are forwarded to, in place of what was
// chosen before.
func (tx *Tx) PutForward(f ForwardRow) error {
	_, err := tx.exec(`INSERT INTO forwards (tenant_id, `+forwardColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, phone_id) DO UPDATE SET user_id = excluded.user_id, rules_sealed = excluded.rules_sealed, set_by = excluded.set_by, set_at = excluded.set_at`,
		string(tx.scope.Tenant), f.PhoneID, f.UserID, raw(f.Sealed), f.SetBy, us(f.SetAt))
	return err
}

// Forward is what was chosen for a phone.
func (tx *Tx) Forward(phone string) (ForwardRow, error) {
	return get(tx, "forwarding", scanForward, `SELECT `+forwardColumns+` FROM forwards WHERE tenant_id = $1 AND phone_id = $2`, string(tx.scope.Tenant), phone)
}

// Forwards are all that was chosen, by phone.
func (tx *Tx) Forwards() ([]ForwardRow, error) {
	return list(tx, scanForward, `SELECT `+forwardColumns+` FROM forwards WHERE tenant_id = $1 ORDER BY phone_id`, string(tx.scope.Tenant))
}

// DeleteArchivedForwards forgets what was chosen for phones that were archived before a
// time and not brought back.
func (tx *Tx) DeleteArchivedForwards(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM forwards WHERE tenant_id = $1 AND phone_id IN
		(SELECT object_id FROM setup WHERE tenant_id = $1 AND kind = 'phones' AND archived_at > 0 AND archived_at < $2)`, string(tx.scope.Tenant), us(before))
}

// DeleteForward has a phone's calls forwarded no more, if they were.
func (tx *Tx) DeleteForward(phone string) error {
	_, err := tx.exec(`DELETE FROM forwards WHERE tenant_id = $1 AND phone_id = $2`, string(tx.scope.Tenant), phone)
	return err
}
