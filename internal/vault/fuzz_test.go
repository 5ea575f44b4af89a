package vault_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/vault"
)

// FuzzOpen gives garbage, and envelopes that were changed, to every opener: it
// must answer an error and never anything opened.
func FuzzOpen(f *testing.F) {
	v := setup(f)
	own, err := v.SealTenant(f.Context(), tenA, "here", []byte("own"))
	must(f, err)
	contact := v.sealContact(f, tenA, "con_1", "contact's")
	f.Add([]byte{1}, 0)
	f.Add([]byte{1, 0, 0, 0, 1}, 5)
	f.Add([]byte{1, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 1)
	f.Add([]byte(own), 0)
	f.Add([]byte(contact), 0)
	f.Fuzz(func(t *testing.T, junk []byte, at int) {
		ctx := t.Context()
		for _, s := range [][]byte{own, contact} {
			if len(junk) == 0 {
				break // an empty column opens as empty
			}
			spoilt := append([]byte(nil), s...)
			if n := copy(spoilt[uint(at)%uint(len(s)):], junk); string(spoilt) == string(s) || n == 0 {
				spoilt = junk
			}
			for _, in := range [][]byte{junk, spoilt} {
				if string(in) == string(own) || string(in) == string(contact) {
					continue
				}
				if got, err := v.OpenTenant(ctx, tenA, "here", secret.Sealed(in)); err == nil || !got.Empty() || errs.Is(err, errs.Gone) {
					t.Errorf("tenant: opened %q, %v", got.Reveal(), err)
				}
				if got, err := v.OpenContact(ctx, tenA, "con_1", "here", secret.Sealed(in)); err == nil || !got.Empty() || errs.Is(err, errs.Gone) {
					t.Errorf("contact: opened %q, %v", got.Reveal(), err)
				}
			}
		}
	})
}

// FuzzWrappedKeys puts garbage where wrapped keys are kept.
func FuzzWrappedKeys(f *testing.F) {
	v := setup(f)
	sealed := v.sealContact(f, tenA, "con_1", "hello")
	f.Add([]byte{})
	f.Add([]byte{0})
	f.Add([]byte{255, 1, 2})
	for _, purpose := range []string{vault.PurposeWrap, vault.PurposeContact} {
		owner := map[string]string{vault.PurposeContact: "con_1"}[purpose]
		keys, err := v.store.Get(f.Context(), tenA, purpose, owner)
		must(f, err)
		f.Add(keys[1])
	}
	f.Fuzz(func(t *testing.T, junk []byte) {
		ctx := t.Context()
		for _, purpose := range []string{vault.PurposeWrap, vault.PurposeContact} {
			owner := map[string]string{vault.PurposeContact: "con_1"}[purpose]
			keys, err := v.store.Get(ctx, tenA, purpose, owner)
			must(t, err)
			if string(keys[1]) == string(junk) {
				return
			}
			must(t, v.store.Replace(ctx, tenA, purpose, owner, 1, keys[1], junk))
			if got, err := v.another(t).OpenContact(ctx, tenA, "con_1", "here", sealed); err == nil {
				t.Errorf("%s: opened %q", purpose, got.Reveal())
			}
			must(t, v.store.Replace(ctx, tenA, purpose, owner, 1, junk, keys[1]))
		}
	})
}
