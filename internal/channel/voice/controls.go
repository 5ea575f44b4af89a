package voice

import (
	"context"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/store"
)

// acts runs fn in a call and answers how it stands then, as user may see it.
func (s *Service) acts(ctx context.Context, t id.Tenant, interaction, user string, fn func(c *call) error) (State, error) {
	c := s.find(t, interaction)
	if c == nil {
		return State{}, gone()
	}
	var now State
	err := c.ask(ctx, func() error {
		if err := fn(c); err != nil {
			return err
		}
		now = c.state().shownTo(user)
		return nil
	})
	return now, err
}

// handled is acts for what needs a call that somebody handles.
func (s *Service) handled(ctx context.Context, t id.Tenant, interaction, user string, fn func(c *call) error) (State, error) {
	return s.acts(ctx, t, interaction, user, func(c *call) error {
		if c.work.State != active {
			return errs.New(errs.Conflict, "Nobody is handling this call at the moment.")
		}
		if err := fn(c); err != nil {
			return err
		}
		c.settle()
		return nil
	})
}

// State says how a call stands now, as a user may see it.
func (s *Service) State(ctx context.Context, t id.Tenant, interaction, user string) (State, error) {
	return s.acts(ctx, t, interaction, user, func(*call) error { return nil })
}

// Hold lets the caller hear music, or the agent again. Repeats are harmless.
func (s *Service) Hold(ctx context.Context, t id.Tenant, interaction, user string, held bool) (State, error) {
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		if err := c.withPerson(); err != nil {
			return err
		}
		c.held = held
		return nil
	})
}

// Talk has the agent talk with the caller, with the colleagues whom it consults
// while the caller hears music, or with all.
func (s *Service) Talk(ctx context.Context, t id.Tenant, interaction, user string, with With) (State, error) {
	return s.handled(ctx, t, interaction, user, func(c *call) error {
		if err := c.withPerson(); err != nil {
			return err
		}
		if with != WithCaller && !c.outside.there() && !slices.ContainsFunc(c.work.Others, func(u string) bool { return c.agents[u] != nil }) {
			return errs.New(errs.Conflict, "Nobody else is in the call yet.")
		}
		c.with = with
		if with == WithAll {
			c.held = false
		}
		return nil
	})
}

// Press sends keys to the caller, or to the outside number with which the agent talks
// meanwhile.
func (s *Service) Press(ctx context.Context, t id.Tenant, interaction, keys string) error {
	_, err := s.acts(ctx, t, interaction, "", func(c *call) error {
		if err := c.withPerson(); err != nil {
			return err
		}
		if to := c.keyedTo(); to == nil || !to.press(keys) {
			return errs.New(errs.Conflict, "These keys cannot be sent at the moment.")
		}
		return nil
	})
	return err
}

// Monitor has a supervisor listen to a call, speak to its agent, or to all; or
// leave it (MonitorNone). Unless the tenant's rule says otherwise, the agent is
// told, and a tone tells all who talk. Its beginning is noted in the audit log.
func (s *Service) Monitor(ctx context.Context, t id.Tenant, interaction, user string, how Monitor) (State, error) {
	rules, err := s.Rules.Rules(ctx, t)
	if err != nil {
		return State{}, err
	}
	if rules.Monitoring == setup.MonitoringOff && how != MonitorNone {
		return State{}, errs.New(errs.Forbidden, "Calls are not listened to in this organisation.")
	}
	silently := rules.Monitoring == setup.MonitoringSilent
	before := MonitorNone
	st, err := s.handled(ctx, t, interaction, user, func(c *call) error {
		if user == c.work.Agent || slices.Contains(c.work.Others, user) {
			return errs.New(errs.Conflict, "You are in this call already.")
		}
		before = c.monitors[user]
		c.monitor(user, how, silently)
		return nil
	})
	if err != nil || how == before || how == MonitorNone || s.Audit == nil {
		return st, err
	}
	err = s.DB.Write(ctx, t, func(tx *store.Tx) error { return s.Audit.Append(tx, user, "call.monitored", interaction, string(how)) })
	if err != nil { // nobody listens without a trace
		_, _ = s.acts(ctx, t, interaction, user, func(c *call) error { c.monitor(user, MonitorNone, false); c.settle(); return nil })
		return State{}, err
	}
	return st, nil
}

// dismiss ends the part of all supervisors, and tells them.
func (c *call) dismiss() {
	for user := range c.monitors {
		st := c.state().shownTo(user)
		st.Ended = true
		c.s.publish(c.work, st, []string{user})
	}
	clear(c.monitors)
	clear(c.silently)
}

func (c *call) monitor(user string, how Monitor, silently bool) {
	if how == MonitorNone {
		delete(c.monitors, user)
		delete(c.silently, user)
		if p := c.agents[user]; p != nil {
			c.part(p, true)
			delete(c.agents, user)
		}
		return
	}
	first := c.monitors[user] == ""
	if first { // what changed since it was allowed was told before it was here
		defer c.post(c.recheck)
	}
	c.monitors[user], c.silently[user] = how, silently && how == MonitorListen
	if !first || silently {
		return
	}
	for _, p := range c.parties() {
		if p == c.caller && c.apart() {
			c.secure.untold = true // nobody listens to it now, and it is being told something else
			continue
		}
		p.leg.Play(audio.NewClip(noticeTone()))
	}
}
