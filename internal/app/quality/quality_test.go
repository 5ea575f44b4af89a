package quality_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/quality"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
)

// Tuesday of 2026-W07.
var start = time.Date(2026, 2, 10, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, what string, err error, code errs.Code) {
	t.Helper()
	if !errs.Is(err, code) {
		t.Errorf("%s: %v, want %s", what, err, code)
	}
}

// plainVault seals nothing; that words are sealed is seen by looking at what it was
// given, and the vault itself is tested elsewhere.
type plainVault struct{ places []string }

func (v *plainVault) SealContact(_ context.Context, _ id.Tenant, contact, where string, plain []byte) (secret.Sealed, error) {
	v.places = append(v.places, contact+" "+where)
	return secret.Sealed(plain), nil
}

func (v *plainVault) OpenContact(_ context.Context, _ id.Tenant, _, _ string, sealed secret.Sealed) (secret.Bytes, error) {
	return secret.NewBytes(sealed), nil
}

type log struct{ actions []string }

func (l *log) Record(_ *store.Tx, _ access.Actor, action, _, _ string, _ map[string]string) error {
	l.actions = append(l.actions, action)
	return nil
}

// ruled are the tenants' rules; told is who was told of what.
type ruled struct{ setup.EvaluationRule }

func (r *ruled) Rules(context.Context, id.Tenant) (setup.Rules, error) {
	return setup.Rules{Evaluations: r.EvaluationRule}, nil
}

type told struct{ events []string }

func (p *told) Publish(e bus.Event) error {
	p.events = append(p.events, string(e.Tenant)+" "+e.Kind+" "+strings.Join(e.Users, ","))
	return nil
}

// since are the events that were not asked for yet.
func (p *told) since() []string {
	all := p.events
	p.events = nil
	return all
}

type fixture struct {
	*quality.Service
	rules *ruled
	told  *told
	t     *testing.T
	db    *store.DB
	clock *clock.Virtual
	vault *plainVault
	log   *log
}

var form = setup.QualityForm{Name: "Calls", Mark: 80, Questions: []core.Question{
	{ID: "greet", Text: "Did it greet?", Kind: core.YesNo, Weight: 20},
	{ID: "tone", Text: "Tone", Kind: core.Scale, Most: 5, Weight: 80, Skip: true},
}}

func each(t *testing.T, test func(t *testing.T, f *fixture)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		f := &fixture{t: t, db: open(), clock: clock.NewVirtual(start), vault: &plainVault{}, log: &log{}, rules: &ruled{}, told: &told{}}
		storetest.Organisations(t, f.db, tenA, tenB)
		f.Service = quality.New(quality.Deps{DB: f.db, Vault: f.vault, Audit: f.log, Rules: f.rules, Bus: f.told, Clock: f.clock, IDs: id.NewSource(f.clock.Now, nil), Node: "nod_1", Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
		for _, tenant := range []id.Tenant{tenA, tenB} {
			f.write(tenant, func(tx *store.Tx) error {
				for user, role := range map[string]access.Role{"usr_ann": access.Agent, "usr_bob": access.Agent, "usr_sue": access.Supervisor, "usr_tom": access.Supervisor} {
					if err := tx.InsertUser(store.UserRow{ID: user, UserName: user, UserNameKey: user, Status: "active", Roles: []string{string(role)}, Teams: []string{"tea_" + user[4:5]}}); err != nil {
						return err
					}
				}
				return tx.InsertContact(store.ContactRow{ID: "con_1", CreatedAt: start})
			})
			f.form(tenant, 1, form)
		}
		test(t, f)
	})
}

func (f *fixture) write(tenant id.Tenant, do func(*store.Tx) error) {
	f.t.Helper()
	must(f.t, f.db.Write(f.t.Context(), tenant, do))
}

// form stores a version of the form.
func (f *fixture) form(tenant id.Tenant, version int64, body setup.QualityForm) {
	f.t.Helper()
	raw, err := json.Marshal(body)
	must(f.t, err)
	kind := string(setup.KindQualityForm)
	f.write(tenant, func(tx *store.Tx) error {
		if version == 1 {
			if err := tx.InsertSetup(store.SetupRow{Kind: kind, ID: "qfo_1", Body: raw}); err != nil {
				return err
			}
		}
		return tx.InsertSetupVersion(store.SetupVersionRow{Kind: kind, ID: "qfo_1", Version: version, Body: raw})
	})
}

// call is closed work of an agent with a recording of so many seconds, which has
// just ended.
func (f *fixture) call(tenant id.Tenant, work, agent, queue string, seconds int64) (recording string) {
	f.t.Helper()
	now := f.clock.Now()
	f.write(tenant, func(tx *store.Tx) error {
		err := tx.InsertInteraction(store.InteractionRow{ID: "int_" + work, Channel: "voice", ContactID: "con_1", AgentID: agent, QueueID: queue, State: "closed", ArrivedAt: now, ClosedAt: now})
		if err == nil {
			err = tx.PutSegment(store.SegmentRow{InteractionID: "int_" + work, Number: 1, HolderKind: "agent", HolderID: agent, StartedAt: now, EndedAt: now})
		}
		if err == nil {
			err = tx.InsertRecording(store.RecordingRow{ID: "rec_" + work, InteractionID: "int_" + work, Kind: "voice", LengthMS: seconds * 1000, StartedAt: now, EndedAt: now})
		}
		return err
	})
	return "rec_" + work
}

func as(tenant id.Tenant, user string, role access.Role) access.Actor {
	return access.Actor{Tenant: tenant, User: user, Roles: []access.Role{role}}
}

var (
	sue   = as(tenA, "usr_sue", access.Supervisor)
	tom   = as(tenA, "usr_tom", access.Supervisor)
	ann   = as(tenA, "usr_ann", access.Agent)
	bob   = as(tenA, "usr_bob", access.Agent)
	admin = as(tenA, "usr_adm", access.Administrator)
	other = as(tenB, "usr_sue", access.Supervisor)
)

func said(version int64, greet, tone int) quality.Said {
	return quality.Said{Version: version, Answers: []core.Answer{{Question: "greet", Value: greet}, {Question: "tone", Value: max(tone, 0), Skip: tone < 0}},
		Comment: "Calm and clear.", Notes: []quality.Note{{AtMS: 1500, Text: "Well said."}}}
}

// An evaluation from its assignment to the end of a dispute: who may do what when,
// and who sees it.
func TestAnEvaluationsLife(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		rec := f.call(tenA, "1", "usr_ann", "que_1", 60)
		f.call(tenB, "1", "usr_ann", "que_1", 60)
		for what, c := range map[string]struct {
			by   access.Actor
			in   quality.NewEvaluation
			code errs.Code
		}{
			"by an agent":          {bob, quality.NewEvaluation{Recording: rec, Form: "qfo_1"}, errs.Forbidden},
			"of nothing":           {sue, quality.NewEvaluation{Recording: "rec_x", Form: "qfo_1"}, errs.Invalid},
			"with no form":         {sue, quality.NewEvaluation{Recording: rec, Form: "qfo_x"}, errs.Invalid},
			"of who never had it":  {sue, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Agent: "usr_bob"}, errs.Invalid},
			"by whose work it is":  {sue, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Evaluator: "usr_ann"}, errs.Invalid},
			"by another agent":     {sue, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Evaluator: "usr_bob"}, errs.Invalid},
			"by an administrator":  {admin, quality.NewEvaluation{Recording: rec, Form: "qfo_1"}, errs.Forbidden},
			"by a supervisor's id": {admin, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Evaluator: "usr_nobody"}, errs.Invalid},
		} {
			_, err := f.Assign(ctx, c.by, c.in)
			wantCode(t, what, err, c.code)
		}
		one, err := f.Assign(ctx, tom, quality.NewEvaluation{Recording: rec, Form: "qfo_1", Evaluator: "usr_sue"})
		must(t, err)
		if one.Agent != "usr_ann" || one.Evaluator != "usr_sue" || one.State != core.Assigned || one.Score != -1 || one.FormVersion != 1 || one.Origin != quality.ByHand {
			t.Fatalf("%+v", one)
		}
		// The form changes; the evaluation goes on with the one it was begun with.
		changed := form
		changed.Questions = changed.Questions[:1]
		f.form(tenA, 2, changed)

		_, err = f.Get(ctx, ann, one.ID)
		wantCode(t, "the agent before", err, errs.NotFound)
		_, err = f.Get(ctx, other, one.ID)
		wantCode(t, "another tenant", err, errs.NotFound)
		_, err = f.Save(ctx, tom, one.ID, said(1, 1, 3))
		wantCode(t, "saved by another", err, errs.Forbidden)
		kept, err := f.Save(ctx, sue, one.ID, quality.Said{Version: 1, Answers: []core.Answer{{Question: "greet", Value: 1}}})
		if err != nil || kept.State != core.Assigned || kept.Version != 2 || len(kept.Answers) != 1 || len(kept.Asks.Questions) != 2 {
			t.Fatalf("%+v, %v", kept, err)
		}
		_, err = f.Complete(ctx, sue, one.ID, quality.Said{Version: 2, Answers: kept.Answers})
		wantCode(t, "not all answered", err, errs.Invalid)
		_, err = f.Complete(ctx, sue, one.ID, said(1, 1, 3))
		wantCode(t, "of an old version", err, errs.Conflict)
		whole, err := f.Complete(ctx, sue, one.ID, said(2, 1, 3))
		if err != nil || whole.State != core.Completed || whole.Score != 6_000 || whole.Passed || !whole.CompletedAt.Equal(start) || whole.Points["tone"] != 5_000 {
			t.Fatalf("%+v, %v", whole, err)
		}
		_, err = f.Save(ctx, sue, one.ID, said(3, 1, 3))
		wantCode(t, "changed after", err, errs.Conflict)

		seen, err := f.Get(ctx, ann, one.ID)
		if err != nil || seen.Comment != "Calm and clear." || len(seen.Notes) != 1 || seen.Notes[0].AtMS != 1500 || !seen.Heard || !seen.Told {
			t.Fatalf("%+v, %v", seen, err)
		}
		_, err = f.Get(ctx, bob, one.ID)
		wantCode(t, "another agent", err, errs.NotFound)
		_, err = f.Dispute(ctx, sue, one.ID, 3, "No.")
		wantCode(t, "disputed by the evaluator", err, errs.Forbidden)
		_, err = f.Dispute(ctx, ann, one.ID, 3, "")
		wantCode(t, "disputed without a word", err, errs.Invalid)
		disputed, err := f.Dispute(ctx, ann, one.ID, 3, "The line was bad.")
		if err != nil || disputed.State != core.Disputed || disputed.Reply != "The line was bad." || disputed.AnsweredAt.IsZero() {
			t.Fatalf("%+v, %v", disputed, err)
		}
		settle := said(4, 1, -1)
		settle.Settlement = "You are right."
		settled, err := f.Settle(ctx, sue, one.ID, settle)
		if err != nil || settled.State != core.Settled || settled.Score != 10_000 || !settled.Passed || settled.Settlement != "You are right." || settled.Reply != "The line was bad." {
			t.Fatalf("%+v, %v", settled, err)
		}
		_, err = f.Dispute(ctx, ann, one.ID, 5, "Again.")
		wantCode(t, "disputed twice", err, errs.Conflict)
		if last, err := f.Acknowledge(ctx, ann, one.ID, 5, "Thanks."); err != nil || last.State != core.Acknowledged {
			t.Fatalf("%+v, %v", last, err)
		}
		wantCode(t, "withdrawn after", f.Withdraw(ctx, sue, one.ID, 6), errs.Conflict)
		if want := []string{"quality.assigned", "quality.completed", "quality.disputed", "quality.settled", "quality.acknowledged"}; f.db != nil && !slices.Equal(slices.Compact(f.log.actions), want) {
			t.Errorf("%v", f.log.actions)
		}
		if !slices.Contains(f.vault.places, "con_1 evaluations.words/"+one.ID) {
			t.Errorf("what is said is not sealed under the contact's key: %v", f.vault.places)
		}

		mine, _, err := f.List(ctx, ann, quality.Search{})
		if err != nil || len(mine) != 1 {
			t.Errorf("%+v, %v", mine, err)
		}
		if theirs, _, err := f.List(ctx, bob, quality.Search{Agent: "usr_ann"}); err != nil || len(theirs) != 0 {
			t.Errorf("%+v, %v", theirs, err)
		}
		if theirs, _, err := f.List(ctx, other, quality.Search{}); err != nil || len(theirs) != 0 {
			t.Errorf("%+v, %v", theirs, err)
		}
		// The recording goes, and then the conversation; the score stays with the record.
		f.write(tenA, func(tx *store.Tx) error { return tx.DeleteRecording(rec) })
		if w, err := f.Get(ctx, ann, one.ID); err != nil || w.Heard || w.Comment == "" {
			t.Errorf("%+v, %v", w, err)
		}
		f.write(tenA, func(tx *store.Tx) error { _, err := tx.DeleteConversation("int_1", start); return err })
		if w, err := f.Get(ctx, ann, one.ID); err != nil || w.Comment != "" || w.Told || w.Score != 10_000 {
			t.Errorf("%+v, %v", w, err)
		}
	})
}

func (f *fixture) sample(tenant id.Tenant, s setup.QualitySample) {
	f.t.Helper()
	raw, err := json.Marshal(s)
	must(f.t, err)
	f.write(tenant, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: string(setup.KindQualitySample), ID: "qsa_1", Body: raw})
	})
}

// A rule draws of each agent what it says after the week, nothing twice, and gives
// it to who has the least to do; another tenant's calls are not its business.
func TestSamplesAreDrawn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for i, work := range []string{"a1", "a2", "a3", "a4"} {
			f.call(tenA, work, "usr_ann", "que_1", int64(40+i))
			f.call(tenB, work, "usr_ann", "que_1", 60)
		}
		f.call(tenA, "b1", "usr_bob", "que_1", 60)
		f.call(tenA, "b2", "usr_bob", "que_1", 10) // too short
		f.call(tenA, "b3", "usr_bob", "que_2", 60) // another queue
		f.call(tenA, "s1", "usr_sue", "que_1", 60) // who evaluates is evaluated by the other
		f.sample(tenA, setup.QualitySample{Name: "Weekly", Enabled: true, Form: "qfo_1", Each: 2, Queues: []string{"que_1"}, Evaluators: []string{"usr_sue", "usr_tom"}, Seconds: 30})

		must(t, f.Round(ctx)) // the week before was quiet
		if all, _, err := f.List(ctx, sue, quality.Search{}); err != nil || len(all) != 0 {
			t.Fatalf("%+v, %v", all, err)
		}
		_, err := f.DrawNow(ctx, bob, "qsa_1")
		wantCode(t, "drawn by an agent", err, errs.Forbidden)
		_, err = f.DrawNow(ctx, other, "qsa_1")
		wantCode(t, "drawn by another tenant", err, errs.NotFound)
		f.clock.Set(start.Add(6 * 24 * time.Hour)) // Monday of the next week
		must(t, f.Round(ctx))
		all, _, err := f.List(ctx, sue, quality.Search{})
		must(t, err)
		of, by := map[string]int{}, map[string]int{}
		for _, e := range all {
			of[e.Agent]++
			by[e.Evaluator]++
			if e.Origin != quality.BySample || e.Sample != "qsa_1" || e.Week != "2026-W07" || e.Evaluator == e.Agent || e.Recording == "rec_b2" || e.Recording == "rec_b3" {
				t.Errorf("%+v", e)
			}
		}
		if len(all) != 4 || of["usr_ann"] != 2 || of["usr_bob"] != 1 || of["usr_sue"] != 1 || by["usr_sue"] != 2 || by["usr_tom"] != 2 {
			t.Errorf("of %v, by %v", of, by)
		}
		must(t, f.Withdraw(ctx, sue, all[0].ID, 1))
		again := quality.New(f.Deps) // after a restart
		must(t, again.Round(ctx))
		if after, _, err := f.List(ctx, sue, quality.Search{}); err != nil || len(after) != 4 {
			t.Errorf("drawn again: %d, %v", len(after), err)
		}
		if theirs, _, err := f.List(ctx, other, quality.Search{}); err != nil || len(theirs) != 0 {
			t.Errorf("%+v, %v", theirs, err)
		}
		f.call(tenA, "a5", "usr_ann", "que_1", 60)
		for _, want := range []int{1, 0} {
			if n, err := f.DrawNow(ctx, sue, "qsa_1"); n != want || err != nil {
				t.Errorf("%d, %v, want %d", n, err, want)
			}
		}
	})
}

// Evaluators of a calibration see nobody's answers but their own until it ends;
// it counts in no score, and the agent never sees it.
func TestCalibrationsAreBlind(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		rec := f.call(tenA, "1", "usr_ann", "que_1", 60)
		_, err := f.Calibrate(ctx, bob, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_sue", "usr_tom"}})
		wantCode(t, "by an agent", err, errs.Forbidden)
		_, err = f.Calibrate(ctx, admin, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_sue", "usr_sue"}})
		wantCode(t, "of one", err, errs.Invalid)
		c, err := f.Calibrate(ctx, admin, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_tom", "usr_sue"}})
		if err != nil || len(c.Parts) != 2 || c.Parts[0].Evaluator != "usr_sue" {
			t.Fatalf("%+v, %v", c, err)
		}
		sues, toms := c.Parts[0].Evaluation, c.Parts[1].Evaluation
		if todo, _, err := f.List(ctx, sue, quality.Search{Evaluator: "usr_sue"}); err != nil || len(todo) != 1 || todo[0].ID != sues {
			t.Errorf("%+v, %v", todo, err)
		}
		if all, _, err := f.List(ctx, tom, quality.Search{Evaluator: "usr_sue"}); err != nil || len(all) != 0 {
			t.Errorf("%+v, %v", all, err)
		}
		_, err = f.Complete(ctx, sue, sues, said(1, 1, 5))
		must(t, err)
		_, err = f.Get(ctx, tom, sues)
		wantCode(t, "another's while it runs", err, errs.NotFound)
		running, err := f.Compare(ctx, tom, c.ID)
		if err != nil || len(running.Differences) != 0 || running.Parts[0].Score != -1 || !running.Parts[0].Done || running.Parts[1].Done {
			t.Errorf("%+v, %v", running, err)
		}
		_, err = f.Complete(ctx, tom, toms, said(1, 0, 5))
		must(t, err)
		ended, err := f.Compare(ctx, tom, c.ID)
		if err != nil || ended.EndedAt.IsZero() || len(ended.Differences) != 3 || ended.Differences[0].Spread != 2_000 || ended.Differences[1].Spread != 10_000 || ended.Differences[2].Spread != 0 {
			t.Fatalf("%+v, %v", ended, err)
		}
		if w, err := f.Get(ctx, tom, sues); err != nil || w.Score != 10_000 {
			t.Errorf("%+v, %v", w, err)
		}
		wantCode(t, "ended twice", f.EndCalibration(ctx, sue, c.ID), errs.Conflict)
		_, err = f.Get(ctx, ann, sues)
		wantCode(t, "the agent", err, errs.NotFound)
		_, err = f.Compare(ctx, ann, c.ID)
		wantCode(t, "the agent's comparison", err, errs.Forbidden)
		_, err = f.Compare(ctx, other, c.ID)
		wantCode(t, "another tenant", err, errs.NotFound)
		if s, err := f.Scores(ctx, sue, quality.Wish{To: start.Add(time.Hour)}); err != nil || s.Total.Count != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		open, err := f.Calibrate(ctx, sue, quality.NewCalibration{Recording: rec, Form: "qfo_1", Evaluators: []string{"usr_tom", "usr_sue"}})
		must(t, err)
		must(t, f.EndCalibration(ctx, sue, open.ID))
		_, err = f.Complete(ctx, tom, open.Parts[1].Evaluation, said(1, 1, 5))
		wantCode(t, "after its end", err, errs.Conflict)
	})
}

// Scores are means by week, agent, team and question; agents see their own.
func TestScores(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		evaluate := func(work, agent string, greet, tone int) {
			t.Helper()
			rec := f.call(tenA, work, agent, "que_1", 60)
			one, err := f.Assign(ctx, sue, quality.NewEvaluation{Recording: rec, Form: "qfo_1"})
			must(t, err)
			_, err = f.Complete(ctx, sue, one.ID, said(1, greet, tone))
			must(t, err)
		}
		evaluate("1", "usr_ann", 1, 5)
		evaluate("2", "usr_bob", 0, 3)
		f.clock.Advance(7 * 24 * time.Hour)
		evaluate("3", "usr_ann", 0, -1)
		w := quality.Wish{From: start.Add(-24 * time.Hour), To: f.clock.Now().Add(time.Hour)}
		s, err := f.Scores(ctx, sue, w)
		must(t, err)
		if !slices.Equal(s.Weeks, []string{"2026-W07", "2026-W08"}) || s.Total.Mean != (core.Mean{Count: 3, Score: 4_667, Passed: 1}) || s.Total.Weeks[0].Score != 7_000 || s.Total.Weeks[1].Score != 0 {
			t.Errorf("%+v", s)
		}
		if len(s.Agents) != 2 || s.Agents[0].ID != "usr_ann" || s.Agents[0].Score != 5_000 || s.Agents[1].Score != 4_000 || s.Agents[1].Weeks[1].Score != -1 || len(s.Teams) != 2 {
			t.Errorf("%+v", s.Agents)
		}
		if len(s.Questions) != 2 || s.Questions[0].Question != "greet" || s.Questions[0].Score != 3_333 || s.Questions[0].Text != "Did it greet?" || s.Questions[1].Count != 2 || s.Questions[1].Score != 7_500 {
			t.Errorf("%+v", s.Questions)
		}
		own, err := f.Scores(ctx, ann, quality.Wish{From: w.From, To: w.To, Agent: "usr_bob"})
		if err != nil || len(own.Agents) != 1 || own.Agents[0].ID != "usr_ann" {
			t.Errorf("%+v, %v", own, err)
		}
		if theirs, err := f.Scores(ctx, other, w); err != nil || theirs.Total.Count != 0 {
			t.Errorf("%+v, %v", theirs, err)
		}
		if s, err := f.Scores(ctx, sue, quality.Wish{From: w.From, To: w.To, Queue: "que_2"}); err != nil || s.Total.Count != 0 {
			t.Errorf("of another queue: %+v, %v", s, err)
		}
		_, err = f.Scores(ctx, sue, quality.Wish{From: w.To.AddDate(-2, 0, 0), To: w.To})
		wantCode(t, "two years", err, errs.Invalid)
		// Whose account is deleted has no scores any more.
		f.write(tenA, func(tx *store.Tx) error { return tx.EraseUser("usr_bob", start) })
		if s, err := f.Scores(ctx, sue, w); err != nil || s.Total.Count != 2 || len(s.Queues) != 1 || s.Queues[0].ID != "que_1" || s.Queues[0].Count != 2 {
			t.Errorf("%+v, %v", s, err)
		}
	})
}
