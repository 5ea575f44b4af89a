package media

import (
	"testing"
	"time"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// The time line of a party whose clock stood still is set right within a second, so that
// what it says does not come too late for ever; that packets are late now and then sets
// nothing, and each keeps its place.
func TestATimeLineThatLagsIsSetRight(t *testing.T) {
	play := func(lag func(frame int) time.Duration, still time.Duration) (behind []int64, moved int) {
		l := &line{}
		var now time.Duration
		expected := int64(-1)
		l.taps = []*tap{{show: func(f TapFrame) {
			behind = append(behind, audio.SamplesIn(now)-f.At)
			if expected >= 0 && f.At != expected {
				moved++
			}
			expected = f.At + int64(len(f.Octets))
		}}}
		octets := make([]byte, audio.Samples)
		for i := range 300 {
			at := time.Duration(i) * audio.FrameTime
			if i >= 100 {
				at += still
			}
			now = at + lag(i)
			l.showTaps(In, g711.A, octets, uint32(1000+i*audio.Samples), now)
		}
		return behind, moved
	}
	for _, still := range []time.Duration{150 * time.Millisecond, 300 * time.Millisecond, 480 * time.Millisecond} {
		behind, moved := play(func(int) time.Duration { return 0 }, still)
		if got := behind[100]; got != audio.SamplesIn(still) {
			t.Errorf("%v: it lags by %d at first", still, got)
		}
		for i, b := range behind[100+2*lagFrames:] {
			if b > mostLag {
				t.Fatalf("%v: frame %d is %d behind", still, i, b)
			}
		}
		if moved != 1 {
			t.Errorf("%v: it was set %d times", still, moved)
		}
	}
	jitter := func(i int) time.Duration { return time.Duration(i*37%150) * time.Millisecond }
	if _, moved := play(jitter, 0); moved != 0 {
		t.Errorf("packets that are late set it %d times", moved)
	}
}
