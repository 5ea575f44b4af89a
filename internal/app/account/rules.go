package account

import (
	"context"
	"net/netip"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// From is where a sign-in comes from.
type From struct {
	Address netip.Addr
	Devices secret.Text // what the browser keeps of earlier sign-ins, as SignedIn gave it
}

// signInRules are a tenant's. Operators and resellers have the usual ones. Where
// they cannot be read nobody is let in: they may have been narrowed.
func (s *Service) signInRules(ctx context.Context, t id.Tenant) (setup.Rules, error) {
	if s.Rules == nil || id.Kind(string(t)) != id.TenantKind {
		return s.atLeast(setup.DefaultRules()), nil
	}
	r, err := s.Rules.Rules(ctx, t)
	return s.atLeast(r), err
}

// atLeast is what the rules come to where the operator asks everybody for a second factor.
func (s *Service) atLeast(r setup.Rules) setup.Rules {
	if s.SecondForAll {
		r.SignIn.SecondFactor = access.Roles()
	}
	return r
}

// absoluteEnd is when a session that was opened at a time ends at the latest.
func absoluteEnd(r setup.Rules, opened, stored time.Time) time.Time {
	end := opened.Add(time.Duration(r.SessionHours) * time.Hour)
	if stored.Before(end) {
		return stored
	}
	return end
}

// under is the session as the rules have it now.
func (s Session) under(r setup.Rules) Session {
	s.ExpiresAt = absoluteEnd(r, s.opened, s.ExpiresAt)
	s.MustSetUp = s.lacksFactor && r.SignIn.NeedsSecond(words(s.Actor.Guarded()))
	s.rule = r.SignIn
	if s.homeUntil = s.ExpiresAt; s.Actor.Support != nil && s.supportUntil.Before(s.ExpiresAt) {
		s.ExpiresAt = s.supportUntil
	}
	return s
}

// AllowedFrom refuses a session that is used from outside the networks of its
// organisation.
func (s Session) AllowedFrom(a netip.Addr) error {
	if s.APIKey || s.rule.Allows(a) {
		return nil
	}
	return outside()
}

func outside() error {
	return errs.New(errs.Forbidden, "Your organisation lets its users in from its own networks only, and this is not one of them. Please ask your administrator.")
}

// SignInEffect is what sign-in rules would do.
type SignInEffect struct {
	WithoutFactor int    `json:"without_factor" doc:"Users who need a second factor and have none: they add one at their next sign-in."`
	SessionsEnd   int    `json:"sessions_end" doc:"Sessions that end at once, because they are older, or unused for longer, than the rules allow."`
	SecondForAll  bool   `json:"second_factor_for_all" doc:"The operator asks everybody for a second factor, whatever the rules say."`
	Address       string `json:"address" doc:"From where you ask."`
	Allowed       bool   `json:"allowed" doc:"Whether the networks hold it. Otherwise the rules are refused, for they would lock you out."`
}

// PreviewRules says what sign-in rules would do.
func (s *Service) PreviewRules(ctx context.Context, a access.Actor, next setup.Rules, from netip.Addr) (SignInEffect, error) {
	next = s.atLeast(next)
	out := SignInEffect{SecondForAll: s.SecondForAll, Address: from.String(), Allowed: next.SignIn.Allows(from)}
	if err := may(a, access.SetupWrite); err != nil {
		return out, err
	}
	now, err := s.signInRules(ctx, a.Tenant)
	if err != nil {
		return out, err
	}
	at := s.now()
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		users, err := tx.Users()
		if err != nil {
			return err
		}
		out.WithoutFactor, out.SessionsEnd = 0, 0
		for _, u := range users {
			if u.Status != string(Active) {
				continue
			}
			if len(u.Factors) == 0 && next.SignIn.NeedsSecond(guarded(u)) {
				out.WithoutFactor++
			}
			sessions, err := tx.SessionsOf(u.ID)
			if err != nil {
				return err
			}
			for _, row := range sessions {
				if lasts(now, row, at) && !lasts(next, row, at) {
					out.SessionsEnd++
				}
			}
		}
		return nil
	})
	return out, err
}

// lasts says whether a session that nobody ended goes on.
func lasts(r setup.Rules, row store.SessionRow, now time.Time) bool {
	return now.Before(absoluteEnd(r, row.CreatedAt, row.ExpiresAt)) && now.Sub(row.SeenAt) < r.SignIn.IdleEnd()
}

// guarded are the built-in roles whose second factor a user needs.
func guarded(u store.UserRow) []string { return words(u.Actor("").Guarded()) }
