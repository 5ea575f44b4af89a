package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
)

type emailFileInput struct {
	ByID
	Number int `path:"number" minimum:"0" maximum:"10000"`
}

type emailPageInput struct {
	ByID
	Pictures bool   `query:"pictures" doc:"Images that are elsewhere are fetched by the server, which tells the sender that the message was read, and not by whom."`
	Language string `query:"language" enum:"en,pt" default:"en" doc:"Of the word above quotes, which are folded."`
}

// emailPage is a page for a frame of ours.
type emailPage struct {
	ContentType  string `header:"Content-Type"`
	CacheControl string `header:"Cache-Control"`
	CSP          string `header:"Content-Security-Policy"`
	Frame        string `header:"X-Frame-Options"`
	Body         []byte
}

// quotedWord stands above quotes.
var quotedWord = map[string]string{"en": "Quoted text", "pt": "Texto citado"}

type emailReplyInput struct {
	ByID
	Body struct {
		ClientID string   `json:"client_id" minLength:"1" maxLength:"64" doc:"The sender's own id; a repeat is the same answer, sent once."`
		Text     string   `json:"text" minLength:"1" maxLength:"200000"`
		Quote    bool     `json:"quote,omitempty" doc:"With what is answered quoted below."`
		To       []string `json:"to,omitempty" maxItems:"50" doc:"Addresses; absent: whom an answer reaches (Reply-To, else From)."`
		Cc       []string `json:"cc,omitempty" maxItems:"50"`
		Again    bool     `json:"again,omitempty" doc:"It is not known whether an earlier answer was sent; send this one all the same."`
	} `nameHint:"EmailReply"`
}

// emailRoutes are of messages while they are handled.
func (s *Server) emailRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}/email"
	handle(s, "GET", base, needs(access.WorkRead), about{id: "email", tag: tag, summary: "The email of an interaction",
		detail: "While it is handled: once the interaction is closed, the copy is gone (410) and the message is in the tenant's mailbox alone. It is read from memory, else from the provider."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[email.Mail], error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Emails.Read(ctx, c.Tenant, in.ID))
		})
	handle(s, "GET", base+"/files/{number}", needs(access.WorkRead), about{id: "emailFile", tag: tag, summary: "A file of the email", raw: describeFile},
		func(ctx context.Context, c *caller, in *emailFileInput) (*fileOutput, error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			f, err := s.Emails.File(ctx, c.Tenant, in.ID, in.Number)
			return file(chat.Attachment{Name: f.Name, MediaType: f.MediaType}, secret.NewBytes(f.Octets), err)
		})
	handle(s, "GET", base+"/html", needs(access.WorkRead), about{id: "emailPage", tag: tag, summary: "The email as its sender wrote it", raw: describePage,
		detail: "Its HTML made safe, as a page to be shown in a frame: it runs, fetches and sends nothing (its own Content-Security-Policy), images are within it, quotes are folded, and links say where they lead."},
		func(ctx context.Context, c *caller, in *emailPageInput) (*emailPage, error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			b, err := s.Emails.Page(ctx, c.Tenant, in.ID, in.Pictures, in.Language, quotedWord[in.Language])
			if err != nil {
				return nil, err
			}
			return &emailPage{ContentType: "text/html; charset=utf-8", CacheControl: "private, no-store", CSP: message.PagePolicy, Frame: "SAMEORIGIN", Body: b}, nil
		})
	handle(s, "POST", base+"/reply", needs(access.WorkHandle), about{id: "replyEmail", tag: tag, summary: "Answer the email", once: true,
		detail: "It leaves by the mailbox's provider, from the address that the message was sent to, and a copy is put into the provider's sent folder. The same `client_id` is never sent twice. 409: it is not known whether an earlier answer was sent."},
		func(ctx context.Context, c *caller, in *emailReplyInput) (*reply[email.Sent], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			w := email.Answer{ClientID: in.Body.ClientID, Text: secret.New(in.Body.Text), Quote: in.Body.Quote, Again: in.Body.Again}
			for _, a := range in.Body.To {
				w.To = append(w.To, secret.New(a))
			}
			for _, a := range in.Body.Cc {
				w.Cc = append(w.Cc, secret.New(a))
			}
			return answer(s.Emails.Reply(ctx, c.Actor, in.ID, w))
		})
}

func describePage(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
}
