package floor_test

import (
	"context"
	"sync"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// slowDisk is a store whose disk has what was committed when a test says so.
type slowDisk struct {
	*store.DB
	mu        sync.Mutex
	has       chan struct{} // open while the disk writes
	fails     error
	committed chan struct{} // one for each commit while the disk writes
}

func (s *slowDisk) Ahead(ctx context.Context, t id.Tenant, fn func(*store.Tx) error) (func() error, error) {
	durable, err := s.DB.Ahead(ctx, t, fn)
	s.mu.Lock()
	defer s.mu.Unlock()
	has, fails := s.has, s.fails
	if err != nil || has == nil {
		return durable, err
	}
	s.committed <- struct{}{}
	return func() error {
		<-has
		if fails != nil {
			return fails
		}
		return durable()
	}, nil
}

// stalls lets the disk take its time until the returned function is called.
func (s *slowDisk) stalls(fails error) (has func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has, s.fails = make(chan struct{}), fails
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(s.has)
		s.has = nil
	}
}

func onSlowDisk(h *house) *slowDisk {
	h.close()
	disk := &slowDisk{DB: h.db, committed: make(chan struct{}, 16)}
	h.rows = disk
	h.open("nod_1")
	for _, tenant := range []id.Tenant{a, b} {
		h.ready(tenant, 0)
		h.ready(tenant, 1)
	}
	return disk
}

// rests lets an agent rest; the answer comes by the channel.
func (h *house) rests(t id.Tenant, n int) <-chan error {
	said := make(chan error, 1)
	go func() {
		_, err := h.floor.SetPresence(context.Background(), actor(t, n), agent(n), acd.NotReady, "")
		said <- err
	}()
	return said
}

// A floor goes on while the disk writes what it decided, and shows and answers each
// thing only when the disk has it.
func TestNothingIsShownBeforeTheDiskHasIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		disk := onSlowDisk(h)
		changes := h.heard("agent.changed")
		before := len(changes())
		has := disk.stalls(nil)
		first := h.rests(a, 0)
		<-disk.committed
		second := h.rests(a, 1)
		<-disk.committed // the floor did not wait
		if n := len(changes()) - before; n != 0 {
			t.Errorf("%d changes were shown before the disk had them", n)
		}
		select {
		case err := <-first:
			t.Errorf("answered before the disk had it: %v", err)
		case err := <-second:
			t.Errorf("answered before the disk had it: %v", err)
		default:
		}
		has()
		for _, said := range []<-chan error{first, second} {
			if err := <-said; err != nil {
				t.Error(err)
			}
		}
		var of []string
		for _, e := range changes()[before:] {
			of = append(of, e.Users...)
		}
		if len(of) != 2 || of[0] != agent(0) || of[1] != agent(1) {
			t.Errorf("shown in the order %v", of)
		}
	})
}

// What does not reach the disk is answered as not saved; the floor begins anew from
// what is stored, and goes on.
func TestWhatTheDiskDoesNotTakeIsNotSaved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		disk := onSlowDisk(h)
		rebuilt := h.heard("floor.rebuilt")
		has := disk.stalls(errs.New(errs.Unavailable, "The disk is broken."))
		said := h.rests(a, 0)
		<-disk.committed
		has()
		if err := <-said; !errs.Is(err, errs.Unavailable) {
			t.Errorf("not saved, and answered %v", err)
		}
		if err := <-h.rests(a, 1); err != nil {
			t.Error(err)
		}
		if n := len(rebuilt()); n != 1 {
			t.Errorf("it began anew %d times", n)
		}
	})
}
