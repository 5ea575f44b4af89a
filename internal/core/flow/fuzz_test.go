package flow

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// FuzzFlow: whatever bytes come as a graph, Parse and Check answer, and what
// they let through runs to a wait or an end with any input, the same each time.
func FuzzFlow(f *testing.F) {
	f.Add([]byte(worked), "billing", "VIP 1")
	f.Add([]byte(asksConsent), "yes", "No")
	f.Add([]byte(asksShop), "1", "4929")
	f.Add([]byte(records), "", "")
	f.Add([]byte(recorded), "1", "")
	f.Add([]byte(branching(`attr.name in ["a"] or int(attr.name) > 3`)), "", "")
	f.Add([]byte(`{"start":"a","nodes":{"a":{"type":"ask","text":{"en":"?"},"options":[{"value":"a","label":{"en":"A"},"next":"a"}]}}}`), "a", "b")
	f.Fuzz(func(t *testing.T, raw []byte, choice, text string) {
		g, err := Parse(json.RawMessage(raw))
		if err != nil {
			return
		}
		checked := Check(g, shop) == nil
		s, _, err := Start(g, "en", map[string]string{AttributeName: text}, open(len(text)%2 == 0))
		for _, in := range []Input{{Choice: choice}, {Text: text}, {Text: text, Masked: true}, {Answer: &Answer{Step: len(text)}}, {Form: true}, {Timeout: true}, {}} {
			if checked && err != nil {
				t.Fatalf("a checked graph failed: %v\n%s", err, raw)
			}
			if checked && !s.Done && !s.Waiting {
				t.Fatalf("neither waits nor ended: %+v\n%s", s, raw)
			}
			w := open(true)
			w.Now = w.Now.Add(48 * time.Hour)
			next, actions, e := Step(g, s, in, w)
			again, same, _ := Step(g, s, in, w)
			if !cmp.Equal(next, again) || !cmp.Equal(actions, same) {
				t.Fatalf("two results of one step\n%s", raw)
			}
			s, err = next, e
		}
	})
}

// FuzzCondition: no expression panics, neither when compiled nor when run.
func FuzzCondition(f *testing.F) {
	for _, s := range []string{`attr.a == "b"`, `1 % 0 == 1`, `weekday in [1,2] and not (hour > 3)`, `language matches "^(a+)+$"`, `int(attr.a) > -9`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := newCondition(text)
		if (c.Tree == nil) == (c.Fault == "") {
			t.Fatalf("neither a program nor a fault: %q", text)
		}
		c.holds(State{Attributes: map[string]string{"a": text}}, World{Now: morning})
	})
}

// Random graphs that pass Check never fail and never stay between two waits.
func TestRandomGraphs(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	text := map[string]string{"en": "x {{name}}", "pt": "y"}
	node := rapid.Custom(func(t *rapid.T) Node {
		next := rapid.SampledFrom(names)
		switch rapid.SampledFrom([]NodeType{Say, Ask, Collect, Branch, Consent, LookUp, WaitFor, Enqueue, Form, Close, Hours, Set}).Draw(t, "type") {
		case Say:
			return Node{Type: Say, Text: text, Next: next.Draw(t, "next")}
		case Ask:
			return Node{Type: Ask, Text: text, Into: "v", Options: []Option{
				{"1", text, next.Draw(t, "o1")}, {"2", map[string]string{"en": "two", "pt": "dois"}, next.Draw(t, "o2")}}}
		case Collect:
			return Node{Type: Collect, Text: text, Into: "v", Next: next.Draw(t, "next"), Seconds: 5, Timeout: next.Draw(t, "timeout")}
		case Branch:
			return Node{Type: Branch, Cases: []Case{{`attr.name == "1" or hour > 10`, next.Draw(t, "case")}}, Next: next.Draw(t, "next")}
		case Consent:
			return Node{Type: Consent, Consent: "cst_rec", Seconds: 3, Yes: next.Draw(t, "yes"), No: next.Draw(t, "no"), None: next.Draw(t, "none")}
		case LookUp:
			return Node{Type: LookUp, Connection: "cnx_shop", Method: "GET", Path: "/{{name}}", Results: map[string]string{"v": "/v"}, Seconds: 3, Next: next.Draw(t, "next"), Failed: next.Draw(t, "failed")}
		case WaitFor:
			return Node{Type: WaitFor, Queue: "que_sales", Next: next.Draw(t, "next")}
		case Enqueue:
			return Node{Type: Enqueue, Queue: "que_sales"}
		case Form:
			return Node{Type: Form, Next: next.Draw(t, "next")}
		case Hours:
			return Node{Type: Hours, Hours: "hou_week", Open: next.Draw(t, "open"), Closed: next.Draw(t, "closed")}
		case Set:
			return Node{Type: Set, Attributes: map[string]string{"k": "1"}, Next: next.Draw(t, "next")}
		}
		return Node{Type: Close}
	})
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		g := Graph{Start: "a", Nodes: map[string]Node{}}
		for _, n := range names {
			g.Nodes[n] = node.Draw(t, n)
		}
		// keep what can be reached, so that most graphs are worth running
		reached := spread([]string{"a"}, func(n string) []string { return g.Nodes[n].nexts() })
		for _, n := range names {
			if !reached[n] {
				delete(g.Nodes, n)
			}
		}
		raw, _ := json.Marshal(g)
		parsed, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if Check(parsed, shop) != nil {
			return
		}
		passed++
		w := open(rapid.Bool().Draw(t, "open"))
		s, _, err := Start(parsed, "pt", nil, w)
		for i := 0; i < 50 && !s.Done; i++ {
			if err != nil || !s.Waiting {
				t.Fatalf("%v %+v\n%s", err, s, raw)
			}
			w.Now = w.Now.Add(time.Duration(rapid.IntRange(0, 10).Draw(t, "s")) * time.Second)
			in := rapid.SampledFrom([]Input{{Choice: "1"}, {Choice: "2"}, {Choice: "9"}, {Text: "dois"}, {Text: "?"}, {Form: true}, {Timeout: true}, {Answer: &Answer{Step: s.Steps}}, {Answer: &Answer{Step: s.Steps, Failed: true}}}).Draw(t, "in")
			s, _, err = Step(parsed, s, in, w)
		}
	})
	if passed == 0 {
		t.Error("no random graph passed Check: the test tests nothing")
	}
}
