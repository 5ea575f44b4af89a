package voice

import (
	"math"
	"sync"

	"nubitalk/internal/media/audio"
)

// waitingMusic is what callers hear who wait: sixteen bars of quiet broken
// chords, made here, so that nobody else's rights are touched.
var waitingMusic = sync.OnceValue(func() []int16 {
	const beat = audio.Rate * 3 / 8 // 160 notes a minute
	chords := [][]int{{48, 55, 60, 64, 67}, {45, 52, 57, 60, 64}, {41, 48, 53, 57, 60}, {43, 50, 55, 59, 62}}
	pattern := []int{0, 2, 3, 4, 3, 2, 3, 1}
	notes := 4 * len(chords) * len(pattern)
	sum := make([]float64, notes*beat)
	for bar := range 4 * len(chords) {
		chord := chords[bar%len(chords)]
		for i, p := range pattern {
			octave := 12
			if bar >= 8 && i%4 == 3 { // the second half answers an octave above
				octave = 24
			}
			ring(sum, (bar*len(pattern)+i)*beat, chord[p]+octave, 0.16)
		}
		ring(sum, bar*len(pattern)*beat, chord[0], 0.22)
	}
	pcm := make([]int16, len(sum))
	for i, v := range sum {
		pcm[i] = int16(max(-1, min(1, v)) * 16000)
	}
	return pcm
})

// ring adds a struck note (MIDI number) that fades away; its tail wraps round to
// the beginning, so that the loop has no seam.
func ring(sum []float64, at, note int, loud float64) {
	hertz := 440 * math.Pow(2, float64(note-69)/12)
	const length = 2 * audio.Rate
	for i := range length {
		t := float64(i) / audio.Rate
		fade := math.Exp(-2.2*t) * math.Min(1, float64(i)/80) * math.Min(1, float64(length-i)/800)
		v := math.Sin(2*math.Pi*hertz*t) + 0.3*math.Sin(4*math.Pi*hertz*t)*math.Exp(-3*t)
		sum[(at+i)%len(sum)] += loud * fade * v
	}
}

// noticeTone tells those who talk that a supervisor listens: two short tones.
var noticeTone = sync.OnceValue(func() []int16 {
	pcm := make([]int16, audio.Rate/2)
	for i := range pcm {
		if part := i * 8 / len(pcm); part == 0 || part == 2 {
			pcm[i] = int16(6000 * math.Sin(2*math.Pi*1400*float64(i)/audio.Rate))
		}
	}
	return pcm
})

// arrivalTone tells an agent who was not asked that a call begins.
var arrivalTone = sync.OnceValue(func() []int16 {
	pcm := make([]int16, audio.Rate/2)
	for i := range pcm {
		fade := math.Min(1, math.Min(float64(i), float64(len(pcm)-i))/80)
		pcm[i] = int16(6000 * fade * math.Sin(2*math.Pi*1000*float64(i)/audio.Rate))
	}
	return pcm
})

// ringTone is what an agent hears while a person is rung: one second in five
// (ETSI TR 101 041-2).
var ringTone = sync.OnceValue(func() []int16 {
	pcm := make([]int16, 5*audio.Rate)
	for i := range pcm[:audio.Rate] {
		pcm[i] = int16(5000 * math.Sin(2*math.Pi*425*float64(i)/audio.Rate))
	}
	return pcm
})
