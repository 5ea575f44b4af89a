package account

import (
	"context"
	"strings"
	"sync"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// EndedSupport is why a support session ended: the grant is over.
const EndedSupport = "support_ended"

// OpenSupport lets the actor into the tenant that granted it. The token is for
// the browser of the session in which it was asked for, lasts no longer than that
// session or the grant, and ends an earlier one of the same grant.
func (s *Service) OpenSupport(ctx context.Context, in Session, grant string) (secret.Text, SupportGrant, error) {
	if err := usersOnly(in); err != nil {
		return secret.Text{}, SupportGrant{}, err
	}
	g, err := s.ownSupport(ctx, in.Actor, grant)
	if err != nil {
		return secret.Text{}, SupportGrant{}, err
	}
	if err := s.stillAbove(ctx, g); errs.Is(err, errs.NotFound) {
		return secret.Text{}, SupportGrant{}, errs.New(errs.Conflict, "This access is not granted, or has ended.")
	} else if err != nil {
		return secret.Text{}, SupportGrant{}, err
	}
	token, hash := newToken(supportPrefix, g.Tenant)
	g, err = s.changeSupport(ctx, in.Actor, g.Tenant, grant, "support.opened", func(_ *store.Tx, g *store.SupportGrantRow) error {
		if g.State != string(SupportGranted) || !s.now().Before(g.EndsAt) {
			return errs.New(errs.Conflict, "This access is not granted, or has ended.")
		}
		g.TokenHash, g.HomeSession, g.OpenedAt = hash[:], in.Actor.Session, s.now()
		return nil
	})
	if err != nil {
		return secret.Text{}, SupportGrant{}, err
	}
	if _, err := s.Recheck(ctx, token); err != nil { // suspended, moved away, …
		return secret.Text{}, SupportGrant{}, errs.New(errs.Conflict, "This access is not granted, or has ended.")
	}
	s.tellSupport(g)
	v, err := s.supportDone(ctx, in.Actor, g, "support.opened")
	return token, v, err
}

// LeaveSupport ends a support session; the grant stays.
func (s *Service) LeaveSupport(ctx context.Context, in Session) error {
	if in.Actor.Support == nil {
		return errs.New(errs.Conflict, "You are in your own organisation already.")
	}
	home := access.Actor{Tenant: in.Actor.Support.Home, User: in.Actor.User, Session: in.Actor.Session}
	g, err := s.changeSupport(ctx, in.Actor, in.Actor.Tenant, in.Actor.Support.Grant, "support.left", func(_ *store.Tx, g *store.SupportGrantRow) error {
		g.TokenHash, g.HomeSession = nil, ""
		return nil
	})
	if err != nil {
		return err
	}
	s.tellSupport(g)
	_, err = s.supportDone(ctx, home, g, "support.left")
	return err
}

// readSupport answers NotFound for a support session that is over: its grant has
// ended, or its person may not be there any more.
func (s *Service) readSupport(ctx context.Context, t id.Tenant, h tokenHash, now time.Time) (recognised, error) {
	none := errs.New(errs.NotFound, "This access has ended.")
	var g store.SupportGrantRow
	var org store.OrganisationRow
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		if g, err = tx.SupportGrantByToken(h[:]); err != nil {
			return err
		}
		org, err = tx.Organisation()
		return err
	})
	if err != nil {
		return recognised{}, err
	}
	if g.State != string(SupportGranted) || !now.Before(g.EndsAt) || org.Status != string(Active) {
		return recognised{}, none
	}
	if err := s.stillAbove(ctx, g); err != nil {
		return recognised{}, err
	}
	var home recognised
	err = s.Store.Read(ctx, g.Home, func(tx *store.Tx) (err error) {
		row, err := tx.Session(g.HomeSession)
		if err != nil {
			return err
		}
		home, err = stillOpen(tx, row)
		return err
	})
	if err != nil {
		return recognised{}, err
	}
	own := home.session
	if access.Reach(own.Actor, access.SupportUse) < access.Below || own.MustChange || !now.Before(own.ExpiresAt) {
		return recognised{}, none
	}
	own.Actor = access.Actor{Tenant: t, User: g.UserID, Session: g.ID, Support: &access.Support{Grant: g.ID, Home: g.Home, Scopes: wordsAs[access.SupportScope](g.Scopes), Interaction: g.InteractionID}}
	own.Kind, own.homeSession, own.supportUntil = KindTenant, g.HomeSession, g.EndsAt
	return recognised{session: own, seen: home.seen}, nil
}

// stillAbove is NotFound where the tenant was moved to another reseller since it
// granted access.
func (s *Service) stillAbove(ctx context.Context, g store.SupportGrantRow) error {
	return s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		below, err := tx.IsBelow(g.Tenant, g.Home)
		if err == nil && !below {
			err = errs.New(errs.NotFound, "This access has ended.")
		}
		return err
	})
}

// StandsIn says whether own is the session in which a support session was opened.
func (s Session) StandsIn(own Session) bool {
	return s.homeSession != "" && s.homeSession == own.Actor.Session && s.home() == own.Actor.Tenant
}

// home is the organisation whose sign-in rules a session is under.
func (s Session) home() id.Tenant {
	if s.Actor.Support != nil {
		return s.Actor.Support.Home
	}
	return s.Actor.Tenant
}

// SupportView is what whoever is in another organisation's affairs is told of it.
type SupportView struct {
	Grant       string                `json:"grant"`
	Home        string                `json:"home" doc:"The name of one's own organisation."`
	Scopes      []access.SupportScope `json:"scopes" enum:"setup_read,setup,room,calls,interaction"`
	Interaction string                `json:"interaction,omitempty"`
	EndsAt      time.Time             `json:"ends_at"`
}

func (s *Service) supportOf(ctx context.Context, in Session) (*SupportView, error) {
	a := in.Actor.Support
	if a == nil {
		return nil, nil
	}
	home, err := s.ownOrganisation(ctx, a.Home)
	return &SupportView{a.Grant, home.Name, a.Scopes, a.Interaction, in.supportUntil}, err
}

// noteUseEvery is how often the same look at the same thing is written down.
const noteUseEvery = time.Minute

// uses remembers what was written down lately, so that a page that asks again
// and again does not fill the log.
type uses struct {
	mu   sync.Mutex
	last map[string]time.Time
}

func (u *uses) due(what string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at, ok := u.last[what]; ok && now.Sub(at) < noteUseEvery && !now.Before(at) {
		return false
	}
	for k, at := range u.last {
		if now.Sub(at) >= noteUseEvery || now.Before(at) {
			delete(u.last, k)
		}
	}
	if u.last == nil {
		u.last = map[string]time.Time{}
	}
	u.last[what] = now
	return true
}

// NoteSupport writes down what whoever is in another organisation's affairs is
// about to do or look at, before it is answered.
func (s *Service) NoteSupport(ctx context.Context, in Session, operation, object string) error {
	a := in.Actor
	what := strings.Join([]string{a.Support.Grant, operation, object}, " ")
	if !s.supportUses.due(what, s.now()) {
		return nil
	}
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "support.used", "support_grant", a.Support.Grant, map[string]string{"operation": operation, "object": object})
	})
	if err != nil {
		s.supportUses.forget(what)
	}
	return err
}

func (u *uses) forget(what string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.last, what)
}
