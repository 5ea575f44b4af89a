package chat

import (
	"context"

	"nubitalk/internal/channel"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/talk"
)

// VisitorTalk says whether the visitor wants the conversation to be spoken, too, or no
// longer. Repeats are harmless.
func (s *Service) VisitorTalk(ctx context.Context, v Visitor, wanted bool) error {
	return s.Floor.Talk(ctx, v.Tenant, v.Interaction, wanted)
}

// talkOf is what a visitor is told of talking.
func talkOf(w channel.Work, e setup.EntryPoint, ended bool) *Talk {
	may := w.Talk == talk.None && w.State == string(acd.Active) && e.Calls == setup.CallsBoth
	if ended || w.Channel != acd.Chat || w.Talk == talk.None && !may {
		return nil
	}
	return &Talk{Stage: w.Talk, MayAsk: may, Video: e.Video, Secure: w.Apart}
}
