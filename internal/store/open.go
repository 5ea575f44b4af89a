package store

import (
	"context"
	"embed"
	"io/fs"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store/engine"
)

// Drivers.
const (
	SQLite   = engine.SQLite
	Postgres = engine.Postgres
)

// Config says where the rows are kept.
type Config struct {
	Driver string // SQLite or Postgres
	// DSN is the file's path for SQLite; its folder is made when missing. For
	// PostgreSQL it is the URL of a login that may create the schema.
	DSN string
	// Connections is how many readers (SQLite) or connections (PostgreSQL) are
	// kept; 0 chooses by the number of processors.
	Connections int
	// Role is what every PostgreSQL connection becomes after it has signed in;
	// "" means nubitalk_app.
	Role string
}

// DB is an open database. It is safe for use by several goroutines.
type DB struct {
	e    engine.DB
	once bool
}

// Stats is how much work was done since Open; for metrics.
type Stats = engine.Stats

// Column is one column of the database's real schema.
type Column = engine.Column

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens the database; it does not create tables, Migrate does. PostgreSQL
// is not reached before it is used.
func Open(ctx context.Context, c Config) (*DB, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	e, err := engine.Open(ctx, engine.Config{Driver: c.Driver, DSN: c.DSN, Connections: c.Connections, Role: c.Role, Migrations: files,
		SystemTables: []string{"organisations", "jobs", "leases", "support_grants", "sign_up_links", "brands", "usage_days", "usage_months", "audit_heads"}, AppendOnly: []string{"audit"}})
	if err != nil {
		return nil, err
	}
	return &DB{e: e, once: c.Driver == SQLite}, nil
}

// Migrate brings the schema to this program's version. It only goes forward and
// may run on several nodes at once.
func (db *DB) Migrate(ctx context.Context) error { return db.e.Migrate(ctx) }

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.e.Ping(ctx) }

// Columns lists every column of every table of the real schema, the migrations'
// own table (schema_versions) included, sorted by table and place.
func (db *DB) Columns(ctx context.Context) ([]Column, error) { return db.e.Columns(ctx) }

// Scrub makes sure that no file of an SQLite database still holds rows deleted
// before the call: it moves the write-ahead log into the database, where
// deleted bytes are overwritten, and cuts it. On PostgreSQL it does nothing:
// there the destroyed key is what makes old pages unreadable, until vacuum and
// log rotation drop them.
func (db *DB) Scrub(ctx context.Context) error { return db.e.Scrub(ctx) }

// Shrink gives memory back that a busy time needed.
func (db *DB) Shrink(ctx context.Context) error { return db.e.Shrink(ctx) }

// Stats tells how much was written.
func (db *DB) Stats() Stats { return db.e.Stats() }

// Close ends all connections, after the transactions that already began.
func (db *DB) Close() error { return db.e.Close() }

// Write runs fn in a transaction that may change the tenant's rows, and returns
// after the commit is durable. Unavailable means that it may be tried again; if
// the connection was lost during the commit it may have happened nevertheless.
func (db *DB) Write(ctx context.Context, t id.Tenant, fn func(*Tx) error) error {
	var then []func()
	sc := engine.Scope{Tenant: t}
	err := db.e.Write(ctx, sc, bound(sc, fn, &then))
	return after(err, then)
}

// Ahead is Write for who goes on before the disk has it: it returns once the change
// is committed, so that everybody sees it, and durable waits for the disk. Whoever
// tells somebody that it is done waits for durable, or for a later Write, which is
// never durable without it. On PostgreSQL it is durable at once.
func (db *DB) Ahead(ctx context.Context, t id.Tenant, fn func(*Tx) error) (durable func() error, err error) {
	var then []func()
	sc := engine.Scope{Tenant: t}
	durable, err = db.e.Ahead(ctx, sc, bound(sc, fn, &then))
	return durable, after(err, then)
}

// Once says whether the function of a transaction runs once. PostgreSQL may undo a
// transaction because of another one, and then it runs again.
func (db *DB) Once() bool { return db.once }

// Read runs fn on one consistent state of the tenant's rows. Statements that
// change something fail.
func (db *DB) Read(ctx context.Context, t id.Tenant, fn func(*Tx) error) error {
	var then []func()
	sc := engine.Scope{Tenant: t}
	err := db.e.Read(ctx, sc, bound(sc, fn, &then))
	return after(err, then)
}

// System is Write across tenants, for organisations, jobs, leases, amounts of usage and the
// ends of audit logs only.
func (db *DB) System(ctx context.Context, fn func(*Tx) error) error {
	var then []func()
	sc := engine.Scope{System: true}
	err := db.e.Write(ctx, sc, bound(sc, fn, &then))
	return after(err, then)
}

// SystemRead is Read across tenants, for organisations, jobs, leases, amounts of usage and the
// ends of audit logs only.
func (db *DB) SystemRead(ctx context.Context, fn func(*Tx) error) error {
	var then []func()
	sc := engine.Scope{System: true}
	err := db.e.Read(ctx, sc, bound(sc, fn, &then))
	return after(err, then)
}

// bound makes the Tx of a scope for each run of fn; then is what its last run left.
func bound(sc engine.Scope, fn func(*Tx) error, then *[]func()) engine.Func {
	return func(ctx context.Context, s engine.Session) error {
		*then = nil
		tx := &Tx{ctx: ctx, scope: sc, s: s}
		defer func() { tx.over = true }()
		if err := fn(tx); err != nil {
			return err
		}
		*then = tx.then
		return tx.failed
	}
}

// after does what a transaction left to be done after its commit.
func after(err error, then []func()) error {
	if err == nil {
		for _, do := range then {
			do()
		}
	}
	return err
}
