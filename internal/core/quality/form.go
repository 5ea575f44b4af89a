package quality

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"nubitalk/internal/base/errs"
)

// Kind is how a question is answered.
type Kind string

const (
	YesNo  Kind = "yes_no"
	Scale  Kind = "scale"
	Choice Kind = "choice"
)

// Question is one of a form's.
type Question struct {
	ID      string   `json:"id,omitempty" maxLength:"32" doc:"Keep it for a question that stays the same, so that its scores go on. Missing: it is made from the text."`
	Section string   `json:"section,omitempty" maxLength:"80" doc:"The heading that it stands under."`
	Text    string   `json:"text" minLength:"1" maxLength:"300"`
	Help    string   `json:"help,omitempty" maxLength:"1000" doc:"What makes a good answer."`
	Kind    Kind     `json:"kind" enum:"yes_no,scale,choice"`
	Weight  int      `json:"weight" minimum:"1" maximum:"100"`
	Good    string   `json:"good,omitempty" enum:"yes,no" doc:"With yes_no: the answer that is worth the weight; missing: yes."`
	Most    int      `json:"most,omitempty" minimum:"0" maximum:"10" doc:"With scale: the best of 1 to it."`
	Choices []Option `json:"choices,omitempty" maxItems:"10" doc:"With choice."`
	Skip    bool     `json:"skip,omitempty" doc:"It may be answered by: does not apply."`
	Fatal   bool     `json:"fatal,omitempty" doc:"An answer that is worth nothing makes the whole score 0."`
}

// Option is one of a question's choices.
type Option struct {
	Text    string `json:"text" minLength:"1" maxLength:"120"`
	Percent int    `json:"percent" minimum:"0" maximum:"100" doc:"Of the weight that it is worth."`
}

// Bounds of a form.
const (
	MostQuestions = 60
	MostOptions   = 10
	MostScale     = 10
)

// IDOf is the id of a question that has none.
func IDOf(text string) string {
	h := sha256.Sum256([]byte(text))
	return "q" + hex.EncodeToString(h[:5])
}

// Answer is what an evaluator says to a question.
type Answer struct {
	Question string `json:"question" maxLength:"32"`
	Value    int    `json:"value" minimum:"0" maximum:"10" doc:"yes_no: 1 is yes. scale: 1 to the best. choice: its place, from 0."`
	Skip     bool   `json:"skip,omitempty" doc:"It does not apply."`
}

// whole is the weight's share in parts that every scale and percent divides.
const whole = 252_000 // 100 times what 1 to 9 divide

// share is what an answer is worth, of whole.
func (q Question) share(a Answer) (int, bool) {
	switch q.Kind {
	case YesNo:
		if (a.Value == 1) == (q.Good != "no") {
			return whole, a.Value == 0 || a.Value == 1
		}
		return 0, a.Value == 0 || a.Value == 1
	case Scale:
		if a.Value < 1 || a.Value > q.Most || q.Most < 2 {
			return 0, false
		}
		return whole / (q.Most - 1) * (a.Value - 1), true
	case Choice:
		if a.Value < 0 || a.Value >= len(q.Choices) {
			return 0, false
		}
		return whole / 100 * q.Choices[a.Value].Percent, true
	}
	return 0, false
}

// Result is what the answers to a form come to.
type Result struct {
	Score  int            // hundredths of a percent; -1: nothing applied
	Fatal  bool           // a fatal question is worth nothing
	Passed bool           // the score reaches the form's mark, and nothing fatal failed
	Points map[string]int // of each question that applied, hundredths of a percent
}

// Check tells what is wrong with answers: a question that is unknown, answered
// twice or in a way that it has not, and, where all must be there, one that is
// missing.
func Check(questions []Question, answers []Answer, all bool) error {
	var faults errs.Fields
	seen := map[string]bool{}
	for i, a := range answers {
		at := fmt.Sprintf("answers[%d]", i)
		n := slices.IndexFunc(questions, func(q Question) bool { return q.ID == a.Question })
		switch {
		case n < 0:
			faults.Add(at+".question", "is no question of this form.")
			continue
		case seen[a.Question]:
			faults.Add(at+".question", "is answered twice.")
		case a.Skip && !questions[n].Skip:
			faults.Add(at+".skip", "is not possible with this question; it applies always.")
		case !a.Skip:
			if _, ok := questions[n].share(a); !ok {
				faults.Add(at+".value", "is no answer to this question.")
			}
		}
		seen[a.Question] = true
	}
	for _, q := range questions {
		if all && !seen[q.ID] {
			faults.Add("answers."+q.ID, "is missing; answer every question.")
		}
	}
	return faults.Err()
}

// Score says what checked answers come to; mark is the percent that passes, 0 if
// the form has none.
func Score(questions []Question, answers []Answer, mark int) Result {
	r := Result{Score: -1, Points: map[string]int{}}
	sum, weights := 0, 0
	for _, q := range questions {
		i := slices.IndexFunc(answers, func(a Answer) bool { return a.Question == q.ID })
		if i < 0 || answers[i].Skip {
			continue
		}
		part, _ := q.share(answers[i])
		sum, weights = sum+q.Weight*part, weights+q.Weight
		r.Points[q.ID] = rounded(part*10_000, whole)
		r.Fatal = r.Fatal || q.Fatal && part == 0
	}
	if weights > 0 {
		r.Score = rounded(sum*10_000, weights*whole)
	}
	if r.Fatal {
		r.Score = 0
	}
	r.Passed = r.Score >= mark*100 && !r.Fatal
	return r
}

// rounded divides, halves up.
func rounded(n, by int) int { return (2*n + by) / (2 * by) }
