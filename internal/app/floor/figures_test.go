package floor_test

import (
	"encoding/json"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
)

// However often a queue changes, who serves it hears its figures twice a second at
// most, and the last ones always.
func TestFiguresOfAQueueAreToldInMeasure(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.clock.Advance(settled)
		h.ready(a, 0)
		h.clock.Advance(settled)
		h.desk(a, 0)
		h.clock.Advance(time.Second)
		heard := h.heard("queue.changed")
		told := func(tenant id.Tenant) (all []floor.QueueView) {
			for _, e := range heard() {
				if e.Tenant == tenant {
					var v floor.QueueView
					h.no(json.Unmarshal(e.Data, &v))
					all = append(all, v)
				}
			}
			return all
		}
		turn := func(state acd.Presence) {
			t.Helper()
			_, err := h.floor.SetPresence(t.Context(), actor(a, 0), agent(0), state, "")
			h.no(err)
		}
		for range 5 {
			turn(acd.NotReady)
			turn(acd.Ready)
		}
		turn(acd.NotReady)
		first := told(a)
		if len(first) != 1 || first[0].AgentsReady != 0 {
			t.Fatalf("a change after quiet is told at once, the next ones not: %+v", first)
		}
		if w := h.wake(a); w != 500*time.Millisecond {
			t.Errorf("the rest is due in %v", w)
		}
		turn(acd.Ready)
		h.clock.Advance(499 * time.Millisecond)
		h.desk(a, 0)
		if n := len(told(a)); n != 1 {
			t.Errorf("told %d times within half a second", n)
		}
		h.clock.Advance(time.Millisecond)
		h.desk(a, 0) // nothing changes with it
		if all := told(a); len(all) != 2 || all[1].AgentsReady != 1 {
			t.Errorf("half a second later: %+v", all)
		}
		if other := told(b); len(other) != 0 {
			t.Errorf("the other tenant's queue changed: %+v", other)
		}
		h.clock.Advance(10 * time.Second)
		turn(acd.NotReady)
		if all := told(a); len(all) != 3 || all[2].AgentsReady != 0 {
			t.Errorf("after quiet: %+v", all)
		}
	})
}
