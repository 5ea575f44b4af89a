package api

import (
	"context"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/app/webhook"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// WebhookBeside is what is sent with a webhook and never answered.
type WebhookBeside struct {
	Secret    string `json:"secret,omitempty" writeOnly:"true" maxLength:"1024" doc:"What messages are signed with, at least 24 bytes; whsec_ and base64 for the bytes themselves. It is sealed and never shown again; absent or empty: it stays as it is."`
	SecretSet bool   `json:"secret_set,omitempty" doc:"As it was answered; it changes nothing."`
}

func (b WebhookBeside) beside() appsetup.Extra {
	var x appsetup.Extra
	if b.Secret != "" {
		x.Secrets = map[string]secret.Text{setup.WebhookSecret: secret.New(b.Secret)}
	}
	return x
}

type (
	// NewWebhook makes a webhook.
	NewWebhook struct {
		setup.Webhook
		WebhookBeside
	}
	WebhookObject struct {
		SetupHead
		setup.Webhook
		SecretSet bool `json:"secret_set" doc:"There is a secret."`
	}
	WebhookChange struct {
		Seen
		setup.Webhook
		WebhookBeside
	}
)

func (o *WebhookObject) setHead(from SetupObject) {
	o.SetupHead.setHead(from)
	o.SecretSet = len(from.Secrets) > 0
}

func (n NewWebhook) apart() any { return n.Webhook }

type (
	deliveriesInput struct {
		ByID
		Page
		State string `query:"state" enum:"waiting,delivered,failed" doc:"Only those in this state; absent: all."`
	}
	deliveryInput struct {
		ByID
		Delivery string `path:"delivery"`
	}
)

func (s *Server) webhookRoutes() {
	handle(s, "GET", "/api/v1/webhooks/{id}/deliveries", needs(access.SetupWrite), about{id: "webhookDeliveries", tag: setupTag, summary: "What a webhook was told, the newest first",
		detail: "Of the last week, 500 at most. Who may not read the audit log sees nothing of security alerts."},
		func(ctx context.Context, c *caller, in *deliveriesInput) (*reply[ListOf[webhook.WebhookDelivery]], error) {
			return list(s.Webhooks.Deliveries(ctx, c.Actor, in.ID, in.State, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/webhooks/{id}/try", needs(access.SetupWrite), about{id: "tryWebhook", tag: setupTag, summary: "Send a webhook a ping",
		detail: "It is sent like any event; the deliveries say what became of it."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[webhook.WebhookDelivery], error) {
			return answer(s.Webhooks.Try(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/webhooks/{id}/deliveries/{delivery}/repeat", needs(access.SetupWrite), about{id: "repeatWebhookDelivery", tag: setupTag, summary: "Send an event again",
		detail: "Whatever became of it. It keeps its id, and is tried as often as a new one."},
		func(ctx context.Context, c *caller, in *deliveryInput) (*reply[webhook.WebhookDelivery], error) {
			return answer(s.Webhooks.Repeat(ctx, c.Actor, in.ID, in.Delivery))
		})
}
