package voice

import (
	"context"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
)

// besideChat says whether the call is the sound of a chat, which goes on without it.
func (c *call) besideChat() bool { return c.work.Channel == acd.Chat }

// stopTalk tells the floor that the person of a chat does not talk any more.
func (s *Service) stopTalk(ctx context.Context, t id.Tenant, interaction string) error {
	return s.Floor.Talk(ctx, t, interaction, false)
}
