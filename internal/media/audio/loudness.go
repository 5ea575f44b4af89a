package audio

import "math"

// Levels that a prompt should have. Speech on telephone lines is nominally at
// -26 dBov (ITU-T P.56), broadcasts at -23 LUFS (EBU R 128); the two scales agree
// for a tone of 1 kHz to within the weighting's 0.1 dB.
const (
	TargetLoudness = -23.0 // LUFS, to which MakeRight brings a sound
	LeastLoudness  = -30.0 // LUFS: below, callers strain to hear it
	MostLoudness   = -16.0 // LUFS: above, it is unpleasant beside a voice
	MostClipped    = 0.001 // share of samples: above, it sounds torn
	MostPeak       = -1.0  // dBFS that no sample of a sound made right passes
)

// Silence at a sound's ends, in seconds.
const (
	LongestLead = 0.5 // before it: callers would think that nothing comes
	LongestTail = 1.5 // after it
	keptLead    = 0.1 // by MakeRight
	keptTail    = 0.3
	quietBelow  = -50.0 // dBFS of a frame that is silence
)

// Check is what a level check found.
type Check struct {
	Seconds  float64
	Peak     float64 // dBFS of the largest sample, at least Floor
	Loudness float64 // LUFS, integrated; Floor if all of it is silence
	Clipped  float64 // share of samples that are cut off
	Lead     float64 // seconds of silence before it
	Tail     float64 // … and after it; all of it is in Lead if there is nothing else
}

// CheckSound measures a sound.
func CheckSound(s Sound) Check {
	first, last := ends(s)
	c := Check{Seconds: s.Seconds(), Peak: peak(s.PCM), Loudness: IntegratedLoudness(s.PCM, s.Rate), Clipped: s.Clipped}
	c.Lead = float64(first) / float64(s.Rate)
	c.Tail = float64(len(s.PCM)-last) / float64(s.Rate)
	return c
}

// Adjust is how a sound is played: louder or quieter, and a part of it. The zero
// value plays it as it is.
type Adjust struct {
	Gain float64 `json:"gain"` // dB
	From int     `json:"from"` // first sample, of the sound's own rate
	To   int     `json:"to"`   // the one after the last; 0 is the end
}

// MakeRight says how a sound is brought to TargetLoudness, as near as it can come
// without a sample above MostPeak, with little silence at its ends. What is cut
// off cannot be mended.
func MakeRight(s Sound) Adjust {
	loudness := IntegratedLoudness(s.PCM, s.Rate)
	if loudness <= Floor {
		return Adjust{}
	}
	first, last := ends(s)
	a := Adjust{From: max(0, first-int(keptLead*float64(s.Rate))), To: min(len(s.PCM), last+int(keptTail*float64(s.Rate)))}
	// At half its level nothing of it is held at full scale by the filter, whose
	// output may be a little higher than its input.
	heard := peak(Resample(scaled(s.PCM, 0.5), s.Rate, Rate)) + decibel(4)
	a.Gain = min(TargetLoudness-loudness, MostPeak-max(heard, peak(s.PCM)))
	return a
}

// Heard is the sound as callers hear it: adjusted, at 8 kHz.
func (s Sound) Heard(a Adjust) []int16 { return Resample(s.Adjusted(a).PCM, s.Rate, Rate) }

// Adjusted is the sound, adjusted, at its own rate.
func (s Sound) Adjusted(a Adjust) Sound {
	to := a.To
	if to <= 0 || to > len(s.PCM) {
		to = len(s.PCM)
	}
	s.PCM = s.PCM[max(0, min(a.From, to)):to]
	if a.Gain != 0 {
		s.PCM = scaled(s.PCM, math.Pow(10, a.Gain/20))
	}
	return s
}

// Waveform is the largest sample of each of n parts, 0 to 255 (full scale), for
// people to look at.
func Waveform(pcm []int16, n int) []int {
	out := make([]int, n)
	for i := range out {
		most := 0
		for _, v := range pcm[i*len(pcm)/n : (i+1)*len(pcm)/n] {
			most = max(most, int(v), -int(v))
		}
		out[i] = min(255, most*256/fullScale)
	}
	return out
}

func scaled(pcm []int16, factor float64) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(float64(v)*factor))))
	}
	return out
}

func peak(pcm []int16) float64 {
	most := 0
	for _, v := range pcm {
		most = max(most, int(v), -int(v))
	}
	return decibel(float64(most) * float64(most) / (fullScale * fullScale))
}

// ends are the samples between which there is sound; both are the end if there is
// none.
func ends(s Sound) (first, last int) {
	frame := s.Rate / 50
	first, last = len(s.PCM), len(s.PCM)
	for at := 0; at < len(s.PCM); at += frame {
		end := min(at+frame, len(s.PCM))
		if Level(s.PCM[at:end]) <= quietBelow {
			continue
		}
		if first == len(s.PCM) {
			first = at
		}
		last = end
	}
	return first, last
}

// IntegratedLoudness is the loudness of one channel in LUFS (ITU-R BS.1770-5,
// annex 1; EBU R 128): samples weighted as ears do (K), the mean power of blocks of
// 400 ms that overlap by three quarters, of those above -70 LUFS and above what
// lies 10 LU below their own mean. A sound that is shorter than a block is one. It
// is Floor where nothing is above the gate.
func IntegratedLoudness(pcm []int16, rate int) float64 {
	shelf, high := kWeighting(rate)
	step := rate / 10
	var steps []float64 // power of each 100 ms
	sum, n := 0.0, 0
	for _, v := range pcm {
		w := high.next(shelf.next(float64(v) / fullScale))
		sum += w * w
		if n++; n == step {
			steps = append(steps, sum/float64(n))
			sum, n = 0, 0
		}
	}
	if len(steps) < 4 {
		total := sum
		for _, p := range steps {
			total += p * float64(step)
		}
		if len(pcm) == 0 || lufs(total/float64(len(pcm))) < absoluteGate {
			return Floor
		}
		return lufs(total / float64(len(pcm)))
	}
	blocks := make([]float64, len(steps)-3)
	for i := range blocks {
		blocks[i] = (steps[i] + steps[i+1] + steps[i+2] + steps[i+3]) / 4
	}
	mean, any := gated(blocks, absoluteGate)
	if !any {
		return Floor
	}
	if mean, any = gated(blocks, max(absoluteGate, lufs(mean)-10)); !any {
		return Floor
	}
	return lufs(mean)
}

const absoluteGate = -70.0 // LUFS

func lufs(power float64) float64 {
	if power <= 0 {
		return Floor
	}
	return max(Floor, -0.691+10*math.Log10(power))
}

// gated is the mean power of the blocks above a gate.
func gated(blocks []float64, gate float64) (mean float64, any bool) {
	sum, n := 0.0, 0
	for _, p := range blocks {
		if lufs(p) > gate {
			sum += p
			n++
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

// biquad is a filter of second order.
type biquad struct{ b0, b1, b2, a1, a2, z1, z2 float64 }

func (f *biquad) next(x float64) float64 {
	y := f.b0*x + f.z1
	f.z1 = f.b1*x - f.a1*y + f.z2
	f.z2 = f.b2*x - f.a2*y
	return y
}

// kWeighting makes the two filters of BS.1770 (tables 1 and 2) for a rate. Those
// tables are for 48 kHz; other rates have the same analogue filters by the bilinear
// transform, whose parameters follow from the tables (Mansbridge, Finn, Reiss:
// "Implementation and Evaluation of Autonomous Multi-track Fader Control", 2012).
func kWeighting(rate int) (shelf, high biquad) {
	k := math.Tan(math.Pi * 1681.974450955533 / float64(rate))
	q := 0.7071752369554196
	vh := math.Pow(10, 3.999843853973347/20)
	vb := math.Pow(vh, 0.4996667741545416)
	a0 := 1 + k/q + k*k
	shelf = biquad{b0: (vh + vb*k/q + k*k) / a0, b1: 2 * (k*k - vh) / a0, b2: (vh - vb*k/q + k*k) / a0, a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0}
	k = math.Tan(math.Pi * 38.13547087602444 / float64(rate))
	q = 0.5003270373238773
	a0 = 1 + k/q + k*k
	high = biquad{b0: 1, b1: -2, b2: 1, a1: 2 * (k*k - 1) / a0, a2: (1 - k/q + k*k) / a0}
	return shelf, high
}
