package api

import (
	"context"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
)

type beginEndInput struct {
	ByID
	Body struct {
		Version int64  `json:"version" doc:"The version you saw."`
		Days    int    `json:"days,omitempty" minimum:"0" maximum:"365" default:"30" doc:"Of grace, in which it may be called off; 0 ends it now, for good."`
		Name    string `json:"name,omitempty" maxLength:"80" doc:"The organisation's name, where days is 0."`
	} `nameHint:"BeginEnd"`
}

type askEndInput struct {
	Body struct {
		Days int    `json:"days,omitempty" minimum:"7" maximum:"365" default:"30" doc:"Of grace, in which it may be called off."`
		Name string `json:"name" maxLength:"80" doc:"The organisation's name."`
	} `nameHint:"AskEnd"`
}

type callOffEndInput struct {
	ByID
	Version int64 `query:"version" required:"true" doc:"The version you saw."`
}

type certificateInput struct {
	Body struct {
		Organisation id.Tenant `json:"organisation" maxLength:"64"`
		Code         string    `json:"code" maxLength:"64"`
	} `nameHint:"CertificateCode"`
}

// PublicKey is what signatures are checked with.
type PublicKey struct {
	Algorithm string `json:"algorithm" enum:"Ed25519"`
	PublicKey []byte `json:"public_key" doc:"32 octets, in base64."`
}

// endRoutes are about the end of organisations.
func (s *Server) endRoutes() {
	const tag = "Organisations"
	change := Guard{Permission: access.OrgWrite, Fresh: true}
	current := func(ctx context.Context, c *caller, org string) func() (account.Organisation, error) {
		return func() (account.Organisation, error) { return s.Accounts.Organisation(ctx, c.Actor, id.Tenant(org)) }
	}
	handle(s, "GET", "/api/v1/organisations/{id}/end", needs(access.OrgRead), about{id: "organisationEnd", tag: tag, summary: "How far an organisation's end is",
		detail: "Empty while it was not begun. Afterwards it has the certificate of erasure, which nubitalk certificate verify checks (docs/organisations.md)."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.Ending], error) {
			return answer(s.Accounts.EndOf(ctx, c.Actor, id.Tenant(in.ID)))
		})
	handle(s, "POST", "/api/v1/organisations/{id}/end", change, about{id: "beginEnd", tag: tag, summary: "Begin an organisation's end", status: 200, once: true,
		detail: "In its grace everybody is signed out and nothing arrives; its administrators and privacy officers may sign in for the code by which its certificate is got (newEndCode), and it may be called off. A privacy officer may export everything until then (beginExport). Then its keys are destroyed, which makes all of its data unreadable in every copy and backup, its rows and files are removed, and there is a certificate of that."},
		func(ctx context.Context, c *caller, in *beginEndInput) (*reply[account.Organisation], error) {
			o, err := s.Accounts.BeginEnd(ctx, c.Actor, id.Tenant(in.ID), in.Body.Version, account.EndTerms{Days: in.Body.Days, Name: in.Body.Name})
			return answer(o, conflicting(err, current(ctx, c, in.ID)))
		})
	handle(s, "DELETE", "/api/v1/organisations/{id}/end", needs(access.OrgWrite), about{id: "callOffEnd", tag: tag, summary: "Call an organisation's end off",
		detail: "Before its grace is over. It is as it was before: active, or suspended."},
		func(ctx context.Context, c *caller, in *callOffEndInput) (*reply[account.Organisation], error) {
			o, err := s.Accounts.CallOffEnd(ctx, c.Actor, id.Tenant(in.ID), in.Version)
			return answer(o, conflicting(err, current(ctx, c, in.ID)))
		})
	own := Guard{Permission: access.OrgExport, NoSupport: true}
	handle(s, "GET", "/api/v1/end", own, about{id: "ownEnd", tag: tag, summary: "How far the end of my organisation is", detail: "Empty while it was not begun."},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Ending], error) {
			return answer(s.Accounts.OwnEnd(ctx, c.Actor))
		})
	begin := Guard{Permission: access.OrgEnd, Users: true, NoSupport: true}
	ask := begin
	ask.Fresh = true
	handle(s, "POST", "/api/v1/end", ask, about{id: "askEnd", tag: tag, summary: "Begin the end of my organisation, or agree to it", status: 200, once: true,
		detail: "Where another administrator or privacy officer is there, it is asked for, and begins when one of them does the same within seven days, with as many days. Alone, one begins it. In its grace it may be called off (takeBackEnd) by the organisation alone."},
		func(ctx context.Context, c *caller, in *askEndInput) (*reply[account.Ending], error) {
			return answer(s.Accounts.AskEnd(ctx, c.Actor, account.EndTerms{Days: in.Body.Days, Name: in.Body.Name}))
		})
	handle(s, "DELETE", "/api/v1/end", begin, about{id: "takeBackEnd", tag: tag, summary: "Take back, or call off, the end that my organisation asked for"},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.Ending], error) {
			return answer(s.Accounts.TakeBackEnd(ctx, c.Actor))
		})
	handle(s, "POST", "/api/v1/end/code", own, about{id: "newEndCode", tag: tag, summary: "Make the code for the certificate of my organisation's end", status: 201, once: true,
		detail: "When there are no accounts any more, the certificate is got with it (getCertificate). It takes the place of one that was made before."},
		func(ctx context.Context, c *caller, _ *none) (*reply[account.EndCode], error) {
			return answer(s.Accounts.NewEndCode(ctx, c.Actor))
		})
	handle(s, "POST", "/api/v1/certificates", needs(access.Public), about{id: "getCertificate", tag: tag, summary: "The certificate of an organisation's end, by its code", status: 200, once: true},
		func(ctx context.Context, c *caller, in *certificateInput) (*reply[account.Ending], error) {
			return answer(s.Accounts.CertificateBy(ctx, in.Body.Organisation, secret.New(in.Body.Code)))
		})
	handle(s, "GET", "/api/v1/certificates/key", needs(access.Public), about{id: "certificateKey", tag: tag, summary: "The public key that certificates of erasure are signed with"},
		func(ctx context.Context, _ *caller, _ *none) (*reply[PublicKey], error) {
			key, err := s.Accounts.CertificateKey(ctx)
			return answer(PublicKey{"Ed25519", key}, err)
		})
}
