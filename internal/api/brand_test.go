package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/core/access"
)

func TestBrand(t *testing.T) {
	h := found(t, noLimits)
	admin := h.a.users[access.Administrator]
	type own struct {
		Version int64  `json:"version"`
		Link    string `json:"link"`
		Shown   struct {
			Product string `json:"product"`
		} `json:"shown"`
	}
	read := func(got answered) (o own) {
		t.Helper()
		if got.status != 200 {
			t.Fatalf("%d %s", got.status, got.body)
		}
		if err := json.Unmarshal([]byte(got.body), &o); err != nil {
			t.Fatal(err)
		}
		return o
	}
	before := read(h.ask(admin, "GET", "/api/v1/brand", nil))
	if before.Version != 0 || before.Shown.Product != "Nubitalk" {
		t.Errorf("%+v", before)
	}
	made := read(h.ask(admin, "PUT", "/api/v1/brand", m{"version": 0, "product": "Acme Talk", "accent": "#7a1fa2"}))
	if made.Version != 1 || made.Shown.Product != "Acme Talk" || made.Link == "" {
		t.Errorf("%+v", made)
	}
	// Whoever is signed in there sees it, and nobody elsewhere.
	for _, w := range []*who{h.a.users[access.Agent], h.a.users[access.Monitor]} {
		if got := h.ask(w, "GET", "/api/v1/brand/shown", nil); got.status != 200 || !strings.Contains(got.body, "Acme Talk") {
			t.Errorf("%d %s", got.status, got.body)
		}
		want1(t, h.ask(w, "GET", "/api/v1/brand", nil), 403, "forbidden")
	}
	if got := h.ask(h.b.users[access.Administrator], "GET", "/api/v1/brand/shown", nil); got.status != 200 || strings.Contains(got.body, "Acme Talk") {
		t.Errorf("another's: %d %s", got.status, got.body)
	}
	// Before the sign-in: by the link alone.
	usual := h.ask(nil, "GET", "/api/v1/brand/public", nil)
	if got := h.ask(nil, "GET", "/api/v1/brand/public?link="+made.Link, nil); got.status != 200 || !strings.Contains(got.body, "Acme Talk") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, unknown := range []string{"acme", "nobody-there"} {
		if got := h.ask(nil, "GET", "/api/v1/brand/public?link="+unknown, nil); got.status != 200 || got.body != usual.body {
			t.Errorf("%q: %d %s", unknown, got.status, got.body)
		}
	}
	// What is wrong is said beside its field, in the reader's language.
	got := h.ask(admin, "PUT", "/api/v1/brand", m{"version": 1, "accent": "#ffd400", "privacy": "https://acme.example/privacy"})
	if got.status != 422 || !strings.Contains(got.body, `"body.accent"`) || !strings.Contains(got.body, "4.5:1 is needed") {
		t.Errorf("%d %s", got.status, got.body)
	}
	// Two change it: the second sees what the first made of it.
	got = h.ask(admin, "PUT", "/api/v1/brand", m{"version": 0, "product": "Late"})
	if got.status != 409 || !strings.Contains(got.body, "Acme Talk") {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := h.ask(admin, "POST", "/api/v1/brand/preview", m{"accent": "#ffd400"}); got.status != 200 || !strings.Contains(got.body, `"nearest":["#`) {
		t.Errorf("%d %s", got.status, got.body)
	}
	if after := read(h.ask(admin, "GET", "/api/v1/brand", nil)); after != made {
		t.Errorf("%+v became %+v", made, after)
	}
}
