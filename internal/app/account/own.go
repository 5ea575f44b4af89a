package account

import (
	"context"
	"encoding/base64"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

func usersOnly(in Session) error {
	if in.APIKey {
		return errs.New(errs.Forbidden, "This is for signed-in users; an API key has no account of its own.")
	}
	return nil
}

// Me is the signed-in user with what it may do.
func (s *Service) Me(ctx context.Context, in Session) (Me, error) {
	if err := usersOnly(in); err != nil {
		return Me{}, err
	}
	org, err := s.ownOrganisation(ctx, in.Actor.Tenant)
	if err != nil {
		return Me{}, err
	}
	u, err := s.user(ctx, in.home(), in.Actor.User)
	if err != nil {
		return Me{}, err
	}
	support, err := s.supportOf(ctx, in)
	if err != nil {
		return Me{}, err
	}
	names, err := s.roleNames(ctx, in.Actor)
	if err != nil {
		return Me{}, err
	}
	wrong, strange := 0, 0
	err = s.Store.Read(ctx, in.home(), func(tx *store.Tx) (err error) {
		if strange, err = s.countUnusual(tx, in.Actor.User, in.Actor.Session); err != nil {
			return err
		}
		wrong, _, err = tx.WrongCodes(in.Actor.User)
		return err
	})
	if err != nil {
		return Me{}, err
	}
	device, err := s.deviceProof(ctx, in)
	if err != nil {
		return Me{}, err
	}
	me := Me{DeviceProof: device, Partly: []access.Permission{}, Support: support, WrongCodes: wrong, UnusualSessions: strange, User: u, OwnRoles: names, Session: in.Actor.Session, MustChange: u.MustChange && !in.ByProvider, MustSetUp: in.MustSetUp, ByProvider: in.ByProvider, PasswordLength: max(in.rule.PasswordLength, minPassword), ExpiresAt: in.ExpiresAt, IdleMinutes: in.rule.IdleMinutes,
		Organisation: OrganisationName{ID: org.ID, Kind: Kind(org.Kind), Slug: org.Slug, Name: org.Name, Language: org.Language, TimeZone: org.TimeZone, EndsAt: org.EndsAt}}
	for _, rule := range access.Table() {
		if rule.Permission != access.Public && access.Reach(in.Actor, rule.Permission) > access.None {
			me.Permissions = append(me.Permissions, rule.Permission)
			if access.Reach(in.Actor, rule.Permission) == access.SomeOf {
				me.Partly = append(me.Partly, rule.Permission)
			}
		}
	}
	if support == nil && !me.MustChange && !me.MustSetUp {
		key, err := s.Vault.Digest(ctx, in.home(), "kept", []byte(in.Actor.User))
		if err != nil {
			return Me{}, err
		}
		me.KeepKey = base64.StdEncoding.EncodeToString(key)
	}
	return me, nil
}

// UpdateMe changes the caller's own profile or language; nil stays.
func (s *Service) UpdateMe(ctx context.Context, a access.Actor, version int64, p *ProfileChange, language *string) (User, error) {
	var f errs.Fields
	if p != nil {
		p = checkProfileChange(&f, "profile", *p)
	}
	if language != nil {
		checkLanguage(&f, "language", *language)
	}
	if err := f.Err(); err != nil {
		return User{}, err
	}
	row, err := s.update(ctx, a, a.User, version, "user.changed", func(_ *store.Tx, u *store.UserRow) (map[string]string, error) {
		before := *u
		err := s.applyChange(ctx, a.Tenant, u, UserChange{Profile: p, Language: language})
		return changed(before, *u), err
	})
	if err != nil {
		return User{}, err
	}
	s.tell(a.Tenant, Change{User: a.User}) // its session speaks the new language
	s.tellSetup(a.Tenant, a.User)
	return s.view(ctx, a.Tenant, row)
}

// SetPassword changes the caller's own password, ends its other sessions and answers with
// this one's next token (proved). A wrong current password counts as a failed sign-in from here.
func (s *Service) SetPassword(ctx context.Context, in Session, current, next secret.Text) (secret.Text, error) {
	var none secret.Text
	if err := usersOnly(in); err != nil {
		return none, err
	}
	a := in.Actor
	var row store.UserRow
	var org store.OrganisationRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if org, err = tx.Organisation(); err != nil {
			return err
		}
		row, err = tx.User(a.User)
		return err
	})
	if err != nil {
		return none, err
	}
	device := a.Session // strangers' guesses do not keep its holder from this
	if now, until := s.now(), s.closedUntil(row.ID, row.LockedUntil, device); now.Before(until) {
		return none, lockedOut(until.Sub(now))
	}
	if err := checkNewPassword("new", row.UserName, next, in.rule.PasswordLength, org.Slug, org.Name); err != nil {
		return none, err
	}
	if current.Equal(next) {
		return none, errs.Bad("new", "must differ from the current one")
	}
	ok, err := s.hash.check(ctx, row.PasswordHash, current)
	if err != nil {
		return none, err
	}
	if !ok {
		if err := s.failedSignIn(ctx, a.Tenant, a.User, From{}, device); errs.Is(err, errs.Limited) {
			return none, err
		}
		return none, errs.Bad("current", "is not your current password")
	}
	if err := s.closedMeanwhile(ctx, a.Tenant, row.ID, device); err != nil {
		return none, err
	}
	hash, err := s.hash.make(ctx, next)
	if err != nil {
		return none, err
	}
	token, h := newToken(sessionPrefix, a.Tenant)
	if err := s.replacePassword(ctx, a, a.User, row.PasswordHash, hash, false, a.Session, h[:], "password.changed", EndedElsewhere); err != nil {
		return none, err
	}
	return token, nil
}

// replacePassword stores a hash and ends the user's sessions but one, which gets another token.
func (s *Service) replacePassword(ctx context.Context, a access.Actor, user, was, hash string, mustChange bool, except string, token []byte, action, reason string) error {
	var ended []string
	err := s.changeUser(ctx, a.Tenant, user, func(tx *store.Tx, u *store.UserRow) (err error) {
		if u.Status == string(Deleted) {
			return noSuchUser()
		}
		if err := mayManage(a, *u); err != nil {
			return settled{err}
		}
		if was != "" && u.PasswordHash != was {
			return settled{errs.New(errs.Conflict, "The password was changed in the meantime.")}
		}
		u.PasswordHash, u.MustChange = hash, mustChange
		takenOver(u, a, s.now())
		u.Invitation, u.InvitationHash, u.InvitationUntil = "", nil, time.Time{}
		u.Failures, u.FailingSince, u.LockedUntil = 0, time.Time{}, time.Time{}
		if err := tx.ForgetWrongCodes(user, true, true); err != nil { // whoever had the password has it no more
			return err
		}
		if ended, err = endSessions(tx, user, except, s.now()); err != nil || except == "" {
			return err
		}
		return tx.OfferToken(except, token, s.now())
	}, func(tx *store.Tx) error { return s.Audit.Record(tx, a, action, "user", user, nil) })
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: reason})
	return nil
}

// ResetPassword gives a user a one-time password, shown once, and ends its
// sessions. No email or phone is needed (privacy.md, rule 6).
func (s *Service) ResetPassword(ctx context.Context, a access.Actor, user string) (secret.Text, error) {
	if err := may(a, access.UserWrite); err != nil {
		return secret.Text{}, err
	}
	password := oneTimePassword()
	hash, err := s.hash.make(ctx, password)
	if err != nil {
		return secret.Text{}, err
	}
	if err := s.replacePassword(ctx, a, user, "", hash, true, "", nil, "password.reset", EndedByAdmin); err != nil {
		return secret.Text{}, err
	}
	return password, nil
}

// Sessions are the caller's own, by age.
func (s *Service) Sessions(ctx context.Context, a access.Actor) ([]SessionView, error) {
	var rows []store.SessionRow
	var strange map[string][]unusual.Reason
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if strange, err = s.unusualSessions(tx, a.User); err != nil {
			return err
		}
		rows, err = tx.SessionsOf(a.User)
		return err
	})
	out := []SessionView{}
	if err != nil {
		return out, err
	}
	rules, err := s.signInRules(ctx, a.Tenant)
	now := s.now()
	for _, r := range rows {
		if lasts(rules, r, now) {
			out = append(out, SessionView{ID: r.ID, CreatedAt: r.CreatedAt, SeenAt: r.SeenAt, ExpiresAt: absoluteEnd(rules, r.CreatedAt, r.ExpiresAt), Current: r.ID == a.Session, Unusual: strange[r.ID]})
		}
	}
	return out, err
}

// EndSession ends one of the caller's own sessions.
func (s *Service) EndSession(ctx context.Context, a access.Actor, session string) error {
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Session(session)
		if err == nil && row.UserID != a.User {
			err = errs.New(errs.NotFound, "This session does not exist.")
		}
		if err != nil {
			return err
		}
		if err := tx.EndSession(session, s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "session.ended", "session", session, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: a.User, Sessions: []string{session}, Reason: EndedElsewhere})
	return nil
}

// EndSessions signs a user of the actor's organisation out everywhere.
func (s *Service) EndSessions(ctx context.Context, a access.Actor, user string) error {
	if err := may(a, access.UserWrite); err != nil {
		return err
	}
	var ended []string
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err == nil && u.Status == string(Deleted) {
			err = noSuchUser()
		}
		if err == nil {
			err = mayManage(a, u)
		}
		if err != nil {
			return err
		}
		if ended, err = endSessions(tx, user, "", s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "sessions.ended", "user", user, nil)
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	return nil
}

func (s *Service) ownOrganisation(ctx context.Context, t id.Tenant) (store.OrganisationRow, error) {
	var org store.OrganisationRow
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		org, err = tx.Organisation()
		return err
	})
	return org, err
}
