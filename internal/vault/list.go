package vault

import (
	"context"

	"nubitalk/internal/base/id"
)

// TenantKeys tells of an organisation's keys, never what they are.
type TenantKeys struct {
	Tenant   id.Tenant
	Versions map[string]int64 // by purpose: the newest
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
	for after := ""; ; {
		contacts, err := v.store.Owners(ctx, t, PurposeContact, after, page)
		if err != nil || len(contacts) == 0 {
			return d, err
		}
		for _, c := range contacts {
			versions, err := v.store.Get(ctx, t, PurposeContact, c)
			if err != nil {
				return d, err
			}
			for _, wrapped := range versions {
				if by, err := envelopeVersion(wrapped); err != nil || by != d.Versions[PurposeWrap] {
					d.Behind++
				}
			}
			d.Contacts++
		}
		after = contacts[len(contacts)-1]
	}
}
