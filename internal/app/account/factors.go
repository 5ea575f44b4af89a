package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/totp"
	"nubitalk/internal/store"
)

// FactorKind is a kind of second factor.
type FactorKind string

const (
	TOTP     FactorKind = "totp"    // an authenticator app
	Passkey  FactorKind = "passkey" // which needs no password beside it
	Recovery FactorKind = "recovery"
)

// Factor is one thing that a user proves itself with beside the password.
type Factor struct {
	ID        string     `json:"id"`
	Kind      FactorKind `json:"kind" enum:"totp,passkey"`
	Name      string     `json:"name"`
	CreatedAt time.Time  `json:"created_at"`
	UsedAt    time.Time  `json:"used_at,omitzero"`
}

// Factors are a user's own.
type Factors struct {
	Factors       []Factor `json:"factors"`
	RecoveryCodes int      `json:"recovery_codes" doc:"How many are left."`
	Required      bool     `json:"required" doc:"The organisation's sign-in rules ask for a second factor: the last one stays."`
}

// NewTOTP is an authenticator app that is being added.
type NewTOTP struct {
	Secret  string `json:"secret" doc:"To type into the app."`
	Address string `json:"address" doc:"otpauth://, for a picture that the app reads."`
	State   string `json:"state" doc:"To send along with the first code, within five minutes."`
}

// AddedFactor is one that was added, with the recovery codes if it is the first.
type AddedFactor struct {
	Factor        Factor   `json:"factor"`
	RecoveryCodes []string `json:"recovery_codes,omitempty" doc:"One-time codes for the day when the factor is lost, shown this once."`
}

const (
	maxFactors    = 10
	recoveryCodes = 10
	// freshFor is how long one may change how one signs in, after proving who one is.
	freshFor = 10 * time.Minute
)

// Fresh says whether who holds the session has proved to be its user not long ago.
func (s Session) Fresh(now time.Time) bool {
	return !s.ProvedAt.IsZero() && now.Sub(s.ProvedAt) < freshFor
}

func factorWhere(factor string) string { return "factors.secret/" + factor }

func factorOf(r store.FactorRow) Factor {
	return Factor{ID: r.ID, Kind: FactorKind(r.Kind), Name: r.Name, CreatedAt: r.CreatedAt, UsedAt: r.UsedAt}
}

// Factors are the caller's own second factors.
func (s *Service) Factors(ctx context.Context, in Session) (Factors, error) {
	out := Factors{Factors: []Factor{}, Required: in.rule.NeedsSecond(words(in.Actor.Guarded()))}
	if err := usersOnly(in); err != nil {
		return out, err
	}
	rows, err := s.factorsOf(ctx, in.Actor.Tenant, in.Actor.User)
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		if FactorKind(r.Kind) != Recovery {
			out.Factors = append(out.Factors, factorOf(r))
			continue
		}
		left, err := s.openCodes(ctx, in.Actor.Tenant, r)
		if err != nil {
			return out, err
		}
		out.RecoveryCodes += len(left)
	}
	return out, nil
}

func (s *Service) factorsOf(ctx context.Context, t id.Tenant, user string) (rows []store.FactorRow, err error) {
	err = s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		rows, err = tx.FactorsOf(user)
		return err
	})
	return rows, err
}

// Confirm takes the password again from who holds a session, so that it may
// change how it signs in. It answers with the session's next token (proved). A wrong
// password counts as a failed sign-in from here.
func (s *Service) Confirm(ctx context.Context, in Session, password secret.Text) (secret.Text, error) {
	var none secret.Text
	row, err := s.ownRow(ctx, in)
	if err != nil {
		return none, err
	}
	device := in.Actor.Session
	if now, until := s.now(), s.closedUntil(row.ID, row.LockedUntil, device); now.Before(until) {
		return none, lockedOut(until.Sub(now))
	}
	ok, err := s.hash.check(ctx, row.PasswordHash, password)
	if err != nil {
		return none, err
	}
	if !ok {
		if err := s.failedSignIn(ctx, in.Actor.Tenant, in.Actor.User, From{}, device); !errs.Is(err, errs.Unauthorised) {
			return none, err
		}
		return none, errs.Bad("password", "is not your current password")
	}
	if err := s.closedMeanwhile(ctx, in.Actor.Tenant, row.ID, device); err != nil {
		return none, err
	}
	return s.proved(ctx, in, "password", func(*store.Tx) error { return nil })
}

func (s *Service) ownRow(ctx context.Context, in Session) (row store.UserRow, err error) {
	if err := usersOnly(in); err != nil {
		return row, err
	}
	err = s.Store.Read(ctx, in.Actor.Tenant, func(tx *store.Tx) (err error) {
		row, err = tx.User(in.Actor.User)
		return err
	})
	return row, err
}

// BeginTOTP makes a secret for an authenticator app. Nothing is stored before
// the app has shown that it has it (AddTOTP).
func (s *Service) BeginTOTP(ctx context.Context, in Session) (NewTOTP, error) {
	row, err := s.ownRow(ctx, in)
	if err != nil {
		return NewTOTP{}, err
	}
	org, err := s.ownOrganisation(ctx, in.Actor.Tenant)
	if err != nil {
		return NewTOTP{}, err
	}
	key := make([]byte, totp.SecretBytes)
	_, _ = rand.Read(key) // never fails
	state, err := s.issue(ctx, in.Actor.Tenant, forTOTP, ticket{User: in.Actor.User, Secret: key})
	if err != nil {
		return NewTOTP{}, err
	}
	return NewTOTP{Secret: totp.Text(key), Address: totp.Address("Nubitalk "+org.Slug, row.UserName, key), State: state.Reveal()}, nil
}

// AddTOTP adds the authenticator app that shows this code.
func (s *Service) AddTOTP(ctx context.Context, in Session, state secret.Text, code, name string) (AddedFactor, error) {
	if err := usersOnly(in); err != nil {
		return AddedFactor{}, err
	}
	t, k, err := s.redeem(ctx, forTOTP, state)
	if err != nil || t != in.Actor.Tenant || k.User != in.Actor.User {
		return AddedFactor{}, tookTooLong(err)
	}
	step, ok := totp.Check(k.Secret, plainCode(code), 0, s.now())
	if !ok {
		return AddedFactor{}, notYet(k.Secret, plainCode(code), s.now())
	}
	return s.addFactor(ctx, in, k, store.FactorRow{Kind: string(TOTP), Name: name, Step: step}, k.Secret)
}

// notYet says why an app that is being added is not: who adds it holds its secret, and
// may know that its clock is off.
func notYet(key []byte, code string, now time.Time) error {
	off, ok := totp.Drift(key, code, now)
	minutes := int(off.Abs().Round(time.Minute) / time.Minute)
	switch {
	case !ok:
		return errs.Bad("code", "is not what the app should show now; see whether its clock is right")
	case off == -totp.Period:
		return errs.Bad("code", "has just ended. Type the one your app shows now; if it is still this one, set your phone's clock to automatic.")
	case off == totp.Period:
		return errs.Bad("code", "is not due yet: your phone's clock is less than a minute ahead. Set it to automatic and try again.")
	case off < 0 && minutes == 1:
		return errs.Bad("code", "is an old one: your phone's clock is about a minute behind. Set it to automatic and try again.")
	case off < 0:
		return errs.Bad("code", "is an old one: your phone's clock is about %d minutes behind. Set it to automatic and try again.", minutes)
	case minutes == 1:
		return errs.Bad("code", "is not due yet: your phone's clock is about a minute ahead. Set it to automatic and try again.")
	}
	return errs.Bad("code", "is not due yet: your phone's clock is about %d minutes ahead. Set it to automatic and try again.", minutes)
}

// tookTooLong is errTicket for somebody who is signed in, which it does not end.
func tookTooLong(err error) error {
	if err != nil && !errs.Is(err, errs.Unauthorised) {
		return err
	}
	return errs.Bad("state", "has expired or is of something else; please begin again")
}

// addFactor stores a factor, and makes recovery codes with the first.
func (s *Service) addFactor(ctx context.Context, in Session, k ticket, row store.FactorRow, plain []byte) (AddedFactor, error) {
	var f errs.Fields
	row.Name = checkText(&f, "name", row.Name, 1, 80)
	if err := f.Err(); err != nil {
		return AddedFactor{}, err
	}
	a, now := in.Actor, s.now()
	row.ID, row.UserID, row.CreatedAt = s.IDs.New(id.Factor), a.User, now
	var err error
	if row.SecretSealed, err = s.Vault.SealTenant(ctx, a.Tenant, factorWhere(row.ID), plain); err != nil {
		return AddedFactor{}, err
	}
	recovery, codes, err := s.newCodes(ctx, a)
	if err != nil {
		return AddedFactor{}, err
	}
	first := false
	err = s.changeUser(ctx, a.Tenant, a.User, func(tx *store.Tx, u *store.UserRow) error {
		if u.Status != string(Active) {
			return settled{noSuchUser()}
		}
		rows, err := tx.FactorsOf(a.User)
		if err != nil {
			return err
		}
		if len(rows) > maxFactors {
			return settled{errs.New(errs.Conflict, "You have %d second factors, which is the most. Remove one first.", maxFactors)}
		}
		if err := tx.SpendChallenge(k.spent(), time.UnixMilli(k.Until)); err != nil {
			if errs.Is(err, errs.Conflict) {
				err = settled{tookTooLong(nil)}
			}
			return err
		}
		if err := tx.InsertFactor(row); err != nil {
			return err
		}
		first = !slices.ContainsFunc(rows, func(r store.FactorRow) bool { return FactorKind(r.Kind) == Recovery })
		if first {
			if err := tx.InsertFactor(recovery); err != nil {
				return err
			}
		}
		u.Factors = kindsOf(append(rows, row))
		return nil
	}, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "factor.added", "user", a.User, map[string]string{"kind": row.Kind, "factor": row.ID})
	})
	if err != nil {
		return AddedFactor{}, err
	}
	s.tell(a.Tenant, Change{User: a.User})
	s.tellSetup(a.Tenant, a.User)
	added := AddedFactor{Factor: factorOf(row)}
	if first {
		added.RecoveryCodes = codes
	}
	return added, nil
}

// kindsOf are the kinds of second factor among rows, each once.
func kindsOf(rows []store.FactorRow) []string {
	kinds := []string{}
	for _, r := range rows {
		if FactorKind(r.Kind) != Recovery && !slices.Contains(kinds, r.Kind) {
			kinds = append(kinds, r.Kind)
		}
	}
	slices.Sort(kinds)
	return kinds
}

// RemoveFactor removes one of the caller's own; with the last one go the
// recovery codes.
func (s *Service) RemoveFactor(ctx context.Context, in Session, factor string) error {
	if err := usersOnly(in); err != nil {
		return err
	}
	a := in.Actor
	kind := ""
	err := s.changeUser(ctx, a.Tenant, a.User, func(tx *store.Tx, u *store.UserRow) error {
		rows, err := tx.FactorsOf(a.User)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rows, func(r store.FactorRow) bool { return r.ID == factor && FactorKind(r.Kind) != Recovery })
		if at < 0 {
			return settled{errs.New(errs.NotFound, "This second factor does not exist.")}
		}
		kind = rows[at].Kind
		left := kindsOf(slices.Delete(rows, at, at+1))
		if len(left) == 0 && in.rule.NeedsSecond(guarded(*u)) {
			return settled{errs.New(errs.Conflict, "Your organisation asks for a second factor, and this is your last one. Add another first.")}
		}
		if len(left) == 0 {
			_, err = tx.DeleteFactorsOf(a.User)
		} else {
			err = tx.DeleteFactor(a.User, factor)
		}
		u.Factors = left
		return err
	}, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "factor.removed", "user", a.User, map[string]string{"kind": kind, "factor": factor})
	})
	if err == nil {
		s.tell(a.Tenant, Change{User: a.User})
		s.tellSetup(a.Tenant, a.User)
	}
	return err
}

// ResetFactors removes all second factors of a user who has lost them, and ends
// its sessions.
func (s *Service) ResetFactors(ctx context.Context, a access.Actor, user string) error {
	if err := may(a, access.UserWrite); err != nil {
		return err
	}
	var ended []string
	err := s.changeUser(ctx, a.Tenant, user, func(tx *store.Tx, u *store.UserRow) (err error) {
		if u.Status == string(Deleted) {
			return settled{noSuchUser()}
		}
		if err := mayManage(a, *u); err != nil {
			return settled{err}
		}
		if _, err := tx.DeleteFactorsOf(user); err != nil {
			return err
		}
		if err := tx.ForgetWrongCodes(user, true, true); err != nil {
			return err
		}
		u.Factors = nil
		takenOver(u, a, s.now())
		ended, err = endSessions(tx, user, "", s.now())
		return err
	}, func(tx *store.Tx) error { return s.Audit.Record(tx, a, "factors.reset", "user", user, nil) })
	if err == nil {
		s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
		s.tellSetup(a.Tenant, user)
	}
	return err
}

// NewRecoveryCodes makes the caller's recovery codes anew; those before are void.
func (s *Service) NewRecoveryCodes(ctx context.Context, in Session) ([]string, error) {
	if err := usersOnly(in); err != nil {
		return nil, err
	}
	a := in.Actor
	row, codes, err := s.newCodes(ctx, a)
	if err != nil {
		return nil, err
	}
	err = s.changeUser(ctx, a.Tenant, a.User, func(tx *store.Tx, u *store.UserRow) error {
		if len(u.Factors) == 0 {
			return settled{errs.New(errs.Conflict, "Recovery codes stand in for a second factor. Add one first.")}
		}
		rows, err := tx.FactorsOf(a.User)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if FactorKind(r.Kind) == Recovery {
				if err := tx.DeleteFactor(a.User, r.ID); err != nil {
					return err
				}
			}
		}
		return tx.InsertFactor(row)
	}, func(tx *store.Tx) error { return s.Audit.Record(tx, a, "recovery_codes.made", "user", a.User, nil) })
	return codes, err
}

// newCodes makes recovery codes and the row that knows them by their hashes.
func (s *Service) newCodes(ctx context.Context, a access.Actor) (store.FactorRow, []string, error) {
	row := store.FactorRow{ID: s.IDs.New(id.Factor), UserID: a.User, Kind: string(Recovery), CreatedAt: s.now()}
	codes := make([]string, recoveryCodes)
	left := make([][]byte, recoveryCodes)
	for i := range codes {
		codes[i] = recoveryCode().Reveal()
		left[i] = codeHash(codes[i])
	}
	sealed, err := s.sealCodes(ctx, a.Tenant, row.ID, left)
	row.SecretSealed = sealed
	return row, codes, err
}

func (s *Service) sealCodes(ctx context.Context, t id.Tenant, factor string, left [][]byte) (secret.Sealed, error) {
	plain, err := json.Marshal(left)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The recovery codes could not be written.")
	}
	return s.Vault.SealTenant(ctx, t, factorWhere(factor), plain)
}

func (s *Service) openCodes(ctx context.Context, t id.Tenant, row store.FactorRow) (left [][]byte, err error) {
	plain, err := s.Vault.OpenTenant(ctx, t, factorWhere(row.ID), row.SecretSealed)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(plain.Reveal(), &left) != nil {
		return nil, errs.New(errs.Internal, "The recovery codes could not be read.")
	}
	return left, nil
}

// plainCode is a code as typed, without what only helps to read it.
func plainCode(code string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\t", "").Replace(code))
}

func codeHash(code string) []byte {
	h := sha256.Sum256([]byte(plainCode(code)))
	return h[:]
}

// used is what became of a code.
type used int

const (
	wrong used = iota
	right
	ended // it was an app's right one until a moment ago, and nobody used it
)

// useCode finds the factor that a code is of, as it is after this use. was is
// its step before.
func (s *Service) useCode(ctx context.Context, t id.Tenant, rows []store.FactorRow, code string) (after store.FactorRow, was int64, what used, err error) {
	code = plainCode(code)
	now := s.now()
	for _, row := range rows {
		before := row.Step
		switch {
		case FactorKind(row.Kind) == TOTP && len(code) == totp.Digits:
			key, err := s.Vault.OpenTenant(ctx, t, factorWhere(row.ID), row.SecretSealed)
			if err != nil {
				return row, 0, wrong, err
			}
			if step, ok := totp.Check(key.Reveal(), code, row.Step, now); ok {
				row.Step, row.UsedAt = step, now
				return row, before, right, nil
			}
			if step, ok := totp.Ended(key.Reveal(), code, row.Step, now); ok { // which may be right for another app
				row.Step = step
				after, was, what = row, before, ended
			}
		case FactorKind(row.Kind) == Recovery && len(code) != totp.Digits:
			left, err := s.openCodes(ctx, t, row)
			if err != nil {
				return row, 0, wrong, err
			}
			at := slices.IndexFunc(left, func(h []byte) bool { return string(h) == string(codeHash(code)) })
			if at < 0 {
				continue
			}
			if row.SecretSealed, err = s.sealCodes(ctx, t, row.ID, slices.Delete(left, at, at+1)); err != nil {
				return row, 0, wrong, err
			}
			row.Step, row.UsedAt = row.Step+1, now
			return row, before, right, nil
		}
	}
	return after, was, what, nil
}

// spendEnded notes that a code was told to have just ended, which is told once: nobody
// asks about codes without end. Conflict: it was used or told in the meantime.
func (s *Service) spendEnded(ctx context.Context, t id.Tenant, after store.FactorRow, was int64) error {
	return s.Store.Write(ctx, t, func(tx *store.Tx) error { return tx.UseFactor(after, was) })
}
