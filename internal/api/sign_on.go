package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/core/access"
)

type beginProviderInput struct {
	Body struct {
		Organisation string `json:"organisation" minLength:"1" maxLength:"64" doc:"The organisation's short name."`
		Again        bool   `json:"again,omitempty" doc:"The provider is to let the person prove anew who it is."`
	}
}

// ProviderAnswer is what a provider sent the browser back with, as it stands in the
// address.
type ProviderAnswer struct {
	State  string `json:"state" maxLength:"512"`
	Code   string `json:"code,omitempty" maxLength:"4096"`
	Issuer string `json:"iss,omitempty" maxLength:"400" doc:"RFC 9207."`
	Error  string `json:"error,omitempty" maxLength:"100"`
}

func (a ProviderAnswer) read() openid.Answer {
	return openid.Answer{State: a.State, Code: a.Code, Issuer: a.Issuer, Error: a.Error}
}

type providerInput struct {
	Tenant string `path:"tenant" maxLength:"64"`
	Body   ProviderAnswer
}

type providerTrialInput struct {
	Body ProviderAnswer
}

type providerStepOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      account.ProviderStep
}

type signInByProviderOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Device    http.Cookie `header:"Set-Cookie"`
	Flow      http.Cookie `header:"Set-Cookie"`
	Hint      http.Cookie `header:"Set-Cookie"`
	Body      SignedInView
}

type providerTrialOutput struct {
	Flow http.Cookie `header:"Set-Cookie"`
	Body account.ProviderTrial
}

type logoutTokenInput struct {
	Tenant  string `path:"tenant" maxLength:"64"`
	RawBody []byte `contentType:"application/x-www-form-urlencoded"`
}

type signOnInput struct {
	Body struct {
		account.SignOn
		Secret  string `json:"secret,omitempty" maxLength:"400" doc:"client_secret, as the provider gave it. Left out: it stays. Never shown again."`
		Version int64  `json:"version" doc:"As it was read; 0 for the first."`
	}
}

type linkInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Subject string `json:"subject" minLength:"1" maxLength:"255" doc:"The claim sub of the user at the provider. Only a keyed index of it is stored."`
	}
}

// base is how the browser calls this service.
func (s *Server) base(c *caller) string {
	if s.config.PlainHTTP {
		return "http://" + c.host
	}
	return "https://" + c.host
}

// flowCookie keeps a sign-in with a provider in the browser that began it; an empty
// flow removes it.
func (s *Server) flowCookie(flow secret.Text) http.Cookie {
	c := http.Cookie{Name: s.cookieName() + "-flow", Value: flow.Reveal(), Path: "/", MaxAge: int(account.FlowTime / time.Second), Secure: !s.config.PlainHTTP,
		HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if flow.Empty() {
		c.MaxAge = -1
	}
	return c
}

func (s *Server) flowOf(r *http.Request) secret.Text {
	cookie, err := r.Cookie(s.cookieName() + "-flow")
	if err != nil {
		return secret.Text{}
	}
	return secret.New(cookie.Value)
}

func (s *Server) signOnRoutes() {
	const tag = "Own account"
	handle(s, "POST", "/api/v1/sign-in/provider/begin", needs(access.Public), about{id: "beginProvider", tag: tag, summary: "Begin to sign in with the organisation's own provider", once: true,
		detail: "Answers with the provider's page. The browser keeps, in a cookie, what the end needs: a sign-in ends where it began."},
		func(ctx context.Context, c *caller, in *beginProviderInput) (*providerStepOutput, error) {
			earlier, err := s.Accounts.Recognise(ctx, c.earlier)
			if err != nil {
				earlier = account.Session{}
			}
			step, err := s.Accounts.BeginProvider(ctx, in.Body.Organisation, s.base(c), in.Body.Again, earlier)
			if err != nil {
				return nil, err
			}
			return &providerStepOutput{s.flowCookie(step.Flow), step}, nil
		})
	handle(s, "POST", "/api/v1/sign-in/provider/{tenant}", needs(access.Public), about{id: "signInProvider", tag: tag, summary: "Complete a sign-in with the organisation's own provider", once: true,
		detail: "Takes what the provider sent the browser back with. Sets the session cookie; who began with again, to prove anew who it is, keeps the session that is there, with another token."},
		func(ctx context.Context, c *caller, in *providerInput) (*signInByProviderOutput, error) {
			earlier, err := s.Accounts.Recognise(ctx, c.earlier)
			if err != nil {
				earlier = account.Session{}
			}
			got, err := s.Accounts.SignInProvider(ctx, c.from(), id.Tenant(in.Tenant), c.flow, in.Body.read(), earlier)
			if err != nil {
				return nil, err
			}
			if got.Again {
				return &signInByProviderOutput{SetCookie: s.cookie(got.Token, got.Session.ExpiresAt), Flow: s.flowCookie(secret.Text{}), Body: SignedInView{ExpiresAt: got.Session.ExpiresAt}}, nil
			}
			out := s.signedIn(ctx, c, got)
			return &signInByProviderOutput{out.SetCookie, out.Device, s.flowCookie(secret.Text{}), s.hintCookie(got), out.Body}, nil
		})
	handle(s, "POST", "/api/v1/sign-in/provider/{tenant}/logout", needs(access.Public), about{id: "logoutByProvider", tag: tag, summary: "Back-channel logout", once: true,
		detail: "For the organisation's own provider, with a logout_token (OpenID Connect Back-Channel Logout 1.0). Ends the session that it names, or all that the provider opened for the user."},
		func(ctx context.Context, _ *caller, in *logoutTokenInput) (*none, error) {
			form, err := url.ParseQuery(string(in.RawBody))
			if err != nil {
				return nil, errs.New(errs.Invalid, "This logout token is not accepted.")
			}
			return done(s.Accounts.LogoutByProvider(ctx, id.Tenant(in.Tenant), secret.New(form.Get("logout_token"))))
		})
	users, fresh := Guard{Permission: access.SetupWrite, Users: true}, Guard{Permission: access.SetupWrite, Users: true, Fresh: true}
	handle(s, "GET", "/api/v1/sign-on", users, about{id: "signOn", tag: setupTag, summary: "How users sign in with the organisation's own provider"},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.SignOnView], error) {
			return answer(s.Accounts.SignOn(ctx, c.session, s.base(c)))
		})
	handle(s, "PUT", "/api/v1/sign-on", fresh, about{id: "putSignOn", tag: setupTag, summary: "Change how users sign in with the organisation's own provider", once: true,
		detail: "For administrators. Another issuer knows nobody: all links go."},
		func(ctx context.Context, c *caller, in *signOnInput) (*reply[account.SignOnView], error) {
			if err := s.Accounts.PutSignOn(ctx, c.session, in.Body.Version, in.Body.SignOn, secret.New(in.Body.Secret)); err != nil {
				return answer(account.SignOnView{}, conflicting(err, func() (account.SignOnView, error) { return s.Accounts.SignOn(ctx, c.session, s.base(c)) }))
			}
			return answer(s.Accounts.SignOn(ctx, c.session, s.base(c)))
		})
	handle(s, "DELETE", "/api/v1/sign-on", fresh, about{id: "removeSignOn", tag: setupTag, summary: "End signing in with the organisation's own provider", once: true},
		func(ctx context.Context, c *caller, _ *none) (*none, error) {
			return done(s.Accounts.RemoveSignOn(ctx, c.session))
		})
	handle(s, "POST", "/api/v1/sign-on/try", fresh, about{id: "tryProvider", tag: setupTag, summary: "Begin to try the organisation's own provider", once: true,
		detail: "The same walk as a sign-in, with the stored set-up, enabled or not; it opens no session."},
		func(ctx context.Context, c *caller, _ *none) (*providerStepOutput, error) {
			step, err := s.Accounts.TryProvider(ctx, c.session, s.base(c))
			if err != nil {
				return nil, err
			}
			return &providerStepOutput{s.flowCookie(step.Flow), step}, nil
		})
	handle(s, "POST", "/api/v1/sign-on/tried", users, about{id: "triedProvider", tag: setupTag, summary: "How far a trial came", once: true,
		detail: "Names claims, never their values."},
		func(ctx context.Context, c *caller, in *providerTrialInput) (*providerTrialOutput, error) {
			trial, err := s.Accounts.TriedProvider(ctx, c.session, c.flow, in.Body.read())
			if err != nil {
				return nil, err
			}
			return &providerTrialOutput{s.flowCookie(secret.Text{}), trial}, nil
		})
	handle(s, "PUT", "/api/v1/users/{id}/identity", fresh, about{id: "linkUser", tag: "Users", summary: "Say who a user is to the organisation's own provider", once: true,
		detail: "Ends the user's sessions that came by another identity."},
		func(ctx context.Context, c *caller, in *linkInput) (*none, error) {
			return done(s.Accounts.LinkUser(ctx, c.session, in.ID, secret.New(in.Body.Subject)))
		})
	handle(s, "DELETE", "/api/v1/users/{id}/identity", fresh, about{id: "unlinkUser", tag: "Users", summary: "Unlink a user from the organisation's own provider", once: true},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.UnlinkUser(ctx, c.session, in.ID))
		})
}
