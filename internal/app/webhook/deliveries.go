package webhook

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	core "nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// WebhookDelivery is what became of an event that a webhook asked for.
type WebhookDelivery struct {
	ID        string    `json:"id" doc:"The header Webhook-Id, the same whenever it is sent."`
	Event     string    `json:"event" enum:"alert.raised,alert.changed,alert.ended,security_alert.raised,security_alert.changed,security_alert.ended,ping"`
	State     string    `json:"state" enum:"waiting,delivered,failed"`
	Attempts  int       `json:"attempts"`
	Status    int       `json:"status,omitempty" doc:"The last answer's HTTP status."`
	Fault     string    `json:"fault,omitempty" enum:"status,gone,redirect,timeout,unreachable,not_allowed,removed,crowded" doc:"Why the last attempt failed. not_allowed: the address is not on the public network, or the operator does not let it be reached. removed: the webhook is out of use or asks for other events by now. crowded: more than 1000 waited."`
	CreatedAt time.Time `json:"created_at"`
	DueAt     time.Time `json:"due_at,omitzero" doc:"When it is sent next, while it waits."`
	TriedAt   time.Time `json:"tried_at,omitzero"`
}

func deliveryOf(r store.WebhookDeliveryRow) WebhookDelivery {
	d := WebhookDelivery{ID: r.ID, Event: r.Event, State: r.State, Attempts: r.Attempts, Status: r.Status, Fault: r.Fault, CreatedAt: r.CreatedAt, TriedAt: r.TriedAt}
	if r.State == waiting {
		d.DueAt = r.DueAt
	}
	return d
}

// Deliveries lists what a webhook was told in the last week, the newest first. Who may not
// read the audit log sees nothing of security alerts.
func (s *Service) Deliveries(ctx context.Context, a access.Actor, webhook, state, cursor string, limit int) (items []WebhookDelivery, next string, err error) {
	if limit <= 0 {
		limit = 50
	}
	f := store.WebhookDeliveryFilter{Webhook: webhook, State: state, Open: !readsLog(a), Limit: min(limit, 200) + 1}
	if f.Before, err = store.ReadCursor(cursor, id.Delivery); err != nil {
		return nil, "", err
	}
	var rows []store.WebhookDeliveryRow
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if _, err := own(tx, a, webhook); err != nil {
			return err
		}
		rows, err = tx.WebhookDeliveries(f)
		return err
	})
	if err != nil {
		return nil, "", err
	}
	if n := f.Limit - 1; len(rows) > n {
		rows = rows[:n]
		next = store.Cursor{At: rows[n-1].CreatedAt, ID: rows[n-1].ID}.String()
	}
	items = make([]WebhookDelivery, len(rows))
	for i, r := range rows {
		items[i] = deliveryOf(r)
	}
	return items, next, nil
}

// Try sends a webhook an event of no consequence, so that it is seen whether it arrives.
func (s *Service) Try(ctx context.Context, a access.Actor, webhook string) (WebhookDelivery, error) {
	var d store.WebhookDeliveryRow
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if archived, err := own(tx, a, webhook); err != nil || archived {
			return notInUse(err)
		}
		// The entry first: it locks the chain's end, as whoever raises alerts does.
		if err := s.Audit.Record(tx, a, "webhook.tried", "webhook", webhook, nil); err != nil {
			return err
		}
		var err error
		if d, err = s.add(tx, webhook, core.Event{Type: core.Ping, At: s.now(), Data: struct{}{}}); err != nil {
			return err
		}
		return s.hasten(tx, webhook)
	})
	if err != nil {
		return WebhookDelivery{}, err
	}
	return deliveryOf(d), nil
}

// Repeat has an event sent again, whatever became of it. It keeps its id.
func (s *Service) Repeat(ctx context.Context, a access.Actor, webhook, delivery string) (WebhookDelivery, error) {
	var d store.WebhookDeliveryRow
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		archived, err := own(tx, a, webhook)
		if err != nil {
			return err
		}
		if d, err = tx.WebhookDelivery(webhook, delivery); err != nil || core.Secure(d.Event) && !readsLog(a) {
			return errs.New(errs.NotFound, "This delivery does not exist.")
		}
		if archived {
			return notInUse(nil)
		}
		if err := s.Audit.Record(tx, a, "webhook.repeated", "webhook", webhook, map[string]string{"delivery": delivery}); err != nil {
			return err
		}
		before := d.Attempts
		d.State, d.Attempts, d.Status, d.Fault, d.DueAt, d.EndedAt = waiting, 0, 0, "", s.now(), time.Time{}
		if err := tx.UpdateWebhookDelivery(d, before); err != nil {
			return err
		}
		return s.hasten(tx, webhook)
	})
	if err != nil {
		return WebhookDelivery{}, err
	}
	return deliveryOf(d), nil
}

// own refuses who may not set up webhooks, and a webhook that the organisation does not have.
func own(tx *store.Tx, a access.Actor, webhook string) (archived bool, err error) {
	if access.Reach(a, access.SetupWrite) != access.Tenant {
		return false, errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	row, err := tx.Setup(string(setup.KindWebhook), webhook)
	if errs.Is(err, errs.NotFound) {
		err = errs.Wrap(errs.NotFound, err, "There is no %s with this id.", setup.KindWebhook.Word())
	}
	return !row.ArchivedAt.IsZero(), err
}

func notInUse(err error) error {
	if err != nil {
		return err
	}
	return errs.New(errs.Conflict, "This webhook is out of use. Restore it first.")
}

func readsLog(a access.Actor) bool { return access.Reach(a, access.AuditRead) == access.Tenant }
