package api

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type shelveInput struct {
	ByID
	Body struct {
		Until time.Time `json:"until" doc:"When it comes back; at most a year ahead."`
	} `nameHint:"Shelve"`
}

type composeInput struct {
	Body struct {
		Mailbox string `json:"mailbox" minLength:"1" maxLength:"64" doc:"One of GET email-writers."`
		To      string `json:"to" minLength:"1" maxLength:"254" doc:"Whom it is about: the interaction's contact. What is written may go to others as well."`
	} `nameHint:"Compose"`
}

// composed is what an agent began.
type composed struct {
	ID string `json:"id" doc:"The interaction's."`
}

// shelfRoutes are of emails that wait for their time, and of those that agents begin.
func (s *Server) shelfRoutes() {
	const tag = "Interactions"
	may := func(ctx context.Context, c *caller, interaction string) error {
		_, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, interaction)
		return err
	}
	handle(s, "POST", "/api/v1/interactions/{id}/shelve", needs(access.WorkHandle), about{id: "shelve", tag: tag, summary: "Put an email aside until a time", once: true,
		detail: "My work with it ends, without wrap-up, and its copy in memory goes. When its time has come I have it offered again while I am at work, else it waits in its queue, at the place that it had."},
		func(ctx context.Context, c *caller, in *shelveInput) (*reply[floor.Interaction], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Floor.Shelve(ctx, c.Actor, in.ID, in.Body.Until))
		})
	handle(s, "GET", "/api/v1/interactions/{id}/shelf-times", needs(access.WorkHandle), about{id: "shelfTimes", tag: tag, summary: "Times to which an email may be put aside",
		detail: "By the opening hours of its queue, in the organisation's time zone."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[setup.ShelfTime]], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			all, err := s.Floor.ShelfTimes(ctx, c.Actor, in.ID)
			return list(all, "", err)
		})
	handle(s, "GET", "/api/v1/shelved", needs(access.WorkHandle), about{id: "shelved", tag: tag, summary: "Emails that are put aside",
		detail: "One's own; all for who manages the floor. The next to come back first. `shelved.changed` tells each change live."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[floor.ShelvedEmail]], error) {
			all, err := s.Floor.Shelved(ctx, c.Actor)
			return list(all, "", err)
		})
	handle(s, "POST", "/api/v1/shelved/{id}/take", needs(access.WorkHandle), about{id: "unshelve", tag: tag, summary: "Take an email back before its time",
		detail: "By the interaction's id. I have it at once. 404 when it came back already; 409 when I have no place for it."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[floor.Interaction], error) {
			return answer(s.Floor.Unshelve(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/email-writers", needs(access.EmailWrite), about{id: "emailWriters", tag: tag, summary: "Mailboxes from which I write",
		detail: "Those of queues that I serve; none without a desk."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[email.Writer]], error) {
			all, err := s.Emails.Writers(ctx, c.Tenant)
			if err != nil {
				return nil, err
			}
			desk, err := s.Floor.Desk(ctx, c.Actor)
			if err != nil && !errs.Is(err, errs.NotFound) {
				return nil, err
			}
			serves := func(w email.Writer) bool {
				return slices.ContainsFunc(desk.Queues, func(q floor.QueueView) bool { return q.ID == w.Queue })
			}
			return list(slices.DeleteFunc(all, func(w email.Writer) bool { return !serves(w) }), "", nil)
		})
	handle(s, "POST", "/api/v1/emails", needs(access.EmailWrite), about{id: "composeEmail", tag: tag, summary: "Begin an email of one's own accord", once: true, status: 201,
		detail: "It becomes an interaction that I hold, outgoing, for the mailbox's queue, and nothing leaves yet: it is written and sent as an answer is, with `subject` and `to` (…/email/draft, …/email/reply). What answers it prefers me, where the queue keeps work for one."},
		func(ctx context.Context, c *caller, in *composeInput) (*reply[composed], error) {
			interaction, err := s.Emails.Compose(ctx, c.Actor, in.Body.Mailbox, secret.New(in.Body.To))
			return answer(composed{interaction}, err)
		})
}
