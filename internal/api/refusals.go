package api

import (
	"net/http"
	"sync"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/unusual"
)

// Refused notes in the audit log whose requests are refused again and again. It does not wait.
type Refused interface {
	Note(by access.Actor, conversation string, times int)
}

// refusals counts whose calls are refused, to tell of who tries to get around.
type refusals struct {
	mu sync.Mutex
	of unusual.Refusals
}

// noteRefusal counts an answer if it is a refusal, and writes a line when a caller has
// many: with the id of a user, an API key or a conversation; of a stranger without any. That
// somebody asks again and again for what it may not stands in the audit log, too: in the
// organisation's of a user, a key or a conversation, in the operator's of a stranger.
func (s *Server) noteRefusal(status int, route string, c *caller) {
	var kind unusual.Refusal
	switch {
	case status == http.StatusNotFound && route == noRouteWord:
		kind = unusual.Nowhere
	case status == http.StatusForbidden, status == http.StatusNotFound:
		kind = unusual.Forbidden
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		kind = unusual.Input
	case status == http.StatusTooManyRequests:
		kind = unusual.Often
	default:
		return
	}
	caller := c.User
	if caller == "" {
		caller = c.visitor.Interaction
	}
	known := caller
	if caller == "" {
		caller = c.address
	}
	s.refused.mu.Lock()
	now := s.clock.Now()
	times := s.refused.of.Count(caller, kind, now)
	note := times > 0 && kind == unusual.Forbidden && (c.User != "" || s.refused.of.Outside(c.tenant(), now))
	s.refused.mu.Unlock()
	if times > 0 {
		s.log.Warn("many calls of one caller are refused", "request", c.id, "tenant", c.tenant(), "caller", known, "kind", string(kind), "times", times)
	}
	if note && s.Refused != nil {
		by := c.Actor
		if by.Tenant == "" {
			by.Tenant = c.visitor.Tenant
		}
		s.Refused.Note(by, c.visitor.Interaction, times)
	}
}
