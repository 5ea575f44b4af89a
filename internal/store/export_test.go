package store

import (
	"context"

	"nubitalk/internal/store/engine"
)

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

// Explained runs fn with a transaction that tells the plan of each statement
// before it runs (SQLite).
func (tx *Tx) Explained(tell func(sql string, plan []string), fn func(*Tx) error) error {
	spy := *tx
	spy.s = explaining{tx.s, tell}
	return fn(&spy)
}

type explaining struct {
	engine.Session
	tell func(sql string, plan []string)
}

func (e explaining) Exec(ctx context.Context, sql string, args []any) (int64, error) {
	if err := e.explain(ctx, sql, args); err != nil {
		return 0, err
	}
	return e.Session.Exec(ctx, sql, args)
}

func (e explaining) Query(ctx context.Context, sql string, args []any) (engine.Cursor, error) {
	if err := e.explain(ctx, sql, args); err != nil {
		return nil, err
	}
	return e.Session.Query(ctx, sql, args)
}

func (e explaining) explain(ctx context.Context, sql string, args []any) error {
	c, err := e.Session.Query(ctx, "EXPLAIN QUERY PLAN "+sql, args)
	if err != nil {
		return err
	}
	defer c.Close()
	var plan []string
	for c.Next() {
		var n int64
		var step string
		if err := c.Scan(&n, &n, &n, &step); err != nil {
			return err
		}
		plan = append(plan, step)
	}
	e.tell(sql, plan)
	return c.Err()
}
