package flow

import (
	"slices"

	"nubitalk/internal/core/expression"
)

// condition is one compiled expression, or why it is none.
type condition struct{ expression.Expression }

// scope is all that a condition may see.
type scope struct {
	Attr     map[string]string `expr:"attr"`
	Language string            `expr:"language"`
	Channel  string            `expr:"channel"`
	Hour     int               `expr:"hour"`
	Weekday  int               `expr:"weekday"`
}

// asked is a scope with what conditions alone may see: nothing of a message can be set
// into an attribute, which is stored.
type asked struct {
	scope
	Mail     mailScope           `expr:"mail"`
	Mentions func(string) bool   `expr:"mentions"`
	Header   func(string) string `expr:"header"`
}

var conditions = expression.Language{
	Env:    asked{},
	Names:  []string{"attr", "language", "channel", "hour", "weekday"},
	Parts:  "attr",
	Fields: map[string][]string{"mail": mailParts},
	Calls:  mailCalls,
	Operators: []string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches",
		"and", "&&", "or", "||", "not", "!", "-"},
	Functions: []string{"lower", "upper", "trim", "len", "int"},
	Help: "accepted are attr.NAME, language, channel, hour (0-23) and weekday (0 is Sunday), compared with " +
		"==, !=, <, <=, >, >=, in, contains, startsWith, endsWith or matches, joined with and, or, not; functions lower, upper, trim, len, int; " +
		"of an email mail.from, domain, to, subject, text, size, files, language and automatic, mentions(\"words\") and header(\"name\")",
}

// compile prepares every condition of the graph once.
func (g *Graph) compile() {
	g.conditions = map[string]condition{}
	g.lines = map[string]line{}
	for _, n := range g.Nodes {
		for _, text := range n.Lines {
			if _, done := g.lines[text]; !done {
				g.lines[text] = newLine(text)
			}
		}
		for _, c := range n.Cases {
			if _, done := g.conditions[c.If]; !done {
				g.conditions[c.If] = newCondition(c.If)
			}
		}
	}
}

// condition finds a compiled expression. A Graph that did not come from Parse
// pays for compiling at each use.
func (g *Graph) condition(text string) condition {
	if c, ok := g.conditions[text]; ok {
		return c
	}
	return newCondition(text)
}

func newCondition(text string) condition { return condition{conditions.Compile(text)} }

// holds runs the condition.
func (c condition) holds(s State, w World) bool {
	env := asked{scope: scopeOf(s, w), Mentions: w.Mail.mentions, Header: w.Mail.header}
	if slices.Contains(c.Uses, "mail") {
		env.Mail = w.Mail.scope()
	}
	return c.Holds(env)
}

func scopeOf(s State, w World) scope {
	return scope{
		Attr: s.Attributes, Language: s.Language, Channel: w.Channel,
		Hour: w.Now.Hour(), Weekday: int(w.Now.Weekday()),
	}
}
