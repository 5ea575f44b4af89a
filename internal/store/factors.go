package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

// FactorRow is what a user proves itself with beside the password.
type FactorRow struct {
	ID             string
	UserID         string
	Kind           string // totp, passkey, recovery
	Name           string
	SecretSealed   secret.Sealed
	CredentialHash []byte // of a passkey's id
	Step           int64  // grows with every use
	CreatedAt      time.Time
	UsedAt         time.Time
}

const factorColumns = "factor_id, user_id, kind, name, secret_sealed, credential_hash, step, created_at, used_at"

func scanFactor(r row, f *FactorRow) error {
	return r.Scan(&f.ID, &f.UserID, &f.Kind, &f.Name, sealed(&f.SecretSealed), bin(&f.CredentialHash), &f.Step, at(&f.CreatedAt), at(&f.UsedAt))
}

// InsertFactor adds a factor.
func (tx *Tx) InsertFactor(f FactorRow) error {
	_, err := tx.exec(`INSERT INTO factors (tenant_id, `+factorColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, string(tx.scope.Tenant), f.ID, f.UserID, f.Kind,
		f.Name, raw(f.SecretSealed), raw(f.CredentialHash), f.Step, us(f.CreatedAt), us(f.UsedAt))
	return err
}

// FactorsOf are a user's factors, by age.
func (tx *Tx) FactorsOf(userID string) ([]FactorRow, error) {
	return list(tx, scanFactor, `SELECT `+factorColumns+` FROM factors WHERE tenant_id = $1 AND user_id = $2 ORDER BY factor_id`, string(tx.scope.Tenant), userID)
}

// UseFactor notes a use of a factor whose step was was. Conflict: somebody used
// it in the meantime.
func (tx *Tx) UseFactor(f FactorRow, was int64) error {
	n, err := tx.exec(`UPDATE factors SET secret_sealed = $4, step = $5, used_at = $6 WHERE tenant_id = $1 AND factor_id = $2 AND step = $3`,
		string(tx.scope.Tenant), f.ID, was, raw(f.SecretSealed), f.Step, us(f.UsedAt))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This was used in the meantime.")
	}
	return err
}

// DeleteFactor removes one of a user's factors.
func (tx *Tx) DeleteFactor(userID, factorID string) error {
	n, err := tx.exec(`DELETE FROM factors WHERE tenant_id = $1 AND user_id = $2 AND factor_id = $3`, string(tx.scope.Tenant), userID, factorID)
	return must("factor", n, err)
}

// DeleteFactorsOf removes all of a user's factors, and says how many there were.
func (tx *Tx) DeleteFactorsOf(userID string) (int64, error) {
	return tx.exec(`DELETE FROM factors WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), userID)
}

// SpendChallenge notes that a challenge was answered; Conflict if it was before.
func (tx *Tx) SpendChallenge(challenge []byte, expires time.Time) error {
	n, err := tx.exec(`INSERT INTO spent_challenges (tenant_id, challenge, expires_at) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, challenge) DO NOTHING`,
		string(tx.scope.Tenant), raw(challenge), us(expires))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This was answered before.")
	}
	return err
}

// DeleteSpentChallenges removes those that expired before a time.
func (tx *Tx) DeleteSpentChallenges(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM spent_challenges WHERE tenant_id = $1 AND expires_at < $2`, string(tx.scope.Tenant), us(before))
}
