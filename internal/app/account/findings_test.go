package account_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// wrongCode is six digits that the app does not show now.
func (p app) wrongCode() string {
	if code := "000000"; code != p.code(0) && code != p.code(-1) && code != p.code(1) {
		return code
	}
	return "999999"
}

// guess tries a wrong code, from a browser that is not known, and goes on when the
// account is open again.
func (f *fixture) guess(p app, name string, from account.From) error {
	f.t.Helper()
	in, err := f.SignIn(f.t.Context(), from, "acme", name, secret.New(goodPassword))
	if err != nil {
		return err
	}
	_, err = f.SignInSecond(f.t.Context(), from, secret.New(in.Second.State), p.wrongCode())
	f.clock.Advance(2 * time.Minute)
	return err
}

// Who holds a password does not guess the app's codes for days.
func TestCodesAreNotGuessedForEver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		p, added := f.addApp(in.Session)
		known := account.From{Devices: in.Devices}
		for i := range account.StrangersCodes {
			if err := f.guess(p, "ana", account.From{}); !errs.Is(err, errs.Unauthorised) {
				t.Fatalf("wrong code %d: %v", i, err)
			}
			if i == 2 { // whose browser is known does not set strangers back
				f.clock.Advance(time.Hour)
				half, err := f.SignIn(t.Context(), known, "acme", "ana", secret.New(goodPassword))
				must(t, err)
				_, err = f.SignInSecond(t.Context(), known, secret.New(half.Second.State), p.code(0))
				must(t, err)
			}
		}
		f.clock.Advance(30 * 24 * time.Hour)
		known = account.From{Devices: in.Devices}
		// Another node, or this one after a restart.
		f.Service = account.New(f.deps)
		f.NoWait()
		f.Cheap()
		_, err := f.second(f.password("ana"), p.code(0))
		wantCode(t, err, errs.Limited)
		if got := f.audited(f.a.ID, "sign_in.codes_closed"); got != 1 {
			t.Errorf("%d closings are in the audit log", got)
		}
		// A recovery code cannot be guessed, and says nothing of who guesses the app's.
		_, err = f.second(f.password("ana"), added.RecoveryCodes[0])
		must(t, err)
		_, err = f.second(f.password("ana"), p.code(0))
		wantCode(t, err, errs.Limited)
		// A known browser is not stopped, and is told.
		half, err := f.SignIn(t.Context(), known, "acme", "ana", secret.New(goodPassword))
		must(t, err)
		own, err := f.SignInSecond(t.Context(), known, secret.New(half.Second.State), p.code(0))
		must(t, err)
		me, err := f.Me(t.Context(), own.Session)
		if err != nil || me.WrongCodes != account.StrangersCodes {
			t.Errorf("told of %d, %v", me.WrongCodes, err)
		}
		// With another password the guessing is at its beginning.
		must(t, errOf(f.SetPassword(t.Context(), own.Session, secret.New(goodPassword), secret.New("eight blue bicycles"))))
		f.clock.Advance(time.Minute)
		half, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New("eight blue bicycles"))
		must(t, err)
		again, err := f.second(half, p.code(0))
		must(t, err)
		if me, err := f.Me(t.Context(), again.Session); err != nil || me.WrongCodes != 0 {
			t.Errorf("told of %d, %v", me.WrongCodes, err)
		}
	})
}

// A browser that is known has a count of its own, which ends too.
func TestAKnownBrowserDoesNotGuessForEverEither(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		p, _ := f.addApp(in.Session)
		known := account.From{Devices: in.Devices}
		for i := range account.KnownCodes {
			if err := f.guess(p, "ana", known); !errs.Is(err, errs.Unauthorised) {
				t.Fatalf("wrong code %d: %v", i, err)
			}
		}
		half, err := f.SignIn(t.Context(), known, "acme", "ana", secret.New(goodPassword))
		must(t, err)
		_, err = f.SignInSecond(t.Context(), known, secret.New(half.Second.State), p.code(0))
		wantCode(t, err, errs.Limited)
		_, err = f.second(f.password("ana"), p.code(0)) // and strangers' is another
		must(t, err)
	})
}

// Guesses beside the one that closed a device do not open it again.
func TestGuessesAtOnceDoNotOpenWhatIsClosed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		known := account.From{Devices: in.Devices}
		for _, name := range []string{"ana", "nobody"} {
			from := known
			if name == "nobody" {
				from = account.From{}
			}
			waiting, release := f.Held()
			var all sync.WaitGroup
			for range 7 {
				all.Go(func() { _, _ = f.try(from, "acme", name, wrongPassword) })
			}
			for waiting() < 7 {
				runtime.Gosched()
			}
			release()
			all.Wait()
			_, err := f.try(from, "acme", name, goodPassword)
			wantCode(t, err, errs.Limited)
		}
	})
}

// Of many passwords that somebody tries at once who found a desk left open, none is told
// to be right after too many were wrong.
func TestManyAtOnceDoNotTellWhichPasswordIsRight(t *testing.T) {
	asks := map[string]func(f *fixture, in account.Session) error{
		"to confirm": func(f *fixture, in account.Session) error {
			return errOf(f.Confirm(f.t.Context(), in, secret.New(goodPassword)))
		},
		"for another password": func(f *fixture, in account.Session) error {
			return errOf(f.SetPassword(f.t.Context(), in, secret.New(goodPassword), secret.New("eight blue bicycles")))
		},
	}
	for name, ask := range asks {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, f *fixture) {
				ana, in := f.user("ana", access.Agent)
				waiting, release := f.Held()
				answer := make(chan error, 1)
				go func() { answer <- ask(f, in.Session) }()
				for waiting() < 1 {
					runtime.Gosched()
				}
				f.CloseDevice(ana.ID, in.Session.Actor.Session) // by wrong ones beside it
				release()
				wantCode(t, <-answer, errs.Limited)
			})
		})
	}
}

// A factor that is added while the password is looked at is asked for.
func TestAFactorThatIsAddedMeanwhileIsAskedFor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		waiting, release := f.Held()
		type result struct {
			in  account.SignedIn
			err error
		}
		answer := make(chan result, 1)
		go func() {
			in, err := f.SignIn(f.t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
			answer <- result{in, err}
		}()
		for waiting() < 1 {
			runtime.Gosched()
		}
		f.addApp(in.Session)
		release()
		if got := <-answer; !errs.Is(got.err, errs.Unauthorised) || !got.in.Token.Empty() {
			t.Errorf("%v", got.err)
		}
	})
}

// Where passwords open nothing, nobody learns which is right, nor who may use one.
func TestOnlyByTheProviderTellsNothingOfPasswords(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		chief, _ := f.user("chief", access.Administrator)
		in, err := f.walk(t, "boss", nil)
		must(t, err)
		f.on.Only, f.on.BreakGlass = true, chief.ID
		must(t, f.tryPut(t, in.Session))
		waits := f.NoWait()
		texts := map[string]bool{}
		for _, c := range [][2]string{{"bo", goodPassword}, {"bo", wrongPassword}, {"nobody", wrongPassword}, {"chief", wrongPassword}} {
			_, err := f.SignIn(t.Context(), account.From{}, "acme", c[0], secret.New(c[1]))
			wantCode(t, err, errs.Unauthorised)
			texts[errs.As(err).Text] = true
		}
		if len(texts) != 1 || len(*waits) != 4 {
			t.Errorf("%v, %v", texts, *waits)
		}
	})
}

// Who proves anew at the provider who it is goes on in its session, and nobody else does.
func TestProvingAnewAtTheProviderKeepsTheSession(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		in, err := f.walk(t, "bo", map[string]any{"auth_time": f.clock.Now().Add(-time.Hour).Unix()})
		must(t, err)
		prove := func(subject string) (account.SignedIn, error) {
			f.Provider.Subject, f.Provider.Claims = subject, map[string]any{"auth_time": f.clock.Now().Unix()}
			step, answer := f.begin(t, true)
			return f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, in.Session)
		}
		_, err = prove("boss")
		wantCode(t, err, errs.Forbidden)
		if now, err := f.Recheck(t.Context(), in.Token); err != nil || now.Fresh(f.clock.Now()) {
			t.Errorf("somebody else proved it: %v", err)
		}
		got, err := prove("bo")
		must(t, err)
		now, err := f.Recheck(t.Context(), got.Token)
		if err != nil || !now.Fresh(f.clock.Now()) || !got.Again || got.Session.Actor.Session != in.Session.Actor.Session {
			t.Errorf("%v, %+v", err, got.Session)
		}
		f.clock.Advance(5 * time.Second)
		_, err = f.Recognise(t.Context(), in.Token) // which is another now
		wantCode(t, err, errs.Unauthorised)
		all, err := f.Sessions(t.Context(), in.Session.Actor)
		if err != nil || len(all) != 2 { // the one by password and this one
			t.Errorf("%d sessions, %v", len(all), err)
		}
	})
}

// Whom an administrator locked does not come in as somebody new after it was unlinked.
func TestALockedUserDoesNotComeBackAsAnother(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Create = true
		f.put(t)
		in, err := f.walk(t, "bo", nil)
		must(t, err)
		bo := in.Session.Actor.User
		must(t, f.UnlinkUser(t.Context(), f.admin, bo))
		locked, active := account.Locked, account.Active
		_, err = f.UpdateUser(t.Context(), f.a.admin, bo, 0, account.UserChange{Status: &locked})
		must(t, err)
		_, err = f.walk(t, "bo", nil)
		wantCode(t, err, errs.Forbidden)
		if v, err := f.SignOn(t.Context(), f.admin, base); err != nil || v.Linked != 0 {
			t.Errorf("%d linked, %v", v.Linked, err)
		}
		_, err = f.UpdateUser(t.Context(), f.a.admin, bo, 0, account.UserChange{Status: &active})
		must(t, err)
		must(t, f.LinkUser(t.Context(), f.admin, bo, secret.New("bo"))) // what was left does not stand in the way
		again, err := f.walk(t, "bo", nil)
		if err != nil || again.Session.Actor.User != bo {
			t.Errorf("%v", err)
		}
	})
}

// Whoever can name itself at the provider does not become an administrator here.
func TestAClaimDoesNotLeadToWhoManagesOthers(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		lead := f.role("Hirer", access.Monitor, rights{access.UserWrite: "all"})
		f.user("chief", access.Administrator)
		f.user("hirer", access.Role(lead.ID))
		f.user("bo", access.Agent)
		f.on.Link, f.on.NameClaim = true, "preferred_username"
		f.put(t)
		for _, name := range []string{"chief", "hirer"} {
			_, err := f.walk(t, name, map[string]any{"preferred_username": name})
			wantCode(t, err, errs.Forbidden)
		}
		_, err := f.walk(t, "bo", map[string]any{"preferred_username": "bo"})
		must(t, err)
	})
}
