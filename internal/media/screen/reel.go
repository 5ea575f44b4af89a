package screen

import (
	"sync"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/recording"
)

const (
	// slack is how far the browser's clock may be from ours.
	slack = 250 * time.Millisecond
	// late is how long after its first picture a busy browser may say that a film
	// has begun.
	late = 2 * time.Second
	// Longest and shortest are how long a piece may be. No piece overlaps another,
	// so the shortest bounds how many come.
	Longest  = 10 * time.Second
	Shortest = 100 * time.Millisecond
	// held is how many pieces wait to be written.
	held = 4
)

// Limits bound what a piece may be.
type Limits struct {
	Pictures      int // a second
	Width, Height int // points
	Kilobits      int // a second
}

// largest is how many octets a piece of a length may have: three times what was
// aimed at, and one picture that stands for itself, of two bits a point.
func (l Limits) largest(length time.Duration) int {
	n := 3*int(int64(l.Kilobits)*length.Milliseconds()/8) + l.Width*l.Height/4 + 64<<10
	return min(n, recording.MaxPiece-1024)
}

// MostBytes is how many octets any piece may have.
const MostBytes = recording.MaxPiece - 1024

// Piece is what a browser recorded in a short time: a WebM file of its own.
type Piece struct {
	Number int           // from 1
	At     time.Duration // since the reel's beginning
	Length time.Duration
	WebM   []byte
}

// Reel holds the pieces of one screen that were sent and not yet taken. What was
// recorded while it was paused is not kept, whenever it comes. Make it with New.
type Reel struct {
	clock clock.Clock
	began time.Time

	mu     sync.Mutex
	ready  []recording.Piece
	last   int           // the newest piece's number
	until  time.Duration // its end
	holes  []hole
	closed bool
}

// hole is a time of which nothing is kept; until is -1 while paused.
type hole struct{ from, until time.Duration }

// New makes a reel that begins at a time.
func New(c clock.Clock, began time.Time) *Reel { return &Reel{clock: c, began: began} }

// Began is when.
func (r *Reel) Began() time.Time { return r.began }

// Next is the number of the piece that it waits for.
func (r *Reel) Next() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last + 1
}

// now is how long ago it began, in whole milliseconds.
func (r *Reel) now() time.Duration {
	return max(r.clock.Now().Sub(r.began), 0).Truncate(time.Millisecond)
}

// Offer takes a piece. A piece that came before is taken again without effect; one
// that comes too early is errs.Conflict; kept is false for one that falls into a
// pause, which is never kept. errs.Unavailable: too many wait to be written; it is
// to be sent again.
func (r *Reel) Offer(p Piece, l Limits) (kept bool, err error) {
	if p.Length < Shortest || p.Length > Longest {
		return false, errs.Bad("length_ms", "is not between %d and %d", Shortest.Milliseconds(), Longest.Milliseconds())
	}
	if len(p.WebM) > l.largest(p.Length) {
		return false, errs.New(errs.TooLarge, "This piece of a screen is larger than the rules let it be.")
	}
	film, err := Read(p.WebM)
	if err != nil {
		return false, errs.New(errs.Unsupported, "This is no WebM film as browsers record screens: one VP8 track, and nothing else.")
	}
	// What the browser was asked for it may miss by one picture, and a film may have
	// begun before it said so.
	most := int((p.Length+late).Seconds()*float64(l.Pictures)) + 2
	last := film.Pictures[len(film.Pictures)-1].At
	if film.Width > l.Width || film.Height > l.Height || len(film.Pictures) > most || last > p.Length+late {
		return false, errs.New(errs.TooLarge, "This piece of a screen is larger than the rules let it be.")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	switch {
	case r.closed:
		return false, errs.New(errs.Gone, "This recording of the screen has ended.")
	case p.Number <= r.last:
		return true, nil
	case p.Number != r.last+1:
		return false, errs.New(errs.Conflict, "Piece %d of the screen is to come next.", r.last+1)
	case p.At < r.until-slack || p.At < -slack:
		return false, errs.Bad("at_ms", "is before what came already")
	case p.At > now || p.At+p.Length > now+slack:
		return false, errs.Bad("at_ms", "is in the future")
	case len(r.ready) == held:
		return false, &errs.Error{Code: errs.Unavailable, Text: "The screen cannot be kept at this moment. Please send it again.", RetryAfter: 2 * time.Second}
	}
	from, until := max(p.At, r.until, 0), min(p.At+p.Length, now)
	r.last = p.Number
	if until <= from || r.hollow(from, until) {
		return false, nil
	}
	r.until = until
	r.ready = append(r.ready, recording.Piece{At: from, Length: until - from, Tracks: []recording.Track{{Codec: recording.WebM, Data: p.WebM}}})
	return true, nil
}

// hollow says whether any of a time, seen by a clock that may be a little off, is
// of a pause; the lock is held.
func (r *Reel) hollow(from, until time.Duration) bool {
	for _, h := range r.holes {
		if from < h.until && h.from < until+slack || h.until < 0 && h.from < until+slack {
			return true
		}
	}
	return false
}

// paused says whether it is; the lock is held.
func (r *Reel) paused() bool {
	n := len(r.holes)
	return n > 0 && r.holes[n-1].until < 0
}

// Pause leaves out what is recorded from now on, and answers since when. It does
// nothing while paused.
func (r *Reel) Pause() (from time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.paused() {
		r.holes = append(r.holes, hole{max(r.now(), r.until), -1})
	}
	return r.holes[len(r.holes)-1].from
}

// Resume goes on; ok is false where it was not paused.
func (r *Reel) Resume() (until time.Duration, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.paused() {
		return 0, false
	}
	h := &r.holes[len(r.holes)-1]
	h.until = max(r.now(), h.from)
	return h.until, true
}

// Close takes no more.
func (r *Reel) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// Take gives the next piece that is to be written.
func (r *Reel) Take(bool) (p recording.Piece, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ready) == 0 {
		return p, false
	}
	p = r.ready[0]
	r.ready = r.ready[1:]
	return p, true
}

// Lost is nothing: what cannot be taken is sent again.
func (r *Reel) Lost() time.Duration { return 0 }
