package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/holiday"
)

// A house is expensive to fill, so tests share one; the last one closes it.
func TestDoors(t *testing.T) {
	h := found(t, noLimits)
	for _, c := range []struct {
		name string
		test func(*testing.T, *house)
	}{
		{"bad input", badInput},
		{"in the reader's language", inTheReadersLanguage},
		{"who may write what", whoMayWriteWhat},
		{"only what is needed", onlyWhatIsNeeded},
		{"nothing there", nothingThere},
		{"security headers", securityHeaders},
		{"other sites", otherSites},
		{"pages of entry points", pagesOfEntryPoints},
		{"files", files},
		{"one file at a time", oneFileAtATime},
		{"exports", exports},
		{"holidays", holidays},
		{"large flows", largeFlows},
		{"trunks", trunks},
		{"idempotency", idempotency},
		{"conflicts", conflicts},
		{"panics", panics},
		{"one-time passwords", oneTimePasswords},
		{"sign-in and sign-out", signInAndOut},
		{"signing in again", signingInAgain},
		{"proving again", provingAgain},
		{"refusals in log", refusalsInLog},
		{"many refusals in log", manyRefusalsInLog},
		{"nothing personal in log", nothingPersonalInLog},
		{"live connection", liveConnection},
		{"watching", liveWatching},
		{"the session ends", liveEndsWithTheSession},
		{"a key expires", liveEndsWithTheKey},
		{"roles change", liveFollowsRoles},
		{"who may listen", whoMayListen},
		{"a slow reader", slowReader},
		{"visitor's socket", visitorSocket},
		{"who may visit", whoMayVisit},
		{"an early frame", earlyFrame},
		{"good-bye", goodBye},
	} {
		t.Run(c.name, func(t *testing.T) {
			inner := *h
			inner.t = t
			h.wait(func() bool { // the test before has left
				for _, n := range h.desks {
					if n > 0 {
						return false
					}
				}
				return h.here == 0
			})
			c.test(t, &inner)
		})
	}
}

func want1(t *testing.T, got answered, status int, code string) {
	t.Helper()
	if got.status != status || got.problem() != code {
		t.Errorf("%d %s, want %d %s: %s", got.status, got.problem(), status, code, got.body)
	}
}

// A hint is a supervisor's: not an agent's, not even in the work it holds, and
// nobody's who only watches.
func whoMayWriteWhat(t *testing.T, h *house) {
	for role, may := range map[access.Role]string{access.Agent: "text note", access.Supervisor: "text note hint", access.Monitor: "", access.PrivacyOfficer: "", access.Administrator: ""} {
		for _, kind := range []string{"text", "note", "hint"} {
			got := h.ask(h.a.users[role], "POST", "/api/v1/interactions/"+h.a.interaction+"/messages", m{"client_id": "w" + kind, "kind": kind, "text": "hello"})
			if strings.Contains(may, kind) != (got.status == 201) || got.status != 201 && got.problem() != "forbidden" {
				t.Errorf("%s writes a %s: %d %s", role, kind, got.status, got.problem())
			}
		}
	}
}

// sentences are what a person reads of a problem.
func sentences(t *testing.T, body string) []string {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	list := []string{p.Detail}
	for _, f := range p.Errors {
		list = append(list, f.Message)
	}
	return list
}

func badInput(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	agent := h.a.users[access.Agent]
	messages := "/api/v1/interactions/" + h.a.interaction + "/messages"
	for name, c := range map[string]struct {
		method, path string
		body         any
		status       int
		code, names  string
	}{
		"no JSON":         {"POST", "/api/v1/users", "{", 400, "invalid", ""},
		"empty":           {"POST", "/api/v1/users", "", 400, "invalid", ""},
		"an array":        {"POST", "/api/v1/users", "[]", 422, "invalid", "body"},
		"unknown field":   {"POST", "/api/v1/users", m{"user_name": "x", "roles": []string{"agent"}, "is_admin": true}, 422, "invalid", "body.is_admin"},
		"missing field":   {"POST", "/api/v1/users", m{"roles": []string{"agent"}}, 422, "invalid", "body"},
		"no roles":        {"POST", "/api/v1/users", m{"user_name": "x", "roles": []string{}}, 422, "invalid", "body.roles"},
		"wrong type":      {"POST", "/api/v1/users", m{"user_name": 5, "roles": []string{}}, 422, "invalid", "body.user_name"},
		"a part's own":    {"POST", "/api/v1/users", m{"user_name": "a b", "roles": []string{"agent"}}, 422, "invalid", "body.user_name"},
		"unknown query":   {"GET", "/api/v1/users?all=1", nil, 422, "invalid", "query.all"},
		"bad limit":       {"GET", "/api/v1/users?limit=1000", nil, 422, "invalid", "query.limit"},
		"bad cursor":      {"GET", "/api/v1/users?cursor=zzz", nil, 422, "invalid", "query.cursor"},
		"NUL in a body":   {"POST", messages, `{"client_id":"c","kind":"text","text":"a\u0000b"}`, 422, "invalid", "body.text"},
		"NUL in a path":   {"GET", "/api/v1/interactions/a%00b", nil, 422, "invalid", "path.id"},
		"bytes in a path": {"GET", "/api/v1/interactions/a%ffb", nil, 422, "invalid", "path.id"},
		"NUL in a query":  {"GET", "/api/v1/contacts?field=a&value=a%00", nil, 422, "invalid", "query.value"},
		"address alone":   {"POST", "/api/v1/contacts/search", m{"address": "a"}, 422, "invalid", "body"},
		"a kind alone":    {"POST", "/api/v1/contacts/search", m{"kind": "email"}, 422, "invalid", "body"},
		"too many":        {"POST", "/api/v1/contacts/search", m{"kind": "email", "address": "a", "limit": 201}, 422, "invalid", "body.limit"},
		"too large":       {"POST", messages, m{"client_id": "c", "kind": "text", "text": strings.Repeat("x", 300<<10)}, 413, "too_large", ""},
		"far too large":   {"POST", "/api/v1/flows", m{"name": "x", "graph": m{"x": strings.Repeat("x", 800<<10)}}, 413, "too_large", ""},
		"text too long":   {"POST", messages, m{"client_id": "c", "kind": "text", "text": strings.Repeat("x", 4001)}, 422, "invalid", "body.text"},
		"both targets":    {"POST", "/api/v1/interactions/" + h.a.interaction + "/transfer", m{"queue": "q", "user": "u"}, 422, "invalid", "body.queue"},
		"a system state":  {"PUT", "/api/v1/desk/presence", m{"presence": "missed"}, 422, "invalid", "body.presence"},
	} {
		w := admin
		if strings.Contains(c.path, "interactions") || strings.Contains(c.path, "desk") {
			w = agent
		}
		if strings.Contains(c.path, "contacts") {
			w = h.a.users[access.PrivacyOfficer]
		}
		got := h.ask(w, c.method, c.path, c.body)
		if got.status != c.status || got.problem() != c.code || c.names != "" && !strings.Contains(got.body, `"location":"`+c.names) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		said := h.ask(w, c.method, c.path, c.body, "Accept-Language", "pt-BR,pt;q=0.9,en;q=0.5")
		if got.header.Get("Content-Language") != "en" || said.header.Get("Content-Language") != "pt" || said.status != got.status {
			t.Errorf("%s: answered in %q (%d) and %q (%d)", name, got.header.Get("Content-Language"), got.status, said.header.Get("Content-Language"), said.status)
		}
		for i, english := range sentences(t, got.body) {
			if portuguese := sentences(t, said.body); i >= len(portuguese) || portuguese[i] == english {
				t.Errorf("%s: %q is not said in Portuguese: %s", name, english, said.body)
			}
		}
		if strings.Contains(got.body, "a b") || strings.Contains(got.body, "xxxx") {
			t.Errorf("%s: the value is sent back: %.200s", name, got.body)
		}
	}
	got := h.ask(agent, "POST", messages, "client_id=x", "Content-Type", "application/x-www-form-urlencoded")
	want1(t, got, 415, "unsupported")
}

// Nobody has to give more than is needed: a user name is all of a user (notice
// C23, C24), a name all of a queue.
func onlyWhatIsNeeded(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	var made struct {
		User account.User `json:"user"`
	}
	got := h.ask(admin, "POST", "/api/v1/users", m{"user_name": "raposa-9"})
	want1(t, got, 201, "")
	must(t, json.Unmarshal([]byte(got.body), &made))
	if u := made.User; len(u.Roles) != 1 || u.Roles[0] != access.Agent || u.Profile != (account.Profile{}) {
		t.Errorf("%+v", u)
	}
	path := "/api/v1/users/" + made.User.ID
	var u account.User
	for _, c := range []struct {
		profile m
		want    account.Profile
	}{
		{m{"display_name": "Raposa"}, account.Profile{DisplayName: "Raposa"}},
		{m{"email": "r@example.org"}, account.Profile{DisplayName: "Raposa", Email: "r@example.org"}}, // the others stay
		{m{"email": "", "phone": "1"}, account.Profile{DisplayName: "Raposa", Phone: "1"}},
		{m{}, account.Profile{DisplayName: "Raposa", Phone: "1"}},
	} {
		got = h.ask(admin, "PATCH", path, m{"version": 0, "profile": c.profile})
		want1(t, got, 200, "")
		must(t, json.Unmarshal([]byte(got.body), &u))
		if u.Profile != c.want {
			t.Errorf("%v: %+v", c.profile, u.Profile)
		}
	}
	want1(t, h.ask(h.b.users[access.Administrator], "PATCH", path, m{"version": 0, "profile": m{"email": "x@example.org"}}), 404, "not_found")
	want1(t, h.ask(admin, "POST", "/api/v1/users", m{"user_name": "raposa-10", "profile": m{"phone": "1"}}), 201, "")
	for path, body := range map[string]m{
		"queues": {"name": "Only a name"}, "dispositions": {"name": "Only a name"}, "canned-replies": {"title": "Short", "body": "b", "language": "en"},
		"consent-texts": {"name": "Chat", "purpose": "service", "text": m{"en": "t"}},
		"hours":         {"name": "Week", "time_zone": "UTC", "weekly": []m{}},
		"alert-rules":   {"name": "Long waits", "measure": "longest_waiting", "warning": m{"at": 120}},
		"trunks":        {"name": "Lines", "country": "PT"},
		"phones":        {"name": "Hall"},
		"mailboxes":     {"name": "Help", "address": "help@shop.example", "imap": m{"host": "imap.example"}, "smtp": m{"host": "smtp.example"}, "entry_point": "ent_1"},
		"ring-groups":   {"name": "Front desk", "extension": "30", "members": []string{h.a.users[access.Agent].user}},
	} {
		if got := h.ask(admin, "POST", "/api/v1/"+path, body); got.status != 201 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		if got := h.ask(admin, "POST", "/api/v1/"+path, m{}); got.status != 422 {
			t.Errorf("%s without anything: %d", path, got.status)
		}
	}
}

func nothingThere(t *testing.T, h *house) {
	want1(t, h.ask(nil, "GET", "/api/v1/nothing", nil), 404, "not_found")
	want1(t, h.ask(nil, "GET", "/api/", nil), 404, "not_found")
	if got := h.ask(nil, "TRACE", "/api/v1/sign-in", nil, "X-Echo", "marked"); got.status != 405 || strings.Contains(got.body, "marked") {
		t.Errorf("TRACE: %d %s", got.status, got.body)
	}
	got := h.ask(nil, "DELETE", "/api/v1/sign-in", nil)
	want1(t, got, 405, "not_found")
	if allow := got.header.Get("Allow"); allow != "POST" {
		t.Errorf("Allow: %q", allow)
	}
}

// A flow's two graphs may be as large as graphs may be, and one that is larger is
// refused for what it is, not for the size of the request.
func largeFlows(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	graph := func(size int) m {
		return m{"start": "a", "nodes": m{"a": m{"type": "close", "text": m{"en": strings.Repeat("x", size)}}}}
	}
	for what, got := range map[string]answered{
		"saved":   h.ask(admin, "POST", "/api/v1/flows", m{"name": "Large", "graph": graph(250 << 10), "draft": graph(250 << 10)}),
		"checked": h.ask(admin, "POST", "/api/v1/flows/check", m{"graph": graph(270 << 10)}),
		"tried":   h.ask(admin, "POST", "/api/v1/flows/try", m{"graph": graph(270 << 10), "language": "en"}),
	} {
		if got.status == 413 {
			t.Errorf("%s: %s", what, got.body)
		}
	}
}

func securityHeaders(t *testing.T, h *house) {
	for _, path := range []string{"/api/v1/me", "/api/docs", "/api/v1/openapi.json", "/chat/v1/conversation", "/api/v1/nothing"} {
		got := h.ask(nil, "GET", path, nil)
		for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"} {
			if v := got.header.Get(name); v != value {
				t.Errorf("%s: %s is %q", path, name, v)
			}
		}
		csp := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		if !strings.HasPrefix(got.header.Get("X-Request-Id"), "req_") {
			t.Errorf("%s has no request id", path)
		}
	}
	if got := h.ask(h.a.users[access.Agent], "GET", "/api/v1/me", nil); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control: %q", got.header.Get("Cache-Control"))
	}
	if got := h.ask(nil, "GET", "/api/docs", nil); strings.Contains(got.body, "//") && strings.Contains(got.body, "http") {
		t.Error("the page loads something from elsewhere")
	}
}

func otherSites(t *testing.T, h *house) {
	agent := h.a.users[access.Agent]
	body := m{"presence": "ready"}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}} {
		want1(t, h.ask(agent, "PUT", "/api/v1/desk/presence", body, header...), 403, "forbidden")
	}
	for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", h.url}, nil} {
		if got := h.ask(agent, "PUT", "/api/v1/desk/presence", body, header...); got.status != 200 {
			t.Errorf("%v: %d", header, got.status)
		}
	}
	if got := h.ask(agent, "GET", "/api/v1/me", nil, "Origin", "https://evil.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another site may read the API")
	}
}

func pagesOfEntryPoints(t *testing.T, h *house) {
	h.a.origins = []string{"https://shop.example"}
	defer func() { h.a.origins = nil }()
	visitor := &who{kind: aVisitor, header: "Authorization", value: "Bearer " + h.a.token}
	entry := "/chat/v1/entry-points/" + h.a.entry
	type call struct {
		w            *who
		method, path string
		body         any
	}
	calls := []call{{nil, "GET", entry, nil}, {nil, "POST", entry + "/conversations", m{"client_id": "c"}}, {visitor, "GET", "/chat/v1/conversation", nil}}
	for _, c := range calls {
		got := h.ask(c.w, c.method, c.path, c.body, "Origin", "https://shop.example")
		if got.status >= 300 || got.header.Get("Access-Control-Allow-Origin") != "https://shop.example" || !slices.Contains(got.header.Values("Vary"), "Origin") || !slices.Contains(got.header.Values("Vary"), "Accept-Language") {
			t.Errorf("%s from the shop: %d %v", c.path, got.status, got.header)
		}
		for _, origin := range []string{"https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"} {
			got := h.ask(c.w, c.method, c.path, c.body, "Origin", origin)
			if got.status != 403 || got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s from %s: %d %v", c.path, origin, got.status, got.header)
			}
		}
		if got := h.ask(c.w, c.method, c.path, c.body, "Origin", h.url); got.status >= 300 {
			t.Errorf("%s from our own page: %d", c.path, got.status)
		}
		if got := h.ask(c.w, c.method, c.path, c.body); got.status >= 300 {
			t.Errorf("%s from a program: %d", c.path, got.status)
		}
		pre := h.ask(nil, "OPTIONS", c.path, nil, "Origin", "https://shop.example", "Access-Control-Request-Method", c.method)
		if pre.status != 204 || pre.header.Get("Access-Control-Allow-Origin") != "https://shop.example" || !strings.Contains(pre.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("asking before %s: %d %v", c.path, pre.status, pre.header)
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" || pre.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Error("cookies are allowed")
		}
	}
	pre := h.ask(nil, "OPTIONS", entry, nil, "Origin", "https://evil.example", "Access-Control-Request-Method", "GET")
	if pre.status != 403 || pre.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("asking from elsewhere: %d %v", pre.status, pre.header)
	}
	over := &who{header: "Authorization", value: "Bearer nbv_over"}
	got := h.ask(over, "GET", "/chat/v1/conversation", nil, "Origin", "https://shop.example")
	want1(t, got, 410, "gone")
	if got.header.Get("Access-Control-Allow-Origin") == "" {
		t.Error("the page may not read that its conversation is over")
	}
	// The session cookie is nothing here.
	want1(t, h.ask(h.a.users[access.Agent], "GET", "/chat/v1/conversation", nil), 401, "unauthorised")
}

func files(t *testing.T, h *house) {
	agent := h.a.users[access.Agent]
	path := "/api/v1/interactions/" + h.a.interaction + "/attachments"
	got := h.ask(agent, "GET", path+"/"+h.a.attachment, nil)
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s: %q", name, v)
		}
	}
	if d := got.header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment;") || strings.ContainsAny(d, "\r\n") {
		t.Errorf("Content-Disposition: %q", d)
	}
	multipart := []string{"Content-Type", "multipart/form-data; boundary=x"}
	if got := h.ask(agent, "POST", path, form, multipart...); got.status != 201 || !strings.Contains(got.body, `"size":5`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(agent, "POST", path, "hello", "Content-Type", "text/plain"), 415, "unsupported")
	want1(t, h.ask(agent, "POST", path, "--x--\r\n", multipart...), 422, "invalid")
	want1(t, h.ask(agent, "POST", path, "--x\r\nContent-Disp", multipart...), 422, "invalid")
	want1(t, h.ask(agent, "POST", path, strings.Replace(form, "hello", "", 1), multipart...), 422, "invalid")
	want1(t, h.ask(agent, "POST", path, strings.Replace(form, "a.txt", "a\x00.txt", 1), multipart...), 422, "invalid")
	want1(t, h.ask(agent, "POST", path, strings.Replace(form, "hello", strings.Repeat("x", 25<<20+1), 1), multipart...), 413, "too_large")
}

func oneFileAtATime(t *testing.T, h *house) {
	agent, supervisor := h.a.users[access.Agent], h.a.users[access.Supervisor]
	path := "/api/v1/interactions/" + h.a.interaction + "/attachments"
	send := func(w *who) answered {
		return h.ask(w, "POST", path, form, "Content-Type", "multipart/form-data; boundary=x")
	}
	h.world.reading, h.world.goOn = make(chan struct{}), make(chan struct{})
	defer func() { h.world.reading = nil }()
	first := make(chan answered)
	go func() { first <- send(agent) }()
	<-h.world.reading
	want1(t, send(agent), 429, "rate_limited")
	second := make(chan answered)
	go func() { second <- send(supervisor) }() // others are not held up
	<-h.world.reading
	for range 2 {
		h.world.goOn <- struct{}{}
	}
	for _, got := range []answered{<-first, <-second} {
		if got.status != 201 {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

func exports(t *testing.T, h *house) {
	officer := h.a.users[access.PrivacyOfficer]
	path := h.url + "/api/v1/contacts/" + h.a.contact + "/export"
	got := h.ask(officer, "GET", strings.TrimPrefix(path, h.url), nil)
	if got.status != 200 || got.body != h.a.canary || got.header.Get("Content-Type") != "application/zip" ||
		got.header.Get("Content-Disposition") != `attachment; filename=`+h.a.contact+`.zip` || got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %v %s", got.status, got.header, got.body)
	}
	h.world.breaks.Store(true)
	defer func() { h.world.breaks.Store(false) }()
	req, err := http.NewRequestWithContext(t.Context(), "GET", path, nil)
	must(t, err)
	req.Header.Set(officer.header, officer.value)
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half an archive looks like a whole one")
	}
}

func holidays(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	const path = "/api/v1/hours/import?time_zone=Europe/Lisbon&years=10"
	read := func(file string) answered { return h.ask(admin, "POST", path, file, "Content-Type", "text/calendar") }
	got := read("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20011225\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Natal\r\nEND:VEVENT\r\nnonsense\r\nEND:VCALENDAR\r\n")
	if got.status != 200 || !strings.Contains(got.body, `-12-25","name":"Natal"`) || !strings.Contains(got.body, `{"line":7,"reason":"not_read"}`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, read("BEGIN:VCARD\r\nEND:VCARD\r\n"), 422, "invalid")
	want1(t, read(strings.Repeat("x", holiday.MaxFile+2)), 413, "too_large")
	want1(t, h.ask(admin, "POST", "/api/v1/hours/import?time_zone=Nowhere", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "Content-Type", "text/calendar"), 422, "invalid")
}

func idempotency(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	key := []string{"Idempotency-Key", "first"}
	before := h.calls
	one := h.ask(admin, "POST", "/api/v1/skills", m{"name": "one"}, key...)
	two := h.ask(admin, "POST", "/api/v1/skills", m{"name": "one"}, key...)
	if one.status != 201 || two.status != 201 || one.body != two.body || h.calls != before+1 || two.header.Get("Idempotent-Replay") != "true" ||
		two.header.Get("Content-Type") != one.header.Get("Content-Type") {
		t.Errorf("%d, %d, %d calls", one.status, two.status, h.calls-before)
	}
	want1(t, h.ask(admin, "POST", "/api/v1/skills", m{"name": "two"}, key...), 409, "conflict")
	want1(t, h.ask(admin, "POST", "/api/v1/labels", m{"name": "one"}, key...), 409, "conflict")
	if other := h.ask(h.b.users[access.Administrator], "POST", "/api/v1/skills", m{"name": "one"}, key...); other.status != 201 || strings.Contains(other.body, h.a.canary) {
		t.Errorf("another tenant with the same key: %d %s", other.status, other.body)
	}
	// A failure of ours may be tried again.
	key[1] = "fails"
	for range 2 {
		want1(t, h.ask(admin, "POST", "/api/v1/skills", m{"name": "panic"}, key...), 500, "internal")
	}
	key[1] = "refused"
	for range 2 { // a refusal is an answer
		got := h.ask(admin, "POST", "/api/v1/skills", m{"name": ""}, append(key, "Accept-Language", "pt")...)
		want1(t, got, 422, "invalid")
		if got.header.Get("Content-Language") != "pt" {
			t.Errorf("answered in %q, replay %q", got.header.Get("Content-Language"), got.header.Get("Idempotent-Replay"))
		}
	}
	want1(t, h.ask(admin, "POST", "/api/v1/skills", m{"name": "x"}, "Idempotency-Key", strings.Repeat("k", 129)), 422, "invalid")
}

func conflicts(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	got := h.ask(admin, "PUT", "/api/v1/skills/"+h.a.queue, m{"version": 7, "name": "x"})
	want1(t, got, 409, "conflict")
	if !strings.Contains(got.body, `"current":{"id":"`+h.a.queue) {
		t.Errorf("the state in force is not told: %s", got.body)
	}
	got = h.ask(admin, "PATCH", "/api/v1/users/"+h.a.holder, m{"version": 99, "language": "en"})
	want1(t, got, 409, "conflict")
	if !strings.Contains(got.body, `"user_name":"agent"`) {
		t.Errorf("the state in force is not told: %s", got.body)
	}
}

func panics(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	got := h.ask(admin, "POST", "/api/v1/skills", m{"name": "panic about ana@example.org"})
	want1(t, got, 500, "internal")
	if strings.Contains(got.body, "ana@") || strings.Contains(h.log.String(), "ana@example.org") {
		t.Error("what was panicked with is shown")
	}
	if !strings.Contains(h.log.String(), "a request panicked") || !strings.Contains(h.log.String(), "internal/api/setups.go") {
		t.Errorf("the log does not say where: %s", h.log.String())
	}
	if got := h.ask(admin, "POST", "/api/v1/skills", m{"name": "fine"}); got.status != 201 {
		t.Errorf("after a panic: %d", got.status)
	}
}

func oneTimePasswords(t *testing.T, h *house) {
	u, once, err := h.accounts.CreateUser(t.Context(), h.a.anyAdmin().actor(), account.NewUser{UserName: "fresh", Roles: []access.Role{access.Agent}})
	must(t, err)
	w := h.signIn("acme", "fresh", once.Reveal(), u)
	want1(t, h.ask(w, "GET", "/api/v1/desk", nil), 403, "must_change_password")
	want1(t, h.ask(w, "PATCH", "/api/v1/me", m{"version": 1}), 403, "must_change_password")
	want1(t, h.ask(w, "GET", "/api/v1/live", nil), 403, "must_change_password")
	if got := h.ask(w, "GET", "/api/v1/me", nil); got.status != 200 || !strings.Contains(got.body, `"must_change":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	got := h.ask(w, "POST", "/api/v1/me/password", m{"current": once.Reveal(), "new": "short"})
	if got.status != 422 || !strings.Contains(got.body, `"location":"body.new"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(w, "POST", "/api/v1/me/password", m{"current": once.Reveal(), "new": password}); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(w, "GET", "/api/v1/desk", nil); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func signInAndOut(t *testing.T, h *house) {
	got := h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "monitor", "password": password})
	set := got.header.Get("Set-Cookie")
	if got.status != 200 || !strings.HasPrefix(set, "nubitalk=nbs_"+string(h.a.ID)+".") {
		t.Fatalf("%d %q %s", got.status, set, got.body)
	}
	for _, attribute := range []string{"; HttpOnly", "; SameSite=Strict", "; Path=/", "; Expires="} {
		if !strings.Contains(set, attribute) {
			t.Errorf("%q lacks %s", set, attribute)
		}
	}
	if strings.Contains(got.body, "nbs_") {
		t.Error("the token is in the body, where scripts can read it")
	}
	w := &who{kind: aUser, header: "Cookie", value: strings.SplitN(set, ";", 2)[0]}
	got = h.ask(w, "POST", "/api/v1/sign-out", nil)
	if got.status != 200 || !strings.Contains(got.header.Get("Set-Cookie"), "nubitalk=; ") || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %q", got.status, got.header.Get("Set-Cookie"))
	}
	want1(t, h.ask(w, "GET", "/api/v1/me", nil), 401, "unauthorised")
	// A session does not work as a bearer, nor a key as a cookie.
	agent := h.a.users[access.Agent]
	bearer := &who{header: "Authorization", value: "Bearer " + strings.TrimPrefix(agent.value, "nubitalk=")}
	want1(t, h.ask(bearer, "GET", "/api/v1/me", nil), 401, "unauthorised")
	key := h.key("as cookie", nil)
	want1(t, h.ask(&who{header: "Cookie", value: "nubitalk=" + strings.TrimPrefix(key.value, "Bearer ")}, "GET", "/api/v1/skills", nil), 401, "unauthorised")
}

// A browser has one session: a new one ends what it had, of whatever user. A wrong
// password ends nothing, nor does an API key in place of the cookie.
func signingInAgain(t *testing.T, h *house) {
	in := func(user, word string, header ...string) *who {
		got := h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": user, "password": word}, header...)
		set, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
		return &who{kind: aUser, header: "Cookie", value: set}
	}
	first := in("monitor", password)
	in("supervisor", "not the password", "Cookie", first.value)
	want1(t, h.ask(first, "GET", "/api/v1/me", nil), 200, "")
	second := in("supervisor", password, "Cookie", first.value)
	want1(t, h.ask(first, "GET", "/api/v1/me", nil), 401, "unauthorised")
	want1(t, h.ask(second, "GET", "/api/v1/me", nil), 200, "")
	key := h.key("not a session", nil)
	in("supervisor", password, "Cookie", "nubitalk="+strings.TrimPrefix(key.value, "Bearer "))
	if got := h.ask(key, "GET", "/api/v1/permissions", nil); got.status == 401 {
		t.Error("a sign-in ended an API key")
	}
	want1(t, h.ask(second, "POST", "/api/v1/sign-out", nil), 200, "")
}

// Who asks for what it may not is in the log by its id; who may is not.
func refusalsInLog(t *testing.T, h *house) {
	agent := h.a.users[access.Agent]
	for path, refused := range map[string]bool{"/api/v1/users": true, "/api/v1/me": false} {
		got := h.ask(agent, "GET", path, nil)
		if (got.status == 403) != refused {
			t.Fatalf("%s: %d", path, got.status)
		}
		var said string
		h.wait(func() bool {
			for line := range strings.Lines(h.log.String()) {
				if strings.Contains(line, got.header.Get("X-Request-Id")) && strings.HasSuffix(line, "\n") {
					said = line
				}
			}
			return said != ""
		})
		if strings.Contains(said, `"user":"`+agent.user+`"`) != refused {
			t.Errorf("%s: %s", path, said)
		}
	}
}

// Who is refused again and again has a line of its own, by kind, as often as it doubles; who
// works as usual, and who is in the other organisation, has none.
func manyRefusalsInLog(t *testing.T, h *house) {
	const told = `"msg":"many calls of one caller are refused"`
	lines := func() (out []string) {
		for line := range strings.Lines(h.log.String()) {
			if strings.Contains(line, told) && strings.HasSuffix(line, "\n") {
				out = append(out, line)
			}
		}
		return out
	}
	one, other := h.a.users[access.Monitor], h.b.users[access.Monitor]
	said := func(kind string, times int) bool {
		return slices.ContainsFunc(lines(), func(line string) bool {
			return strings.Contains(line, `"tenant":"`+string(h.a.ID)+`","caller":"`+one.user+`","kind":"`+kind+`","times":`+strconv.Itoa(times)+"}")
		})
	}
	for range 20 {
		h.ask(other, "GET", "/api/v1/users", nil)
	}
	for range 1000 { // more than enough, also where ten minutes pass between
		if said("forbidden", 100) {
			break
		}
		h.ask(one, "GET", "/api/v1/users", nil)
	}
	for range 1000 {
		if said("input", 100) {
			break
		}
		h.ask(one, "PATCH", "/api/v1/me", m{"language": "klingon", "none": 1})
	}
	if !said("forbidden", 50) || !said("forbidden", 100) || !said("input", 100) {
		t.Errorf("%q", lines())
	}
	for _, line := range lines() {
		if !strings.Contains(line, one.user) {
			t.Errorf("of who did nothing: %s", line)
		}
	}
	// What one may not stands in the audit log too, input that is not accepted does not.
	noted := func() []string {
		h.mu.Lock()
		defer h.mu.Unlock()
		return slices.Clone(h.noted)
	}
	for _, want := range []string{string(h.a.ID) + " " + one.user + " 50", string(h.a.ID) + " " + one.user + " 100"} {
		h.wait(func() bool { return slices.Contains(h.noted, want) })
	}
	// Of a stranger it is noted now and then, and not where it asks for paths that are none.
	for range 60 {
		h.ask(nil, "GET", "/api/v1/nothing", nil)
	}
	stranger := func() (n int) {
		for _, line := range noted() {
			if strings.HasPrefix(line, "  ") {
				n++
			}
		}
		return n
	}
	if stranger() != 0 {
		t.Errorf("of paths that are none: %q", noted())
	}
	for range 1000 {
		if stranger() > 0 {
			break
		}
		h.ask(nil, "POST", "/api/v1/sign-up/offer", m{"code": "nobody-has-this"})
	}
	for _, line := range noted() {
		if !strings.HasPrefix(line, string(h.a.ID)+" "+one.user+" ") && line != "  50" {
			t.Errorf("noted %q", line)
		}
	}
	if stranger() != 1 {
		t.Errorf("noted %q", noted())
	}
}

// Ids in a log have no l, o, u and i, so that no name is found in them by chance.
func nothingPersonalInLog(t *testing.T, h *house) {
	officer := h.a.users[access.PrivacyOfficer]
	h.ask(officer, "POST", "/api/v1/contacts/search", m{"kind": "email", "address": "louis@example.org"})
	h.ask(officer, "GET", "/api/v1/contacts?address=louis%40example.org", nil)
	h.ask(officer, "GET", "/api/v1/contacts/louis@example.org", nil)
	h.ask(nil, "GET", "/api/v1/louis@example.org", nil)
	h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "louis@example.org", "password": "wrong-wrong-secret"})
	h.ask(nil, "LOUIS", "/api/v1/me", nil)
	log := h.log.String()
	for _, bad := range []string{"louis", "LOUIS", "secret", "127.0.0.1", "nbs_", "nbk_", h.a.canary, "?"} {
		if strings.Contains(log, bad) {
			t.Errorf("%q is in the log", bad)
		}
	}
	if !strings.Contains(log, `"route":"/api/v1/contacts/{id}"`) || !strings.Contains(log, `"tenant":"`+string(h.a.ID)) {
		t.Error("the access log does not say what was asked")
	}
}

func TestRateLimits(t *testing.T) {
	slow := noLimits
	slow.Address, slow.SignIn, slow.Visitor, slow.Tenant = api.Limit{PerSecond: 0.01, Burst: 60}, api.Limit{PerSecond: 0.01, Burst: 2},
		api.Limit{PerSecond: 0.01, Burst: 3}, api.Limit{PerSecond: 0.01, Burst: 5}
	h := found(t, slow)
	until := func(name string, most int, call func() answered) {
		t.Helper()
		for n := range most + 1 {
			got := call()
			if got.status != 429 {
				continue
			}
			if n != most || got.problem() != "rate_limited" || got.header.Get("Retry-After") == "" || got.header.Get("Retry-After") == "0" {
				t.Errorf("%s: refused after %d: %s, Retry-After %q", name, n, got.body, got.header.Get("Retry-After"))
			}
			return
		}
		t.Errorf("%s: never refused", name)
	}
	good := m{"organisation": "acme", "user_name": "agent", "password": password}
	until("sign-in", 2, func() answered { return h.ask(nil, "POST", "/api/v1/sign-in", good) })
	visitor := &who{header: "Authorization", value: "Bearer " + h.a.token}
	until("visitor", 3, func() answered { return h.ask(visitor, "GET", "/chat/v1/conversation", nil) })
	other := &who{header: "Authorization", value: "Bearer " + h.b.token}
	if got := h.ask(other, "GET", "/chat/v1/conversation", nil); got.status != 200 {
		t.Errorf("another visitor: %d", got.status)
	}
	until("tenant", 5, func() answered { return h.ask(h.a.users[access.Agent], "GET", "/api/v1/desk", nil) })
	if got := h.ask(h.b.users[access.Agent], "GET", "/api/v1/desk", nil); got.status != 200 {
		t.Errorf("another tenant: %d", got.status)
	}
	// Guessing tokens spends the address's calls faster.
	guess := &who{header: "Cookie", value: "nubitalk=nbs_x"}
	refused := 0
	for range 12 {
		if got := h.ask(guess, "GET", "/api/v1/me", nil); got.status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("one may guess for ever")
	}
}

func TestTheCookieOverTLS(t *testing.T) {
	h := build(t, noLimits)
	_, _, err := h.accounts.Install(t.Context(), account.NewOrganisation{Slug: "operator", Name: "x", Language: "en", TimeZone: "UTC", Administrator: "root"}, secret.New(password), false)
	must(t, err)
	doors := api.New(api.Config{Version: "1"}, api.Parts{Accounts: h.accounts, Live: h.hub})
	r := httptest.NewRequest("POST", "https://desk.example/api/v1/sign-in", strings.NewReader(`{"organisation":"operator","user_name":"root","password":"`+password+`"}`))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	doors.ServeHTTP(w, r)
	cookie := w.Result().Cookies()
	if len(cookie) != 2 || cookie[0].Name != "__Host-nubitalk" || cookie[1].Name != "__Host-nubitalk-device" {
		t.Fatalf("%v", w.Result().Header)
	}
	for _, c := range cookie {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Domain != "" || c.Path != "/" {
			t.Errorf("%v", c)
		}
	}
}

// A route that does not say who may use it cannot be registered.
func TestNoRouteWithoutAGuard(t *testing.T) {
	for name, register := range api.WrongRoutes() {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was accepted", name)
				}
			}()
			register()
		}()
	}
}

var _ http.Handler = (*api.Server)(nil)
