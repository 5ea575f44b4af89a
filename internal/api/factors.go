package api

import (
	"context"
	"encoding/json"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

type secondInput struct {
	Body struct {
		State string `json:"state" minLength:"1" maxLength:"8192" doc:"As sign-in answered it."`
		Code  string `json:"code" minLength:"1" maxLength:"40" doc:"Of an authenticator app, or a recovery code; spaces and hyphens do not matter."`
	}
}

type confirmInput struct {
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"256"`
	}
}

type passkeyInput struct {
	Body struct {
		State      string          `json:"state" minLength:"1" maxLength:"8192"`
		Credential json.RawMessage `json:"credential" doc:"AuthenticationResponseJSON, as PublicKeyCredential.toJSON() gives it."`
	}
}

type newPasskeyInput struct {
	Body struct {
		State      string          `json:"state" minLength:"1" maxLength:"8192"`
		Credential json.RawMessage `json:"credential" doc:"RegistrationResponseJSON, as PublicKeyCredential.toJSON() gives it."`
		Name       string          `json:"name" minLength:"1" maxLength:"80" doc:"To tell it from others; needs no personal data."`
	}
}

type newTOTPInput struct {
	Body struct {
		State string `json:"state" minLength:"1" maxLength:"8192"`
		Code  string `json:"code" minLength:"1" maxLength:"40" doc:"What the app shows now."`
		Name  string `json:"name" minLength:"1" maxLength:"80" doc:"To tell it from others; needs no personal data."`
	}
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes" doc:"Each is good once, in place of a second factor."`
}

// anew is of what renewed answers.
const anew = " Sets the session cookie anew: the token before ends when this one is used."

// renewed answers who proved again who it is, with the session's next token.
func (s *Server) renewed(c *caller) func(secret.Text, error) (*cookieOutput, error) {
	return func(token secret.Text, err error) (*cookieOutput, error) {
		if err != nil {
			return nil, err
		}
		return &cookieOutput{s.cookie(token, c.session.ExpiresAt)}, nil
	}
}

func (s *Server) factorRoutes() {
	const tag = "Own account"
	own, fresh := Guard{Permission: access.SignedIn, WhileMustSetUp: true}, Guard{Permission: access.SignedIn, Fresh: true, WhileMustSetUp: true}
	const freshly = " The caller has proved to be itself within ten minutes: by signing in, or POST me/confirm."
	handle(s, "POST", "/api/v1/me/confirm", own, about{id: "confirm", tag: tag, summary: "Prove again who I am", once: true,
		detail: "Opens, for ten minutes, what changes how one signs in. A wrong password counts as a failed sign-in." + anew},
		func(ctx context.Context, c *caller, in *confirmInput) (*cookieOutput, error) {
			return s.renewed(c)(s.Accounts.Confirm(ctx, c.session, secret.New(in.Body.Password)))
		})
	handle(s, "POST", "/api/v1/me/confirm/passkey", own, about{id: "confirmPasskey", tag: tag, summary: "Prove again who I am, with a passkey", once: true,
		detail: "Begin with sign-in/passkey/begin." + anew},
		func(ctx context.Context, c *caller, in *passkeyInput) (*cookieOutput, error) {
			return s.renewed(c)(s.Accounts.ConfirmPasskey(ctx, c.session, c.host, secret.New(in.Body.State), in.Body.Credential))
		})
	handle(s, "GET", "/api/v1/me/factors", own, about{id: "myFactors", tag: tag, summary: "My second factors"},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Factors], error) {
			return answer(s.Accounts.Factors(ctx, c.session))
		})
	handle(s, "POST", "/api/v1/me/factors/totp/begin", fresh, about{id: "beginTOTP", tag: tag, summary: "Begin to add an authenticator app", once: true,
		detail: "Nothing is stored before the app's first code has come." + freshly},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.NewTOTP], error) {
			return answer(s.Accounts.BeginTOTP(ctx, c.session))
		})
	handle(s, "POST", "/api/v1/me/factors/totp", fresh, about{id: "addTOTP", tag: tag, summary: "Add an authenticator app", status: 201, once: true,
		detail: "Answers with recovery codes, shown once, if it is the first second factor." + freshly},
		func(ctx context.Context, c *caller, in *newTOTPInput) (*reply[account.AddedFactor], error) {
			return answer(s.Accounts.AddTOTP(ctx, c.session, secret.New(in.Body.State), in.Body.Code, in.Body.Name))
		})
	handle(s, "POST", "/api/v1/me/factors/passkey/begin", fresh, about{id: "beginPasskey", tag: tag, summary: "Begin to add a passkey", once: true,
		detail: "Passkeys are bound to the host name by which the service was opened." + freshly},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Ceremony], error) {
			return answer(s.Accounts.BeginPasskey(ctx, c.session, c.host))
		})
	handle(s, "POST", "/api/v1/me/factors/passkey", fresh, about{id: "addPasskey", tag: tag, summary: "Add a passkey", status: 201, once: true,
		detail: "Answers with recovery codes, shown once, if it is the first second factor." + freshly},
		func(ctx context.Context, c *caller, in *newPasskeyInput) (*reply[account.AddedFactor], error) {
			return answer(s.Accounts.AddPasskey(ctx, c.session, c.host, secret.New(in.Body.State), in.Body.Name, in.Body.Credential))
		})
	handle(s, "DELETE", "/api/v1/me/factors/{id}", fresh, about{id: "removeFactor", tag: tag, summary: "Remove a second factor", once: true,
		detail: "With the last one go the recovery codes." + freshly},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.RemoveFactor(ctx, c.session, in.ID))
		})
	handle(s, "POST", "/api/v1/me/recovery-codes", fresh, about{id: "newRecoveryCodes", tag: tag, summary: "Make recovery codes anew", status: 201, once: true,
		detail: "Shown once; those before are void." + freshly},
		func(ctx context.Context, c *caller, _ *none) (*reply[RecoveryCodes], error) {
			codes, err := s.Accounts.NewRecoveryCodes(ctx, c.session)
			return answer(RecoveryCodes{codes}, err)
		})
}
