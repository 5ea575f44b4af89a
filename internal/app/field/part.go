package field

import (
	"maps"
	"slices"

	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// there is an actor with the roles that it has where an object is: one that it has for a
// part of the tenant shows and changes no fields elsewhere.
func there(tx *store.Tx, a access.Actor, o owner) (access.Actor, error) {
	if len(a.Parts) == 0 {
		return a, nil
	}
	if o.entity == setup.OfContact {
		return holding(a, func(p access.RolePart) (bool, error) { return tx.ContactWithin(o.id, p) })
	}
	in, err := belongs(tx, o)
	if err != nil {
		return a, err
	}
	return holding(a, func(p access.RolePart) (bool, error) { return p.Has(in), nil })
}

// belongs is to which teams, queues and campaigns a user, an interaction or a queue belongs.
func belongs(tx *store.Tx, o owner) (access.RolePart, error) {
	switch o.entity {
	case setup.OfQueue:
		return access.RolePart{Queues: []string{o.id}}, nil
	case setup.OfUser:
		return tx.Belongs("", o.id, "")
	}
	row, err := tx.Interaction(o.id)
	if err != nil {
		return access.RolePart{}, err
	}
	return tx.Belongs(row.QueueID, row.AgentID, row.CampaignID)
}

// holding is an actor without the roles that it has for parts in which something is not.
func holding(a access.Actor, in func(access.RolePart) (bool, error)) (access.Actor, error) {
	away := map[access.Role]bool{}
	for _, r := range slices.Sorted(maps.Keys(a.Parts)) {
		is, err := in(a.Parts[r])
		if err != nil {
			return a, err
		}
		away[r] = !is
	}
	a.Roles = slices.DeleteFunc(slices.Clone(a.Roles), func(r access.Role) bool { return away[r] })
	a.Custom = slices.DeleteFunc(slices.Clone(a.Custom), func(c access.Custom) bool { return away[c.ID] })
	return a, nil
}
