package tape

import (
	"sync"
	"time"

	"nubitalk/internal/core/recording"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

const (
	// room is how much sound is held until it is taken, in samples of each
	// direction: what a slow disk may take before sound is lost.
	room = 4 * audio.Rate
	// piece is the longest that is taken at once.
	piece = audio.Rate
	// settle is how long a packet may be late and still finds its place, as on a machine
	// that has too much to do. A crash loses that, a piece, and what is on its way: 2 s.
	settle = 500 * time.Millisecond
)

// Tape holds what was shown and not yet taken. Make it with New.
type Tape struct {
	since func() time.Duration

	mu    sync.Mutex
	ways  []way
	begin int64  // the sample from which nothing has been taken
	holes []hole // that end after begin, in order
	lost  int64  // samples
}

// way is one track: a ring that is silent wherever nothing came. It has its octets
// from its first frame on.
type way struct {
	law    g711.Law
	octets []byte
	shut   bool  // nothing of it is kept
	offset int64 // of its tap's beginning since the tape's, in samples
}

// hole is a time that is not kept, whatever came for it; until is -1 while the
// tape is paused.
type hole struct{ from, until int64 }

// New makes an empty tape of one leg, whose two tracks are what the party said and
// what it heard. since says how long ago the tap began, by the clock of the frames'
// places.
func New(since func() time.Duration) *Tape { return OfParties(since, 2) }

// OfParties makes an empty tape with a track for what each of some parties says.
// All are shut until they are opened.
func OfParties(since func() time.Duration, parties int) *Tape {
	t := &Tape{since: since, ways: make([]way, parties)}
	for i := range t.ways {
		t.ways[i].law = g711.A
	}
	return t
}

// choose makes all silent, by a law.
func (w *way) choose(law g711.Law) {
	w.law, w.octets = law, make([]byte, room)
	for i := range w.octets {
		w.octets[i] = law.Silence()
	}
}

// Show takes a frame of the tap of a tape of one leg.
func (t *Tape) Show(f media.TapFrame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.show(&t.ways[f.Direction], f)
}

// Hear has a track hold what a leg's party says from now on, until the function
// returned is called. It is shut at first.
func (t *Tape) Hear(track int, leg media.Leg) (end func()) {
	t.mu.Lock()
	w := &t.ways[track]
	w.shut, w.offset = true, whole(t.since())
	t.mu.Unlock()
	return leg.Tap(func(f media.TapFrame) {
		if f.Direction != media.In {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		f.At += w.offset
		t.show(w, f)
	})
}

// Open says whether a track keeps what comes from now on.
func (t *Tape) Open(track int, open bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ways[track].shut = !open
}

// show takes a frame of a track; the lock is held.
func (t *Tape) show(w *way, f media.TapFrame) {
	if w.shut || t.paused() { // whatever its place is: what comes now may be what must not be kept
		return
	}
	if w.octets == nil { // the law that comes first; another one is translated
		w.choose(f.Law)
	}
	from, until := f.At, f.At+int64(len(f.Octets))
	first, end := max(from, t.begin), min(until, t.begin+room)
	t.lost += (until - from) - max(end-first, 0)
	table := g711.Transcoder(f.Law, w.law)
	for at := first; at < end; { // in two parts where the ring begins again
		into := w.octets[at%room : min(at%room+end-at, room)]
		octets := f.Octets[at-from : at-from+int64(len(into))]
		if f.Law == w.law {
			copy(into, octets)
		} else {
			for i, o := range octets {
				into[i] = table[o]
			}
		}
		at += int64(len(into))
	}
}

// whole is a time in samples, at a whole millisecond.
func whole(d time.Duration) int64 { return d.Milliseconds() * audio.Rate / 1000 }

func duration(samples int64) time.Duration {
	return time.Duration(samples) * time.Second / audio.Rate
}

// Pause leaves out what comes from now on, and answers since when: a time that
// the pieces keep out of to the sample. It does nothing while paused.
func (t *Tape) Pause() (from time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paused() {
		return duration(t.holes[len(t.holes)-1].from)
	}
	now := max(whole(t.since()), t.begin)
	t.holes = append(t.holes, hole{now, -1})
	return duration(now)
}

// Resume keeps what comes from now on, and answers since when. ok is false when
// it was not paused.
func (t *Tape) Resume() (until time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.paused() {
		return 0, false
	}
	h := &t.holes[len(t.holes)-1]
	h.until = max(whole(t.since()), h.from, t.begin)
	return duration(h.until), true
}

// Paused says whether it is.
func (t *Tape) Paused() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.paused()
}

// paused says whether it is; the lock is held.
func (t *Tape) paused() bool {
	n := len(t.holes)
	return n > 0 && t.holes[n-1].until < 0
}

// Lost is how much sound of one direction or the other was lost because nobody
// took it in time, or came later than it could be kept, since the last call.
func (t *Tape) Lost() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := t.lost
	t.lost = 0
	return duration(n)
}

// Take gives the next piece, of at most a second, as long as there is one that is
// old enough for late packets to have come; at the end, all that there is. A track
// in which nothing came has no data.
func (t *Tape) Take(end bool) (p recording.Piece, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.since()
	if !end {
		now -= settle
	}
	until := whole(max(now, 0))
	for len(t.holes) > 0 && t.holes[0].from <= t.begin {
		h := t.holes[0]
		if h.until < 0 {
			// Nothing of it will be taken: what is held stays free for what follows.
			t.forget(until)
			return p, false
		}
		if h.until > until {
			return p, false
		}
		t.forget(h.until)
		t.holes = t.holes[1:]
	}
	until = min(until, t.begin+piece)
	if len(t.holes) > 0 {
		until = min(until, t.holes[0].from)
	}
	if until <= t.begin || !end && until < t.begin+piece && len(t.holes) == 0 {
		return p, false
	}
	p = recording.Piece{At: duration(t.begin), Length: duration(until - t.begin), Tracks: make([]recording.Track, len(t.ways))}
	for i := range t.ways {
		p.Tracks[i] = t.ways[i].take(t.begin, until)
	}
	t.forget(until)
	return p, true
}

// forget moves the beginning on; what was before it is silent again.
func (t *Tape) forget(until int64) {
	for i := range t.ways {
		t.ways[i].silence(t.begin, min(until, t.begin+room))
	}
	t.begin = max(t.begin, until)
}

// silence makes a time silent again.
func (w *way) silence(from, until int64) {
	for at := from; w.octets != nil && at < until; at++ {
		w.octets[at%room] = w.law.Silence()
	}
}

// take copies a time out; silence is no data.
func (w *way) take(from, until int64) recording.Track {
	tr := recording.Track{Codec: w.law.PayloadType()}
	silent := true
	for at := from; w.octets != nil && at < until && silent; at++ {
		silent = w.octets[at%room] == w.law.Silence()
	}
	if silent {
		return tr
	}
	tr.Data = make([]byte, 0, until-from)
	for at := from; at < until; {
		run := w.octets[at%room : min(at%room+until-at, room)]
		tr.Data = append(tr.Data, run...)
		at += int64(len(run))
	}
	return tr
}
