package floor_test

import (
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// resting is a house whose floors rest after ten minutes.
func resting(t *testing.T, driver string) *house {
	h := newHouse(t, storetest.Open(t, driver))
	h.close()
	h.rest, h.needed = 10*time.Minute, map[id.Tenant]bool{}
	h.open("nod_1")
	return h
}

// restsNow lets time pass, and floors rest that may.
func (h *house) restsNow() {
	h.t.Helper()
	h.clock.Advance(11 * time.Minute)
	floor.RestNow(h.t.Context(), h.floor)
}

func (h *house) wantOpen(what string, want bool) {
	h.t.Helper()
	if floor.IsOpen(h.floor, a) != want {
		h.t.Errorf("%s: the floor is open: %t, want %t", what, !want, want)
	}
}

func TestAFloorRestsUntilSomebodyNeedsIt(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			h := resting(t, driver)
			h.needed[b] = true
			floor.RestNow(t.Context(), h.floor)
			h.wantOpen("at first", true)
			h.restsNow()
			h.wantOpen("after a quiet time", false)
			if !floor.IsOpen(h.floor, b) {
				t.Error("a floor rests that is needed")
			}
			h.claim(h.floor)
			h.wantOpen("after a look at the leases", false)
			h.close()
			h.open("nod_2")
			h.wantOpen("after a start", false)

			// Many who come at once find one floor, and it works as ever.
			h.ready(a, 0)
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() { _, _ = h.floor.EntryOpen(t.Context(), a, entry(a)) })
			}
			all.Wait()
			h.queue(a, "Rita")
			if d := h.desk(a, 0); len(d.Offers) != 1 {
				t.Errorf("the agent has %d offers", len(d.Offers))
			}
			h.restsNow()
			h.wantOpen("with work and an agent", true)
		})
	}
}

func TestWhatKeepsAFloorAwake(t *testing.T) {
	for name, busy := range map[string]func(h *house){
		"an agent's desk":    func(h *house) { h.ready(a, 0) },
		"somebody who waits": func(h *house) { h.queue(a, "Rita") },
		"somebody in a menu": func(h *house) { h.arrive(a, "Rita") },
		"a rule that watches": func(h *house) {
			h.rule(a, setup.AlertRule{Name: "Waiting", Enabled: true, Measure: "waiting", Always: true, Warning: setup.AlertLevel{At: 5}})
		},
		"an agent's own calls": func(h *house) { h.no(h.floor.Elsewhere(h.t.Context(), a, agent(1), 1)) },
		"a trunk that is at work": func(h *house) {
			h.no(h.floor.Trunks(h.t.Context(), a, map[string]floor.TrunkStanding{"trk_1": {Name: "Main"}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := resting(t, "sqlite")
			busy(h)
			h.restsNow()
			h.wantOpen(name, true)
			if floor.IsOpen(h.floor, b) {
				t.Error("the other tenant's floor does not rest")
			}
		})
	}
}

func TestASetUpThatNeedsAFloorWakesIt(t *testing.T) {
	h := resting(t, "sqlite")
	h.restsNow()
	h.no(h.floor.Reload(t.Context(), a))
	h.wantOpen("after a change that needs none", false)
	h.needed[a] = true
	h.no(h.floor.Reload(t.Context(), a))
	h.wantOpen("after a mailbox was connected", true)
}

// Whoever was to wake a floor was killed between the change, which is noted with it, and that.
func TestAFloorThatOversleptIsOpenedAtTheNextStart(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			h := resting(t, driver)
			h.restsNow()
			h.wantOpen("after a quiet time", false)
			h.no(h.db.Write(t.Context(), a, func(tx *store.Tx) error { return tx.WakeLease(store.FloorLease) }))
			h.close()
			h.open("nod_2")
			h.wantOpen("after the next start", true)
			h.restsNow()
			h.wantOpen("after a quiet time again", false)
			if floor.IsOpen(h.floor, b) {
				t.Error("the other tenant's floor does not rest")
			}
		})
	}
}

// Leases of floors that work are renewed though many others go to rest slowly.
func TestFloorsThatRestDoNotHoldUpLeases(t *testing.T) {
	h := resting(t, "sqlite")
	h.asking = 3 * time.Second
	open := func() (n int) {
		for _, tenant := range []id.Tenant{a, b} {
			if floor.IsOpen(h.floor, tenant) {
				n++
			}
		}
		return n
	}
	h.restsNow()
	if n := open(); n != 1 {
		t.Errorf("%d floors are open after one look, want 1", n)
	}
	floor.RestNow(t.Context(), h.floor)
	if n := open(); n != 0 {
		t.Errorf("%d floors are open after two looks, want none", n)
	}
}

// Who acts by a floor that went to rest meanwhile is refused, and nothing is lost.
func TestAnArrivalWhileAFloorGoesToRest(t *testing.T) {
	h := resting(t, "sqlite")
	var all sync.WaitGroup
	for range 20 {
		h.clock.Advance(11 * time.Minute)
		all.Go(func() { floor.RestNow(t.Context(), h.floor) })
		v := h.arrive(a, "Rita")
		all.Wait()
		if got := h.state(v); got.State != "in_flow" {
			t.Fatalf("a visitor who arrived while the floor went to rest is %q", got.State)
		}
		h.no(h.chat.End(t.Context(), v))
	}
}
