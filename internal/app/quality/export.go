package quality

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// exportPage is how many evaluations are read at once.
const exportPage = 200

// Export says which scores are exported, and why.
type Export struct {
	Wish
	Questions bool   // a line for each question of each evaluation
	Names     bool   // user names beside the ids of agents and evaluators
	Reason    string // a word for the audit log
}

// Line is one of an export: a completed evaluation, or a question of one.
type Line struct {
	Evaluation    string     `json:"evaluation"`
	Recording     string     `json:"recording"`
	Interaction   string     `json:"interaction"`
	Form          string     `json:"form"`
	FormName      string     `json:"form_name"`
	FormVersion   int64      `json:"form_version"`
	Agent         string     `json:"agent"`
	AgentName     string     `json:"agent_name,omitempty"`
	Evaluator     string     `json:"evaluator"`
	EvaluatorName string     `json:"evaluator_name,omitempty"`
	Queue         string     `json:"queue,omitempty"`
	QueueName     string     `json:"queue_name,omitempty"`
	Origin        string     `json:"origin"`
	State         core.State `json:"state"`
	CompletedAt   time.Time  `json:"completed_at"`
	AnsweredAt    time.Time  `json:"answered_at,omitzero"`
	Score         int        `json:"score"` // hundredths of a percent; -1: nothing applied
	Passed        bool       `json:"passed"`
	Fatal         bool       `json:"fatal"`
	Asked         *Asked     `json:"question,omitempty"`
}

// Asked is a question of a form with what was answered.
type Asked struct {
	ID      string `json:"id"`
	Section string `json:"section,omitempty"`
	Text    string `json:"text"`
	Weight  int    `json:"weight"`
	Answer  string `json:"answer,omitempty"` // "": does not apply
	Points  int    `json:"points"`           // hundredths of a percent of the weight; -1: does not apply
}

// ExportScores gives each completed evaluation that x finds to each, in the order of
// completion; calibrations are left out, and so is what was said about the call. It
// is noted in the audit log before the first.
func (s *Service) ExportScores(ctx context.Context, a access.Actor, x Export, each func(Line) error) (err error) {
	if access.Reach(a, access.QualityExport) < access.SomeOf {
		return errs.New(errs.Forbidden, "You may not export scores.")
	}
	if x.From, x.To, err = s.span(x.From, x.To); err != nil {
		return err
	}
	detail := map[string]string{"reason": x.Reason, "from": x.From.UTC().Format(time.RFC3339), "to": x.To.UTC().Format(time.RFC3339)}
	for what, id := range map[string]string{"agent": x.Agent, "form": x.Form, "queue": x.Queue} {
		if id != "" {
			detail[what] = id
		}
	}
	if x.Names {
		detail["names"] = "clear"
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "quality.exported", "organisation", string(a.Tenant), detail)
	})
	if err != nil {
		return err
	}
	w := &writer{s: s, a: a, x: x, forms: map[version]setup.QualityForm{}, queues: map[string]string{}, users: map[string]string{}}
	for more := true; more && err == nil; {
		var page []Line
		if page, more, err = w.page(ctx); err != nil {
			return err
		}
		for _, l := range page {
			if err := each(l); err != nil {
				return err
			}
		}
	}
	return err
}

// writer reads an export page by page.
type writer struct {
	s      *Service
	a      access.Actor
	x      Export
	after  store.Cursor
	forms  map[version]setup.QualityForm
	queues map[string]string // names by id
	users  map[string]string
}

func (w *writer) page(ctx context.Context) (lines []Line, more bool, err error) {
	var last store.Cursor
	err = w.s.DB.Read(ctx, w.a.Tenant, func(tx *store.Tx) error {
		lines = lines[:0]
		if err := w.names(tx); err != nil {
			return err
		}
		x := w.x
		rows, err := tx.CompletedEvaluations(store.ScoredFilter{Within: store.WithinOf(w.a, access.QualityExport), From: x.From, To: x.To, Agent: x.Agent, Form: x.Form, Queue: x.Queue}, w.after, exportPage)
		for _, r := range rows {
			if err := w.add(tx, r, &lines); err != nil {
				return err
			}
			last = store.Cursor{At: r.CompletedAt, ID: r.ID}
		}
		more = len(rows) == exportPage
		return err
	})
	if more {
		w.after = last
	}
	return lines, more, err
}

// names reads, once, how queues and, where they are wished, users are called.
func (w *writer) names(tx *store.Tx) error {
	if len(w.queues) > 0 || len(w.users) > 0 {
		return nil
	}
	rows, err := tx.SetupOf(string(setup.KindQueue))
	if err != nil {
		return err
	}
	for _, r := range rows {
		o, err := setup.Stored(setup.KindQueue, r.Body)
		if err != nil {
			return err
		}
		w.queues[r.ID] = o.Called()
	}
	if !w.x.Names {
		return nil
	}
	users, err := tx.Users()
	for _, u := range users {
		w.users[u.ID] = u.UserName
		if u.Status == "deleted" {
			w.users[u.ID] = "deleted user " + u.ID[len(u.ID)-4:]
		}
	}
	return err
}

func (w *writer) add(tx *store.Tx, r store.CompletedRow, lines *[]Line) error {
	v := version{r.FormID, r.FormVersion}
	f, known := w.forms[v]
	if !known {
		var err error
		if f, err = form(tx, v.form, v.n); err != nil {
			return err
		}
		w.forms[v] = f
	}
	l := Line{Evaluation: r.ID, Recording: r.RecordingID, Interaction: r.InteractionID, Form: r.FormID, FormName: f.Name, FormVersion: r.FormVersion, Agent: r.AgentID, AgentName: w.users[r.AgentID],
		Evaluator: r.EvaluatorID, EvaluatorName: w.users[r.EvaluatorID], Queue: r.QueueID, QueueName: w.queues[r.QueueID], Origin: r.Origin, State: core.State(r.State),
		CompletedAt: r.CompletedAt, AnsweredAt: r.AnsweredAt, Score: r.Score, Passed: r.Passed, Fatal: r.Fatal}
	if !w.x.Questions {
		*lines = append(*lines, l)
		return nil
	}
	answers := map[string]core.Answer{}
	all := answersOf(r.Answers)
	for _, a := range all {
		answers[a.Question] = a
	}
	points := core.Score(f.Questions, all, f.Mark).Points
	for _, q := range f.Questions {
		asked := &Asked{ID: q.ID, Section: q.Section, Text: q.Text, Weight: q.Weight, Points: -1}
		if worth, applies := points[q.ID]; applies {
			asked.Points, asked.Answer = worth, said(q, answers[q.ID])
		}
		one := l
		one.Asked = asked
		*lines = append(*lines, one)
	}
	return nil
}

// said is an answer in the form's own words.
func said(q core.Question, a core.Answer) string {
	switch {
	case q.Kind == core.YesNo && a.Value == 1:
		return "yes"
	case q.Kind == core.YesNo:
		return "no"
	case q.Kind == core.Choice && a.Value >= 0 && a.Value < len(q.Choices):
		return q.Choices[a.Value].Text
	}
	return strconv.Itoa(a.Value)
}

// answersOf reads what is stored of answers; none if they cannot be read.
func answersOf(raw string) (all []core.Answer) {
	_ = json.Unmarshal([]byte(raw), &all)
	return all
}
