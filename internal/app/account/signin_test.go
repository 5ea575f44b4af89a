package account_test

import (
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

func TestSignInTellsNothingOfWhoExists(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ana", access.Agent)
		waits := f.NoWait()
		cases := []struct{ org, name, password string }{
			{"acme", "ana", "not the password"},
			{"acme", "nobody", "not the password"},
			{"nowhere", "ana", goodPassword},
			{"books", "ana", goodPassword}, // another tenant's user
			{"", "", ""},
			{"ac\x00me", "ana\x00", goodPassword},
		}
		var texts []string
		for _, c := range cases {
			_, err := f.SignIn(t.Context(), account.From{}, c.org, c.name, secret.New(c.password))
			wantCode(t, err, errs.Unauthorised)
			texts = append(texts, errs.As(err).Text)
		}
		for i, text := range texts {
			if text != texts[0] {
				t.Errorf("%q differs from %q", text, texts[0])
			}
			if w := (*waits)[i]; w <= 0 || w > 250*time.Millisecond {
				t.Errorf("refusal %d would wait %v", i, w)
			}
		}
	})
}

func TestSignInIsNotPickyAboutTheName(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("Ana.Silva", access.Agent)
		for _, name := range []string{"ana.silva", " ANA.SILVA ", "ａｎａ．ｓｉｌｖａ"} {
			if _, err := f.SignIn(t.Context(), account.From{}, " Acme ", name, secret.New(goodPassword)); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
		_, _, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "ANA.silva", Roles: []access.Role{access.Agent}})
		wantCode(t, err, errs.Conflict)
		if fields := errs.As(err).Fields; len(fields) != 1 || fields[0].Path != "user_name" {
			t.Errorf("%v", fields)
		}
	})
}

// A lock-out must not tell either which names exist.
func TestFiveFailuresWithinAMinuteLockFiveMinutes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ana", access.Agent)
		for _, name := range []string{"ana", "nobody"} {
			try := func(password string) error {
				_, err := f.SignIn(t.Context(), account.From{}, "acme", name, secret.New(password))
				return err
			}
			for range 4 {
				wantCode(t, try("wrong wrong"), errs.Unauthorised)
			}
			f.clock.Advance(61 * time.Second) // the minute is over: counting starts again
			for range 4 {
				wantCode(t, try("wrong wrong"), errs.Unauthorised)
			}
			locked := try("wrong wrong")
			wantCode(t, locked, errs.Limited)
			if wait := errs.As(locked).RetryAfter; wait != 5*time.Minute {
				t.Errorf("%s: told to wait %v", name, wait)
			}
			f.clock.Advance(4 * time.Minute)
			still := try(goodPassword)
			wantCode(t, still, errs.Limited)
			if wait := errs.As(still).RetryAfter; wait != time.Minute {
				t.Errorf("%s: told to wait %v", name, wait)
			}
			f.clock.Advance(time.Minute)
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword)); err != nil {
			t.Errorf("after the lock-out: %v", err)
		}
		_, err := f.SignIn(t.Context(), account.From{}, "acme", "nobody", secret.New(goodPassword))
		wantCode(t, err, errs.Unauthorised)
		if n := f.audited(f.a.ID, "sign_in.locked"); n != 1 {
			t.Errorf("%d lock-outs in the audit log", n)
		}
	})
}

func TestAnAdministratorEndsALockOut(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, _ := f.user("ana", access.Agent)
		active := account.Active
		for range 5 {
			_, _ = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New("wrong wrong"))
		}
		_, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		wantCode(t, err, errs.Limited)
		u, err := f.User(t.Context(), f.a.admin, ana.ID)
		if err != nil || u.LockedUntil.IsZero() {
			t.Fatal(u.LockedUntil, err)
		}
		_, err = f.UpdateUser(t.Context(), f.b.admin, ana.ID, u.Version, account.UserChange{Status: &active})
		wantCode(t, err, errs.NotFound)
		if u, err = f.UpdateUser(t.Context(), f.a.admin, ana.ID, u.Version, account.UserChange{Status: &active}); err != nil || !u.LockedUntil.IsZero() {
			t.Fatal(u.LockedUntil, err)
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword)); err != nil {
			t.Error(err)
		}
	})
}

func TestAOneTimePasswordMustBeChanged(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, once, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: "ana", Roles: []access.Role{access.Agent}})
		must(t, err)
		in, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", once)
		must(t, err)
		if !in.Session.MustChange {
			t.Fatal("the session need not change the password")
		}
		for password, field := range map[string]string{"short": "new", once.Reveal(): "new", "1234567890": "new", "my name is ana!": "new", strings.Repeat("x", 300): "new"} {
			err := errOf(f.SetPassword(t.Context(), in.Session, once, secret.New(password)))
			wantCode(t, err, errs.Invalid)
			if got := errs.As(err).Fields; len(got) != 1 || got[0].Path != field {
				t.Errorf("%v", got)
			}
		}
		wantCode(t, errOf(f.SetPassword(t.Context(), in.Session, secret.New("something else"), secret.New(goodPassword))), errs.Invalid)
		must(t, errOf(f.SetPassword(t.Context(), in.Session, once, secret.New(goodPassword))))
		now, err := f.Recognise(t.Context(), in.Token)
		must(t, err)
		if now.MustChange {
			t.Error("the session must still change the password")
		}
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", once)
		wantCode(t, err, errs.Unauthorised)
	})
}

func TestANewPasswordEndsTheOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, here := f.user("ana", access.Agent)
		elsewhere, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		must(t, err)
		must(t, errOf(f.SetPassword(t.Context(), here.Session, secret.New(goodPassword), secret.New("nine blue umbrellas"))))
		_, err = f.Recognise(t.Context(), here.Token)
		must(t, err)
		_, err = f.Recognise(t.Context(), elsewhere.Token)
		wantCode(t, err, errs.Unauthorised)
		last := f.bus.changes(f.a.ID)
		if c := last[len(last)-1]; len(c.Sessions) != 1 || c.Sessions[0] != elsewhere.Session.Actor.Session || c.Reason != account.EndedElsewhere {
			t.Errorf("%+v", c)
		}
	})
}

func TestASessionEndsByItself(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		if want := start.Add(8 * time.Hour); !in.Session.ExpiresAt.Equal(want) {
			t.Errorf("it ends at %v, want %v", in.Session.ExpiresAt, want)
		}
		for f.clock.Now().Before(in.Session.ExpiresAt.Add(-time.Hour)) { // in use all day
			f.clock.Advance(time.Hour)
			_, err := f.Recognise(t.Context(), in.Token)
			must(t, err)
		}
		f.clock.Advance(time.Hour)
		_, err := f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)

		in, err = f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		must(t, err)
		f.clock.Advance(setup.DefaultSignIn().IdleEnd() - time.Second)
		_, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		f.clock.Advance(setup.DefaultSignIn().IdleEnd())
		_, err = f.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
	})
}

func TestAnotherTenantsTokenIsNobodys(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		stolen := strings.Replace(in.Token.Reveal(), f.a.ID.String(), f.b.ID.String(), 1)
		for _, token := range []string{stolen, "", "nbs_", "nbs_x.y", in.Token.Reveal() + "x", "nbk" + in.Token.Reveal()[3:], strings.ToUpper(in.Token.Reveal())} {
			_, err := f.Recognise(t.Context(), secret.New(token))
			wantCode(t, err, errs.Unauthorised)
		}
	})
}

// Two nodes over one store: what one ends, the other does not believe.
func TestRevocationReachesEveryNodeAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		far := account.New(f.deps)
		far.NoWait()
		must(t, far.Start(t.Context()))
		u, in := f.user("ana", access.Agent, access.Supervisor)
		_, err := far.Recognise(t.Context(), in.Token)
		must(t, err)
		if far.Remembered() == 0 {
			t.Fatal("nothing is remembered, so the test would show nothing")
		}
		_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, 0, account.UserChange{Roles: &[]access.Role{access.Agent}})
		must(t, err)
		s, err := far.Recognise(t.Context(), in.Token)
		must(t, err)
		if len(s.Actor.Roles) != 1 || s.Actor.Roles[0] != access.Agent {
			t.Errorf("roles %v", s.Actor.Roles)
		}
		must(t, f.EndSessions(t.Context(), f.a.admin, u.ID))
		_, err = far.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
	})
}

// A lost event does harm for a bounded time only.
func TestWhatIsRememberedIsAskedAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, in := f.user("ana", access.Agent)
		deaf := account.New(f.deps) // never started: hears nothing
		_, err := deaf.Recognise(t.Context(), in.Token)
		must(t, err)
		must(t, f.EndSessions(t.Context(), f.a.admin, u.ID))
		f.clock.Advance(account.BelieveFor)
		_, err = deaf.Recognise(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
		_, err = f.Recheck(t.Context(), in.Token)
		wantCode(t, err, errs.Unauthorised)
	})
}

func TestOwnSessions(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, here := f.user("ana", access.Agent)
		there, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
		must(t, err)
		list, err := f.Sessions(t.Context(), here.Session.Actor)
		must(t, err)
		if len(list) != 2 || !list[0].Current || list[1].Current {
			t.Fatalf("%+v", list)
		}
		_, bob := f.user("bob", access.Agent)
		wantCode(t, f.EndSession(t.Context(), bob.Session.Actor, there.Session.Actor.Session), errs.NotFound)
		must(t, f.EndSession(t.Context(), here.Session.Actor, there.Session.Actor.Session))
		_, err = f.Recognise(t.Context(), there.Token)
		wantCode(t, err, errs.Unauthorised)
		must(t, f.SignOut(t.Context(), here.Session))
		_, err = f.Recognise(t.Context(), here.Token)
		wantCode(t, err, errs.Unauthorised)
	})
}

// A password is taken as it was typed: no letter's case, no blank and no end of a long
// one is given away, and it holds until somebody changes it.
func TestAPasswordIsTakenAsItIs(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		long := " Quiet Harbours " + strings.Repeat("wide and blue, ", 12) + "north "
		must(t, errOf(f.SetPassword(t.Context(), in.Session, secret.New(goodPassword), secret.New(long))))
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(long)); err != nil {
			t.Fatal(err)
		}
		for _, near := range []string{strings.ToLower(long), strings.TrimSpace(long), long[:64], long[:len(long)-1], long + " "} {
			_, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(near))
			if err == nil {
				t.Errorf("%q was taken for it", near)
			}
			f.clock.Advance(2 * time.Minute) // no lock-out
		}
		f.clock.Advance(2 * 365 * 24 * time.Hour)
		again, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(long))
		must(t, err)
		if again.Session.MustChange {
			t.Error("it has to be changed because it is old")
		}
	})
}

// Who has forgotten the password gets another, and is still asked for the second factor.
func TestANewPasswordLeavesTheSecondFactor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ana, in := f.user("ana", access.Agent)
		f.addApp(in.Session)
		once, err := f.ResetPassword(t.Context(), f.a.admin, ana.ID)
		must(t, err)
		got, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", once)
		must(t, err)
		if got.Second == nil || !got.Token.Empty() {
			t.Error("the one-time password opens the account alone")
		}
	})
}

// The real cost, once: what is stored says how it was made.
func TestPasswordsAreHashedWithArgon2id(t *testing.T) {
	hash, ok, err := account.HashAndCheck(t.Context(), secret.New(goodPassword))
	must(t, err)
	if !ok || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("%v %q", ok, hash)
	}
}

func TestAHigherCostComesWithTheNextSignIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		u, _ := f.user("ana", access.Agent)
		hash := func() (h string) {
			must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
				row, err := tx.User(u.ID)
				h = row.PasswordHash
				return err
			}))
			return h
		}
		f.Costlier()
		for range 2 {
			_, err := f.SignIn(t.Context(), account.From{}, "acme", "ana", secret.New(goodPassword))
			must(t, err)
			if h := hash(); !strings.HasPrefix(h, "$argon2id$v=19$m=64,t=2,p=1$") {
				t.Errorf("%q", h)
			}
		}
	})
}

func FuzzDecodeHash(f *testing.F) {
	for _, s := range []string{"", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=99999999,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=-1,t=0,p=1$$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { _ = account.DecodeHash(s) })
}

func TestTokensAndOneTimePasswordsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 500 {
		p := account.OneTimePassword().Reveal()
		if seen[p] || len(p) != 34 || strings.Count(p, "-") != 6 {
			t.Fatalf("%q", p)
		}
		seen[p] = true
		must(t, account.CheckNewPassword("p", "", secret.New(p), 0))
	}
}

func FuzzParseToken(f *testing.F) {
	for _, s := range []string{"", "nbs_", "nbk_ten_00000000000000000000000001.", "nbs_ten_00000000000000000000000001." + strings.Repeat("A", 43), "nbs_ten_..x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		prefix, tenant, _, ok := account.ParseToken(secret.New(s))
		if ok && !strings.HasPrefix(s, prefix+tenant.String()+".") {
			t.Errorf("%q was read as %q of %q", s, prefix, tenant)
		}
	})
}

func FuzzNameKey(f *testing.F) {
	f.Add("Ana")
	f.Add("ﬁancée")
	f.Fuzz(func(t *testing.T, s string) {
		if k := account.NameKey(s); account.NameKey(k) != k {
			t.Errorf("%q becomes %q and then %q", s, k, account.NameKey(k))
		}
	})
}
