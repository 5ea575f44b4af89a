package quality

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Where an evaluation comes from.
const (
	ByHand      = "hand"
	BySample    = "sample"
	Calibrating = "calibration"
)

// Vault seals what is said about a call under its contact's key.
type Vault interface {
	SealContact(ctx context.Context, t id.Tenant, contact, where string, plain []byte) (secret.Sealed, error)
	OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Auditor notes who did what, inside its transaction.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Rules are the tenants' own choices.
type Rules interface {
	Rules(ctx context.Context, t id.Tenant) (setup.Rules, error)
}

// Publisher tells browsers; *bus.Bus is one.
type Publisher interface {
	Publish(e bus.Event) error
}

// Changed is the live event of a user to whom an evaluation waits, or waited.
const Changed = "evaluation.changed"

// Deps are what the service works with.
type Deps struct {
	DB    *store.DB
	Vault Vault
	Audit Auditor
	Rules Rules
	Bus   Publisher
	Clock clock.Clock
	IDs   *id.Source
	Log   *slog.Logger
	Node  string        // holder of leases
	Every time.Duration // between two looks for samples; 0 means 10 minutes
}

// Service is safe for use by several goroutines.
type Service struct {
	Deps
	mu    sync.Mutex
	drawn map[string]string // the week that was drawn last, by tenant and sample
	stop  context.CancelFunc
	done  chan struct{}
}

// New makes the service.
func New(d Deps) *Service {
	d.Every = cmp.Or(d.Every, 10*time.Minute)
	return &Service{Deps: d, drawn: map[string]string{}}
}

// Evaluation is one as a list shows it.
type Evaluation struct {
	ID          string     `json:"id"`
	Form        string     `json:"form"`
	FormVersion int64      `json:"form_version"`
	Recording   string     `json:"recording"`
	Interaction string     `json:"interaction"`
	Agent       string     `json:"agent" doc:"Whose work it is."`
	Evaluator   string     `json:"evaluator,omitempty" doc:"Absent: whoever may takes it."`
	Origin      string     `json:"origin" enum:"hand,sample,calibration"`
	Sample      string     `json:"sample,omitempty"`
	Week        string     `json:"week,omitempty" doc:"That the sample is of, such as 2026-W07."`
	Calibration string     `json:"calibration,omitempty"`
	State       core.State `json:"state" enum:"assigned,completed,acknowledged,disputed,settled,withdrawn"`
	Score       int        `json:"score" doc:"Hundredths of a percent; -1: none yet, or nothing applied."`
	Passed      bool       `json:"passed"`
	Fatal       bool       `json:"fatal" doc:"A fatal question failed, so the score is 0."`
	AssignedAt  time.Time  `json:"assigned_at"`
	CompletedAt time.Time  `json:"completed_at,omitzero"`
	AnsweredAt  time.Time  `json:"answered_at,omitzero" doc:"When the agent acknowledged or disputed it last."`
	AnswerUntil time.Time  `json:"answer_until,omitzero" doc:"Until when the agent may answer; absent: there is nothing to answer."`
	Version     int64      `json:"version"`
}

// WaitingEvaluations is how many evaluations wait for a user.
type WaitingEvaluations struct {
	Answer   int `json:"answer" doc:"Of its own work, to be acknowledged or disputed."`
	Evaluate int `json:"evaluate" doc:"To be evaluated, or disputed and to be settled."`
}

// Note is a comment at a moment of the recording.
type Note struct {
	AtMS int64  `json:"at_ms" minimum:"0" maximum:"4294967295"`
	Text string `json:"text" minLength:"1" maxLength:"1000"`
}

// words are what is said about a call, sealed together.
type words struct {
	Comment    string `json:"comment,omitempty"`
	Notes      []Note `json:"notes,omitempty"`
	Reply      string `json:"reply,omitempty"`
	Settlement string `json:"settlement,omitempty"`
}

// Whole is an evaluation with all that belongs to it, revealed for authorised
// screens, never for a log.
type Whole struct {
	Evaluation
	Asks       setup.QualityForm  `json:"asks" doc:"The form, as it was when the evaluation was begun."`
	Answers    []core.Answer      `json:"answers"`
	Points     map[string]int     `json:"points" doc:"What each answer is worth, in hundredths of a percent of its weight; what does not apply is absent."`
	Comment    string             `json:"comment"`
	Notes      []Note             `json:"notes"`
	Reply      string             `json:"reply" doc:"What the agent says to it."`
	Settlement string             `json:"settlement" doc:"What the evaluator says to the dispute."`
	Heard      bool               `json:"heard" doc:"The recording is still there."`
	Recorded   EvaluatedRecording `json:"recorded,omitzero" doc:"The recording; absent once it is gone."`
	Hears      bool               `json:"hears" doc:"I hear the recording because it is my work that was evaluated, as long as I may answer and the organisation's rules say so."`
	Told       bool               `json:"told" doc:"What was said about it is still there: it goes with the conversation."`
}

// EvaluatedRecording is what a player shows of a recording before it is opened.
type EvaluatedRecording struct {
	Kind      string    `json:"kind" enum:"voice,screen,message"`
	StartedAt time.Time `json:"started_at"`
	LengthMS  int64     `json:"length_ms"`
}

func shown(r store.EvaluationRow) Evaluation {
	return Evaluation{ID: r.ID, Form: r.FormID, FormVersion: r.FormVersion, Recording: r.RecordingID, Interaction: r.InteractionID, Agent: r.AgentID, Evaluator: r.EvaluatorID, Origin: r.Origin,
		Sample: r.SampleID, Week: r.Week, Calibration: r.CalibrationID, State: core.State(r.State), Score: r.Score, Passed: r.Passed, Fatal: r.Fatal, AssignedAt: r.AssignedAt,
		CompletedAt: r.CompletedAt, AnsweredAt: r.AnsweredAt, AnswerUntil: r.AnswerUntil, Version: r.Version}
}

func none() error { return errs.New(errs.NotFound, "This evaluation does not exist.") }

// sees says whether an actor may know of an evaluation.
func (s *Service) sees(tx *store.Tx, a access.Actor, r store.EvaluationRow) (bool, error) {
	if r.CalibrationID != "" && r.EvaluatorID != a.User {
		c, err := tx.Calibration(r.CalibrationID)
		if err != nil || c.EndedAt.IsZero() {
			return false, err
		}
		return access.Reach(a, access.QualityEvaluate) == access.Tenant, nil // a calibration is of the whole tenant
	}
	if r.CalibrationID == "" && r.AgentID == a.User && core.State(r.State).Scored() && access.Reach(a, access.QualityRead) != access.None {
		return true, nil
	}
	return reaches(tx, a, access.QualityRead, r)
}

// reaches says whether an actor's permission reaches an evaluation as more than that
// of its own work.
func reaches(tx *store.Tx, a access.Actor, p access.Permission, r store.EvaluationRow) (bool, error) {
	if access.Reach(a, p) != access.SomeOf {
		return access.Reach(a, p) == access.Tenant, nil
	}
	work, err := tx.Interaction(r.InteractionID)
	if err != nil {
		return false, err
	}
	in, err := tx.Belongs(work.QueueID, r.AgentID, work.CampaignID)
	return access.Over(a, p, access.Some(a.Tenant, in)) > access.Own, err
}

// one reads an evaluation that an actor may know of.
func (s *Service) one(tx *store.Tx, a access.Actor, evaluation string) (store.EvaluationRow, error) {
	if !id.Valid(id.Evaluation, evaluation) {
		return store.EvaluationRow{}, none()
	}
	row, err := tx.Evaluation(evaluation)
	if err != nil {
		return row, err
	}
	if ok, err := s.sees(tx, a, row); err != nil || !ok {
		return row, cmp.Or[error](err, none())
	}
	return row, nil
}

// Get shows one evaluation.
func (s *Service) Get(ctx context.Context, a access.Actor, evaluation string) (out Whole, err error) {
	rule, err := s.rule(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := s.one(tx, a, evaluation)
		if err == nil {
			out, err = s.whole(tx, a, rule, row)
		}
		return err
	})
	return out, err
}

func (s *Service) whole(tx *store.Tx, a access.Actor, rule setup.EvaluationRule, row store.EvaluationRow) (out Whole, err error) {
	out = Whole{Evaluation: shown(row), Answers: []core.Answer{}, Notes: []Note{}}
	if out.Asks, err = form(tx, row.FormID, row.FormVersion); err != nil {
		return out, err
	}
	if err = json.Unmarshal([]byte(row.Answers), &out.Answers); err != nil {
		return out, errs.Wrap(errs.Internal, err, "This evaluation cannot be read.")
	}
	out.Points = core.Score(out.Asks.Questions, out.Answers, out.Asks.Mark).Points
	work, err := tx.Interaction(row.InteractionID)
	if err != nil {
		return out, err
	}
	out.Told = work.ErasedAt.IsZero()
	w, err := s.open(tx.Context(), a.Tenant, work.ContactID, row)
	if err != nil {
		return out, err
	}
	out.Comment, out.Reply, out.Settlement = w.Comment, w.Reply, w.Settlement
	out.Notes = append(out.Notes, w.Notes...)
	rec, err := tx.Recording(row.RecordingID)
	switch {
	case errs.Is(err, errs.NotFound):
		return out, nil
	case err != nil:
		return out, err
	}
	out.Heard, out.Hears = true, s.hears(a, rule, row)
	out.Recorded = EvaluatedRecording{Kind: rec.Kind, StartedAt: rec.StartedAt, LengthMS: rec.LengthMS}
	return out, nil
}

func (s *Service) rule(ctx context.Context, t id.Tenant) (setup.EvaluationRule, error) {
	r, err := s.Rules.Rules(ctx, t)
	return r.Evaluations.OrUsual(), err
}

// hears says whether an actor hears a recording because its own work was evaluated.
func (s *Service) hears(a access.Actor, rule setup.EvaluationRule, row store.EvaluationRow) bool {
	return rule.Hear && row.CalibrationID == "" && row.AgentID == a.User && access.Reach(a, access.QualityRead) != access.None && access.Reach(a, access.RecListen) != access.None &&
		(core.State(row.State) == core.Disputed || row.AnswerUntil.After(s.Clock.Now()))
}

// Hears is the evaluation of an actor's own work by which it hears a recording now;
// "" for none.
func (s *Service) Hears(ctx context.Context, a access.Actor, interaction, recording string) (evaluation string, err error) {
	rule, err := s.rule(ctx, a.Tenant)
	if err != nil || !rule.Hear {
		return "", err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Answerable(a.User, interaction, recording, s.Clock.Now())
		if err == nil && s.hears(a, rule, row) {
			evaluation = row.ID
		}
		if errs.Is(err, errs.NotFound) {
			err = nil
		}
		return err
	})
	return evaluation, err
}

// Waiting says how many evaluations wait for the actor.
func (s *Service) Waiting(ctx context.Context, a access.Actor) (w WaitingEvaluations, err error) {
	if access.Reach(a, access.QualityRead) == access.None {
		return w, errs.New(errs.Forbidden, "You may not see evaluations.")
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		w.Answer, w.Evaluate, err = tx.Waiting(a.User, s.Clock.Now())
		return err
	})
	if access.Reach(a, access.QualityEvaluate) == access.None {
		w.Evaluate = 0
	}
	return w, err
}

// tell has the browsers of users ask again what waits for them.
func (s *Service) tell(t id.Tenant, users ...string) {
	users = slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(users))), func(u string) bool { return u == "" })
	if len(users) > 0 {
		_ = s.Bus.Publish(bus.Event{Tenant: t, Kind: Changed, Users: users, Data: json.RawMessage(`{}`)}) // a hint
	}
}

// form is one at a version.
func form(tx *store.Tx, of string, version int64) (f setup.QualityForm, err error) {
	row, err := tx.SetupVersion(string(setup.KindQualityForm), of, version)
	if err != nil {
		return f, err
	}
	o, err := setup.Stored(setup.KindQualityForm, row.Body)
	if err != nil {
		return f, err
	}
	return o.(setup.QualityForm), nil
}

func wordsAt(evaluation string) string { return "evaluations.words/" + evaluation }

func (s *Service) open(ctx context.Context, t id.Tenant, contact string, row store.EvaluationRow) (w words, err error) {
	if len(row.WordsSealed) == 0 {
		return w, nil
	}
	plain, err := s.Vault.OpenContact(ctx, t, contact, wordsAt(row.ID), row.WordsSealed)
	if err != nil {
		return w, err
	}
	if err := json.Unmarshal(plain.Reveal(), &w); err != nil {
		return w, errs.Wrap(errs.Internal, err, "This evaluation cannot be read.")
	}
	return w, nil
}

func (s *Service) seal(ctx context.Context, t id.Tenant, contact string, row *store.EvaluationRow, w words) error {
	plain, err := json.Marshal(w)
	if err != nil {
		return err
	}
	row.WordsSealed, err = s.Vault.SealContact(ctx, t, contact, wordsAt(row.ID), plain)
	return err
}

// Search narrows a list.
type Search struct {
	Agent, Evaluator, Form, Interaction string
	States                              []string
	Cursor                              string
	Limit                               int
}

// List shows evaluations, the newest first: an agent's own once they are
// completed, or all. Those of calibrations are shown to who is to do them.
func (s *Service) List(ctx context.Context, a access.Actor, q Search) (items []Evaluation, next string, err error) {
	own := false
	switch access.Reach(a, access.QualityRead) {
	case access.None:
		return nil, "", errs.New(errs.Forbidden, "You may not see evaluations.")
	case access.Own:
		own = true
	case access.SomeOf:
		own = q.Agent == a.User
	}
	f := store.EvaluationFilter{Within: store.WithinOf(a, access.QualityRead), Agent: q.Agent, Evaluator: q.Evaluator, Form: q.Form, Interaction: q.Interaction, States: q.States, Limit: min(max(q.Limit, 0), 200)}
	if f.Limit == 0 {
		f.Limit = 50
	}
	if own {
		f.Agent, f.Within = a.User, nil
		if len(f.States) == 0 {
			f.States = []string{string(core.Completed), string(core.Acknowledged), string(core.Disputed), string(core.Settled)}
		}
		f.States = slices.DeleteFunc(f.States, func(st string) bool { return !core.State(st).Scored() })
	}
	f.Calibrations = f.Evaluator == a.User && !own
	items = []Evaluation{}
	if own && len(f.States) == 0 || own && q.Agent != "" && q.Agent != a.User {
		return items, "", nil
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		items, next = items[:0], ""
		if q.Cursor != "" {
			last, err := tx.Evaluation(q.Cursor)
			if err != nil {
				return errs.Bad("cursor", "is not one that this list gave")
			}
			f.Before = store.Cursor{At: last.AssignedAt, ID: last.ID}
		}
		rows, err := tx.Evaluations(f)
		for _, r := range rows {
			items = append(items, shown(r))
		}
		if len(rows) == f.Limit {
			next = rows[len(rows)-1].ID
		}
		return err
	})
	return items, next, err
}
