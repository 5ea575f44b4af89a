package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// stopping is a vault whose process dies before the contacts' keys, once.
type stopping struct {
	account.Vault
	dead *bool
}

func (s stopping) RewrapContacts(ctx context.Context, t id.Tenant) (int, error) {
	if !*s.dead {
		*s.dead = true
		return 0, errs.Wrap(errs.Unavailable, errors.New("killed"), "The keys could not be stored.")
	}
	return s.Vault.RewrapContacts(ctx, t)
}

// claim takes the tenant's due job of a kind, as the job runner does.
func (f *fixture) claim(t id.Tenant, kind string) (job store.JobRow) {
	f.t.Helper()
	must(f.t, f.db.System(f.t.Context(), func(tx *store.Tx) error {
		jobs, err := tx.ClaimJobs(f.clock.Now(), time.Minute, 10)
		for _, j := range jobs {
			if j.Tenant == t && j.Kind == kind {
				job = j
			}
		}
		return err
	}))
	if job.ID == "" {
		f.t.Fatalf("no job %s of %s is due", kind, t)
	}
	return job
}

func TestARotationGoesOnWhereItWasBrokenOff(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		keys := f.deps.Vault.(*vault.Vault)
		for _, org := range []id.Tenant{f.a.ID, f.b.ID} {
			must(t, keys.CreateContacts(t.Context(), org, []string{"con_1", "con_2", "con_3"}))
		}
		sealed, err := keys.SealContact(t.Context(), f.a.ID, "con_1", "here", []byte("hello"))
		must(t, err)
		dead := false
		f.Vault = stopping{keys, &dead}

		begun, err := f.RotateKeys(t.Context(), f.operator, f.a.ID)
		must(t, err)
		if !begun.Rotating || begun.Version != 1 || begun.Contacts != 3 || begun.Since.IsZero() {
			t.Errorf("%+v", begun)
		}
		_, err = f.RotateKeys(t.Context(), f.operator, f.a.ID)
		wantCode(t, err, errs.Conflict)

		job := f.claim(f.a.ID, account.JobRotate)
		wantCode(t, f.RunRotation(t.Context(), job), errs.Unavailable)
		half, err := f.Keys(t.Context(), f.operator, f.a.ID)
		must(t, err)
		if !half.Rotating || half.Version != 2 || half.Behind != 3 || half.Attempts != 1 {
			t.Errorf("broken off: %+v", half)
		}

		f.clock.Advance(2 * time.Minute) // the claim has run out
		must(t, f.RunRotation(t.Context(), f.claim(f.a.ID, account.JobRotate)))
		whole, err := f.Keys(t.Context(), f.operator, f.a.ID)
		must(t, err)
		if whole.Rotating || whole.Version != 2 || whole.Behind != 0 || whole.Contacts != 3 || whole.Fault != "" {
			t.Errorf("in the end: %+v", whole)
		}
		if n, m := f.audited(f.a.ID, "keys.rotation_started"), f.audited(f.a.ID, "keys.rotated"); n != 1 || m != 1 {
			t.Errorf("the tenant's log has %d beginnings and %d ends", n, m)
		}
		if n := f.audited(f.operator.Tenant, "keys.rotation_started"); n != 1 {
			t.Errorf("the operator's log has %d beginnings", n)
		}
		if got, err := keys.OpenContact(t.Context(), f.a.ID, "con_1", "here", sealed); err != nil || string(got.Reveal()) != "hello" {
			t.Errorf("what was sealed before opens as %q, %v", got.Reveal(), err)
		}
		if other, err := f.Keys(t.Context(), f.operator, f.b.ID); err != nil || other.Version != 1 || other.Rotating || other.Behind != 0 {
			t.Errorf("the other tenant's: %+v, %v", other, err)
		}

		// What a node wrapped that had not been told is found later.
		f.clock.Advance(time.Hour)
		must(t, f.RunRewrap(t.Context(), f.claim(f.a.ID, account.JobRewrap)))
	})
}

func TestOtherNodesAreToldOfNewKeys(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		var told []id.Tenant
		f.bus.Subscribe(func(e bus.Event) {
			if e.Kind == account.KeysRotated {
				told = append(told, e.Tenant)
			}
		})
		_, err := f.RotateKeys(t.Context(), f.operator, f.a.ID)
		must(t, err)
		must(t, f.RunRotation(t.Context(), f.claim(f.a.ID, account.JobRotate)))
		if len(told) != 1 || told[0] != f.a.ID {
			t.Errorf("told: %v", told)
		}
	})
}

func TestWhoMayRenewKeys(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		n := newTenant("iberia")
		n.Kind = account.KindReseller
		_, user, once, err := f.CreateOrganisation(t.Context(), f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor
		deep, _, _, err := f.CreateOrganisation(t.Context(), reseller, newTenant("shop"))
		must(t, err)

		for _, org := range []id.Tenant{deep.ID, f.operator.Tenant} { // below a reseller, and its own
			if k, err := f.RotateKeys(t.Context(), f.operator, org); err != nil || !k.Rotating {
				t.Errorf("%s: %+v, %v", org, k, err)
			}
		}
		_, err = f.Keys(t.Context(), reseller, deep.ID)
		wantCode(t, err, errs.Forbidden)
		_, err = f.RotateKeys(t.Context(), reseller, deep.ID)
		wantCode(t, err, errs.Forbidden)
		_, err = f.RotateKeys(t.Context(), f.a.admin, f.a.ID)
		wantCode(t, err, errs.Forbidden)
		_, err = f.RotateKeys(t.Context(), f.operator, "ten_00000000000000000000000000")
		wantCode(t, err, errs.NotFound)

		// An organisation that ends meanwhile stays ended.
		_, err = f.RotateKeys(t.Context(), f.operator, f.a.ID)
		must(t, err)
		job := f.claim(f.a.ID, account.JobRotate)
		_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, f.a.Version, account.EndTerms{Name: f.a.Name})
		must(t, err)
		must(t, f.RunRotation(t.Context(), job))
		_, err = f.Keys(t.Context(), f.operator, f.a.ID)
		wantCode(t, err, errs.Conflict)
		all, err := f.deps.Vault.(*vault.Vault).Organisations(t.Context())
		must(t, err)
		for _, org := range all {
			if org == f.a.ID {
				t.Error("the ended organisation has keys again")
			}
		}
	})
}
