package flow

import "slices"

// waits says whether a run stops at a node until the person does something.
func (n Node) waits() bool {
	return n.Type == Ask || n.Type == Collect || n.Type == Consent || n.Type == Voicemail || n.Type == Form
}

// nexts lists where a node may lead.
func (n Node) nexts() []string {
	list := []string{n.Next, n.Open, n.Closed, n.Timeout, n.Failed, n.Yes, n.No, n.None, n.Busy}
	for _, o := range n.Options {
		list = append(list, o.Next)
	}
	for _, c := range n.Cases {
		list = append(list, c.Next)
	}
	for _, e := range n.Ends {
		list = append(list, e.Next)
	}
	return slices.DeleteFunc(list, func(s string) bool { return s == "" })
}

// ends says whether the flow may be over at this node.
func (n Node) ends() bool {
	return n.Type == Enqueue || n.Type == Close || n.Type == Return || n.Type == TransferOut || n.Type == Voicemail || n.Type == Callback || n.Type == Form && n.Next == ""
}

// shape checks the graph as a whole: every step can be reached, from every step
// an end can be reached, and no way goes round without waiting for the person.
func (c *checker) shape() {
	from := map[string][]string{} // the arrows turned round
	for name, n := range sorted(c.g.Nodes) {
		for _, next := range n.nexts() {
			from[next] = append(from[next], name)
		}
	}
	reached := spread([]string{c.g.Start}, func(name string) []string { return c.g.Nodes[name].nexts() })
	var ends []string
	for name, n := range sorted(c.g.Nodes) {
		if n.ends() || c.sub(n).ends {
			ends = append(ends, name)
		}
	}
	ending := spread(ends, func(name string) []string { return from[name] })
	rounds := c.rounds()
	for name := range sorted(c.g.Nodes) {
		at := "nodes." + name
		switch {
		case !reached[name]:
			c.faults.Add(at, "cannot be reached from the start.")
		case rounds[name]:
			c.faults.Add(at, "is part of a way that goes round without waiting for the person; put an ask, collect or form in it.")
		case !ending[name]:
			c.faults.Add(at, "leads to no end; from here a queue, close, return or form must be reachable.")
		}
	}
}

func spread(from []string, next func(string) []string) map[string]bool {
	seen := map[string]bool{}
	for len(from) > 0 {
		name := from[len(from)-1]
		from = from[:len(from)-1]
		if !seen[name] {
			seen[name] = true
			from = append(from, next(name)...)
		}
	}
	return seen
}

// rounds finds the nodes from which one can come back to the same node through
// nodes that do not wait. What does not wait and leads only to waiting or
// finished nodes is taken away until nothing more can be; then the same from
// the other side. What is left goes round.
func (c *checker) rounds() map[string]bool {
	left := map[string]bool{}
	for name, n := range c.g.Nodes {
		left[name] = !n.waits() && !c.sub(n).stops
	}
	from := map[string][]string{}
	for name, n := range c.g.Nodes {
		for _, next := range n.nexts() {
			from[next] = append(from[next], name)
		}
	}
	strip := func(ahead func(string) []string) {
		for again := true; again; {
			again = false
			for name := range left {
				if left[name] && !slices.ContainsFunc(ahead(name), func(n string) bool { return left[n] }) {
					left[name], again = false, true
				}
			}
		}
	}
	strip(func(name string) []string { return c.g.Nodes[name].nexts() })
	strip(func(name string) []string { return from[name] })
	return left
}
