package setup

import (
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"nubitalk/internal/core/expression"
)

// Agent is a user as the set-up of routing sees it.
type Agent struct {
	ID       string
	Skills   map[string]int // by skill id
	Teams    []string       // ids
	Site     string         // id
	Language string
}

// memberScope is all that a member rule may see of an agent.
type memberScope struct {
	Teams    []string         `expr:"teams"`
	Site     string           `expr:"site"`
	Language string           `expr:"language"`
	Skill    func(string) int `expr:"skill"`
}

var memberLanguage = expression.Language{
	Env:       memberScope{},
	Names:     []string{"teams", "site", "language"},
	Calls:     []string{"skill"},
	Operators: []string{"==", "!=", "<", "<=", ">", ">=", "in", "and", "&&", "or", "||", "not", "!"},
	Help:      `accepted are "TEAM" in teams, site == "SITE", skill("SKILL") >= 5 and language == "pt", with ==, !=, <, <=, >, >= and in, joined with and, or, not`,
}

// memberRule is a compiled member rule. Stored rules name teams, sites and
// skills by id, so that a new name changes nobody's queue.
type memberRule struct {
	expression.Expression
	named []naming
	fault string
}

// naming is one object that a rule names, and where: runes from…to of the text.
type naming struct {
	kind     Kind // "" for a language
	said     string
	from, to int
}

func newMemberRule(text string) memberRule {
	r := memberRule{Expression: memberLanguage.Compile(text)}
	if r.fault = r.Fault; r.fault == "" {
		r.read(r.Tree)
	}
	return r
}

// holds says whether the agent is a member.
func (r memberRule) holds(a Agent) bool {
	return r.fault == "" && r.Holds(memberScope{Teams: a.Teams, Site: a.Site, Language: a.Language, Skill: func(s string) int { return a.Skills[s] }})
}

// read notes what the rule names. It lets through only comparisons of an
// attribute with what is written out, because only those can be checked.
func (r *memberRule) read(n ast.Node) {
	switch n := n.(type) {
	case *ast.UnaryNode:
		r.read(n.Node)
		return
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&", "or", "||":
			r.read(n.Left)
			r.read(n.Right)
			return
		case "in":
			if isName(n.Right, "teams") {
				r.name(n.Left, KindTeam)
				return
			}
			if kind, ok := attribute(n.Left); ok {
				r.names(n.Right, kind)
				return
			}
		case "==", "!=":
			if kind, ok := attribute(n.Left); ok {
				r.name(n.Right, kind)
				return
			}
		}
		if call, ok := n.Left.(*ast.CallNode); ok && n.Operator != "in" {
			r.level(call, n.Right)
			return
		}
	}
	r.refuse(n, "this cannot be asked of an agent")
}

func (r *memberRule) level(call *ast.CallNode, level ast.Node) {
	if len(call.Arguments) != 1 {
		r.refuse(call, "skill takes one skill")
		return
	}
	r.name(call.Arguments[0], KindSkill)
	if v, ok := level.(*ast.IntegerNode); !ok || v.Value < 0 || v.Value > 10 {
		r.refuse(level, "a level is a number from 0 to 10")
	}
}

func (r *memberRule) names(list ast.Node, kind Kind) {
	array, ok := list.(*ast.ArrayNode)
	if !ok || len(array.Nodes) == 0 {
		r.refuse(list, `a list is written as ["A", "B"]`)
		return
	}
	for _, n := range array.Nodes {
		r.name(n, kind)
	}
}

func (r *memberRule) name(n ast.Node, kind Kind) {
	s, ok := n.(*ast.StringNode)
	if !ok {
		r.refuse(n, "what is compared with must be written out, in quotation marks")
		return
	}
	r.named = append(r.named, naming{kind, s.Value, n.Location().From, n.Location().To})
}

func (r *memberRule) refuse(n ast.Node, problem string) {
	if r.fault == "" {
		r.fault = memberLanguage.At(n, "%s", problem)
	}
}

func isName(n ast.Node, name string) bool {
	i, ok := n.(*ast.IdentifierNode)
	return ok && i.Value == name
}

// attribute gives what an attribute with one value is compared with: "" for a
// language.
func attribute(n ast.Node) (Kind, bool) {
	if isName(n, "site") {
		return KindSite, true
	}
	return "", isName(n, "language")
}

// checkMemberRule checks a rule and what it names.
func checkMemberRule(c *checks, path, text string, refs Refs) {
	if text == "" {
		return
	}
	r := newMemberRule(text)
	if r.fault != "" {
		c.Add(path, "%s.", r.fault)
		return
	}
	for _, n := range r.named {
		switch {
		case n.kind == "" && !slices.Contains(Languages, n.said):
			c.Add(path, "%s is no language that agents have; accepted are %s.", quoted(short(n.said)), strings.Join(Languages, ", "))
		case n.kind != "" && !refs.Has(n.kind, n.said):
			c.Add(path, "%s is not a %s in use; accepted are %s.", quoted(short(n.said)), n.kind.Word(), listed(refs.Names(n.kind)))
		}
	}
}

// listed gives some names, for a person.
func listed(names map[string]string) string {
	all := slices.Sorted(maps.Values(names))
	if len(all) == 0 {
		return "none yet"
	}
	for i := range all {
		all[i] = quoted(all[i])
	}
	if len(all) > 8 {
		all = append(all[:8], "others")
	}
	return strings.Join(all, ", ")
}

// Settle gives the queue as it is stored: rules name teams, sites and skills by
// id, also where somebody wrote the name. What is unknown stays as it is, for
// Validate to tell.
func (q Queue) Settle(refs Refs) Queue {
	q.MemberRule = settle(q.MemberRule, refs)
	q.Steps = slices.Clone(q.Steps)
	for i := range q.Steps {
		q.Steps[i].MemberRule = settle(q.Steps[i].MemberRule, refs)
	}
	return q
}

func settle(text string, refs Refs) string {
	r := newMemberRule(text)
	if text == "" || r.fault != "" {
		return text
	}
	out := []rune(text)
	for _, n := range slices.Backward(slices.SortedFunc(slices.Values(r.named), func(a, b naming) int { return a.from - b.from })) {
		if n.kind == "" || refs.Has(n.kind, n.said) {
			continue
		}
		for id, name := range refs.Names(n.kind) {
			if NameKey(name) == NameKey(n.said) {
				out = slices.Replace(out, n.from, n.to, []rune(`"`+id+`"`)...)
				break
			}
		}
	}
	return string(out)
}

// Serving are the ids of those who serve the queue: the members by name and the
// agents whom the rule takes, or every agent when it has neither.
func (q Queue) Serving(agents []Agent) []string {
	if len(q.Members) == 0 && q.MemberRule == "" {
		all := make([]string, len(agents))
		for i, a := range agents {
			all[i] = a.ID
		}
		return all
	}
	return members(q.Members, q.MemberRule, agents)
}

// members are those by name, then those by rule.
func members(named []string, rule string, agents []Agent) []string {
	out := slices.Clone(named)
	if rule == "" {
		return out
	}
	r, known := newMemberRule(rule), set(named)
	for _, a := range agents {
		if !known[a.ID] && r.holds(a) {
			out = append(out, a.ID)
		}
	}
	return out
}

// Belonging is why an agent is a member of a queue, or may become one.
type Belonging struct {
	Named    bool   // the queue names it
	Everyone bool   // the queue neither names members nor has a rule: every agent serves it
	Rule     string // the queue's rule, if it holds for the agent; "" else
	// Step is the step of loosening, from 1, with which the agent joins although
	// it is no member; 0 for none. StepRule is that step's rule, if it is why.
	Step     int
	StepRule string
}

// Belongs says why an agent is a member of the queue.
func (q Queue) Belongs(a Agent) Belonging {
	b := Belonging{Named: slices.Contains(q.Members, a.ID), Everyone: len(q.Members) == 0 && q.MemberRule == ""}
	if q.MemberRule != "" && newMemberRule(q.MemberRule).holds(a) {
		b.Rule = q.MemberRule
	}
	if b.Named || b.Everyone || b.Rule != "" {
		return b
	}
	for i, s := range q.Steps {
		switch {
		case slices.Contains(s.Members, a.ID):
			b.Step = i + 1
		case s.MemberRule != "" && newMemberRule(s.MemberRule).holds(a):
			b.Step, b.StepRule = i+1, s.MemberRule
		default:
			continue
		}
		break
	}
	return b
}
