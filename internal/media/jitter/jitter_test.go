package jitter

import (
	"math/rand/v2"
	"testing"
	"time"

	"nubitalk/internal/media/audio"
	"nubitalk/internal/media/g711"
)

const ms = time.Millisecond

// ramp is sound whose every 20 ms can be told apart: packet i holds the code i%100+1.
func packet(i int) []byte {
	b := make([]byte, audio.Samples)
	for k := range b {
		b[k] = byte(0x80 + i%100) // positive codes, all different
	}
	return b
}

func value(i int) int16 { return g711.A.Decode(byte(0x80 + i%100)) }

// play runs a network of n packets, whose i-th arrives at arrive(i) or never,
// and gives the frames that the mixer took every 20 ms from the first arrival on.
func play(b *Buffer, n int, arrive func(i int) (time.Duration, bool)) []audio.Frame {
	at := map[time.Duration][]int{}
	for i := range n {
		if t, ok := arrive(i); ok {
			at[t] = append(at[t], i)
		}
	}
	var frames []audio.Frame
	for now := time.Duration(0); now < time.Duration(n)*20*ms+300*ms; now += ms {
		for _, i := range at[now] {
			b.Put(uint32(i*audio.Samples)+4_294_960_000, packet(i), g711.A, now) // wraps soon
		}
		if now%(20*ms) == 10*ms {
			var f audio.Frame
			b.Get(&f)
			frames = append(frames, f)
		}
	}
	return frames
}

// order says which packets were heard whole, in order.
func order(frames []audio.Frame, n int) (heard []int) {
	for i := range frames {
		for k := range min(n, 100) {
			if frames[i][0] == value(k) && frames[i][audio.Samples-1] == value(k) {
				heard = append(heard, k)
			}
		}
	}
	return heard
}

func TestASteadyNetworkIsHeardWholeAndSoon(t *testing.T) {
	b := New()
	frames := play(b, 90, func(i int) (time.Duration, bool) { return time.Duration(i) * 20 * ms, true })
	heard := order(frames, 90)
	if len(heard) != 90 || heard[0] != 0 || heard[89] != 89 {
		t.Fatalf("heard %v", heard)
	}
	if b.Delay() != 20*ms || b.Stats().Played != 90 {
		t.Errorf("delay %v, %+v", b.Delay(), b.Stats())
	}
}

func TestOrderAndDoublesDoNotMatter(t *testing.T) {
	b := New()
	for _, i := range []int{2, 0, 1, 1, 3, 5, 4, 4} {
		b.Put(uint32(100_000+i*audio.Samples), packet(i), g711.A, 0)
	}
	// The first that came opened the time line, so 0 and 1 are late by then.
	for _, want := range []int{2, 3, 4, 5} {
		var f audio.Frame
		if !b.Get(&f) || f[0] != value(want) {
			t.Errorf("got %d, not packet %d", f[0], want)
		}
	}
}

func TestLossIsConcealedAndFades(t *testing.T) {
	b := New()
	frames := play(b, 60, func(i int) (time.Duration, bool) { return time.Duration(i) * 20 * ms, i != 20 && (i < 40 || i >= 50) })
	if s := b.Stats(); s.Played < 48 || s.Played > 49 {
		t.Errorf("%+v of 49 packets that came", s)
	}
	lost := frames[20]
	if v, want := lost[0], value(19)/2; v != want {
		t.Errorf("the lost frame begins with %d, not %d", v, want)
	}
	if l := audio.Level(frames[49][:]); l > -90 {
		t.Errorf("a long loss still sounds with %.1f dBFS", l)
	}
}

func TestJitterRaisesTheDelayWithinBoundsAndThenLetsItFall(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	b := New()
	play(b, 500, func(i int) (time.Duration, bool) {
		return time.Duration(i)*20*ms + time.Duration(r.IntN(60))*ms, true
	})
	if d := b.Delay(); d < 60*ms || d > 100*ms {
		t.Errorf("60 ms of jitter are met with %v", d)
	}
	before := b.Stats()
	if share := float64(before.Concealed) / 500; share > 0.05 {
		t.Errorf("%.1f %% were concealed", share*100)
	}
	b = New()
	play(b, 2000, func(i int) (time.Duration, bool) {
		jitter := time.Duration(0)
		if i < 200 {
			jitter = time.Duration(r.IntN(150)) * ms
		}
		return time.Duration(i)*20*ms + jitter, true
	})
	if b.Delay() > 40*ms || b.head-b.next > 4*audio.Samples {
		t.Errorf("after a calm half minute the delay is %v, held %d", b.Delay(), b.head-b.next)
	}
	b = New()
	play(b, 300, func(i int) (time.Duration, bool) {
		return time.Duration(i)*20*ms + time.Duration(r.IntN(900))*ms, true
	})
	if b.Delay() > 200*ms {
		t.Errorf("the delay grew to %v", b.Delay())
	}
}

func TestATalkersClockIsFollowed(t *testing.T) {
	for _, period := range []time.Duration{19980 * time.Microsecond, 20020 * time.Microsecond} { // 1,000 ppm
		b := New()
		frames := play(b, 5000, func(i int) (time.Duration, bool) {
			return (time.Duration(i)*period + 20*ms).Truncate(ms), true
		})
		if held := b.head - b.next; held > 4*audio.Samples {
			t.Errorf("%v: %d samples held", period, held)
		}
		s := b.Stats()
		if s.Played < 4900 || s.Concealed > 30 || s.Skipped > 30 {
			t.Errorf("%v: %+v of %d", period, s, len(frames))
		}
	}
}

func TestANewTimeLineIsTakenUp(t *testing.T) {
	b := New()
	var f audio.Frame
	b.Put(1000, packet(1), g711.A, 0)
	b.Get(&f)
	b.Put(900_000, packet(7), g711.A, 20*ms)
	for range 3 {
		if b.Get(&f); f[0] == value(7) {
			return
		}
	}
	t.Errorf("the new line was not heard: %d", f[0])
}

func TestPacketsOfOtherLengths(t *testing.T) {
	for _, size := range []int{80, 240, 320, 480} {
		b := New()
		var heard int
		for now, sent := time.Duration(0), 0; now < 2*time.Second; now += 10 * ms {
			for sent < int(audio.SamplesIn(now)) {
				data := make([]byte, size)
				for k := range data {
					data[k] = 0x90
				}
				b.Put(uint32(sent), data, g711.Mu, now)
				sent += size
			}
			var f audio.Frame
			if now%(20*ms) == 0 && b.Get(&f) && f[0] == g711.Mu.Decode(0x90) && f[159] == f[0] {
				heard++
			}
		}
		if heard < 88 {
			t.Errorf("%d samples a packet: %d of 100 frames", size, heard)
		}
	}
}

func FuzzPut(f *testing.F) {
	f.Add(uint32(0), uint32(160), 160, int64(0))
	f.Add(uint32(1<<31), uint32(1), 99, int64(1<<60))
	f.Fuzz(func(t *testing.T, first, second uint32, size int, now int64) {
		b := New()
		data := make([]byte, min(max(size, 0), 2000))
		var frame audio.Frame
		for _, ts := range []uint32{first, second, first, second - first, first + 1<<31} {
			b.Put(ts, data, g711.Mu, time.Duration(now))
			b.Get(&frame)
			if held := b.head - b.next; held > window || b.target() > maximum {
				t.Fatalf("%d samples held, target %d", held, b.target())
			}
		}
	})
}
