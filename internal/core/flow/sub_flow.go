package flow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
)

// MaxWithin is how many flows may run within each other, the first not counted.
const MaxWithin = 8

// MaxEnds is how many ends of a sub-flow may have a way of their own.
const MaxEnds = 20

// End is where a sub_flow goes on when the flow that it runs has ended there.
type End struct {
	Name string `json:"name"` // of a return step in that flow
	Next string `json:"next"`
}

// Frame is one flow that a run is within, and what it goes back to.
type Frame struct {
	Step    string `json:"step"` // the sub_flow, in the flow around it
	Flow    string `json:"flow"`
	Version int64  `json:"version"` // that was published when it was entered
	// Secrets are those of the flow around it, which this one does not know.
	Secrets map[string]string `json:"secrets,omitempty"`
}

// Flows finds other flows of the tenant. Version 0 asks for what is published
// now; the answer says which one that is. A nil Graph: there is none.
type Flows func(flow string, version int64) (*Graph, int64)

// Here is the graph whose step a run stands at: root's own, or that of the flow
// within which it runs. It is nil if that is not found.
func Here(root *Graph, s State, flows Flows) *Graph {
	if len(s.Within) == 0 {
		return root
	}
	if flows == nil {
		return nil
	}
	in := s.Within[len(s.Within)-1]
	g, _ := flows(in.Flow, in.Version)
	return g
}

// Forget takes the answers to sensitive questions out of a run that is over.
func (s *State) Forget() {
	s.Secrets = nil
	s.Within = slices.Clone(s.Within)
	for i := range s.Within {
		s.Within[i].Secrets = nil
	}
}

// SubFlows lists the flows that a graph runs, by name of the step.
func (g *Graph) SubFlows() (flows []string) {
	for _, n := range g.All() {
		if n.Type == SubFlow && n.Flow != "" && !slices.Contains(flows, n.Flow) {
			flows = append(flows, n.Flow)
		}
	}
	return flows
}

// Written lists the languages in which every text of a graph and of the flows
// that it runs is written; texts is false if none of them says anything.
func Written(g *Graph, flows func(string) *Graph) (languages []string, texts bool) {
	seen := map[*Graph]bool{}
	var visit func(*Graph)
	visit = func(g *Graph) {
		if g == nil || seen[g] {
			return
		}
		seen[g] = true
		if own, says := g.Languages(); says {
			if texts {
				own = slices.DeleteFunc(own, func(l string) bool { return !slices.Contains(languages, l) })
			}
			languages, texts = own, true
		}
		for _, id := range g.SubFlows() {
			visit(flows(id))
		}
	}
	visit(g)
	return languages, texts
}

// enter goes on at the first step of another flow.
func (r *run) enter(n Node) (next way) {
	if len(r.s.Within) >= MaxWithin {
		return r.fail("The flow runs too many flows within each other.")
	}
	if r.w.Flow == nil {
		return r.fail("The flow runs another, which does not exist.")
	}
	g, version := r.w.Flow(n.Flow, 0)
	if g == nil {
		return r.fail("The flow runs another, which does not exist.")
	}
	r.s.Within = append(r.s.Within, Frame{Step: r.s.Node, Flow: n.Flow, Version: version, Secrets: r.s.Secrets})
	r.s.Secrets, r.s.Node = nil, ""
	r.graph = g
	r.left += len(g.Nodes) + 1
	return way{"", g.Start}
}

// leave goes back to the flow around this one, by the way of the end's name. The
// first flow ends the conversation.
func (r *run) leave(end string) (next way) {
	last := len(r.s.Within) - 1
	if last < 0 {
		if r.root.Secure {
			r.end(Action{Back: true, End: end})
		} else {
			r.end(Action{Close: true})
		}
		return way{}
	}
	frame := r.s.Within[last]
	r.s.Within = r.s.Within[:last]
	r.s.Node, r.s.Secrets = frame.Step, maps.Clone(frame.Secrets)
	if r.graph = Here(r.root, r.s, r.w.Flow); r.graph == nil {
		return r.fail("The flow goes back to one that is gone.")
	}
	n := r.graph.Nodes[frame.Step]
	if i := slices.IndexFunc(n.Ends, func(e End) bool { return e.Name == end }); i >= 0 {
		return way{fmt.Sprintf("ends[%d]", i), n.Ends[i].Next}
	}
	if n.Next == "" { // it had no other end when the flow around it was published
		r.end(Action{Close: true})
	}
	return way{"next", n.Next}
}

// fail ends a run that cannot go on.
func (r *run) fail(why string) way {
	r.err = errs.New(errs.Internal, "%s", why)
	return way{}
}

// flow is the id of the flow in which the run stands; "" is the first.
func (r *run) flow() string {
	if last := len(r.s.Within) - 1; last >= 0 {
		return r.s.Within[last].Flow
	}
	return ""
}

// returns lists the names of the ends at which a graph goes back.
func (g *Graph) returns() map[string]bool {
	ends := map[string]bool{}
	for _, n := range g.Nodes {
		if n.Type == Return {
			ends[n.End] = true
		}
	}
	return ends
}

// inner is what a flow is to those that run it.
type inner struct {
	stops bool // it always stops for the person before it goes back
	ends  bool // the whole may be over in it
}

// sub looks into the flow that a sub_flow runs, each once. One that runs within
// itself, which is a fault of its own, counts as nothing.
func (c *checker) sub(n Node) inner {
	if n.Type != SubFlow || n.Flow == c.refs.Self() {
		return inner{}
	}
	if in, done := c.inside[n.Flow]; done {
		return in
	}
	g, _, _ := c.refs.Flow(n.Flow)
	if g == nil {
		return inner{}
	}
	c.inside[n.Flow] = inner{}
	in := inner{stops: true}
	silent := spread([]string{g.Start}, func(name string) []string {
		if n := g.Nodes[name]; !n.waits() && !c.sub(n).stops {
			return n.nexts()
		}
		return nil
	})
	for name, n := range g.Nodes {
		if n.Type == Return {
			in.stops = in.stops && !silent[name]
		} else {
			in.ends = in.ends || n.ends() || c.sub(n).ends
		}
	}
	c.inside[n.Flow] = in
	return in
}

func (c *checker) subFlow(at string, n Node) {
	c.pointer(at+".next", n.Next, false)
	g, name, known := c.refs.Flow(n.Flow)
	if !known {
		c.faults.Add(at+".flow", "must name an existing flow that is published.")
		return
	}
	if g.Secure {
		c.faults.Add(at+".flow", "names a secure flow; only an agent can send a person into “%s”.", name)
		return
	}
	if way := c.around(n.Flow, map[string]bool{}); way != nil {
		c.faults.Add(at+".flow", "runs this flow again: %s.", strings.Join(way, " → "))
		return
	}
	if c.depth(n.Flow) > MaxWithin {
		c.faults.Add(at+".flow", "runs “%s”, within which others run; more than %d within each other are not accepted.", name, MaxWithin)
		return
	}
	written, texts := Written(g, c.graphOf)
	for _, language := range c.languages {
		if texts && !slices.Contains(written, language) {
			c.faults.Add(at+".flow", "names a flow whose texts are not all written in %s, in which this flow is used.", language)
		}
	}
	if OnlyCalls(g, c.graphOf) && c.notCalls() != "" {
		c.faults.Add(at+".flow", "has a step that only calls can take, and this flow is used for %s, too.", c.notCalls())
	}
	for _, taken := range g.Takes {
		if !c.known[taken] {
			c.faults.Add(at+".flow", "runs “%s”, which takes {{%s}}; no step of this flow sets it.", name, clip(taken, 40))
		}
	}
	c.ends(at, n, g.returns())
}

func (c *checker) graphOf(id string) *Graph {
	g, _, _ := c.refs.Flow(id)
	return g
}

// ends checks the ways of a sub_flow against the ends that there are.
func (c *checker) ends(at string, n Node, there map[string]bool) {
	if len(n.Ends) > MaxEnds {
		c.faults.Add(at+".ends", "has %d ends; at most %d are accepted.", len(n.Ends), MaxEnds)
	}
	seen := map[string]bool{}
	for i, e := range n.Ends {
		here := fmt.Sprintf("%s.ends[%d]", at, i)
		switch {
		case seen[e.Name]:
			c.faults.Add(here+".name", "is the same as that of an end before it.")
		case !there[e.Name]:
			c.faults.Add(here+".name", "is %q; no step of that flow goes back by this name.", clip(e.Name, 40))
		}
		seen[e.Name] = true
		c.pointer(here+".next", e.Next, true)
	}
	if n.Next != "" {
		return
	}
	for end := range sorted(there) {
		if !seen[end] {
			c.faults.Add(at+".next", "is missing; that flow may also go back by another end (%q).", clip(end, 40))
			return
		}
	}
}

// around names the flows on the way from one back to the flow that is checked;
// nil if there is none. seen are those that lead nowhere near.
func (c *checker) around(id string, seen map[string]bool) []string {
	g, name, known := c.refs.Flow(id)
	if id == c.refs.Self() {
		return []string{name}
	}
	if !known || seen[id] {
		return nil
	}
	seen[id] = true
	for _, next := range g.SubFlows() {
		if way := c.around(next, seen); way != nil {
			return append([]string{name}, way...)
		}
	}
	return nil
}

// depth is how many flows run within each other from a flow on, itself counted;
// it stops counting beyond MaxWithin.
func (c *checker) depth(id string) int {
	known := map[string]int{}
	var deep func(id string, left int) int
	deep = func(id string, left int) int {
		if n, done := known[id]; done {
			return n
		}
		g, _, _ := c.refs.Flow(id)
		if g == nil || left == 0 {
			return 1
		}
		most := 0
		for _, next := range g.SubFlows() {
			most = max(most, deep(next, left-1))
		}
		known[id] = most + 1
		return most + 1
	}
	return deep(id, MaxWithin+1)
}

// learnt adds what the flows that a graph runs may come to know.
func (c *checker) learnt() {
	seen := map[string]bool{c.refs.Self(): true}
	var visit func(*Graph)
	visit = func(g *Graph) {
		for _, id := range g.SubFlows() {
			if seen[id] {
				continue
			}
			seen[id] = true
			if sub, _, _ := c.refs.Flow(id); sub != nil {
				maps.Copy(c.known, setBy(sub))
				visit(sub)
			}
		}
	}
	visit(c.g)
}

// takes checks what a flow is given by those that run it.
func (c *checker) takes() {
	for i, name := range c.g.Takes {
		at := fmt.Sprintf("takes[%d]", i)
		c.attribute(at, name)
		if slices.Contains(c.g.Takes[:i], name) {
			c.faults.Add(at, "is there twice.")
		}
		if c.secrets[name] {
			c.faults.Add(at, "is the name of a secret answer.")
		}
	}
}
