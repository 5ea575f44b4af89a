package jitter

import (
	"math"
	"time"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

const (
	window  = 8192 // samples held: about a second
	maximum = 10 * audio.Samples
	minimum = 1 * audio.Samples
	// A jump further than this is a new time line of the talker.
	jump = window / 2
	// How many frames are repeated, each 6 dB softer, before silence.
	concealed = 4
	// A surplus must last this many frames before it is removed in silence, and
	// loudAfter even in speech.
	quietAfter, loudAfter = 50, 250
	silence               = -45 // dBFS
)

// Buffer is one talker's. Make it with New.
type Buffer struct {
	pcm  [window]int16
	have [window / 64]uint64 // which of them came

	started bool
	playing bool
	base    uint32 // RTP timestamp of sample 0
	next    int64  // sample that the next frame begins with
	head    int64  // one past the last sample that came

	deviation float64 // peak of the arrivals' spread, in samples, fading
	earliest  float64 // earliest relative arrival, in samples, drifting up
	measured  bool

	surplus int64 // frames that a surplus has lasted
	last    audio.Frame
	missing int // frames concealed in a row

	stats Stats
}

// Stats counts frames since New.
type Stats struct {
	Played    uint64
	Concealed uint64 // frames, at least partly missing, that stood in for sound
	Late      uint64 // packets that came after their time
	Skipped   uint64 // frames left out to catch up
	Restarts  uint64 // new time lines
}

// New makes an empty buffer.
func New() *Buffer { return &Buffer{} }

// Stats gives the counts.
func (b *Buffer) Stats() Stats { return b.stats }

// Delay is how long sound is held at present.
func (b *Buffer) Delay() time.Duration { return audio.Duration(b.target()) }

// Put adds a packet's octets; timestamp is RTP's, now any steady time.
func (b *Buffer) Put(timestamp uint32, octets []byte, law g711.Law, now time.Duration) {
	if len(octets) == 0 || len(octets) > maximum {
		return
	}
	if !b.started {
		b.restart(timestamp)
	}
	at := b.head + int64(int32(timestamp-b.base-uint32(b.head)))
	if at < b.next-jump || at > b.next+jump {
		b.restart(timestamp)
		b.stats.Restarts++
		at = 0
	}
	b.measure(at, now)
	end := at + int64(len(octets))
	if at < b.next {
		b.stats.Late++
		// Not lost but late: hold more from here on.
		if b.head-b.next < b.target() {
			b.playing = false
		}
		if end <= b.next {
			return
		}
	}
	for i, o := range octets {
		if s := at + int64(i); s >= b.next {
			b.pcm[s%window] = law.Decode(o)
			b.have[s%window/64] |= 1 << (s % 64)
		}
	}
	b.head = max(b.head, end)
}

func (b *Buffer) restart(timestamp uint32) {
	b.started, b.playing, b.measured = true, false, false
	b.base, b.next, b.head = timestamp, 0, 0
	b.surplus = 0
	clear(b.have[:])
}

// measure follows how far arrivals spread: the deviation from the earliest
// way a packet took lately. Peaks fade within some seconds.
func (b *Buffer) measure(at int64, now time.Duration) {
	transit := float64(now)/float64(time.Second)*audio.Rate - float64(at)
	if !b.measured {
		b.measured, b.earliest = true, transit
	}
	b.earliest += 0.05 // the talker's clock may be slower than ours
	b.earliest = min(b.earliest, transit)
	b.deviation = max(b.deviation*0.995, min(transit-b.earliest, maximum))
}

// target is the delay that the network asks for, in samples, whole frames.
func (b *Buffer) target() int64 {
	frames := int64(math.Ceil(b.deviation/audio.Samples-0.25)) + 1
	return min(max(frames*audio.Samples, minimum), maximum)
}

// Get gives the next frame and says whether it holds any sound that came or
// stands in for it; false is silence.
func (b *Buffer) Get(f *audio.Frame) bool {
	if !b.started {
		clear(f[:])
		return false
	}
	if !b.playing {
		if b.head-b.next < b.target() {
			return b.conceal(f)
		}
		b.playing = true
	}
	if b.head <= b.next { // dry: lost, late, or the talker pauses
		if b.missing < concealed {
			b.next += audio.Samples
			b.head = b.next
		} else {
			b.playing = false
		}
		return b.conceal(f)
	}
	b.catchUp()
	there := b.take(f)
	if there == 0 {
		return b.conceal(f)
	}
	b.last, b.missing = *f, 0
	if there < audio.Samples {
		b.stats.Concealed++
	} else {
		b.stats.Played++
	}
	return true
}

// take copies a frame out and says how many of its samples came; those that did
// not are repeated from the last frame.
func (b *Buffer) take(f *audio.Frame) (there int) {
	for i := range f {
		s := b.next + int64(i)
		word, bit := &b.have[s%window/64], uint64(1)<<(s%64)
		if *word&bit == 0 {
			f[i] = b.last[i] / 2
			continue
		}
		*word &^= bit
		f[i] = b.pcm[s%window]
		there++
	}
	b.next += audio.Samples
	b.head = max(b.head, b.next)
	return there
}

func (b *Buffer) conceal(f *audio.Frame) bool {
	b.missing++
	if b.missing > concealed || b.stats.Played == 0 {
		clear(f[:])
		return false
	}
	for i, v := range b.last {
		b.last[i] = v / 2
	}
	*f = b.last
	b.stats.Concealed++
	return true
}

// catchUp leaves a frame out when more than the target and another frame has
// been held for a while.
func (b *Buffer) catchUp() {
	over := b.head - b.next - b.target() - audio.Samples
	if over < audio.Samples {
		b.surplus = 0
		return
	}
	b.surplus++
	quiet := audio.Level(b.last[:]) < silence
	if b.surplus < quietAfter || b.surplus < loudAfter && !quiet && over < maximum {
		return
	}
	for i := range int64(audio.Samples) {
		s := b.next + i
		b.have[s%window/64] &^= 1 << (s % 64)
	}
	b.next += audio.Samples
	b.stats.Skipped++
	if over >= 2*audio.Samples {
		b.surplus = quietAfter
	} else {
		b.surplus = 0
	}
}
