package timerslack

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const child = "TIMERSLACK_TEST_CHILD"

// TestAllThreadsMayWakeLate begins a process that widens its slack, and asks several of
// its threads.
func TestAllThreadsMayWakeLate(t *testing.T) {
	if os.Getenv(child) != "" {
		Widen()
		var all sync.WaitGroup
		widths := make([]time.Duration, 8)
		held := make(chan struct{})
		var locked sync.WaitGroup
		for i := range widths {
			locked.Add(1)
			all.Go(func() {
				runtime.LockOSThread() // each has a thread of its own
				widths[i] = width()
				locked.Done()
				<-held
			})
		}
		locked.Wait()
		close(held)
		all.Wait()
		fmt.Printf("pid %d of %q, left %q: %v\n", os.Getpid(), os.Getenv(child), os.Getenv(again), widths)
		return
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ has, gets time.Duration }{
		{50 * time.Microsecond, Width},
		{5 * time.Millisecond, 5 * time.Millisecond}, // the operator's own
	} {
		// The arguments go along: without them it would run all tests.
		cmd := exec.Command(program, "-test.run=^TestAllThreadsMayWakeLate$")
		cmd.Env = append(os.Environ(), child+"=here")
		out, err := with(c.has, cmd.CombinedOutput)
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		want := fmt.Sprintf("pid %d of %q, left %q: %v\n", cmd.Process.Pid, "here", "", slices.Repeat([]time.Duration{c.gets}, 8))
		if got := string(out); !strings.HasPrefix(got, want) {
			t.Errorf("with %v: %s, not %s", c.has, got, want)
		}
	}
}

// with runs fn on a thread that has this slack, which the processes that it begins get.
func with(d time.Duration, fn func() ([]byte, error)) (out []byte, err error) {
	var all sync.WaitGroup
	all.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this
		if err = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(d), 0, 0, 0); err == nil {
			out, err = fn()
		}
	})
	all.Wait()
	return out, err
}
