package engine

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"modernc.org/sqlite"
)

// liteEngine is one SQLite file: a writer and a pool of readers.
type liteEngine struct {
	path    string
	files   fs.FS
	w       *writer
	readers chan *liteConn // all of them; taken for one transaction each
	open    int            // how many there are

	closing sync.Mutex
	closed  bool
}

func openSQLite(c Config) (*liteEngine, error) {
	path, err := filepath.Abs(c.DSN)
	if err != nil {
		return nil, Explain(err)
	}
	if err := createPrivate(path); err != nil {
		return nil, Explain(err)
	}
	e := &liteEngine{path: path, files: c.Migrations}
	n := c.Connections
	if n <= 0 {
		n = max(4, 2*processors())
	}
	if e.w, err = newWriter(path); err != nil {
		return nil, Explain(err)
	}
	e.readers = make(chan *liteConn, n)
	for range n {
		r, err := dialSQLite(path, true)
		if err != nil {
			_ = e.Close()
			return nil, Explain(err)
		}
		e.readers <- r
		e.open++
	}
	return e, nil
}

// createPrivate makes the file, and its folder, for nobody but the owner.
// SQLite gives its log the same mode.
func createPrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (e *liteEngine) Write(ctx context.Context, sc Scope, fn Func) error {
	if err := sc.valid(); err != nil {
		return err
	}
	ctx, err := enterWrite(ctx, e)
	if err != nil {
		return err
	}
	return Explain(e.w.write(ctx, fn))
}

func (e *liteEngine) Ahead(ctx context.Context, sc Scope, fn Func) (durable func() error, err error) {
	if err := sc.valid(); err != nil {
		return nil, err
	}
	ctx, err = enterWrite(ctx, e)
	if err != nil {
		return nil, err
	}
	durable, err = e.w.writeAhead(ctx, fn)
	return durable, Explain(err)
}

func (e *liteEngine) Read(ctx context.Context, sc Scope, fn Func) error {
	if err := sc.valid(); err != nil {
		return err
	}
	return Explain(e.read(ctx, fn))
}

func (e *liteEngine) read(ctx context.Context, fn Func) error {
	var c *liteConn
	var ok bool
	select {
	case c, ok = <-e.readers:
	case <-ctx.Done():
		return ctx.Err()
	}
	if !ok {
		return errClosed
	}
	defer func() { e.readers <- c }()
	// Neither is interrupted: one that was, may have begun all the same, and the next
	// who gets this reader could not.
	if _, err := c.Exec(context.Background(), "BEGIN", nil); err != nil {
		return err
	}
	// a reader changes nothing, so how its transaction ends does not matter
	defer func() { _, _ = c.Exec(context.Background(), "ROLLBACK", nil) }()
	if err := ctx.Err(); err != nil {
		return err
	}
	return fn(ctx, c)
}

func (e *liteEngine) Ping(ctx context.Context) error {
	_, err := e.Columns(ctx)
	return err
}

func (e *liteEngine) Columns(ctx context.Context) (out []Column, err error) {
	err = e.read(ctx, func(ctx context.Context, s Session) error {
		out, err = readColumns(ctx, s, `SELECT m.name, p.name, p.type FROM sqlite_schema m, pragma_table_info(m.name) p
			WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, p.cid`)
		return err
	})
	return out, Explain(err)
}

func readColumns(ctx context.Context, s Session, sql string) ([]Column, error) {
	c, err := s.Query(ctx, sql, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var out []Column
	for c.Next() {
		var col Column
		if err := c.Scan(&col.Table, &col.Name, &col.Type); err != nil {
			return nil, err
		}
		out = append(out, col)
	}
	return out, c.Err()
}

func (e *liteEngine) Scrub(ctx context.Context) error { return Explain(e.w.scrub(ctx)) }
func (e *liteEngine) Stats() Stats                    { return e.w.stats() }

// shrink frees a connection's pages that nobody is reading.
const shrink = "PRAGMA shrink_memory"

// Shrink takes one connection after the other; those at work keep what they have.
func (e *liteEngine) Shrink(ctx context.Context) error {
	for range e.open {
		select {
		case c, ok := <-e.readers:
			if !ok {
				return errClosed
			}
			_, err := c.Exec(ctx, shrink, nil)
			e.readers <- c
			if err != nil {
				return Explain(err)
			}
		default:
		}
	}
	return Explain(e.w.shrink(ctx))
}

// Close waits for the writes that began and the readers at work.
func (e *liteEngine) Close() error {
	e.closing.Lock()
	defer e.closing.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.w.close()
	for range e.open {
		c := <-e.readers
		err = errors.Join(err, c.close())
	}
	close(e.readers)
	return Explain(err)
}

// liteConn is one connection with its prepared statements. It uses the driver
// itself: database/sql would add locks and reflection to every statement.
type liteConn struct {
	c        driver.Conn
	prepared map[string]*liteStmt
	args     []driver.NamedValue
	readOnly bool
}

type liteStmt struct {
	driver.Stmt
	values []driver.Value
	order  []int // see unnamed
}

// maxPrepared bounds the statements kept; texts of searches vary.
const maxPrepared = 512

// busyTime is how long an opening waits for another one that gives the file its
// log or takes it away: SQLite answers busy then without waiting.
const busyTime = 30 * time.Second

func dialSQLite(path string, readOnly bool) (*liteConn, error) {
	q := url.Values{}
	for _, p := range []string{"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)", "secure_delete(1)",
		"temp_store(MEMORY)", "trusted_schema(0)", "wal_autocheckpoint(4096)", "journal_size_limit(33554432)"} {
		q.Add("_pragma", p)
	}
	if readOnly {
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-4000)") // KiB
	} else {
		q.Add("_pragma", "cache_size(-16000)")
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	c, err := (&sqlite.Driver{}).Open(name)
	for until := time.Now().Add(busyTime); isBusy(err) && time.Now().Before(until); c, err = (&sqlite.Driver{}).Open(name) {
		time.Sleep(time.Duration(5+rand.IntN(20)) * time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	return &liteConn{c: c, prepared: map[string]*liteStmt{}, readOnly: readOnly}, nil
}

func (c *liteConn) close() error {
	c.forget()
	return c.c.Close()
}

func (c *liteConn) forget() {
	for sql, s := range c.prepared {
		_ = s.Close()
		delete(c.prepared, sql)
	}
}

func (c *liteConn) stmt(sql string) (*liteStmt, error) {
	if s := c.prepared[sql]; s != nil {
		return s, nil
	}
	if len(c.prepared) >= maxPrepared {
		c.forget()
	}
	text, order := unnamed(sql)
	s, err := c.c.Prepare(text)
	if err != nil {
		return nil, err
	}
	st := &liteStmt{Stmt: s, order: order}
	c.prepared[sql] = st
	return st, nil
}

// bind makes the driver's form of the arguments. Where parameters have names, the
// driver matches $N by its number through Ordinal, in whatever order the text uses
// them; where they have none, the arguments are put into the text's order.
func (c *liteConn) bind(s *liteStmt, args []any) ([]driver.NamedValue, error) {
	c.args = c.args[:0]
	if s.order == nil {
		for i := range args {
			if err := c.add(args, i); err != nil {
				return nil, err
			}
		}
		return c.args, nil
	}
	for _, i := range s.order {
		if i >= len(args) {
			return nil, fmt.Errorf("engine: argument %d is missing", i+1)
		}
		if err := c.add(args, i); err != nil {
			return nil, err
		}
	}
	return c.args, nil
}

// add binds one of the arguments to the next parameter.
func (c *liteConn) add(args []any, i int) error {
	a := args[i]
	switch v := a.(type) {
	case string, int64, []byte:
	case int:
		a = int64(v)
	default:
		return fmt.Errorf("engine: argument %d has type %T", i+1, a)
	}
	c.args = append(c.args, driver.NamedValue{Ordinal: len(c.args) + 1, Value: a})
	return nil
}

// during is the context for the driver. A reader is interrupted when its
// context ends. The writer never is: that would make SQLite roll back the whole
// group; it looks at the context between statements only.
func (c *liteConn) during(ctx context.Context) (context.Context, error) {
	if c.readOnly {
		return ctx, nil
	}
	return context.Background(), ctx.Err()
}

func (c *liteConn) Exec(ctx context.Context, sql string, args []any) (int64, error) {
	ctx, err := c.during(ctx)
	if err != nil {
		return 0, err
	}
	s, err := c.stmt(sql)
	if err != nil {
		return 0, err
	}
	named, err := c.bind(s, args)
	if err != nil {
		return 0, err
	}
	r, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, named)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (c *liteConn) Query(ctx context.Context, sql string, args []any) (Cursor, error) {
	ctx, err := c.during(ctx)
	if err != nil {
		return nil, err
	}
	s, err := c.stmt(sql)
	if err != nil {
		return nil, err
	}
	named, err := c.bind(s, args)
	if err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, named)
	if err != nil {
		return nil, err
	}
	if n := len(r.Columns()); len(s.values) != n {
		s.values = make([]driver.Value, n)
	}
	return &liteRows{rows: r, values: s.values}, nil
}

// liteRows is a cursor over the driver's rows.
type liteRows struct {
	rows   driver.Rows
	values []driver.Value
	err    error
}

func (r *liteRows) Next() bool {
	if r.err != nil {
		return false
	}
	r.err = r.rows.Next(r.values)
	return r.err == nil
}

func (r *liteRows) Err() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}

func (r *liteRows) Close() {
	if err := r.rows.Close(); err != nil && (r.err == nil || r.err == io.EOF) {
		r.err = err
	}
}

func (r *liteRows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("engine: %d columns for %d values", len(r.values), len(dest))
	}
	for i, d := range dest {
		if err := assign(d, r.values[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) error {
	switch d := dest.(type) {
	case *string:
		if s, ok := v.(string); ok {
			*d = s
			return nil
		}
	case *int64:
		if n, ok := v.(int64); ok {
			*d = n
			return nil
		}
	case *Bytes: // the driver made the slice for us
		if b, ok := v.([]byte); ok {
			if *d = b; len(b) == 0 {
				*d = nil
			}
			return nil
		}
	case interface{ Scan(any) error }:
		return d.Scan(v)
	}
	return fmt.Errorf("engine: a %T cannot go into a %T", v, dest)
}
