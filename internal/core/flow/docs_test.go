package flow

import (
	"os"
	"strings"
	"testing"
)

// The worked example of the documentation is a flow that passes.
func TestDocumentedExample(t *testing.T) {
	page, err := os.ReadFile("../../../docs/flows/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no example")
	}
	g := parse(t, example)
	refs := tenant{[]string{"que_billing", "que_sales"}, []string{"ski_portuguese"}, []string{"hou_shop"}, []string{"en", "pt"}}
	if err := Check(g, refs); err != nil {
		t.Fatal(err)
	}
	s, _, _ := Start(g, "en", map[string]string{AttributeName: "Rita"}, open(true))
	s, _, _ = Step(g, s, Input{Choice: "bill"}, open(true))
	s, actions, _ := Step(g, s, Input{Text: "9-1044"}, open(true))
	if len(actions) != 2 || actions[0].Say != "One moment, I am looking for someone about 9-1044." || actions[1].Queue != "que_billing" || s.Priority != 5 {
		t.Errorf("%+v %+v", actions, s)
	}
	for _, n := range []NodeType{Say, Ask, Collect, Hours, Branch, Set, WaitFor, LookUp, Consent, TransferOut, Script, SubFlow, Return, Recording, Enqueue, Form, Close} {
		if !strings.Contains(string(page), "| `"+string(n)+"` |") {
			t.Errorf("the page does not describe %s", n)
		}
	}
}
