package vault

import (
	"context"
	"time"

	"nubitalk/internal/base/id"
)

// TenantKeys tells of an organisation's keys, never what they are.
type TenantKeys struct {
	Tenant   id.Tenant
	Versions map[string]int64 // by purpose: the newest
	Since    time.Time        // of the newest wrapping key: the last rotation, or the organisation's beginning
	Old      int              // tenant's keys that a root key of before wraps
	Contacts int
	Behind   int // contacts whose key an older version of the wrapping key wraps
}

// Organisations lists whose keys there are.
func (v *Vault) Organisations(ctx context.Context) ([]id.Tenant, error) { return v.store.Tenants(ctx) }

// Describe tells of an organisation's keys. It opens none.
func (v *Vault) Describe(ctx context.Context, t id.Tenant) (TenantKeys, error) {
	d := TenantKeys{Tenant: t, Versions: map[string]int64{}}
	for _, purpose := range tenantPurposes {
		versions, err := v.store.Get(ctx, t, purpose, "")
		if err != nil {
			return d, err
		}
		for version, wrapped := range versions {
			d.Versions[purpose] = max(d.Versions[purpose], version)
			if name, _, ok := splitRoot(wrapped); !ok || name != v.root.ID() {
				d.Old++
			}
		}
	}
	at, err := v.store.AddedAt(ctx, t, PurposeWrap, "")
	if err != nil {
		return d, err
	}
	d.Since = at[d.Versions[PurposeWrap]]
	// What is no envelope counts as behind: it is damaged, and should be seen.
	all, newest, err := v.store.Count(ctx, t, PurposeContact, envelopeHead(d.Versions[PurposeWrap]))
	d.Contacts, d.Behind = all, all-newest
	return d, err
}
