package api

import (
	"context"

	"nubitalk/internal/channel/email"
	"nubitalk/internal/core/access"
)

type mergeInput struct {
	ByID
	Body struct {
		With    string   `json:"with" minLength:"1" maxLength:"64" doc:"The interaction of the other email, which goes on here."`
		Senders []string `json:"senders,omitempty" maxItems:"2" doc:"The addresses of both, where two different people wrote: they are joined by who has seen both alone."`
	} `nameHint:"MergeEmails"`
}

type splitInput struct {
	ByID
	Body struct {
		Email string `json:"email" minLength:"1" maxLength:"64" doc:"The interaction that was merged into this one."`
		Queue string `json:"queue,omitempty" maxLength:"64" doc:"Where it waits; absent: I have it, if I have a place for it."`
		Undo  bool   `json:"undo,omitempty" doc:"It goes back to where it was; only as long as nothing was sent since they were merged."`
	} `nameHint:"SplitEmail"`
}

// splitWork is an email that is work of its own again.
type splitWork struct {
	ID string `json:"id" doc:"The interaction's, a new one."`
}

// mergeRoutes are of emails that go on in one.
func (s *Server) mergeRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}/email"
	handle(s, "GET", base+"/duplicates", needs(access.WorkHandle), about{id: "duplicates", tag: tag, summary: "Emails that can be merged into one that I have",
		detail: "Mine, and those that wait in queues that I serve; first those of the same person. At most 10."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ListOf[email.Duplicate]], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			all, err := s.Emails.Duplicates(ctx, c.Actor, in.ID)
			for _, d := range all {
				if err == nil {
					err = s.Contacts.Seen(ctx, c.Actor, d.Contact)
				}
			}
			return list(all, "", err)
		})
	handle(s, "POST", base+"/merge", needs(access.WorkHandle), about{id: "mergeEmails", tag: tag, summary: "Have another email go on in one that I have", once: true,
		detail: "The other's work is closed, and points here (`merged_into`). Both messages are read here (`merged`), an answer refers to both, and the provider is told of both when this one is handled. 409: somebody else has the other. 422 at `senders`: two different people wrote."},
		func(ctx context.Context, c *caller, in *mergeInput) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Emails.Merge(ctx, c.Actor, in.ID, in.Body.With, in.Body.Senders))
		})
	handle(s, "POST", base+"/split", needs(access.WorkHandle), about{id: "splitEmail", tag: tag, summary: "Take an email out of one into which it was merged", once: true, status: 201,
		detail: "It becomes an interaction of its own, with me or in a queue; what answers it from then on goes on there."},
		func(ctx context.Context, c *caller, in *splitInput) (*reply[splitWork], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			made, err := s.Emails.Split(ctx, c.Actor, in.ID, email.Apart{Email: in.Body.Email, Queue: in.Body.Queue, Undo: in.Body.Undo})
			return answer(splitWork{made}, err)
		})
}
