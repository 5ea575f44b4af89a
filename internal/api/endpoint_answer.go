package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

var (
	cookieType    = reflect.TypeFor[http.Cookie]()
	selfAnswering = reflect.TypeFor[http.HandlerFunc]()
)

// headerPart is a field of an output that becomes a header, unless it is empty.
type headerPart struct {
	at   []int
	name string
}

// write answers with an output.
func (e *endpoint) write(w http.ResponseWriter, r *http.Request, out reflect.Value) {
	for _, h := range e.headers {
		text := ""
		switch v := out.FieldByIndex(h.at).Addr().Interface().(type) {
		case *http.Cookie:
			text = v.String()
		case *string:
			text = *v
		}
		if text != "" {
			if h.name == "Set-Cookie" { // of which there may be several
				w.Header().Add(h.name, text)
				continue
			}
			w.Header().Set(h.name, text)
		}
	}
	status := e.status
	if e.hasStatus != nil {
		status = int(out.FieldByIndex(e.hasStatus).Int())
	}
	if e.answer == nil {
		w.WriteHeader(status)
		return
	}
	switch body := out.FieldByIndex(e.answer).Interface().(type) {
	case http.HandlerFunc:
		body(w, r)
	case []byte:
		w.WriteHeader(status)
		_, _ = w.Write(body) // the client may be gone
	default:
		if w.Header().Get("Content-Type") == "" {
			w.Header().Set("Content-Type", jsonType)
		}
		w.WriteHeader(status)
		if err := huma.DefaultJSONFormat.Marshal(w, body); err != nil && r.Context().Err() == nil {
			panic(err)
		}
	}
}
