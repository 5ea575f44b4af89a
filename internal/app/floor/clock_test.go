package floor_test

import (
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

// jumpy lets the house go by a clock without jumps, as the program does, and
// gives what sets the wall clock.
func (h *house) jumpy() (jump func(time.Duration)) {
	h.t.Helper()
	h.close()
	start := h.clock.Now()
	var jumped atomic.Int64
	h.now = clock.SteadyOf(h.clock.Now, func() time.Duration { return h.clock.Now().Sub(start) - time.Duration(jumped.Load()) })
	h.open("nod_1")
	return func(d time.Duration) { jumped.Add(int64(d)); h.clock.Advance(d) }
}

// Somebody sets the wall clock by an hour while work is offered, active and in
// wrap-up: nothing expires early or late, nothing is offered in a storm, the
// lease stays, and no duration is negative.
func TestTheClockJumps(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		each(t, func(t *testing.T, h *house) {
			ctx := t.Context()
			jump := h.jumpy()
			v := h.queue(a, "Maria")
			h.queue(b, "Other")
			h.ready(a, 0)
			h.ready(b, 0)
			h.ready(a, 1)
			offer := h.desk(a, 0).Offers[0].ID
			jump(by)
			if o := h.desk(a, 0).Offers; len(o) != 1 || o[0].ID != offer {
				t.Errorf("the offer after the jump: %+v", o)
			}
			if o := h.desk(b, 0).Offers; len(o) != 1 {
				t.Errorf("the other tenant's offer after the jump: %+v", o)
			}
			old, oldChat := h.floor, h.chat
			h.open("nod_2") // finds the floors held
			if _, err := h.floor.Desk(ctx, actor(a, 0)); !errs.Is(err, errs.Unavailable) {
				t.Errorf("another node took the floor over: %v", err)
			}
			h.floor, h.chat = old, oldChat
			h.clock.Advance(23 * time.Second) // 20 at a clock that is a tenth slower
			if o := h.desk(a, 0).Offers; len(o) != 0 {
				t.Errorf("the offer does not end: %+v", o)
			}
			o := h.desk(a, 1).Offers
			if len(o) != 1 {
				t.Fatalf("the colleague's offers: %+v", o)
			}
			if _, err := h.chat.Say(ctx, v, "c", secret.New("hello?")); err != nil {
				t.Errorf("the visitor's token: %v", err)
			}
			it, err := h.floor.Accept(ctx, actor(a, 1), o[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			jump(-by)
			if it, err = h.floor.Finish(ctx, actor(a, 1), it.ID); err != nil {
				t.Fatal(err)
			}
			h.desk(a, 1)
			if row, err := h.interaction(a, it.ID); err != nil || row.State != "wrapping" {
				t.Errorf("the wrap-up did not last: %s %v", row.State, err)
			}
			h.clock.Advance(34 * time.Second)
			h.desk(a, 1)
			h.inOrder(it.ID)
		})
	}
}

// inOrder checks that a closed interaction's times follow each other, and that
// it was offered twice.
func (h *house) inOrder(interaction string) {
	h.t.Helper()
	row, err := h.interaction(a, interaction)
	if err != nil || row.State != "closed" {
		h.t.Fatalf("the wrap-up does not end: %s %v", row.State, err)
	}
	times := []time.Time{row.ArrivedAt, row.QueuedAt, row.AnsweredAt, row.WrapFrom, row.ClosedAt}
	err = h.db.Read(h.t.Context(), a, func(tx *store.Tx) error {
		offers, err := tx.OffersOf(interaction)
		if len(offers) != 2 {
			h.t.Errorf("it was offered %d times", len(offers))
		}
		segments, e := tx.Segments(interaction)
		for _, s := range segments {
			if s.EndedAt.Before(s.StartedAt) {
				h.t.Errorf("segment %d lasted %s", s.Number, s.EndedAt.Sub(s.StartedAt))
			}
		}
		if err == nil {
			err = e
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	for i := range times[1:] {
		if times[i+1].Before(times[i]) {
			h.t.Errorf("times are not in order: %v", times)
		}
	}
}

// A process that starts after the clock was set back finds times that are still
// to come: an offer, a wrap-up and a refusal do not last longer than they may.
func TestTheClockWasSetBackBeforeTheStart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.floor.Finish(ctx, actor(a, 0), it.ID); err != nil {
			t.Fatal(err)
		}
		second := h.queue(a, "second")
		if _, err := h.floor.SetPresence(ctx, actor(a, 0), agent(0), acd.Ready, ""); err != nil {
			t.Fatal(err)
		}
		h.close()
		h.clock.Advance(-time.Hour)
		h.open("nod_1")
		h.ready(a, 0)
		if o := h.desk(a, 0).Offers; len(o) != 1 || o[0].Deadline.Sub(h.clock.Now()) > 20*time.Second {
			t.Errorf("the offer after the start: %+v", o)
		}
		h.clock.Advance(21 * time.Second)
		if o := h.desk(a, 0).Offers; len(o) != 0 {
			t.Errorf("the offer does not end: %+v", o)
		}
		h.clock.Advance(time.Minute)
		h.desk(a, 0)
		if row, err := h.interaction(a, it.ID); err != nil || row.State != "closed" {
			t.Errorf("the wrap-up does not end: %s %v", row.State, err)
		}
		if row, err := h.interaction(a, second.Interaction); err != nil || row.QueuedAt.After(h.clock.Now()) {
			t.Errorf("it waits since %s: %v", row.QueuedAt, err)
		}
	})
}
