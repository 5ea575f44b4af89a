package openid_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/channel/openid/openidtest"
)

const redirect = "https://desk.example/app/sign-in/ten_1"

type fixture struct {
	*openidtest.Provider
	client *openid.Client
	r      openid.Registration
	now    time.Time
}

func open(t *testing.T) *fixture {
	f := &fixture{now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	f.Provider = openidtest.New(t, func() time.Time { return f.now })
	f.client = openid.New(f.Client(), func() time.Time { return f.now })
	f.r = openid.Registration{Issuer: f.URL, Client: openidtest.Client, Secret: secret.New(openidtest.Secret), Scopes: []string{"profile"}}
	return f
}

// walk is a whole sign-in.
func (f *fixture) walk(t *testing.T) (openid.Identity, error) {
	t.Helper()
	flow := openid.NewFlow(redirect)
	address, err := f.client.Address(t.Context(), f.r, flow, false)
	if err != nil {
		return openid.Identity{}, err
	}
	return f.client.Redeem(t.Context(), f.r, flow, f.Visit(address))
}

func TestASignInSaysWhoItIs(t *testing.T) {
	f := open(t)
	f.Provider.Claims = map[string]any{"groups": []string{"a", "b"}, "preferred_username": "ana", "sid": "s1"}
	who, err := f.walk(t)
	if err != nil || who.Subject != "somebody" || who.Session != "s1" || who.Text("preferred_username") != "ana" || strings.Join(who.List("groups"), " ") != "a b" || !who.Proved.IsZero() {
		t.Fatalf("%+v, %v", who, err)
	}
	flow := openid.NewFlow(redirect)
	address, err := f.client.Address(t.Context(), f.r, flow, true)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(address)
	q := u.Query()
	for name, want := range map[string]string{"response_type": "code", "client_id": openidtest.Client, "redirect_uri": redirect, "scope": "openid profile", "state": flow.State,
		"nonce": flow.Nonce, "code_challenge_method": "S256", "max_age": "0", "prompt": "login"} {
		if q.Get(name) != want {
			t.Errorf("%s is %q", name, q.Get(name))
		}
	}
	if strings.Contains(address, flow.Verifier) {
		t.Error("the verifier is in the address")
	}
	if who, err = f.client.Redeem(t.Context(), f.r, flow, f.Visit(address)); err != nil || !who.Proved.Equal(f.now) {
		t.Errorf("%+v, %v", who, err)
	}
}

// Each of these is a provider, or somebody on the way, that must not be believed.
func TestHostileProviders(t *testing.T) {
	at := func(d time.Duration) func(f *fixture) int64 {
		return func(f *fixture) int64 { return f.now.Add(d).Unix() }
	}
	claim := func(name string, value any) func(*fixture) {
		return func(f *fixture) {
			f.Token = func(c map[string]any) {
				switch v := value.(type) {
				case nil:
					delete(c, name)
				case func(*fixture) int64:
					c[name] = v(f)
				default:
					c[name] = v
				}
			}
		}
	}
	for name, test := range map[string]struct {
		hostile func(*fixture)
		step    openid.Step
		want    openid.Reason
	}{
		"another issuer in discovery": {func(f *fixture) { f.Discovery = func(d map[string]any) { d["issuer"] = "https://other.example" } }, openid.StepDiscovery, openid.OtherIssuer},
		"a plain token endpoint": {func(f *fixture) {
			f.Discovery = func(d map[string]any) { d["token_endpoint"] = strings.Replace(f.URL, "https", "http", 1) + "/token" }
		}, openid.StepDiscovery, openid.Unfit},
		"a script for a page": {func(f *fixture) {
			f.Discovery = func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)//" }
		}, openid.StepDiscovery, openid.Unfit},
		"only symmetric signatures": {func(f *fixture) {
			f.Discovery = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} }
		}, openid.StepDiscovery, openid.Unfit},
		"a provider that is down":           {func(f *fixture) { f.Down = true }, openid.StepDiscovery, openid.Unreachable},
		"another's state":                   {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.State = "x" } }, openid.StepAnswer, openid.Foreign},
		"no state":                          {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.State = "" } }, openid.StepAnswer, openid.Foreign},
		"a mix-up":                          {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.Issuer = "https://other.example" } }, openid.StepAnswer, openid.AnswerIssuer},
		"an answer that does not say whose": {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.Issuer = "" } }, openid.StepAnswer, openid.AnswerIssuer},
		"a refusal":                         {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.Code, a.Error = "", "access_denied" } }, openid.StepAnswer, openid.Denied},
		"a code that was never given":       {func(f *fixture) { f.Answers = func(a *openid.Answer) { a.Code = "x" } }, openid.StepToken, openid.CodeRefused},
		"another secret":                    {func(f *fixture) { f.r.Secret = secret.New("x") }, openid.StepToken, openid.ClientRefused},
		"a token of another issuer":         {claim("iss", "https://other.example"), openid.StepIdentity, openid.TokenIssuer},
		"a token for somebody else":         {claim("aud", "other"), openid.StepIdentity, openid.Audience},
		"a token for several":               {claim("aud", []string{openidtest.Client, "other"}), openid.StepIdentity, openid.Audience},
		"another party":                     {claim("azp", "other"), openid.StepIdentity, openid.Audience},
		"another sign-in's nonce":           {claim("nonce", "x"), openid.StepIdentity, openid.Nonce},
		"no nonce":                          {claim("nonce", nil), openid.StepIdentity, openid.Nonce},
		"no subject":                        {claim("sub", ""), openid.StepIdentity, openid.NoSubject},
		"an expired token":                  {claim("exp", at(-openid.Skew)), openid.StepIdentity, openid.Expired},
		"a token without an end":            {claim("exp", nil), openid.StepIdentity, openid.Expired},
		"an old token":                      {claim("iat", at(-12*time.Minute)), openid.StepIdentity, openid.Expired},
		"a token without a beginning":       {claim("iat", nil), openid.StepIdentity, openid.Expired},
		"a token from the future":           {claim("iat", at(openid.Skew+time.Second)), openid.StepIdentity, openid.NotYet},
		"a token that is not good yet":      {claim("nbf", at(openid.Skew+time.Second)), openid.StepIdentity, openid.NotYet},
		"no signature": {func(f *fixture) {
			f.Header = func(h map[string]any) { h["alg"] = "none" }
			f.Sign = func(string) string { return "" }
		}, openid.StepIdentity, openid.Signature},
		"signed with the public key": {func(f *fixture) {
			f.Header = func(h map[string]any) { h["alg"] = "HS256" }
			f.Sign = openidtest.HMAC(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(f.Public())}))
		}, openid.StepIdentity, openid.Signature},
		"signed with the public key, which it says to accept": {func(f *fixture) {
			f.Discovery = func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"RS256", "HS256"} }
			f.Header = func(h map[string]any) { h["alg"] = "HS256" }
			f.Sign = openidtest.HMAC(x509.MarshalPKCS1PublicKey(f.Public()))
		}, openid.StepIdentity, openid.Signature},
		"another's key": {func(f *fixture) { f.Sign = func(string) string { return strings.Repeat("A", 342) } }, openid.StepIdentity, openid.Signature},
	} {
		t.Run(name, func(t *testing.T) {
			f := open(t)
			test.hostile(f)
			who, err := f.walk(t)
			var fault *openid.Fault
			if !errors.As(err, &fault) || fault.Step != test.step || fault.Reason != test.want || who.Subject != "" {
				t.Errorf("%+v, %v", who, err)
			}
		})
	}
}

// A clock that is wrong by less than a minute is borne.
func TestSkewWithinBounds(t *testing.T) {
	for _, off := range []time.Duration{-openid.Skew + time.Second, openid.Skew - time.Second} {
		f := open(t)
		f.Token = func(c map[string]any) {
			now := f.now.Add(off).Unix()
			c["iat"], c["nbf"], c["exp"], c["auth_time"] = now, now, now+30, now
		}
		if off < 0 {
			f.Token = func(c map[string]any) { c["exp"] = f.now.Add(off).Unix() }
		}
		if who, err := f.walk(t); err != nil || who.Proved.After(f.now) {
			t.Errorf("%v: %+v, %v", off, who, err)
		}
	}
}

func TestACodeIsGoodOnce(t *testing.T) {
	f := open(t)
	flow := openid.NewFlow(redirect)
	address, err := f.client.Address(t.Context(), f.r, flow, false)
	if err != nil {
		t.Fatal(err)
	}
	answer := f.Visit(address)
	if _, err := f.client.Redeem(t.Context(), f.r, flow, answer); err != nil {
		t.Fatal(err)
	}
	var fault *openid.Fault
	if _, err := f.client.Redeem(t.Context(), f.r, flow, answer); !errors.As(err, &fault) || fault.Reason != openid.CodeRefused {
		t.Errorf("%v", err)
	}
	other := openid.NewFlow(redirect) // of whoever has seen the code
	answer = f.Visit(address)
	other.State = flow.State
	if _, err := f.client.Redeem(t.Context(), f.r, other, answer); !errors.As(err, &fault) || fault.Reason != openid.CodeRefused {
		t.Errorf("without its verifier: %v", err)
	}
}

// A provider's keys change without notice; what it says of itself is asked for once
// an hour, and a dead one not by every stranger.
func TestWhatIsRemembered(t *testing.T) {
	f := open(t)
	const says = "/.well-known/openid-configuration"
	for range 3 {
		if _, err := f.walk(t); err != nil {
			t.Fatal(err)
		}
	}
	if f.Asked(says) != 1 || f.Asked("/keys") != 1 {
		t.Errorf("asked %d times, for keys %d", f.Asked(says), f.Asked("/keys"))
	}
	f.Rotate()
	if _, err := f.walk(t); err != nil {
		t.Errorf("another key: %v", err)
	}
	f.now = f.now.Add(time.Hour + time.Second)
	f.Down = true
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			var fault *openid.Fault
			if _, err := f.client.Address(t.Context(), f.r, openid.NewFlow(redirect), false); !errors.As(err, &fault) || fault.Reason != openid.Unreachable {
				t.Errorf("down: %v", err)
			}
		})
	}
	all.Wait()
	if f.Asked(says) != 2 {
		t.Errorf("a dead one was asked %d times", f.Asked(says)-1)
	}
	f.Down = false
	f.now = f.now.Add(time.Minute)
	if _, err := f.walk(t); err != nil {
		t.Errorf("up again: %v", err)
	}
}

func TestAnAnswerWithoutAnEndIsCut(t *testing.T) {
	f := open(t)
	f.Discovery = func(d map[string]any) { d["x"] = strings.Repeat("x", 2<<20) }
	var fault *openid.Fault
	if _, err := f.walk(t); !errors.As(err, &fault) || fault.Reason != openid.Unreachable {
		t.Errorf("%v", err)
	}
}

func TestNobodyIsFollowedElsewhere(t *testing.T) {
	f := open(t)
	away := http.RedirectHandler(f.URL+"/.well-known/openid-configuration", http.StatusFound)
	f.Server.Config.Handler = away
	var fault *openid.Fault
	if _, err := f.walk(t); !errors.As(err, &fault) || fault.Reason != openid.Unreachable {
		t.Errorf("%v", err)
	}
}

func TestLogoutTokens(t *testing.T) {
	const event = "http://schemas.openid.net/event/backchannel-logout"
	good := func() map[string]any {
		return map[string]any{"sid": "s1", "jti": "1", "events": map[string]any{event: map[string]any{}}}
	}
	f := open(t)
	said, err := f.client.Logout(t.Context(), f.r, f.Signed(good()))
	if err != nil || said.Subject != "somebody" || said.Session != "s1" || said.ID != "1" {
		t.Fatalf("%+v, %v", said, err)
	}
	// It is remembered no longer than it could be taken again, however long it says.
	long := good()
	long["exp"] = f.now.AddDate(1000, 0, 0).Unix()
	if said, err = f.client.Logout(t.Context(), f.r, f.Signed(long)); err != nil || said.Expires.After(f.now.Add(15*time.Minute)) || said.Expires.Before(f.now.Add(11*time.Minute)) {
		t.Errorf("%+v, %v", said, err)
	}
	for name, change := range map[string]func(map[string]any){
		"an ID token":  func(c map[string]any) { delete(c, "events") },
		"a nonce":      func(c map[string]any) { c["nonce"] = "x" },
		"a null nonce": func(c map[string]any) { c["nonce"] = nil },
		"no id":        func(c map[string]any) { delete(c, "jti") },
		"nobody":       func(c map[string]any) { c["sub"] = ""; delete(c, "sid") },
		"for others":   func(c map[string]any) { c["aud"] = "other" },
		"expired":      func(c map[string]any) { c["exp"] = f.now.Add(-time.Hour).Unix() },
	} {
		c := good()
		change(c)
		if said, err := f.client.Logout(t.Context(), f.r, f.Signed(c)); err == nil {
			t.Errorf("%s: %+v", name, said)
		}
	}
}

// A token that says that it is of another kind ends nobody's session, whatever it holds.
func TestALogoutTokenIsOfItsKind(t *testing.T) {
	f := open(t)
	for kind, want := range map[any]struct{ taken, must bool }{ // must: where the provider has to say so
		"logout+jwt": {true, true}, "application/logout+jwt": {true, true}, "LOGOUT+JWT": {true, true}, "JWT": {true, false}, "jwt": {true, false}, nil: {true, false},
		"at+jwt": {}, "application/at+jwt": {}, "secevent+jwt": {}, "": {}, "logout": {}, 7: {},
	} {
		f.Header = func(h map[string]any) {
			if h["typ"] = kind; kind == nil {
				delete(h, "typ")
			}
		}
		token := f.Signed(map[string]any{"sid": "s1", "jti": "1", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}})
		for must, taken := range map[bool]bool{false: want.taken, true: want.must} {
			r := f.r
			r.LogoutTyped = must
			if said, err := f.client.Logout(t.Context(), r, token); (err == nil) != taken {
				t.Errorf("%v, must %v: %+v, %v", kind, must, said, err)
			}
		}
	}
}

// A provider is asked for the classes of proof that count.
func TestClassesAreAskedFor(t *testing.T) {
	f := open(t)
	for want, classes := range map[string][]string{"": nil, "phr": {"phr"}, "phr urn:mfa": {"phr", "urn:mfa"}} {
		f.r.Classes = classes
		address, err := f.client.Address(t.Context(), f.r, openid.NewFlow(redirect), false)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil || u.Query().Get("acr_values") != want || u.Query().Has("acr_values") != (want != "") {
			t.Errorf("%q: %s, %v", want, address, err)
		}
	}
}

// A provider is asked to end its session where it says, and only over https.
func TestWhereASessionEnds(t *testing.T) {
	for says, want := range map[string]string{"https://id.example/end?of=1#x": "https://id.example/end?client_id=nubitalk&id_token_hint=a.b.c&of=1&post_logout_redirect_uri=https%3A%2F%2Fdesk.example%2Fapp%2F",
		"http://id.example/end": "", "javascript:alert(1)": "", "": ""} {
		f := open(t)
		f.Discovery = func(d map[string]any) { d["end_session_endpoint"] = says }
		got, err := f.client.SignOut(t.Context(), f.r, "https://desk.example/app/", secret.New("a.b.c"))
		if err != nil || got != want {
			t.Errorf("%q: %q, %v", says, got, err)
		}
	}
	f := open(t)
	f.Down = true
	if got, err := f.client.SignOut(t.Context(), f.r, "https://desk.example/app/", secret.Text{}); err == nil || got != "" {
		t.Errorf("%q of a provider that is down", got)
	}
}
