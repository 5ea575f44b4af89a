package campaign

import (
	"context"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// CampaignProgress is how far a campaign is.
type CampaignProgress struct {
	Campaign string          `json:"campaign"`
	Contacts int             `json:"contacts" doc:"In its lists."`
	Pending  int             `json:"pending" doc:"Not called yet."`
	Held     int             `json:"held" doc:"With agents now: looked at, called, talked with or wrapped up."`
	Again    int             `json:"again" doc:"To be called again."`
	Done     int             `json:"done"`
	Excluded int             `json:"excluded" doc:"Not to be called."`
	Calls    int             `json:"calls" doc:"All attempts."`
	Next     time.Time       `json:"next,omitzero" doc:"When the next is due that is to be called again."`
	Reasons  []CampaignShare `json:"reasons" nullable:"false" doc:"Why they are done, excluded or to be called again."`
	Outcomes []CampaignShare `json:"outcomes" nullable:"false" doc:"By the disposition of the last call."`
}

// CampaignShare is a part of a campaign's contacts.
type CampaignShare struct {
	What  string `json:"what"`
	Count int    `json:"count"`
}

// CampaignProgress is that of the campaigns that an actor may watch, by id.
func (s *Service) Progress(ctx context.Context, a access.Actor) ([]CampaignProgress, error) {
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return nil, err
	}
	if err := s.settle(ctx, a.Tenant, plan); err != nil {
		return nil, err
	}
	out := []CampaignProgress{}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		out = out[:0]
		sizes, err := tx.ListSizes()
		if err != nil {
			return err
		}
		for campaign, m := range plan.Campaigns {
			if access.Over(a, access.FloorWatch, access.Some(a.Tenant, access.RolePart{Queues: []string{m.Queue}, Campaigns: []string{campaign}})) <= access.Own {
				continue
			}
			p, err := s.progress(tx, campaign, m, sizes)
			if err != nil {
				return err
			}
			out = append(out, p)
		}
		return nil
	})
	order.By(out, func(x, y CampaignProgress) int { return strings.Compare(x.Campaign, y.Campaign) })
	return out, err
}

func (s *Service) progress(tx *store.Tx, campaign string, m setup.Campaign, sizes []store.ListSize) (CampaignProgress, error) {
	p := CampaignProgress{Campaign: campaign, Reasons: []CampaignShare{}, Outcomes: []CampaignShare{}}
	for _, l := range sizes {
		if slices.Contains(m.Lists, l.ListID) {
			p.Contacts += l.Size
		}
	}
	counts, err := tx.CampaignCounts(campaign)
	if err != nil {
		return p, err
	}
	for _, c := range counts {
		p.Calls += c.Attempts
		switch core.State(c.State) {
		case core.Claimed, core.Dialing:
			p.Held += c.Count
		case core.RetryAt:
			p.Again += c.Count
		case core.Done:
			p.Done += c.Count
		case core.Excluded:
			p.Excluded += c.Count
		}
		p.Reasons = share(p.Reasons, c.Reason, c.Count)
		p.Outcomes = share(p.Outcomes, c.Outcome, c.Count)
	}
	p.Contacts = max(p.Contacts, p.Held+p.Again+p.Done+p.Excluded) // of lists that it called before, too
	p.Pending = p.Contacts - p.Held - p.Again - p.Done - p.Excluded
	zones, err := zonesOf(tx, campaign)
	for _, zone := range zones {
		due, err := tx.NextDue(campaign, zone, m.Lists, time.Time{})
		if err != nil {
			return p, err
		}
		if !due.IsZero() && (p.Next.IsZero() || due.Before(p.Next)) {
			p.Next = due
		}
	}
	return p, err
}

func share(all []CampaignShare, what string, n int) []CampaignShare {
	if what == "" {
		return all
	}
	for i := range all {
		if all[i].What == what {
			all[i].Count += n
			return all
		}
	}
	return append(all, CampaignShare{what, n})
}
