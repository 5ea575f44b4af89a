package vault_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/vault"
)

func TestRotationOfATenantsKeys(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	other := f.another(t)
	old, err := f.SealTenant(ctx, tenA, "here", []byte("old"))
	must(t, err)
	oldContact := f.sealContact(t, tenA, "con_1", "old")
	index, err := f.AddressIndex(ctx, tenA, "email", "a@example.org")
	must(t, err)
	_, err = other.OpenTenant(ctx, tenA, "here", old)
	must(t, err)
	before, err := f.store.Get(ctx, tenA, vault.PurposeContact, "con_1")
	must(t, err)

	must(t, f.RotateTenant(ctx, tenA))

	fresh, err := f.SealTenant(ctx, tenA, "here", []byte("new"))
	must(t, err)
	if fresh[4] != 2 || old[4] != 1 {
		t.Errorf("versions %d and %d, want 2 and 1", fresh[4], old[4])
	}
	for _, v := range []*vault.Vault{f.Vault, other, f.another(t)} { // other was told nothing
		for s, want := range map[string]string{string(old): "old", string(fresh): "new"} {
			if got, err := v.OpenTenant(ctx, tenA, "here", secret.Sealed(s)); err != nil || string(got.Reveal()) != want {
				t.Errorf("opened %q, %v; want %q", got.Reveal(), err, want)
			}
		}
		wantOpens(t, v, tenA, "con_1", oldContact, "old")
	}
	after, err := f.store.Get(ctx, tenA, vault.PurposeContact, "con_1")
	must(t, err)
	if string(after[1]) == string(before[1]) || after[1][4] != 2 {
		t.Error("the contact's key was not wrapped anew")
	}
	if again, err := f.AddressIndex(ctx, tenA, "email", "a@example.org"); err != nil || string(again) != string(index) {
		t.Error("the index changed with the rotation")
	}
	if n, err := f.RewrapContacts(ctx, tenA); err != nil || n != 0 {
		t.Errorf("re-wrapping again did %d, %v", n, err)
	}
}

// failing breaks off at the n-th Replace, as a crash would.
type failing struct {
	vault.KeyStore
	left *atomic.Int64
}

func (s failing) Replace(ctx context.Context, t id.Tenant, purpose, owner string, version int64, old, new []byte) error {
	if s.left.Add(-1) < 0 {
		return errs.Wrap(errs.Unavailable, errors.New("disk full"), "The keys could not be stored.")
	}
	return s.KeyStore.Replace(ctx, t, purpose, owner, version, old, new)
}

func TestARotationBrokenOffGoesOn(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	sealed := map[string]secret.Sealed{}
	for i := range 20 {
		c := fmt.Sprint("con_", 100+i)
		must(t, f.CreateContact(ctx, tenA, c))
		sealed[c] = f.sealContact(t, tenA, c, c)
	}
	var left atomic.Int64
	left.Store(7)
	broken, err := vault.Open(vault.Config{Root: f.root, Store: failing{f.store, &left}})
	must(t, err)
	wantCode(t, broken.RotateTenant(ctx, tenA), errs.Unavailable)
	for _, v := range []*vault.Vault{broken, f.Vault, f.another(t)} {
		for c, s := range sealed {
			wantOpens(t, v, tenA, c, s, c)
		}
	}
	left.Store(1000)
	if n, err := broken.RewrapContacts(ctx, tenA); err != nil || n != 21-7 {
		t.Errorf("went on with %d, %v; want %d", n, err, 21-7)
	}
	for c, s := range sealed {
		wantOpens(t, f.another(t), tenA, c, s, c)
	}
}

func TestADestroyedKeyIsNotRevivedByARotation(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	s := f.sealContact(t, tenA, "con_1", "hello")
	v, err := vault.Open(vault.Config{Root: f.root, Store: destroying{f.store}})
	must(t, err)
	must(t, v.RotateTenant(ctx, tenA))
	_, err = f.another(t).OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Gone)
}

// destroying deletes each key just before it is replaced, as an erasure at that
// very moment would.
type destroying struct{ vault.KeyStore }

func (s destroying) Replace(ctx context.Context, t id.Tenant, purpose, owner string, version int64, old, new []byte) error {
	if err := s.Delete(ctx, t, purpose, owner); err != nil {
		return err
	}
	return s.KeyStore.Replace(ctx, t, purpose, owner, version, old, new)
}

func TestRotationOfTheRoot(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	s := f.sealContact(t, tenA, "con_1", "hello")
	fresh := fileRoot(t)

	var left atomic.Int64
	left.Store(3)
	both, err := vault.Open(vault.Config{Root: fresh, OldRoots: []vault.RootKey{f.root}, Store: failing{f.store, &left}})
	must(t, err)
	wantOpens(t, both, tenA, "con_1", s, "hello")
	if n, err := both.RewrapRoot(ctx); n != 3 || !errs.Is(err, errs.Unavailable) {
		t.Errorf("broken off after %d, %v; want 3", n, err)
	}
	half, err := vault.Open(vault.Config{Root: fresh, Store: f.store})
	must(t, err)
	_, err = half.RewrapRoot(ctx)
	wantCode(t, err, errs.Unavailable) // the old root is still needed, and it says so

	left.Store(1000)
	if n, err := both.RewrapRoot(ctx); n != 2*5-3 || err != nil {
		t.Errorf("went on with %d, %v; want %d", n, err, 2*5-3)
	}
	if n, err := both.RewrapRoot(ctx); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	alone, err := vault.Open(vault.Config{Root: fresh, Store: f.store})
	must(t, err)
	wantOpens(t, alone, tenA, "con_1", s, "hello")
	_, err = f.another(t).OpenContact(ctx, tenA, "con_1", "here", s)
	wantCode(t, err, errs.Unavailable)
}

// lying wraps, but does not open what it wrapped.
type lying struct{ vault.RootKey }

func (lying) ID() string { return "lying" }

func (lying) Unwrap(context.Context, []byte, []byte) ([]byte, error) {
	return nil, errors.New("no such key")
}

func TestARootThatDoesNotOpenItsOwnReplacesNothing(t *testing.T) {
	f := setup(t)
	s := f.sealContact(t, tenA, "con_1", "hello")
	v, err := vault.Open(vault.Config{Root: lying{f.root}, OldRoots: []vault.RootKey{f.root}, Store: f.store})
	must(t, err)
	if n, err := v.RewrapRoot(t.Context()); n != 0 || err == nil {
		t.Errorf("%d replaced, %v", n, err)
	}
	wantOpens(t, f.another(t), tenA, "con_1", s, "hello")
}
