package store

import "nubitalk/internal/store/engine"

// RawExec and RawRows run any text inside a transaction, as a programmer who
// forgets the tenant would.
func (tx *Tx) RawExec(sql string, args ...any) (int64, error) { return tx.run(sql, args) }

// RawRows gives every row's columns as text.
func (tx *Tx) RawRows(columns int, sql string, args ...any) ([][]string, error) {
	return gather(tx, func(r engine.Row, out *[]string) error {
		*out = make([]string, columns)
		dest := make([]any, columns)
		for i := range dest {
			dest[i] = &(*out)[i]
		}
		return r.Scan(dest...)
	}, sql, args)
}

// FieldOf is fieldOf.
var FieldOf = fieldOf
