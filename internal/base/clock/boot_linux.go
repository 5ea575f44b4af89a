package clock

import (
	"time"

	"golang.org/x/sys/unix"
)

// lookAgain is how old the machine's time since its start may be: asking for it
// is a call of the system, unlike Go's own monotonic time.
const lookAgain = 10 * time.Millisecond

// sinceBoot counts while the machine sleeps too, unlike Go's own monotonic time:
// what slept through a night must not be a night late. The function is for one
// caller at a time.
func sinceBoot() func() time.Duration {
	start := time.Now()
	var boot, at time.Duration // the last reading, and Go's own time then
	known := false
	return func() time.Duration {
		now := time.Since(start)
		if known && now-at < lookAgain {
			return boot + now - at
		}
		var t unix.Timespec
		if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
			return boot + now - at
		}
		boot, at, known = time.Duration(t.Nano()), now, true
		return boot
	}
}
