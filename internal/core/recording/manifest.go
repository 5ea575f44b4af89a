package recording

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"nubitalk/internal/base/secret"
)

// About names a recording: what its manifest's chain begins with.
type About struct {
	Tenant      string
	Recording   string
	Interaction string
	Parties     []string // of the tracks, in their order: person, agent, or a user's id
}

// Kind is what an entry of a manifest tells.
type Kind string

const (
	Recorded Kind = "segment" // a segment holds this time
	Paused   Kind = "pause"   // nothing was kept, as somebody wished
	Missed   Kind = "gap"     // nothing was kept, though it should have been
	Agreed   Kind = "consent" // somebody agreed to be recorded; it lasts no time
	Stopped  Kind = "stop"    // the recording ended for good
)

// Entry is one thing of a recording. Entries stand in the order in which they
// began, and are numbered from 1.
type Entry struct {
	Number int
	Kind   Kind
	At     time.Duration // since the recording's beginning, whole milliseconds
	Length time.Duration // whole milliseconds
	// Of a segment: the file's name, its number in the recording, its size and its
	// SHA-256, and whether a crash cut it short.
	Segment string
	Serial  int
	Size    int64
	Hash    [sha256.Size]byte
	Cut     bool
	// By is who did it (a user's or key's id, "flow", "system"), Reason why: a word
	// of the program, never a person's text.
	By     string
	Reason string
	// Chain binds the entry to all before it.
	Chain [sha256.Size]byte
}

// begin is what the first entry is chained to.
func (a About) begin() [sha256.Size]byte {
	b := field(nil, "nubitalk recording 1")
	for _, s := range append([]string{a.Tenant, a.Recording, a.Interaction}, a.Parties...) {
		b = field(b, s)
	}
	return sha256.Sum256(b)
}

// link is the chain's value after an entry.
func (e Entry) link(before [sha256.Size]byte) [sha256.Size]byte {
	b := bytes.Clone(before[:])
	for _, n := range []int64{int64(e.Number), e.At.Milliseconds(), e.Length.Milliseconds(), int64(e.Serial), e.Size} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	cut := byte(0)
	if e.Cut {
		cut = 1
	}
	b = append(append(b, cut), e.Hash[:]...)
	for _, s := range []string{string(e.Kind), e.Segment, e.By, e.Reason} {
		b = field(b, s)
	}
	return sha256.Sum256(b)
}

// field appends a text led by its length.
func field(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(s))), s...)
}

// Append numbers an entry, chains it, and answers the longer list.
func (a About) Append(entries []Entry, e Entry) []Entry {
	before := a.begin()
	if n := len(entries); n > 0 {
		before = entries[n-1].Chain
	}
	e.Number = len(entries) + 1
	e.Chain = e.link(before)
	return append(entries, e)
}

// Fault is what is wrong with a recording.
type Fault struct {
	Entry int // its number; 0 for the recording as a whole
	Kind  FaultKind
	What  string // in words, without content
}

// FaultKind is what is wrong in one word, for screens.
type FaultKind string

const (
	FaultManifest FaultKind = "manifest" // what the manifest says is not what it said
	FaultMissing  FaultKind = "missing"  // a segment is not there
	FaultAltered  FaultKind = "altered"  // a segment was altered, or is another's
	FaultShort    FaultKind = "short"    // a segment ends too early
	FaultPause    FaultKind = "pause"    // something is there of a time that was not to be kept
)

func (f Fault) String() string {
	if f.Entry == 0 {
		return f.What
	}
	return fmt.Sprintf("entry %d: %s", f.Entry, f.What)
}

// head is what an end of a list is sealed as.
func headPlace(recording string) string { return recording + "/head" }

// SealHead seals the chain's value at the end of the list, and how long that is:
// who could remove the newest entries could not make it.
func SealHead(s Sealer, a About, entries []Entry) ([]byte, error) {
	return s.Seal(headPlace(a.Recording), a.head(entries))
}

func (a About) head(entries []Entry) []byte {
	last := a.begin()
	if n := len(entries); n > 0 {
		last = entries[n-1].Chain
	}
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(entries))), last[:]...)
}

// CheckManifest says what is wrong with a manifest, without its segments.
func CheckManifest(s Sealer, a About, entries []Entry, head []byte) (faults []Fault) {
	wrong := func(n int, what string, args ...any) {
		faults = append(faults, Fault{n, FaultManifest, fmt.Sprintf(what, args...)})
	}
	sealed, err := s.Open(headPlace(a.Recording), head)
	if err != nil || !sealed.Equal(secret.NewBytes(a.head(entries))) {
		wrong(0, "the manifest does not end as it was sealed: entries are missing, or it is another recording's")
	}
	before, serial, until := a.begin(), 0, time.Duration(0)
	for i, e := range entries {
		switch {
		case e.Number != i+1:
			wrong(e.Number, "stands where entry %d should", i+1)
		case e.Chain != e.link(before):
			wrong(e.Number, "was altered, or what stood before it")
		case e.At < until && e.Kind == Recorded:
			wrong(e.Number, "begins before what stands before it ended")
		}
		before = e.Chain
		if e.Kind == Recorded {
			until = e.At + e.Length
			if e.Serial <= serial {
				wrong(e.Number, "segment %d comes after segment %d", e.Serial, serial)
			}
			serial = e.Serial
		}
	}
	return faults
}

// Check reads a recording and says all that is wrong with it: nothing, if it is
// as it was made. file gives a segment's file, or an error if it is not there.
func Check(s Sealer, a About, entries []Entry, head []byte, file func(segment string) ([]byte, error)) []Fault {
	faults := CheckManifest(s, a, entries, head)
	var pauses []Entry
	for _, e := range entries {
		if e.Kind == Paused {
			pauses = append(pauses, e)
		}
	}
	for _, e := range entries {
		if e.Kind != Recorded {
			continue
		}
		content, err := file(e.Segment)
		if err != nil {
			faults = append(faults, Fault{e.Number, FaultMissing, "its segment is missing"})
			continue
		}
		if sha256.Sum256(content) != e.Hash || int64(len(content)) != e.Size {
			faults = append(faults, Fault{e.Number, FaultAltered, "its segment was altered or swapped"})
		}
		faults = append(faults, e.check(s, a, content, pauses)...)
	}
	return faults
}

// check reads an entry's segment.
func (e Entry) check(s Sealer, a About, content []byte, pauses []Entry) (faults []Fault) {
	wrong := func(kind FaultKind, what string, args ...any) {
		faults = append(faults, Fault{e.Number, kind, fmt.Sprintf(what, args...)})
	}
	c, err := Read(s, a.Recording, e.Serial, content)
	var damaged DamagedError
	switch {
	case errors.Is(err, ErrForeign):
		wrong(FaultAltered, "its segment is no segment of a recording")
	case errors.As(err, &damaged):
		wrong(FaultAltered, "piece %d of its segment was altered, or is another's", damaged.Piece)
	case !c.Whole:
		wrong(FaultShort, "its segment ends too early, after %d pieces", len(c.Pieces))
	}
	for n, p := range c.Pieces {
		if p.At < e.At || p.At+p.Length > e.At+e.Length {
			wrong(FaultAltered, "piece %d is outside the entry's time", n+1)
		}
		for _, pause := range pauses {
			if p.At < pause.At+pause.Length && pause.At < p.At+p.Length && p.sounds() {
				wrong(FaultPause, "piece %d holds something of the time of pause %d", n+1, pause.Number)
			}
		}
	}
	return faults
}

// sounds says whether anything is in a piece.
func (p Piece) sounds() bool {
	for _, t := range p.Tracks {
		if len(t.Data) > 0 {
			return true
		}
	}
	return false
}
