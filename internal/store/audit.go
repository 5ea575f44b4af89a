package store

import (
	"strconv"
	"time"

	"nubitalk/internal/base/id"
)

// AuditRow is one entry of the tenant's hash chain: who did what to which
// object. It never holds content.
type AuditRow struct {
	Seq        int64
	At         time.Time
	ActorKind  string
	ActorID    string
	Action     string
	ObjectKind string
	ObjectID   string
	Detail     string
	PrevHash   []byte
	Hash       []byte
}

const auditColumns = "seq, at, actor_kind, actor_id, action, object_kind, object_id, detail, prev_hash, hash"

func scanAudit(r row, a *AuditRow) error {
	return r.Scan(&a.Seq, at(&a.At), &a.ActorKind, &a.ActorID, &a.Action, &a.ObjectKind, &a.ObjectID, &a.Detail, bin(&a.PrevHash), bin(&a.Hash))
}

// AppendAudit adds an entry at the end of the tenant's chain. hash is called
// with Seq and PrevHash filled in (PrevHash is nil for the first). The chain's
// head is locked until the end of the transaction, so append last.
func (tx *Tx) AppendAudit(a AuditRow, hash func(AuditRow) []byte) (AuditRow, error) {
	t := string(tx.scope.Tenant)
	if _, err := tx.one(`INSERT INTO audit_heads (tenant_id, seq, hash) VALUES ($1, 1, $2)
		ON CONFLICT (tenant_id) DO UPDATE SET seq = audit_heads.seq + 1 RETURNING seq, hash`, []any{t, []byte{}}, &a.Seq, bin(&a.PrevHash)); err != nil {
		return a, err
	}
	a.At = a.At.UTC().Truncate(time.Microsecond) // as it will be read again
	a.Hash = hash(a)
	if _, err := tx.exec(`UPDATE audit_heads SET hash = $2 WHERE tenant_id = $1`, t, raw(a.Hash)); err != nil {
		return a, err
	}
	_, err := tx.exec(`INSERT INTO audit (tenant_id, `+auditColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		t, a.Seq, us(a.At), a.ActorKind, a.ActorID, a.Action, a.ObjectKind, a.ObjectID, a.Detail, raw(a.PrevHash), raw(a.Hash))
	return a, err
}

// AuditHead is the number and the hash of the chain's last entry; 0 and nil when
// there is none.
func (tx *Tx) AuditHead() (seq int64, hash []byte, err error) {
	_, err = tx.one(`SELECT seq, hash FROM audit_heads WHERE tenant_id = $1`, []any{string(tx.scope.Tenant)}, &seq, bin(&hash))
	return seq, hash, err
}

// AuditAfter are at most limit entries after a number, oldest first: to verify
// the chain.
func (tx *Tx) AuditAfter(seq int64, limit int) ([]AuditRow, error) {
	return list(tx, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`, string(tx.scope.Tenant), seq, limit)
}

// AuditBehind is how far an organisation's log is, and how far it was sent to the operator's
// collector.
type AuditBehind struct {
	Tenant     id.Tenant
	Last, Sent int64
}

// AuditsBehind are the organisations whose log has entries that were not sent (System).
func (tx *Tx) AuditsBehind() ([]AuditBehind, error) {
	return sysList(tx, func(r row, b *AuditBehind) error { return r.Scan(tenantOf(&b.Tenant), &b.Last, &b.Sent) },
		`SELECT tenant_id, seq, sent FROM audit_heads WHERE seq > sent ORDER BY tenant_id`)
}

// NoteAuditSent notes up to which entry the log was sent; it never goes back.
func (tx *Tx) NoteAuditSent(seq int64) error {
	_, err := tx.exec(`UPDATE audit_heads SET sent = $2 WHERE tenant_id = $1 AND sent < $2`, string(tx.scope.Tenant), seq)
	return err
}

// AuditFilter narrows the audit log; its zero value finds everything.
type AuditFilter struct {
	ActorID, Action, ObjectKind, ObjectID string
	From, To                              time.Time
	Before                                int64 // entries below this number; 0: from the newest
	Limit                                 int   // 0 means 50
}

// Audit finds entries, newest first.
func (tx *Tx) Audit(f AuditFilter) ([]AuditRow, error) {
	args := []any{string(tx.scope.Tenant)}
	sql := `SELECT ` + auditColumns + ` FROM audit WHERE tenant_id = $1`
	where := func(condition string, v any) {
		args = append(args, v)
		sql += " AND " + condition + " $" + strconv.Itoa(len(args))
	}
	for _, c := range []struct{ column, value string }{{"actor_id", f.ActorID}, {"action", f.Action}, {"object_kind", f.ObjectKind}, {"object_id", f.ObjectID}} {
		if c.value != "" {
			where(c.column+" =", c.value)
		}
	}
	if !f.From.IsZero() {
		where("at >=", us(f.From))
	}
	if !f.To.IsZero() {
		where("at <", us(f.To))
	}
	if f.Before > 0 {
		where("seq <", f.Before)
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	args = append(args, limit)
	return list(tx, scanAudit, sql+" ORDER BY seq DESC LIMIT $"+strconv.Itoa(len(args)), args...)
}

// AuditHabit are an actor's last entries of an action since a time, newest first, at most
// limit.
func (tx *Tx) AuditHabit(actorID, action string, since time.Time, limit int) ([]AuditRow, error) {
	return list(tx, scanAudit, `SELECT `+auditColumns+` FROM audit WHERE tenant_id = $1 AND actor_id = $2 AND action = $3 AND at >= $4 ORDER BY at DESC LIMIT $5`,
		string(tx.scope.Tenant), actorID, action, us(since), limit)
}

// DeleteAudit removes entries older than a time, from the beginning of the chain
// only, so that what stays is still one chain.
func (tx *Tx) DeleteAudit(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM audit WHERE tenant_id = $1 AND seq < (SELECT coalesce(min(k.seq), (SELECT h.seq + 1 FROM audit_heads h WHERE h.tenant_id = $1))
		FROM audit k WHERE k.tenant_id = $1 AND k.at >= $2)`, string(tx.scope.Tenant), us(before))
}
