package floor_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/flow"
)

const (
	runsAnother = `{"start":"who","nodes":{
		"who": {"type":"sub_flow","flow":"flo_who","ends":[{"name":"known","next":"q"}],"next":"bye"},
		"q":   {"type":"queue","queue":"que_1","text":{"en":"Thank you, {{number}}."}},
		"bye": {"type":"close"}}}`
	asksWho = `{"start":"pin","nodes":{
		"pin": {"type":"collect","into":"pin","sensitive":true,"text":{"en":"Pin?"},"next":"number"},
		"number":{"type":"collect","into":"number","text":{"en":"WORDS"},"next":"known"},
		"known": {"type":"return","end":"known"}}}`
)

// publish gives a tenant another flow, and keeps the one that it had.
func (h *house) publish(t id.Tenant, name string, version int64, raw string) {
	h.t.Helper()
	g, err := flow.Parse([]byte(raw))
	h.no(err)
	p := h.plans.of(t)
	if h.former == nil {
		h.former = map[string]floor.PlannedFlow{}
	}
	if old, ok := p.Flows[name]; ok {
		h.former[fmt.Sprint(name, old.Version)] = old
	}
	p.Flows[name] = floor.PlannedFlow{Version: version, Graph: g}
	h.plans.set(t, p)
	h.reload(t)
}

// A flow that another runs goes on in the version that was published when it was
// entered, over a change and a restart, and each flow counts its own ways.
func TestAFlowRunsAnother(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		say := func(v chat.Visitor, id, words string) {
			t.Helper()
			if _, err := h.chat.Say(t.Context(), v, id, secret.New(words)); err != nil {
				t.Fatal(err)
			}
		}
		h.run(a, runsAnother)
		h.publish(a, "flo_who", 4, strings.Replace(asksWho, "WORDS", "First words?", 1))
		v := h.arrive(a, "Rita")
		row, err := h.interaction(a, v.Interaction)
		if err != nil || !row.Masked {
			t.Errorf("a sensitive question of the inner flow is not marked: %v", err)
		}
		h.publish(a, "flo_who", 5, strings.Replace(asksWho, "WORDS", "Second words?", 1))
		other := h.arrive(a, "Rui")
		say(other, "p", "1234")
		if texts := h.texts(other); !slices.Contains(texts, "bot:Second words?") {
			t.Errorf("who comes later is in the version before: %q", texts)
		}
		h.takeOver("nod_2")
		say(v, "p", "4321")
		if texts := h.texts(v); !slices.Contains(texts, "bot:First words?") || strings.Contains(strings.Join(texts, " "), "4321") {
			t.Errorf("after a change and a restart: %q", texts)
		}
		if kept := h.kept(v); !strings.Contains(kept, `"pin":"4321"`) {
			t.Errorf("the sealed state lacks the secret: %s", kept)
		}
		today := func(name string) floor.FlowToday {
			t.Helper()
			out, err := h.floor.FlowToday(t.Context(), supervisor(a), name)
			h.no(err)
			return out
		}
		if got := today("flo_1").Standing; !cmp.Equal(got, []floor.FlowNodeCount{{Node: "who", Count: 2}}) {
			t.Errorf("stand in the outer flow: %+v", got)
		}
		if got := today("flo_who").Standing; !cmp.Equal(got, []floor.FlowNodeCount{{Node: "number", Count: 2}}) {
			t.Errorf("stand in the inner flow: %+v", got)
		}
		say(v, "n", "77")
		if texts := h.texts(v); !slices.Contains(texts, "bot:Thank you, 77.") {
			t.Errorf("back in the outer flow: %q", texts)
		}
		if kept := h.kept(v); strings.Contains(kept, "4321") {
			t.Errorf("the secret outlived the flow: %s", kept)
		}
		if got := today("flo_1").Ways; !slices.Contains(got, floor.FlowWayCount{From: "who", Out: "ends[0]", To: "q", Count: 1}) {
			t.Errorf("ways of the outer flow: %+v", got)
		}
		if got := today("flo_who").Ways; !slices.Contains(got, floor.FlowWayCount{From: "number", Out: "next", To: "known", Count: 1}) {
			t.Errorf("ways of the inner flow: %+v", got)
		}
	})
}
