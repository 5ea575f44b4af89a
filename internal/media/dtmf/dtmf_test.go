package dtmf

import (
	"math/rand/v2"
	"testing"
	"time"

	"nubitalk/internal/media/audio"
)

type sent struct {
	payload [Size]byte
	ts      uint32
	marker  bool
	at      time.Duration
}

// press gives the packets of a key pressed at a timestamp.
func press(t *testing.T, key byte, d time.Duration, ts uint32, at time.Duration) (all []sent) {
	t.Helper()
	var s Sender
	if !s.Press(key, d) {
		t.Fatalf("%c was not taken", key)
	}
	for {
		var p sent
		head, ok := s.Next(&p.payload)
		if !ok {
			return all
		}
		p.ts, p.marker, p.at = ts+head.Offset, head.Marker, at
		at += audio.FrameTime
		all = append(all, p)
	}
}

func receive(packets []sent) (heard string) {
	var r Receiver
	for _, p := range packets {
		if key, ok := r.Push(p.payload[:], p.ts, p.marker, p.at); ok {
			heard += string(key)
		}
	}
	return heard
}

func TestEveryKeyIsHeardOnce(t *testing.T) {
	for _, key := range []byte(keys) {
		packets := press(t, key, 100*time.Millisecond, 0xFFFFFF00, 0)
		if len(packets) != 7 || !packets[0].marker || packets[1].marker {
			t.Errorf("%c: %d packets", key, len(packets))
		}
		if got := receive(packets); got != string(key) {
			t.Errorf("%c was heard as %q", key, got)
		}
	}
	var s Sender
	if s.Press('x', 0) || !s.Press('5', 0) || s.Press('6', 0) {
		t.Error("took what it should not, or not what it should")
	}
}

func TestTheSameKeyTwiceIsTwo(t *testing.T) {
	for lost := range 7 { // even when the end of the first, or the marker of the second, was lost
		first := press(t, '5', 100*time.Millisecond, 8000, 0)[:7-lost]
		second := press(t, '5', 100*time.Millisecond, 8000+2000, 250*time.Millisecond)
		want := "55"
		if len(first) == 0 {
			want = "5"
		}
		if got := receive(append(first, second[min(lost, 6):]...)); got != want {
			t.Errorf("%d lost: %q", lost, got)
		}
	}
}

func TestOneLongPressIsOneKey(t *testing.T) {
	packets := press(t, '#', 25*time.Second, 1, 0)
	segments := map[uint32]bool{}
	for _, p := range packets {
		segments[p.ts] = true
	}
	if len(segments) != 4 {
		t.Errorf("%d segments", len(segments))
	}
	if got := receive(packets); got != "#" {
		t.Errorf("heard as %q", got)
	}
}

func TestLossDoublesAndOrderAreForgiven(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 0))
		var all []sent
		want := ""
		for i, key := range []byte("44*7#") {
			packets := press(t, key, 120*time.Millisecond, uint32(i)*4000, time.Duration(i)*500*time.Millisecond)
			var came []sent
			for _, p := range packets {
				for range r.IntN(3) { // lost, once, or doubled
					came = append(came, p)
				}
			}
			if len(came) == 0 {
				continue
			}
			r.Shuffle(len(came), func(a, b int) { came[a], came[b] = came[b], came[a] })
			all = append(all, came...)
			want += string(key)
		}
		if got := receive(all); got != want {
			t.Fatalf("seed %d: %q, not %q", seed, got, want)
		}
	}
}

func TestWhatIsNoKeyIsNotHeard(t *testing.T) {
	var r Receiver
	for _, b := range [][]byte{nil, {1, 2, 3}, {16, 0, 0, 0}, {255, 255, 255, 255}} {
		if _, ok := r.Push(b, 1, true, 0); ok {
			t.Errorf("%v was heard", b)
		}
	}
}

func FuzzPush(f *testing.F) {
	f.Add([]byte{5, 10, 0, 160}, uint32(1), true)
	f.Fuzz(func(t *testing.T, b []byte, ts uint32, marker bool) {
		var r Receiver
		for i := range 3 {
			if key, ok := r.Push(b, ts, marker, time.Duration(i)); ok && (!Valid(key) || i > 0) {
				t.Errorf("%q at packet %d", key, i)
			}
		}
	})
}

// A machine that stands still in the middle of a press makes no second one of it; a
// sender that begins anew with the same timestamp does.
func TestAPauseWithinAPressIsNoKey(t *testing.T) {
	packets := press(t, '5', 100*time.Millisecond, 800, 0)
	for i := range packets[3:] {
		packets[3+i].at += 3 * time.Second
	}
	if got := receive(packets); got != "5" {
		t.Errorf("heard %q", got)
	}
	if got := receive(append(packets, press(t, '5', 100*time.Millisecond, 800, 8*time.Second)...)); got != "55" {
		t.Errorf("of two presses, %q", got)
	}
}
