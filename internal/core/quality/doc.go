// Package quality decides how recorded work is evaluated: what a form's answers
// come to (Score), which recordings are drawn for evaluation (Draw), who evaluates
// them (Assign), how an evaluation goes on (State.After), where evaluators differ
// (Compare), and what many scores come to (Sum). It is pure: no I/O, no clock, no
// randomness of its own.
//
// # The formula
//
// Each answer is worth a share of its question's weight: yes/no all or nothing, a
// scale of 1 to m (a-1)/(m-1), a choice the percent that it says. A score is
//
//	100 · Σ weight·share / Σ weight
//
// over all questions that applied, in hundredths of a percent, halves rounded up.
// What did not apply counts on neither side; where nothing applied there is no
// score. A fatal question that is worth nothing makes the score 0, whatever the
// others say. An evaluation has passed when its score reaches the form's mark, and
// no fatal question failed.
package quality
