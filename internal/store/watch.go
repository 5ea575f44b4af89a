package store

import "context"

type watchKey struct{}

// Watched makes a context whose transactions tell each statement before it runs,
// without its arguments: so a test sees what one call does, whatever else goes on beside
// it.
func Watched(ctx context.Context, tell func(statement string)) context.Context {
	return context.WithValue(ctx, watchKey{}, tell)
}

// watched tells a statement to who watches.
func (tx *Tx) watched(sql string) {
	if tell, ok := tx.ctx.Value(watchKey{}).(func(string)); ok {
		tell(sql)
	}
}
