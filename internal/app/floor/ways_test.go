package floor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
)

// The ways that people took are counted as they take them, for each tenant by
// itself; after a restart the count begins anew and says so, and who stands where
// is right at once.
func TestWaysOfAFlow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		today := func() floor.FlowToday {
			t.Helper()
			out, err := h.floor.FlowToday(t.Context(), supervisor(a), "flo_1")
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		opened := h.now.Now()
		h.arrive(a, "Maria")
		h.queue(a, "Rita")
		h.arrive(b, "Of another tenant")
		want := floor.FlowToday{Since: opened,
			Ways:     []floor.FlowWayCount{{To: "hello", Count: 2}, {From: "hello", Out: "next", To: "menu", Count: 2}, {From: "menu", Out: "options[0]", To: "q", Count: 1}},
			Standing: []floor.FlowNodeCount{{Node: "menu", Count: 1}}}
		if diff := cmp.Diff(want, today()); diff != "" {
			t.Error(diff)
		}

		h.clock.Advance(20 * time.Second)
		h.close()
		h.open("node_1")
		got := today()
		if !got.Since.After(opened) || len(got.Ways) != 0 || !cmp.Equal(got.Standing, want.Standing) {
			t.Errorf("after a restart: %+v", got)
		}
		h.arrive(a, "Ana")
		h.clock.Advance(24 * time.Hour)
		if got = today(); len(got.Ways) != 0 || got.Since.Hour() != 0 || got.Standing[0].Count != 2 {
			t.Errorf("on the next day: %+v", got)
		}
		if _, err := h.floor.FlowToday(t.Context(), supervisor(a), "flo_none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}
