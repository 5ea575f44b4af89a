package access

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"nubitalk/internal/base/id"
)

func TestTheTableIsSound(t *testing.T) {
	seen := map[Permission]bool{}
	for _, rule := range Table() {
		if seen[rule.Permission] || rule.Means == "" {
			t.Errorf("%s stands there twice or means nothing", rule.Permission)
		}
		seen[rule.Permission] = true
		if rule.Permission != Public && len(rule.Grants) == 0 {
			t.Errorf("nobody has %s", rule.Permission)
		}
		for role, scope := range rule.Grants {
			if !slices.Contains(Roles(), role) || scope == None || scope > Below {
				t.Errorf("%s for %s: %d", rule.Permission, role, scope)
			}
			if scope == Below && slices.Contains(TenantRoles, role) {
				t.Errorf("%s: a tenant's %s reaches other organisations", rule.Permission, role)
			}
		}
	}
}

func TestEveryPermissionIsSaidInBothLanguages(t *testing.T) {
	english, other := Catalogue("en"), Catalogue("pt")
	if len(english) != len(Table())-1 {
		t.Errorf("%d entries for %d rules", len(english), len(Table()))
	}
	for i, e := range english {
		if e.Area == "" || e.Means == "" || other[i].Means == "" || e.Means == other[i].Means || e.Permission == Public {
			t.Errorf("%+v, %q", e, other[i].Means)
		}
	}
}

func TestBeyondIsWhatOneHasAndTheOtherHasNot(t *testing.T) {
	administrator := Actor{Roles: []Role{Administrator}}
	for name, c := range map[string]struct {
		a    Actor
		want []Permission
	}{
		"the same":             {administrator, nil},
		"another role":         {Actor{Roles: []Role{PrivacyOfficer}}, []Permission{WorkRead, WorkSearch, CallNumbers, RecListen, RecExport, RecShare, RecHold, RecRelease, ContactRead, ContactWrite, ContactErase, OrgArchive}},
		"narrowed":             {Actor{Roles: []Role{PrivacyOfficer}, Scopes: []Permission{AuditRead}}, nil},
		"narrowed, yet beyond": {Actor{Roles: []Role{Agent}, Scopes: []Permission{CannedRead, WorkRead}}, []Permission{WorkRead}},
	} {
		if got := Beyond(c.a, administrator); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := Beyond(administrator, Actor{Roles: []Role{Administrator}, Scopes: []Permission{KeyManage}}); slices.Contains(got, KeyManage) || !slices.Contains(got, SetupWrite) {
		t.Errorf("%v", got)
	}
}

// What the provider may do never touches content (notice C5, C10).
func TestProvidersReachNoContent(t *testing.T) {
	for _, p := range []Permission{DeskUse, WorkHandle, WorkRead, WorkSearch, RecListen, RecExport, RecShare, RecHold, RecRelease, QualityRead, QualityEvaluate, QualityManage, NoteWrite, FloorWatch, FloorManage, AlertManage, SetupRead, SetupWrite, ContactRead, ContactWrite, ContactErase} {
		for _, role := range []Role{OperatorRole, ResellerRole} {
			if Reach(Actor{Tenant: "opr_1", Roles: []Role{role}}, p) != None {
				t.Errorf("the %s has %s", role, p)
			}
		}
	}
}

func actors() *rapid.Generator[Actor] {
	return rapid.Custom(func(t *rapid.T) Actor {
		a := Actor{Tenant: id.Tenant(rapid.SampledFrom([]string{"ten_1", "ten_2"}).Draw(t, "tenant")), User: rapid.SampledFrom([]string{"usr_1", "usr_2"}).Draw(t, "user"),
			Roles: rapid.SliceOfDistinct(rapid.SampledFrom(Roles()), func(r Role) Role { return r }).Draw(t, "roles")}
		if rapid.Bool().Draw(t, "limited") {
			a.Scopes = append([]Permission{}, rapid.SliceOf(permissions()).Draw(t, "scopes")...)
		}
		return a
	})
}

func permissions() *rapid.Generator[Permission] {
	return rapid.Custom(func(t *rapid.T) Permission { return rapid.SampledFrom(Table()).Draw(t, "rule").Permission })
}

func TestNothingReachesAnotherTenant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, p := actors().Draw(t, "actor"), permissions().Draw(t, "permission")
		other := Thing{Tenant: a.Tenant + "x", Holders: []string{a.User}}
		if May(a, p, other) {
			t.Fatalf("%v may %s what is of another tenant", a, p)
		}
	})
}

func TestScopesOnlyNarrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, p := actors().Draw(t, "actor"), permissions().Draw(t, "permission")
		free := a
		free.Scopes = nil
		if Reach(a, p) > Reach(free, p) {
			t.Fatalf("%v has more of %s than its roles give", a, p)
		}
		if a.Scopes != nil && p != Public && p != SignedIn && !slices.Contains(a.Scopes, p) && Reach(a, p) != None {
			t.Fatalf("%v has %s, which is not among its scopes", a, p)
		}
	})
}

func TestOwnIsWhatOneHolds(t *testing.T) {
	a := Actor{Tenant: "ten_1", User: "usr_1", Roles: []Role{Agent}}
	for _, c := range []struct {
		p       Permission
		holders []string
		want    bool
	}{
		{WorkRead, []string{"usr_1"}, true},
		{WorkRead, []string{"usr_2", "usr_1"}, true},
		{WorkRead, []string{"usr_2"}, false},
		{WorkRead, nil, false},
		{SetupRead, nil, true},
		{SetupWrite, []string{"usr_1"}, false},
	} {
		if got := May(a, c.p, Thing{Tenant: "ten_1", Holders: c.holders}); got != c.want {
			t.Errorf("%s of %v: %v", c.p, c.holders, got)
		}
	}
	a.Roles = append(a.Roles, Supervisor) // the widest role counts
	if !May(a, WorkRead, Thing{Tenant: "ten_1"}) {
		t.Error("a supervisor reads only what it holds")
	}
	if Known("everything") || !Known(WorkRead) {
		t.Error("Known does not know the table")
	}
}
