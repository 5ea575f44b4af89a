package api

import (
	"context"
	"maps"
	"slices"
	"time"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
)

// NewUserInput creates a user; only user_name must be there (notice C24).
type NewUserInput struct {
	UserName string                 `json:"user_name" minLength:"1" maxLength:"64" doc:"May be a pseudonym."`
	Roles    []access.Role          `json:"roles,omitempty" doc:"Absent: agent, or the one role of an operator's or a reseller's users."`
	Parts    account.RoleParts      `json:"role_parts,omitempty" doc:"Those of the roles that it shall have for some teams, queues and campaigns only, by role."`
	Skills   map[string]int         `json:"skills,omitempty" doc:"Skill id to proficiency, 1-10."`
	Teams    []string               `json:"teams,omitempty" doc:"Team ids."`
	Site     string                 `json:"site,omitempty" maxLength:"64" doc:"Site id."`
	Capacity map[acd.Channel]int    `json:"capacity,omitempty" doc:"Interactions at once per channel."`
	Profile  *account.ProfileChange `json:"profile,omitempty"`
	Language string                 `json:"language,omitempty" enum:"en,pt"`
}

func (in NewUserInput) newUser() account.NewUser {
	return account.NewUser{UserName: in.UserName, Roles: in.Roles, Parts: in.Parts, Skills: in.Skills, Teams: in.Teams, Site: in.Site, Capacity: in.Capacity,
		Profile: in.Profile.Of(account.Profile{}), Language: in.Language}
}

// UserChangeInput changes what it names.
type UserChangeInput struct {
	Version  int64                  `json:"version"`
	UserName *string                `json:"user_name,omitempty" minLength:"1" maxLength:"64"`
	Status   *account.Status        `json:"status,omitempty" enum:"active,locked" doc:"active also ends a lock-out after failed sign-ins."`
	Roles    *[]access.Role         `json:"roles,omitempty"`
	Parts    *account.RoleParts     `json:"role_parts,omitempty" doc:"All of them; a role that is left out it has for everything. Absent: as it is, for roles that stay."`
	Skills   *map[string]int        `json:"skills,omitempty"`
	Teams    *[]string              `json:"teams,omitempty"`
	Site     *string                `json:"site,omitempty" maxLength:"64" doc:"Empty for none."`
	Capacity *map[acd.Channel]int   `json:"capacity,omitempty"`
	Profile  *account.ProfileChange `json:"profile,omitempty" doc:"Changes what it names."`
	Language *string                `json:"language,omitempty" enum:"en,pt"`
}

// CreatedUser shows the one-time password, this once.
type CreatedUser struct {
	User     account.User `json:"user"`
	Password string       `json:"password" doc:"One-time: the first sign-in must choose another."`
}

// OneTimePassword is shown once.
type OneTimePassword struct {
	Password string `json:"password" doc:"The next sign-in must choose another."`
}

// NewAPIKeyInput makes a key.
type NewAPIKeyInput struct {
	Name      string              `json:"name" minLength:"1" maxLength:"80"`
	Roles     []access.Role       `json:"roles"`
	Parts     account.RoleParts   `json:"role_parts,omitempty" doc:"Those of the roles that it shall have for some teams, queues and campaigns only, by role."`
	Scopes    []access.Permission `json:"scopes,omitempty" doc:"Narrows the roles; absent: all that the roles give."`
	ExpiresAt time.Time           `json:"expires_at,omitzero"`
}

// CreatedAPIKey shows the key, this once.
type CreatedAPIKey struct {
	APIKey account.APIKey `json:"api_key"`
	Secret string         `json:"secret" doc:"Send as Authorization: Bearer …; it cannot be shown again."`
}

type pageInput struct{ Page }

type newUserInput struct{ Body NewUserInput }

type userChangeInput struct {
	ByID
	Body UserChangeInput
}

type newKeyInput struct{ Body NewAPIKeyInput }

type rotateKeyInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Overlap   int       `json:"overlap_hours" minimum:"0" maximum:"720" doc:"How long the secret before stays good."`
		ExpiresAt time.Time `json:"expires_at,omitzero" doc:"Another end of the key; left out: it stays."`
	}
}

// PermissionView is one thing that can be allowed.
type PermissionView struct {
	Permission access.Permission `json:"permission"`
	Area       access.Area       `json:"area" enum:"account,work,floor,office,people,privacy,provider" doc:"What it is about."`
	Means      string            `json:"means" doc:"What it allows, in plain words."`
	Roles      map[string]string `json:"roles" doc:"How far it reaches for each role that has it: own, all or below."`
	Part       string            `json:"part" enum:",part,all" doc:"How far it reaches in a role that somebody has for some teams, queues and campaigns only: what part_means says, everything, or nothing. What reaches only one's own stays that."`
	PartMeans  string            `json:"part_means" doc:"What belongs to teams, queues and campaigns, in plain words."`
	Offered    []string          `json:"offered" nullable:"false" enum:"own,all" doc:"How far it may reach for a role that an organisation makes for itself; none: such a role cannot have it."`
}

func permissionViews(language string) []PermissionView {
	entries := access.Catalogue(language)
	out := make([]PermissionView, len(entries))
	for i, e := range entries {
		roles := make(map[string]string, len(e.Grants))
		for role, scope := range e.Grants {
			roles[string(role)] = scope.Word()
		}
		offered := access.Words(access.Offered(e.Permission))
		if e.Permission == access.SignedIn {
			offered = []string{} // everybody's anyway
		}
		part, _ := access.NarrowedOf(e.Permission)
		out[i] = PermissionView{e.Permission, e.Area, e.Means, roles, part.Reach.Word(), part.Of.In(language), offered}
	}
	return out
}

// sameRoles says whether two lists have the same roles, in whatever order.
func sameRoles(a, b []access.Role) bool {
	in := func(list []access.Role) func(access.Role) bool {
		return func(r access.Role) bool { return !slices.Contains(list, r) }
	}
	return !slices.ContainsFunc(a, in(b)) && !slices.ContainsFunc(b, in(a))
}

func (s *Server) userRoutes() {
	const tag = "Users"
	read, write := needs(access.UserRead), needs(access.UserWrite)
	proven := Guard{Permission: access.UserWrite, Fresh: true}
	handle(s, "GET", "/api/v1/users", read, about{id: "users", tag: tag, summary: "List users"},
		func(ctx context.Context, c *caller, in *pageInput) (*reply[ListOf[account.User]], error) {
			return list(s.Accounts.Users(ctx, c.Actor, in.Cursor, in.Limit))
		})
	handle(s, "POST", "/api/v1/users", proven, about{id: "createUser", tag: tag, summary: "Create a user", status: 201, once: true,
		detail: "Answers with a one-time password, shown once. " + provenText},
		func(ctx context.Context, c *caller, in *newUserInput) (*reply[CreatedUser], error) {
			u, password, err := s.Accounts.CreateUser(ctx, c.Actor, in.Body.newUser())
			return answer(CreatedUser{u, password.Reveal()}, err)
		})
	handle(s, "GET", "/api/v1/users/{id}", read, about{id: "user", tag: tag, summary: "One user"},
		func(ctx context.Context, c *caller, in *ByID) (*reply[account.User], error) {
			return answer(s.Accounts.User(ctx, c.Actor, in.ID))
		})
	handle(s, "PATCH", "/api/v1/users/{id}", write, about{id: "updateUser", tag: tag, summary: "Change a user",
		detail: "A change of roles or status takes effect at once on the user's sessions. The last administrator is protected. For other roles than the user has: " + provenText},
		func(ctx context.Context, c *caller, in *userChangeInput) (*reply[account.User], error) {
			b := in.Body
			if (b.Roles != nil || b.Parts != nil) && !c.proven(s.clock.Now()) {
				before, err := s.Accounts.User(ctx, c.Actor, in.ID)
				if err != nil {
					return nil, err
				}
				if b.Roles != nil && !sameRoles(before.Roles, *b.Roles) || b.Parts != nil && !maps.EqualFunc(before.Parts, *b.Parts, access.RolePart.Equal) {
					return nil, confirmAgain()
				}
			}
			u, err := s.Accounts.UpdateUser(ctx, c.Actor, in.ID, b.Version, account.UserChange{UserName: b.UserName, Status: b.Status,
				Roles: b.Roles, Parts: b.Parts, Skills: b.Skills, Teams: b.Teams, Site: b.Site, Capacity: b.Capacity, Profile: b.Profile, Language: b.Language})
			return answer(u, conflicting(err, func() (account.User, error) { return s.Accounts.User(ctx, c.Actor, in.ID) }))
		})
	handle(s, "DELETE", "/api/v1/users/{id}", write, about{id: "deleteUser", tag: tag, summary: "Delete a user",
		detail: "Its profile is erased and it leaves its queues; its work goes back to the front of its queue. Its id stays in the records that name it. The last member of a queue is protected."},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.DeleteUser(ctx, c.Actor, in.ID))
		})
	handle(s, "POST", "/api/v1/users/{id}/password", proven, about{id: "resetPassword", tag: tag, summary: "Give a one-time password", once: true,
		detail: "Shown once. Ends the user's sessions. " + provenText},
		func(ctx context.Context, c *caller, in *ByID) (*reply[OneTimePassword], error) {
			password, err := s.Accounts.ResetPassword(ctx, c.Actor, in.ID)
			return answer(OneTimePassword{password.Reveal()}, err)
		})
	handle(s, "DELETE", "/api/v1/users/{id}/sessions", write, about{id: "endSessions", tag: tag, summary: "Sign a user out everywhere"},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.EndSessions(ctx, c.Actor, in.ID))
		})
	handle(s, "DELETE", "/api/v1/users/{id}/factors", proven, about{id: "resetFactors", tag: tag, summary: "Remove a user's second factors", once: true,
		detail: "For a user who has lost them. Ends the user's sessions. " + provenText},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.ResetFactors(ctx, c.Actor, in.ID))
		})
	s.peopleRoutes()
	s.photoRoutes()
	s.roleRoutes()
	s.keyRoutes()
}

// provenText is said of routes that are Fresh.
const provenText = "A signed-in caller has proved to be itself within ten minutes (POST me/confirm)."

func (s *Server) keyRoutes() {
	const tag = "API keys"
	keys := needs(access.KeyManage)
	handle(s, "GET", "/api/v1/permissions", needs(access.SignedIn), about{id: "permissions", tag: tag, summary: "What can be allowed, and which roles have it",
		detail: "In plain words, in the caller's language. `own` reaches what one holds oneself, `all` everything of one's organisation, `below` the organisations below it."},
		func(_ context.Context, c *caller, _ *none) (*reply[ListOf[PermissionView]], error) {
			return list(permissionViews(string(c.language())), "", nil)
		})
	handle(s, "GET", "/api/v1/api-keys", keys, about{id: "apiKeys", tag: tag, summary: "List API keys"},
		func(ctx context.Context, c *caller, _ *none) (*reply[ListOf[account.APIKey]], error) {
			items, err := s.Accounts.APIKeys(ctx, c.Actor)
			return list(items, "", err)
		})
	handle(s, "POST", "/api/v1/api-keys", Guard{Permission: access.KeyManage, Fresh: true}, about{id: "createAPIKey", tag: tag, summary: "Make an API key", status: 201, once: true,
		detail: "A key never has more than its maker: scopes narrow the roles to what the maker may do too. " + provenText},
		func(ctx context.Context, c *caller, in *newKeyInput) (*reply[CreatedAPIKey], error) {
			b := in.Body
			k, key, err := s.Accounts.CreateAPIKey(ctx, c.Actor, account.NewAPIKey{Name: b.Name, Roles: b.Roles, Parts: b.Parts, Scopes: b.Scopes, ExpiresAt: b.ExpiresAt})
			return answer(CreatedAPIKey{k, key.Reveal()}, err)
		})
	handle(s, "POST", "/api/v1/api-keys/{id}/rotation", Guard{Permission: access.KeyManage, Fresh: true}, about{id: "rotateAPIKey", tag: tag, summary: "Give an API key another secret", once: true,
		detail: "The new secret is shown once. The one before is good for overlap_hours yet, so that programs change without a gap."},
		func(ctx context.Context, c *caller, in *rotateKeyInput) (*reply[CreatedAPIKey], error) {
			k, key, err := s.Accounts.RotateAPIKey(ctx, c.Actor, in.ID, time.Duration(in.Body.Overlap)*time.Hour, in.Body.ExpiresAt)
			return answer(CreatedAPIKey{k, key.Reveal()}, err)
		})
	handle(s, "DELETE", "/api/v1/api-keys/{id}", keys, about{id: "revokeAPIKey", tag: tag, summary: "Revoke an API key"},
		func(ctx context.Context, c *caller, in *ByID) (*none, error) {
			return done(s.Accounts.RevokeAPIKey(ctx, c.Actor, in.ID))
		})
}
