package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"nubitalk/internal/base/errs"
)

func addNamed(t testing.TB, e *liteEngine, name string) error {
	return e.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, name) })
}

// copyFile is what a disk would have after a power cut.
func copyFile(t testing.TB, from, to string) {
	in, err := os.Open(from)
	if err != nil {
		t.Error(err)
		return
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Error(err)
		return
	}
	if _, err = io.Copy(out, in); err != nil {
		t.Error(err)
	}
	if err = out.Close(); err != nil {
		t.Error(err)
	}
}

// opened is what a database holds that consists of these files alone.
func opened(t testing.TB, db, log string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "after.db")
	copyFile(t, db, path)
	if log != "" {
		copyFile(t, log, path+"-wal")
	}
	e, err := openSQLite(Config{DSN: path})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	return names(t, e)
}

// What somebody was told is stored was on the disk by then: the log as it was at
// the last sync before the answer has it.
func TestAnAnswerFollowsTheDisk(t *testing.T) {
	e := openLite(t)
	var mu sync.Mutex
	synced := 0
	dir := t.TempDir()
	logAt := func(n int) string { return filepath.Join(dir, fmt.Sprint(n)) }
	e.w.disk.sync = func(*os.File) error {
		mu.Lock()
		defer mu.Unlock()
		synced++
		copyFile(t, e.path+"-wal", logAt(synced))
		return nil
	}
	told := map[string]int{} // by name: how many syncs there had been
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for j := range 5 {
				name := fmt.Sprintf("%d-%d", i, j)
				if err := addNamed(t, e, name); err != nil {
					t.Error(err)
				}
				mu.Lock()
				told[name] = synced
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(told) != 20 || synced < 5 {
		t.Fatalf("%d writes, %d syncs", len(told), synced)
	}
	there := map[int][]string{}
	for n := range synced {
		there[n+1] = opened(t, e.path, logAt(n+1))
	}
	for name, n := range told {
		if !slices.Contains(there[n], name) {
			t.Errorf("%s was answered after %d syncs, when the disk had %v", name, n, there[n])
		}
	}
}

// While the disk writes, others go on; they are all answered by the next sync.
func TestWritesGoOnWhileTheDiskWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openLite(t)
		release := make(chan struct{})
		syncs := 0
		e.w.disk.sync = func(*os.File) error {
			syncs++
			<-release
			return nil
		}
		answered := make(chan string, 4)
		say := func(name string) {
			go func() {
				if err := addNamed(t, e, name); err != nil {
					t.Error(err)
				}
				answered <- name
			}()
			synctest.Wait()
		}
		say("a")
		say("b")
		say("c")
		if got := names(t, e); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("committed while the disk was busy: %v", got)
		}
		if len(answered) != 0 {
			t.Errorf("%d were answered before the disk had them", len(answered))
		}
		release <- struct{}{}
		synctest.Wait()
		if len(answered) != 1 || <-answered != "a" {
			t.Error("the first sync answers the first")
		}
		release <- struct{}{}
		synctest.Wait()
		if len(answered) != 2 || syncs != 2 {
			t.Errorf("the second sync answered %d, after %d syncs", len(answered), syncs)
		}
		close(release)
	})
}

// After a sync that failed a second one proves nothing: the log is moved into the
// database, and only then is it stored.
func TestAFailedSyncIsMadeGood(t *testing.T) {
	e := openLite(t)
	fail := errors.New("input/output error")
	e.w.disk.sync = func(*os.File) error { return fail }
	if err := addNamed(t, e, "a"); err != nil {
		t.Fatal(err)
	}
	if got := opened(t, e.path, ""); !slices.Equal(got, []string{"a"}) {
		t.Errorf("the database has %v without its log", got)
	}
	fail = nil
	if err := addNamed(t, e, "b"); err != nil {
		t.Fatal(err)
	}
}

// Who goes on before the disk has it sees what it wrote, and is told later whether
// the disk took it.
func TestWhoGoesOnIsToldLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openLite(t)
		release := make(chan error)
		e.w.disk.sync = func(*os.File) error { return <-release }
		ahead := func(name string) func() error {
			durable, err := e.Ahead(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, name) })
			if err != nil {
				t.Fatal(err)
			}
			return durable
		}
		told := make(chan error, 2)
		first := ahead("a")
		go func() { told <- first() }()
		synctest.Wait() // the disk writes it
		second := ahead("b")
		synctest.Wait()
		if got := names(t, e); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("seen before the disk has it: %v", got)
		}
		if len(told) != 0 {
			t.Error("it is told before the disk has it")
		}
		release <- nil
		if err := <-told; err != nil {
			t.Error(err)
		}
		go func() { told <- errors.Join(second(), second()) }() // asked twice
		release <- nil
		if err := <-told; err != nil {
			t.Error(err)
		}
		if _, err := e.Ahead(t.Context(), one, func(context.Context, Session) error { return errUnwound }); !errors.Is(err, errUnwound) {
			t.Errorf("what failed: %v", err)
		}
		close(release)
	})
}

// Where that cannot be done either, nobody is told that it is stored, and what
// comes later is stored as ever.
func TestAFailedSyncIsToldAsSuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock is virtual: it waits ten seconds for readers
		e := openLite(t)
		fail := errors.New("input/output error")
		e.w.disk.sync = func(*os.File) error { return fail }
		reading, leave, left := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(left)
			_ = e.Read(t.Context(), one, func(ctx context.Context, s Session) error {
				c, err := s.Query(ctx, "SELECT name FROM things", nil)
				if err != nil {
					t.Error(err)
				} else {
					c.Close()
				}
				close(reading)
				<-leave
				return nil
			})
		}()
		<-reading
		failed := e.Stats().Failed
		if err := addNamed(t, e, "a"); !errs.Is(err, errs.Unavailable) {
			t.Errorf("it could not be stored: %v", err)
		}
		if n := e.Stats().Failed - failed; n != 1 {
			t.Errorf("%d writes failed", n)
		}
		close(leave)
		<-left
		fail = nil
		if err := addNamed(t, e, "b"); err != nil {
			t.Error(err)
		}
	})
}

// What somebody goes on before, and waits for only after its next write, needs no sync of
// its own; who waits for it gets one.
func TestWhoGoesOnBeforeNeedsNoSyncOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := openLite(t)
		syncs := 0
		e.w.disk.sync = func(*os.File) error { syncs++; return nil }
		ahead := func(name string) func() error {
			durable, err := e.Ahead(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, name) })
			if err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			return durable
		}
		first, second := ahead("arrival"), ahead("offer")
		if syncs != 0 {
			t.Errorf("%d syncs before anybody waited", syncs)
		}
		if err := second(); err != nil || syncs != 1 {
			t.Errorf("the second: %v after %d syncs", err, syncs)
		}
		if err := first(); err != nil || syncs != 1 {
			t.Errorf("the first: %v after %d syncs", err, syncs)
		}
		ahead("nobody asks")
		if err := addNamed(t, e, "told"); err != nil || syncs != 2 {
			t.Errorf("a write that is told: %v after %d syncs", err, syncs)
		}
		if err := ahead("alone")(); err != nil || syncs != 3 {
			t.Errorf("alone: %v after %d syncs", err, syncs)
		}
		ahead("at the end")
		if err := e.Close(); err != nil || syncs != 4 {
			t.Errorf("closing: %v after %d syncs", err, syncs)
		}
	})
}

// Memory of pages is given back beside readers and writers, who find everything.
func TestShrinkBesideOthers(t *testing.T) {
	e := openLite(t)
	for i := range 20 {
		if err := addNamed(t, e, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	err := e.Read(t.Context(), one, func(context.Context, Session) error {
		return e.Write(t.Context(), one, func(ctx context.Context, s Session) error {
			if err := add(ctx, s, "beside"); err != nil {
				return err
			}
			short, cancel := context.WithCancel(t.Context())
			cancel()
			if err := e.Shrink(short); !errors.Is(err, context.Canceled) {
				t.Errorf("whose time is over: %v", err)
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Shrink(t.Context()); err != nil {
		t.Error(err)
	}
	if n := len(names(t, e)); n != 21 {
		t.Errorf("%d rows", n)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := e.Shrink(t.Context()); !errs.Is(err, errs.Unavailable) {
		t.Errorf("of a closed one: %v", err)
	}
}
