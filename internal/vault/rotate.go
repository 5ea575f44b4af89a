package vault

import (
	"context"
	"crypto/subtle"
	"sync"
	"sync/atomic"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// rotated are the keys that get new versions. The index and word keys do not:
// what they made cannot be found again with another key, so changing them means
// making every index anew.
var rotated = []string{PurposeData, PurposeWrap, PurposeEvents}

const (
	// page is how many contacts' keys are re-wrapped between two looks at ctx.
	page = 500
	// together is how many of them at the same time, so that they share the
	// store's commits.
	together = 8
)

// RotateTenant gives the tenant new versions of its sealing keys and wraps its
// contacts' keys anew. Old versions still open what they sealed. After a crash
// or an error call RewrapContacts to finish. Other nodes must be told (Renew).
func (v *Vault) RotateTenant(ctx context.Context, t id.Tenant) error {
	version, err := v.NextVersion(ctx, t)
	if err != nil {
		return err
	}
	if err := v.NewVersions(ctx, t, version); err != nil {
		return err
	}
	_, err = v.RewrapContacts(ctx, t)
	return err
}

// NextVersion is what the tenant's next rotation calls its keys.
func (v *Vault) NextVersion(ctx context.Context, t id.Tenant) (int64, error) {
	newest := int64(0)
	for _, purpose := range rotated {
		versions, err := v.store.Get(ctx, t, purpose, "")
		if err != nil {
			return 0, err
		}
		if len(versions) == 0 {
			return 0, noTenantKeys()
		}
		for version := range versions {
			newest = max(newest, version)
		}
	}
	if newest >= maxVersion {
		return 0, errs.New(errs.Internal, "The tenant's key has no version left.")
	}
	return newest + 1, nil
}

// NewVersions gives the tenant that version of each of its sealing keys. What is
// there already stays, so it may be called again after a crash. Other nodes must
// be told (Renew); until then they seal with the version before.
func (v *Vault) NewVersions(ctx context.Context, t id.Tenant, version int64) error {
	defer v.Renew(t)
	for _, purpose := range rotated {
		v.tenants.dropKey(tenantKey{t, purpose})
		keys, err := v.tenantKeys(ctx, t, purpose)
		if err != nil {
			return err
		}
		if keys.newest >= version {
			continue
		}
		// Conflict: another node rotates at this moment; its version serves as well.
		if err := v.addTenantKey(ctx, t, purpose, version); err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	return v.renewHello(ctx, t, version)
}

// Renew drops the tenant's own keys from memory, so that the newest are used
// from now on; without a tenant those of all. Contacts' keys stay: a rotation
// changes their wrapping only.
func (v *Vault) Renew(t id.Tenant) {
	v.tenants.drop(func(k tenantKey) bool { return t == "" || k.tenant == t })
}

// RewrapContacts wraps with the tenant's newest wrapping key all contacts' keys
// that an older one wrapped, and answers how many. It may be called again at
// any time, and while the vault is in use.
func (v *Vault) RewrapContacts(ctx context.Context, t id.Tenant) (int, error) {
	v.tenants.dropKey(tenantKey{t, PurposeWrap})
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
		n, err := v.rewrapPage(ctx, t, contacts, wrap)
		done += n
		if err != nil {
			return done, err
		}
		after = contacts[len(contacts)-1]
	}
}

// rewrapPage wraps some contacts' keys anew, several at a time.
func (v *Vault) rewrapPage(ctx context.Context, t id.Tenant, contacts []string, wrap *keyring) (int, error) {
	var (
		all   sync.WaitGroup
		next  atomic.Int64
		done  atomic.Int64
		mu    sync.Mutex
		fault error
	)
	for range min(together, len(contacts)) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(contacts)); i = next.Add(1) - 1 {
				n, err := v.rewrapContact(ctx, t, contacts[i], wrap)
				done.Add(int64(n))
				if err != nil {
					next.Store(int64(len(contacts))) // the others end, too
					mu.Lock()
					fault = err
					mu.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return int(done.Load()), fault
}

func (v *Vault) rewrapContact(ctx context.Context, t id.Tenant, contact string, wrap *keyring) (int, error) {
	versions, err := v.store.Get(ctx, t, PurposeContact, contact)
	if err != nil {
		return 0, err
	}
	done := 0
	for version, old := range versions {
		by, err := envelopeVersion(old)
		if err != nil {
			return done, err
		}
		if by >= wrap.newest {
			continue
		}
		key, err := v.openWrapped(ctx, t, contact, old)
		if err != nil {
			return done, err
		}
		fresh := seal(wrap.aead(wrap.newest), wrap.newest, contactWrapPlace(t, contact), key)
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
		if err != nil || subtle.ConstantTimeCompare(again, key) != 1 {
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
