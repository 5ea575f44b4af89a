package clock

import (
	"sync"
	"time"
)

// Clock tells the time.
type Clock interface {
	// Now is the wall clock's time in UTC.
	Now() time.Time
}

// Real is the machine's clock.
type Real struct{}

func (Real) Now() time.Time { return time.Now().UTC() }

// Virtual is a clock that moves only when told. Its zero value stands at the
// zero time.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
}

// NewVirtual makes a clock that stands at t.
func NewVirtual(t time.Time) *Virtual { return &Virtual{now: t.UTC()} }

func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Advance moves the clock; a negative d moves it back, as a clock jump does.
func (v *Virtual) Advance(d time.Duration) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = v.now.Add(d)
}

// Set puts the clock at t.
func (v *Virtual) Set(t time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = t.UTC()
}

// Micros is a time as stored: UTC microseconds since 1970. The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// FromMicros is the reverse of Micros.
func FromMicros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
