package quality

import (
	"context"
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const (
	// mostDrawnFrom is how many recordings of a week a draw looks at.
	mostDrawnFrom = 50_000
	// together is how many evaluations one transaction adds: the writer is shared.
	together = 50
)

// Start begins to draw samples.
func (s *Service) Start(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan struct{})
	go func(done chan struct{}) {
		defer close(done)
		tick := time.NewTicker(s.Every)
		defer tick.Stop()
		for {
			if err := s.Round(ctx); err != nil && ctx.Err() == nil {
				s.Log.Warn("samples for evaluation will be drawn later", "code", errs.As(err).Code, "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}(s.done)
	return nil
}

// Stop ends that, after what it is doing at this moment.
func (s *Service) Stop(context.Context) error {
	s.mu.Lock()
	stop, done := s.stop, s.done
	s.stop = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
	return nil
}

// Round draws what is to be drawn of the last week, of all tenants. It goes on
// after a fault of one, and answers the first.
func (s *Service) Round(ctx context.Context) error {
	var orgs []store.OrganisationRow
	err := s.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
		orgs, err = tx.Organisations()
		return err
	})
	for _, o := range orgs {
		if o.Kind != "tenant" || o.Status != "active" || ctx.Err() != nil {
			continue
		}
		if e := s.lastWeek(ctx, o); e != nil && err == nil {
			err = e
		}
	}
	return err
}

// lastWeek draws a tenant's, unless another node does so or it was done.
func (s *Service) lastWeek(ctx context.Context, o store.OrganisationRow) error {
	now := s.Clock.Now()
	_, this, _ := core.Week(now, zone(o))
	week, _, _ := core.Week(this.Add(-time.Hour), zone(o))
	var todo []string
	err := s.DB.Read(ctx, o.ID, func(tx *store.Tx) error {
		todo = todo[:0]
		rows, err := tx.SetupOf(string(setup.KindQualitySample))
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range rows {
			if r.ArchivedAt.IsZero() && s.drawn[string(o.ID)+r.ID] != week {
				todo = append(todo, r.ID)
			}
		}
		return err
	})
	if err != nil || len(todo) == 0 {
		return err
	}
	held := false
	err = s.DB.Write(ctx, o.ID, func(tx *store.Tx) (err error) {
		_, held, err = tx.Lease("quality", s.Node, 2*s.Every, now)
		return err
	})
	if err != nil || !held {
		return err
	}
	for _, sample := range todo {
		if _, err := s.draw(ctx, access.Actor{Tenant: o.ID}, o, sample, this.Add(-time.Hour), true); err != nil {
			return err
		}
		s.mu.Lock()
		s.drawn[string(o.ID)+sample] = week
		s.mu.Unlock()
	}
	return nil
}

func zone(o store.OrganisationRow) *time.Location {
	z, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

// DrawNow draws what a sample has not drawn yet of the week that runs, and says
// how many.
func (s *Service) DrawNow(ctx context.Context, a access.Actor, sample string) (int, error) {
	if err := may(a, access.QualityManage); err != nil {
		return 0, err
	}
	var o store.OrganisationRow
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		o, err = tx.Organisation()
		return err
	})
	if err != nil {
		return 0, err
	}
	return s.draw(ctx, a, o, sample, s.Clock.Now(), false)
}

// draw draws a sample of the week that a moment is in.
func (s *Service) draw(ctx context.Context, a access.Actor, o store.OrganisationRow, sample string, at time.Time, quiet bool) (int, error) {
	week, from, to := core.Week(at, zone(o))
	var picked []core.Candidate
	var who []string
	var rule setup.QualitySample
	version := int64(0)
	err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Setup(string(setup.KindQualitySample), sample)
		if err != nil {
			return err
		}
		stored, err := setup.Stored(setup.KindQualitySample, row.Body)
		if err != nil {
			return err
		}
		rule = stored.(setup.QualitySample)
		if picked = nil; !rule.Enabled || !row.ArchivedAt.IsZero() {
			if quiet {
				return nil
			}
			return errs.New(errs.Conflict, "This sampling rule is not in use.")
		}
		if version, err = newest(tx, rule.Form); err != nil {
			if quiet { // its form was taken out of use
				return nil
			}
			return err
		}
		picked, who, err = s.choose(tx, a.Tenant, sample, rule, week, from, to)
		return err
	})
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(picked); i += together {
		err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			for n := i; n < min(i+together, len(picked)); n++ {
				err := tx.InsertEvaluation(store.EvaluationRow{ID: s.IDs.New(id.Evaluation), FormID: rule.Form, FormVersion: version, RecordingID: picked[n].Recording, InteractionID: picked[n].Interaction,
					AgentID: picked[n].Agent, EvaluatorID: who[n], Origin: BySample, SampleID: sample, Week: week, State: string(core.Assigned), Answers: "[]", Score: -1, AssignedBy: a.User, AssignedAt: s.now()})
				if err != nil && !errs.Is(err, errs.NotFound) { // erased meanwhile
					return err
				}
			}
			return s.Audit.Record(tx, a, "quality.drawn", "sample", sample, map[string]string{"week": week, "count": strconv.Itoa(min(together, len(picked)-i))})
		})
		if err != nil {
			return i, err
		}
	}
	s.tell(a.Tenant, who...)
	return len(picked), nil
}

// choose says which recordings are drawn, and who evaluates each.
func (s *Service) choose(tx *store.Tx, t id.Tenant, sample string, rule setup.QualitySample, week string, from, to time.Time) (picked []core.Candidate, who []string, err error) {
	users, err := tx.Users()
	if err != nil {
		return nil, nil, err
	}
	agents, evaluators := map[string]bool{}, []string{}
	for _, u := range users {
		fits := len(rule.Teams) == 0 || slices.ContainsFunc(u.Teams, func(team string) bool { return slices.Contains(rule.Teams, team) })
		agents[u.ID] = fits && u.Status != "deleted"
		if slices.Contains(rule.Evaluators, u.ID) && evaluatesAll(t, u) {
			evaluators = append(evaluators, u.ID)
		}
	}
	work, err := tx.RecordedWork(from, to, int64(rule.Seconds)*1000, mostDrawnFrom)
	if err != nil {
		return nil, nil, err
	}
	var candidates []core.Candidate
	taken := map[string]bool{}
	for _, w := range work {
		taken[w.InteractionID] = w.Drawn
		if agents[w.AgentID] && (len(rule.Queues) == 0 || slices.Contains(rule.Queues, w.QueueID)) {
			candidates = append(candidates, core.Candidate{Recording: w.RecordingID, Interaction: w.InteractionID, Agent: w.AgentID})
		}
	}
	drawn, err := tx.Drawn(sample, week)
	if err != nil {
		return nil, nil, err
	}
	had := map[string]int{}
	for _, d := range drawn {
		had[d.AgentID]++
	}
	open, err := tx.OpenEvaluations()
	if err != nil {
		return nil, nil, err
	}
	picked = core.Draw{Seed: sample + " " + week, Each: rule.Each}.Pick(candidates, had, taken)
	return picked, core.Assign(picked, evaluators, open), nil
}
