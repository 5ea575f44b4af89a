package vault_test

import (
	"bytes"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/vault"
)

func TestKeysOfEncryptedClientHelloAreMadeKeptAndEnded(t *testing.T) {
	f := setup(t)
	ctx := t.Context()
	other := f.another(t) // another node
	must(t, f.RotateTenant(ctx, tenA))
	if n, err := f.store.Owners(ctx, tenA, vault.PurposeHello, "", 9); err != nil || len(n) != 0 {
		t.Fatal("nobody has asked for keys, and there are", n, err)
	}
	first, err := f.HelloKeys(ctx, tenA)
	must(t, err)
	if len(first) != 1 || first[0].Number != 2 || len(first[0].Key.Reveal()) != 32 {
		t.Fatal("the first keys are", len(first))
	}
	same := func(want ...vault.HelloKey) {
		t.Helper()
		for _, v := range []*vault.Vault{f.Vault, other, f.another(t)} {
			got, err := v.HelloKeys(ctx, tenA)
			if err != nil || len(got) != len(want) {
				t.Fatal("there are", len(got), "keys", err)
			}
			for i := range got {
				if got[i].Number != want[i].Number || !bytes.Equal(got[i].Key.Reveal(), want[i].Key.Reveal()) {
					t.Error("another key at place", i, got[i].Number)
				}
			}
		}
	}
	same(first...)
	must(t, f.RotateTenant(ctx, tenA))
	must(t, f.NewVersions(ctx, tenA, 3)) // again after a crash
	second, err := f.HelloKeys(ctx, tenA)
	must(t, err)
	if len(second) != 2 || second[0].Number != 3 || bytes.Equal(second[0].Key.Reveal(), first[0].Key.Reveal()) {
		t.Fatal("a rotation made no other key")
	}
	same(second[0], first[0])
	for range 2 {
		must(t, f.RotateTenant(ctx, tenA))
	}
	last, err := f.HelloKeys(ctx, tenA)
	must(t, err)
	same(last...)
	if len(last) != 3 || last[0].Number != 5 || last[2].Number != 3 {
		t.Error("of five rotations there are", len(last))
	}
	if n, err := f.store.Owners(ctx, tenA, vault.PurposeHello, "", 9); err != nil || len(n) != 3 {
		t.Error("the store keeps", n, err)
	}
	if keys, err := f.HelloKeys(ctx, tenB); err != nil || bytes.Equal(keys[0].Key.Reveal(), last[0].Key.Reveal()) {
		t.Error("another organisation has the same key", err)
	}
	must(t, f.DestroyTenant(ctx, tenA))
	if _, err := f.HelloKeys(ctx, tenA); !errs.Is(err, errs.Gone) {
		t.Error("of a tenant that ended:", err)
	}
}
