package usage

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

const (
	// most is how many months one answer has.
	most = 24
	// lately is within how many days an organisation was counted, if the server ran.
	lately = 3
)

// Own is what an organisation is told of itself.
type Own struct {
	Limits core.Limits  `json:"limits"`
	Now    core.Amounts `json:"now" doc:"What it has at this moment: agents, numbers and storage. Of a reseller: what those below it had when they were counted last, within the hour."`
	Given  core.Limits  `json:"given" doc:"Of a reseller or an operator: the sums of what those below it may have."`
	Months []core.Month `json:"months" doc:"By age; the last one goes on. Of a reseller: the sums of the months of those below it."`
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

// of tells of a tenant from its own rows, and of whoever is above others from the sums of
// theirs: it reads no organisation below.
func (s *Service) of(ctx context.Context, t id.Tenant) (out Own, err error) {
	now := s.clock.Now().UTC()
	var org store.OrganisationRow
	err = s.db.SystemRead(ctx, func(tx *store.Tx) (err error) {
		if org, err = tx.OrganisationByID(t); err != nil {
			return err
		}
		out = Own{Limits: org.Limits}
		if org.Kind == "tenant" {
			return nil
		}
		found, _, err := s.Lines.Below(tx, t, store.LineQuery{Anywhere: true})
		if err != nil {
			return err
		}
		has, err := tx.UsageLatest(now.AddDate(0, 0, -lately).Format(time.DateOnly))
		if err != nil {
			return err
		}
		for _, o := range append([]store.OrganisationLine{{ID: t, Status: org.Status}}, found...) {
			if o.Status == closed {
				continue
			}
			if out.Now = out.Now.Plus(has[o.ID]); o.ParentID == t {
				out.Given = out.Given.Plus(o.Limits)
			}
		}
		out.Months, err = s.months(tx, t, now)
		return err
	})
	if err != nil || org.Kind != "tenant" {
		return out, err
	}
	err = s.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		out.Now = core.Amounts{}
		if org.Status != closed {
			if out.Now, err = held(tx); err != nil {
				return err
			}
		}
		first, _ := span(now)
		rows, err := tx.UsageDays(first+"-01", now.Format(time.DateOnly))
		days := make([]core.Day, len(rows))
		for i, r := range rows {
			days[i] = core.Day{Day: r.Day, Amounts: r.Amounts}
		}
		out.Months = core.Months(days)
		return err
	})
	return out, err
}

// span is the first month of an answer, and the month before the present one.
func span(now time.Time) (first, last string) {
	month := func(back int) string {
		return time.Date(now.Year(), now.Month()-time.Month(back), 1, 0, 0, 0, 0, time.UTC).Format("2006-01")
	}
	return month(most - 1), month(1)
}

// past are the sums of the months that were over, below an organisation.
type past struct {
	stamp  [2]int64 // of all organisations: none was moved since, or ended
	before string   // the month that came after them
	at     time.Time
	months []core.Month
}

// months are the sums below an organisation. Those of this month and of the last are read
// each time; the others, which hardly change, once an hour, and again when an organisation
// was moved.
func (s *Service) months(tx *store.Tx, t id.Tenant, now time.Time) ([]core.Month, error) {
	first, last := span(now)
	_, stamp, err := s.Lines.All(tx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	p, known := s.past[t]
	s.mu.Unlock()
	if since := now.Sub(p.at); !known || p.stamp != stamp || p.before != last || since < 0 || since >= every {
		p = past{stamp: stamp, before: last, at: now}
		if p.months, err = tx.UsageMonths(t, first, last); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.past[t] = p
		s.mu.Unlock()
	}
	recent, err := tx.UsageMonths(t, last, core.MonthOf(now.AddDate(0, 0, 32-now.Day()).Format(time.DateOnly)))
	return append(append([]core.Month{}, p.months...), recent...), err
}
