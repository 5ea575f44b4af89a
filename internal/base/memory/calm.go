package memory

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// Calm gives memory back to the system once a busy time is over: by itself, Go
// keeps what the busy time needed until so much is made again that the collector
// runs, which on a quiet evening is never. While it is busy, the collector has room
// (see room). It is a base/service part.
type Calm struct {
	// Also gives back what others hold outside of Go's memory, once after each busy time.
	Also []func(context.Context)

	stop context.CancelFunc
	all  sync.WaitGroup
}

const (
	lookEvery = 2 * time.Second
	// busyFrom is how much is allocated between two looks of a busy program, in
	// bytes.
	busyFrom = 6 << 20
	// worthIt is what the program must hold for it to be given back, in bytes. In the
	// last round even a small program's is: what its busy time left is collected then.
	worthIt = 96 << 20
	// rounds is how often memory is given back after a busy time, at most one a
	// pause: much is let go only some time after it was used, such as what SIP
	// remembers of a call for 32 s (RFC 3261, timers B and J). The last is 34 to 36 s
	// after the end. Each costs a round of the collector.
	rounds = 5
	pause  = 8 * time.Second
)

// Start begins to look.
func (c *Calm) Start(context.Context) error {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.all.Go(func() {
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		var w watch
		collector := newWidth()
		defer collector.end()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				seen := look()
				give := w.calm(seen, now)
				collector.look(seen)
				if w.over {
					for _, also := range c.Also {
						also(ctx)
					}
				}
				if give {
					debug.FreeOSMemory()
				}
			}
		}
	})
	return nil
}

// Stop ends that.
func (c *Calm) Stop(context.Context) error {
	if c.stop != nil {
		c.stop()
		c.all.Wait()
		c.stop = nil
	}
	return nil
}

// sight is what a look sees, in bytes.
type sight struct {
	allocated int64 // since the program began
	held      int64 // from the system
	live      int64 // what the last round of the collector left
}

func look() sight {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return sight{int64(s[0].Value.Uint64()), used(), int64(s[1].Value.Uint64())}
}

// watch decides when a busy time is over.
type watch struct {
	last  sight
	busy  bool
	over  bool // a busy time was over at the last look
	left  int  // rounds
	freed time.Time
}

// calm says whether memory is to be given back now.
func (w *watch) calm(s sight, now time.Time) bool {
	made := s.allocated - w.last.allocated
	w.last = s
	w.over = w.busy && made < busyFrom
	if w.busy = made >= busyFrom; w.busy {
		w.left = rounds
		return false
	}
	if w.left == 0 || now.Sub(w.freed) < pause {
		return false
	}
	w.left, w.freed = w.left-1, now
	return s.held >= worthIt || w.left == 0
}
