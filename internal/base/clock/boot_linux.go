package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot counts while the machine sleeps too, unlike Go's own monotonic time:
// what slept through a night must not be a night late.
func sinceBoot() func() time.Duration {
	start := time.Now()
	return func() time.Duration {
		var t unix.Timespec
		if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
			return time.Since(start)
		}
		return time.Duration(t.Nano())
	}
}
