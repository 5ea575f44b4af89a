package store

import (
	"maps"
	"slices"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
)

// RoleRow is a role that a tenant made for itself.
type RoleRow struct {
	ID        string
	Name      string
	NameKey   string // normalised; unique in the organisation
	Base      string // the built-in role that it began as a copy of
	Grants    map[string]int
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Custom is the role as permissions are asked of it.
func (r RoleRow) Custom() access.Custom {
	c := access.Custom{ID: access.Role(r.ID), Base: access.Role(r.Base), Grants: make(map[access.Permission]access.Scope, len(r.Grants))}
	for p, s := range r.Grants {
		if s > 0 && s < len(grantsStored) {
			c.Grants[access.Permission(p)] = grantsStored[s]
		}
	}
	return c
}

// grantsStored are the scopes that a role of a tenant's own gives, by how they are
// stored.
var grantsStored = [...]access.Scope{access.None, access.Own, access.Tenant}

// GrantsStored is how a role's permissions are stored.
func GrantsStored(given map[access.Permission]access.Scope) map[string]int {
	out := make(map[string]int, len(given))
	for p, s := range given {
		out[string(p)] = slices.Index(grantsStored[:], s)
	}
	return out
}

const roleColumns = "role_id, name, name_key, base, grants, created_at, updated_at, version"

func scanRole(r row, o *RoleRow) error {
	return r.Scan(&o.ID, &o.Name, &o.NameKey, &o.Base, fromJSON(&o.Grants), at(&o.CreatedAt), at(&o.UpdatedAt), &o.Version)
}

// InsertRole adds a role, at version 1. A name that is taken is Conflict.
func (tx *Tx) InsertRole(o RoleRow) error {
	_, err := tx.exec(`INSERT INTO roles (tenant_id, `+roleColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)`,
		string(tx.scope.Tenant), o.ID, o.Name, o.NameKey, o.Base, jsonMap(o.Grants), us(o.CreatedAt), us(o.UpdatedAt))
	return err
}

// UpdateRole changes a role if its version still is o.Version.
func (tx *Tx) UpdateRole(o RoleRow) error {
	n, err := tx.exec(`UPDATE roles SET name = $4, name_key = $5, grants = $6, updated_at = $7, version = version + 1 WHERE tenant_id = $1 AND role_id = $2 AND version = $3`,
		string(tx.scope.Tenant), o.ID, o.Version, o.Name, o.NameKey, jsonMap(o.Grants), us(o.UpdatedAt))
	return tx.swapped("role", n, err, `SELECT version FROM roles WHERE tenant_id = $1 AND role_id = $2`, string(tx.scope.Tenant), o.ID)
}

// DeleteRole removes a role that nobody has any more.
func (tx *Tx) DeleteRole(roleID string) error {
	n, err := tx.exec(`DELETE FROM roles WHERE tenant_id = $1 AND role_id = $2`, string(tx.scope.Tenant), roleID)
	return must("role", n, err)
}

// Role is a role by its id.
func (tx *Tx) Role(roleID string) (RoleRow, error) {
	return get(tx, "role", scanRole, `SELECT `+roleColumns+` FROM roles WHERE tenant_id = $1 AND role_id = $2`, string(tx.scope.Tenant), roleID)
}

// Roles are the tenant's own roles, by age.
func (tx *Tx) Roles() ([]RoleRow, error) {
	return list(tx, scanRole, `SELECT `+roleColumns+` FROM roles WHERE tenant_id = $1 ORDER BY role_id`, string(tx.scope.Tenant))
}

// resolver finds the tenant's own roles among lists of roles, and reads them
// when the first is met.
type resolver struct {
	tx  *Tx
	all map[string]access.Custom
	err error
}

func (r *resolver) custom(roles []string) (out []access.Custom) {
	for _, role := range roles {
		if !access.IsCustom(access.Role(role)) {
			continue
		}
		if r.all == nil && r.err == nil {
			r.all = map[string]access.Custom{}
			rows, err := r.tx.Roles()
			r.err = err
			for _, o := range rows {
				r.all[o.ID] = o.Custom()
			}
		}
		if c, ok := r.all[role]; ok {
			out = append(out, c)
		}
	}
	return out
}

// Resolve reads the tenant's own ones of a user's roles, after they changed.
func (tx *Tx) Resolve(u *UserRow) error {
	r := resolver{tx: tx}
	u.Custom = r.custom(u.Roles)
	return r.err
}

func (tx *Tx) resolveUsers(users []UserRow, err error) ([]UserRow, error) {
	r := resolver{tx: tx}
	for i := range users {
		users[i].Custom = r.custom(users[i].Roles)
	}
	if err == nil {
		err = r.err
	}
	return users, err
}

func (tx *Tx) resolveUser(u UserRow, err error) (UserRow, error) {
	if err == nil {
		err = tx.Resolve(&u)
	}
	return u, err
}

func (tx *Tx) resolveKeys(keys []APIKeyRow, err error) ([]APIKeyRow, error) {
	r := resolver{tx: tx}
	for i := range keys {
		keys[i].Custom = r.custom(keys[i].Roles)
	}
	if err == nil {
		err = r.err
	}
	return keys, err
}

func (tx *Tx) resolveKey(k APIKeyRow, err error) (APIKeyRow, error) {
	keys, err := tx.resolveKeys([]APIKeyRow{k}, err)
	return keys[0], err
}

// Actor is the user as permissions are asked of it.
func (u UserRow) Actor(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: u.ID, Roles: rolesAs(u.Roles), Custom: u.Custom, Parts: u.Parts}
}

// UsesDesk says whether the user may use the desk: whether it counts as an agent
// of its organisation.
func (u UserRow) UsesDesk() bool {
	return access.Reach(u.Actor(""), access.DeskUse) > access.None
}

// Serves says whether the user serves queues: it uses the desk, and is an agent
// or has a role made from that.
func (u UserRow) Serves() bool { return u.UsesDesk() && u.Actor("").Is(access.Agent) }

// Actor is the key as permissions are asked of it.
func (k APIKeyRow) Actor(t id.Tenant) access.Actor {
	a := access.Actor{Tenant: t, User: k.ID, Session: k.ID, Roles: rolesAs(k.Roles), Custom: k.Custom, Parts: k.Parts}
	if k.Scopes != nil {
		a.Scopes = make([]access.Permission, len(k.Scopes))
		for i, p := range k.Scopes {
			a.Scopes[i] = access.Permission(p)
		}
	}
	return a
}

func rolesAs(list []string) []access.Role {
	out := make([]access.Role, len(list))
	for i, r := range list {
		out[i] = access.Role(r)
	}
	return out
}

// DeskUsers is how many active accounts may use the desk.
func (tx *Tx) DeskUsers() (n int64, err error) {
	all, err := list(tx, func(r row, roles *[]string) error { return r.Scan(fromJSON(roles)) },
		`SELECT roles FROM users WHERE tenant_id = $1 AND status = 'active' ORDER BY user_id`, string(tx.scope.Tenant))
	if err != nil {
		return 0, err
	}
	r := resolver{tx: tx}
	for _, roles := range all {
		if (UserRow{Roles: roles, Custom: r.custom(roles)}).UsesDesk() {
			n++
		}
	}
	return n, r.err
}

// replaceKeyRole puts another role in the place of one; a key that has it already
// keeps it once.
func (tx *Tx) replaceKeyRole(k APIKeyRow, from, to string) error {
	roles, parts := ReplaceRole(k.Roles, k.Parts, from, to)
	n, err := tx.exec(`UPDATE api_keys SET roles = $3, role_parts = $4 WHERE tenant_id = $1 AND key_id = $2`, string(tx.scope.Tenant), k.ID, jsonList(roles), jsonMap(parts))
	return must("API key", n, err)
}

// ReplaceRole puts another role in the place of one, for the part for which that was
// given. Who has the other for more keeps that.
func ReplaceRole(roles []string, parts map[access.Role]access.RolePart, from, to string) ([]string, map[access.Role]access.RolePart) {
	had := slices.Contains(roles, to)
	roles = append(slices.DeleteFunc(slices.Clone(roles), func(r string) bool { return r == from || r == to }), to)
	slices.Sort(roles)
	parts = maps.Clone(parts)
	part, narrow := parts[access.Role(from)]
	mine, narrowed := parts[access.Role(to)]
	delete(parts, access.Role(from))
	switch {
	case had && narrowed && narrow:
		parts[access.Role(to)] = mine.And(part)
	case had && narrowed:
		delete(parts, access.Role(to)) // it had the first for everything
	case !had && narrow:
		parts[access.Role(to)] = part
	}
	return roles, parts
}

// ReplaceKeyRoles puts another role in the place of one, for all keys.
func (tx *Tx) ReplaceKeyRoles(from, to string) error {
	for after := ""; ; {
		keys, err := tx.APIKeys(after, 200)
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, k := range keys {
			after = k.ID
			if slices.Contains(k.Roles, from) {
				if err := tx.replaceKeyRole(k, from, to); err != nil {
					return err
				}
			}
		}
	}
}
