package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"nubitalk/internal/base/errs"
)

// pgEngine is a PostgreSQL database.
type pgEngine struct {
	c    Config
	pool *pgxpool.Pool
	// writing is one place for each write that may run now: fewer than there are
	// connections, so that whoever reads while it writes is never stuck.
	writing chan struct{}

	commits, writes, failed, waiting atomic.Int64
}

// attempts bounds how often a transaction is run again after a conflict.
const attempts = 8

func openPostgres(ctx context.Context, c Config) (*pgEngine, error) {
	if c.Role == "" {
		c.Role = "nubitalk_app"
	}
	for field, name := range map[string]string{"role": c.Role, "schema": c.Schema} {
		if name != "" && (!plainName(name) || strings.ToLower(name) != name) {
			return nil, errs.Bad(field, "may hold small letters, digits and _ only")
		}
	}
	e := &pgEngine{c: c}
	pc, err := pgxpool.ParseConfig(c.DSN)
	if err != nil {
		// the cause is not kept: it may quote the password
		return nil, errs.Bad("dsn", "is not a PostgreSQL URL such as postgres://user:password@host:5432/database")
	}
	if !guarded(&pc.ConnConfig.Config) {
		return nil, errs.Bad("dsn", "leads to another machine without TLS that checks who answers; add sslmode=verify-full, and sslrootcert=FILE for an authority of your own")
	}
	pc.MaxConns = int32(c.Connections)
	if c.Connections <= 2 {
		pc.MaxConns = int32(max(8, 4*processors()))
	}
	pc.ConnConfig.StatementCacheCapacity = maxPrepared
	limits(pc.ConnConfig.RuntimeParams)
	e.inSchema(pc.ConnConfig.RuntimeParams)
	pc.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// before the first Migrate the role does not exist, and nothing but Migrate works
		_, err := conn.Exec(ctx, "SET ROLE "+c.Role)
		return err
	}
	e.writing = make(chan struct{}, max(1, pc.MaxConns-2))
	if e.pool, err = pgxpool.NewWithConfig(ctx, pc); err != nil {
		return nil, Explain(err)
	}
	return e, nil
}

// guarded says whether the network can neither read nor be the server: it is on this
// machine, or proves by a certificate who it is. The driver's own default would speak
// plainly with a server that offers no TLS.
func guarded(c *pgconn.Config) bool {
	ways := append([]*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}, c.Fallbacks...)
	return !slices.ContainsFunc(ways, func(w *pgconn.FallbackConfig) bool {
		a, err := netip.ParseAddr(w.Host)
		if strings.HasPrefix(w.Host, "/") || w.Host == "localhost" || err == nil && a.Unmap().IsLoopback() {
			return false
		}
		t := w.TLSConfig
		return t == nil || t.InsecureSkipVerify && t.VerifyPeerCertificate == nil
	})
}

// limits keeps one forgotten transaction from holding locks for ever.
func limits(params map[string]string) {
	for k, v := range map[string]string{"application_name": "nubitalk", "idle_in_transaction_session_timeout": "60000", "statement_timeout": "60000", "lock_timeout": "15000"} {
		if _, set := params[k]; !set {
			params[k] = v
		}
	}
}

func (e *pgEngine) inSchema(params map[string]string) {
	if e.c.Schema != "" {
		params["search_path"] = e.c.Schema
	}
}

func (e *pgEngine) Write(ctx context.Context, sc Scope, fn Func) error {
	if err := sc.valid(); err != nil {
		return err
	}
	ctx, err := enterWrite(ctx, e)
	if err != nil {
		return err
	}
	e.waiting.Add(1)
	select {
	case e.writing <- struct{}{}:
		e.waiting.Add(-1)
		defer func() { <-e.writing }()
	case <-ctx.Done():
		e.waiting.Add(-1)
		return Explain(ctx.Err())
	}
	for try := range attempts {
		if err = e.once(ctx, sc, "BEGIN", fn); !again(err) {
			break
		}
		if err := pause(ctx, try); err != nil {
			return Explain(err)
		}
	}
	if err != nil {
		e.failed.Add(1)
		return Explain(err)
	}
	e.commits.Add(1)
	e.writes.Add(1)
	return nil
}

// Ahead is a Write: PostgreSQL gives no way to wait for the disk afterwards.
func (e *pgEngine) Ahead(ctx context.Context, sc Scope, fn Func) (durable func() error, err error) {
	return func() error { return nil }, e.Write(ctx, sc, fn)
}

func (e *pgEngine) Read(ctx context.Context, sc Scope, fn Func) error {
	if err := sc.valid(); err != nil {
		return err
	}
	return Explain(e.once(ctx, sc, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fn))
}

// again says whether the whole transaction may be repeated: PostgreSQL undid it
// because of another one.
func again(err error) bool {
	var pg *pgError
	return errors.As(Explain(err), &pg) && (pg.code == "40001" || pg.code == "40P01")
}

// pause waits a little longer each time, at random, so that rivals part.
func pause(ctx context.Context, try int) error {
	return sleep(ctx, time.Duration(1+rand.IntN(4<<try))*time.Millisecond)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// once runs one transaction.
func (e *pgEngine) once(ctx context.Context, sc Scope, begin string, fn Func) error {
	c, err := e.begin(ctx, sc, begin)
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open { // an error, a panic or a Goexit: undo, with a context that still lives
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			if _, err := c.Conn().PgConn().Exec(ctx, "ROLLBACK").ReadAll(); err != nil {
				_ = c.Conn().Close(ctx)
			}
		}
		c.Release()
	}()
	if err := fn(ctx, pgSession{c.Conn()}); err != nil {
		return err
	}
	res, err := c.Conn().PgConn().Exec(ctx, "COMMIT").ReadAll()
	if err != nil {
		return err
	}
	open = false
	if len(res) == 1 && res[0].CommandTag.String() == "ROLLBACK" {
		return errs.New(errs.Internal, "The transaction had failed before its end.")
	}
	return nil
}

// begin takes a connection and starts a transaction in one round trip. A pooled
// connection may have died unnoticed (the server was restarted): nothing was
// done on it yet, so another is tried.
func (e *pgEngine) begin(ctx context.Context, sc Scope, begin string) (*pgxpool.Conn, error) {
	setting := "set_config('app.tenant','" + string(sc.Tenant) + "',true)" // do checked the characters
	if sc.System {
		setting = "set_config('app.system','on',true)"
	}
	var last error
	for range e.pool.Config().MaxConns + 1 {
		c, err := e.pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		_, err = c.Conn().PgConn().Exec(ctx, begin+";SELECT "+setting).ReadAll()
		if err == nil {
			return c, nil
		}
		closed := c.Conn().IsClosed()
		if !closed {
			_ = c.Conn().Close(context.WithoutCancel(ctx))
		}
		c.Release()
		if last = err; !closed || ctx.Err() != nil {
			break
		}
	}
	return nil, last
}

func (e *pgEngine) Ping(ctx context.Context) error { return Explain(e.pool.Ping(ctx)) }

func (e *pgEngine) Columns(ctx context.Context) (out []Column, err error) {
	err = e.once(ctx, Scope{System: true}, "BEGIN READ ONLY", func(ctx context.Context, s Session) error {
		out, err = readColumns(ctx, s, `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod)
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
			ORDER BY c.relname, a.attnum`)
		return err
	})
	return out, Explain(err)
}

// Shrink has nothing to give back: its pages are the server's.
func (e *pgEngine) Shrink(context.Context) error { return nil }

func (e *pgEngine) Stats() Stats {
	return Stats{Commits: e.commits.Load(), Writes: e.writes.Load(), Failed: e.failed.Load(), Waiting: int(e.waiting.Load())}
}

func (e *pgEngine) Close() error {
	e.pool.Close()
	return nil
}

// pgSession runs statements on one connection; pgx keeps them prepared.
type pgSession struct{ c *pgx.Conn }

func (s pgSession) Exec(ctx context.Context, sql string, args []any) (int64, error) {
	tag, err := s.c.Exec(ctx, forPostgres(sql), args...)
	return tag.RowsAffected(), err
}

func (s pgSession) Query(ctx context.Context, sql string, args []any) (Cursor, error) {
	rows, err := s.c.Query(ctx, forPostgres(sql), args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// forPostgres uncomments what only PostgreSQL understands.
func forPostgres(sql string) string {
	if !strings.Contains(sql, "/*pg") {
		return sql
	}
	return strings.NewReplacer("/*pg ", "", " pg*/", "").Replace(sql)
}
