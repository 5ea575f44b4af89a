package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/wording"
)

// A specimen has one of each thing that inputs and outputs have.
type (
	SpecimenPage struct {
		Limit int `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}
	SpecimenPart struct {
		Level int             `json:"level,omitempty" minimum:"1" maximum:"10" default:"5"`
		Word  string          `json:"word,omitempty" enum:"a,b" default:"b"`
		More  []SpecimenPart  `json:"more,omitempty"`
		One   *SpecimenPart   `json:"one,omitempty"`
		On    bool            `json:"on,omitempty" default:"true"`
		Names map[string]bool `json:"names,omitempty"`
	}
	SpecimenLine struct {
		Count int `json:"count,omitempty" default:"3"`
	}
	specimenInput struct {
		SpecimenPath
		SpecimenPage
		Must  int64     `query:"must" required:"true" doc:"Some number."`
		Flag  bool      `query:"flag"`
		Since time.Time `query:"since"`
		Words []string  `query:"words" maxItems:"3"`
		Word  string    `query:"word" enum:"a,b" default:"a"`
	}
	SpecimenPath struct {
		ID string `path:"id" maxLength:"8"`
	}
	// SpecimenBody is embedded with its name, as inputs embed theirs.
	SpecimenBody struct {
		ID   string `path:"id" maxLength:"8"`
		Body struct {
			SpecimenPart
			Text  string         `json:"text" minLength:"1"`
			At    time.Time      `json:"at,omitzero"`
			Lines []SpecimenLine `json:"lines,omitempty"`
		} `nameHint:"SpecimenText"`
	}
	specimenMaybe struct{ Body *SpecimenPart }
	specimenRaw   struct {
		RawBody []byte `contentType:"text/calendar" doc:"A file."`
	}
	specimenOutput struct {
		Status    int
		Kind      string      `header:"X-Kind" doc:"What it is."`
		SetCookie http.Cookie `header:"Set-Cookie"`
		Body      any
	}
	specimenFile struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
)

// specimens registers the specimens, with huma itself or with what does its work.
func specimens(humas bool) (*huma.OpenAPI, http.Handler) {
	s := &Server{openapi: newOpenAPI("1")}
	mux := http.NewServeMux()
	humaChoices()
	c := huma.DefaultConfig("", "")
	c.OpenAPI, c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks, c.RejectUnknownQueryParameters = s.openapi, "", "", "", nil, true
	both := specimen{s, mux, humago.New(mux, c), humas}
	mirror := func(v any) *specimenOutput {
		return &specimenOutput{Status: http.StatusAccepted, Kind: "mirror", SetCookie: http.Cookie{Name: "n", Value: "v"}, Body: v}
	}
	register(both, "GET", "/a/{id}", func(in *specimenInput) *specimenOutput { return mirror(*in) })
	register(both, "POST", "/b/{id}", func(in *SpecimenBody) *specimenOutput { return mirror(in.Body) })
	register(both, "PUT", "/c", func(in *specimenMaybe) *specimenOutput { return mirror(in.Body) })
	register(both, "POST", "/d", func(in *specimenRaw) *specimenFile { return &specimenFile{"text/calendar", in.RawBody} })
	register(both, "DELETE", "/e", func(*none) *none { return nil })
	register(both, "DELETE", "/f", func(*none) *none { return &none{} })
	return s.openapi, mux
}

type specimen struct {
	s     *Server
	mux   *http.ServeMux
	huma  huma.API
	humas bool
}

func register[I, O any](b specimen, method, path string, fn func(*I) *O) {
	op := &huma.Operation{OperationID: "op" + path[1:2], Method: method, Path: path, MaxBodyBytes: 256}
	if b.humas {
		huma.Register(b.huma, *op, func(_ context.Context, in *I) (*O, error) { return fn(in), nil })
		return
	}
	e := newEndpoint(op, b.s.openapi.Components.Schemas, 256, reflect.TypeFor[I](), reflect.TypeFor[O]())
	b.s.openapi.AddOperation(op)
	b.mux.HandleFunc(method+" "+path, b.s.serve(e, method, func(_ context.Context, _ *caller, in any) (any, error) {
		if out := fn(in.(*I)); out != nil {
			return out, nil
		}
		return nil, nil
	}))
}

// What is sent is no default: huma would make a false that was sent a true.
func TestDefaultsAreForWhatIsLeftOut(t *testing.T) {
	_, ours := specimens(false)
	for sent, want := range map[string]string{
		`{"text":"a","on":false}`: `{"level":5,"word":"b","text":"a"}`,
		`{"text":"a","on":null}`:  `{"level":5,"word":"b","on":true,"text":"a"}`,
		`{"text":"a"}`:            `{"level":5,"word":"b","on":true,"text":"a"}`,
		`{"text":"a","lines":[{"count":0},{},{"count":7}]}`: `{"level":5,"word":"b","on":true,"text":"a","lines":[{},{"count":3},{"count":7}]}`,
	} {
		r := httptest.NewRequest("POST", "/b/x", strings.NewReader(sent))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		ours.ServeHTTP(w, r)
		if got := strings.TrimSpace(w.Body.String()); got != want {
			t.Errorf("%s: %d %s, want %s", sent, w.Code, got, want)
		}
	}
}

// Of a parameter that is there twice, no value counts: what stands before us might take
// the other.
func TestAParameterIsThereOnce(t *testing.T) {
	_, ours := specimens(false)
	for query, want := range map[string][]string{
		"must=1&must=2": {"query.must"}, "must=1&must=1": {"query.must"}, "must=1&flag=1&flag=": {"query.flag"}, "must=1&words=a&words=b": {"query.words"},
		"must=1&%6dust=2": {"query.must"}, "must=1&words=a,b": nil, "must=1&unknown=1&unknown=2": {"query.unknown"},
	} {
		got := tryEndpoint(t, ours, []string{"GET", "/a/x?" + query})
		status := http.StatusAccepted
		if want != nil {
			status = http.StatusUnprocessableEntity
		}
		if got.Status != status || len(got.Faults) != len(want) || len(want) > 0 && !strings.HasPrefix(got.Faults[0], want[0]) {
			t.Errorf("%s: %d %q", query, got.Status, got.Faults)
		}
	}
}

// What endpoints say of themselves and answer is what huma.Register says and
// answers, but for the form of errors, and for defaults in the place of what was sent
// empty.
func TestEndpointsDoAsHuma(t *testing.T) {
	said, ours := specimens(false)
	wanted, humas := specimens(true)
	document := func(o *huma.OpenAPI) []string {
		b, err := json.MarshalIndent(o.Paths, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.NewReplacer("application/problem+json", "E", "application/json", "J", "schemas/Problem", "S", "schemas/ErrorModel", "S").Replace(string(b)), "\n")
	}
	if d := cmp.Diff(document(wanted), document(said)); d != "" {
		t.Errorf("the document differs (-huma +ours):\n%s", d)
	}
	long := strings.Repeat("x", 300)
	for _, c := range [][]string{
		{"GET", "/a/x"}, {"GET", "/a/x?must=1"}, {"GET", "/a/x?must=1&limit=7"}, {"GET", "/a/x?must=1&limit="}, {"GET", "/a/x?must=1&limit=0"},
		{"GET", "/a/x?must=1&limit=201"}, {"GET", "/a/x?must=1&limit=seven"}, {"GET", "/a/x?must=1.5"}, {"GET", "/a/x?must=99999999999999999999"},
		{"GET", "/a/x?must=1&flag"}, {"GET", "/a/x?must=1&flag=1"}, {"GET", "/a/x?must=1&flag=perhaps"}, {"GET", "/a/x?must=1&since=2026-11-28T09:30:00.5Z"},
		{"GET", "/a/x?must=1&since=yesterday"}, {"GET", "/a/x?must=1&words=a,b,,c"}, {"GET", "/a/x?must=1&words=a,b,c"}, {"GET", "/a/x?must=1&word=c"},
		{"GET", "/a/x?must=1&word=b&unknown=1"}, {"GET", "/a/123456789?must=one&limit=0&word=c"}, {"GET", "/a/%20?must=%31"}, {"GET", "/a/x?must=1&word=%zz"},
		{"POST", "/b/x", ""}, {"POST", "/b/x", "{}"}, {"POST", "/b/x", "null"}, {"POST", "/b/x", "[]"}, {"POST", "/b/x", "{"}, {"POST", "/b/x", `{"text":""}`},
		{"POST", "/b/x", `{"text":"<a&b>"}`}, {"POST", "/b/x", `{"text":1,"level":"x","strange":true}`}, {"POST", "/b/123456789", `{"text":"a","level":11}`},
		{"POST", "/b/123456789", `{`}, {"POST", "/b/x", `{"text":"a","at":"noon"}`}, {"POST", "/b/x", `{"text":"a","at":"2026-11-28T09:30:00Z"}`},
		{"POST", "/b/x", `{"text":"a","more":[{"word":"a"},{"one":{"level":3}}],"one":{}}`}, {"POST", "/b/x", `{"text":"a","lines":[{"count":1},{}]}`}, {"POST", "/b/x", `{"text":"a","names":{"n":false}}`},
		{"POST", "/b/x", `{"text":"a"}`, "text/plain"}, {"POST", "/b/x", `{"text":"a"}`, "application/json; charset=utf-8"}, {"POST", "/b/x", `{"text":"a"}`, "application/merge-patch+json"},
		{"POST", "/b/x", `{"text":"a"}`, "-"}, {"POST", "/b/x", `{"text":"` + long + `"}`}, {"POST", "/b/x?a=1", `{"text":"a"}`},
		{"PUT", "/c", ""}, {"PUT", "/c", "{}"}, {"PUT", "/c", "null"}, {"PUT", "/c", `{"level":0}`},
		{"POST", "/d", "BEGIN", "text/calendar"}, {"POST", "/d", ""}, {"POST", "/d", long}, {"DELETE", "/e"}, {"DELETE", "/f"}, {"DELETE", "/f?x"},
	} {
		want, got := tryEndpoint(t, humas, c), tryEndpoint(t, ours, c)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-huma +ours):\n%s", c, d)
		}
	}
}

type endpointAnswer struct {
	Status int
	Header http.Header
	Body   string
	Faults []string
}

func tryEndpoint(t *testing.T, h http.Handler, c []string) endpointAnswer {
	t.Helper()
	body, kind := "", "application/json"
	if len(c) > 2 {
		body = c[2]
	}
	if len(c) > 3 {
		kind = c[3]
	}
	r := httptest.NewRequest(c[0], c[1], strings.NewReader(body))
	r = r.WithContext(withCaller(r.Context(), &caller{}))
	if kind != "-" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := endpointAnswer{Status: w.Code, Header: w.Header(), Body: w.Body.String()}
	if w.Code >= 400 {
		var p struct {
			Errors []struct{ Location, Message string }
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		for _, f := range p.Errors {
			said, _ := wording.In(wording.English, f.Message) // huma's faults in the words of ours
			a.Faults = append(a.Faults, f.Location+": "+said)
		}
		slices.Sort(a.Faults)
		a.Body, a.Header = "", nil
	}
	return a
}
