package api

import (
	"context"

	"nubitalk/internal/channel/email"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

type rejectInput struct {
	ByID
	Body struct {
		Reason  string `json:"reason" minLength:"1" maxLength:"64" doc:"One of those of GET …/email/rejection."`
		Version int64  `json:"version" doc:"The reason's, as you saw it: its sender is told what you saw."`
		Hold    bool   `json:"hold,omitempty" doc:"It is rejected when hold_seconds are over, and that can be undone until then."`
	} `nameHint:"Reject"`
}

// rejectRoutes are of emails that are answered to nobody.
func (s *Server) rejectRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}/email/rejection"
	handle(s, "GET", base, needs(access.WorkHandle), about{id: "rejection", tag: tag, summary: "What rejecting an email would do",
		detail: "The reasons in use, with what each tells the sender, in the email's language, and does with the message at the provider; and why the sender is told nothing, if so (RFC 3834)."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[email.Rejection], error) {
			w, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID)
			if err == nil {
				err = s.Contacts.Seen(ctx, c.Actor, w.Contact)
			}
			if err != nil {
				return nil, err
			}
			return answer(s.Emails.Rejection(ctx, c.Tenant, in.ID))
		})
	handle(s, "POST", base, needs(access.WorkHandle), about{id: "rejectEmail", tag: tag, summary: "Reject an email for a reason", once: true,
		detail: "The work is closed with the reason `rejected`, and its copy in memory goes at once. The message at the provider is marked, or moved, as the reason says; it is never deleted. What waits, or is put aside, is rejected by who manages the floor. 409: somebody else has it meanwhile, it was answered, or the reason was changed."},
		func(ctx context.Context, c *caller, in *rejectInput) (*reply[email.Rejecting], error) {
			w, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID)
			if err != nil {
				return nil, err
			}
			holder := ""
			if w.State == string(acd.Active) || w.State == string(acd.Wrapping) {
				holder = w.Agent
			}
			return answer(s.Emails.Reject(ctx, c.Actor, in.ID, email.RejectAs{Holder: holder, Reason: in.Body.Reason, Version: in.Body.Version, Hold: in.Body.Hold}))
		})
	handle(s, "DELETE", base, needs(access.WorkHandle), about{id: "undoRejection", tag: tag, summary: "Undo a rejection that is held", once: true, detail: "409: it is too late."},
		func(ctx context.Context, c *caller, in *ByID) (*struct{}, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return nil, s.Emails.UndoReject(ctx, c.Actor, in.ID)
		})
}
