package voice

import (
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
)

// Supervisors says who takes part in calls as one.
type Supervisors interface {
	// MaySupervise says whether a user, or an API key, may take part in an interaction's call
	// as a supervisor, by what is stored now, and when that ends by itself (zero: it does not).
	MaySupervise(ctx context.Context, t id.Tenant, user, interaction string) (may bool, until time.Time, err error)
}

// Asking again who may supervise.
const (
	askedWithin   = 10 * time.Second
	askedAgainFor = 2 * time.Second // after an answer that did not come
)

// Recheck asks anew, for all calls of a tenant, whether those who take part as
// supervisors still may: something of its users, roles or rules has changed.
func (s *Service) Recheck(t id.Tenant) {
	if s.Supervisors == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.calls {
		if c.who.Tenant == t && !s.halted {
			c.post(c.recheck)
		}
	}
}

// recheck ends the part of supervisors who may not take part any more. While that cannot
// be found out it is asked again.
func (c *call) recheck() {
	if len(c.monitors) == 0 || c.s.Supervisors == nil || c.over {
		return
	}
	users := slices.Collect(maps.Keys(c.monitors))
	c.s.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), askedWithin)
		defer cancel()
		var out []string
		unknown := false
		var until time.Time
		rules, err := c.s.Rules.Rules(ctx, c.who.Tenant)
		if off := err == nil && rules.Monitoring == setup.MonitoringOff; off {
			out, users = users, nil
		}
		for _, user := range users {
			may, end := false, time.Time{}
			if err == nil {
				may, end, err = c.s.Supervisors.MaySupervise(ctx, c.who.Tenant, user, c.who.Interaction)
			}
			switch {
			case err != nil:
				unknown = true
			case !may:
				out = append(out, user)
			case !end.IsZero() && (until.IsZero() || end.Before(until)):
				until = end
			}
		}
		if unknown {
			c.s.Log.Warn("it is not known whether supervisors of a call still may be; asking again", "tenant", c.who.Tenant, "interaction", c.who.Interaction, "code", errs.As(err).Code)
		}
		c.post(func() {
			for _, user := range out {
				c.sendOut(user)
			}
			if len(out) > 0 {
				c.settle()
			}
			if unknown {
				c.later(askedAgainFor, c.recheck)
			}
			c.recheckAt(until)
		})
	})
}

// recheckAt asks again when a supervisor's right ends by itself. An end that has moved
// away since is asked about for nothing; one timer is enough.
func (c *call) recheckAt(until time.Time) {
	if until.IsZero() || c.over || !c.asking.IsZero() && !until.Before(c.asking) {
		return
	}
	c.asking = until
	if c.asks != nil {
		c.asks.Stop()
	}
	c.asks = time.AfterFunc(until.Sub(c.s.Clock.Now()), func() {
		c.post(func() {
			c.asking = time.Time{}
			c.recheck()
		})
	})
}

// sendOut ends a supervisor's part, and tells it.
func (c *call) sendOut(user string) {
	if c.monitors[user] == "" {
		return
	}
	st := c.state().shownTo(user)
	st.Ended = true
	c.s.publish(c.work, st, []string{user})
	c.monitor(user, MonitorNone, false)
}
