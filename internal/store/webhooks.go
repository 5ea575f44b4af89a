package store

import (
	"time"

	"nubitalk/internal/base/errs"
)

// WebhookDeliveryRow is an event for a webhook.
type WebhookDeliveryRow struct {
	ID        string
	WebhookID string
	Event     string
	Body      string // JSON, as it is sent
	State     string // "waiting", "delivered", "failed"
	Attempts  int
	Status    int    // the last answer's; 0: there was none
	Fault     string // why the last attempt failed, a word
	CreatedAt time.Time
	DueAt     time.Time // when it is sent (again)
	TriedAt   time.Time
	EndedAt   time.Time
}

const webhookDeliveryColumns = "delivery_id, webhook_id, event, body, state, attempts, status, fault, created_at, due_at, tried_at, ended_at"

func scanWebhookDelivery(r row, d *WebhookDeliveryRow) error {
	return r.Scan(&d.ID, &d.WebhookID, &d.Event, &d.Body, &d.State, num(&d.Attempts), num(&d.Status), &d.Fault, at(&d.CreatedAt), at(&d.DueAt), at(&d.TriedAt), at(&d.EndedAt))
}

// InsertWebhookDelivery adds an event for a webhook.
func (tx *Tx) InsertWebhookDelivery(d WebhookDeliveryRow) error {
	_, err := tx.exec(`INSERT INTO webhook_deliveries (tenant_id, `+webhookDeliveryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		string(tx.scope.Tenant), d.ID, d.WebhookID, d.Event, d.Body, d.State, d.Attempts, d.Status, d.Fault, us(d.CreatedAt), us(d.DueAt), us(d.TriedAt), us(d.EndedAt))
	return err
}

// WebhookDelivery is a webhook's delivery by its id.
func (tx *Tx) WebhookDelivery(webhookID, deliveryID string) (WebhookDeliveryRow, error) {
	return get(tx, "delivery", scanWebhookDelivery, `SELECT `+webhookDeliveryColumns+` FROM webhook_deliveries WHERE tenant_id = $1 AND delivery_id = $2 AND webhook_id = $3`,
		string(tx.scope.Tenant), deliveryID, webhookID)
}

// UpdateWebhookDelivery stores what became of a delivery that had had so many attempts;
// Conflict if it had others by then.
func (tx *Tx) UpdateWebhookDelivery(d WebhookDeliveryRow, attempts int) error {
	n, err := tx.exec(`UPDATE webhook_deliveries SET state = $4, attempts = $5, status = $6, fault = $7, due_at = $8, tried_at = $9, ended_at = $10
		WHERE tenant_id = $1 AND delivery_id = $2 AND attempts = $3`,
		string(tx.scope.Tenant), d.ID, attempts, d.State, d.Attempts, d.Status, d.Fault, us(d.DueAt), us(d.TriedAt), us(d.EndedAt))
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "This delivery was tried by somebody else in the meantime.")
	}
	return err
}

// NextWebhookDelivery is the one of a webhook that is due first, whenever that is;
// NotFound where none waits.
func (tx *Tx) NextWebhookDelivery(webhookID string) (WebhookDeliveryRow, error) {
	return get(tx, "delivery", scanWebhookDelivery, `SELECT `+webhookDeliveryColumns+` FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'waiting'
		ORDER BY due_at, delivery_id LIMIT 1`, string(tx.scope.Tenant), webhookID)
}

// DropWebhookDeliveries gives up those of a webhook that wait beyond the newest so many.
func (tx *Tx) DropWebhookDeliveries(webhookID string, most int, fault string, now time.Time) (int64, error) {
	return tx.exec(`UPDATE webhook_deliveries SET state = 'failed', fault = $4, ended_at = $5 WHERE tenant_id = $1 AND delivery_id IN (
		SELECT delivery_id FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 AND state = 'waiting' ORDER BY due_at DESC, delivery_id DESC LIMIT 1000 OFFSET $3)`,
		string(tx.scope.Tenant), webhookID, most, fault, us(now))
}

// WebhookDeliveryFilter narrows a list of deliveries.
type WebhookDeliveryFilter struct {
	Webhook string
	State   string // "" means all
	Open    bool   // leave out events of security alerts
	Before  Cursor // rows after this one in the list; zero: from the newest
	Limit   int    // 0 means 50
}

// WebhookDeliveries finds a webhook's deliveries, the newest first.
func (tx *Tx) WebhookDeliveries(f WebhookDeliveryFilter) ([]WebhookDeliveryRow, error) {
	args := []any{string(tx.scope.Tenant), f.Webhook}
	bind := binder(&args)
	sql := "SELECT " + webhookDeliveryColumns + " FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2"
	if f.State != "" {
		sql += " AND state = " + bind(f.State)
	}
	if f.Open {
		sql += " AND substr(event, 1, 15) <> 'security_alert.'"
	}
	if !f.Before.At.IsZero() {
		sql += " AND (created_at, delivery_id) < (" + bind(us(f.Before.At)) + ", " + bind(f.Before.ID) + ")"
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return list(tx, scanWebhookDelivery, sql+" ORDER BY created_at DESC, delivery_id DESC LIMIT "+bind(f.Limit), args...)
}

// TrimWebhookDeliveries removes those of a webhook that have ended, beyond the newest so many.
func (tx *Tx) TrimWebhookDeliveries(webhookID string, most int) (int64, error) {
	return tx.exec(`DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND state <> 'waiting' AND delivery_id IN (
		SELECT delivery_id FROM webhook_deliveries WHERE tenant_id = $1 AND webhook_id = $2 ORDER BY created_at DESC, delivery_id DESC LIMIT 1000 OFFSET $3)`,
		string(tx.scope.Tenant), webhookID, most)
}

// DeleteWebhookDeliveries removes those that were made before a time.
func (tx *Tx) DeleteWebhookDeliveries(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM webhook_deliveries WHERE tenant_id = $1 AND created_at < $2`, string(tx.scope.Tenant), us(before))
}
