package audio

import (
	"math"
	"time"
)

// Source gives sound frame by frame.
type Source interface {
	// Next fills f, the rest after its end with silence, and says whether there
	// was anything; after false f is of no use and the source has ended.
	Next(f *Frame) bool
}

// Clip is sound that is played once. The samples are shared, never changed.
type Clip struct {
	pcm []int16
	at  int
}

// NewClip plays the samples once from the start.
func NewClip(pcm []int16) *Clip { return &Clip{pcm: pcm} }

// Next implements Source.
func (c *Clip) Next(f *Frame) bool {
	if c.at >= len(c.pcm) {
		return false
	}
	n := copy(f[:], c.pcm[c.at:])
	clear(f[n:])
	c.at += n
	return true
}

// Loop is sound that begins again at its end, without a gap.
type Loop struct {
	pcm []int16
	at  int
}

// NewLoop plays the samples forever; the first frame begins at offset, so that
// callers who wait do not all hear the same.
func NewLoop(pcm []int16, offset time.Duration) *Loop {
	l := &Loop{pcm: pcm}
	if len(pcm) > 0 {
		l.at = int(SamplesIn(max(offset, 0)) % int64(len(pcm)))
	}
	return l
}

// Next implements Source.
func (l *Loop) Next(f *Frame) bool {
	if len(l.pcm) == 0 {
		return false
	}
	for n := 0; n < len(f); {
		k := copy(f[n:], l.pcm[l.at:])
		n += k
		if l.at += k; l.at == len(l.pcm) {
			l.at = 0
		}
	}
	return true
}

// Sequence plays sources one after the other.
type Sequence []Source

// Next implements Source.
func (s *Sequence) Next(f *Frame) bool {
	for len(*s) > 0 {
		if (*s)[0].Next(f) {
			return true
		}
		*s = (*s)[1:]
	}
	return false
}

// Tone describes a signal of up to a few frequencies with a rhythm.
type Tone struct {
	Hertz []float64
	// Level of each frequency in dBFS; 0 means -16.
	Level float64
	// Rhythm is on, off, on, off…, repeated; empty is a steady tone.
	Rhythm []time.Duration
	// Length ends the tone; 0 plays it forever.
	Length time.Duration
}

// Signals that callers know. Ringing and Busy are ETSI's and the ITU's most
// common ones (ITU-T E.180 supplement 2).
var (
	Ringing = Tone{Hertz: []float64{425}, Level: -16, Rhythm: []time.Duration{time.Second, 4 * time.Second}}
	Busy    = Tone{Hertz: []float64{425}, Level: -16, Rhythm: []time.Duration{500 * time.Millisecond, 500 * time.Millisecond}}
	// Beep asks to speak after it.
	Beep = Tone{Hertz: []float64{1000}, Level: -16, Length: 400 * time.Millisecond}
	// AutoAnswer tells an agent that a caller is on the line.
	AutoAnswer = Tone{Hertz: []float64{660, 880}, Level: -20, Rhythm: []time.Duration{120 * time.Millisecond, 80 * time.Millisecond}, Length: 400 * time.Millisecond}
)

type toneSource struct {
	swings    []swing
	amplitude float64
	rhythm    []int64 // in samples
	part      int
	left      int64 // of the part
	length    int64 // left of the whole; -1 is forever
}

// swing is an oscillator: a turning vector, which needs no sine per sample.
type swing struct{ re, im, dre, dim float64 }

// Source starts the tone.
func (t Tone) Source() Source {
	level := t.Level
	if level == 0 {
		level = -16
	}
	s := &toneSource{amplitude: fullScale * math.Sqrt2 * math.Pow(10, level/20), length: -1}
	for _, hz := range t.Hertz {
		sin, cos := math.Sincos(2 * math.Pi * hz / Rate)
		s.swings = append(s.swings, swing{1, 0, cos, sin})
	}
	total := int64(0)
	for _, d := range t.Rhythm {
		n := SamplesIn(d)
		s.rhythm = append(s.rhythm, n)
		total += n
	}
	if total <= 0 {
		s.rhythm = nil
	} else {
		s.left = s.rhythm[0]
	}
	if t.Length > 0 {
		s.length = SamplesIn(t.Length)
	}
	return s
}

// PCM is the whole tone; it must have a Length.
func (t Tone) PCM() []int16 {
	var pcm []int16
	if t.Length <= 0 {
		return nil
	}
	s := t.Source()
	var f Frame
	for s.Next(&f) {
		pcm = append(pcm, f[:]...)
	}
	return pcm[:SamplesIn(t.Length)]
}

// Next implements Source.
func (s *toneSource) Next(f *Frame) bool {
	if s.length == 0 {
		return false
	}
	for i := range f {
		if s.length == 0 {
			f[i] = 0
			continue
		}
		v := 0.0
		for k := range s.swings {
			v += s.swings[k].turn()
		}
		if s.silent() {
			v = 0
		}
		f[i] = int16(max(min(math.Round(v*s.amplitude), math.MaxInt16), math.MinInt16))
		if s.length > 0 {
			s.length--
		}
	}
	for k := range s.swings {
		s.swings[k].steady()
	}
	return true
}

// silent says whether the rhythm pauses at this sample, and goes on by one.
func (s *toneSource) silent() bool {
	if s.rhythm == nil {
		return false
	}
	for s.left == 0 {
		s.part = (s.part + 1) % len(s.rhythm)
		s.left = s.rhythm[s.part]
	}
	s.left--
	return s.part%2 == 1
}

func (w *swing) turn() float64 {
	v := w.im
	w.re, w.im = w.re*w.dre-w.im*w.dim, w.re*w.dim+w.im*w.dre
	return v
}

// steady keeps rounding from growing.
func (w *swing) steady() {
	n := math.Hypot(w.re, w.im)
	w.re, w.im = w.re/n, w.im/n
}
