package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const operatorOf = id.Tenant("opr_00000000000000000000000001")

// note has refusals noted on the node of a number, and waits until they are.
func (h *alerting) note(node int, fn func(*audit.Refusals)) {
	h.t.Helper()
	r := audit.NewRefusals(h.nodes[node], slog.New(slog.DiscardHandler))
	if err := r.Start(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	fn(r)
	for range 2 {
		if err := r.Stop(context.WithoutCancel(h.t.Context())); err != nil {
			h.t.Fatal(err)
		}
	}
}

// refused are requests of a user that were refused.
func (h *alerting) refused(node int, t id.Tenant, user string, times int) {
	h.t.Helper()
	h.note(node, func(r *audit.Refusals) { r.Note(access.Actor{Tenant: t, User: user}, "", times) })
}

// seen says of all open alerts that somebody has seen them.
func (h *alerting) seen(t id.Tenant) {
	h.t.Helper()
	items, _, err := h.nodes[0].SecurityAlerts(h.t.Context(), officerOf(t), "open", "", 200)
	for _, a := range items {
		if err == nil {
			_, err = h.nodes[1].AcknowledgeSecurityAlert(h.t.Context(), officerOf(t), a.ID)
		}
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// noted are the entries of refused requests, the newest first: kind and id of the actor,
// object, count.
func (h *alerting) noted(t id.Tenant) (out []string) {
	h.t.Helper()
	entries, _, err := h.nodes[0].Entries(h.t.Context(), officerOf(t), audit.Query{Action: audit.Refused})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, fmt.Sprint(e.ActorKind, " ", e.Actor, " ", e.ObjectKind, " ", e.Object, " ", e.Detail["count"]))
	}
	return out
}

func TestWhoIsRefusedAgainAndAgainAlerts(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		operated(t, h.db)
		var o told
		for _, n := range h.nodes {
			n.TellingOthers(&o)
		}
		ids := id.NewSource(h.now.Now, nil)
		ana, key, helper := ids.New(id.User), ids.New(id.APIKey), ids.New(id.User)
		h.refused(0, tenA, ana, 50)
		h.want("one", tenA, "refused "+ana+" [] 50")
		h.wantTold("one", string(tenA)+" refused "+ana+" 50")
		h.refused(1, tenA, ana, 100)
		h.refused(0, tenA, ana, 50) // an hour later, or counted by another node
		h.want("the most together", tenA, "refused "+ana+" [] 100")
		if want := []string{string(tenA) + " security_alert.raised refused " + ana + "  [] 50", string(tenA) + " security_alert.changed refused " + ana + "  [] 100", string(tenA) + " security_alert.changed refused " + ana + "  [] 100"}; !slices.Equal(o, want) {
			t.Errorf("other systems are told %q, want %q", o, want)
		}
		h.note(0, func(r *audit.Refusals) {
			r.Note(access.Actor{Tenant: tenB, User: key}, "", 50)
			r.Note(access.Actor{Tenant: tenB, User: helper, Support: &access.Support{Grant: "sup_1", Home: operatorOf}}, "", 50)
			r.Note(access.Actor{Tenant: tenB}, "int_1", 50)
			r.Note(access.Actor{}, "", 200)
		})
		h.want("the other organisation's", tenB, slices.Sorted(slices.Values([]string{"refused " + key + " [] 50", "refused " + helper + " [] 50", "refused_outside [] 50"}))...)
		h.want("the operator's", operatorOf, "refused_outside [] 200")
		h.want("as before", tenA, "refused "+ana+" [] 100")
		if got, want := h.noted(tenB), []string{"visitor  interaction int_1 50", "support " + helper + " user " + helper + " 50", "api_key " + key + " api_key " + key + " 50"}; !slices.Equal(got, want) {
			t.Errorf("the log says %q, want %q", got, want)
		}
		if got, want := h.noted(operatorOf), []string{"visitor  organisation " + string(operatorOf) + " 200"}; !slices.Equal(got, want) {
			t.Errorf("the operator's log says %q, want %q", got, want)
		}

		// It ends when somebody has seen it, and comes again an hour later.
		o = nil
		h.seen(tenA)
		if want := []string{string(tenA) + " security_alert.ended refused " + ana + "  [] 100"}; !slices.Equal(o, want) {
			t.Errorf("other systems are told %q, want %q", o, want)
		}
		h.now.Advance(59 * time.Minute)
		h.refused(0, tenA, ana, 400)
		h.want("within an hour after it was seen", tenA)
		h.now.Advance(time.Minute)
		h.refused(0, tenA, ana, 50)
		h.want("an hour after it was seen", tenA, "refused "+ana+" [] 50")
	})
}

// However many callers are refused, a few alerts say so, and each organisation chooses
// from how many on, and whether.
func TestAlertsOfRefusedRequestsAreFewAndChosen(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		ids := id.NewSource(h.now.Now, nil)
		h.note(0, func(r *audit.Refusals) {
			for range 30 {
				r.Note(access.Actor{Tenant: tenA, User: ids.New(id.User)}, "", 50)
			}
			for i := range 20 {
				r.Note(access.Actor{Tenant: tenA}, fmt.Sprint("int_", i), 50)
			}
		})
		open := h.open(tenA)
		if len(open) != 12 || !slices.Contains(open, "refused [] 50") || open[11] != "refused_outside [] 50" {
			t.Errorf("%d alerts: %q", len(open), open)
		}
		h.rule(tenB, func(r *core.UnusualRule) { r.RefusedOften = 200 })
		h.refused(0, tenB, "usr_bo", 100)
		h.want("fewer than are chosen", tenB)
		h.refused(0, tenB, "usr_bo", 200)
		h.want("as many", tenB, "refused usr_bo [] 200")
		h.rule(tenB, func(r *core.UnusualRule) { r.Refusals = false })
		h.refused(0, tenB, "usr_cy", 800)
		h.want("switched off", tenB, "refused usr_bo [] 200")
		if got := h.noted(tenB); len(got) != 3 {
			t.Errorf("the log says %q", got)
		}
	})
}

// Who is refused waits for nothing, and before anybody runs the installation nothing is noted.
func TestNotingARefusalWaitsForNothing(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		r := audit.NewRefusals(h.nodes[0], slog.New(slog.DiscardHandler))
		for range 1000 { // nobody takes them
			r.Note(access.Actor{Tenant: tenA, User: "usr_ana"}, "", 50)
		}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := r.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Fatal(err)
		}
		n := 0
		must(t, h.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
			rows, err := tx.AuditHabit("usr_ana", audit.Refused, time.Time{}, 1000)
			n = len(rows)
			return err
		}))
		if n != 100 {
			t.Errorf("%d were noted", n)
		}
		h.note(0, func(r *audit.Refusals) { r.Note(access.Actor{}, "", 50) })
		h.want("of whom nobody knows", tenA, "refused usr_ana [] 50")
	})
}
