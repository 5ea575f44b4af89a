package usage

import (
	"context"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

const (
	// every is between two counts of one organisation.
	every = time.Hour
	// again is how many days are counted once more after the server did not run.
	again = 45
	// Kept is for how long the days are kept.
	Kept = 2 * 365 * 24 * time.Hour
	// aside is how far nodes' clocks may be apart: what lies further ahead was
	// counted by a clock that was wrong.
	aside = time.Hour

	closed = "closed" // status of an organisation that has ended
)

// Service counts and tells.
type Service struct {
	db    *store.DB
	clock clock.Clock

	// Lines are shared with who looks for organisations, too.
	Lines *store.Lines

	mu      sync.Mutex
	counted map[id.Tenant]time.Time
	past    map[id.Tenant]past
}

// New makes a Service.
func New(db *store.DB, c clock.Clock) *Service {
	return &Service{db: db, clock: c, Lines: new(store.Lines), counted: map[id.Tenant]time.Time{}, past: map[id.Tenant]past{}}
}

// Count counts an organisation's days that are not over for good, at most once
// an hour, and forgets those that were kept long enough.
func (s *Service) Count(ctx context.Context, t id.Tenant) error {
	now := s.clock.Now()
	s.mu.Lock()
	last := s.counted[t]
	s.mu.Unlock()
	if since := now.Sub(last); since >= 0 && since < every {
		return nil
	}
	if err := s.count(ctx, t, false); err != nil {
		return err
	}
	s.mu.Lock()
	s.counted[t] = now
	s.mu.Unlock()
	return nil
}

// CountNow is Count, whenever the last was, and also of an organisation that has
// ended and whose rows are about to go.
func (s *Service) CountNow(ctx context.Context, t id.Tenant) error { return s.count(ctx, t, true) }

// count counts, of an organisation that has ended only if asked to, and forgets.
func (s *Service) count(ctx context.Context, t id.Tenant, ended bool) error {
	now := s.clock.Now()
	var rows []store.UsageDayRow
	err := s.db.Read(ctx, t, func(tx *store.Tx) error {
		org, err := tx.Organisation()
		if err != nil {
			return err
		}
		if rows = nil; org.Status == closed && !ended {
			return nil
		}
		rows, err = counted(tx, now, org.Status == closed)
		return err
	})
	if err != nil {
		return err
	}
	return s.db.Write(ctx, t, func(tx *store.Tx) error {
		if err := tx.PutUsageDays(rows...); err != nil {
			return err
		}
		latest, _, _ := core.Span(now.Add(aside))
		if _, err := tx.DeleteUsageDaysAfter(latest); err != nil {
			return err
		}
		kept, _, _ := core.Span(now.Add(-Kept))
		_, err := tx.DeleteUsageDays(kept)
		return err
	})
}

// counted are the days that may have changed since they were counted: yesterday,
// today, and those since the last count. What has ended has on its last day what
// it had before its rows began to go.
func counted(tx *store.Tx, now time.Time, ended bool) ([]store.UsageDayRow, error) {
	today, _, _ := core.Span(now)
	oldest, _, _ := core.Span(now.AddDate(0, 0, -again))
	known, err := tx.UsageDays(oldest, today)
	if err != nil {
		return nil, err
	}
	from := now.AddDate(0, 0, -again)
	if n := len(known); n > 0 {
		from = known[n-1].CountedAt.AddDate(0, 0, -1)
	}
	if yesterday := now.AddDate(0, 0, -1); yesterday.Before(from) {
		from = yesterday
	}
	peaks, err := held(tx)
	if err != nil {
		return nil, err
	}
	if peaks.StorageBytes, err = tx.CountStorage(); err != nil {
		return nil, err
	}
	var out []store.UsageDayRow
	for day := from; ; day = day.AddDate(0, 0, 1) {
		name, begin, end := core.Span(day)
		if name > today {
			return out, nil
		}
		a, err := tx.CountDay(begin, end)
		if err != nil {
			return nil, err
		}
		if name == today {
			a.Agents, a.Numbers, a.StorageBytes = peaks.Agents, peaks.Numbers, peaks.StorageBytes
		}
		i := slices.IndexFunc(known, func(u store.UsageDayRow) bool { return u.Day == name })
		if i >= 0 {
			a = known[i].Amounts.Recounted(a)
			if name == today && !ended {
				a.StorageBytes = peaks.StorageBytes
			}
		}
		if i < 0 && a == (core.Amounts{}) && (name != today || ended) {
			continue // before the organisation did anything, or after
		}
		out = append(out, store.UsageDayRow{Day: name, Amounts: a, CountedAt: now})
	}
}

// held is what the organisation has at this moment; its storage as it was counted
// last.
func held(tx *store.Tx) (a core.Amounts, err error) {
	if a.Agents, err = tx.DeskUsers(); err != nil {
		return a, err
	}
	if a.Numbers, err = tx.CountNumbers(); err != nil {
		return a, err
	}
	a.StorageBytes, err = tx.StorageUsed()
	return a, err
}
