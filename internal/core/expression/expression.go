package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
)

// MaxLength is how many characters an expression may have.
const MaxLength = 500

// Language is what expressions of one purpose may use.
type Language struct {
	Env       any                 // a struct: the names and their types
	Names     []string            // of Env that may stand alone
	Parts     string              // the one name of Env whose parts may be read: attr.NAME
	Fields    map[string][]string // names of Env with fixed parts, and these
	Calls     []string            // functions of Env, called with values that are written out
	Functions []string            // built-in functions
	Operators []string
	// Tables lets lists and tables be read at a place (["a"][0], {"k": "v"}[x]), and
	// one of two values be chosen (x ? a : b).
	Tables bool
	Help   string // a list of what is accepted, for a person
}

// Expression is one expression, or why it is none.
type Expression struct {
	Tree  ast.Node // as it was written
	Parts []string // read of Language.Parts, each once, in order
	Uses  []string // names of Language.Fields and of Language.Calls, each once, in order
	Fault string   // for a person, with the position; "" if it can be run
	Size  int      // parts of its tree: nothing of it runs more often than once

	program *vm.Program
}

// Compile prepares a text that yields yes or no. It never panics, whatever the
// text is.
func (l Language) Compile(text string) Expression { return l.compile(text, expr.AsBool()) }

// CompileValue prepares a text that yields any value.
func (l Language) CompileValue(text string) Expression { return l.compile(text) }

func (l Language) compile(text string, yields ...expr.Option) Expression {
	switch {
	case strings.TrimSpace(text) == "":
		return Expression{Fault: "is empty; " + l.Help}
	case utf8.RuneCountInString(text) > MaxLength:
		return Expression{Fault: fmt.Sprintf("is longer than %d characters", MaxLength)}
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return Expression{Fault: l.explain(err)}
	}
	v := &inspector{Language: l, named: map[string]int{}}
	ast.Walk(&tree.Node, v)
	for name, alone := range v.named {
		if alone > 0 {
			v.refuse(tree.Node, "%s stands for nothing by itself; it has %s", name, strings.Join(l.Fields[name], ", "))
		}
	}
	if v.fault != "" {
		return Expression{Fault: l.At(v.node, "%s", v.fault)}
	}
	program, err := expr.Compile(text, append(yields, expr.Env(l.Env), expr.MaxNodes(MaxLength))...)
	if err != nil {
		return Expression{Fault: l.explain(err)}
	}
	slices.Sort(v.parts)
	slices.Sort(v.fields)
	return Expression{Tree: tree.Node, Parts: slices.Compact(v.parts), Uses: slices.Compact(v.fields), Size: v.size, program: program}
}

// Holds runs the expression over an Env. One that fails on the values at hand
// (int of a word) does not hold.
func (e Expression) Holds(env any) bool {
	if e.program == nil {
		return false
	}
	out, err := expr.Run(e.program, env)
	yes, _ := out.(bool)
	return err == nil && yes
}

// Value runs the expression over an Env. It fails on values that it cannot work
// on, such as int of a word.
func (e Expression) Value(env any) (any, error) {
	if e.program == nil {
		return nil, errors.New(e.Fault)
	}
	return expr.Run(e.program, env)
}

// At is a fault with its place and with what is accepted.
func (l Language) At(n ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%s (column %d); %s", fmt.Sprintf(format, args...), n.Location().From+1, l.Help)
}

// explain turns an error of expr into a sentence with the position.
func (l Language) explain(err error) string {
	var e *file.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("cannot be understood: %s (line %d, column %d)", e.Message, max(e.Line, 1), e.Column+1)
	}
	return "must be a yes-or-no question: " + l.Help
}

// inspector lets through only what the language names.
type inspector struct {
	Language
	parts  []string
	fields []string
	named  map[string]int // names with fixed parts that stand without one
	size   int
	fault  string
	node   ast.Node
}

func (v *inspector) Visit(node *ast.Node) {
	v.size++
	switch n := (*node).(type) {
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode, *ast.ArrayNode, *ast.NilNode:
	case *ast.IdentifierNode:
		if _, has := v.Fields[n.Value]; has {
			v.named[n.Value]++
			return
		}
		if !slices.Contains(v.Names, n.Value) && (v.Parts == "" || n.Value != v.Parts) && !slices.Contains(v.Calls, n.Value) {
			v.refuse(n, "%s is not known", short(n.Value))
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
		v.call(n)
	case *ast.ConditionalNode, *ast.MapNode, *ast.PairNode:
		if !v.Tables {
			v.refuse(n, "this is not accepted here")
		}
	default:
		v.refuse(n, "this is not accepted here")
	}
}

func (v *inspector) member(n *ast.MemberNode) {
	from, isName := n.Node.(*ast.IdentifierNode)
	name, fixed := n.Property.(*ast.StringNode)
	if isName && fixed && v.Fields[from.Value] != nil {
		v.named[from.Value]--
		if !slices.Contains(v.Fields[from.Value], name.Value) {
			v.refuse(n, "%s has no %s; it has %s", from.Value, short(name.Value), strings.Join(v.Fields[from.Value], ", "))
		}
		v.fields = append(v.fields, from.Value)
		return
	}
	if isPart := isName && from.Value == v.Parts; v.Tables && !isPart {
		switch n.Node.(type) {
		case *ast.ArrayNode, *ast.MapNode, *ast.BuiltinNode, *ast.CallNode, *ast.MemberNode:
			return
		}
	}
	switch {
	case v.Parts == "":
		v.refuse(n, "nothing here has parts")
	case !isName || !fixed || from.Value != v.Parts:
		v.refuse(n, "only %s has parts, named in full", v.Parts)
	default:
		v.parts = append(v.parts, name.Value)
	}
}

func (v *inspector) operator(n ast.Node, op string) {
	if !slices.Contains(v.Operators, op) {
		v.refuse(n, "%s is not accepted", op)
	}
}

func (v *inspector) function(n ast.Node, name string) {
	if !slices.Contains(v.Functions, name) {
		v.refuse(n, "%s is not a known function", short(name))
	}
}

func (v *inspector) call(n *ast.CallNode) {
	name := "this"
	if callee, ok := n.Callee.(*ast.IdentifierNode); ok {
		name = callee.Value
	}
	if !slices.Contains(v.Calls, name) {
		v.refuse(n, "%s is not a known function", short(name))
		return
	}
	v.fields = append(v.fields, name)
}

func (v *inspector) refuse(n ast.Node, format string, args ...any) {
	if v.fault == "" {
		v.fault, v.node = fmt.Sprintf(format, args...), n
	}
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
