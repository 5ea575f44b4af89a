package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// A floor in which nothing is going on rests: it ends, its lease has no holder, and no
// node opens it before somebody needs it. So organisations in which nobody works cost
// neither memory nor renewals of leases, and a start does not wait for them (ADR 0071).

// wakeWithin bounds the opening of a floor that rested.
const wakeWithin = 20 * time.Second

// Who puts floors to rest also renews the leases of the others, which must not wait for
// that as long as another node watches before it takes them (silence).
const (
	restWithin = leaseTTL / 3    // of one floor
	restsFor   = 2 * time.Second // of all, between two looks at the leases
)

// need finds the tenant's floor on this node, and opens it if it rests.
func (m *Manager) need(ctx context.Context, t id.Tenant) (*floor, error) {
	f, err := m.use(t)
	if err != nil && m.Rest > 0 {
		f, err = m.wake(ctx, t)
	}
	return f, err
}

// use is at for who needs the floor: it does not go to rest meanwhile.
func (m *Manager) use(t id.Tenant) (*floor, error) {
	f, err := m.at(t)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err == nil && m.floors[t] != f { // it went meanwhile
		f, err = nil, moving()
	}
	if err == nil {
		f.used = m.Passed()
		f.uses++
	}
	return f, err
}

// wake opens a floor that rests. One that is going to rest, or is being opened, is
// waited for.
func (m *Manager) wake(ctx context.Context, t id.Tenant) (*floor, error) {
	ctx, cancel := context.WithTimeout(ctx, wakeWithin)
	defer cancel()
	for range 3 { // who came between found it opened, at rest again, and opened by others
		m.mu.Lock()
		changing := m.opening[t]
		m.mu.Unlock()
		if changing != nil {
			select {
			case <-changing:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		if f, err := m.use(t); err == nil {
			return f, nil
		}
		_, free, err := m.rests(ctx, t)
		if err != nil {
			return nil, err
		}
		if !free {
			break
		}
		// Who asked may go; the others who wait for it stay.
		if err := m.claimOne(context.WithoutCancel(ctx), t); err != nil {
			return nil, err
		}
	}
	return m.use(t)
}

// rests says whether a tenant works, and nobody has its floor: it was put to rest, or given
// up. free is true also where this node has it still, for it did not put it to rest because
// something came.
func (m *Manager) rests(ctx context.Context, t id.Tenant) (rests, free bool, err error) {
	err = m.DB.Read(ctx, t, func(tx *store.Tx) error {
		rests, free = false, false
		org, err := tx.Organisation()
		if err != nil || org.Kind != "tenant" || org.Status != "active" {
			return err
		}
		lease, err := tx.LeaseOf(leaseName)
		if errs.Is(err, errs.NotFound) { // it was never opened: whoever makes the tenant does so
			return nil
		}
		rests = lease.ExpiresAt.IsZero() // so is one that was given up
		free = rests || lease.Holder == m.Node
		return err
	})
	return rests, free, err
}

// reloadResting opens a floor that rests if its changed set-up asks for that.
func (m *Manager) reloadResting(ctx context.Context, t id.Tenant, err error) error {
	if err != nil || m.Needed == nil {
		return err
	}
	if needed, err := m.Needed(ctx, t); err != nil || !needed {
		return err
	}
	_, err = m.wake(ctx, t)
	return err
}

// restSome puts floors to rest in which nothing was going on for long enough; those for
// which there is no time now come next time.
func (m *Manager) restSome(ctx context.Context) {
	if m.Rest <= 0 {
		return
	}
	began := m.Passed()
	var idle []*floor
	m.mu.Lock()
	for _, f := range m.floors {
		if began-f.used >= m.Rest {
			idle = append(idle, f)
		}
	}
	m.mu.Unlock()
	for _, f := range idle {
		now := m.Passed()
		if now-began >= restsFor || ctx.Err() != nil {
			return
		}
		m.mu.Lock()
		due := now-f.used >= m.Rest
		f.used = max(f.used, now) // one that does not rest is looked at again after as long
		m.mu.Unlock()
		if !due {
			continue
		}
		if err := m.rest(ctx, f); err != nil && ctx.Err() == nil {
			m.Log.Warn("a floor does not rest", "tenant", f.tenant, "code", errs.As(err).Code)
		}
	}
}

// rest puts a floor to rest if nothing is going on there.
func (m *Manager) rest(ctx context.Context, f *floor) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restWithin)
	defer cancel()
	m.mu.Lock()
	uses := f.uses
	m.mu.Unlock()
	quiet := false
	err := f.do(ctx, acd.Subject{}, func(f *floor, _ time.Time) error {
		quiet = f.quiet()
		return nil
	})
	if err != nil || !quiet {
		return err
	}
	if m.Needed != nil {
		if needed, err := m.Needed(ctx, f.tenant); err != nil || needed {
			return err
		}
	}
	m.mu.Lock()
	if m.closing || m.floors[f.tenant] != f || f.uses != uses || m.opening[f.tenant] != nil {
		m.mu.Unlock()
		return nil
	}
	done := make(chan struct{}) // who needs it from now on waits
	m.opening[f.tenant] = done
	delete(m.floors, f.tenant)
	m.mu.Unlock()
	f.stop()
	rested := false
	err = m.DB.Write(ctx, f.tenant, func(tx *store.Tx) (err error) {
		rested, err = tx.RestLease(leaseName, m.Node, f.fence)
		return err
	})
	for _, d := range m.drivers {
		if d, ok := d.(channel.Follower); ok {
			d.Closed(f.tenant)
		}
	}
	if err == nil && rested && m.Rested != nil {
		m.Rested(f.tenant)
	}
	m.mu.Lock()
	delete(m.opening, f.tenant)
	if err == nil && rested {
		forgetNobody(m.online, f.tenant)
		forgetNobody(m.aside, f.tenant)
	}
	m.mu.Unlock()
	close(done)
	if err != nil || !rested { // something came meanwhile
		if again := m.claimOne(ctx, f.tenant); err == nil {
			err = again
		}
	}
	return err
}

// quiet says that nothing is going on that needs a floor: no work, nobody at a desk or
// on a call, and nothing that is watched. What agents' rows say is asked with the lease.
func (f *floor) quiet() bool {
	for _, users := range []map[string]int{f.online, f.aside} {
		for _, n := range users {
			if n > 0 {
				return false
			}
		}
	}
	return len(f.items) == 0 && len(f.alerts.open) == 0 && len(f.alerts.queueRules) == 0 && len(f.alerts.agentRules) == 0 && len(f.trunks) == 0
}

// forgetNobody drops a tenant's counts if all are zero. m.mu is held.
func forgetNobody(counts map[id.Tenant]map[string]int, t id.Tenant) {
	for _, n := range counts[t] {
		if n > 0 {
			return
		}
	}
	delete(counts, t)
}
