package vault

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// keyring is one key in all its versions, unwrapped. It is never changed once made.
type keyring struct {
	newest int64
	keys   []version  // none for index and words
	macs   *sync.Pool // of *keyed with the newest; nil for sealing keys
	warm   *warm      // nil for keys that stay ready
}

// version is one version of a sealing key. Ready it takes 1,300 octets more.
type version struct {
	number int64
	plain  [keySize]byte
	ready  atomic.Pointer[cipher.AEAD]
}

// aead is the cipher of a version; nil if there is none.
func (k *keyring) aead(number int64) cipher.AEAD {
	for i := range k.keys {
		if v := &k.keys[i]; v.number == number {
			if aead := v.ready.Load(); aead != nil {
				return *aead
			}
			aead, err := newAEAD(v.plain[:])
			if err != nil {
				return nil
			}
			k.warm.keep(v, aead)
			return aead
		}
	}
	return nil
}

// warm are the contacts' keys that were made ready last. There may be ten times as
// many in memory. It keeps none from being forgotten.
type warm struct {
	mu   sync.Mutex
	keys [5000]weak.Pointer[version]
	next int
}

// keep keeps a key ready, in the place of the one that became ready first.
func (w *warm) keep(v *version, aead cipher.AEAD) {
	v.ready.Store(&aead)
	w.mu.Lock()
	before := w.keys[w.next].Value()
	w.keys[w.next] = weak.Make(v)
	w.next = (w.next + 1) % len(w.keys)
	w.mu.Unlock()
	if before != nil && before != v {
		before.ready.Store(nil)
	}
}

// newKeyring makes a keyring; warm is nil for keys that are ready from the start.
func newKeyring(keys map[int64][]byte, purpose string, warm *warm) (*keyring, error) {
	ring := &keyring{warm: warm}
	for number, key := range keys {
		if len(key) != keySize || number < 1 || number > maxVersion {
			return nil, errs.New(errs.Internal, "A stored key is damaged.")
		}
		ring.newest = max(ring.newest, number)
	}
	if ring.newest == 0 {
		return nil, errs.New(errs.Internal, "A key has no version.")
	}
	if purpose == PurposeIndex || purpose == PurposeWords {
		key := keys[ring.newest]
		ring.macs = &sync.Pool{New: func() any { return &keyed{Hash: hmac.New(sha256.New, key)} }}
		return ring, nil
	}
	ring.keys = make([]version, len(keys))
	i := 0
	for number, key := range keys {
		v := &ring.keys[i]
		v.number, v.plain = number, [keySize]byte(key)
		i++
		if warm == nil {
			aead, err := newAEAD(key)
			if err != nil {
				return nil, errs.Wrap(errs.Internal, err, "A stored key is damaged.")
			}
			v.ready.Store(&aead)
		}
	}
	return ring, nil
}

// tenantKeys answers a key of the tenant, from memory or unwrapped by the root.
func (v *Vault) tenantKeys(ctx context.Context, t id.Tenant, purpose string) (*keyring, error) {
	k, now := tenantKey{t, purpose}, v.clock.Now()
	ring, mark, ok := v.tenants.get(k, now)
	if ok {
		return ring, nil
	}
	wrapped, err := v.store.Get(ctx, t, purpose, "")
	if err != nil {
		return nil, err
	}
	if len(wrapped) == 0 {
		return nil, noTenantKeys()
	}
	keys := make(map[int64][]byte, len(wrapped))
	for version, w := range wrapped {
		if keys[version], err = v.unwrapByRoot(ctx, w, tenantWrapAAD(t, purpose, version)); err != nil {
			return nil, err
		}
	}
	if ring, err = newKeyring(keys, purpose, nil); err != nil {
		return nil, err
	}
	v.tenants.put(k, ring, now, mark)
	return ring, nil
}

func noTenantKeys() error {
	return errs.New(errs.Gone, "The keys of this organisation do not exist any more.")
}

// contactKeys answers a contact's key, from memory or unwrapped by the tenant's.
func (v *Vault) contactKeys(ctx context.Context, t id.Tenant, contact string) (*keyring, error) {
	k, now := contactKey{t, contact}, v.clock.Now()
	ring, mark, ok := v.contacts.get(k, now)
	if ok {
		return ring, nil
	}
	wrapped, err := v.store.Get(ctx, t, PurposeContact, contact)
	if err != nil {
		return nil, err
	}
	return v.unwrapContact(ctx, k, wrapped, now, mark)
}

// Prepare asks for the keys of many contacts at once, so that opening what is
// theirs soon afterwards does not ask for each. One whose key is gone is left
// out.
func (v *Vault) Prepare(ctx context.Context, t id.Tenant, contacts []string) error {
	now := v.clock.Now()
	mark := v.contacts.mark()
	var missing []string
	for _, c := range contacts {
		if _, _, ok := v.contacts.get(contactKey{t, c}, now); !ok {
			missing = append(missing, c)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	found, err := v.store.GetMany(ctx, t, PurposeContact, missing)
	if err != nil {
		return err
	}
	for c, wrapped := range found {
		if _, err := v.unwrapContact(ctx, contactKey{t, c}, wrapped, now, mark); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vault) unwrapContact(ctx context.Context, k contactKey, wrapped map[int64][]byte, now time.Time, mark uint64) (ring *keyring, err error) {
	if len(wrapped) == 0 {
		return nil, errs.New(errs.Gone, "This person's data has been erased.")
	}
	keys := make(map[int64][]byte, len(wrapped))
	for version, w := range wrapped {
		plain, err := v.openWrapped(ctx, k.tenant, k.contact, w)
		if err != nil {
			return nil, err
		}
		keys[version] = plain
	}
	if ring, err = newKeyring(keys, PurposeContact, &v.warm); err != nil {
		return nil, err
	}
	v.contacts.put(k, ring, now, mark)
	return ring, nil
}

// openWrapped unwraps a contact's key with the tenant's wrapping key.
func (v *Vault) openWrapped(ctx context.Context, t id.Tenant, contact string, wrapped []byte) ([]byte, error) {
	version, err := envelopeVersion(wrapped)
	if err != nil {
		return nil, err
	}
	wrap, err := v.tenantKeys(ctx, t, PurposeWrap)
	if err == nil && wrap.aead(version) == nil {
		v.tenants.dropKey(tenantKey{t, PurposeWrap})
		wrap, err = v.tenantKeys(ctx, t, PurposeWrap)
	}
	if err != nil {
		return nil, err
	}
	if wrap.aead(version) == nil {
		return nil, damaged()
	}
	return open(wrap.aead(version), contactWrapPlace(t, contact), wrapped)
}

func contactWrapPlace(t id.Tenant, contact string) place {
	return place{string(t), contact, "key"}
}

// addTenantKey makes and stores a version of a tenant's key.
func (v *Vault) addTenantKey(ctx context.Context, t id.Tenant, purpose string, version int64) error {
	key := make([]byte, keySize)
	_, _ = rand.Read(key)
	wrapped, err := v.wrapByRoot(ctx, key, tenantWrapAAD(t, purpose, version))
	if err != nil {
		return err
	}
	return v.store.Add(ctx, t, purpose, version, []string{""}, [][]byte{wrapped})
}

func tenantWrapAAD(t id.Tenant, purpose string, version int64) []byte {
	b := place{string(t), "", "key/" + purpose}.append(nil)
	return binary.BigEndian.AppendUint64(b, uint64(version))
}

// AddressIndex is the blind index of an address: the same kind and address give
// the same index within a tenant. normalised comes from core/privacy.
func (v *Vault) AddressIndex(ctx context.Context, t id.Tenant, kind, normalised string) (secret.Index, error) {
	if normalised == "" {
		return nil, errs.Bad("address", "must not be empty")
	}
	keys, err := v.tenantKeys(ctx, t, PurposeIndex)
	if err != nil {
		return nil, err
	}
	return mac(keys, make([]byte, 0, sha256.Size), "address", kind, normalised), nil
}

// Digest is a keyed fingerprint of a value, for telling whether two are the
// same without storing either: a plain hash of something short can be guessed.
// where separates one use from another.
func (v *Vault) Digest(ctx context.Context, t id.Tenant, where string, value []byte) ([]byte, error) {
	keys, err := v.tenantKeys(ctx, t, PurposeIndex)
	if err != nil {
		return nil, err
	}
	return mac(keys, make([]byte, 0, sha256.Size), "digest", where, string(value)), nil
}

// TokenSize is the length of a word's token in bytes: enough that a stray match
// is rare, too short to tell the word apart from others for certain.
const TokenSize = 8

// WordTokens are the keyed tokens of words normalised by core/privacy, in their
// order, each word once.
func (v *Vault) WordTokens(ctx context.Context, t id.Tenant, words []string) ([][]byte, error) {
	if len(words) == 0 {
		return nil, nil
	}
	keys, err := v.tenantKeys(ctx, t, PurposeWords)
	if err != nil {
		return nil, err
	}
	tokens := make([][]byte, 0, len(words))
	seen := make(map[[TokenSize]byte]bool, len(words))
	sum := make([]byte, 0, sha256.Size)
	all := make([]byte, 0, TokenSize*len(words)) // one allocation for all of them
	for _, w := range words {
		sum = mac(keys, sum[:0], "word", w)
		token := [TokenSize]byte(sum)
		if seen[token] {
			continue
		}
		seen[token] = true
		n := len(all)
		all = append(all, token[:]...)
		tokens = append(tokens, all[n:n+TokenSize:n+TokenSize])
	}
	return tokens, nil
}

// keyed is an HMAC with the buffer that its input is put together in.
type keyed struct {
	hash.Hash
	in []byte
}

// mac appends the HMAC-SHA256 of the parts, each led by its length, so that
// ("ab","c") and ("a","bc") differ.
func mac(keys *keyring, out []byte, parts ...string) []byte {
	h := keys.macs.Get().(*keyed)
	h.Reset()
	h.in = h.in[:0]
	for _, p := range parts {
		h.in = append(binary.BigEndian.AppendUint32(h.in, uint32(len(p))), p...)
	}
	h.Write(h.in)
	out = h.Sum(out)
	keys.macs.Put(h)
	return out
}
