package setup

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	core "nubitalk/internal/core/setup"
)

// A draft may be unfinished and does not run; publishing is saving it as the
// graph, and every version of both is kept.
func TestDraftOfAFlow(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	id := h.fresh[shop].Flow
	stored, err := Get[core.Flow](ctx, h.Service, a, id)
	if err != nil {
		t.Fatal(err)
	}
	f := stored.Value
	f.Draft = json.RawMessage(`{"start":"hello","nodes":{"hello":{"type":"say","next":"nowhere","at":{"x":40,"y":-20}}}}`)
	draft, err := h.Put(ctx, a, core.KindFlow, id, stored.Version, encode(f))
	if err != nil {
		t.Fatalf("an unfinished draft is refused: %v", err)
	}
	snap, err := h.Snapshot(ctx, shop)
	if err != nil || snap.Flows[id].Version != draft.Version || snap.Flows[id].Graph.Start != "hours" {
		t.Errorf("what runs is not the published graph: %+v %v", snap.Flows[id], err)
	}

	same := f
	same.Draft = f.Graph
	again, err := h.Put(ctx, a, core.KindFlow, id, draft.Version, encode(same))
	if err != nil || !strings.Contains(string(again.Body), `"draft":null`) {
		t.Errorf("a draft that is the same as what runs is none: %s %v", again.Body, err)
	}
	bad := f
	bad.Graph = f.Draft
	if _, err := h.Put(ctx, a, core.KindFlow, id, again.Version, encode(bad)); !strings.Contains(err.Error(), "graph.nodes.hello") {
		t.Errorf("an unfinished graph is published: %v", err)
	}
	bad = f
	bad.Draft = json.RawMessage(`{"start":1,"nodes":{"a":{"type":"say","at":{"x":1,"z":2}}}}`)
	_, err = h.Put(ctx, a, core.KindFlow, id, again.Version, encode(bad))
	var paths []string
	for _, one := range errs.As(err).Fields {
		paths = append(paths, one.Path)
	}
	if got := strings.Join(paths, " "); got != "draft.start draft.nodes.a.at.z" {
		t.Errorf("a draft that is no graph: %q %v", got, err)
	}

	versions, err := h.Versions(ctx, a, core.KindFlow, id)
	if err != nil || len(versions) != 3 || !strings.Contains(string(versions[1].Body), "nowhere") {
		t.Errorf("%d versions: %v", len(versions), err)
	}
	old, err := h.FlowAt(ctx, shop, id, draft.Version)
	if err != nil || old.Graph.Start != "hours" {
		t.Errorf("a run that began while there was a draft: %+v %v", old, err)
	}
}

// A graph is checked as saving would check it, with the languages of the flow's
// entry points, and only against what the tenant has.
func TestCheckFlow(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	graph := func(queue string) json.RawMessage {
		return json.RawMessage(`{"start":"q","nodes":{"q":{"type":"queue","queue":"` + queue + `","text":{"en":"Moment."}}}}`)
	}
	for _, c := range []struct {
		name string
		in   FlowCheck
		want string
	}{
		{"a new flow, in the tenant's language", FlowCheck{Graph: graph(h.fresh[shop].Queue)}, ""},
		{"one that an entry point runs in two languages", FlowCheck{ID: h.fresh[shop].Flow, Graph: graph(h.fresh[shop].Queue)}, "graph.nodes.q.text.pt"},
		{"another tenant's queue", FlowCheck{Graph: graph(h.fresh[books].Queue)}, "graph.nodes.q.queue"},
		{"no graph", FlowCheck{Graph: json.RawMessage(`[]`)}, "graph"},
	} {
		faults, err := h.CheckFlow(ctx, a, c.in)
		var paths []string
		for _, f := range faults {
			paths = append(paths, f.Path)
		}
		if got := strings.Join(paths, " "); got != c.want || err != nil {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
	_, err := h.CheckFlow(ctx, as(shop, access.Agent), FlowCheck{Graph: graph("")})
	wantCode(t, err, errs.Forbidden, "")
}

// A run that nobody is in goes through the production interpreter, one step a
// call, and leaves nothing behind.
func TestTryFlow(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	stored, err := Get[core.Flow](ctx, h.Service, a, h.fresh[shop].Flow)
	if err != nil {
		t.Fatal(err)
	}
	try := FlowTry{FlowCheck: FlowCheck{ID: h.fresh[shop].Flow, Graph: stored.Value.Graph}, Channel: acd.Chat, Language: "pt", Name: "Rita"}
	run := func() FlowTried {
		t.Helper()
		out, err := h.TryFlow(ctx, a, try)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	out := run() // Monday, 10 o'clock
	if !out.State.Done || out.Actions[len(out.Actions)-1].Queue != h.fresh[shop].Queue || out.Ways[1] != (FlowWay{From: "hours", Out: "open", To: out.Ways[1].To}) || !out.At.Equal(h.clock.Now()) {
		t.Errorf("open: %+v", out)
	}
	try.At = h.clock.Now().Add(-24 * time.Hour) // Sunday
	if out = run(); !out.State.Waiting || !out.Actions[0].Form || !strings.HasPrefix(out.Actions[0].Say, "De momento") {
		t.Errorf("closed: %+v", out)
	}
	try.State, try.Input = &out.State, FlowInput{Form: true}
	if out = run(); !out.State.Done || out.Ways[0].From == "" || out.Ways[0].Out != "next" {
		t.Errorf("after the form: %+v", out)
	}
	try.State, try.Input, try.Open = nil, FlowInput{}, "open"
	if out = run(); !out.State.Done {
		t.Errorf("open by wish: %+v", out)
	}

	try.Graph = json.RawMessage(`{"start":"ask","nodes":{"ask":{"type":"ask","seconds":60,"timeout":"late","into":"a","options":[{"value":"x","label":{"en":"X {{name}}"},"next":"gone"}]},"late":{"type":"close"}}}`)
	out = run()
	if out.Actions[0].Buttons[0].Label != "X Rita" {
		t.Errorf("an unfinished graph: %+v", out)
	}
	state := out.State
	try.State, try.Input = &state, FlowInput{Timeout: true}
	if out = run(); !out.State.Done || !out.At.Equal(state.Deadline) || out.Ways[0].Out != "timeout" {
		t.Errorf("the time passes: %+v", out)
	}
	try.Input = FlowInput{Choice: "x"}
	if out = run(); !out.Failed {
		t.Errorf("a way that leads nowhere: %+v", out)
	}
	if len(h.changes)+len(h.audit) > 0 {
		t.Errorf("something stayed: %v %v", h.changes, h.audit)
	}
	try.Graph = json.RawMessage(`{`)
	if _, err := h.TryFlow(ctx, a, try); !errs.Is(err, errs.Invalid) {
		t.Errorf("no graph: %v", err)
	}
	_, err = h.TryFlow(ctx, as(books, access.Agent), try)
	wantCode(t, err, errs.Forbidden, "")
}
