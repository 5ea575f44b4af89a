package api_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/api"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// A trunk's password goes in and never comes out; what is not sent stays.
func trunks(t *testing.T, h *house) {
	admin := h.a.users[access.Administrator]
	body := setupBodies()[setup.KindTrunk]
	send := func(method, path string, more m) answered {
		t.Helper()
		sent := m{}
		for _, part := range []m{body, more} {
			for k, v := range part {
				sent[k] = v
			}
		}
		return h.ask(admin, method, path, sent)
	}
	const word = "correct horse"
	got := send("POST", "/api/v1/trunks", m{"password": word, "confirm_plain": true})
	want1(t, got, 201, "")
	if x := h.beside; x.Secrets[setup.Password].Reveal() != word || len(x.Remove) > 0 || !x.Plain {
		t.Errorf("%+v", x)
	}
	if strings.Contains(got.body, word) || !strings.Contains(got.body, `"password_set":`) || strings.Contains(got.body, `"password":`) {
		t.Error(got.body)
	}
	path := "/api/v1/trunks/" + h.a.queue
	want1(t, send("PUT", path, m{"version": 1, "password": ""}), 200, "")
	if x := h.beside; len(x.Secrets) > 0 || len(x.Remove) > 0 || x.Plain {
		t.Errorf("%+v", x)
	}
	want1(t, send("PUT", path, m{"version": 1, "password_set": true, "password_remove": true}), 200, "")
	if x := h.beside; len(x.Secrets) > 0 || !slices.Equal(x.Remove, []string{setup.Password}) {
		t.Errorf("%+v", x)
	}
	want1(t, h.ask(admin, "PUT", path, m{"version": 1, "name": "x"}), 422, "invalid") // nothing is emptied by accident
	got = send("POST", "/api/v1/trunks", m{"password": strings.Repeat(word, 100)})
	want1(t, got, 422, "invalid")
	if strings.Contains(got.body, word) {
		t.Error("a fault tells the password")
	}
	got = h.ask(admin, "GET", path+"/status", nil)
	want1(t, got, 200, "")
	if !strings.Contains(got.body, `"running":false`) {
		t.Errorf("nobody runs calls here: %s", got.body)
	}
	h.doors.Trunks = newTrunk{}
	got = h.ask(admin, "GET", path+"/status", nil)
	h.doors.Trunks = nil
	want1(t, got, 200, "")
	if !strings.Contains(got.body, `"running":false`) {
		t.Errorf("those who run calls do not know the trunk yet: %s", got.body)
	}
	for language, says := range map[string]string{"en": "No trunk lets calls out.", "pt": "Nenhum tronco deixa sair chamadas."} {
		got := h.ask(admin, "POST", "/api/v1/trunks/try", m{"number": "112"}, "Accept-Language", language)
		if got.status != 200 || !strings.Contains(got.body, says) || !strings.Contains(got.body, `"why":"no_trunk"`) {
			t.Errorf("%s: %d %s", language, got.status, got.body)
		}
	}
	// How lines are connected is the administrators'.
	for _, role := range []access.Role{access.Supervisor, access.Agent, access.Monitor, access.PrivacyOfficer} {
		want1(t, h.ask(h.a.users[role], "GET", "/api/v1/trunks", nil), 403, "forbidden")
	}
}

// The operator's lines are seen by administrators, each its own part, and whole by
// operators alone.
func TestLinesByTheAPI(t *testing.T) {
	h := found(t, noLimits)
	lines := &someLines{}
	h.doors.Trunks, h.doors.Lines = lines, lines
	got := h.ask(h.a.users[access.Administrator], "GET", "/api/v1/trunks/lines", nil)
	want1(t, got, 200, "")
	if lines.asked != h.a.users[access.Administrator].tenant || !strings.Contains(got.body, `"name":"lisbon"`) {
		t.Errorf("%s: %s", lines.asked, got.body)
	}
	want1(t, h.ask(h.a.users[access.Supervisor], "GET", "/api/v1/trunks/lines", nil), 403, "forbidden")
	want1(t, h.ask(h.a.users[access.Administrator], "GET", "/api/v1/lines", nil), 403, "forbidden")
	h.doors.Trunks, h.doors.Lines = nil, nil
	if got := h.ask(h.a.users[access.Administrator], "GET", "/api/v1/trunks/lines", nil); got.status != 200 || !strings.Contains(got.body, `"items":[]`) {
		t.Errorf("without telephony: %d %s", got.status, got.body)
	}
}

type someLines struct {
	newTrunk
	asked id.Tenant
}

func (s *someLines) OfferedLines(_ context.Context, t id.Tenant) ([]api.OfferedLine, error) {
	s.asked = t
	return []api.OfferedLine{{Name: "lisbon", Country: "PT", State: "up"}}, nil
}

func (*someLines) LineStates(context.Context) ([]api.LineState, error) { return nil, nil }

// newTrunk runs calls and has not heard of the trunk.
type newTrunk struct{}

func (newTrunk) OfferedLines(context.Context, id.Tenant) ([]api.OfferedLine, error) { return nil, nil }

func (newTrunk) TrunkState(context.Context, id.Tenant, string) (api.TrunkState, error) {
	return api.TrunkState{}, errs.New(errs.NotFound, "It is not there.")
}
