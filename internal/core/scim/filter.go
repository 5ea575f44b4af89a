package scim

import (
	"encoding/json"
	"slices"
	"strings"
)

// Bounds of a filter, because strangers' programs write it.
const (
	longestFilter = 2000 // bytes
	deepestFilter = 24
)

// Filter is one that was read. The zero Filter lets everything through.
type Filter struct{ root node }

// node is a part of a filter.
type node interface {
	holds(resource map[string]any) bool
}

type (
	both   struct{ a, b node }
	either struct{ a, b node }
	not    struct{ of node }
	// test compares one attribute.
	test struct {
		attr, sub string // lower case
		op        string
		value     any // string, bool, float64 or nil
	}
	// within asks the elements of an attribute that has several (emails[type eq "work"]).
	within struct {
		attr string
		of   node
	}
)

func (n both) holds(r map[string]any) bool   { return n.a.holds(r) && n.b.holds(r) }
func (n either) holds(r map[string]any) bool { return n.a.holds(r) || n.b.holds(r) }
func (n not) holds(r map[string]any) bool    { return !n.of.holds(r) }

func (n within) holds(r map[string]any) bool {
	return slices.ContainsFunc(elements(valueOf(r, n.attr)), func(e map[string]any) bool { return n.of.holds(e) })
}

func (n test) holds(r map[string]any) bool {
	v := valueOf(r, n.attr)
	list, several := v.([]any)
	if !several {
		list = []any{v}
	}
	if len(list) == 0 {
		list = []any{nil}
	}
	return slices.ContainsFunc(list, func(v any) bool {
		if of, ok := v.(map[string]any); ok {
			sub := n.sub
			if sub == "" {
				sub = "value"
			}
			v = valueOf(of, sub)
		} else if n.sub != "" {
			v = nil
		}
		return n.compare(v)
	})
}

func (n test) compare(v any) bool {
	switch n.op {
	case "pr":
		return v != nil && v != ""
	case "ne":
		return !n.equal(v)
	case "eq":
		return n.equal(v)
	}
	have, ok := v.(string)
	want, ok2 := n.value.(string)
	if !ok || !ok2 {
		return false
	}
	if !exact(n.attr, n.sub) {
		have, want = strings.ToLower(have), strings.ToLower(want)
	}
	switch n.op {
	case "co":
		return strings.Contains(have, want)
	case "sw":
		return strings.HasPrefix(have, want)
	case "ew":
		return strings.HasSuffix(have, want)
	case "gt":
		return have > want
	case "ge":
		return have >= want
	case "lt":
		return have < want
	}
	return have <= want // le
}

func (n test) equal(v any) bool {
	want := n.value
	if b, ok := v.(bool); ok {
		if s, ok := want.(string); ok { // as Entra writes it
			return strings.EqualFold(s, "true") && b || strings.EqualFold(s, "false") && !b
		}
		return b == want
	}
	have, ok := v.(string)
	s, ok2 := want.(string)
	if ok && ok2 && !exact(n.attr, n.sub) {
		return strings.EqualFold(have, s)
	}
	return v == want
}

// exact says whether letter case tells two values of an attribute apart (RFC 7643, 3.1).
func exact(attr, sub string) bool {
	return attr == "id" || attr == "externalid" || attr == "members" || attr == "value" && sub == ""
}

// Holds says whether a resource passes.
func (f Filter) Holds(r map[string]any) bool { return f.root == nil || f.root.holds(r) }

// Equals gives the value, if all that the filter asks is that an attribute equals it.
func (f Filter) Equals(attr string) (string, bool) {
	t, ok := f.root.(test)
	if !ok || t.op != "eq" || t.sub != "" || t.attr != strings.ToLower(attr) {
		return "", false
	}
	s, ok := t.value.(string)
	return s, ok
}

// ReadFilter reads a filter that asks of known attributes; "" lets everything through.
func ReadFilter(text string, known ...string) (Filter, error) {
	if strings.TrimSpace(text) == "" {
		return Filter{}, nil
	}
	if len(text) > longestFilter {
		return Filter{}, fault(invalidFilter, "The filter is longer than %d bytes.", longestFilter)
	}
	p := parser{rest: text, known: known}
	n := p.or(0)
	if p.fault == nil && p.peek() != "" {
		p.fail("%q stands where the filter should end.", p.peek())
	}
	if p.fault != nil {
		return Filter{}, p.fault
	}
	return Filter{n}, nil
}

// parser reads a filter from left to right. After its first fault it only gets to the end.
type parser struct {
	rest  string
	known []string // nil: any
	fault *Fault
}

func (p *parser) fail(text string, args ...any) {
	if p.fault == nil {
		p.fault = fault(invalidFilter, text, args...)
	}
	p.rest = ""
}

// token is where the next one ends: a sign, a string with its quotes, or a word.
func (p *parser) token() (token, rest string) {
	s := strings.TrimLeft(p.rest, " \t\r\n")
	switch {
	case s == "":
		return "", ""
	case strings.ContainsRune("()[]", rune(s[0])):
		return s[:1], s[1:]
	case s[0] == '"':
		for i := 1; i < len(s); i++ {
			switch s[i] {
			case '\\':
				i++
			case '"':
				return s[:i+1], s[i+1:]
			}
		}
		return s, ""
	}
	if end := strings.IndexAny(s, " \t\r\n()[]\""); end > 0 {
		return s[:end], s[end:]
	}
	return s, ""
}

func (p *parser) peek() string {
	t, _ := p.token()
	return t
}

func (p *parser) next() (t string) {
	t, p.rest = p.token()
	return t
}

func (p *parser) takes(word string) bool {
	if !strings.EqualFold(p.peek(), word) {
		return false
	}
	p.next()
	return true
}

func (p *parser) or(depth int) node {
	n := p.and(depth)
	for p.takes("or") {
		n = either{n, p.and(depth)}
	}
	return n
}

func (p *parser) and(depth int) node {
	n := p.one(depth)
	for p.takes("and") {
		n = both{n, p.one(depth)}
	}
	return n
}

func (p *parser) one(depth int) node {
	if depth > deepestFilter {
		p.fail("The filter has too many brackets.")
		return both{}
	}
	if p.takes("not") {
		if p.peek() != "(" {
			p.fail("After not comes a bracket.")
			return both{}
		}
		return not{p.one(depth + 1)}
	}
	if p.takes("(") {
		n := p.or(depth + 1)
		if !p.takes(")") {
			p.fail("A bracket is not closed.")
		}
		return n
	}
	word := p.next()
	attr, sub, ok := attribute(word)
	if !ok {
		p.fail("%q is not the name of an attribute.", word)
		return both{}
	}
	if p.known != nil && !slices.ContainsFunc(p.known, func(k string) bool { return strings.EqualFold(k, attr) }) {
		p.fail("Filters are not possible by %q, only by %s.", word, strings.Join(p.known, ", "))
		return both{}
	}
	if sub == "" && p.takes("[") {
		known := p.known
		p.known = nil
		n := within{attr, p.or(depth + 1)}
		p.known = known
		if !p.takes("]") {
			p.fail("A bracket is not closed.")
		}
		return n
	}
	n := test{attr: attr, sub: sub, op: strings.ToLower(p.next())}
	switch n.op {
	case "pr":
		return n
	case "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le":
	default:
		p.fail("%q is not a comparison; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr.", n.op)
		return both{}
	}
	value := p.next()
	if !strings.HasPrefix(value, `"`) {
		value = strings.ToLower(value) // true, false and null, as some write them
	}
	if json.Unmarshal([]byte(value), &n.value) != nil {
		p.fail("%q is not a value; texts stand in quotes.", value)
	}
	switch n.value.(type) {
	case nil, string, bool, float64:
	default:
		p.fail("%q is not a value to compare with.", value)
	}
	return n
}

// attribute takes a name apart: in lower case, without the schema that it may begin with.
func attribute(s string) (attr, sub string, ok bool) {
	s = strings.ToLower(s)
	if strings.HasPrefix(s, "urn:") {
		s = s[strings.LastIndexByte(s, ':')+1:]
	}
	attr, sub, dotted := strings.Cut(s, ".")
	ok = name(attr) && (!dotted || name(sub))
	return attr, sub, ok
}

func name(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '$' {
			return false
		}
	}
	return s != ""
}

// key is how a resource itself spells a name that is written in any case.
func key(r map[string]any, attr string) string {
	if _, ok := r[attr]; ok {
		return attr
	}
	for k := range r {
		if strings.EqualFold(k, attr) {
			return k
		}
	}
	return attr
}

func valueOf(r map[string]any, attr string) any { return r[key(r, attr)] }

// elements are the objects among an attribute's values.
func elements(v any) (out []map[string]any) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}
