package floor_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/flow"
)

// outside is a system that flows ask: it waits for the test to answer.
type outside struct {
	asked   chan looked
	answers chan map[string]string // nil is a failure
}

type looked struct {
	tenant id.Tenant
	key    string
	flow.Request
}

func newOutside() *outside {
	return &outside{asked: make(chan looked, 10), answers: make(chan map[string]string, 10)}
}

func (o *outside) Look(ctx context.Context, t id.Tenant, key string, r flow.Request) (map[string]string, error) {
	o.asked <- looked{t, key, r}
	select {
	case a := <-o.answers:
		if a == nil {
			return nil, errs.New(errs.Unavailable, "The system that was asked could not be reached.")
		}
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

const asksShop = `{"start":"card","nodes":{
	"card":  {"type":"collect","into":"card","sensitive":true,"text":{"en":"Card?"},"next":"ask"},
	"ask":   {"type":"look_up","connection":"cnx_1","method":"POST","path":"/of/{{name}}","body":{"card":"{{card}}"},"results":{"state":"/state"},"seconds":5,"next":"told","failed":"sorry"},
	"told":  {"type":"collect","into":"more","text":{"en":"It is {{state}}. What else?"},"next":"q"},
	"sorry": {"type":"say","text":{"en":"I cannot look."},"next":"q"},
	"q":     {"type":"queue","queue":"que_1"}}}`

// asks lets somebody come as far as the look-up.
func (h *house) asks(t id.Tenant, name string) chat.Visitor {
	h.t.Helper()
	v := h.arrive(t, name)
	if _, err := h.chat.Say(h.t.Context(), v, "card", secret.New("4929123412341238")); err != nil {
		h.t.Fatal(err)
	}
	return v
}

// reads waits until a visitor reads a text, without looking at a clock.
func (h *house) reads(v chat.Visitor, want string) {
	h.t.Helper()
	heard := h.listen(v)
	for !slices.ContainsFunc(h.texts(v), func(s string) bool { return strings.HasSuffix(s, want) }) {
		<-heard
	}
}

func TestAFlowAsksASystemOutside(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out := newOutside()
		h.lookups = out
		h.takeOver("nod_2")
		h.run(a, asksShop)
		h.run(b, asksShop)

		v := h.asks(a, "R & S")
		r := <-out.asked
		if r.tenant != a || r.Connection != "cnx_1" || r.Path.Reveal() != "/of/R%20&%20S" || r.Body["card"].Reveal() != "4929123412341238" || r.Seconds != 5 {
			t.Fatalf("asked %+v", r)
		}
		if !strings.HasPrefix(r.key, v.Interaction) {
			t.Errorf("the key %q does not tell this from another's", r.key)
		}
		other := h.asks(b, "Maria") // nobody waits for that answer
		if r := <-out.asked; r.tenant != b {
			t.Fatalf("asked %+v", r)
		}
		if _, err := h.chat.Say(t.Context(), v, "c2", secret.New("hello?")); err != nil {
			t.Fatal(err)
		}
		out.answers <- map[string]string{"state": "on its way"}
		out.answers <- map[string]string{"state": "on its way"}
		h.reads(v, "It is on its way. What else?")
		h.reads(other, "It is on its way. What else?")

		failing := h.asks(a, "Rui")
		<-out.asked
		out.answers <- nil
		h.reads(failing, "I cannot look.")
		if strings.Contains(string(h.logged.bytes()), "4929") || !strings.Contains(string(h.logged.bytes()), "a look-up failed") {
			t.Error("the log does not tell, or tells too much")
		}
	})
}

// The deadline holds whatever the system does, an answer that comes later is
// nobody's, and who has left is asked for no more.
func TestAFlowWaitsNoLonger(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		out := newOutside()
		h.lookups = out
		h.takeOver("nod_2")
		h.run(a, asksShop)
		v := h.asks(a, "Rita")
		<-out.asked
		h.pass(a, 6*time.Second)
		h.reads(v, "I cannot look.")
		gone := h.asks(a, "Rui")
		<-out.asked
		h.no(h.floor.CustomerLeft(t.Context(), a, gone.Interaction))
		out.answers <- map[string]string{"state": "late"}
		out.answers <- map[string]string{"state": "late"}
		next := h.asks(a, "Ana") // goes its own way
		<-out.asked
		out.answers <- map[string]string{"state": "there"}
		h.reads(next, "It is there. What else?")
		if got := h.texts(v); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "It is late") }) {
			t.Errorf("an answer that came too late was told: %q", got)
		}
	})
}

// After a restart, or when another node takes the floor, what is not answered is
// asked again: with the same key, and its whole time.
func TestAFlowAsksAgainAfterARestart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := newOutside()
		h.lookups = first
		h.takeOver("nod_2")
		h.run(a, asksShop)
		v := h.asks(a, "Rita")
		was := <-first.asked
		second := newOutside()
		h.lookups = second
		h.takeOver("nod_3") // 15 seconds later
		r := <-second.asked
		if r.key != was.key || r.Step != was.Step || r.Body["card"].Reveal() != was.Body["card"].Reveal() {
			t.Errorf("asked %q, then %q", was.key, r.key)
		}
		first.answers <- map[string]string{"state": "lost"} // the node before is not the floor's any more
		second.answers <- map[string]string{"state": "there"}
		h.reads(v, "It is there. What else?")
	})
}
