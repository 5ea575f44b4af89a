package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"nubitalk/internal/base/secret"
)

// Sealer seals pieces under the recording's own key; where binds each to its
// place.
type Sealer interface {
	Seal(where string, plain []byte) (secret.Sealed, error)
	Open(where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Codecs of tracks. Those of sound are RTP payload types (RFC 3551, section 6).
const (
	PCMU = 0   // G.711 µ-law, 8,000 octets a second
	PCMA = 8   // G.711 A-law, the same
	WebM = 255 // a WebM film of its own, as the browser made it
)

// Bounds of what is written, so that whoever reads can refuse more.
const (
	MaxPiece  = 4 << 20 // octets of one piece, opened
	MaxTracks = 16
	MaxPieces = 4096 // of a segment
)

// Piece is what was recorded in a short time: at most about a second, so that a
// crash loses no more.
type Piece struct {
	At     time.Duration // since the recording's beginning, whole milliseconds
	Length time.Duration // whole milliseconds
	Tracks []Track       // one for each party, in the order of the manifest
}

// Track is one party's share of a piece. Where nothing was heard, or the
// recording was paused for it, Data is empty.
type Track struct {
	Codec byte
	Data  []byte
}

var magic = []byte("NBR1")

// Faults of a segment's file.
var (
	ErrForeign = errors.New("recording: this is no segment of a recording")
	ErrEnded   = errors.New("recording: the segment has ended")
	ErrSize    = errors.New("recording: a piece is larger than pieces may be")
)

// DamagedError says which piece of a segment does not open: it was altered, or
// is another's.
type DamagedError struct{ Piece int }

func (e DamagedError) Error() string {
	return fmt.Sprintf("recording: piece %d does not open", e.Piece)
}

// Segment writes a segment. It is used by one goroutine.
type Segment struct {
	sealer Sealer
	place  string
	pieces int
	ended  bool
}

// NewSegment begins the segment with a number, from 1, of a recording. No number
// is used twice in a recording, not even after a crash.
func NewSegment(s Sealer, recording string, number int) *Segment {
	return &Segment{sealer: s, place: place(recording, number)}
}

// Continue goes on with a segment that has so many pieces already.
func Continue(s Sealer, recording string, number, pieces int) *Segment {
	return &Segment{sealer: s, place: place(recording, number), pieces: pieces}
}

// place is what a segment's pieces are bound to.
func place(recording string, number int) string { return fmt.Sprintf("%s/%d", recording, number) }

func piecePlace(segment string, piece int) string { return fmt.Sprintf("%s/%d", segment, piece) }
func endPlace(segment string, pieces int) string  { return fmt.Sprintf("%s/%d/end", segment, pieces) }

// Head is how the file begins.
func (s *Segment) Head() []byte { return bytes.Clone(magic) }

// Pieces is how many there are.
func (s *Segment) Pieces() int { return s.pieces }

// Piece seals a piece and is what to append to the file.
func (s *Segment) Piece(p Piece) ([]byte, error) {
	if s.ended || s.pieces == MaxPieces {
		return nil, ErrEnded
	}
	plain, err := p.encode()
	if err != nil {
		return nil, err
	}
	sealed, err := s.sealer.Seal(piecePlace(s.place, s.pieces+1), plain)
	clear(plain)
	if err != nil {
		return nil, err
	}
	s.pieces++
	return frame(sealed), nil
}

// End closes the segment and is what to append last.
func (s *Segment) End() ([]byte, error) {
	if s.ended {
		return nil, ErrEnded
	}
	sealed, err := s.sealer.Seal(endPlace(s.place, s.pieces), nil)
	if err != nil {
		return nil, err
	}
	s.ended = true
	return frame(sealed), nil
}

func frame(sealed []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(sealed)), uint32(len(sealed))), sealed...)
}

// encode is at and length in milliseconds (4 octets each), the number of tracks
// (1), and for each its codec (1), its length (4) and its data.
func (p Piece) encode() ([]byte, error) {
	at, length, size := p.At.Milliseconds(), p.Length.Milliseconds(), 9
	for _, t := range p.Tracks {
		size += 5 + len(t.Data)
	}
	if at < 0 || at > math.MaxUint32 || length < 0 || length > math.MaxUint32 || len(p.Tracks) > MaxTracks || size > MaxPiece {
		return nil, ErrSize
	}
	b := make([]byte, 0, size)
	b = binary.BigEndian.AppendUint32(b, uint32(at))
	b = binary.BigEndian.AppendUint32(b, uint32(length))
	b = append(b, byte(len(p.Tracks)))
	for _, t := range p.Tracks {
		b = append(b, t.Codec)
		b = binary.BigEndian.AppendUint32(b, uint32(len(t.Data)))
		b = append(b, t.Data...)
	}
	return b, nil
}

func decode(b []byte) (p Piece, ok bool) {
	if len(b) < 9 || len(b) > MaxPiece {
		return p, false
	}
	p.At = time.Duration(binary.BigEndian.Uint32(b)) * time.Millisecond
	p.Length = time.Duration(binary.BigEndian.Uint32(b[4:])) * time.Millisecond
	n := int(b[8])
	if n > MaxTracks {
		return p, false
	}
	b = b[9:]
	for range n {
		if len(b) < 5 {
			return p, false
		}
		size := int(binary.BigEndian.Uint32(b[1:]))
		if size > len(b)-5 {
			return p, false
		}
		p.Tracks = append(p.Tracks, Track{Codec: b[0], Data: b[5 : 5+size]})
		b = b[5+size:]
	}
	return p, len(b) == 0
}

// Contents is what a segment's file holds.
type Contents struct {
	Pieces []Piece
	// Whole: it was ended. Otherwise a crash cut it short, or somebody did.
	Whole bool
	// Good is how many octets of the file are good: what follows them is not.
	Good int
}

// Read opens a segment. A file that was cut short opens up to where it was cut,
// and is not Whole. With a DamagedError the pieces before the damage come too.
func Read(s Sealer, recording string, number int, file []byte) (c Contents, err error) {
	if !bytes.HasPrefix(file, magic) {
		return c, ErrForeign
	}
	segment := place(recording, number)
	for c.Good = len(magic); ; {
		rest := file[c.Good:]
		if len(rest) < 4 {
			return c, nil
		}
		size := int64(binary.BigEndian.Uint32(rest))
		if size > int64(len(rest)-4) { // torn, or a length that somebody changed
			return c, nil
		}
		sealed := secret.Sealed(rest[4 : 4+size])
		plain, err := s.Open(piecePlace(segment, len(c.Pieces)+1), sealed)
		if err != nil {
			if _, end := s.Open(endPlace(segment, len(c.Pieces)), sealed); end != nil {
				return c, DamagedError{Piece: len(c.Pieces) + 1}
			}
			c.Good += 4 + int(size)
			c.Whole = true
			if c.Good != len(file) { // nothing comes after the end
				return c, DamagedError{Piece: len(c.Pieces) + 1}
			}
			return c, nil
		}
		p, ok := decode(plain.Reveal())
		if !ok || len(c.Pieces) == MaxPieces {
			return c, DamagedError{Piece: len(c.Pieces) + 1}
		}
		c.Pieces = append(c.Pieces, p)
		c.Good += 4 + int(size)
	}
}

// Mend takes up a segment that a crash cut short: the file is to be cut to good
// octets, and end to be appended. Whatever opens stays.
func Mend(s Sealer, recording string, number int, file []byte) (c Contents, end []byte, err error) {
	c, err = Read(s, recording, number, file)
	var damaged DamagedError
	switch {
	case errors.As(err, &damaged) && !c.Whole: // a write that reached the disk in part
		err = nil
	case err != nil, c.Whole:
		return c, nil, err
	}
	end, err = Continue(s, recording, number, len(c.Pieces)).End()
	return c, end, err
}
