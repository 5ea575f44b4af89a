package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
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

// Who signs out is sent to the provider, with its own ID token as a hint, where the organisation wants it.
func TestSigningOutAtTheProvider(t *testing.T) {
	h := found(t, noLimits)
	p := openidtest.New(t, time.Now)
	h.reach(p)
	admin := h.a.users[access.Administrator]
	version := 0
	put := func(signOut bool) {
		t.Helper()
		got := h.ask(admin, "PUT", "/api/v1/sign-on", m{"version": version, "enabled": true, "name": "ID", "issuer": p.URL, "client": openidtest.Client, "secret": openidtest.Secret, "scopes": []string{}, "name_claim": "", "link": false, "create": true,
			"display": false, "roles_claim": "", "roles": []any{}, "only": false, "break_glass": "", "sign_out": signOut})
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		version++
	}
	// comes signs somebody in, and gives its session and what its browser keeps for the end.
	comes := func(subject string) (in *who, hint string) {
		t.Helper()
		p.Subject = subject
		begun := h.ask(nil, "POST", "/api/v1/sign-in/provider/begin", m{"organisation": "acme"})
		var step struct{ Address string }
		must(t, json.Unmarshal([]byte(begun.body), &step))
		flow, _, _ := strings.Cut(begun.header.Get("Set-Cookie"), ";")
		a := p.Visit(step.Address)
		got := h.ask(nil, "POST", "/api/v1/sign-in/provider/"+string(h.a.ID), m{"state": a.State, "code": a.Code, "iss": a.Issuer}, "Cookie", flow)
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		in = &who{kind: aUser, name: subject, tenant: h.a.ID, header: "Cookie"}
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			switch c.Name {
			case "nubitalk":
				in.value = "nubitalk=" + c.Value
			case "nubitalk-hint":
				if hint = c.Value; hint != "" && (c.Path != "/api/v1/sign-out" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Expires.Before(time.Now())) {
					t.Errorf("the hint's cookie: %+v", c)
				}
			}
		}
		return in, hint
	}
	// goes signs out, and gives the provider's page.
	goes := func(in *who, hint string) *url.URL {
		t.Helper()
		out := *in
		if hint != "" {
			out.value += "; nubitalk-hint=" + hint
		}
		got := h.ask(&out, "POST", "/api/v1/sign-out", nil)
		var said struct{ Provider string }
		if json.Unmarshal([]byte(got.body), &said) != nil || got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for _, c := range (&http.Response{Header: got.header}).Cookies() {
			if c.MaxAge >= 0 {
				t.Errorf("a cookie stays: %s", c.Name)
			}
		}
		want1(t, h.ask(in, "GET", "/api/v1/me", nil), 401, "unauthorised")
		if said.Provider == "" {
			return nil
		}
		u, err := url.Parse(said.Provider)
		must(t, err)
		return u
	}
	put(false)
	in, hint := comes("one")
	if hint != "" {
		t.Error("what nobody needs is kept")
	}
	if page := goes(in, ""); page != nil {
		t.Errorf("sent to %s", page)
	}
	put(true)
	one, hint := comes("one")
	two, _ := comes("two")
	if hint == "" || strings.Count(hint, ".") == 2 {
		t.Errorf("the hint is none, or is not sealed: %q", hint)
	}
	page := goes(one, hint)
	if page == nil || page.Scheme+"://"+page.Host+page.Path != p.URL+"/end" || page.Query().Get("client_id") != openidtest.Client || !strings.HasSuffix(page.Query().Get("post_logout_redirect_uri"), "/app/") {
		t.Fatalf("sent to %v", page)
	}
	var claims struct{ Sub string }
	if parts := strings.Split(page.Query().Get("id_token_hint"), "."); len(parts) == 3 {
		plain, err := base64.RawURLEncoding.DecodeString(parts[1])
		must(t, err)
		must(t, json.Unmarshal(plain, &claims))
	}
	if claims.Sub != "one" {
		t.Errorf("the hint is %q's", claims.Sub)
	}
	// What another session's browser kept says nothing; the provider asks whom it means.
	if page = goes(two, hint); page == nil || page.Query().Has("id_token_hint") {
		t.Errorf("with another's hint: %v", page)
	}
	if log := h.log.String(); strings.Contains(log, hint) {
		t.Error("the log has the hint")
	}
	var view struct {
		SignedOut string `json:"signed_out"`
	}
	must(t, json.Unmarshal([]byte(h.ask(admin, "GET", "/api/v1/sign-on", nil).body), &view))
	if page = goes(comes("three")); view.SignedOut == "" || page.Query().Get("post_logout_redirect_uri") != view.SignedOut {
		t.Errorf("registered %q, sent back to %v", view.SignedOut, page)
	}
	// Who signed in here by itself is not sent anywhere.
	if page = goes(h.a.users[access.Monitor], ""); page != nil {
		t.Errorf("sent to %s", page)
	}
}

// Where the provider looks at devices, whoever may administer is sent there, and its password opens
// nothing that asks for a proof; the account for emergencies goes on with its own.
func TestWhoAdministersIsSentToTheProvider(t *testing.T) {
	h := found(t, noLimits)
	p := openidtest.New(t, time.Now)
	h.reach(p)
	glass, agent := h.again(h.a.users[access.Administrator]), h.again(h.a.users[access.Agent])
	u, once, err := h.accounts.CreateUser(t.Context(), glass.actor(), account.NewUser{UserName: "boss", Roles: []access.Role{access.Administrator}})
	must(t, err)
	boss := h.settle("acme", u.UserName, once, u)
	set := m{"version": 0, "enabled": true, "name": "ID", "issuer": p.URL, "client": openidtest.Client, "secret": openidtest.Secret, "scopes": []string{}, "name_claim": "", "link": false, "create": false,
		"display": false, "roles_claim": "", "roles": []any{}, "only": false, "break_glass": "", "device_context": "c1"}
	want1(t, h.ask(glass, "PUT", "/api/v1/sign-on", set), 422, "invalid")
	set["break_glass"] = glass.user
	want1(t, h.ask(glass, "PUT", "/api/v1/sign-on", set), 200, "")
	want1(t, h.ask(glass, "PUT", "/api/v1/users/"+u.ID+"/identity", m{"subject": "boss"}), 204, "")
	for w, want := range map[*who]bool{glass: false, agent: false, boss: true} {
		if got := h.ask(w, "GET", "/api/v1/me", nil); strings.Contains(got.body, `"device_proof":true`) != want {
			t.Errorf("%s: %s", w.name, got.body)
		}
		status := 204
		if want {
			status = 403
		}
		if got := h.ask(w, "POST", "/api/v1/me/confirm", m{"password": h.passwordOf(w.user)}); got.status != status {
			t.Errorf("%s: %d %s", w.name, got.status, got.body)
		}
	}
	begin := func(w *who) (step struct{ Address string }, flow string) {
		t.Helper()
		got := h.ask(w, "POST", "/api/v1/sign-in/provider/begin", m{"organisation": "acme", "again": true})
		must(t, json.Unmarshal([]byte(got.body), &step))
		flow, _, _ = strings.Cut(got.header.Get("Set-Cookie"), ";")
		return step, flow
	}
	if step, _ := begin(agent); strings.Contains(step.Address, "acrs") {
		t.Errorf("an agent's device is asked for: %s", step.Address)
	}
	for acr, want := range map[string]int{"c2": 403, "c1": 200} {
		p.Subject, p.Claims = "boss", map[string]any{"acr": acr}
		step, flow := begin(boss)
		if !strings.Contains(step.Address, "acr_values=c1") || !strings.Contains(step.Address, "acrs") {
			t.Errorf("it is not asked for: %s", step.Address)
		}
		a := p.Visit(step.Address)
		got := h.ask(nil, "POST", "/api/v1/sign-in/provider/"+string(h.a.ID), m{"state": a.State, "code": a.Code, "iss": a.Issuer}, "Cookie", flow+"; "+boss.value)
		if got.status != want {
			t.Errorf("%s: %d %s", acr, got.status, got.body)
		}
	}
}
