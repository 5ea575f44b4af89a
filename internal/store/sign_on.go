package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// SignOnRow is how an organisation's users sign in with its own provider.
type SignOnRow struct {
	Config       string // JSON of account.SignOn
	Secret       secret.Sealed
	BreakGlassAt time.Time // when the account for emergencies was used last
	UpdatedAt    time.Time
	Version      int64
}

const signOnColumns = "config, secret_sealed, break_glass_at, updated_at, version"

func scanSignOn(r row, s *SignOnRow) error {
	return r.Scan(&s.Config, sealed(&s.Secret), at(&s.BreakGlassAt), at(&s.UpdatedAt), &s.Version)
}

// SignOn is the organisation's own; NotFound where it has none.
func (tx *Tx) SignOn() (SignOnRow, error) {
	return get(tx, "sign-on", scanSignOn, `SELECT `+signOnColumns+` FROM sign_ons WHERE tenant_id = $1`, string(tx.scope.Tenant))
}

// PutSignOn stores it if it still is at s.Version, which is 0 where there is none;
// it is at the next one then.
func (tx *Tx) PutSignOn(s SignOnRow) error {
	n, err := tx.exec(`INSERT INTO sign_ons (tenant_id, `+signOnColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id) DO UPDATE SET config = excluded.config, secret_sealed = excluded.secret_sealed, updated_at = excluded.updated_at, version = excluded.version
		WHERE sign_ons.version = excluded.version - 1`,
		string(tx.scope.Tenant), s.Config, raw(s.Secret), us(s.BreakGlassAt), us(s.UpdatedAt), s.Version+1)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This was changed by someone else in the meantime.")
	}
	return err
}

// DeleteSignOn removes it.
func (tx *Tx) DeleteSignOn() error {
	n, err := tx.exec(`DELETE FROM sign_ons WHERE tenant_id = $1`, string(tx.scope.Tenant))
	return must("sign-on", n, err)
}

// BrokeGlass notes that the account for emergencies was used.
func (tx *Tx) BrokeGlass(now time.Time) error {
	n, err := tx.exec(`UPDATE sign_ons SET break_glass_at = $2 WHERE tenant_id = $1`, string(tx.scope.Tenant), us(now))
	return must("sign-on", n, err)
}

// IdentityRow says who a user is to the organisation's provider.
type IdentityRow struct {
	Subject   []byte // keyed index of issuer and sub
	UserID    string
	CreatedAt time.Time
	UsedAt    time.Time
}

const identityColumns = "subject, user_id, created_at, used_at"

func scanIdentity(r row, i *IdentityRow) error {
	return r.Scan(bin(&i.Subject), &i.UserID, at(&i.CreatedAt), at(&i.UsedAt))
}

// InsertIdentity links a user. Conflict: it, or the identity, is linked already. What
// was left of links that ended goes.
func (tx *Tx) InsertIdentity(i IdentityRow) error {
	if _, err := tx.exec(`DELETE FROM identities WHERE tenant_id = $1 AND (subject = $2 OR user_id = $3) AND unlinked_at > 0`, string(tx.scope.Tenant), raw(i.Subject), i.UserID); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO identities (tenant_id, `+identityColumns+`) VALUES ($1, $2, $3, $4, $5)`, string(tx.scope.Tenant), raw(i.Subject), i.UserID, us(i.CreatedAt), us(i.UsedAt))
	return err
}

// Identity is one by its subject.
func (tx *Tx) Identity(subject []byte) (IdentityRow, error) {
	return get(tx, "identity", scanIdentity, `SELECT `+identityColumns+` FROM identities WHERE tenant_id = $1 AND subject = $2 AND unlinked_at = 0`, string(tx.scope.Tenant), raw(subject))
}

// IdentityOf is a user's.
func (tx *Tx) IdentityOf(userID string) (IdentityRow, error) {
	return get(tx, "identity", scanIdentity, `SELECT `+identityColumns+` FROM identities WHERE tenant_id = $1 AND user_id = $2 AND unlinked_at = 0`, string(tx.scope.Tenant), userID)
}

// CountIdentities says how many users are linked.
func (tx *Tx) CountIdentities() (n int, err error) {
	_, err = tx.one(`SELECT COUNT(*) FROM identities WHERE tenant_id = $1 AND unlinked_at = 0`, []any{string(tx.scope.Tenant)}, num(&n))
	return n, err
}

// UseIdentity notes a sign-in by it.
func (tx *Tx) UseIdentity(subject []byte, now time.Time) error {
	n, err := tx.exec(`UPDATE identities SET used_at = $3 WHERE tenant_id = $1 AND subject = $2`, string(tx.scope.Tenant), raw(subject), us(now))
	return must("identity", n, err)
}

// WasIdentityOf is whose an identity was that is linked to nobody now; "" if nobody's.
func (tx *Tx) WasIdentityOf(subject []byte) (user string, err error) {
	_, err = tx.one(`SELECT user_id FROM identities WHERE tenant_id = $1 AND subject = $2 AND unlinked_at > 0`, []any{string(tx.scope.Tenant), raw(subject)}, &user)
	return user, err
}

// UnlinkIdentityOf unlinks a user, and says whether it was linked. That it was stays
// known, for as long as the user exists.
func (tx *Tx) UnlinkIdentityOf(userID string, now time.Time) (bool, error) {
	n, err := tx.exec(`UPDATE identities SET unlinked_at = $3 WHERE tenant_id = $1 AND user_id = $2 AND unlinked_at = 0`, string(tx.scope.Tenant), userID, us(now))
	return n > 0, err
}

// DeleteIdentityOf unlinks a user without a trace, and says whether it was linked.
func (tx *Tx) DeleteIdentityOf(userID string) (bool, error) {
	n, err := tx.exec(`DELETE FROM identities WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
	return n > 0, err
}

// DeleteIdentities unlinks all users: another issuer knows nobody yet.
func (tx *Tx) DeleteIdentities() error {
	_, err := tx.exec(`DELETE FROM identities WHERE tenant_id = $1`, string(tx.scope.Tenant))
	return err
}

// EndProviderSessions ends the sessions of a user that the provider opened and has
// ended: one by the provider's own name for it, or all of them (""), but for except.
func (tx *Tx) EndProviderSessions(userID, providerSession, except string, now time.Time) ([]SessionRow, error) {
	return list(tx, scanSession, `UPDATE sessions SET ended_at = $4 WHERE tenant_id = $1 AND user_id = $2 AND by_provider = 1 AND ($3 = '' OR provider_session = $3) AND session_id <> $5 AND ended_at = 0 RETURNING `+sessionColumns,
		string(tx.scope.Tenant), userID, providerSession, us(now), except)
}

// ForgetProviderSession makes a session one that no provider has opened.
func (tx *Tx) ForgetProviderSession(sessionID string) error {
	_, err := tx.exec(`UPDATE sessions SET by_provider = 0, provider_session = '' WHERE tenant_id = $1 AND session_id = $2`, string(tx.scope.Tenant), sessionID)
	return err
}

// UserOfProviderSession is whose a session is by the provider's own name for it; "" if nobody's.
func (tx *Tx) UserOfProviderSession(providerSession string) (user string, err error) {
	_, err = tx.one(`SELECT user_id FROM sessions WHERE tenant_id = $1 AND provider_session = $2 AND ended_at = 0`, []any{string(tx.scope.Tenant), providerSession}, &user)
	return user, err
}
