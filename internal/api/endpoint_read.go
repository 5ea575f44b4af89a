package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/queryparam"

	"nubitalk/internal/base/errs"
)

const jsonType = "application/json"

var octets = reflect.TypeFor[[]byte]()

// param is a parameter in the path or the query.
type param struct {
	at       []int
	in, name string
	required bool
	fallback string
	schema   *huma.Schema
}

// bodyPart is a body of JSON. fill sets what was left out; nil: nothing to set.
type bodyPart struct {
	at     []int
	schema *huma.Schema
	fill   fill
}

// check is what reading one request needs room for.
type check struct {
	path  *huma.PathBuffer
	found huma.ValidateResult
	body  bytes.Buffer
}

// at names the place that is being looked at.
func (c *check) at(names ...string) *huma.PathBuffer {
	c.path.Reset()
	for _, n := range names {
		c.path.Push(n)
	}
	return c.path
}

// refuse notes what is wrong with a value, without the value.
func (c *check) refuse(f errs.Field) {
	c.found.Errors = append(c.found.Errors, &huma.ErrorDetail{Location: f.Path, Message: f.Problem})
}

// refuseJSON notes what is wrong with a body that is not the JSON it should be.
func (c *check) refuseJSON(err error) {
	c.found.Errors = append(c.found.Errors, &huma.ErrorDetail{Location: "body", Message: err.Error()})
}

// problem tells all that was found.
func (c *check) problem(status int, text string) *Problem {
	return newProblem(status, text, c.found.Errors...)
}

// asksRequest is an input that reads the body itself (Form).
type asksRequest interface{ keep(r *http.Request) }

// read makes the input of a request: all that is wrong with it is told at once.
func (e *endpoint) read(w http.ResponseWriter, r *http.Request, in reflect.Value) *Problem {
	c := e.checks.Get().(*check)
	defer e.release(c)
	if r.URL.RawQuery != "" {
		for name, values := range r.URL.Query() {
			switch {
			case !e.queries[name]:
				c.refuse(errs.Field{Path: "query." + name, Problem: "unknown query parameter"})
			case len(values) > 1: // which of them would count is nobody's to guess; a list is one value, with commas
				c.refuse(errs.Field{Path: "query." + name, Problem: "query parameter is there more than once"})
			}
		}
		if len(c.found.Errors) > 0 {
			return c.problem(http.StatusUnprocessableEntity, "validation failed")
		}
	}
	for _, p := range e.params {
		p.read(r, in.Elem().FieldByIndex(p.at), e.schemas, c)
	}
	status := http.StatusUnprocessableEntity
	if e.body != nil || e.rawBody != nil {
		_ = huma.SetReadDeadline(w, time.Now().Add(bodyTimeout)) // not every writer of a test can
		if p := e.readBody(r, c); p != nil {
			return p
		}
		switch {
		case e.rawBody != nil:
			in.Elem().FieldByIndex(e.rawBody).SetBytes(bytes.Clone(c.body.Bytes()))
		case c.body.Len() > 0:
			status = e.body.read(r, in.Elem().FieldByIndex(e.body.at), e.schemas, c)
		}
	}
	if len(c.found.Errors) > 0 {
		return c.problem(status, "validation failed")
	}
	if form, ok := in.Interface().(asksRequest); ok {
		form.keep(r)
	}
	return nil
}

// release keeps a check's room for the next request, unless it is much.
func (e *endpoint) release(c *check) {
	if c.body.Cap() > 64<<10 || cap(c.found.Errors) > 128 {
		return
	}
	c.body.Reset()
	clear(c.found.Errors) // they hold what was sent
	c.found.Reset()
	e.checks.Put(c)
}

// read sets a parameter and checks it.
func (p param) read(r *http.Request, v reflect.Value, schemas huma.Registry, c *check) {
	var s string
	if p.in == "path" {
		s = r.PathValue(p.name)
	} else {
		s = queryparam.Get(r.URL.RawQuery, p.name)
	}
	if s == "" {
		s = p.fallback
	}
	if s == "" {
		if p.required {
			c.refuse(errs.Field{Path: p.in + "." + p.name, Problem: "required " + p.in + " parameter is missing"})
		}
		return
	}
	checked, fault := setText(v, s)
	if fault != nil {
		fault.Path = p.in + "." + p.name
		c.refuse(*fault)
		return
	}
	huma.Validate(schemas, p.schema, c.at(p.in, p.name), huma.ModeWriteToServer, checked, &c.found)
}

// settable says whether setText knows a type.
func settable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64:
		return true
	}
	return t == timeType || t == reflect.TypeFor[[]string]()
}

// setText sets a value from its text and answers what of it is to be checked.
func setText(v reflect.Value, s string) (any, *errs.Field) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
		return s, nil
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, &errs.Field{Problem: "invalid integer"}
		}
		v.SetInt(n)
		return n, nil
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return nil, &errs.Field{Problem: "invalid boolean"}
		}
		v.SetBool(b)
		return b, nil
	case reflect.Slice:
		list := strings.Split(s, ",")
		v.Set(reflect.ValueOf(list))
		return list, nil
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return nil, &errs.Field{Problem: "invalid date/time for format " + time.RFC3339Nano}
	}
	v.Set(reflect.ValueOf(at))
	return s, nil
}

// readBody reads the octets of a body.
func (e *endpoint) readBody(r *http.Request, c *check) *Problem {
	n, err := c.body.ReadFrom(io.LimitReader(r.Body, e.most))
	var network net.Error
	switch {
	case n == e.most:
		return c.problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("request body is too large limit=%d bytes", e.most))
	case errors.As(err, &network) && network.Timeout():
		return c.problem(http.StatusRequestTimeout, "request body read timeout")
	case err != nil:
		return newProblem(http.StatusInternalServerError, "cannot read request body", err)
	case n == 0 && e.required:
		return c.problem(http.StatusBadRequest, "request body is required")
	}
	return nil
}

// read sets and checks a body of JSON. It answers the status of what is wrong.
func (b *bodyPart) read(r *http.Request, v reflect.Value, schemas huma.Registry, c *check) int {
	before := len(c.found.Errors)
	if kind := r.Header.Get("Content-Type"); !isJSON(kind) {
		c.refuse(errs.Field{Path: "body", Problem: "unknown content type: " + kind})
		return http.StatusUnsupportedMediaType
	}
	var plain any
	if err := huma.DefaultJSONFormat.Unmarshal(c.body.Bytes(), &plain); err != nil {
		c.refuseJSON(err)
		return http.StatusBadRequest
	}
	huma.Validate(schemas, b.schema, c.at("body"), huma.ModeWriteToServer, plain, &c.found)
	if len(c.found.Errors) > before {
		return http.StatusUnprocessableEntity
	}
	if err := huma.DefaultJSONFormat.Unmarshal(c.body.Bytes(), v.Addr().Interface()); err != nil { // the schema says less than the type
		c.refuseJSON(err)
	} else if b.fill != nil {
		b.fill(v, plain)
	}
	return http.StatusUnprocessableEntity
}

// isJSON reads a Content-Type; without one, a body is taken for JSON.
func isJSON(contentType string) bool {
	if contentType == "" || contentType == jsonType {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == jsonType || strings.HasSuffix(kind, "+json"))
}

// filler makes what sets a type's fields that were left out to their `default`;
// nil if it has none. What was sent stays as it was sent, a false and a zero, too.
// inside are the types around it.
func filler(t reflect.Type, inside map[reflect.Type]bool) fill {
	switch t.Kind() {
	case reflect.Pointer:
		if f := filler(t.Elem(), inside); f != nil {
			return func(v reflect.Value, sent any) {
				if !v.IsNil() {
					f(v.Elem(), sent)
				}
			}
		}
	case reflect.Slice:
		if f := filler(t.Elem(), inside); f != nil {
			return func(v reflect.Value, sent any) {
				list, _ := sent.([]any)
				for i := range min(v.Len(), len(list)) {
					f(v.Index(i), list[i])
				}
			}
		}
	case reflect.Map:
		if filler(t.Elem(), inside) != nil {
			panic("api: values of a map have no defaults: " + t.String())
		}
	case reflect.Struct:
		if !inside[t] {
			inside[t] = true
			defer delete(inside, t)
			return fieldsFiller(t, inside)
		}
	}
	return nil
}

// fill sets what was left out of a value; sent is the JSON that it was read from.
type fill func(v reflect.Value, sent any)

func fieldsFiller(t reflect.Type, inside map[reflect.Type]bool) fill {
	type part struct {
		field    int
		name     string // in JSON; "" if its own fields stand in its place
		fallback reflect.Value
		fill     fill
	}
	var parts []part
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() && !f.Anonymous {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && !f.Anonymous {
			name = f.Name
		}
		p := part{field: i, name: name, fill: filler(f.Type, inside)}
		if s := f.Tag.Get("default"); s != "" {
			p.fallback = reflect.New(f.Type).Elem()
			if !settable(f.Type) {
				panic("api: " + t.String() + "." + f.Name + " is of a type that has no default")
			}
			if _, fault := setText(p.fallback, s); fault != nil {
				panic("api: the default of " + t.String() + "." + f.Name + ": " + fault.Problem)
			}
		}
		if p.fallback.IsValid() || p.fill != nil {
			parts = append(parts, p)
		}
	}
	if parts == nil {
		return nil
	}
	return func(v reflect.Value, sent any) {
		object, _ := sent.(map[string]any)
		for _, p := range parts {
			f, here, was := v.Field(p.field), sent, true
			if p.name != "" {
				here, was = object[p.name]
			}
			if p.fallback.IsValid() && (!was || here == nil) {
				f.Set(p.fallback)
			}
			if p.fill != nil {
				p.fill(f, here)
			}
		}
	}
}
