package quality

import (
	"context"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// mostSpan is the longest time that scores are asked for at once.
const mostSpan = 372 * 24 * time.Hour

// Wish says which scores are wanted.
type Wish struct {
	From, To           time.Time // by completion
	Agent, Form, Queue string
}

// Scores are what evaluations come to, week by week.
type Scores struct {
	Weeks     []string        `json:"weeks" doc:"Of ISO 8601, by the organisation's clock; without a gap."`
	Total     Series          `json:"total"`
	Agents    []Series        `json:"agents"`
	Queues    []Series        `json:"queues" doc:"By the conversations' last queue."`
	Teams     []Series        `json:"teams" doc:"By the teams that the agents are in now."`
	Questions []QuestionScore `json:"questions" doc:"Of one form at a time: those of the form that was asked for, or of all."`
}

// Series is one line over the weeks.
type Series struct {
	ID string `json:"id,omitempty"`
	core.Mean
	Weeks []core.Mean `json:"weeks" doc:"One for each week."`
}

// QuestionScore is how a question is answered, as shares of its weight.
type QuestionScore struct {
	Form     string `json:"form"`
	Question string `json:"question"`
	Text     string `json:"text" doc:"As it was asked last."`
	Series
}

// line gathers a series.
type line struct {
	all   core.Sum
	weeks map[string]*core.Sum
}

func (l *line) add(week string, score int, passed, fatal bool) {
	if l.weeks == nil {
		l.weeks = map[string]*core.Sum{}
	}
	if l.weeks[week] == nil {
		l.weeks[week] = &core.Sum{}
	}
	l.all.Take(score, passed, fatal)
	l.weeks[week].Take(score, passed, fatal)
}

func (l *line) series(id string, weeks []string) Series {
	s := Series{ID: id, Mean: l.all.Mean(), Weeks: make([]core.Mean, len(weeks))}
	for i, w := range weeks {
		s.Weeks[i] = core.Mean{Score: -1}
		if sum := l.weeks[w]; sum != nil {
			s.Weeks[i] = sum.Mean()
		}
	}
	return s
}

// Scores sums evaluations up; agents see their own.
func (s *Service) Scores(ctx context.Context, a access.Actor, w Wish) (out Scores, err error) {
	reach := access.Reach(a, access.QualityRead)
	if reach == access.None {
		return out, errs.New(errs.Forbidden, "You may not see evaluations.")
	}
	within := store.WithinOf(a, access.QualityRead)
	if reach == access.Own || reach == access.SomeOf && w.Agent == a.User {
		w.Agent, within = a.User, nil
	}
	if w.From, w.To, err = s.span(w.From, w.To); err != nil {
		return out, err
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		o, err := tx.Organisation()
		if err != nil {
			return err
		}
		users, err := tx.Users()
		if err != nil {
			return err
		}
		g := gather{zone: zone(o), agents: map[string]*line{}, queues: map[string]*line{}, teams: map[string]*line{}, questions: map[asked]*line{}, forms: map[version]setup.QualityForm{}, newest: map[asked]int64{}, texts: map[asked]string{}, of: map[string][]string{}}
		for _, u := range users {
			g.of[u.ID] = u.Teams
		}
		if err := tx.EachScored(store.ScoredFilter{Within: within, From: w.From, To: w.To, Agent: w.Agent, Form: w.Form, Queue: w.Queue}, func(r store.ScoredRow) error { g.rows = append(g.rows, r); return nil }); err != nil {
			return err
		}
		for _, r := range g.rows {
			if err := g.take(tx, r); err != nil {
				return err
			}
		}
		out = g.scores(w)
		return nil
	})
	return out, err
}

// span is the time that is asked for: missing, the twelve weeks before to or now.
func (s *Service) span(from, to time.Time) (time.Time, time.Time, error) {
	if to.IsZero() {
		to = s.Clock.Now()
	}
	if from.IsZero() {
		from = to.Add(-12 * 7 * 24 * time.Hour)
	}
	if !from.Before(to) || to.Sub(from) > mostSpan {
		return from, to, errs.Bad("from", "is not before to, or more than a year before it")
	}
	return from, to, nil
}

type version struct {
	form string
	n    int64
}

type asked struct{ form, question string }

// gather sums rows up.
type gather struct {
	zone      *time.Location
	rows      []store.ScoredRow
	of        map[string][]string // teams by user
	total     line
	agents    map[string]*line
	queues    map[string]*line
	teams     map[string]*line
	questions map[asked]*line
	forms     map[version]setup.QualityForm
	newest    map[asked]int64
	texts     map[asked]string
}

func into[K comparable](m map[K]*line, k K) *line {
	if m[k] == nil {
		m[k] = &line{}
	}
	return m[k]
}

func (g *gather) take(tx *store.Tx, r store.ScoredRow) error {
	week, _, _ := core.Week(r.CompletedAt, g.zone)
	g.total.add(week, r.Score, r.Passed, r.Fatal)
	into(g.agents, r.AgentID).add(week, r.Score, r.Passed, r.Fatal)
	if r.QueueID != "" {
		into(g.queues, r.QueueID).add(week, r.Score, r.Passed, r.Fatal)
	}
	for _, team := range g.of[r.AgentID] {
		into(g.teams, team).add(week, r.Score, r.Passed, r.Fatal)
	}
	v := version{r.FormID, r.FormVersion}
	f, known := g.forms[v]
	if !known {
		var err error
		if f, err = form(tx, v.form, v.n); err != nil {
			return err
		}
		g.forms[v] = f
	}
	for question, points := range core.Score(f.Questions, answersOf(r.Answers), f.Mark).Points {
		k := asked{r.FormID, question}
		into(g.questions, k).add(week, points, points > 0, false)
		if g.newest[k] <= r.FormVersion {
			g.newest[k] = r.FormVersion
			i := slices.IndexFunc(f.Questions, func(q core.Question) bool { return q.ID == question })
			g.texts[k] = f.Questions[i].Text
		}
	}
	return nil
}

func (g *gather) scores(w Wish) Scores {
	out := Scores{Weeks: []string{}, Agents: []Series{}, Queues: []Series{}, Teams: []Series{}, Questions: []QuestionScore{}}
	for at := w.From; ; {
		week, _, next := core.Week(at, g.zone)
		out.Weeks = append(out.Weeks, week)
		if at = next; !next.Before(w.To) {
			break
		}
	}
	out.Total = g.total.series("", out.Weeks)
	for id, l := range g.agents {
		out.Agents = append(out.Agents, l.series(id, out.Weeks))
	}
	for id, l := range g.queues {
		out.Queues = append(out.Queues, l.series(id, out.Weeks))
	}
	for id, l := range g.teams {
		out.Teams = append(out.Teams, l.series(id, out.Weeks))
	}
	for k, l := range g.questions {
		q := QuestionScore{Form: k.form, Question: k.question, Text: g.texts[k], Series: l.series("", out.Weeks)}
		out.Questions = append(out.Questions, q)
	}
	byID := func(a, b Series) int { return strings.Compare(a.ID, b.ID) }
	order.By(out.Agents, byID)
	order.By(out.Queues, byID)
	order.By(out.Teams, byID)
	order.By(out.Questions, func(a, b QuestionScore) int { // the worst first
		if a.Score != b.Score {
			return a.Score - b.Score
		}
		return strings.Compare(a.Form+a.Question, b.Form+b.Question)
	})
	return out
}
