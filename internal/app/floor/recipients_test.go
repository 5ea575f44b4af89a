package floor_test

import (
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/alert"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Recipients alone see what their rule says: in the room, in the list, live; they
// alone say that they saw it. When none of them is here any more, everybody does.
func TestAlertsAreTheirRecipients(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		events := h.heard("alert.changed")
		named, other := supervisor(a), supervisor(a)
		named.User, other.User = "usr_8", "usr_9"
		for _, u := range []string{"usr_8", "usr_9"} {
			h.no(h.db.Write(ctx, a, func(tx *store.Tx) error {
				return tx.InsertUser(store.UserRow{ID: u, UserName: u, UserNameKey: u, Status: "active", Roles: []string{"supervisor"}, Language: "en", CreatedAt: h.clock.Now()})
			}))
		}
		again := h.heard("alerts.changed")
		r := setup.DefaultAlertRule("Many wait", alert.Waiting, 1, 2)
		r.HoldSeconds, r.Recipients = 0, []string{"usr_8", "usr_1", "usr_gone"} // the second may not watch the floor
		h.rule(a, r)
		first := h.queue(a, "Maria")
		h.after(time.Second)
		see := func(who access.Actor, state string) int {
			s, err := h.floor.Snapshot(ctx, who)
			h.no(err)
			list, _, err := h.floor.Alerts(ctx, who, floor.AlertSearch{State: state})
			h.no(err)
			if state == "open" && len(s.Alerts) != len(list) {
				t.Errorf("%s sees %v in the room, %v in the list", who.User, s.Alerts, list)
			}
			return len(list)
		}
		if n, m := see(named, "open"), see(other, "open"); n != 1 || m != 0 {
			t.Fatalf("the recipient sees %d, another %d", n, m)
		}
		s, err := h.floor.Snapshot(ctx, named)
		h.no(err)
		alertID := s.Alerts[0].ID
		if _, err := h.floor.Acknowledge(ctx, other, alertID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another acknowledged it: %v", err)
		}
		h.no(h.chat.End(ctx, first))
		h.after(time.Second)
		if n, m := see(named, "cleared"), see(other, "cleared"); n != 1 || m != 0 {
			t.Errorf("once it is cleared the recipient sees %d, another %d", n, m)
		}
		if _, err := h.floor.Acknowledge(ctx, other, alertID); !errs.Is(err, errs.NotFound) {
			t.Errorf("another acknowledged it once it was cleared: %v", err)
		}
		_, err = h.floor.Acknowledge(ctx, named, alertID)
		h.no(err)
		h.drained()
		if n := len(events()); n != 3 {
			t.Errorf("%d events; it was raised, cleared and seen", n)
		}
		for _, e := range events() {
			if !e.Only || !slices.Equal(e.Users, []string{"usr_8"}) || e.Watch != access.FloorWatch {
				t.Errorf("it was told to %v, only them: %t, who may %s", e.Users, e.Only, e.Watch)
			}
		}
		r.Recipients = []string{"usr_1", "usr_gone"}
		h.rule(a, r)
		h.queue(a, "Rui")
		h.after(time.Second)
		if n := see(other, "open"); n != 1 {
			t.Errorf("with no recipient left another sees %d", n)
		}
		h.drained()
		if n := len(again()); n != 2 {
			t.Errorf("screens were told %d times that they see other alerts, not twice", n)
		}
	})
}
