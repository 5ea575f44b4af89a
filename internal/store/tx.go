package store

import (
	"context"
	"strings"
	"unicode/utf8"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store/engine"
)

// Tx is one running transaction, bound to a tenant (none in System). It is for
// one goroutine, and only until the function that got it returns.
type Tx struct {
	ctx    context.Context
	scope  engine.Scope
	s      engine.Session
	failed error // the first SQL error; nothing runs after it
	over   bool
	then   []func()
}

// Then lets do run once the transaction is committed, and never if it is not: to tell
// others what they may read by then. It may be lost with the program.
func (tx *Tx) Then(do func()) { tx.then = append(tx.then, do) }

// Tenant is the organisation whose rows the transaction sees; "" in System.
func (tx *Tx) Tenant() id.Tenant { return tx.scope.Tenant }

// Context is the context of the call that began the transaction.
func (tx *Tx) Context() context.Context { return tx.ctx }

// exec runs a statement on the tenant's rows and says how many changed.
func (tx *Tx) exec(sql string, args ...any) (int64, error) {
	if err := tx.usable(false); err != nil {
		return 0, err
	}
	return tx.run(sql, args)
}

// one reads at most one row; found says whether there was any.
func (tx *Tx) one(sql string, args []any, dest ...any) (found bool, err error) {
	if err := tx.usable(false); err != nil {
		return false, err
	}
	err = tx.walk(sql, args, func(r row) error {
		found = true
		return r.Scan(dest...)
	})
	return found, err
}

// sysExec is exec for the tables of System.
func (tx *Tx) sysExec(sql string, args ...any) (int64, error) {
	if err := tx.usable(true); err != nil {
		return 0, err
	}
	return tx.run(sql, args)
}

// usable says whether statements may run now, and in this scope.
func (tx *Tx) usable(system bool) error {
	switch {
	case tx.over:
		return errs.New(errs.Internal, "A transaction was used after its end.")
	case tx.failed != nil:
		return tx.failed
	case tx.scope.System != system:
		return errs.New(errs.Internal, "This needs %s transaction.", map[bool]string{true: "a system", false: "a tenant's"}[system])
	}
	return nil
}

func (tx *Tx) run(sql string, args []any) (int64, error) {
	if err := checkArgs(sql, args); err != nil {
		return 0, err
	}
	tx.watched(sql)
	n, err := tx.s.Exec(tx.ctx, sql, args)
	if err != nil {
		return 0, tx.fail(err)
	}
	return n, nil
}

func (tx *Tx) walk(sql string, args []any, each func(row) error) error {
	return tx.walkWhile(sql, args, func(r row) (bool, error) { return true, each(r) })
}

// walkWhile is walk until each says that it wants no more.
func (tx *Tx) walkWhile(sql string, args []any, each func(row) (more bool, err error)) error {
	if err := checkArgs(sql, args); err != nil {
		return err
	}
	tx.watched(sql)
	c, err := tx.s.Query(tx.ctx, sql, args)
	if err != nil {
		return tx.fail(err)
	}
	defer c.Close()
	for c.Next() {
		more, err := each(c)
		if err != nil {
			return tx.fail(err)
		}
		if !more {
			return nil
		}
	}
	if err := c.Err(); err != nil {
		return tx.fail(err)
	}
	return nil
}

// fail notes the first SQL error: the transaction can only be rolled back.
func (tx *Tx) fail(err error) error {
	tx.failed = engine.Explain(err)
	return tx.failed
}

// row is where a scan function reads one row from.
type row = engine.Row

// list reads all rows of a query.
func list[R any](tx *Tx, scan func(row, *R) error, sql string, args ...any) ([]R, error) {
	if err := tx.usable(false); err != nil {
		return nil, err
	}
	return gather(tx, scan, sql, args)
}

// sysList is list for the tables of System.
func sysList[R any](tx *Tx, scan func(row, *R) error, sql string, args ...any) ([]R, error) {
	if err := tx.usable(true); err != nil {
		return nil, err
	}
	return gather(tx, scan, sql, args)
}

func gather[R any](tx *Tx, scan func(row, *R) error, sql string, args []any) ([]R, error) {
	var out []R
	err := tx.walk(sql, args, func(r row) error {
		var v R
		if err := scan(r, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// get reads exactly one row; what names it in the NotFound error.
func get[R any](tx *Tx, what string, scan func(row, *R) error, sql string, args ...any) (R, error) {
	rows, err := list(tx, scan, sql, args...)
	return single(what, rows, err)
}

// sysGet is get for the tables of System.
func sysGet[R any](tx *Tx, what string, scan func(row, *R) error, sql string, args ...any) (R, error) {
	rows, err := sysList(tx, scan, sql, args...)
	return single(what, rows, err)
}

func single[R any](what string, rows []R, err error) (R, error) {
	var none R
	if err != nil {
		return none, err
	}
	if len(rows) == 0 {
		return none, errs.New(errs.NotFound, "This %s does not exist.", what)
	}
	return rows[0], nil
}

// must turns "no row changed" into NotFound.
func must(what string, n int64, err error) error {
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "This %s does not exist.", what)
	}
	return err
}

// swapped turns "no row changed" of a compare-and-set into Conflict, or NotFound
// when the row is not there at all. probe selects it by the same key.
func (tx *Tx) swapped(what string, n int64, err error, probe string, key ...any) error {
	if err != nil || n > 0 {
		return err
	}
	var version int64
	found, err := tx.one(probe, key, &version)
	if err != nil {
		return err
	}
	if !found {
		return errs.New(errs.NotFound, "This %s does not exist.", what)
	}
	return conflict(what)
}

// checkArgs stops text that PostgreSQL cannot store and SQLite would cut: NUL
// and invalid UTF-8.
func checkArgs(sql string, args []any) error {
	for i, a := range args {
		if s, ok := a.(string); ok && (strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)) {
			return errs.Bad(fieldOf(sql, i+1), "has characters that are not valid text (UTF-8 without NUL is accepted)")
		}
	}
	return nil
}

func conflict(what string) error {
	return errs.New(errs.Conflict, "This %s was changed by someone else in the meantime.", what)
}
