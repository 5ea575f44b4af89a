package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
)

// Guard says who may use a route. Its zero value is refused at registration.
type Guard struct {
	Permission access.Permission // what a signed-in user or a key needs
	Visitor    bool              // a conversation's own token, instead
	// WhileMustChange lets in a session that has yet to choose a new password.
	WhileMustChange bool
	// WhileMustSetUp lets in a session that has yet to add a second factor.
	WhileMustSetUp bool
	// Fresh asks whoever holds a session to have proved not long ago to be its
	// user: how one signs in is not changed by who finds a desk left open.
	Fresh bool
	// Users keeps API keys and support out, whatever they may do.
	Users bool
	// NoSupport keeps support out, whatever its grant allows.
	NoSupport bool
	// Keys lets API keys use a route that is for every signed-in user.
	Keys bool
	// Support lets whoever is in another organisation's affairs use a route that
	// is for every signed-in user.
	Support bool
}

// needs is the guard of a route for those who have a permission.
func needs(p access.Permission) Guard { return Guard{Permission: p} }

// visitorToken is the guard of a conversation's own person.
var visitorToken = Guard{Visitor: true}

// Route is one entry of the registry.
type Route struct {
	Method string
	Path   string
	Guard  Guard
	// Repeatable says that Idempotency-Key is honoured.
	Repeatable bool
	// Socket says that it is a live connection.
	Socket bool

	id   string // of the operation
	body int64  // most bytes of a request
	// streams says that the answer may take as long as it is taken (streamOutput).
	streams bool
}

// about is what a route says of itself in the OpenAPI document.
type about struct {
	id      string
	tag     string
	summary string
	detail  string
	status  int // of success; 0: 200, or 204 without a body
	// once marks a changing call whose reply is not kept (files, sign-in).
	once bool
	// body bounds the request's size in bytes; 0: maxBody.
	body int64
	// raw documents a route whose body or reply its types do not tell.
	raw func(op *huma.Operation)
}

// Routes lists every route there is.
func (s *Server) Routes() []Route { return slices.Clone(s.routes) }

// handle registers a route. It is the only way to have one: the mux below it
// refuses patterns that do not come from here. What is generic is compiled for
// each pair of types, so it only gives types their names.
func handle[I, O any](s *Server, method, path string, g Guard, doc about, fn func(ctx context.Context, c *caller, in *I) (*O, error)) {
	s.register(method, path, g, doc, reflect.TypeFor[I](), reflect.TypeFor[O](), func(ctx context.Context, c *caller, in any) (any, error) {
		out, err := fn(ctx, c, in.(*I))
		if out == nil {
			return nil, err
		}
		return out, err
	})
}

// register is handle for types that are not known when it is compiled.
func (s *Server) register(method, path string, g Guard, doc about, in, out reflect.Type, fn handler) {
	r := s.admit(Route{Method: method, Path: path, Guard: g, streams: out == reflect.TypeFor[streamOutput]()}, doc)
	op := &huma.Operation{OperationID: doc.id, Method: method, Path: path, Summary: doc.summary, Description: describe(g, doc.detail),
		Tags: []string{doc.tag}, DefaultStatus: doc.status, Security: security(g)}
	if r.Repeatable {
		op.Parameters = append(op.Parameters, idempotencyParam())
	}
	e := newEndpoint(op, s.openapi.Components.Schemas, r.body, in, out)
	if doc.raw != nil {
		doc.raw(op)
	}
	s.openapi.AddOperation(op)
	s.mux.HandleFunc(method+" "+path, s.serve(e, method, fn))
}

// handleSocket registers a live connection. It passes the same guard.
func handleSocket(s *Server, path string, g Guard, doc about, fn http.HandlerFunc) {
	s.admit(Route{Method: http.MethodGet, Path: path, Guard: g, Socket: true}, doc)
	s.openapi.AddOperation(&huma.Operation{OperationID: doc.id, Method: http.MethodGet, Path: path, Summary: doc.summary,
		Description: describe(g, doc.detail), Tags: []string{doc.tag}, Security: security(g),
		Responses: map[string]*huma.Response{"101": {Description: "Switching to WebSocket; see docs/api.md for its frames."}}})
	s.mux.HandleFunc(http.MethodGet+" "+path, fn)
}

// admit notes a route in the registry and opens the mux for it.
func (s *Server) admit(r Route, doc about) Route {
	g := r.Guard
	if (g.Permission == "") == !g.Visitor {
		panic("api: " + r.Method + " " + r.Path + " does not say who may use it")
	}
	if g.Permission != "" && !access.Known(g.Permission) {
		panic("api: " + r.Method + " " + r.Path + " needs " + string(g.Permission) + ", which is not in the table")
	}
	changing := r.Method != http.MethodGet && r.Method != http.MethodHead
	r.Repeatable = changing && !doc.once && !g.Visitor && g.Permission != access.Public
	r.id = doc.id
	if r.body = doc.body; r.body == 0 {
		r.body = maxBody
	}
	s.routes = append(s.routes, r)
	s.mux.admitted[r.Method+" "+r.Path] = r
	return r
}

// guardedMux lets in only what admit has noted, behind its guard.
type guardedMux struct {
	http.ServeMux
	admitted map[string]Route
	guard    func(Route, http.HandlerFunc) http.HandlerFunc
}

// HandleFunc is called by register and by handleSocket.
func (m *guardedMux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r, ok := m.admitted[pattern]
	if !ok {
		panic("api: " + pattern + " was not registered through handle")
	}
	m.ServeMux.HandleFunc(pattern, m.guard(r, h))
}

func describe(g Guard, detail string) string {
	var who string
	switch {
	case g.Visitor:
		who = "Needs a conversation's own token."
	case g.Permission == access.Public:
		who = "Needs no sign-in."
	default:
		who = "Needs `" + string(g.Permission) + "`."
		if g.Users {
			who += " Not for API keys."
		}
	}
	return strings.TrimSpace(detail + "\n\n" + who)
}

func security(g Guard) []map[string][]string {
	switch {
	case g.Visitor:
		return []map[string][]string{{"visitor": {}}}
	case g.Permission == access.Public:
		return []map[string][]string{}
	case g.Users:
		return []map[string][]string{{"session": {}}}
	}
	return []map[string][]string{{"session": {}}, {"key": {}}}
}

func idempotencyParam() *huma.Param {
	least, most := 1, 128
	return &huma.Param{Name: "Idempotency-Key", In: "header", Description: "The same key and body answer the same again for 24 hours.",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: &least, MaxLength: &most}}
}

// fault turns a part's error into a problem and notes in the log what only
// operators may see.
func (s *Server) fault(ctx context.Context, err error) *Problem {
	p := problemOf(err)
	if p.Status >= 500 && p.Code != string(errs.Unavailable) || p.Status == http.StatusServiceUnavailable && p.cause != nil {
		s.log.ErrorContext(ctx, "a request failed", "request", callerOf(ctx).id, "code", p.Code, "cause", causeOf(err))
	}
	return p
}

func causeOf(err error) string {
	var p *Problem
	if errors.As(err, &p) && p.cause != nil {
		return p.cause.Error()
	}
	return errs.As(err).Error()
}
