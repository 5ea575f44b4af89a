package account

import (
	"fmt"
	"maps"
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// claimed are the roles that a provider's claim or a directory's groups give, and what for.
type claimed struct {
	roles []access.Role // sorted; nil: they are given here
	parts RoleParts     // of those that the table gives for some teams, queues and campaigns only
	rules map[access.Role]bool
}

// claimedBy reads a table for who has some values. Parts of one role add up; a row without one
// gives it for everything.
func claimedBy(table []ClaimRole, has func(value string) bool) claimed {
	out := claimed{parts: RoleParts{}, rules: map[access.Role]bool{}}
	whole := map[access.Role]bool{}
	for _, r := range table {
		out.rules[r.Role] = out.rules[r.Role] || r.Part != nil
		if !has(r.Value) {
			continue
		}
		if !slices.Contains(out.roles, r.Role) {
			out.roles = append(out.roles, r.Role)
		}
		if r.Part == nil {
			whole[r.Role] = true
		} else {
			out.parts[r.Role] = out.parts[r.Role].And(*r.Part)
		}
	}
	maps.DeleteFunc(out.parts, func(r access.Role, _ access.RolePart) bool { return whole[r] })
	slices.Sort(out.roles)
	return out
}

// over are the parts of somebody who had some before: a role whose rows name no part keeps
// what was chosen here.
func (c claimed) over(before RoleParts) RoleParts {
	after := RoleParts{}
	maps.Copy(after, before)
	for _, r := range c.roles {
		if c.rules[r] {
			delete(after, r)
			if part, ok := c.parts[r]; ok {
				after[r] = part
			}
		}
	}
	return after
}

// withWhole adds a role that is given for everything.
func (c *claimed) withWhole(r access.Role) {
	c.roles = append(c.roles, r)
	delete(c.parts, r)
}

// mayGiveByTable refuses a table that gives what does not exist, or more than its author may.
func (s *Service) mayGiveByTable(tx *store.Tx, a access.Actor, was, table []ClaimRole) error {
	var f errs.Fields
	for i, r := range table {
		at := fmt.Sprintf("roles[%d]", i)
		before, gives := store.UserRow{}, store.UserRow{Roles: []string{string(r.Role)}}
		if r.Part != nil {
			gives.Parts = RoleParts{r.Role: *r.Part}
		}
		if w := slices.IndexFunc(was, func(w ClaimRole) bool { return w.Value == r.Value && w.Role == r.Role }); w >= 0 { // it may stay
			before.Roles = gives.Roles
			if part := was[w].Part; part != nil {
				before.Parts = RoleParts{r.Role: *part}
			}
		}
		if access.IsCustom(r.Role) {
			if err := s.roleTurn(tx); err != nil {
				return err
			}
		}
		if err := tx.Resolve(&gives); err != nil {
			return err
		}
		checkGiven(&f, a, before, gives, at+".role")
		if err := s.knownParts(tx, &f, at+".part", before.Parts, gives.Actor(a.Tenant)); err != nil {
			return err
		}
	}
	return f.Err()
}

// replaceInTable puts another role in the place of one, for everything where it cannot be
// given for a part.
func replaceInTable(tx *store.Tx, table []ClaimRole, role, replacement string) error {
	whole, err := givenWhole(tx, access.Role(replacement))
	for i := range table {
		if string(table[i].Role) == role {
			if table[i].Role = access.Role(replacement); whole {
				table[i].Part = nil
			}
		}
	}
	return err
}
