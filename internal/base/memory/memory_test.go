package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestReserveLetsTheCollectorRest(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	defer func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) }()
	grown := func() uint32 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range 64 {
			keep = append(keep, make([]byte, 1<<20))
		}
		runtime.ReadMemStats(&after)
		keep = nil
		return after.NumGC - before.NumGC
	}
	if n := grown(); n == 0 {
		t.Fatal("the collector does not run at all, so this proves nothing")
	}
	first, second := Reserve(128<<20), Reserve(128<<20)
	if n := grown(); n != 0 {
		t.Errorf("it ran %d times within what was reserved", n)
	}
	first()
	first() // again: nothing
	if got := debug.SetMemoryLimit(-1); got == math.MaxInt64 {
		t.Error("the second reservation ended with the first")
	}
	second()
	if got := debug.SetMemoryLimit(-1); got != math.MaxInt64 {
		t.Errorf("the limit is %d afterwards", got)
	}
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("the percentage is %d afterwards", got)
	}
}

// A program that may use less than is asked for keeps to that.
func TestReserveKeepsToTheLimit(t *testing.T) {
	limit := debug.SetMemoryLimit(64 << 20)
	defer debug.SetMemoryLimit(limit)
	release := Reserve(1 << 40)
	if got := debug.SetMemoryLimit(-1); got != 64<<20 {
		t.Errorf("the limit is %d", got)
	}
	release()
}

var keep [][]byte
