package floor

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/acd"
)

// Elsewhere says how many calls a user has by its phone that are no work of the
// floor's: no call is offered to it meanwhile. A floor that is not here, or cannot
// be reached now, takes it up when it comes.
func (m *Manager) Elsewhere(ctx context.Context, t id.Tenant, user string, calls int) error {
	m.mu.Lock()
	if m.aside[t] == nil {
		m.aside[t] = map[string]int{}
	}
	if calls > 0 {
		m.aside[t][user] = calls
	} else {
		delete(m.aside[t], user)
	}
	m.mu.Unlock()
	return m.do(ctx, t, func(f *floor, now time.Time) error {
		f.elsewhere(user, calls, now)
		return nil
	})
}

func (f *floor) elsewhere(user string, calls int, now time.Time) {
	if calls > 0 {
		f.aside[user] = calls
	} else {
		delete(f.aside, user)
	}
	if f.people[user].agent {
		f.step(acd.Elsewhere{Agent: user, N: calls}, now)
		f.tellAgent(user)
	}
}
