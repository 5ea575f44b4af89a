// Package tape gathers what a tap of a leg shows into the pieces of a recording:
// both directions side by side on one time line, whatever order the packets came
// in, with the times left out in which the recording is paused.
//
//	t := tape.New(since)              // since: time since the tap began
//	end := leg.Tap(t.Show)
//	for every second { piece, ok := t.Take(false) … }
//	t.Pause(); t.Resume()
//	end(); for { piece, ok := t.Take(true) … }
//
// Show is called for each packet with the bridge's lock held: it copies into memory
// of a fixed size and allocates nothing. Whoever takes too slowly, because a disk
// is slow, loses sound and is told how much (Lost); the call never waits.
//
// It runs no goroutine; all methods are safe for use by several. Sealing and
// storing are others'.
package tape
