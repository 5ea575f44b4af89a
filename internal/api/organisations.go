package api

import (
	"context"
	"strconv"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/usage"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/usage"
)

// NewOrganisationInput creates an organisation below the caller's own.
type NewOrganisationInput struct {
	Kind          account.Kind `json:"kind" enum:"reseller,tenant"`
	Slug          string       `json:"slug" minLength:"2" maxLength:"40" doc:"Typed at sign-in: lower-case letters, digits and hyphens."`
	Name          string       `json:"name" minLength:"1" maxLength:"80"`
	Language      string       `json:"language,omitempty" enum:"en,pt" doc:"Absent: the caller's organisation's own."`
	TimeZone      string       `json:"time_zone,omitempty" maxLength:"64" doc:"IANA name, e.g. Europe/Lisbon; absent: the caller's organisation's own."`
	Limits        core.Limits  `json:"limits,omitzero"`
	Administrator string       `json:"administrator" minLength:"1" maxLength:"64" doc:"User name of the first administrator; may be a pseudonym."`
}

// OrganisationChangeInput changes what it names.
type OrganisationChangeInput struct {
	Version   int64           `json:"version"`
	Name      *string         `json:"name,omitempty" minLength:"1" maxLength:"80"`
	Status    *account.Status `json:"status,omitempty" enum:"active,suspended"`
	Language  *string         `json:"language,omitempty" enum:"en,pt"`
	TimeZone  *string         `json:"time_zone,omitempty" maxLength:"64"`
	TrialDays *int64          `json:"trial_days,omitempty" minimum:"0" maximum:"365" doc:"The organisation is suspended so many days from now, unless it is given longer. 0: it is not on trial any more."`
	Limits    *core.Limits    `json:"limits,omitempty" doc:"All of them: one that is absent is none. What is there already stays, even if it is more."`
}

// CreatedOrganisation shows the first administrator's one-time password, this
// once.
type CreatedOrganisation struct {
	Organisation  account.Organisation `json:"organisation"`
	Administrator string               `json:"administrator" doc:"User name."`
	Password      string               `json:"password" doc:"One-time: the first sign-in must choose another."`
}

type newOrganisationInput struct{ Body NewOrganisationInput }

type organisationChangeInput struct {
	ByID
	Body OrganisationChangeInput
}

type organisationsInput struct {
	Page
	Parent   id.Tenant                 `query:"parent" maxLength:"64" doc:"Those right below this one, which is below the caller's; absent: right below the caller's own."`
	Anywhere bool                      `query:"anywhere" doc:"Also those below these, at whatever level."`
	Find     string                    `query:"find" maxLength:"80" doc:"Part of a name or a short name, however it is accented."`
	Kind     account.Kind              `query:"kind" enum:"reseller,tenant"`
	State    account.OrganisationState `query:"state" enum:"active,suspended,ending,closed" doc:"ending: suspended, and its end was begun."`
	Over     bool                      `query:"over" doc:"Only tenants that are over a limit."`
}

type organisationNamesInput struct {
	IDs []string `query:"ids" required:"true" maxItems:"100" doc:"Ids of organisations, as they stand in the audit log."`
}

type usageLinesInput struct {
	Page
	Month   string      `query:"month" required:"true" maxLength:"7" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"UTC, as 2026-11."`
	Parent  id.Tenant   `query:"parent" maxLength:"64" doc:"Those anywhere below this one, which is below the caller's; absent: below the caller's own."`
	Find    string      `query:"find" maxLength:"80" doc:"Part of a name or a short name, however it is accented."`
	Order   usage.Order `query:"order" enum:"name,agents,numbers,storage_bytes,voice,chat,email,call_seconds_in,call_seconds_out,recorded_seconds" default:"name" doc:"Names from A on, an amount the most first."`
	Reverse bool        `query:"reverse" doc:"The other way round."`
}

type moveOrganisationInput struct {
	ByID
	Body struct {
		Version int64     `json:"version"`
		Parent  id.Tenant `json:"parent" maxLength:"64" doc:"The caller's own organisation, or a reseller below it."`
	} `nameHint:"MoveOrganisation"`
}

type exportUsageInput struct {
	Body struct {
		Format string `json:"format" enum:"csv,json" doc:"csv: a line for each, with a heading. json: a list."`
		Month  string `json:"month" pattern:"^[0-9]{4}-[0-9]{2}$" doc:"UTC, as 2026-11."`
	} `nameHint:"ExportUsage"`
}

func (s *Server) organisationRoutes() {
	const tag = "Organisations"
	read, write := needs(access.OrgRead), needs(access.OrgWrite)
	handle(s, "GET", "/api/v1/organisations", read, about{id: "organisations", tag: tag, summary: "Resellers and tenants below mine",
		detail: "Right below, or anywhere; by age, with how many there are of each state."},
		func(ctx context.Context, c *caller, in *organisationsInput) (*reply[account.FoundOrganisations], error) {
			q := account.OrganisationQuery{Parent: in.Parent, Anywhere: in.Anywhere, Find: in.Find, Kind: in.Kind, State: in.State, Over: in.Over}
			return answer(s.Accounts.Organisations(ctx, c.Actor, q, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/organisations", write, about{id: "createOrganisation", tag: tag, summary: "Create a reseller or a tenant", status: 201},
		func(ctx context.Context, c *caller, in *newOrganisationInput) (*reply[CreatedOrganisation], error) {
			b := in.Body
			o, u, password, err := s.Accounts.CreateOrganisation(ctx, c.Actor, account.NewOrganisation{Kind: b.Kind, Slug: b.Slug, Name: b.Name,
				Language: b.Language, TimeZone: b.TimeZone, Administrator: b.Administrator, Limits: b.Limits})
			return answer(CreatedOrganisation{o, u.UserName, password.Reveal()}, err)
		})
	handle(s, "GET", "/api/v1/organisations/names", needs(access.AuditRead), about{id: "organisationNames", tag: tag, summary: "How organisations are called that the audit log tells of",
		detail: "Of my own organisation, of those anywhere below it if I may see these, ended ones too, and of those above it if I may let their people in. Others are left out."},
		func(ctx context.Context, c *caller, in *organisationNamesInput) (*reply[ListOf[account.NamedOrganisation]], error) {
			items, err := s.Accounts.OrganisationNames(ctx, c.Actor, in.IDs)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/organisations/{id}", read, about{id: "organisation", tag: tag, summary: "One organisation"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.Organisation], error) {
			return answer(s.Accounts.Organisation(ctx, c.Actor, id.Tenant(in.ID)))
		})
	handle(s, "PATCH", "/api/v1/organisations/{id}", write, about{id: "updateOrganisation", tag: tag, summary: "Rename, limit, suspend or resume; give a trial longer or end it"},
		func(ctx context.Context, c *caller, in *organisationChangeInput) (*reply[account.Organisation], error) {
			b := in.Body
			o, err := s.Accounts.UpdateOrganisation(ctx, c.Actor, id.Tenant(in.ID), b.Version, account.OrganisationChange{Name: b.Name, Status: b.Status, Language: b.Language, TimeZone: b.TimeZone, Limits: b.Limits, TrialDays: b.TrialDays})
			return answer(o, conflicting(err, func() (account.Organisation, error) { return s.Accounts.Organisation(ctx, c.Actor, id.Tenant(in.ID)) }))
		})
	s.signUpRoutes(tag)
	handle(s, "POST", "/api/v1/organisations/{id}/move", needs(access.OrgMove), about{id: "moveOrganisation", tag: tag, summary: "Move an organisation below another reseller", status: 200,
		detail: "Nothing of its own changes, and its users work on. It is noted in the audit log of all four: who moves, who loses, who gets, and the organisation itself."},
		func(ctx context.Context, c *caller, in *moveOrganisationInput) (*reply[account.Organisation], error) {
			o, err := s.Accounts.MoveOrganisation(ctx, c.Actor, id.Tenant(in.ID), in.Body.Version, in.Body.Parent)
			return answer(o, conflicting(err, func() (account.Organisation, error) { return s.Accounts.Organisation(ctx, c.Actor, id.Tenant(in.ID)) }))
		})
	handle(s, "GET", "/api/v1/usage", needs(access.UsageRead), about{id: "usage", tag: tag, summary: "What my organisation may have, has, and has used"},
		func(ctx context.Context, c *caller, _ *none) (*reply[usage.Own], error) {
			return answer(s.Usage.Own(ctx, c.Actor))
		})
	handle(s, "GET", "/api/v1/organisations/{id}/usage", read, about{id: "organisationUsage", tag: tag, summary: "What an organisation below mine may have, has, and has used",
		detail: "Amounts by month, of no person. They are counted once an hour and kept for two years, also when the organisation has ended."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[usage.Own], error) {
			return answer(s.Usage.Of(ctx, c.Actor, id.Tenant(in.ID)))
		})
	handle(s, "GET", "/api/v1/organisations/usage", read, about{id: "usageOfOrganisations", tag: tag, summary: "What the tenants below mine used in a month",
		detail: "A line for each, with the sums of all. A tenant that ended in the month is in it; one that was moved is below whoever is above it now. Amounts are counted once an hour."},
		func(ctx context.Context, c *caller, in *usageLinesInput) (*reply[usage.AccountPage], error) {
			q := usage.Query{Month: in.Month, Parent: in.Parent, Find: in.Find, Order: in.Order, Reverse: in.Reverse}
			return answer(s.Usage.Page(ctx, c.Actor, q, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/organisations/usage/export", read, about{id: "exportUsage", tag: tag, summary: "What each tenant below mine used in a month, as one file", status: 200, once: true, raw: describeList,
		detail: "For accounts. A tenant that ended in the month is in it."},
		func(ctx context.Context, c *caller, in *exportUsageInput) (*streamOutput, error) {
			return &streamOutput{Body: streamList(ctx, s, "usage-"+in.Body.Month, in.Body.Format, usageHeading, usageCells,
				func(each func(usage.AccountLine) error) error {
					return s.Usage.Account(ctx, c.Actor, in.Body.Month, each)
				})}, nil
		})
	keys := needs(access.OrgKeys)
	handle(s, "GET", "/api/v1/organisations/{id}/keys", keys, about{id: "organisationKeys", tag: tag, summary: "How old an organisation's keys are",
		detail: "Of the caller's own organisation or of one anywhere below. It also tells how far a rotation is: ask again while rotating is true."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.OrganisationKeys], error) {
			return answer(s.Accounts.Keys(ctx, c.Actor, id.Tenant(in.ID)))
		})
	handle(s, "POST", "/api/v1/organisations/{id}/keys/rotation", keys, about{id: "rotateKeys", tag: tag, summary: "Renew an organisation's keys while it works", status: 202,
		detail: "Begins it and returns; a job carries it out and goes on after a restart. What was sealed before still opens. See docs/keys.md."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.OrganisationKeys], error) {
			return answer(s.Accounts.RotateKeys(ctx, c.Actor, id.Tenant(in.ID)))
		})
}

// systemRoutes tell of the installation.
func (s *Server) systemRoutes() {
	handle(s, "GET", "/api/v1/system", needs(access.SystemRead), about{id: "system", tag: "System", summary: "Health and size of the installation"},
		func(ctx context.Context, c *caller, _ *none) (*reply[SystemView], error) {
			return answer(s.System.System(ctx, c.Actor))
		})
	handle(s, "GET", "/api/v1/system/encryption", needs(access.SystemRead), about{id: "encryption", tag: "System", summary: "The rule for all connections, and what it would stop",
		detail: "Counts the trunks and phones of each organisation that encryption.connections stops, or would stop if it were stricter, and names the settings with which the program would not start. It looks through all organisations: ask when somebody wants to know."},
		func(ctx context.Context, c *caller, _ *none) (*reply[EncryptionView], error) {
			return answer(s.System.Encryption(ctx, c.Actor))
		})
}

var usageHeading = []string{"organisation", "name", "above", "month", "agents", "numbers", "storage_bytes", "voice", "chat", "email", "call_seconds_in", "call_seconds_out", "recorded_seconds"}

func usageCells(l usage.AccountLine) []string {
	cells := []string{string(l.Organisation), l.Name, l.Above, l.Month.Month}
	for _, n := range []int64{l.Agents, l.Numbers, l.StorageBytes, l.Voice, l.Chat, l.Email, l.CallSecondsIn, l.CallSecondsOut, l.RecordedSeconds} {
		cells = append(cells, strconv.FormatInt(n, 10))
	}
	return cells
}
