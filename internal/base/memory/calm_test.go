package memory

import (
	"runtime"
	"testing"
	"time"
)

func TestMemoryIsGivenBackAfterABusyTime(t *testing.T) {
	const mb = 1 << 20
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var w watch
	made := int64(0)
	for i, c := range []struct {
		makes, held int64
		want        bool
	}{
		{300, 300, false}, // the start is busy
		{1, 300, true},    // and over: five rounds, one in eight seconds
		{1, 300, false},
		{1, 290, true},
		{1, 300, false},
		{1, 280, true},
		{1, 280, false},
		{1, 280, true},
		{1, 280, false},
		{1, 280, true},
		{1, 280, false},
		{1, 280, false},
		{1, 280, false},
		{20, 300, false}, // busy again
		{2, 300, true},
		{20, 300, false},
		{2, 300, true},
		{2, 80, false}, // little to give back
		{2, 80, false},
		{2, 80, false},
		{2, 120, true},
		{2, 80, false},
		{2, 80, false},
		{2, 80, false},
		{2, 80, true}, // but at last what is left of the busy time
		{2, 80, false},
		{2, 120, false},
	} {
		made += c.makes * mb
		now = now.Add(lookEvery)
		if got := w.calm(sight{made, c.held * mb}, now); got != c.want {
			t.Errorf("look %d: %v", i, got)
		}
	}
}

// What the system is asked for is seen, and what is given back.
func TestLook(t *testing.T) {
	before := look()
	keep = append(keep, make([]byte, 64<<20))
	for i := range keep[0] {
		keep[0][i] = 1
	}
	during := look()
	runtime.KeepAlive(keep)
	keep = nil
	if during.allocated < before.allocated+64<<20 || during.held < 64<<20 {
		t.Errorf("before %+v, with 64 MB more %+v", before, during)
	}
}

// What others hold is given back once after each busy time, however little it is.
func TestABusyTimeIsOverOnce(t *testing.T) {
	const mb = 1 << 20
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var w watch
	made := int64(0)
	for i, c := range []struct {
		makes int64
		want  bool
	}{{1, false}, {300, false}, {20, false}, {1, true}, {1, false}, {1, false}, {30, false}, {2, true}, {2, false}} {
		made += c.makes * mb
		now = now.Add(lookEvery)
		if w.calm(sight{made, 40 * mb}, now); w.over != c.want {
			t.Errorf("look %d: %v", i, w.over)
		}
	}
}
