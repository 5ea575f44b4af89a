package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// SetupSecretRow is a secret value of a set-up object.
type SetupSecretRow struct {
	Kind   string
	ID     string
	Field  string
	Sealed secret.Sealed
	SetAt  time.Time
}

const setupSecretColumns = "kind, object_id, field, value_sealed, set_at"

func scanSetupSecret(r row, s *SetupSecretRow) error {
	return r.Scan(&s.Kind, &s.ID, &s.Field, sealed(&s.Sealed), at(&s.SetAt))
}

// PutSetupSecret sets a secret, in the place of one that was there.
func (tx *Tx) PutSetupSecret(s SetupSecretRow) error {
	_, err := tx.exec(`INSERT INTO setup_secrets (tenant_id, `+setupSecretColumns+`) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (tenant_id, kind, object_id, field) DO UPDATE SET value_sealed = excluded.value_sealed, set_at = excluded.set_at`,
		string(tx.scope.Tenant), s.Kind, s.ID, s.Field, []byte(s.Sealed), us(s.SetAt))
	return err
}

// SetupSecret is one secret of an object.
func (tx *Tx) SetupSecret(kind, objectID, field string) (SetupSecretRow, error) {
	return get(tx, "secret", scanSetupSecret, `SELECT `+setupSecretColumns+` FROM setup_secrets WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND field = $4`,
		string(tx.scope.Tenant), kind, objectID, field)
}

// SetupSecrets are the secrets of one field of all objects of a kind.
func (tx *Tx) SetupSecrets(kind, field string) ([]SetupSecretRow, error) {
	return list(tx, scanSetupSecret, `SELECT `+setupSecretColumns+` FROM setup_secrets WHERE tenant_id = $1 AND kind = $2 AND field = $3 ORDER BY object_id`,
		string(tx.scope.Tenant), kind, field)
}

// SetupSecretNames are the fields of each object of a kind that have a secret.
func (tx *Tx) SetupSecretNames(kind string) (map[string][]string, error) {
	type name struct{ object, field string }
	names, err := list(tx, func(r row, n *name) error { return r.Scan(&n.object, &n.field) },
		`SELECT object_id, field FROM setup_secrets WHERE tenant_id = $1 AND kind = $2 ORDER BY object_id, field`, string(tx.scope.Tenant), kind)
	out := make(map[string][]string, len(names))
	for _, n := range names {
		out[n.object] = append(out[n.object], n.field)
	}
	return out, err
}

// DeleteSetupSecret removes a secret; one that is not there is no error.
func (tx *Tx) DeleteSetupSecret(kind, objectID, field string) error {
	_, err := tx.exec(`DELETE FROM setup_secrets WHERE tenant_id = $1 AND kind = $2 AND object_id = $3 AND field = $4`, string(tx.scope.Tenant), kind, objectID, field)
	return err
}

// TrunkNumbers are the numbers that a trunk holds, in order.
func (tx *Tx) TrunkNumbers(trunkID string) ([]string, error) {
	return list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT number FROM trunk_numbers WHERE tenant_id = $1 AND trunk_id = $2 ORDER BY number`, string(tx.scope.Tenant), trunkID)
}

// InsertTrunkNumber gives a number to a trunk. It is Conflict when any trunk of
// any organisation has it; the transaction can do nothing more then.
func (tx *Tx) InsertTrunkNumber(trunkID, number string) error {
	_, err := tx.exec(`INSERT INTO trunk_numbers (tenant_id, trunk_id, number) VALUES ($1, $2, $3)`, string(tx.scope.Tenant), trunkID, number)
	return err
}

// DeleteTrunkNumber takes a number from a trunk.
func (tx *Tx) DeleteTrunkNumber(trunkID, number string) error {
	_, err := tx.exec(`DELETE FROM trunk_numbers WHERE tenant_id = $1 AND trunk_id = $2 AND number = $3`, string(tx.scope.Tenant), trunkID, number)
	return err
}
