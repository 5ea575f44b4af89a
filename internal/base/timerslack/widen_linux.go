package timerslack

import (
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Width is what Go's own timers are exact to: it waits for whole milliseconds.
const Width = time.Millisecond

// again has the id of a process that has begun anew, so that none does so twice.
const again = "NUBITALK_BEGAN_ANEW"

// Widen lets all threads of this process wake up to Width late (PR_SET_TIMERSLACK,
// prctl(2)); Linux's own setting is 50 µs. Go's watch thread wants to sleep for 20 µs and
// look again, as long as anything runs; with that it looks a tenth as often.
//
// A thread has the setting from the one that made it, and the watch thread is there before
// anything of ours runs. Therefore the program begins anew, as the same process, with the same
// arguments and environment: what comes before this call comes twice. Where
// the setting is as wide already, as by TimerSlackNSec of systemd, or cannot be had, Widen
// just returns.
func Widen() {
	self := strconv.Itoa(os.Getpid())
	if os.Getenv(again) == self {
		_ = os.Unsetenv(again)
		return
	}
	runtime.LockOSThread() // the setting goes on with the thread that begins anew
	defer runtime.UnlockOSThread()
	if width() >= Width || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(Width), 0, 0, 0) != nil || width() < Width {
		return
	}
	program, err := os.Executable()
	if err != nil {
		return
	}
	// It returns only where this is not allowed. Then the setting is this thread's alone.
	_ = syscall.Exec(program, os.Args, append(os.Environ(), again+"="+self))
}

// width is what this thread has; 0 where it cannot be asked for.
func width() time.Duration {
	n, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		return 0
	}
	return time.Duration(n)
}
