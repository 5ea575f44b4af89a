package voice

import (
	"context"
	"sync"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// elsewhere counts the calls that users have by phone and that are no work of the
// floor's, and tells the floor, one word after another.
type elsewhere struct {
	mu      sync.Mutex
	calls   map[colleague]int
	changed map[colleague]bool
	telling bool
}

// colleague is a user of a tenant.
type colleague struct {
	tenant id.Tenant
	user   string
}

// engage counts a call that a user begins (1) or ends (-1).
func (s *Service) engage(t id.Tenant, user string, by int) {
	if user == "" || s.Agents == nil {
		return
	}
	who := colleague{t, user}
	a := &s.aside
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls, a.changed = map[colleague]int{}, map[colleague]bool{}
	}
	a.calls[who] += by
	if a.calls[who] <= 0 {
		delete(a.calls, who)
	}
	a.changed[who] = true
	if !a.telling {
		a.telling = true
		s.running.Go(s.tellElsewhere)
	}
}

// tellElsewhere tells the floor what changed, until it knows all.
func (s *Service) tellElsewhere() {
	a := &s.aside
	for {
		a.mu.Lock()
		var who colleague
		for who = range a.changed {
			break
		}
		if len(a.changed) == 0 {
			a.telling = false
			a.mu.Unlock()
			return
		}
		delete(a.changed, who)
		calls := a.calls[who]
		a.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), handsetWithin)
		err := s.Agents.Elsewhere(ctx, who.tenant, who.user, calls)
		cancel()
		if err != nil { // it is told when it comes back (floor.Manager.Elsewhere)
			s.Log.Info("the floor hears later of a call by phone", "tenant", who.tenant, "code", errs.As(err).Code)
		}
	}
}

// inCall says whether a user talks, by phone or at the desk, or is offered a call.
func (s *Service) inCall(t id.Tenant, user string) bool {
	if user == "" {
		return false
	}
	s.aside.mu.Lock()
	n := s.aside.calls[colleague{t, user}]
	s.aside.mu.Unlock()
	if n > 0 {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if h := c.holder.Load(); c.who.Tenant == t && h != nil && *h == user {
			return true
		}
	}
	return false
}
