package account_test

import (
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// Where the organisation wants it, nobody comes in by the provider, and nobody proves anew who
// it is there, without its word that a second factor was shown.
func TestAProviderSaysThatASecondFactorWasShown(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		if _, err := f.walk(t, "bo", map[string]any{"amr": []string{"pwd"}}); err != nil {
			t.Fatalf("while it is not wanted: %v", err)
		}
		type claims = map[string]any
		try := func(classes []string, c claims, lets bool) {
			t.Helper()
			f.on.SecondFactor, f.on.Classes = true, classes
			f.put(t)
			before := f.audited(f.a.ID, "sign_in.refused")
			in, err := f.walk(t, "bo", c)
			if lets {
				if err != nil || in.Session.Actor.User != bo.ID {
					t.Errorf("%v, %v: %v", classes, c, err)
				}
				return
			}
			if !errs.Is(err, errs.Forbidden) || !strings.Contains(errs.As(err).Text, "second factor") || !in.Token.Empty() || f.audited(f.a.ID, "sign_in.refused") != before+1 {
				t.Errorf("%v, %v: %v", classes, c, err)
			}
		}
		for _, method := range []string{"mfa", "otp", "hwk", "sc"} {
			try(nil, claims{"amr": []string{"pwd", method}}, true)
		}
		try(nil, claims{"amr": "mfa"}, true)
		for _, c := range []claims{{}, {"amr": []string{"pwd"}}, {"amr": []string{"pwd", "face"}}, {"amr": []string{}}, {"amr": 7}, {"amr": []string{"MFA"}}, {"acr": "mfa"}} {
			try(nil, c, false)
		}
		classes := []string{"phr", "urn:two"}
		try(classes, claims{"acr": "urn:two"}, true)
		for _, c := range []claims{{"acr": "urn:one"}, {"acr": ""}, {}, {"acr": []string{"phr"}}, {"acr": "phr urn:two"}, {"amr": []string{"mfa"}}} {
			try(classes, c, false)
		}
		if step, _ := f.begin(t, false); !strings.Contains(step.Address, "acr_values=phr+urn%3Atwo") {
			t.Errorf("it is not asked for: %s", step.Address)
		}

		// Within a session, too.
		in, err := f.walk(t, "bo", claims{"acr": "phr"})
		must(t, err)
		prove := func(c claims) (account.SignedIn, error) {
			f.Provider.Subject, f.Provider.Claims = "bo", c
			step, answer := f.begin(t, true)
			return f.SignInProvider(t.Context(), account.From{}, f.a.ID, step.Flow, answer, in.Session)
		}
		f.clock.Advance(time.Hour)
		got, err := prove(claims{"acr": "urn:one", "auth_time": f.clock.Now().Unix()})
		wantCode(t, err, errs.Forbidden)
		if now, err := f.Recheck(t.Context(), in.Token); err != nil || now.Fresh(f.clock.Now()) || !got.Token.Empty() {
			t.Errorf("proved by one factor: %v", err)
		}
		got, err = prove(claims{"acr": "phr", "auth_time": f.clock.Now().Unix()})
		must(t, err)
		if now, err := f.Recheck(t.Context(), got.Token); err != nil || !now.Fresh(f.clock.Now()) {
			t.Errorf("proved by two: %v", err)
		}

		// A trial says so.
		f.Provider.Claims = claims{"acr": "urn:one"}
		step, err := f.TryProvider(t.Context(), f.admin, base)
		must(t, err)
		trial, err := f.TriedProvider(t.Context(), f.admin, step.Flow, f.Visit(step.Address))
		must(t, err)
		said := ""
		for _, s := range trial.Steps {
			if s.Step == "factor" && !s.OK {
				said = s.Reason
			}
		}
		if said != "no_factor" {
			t.Errorf("%+v", trial.Steps)
		}
		f.on.Classes = []string{"a b"}
		wantCode(t, f.tryPut(t, f.admin), errs.Invalid)
	})
}

// Where it is set up anew a logout token has to say that it is one; what stands goes on.
func TestALogoutTokenSaysThatItIsOne(t *testing.T) {
	eachSignOn(t, func(t *testing.T, f *signOns) {
		bo, _ := f.user("bo", access.Agent)
		must(t, f.LinkUser(t.Context(), f.admin, bo.ID, secret.New("bo")))
		n := 0
		logout := func(kind string) (ended bool) {
			t.Helper()
			in, err := f.walk(t, "bo", map[string]any{"sid": "s1"})
			must(t, err)
			f.Header = func(h map[string]any) { h["typ"] = kind }
			defer func() { f.Header = nil }()
			n++
			_ = f.LogoutByProvider(t.Context(), f.a.ID, secret.New(f.Signed(map[string]any{"sid": "s1", "jti": strings.Repeat("j", n), "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})))
			return !f.recognised(t, in)
		}
		if !logout("JWT") || !logout("logout+jwt") {
			t.Error("as it was set up before")
		}
		f.on.LogoutTyped = true
		f.put(t)
		if logout("JWT") || !logout("logout+jwt") {
			t.Error("where it must say so")
		}
		must(t, f.RemoveSignOn(t.Context(), f.admin))
		if v, err := f.SignOn(t.Context(), f.admin, base); err != nil || !v.LogoutTyped {
			t.Errorf("where there is none: %+v, %v", v.SignOn, err)
		}
	})
}
