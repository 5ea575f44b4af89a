package flow

import (
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

var conditions = expression.Language{
	Env:   scope{},
	Names: []string{"attr", "language", "channel", "hour", "weekday"},
	Parts: "attr",
	Operators: []string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches",
		"and", "&&", "or", "||", "not", "!", "-"},
	Functions: []string{"lower", "upper", "trim", "len", "int"},
	Help: "accepted are attr.NAME, language, channel, hour (0-23) and weekday (0 is Sunday), compared with " +
		"==, !=, <, <=, >, >=, in, contains, startsWith, endsWith or matches, joined with and, or, not; functions lower, upper, trim, len, int",
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
	return c.Holds(scopeOf(s, w))
}

func scopeOf(s State, w World) scope {
	return scope{
		Attr: s.Attributes, Language: s.Language, Channel: w.Channel,
		Hour: w.Now.Hour(), Weekday: int(w.Now.Weekday()),
	}
}
