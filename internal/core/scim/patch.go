package scim

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// Bounds of a PATCH.
const (
	mostOperations = 1000
	mostValues     = 10_000    // of one attribute
	mostWork       = 3_000_000 // attributes and values looked at, by all operations together
)

// Operation is one step of a PATCH.
type Operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// ReadResource reads the body of a request.
func ReadResource(body []byte) (map[string]any, error) {
	var r map[string]any
	if json.Unmarshal(body, &r) != nil || r == nil {
		return nil, fault(invalidSyntax, "The body is not a JSON object.")
	}
	return r, nil
}

// ReadPatch reads the body of a PATCH.
func ReadPatch(body []byte) ([]Operation, error) {
	var in struct {
		Operations []Operation `json:"Operations"` // in any case
	}
	if json.Unmarshal(body, &in) != nil {
		return nil, fault(invalidSyntax, "The body is not a PatchOp.")
	}
	if len(in.Operations) == 0 {
		return nil, fault(invalidSyntax, "There are no Operations.")
	}
	if len(in.Operations) > mostOperations {
		return nil, fault(tooMany, "There are more than %d Operations.", mostOperations)
	}
	return in.Operations, nil
}

// Patch changes a copy of a resource.
func Patch(r map[string]any, ops []Operation) (map[string]any, error) {
	r, _ = copied(r).(map[string]any)
	work := 0
	change := func(o Operation) error {
		many := 1 + len(o.Path)/64 // a long filter looks often
		if m, ok := o.Value.(map[string]any); ok {
			many += len(m)
		}
		if work += (weight(r) + weight(o.Value)) * many; work > mostWork {
			return fault(tooMany, "This is too much at once; let the directory send it in parts.")
		}
		return change(r, o)
	}
	for _, o := range ops {
		o.Op = strings.ToLower(o.Op)
		switch {
		case o.Op != "add" && o.Op != "replace" && o.Op != "remove":
			return nil, fault(invalidSyntax, "%q is not an operation; there are add, replace and remove.", o.Op)
		case o.Op == "remove" && o.Path == "":
			return nil, fault(noTarget, "A removal needs a path.")
		case o.Path != "":
			if err := change(o); err != nil {
				return nil, err
			}
			continue
		}
		values, ok := o.Value.(map[string]any)
		if !ok {
			return nil, fault(InvalidValue, "Without a path the value has to be an object.")
		}
		for _, k := range sortedKeys(values) { // each may be a path itself
			if err := change(Operation{o.Op, k, values[k]}); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// weight is how much there is to look at.
func weight(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		n = len(v)
		for _, e := range v {
			n += weight(e)
		}
	case []any:
		n = len(v)
		for _, e := range v {
			n += weight(e)
		}
	}
	return n
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func copied(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = copied(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = copied(e)
		}
		return out
	}
	return v
}

// path says what an operation is about: an attribute, those of its elements that pass
// the filter, and a part of it.
type path struct {
	attr, sub  string // in lower case
	name, part string // as written
	of         node   // nil: all
}

// spelled is attribute without the lower case.
func spelled(s string) (name, part string) {
	if strings.HasPrefix(strings.ToLower(s), "urn:") {
		s = s[strings.LastIndexByte(s, ':')+1:]
	}
	name, part, _ = strings.Cut(s, ".")
	return name, part
}

func readPath(s string) (path, error) {
	bad := func() (path, error) { return path{}, fault(invalidPath, "%q is not a path.", s) }
	if len(s) > longestFilter {
		return path{}, fault(invalidPath, "The path is longer than %d bytes.", longestFilter)
	}
	open := strings.IndexByte(s, '[')
	if open < 0 {
		attr, sub, ok := attribute(s)
		if !ok {
			return bad()
		}
		name, part := spelled(s)
		return path{attr, sub, name, part, nil}, nil
	}
	attr, sub, ok := attribute(s[:open])
	if !ok || sub != "" {
		return bad()
	}
	p := parser{rest: s[open+1:]}
	n := p.or(0)
	if !p.takes("]") || p.fault != nil {
		return bad()
	}
	whole, _ := spelled(s[:open])
	part, dotted := strings.CutPrefix(p.rest, ".")
	if p.rest != "" && !dotted || dotted && !name(strings.ToLower(part)) {
		return bad()
	}
	return path{attr, strings.ToLower(part), whole, part, n}, nil
}

// change carries one operation out.
func change(r map[string]any, o Operation) error {
	if _, ok := o.Value.(map[string]any); ok && strings.HasPrefix(strings.ToLower(o.Path), "urn:") && schemaOnly(o.Path) {
		return nil // an extension as a whole: nothing of it is kept
	}
	p, err := readPath(o.Path)
	if err != nil {
		return err
	}
	at := key(r, p.name)
	switch p.attr {
	case "id":
		if o.Op != "remove" && o.Value == r[at] {
			return nil
		}
		return fault(mutability, "The id is the service's.")
	case "schemas", "meta", "groups": // read-only; what is sent of them is ignored
		return nil
	}
	switch {
	case p.of != nil:
		return changeElements(r, at, p, o)
	case p.sub != "":
		return changePart(r, at, p, o)
	case o.Op == "remove":
		if o.Value != nil {
			r[at] = without(r[at], o.Value)
			return nil
		}
		delete(r, at)
		return nil
	}
	have, several := r[at].([]any)
	if more, ok := o.Value.([]any); ok || several {
		if !ok {
			more = []any{o.Value}
		}
		if o.Op == "replace" {
			have = nil
		}
		return put(r, at, append(slices.Clone(have), more...))
	}
	if into, ok := r[at].(map[string]any); ok {
		if more, ok := o.Value.(map[string]any); ok {
			for k, v := range more {
				into[key(into, k)] = v
			}
			return nil
		}
	}
	r[at] = o.Value
	return nil
}

// schemaOnly says whether a path names a schema and nothing of it.
func schemaOnly(s string) bool {
	last := strings.ToLower(s[strings.LastIndexByte(s, ':')+1:])
	return last == "user" || last == "group"
}

// put stores an attribute that has several values, each once.
func put(r map[string]any, at string, values []any) error {
	seen := make(map[string]bool, len(values))
	out := make([]any, 0, len(values))
	for _, v := range values {
		if m, ok := v.(map[string]any); ok {
			if s, ok := valueOf(m, "value").(string); ok {
				kind, _ := valueOf(m, "type").(string)
				if seen[s+"\x00"+kind] {
					continue
				}
				seen[s+"\x00"+kind] = true
			}
		}
		out = append(out, v)
	}
	if len(out) > mostValues {
		return fault(tooMany, "%s has more than %d values.", at, mostValues)
	}
	r[at] = out
	return nil
}

// without are an attribute's values without some.
func without(have, gone any) any {
	list, ok := have.([]any)
	if !ok {
		return nil
	}
	off := map[string]bool{}
	for _, e := range elements(gone) {
		if s, ok := valueOf(e, "value").(string); ok {
			off[s] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(v any) bool {
		m, ok := v.(map[string]any)
		if !ok {
			return reflect.DeepEqual(v, gone)
		}
		s, ok := valueOf(m, "value").(string)
		return ok && off[s]
	})
}

// changePart changes a part of an attribute, of each of its elements if it has several.
func changePart(r map[string]any, at string, p path, o Operation) error {
	if _, simple := r[at].(string); simple {
		return fault(invalidPath, "%s has no parts.", p.attr)
	}
	parts := elements(r[at])
	if len(parts) == 0 && o.Op != "remove" {
		parts = []map[string]any{{}}
		r[at] = parts[0]
	}
	for _, e := range parts {
		set(e, p.part, o)
	}
	return nil
}

func set(e map[string]any, sub string, o Operation) {
	if o.Op == "remove" {
		delete(e, key(e, sub))
		return
	}
	e[key(e, sub)] = o.Value
}

// changeElements changes those elements of an attribute that pass a filter. Where none
// does, one that would is made of it, as Entra expects.
func changeElements(r map[string]any, at string, p path, o Operation) error {
	list, _ := r[at].([]any)
	if one, ok := r[at].(map[string]any); ok {
		list = []any{one}
	}
	passes := func(v any) bool {
		m, ok := v.(map[string]any)
		return ok && p.of.holds(m)
	}
	if o.Op == "remove" && p.sub == "" {
		r[at] = slices.DeleteFunc(slices.Clone(list), passes)
		return nil
	}
	found := false
	for i, v := range list {
		if !passes(v) {
			continue
		}
		found = true
		m, _ := v.(map[string]any)
		if p.sub != "" {
			set(m, p.part, o)
		} else if whole, ok := o.Value.(map[string]any); ok {
			list[i] = whole
		} else {
			return fault(InvalidValue, "The value of %s has to be an object.", p.attr)
		}
	}
	if found || o.Op == "remove" {
		return nil
	}
	t, ok := p.of.(test)
	if !ok || t.op != "eq" || t.sub != "" {
		return fault(noTarget, "No element of %s is meant.", p.attr)
	}
	made := map[string]any{t.attr: t.value}
	if whole, ok := o.Value.(map[string]any); ok && p.sub == "" {
		for k, v := range whole {
			made[k] = v
		}
	} else if p.sub != "" {
		made[p.part] = o.Value
	}
	return put(r, at, append(slices.Clone(list), made))
}
