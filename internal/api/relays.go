package api

import (
	"context"
	"crypto/rand"
	"strings"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/relay"
)

// relayRoutes tell browsers that are in a call, or may be in one, how to reach
// its sound. Nobody else gets a name and password of the TURN servers.
func (s *Server) relayRoutes() {
	const detail = "Ask before each connection for sound. The name says until when it holds, and tells the TURN servers nothing of who has it."
	handle(s, "GET", "/chat/v1/conversation/relays", visitorToken, about{id: "visitorRelays", tag: visitorTag, summary: "How my browser reaches the call's sound",
		detail: detail + " 410 when no call runs."},
		func(ctx context.Context, c *caller, _ *none) (*reply[relay.Ways], error) {
			if err := s.Calls.Runs(ctx, c.visitor.Tenant, c.visitor.Interaction); err != nil {
				return nil, err
			}
			return s.ways()
		})
	handle(s, "GET", "/api/v1/calls/relays", needs(access.NoteWrite), about{id: "relays", tag: "Calls", summary: "How my browser reaches the sound of calls", detail: detail},
		func(context.Context, *caller, *none) (*reply[relay.Ways], error) { return s.ways() })
}

func (s *Server) ways() (*reply[relay.Ways], error) {
	return answer(s.config.Relays.Ways(s.clock.Now(), strings.ToLower(rand.Text())), nil)
}
