package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// mostCalibrations is how many are listed.
const mostCalibrations = 200

// Calibration is a recording that several evaluate without seeing each other's
// answers until it has ended.
type Calibration struct {
	ID          string    `json:"id"`
	Form        string    `json:"form"`
	FormVersion int64     `json:"form_version"`
	Recording   string    `json:"recording"`
	Interaction string    `json:"interaction"`
	Agent       string    `json:"agent"`
	BegunBy     string    `json:"begun_by"`
	BegunAt     time.Time `json:"begun_at"`
	EndedAt     time.Time `json:"ended_at,omitzero" doc:"Absent: it runs, and nobody sees another's answers."`
	Parts       []Part    `json:"parts" doc:"Who evaluates, and whether each is done."`
}

// Part is one evaluator's.
type Part struct {
	Evaluator  string `json:"evaluator"`
	Evaluation string `json:"evaluation"`
	Done       bool   `json:"done"`
	Score      int    `json:"score" doc:"Hundredths of a percent; -1 while the calibration runs."`
}

// Difference is how far apart the evaluators are.
type Difference struct {
	Question string         `json:"question,omitempty" doc:"Absent: the score."`
	Points   map[string]int `json:"points" doc:"By evaluator, hundredths of a percent; absent for whom it does not apply."`
	Spread   int            `json:"spread" doc:"The largest less the smallest."`
	Skipped  int            `json:"skipped" doc:"For how many it does not apply."`
}

// Compared is a calibration with what its evaluators differ in, once it has ended.
type Compared struct {
	Calibration
	Asks        setup.QualityForm `json:"asks"`
	Differences []Difference      `json:"differences" doc:"The score first, then the questions; empty while it runs."`
}

// NewCalibration is one that is to begin.
type NewCalibration struct {
	Recording  string
	Form       string
	Evaluators []string
}

// Calibrate begins a calibration.
func (s *Service) Calibrate(ctx context.Context, a access.Actor, in NewCalibration) (out Calibration, err error) {
	if err := may(a, access.QualityManage); err != nil {
		return out, err
	}
	who := slices.Compact(slices.Sorted(slices.Values(in.Evaluators)))
	if len(who) < 2 {
		return out, errs.Bad("evaluators", "are fewer than two; there is nothing to compare")
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		first, err := s.fresh(tx, in.Recording, in.Form, "")
		if err != nil {
			return err
		}
		row := store.CalibrationRow{ID: s.IDs.New(id.Calibration), FormID: first.FormID, FormVersion: first.FormVersion, RecordingID: first.RecordingID, InteractionID: first.InteractionID, AgentID: first.AgentID,
			BegunBy: a.User, BegunAt: first.AssignedAt}
		if err := tx.InsertCalibration(row); err != nil {
			return err
		}
		for i, user := range who {
			one := first
			one.ID, one.Origin, one.EvaluatorID, one.CalibrationID, one.AssignedBy = s.IDs.New(id.Evaluation), Calibrating, user, row.ID, a.User
			if err := evaluates(tx, a.Tenant, user, one, fmt.Sprintf("evaluators[%d]", i)); err != nil {
				return err
			}
			if err := tx.InsertEvaluation(one); err != nil {
				return err
			}
		}
		if err := s.Audit.Record(tx, a, "quality.calibration_begun", "calibration", row.ID, map[string]string{"recording": row.RecordingID}); err != nil {
			return err
		}
		parts, err := tx.Calibrated(row.ID)
		out = calibration(row, parts)
		return err
	})
	if err == nil {
		s.tell(a.Tenant, who...)
	}
	return out, err
}

func calibration(row store.CalibrationRow, parts []store.EvaluationRow) Calibration {
	c := Calibration{ID: row.ID, Form: row.FormID, FormVersion: row.FormVersion, Recording: row.RecordingID, Interaction: row.InteractionID, Agent: row.AgentID, BegunBy: row.BegunBy, BegunAt: row.BegunAt,
		EndedAt: row.EndedAt, Parts: []Part{}}
	for _, p := range parts {
		part := Part{Evaluator: p.EvaluatorID, Evaluation: p.ID, Done: core.State(p.State).Scored(), Score: -1}
		if !row.EndedAt.IsZero() {
			part.Score = p.Score
		}
		c.Parts = append(c.Parts, part)
	}
	return c
}

// calibrates is who may see calibrations.
func calibrates(a access.Actor) error {
	if access.Reach(a, access.QualityManage) == access.Tenant {
		return nil
	}
	return may(a, access.QualityEvaluate)
}

// Calibrations are the newest first.
func (s *Service) Calibrations(ctx context.Context, a access.Actor) (all []Calibration, err error) {
	if err := calibrates(a); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		all = []Calibration{}
		rows, err := tx.Calibrations(mostCalibrations)
		for _, row := range rows {
			parts, err := tx.Calibrated(row.ID)
			if err != nil {
				return err
			}
			all = append(all, calibration(row, parts))
		}
		return err
	})
	return all, err
}

// Compare shows a calibration, and once it has ended where its evaluators differ.
func (s *Service) Compare(ctx context.Context, a access.Actor, of string) (out Compared, err error) {
	if err := calibrates(a); err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Calibration(of)
		if err != nil {
			return err
		}
		parts, err := tx.Calibrated(of)
		if err != nil {
			return err
		}
		out = Compared{Calibration: calibration(row, parts), Differences: []Difference{}}
		if out.Asks, err = form(tx, row.FormID, row.FormVersion); err != nil || row.EndedAt.IsZero() {
			return err
		}
		var judged []core.Judged
		for _, p := range parts {
			if core.State(p.State).Scored() {
				judged = append(judged, core.Judged{Evaluator: p.EvaluatorID, Answers: answersOf(p.Answers)})
			}
		}
		for _, d := range core.Compare(out.Asks.Questions, judged) {
			out.Differences = append(out.Differences, Difference(d))
		}
		return nil
	})
	return out, err
}

// EndCalibration ends a calibration: all see all answers from now on, and who is
// not done is done no more.
func (s *Service) EndCalibration(ctx context.Context, a access.Actor, of string) error {
	if err := may(a, access.QualityManage); err != nil {
		return err
	}
	var told []string
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if _, err := tx.Calibration(of); err != nil {
			return err
		}
		parts, err := tx.Calibrated(of)
		if err != nil {
			return err
		}
		told = evaluators(parts)
		return s.end(tx, a, of)
	})
	if err == nil {
		s.tell(a.Tenant, told...)
	}
	return err
}

func (s *Service) end(tx *store.Tx, a access.Actor, of string) error {
	if err := tx.EndCalibration(of, s.now()); err != nil {
		return err
	}
	parts, err := tx.Calibrated(of)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if core.State(p.State) != core.Assigned {
			continue
		}
		p.State = string(core.Withdrawn)
		if err := tx.UpdateEvaluation(p); err != nil {
			return err
		}
	}
	return s.Audit.Record(tx, a, "quality.calibration_ended", "calibration", of, nil)
}

// endIfDone ends a calibration when the last evaluator is done. It answers its
// evaluators.
func (s *Service) endIfDone(tx *store.Tx, a access.Actor, of string) ([]string, error) {
	row, err := tx.Calibration(of)
	if err != nil {
		return nil, err
	}
	parts, err := tx.Calibrated(of)
	open := slices.ContainsFunc(parts, func(p store.EvaluationRow) bool { return core.State(p.State) == core.Assigned })
	if err != nil || open || !row.EndedAt.IsZero() {
		return evaluators(parts), err
	}
	return evaluators(parts), s.end(tx, a, of)
}

func evaluators(parts []store.EvaluationRow) (users []string) {
	for _, p := range parts {
		users = append(users, p.EvaluatorID)
	}
	return users
}
