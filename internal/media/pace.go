package media

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"nubitalk/internal/media/audio"
)

// pace wakes bridges that make sound of their own every 20 ms: one goroutine for
// a share of all bridges. It sleeps while there are none.
type pace struct {
	phase time.Duration // within the 20 ms, so that paces do not wake together
	wake  chan struct{}

	mu      sync.Mutex
	bridges []*Bridge
	changed bool
}

// late is how many frames are made up for after a stall; older ones are left out.
const late = 5

// newPaces makes one for each processor: more would wake the program more often for the
// same sound.
func newPaces() []*pace {
	paces := make([]*pace, runtime.GOMAXPROCS(0))
	for i := range paces {
		paces[i] = &pace{
			phase: time.Duration(i) * audio.FrameTime / time.Duration(len(paces)),
			wake:  make(chan struct{}, 1),
		}
	}
	return paces
}

// add begins to wake b; its lock is held.
func (p *pace) add(b *Bridge) {
	p.mu.Lock()
	p.bridges = append(p.bridges, b)
	p.changed = true
	first := len(p.bridges) == 1
	p.mu.Unlock()
	if first {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

// remove ends it; b's lock is held.
func (p *pace) remove(b *Bridge) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.bridges, b); i >= 0 {
		p.bridges = slices.Delete(p.bridges, i, i+1)
		p.changed = true
	}
}

func (p *pace) run(stop <-chan struct{}, now func() time.Duration) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var due []*Bridge
	next := time.Duration(-1)
	for {
		p.mu.Lock()
		if p.changed {
			clear(due)
			due = append(due[:0], p.bridges...)
			p.changed = false
		}
		p.mu.Unlock()
		if len(due) == 0 {
			next = -1
			select {
			case <-stop:
				return
			case <-p.wake:
			}
			continue
		}
		t := now()
		if next < 0 {
			next = (t - p.phase).Truncate(audio.FrameTime) + p.phase + audio.FrameTime
		}
		if wait := next - t; wait > 0 {
			timer.Reset(wait)
			select {
			case <-stop:
				return
			case <-timer.C:
			}
			continue // who came or went in the meantime
		}
		frames := 1
		if behind := int((t - next) / audio.FrameTime); behind > late {
			frames += behind
		}
		for _, b := range due {
			b.tick(next, frames)
		}
		next += time.Duration(frames) * audio.FrameTime
	}
}
