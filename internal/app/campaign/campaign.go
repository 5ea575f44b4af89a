package campaign

import (
	"context"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/core/access"
	core "nubitalk/internal/core/campaign"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Plan is the part of a tenant's set-up that campaigns need.
type Plan struct {
	TimeZone  *time.Location
	Campaigns map[string]setup.Campaign
	Lists     map[string]setup.ContactList
	Hours     map[string]setup.Hours
}

// Setup gives the set-up in use.
type Setup interface {
	Campaigning(ctx context.Context, t id.Tenant) (Plan, error)
}

// Floor says which queues an agent serves.
type Floor interface {
	Serves(ctx context.Context, t id.Tenant, agent string) ([]string, error)
}

// Calls makes calls; *voice.Service is one.
type Calls interface {
	CallFor(ctx context.Context, t id.Tenant, agent, queue string, number, name secret.Text, caller, campaign string, called func(tx *store.Tx, interaction string) error) (interaction string, err error)
}

// Contacts keeps people; *contact.Service is one.
type Contacts interface {
	Resolve(tx *store.Tx, a channel.Arrival, interaction string) (string, error)
	Callee(tx *store.Tx, contact string, number secret.Index) (name, phone secret.Text, restricted bool, err error)
	Seen(ctx context.Context, a access.Actor, contact string) error
}

// Keys makes blind indexes; *vault.Vault is one.
type Keys interface {
	AddressIndex(ctx context.Context, t id.Tenant, kind, normalised string) (secret.Index, error)
}

// Auditor writes the audit log inside a transaction; *audit.Log is one.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
	Append(tx *store.Tx, actor, action, object, detail string) error
}

// Deps is what the service works with.
type Deps struct {
	DB       *store.DB
	Setup    Setup
	Floor    Floor
	Calls    Calls
	Contacts Contacts
	Keys     Keys
	Audit    Auditor
	Clock    clock.Clock
	IDs      *id.Source
}

// Service is safe for use by several goroutines.
type Service struct{ Deps }

// New makes a Service.
func New(d Deps) *Service { return &Service{d} }

func notFound() error { return errs.New(errs.NotFound, "There is no campaign with this id.") }

// running is a campaign that an agent may call in now.
func (s *Service) running(ctx context.Context, a access.Actor, campaign string) (Plan, setup.Campaign, error) {
	plan, err := s.Setup.Campaigning(ctx, a.Tenant)
	if err != nil {
		return plan, setup.Campaign{}, err
	}
	m, ok := plan.Campaigns[campaign]
	if !ok {
		return plan, m, notFound()
	}
	queues, err := s.Floor.Serves(ctx, a.Tenant, a.User)
	if err != nil {
		return plan, m, err
	}
	for _, q := range queues {
		if q != m.Queue {
			continue
		}
		if m.State != setup.CampaignRunning {
			return plan, m, errs.New(errs.Conflict, "This campaign is not running at the moment.")
		}
		return plan, m, nil
	}
	return plan, m, notFound() // for who does not call in it there is none
}

// open says when a campaign calls in a time zone.
func (p Plan) open(m setup.Campaign, now time.Time) func(zone string) bool {
	h, has := p.Hours[m.Hours]
	return func(zone string) bool { return !has || h.Calls(zone, now) }
}

// number is a telephone number in the form in which it is indexed.
func (s *Service) number(tx *store.Tx, typed string) (string, secret.Index, error) {
	org, err := tx.Organisation()
	if err != nil {
		return "", nil, err
	}
	e164, err := privacy.NormalAddress(privacy.Phone, typed, privacy.RegionOf(org.TimeZone))
	if err != nil {
		return "", nil, err
	}
	index, err := s.Keys.AddressIndex(tx.Context(), tx.Tenant(), privacy.Phone, e164)
	return e164, index, err
}

func contactOf(r store.CampaignContactRow) core.Contact {
	return core.Contact{Seq: r.Place, Zone: r.TimeZone, State: core.State(r.State), Reason: core.Reason(r.Reason), Agent: r.AgentID, Kept: r.KeptFor, Until: r.Until, Due: r.DueAt, Attempts: r.Attempts, Outcome: r.Outcome}
}

// put stores how a contact stands now.
func (s *Service) put(tx *store.Tx, r store.CampaignContactRow, c core.Contact) error {
	r.State, r.Reason, r.AgentID, r.KeptFor, r.Until, r.DueAt, r.Attempts, r.Outcome, r.ChangedAt = string(c.State), string(c.Reason), c.Agent, c.Kept, c.Until, c.Due, c.Attempts, c.Outcome, s.Clock.Now()
	if c.State != core.Dialing {
		r.AgainAt, r.AgainOwn = time.Time{}, false
	}
	return tx.UpdateCampaignContact(r)
}
