package account

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// DeleteRole removes a role. Those who have it get the replacement; without one
// it is refused while anybody has it.
func (s *Service) DeleteRole(ctx context.Context, a access.Actor, role string, version int64, replacement access.Role) error {
	if err := may(a, access.RoleManage); err != nil {
		return err
	}
	var f errs.Fields
	if replacement != "" {
		if string(replacement) == role {
			f.Add("query.replacement", "must be another role")
		} else {
			checkRoles(&f, "query.replacement", KindTenant, []access.Role{replacement})
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	var changed []string
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		changed, err = s.deleteRole(tx, a, role, version, replacement)
		return err
	})
	if err != nil {
		return err
	}
	s.tell(a.Tenant, Change{})
	for _, u := range changed {
		s.tellSetup(a.Tenant, u)
	}
	s.tellRoles(a.Tenant, role)
	return nil
}

func (s *Service) deleteRole(tx *store.Tx, a access.Actor, role string, version int64, replacement access.Role) (changed []string, err error) {
	if err := s.roleTurn(tx); err != nil {
		return nil, err
	}
	row, err := tx.Role(role)
	if err != nil {
		return nil, err
	}
	if row.Version != version {
		return nil, errs.New(errs.Conflict, "This role was changed by someone else in the meantime.")
	}
	h, err := readHolders(tx)
	if err != nil {
		return nil, err
	}
	h = h.of(role)
	if n := len(h.users) + len(h.keys); n > 0 && replacement == "" {
		return nil, errs.New(errs.Conflict, "%d accounts or keys have this role. Say which role they have instead.", n)
	}
	whole, err := givenWhole(tx, replacement)
	if err != nil {
		return nil, err
	}
	agents := int64(0)
	for i, before := range h.users {
		u := &h.users[i]
		u.Roles, u.Parts = store.ReplaceRole(u.Roles, u.Parts, role, string(replacement))
		if whole {
			u.Parts = partsOf(slices.DeleteFunc(slices.Clone(u.Roles), func(r string) bool { return r == string(replacement) }), u.Parts)
		}
		u.UpdatedAt = s.now()
		if err := s.mayGive(tx, a, before, u, "query.replacement"); err != nil {
			return nil, err
		}
		noteEndRight(before, u, s.now())
		if !isAgent(before) && isAgent(*u) {
			agents++
		}
	}
	if agents > 0 {
		if err := s.roomForAgents(tx, agents, "query.replacement"); err != nil {
			return nil, err
		}
	}
	for _, u := range h.users {
		if err := tx.UpdateUser(u); err != nil {
			return nil, err
		}
		if err := s.Audit.Record(tx, a, "user.changed", "user", u.ID, map[string]string{"roles": rolesSaid(u.Roles, u.Parts)}); err != nil {
			return nil, err
		}
		changed = append(changed, u.ID)
	}
	if replacement != "" {
		gives := store.UserRow{Roles: []string{string(replacement)}}
		if err := s.mayGive(tx, a, store.UserRow{}, &gives, "query.replacement"); err != nil {
			return nil, err
		}
		if err := tx.ReplaceKeyRoles(role, string(replacement)); err != nil {
			return nil, err
		}
	}
	if err := s.replaceClaimRole(tx, role, string(replacement)); err != nil {
		return nil, err
	}
	if err := s.replaceProvisionedRole(tx, role, string(replacement)); err != nil {
		return nil, err
	}
	if err := tx.DeleteRole(role); err != nil {
		return nil, err
	}
	detail := map[string]string{"users": strconv.Itoa(len(h.users)), "keys": strconv.Itoa(len(h.keys))}
	if replacement != "" {
		detail["replacement"] = string(replacement)
	}
	return changed, s.Audit.Record(tx, a, "role.deleted", "role", role, detail)
}

// givenWhole says whether a role can only be given for everything.
func givenWhole(tx *store.Tx, role access.Role) (bool, error) {
	if role == "" || !access.IsCustom(role) {
		return !access.Narrowable(role, role), nil
	}
	row, err := tx.Role(string(role))
	if errs.Is(err, errs.NotFound) { // which mayGive says
		return false, nil
	}
	return !access.Narrowable(role, access.Role(row.Base)), err
}

// replaceClaimRole puts another role in the place of one that the organisation's
// provider gives.
func (s *Service) replaceClaimRole(tx *store.Tx, role, replacement string) error {
	o, row, err := readSignOn(tx)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	gives := func(r ClaimRole) bool { return string(r.Role) == role }
	if err != nil || !slices.ContainsFunc(o.Roles, gives) {
		return err
	}
	if replacement == "" {
		return errs.New(errs.Conflict, "The organisation's provider gives this role to who signs in. Change that first, under Single sign-on, or say which role it gives instead.")
	}
	if err := replaceInTable(tx, o.Roles, role, replacement); err != nil {
		return err
	}
	config, err := json.Marshal(o)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "The sign-on could not be written.")
	}
	row.Config, row.UpdatedAt = string(config), s.now()
	return tx.PutSignOn(row)
}
