package floor_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/flow"
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

// A wait step tells who has just arrived how many wait in its own tenant's queue.
func TestAWaitStepKnowsTheQueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		g, err := flow.Parse([]byte(`{"start":"w","nodes":{"w":{"type":"wait","queue":"` + queueID + `","text":{"en":"Number {{place}} in line."},"next":"q"},"q":{"type":"queue","queue":"` + queueID + `"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		h.queue(b, "Of another tenant")
		h.plans.change(a, func(p *floor.Plan) { p.Flows["flo_1"] = floor.PlannedFlow{Version: 2, Graph: g} })
		if err := h.floor.Reload(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"bot:Number 1 in line.", "bot:Number 2 in line."} {
			v := h.arrive(a, "Maria")
			if texts := h.texts(v); !slices.Contains(texts, want) {
				t.Errorf("%q is not among %q", want, texts)
			}
		}
	})
}
