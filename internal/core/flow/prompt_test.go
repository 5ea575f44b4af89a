package flow

import (
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
)

const recorded = `{"start":"hello","nodes":{
 "hello": {"type":"say","prompt":{"en":"pro_en","pt":"pro_pt"},"next":"menu"},
 "menu":  {"type":"ask","text":{"pt":"Qual?"},"prompt":{"en":"pro_en"},"options":[{"value":"1","label":{"en":"One","pt":"Um"},"next":"end"}]},
 "end":   {"type":"queue","queue":"que_sales","prompt":{"en":"pro_en","pt":"pro_gone"}}}}`

// A recorded prompt is told with its words and its id, in the person's language;
// where a step has a text in that language, the text.
func TestRecordedPromptsAreTold(t *testing.T) {
	g := parse(t, recorded)
	w := open(true)
	w.Prompt = func(id string) (string, bool) {
		words, known := map[string]string{"pro_en": "Welcome.", "pro_pt": "Olá."}[id]
		return words, known
	}
	for language, want := range map[string][4]string{"en": {"Welcome.", "pro_en", "Welcome.", "pro_en"}, "pt-BR": {"Olá.", "pro_pt", "Qual?", ""}} {
		s, actions, err := Start(g, language, nil, w)
		if err != nil || len(actions) != 2 {
			t.Fatalf("%+v %v", actions, err)
		}
		if got := [4]string{actions[0].Say, actions[0].Prompt, actions[1].Say, actions[1].Prompt}; got != want {
			t.Errorf("%s: %q", language, got)
		}
		_, actions, err = Step(g, s, Input{Choice: "1"}, w)
		if err != nil || actions[len(actions)-1].Queue != "que_sales" || (len(actions) == 1) != (language != "en") {
			t.Errorf("%s: %+v %v", language, actions, err) // a prompt that is gone says nothing
		}
	}
	languages, texts := g.Languages()
	if strings.Join(languages, " ") != "en pt" || !texts {
		t.Errorf("written in %v", languages)
	}
}

func TestPromptsAreChecked(t *testing.T) {
	if err := Check(parse(t, strings.Replace(recorded, "pro_gone", "pro_pt", 1)), shop); err != nil {
		t.Fatal(err)
	}
	for change, want := range map[[2]string]string{
		{`"pt":"pro_gone"`, `"pt":"pro_none"`}: "nodes.end.prompt.pt: must name an existing prompt.",
		{`"pt":"pro_gone"`, `"pt":"pro_en"`}:   "nodes.end.prompt.pt: names a prompt that is spoken in another language (en).",
		{`"pt":"Qual?"`, `"en":"Which?"`}:      "nodes.menu.prompt.en: stands beside a text in the same language",
		{`{"pt":"Qual?"}`, `{}`}:               "nodes.menu.text.pt: is missing",
		{`"type":"say"`, `"type":"hours"`}:     "nodes.hello.prompt: has no meaning",
	} {
		err := Check(parse(t, strings.Replace(recorded, change[0], change[1], 1)), shop)
		found := false
		if err != nil {
			for _, f := range errs.As(err).Fields {
				found = found || strings.HasPrefix(f.Path+": "+f.Problem, want)
			}
		}
		if !found {
			t.Errorf("%q: %v", want, err)
		}
	}
}
