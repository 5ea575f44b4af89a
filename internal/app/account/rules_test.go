package account_test

import (
	"net/netip"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

// rule changes the first tenant's sign-in rules.
func (f *fixture) rule(change func(*setup.Rules)) setup.Rules {
	f.t.Helper()
	r, err := f.rules.Rules(f.t.Context(), f.a.ID)
	must(f.t, err)
	change(&r)
	r = setup.Clean(r)
	must(f.t, r.Validate(nil))
	f.rules[f.a.ID] = r
	return r
}

// Who needs a second factor and has none may only add one, from the next sign-in on.
func TestASecondFactorIsSetUpAtTheNextSignIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, before := f.user("ana", access.Agent)
		f.user("rui", access.Monitor)
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = []access.Role{access.Agent} })

		now, err := f.Recognise(t.Context(), before.Token)
		must(t, err)
		if now.MustSetUp || before.Session.MustSetUp {
			t.Error("a session from before the rule is held up")
		}
		in := f.password("ana")
		if !in.Session.MustSetUp {
			t.Fatal("nothing is asked for")
		}
		if rui := f.password("rui"); rui.Session.MustSetUp {
			t.Error("it is asked of a role that the rule does not name")
		}
		now, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		if me, err := f.Me(t.Context(), now); err != nil || !me.MustSetUp || !now.MustSetUp {
			t.Errorf("%+v, %v", me, err)
		}
		f.addApp(now)
		now, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		if now.MustSetUp {
			t.Error("it is asked for still")
		}
		// The last one stays.
		held, err := f.Factors(t.Context(), now)
		must(t, err)
		if !held.Required {
			t.Error("the page is not told that one is required")
		}
		wantCode(t, f.RemoveFactor(t.Context(), now, held.Factors[0].ID), errs.Conflict)
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = nil })
		now, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		must(t, f.RemoveFactor(t.Context(), now, held.Factors[0].ID))
	})
}

// When the rule ends, so does what it asked for; another tenant never had it.
func TestTheRuleIsTheTenantsOwn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = []access.Role{access.Administrator} })
		held, err := f.try(account.From{}, "acme", "admin", goodPassword)
		must(t, err)
		other, err := f.try(account.From{}, "books", "admin", goodPassword)
		must(t, err)
		if !held.Session.MustSetUp || other.Session.MustSetUp {
			t.Errorf("%v, %v", held.Session.MustSetUp, other.Session.MustSetUp)
		}
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = []access.Role{access.Agent} })
		now, err := f.Recognise(t.Context(), held.Token)
		must(t, err)
		if now.MustSetUp {
			t.Error("it is asked for although the rule has ended")
		}
	})
}

// What the operator asks of everybody holds for every organisation's users, its own and
// resellers' included, whatever rules say; they see that it does.
func TestTheOperatorAsksEverybodyForASecondFactor(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, before := f.user("ana", access.Agent)
		f.deps.SecondForAll = true
		f.Service = account.New(f.deps)
		f.NoWait()
		f.Cheap()
		must(t, f.Service.Start(t.Context()))
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = nil })
		for _, who := range []struct{ organisation, user string }{{"acme", "ana"}, {"acme", "admin"}, {"books", "admin"}, {"operator", "root"}} {
			password := goodPassword
			if who.organisation == "operator" {
				password = operatorPassword
			}
			in, err := f.try(account.From{}, who.organisation, who.user, password)
			must(t, err)
			if !in.Session.MustSetUp {
				t.Errorf("%s of %s works without one", who.user, who.organisation)
			}
		}
		now, err := f.Recognise(t.Context(), before.Token)
		must(t, err)
		if now.MustSetUp {
			t.Error("a session from before is held up")
		}
		in := f.password("ana")
		f.addApp(in.Session)
		now, err = f.Recognise(t.Context(), in.Token)
		must(t, err)
		if now.MustSetUp {
			t.Error("it is asked for still")
		}
		held, err := f.Factors(t.Context(), now)
		must(t, err)
		if !held.Required {
			t.Error("the page is not told that one is required")
		}
		wantCode(t, f.RemoveFactor(t.Context(), now, held.Factors[0].ID), errs.Conflict)
		effect, err := f.PreviewRules(t.Context(), access.Actor{Tenant: f.a.ID, User: "usr_x", Roles: []access.Role{access.Administrator}}, setup.DefaultRules(), netip.Addr{})
		must(t, err)
		if !effect.SecondForAll || effect.WithoutFactor == 0 {
			t.Errorf("who sets up the rules is told %+v", effect)
		}
	})
}

func TestPasswordsAreAsLongAsTheRulesAsk(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		if in := f.password("ana"); in.Session.MustChange {
			t.Error("a password that is long enough has to be changed")
		}
		f.rule(func(r *setup.Rules) { r.SignIn.PasswordLength = 25 }) // goodPassword has fewer
		in = f.password("ana")
		if !in.Session.MustChange {
			t.Fatal("a password that is too short need not be changed")
		}
		err := errOf(f.SetPassword(t.Context(), in.Session, secret.New(goodPassword), secret.New("quiet harbour 24 letters")))
		wantField(t, err, "new")
		must(t, errOf(f.SetPassword(t.Context(), in.Session, secret.New(goodPassword), secret.New("quiet harbour 25 letters!"))))
		again, err := f.try(account.From{}, "acme", "ana", "quiet harbour 25 letters!")
		must(t, err)
		if again.Session.MustChange {
			t.Error("the new one has to be changed, too")
		}
	})
}

// A short password is noticed as well where a second factor follows.
func TestAShortPasswordIsNoticedBeforeTheSecondStep(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, in := f.user("ana", access.Agent)
		phone, _ := f.addApp(in.Session)
		f.rule(func(r *setup.Rules) { r.SignIn.PasswordLength = 64 })
		f.clock.Advance(30 * time.Second)
		full, err := f.second(f.password("ana"), phone.code(0))
		must(t, err)
		if !full.Session.MustChange {
			t.Error("it is not")
		}
	})
}

func TestSessionsLastAsLongAsTheRulesSay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, old := f.user("ana", access.Agent)
		f.clock.Advance(90 * time.Minute)
		_, young := f.user("rui", access.Agent)
		alive := func(in account.SignedIn) bool {
			_, err := f.Recognise(t.Context(), in.Token)
			if err != nil {
				wantCode(t, err, errs.Unauthorised)
			}
			return err == nil
		}
		if !alive(old) || !alive(young) {
			t.Fatal("they have ended by the usual rules")
		}
		ends := func(change func(*setup.Rules)) int {
			was, err := f.rules.Rules(t.Context(), f.a.ID)
			must(t, err)
			next := was
			change(&next)
			effect, err := f.PreviewRules(t.Context(), f.a.admin, setup.Clean(next), netip.Addr{})
			must(t, err)
			return effect.SessionsEnd
		}
		// The administrator's own session is 90 minutes old and was not used since.
		if got := ends(func(r *setup.Rules) { r.SessionHours = 1 }); got != 2 {
			t.Errorf("an hour in all would end %d sessions", got)
		}
		if got := ends(func(r *setup.Rules) { r.SignIn.IdleMinutes = 60 }); got != 1 {
			t.Errorf("an hour without use would end %d sessions", got)
		}
		if got := ends(func(*setup.Rules) {}); got != 0 {
			t.Errorf("nothing would end %d sessions", got)
		}
		f.rule(func(r *setup.Rules) { r.SessionHours = 1 })
		if alive(old) || !alive(young) {
			t.Errorf("old: %v, young: %v", alive(old), alive(young))
		}
		// Used every two minutes, and then not for five.
		f.rule(func(r *setup.Rules) { r.SignIn.IdleMinutes = 5 })
		for range 5 {
			f.clock.Advance(2 * time.Minute)
			if !alive(young) {
				t.Fatal("a session that is used has ended")
			}
		}
		f.clock.Advance(5 * time.Minute)
		if alive(young) {
			t.Error("a session that nobody used goes on")
		}
	})
}

// Users come from the networks of their organisation only; what it is told is
// told to who knows the password.
func TestAllowedNetworks(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.user("ana", access.Agent)
		f.rule(func(r *setup.Rules) { r.SignIn.Networks = []string{"192.0.2.0/24", "2001:db8::1"} })
		from := func(address string) account.From { return account.From{Address: netip.MustParseAddr(address)} }
		for address, allowed := range map[string]bool{"192.0.2.9": true, "::ffff:192.0.2.9": true, "2001:db8::1": true, "2001:db8::2": false, "198.51.100.1": false} {
			in, err := f.try(from(address), "acme", "ana", goodPassword)
			if (err == nil) != allowed || err != nil && !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", address, err)
			}
			if err == nil && (in.Session.AllowedFrom(netip.MustParseAddr(address)) != nil || in.Session.AllowedFrom(netip.MustParseAddr("198.51.100.1")) == nil) {
				t.Errorf("%s: its session may be used from elsewhere", address)
			}
		}
		_, err := f.try(from("198.51.100.1"), "acme", "ana", wrongPassword)
		wantCode(t, err, errs.Unauthorised)
		if _, err := f.try(from("198.51.100.1"), "books", "admin", goodPassword); err != nil {
			t.Error("another tenant's users are kept out:", err)
		}
	})
}

func TestWhatSignInRulesWouldDo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, ana := f.user("ana", access.Agent)
		f.user("rui", access.Agent, access.Supervisor)
		f.user("eva", access.Monitor)
		f.addApp(ana.Session)
		gone, _ := f.user("gone", access.Agent)
		must(t, f.DeleteUser(t.Context(), f.a.admin, gone.ID))
		next := setup.DefaultRules()
		next.SignIn.SecondFactor = []access.Role{access.Agent, access.Administrator}
		next.SignIn.Networks = []string{"192.0.2.0/24"}
		effect, err := f.PreviewRules(t.Context(), f.a.admin, setup.Clean(next), netip.MustParseAddr("198.51.100.1"))
		must(t, err)
		if want := (account.SignInEffect{WithoutFactor: 2, Address: "198.51.100.1"}); effect != want { // rui and the administrator
			t.Errorf("%+v", effect)
		}
		effect, err = f.PreviewRules(t.Context(), f.a.admin, setup.Clean(next), netip.MustParseAddr("192.0.2.1"))
		must(t, err)
		if !effect.Allowed {
			t.Error("an address in the networks would be locked out")
		}
		_, err = f.PreviewRules(t.Context(), ana.Session.Actor, next, netip.Addr{})
		wantCode(t, err, errs.Forbidden)
	})
}

// Whoever may do what is an administrator's alone needs the second factor of one, whatever
// its role was copied from.
func TestAnOwnRoleDoesNotPassTheSecondFactorBy(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rule(func(r *setup.Rules) { r.SignIn.SecondFactor = []access.Role{access.Administrator} })
		strong := f.role("Strong", access.Monitor, rights{access.UserWrite: "all", access.FloorWatch: "all"})
		weak := f.role("Weak", access.Monitor, rights{access.FloorWatch: "all", access.SetupRead: "all"})
		for name, c := range map[string]struct {
			role string
			must bool
		}{"ana": {strong.ID, true}, "bo": {weak.ID, false}} {
			_, once, err := f.CreateUser(t.Context(), f.a.admin, account.NewUser{UserName: name, Roles: []access.Role{access.Role(c.role)}})
			must(t, err)
			in, err := f.SignIn(t.Context(), account.From{}, "acme", name, once)
			if err != nil || in.Session.MustSetUp != c.must {
				t.Errorf("%s: %v, %v", name, in.Session.MustSetUp, err)
			}
		}
	})
}
