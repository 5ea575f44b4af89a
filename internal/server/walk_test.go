package server

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// walk is a node with everything behind it, and who calls every operation that
// its own document describes.
type walk struct {
	node     *node
	http     *http.Client
	doc      map[string]any
	ops      []operation
	user     *drive.User // holds every role of its tenant
	operator *drive.User
	visitor  *drive.Visitor
	entry    string
	foreign  map[string]string // kind of id -> one of another tenant
	answers  map[int]int       // how often each status came
}

// operation is one entry of the document.
type operation struct {
	method, path string
	params       []param
	body         map[string]any // its schema; nil without one
	form         bool
}

type param struct {
	name, in string
	schema   map[string]any
}

func newWalk(t testing.TB) *walk {
	t.Helper()
	c := settings(t, t.TempDir())
	c.TLS.Mode, c.Limits.Calls = "off", 0
	n := demonstrate(t, c, demo.Terms{})
	var err error
	w := &walk{node: n, http: drive.Client(), foreign: map[string]string{}, answers: map[int]int{}}
	ctx := context.Background()
	b, err := drive.Get(ctx, w.http, n.URL()+"/api/v1/openapi.json")
	if err != nil || json.Unmarshal(b, &w.doc) != nil {
		t.Fatal(err)
	}
	w.operations()
	for _, l := range n.Demo().Logins {
		login := drive.Login{Organisation: l.Organisation, UserName: l.UserName, Password: l.Password}
		switch {
		case slices.Contains(l.Roles, access.OperatorRole) && w.operator == nil:
			w.operator, err = drive.SignIn(ctx, w.http, n.URL(), login)
		case l.Organisation == demo.DemoSlug && slices.Contains(l.Roles, access.Administrator) && w.user == nil:
			w.user, err = w.everyRole(login)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range n.Demo().EntryPoints {
		if e.Organisation == demo.DemoSlug && w.entry == "" {
			w.entry = e.ID
		} else if e.Organisation != demo.DemoSlug {
			w.foreign["entry-points"] = e.ID
		}
	}
	if w.visitor, _, err = drive.Chat(ctx, w.http, n.URL(), w.entry, "Inês", "", "Hello", "c1"); err != nil {
		t.Fatal(err)
	}
	return w
}

// everyRole gives a user all of its tenant's roles and signs it in.
func (w *walk) everyRole(l drive.Login) (*drive.User, error) {
	ctx := context.Background()
	u, err := drive.SignIn(ctx, w.http, w.node.URL(), l)
	if err != nil {
		return nil, err
	}
	var me struct {
		User struct {
			ID      string `json:"id"`
			Version int64  `json:"version"`
		} `json:"user"`
	}
	if err := u.Do(ctx, "GET", "me", nil, &me); err != nil {
		return nil, err
	}
	tenant := w.node.demo.Organisation(demo.DemoSlug).ID
	actor := access.Actor{Tenant: tenant, User: me.User.ID, Roles: []access.Role{access.Administrator}}
	roles := slices.Clone(access.TenantRoles)
	if _, err := w.node.parts.accounts.UpdateUser(ctx, actor, me.User.ID, me.User.Version, account.UserChange{Roles: &roles}); err != nil {
		return nil, err
	}
	return drive.SignIn(ctx, w.http, w.node.URL(), l)
}

// notWalked are operations that start something large, or end the walk's own
// session or conversation.
var notWalked = []string{"GET /api/v1/privacy/notice", "POST /api/v1/sign-out", "GET /api/v1/live", "GET /chat/v1/socket", "POST /chat/v1/conversation/end"}

func (w *walk) operations() {
	for path, methods := range w.doc["paths"].(map[string]any) {
		for method, raw := range methods.(map[string]any) {
			o := operation{method: strings.ToUpper(method), path: path}
			if slices.Contains(notWalked, o.method+" "+path) {
				continue
			}
			op := raw.(map[string]any)
			for _, p := range list(op["parameters"]) {
				p := p.(map[string]any)
				o.params = append(o.params, param{p["name"].(string), p["in"].(string), w.schema(p["schema"])})
			}
			if body, ok := op["requestBody"].(map[string]any); ok {
				for kind, c := range body["content"].(map[string]any) {
					o.form = kind != "application/json"
					o.body = w.schema(c.(map[string]any)["schema"])
				}
			}
			w.ops = append(w.ops, o)
		}
	}
	slices.SortFunc(w.ops, func(a, b operation) int { return strings.Compare(a.path+a.method, b.path+b.method) })
}

func list(v any) []any { l, _ := v.([]any); return l }

// schema follows references.
func (w *walk) schema(v any) map[string]any {
	s, _ := v.(map[string]any)
	for {
		ref, ok := s["$ref"].(string)
		if !ok {
			return s
		}
		s = w.doc["components"].(map[string]any)["schemas"].(map[string]any)[strings.TrimPrefix(ref, "#/components/schemas/")].(map[string]any)
	}
}

// kindOf is a schema's type; one that may be null counts as the other.
func kindOf(s map[string]any) string {
	if k, ok := s["type"].(string); ok {
		return k
	}
	for _, k := range list(s["type"]) {
		if k != "null" {
			return k.(string)
		}
	}
	return ""
}

// right is a value that the schema describes.
func (w *walk) right(s map[string]any, depth int) any {
	if e := list(s["enum"]); len(e) > 0 {
		return e[0]
	}
	switch kindOf(s) {
	case "string":
		if s["format"] == "date-time" {
			return "2026-11-03T10:00:00Z"
		}
		least, _ := s["minLength"].(float64)
		return strings.Repeat("x", max(1, int(least)))
	case "integer", "number":
		if least, ok := s["minimum"].(float64); ok {
			return least
		}
		return 1
	case "boolean":
		return true
	case "array":
		if depth > 6 {
			return []any{}
		}
		return []any{w.right(w.schema(s["items"]), depth+1)}
	case "object":
		out := map[string]any{}
		props, _ := s["properties"].(map[string]any)
		for name, p := range props {
			if depth <= 6 {
				out[name] = w.right(w.schema(p), depth+1)
			}
		}
		if more, ok := s["additionalProperties"].(map[string]any); ok && depth <= 6 {
			out["en"] = w.right(w.schema(more), depth+1)
		}
		return out
	}
	return map[string]any{}
}

// place is a value inside a right body.
type place struct {
	path []any
	kind string
}

// places are all values inside v, v itself first.
func places(v any, path []any) []place {
	here := place{slices.Clone(path), "string"}
	var inner []place
	switch v := v.(type) {
	case map[string]any:
		here.kind = "object"
		for _, k := range sortedNames(v) {
			inner = append(inner, places(v[k], append(path, k))...)
		}
	case []any:
		here.kind = "array"
		for i := range v {
			inner = append(inner, places(v[i], append(path, i))...)
		}
	case float64, int:
		here.kind = "number"
	case bool:
		here.kind = "boolean"
	}
	return append([]place{here}, inner...)
}

func sortedNames(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// with is the JSON of v with raw in one place; raw need not be JSON.
func with(v any, at []any, raw string) string {
	if len(at) == 0 {
		return raw
	}
	const mark = "\u2603 here"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(replaced(v, at, mark)) // what right makes always encodes
	return strings.Replace(b.String(), `"`+mark+`"`, raw, 1)
}

func replaced(v any, at []any, by any) any {
	if len(at) == 0 {
		return by
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, x := range v {
			out[k] = x
		}
		out[at[0].(string)] = replaced(v[at[0].(string)], at[1:], by)
		return out
	case []any:
		out := slices.Clone(v)
		out[at[0].(int)] = replaced(out[at[0].(int)], at[1:], by)
		return out
	}
	return v
}

// real finds an id for a path: the first that its list shows.
func (w *walk) real(path string) string {
	if strings.HasPrefix(path, "/chat/v1/entry-points/") {
		return w.entry
	}
	before, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/{")
	before = strings.TrimPrefix(before, "floor/")
	if before == "agents" {
		before = "users"
	}
	who := w.user
	if before == "organisations" {
		who = w.operator
	}
	var out struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	if err := who.Do(context.Background(), "GET", before, nil, &out); err != nil || len(out.Items) == 0 {
		return "usr_00000000000000000000000001"
	}
	return out.Items[len(out.Items)-1].ID
}

// address fills a path's names.
func address(path, id string, more func(name string) string) string {
	for {
		from := strings.Index(path, "{")
		if from < 0 {
			return path
		}
		to := strings.Index(path, "}")
		name, value := path[from+1:to], id
		if more != nil {
			value = more(name)
		}
		path = path[:from] + value + path[to+1:]
	}
}

// ask makes a call and holds its answer against what every answer must be.
func (w *walk) ask(t testing.TB, o operation, path, kind, body string, header ...string) int {
	t.Helper()
	r, err := http.NewRequest(o.method, w.node.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s %s: %v", o.method, path, err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header[header[i]] = []string{header[i+1]}
	}
	switch {
	case strings.HasPrefix(o.path, "/chat/v1/conversation"):
		r.Header.Set("Authorization", "Bearer "+w.visitor.Token)
	case strings.HasPrefix(o.path, "/api/v1/organisations"), o.path == "/api/v1/system", o.path == "/api/v1/lines":
		r.AddCookie(w.operator.Cookie)
	case strings.HasPrefix(o.path, "/api/"):
		r.AddCookie(w.user.Cookie)
	}
	res, err := w.http.Do(r)
	if err != nil {
		t.Errorf("%s %s %.200q: %v", o.method, o.path, body, err)
		return 0
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("%s %s %.200q: %v", o.method, o.path, body, err)
	}
	w.answers[res.StatusCode]++
	if res.StatusCode >= 500 {
		t.Errorf("%s %.100q %.300q is answered with %d %s", o.method, path, body, res.StatusCode, b)
	}
	if strings.HasPrefix(path, "/api/scim/") && res.Header.Get("Content-Type") == "application/scim+json" { // whose errors are SCIM's own (RFC 7644, 3.12)
		var p struct{ Status, Detail string }
		if res.StatusCode >= 400 && (json.Unmarshal(b, &p) != nil || p.Status != strconv.Itoa(res.StatusCode) || p.Detail == "") {
			t.Errorf("%s %.100q %.300q: %d is no error of SCIM: %s", o.method, path, body, res.StatusCode, b)
		}
		return res.StatusCode
	}
	var p struct {
		Status int    `json:"status"`
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	if res.StatusCode >= 400 && (res.Header.Get("Content-Type") != "application/problem+json" || json.Unmarshal(b, &p) != nil || p.Code == "" || p.Detail == "" || p.Status != res.StatusCode) {
		t.Errorf("%s %.100q %.300q: %d is no problem document: %s", o.method, path, body, res.StatusCode, b)
	}
	return res.StatusCode
}

// refuses is ask for what can only be wrong. Who is not let in learns no more than that
// where it signs in, and nowhere else.
func (w *walk) refuses(t testing.TB, o operation, path, kind, body string) {
	t.Helper()
	if code := w.ask(t, o, path, kind, body); code < 400 || code == http.StatusUnauthorized && !strings.HasPrefix(o.path, "/api/v1/sign-in/") {
		t.Errorf("%s %.100q %.300q is answered with %d", o.method, path, body, code)
	}
}

func query(path, name, value string) string { return path + "?" + url.Values{name: {value}}.Encode() }

const jsonKind = "application/json"

var deep = strings.Repeat("[", 50_000)

// bodies can be no operation's.
var brokenBodies = []string{"null", "[]", `"x"`, "7", "{", "}", "{}{", "\xff\xfe{}", "\xef\xbb\xbf{", "{\"\xff", deep, deep + strings.Repeat("]", 50_000),
	strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), `{"client_id":"` + strings.Repeat("x", 3<<20) + `"}`, "<xml/>"}

// odd values may be right in some places; nowhere may they be a fault of ours.
var odd = map[string][]string{
	"string": {`""`, `"\u0000"`, "\"\xff\"", `"\ud800"`, `"\u202egnp.exe"`, `"<script>alert(1)</script>"`, `"` + strings.Repeat("é", 60_000) + `"`, `"%s%n{{.}}"`, `"' OR 1=1 --"`},
	"number": {"0", "-1", "1.5", "1e308", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1e-400", "2147483648"},
	"array":  {"[]", "[null]", "[[]]", "[" + strings.TrimSuffix(strings.Repeat("{},", 30_000), ",") + "]"},
	"object": {"{}", `{"":{}}`, `{"__proto__":{}}`, `{"\u0000":1}`, `{"en":null}`},
}

// wrong is a value of another type than the place has.
var wrong = map[string][]string{
	"string": {"7", "[]", "{}", "true"}, "number": {`"7"`, "[]", "{}", "true"}, "boolean": {`"true"`, "1", "[]"}, "array": {`"x"`, "7", "true"}, "object": {`"x"`, "7", "[]"},
}

func asJSON(v any) string {
	b, _ := json.Marshal(v) // what right makes always encodes
	return string(b)
}
