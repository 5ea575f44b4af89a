package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// signPlace separates the seed of a tenant's signing key from every other use of
// its index key, which is never rotated: what was signed can be checked for ever.
const signPlace = "vault.sign/1"

// Sign signs a message for a tenant (Ed25519, 64 octets). What is signed says what
// it is for in its first octets.
func (v *Vault) Sign(ctx context.Context, t id.Tenant, message []byte) ([]byte, error) {
	key, err := v.signer(ctx, t)
	if err != nil {
		return nil, err
	}
	return ed25519.Sign(key, message), nil
}

// SigningKey is what anybody checks a tenant's signatures with.
func (v *Vault) SigningKey(ctx context.Context, t id.Tenant) (ed25519.PublicKey, error) {
	key, err := v.signer(ctx, t)
	if err != nil {
		return nil, err
	}
	return key.Public().(ed25519.PublicKey), nil
}

func (v *Vault) signer(ctx context.Context, t id.Tenant) (ed25519.PrivateKey, error) {
	keys, err := v.tenantKeys(ctx, t, PurposeIndex)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(mac(keys, make([]byte, 0, sha256.Size), "sign", signPlace)), nil
}

// ObjectKey is an object's own key, for who is given the object as a whole, sealed
// as it is, to check it without the vault. It answers errs.Gone once the contact's
// key was destroyed.
func (v *Vault) ObjectKey(ctx context.Context, t id.Tenant, contact, where string, wrapped secret.Sealed) (secret.Bytes, error) {
	return v.OpenContact(ctx, t, contact, where, wrapped)
}

// ObjectOf is the object of a key that ObjectKey gave.
func ObjectOf(t id.Tenant, contact string, key secret.Bytes) (*Object, error) {
	if len(key.Reveal()) != keySize {
		return nil, damaged()
	}
	return newObject(t, contact, key.Reveal())
}
