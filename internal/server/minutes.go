package server

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/voice"
	"nubitalk/internal/core/dialplan"
	"nubitalk/internal/store"
)

// payWithin bounds how long a call waits for its next slice of a day's minutes, and
// notedSoon is when it is tried again where its record was not stored yet.
const (
	payWithin = 5 * time.Second
	notedSoon = 100 * time.Millisecond
)

// minutes are the bounded minutes of trunks as this node knows them. telephone.mu
// guards them.
type minutes struct {
	held map[minutesOf]int           // first slices of calls that are rung
	left map[minutesOf]time.Duration // of the day, as it was read last, less what was given since
}

// minutesOf are those of a tenant's calls by a trunk that count under a key.
type minutesOf struct {
	tenant     id.Tenant
	trunk, key string
}

// hold keeps a slice for a call that is rung; letGo gives it back, once. p.mu is
// held, but not where letGo is called.
func (p *telephone) hold(trunk string, t id.Tenant, counts []string) (letGo func()) {
	if p.minutes.held == nil {
		p.minutes.held = map[minutesOf]int{}
	}
	for _, key := range counts {
		p.minutes.held[minutesOf{t, trunk, key}]++
	}
	held := true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !held {
			return
		}
		held = false
		for _, key := range counts {
			m := minutesOf{t, trunk, key}
			if p.minutes.held[m]--; p.minutes.held[m] == 0 {
				delete(p.minutes.held, m)
			}
		}
	}
}

// day is the one of an instant, where it is.
func day(now time.Time) (from, to time.Time) {
	y, m, d := now.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, now.Location()), time.Date(y, m, d+1, 0, 0, 0, 0, now.Location())
}

// talks are a tenant's calls of a day that left and were answered.
func talks(tx *store.Tx, now time.Time) ([]dialplan.Talk, error) {
	rows, err := tx.Spent(day(now))
	out := make([]dialplan.Talk, len(rows))
	for i, r := range rows {
		out[i] = dialplan.Talk{ID: r.ID, Trunk: r.TrunkID, Counts: r.Counts, Answered: r.AnsweredAt, Ended: r.EndedAt, Paid: r.PaidUntil}
	}
	return out, err
}

// usage is what a tenant has used of its trunks today, with what is held for calls that
// are rung.
func (p *telephone) usage(ctx context.Context, t id.Tenant, now time.Time) (dialplan.Usage, error) {
	var all []dialplan.Talk
	err := p.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		all, err = talks(tx, now)
		return err
	})
	u := dialplan.Usage{Calls: map[string]int{}, Spent: dialplan.Spent(all, now)}
	p.mu.Lock()
	defer p.mu.Unlock()
	for tid, w := range p.trunks {
		u.Calls[tid] = w.out[t]
		if err == nil {
			p.leaves(t, tid, u.Spent[tid])
		}
	}
	for m, n := range p.minutes.held {
		if m.tenant != t {
			continue
		}
		if u.Spent[m.trunk] == nil {
			u.Spent[m.trunk] = map[string]time.Duration{}
		}
		u.Spent[m.trunk][m.key] += time.Duration(n) * dialplan.Slice
	}
	return u, err
}

// leaves remembers what is left of a trunk's bounded minutes when some of them are spent,
// for while the database is away. p.mu is held.
func (p *telephone) leaves(t id.Tenant, trunk string, spent map[string]time.Duration) {
	if p.plan == nil {
		return
	}
	w := p.plan.Trunk(trunk)
	if w == nil {
		return
	}
	if p.minutes.left == nil {
		p.minutes.left = map[minutesOf]time.Duration{}
	}
	for key, most := range w.Out.Bounds() {
		p.minutes.left[minutesOf{t, trunk, key}] = most - spent[key]
	}
}

// Pay gives a call the next slice of its trunk's minutes.
func (p *telephone) Pay(ctx context.Context, t id.Tenant, m voice.Minutes) (voice.Paid, error) {
	ctx, cancel := context.WithTimeout(ctx, payWithin)
	defer cancel()
	plan, err := p.read(ctx)
	if err != nil {
		return voice.Paid{}, err
	}
	trunk := plan.Trunk(m.Trunk)
	if trunk == nil { // what it bounded is not known any more
		return voice.Paid{}, nil
	}
	for {
		paid, noted, err := p.pay(ctx, t, trunk, m)
		switch {
		case err == nil && noted, errs.Is(err, errs.Conflict):
			return paid, err
		case err != nil:
			return p.payAhead(t, trunk, m)
		}
		select { // its record is being written
		case <-ctx.Done():
			return p.payAhead(t, trunk, m)
		case <-time.After(notedSoon):
		}
	}
}

// pay stores until when a call has its minutes, as far as there are some; noted is false
// where there is no record of the call yet that could say so.
func (p *telephone) pay(ctx context.Context, t id.Tenant, trunk *dialplan.Trunk, m voice.Minutes) (paid voice.Paid, noted bool, err error) {
	snap, err := p.setups.of(ctx, t)
	if err != nil {
		return paid, false, err
	}
	var bounded, more bool
	var spent map[string]time.Duration
	err = p.db.Write(ctx, t, func(tx *store.Tx) error {
		if err := tx.LockMinutes(); err != nil {
			return err
		}
		all, err := talks(tx, m.StartedAt.In(snap.TimeZone)) // a call counts on the day on which it began
		if err != nil {
			return err
		}
		now := p.clock.Now()
		own := slices.IndexFunc(all, func(t dialplan.Talk) bool { return t.ID == m.Record })
		call := dialplan.Talk{ID: m.Record, Trunk: m.Trunk, Counts: m.Counts, Answered: m.AnsweredAt, Paid: m.Until}
		switch {
		case own < 0 && !m.Until.IsZero():
			own, all = len(all), append(all, call)
		case own >= 0 && m.Until.After(all[own].Paid): // that was given while the database was away
			all[own].Paid = m.Until
		}
		paid.Until, paid.Most, bounded, more = trunk.Out.Extend(call, all, now)
		switch {
		case !bounded:
			paid, noted = voice.Paid{}, true
			return nil
		case !more: // what it has holds
			if paid = (voice.Paid{}); own >= 0 {
				paid.Until = all[own].Paid
			}
			noted = true
			return nil
		}
		if own >= 0 {
			all[own].Paid = paid.Until
		} else {
			call.Paid = paid.Until
			all = append(all, call)
		}
		spent = dialplan.Spent(all, now)[m.Trunk]
		noted, err = tx.PayMinutes(m.Record, m.AnsweredAt, paid.Until)
		return err
	})
	if err != nil || !bounded {
		return paid, err == nil, err
	}
	if noted && more {
		p.mu.Lock()
		p.leaves(t, m.Trunk, spent)
		p.mu.Unlock()
	}
	if !more {
		err = noMinutes(trunk)
	}
	return paid, noted, err
}

// payAhead gives a call a slice of what was left when the minutes were read last: calls
// go on while the database is away, but no longer than these last.
func (p *telephone) payAhead(t id.Tenant, trunk *dialplan.Trunk, m voice.Minutes) (voice.Paid, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	bounds := trunk.Out.Bounds()
	spent := map[string]time.Duration{}
	for key, most := range bounds {
		spent[key] = most - p.minutes.left[minutesOf{t, trunk.ID, key}]
	}
	slice, left, bounded := trunk.Out.Slice(m.Counts, spent)
	switch {
	case !bounded:
		return voice.Paid{}, nil
	case slice == 0:
		return voice.Paid{}, noMinutes(trunk)
	}
	for _, key := range m.Counts {
		if _, ok := bounds[key]; ok {
			p.minutes.left[minutesOf{t, trunk.ID, key}] -= slice
		}
	}
	from := m.AnsweredAt
	if !m.Until.IsZero() {
		if from = p.clock.Now(); m.Until.After(from) {
			from = m.Until
		}
	}
	return voice.Paid{Until: from.Add(slice), Most: from.Add(slice + left)}, nil
}

func noMinutes(trunk *dialplan.Trunk) error {
	return (&dialplan.Refusal{Why: dialplan.NoMinutes, Trunk: trunk.Name}).Err()
}
