package dtmf

import (
	"math"

	"nubitalk/internal/media/audio"
)

// What is taken for a key as sound: frequencies of ITU-T Q.23; of ITU-T Q.24, table
// A.1, what AT&T's column asks for, with a wider twist.
const (
	window = 160 // samples that are looked at together (20 ms)
	hop    = 80  // samples from one look to the next (10 ms)

	quietest   = -32.0 // dBm0 of each tone: -25 has to be taken, -55 must not
	highLouder = 6.0   // dB of the high tone above the low: 4 have to be taken
	lowLouder  = 10.0  // dB of the low tone above the high: 8 have to be taken
	offBy      = 0.025 // of a frequency: 1.5 % has to be taken, 3.5 % must not
	clean      = 0.7   // share of the power that the two tones have in each look: at its edges some of a press is missing
	pure       = 0.88  // and in the middle of a press: noise 15 dB below leaves 0.97, voices have less
	held       = 0.6   // share that is left of it at 1.5 % beside, while the key stays down
	steady     = 2.3   // dB between the looks of a press
	looks      = 3     // that make a press: 40 ms have to be taken, 23 ms must not
	misses     = 4     // that end one: a pause of 40 ms has to, one of 10 ms must not
)

var (
	low  = [4]float64{697, 770, 852, 941}
	high = [4]float64{1209, 1336, 1477, 1633}
)

const layout = "123A456B789C*0#D" // by rows and columns

// Tones hears keys that come as sound. The zero value is ready.
type Tones struct {
	sound [window]float32
	have  int // samples in it

	last     look // the one before
	run      int  // looks in a row that are one press
	quietest float64
	loudest  float64
	purest   float64
	placed   bool   // something came
	next     uint32 // timestamp of what should come next

	down   byte // the key that is pressed, until it is released
	missed int  // looks in a row without it
}

// look is what a window holds. key is 0 where it can be none.
type look struct {
	key    byte
	powers [2]float64 // of the low and the high tone, mean squares
	phases [2]float64 // at the window's beginning
	hertz  [2]float64 // that they were looked for at
	total  float64    // power of all that the window holds
}

// Time that is missing, in samples.
const (
	lost  = 2 * audio.Samples // at most, of packets that went lost; more is a pause that nobody sent
	moved = audio.Rate        // that a time line jumps by, when it is another one
)

// Receive takes a packet of sound, and says whether a key was pressed in it. A press is
// told once, as soon as it has lasted for 40 ms. What comes late or twice is left out;
// so is a packet that was lost, of which nobody knows whether it was the key.
func (t *Tones) Receive(timestamp uint32, pcm []int16) (key byte, pressed bool) {
	since := int32(timestamp - t.next)
	switch {
	case t.placed && since < 0 && since > -moved:
		return 0, false
	case !t.placed || since < 0 || since > lost:
		*t = Tones{placed: true}
	}
	t.next = timestamp + uint32(len(pcm))
	return t.Push(pcm)
}

// Push takes the samples that follow, at most 40 ms of them, as Receive does.
func (t *Tones) Push(pcm []int16) (key byte, pressed bool) {
	for len(pcm) > 0 {
		n := min(window-t.have, len(pcm))
		for i, v := range pcm[:n] {
			t.sound[t.have+i] = float32(v)
		}
		t.have += n
		pcm = pcm[n:]
		if t.have < window {
			break
		}
		if k := t.step(t.look()); k != 0 {
			key, pressed = k, true
		}
		t.have = copy(t.sound[:], t.sound[hop:])
	}
	return key, pressed
}

// step takes the next look, and gives a key once it is pressed.
func (t *Tones) step(l look) (pressed byte) {
	level := l.level()
	share, goesOn := l.goesOnFrom(t.last)
	least, most := min(t.quietest, level), max(t.loudest, level)
	if t.run > 0 && most-least > steady { // the first look may have missed the beginning
		t.run, t.purest, least, most = 1, 0, min(t.last.level(), level), max(t.last.level(), level)
	}
	switch {
	case l.key == 0:
		t.run = 0
	case t.run > 0 && goesOn && most-least <= steady:
		t.run++
		t.quietest, t.loudest, t.purest = least, most, max(t.purest, share)
	default:
		t.run, t.quietest, t.loudest, t.purest = 1, level, level, 0
	}
	t.last = l
	if t.down != 0 && l.key == t.down && l.powers[0]+l.powers[1] >= held*l.total {
		t.missed = 0
		return 0
	}
	if t.missed++; t.missed >= misses {
		t.down = 0
	}
	if t.run < looks || t.purest < pure {
		return 0
	}
	t.down, t.missed = l.key, 0
	return l.key
}

// level is that of both tones together.
func (l look) level() float64 { return decibel(l.powers[0] + l.powers[1]) }

// goesOnFrom says whether a look and the one before hold the same two tones, at the
// frequencies that they should have, and little else; and which share of its power they
// have. How far a phase went from one to the other tells a frequency to a few hertz.
func (l look) goesOnFrom(before look) (share float64, ok bool) {
	if l.key != before.key || l.key == 0 {
		return 0, false
	}
	var now, then float64
	for i, hz := range l.hertz {
		turns := (l.phases[i]-before.phases[i])/(2*math.Pi) - hz*hop/audio.Rate
		off := (turns - math.Round(turns)) * audio.Rate / hop
		if math.Abs(off) > offBy*hz {
			return 0, false
		}
		found := seen(off)
		now += l.powers[i] / found
		then += before.powers[i] / found
	}
	return now / l.total, now >= clean*l.total && then >= clean*before.total
}

// seen is the share of a tone's power that is found at so many hertz beside it: the
// main lobe of a Hann window.
func seen(off float64) float64 {
	x := off * window / audio.Rate
	if math.Abs(x) < 1e-6 {
		return 1
	}
	a := math.Sin(math.Pi*x) / (math.Pi * x) / (1 - x*x)
	return a * a
}

// look says what the window holds.
func (t *Tones) look() (l look) {
	var power float32
	for n, v := range &t.sound {
		power += v * v * waves.squared[n]
	}
	if l.total = float64(power); decibel(l.total) < quietest {
		return l
	}
	low, high := t.strongest(0), t.strongest(4)
	l.powers = [2]float64{low.power, high.power}
	l.phases = [2]float64{low.phase(), high.phase()}
	l.hertz = [2]float64{low.hertz(), high.hertz()}
	a, b := decibel(low.power), decibel(high.power)
	if a >= quietest && b >= quietest && b-a <= highLouder && a-b <= lowLouder {
		l.key = layout[low.at*4+high.at-4]
	}
	return l
}

// heard is one of the eight tones, as a window has it.
type heard struct {
	at     int
	power  float64 // mean square
	re, im float64
}

func (h heard) phase() float64 { return math.Atan2(h.im, h.re) }
func (h heard) hertz() float64 { return hertz(h.at) }

// strongest is the loudest of four tones.
func (t *Tones) strongest(from int) (best heard) {
	best.at = from
	for i := from; i < from+4; i++ {
		w := &waves.tones[i]
		var re, im float32
		for n, v := range &t.sound {
			re += v * w[0][n]
			im += v * w[1][n]
		}
		h := heard{at: i, re: float64(re), im: float64(im)}
		if h.power = (h.re*h.re + h.im*h.im) / 2; h.power > best.power {
			best = h
		}
	}
	return best
}

// hertz is the frequency of one of the eight tones.
func hertz(i int) float64 {
	if i < len(low) {
		return low[i]
	}
	return high[i-len(low)]
}

// decibel is a mean square of samples as a level in dBm0: a sine at full scale has 3.14
// (ITU-T G.711).
func decibel(power float64) float64 {
	return 10*math.Log10(max(power, 1e-9)*2/(32768*32768)) + 3.14
}

// waves are the eight tones under a Hann window, scaled so that they give a tone's
// amplitude, and the window's square, so that it gives a power.
var waves = makeWaves()

type tables struct {
	tones   [8][2][window]float32
	squared [window]float32
}

func makeWaves() *tables {
	var w tables
	const sum, ofSquares = window / 2, window * 3.0 / 8
	for n := range window {
		hann := (1 - math.Cos(2*math.Pi*(float64(n)+0.5)/window)) / 2
		w.squared[n] = float32(hann * hann / ofSquares)
		for i := range w.tones {
			sin, cos := math.Sincos(2 * math.Pi * hertz(i) * float64(n) / audio.Rate)
			w.tones[i][0][n], w.tones[i][1][n] = float32(2*hann*cos/sum), float32(-2*hann*sin/sum)
		}
	}
	return &w
}
