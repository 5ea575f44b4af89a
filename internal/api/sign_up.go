package api

import (
	"context"
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
)

type newSignUpLinkInput struct {
	Body struct {
		Name      string       `json:"name" minLength:"1" maxLength:"60" doc:"To tell it from others; whoever signs up does not see it. Needs no personal data."`
		Limits    usage.Limits `json:"limits,omitzero" doc:"Of each tenant that is made."`
		TrialDays int64        `json:"trial_days,omitempty" minimum:"0" maximum:"365" doc:"After which a tenant is suspended, unless it is given longer. 0 or absent: no trial."`
		Most      int64        `json:"most" minimum:"1" maximum:"1000" doc:"Tenants that it makes."`
		Days      int          `json:"days,omitempty" minimum:"1" maximum:"365" default:"30" doc:"That it is good."`
	} `nameHint:"NewSignUpLink"`
}

// MadeSignUpLink has the code, which is shown this once.
type MadeSignUpLink struct {
	account.SignUpLink
	Code string `json:"code" doc:"Shown once. The page is /app/sign-up#code."`
}

type signUpCodeInput struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"64"`
	} `nameHint:"SignUpCode"`
}

type signUpInput struct {
	Body struct {
		Code          string `json:"code" minLength:"1" maxLength:"64"`
		Name          string `json:"name" minLength:"1" maxLength:"80" doc:"Of the organisation."`
		Administrator string `json:"administrator" minLength:"1" maxLength:"64" doc:"User name of who signs up; may and should be a pseudonym."`
		Password      string `json:"password" minLength:"1" maxLength:"256"`
		Language      string `json:"language,omitempty" enum:"en,pt" doc:"Absent: that of who offers it."`
		TimeZone      string `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name, e.g. Europe/Lisbon; absent: that of who offers it."`
	} `nameHint:"SignUp"`
}

// SignedUp tells what to type at the next sign-in. The session is in the cookie.
type SignedUp struct {
	ID        id.Tenant `json:"id"`
	Slug      string    `json:"slug" doc:"The organisation's short name, to type at sign-in."`
	ExpiresAt time.Time `json:"expires_at" doc:"Of the session."`
}

type signedUpOutput struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Device    http.Cookie `header:"Set-Cookie"`
	Body      SignedUp
}

// signUpRoutes are about links by which strangers make a tenant.
func (s *Server) signUpRoutes(tag string) {
	read, write := needs(access.OrgRead), needs(access.OrgWrite)
	handle(s, "GET", "/api/v1/sign-up-links", read, about{id: "signUpLinks", tag: tag, summary: "Links by which tenants sign up below my organisation"},
		func(ctx context.Context, c *caller, in *Page) (*reply[ListOf[account.SignUpLink]], error) {
			return list(s.Accounts.SignUpLinks(ctx, c.Actor, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/sign-up-links", write, about{id: "makeSignUpLink", tag: tag, summary: "Make a sign-up link", status: 201, once: true,
		detail: "Nobody can sign up without one. Whoever has it makes a tenant below the caller's organisation, as often as it says, within its limits."},
		func(ctx context.Context, c *caller, in *newSignUpLinkInput) (*reply[MadeSignUpLink], error) {
			b := in.Body
			l, code, err := s.Accounts.MakeSignUpLink(ctx, c.Actor, account.SignUpTerms{Name: b.Name, Limits: b.Limits, TrialDays: b.TrialDays, Most: b.Most, Days: b.Days})
			return answer(MadeSignUpLink{l, code.Reveal()}, err)
		})
	handle(s, "DELETE", "/api/v1/sign-up-links/{id}", write, about{id: "removeSignUpLink", tag: tag, summary: "Remove a sign-up link", detail: "What signed up by it stays."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.RemoveSignUpLink(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/sign-up/offer", needs(access.Public), about{id: "signUpOffer", tag: tag, summary: "What a sign-up link gives", status: 200, once: true},
		func(ctx context.Context, _ *caller, in *signUpCodeInput) (*reply[account.SignUpOffer], error) {
			return answer(s.Accounts.Offer(ctx, secret.New(in.Body.Code)))
		})
	handle(s, "POST", "/api/v1/sign-up", needs(access.Public), about{id: "signUp", tag: tag, summary: "Make a tenant by a sign-up link", status: 201, once: true,
		detail: "No email, telephone number or name of a person is asked for. The short name is made of the organisation's name and letters that nobody knows before, so nobody learns which names are taken. Sets the session cookie."},
		func(ctx context.Context, c *caller, in *signUpInput) (*signedUpOutput, error) {
			b := in.Body
			org, got, err := s.Accounts.SignUp(ctx, c.from(), secret.New(b.Code), account.NewSignUp{Name: b.Name, Administrator: b.Administrator, Password: secret.New(b.Password), Language: b.Language, TimeZone: b.TimeZone})
			if err != nil {
				return nil, err
			}
			session := s.signedIn(ctx, c, got)
			return &signedUpOutput{session.SetCookie, session.Device, SignedUp{org.ID, org.Slug, session.Body.ExpiresAt}}, nil
		})
}
