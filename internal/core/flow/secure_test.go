package flow

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
)

const takesCard = `{"secure":true,"takes":["amount"],"start":"card","nodes":{
	"card":{"type":"collect","into":"card","sensitive":true,"digits":{"min":12,"max":19,"terminator":"#"},"text":{"en":"Card for {{amount}}?","pt":"Cartão para {{amount}}?"},"next":"ok"},
	"ok":  {"type":"ask","into":"sure","text":{"en":"Sure?","pt":"Certeza?"},"options":[{"value":"y","label":{"en":"Yes","pt":"Sim"},"next":"paid"},{"value":"n","label":{"en":"No","pt":"Não"},"next":"not"}]},
	"paid":{"type":"return","end":"paid"}, "not":{"type":"return"}}}`

// A secure flow leads back to the agent, by the name of its end, and forgets what was
// keyed in.
func TestASecureFlowLeadsBack(t *testing.T) {
	g := parse(t, takesCard)
	if err := Check(g, house{tenant: shop}); err != nil {
		t.Fatal(err)
	}
	for choice, end := range map[string]string{"y": "paid", "n": ""} {
		s, actions, err := Start(g, "en", map[string]string{"amount": "12"}, open(true))
		if err != nil || len(actions) != 1 || actions[0].Say != "Card for 12?" || !actions[0].Masked {
			t.Fatalf("%v %+v", err, actions)
		}
		s, _, _ = Step(g, s, Input{Text: "4929123412341238", Masked: true}, open(true))
		s, actions, err = Step(g, s, Input{Choice: choice}, open(true))
		if err != nil || !s.Done || len(s.Secrets) > 0 || !cmp.Equal(actions, []Action{{Back: true, End: end}}) {
			t.Errorf("%s: %v %+v %+v", choice, err, s, actions)
		}
	}
}

// What leads anywhere else than back, or would be run by an entry point, is refused.
func TestWhatASecureFlowCannotHave(t *testing.T) {
	sub := parse(t, `{"start":"q","nodes":{"q":{"type":"queue","queue":"que_sales"}}}`)
	fine := parse(t, `{"start":"s","nodes":{"s":{"type":"say","text":{"en":"S","pt":"S"},"next":"r"},"r":{"type":"return"}}}`)
	secure := parse(t, takesCard)
	h := house{tenant: shop, flows: map[string]*Graph{"sub": sub, "fine": fine, "secure": secure}}
	step := func(node string) string {
		return strings.Replace(takesCard, `"not":{"type":"return"}`, `"not":`+node+`,"r":{"type":"return"}`, 1)
	}
	for raw, field := range map[string]string{
		step(`{"type":"queue","queue":"que_sales"}`):                                                      "nodes.not.type",
		step(`{"type":"recording","action":"resume","next":"r"}`):                                         "nodes.not.type",
		step(`{"type":"close"}`):                                                                          "nodes.not.type",
		step(`{"type":"set","priority":3,"next":"r"}`):                                                    "nodes.not",
		step(`{"type":"sub_flow","flow":"sub","next":"r"}`):                                               "nodes.not.flow",
		step(`{"type":"sub_flow","flow":"secure","next":"r"}`):                                            "nodes.not.flow",
		strings.Replace(takesCard, `"secure":true`, `"secure":1`, 1):                                      "secure",
		`{"start":"s","nodes":{"s":{"type":"sub_flow","flow":"secure","next":"e"},"e":{"type":"close"}}}`: "nodes.s.flow",
	} {
		g, err := Parse([]byte(raw))
		if err == nil {
			err = Check(g, h)
		}
		found := false
		for _, f := range errs.As(err).Fields {
			found = found || f.Path == field
		}
		if err == nil || !found {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, raw := range []string{takesCard, step(`{"type":"sub_flow","flow":"fine","next":"r"}`), step(`{"type":"set","attributes":{"x":"1"},"language":"pt","next":"r"}`)} {
		if err := Check(parse(t, raw), h); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if err := Check(secure, usedFor{h, []string{"voice"}}); err == nil || errs.As(err).Fields[0].Path != "secure" {
		t.Errorf("of an entry point: %v", err)
	}
}

// What a secure flow found out is shown without what it was given, and without a card's
// number that a system outside sent back.
func TestTheResultOfASecureFlow(t *testing.T) {
	s := State{Attributes: map[string]string{AttributeName: "Rita", "amount": "12", "changed": "2", "reference": "A-4929", "echo": "4929 1234-12341238", "within": "card 4929123412341238.", "cvc": "123", "code": "91234", "empty": ""}}
	got := Result(s, map[string]string{"amount": "12", "changed": "1"}, []string{"4929123412341238", "123"})
	want := map[string]string{"changed": "2", "reference": "A-4929", "echo": "••••", "within": "••••", "cvc": "••••", "code": "91234"}
	if !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}
