package engine

import (
	"context"
	"testing"
	"time"
)

// Whoever goes away at whatever moment of a reading leaves the reader as it was for the next.
func TestAReaderIsGoodAfterWhoeverWentAway(t *testing.T) {
	db := openLite(t)
	read := func(ctx context.Context, s Session) error {
		c, err := s.Query(ctx, "SELECT n FROM things WHERE tenant_id = $1", []any{"ten_1"})
		if err != nil {
			return err
		}
		defer c.Close()
		for c.Next() {
		}
		return c.Err()
	}
	for i := range 20_000 {
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			for end := time.Now().Add(time.Duration(i%200) * 250 * time.Nanosecond); time.Now().Before(end); {
			}
			stop()
		}()
		_ = db.Read(ctx, one, read) // it may be told that it went away
		stop()
	}
	for range 2 * cap(db.readers) {
		if err := db.Read(t.Context(), one, read); err != nil {
			t.Fatalf("a reader that somebody left: %v", err)
		}
	}
}
