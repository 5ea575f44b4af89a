package account_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/erasure"
	"nubitalk/internal/store"
)

// breaks are files whose removal fails in its middle, so many times.
type breaks struct{ files, fails int }

func (b *breaks) CountTenant(context.Context, id.Tenant) (int, error) { return b.files, nil }
func (b *breaks) DeleteTenant(context.Context, id.Tenant) (int, error) {
	if b.fails > 0 {
		b.fails--
		b.files--
		return 1, errors.New("the power went")
	}
	n := b.files
	b.files = 0
	return n, nil
}

// claimLater takes a job when its time has come.
func (f *fixture) claimLater(t id.Tenant, kind string, after time.Duration) store.JobRow {
	f.t.Helper()
	f.clock.Advance(after)
	return f.claim(t, kind)
}

func TestTheEndHasAGraceInWhichOnlyDataCanBeTakenAlong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, agent := f.user("rui", access.Agent)
		_, officer := f.user("olga", access.PrivacyOfficer)
		other, err := f.SignIn(t.Context(), account.From{}, "books", "admin", secret.New(goodPassword))
		must(t, err)
		before, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		for _, wrong := range []account.EndTerms{{Days: -1}, {Days: 366}, {Days: 0}, {Days: 0, Name: "Another"}} {
			_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, before.Version, wrong)
			wantCode(t, err, errs.Invalid)
		}
		_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, before.Version+1, account.EndTerms{Days: 2})
		wantCode(t, err, errs.Conflict)
		_, err = f.BeginEnd(t.Context(), f.a.admin, f.a.ID, before.Version, account.EndTerms{Days: 2})
		wantCode(t, err, errs.Forbidden)
		_, err = f.NewEndCode(t.Context(), f.a.admin)
		wantCode(t, err, errs.Conflict)

		o, err := f.BeginEnd(t.Context(), f.operator, f.a.ID, before.Version, account.EndTerms{Days: 2})
		must(t, err)
		if o.Status != account.Suspended || !o.EndsAt.Equal(f.clock.Now().Add(48*time.Hour)) {
			t.Errorf("%+v", o)
		}
		_, err = f.Recognise(t.Context(), agent.Token)
		wantCode(t, err, errs.Unauthorised)
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "rui", secret.New(goodPassword))
		wantCode(t, err, errs.Forbidden)
		in, err := f.SignIn(t.Context(), account.From{}, "acme", "olga", secret.New(goodPassword))
		must(t, err)
		for _, token := range []secret.Text{in.Token, officer.Token} {
			s, err := f.Recognise(t.Context(), token)
			must(t, err)
			if access.Reach(s.Actor, access.OrgExport) != access.Tenant || access.Reach(s.Actor, access.SignedIn) != access.Own {
				t.Errorf("%+v", s.Actor)
			}
			for _, rule := range access.Table() {
				if p := rule.Permission; !slices.Contains(access.WhileEnding, p) && p != access.SignedIn && p != access.Public && access.Reach(s.Actor, p) != access.None {
					t.Errorf("%s may be done while it is ending", p)
				}
			}
		}
		if s, err := f.Recognise(t.Context(), other.Token); err != nil || access.Reach(s.Actor, access.UserWrite) != access.Tenant {
			t.Errorf("the other organisation: %v", err)
		}
		resumed := account.Active
		_, err = f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, o.Version, account.OrganisationChange{Status: &resumed})
		wantCode(t, err, errs.Conflict)

		if e, err := f.OwnEnd(t.Context(), in.Session.Actor); err != nil || !e.EndsAt.Equal(o.EndsAt) || e.Certificate != nil {
			t.Errorf("%+v, %v", e, err)
		}

		// Before its time the job does nothing, also when its end was called off and begun anew for later.
		if must(t, f.RunEnd(t.Context(), store.JobRow{Tenant: f.a.ID, Kind: account.JobEnd})); f.audited(f.a.ID, "organisation.end_begun") != 1 {
			t.Error("it ended before its time")
		}
		code, err := f.NewEndCode(t.Context(), access.Actor{Tenant: f.a.ID, User: f.a.admin.User, Roles: f.a.admin.Roles})
		must(t, err)
		if e, err := f.CertificateBy(t.Context(), f.a.ID, secret.New(code.Code)); err != nil || !e.EndsAt.Equal(o.EndsAt) {
			t.Errorf("%+v, %v", e, err)
		}
		job := f.claimLater(f.a.ID, account.JobEnd, 48*time.Hour)
		o, err = f.CallOffEnd(t.Context(), f.operator, f.a.ID, o.Version)
		must(t, err)
		if o.Status != account.Active || !o.EndsAt.IsZero() {
			t.Errorf("%+v", o)
		}
		_, err = f.CertificateBy(t.Context(), f.a.ID, secret.New(code.Code)) // it does not end
		wantCode(t, err, errs.NotFound)
		must(t, f.RunEnd(t.Context(), job))
		o, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, o.Version, account.EndTerms{Days: 7})
		must(t, err)
		must(t, f.RunEnd(t.Context(), job))
		if o, err = f.Organisation(t.Context(), f.operator, f.a.ID); err != nil || o.Status != account.Suspended {
			t.Errorf("%+v, %v", o, err)
		}
		o, err = f.CallOffEnd(t.Context(), f.operator, f.a.ID, o.Version)
		must(t, err)
		if _, err = f.SignIn(t.Context(), account.From{}, "acme", "rui", secret.New(goodPassword)); err != nil {
			t.Errorf("after all: %v", err)
		}

		// One that was suspended is so again.
		suspended := account.Suspended
		o, err = f.UpdateOrganisation(t.Context(), f.operator, f.a.ID, o.Version, account.OrganisationChange{Status: &suspended})
		must(t, err)
		o, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, o.Version, account.EndTerms{Days: 7})
		must(t, err)
		if o, err = f.CallOffEnd(t.Context(), f.operator, f.a.ID, o.Version); err != nil || o.Status != account.Suspended {
			t.Errorf("%+v, %v", o, err)
		}
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "olga", secret.New(goodPassword))
		wantCode(t, err, errs.Forbidden)
	})
}

// Whatever breaks off, the certificate says what went, is signed with the
// operator's key, and is got by who is above and by the code.
func TestTheEndIsCertified(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		files := &breaks{files: 5, fails: 2}
		f.Files = files
		for _, name := range []string{"rui", "eva"} {
			f.user(name, access.Agent)
		}
		o, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, o.Version, account.EndTerms{Days: 30})
		must(t, err)
		first, err := f.NewEndCode(t.Context(), f.a.admin)
		must(t, err)
		code, err := f.NewEndCode(t.Context(), f.a.admin)
		must(t, err)
		var entries int64
		must(t, f.Store.Read(t.Context(), f.a.ID, func(tx *store.Tx) (err error) { entries, _, err = tx.AuditHead(); return err }))

		job := f.claimLater(f.a.ID, account.JobEnd, 30*24*time.Hour)
		for range 2 {
			if err := f.RunEnd(t.Context(), job); err == nil {
				t.Fatal("nothing broke off, so nothing is proven")
			}
			if e, err := f.EndOf(t.Context(), f.operator, f.a.ID); err != nil || e.EndedAt.IsZero() || e.Certificate != nil {
				t.Fatalf("in the middle: %+v, %v", e, err)
			}
		}
		must(t, f.RunEnd(t.Context(), job))
		must(t, f.RunEnd(t.Context(), job)) // it was killed before the job was noted as done; that is no second look
		must(t, f.Store.Write(t.Context(), f.a.ID, func(tx *store.Tx) error { return tx.FinishJob(job) }))
		must(t, f.RunEnd(t.Context(), f.claimLater(f.a.ID, account.JobSweep, time.Hour)))

		key, err := f.CertificateKey(t.Context())
		must(t, err)
		above, err := f.EndOf(t.Context(), f.operator, f.a.ID)
		must(t, err)
		by, err := f.CertificateBy(t.Context(), f.a.ID, secret.New(code.Code))
		must(t, err)
		for _, e := range []account.Ending{above, by} {
			document, err := json.Marshal(e.Certificate)
			must(t, err)
			c, _, err := erasure.Check(document, key)
			must(t, err)
			if c.Organisation != string(f.a.ID) || c.Name != f.a.Name || c.BegunBy.User != f.operator.User || c.Files != 5 || c.Rows["users"] != 3 || c.Rows["audit"] != entries || c.AuditEntries != entries ||
				c.AuditHead == "" || c.Keys["data"] != 1 || !c.EndedAt.Equal(e.EndedAt) || c.Look != 1 {
				t.Errorf("%+v", c)
			}
		}
		for org, wrong := range map[id.Tenant]string{f.a.ID: first.Code, f.b.ID: code.Code, "x": code.Code} {
			_, err := f.CertificateBy(t.Context(), org, secret.New(wrong))
			wantCode(t, err, errs.NotFound)
		}
		_, err = f.CertificateBy(t.Context(), f.a.ID, secret.Text{})
		wantCode(t, err, errs.NotFound)
		o, err = f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		_, err = f.CallOffEnd(t.Context(), f.operator, f.a.ID, o.Version)
		wantCode(t, err, errs.Conflict)
		_, err = f.EndOf(t.Context(), f.b.admin, f.a.ID)
		wantCode(t, err, errs.Forbidden)
	})
}
