package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/access"
)

// What a request asks for decides, then the caller's own language; a live
// connection cannot ask, so there it is the other way round.
func inTheReadersLanguage(t *testing.T, h *house) {
	monitor := h.a.users[access.Monitor]
	own := func(language string) {
		t.Helper()
		me := h.ask(monitor, "GET", "/api/v1/me", nil)
		var view struct {
			User struct {
				Version int64 `json:"version"`
			} `json:"user"`
		}
		must(t, json.Unmarshal([]byte(me.body), &view))
		want1(t, h.ask(monitor, "PATCH", "/api/v1/me", m{"version": view.User.Version, "language": language}), 200, "")
	}
	own("pt")
	defer own("en")
	const english, portuguese = "You are not allowed to do this.", "Não tem permissão para fazer isto."
	for _, c := range []struct {
		w          *who
		asks, want string
	}{
		{monitor, "", "pt"}, {monitor, "en-GB", "en"}, {monitor, "de, fr;q=0.5", "pt"}, {monitor, "pt-BR", "pt"},
		{h.a.users[access.Agent], "", "en"}, {h.a.users[access.Agent], "pt", "pt"},
	} {
		got := h.ask(c.w, "POST", "/api/v1/users", m{}, "Accept-Language", c.asks)
		want1(t, got, 403, "forbidden")
		if said := sentences(t, got.body)[0]; got.header.Get("Content-Language") != c.want || said != map[string]string{"en": english, "pt": portuguese}[c.want] {
			t.Errorf("asked in %q: %q in %q, want %s", c.asks, said, got.header.Get("Content-Language"), c.want)
		}
	}
	if got := h.ask(nil, "GET", "/api/v1/me", nil, "Accept-Language", "pt"); sentences(t, got.body)[0] != "Não tem sessão iniciada. Inicie sessão." {
		t.Errorf("nobody is told %s", got.body)
	}
	if got := h.ask(nil, "GET", "/api/v1/nothing", nil); got.header.Get("Content-Language") != "en" {
		t.Errorf("nobody is answered in %q", got.header.Get("Content-Language"))
	}

	c := h.connect(monitor, "/api/v1/live", hello)
	c.hear()
	c.say("[]")
	if f := c.hear(); f.Type != "error" || !strings.Contains(string(f.Data), "Cada mensagem da ligação") {
		t.Errorf("the live connection says %s", f.Data)
	}
	c.ws.CloseNow()

	h.a.speaks = "pt"
	defer func() { h.a.speaks = "" }()
	visitor := h.connect(nil, "/chat/v1/socket", m{"type": "hello", "token": h.a.token, "after": 3})
	visitor.hear()
	visitor.say(m{"type": "message", "client_id": "c", "text": ""})
	for {
		f := visitor.hear()
		if f.Type == "error" {
			if !strings.Contains(string(f.Data), "não pode estar vazio") {
				t.Errorf("the visitor is told %s", f.Data)
			}
			break
		}
	}
	visitor.ws.CloseNow()
}

// A fault of ours is told to nobody but the log.
func TestFaultsOfOursSayNothing(t *testing.T) {
	h := found(t, noLimits)
	got := h.ask(h.a.users[access.Administrator], "POST", "/api/v1/skills", m{"name": "fault"}, "Accept-Language", "pt")
	want1(t, got, 500, "internal")
	if said := sentences(t, got.body)[0]; said != "Algo correu mal do nosso lado. Tente de novo." {
		t.Errorf("told: %q", said)
	}
	if !strings.Contains(h.log.String(), "The shelf is damaged.") {
		t.Error("the log does not say what it was")
	}
}

// Why one of several is refused is said as the one who asks reads it, too.
func TestWhyOneOfSeveralIsRefusedIsTranslated(t *testing.T) {
	h := found(t, noLimits)
	got := h.ask(h.a.users[access.Administrator], "POST", "/api/v1/labels/several", m{"do": "archive", "objects": []any{m{"id": "lbl_1"}}}, "Accept-Language", "pt")
	want1(t, got, 200, "")
	if why := decoded[appsetup.SeveralObjects](t, got).Objects[1].Problem; !strings.Contains(why, "foi entretanto alterad") {
		t.Error(why)
	}
}
