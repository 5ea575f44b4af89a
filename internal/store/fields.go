package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// FieldValueRow is the value of one custom field of a contact, user, interaction or
// queue: JSON in Plain, or sealed where it tells something about a person.
type FieldValueRow struct {
	Entity    string
	ObjectID  string
	FieldID   string
	Plain     string
	Sealed    secret.Sealed
	ChangedAt time.Time
}

const fieldValueColumns = "entity, object_id, field_id, plain, sealed, changed_at"

func scanFieldValue(r row, v *FieldValueRow) error {
	return r.Scan(&v.Entity, &v.ObjectID, &v.FieldID, &v.Plain, sealed(&v.Sealed), at(&v.ChangedAt))
}

// FieldValues are those of one object.
func (tx *Tx) FieldValues(entity, objectID string) ([]FieldValueRow, error) {
	return list(tx, scanFieldValue, `SELECT `+fieldValueColumns+` FROM field_values WHERE tenant_id = $1 AND entity = $2 AND object_id = $3 ORDER BY field_id`,
		string(tx.scope.Tenant), entity, objectID)
}

// PutFieldValue sets a value if it still is the one of seen (zero: there is none);
// Conflict if somebody was faster.
func (tx *Tx) PutFieldValue(v FieldValueRow, seen time.Time) error {
	var n int64
	var err error
	if seen.IsZero() {
		n, err = tx.exec(`INSERT INTO field_values (tenant_id, `+fieldValueColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (tenant_id, entity, object_id, field_id) DO NOTHING`,
			string(tx.scope.Tenant), v.Entity, v.ObjectID, v.FieldID, v.Plain, raw(v.Sealed), us(v.ChangedAt))
	} else {
		n, err = tx.exec(`UPDATE field_values SET plain = $5, sealed = $6, changed_at = $7 WHERE tenant_id = $1 AND entity = $2 AND object_id = $3 AND field_id = $4 AND changed_at = $8`,
			string(tx.scope.Tenant), v.Entity, v.ObjectID, v.FieldID, v.Plain, raw(v.Sealed), us(v.ChangedAt), us(seen))
	}
	if err == nil && n == 0 {
		err = conflict("field")
	}
	return err
}

// DeleteFieldValue takes a value away if it still is the one of seen.
func (tx *Tx) DeleteFieldValue(entity, objectID, fieldID string, seen time.Time) error {
	n, err := tx.exec(`DELETE FROM field_values WHERE tenant_id = $1 AND entity = $2 AND object_id = $3 AND field_id = $4 AND changed_at = $5`,
		string(tx.scope.Tenant), entity, objectID, fieldID, us(seen))
	if err == nil && n == 0 {
		err = conflict("field")
	}
	return err
}

// CountFieldValues is how many objects have a value in a field.
func (tx *Tx) CountFieldValues(fieldID string) (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM field_values WHERE tenant_id = $1 AND field_id = $2`, []any{string(tx.scope.Tenant), fieldID}, &n)
	return n, err
}

// CountFieldValue is how many objects have one of the plain values of a field.
func (tx *Tx) CountFieldValue(fieldID, plain string) (n int64, err error) {
	_, err = tx.one(`SELECT count(*) FROM field_values WHERE tenant_id = $1 AND field_id = $2 AND plain = $3`, []any{string(tx.scope.Tenant), fieldID, plain}, &n)
	return n, err
}

// EmptyField takes all values of a field away, and says how many there were.
func (tx *Tx) EmptyField(fieldID string) (int64, error) {
	return tx.exec(`DELETE FROM field_values WHERE tenant_id = $1 AND field_id = $2`, string(tx.scope.Tenant), fieldID)
}

// deleteFieldValuesOf takes away all values that an object has.
func (tx *Tx) deleteFieldValuesOf(entity, objectID string) error {
	_, err := tx.exec(`DELETE FROM field_values WHERE tenant_id = $1 AND entity = $2 AND object_id = $3`, string(tx.scope.Tenant), entity, objectID)
	return err
}
