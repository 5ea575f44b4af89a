package account

import (
	"time"

	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// Guarded is how long who lost the right to agree to the end of an organisation still
// counts as somebody who would have to be asked, and how long whoever has it newly is no
// substitute. One administrator who locks the others, and makes new ones, does not end
// the organisation with them (ADR 0069).
const Guarded = 30 * 24 * time.Hour

// mayEnd says whether a user who has been here can agree to the organisation's end.
func mayEnd(u store.UserRow) bool {
	return u.Status == string(Active) && !u.SignedInAt.IsZero() && access.Reach(u.Actor(""), access.OrgEnd) == access.Tenant
}

// noteEndRight notes in a user's row that a change gave it that right, or took it away.
// Who gets it back is who it was, unless somebody else gave it another password meanwhile,
// or within Guarded before.
func noteEndRight(before store.UserRow, u *store.UserRow, now time.Time) {
	switch had, has := mayEnd(before), mayEnd(*u); {
	case had && !has:
		if taken := !u.EndLostAt.IsZero() && !u.EndSince.Before(u.EndLostAt); taken && now.Before(u.EndLostAt.Add(Guarded)) {
			u.EndSince = now
		}
		u.EndLostAt = now
	case has && !had && u.EndLostAt.IsZero():
		u.EndSince = now
	case has && !had && u.EndSince.Before(u.EndLostAt):
		u.EndLostAt = time.Time{}
	}
}

// takenOver notes that somebody else gave a user a password or another name, took its
// second factors, or said which login of the provider is its: it may be anybody now.
func takenOver(u *store.UserRow, by access.Actor, now time.Time) {
	if by.User == u.ID {
		return
	}
	if mayEnd(*u) || !u.EndLostAt.IsZero() {
		u.EndLostAt = now
	}
	u.EndSince = now
}

// agreement is who may agree to an organisation's end.
type agreement struct {
	others  int             // besides the actor, who can
	able    map[string]bool // user ids
	guarded time.Time       // until then only who could before counts; zero if nobody lost the right
}

// agreeing reads who may agree to the end of the actor's organisation.
func (s *Service) agreeing(tx *store.Tx, a access.Actor) (agreement, error) {
	users, err := tx.Users()
	out := agreement{able: map[string]bool{}}
	now := s.now()
	for _, u := range users {
		if until := u.EndLostAt.Add(Guarded); !u.EndLostAt.IsZero() && now.Before(until) && until.After(out.guarded) {
			out.guarded = until
		}
		if mayEnd(u) && u.ID != a.User {
			out.others++
		}
	}
	for _, u := range users {
		if mayEnd(u) && (out.guarded.IsZero() || u.EndSince.IsZero() || !now.Before(u.EndSince.Add(Guarded))) {
			out.able[u.ID] = true
		}
	}
	if err != nil || out.guarded.IsZero() {
		return out, err
	}
	by, err := s.newProvider(tx, a)
	if by {
		delete(out.able, a.User)
	}
	return out, err
}

// newProvider says whether the actor was let in by a provider whose settings are new.
func (s *Service) newProvider(tx *store.Tx, a access.Actor) (bool, error) {
	session, err := tx.Session(a.Session)
	if err != nil || !session.ByProvider {
		return false, err
	}
	on, err := tx.SignOn()
	return err == nil && s.now().Before(on.UpdatedAt.Add(Guarded)), err
}

// alone says whether the actor needs nobody else.
func (g agreement) alone() bool { return g.others == 0 && g.guarded.IsZero() }
