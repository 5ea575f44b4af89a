package api

import (
	"context"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
)

type entryPointInput struct {
	ByID
	Language string `query:"lang" maxLength:"16"`
}

type startInput struct {
	ByID
	Body struct {
		Name     string `json:"name,omitempty" maxLength:"80" doc:"Display name of the person's choice; may be a pseudonym."`
		Email    string `json:"email,omitempty" maxLength:"254"`
		Language string `json:"language,omitempty" maxLength:"16"`
		Consent  *struct {
			Text    string `json:"text" maxLength:"64"`
			Version int64  `json:"version"`
		} `json:"consent,omitempty" doc:"The text that the person agreed to."`
		Message     string `json:"message,omitempty" maxLength:"4000"`
		ClientID    string `json:"client_id" minLength:"1" maxLength:"64" doc:"The sender's own id; a repeat is the same conversation."`
		LeftMessage bool   `json:"left_message,omitempty" doc:"Leave a message; nobody waits."`
		Page        string `json:"page,omitempty" maxLength:"512" doc:"Address of the page, without its query."`
	} `nameHint:"StartConversation"`
}

type sinceInput struct {
	After int64 `query:"after" minimum:"0" doc:"Messages with a seq above."`
}

type sayInput struct {
	Body struct {
		ClientID string `json:"client_id" minLength:"1" maxLength:"64"`
		Text     string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

type choiceInput struct {
	Body struct {
		ClientID string `json:"client_id" minLength:"1" maxLength:"64"`
		Value    string `json:"value" minLength:"1" maxLength:"200"`
	}
}

// wantedBody is whether a side wants a chat to be spoken, too.
type wantedBody struct {
	Wanted bool `json:"wanted"`
}

type visitorTalkInput struct {
	Body wantedBody `nameHint:"Wanted"`
}

type callbackInput struct {
	Body struct {
		ClientID string `json:"client_id" minLength:"1" maxLength:"64"`
		Reach    string `json:"reach" minLength:"3" maxLength:"254" doc:"The phone number or email address to be answered at."`
	} `nameHint:"Callback"`
}

type visitorReadInput struct {
	Body struct {
		Seq int64 `json:"seq" minimum:"0"`
	}
}

type surveyInput struct {
	Body struct {
		Rating  int    `json:"rating" minimum:"1" maximum:"5"`
		Comment string `json:"comment,omitempty" maxLength:"2000"`
	}
}

type visitorAttachInput struct{ Form }

const visitorTag = "Visitor"

func (s *Server) visitorRoutes() {
	handle(s, "GET", "/chat/v1/entry-points/{id}", needs(access.Public), about{id: "chatEntryPoint", tag: visitorTag, summary: "How the widget looks and what it asks"},
		func(ctx context.Context, c *caller, in *entryPointInput) (*reply[EntryPointView], error) {
			v, _, _, err := s.Visitors.EntryPoint(ctx, in.ID, in.Language)
			return answer(v, err)
		})
	handle(s, "POST", "/chat/v1/entry-points/{id}/conversations", needs(access.Public), about{id: "startConversation", tag: visitorTag, summary: "Begin a conversation or leave a message", status: 201},
		func(ctx context.Context, c *caller, in *startInput) (*reply[Started], error) {
			b := in.Body
			st := Start{Name: secret.New(b.Name), Email: secret.New(b.Email), Language: b.Language, Message: secret.New(b.Message),
				ClientID: b.ClientID, LeftMessage: b.LeftMessage, Page: secret.New(b.Page)}
			if b.Consent != nil {
				st.ConsentText, st.ConsentVersion = b.Consent.Text, b.Consent.Version
			}
			return answer(s.Visitors.Start(ctx, in.ID, st))
		})
	const base = "/chat/v1/conversation"
	handle(s, "GET", base, visitorToken, about{id: "conversation", tag: visitorTag, summary: "Everything to show"},
		func(ctx context.Context, c *caller, in *sinceInput) (*reply[Conversation], error) {
			return answer(s.Visitors.Conversation(ctx, c.visitor, in.After))
		})
	handle(s, "POST", base+"/messages", visitorToken, about{id: "say", tag: visitorTag, summary: "Write", status: 201},
		func(ctx context.Context, c *caller, in *sayInput) (*reply[chat.Message], error) {
			return answer(s.Visitors.Say(ctx, c.visitor, in.Body.ClientID, secret.New(in.Body.Text)))
		})
	handle(s, "POST", base+"/choice", visitorToken, about{id: "choose", tag: visitorTag, summary: "Press a button", status: 201},
		func(ctx context.Context, c *caller, in *choiceInput) (*reply[chat.Message], error) {
			return answer(s.Visitors.Choose(ctx, c.visitor, in.Body.ClientID, in.Body.Value))
		})
	handle(s, "POST", base+"/callback", visitorToken, about{id: "callback", tag: visitorTag, summary: "Wait no longer and keep my place",
		detail: "For one who is in a queue: whoever takes the conversation answers at the address given. 409 when somebody is there already."},
		func(ctx context.Context, c *caller, in *callbackInput) (*none, error) {
			return done(s.Visitors.Callback(ctx, c.visitor, in.Body.ClientID, secret.New(in.Body.Reach)))
		})
	handle(s, "PUT", base+"/spoken", visitorToken, about{id: "visitorTalk", tag: visitorTag, summary: "Ask to talk, agree to it, or end it",
		detail: "For a chat whose state has talk. Wanted: asks for it, or agrees when the agent has asked; then connect the sound. Not wanted: declines, withdraws, or ends it; the chat goes on in writing. 409 when nobody handles the chat, or the agent has another call."},
		func(ctx context.Context, c *caller, in *visitorTalkInput) (*none, error) {
			return done(s.Visitors.VisitorTalk(ctx, c.visitor, in.Body.Wanted))
		})
	handle(s, "POST", base+"/attachments", visitorToken, about{id: "visitorAttach", tag: visitorTag, summary: "Send a file", status: 201,
		body: maxUpload, raw: describeUpload},
		func(ctx context.Context, c *caller, in *visitorAttachInput) (*reply[chat.Message], error) {
			return s.receive(ctx, in.request, func(f Upload) (chat.Message, error) { return s.Visitors.VisitorAttach(ctx, c.visitor, f) })
		})
	handle(s, "GET", base+"/attachments/{id}", visitorToken, about{id: "visitorAttachment", tag: visitorTag, summary: "A file of the conversation", raw: describeFile},
		func(ctx context.Context, c *caller, in *ByID) (*fileOutput, error) {
			a, b, err := s.Visitors.VisitorAttachment(ctx, c.visitor, in.ID)
			return s.file(ctx, a, b, err)
		})
	s.visitorMarkRoutes()
}

func (s *Server) visitorMarkRoutes() {
	const base = "/chat/v1/conversation"
	handle(s, "GET", base+"/transcript", visitorToken, about{id: "transcript", tag: visitorTag, summary: "The conversation as a text file", raw: describeFile},
		func(ctx context.Context, c *caller, _ *none) (*fileOutput, error) {
			b, err := s.Visitors.Transcript(ctx, c.visitor)
			if err != nil {
				return nil, err
			}
			return &fileOutput{ContentType: "text/plain; charset=utf-8", Disposition: `attachment; filename="conversation.txt"`,
				CacheControl: "private, no-store", CSP: "default-src 'none'; sandbox", Body: b.Reveal()}, nil
		})
	handle(s, "POST", base+"/read", visitorToken, about{id: "visitorRead", tag: visitorTag, summary: "I have read up to here"},
		func(ctx context.Context, c *caller, in *visitorReadInput) (*none, error) {
			return done(s.Visitors.VisitorRead(ctx, c.visitor, in.Body.Seq))
		})
	handle(s, "POST", base+"/typing", visitorToken, about{id: "visitorTyping", tag: visitorTag, summary: "I am typing"},
		func(ctx context.Context, c *caller, _ *none) (*none, error) {
			return done(s.Visitors.VisitorTyping(ctx, c.visitor))
		})
	handle(s, "POST", base+"/end", visitorToken, about{id: "visitorEnd", tag: visitorTag, summary: "End the conversation"},
		func(ctx context.Context, c *caller, _ *none) (*none, error) {
			return done(s.Visitors.End(ctx, c.visitor))
		})
	handle(s, "POST", base+"/survey", visitorToken, about{id: "survey", tag: visitorTag, summary: "Say how it was"},
		func(ctx context.Context, c *caller, in *surveyInput) (*none, error) {
			return done(s.Visitors.Survey(ctx, c.visitor, in.Body.Rating, secret.New(in.Body.Comment)))
		})
}
