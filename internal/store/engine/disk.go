package engine

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"
)

// disk lets the groups that are committed wait until the disk has them. SQLite is
// told not to sync its log at each commit (synchronous=NORMAL, with which it still
// syncs before it moves the log into the database): we do it, beside the next
// group, once for all that were committed meanwhile.
type disk struct {
	path string
	sync func(*os.File) error
	log  *os.File // opened at the first sync

	mu     sync.Mutex
	came   sync.Cond // a group is waited for, or no more will come
	groups []*group
	asked  bool // one of them is waited for
	closed bool
	ended  chan struct{}
}

func newDisk(path string) *disk {
	d := &disk{path: path + "-wal", sync: datasync, ended: make(chan struct{})}
	d.came.L = &d.mu
	return d
}

// committed takes a group whose members are to be answered. One whose members all went
// on before needs no sync of its own: it comes to the disk with the next that somebody
// waits for.
func (d *disk) committed(g *group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.groups = append(d.groups, g)
	if g.wanted || slices.ContainsFunc(g.members, func(m *member) bool { return m.ahead == nil }) {
		d.asked = true
		d.came.Signal()
	}
}

// want has the disk get a group for who waits for it.
func (d *disk) want(g *group) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.wanted = true; slices.Contains(d.groups, g) {
		d.asked = true
		d.came.Signal()
	}
}

// wait is the groups that were committed and not answered, in their order, once one of
// them is waited for; none when no more will come.
func (d *disk) wait() []*group {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.asked && !d.closed {
		d.came.Wait()
	}
	out := d.groups
	d.groups, d.asked = nil, false
	return out
}

// flush returns when everything that was written to the log is on the disk.
func (d *disk) flush() error {
	if d.log == nil {
		f, err := os.Open(d.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was ever written
		}
		if err != nil {
			return err
		}
		d.log = f
	}
	return d.sync(d.log)
}

// close waits until all groups are answered.
func (d *disk) close() error {
	d.mu.Lock()
	d.closed = true
	d.came.Signal()
	d.mu.Unlock()
	<-d.ended
	if d.log == nil {
		return nil
	}
	return d.log.Close()
}

// harden answers groups as soon as the disk has them.
//
// After a sync that failed, a second one may succeed without having written
// anything. What is in the log is then moved into the database instead, which
// syncs that; only if this fails too are the members told that it is not stored.
func (w *writer) harden() {
	defer close(w.disk.ended)
	for groups := w.disk.wait(); len(groups) > 0; groups = w.disk.wait() {
		err := w.disk.flush()
		if err != nil {
			err = w.scrub(context.Background())
		}
		for _, g := range groups {
			if err != nil {
				w.failed.Add(int64(g.kept))
				g.answer(lost(err))
			} else {
				g.answer(nil)
			}
		}
	}
}
