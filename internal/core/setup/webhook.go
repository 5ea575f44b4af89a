package setup

import (
	"net/url"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/outside"
	"nubitalk/internal/core/webhook"
)

// WebhookSecret is what a webhook's messages are signed with.
const WebhookSecret = "secret"

// Webhook is a system outside that is told of events. Its secret is no part of it.
type Webhook struct {
	Name    string   `json:"name" minLength:"1" maxLength:"80"`
	Address string   `json:"address" maxLength:"400" doc:"Where the events are sent, e.g. https://alerts.example.com/nubitalk: HTTPS, on the public network."`
	Events  []string `json:"events" enum:"alert.raised,alert.changed,alert.ended,security_alert.raised,security_alert.changed,security_alert.ended" minItems:"1" doc:"What it is told of. Security alerts only by who may read the audit log."`
}

func (Webhook) Kind() Kind         { return KindWebhook }
func (w Webhook) Called() string   { return w.Name }
func (w Webhook) Unique() []Unique { return byName(w.Name) }
func (Webhook) Uses() []Use        { return nil }

func (w Webhook) clean() Object {
	w.Name = tidy(w.Name)
	w.Address = strings.TrimSpace(w.Address)
	w.Events = once(w.Events)
	return w
}

// URL is the address, read.
func (w Webhook) URL() (*url.URL, error) { return outside.Address(w.Address) }

func (w Webhook) Validate(Refs) error {
	var f checks
	f.name("name", w.Name, 1, 80)
	if _, err := w.URL(); err != nil {
		f.Add("address", "%s", errs.As(err).Text)
	}
	f.text("address", w.Address, 1, 400)
	if len(w.Events) == 0 {
		f.Add("events", "is missing; name at least one.")
	}
	for i, e := range w.Events {
		f.oneOf(at("events", i), e, webhook.Events...)
	}
	return f.Err()
}

// CheckSecrets tells what is missing beside the webhook's secrets, by name.
func (Webhook) CheckSecrets(has map[string]bool) error {
	if !has[WebhookSecret] {
		return errs.Bad(WebhookSecret, "is missing; messages are signed with it.")
	}
	return nil
}

// Secure says that a webhook is told of what only readers of the audit log know.
func (w Webhook) Secure() bool { return webhook.AnySecure(w.Events) }
