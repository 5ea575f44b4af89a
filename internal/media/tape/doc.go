// Package tape gathers what taps of legs show into the pieces of a recording: what
// each party says side by side on one time line, whatever order the packets came
// in, with the times left out in which the recording is paused.
//
//	t := tape.OfParties(since, 2)     // since: time since the tape began
//	end := t.Hear(0, leg)
//	t.Open(0, true)                   // while what this party says is to be kept
//	for every second { piece, ok := t.Take(false) … }
//	t.Pause(); t.Resume()
//	end(); for { piece, ok := t.Take(true) … }
//
// New is a tape of one leg's two directions. A frame is taken with the bridge's lock
// held: it is copied into memory of a fixed size, and nothing is allocated. Whoever
// takes too slowly, because a disk is slow, loses sound and is told how much (Lost);
// the call never waits.
//
// It runs no goroutine; all methods are safe for use by several. Sealing and
// storing are others'.
package tape
