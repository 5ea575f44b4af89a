package floor_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/flow"
	"nubitalk/internal/core/privacy/canary"
	"nubitalk/internal/store"
)

// run gives a tenant's entry point another flow.
func (h *house) run(t id.Tenant, raw string) {
	h.t.Helper()
	g, err := flow.Parse(json.RawMessage(raw))
	h.no(err)
	p := h.plans.of(t)
	p.Flows = map[string]floor.PlannedFlow{"flo_1": {Version: p.Flows["flo_1"].Version + 1, Graph: g}}
	h.plans.set(t, p)
	h.reload(t)
}

// kept is what is sealed of where an interaction's flow stands.
func (h *house) kept(v chat.Visitor) string {
	h.t.Helper()
	row, err := h.interaction(v.Tenant, v.Interaction)
	h.no(err)
	b, err := h.vault.OpenContact(h.t.Context(), v.Tenant, v.Contact, "interactions.flow/"+v.Interaction, row.FlowSealed)
	h.no(err)
	return string(b.Reveal())
}

const asksForCard = `{"start":"card","nodes":{
	"card": {"type":"collect","into":"card","sensitive":true,"digits":{"min":12,"max":19,"terminator":"#"},"text":{"en":"Your card number, please."},"next":"which","seconds":60,"timeout":"q"},
	"which":{"type":"collect","into":"order","text":{"en":"Which order is it?"},"next":"q"},
	"q":    {"type":"queue","queue":"que_1"}}}`

// What somebody answers to a sensitive question is nowhere but in the sealed
// state of the running flow, and not even there once the flow is over.
func TestASensitiveAnswerIsNowhere(t *testing.T) {
	const card = "4929123412341238"
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		find, err := canary.New(canary.Canary{Name: "card", Value: card})
		h.no(err)
		var mu sync.Mutex
		var seen []byte
		t.Cleanup(h.bus.Subscribe(func(e bus.Event) {
			raw, _ := json.Marshal(e)
			mu.Lock()
			seen = append(append(seen, raw...), append(e.Data, e.Visitor...)...)
			mu.Unlock()
		}))
		h.run(a, asksForCard)
		v := h.arrive(a, "Maria")
		c, err := h.chat.Conversation(ctx, v, 0)
		h.no(err)
		asked := c.Messages[len(c.Messages)-1]
		if !asked.Masked || asked.Digits == nil || asked.Digits.Max != 19 {
			t.Fatalf("the page is not told that the answer is masked: %+v", asked)
		}
		if _, err := h.chat.Say(ctx, v, "c1", secret.New("no idea")); err != nil {
			t.Fatal(err)
		}
		answer, err := h.chat.Say(ctx, v, "c2", secret.New("4929 1234 1234 1238"))
		h.no(err)
		if answer.Text != "••••" || !answer.Masked {
			t.Errorf("the answer came back as %+v", answer)
		}
		again, err := h.chat.Say(ctx, v, "c2", secret.New("4929 1234 1234 1238")) // the page did not hear of it
		h.no(err)
		if again.Seq != answer.Seq {
			t.Error("a repeat is another message")
		}
		if !strings.Contains(h.kept(v), card) {
			t.Error("the flow did not get it")
		}
		if got := h.texts(v); got[len(got)-1] != "bot:Which order is it?" {
			t.Fatalf("after the answer: %q", got)
		}
		if _, err := h.chat.Say(ctx, v, "c3", secret.New("9-1044")); err != nil {
			t.Fatal(err)
		}
		if state := h.kept(v); strings.Contains(state, card) || !strings.Contains(state, "9-1044") {
			t.Error("after the flow: ", state)
		}
		h.ready(a, 0)
		desk, err := json.Marshal(h.desk(a, 0))
		h.no(err)
		messages, err := h.chat.Messages(ctx, a, v.Interaction, 0, 1<<40, 50)
		h.no(err)
		told, err := json.Marshal(messages)
		h.no(err)
		if !strings.Contains(string(told), "9-1044") || strings.Contains(string(told), "no idea") {
			t.Errorf("the conversation: %s", told)
		}
		var rows []store.MessageRow
		h.no(h.db.Read(ctx, a, func(tx *store.Tx) (err error) { rows, err = tx.Messages(v.Interaction, 0, 0, 50); return err }))
		for _, r := range rows[2:4] {
			if len(r.Tokens) > 0 {
				t.Error("the words of a masked answer can be searched for")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for where, b := range map[string][]byte{"desk": desk, "conversation": told, "live events": seen, "log": h.logged.bytes()} {
			if found := find.Bytes(b); len(found) > 0 {
				t.Errorf("%s: %v", where, found)
			}
		}
		if len(seen) == 0 {
			t.Error("no live event was seen: the test tests nothing")
		}
	})
}

// Who hangs up at, or after, a sensitive question leaves nothing of it behind; a
// restart in between changes nothing; a late answer is nobody's.
func TestASensitiveAnswerEndsWithItsFlow(t *testing.T) {
	const card = "4929123412341238"
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.run(a, asksForCard)
		v := h.arrive(a, "Maria")
		h.takeOver("nod_2")
		if _, err := h.chat.Say(ctx, v, "c1", secret.New(card)); err != nil {
			t.Fatal(err)
		}
		h.takeOver("nod_3")
		if !strings.Contains(h.kept(v), card) {
			t.Error("a restart lost the answer")
		}
		h.no(h.floor.CustomerLeft(ctx, a, v.Interaction))
		if strings.Contains(h.kept(v), card) {
			t.Error("who left is remembered by what nobody may see")
		}

		late := h.arrive(a, "Rui")
		h.pass(a, 2*time.Minute) // and waits in the queue
		m, err := h.chat.Say(ctx, late, "c1", secret.New("hello?"))
		h.no(err)
		if m.Masked || m.Text != "hello?" {
			t.Errorf("words after the question's time: %+v", m)
		}
	})
}
