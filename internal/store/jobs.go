package store

import (
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// JobRow is a side effect that must happen, inserted in the transaction that
// wants it.
type JobRow struct {
	Tenant      id.Tenant // filled when read; InsertJob uses the transaction's
	ID          string
	Kind        string
	ObjectID    string
	RunAt       time.Time
	Attempts    int
	LockedUntil time.Time // who claimed it has it until then
	LastError   string    // ids and codes only
	CreatedAt   time.Time
}

const jobColumns = "tenant_id, job_id, kind, object_id, run_at, attempts, locked_until, last_error, created_at"

func scanJob(r row, j *JobRow) error {
	return r.Scan(tenantOf(&j.Tenant), &j.ID, &j.Kind, &j.ObjectID, at(&j.RunAt), num(&j.Attempts), at(&j.LockedUntil), &j.LastError, at(&j.CreatedAt))
}

// InsertJob adds a job.
func (tx *Tx) InsertJob(j JobRow) error {
	_, err := tx.exec(`INSERT INTO jobs (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(tx.scope.Tenant), j.ID, j.Kind, j.ObjectID, us(j.RunAt), j.Attempts, us(j.LockedUntil), j.LastError, us(j.CreatedAt))
	return err
}

// EnsureJob adds a job, or has the one with its id run at its time if that is sooner. The
// job cannot be finished until this transaction has ended.
func (tx *Tx) EnsureJob(j JobRow) error {
	_, err := tx.exec(`INSERT INTO jobs (`+jobColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (tenant_id, job_id) DO UPDATE SET run_at = CASE WHEN jobs.run_at > excluded.run_at THEN excluded.run_at ELSE jobs.run_at END`,
		string(tx.scope.Tenant), j.ID, j.Kind, j.ObjectID, us(j.RunAt), j.Attempts, us(j.LockedUntil), j.LastError, us(j.CreatedAt))
	return err
}

// ClaimJobs takes at most limit due jobs of all tenants, the longest due first,
// until now plus hold (System). Nobody else gets them before that; a job whose
// holder died becomes due again. Attempts is counted up.
func (tx *Tx) ClaimJobs(now time.Time, hold time.Duration, limit int) ([]JobRow, error) {
	due, err := sysList(tx, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE run_at <= $1 AND locked_until <= $1 ORDER BY run_at, job_id LIMIT $2 /*pg FOR UPDATE SKIP LOCKED pg*/`,
		us(now), limit)
	if err != nil {
		return nil, err
	}
	for i := range due {
		j := &due[i]
		j.LockedUntil, j.Attempts = now.Add(hold).UTC().Truncate(time.Microsecond), j.Attempts+1
		if _, err := tx.sysExec(`UPDATE jobs SET locked_until = $3, attempts = attempts + 1 WHERE tenant_id = $1 AND job_id = $2`, string(j.Tenant), j.ID, us(j.LockedUntil)); err != nil {
			return nil, err
		}
	}
	return due, nil
}

// FinishJob removes a claimed job, best in the transaction of its effect.
// Conflict means that the claim ran out and someone else has it.
func (tx *Tx) FinishJob(j JobRow) error {
	n, err := tx.exec(`DELETE FROM jobs WHERE tenant_id = $1 AND job_id = $2 AND locked_until = $3`, string(tx.scope.Tenant), j.ID, us(j.LockedUntil))
	return claimed(n, err)
}

// RetryJob gives a claimed job back, to be run again at a time.
func (tx *Tx) RetryJob(j JobRow, runAt time.Time, lastError string) error {
	n, err := tx.exec(`UPDATE jobs SET run_at = $4, locked_until = 0, last_error = $5 WHERE tenant_id = $1 AND job_id = $2 AND locked_until = $3`,
		string(tx.scope.Tenant), j.ID, us(j.LockedUntil), us(runAt), lastError)
	return claimed(n, err)
}

func claimed(n int64, err error) error {
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "This job was taken over by another worker.")
	}
	return err
}

// Jobs are the tenant's jobs of a kind, by due time.
func (tx *Tx) Jobs(kind string) ([]JobRow, error) {
	return list(tx, scanJob, `SELECT `+jobColumns+` FROM jobs WHERE tenant_id = $1 AND kind = $2 ORDER BY run_at, job_id`, string(tx.scope.Tenant), kind)
}

// DeleteJobs takes back jobs of a kind for an object.
func (tx *Tx) DeleteJobs(kind, objectID string) (int64, error) {
	return tx.exec(`DELETE FROM jobs WHERE tenant_id = $1 AND kind = $2 AND object_id = $3`, string(tx.scope.Tenant), kind, objectID)
}

// JobCounts says how many jobs wait in the installation, how many of them are
// due, and since when the longest (System).
func (tx *Tx) JobCounts(now time.Time) (all, due int, oldest time.Time, err error) {
	type counts struct {
		all, due int
		oldest   time.Time
	}
	rows, err := sysList(tx, func(r row, c *counts) error { return r.Scan(num(&c.all), num(&c.due), at(&c.oldest)) },
		`SELECT count(*), count(*) FILTER (WHERE run_at <= $1), coalesce(min(run_at), 0) FROM jobs`, us(now))
	if err != nil {
		return 0, 0, time.Time{}, err
	}
	return rows[0].all, rows[0].due, rows[0].oldest, nil
}

// IdempotencyRow remembers the answer to a changing call.
type IdempotencyRow struct {
	ActorID     string
	KeyHash     []byte
	RequestHash []byte
	Status      int // HTTP status of the answer; 0 while the call runs
	ReplySealed secret.Sealed
	CreatedAt   time.Time
}

const idempotencyColumns = "actor_id, key_hash, request_hash, status, reply_sealed, created_at"

func scanIdempotency(r row, i *IdempotencyRow) error {
	return r.Scan(&i.ActorID, bin(&i.KeyHash), bin(&i.RequestHash), num(&i.Status), sealed(&i.ReplySealed), at(&i.CreatedAt))
}

// ReserveKey notes that a call with this key runs. If the key is known, reserved
// is false and the row in force tells what became of it.
func (tx *Tx) ReserveKey(i IdempotencyRow) (inForce IdempotencyRow, reserved bool, err error) {
	n, err := tx.exec(`INSERT INTO idempotency (tenant_id, `+idempotencyColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, actor_id, key_hash) DO NOTHING`,
		string(tx.scope.Tenant), i.ActorID, raw(i.KeyHash), raw(i.RequestHash), i.Status, raw(i.ReplySealed), us(i.CreatedAt))
	if err != nil || n > 0 {
		return i, err == nil, err
	}
	inForce, err = tx.Key(i.ActorID, i.KeyHash)
	return inForce, false, err
}

// Key is what is remembered of a call.
func (tx *Tx) Key(actorID string, keyHash []byte) (IdempotencyRow, error) {
	return get(tx, "key", scanIdempotency, `SELECT `+idempotencyColumns+` FROM idempotency WHERE tenant_id = $1 AND actor_id = $2 AND key_hash = $3`,
		string(tx.scope.Tenant), actorID, raw(keyHash))
}

// FinishKey remembers the answer.
func (tx *Tx) FinishKey(actorID string, keyHash []byte, status int, reply secret.Sealed) error {
	n, err := tx.exec(`UPDATE idempotency SET status = $4, reply_sealed = $5 WHERE tenant_id = $1 AND actor_id = $2 AND key_hash = $3`,
		string(tx.scope.Tenant), actorID, raw(keyHash), status, raw(reply))
	return must("key", n, err)
}

// ReleaseKey forgets a call that failed, so that it may be tried again.
func (tx *Tx) ReleaseKey(actorID string, keyHash []byte) error {
	_, err := tx.exec(`DELETE FROM idempotency WHERE tenant_id = $1 AND actor_id = $2 AND key_hash = $3`, string(tx.scope.Tenant), actorID, raw(keyHash))
	return err
}

// DeleteKeys forgets calls made before a time.
func (tx *Tx) DeleteKeys(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM idempotency WHERE tenant_id = $1 AND created_at < $2`, string(tx.scope.Tenant), us(before))
}

// LeaseRow says who owns something, such as a tenant's floor.
type LeaseRow struct {
	Tenant    id.Tenant
	Name      string
	Holder    string
	Fence     int64
	ExpiresAt time.Time
}

const leaseColumns = "tenant_id, name, holder, fence, expires_at"

func scanLease(r row, l *LeaseRow) error {
	return r.Scan(tenantOf(&l.Tenant), &l.Name, &l.Holder, &l.Fence, at(&l.ExpiresAt))
}

// Lease takes or renews a lease for ttl. It is held when nobody else's lease
// still runs. The fence grows by one at each change of holder, so a holder's
// name must be new at each start of its process.
func (tx *Tx) Lease(name, holder string, ttl time.Duration, now time.Time) (fence int64, held bool, err error) {
	held, err = tx.one(`INSERT INTO leases (`+leaseColumns+`) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (tenant_id, name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
		fence = leases.fence + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
		WHERE leases.holder = excluded.holder OR leases.expires_at <= $5 RETURNING fence`,
		[]any{string(tx.scope.Tenant), name, holder, us(now.Add(ttl)), us(now)}, &fence)
	return fence, held, err
}

// ClaimLease takes or renews a lease for ttl, whatever the nodes' clocks say of
// each other: one that somebody else has is taken only if it was given up, or
// still is as in unchanged, which the caller has watched for long enough (zero:
// none). It gives the lease in force. A renewal always changes it.
func (tx *Tx) ClaimLease(name, holder string, ttl time.Duration, now time.Time, unchanged LeaseRow) (l LeaseRow, held bool, err error) {
	held, err = tx.one(`INSERT INTO leases (`+leaseColumns+`) VALUES ($1, $2, $3, 1, $4)
		ON CONFLICT (tenant_id, name) DO UPDATE SET holder = excluded.holder,
		expires_at = CASE WHEN excluded.expires_at > leases.expires_at THEN excluded.expires_at ELSE leases.expires_at + 1 END,
		fence = leases.fence + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
		WHERE leases.holder = excluded.holder OR leases.expires_at = 0 OR (leases.holder = $5 AND leases.fence = $6 AND leases.expires_at = $7)
		RETURNING `+leaseColumns, []any{string(tx.scope.Tenant), name, holder, us(now.Add(ttl)), unchanged.Holder, unchanged.Fence, us(unchanged.ExpiresAt)},
		tenantOf(&l.Tenant), &l.Name, &l.Holder, &l.Fence, at(&l.ExpiresAt))
	if err == nil && !held {
		l, err = tx.LeaseOf(name)
	}
	return l, held, err
}

// CheckFence fails with Fenced when the lease has another fence by now, and on
// PostgreSQL keeps it from changing until this transaction ends. It belongs in a
// Write: a reader cannot hold the lease.
func (tx *Tx) CheckFence(name string, fence int64) error {
	var now int64
	if _, err := tx.one(`SELECT fence FROM leases WHERE tenant_id = $1 AND name = $2 /*pg FOR SHARE pg*/`, []any{string(tx.scope.Tenant), name}, &now); err != nil {
		return err
	}
	if now != fence {
		return errs.New(errs.Fenced, "Another node has taken over. Please try again.")
	}
	return nil
}

// ReleaseLease ends the holder's lease at once, so that others need not wait.
func (tx *Tx) ReleaseLease(name, holder string) error {
	_, err := tx.exec(`UPDATE leases SET expires_at = 0 WHERE tenant_id = $1 AND name = $2 AND holder = $3`, string(tx.scope.Tenant), name, holder)
	return err
}

// Resting says that nobody holds the lease, and nobody takes it before it is needed.
func (l LeaseRow) Resting() bool { return l.Holder == "" }

// RestLease gives up the holder's lease so that it rests, unless work is open or an
// agent is not offline. Whoever acts by its fence is refused from then on.
func (tx *Tx) RestLease(name, holder string, fence int64) (rests bool, err error) {
	if n, err := tx.CountOpenInteractions(); err != nil || n > 0 {
		return false, err
	}
	n, err := tx.exec(`UPDATE leases SET holder = '', expires_at = 0, fence = fence + 1 WHERE tenant_id = $1 AND name = $2 AND holder = $3 AND fence = $4
		AND NOT EXISTS (SELECT 1 FROM agents WHERE tenant_id = $1 AND presence <> 'offline')`, string(tx.scope.Tenant), name, holder, fence)
	return n > 0, err
}

// woken is the holder of a lease that rested, until somebody takes it.
const woken = "-"

// WakeLease has a lease that rests taken at the next look of any node.
func (tx *Tx) WakeLease(name string) error {
	_, err := tx.exec(`UPDATE leases SET holder = $3 WHERE tenant_id = $1 AND name = $2 AND holder = ''`, string(tx.scope.Tenant), name, woken)
	return err
}

// FloorLease is the lease of who runs a tenant's floor.
const FloorLease = "floor"

// TenantsAwake are the tenants whose floor does not rest, by id: those that work, or
// with all also those that are suspended or closed (System).
func (tx *Tx) TenantsAwake(all bool) ([]id.Tenant, error) {
	return sysList(tx, func(r row, t *id.Tenant) error { return r.Scan(tenantOf(t)) }, `SELECT tenant_id FROM organisations o WHERE kind = 'tenant' AND (status = 'active' OR $2 = 1)
		AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.tenant_id = o.tenant_id AND l.name = $1 AND l.holder = '') ORDER BY tenant_id`, FloorLease, bit(all))
}

// Leases are all leases with a name, of all tenants (System).
func (tx *Tx) Leases(name string) ([]LeaseRow, error) {
	return sysList(tx, scanLease, `SELECT `+leaseColumns+` FROM leases WHERE name = $1 ORDER BY tenant_id`, name)
}

// LeaseOf is the tenant's lease with a name.
func (tx *Tx) LeaseOf(name string) (LeaseRow, error) {
	return get(tx, "lease", scanLease, `SELECT `+leaseColumns+` FROM leases WHERE tenant_id = $1 AND name = $2`, string(tx.scope.Tenant), name)
}
