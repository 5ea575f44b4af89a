package flow

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/errs"
)

// tenant is one tenant's set-up as a flow sees it.
type tenant struct {
	queues, skills, hours, languages []string
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
func (t tenant) HasQueue(id string) bool      { return has(t.queues, id) }
func (t tenant) HasSkill(id string) bool      { return has(t.skills, id) }
func (t tenant) HasConnection(id string) bool { return has([]string{"cnx_shop"}, id) }
func (t tenant) Prompt(id string) (string, bool) {
	language, known := map[string]string{"pro_en": "en", "pro_pt": "pt"}[id]
	return language, known
}
func (t tenant) ConsentText(id string) (map[string]bool, bool) {
	return map[string]bool{"en": true, "pt": id == "cst_rec"}, has([]string{"cst_rec", "cst_en"}, id)
}
func (t tenant) HasRejectReason(id string) bool { return id == "rej_1" }
func (t tenant) HasHours(id string) bool        { return has(t.hours, id) }
func (t tenant) Languages() []string            { return t.languages }
func (t tenant) Channels() []string             { return nil }
func (t tenant) Self() string                   { return "" }
func (t tenant) Flow(string) (*Graph, string, bool) {
	return nil, "", false
}

var (
	shop  = tenant{[]string{"que_billing", "que_sales"}, []string{"ski_pt"}, []string{"hou_week"}, []string{"en", "pt"}}
	books = tenant{[]string{"que_books"}, nil, nil, []string{"pt"}} // the second tenant
)

const worked = `{
 "start": "hours",
 "nodes": {
  "hours":  {"type": "hours", "hours": "hou_week", "open": "greet", "closed": "closed"},
  "greet":  {"type": "say", "text": {"en": "Hello {{name}}!", "pt": "Olá {{name}}!"}, "next": "menu"},
  "menu":   {"type": "ask", "into": "topic", "text": {"en": "What is it about?", "pt": "De que se trata?"}, "seconds": 60, "timeout": "sales",
             "options": [{"value": "billing", "label": {"en": "A bill", "pt": "Uma fatura"}, "next": "number"},
                         {"value": "shoes", "label": {"en": "Shoes", "pt": "Sapatos"}, "next": "skill"}]},
  "number": {"type": "collect", "into": "order", "text": {"en": "Which order?", "pt": "Que encomenda?"}, "next": "branch"},
  "branch": {"type": "branch", "cases": [{"if": "attr.order startsWith \"VIP\" and hour < 12", "next": "first"}], "next": "billing"},
  "first":  {"type": "set", "priority": 5, "next": "billing"},
  "skill":  {"type": "branch", "cases": [{"if": "language == \"pt\"", "next": "needpt"}], "next": "sales"},
  "needpt": {"type": "set", "skills": {"ski_pt": 3}, "attributes": {"from": "menu"}, "next": "sales"},
  "billing":{"type": "queue", "queue": "que_billing", "text": {"en": "About {{order}}: one moment.", "pt": "Sobre {{order}}: um momento."}},
  "sales":  {"type": "queue", "queue": "que_sales"},
  "closed": {"type": "form", "text": {"en": "We are closed.", "pt": "Estamos fechados."}, "next": "thanks"},
  "thanks": {"type": "close", "text": {"en": "Thank you.", "pt": "Obrigado."}}
 }}`

func parse(t *testing.T, raw string) *Graph {
	t.Helper()
	g, err := Parse(json.RawMessage(raw))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var morning = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

func open(yes bool) World {
	return World{Now: morning, Channel: "chat", Languages: []string{"en", "pt"}, IsOpen: func(string) bool { return yes }}
}

func TestWorkedExample(t *testing.T) {
	g := parse(t, worked)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	languages, texts := g.Languages()
	if diff := cmp.Diff([]string{"en", "pt"}, languages); diff != "" || !texts {
		t.Error(diff)
	}

	t.Run("to billing with priority", func(t *testing.T) {
		known := map[string]string{AttributeName: "Rita"}
		s, actions, err := Start(g, "en", known, open(true))
		if err != nil {
			t.Fatal(err)
		}
		want := []Action{{Say: "Hello Rita!"}, {Say: "What is it about?", Buttons: []Button{{"billing", "A bill"}, {"shoes", "Shoes"}}}}
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Error(diff)
		}
		if !s.Waiting || !s.Deadline.Equal(morning.Add(time.Minute)) {
			t.Errorf("not waiting for a minute: %+v", s)
		}
		s, _, _ = Step(g, s, Input{Choice: "billing"}, open(true))
		s, actions, err = Step(g, s, Input{Text: " VIP-7 "}, open(true))
		if diff := cmp.Diff([]Action{{Say: "About VIP-7: one moment."}, {Queue: "que_billing"}}, actions); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if s.Priority != 5 || !s.Done || s.Waiting || s.Attributes["topic"] != "billing" {
			t.Errorf("%+v", s)
		}
		if diff := cmp.Diff(map[string]string{AttributeName: "Rita"}, known); diff != "" {
			t.Error("the caller's attributes were changed", diff)
		}
	})
	t.Run("words that are a button", func(t *testing.T) {
		s, actions, _ := Start(g, "pt", nil, open(true))
		if actions[0].Say != "Olá!" {
			t.Errorf("an empty name leaves its gap: %q", actions[0].Say)
		}
		s, actions, _ = Step(g, s, Input{Text: "sapatos"}, open(true))
		if diff := cmp.Diff([]Action{{Queue: "que_sales"}}, actions); diff != "" {
			t.Error(diff)
		}
		if s.Skills["ski_pt"] != 3 || s.Attributes["from"] != "menu" {
			t.Errorf("%+v", s)
		}
	})
	t.Run("other words ask again", func(t *testing.T) {
		s, _, _ := Start(g, "en", nil, open(true))
		s, actions, _ := Step(g, s, Input{Text: "hm"}, open(true))
		if len(actions) != 1 || len(actions[0].Buttons) != 2 || !s.Waiting {
			t.Errorf("%+v %+v", actions, s)
		}
	})
	t.Run("out of hours", func(t *testing.T) {
		s, actions, _ := Start(g, "en", nil, open(false))
		if diff := cmp.Diff([]Action{{Say: "We are closed.", Form: true}}, actions); diff != "" {
			t.Error(diff)
		}
		s, actions, _ = Step(g, s, Input{Text: "hello?"}, open(false))
		if actions != nil {
			t.Error("words are no form:", actions)
		}
		_, actions, _ = Step(g, s, Input{Form: true}, open(false))
		if diff := cmp.Diff([]Action{{Say: "Thank you."}, {Close: true}}, actions); diff != "" {
			t.Error(diff)
		}
	})
}

// A collect for digits takes no other answer; what is sensitive is kept apart, and
// gone when the run is over.
func TestDigitsAndSecrets(t *testing.T) {
	g := parse(t, `{"start":"card","nodes":{
		"card":{"type":"collect","into":"card","sensitive":true,"digits":{"min":4,"max":6,"terminator":"#"},"text":{"en":"Card?","pt":"Cartão?"},"next":"zip"},
		"zip": {"type":"collect","into":"zip","digits":{"min":2,"max":2},"text":{"en":"Zip?","pt":"Código?"},"next":"end"},
		"end": {"type":"close","text":{"en":"{{zip}}","pt":"{{zip}}"}}}}`)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	s, actions, _ := Start(g, "en", nil, open(true))
	want := []Action{{Say: "Card?", Collect: true, Digits: &Digits{4, 6, "#"}, Masked: true}}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Error(diff)
	}
	for _, in := range []Input{{Text: "123", Masked: true}, {Text: "1234567", Masked: true}, {Text: "12a4", Masked: true}, {Text: "#", Masked: true}, {Text: "12345"}} {
		after, actions, _ := Step(g, s, in, open(true))
		if diff := cmp.Diff(want, actions); diff != "" || after.Secrets != nil || after.Node != "card" {
			t.Errorf("%+v: %s %+v", in, diff, after)
		}
	}
	s, _, _ = Step(g, s, Input{Text: "12 34-5#", Masked: true}, open(true))
	if s.Secrets["card"] != "12345" || s.Attributes["card"] != "" || s.Node != "zip" {
		t.Errorf("%+v", s)
	}
	if after, _, _ := Step(g, s, Input{Text: "99", Masked: true}, open(true)); after.Attributes["zip"] != "" {
		t.Error("a masked answer to another question was shown")
	}
	s, _, _ = Step(g, s, Input{Text: "99"}, open(true))
	if !s.Done || s.Secrets != nil || s.Attributes["zip"] != "99" {
		t.Errorf("at the end: %+v", s)
	}
}

const asksShop = `{"start":"card","nodes":{
	"card": {"type":"collect","into":"card","sensitive":true,"text":{"en":"Card?","pt":"Cartão?"},"next":"order"},
	"order":{"type":"collect","into":"order","text":{"en":"Order?","pt":"Encomenda?"},"next":"ask"},
	"ask":  {"type":"look_up","connection":"cnx_shop","method":"POST","path":"/orders/{{order}}?by={{name}}","body":{"card":"{{card}}","note":"of {{name}}"},
	         "results":{"state":"/order/state"},"seconds":5,"next":"end","failed":"sorry"},
	"end":  {"type":"close","text":{"en":"It is {{state}}","pt":"Está {{state}}"}},
	"sorry":{"type":"close"}}}`

func TestLookUp(t *testing.T) {
	g := parse(t, asksShop)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	s, _, _ := Start(g, "en", map[string]string{AttributeName: "R & S"}, open(true))
	s, _, _ = Step(g, s, Input{Text: "4929", Masked: true}, open(true))
	if _, asked := Pending(g, s); asked {
		t.Error("a question is no request")
	}
	s, actions, _ := Step(g, s, Input{Text: "9/../1 0"}, open(true))
	if actions != nil || !s.Waiting || !s.Deadline.Equal(morning.Add(5*time.Second)) {
		t.Fatalf("%+v %+v", actions, s)
	}
	r, asked := Pending(g, s)
	if !asked || r.Path.Reveal() != "/orders/9%2F..%2F1%200?by=R+%26+S" || r.Body["card"].Reveal() != "4929" || r.Body["note"].Reveal() != "of R & S" || r.Step != 3 {
		t.Fatalf("%v %q %+v", asked, r.Path.Reveal(), r)
	}
	for name, in := range map[string]Input{"words": {Text: "hello?"}, "another's answer": {Answer: &Answer{Step: 2}}, "too soon": {Timeout: true}} {
		if after, actions, err := Step(g, s, in, open(true)); err != nil || actions != nil || !cmp.Equal(after, s) {
			t.Errorf("%s: %+v %v", name, after, actions)
		}
	}
	done, actions, _ := Step(g, s, Input{Answer: &Answer{Step: 3, Values: map[string]string{"state": "on its way", "other": "x"}}}, open(true))
	if diff := cmp.Diff([]Action{{Say: "It is on its way"}, {Close: true}}, actions); diff != "" || done.Attributes["other"] != "" || done.Secrets != nil {
		t.Error(diff, done)
	}
	if _, _, ways, _ := Trace(g, s, Input{Answer: &Answer{Step: 3, Failed: true}}, open(true)); len(ways) != 1 || ways[0].Out != "failed" {
		t.Error(ways)
	}
	late := open(true)
	late.Now = morning.Add(5 * time.Second)
	if again := Again(g, s, late.Now); !again.Deadline.Equal(morning.Add(10 * time.Second)) {
		t.Error("after a restart:", again.Deadline)
	}
	if _, _, ways, _ := Trace(g, s, Input{Timeout: true}, late); len(ways) != 1 || ways[0].Out != "failed" {
		t.Error(ways)
	}
}

const asksConsent = `{"start":"rec","nodes":{
	"rec":  {"type":"consent","consent":"cst_rec","seconds":30,"yes":"yes","no":"no","none":"none"},
	"yes":  {"type":"close","text":{"en":"Y","pt":"S"}},"no":{"type":"close","text":{"en":"N","pt":"N"}},"none":{"type":"close","text":{"en":"-","pt":"-"}}}}`

// A consent is given to the words and the version that were shown, whatever the
// text has become meanwhile.
func TestConsent(t *testing.T) {
	g := parse(t, asksConsent)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	w := open(true)
	version := int64(3)
	w.Consent = func(id string) (map[string]string, int64) {
		return map[string]string{"en": "May we record?", "pt": "Podemos gravar?"}, version
	}
	s, actions, _ := Start(g, "pt-BR", nil, w)
	want := []Action{{Say: "Podemos gravar?", Buttons: []Button{{"yes", "Sim, concordo"}, {"no", "Não"}}}}
	if diff := cmp.Diff(want, actions); diff != "" || !s.Waiting {
		t.Fatal(diff, s)
	}
	version = 4
	for _, in := range []Input{{Choice: "yes"}, {Text: " sim, CONCORDO "}} {
		_, actions, _ := Step(g, s, in, w)
		if diff := cmp.Diff([]Action{{Given: &Given{"cst_rec", 3, "pt"}}, {Say: "S"}, {Close: true}}, actions); diff != "" {
			t.Error(in, diff)
		}
	}
	late := w
	late.Now = morning.Add(30 * time.Second)
	for says, c := range map[string]struct {
		in Input
		w  World
	}{"N": {Input{Choice: "no"}, w}, "-": {Input{Timeout: true}, late}} {
		_, actions, _ := Step(g, s, c.in, c.w)
		want := []Action{{Say: says}, {Close: true}}
		if c.in.Choice == "no" {
			want = append([]Action{{Refused: "cst_rec"}}, want...)
		}
		if diff := cmp.Diff(want, actions); diff != "" {
			t.Error(says, diff)
		}
	}
	if after, actions, _ := Step(g, s, Input{Text: "why?"}, w); !cmp.Equal(actions, want) || after.Shown.Version != 4 {
		t.Errorf("other words: %+v %+v", actions, after)
	}
	for _, in := range []Input{{Choice: "maybe"}, {}, {Timeout: true}} {
		if after, actions, _ := Step(g, s, in, w); actions != nil || !cmp.Equal(after, s) {
			t.Errorf("%+v: %+v", in, actions)
		}
	}
	if _, actions, _ := Start(g, "en", nil, open(true)); !cmp.Equal(actions, []Action{{Say: "-"}, {Close: true}}) {
		t.Errorf("a text that is gone: %+v", actions)
	}
}

// Input that does not concern the run changes nothing.
func TestInputOutOfPlace(t *testing.T) {
	g := parse(t, worked)
	s, _, _ := Start(g, "en", nil, open(true))
	late := open(true)
	late.Now = morning.Add(time.Minute)
	for name, in := range map[string]Input{
		"nothing": {}, "an unknown choice": {Choice: "socks"}, "spaces": {Text: " \n "}, "a form": {Form: true}, "an early timer": {Timeout: true},
	} {
		after, actions, err := Step(g, s, in, open(true))
		if diff := cmp.Diff(s, after); diff != "" || actions != nil || err != nil {
			t.Errorf("%s: %s %v %v", name, diff, actions, err)
		}
	}
	done, actions, _ := Step(g, s, Input{Timeout: true}, late)
	if diff := cmp.Diff([]Action{{Queue: "que_sales"}}, actions); diff != "" {
		t.Error(diff)
	}
	for _, in := range []Input{{}, {Text: "x"}, {Choice: "shoes"}, {Timeout: true}} {
		if after, actions, err := Step(g, done, in, late); err != nil || actions != nil || !cmp.Equal(after, done) {
			t.Errorf("after the end: %v %v", actions, err)
		}
	}
}

func TestCheckFaults(t *testing.T) {
	en := `{"en":"a"}`
	cases := []struct{ name, raw, at, says string }{
		{"no nodes", `{"start":"a","nodes":{}}`, "nodes", "empty"},
		{"no start", `{"nodes":{"a":{"type":"close"}}}`, "start", "missing"},
		{"unknown type", `{"start":"a","nodes":{"a":{"type":"dance"}}}`, "nodes.a.type", "accepted are ask, branch"},
		{"dangling option", `{"start":"menu","nodes":{"menu":{"type":"ask","text":` + en + `,"options":[
			{"value":"a","label":` + en + `,"next":"end"},{"value":"b","label":` + en + `,"next":"gone"}]},"end":{"type":"close"}}}`,
			"nodes.menu.options[1].next", `"gone"`},
		{"same option twice", `{"start":"menu","nodes":{"menu":{"type":"ask","text":` + en + `,"options":[
			{"value":"a","label":` + en + `,"next":"end"},{"value":"a","label":` + en + `,"next":"end"}]},"end":{"type":"close"}}}`,
			"nodes.menu.options[1].value", "same"},
		{"unreachable", `{"start":"a","nodes":{"a":{"type":"close"},"b":{"type":"close"}}}`, "nodes.b", "reached"},
		{"a field of another type", `{"start":"a","nodes":{"a":{"type":"close","queue":"que_sales"}}}`, "nodes.a.queue", "no meaning"},
		{"unknown queue", `{"start":"a","nodes":{"a":{"type":"queue","queue":"que_books"}}}`, "nodes.a.queue", "existing queue"},
		{"unknown hours", `{"start":"a","nodes":{"a":{"type":"hours","hours":"x","open":"b","closed":"b"},"b":{"type":"close"}}}`, "nodes.a.hours", "existing"},
		{"unknown skill", `{"start":"a","nodes":{"a":{"type":"set","skills":{"ski_x":3},"next":"b"},"b":{"type":"close"}}}`, "nodes.a.skills.ski_x", "existing"},
		{"level", `{"start":"a","nodes":{"a":{"type":"set","skills":{"ski_pt":11},"next":"b"},"b":{"type":"close"}}}`, "nodes.a.skills.ski_pt", "1 to 10"},
		{"missing language", `{"start":"a","nodes":{"a":{"type":"close","text":{"en":"bye"}}}}`, "nodes.a.text.pt", "missing"},
		{"unknown placeholder", `{"start":"a","nodes":{"a":{"type":"close","text":{"en":"{{who}}","pt":"b"}}}}`, "nodes.a.text.en", "{{who}}"},
		{"half a placeholder", `{"start":"a","nodes":{"a":{"type":"close","text":{"en":"{{name","pt":"b"}}}}`, "nodes.a.text.en", "other half"},
		{"long text", `{"start":"a","nodes":{"a":{"type":"close","text":{"pt":"b","en":"` + strings.Repeat("é", MaxText+1) + `"}}}}`, "nodes.a.text.en", "at most 2000"},
		{"round and round", `{"start":"a","nodes":{"a":{"type":"say","text":{"en":"a","pt":"a"},"next":"b"},
			"b":{"type":"branch","cases":[{"if":"hour == 3","next":"c"}],"next":"a"},"c":{"type":"close"}}}`, "nodes.b", "round"},
		{"no end", `{"start":"a","nodes":{"a":{"type":"collect","into":"x","text":{"en":"a","pt":"a"},"next":"a"}}}`, "nodes.a", "no end"},
		{"bad expression", branching(`hour >`), "nodes.a.cases[0].if", "column"},
		{"not a question", branching(`hour`), "nodes.a.cases[0].if", "yes-or-no"},
		{"mixed types", branching(`hour == "3"`), "nodes.a.cases[0].if", "mismatched"},
		{"unknown name", branching(`secret == "3"`), "nodes.a.cases[0].if", "secret is not known"},
		{"unset attribute", branching(`attr.topic == "3"`), "nodes.a.cases[0].if", "attr.topic"},
		{"computed attribute", branching(`attr[language] == "3"`), "nodes.a.cases[0].if", "attr"},
		{"a loop", branching(`len(1..99999999) > 3`), "nodes.a.cases[0].if", ".. is not accepted"},
		{"a closure", branching(`all(["a"], # == "a")`), "nodes.a.cases[0].if", "accepted"},
		{"a pattern from outside", branching(`language matches channel`), "nodes.a.cases[0].if", "written out"},
		{"a bad pattern", branching(`language matches "("`), "nodes.a.cases[0].if", "missing closing"},
		{"other functions", branching(`now().Year() == 3`), "nodes.a.cases[0].if", "accepted"},
		{"the environment", branching(`$env["attr"] == nil`), "nodes.a.cases[0].if", "accepted"},
		{"timeout without seconds", `{"start":"a","nodes":{"a":{"type":"collect","into":"x","text":{"en":"a","pt":"a"},"next":"b","timeout":"b"},"b":{"type":"close"}}}`, "nodes.a.seconds", "missing"},
		{"digits", collecting(`"into":"x","digits":{"min":5,"max":4}`), "nodes.a.digits.min", "1 to the most"},
		{"many digits", collecting(`"into":"x","digits":{"min":5,"max":33}`), "nodes.a.digits.max", "1 to 32"},
		{"terminator", collecting(`"into":"x","digits":{"min":5,"max":9,"terminator":"5"}`), "nodes.a.digits.terminator", "# or *"},
		{"a secret that is shown", collecting(`"into":"zz","sensitive":true`), "nodes.b.text.en", "kept secret"},
		{"a secret name", collecting(`"into":"name","sensitive":true`), "nodes.a.into", "a name of its own"},
		{"a connection that is none", asking(`"connection":"cnx_books","method":"GET","seconds":5`), "nodes.a.connection", "existing connection"},
		{"a long wait", asking(`"connection":"cnx_shop","method":"GET","seconds":11`), "nodes.a.seconds", "1 to 10"},
		{"a method", asking(`"connection":"cnx_shop","method":"DELETE","seconds":5`), "nodes.a.method", "GET or POST"},
		{"a body of GET", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"body":{"a":"b"}`), "nodes.a.body", "POST only"},
		{"another host", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"path":"@evil.example/"`), "nodes.a.path", "begin with /"},
		{"a way up", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"path":"/a/../b"`), "nodes.a.path", "without .."},
		{"a secret in an address", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"path":"/{{pin}}"`), "nodes.a.path", "kept secret"},
		{"an unknown word sent", asking(`"connection":"cnx_shop","method":"POST","seconds":5,"body":{"a":"{{pin}} {{who}}"}`), "nodes.a.body.a", "{{who}}"},
		{"a place", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"results":{"a":"order"}`), "nodes.a.results.a", "such as /order/state"},
		{"a secret learnt", asking(`"connection":"cnx_shop","method":"GET","seconds":5,"results":{"pin":"/order"}`), "nodes.a.results.pin", "secret"},
		{"no such text", strings.Replace(asksConsent, "cst_rec", "cst_x", 1), "nodes.rec.consent", "existing consent text"},
		{"a text in English only", strings.Replace(asksConsent, "cst_rec", "cst_en", 1), "nodes.rec.consent", "not written in pt"},
		{"no time", strings.Replace(asksConsent, `"seconds":30,`, "", 1), "nodes.rec.seconds", "1 to 86400"},
		{"recording begun", strings.Replace(records, `"pause"`, `"start"`, 1), "nodes.a.action", "pause, resume and stop"},
		{"recording without a deed", strings.Replace(records, `"action":"pause",`, "", 1), "nodes.a.action", "pause, resume and stop"},
		{"digits for a reason", strings.Replace(records, `"card"`, `"4929"`, 1), "nodes.a.reason", "small letters"},
		{"recording that leads nowhere", strings.Replace(records, `"next":"b"`, `"next":""`, 1), "nodes.a.next", "missing"},
		{"a deed of another step", `{"start":"a","nodes":{"a":{"type":"close","action":"pause","reason":"card"}}}`, "nodes.a.action", "no meaning"},
		{"a name that is none", `{"start":"a b","nodes":{"a b":{"type":"close"}}}`, "nodes.a b", "good name"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Check(parse(t, c.raw), shop)
			if !errs.Is(err, errs.Invalid) {
				t.Fatal("accepted:", err)
			}
			for _, f := range errs.As(err).Fields {
				if f.Path == c.at && strings.Contains(f.Problem, c.says) {
					return
				}
			}
			t.Errorf("want %s: …%s…\ngot %v", c.at, c.says, err)
		})
	}
}

// collecting is a flow with one collect, whose answer zz is told.
func collecting(fields string) string {
	return `{"start":"a","nodes":{"a":{"type":"collect","text":{"en":"a","pt":"a"},` + fields + `,"next":"b"},"b":{"type":"close","text":{"en":"{{zz}}","pt":"b"}}}}`
}

// asking is a flow with a secret pin and a look_up.
func asking(fields string) string {
	return `{"start":"p","nodes":{"p":{"type":"collect","into":"pin","sensitive":true,"text":{"en":"a","pt":"a"},"next":"a"},
		"a":{"type":"look_up",` + fields + `,"next":"b","failed":"b"},"b":{"type":"close"}}}`
}

func branching(condition string) string {
	quoted, _ := json.Marshal(condition)
	return `{"start":"a","nodes":{"a":{"type":"branch","cases":[{"if":` + string(quoted) + `,"next":"b"}],"next":"b"},"b":{"type":"close"}}}`
}

// All faults are told at once, and in the same order each time.
func TestCheckTellsAll(t *testing.T) {
	raw := `{"start":"x","nodes":{"a":{"type":"queue","queue":"no"},"b":{"type":"say","next":"gone","text":{"en":"a"}}}}`
	first := Check(parse(t, raw), shop)
	if n := len(errs.As(first).Fields); n != 4 {
		t.Errorf("%d faults: %v", n, first)
	}
	for range 20 {
		if again := Check(parse(t, raw), shop); again.Error() != first.Error() {
			t.Fatal("another order")
		}
	}
}

// A flow of one tenant points at nothing of another.
func TestOtherTenant(t *testing.T) {
	if err := Check(parse(t, worked), books); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "nodes.sales.queue") {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, says string }{
		"nothing":          {``, "not valid JSON"},
		"null":             {`null`, "JSON object"},
		"a list":           {`[]`, "object"},
		"cut off":          {`{"start":`, "not valid JSON"},
		"two values":       {`{"start":"a","nodes":{}} {}`, "after its end"},
		"twice":            {`{"start":"a","start":"b","nodes":{}}`, "twice"},
		"unknown field":    {`{"start":"a","nods":{}}`, "nods"},
		"unknown in node":  {`{"start":"a","nodes":{"a":{"type":"say","txt":{}}}}`, "nodes.a.txt"},
		"in option":        {`{"start":"a","nodes":{"a":{"type":"ask","options":[{},{"to":"b"}]}}}`, "nodes.a.options[1].to"},
		"wrong type":       {`{"start":"a","nodes":{"a":{"type":"ask","seconds":"ten"}}}`, "nodes.a.seconds: must be a whole number"},
		"nodes as list":    {`{"start":"a","nodes":[]}`, "nodes: must be an object"},
		"too deep":         {strings.Repeat(`{"nodes":`, 40) + strings.Repeat(`}`, 40), "deep"},
		"a fraction":       {`{"start":"a","nodes":{"a":{"type":"set","priority":1.5}}}`, "nodes.a.priority"},
		"large":            {`{"start":"` + strings.Repeat("a", MaxBytes) + `"}`, "larger"},
		"options as text":  {`{"start":"a","nodes":{"a":{"type":"ask","options":"b"}}}`, "must be a list"},
		"a node as number": {`{"start":"a","nodes":{"a":7}}`, "nodes.a: must be an object"},
	} {
		if _, err := Parse(json.RawMessage(c.raw)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: want …%s…, got %v", name, c.says, err)
		}
	}
}

// A graph that was never checked still ends.
func TestUncheckedGraphEnds(t *testing.T) {
	round := &Graph{Start: "a", Nodes: map[string]Node{"a": {Type: Say, Next: "b", Text: map[string]string{"en": "x"}}, "b": {Type: Say, Next: "a"}}}
	gone := &Graph{Start: "a", Nodes: map[string]Node{"a": {Type: Say, Next: "b"}}}
	for _, g := range []*Graph{round, gone, {}} {
		s, _, err := Start(g, "en", nil, World{})
		if g.Start != "" && !errs.Is(err, errs.Internal) || !s.Done {
			t.Errorf("%+v %v", s, err)
		}
	}
}

// A person who never answers what was asked does not keep a run alive for ever.
func TestStepsAreBounded(t *testing.T) {
	g := parse(t, worked)
	s, _, _ := Start(g, "en", nil, open(true))
	for range MaxSteps + 1 {
		var err error
		if s, _, err = Step(g, s, Input{Text: "no"}, open(true)); err != nil {
			if !s.Done {
				t.Error("failed and not done")
			}
			return
		}
	}
	t.Error("went on")
}

func TestConditions(t *testing.T) {
	w := World{Now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Channel: "chat"} // a Sunday
	s := State{Language: "pt-BR", Attributes: map[string]string{"n": "12", "word": "Olá"}}
	for text, want := range map[string]bool{
		`weekday == 0 and hour == 8`:              true,
		`weekday in [0, 6]`:                       true,
		`language startsWith "pt"`:                true,
		`not (channel == "voice")`:                true,
		`int(attr.n) > 10`:                        true,
		`int(attr.word) > 10`:                     false, // fails, so does not hold
		`lower(attr.word) == "olá"`:               true,
		`attr.missing == ""`:                      true,
		`attr.word matches "^O" && len(attr.n)>1`: true,
	} {
		c := newCondition(text)
		if c.Fault != "" || c.holds(s, w) != want {
			t.Errorf("%s: %v, fault %q", text, !want, c.Fault)
		}
	}
}

// Values that a person typed are put in as they are, once.
func TestFillIsNotRepeated(t *testing.T) {
	got := fill("You wrote: {{a}}, {{b}}.", map[string]string{"a": "{{b}}", "b": "<b>"})
	if got != "You wrote: {{b}}, <b>." {
		t.Error(got)
	}
	if n := characters(fill(strings.Repeat("{{a}}", 100), map[string]string{"a": strings.Repeat("ã", MaxValue)})); n != MaxSaid {
		t.Error(n)
	}
}

// A set step may prefer skills, and a node may say where it is drawn.
func TestSetPrefersAndPlaces(t *testing.T) {
	raw := `{"start":"a","nodes":{"a":{"type":"set","prefers":{"ski_pt":3},"next":"b","at":{"x":10,"y":-4}},"b":{"type":"queue","queue":"que_sales"}}}`
	g := parse(t, raw)
	if err := Check(g, shop); err != nil {
		t.Error(err)
	}
	s, _, _ := Start(g, "en", nil, open(true))
	if s.Prefers["ski_pt"] != 3 || *g.Nodes["a"].At != (Place{10, -4}) {
		t.Errorf("%+v", s)
	}
	far := parse(t, strings.Replace(raw, `"x":10`, `"x":100001`, 1))
	if err := Check(far, shop); err == nil || !strings.Contains(err.Error(), "nodes.a.at") {
		t.Error(err)
	}
}

// A wait step learns what a queue would do to who enters now, before anybody is
// put into it.
func TestWait(t *testing.T) {
	g := parse(t, `{"start":"look","nodes":{
	 "look": {"type":"wait","queue":"que_sales","text":{"en":"You would be number {{place}}.","pt":"Seria o número {{place}}."},"next":"long"},
	 "long": {"type":"branch","cases":[{"if":"attr.minutes != \"\" and int(attr.minutes) > 10","next":"later"}],"next":"sales"},
	 "later":{"type":"form"},
	 "sales":{"type":"queue","queue":"que_sales"}}}`)
	if err := Check(g, shop); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name           string
		place, seconds int
		want           []Action
	}{
		{"short", 3, 600, []Action{{Say: "You would be number 3."}, {Queue: "que_sales"}}},
		{"long", 3, 601, []Action{{Say: "You would be number 3."}, {Form: true}}},
		{"unknown", 0, -1, []Action{{Say: "You would be number."}, {Queue: "que_sales"}}},
	} {
		w := open(true)
		w.Wait = func(queue string) (int, int) {
			if queue != "que_sales" {
				t.Error(queue)
			}
			return c.place, c.seconds
		}
		_, actions, err := Start(g, "en", nil, w)
		if diff := cmp.Diff(c.want, actions); diff != "" || err != nil {
			t.Errorf("%s: %s %v", c.name, diff, err)
		}
	}
	if s, _, err := Start(g, "en", nil, open(true)); err != nil || s.Attributes[AttributeMinutes] != "" {
		t.Errorf("nothing is known of waits: %+v %v", s, err)
	}
	foreign := parse(t, `{"start":"a","nodes":{"a":{"type":"wait","queue":"que_books"}}}`)
	if err := Check(foreign, shop); err == nil || !strings.Contains(err.Error(), "2 values") {
		t.Error(err)
	}
}

// Trace names each edge by the field that holds it.
func TestTrace(t *testing.T) {
	g := parse(t, worked)
	s, _, ways, err := Trace(g, State{Language: "en"}, Input{}, open(true))
	want := []Way{{"", "", "", "hours"}, {"", "hours", "open", "greet"}, {"", "greet", "next", "menu"}}
	if diff := cmp.Diff(want, ways); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if _, _, ways, _ = Trace(g, s, Input{Text: "what?"}, open(true)); len(ways) != 0 {
		t.Errorf("a question that comes again took a way: %v", ways)
	}
	late := open(true)
	late.Now = late.Now.Add(time.Minute)
	if _, _, ways, _ = Trace(g, s, Input{Timeout: true}, late); !cmp.Equal(ways, []Way{{"", "menu", "timeout", "sales"}}) {
		t.Errorf("%v", ways)
	}
	s, _, ways, _ = Trace(g, s, Input{Text: "A Bill"}, open(true))
	if !cmp.Equal(ways, []Way{{"", "menu", "options[0]", "number"}}) {
		t.Errorf("%v", ways)
	}
	_, _, ways, _ = Trace(g, s, Input{Text: "VIP-1"}, open(true))
	if !cmp.Equal(ways, []Way{{"", "number", "next", "branch"}, {"", "branch", "cases[0]", "first"}, {"", "first", "next", "billing"}}) {
		t.Errorf("%v", ways)
	}
}
