package audio

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
)

// tone is a sine at a rate; level is of its power in dBFS.
func tone(hertz, level float64, rate, n int) []int16 {
	pcm := make([]int16, n)
	amplitude := math.Sqrt2 * math.Pow(10, level/20) * fullScale
	for i := range pcm {
		pcm[i] = int16(max(math.MinInt16, min(math.MaxInt16, math.Round(amplitude*math.Sin(2*math.Pi*hertz*float64(i)/float64(rate))))))
	}
	return pcm
}

// The filters at 48 kHz are those of ITU-R BS.1770, tables 1 and 2.
func TestKWeightingIsThatOfTheTables(t *testing.T) {
	shelf, high := kWeighting(48000)
	for _, c := range []struct{ is, want float64 }{
		{shelf.b0, 1.53512485958697}, {shelf.b1, -2.69169618940638}, {shelf.b2, 1.19839281085285}, {shelf.a1, -1.69065929318241}, {shelf.a2, 0.73248077421585},
		{high.b0, 1}, {high.b1, -2}, {high.b2, 1}, {high.a1, -1.99004745483398}, {high.a2, 0.99007225036621},
	} {
		if math.Abs(c.is-c.want) > 1e-9 {
			t.Errorf("%v, want %v", c.is, c.want)
		}
	}
}

// A full-scale sine of 997 Hz in one channel is -3.01 LUFS (BS.1770, annex 1), at
// every rate; and EBU Tech 3341's signals for gating come to what they should, in
// one channel: 3 dB below the two of their descriptions.
func TestLoudnessOfKnownSignals(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 44100, 48000} {
		if is := IntegratedLoudness(tone(997, -3.01, rate, 5*rate), rate); math.Abs(is - -3.01) > 0.1 {
			t.Errorf("full scale at %d Hz: %.2f LUFS", rate, is)
		}
		if is := IntegratedLoudness(tone(1000, -23, rate, 20*rate), rate); math.Abs(is - -23) > 0.1 {
			t.Errorf("-23 at %d Hz: %.2f LUFS", rate, is)
		}
	}
	const rate = 48000
	parts := func(levels ...float64) (pcm []int16) {
		for i := 0; i < len(levels); i += 2 {
			pcm = append(pcm, tone(1000, levels[i], rate, int(levels[i+1]*rate))...)
		}
		return pcm
	}
	for name, c := range map[string]struct {
		pcm  []int16
		want float64
	}{
		// The relative gate leaves the quiet ends out (case 3), the absolute one what
		// is not meant to be heard (case 4), and neither what is only quieter (case 5).
		"case 3":          {parts(-36, 10, -23, 60, -36, 10), -23},
		"case 4":          {parts(-72, 10, -36, 10, -23, 60, -36, 10, -72, 10), -23},
		"case 5":          {parts(-26, 20, -20, 20.1, -26, 20), -23},
		"a short one":     {parts(-23, 0.2), -23},
		"silence":         {make([]int16, rate), Floor},
		"below the gate":  {parts(-75, 3), Floor},
		"nothing":         {nil, Floor},
		"short, silence":  {make([]int16, 10), Floor},
		"a low rumble":    {tone(20, -23, rate, 5*rate), -37},
		"a high whistle ": {tone(8000, -23, rate, 5*rate), -19.7},
	} {
		tolerance := 0.1
		if strings.HasPrefix(name, "a ") {
			tolerance = 1
		}
		if is := IntegratedLoudness(c.pcm, rate); math.Abs(is-c.want) > tolerance {
			t.Errorf("%s: %.2f LUFS, want %.2f", name, is, c.want)
		}
	}
}

// wav writes a file of any width.
func wav(rate, bits, channels int, samples ...int) []byte {
	var data []byte
	for _, v := range samples {
		switch bits {
		case 8:
			data = append(data, byte(v+128))
		case 16:
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		case 24:
			data = append(data, byte(v), byte(v>>8), byte(v>>16))
		}
	}
	b := []byte("RIFF\x00\x00\x00\x00WAVEfmt ")
	b = binary.LittleEndian.AppendUint32(b, 16)
	for _, v := range []int{1, channels} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(rate))
	b = binary.LittleEndian.AppendUint32(b, uint32(rate*channels*bits/8))
	for _, v := range []int{channels * bits / 8, bits} {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestSoundsOfAllWidthsAreRead(t *testing.T) {
	for _, c := range []struct {
		file []byte
		want []int16
	}{
		{wav(8000, 8, 1, 0, 1, -1, 127, -128), []int16{0, 256, -256, 127 * 256, -32768}},
		{wav(16000, 16, 1, 0, 1, -1, 32767, -32768), []int16{0, 1, -1, 32767, -32768}},
		{wav(48000, 24, 1, 0, 256, -256, 1<<23-1, -1<<23, 127, 128), []int16{0, 1, -1, 32767, -32768, 0, 1}},
		{wav(44100, 16, 2, 100, 200, -100, -300), []int16{150, -200}},
		{wav(44100, 24, 2, 256, 512, 0, 0), []int16{2, 0}},
	} {
		s, err := ReadSound(c.file)
		if err != nil || fmt.Sprint(s.PCM) != fmt.Sprint(c.want) {
			t.Errorf("%v, %v; want %v", s.PCM, err, c.want)
		}
	}
}

func TestWhatIsNoSoundIsRefusedWithItsReason(t *testing.T) {
	float := wav(8000, 16, 1, 1, 2)
	float[20] = 3
	long := wav(8000, 8, 1)
	long = append(long, make([]byte, MaxSoundSeconds*8000+1)...)
	binary.LittleEndian.PutUint32(long[40:], MaxSoundSeconds*8000+1)
	for want, file := range map[string][]byte{
		"not a WAV file": []byte("hello"), "an MP3 file": []byte("ID3\x04abcdefghijkl"), "an Ogg file": []byte("OggS0000000000000"), "an MP4 or M4A file": []byte("\x00\x00\x00\x20ftypM4A "),
		"coded otherwise": float, "one or two channels": wav(8000, 16, 3, 1, 2, 3), "8,000": wav(96000, 16, 1, 1), "no sound": wav(8000, 16, 1),
		"longer than": long, "larger than": make([]byte, MaxSoundBytes+1), "damaged": wav(8000, 16, 1)[:30],
	} {
		_, err := ReadSound(file)
		if err == nil || !strings.Contains(fmt.Sprintf("%v %+v", err, err), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestALevelCheckTellsWhatIsWrong(t *testing.T) {
	rate := 16000
	silence := func(seconds float64) []int16 { return make([]int16, int(seconds*float64(rate))) }
	join := func(parts ...[]int16) (pcm []int16) {
		for _, p := range parts {
			pcm = append(pcm, p...)
		}
		return pcm
	}
	quiet := Sound{Rate: rate, PCM: join(silence(2), tone(1000, -40, rate, 3*rate), silence(4))}
	c := CheckSound(quiet)
	if math.Abs(c.Loudness - -40) > 0.5 || math.Abs(c.Lead-2) > 0.03 || math.Abs(c.Tail-4) > 0.03 || math.Abs(c.Peak - -37) > 0.1 || c.Clipped != 0 || c.Seconds != 9 {
		t.Errorf("%+v", c)
	}
	right := MakeRight(quiet)
	after := CheckSound(quiet.Adjusted(right))
	if math.Abs(after.Loudness-TargetLoudness) > 0.5 || after.Lead > 0.13 || after.Tail > 0.33 {
		t.Errorf("made right: %+v by %+v", after, right)
	}
	if all := CheckSound(Sound{Rate: rate, PCM: silence(1)}); all.Lead != 1 || all.Tail != 0 || all.Loudness != Floor {
		t.Errorf("silence: %+v", all)
	}
	if (MakeRight(Sound{Rate: rate, PCM: silence(1)}) != Adjust{}) {
		t.Error("silence was adjusted")
	}
}

// A quiet sound with a loud click comes as near as it can: nothing passes MostPeak,
// neither as stored nor as callers hear it.
func TestMakingRightNeverClips(t *testing.T) {
	for _, rate := range []int{8000, 22050, 48000} {
		pcm := tone(440, -45, rate, 3*rate)
		for i := range 8 {
			pcm[rate+i] = int16(29000 * (1 - 2*(i%2)))
		}
		s := Sound{Rate: rate, PCM: pcm}
		a := MakeRight(s)
		for what, is := range map[string]float64{"as stored": peak(s.Adjusted(a).PCM), "as heard": peak(s.Heard(a))} {
			if is > MostPeak+0.05 {
				t.Errorf("%s, %d Hz: %.2f dBFS", what, rate, is)
			}
		}
	}
}

func TestClippingIsFoundBeforeChannelsAreMixed(t *testing.T) {
	samples := []int{}
	for range 100 { // one channel is torn, the other silent
		samples = append(samples, 32767, 0)
	}
	s, err := ReadSound(wav(8000, 16, 2, samples...))
	if err != nil || math.Abs(s.Clipped-0.5) > 1e-9 {
		t.Errorf("%v, %v", s.Clipped, err)
	}
	s, err = ReadSound(wav(8000, 16, 1, 32767, 32767, 0, -32768, -32768, 0))
	if err != nil || s.Clipped != 0 {
		t.Errorf("peaks: %v, %v", s.Clipped, err)
	}
}

func TestAWaveformShowsTheParts(t *testing.T) {
	pcm := append(make([]int16, 500), tone(100, -9, 8000, 500)...)
	w := Waveform(pcm, 10)
	for i, v := range w {
		if (i < 5) != (v == 0) {
			t.Fatalf("%v", w)
		}
	}
	if len(Waveform(nil, 10)) != 10 || len(Waveform(pcm[:3], 10)) != 10 {
		t.Error("a short sound has another number of parts")
	}
}

func FuzzReadSound(f *testing.F) {
	f.Add(wav(8000, 8, 1, 0, 1, 2))
	f.Add(wav(48000, 24, 2, 0, 1, 2, 3))
	f.Add([]byte("RIFF\x00\x00\x00\x00WAVEfmt \xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadSound(b)
		if err != nil {
			return
		}
		if s.Rate < 8000 || s.Rate > 48000 || len(s.PCM) == 0 || s.Clipped < 0 || s.Clipped > 1 {
			t.Fatalf("%d Hz, %d samples, %v", s.Rate, len(s.PCM), s.Clipped)
		}
		c := CheckSound(s)
		if math.IsNaN(c.Loudness) || math.IsInf(c.Loudness, 0) || c.Lead < 0 || c.Tail < 0 || c.Lead+c.Tail > c.Seconds+0.001 {
			t.Fatalf("%+v", c)
		}
	})
}
