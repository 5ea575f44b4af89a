package quality

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// NewEvaluation is one that is to be made.
type NewEvaluation struct {
	Recording string
	Form      string
	Agent     string // "": who held the conversation last
	Evaluator string // "": who asks
}

// Assign has a recording evaluated: by who asks, or, for who may, by somebody else.
func (s *Service) Assign(ctx context.Context, a access.Actor, in NewEvaluation) (Evaluation, error) {
	in.Evaluator = cmp.Or(in.Evaluator, a.User)
	need := access.QualityEvaluate
	if in.Evaluator != a.User {
		need = access.QualityManage
	}
	if access.Reach(a, need) < access.SomeOf {
		return Evaluation{}, forbidden()
	}
	var row store.EvaluationRow
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = s.fresh(tx, in.Recording, in.Form, in.Agent); err != nil {
			return err
		}
		if ok, err := reaches(tx, a, need, row); err != nil || !ok {
			return cmp.Or[error](err, errs.Bad("recording", "does not exist"))
		}
		row.Origin, row.EvaluatorID, row.AssignedBy = ByHand, in.Evaluator, a.User
		if err := evaluates(tx, a.Tenant, in.Evaluator, row, "evaluator"); err != nil {
			return err
		}
		if err := tx.InsertEvaluation(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "quality.assigned", "evaluation", row.ID, map[string]string{"recording": row.RecordingID, "agent": row.AgentID, "evaluator": row.EvaluatorID})
	})
	if err == nil {
		s.tell(a.Tenant, row.EvaluatorID)
	}
	row.Version = 1
	return shown(row), err
}

// fresh is a new evaluation of a recording with the newest version of a form.
func (s *Service) fresh(tx *store.Tx, recording, of, agent string) (row store.EvaluationRow, err error) {
	rec, err := tx.Recording(recording)
	if err != nil {
		return row, errs.Bad("recording", "does not exist")
	}
	work, err := tx.Interaction(rec.InteractionID)
	if err != nil {
		return row, err
	}
	if rec.EndedAt.IsZero() {
		return row, errs.Bad("recording", "is being made; evaluate it when it has ended")
	}
	if agent == "" {
		agent = work.AgentID
	} else {
		parts, err := tx.Segments(work.ID)
		if err != nil {
			return row, err
		}
		if !slices.ContainsFunc(parts, func(p store.SegmentRow) bool { return p.HolderKind == "agent" && p.HolderID == agent }) {
			return row, errs.Bad("agent", "never held this conversation")
		}
	}
	if agent == "" {
		return row, errs.Bad("recording", "is of a conversation that nobody held")
	}
	if who, err := tx.User(agent); err != nil || who.Status == "deleted" {
		return row, errs.Bad("agent", "does not exist any more")
	}
	version, err := newest(tx, of)
	if err != nil {
		return row, err
	}
	return store.EvaluationRow{ID: s.IDs.New(id.Evaluation), FormID: of, FormVersion: version, RecordingID: recording, InteractionID: work.ID, AgentID: agent, State: string(core.Assigned),
		Answers: "[]", Score: -1, AssignedAt: s.now()}, nil
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// newest is the newest version of a form in use.
func newest(tx *store.Tx, of string) (int64, error) {
	kind := string(setup.KindQualityForm)
	row, err := tx.Setup(kind, of)
	if err != nil || !row.ArchivedAt.IsZero() {
		return 0, errs.Bad("form", "does not exist or is archived")
	}
	all, err := tx.SetupVersions(kind, of, 0, 1)
	if err != nil || len(all) == 0 {
		return 0, cmp.Or[error](err, errs.Bad("form", "does not exist or is archived"))
	}
	return all[0].Version, nil
}

// evaluates says whether a user may evaluate an agent's work.
func evaluates(tx *store.Tx, t id.Tenant, user string, row store.EvaluationRow, field string) error {
	if user == row.AgentID {
		return errs.Bad(field, "is whose work it is; nobody evaluates own work")
	}
	who, err := tx.User(user)
	ok := false
	if err == nil {
		ok, err = evaluator(tx, t, who, row)
	}
	if errs.Is(err, errs.NotFound) || err == nil && !ok {
		return errs.Bad(field, "is nobody who evaluates this recording")
	}
	return err
}

// evaluator says whether a user evaluates work of this kind. A calibration is of the
// whole tenant.
func evaluator(tx *store.Tx, t id.Tenant, u store.UserRow, row store.EvaluationRow) (bool, error) {
	if u.Status != "active" {
		return false, nil
	}
	if row.CalibrationID != "" {
		return evaluatesAll(t, u), nil
	}
	return reaches(tx, u.Actor(t), access.QualityEvaluate, row)
}

// evaluatesAll says whether a user evaluates whatever is drawn.
func evaluatesAll(t id.Tenant, u store.UserRow) bool {
	return u.Status == "active" && access.Reach(u.Actor(t), access.QualityEvaluate) == access.Tenant
}

func may(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) != access.Tenant {
		return forbidden()
	}
	return nil
}

func forbidden() error { return errs.New(errs.Forbidden, "You may not do this with evaluations.") }

// Said is what an evaluator fills in.
type Said struct {
	Version    int64
	Answers    []core.Answer
	Comment    string
	Notes      []Note
	Settlement string // with Settle
}

// Save keeps what is filled in so far; who takes an evaluation that is nobody's
// becomes its evaluator.
func (s *Service) Save(ctx context.Context, a access.Actor, evaluation string, in Said) (Whole, error) {
	return s.fill(ctx, a, evaluation, "", in)
}

// Complete gives an evaluation its score; the agent sees it from now on, and hears
// its recording as long as it may answer, where the rules say so.
func (s *Service) Complete(ctx context.Context, a access.Actor, evaluation string, in Said) (Whole, error) {
	return s.fill(ctx, a, evaluation, core.Complete, in)
}

// Settle answers a dispute, with other answers where the agent was right.
func (s *Service) Settle(ctx context.Context, a access.Actor, evaluation string, in Said) (Whole, error) {
	return s.fill(ctx, a, evaluation, core.Settle, in)
}

func (s *Service) fill(ctx context.Context, a access.Actor, evaluation string, act core.Act, in Said) (out Whole, err error) {
	if access.Reach(a, access.QualityEvaluate) < access.SomeOf {
		return out, forbidden()
	}
	rule, err := s.rule(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	var told []string
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := s.one(tx, a, evaluation)
		if err != nil {
			return err
		}
		if row.CalibrationID == "" {
			if ok, err := reaches(tx, a, access.QualityEvaluate, row); err != nil || !ok {
				return cmp.Or[error](err, none())
			}
		}
		if err := s.mayFill(a, row, act); err != nil {
			return err
		}
		row.Version, row.EvaluatorID = in.Version, cmp.Or(row.EvaluatorID, a.User)
		work, err := tx.Interaction(row.InteractionID)
		if err != nil {
			return err
		}
		if !work.ErasedAt.IsZero() {
			return errs.New(errs.Gone, "The conversation was removed, so nothing more can be said about it.")
		}
		if err := s.filled(tx, rule, &row, act, in); err != nil {
			return err
		}
		w, err := s.open(ctx, a.Tenant, work.ContactID, row)
		if err != nil {
			return err
		}
		w.Comment, w.Notes = in.Comment, in.Notes
		if act == core.Settle {
			w.Settlement = in.Settlement
		}
		if err := s.seal(ctx, a.Tenant, work.ContactID, &row, w); err != nil {
			return err
		}
		if err := tx.UpdateEvaluation(row); err != nil {
			return err
		}
		row.Version++
		if err := s.noted(tx, a, row, act); err != nil {
			return err
		}
		told = concerned(row)
		if act == core.Complete && row.CalibrationID != "" {
			if told, err = s.endIfDone(tx, a, row.CalibrationID); err != nil {
				return err
			}
		}
		out, err = s.whole(tx, a, rule, row)
		return err
	})
	if err == nil {
		s.tell(a.Tenant, told...)
	}
	return out, err
}

// concerned are the users to whom an evaluation waits, or waited.
func concerned(row store.EvaluationRow) []string {
	if row.CalibrationID != "" || !core.State(row.State).Scored() {
		return []string{row.EvaluatorID}
	}
	return []string{row.EvaluatorID, row.AgentID}
}

// mayFill says whether an actor may fill in an evaluation that it may see.
func (s *Service) mayFill(a access.Actor, row store.EvaluationRow, act core.Act) error {
	switch {
	case row.AgentID == a.User:
		return errs.New(errs.Forbidden, "Nobody evaluates own work.")
	case row.EvaluatorID != "" && row.EvaluatorID != a.User && (act != core.Settle || access.Reach(a, access.QualityManage) != access.Tenant):
		return errs.New(errs.Forbidden, "Somebody else has this evaluation.")
	case act == "" && core.State(row.State) != core.Assigned:
		return errs.New(errs.Conflict, "This evaluation is completed already.")
	}
	return nil
}

// filled puts the answers into a row, and with an act their score.
func (s *Service) filled(tx *store.Tx, rule setup.EvaluationRule, row *store.EvaluationRow, act core.Act, in Said) error {
	f, err := form(tx, row.FormID, row.FormVersion)
	if err != nil {
		return err
	}
	if err := core.Check(f.Questions, in.Answers, act != ""); err != nil {
		return err
	}
	raw, err := json.Marshal(in.Answers)
	if err != nil {
		return err
	}
	row.Answers = string(raw)
	if act == "" {
		return nil
	}
	state, err := core.State(row.State).After(act)
	if err != nil {
		return err
	}
	r := core.Score(f.Questions, in.Answers, f.Mark)
	row.State, row.Score, row.Passed, row.Fatal = string(state), r.Score, r.Passed, r.Fatal
	if act == core.Complete {
		row.CompletedAt = s.now()
	}
	if row.CalibrationID == "" {
		row.AnswerUntil = s.now().Add(time.Duration(rule.AnswerDays) * 24 * time.Hour)
	}
	return nil
}

// noted puts into the audit log what was done.
func (s *Service) noted(tx *store.Tx, a access.Actor, row store.EvaluationRow, act core.Act) error {
	detail := map[string]string{"recording": row.RecordingID, "agent": row.AgentID}
	switch act {
	case core.Complete:
		return s.Audit.Record(tx, a, "quality.completed", "evaluation", row.ID, detail)
	case core.Settle:
		return s.Audit.Record(tx, a, "quality.settled", "evaluation", row.ID, detail)
	case core.Acknowledge:
		return s.Audit.Record(tx, a, "quality.acknowledged", "evaluation", row.ID, detail)
	case core.Dispute:
		return s.Audit.Record(tx, a, "quality.disputed", "evaluation", row.ID, detail)
	case core.Withdraw:
		return s.Audit.Record(tx, a, "quality.withdrawn", "evaluation", row.ID, detail)
	}
	return nil
}

// Acknowledge notes that the agent has seen the evaluation, with a word to it.
func (s *Service) Acknowledge(ctx context.Context, a access.Actor, evaluation string, version int64, reply string) (Whole, error) {
	return s.reply(ctx, a, evaluation, core.Acknowledge, version, reply)
}

// Dispute notes that the agent does not agree; the evaluator settles it.
func (s *Service) Dispute(ctx context.Context, a access.Actor, evaluation string, version int64, reply string) (Whole, error) {
	if reply == "" {
		return Whole{}, errs.Bad("reply", "is missing; say what is not right")
	}
	return s.reply(ctx, a, evaluation, core.Dispute, version, reply)
}

func (s *Service) reply(ctx context.Context, a access.Actor, evaluation string, act core.Act, version int64, reply string) (out Whole, err error) {
	rule, err := s.rule(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	var told []string
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := s.one(tx, a, evaluation)
		if err != nil {
			return err
		}
		if row.AgentID != a.User || row.CalibrationID != "" {
			return errs.New(errs.Forbidden, "Only whose work it is answers to an evaluation.")
		}
		state, err := core.State(row.State).After(act)
		if err != nil {
			return err
		}
		if !row.AnswerUntil.After(s.Clock.Now()) {
			return errs.New(errs.Conflict, "The time to answer to this evaluation is over.")
		}
		row.State, row.Version, row.AnsweredAt, row.AnswerUntil = string(state), version, s.now(), time.Time{}
		work, err := tx.Interaction(row.InteractionID)
		if err != nil {
			return err
		}
		if reply != "" {
			if !work.ErasedAt.IsZero() {
				return errs.New(errs.Gone, "The conversation was removed, so nothing more can be said about it.")
			}
			w, err := s.open(ctx, a.Tenant, work.ContactID, row)
			if err != nil {
				return err
			}
			if w.Reply != "" && w.Reply != reply {
				w.Reply += "\n\n"
				w.Reply += reply
			} else {
				w.Reply = reply
			}
			if err := s.seal(ctx, a.Tenant, work.ContactID, &row, w); err != nil {
				return err
			}
		}
		if err := tx.UpdateEvaluation(row); err != nil {
			return err
		}
		row.Version++
		if err := s.noted(tx, a, row, act); err != nil {
			return err
		}
		told = concerned(row)
		out, err = s.whole(tx, a, rule, row)
		return err
	})
	if err == nil {
		s.tell(a.Tenant, told...)
	}
	return out, err
}

// Withdraw takes an evaluation back that is not completed. It stays as withdrawn,
// so that the recording is not drawn again.
func (s *Service) Withdraw(ctx context.Context, a access.Actor, evaluation string, version int64) error {
	if err := may(a, access.QualityManage); err != nil {
		return err
	}
	var told []string
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := s.one(tx, a, evaluation)
		if err != nil {
			return err
		}
		told = concerned(row)
		state, err := core.State(row.State).After(core.Withdraw)
		if err != nil {
			return err
		}
		row.State, row.Version = string(state), version
		if err := tx.UpdateEvaluation(row); err != nil {
			return err
		}
		return s.noted(tx, a, row, core.Withdraw)
	})
	if err == nil {
		s.tell(a.Tenant, told...)
	}
	return err
}
