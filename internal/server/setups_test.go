package server

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/setup"
)

const (
	acmeTenant  = id.Tenant("ten_acme")
	booksTenant = id.Tenant("ten_books")
)

// shelf is a store of set-ups whose readings take until they are let go; the n-th
// has a queue of that number.
type shelf struct {
	*setups
	read  int
	let   chan struct{}
	fails error
}

func newShelf() *shelf {
	h := &shelf{setups: newSetups(nil, nil, nil), let: make(chan struct{})}
	h.setups.read = func(ctx context.Context, _ id.Tenant) (appsetup.Snapshot, error) {
		h.mu.Lock()
		h.read++
		n, fails := h.read, h.fails
		h.mu.Unlock()
		<-h.let
		if fails == nil {
			fails = ctx.Err()
		}
		return appsetup.Snapshot{Queues: map[string]setup.Queue{"que_1": {Priority: n}}, EntryPoints: map[string]setup.EntryPoint{"ent_1": {}}}, fails
	}
	return h
}

// ask asks for a set-up in a goroutine and answers later which reading it was of.
func (h *shelf) ask(ctx context.Context, t id.Tenant) func() int {
	got := make(chan int, 1)
	go func() {
		snap, err := h.of(ctx, t)
		if err != nil {
			got <- -1
			return
		}
		got <- snap.plan.Queues["que_1"].Priority
	}()
	synctest.Wait()
	return func() int { return <-got }
}

func changeOf(t id.Tenant, kind string) bus.Event {
	data, _ := json.Marshal(map[string]string{"kind": kind, "id": "x"})
	return bus.Event{Tenant: t, Kind: setupChanged, Data: data}
}

func TestASetUpIsReadOnceForAllWhoAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		gone, leave := context.WithCancel(t.Context())
		first := h.ask(gone, acmeTenant)
		others := []func() int{h.ask(t.Context(), acmeTenant), h.ask(t.Context(), acmeTenant)}
		leave() // who asked first is no longer there
		close(h.let)
		for _, got := range others {
			if n := got(); n != 1 {
				t.Errorf("who asked too got reading %d", n)
			}
		}
		first()
		if n := h.ask(t.Context(), acmeTenant)(); n != 1 || h.read != 1 {
			t.Errorf("who came later got reading %d of %d", n, h.read)
		}
		if n := h.ask(t.Context(), booksTenant)(); n != 2 {
			t.Errorf("another tenant got reading %d", n)
		}
	})
}

func TestWhoWaitsForASetUpMayLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		first := h.ask(t.Context(), acmeTenant)
		ctx, leave := context.WithCancel(t.Context())
		second := h.ask(ctx, acmeTenant)
		leave()
		if n := second(); n != -1 {
			t.Errorf("got reading %d", n)
		}
		close(h.let)
		if n := first(); n != 1 {
			t.Errorf("the first got reading %d", n)
		}
	})
}

func TestAChangeOvertakesAReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		before := h.ask(t.Context(), acmeTenant)
		h.hear(changeOf(booksTenant, "queues")) // somebody else's
		h.hear(changeOf(acmeTenant, "queues"))
		after := h.ask(t.Context(), acmeTenant)
		close(h.let)
		if b, a := before(), after(); b != 1 || a != 2 {
			t.Errorf("who asked before got reading %d, who asked after %d", b, a)
		}
		if n := h.ask(t.Context(), acmeTenant)(); n != 2 {
			t.Errorf("reading %d was kept", n)
		}
		h.hear(changeOf(booksTenant, "queues"))
		if n := h.ask(t.Context(), acmeTenant)(); n != 2 {
			t.Errorf("a change of another tenant led to reading %d", n)
		}
	})
}

func TestAFailedReadingIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		close(h.let)
		h.fails = errors.New("away")
		if n := h.ask(t.Context(), acmeTenant)(); n != -1 {
			t.Errorf("got reading %d", n)
		}
		h.fails = nil
		if n := h.ask(t.Context(), acmeTenant)(); n != 2 {
			t.Errorf("got reading %d", n)
		}
	})
}

// A change of a user is for floors; the set-up is as it was.
func TestAChangedUserChangesNoSetUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		close(h.let)
		h.ask(t.Context(), acmeTenant)()
		h.hear(changeOf(acmeTenant, "users"))
		if n := h.ask(t.Context(), acmeTenant)(); n != 1 {
			t.Errorf("got reading %d", n)
		}
		if told := h.changedTenants(t.Context()); len(told) != 1 || told[0] != acmeTenant {
			t.Errorf("told are %v", told)
		}
		h.hear(bus.Event{Tenant: acmeTenant, Kind: bus.Overflow})
		if n := h.ask(t.Context(), acmeTenant)(); n != 2 {
			t.Errorf("after missed events: reading %d", n)
		}
	})
}

// Changes that come while a floor takes one are taken together.
func TestChangesAreTakenTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newShelf()
		var taken []id.Tenant
		take := make(chan struct{})
		h.reload = func(_ context.Context, t id.Tenant) error {
			<-take
			taken = append(taken, t)
			return nil
		}
		ctx, end := context.WithCancel(t.Context())
		h.ended = make(chan struct{})
		go h.tellFloors(ctx)
		h.hear(changeOf(acmeTenant, "queues"))
		synctest.Wait()
		for range 2000 {
			h.hear(changeOf(acmeTenant, "queues"))
			h.hear(changeOf(booksTenant, "queues"))
		}
		close(take)
		synctest.Wait()
		end()
		<-h.ended
		if len(taken) != 3 || taken[1] != acmeTenant || taken[2] != booksTenant {
			t.Errorf("%v", taken)
		}
	})
}
