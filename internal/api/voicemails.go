package api

import (
	"context"

	"nubitalk/internal/app/voicemail"
	"nubitalk/internal/core/access"
)

// Voicemails is app/voicemail: what was left for users whose phone nobody picked up.
type Voicemails interface {
	Own(ctx context.Context, a access.Actor) (voicemail.Mailbox, error)
	Mark(ctx context.Context, a access.Actor, interaction string, k voicemail.Mark) (voicemail.LeftMessage, error)
}

type markInput struct {
	ByID
	Body struct {
		Heard   *bool `json:"heard,omitempty" doc:"Whether I heard it."`
		Deleted *bool `json:"deleted,omitempty" doc:"Whether it is deleted; it is erased a day later."`
	} `nameHint:"MarkVoicemail"`
}

// voicemailRoutes are a user's own mailbox; nobody else's business.
func (s *Server) voicemailRoutes() {
	const tag = "Desk"
	handle(s, "GET", "/api/v1/desk/voicemails", needs(access.DeskUse), about{id: "voicemails", tag: tag, summary: "Messages that were left for me",
		detail: "By calls to my extension that went on to voicemail (ownForwarding). A message is heard as a recording is; nobody else hears it. `voicemail.changed` tells each change live."},
		func(ctx context.Context, c *caller, _ *none) (*reply[voicemail.Mailbox], error) {
			return answer(s.Voicemails.Own(ctx, c.Actor))
		})
	handle(s, "PATCH", "/api/v1/desk/voicemails/{id}", needs(access.DeskUse), about{id: "markVoicemail", tag: tag, summary: "Mark a message as heard, delete it, or take that back"},
		func(ctx context.Context, c *caller, in *markInput) (*reply[voicemail.LeftMessage], error) {
			return answer(s.Voicemails.Mark(ctx, c.Actor, in.ID, voicemail.Mark{Heard: in.Body.Heard, Deleted: in.Body.Deleted}))
		})
}
