package vault

import (
	"context"
	"crypto/cipher"
	"crypto/rand"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
)

// Object seals the pieces of one large thing that comes little by little, such as
// a recording, under a random key of its own. The key is wrapped by the contact's:
// what it sealed is gone with the contact, and opening it costs one look-up, not
// one for each piece. Safe for use by many.
type Object struct {
	aead            cipher.AEAD
	tenant, contact string
}

// objectVersion stands in an object's envelopes: its key is never rotated.
const objectVersion = 1

// NewObject makes the key of a new object of a contact. wrapped is stored beside
// what the object seals; where binds it to its place, e.g. "recordings.key/rec_…".
// It answers errs.Gone once the contact's key was destroyed.
func (v *Vault) NewObject(ctx context.Context, t id.Tenant, contact, where string) (o *Object, wrapped secret.Sealed, err error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	if wrapped, err = v.SealContact(ctx, t, contact, where, key); err != nil {
		return nil, nil, err
	}
	o, err = newObject(t, contact, key)
	return o, wrapped, err
}

// OpenObject is the object whose key NewObject wrapped with the same t, contact
// and where. It answers errs.Gone once the contact's key was destroyed.
func (v *Vault) OpenObject(ctx context.Context, t id.Tenant, contact, where string, wrapped secret.Sealed) (*Object, error) {
	key, err := v.OpenContact(ctx, t, contact, where, wrapped)
	if err != nil {
		return nil, err
	}
	if len(key.Reveal()) != keySize {
		return nil, damaged()
	}
	return newObject(t, contact, key.Reveal())
}

func newObject(t id.Tenant, contact string, key []byte) (*Object, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return &Object{aead: aead, tenant: string(t), contact: contact}, nil
}

// Seal seals a piece; where names it among all that the object seals.
func (o *Object) Seal(where string, plain []byte) (secret.Sealed, error) {
	if err := checkSeal(where, plain); err != nil {
		return nil, err
	}
	return seal(o.aead, objectVersion, place{o.tenant, o.contact, where}, plain), nil
}

// Open opens what Seal sealed with the same where.
func (o *Object) Open(where string, sealed secret.Sealed) (secret.Bytes, error) {
	version, err := envelopeVersion(sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	if version != objectVersion {
		return secret.Bytes{}, damaged()
	}
	plain, err := open(o.aead, place{o.tenant, o.contact, where}, sealed)
	if err != nil {
		return secret.Bytes{}, err
	}
	return secret.NewBytes(plain), nil
}
