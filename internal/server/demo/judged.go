package demo

import (
	"context"
	"slices"

	"nubitalk/internal/app/quality"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// judged has some of the demonstration's recordings evaluated, some drawn, and one
// calibrated by half, once. Each evaluation is as old as its recording allows.
func (d *Seeder) judged(ctx context.Context, t id.Tenant, made Made) error {
	var recs []store.RecordingRow // the newest first
	var works []store.InteractionRow
	begun := false
	err := d.DB.Read(ctx, t, func(tx *store.Tx) error {
		recs, works = recs[:0], works[:0]
		done, err := tx.Evaluations(store.EvaluationFilter{Calibrations: true, Limit: 1})
		if begun = len(done) > 0; err != nil || begun {
			return err
		}
		rows, err := tx.SearchInteractions(store.InteractionFilter{Recorded: true, Limit: recordings})
		for _, w := range rows {
			of, err := tx.Recordings(w.ID)
			if err != nil {
				return err
			}
			recs, works = append(recs, of[0]), append(works, w)
		}
		return err
	})
	if err != nil || begun || len(recs) < 2 {
		return err
	}
	as := func(user string, role access.Role) access.Actor {
		return access.Actor{Tenant: t, User: user, Roles: []access.Role{role}}
	}
	by := func(name string) access.Actor { return as(made.Users[name], access.Supervisor) }
	form := made.ID(setup.KindQualityForm, QualityForm)
	for _, j := range Judgements() {
		if j.Recording >= len(recs) {
			continue
		}
		rec, work := recs[j.Recording], works[j.Recording]
		if work.AgentID == made.Users[j.Evaluator] { // nobody evaluates own work
			continue
		}
		then := d.Quality.Deps
		then.Clock = clock.NewVirtual(work.ClosedAt)
		if err := judge(ctx, quality.New(then), by(j.Evaluator), as(work.AgentID, access.Agent), rec.ID, form, j); err != nil {
			return err
		}
	}
	if _, err := d.Quality.DrawNow(ctx, by("supervisor"), made.ID(setup.KindQualitySample, QualitySample)); err != nil {
		return err
	}
	two := []string{made.Users["supervisor"], made.Users[Evaluator]}
	if slices.Contains(two, works[1].AgentID) {
		return nil
	}
	c, err := d.Quality.Calibrate(ctx, by("supervisor"), quality.NewCalibration{Recording: recs[1].ID, Form: form, Evaluators: two})
	if err != nil {
		return err
	}
	for _, p := range c.Parts {
		if p.Evaluator == two[0] {
			_, err = d.Quality.Complete(ctx, by("supervisor"), p.Evaluation, marked(1, Judgement{Listen: 3, Right: 1, Paused: -1, Close: 1}))
		}
	}
	return err
}

// judge takes one evaluation as far as it goes.
func judge(ctx context.Context, q *quality.Service, evaluator, agent access.Actor, rec, form string, j Judgement) error {
	one, err := q.Assign(ctx, evaluator, quality.NewEvaluation{Recording: rec, Form: form})
	if err != nil {
		return err
	}
	whole, err := q.Complete(ctx, evaluator, one.ID, marked(one.Version, j))
	if err == nil && j.Seen {
		_, err = q.Acknowledge(ctx, agent, one.ID, whole.Version, "")
	}
	if err == nil && j.Dispute != "" {
		whole, err = q.Dispute(ctx, agent, one.ID, whole.Version, j.Dispute)
	}
	if err == nil && j.Settlement != "" {
		better := j
		better.Right = 0
		in := marked(whole.Version, better)
		in.Settlement = j.Settlement
		_, err = q.Settle(ctx, evaluator, one.ID, in)
	}
	return err
}

func marked(version int64, j Judgement) quality.Said {
	in := quality.Said{Version: version, Comment: j.Comment, Answers: []core.Answer{{Question: "greet", Value: 1}, {Question: "listen", Value: j.Listen}, {Question: "right", Value: j.Right},
		{Question: "pause", Value: max(j.Paused, 0), Skip: j.Paused < 0}, {Question: "close", Value: j.Close}}}
	if j.Note != "" {
		in.Notes = []quality.Note{{AtMS: 12_000, Text: j.Note}}
	}
	return in
}
