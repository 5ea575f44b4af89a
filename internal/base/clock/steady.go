package clock

import (
	"sync"
	"time"
)

const (
	slew   = 10            // a tenth faster or slower, until the two agree again
	stepAt = 6 * time.Hour // further apart the wall clock was, or is, nonsense
)

// Steady is the wall clock without its jumps. It goes on with time as it really
// passes (a time since the machine's start that nobody sets), and approaches the
// wall clock slowly when that was set: so no deadline passes, or moves away,
// because somebody set a clock, and no time is before an earlier one. Only when
// the two are more than six hours apart does it follow at once.
type Steady struct {
	wall  func() time.Time
	since func() time.Duration

	mu  sync.Mutex
	at  time.Duration
	now time.Time
}

// NewSteady starts at the machine's time.
func NewSteady() *Steady { return SteadyOf(time.Now, sinceBoot()) }

// SteadyOf makes a Steady of a wall clock and of a time that only passes.
func SteadyOf(wall func() time.Time, since func() time.Duration) *Steady {
	return &Steady{wall: wall, since: since, at: since(), now: wall().Round(0).UTC()}
}

func (s *Steady) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.since()
	passed := max(at-s.at, 0)
	next, wall := s.now.Add(passed), s.wall().Round(0).UTC() // Round drops Go's own monotonic reading
	switch behind := wall.Sub(next); {
	case behind.Abs() > stepAt:
		next = wall
	case behind > 0:
		next = next.Add(min(behind, passed/slew))
	default:
		next = next.Add(max(behind, -passed/slew))
	}
	s.at, s.now = at, next
	return next
}
