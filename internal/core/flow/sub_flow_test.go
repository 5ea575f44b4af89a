package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

// house is a tenant with flows, each named as its id in capitals.
type house struct {
	tenant
	flows map[string]*Graph
	self  string
}

func (h house) Self() string { return h.self }
func (h house) Flow(id string) (*Graph, string, bool) {
	g, ok := h.flows[id]
	return g, strings.ToUpper(id), ok
}

const pays = `{"start":"card","takes":["sum"],"nodes":{
	"card":{"type":"collect","into":"card","sensitive":true,"text":{"en":"Card for {{sum}}?","pt":"Cartão para {{sum}}?"},"next":"ask"},
	"ask": {"type":"ask","into":"sure","text":{"en":"Sure?","pt":"Certeza?"},"options":[
		{"value":"y","label":{"en":"Yes","pt":"Sim"},"next":"paid"},{"value":"n","label":{"en":"No","pt":"Não"},"next":"not"},
		{"value":"p","label":{"en":"Person","pt":"Pessoa"},"next":"person"}]},
	"paid":{"type":"return","end":"paid"}, "not":{"type":"return"}, "person":{"type":"queue","queue":"que_billing"}}}`

const shops = `{"start":"pin","nodes":{
	"pin":  {"type":"collect","into":"pin","sensitive":true,"text":{"en":"Pin?","pt":"Pin?"},"next":"sum"},
	"sum":  {"type":"set","attributes":{"sum":"12"},"next":"pay"},
	"pay":  {"type":"sub_flow","flow":"pay","ends":[{"name":"paid","next":"done"}],"next":"again"},
	"again":{"type":"say","text":{"en":"Again then.","pt":"Outra vez."},"next":"pay"},
	"done": {"type":"close","text":{"en":"Paid: {{sure}}.","pt":"Pago: {{sure}}."}}}}`

// flows finds the flows of a house as published.
func (h house) find(versions map[string]int64) Flows {
	return func(id string, version int64) (*Graph, int64) {
		if version == 0 {
			version = versions[id]
		}
		return h.flows[id], version
	}
}

func shopping(t *testing.T) (*Graph, house) {
	h := house{shop, map[string]*Graph{"pay": parse(t, pays), "shop": parse(t, shops)}, "shop"}
	for self, g := range h.flows {
		h.self = self
		if err := Check(g, h); err != nil {
			t.Fatal(self, err)
		}
	}
	return h.flows["shop"], h
}

// A sub-flow shares the attributes of the flow around it, has secrets of its own, and
// goes back by the name of its end.
func TestSubFlow(t *testing.T) {
	g, h := shopping(t)
	w := open(true)
	w.Flow = h.find(map[string]int64{"pay": 7})
	s, _, _ := Start(g, "en", nil, w)
	s, actions, ways, err := Trace(g, s, Input{Text: "1234", Masked: true}, w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Action{{Say: "Card for 12?", Collect: true, Masked: true}}, actions); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Way{{"", "pin", "next", "sum"}, {"", "sum", "next", "pay"}, {"pay", "", "", "card"}}, ways); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Frame{{"pay", "pay", 7, map[string]string{"pin": "1234"}}}, s.Within); diff != "" || s.Secrets != nil || s.Node != "card" {
		t.Error(diff, s)
	}

	raw, _ := json.Marshal(s) // as it is kept over a restart
	var kept State
	if err := json.Unmarshal(raw, &kept); err != nil || !cmp.Equal(kept, s) {
		t.Fatal(err, cmp.Diff(s, kept))
	}
	before, _ := json.Marshal(kept)
	s, _, _ = Step(g, kept, Input{Text: "4929", Masked: true}, w)
	back, _, ways, err := Trace(g, s, Input{Choice: "n"}, w)
	if err != nil || back.Node != "card" || back.Secrets != nil || len(back.Within) != 1 {
		t.Fatalf("%v %+v", err, back)
	}
	if diff := cmp.Diff([]Way{{"pay", "ask", "options[1]", "not"}, {"", "pay", "next", "again"}, {"", "again", "next", "pay"}, {"pay", "", "", "card"}}, ways); diff != "" {
		t.Error(diff)
	}
	done, actions, ways, err := Trace(g, s, Input{Choice: "y"}, w)
	if diff := cmp.Diff([]Action{{Say: "Paid: y."}, {Close: true}}, actions); diff != "" || err != nil || done.Secrets != nil || len(done.Within) > 0 {
		t.Error(diff, err, done)
	}
	if ways[len(ways)-1] != (Way{"", "pay", "ends[0]", "done"}) {
		t.Error(ways)
	}
	queued, actions, _ := Step(g, s, Input{Choice: "p"}, w)
	if diff := cmp.Diff([]Action{{Queue: "que_billing"}}, actions); diff != "" || !queued.Done || queued.Within[0].Secrets != nil {
		t.Error(diff, queued)
	}
	if after, _ := json.Marshal(kept); string(after) != string(before) {
		t.Error("the state that was given was changed")
	}
}

// What a flow that is published later lacks or has more does not lose the person.
func TestSubFlowThatChanged(t *testing.T) {
	g, h := shopping(t)
	w := open(true)
	w.Flow = h.find(nil)
	s, _, _ := Start(g, "en", nil, w)
	s, _, _ = Step(g, s, Input{Text: "1", Masked: true}, w)
	gone := w
	gone.Flow = func(string, int64) (*Graph, int64) { return nil, 0 }
	if after, _, err := Step(g, s, Input{Text: "2", Masked: true}, gone); !errs.Is(err, errs.Internal) || !after.Done || after.Within[0].Secrets != nil {
		t.Error(err, after)
	}
	strict := parse(t, strings.Replace(shops, `,"next":"again"}`, `}`, 1))
	h.flows["pay"] = parse(t, strings.Replace(pays, `"end":"paid"`, `"end":"new"`, 1))
	s, _, _ = Start(strict, "en", nil, w)
	for _, in := range []Input{{Text: "1", Masked: true}, {Text: "2", Masked: true}} {
		s, _, _ = Step(strict, s, in, w)
	}
	if after, actions, err := Step(strict, s, Input{Choice: "y"}, w); err != nil || !cmp.Equal(actions, []Action{{Close: true}}) || !after.Done {
		t.Error("an end without a way ends the conversation:", err, actions)
	}
}

// A flow that is run by nobody closes where it would go back.
func TestReturnOfTheFirstFlow(t *testing.T) {
	g := parse(t, `{"start":"a","nodes":{"a":{"type":"return","end":"x"}}}`)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	if s, actions, err := Start(g, "en", nil, open(true)); err != nil || !s.Done || !cmp.Equal(actions, []Action{{Close: true}}) {
		t.Error(err, s, actions)
	}
}

func TestCheckSubFlow(t *testing.T) {
	calls := func(flow, more string) string {
		return `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"` + flow + `"` + more + `},"b":{"type":"close"}}}`
	}
	silent := `{"start":"a","nodes":{"a":{"type":"return"}}}`
	chain := map[string]string{"self": calls("c1", `,"next":"b"`), "pay": pays, "silent": silent, "en": `{"start":"a","nodes":{"a":{"type":"close","text":{"en":"a"}}}}`, "outer": calls("en", ""),
		"r1": calls("r2", `,"next":"b"`), "r2": calls("self", `,"next":"b"`), "over": `{"start":"a","nodes":{"a":{"type":"close"}}}`, "c8": calls("silent", `,"next":"b"`)}
	for i := 1; i < 8; i++ {
		chain["c"+string(rune('0'+i))] = calls("c"+string(rune('1'+i)), `,"next":"b"`)
	}
	h := house{shop, map[string]*Graph{}, "self"}
	for id, raw := range chain {
		h.flows[id] = parse(t, raw)
	}
	for _, c := range []struct{ name, raw, at, says string }{
		{"none", calls("gone", `,"next":"b"`), "nodes.a.flow", "existing flow"},
		{"itself", calls("self", `,"next":"b"`), "nodes.a.flow", "again: SELF."},
		{"round", calls("r1", `,"next":"b"`), "nodes.a.flow", "again: R1 → R2 → SELF."},
		{"deep", calls("c1", `,"next":"b"`), "nodes.a.flow", "more than 8"},
		{"no way", calls("silent", ""), "nodes.a.next", "another end"},
		{"an end that is none", calls("silent", `,"ends":[{"name":"x","next":"b"}],"next":"b"`), "nodes.a.ends[0].name", `"x"`},
		{"twice", calls("silent", `,"ends":[{"name":"","next":"b"},{"name":"","next":"b"}]`), "nodes.a.ends[1].name", "same"},
		{"nowhere", calls("silent", `,"ends":[{"name":"","next":"x"}]`), "nodes.a.ends[0].next", "does not exist"},
		{"what it takes", calls("pay", `,"next":"b"`), "nodes.a.flow", "takes {{sum}}"},
		{"language", calls("en", ""), "nodes.a.flow", "not all written in pt"},
		{"inner language", calls("outer", ""), "nodes.a.flow", "not all written in pt"},
		{"round and round", `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"silent","next":"a"}}}`, "nodes.a", "goes round"},
		{"no end", `{"start":"a","nodes":{"a":{"type":"collect","into":"x","text":{"en":"a","pt":"b"},"next":"c"},"c":{"type":"sub_flow","flow":"silent","next":"a"}}}`, "nodes.c", "leads to no end"},
		{"a takes twice", `{"start":"a","takes":["x","x"],"nodes":{"a":{"type":"close"}}}`, "takes[1]", "twice"},
		{"a takes' name", `{"start":"a","takes":["X"],"nodes":{"a":{"type":"close"}}}`, "takes[0]", "small letters"},
		{"an end's name", `{"start":"a","nodes":{"a":{"type":"return","end":"x y"}}}`, "nodes.a.end", "good name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Check(parse(t, c.raw), h)
			if err == nil {
				t.Fatal("accepted")
			}
			for _, f := range errs.As(err).Fields {
				if f.Path == c.at && strings.Contains(f.Problem, c.says) {
					return
				}
			}
			t.Errorf("want %s: …%s…\ngot %v", c.at, c.says, err)
		})
	}
	for name, raw := range map[string]string{
		"eight":           calls("c2", `,"next":"b"`),
		"every end":       `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"silent","ends":[{"name":"","next":"b"}]},"b":{"type":"close"}}}`,
		"one that ends":   `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"over"}}}`,
		"round with wait": `{"start":"s","nodes":{"s":{"type":"set","attributes":{"sum":"1"},"next":"a"},"a":{"type":"sub_flow","flow":"pay","next":"a"}}}`,
		"what it learnt":  `{"start":"s","nodes":{"s":{"type":"set","attributes":{"sum":"1"},"next":"a"},"a":{"type":"sub_flow","flow":"pay","next":"b"},"b":{"type":"close","text":{"en":"{{sure}}","pt":"{{sure}}"}}}}`,
	} {
		if err := Check(parse(t, raw), h); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Many steps that run the same flows are looked into once each.
func TestCheckOfBroadSubFlowsEnds(t *testing.T) {
	h := house{tenant{}, map[string]*Graph{}, "self"}
	broad := func(next string) *Graph {
		g := &Graph{Start: name(0), Nodes: map[string]Node{"end": {Type: Return}}}
		for i := range 200 {
			to := "end"
			if i < 199 {
				to = name(i + 1)
			}
			g.Nodes[name(i)] = Node{Type: SubFlow, Flow: next, Next: to}
		}
		return g
	}
	h.flows["f7"] = &Graph{Start: "a", Nodes: map[string]Node{"a": {Type: Return}}}
	for i := 6; i >= 0; i-- {
		h.flows["f"+string(rune('0'+i))] = broad("f" + string(rune('1'+i)))
	}
	if err := Check(broad("f0"), h); err != nil {
		t.Error(err)
	}
}

func name(i int) string { return "n" + strings.Repeat("x", i%20) + string(rune('a'+i/20)) }

// Random flows that run each other: those that pass never fail, and never stay
// between two waits.
func TestRandomSubFlows(t *testing.T) {
	text := map[string]string{"en": "x", "pt": "y"}
	steps := []string{"a", "b", "c", "d"}
	ids := []string{"f1", "f2", "f3"}
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		h := house{shop, map[string]*Graph{}, ""}
		for _, id := range ids {
			g := &Graph{Start: "a", Nodes: map[string]Node{}}
			for _, n := range steps {
				next := rapid.SampledFrom(steps)
				g.Nodes[n] = rapid.SampledFrom([]Node{
					{Type: Collect, Text: text, Into: "v", Next: next.Draw(t, "next")},
					{Type: SubFlow, Flow: rapid.SampledFrom(ids).Draw(t, "flow"), Ends: []End{{"x", next.Draw(t, "end")}}, Next: next.Draw(t, "next")},
					{Type: SubFlow, Flow: rapid.SampledFrom(ids).Draw(t, "flow"), Next: next.Draw(t, "next")},
					{Type: Return, End: rapid.SampledFrom([]string{"", "x"}).Draw(t, "name")},
					{Type: Close}, {Type: Say, Text: text, Next: next.Draw(t, "next")},
				}).Draw(t, n)
			}
			for n := range g.Nodes {
				if !spread([]string{"a"}, func(n string) []string { return g.Nodes[n].nexts() })[n] {
					delete(g.Nodes, n)
				}
			}
			h.flows[id] = g
		}
		for _, id := range ids { // each as if saved last
			h.self = id
			if Check(h.flows[id], h) != nil {
				return
			}
		}
		passed++
		w := open(true)
		w.Flow = h.find(nil)
		g := h.flows["f1"]
		s, _, err := Start(g, "en", nil, w)
		for i := 0; i < 40 && !s.Done; i++ {
			if err != nil || !s.Waiting {
				raw, _ := json.Marshal(h.flows)
				t.Fatalf("%v %+v\n%s", err, s, raw)
			}
			s, _, err = Step(g, s, Input{Text: "w"}, w)
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	if passed == 0 {
		t.Error("no random flows passed: the test tests nothing")
	}
}
