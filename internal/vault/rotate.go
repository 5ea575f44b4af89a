package vault

import (
	"bytes"
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// rotated are the keys that get new versions. The index and word keys do not:
// what they made cannot be found again with another key, so changing them means
// making every index anew.
var rotated = []string{PurposeData, PurposeWrap, PurposeEvents}

// page is how many contacts' keys are re-wrapped between two looks at ctx.
const page = 500

// RotateTenant gives the tenant new versions of its sealing keys and wraps its
// contacts' keys anew. Old versions still open what they sealed. After a crash
// or an error call RewrapContacts to finish. Other nodes must be told (Forget).
func (v *Vault) RotateTenant(ctx context.Context, t id.Tenant) error {
	for _, purpose := range rotated {
		v.tenants.dropKey(tenantKey{t, purpose})
		keys, err := v.tenantKeys(ctx, t, purpose)
		if err != nil {
			return err
		}
		if keys.newest >= maxVersion {
			return errs.New(errs.Internal, "The tenant's key has no version left.")
		}
		// Conflict: another node rotates at this moment; its version serves as well.
		if err := v.addTenantKey(ctx, t, purpose, keys.newest+1); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
		v.tenants.dropKey(tenantKey{t, purpose})
	}
	_, err := v.RewrapContacts(ctx, t)
	return err
}

// RewrapContacts wraps with the tenant's newest wrapping key all contacts' keys
// that an older one wrapped, and answers how many. It may be called again at
// any time, and while the vault is in use.
func (v *Vault) RewrapContacts(ctx context.Context, t id.Tenant) (int, error) {
	wrap, err := v.tenantKeys(ctx, t, PurposeWrap)
	if err != nil {
		return 0, err
	}
	done, after := 0, ""
	for {
		if err := ctx.Err(); err != nil {
			return done, errs.As(err)
		}
		contacts, err := v.store.Owners(ctx, t, PurposeContact, after, page)
		if err != nil || len(contacts) == 0 {
			return done, err
		}
		for _, c := range contacts {
			n, err := v.rewrapContact(ctx, t, c, wrap)
			if err != nil {
				return done, err
			}
			done += n
		}
		after = contacts[len(contacts)-1]
	}
}

func (v *Vault) rewrapContact(ctx context.Context, t id.Tenant, contact string, wrap *keyring) (int, error) {
	versions, err := v.store.Get(ctx, t, PurposeContact, contact)
	if err != nil {
		return 0, err
	}
	done := 0
	for version, old := range versions {
		if by, err := envelopeVersion(old); err != nil || by == wrap.newest {
			if err != nil {
				return done, err
			}
			continue
		}
		key, err := v.openWrapped(ctx, t, contact, old)
		if err != nil {
			return done, err
		}
		fresh := seal(wrap.current(), wrap.newest, contactWrapPlace(t, contact), key)
		clear(key)
		err = v.store.Replace(ctx, t, PurposeContact, contact, version, old, fresh)
		// Gone meanwhile: it must stay so. Changed meanwhile: someone else did this.
		if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Conflict) {
			return done, err
		}
		if err == nil {
			done++
		}
	}
	return done, nil
}

// RewrapRoot wraps with Config.Root every tenant's key that one of
// Config.OldRoots wrapped, and answers how many. When it returns without error
// the old root keys are not needed any more. It may be called again.
func (v *Vault) RewrapRoot(ctx context.Context) (int, error) {
	tenants, err := v.store.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	done := 0
	for _, t := range tenants {
		for _, purpose := range tenantPurposes {
			if err := ctx.Err(); err != nil {
				return done, errs.As(err)
			}
			n, err := v.rewrapTenantKey(ctx, t, purpose)
			done += n
			if err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

func (v *Vault) rewrapTenantKey(ctx context.Context, t id.Tenant, purpose string) (int, error) {
	versions, err := v.store.Get(ctx, t, purpose, "")
	if err != nil {
		return 0, err
	}
	done := 0
	for version, old := range versions {
		if name, _, ok := splitRoot(old); ok && name == v.root.ID() {
			continue
		}
		aad := tenantWrapAAD(t, purpose, version)
		key, err := v.unwrapByRoot(ctx, old, aad)
		if err != nil {
			return done, err
		}
		fresh, err := v.wrapByRoot(ctx, key, aad)
		if err != nil {
			return done, err
		}
		// A root that fails to open what it wraps must be found out before the
		// only good copy is replaced.
		again, err := v.unwrapByRoot(ctx, fresh, aad)
		if err != nil || !bytes.Equal(again, key) {
			return done, errs.Wrap(errs.Internal, err, "The new root key does not open what it wraps.")
		}
		clear(key)
		err = v.store.Replace(ctx, t, purpose, "", version, old, fresh)
		if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Conflict) {
			return done, err
		}
		if err == nil {
			done++
		}
	}
	return done, nil
}
