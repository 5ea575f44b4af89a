package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/channel/openid/openidtest"
	"nubitalk/internal/core/access"
)

// A whole sign-in with a provider through the doors: who may finish it, what the
// browser keeps, and that nothing else lets in.
func TestASignInByAProvider(t *testing.T) {
	h := found(t, noLimits)
	p := openidtest.New(t, time.Now)
	h.reach(p)
	admin := h.a.users[access.Administrator]
	set := m{"version": 0, "enabled": true, "name": "ID", "issuer": p.URL, "client": openidtest.Client, "secret": openidtest.Secret, "scopes": []string{}, "name_claim": "", "link": false, "create": true,
		"display": false, "roles_claim": "", "roles": []any{}, "only": false, "break_glass": ""}
	got := h.ask(admin, "PUT", "/api/v1/sign-on", set)
	if got.status != 200 || strings.Contains(got.body, openidtest.Secret) || !strings.Contains(got.body, "/app/sign-in/"+string(h.a.ID)) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(admin, "PUT", "/api/v1/sign-on", set), 409, "conflict")
	set["version"], set["issuer"] = 1, "http://inside"
	if got := h.ask(admin, "PUT", "/api/v1/sign-on", set); got.status != 422 || !strings.Contains(got.body, `issuer`) {
		t.Errorf("%d %s", got.status, got.body)
	}

	got = h.ask(nil, "POST", "/api/v1/sign-in/provider/begin", m{"organisation": "acme"})
	var step struct{ Address string }
	if json.Unmarshal([]byte(got.body), &step) != nil || got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	cookie := got.header.Get("Set-Cookie")
	flow, kept, _ := strings.Cut(cookie, ";")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Max-Age=300", "Path=/"} {
		if !strings.Contains(kept, want) {
			t.Errorf("the flow's cookie lacks %s: %s", want, kept)
		}
	}
	u, err := url.Parse(step.Address)
	must(t, err)
	if back := u.Query().Get("redirect_uri"); !strings.HasSuffix(back, "/app/sign-in/"+string(h.a.ID)) {
		t.Errorf("comes back to %s", back)
	}
	a := p.Visit(step.Address)
	answer := m{"state": a.State, "code": a.Code, "iss": a.Issuer}
	path := "/api/v1/sign-in/provider/"
	want1(t, h.ask(nil, "POST", path+string(h.a.ID), answer), 401, "unauthorised") // in another browser
	want1(t, h.ask(nil, "POST", path+string(h.b.ID), answer, "Cookie", flow), 401, "unauthorised")
	want1(t, h.ask(nil, "POST", path+"nonsense", answer, "Cookie", flow), 401, "unauthorised")
	got = h.ask(nil, "POST", path+string(h.a.ID), answer, "Cookie", flow)
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	session := ""
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		switch {
		case c.Name == "nubitalk":
			session = "nubitalk=" + c.Value
		case c.Name == "nubitalk-flow" && c.MaxAge >= 0:
			t.Error("the flow's cookie stays")
		}
	}
	made := &who{kind: aUser, name: "made", tenant: h.a.ID, header: "Cookie", value: session}
	if got := h.ask(made, "GET", "/api/v1/me", nil); got.status != 200 || !strings.Contains(got.body, `"by_provider":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(nil, "POST", path+string(h.a.ID), answer, "Cookie", flow), 401, "unauthorised") // once more
	if log := h.log.String(); strings.Contains(log, a.Code) || strings.Contains(log, a.State) || strings.Contains(log, openidtest.Secret) {
		t.Error("the log has what is secret")
	}
	want1(t, h.ask(nil, "POST", path+string(h.a.ID)+"/logout", "logout_token=x", "Content-Type", "application/x-www-form-urlencoded"), 422, "invalid")
}
