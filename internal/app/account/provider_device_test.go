package account_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid/openidtest"
	"nubitalk/internal/core/access"
)

type claims = map[string]any

// fresh says whether who holds a token has proved who it is.
func (f *signOns) fresh(t *testing.T, token secret.Text) bool {
	t.Helper()
	now, err := f.Recheck(t.Context(), token)
	must(t, err)
	return now.Fresh(f.clock.Now())
}

// anew goes to the provider to prove who it is, as somebody there of whom the provider says this.
func (f *signOns) anew(t *testing.T, slug string, tenant id.Tenant, in account.SignedIn, subject string, c claims) (account.SignedIn, url.Values, error) {
	t.Helper()
	f.Provider.Subject, f.Provider.Claims = subject, c
	step, err := f.BeginProvider(t.Context(), slug, base, true, in.Session)
	must(t, err)
	u, err := url.Parse(step.Address)
	must(t, err)
	got, err := f.SignInProvider(t.Context(), account.From{}, tenant, step.Flow, f.Visit(step.Address), in.Session)
	return got, u.Query(), err
}

// Where the provider looks at the device, its word alone proves who administers; the account for
// emergencies does without, and that is noted.
func TestTheProviderConfirmsTheDeviceOfWhoAdministers(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		boss, _ := f.user("boss", access.Administrator)
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, boss.ID, secret.New("boss")))
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		f.on.DeviceContext = "c1"
		wantCode(t, f.tryPut(t, f.admin), errs.Invalid) // nobody could come in if the provider says nothing
		f.on.BreakGlass, f.on.Enabled = f.admin.Actor.User, false
		wantCode(t, f.tryPut(t, f.admin), errs.Invalid)
		f.on.Enabled, f.on.DeviceContext = true, "c 1"
		wantCode(t, f.tryPut(t, f.admin), errs.Invalid)
		f.on.DeviceContext = "c1"
		f.put(t)

		// A password is no proof of who administers, but of an agent.
		in := f.password("boss")
		if f.fresh(t, in.Token) {
			t.Error("proved by a password as it signed in")
		}
		_, err := f.Confirm(t.Context(), in.Session, secret.New(goodPassword))
		wantCode(t, err, errs.Forbidden)
		if f.fresh(t, in.Token) || !strings.Contains(errs.As(err).Text, "this device") {
			t.Errorf("proved by a password: %v", err)
		}
		agent := f.password("bo")
		if !f.fresh(t, agent.Token) {
			t.Error("an agent is not asked for its device")
		}
		must(t, errOf(f.Confirm(t.Context(), agent.Session, secret.New(goodPassword))))
		for who, want := range map[*account.SignedIn]bool{&in: true, &agent: false} {
			if me, err := f.Me(t.Context(), who.Session); err != nil || me.DeviceProof != want {
				t.Errorf("%s is told %v, %v", me.User.UserName, me.DeviceProof, err)
			}
		}

		// The provider is asked for it, and has to say it.
		f.clock.Advance(time.Hour)
		for _, c := range []claims{{}, {"acr": "c2"}, {"acr": ""}, {"acr": "C1"}, {"acr": "c1 c2"}, {"acr": []string{"c1"}}, {"acrs": []string{"p1", "c2"}}, {"acrs": "c12"}, {"amr": []string{"c1"}}} {
			before := f.audited(f.a.ID, "sign_in.refused")
			got, q, err := f.anew(t, "acme", f.a.ID, in, "boss", c)
			if !errs.Is(err, errs.Forbidden) || !strings.Contains(errs.As(err).Text, "did not confirm this device") || !got.Token.Empty() || f.fresh(t, in.Token) || f.audited(f.a.ID, "sign_in.refused") != before+1 {
				t.Errorf("%v: %v", c, err)
			}
			if q.Get("acr_values") != "c1" || q.Get("claims") != `{"id_token":{"acrs":{"essential":true,"value":"c1"}}}` || q.Get("max_age") != "0" {
				t.Errorf("asked for %v", q)
			}
		}
		_, _, err = f.anew(t, "acme", f.a.ID, in, "bo", claims{"acr": "c1"}) // somebody else's device
		wantCode(t, err, errs.Forbidden)
		got, _, err := f.anew(t, "acme", f.a.ID, in, "boss", claims{"acr": "c1", "auth_time": 0}) // it does not say when
		must(t, err)
		if f.fresh(t, got.Token) {
			t.Error("proved at no time")
		}
		for _, c := range []claims{{"acr": "c1"}, {"acrs": []string{"p1", "c1"}}} {
			got, _, err = f.anew(t, "acme", f.a.ID, got, "boss", c)
			must(t, err)
			if !got.Again || got.Session.Actor.Session != in.Session.Actor.Session || !f.fresh(t, got.Token) {
				t.Errorf("%v: not proved", c)
			}
			f.clock.Advance(time.Hour)
			if f.fresh(t, got.Token) {
				t.Error("proved for ever")
			}
		}
		if _, q, err := f.anew(t, "acme", f.a.ID, agent, "bo", claims{}); err != nil || q.Has("claims") || q.Has("acr_values") {
			t.Errorf("an agent is asked for %v: %v", q, err)
		}

		// Who signs in by the provider has proved it if it says so; else it is in, without.
		for _, c := range []claims{{"acr": "c1"}, {"acr": "c2"}} {
			c["auth_time"] = f.clock.Now().Unix()
			in, err := f.walk(t, "boss", c)
			must(t, err)
			if f.fresh(t, in.Token) != (c["acr"] == "c1") {
				t.Errorf("signed in with %v", c)
			}
		}

		// The account for emergencies.
		before := f.audited(f.a.ID, "sign_in.break_glass")
		glass := f.password("admin")
		if !f.fresh(t, glass.Token) {
			t.Error("the account for emergencies proves nothing")
		}
		must(t, errOf(f.Confirm(t.Context(), glass.Session, secret.New(goodPassword))))
		if n := f.audited(f.a.ID, "sign_in.break_glass") - before; n != 2 {
			t.Errorf("%d uses are noted", n)
		}

		// A trial says whether the provider says it.
		for acr, want := range map[string]string{"c1": "", "c2": "no_device"} {
			f.Provider.Subject, f.Provider.Claims = "boss", claims{"acr": acr}
			step, err := f.TryProvider(t.Context(), f.admin, base)
			must(t, err)
			trial, err := f.TriedProvider(t.Context(), f.admin, step.Flow, f.Visit(step.Address))
			must(t, err)
			found := false
			for _, s := range trial.Steps {
				if s.Step == "device" {
					found = true
					if s.Reason != want || s.OK != (want == "") {
						t.Errorf("%s: %+v", acr, s)
					}
				}
			}
			if !found {
				t.Errorf("%+v", trial.Steps)
			}
		}
	})
}

// What one organisation's provider has to say is nothing to another's.
func TestEachOrganisationHasItsOwnDeviceContext(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		boss, _ := f.user("boss", access.Administrator)
		must(t, f.LinkUser(t.Context(), f.admin, boss.ID, secret.New("boss")))
		f.on.DeviceContext, f.on.BreakGlass = "c1", f.admin.Actor.User
		f.put(t)
		other, err := f.SignIn(t.Context(), account.From{}, "books", "admin", secret.New(goodPassword))
		must(t, err)
		if !f.fresh(t, other.Token) {
			t.Error("another organisation's administrator is asked for its device")
		}
		must(t, errOf(f.Confirm(t.Context(), other.Session, secret.New(goodPassword))))

		u, _, err := f.CreateUser(t.Context(), other.Session.Actor, account.NewUser{UserName: "chief", Roles: []access.Role{access.Administrator}})
		must(t, err)
		on := f.on
		on.DeviceContext, on.BreakGlass = "c2", other.Session.Actor.User
		must(t, f.PutSignOn(t.Context(), other.Session, 0, on, secret.New(openidtest.Secret)))
		must(t, f.LinkUser(t.Context(), other.Session, u.ID, secret.New("chief")))
		f.Provider.Subject, f.Provider.Claims = "chief", claims{}
		step, err := f.BeginProvider(t.Context(), "books", base, false, account.Session{})
		must(t, err)
		chief, err := f.SignInProvider(t.Context(), account.From{}, f.b.ID, step.Flow, f.Visit(step.Address), account.Session{})
		must(t, err)
		_, q, err := f.anew(t, "books", f.b.ID, chief, "chief", claims{"acr": "c1"})
		wantCode(t, err, errs.Forbidden)
		if q.Get("acr_values") != "c2" {
			t.Errorf("asked for %v", q)
		}
		got, _, err := f.anew(t, "books", f.b.ID, chief, "chief", claims{"acr": "c2"})
		must(t, err)
		if !f.fresh(t, got.Token) {
			t.Error("not proved")
		}
		// Who holds a session in one proves nothing of it in the other, and is not asked there.
		in := f.password("boss")
		if _, q, err := f.anew(t, "books", f.b.ID, in, "chief", claims{"acr": "c1", "acrs": []string{"c1", "c2"}}); err != nil || q.Has("claims") {
			t.Errorf("%v, %v", q, err)
		}
		if f.fresh(t, in.Token) {
			t.Error("proved by another organisation's provider")
		}
	})
}
