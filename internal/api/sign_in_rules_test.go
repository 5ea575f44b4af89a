package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Who has yet to add a second factor reaches what that takes, and nothing else.
func TestWhoMustSetUpASecondFactor(t *testing.T) {
	h := found(t, noLimits)
	agent := h.a.users[access.Agent]
	h.rules.choose(h.a, func(r *setup.SignInRule) { r.SecondFactor = []access.Role{access.Agent} })
	want1(t, h.ask(agent, "GET", "/api/v1/permissions", nil), 200, "") // signed in before the rule

	got := h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "agent", "password": password})
	if got.status != 200 || !strings.Contains(got.body, `"must_set_up":true`) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	held := &who{header: "Cookie", value: cookieOf(t, got, "nubitalk")}
	open := map[string]bool{
		"POST /api/v1/sign-out": true, "GET /api/v1/me": true, "POST /api/v1/me/password": true, "POST /api/v1/me/confirm": true, "POST /api/v1/me/confirm/passkey": true,
		"GET /api/v1/me/factors": true, "POST /api/v1/me/factors/totp/begin": true, "POST /api/v1/me/factors/totp": true, "POST /api/v1/me/factors/passkey/begin": true,
		"POST /api/v1/me/factors/passkey": true, "DELETE /api/v1/me/factors/{id}": true, "POST /api/v1/me/recovery-codes": true,
	}
	asked := 0
	for _, r := range h.doors.Routes() {
		name := r.Method + " " + r.Path
		if r.Guard.WhileMustSetUp != open[name] {
			t.Errorf("%s: open is %v", name, r.Guard.WhileMustSetUp)
		}
		if r.Guard.Visitor || r.Guard.Permission == access.Public || open[name] {
			continue
		}
		asked++
		if got := h.ask(held, r.Method, strings.NewReplacer("{id}", "x").Replace(r.Path), nil); got.status != 403 || !strings.Contains(got.body, mustSetUp(r.Path)) {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if asked < 100 {
		t.Errorf("only %d routes were asked", asked)
	}
	want1(t, h.ask(held, "GET", "/api/v1/me", nil), 200, "")
	want1(t, h.ask(held, "POST", "/api/v1/me/factors/totp/begin", nil), 200, "")
	h.rules.choose(h.a, func(*setup.SignInRule) {})
	want1(t, h.ask(held, "GET", "/api/v1/permissions", nil), 200, "")
}

// Users work from the networks of their organisation; keys are not bound to them.
func TestSessionsAreHeldToTheNetworks(t *testing.T) {
	h := found(t, noLimits)
	admin := h.a.users[access.Administrator]
	made := h.ask(admin, "POST", "/api/v1/api-keys", m{"name": "x", "roles": []string{"administrator"}})
	var secret struct{ Secret string }
	must(t, json.Unmarshal([]byte(made.body), &secret))
	key := &who{header: "Authorization", value: "Bearer " + secret.Secret}
	h.rules.choose(h.a, func(r *setup.SignInRule) { r.Networks = []string{"192.0.2.0/24"} })
	want1(t, h.ask(admin, "GET", "/api/v1/me", nil), 403, "forbidden")
	want1(t, h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "agent", "password": password}), 403, "forbidden")
	want1(t, h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "agent", "password": "not the password"}), 401, "unauthorised")
	want1(t, h.ask(key, "GET", "/api/v1/users", nil), 200, "")
	want1(t, h.ask(h.b.users[access.Administrator], "GET", "/api/v1/me", nil), 200, "")
	h.rules.choose(h.a, func(r *setup.SignInRule) { r.Networks = []string{"127.0.0.0/8", "::1"} })
	want1(t, h.ask(admin, "GET", "/api/v1/me", nil), 200, "")
}

// Nobody saves networks that lock out who saves them.
func TestNetworksThatLockOutAreRefused(t *testing.T) {
	h := found(t, noLimits)
	admin := h.a.users[access.Administrator]
	body := rules()
	rule := m{"second_factor": []string{}, "password_length": 12, "idle_minutes": 60, "networks": []string{"192.0.2.0/24"}}
	body["sign_in"] = rule
	got := h.ask(admin, "PUT", "/api/v1/rules", body)
	if got.status != 422 || !strings.Contains(got.body, "sign_in.networks") || !strings.Contains(got.body, "127.0.0.1") {
		t.Errorf("%d %s", got.status, got.body)
	}
	got = h.ask(admin, "POST", "/api/v1/rules/sign-in/preview", m{"session_hours": 8, "sign_in": rule})
	if got.status != 200 || !strings.Contains(got.body, `"allowed":false`) || !strings.Contains(got.body, `"address":"127.0.0.1"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	rule["networks"] = []string{"192.0.2.0/24", "127.0.0.1"}
	want1(t, h.ask(admin, "PUT", "/api/v1/rules", body), 200, "")
	rule["networks"] = []string{"nowhere"}
	want1(t, h.ask(admin, "POST", "/api/v1/rules/sign-in/preview", m{"session_hours": 8, "sign_in": rule}), 422, "invalid")
}

// A desk that was left open does not silence alerts: who changes what is unusual proves
// who it is. Who leaves it out, or as it is, is not asked.
func TestAlertsAreSilencedByAFreshProof(t *testing.T) {
	h := found(t, noLimits)
	admin := h.again(h.a.users[access.Administrator])
	must(t, h.db.Write(t.Context(), h.a.ID, func(tx *store.Tx) error {
		all, err := tx.SessionsOf(admin.user)
		for _, one := range all {
			if err == nil && one.EndedAt.IsZero() {
				err = tx.ProveSession(one.ID, time.Now().Add(-time.Hour))
			}
		}
		return err
	}))
	body := rules()
	want1(t, h.ask(admin, "PUT", "/api/v1/rules", body), 200, "")
	rule := setup.DefaultUnusual()
	body["unusual"] = rule
	want1(t, h.ask(admin, "PUT", "/api/v1/rules", body), 200, "")
	rule.Exports = false
	body["unusual"] = rule
	want1(t, h.ask(admin, "PUT", "/api/v1/rules", body), 403, "confirm")
	h.prove(admin)
	want1(t, h.ask(admin, "PUT", "/api/v1/rules", body), 200, "")
}

// The device's cookie is what a lock-out by strangers does not stop.
func TestTheDeviceCookieStandsBeforeALockOut(t *testing.T) {
	h := found(t, noLimits)
	in := func(password string, header ...string) answered {
		return h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "agent", "password": password}, header...)
	}
	device := cookieOf(t, in(password), "nubitalk-device")
	for range 5 {
		in("not the password")
	}
	want1(t, in(password), 429, "rate_limited")
	want1(t, in(password, "Cookie", device), 200, "")
	want1(t, in("not the password", "Cookie", device), 401, "unauthorised")
}

// cookieOf is a cookie of an answer, as a browser sends it back.
func cookieOf(t *testing.T, got answered, name string) string {
	t.Helper()
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == name {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatalf("there is no cookie %s: %v", name, got.header)
	return ""
}

// mustSetUp is in the answer of a door that is shut until a second factor is set up: a
// directory is answered as it reads it (RFC 7644, 3.12), where there is no such word.
func mustSetUp(path string) string {
	if strings.HasPrefix(path, "/api/scim/") {
		return "asks for a second factor"
	}
	return `"must_set_up"`
}
