package tape

import (
	"time"

	"nubitalk/internal/core/recording"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// lawOf is the law of a track; false for one that is not sound.
func lawOf(codec byte) (g711.Law, bool) {
	switch codec {
	case recording.PCMA:
		return g711.A, true
	case recording.PCMU:
		return g711.Mu, true
	}
	return 0, false
}

// Samples is a time of a recording as it sounds: the samples of all tracks in
// turn, audio.Rate a second each. What the pieces do not have is silence.
func Samples(pieces []recording.Piece, from, until time.Duration, tracks int) []int16 {
	first, end := whole(from), whole(until)
	if end <= first || tracks <= 0 {
		return nil
	}
	out := make([]int16, int(end-first)*tracks)
	for _, p := range pieces {
		at := whole(p.At)
		for i, t := range p.Tracks {
			law, sound := lawOf(t.Codec)
			if !sound || i >= tracks {
				continue
			}
			data := t.Data[:min(int64(len(t.Data)), whole(p.Length))]
			for n := max(first-at, 0); n < min(int64(len(data)), end-at); n++ {
				out[int(at+n-first)*tracks+i] = law.Decode(data[n])
			}
		}
	}
	return out
}

// Bounds of a waveform: a part is no shorter than leastPart, and there are no
// more than mostParts.
const (
	leastPart = 50 * time.Millisecond
	mostParts = 2000
)

// Waveform gathers what a recording looks like. Make it with NewWaveform.
type Waveform struct {
	parts   int64
	samples int64
	peaks   [][]byte
}

// NewWaveform begins one of a recording of such a length.
func NewWaveform(length time.Duration, tracks int) *Waveform {
	w := &Waveform{parts: int64(min(max(length/leastPart, 1), mostParts)), samples: max(whole(length), 1), peaks: make([][]byte, tracks)}
	for i := range w.peaks {
		w.peaks[i] = make([]byte, w.parts)
	}
	return w
}

// Add takes a piece, in any order.
func (w *Waveform) Add(p recording.Piece) {
	at := whole(p.At)
	for i, t := range p.Tracks {
		law, sound := lawOf(t.Codec)
		if !sound || i >= len(w.peaks) {
			continue
		}
		data := t.Data[:min(int64(len(t.Data)), max(w.samples-at, 0), whole(p.Length))]
		for n, peaks := int64(0), w.peaks[i]; n < int64(len(data)); {
			part := (at + n) * w.parts / w.samples
			end := min(((part+1)*w.samples+w.parts-1)/w.parts-at, int64(len(data))) // where the next part begins
			most := 0
			for ; n < end; n++ {
				v := int(law.Decode(data[n]))
				most = max(most, v, -v)
			}
			peaks[part] = max(peaks[part], byte(min(255, most*256/(1<<15))))
		}
	}
}

// Peaks is the largest sample of each part of each track, 0 to 255 (full scale).
func (w *Waveform) Peaks() [][]byte { return w.peaks }

// Frames is how many samples a track has in a time.
func Frames(length time.Duration) int { return int(whole(length)) }

// Rate is how many samples a track has in a second.
const Rate = audio.Rate
