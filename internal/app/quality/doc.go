// Package quality has recordings evaluated: by hand, by samples that are drawn each
// week, and by several evaluators at once (calibration); lets agents answer, and
// says what the scores come to. What the answers are worth, what is drawn and how
// an evaluation goes on is decided by core/quality.
//
// What is said about a call is sealed under its contact's key and goes with the
// conversation; the score goes with the record. An evaluation keeps the version of
// the form that it was begun with. Those of calibrations count in no score, are
// hidden from the agent, and from other evaluators until the calibration has ended.
//
// Start runs one goroutine that draws what the last week's samples are, each
// tenant's under a lease so that one node does it.
//
// It leaves to others: forms and sampling rules (app/setup), hearing the recording
// and letting the agent hear it (app/recording).
package quality
