package mediatest_test

import (
	"math/rand/v2"
	"testing"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
	"nubitalk/internal/media/mediatest"
)

// The decoder finds each key, loud and quiet, in either law, and none in other sound.
func TestKeysAreFoundInSound(t *testing.T) {
	const keys = "1234567890*#ABCD1155"
	for _, law := range []g711.Law{g711.A, g711.Mu} {
		for _, shift := range []int{0, 2, 4} { // 12 dB each
			pcm := mediatest.KeyTones(keys)
			octets := make([]byte, len(pcm))
			for i := range pcm {
				pcm[i] >>= shift
			}
			law.EncodeTo(octets, pcm)
			law.DecodeTo(pcm, octets)
			if got := mediatest.KeysIn(pcm[37:]); got != keys {
				t.Errorf("law %v, %d dB down: %q", law, shift*6, got)
			}
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]int16, 60*audio.Rate)
	for i := range noise {
		noise[i] = int16(random.IntN(1<<16) - 1<<15)
	}
	if got := mediatest.KeysIn(noise); got != "" {
		t.Errorf("in noise: %q", got)
	}
	for _, hertz := range [][]float64{{500}, {697}, {1209}, {697, 770}, {440, 880, 1320}} {
		if got := mediatest.KeysIn(audio.Tone{Hertz: hertz, Level: -12, Length: 1e9}.PCM()); got != "" {
			t.Errorf("in %v Hz: %q", hertz, got)
		}
	}
}
