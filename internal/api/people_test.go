package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

func decoded[T any](t *testing.T, a answered) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
	return v
}

func TestAFileOfUsersByTheAPI(t *testing.T) {
	h := found(t, noLimits)
	admin := h.a.users[access.Administrator]
	file := []byte("user_name;team\nraposa-7;\nlince;Nowhere\n")
	got := h.ask(admin, "POST", "/api/v1/users/import/preview", m{"file": file}, "Accept-Language", "pt")
	want1(t, got, 200, "")
	p := decoded[account.UserImport](t, got)
	if len(p.Users) != 2 || p.Users[0].Verdict != account.WillBeNew || p.Users[1].Problems[0].Problem != `"Nowhere" não é uma equipa daqui, ou há várias com esse nome` {
		t.Fatalf("%s", got.body)
	}
	want1(t, h.ask(admin, "POST", "/api/v1/users/import", m{"file": file, "seen": p.Seen}), 422, "invalid")
	want1(t, h.ask(admin, "POST", "/api/v1/users/import", m{"file": file, "seen": "x", "lines": []int{2}}), 409, "conflict")
	got = h.ask(admin, "POST", "/api/v1/users/import", m{"file": file, "seen": p.Seen, "lines": []int{2}})
	want1(t, got, 200, "")
	done := decoded[struct {
		Passwords []account.NewPassword
		Count     account.EffectCount
	}](t, got)
	if len(done.Passwords) != 1 || done.Passwords[0].UserName != "raposa-7" || done.Count.New != 1 {
		t.Fatalf("%s", got.body)
	}
	want1(t, h.ask(admin, "POST", "/api/v1/users/import/preview", m{"file": []byte("PK\x03\x04\x00")}), 422, "invalid")
	want1(t, h.ask(admin, "POST", "/api/v1/users/import/preview", m{"file": make([]byte, 3<<20)}), 413, "too_large")

	got = h.ask(admin, "GET", "/api/v1/users/export", nil)
	want1(t, got, 200, "")
	if !strings.Contains(got.body, "\r\nraposa-7,agent,,,,") || strings.Contains(got.body, done.Passwords[0].Password) || strings.Contains(got.body, "email") ||
		!strings.Contains(got.header.Get("Content-Disposition"), "users.csv") {
		t.Errorf("%v %s", got.header, got.body)
	}
}

// Who finds a desk left open gives nobody a role, and locks whom it may.
func TestRolesOfSeveralAskForAFreshProof(t *testing.T) {
	h := found(t, noLimits)
	admin := h.again(h.a.users[access.Administrator])
	u := h.a.users[access.Monitor]
	must(t, h.db.Write(t.Context(), h.a.ID, func(tx *store.Tx) error {
		all, err := tx.SessionsOf(admin.user)
		for _, one := range all {
			if err == nil && one.EndedAt.IsZero() {
				err = tx.ProveSession(one.ID, time.Now().Add(-time.Hour))
			}
		}
		return err
	}))
	for do, c := range map[string]struct {
		value, code string
		status      int
	}{"add_role": {"agent", "confirm", 403}, "lock": {"", "", 200}} {
		ask := m{"users": []string{u.user}, "change": m{"do": do, "value": c.value}}
		got := h.ask(admin, "POST", "/api/v1/users/several/effect", ask)
		want1(t, got, 200, "")
		ask["seen"] = decoded[account.SeveralEffect](t, got).Seen
		want1(t, h.ask(admin, "POST", "/api/v1/users/several", ask), c.status, c.code)
	}
}

// An invitation opens a session of its own and ends what the browser had before.
func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	h := found(t, noLimits)
	got := h.ask(h.a.users[access.Administrator], "POST", "/api/v1/users/invitations", m{"user_name": "raposa-7", "days": 2})
	want1(t, got, 201, "")
	inv := decoded[struct{ Invitation account.Invited }](t, got).Invitation
	if strings.Contains(h.ask(h.a.users[access.Administrator], "POST", "/api/v1/users/search", m{"find": "raposa-7"}).body, inv.Code) {
		t.Error("the code is shown again")
	}
	before := h.again(h.a.users[access.Agent])
	got = h.ask(nil, "POST", "/api/v1/sign-in/invitation", m{"organisation": "acme", "code": inv.Code})
	if want1(t, got, 200, ""); !strings.Contains(got.body, `"user_name":"raposa-7"`) {
		t.Error(got.body)
	}
	accept := m{"organisation": "acme", "code": inv.Code, "password": "seven green bicycles"}
	got = h.ask(before, "POST", "/api/v1/sign-in/invitation/accept", accept)
	want1(t, got, 200, "")
	cookies := (&http.Response{Header: got.header}).Cookies()
	fresh := ""
	for _, c := range cookies {
		if strings.HasPrefix(c.Value, "nbs_") {
			fresh = c.Value
		}
	}
	if fresh == "" || strings.Contains(before.value, fresh) {
		t.Errorf("%v", got.header)
	}
	want1(t, h.ask(before, "GET", "/api/v1/me", nil), 401, "unauthorised")
	want1(t, h.ask(nil, "POST", "/api/v1/sign-in/invitation/accept", accept), 409, "conflict")
}
