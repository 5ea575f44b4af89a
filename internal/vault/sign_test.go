package vault_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"nubitalk/internal/vault"
)

// What one tenant signs is checked with its own public key, which stays the same on
// every node and whatever is rotated.
func TestSigning(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	key, err := f.SigningKey(ctx, tenA)
	must(t, err)
	signature, err := f.Sign(ctx, tenA, []byte("a manifest"))
	must(t, err)
	if !ed25519.Verify(key, []byte("a manifest"), signature) || ed25519.Verify(key, []byte("another"), signature) {
		t.Error("the signature does not say what was signed")
	}
	must(t, f.RotateTenant(ctx, tenA))
	again, err := f.another(t).SigningKey(ctx, tenA)
	must(t, err)
	theirs, err := f.SigningKey(ctx, tenB)
	must(t, err)
	if !bytes.Equal(key, again) || bytes.Equal(key, theirs) {
		t.Error("the key is not each tenant's own for good")
	}
	must(t, f.DestroyTenant(ctx, tenA))
	if _, err := f.Sign(ctx, tenA, nil); err == nil {
		t.Error("an organisation that ended signs")
	}
}

// An object's own key opens it without the vault, and is gone with its contact.
func TestAnObjectsKey(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	o, wrapped, err := f.NewObject(ctx, tenA, "con_1", "recordings.key/rec_1")
	must(t, err)
	piece, err := o.Seal("1/1", []byte("sound"))
	must(t, err)
	key, err := f.ObjectKey(ctx, tenA, "con_1", "recordings.key/rec_1", wrapped)
	must(t, err)
	apart, err := vault.ObjectOf(tenA, "con_1", key)
	must(t, err)
	if got, err := apart.Open("1/1", piece); err != nil || string(got.Reveal()) != "sound" {
		t.Errorf("it opens as %q, %v", got.Reveal(), err)
	}
	must(t, f.DestroyContact(ctx, tenA, "con_1"))
	if _, err := f.ObjectKey(ctx, tenA, "con_1", "recordings.key/rec_1", wrapped); err == nil {
		t.Error("the key of an erased person's recording is given")
	}
}
