package floor_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
)

// serve lets an agent take the first offer.
func (h *house) serve(n int) floor.Interaction {
	h.t.Helper()
	h.ready(a, n)
	offers := h.desk(a, n).Offers
	if len(offers) != 1 {
		h.t.Fatalf("offers: %+v", offers)
	}
	it, err := h.floor.Accept(h.t.Context(), actor(a, n), offers[0].ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return it
}

func TestASupervisorTakesOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, me := t.Context(), actor(a, 2)
		me.Roles = append(me.Roles, access.Supervisor)
		v := h.queue(a, "Maria")
		h.serve(0)
		other := h.queue(b, "Of another tenant")
		if _, err := h.floor.TakeOver(ctx, me, other.Interaction); !errs.Is(err, errs.NotFound) {
			t.Errorf("another tenant's: %v", err)
		}
		it, err := h.floor.TakeOver(ctx, me, v.Interaction) // not ready, not even online
		if err != nil || it.State != "active" || it.Agent != me.User {
			t.Fatalf("taken over: %+v %v", it, err)
		}
		if again, err := h.floor.TakeOver(ctx, me, v.Interaction); err != nil || again.Agent != me.User {
			t.Errorf("a repeat: %+v %v", again, err)
		}
		texts := h.texts(v)
		if want := []string{"system:agent_joined", "system:agent_left", "system:agent_joined"}; !slices.Equal(texts[len(texts)-3:], want) {
			t.Errorf("the visitor sees %v", texts)
		}
		if d := h.desk(a, 0); len(d.Work) != 0 {
			t.Errorf("the former agent still has %+v", d.Work)
		}
		if _, err := h.chat.Send(ctx, me, v.Interaction, "m1", chat.KindText, secret.New("I take over")); err != nil {
			t.Error(err)
		}
		segs, err := h.floor.Segments(ctx, supervisor(a), v.Interaction)
		if err != nil || segs[len(segs)-1].Holder != me.User || segs[len(segs)-2].Holder != agent(0) {
			t.Errorf("segments: %+v %v", segs, err)
		}
		// The same is there after a restart.
		h.close()
		h.open("nod_1")
		if it, err = h.floor.Interaction(ctx, a, v.Interaction); err != nil || it.Agent != me.User || it.State != "active" {
			t.Errorf("after a restart: %+v %v", it, err)
		}
		if _, err := h.floor.Complete(ctx, me, v.Interaction, "", nil); err != nil {
			t.Error(err)
		}
		if _, err := h.floor.TakeOver(ctx, me, v.Interaction); !errs.Is(err, errs.NotFound) {
			t.Errorf("what is closed: %v", err)
		}
		if _, err := h.floor.TakeOver(ctx, me, h.arrive(a, "In the flow").Interaction); !errs.Is(err, errs.Conflict) {
			t.Errorf("what a flow holds: %v", err)
		}
		if _, err := h.floor.TakeOver(ctx, supervisor(a), h.queue(a, "Waits").Interaction); !errs.Is(err, errs.Conflict) {
			t.Errorf("by one without a desk: %v", err)
		}
	})
}

func TestASupervisorPullsBackAndReprioritises(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		first, second := h.queue(a, "First"), h.queue(a, "Second")
		if _, err := h.floor.Move(ctx, supervisor(a), second.Interaction, "", agent(1), nil); err != nil {
			t.Fatal(err)
		}
		it := h.serve(0)
		if it.ID != first.Interaction {
			t.Fatalf("%s is not the first", it.Name)
		}
		// A priority alone neither takes running work away nor opens what waits for one.
		if _, err := h.floor.Move(ctx, supervisor(a), it.ID, "", "", new(9)); !errs.Is(err, errs.Conflict) {
			t.Errorf("a priority for running work: %v", err)
		}
		if got := h.desk(a, 0).Work; len(got) != 1 {
			t.Fatalf("the work went away: %+v", got)
		}
		if got, err := h.floor.Move(ctx, supervisor(a), second.Interaction, "", "", new(9)); err != nil || got.Priority != 9 {
			t.Fatalf("%+v %v", got, err)
		}
		if why, err := h.floor.Why(ctx, supervisor(a), second.Interaction); err != nil || !why.Only {
			t.Errorf("it waits for everybody now: %+v %v", why, err)
		}
		if _, err := h.floor.Move(ctx, supervisor(a), second.Interaction, "", "", nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("a move to nowhere: %v", err)
		}
		// Pulled back, it waits before who came meanwhile, and not for who had it.
		h.queue(a, "Third")
		got, err := h.floor.Move(ctx, supervisor(a), it.ID, queueID, "", nil)
		if err != nil || got.State == "active" {
			t.Fatalf("pulled back: %+v %v", got, err)
		}
		if offers := h.desk(a, 0).Offers; len(offers) != 1 || offers[0].Interaction.Name != "Third" {
			t.Errorf("who had it is offered %+v", offers)
		}
		h.ready(a, 2)
		if offers := h.desk(a, 2).Offers; len(offers) != 1 || offers[0].Interaction.Name != "First" {
			t.Errorf("another agent is offered %+v", offers)
		}
	})
}

func TestAPriorityIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		first, second := h.queue(a, "First"), h.queue(a, "Second")
		place := func() [2]int {
			var at [2]int
			for i, v := range []string{first.Interaction, second.Interaction} {
				why, err := h.floor.Why(ctx, supervisor(a), v)
				if err != nil {
					t.Fatal(err)
				}
				at[i] = why.Position
			}
			return at
		}
		for _, x := range []struct {
			priority int
			want     [2]int
		}{{10, [2]int{2, 1}}, {0, [2]int{1, 2}}} {
			got, err := h.floor.Move(ctx, supervisor(a), second.Interaction, "", "", &x.priority)
			if err != nil || got.Priority != x.priority || place() != x.want {
				t.Fatalf("priority %d: %+v %v, places %v", x.priority, got, err, place())
			}
		}
	})
}

// Who is moved to another queue by mistake and back does not wait anew.
func TestAMoveIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		const other = "que_2"
		plan := h.plans.of(a)
		plan.Queues = maps.Clone(plan.Queues)
		plan.Queues[other] = plan.Queues[queueID]
		h.plans.set(a, plan)
		h.reload(a)
		first, second := h.queue(a, "First"), h.queue(a, "Second")
		move := func(v chat.Visitor, queue string) {
			t.Helper()
			h.clock.Advance(time.Second)
			if got, err := h.floor.Move(ctx, supervisor(a), v.Interaction, queue, "", nil); err != nil || got.Queue != queue {
				t.Fatalf("moving to %s: %+v %v", queue, got, err)
			}
		}
		places := func(what string, want ...int) {
			t.Helper()
			if got := []int{h.state(first).Position, h.state(second).Position}; !slices.Equal(got, want) {
				t.Errorf("%s: places %v", what, got)
			}
		}
		places("before", 1, 2)
		move(first, other)
		places("moved", 1, 1)
		move(first, queueID)
		places("moved back", 1, 2)
		move(second, other)
		move(first, other)
		places("both moved", 1, 2) // it was there before the other
		move(second, queueID)
		move(first, queueID)
		places("both moved back", 1, 2)

		// What was answered meanwhile has no place any more.
		move(first, other)
		h.ready(a, 0)
		for _, o := range h.desk(a, 0).Offers {
			if _, err := h.floor.Accept(ctx, actor(a, 0), o.ID); err != nil {
				t.Fatal(err)
			}
		}
		move(first, queueID)
		if row, err := h.interaction(a, first.Interaction); err != nil || !row.Place.Equal(h.clock.Now()) {
			t.Errorf("its place after it was answered: %s %v", row.Place, err)
		}
	})
}

func TestAHintIsNeverTheVisitors(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.queue(a, "Maria")
		hint := func() error {
			_, err := h.chat.Send(ctx, supervisor(a), v.Interaction, "h1", chat.KindHint, secret.New("Offer her a voucher"))
			return err
		}
		if err := hint(); !errs.Is(err, errs.Conflict) {
			t.Errorf("a hint to nobody: %v", err)
		}
		h.serve(0)
		heard := h.listen(v)
		if err := hint(); err != nil {
			t.Fatal(err)
		}
		if err := hint(); err != nil { // a repeat is the same
			t.Fatal(err)
		}
		all, err := h.chat.Messages(ctx, a, v.Interaction, 0, 0, 0)
		hints := slices.DeleteFunc(slices.Clone(all), func(m chat.Message) bool { return m.Kind != chat.KindHint })
		if err != nil || len(hints) != 1 || hints[0].Author != "usr_9" || hints[0].Text != "Offer her a voucher" {
			t.Fatalf("colleagues see %+v %v", hints, err)
		}
		if got := strings.Join(h.texts(v), "\n"); strings.Contains(got, "voucher") {
			t.Errorf("the visitor's conversation has %s", got)
		}
		text, err := h.chat.Transcript(ctx, v)
		if err != nil || strings.Contains(string(text.Reveal()), "voucher") || !strings.Contains(string(text.Reveal()), "My order is late") {
			t.Errorf("the transcript: %s %v", text.Reveal(), err)
		}
		if _, err := h.chat.Send(ctx, actor(a, 0), v.Interaction, "m1", chat.KindText, secret.New("The last word")); err != nil {
			t.Fatal(err)
		}
		for said := ""; !strings.Contains(said, "The last word"); {
			select {
			case said = <-heard:
				if strings.Contains(said, "voucher") {
					t.Fatalf("the visitor was told %s", said)
				}
			case <-t.Context().Done():
				t.Fatal("the visitor was not told of the last word")
			}
		}
	})
}

// listen hands on what a visitor's browser is told.
func (h *house) listen(v chat.Visitor) <-chan string {
	out := make(chan string, 100)
	h.t.Cleanup(h.bus.Subscribe(func(e bus.Event) {
		if e.Interaction == v.Interaction && len(e.Visitor) > 0 {
			out <- string(e.Visitor)
		}
	}))
	return out
}
