package usage

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
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
	// most is how many months one answer has.
	most = 24

	// aside is how far nodes' clocks may be apart: what lies further ahead was
	// counted by a clock that was wrong.
	aside = time.Hour

	closed = "closed" // status of an organisation that has ended
)

// Service counts and tells.
type Service struct {
	db    *store.DB
	clock clock.Clock

	mu      sync.Mutex
	counted map[id.Tenant]time.Time
}

// New makes a Service.
func New(db *store.DB, c clock.Clock) *Service {
	return &Service{db: db, clock: c, counted: map[id.Tenant]time.Time{}}
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
		for _, row := range rows {
			if err := tx.PutUsageDay(row); err != nil {
				return err
			}
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

// Own is what an organisation is told of itself.
type Own struct {
	Limits core.Limits  `json:"limits"`
	Now    core.Amounts `json:"now" doc:"What it has at this moment: agents, numbers and storage. Of a reseller: what those below it have."`
	Given  core.Limits  `json:"given" doc:"Of a reseller or an operator: the sums of what those below it may have."`
	Months []core.Month `json:"months" doc:"By age; the last one goes on. Of a reseller: the sums of those below it."`
}

// Own tells the actor's own organisation what it may have, has, and has had.
func (s *Service) Own(ctx context.Context, a access.Actor) (Own, error) {
	if access.Reach(a, access.UsageRead) < access.Tenant {
		return Own{}, errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return s.of(ctx, a.Tenant)
}

// Of tells the same of one anywhere below the actor's own organisation.
func (s *Service) Of(ctx context.Context, a access.Actor, org id.Tenant) (Own, error) {
	if access.Reach(a, access.OrgRead) < access.Below {
		return Own{}, errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	var below bool
	err := s.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		below, err = tx.IsBelow(org, a.Tenant)
		return err
	})
	if err == nil && !below {
		err = errs.New(errs.NotFound, "This organisation does not exist.")
	}
	if err != nil {
		return Own{}, err
	}
	return s.of(ctx, org)
}

func (s *Service) of(ctx context.Context, t id.Tenant) (Own, error) {
	var tree []store.OrganisationRow
	err := s.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		tree, err = tx.Under(t)
		return err
	})
	if err != nil {
		return Own{}, err
	}
	out := Own{Limits: tree[0].Limits}
	days := map[string]core.Amounts{}
	for _, o := range tree {
		if o.ParentID == t && o.ID != t && o.Status != closed {
			out.Given = out.Given.Plus(o.Limits)
		}
		err := s.db.Read(ctx, o.ID, func(tx *store.Tx) error {
			has, err := held(tx)
			if err != nil {
				return err
			}
			if o.Status != closed {
				out.Now = out.Now.Plus(has)
			}
			rows, err := s.days(tx, "")
			for _, r := range rows {
				days[r.Day] = days[r.Day].Plus(r.Amounts)
			}
			return err
		})
		if err != nil {
			return Own{}, err
		}
	}
	var list []core.Day
	for _, day := range slices.Sorted(maps.Keys(days)) {
		list = append(list, core.Day{Day: day, Amounts: days[day]})
	}
	out.Months = core.Months(list)
	return out, nil
}

// days are those of one month, or of all months that an answer has.
func (s *Service) days(tx *store.Tx, month string) ([]store.UsageDayRow, error) {
	if month != "" {
		return tx.UsageDays(month+"-01", month+"-31")
	}
	now := s.clock.Now().UTC()
	first := time.Date(now.Year(), now.Month()-most+1, 1, 0, 0, 0, 0, time.UTC)
	return tx.UsageDays(first.Format(time.DateOnly), now.Format(time.DateOnly))
}

// Line is a line of an account: what one organisation used in a month.
type Line struct {
	Organisation id.Tenant `json:"organisation"`
	Name         string    `json:"name"`
	Above        string    `json:"above" doc:"Name of the organisation right above it."`
	core.Month
}

// Account gives each organisation anywhere below the actor's own, resellers left
// out, with what it used in a month, as 2026-11.
func (s *Service) Account(ctx context.Context, a access.Actor, month string, each func(Line) error) error {
	if access.Reach(a, access.OrgRead) < access.Below {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	if _, err := time.Parse("2006-01", month); err != nil {
		return errs.Bad("month", "must be a month, such as 2026-11")
	}
	var tree []store.OrganisationRow
	err := s.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		tree, err = tx.Under(a.Tenant)
		return err
	})
	if err != nil {
		return err
	}
	names := map[id.Tenant]string{}
	for _, o := range tree {
		names[o.ID] = o.Name
	}
	for _, o := range tree {
		if o.Kind != "tenant" {
			continue
		}
		var rows []store.UsageDayRow
		err := s.db.Read(ctx, o.ID, func(tx *store.Tx) (err error) {
			rows, err = s.days(tx, month)
			return err
		})
		if err != nil {
			return err
		}
		var days []core.Day
		for _, r := range rows {
			days = append(days, core.Day{Day: r.Day, Amounts: r.Amounts})
		}
		for _, m := range core.Months(days) {
			if err := each(Line{o.ID, o.Name, names[o.ParentID], m}); err != nil {
				return err
			}
		}
	}
	return nil
}
