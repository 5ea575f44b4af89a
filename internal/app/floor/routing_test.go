package floor_test

import (
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// change sets a tenant's queue up anew and lets its floor see it.
func (h *house) change(t id.Tenant, do func(*setup.Queue)) {
	h.t.Helper()
	q := h.plans.of(t).Queues[queueID]
	do(&q)
	h.plans.change(t, func(p *floor.Plan) { p.Queues[queueID] = q })
	h.reload(t)
}

func (h *house) reload(t id.Tenant) {
	h.t.Helper()
	if err := h.floor.Reload(h.t.Context(), t); err != nil {
		h.t.Fatal(err)
	}
}

// pass lets time go by and the floor see it.
func (h *house) pass(t id.Tenant, d time.Duration) {
	h.t.Helper()
	h.clock.Advance(d)
	h.reload(t)
}

func TestWorkOverflows(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		night := setup.DefaultQueue("Night")
		night.Members = []string{agent(1)}
		for _, tenant := range []id.Tenant{a, b} {
			h.plans.change(tenant, func(p *floor.Plan) { p.Queues["que_2"] = night })
		}
		h.change(a, func(q *setup.Queue) {
			q.Members = []string{agent(0)}
			q.Overflow = []setup.Overflow{{When: acd.OnWait, AfterSeconds: 60, ToQueue: "que_2"}}
		})
		v, other := h.queue(a, "Maria"), h.queue(b, "Rosa")
		h.pass(a, 50*time.Second)
		h.close()
		h.open("nod_1") // the wait goes on over a restart
		if s := h.state(v); s.QueueName != "Billing" {
			t.Fatalf("%+v", s)
		}
		h.pass(a, 10*time.Second)
		h.pass(b, 0)
		if s := h.state(v); s.State != "queued" || s.QueueName != "Night" || s.Position != 1 {
			t.Errorf("%+v", s)
		}
		if s := h.state(other); s.QueueName != "Billing" {
			t.Errorf("the other tenant's work moved: %+v", s)
		}
		h.ready(a, 1)
		if d := h.desk(a, 1); len(d.Offers) != 1 {
			t.Errorf("%+v", d)
		}
		row := h.row(a, v.Interaction)
		if row.Place.IsZero() || !row.EnteredAt.After(row.Place) {
			t.Errorf("the place is %v, entered %v", row.Place, row.EnteredAt)
		}
	})
}

func (h *house) row(t id.Tenant, interaction string) (r store.InteractionRow) {
	h.t.Helper()
	err := h.db.Read(h.t.Context(), t, func(tx *store.Tx) (err error) {
		r, err = tx.Interaction(interaction)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func TestOverflowMayEndWork(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(a, func(q *setup.Queue) { q.Overflow = []setup.Overflow{{When: acd.OnLength, Length: 1}} })
		first, second := h.queue(a, "Maria"), h.queue(a, "Rosa")
		if s := h.state(first); s.State != "queued" {
			t.Errorf("%+v", s)
		}
		if s := h.state(second); s.State != "closed" || !s.Ended {
			t.Errorf("%+v", s)
		}
		if said := h.texts(second); said[len(said)-1] != "system:unanswered" {
			t.Errorf("%v", said)
		}
		if r := h.row(a, second.Interaction); r.CloseReason != string(acd.Overflowed) || r.QueueID != queueID || r.QueuedAt.IsZero() || r.ClosedAt.IsZero() {
			t.Errorf("%+v", r)
		}
	})
}

func TestQueuesCloseAndOpenByTheirHours(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		// It is ten o'clock on a Tuesday.
		plan := h.plans.of(a)
		plan.Hours = map[string]setup.Hours{"hrs_1": {Name: "Office", TimeZone: "UTC", Weekly: []setup.Opening{{Day: 2, From: "09:00", To: "10:02"}, {Day: 2, From: "10:04", To: "11:00"}}}}
		h.plans.set(a, plan)
		h.change(a, func(q *setup.Queue) {
			q.Hours, q.Overflow = "hrs_1", []setup.Overflow{{When: acd.OnClosed}}
		})
		waits := h.queue(a, "Maria")
		h.clock.Advance(2 * time.Minute)
		late := h.queue(a, "Rosa")
		if s := h.state(waits); s.State != "queued" { // who waits is served
			t.Errorf("%+v", s)
		}
		if s := h.state(late); s.State != "closed" {
			t.Errorf("%+v", s)
		}
		h.clock.Advance(2 * time.Minute)
		if s := h.state(h.queue(a, "Inês")); s.State != "queued" {
			t.Errorf("%+v", s)
		}
	})
}

func TestThePersonsLastAgentComesFirst(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		contact := ""
		h.known = func(fresh string) string { // everybody is the same person
			if contact == "" {
				contact = fresh
			}
			return contact
		}
		h.change(a, func(q *setup.Queue) { q.AffinitySeconds, q.WrapUpSeconds, q.DispositionMust = 60, 0, false })
		h.ready(a, 1)
		v := h.queue(a, "Maria")
		h.handleQuick(a, 1)
		if s := h.state(v); s.State != "closed" {
			t.Fatalf("%+v", s)
		}
		h.clock.Advance(time.Minute)
		h.ready(a, 0) // idle as long, and first by id
		again := h.queue(a, "Maria")
		if d := h.desk(a, 1); len(d.Offers) != 1 || d.Offers[0].Interaction.ID != again.Interaction {
			t.Errorf("the last agent was not asked: %+v", d)
		}
	})
}

// handleQuick is handle in a queue without wrap-up.
func (h *house) handleQuick(t id.Tenant, n int) {
	h.t.Helper()
	d := h.desk(t, n)
	if len(d.Offers) != 1 {
		h.t.Fatalf("%d offers", len(d.Offers))
	}
	it, err := h.floor.Accept(h.t.Context(), actor(t, n), d.Offers[0].ID)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.floor.Finish(h.t.Context(), actor(t, n), it.ID); err != nil {
		h.t.Fatal(err)
	}
}

// Who asks to be called back may go: the place stays, over a restart too, and the
// agent reads where to answer.
func TestACallbackKeepsThePlace(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, second, other := h.queue(a, "Maria"), h.queue(a, "Rosa"), h.queue(b, "Maria")
		reach := secret.New("+351 211 000 000")
		for range 2 { // said twice is said once
			if err := h.chat.Callback(t.Context(), first, "back", reach); err != nil {
				t.Fatal(err)
			}
		}
		if s := h.state(first); s.State != "queued" || s.Position != 1 || !s.Kept {
			t.Errorf("%+v", s)
		}
		if s := h.state(other); s.Kept {
			t.Errorf("the other tenant's: %+v", s)
		}
		h.clock.Advance(11 * time.Minute) // who does not wait is never gone
		h.close()
		h.open("nod_1")
		h.ready(a, 0)
		d := h.desk(a, 0)
		if len(d.Offers) == 0 || d.Offers[0].Interaction.ID != first.Interaction || !d.Offers[0].Interaction.LeftMessage {
			t.Fatalf("%+v", d.Offers)
		}
		said := h.texts(first)
		if n := slices.Index(said, "system:+351 211 000 000callback"); n < 0 || slices.Contains(said[n+1:], said[n]) {
			t.Errorf("%v", said)
		}
		for _, o := range d.Offers {
			if _, err := h.floor.Accept(t.Context(), actor(a, 0), o.ID); err != nil {
				t.Fatal(err)
			}
		}
		if s := h.state(first); s.State != "active" || !s.Open {
			t.Errorf("%+v", s)
		}
		// One who is being served cannot; nor does a wrong address do.
		if err := h.chat.Callback(t.Context(), second, "back", reach); !errs.Is(err, errs.Conflict) {
			t.Errorf("%v", err)
		}
		if err := h.chat.Callback(t.Context(), other, "back", secret.New("x")); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v", err)
		}
	})
}

func TestAutoAcceptedWorkIsStored(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.change(a, func(q *setup.Queue) { q.AutoAccept = true })
		h.ready(a, 0)
		v := h.queue(a, "Maria")
		if s := h.state(v); s.State != "active" {
			t.Errorf("%+v", s)
		}
		d := h.desk(a, 0)
		if len(d.Offers) != 0 || len(d.Work) != 1 || !slices.Contains(h.texts(v), "system:agent_joined") {
			t.Errorf("%+v, %v", d, h.texts(v))
		}
		h.close()
		h.open("nod_1")
		if d := h.desk(a, 0); len(d.Offers) != 0 || len(d.Work) != 1 {
			t.Errorf("after a restart: %+v", d)
		}
	})
}
