package store

import (
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/usage"
)

// SignUpLinkRow lets whoever has its code make a tenant below the organisation
// that it belongs to.
type SignUpLinkRow struct {
	Tenant    id.Tenant
	ID        string
	Name      string // to tell it from others
	CodeHash  []byte
	Limits    usage.Limits // of each tenant that is made
	TrialDays int64        // 0: no trial
	Most      int64        // tenants that it makes
	Used      int64        // that it has made
	Until     time.Time
	UserID    string // who made it
	CreatedAt time.Time
}

const signUpLinkColumns = "tenant_id, link_id, name, code_hash, limits, trial_days, most, used, until_at, user_id, created_at"

func scanSignUpLink(r row, l *SignUpLinkRow) error {
	return r.Scan(tenantOf(&l.Tenant), &l.ID, &l.Name, bin(&l.CodeHash), fromJSON(&l.Limits), &l.TrialDays, &l.Most, &l.Used, at(&l.Until), &l.UserID, at(&l.CreatedAt))
}

// InsertSignUpLink adds a link of the transaction's organisation.
func (tx *Tx) InsertSignUpLink(l SignUpLinkRow) error {
	_, err := tx.exec(`INSERT INTO sign_up_links (`+signUpLinkColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(tx.scope.Tenant), l.ID, l.Name, raw(l.CodeHash), jsonOf(l.Limits), l.TrialDays, l.Most, l.Used, us(l.Until), l.UserID, us(l.CreatedAt))
	return err
}

// SignUpLinks are at most limit of the organisation's before an id ("" for all),
// the newest first.
func (tx *Tx) SignUpLinks(before string, limit int) ([]SignUpLinkRow, error) {
	return list(tx, scanSignUpLink, `SELECT `+signUpLinkColumns+` FROM sign_up_links WHERE tenant_id = $1 AND ($2 = '' OR link_id < $2) ORDER BY link_id DESC LIMIT $3`,
		string(tx.scope.Tenant), before, limit)
}

// CountSignUpLinks says how many the organisation has.
func (tx *Tx) CountSignUpLinks() (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM sign_up_links WHERE tenant_id = $1`, []any{string(tx.scope.Tenant)}, &n)
	return n, err
}

// DeleteSignUpLink removes one of the organisation's, and says whether there was one.
func (tx *Tx) DeleteSignUpLink(link string) (bool, error) {
	n, err := tx.exec(`DELETE FROM sign_up_links WHERE tenant_id = $1 AND link_id = $2`, string(tx.scope.Tenant), link)
	return n > 0, err
}

// SignUpLinkByCode is the one whose code it is, of whatever organisation (System).
func (tx *Tx) SignUpLinkByCode(hash []byte) (SignUpLinkRow, error) {
	return sysGet(tx, "link", scanSignUpLink, `SELECT `+signUpLinkColumns+` FROM sign_up_links WHERE code_hash = $1`, hash)
}

// UseSignUpLink counts one more tenant, and says whether the link still makes
// one (System).
func (tx *Tx) UseSignUpLink(t id.Tenant, link string, now time.Time) (bool, error) {
	n, err := tx.sysExec(`UPDATE sign_up_links SET used = used + 1 WHERE tenant_id = $1 AND link_id = $2 AND used < most AND until_at > $3`, string(t), link, us(now))
	return n > 0, err
}
