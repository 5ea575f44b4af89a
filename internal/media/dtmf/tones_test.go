package dtmf

import (
	"math"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

// pressing is a key as sound. What is left out is as it should be: -10 dBm0 each, 60 ms.
type pressing struct {
	key          byte
	low, high    float64       // dBm0 of each tone
	offLow       float64       // share of its frequency that it is beside it
	offHigh      float64       //
	length       time.Duration // of the tone
	cutAt, cutBy time.Duration // an interruption
}

func pressOf(key byte) pressing {
	return pressing{key: key, low: -10, high: -10, length: 60 * time.Millisecond}
}

func samples(d time.Duration) int { return int(d * audio.Rate / time.Second) }

// sound is silence for a while, the key, and silence again.
func (p pressing) sound(lead int) []float64 {
	at := strings.IndexByte(layout, p.key)
	amplitude := func(dBm0 float64) float64 { return 32768 * math.Pow(10, (dBm0-3.14)/20) }
	pcm := make([]float64, lead+samples(p.length)+samples(60*time.Millisecond))
	for n := range samples(p.length) {
		if n >= samples(p.cutAt) && n < samples(p.cutAt+p.cutBy) {
			continue
		}
		at1 := 2 * math.Pi * low[at/4] * (1 + p.offLow) * float64(n) / audio.Rate
		at2 := 2*math.Pi*high[at%4]*(1+p.offHigh)*float64(n)/audio.Rate + 1
		pcm[lead+n] = amplitude(p.low)*math.Sin(at1) + amplitude(p.high)*math.Sin(at2)
	}
	return pcm
}

// coded is sound as it comes through a telephone network.
func coded(law g711.Law, pcm []float64) []int16 {
	out := make([]int16, len(pcm))
	for i, v := range pcm {
		out[i] = law.Decode(law.Encode(int16(max(-32768, min(32767, v)))))
	}
	return out
}

// tonesIn are the keys that are heard in sound.
func tonesIn(pcm []int16) (all string) {
	var r Tones
	for ; len(pcm) > 0; pcm = pcm[min(audio.Samples, len(pcm)):] {
		if k, ok := r.Push(pcm[:min(audio.Samples, len(pcm))]); ok {
			all += string(k)
		}
	}
	return all
}

// everywhere holds what is heard against what should be, for each key, in both laws,
// wherever the looks happen to be.
func everywhere(t *testing.T, what string, want func(byte) string, sound func(key byte, lead int) []float64) {
	t.Helper()
	for _, key := range []byte(keys) {
		for lead := 0; lead < hop; lead += 7 {
			for _, law := range []g711.Law{g711.A, g711.Mu} {
				if got := tonesIn(coded(law, sound(key, lead))); got != want(key) {
					t.Fatalf("%s: %c after %d samples in %v is heard as %q", what, key, lead, law, got)
				}
			}
		}
	}
}

func once(key byte) string  { return string(key) }
func twice(key byte) string { return string(key) + string(key) }
func never(byte) string     { return "" }

// What ITU-T Q.24 asks of a receiver.
func TestTonesAreHeardAsTheyMayBe(t *testing.T) {
	for what, p := range map[string]struct {
		want func(byte) string
		mod  func(*pressing)
	}{
		"as it should be":          {once, func(*pressing) {}},
		"40 ms":                    {once, func(p *pressing) { p.length = 40 * time.Millisecond }},
		"23 ms":                    {never, func(p *pressing) { p.length = 23 * time.Millisecond }},
		"three seconds":            {once, func(p *pressing) { p.length = 3 * time.Second }},
		"as loud as can be":        {once, func(p *pressing) { p.low, p.high = -3, -3 }},
		"quiet":                    {once, func(p *pressing) { p.low, p.high = -25, -25 }},
		"too quiet":                {never, func(p *pressing) { p.low, p.high = -55, -55 }},
		"the high tone louder":     {once, func(p *pressing) { p.high = p.low + 4 }},
		"the low tone louder":      {once, func(p *pressing) { p.low = p.high + 8 }},
		"the high much louder":     {never, func(p *pressing) { p.low = p.high - 9 }},
		"the low much louder":      {never, func(p *pressing) { p.high = p.low - 13 }},
		"1.5 % above":              {once, func(p *pressing) { p.offLow, p.offHigh = .015, .015 }},
		"1.5 % below":              {once, func(p *pressing) { p.offLow, p.offHigh = -.015, -.015 }},
		"1.5 % apart":              {once, func(p *pressing) { p.offLow, p.offHigh = -.015, .015 }},
		"1.5 % apart, and twisted": {once, func(p *pressing) { p.offLow, p.offHigh, p.high = .015, -.015, -18 }},
		"1.5 %, 40 ms, quiet": {once, func(p *pressing) {
			p.offLow, p.offHigh, p.low, p.high, p.length = .015, .015, -25, -25, 40*time.Millisecond
		}},
		"3.5 % above":          {never, func(p *pressing) { p.offLow = .035 }},
		"3.5 % below":          {never, func(p *pressing) { p.offLow = -.035 }},
		"the high 3.5 % above": {never, func(p *pressing) { p.offHigh = .035 }},
		"the high 3.5 % below": {never, func(p *pressing) { p.offHigh = -.035 }},
		"interrupted for 10 ms": {once, func(p *pressing) {
			p.length, p.cutAt, p.cutBy = 110*time.Millisecond, 50*time.Millisecond, 9*time.Millisecond
		}},
		"a pause of 40 ms": {twice, func(p *pressing) {
			p.length, p.cutAt, p.cutBy = 140*time.Millisecond, 50*time.Millisecond, 40*time.Millisecond
		}},
		"the low tone alone":  {never, func(p *pressing) { p.high = -90 }},
		"the high tone alone": {never, func(p *pressing) { p.low = -90 }},
	} {
		everywhere(t, what, p.want, func(key byte, lead int) []float64 {
			one := pressOf(key)
			p.mod(&one)
			return one.sound(lead)
		})
	}
}

// Ten keys a second, each 40 ms long, as the quickest diallers send them; and the same
// with noise 15 dB below them.
func TestAQuickRowOfTones(t *testing.T) {
	const number = "4929123412341238A0B9C8D7*#"
	for _, noise := range []float64{math.Inf(-1), -10 - 15 + 3} {
		random := rand.New(rand.NewPCG(1, 2))
		sigma := 32768 / math.Sqrt2 * math.Pow(10, (noise-3.14)/20)
		for lead := range 80 {
			pcm := make([]float64, lead)
			for _, k := range []byte(number) {
				p := pressOf(k)
				p.length = 45 * time.Millisecond
				pcm = append(pcm, p.sound(0)[:samples(93*time.Millisecond)]...)
			}
			pcm = append(pcm, make([]float64, 400)...)
			for i := range pcm {
				pcm[i] += random.NormFloat64() * sigma
			}
			if got := tonesIn(coded(g711.A, pcm)); got != number {
				t.Fatalf("after %d samples, noise %v: %q", lead, noise, got)
			}
		}
	}
}

// A packet that is lost cuts no press in two.
func TestALostPacketOfATone(t *testing.T) {
	for lost := range 6 {
		p := pressOf('7')
		p.length = 120 * time.Millisecond
		pcm := coded(g711.A, p.sound(0))
		var r Tones
		got := ""
		for at := 0; at+audio.Samples <= len(pcm); at += audio.Samples {
			if at == lost*audio.Samples {
				continue
			}
			if k, ok := r.Receive(uint32(at)-500, pcm[at:at+audio.Samples]); ok {
				got += string(k)
			}
		}
		if got != "7" {
			t.Errorf("packet %d is lost: %q", lost, got)
		}
	}
}

// What comes late or twice is no second press; a pause in which nothing is sent is one.
func TestTonesInPackets(t *testing.T) {
	p := pressOf('7')
	p.length = 120 * time.Millisecond
	pcm := coded(g711.A, p.sound(0))[:samples(p.length)]
	for what, c := range map[string]struct {
		second int64 // samples from the beginning of the first press to that of the second
		want   string
	}{
		"twice":          {0, "7"},
		"a pause unsent": {int64(len(pcm)) + 480, "77"},
		"another source": {-1 << 20, "77"},
	} {
		var r Tones
		got := ""
		for _, from := range []int64{1 << 30, 1<<30 + c.second} {
			for at := 0; at+audio.Samples <= len(pcm); at += audio.Samples {
				if k, ok := r.Receive(uint32(from+int64(at)), pcm[at:at+audio.Samples]); ok {
					got += string(k)
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// What people say is no key: half an hour of speech of high and low voices in several
// languages.
func TestSpeechIsNoTone(t *testing.T) {
	speaker, err := exec.LookPath("espeak-ng")
	if err != nil {
		t.Fatal("espeak-ng is missing; scripts/need espeak-ng installs it")
	}
	const words = "My number is four nine two nine, one two three four, and I should like to pay now. Yes. Uh, no! Eu queria saber quando chega a minha encomenda, por favor. " +
		"Olá, bom dia! Sim. Dois, três, oito, nove. ¿Dónde está? Wie geht es Ihnen? Où êtes-vous? We see three sheep near the green tree; you knew who threw the blue shoe. Oooh! Aaaah! Eeee!"
	spoken := time.Duration(0)
	for _, voice := range []string{"en-gb", "en-us", "pt", "pt-br", "es", "fr", "de", "it"} {
		for _, kind := range []string{"", "+f2", "+f4", "+m3"} {
			for _, pitch := range []string{"20", "50", "90"} {
				c := exec.CommandContext(t.Context(), speaker, "-v", voice+kind, "-p", pitch, "-a", "190", "-b", "1", "--stdin", "--stdout")
				c.Stdin = strings.NewReader(words)
				wav, err := c.Output()
				if err != nil {
					t.Fatal(err)
				}
				pcm, err := audio.ReadWAV(wav)
				if err != nil {
					t.Fatal(err)
				}
				spoken += audio.Duration(int64(len(pcm)))
				if got := tonesIn(pcm); got != "" {
					t.Errorf("%s%s at pitch %s: %q", voice, kind, pitch, got)
				}
			}
		}
	}
	if spoken < 30*time.Minute {
		t.Errorf("only %v was spoken", spoken)
	}
	t.Logf("%v of speech", spoken)
}

// How sound is cut into packets changes nothing.
func TestTonesOfAnyPackets(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var pcm []int16
	for _, k := range []byte(keys) {
		pcm = append(pcm, coded(g711.Mu, pressOf(k).sound(random.IntN(300)))...)
	}
	for range 50 {
		var r Tones
		got := ""
		for rest := pcm; len(rest) > 0; {
			n := min(1+random.IntN(320), len(rest))
			if k, ok := r.Push(rest[:n]); ok {
				got += string(k)
			}
			rest = rest[n:]
		}
		if got != keys {
			t.Fatalf("%q", got)
		}
	}
}

func FuzzTones(f *testing.F) {
	f.Add([]byte{1, 2, 3, 255})
	f.Add([]byte(strings.Repeat("\x00\x7f\xff\x80", 500)))
	f.Fuzz(func(t *testing.T, b []byte) {
		pcm := make([]int16, len(b))
		g711.A.DecodeTo(pcm, b)
		if got := tonesIn(pcm); len(got) > len(pcm)/(looks*hop) || strings.Trim(got, keys) != "" {
			t.Errorf("%d keys of %d samples: %q", len(got), len(pcm), got)
		}
	})
}

func TestHearingTonesAllocatesNothing(t *testing.T) {
	pcm := coded(g711.A, pressOf('5').sound(0))
	var r Tones
	if n := testing.AllocsPerRun(100, func() { r.Push(pcm[:audio.Samples]) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// A packet of 20 ms: of a key, and of silence.
func BenchmarkTones(b *testing.B) {
	for name, pcm := range map[string][]int16{"key": coded(g711.A, pressOf('5').sound(0)), "silence": make([]int16, audio.Samples)} {
		b.Run(name, func(b *testing.B) {
			var r Tones
			b.ReportAllocs()
			for b.Loop() {
				r.Push(pcm[:audio.Samples])
			}
		})
	}
}
