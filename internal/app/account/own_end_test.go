package account_test

import (
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

func TestAnOrganisationBeginsItsOwnEndWithTwoPeople(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		terms := account.EndTerms{Days: 14, Name: org.Name}
		_, agent := f.user("rui", access.Agent)
		olga, in := f.user("olga", access.PrivacyOfficer)
		officer := in.Session.Actor
		_, err = f.AskEnd(t.Context(), agent.Session.Actor, terms)
		wantCode(t, err, errs.Forbidden)
		for _, wrong := range []account.EndTerms{{Days: 6, Name: org.Name}, {Days: 366, Name: org.Name}, {Days: 14, Name: "Another"}} {
			_, err = f.AskEnd(t.Context(), officer, wrong)
			wantCode(t, err, errs.Invalid)
		}
		_, err = f.TakeBackEnd(t.Context(), officer)
		wantCode(t, err, errs.Conflict)

		// One asks, and that is not enough.
		e, err := f.AskEnd(t.Context(), officer, terms)
		must(t, err)
		if e.AskedBy != olga.ID || e.AskedName != "olga" || e.AskedDays != 14 || !e.Agrees || !e.EndsAt.IsZero() {
			t.Errorf("%+v", e)
		}
		_, err = f.AskEnd(t.Context(), officer, terms)
		wantCode(t, err, errs.Conflict)
		if o, err := f.Organisation(t.Context(), f.operator, f.a.ID); err != nil || o.Status != account.Active {
			t.Errorf("%+v %v", o, err)
		}
		_, err = f.AskEnd(t.Context(), f.a.admin, account.EndTerms{Days: 30, Name: org.Name})
		wantCode(t, err, errs.Conflict)

		// What was taken back, or is a week old, nobody agrees to.
		_, err = f.TakeBackEnd(t.Context(), f.a.admin)
		must(t, err)
		if e, err := f.OwnEnd(t.Context(), f.a.admin); err != nil || e.AskedBy != "" {
			t.Errorf("%+v %v", e, err)
		}
		_, err = f.AskEnd(t.Context(), officer, terms)
		must(t, err)
		f.clock.Advance(7 * 24 * time.Hour)
		if e, err := f.AskEnd(t.Context(), f.a.admin, terms); err != nil || e.AskedBy != f.a.admin.User || !e.EndsAt.IsZero() {
			t.Errorf("%+v %v", e, err)
		}

		// Another one agrees: it is begun, and its own to call off.
		e, err = f.AskEnd(t.Context(), officer, terms)
		must(t, err)
		if !e.Own || !e.EndsAt.Equal(f.clock.Now().Add(14*24*time.Hour)) || e.AskedBy != "" {
			t.Errorf("%+v", e)
		}
		org, err = f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		if org.Status != account.Suspended {
			t.Errorf("%+v", org)
		}
		_, err = f.SignIn(t.Context(), account.From{}, "acme", "rui", secret.New(goodPassword))
		wantCode(t, err, errs.Forbidden)
		_, err = f.CallOffEnd(t.Context(), f.operator, f.a.ID, org.Version)
		wantCode(t, err, errs.Conflict)
		_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, org.Version, account.EndTerms{Name: org.Name})
		wantCode(t, err, errs.Conflict)
		again, err := f.SignIn(t.Context(), account.From{}, "acme", "olga", secret.New(goodPassword))
		must(t, err)
		_, err = f.TakeBackEnd(t.Context(), again.Session.Actor)
		must(t, err)
		if o, err := f.Organisation(t.Context(), f.operator, f.a.ID); err != nil || o.Status != account.Active || !o.EndsAt.IsZero() {
			t.Errorf("%+v %v", o, err)
		}
		if f.audited(f.a.ID, "organisation.end_begun") != 1 || f.audited(f.operator.Tenant, "organisation.end_begun") != 1 || f.audited(f.a.ID, "organisation.end_called_off") != 1 {
			t.Error("it is not in the audit logs")
		}

		// What the one above began, it alone calls off.
		org, err = f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		_, err = f.BeginEnd(t.Context(), f.operator, f.a.ID, org.Version, account.EndTerms{Days: 3})
		must(t, err)
		_, err = f.TakeBackEnd(t.Context(), again.Session.Actor)
		wantCode(t, err, errs.Conflict)

		// Alone, one begins it.
		if e, err := f.OwnEnd(t.Context(), f.b.admin); err != nil || e.Agrees {
			t.Errorf("%+v %v", e, err)
		}
		b, err := f.Organisation(t.Context(), f.operator, f.b.ID)
		must(t, err)
		if e, err := f.AskEnd(t.Context(), f.b.admin, account.EndTerms{Days: 7, Name: b.Name}); err != nil || e.EndsAt.IsZero() {
			t.Errorf("%+v %v", e, err)
		}
	})
}

// Whoever agrees while another one's agreement is being carried out leaves its terms as
// they are; one that was broken off there can be asked for again.
func TestTwoWhoAgreeToAnEndAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org, err := f.Organisation(t.Context(), f.operator, f.a.ID)
		must(t, err)
		_, in := f.user("olga", access.PrivacyOfficer)
		f.clock.Advance(time.Hour)
		began := f.clock.Now()
		half := store.EndRow{HomeID: string(f.a.ID), UserID: f.a.admin.User, Was: string(account.Active), BeganAt: began, EndsAt: began.Add(14 * 24 * time.Hour), Facts: "{}"}
		must(t, f.Store.Write(t.Context(), f.a.ID, func(tx *store.Tx) error { return tx.PutEnd(half) }))
		terms := account.EndTerms{Days: 14, Name: org.Name}
		_, err = f.AskEnd(t.Context(), in.Session.Actor, terms)
		wantCode(t, err, errs.Conflict)
		must(t, f.Store.Read(t.Context(), f.a.ID, func(tx *store.Tx) error {
			e, err := tx.End()
			if !e.BeganAt.Equal(began) || !e.EndsAt.Equal(half.EndsAt) || e.AskedBy != "" {
				t.Errorf("%+v", e)
			}
			return err
		}))
		f.clock.Advance(time.Hour)
		e, err := f.AskEnd(t.Context(), in.Session.Actor, terms)
		must(t, err)
		if e.AskedBy != in.Session.Actor.User || !e.EndsAt.IsZero() {
			t.Errorf("%+v", e)
		}
	})
}
