package api_test

import (
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/totp"
	"nubitalk/internal/store"
)

// What the two steps of a sign-in give away, and what they take: no cookie
// before both are done.
func TestASignInInTwoSteps(t *testing.T) {
	h := found(t, noLimits)
	agent := h.a.users[access.Agent]
	got := h.ask(agent, "POST", "/api/v1/me/factors/totp/begin", nil)
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	var begun struct{ Secret, Address, State string }
	must(t, json.Unmarshal([]byte(got.body), &begun))
	if !strings.HasPrefix(begun.Address, "otpauth://totp/Nubitalk%20acme:agent?") {
		t.Errorf("%s", begun.Address)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
	must(t, err)
	got = h.ask(agent, "POST", "/api/v1/me/factors/totp", m{"state": begun.State, "code": "none", "name": "phone"})
	if got.status != 422 || !strings.Contains(got.body, `"location":"body.code"`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	add := func(steps int64) answered {
		return h.ask(agent, "POST", "/api/v1/me/factors/totp", m{"state": begun.State, "code": totp.Code(key, totp.StepAt(time.Now())+steps), "name": "phone"})
	}
	if got = add(-6); got.status != 422 || !strings.Contains(got.body, "minutes behind") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for got = add(0); got.status == 422 && strings.Contains(got.body, "has just ended"); got = add(0) { // its step ended meanwhile
	}
	var added struct {
		RecoveryCodes []string `json:"recovery_codes"`
	}
	must(t, json.Unmarshal([]byte(got.body), &added))
	if got.status != 201 || len(added.RecoveryCodes) != 10 {
		t.Fatalf("%d %s", got.status, got.body)
	}

	got = h.ask(nil, "POST", "/api/v1/sign-in", m{"organisation": "acme", "user_name": "agent", "password": password})
	var half struct {
		Second struct {
			State string
			Kinds []string
		}
	}
	must(t, json.Unmarshal([]byte(got.body), &half))
	if got.status != 200 || got.header.Get("Set-Cookie") != "" || half.Second.State == "" || len(half.Second.Kinds) != 1 {
		t.Fatalf("%d %q %s", got.status, got.header.Get("Set-Cookie"), got.body)
	}
	want1(t, h.ask(&who{header: "Cookie", value: "nubitalk=" + half.Second.State}, "GET", "/api/v1/me", nil), 401, "unauthorised")
	want1(t, h.ask(nil, "POST", "/api/v1/sign-in/second", m{"state": half.Second.State, "code": "000"}), 401, "unauthorised")
	got = h.ask(nil, "POST", "/api/v1/sign-in/second", m{"state": half.Second.State, "code": added.RecoveryCodes[0]})
	if got.status != 200 || !strings.HasPrefix(got.header.Get("Set-Cookie"), "nubitalk=nbs_") || strings.Contains(got.body, "second") {
		t.Errorf("%d %q %s", got.status, got.header.Get("Set-Cookie"), got.body)
	}

	for _, secret := range []string{begun.Secret, added.RecoveryCodes[1], half.Second.State} {
		if strings.Contains(h.log.String(), secret) {
			t.Error("the log has a secret")
		}
	}
	admin := h.a.users[access.Administrator]
	if got := h.ask(admin, "DELETE", "/api/v1/users/"+agent.user+"/factors", nil); got.status != 204 {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(agent, "GET", "/api/v1/me", nil), 401, "unauthorised") // its sessions have ended
}

// Routes that change how somebody signs in, or what somebody may do by a role or
// a key, or go into another organisation's affairs, say so, and no other does.
func TestWhatAsksForAFreshProof(t *testing.T) {
	h := build(t, noLimits)
	fresh := map[string]bool{
		"POST /api/v1/me/factors/totp/begin": true, "POST /api/v1/me/factors/totp": true, "POST /api/v1/me/factors/passkey/begin": true, "POST /api/v1/me/factors/passkey": true,
		"DELETE /api/v1/me/factors/{id}": true, "DELETE /api/v1/me/sessions/{id}": true, "POST /api/v1/me/recovery-codes": true, "DELETE /api/v1/users/{id}/factors": true,
		"POST /api/v1/users/import": true, "POST /api/v1/users/invitations": true, "POST /api/v1/users/{id}/invitation": true,
		"POST /api/v1/users": true, "POST /api/v1/users/{id}/password": true, "POST /api/v1/api-keys": true, "POST /api/v1/api-keys/{id}/rotation": true, "PUT /api/v1/provisioning": true, "POST /api/v1/provisioning/keys": true, "POST /api/v1/roles": true, "PUT /api/v1/roles/{id}": true, "DELETE /api/v1/roles/{id}": true,
		"POST /api/v1/support-access/{id}/open": true, "POST /api/v1/organisations/{id}/end": true,
		"POST /api/v1/end": true, "POST /api/v1/exports": true, "POST /api/v1/exports/{id}/volumes/{volume}": true, "GET /api/v1/exports/{id}/volumes/{volume}": true,
		"PUT /api/v1/sign-on": true, "DELETE /api/v1/sign-on": true, "POST /api/v1/sign-on/try": true, "PUT /api/v1/users/{id}/identity": true, "DELETE /api/v1/users/{id}/identity": true,
	}
	for _, kind := range []string{"Users", "Groups"} { // a directory's key needs none
		for _, route := range []string{"POST /api/scim/v2/%s", "PUT /api/scim/v2/%s/{id}", "PATCH /api/scim/v2/%s/{id}", "DELETE /api/scim/v2/%s/{id}"} {
			fresh[fmt.Sprintf(route, kind)] = true
		}
	}
	for _, r := range h.doors.Routes() {
		name := r.Method + " " + r.Path
		if r.Guard.Fresh != fresh[name] {
			t.Errorf("%s: %v", name, r.Guard.Fresh)
		}
		if r.Guard.Fresh && r.Repeatable {
			t.Errorf("%s keeps its answer", name)
		}
	}
}

// A desk that was left open makes nobody an administrator: other roles ask for a fresh
// proof, and what else is changed of a user does not.
func TestRolesAskForAFreshProof(t *testing.T) {
	h := found(t, noLimits)
	u := h.a.users[access.Agent]
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
	var now account.User
	must(t, json.Unmarshal([]byte(h.ask(admin, "GET", "/api/v1/users/"+u.user, nil).body), &now))
	want1(t, h.ask(admin, "POST", "/api/v1/users", m{"user_name": "left-open", "roles": []string{"administrator"}}), 403, "confirm")
	want1(t, h.ask(admin, "PATCH", "/api/v1/users/"+u.user, m{"version": now.Version, "roles": []string{"administrator", "agent"}}), 403, "confirm")
	want1(t, h.ask(admin, "PATCH", "/api/v1/users/"+u.user, m{"version": now.Version, "roles": []string{}}), 403, "confirm")
	if got := h.ask(admin, "POST", "/api/scim/v2/Groups", m{"displayName": "chiefs", "members": []m{{"value": u.user}}}); got.status != 403 { // which may give roles
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(admin, "PATCH", "/api/v1/users/"+u.user, m{"version": now.Version, "roles": []string{"agent"}, "language": "pt"}); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	h.prove(admin)
	if got := h.ask(admin, "POST", "/api/v1/users", m{"user_name": "proven", "roles": []string{"administrator"}}); got.status != 201 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// prove gives the password again, and keeps what the answer sets, as a browser does.
func (h *house) prove(w *who) {
	h.t.Helper()
	got := h.ask(w, "POST", "/api/v1/me/confirm", m{"password": h.passwordOf(w.user)})
	set, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	if got.status >= 300 || set == "" || set == w.value {
		h.t.Fatalf("%d %s: %s", got.status, set, got.body)
	}
	w.value = set
}

// Who gives the password again, or chooses another, gets another cookie: the ones before are
// refused, and the live connection that was opened with the first goes on.
func provingAgain(t *testing.T, h *house) {
	admin := h.a.anyAdmin()
	u, once, err := h.accounts.CreateUser(t.Context(), admin.actor(), account.NewUser{UserName: h.ids.New("u"), Roles: []access.Role{access.Agent}})
	must(t, err)
	w := h.settle("acme", u.UserName, once, u)
	first := *w
	conn := h.connect(&first, "/api/v1/live", hello)
	conn.hear()
	h.prove(w)
	want1(t, h.ask(w, "GET", "/api/v1/me", nil), 200, "")
	second := *w
	got := h.ask(w, "POST", "/api/v1/me/password", m{"current": password, "new": "nine blue umbrellas"})
	w.value, _, _ = strings.Cut(got.header.Get("Set-Cookie"), ";")
	if w.value == second.value || w.value == first.value {
		t.Fatalf("%d: the cookie is %q", got.status, w.value)
	}
	want1(t, h.ask(&second, "GET", "/api/v1/me", nil), 200, "") // the answer may have been lost
	want1(t, h.ask(w, "GET", "/api/v1/me", nil), 200, "")
	want1(t, h.ask(&first, "GET", "/api/v1/me", nil), 401, "unauthorised")
	want1(t, h.ask(w, "DELETE", "/api/v1/me/sessions/ses_none", nil), 404, "not_found")
	must(t, h.accounts.EndSessions(t.Context(), admin.actor(), u.ID))
	if f := conn.until("session.ended"); string(f.Data) != `{"reason":"`+account.EndedByAdmin+`"}` {
		t.Errorf("the connection: %s", f.Data)
	}
}
