package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// condition is one compiled expression, or why it is none.
type condition struct {
	program    *vm.Program
	attributes []string // read by it
	fault      string   // for a person, with the position
}

// scope is all that a condition may see.
type scope struct {
	Attr     map[string]string `expr:"attr"`
	Language string            `expr:"language"`
	Channel  string            `expr:"channel"`
	Hour     int               `expr:"hour"`
	Weekday  int               `expr:"weekday"`
}

const conditionHelp = "accepted are attr.NAME, language, channel, hour (0-23) and weekday (0 is Sunday), compared with " +
	"==, !=, <, <=, >, >=, in, contains, startsWith, endsWith or matches, joined with and, or, not; functions lower, upper, trim, len, int"

var (
	allowedOperators = []string{"==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches",
		"and", "&&", "or", "||", "not", "!", "-"}
	allowedFunctions = []string{"lower", "upper", "trim", "len", "int"}
	allowedNames     = []string{"attr", "language", "channel", "hour", "weekday"}
)

// compile prepares every condition of the graph once.
func (g *Graph) compile() {
	g.conditions = map[string]condition{}
	for _, n := range g.Nodes {
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

func newCondition(text string) condition {
	switch {
	case strings.TrimSpace(text) == "":
		return condition{fault: "is empty; " + conditionHelp}
	case characters(text) > MaxExpression:
		return condition{fault: fmt.Sprintf("is longer than %d characters", MaxExpression)}
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return condition{fault: explain(err)}
	}
	v := &inspector{}
	ast.Walk(&tree.Node, v)
	if v.fault != "" {
		return condition{fault: fmt.Sprintf("%s (column %d); %s", v.fault, v.column, conditionHelp)}
	}
	program, err := expr.Compile(text, expr.Env(scope{}), expr.AsBool(), expr.MaxNodes(MaxExpression))
	if err != nil {
		return condition{fault: explain(err)}
	}
	slices.Sort(v.attributes)
	return condition{program: program, attributes: slices.Compact(v.attributes)}
}

// explain turns an error of expr into a sentence with the position.
func explain(err error) string {
	var e *file.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("cannot be understood: %s (line %d, column %d)", e.Message, max(e.Line, 1), e.Column+1)
	}
	return "must be a yes-or-no question: " + conditionHelp
}

// inspector lets through only the small part of the language that conditions
// are for. What it refuses could loop, build large values or reach elsewhere.
type inspector struct {
	attributes []string
	fault      string
	column     int
}

func (v *inspector) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ArrayNode, *ast.NilNode:
	case *ast.IdentifierNode:
		if !slices.Contains(allowedNames, n.Value) {
			v.refuse(n, "%s is not known", clip(n.Value, 40))
		}
	case *ast.MemberNode:
		v.member(n)
	case *ast.UnaryNode:
		v.operator(n, n.Operator)
	case *ast.BinaryNode:
		v.operator(n, n.Operator)
		if _, fixed := n.Right.(*ast.StringNode); n.Operator == "matches" && !fixed {
			v.refuse(n, "the pattern of matches must be written out")
		}
	case *ast.BuiltinNode:
		v.function(n, n.Name)
	case *ast.CallNode:
		name := "this"
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
			name = callee.Value
		}
		v.refuse(n, "%s is not a known function", clip(name, 40))
	default:
		v.refuse(n, "this is not accepted here")
	}
}

func (v *inspector) member(n *ast.MemberNode) {
	from, isName := n.Node.(*ast.IdentifierNode)
	name, fixed := n.Property.(*ast.StringNode)
	if !isName || !fixed || from.Value != "attr" {
		v.refuse(n, "only attr has parts, named in full")
		return
	}
	v.attributes = append(v.attributes, name.Value)
}

func (v *inspector) operator(n ast.Node, op string) {
	if !slices.Contains(allowedOperators, op) {
		v.refuse(n, "%s is not accepted", op)
	}
}

func (v *inspector) function(n ast.Node, name string) {
	if !slices.Contains(allowedFunctions, name) {
		v.refuse(n, "%s is not a known function", name)
	}
}

func (v *inspector) refuse(n ast.Node, format string, args ...any) {
	if v.fault == "" {
		v.fault = fmt.Sprintf(format, args...)
		v.column = n.Location().From + 1
	}
}

// holds runs the condition. One that fails on the values at hand (int of a
// word) does not hold.
func (c condition) holds(s State, w World) bool {
	if c.program == nil {
		return false
	}
	out, err := expr.Run(c.program, scope{
		Attr: s.Attributes, Language: s.Language, Channel: w.Channel,
		Hour: w.Now.Hour(), Weekday: int(w.Now.Weekday()),
	})
	yes, _ := out.(bool)
	return err == nil && yes
}
