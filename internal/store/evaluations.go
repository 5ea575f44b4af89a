package store

import (
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// EvaluationRow is an evaluation of a recording.
type EvaluationRow struct {
	ID            string
	FormID        string
	FormVersion   int64
	RecordingID   string
	InteractionID string
	AgentID       string // whose work it is
	EvaluatorID   string // "": whoever takes it
	Origin        string // hand, sample, calibration
	SampleID      string
	Week          string // the sample's, such as 2026-W07
	CalibrationID string
	State         string
	Answers       string // JSON
	Score         int    // hundredths of a percent; -1: none
	Passed        bool
	Fatal         bool
	WordsSealed   secret.Sealed
	AssignedBy    string // "" by a sample
	AssignedAt    time.Time
	CompletedAt   time.Time // zero before
	AnsweredAt    time.Time // by the agent; zero before
	AnswerUntil   time.Time // when the agent may answer; zero: there is nothing to answer
	Version       int64
}

const evaluationColumns = `evaluation_id, form_id, form_version, recording_id, interaction_id, agent_id, evaluator_id, origin, sample_id, week, calibration_id, state, answers, score, passed, fatal,
	words_sealed, assigned_by, assigned_at, completed_at, answered_at, answer_until, version`

func scanEvaluation(r row, e *EvaluationRow) error {
	return r.Scan(&e.ID, &e.FormID, &e.FormVersion, &e.RecordingID, &e.InteractionID, &e.AgentID, &e.EvaluatorID, &e.Origin, &e.SampleID, &e.Week, &e.CalibrationID, &e.State, &e.Answers,
		num(&e.Score), yes(&e.Passed), yes(&e.Fatal), sealed(&e.WordsSealed), &e.AssignedBy, at(&e.AssignedAt), at(&e.CompletedAt), at(&e.AnsweredAt), at(&e.AnswerUntil), &e.Version)
}

// InsertEvaluation adds an evaluation of an interaction that is there, at version
// 1; a second drawn one of the interaction is Conflict.
func (tx *Tx) InsertEvaluation(e EvaluationRow) error {
	n, err := tx.exec(`INSERT INTO evaluations (tenant_id, `+evaluationColumns+`)
		SELECT $1, $2, $3, $4, $5, i.interaction_id, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, 1 FROM interactions i WHERE i.tenant_id = $1 AND i.interaction_id = $6`,
		string(tx.scope.Tenant), e.ID, e.FormID, e.FormVersion, e.RecordingID, e.InteractionID, e.AgentID, e.EvaluatorID, e.Origin, e.SampleID, e.Week, e.CalibrationID, e.State, e.Answers,
		e.Score, bit(e.Passed), bit(e.Fatal), raw(e.WordsSealed), e.AssignedBy, us(e.AssignedAt), us(e.CompletedAt), us(e.AnsweredAt), us(e.AnswerUntil))
	return must("interaction", n, err)
}

// UpdateEvaluation stores how an evaluation stands, if its version still is
// e.Version; what it began with stays.
func (tx *Tx) UpdateEvaluation(e EvaluationRow) error {
	n, err := tx.exec(`UPDATE evaluations SET evaluator_id = $4, state = $5, answers = $6, score = $7, passed = $8, fatal = $9, words_sealed = $10, completed_at = $11, answered_at = $12, answer_until = $13, version = version + 1
		WHERE tenant_id = $1 AND evaluation_id = $2 AND version = $3`, string(tx.scope.Tenant), e.ID, e.Version, e.EvaluatorID, e.State, e.Answers, e.Score, bit(e.Passed), bit(e.Fatal),
		raw(e.WordsSealed), us(e.CompletedAt), us(e.AnsweredAt), us(e.AnswerUntil))
	return tx.swapped("evaluation", n, err, `SELECT version FROM evaluations WHERE tenant_id = $1 AND evaluation_id = $2`, string(tx.scope.Tenant), e.ID)
}

// Evaluation is one by its id.
func (tx *Tx) Evaluation(evaluationID string) (EvaluationRow, error) {
	return get(tx, "evaluation", scanEvaluation, `SELECT `+evaluationColumns+` FROM evaluations WHERE tenant_id = $1 AND evaluation_id = $2`, string(tx.scope.Tenant), evaluationID)
}

// EvaluationFilter narrows a list; its zero value finds all but those of
// calibrations.
type EvaluationFilter struct {
	Agent       string
	Evaluator   string // "-": nobody's
	Form        string
	Interaction string
	States      []string
	Within      *Within // who asks may know of these only; nil: of all
	// Calibrations takes those of calibrations in, too.
	Calibrations bool
	Before       Cursor // in the list; zero: from the newest
	Limit        int
}

// Evaluations are the newest first, those of calibrations left out.
func (tx *Tx) Evaluations(f EvaluationFilter) ([]EvaluationRow, error) {
	f.Before = f.Before.orNewest()
	args := []any{string(tx.scope.Tenant), us(f.Before.At), f.Before.ID}
	where := []string{"e.tenant_id = $1", "(e.assigned_at, e.evaluation_id) < ($2, $3)"}
	if !f.Calibrations {
		where = append(where, "e.origin <> 'calibration'")
	}
	mark := binder(&args)
	for _, c := range []struct{ column, value string }{{"agent_id", f.Agent}, {"form_id", f.Form}, {"interaction_id", f.Interaction}} {
		if c.value != "" {
			where = append(where, "e."+c.column+" = "+mark(c.value))
		}
	}
	switch f.Evaluator {
	case "":
	case "-":
		where = append(where, "e.evaluator_id = ''")
	default:
		where = append(where, "e.evaluator_id = "+mark(f.Evaluator))
	}
	if len(f.States) > 0 {
		var in []string
		for _, s := range f.States {
			in = append(in, mark(s))
		}
		where = append(where, "e.state IN ("+strings.Join(in, ", ")+")")
	}
	return list(tx, scanEvaluation, `SELECT e.`+strings.ReplaceAll(evaluationColumns, ", ", ", e.")+` FROM evaluations e JOIN interactions i ON i.tenant_id = e.tenant_id AND i.interaction_id = e.interaction_id
		WHERE `+strings.Join(where, " AND ")+f.Within.evaluations(mark)+` ORDER BY e.assigned_at DESC, e.evaluation_id DESC LIMIT `+mark(f.Limit), args...)
}

// ScoredFilter says which evaluations reports and exports take: those that were
// completed in a time, calibrations left out.
type ScoredFilter struct {
	From, To           time.Time
	Agent, Form, Queue string
	Within             *Within // who asks may know of these only; nil: of all
}

// scored is its condition on evaluations e and interactions i; its parameters are
// $1 to $6.
const scored = `e.tenant_id = $1 AND e.completed_at > 0 AND e.completed_at >= $2 AND e.completed_at < $3 AND e.origin <> 'calibration' AND ($4 = '' OR e.agent_id = $4) AND ($5 = '' OR e.form_id = $5)
		AND ($6 = '' OR i.queue_id = $6)`

// where is the whole condition, with the statement's parameters.
func (f ScoredFilter) where(tx *Tx) (string, []any) {
	args := []any{string(tx.scope.Tenant), us(f.From), us(f.To), f.Agent, f.Form, f.Queue}
	return scored + f.Within.evaluations(binder(&args)), args
}

// ScoredRow is an evaluation with a score, as reports take it.
type ScoredRow struct {
	FormID      string
	FormVersion int64
	AgentID     string
	QueueID     string // of the conversation; may be ""
	Answers     string
	Score       int
	Passed      bool
	Fatal       bool
	CompletedAt time.Time
}

// EachScored gives those that have a score, in the order of completion.
func (tx *Tx) EachScored(f ScoredFilter, each func(ScoredRow) error) error {
	if err := tx.usable(false); err != nil {
		return err
	}
	where, args := f.where(tx)
	return tx.walk(`SELECT e.form_id, e.form_version, e.agent_id, i.queue_id, e.answers, e.score, e.passed, e.fatal, e.completed_at
		FROM evaluations e JOIN interactions i ON i.tenant_id = e.tenant_id AND i.interaction_id = e.interaction_id WHERE `+where+` AND e.score >= 0 ORDER BY e.completed_at`,
		args, func(r row) error {
			var s ScoredRow
			if err := r.Scan(&s.FormID, &s.FormVersion, &s.AgentID, &s.QueueID, &s.Answers, num(&s.Score), yes(&s.Passed), yes(&s.Fatal), at(&s.CompletedAt)); err != nil {
				return err
			}
			return each(s)
		})
}

// CompletedRow is an evaluation as an export takes it.
type CompletedRow struct {
	EvaluationRow
	QueueID string // of the conversation; may be ""
}

// CompletedEvaluations are at most limit of those, in the order of completion, after
// one that the export had last; also those to which nothing applied.
func (tx *Tx) CompletedEvaluations(f ScoredFilter, after Cursor, limit int) ([]CompletedRow, error) {
	where, args := f.where(tx)
	bind := binder(&args)
	return list(tx, func(r row, c *CompletedRow) error {
		return scanEvaluation(alsoScan{r, &c.QueueID}, &c.EvaluationRow)
	}, `SELECT e.`+strings.ReplaceAll(evaluationColumns, ", ", ", e.")+`, i.queue_id
		FROM evaluations e JOIN interactions i ON i.tenant_id = e.tenant_id AND i.interaction_id = e.interaction_id
		WHERE `+where+` AND (e.completed_at, e.evaluation_id) > (`+bind(us(after.At))+`, `+bind(after.ID)+`) ORDER BY e.completed_at, e.evaluation_id LIMIT `+bind(limit), args...)
}

// alsoScan reads a column behind those that a scan knows.
type alsoScan struct {
	row
	last any
}

func (a alsoScan) Scan(dest ...any) error { return a.row.Scan(append(dest, a.last)...) }

// Waiting says how many evaluations of a user's own work are to be answered, and how
// many it has to evaluate or to settle.
func (tx *Tx) Waiting(userID string, now time.Time) (answer, evaluate int, err error) {
	for _, c := range []struct {
		n    *int
		sql  string
		args []any
	}{
		{&answer, `SELECT count(*) FROM evaluations WHERE tenant_id = $1 AND agent_id = $2 AND answer_until > 0 AND answer_until > $3`, []any{string(tx.scope.Tenant), userID, us(now)}},
		{&evaluate, `SELECT count(*) FROM evaluations WHERE tenant_id = $1 AND evaluator_id = $2 AND state IN ('assigned', 'disputed')`, []any{string(tx.scope.Tenant), userID}},
	} {
		if _, err := tx.one(c.sql, c.args, num(c.n)); err != nil {
			return 0, 0, err
		}
	}
	return answer, evaluate, nil
}

// Answerable is an evaluation by which an agent may hear a recording: it is of its
// work and may be answered, or its dispute is open.
func (tx *Tx) Answerable(agentID, interactionID, recordingID string, now time.Time) (EvaluationRow, error) {
	return get(tx, "evaluation", scanEvaluation, `SELECT `+evaluationColumns+` FROM evaluations WHERE tenant_id = $1 AND interaction_id = $2 AND recording_id = $3 AND agent_id = $4
		AND origin <> 'calibration' AND (state = 'disputed' OR answer_until > $5) ORDER BY completed_at DESC, evaluation_id DESC LIMIT 1`,
		string(tx.scope.Tenant), interactionID, recordingID, agentID, us(now))
}

// DrawnRow is what a sample has drawn in a week.
type DrawnRow struct{ AgentID, InteractionID string }

// Drawn are a sample's of a week.
func (tx *Tx) Drawn(sampleID, week string) ([]DrawnRow, error) {
	return list(tx, func(r row, d *DrawnRow) error { return r.Scan(&d.AgentID, &d.InteractionID) },
		`SELECT agent_id, interaction_id FROM evaluations WHERE tenant_id = $1 AND sample_id = $2 AND week = $3 AND origin = 'sample'`, string(tx.scope.Tenant), sampleID, week)
}

// OpenEvaluations says how many each evaluator has to do.
func (tx *Tx) OpenEvaluations() (map[string]int, error) {
	type count struct {
		who string
		n   int
	}
	rows, err := list(tx, func(r row, c *count) error { return r.Scan(&c.who, num(&c.n)) },
		`SELECT evaluator_id, count(*) FROM evaluations WHERE tenant_id = $1 AND state = 'assigned' GROUP BY evaluator_id`, string(tx.scope.Tenant))
	open := map[string]int{}
	for _, c := range rows {
		open[c.who] = c.n
	}
	return open, err
}

// RecordedWorkRow is a recording with whose work it is.
type RecordedWorkRow struct {
	RecordingID   string
	InteractionID string
	AgentID       string
	QueueID       string
	Drawn         bool // it has been drawn for evaluation
}

// RecordedWork are at most limit recordings of voices that ended in a time, are so
// long, and belong to work that has closed.
func (tx *Tx) RecordedWork(from, to time.Time, leastMS int64, limit int) ([]RecordedWorkRow, error) {
	return list(tx, func(r row, w *RecordedWorkRow) error {
		return r.Scan(&w.RecordingID, &w.InteractionID, &w.AgentID, &w.QueueID, yes(&w.Drawn))
	}, `SELECT r.recording_id, r.interaction_id, i.agent_id, i.queue_id,
			CASE WHEN EXISTS (SELECT 1 FROM evaluations e WHERE e.tenant_id = $1 AND e.interaction_id = r.interaction_id AND e.origin = 'sample') THEN 1 ELSE 0 END
		FROM recordings r JOIN interactions i ON i.tenant_id = r.tenant_id AND i.interaction_id = r.interaction_id
		WHERE r.tenant_id = $1 AND r.ended_at >= $2 AND r.ended_at < $3 AND r.ended_at > 0 AND r.kind = 'voice' AND r.length_ms >= $4 AND i.closed_at > 0 AND i.agent_id <> ''
		ORDER BY r.ended_at, r.recording_id LIMIT $5`, string(tx.scope.Tenant), us(from), us(to), leastMS, limit)
}

// CalibrationRow is a recording that several evaluate blindly.
type CalibrationRow struct {
	ID            string
	FormID        string
	FormVersion   int64
	RecordingID   string
	InteractionID string
	AgentID       string
	BegunBy       string
	BegunAt       time.Time
	EndedAt       time.Time // zero while it runs
}

const calibrationColumns = "calibration_id, form_id, form_version, recording_id, interaction_id, agent_id, begun_by, begun_at, ended_at"

func scanCalibration(r row, c *CalibrationRow) error {
	return r.Scan(&c.ID, &c.FormID, &c.FormVersion, &c.RecordingID, &c.InteractionID, &c.AgentID, &c.BegunBy, at(&c.BegunAt), at(&c.EndedAt))
}

// InsertCalibration adds one.
func (tx *Tx) InsertCalibration(c CalibrationRow) error {
	_, err := tx.exec(`INSERT INTO calibrations (tenant_id, `+calibrationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(tx.scope.Tenant), c.ID, c.FormID, c.FormVersion, c.RecordingID, c.InteractionID, c.AgentID, c.BegunBy, us(c.BegunAt), us(c.EndedAt))
	return err
}

// Calibration is one by its id.
func (tx *Tx) Calibration(calibrationID string) (CalibrationRow, error) {
	return get(tx, "calibration", scanCalibration, `SELECT `+calibrationColumns+` FROM calibrations WHERE tenant_id = $1 AND calibration_id = $2`, string(tx.scope.Tenant), calibrationID)
}

// Calibrations are at most limit, the newest first.
func (tx *Tx) Calibrations(limit int) ([]CalibrationRow, error) {
	return list(tx, scanCalibration, `SELECT `+calibrationColumns+` FROM calibrations WHERE tenant_id = $1 ORDER BY begun_at DESC, calibration_id DESC LIMIT $2`, string(tx.scope.Tenant), limit)
}

// EndCalibration ends one that runs; a second end is Conflict.
func (tx *Tx) EndCalibration(calibrationID string, now time.Time) error {
	n, err := tx.exec(`UPDATE calibrations SET ended_at = $3 WHERE tenant_id = $1 AND calibration_id = $2 AND ended_at = 0`, string(tx.scope.Tenant), calibrationID, us(now))
	if err == nil && n == 0 {
		err = conflict("calibration")
	}
	return err
}

// Calibrated are a calibration's evaluations, by evaluator.
func (tx *Tx) Calibrated(calibrationID string) ([]EvaluationRow, error) {
	return list(tx, scanEvaluation, `SELECT `+evaluationColumns+` FROM evaluations WHERE tenant_id = $1 AND calibration_id = $2 AND calibration_id <> '' ORDER BY evaluator_id`,
		string(tx.scope.Tenant), calibrationID)
}

// eraseEvaluator takes a user out of what it was to evaluate, and removes what
// was said of its own work.
func (tx *Tx) eraseEvaluator(userID string) error {
	for _, sql := range []string{
		`DELETE FROM evaluations WHERE tenant_id = $1 AND agent_id = $2`,
		`DELETE FROM calibrations WHERE tenant_id = $1 AND agent_id = $2`,
		`UPDATE evaluations SET evaluator_id = '', version = version + 1 WHERE tenant_id = $1 AND evaluator_id = $2 AND state = 'assigned'`,
	} {
		if _, err := tx.exec(sql, string(tx.scope.Tenant), userID); err != nil {
			return err
		}
	}
	return nil
}
