package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
)

// entered is somebody of the operator, let into the first tenant over the doors.
func (h *house) entered(name string, scopes ...access.SupportScope) (own, in *who, g account.SupportGrant) {
	h.t.Helper()
	boss := h.operator.users[access.OperatorRole]
	u, once, err := h.accounts.CreateUser(h.t.Context(), boss.actor(), account.NewUser{UserName: name, Roles: []access.Role{access.OperatorRole}})
	must(h.t, err)
	own = h.settle("operator", name, once, u)
	g, err = h.accounts.GrantSupport(h.t.Context(), h.a.anyAdmin().actor(), h.operator.ID, name, account.SupportTerms{Scopes: scopes, Minutes: 60, Reason: "help"})
	must(h.t, err)
	got := h.ask(own, "POST", "/api/v1/support-access/"+g.ID+"/open", nil)
	set := got.header.Get("Set-Cookie")
	if got.status != 200 || !strings.HasPrefix(set, "nubitalk-support=nbh_") || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Strict") || strings.Contains(got.body, "nbh_") {
		h.t.Fatalf("%d %q %s", got.status, set, got.body)
	}
	both := *own
	both.value += "; " + strings.SplitN(set, ";", 2)[0]
	return own, &both, g
}

func TestSupportSession(t *testing.T) {
	h := found(t, noLimits)
	own, in, g := h.entered("helper", access.SupportSetup, access.SupportCalls)
	if got := h.ask(in, "GET", "/api/v1/me", nil); got.status != 200 || !strings.Contains(got.body, `"grant":"`+g.ID) || !strings.Contains(got.body, string(h.a.ID)) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(in, "GET", "/api/v1/queues", nil); got.status != 200 || strings.Contains(got.body, h.b.canary) {
		t.Errorf("%d %s", got.status, got.body)
	}
	want1(t, h.ask(in, "GET", "/api/v1/contacts/"+h.a.contact, nil), 403, "forbidden")
	want1(t, h.ask(in, "GET", "/api/v1/organisations", nil), 403, "forbidden") // not both at once
	want1(t, h.ask(in, "POST", "/api/v1/me/password", m{"current": password, "new": password + "x"}), 403, "forbidden")

	// Without the session in which it was opened, or beside another's, it opens nothing.
	alone := *in
	alone.value = strings.TrimSpace(strings.SplitN(in.value, ";", 2)[1])
	want1(t, h.ask(&alone, "GET", "/api/v1/queues", nil), 401, "support_over")
	stolen := *in
	stolen.value = h.b.anyAdmin().value + "; " + alone.value
	got := h.ask(&stolen, "GET", "/api/v1/queues", nil)
	want1(t, got, 401, "support_over")
	if !strings.Contains(got.header.Get("Set-Cookie"), "nubitalk-support=; ") {
		t.Error("the cookie stays, so nothing else can be done any more")
	}

	left := h.ask(in, "POST", "/api/v1/support-access/leave", nil)
	if left.status != 204 || !strings.Contains(left.header.Get("Set-Cookie"), "nubitalk-support=; ") {
		t.Errorf("%d %q", left.status, left.header.Get("Set-Cookie"))
	}
	want1(t, h.ask(in, "GET", "/api/v1/queues", nil), 401, "support_over")
	if got := h.ask(own, "GET", "/api/v1/organisations", nil); got.status != 200 {
		t.Errorf("at home again: %d %s", got.status, got.body)
	}
}

// A live connection, and a file that is being sent, end with the grant.
func TestSupportEndsWhatRuns(t *testing.T) {
	h := found(t, noLimits)
	_, in, g := h.entered("helper", access.SupportRoom, access.SupportCalls)
	line := h.connect(in, "/api/v1/live", hello)
	line.until("hello")

	h.world.holds = make(chan struct{})
	req, err := http.NewRequestWithContext(t.Context(), "POST", h.url+"/api/v1/call-legs/export", strings.NewReader(`{"format":"json"}`))
	must(t, err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Cookie", in.value)
	ended := make(chan error, 1)
	go func() {
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			ended <- err
			return
		}
		defer func() { _ = res.Body.Close() }()
		all, err := io.ReadAll(bufio.NewReader(res.Body))
		if err == nil && res.StatusCode == http.StatusOK && strings.HasSuffix(strings.TrimSpace(string(all)), "]") {
			ended <- nil // whole
			return
		}
		ended <- context.Canceled
	}()
	<-h.world.holds // it runs

	if got := h.ask(h.a.anyAdmin(), "POST", "/api/v1/support-grants/"+g.ID+"/end", nil); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if f := line.until("session.ended"); !strings.Contains(string(f.Data), "support_ended") {
		t.Errorf("%s", f.Data)
	}
	if code := line.end(); code != 4401 {
		t.Errorf("closed with %d", code)
	}
	if err := <-ended; err == nil || !errors.Is(h.world.heldUntil, context.Canceled) {
		t.Errorf("the export went on: %v, %v", err, h.world.heldUntil)
	}
}
