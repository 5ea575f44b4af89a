// Package prompt keeps the sounds of prompts (core/setup.Prompt): it takes uploads,
// checks their level, makes them right, and gives them as callers hear them.
//
// A sound is stored as it was uploaded, as one channel of 16 bits, sealed under the
// tenant's key; making it right is a gain and a beginning and an end, applied when
// it is played, so that it can be undone. What callers hear is kept in memory in
// 16 bits at 8 kHz, up to a bound.
//
// It runs no goroutine. Who may use it is asked here once more, behind the doors.
package prompt
