package floor_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"

	"nubitalk/internal/app/floor"
)

// each runs a test on both engines.
func each(t *testing.T, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) { test(t, newHouse(t, open())) })
}

func TestAVisitorIsServedFromArrivalToClose(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.arrive(a, "Maria")
		if got := h.state(v); got.State != "in_flow" || !got.Open {
			t.Fatalf("after arrival: %+v", got)
		}
		if _, err := h.chat.Choose(ctx, v, "c1", "bill"); err != nil {
			t.Fatal(err)
		}
		if got := h.state(v); got.State != "queued" || got.Position != 1 || got.QueueName != "Billing" {
			t.Fatalf("after the choice: %+v", got)
		}
		h.ready(b, 0) // another tenant's agent is never asked
		h.ready(a, 0)
		if len(h.desk(b, 0).Offers) != 0 {
			t.Fatal("another tenant's agent was offered the work")
		}
		offers := h.desk(a, 0).Offers
		if len(offers) != 1 || offers[0].Interaction.Name != "Maria" {
			t.Fatalf("offers: %+v", offers)
		}
		it, err := h.floor.Accept(ctx, actor(a, 0), offers[0].ID)
		if err != nil || it.State != "active" || it.Agent != agent(0) {
			t.Fatalf("accepted: %+v %v", it, err)
		}
		if _, err := h.chat.Send(ctx, actor(a, 0), it.ID, "m1", chat.KindText, secret.New("Let me look")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.chat.Send(ctx, actor(a, 0), it.ID, "m2", chat.KindNote, secret.New("known customer")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.chat.Say(ctx, v, "v1", secret.New("Thank you")); err != nil {
			t.Fatal(err)
		}
		if it, err = h.floor.Finish(ctx, actor(a, 0), it.ID); err != nil || it.State != "wrapping" || it.WrapUntil.Sub(h.clock.Now()) != 30*time.Second {
			t.Fatalf("finished: %+v %v", it, err)
		}
		if _, err := h.chat.Say(ctx, v, "v2", secret.New("too late")); !errs.Is(err, errs.Conflict) {
			t.Fatalf("a message after the end: %v", err)
		}
		if it, err = h.floor.Complete(ctx, actor(a, 0), it.ID, "", []string{"refund"}); err != nil || it.State != "closed" || it.CloseReason != "completed" {
			t.Fatalf("completed: %+v %v", it, err)
		}
		want := []string{"visitor:My order is late", "bot:Hello Maria", "bot:What is it about?", "visitor:A bill", "system:queued", "system:agent_joined",
			"agent:Let me look", "visitor:Thank you", "system:ended"}
		if d := cmp.Diff(want, h.texts(v)); d != "" {
			t.Fatalf("the visitor's conversation (-want +got):\n%s", d)
		}
		segs, err := h.floor.Segments(ctx, supervisor(a), it.ID)
		if err != nil {
			t.Fatal(err)
		}
		var holders []string
		for _, s := range segs {
			holders = append(holders, s.HolderKind+" "+s.Holder)
			if s.EndedAt.IsZero() {
				t.Errorf("segment %d of a closed interaction runs", s.Number)
			}
		}
		if d := cmp.Diff([]string{"flow flo_1", "queue " + queueID, "agent " + agent(0)}, holders); d != "" {
			t.Errorf("segments (-want +got):\n%s", d)
		}
	})
}

func TestAChosenResultStandsWhenTheWrapUpRunsOut(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		q := h.plans.of(a).Queues[queueID]
		q.Dispositions = []string{"dis_1", "dis_2"}
		h.plans.change(a, func(p *floor.Plan) { p.Queues[queueID] = q })
		h.reload(a)
		h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		code := func(who access.Actor, disposition string, labels ...string) error {
			_, err := h.floor.Code(ctx, who, it.ID, disposition, labels)
			return err
		}
		if err := code(actor(a, 0), "dis_1", "refund", "late"); err != nil {
			t.Fatal(err)
		}
		if err := code(actor(a, 0), "dis_2"); err != nil { // thought again
			t.Fatal(err)
		}
		for _, wrong := range [][]string{{"dis_3"}, {"dis_9"}, {"dis_1", "lab_9"}} {
			if err := code(actor(a, 0), wrong[0], wrong[1:]...); !errs.Is(err, errs.Invalid) {
				t.Errorf("a result that is not offered, %v: %v", wrong, err)
			}
		}
		for _, other := range []access.Actor{actor(a, 1), actor(b, 0)} {
			if err := code(other, "dis_1"); err == nil {
				t.Errorf("%v chose a result for another's work", other)
			}
		}
		if got := h.desk(a, 0).Work[0]; got.Disposition != "dis_2" || len(got.Labels) != 0 {
			t.Errorf("the desk shows %q %v", got.Disposition, got.Labels)
		}
		if _, err := h.floor.Finish(ctx, actor(a, 0), it.ID); err != nil {
			t.Fatal(err)
		}
		if err := code(actor(a, 0), "dis_1", "late"); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(31 * time.Second)
		h.desk(a, 0) // the actor has handled its timer
		err = h.db.Read(ctx, a, func(tx *store.Tx) error {
			row, err := tx.Interaction(it.ID)
			if err != nil {
				return err
			}
			if row.State != "closed" || row.DispositionID != "dis_1" || !slices.Equal(row.Labels, []string{"late"}) {
				t.Errorf("after its time: %s %q %v", row.State, row.DispositionID, row.Labels)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestARestartFindsEverythingWhereItWas(t *testing.T) {
	for _, clean := range []bool{true, false} {
		each(t, func(t *testing.T, h *house) {
			ctx := t.Context()
			inFlow, active := h.arrive(a, "in flow"), h.queue(a, "active")
			h.ready(a, 0)
			work, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.floor.SetPresence(ctx, actor(a, 0), agent(0), acd.NotReady, ""); err != nil {
				t.Fatal(err)
			}
			first, second := h.queue(a, "first"), h.queue(a, "second")
			if clean {
				h.close()
				h.open("nod_2")
			} else {
				h.takeOver("nod_2")
			}
			if got := h.state(inFlow).State; got != "in_flow" {
				t.Errorf("in flow: %s", got)
			}
			if got := h.state(active); got.State != "active" {
				t.Errorf("active: %+v", got)
			}
			if p, q := h.state(first).Position, h.state(second).Position; p != 1 || q != 2 {
				t.Errorf("places: %d and %d", p, q)
			}
			if d := h.desk(a, 0); len(d.Work) != 1 || d.Work[0].ID != work.ID {
				t.Errorf("the agent's work: %+v", d.Work)
			}
			if _, err := h.chat.Choose(ctx, inFlow, "later", "bill"); err != nil || h.state(inFlow).State != "queued" {
				t.Errorf("the flow does not go on: %v %+v", err, h.state(inFlow))
			}
			h.ready(a, 1)
			if o := h.desk(a, 1).Offers; len(o) == 0 || o[0].Interaction.Name != "first" {
				t.Errorf("offers after the restart: %+v", o)
			}
		})
	}
}

// What an agent declined just before a stop or a crash is not offered to it
// again at once afterwards, but goes to somebody else.
func TestARestartDoesNotOfferAgainWhatWasDeclined(t *testing.T) {
	for _, clean := range []bool{true, false} {
		each(t, func(t *testing.T, h *house) {
			v := h.queue(a, "Maria")
			h.queue(b, "Other")
			h.ready(a, 0)
			h.ready(b, 0)
			offers := h.desk(a, 0).Offers
			if len(offers) != 1 {
				t.Fatalf("offers: %+v", offers)
			}
			if err := h.floor.Decline(t.Context(), actor(a, 0), offers[0].ID); err != nil {
				t.Fatal(err)
			}
			if clean {
				h.close()
			}
			h.open("nod_1") // takes its own floors back at once
			h.ready(a, 0)
			h.ready(b, 0)
			if o := h.desk(a, 0).Offers; len(o) != 0 {
				t.Errorf("offered again to who declined it: %+v", o)
			}
			if o := h.desk(b, 0).Offers; len(o) != 1 {
				t.Errorf("the other tenant's offers: %+v", o)
			}
			h.ready(a, 1)
			if o := h.desk(a, 1).Offers; len(o) != 1 || o[0].Interaction.ID != v.Interaction {
				t.Fatalf("offers of the colleague: %+v", o)
			}
			if _, err := h.floor.Accept(t.Context(), actor(a, 1), h.desk(a, 1).Offers[0].ID); err != nil {
				t.Fatal(err)
			}
			row, err := h.interaction(a, v.Interaction)
			if err != nil || row.Refused != nil {
				t.Errorf("refusals are kept of answered work: %v %v", row.Refused, err)
			}
		})
	}
}

func TestANodeThatLostItsLeaseChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.queue(a, "Maria")
		old := h.floor
		h.takeOver("nod_2")
		if err := old.CustomerLeft(ctx, a, v.Interaction); !errs.Is(err, errs.Unavailable) {
			t.Fatalf("the old node answered %v", err)
		}
		if got := h.state(v).State; got != "queued" {
			t.Fatalf("the old node changed the state to %s", got)
		}
	})
}

// A node whose clock is far ahead leaves the others' leases alone while they are
// renewed, and so does one whose clock is behind; who says no more is succeeded.
func TestLeasesDoNotGoByTheNodesClocks(t *testing.T) {
	for _, ahead := range []time.Duration{5 * time.Hour, -5 * time.Hour} {
		each(t, func(t *testing.T, h *house) {
			ctx := t.Context()
			v := h.queue(a, "Maria")
			old := h.floor
			h.now = wrongClock{h.clock, ahead}
			h.open("nod_2")
			other := h.floor
			for range 8 {
				h.clock.Advance(5 * time.Second)
				h.claim(old)
				h.claim(other)
			}
			for _, tenant := range []id.Tenant{a, b} {
				if _, err := other.Desk(ctx, actor(tenant, 0)); !errs.Is(err, errs.Unavailable) {
					t.Errorf("it took a floor that is alive: %v", err)
				}
				if _, err := old.Desk(ctx, actor(tenant, 0)); err != nil {
					t.Errorf("the floor that is alive: %v", err)
				}
			}
			h.clock.Advance(13 * time.Second)
			h.claim(other)
			if _, err := other.Desk(ctx, actor(a, 0)); !errs.Is(err, errs.Unavailable) {
				t.Errorf("too early: %v", err)
			}
			h.clock.Advance(time.Second)
			h.claim(other)
			if got := h.state(v).State; got != "queued" {
				t.Errorf("after it was succeeded: %s", got)
			}
			if err := old.CustomerLeft(ctx, a, v.Interaction); !errs.Is(err, errs.Unavailable) {
				t.Errorf("the old node answered %v", err)
			}
		})
	}
}

// wrongClock is a clock that is set wrongly.
type wrongClock struct {
	clock.Clock
	by time.Duration
}

func (c wrongClock) Now() time.Time { return c.Clock.Now().Add(c.by) }

func TestALostBrowserReturnsWorkToTheFront(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		if _, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID); err != nil {
			t.Fatal(err)
		}
		h.queue(a, "later")
		if err := h.floor.Connected(ctx, a, agent(0), 0); err != nil {
			t.Fatal(err)
		}
		h.clock.Advance(16 * time.Second)
		h.desk(a, 0) // any call lets due timers fire; with a real clock they wake the floor
		if got := h.state(v); got.State != "queued" || got.Position != 1 {
			t.Fatalf("the conversation of the lost agent: %+v", got)
		}
		if got := h.desk(a, 0).Me.Presence; got != acd.Offline {
			t.Errorf("the lost agent is %s", got)
		}
	})
}

func TestOnlyWhoHoldsWorkMayHandleIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.queue(a, "Maria")
		h.ready(a, 0)
		offer := h.desk(a, 0).Offers[0].ID
		for _, who := range []access.Actor{actor(a, 1), actor(b, 0)} {
			if _, err := h.floor.Accept(ctx, who, offer); !errs.Is(err, errs.Conflict) {
				t.Errorf("%s/%s accepted another's offer: %v", who.Tenant, who.User, err)
			}
		}
		it, err := h.floor.Accept(ctx, actor(a, 0), offer)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.floor.Accept(ctx, actor(a, 0), offer); !errs.Is(err, errs.Conflict) {
			t.Errorf("an offer was accepted twice: %v", err)
		}
		for _, who := range []access.Actor{actor(a, 1), actor(b, 0), supervisor(b)} {
			if _, err := h.floor.Finish(ctx, who, it.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s/%s finished another's work: %v", who.Tenant, who.User, err)
			}
			if _, err := h.floor.Work(ctx, who, access.WorkRead, it.ID); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s/%s read another's work: %v", who.Tenant, who.User, err)
			}
		}
		if _, err := h.floor.Consult(ctx, actor(a, 0), it.ID, agent(1)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.floor.Work(ctx, actor(a, 1), access.WorkRead, it.ID); err != nil {
			t.Errorf("a consulted colleague may not read: %v", err)
		}
		if _, err := h.floor.Work(ctx, actor(a, 1), access.WorkHandle, it.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("a consulted colleague may handle: %v", err)
		}
		if _, err := h.floor.Work(ctx, supervisor(a), access.WorkRead, it.ID); err != nil {
			t.Errorf("the supervisor may not read: %v", err)
		}
	})
}

func TestTransfersKeepTheConversation(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.floor.Transfer(ctx, actor(a, 0), it.ID, "", agent(0)); !errs.Is(err, errs.Invalid) {
			t.Errorf("transferred to oneself: %v", err)
		}
		h.ready(a, 1)
		if _, err := h.floor.Transfer(ctx, actor(a, 0), it.ID, "", agent(1)); err != nil {
			t.Fatal(err)
		}
		offers := h.desk(a, 1).Offers
		if len(offers) != 1 || offers[0].Interaction.ID != it.ID {
			t.Fatalf("the colleague's offers: %+v", offers)
		}
		if _, err := h.floor.Accept(ctx, actor(a, 1), offers[0].ID); err != nil {
			t.Fatal(err)
		}
		if len(h.desk(a, 0).Work) != 0 || len(h.desk(a, 1).Work) != 1 {
			t.Error("the work is not with the colleague alone")
		}
		if got := h.state(v); got.State != "active" || got.AgentName != "Agent "+agent(1) {
			t.Errorf("the visitor sees %+v", got)
		}
	})
}

func TestSearchFindsByWordsAndStaysInTheTenant(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.arrive(a, "Maria")
		h.arrive(b, "Other")
		if _, err := h.chat.Say(ctx, v, "x", secret.New("A devolução da encomenda 5512")); err != nil {
			t.Fatal(err)
		}
		find := func(who access.Actor, words string) int {
			t.Helper()
			items, _, err := h.floor.Search(ctx, who, floor.Search{Words: secret.New(words)})
			if err != nil {
				t.Fatal(err)
			}
			return len(items)
		}
		for words, want := range map[string]int{"devolucao": 1, "5512 encomenda": 1, "LATE": 1, "5512 nothing": 0, "absent": 0} {
			if got := find(supervisor(a), words); got != want {
				t.Errorf("%q: %d conversations, want %d", words, got, want)
			}
		}
		if got := find(supervisor(b), "5512"); got != 0 {
			t.Errorf("another tenant found %d", got)
		}
		if got := find(actor(a, 1), "5512"); got != 0 {
			t.Errorf("an agent who never held it found %d", got)
		}
		all, next, err := h.floor.Search(ctx, supervisor(a), floor.Search{Limit: 1})
		if err != nil || len(all) != 1 || next != "" {
			t.Errorf("a page of one: %d items, next %q, %v", len(all), next, err)
		}
	})
}

func TestAMessageSentAgainIsTheSameMessage(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		v := h.arrive(a, "Maria")
		one, err := h.chat.Say(t.Context(), v, "same", secret.New("once"))
		if err != nil {
			t.Fatal(err)
		}
		two, err := h.chat.Say(t.Context(), v, "same", secret.New("once"))
		if err != nil || two.Seq != one.Seq || two.ID != one.ID {
			t.Fatalf("again: %+v %v", two, err)
		}
		n := 0
		for _, s := range h.texts(v) {
			if s == "visitor:once" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("it is there %d times", n)
		}
	})
}

// A crash between storing a choice and running the flow must not leave the
// visitor in the flow for ever: the repeat of the choice takes it on, once.
func TestARepeatedChoiceReachesTheFlowOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		v := h.arrive(a, "Maria")
		real := h.chat.Floor
		h.chat.Floor = deaf{real}
		if _, err := h.chat.Choose(ctx, v, "once", "bill"); err == nil {
			t.Fatal("the flow was not cut off")
		}
		h.chat.Floor = real
		for range 2 {
			if _, err := h.chat.Choose(ctx, v, "once", "bill"); err != nil {
				t.Fatal(err)
			}
		}
		if got := h.state(v).State; got != "queued" {
			t.Errorf("after the repeat: %s", got)
		}
		n := 0
		for _, s := range h.texts(v) {
			if s == "visitor:A bill" {
				n++
			}
		}
		if n != 1 {
			t.Errorf("the choice is there %d times", n)
		}
	})
}

// deaf is a floor that a crash keeps from hearing the visitor.
type deaf struct{ chat.Floor }

func (deaf) CustomerInput(context.Context, id.Tenant, string, int64, flow.Input) error {
	return errs.New(errs.Unavailable, "The floor is gone.")
}

// Who answers an offer late or twice hears what became of it; another hears only
// that it has ended.
func TestALateAnswerHearsWhatBecameOfTheOffer(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		say := func(n int, offer, want string) {
			t.Helper()
			_, err := h.floor.Accept(ctx, actor(a, n), offer)
			if !errs.Is(err, errs.Conflict) || errs.As(err).Text != want {
				t.Errorf("accepting says %v, not %q", err, want)
			}
			if err := h.floor.Decline(ctx, actor(a, n), offer); !errs.Is(err, errs.Conflict) || errs.As(err).Text != want {
				t.Errorf("declining says %v, not %q", err, want)
			}
		}
		h.ready(a, 0)
		next := func(name string) string {
			t.Helper()
			h.queue(a, name)
			offers := h.desk(a, 0).Offers
			if len(offers) == 0 {
				t.Fatal("nothing is offered")
			}
			return offers[len(offers)-1].ID
		}
		accepted := next("Maria")
		if _, err := h.floor.Accept(ctx, actor(a, 0), accepted); err != nil {
			t.Fatal(err)
		}
		say(0, accepted, "You have accepted this offer already.")
		say(1, accepted, "The offer has ended.")
		declined := next("Rui")
		h.no(h.floor.Decline(ctx, actor(a, 0), declined))
		say(0, declined, "You have declined this offer already.")
		h.queue(a, "Ana")
		missed := h.desk(a, 0).Offers[0].ID
		h.clock.Advance(time.Minute)
		h.wake(a)
		say(0, missed, "The time to answer this offer is over.")
	})
}
