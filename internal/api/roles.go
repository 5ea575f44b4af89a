package api

import (
	"context"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
)

type rolePermissions = map[access.Permission]string

// NewRoleInput makes a role.
type NewRoleInput struct {
	Name        string          `json:"name" minLength:"1" maxLength:"60"`
	Base        access.Role     `json:"base" enum:"administrator,supervisor,agent,monitor,privacy_officer" doc:"The built-in role that it is a copy of. Stays as it is."`
	Permissions rolePermissions `json:"permissions" doc:"How far each permission that it gives shall reach: own or all, as GET permissions offers."`
}

// RoleInput is a role as it shall be.
type RoleInput struct {
	Version     int64           `json:"version" doc:"The version you saw; 409 if someone was faster."`
	Name        string          `json:"name" minLength:"1" maxLength:"60"`
	Permissions rolePermissions `json:"permissions" doc:"All that it shall give; what is left out it does not give any more."`
}

// RoleEffectInput asks what a change would do.
type RoleEffectInput struct {
	Permissions rolePermissions `json:"permissions"`
}

type newRoleInput struct{ Body NewRoleInput }

type roleInput struct {
	ByID
	Body RoleInput
}

type roleEffectInput struct {
	ByID
	Body RoleEffectInput
}

type deleteRoleInput struct {
	ByID
	Version     int64  `query:"version" required:"true" doc:"The version you saw."`
	Replacement string `query:"replacement" maxLength:"64" doc:"The role that those who have it get instead: a built-in one, or the id of another. Without one a role that somebody has stays."`
}

func (s *Server) roleRoutes() {
	const tag = "Roles"
	read, change := needs(access.UserRead), Guard{Permission: access.RoleManage, Fresh: true}
	handle(s, "GET", "/api/v1/roles", read, about{id: "roles", tag: tag, summary: "List the organisation's own roles",
		detail: "Built-in ones stand in GET permissions."},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[account.Role]], error) {
			items, err := s.Accounts.Roles(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "GET", "/api/v1/roles/{id}", read, about{id: "role", tag: tag, summary: "One of them"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.Role], error) {
			return answer(s.Accounts.Role(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/roles", change, about{id: "createRole", tag: tag, summary: "Make a role", status: 201, once: true,
		detail: "Nobody but administrators gives a role what it may not do itself. " + provenText},
		func(ctx context.Context, c *caller, in *newRoleInput) (*reply[account.Role], error) {
			b := in.Body
			return answer(s.Accounts.CreateRole(ctx, c.Actor, account.NewRole{Name: b.Name, Base: b.Base, Permissions: b.Permissions}))
		})
	handle(s, "POST", "/api/v1/roles/{id}/effect", needs(access.RoleManage), about{id: "roleEffect", tag: tag, summary: "What a change of a role would do", once: true,
		detail: "Who has the role, and what each may do more or less then. Nothing is stored."},
		func(ctx context.Context, c *caller, in *roleEffectInput) (*reply[account.RoleEffect], error) {
			return answer(s.Accounts.RoleEffect(ctx, c.Actor, in.ID, in.Body.Permissions))
		})
	handle(s, "PUT", "/api/v1/roles/{id}", change, about{id: "updateRole", tag: tag, summary: "Change a role", once: true,
		detail: "Takes effect at once on the sessions and keys of all who have it. " + provenText},
		func(ctx context.Context, c *caller, in *roleInput) (*reply[account.Role], error) {
			b := in.Body
			r, err := s.Accounts.UpdateRole(ctx, c.Actor, in.ID, b.Version, account.RoleChange{Name: b.Name, Permissions: b.Permissions})
			return answer(r, conflicting(err, func() (account.Role, error) { return s.Accounts.Role(ctx, c.Actor, in.ID) }))
		})
	handle(s, "DELETE", "/api/v1/roles/{id}", change, about{id: "deleteRole", tag: tag, summary: "Delete a role", once: true,
		detail: "Whoever has it gets the replacement at once. " + provenText},
		func(ctx context.Context, c *caller, in *deleteRoleInput) (*none, error) {
			return done(s.Accounts.DeleteRole(ctx, c.Actor, in.ID, in.Version, access.Role(in.Replacement)))
		})
}
