package media

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Event is what a leg tells its owner: one of the types below.
type Event interface{ event() }

// Key is a key that the party pressed. Passed says that somebody whom it talks with gets
// it as it came; it does not say so of a key in the sound.
type Key struct {
	Digit  Digit
	Passed bool
}

// Digit is one of 0-9 * # A-D. It prints masked, because keys are often a PIN.
type Digit byte

func (Digit) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "•") }

// LogValue implements slog.LogValuer.
func (Digit) LogValue() slog.Value { return slog.StringValue("•") }

// Played says that a prompt has ended.
type Played struct {
	Playing *Playing
	Whole   bool // to its end; else it was stopped or replaced
}

// Connected says that the first sound of the party came, or that its browser is
// connected again.
type Connected struct{}

// Silent says that nothing came for the time that the host allows, although the
// party should send. It comes again, less and less often, until Heard.
type Silent struct{ For time.Duration }

// Heard ends Silent.
type Heard struct{}

// Disconnected says that a browser's network is gone; it may come back by itself,
// by an ICE restart or by a new offer.
type Disconnected struct{}

// Goodbye says that the other end left, by RTCP.
type Goodbye struct{}

func (Key) event()          {}
func (Played) event()       {}
func (Connected) event()    {}
func (Silent) event()       {}
func (Heard) event()        {}
func (Disconnected) event() {}
func (Goodbye) event()      {}

// Listener takes a leg's events, one at a time and in order, outside all locks.
// It must not block for long: it runs where the packets do.
type Listener func(Event)

// events hands events over in order, whoever found them.
type events struct {
	listener Listener
	mu       sync.Mutex
	waiting  []Event
	busy     bool
	any      atomic.Bool // waiting is not empty
}

func (e *events) pending() bool { return e.any.Load() }

// note queues an event; a lock may be held.
func (e *events) note(v Event) {
	if e.listener == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(e.waiting, v)
	e.any.Store(true)
}

// flush hands over what is queued; no lock is held.
func (e *events) flush() {
	if !e.pending() {
		return
	}
	e.mu.Lock()
	for !e.busy && len(e.waiting) > 0 {
		batch := e.waiting
		e.waiting, e.busy = nil, true
		e.any.Store(false)
		e.mu.Unlock()
		for _, v := range batch {
			e.listener(v)
		}
		e.mu.Lock()
		e.busy = false
	}
	e.mu.Unlock()
}
