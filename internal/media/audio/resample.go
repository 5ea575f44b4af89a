package audio

import (
	"math"
	"slices"
	"sync"
)

// Resample changes the rate of the samples by a Kaiser-windowed sinc filter:
// flat within 0.6 dB up to 0.425 of the lower rate (3.4 kHz at 8 kHz), at least
// 60 dB down at and above its half (4 kHz). Rates are whole and positive.
func Resample(pcm []int16, from, to int) []int16 {
	if from == to || len(pcm) == 0 {
		return pcm
	}
	common := gcd(from, to)
	up, down := to/common, from/common
	f := filterFor(from, to, up)
	out := make([]int16, (int64(len(pcm))*int64(up)+int64(down)-1)/int64(down))
	for i := range out {
		at := int64(i) * int64(down)
		whole, phase := int(at/int64(up)), int(at%int64(up))
		taps := f.taps[phase]
		first := whole - f.half + 1
		sum := 0.0
		for k := max(0, -first); k < len(taps) && first+k < len(pcm); k++ {
			sum += taps[k] * float64(pcm[first+k])
		}
		out[i] = int16(max(min(math.Round(sum), math.MaxInt16), math.MinInt16))
	}
	return out
}

// lowPass holds the filter's coefficients for each of the phases that an output
// sample may have between two input samples.
type lowPass struct {
	half int // taps on each side
	taps [][]float64
}

// filters are those of usual rates that were made so far, by rates: a filter
// costs more than what it does for a sentence. The rates of a stranger's file may
// be any, and are not kept.
var filters sync.Map

var usualRates = []int{8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000}

func filterFor(from, to, phases int) lowPass {
	rates := [2]int{from, to}
	if known, ok := filters.Load(rates); ok {
		return known.(lowPass)
	}
	f := newLowPass(from, to, phases)
	if slices.Contains(usualRates, from) && slices.Contains(usualRates, to) {
		filters.Store(rates, f)
	}
	return f
}

func newLowPass(from, to, phases int) lowPass {
	const (
		beta  = 6.5  // Kaiser: about 67 dB
		width = 4.25 // main lobe of that window, for a filter of one unit
	)
	lower := float64(min(from, to)) / float64(from) // of the input's rate
	pass, stop := 0.425*lower, 0.5*lower
	cut := (pass + stop) / 2
	half := int(math.Ceil(width / 2 / (stop - pass)))
	f := lowPass{half: half, taps: make([][]float64, phases)}
	for p := range f.taps {
		taps := make([]float64, 2*half)
		sum := 0.0
		for k := range taps {
			x := float64(k-half+1) - float64(p)/float64(phases)
			taps[k] = 2 * cut * sinc(2*cut*x) * kaiser(x/float64(half), beta)
			sum += taps[k]
		}
		for k := range taps { // each phase lets direct current through unchanged
			taps[k] /= sum
		}
		f.taps[p] = taps
	}
	return f
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// kaiser is the window at x in -1…1.
func kaiser(x, beta float64) float64 {
	if x < -1 || x > 1 {
		return 0
	}
	return bessel(beta*math.Sqrt(1-x*x)) / bessel(beta)
}

// bessel is the modified Bessel function of the first kind and order zero.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
