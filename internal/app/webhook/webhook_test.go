package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/webhook"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	core "nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const tenA, tenB = storetest.TenantA, storetest.TenantB

// sent is a message as the other system got it.
type sent struct {
	to, id, body string
}

// house is two organisations' webhooks, and the systems that they lead to.
type house struct {
	*webhook.Service
	t      *testing.T
	db     *store.DB
	clock  *clock.Virtual
	got    []sent
	answer func(to string) (int, error)
	kicked int
	noted  []string
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			db := storetest.Open(t, driver)
			storetest.Organisations(t, db, tenA, tenB)
			h := &house{t: t, db: db, clock: clock.NewVirtual(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)), answer: func(string) (int, error) { return 204, nil }}
			h.Service = webhook.New(webhook.Deps{DB: db, Clock: h.clock, IDs: id.NewSource(h.clock.Now, nil), Setup: h, Network: h, Audit: h,
				Kick: func() { h.kicked++ }, Log: slog.New(slog.DiscardHandler)})
			test(t, h)
		})
	}
}

// Webhook is the stored one, with a secret that everybody has.
func (h *house) Webhook(ctx context.Context, t id.Tenant, object string) (setup.Webhook, secret.Text, error) {
	var row store.SetupRow
	err := h.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.Setup(string(setup.KindWebhook), object)
		return err
	})
	if err != nil || !row.ArchivedAt.IsZero() {
		return setup.Webhook{}, secret.Text{}, errs.New(errs.NotFound, "There is no webhook with this id.")
	}
	o, err := setup.Stored(setup.KindWebhook, row.Body)
	return o.(setup.Webhook), secret.New("0123456789abcdef01234567"), err
}

func (h *house) Post(_ context.Context, to *url.URL, headers map[string]string, body string) (int, error) {
	want := core.Sign(secret.New("0123456789abcdef01234567"), headers["Webhook-Id"], h.clock.Now(), body)
	if headers["Webhook-Signature"] != want["Webhook-Signature"] || headers["Webhook-Timestamp"] != want["Webhook-Timestamp"] {
		h.t.Errorf("the signature is %v, want %v", headers, want)
	}
	h.got = append(h.got, sent{to.String(), headers["Webhook-Id"], body})
	return h.answer(to.String())
}

func (h *house) Record(_ *store.Tx, a access.Actor, action, kind, object string, _ map[string]string) error {
	h.noted = append(h.noted, strings.Join([]string{string(a.Tenant), a.User, action, kind, object}, " "))
	return nil
}

func (h *house) write(t id.Tenant, do func(tx *store.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(h.t.Context(), t, do); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) webhook(t id.Tenant, object string, events ...string) {
	h.t.Helper()
	body, err := json.Marshal(setup.Webhook{Name: object, Address: "https://" + object + ".example.com/in", Events: events})
	if err != nil {
		h.t.Fatal(err)
	}
	h.write(t, func(tx *store.Tx) error {
		return tx.InsertSetup(store.SetupRow{Kind: string(setup.KindWebhook), ID: object, Body: body})
	})
}

func (h *house) change(t id.Tenant, object string, change func(*store.SetupRow)) {
	h.t.Helper()
	h.write(t, func(tx *store.Tx) error {
		row, err := tx.Setup(string(setup.KindWebhook), object)
		if err != nil {
			return err
		}
		change(&row)
		return tx.UpdateSetup(row)
	})
}

func (h *house) tell(t id.Tenant, types ...string) {
	h.t.Helper()
	var events []core.Event
	for _, e := range types {
		events = append(events, core.Event{Type: e, At: h.clock.Now(), Data: core.Alert{ID: "alt_" + string(t)}})
	}
	h.write(t, func(tx *store.Tx) error { return h.Tell(tx, events...) })
}

// run has the jobs run that are due, as app/retention does.
func (h *house) run() (jobs int) {
	h.t.Helper()
	for {
		var due []store.JobRow
		if err := h.db.System(h.t.Context(), func(tx *store.Tx) (err error) {
			due, err = tx.ClaimJobs(h.clock.Now(), time.Minute, 10)
			return err
		}); err != nil {
			h.t.Fatal(err)
		}
		if len(due) == 0 {
			return jobs
		}
		for _, j := range due {
			jobs++
			if err := h.RunSend(h.t.Context(), j); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

func (h *house) jobs(t id.Tenant) (jobs []store.JobRow) {
	h.t.Helper()
	if err := h.db.Read(h.t.Context(), t, func(tx *store.Tx) (err error) {
		jobs, err = tx.Jobs(webhook.JobSend)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
	return jobs
}

func administrator(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_a", Roles: []access.Role{access.Administrator}}
}

// setsUp may change the set-up and not read the audit log.
func setsUp(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: "usr_b", Roles: []access.Role{access.Administrator}, Scopes: []access.Permission{access.SetupRead, access.SetupWrite}}
}

// list is what became of a webhook's events, the newest first.
func (h *house) list(a access.Actor, object string) (out []webhook.WebhookDelivery) {
	h.t.Helper()
	items, _, err := h.Deliveries(h.t.Context(), a, object, "", "", 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return items
}

func brief(items []webhook.WebhookDelivery) (out []string) {
	for _, d := range items {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", d.Event, d.State, d.Attempts, d.Fault)))
	}
	return out
}

func (h *house) want(what string, got []webhook.WebhookDelivery, want ...string) {
	h.t.Helper()
	if !slices.Equal(brief(got), want) {
		h.t.Errorf("%s: %q, want %q", what, brief(got), want)
	}
}

func (h *house) went() (to []string) {
	for _, s := range h.got {
		to = append(to, s.to)
	}
	slices.Sort(to)
	h.got = nil
	return to
}

func TestEachSystemIsToldWhatItAskedFor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.webhook(tenA, "whk_all", core.Events...)
		h.webhook(tenA, "whk_ends", core.AlertEnded)
		h.webhook(tenB, "whk_theirs", core.Events...)
		h.tell(tenA, core.AlertRaised, core.AlertEnded)
		if h.kicked != 2 {
			t.Errorf("kicked %d times for two webhooks", h.kicked)
		}
		if n := h.run(); n != 2 {
			t.Errorf("%d jobs for two webhooks", n)
		}
		for _, s := range h.got {
			if !strings.Contains(s.body, string(tenA)) || !id.Valid(id.Delivery, s.id) {
				t.Errorf("%+v", s)
			}
		}
		if got, want := h.went(), []string{"https://whk_all.example.com/in", "https://whk_all.example.com/in", "https://whk_ends.example.com/in"}; !slices.Equal(got, want) {
			t.Errorf("sent to %q, want %q", got, want)
		}
		h.want("all", h.list(administrator(tenA), "whk_all"), "alert.ended delivered 1", "alert.raised delivered 1")
		h.want("theirs", h.list(administrator(tenB), "whk_theirs"))
		if jobs := h.jobs(tenA); len(jobs) != 0 {
			t.Errorf("jobs are left: %+v", jobs)
		}
		// What is undone was never told.
		_ = h.db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			if err := h.Tell(tx, core.Event{Type: core.AlertRaised, At: h.clock.Now()}); err != nil {
				t.Error(err)
			}
			return errs.New(errs.Conflict, "no")
		})
		if h.run(); len(h.got) != 0 {
			t.Errorf("sent %+v", h.got)
		}
		// Nobody sees or repeats another organisation's.
		own := h.list(administrator(tenA), "whk_ends")[0]
		if _, _, err := h.Deliveries(t.Context(), administrator(tenB), "whk_ends", "", "", 0); !errs.Is(err, errs.NotFound) {
			t.Error("another's list:", err)
		}
		if _, err := h.Repeat(t.Context(), administrator(tenB), "whk_theirs", own.ID); !errs.Is(err, errs.NotFound) {
			t.Error("another's delivery:", err)
		}
		if _, err := h.Try(t.Context(), administrator(tenB), "whk_ends"); !errs.Is(err, errs.NotFound) {
			t.Error("another's webhook:", err)
		}
		agent := access.Actor{Tenant: tenA, User: "usr_c", Roles: []access.Role{access.Agent, access.Supervisor}}
		if _, err := h.Try(t.Context(), agent, "whk_ends"); !errs.Is(err, errs.Forbidden) {
			t.Error("a supervisor tries it:", err)
		}
	})
}

func TestWhatIsNotTakenIsSentAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := administrator(tenA)
		h.webhook(tenA, "whk_1", core.AlertRaised, core.AlertEnded)
		h.webhook(tenB, "whk_2", core.AlertRaised)
		away := func(to string) (int, error) {
			if strings.Contains(to, "whk_2") {
				return 200, nil
			}
			return 0, errs.New(errs.Unavailable, "away")
		}
		h.answer = away
		h.tell(tenA, core.AlertRaised)
		h.clock.Advance(time.Second)
		h.tell(tenA, core.AlertEnded)
		h.tell(tenB, core.AlertRaised)
		h.run()
		// One that fails keeps the others of its system waiting, and nobody else's.
		if got, want := h.went(), []string{"https://whk_1.example.com/in", "https://whk_2.example.com/in"}; !slices.Equal(got, want) {
			t.Errorf("sent to %q, want %q", got, want)
		}
		h.want("after one failure", h.list(a, "whk_1"), "alert.ended waiting 0", "alert.raised waiting 1 unreachable")
		if h.run() != 0 {
			t.Error("it was sent again at once")
		}
		first := ""
		for range 10 { // both, ten times and more
			h.clock.Advance(9 * time.Hour)
			h.run()
			for _, s := range h.got {
				if first == "" {
					first = s.id
				}
			}
			h.clock.Advance(11 * time.Second)
			h.run()
		}
		ids := map[string]int{}
		for _, s := range h.got {
			ids[s.id]++
		}
		if len(ids) != 2 || ids[first]+1 < 9 || ids[first] > 10 {
			t.Errorf("messages by id: %v", ids)
		}
		h.want("given up", h.list(a, "whk_1"), "alert.ended failed 10 unreachable", "alert.raised failed 10 unreachable")
		if jobs := h.jobs(tenA); len(jobs) != 0 {
			t.Errorf("jobs are left: %+v", jobs)
		}
		// Somebody has one sent again: with its id.
		h.answer, h.got = func(string) (int, error) { return 202, nil }, nil
		one := h.list(a, "whk_1")[1]
		again, err := h.Repeat(t.Context(), a, "whk_1", one.ID)
		if err != nil || again.State != "waiting" || again.Attempts != 0 {
			t.Errorf("%+v %v", again, err)
		}
		h.run()
		if len(h.got) != 1 || h.got[0].id != one.ID {
			t.Errorf("%+v", h.got)
		}
		if want := []string{string(tenA) + " usr_a webhook.repeated webhook whk_1"}; !slices.Equal(h.noted, want) {
			t.Errorf("noted %q, want %q", h.noted, want)
		}
		h.want("taken", h.list(a, "whk_1"), "alert.ended failed 10 unreachable", "alert.raised delivered 1")
	})
}

func TestWhatAnAnswerMeans(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := administrator(tenA)
		h.webhook(tenA, "whk_1", core.AlertRaised)
		for _, c := range []struct {
			status int
			err    error
			want   string
		}{
			{200, nil, "ping delivered 1"},
			{299, nil, "ping delivered 1"},
			{302, nil, "ping waiting 1 redirect"},
			{400, nil, "ping waiting 1 status"},
			{410, nil, "ping failed 1 gone"},
			{503, nil, "ping waiting 1 status"},
			{0, errs.New(errs.Forbidden, "inside"), "ping waiting 1 not_allowed"},
			{0, errs.New(errs.Unavailable, "away"), "ping waiting 1 unreachable"},
		} {
			h.answer = func(string) (int, error) { return c.status, c.err }
			d, err := h.Try(t.Context(), a, "whk_1")
			if err != nil || d.Event != core.Ping || d.State != "waiting" {
				t.Fatalf("%+v %v", d, err)
			}
			h.run()
			items := h.list(a, "whk_1")
			if got := brief(items[:1]); got[0] != c.want || items[0].Status != c.status {
				t.Errorf("%d %v: %q %d, want %q", c.status, c.err, got, items[0].Status, c.want)
			}
			h.write(tenA, func(tx *store.Tx) error {
				_, err := tx.DeleteWebhookDeliveries(h.clock.Now().Add(time.Hour))
				return err
			})
			h.clock.Advance(time.Minute)
		}
		// Who stops the program says nothing of the other system.
		ctx, stop := context.WithCancel(t.Context())
		h.answer = func(string) (int, error) { stop(); return 0, errs.New(errs.Unavailable, "stopped") }
		h.tell(tenA, core.AlertRaised)
		if err := h.RunSend(ctx, h.jobs(tenA)[0]); err == nil {
			t.Error("a stop is no failure")
		}
		h.want("stopped", h.list(a, "whk_1"), "alert.raised waiting 0")
	})
}

func TestAWebhookThatChangesIsToldNoMoreThanItAsksFor(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		a := administrator(tenA)
		h.webhook(tenA, "whk_1", core.AlertRaised, core.SecurityAlertRaised)
		h.answer = func(string) (int, error) { return 500, nil }
		h.tell(tenA, core.SecurityAlertRaised, core.AlertRaised)
		h.run()
		h.change(tenA, "whk_1", func(r *store.SetupRow) {
			r.Body, _ = json.Marshal(setup.Webhook{Name: "x", Address: "https://other.example.com", Events: []string{core.AlertRaised}})
		})
		h.answer, h.got = func(string) (int, error) { return 200, nil }, nil
		h.clock.Advance(time.Minute)
		h.run()
		if len(h.got) != 1 || strings.Contains(h.got[0].body, "security") {
			t.Errorf("sent %+v", h.got)
		}
		h.want("all", h.list(a, "whk_1"), "alert.raised delivered 1", "security_alert.raised failed 1 removed")
		h.want("for who may not read the log", h.list(setsUp(tenA), "whk_1"), "alert.raised delivered 1")
		secure := h.list(a, "whk_1")[1].ID
		if _, err := h.Repeat(t.Context(), setsUp(tenA), "whk_1", secure); !errs.Is(err, errs.NotFound) {
			t.Error("who may not read the log has it sent again:", err)
		}
		h.tell(tenA, core.AlertRaised)
		h.change(tenA, "whk_1", func(r *store.SetupRow) { r.ArchivedAt = h.clock.Now() })
		h.got = nil
		h.run()
		if len(h.got) != 0 {
			t.Errorf("one out of use was sent %+v", h.got)
		}
		h.want("out of use", h.list(a, "whk_1")[:1], "alert.raised failed 0 removed")
		if _, err := h.Try(t.Context(), a, "whk_1"); !errs.Is(err, errs.Conflict) {
			t.Error("one out of use is tried:", err)
		}
		h.tell(tenA, core.AlertRaised)
		if n := len(h.list(a, "whk_1")); n != 3 {
			t.Errorf("%d deliveries; one out of use is told nothing", n)
		}
	})
}

func TestNoSystemHoldsMoreThanItsShare(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.webhook(tenA, "whk_1", core.AlertRaised)
		h.Waiting, h.Kept = 60, 40
		many := slices.Repeat([]string{core.AlertRaised}, 70)
		h.answer = func(string) (int, error) { return 500, nil }
		h.tell(tenA, many...)
		count := func(state string) (n int) {
			for cursor := ""; ; {
				items, next, err := h.Deliveries(t.Context(), administrator(tenA), "whk_1", state, cursor, 25)
				if err != nil {
					t.Fatal(err)
				}
				if n += len(items); next == "" {
					return n
				}
				cursor = next
			}
		}
		if waiting, failed := count("waiting"), count("failed"); waiting != 60 || failed != 10 {
			t.Errorf("%d wait, %d were given up", waiting, failed)
		}
		h.answer = func(string) (int, error) { return 200, nil }
		for h.run() > 0 {
			h.clock.Advance(time.Second)
		}
		if waiting, all := count("waiting"), count(""); waiting != 0 || all != 40 {
			t.Errorf("%d wait, %d are remembered", waiting, all)
		}
	})
}
