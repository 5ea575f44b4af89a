package store

import "time"

// EndRow is the end of an organisation: who began it, when it comes, and what
// was erased. It outlives the organisation.
type EndRow struct {
	HomeID      string // the organisation of who began it
	UserID      string // … and its user
	Was         string // the organisation's status before
	BeganAt     time.Time
	EndsAt      time.Time
	EndedAt     time.Time // its keys were destroyed; zero: not yet
	CodeHash    []byte    // of the code by which its last administrators get the certificate; empty: none was made
	Facts       string    // what is known of its erasure so far, as JSON (app/account)
	Certificate string    // the text that was signed; "" until it is erased
	Signature   []byte
	PublicKey   []byte
	// An organisation's own word: who asked for the end, until somebody else agreed.
	AskedBy   string
	AskedAt   time.Time
	AskedDays int
}

const endColumns = "home_id, user_id, was, began_at, ends_at, ended_at, code_hash, facts, certificate, signature, public_key, asked_by, asked_at, asked_days"

func scanEnd(r row, e *EndRow) error {
	return r.Scan(&e.HomeID, &e.UserID, &e.Was, at(&e.BeganAt), at(&e.EndsAt), at(&e.EndedAt), bin(&e.CodeHash), &e.Facts, &e.Certificate, bin(&e.Signature), bin(&e.PublicKey), &e.AskedBy, at(&e.AskedAt), num(&e.AskedDays))
}

// PutEnd stores the end of the transaction's own organisation.
func (tx *Tx) PutEnd(e EndRow) error {
	_, err := tx.exec(`INSERT INTO organisation_ends (tenant_id, `+endColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (tenant_id) DO UPDATE SET home_id = excluded.home_id, user_id = excluded.user_id, was = excluded.was, began_at = excluded.began_at, ends_at = excluded.ends_at,
		ended_at = excluded.ended_at, code_hash = excluded.code_hash, facts = excluded.facts, certificate = excluded.certificate, signature = excluded.signature, public_key = excluded.public_key,
		asked_by = excluded.asked_by, asked_at = excluded.asked_at, asked_days = excluded.asked_days`,
		string(tx.scope.Tenant), e.HomeID, e.UserID, e.Was, us(e.BeganAt), us(e.EndsAt), us(e.EndedAt), raw(e.CodeHash), e.Facts, e.Certificate, raw(e.Signature), raw(e.PublicKey), e.AskedBy, us(e.AskedAt), e.AskedDays)
	return err
}

// End is the end of the transaction's own organisation, if one was begun.
func (tx *Tx) End() (EndRow, error) {
	return get(tx, "end", scanEnd, `SELECT `+endColumns+` FROM organisation_ends WHERE tenant_id = $1`, string(tx.scope.Tenant))
}
