package access

import (
	"maps"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
)

// Custom is a role that a tenant made for itself, out of the permissions that
// the tenant roles have. It began as a copy of a built-in one, its base, and
// counts as that where a role is more than permissions: who has one made from
// agent serves queues, and needs a second factor where agents do (Guarded).
type Custom struct {
	ID     Role
	Base   Role
	Grants map[Permission]Scope
}

func (c Custom) reach(p Permission) Scope {
	if p == SignedIn {
		return Own
	}
	return c.Grants[p]
}

// Equal says whether two give the same.
func (c Custom) Equal(o Custom) bool {
	return c.ID == o.ID && c.Base == o.Base && maps.Equal(c.Grants, o.Grants)
}

// IsCustom says whether a role has the form of one that a tenant made.
func IsCustom(r Role) bool { return id.Valid(id.Role, string(r)) }

// Offered are the scopes in which a custom role may have a permission: those in
// which a built-in role of tenants has it.
func Offered(p Permission) []Scope {
	var out []Scope
	for _, role := range TenantRoles {
		if s := grants[p][role]; s != None && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// GrantsOf are what a built-in role gives, for a copy to begin with.
func GrantsOf(r Role) map[Permission]Scope {
	out := map[Permission]Scope{}
	for _, rule := range table {
		if s := rule.Grants[r]; s != None && rule.Permission != SignedIn {
			out[rule.Permission] = s
		}
	}
	return out
}

// CheckGrants adds what is wrong with the permissions of a custom role.
func CheckGrants(f *errs.Fields, path string, given map[Permission]Scope) {
	if len(given) == 0 {
		f.Add(path, "must have at least one permission")
	}
	for _, p := range slices.Sorted(maps.Keys(given)) {
		if offered := Offered(p); p == SignedIn || p == Public || len(offered) == 0 {
			f.Add(path+"."+string(p), "is not a permission that a role can have")
		} else if !slices.Contains(offered, given[p]) {
			f.Add(path+"."+string(p), "must be one of %s", strings.Join(Words(offered), ", "))
		}
	}
}

// Kinds are the built-in roles that a list of roles counts as: those in it, and
// the bases of the custom ones.
func (a Actor) Kinds() []Role {
	var out []Role
	for _, r := range a.Roles {
		if !IsCustom(r) && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	for _, c := range a.Custom {
		if !slices.Contains(out, c.Base) {
			out = append(out, c.Base)
		}
	}
	return out
}

// Guarded are the built-in roles whose second factor the actor needs: its Kinds, and
// those that alone have one of the permissions of its custom roles.
func (a Actor) Guarded() []Role {
	out := a.Kinds()
	for _, c := range a.Custom {
		for p := range c.Grants {
			if r, ok := alone[p]; ok && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out
}

// alone are the permissions that one built-in role of tenants has and no other.
var alone = func() map[Permission]Role {
	m := map[Permission]Role{}
	for p, roles := range grants {
		var have []Role
		for _, r := range TenantRoles {
			if roles[r] != None {
				have = append(have, r)
			}
		}
		if len(have) == 1 {
			m[p] = have[0]
		}
	}
	return m
}()

// Is says whether the actor has a built-in role or one made from it.
func (a Actor) Is(r Role) bool { return slices.Contains(a.Kinds(), r) }

// Excess are the permissions that one actor may not give another, in the table's
// order, because it has not got them itself. Who holds the role that rules an
// organisation, and is not narrowed, says who does what there: it may give what
// it does not do itself.
func Excess(of, giver Actor) []Permission {
	if giver.Scopes == nil && slices.ContainsFunc(giver.Roles, func(r Role) bool {
		return r == Administrator || r == ResellerRole || r == OperatorRole
	}) {
		return nil
	}
	return Beyond(of, giver)
}

// Word of a scope, as the API and the store have it.
func (s Scope) Word() string {
	return [...]string{None: "", Own: "own", SomeOf: "part", Tenant: "all", Below: "below"}[s]
}

// Words of scopes.
func Words(list []Scope) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.Word()
	}
	return out
}

// ScopeOf is the scope of a word; None for any other.
func ScopeOf(word string) Scope {
	for _, s := range []Scope{Own, Tenant, Below} {
		if s.Word() == word {
			return s
		}
	}
	return None
}
