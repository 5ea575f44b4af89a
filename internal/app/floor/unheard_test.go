package floor_test

import (
	"maps"
	"testing"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// What arrives at an entry point of which the floor has not heard yet passes its flow all
// the same. One that is nowhere to be found ends.
func TestWhatArrivesBeforeItsEntryPointIsHeardOf(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		g, err := flow.Parse([]byte(`{"start":"q","nodes":{"q":{"type":"queue","queue":"que_1"}}}`))
		h.no(err)
		h.floor.Drive(acd.Email, letters{map[string]int{}})
		arrive := func(tenant id.Tenant, entry string) store.InteractionRow {
			t.Helper()
			i, _, err := h.floor.Arrive(t.Context(), channel.Arrival{Tenant: tenant, Channel: acd.Email, EntryPoint: entry, Language: "en"})
			h.no(err)
			return h.row(tenant, i)
		}
		p := h.plans.of(a)
		p.Flows, p.EntryPoints = maps.Clone(p.Flows), maps.Clone(p.EntryPoints)
		p.Flows["flo_2"] = floor.PlannedFlow{Version: 1, Graph: g}
		p.EntryPoints["ent_new"] = setup.EntryPoint{Name: "Mail", Channel: acd.Email, Flow: "flo_2", Languages: []string{"en"}}
		h.plans.set(a, p)
		if it := arrive(a, "ent_new"); it.State != "queued" || it.QueueID != queueID {
			t.Errorf("it is %s (%s) in %q", it.State, it.CloseReason, it.QueueID)
		}
		for _, tenant := range []id.Tenant{a, b} {
			if it := arrive(tenant, "ent_none"); it.State != "closed" || it.CloseReason != "failed" {
				t.Errorf("it is %s (%s)", it.State, it.CloseReason)
			}
		}
	})
}
