package account

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

func signInAgain() error {
	return errs.New(errs.Unauthorised, "You are not signed in, or your session has ended. Please sign in.")
}

// Recognise finds who holds a session token or an API key.
func (s *Service) Recognise(ctx context.Context, token secret.Text) (Session, error) {
	prefix, t, h, ok := parseToken(token)
	if !ok {
		return Session{}, signInAgain()
	}
	now := s.now()
	r, changes, ok := s.known.get(h, now)
	if !ok {
		var err error
		if prefix == supportPrefix {
			r, err = s.readSupport(ctx, t, h, now)
		} else {
			err = s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
				if prefix == keyPrefix {
					r, err = readKey(tx, h, now)
				} else {
					r, err = readSession(tx, h, now)
				}
				return err
			})
			if err == nil && r.offered {
				r, err = s.takeToken(ctx, t, h, r.session.Actor.User, now)
			}
		}
		if errs.Is(err, errs.NotFound) {
			return Session{}, signInAgain()
		}
		if err != nil {
			return Session{}, err
		}
		r.checked = now
		s.known.put(h, r, changes)
	}
	if !r.until.IsZero() && !now.Before(r.until) {
		return Session{}, signInAgain()
	}
	return s.lasting(ctx, h, r, now)
}

// lasting is a session that has not come to its end, and notes its use.
func (s *Service) lasting(ctx context.Context, h tokenHash, r recognised, now time.Time) (Session, error) {
	every := seenEvery
	if !r.session.APIKey {
		rules, err := s.signInRules(ctx, r.session.home())
		if err != nil {
			return Session{}, err
		}
		idle := rules.SignIn.IdleEnd()
		if now.Sub(r.seen) >= idle {
			return Session{}, signInAgain()
		}
		r.session, every = r.session.under(rules), min(seenEvery, idle/5)
	}
	if end := r.session.ExpiresAt; !end.IsZero() && !now.Before(end) {
		return Session{}, signInAgain()
	}
	if now.Sub(r.seen) >= every {
		s.touch(ctx, h, r, now)
	}
	return r.session, nil
}

// Recheck is Recognise without believing what is remembered.
func (s *Service) Recheck(ctx context.Context, token secret.Text) (Session, error) {
	if _, _, h, ok := parseToken(token); ok {
		s.known.forgetToken(h)
	}
	return s.Recognise(ctx, token)
}

// readSession answers NotFound for a session that ended or whose user or
// organisation is not active.
func readSession(tx *store.Tx, h tokenHash, now time.Time) (recognised, error) {
	row, err := tx.SessionByToken(h[:])
	if err == nil {
		return stillOpen(tx, row)
	}
	if !errs.Is(err, errs.NotFound) {
		return recognised{}, err
	}
	if row, err = tx.SessionByNext(h[:]); err == nil {
		r, err := stillOpen(tx, row)
		r.offered = true
		return r, err
	}
	if !errs.Is(err, errs.NotFound) {
		return recognised{}, err
	}
	if row, err = tx.SessionByEarlier(h[:]); err != nil {
		return recognised{}, err
	}
	if !now.Before(row.EarlierUntil) {
		return recognised{}, errs.New(errs.NotFound, "This session has ended.")
	}
	r, err := stillOpen(tx, row)
	r.until, r.session.ProvedAt = row.EarlierUntil, time.Time{} // who has only this one has proved nothing
	return r, err
}

// stillOpen is a session that has not ended, as its user is now.
func stillOpen(tx *store.Tx, row store.SessionRow) (recognised, error) {
	none := errs.New(errs.NotFound, "This session has ended.")
	if !row.EndedAt.IsZero() {
		return recognised{}, none
	}
	u, err := tx.User(row.UserID)
	if err != nil {
		return recognised{}, err
	}
	org, err := tx.Organisation()
	if err != nil {
		return recognised{}, err
	}
	if u.Status != string(Active) || entered(org, u) != nil {
		return recognised{}, none
	}
	return recognised{session: sessionOf(org, u, row), seen: row.SeenAt}, nil
}

func readKey(tx *store.Tx, h tokenHash, now time.Time) (recognised, error) {
	none := errs.New(errs.NotFound, "This key has ended.")
	row, err := tx.APIKeyByToken(h[:])
	if errs.Is(err, errs.NotFound) { // the secret before its rotation ends by itself
		if row, err = tx.APIKeyByEarlier(h[:]); err == nil && (row.ExpiresAt.IsZero() || row.EarlierUntil.Before(row.ExpiresAt)) {
			row.ExpiresAt = row.EarlierUntil
		}
	}
	if err != nil {
		return recognised{}, err
	}
	if !row.Good(now) {
		return recognised{}, none
	}
	org, err := tx.Organisation()
	if err != nil {
		return recognised{}, err
	}
	if org.Status != string(Active) {
		return recognised{}, none
	}
	return recognised{session: Session{Actor: row.Actor(org.ID), Kind: Kind(org.Kind), APIKey: true, ExpiresAt: row.ExpiresAt}, seen: row.UsedAt}, nil
}

// touch writes down that a token was used. A failure is not the caller's
// affair: the next use tries again.
func (s *Service) touch(ctx context.Context, h tokenHash, r recognised, now time.Time) {
	s.known.note(h, now) // so that others do not write it as well
	a := r.session.Actor
	err := s.Store.Write(ctx, r.session.home(), func(tx *store.Tx) error {
		switch {
		case r.session.APIKey:
			return tx.TouchAPIKey(a.User, now)
		case a.Support != nil:
			return tx.TouchSession(r.session.homeSession, now, r.session.homeUntil)
		}
		return tx.TouchSession(a.Session, now, r.session.ExpiresAt)
	})
	if err != nil && !errs.Is(err, errs.NotFound) {
		s.known.note(h, r.seen)
		s.Log.Warn("the use of a session could not be noted", "tenant", a.Tenant, "session", a.Session, "error", err)
	}
}
