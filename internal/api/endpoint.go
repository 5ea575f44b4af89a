package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// endpoint serves one operation: it makes the handler's input of a request and
// an answer of the handler's output, by the tags of their types. It does what
// huma.Register does, in code that is compiled once and not once a route
// (ADR 0034). Reading is in endpoint_read.go, answering in endpoint_answer.go.
//
// An input has fields with a `path` or `query` tag, and a Body (JSON), a RawBody
// (octets, with `contentType`) or an embedded Form, or none. An output has fields
// with a `header` tag, a Status or none, and a Body: a value that becomes JSON,
// octets, or a function that answers itself. What else a type has is refused
// when it is registered.
type endpoint struct {
	in      reflect.Type
	schemas huma.Registry
	checks  sync.Pool // of *check

	params   []param
	queries  map[string]bool
	body     *bodyPart
	rawBody  []int
	required bool  // of either body
	most     int64 // bytes of a body

	headers   []headerPart
	status    int
	hasStatus []int
	answer    []int // the output's Body
}

// handler is a handler whose types are known only to itself: in is a pointer to
// its input; a nil answer is one without a body.
type handler func(ctx context.Context, c *caller, in any) (any, error)

// newEndpoint reads the two types, and documents the operation by them.
func newEndpoint(op *huma.Operation, schemas huma.Registry, most int64, in, out reflect.Type) *endpoint {
	e := &endpoint{in: in, schemas: schemas, queries: map[string]bool{}, most: most}
	e.checks.New = func() any { return &check{path: huma.NewPathBuffer(make([]byte, 0, 128), 0)} }
	op.Responses = map[string]*huma.Response{}
	e.readInput(op, in)
	e.readOutput(op, out)
	problem := reflect.TypeFor[Problem]()
	if len(op.Responses) == 1 { // a success alone
		op.Responses["default"] = &huma.Response{Description: "Error", Content: map[string]*huma.MediaType{
			problemType: {Schema: schemas.Schema(problem, true, problem.Name())}}}
	}
	return e
}

// readInput finds the parameters and the body of an input.
func (e *endpoint) readInput(op *huma.Operation, in reflect.Type) {
	for _, f := range reflect.VisibleFields(in) {
		switch {
		case f.Anonymous || !f.IsExported() || f.Name == "Body" || f.Name == "RawBody":
		case f.Tag.Get("path") != "":
			e.param(op, f, "path", f.Tag.Get("path"))
		case f.Tag.Get("query") != "":
			e.param(op, f, "query", f.Tag.Get("query"))
		default:
			panic("api: " + op.OperationID + " has an input " + f.Name + " that stands nowhere in a request")
		}
	}
	if f, ok := in.FieldByName("Body"); ok {
		e.body, e.required = newBodyPart(op, e.schemas, in, f), op.RequestBody.Required
	}
	if f, ok := in.FieldByName("RawBody"); ok {
		if f.Type != octets || f.Tag.Get("contentType") == "" {
			panic("api: " + op.OperationID + " has a RawBody that is not []byte of a contentType")
		}
		e.rawBody, e.required = f.Index, true
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			f.Tag.Get("contentType"): {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
	}
}

// param notes and documents a parameter.
func (e *endpoint) param(op *huma.Operation, f reflect.StructField, where, name string) {
	if !settable(f.Type) {
		panic("api: " + op.OperationID + " has a parameter " + name + " of a type that is not read from text")
	}
	p := param{at: f.Index, in: where, name: name, required: where == "path" || f.Tag.Get("required") == "true",
		fallback: f.Tag.Get("default"), schema: huma.SchemaFromField(e.schemas, f, "")}
	doc := &huma.Param{Name: name, In: where, Description: p.schema.Description, Required: p.required, Schema: p.schema}
	if where == "query" {
		e.queries[name] = true
		doc.Explode = new(bool) // values of a list are separated by commas
	}
	e.params = append(e.params, p)
	op.Parameters = append(op.Parameters, doc)
}

// newBodyPart notes and documents a JSON body.
func newBodyPart(op *huma.Operation, schemas huma.Registry, in reflect.Type, f reflect.StructField) *bodyPart {
	s := huma.SchemaFromField(schemas, f, schemaHint(in, f, op.OperationID+"Request"))
	op.RequestBody = &huma.RequestBody{Required: f.Type.Kind() != reflect.Pointer, Content: map[string]*huma.MediaType{jsonType: {Schema: s}}}
	return &bodyPart{at: f.Index, schema: s, fill: filler(f.Type, map[reflect.Type]bool{})}
}

// readOutput finds the headers, the status and the body of an output.
func (e *endpoint) readOutput(op *huma.Operation, out reflect.Type) {
	body, answers := out.FieldByName("Body")
	if op.DefaultStatus == 0 {
		op.DefaultStatus = http.StatusNoContent
		if answers {
			op.DefaultStatus = http.StatusOK
		}
	}
	e.status = op.DefaultStatus
	success := &huma.Response{Description: http.StatusText(op.DefaultStatus)}
	op.Responses[strconv.Itoa(op.DefaultStatus)] = success
	if answers {
		e.answer = body.Index
		success.Headers = map[string]*huma.Param{}
		if body.Type != selfAnswering {
			s := huma.SchemaFromField(e.schemas, body, schemaHint(out, body, op.OperationID+"Response"))
			success.Content = map[string]*huma.MediaType{jsonType: {Schema: s}}
		}
	}
	for _, f := range reflect.VisibleFields(out) {
		name := f.Tag.Get("header")
		switch {
		case f.Anonymous || !f.IsExported() || f.Name == "Body":
			continue
		case f.Name == "Status" && f.Type.Kind() == reflect.Int:
			e.hasStatus = f.Index
			continue
		case name == "" || f.Type != reflect.TypeFor[string]() && f.Type != cookieType:
			panic("api: " + op.OperationID + " has an output " + f.Name + " that is no header of text")
		}
		e.headers = append(e.headers, headerPart{f.Index, name})
		if success.Headers == nil {
			success.Headers = map[string]*huma.Param{}
		}
		if f.Type == cookieType {
			f.Type = reflect.TypeFor[string]()
		}
		hint := schemaHint(out, reflect.StructField{Name: f.Name}, op.OperationID+strconv.Itoa(op.DefaultStatus)+name)
		success.Headers[name] = &huma.Header{Schema: huma.SchemaFromField(e.schemas, f, hint)}
	}
}

// schemaHint names the schema of a field whose type has no name.
func schemaHint(of reflect.Type, f reflect.StructField, otherwise string) string {
	switch {
	case f.Tag.Get("nameHint") != "":
		return f.Tag.Get("nameHint")
	case of.Name() != "":
		return of.Name() + f.Name
	}
	return otherwise
}

// serve answers one request.
func (s *Server) serve(e *endpoint, method string, fn handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		in := reflect.New(e.in)
		if p := e.read(w, r, in); p != nil {
			writeProblem(w, r, p)
			return
		}
		if err := plainInput(in.Elem(), ""); err != nil {
			writeProblem(w, r, asked(method, problemOf(err)))
			return
		}
		out, err := fn(r.Context(), callerOf(r.Context()), in.Interface())
		switch {
		case err != nil:
			writeProblem(w, r, asked(method, s.fault(r.Context(), err)))
		case out == nil:
			w.WriteHeader(e.status)
		default:
			v := reflect.ValueOf(out).Elem()
			noNil(v)
			e.write(w, r, v)
		}
	}
}
