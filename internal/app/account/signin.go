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
	"nubitalk/internal/core/totp"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/store"
)

// answerGrid is the grid on which refusals are answered, so that their time does
// not tell what was looked up or written.
const answerGrid = 250 * time.Millisecond

// SignIn answers with a new session. Whether the organisation or the user
// exists cannot be told from its errors or their time.
func (s *Service) SignIn(ctx context.Context, from From, organisation, userName string, password secret.Text) (SignedIn, error) {
	began := s.now()
	slug, key := strings.ToLower(strings.TrimSpace(organisation)), nameKey(userName)
	in, err := s.signIn(ctx, from, slug, key, password)
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

func (s *Service) signIn(ctx context.Context, from From, slug, key string, password secret.Text) (SignedIn, error) {
	org, user, err := s.findAccount(ctx, slug, key)
	if err != nil {
		return SignedIn{}, err
	}
	on, _, err := s.signOn(ctx, org.ID)
	if org.ID == "" || errs.Is(err, errs.NotFound) {
		err = nil
	}
	if err != nil {
		return SignedIn{}, err
	}
	if !on.Only {
		return s.signInHere(ctx, from, slug, key, password, org, user)
	}
	if user.ID != on.BreakGlass { // its password opens nothing, so nobody learns whether it is right
		user = store.UserRow{}
	}
	in, err := s.signInHere(ctx, from, slug, key, password, org, user)
	if errs.Is(err, errs.Unauthorised) {
		err = errs.New(errs.Unauthorised, "Your organisation's users sign in with its own provider. Please choose that instead of a password.")
	}
	return in, err
}

// signInHere is a sign-in by a password, in an organisation where passwords open sessions.
func (s *Service) signInHere(ctx context.Context, from From, slug, key string, password secret.Text, org store.OrganisationRow, user store.UserRow) (SignedIn, error) {
	if user.ID == "" || user.Status != string(Active) {
		return SignedIn{}, s.refuseUnknown(ctx, slug, key, password)
	}
	p := proof{by: "password", from: from, device: s.knownDevice(ctx, org.ID, user.ID, from)}
	if now, until := s.now(), s.closedUntil(user.ID, user.LockedUntil, p.device); now.Before(until) {
		return SignedIn{}, lockedOut(until.Sub(now))
	}
	ok, err := s.hash.check(ctx, user.PasswordHash, password)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		return SignedIn{}, s.failedSignIn(ctx, org.ID, user.ID, from, p.device)
	}
	if err := s.closedMeanwhile(ctx, org.ID, user.ID, p.device); err != nil {
		return SignedIn{}, err
	}
	if err := entered(org, user); err != nil {
		return SignedIn{}, err
	}
	hash := user.PasswordHash
	if s.hash.outdated(hash) {
		if hash, err = s.hash.make(ctx, password); err != nil {
			return SignedIn{}, err
		}
	}
	rules, err := s.signInRules(ctx, org.ID)
	if err != nil {
		return SignedIn{}, err
	}
	p.short = characters(password) < rules.SignIn.PasswordLength
	if len(user.Factors) > 0 {
		return s.askSecond(ctx, org, user, hash, p)
	}
	return s.openSession(ctx, org, user.ID, user.PasswordHash, hash, p)
}

// closedMeanwhile refuses a right password as a wrong one is refused, if the account was
// closed while it waited to be looked at: many at once would else tell which was right.
func (s *Service) closedMeanwhile(ctx context.Context, t id.Tenant, user, device string) error {
	var row store.UserRow
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.User(user)
		return err
	})
	if now, until := s.now(), s.closedUntil(user, row.LockedUntil, device); err == nil && now.Before(until) {
		return lockedOut(until.Sub(now))
	}
	return err
}

// askSecond answers a right password of a user who has a second factor. hash is
// the password's, made anew if that was due.
func (s *Service) askSecond(ctx context.Context, org store.OrganisationRow, user store.UserRow, hash string, p proof) (SignedIn, error) {
	state, err := s.issue(ctx, org.ID, forSecond, ticket{User: user.ID, Password: digest(user.PasswordHash), Secret: []byte(hash), Device: p.device, Short: p.short})
	if err != nil {
		return SignedIn{}, err
	}
	return SignedIn{Second: &SecondStep{State: state.Reveal(), Kinds: wordsAs[FactorKind](user.Factors)}}, nil
}

// SignInSecond completes a sign-in with the code of an authenticator app, or
// with a recovery code. A wrong one counts as a failed sign-in; an app's that has just
// ended (CodeEnded) does not, once.
func (s *Service) SignInSecond(ctx context.Context, from From, state secret.Text, code string) (SignedIn, error) {
	began := s.now()
	in, err := s.signInSecond(ctx, from, state, code)
	if errs.Is(err, errs.Unauthorised) || errs.Is(err, errs.Limited) || errs.Is(err, CodeEnded) {
		s.waitForGrid(ctx, began)
	}
	return in, err
}

func (s *Service) signInSecond(ctx context.Context, from From, state secret.Text, code string) (SignedIn, error) {
	t, k, err := s.redeem(ctx, forSecond, state)
	if err != nil {
		return SignedIn{}, err
	}
	defer s.codes.of(k.User)()
	org, user, rows, err := s.readAccount(ctx, t, k.User)
	if err != nil {
		return SignedIn{}, err
	}
	if user.Status != string(Active) || entered(org, user) != nil || string(digest(user.PasswordHash)) != string(k.Password) {
		return SignedIn{}, errTicket()
	}
	if now, until := s.now(), s.closedUntil(user.ID, user.LockedUntil, k.Device); now.Before(until) {
		return SignedIn{}, lockedOut(until.Sub(now))
	}
	closed, err := s.codesClosed(ctx, t, user.ID, k.Device)
	if err != nil {
		return SignedIn{}, err
	}
	if closed && len(plainCode(code)) == totp.Digits {
		return SignedIn{}, noMoreCodes()
	}
	after, was, what, err := s.useCode(ctx, t, rows, code)
	if err == nil && what == ended {
		if err = s.spendEnded(ctx, t, after, was); err == nil {
			return SignedIn{}, codeEnded()
		}
		if errs.Is(err, errs.Conflict) {
			what, err = wrong, nil
		}
	}
	if err != nil {
		return SignedIn{}, err
	}
	if what == wrong {
		if err := s.countCode(ctx, t, user.ID, k.Device); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, wrongCode(s.failedSignIn(ctx, t, user.ID, from, k.Device))
	}
	return s.openSession(ctx, org, user.ID, user.PasswordHash, string(k.Secret), proof{by: "password " + after.Kind, from: from, device: k.Device, short: k.Short, also: func(tx *store.Tx) error {
		if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
			return onlyOnce(err, errTicket())
		}
		if err := onlyOnce(tx.UseFactor(after, was), wrongCode(refused())); err != nil {
			return err
		}
		if FactorKind(after.Kind) == Recovery { // which says nothing of who guesses the app's codes
			return nil
		}
		return tx.ForgetWrongCodes(user.ID, k.Device == "", k.Device != "")
	}})
}

// codesClosed says whether too many codes of a user were wrong.
func (s *Service) codesClosed(ctx context.Context, t id.Tenant, user, device string) (closed bool, err error) {
	err = s.Store.Read(ctx, t, func(tx *store.Tx) error {
		strangers, known, err := tx.WrongCodes(user)
		closed = codesClosed(strangers, known, device)
		return err
	})
	return closed, err
}

// countCode counts a wrong code for as long as the password stays, and notes the one
// after which no more are taken.
func (s *Service) countCode(ctx context.Context, t id.Tenant, user, device string) error {
	return s.Store.Write(ctx, t, func(tx *store.Tx) error {
		strangers, known, err := tx.WrongCodes(user)
		if err != nil {
			return err
		}
		if err := tx.CountWrongCode(user, device != ""); err != nil || codesClosed(strangers, known, device) {
			return err
		}
		if strangers, known, err = tx.WrongCodes(user); err != nil || !codesClosed(strangers, known, device) {
			return err
		}
		return s.Audit.Record(tx, access.Actor{Tenant: t, User: user}, "sign_in.codes_closed", "user", user, nil)
	})
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

// CodeEnded is the code of the answer to an app's code that was right until a moment ago.
const CodeEnded errs.Code = "code_ended"

func codeEnded() error {
	return errs.New(CodeEnded, "That code has just ended. Type the one your app shows now.")
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

// failedSignIn counts a wrong password: the user's, or if it comes from a known
// device, that device's alone. It answers with the error to give. Of others the network is
// noted, so that failures that belong together are found (app/audit).
func (s *Service) failedSignIn(ctx context.Context, t id.Tenant, user string, from From, device string) error {
	if device != "" {
		return s.failedDevice(ctx, t, user, device)
	}
	var detail map[string]string
	if network := s.networkOf(ctx, t, from.Address); network != "" {
		detail = map[string]string{"network": network}
	}
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
		return s.Audit.Record(tx, access.Actor{Tenant: t, User: user}, action, "user", user, detail)
	})
	if err != nil {
		return err
	}
	if now := s.now(); now.Before(until) {
		return lockedOut(until.Sub(now))
	}
	return refused()
}

// failedDevice counts a wrong password from a known device.
func (s *Service) failedDevice(ctx context.Context, t id.Tenant, user, device string) error {
	until, action := s.devices.failed(user, device, s.now()), "sign_in.refused"
	if !until.IsZero() {
		action = "sign_in.locked"
	}
	err := s.Store.Write(ctx, t, func(tx *store.Tx) error {
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
	from    From
	device  string // that is known, by its id; "" if none
	short   bool   // the password is shorter than the rules allow
	despite bool   // a lock-out, because this cannot be guessed
	also    func(*store.Tx) error
	// invitation is the hash of the code by which a user comes who has no password yet.
	invitation []byte
	// provider is what the organisation's own says; nil if it was not asked.
	provider *providerProof
}

// openSession makes a session, if the account is still as it was checked. hash
// is the same password's, made anew if that was due.
func (s *Service) openSession(ctx context.Context, org store.OrganisationRow, user, checkedHash, hash string, p proof) (SignedIn, error) {
	t := org.ID
	now := s.now()
	rules, err := s.signInRules(ctx, t)
	if err != nil {
		return SignedIn{}, err
	}
	if !rules.SignIn.Allows(p.from.Address) {
		return SignedIn{}, outside()
	}
	stands := p.despite || p.device != "" // whatever strangers guess
	if !p.despite && now.Before(s.closedUntil(user, time.Time{}, p.device)) {
		return SignedIn{}, refused() // guesses beside this one closed it
	}
	token, h := newToken(sessionPrefix, t)
	row := store.SessionRow{ID: s.IDs.New(id.Session), UserID: user, TokenHash: h[:], CreatedAt: now, SeenAt: now, ProvedAt: now,
		ExpiresAt: now.Add(time.Duration(rules.SessionHours) * time.Hour)}
	if p.provider != nil {
		row.ByProvider, row.ProviderSession, row.ProvedAt = true, p.provider.session, p.provider.proved
	}
	proved := row.ProvedAt
	var session Session
	came := unusual.SignIn{At: now, Network: s.networkOf(ctx, t, p.from.Address), Known: p.device != ""}
	var roles string // that the provider changed
	glass := false
	err = s.changeUser(ctx, t, user, func(tx *store.Tx, u *store.UserRow) error {
		if u.Status != string(Active) || u.PasswordHash != checkedHash || !stands && now.Before(u.LockedUntil) {
			return refused()
		}
		if err := s.useInvitation(u, p.invitation); err != nil {
			return err
		}
		if p.by == "password" && len(u.Factors) > 0 { // it was added while the password was looked at
			return settled{errTicket()}
		}
		if p.also != nil {
			if err := p.also(tx); err != nil {
				return err
			}
		}
		var err error
		if glass, err = onlyByProvider(tx, user, p, now); err != nil {
			return err
		}
		if roles, err = s.rolesByProvider(tx, org, u, p); err != nil {
			return err
		}
		came.Failures = u.Failures
		u.SignedInAt, u.PasswordHash = now, hash
		u.MustChange = u.MustChange || p.short
		row.MustSetUp = p.provider == nil && len(u.Factors) == 0 && rules.SignIn.NeedsSecond(guarded(*u))
		if !stands { // else guesses of the password go on being counted
			u.Failures, u.FailingSince, u.LockedUntil = 0, time.Time{}, time.Time{}
		}
		if row.ProvedAt, err = provedAt(tx, u.Actor(t), p, proved); err != nil {
			return err
		}
		session = sessionOf(org, *u, row).under(rules)
		return tx.InsertSession(row)
	}, func(tx *store.Tx) error {
		detail := map[string]string{"by": p.by}
		if roles != "" {
			detail["roles"] = roles
		}
		if err := s.noteSignIn(tx, org.TimeZone, session.Actor, row.ID, came, detail); err != nil || !glass {
			return err
		}
		return s.Audit.Record(tx, session.Actor, "sign_in.break_glass", "user", user, nil)
	})
	if err != nil {
		return SignedIn{}, err
	}
	if roles != "" { // its other sessions have them at once
		s.tell(t, Change{User: user})
		s.tellSetup(t, user)
	}
	s.devices.forget(user, p.device, now)
	devices, err := s.remember(ctx, t, user, p.device, p.from)
	if err != nil { // the sign-in is done; only the next one is not recognised
		s.Log.Warn("a device could not be remembered", "tenant", t, "error", err)
	}
	return SignedIn{Session: session, Token: token, Devices: devices}, nil
}

func sessionOf(org store.OrganisationRow, u store.UserRow, row store.SessionRow) Session {
	a := u.Actor(org.ID)
	a.Session = row.ID
	if org.Status != string(Active) { // it is ending (entered)
		a.Scopes = access.WhileEnding
	}
	return Session{Actor: a,
		Kind: Kind(org.Kind), MustChange: u.MustChange && !row.ByProvider, ByProvider: row.ByProvider, Language: u.Language, ExpiresAt: row.ExpiresAt, ProvedAt: row.ProvedAt,
		opened: row.CreatedAt, lacksFactor: row.MustSetUp && len(u.Factors) == 0}
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
			before := u
			if err := fn(tx, &u); err != nil {
				return err
			}
			u.UpdatedAt = s.now()
			noteEndRight(before, &u, s.now())
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
