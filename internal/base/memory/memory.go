package memory

import (
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// reservations are what is being built at the moment.
type reservations struct {
	sync.Mutex
	callers int
	limit   int64 // while there are any: what the whole program may use before the collector runs
	// The collector's settings from before.
	oldPercent int
	oldLimit   int64
}

var held reservations

// Reserve lets the heap grow by so many bytes before the collector looks at it,
// until release is called. A lower limit on the program's memory stays in force,
// and so does a collector that was turned off.
func Reserve(bytes int64) (release func()) {
	held.Lock()
	defer held.Unlock()
	if held.callers == 0 {
		held.oldPercent, held.oldLimit = debug.SetGCPercent(-1), debug.SetMemoryLimit(-1)
		held.limit = used()
	}
	held.callers++
	held.limit += bytes
	debug.SetMemoryLimit(min(held.limit, held.oldLimit))
	return sync.OnceFunc(held.release)
}

func (h *reservations) release() {
	h.Lock()
	defer h.Unlock()
	if h.callers--; h.callers > 0 {
		return
	}
	debug.SetMemoryLimit(h.oldLimit)
	debug.SetGCPercent(h.oldPercent)
}

// used is what the limit counts: all that Go has from the system and did not
// give back, in bytes.
func used() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64())
}
