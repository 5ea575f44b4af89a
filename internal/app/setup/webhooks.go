package setup

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// mayTell refuses who may not read the audit log to have another system told of security
// alerts, or to lead what somebody else set up elsewhere. objects are as they were and as
// they are to be.
func mayTell(a access.Actor, objects ...core.Object) error {
	for _, o := range objects {
		w, ok := o.(core.Webhook)
		if ok && w.Secure() && access.Reach(a, access.AuditRead) != access.Tenant {
			return errs.New(errs.Forbidden, "Only who may read the audit log sets up where security alerts are sent.")
		}
	}
	return nil
}

// Webhook is a webhook in use with its secret, for the part that sends. It asks for no
// permission and is behind no door.
func (s *Service) Webhook(ctx context.Context, t id.Tenant, object string) (core.Webhook, secret.Text, error) {
	var row store.SetupRow
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = find(tx, core.KindWebhook, object)
		return err
	})
	if err != nil {
		return core.Webhook{}, secret.Text{}, err
	}
	if !row.ArchivedAt.IsZero() {
		return core.Webhook{}, secret.Text{}, errs.New(errs.NotFound, "There is no %s with this id.", core.KindWebhook.Word())
	}
	o, err := core.Stored(core.KindWebhook, row.Body)
	if err != nil {
		return core.Webhook{}, secret.Text{}, err
	}
	value, err := s.Secret(ctx, t, core.KindWebhook, object, core.WebhookSecret)
	return o.(core.Webhook), value, err
}
