package memory

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// A round of the collector costs about the same however much garbage there is: it goes
// over what is alive. A program that makes much for longer than a moment, as its start
// is, therefore gets room for some garbage. Where much is alive there is as much room
// anyway, and a program that is not busy stays small.
const (
	room     = 48 << 20 // bytes
	mostGC   = 400      // percent of what is alive
	stepsGC  = 20       // of it: the setting is no exact one
	muchFrom = 24 << 20 // bytes allocated between two looks
	lasting  = 3        // such looks, one after the other
)

// percent is how much garbage, in hundredths of what is alive (bytes), a program may make
// before it is collected; usual is that of one that is not busy.
func percent(live int64, usual int) int {
	if usual <= 0 { // the collector is off
		return usual
	}
	p := mostGC
	if live > 0 {
		p = int(min(100*room/live, mostGC))
	}
	return max(p-p%stepsGC, usual)
}

// width sets the collector as the program is busy or not.
type width struct {
	usual, now int
	last       int64 // what was allocated at the last look
	much       int   // looks since which much is made
}

// newWidth begins with what is set; nil where who runs the program has set it.
func newWidth() *width {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(s)
	if s[0].Value.Uint64() > mostGC { // off
		return nil
	}
	p := int(s[0].Value.Uint64())
	return &width{usual: p, now: p}
}

// look takes over how busy the program is.
func (w *width) look(s sight) {
	if w == nil {
		return
	}
	if w.much++; s.allocated-w.last < muchFrom {
		w.much = 0
	}
	w.last = s.allocated
	if w.much >= lasting {
		w.set(percent(s.live, w.usual))
	} else {
		w.set(w.usual)
	}
}

// end sets the collector as it was.
func (w *width) end() {
	if w != nil {
		w.set(w.usual)
	}
}

func (w *width) set(percent int) {
	if percent != w.now {
		held.set(percent)
		w.now = percent
	}
}

// set is debug.SetGCPercent, after what is reserved.
func (h *reservations) set(percent int) {
	h.Lock()
	defer h.Unlock()
	if h.callers > 0 {
		h.oldPercent = percent
		return
	}
	debug.SetGCPercent(percent)
}
