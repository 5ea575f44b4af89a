package audio

import (
	"math"
	"time"
)

const (
	Rate      = 8000                  // samples a second
	Samples   = 160                   // of a frame
	FrameTime = 20 * time.Millisecond // of a frame
	fullScale = 32768.0
	// Floor is the level, in dBFS, of digital silence.
	Floor = -96.0
)

// Frame is 20 ms of sound.
type Frame [Samples]int16

// Duration is how long n samples sound.
func Duration(n int64) time.Duration { return time.Duration(n) * time.Second / Rate }

// SamplesIn is how many samples sound in d, rounded down.
func SamplesIn(d time.Duration) int64 { return int64(d) * Rate / int64(time.Second) }

// Level is the mean power of the samples in dBFS, at least Floor.
func Level(pcm []int16) float64 {
	if len(pcm) == 0 {
		return Floor
	}
	sum := int64(0)
	for _, v := range pcm {
		sum += int64(v) * int64(v)
	}
	return decibel(float64(sum) / float64(len(pcm)) / (fullScale * fullScale))
}

func decibel(power float64) float64 {
	if power <= 0 {
		return Floor
	}
	return max(10*math.Log10(power), Floor)
}

// Mix adds voices: first Add each, then Write the sum for a listener. The zero
// value is silence.
type Mix [Samples]int32

// Add puts a voice into the mix.
func (m *Mix) Add(f *Frame) {
	for i, v := range f {
		m[i] += int32(v)
	}
}

// Write gives the sum, held at full scale; without is left out, so nobody hears
// itself; nil leaves out none.
func (m *Mix) Write(f, without *Frame) {
	if without == nil {
		for i, v := range m {
			f[i] = held(v)
		}
		return
	}
	for i, v := range m {
		f[i] = held(v - int32(without[i]))
	}
}

// held keeps a sum within a sample. It rarely has to, which is why it asks once.
func held(v int32) int16 {
	s := int16(v)
	if int32(s) == v {
		return s
	}
	if v > 0 {
		return math.MaxInt16
	}
	return math.MinInt16
}

// Power is how much of a frequency the samples hold, in dBFS (Goertzel's
// algorithm). The answer is exact for frequencies with whole periods in pcm.
func Power(pcm []int16, hertz float64) float64 {
	if len(pcm) == 0 {
		return Floor
	}
	coefficient := 2 * math.Cos(2*math.Pi*hertz/Rate)
	var s1, s2 float64
	for _, v := range pcm {
		s1, s2 = float64(v)/fullScale+coefficient*s1-s2, s1
	}
	power := s1*s1 + s2*s2 - coefficient*s1*s2
	n := float64(len(pcm))
	return decibel(2 * power / (n * n))
}

// Heard says whether a frequency stands out: it has at least half of all the
// power and is louder than -50 dBFS.
func Heard(pcm []int16, hertz float64) bool {
	p := Power(pcm, hertz)
	return p > -50 && p > Level(pcm)-3
}
