package floor_test

import (
	"context"
	"sync"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/chat"
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

// bell is the channel of chats as one that rings.
type bell struct {
	*chat.Service
	rang, hushed chan channel.Work

	mu      sync.Mutex
	carried []channel.Work // what was offered, as the disk had it
}

func (b *bell) Rings(w channel.Work)  { b.rang <- w }
func (b *bell) Hushes(w channel.Work) { b.hushed <- w }

func (b *bell) Carry(tx *store.Tx, w channel.Work, acts []channel.Act) (func(), error) {
	done, err := b.Service.Carry(tx, w, acts)
	return func() {
		if done != nil {
			done()
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if w.State == string(acd.Offered) {
			b.carried = append(b.carried, w)
		}
	}, err
}

func (b *bell) offered() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.carried)
}

// An agent is rung as soon as the offer is committed, before the disk has it; all else
// comes when the disk does. What it does not take is hushed.
func TestAgentsAreRungBeforeTheDiskHasTheOffer(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		disk := onSlowDisk(h)
		driver := &bell{Service: h.chat, rang: make(chan channel.Work, 8), hushed: make(chan channel.Work, 8)}
		h.floor.Drive(acd.Chat, driver)
		for i, fails := range []error{nil, errs.New(errs.Unavailable, "The disk is broken.")} {
			v := h.arrive(a, "Ana")
			offers := h.heard("offer.made")
			has := disk.stalls(fails)
			said := make(chan error, 1)
			go func() {
				_, err := h.chat.Choose(context.Background(), v, "choice", "bill")
				said <- err
			}()
			w := <-driver.rang
			if w.ID != v.Interaction || w.Tenant != a || w.Agent == "" || w.State != string(acd.Offered) {
				t.Errorf("rung for %+v", w)
			}
			if n, m := driver.offered(), len(offers()); n != i || m != 0 {
				t.Errorf("before the disk had it, %d offers were carried and %d told", n-i, m)
			}
			has()
			<-said
			if fails != nil {
				if lost := <-driver.hushed; lost.ID != v.Interaction || lost.Agent != w.Agent {
					t.Errorf("hushed: %+v", lost)
				}
				return
			}
			for _, d := range h.desk(a, 0).Offers { // answered after what came before is shown
				t.Logf("offered %s", d.ID)
			}
			if n := driver.offered(); n != 1 || len(driver.hushed) != 0 {
				t.Errorf("%d offers carried, %d hushed", n, len(driver.hushed))
			}
		}
	})
}
