package flow

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// Request is what a run waits for that stands at a look_up.
type Request struct {
	// Step tells this look_up of the run from every other; a request that is made
	// again, as after a restart, has the same.
	Step       int
	Connection string
	Method     string                 // GET or POST
	Path       secret.Text            // with its query, escaped; below the connection's address
	Body       map[string]secret.Text // of a POST
	Results    map[string]string      // attribute to JSON pointer
	Seconds    int                    // that it may take
}

// Answer is what a Request came to.
type Answer struct {
	Step   int
	Failed bool
	Values map[string]string // by attribute; what the answer did not have is ""
}

// Pending is the request that a run waits for, if it waits for one. g is the graph
// that it stands in (Here).
func Pending(g *Graph, s State) (Request, bool) {
	if g == nil || !s.Waiting || g.Nodes[s.Node].Type != LookUp {
		return Request{}, false
	}
	n := g.Nodes[s.Node]
	r := Request{Step: s.Steps, Connection: n.Connection, Method: n.Method, Path: secret.New(fillPath(n.Path, s.Attributes)), Results: n.Results, Seconds: n.Seconds}
	if len(n.Body) > 0 {
		r.Body = map[string]secret.Text{}
	}
	known := maps.Clone(s.Attributes)
	if known == nil {
		known = map[string]string{}
	}
	maps.Copy(known, s.Secrets)
	for name, text := range n.Body {
		r.Body[name] = secret.New(fill(text, known))
	}
	return r, true
}

// Again gives the request of a run that was interrupted its whole time anew.
func Again(g *Graph, s State, now time.Time) State {
	if n := g.Nodes[s.Node]; n.Type == LookUp && s.Waiting { // g is where it stands (Here)
		s.Deadline = now.UTC().Add(time.Duration(n.Seconds) * time.Second)
	}
	return s
}

// fillPath puts attributes into a path, each as one piece of it.
func fillPath(path string, attributes map[string]string) string {
	before, query, asked := strings.Cut(path, "?")
	put := func(text string, escape func(string) string) string {
		return placeholder.ReplaceAllStringFunc(text, func(m string) string {
			part := placeholder.FindStringSubmatch(m)
			return part[1] + escape(attributes[part[2]])
		})
	}
	before = put(before, url.PathEscape)
	if !asked {
		return before
	}
	return before + "?" + put(query, url.QueryEscape)
}

// lookedUp takes the answer to the run's request.
func (r *run) lookedUp(n Node, a *Answer) (next way, moved bool) {
	if a == nil || a.Step != r.s.Steps {
		return way{}, false
	}
	if a.Failed {
		return way{"failed", n.Failed}, true
	}
	for name := range sorted(n.Results) {
		r.remember(name, clip(a.Values[name], MaxValue))
	}
	return way{"next", n.Next}, true
}

// waitForAnswer begins a look_up.
func (r *run) waitForAnswer(n Node) {
	r.s.Waiting = true
	r.s.Deadline = r.w.Now.UTC().Add(time.Duration(n.Seconds) * time.Second)
}

func (c *checker) lookUp(at string, n Node) {
	c.pointer(at+".next", n.Next, true)
	c.pointer(at+".failed", n.Failed, true)
	if !c.refs.HasConnection(n.Connection) {
		c.faults.Add(at+".connection", "must name an existing connection.")
	}
	if n.Seconds < 1 || n.Seconds > MaxLookUp {
		c.faults.Add(at+".seconds", "is %d; %d to %d are accepted.", n.Seconds, 1, MaxLookUp)
	}
	if n.Method != "GET" && n.Method != "POST" {
		c.faults.Add(at+".method", "must be GET or POST.")
	}
	c.path(at+".path", n.Path)
	if len(n.Body) > 0 && n.Method != "POST" {
		c.faults.Add(at+".body", "is sent with POST only.")
	}
	if len(n.Body) > MaxFields || len(n.Results) > MaxFields {
		c.faults.Add(at, "has too many fields; at most %d are sent and %d are kept.", MaxFields, MaxFields)
	}
	for name, text := range sorted(n.Body) {
		here := at + ".body." + clip(name, 40)
		if name == "" || characters(name) > MaxLabel {
			c.faults.Add(here, "must have a name of 1 to %d characters.", MaxLabel)
		}
		if characters(text) > MaxValue {
			c.faults.Add(here, "is longer than %d characters.", MaxValue)
		}
		c.sent(here, text)
	}
	for name, pointer := range sorted(n.Results) {
		here := at + ".results." + clip(name, 40)
		c.attribute(here, name)
		if c.secrets[name] {
			c.faults.Add(here, "is the name of a secret answer.")
		}
		if pointer != "" && !strings.HasPrefix(pointer, "/") || characters(pointer) > MaxPointer {
			c.faults.Add(here, "must be a place in the answer such as /order/state, of at most %d characters.", MaxPointer)
		}
	}
}

func (c *checker) path(at, path string) {
	if path != "" && !strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "?") {
		c.faults.Add(at, "must begin with / or ?.")
	}
	if characters(path) > MaxPath {
		c.faults.Add(at, "has %d characters; at most %d are accepted.", characters(path), MaxPath)
	}
	plain := placeholder.ReplaceAllString(path, "x")
	before, _, _ := strings.Cut(plain, "?")
	if strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r >= 127 }) || strings.ContainsAny(plain, "#\\") || slices.Contains(strings.Split(before, "/"), "..") {
		c.faults.Add(at, "must be a path without .., #, spaces and other signs that need escaping.")
	}
	c.placeholders(at, path)
}

// sent checks a text that leaves with a look_up, which may hold secrets.
func (c *checker) sent(at, text string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if name := m[2]; !c.secrets[name] && !c.known[name] {
			c.faults.Add(at, "uses {{%s}}, which no step of this flow sets.", clip(name, 40))
		}
	}
	if rest := placeholder.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		c.faults.Add(at, "has {{ or }} without its other half; a placeholder is {{name}}.")
	}
}
