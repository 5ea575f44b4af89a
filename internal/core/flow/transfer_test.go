package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
)

const handsOver = `{"start":"out","nodes":{
	"out":{"type":"transfer_out","number":"+351 210 000 000","caller":"+351210000001","seconds":20,"text":{"en":"One moment.","pt":"Um momento."},"busy":"b","none":"n","failed":"f"},
	"b":{"type":"close","text":{"en":"B","pt":"B"}},"n":{"type":"close","text":{"en":"N","pt":"N"}},"f":{"type":"close","text":{"en":"F","pt":"F"}}}}`

// usedFor is a tenant whose entry points run the flow for given channels.
type usedFor struct {
	house
	channels []string
}

func (u usedFor) Channels() []string { return u.channels }

func TestTransferOut(t *testing.T) {
	g := parse(t, handsOver)
	if err := Check(g, usedFor{channels: []string{"voice"}, house: house{tenant: shop}}); err != nil {
		t.Fatal(err)
	}
	w := open(true)
	if _, actions, _ := Start(g, "en", nil, w); !cmp.Equal(actions, []Action{{Say: "F"}, {Close: true}}) {
		t.Errorf("in a chat: %+v", actions)
	}
	w.Channel = "voice"
	s, actions, err := Start(g, "en", nil, w)
	if err != nil || len(actions) != 2 || actions[0].Say != "One moment." || actions[1].Transfer == nil || !s.Waiting || !Transferring(g, s) {
		t.Fatalf("%v %+v %+v", err, actions, s)
	}
	if tr := actions[1].Transfer; tr.Number.Reveal() != "+351 210 000 000" || tr.Caller != "+351210000001" || tr.Seconds != 20 || tr.Step != s.Steps {
		t.Errorf("%+v", tr)
	}
	late := w
	late.Now = morning.Add(110 * time.Second)
	for says, in := range map[string]Input{"B": {Outcome: &Outcome{Step: s.Steps, Way: "busy"}}, "N": {Outcome: &Outcome{Step: s.Steps, Way: "none"}}, "F": {Outcome: &Outcome{Step: s.Steps, Way: "failed"}}} {
		if _, actions, _ := Step(g, s, in, w); !cmp.Equal(actions, []Action{{Say: says}, {Close: true}}) {
			t.Errorf("%s: %+v", says, actions)
		}
	}
	if _, actions, _ := Step(g, s, Input{Timeout: true}, late); !cmp.Equal(actions, []Action{{Say: "N"}, {Close: true}}) {
		t.Errorf("nothing was heard of it: %+v", actions)
	}
	for _, in := range []Input{{Text: "1"}, {Timeout: true}, {Outcome: &Outcome{Step: s.Steps + 1, Way: "busy"}}, {}} {
		if after, actions, _ := Step(g, s, in, w); actions != nil || !cmp.Equal(after, s) {
			t.Errorf("%+v: %+v", in, actions)
		}
	}
	of := parse(t, strings.Replace(handsOver, "+351 210 000 000", "{{name}}", 1))
	if _, actions, _ := Start(of, "en", nil, w); !cmp.Equal(actions, []Action{{Say: "F"}, {Close: true}}) {
		t.Errorf("without a number: %+v", actions)
	}
}

func TestCheckTransferOut(t *testing.T) {
	calls := usedFor{channels: []string{"voice"}, house: house{tenant: shop, flows: map[string]*Graph{"out": parse(t, handsOver)}}}
	both := calls
	both.channels = []string{"chat", "voice"}
	sub := `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"out"}}}`
	for _, c := range []struct {
		refs          Refs
		raw, at, says string
	}{
		{both, handsOver, "nodes.out.type", "only calls"},
		{both, sub, "nodes.a.flow", "only calls"},
		{calls, strings.Replace(handsOver, "+351 210 000 000", "the shop", 1), "nodes.out.number", "telephone number"},
		{calls, strings.Replace(handsOver, "+351 210 000 000", "{{who}}", 1), "nodes.out.number", "{{who}}"},
		{calls, strings.Replace(handsOver, "+351210000001", "210", 1), "nodes.out.caller", "in full"},
		{calls, strings.Replace(handsOver, `"seconds":20`, `"seconds":200`, 1), "nodes.out.seconds", "5 to 120"},
		{calls, strings.Replace(handsOver, `"busy":"b"`, `"busy":"out"`, 1), "nodes.out", "goes round"},
	} {
		found := false
		err := Check(parse(t, c.raw), c.refs)
		if err != nil {
			for _, f := range errs.As(err).Fields {
				found = found || f.Path == c.at && strings.Contains(f.Problem, c.says)
			}
		}
		if !found {
			t.Errorf("want %s: …%s…\ngot %v", c.at, c.says, err)
		}
	}
	if err := Check(parse(t, sub), calls); err != nil {
		t.Error(err)
	}
}
