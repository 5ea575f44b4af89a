package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	core "nubitalk/internal/core/webhook"
	"nubitalk/internal/store"
)

// JobSend is the kind of the job that sends what waits for a webhook. There is one at a
// time for each.
const JobSend = "webhook.send"

const (
	patience = 10 * time.Second // for one answer
	atOnce   = 50               // messages of one run; the next run goes on
	pause    = 10 * time.Second // after a failure, whatever else waits
	mostWait = 1000             // messages that wait for one webhook; older ones are given up
	mostKept = 500              // messages of one webhook that are remembered
)

// Why a message was not taken.
const (
	faultStatus      = "status"      // another answer than 2xx
	faultGone        = "gone"        // the answer 410: nobody is to send there any more
	faultRedirect    = "redirect"    // it was sent on to elsewhere
	faultTimeout     = "timeout"     // no answer in time
	faultUnreachable = "unreachable" // no connection, or no secure one
	faultNotAllowed  = "not_allowed" // not on the public network, or not among what the operator allows
	faultRemoved     = "removed"     // the webhook is out of use, or asks for other events by now
	faultCrowded     = "crowded"     // too many waited
)

// States of a delivery.
const (
	waiting   = "waiting"
	delivered = "delivered"
	failed    = "failed"
)

// Setup gives a webhook in use with its secret.
type Setup interface {
	Webhook(ctx context.Context, t id.Tenant, webhook string) (setup.Webhook, secret.Text, error)
}

// Network brings a message to an address outside and gives the answer's status.
type Network interface {
	Post(ctx context.Context, to *url.URL, headers map[string]string, body string) (int, error)
}

// Auditor notes who did what.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Deps is what the service needs.
type Deps struct {
	DB      *store.DB
	Clock   clock.Clock
	IDs     *id.Source
	Setup   Setup
	Network Network
	Audit   Auditor
	// Kick has due jobs looked for at once; it does not wait. May be nil.
	Kick func()
	Log  *slog.Logger
	// Waiting and Kept are how many messages of one webhook wait, and are remembered, at
	// most; 0 means 1000 and 500.
	Waiting, Kept int
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service {
	d.Waiting, d.Kept = cmp.Or(d.Waiting, mostWait), cmp.Or(d.Kept, mostKept)
	return &Service{d}
}

// Tell writes events for the webhooks that ask for them, in the transaction of what
// happened; they are sent after its commit. Call it after the audit log's entries.
func (s *Service) Tell(tx *store.Tx, events ...core.Event) error {
	rows, err := tx.SetupOf(string(setup.KindWebhook))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !row.ArchivedAt.IsZero() {
			continue
		}
		o, err := setup.Stored(setup.KindWebhook, row.Body)
		if err != nil {
			return err
		}
		wanted := slices.DeleteFunc(slices.Clone(events), func(e core.Event) bool { return !slices.Contains(o.(setup.Webhook).Events, e.Type) })
		for _, e := range wanted {
			if _, err := s.add(tx, row.ID, e); err != nil {
				return err
			}
		}
		if len(wanted) > 0 {
			if err := s.hasten(tx, row.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) add(tx *store.Tx, webhook string, e core.Event) (store.WebhookDeliveryRow, error) {
	body, err := core.Body(e)
	if err != nil {
		return store.WebhookDeliveryRow{}, errs.Wrap(errs.Internal, err, "An event could not be written.")
	}
	now := s.now()
	d := store.WebhookDeliveryRow{ID: s.IDs.New(id.Delivery), WebhookID: webhook, Event: e.Type, Body: body, State: waiting, CreatedAt: now, DueAt: now}
	return d, tx.InsertWebhookDelivery(d)
}

// hasten has what waits for a webhook sent after the commit.
func (s *Service) hasten(tx *store.Tx, webhook string) error {
	if _, err := tx.DropWebhookDeliveries(webhook, s.Waiting, faultCrowded, s.now()); err != nil {
		return err
	}
	if err := s.due(tx, webhook, s.now()); err != nil {
		return err
	}
	if s.Kick != nil {
		tx.Then(s.Kick)
	}
	return nil
}

// due makes sure that a webhook's job runs at a time, or before.
func (s *Service) due(tx *store.Tx, webhook string, at time.Time) error {
	_, own, _ := strings.Cut(webhook, "_") // one job for each webhook
	return tx.EnsureJob(store.JobRow{ID: id.Job + "_" + own, Kind: JobSend, ObjectID: webhook, RunAt: at, CreatedAt: s.now()})
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// RunSend sends what is due for a webhook, one after another. After one that was not taken
// the others wait, too: it is the same system.
func (s *Service) RunSend(ctx context.Context, job store.JobRow) error {
	earliest := time.Time{}
	for range atOnce {
		var d store.WebhookDeliveryRow
		err := s.DB.Read(ctx, job.Tenant, func(tx *store.Tx) (err error) {
			d, err = tx.NextWebhookDelivery(job.ObjectID)
			return err
		})
		if errs.Is(err, errs.NotFound) || err == nil && d.DueAt.After(s.now()) {
			break
		}
		if err != nil {
			return err
		}
		taken, err := s.send(ctx, job.Tenant, d)
		if err != nil {
			return err
		}
		if !taken {
			earliest = s.now().Add(pause)
			break
		}
	}
	return s.rest(ctx, job, earliest)
}

// rest ends a run: without a job where nothing waits, else with one for what is due next.
func (s *Service) rest(ctx context.Context, job store.JobRow, earliest time.Time) error {
	err := s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		// Whoever adds something waits from here on, or is seen below.
		if err := tx.FinishJob(job); err != nil {
			return err
		}
		if _, err := tx.TrimWebhookDeliveries(job.ObjectID, s.Kept); err != nil {
			return err
		}
		next, err := tx.NextWebhookDelivery(job.ObjectID)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		at := next.DueAt
		if at.Before(earliest) {
			at = earliest
		}
		return s.due(tx, job.ObjectID, at)
	})
	if errs.Is(err, errs.Conflict) { // it took so long that another has it
		return nil
	}
	return err
}

// send sends one message and notes what became of it; taken is false where the others had
// better wait. An error says that nothing is known: it is tried again as it was.
func (s *Service) send(ctx context.Context, t id.Tenant, d store.WebhookDeliveryRow) (taken bool, err error) {
	before := d.Attempts
	w, key, err := s.Setup.Webhook(ctx, t, d.WebhookID)
	switch {
	case errs.Is(err, errs.NotFound), err == nil && d.Event != core.Ping && !slices.Contains(w.Events, d.Event):
		d.State, d.Fault, d.EndedAt, taken = failed, faultRemoved, s.now(), true
		return taken, s.note(ctx, t, d, before)
	case err != nil:
		return false, err
	}
	to, err := w.URL()
	if err != nil {
		return false, err
	}
	d.TriedAt, d.Attempts = s.now(), d.Attempts+1
	d.Status, d.Fault = s.post(ctx, to, core.Sign(key, d.ID, d.TriedAt, d.Body), d.Body)
	if ctx.Err() != nil && d.Fault != "" { // the program stops; that says nothing of the other system
		return false, errs.As(ctx.Err())
	}
	again, more := core.Again(d.Attempts)
	switch {
	case d.Fault == "":
		d.State, d.EndedAt, taken = delivered, s.now(), true
	case d.Fault == faultGone || !more:
		d.State, d.EndedAt = failed, s.now()
		s.Log.Warn("another system did not take an event, which is given up", "tenant", t, "webhook", d.WebhookID, "delivery", d.ID, "event", d.Event, "fault", d.Fault, "status", d.Status, "attempts", d.Attempts)
	default:
		d.DueAt = s.now().Add(again)
	}
	return taken, s.note(ctx, t, d, before)
}

// post gives the answer's status, 0 if there was none, and why it is no success.
func (s *Service) post(ctx context.Context, to *url.URL, headers map[string]string, body string) (status int, fault string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	status, err := s.Network.Post(ctx, to, headers, body)
	switch {
	case err != nil && status == 0 && errs.Is(err, errs.Forbidden):
		return 0, faultNotAllowed
	case err != nil && status == 0 && ctx.Err() != nil:
		return 0, faultTimeout
	case err != nil && status == 0:
		return 0, faultUnreachable
	case status == 410:
		return status, faultGone
	case status/100 == 3:
		return status, faultRedirect
	case status/100 != 2:
		return status, faultStatus
	}
	return status, ""
}

func (s *Service) note(ctx context.Context, t id.Tenant, d store.WebhookDeliveryRow, before int) error {
	err := s.DB.Write(context.WithoutCancel(ctx), t, func(tx *store.Tx) error { return tx.UpdateWebhookDelivery(d, before) })
	if errs.Is(err, errs.Conflict) { // somebody had it sent again, or it was forgotten, meanwhile
		return nil
	}
	return err
}
