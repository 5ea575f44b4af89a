package account_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/channel/openid/openidtest"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

const base = "https://desk.example"

// signOns is a fixture whose first tenant has a provider of its own.
type signOns struct {
	*fixture
	*openidtest.Provider
	admin account.Session
	on    account.SignOn
}

func eachSignOn(t *testing.T, test func(t *testing.T, f *signOns)) {
	each(t, func(t *testing.T, plain *fixture) {
		f := &signOns{fixture: plain}
		f.Provider = openidtest.New(t, plain.clock.Now)
		f.deps.Providers = openid.New(f.Client(), plain.clock.Now)
		f.fixture.Service = account.New(f.deps)
		f.NoWait()
		f.Cheap()
		must(t, f.fixture.Service.Start(t.Context()))
		in, err := f.SignIn(t.Context(), account.From{}, "acme", "admin", secret.New(goodPassword))
		must(t, err)
		f.admin = in.Session
		f.on = account.SignOn{Enabled: true, Name: "Acme ID", Issuer: f.URL, Client: openidtest.Client}
		f.put(t)
		test(t, f)
	})
}

func (f *signOns) put(t *testing.T) {
	t.Helper()
	must(t, f.tryPut(t, f.admin))
}

func (f *signOns) tryPut(t *testing.T, in account.Session) error {
	t.Helper()
	v, err := f.SignOn(t.Context(), f.admin, base)
	must(t, err)
	return f.PutSignOn(t.Context(), in, v.Version, f.on, secret.New(openidtest.Secret))
}

func (f *signOns) begin(t *testing.T, again bool) (account.ProviderStep, openid.Answer) {
	t.Helper()
	step, err := f.BeginProvider(t.Context(), "Acme ", base, again, account.Session{})
	must(t, err)
	return step, f.Visit(step.Address)
}

// walk is a whole sign-in as somebody at the provider.
func (f *signOns) walk(t *testing.T, subject string, claims map[string]any) (account.SignedIn, error) {
	t.Helper()
	f.Provider.Subject, f.Provider.Claims = subject, claims
	step, answer := f.begin(t, false)
	return f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, account.Session{})
}

func (f *signOns) recognised(t *testing.T, in account.SignedIn) bool {
	t.Helper()
	_, err := f.Recheck(t.Context(), in.Token)
	if err != nil && !errs.Is(err, errs.Unauthorised) {
		t.Error(err)
	}
	return err == nil
}

func TestAUserIsKnownByIssuerAndSubjectAlone(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		ana, _ := f.user("ana", access.Agent)
		claims := map[string]any{"preferred_username": "bo", "email": "bo", "name": "Bo Real"}
		_, err := f.walk(t, "1", claims) // nobody is linked, and nothing may link
		wantCode(t, err, errs.Forbidden)

		must(t, f.LinkUser(t.Context(), f.admin, ana.ID, secret.New("1")))
		in, err := f.walk(t, "1", claims)
		must(t, err)
		if in.Session.Actor.User != ana.ID || !in.Session.ByProvider || in.Session.Fresh(f.clock.Now()) || f.audited(f.a.ID, "identity.linked") != 1 {
			t.Errorf("%+v", in.Session)
		}
		wantCode(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("1")), errs.Invalid)

		f.on.Link, f.on.NameClaim = true, "preferred_username"
		f.put(t)
		in, err = f.walk(t, "2", claims)
		must(t, err)
		if in.Session.Actor.User != bo.ID {
			t.Errorf("linked %s", in.Session.Actor.User)
		}
		_, err = f.walk(t, "3", claims) // whoever else comes with bo's name is not bo
		wantCode(t, err, errs.Forbidden)
		in, err = f.walk(t, "2", map[string]any{"preferred_username": "ana"}) // and bo stays bo
		must(t, err)
		if in.Session.Actor.User != bo.ID {
			t.Errorf("became %s", in.Session.Actor.User)
		}
		if u, err := f.User(t.Context(), f.a.admin, bo.ID); err != nil || u.Profile.DisplayName != "" {
			t.Errorf("%+v, %v", u.Profile, err)
		}
		must(t, f.UnlinkUser(t.Context(), f.admin, bo.ID))
		if f.recognised(t, in) {
			t.Error("the session of who is not linked any more goes on")
		}
		_, err = f.BeginProvider(t.Context(), "books", base, false, account.Session{}) // the other tenant has none
		wantCode(t, err, errs.NotFound)
		_, err = f.BeginProvider(t.Context(), "nobody", base, false, account.Session{})
		wantCode(t, err, errs.NotFound)
	})
}

func TestUsersAreMadeAtTheFirstSignIn(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Create, f.on.RolesClaim, f.on.Roles = true, "groups", []account.ClaimRole{{Value: "desk", Role: access.Agent}, {Value: "chiefs", Role: access.Supervisor}}
		f.put(t)
		_, err := f.walk(t, "1", map[string]any{"groups": []string{"others"}, "name": "Real Name"})
		wantCode(t, err, errs.Forbidden)
		in, err := f.walk(t, "1", map[string]any{"groups": []string{"desk", "others"}, "name": "Real Name"})
		must(t, err)
		u, err := f.User(t.Context(), f.a.admin, in.Session.Actor.User)
		must(t, err)
		if !strings.HasPrefix(u.UserName, "user-") || u.Profile != (account.Profile{}) || len(u.Roles) != 1 || u.Roles[0] != access.Agent || in.Session.MustChange {
			t.Errorf("%+v", u)
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", u.UserName, secret.New("")); !errs.Is(err, errs.Unauthorised) {
			t.Errorf("without a password: %v", err)
		}
		// Roles follow the provider, also those of a session that is open.
		again, err := f.walk(t, "1", map[string]any{"groups": "chiefs"})
		must(t, err)
		if again.Session.Actor.User != u.ID {
			t.Error("made twice")
		}
		open, err := f.Recognise(t.Context(), in.Token)
		if err != nil || len(open.Actor.Roles) != 1 || open.Actor.Roles[0] != access.Supervisor {
			t.Errorf("%v, %v", open.Actor.Roles, err)
		}
		f.on.Display, f.on.NameClaim = true, "nick"
		f.put(t)
		in, err = f.walk(t, "2", map[string]any{"groups": "desk", "name": "Real Name", "nick": "zoe"})
		must(t, err)
		if u, err = f.User(t.Context(), f.a.admin, in.Session.Actor.User); err != nil || u.UserName != "zoe" || u.Profile.DisplayName != "Real Name" {
			t.Errorf("%+v, %v", u, err)
		}
		_, err = f.walk(t, "3", map[string]any{"groups": "desk", "nick": "zoe"}) // a name that is another's
		wantCode(t, err, errs.Conflict)
		_, err = f.walk(t, "4", map[string]any{"groups": "desk", "nick": "two words"})
		wantCode(t, err, errs.Forbidden)
	})
}

// A claim gives a role for some teams and queues; parts add up, and one without gives it for everything.
func TestAClaimGivesARoleForAPart(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.office(f.a.ID)
		north, south := access.RolePart{Teams: []string{"tem_1"}}, access.RolePart{Teams: []string{"tem_2"}}
		f.on.Create, f.on.RolesClaim, f.on.Roles = true, "groups", []account.ClaimRole{{Value: "desk", Role: access.Agent}, {Value: "north", Role: access.Supervisor, Part: &north},
			{Value: "south", Role: access.Supervisor, Part: &south}, {Value: "chiefs", Role: access.Supervisor}, {Value: "looks", Role: access.Monitor}}
		f.put(t)
		comes := func(want account.RoleParts, groups ...string) account.SignedIn {
			t.Helper()
			in, err := f.walk(t, "1", map[string]any{"groups": groups})
			must(t, err)
			u, err := f.User(t.Context(), f.a.admin, in.Session.Actor.User)
			must(t, err)
			f.same(strings.Join(groups, " "), want, u.Parts)
			return in
		}
		first := comes(account.RoleParts{access.Supervisor: north}, "desk", "north")
		if got := access.Reach(first.Session.Actor, access.FloorWatch); got != access.SomeOf {
			t.Errorf("reaches %v", got)
		}
		comes(account.RoleParts{access.Supervisor: north.And(south)}, "north", "south")
		comes(account.RoleParts{}, "north", "chiefs")
		if open, err := f.Recognise(t.Context(), first.Token); err != nil || access.Reach(open.Actor, access.FloorWatch) != access.Tenant {
			t.Errorf("an open session: %v, %v", open.Actor.Parts, err)
		}
		comes(account.RoleParts{access.Supervisor: south}, "south")
		if open, err := f.Recognise(t.Context(), first.Token); err != nil || access.Reach(open.Actor, access.FloorWatch) != access.SomeOf {
			t.Errorf("an open session is not narrowed: %v, %v", open.Actor.Parts, err)
		}
		// A role whose rows name no part keeps what was chosen here.
		in := comes(account.RoleParts{}, "looks")
		u, err := f.User(t.Context(), f.a.admin, in.Session.Actor.User)
		must(t, err)
		_, err = f.UpdateUser(t.Context(), f.a.admin, u.ID, u.Version, account.UserChange{Parts: &account.RoleParts{access.Monitor: north}})
		must(t, err)
		comes(account.RoleParts{access.Monitor: north}, "looks")

		f.on.Roles[1].Part = &access.RolePart{Teams: []string{"tem_9"}}
		if err := f.tryPut(t, f.admin); !at("roles[1].part.supervisor.teams[0]", err) {
			t.Errorf("a team that is not there: %v", err)
		}
		f.on.Roles[1] = account.ClaimRole{Value: "north", Role: access.Administrator, Part: &north}
		if err := f.tryPut(t, f.admin); !at("roles[1].part.administrator", err) {
			t.Errorf("an administrator of a part: %v", err)
		}
	})
}

// The last administrator stays one, whatever the provider says.
func TestAProviderDoesNotTakeTheLastAdministrator(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.RolesClaim, f.on.Roles = "groups", []account.ClaimRole{{Value: "desk", Role: access.Agent}}
		f.put(t)
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		in, err := f.walk(t, "boss", map[string]any{"groups": "desk"})
		must(t, err)
		if access.Reach(in.Session.Actor, access.UserWrite) != access.Tenant || access.Reach(in.Session.Actor, access.DeskUse) == access.None {
			t.Errorf("%v", in.Session.Actor.Roles)
		}
	})
}

func TestASignInEndsWhereItBegan(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Create = true
		f.put(t)
		step, answer := f.begin(t, false)
		other, _ := f.begin(t, false)
		refused := func(what string, tenant id.Tenant, flow secret.Text, a openid.Answer) {
			t.Helper()
			if in, err := f.SignInProvider(t.Context(), account.From{}, tenant, flow, a, account.Session{}); !errs.Is(err, errs.Unauthorised) || !in.Token.Empty() {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("no cookie", f.a.ID, secret.Text{}, answer)
		refused("login CSRF: another's answer in this browser", f.a.ID, other.Flow, answer)
		refused("at another organisation", f.b.ID, step.Flow, answer)
		refused("another ticket", f.a.ID, secret.New("nbt_x"), answer)
		trial, err := f.TryProvider(t.Context(), f.admin, base)
		must(t, err)
		refused("what was only a trial", f.a.ID, trial.Flow, f.Visit(trial.Address))

		in, err := f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, account.Session{})
		must(t, err)
		refused("once more", f.a.ID, step.Flow, answer)
		refused("once more with a new code", f.a.ID, step.Flow, f.Visit(step.Address))
		_, err = f.TriedProvider(t.Context(), f.admin, other.Flow, answer)
		wantCode(t, err, errs.Invalid)
		if !f.recognised(t, in) {
			t.Error("the sign-in itself")
		}

		late, answer := f.begin(t, false)
		f.clock.Advance(account.FlowTime + time.Second)
		refused("too late", f.a.ID, late.Flow, answer)

		step, answer = f.begin(t, false)
		f.on.Client = "other"
		f.put(t)
		refused("asked of a client that is not ours any more", f.a.ID, step.Flow, answer)
	})
}

func TestSensitiveChangesNeedAProviderThatSaysWhen(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		f.Provider.Subject = "boss"
		step, answer := f.begin(t, true)
		in, err := f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, account.Session{})
		must(t, err)
		if !in.Session.Fresh(f.clock.Now()) {
			t.Error("proved a moment ago, and not fresh")
		}
		in, err = f.walk(t, "boss", map[string]any{"auth_time": f.clock.Now().Add(-time.Hour).Unix()})
		must(t, err)
		if in.Session.Fresh(f.clock.Now()) {
			t.Error("proved an hour ago, and fresh")
		}
	})
}

func TestOnlyByTheProvider(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		chief, _ := f.user("chief", access.Administrator)
		in, err := f.walk(t, "boss", nil)
		must(t, err)

		f.on.Only, f.on.BreakGlass = true, chief.ID
		wantCode(t, f.tryPut(t, f.admin), errs.Invalid) // signed in with a password: it may not work
		f.on.BreakGlass = bo.ID
		wantCode(t, f.tryPut(t, in.Session), errs.Invalid) // who is no administrator
		f.on.BreakGlass = chief.ID
		must(t, f.tryPut(t, in.Session))

		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "bo", secret.New(goodPassword)); !errs.Is(err, errs.Unauthorised) {
			t.Errorf("with a password: %v", err)
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "bo", secret.New("wrong")); !errs.Is(err, errs.Unauthorised) {
			t.Errorf("with a wrong one: %v", err)
		}
		if _, err := f.walk(t, "bo", nil); err != nil {
			t.Errorf("by the provider: %v", err)
		}
		if _, err := f.SignIn(t.Context(), account.From{}, "books", "admin", secret.New(goodPassword)); err != nil {
			t.Errorf("the other tenant: %v", err)
		}

		f.Down = true
		f.clock.Advance(2 * time.Hour)
		_, err = f.BeginProvider(t.Context(), "acme", base, false, account.Session{})
		wantCode(t, err, errs.Unavailable)
		glass, err := f.SignIn(t.Context(), account.From{}, "acme", "chief", secret.New(goodPassword))
		must(t, err)
		v, err := f.SignOn(t.Context(), glass.Session, base)
		if err != nil || !v.BreakGlassAt.Equal(f.clock.Now()) || f.audited(f.a.ID, "sign_in.break_glass") != 1 {
			t.Errorf("%+v, %v", v, err)
		}
		locked := account.Locked
		_, err = f.UpdateUser(t.Context(), f.a.admin, chief.ID, 0, account.UserChange{Status: &locked})
		wantCode(t, err, errs.Conflict)
		wantCode(t, f.DeleteUser(t.Context(), f.a.admin, chief.ID), errs.Conflict)

		// While it is on, the provider stays the one that is known to work.
		f.on.Client = "other"
		wantCode(t, f.tryPut(t, in.Session), errs.Invalid)
		f.on.Only = false
		must(t, f.tryPut(t, glass.Session))
		if _, err := f.SignIn(t.Context(), account.From{}, "acme", "bo", secret.New(goodPassword)); err != nil {
			t.Errorf("passwords again: %v", err)
		}
	})
}

func TestWhoRulesSignOn(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		_, sue := f.user("sue", access.Supervisor)
		key, token, err := f.CreateAPIKey(t.Context(), f.a.admin, account.NewAPIKey{Name: "all", Roles: []access.Role{access.Administrator}})
		must(t, err)
		byKey, err := f.Recognise(t.Context(), token)
		must(t, err)
		for name, in := range map[string]account.Session{"a supervisor": sue.Session, "a key " + key.ID: byKey} {
			_, err := f.SignOn(t.Context(), in, base)
			wantCode(t, err, errs.Forbidden)
			wantCode(t, f.PutSignOn(t.Context(), in, 1, f.on, secret.Text{}), errs.Forbidden)
			wantCode(t, f.RemoveSignOn(t.Context(), in), errs.Forbidden)
			wantCode(t, f.LinkUser(t.Context(), in, f.admin.Actor.User, secret.New("me")), errs.Forbidden)
			if _, err := f.TryProvider(t.Context(), in, base); !errs.Is(err, errs.Forbidden) {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A secret goes to nobody else than it was given for.
		v, err := f.SignOn(t.Context(), f.admin, base)
		must(t, err)
		moved := f.on
		moved.Issuer = "https://other.example"
		wantCode(t, f.PutSignOn(t.Context(), f.admin, v.Version, moved, secret.Text{}), errs.Invalid)
		wantCode(t, f.PutSignOn(t.Context(), f.admin, v.Version-1, f.on, secret.Text{}), errs.Conflict)
		for _, issuer := range []string{"", "http://id.example", "id.example", "https://", "https://id.example?x", "https://id.example#x", "https://u@id.example"} {
			bad := f.on
			bad.Issuer = issuer
			wantCode(t, f.PutSignOn(t.Context(), f.admin, v.Version, bad, secret.New("x")), errs.Invalid)
		}
		// Another issuer knows nobody.
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		must(t, f.PutSignOn(t.Context(), f.admin, v.Version, moved, secret.New("x")))
		if v, err = f.SignOn(t.Context(), f.admin, base); err != nil || v.Linked != 0 || v.Issuer != moved.Issuer {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

func TestATrialOpensNothingAndShowsNoValues(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Enabled, f.on.Create = false, true
		f.put(t)
		try := func() account.ProviderTrial {
			t.Helper()
			step, err := f.TryProvider(t.Context(), f.admin, base)
			must(t, err)
			trial, err := f.TriedProvider(t.Context(), f.admin, step.Flow, f.Visit(step.Address))
			must(t, err)
			return trial
		}
		f.Provider.Claims = map[string]any{"email": "real@person.example"}
		got := try()
		if len(got.Steps) != 6 || got.Match != "created" || !got.Fresh || strings.Join(got.Claims, " ") != "aud auth_time email exp iat iss nonce sub" {
			t.Errorf("%+v", got)
		}
		users, _, err := f.Users(t.Context(), f.a.admin, "", 0)
		if err != nil || len(users) != 1 {
			t.Errorf("%d users, %v", len(users), err)
		}
		f.Token = func(c map[string]any) { c["nonce"] = "x" }
		got = try()
		if n := len(got.Steps); n != 4 || got.Steps[3] != (account.TrialStep{Step: "identity", Reason: "nonce"}) || !got.Steps[2].OK {
			t.Errorf("%+v", got.Steps)
		}
		_, err = f.BeginProvider(t.Context(), "acme", base, false, account.Session{})
		wantCode(t, err, errs.NotFound) // not enabled
	})
}

func TestAProviderEndsItsSessions(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, byPassword := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		one, err := f.walk(t, "bo", map[string]any{"sid": "s1"})
		must(t, err)
		two, err := f.walk(t, "bo", map[string]any{"sid": "s2"})
		must(t, err)
		f.Provider.Claims = nil
		says := func(n string, claims map[string]any) error {
			claims["jti"], claims["events"] = n, map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}
			return f.LogoutByProvider(t.Context(), f.a.ID, secret.New(f.Signed(claims)))
		}
		wantCode(t, f.LogoutByProvider(t.Context(), f.b.ID, secret.New("x")), errs.Invalid)
		wantCode(t, f.LogoutByProvider(t.Context(), f.a.ID, secret.New("x")), errs.Invalid)
		must(t, says("1", map[string]any{"sub": "", "sid": "s1"}))
		if f.recognised(t, one) || !f.recognised(t, two) {
			t.Error("the session that was named goes, the others stay")
		}
		wantCode(t, says("1", map[string]any{"sub": "bo"}), errs.Invalid) // replayed
		must(t, says("2", map[string]any{"sub": "nobody"}))
		if !f.recognised(t, two) {
			t.Error("somebody else's logout")
		}
		must(t, says("3", map[string]any{"sub": "bo"}))
		if f.recognised(t, two) || !f.recognised(t, byPassword) {
			t.Error("all that the provider opened go, and no others")
		}
	})
}

// Nothing that a provider tells is stored as it is.
func TestWhatAProviderTellsIsNotStored(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Create = true
		f.put(t)
		in, err := f.walk(t, "sub-canary", map[string]any{"sid": "sid-canary", "email": "mail-canary", "name": "name-canary", "preferred_username": "nick-canary"})
		must(t, err)
		must(t, f.db.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			u, err := tx.User(in.Session.Actor.User)
			if err != nil {
				return err
			}
			row, err := tx.IdentityOf(u.ID)
			if err != nil {
				return err
			}
			session, err := tx.Session(in.Session.Actor.Session)
			if err != nil {
				return err
			}
			audit, err := tx.Audit(store.AuditFilter{Limit: 200})
			if err != nil {
				return err
			}
			all := u.UserName + string(row.Subject) + session.ProviderSession
			for _, line := range audit {
				all += line.Detail
			}
			if strings.Contains(all, "canary") || len(u.ProfileSealed) != 0 || session.ProviderSession == "" {
				t.Errorf("%q", all)
			}
			return nil
		}))
	})
}

// The networks of an organisation hold for its provider's sign-ins as well.
func TestAProvidersSignInIsBoundToNetworks(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		f.on.Create = true
		f.put(t)
		r, err := f.fixture.rules.Rules(t.Context(), f.a.ID)
		must(t, err)
		r.SignIn.Networks = []string{"192.0.2.0/24"}
		f.fixture.rules[f.a.ID] = r
		step, answer := f.begin(t, false)
		_, err = f.SignInProvider(t.Context(), account.From{Address: netip.MustParseAddr("198.51.100.1")}, f.a.ID, step.Flow, answer, account.Session{})
		wantCode(t, err, errs.Forbidden)
		step, answer = f.begin(t, false)
		_, err = f.SignInProvider(t.Context(), account.From{Address: netip.MustParseAddr("192.0.2.9")}, f.a.ID, step.Flow, answer, account.Session{})
		must(t, err)
	})
}

// Who comes in by the provider alone is in again only while the provider is asked.
func TestSomebodyCanAlwaysComeIn(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		ctx := t.Context()
		f.on.Create, f.on.RolesClaim, f.on.Roles = true, "groups", []account.ClaimRole{{Value: "boss", Role: access.Administrator}}
		f.put(t)
		in, err := f.walk(t, "boss", map[string]any{"groups": "boss"}) // an administrator without a password
		must(t, err)
		must(t, f.DeleteUser(ctx, in.Session.Actor, f.admin.Actor.User))
		f.admin = in.Session

		wantCode(t, f.RemoveSignOn(ctx, in.Session), errs.Conflict)
		wantCode(t, f.UnlinkUser(ctx, in.Session, in.Session.Actor.User), errs.Conflict)
		off, moved, client := f.on, f.on, f.on
		off.Enabled, moved.Issuer, client.Client = false, "https://other.example", "other"
		for path, o := range map[string]account.SignOn{"enabled": off, "issuer": moved, "client": client} {
			if f.on = o; !at(path, f.tryPut(t, in.Session)) {
				t.Errorf("%s is not told beside its field", path)
			}
		}
		made, once, err := f.CreateUser(ctx, in.Session.Actor, account.NewUser{UserName: "second", Roles: []access.Role{access.Administrator}})
		must(t, err)
		f.settle("acme", "second", once)
		must(t, f.RemoveSignOn(ctx, in.Session))
		// Who has no way in is no last administrator.
		second, err := f.User(ctx, in.Session.Actor, made.ID)
		must(t, err)
		wantCode(t, f.DeleteUser(ctx, in.Session.Actor, second.ID), errs.Conflict)
		_, err = f.UpdateUser(ctx, in.Session.Actor, second.ID, second.Version, account.UserChange{Roles: &[]access.Role{access.Agent}})
		wantCode(t, err, errs.Conflict)
		must(t, f.DeleteUser(ctx, in.Session.Actor, in.Session.Actor.User))
	})
}

// The account for emergencies stays one that can help, whatever the provider says.
func TestAProviderDoesNotTakeTheAccountForEmergencies(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		chief, _ := f.user("chief", access.Administrator)
		f.on.RolesClaim, f.on.Roles, f.on.BreakGlass = "groups", []account.ClaimRole{{Value: "desk", Role: access.Agent}}, chief.ID
		f.put(t)
		must(t, f.LinkUser(t.Context(), f.admin, chief.ID, secret.New("chief")))
		in, err := f.walk(t, "chief", map[string]any{"groups": "desk"})
		must(t, err)
		if !in.Session.Actor.Is(access.Administrator) || !in.Session.Actor.Is(access.Agent) {
			t.Errorf("%v", in.Session.Actor.Roles)
		}
	})
}

// Who came in by a provider that is not believed any more does not stay in.
func TestSessionsGoWithTheirProvider(t *testing.T) {
	changes := map[string]func(t *testing.T, f *signOns, in account.Session){
		"removed":  func(t *testing.T, f *signOns, in account.Session) { must(t, f.RemoveSignOn(t.Context(), in)) },
		"disabled": func(t *testing.T, f *signOns, in account.Session) { f.on.Enabled = false; must(t, f.tryPut(t, in)) },
		"another issuer": func(t *testing.T, f *signOns, in account.Session) {
			f.on.Issuer = "https://other.example"
			must(t, f.tryPut(t, in))
		},
		"another client": func(t *testing.T, f *signOns, in account.Session) { f.on.Client = "other"; must(t, f.tryPut(t, in)) },
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			eachSignOn(t, func(t *testing.T, f *signOns) {
				bo, byPassword := f.user("bo", access.Agent)
				must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
				must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
				in, err := f.walk(t, "bo", nil)
				must(t, err)
				boss, err := f.walk(t, "boss", nil)
				must(t, err)
				if f.on.Name = "Acme"; !f.recognised(t, in) {
					t.Error("not in")
				}
				must(t, f.tryPut(t, boss.Session)) // a change that is none of the provider
				if !f.recognised(t, in) {
					t.Error("out for another name")
				}
				change(t, f, boss.Session)
				if f.recognised(t, in) || !f.recognised(t, byPassword) || !f.recognised(t, boss) {
					t.Error("the provider's go, but who changes it goes on")
				}
			})
		})
	}
}

// A role that the provider gives does not go unnoticed.
func TestARoleThatTheProviderGivesIsReplacedThereToo(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		ctx := t.Context()
		lead := f.role("Lead", access.Supervisor, rights{access.FloorWatch: "all"})
		f.on.Create, f.on.RolesClaim, f.on.Roles = true, "groups", []account.ClaimRole{{Value: "leads", Role: access.Role(lead.ID)}}
		f.put(t)
		wantCode(t, f.DeleteRole(ctx, f.a.admin, lead.ID, lead.Version, ""), errs.Conflict)
		must(t, f.DeleteRole(ctx, f.a.admin, lead.ID, lead.Version, access.Monitor))
		v, err := f.SignOn(ctx, f.admin, base)
		if err != nil || len(v.Roles) != 1 || v.Roles[0].Role != access.Monitor {
			t.Errorf("%+v, %v", v.Roles, err)
		}
		in, err := f.walk(t, "1", map[string]any{"groups": "leads"})
		if err != nil || len(in.Session.Actor.Roles) != 1 || in.Session.Actor.Roles[0] != access.Monitor {
			t.Errorf("%v, %v", in.Session.Actor.Roles, err)
		}
	})
}

// Who came in by the provider before does not show that the present one works.
func TestOnlyNeedsWhoCameInByThePresentProvider(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		chief, _ := f.user("chief", access.Administrator)
		must(t, f.LinkUser(t.Context(), f.admin, f.admin.Actor.User, secret.New("boss")))
		in, err := f.walk(t, "boss", nil)
		must(t, err)
		f.on.Client = "other"
		must(t, f.tryPut(t, in.Session))
		boss, err := f.Recognise(t.Context(), in.Token)
		must(t, err)
		f.on.Only, f.on.BreakGlass = true, chief.ID
		wantCode(t, f.tryPut(t, boss), errs.Invalid)
	})
}

// Whom the provider knows and we refuse is in the audit log; whoever has not proved
// anything there fills none.
func TestWhoIsRefusedAfterTheProviderIsNoted(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		locked := account.Locked
		_, err := f.UpdateUser(t.Context(), f.a.admin, bo.ID, 0, account.UserChange{Status: &locked})
		must(t, err)
		_, err = f.walk(t, "bo", nil)
		wantCode(t, err, errs.Unauthorised)
		if n := f.audited(f.a.ID, "sign_in.refused"); n != 1 {
			t.Errorf("a locked user: %d lines", n)
		}
		_, err = f.walk(t, "nobody", nil)
		wantCode(t, err, errs.Forbidden)
		f.on.RolesClaim, f.on.Roles = "groups", []account.ClaimRole{{Value: "desk", Role: access.Agent}}
		f.put(t)
		_, err = f.walk(t, "bo", nil)
		wantCode(t, err, errs.Forbidden)
		if n := f.audited(f.a.ID, "sign_in.refused"); n != 3 {
			t.Errorf("nobody, and somebody without a role: %d lines", n)
		}
		step, answer := f.begin(t, false)
		answer.Code = "made up"
		_, err = f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, account.Session{})
		wantCode(t, err, errs.Unauthorised)
		if n := f.audited(f.a.ID, "sign_in.refused"); n != 3 {
			t.Errorf("a stranger: %d lines", n)
		}
	})
}
