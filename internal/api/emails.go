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

func pageFor(b []byte, err error) (*emailPage, error) {
	if err != nil {
		return nil, err
	}
	return &emailPage{ContentType: "text/html; charset=utf-8", CacheControl: "private, no-store", CSP: message.PagePolicy, Frame: "SAMEORIGIN", Body: b}, nil
}

// quotedWord stands above quotes.
var quotedWord = map[string]string{"en": "Quoted text", "pt": "Texto citado"}

type emailReplyInput struct {
	ByID
	Body struct {
		ClientID string   `json:"client_id" minLength:"1" maxLength:"64" doc:"The sender's own id; a repeat is the same answer, sent once."`
		Text     string   `json:"text,omitempty" maxLength:"200000"`
		HTML     string   `json:"html,omitempty" maxLength:"400000" doc:"In the place of the text: paragraphs, emphasis, lists and links are sent, beside a text that is made of it."`
		From     string   `json:"from,omitempty" maxLength:"254" doc:"One of the mailbox's addresses; absent: the one that the message was sent to."`
		Files    []string `json:"files,omitempty" maxItems:"20" doc:"Ids of files of the draft."`
		Hold     bool     `json:"hold,omitempty" doc:"It is held for as long as the mailbox says (hold_seconds), and can be undone until then."`
		Subject  string   `json:"subject,omitempty" maxLength:"500" doc:"Of what I write of my own accord; of answers it is the message's."`
		Quote    *bool    `json:"quote,omitempty" doc:"With what is answered quoted below. With forward: what the message quotes itself; absent, that goes with it where little would be left without (quotes_matter)."`
		To       []string `json:"to,omitempty" maxItems:"100" doc:"Addresses; absent: whom an answer reaches (Reply-To, else From)."`
		Cc       []string `json:"cc,omitempty" maxItems:"100"`
		Bcc      []string `json:"bcc,omitempty" maxItems:"100" doc:"Reached unseen by the others; the copy in the sent folder names them."`
		Forward  bool     `json:"forward,omitempty" doc:"The message is passed on to whom to, cc and bcc say: its header and what it says stand below the text."`
		Original []int    `json:"original,omitempty" maxItems:"500" doc:"With forward: numbers of the message's files that go with it. Images that its HTML shows stay in their places."`
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
			return s.file(ctx, chat.Attachment{Name: f.Name, MediaType: f.MediaType}, secret.NewBytes(f.Octets), err)
		})
	handle(s, "GET", base+"/html", needs(access.WorkRead), about{id: "emailPage", tag: tag, summary: "The email as its sender wrote it", raw: describePage,
		detail: "Its HTML made safe, as a page to be shown in a frame: it runs, fetches and sends nothing (its own Content-Security-Policy), images are within it, quotes are folded, and links say where they lead."},
		func(ctx context.Context, c *caller, in *emailPageInput) (*emailPage, error) {
			if err := s.mayRead(ctx, c.Actor, in.ID); err != nil {
				return nil, err
			}
			return pageFor(s.Emails.Page(ctx, c.Tenant, in.ID, in.Pictures, in.Language, quotedWord[in.Language]))
		})
	handle(s, "POST", base+"/reply", needs(access.WorkHandle), about{id: "replyEmail", tag: tag, summary: "Answer the email, or pass it on", once: true, body: 900 << 10,
		detail: "It leaves by the mailbox's provider, from the address that the message was sent to, and a copy is put into the provider's sent folder. The same `client_id` is never sent twice. 409: it is not known whether an earlier answer was sent."},
		func(ctx context.Context, c *caller, in *emailReplyInput) (*reply[email.Sent], error) {
			if _, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, in.ID); err != nil {
				return nil, err
			}
			w := email.Answer{ClientID: in.Body.ClientID, Text: secret.New(in.Body.Text), HTML: secret.New(in.Body.HTML), Subject: secret.New(in.Body.Subject), Quote: in.Body.Quote != nil && *in.Body.Quote, Unsaid: in.Body.Quote == nil, From: in.Body.From, Files: in.Body.Files, Hold: in.Body.Hold, Again: in.Body.Again, Forward: in.Body.Forward, Original: in.Body.Original}
			for of, list := range map[*[]secret.Text][]string{&w.To: in.Body.To, &w.Cc: in.Body.Cc, &w.Bcc: in.Body.Bcc} {
				for _, a := range list {
					*of = append(*of, secret.New(a))
				}
			}
			return answer(s.Emails.Reply(ctx, c.Actor, in.ID, w))
		})
}

type emailSentInput struct {
	ByID
	ClientID string `path:"client_id" minLength:"1" maxLength:"64"`
}

type emailPreviewInput struct {
	ByID
	Language string `query:"language" enum:"en,pt" default:"en" doc:"Of the words beside its header."`
}

type emailDraftInput struct {
	ByID
	Body struct {
		Version int              `json:"version" minimum:"0" doc:"The one that this goes on from; 0: none is known."`
		Words   email.DraftWords `json:"words"`
	} `nameHint:"EmailDraftChange"`
}

type emailAttachInput struct {
	ByID
	Body struct {
		Name      string `json:"name" minLength:"1" maxLength:"255"`
		MediaType string `json:"media_type,omitempty" maxLength:"255"`
		Size      int64  `json:"size" minimum:"0"`
	} `nameHint:"EmailAttach"`
}

type emailDraftFile struct {
	ByID
	File string `path:"file" minLength:"1" maxLength:"64"`
}

type emailPieceInput struct {
	emailDraftFile
	From    int64  `query:"from" minimum:"0" required:"true" doc:"Where the piece begins: how many octets are there already."`
	RawBody []byte `contentType:"application/octet-stream"`
}

// emailDraftRoutes are of answers while they are written: in memory alone.
func (s *Server) emailDraftRoutes() {
	const tag = "Interactions"
	const base = "/api/v1/interactions/{id}/email"
	may := func(ctx context.Context, c *caller, interaction string) error {
		_, err := s.Floor.Work(ctx, c.Actor, access.WorkHandle, interaction)
		return err
	}
	handle(s, "DELETE", base+"/reply/{client_id}", needs(access.WorkHandle), about{id: "undoEmail", tag: tag, summary: "Undo an answer that is held", once: true,
		detail: "409: it is too late."},
		func(ctx context.Context, c *caller, in *emailSentInput) (*struct{}, error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return nil, s.Emails.Undo(ctx, c.Actor, in.ID, in.ClientID)
		})
	handle(s, "GET", base+"/draft", needs(access.WorkHandle), about{id: "emailDraft", tag: tag, summary: "What one was writing",
		detail: "An answer that is being written is in memory until it is sent or discarded, or the interaction is closed; it is never stored."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[email.Draft], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Emails.Draft(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", base+"/draft/html", needs(access.WorkHandle), about{id: "emailPreview", tag: tag, summary: "What one was writing, as it would leave", raw: describePage,
		detail: "The letter as who gets it reads it: header, text, signature, quotes and files. A page for a frame, as …/email/html; what is still missing of it is left out."},
		func(ctx context.Context, c *caller, in *emailPreviewInput) (*emailPage, error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return pageFor(s.Emails.Preview(ctx, c.Actor, in.ID, in.Language))
		})
	handle(s, "PUT", base+"/draft", needs(access.WorkHandle), about{id: "writeEmailDraft", tag: tag, summary: "Keep what one writes", once: true, body: 900 << 10,
		detail: "409: another window has written meanwhile."},
		func(ctx context.Context, c *caller, in *emailDraftInput) (*reply[email.Draft], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Emails.Write(ctx, c.Actor, in.ID, in.Body.Version, in.Body.Words))
		})
	handle(s, "DELETE", base+"/draft", needs(access.WorkHandle), about{id: "discardEmailDraft", tag: tag, summary: "Discard what one was writing", once: true},
		func(ctx context.Context, c *caller, in *ByID) (*struct{}, error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return nil, s.Emails.Discard(ctx, c.Actor, in.ID)
		})
	handle(s, "POST", base+"/draft/files", needs(access.WorkHandle), about{id: "attachToEmail", tag: tag, summary: "Begin a file of an answer", once: true, status: 201,
		detail: "Its octets follow in pieces. The mailbox says how much files may be, and of which types (`attach_mb`, `attach_types`)."},
		func(ctx context.Context, c *caller, in *emailAttachInput) (*reply[email.DraftFile], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Emails.Attach(ctx, c.Actor, in.ID, email.DraftFile{Name: in.Body.Name, MediaType: in.Body.MediaType, Size: in.Body.Size}))
		})
	handle(s, "PUT", base+"/draft/files/{file}", needs(access.WorkHandle), about{id: "emailFilePiece", tag: tag, summary: "A piece of a file of an answer", once: true, body: email.MostPiece + 1,
		detail: "At most 512 KB, in order; a piece that is there already is taken again."},
		func(ctx context.Context, c *caller, in *emailPieceInput) (*reply[email.DraftFile], error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return answer(s.Emails.Piece(ctx, c.Actor, in.ID, in.File, in.From, in.RawBody))
		})
	handle(s, "DELETE", base+"/draft/files/{file}", needs(access.WorkHandle), about{id: "detachFromEmail", tag: tag, summary: "Remove a file of an answer", once: true},
		func(ctx context.Context, c *caller, in *emailDraftFile) (*struct{}, error) {
			if err := may(ctx, c, in.ID); err != nil {
				return nil, err
			}
			return nil, s.Emails.Detach(ctx, c.Actor, in.ID, in.File)
		})
}

func describePage(op *huma.Operation) {
	op.Responses["200"].Content = map[string]*huma.MediaType{"text/html": {Schema: &huma.Schema{Type: huma.TypeString}}}
}
