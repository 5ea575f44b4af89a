package vault

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
)

// Purposes of keys. Each key serves exactly one.
const (
	PurposeData    = "data"    // tenant: seals the tenant's own values
	PurposeWrap    = "wrap"    // tenant: wraps contacts' keys
	PurposeIndex   = "index"   // tenant: keyed fingerprints, first of all the blind index of addresses
	PurposeWords   = "words"   // tenant: tokens of words
	PurposeEvents  = "events"  // tenant: seals personal values that travel between nodes
	PurposeContact = "contact" // contact: seals what belongs to the contact
)

// KeyStore keeps wrapped keys, apart from the database, so that a backup of the
// database holds no key. owner is "" for a tenant's keys and the contact's id
// for a contact's. Every change is durable when the call returns.
type KeyStore interface {
	// Add stores one key for each owner, all or none. It answers errs.Conflict
	// when one of them already has that version for the purpose.
	Add(ctx context.Context, t id.Tenant, purpose string, version int64, owners []string, wrapped [][]byte) error
	// Get answers all versions of a key; an empty map if there is none.
	Get(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64][]byte, error)
	// GetMany answers the same for several owners, by owner; one without a key is
	// missing.
	GetMany(ctx context.Context, t id.Tenant, purpose string, owners []string) (map[string]map[int64][]byte, error)
	// Replace changes the wrapping of a key, if it still is old: errs.Conflict
	// when it is something else, errs.NotFound when it is gone.
	Replace(ctx context.Context, t id.Tenant, purpose, owner string, version int64, old, new []byte) error
	// Delete removes all versions of a key so that no file holds them any more.
	// Deleting what is not there is no error.
	Delete(ctx context.Context, t id.Tenant, purpose, owner string) error
	// DeleteTenant does the same for everything that a tenant has.
	DeleteTenant(ctx context.Context, t id.Tenant) error
	// Owners lists the owners that have a key for the purpose, in order, those
	// after the given one, at most limit.
	Owners(ctx context.Context, t id.Tenant, purpose, after string, limit int) ([]string, error)
	// Count says how many keys there are for the purpose, of all owners and in all
	// versions, and how many of them are wrapped in an envelope that begins so.
	Count(ctx context.Context, t id.Tenant, purpose string, begins []byte) (all, such int, err error)
	// AddedAt says when each version of a key was stored.
	AddedAt(ctx context.Context, t id.Tenant, purpose, owner string) (map[int64]time.Time, error)
	// Tenants lists the tenants that have keys.
	Tenants(ctx context.Context) ([]id.Tenant, error)
}
