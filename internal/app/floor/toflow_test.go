package floor_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

const (
	surveys = `{"transfer":true,"start":"ask","nodes":{
		"ask": {"type":"collect","into":"score","text":{"en":"How was it, {{name}}?"},"next":"bye"},
		"bye": {"type":"close","text":{"en":"Thank you."}}}}`
	sendsOn = `{"transfer":true,"start":"ask","nodes":{
		"ask": {"type":"collect","into":"order","text":{"en":"Which order?"},"next":"q"},
		"q":   {"type":"queue","queue":"que_1","text":{"en":"One moment."}}}}`
	forCalls = `{"transfer":true,"start":"out","nodes":{
		"out": {"type":"voicemail","queue":"que_1","seconds":60,"text":{"en":"Speak."},"none":"bye"},
		"bye": {"type":"close"}}}`
)

// targets gives a tenant flows for transfers beside one that is for none.
func (h *house) targets() {
	h.publish(a, "flo_survey", 1, surveys)
	h.publish(a, "flo_again", 1, sendsOn)
	h.publish(a, "flo_calls", 1, forCalls)
	h.publish(b, "flo_theirs", 1, surveys)
}

// Who holds a conversation sends its person into a flow that is marked for it, and into
// no other; the agent is free at once, and the flow ends the conversation.
func TestAnAgentTransfersIntoAFlow(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.targets()
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		h.no(err)
		list, err := h.floor.FlowTargets(ctx, actor(a, 0), it.ID)
		h.no(err)
		if want := []floor.FlowTarget{{ID: "flo_again"}, {ID: "flo_survey"}}; !cmp.Equal(list, want) {
			t.Errorf("offered %+v, want those for chats that are marked", list)
		}
		for _, wrong := range []string{"flo_1", "flo_calls", "flo_theirs", "flo_none", ""} {
			if _, err := h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, wrong); !errs.Is(err, errs.Invalid) {
				t.Errorf("into %q: %v", wrong, err)
			}
		}
		for _, stranger := range []int{1, 2} {
			if _, err := h.floor.TransferToFlow(ctx, actor(a, stranger), it.ID, "flo_survey"); !errs.Is(err, errs.NotFound) {
				t.Errorf("by who does not hold it: %v", err)
			}
		}
		if _, err := h.floor.TransferToFlow(ctx, actor(b, 0), it.ID, "flo_survey"); !errs.Is(err, errs.NotFound) {
			t.Errorf("by another tenant: %v", err)
		}
		out, err := h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, "flo_survey")
		h.no(err)
		if out.State != "in_flow" || out.Agent != "" || out.Queue != "que_1" {
			t.Errorf("after the transfer: %+v", out)
		}
		if d := h.desk(a, 0); len(d.Work) != 0 || d.Me.Active != 0 || d.Me.Wrapping != 0 || d.Me.Presence != acd.Ready {
			t.Errorf("the agent is not free: %+v", d.Me)
		}
		if texts := h.texts(v); !slices.Contains(texts, "bot:How was it, Maria?") {
			t.Errorf("the person reads %q", texts)
		}
		if _, err := h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, "flo_survey"); !errs.Is(err, errs.NotFound) {
			t.Errorf("twice: %v", err)
		}
		h.takeOver("nod_2") // the flow goes on where it was
		if _, err := h.chat.Say(ctx, v, "m1", secret.New("9")); err != nil {
			t.Fatal(err)
		}
		row := h.row(a, it.ID)
		if row.State != "closed" || row.CloseReason != "completed" {
			t.Errorf("the flow's end: %s, %s", row.State, row.CloseReason)
		}
		var segments []store.SegmentRow
		h.no(h.db.Read(ctx, a, func(tx *store.Tx) (err error) { segments, err = tx.Segments(it.ID); return err }))
		last := segments[len(segments)-2:]
		if last[0].HolderKind != "agent" || last[0].Cause != acd.CauseTransfer || last[1].HolderKind != "flow" || last[1].HolderID != "flo_survey" || last[1].Cause != "flow_end" {
			t.Errorf("the record says %+v", last)
		}
	})
}

// A flow may lead back to a queue, also to that of the agent; how often is bounded.
func TestAFlowLeadsATransferBackToAQueue(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.targets()
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		var err error
		rounds := 0
		for ; rounds < 100; rounds++ {
			offers := h.desk(a, 0).Offers
			if len(offers) != 1 {
				t.Fatalf("round %d: %d offers", rounds, len(offers))
			}
			it, e := h.floor.Accept(ctx, actor(a, 0), offers[0].ID)
			h.no(e)
			if _, err = h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, "flo_again"); err != nil {
				break
			}
			if rounds == 1 {
				h.takeOver("nod_2")
				h.ready(a, 0)
			}
			if _, err := h.chat.Say(ctx, v, "m"+strings.Repeat("i", rounds), secret.New("5512")); err != nil {
				t.Fatal(err)
			}
		}
		if !errs.Is(err, errs.Conflict) || rounds < 10 || rounds > 60 {
			t.Errorf("after %d rounds: %v", rounds, err)
		}
		if work := h.desk(a, 0).Work; len(work) != 1 || work[0].State != "active" {
			t.Errorf("who could not be sent on is not with its agent: %+v", work)
		}
	})
}

// Where the flow fails, the person is back in the queue, not hung up on.
func TestAFlowThatFailsGivesATransferBack(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.targets()
		h.publish(a, "flo_broken", 1, `{"transfer":true,"start":"ask","nodes":{"ask":{"type":"collect","into":"x","text":{"en":"Well?"},"next":"on"},"on":{"type":"sub_flow","flow":"flo_gone","next":"bye"},"bye":{"type":"close"}}}`)
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		h.no(err)
		_, err = h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, "flo_broken")
		h.no(err)
		if _, err := h.chat.Say(ctx, v, "m1", secret.New("yes")); err != nil {
			t.Fatal(err)
		}
		if offers := h.desk(a, 0).Offers; len(offers) != 1 || offers[0].Interaction.ID != it.ID {
			t.Errorf("offered: %+v; %s", offers, h.row(a, it.ID).State)
		}
	})
}

// Who leaves while the flow runs is counted as served.
func TestWhoLeavesAFlowAfterATransferWasServed(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.targets()
		v := h.queue(a, "Maria")
		h.ready(a, 0)
		it, err := h.floor.Accept(ctx, actor(a, 0), h.desk(a, 0).Offers[0].ID)
		h.no(err)
		_, err = h.floor.TransferToFlow(ctx, actor(a, 0), it.ID, "flo_survey")
		h.no(err)
		h.no(h.floor.CustomerLeft(ctx, a, v.Interaction))
		if row := h.row(a, it.ID); row.State != "closed" || row.CloseReason != "completed" {
			t.Errorf("%s, %s", row.State, row.CloseReason)
		}
	})
}
