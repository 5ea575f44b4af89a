package vault

import (
	"context"
	"crypto/rand"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Config is what a Vault is made of.
type Config struct {
	Root RootKey // the root key in force; wraps everything new
	// OldRoots still open what they wrapped, until RewrapRoot has moved all of it.
	OldRoots []RootKey
	Store    KeyStore
	Clock    clock.Clock // nil: the machine's

	CachedContacts int           // keys kept unwrapped in memory; 0 means 50,000 (about 1 KB each)
	CachedTenants  int           // 0 means 5,000
	CacheFor       time.Duration // how long a key is used without asking the store again; 0 means 5 minutes
}

// Vault seals and opens. It is safe for use by many goroutines.
type Vault struct {
	roots    map[string]RootKey
	root     RootKey
	store    KeyStore
	clock    clock.Clock
	contacts *cache[contactKey, *keyring]
	tenants  *cache[tenantKey, *keyring]
	warm     warm
}

type contactKey struct {
	tenant  id.Tenant
	contact string
}

type tenantKey struct {
	tenant  id.Tenant
	purpose string
}

// Open makes a Vault. It asks the root key nothing yet.
func Open(c Config) (*Vault, error) {
	if c.Root == nil || c.Store == nil {
		return nil, errs.New(errs.Internal, "The vault needs a root key and a key store.")
	}
	v := &Vault{root: c.Root, roots: map[string]RootKey{}, store: c.Store, clock: c.Clock}
	for _, r := range append([]RootKey{c.Root}, c.OldRoots...) {
		if len(r.ID()) == 0 || len(r.ID()) > 255 {
			return nil, errs.New(errs.Internal, "A root key's id must have 1 to 255 characters.")
		}
		v.roots[r.ID()] = r
	}
	if v.clock == nil {
		v.clock = clock.Real{}
	}
	ttl := c.CacheFor
	if ttl <= 0 {
		ttl = 5 * time.Minute
	}
	v.contacts = newCache[contactKey, *keyring](orElse(c.CachedContacts, 50_000), ttl, v.clock.Now)
	v.tenants = newCache[tenantKey, *keyring](orElse(c.CachedTenants, 5_000)*len(tenantPurposes), ttl, v.clock.Now)
	return v, nil
}

func orElse(n, other int) int {
	if n > 0 {
		return n
	}
	return other
}

// tenantPurposes are the keys that each tenant has.
var tenantPurposes = []string{PurposeData, PurposeWrap, PurposeIndex, PurposeWords, PurposeEvents}

// CreateTenant makes the tenant's keys. Keys that are there already stay, so it
// may be called again after a crash.
func (v *Vault) CreateTenant(ctx context.Context, t id.Tenant) error {
	if t == "" {
		return errs.Bad("tenant", "must not be empty")
	}
	for _, purpose := range tenantPurposes {
		err := v.addTenantKey(ctx, t, purpose, 1)
		if err != nil && !errs.Is(err, errs.Conflict) {
			return err
		}
	}
	v.tenants.drop(func(k tenantKey) bool { return k.tenant == t })
	return nil
}

// DestroyTenant makes everything that was ever sealed for the tenant and its
// contacts unreadable, for good. Other nodes must be told (Forget).
func (v *Vault) DestroyTenant(ctx context.Context, t id.Tenant) error {
	if err := v.store.DeleteTenant(ctx, t); err != nil {
		return err
	}
	v.Forget(t, "")
	return nil
}

// CreateContact makes the key of a new contact. A key that is there already
// stays. An id is never used again after DestroyContact.
func (v *Vault) CreateContact(ctx context.Context, t id.Tenant, contact string) error {
	return v.CreateContacts(ctx, t, []string{contact})
}

// CreateContacts makes the keys of several new contacts in one durable write.
func (v *Vault) CreateContacts(ctx context.Context, t id.Tenant, contacts []string) error {
	wrap, err := v.tenantKeys(ctx, t, PurposeWrap)
	if err != nil {
		return err
	}
	wrapped := make([][]byte, len(contacts))
	rings := make([]*keyring, len(contacts))
	for i, c := range contacts {
		if c == "" {
			return errs.Bad("contact", "must not be empty")
		}
		key := make([]byte, keySize)
		_, _ = rand.Read(key)
		wrapped[i] = seal(wrap.aead(wrap.newest), wrap.newest, contactWrapPlace(t, c), key)
		if rings[i], err = newKeyring(map[int64][]byte{1: key}, PurposeContact, &v.warm); err != nil {
			return err
		}
	}
	mark := v.contacts.mark()
	err = v.store.Add(ctx, t, PurposeContact, 1, contacts, wrapped)
	if errs.Is(err, errs.Conflict) && len(contacts) > 1 {
		for _, c := range contacts { // some are there already: make the others one by one
			if err := v.CreateContact(ctx, t, c); err != nil {
				return err
			}
		}
		return nil
	}
	if errs.Is(err, errs.Conflict) {
		return nil // it has a key; ours is thrown away
	}
	if err != nil {
		return err
	}
	now := v.clock.Now()
	for i, c := range contacts {
		v.contacts.put(contactKey{t, c}, rings[i], now, mark)
	}
	return nil
}

// DestroyContact makes everything sealed for the contact unreadable, for good,
// in every copy and backup. It may be called again. Other nodes must be told
// (Forget); until then they may still use a key they have in memory, for at
// most Config.CacheFor.
func (v *Vault) DestroyContact(ctx context.Context, t id.Tenant, contact string) error {
	if contact == "" {
		return errs.Bad("contact", "must not be empty")
	}
	if err := v.store.Delete(ctx, t, PurposeContact, contact); err != nil {
		return err
	}
	v.Forget(t, contact)
	return nil
}

// Forget drops unwrapped keys from memory: one contact's, with contact ""
// everything of the tenant, and without a tenant everything. Call it when
// another node destroyed or rotated them.
func (v *Vault) Forget(t id.Tenant, contact string) {
	if contact != "" {
		v.contacts.dropKey(contactKey{t, contact})
		return
	}
	v.contacts.drop(func(k contactKey) bool { return t == "" || k.tenant == t })
	v.tenants.drop(func(k tenantKey) bool { return t == "" || k.tenant == t })
}

// fresh is how lately a key was unwrapped that Shrink leaves.
const fresh = 10 * time.Second

// Shrink drops contacts' keys from memory that were unwrapped a while ago: after a
// busy time those of thousands whom nobody is with any more. Who still needs one has
// it unwrapped again.
func (v *Vault) Shrink() { v.contacts.dropOlder(fresh) }

// Contacts lists the contacts that have a key, in order of their ids.
func (v *Vault) Contacts(ctx context.Context, t id.Tenant, after string, limit int) ([]string, error) {
	return v.store.Owners(ctx, t, PurposeContact, after, limit)
}

// SealTenant seals a value of the tenant itself: a user's profile, a
// credential. where binds it to its place, e.g. "users.profile/usr_…".
func (v *Vault) SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error) {
	return v.sealFor(ctx, t, PurposeData, where, plain)
}

// OpenTenant opens what SealTenant sealed with the same t and where. A value of
// no length opens as empty: it is a column that was never filled.
func (v *Vault) OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error) {
	return v.openFor(ctx, t, PurposeData, where, sealed)
}

// SealEvent seals a personal value that travels between nodes or waits in a
// queue there.
func (v *Vault) SealEvent(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error) {
	return v.sealFor(ctx, t, PurposeEvents, where, plain)
}

// OpenEvent opens what SealEvent sealed.
func (v *Vault) OpenEvent(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error) {
	return v.openFor(ctx, t, PurposeEvents, where, sealed)
}

func (v *Vault) sealFor(ctx context.Context, t id.Tenant, purpose, where string, plain []byte) (secret.Sealed, error) {
	if err := checkSeal(where, plain); err != nil {
		return nil, err
	}
	keys, err := v.tenantKeys(ctx, t, purpose)
	if err != nil {
		return nil, err
	}
	return seal(keys.aead(keys.newest), keys.newest, place{string(t), "", where}, plain), nil
}

func (v *Vault) openFor(ctx context.Context, t id.Tenant, purpose, where string, sealed secret.Sealed) (secret.Bytes, error) {
	if len(sealed) == 0 {
		return secret.Bytes{}, nil
	}
	version, err := envelopeVersion(sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	keys, err := v.tenantKeys(ctx, t, purpose)
	if err == nil && keys.aead(version) == nil {
		// another node may have made this version a moment ago
		v.tenants.dropKey(tenantKey{t, purpose})
		keys, err = v.tenantKeys(ctx, t, purpose)
	}
	if err != nil {
		return secret.Bytes{}, err
	}
	aead := keys.aead(version)
	if aead == nil {
		return secret.Bytes{}, damaged()
	}
	plain, err := open(aead, place{string(t), "", where}, sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	return secret.NewBytes(plain), nil
}

// SealContact seals a value that belongs to a contact under the contact's own
// key. It answers errs.Gone once the key was destroyed.
func (v *Vault) SealContact(ctx context.Context, t id.Tenant, contact, where string, plain []byte) (secret.Sealed, error) {
	if err := checkSeal(where, plain); err != nil {
		return nil, err
	}
	keys, err := v.contactKeys(ctx, t, contact)
	if err != nil {
		return nil, err
	}
	return seal(keys.aead(keys.newest), keys.newest, place{string(t), contact, where}, plain), nil
}

// OpenContact opens what SealContact sealed with the same t, contact and where.
// It answers errs.Gone once the key was destroyed. A value of no length opens
// as empty.
func (v *Vault) OpenContact(ctx context.Context, t id.Tenant, contact, where string, sealed secret.Sealed) (secret.Bytes, error) {
	if len(sealed) == 0 {
		return secret.Bytes{}, nil
	}
	version, err := envelopeVersion(sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	keys, err := v.contactKeys(ctx, t, contact)
	if err != nil {
		return secret.Bytes{}, err
	}
	aead := keys.aead(version)
	if aead == nil {
		return secret.Bytes{}, damaged()
	}
	plain, err := open(aead, place{string(t), contact, where}, sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	return secret.NewBytes(plain), nil
}

func checkSeal(where string, plain []byte) error {
	if where == "" {
		return errs.New(errs.Internal, "A value was to be sealed without its place.")
	}
	if len(plain) > maxPlain {
		return errs.New(errs.TooLarge, "The value is too large to be stored (at most %d MB).", maxPlain>>20)
	}
	return nil
}
