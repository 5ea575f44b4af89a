package store

import "time"

// SampleObjectRow is a set-up object that a sample of the first steps made.
type SampleObjectRow struct {
	ID      string
	Sample  string
	Kind    string // of the set-up
	AddedAt time.Time
}

// InsertSampleObject notes what a sample made.
func (tx *Tx) InsertSampleObject(o SampleObjectRow) error {
	_, err := tx.exec(`INSERT INTO sample_objects (tenant_id, object_id, sample, kind, added_at) VALUES ($1, $2, $3, $4, $5)`,
		string(tx.scope.Tenant), o.ID, o.Sample, o.Kind, us(o.AddedAt))
	return err
}

// SampleObjects are all of the tenant's, as they were made.
func (tx *Tx) SampleObjects() ([]SampleObjectRow, error) {
	return list(tx, func(r row, o *SampleObjectRow) error { return r.Scan(&o.ID, &o.Sample, &o.Kind, at(&o.AddedAt)) },
		`SELECT object_id, sample, kind, added_at FROM sample_objects WHERE tenant_id = $1 ORDER BY object_id`, string(tx.scope.Tenant))
}

// DeleteSampleObject forgets that a sample made an object.
func (tx *Tx) DeleteSampleObject(object string) error {
	_, err := tx.exec(`DELETE FROM sample_objects WHERE tenant_id = $1 AND object_id = $2`, string(tx.scope.Tenant), object)
	return err
}

// Began says whether anything has arrived at the tenant yet, and whether an agent
// has had any of it.
func (tx *Tx) Began() (arrived, answered bool, err error) {
	if arrived, err = tx.any(`SELECT 1 FROM interactions WHERE tenant_id = $1 AND arrived_at > 0 LIMIT 1`); err != nil || !arrived {
		return arrived, false, err
	}
	answered, err = tx.any(`SELECT 1 FROM segments WHERE tenant_id = $1 AND holder_kind = 'agent' LIMIT 1`)
	return arrived, answered, err
}

// ArrivedBy says whether anything has arrived by an entry point since a time.
func (tx *Tx) ArrivedBy(entryPoint string, since time.Time) (bool, error) {
	return tx.any(`SELECT 1 FROM interactions WHERE tenant_id = $1 AND arrived_at >= $2 AND entry_point_id = $3 LIMIT 1`, us(since), entryPoint)
}

// any says whether the tenant has a row of a statement.
func (tx *Tx) any(sql string, args ...any) (bool, error) {
	rows, err := list(tx, func(r row, n *int64) error { return r.Scan(n) }, sql, append([]any{string(tx.scope.Tenant)}, args...)...)
	return len(rows) > 0, err
}
