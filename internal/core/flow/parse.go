package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
)

// maxDepth is how deep a graph's JSON may nest: graph, nodes, node, options,
// option, label.
const maxDepth = 8

// Parse reads a graph as stored or as sent by an editor and compiles its
// conditions. It refuses what is not a graph at all (wrong JSON, wrong types,
// unknown or repeated fields), naming every such place; whether the graph makes
// sense is for Check to say.
func Parse(raw json.RawMessage) (*Graph, error) {
	if len(raw) > MaxBytes {
		return nil, errs.New(errs.TooLarge, "The flow is larger than %d KB.", MaxBytes>>10)
	}
	if err := wellFormed(raw); err != nil {
		return nil, err
	}
	var faults errs.Fields
	g := &Graph{Nodes: map[string]Node{}}
	top := object(raw, "", []string{"start", "nodes", "takes", "secure", "transfer"}, &faults)
	value(top["start"], "start", &g.Start, &faults)
	value(top["takes"], "takes", &g.Takes, &faults)
	value(top["secure"], "secure", &g.Secure, &faults)
	value(top["transfer"], "transfer", &g.Transfer, &faults)
	for name, node := range sorted(object(top["nodes"], "nodes", nil, &faults)) {
		g.Nodes[name] = parseNode(node, "nodes."+name, &faults)
	}
	if err := faults.Err(); err != nil {
		return nil, err
	}
	g.compile()
	return g, nil
}

var (
	nodeFields   = jsonNames(reflect.TypeFor[Node]())
	optionFields = jsonNames(reflect.TypeFor[Option]())
	caseFields   = jsonNames(reflect.TypeFor[Case]())
	placeFields  = jsonNames(reflect.TypeFor[Place]())
	digitsFields = jsonNames(reflect.TypeFor[Digits]())
	endFields    = jsonNames(reflect.TypeFor[End]())
)

// parseNode reads one node; the parts that hold parts of their own are checked
// one by one, so that a fault names its exact place.
func parseNode(raw json.RawMessage, path string, faults *errs.Fields) Node {
	fields := object(raw, path, nodeFields, faults)
	for i, option := range array(fields["options"], path+".options", faults) {
		object(option, fmt.Sprintf("%s.options[%d]", path, i), optionFields, faults)
	}
	object(fields["at"], path+".at", placeFields, faults)
	object(fields["digits"], path+".digits", digitsFields, faults)
	for i, c := range array(fields["cases"], path+".cases", faults) {
		object(c, fmt.Sprintf("%s.cases[%d]", path, i), caseFields, faults)
	}
	for i, e := range array(fields["ends"], path+".ends", faults) {
		object(e, fmt.Sprintf("%s.ends[%d]", path, i), endFields, faults)
	}
	var n Node
	value(raw, path, &n, faults)
	return n
}

// value decodes raw into to, and notes a wrong type under its path.
func value(raw json.RawMessage, path string, to any, faults *errs.Fields) {
	if len(raw) == 0 {
		return
	}
	err := json.Unmarshal(raw, to)
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		if wrong.Field != "" {
			path += "." + wrong.Field
		}
		faults.Add(path, "must be %s, not %s.", kindName(wrong.Type), wrong.Value)
	case err != nil:
		faults.Add(path, "cannot be read.")
	}
}

func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Bool:
		return "true or false"
	}
	return "text"
}

// object splits a JSON object; with allowed given, other names are faults.
func object(raw json.RawMessage, path string, allowed []string, faults *errs.Fields) map[string]json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		if path == "" {
			faults.Add("graph", "is empty; a flow needs start and nodes.")
		}
		return nil
	}
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		if path == "" {
			path = "graph"
		}
		faults.Add(path, "must be an object.")
		return nil
	}
	if allowed == nil {
		return m
	}
	for name := range sorted(m) {
		if !slices.Contains(allowed, name) {
			at := name
			if path != "" {
				at = path + "." + name
			}
			faults.Add(at, "is not known here; accepted are %s.", strings.Join(allowed, ", "))
		}
	}
	return m
}

func array(raw json.RawMessage, path string, faults *errs.Fields) []json.RawMessage {
	if len(raw) == 0 {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		faults.Add(path, "must be a list.")
	}
	return list
}

// wellFormed checks the JSON itself: one value, not too deep, no name twice in
// one object (of which encoding/json would silently keep the last).
func wellFormed(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	type level struct {
		names map[string]bool // nil in a list
		name  bool            // the next token is a name
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if err == io.EOF && len(stack) == 0 && dec.InputOffset() > 0 {
			return nil
		}
		if err != nil {
			return errs.Wrap(errs.Invalid, err, "The flow is not valid JSON (at byte %d).", dec.InputOffset())
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok {
			switch d {
			case '{', '[':
				if top >= 0 {
					stack[top].name = stack[top].names != nil
				}
				if len(stack) == maxDepth {
					return errs.New(errs.Invalid, "The flow nests too deeply (at byte %d).", dec.InputOffset())
				}
				l := level{}
				if d == '{' {
					l = level{names: map[string]bool{}, name: true}
				}
				stack = append(stack, l)
			default:
				stack = stack[:top]
			}
			if len(stack) > 0 {
				continue
			}
			if dec.More() {
				return errs.New(errs.Invalid, "The flow has something after its end (at byte %d).", dec.InputOffset())
			}
			continue
		}
		if top < 0 {
			return errs.New(errs.Invalid, "A flow is a JSON object.")
		}
		l := &stack[top]
		if l.names != nil && l.name {
			s := tok.(string)
			if l.names[s] {
				return errs.New(errs.Invalid, "The flow has the name %q twice in one object (at byte %d).", clip(s, 40), dec.InputOffset())
			}
			l.names[s] = true
			l.name = false
			continue
		}
		l.name = l.names != nil
	}
}

func jsonNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}
