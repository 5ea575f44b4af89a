package demo

import (
	"nubitalk/internal/core/quality"
	"nubitalk/internal/core/setup"
)

// Names of what the demo's quality pages show.
const (
	QualityForm   = "Calls with customers"
	QualitySample = "One call of each agent"
	Evaluator     = "evaluator"
	FirstAgent    = "a7" // whom a newcomer signs in as
)

func qualityForms() []setup.QualityForm {
	return []setup.QualityForm{{Name: QualityForm, Mark: 75, Questions: []quality.Question{
		{ID: "greet", Section: "Beginning", Text: "Greeted, and said its own name", Kind: quality.YesNo, Weight: 10},
		{ID: "listen", Section: "The matter", Text: "Let the person finish, and asked what was not clear", Help: "1: interrupted often. 5: summed up what was said before it answered.", Kind: quality.Scale, Most: 5, Weight: 30},
		{ID: "right", Section: "The matter", Text: "The answer was", Kind: quality.Choice, Weight: 40, Choices: []quality.Option{{Text: "right and complete", Percent: 100}, {Text: "right, with something missing", Percent: 60}, {Text: "wrong", Percent: 0}}},
		{ID: "pause", Section: "The matter", Text: "The recording was paused before card details were said", Kind: quality.YesNo, Weight: 10, Skip: true, Fatal: true},
		{ID: "close", Section: "End", Text: "Asked whether there was anything else", Kind: quality.YesNo, Weight: 10},
	}}}
}

// Its evaluators are user names.
func qualitySamples() []setup.QualitySample {
	return []setup.QualitySample{{Name: QualitySample, Enabled: true, Form: QualityForm, Each: 1, Seconds: 30, Evaluators: []string{"supervisor", Evaluator}}}
}

// Judgement is an evaluation of the demo: of its recordings, counted from the
// newest.
type Judgement struct {
	Recording  int
	Evaluator  string
	Listen     int // of 5
	Right      int // place of the choice
	Paused     int // 1: yes; 0: no; -1: does not apply
	Close      int
	Comment    string
	Note       string // at 0:12
	Dispute    string // what the agent says; "": it does not
	Seen       bool   // the agent acknowledges it
	Settlement string // what the evaluator answers to the dispute
}

// Judgements are one of each kind that the pages show.
func Judgements() []Judgement {
	return []Judgement{
		{Recording: 1, Evaluator: "supervisor", Listen: 4, Right: 0, Paused: -1, Close: 1, Comment: "Calm and to the point.", Seen: true},
		{Recording: 4, Evaluator: Evaluator, Listen: 3, Right: 1, Paused: -1, Close: 0, Comment: "The return address was missing.", Note: "Here the person asks where to send it.", Dispute: "It was in the mail that I sent during the call.", Settlement: "Right; that counts."},
		{Recording: 3, Evaluator: "supervisor", Listen: 2, Right: 2, Paused: 0, Close: 1, Comment: "Card details are on the recording: pause before they are said.", Note: "The card is read out here."},
		{Recording: 2, Evaluator: "supervisor", Listen: 5, Right: 0, Paused: -1, Close: 0, Comment: "Very well explained.", Dispute: "The person had hung up already."},
		{Recording: 0, Evaluator: Evaluator, Listen: 4, Right: 1, Paused: 1, Close: 1, Comment: "Paused in time. Say next time how long the refund takes.", Note: "A good question."},
	}
}
