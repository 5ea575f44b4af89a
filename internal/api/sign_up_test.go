package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/core/access"
)

func TestSignUp(t *testing.T) {
	h := found(t, noLimits)
	boss := h.operator.users[access.OperatorRole]
	made := h.ask(boss, "POST", "/api/v1/sign-up-links", m{"name": "Fair", "most": 2, "trial_days": 14, "limits": m{"agents": 2}})
	var link struct{ ID, Code string }
	if err := json.Unmarshal([]byte(made.body), &link); made.status != 201 || err != nil || link.Code == "" {
		t.Fatalf("%d %s", made.status, made.body)
	}
	if got := h.ask(boss, "GET", "/api/v1/sign-up-links", nil); got.status != 200 || strings.Contains(got.body, link.Code) || !strings.Contains(got.body, link.ID) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(h.reseller.anyAdmin(), "GET", "/api/v1/sign-up-links", nil); got.status != 200 || strings.Contains(got.body, link.ID) {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(h.reseller.anyAdmin(), "DELETE", "/api/v1/sign-up-links/"+link.ID, nil), 404, "not_found")
	if got := h.ask(nil, "POST", "/api/v1/sign-up/offer", m{"code": link.Code}); got.status != 200 || !strings.Contains(got.body, `"trial_days":14`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	ask := m{"code": link.Code, "name": "Loja", "administrator": "raposa-7", "password": "short"}
	got := h.ask(nil, "POST", "/api/v1/sign-up", ask)
	if want1(t, got, 422, "invalid"); !strings.Contains(got.body, "password") || got.header.Get("Set-Cookie") != "" {
		t.Errorf("%s", got.body)
	}
	ask["password"] = password
	got = h.ask(nil, "POST", "/api/v1/sign-up", ask)
	cookie := got.header.Get("Set-Cookie")
	if got.status != 201 || !strings.HasPrefix(cookie, "nubitalk=") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(got.body, `"slug":"loja-`) || strings.Contains(got.body, password) {
		t.Fatalf("%d %q %s", got.status, cookie, got.body)
	}
	own := &who{kind: aUser, header: "Cookie", value: strings.SplitN(cookie, ";", 2)[0]}
	if got := h.ask(own, "GET", "/api/v1/me", nil); got.status != 200 || !strings.Contains(got.body, "raposa-7") || strings.Contains(got.body, `"must_change":true`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(own, "GET", "/api/v1/users/"+h.a.holder, nil); got.status != 404 {
		t.Errorf("it sees another tenant's: %d %s", got.status, got.body)
	}
	if got := h.ask(boss, "DELETE", "/api/v1/sign-up-links/"+link.ID, nil); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(nil, "POST", "/api/v1/sign-up/offer", m{"code": link.Code}), 404, "not_found")
}
