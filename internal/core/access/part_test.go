package access

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var someTeams, someQueues, someCampaigns = []string{"team_1", "team_2", "team_3"}, []string{"que_1", "que_2", "que_3"}, []string{"cmp_1", "cmp_2"}

func parts() *rapid.Generator[RolePart] {
	return rapid.Custom(func(t *rapid.T) RolePart {
		return RolePart{
			Teams:     rapid.SliceOfNDistinct(rapid.SampledFrom(someTeams), 0, 3, rapid.ID).Draw(t, "teams"),
			Queues:    rapid.SliceOfNDistinct(rapid.SampledFrom(someQueues), 0, 3, rapid.ID).Draw(t, "queues"),
			Campaigns: rapid.SliceOfNDistinct(rapid.SampledFrom(someCampaigns), 0, 2, rapid.ID).Draw(t, "campaigns"),
		}
	})
}

// narrowedActors have any roles, each for everything or for a part.
func narrowedActors() *rapid.Generator[Actor] {
	return rapid.Custom(func(t *rapid.T) Actor {
		a := Actor{Tenant: "ten_1", User: "usr_1", Parts: map[Role]RolePart{}}
		roles := append(slices.Clone(TenantRoles), ownRole)
		a.Roles = rapid.SliceOfNDistinct(rapid.SampledFrom(roles), 0, 4, rapid.ID).Draw(t, "roles")
		if slices.Contains(a.Roles, ownRole) {
			a.Custom = []Custom{customs().Draw(t, "own role")}
		}
		for _, r := range a.Roles {
			if rapid.Bool().Draw(t, "narrowed") {
				a.Parts[r] = parts().Draw(t, "part")
			}
		}
		return a
	})
}

// inPart is what the documents say, word for word: a thing is in a part if one of
// its teams, queues or campaigns is. What manages campaigns knows campaigns alone.
func inPart(by Permission, p, of RolePart) bool {
	return slices.ContainsFunc(of.Campaigns, func(c string) bool { return slices.Contains(p.Campaigns, c) }) || by != CampaignManage && (slices.ContainsFunc(of.Teams, func(t string) bool { return slices.Contains(p.Teams, t) }) ||
		slices.ContainsFunc(of.Queues, func(q string) bool { return slices.Contains(p.Queues, q) }))
}

// Each role allows what it allows by itself: the actor with several has what one of
// them allows, and no two of them together more.
func TestRolesForAPartAddUpAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := narrowedActors().Draw(t, "actor")
		thing := Some("ten_1", parts().Draw(t, "thing"))
		if rapid.Bool().Draw(t, "held") {
			thing.Holders = []string{"usr_1"}
		}
		for _, rule := range Table() {
			p := rule.Permission
			if p == Public {
				continue
			}
			want := false
			for _, r := range a.Roles {
				scope := rule.Grants[r]
				if r == ownRole {
					scope = a.Custom[0].reach(p)
				}
				part, narrow := a.Parts[r]
				if narrow && scope == Tenant {
					n, any := NarrowedOf(p)
					switch {
					case !any:
						scope = None
					case n.Reach == SomeOf:
						want = want || inPart(p, part, thing.In) || HasOwn(p) && len(thing.Holders) > 0
						continue
					}
				}
				want = want || scope == Tenant || scope == Own && len(thing.Holders) > 0
			}
			if got := May(a, p, thing); got != want {
				t.Fatalf("%s of %+v by %+v: %v, not %v", p, thing, a, got, want)
			}
			if far := thing; func() bool { far.Tenant = "ten_2"; return May(a, p, far) }() {
				t.Fatalf("%s reaches another tenant", p)
			}
			if Reach(a, p) == SomeOf {
				if part := PartOf(a, p); part.Has(thing.In) != inPart(p, part, thing.In) {
					t.Fatalf("%+v has %+v: %v", part, thing.In, part.Has(thing.In))
				}
			}
		}
	})
}

// What a list is narrowed by is what each of its things is asked by.
func TestListsAreNarrowedByWhatIsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := narrowedActors().Draw(t, "actor")
		in := parts().Draw(t, "thing")
		for _, rule := range Table() {
			if p := rule.Permission; Reach(a, p) == SomeOf {
				if by, asked := PartOf(a, p).Has(in), Over(a, p, Some("ten_1", in)) == SomeOf; by != asked {
					t.Fatalf("%s of %+v by %+v: a list says %v, the thing %v", p, in, a, by, asked)
				}
			}
		}
	})
}

// Nobody gives more than it has, neither more permissions nor further ones: what is
// beyond nobody reaches nothing that the giver does not.
func TestNothingIsGivenBeyondAPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		giver, of := narrowedActors().Draw(t, "giver"), narrowedActors().Draw(t, "of")
		if len(Beyond(of, giver)) > 0 {
			return
		}
		of.User, giver.User = "-", "-"
		thing := Some("ten_1", parts().Draw(t, "thing"))
		for _, rule := range Table() {
			if p := rule.Permission; p != SignedIn && May(of, p, thing) && !May(giver, p, thing) {
				t.Fatalf("%s reaches %+v for %+v and not for %+v", p, thing, of, giver)
			}
		}
	})
	north, both := RolePart{Teams: []string{"team_1"}}, RolePart{Teams: []string{"team_1", "team_2"}}
	with := func(p RolePart) Actor {
		return Actor{Roles: []Role{Supervisor}, Parts: map[Role]RolePart{Supervisor: p}}
	}
	if more := Beyond(with(both), with(north)); !slices.Contains(more, WorkRead) {
		t.Errorf("a wider part is beyond a narrower one: %v", more)
	}
	if more := Beyond(with(north), with(both)); len(more) != 0 {
		t.Errorf("a narrower part is not beyond a wider one: %v", more)
	}
	if more := Beyond(Actor{Roles: []Role{Supervisor}}, with(both)); !slices.Contains(more, FloorManage) {
		t.Errorf("everything is beyond a part: %v", more)
	}
}

// A key that is narrowed to permissions stays so, whatever part its role is for.
func TestAKeyIsNarrowedBothWays(t *testing.T) {
	a := Actor{Tenant: "ten_1", User: "key_1", Roles: []Role{Supervisor}, Scopes: []Permission{FloorWatch}, Parts: map[Role]RolePart{Supervisor: {Queues: []string{"que_1"}}}}
	in, out := Some("ten_1", RolePart{Queues: []string{"que_1"}}), Some("ten_1", RolePart{Queues: []string{"que_2"}})
	if !May(a, FloorWatch, in) || May(a, FloorWatch, out) || May(a, WorkRead, in) || !PartOf(a, WorkRead).Empty() {
		t.Errorf("%v %v %v", May(a, FloorWatch, in), May(a, FloorWatch, out), May(a, WorkRead, in))
	}
}

func TestWhatIsInAPartIsSaid(t *testing.T) {
	for p, n := range narrows {
		if !Known(p) || n.Of.English == "" || n.Of.Portuguese == "" || n.Of.In("pt") == n.Of.In("en") || n.Reach != SomeOf && n.Reach != Tenant {
			t.Errorf("%s: %+v", p, n)
		}
		if !slices.Contains(Offered(p), Tenant) {
			t.Errorf("%s reaches nobody's tenant, so that no part of it either", p)
		}
	}
	for _, r := range []Role{Administrator, Agent, ResellerRole, OperatorRole} {
		if Narrowable(r, r) {
			t.Errorf("%s can be given for a part", r)
		}
	}
	if Narrowable(ownRole, Administrator) || !Narrowable(ownRole, Agent) {
		t.Error("an own role is narrowable unless it rules")
	}
}

// One check is a look-up: nothing is allocated, whatever the roles are for.
func TestACheckAllocatesNothing(t *testing.T) {
	a, thing := widest()
	if n := testing.AllocsPerRun(100, func() { May(a, WorkRead, thing) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// widest is an actor with much to look through, and a thing that it does not reach.
func widest() (Actor, Thing) {
	a := Actor{Tenant: "ten_1", User: "usr_1", Roles: []Role{Agent, Supervisor, Monitor}, Parts: map[Role]RolePart{}}
	for _, r := range []Role{Supervisor, Monitor} {
		a.Parts[r] = RolePart{Teams: []string{"team_1", "team_2", "team_3"}, Queues: []string{"que_1", "que_2", "que_3"}}
	}
	return a, Thing{Tenant: "ten_1", Holders: []string{"usr_2"}, In: RolePart{Teams: []string{"team_8", "team_9"}, Queues: []string{"que_9"}}}
}

func BenchmarkMayOfAPart(b *testing.B) {
	a, thing := widest()
	b.ReportAllocs()
	for b.Loop() {
		May(a, WorkRead, thing)
	}
}
