package api

import (
	"net/http"
	"sync"

	"nubitalk/internal/core/unusual"
)

// refusals counts whose calls are refused, to tell operators of who tries to get around.
type refusals struct {
	mu sync.Mutex
	of unusual.Refusals
}

// noteRefusal counts an answer if it is a refusal, and writes a line when a caller has
// many: with the id of a user, an API key or a conversation; of a stranger without any.
func (s *Server) noteRefusal(status int, c *caller) {
	var kind unusual.Refusal
	switch status {
	case http.StatusForbidden, http.StatusNotFound:
		kind = unusual.Forbidden
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		kind = unusual.Input
	case http.StatusTooManyRequests:
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
	times := s.refused.of.Count(caller, kind, s.clock.Now())
	s.refused.mu.Unlock()
	if times > 0 {
		s.log.Warn("many calls of one caller are refused", "request", c.id, "tenant", c.tenant(), "caller", known, "kind", string(kind), "times", times)
	}
}
