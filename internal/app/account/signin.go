package account

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// answerGrid is the grid on which refusals are answered, so that their time does
// not tell what was looked up or written.
const answerGrid = 250 * time.Millisecond

// SignIn answers with a new session. Whether the organisation or the user
// exists cannot be told from its errors or their time.
func (s *Service) SignIn(ctx context.Context, organisation, userName string, password secret.Text) (SignedIn, error) {
	began := s.now()
	slug, key := strings.ToLower(strings.TrimSpace(organisation)), nameKey(userName)
	in, err := s.signIn(ctx, slug, key, password)
	if errs.Is(err, errs.Unauthorised) || errs.Is(err, errs.Limited) {
		s.waitForGrid(ctx, began)
	}
	return in, err
}

func (s *Service) waitForGrid(ctx context.Context, began time.Time) {
	late := s.now().Sub(began) % answerGrid
	if late < 0 {
		late = 0
	}
	s.wait(ctx, answerGrid-late)
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (s *Service) signIn(ctx context.Context, slug, key string, password secret.Text) (SignedIn, error) {
	org, user, err := s.findAccount(ctx, slug, key)
	if err != nil {
		return SignedIn{}, err
	}
	if user.ID == "" || user.Status != string(Active) {
		return SignedIn{}, s.refuseUnknown(ctx, slug, key, password)
	}
	if now := s.now(); now.Before(user.LockedUntil) {
		return SignedIn{}, lockedOut(user.LockedUntil.Sub(now))
	}
	ok, err := s.hash.check(ctx, user.PasswordHash, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, s.failedSignIn(ctx, org.ID, user.ID)
	}
	if err := s.closedMeanwhile(ctx, org.ID, user.ID); err != nil {
		return SignedIn{}, err
	}
	if org.Status != string(Active) {
		return SignedIn{}, suspended()
	}
	hash := user.PasswordHash
	if s.hash.outdated(hash) {
		if hash, err = s.hash.make(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	if len(user.Factors) > 0 {
		return s.askSecond(ctx, org, user, hash)
	}
	return s.openSession(ctx, org, user.ID, user.PasswordHash, hash, proof{by: "password"})
}

// closedMeanwhile refuses a right password as a wrong one is refused, if the account was
// closed while it waited to be looked at: many at once would else tell which was right.
func (s *Service) closedMeanwhile(ctx context.Context, t id.Tenant, user string) error {
	var row store.UserRow
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.User(user)
		return err
	})
	if now := s.now(); err == nil && now.Before(row.LockedUntil) {
		return lockedOut(row.LockedUntil.Sub(now))
	}
	return err
}

// askSecond answers a right password of a user who has a second factor. hash is
// the password's, made anew if that was due.
func (s *Service) askSecond(ctx context.Context, org store.OrganisationRow, user store.UserRow, hash string) (SignedIn, error) {
	state, err := s.issue(ctx, org.ID, forSecond, ticket{User: user.ID, Password: digest(user.PasswordHash), Secret: []byte(hash)})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Second: &SecondStep{State: state.Reveal(), Kinds: wordsAs[FactorKind](user.Factors)}}, nil
}

// SignInSecond completes a sign-in with the code of an authenticator app, or
// with a recovery code. A wrong one counts as a failed sign-in.
func (s *Service) SignInSecond(ctx context.Context, state secret.Text, code string) (SignedIn, error) {
	began := s.now()
	in, err := s.signInSecond(ctx, state, code)
	if errs.Is(err, errs.Unauthorised) || errs.Is(err, errs.Limited) {
		s.waitForGrid(ctx, began)
	}
	return in, err
}

func (s *Service) signInSecond(ctx context.Context, state secret.Text, code string) (SignedIn, error) {
	t, k, err := s.redeem(ctx, forSecond, state)
	if err != nil {
		return SignedIn{}, err
	}
	defer s.codes.of(k.User)()
	org, user, rows, err := s.readAccount(ctx, t, k.User)
	if err != nil {
		return SignedIn{}, err
	}
	if user.Status != string(Active) || org.Status != string(Active) || string(digest(user.PasswordHash)) != string(k.Password) {
		return SignedIn{}, errTicket()
	}
	if now := s.now(); now.Before(user.LockedUntil) {
		return SignedIn{}, lockedOut(user.LockedUntil.Sub(now))
	}
	after, was, ok, err := s.useCode(ctx, t, rows, code)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, wrongCode(s.failedSignIn(ctx, t, user.ID))
	}
	return s.openSession(ctx, org, user.ID, user.PasswordHash, string(k.Secret), proof{by: "password " + after.Kind, also: func(tx *store.Tx) error {
		if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
			return onlyOnce(err, errTicket())
		}
		return onlyOnce(tx.UseFactor(after, was), wrongCode(refused()))
	}})
}

// readAccount is an account that a ticket names, with its second factors.
func (s *Service) readAccount(ctx context.Context, t id.Tenant, user string) (org store.OrganisationRow, u store.UserRow, rows []store.FactorRow, err error) {
	err = s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		if org, err = tx.Organisation(); err != nil {
			return err
		}
		if u, err = tx.User(user); err != nil {
			return err
		}
		rows, err = tx.FactorsOf(user)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		err = errTicket()
	}
	return org, u, rows, err
}

// wrongCode says of a refusal that it was the code's.
func wrongCode(err error) error {
	if errs.Is(err, errs.Unauthorised) {
		return errs.New(errs.Unauthorised, "This code is not right, or was used before. An app shows another every 30 seconds.")
	}
	return err
}

// onlyOnce makes of a conflict, which means that somebody was faster with the
// same thing, an error that is not tried again.
func onlyOnce(err, refusal error) error {
	if errs.Is(err, errs.Conflict) {
		return settled{refusal}
	}
	return err
}

func suspended() error {
	return errs.New(errs.Forbidden, "This organisation is suspended. Please ask who provides the service.")
}

// findAccount answers with empty rows when there is no such organisation or
// user.
func (s *Service) findAccount(ctx context.Context, slug, key string) (store.OrganisationRow, store.UserRow, error) {
	var org store.OrganisationRow
	var user store.UserRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		org, err = tx.OrganisationBySlug(slug)
		return err
	})
	if err == nil {
		err = s.Store.Read(ctx, org.ID, func(tx *store.Tx) (err error) {
			user, err = tx.UserByName(key)
			return err
		})
	}
	if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Invalid) {
		return org, user, err
	}
	return org, user, nil
}

func refused() error {
	return errs.New(errs.Unauthorised, "The organisation, the user name or the password is not right.")
}

func lockedOut(left time.Duration) error {
	minutes := int(math.Ceil(left.Minutes()))
	unit := "minutes"
	if minutes == 1 {
		unit = "minute"
	}
	e := errs.New(errs.Limited, "Too many attempts failed. Please try again in %d %s, or ask your administrator for a new password.", minutes, unit)
	e.RetryAfter = left
	return e
}

// refuseUnknown does for a name that cannot sign in what is done for one that
// can.
func (s *Service) refuseUnknown(ctx context.Context, slug, key string, password secret.Text) error {
	if until := s.guesses.locked(slug, key, s.now()); !until.IsZero() {
		return lockedOut(until.Sub(s.now()))
	}
	if _, err := s.hash.check(ctx, "", password); err != nil {
		return err
	}
	if until := s.guesses.failed(slug, key, s.now()); !until.IsZero() {
		return lockedOut(until.Sub(s.now()))
	}
	return refused()
}

// failedSignIn counts a wrong password. It answers with the error to give.
func (s *Service) failedSignIn(ctx context.Context, t id.Tenant, user string) error {
	var until time.Time
	err := s.changeUser(ctx, t, user, func(tx *store.Tx, u *store.UserRow) error {
		now := s.now()
		until = u.LockedUntil
		if now.Before(until) { // another attempt closed it in the meantime
			return errUnchanged
		}
		u.Failures, u.FailingSince, u.LockedUntil = fail(u.Failures, u.FailingSince, now)
		until = u.LockedUntil
		return nil
	}, func(tx *store.Tx) error {
		action := "sign_in.refused"
		if !until.IsZero() {
			action = "sign_in.locked"
		}
		return s.Audit.Record(tx, access.Actor{Tenant: t, User: user}, action, "user", user, nil)
	})
	if err != nil {
		return err
	}
	if now := s.now(); now.Before(until) {
		return lockedOut(until.Sub(now))
	}
	return refused()
}

// proof is how somebody proved to be a user.
type proof struct {
	by      string // for the audit log: password, passkey, …
	despite bool   // a lock-out, because this cannot be guessed
	also    func(*store.Tx) error
}

// openSession makes a session, if the account is still as it was checked. hash
// is the same password's, made anew if that was due.
func (s *Service) openSession(ctx context.Context, org store.OrganisationRow, user, checkedHash, hash string, p proof) (SignedIn, error) {
	t := org.ID
	now := s.now()
	token, h := newToken(sessionPrefix, t)
	row := store.SessionRow{ID: s.IDs.New(id.Session), UserID: user, TokenHash: h[:], CreatedAt: now, SeenAt: now, ProvedAt: now,
		ExpiresAt: now.Add(s.sessionHours(ctx, t))}
	var session Session
	err := s.changeUser(ctx, t, user, func(tx *store.Tx, u *store.UserRow) error {
		if u.Status != string(Active) || u.PasswordHash != checkedHash || !p.despite && now.Before(u.LockedUntil) {
			return refused()
		}
		if p.also != nil {
			if err := p.also(tx); err != nil {
				return err
			}
		}
		u.SignedInAt, u.PasswordHash = now, hash
		if !p.despite { // else guesses of the password go on being counted
			u.Failures, u.FailingSince, u.LockedUntil = 0, time.Time{}, time.Time{}
		}
		session = sessionOf(org, *u, row)
		return tx.InsertSession(row)
	}, func(tx *store.Tx) error {
		return s.Audit.Record(tx, session.Actor, "sign_in", "session", row.ID, map[string]string{"by": p.by})
	})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Session: session, Token: token}, nil
}

func sessionOf(org store.OrganisationRow, u store.UserRow, row store.SessionRow) Session {
	return Session{Actor: access.Actor{Tenant: org.ID, User: u.ID, Session: row.ID, Roles: wordsAs[access.Role](u.Roles)},
		Kind: Kind(org.Kind), MustChange: u.MustChange, Language: u.Language, ExpiresAt: row.ExpiresAt, ProvedAt: row.ProvedAt}
}

// SignOut ends the session.
func (s *Service) SignOut(ctx context.Context, in Session) error {
	if in.APIKey {
		return errs.New(errs.Forbidden, "An API key has no session to end.")
	}
	a := in.Actor
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.EndSession(a.Session, s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sign_out", "session", a.Session, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: a.User, Sessions: []string{a.Session}, Reason: EndedSignedOut})
	return nil
}

// settled is an error of changeUser's fn that trying again would not change.
type settled struct{ error }

func (e settled) Unwrap() error { return e.error }

// errUnchanged ends changeUser without a change and without an error.
var errUnchanged = settled{errs.New(errs.Conflict, "Nothing to change.")}

// changeUser changes a user row, again from the start when someone was faster.
// note writes the audit log, last.
func (s *Service) changeUser(ctx context.Context, t id.Tenant, user string, fn func(tx *store.Tx, u *store.UserRow) error, note func(tx *store.Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := s.Store.Write(ctx, t, func(tx *store.Tx) error {
			u, err := tx.User(user)
			if err != nil {
				return err
			}
			if err := fn(tx, &u); err != nil {
				return err
			}
			u.UpdatedAt = s.now()
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			return note(tx)
		})
		var final settled
		switch {
		case errors.As(err, &final):
			if final == errUnchanged {
				return nil
			}
			return final.error
		case errs.Is(err, errs.Conflict) && attempt < 10:
			continue
		}
		return err
	}
}
