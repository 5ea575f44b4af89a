package flow

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
)

const leavesMessage = `{"start":"vm","nodes":{
	"vm":{"type":"voicemail","queue":"que_sales","seconds":60,"text":{"en":"Nobody is here.","pt":"Não está ninguém."},"none":"n"},
	"n":{"type":"close","text":{"en":"N","pt":"N"}}}}`

const wantsBack = `{"start":"q","nodes":{
	"q":{"type":"collect","text":{"en":"Which number?","pt":"Que número?"},"into":"number","next":"back"},
	"back":{"type":"callback","queue":"que_sales","number":"{{number}}","text":{"en":"We call you.","pt":"Ligamos-lhe."},"failed":"f"},
	"f":{"type":"close","text":{"en":"F","pt":"F"}}}}`

func TestVoicemail(t *testing.T) {
	g := parse(t, leavesMessage)
	if err := Check(g, usedFor{channels: []string{"voice"}, house: house{tenant: shop}}); err != nil {
		t.Fatal(err)
	}
	w := open(true)
	if _, actions, _ := Start(g, "en", nil, w); !cmp.Equal(actions, []Action{{Say: "N"}, {Close: true}}) {
		t.Errorf("in a chat: %+v", actions)
	}
	w.Channel = "voice"
	s, actions, err := Start(g, "en", nil, w)
	if err != nil || len(actions) != 2 || actions[0].Say != "Nobody is here." || !cmp.Equal(actions[1].Message, &Message{s.Steps, 60}) || !TakesMessage(g, s) || AsksCallBack(g, s) {
		t.Fatalf("%v %+v %+v", err, actions, s)
	}
	if Retake(g, s) != *actions[1].Message {
		t.Error("another message is taken anew")
	}
	after, actions, _ := Step(g, s, Input{Outcome: &Outcome{Step: s.Steps, Way: "left"}}, w)
	if !after.Done || !cmp.Equal(actions, []Action{{Left: true, Queue: "que_sales"}}) {
		t.Errorf("a message: %+v", actions)
	}
	late := w
	late.Now = morning.Add(time.Hour)
	for what, in := range map[string]Input{"nothing said": {Outcome: &Outcome{Step: s.Steps, Way: "none"}}, "nothing heard of it": {Timeout: true}} {
		if _, actions, _ := Step(g, s, in, late); !cmp.Equal(actions, []Action{{Say: "N"}, {Close: true}}) {
			t.Errorf("%s: %+v", what, actions)
		}
	}
	for _, in := range []Input{{Text: "1"}, {Timeout: true}, {Outcome: &Outcome{Step: s.Steps + 1, Way: "left"}}, {}} {
		if still, actions, _ := Step(g, s, in, w); actions != nil || !cmp.Equal(still, s) {
			t.Errorf("%+v: %+v", in, actions)
		}
	}
	silent := parse(t, strings.Replace(leavesMessage, `"text":{"en":"Nobody is here.","pt":"Não está ninguém."},`, "", 1))
	if _, actions, _ := Start(silent, "pt", nil, w); len(actions) != 2 || !strings.HasPrefix(actions[0].Say, "Deixe a sua mensagem") {
		t.Errorf("without a greeting: %+v", actions)
	}
	of := Mailbox(map[string]string{"en": "Bo cannot come."}, nil, 180)
	s, actions, err = Start(of, "en", nil, w)
	if err != nil || len(actions) != 2 || actions[0].Say != "Bo cannot come." || actions[1].Message.Seconds != 180 {
		t.Fatalf("a mailbox: %v %+v", err, actions)
	}
	for way, want := range map[string][]Action{"left": {{Left: true, Close: true}}, "none": {{Close: true}}} {
		if after, actions, _ := Step(of, s, Input{Outcome: &Outcome{Step: s.Steps, Way: way}}, w); !after.Done || !cmp.Equal(actions, want) {
			t.Errorf("a mailbox, %s: %+v", way, actions)
		}
	}
}

func TestCallback(t *testing.T) {
	g := parse(t, wantsBack)
	if err := Check(g, usedFor{channels: []string{"voice"}, house: house{tenant: shop}}); err != nil {
		t.Fatal(err)
	}
	w := open(true)
	w.Channel = "voice"
	s, _, _ := Start(g, "en", nil, w)
	s, actions, err := Step(g, s, Input{Text: "210000007"}, w)
	if err != nil || len(actions) != 1 || actions[0].CallBack == nil || actions[0].CallBack.Number.Reveal() != "210000007" || !AsksCallBack(g, s) || TakesMessage(g, s) {
		t.Fatalf("%v %+v", err, actions)
	}
	after, actions, _ := Step(g, s, Input{Outcome: &Outcome{Step: s.Steps, Way: "kept", Number: secret.New("+351210000007")}}, w)
	if !after.Done || !cmp.Equal(actions, []Action{{Say: "We call you."}, {Kept: true, Queue: "que_sales"}}) {
		t.Errorf("who can be called: %+v", actions)
	}
	late := w
	late.Now = morning.Add(time.Minute)
	for what, in := range map[string]Input{"a number that may not be called": {Outcome: &Outcome{Step: s.Steps, Way: "failed"}}, "no answer": {Timeout: true}} {
		if _, actions, _ := Step(g, s, in, late); !cmp.Equal(actions, []Action{{Say: "F"}, {Close: true}}) {
			t.Errorf("%s: %+v", what, actions)
		}
	}
	own := parse(t, strings.Replace(wantsBack, `"number":"{{number}}",`, "", 1))
	s, _, _ = Start(own, "en", nil, w)
	if _, actions, _ := Step(own, s, Input{Text: "1"}, w); len(actions) != 1 || !actions[0].CallBack.Number.Empty() {
		t.Errorf("the number that calls: %+v", actions)
	}

	again := Later("que_sales", 900)
	s, actions, err = Start(again, "en", nil, w)
	if err != nil || len(actions) != 0 || !s.Waiting || !s.Deadline.Equal(w.Now.Add(15*time.Minute)) {
		t.Fatalf("later: %v %+v %+v", err, actions, s)
	}
	if still, actions, _ := Step(again, s, Input{Timeout: true}, late); actions != nil || !cmp.Equal(still, s) {
		t.Errorf("too early: %+v", actions)
	}
	late.Now = morning.Add(time.Hour)
	if _, actions, _ := Step(again, s, Input{Timeout: true}, late); !cmp.Equal(actions, []Action{{Queue: "que_sales"}}) {
		t.Errorf("when it is time: %+v", actions)
	}
}

func TestCheckVoicemailAndCallback(t *testing.T) {
	calls := usedFor{channels: []string{"voice"}, house: house{tenant: shop, flows: map[string]*Graph{"message": parse(t, leavesMessage)}}}
	both := calls
	both.channels = []string{"chat", "voice"}
	for _, c := range []struct {
		refs          Refs
		raw, at, says string
	}{
		{both, leavesMessage, "nodes.vm.type", "only who calls"},
		{both, wantsBack, "nodes.back.type", "only who calls"},
		{both, `{"start":"a","nodes":{"a":{"type":"sub_flow","flow":"message"}}}`, "nodes.a.flow", "only calls"},
		{calls, strings.Replace(leavesMessage, "que_sales", "que_none", 1), "nodes.vm.queue", "existing queue"},
		{calls, strings.Replace(leavesMessage, `"seconds":60`, `"seconds":5`, 1), "nodes.vm.seconds", "10 to 600"},
		{calls, strings.Replace(leavesMessage, `"none":"n"`, `"none":"x"`, 1), "nodes.vm.none", "does not exist"},
		{calls, strings.Replace(wantsBack, "que_sales", "que_none", 1), "nodes.back.queue", "existing queue"},
		{calls, strings.Replace(wantsBack, "{{number}}", "112", 1), "nodes.back.number", "an attribute"},
		{calls, strings.Replace(wantsBack, "{{number}}", "{{who}}", 1), "nodes.back.number", "{{who}}"},
		{calls, strings.Replace(wantsBack, `"failed":"f"`, `"failed":""`, 1), "nodes.back.failed", "missing"},
		{calls, `{"start":"a","nodes":{"a":{"type":"pause","seconds":5,"next":"a"}}}`, "nodes.a.type", "accepted are"},
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
}
