package server

import (
	"context"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/server/config"
	"nubitalk/internal/vault"
)

// A stopped installation's keys are rotated, broken off in between and finished;
// everything sealed before still opens, of both tenants.
func TestKeysOfAStoppedNodeAreRotated(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		var values []sealedValue
		for _, c := range []*company{acme, books} {
			values = append(values, c.backup(t, c.visitor(t, "ines").Interaction)...)
		}
		if _, err := OpenKeys(t.Context(), conf); !errs.Is(err, errs.Conflict) {
			t.Errorf("the keys of a running node: %v", err)
		}
		n.stop(t)

		keys, err := OpenKeys(t.Context(), conf)
		if err != nil {
			t.Fatal(err)
		}
		before, err := keys.Describe(t.Context(), acme.ID)
		if err != nil || before.Contacts == 0 || before.Behind != 0 {
			t.Fatalf("%+v %v", before, err)
		}
		// Broken off after the new versions, before the contacts' keys.
		broken, cancel := context.WithCancel(t.Context())
		cancel()
		if err := keys.RotateTenant(broken, acme.ID); err == nil {
			t.Error("a rotation that was broken off says that it is done")
		}
		if err := keys.RotateTenant(t.Context(), acme.ID); err != nil {
			t.Fatal(err)
		}
		after, err := keys.Describe(t.Context(), acme.ID)
		if err != nil || after.Behind != 0 || after.Contacts != before.Contacts || after.Versions[vault.PurposeWrap] <= before.Versions[vault.PurposeWrap] ||
			after.Versions[vault.PurposeIndex] != before.Versions[vault.PurposeIndex] {
			t.Errorf("%+v became %+v, %v", before, after, err)
		}
		other, err := keys.Describe(t.Context(), books.ID)
		if err != nil || other.Versions[vault.PurposeWrap] != 1 {
			t.Errorf("the other tenant's: %+v, %v", other, err)
		}
		if err := keys.Close(); err != nil {
			t.Fatal(err)
		}

		again := start(t, conf, nil)
		for _, s := range values {
			if err := opens(t, again.keepers.vault, s); err != nil {
				t.Errorf("%s: %v", s.where, err)
			}
		}
	})
}
