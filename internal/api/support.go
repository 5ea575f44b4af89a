package api

import (
	"context"
	"net/http"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

// SupportTermsInput is what a grant lets its person do.
type SupportTermsInput struct {
	Scopes      []access.SupportScope `json:"scopes" minItems:"1" maxItems:"5" enum:"setup_read,setup,room,calls,interaction" doc:"setup_read: look at the set-up. setup: change it, and so where calls and messages are led. room: live queues and agents, without names of contacts. calls: records of calls, numbers masked. interaction: one interaction with its conversation."`
	Interaction string                `json:"interaction,omitempty" maxLength:"64" doc:"The one that scope interaction is about."`
	Minutes     int64                 `json:"minutes" minimum:"15" maximum:"10080"`
}

func (in SupportTermsInput) terms(reason string) account.SupportTerms {
	return account.SupportTerms{Scopes: in.Scopes, Interaction: in.Interaction, Minutes: in.Minutes, Reason: reason}
}

// NewSupportGrant lets a named person in.
type NewSupportGrant struct {
	SupportTermsInput
	Organisation id.Tenant `json:"organisation" maxLength:"64" doc:"One of support-providers."`
	UserName     string    `json:"user_name" minLength:"1" maxLength:"64" doc:"What the person signs in with."`
	Reason       string    `json:"reason" minLength:"1" maxLength:"300"`
}

// SupportRequest asks a tenant for access.
type SupportRequest struct {
	SupportTermsInput
	Reason string `json:"reason" minLength:"1" maxLength:"300" doc:"The tenant reads it; no personal data."`
}

// SupportAnswer grants what was asked for, or less.
type SupportAnswer struct {
	SupportTermsInput
	Version int64 `json:"version"`
}

type newSupportInput struct{ Body NewSupportGrant }

type askSupportInput struct {
	ByID
	Body SupportRequest
}

type acceptSupportInput struct {
	ByID
	Body SupportAnswer
}

type openedSupport struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      account.SupportGrant
}

func (s *Server) supportRoutes() {
	const tag = "Support"
	grant := needs(access.SupportGrant)
	handle(s, "GET", "/api/v1/support-providers", grant, about{id: "supportProviders", tag: tag, summary: "The organisations above mine, whose people I can let in"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[account.SupportProvider]], error) {
			items, err := s.Accounts.SupportProviders(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/support-grants", grant, about{id: "supportGrants", tag: tag, summary: "Who was let in, and who asks to be, the newest first"},
		func(ctx context.Context, c *caller, in *Page) (*reply[ListOf[account.SupportGrant]], error) {
			return list(s.Accounts.SupportGrants(ctx, c.Actor, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/support-grants", grant, about{id: "grantSupport", tag: tag, summary: "Let a named person of the reseller or operator in for a time", status: 201,
		detail: "Contacts, users, keys and the other conversations are in no scope. What the person does and looks at is in the audit log."},
		func(ctx context.Context, c *caller, in *newSupportInput) (*reply[account.SupportGrant], error) {
			b := in.Body
			return answer(s.Accounts.GrantSupport(ctx, c.Actor, b.Organisation, b.UserName, b.terms(b.Reason)))
		})
	handle(s, "POST", "/api/v1/support-grants/{id}/accept", grant, about{id: "acceptSupport", tag: tag, summary: "Grant what was asked for, or less", status: 200},
		func(ctx context.Context, c *caller, in *acceptSupportInput) (*reply[account.SupportGrant], error) {
			g, err := s.Accounts.AcceptSupport(ctx, c.Actor, in.ID, in.Body.Version, in.Body.terms(""))
			return answer(g, conflicting(err, func() (account.SupportGrant, error) { return s.Accounts.SupportGrant(ctx, c.Actor, in.ID) }))
		})
	handle(s, "POST", "/api/v1/support-grants/{id}/end", grant, about{id: "endSupport", tag: tag, summary: "Decline a request, or end a grant at once", status: 200,
		detail: "Whoever is using it is out within seconds, live connections and running exports included."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.SupportGrant], error) {
			return answer(s.Accounts.EndSupport(ctx, c.Actor, in.ID))
		})

	use := needs(access.SupportUse)
	handle(s, "POST", "/api/v1/organisations/{id}/support-requests", use, about{id: "askSupport", tag: tag, summary: "Ask a tenant below mine to let me in", status: 201},
		func(ctx context.Context, c *caller, in *askSupportInput) (*reply[account.SupportGrant], error) {
			return answer(s.Accounts.AskSupport(ctx, c.Actor, id.Tenant(in.ID), in.Body.terms(in.Body.Reason)))
		})
	handle(s, "GET", "/api/v1/support-access", use, about{id: "supportAccess", tag: tag, summary: "What tenants granted me, and what I asked for, the newest first"},
		func(ctx context.Context, c *caller, in *Page) (*reply[ListOf[account.SupportGrant]], error) {
			return list(s.Accounts.SupportOf(ctx, c.Actor, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/support-access/{id}/end", use, about{id: "giveBackSupport", tag: tag, summary: "Withdraw my request, or give a grant back", status: 200},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.SupportGrant], error) {
			return answer(s.Accounts.GiveBackSupport(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/support-access/{id}/open", Guard{Permission: access.SupportUse, Fresh: true}, about{id: "openSupport", tag: tag, summary: "Go into the tenant's affairs", once: true, status: 200,
		detail: "Sets a second cookie. While it is there, calls are about the tenant, within what was granted. It lasts as long as the grant and the caller's own session. It works with a session only, not with an API key."},
		func(ctx context.Context, c *caller, in *ByID) (*openedSupport, error) {
			token, g, err := s.Accounts.OpenSupport(ctx, c.session, in.ID)
			if err != nil {
				return nil, err
			}
			return &openedSupport{s.supportCookie(token, g.EndsAt), g}, nil
		})
	handle(s, "POST", "/api/v1/support-access/leave", Guard{Permission: access.SignedIn, Support: true}, about{id: "leaveSupport", tag: tag, summary: "Come back from a tenant's affairs", once: true},
		func(ctx context.Context, c *caller, _ *none) (*cookieOutput, error) {
			if err := s.Accounts.LeaveSupport(ctx, c.session); err != nil {
				return nil, err
			}
			return &cookieOutput{s.supportCookie(secret.Text{}, time.Unix(1, 0))}, nil
		})
}

// supportCookie stands beside the session's own and goes before it.
func (s *Server) supportCookie(token secret.Text, until time.Time) http.Cookie {
	c := s.cookie(token, until)
	c.Name = s.supportCookieName()
	return c
}

func (s *Server) supportCookieName() string { return s.cookieName() + "-support" }

// supportCheck is how often it is looked whether somebody may still be in
// another organisation's affairs, while a call or a live connection lasts.
const supportCheck = 3 * time.Second

// whileSupported ends a call when the grant under which it was made ends.
func (s *Server) whileSupported(ctx context.Context, c *caller, end context.CancelFunc) {
	tick := time.NewTicker(supportCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := s.Accounts.Recognise(ctx, c.token); err != nil {
				end()
				return
			}
		}
	}
}
