package api

import (
	"context"
	"io"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
)

type contactsInput struct {
	Page
	Field string `query:"field" maxLength:"40" doc:"Key of a custom field of contacts that tells nothing about a person and is not masked: a number, a yes or no, a date, a time or a choice. Absent: all, by age."`
	Value string `query:"value" maxLength:"64" doc:"Its value, with field."`
}

// byAddressInput is no query: what stands in an address is in histories and in the logs of who passes it on.
type byAddressInput struct {
	Body struct {
		Kind    string `json:"kind" enum:"phone,email,social,visitor"`
		Address string `json:"address" minLength:"1" maxLength:"254" doc:"Exact."`
		PageOf
	} `nameHint:"ContactsByAddress"`
}

// ContactChangeInput corrects what it names.
type ContactChangeInput struct {
	Version    int64             `json:"version"`
	Name       *string           `json:"name,omitempty" maxLength:"80"`
	Language   *string           `json:"language,omitempty" enum:"en,pt"`
	Addresses  *[]ContactAddress `json:"addresses,omitempty" maxItems:"20"`
	Restricted *bool             `json:"restricted,omitempty" doc:"Processing is restricted; needs contact.erase."`
}

type contactChangeInput struct {
	ByID
	Body ContactChangeInput
}

type consentInput struct {
	ByID
	Consent string `path:"consent" maxLength:"64"`
}

func (s *Server) contactRoutes() {
	const tag = "Contacts"
	read := needs(access.ContactRead)
	erase := needs(access.ContactErase)
	handle(s, "GET", "/api/v1/contacts", read, about{id: "contacts", tag: tag, summary: "Contacts by age, or by what stands in a custom field"},
		func(ctx context.Context, c *caller, in *contactsInput) (*reply[ListOf[Contact]], error) {
			if in.Field != "" {
				field, value, err := s.Fields.Searched(ctx, c.Actor, setup.OfContact, in.Field, in.Value)
				if err != nil {
					return nil, err
				}
				return list(s.Contacts.FindByField(ctx, c.Actor, field, value, in.Cursor, in.Limit))
			}
			return list(s.Contacts.Find(ctx, c.Actor, "", secret.Text{}, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/contacts/search", read, about{id: "findContacts", tag: tag, summary: "Find contacts by an address", once: true,
		detail: "It changes nothing. An address of a person is in the body, so that it stands in no address that others keep."},
		func(ctx context.Context, c *caller, in *byAddressInput) (*reply[ListOf[Contact]], error) {
			return list(s.Contacts.Find(ctx, c.Actor, in.Body.Kind, secret.New(in.Body.Address), in.Body.Cursor, in.Body.Limit))
		})
	handle(s, "GET", "/api/v1/contacts/{id}", read, about{id: "contact", tag: tag, summary: "One contact"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[Contact], error) {
			return answer(s.Contacts.Contact(ctx, c.Actor, in.ID))
		})
	handle(s, "PATCH", "/api/v1/contacts/{id}", needs(access.ContactWrite), about{id: "updateContact", tag: tag, summary: "Correct a contact's data"},
		func(ctx context.Context, c *caller, in *contactChangeInput) (*reply[Contact], error) {
			b := in.Body
			if b.Restricted != nil && access.Reach(c.Actor, access.ContactErase) == access.None {
				return nil, errs.New(errs.Forbidden, "Only a privacy officer restricts a contact.")
			}
			change := ContactChange{Language: b.Language, Addresses: b.Addresses, Restricted: b.Restricted}
			if b.Name != nil {
				name := secret.New(*b.Name)
				change.Name = &name
			}
			got, err := s.Contacts.Update(ctx, c.Actor, in.ID, b.Version, change)
			return answer(got, conflicting(err, func() (Contact, error) { return s.Contacts.Contact(ctx, c.Actor, in.ID) }))
		})
	handle(s, "GET", "/api/v1/contacts/{id}/export", erase, about{id: "exportContact", tag: tag, summary: "Everything about a person, as one archive",
		raw: describeFile},
		func(ctx context.Context, c *caller, in *ByID) (*streamOutput, error) {
			return &streamOutput{Body: s.stream(ctx, in.ID+".zip", "application/zip", func(w io.Writer) error {
				return s.Contacts.Export(ctx, c.Actor, in.ID, w)
			})}, nil
		})
	handle(s, "POST", "/api/v1/contacts/{id}/erase", erase, about{id: "eraseContact", tag: tag, summary: "Erase a person",
		detail: "Destroys the contact's key first; answers with a receipt of what had to stay and why."},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ErasureReceipt], error) {
			return answer(s.Contacts.Erase(ctx, c.Actor, in.ID))
		})
	handle(s, "GET", "/api/v1/contacts/{id}/receipt", erase, about{id: "erasureReceipt", tag: tag, summary: "The receipt of an erasure, again"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[ErasureReceipt], error) {
			return answer(s.Contacts.Receipt(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/contacts/{id}/consents/{consent}/withdraw", needs(access.ContactWrite), about{id: "withdrawConsent", tag: tag, summary: "A person took an agreement back"},
		func(ctx context.Context, c *caller, in *consentInput) (*reply[Contact], error) {
			return answer(s.Contacts.WithdrawConsent(ctx, c.Actor, in.ID, in.Consent))
		})
}

type auditInput struct {
	Page
	Object string    `query:"object" maxLength:"64"`
	Actor  string    `query:"actor" maxLength:"64"`
	Action string    `query:"action" maxLength:"64"`
	From   time.Time `query:"from"`
	To     time.Time `query:"to"`
}

func (s *Server) privacyRoutes() {
	const tag = "Privacy"
	handle(s, "GET", "/api/v1/audit", needs(access.AuditRead), about{id: "audit", tag: tag, summary: "The audit log, newest first"},
		func(ctx context.Context, c *caller, in *auditInput) (*reply[ListOf[AuditEntry]], error) {
			return list(s.Audit.Entries(ctx, c.Actor, AuditQuery{Object: in.Object, Actor: in.Actor, Action: in.Action,
				From: in.From, To: in.To, Cursor: in.Cursor, Limit: in.Limit}))
		})
	handle(s, "GET", "/api/v1/privacy/inventory", needs(access.PrivacyRead), about{id: "inventory", tag: tag, summary: "What is stored, why, how long, and how it ends"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[InventoryEntry]], error) {
			items, err := s.Privacy.Inventory(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/privacy/notice", needs(access.PrivacyRead), about{id: "notice", tag: tag, summary: "The notice's clauses with their last checks"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[Clause]], error) {
			items, err := s.Privacy.Notice(ctx, c.Actor)
			return list(items, "", err)
		})
}
