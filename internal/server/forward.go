package server

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/wording"
)

// maxForwarded bounds the body of a request that is passed on; a piece of a screen is
// the largest. In JSON it takes a third more (bus.MaxEvent).
const maxForwarded = 4 << 20

// wireRequest is a request of the API on its way to the node that holds the
// tenant's floor. The bus seals it.
type wireRequest struct {
	Method string      `json:"method"`
	URI    string      `json:"uri"`
	Host   string      `json:"host"`
	Client string      `json:"client"` // the client's address, for limits only
	Header http.Header `json:"header"`
	Body   []byte      `json:"body,omitempty"`
}

type wireResponse struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   []byte      `json:"body,omitempty"`
}

// doors is the API, for requests that came over the bus.
type doors struct{ http.Handler }

// answer has the API answer a request that another node passed on.
func (d doors) answer(ctx context.Context, in *wireRequest) (*wireResponse, error) {
	if in == nil || d.Handler == nil {
		return nil, errs.New(errs.Unavailable, "This node is starting. Please try again.")
	}
	r, err := http.NewRequestWithContext(ctx, in.Method, in.URI, bytes.NewReader(in.Body))
	if err != nil {
		return nil, errs.Wrap(errs.Invalid, err, "The request could not be read.")
	}
	r.RequestURI, r.Host, r.RemoteAddr = in.URI, in.Host, in.Client
	if in.Header != nil {
		r.Header = in.Header
	}
	w := &wireWriter{response: wireResponse{Header: http.Header{}}}
	d.ServeHTTP(w, r)
	if w.response.Status == 0 {
		w.response.Status = http.StatusOK
	}
	return &w.response, nil
}

// wireWriter collects an answer.
type wireWriter struct{ response wireResponse }

func (w *wireWriter) Header() http.Header { return w.response.Header }

func (w *wireWriter) WriteHeader(code int) {
	if w.response.Status == 0 {
		w.response.Status = code
	}
}

func (w *wireWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.response.Body = append(w.response.Body, b...)
	return len(b), nil
}

// forward stands before the API: a request that needs a floor which another node
// holds is answered there.
func (c *cluster) forward(h http.Handler, owner func(context.Context, string) (id.Tenant, bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, ok := tenantOf(r, owner)
		node := ""
		if ok && needsFloor(r) {
			node = c.elsewhere(r.Context(), t)
		}
		if node == "" {
			h.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxForwarded+1))
		if err != nil || len(body) > maxForwarded {
			// The API refuses it in its own words.
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.MultiReader(bytes.NewReader(body), r.Body), r.Body}
			h.ServeHTTP(w, r)
			return
		}
		out, err := c.ask(r.Context(), node, command{Op: "request", Tenant: t, Request: &wireRequest{Method: r.Method, URI: r.URL.RequestURI(), Host: r.Host,
			Client: r.RemoteAddr, Header: r.Header, Body: body}})
		if err != nil || out.Reply == nil {
			unavailable(w, r, errs.As(err))
			return
		}
		for name, values := range out.Reply.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(out.Reply.Status)
		_, _ = w.Write(out.Reply.Body) // the client is gone: nobody to tell
	})
}

func unavailable(w http.ResponseWriter, r *http.Request, e *errs.Error) {
	detail := "Please try again in a moment."
	if e != nil && e.Temporary() {
		detail = e.Text
	}
	l := cmp.Or(wording.Asked(r.Header.Get("Accept-Language")), wording.English)
	detail, _ = wording.In(l, detail)
	w.Header().Set("Content-Language", string(l))
	w.Header().Add("Vary", "Accept-Language")
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_ = json.NewEncoder(w).Encode(map[string]any{"type": "about:blank", "title": "Service Unavailable", "status": http.StatusServiceUnavailable,
		"code": errs.Unavailable, "detail": detail})
}

// needsFloor says whether a request may change or show running work. Files go to
// the stores that all nodes share, and sockets stay where they are: events reach
// every node.
func needsFloor(r *http.Request) bool {
	if r.Header.Get("Upgrade") != "" {
		return false
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok {
		path, ok = strings.CutPrefix(r.URL.Path, "/chat/v1/")
	}
	if !ok || strings.Contains(path, "/attachments") {
		return false
	}
	first, _, _ := strings.Cut(path, "/")
	switch first {
	case "desk", "offers", "interactions", "floor", "entry-points", "conversation", "alerts", "calls", "parked-calls", "shelved", "emails", "email-writers":
		return true
	case "users": // only this of a user is asked of the floor
		return strings.HasSuffix(path, "/why")
	case "queues":
		return strings.HasSuffix(path, "/open") || strings.HasSuffix(path, "/empty")
	case "flows":
		return strings.HasSuffix(path, "/today")
	case "mailboxes": // they are followed where the floor is
		return strings.HasSuffix(path, "/status")
	}
	return false
}

// tenantOf reads from a request whose it says to be: from its token, or from the
// entry point in its path. Whether that is true is asked where it is answered.
func tenantOf(r *http.Request, owner func(context.Context, string) (id.Tenant, bool)) (id.Tenant, bool) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/chat/v1/entry-points/"); ok {
		entry, _, _ := strings.Cut(rest, "/")
		return owner(r.Context(), entry)
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return tokenTenant(bearer)
	}
	for _, cookie := range r.Cookies() {
		if t, ok := tokenTenant(cookie.Value); ok {
			return t, true
		}
	}
	return "", false
}

// tokenTenant is the tenant in a token: prefix, tenant, a dot, random bits.
func tokenTenant(token string) (id.Tenant, bool) {
	for _, prefix := range []string{"nbs_", "nbk_", "nbh_", "nbv_"} {
		if rest, ok := strings.CutPrefix(token, prefix); ok {
			t, _, found := strings.Cut(rest, ".")
			return id.Tenant(t), found && id.Valid(id.TenantKind, t)
		}
	}
	return "", false
}
