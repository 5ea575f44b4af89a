package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
)

// Refs answers what a graph may point at in one tenant.
type Refs interface {
	HasQueue(id string) bool
	HasSkill(id string) bool
	HasHours(id string) bool
	HasConnection(id string) bool
	HasRejectReason(id string) bool
	// Prompt tells in which language a recorded prompt is spoken.
	Prompt(id string) (language string, known bool)
	// ConsentText tells in which languages a consent text is written.
	ConsentText(id string) (languages map[string]bool, known bool)
	// Flow is another flow as it is published.
	Flow(id string) (g *Graph, name string, known bool)
	// Channels are those of the entry points that run the flow, or one that runs it.
	Channels() []string
	// Self is the id of the flow that is checked; "" if it has none yet.
	Self() string
	// Languages are those in which every text of the flow must be written.
	Languages() []string
}

// nodeTypes says which fields each type uses, besides type; a field that a
// type does not use is refused, since whoever wrote it expected something.
var nodeTypes = map[NodeType][]string{
	Say:         {"text", "prompt", "next"},
	Ask:         {"text", "prompt", "options", "into", "next", "seconds", "timeout"},
	Collect:     {"text", "prompt", "into", "digits", "sensitive", "next", "seconds", "timeout"},
	Hours:       {"hours", "open", "closed"},
	Branch:      {"cases", "next"},
	Set:         {"priority", "skills", "prefers", "language", "attributes", "next"},
	WaitFor:     {"text", "prompt", "queue", "next"},
	LookUp:      {"connection", "method", "path", "body", "results", "seconds", "next", "failed"},
	Consent:     {"consent", "seconds", "yes", "no", "none"},
	TransferOut: {"text", "prompt", "number", "caller", "seconds", "busy", "none", "failed"},
	Voicemail:   {"text", "prompt", "queue", "seconds", "none"},
	Callback:    {"text", "prompt", "queue", "number", "failed"},
	Script:      {"lines", "next", "failed"},
	SubFlow:     {"flow", "ends", "next"},
	Return:      {"end"},
	Recording:   {"action", "reason", "next"},
	Enqueue:     {"text", "prompt", "queue"},
	Form:        {"text", "prompt", "next"},
	Close:       {"text", "prompt", "reject"},
}

var languageTag = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z]{2})?$`)

// Check says everything that is wrong with a graph, each fault at its place
// (nodes.menu.options[1].next). A graph that passes always comes to an end or
// waits for the person, whatever the person does.
func Check(g *Graph, refs Refs) error {
	c := &checker{g: g, refs: refs, known: attributesOf(g), secrets: secretsOf(g), languages: refs.Languages(), inside: map[string]inner{}}
	if len(g.Nodes) == 0 {
		c.faults.Add("nodes", "is empty; a flow needs at least one step.")
		return c.faults.Err()
	}
	if len(g.Nodes) > MaxNodes {
		c.faults.Add("nodes", "has %d steps; at most %d are accepted.", len(g.Nodes), MaxNodes)
		return c.faults.Err()
	}
	c.pointer("start", g.Start, true)
	c.learnt()
	c.takes()
	c.secure()
	if len(c.known) > MaxAttributes {
		c.faults.Add("nodes", "set %d attributes; at most %d are accepted.", len(c.known), MaxAttributes)
	}
	for name, n := range sorted(g.Nodes) {
		c.node("nodes."+name, name, n)
	}
	if len(c.faults) == 0 { // the shape of a graph with dangling ends says nothing
		c.shape()
	}
	return c.faults.Err()
}

type checker struct {
	g       *Graph
	refs    Refs
	known   map[string]bool // attributes that can have a value
	secrets map[string]bool // answers to sensitive questions
	faults  errs.Fields

	languages []string
	inside    map[string]inner // flows that this one runs
}

// attributesOf lists every attribute that a run can come to know.
func attributesOf(g *Graph) map[string]bool {
	known := setBy(g)
	known[AttributeName] = true
	for _, name := range g.Takes {
		known[name] = true
	}
	return known
}

// setBy lists the attributes that the steps of a graph set.
func setBy(g *Graph) map[string]bool {
	known := map[string]bool{}
	for _, n := range g.Nodes {
		if n.Into != "" && !n.Sensitive {
			known[n.Into] = true
		}
		for name := range n.Attributes {
			known[name] = true
		}
		for name := range n.Results {
			known[name] = true
		}
		for _, l := range n.Lines {
			if l := g.line(l); l.name != "" {
				known[l.name] = true
			}
		}
		if n.Type == WaitFor {
			known[AttributePlace], known[AttributeMinutes] = true, true
		}
	}
	return known
}

// secretsOf lists what sensitive questions learn.
func secretsOf(g *Graph) map[string]bool {
	secrets := map[string]bool{}
	for _, n := range g.Nodes {
		if n.Sensitive && n.Into != "" {
			secrets[n.Into] = true
		}
	}
	return secrets
}

func (c *checker) node(at, name string, n Node) {
	if !wellNamedRef.MatchString(name) {
		c.faults.Add(at, "is no good name for a step; use 1 to 40 letters, digits, - and _.")
	}
	if p := n.At; p != nil && max(p.X, -p.X, p.Y, -p.Y) > MaxPlace {
		c.faults.Add(at+".at", "is too far away; x and y of -%d to %d are accepted.", MaxPlace, MaxPlace)
	}
	uses, ok := nodeTypes[n.Type]
	if !ok {
		c.faults.Add(at+".type", "is %q; accepted are %s.", clip(string(n.Type), 40), typeNames())
		return
	}
	for _, field := range used(n) {
		if !slices.Contains(uses, field) {
			c.faults.Add(at+"."+field, "has no meaning in a step of type %s, which uses %s.", n.Type, strings.Join(uses, ", "))
		}
	}
	switch n.Type {
	case Say:
		c.words(at, n, true)
		c.pointer(at+".next", n.Next, true)
	case Ask:
		c.ask(at, n)
	case Collect:
		c.collect(at, n)
	case Hours:
		if !c.refs.HasHours(n.Hours) {
			c.faults.Add(at+".hours", "must name existing opening hours.")
		}
		c.pointer(at+".open", n.Open, true)
		c.pointer(at+".closed", n.Closed, true)
	case Branch:
		c.branch(at, n)
	case Set:
		c.set(at, n)
	case Consent:
		c.consent(at, n)
	case LookUp:
		c.lookUp(at, n)
	case TransferOut:
		c.transferOut(at, n)
	case Voicemail:
		c.voicemail(at, n)
	case Callback:
		c.callBack(at, n)
	case Script:
		c.script(at, n)
	case SubFlow:
		c.subFlow(at, n)
	case Return:
		if n.End != "" && !wellNamedRef.MatchString(n.End) {
			c.faults.Add(at+".end", "is no good name for an end; use 1 to 40 letters, digits, - and _.")
		}
	case Recording:
		c.recorded(at, n)
	case WaitFor:
		c.pointer(at+".next", n.Next, true)
		fallthrough
	case Enqueue:
		c.words(at, n, false)
		if !c.refs.HasQueue(n.Queue) {
			c.faults.Add(at+".queue", "must name an existing queue.")
		}
	case Form:
		c.words(at, n, false)
		c.pointer(at+".next", n.Next, false)
	case Close:
		c.words(at, n, false)
		if n.Reject != "" && !c.refs.HasRejectReason(n.Reject) {
			c.faults.Add(at+".reject", "must name an existing reason for rejecting.")
		}
	}
}

func (c *checker) collect(at string, n Node) {
	c.words(at, n, true)
	c.attribute(at+".into", n.Into)
	c.pointer(at+".next", n.Next, true)
	c.timeout(at, n)
	if n.Sensitive && c.known[n.Into] {
		c.faults.Add(at+".into", "is kept secret here and shown elsewhere; keep the secret answer under a name of its own.")
	}
	d := n.Digits
	if d == nil {
		return
	}
	if d.Max < 1 || d.Max > MaxDigits {
		c.faults.Add(at+".digits.max", "is %d; %d to %d are accepted.", d.Max, 1, MaxDigits)
	}
	if d.Min < 1 || d.Min > d.Max {
		c.faults.Add(at+".digits.min", "is %d; 1 to the most digits are accepted.", d.Min)
	}
	if !slices.Contains([]string{"", "#", "*"}, d.Terminator) {
		c.faults.Add(at+".digits.terminator", "must be # or *, or be left out.")
	}
}

func (c *checker) ask(at string, n Node) {
	c.words(at, n, true)
	if n.Into != "" {
		c.attribute(at+".into", n.Into)
	}
	c.pointer(at+".next", n.Next, false)
	c.timeout(at, n)
	if len(n.Options) == 0 || len(n.Options) > MaxOptions {
		c.faults.Add(at+".options", "has %d options; 1 to %d are accepted.", len(n.Options), MaxOptions)
	}
	seen := map[string]bool{}
	for i, o := range n.Options {
		at := fmt.Sprintf("%s.options[%d]", at, i)
		switch {
		case strings.TrimSpace(o.Value) == "" || characters(o.Value) > MaxLabel:
			c.faults.Add(at+".value", "must have 1 to %d characters.", MaxLabel)
		case seen[o.Value]:
			c.faults.Add(at+".value", "is the same as that of an option before it.")
		}
		seen[o.Value] = true
		c.texts(at+".label", o.Label, MaxLabel, true)
		c.pointer(at+".next", o.Next, true)
	}
}

func (c *checker) branch(at string, n Node) {
	c.pointer(at+".next", n.Next, true)
	if len(n.Cases) == 0 || len(n.Cases) > MaxCases {
		c.faults.Add(at+".cases", "has %d cases; 1 to %d are accepted.", len(n.Cases), MaxCases)
	}
	for i, k := range n.Cases {
		at := fmt.Sprintf("%s.cases[%d]", at, i)
		c.pointer(at+".next", k.Next, true)
		cond := c.g.condition(k.If)
		if cond.Fault != "" {
			c.faults.Add(at+".if", "%s.", cond.Fault)
		}
		if channels := c.refs.Channels(); len(cond.Uses) > 0 && len(channels) > 0 && !slices.Contains(channels, "email") {
			c.faults.Add(at+".if", "looks at an email, and no entry point of emails runs this flow.")
		}
		for _, name := range cond.Parts {
			if c.secrets[name] {
				c.faults.Add(at+".if", "reads attr.%s, which is kept secret: only a look_up may use it.", clip(name, 40))
			} else if !c.known[name] {
				c.faults.Add(at+".if", "reads attr.%s, which no step of this flow sets.", clip(name, 40))
			}
		}
	}
}

// levels checks skills with their levels.
func (c *checker) levels(at string, skills map[string]int) {
	for id, level := range sorted(skills) {
		if !c.refs.HasSkill(id) {
			c.faults.Add(at+clip(id, 40), "is not an existing skill.")
		}
		if level < 1 || level > 10 {
			c.faults.Add(at+clip(id, 40), "is %d; a proficiency is 1 to 10.", level)
		}
	}
}

func (c *checker) set(at string, n Node) {
	c.pointer(at+".next", n.Next, true)
	if n.Priority == nil && n.Language == "" && len(n.Skills)+len(n.Prefers)+len(n.Attributes) == 0 {
		c.faults.Add(at, "sets nothing; give priority, skills, prefers, language or attributes.")
	}
	if n.Priority != nil && (*n.Priority < 0 || *n.Priority > 10) {
		c.faults.Add(at+".priority", "is %d; 0 to 10 are accepted.", *n.Priority)
	}
	if n.Language != "" && !languageTag.MatchString(n.Language) {
		c.faults.Add(at+".language", "must be a language such as en or pt.")
	}
	c.levels(at+".skills.", n.Skills)
	c.levels(at+".prefers.", n.Prefers)
	for name, value := range sorted(n.Attributes) {
		c.attribute(at+".attributes."+clip(name, 40), name)
		if characters(value) > MaxValue {
			c.faults.Add(at+".attributes."+clip(name, 40), "is longer than %d characters.", MaxValue)
		}
	}
}

func (c *checker) timeout(at string, n Node) {
	if n.Seconds < 0 || n.Seconds > MaxSeconds {
		c.faults.Add(at+".seconds", "is %d; 0 (no limit) to %d are accepted.", n.Seconds, MaxSeconds)
	}
	c.pointer(at+".timeout", n.Timeout, n.Seconds > 0)
	if n.Seconds == 0 && n.Timeout != "" {
		c.faults.Add(at+".seconds", "is missing; timeout needs to know after how many seconds.")
	}
}

func (c *checker) pointer(at, next string, must bool) {
	if next == "" {
		if must {
			c.faults.Add(at, "is missing; name the step to go on with.")
		}
		return
	}
	if _, ok := c.g.Nodes[next]; !ok {
		c.faults.Add(at, "names the step %q, which does not exist.", clip(next, 40))
	}
}

func (c *checker) attribute(at, name string) {
	if !wellNamed.MatchString(name) {
		c.faults.Add(at, "must be a name of 1 to 40 small letters, digits and _, beginning with a letter.")
	}
}

// texts checks one text in its languages. Optional texts are written in all
// languages or in none.
func (c *checker) texts(at string, texts map[string]string, limit int, must bool) {
	for language, text := range sorted(texts) {
		here := at + "." + clip(language, 10)
		if !languageTag.MatchString(language) {
			c.faults.Add(here, "is not under a language such as en or pt.")
		}
		if characters(text) > limit {
			c.faults.Add(here, "has %d characters; at most %d are accepted.", characters(text), limit)
		}
		c.placeholders(here, text)
	}
	if len(texts) == 0 && !must {
		return
	}
	for _, language := range c.languages {
		if strings.TrimSpace(texts[language]) == "" {
			c.faults.Add(at+"."+language, "is missing; this flow is used in %s.", strings.Join(c.languages, ", "))
		}
	}
	if len(texts) == 0 && len(c.languages) == 0 {
		c.faults.Add(at, "is missing.")
	}
}

func (c *checker) placeholders(at, text string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if name := m[2]; c.secrets[name] {
			c.faults.Add(at, "uses {{%s}}, which is kept secret: only a look_up may use it.", clip(name, 40))
		} else if !c.known[name] {
			c.faults.Add(at, "uses {{%s}}, which no step of this flow sets.", clip(name, 40))
		}
	}
	if rest := placeholder.ReplaceAllString(text, ""); strings.Contains(rest, "{{") || strings.Contains(rest, "}}") {
		c.faults.Add(at, "has {{ or }} without its other half; a placeholder is {{name}}.")
	}
}

// Languages lists the languages in which every text of the flow is written;
// texts is false for a flow that says nothing.
func (g *Graph) Languages() (languages []string, texts bool) {
	count, n := map[string]int{}, 0
	add := func(t map[string]string) {
		if len(t) == 0 {
			return
		}
		n++
		for language, text := range t {
			if strings.TrimSpace(text) != "" {
				count[language]++
			}
		}
	}
	for _, n := range g.Nodes {
		add(n.worded())
		for _, o := range n.Options {
			add(o.Label)
		}
	}
	for language, in := range sorted(count) {
		if in == n {
			languages = append(languages, language)
		}
	}
	return languages, n > 0
}

// used names the fields of a node that carry something.
func used(n Node) []string {
	var out []string
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"text", len(n.Text) > 0}, {"prompt", len(n.Prompt) > 0}, {"options", len(n.Options) > 0}, {"into", n.Into != ""}, {"digits", n.Digits != nil}, {"sensitive", n.Sensitive}, {"hours", n.Hours != ""},
		{"open", n.Open != ""}, {"closed", n.Closed != ""}, {"cases", len(n.Cases) > 0}, {"queue", n.Queue != ""},
		{"priority", n.Priority != nil}, {"skills", len(n.Skills) > 0}, {"prefers", len(n.Prefers) > 0}, {"language", n.Language != ""},
		{"attributes", len(n.Attributes) > 0}, {"connection", n.Connection != ""}, {"method", n.Method != ""}, {"path", n.Path != ""}, {"body", len(n.Body) > 0},
		{"results", len(n.Results) > 0}, {"failed", n.Failed != ""}, {"consent", n.Consent != ""}, {"yes", n.Yes != ""}, {"no", n.No != ""}, {"none", n.None != ""}, {"number", n.Number != ""}, {"caller", n.Caller != ""}, {"busy", n.Busy != ""}, {"lines", len(n.Lines) > 0}, {"flow", n.Flow != ""}, {"ends", len(n.Ends) > 0}, {"end", n.End != ""}, {"action", n.Action != ""}, {"reason", n.Reason != ""}, {"reject", n.Reject != ""}, {"next", n.Next != ""}, {"seconds", n.Seconds != 0}, {"timeout", n.Timeout != ""},
	} {
		if f.set {
			out = append(out, f.name)
		}
	}
	return out
}

func typeNames() string {
	var names []string
	for t := range nodeTypes {
		names = append(names, string(t))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
