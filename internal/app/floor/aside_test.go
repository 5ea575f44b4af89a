package floor_test

import (
	"testing"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
)

// Who telephones beside its work is offered nothing that a call leaves no room for,
// also after the floor was taken anew; another tenant's agent of the same id is.
func TestCallsBesideTheWork(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		for _, tenant := range []id.Tenant{a, b} {
			plan := h.plans.of(tenant)
			plan.Rules.Blend = setup.DefaultBlend()
			h.plans.set(tenant, plan)
			h.no(h.floor.Reload(ctx, tenant))
		}
		h.ready(a, 1)
		h.ready(b, 1)
		h.no(h.floor.Elsewhere(ctx, a, agent(1), 1))
		h.no(h.floor.Elsewhere(ctx, a, "usr_nobody", 1))
		h.queue(a, "Maria")
		h.queue(b, "Rui")
		busy := func(when string) {
			t.Helper()
			if d := h.desk(a, 1); len(d.Offers) != 0 || d.Me.Aside != 1 {
				t.Errorf("%s: %d offers, %d calls", when, len(d.Offers), d.Me.Aside)
			}
		}
		busy("on the phone")
		if d := h.desk(b, 1); len(d.Offers) != 1 || d.Me.Aside != 0 {
			t.Errorf("the other tenant's agent has %d offers", len(d.Offers))
		}
		h.no(h.floor.Reload(ctx, a))
		busy("after a change of the set-up")
		h.no(h.floor.Elsewhere(ctx, a, agent(1), 0))
		if d := h.desk(a, 1); len(d.Offers) != 1 || d.Me.Aside != 0 {
			t.Errorf("afterwards: %d offers, %d calls", len(d.Offers), d.Me.Aside)
		}
	})
}
