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

// A flow that another runs cannot be archived, changed so that the other no longer
// works, or made to run the other in turn; each refusal says where it is used.
func TestFlowsThatRunEachOther(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	put := func(id, name, graph string) (string, error) {
		f := core.Flow{Name: name, Graph: json.RawMessage(graph)}
		if id == "" {
			e, err := Create(ctx, h.Service, a, f)
			return e.ID, err
		}
		now, err := Get[core.Flow](ctx, h.Service, a, id)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Update(ctx, h.Service, a, id, now.Version, f)
		return id, err
	}
	must := func(id string, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	calls := func(id string) string {
		return `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"` + id + `","ends":[{"name":"ok","next":"b"}],"next":"b"},"b":{"type":"return","end":"ok"}}}`
	}
	said := func(texts string) string {
		return `{"start":"a","nodes":{"a":{"type":"say","text":{` + texts + `},"next":"b"},"b":{"type":"return","end":"ok"}}}`
	}
	inner := must(put("", "Inner", said(`"en":"A"`)))
	middle := must(put("", "Middle", calls(inner)))
	welcome := h.fresh[shop].Flow // runs in two languages
	_, err := put(welcome, "Welcome", calls(middle))
	wantCode(t, err, errs.Invalid, "not all written in pt")
	must(put(inner, "Inner", said(`"en":"A","pt":"B"`)))
	must(put(welcome, "Welcome", calls(middle)))

	now, _ := Get[core.Flow](ctx, h.Service, a, inner)
	wantCode(t, h.Archive(ctx, a, core.KindFlow, inner, now.Version), errs.Conflict, "the flow “Middle”")
	_, err = put(inner, "Inner", said(`"en":"A"`))
	wantCode(t, err, errs.Invalid, "graph.nodes.a.text.pt")
	_, err = put(inner, "Inner", strings.Replace(said(`"en":"A","pt":"B"`), `"ok"`, `"fine"`, 1))
	wantCode(t, err, errs.Conflict, "Middle")
	_, err = put(inner, "Inner", calls(welcome))
	wantCode(t, err, errs.Invalid, "Welcome → Middle → Inner")
	_, err = put(inner, "Inner", calls(inner))
	wantCode(t, err, errs.Invalid, "again: Inner")
	must(put(inner, "Inside", said(`"en":"A","pt":"B"`))) // a name is only a name

	faults, err := h.CheckFlow(ctx, admin(books), FlowCheck{Graph: json.RawMessage(calls(inner))})
	if err != nil || len(faults) == 0 || faults[0].Path != "graph.nodes.a.flow" {
		t.Errorf("another organisation's flow: %v %v", faults, err)
	}
	out, err := h.TryFlow(ctx, a, FlowTry{FlowCheck: FlowCheck{Graph: json.RawMessage(calls(middle))}, Channel: acd.Chat, Language: "en"})
	if err != nil || out.Failed || len(out.Actions) != 2 || out.Actions[0].Say != "A" || !out.Actions[1].Close || out.Ways[1].Flow != middle {
		t.Errorf("tried: %+v %v", out, err)
	}
}

// Seven flows are within each other already: the change of the innermost is held
// against those that are far above it.
func TestFlowsThatGoTooDeep(t *testing.T) {
	h, ctx, a := newHouse(t), t.Context(), admin(shop)
	end := `{"start":"a","nodes":{"a":{"type":"return"}}}`
	create := func(name, graph string) string {
		t.Helper()
		e, err := Create(ctx, h.Service, a, core.Flow{Name: name, Graph: json.RawMessage(graph)})
		if err != nil {
			t.Fatal(err)
		}
		return e.ID
	}
	calls := func(id string) string {
		return `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"` + id + `","next":"b"},"b":{"type":"return"}}}`
	}
	last, more := create("Last", end), create("More", end)
	at := last
	for i := range 8 {
		at = create("Level "+string(rune('1'+i)), calls(at))
	}
	_, err := Update(ctx, h.Service, a, last, 1, core.Flow{Name: "Last", Graph: json.RawMessage(calls(more))})
	wantCode(t, err, errs.Conflict, "Level 8")
	if _, err := Update(ctx, h.Service, a, more, 1, core.Flow{Name: "More", Graph: json.RawMessage(calls(at))}); !errs.Is(err, errs.Invalid) {
		t.Error(err)
	}
}
