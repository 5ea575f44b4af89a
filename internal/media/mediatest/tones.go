package mediatest

import (
	"math"
	"time"

	"nubitalk/internal/media/audio"
)

// Keys as sound (ITU-T Q.23): each is a frequency of its row and one of its column.
var (
	rows    = [4]float64{697, 770, 852, 941}
	columns = [4]float64{1209, 1336, 1477, 1633}
)

const keypad = "123A456B789C*0#D"

// KeyTones is the sound of keys, 100 ms each with 60 ms of silence after it.
func KeyTones(keys string) (pcm []int16) {
	for _, k := range []byte(keys) {
		for i := range len(keypad) {
			if keypad[i] == k {
				pcm = append(pcm, audio.Tone{Hertz: []float64{rows[i/4], columns[i%4]}, Level: -12, Length: 100 * time.Millisecond}.PCM()...)
				pcm = append(pcm, make([]int16, 60*audio.Rate/1000)...)
			}
		}
	}
	return pcm
}

// Key sends keys as sound, and returns when they are sent. Nothing else may be said
// meanwhile.
func (p *Phone) Key(keys string) error {
	ticker := time.NewTicker(audio.FrameTime)
	defer ticker.Stop()
	for pcm := KeyTones(keys); len(pcm) >= audio.Samples; pcm = pcm[audio.Samples:] {
		<-ticker.C
		octets := make([]byte, audio.Samples)
		p.Agreed().Law.EncodeTo(octets, pcm[:audio.Samples])
		if err := p.Speak(octets); err != nil {
			return err
		}
	}
	return nil
}

// KeysIn finds the keys that sound has in it (Goertzel): both frequencies hold most
// of the power of 25 ms, in three windows that overlap by half. It finds more than a
// telephone exchange would, so that what it does not find is not there.
func KeysIn(pcm []int16) (keys string) {
	const window, step, least = 200, 100, 3
	last, seen := byte(0), 0
	for ; len(pcm) >= window; pcm = pcm[step:] {
		k := keyIn(pcm[:window])
		if k != last {
			last, seen = k, 0
		}
		if seen++; seen == least && k != 0 {
			keys += string(k)
		}
	}
	return keys
}

// keyIn is the key of a moment; 0 is none.
func keyIn(pcm []int16) byte {
	total := audio.Level(pcm)
	if total < -50 {
		return 0
	}
	r, row := strongest(pcm, rows)
	c, column := strongest(pcm, columns)
	if r < 0 || c < 0 || math.Abs(row-column) > 12 {
		return 0
	}
	// Of two tones alone, each is half of the power; Power says that of a sine's peak.
	if both := 10 * math.Log10(math.Pow(10, row/10)+math.Pow(10, column/10)); both < total-3 {
		return 0
	}
	return keypad[r*4+c]
}

// strongest is the frequency of four that is louder than the others by 6 dB, with its
// power; -1 is none.
func strongest(pcm []int16, hertz [4]float64) (best int, power float64) {
	var all [4]float64
	for i, hz := range hertz {
		all[i] = audio.Power(pcm, hz)
		if all[i] > all[best] {
			best = i
		}
	}
	for i := range all {
		if i != best && all[i] > all[best]-6 {
			return -1, 0
		}
	}
	return best, all[best]
}
