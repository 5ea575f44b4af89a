package setup

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/core/webhook"
)

// A webhook has a secret, and only who may read the audit log has it told of security
// alerts, or leads it elsewhere then.
func TestWebhooks(t *testing.T) {
	h := newHouse(t)
	ctx, reader := t.Context(), as(shop, access.Administrator)
	other := reader // who may change the set-up, and not read the log
	other.Scopes = []access.Permission{access.SetupRead, access.SetupWrite}
	key := func(v string) Extra { return Extra{Secrets: map[string]secret.Text{core.WebhookSecret: secret.New(v)}} }
	const good = "0123456789abcdef01234567"
	open := core.Webhook{Name: "On call", Address: " https://alerts.example.com/in ", Events: []string{webhook.AlertRaised, webhook.AlertEnded, webhook.AlertRaised}}
	secure := core.Webhook{Name: "Watch", Address: "https://watch.example.com", Events: []string{webhook.AlertEnded, webhook.SecurityAlertRaised}}

	_, err := h.CreateWith(ctx, reader, core.KindWebhook, encode(open), Extra{})
	wantCode(t, err, errs.Invalid, "secret: is missing")
	_, err = h.CreateWith(ctx, reader, core.KindWebhook, encode(open), key("too short"))
	wantCode(t, err, errs.Invalid, "secret: is too short")
	for says, bad := range map[string]core.Webhook{
		"address: must be an address such": {Name: "x", Address: "http://a.example.com", Events: open.Events},
		"address: must be on the public":   {Name: "x", Address: "https://10.0.0.1", Events: open.Events},
		"events: is missing":               {Name: "x", Address: "https://a.example.com"},
		"events[0]: is \"ping\"":           {Name: "x", Address: "https://a.example.com", Events: []string{"ping"}},
	} {
		_, err := h.CreateWith(ctx, reader, core.KindWebhook, encode(bad), key(good))
		wantCode(t, err, errs.Invalid, says)
	}

	o, err := h.CreateWith(ctx, other, core.KindWebhook, encode(open), key(good))
	if err != nil {
		t.Fatal(err)
	}
	w, value, err := h.Webhook(ctx, shop, o.ID)
	if err != nil || value.Reveal() != good || w.Address != "https://alerts.example.com/in" || len(w.Events) != 2 {
		t.Errorf("%v %+v", err, w)
	}
	if _, value, err := h.Webhook(ctx, books, o.ID); !errs.Is(err, errs.NotFound) || !value.Empty() {
		t.Error("another tenant's:", err)
	}
	if _, err := h.List(ctx, as(shop, access.Supervisor), core.KindWebhook, false); !errs.Is(err, errs.Forbidden) {
		t.Error("a supervisor sees webhooks:", err)
	}

	_, err = h.CreateWith(ctx, other, core.KindWebhook, encode(secure), key(good))
	wantCode(t, err, errs.Forbidden, "audit log")
	_, err = h.PutWith(ctx, other, core.KindWebhook, o.ID, o.Version, encode(secure), Extra{})
	wantCode(t, err, errs.Forbidden, "audit log")
	s, err := h.CreateWith(ctx, reader, core.KindWebhook, encode(secure), key(good))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := secure
	elsewhere.Address = "https://evil.example.com"
	_, err = h.PutWith(ctx, other, core.KindWebhook, s.ID, s.Version, encode(elsewhere), Extra{})
	wantCode(t, err, errs.Forbidden, "audit log")
	elsewhere.Events = []string{webhook.AlertEnded}
	_, err = h.PutWith(ctx, other, core.KindWebhook, s.ID, s.Version, encode(elsewhere), Extra{})
	wantCode(t, err, errs.Forbidden, "audit log")
	_, err = h.PutWith(ctx, other, core.KindWebhook, s.ID, s.Version, encode(secure), key("another secret of 24 bytes"))
	wantCode(t, err, errs.Forbidden, "audit log")
	if err := h.Archive(ctx, other, core.KindWebhook, s.ID, s.Version); err != nil {
		t.Error("anybody who sets up may end it:", err)
	}
	if _, _, err := h.Webhook(ctx, shop, s.ID); !errs.Is(err, errs.NotFound) {
		t.Error("one out of use is sent to:", err)
	}
	_, err = h.Restore(ctx, other, core.KindWebhook, s.ID, s.Version+1)
	wantCode(t, err, errs.Forbidden, "audit log")
	if _, err := h.Restore(ctx, reader, core.KindWebhook, s.ID, s.Version+1); err != nil {
		t.Error(err)
	}
}
