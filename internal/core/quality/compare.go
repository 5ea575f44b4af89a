package quality

import (
	"maps"
	"slices"
)

// Judged is how one evaluator saw a recording in a calibration.
type Judged struct {
	Evaluator string
	Answers   []Answer
}

// Difference is how far apart evaluators are on a question, or as a whole.
type Difference struct {
	Question string         // "": the score
	Points   map[string]int // by evaluator, hundredths of a percent; who said that it does not apply is absent
	Spread   int            // the largest less the smallest
	Skipped  int            // how many said that it does not apply
}

// Compare lays several evaluators' answers to one form side by side: the score
// first, then each question in its order.
func Compare(questions []Question, all []Judged) []Difference {
	scores := Difference{Points: map[string]int{}}
	points := map[string]map[string]int{}
	for _, j := range all {
		r := Score(questions, j.Answers, 0)
		if r.Score < 0 {
			scores.Skipped++
		} else {
			scores.Points[j.Evaluator] = r.Score
		}
		points[j.Evaluator] = r.Points
	}
	out := []Difference{scores.spread()}
	for _, q := range questions {
		d := Difference{Question: q.ID, Points: map[string]int{}}
		for who, of := range points {
			if p, ok := of[q.ID]; ok {
				d.Points[who] = p
			} else {
				d.Skipped++
			}
		}
		out = append(out, d.spread())
	}
	return out
}

func (d Difference) spread() Difference {
	if len(d.Points) > 0 {
		values := slices.Sorted(maps.Values(d.Points))
		d.Spread = values[len(values)-1] - values[0]
	}
	return d
}

// Mean is what many scores come to.
type Mean struct {
	Count  int `json:"count" doc:"Evaluations with a score."`
	Score  int `json:"score" doc:"Their mean, in hundredths of a percent; -1 if there are none."`
	Passed int `json:"passed"`
	Fatal  int `json:"fatal"`
}

// Sum gathers scores.
type Sum struct {
	total int
	mean  Mean
}

// Take takes one score in; one of nothing (-1) counts for nothing.
func (s *Sum) Take(score int, passed, fatal bool) {
	if score < 0 {
		return
	}
	s.total += score
	s.mean.Count++
	if passed {
		s.mean.Passed++
	}
	if fatal {
		s.mean.Fatal++
	}
}

// Mean is that of all that was taken in, halves rounded up.
func (s Sum) Mean() Mean {
	m := s.mean
	m.Score = -1
	if m.Count > 0 {
		m.Score = rounded(s.total, m.Count)
	}
	return m
}
