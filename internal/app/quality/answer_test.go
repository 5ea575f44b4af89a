package quality_test

import (
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/quality"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const day = 24 * time.Hour

func (f *fixture) hears(a access.Actor, recording string) bool {
	f.t.Helper()
	evaluation, err := f.Hears(f.t.Context(), a, "int_"+recording[4:], recording)
	must(f.t, err)
	return evaluation != ""
}

func (f *fixture) waits(a access.Actor) quality.WaitingEvaluations {
	f.t.Helper()
	w, err := f.Waiting(f.t.Context(), a)
	must(f.t, err)
	return w
}

// completed is an evaluation of an agent's call by sue.
func (f *fixture) completed(work, agent string) (evaluation quality.Whole, recording string) {
	f.t.Helper()
	ctx := f.t.Context()
	recording = f.call(tenA, work, agent, "que_1", 60)
	one, err := f.Assign(ctx, sue, quality.NewEvaluation{Recording: recording, Form: "qfo_1"})
	must(f.t, err)
	evaluation, err = f.Complete(ctx, sue, one.ID, said(1, 1, 3))
	must(f.t, err)
	return evaluation, recording
}

// Who is evaluated is told so, sees that it waits, and hears the recording until it
// has acknowledged it; nobody else hears it.
func TestTheAgentIsToldAndHearsWhatItIsJudgedOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		rec := f.call(tenA, "1", "usr_ann", "que_1", 60)
		f.call(tenB, "1", "usr_ann", "que_1", 60)
		one, err := f.Assign(ctx, tom, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Evaluator: "usr_sue"})
		must(t, err)
		if got, want := f.told.since(), []string{string(tenA) + " evaluation.changed usr_sue"}; !slices.Equal(got, want) {
			t.Errorf("assigned: told %v, want %v", got, want)
		}
		if f.hears(ann, rec) || f.waits(ann) != (quality.WaitingEvaluations{}) || f.waits(sue) != (quality.WaitingEvaluations{Evaluate: 1}) {
			t.Error("the agent knows of it before it is completed")
		}
		done, err := f.Complete(ctx, sue, one.ID, said(1, 1, 3))
		must(t, err)
		both := []string{string(tenA) + " evaluation.changed usr_ann,usr_sue"}
		if got := f.told.since(); !slices.Equal(got, both) {
			t.Errorf("completed: told %v, want %v", got, both)
		}
		if !done.AnswerUntil.Equal(start.Add(14*day)) || f.waits(ann) != (quality.WaitingEvaluations{Answer: 1}) || f.waits(sue) != (quality.WaitingEvaluations{}) {
			t.Errorf("%v, %+v, %+v", done.AnswerUntil, f.waits(ann), f.waits(sue))
		}
		mine, err := f.Get(ctx, ann, one.ID)
		if err != nil || !mine.Hears || mine.Recorded != (quality.EvaluatedRecording{Kind: "voice", StartedAt: start, LengthMS: 60_000}) {
			t.Errorf("%+v, %v", mine, err)
		}
		if whole, err := f.Get(ctx, sue, one.ID); err != nil || whole.Hears {
			t.Errorf("the evaluator hears it as the agent does: %+v, %v", whole, err)
		}
		theirs := as(tenB, "usr_ann", access.Agent)
		monitor := as(tenA, "usr_ann", access.Monitor)
		key := ann
		key.Scopes = []access.Permission{access.QualityRead}
		for what, a := range map[string]access.Actor{"another agent": bob, "another tenant": theirs, "without a role that listens": monitor, "a key without the permission": key} {
			if f.hears(a, rec) {
				t.Errorf("%s hears it", what)
			}
		}
		if !f.hears(ann, rec) {
			t.Error("the agent does not hear what it is judged on")
		}
		f.rules.EvaluationRule = setup.EvaluationRule{AnswerDays: 3}
		if f.hears(ann, rec) {
			t.Error("it is heard though the rules say no")
		}
		f.rules.EvaluationRule.Hear = true
		_, err = f.Dispute(ctx, ann, one.ID, done.Version, "The line was bad.")
		must(t, err)
		if got := f.told.since(); !slices.Equal(got, both) || f.waits(sue) != (quality.WaitingEvaluations{Evaluate: 1}) || f.waits(ann) != (quality.WaitingEvaluations{}) {
			t.Errorf("disputed: told %v; %+v", got, f.waits(sue))
		}
		f.clock.Advance(30 * day)
		if !f.hears(ann, rec) {
			t.Error("an open dispute ends what is heard")
		}
		settle := said(done.Version+1, 1, 4)
		settle.Settlement = "Looked at."
		settled, err := f.Settle(ctx, sue, one.ID, settle)
		if err != nil || !settled.AnswerUntil.Equal(f.clock.Now().Add(3*day)) || f.waits(ann) != (quality.WaitingEvaluations{Answer: 1}) || !f.hears(ann, rec) {
			t.Errorf("settled: %+v, %v", settled, err)
		}
		last, err := f.Acknowledge(ctx, ann, one.ID, settled.Version, "")
		if err != nil || !last.AnswerUntil.IsZero() || last.Hears || f.hears(ann, rec) || f.waits(ann) != (quality.WaitingEvaluations{}) {
			t.Errorf("acknowledged: %+v, %v", last, err)
		}
	})
}

// What is not answered in time is not answered any more, and not heard; nor is a
// calibration, of which the agent is told nothing.
func TestAnAnswerHasItsTime(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		one, rec := f.completed("1", "usr_ann")
		f.clock.Advance(14*day - time.Microsecond)
		if !f.hears(ann, rec) || f.waits(ann).Answer != 1 {
			t.Error("its time ends too early")
		}
		f.clock.Advance(time.Microsecond)
		if f.hears(ann, rec) || f.waits(ann).Answer != 0 {
			t.Error("its time does not end")
		}
		_, err := f.Acknowledge(ctx, ann, one.ID, one.Version, "")
		wantCode(t, "acknowledged late", err, errs.Conflict)
		_, err = f.Dispute(ctx, ann, one.ID, one.Version, "No.")
		wantCode(t, "disputed late", err, errs.Conflict)
		if w, err := f.Get(ctx, ann, one.ID); err != nil || w.State != core.Completed || w.Hears {
			t.Errorf("%+v, %v", w, err)
		}

		rec = f.call(tenA, "2", "usr_ann", "que_1", 60)
		f.told.since()
		c, err := f.Calibrate(ctx, admin, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_tom", "usr_sue"}})
		must(t, err)
		for i, by := range []access.Actor{sue, tom} {
			_, err = f.Complete(ctx, by, c.Parts[i].Evaluation, said(1, 1, 5))
			must(t, err)
		}
		told := f.told.since()
		want := []string{string(tenA) + " evaluation.changed usr_sue,usr_tom", string(tenA) + " evaluation.changed usr_sue,usr_tom", string(tenA) + " evaluation.changed usr_sue,usr_tom"}
		if !slices.Equal(told, want) || f.hears(ann, rec) || f.waits(ann).Answer != 0 {
			t.Errorf("of a calibration: told %v", told)
		}
	})
}

// An export has every completed evaluation once, over its pages, with what each
// question came to; who exports says why, and no word that was said is in it.
func TestScoresAreExported(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		f.write(tenA, func(tx *store.Tx) error {
			return tx.InsertSetup(store.SetupRow{Kind: string(setup.KindQueue), ID: "que_1", Body: []byte(`{"name":"Sales"}`)})
		})
		const many = 203 // more than a page, all in one moment
		for i := range many {
			f.completed("x"+string(rune('a'+i/26))+string(rune('a'+i%26)), "usr_ann")
		}
		f.clock.Advance(day)
		second, _ := f.completed("2", "usr_bob")
		rec := f.call(tenA, "3", "usr_ann", "que_2", 60)
		one, err := f.Assign(ctx, sue, quality.NewEvaluation{Recording: rec, Form: "qfo_1"})
		must(t, err)
		_, err = f.Complete(ctx, sue, one.ID, said(1, 0, -1))
		must(t, err)
		c, err := f.Calibrate(ctx, sue, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_tom", "usr_sue"}})
		must(t, err)
		_, err = f.Complete(ctx, tom, c.Parts[1].Evaluation, said(1, 1, 1))
		must(t, err)
		f.call(tenB, "2", "usr_bob", "que_1", 60)

		export := func(a access.Actor, x quality.Export) (all []quality.Line, err error) {
			x.Reason = "training"
			err = f.ExportScores(ctx, a, x, func(l quality.Line) error { all = append(all, l); return nil })
			return all, err
		}
		wish := quality.Wish{From: start, To: f.clock.Now().Add(time.Second)}
		for what, a := range map[string]access.Actor{"an agent": ann, "an administrator": admin, "a privacy officer": as(tenA, "usr_pia", access.PrivacyOfficer)} {
			_, err := export(a, quality.Export{Wish: wish})
			wantCode(t, what, err, errs.Forbidden)
		}
		before := len(f.log.actions)
		all, err := export(sue, quality.Export{Wish: wish})
		must(t, err)
		seen := map[string]bool{}
		for _, l := range all {
			seen[l.Evaluation] = true
		}
		if len(all) != many+2 || len(seen) != many+2 {
			t.Fatalf("%d lines of %d evaluations", len(all), len(seen))
		}
		if got := f.log.actions[before:]; !slices.Equal(got, []string{"quality.exported"}) {
			t.Errorf("noted: %v", got)
		}
		want := quality.Line{Evaluation: second.ID, Recording: "rec_2", Interaction: "int_2", Form: "qfo_1", FormName: "Calls", FormVersion: 1, Agent: "usr_bob", Evaluator: "usr_sue", Queue: "que_1", QueueName: "Sales",
			Origin: quality.ByHand, State: core.Completed, CompletedAt: start.Add(day), Score: 6_000}
		if i := slices.IndexFunc(all, func(l quality.Line) bool { return l.Evaluation == second.ID }); i < many || all[i] != want {
			t.Errorf("%d: %+v, want %+v", i, all[i], want)
		}
		for what, c := range map[string]struct {
			in   quality.Wish
			want int
		}{
			"an agent's":   {quality.Wish{Agent: "usr_bob"}, 1},
			"a queue's":    {quality.Wish{Queue: "que_2"}, 1},
			"no form's":    {quality.Wish{Form: "qfo_2"}, 0},
			"the last day": {quality.Wish{From: start.Add(time.Microsecond), To: f.clock.Now().Add(time.Second)}, 2},
			"before it":    {quality.Wish{From: start, To: start.Add(day)}, many},
		} {
			if c.in.From.IsZero() {
				c.in.From, c.in.To = wish.From, wish.To
			}
			if got, err := export(sue, quality.Export{Wish: c.in}); err != nil || len(got) != c.want {
				t.Errorf("%s: %d, %v, want %d", what, len(got), err, c.want)
			}
		}
		asked, err := export(sue, quality.Export{Wish: quality.Wish{From: start, To: wish.To, Queue: "que_2"}, Questions: true, Names: true})
		must(t, err)
		if len(asked) != 2 || asked[0].AgentName != "usr_ann" || asked[0].EvaluatorName != "usr_sue" ||
			*asked[0].Asked != (quality.Asked{ID: "greet", Text: "Did it greet?", Weight: 20, Answer: "no"}) || *asked[1].Asked != (quality.Asked{ID: "tone", Text: "Tone", Weight: 80, Points: -1}) {
			t.Errorf("%+v", asked)
		}
		f.write(tenA, func(tx *store.Tx) error { return tx.EraseUser("usr_sue", start) })
		if gone, err := export(sue, quality.Export{Wish: quality.Wish{From: start, To: wish.To, Queue: "que_2"}, Names: true}); err != nil || len(gone) != 1 || gone[0].EvaluatorName != "deleted user _sue" || gone[0].AgentName != "usr_ann" {
			t.Errorf("of a deleted user: %+v, %v", gone, err)
		}
		if theirs, err := export(other, quality.Export{Wish: wish}); err != nil || len(theirs) != 0 {
			t.Errorf("another tenant's: %d, %v", len(theirs), err)
		}
		_, err = export(sue, quality.Export{Wish: quality.Wish{From: wish.To.AddDate(-2, 0, 0), To: wish.To}})
		wantCode(t, "two years", err, errs.Invalid)
	})
}
