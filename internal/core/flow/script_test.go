package flow

import (
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
)

// scripted is a flow with one script; what it sets as "out" is told.
func scripted(t testing.TB, lines ...string) *Graph {
	t.Helper()
	raw, err := json.Marshal(Graph{Start: "pin", Nodes: map[string]Node{
		"pin":    {Type: Collect, Into: "pin", Sensitive: true, Text: map[string]string{"en": "?", "pt": "?"}, Next: "order"},
		"order":  {Type: Collect, Into: "order", Text: map[string]string{"en": "?", "pt": "?"}, Next: "script"},
		"script": {Type: Script, Lines: lines, Next: "close", Failed: "failed"},
		"close":  {Type: Close}, "failed": {Type: Close, Text: map[string]string{"en": "F", "pt": "F"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func runScript(t testing.TB, g *Graph, order string) (State, bool) {
	t.Helper()
	s, _, _ := Start(g, "pt-PT", map[string]string{AttributeName: "Rita"}, open(true))
	s, _, _ = Step(g, s, Input{Text: "1234", Masked: true}, open(true))
	s, _, err := Step(g, s, Input{Text: order}, open(true))
	if err != nil {
		t.Fatal(err)
	}
	return s, s.Node == "close"
}

func TestScript(t *testing.T) {
	for _, c := range []struct{ line, order, want string }{
		{`out = "A" + upper(attr.order)`, "b1", "AB1"},
		{`out = int(attr.order) * 2 + 1`, "20", "41"},
		{`out = decimals(float(attr.order) * 1.23, 2)`, "10", "12.30"},
		{`out = float(attr.order) / 4`, "10", "2.5"},
		{`out = 7 % int(attr.order)`, "4", "3"},
		{`out = int(attr.order) > 5 ? "many" : "few"`, "6", "many"},
		{`out = {"9": "north", "8": "south"}[part(attr.order, 0, 1)] ?? "nowhere"`, "8-1", "south"},
		{`out = {"9": "north"}[part(attr.order, 0, 1)] ?? "nowhere"`, "7-1", "nowhere"},
		{`out = get({"9": "north"}, attr.order)`, "1", ""},
		{`out = ["zero", "one", "two"][int(attr.order)]`, "2", "two"},
		{`out = split(attr.order, "-")[1]`, "9-1044", "1044"},
		{`out = last(split(attr.order, "-"))`, "9-1044", "1044"},
		{`out = joined(split(attr.order, "-"), "/")`, "9-10-4", "9/10/4"},
		{`out = part(attr.order, -2, 2) + part(attr.order, 1, 1) + part(attr.order, 9, 9)`, "ação", "ãoç"},
		{`out = substitute(attr.order, "-", "")`, "9-10-4", "9104"},
		{`out = digits(attr.order)`, "PT 9-10", "910"},
		{`out = pad(attr.order, 6, "0")`, "42", "000042"},
		{`out = attr.order in ["a", "b"] and hour == 9`, "b", "true"},
		{`out = today + " " + time`, "", ""},
		{`out = readDate(attr.order, "dd/mm/yyyy")`, "24/12/2026", "2026-12-24"},
		{`out = writeDate(addDays(attr.order, 10), "dd.mm.yy")`, "2026-12-24", "03.01.27"},
		{`out = days(today, attr.order)`, "2026-11-24", "1"},
		{`out = weekdayOf(attr.order)`, "2026-11-29", "0"},
		{`out = min(int(attr.order), 3)`, "9", "3"},
		{`out = attr.order`, "é", "é"},
	} {
		g := scripted(t, "# a remark", "", c.line)
		if err := Check(g, shop); err != nil {
			t.Errorf("%s: %v", c.line, err)
			continue
		}
		order := c.order
		if order == "" {
			order, c.want = "x", "2026-11-23 09:30"
		}
		if s, well := runScript(t, g, order); !well || s.Attributes["out"] != c.want {
			t.Errorf("%s of %q: %q %v, want %q", c.line, order, s.Attributes["out"], well, c.want)
		}
	}
}

// Lines see what those before them set; a script that fails sets nothing.
func TestScriptFailsAsAWhole(t *testing.T) {
	g := scripted(t, `one = "1"`, `two = int(attr.one) + int(attr.order)`)
	if s, well := runScript(t, g, "41"); !well || s.Attributes["two"] != "42" {
		t.Error(s.Attributes)
	}
	for line, order := range map[string]string{
		`two = int(attr.order)`: "word", `two = 1 / int(attr.order)`: "0", `two = 1 % int(attr.order)`: "0",
		`two = split(attr.order, "-")[3]`: "1-2", `two = split(attr.order, "-")`: "1-2", `two = addDays(attr.order, 1)`: "31/12/2026",
		`two = substitute(attr.order, "x", attr.order)`: strings.Repeat("x", 1999), `two = attr.order + attr.order`: strings.Repeat("é", 1500),
		`two = pad(attr.order, 9999, "0")`: "1", `two = readDate(attr.order, "dd/mm/yyyy")`: "31/02/2026", `two = decimals(float(attr.order), 99)`: "1",
		`two = writeDate(today, attr.order)`: "hh:mm", `two = addDays(today, int(attr.order))`: "99999999",
	} {
		g := scripted(t, `one = "1"`, line)
		if err := Check(g, shop); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if s, well := runScript(t, g, order); well || s.Attributes["one"] != "" || s.Attributes["order"] == "" || s.Attributes["two"] != "" {
			t.Errorf("%s of %.20q went well: %.60q", line, order, s.Attributes)
		}
	}
}

func TestCheckScript(t *testing.T) {
	for _, c := range []struct {
		name, at, says string
		lines          []string
	}{
		{"no line", "nodes.script.lines", "sets nothing", []string{"# only words"}},
		{"no assignment", "nodes.script.lines[1]", "name = value", []string{`a = 1`, `attr.order`}},
		{"a comparison", "nodes.script.lines[0]", "name = value", []string{`a == 1`}},
		{"a bad name", "nodes.script.lines[0]", "small letters", []string{`Total = 1`}},
		{"no value", "nodes.script.lines[0]", "is empty", []string{`a =`}},
		{"a column", "nodes.script.lines[0]", "column 9", []string{`total = nothing(1)`}},
		{"a syntax error", "nodes.script.lines[0]", "line 1, column", []string{`total = 1 +`}},
		{"an unknown attribute", "nodes.script.lines[0]", "attr.who", []string{`a = attr.who`}},
		{"a secret", "nodes.script.lines[0]", "kept secret", []string{`a = attr.pin`}},
		{"a secret's name", "nodes.script.lines[0]", "secret answer", []string{`pin = "1"`}},
		{"a loop", "nodes.script.lines[0]", "accepted", []string{`a = map([1], # + 1)`}},
		{"a range", "nodes.script.lines[0]", ".. is not accepted", []string{`a = 1..9`}},
		{"a power", "nodes.script.lines[0]", "not accepted", []string{`a = 9 ** 9`}},
		{"a piece of a text", "nodes.script.lines[0]", "accepted", []string{`a = attr.order[0:2]`}},
		{"repetition", "nodes.script.lines[0]", "repeat is not a known function", []string{`a = repeat("a", 9)`}},
		{"a variable", "nodes.script.lines[0]", "x is not known", []string{`a = let x = 1; x`}},
		{"the environment", "nodes.script.lines[0]", "$env is not known", []string{`a = $env.attr`}},
		{"a computed attribute", "nodes.script.lines[0]", "attr", []string{`a = attr[attr.order]`}},
		{"a long line", "nodes.script.lines[0]", "longer than", []string{`a = "` + strings.Repeat("x", 500) + `"`}},
		{"many lines", "nodes.script.lines", "at most 50", strings.Split(strings.Repeat("a = 1\n", 51), "\n")},
		{"much work", "nodes.script.lines", "too much at once", strings.Split(strings.Repeat("a = "+strings.Repeat("1+", 40)+"1\n", 20), "\n")},
	} {
		err := Check(scripted(t, c.lines...), shop)
		found := false
		for _, f := range errs.As(err).Fields {
			found = found || f.Path == c.at && strings.Contains(f.Problem, c.says)
		}
		if !found {
			t.Errorf("%s: want %s: …%s…\ngot %v", c.name, c.at, c.says, err)
		}
	}
	if _, well := runScript(t, scripted(t, strings.Split(strings.Repeat("a = "+strings.Repeat("1+", 40)+"1\n", 20), "\n")...), "x"); well {
		t.Error("a script that was never checked does all the work")
	}
}

// FuzzScript: no line panics, takes long, or sets what is no valid short text.
func FuzzScript(f *testing.F) {
	for _, s := range []string{`a = 1`, `a = {"x": [1, 2]}["x"][1]`, `a = split(attr.order, "")`, `a = substitute(attr.order, "a", attr.order)`,
		`a = part(attr.order, -9, 9)`, `a = addDays("2026-11-23", 9)`, `a = 1 % 0`, `a = get(["a"], 5) ?? "é"`, `a = "\xff"`, `a = true ? attr.name : nil`, "a = 1\n+ 2"} {
		f.Add(s, "9-1")
	}
	f.Fuzz(func(t *testing.T, text, order string) {
		l := newLine(text)
		if l.name != "" && l.fault == "" && l.value.Tree == nil {
			t.Fatalf("neither a program nor a fault: %q", text)
		}
		out, err := l.run(State{Attributes: map[string]string{"order": clip(order, MaxValue), "name": "R"}}, open(true))
		if err == nil && (characters(out) > MaxValue || strings.ToValidUTF8(out, "") != out) {
			t.Fatalf("%q gives %q", text, out)
		}
	})
}
