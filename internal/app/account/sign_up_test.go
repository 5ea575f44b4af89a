package account_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

func (f *fixture) link(a access.Actor, t account.SignUpTerms) (account.SignUpLink, secret.Text) {
	f.t.Helper()
	if t.Name == "" {
		t.Name = "Fair"
	}
	t.Days = max(t.Days, 1)
	l, code, err := f.MakeSignUpLink(f.t.Context(), a, t)
	must(f.t, err)
	return l, code
}

func (f *fixture) signUp(code secret.Text, name string) (account.Organisation, account.SignedIn, error) {
	return f.SignUp(f.t.Context(), account.From{}, code, account.NewSignUp{Name: name, Administrator: "raposa-7", Password: secret.New(goodPassword), Language: "pt", TimeZone: "Europe/Lisbon"})
}

func TestSignUpByALink(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		n := newTenant("iberia")
		n.Kind = account.KindReseller
		res, user, once, err := f.CreateOrganisation(ctx, f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor
		three := int64(3)
		l, code := f.link(reseller, account.SignUpTerms{Limits: usage.Limits{Agents: &three}, TrialDays: 14, Most: 2, Days: 7})

		offer, err := f.Offer(ctx, secret.New(" "+strings.ToUpper(code.Reveal())))
		must(t, err)
		if offer.By != "New" || offer.TrialDays != 14 || offer.Limits.Agents == nil || *offer.Limits.Agents != 3 || !offer.Until.Equal(start.Add(7*24*time.Hour)) || offer.PasswordLength < 10 {
			t.Errorf("%+v", offer)
		}
		org, in, err := f.signUp(code, "Loja Água & Pão")
		must(t, err)
		if !strings.HasPrefix(org.Slug, "loja-agua-pao-") || len(org.Slug) != len("loja-agua-pao-")+6 {
			t.Errorf("short name %q", org.Slug)
		}
		if org.Parent != res.ID || org.Kind != account.KindTenant || *org.Limits.Agents != 3 || !org.TrialUntil.Equal(start.Add(14*24*time.Hour)) || org.Status != account.Active {
			t.Errorf("%+v", org)
		}
		if a := in.Session.Actor; a.Tenant != org.ID || !slices.Contains(a.Roles, access.Administrator) || !slices.Contains(a.Roles, access.Agent) || in.Session.MustChange {
			t.Errorf("%+v", in.Session)
		}
		// Who offers it sees it; it is in the log; others see nothing.
		seen, err := f.Organisation(ctx, reseller, org.ID)
		must(t, err)
		if seen.Name != "Loja Água & Pão" || seen.Users != 1 || !seen.TrialUntil.Equal(org.TrialUntil) {
			t.Errorf("%+v", seen)
		}
		if f.audited(res.ID, "organisation.signed_up") != 1 || f.audited(res.ID, "sign_up_link.made") != 1 || f.audited(org.ID, "user.created") != 1 {
			t.Error("it is not in the logs")
		}
		if links, _, err := f.SignUpLinks(ctx, f.operator, "", 0); err != nil || len(links) != 0 {
			t.Errorf("the operator sees the reseller's: %v %v", links, err)
		}
		wantCode(t, f.RemoveSignUpLink(ctx, f.operator, l.ID), errs.NotFound)

		// The answer was lost: the same again comes into the same organisation.
		again, _, err := f.signUp(code, "Loja Água & Pão")
		must(t, err)
		if again.ID != org.ID {
			t.Errorf("a second organisation %s", again.Slug)
		}
		// Another one with the same names gets an organisation of its own.
		other, _, err := f.SignUp(ctx, account.From{}, code, account.NewSignUp{Name: "Loja Água & Pão", Administrator: "raposa-7", Password: secret.New("nine quiet red lamps")})
		must(t, err)
		if other.ID == org.ID || other.Slug == org.Slug || other.Language != "en" {
			t.Errorf("%+v", other)
		}
		// Used as often as it may be.
		_, _, err = f.signUp(code, "Third")
		wantCode(t, err, errs.Conflict)
		_, err = f.Offer(ctx, code)
		wantCode(t, err, errs.Conflict)
		if links, _, err := f.SignUpLinks(ctx, reseller, "", 0); err != nil || len(links) != 1 || links[0].Used != 2 {
			t.Errorf("%+v %v", links, err)
		}
		must(t, f.RemoveSignUpLink(ctx, reseller, l.ID))
		_, _, err = f.signUp(code, "Fourth")
		wantCode(t, err, errs.NotFound)
	})
}

func TestALinkIsOver(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		_, code := f.link(f.operator, account.SignUpTerms{Most: 5, Days: 2})
		f.clock.Advance(48 * time.Hour)
		_, err := f.Offer(ctx, code)
		wantCode(t, err, errs.Conflict)
		_, _, err = f.signUp(code, "Late")
		wantCode(t, err, errs.Conflict)
		_, err = f.Offer(ctx, secret.New("no such code"))
		wantCode(t, err, errs.NotFound)

		// What is refused is beside its field, and uses nothing.
		l, code := f.link(f.operator, account.SignUpTerms{Most: 1})
		for field, n := range map[string]account.NewSignUp{
			"name":          {Administrator: "x-1", Password: secret.New(goodPassword)},
			"administrator": {Name: "New", Password: secret.New(goodPassword)},
			"password":      {Name: "New", Administrator: "x-1", Password: secret.New("password123")},
			"time_zone":     {Name: "New", Administrator: "x-1", Password: secret.New(goodPassword), TimeZone: "Nowhere"},
		} {
			_, _, err := f.SignUp(ctx, account.From{}, code, n)
			if e := errs.As(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Path != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		if links, _, err := f.SignUpLinks(ctx, f.operator, "", 0); err != nil || links[0].ID != l.ID || links[0].Used != 0 {
			t.Errorf("%+v %v", links, err)
		}
		for _, bad := range []account.SignUpTerms{{Name: "x", Most: 0, Days: 1}, {Name: "x", Most: 1, Days: 0}, {Name: "x", Most: 1, Days: 1, TrialDays: 366}, {Most: 1, Days: 1}} {
			_, _, err := f.MakeSignUpLink(ctx, f.operator, bad)
			wantCode(t, err, errs.Invalid)
		}
		_, _, err = f.MakeSignUpLink(ctx, f.a.admin, account.SignUpTerms{Name: "x", Most: 1, Days: 1})
		wantCode(t, err, errs.Forbidden)
	})
}

// A link gives no more than its owner has, also when that became less meanwhile.
func TestALinkStaysWithinItsOwnersLimits(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		n, five, three := newTenant("iberia"), int64(5), int64(3)
		n.Kind, n.Limits = account.KindReseller, usage.Limits{Agents: &five}
		_, user, once, err := f.CreateOrganisation(ctx, f.operator, n)
		must(t, err)
		reseller := f.settle("iberia", user.UserName, once).Session.Actor
		_, _, err = f.MakeSignUpLink(ctx, reseller, account.SignUpTerms{Name: "x", Most: 1, Days: 1})
		if e := errs.As(err); e == nil || len(e.Fields) == 0 || e.Fields[0].Path != "limits.agents" {
			t.Errorf("unlimited by a limited one: %v", err)
		}
		_, code := f.link(reseller, account.SignUpTerms{Limits: usage.Limits{Agents: &three}, Most: 5})
		_, _, err = f.signUp(code, "First")
		must(t, err)
		_, _, err = f.signUp(code, "Second")
		wantCode(t, err, errs.Conflict)
		if e := errs.As(err); len(e.Fields) > 0 {
			t.Errorf("tells a stranger of limits: %+v", e.Fields)
		}
	})
}

func TestTwoAtOnceForTheLastPlace(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, code := f.link(f.operator, account.SignUpTerms{Most: 1})
		var wg sync.WaitGroup
		errors := make([]error, 2)
		for i := range errors {
			wg.Go(func() { _, _, errors[i] = f.signUp(code, []string{"One", "Two"}[i]) })
		}
		wg.Wait()
		if (errors[0] == nil) == (errors[1] == nil) {
			t.Fatalf("%v and %v", errors[0], errors[1])
		}
		for _, err := range errors {
			if err != nil {
				wantCode(t, err, errs.Conflict)
			}
		}
	})
}

func TestATrialEnds(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		_, code := f.link(f.operator, account.SignUpTerms{TrialDays: 14, Most: 1})
		org, in, err := f.signUp(code, "Tried")
		must(t, err)
		due := func() (jobs []store.JobRow) {
			must(t, f.db.Read(ctx, org.ID, func(tx *store.Tx) (err error) { jobs, err = tx.Jobs(account.JobTrial); return err }))
			return jobs
		}
		if jobs := due(); len(jobs) != 1 || !jobs[0].RunAt.Equal(org.TrialUntil) {
			t.Fatalf("%+v", jobs)
		}
		status := func() account.Organisation {
			o, err := f.Organisation(ctx, f.operator, org.ID)
			must(t, err)
			return o
		}
		job := store.JobRow{Tenant: org.ID, Kind: account.JobTrial}
		must(t, f.RunTrial(ctx, job))
		if status().Status != account.Active {
			t.Fatal("suspended before its trial is over")
		}
		// It is given longer: the first job does nothing.
		longer := int64(20)
		o, err := f.UpdateOrganisation(ctx, f.operator, org.ID, status().Version, account.OrganisationChange{TrialDays: &longer})
		must(t, err)
		f.clock.Advance(15 * 24 * time.Hour)
		must(t, f.RunTrial(ctx, job))
		if status().Status != account.Active || !o.TrialUntil.Equal(start.Add(20*24*time.Hour)) || len(due()) != 2 {
			t.Fatalf("%+v", status())
		}
		f.clock.Advance(6 * 24 * time.Hour)
		must(t, f.RunTrial(ctx, job))
		must(t, f.RunTrial(ctx, job)) // again, as after a crash
		if status().Status != account.Suspended || f.audited(org.ID, "organisation.trial_over") != 1 || f.audited(f.operator.Tenant, "organisation.trial_over") != 1 {
			t.Fatalf("%+v", status())
		}
		if _, err := f.Recognise(ctx, in.Token); err == nil {
			t.Error("its session goes on")
		}
		// Who is above keeps it.
		active := account.Active
		o, err = f.UpdateOrganisation(ctx, f.operator, org.ID, status().Version, account.OrganisationChange{Status: &active})
		must(t, err)
		must(t, f.RunTrial(ctx, job))
		if status().Status != account.Active || !o.TrialUntil.IsZero() {
			t.Errorf("%+v", status())
		}
		none, bad := int64(0), int64(366)
		_, err = f.UpdateOrganisation(ctx, f.operator, org.ID, o.Version, account.OrganisationChange{TrialDays: &none})
		must(t, err)
		_, err = f.UpdateOrganisation(ctx, f.operator, org.ID, o.Version+1, account.OrganisationChange{TrialDays: &bad})
		wantCode(t, err, errs.Invalid)
	})
}
