package access

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nubitalk/internal/base/errs"
)

const ownRole = Role("rol_01hzzzzzzzzzzzzzzzzzzzzzzz")

func customs() *rapid.Generator[Custom] {
	return rapid.Custom(func(t *rapid.T) Custom {
		c := Custom{ID: ownRole, Base: rapid.SampledFrom(TenantRoles).Draw(t, "base"), Grants: map[Permission]Scope{}}
		for _, rule := range Table() {
			if offered := Offered(rule.Permission); rule.Permission != SignedIn && len(offered) > 0 && rapid.Bool().Draw(t, string(rule.Permission)) {
				c.Grants[rule.Permission] = rapid.SampledFrom(offered).Draw(t, "scope")
			}
		}
		return c
	})
}

// What a tenant makes for itself is made of what its built-in roles have: it
// reaches no other organisation, and needs not be named by a permission to be
// signed in.
func TestACustomRoleGivesWhatItSaysAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := customs().Draw(t, "role")
		a := Actor{Tenant: "ten_1", User: "usr_1", Roles: []Role{ownRole}, Custom: []Custom{c}}
		for _, rule := range Table() {
			want := c.Grants[rule.Permission]
			switch rule.Permission {
			case Public:
				want = Tenant
			case SignedIn:
				want = Own
			}
			if got := Reach(a, rule.Permission); got != want || got > Tenant {
				t.Fatalf("%s: %d, not %d", rule.Permission, got, want)
			}
		}
		if len(c.Grants) > 0 {
			var f errs.Fields
			if CheckGrants(&f, "permissions", c.Grants); len(f) > 0 {
				t.Fatalf("%v", f)
			}
		}
		if lost := (Actor{Roles: []Role{ownRole}}); Reach(lost, WorkRead) != None || Reach(lost, SignedIn) != None {
			t.Fatal("a role that is not known gives something")
		}
	})
}

func TestACopyIsAsItsBase(t *testing.T) {
	for _, base := range TenantRoles {
		copied := Actor{Roles: []Role{ownRole}, Custom: []Custom{{ID: ownRole, Base: base, Grants: GrantsOf(base)}}}
		built := Actor{Roles: []Role{base}}
		if more, less := Beyond(copied, built), Beyond(built, copied); len(more)+len(less) > 0 {
			t.Errorf("a copy of %s: %v more, %v less", base, more, less)
		}
		if !copied.Is(base) || !slices.Equal(copied.Kinds(), []Role{base}) {
			t.Errorf("a copy of %s counts as %v", base, copied.Kinds())
		}
	}
}

func TestWhatACustomRoleCannotHave(t *testing.T) {
	for name, given := range map[string]map[Permission]Scope{
		"nothing": {}, "what providers have": {OrgRead: Below}, "what is everybody's": {SignedIn: Own}, "what needs no sign-in": {Public: Tenant},
		"further than anybody": {DeskUse: Tenant}, "as nobody": {SetupWrite: Own}, "no permission": {"everything": Tenant}, "none": {WorkRead: None}, "below": {WorkRead: Below},
	} {
		var f errs.Fields
		if CheckGrants(&f, "permissions", given); len(f) != 1 {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// Who does not rule an organisation gives nothing that it does not have.
func TestNobodyGivesMoreThanItHas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		giver, of := actors().Draw(t, "giver"), customs().Draw(t, "of")
		given := Actor{Roles: []Role{ownRole}, Custom: []Custom{of}}
		excess := Excess(given, giver)
		ruler := giver.Scopes == nil && (slices.Contains(giver.Roles, Administrator) || slices.Contains(giver.Roles, OperatorRole) || slices.Contains(giver.Roles, ResellerRole))
		for p := range maps.Keys(of.Grants) {
			if want := !ruler && of.Grants[p] > Reach(giver, p); want != slices.Contains(excess, p) {
				t.Fatalf("%v gives %s: %v", giver, p, excess)
			}
		}
	})
}

// BenchmarkReach is one permission asked of somebody with two roles of its own;
// it is to be within a microsecond.
func BenchmarkReach(b *testing.B) {
	a := Actor{Tenant: "ten_1", Roles: []Role{Agent, ownRole, ownRole + "2"}, Custom: []Custom{
		{ID: ownRole, Base: Supervisor, Grants: GrantsOf(Supervisor)}, {ID: ownRole + "2", Base: PrivacyOfficer, Grants: GrantsOf(PrivacyOfficer)}}}
	thing := Thing{Tenant: "ten_1"}
	b.ReportAllocs()
	for b.Loop() {
		if !May(a, RecListen, thing) {
			b.Fatal("may not")
		}
	}
}
