package engine

import (
	"context"
	"io/fs"
	"runtime"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// Drivers.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Config says where a database is and what it needs.
type Config struct {
	Driver string
	// DSN is the file's path for SQLite; its folder is made when missing. For
	// PostgreSQL it is the URL of a login that may create the schema.
	DSN         string
	Connections int    // readers (SQLite) or connections (PostgreSQL, at least 3); 0: by the number of processors
	Role        string // what PostgreSQL connections become; "" means nubitalk_app
	Schema      string // PostgreSQL schema; "" means the login's own

	Migrations fs.FS // numbered .sql files for goose
	// SystemTables are those that a transaction without a tenant may reach.
	SystemTables []string
	// AppendOnly are those whose rows the role may not change, only add and delete.
	AppendOnly []string
	// Vacuum are the PostgreSQL tables that Scrub cleans.
	Vacuum []string
}

// Scope is what a transaction may reach: one tenant, or the system tables.
type Scope struct {
	Tenant id.Tenant
	System bool
}

// Func is what runs inside a transaction. On PostgreSQL it may run again.
type Func func(context.Context, Session) error

// Session runs statements inside one transaction. Arguments are string, int,
// int64 or non-nil []byte.
type Session interface {
	Exec(ctx context.Context, sql string, args []any) (changed int64, err error)
	Query(ctx context.Context, sql string, args []any) (Cursor, error)
}

// Row is where one row's columns are read from. Destinations are *string,
// *int64, *Bytes or have a Scan method as database/sql's Scanner.
type Row interface {
	Scan(dest ...any) error
}

// Cursor walks over rows; it must be closed before the next statement.
type Cursor interface {
	Row
	Next() bool
	Err() error
	Close()
}

// Column is one column of the real schema.
type Column struct{ Table, Name, Type string }

// Stats is how much work was done since Open.
type Stats struct {
	Commits int64 // transactions made durable; on SQLite each holds one or more writes
	Writes  int64 // writes that succeeded
	Failed  int64 // writes that were rolled back
	Waiting int   // writes that wait for their turn now
}

// DB is an open database.
type DB interface {
	Write(ctx context.Context, sc Scope, fn Func) error
	// Ahead is Write for who goes on before the disk has what it wrote: it returns
	// once that is committed, so that everybody sees it, and durable waits for the
	// disk. A Write or an Ahead that follows is never durable without it.
	Ahead(ctx context.Context, sc Scope, fn Func) (durable func() error, err error)
	Read(ctx context.Context, sc Scope, fn Func) error
	Migrate(ctx context.Context) error
	Ping(ctx context.Context) error
	Columns(ctx context.Context) ([]Column, error)
	Scrub(ctx context.Context) error
	// Shrink gives memory back that a busy time needed, such as pages that were read; the
	// next to need them read them again. On PostgreSQL it does nothing.
	Shrink(ctx context.Context) error
	Stats() Stats
	Close() error
}

// Open opens a database. PostgreSQL is not reached before it is used.
func Open(ctx context.Context, c Config) (DB, error) {
	if c.DSN == "" {
		return nil, errs.Bad("dsn", "must not be empty")
	}
	switch c.Driver {
	case SQLite:
		return openSQLite(c)
	case Postgres:
		return openPostgres(ctx, c)
	}
	return nil, errs.Bad("driver", "%q is not known; sqlite and postgres are", c.Driver)
}

// valid says whether a transaction may begin in this scope. The tenant's
// characters are such that it can stand inside an SQL text.
func (sc Scope) valid() error {
	if sc.System || plainName(string(sc.Tenant)) {
		return nil
	}
	return errs.New(errs.Internal, "A transaction needs a tenant.")
}

func plainName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// inside marks the context of a running write, so that a write inside a write is
// refused instead of waiting for itself.
type inside struct {
	context.Context
	db any
}

type insideKey struct{ db any }

func (c inside) Value(key any) any {
	if k, ok := key.(insideKey); ok && k.db == c.db {
		return true
	}
	return c.Context.Value(key)
}

// enterWrite refuses a write inside a write of the same database.
func enterWrite(ctx context.Context, db any) (context.Context, error) {
	if ctx.Value(insideKey{db}) != nil {
		return nil, errs.New(errs.Internal, "A write was begun inside another write.")
	}
	return inside{ctx, db}, nil
}

func processors() int { return runtime.GOMAXPROCS(0) }

// Bytes is a BYTEA column; empty is nil.
type Bytes []byte

// Scan copies: the source belongs to the driver.
func (b *Bytes) Scan(src any) error {
	v, ok := src.([]byte)
	if !ok && src != nil {
		return errs.New(errs.Internal, "A column has a %T where bytes are expected.", src)
	}
	*b = nil
	if len(v) > 0 {
		*b = append([]byte(nil), v...)
	}
	return nil
}
