package opus_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/tphakala/go-opus/oggopus"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/opus"
)

func made(t *testing.T, pcm []int16, step int) []byte {
	t.Helper()
	var b bytes.Buffer
	f, err := opus.New(&b)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(pcm) > 0; pcm = pcm[min(step, len(pcm)):] {
		if err := f.Write(pcm[:min(step, len(pcm))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is written is read by another reader of the form, as long as it was, with its tones
// at their times; and is the same however it comes.
func TestAFile(t *testing.T) {
	for _, length := range []time.Duration{0, 7 * time.Millisecond, 20 * time.Millisecond, 990 * time.Millisecond, 3*time.Second + 125*time.Microsecond} {
		pcm := make([]int16, audio.SamplesIn(length))
		third := len(pcm) / 3
		copy(pcm[third:], audio.Tone{Hertz: []float64{500}, Level: -12, Length: length}.PCM()[:third])
		copy(pcm[2*third:], audio.Tone{Hertz: []float64{1300}, Level: -12, Length: length}.PCM()[:third])
		file := made(t, pcm, 160)
		if !bytes.Equal(file, made(t, pcm, 1000)) {
			t.Errorf("%v: in larger steps it is another", length)
		}
		d, err := oggopus.NewDecoder(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(d)
		if err != nil {
			t.Fatalf("%v: %v", length, err)
		}
		heard := make([]int16, len(raw)/2/6) // of 48 kHz
		for i := range heard {
			heard[i] = int16(uint16(raw[12*i]) | uint16(raw[12*i+1])<<8)
		}
		if len(raw) != 2*6*len(pcm) {
			t.Fatalf("%v: %d octets of %d samples", length, len(raw), len(pcm))
		}
		if length < time.Second {
			continue
		}
		for i, hertz := range []float64{0, 500, 1300} {
			part := heard[i*third+400 : (i+1)*third-400]
			for _, other := range []float64{500, 1300} {
				level := audio.Power(part, other)
				if is := hertz == other; is && (level < -13 || level > -11) || !is && level > -45 {
					t.Errorf("part %d has %v Hz at %.1f dB", i, other, level)
				}
			}
		}
		if most := int(length.Seconds()*opus.Bits/8) + 2000; len(file) > most {
			t.Errorf("%d octets for %v", len(file), length)
		}
	}
}
