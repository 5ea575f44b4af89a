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
		looks, makes, held int64
		given              int // of so many looks
	}{
		{1, 300, 300, 0}, // the start is busy
		{1, 1, 300, 1},   // and over: five rounds, one in eight seconds
		{3, 1, 300, 0},
		{1, 1, 290, 1},
		{3, 1, 280, 0},
		{12, 1, 280, 3},
		{20, 1, 280, 0},
		{1, 20, 300, 0}, // busy again
		{1, 2, 300, 1},
		{1, 20, 300, 0},
		{2, 2, 300, 0}, // the round before was lately
		{1, 2, 300, 1},
		{14, 2, 80, 0}, // little to give back
		{1, 2, 120, 0},
		{1, 2, 80, 1}, // but at last what is left of the busy time
		{20, 2, 80, 0},
		{4, 2, 120, 0},
	} {
		given := 0
		for range c.looks {
			made += c.makes * mb
			now = now.Add(lookEvery)
			if w.calm(sight{allocated: made, held: c.held * mb}, now) {
				given++
			}
		}
		if given != c.given {
			t.Errorf("row %d: %d times", i, given)
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
		if w.calm(sight{allocated: made, held: 40 * mb}, now); w.over != c.want {
			t.Errorf("look %d: %v", i, w.over)
		}
	}
}
