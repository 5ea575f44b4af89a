// Package recording keeps what is recorded. It takes pieces of sound from a source
// (media/tape), seals each as it comes, appends it to a file in the spool folder,
// and when a segment is full gives it to the blob store and notes it in the
// manifest. Nothing plain is ever written.
//
//	r, err := s.Begin(ctx, recording.Start{…})  // the source is asked from now on
//	r.Pause(ctx, by, reason); r.Resume()
//	err = r.End(ctx, by, reason)
//
// A crash loses what was not yet taken, about a second: what is in the spool is
// mended and kept at the next start. A blob store that does not answer leaves
// segments in the spool, sealed, until it does; a disk that does not take them
// costs sound, which the manifest says as a gap. Neither holds up the call.
//
// It runs a goroutine for each recording and one that uploads. Running.mu is held
// while a piece is written; Service.mu never while anything waits. Listeners lets
// people hear what was recorded, in parts, and notes that they do; it shares
// recordings with named users for a while. Holds keeps recordings from being
// destroyed. What is to be
// recorded is others' decision.
package recording
