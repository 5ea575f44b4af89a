package flow

import (
	"slices"
	"strings"
)

// secureSteps are those that a flow may have that runs while an agent has the call:
// they ask, look up and decide, and lead nowhere but back.
var secureSteps = []NodeType{Say, Ask, Collect, Hours, Branch, Set, LookUp, Script, SubFlow, Return}

// secure checks what only a secure flow must keep to, also in the flows that it runs.
func (c *checker) secure() {
	if !c.g.Secure {
		return
	}
	if c.g.Transfer {
		c.faults.Add("transfer", "is for flows that decide what becomes of a person; a secure flow gives the person back to its agent.")
	}
	if len(c.refs.Channels()) > 0 {
		c.faults.Add("secure", "is for flows into which agents send a person; this one is an entry point's, or is run by one that is.")
	}
	for name, n := range sorted(c.g.Nodes) {
		at := "nodes." + name
		switch {
		case nodeTypes[n.Type] != nil && !slices.Contains(secureSteps, n.Type):
			c.faults.Add(at+".type", "is %s; a secure flow asks, looks up and goes back to the agent, and has no such step.", string(n.Type))
		case n.Type == Set && (n.Priority != nil || len(n.Skills)+len(n.Prefers) > 0):
			c.faults.Add(at, "is about a queue; in a secure flow it may set attributes and the language.")
		case n.Type == SubFlow && !onlySecureSteps(c.graphOf(n.Flow), c.graphOf):
			c.faults.Add(at+".flow", "names a flow with steps that a secure flow cannot have.")
		}
	}
}

// onlySecureSteps says whether a graph, with the flows that it runs, has no step that
// a secure flow cannot have.
func onlySecureSteps(g *Graph, flows func(string) *Graph) bool {
	seen := map[*Graph]bool{}
	var visit func(*Graph) bool
	visit = func(g *Graph) bool {
		if g == nil || seen[g] {
			return true
		}
		seen[g] = true
		for _, n := range g.Nodes {
			if !slices.Contains(secureSteps, n.Type) || n.Type == SubFlow && !visit(flows(n.Flow)) {
				return false
			}
		}
		return true
	}
	return visit(g)
}

// Result is what a secure flow found out that may be shown: the attributes that its
// steps set. What it was given, and the person's name, is no result; an answer to a
// sensitive question that a system outside sent back with its own is masked.
func Result(s State, given map[string]string, answers []string) map[string]string {
	out := map[string]string{}
	for name, value := range s.Attributes {
		if before, known := given[name]; name == AttributeName || value == "" || known && before == value {
			continue
		}
		out[name] = withoutAnswers(value, answers)
	}
	return out
}

// longSecret is how many digits an answer has that cannot stand in a value by chance.
const longSecret = 8

// withoutAnswers masks a value that holds, however grouped, an answer.
func withoutAnswers(value string, answers []string) string {
	plain := digitsOf(value)
	for _, a := range answers {
		if d := digitsOf(a); len(d) >= longSecret && len(plain) >= len(d) && strings.Contains(plain, d) || value == a {
			return "••••"
		}
	}
	return value
}
