package account

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// maxRoles is how many roles of its own an organisation may have.
const maxRoles = 50

// Role is one that a tenant made for itself.
type Role struct {
	ID          string                       `json:"id"`
	Name        string                       `json:"name"`
	Base        access.Role                  `json:"base" enum:"administrator,supervisor,agent,monitor,privacy_officer" doc:"The built-in role that it began as a copy of. Who has it counts as that where a role is more than permissions: one made from agent serves queues."`
	Permissions map[access.Permission]string `json:"permissions" doc:"How far each permission that it gives reaches: own or all."`
	Users       int                          `json:"users" doc:"Accounts that have it."`
	Keys        int                          `json:"keys" doc:"API keys that have it and were not revoked."`
	CreatedAt   time.Time                    `json:"created_at"`
	UpdatedAt   time.Time                    `json:"updated_at"`
	Version     int64                        `json:"version"`
}

// RoleName is a role as everybody sees it who has it.
type RoleName struct {
	ID   string      `json:"id"`
	Name string      `json:"name"`
	Base access.Role `json:"base" enum:"administrator,supervisor,agent,monitor,privacy_officer"`
}

// NewRole is what making one takes.
type NewRole struct {
	Name        string
	Base        access.Role
	Permissions map[access.Permission]string
}

// RoleChange is a role as it shall be.
type RoleChange struct {
	Name        string
	Permissions map[access.Permission]string
}

// RoleEffect is what a change of a role would do to those who have it.
type RoleEffect struct {
	Users []RoleHolder `json:"users" nullable:"false" doc:"Accounts that have the role, by name."`
	Keys  []RoleHolder `json:"keys" nullable:"false" doc:"API keys that have it."`
}

// RoleHolder is an account or a key and what changes for it. Where another of
// its roles gives the same, nothing does.
type RoleHolder struct {
	ID    string              `json:"id"`
	Name  string              `json:"name" doc:"User name, or the key's name."`
	Gains []access.Permission `json:"gains" nullable:"false" doc:"What it may do from then on, or further than before."`
	Loses []access.Permission `json:"loses" nullable:"false" doc:"What it may not do any more, or less far."`
	Part  *access.RolePart    `json:"part,omitempty" doc:"For what it has the role; absent: for everything."`
}

// Roles are the organisation's own roles, by age.
func (s *Service) Roles(ctx context.Context, a access.Actor) ([]Role, error) {
	if err := maySome(a, access.UserRead); err != nil {
		return nil, err
	}
	out := []Role{}
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Roles()
		if err != nil || len(rows) == 0 {
			return err
		}
		h, err := readHolders(tx)
		h = h.seenBy(a)
		out = out[:0]
		for _, r := range rows {
			out = append(out, h.view(r))
		}
		return err
	})
	return out, err
}

// Role is one of the organisation's own roles.
func (s *Service) Role(ctx context.Context, a access.Actor, role string) (out Role, err error) {
	if err := maySome(a, access.UserRead); err != nil {
		return Role{}, err
	}
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Role(role)
		if err != nil {
			return err
		}
		h, err := readHolders(tx)
		out = h.seenBy(a).view(row)
		return err
	})
	return out, err
}

// holders are those who may have a role.
type holders struct {
	users []store.UserRow
	keys  []store.APIKeyRow
}

func readHolders(tx *store.Tx) (h holders, err error) {
	users, err := tx.Users()
	if err != nil {
		return h, err
	}
	keys, err := tx.APIKeys("", 1000)
	h.users = slices.DeleteFunc(users, func(u store.UserRow) bool { return u.Status == string(Deleted) })
	h.keys = slices.DeleteFunc(keys, func(k store.APIKeyRow) bool { return !k.RevokedAt.IsZero() })
	return h, err
}

// seenBy are those of whom an actor may know.
func (h holders) seenBy(a access.Actor) holders {
	if access.Reach(a, access.UserRead) == access.Tenant {
		return h
	}
	return holders{users: slices.DeleteFunc(h.users, func(u store.UserRow) bool { return !reaches(a, access.UserRead, u) })}
}

func (h holders) of(role string) (out holders) {
	for _, u := range h.users {
		if slices.Contains(u.Roles, role) {
			out.users = append(out.users, u)
		}
	}
	for _, k := range h.keys {
		if slices.Contains(k.Roles, role) {
			out.keys = append(out.keys, k)
		}
	}
	return out
}

func (h holders) view(r store.RoleRow) Role {
	v := Role{ID: r.ID, Name: r.Name, Base: access.Role(r.Base), Permissions: map[access.Permission]string{}, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Version: r.Version}
	for p, s := range r.Custom().Grants {
		v.Permissions[p] = s.Word()
	}
	with := h.of(r.ID)
	v.Users, v.Keys = len(with.users), len(with.keys)
	return v
}

// checkRole checks what a role shall be called and give. had are the permissions
// that it gives already: who changes it need not have those.
func checkRole(f *errs.Fields, a access.Actor, name string, permissions map[access.Permission]string, had map[access.Permission]access.Scope) (string, map[access.Permission]access.Scope) {
	name = checkText(f, "name", name, 1, 60)
	if slices.Contains(builtInNames, nameKey(name)) {
		f.Add("name", "is the name of a built-in role; choose another")
	}
	given := make(map[access.Permission]access.Scope, len(permissions))
	more := access.Custom{Grants: map[access.Permission]access.Scope{}}
	for p, word := range permissions {
		given[p] = access.ScopeOf(word)
		if given[p] > had[p] {
			more.Grants[p] = given[p]
		}
	}
	access.CheckGrants(f, "permissions", given)
	if len(*f) == 0 {
		for _, p := range access.Excess(access.Actor{Custom: []access.Custom{more}}, a) {
			f.Add("permissions."+string(p), "is more than you may do yourself")
		}
	}
	return name, given
}

// builtInNames are the names of the built-in roles in the languages of the
// screens, normalised: a role that is called so would be taken for it.
var builtInNames = []string{"administrator", "administrador", "supervisor", "agent", "agente", "monitor", "observador", "privacy officer", "responsável pela privacidade", "reseller", "revendedor", "operator", "operador"}

// CreateRole makes a role of the organisation's own. Nobody gives a role what it
// may not do itself, but administrators, who say who does what (access.Excess).
func (s *Service) CreateRole(ctx context.Context, a access.Actor, n NewRole) (Role, error) {
	if err := may(a, access.RoleManage); err != nil {
		return Role{}, err
	}
	var f errs.Fields
	name, given := checkRole(&f, a, n.Name, n.Permissions, nil)
	if !slices.Contains(access.TenantRoles, n.Base) {
		f.Add("base", "%q is not a role here; %s", n.Base, roleList(access.TenantRoles))
	}
	if err := f.Err(); err != nil {
		return Role{}, err
	}
	now := s.now()
	row := store.RoleRow{ID: s.IDs.New(id.Role), Name: name, NameKey: nameKey(name), Base: string(n.Base), Grants: store.GrantsStored(given), CreatedAt: now, UpdatedAt: now}
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		all, err := tx.Roles()
		if err != nil {
			return err
		}
		if len(all) >= maxRoles {
			return errs.New(errs.Conflict, "There are %d roles already. Delete those that nobody needs.", len(all))
		}
		if err := tx.InsertRole(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "role.created", "role", row.ID, map[string]string{"base": row.Base, "permissions": grantWords(given)})
	})
	if err != nil {
		return Role{}, nameTaken(err, "name")
	}
	row.Version = 1
	s.tellRoles(a.Tenant, row.ID)
	return holders{}.view(row), nil
}

// grantWords says in words of ours what a role gives.
func grantWords(given map[access.Permission]access.Scope) string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(given)) {
		out = append(out, string(p)+"="+given[p].Word())
	}
	return strings.Join(out, " ")
}

// tellRoles lets screens fetch roles again.
func (s *Service) tellRoles(t id.Tenant, role string) {
	s.publish(bus.Event{Tenant: t, Kind: "setup.changed", Watch: access.UserRead, Data: []byte(`{"kind":"roles","id":` + strconv.Quote(role) + `}`)})
}

// RoleEffect says what a change of permissions would do to those who have the
// role, and stores nothing.
func (s *Service) RoleEffect(ctx context.Context, a access.Actor, role string, permissions map[access.Permission]string) (out RoleEffect, err error) {
	if err := may(a, access.RoleManage); err != nil {
		return out, err
	}
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Role(role)
		if err != nil {
			return err
		}
		var f errs.Fields
		_, given := checkRole(&f, a, row.Name, permissions, row.Custom().Grants)
		if err := f.Err(); err != nil {
			return err
		}
		h, err := readHolders(tx)
		out = effect(h.of(role), row, given)
		return err
	})
	return out, err
}

func effect(h holders, row store.RoleRow, given map[access.Permission]access.Scope) RoleEffect {
	out := RoleEffect{Users: []RoleHolder{}, Keys: []RoleHolder{}}
	holder := func(id, name string, before access.Actor) RoleHolder {
		after := with(before, row.ID, given)
		out := RoleHolder{ID: id, Name: name, Gains: append([]access.Permission{}, access.Beyond(after, before)...), Loses: append([]access.Permission{}, access.Beyond(before, after)...)}
		if part, ok := before.Parts[access.Role(row.ID)]; ok {
			out.Part = &part
		}
		return out
	}
	for _, u := range h.users {
		out.Users = append(out.Users, holder(u.ID, u.UserName, u.Actor("")))
	}
	for _, k := range h.keys {
		out.Keys = append(out.Keys, holder(k.ID, k.Name, k.Actor("")))
	}
	for _, list := range [][]RoleHolder{out.Users, out.Keys} {
		order.Stable(list, func(a, b RoleHolder) int { return cmp.Compare(a.Name, b.Name) })
	}
	return out
}

// with is an actor for whom one of its own roles gives something else.
func with(a access.Actor, role string, given map[access.Permission]access.Scope) access.Actor {
	a.Custom = slices.Clone(a.Custom)
	for i, c := range a.Custom {
		if string(c.ID) == role {
			a.Custom[i].Grants = given
		}
	}
	return a
}

// UpdateRole changes a role that the caller saw at a version. It takes effect at
// once on the sessions and keys of all who have it.
func (s *Service) UpdateRole(ctx context.Context, a access.Actor, role string, version int64, c RoleChange) (Role, error) {
	if err := may(a, access.RoleManage); err != nil {
		return Role{}, err
	}
	var out Role
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Role(role)
		if err != nil {
			return err
		}
		if row.Version != version {
			return errs.New(errs.Conflict, "This role was changed by someone else in the meantime.")
		}
		before := row.Custom().Grants
		var f errs.Fields
		name, given := checkRole(&f, a, c.Name, c.Permissions, before)
		if err := f.Err(); err != nil {
			return err
		}
		h, err := readHolders(tx)
		if err != nil {
			return err
		}
		if err := s.roomForHolders(tx, h.of(role), row.ID, given); err != nil {
			return err
		}
		if err := s.noteEndRights(tx, h.of(role), row.ID, given); err != nil {
			return err
		}
		row.Name, row.NameKey, row.Grants, row.UpdatedAt = name, nameKey(name), store.GrantsStored(given), s.now()
		if err := tx.UpdateRole(row); err != nil {
			return err
		}
		row.Version++
		out = h.view(row)
		return s.Audit.Record(tx, a, "role.changed", "role", role, grantsChanged(before, given))
	})
	if err != nil {
		if e := errs.As(err); e.Code == errs.Conflict && e.Cause != nil {
			return Role{}, nameTaken(err, "name")
		}
		return Role{}, err
	}
	s.tell(a.Tenant, Change{})
	s.tellRoles(a.Tenant, role)
	return out, nil
}

// noteEndRights notes whom a change of a role gives the right to agree to the
// organisation's end, and from whom it takes it.
func (s *Service) noteEndRights(tx *store.Tx, h holders, role string, given map[access.Permission]access.Scope) error {
	for _, u := range h.users {
		after := u
		after.Custom = with(u.Actor(""), role, given).Custom
		noteEndRight(u, &after, s.now())
		if after.EndSince.Equal(u.EndSince) && after.EndLostAt.Equal(u.EndLostAt) {
			continue
		}
		if err := tx.UpdateUser(after); err != nil {
			return err
		}
	}
	return nil
}

// roomForHolders refuses a change that makes more accounts agents than the
// organisation may have.
func (s *Service) roomForHolders(tx *store.Tx, h holders, role string, given map[access.Permission]access.Scope) error {
	var more int64
	for _, u := range h.users {
		if u.Status == string(Active) && !u.UsesDesk() && access.Reach(with(u.Actor(""), role, given), access.DeskUse) > access.None {
			more++
		}
	}
	if more == 0 {
		return nil
	}
	return s.roomForAgents(tx, more, "permissions."+string(access.DeskUse))
}

// grantsChanged says in words of ours what became of a role's permissions.
func grantsChanged(before, after map[access.Permission]access.Scope) map[string]string {
	set, gone := map[access.Permission]access.Scope{}, map[access.Permission]access.Scope{}
	for p, s := range after {
		if before[p] != s {
			set[p] = s
		}
	}
	for p, s := range before {
		if after[p] == access.None {
			gone[p] = s
		}
	}
	d := map[string]string{}
	if len(set) > 0 {
		d["given"] = grantWords(set)
	}
	if len(gone) > 0 {
		d["taken"] = grantWords(gone)
	}
	return d
}

// roleTurn makes transactions that give roles, and those that delete them, wait
// for one another.
func (s *Service) roleTurn(tx *store.Tx) error {
	_, _, err := tx.Lease("roles", "accounts", time.Minute, s.now())
	return err
}

// mayGive reads the tenant's own ones among a user's new roles, and refuses
// those that do not exist and those that give what the actor may not do itself.
// before has the roles that the user had; those may stay.
func (s *Service) mayGive(tx *store.Tx, a access.Actor, before store.UserRow, u *store.UserRow, path string) error {
	if slices.ContainsFunc(u.Roles, func(r string) bool { return access.IsCustom(access.Role(r)) }) {
		if err := s.roleTurn(tx); err != nil {
			return err
		}
	}
	if err := tx.Resolve(u); err != nil {
		return err
	}
	var f errs.Fields
	checkGiven(&f, a, before, *u, path)
	if err := s.knownParts(tx, &f, "role_parts", before.Parts, u.Actor(a.Tenant)); err != nil {
		return err
	}
	return f.Err()
}

// checkGiven refuses, among the roles that a user did not have before, those that
// do not exist and those that give what the actor may not do itself.
func checkGiven(f *errs.Fields, a access.Actor, before, u store.UserRow, path string) {
	given := u.Actor(a.Tenant)
	for _, r := range given.Roles {
		if access.IsCustom(r) && !slices.ContainsFunc(given.Custom, func(c access.Custom) bool { return c.ID == r }) {
			f.Add(path, "%q is not a role here; %s", r, roleList(access.TenantRoles))
		}
	}
	given.Roles = slices.DeleteFunc(slices.Clone(given.Roles), func(r access.Role) bool { return had(before, given, r) })
	given.Custom = slices.DeleteFunc(slices.Clone(given.Custom), func(c access.Custom) bool { return had(before, given, c.ID) })
	for _, p := range access.Excess(given, a) {
		f.Add(path, "%q is more than you may do yourself", string(p))
	}
}

// mayManage refuses to change the sign-in or the roles of a user who may do more
// than the actor: a new password would make it that user.
func mayManage(a access.Actor, u store.UserRow) error {
	if u.ID != a.User && len(access.Excess(u.Actor(a.Tenant), a)) > 0 {
		return errs.New(errs.Forbidden, "This user may do more than you may yourself. Please ask an administrator.")
	}
	return nil
}

// roleNames are those of an actor's roles that its tenant made, with their names.
func (s *Service) roleNames(ctx context.Context, a access.Actor) ([]RoleName, error) {
	out := []RoleName{}
	if len(a.Custom) == 0 {
		return out, nil
	}
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows, err := tx.Roles()
		out = out[:0]
		for _, r := range rows {
			if slices.Contains(a.Roles, access.Role(r.ID)) {
				out = append(out, RoleName{r.ID, r.Name, access.Role(r.Base)})
			}
		}
		return err
	})
	return out, err
}
