package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// GreetingRow is what callers hear before they leave a user a message by voice.
type GreetingRow struct {
	UserID string
	Facts  string // JSON: what its level check found, and its drawn waveform
	Sealed secret.Sealed
	SetBy  string
	SetAt  time.Time
}

const greetingColumns = "user_id, facts, sound_sealed, set_by, set_at"

func scanGreeting(r row, g *GreetingRow) error {
	return r.Scan(&g.UserID, &g.Facts, sealed(&g.Sealed), &g.SetBy, at(&g.SetAt))
}

// PutGreeting gives a user a greeting, in the place of one that it had. NotFound
// where there is no such user, or it was deleted meanwhile.
func (tx *Tx) PutGreeting(g GreetingRow) error {
	n, err := tx.exec(`INSERT INTO greetings (tenant_id, `+greetingColumns+`)
		SELECT tenant_id, user_id, $3, $4, $5, $6 FROM users WHERE tenant_id = $1 AND user_id = $2 AND status <> 'deleted'
		ON CONFLICT (tenant_id, user_id) DO UPDATE SET facts = excluded.facts, sound_sealed = excluded.sound_sealed, set_by = excluded.set_by, set_at = excluded.set_at`,
		string(tx.scope.Tenant), g.UserID, g.Facts, raw(g.Sealed), g.SetBy, us(g.SetAt))
	return must("user", n, err)
}

// Greeting is a user's.
func (tx *Tx) Greeting(user string) (GreetingRow, error) {
	return get(tx, "greeting", scanGreeting, `SELECT `+greetingColumns+` FROM greetings WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), user)
}

// HasGreeting says whether a user has one, without reading it.
func (tx *Tx) HasGreeting(user string) (bool, error) {
	var one int64
	return tx.one(`SELECT 1 FROM greetings WHERE tenant_id = $1 AND user_id = $2`, []any{string(tx.scope.Tenant), user}, &one)
}

// DeleteGreeting takes a user's greeting away, and says whether it had one.
func (tx *Tx) DeleteGreeting(user string) (bool, error) {
	n, err := tx.exec(`DELETE FROM greetings WHERE tenant_id = $1 AND user_id = $2`, string(tx.scope.Tenant), user)
	return n > 0, err
}
