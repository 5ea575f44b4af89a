package account_test

import (
	"context"
	"encoding/base32"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/totp"
	"nubitalk/internal/store"
)

// app is an authenticator app.
type app struct {
	f   *fixture
	key []byte
}

// code is what it shows so many steps from now.
func (p app) code(steps int) string {
	return totp.Code(p.key, totp.StepAt(p.f.clock.Now())+int64(steps))
}

// addApp gives a signed-in user an authenticator app.
func (f *fixture) addApp(in account.Session) (app, account.AddedFactor) {
	f.t.Helper()
	begun, err := f.BeginTOTP(f.t.Context(), in)
	must(f.t, err)
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
	must(f.t, err)
	p := app{f, key}
	added, err := f.AddTOTP(f.t.Context(), in, secret.New(begun.State), p.code(0), "phone")
	must(f.t, err)
	return p, added
}

// password signs in as far as a right password leads.
func (f *fixture) password(name string) account.SignedIn {
	f.t.Helper()
	in, err := f.SignIn(f.t.Context(), account.From{}, "acme", name, secret.New(goodPassword))
	must(f.t, err)
	return in
}

func (f *fixture) second(in account.SignedIn, code string) (account.SignedIn, error) {
	return f.SignInSecond(f.t.Context(), account.From{}, secret.New(in.Second.State), code)
}

func TestAPasswordAloneIsNotEnoughWithASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		phone, added := f.addApp(in.Session)
		if len(added.RecoveryCodes) != 10 || added.Factor.Kind != account.TOTP || added.Factor.Name != "phone" {
			t.Errorf("%+v", added)
		}
		half := f.password("ana")
		if half.Second == nil || !half.Token.Empty() || half.Session.Actor.User != "" || len(half.Second.Kinds) != 1 || half.Second.Kinds[0] != account.TOTP {
			t.Fatalf("%+v", half)
		}
		if strings.Contains(half.Second.State, ana.ID) {
			t.Error("the state tells the user's id")
		}
		// The code with which the app was added is spent, and so is any earlier one.
		for _, steps := range []int{0, -1, -2, 2} {
			_, err := f.second(half, phone.code(steps))
			wantCode(t, err, errs.Unauthorised)
		}
		f.clock.Advance(30 * time.Second)
		full, err := f.second(half, phone.code(0)[:3]+" "+phone.code(0)[3:])
		must(t, err)
		if s, err := f.Recognise(t.Context(), full.Token); err != nil || s.Actor.User != ana.ID {
			t.Errorf("%+v, %v", s, err)
		}
		// Neither the code nor the state is good again.
		_, err = f.second(f.password("ana"), phone.code(0))
		wantCode(t, err, errs.Unauthorised)
		_, err = f.second(half, phone.code(1))
		wantCode(t, err, errs.Unauthorised)
		u, err := f.User(t.Context(), f.a.admin, ana.ID)
		if err != nil || len(u.Factors) != 1 || u.Factors[0] != account.TOTP {
			t.Errorf("%v, %v", u.Factors, err)
		}
		if n := f.audited(f.a.ID, "factor.added"); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}

func TestARecoveryCodeIsGoodOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		_, added := f.addApp(in.Session)
		one, two := added.RecoveryCodes[0], added.RecoveryCodes[1]
		_, err := f.second(f.password("ana"), strings.ToUpper(strings.ReplaceAll(one, "-", " ")))
		must(t, err)
		_, err = f.second(f.password("ana"), one)
		wantCode(t, err, errs.Unauthorised)
		_, err = f.second(f.password("ana"), two)
		must(t, err)
		left, err := f.Factors(t.Context(), in.Session)
		if err != nil || left.RecoveryCodes != 8 || len(left.Factors) != 1 {
			t.Errorf("%+v, %v", left, err)
		}
		codes, err := f.NewRecoveryCodes(t.Context(), in.Session)
		must(t, err)
		_, err = f.second(f.password("ana"), added.RecoveryCodes[2]) // those before are void
		wantCode(t, err, errs.Unauthorised)
		_, err = f.second(f.password("ana"), codes[0])
		must(t, err)
	})
}

func TestWrongCodesLockLikeWrongPasswords(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		phone, _ := f.addApp(in.Session)
		f.clock.Advance(30 * time.Second)
		half := f.password("ana")
		for range 4 {
			_, err := f.second(half, "no code")
			wantCode(t, err, errs.Unauthorised)
		}
		_, err := f.second(half, "no code")
		wantCode(t, err, errs.Limited)
		_, err = f.second(half, phone.code(0)) // even the right one
		wantCode(t, err, errs.Limited)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		wantCode(t, err, errs.Limited)
		f.clock.Advance(5*time.Minute + time.Second)
		_, err = f.second(f.password("ana"), phone.code(0))
		must(t, err)
	})
}

// looks is a vault that counts how often an app's secret is looked at.
type looks struct {
	account.Vault
	at *atomic.Int64
}

func (l looks) OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error) {
	if strings.HasPrefix(where, "factors.secret/") {
		l.at.Add(1)
	}
	return l.Vault.OpenTenant(ctx, t, where, sealed)
}

// A code of an app is good to the last millisecond of its step. Then it is told, once, to
// have just ended, which is no wrong one; told again, used or older it is one.
func TestACodeThatHasJustEndedIsNoWrongOne(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		phone, _ := f.addApp(in.Session)
		now := f.clock.Now()
		f.clock.Advance(now.Truncate(totp.Period).Add(2 * totp.Period).Sub(now)) // a step begins
		half := f.password("ana")
		counted := func(want int) {
			t.Helper()
			must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
				strangers, known, err := tx.WrongCodes(ana.ID)
				u, err2 := tx.User(ana.ID)
				if err != nil || err2 != nil || strangers != want || known != 0 || u.Failures != want {
					t.Errorf("%d and %d codes, %d failures are counted, want %d (%v, %v)", strangers, known, u.Failures, want, err, err2)
				}
				return nil
			}))
		}
		used := func() (at time.Time) {
			all, err := f.Factors(t.Context(), in.Session)
			must(t, err)
			return all.Factors[0].UsedAt
		}
		before := used()
		code := phone.code(0)
		f.clock.Advance(totp.Period) // the first millisecond of the next
		_, err := f.second(half, code)
		wantCode(t, err, account.CodeEnded)
		counted(0)
		if used() != before {
			t.Error("it was not used")
		}
		_, err = f.second(half, code)
		wantCode(t, err, errs.Unauthorised)
		counted(1)
		for _, steps := range []int{-2, 1} { // nobody is told by how much a clock is off
			_, err = f.second(half, phone.code(steps))
			wantCode(t, err, errs.Unauthorised)
			if errs.As(err).Text != errs.As(wrongText).Text {
				t.Errorf("%+d: %v", steps, err)
			}
		}
		counted(3)
		f.clock.Advance(totp.Period - time.Millisecond)
		_, err = f.second(half, phone.code(0)) // with the same state
		must(t, err)
		counted(0)
		f.clock.Advance(time.Millisecond)
		_, err = f.second(f.password("ana"), phone.code(-1)) // it was used
		wantCode(t, err, errs.Unauthorised)
		counted(1)
	})
}

// wrongText is what is said of any wrong code.
var wrongText = errs.New(errs.Unauthorised, "This code is not right, or was used before. An app shows another every 30 seconds.")

// One code that has just ended, from many windows at once, is told so in one of them.
func TestThatACodeHasEndedIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		phone, _ := f.addApp(in.Session)
		f.clock.Advance(2 * totp.Period)
		half, code := f.password("ana"), phone.code(-1)
		var told, refused atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				switch _, err := f.second(half, code); {
				case errs.Is(err, account.CodeEnded):
					told.Add(1)
				case errs.Is(err, errs.Unauthorised):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if told.Load() != 1 || refused.Load() != 3 {
			t.Errorf("told %d times, refused %d times", told.Load(), refused.Load())
		}
	})
}

// Who adds an app is told that the phone's clock is off; what was sent is good for another try.
func TestAnAppWhoseClockIsOffIsToldSo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		begun, err := f.BeginTOTP(t.Context(), in.Session)
		must(t, err)
		key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(begun.Secret)
		must(t, err)
		phone := app{f, key}
		for steps, want := range map[int]string{
			-11: "is not what the app", -10: "about 5 minutes behind", -4: "about 2 minutes behind", -2: "about a minute behind", -1: "just ended",
			1: "less than a minute ahead", 2: "about a minute ahead", 3: "about 2 minutes ahead", 10: "about 5 minutes ahead", 11: "is not what the app"} {
			_, err := f.AddTOTP(t.Context(), in.Session, secret.New(begun.State), phone.code(steps), "phone")
			wantCode(t, err, errs.Invalid)
			if e := errs.As(err); len(e.Fields) != 1 || e.Fields[0].Path != "code" || !strings.Contains(e.Fields[0].Problem, want) {
				t.Errorf("%+d: %v", steps, err)
			}
		}
		_, err = f.AddTOTP(t.Context(), in.Session, secret.New(begun.State), phone.code(0), "phone")
		must(t, err)
	})
}

// Many guesses at once are no more than as many one after another.
func TestGuessesAtOnceAreCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		f.addApp(in.Session)
		half := f.password("ana")
		var at atomic.Int64
		f.Vault = looks{f.Vault, &at}
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if _, err := f.second(half, "nocode"); !errs.Is(err, errs.Unauthorised) && !errs.Is(err, errs.Limited) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if at.Load() != 5 {
			t.Errorf("%d codes were looked at before the account closed", at.Load())
		}
	})
}

// Of passwords that come at once, those that are looked at after the account closed say
// nothing, right or wrong, with a second factor and without.
func TestAPasswordThatWaitedIsNotTold(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		f.addApp(in.Session)
		f.user("bob", access.Agent)
		for _, name := range []string{"ana", "bob"} {
			waiting, release := f.Held()
			got := make(chan error)
			for _, password := range []string{goodPassword, "a wrong one"} {
				go func() {
					_, err := f.SignIn(t.Context(), account.From{}, "acme", name, secret.New(password))
					got <- err
				}()
			}
			for waiting() < 2 {
				runtime.Gosched()
			}
			must(t, f.db.Write(t.Context(), f.a.ID, func(tx *store.Tx) error {
				u, err := tx.UserByName(name)
				if err == nil {
					u.LockedUntil = f.clock.Now().Add(time.Minute)
					err = tx.UpdateUser(u)
				}
				return err
			}))
			release()
			for range 2 {
				wantCode(t, <-got, errs.Limited)
			}
		}
	})
}

// A state is for one thing, one user, one password and five minutes.
func TestAStateIsGoodForNothingElse(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, ana := f.user("ana", access.Agent)
		_, bob := f.user("bob", access.Agent)
		phone, _ := f.addApp(ana.Session)
		f.clock.Advance(30 * time.Second)
		begun, err := f.BeginTOTP(t.Context(), ana.Session)
		must(t, err)
		_, err = f.SignInSecond(t.Context(), account.From{}, secret.New(begun.State), phone.code(0)) // of another purpose
		wantCode(t, err, errs.Unauthorised)
		_, err = f.AddTOTP(t.Context(), bob.Session, secret.New(begun.State), phone.code(0), "stolen") // another's
		wantCode(t, err, errs.Invalid)
		for _, state := range []string{"", "nbt_", "nbt_" + string(f.a.ID) + ".", "nbt_" + string(f.a.ID) + ".AAAA", "nbt_" + string(f.b.ID) + strings.TrimPrefix(f.password("ana").Second.State, "nbt_"+string(f.a.ID))} {
			_, err := f.SignInSecond(t.Context(), account.From{}, secret.New(state), phone.code(0))
			wantCode(t, err, errs.Unauthorised)
		}
		half := f.password("ana")
		must(t, errOf(f.SetPassword(t.Context(), ana.Session, secret.New(goodPassword), secret.New("eleven blue tricycles"))))
		_, err = f.second(half, phone.code(0)) // the password is another now
		wantCode(t, err, errs.Unauthorised)
		late, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New("eleven blue tricycles"))
		must(t, err)
		f.clock.Advance(5*time.Minute + time.Second)
		_, err = f.second(late, phone.code(0))
		wantCode(t, err, errs.Unauthorised)
	})
}

func TestFactorsAreRemovedAndReset(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		_, first := f.addApp(in.Session)
		f.clock.Advance(time.Minute)
		_, second := f.addApp(in.Session)
		if second.RecoveryCodes != nil {
			t.Error("recovery codes are made with the first only")
		}
		other, theirs := f.user("bob", access.Agent)
		wantCode(t, f.RemoveFactor(t.Context(), theirs.Session, first.Factor.ID), errs.NotFound)
		must(t, f.RemoveFactor(t.Context(), in.Session, first.Factor.ID))
		if f.password("ana").Second == nil {
			t.Error("one was left")
		}
		must(t, f.RemoveFactor(t.Context(), in.Session, second.Factor.ID))
		if f.password("ana").Second != nil {
			t.Error("none was left")
		}
		_, err := f.NewRecoveryCodes(t.Context(), in.Session)
		wantCode(t, err, errs.Conflict)

		f.clock.Advance(time.Minute)
		f.addApp(in.Session)
		wantCode(t, f.ResetFactors(t.Context(), access.Actor{Tenant: f.a.ID, User: other.ID, Roles: []access.Role{access.Supervisor}}, ana.ID), errs.Forbidden)
		wantCode(t, f.ResetFactors(t.Context(), f.b.admin, ana.ID), errs.NotFound)
		must(t, f.ResetFactors(t.Context(), f.a.admin, ana.ID))
		_, err = f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
		if f.password("ana").Second != nil {
			t.Error("they were reset")
		}
		for action, want := range map[string]int{"factor.added": 3, "factor.removed": 2, "factors.reset": 1} {
			if n := f.audited(f.a.ID, action); n != want {
				t.Errorf("%s: %d lines, want %d", action, n, want)
			}
		}
		// A deleted user leaves none behind.
		f.addApp(f.password("ana").Session)
		must(t, f.DeleteUser(t.Context(), f.a.admin, ana.ID))
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			rows, err := tx.FactorsOf(ana.ID)
			if len(rows) != 0 {
				t.Errorf("%d factors are left", len(rows))
			}
			return err
		}))
	})
}

// How one signs in is changed by who proved it lately.
func TestASessionIsFreshForTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		fresh := func() bool {
			s, err := f.Recognise(t.Context(), in.Token)
			must(t, err)
			return s.Fresh(f.clock.Now())
		}
		if !fresh() {
			t.Error("right after the sign-in")
		}
		f.clock.Advance(10 * time.Minute)
		if fresh() {
			t.Error("after ten minutes")
		}
		wantCode(t, errOf(f.Confirm(t.Context(), in.Session, secret.New("not it at all"))), errs.Invalid)
		if fresh() {
			t.Error("after a wrong password")
		}
		next, err := f.Confirm(t.Context(), in.Session, secret.New(goodPassword))
		must(t, err)
		in.Token = next
		if !fresh() {
			t.Error("after the right one")
		}
		for range 3 { // with the one before
			wantCode(t, errOf(f.Confirm(t.Context(), in.Session, secret.New("not it at all"))), errs.Invalid)
		}
		wantCode(t, errOf(f.Confirm(t.Context(), in.Session, secret.New("not it at all"))), errs.Limited)
	})
}

func TestSecretsOfFactorsAreSealed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		phone, added := f.addApp(in.Session)
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			rows, err := tx.FactorsOf(ana.ID)
			if len(rows) != 2 {
				t.Errorf("%d rows", len(rows))
			}
			for _, r := range rows {
				if text := string(r.SecretSealed); strings.Contains(text, string(phone.key)) || strings.Contains(text, added.RecoveryCodes[0]) || len(text) < 20 {
					t.Errorf("%s is in the clear: %q", r.Kind, text)
				}
			}
			return err
		}))
	})
}
