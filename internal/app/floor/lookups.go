package floor

import (
	"context"
	"fmt"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
)

// ask carries out what a flow that now waits asks of a system outside, once that
// it waits is durable, and beside the floor's goroutine. A request that is made
// again, after a restart or a commit that failed, has the same key.
func (f *floor) ask(it *item) {
	if !it.running || it.here == nil {
		return
	}
	r, asks := flow.Pending(it.here, it.run)
	if !asks || f.asking[it.ID] == r.Step {
		return
	}
	interaction := it.ID
	f.batch.counted = append(f.batch.counted, func() { f.asking[interaction] = r.Step })
	f.batch.after = append(f.batch.after, func() { f.m.beside(func() { f.m.look(f, interaction, r) }) })
}

// look asks, and gives what came of it to the flow. If the floor has moved
// meanwhile, its next holder asks again.
func (m *Manager) look(f *floor, interaction string, r flow.Request) {
	a := flow.Answer{Step: r.Step, Failed: true}
	if m.Lookups != nil {
		values, err := m.Lookups.Look(m.ctx, f.tenant, fmt.Sprintf("%s-%d", interaction, r.Step), r)
		if err != nil {
			m.Log.Warn("a look-up failed", "tenant", f.tenant, "interaction", interaction, "connection", r.Connection, "code", errs.As(err).Code, "error", err)
		} else {
			a.Failed, a.Values = false, values
		}
	}
	m.give(f, r, func(f *floor, now time.Time) error {
		if f.asking[interaction] == r.Step {
			delete(f.asking, interaction)
		}
		if it := f.items[interaction]; it != nil && it.running {
			f.feed(it, flow.Input{Answer: &a}, now)
		}
		return nil
	})
}

// give hands an answer to its floor. What the floor could not save, it does not
// know, so the answer is given again while it is of use.
func (m *Manager) give(f *floor, r flow.Request, fn func(f *floor, now time.Time) error) {
	ctx, cancel := context.WithTimeout(m.ctx, time.Duration(r.Seconds)*time.Second)
	defer cancel()
	for errs.Is(f.do(ctx, acd.Subject{}, fn), errs.Unavailable) {
		select {
		case <-f.ended: // another holder asks again
			return
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// beside runs fn beside the floors, unless they are ending.
func (m *Manager) beside(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closing {
		m.wg.Go(fn)
	}
}
