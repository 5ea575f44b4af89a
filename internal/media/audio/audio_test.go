package audio

import (
	"encoding/binary"
	"math"
	"syscall"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
)

// sine is a tone at any rate.
func sine(hz, dbfs float64, rate, n int) []int16 {
	pcm := make([]int16, n)
	amplitude := fullScale * math.Sqrt2 * math.Pow(10, dbfs/20)
	for i := range pcm {
		pcm[i] = int16(math.Round(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return pcm
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func TestTonesAreWhatTheySay(t *testing.T) {
	pcm := Tone{Hertz: []float64{700, 1900}, Level: -20, Length: time.Second}.PCM()
	if len(pcm) != Rate {
		t.Fatalf("%d samples", len(pcm))
	}
	for _, hz := range []float64{700, 1900} {
		if got := Power(pcm, hz); !near(got, -20, 0.1) {
			t.Errorf("%v Hz has %.2f dBFS", hz, got)
		}
	}
	if got := Power(pcm, 1100); got > -60 {
		t.Errorf("1100 Hz, which is not in it, has %.1f dBFS", got)
	}
	if got := Level(pcm); !near(got, -17, 0.1) {
		t.Errorf("the level is %.2f", got)
	}
	if Heard(pcm, 1100) || !Heard(sine(1100, -30, Rate, 800), 1100) {
		t.Error("Heard does not tell a tone from its absence")
	}
}

func TestRhythm(t *testing.T) {
	s := Tone{Hertz: []float64{425}, Rhythm: []time.Duration{40 * time.Millisecond, 60 * time.Millisecond}}.Source()
	for i := range 50 {
		var f Frame
		if !s.Next(&f) {
			t.Fatal("ended")
		}
		if on := Level(f[:]) > -40; on != (i%5 < 2) {
			t.Errorf("frame %d: sounds %v", i, on)
		}
	}
}

func TestSourcesRunOn(t *testing.T) {
	ramp := make([]int16, 250)
	for i := range ramp {
		ramp[i] = int16(i)
	}
	var f Frame
	clip := NewClip(ramp)
	for i, want := range []bool{true, true, false} {
		if got := clip.Next(&f); got != want {
			t.Errorf("frame %d of a clip of 250 samples: %v", i, got)
		}
		if i == 1 && (f[89] != 249 || f[90] != 0) {
			t.Errorf("its end: %v", f)
		}
	}
	loop := NewLoop(ramp, Duration(240))
	for i := range 5 {
		loop.Next(&f)
		for k, v := range f {
			if want := int16((240 + i*Samples + k) % 250); v != want {
				t.Fatalf("frame %d sample %d is %d, not %d", i, k, v, want)
			}
		}
	}
	s := &Sequence{NewClip(nil), NewClip(ramp[:10]), NewClip(ramp[100:110])}
	for _, want := range []int16{1, 101} {
		if !s.Next(&f) || f[1] != want {
			t.Errorf("a sequence lost the part with %d", want)
		}
	}
	if s.Next(&f) {
		t.Error("a sequence did not end")
	}
	if NewLoop(nil, 0).Next(&f) {
		t.Error("an empty loop must end, not hang")
	}
}

func TestMixHoldsAtFullScaleAndLeavesOut(t *testing.T) {
	var a, b, out Frame
	for i := range a {
		a[i], b[i] = 30000, 20000
	}
	var m Mix
	m.Add(&a)
	m.Add(&b)
	if m.Write(&out, nil); out[7] != math.MaxInt16 {
		t.Errorf("the sum is %d", out[7])
	}
	if m.Write(&out, &a); out[7] != 20000 {
		t.Errorf("without a it is %d", out[7])
	}
}

func TestResamplingKeepsSpeechAndStopsTheRest(t *testing.T) {
	for _, rate := range []int{11025, 16000, 22050, 44100, 48000} {
		for _, hz := range []float64{100, 300, 1000, 2500, 3400} {
			out := Resample(sine(hz, -20, rate, rate), rate, Rate)
			if len(out) != Rate {
				t.Errorf("%d Hz: %d samples of a second", rate, len(out))
			}
			if got := Power(out[400:7600], hz); !near(got, -20, 0.6) {
				t.Errorf("%d: %v Hz has %.2f dBFS, not -20", rate, hz, got)
			}
		}
		for _, hz := range []float64{4000, 4600, 5000, 5500} {
			out := Resample(sine(hz, -10, rate, rate), rate, Rate)
			if got := Level(out[400:7600]); got > -68 {
				t.Errorf("%d: %v Hz comes through as %.1f dBFS", rate, hz, got)
			}
		}
	}
	out := Resample(sine(1000, -20, Rate, Rate), Rate, 48000)
	if len(out) != 48000 {
		t.Errorf("%d samples", len(out))
	}
}

// stereo is a WAV file of two channels with an unknown chunk and a data chunk
// that claims more than there is.
func stereo(left, right []int16, rate int) []byte {
	b := WriteWAV(nil, rate)[:36]
	binary.LittleEndian.PutUint16(b[22:], 2)
	b = append(b, "LIST\x03\x00\x00\x00abc\x00data\xff\xff\xff\xff"...)
	for i := range left {
		b = binary.LittleEndian.AppendUint16(b, uint16(left[i]))
		b = binary.LittleEndian.AppendUint16(b, uint16(right[i]))
	}
	return b
}

func TestWAV(t *testing.T) {
	pcm, err := ReadWAV(WriteWAV(sine(1000, -20, 48000, 48000), 48000))
	if err != nil || len(pcm) != Rate || !near(Power(pcm[400:7600], 1000), -20, 0.3) {
		t.Errorf("mono: %v, %d samples, %.1f dBFS", err, len(pcm), Power(pcm, 1000))
	}
	pcm, err = ReadWAV(stereo(sine(1000, -20, 44100, 44100), sine(1800, -20, 44100, 44100), 44100))
	if err != nil || !near(Power(pcm[400:7600], 1000), -26, 0.3) || !near(Power(pcm[400:7600], 1800), -26, 0.3) {
		t.Errorf("stereo: %v", err)
	}
	good := WriteWAV(sine(1000, -20, Rate, 80), Rate)
	for name, change := range map[string]func([]byte) []byte{
		"empty":    func([]byte) []byte { return nil },
		"no RIFF":  func(b []byte) []byte { b[0] = 'X'; return b },
		"8 bits":   func(b []byte) []byte { b[34] = 8; return b },
		"float":    func(b []byte) []byte { b[20] = 3; return b },
		"channels": func(b []byte) []byte { b[22] = 6; return b },
		"rate":     func(b []byte) []byte { binary.LittleEndian.PutUint32(b[24:], 96000); return b },
		"no data":  func(b []byte) []byte { return b[:36] },
		"no sound": func(b []byte) []byte { return b[:44] },
	} {
		if _, err := ReadWAV(change(append([]byte(nil), good...))); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ReadWAV(WriteWAV(make([]int16, MaxWAV+1), Rate)); !errs.Is(err, errs.TooLarge) {
		t.Errorf("too long: %v", err)
	}
}

func TestLevelCheck(t *testing.T) {
	speech := append(make([]int16, 4*Rate), sine(500, -26, Rate, Rate)...) // mostly pause
	l := Measure(speech)
	if l.TooQuiet() || l.IsClipped() || !near(l.Active, -26, 0.2) || !near(l.Peak, -23, 0.2) {
		t.Errorf("good speech: %+v", l)
	}
	if l := Measure(sine(500, -42, Rate, Rate)); !l.TooQuiet() {
		t.Errorf("whispering: %+v", l)
	}
	loud := sine(500, -4, Rate, Rate)
	for i, v := range loud {
		loud[i] = int16(max(min(2*int(v), math.MaxInt16), math.MinInt16))
	}
	if l := Measure(loud); !l.IsClipped() {
		t.Errorf("torn: %+v", l)
	}
	if l := Measure(make([]int16, 100)); !l.TooQuiet() || l.Peak != Floor {
		t.Errorf("silence: %+v", l)
	}
}

func FuzzReadWAV(f *testing.F) {
	f.Add(WriteWAV(sine(1000, -20, Rate, 80), Rate))
	f.Add(stereo(sine(1000, -20, 16000, 80), sine(1000, -20, 16000, 80), 16000))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			t.Skip()
		}
		if pcm, err := ReadWAV(b); err == nil && (len(pcm) == 0 || len(pcm) > len(b)) {
			t.Errorf("%d samples of %d bytes", len(pcm), len(b))
		}
	})
}

func BenchmarkMixFour(b *testing.B) {
	var voices, out [4]Frame
	for k := range voices {
		copy(voices[k][:], sine(float64(400+100*k), -20, Rate, Samples))
	}
	b.ReportAllocs()
	before := cpuTime()
	for b.Loop() {
		var m Mix
		for k := range voices {
			m.Add(&voices[k])
		}
		for k := range voices {
			m.Write(&out[k], &voices[k])
		}
	}
	b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
}

// cpuTime is what the process has used, which means something on a busy machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
