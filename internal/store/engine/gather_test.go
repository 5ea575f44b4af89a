package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A writer that is alone waits for nobody; several share their commits; and who
// is alone again stops waiting after a few groups. The clock is virtual: only
// gathering lets it move.
func TestWritesGatherOnlyInCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openLite(t)
		names := 0
		alone := func(n int) time.Duration {
			start := time.Now()
			for range n {
				names++
				if err := e.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, fmt.Sprint("alone", names)) }); err != nil {
					t.Fatal(err)
				}
			}
			return time.Since(start)
		}
		if d := alone(20); d != 0 {
			t.Errorf("a lone writer waited for %v", d)
		}
		note := func(name string) Func { return func(ctx context.Context, s Session) error { return add(ctx, s, name) } }
		if err := errors.Join(together(t, e, note("first"), note("second"))...); err != nil { // they met
			t.Fatal(err)
		}
		before := e.Stats()
		const callers, rounds = 5, 10
		var wg sync.WaitGroup
		faults := make([]error, callers)
		for i := range callers {
			wg.Go(func() {
				for j := range rounds {
					err := e.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, fmt.Sprint(i, "/", j)) })
					faults[i] = errors.Join(faults[i], err)
				}
			})
		}
		wg.Wait()
		if err := errors.Join(faults...); err != nil {
			t.Fatal(err)
		}
		after := e.Stats()
		// All callers wait at the same time once some have met; a disk that
		// is slow to sync may let some miss their group.
		if writes, commits := after.Writes-before.Writes, after.Commits-before.Commits; writes != callers*rounds || commits > callers*rounds/2 {
			t.Errorf("%d writes of %d callers took %d commits", writes, callers, commits)
		}
		if d := alone(20); d == 0 || d > lonely*gatherTime {
			t.Errorf("after company had gone, a lone writer waited for %v in all", d)
		}
		if d := alone(20); d != 0 {
			t.Errorf("a writer that had long been alone waited for %v", d)
		}
	})
}
