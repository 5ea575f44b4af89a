package tape_test

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nubitalk/internal/core/recording"
	"nubitalk/internal/media"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/tape"
)

const frame = audio.Samples

// deck is a tape with a clock of the test's.
type deck struct {
	*tape.Tape
	now time.Duration
}

func newDeck() *deck {
	d := &deck{}
	d.Tape = tape.New(func() time.Duration { return d.now })
	return d
}

// say shows 20 ms of one octet.
func (d *deck) say(way media.Direction, at int64, octet byte, law g711.Law) {
	d.Show(media.TapFrame{Direction: way, At: at, Law: law, Octets: bytes.Repeat([]byte{octet}, frame)})
}

// rest takes everything there is, and lays it on one time line.
func (d *deck) rest(t testing.TB, end bool, all ...recording.Piece) (ways [2][]byte, pieces []recording.Piece) {
	t.Helper()
	pieces = all
	for {
		p, ok := d.Take(end)
		if !ok {
			break
		}
		pieces = append(pieces, p)
	}
	for _, p := range pieces {
		for i, tr := range p.Tracks {
			at, length := int(p.At.Milliseconds())*8, int(p.Length.Milliseconds())*8
			if len(tr.Data) != 0 && len(tr.Data) != length || p.At%time.Millisecond != 0 || p.Length > time.Second {
				t.Fatalf("a piece of %v from %v has %d octets", p.Length, p.At, len(tr.Data))
			}
			for len(ways[i]) < at+length {
				ways[i] = append(ways[i], 0)
			}
			copy(ways[i][at:], tr.Data)
		}
	}
	return ways, pieces
}

// Frames of both directions, doubled and out of order by up to 100 ms, come out
// as they were said, but for the pauses, of which nothing comes out.
func TestWhatIsShownIsTaken(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDeck()
		var want [2][]byte
		type late struct {
			due time.Duration
			at  int64
			way media.Direction
			is  byte
		}
		var waiting []late
		var pieces []recording.Piece
		pausedAt, paused := time.Duration(0), false
		calm := rapid.Bool().Draw(r, "calm") // nobody pauses
		type span struct{ from, until int64 }
		var pauses []span
		for n := range rapid.IntRange(1, 250).Draw(r, "frames") {
			at := int64(n) * frame
			d.now = time.Duration(n) * audio.FrameTime
			if !calm && rapid.IntRange(0, 20).Draw(r, "pause") == 7 {
				if !paused {
					pausedAt = d.Pause()
				} else {
					until, ok := d.Resume()
					if !ok || until < pausedAt {
						r.Fatalf("resumed at %v of a pause at %v", until, pausedAt)
					}
					pauses = append(pauses, span{pausedAt.Milliseconds() * 8, until.Milliseconds() * 8})
				}
				if paused = !paused; d.Paused() != paused {
					r.Fatal("it does not know whether it is paused")
				}
			}
			for way := range media.Direction(2) {
				is := byte(1 + n%200)
				want[way] = append(want[way], bytes.Repeat([]byte{is}, frame)...)
				waiting = append(waiting, late{d.now + time.Duration(rapid.IntRange(0, 100).Draw(r, "late"))*time.Millisecond, at, way, is})
			}
			for i := 0; i < len(waiting); {
				if w := waiting[i]; w.due <= d.now {
					d.say(w.way, w.at, w.is, g711.A)
					if rapid.Bool().Draw(r, "twice") {
						d.say(w.way, w.at, w.is, g711.A)
					}
					waiting = append(waiting[:i], waiting[i+1:]...)
					continue
				}
				i++
			}
			if rapid.IntRange(0, 5).Draw(r, "take") == 3 {
				_, pieces = d.rest(t, false, pieces...)
			}
		}
		for _, w := range waiting {
			d.say(w.way, w.at, w.is, g711.A)
		}
		d.now += 300 * time.Millisecond
		ways, pieces := d.rest(t, true, pieces...)
		for _, p := range pieces {
			for _, s := range pauses {
				if a, b := p.At.Milliseconds()*8, (p.At+p.Length).Milliseconds()*8; a < s.until && s.from < b {
					r.Fatalf("a piece from %v to %v is of the pause %+v", p.At, p.At+p.Length, s)
				}
			}
		}
		if paused {
			pauses = append(pauses, span{pausedAt.Milliseconds() * 8, 1 << 40})
		}
		for way := range ways {
			for at, is := range ways[way] {
				if at >= len(want[way]) {
					break
				}
				left, near := false, false
				for _, s := range pauses {
					left = left || int64(at) >= s.from && int64(at) < s.until
					near = near || int64(at) >= s.from-100*8-2*frame && int64(at) < s.until+frame
				}
				switch {
				case left && is != 0:
					r.Fatalf("sample %d of a pause is %d", at, is)
				case !near && is != want[way][at]: // what was under way when it was paused may be missing
					r.Fatalf("sample %d of direction %d is %d, not %d", at, way, is, want[way][at])
				}
			}
		}
	})
}

// What comes while it is paused is not kept, though its place is before the pause;
// nor what comes afterwards for a place within it.
func TestAPauseHoldsForWhatComesLate(t *testing.T) {
	d := newDeck()
	d.say(media.In, 0, 7, g711.A)
	d.now = 100 * time.Millisecond
	d.say(media.In, 800-3*frame/2, 8, g711.A)
	if from := d.Pause(); from != d.now || d.Pause() != from {
		t.Errorf("paused at %v", from)
	}
	d.now = 110 * time.Millisecond
	d.say(media.In, frame, 9, g711.A)
	d.say(media.In, 800, 9, g711.A)
	d.now = 200 * time.Millisecond
	if until, ok := d.Resume(); !ok || until != d.now {
		t.Errorf("resumed at %v", until)
	}
	d.say(media.In, 1600-frame/2, 10, g711.A) // half of it is in the pause
	var pieces []recording.Piece
	for range 60 { // so long that the ring has begun again
		d.now += 100 * time.Millisecond
		_, pieces = d.rest(t, false, pieces...)
	}
	ways, _ := d.rest(t, true, pieces...)
	count := map[byte]int{}
	for _, is := range ways[0] {
		count[is]++
	}
	if count[7] != frame || count[8] != frame || count[9] != 0 || count[10] != frame/2 || len(ways[0]) < 6*audio.Rate || pieces[1].At != 200*time.Millisecond {
		t.Errorf("%v in %d pieces", count, len(pieces))
	}
}

func TestSilenceIsNoData(t *testing.T) {
	d := newDeck()
	d.say(media.In, 0, 42, g711.Mu)
	d.say(media.Out, 0, g711.A.Silence(), g711.A)
	d.now = 100 * time.Millisecond
	p, ok := d.Take(true)
	if !ok || len(p.Tracks[0].Data) != 800 || p.Tracks[0].Codec != recording.PCMU || len(p.Tracks[1].Data) != 0 || p.Tracks[1].Codec != recording.PCMA {
		t.Fatalf("%+v", p)
	}
	if p.Tracks[0].Data[0] != 42 || p.Tracks[0].Data[frame] != g711.Mu.Silence() {
		t.Errorf("%v", p.Tracks[0].Data[:frame+1])
	}
	// Another law afterwards is translated.
	d.say(media.In, 800, 42, g711.A)
	d.now = 200 * time.Millisecond
	p, _ = d.Take(true)
	if p.Tracks[0].Codec != recording.PCMU || p.Tracks[0].Data[0] != g711.Transcoder(g711.A, g711.Mu)[42] {
		t.Errorf("%v", p)
	}
	if _, ok := d.Take(true); ok {
		t.Error("there is more")
	}
	if _, ok := d.Resume(); ok {
		t.Error("it resumed without a pause")
	}
}

// Whoever takes too late loses sound, and learns of it; the rest is in its place.
func TestASlowTaker(t *testing.T) {
	d := newDeck()
	for n := range int64(500) { // 10 s
		d.now = time.Duration(n) * audio.FrameTime
		d.say(media.In, n*frame, 7, g711.A)
	}
	d.now += audio.FrameTime
	if lost := d.Lost(); lost != 6*time.Second {
		t.Errorf("%v are lost, not 6 s", lost)
	}
	d.say(media.In, 499*frame, 7, g711.A)
	d.Lost()
	ways, _ := d.rest(t, true)
	if n := bytes.Count(ways[0], []byte{7}); n != 4*audio.Rate || ways[0][4*audio.Rate-1] != 7 || len(ways[0]) != 10*audio.Rate {
		t.Errorf("%d samples are there, of %d", n, len(ways[0]))
	}
	d.say(media.In, 0, 7, g711.A)
	if lost := d.Lost(); lost != audio.FrameTime {
		t.Errorf("of what is much too late, %v are lost", lost)
	}
}

func TestShowAllocatesNothing(t *testing.T) {
	d := newDeck()
	f := media.TapFrame{Law: g711.A, Octets: bytes.Repeat([]byte{9}, frame)}
	if n := testing.AllocsPerRun(1000, func() {
		f.At += frame
		d.Show(f)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func BenchmarkShow(b *testing.B) {
	d := newDeck()
	f := media.TapFrame{Law: g711.A, Octets: bytes.Repeat([]byte{9}, frame)}
	for range b.N {
		f.At += frame
		if f.At%audio.Rate == 0 {
			d.now = time.Duration(f.At) * time.Second / audio.Rate
			d.Take(false)
		}
		d.Show(f)
	}
}
