package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// SupportGrantRow lets a person of an organisation above into the tenant's
// affairs, or says that it was asked for.
type SupportGrantRow struct {
	Tenant        id.Tenant
	ID            string
	State         string    // asked, granted, ended
	Home          id.Tenant // the person's organisation
	UserID        string    // the person
	UserName      string    // as it was when it was asked or granted
	Scopes        []string
	InteractionID string // "" for none
	Minutes       int64  // how long it is, or was asked, for
	Reason        secret.Sealed
	AskedAt       time.Time // zero if the tenant offered it
	GrantedBy     string
	GrantedAt     time.Time
	EndsAt        time.Time
	EndedBy       string // "" while it is not, or the time was over
	EndedAt       time.Time
	HomeSession   string // the person's own session in which it is used
	TokenHash     []byte // of the support session; empty while there is none
	OpenedAt      time.Time
	Version       int64
}

const supportGrantColumns = "tenant_id, grant_id, state, home_id, user_id, user_name, scopes, interaction_id, minutes, reason_sealed, asked_at, granted_by, granted_at, ends_at, ended_by, ended_at, home_session, token_hash, opened_at, version"

func scanSupportGrant(r row, g *SupportGrantRow) error {
	return r.Scan(tenantOf(&g.Tenant), &g.ID, &g.State, tenantOf(&g.Home), &g.UserID, &g.UserName, fromJSON(&g.Scopes), &g.InteractionID, &g.Minutes, sealed(&g.Reason), at(&g.AskedAt),
		&g.GrantedBy, at(&g.GrantedAt), at(&g.EndsAt), &g.EndedBy, at(&g.EndedAt), &g.HomeSession, bin(&g.TokenHash), at(&g.OpenedAt), &g.Version)
}

// InsertSupportGrant adds a grant of the transaction's tenant, at version 1.
func (tx *Tx) InsertSupportGrant(g SupportGrantRow) error {
	_, err := tx.exec(`INSERT INTO support_grants (`+supportGrantColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 1)`,
		string(tx.scope.Tenant), g.ID, g.State, string(g.Home), g.UserID, g.UserName, jsonOf(g.Scopes), g.InteractionID, g.Minutes, raw(g.Reason), us(g.AskedAt),
		g.GrantedBy, us(g.GrantedAt), us(g.EndsAt), g.EndedBy, us(g.EndedAt), g.HomeSession, raw(g.TokenHash), us(g.OpenedAt))
	return err
}

// UpdateSupportGrant changes what may change of a grant, if its version still is
// g.Version.
func (tx *Tx) UpdateSupportGrant(g SupportGrantRow) error {
	n, err := tx.exec(`UPDATE support_grants SET state = $4, scopes = $5, interaction_id = $6, minutes = $7, granted_by = $8, granted_at = $9, ends_at = $10, ended_by = $11, ended_at = $12,
		home_session = $13, token_hash = $14, opened_at = $15, version = version + 1 WHERE tenant_id = $1 AND grant_id = $2 AND version = $3`,
		string(tx.scope.Tenant), g.ID, g.Version, g.State, jsonOf(g.Scopes), g.InteractionID, g.Minutes, g.GrantedBy, us(g.GrantedAt), us(g.EndsAt), g.EndedBy, us(g.EndedAt),
		g.HomeSession, raw(g.TokenHash), us(g.OpenedAt))
	return tx.swapped("grant", n, err, `SELECT version FROM support_grants WHERE tenant_id = $1 AND grant_id = $2`, string(tx.scope.Tenant), g.ID)
}

// SupportGrant is one of the tenant's.
func (tx *Tx) SupportGrant(grant string) (SupportGrantRow, error) {
	return get(tx, "grant", scanSupportGrant, `SELECT `+supportGrantColumns+` FROM support_grants WHERE tenant_id = $1 AND grant_id = $2`, string(tx.scope.Tenant), grant)
}

// SupportGrants are at most limit of the tenant's before an id ("" for all), the
// newest first.
func (tx *Tx) SupportGrants(before string, limit int) ([]SupportGrantRow, error) {
	return list(tx, scanSupportGrant, `SELECT `+supportGrantColumns+` FROM support_grants WHERE tenant_id = $1 AND ($2 = '' OR grant_id < $2) ORDER BY grant_id DESC LIMIT $3`,
		string(tx.scope.Tenant), before, limit)
}

// OpenSupportGrants counts the tenant's that are asked, or granted and not over.
func (tx *Tx) OpenSupportGrants(now time.Time) (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM support_grants WHERE tenant_id = $1 AND (state = 'asked' OR state = 'granted' AND ends_at > $2)`, []any{string(tx.scope.Tenant), us(now)}, &n)
	return n, err
}

// SupportGrantByToken is the one whose support session a token is.
func (tx *Tx) SupportGrantByToken(hash []byte) (SupportGrantRow, error) {
	if len(hash) == 0 {
		return SupportGrantRow{}, errs.New(errs.NotFound, "This grant does not exist.")
	}
	return get(tx, "grant", scanSupportGrant, `SELECT `+supportGrantColumns+` FROM support_grants WHERE tenant_id = $1 AND token_hash = $2`, string(tx.scope.Tenant), hash)
}

// SupportGrantsOf are at most limit of a person's, of whatever tenant, before an
// id, the newest first (System).
func (tx *Tx) SupportGrantsOf(home id.Tenant, user, before string, limit int) ([]SupportGrantRow, error) {
	return sysList(tx, scanSupportGrant, `SELECT `+supportGrantColumns+` FROM support_grants WHERE home_id = $1 AND user_id = $2 AND ($3 = '' OR grant_id < $3) ORDER BY grant_id DESC LIMIT $4`,
		string(home), user, before, limit)
}

// SupportGrantFor is one of a person's, of whatever tenant (System).
func (tx *Tx) SupportGrantFor(home id.Tenant, user, grant string) (SupportGrantRow, error) {
	return sysGet(tx, "grant", scanSupportGrant, `SELECT `+supportGrantColumns+` FROM support_grants WHERE home_id = $1 AND user_id = $2 AND grant_id = $3`, string(home), user, grant)
}

// DeleteSupportGrants removes those that ended before a time, and requests that
// nobody answered since, and says how many.
func (tx *Tx) DeleteSupportGrants(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM support_grants WHERE tenant_id = $1 AND (state = 'ended' AND ended_at < $2 OR state = 'granted' AND ends_at < $2 OR state = 'asked' AND asked_at < $2)`,
		string(tx.scope.Tenant), us(before))
}
