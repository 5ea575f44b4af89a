package api

import (
	"context"
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
			return answer(s.Quality.Scores(ctx, c.Actor, quality.Wish{From: in.From, To: in.To, Agent: in.Agent, Form: in.Form}))
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
		detail: "Every question is answered. The score is 100 · Σ weight·share / Σ weight over the questions that apply, and 0 if a fatal one failed (docs/quality.md). The agent sees it from now on."},
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
