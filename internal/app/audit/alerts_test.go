package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// alerting is a log of two organisations, on two nodes, and what both tell.
type alerting struct {
	t     *testing.T
	db    *store.DB
	now   *clock.Virtual
	nodes []*audit.Log
	told  []string // tenant, kind, user and times of each event
}

func eachAlerting(t *testing.T, fn func(t *testing.T, h *alerting)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			db := storetest.Open(t, driver)
			storetest.Organisations(t, db, tenA, tenB)
			h := &alerting{t: t, db: db, now: clock.NewVirtual(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))}
			for range 2 {
				h.nodes = append(h.nodes, audit.New(db, h.now).Telling(h.tell))
			}
			fn(t, h)
		})
	}
}

func (h *alerting) tell(e bus.Event) {
	var a audit.SecurityAlert
	if err := json.Unmarshal(e.Data, &a); err != nil || e.Kind != audit.AlertChanged || e.Watch != access.AuditRead || len(e.Users) > 0 {
		h.t.Errorf("the event is %+v, %v", e, err)
	}
	h.told = append(h.told, fmt.Sprint(e.Tenant, " ", a.Kind, " ", a.User, " ", a.Times))
}

// write records entries in one transaction, on the node of a number.
func (h *alerting) write(node int, t id.Tenant, user, action string, detail map[string]string) {
	h.t.Helper()
	err := h.db.Write(h.t.Context(), t, func(tx *store.Tx) error {
		return h.nodes[node].Record(tx, access.Actor{Tenant: t, User: user}, action, "user", user, detail)
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// fails is a sign-in that fails, from a network.
func (h *alerting) fails(t id.Tenant, user, network string) {
	h.t.Helper()
	h.write(0, t, user, "sign_in.refused", map[string]string{"network": network})
}

func officerOf(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_officer", Roles: []access.Role{access.PrivacyOfficer}}
}

// open are the alerts that nobody has seen: kind, user, action, why and times.
func (h *alerting) open(t id.Tenant) (out []string) {
	h.t.Helper()
	items, _, err := h.nodes[0].SecurityAlerts(h.t.Context(), officerOf(t), "open", "", 200)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, a := range items {
		out = append(out, strings.Join(strings.Fields(fmt.Sprint(a.Kind, " ", a.User, " ", a.Action, " ", a.Why, " ", a.Times)), " "))
	}
	slices.Sort(out)
	return out
}

func (h *alerting) want(what string, t id.Tenant, want ...string) {
	h.t.Helper()
	if got := h.open(t); !slices.Equal(got, want) {
		h.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func (h *alerting) wantTold(what string, want ...string) {
	h.t.Helper()
	if !slices.Equal(h.told, want) {
		h.t.Errorf("%s: told %q, want %q", what, h.told, want)
	}
	h.told = nil
}

func (h *alerting) rule(t id.Tenant, change func(*core.UnusualRule)) {
	h.t.Helper()
	rules := core.DefaultRules()
	rules.Unusual = core.DefaultUnusual()
	change(&rules.Unusual)
	body, err := json.Marshal(rules)
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.db.Write(h.t.Context(), t, func(tx *store.Tx) error {
		row, err := tx.Setup(string(core.KindRules), "rules")
		if errs.Is(err, errs.NotFound) {
			return tx.InsertSetup(store.SetupRow{Kind: string(core.KindRules), ID: "rules", Body: body})
		}
		row.Body = body
		return errsOr(err, func() error { return tx.UpdateSetup(row) })
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func errsOr(err error, do func() error) error {
	if err != nil {
		return err
	}
	return do()
}

func TestUnusualExportsAndSignInsAlertOnce(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		h.write(0, tenA, "usr_ana", "users.exported", nil)
		h.want("the first export", tenA, "export usr_ana users.exported [first] 1")
		h.want("of the other organisation", tenB)
		h.wantTold("the first export", string(tenA)+" export usr_ana 1")
		for range 7 {
			h.write(1, tenA, "usr_ana", "users.exported", nil)
		}
		h.want("more than usual, on another node", tenA, "export usr_ana users.exported [first many] 2")
		h.wantTold("more than usual", string(tenA)+" export usr_ana 2")
		h.write(0, tenA, "usr_ana", "sign_in.unusual", map[string]string{"why": "place,hour"})
		h.write(1, tenA, "usr_ana", "sign_in.unusual", map[string]string{"why": "place"})
		h.write(0, tenB, "usr_bo", "sign_in.unusual", map[string]string{"why": "failures"})
		h.want("sign-ins", tenA, "export usr_ana users.exported [first many] 2", "sign_in usr_ana [place hour] 2")
		h.want("of the other organisation", tenB, "sign_in usr_bo [failures] 1")
		h.wantTold("sign-ins", string(tenA)+" sign_in usr_ana 1", string(tenA)+" sign_in usr_ana 2", string(tenB)+" sign_in usr_bo 1")
	})
}

func TestASecurityAlertIsSeenOnce(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		h.write(0, tenA, "usr_ana", "users.exported", nil)
		h.told = nil
		items, _, err := h.nodes[1].SecurityAlerts(t.Context(), officerOf(tenA), "", "", 0)
		if err != nil || len(items) != 1 {
			t.Fatalf("%v, %v", items, err)
		}
		alert := items[0].ID
		for _, who := range []access.Actor{{Tenant: tenA, User: "usr_sue", Roles: []access.Role{access.Supervisor}}, {Tenant: tenA, User: "usr_ana", Roles: []access.Role{access.Agent}}} {
			if _, err := h.nodes[0].AcknowledgeSecurityAlert(t.Context(), who, alert); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%v may: %v", who.Roles, err)
			}
			if _, _, err := h.nodes[0].SecurityAlerts(t.Context(), who, "", "", 0); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%v may read: %v", who.Roles, err)
			}
		}
		for _, unknown := range []string{"", "alt_1", "que_01jd0000000000000000000000", alert[:len(alert)-1] + "!"} {
			if _, err := h.nodes[0].AcknowledgeSecurityAlert(t.Context(), officerOf(tenA), unknown); !errs.Is(err, errs.NotFound) {
				t.Errorf("%q: %v", unknown, err)
			}
		}
		if _, err := h.nodes[0].AcknowledgeSecurityAlert(t.Context(), officerOf(tenB), alert); !errs.Is(err, errs.NotFound) {
			t.Errorf("the other organisation's officer: %v", err)
		}
		h.wantTold("nobody saw it")
		seen, err := h.nodes[0].AcknowledgeSecurityAlert(t.Context(), officerOf(tenA), alert)
		if err != nil || seen.AcknowledgedBy != "usr_officer" || seen.AcknowledgedAt.IsZero() {
			t.Fatalf("%+v, %v", seen, err)
		}
		h.wantTold("seen", string(tenA)+" export usr_ana 1")
		other := officerOf(tenA)
		other.User = "usr_later"
		if again, err := h.nodes[1].AcknowledgeSecurityAlert(t.Context(), other, alert); err != nil || again.AcknowledgedBy != "usr_officer" {
			t.Errorf("again: %+v, %v", again, err)
		}
		h.wantTold("again")
		h.want("seen", tenA)
		entries, _, err := h.nodes[0].Entries(t.Context(), officerOf(tenA), audit.Query{Action: "alert.acknowledged"})
		if err != nil || len(entries) != 1 || entries[0].Actor != "usr_officer" || entries[0].Object != alert {
			t.Errorf("the log has %+v, %v", entries, err)
		}
		// What comes after it was seen is another.
		h.now.Advance(48 * time.Hour)
		h.write(0, tenA, "usr_ana", "call.exported", nil)
		h.write(0, tenA, "usr_bo", "users.exported", nil)
		h.want("others", tenA, "export usr_ana call.exported [first] 1", "export usr_bo users.exported [first] 1")
		// In pages, and gone with the log.
		var ids []string
		for cursor, more := "", true; more; more = cursor != "" {
			page, next, err := h.nodes[0].SecurityAlerts(t.Context(), officerOf(tenA), "", cursor, 1)
			if err != nil || len(page) != 1 {
				t.Fatalf("%v, %v", page, err)
			}
			ids, cursor = append(ids, page[0].ID), next
		}
		if len(ids) != 3 || ids[2] != alert {
			t.Errorf("pages have %v", ids)
		}
		if _, _, err := h.nodes[0].SecurityAlerts(t.Context(), officerOf(tenA), "", "nonsense", 1); !errs.Is(err, errs.Invalid) {
			t.Errorf("a cursor of nobody: %v", err)
		}
		err = h.db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			_, err := h.nodes[0].Trim(tx, h.now.Now().Add(-24*time.Hour))
			return err
		})
		if left, _, err2 := h.nodes[0].SecurityAlerts(t.Context(), officerOf(tenA), "", "", 0); err != nil || err2 != nil || len(left) != 2 {
			t.Errorf("%d are left, %v, %v", len(left), err, err2)
		}
	})
}

func TestFailedSignInsAlertTogether(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		for i := range 9 {
			h.fails(tenA, fmt.Sprint("usr_", i), "net")
			h.fails(tenA, fmt.Sprint("usr_", i), "net")
			h.fails(tenB, "usr_b", "net")
		}
		h.write(0, tenA, "usr_known", "sign_in.refused", nil) // from a browser that is known
		h.want("nine users", tenA)
		h.wantTold("nine users")
		h.fails(tenA, "usr_9", "net")
		h.want("ten users", tenA, "many_users [] 19")
		h.want("one user of the other organisation, often", tenB)
		h.wantTold("ten users", string(tenA)+" many_users  19")
		// An hour of it is one alert, told once a minute, whatever networks it comes from.
		for range 3 {
			for i := range 10 {
				h.fails(tenA, fmt.Sprint("usr_", i), "net")
			}
		}
		h.wantTold("within a minute")
		h.now.Advance(time.Minute)
		for i := range 10 {
			h.fails(tenA, fmt.Sprint("usr_", i), "elsewhere")
		}
		h.want("two networks", tenA, "many_users [] 19")
		h.wantTold("a minute later", string(tenA)+" many_users  19")
		// One that was seen is not raised again for a while.
		items, _, err := h.nodes[0].SecurityAlerts(t.Context(), officerOf(tenA), "open", "", 0)
		if err == nil {
			_, err = h.nodes[0].AcknowledgeSecurityAlert(t.Context(), officerOf(tenA), items[0].ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		h.now.Advance(30 * time.Minute)
		h.fails(tenA, "usr_0", "net")
		h.want("half an hour after it was seen", tenA)
		h.now.Advance(31 * time.Minute)
		for i := range 10 {
			h.fails(tenA, fmt.Sprint("usr_", i), "net")
		}
		h.want("more than an hour", tenA, "many_users [] 11")
	})
}

func TestOneUserFromManyNetworksAlerts(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		tries := func(user string, networks int) {
			for n := range networks {
				h.fails(tenA, user, fmt.Sprint("net", n, "of", user))
			}
		}
		tries("usr_ana", 4)
		tries("usr_bo", 4)
		h.want("four networks", tenA)
		h.now.Advance(59 * time.Minute)
		h.fails(tenA, "usr_ana", "fifth")
		h.want("five", tenA, "many_networks usr_ana [] 5")
		h.now.Advance(2 * time.Minute)
		h.fails(tenA, "usr_bo", "fifth")
		h.want("the first four are too old", tenA, "many_networks usr_ana [] 5")
		// However many users somebody tries, a few alerts say so.
		h.told = nil
		for i := range 30 {
			tries(fmt.Sprintf("usr_%02d", i), 5)
		}
		open := h.open(tenA)
		if len(open) != 11 || open[0] != "many_networks [] 5" {
			t.Errorf("%d alerts: %q", len(open), open)
		}
		if len(h.told) != 10 {
			t.Errorf("told %d times: %q", len(h.told), h.told)
		}
		h.want("of the other organisation", tenB)
	})
}

func TestTheOrganisationSaysWhatIsUnusual(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		h.rule(tenA, func(r *core.UnusualRule) {
			r.SignIns, r.Usual.Calls, r.FailedUsers, r.FailedNetworks = false, 2, 3, 3
		})
		for range 3 {
			h.write(0, tenA, "usr_ana", "call.exported", nil)
			h.write(0, tenB, "usr_bo", "call.exported", nil)
		}
		h.write(0, tenA, "usr_ana", "sign_in.unusual", map[string]string{"why": "place"})
		for i := range 3 {
			h.fails(tenA, fmt.Sprint("usr_", i), "net")
			h.fails(tenB, fmt.Sprint("usr_", i), "net")
		}
		h.want("by its own rule", tenA, "export usr_ana call.exported [first many] 2", "many_users [] 3")
		h.want("by the product's", tenB, "export usr_bo call.exported [first] 1")
		h.rule(tenA, func(r *core.UnusualRule) { r.Exports, r.SignIns, r.Failures = false, false, false })
		h.rule(tenB, func(r *core.UnusualRule) { r.Exports, r.SignIns, r.Failures = false, false, false })
		h.write(0, tenB, "usr_new", "call.exported", nil)
		for i := range 12 {
			h.fails(tenB, fmt.Sprint("usr_", i), "net")
		}
		h.want("switched off", tenB, "export usr_bo call.exported [first] 1")
		entries, _, err := h.nodes[0].Entries(t.Context(), officerOf(tenB), audit.Query{Actor: "usr_new", Action: audit.Unusual})
		if err != nil || len(entries) != 1 {
			t.Errorf("the log has %v, %v", entries, err)
		}
	})
}

// What is rolled back raises nothing and tells nobody.
func TestAnAlertIsOfWhatHappened(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		err := h.db.Write(context.WithoutCancel(t.Context()), tenA, func(tx *store.Tx) error {
			if err := h.nodes[0].Record(tx, access.Actor{Tenant: tenA, User: "usr_ana"}, "users.exported", "user", "usr_ana", nil); err != nil {
				return err
			}
			return errs.New(errs.Invalid, "No.")
		})
		if !errs.Is(err, errs.Invalid) {
			t.Fatal(err)
		}
		h.want("after no export", tenA)
		h.wantTold("after no export")
	})
}

// told keeps what other systems are told of, once that is committed.
type told []string

func (o *told) Tell(tx *store.Tx, events ...webhook.Event) error {
	tenant := tx.Tenant()
	tx.Then(func() {
		for _, e := range events {
			a := e.Data.(webhook.SecurityAlert)
			*o = append(*o, fmt.Sprint(tenant, " ", e.Type, " ", a.Kind, " ", a.User, " ", a.Action, " ", a.Why, " ", a.Times))
		}
	})
	return nil
}

func TestOtherSystemsAreToldOfSecurityAlerts(t *testing.T) {
	eachAlerting(t, func(t *testing.T, h *alerting) {
		var o told
		for _, node := range h.nodes {
			node.TellingOthers(&o)
		}
		says := func(what string, want ...string) {
			t.Helper()
			if !slices.Equal(o, want) {
				t.Errorf("%s: %q, want %q", what, o, want)
			}
			o = nil
		}
		h.write(0, tenA, "usr_ana", "users.exported", nil)
		says("raised", string(tenA)+" security_alert.raised export usr_ana users.exported [first] 1")
		for range 7 {
			h.write(1, tenA, "usr_ana", "users.exported", nil)
		}
		says("more", string(tenA)+" security_alert.changed export usr_ana users.exported [first many] 2")
		h.write(0, tenB, "usr_bo", "sign_in.unusual", map[string]string{"why": "failures"})
		says("the other organisation's", string(tenB)+" security_alert.raised sign_in usr_bo  [failures] 1")
		items, _, err := h.nodes[0].SecurityAlerts(t.Context(), officerOf(tenA), "open", "", 0)
		if err != nil || len(items) != 1 {
			t.Fatalf("%v, %v", items, err)
		}
		for range 2 {
			if _, err := h.nodes[1].AcknowledgeSecurityAlert(t.Context(), officerOf(tenA), items[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		says("seen", string(tenA)+" security_alert.ended export usr_ana users.exported [first many] 2")
		_ = h.db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			if err := h.nodes[0].Record(tx, access.Actor{Tenant: tenA, User: "usr_eve"}, "users.exported", "user", "", nil); err != nil {
				t.Error(err)
			}
			return errs.New(errs.Conflict, "no")
		})
		says("undone")
	})
}
