package api

import (
	"context"
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

type signInInput struct {
	Body struct {
		Organisation string `json:"organisation" minLength:"1" maxLength:"64" doc:"The organisation's short name."`
		UserName     string `json:"user_name" minLength:"1" maxLength:"64"`
		Password     string `json:"password" minLength:"1" maxLength:"256"`
	}
}

// SignedInView answers a sign-in; the session itself is in the cookie.
type SignedInView struct {
	MustChange bool                `json:"must_change" doc:"Choose a new password first: POST me/password."`
	MustSetUp  bool                `json:"must_set_up" doc:"Add a second factor first: POST me/factors/…."`
	ExpiresAt  time.Time           `json:"expires_at,omitzero"`
	Second     *account.SecondStep `json:"second,omitempty" doc:"There is no session yet: a second factor is asked for. POST sign-in/second."`
}

type signInOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Device    http.Cookie `header:"Set-Cookie"`
	Body      SignedInView
}

type signedOutOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Hint      http.Cookie `header:"Set-Cookie"`
	Body      SignedOutView
}

// SignedOutView is what is left to do for who has signed out.
type SignedOutView struct {
	Provider string `json:"provider,omitempty" doc:"The provider's page where its own session ends; it sends the browser back to the desk."`
}

type cookieOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type meInput struct {
	Body struct {
		Version  int64                  `json:"version"`
		Profile  *account.ProfileChange `json:"profile,omitempty" doc:"Changes what it names."`
		Language *string                `json:"language,omitempty" enum:"en,pt"`
	}
}

type passwordInput struct {
	Body struct {
		Current string `json:"current" maxLength:"256"`
		New     string `json:"new" maxLength:"256" doc:"At least 10 characters, or as many as the organisation's rules ask for; not the user name, not a common password."`
	}
}

// signedIn answers a sign-in, with the cookie if there is a session. The session
// that the browser had until then is ended: nobody could sign out of it any more.
func (s *Server) signedIn(ctx context.Context, c *caller, got account.SignedIn) *signInOutput {
	if got.Second != nil {
		return &signInOutput{Body: SignedInView{Second: got.Second}}
	}
	if earlier, err := s.Accounts.Recognise(ctx, c.earlier); err == nil && !earlier.APIKey {
		if err := s.Accounts.SignOut(ctx, earlier); err != nil { // the new one stands
			s.log.Warn("an earlier session was not ended", "request", c.id, "tenant", earlier.Actor.Tenant, "error", err)
		}
	}
	return &signInOutput{SetCookie: s.cookie(got.Token, got.Session.ExpiresAt), Device: s.deviceCookie(got.Devices),
		Body: SignedInView{MustChange: got.Session.MustChange, MustSetUp: got.Session.MustSetUp, ExpiresAt: got.Session.ExpiresAt}}
}

func (s *Server) accountRoutes() {
	const tag = "Own account"
	handle(s, "POST", "/api/v1/sign-in", needs(access.Public), about{id: "signIn", tag: tag, summary: "Sign in", once: true,
		detail: "Sets the session cookie. Five failures within a minute lock the account for five minutes, but not for a browser in which its user has signed in before (a second cookie says so): there, failures are counted apart."},
		func(ctx context.Context, c *caller, in *signInInput) (*signInOutput, error) {
			got, err := s.Accounts.SignIn(ctx, c.from(), in.Body.Organisation, in.Body.UserName, secret.New(in.Body.Password))
			if err != nil {
				return nil, err
			}
			return s.signedIn(ctx, c, got), nil
		})
	handle(s, "POST", "/api/v1/sign-in/second", needs(access.Public), about{id: "signInSecond", tag: tag, summary: "Complete a sign-in with a second factor", once: true,
		detail: "Takes the code of an authenticator app, or a recovery code, each once and an app's only in its own 30 seconds. Wrong ones count like wrong passwords; of an app's code that has just ended the answer is code_ended, once, and it does not count."},
		func(ctx context.Context, c *caller, in *secondInput) (*signInOutput, error) {
			got, err := s.Accounts.SignInSecond(ctx, c.from(), secret.New(in.Body.State), in.Body.Code)
			if err != nil {
				return nil, err
			}
			return s.signedIn(ctx, c, got), nil
		})
	handle(s, "POST", "/api/v1/sign-in/passkey/begin", needs(access.Public), about{id: "beginPasskeySignIn", tag: tag, summary: "Begin to sign in with a passkey", once: true,
		detail: "Names nobody: whose a passkey is, it says itself."},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Ceremony], error) {
			return answer(s.Accounts.BeginPasskeySignIn(ctx, c.host))
		})
	handle(s, "POST", "/api/v1/sign-in/passkey", needs(access.Public), about{id: "signInPasskey", tag: tag, summary: "Sign in with a passkey", once: true,
		detail: "It has verified its user itself, so neither a password nor another factor is asked for. Sets the session cookie."},
		func(ctx context.Context, c *caller, in *passkeyInput) (*signInOutput, error) {
			got, err := s.Accounts.SignInPasskey(ctx, c.from(), c.host, secret.New(in.Body.State), in.Body.Credential)
			if err != nil {
				return nil, err
			}
			return s.signedIn(ctx, c, got), nil
		})
	own := needs(access.SignedIn)
	early := Guard{Permission: access.SignedIn, WhileMustChange: true, WhileMustSetUp: true}
	handle(s, "POST", "/api/v1/sign-out", early, about{id: "signOut", tag: tag, summary: "Sign out", once: true,
		detail: "Ends the session. Where the organisation's provider opened it and is to end its own, too (`sign_out` of sign-on), the answer says where the browser goes on."},
		func(ctx context.Context, c *caller, _ *none) (*signedOutOutput, error) {
			if err := s.Accounts.SignOut(ctx, c.session); err != nil {
				return nil, err
			}
			return &signedOutOutput{s.cookie(secret.Text{}, time.Unix(1, 0)), s.hintCookie(account.SignedIn{}), SignedOutView{s.Accounts.SignOutPage(ctx, c.session, s.base(c), c.hint)}}, nil
		})
	whoAmI := early
	whoAmI.Support = true
	handle(s, "GET", "/api/v1/me", whoAmI, about{id: "me", tag: tag, summary: "Who am I, and what may I do"},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Me], error) {
			me, err := s.Accounts.Me(ctx, c.session)
			me.VisitorsAt, me.Encryption = s.config.Visitors, string(s.config.Encryption)
			return answer(me, err)
		})
	handle(s, "PATCH", "/api/v1/me", own, about{id: "updateMe", tag: tag, summary: "Change my profile or language"},
		func(ctx context.Context, c *caller, in *meInput) (*reply[account.User], error) {
			u, err := s.Accounts.UpdateMe(ctx, c.Actor, in.Body.Version, in.Body.Profile, in.Body.Language)
			return answer(u, conflicting(err, func() (account.Me, error) { return s.Accounts.Me(ctx, c.session) }))
		})
	handle(s, "POST", "/api/v1/me/password", early, about{id: "setPassword", tag: tag, summary: "Choose a new password",
		detail: "Ends the user's other sessions." + anew, once: true},
		func(ctx context.Context, c *caller, in *passwordInput) (*cookieOutput, error) {
			return s.renewed(c)(s.Accounts.SetPassword(ctx, c.session, secret.New(in.Body.Current), secret.New(in.Body.New)))
		})
	handle(s, "GET", "/api/v1/me/sessions", own, about{id: "mySessions", tag: tag, summary: "Where I am signed in"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[account.SessionView]], error) {
			items, err := s.Accounts.Sessions(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "POST", "/api/v1/me/not-me", Guard{Permission: access.SignedIn, WhileMustChange: true}, about{id: "disownSignIn", tag: tag, summary: "That sign-in was not me", once: true,
		detail: "Ends all other sessions of the user, and asks for a new password before anything else."},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Disowned], error) {
			return answer(s.Accounts.NotMe(ctx, c.session))
		})
	handle(s, "DELETE", "/api/v1/me/sessions/{id}", Guard{Permission: access.SignedIn, Fresh: true}, about{id: "endMySession", tag: tag, summary: "Sign out elsewhere", once: true},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.EndSession(ctx, c.Actor, in.ID))
		})
	s.invitationRoutes(tag)
	s.factorRoutes()
	s.signOnRoutes()
}
