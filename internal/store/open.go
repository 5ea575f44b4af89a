package store

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// Drivers.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
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
type DB struct{ e engine }

// engine is SQLite or PostgreSQL.
type engine interface {
	write(ctx context.Context, sc scope, fn func(context.Context, session) error) error
	read(ctx context.Context, sc scope, fn func(context.Context, session) error) error
	migrate(ctx context.Context) error
	ping(ctx context.Context) error
	columns(ctx context.Context) ([]Column, error)
	scrub(ctx context.Context) error
	stats() Stats
	close() error
}

// Stats is how much work was done since Open; for metrics.
type Stats struct {
	Commits int64 // transactions made durable; on SQLite each holds one or more writes
	Writes  int64 // writes that succeeded
	Failed  int64 // writes that were rolled back
	Waiting int   // writes that wait for their turn now
}

// Column is one column of the database's real schema.
type Column struct{ Table, Name, Type string }

// Open opens the database; it does not create tables, Migrate does.
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.DSN == "" {
		return nil, errs.Bad("dsn", "must not be empty")
	}
	var e engine
	var err error
	switch c.Driver {
	case SQLite:
		e, err = openSQLite(ctx, c)
	case Postgres:
		e, err = openPostgres(ctx, c)
	default:
		return nil, errs.Bad("driver", "%q is not known; sqlite and postgres are", c.Driver)
	}
	if err != nil {
		return nil, explain(err)
	}
	return &DB{e: e}, nil
}

// Migrate brings the schema to this program's version. It only goes forward and
// may run on several nodes at once.
func (db *DB) Migrate(ctx context.Context) error { return explain(db.e.migrate(ctx)) }

// Ping says whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return explain(db.e.ping(ctx)) }

// Columns lists every column of every table of the real schema, the migrations'
// own table included, sorted by table and place.
func (db *DB) Columns(ctx context.Context) ([]Column, error) {
	c, err := db.e.columns(ctx)
	return c, explain(err)
}

// Scrub makes sure that no file of an SQLite database still holds rows deleted
// before the call: it moves the write-ahead log into the database, where
// deleted bytes are overwritten, and cuts it. On PostgreSQL it does nothing:
// there the destroyed key is what makes old pages unreadable, until vacuum and
// log rotation drop them.
func (db *DB) Scrub(ctx context.Context) error { return explain(db.e.scrub(ctx)) }

// Stats tells how much was written.
func (db *DB) Stats() Stats { return db.e.stats() }

// Close ends all connections, after the writes that already began.
func (db *DB) Close() error { return explain(db.e.close()) }

// Write runs fn in a transaction that may change the tenant's rows, and returns
// after the commit is durable. Unavailable means that it may be tried again; if
// the connection was lost during the commit it may have happened nevertheless.
func (db *DB) Write(ctx context.Context, t id.Tenant, fn func(*Tx) error) error {
	return db.do(ctx, scope{tenant: t}, db.e.write, fn)
}

// Read runs fn on one consistent state of the tenant's rows. Statements that
// change something fail.
func (db *DB) Read(ctx context.Context, t id.Tenant, fn func(*Tx) error) error {
	return db.do(ctx, scope{tenant: t}, db.e.read, fn)
}

// System is Write across tenants, for organisations, jobs and leases only.
func (db *DB) System(ctx context.Context, fn func(*Tx) error) error {
	return db.do(ctx, scope{system: true}, db.e.write, fn)
}

// SystemRead is Read across tenants, for organisations, jobs and leases only.
func (db *DB) SystemRead(ctx context.Context, fn func(*Tx) error) error {
	return db.do(ctx, scope{system: true}, db.e.read, fn)
}

type runner func(ctx context.Context, sc scope, fn func(context.Context, session) error) error

func (db *DB) do(ctx context.Context, sc scope, run runner, fn func(*Tx) error) error {
	if !sc.system && !plainName(string(sc.tenant)) {
		return errs.New(errs.Internal, "A transaction needs a tenant.")
	}
	return explain(run(ctx, sc, func(ctx context.Context, s session) error {
		tx := &Tx{ctx: ctx, scope: sc, s: s}
		defer func() { tx.over = true }()
		if err := fn(tx); err != nil {
			return err
		}
		return tx.failed
	}))
}

// plainName says whether s can stand inside an SQL text as it is.
func plainName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// retryAfter is what callers are told when the database is away.
const retryAfter = 2 * time.Second
