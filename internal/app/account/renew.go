package account

import (
	"context"
	"errors"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

// earlierFor is how long the token before is good after the next one was used: for what the
// browser's other windows had sent already.
const earlierFor = 5 * time.Second

// Who proves again who it is gets another token for its session, as with a sign-in (ASVS 7.2.4).
// It takes the place of the one before, and counts as proved, when it is used for the first time,
// which is with the browser's next call. If the answer that carried it was lost, nothing has
// happened: the browser's token is still the session's, and its user proves again who it is.

// proved notes that who holds a session is its user, and answers with the session's next token.
func (s *Service) proved(ctx context.Context, in Session, by string, also func(*store.Tx) error) (secret.Text, error) {
	token, h := newToken(sessionPrefix, in.Actor.Tenant)
	err := s.Store.Write(ctx, in.Actor.Tenant, func(tx *store.Tx) error {
		if err := also(tx); err != nil {
			return err
		}
		if err := s.provedHere(tx, in.Actor, by); err != nil {
			return err
		}
		return tx.OfferToken(in.Actor.Session, h[:], s.now())
	})
	var final settled
	if errors.As(err, &final) {
		err = final.error
	}
	if err != nil {
		return secret.Text{}, err
	}
	return token, nil
}

// takeToken makes the token that a session was given its own.
func (s *Service) takeToken(ctx context.Context, t id.Tenant, h tokenHash, user string, now time.Time) (r recognised, err error) {
	err = s.Store.Write(ctx, t, func(tx *store.Tx) error {
		err := tx.TakeToken(h[:], now.Add(earlierFor))
		if err == nil || errs.Is(err, errs.NotFound) { // another call of the browser was faster
			r, err = readSession(tx, h, now)
		}
		return err
	})
	if err == nil {
		s.tell(t, Change{User: user}) // every node forgets the one before
	}
	return r, err
}

// Still asks again who holds a session that a connection was opened with, whatever its token is
// by now; of keys and support sessions the token stays.
func (s *Service) Still(ctx context.Context, in Session, token secret.Text, fresh bool) (Session, error) {
	switch {
	case !in.APIKey && in.Actor.Support == nil:
	case fresh:
		return s.Recheck(ctx, token)
	default:
		return s.Recognise(ctx, token)
	}
	var r recognised
	err := s.Store.Read(ctx, in.Actor.Tenant, func(tx *store.Tx) error {
		row, err := tx.Session(in.Actor.Session)
		if err != nil {
			return err
		}
		r, err = stillOpen(tx, row)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return Session{}, signInAgain()
	}
	if err != nil {
		return Session{}, err
	}
	return s.lasting(ctx, tokenHash{}, r, s.now())
}
