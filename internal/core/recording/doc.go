// Package recording is the form of recordings, and of every sound that is kept:
// segments that are sealed piece by piece as they are made, and the manifest that
// chains them with the pauses and gaps between them. docs/formats/recording.md
// specifies both, with test vectors.
//
//	seg := recording.NewSegment(object, "rec_…", 1)
//	file = append(file, seg.Head()...)
//	more, err := seg.Piece(recording.Piece{…}) // append it, at most every second
//	end, err := seg.End()
//
// A segment that a crash cut short opens up to its last whole piece (Read says
// so); Mend finds where to cut it. Check reads a whole recording and names what is
// altered, missing, out of its order, or of another recording.
//
// It is pure: sealing is the Sealer's (vault.Object), files and rows are others'.
package recording
