package account_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// helper is a person of the operator, signed in.
type helper struct {
	account.User
	in account.SignedIn
}

func (f *fixture) helper(name string) helper {
	f.t.Helper()
	u, once, err := f.CreateUser(f.t.Context(), f.operator, account.NewUser{UserName: name, Roles: []access.Role{access.OperatorRole}})
	must(f.t, err)
	return helper{u, f.settle("operator", name, once)}
}

func terms(scopes ...access.SupportScope) account.SupportTerms {
	return account.SupportTerms{Scopes: scopes, Minutes: 60, Reason: "calls do not arrive"}
}

// let grants and opens: what it answers is in the first tenant's affairs.
func (f *fixture) let(h helper, scopes ...access.SupportScope) (account.SupportGrant, secret.Text) {
	f.t.Helper()
	g, err := f.GrantSupport(f.t.Context(), f.a.admin, f.operator.Tenant, h.UserName, terms(scopes...))
	must(f.t, err)
	token, _, err := f.OpenSupport(f.t.Context(), h.in.Session, g.ID)
	must(f.t, err)
	return g, token
}

func (f *fixture) out(what string, token secret.Text) {
	f.t.Helper()
	if _, err := f.Recognise(f.t.Context(), token); !errs.Is(err, errs.Unauthorised) {
		f.t.Errorf("%s: still in: %v", what, err)
	}
}

func TestSupportIsAskedForGrantedAndUsed(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, h := t.Context(), f.helper("helper")
		asked, err := f.AskSupport(ctx, h.in.Session.Actor, f.a.ID, terms(access.SupportSetup, access.SupportRoom))
		must(t, err)
		if asked.State != account.SupportAsked || asked.UserName != "helper" || asked.HomeName != "The operator" || asked.Reason != "calls do not arrive" {
			t.Errorf("%+v", asked)
		}
		_, _, err = f.OpenSupport(ctx, h.in.Session, asked.ID)
		wantCode(t, err, errs.Conflict) // nobody granted it yet
		for who, want := range map[*access.Actor]int{&f.a.admin: 1, &f.b.admin: 0} {
			list, _, err := f.SupportGrants(ctx, *who, "", 10)
			if err != nil || len(list) != want {
				t.Errorf("%s sees %d of them: %v", who.Tenant, len(list), err)
			}
		}
		_, err = f.AcceptSupport(ctx, f.b.admin, asked.ID, asked.Version, terms(access.SupportRoom))
		wantCode(t, err, errs.NotFound)
		less := account.SupportTerms{Scopes: []access.SupportScope{access.SupportRoom}, Minutes: 30}
		granted, err := f.AcceptSupport(ctx, f.a.admin, asked.ID, asked.Version, less)
		must(t, err)
		if granted.State != account.SupportGranted || !granted.EndsAt.Equal(start.Add(30*time.Minute)) || !slices.Equal(granted.Scopes, less.Scopes) || granted.Reason != asked.Reason {
			t.Errorf("%+v", granted)
		}
		_, err = f.AcceptSupport(ctx, f.a.admin, asked.ID, granted.Version, less)
		wantCode(t, err, errs.Conflict)

		token, opened, err := f.OpenSupport(ctx, h.in.Session, asked.ID)
		must(t, err)
		in, err := f.Recognise(ctx, token)
		must(t, err)
		a := in.Actor
		if a.Tenant != f.a.ID || a.User != h.ID || a.Support == nil || a.Support.Home != f.operator.Tenant || !opened.InUse || !in.ExpiresAt.Equal(granted.EndsAt) || !in.StandsIn(h.in.Session) {
			t.Errorf("%+v %+v", in, opened)
		}
		for _, rule := range access.Table() {
			want := access.None
			switch rule.Permission {
			case access.Public, access.SetupRead, access.FloorWatch:
				want = access.Tenant
			case access.SignedIn:
				want = access.Own
			}
			if got := access.Reach(a, rule.Permission); got != want {
				t.Errorf("%s reaches %v", rule.Permission, got)
			}
		}
		me, err := f.Me(ctx, in)
		must(t, err)
		if me.User.ID != h.ID || me.Organisation.ID != f.a.ID || me.Support == nil || me.Support.Home != "The operator" || !slices.Contains(me.Permissions, access.FloorWatch) {
			t.Errorf("%+v", me)
		}

		must(t, f.NoteSupport(ctx, in, "floor", ""))
		must(t, f.NoteSupport(ctx, in, "floor", "")) // within a minute once
		must(t, f.NoteSupport(ctx, in, "queue", "que_1"))
		f.clock.Advance(time.Minute)
		must(t, f.NoteSupport(ctx, in, "floor", ""))
		for action, want := range map[string]int{"support.asked": 1, "support.granted": 1, "support.opened": 1, "support.used": 3} {
			if n := f.audited(f.a.ID, action); n != want {
				t.Errorf("%s: %d lines, want %d", action, n, want)
			}
		}
		if f.audited(f.operator.Tenant, "support.asked") != 1 || f.audited(f.operator.Tenant, "support.opened") != 1 || f.audited(f.b.ID, "support.opened") != 0 {
			t.Error("the operator's own log does not tell of it")
		}

		must(t, f.LeaveSupport(ctx, in))
		f.out("having left", token)
		again, _, err := f.OpenSupport(ctx, h.in.Session, asked.ID)
		must(t, err)
		ended, err := f.EndSupport(ctx, f.a.admin, asked.ID)
		must(t, err)
		if ended.State != account.SupportEnded || ended.EndedBy != f.a.admin.User || ended.InUse {
			t.Errorf("%+v", ended)
		}
		f.out("revoked", again)
		twice, err := f.EndSupport(ctx, f.a.admin, asked.ID)
		if err != nil || twice.Version != ended.Version || f.audited(f.a.ID, "support.ended") != 1 {
			t.Errorf("ended again: %+v, %v", twice, err)
		}
		_, _, err = f.OpenSupport(ctx, h.in.Session, asked.ID)
		wantCode(t, err, errs.Conflict)
	})
}

// Whatever ends it, whoever is in is out at the next look.
func TestSupportEnds(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		for what, end := range map[string]func(h helper, g account.SupportGrant){
			"its time is over": func(helper, account.SupportGrant) { f.clock.Advance(time.Hour) },
			"revoked":          func(_ helper, g account.SupportGrant) { _, err := f.EndSupport(ctx, f.a.admin, g.ID); must(t, err) },
			"given back": func(h helper, g account.SupportGrant) {
				_, err := f.GiveBackSupport(ctx, h.in.Session.Actor, g.ID)
				must(t, err)
			},
			"signed out at home": func(h helper, _ account.SupportGrant) { must(t, f.SignOut(ctx, h.in.Session)) },
			"the person is locked": func(h helper, _ account.SupportGrant) {
				locked := account.Locked
				_, err := f.UpdateUser(ctx, f.operator, h.ID, h.Version+2, account.UserChange{Status: &locked})
				must(t, err)
			},
			"opened in another browser": func(h helper, g account.SupportGrant) {
				_, _, err := f.OpenSupport(ctx, h.in.Session, g.ID)
				must(t, err)
			},
		} {
			h := f.helper("h-" + strings.ReplaceAll(what, " ", "-"))
			u, err := f.User(ctx, f.operator, h.ID)
			must(t, err)
			h.Version = u.Version - 2
			g, token := f.let(h, access.SupportSetupRead)
			if _, err := f.Recognise(ctx, token); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			end(h, g)
			f.out(what, token)
		}
		h := f.helper("last")
		_, token := f.let(h, access.SupportSetupRead)
		_, err := f.Recognise(ctx, token)
		must(t, err)
		// The tenant goes to another reseller of the same operator and stays below it …
		res, _, _, err := f.CreateOrganisation(ctx, f.operator, account.NewOrganisation{Kind: account.KindReseller, Slug: "iberia", Name: "Iberia", Language: "en", TimeZone: "UTC", Administrator: "admin"})
		must(t, err)
		_, err = f.MoveOrganisation(ctx, f.operator, f.a.ID, f.a.Version, res.ID)
		must(t, err)
		if _, err := f.Recognise(ctx, token); err != nil {
			t.Errorf("still below the operator: %v", err)
		}
		// … and is suspended there.
		org, err := f.Organisation(ctx, f.operator, f.a.ID)
		must(t, err)
		suspended := account.Suspended
		boss := f.operator
		boss.Tenant = res.ID
		_, err = f.UpdateOrganisation(ctx, boss, f.a.ID, org.Version, account.OrganisationChange{Status: &suspended})
		must(t, err)
		f.out("suspended", token)
	})
}

// A reseller that lost the tenant has lost the way in.
func TestSupportEndsWithTheReseller(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx := t.Context()
		res, u, once, err := f.CreateOrganisation(ctx, f.operator, account.NewOrganisation{Kind: account.KindReseller, Slug: "iberia", Name: "Iberia", Language: "en", TimeZone: "UTC", Administrator: "rui"})
		must(t, err)
		in := f.settle("iberia", "rui", once)
		_, err = f.GrantSupport(ctx, f.a.admin, res.ID, "rui", terms(access.SupportRoom))
		wantCode(t, err, errs.Invalid) // not above
		_, err = f.AskSupport(ctx, in.Session.Actor, f.a.ID, terms(access.SupportRoom))
		wantCode(t, err, errs.NotFound)
		moved, err := f.MoveOrganisation(ctx, f.operator, f.a.ID, f.a.Version, res.ID)
		must(t, err)
		g, err := f.GrantSupport(ctx, f.a.admin, res.ID, "RUI", terms(access.SupportRoom))
		must(t, err)
		if g.User != u.ID {
			t.Errorf("%+v", g)
		}
		providers, err := f.SupportProviders(ctx, f.a.admin)
		if err != nil || len(providers) != 2 || providers[0].ID != res.ID || providers[1].ID != f.operator.Tenant {
			t.Errorf("%+v, %v", providers, err)
		}
		asked, err := f.AskSupport(ctx, in.Session.Actor, f.a.ID, terms(access.SupportRoom))
		must(t, err)
		token, _, err := f.OpenSupport(ctx, in.Session, g.ID)
		must(t, err)
		_, err = f.Recognise(ctx, token)
		must(t, err)
		_, err = f.MoveOrganisation(ctx, f.operator, f.a.ID, moved.Version, f.operator.Tenant)
		must(t, err)
		_, err = f.AcceptSupport(ctx, f.a.admin, asked.ID, asked.Version, terms(access.SupportRoom))
		wantCode(t, err, errs.Conflict)
		f.out("moved away", token)
		_, _, err = f.OpenSupport(ctx, in.Session, g.ID)
		wantCode(t, err, errs.Conflict)
		if n := f.audited(f.a.ID, "support.opened"); n != 1 {
			t.Errorf("what was refused is noted as opened: %d lines", n)
		}
	})
}

func TestSupportIsForItsPersonAlone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		ctx, h, other := t.Context(), f.helper("helper"), f.helper("other")
		g, err := f.GrantSupport(ctx, f.a.admin, f.operator.Tenant, "helper", terms(access.SupportRoom))
		must(t, err)
		_, _, err = f.OpenSupport(ctx, other.in.Session, g.ID)
		wantCode(t, err, errs.NotFound)
		_, err = f.GiveBackSupport(ctx, other.in.Session.Actor, g.ID)
		wantCode(t, err, errs.NotFound)
		_, err = f.EndSupport(ctx, f.b.admin, g.ID)
		wantCode(t, err, errs.NotFound)
		mine, _, err := f.SupportOf(ctx, h.in.Session.Actor, "", 10)
		if err != nil || len(mine) != 1 || mine[0].Organisation != f.a.ID || mine[0].Name != "Acme" {
			t.Errorf("%+v, %v", mine, err)
		}
		none, _, err := f.SupportOf(ctx, other.in.Session.Actor, "", 10)
		if err != nil || len(none) != 0 {
			t.Errorf("%+v, %v", none, err)
		}
		_, agent := f.user("ana", access.Agent)
		_, err = f.GrantSupport(ctx, agent.Session.Actor, f.operator.Tenant, "helper", terms(access.SupportRoom))
		wantCode(t, err, errs.Forbidden)

		// Its reason is sealed, and goes with the tenant.
		must(t, f.db.Read(ctx, f.a.ID, func(tx *store.Tx) error {
			row, err := tx.SupportGrant(g.ID)
			if strings.Contains(string(row.Reason), "arrive") {
				t.Error("the reason is readable in the database")
			}
			return err
		}))
	})
}

func TestSupportTerms(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.helper("helper")
		for field, change := range map[string]func(home *id.Tenant, name *string, x *account.SupportTerms){
			"scopes":  func(_ *id.Tenant, _ *string, x *account.SupportTerms) { x.Scopes = nil },
			"minutes": func(_ *id.Tenant, _ *string, x *account.SupportTerms) { x.Minutes = 14 },
			"interaction": func(_ *id.Tenant, _ *string, x *account.SupportTerms) {
				x.Scopes = append(x.Scopes, access.SupportInteraction)
			},
			"reason":       func(_ *id.Tenant, _ *string, x *account.SupportTerms) { x.Reason = " " },
			"user_name":    func(_ *id.Tenant, name *string, _ *account.SupportTerms) { *name = "nobody" },
			"organisation": func(home *id.Tenant, _ *string, _ *account.SupportTerms) { *home = f.b.ID },
		} {
			home, name, x := f.operator.Tenant, "helper", terms(access.SupportRoom)
			change(&home, &name, &x)
			_, err := f.GrantSupport(t.Context(), f.a.admin, home, name, x)
			if fields := errs.As(err).Fields; !errs.Is(err, errs.Invalid) || len(fields) != 1 || fields[0].Path != field {
				t.Errorf("%s: %v %+v", field, err, fields)
			}
		}
		x := terms(access.SupportInteraction)
		x.Interaction = f.newID(id.Interaction) // of nobody
		_, err := f.GrantSupport(t.Context(), f.a.admin, f.operator.Tenant, "helper", x)
		if fields := errs.As(err).Fields; len(fields) != 1 || fields[0].Path != "interaction" {
			t.Errorf("%v", err)
		}
	})
}

func (f *fixture) newID(kind string) string { return id.NewSource(f.clock.Now, nil).New(kind) }

// Grants whose time is over take nobody's place.
func TestSupportThatIsOverTakesNoPlace(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		h := f.helper("helper")
		for range 50 {
			_, err := f.GrantSupport(t.Context(), f.a.admin, f.operator.Tenant, h.UserName, terms(access.SupportRoom))
			must(t, err)
		}
		_, err := f.GrantSupport(t.Context(), f.a.admin, f.operator.Tenant, h.UserName, terms(access.SupportRoom))
		wantCode(t, err, errs.Conflict)
		f.clock.Advance(time.Hour)
		_, err = f.GrantSupport(t.Context(), f.a.admin, f.operator.Tenant, h.UserName, terms(access.SupportRoom))
		must(t, err)
	})
}
