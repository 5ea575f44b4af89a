package campaign

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// JobSettle is the kind of the jobs that settle a call whose ends were not known as it was
// closed; the object is the interaction.
const JobSettle = "campaign.settle"

// legsCome is how long after a call was closed what its ends noted of it comes in. Where
// there is nothing by then, the call never left.
const legsCome = 15 * time.Second

// Ended stores what a call of a campaign came to, in the transaction that closes it. What
// cannot be said yet is a job of the same transaction.
func (s *Service) Ended(tx *store.Tx, interaction string) error {
	r, err := tx.CampaignCall(interaction)
	if errs.Is(err, errs.NotFound) || err == nil && r.State != string(core.Dialing) {
		return nil // its contact was taken out, or it is settled
	}
	known := false
	if err == nil {
		known, err = s.settled(tx, r, Plan{}, false)
	}
	if known || err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	now := s.Clock.Now()
	return tx.InsertJob(store.JobRow{ID: s.IDs.New(id.Job), Kind: JobSettle, ObjectID: interaction, RunAt: now.Add(legsCome), CreatedAt: now})
}

// RunSettle settles a call that was closed (JobSettle). Repeats are harmless.
func (s *Service) RunSettle(ctx context.Context, job store.JobRow) error {
	return s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		r, err := tx.CampaignCall(job.ObjectID)
		if err == nil && r.State == string(core.Dialing) {
			var over bool
			if over, _, err = s.over(tx, r.InteractionID); err == nil && over {
				_, err = s.settled(tx, r, Plan{}, true)
			}
		}
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		return tx.FinishJob(job)
	})
}

// over says whether a call is closed, and whether all is known of it that ever will be.
func (s *Service) over(tx *store.Tx, interaction string) (over, all bool, err error) {
	work, err := tx.Interaction(interaction)
	if errs.Is(err, errs.NotFound) {
		return true, true, nil
	}
	return !work.ClosedAt.IsZero(), !s.Clock.Now().Before(work.ClosedAt.Add(legsCome)), err
}

// settle stores what the calls came to whose work is closed, for who asks before the jobs
// have.
func (s *Service) settle(ctx context.Context, t id.Tenant, plan Plan) error {
	var closed []store.CampaignContactRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) error {
		closed = nil
		held, err := tx.HeldContacts("")
		for _, r := range held {
			if r.State != string(core.Dialing) {
				continue
			}
			over, _, err := s.over(tx, r.InteractionID)
			if err != nil {
				return err
			}
			if over {
				closed = append(closed, r)
			}
		}
		return err
	})
	if err != nil || len(closed) == 0 {
		return err
	}
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		for _, r := range closed {
			now, err := tx.CampaignContact(r.CampaignID, r.EntryID)
			if errs.Is(err, errs.NotFound) || err == nil && (now.State != r.State || now.InteractionID != r.InteractionID) {
				continue // somebody else was faster
			}
			if err != nil {
				return err
			}
			_, all, err := s.over(tx, r.InteractionID)
			if err == nil {
				_, err = s.settled(tx, now, plan, all)
			}
			if err != nil && !errs.Is(err, errs.Conflict) {
				return err
			}
		}
		return nil
	})
}

// settled stores what a call came to, if that is known; all says that nothing more will be.
func (s *Service) settled(tx *store.Tx, r store.CampaignContactRow, plan Plan, all bool) (known bool, err error) {
	res, known, err := result(tx, r)
	if err != nil {
		return false, err
	}
	m, err := campaignOf(tx, plan, r.CampaignID)
	if err != nil {
		return false, err
	}
	agent := r.AgentID
	c, never := m.Decides().After(contactOf(r), res, s.Clock.Now())
	if !known && !all && !never && res.Again.IsZero() {
		return false, nil
	}
	if err := s.put(tx, r, c); err != nil || !never {
		return err == nil, err
	}
	return true, s.never(tx, r.EntryID, agent)
}

// campaignOf is a campaign, also one that was taken out of use while it called: what it said
// of its dispositions still holds for that call.
func campaignOf(tx *store.Tx, plan Plan, campaign string) (setup.Campaign, error) {
	if m, ok := plan.Campaigns[campaign]; ok {
		return m, nil
	}
	row, err := tx.Setup(string(setup.KindCampaign), campaign)
	if errs.Is(err, errs.NotFound) {
		return setup.Campaign{}, nil
	}
	if err != nil {
		return setup.Campaign{}, err
	}
	o, err := setup.Stored(setup.KindCampaign, row.Body)
	m, _ := o.(setup.Campaign)
	return m, err
}

// result reads how a call ended; known says that its ends have noted that.
func result(tx *store.Tx, r store.CampaignContactRow) (res core.Result, known bool, err error) {
	res = core.Result{Again: r.AgainAt, Own: r.AgainOwn}
	work, err := tx.Interaction(r.InteractionID)
	if errs.Is(err, errs.NotFound) { // of a version before, retention was faster than anybody who asked
		res.Left, res.Reached = true, true
		return res, true, nil
	}
	if err != nil {
		return res, false, err
	}
	res.Disposition = work.DispositionID
	legs, err := tx.Legs(r.InteractionID)
	for _, l := range legs {
		if l.Part != "callee" {
			continue
		}
		known = known || !l.EndedAt.IsZero()
		res.Left, res.Why = true, core.Failed(l.SIPCode)
		if !l.AnsweredAt.IsZero() {
			res.Reached = true
			return res, true, err
		}
	}
	return res, known, err
}
