package api

import (
	"context"
	"net/http"
	"time"

	"nubitalk/internal/app/floor"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
)

// SearchedFor is by what interactions are found that is nobody's secret: in an address or in
// a body.
type SearchedFor struct {
	Person   string    `query:"person" json:"person,omitempty" maxLength:"64" doc:"Contact id."`
	Agent    string    `query:"agent" json:"agent,omitempty" maxLength:"64"`
	Queue    string    `query:"queue" json:"queue,omitempty" maxLength:"64"`
	From     time.Time `query:"from" json:"from,omitzero" doc:"Arrived at or after."`
	To       time.Time `query:"to" json:"to,omitzero" doc:"Arrived before."`
	Recorded bool      `query:"recorded" json:"recorded,omitempty" doc:"Only those that have a recording."`
	Field    string    `query:"field" json:"field,omitempty" maxLength:"40" doc:"Key of a custom field that tells nothing about a person and is not masked: a number, a yes or no, a date, a time or a choice."`
	Value    string    `query:"value" json:"value,omitempty" maxLength:"64" doc:"Its value, with field."`
	State    string    `query:"state" json:"state,omitempty" enum:"open,arriving,in_flow,queued,offered,active,held,wrapping,closed"`
}

// search is for these.
func (f SearchedFor) search(p PageOf) Search {
	return Search{Field: f.Field, Value: f.Value, Person: f.Person, Agent: f.Agent, Queue: f.Queue, From: f.From, To: f.To, State: f.State, Recorded: f.Recorded,
		Cursor: p.Cursor, Limit: p.Limit}
}

type searchInput struct {
	Page
	SearchedFor
}

// wordsInput is a search by what is somebody's: no address that others keep says it.
type wordsInput struct {
	Body struct {
		Words   string `json:"words,omitempty" maxLength:"200" doc:"All of these words are in the conversation."`
		Address string `json:"address,omitempty" maxLength:"254" doc:"Exact phone number, email address or handle."`
		SearchedFor
		PageOf
	} `nameHint:"FindInteractions"`
}

type messagesInput struct {
	ByID
	After  int64 `query:"after" minimum:"0" doc:"Those with a seq above."`
	Before int64 `query:"before" minimum:"0" doc:"The last ones with a seq below."`
	Limit  int   `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type sendInput struct {
	ByID
	Body struct {
		ClientID string `json:"client_id" minLength:"1" maxLength:"64" doc:"The sender's own id; a repeat is the same message."`
		Kind     string `json:"kind,omitempty" enum:"text,note,hint" default:"text" doc:"A note is internal: the visitor never sees it. A hint is a note of a supervisor to who holds the work."`
		Text     string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

type readInput struct {
	ByID
	Body struct {
		Seq int64 `json:"seq" minimum:"0"`
	}
}

type attachInput struct {
	ByID
	Form
}

type attachmentInput struct {
	ByID
	Attachment string `path:"attachment" maxLength:"64"`
}

// fileOutput sends a file so that no browser runs it.
type fileOutput struct {
	ContentType  string `header:"Content-Type"`
	Disposition  string `header:"Content-Disposition"`
	CacheControl string `header:"Cache-Control"`
	CSP          string `header:"Content-Security-Policy"`
	Body         []byte
}

func (s *Server) interactionRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions"
	handle(s, "GET", base, needs(access.WorkSearch), about{id: "interactions", tag: tag, summary: "Find interactions, newest first",
		detail: "An agent finds its own, supervisors and privacy officers the tenant's."},
		func(ctx context.Context, c *caller, in *searchInput) (*reply[ListOf[floor.Interaction]], error) {
			return s.found(ctx, c, in.search(PageOf{Cursor: in.Cursor, Limit: in.Limit}))
		})
	handle(s, "POST", base+"/search", needs(access.WorkSearch), about{id: "findInteractions", tag: tag, summary: "Find interactions by words or an address, too", once: true,
		detail: "It changes nothing. As the list, and by what is somebody's, which is in the body, so that it stands in no address that others keep."},
		func(ctx context.Context, c *caller, in *wordsInput) (*reply[ListOf[floor.Interaction]], error) {
			q := in.Body.search(in.Body.PageOf)
			q.Words, q.Address = secret.New(in.Body.Words), secret.New(in.Body.Address)
			return s.found(ctx, c, q)
		})
	handle(s, "GET", base+"/{id}", needs(access.WorkRead), about{id: "interaction", tag: tag, summary: "One interaction with what stands beside it"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[InteractionDetail], error) {
			return answer(s.detail(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", base+"/{id}/messages", needs(access.WorkRead), about{id: "messages", tag: tag, summary: "The conversation, notes included"},
		func(ctx context.Context, c *caller, in *messagesInput) (*reply[ListOf[chat.Message]], error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			items, err := s.Chat.Messages(ctx, c.Tenant, in.ID, in.After, in.Before, in.Limit)
			return list(items, "", err)
		})
	handle(s, "POST", base+"/{id}/messages", needs(access.NoteWrite), about{id: "sendMessage", tag: tag, summary: "Write to the person, or a note",
		status: 201, detail: "A text needs `work.handle` as well, a hint `floor.manage`."},
		func(ctx context.Context, c *caller, in *sendInput) (*reply[chat.Message], error) {
			p := access.NoteWrite
			switch in.Body.Kind {
			case chat.KindText:
				p = access.WorkHandle
			case chat.KindHint:
				p = access.FloorManage
			}
			if access.Reach(c.Actor, p) == access.None {
				return nil, errs.New(errs.Forbidden, "You may not write this kind of message.")
			}
			w, err := s.Floor.Work(ctx, c.Actor, p, in.ID)
			if err == nil && w.Channel == acd.Email && in.Body.Kind == chat.KindText {
				err = errs.New(errs.Conflict, "An email is answered by an email; here are only notes.")
			}
			if err != nil {
				return nil, err
			}
			return answer(s.Chat.Send(ctx, c.Actor, in.ID, in.Body.ClientID, in.Body.Kind, secret.New(in.Body.Text)))
		})
	s.markRoutes()
}

// found is what a search finds; a custom field is named by its key.
func (s *Server) found(ctx context.Context, c *caller, q Search) (*reply[ListOf[floor.Interaction]], error) {
	if q.Field != "" {
		var err error
		if q.Field, q.Value, err = s.Fields.Searched(ctx, c.Actor, setup.OfInteraction, q.Field, q.Value); err != nil {
			return nil, err
		}
	} else {
		q.Value = ""
	}
	return list(s.History.Search(ctx, c.Actor, q))
}

func (s *Server) markRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}"
	hold := needs(access.WorkHandle)
	handle(s, "POST", base+"/read", hold, about{id: "markRead", tag: tag, summary: "I have read up to here", once: true},
		func(ctx context.Context, c *caller, in *readInput) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Chat.Read(ctx, c.Actor, in.ID, in.Body.Seq))
		})
	handle(s, "POST", base+"/typing", hold, about{id: "typing", tag: tag, summary: "I am typing", once: true},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			return done(s.Chat.Typing(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", base+"/attachments", hold, about{id: "attach", tag: tag, summary: "Send a file", status: 201, once: true,
		body: maxUpload, raw: describeUpload},
		func(ctx context.Context, c *caller, in *attachInput) (*reply[chat.Message], error) {
			w, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID)
			if err == nil && w.Channel == acd.Email {
				err = errs.New(errs.Conflict, "An email is answered by an email; here are only notes.")
			}
			if err != nil {
				return nil, err
			}
			return s.receive(ctx, in.request, func(f Upload) (chat.Message, error) { return s.Chat.Attach(ctx, c.Actor, in.ID, f) })
		})
	handle(s, "GET", base+"/attachments/{attachment}", needs(access.WorkRead), about{id: "attachment", tag: tag, summary: "A file of the conversation",
		raw: describeFile},
		func(ctx context.Context, c *caller, in *attachmentInput) (*fileOutput, error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			a, b, err := s.Chat.Attachment(ctx, c.Tenant, in.ID, in.Attachment)
			return s.file(ctx, a, b, err)
		})
}

// mayRead says whether the caller may read a conversation, and notes in the
// audit log that it does (notice C10).
func (s *Server) mayRead(ctx context.Context, a access.Actor, interaction string) error {
	w, err := s.Floor.Work(ctx, a, access.WorkRead, interaction)
	if err != nil {
		return err
	}
	return s.Contacts.Seen(ctx, a, w.Contact)
}

// detail puts together what the desk shows beside a conversation. What the
// caller may not see is left out.
func (s *Server) detail(ctx context.Context, a access.Actor, interaction string) (InteractionDetail, error) {
	var d InteractionDetail
	w, err := s.Floor.Work(ctx, a, access.WorkRead, interaction)
	if err != nil {
		return d, err
	}
	d.Interaction = w
	if d.Segments, err = s.History.Segments(ctx, a, interaction); err != nil {
		return d, err
	}
	if w.Channel == acd.Voice {
		if d.Legs, err = s.History.Legs(ctx, a, interaction); err != nil {
			return d, err
		}
	}
	if d.Marks, err = s.Chat.Marks(ctx, a.Tenant, interaction); err != nil && !errs.Is(err, errs.NotFound) {
		return d, err
	}
	if w.Contact == "" {
		return d, nil
	}
	if access.Reach(a, access.ContactRead) == access.None {
		return d, s.Contacts.Seen(ctx, a, w.Contact) // the name that the person gave stands in the interaction
	}
	c, err := s.Contacts.Contact(ctx, a, w.Contact)
	switch {
	case errs.Is(err, errs.NotFound) || errs.Is(err, errs.Forbidden) || errs.Is(err, errs.Gone):
		return d, nil
	case err != nil:
		return d, err
	}
	d.Contact = &c
	d.Earlier, err = s.History.Earlier(ctx, a, w.Contact, interaction, 20)
	return d, err
}

// Form is the part of an input whose body is a form with a file, which is read by
// receive.
type Form struct {
	request *http.Request
}

// keep has the request ready for receive.
func (u *Form) keep(r *http.Request) { u.request = r }
