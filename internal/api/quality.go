package api

import (
	"context"
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/app/quality"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
)

// Quality is app/quality: evaluations of recordings.
type Quality interface {
	List(ctx context.Context, a access.Actor, q quality.Search) (items []quality.Evaluation, next string, err error)
	Get(ctx context.Context, a access.Actor, evaluation string) (quality.Whole, error)
	Assign(ctx context.Context, a access.Actor, in quality.NewEvaluation) (quality.Evaluation, error)
	Save(ctx context.Context, a access.Actor, evaluation string, in quality.Said) (quality.Whole, error)
	Complete(ctx context.Context, a access.Actor, evaluation string, in quality.Said) (quality.Whole, error)
	Settle(ctx context.Context, a access.Actor, evaluation string, in quality.Said) (quality.Whole, error)
	Acknowledge(ctx context.Context, a access.Actor, evaluation string, version int64, reply string) (quality.Whole, error)
	Dispute(ctx context.Context, a access.Actor, evaluation string, version int64, reply string) (quality.Whole, error)
	Withdraw(ctx context.Context, a access.Actor, evaluation string, version int64) error
	DrawNow(ctx context.Context, a access.Actor, sample string) (int, error)
	Calibrate(ctx context.Context, a access.Actor, in quality.NewCalibration) (quality.Calibration, error)
	Calibrations(ctx context.Context, a access.Actor) ([]quality.Calibration, error)
	Compare(ctx context.Context, a access.Actor, calibration string) (quality.Compared, error)
	EndCalibration(ctx context.Context, a access.Actor, calibration string) error
	Scores(ctx context.Context, a access.Actor, w quality.Wish) (quality.Scores, error)
	// ExportScores gives each that it finds, and notes that in the audit log.
	ExportScores(ctx context.Context, a access.Actor, x quality.Export, each func(quality.Line) error) error
	Waiting(ctx context.Context, a access.Actor) (quality.WaitingEvaluations, error)
}

type evaluationsInput struct {
	Page
	Agent       string   `query:"agent" maxLength:"64" doc:"Whose work it is."`
	Evaluator   string   `query:"evaluator" maxLength:"64" doc:"Who evaluates, with one's own calibrations; -: nobody yet."`
	Form        string   `query:"form" maxLength:"64"`
	Interaction string   `query:"interaction" maxLength:"64"`
	State       []string `query:"state" maxItems:"6" enum:"assigned,completed,acknowledged,disputed,settled,withdrawn" doc:"Any of these."`
}

type assignInput struct {
	Body struct {
		Recording string `json:"recording" maxLength:"64"`
		Form      string `json:"form" maxLength:"64"`
		Agent     string `json:"agent,omitempty" maxLength:"64" doc:"Whose work it is, of those who held the conversation; missing: who held it last."`
		Evaluator string `json:"evaluator,omitempty" maxLength:"64" doc:"Missing: I. Others need quality.manage."`
	} `nameHint:"NewEvaluation"`
}

// Filling is what an evaluator fills in.
type Filling struct {
	Version int64          `json:"version" doc:"The version you saw; 409 if someone was faster."`
	Answers []core.Answer  `json:"answers" maxItems:"60"`
	Comment string         `json:"comment,omitempty" maxLength:"4000"`
	Notes   []quality.Note `json:"notes,omitempty" maxItems:"100" doc:"Comments at moments of the recording."`
}

func (f Filling) said() quality.Said {
	return quality.Said{Version: f.Version, Answers: f.Answers, Comment: f.Comment, Notes: f.Notes}
}

type fillInput struct {
	ByID
	Body Filling
}

type settleInput struct {
	ByID
	Body struct {
		Filling
		Settlement string `json:"settlement" minLength:"1" maxLength:"4000" doc:"What is said to the dispute."`
	} `nameHint:"Settling"`
}

type replyInput struct {
	ByID
	Body struct {
		Version int64  `json:"version" doc:"The version you saw; 409 if someone was faster."`
		Reply   string `json:"reply,omitempty" maxLength:"4000"`
	} `nameHint:"EvaluationReply"`
}

type calibrateInput struct {
	Body struct {
		Recording  string   `json:"recording" maxLength:"64"`
		Form       string   `json:"form" maxLength:"64"`
		Evaluators []string `json:"evaluators" minItems:"2" maxItems:"20" doc:"User ids."`
	} `nameHint:"NewCalibration"`
}

type scoresInput struct {
	From  time.Time `query:"from" doc:"Completed then or later; missing: twelve weeks before to."`
	To    time.Time `query:"to" doc:"Completed before; missing: now. At most a year after from."`
	Agent string    `query:"agent" maxLength:"64"`
	Form  string    `query:"form" maxLength:"64"`
	Queue string    `query:"queue" maxLength:"64" doc:"Of conversations whose last queue it is."`
}

type exportScoresInput struct {
	Body struct {
		Format string    `json:"format" enum:"csv,json" doc:"csv: a line for each, with a heading. json: a list."`
		Lines  string    `json:"lines,omitempty" enum:"evaluations,questions" default:"evaluations" doc:"A line for each evaluation, or for each question of each."`
		From   time.Time `json:"from,omitzero" doc:"Completed then or later; missing: twelve weeks before to."`
		To     time.Time `json:"to,omitzero" doc:"Completed before; missing: now. At most a year after from."`
		Agent  string    `json:"agent,omitempty" maxLength:"64"`
		Form   string    `json:"form,omitempty" maxLength:"64"`
		Queue  string    `json:"queue,omitempty" maxLength:"64" doc:"Of conversations whose last queue it is."`
		Names  string    `json:"names,omitempty" enum:"pseudonyms,clear" default:"pseudonyms" doc:"pseudonyms: agents and evaluators are ids; clear: with their user names."`
		Reason string    `json:"reason" enum:"quality,training,complaint,dispute,legal,other" doc:"Why. It stands in the audit log."`
	} `nameHint:"ExportScores"`
}

// Drawn says how many recordings a sample drew.
type Drawn struct {
	Count int `json:"count"`
}

func (s *Server) qualityRoutes() {
	setupKind[setup.QualityForm, QualityFormObject, QualityFormChange](s, setup.KindQualityForm, "QualityForm", func(c QualityFormChange) any { return c.QualityForm })
	setupVersions[setup.QualityForm](s, setup.KindQualityForm, "QualityForm")
	setupKind[setup.QualitySample, QualitySampleObject, QualitySampleChange](s, setup.KindQualitySample, "QualitySample", func(c QualitySampleChange) any { return c.QualitySample })
	s.evaluationRoutes()
	s.calibrationRoutes()
}

const qualityTag = "Quality"

var (
	scoreHeading = []string{"evaluation", "recording", "interaction", "form", "form_name", "form_version", "agent", "agent_name", "evaluator", "evaluator_name", "queue", "queue_name", "origin", "state",
		"completed_at", "answered_at", "score_percent", "passed", "fatal"}
	questionHeading = []string{"question", "section", "question_text", "weight", "answer", "question_percent"}
)

func scoreCells(l quality.Line) []string {
	cells := []string{l.Evaluation, l.Recording, l.Interaction, l.Form, l.FormName, strconv.FormatInt(l.FormVersion, 10), l.Agent, l.AgentName, l.Evaluator, l.EvaluatorName, l.Queue, l.QueueName, l.Origin,
		string(l.State), moment(l.CompletedAt), moment(l.AnsweredAt), percent(l.Score), yes(l.Passed), yes(l.Fatal)}
	if q := l.Asked; q != nil {
		cells = append(cells, q.ID, q.Section, q.Text, strconv.Itoa(q.Weight), q.Answer, percent(q.Points))
	}
	return cells
}

// percent is a number of hundredths of a percent; "" for none.
func percent(hundredths int) string {
	if hundredths < 0 {
		return ""
	}
	return decimal(float64(hundredths)/100, 2)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func (s *Server) evaluationRoutes() {
	const path = "/api/v1/evaluations"
	read, evaluate, manage := needs(access.QualityRead), needs(access.QualityEvaluate), needs(access.QualityManage)
	handle(s, "GET", path, read, about{id: "evaluations", tag: qualityTag, summary: "Evaluations, the newest first",
		detail: "Agents: of their own work, once they are completed. Those of calibrations are listed for who is to do them."},
		func(ctx context.Context, c *caller, in *evaluationsInput) (*reply[ListOf[quality.Evaluation]], error) {
			return list(s.Quality.List(ctx, c.Actor, quality.Search{Agent: in.Agent, Evaluator: in.Evaluator, Form: in.Form, Interaction: in.Interaction, States: in.State, Cursor: in.Cursor, Limit: in.Limit}))
		})
	handle(s, "POST", path, evaluate, about{id: "assignEvaluation", tag: qualityTag, summary: "Have a recording evaluated", status: 201},
		func(ctx context.Context, c *caller, in *assignInput) (*reply[quality.Evaluation], error) {
			b := in.Body
			return answer(s.Quality.Assign(ctx, c.Actor, quality.NewEvaluation{Recording: b.Recording, Form: b.Form, Agent: b.Agent, Evaluator: b.Evaluator}))
		})
	handle(s, "GET", path+"/scores", read, about{id: "qualityScores", tag: qualityTag, summary: "What evaluations come to: each agent, team and question over the weeks",
		detail: "Agents: their own. Calibrations count nowhere."},
		func(ctx context.Context, c *caller, in *scoresInput) (*reply[quality.Scores], error) {
			return answer(s.Quality.Scores(ctx, c.Actor, quality.Wish{From: in.From, To: in.To, Agent: in.Agent, Form: in.Form, Queue: in.Queue}))
		})
	handle(s, "POST", path+"/export", needs(access.QualityExport), about{id: "exportScores", tag: qualityTag, summary: "Scores of completed evaluations, as one file", status: 200, once: true, raw: describeList,
		detail: "All that the filter finds, in the order of completion, streamed; calibrations are left out, and so is what was said about the calls. In CSV a cell that a spreadsheet would take for a formula begins with an apostrophe. Each export is noted in the audit log with its reason."},
		func(ctx context.Context, c *caller, in *exportScoresInput) (*streamOutput, error) {
			b := in.Body
			x := quality.Export{Wish: quality.Wish{From: b.From, To: b.To, Agent: b.Agent, Form: b.Form, Queue: b.Queue}, Questions: b.Lines == "questions", Names: b.Names == "clear", Reason: b.Reason}
			heading := scoreHeading
			if x.Questions {
				heading = append(slices.Clone(heading), questionHeading...)
			}
			return &streamOutput{Body: streamList(ctx, s, "scores", b.Format, heading, scoreCells, func(each func(quality.Line) error) error { return s.Quality.ExportScores(ctx, c.Actor, x, each) })}, nil
		})
	handle(s, "GET", path+"/waiting", read, about{id: "waitingEvaluations", tag: qualityTag, summary: "How many evaluations wait for me",
		detail: "The live event evaluation.changed says that it may be another number."},
		func(ctx context.Context, c *caller, _ *none) (*reply[quality.WaitingEvaluations], error) {
			return answer(s.Quality.Waiting(ctx, c.Actor))
		})
	handle(s, "GET", path+"/{id}", read, about{id: "evaluation", tag: qualityTag, summary: "One evaluation, with its form as it was"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[quality.Whole], error) {
			return answer(s.Quality.Get(ctx, c.Actor, in.ID))
		})
	handle(s, "PUT", path+"/{id}", evaluate, about{id: "saveEvaluation", tag: qualityTag, summary: "Keep what is filled in so far",
		detail: "Who saves one that is nobody's takes it."},
		func(ctx context.Context, c *caller, in *fillInput) (*reply[quality.Whole], error) {
			return answer(s.Quality.Save(ctx, c.Actor, in.ID, in.Body.said()))
		})
	handle(s, "POST", path+"/{id}/complete", evaluate, about{id: "completeEvaluation", tag: qualityTag, summary: "Complete an evaluation", status: 200,
		detail: "Every question is answered. The score is 100 · Σ weight·share / Σ weight over the questions that apply, and 0 if a fatal one failed (docs/quality.md). The agent sees it from now on, is told so at once, and hears the recording as long as it may answer, where the organisation's rules say so."},
		func(ctx context.Context, c *caller, in *fillInput) (*reply[quality.Whole], error) {
			return answer(s.Quality.Complete(ctx, c.Actor, in.ID, in.Body.said()))
		})
	handle(s, "POST", path+"/{id}/settle", evaluate, about{id: "settleEvaluation", tag: qualityTag, summary: "Answer an agent's dispute, maybe with other answers", status: 200},
		func(ctx context.Context, c *caller, in *settleInput) (*reply[quality.Whole], error) {
			said := in.Body.said()
			said.Settlement = in.Body.Settlement
			return answer(s.Quality.Settle(ctx, c.Actor, in.ID, said))
		})
	handle(s, "POST", path+"/{id}/acknowledge", read, about{id: "acknowledgeEvaluation", tag: qualityTag, summary: "Say that one has seen the evaluation of one's work", status: 200},
		func(ctx context.Context, c *caller, in *replyInput) (*reply[quality.Whole], error) {
			return answer(s.Quality.Acknowledge(ctx, c.Actor, in.ID, in.Body.Version, in.Body.Reply))
		})
	handle(s, "POST", path+"/{id}/dispute", read, about{id: "disputeEvaluation", tag: qualityTag, summary: "Say what is not right in the evaluation of one's work", status: 200, detail: "Once. The evaluator settles it."},
		func(ctx context.Context, c *caller, in *replyInput) (*reply[quality.Whole], error) {
			return answer(s.Quality.Dispute(ctx, c.Actor, in.ID, in.Body.Version, in.Body.Reply))
		})
	handle(s, "DELETE", path+"/{id}", manage, about{id: "withdrawEvaluation", tag: qualityTag, summary: "Take back an evaluation that is not completed"},
		func(ctx context.Context, c *caller, in *setupDeleteInput) (*none, error) {
			return done(s.Quality.Withdraw(ctx, c.Actor, in.ID, in.Version))
		})
	handle(s, "POST", "/api/v1/quality-samples/{id}/draw", manage, about{id: "drawQualitySample", tag: qualityTag, summary: "Draw at once what a rule has not drawn yet of this week", status: 200,
		detail: "By itself a rule draws after each week. A conversation is drawn once, whatever the rule and the week."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[Drawn], error) {
			n, err := s.Quality.DrawNow(ctx, c.Actor, in.ID)
			return answer(Drawn{n}, err)
		})
}

func (s *Server) calibrationRoutes() {
	const path = "/api/v1/calibrations"
	evaluate, manage := needs(access.QualityEvaluate), needs(access.QualityManage)
	handle(s, "GET", path, evaluate, about{id: "calibrations", tag: qualityTag, summary: "Calibrations, the newest first"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[quality.Calibration]], error) {
			items, err := s.Quality.Calibrations(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "POST", path, manage, about{id: "calibrate", tag: qualityTag, summary: "Have several evaluate one recording, none seeing another's answers", status: 201},
		func(ctx context.Context, c *caller, in *calibrateInput) (*reply[quality.Calibration], error) {
			b := in.Body
			return answer(s.Quality.Calibrate(ctx, c.Actor, quality.NewCalibration{Recording: b.Recording, Form: b.Form, Evaluators: b.Evaluators}))
		})
	handle(s, "GET", path+"/{id}", evaluate, about{id: "calibration", tag: qualityTag, summary: "A calibration; once it has ended, where its evaluators differ"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[quality.Compared], error) {
			return answer(s.Quality.Compare(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", path+"/{id}/end", manage, about{id: "endCalibration", tag: qualityTag, summary: "End a calibration, whoever is not done", detail: "It ends by itself when the last one is done."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Quality.EndCalibration(ctx, c.Actor, in.ID))
		})
}
