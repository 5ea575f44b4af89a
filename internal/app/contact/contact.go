package contact

import (
	"context"
	"log/slog"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/chat"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// Keys seals under contacts' keys and destroys them; *vault.Vault is one.
type Keys interface {
	CreateContacts(ctx context.Context, t id.Tenant, contacts []string) error
	DestroyContact(ctx context.Context, t id.Tenant, contact string) error
	SealContact(ctx context.Context, t id.Tenant, contact, where string, plain []byte) (secret.Sealed, error)
	OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error)
	AddressIndex(ctx context.Context, t id.Tenant, kind, normalised string) (secret.Index, error)
	Forget(t id.Tenant, contact string)
}

// Conversations reads what was said; *chat.Service is one.
type Conversations interface {
	Messages(ctx context.Context, t id.Tenant, interaction string, after, before int64, limit int) ([]chat.Message, error)
	Attachment(ctx context.Context, t id.Tenant, interaction, attachment string) (chat.Attachment, secret.Bytes, error)
}

// Blobs removes stored files; *blob.Store is one.
type Blobs interface {
	Delete(ctx context.Context, key string) error
}

// Auditor writes the audit log inside a transaction; *audit.Log is one.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
	Append(tx *store.Tx, actor, action, object, detail string) error
}

// Bus tells other nodes of destroyed keys; *bus.Bus is one.
type Bus interface {
	Publish(bus.Event) error
	Subscribe(fn func(bus.Event)) (cancel func())
}

// Deps are what the service works with. Bus may be nil on a single node.
type Deps struct {
	DB            *store.DB
	Keys          Keys
	Blobs         Blobs
	Conversations Conversations
	Audit         Auditor
	// Fields gives the values of the tenant's own fields, for an export; nil: there are none.
	Fields func(tx *store.Tx, e setup.FieldEntity, object, contact string) ([]ExportedField, error)
	// Unrestricted is told in the transaction that ends the restriction of a contact's
	// processing; may be nil.
	Unrestricted func(tx *store.Tx, contact string) error
	Bus          Bus
	Clock        clock.Clock
	IDs          *id.Source
	Log          *slog.Logger
}

// Service owns contacts. It is safe for use by several goroutines.
type Service struct {
	Deps
	ready *reserve
	seen  *recent
}

// New makes the service; it works before Start, only slower.
func New(d Deps) *Service {
	s := &Service{Deps: d, seen: newRecent(10_000)}
	s.ready = newReserve(d)
	return s
}

// KeyDestroyed is the kind of the bus event that tells nodes to forget keys: of
// the contact named in Data ({"contact":"con_…"}), or of the whole tenant.
const KeyDestroyed = "key.destroyed"

// Start begins to keep ready keys, and to listen for keys destroyed elsewhere.
func (s *Service) Start(context.Context) error { s.begin(); return nil }

// Stop ends that.
func (s *Service) Stop(context.Context) error { s.end(); return nil }

// Contact is a person or company that the tenant talks with, revealed: it goes
// to authorised screens, never to a log.
type Contact struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Addresses    []Address `json:"addresses"`
	Consents     []Consent `json:"consents"`
	Language     string    `json:"language"`
	RestrictedAt time.Time `json:"restricted_at,omitzero" doc:"Processing is restricted since."`
	CreatedAt    time.Time `json:"created_at"`
	SeenAt       time.Time `json:"seen_at"`
	Version      int64     `json:"version"`
}

// Address is one way to reach a contact.
type Address struct {
	Kind  string `json:"kind" enum:"phone,email,social,visitor"`
	Value string `json:"value"`
}

// Consent is one agreement with its evidence.
type Consent struct {
	ID          string    `json:"id"`
	Purpose     string    `json:"purpose"`
	Text        string    `json:"consent_text" doc:"Id of the text that was shown."`
	TextVersion int64     `json:"text_version"`
	Language    string    `json:"language"`
	Interaction string    `json:"interaction,omitempty"`
	GivenAt     time.Time `json:"given_at"`
	WithdrawnAt time.Time `json:"withdrawn_at,omitzero"`
}

// Change rectifies a contact; nil leaves a field as it is.
type Change struct {
	Name       *secret.Text
	Language   *string
	Addresses  *[]Address // all of them
	Restricted *bool      // needs access.ContactErase
}

// Where sealed values of a contact belong.
func profileAt(contact string) string { return "contacts.profile/" + contact }

func addressAt(kind string, index secret.Index) string {
	return "contact_addresses.address/" + kind + "/" + string(index)
}

// profile is the sealed part of a contact's row.
type profile struct {
	Name string `json:"name,omitempty"`
}
