package account

import (
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/core/unusual"
	"nubitalk/internal/core/usage"
	"nubitalk/internal/store"
)

// Kind is what an organisation is.
type Kind string

const (
	KindOperator Kind = "operator"
	KindReseller Kind = "reseller"
	KindTenant   Kind = "tenant"
)

// Status of an organisation or a user.
type Status string

const (
	Active    Status = "active"
	Suspended Status = "suspended" // organisation: nobody signs in, nothing arrives
	Closed    Status = "closed"    // organisation: its keys are destroyed
	Locked    Status = "locked"    // user: an administrator closed the account
	Deleted   Status = "deleted"   // user: only the id stays, for the records that name it
)

// Organisation is an operator, a reseller or a tenant.
type Organisation struct {
	ID         id.Tenant    `json:"id"`
	Kind       Kind         `json:"kind" enum:"operator,reseller,tenant"`
	Parent     id.Tenant    `json:"parent,omitempty"`
	Slug       string       `json:"slug" doc:"Typed at sign-in: lower-case letters, digits and hyphens."`
	Name       string       `json:"name"`
	Status     Status       `json:"status" enum:"active,suspended,closed"`
	Language   string       `json:"language" enum:"en,pt"`
	TimeZone   string       `json:"time_zone" doc:"IANA name, e.g. Europe/Lisbon."`
	Limits     usage.Limits `json:"limits" doc:"What it may have at most, as the organisation above it chose."`
	Users      int          `json:"users" doc:"Accounts that are not deleted."`
	CreatedAt  time.Time    `json:"created_at"`
	UpdatedAt  time.Time    `json:"updated_at"`
	Version    int64        `json:"version"`
	TrialUntil time.Time    `json:"trial_until,omitzero" doc:"It is on trial, and is suspended then."`
	EndsAt     time.Time    `json:"ends_at,omitzero" doc:"Its end was begun and comes then, or has come. Until then it is suspended, and it may be called off."`
}

// NewOrganisation is what creating one takes.
type NewOrganisation struct {
	Kind          Kind
	Slug          string
	Name          string
	Language      string
	TimeZone      string
	Administrator string // user name of the first administrator
	Limits        usage.Limits

	link *store.SignUpLinkRow // by which it signs up; nil if who is above makes it
}

// OrganisationChange changes what is not nil.
type OrganisationChange struct {
	Name      *string
	Status    *Status
	Language  *string
	TimeZone  *string
	Limits    *usage.Limits
	TrialDays *int64 // from now; 0: it is not on trial any more
}

// Profile is what a user may tell of itself. Everything is optional (notice
// C23) and sealed at rest. The strings are revealed: they go to authorised
// screens, never to a log.
type Profile struct {
	DisplayName string `json:"display_name" maxLength:"80" doc:"Shown to colleagues and, in a chat, to the visitor. May be a pseudonym or empty."`
	Email       string `json:"email" maxLength:"254" doc:"Personal data; nothing needs it."`
	Phone       string `json:"phone" maxLength:"40" doc:"Personal data; nothing needs it."`
	Signature   string `json:"signature,omitempty" maxLength:"1000" doc:"Below the mailbox's, in emails that the user writes; whoever gets them reads it. May be empty."`
}

// ProfileChange changes what is not nil: whoever does not want to give a value
// never has to name it.
type ProfileChange struct {
	DisplayName *string `json:"display_name,omitempty" maxLength:"80" doc:"Shown to colleagues and, in a chat, to the visitor. May be a pseudonym or empty."`
	Email       *string `json:"email,omitempty" maxLength:"254" doc:"Personal data; nothing needs it."`
	Phone       *string `json:"phone,omitempty" maxLength:"40" doc:"Personal data; nothing needs it."`
	Signature   *string `json:"signature,omitempty" maxLength:"1000" doc:"Below the mailbox's, in emails that the user writes; whoever gets them reads it. May be empty."`
}

// Of is the profile after the change; a nil change changes nothing.
func (c *ProfileChange) Of(p Profile) Profile {
	if c == nil {
		return p
	}
	for _, f := range []struct {
		to  *string
		new *string
	}{{&p.DisplayName, c.DisplayName}, {&p.Email, c.Email}, {&p.Phone, c.Phone}, {&p.Signature, c.Signature}} {
		if f.new != nil {
			*f.to = *f.new
		}
	}
	return p
}

// User is an account.
type User struct {
	ID          string              `json:"id"`
	UserName    string              `json:"user_name" doc:"May be a pseudonym."`
	Status      Status              `json:"status" enum:"active,locked,deleted"`
	Roles       []access.Role       `json:"roles" doc:"Built-in ones, and ids of the organisation's own."`
	Parts       RoleParts           `json:"role_parts" doc:"Those of its roles that it has for some teams, queues and campaigns only, by role; it has the others for everything."`
	Kinds       []access.Role       `json:"kinds" enum:"administrator,supervisor,agent,monitor,privacy_officer,reseller,operator" doc:"The built-in roles that it counts as: those it has, and those that its other roles were made from."`
	Skills      map[string]int      `json:"skills" doc:"Skill id to proficiency, 1-10."`
	Teams       []string            `json:"teams" doc:"Team ids."`
	Site        string              `json:"site" doc:"Site id; empty for none."`
	Capacity    map[acd.Channel]int `json:"capacity" doc:"Interactions at once per channel; absent: the tenant's rule."`
	Profile     Profile             `json:"profile"`
	MustChange  bool                `json:"must_change" doc:"The next sign-in must choose a new password."`
	State       UserState           `json:"state" enum:"active,must_change,locked_out,locked,locked_by_directory,invited,not_invited" doc:"How the account stands. not_invited: its invitation is over or was withdrawn."`
	Invitation  *Invitation         `json:"invitation,omitempty" doc:"While it has no password because it was invited."`
	Factors     []FactorKind        `json:"factors" enum:"totp,passkey" doc:"Kinds of second factor that it has."`
	LockedUntil time.Time           `json:"locked_until,omitzero" doc:"Too many failed sign-ins."`
	Language    string              `json:"language" enum:"en,pt"`
	SignedInAt  time.Time           `json:"signed_in_at,omitzero"`
	CreatedAt   time.Time           `json:"created_at"`
	UpdatedAt   time.Time           `json:"updated_at"`
	Version     int64               `json:"version"`
}

// NewUser is what creating one takes; only UserName must be there. Without roles
// it is an agent, or what users of an operator or a reseller are.
type NewUser struct {
	UserName string
	Roles    []access.Role
	Parts    RoleParts
	Skills   map[string]int
	Teams    []string
	Site     string
	Capacity map[acd.Channel]int
	Profile  Profile
	Language string
}

// UserChange changes what is not nil.
type UserChange struct {
	UserName *string
	Status   *Status
	Roles    *[]access.Role
	Parts    *RoleParts // nil: as it is, as far as the roles stay
	Skills   *map[string]int
	Teams    *[]string
	Site     *string
	Capacity *map[acd.Channel]int
	Profile  *ProfileChange
	Language *string
}

// Session is a recognised token: who asks, and what the door must know.
type Session struct {
	Actor      access.Actor
	Kind       Kind // of the actor's organisation
	APIKey     bool
	MustChange bool      // may only choose a new password or sign out
	MustSetUp  bool      // may only add a second factor, choose a password or sign out
	Language   string    // the user's, as a code such as pt; "" for a key
	ExpiresAt  time.Time // the absolute end; zero for a key without one
	ProvedAt   time.Time // when its holder last proved to be the user
	ByProvider bool      // the organisation's own provider opened it

	homeSession  string    // of a support session: the session it stands in
	homeUntil    time.Time // the absolute end of that one
	supportUntil time.Time // when the grant ends

	opened      time.Time
	lacksFactor bool // that was asked for when it was opened
	rule        setup.SignInRule
}

// SignedIn answers a sign-in. Token is shown once; Devices is for the browser to
// keep and to send along with the next sign-in. With Second there is no session
// yet.
type SignedIn struct {
	Session Session
	Token   secret.Text
	Devices secret.Text
	Hint    secret.Text // for SignOutPage, of a sign-in by the provider
	Again   bool        // the session is the one that was there: who holds it proved anew who it is
	Second  *SecondStep
}

// SecondStep is what a right password leads to where a second factor is asked for.
type SecondStep struct {
	State string       `json:"state" doc:"To send along with a code, within five minutes."`
	Kinds []FactorKind `json:"kinds" enum:"totp,passkey" doc:"What the user has. A recovery code does as well."`
}

// SessionView is one of a user's sessions.
type SessionView struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Current   bool      `json:"current" doc:"The session of this call."`
	// Unusual is absent of a usual one.
	Unusual []unusual.Reason `json:"unusual,omitempty" enum:"failures,place,hour" doc:"Why its sign-in was unusual: wrong passwords right before, a browser and a network or an hour of the day that are new for this user."`
}

// Me is a signed-in user with what it may do.
type Me struct {
	User            User                `json:"user"`
	Organisation    OrganisationName    `json:"organisation"`
	Session         string              `json:"session"`
	Permissions     []access.Permission `json:"permissions" doc:"What this user may do at least on its own things."`
	Partly          []access.Permission `json:"partly" nullable:"false" doc:"Those of the permissions that reach some teams, queues and campaigns only."`
	OwnRoles        []RoleName          `json:"own_roles" nullable:"false" doc:"Those of its roles that its organisation made for itself."`
	MustChange      bool                `json:"must_change" doc:"Only a new password may be chosen now."`
	MustSetUp       bool                `json:"must_set_up" doc:"Only a second factor may be added now: the organisation's rules ask for one."`
	WrongCodes      int                 `json:"wrong_codes" doc:"Codes of second factors that were wrong, after the right password, in browsers that do not know the user: since the last right one there, or the last new password."`
	UnusualSessions int                 `json:"unusual_sessions" doc:"Other sessions of this user that last and whose sign-in was unusual."`
	ByProvider      bool                `json:"by_provider" doc:"Signed in by the organisation's own provider: who has to prove anew who it is does it there."`
	DeviceProof     bool                `json:"device_proof" doc:"Who has to prove anew who it is does it at the organisation's own provider alone, which looks at the device (device_context)."`
	PasswordLength  int                 `json:"password_length" doc:"Fewest characters of a new password."`
	ExpiresAt       time.Time           `json:"expires_at,omitzero"`
	IdleMinutes     int                 `json:"idle_minutes" doc:"The session ends when it is not used for so long."`
	KeepKey         string              `json:"keep_key,omitempty" doc:"The same at each sign-in of this user, and nobody else's (base64, 32 bytes): a page seals under it what is still unsent when the session ends, and only its user opens it again. Not told before a second factor or a new password that is asked for."`
	VisitorsAt      string              `json:"visitors_at,omitempty" doc:"Address of visitors' pages (the page to call from, the widget) where they have a host name of their own; else it is that of the users."`
	Encryption      string              `json:"encryption,omitempty" enum:"chosen,required,strong" doc:"What the operator of the installation asks of all connections. chosen: nothing more than was chosen. required: nothing passes unencrypted. strong: nor by what is old."`
	Support         *SupportView        `json:"support,omitempty" doc:"Set while one is in another organisation's affairs, by its grant; organisation is that one."`
}

// OrganisationName is the part of an organisation that all its users see.
type OrganisationName struct {
	ID       id.Tenant `json:"id"`
	Kind     Kind      `json:"kind" enum:"operator,reseller,tenant"`
	Slug     string    `json:"slug"`
	Name     string    `json:"name"`
	Language string    `json:"language" enum:"en,pt"`
	TimeZone string    `json:"time_zone"`
	EndsAt   time.Time `json:"ends_at,omitzero" doc:"It ends then; until then its administrators and privacy officers may sign in, for the code of its certificate alone."`
}

// APIKey is a key for programs. The secret itself is shown once, when made.
type APIKey struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`
	Roles     []access.Role       `json:"roles"`
	Parts     RoleParts           `json:"role_parts" doc:"Those of the roles that it has for some teams, queues and campaigns only, by role."`
	Scopes    []access.Permission `json:"scopes,omitempty" doc:"Narrows the roles to these permissions; absent: all that the roles give."`
	CreatedBy string              `json:"created_by"`
	CreatedAt time.Time           `json:"created_at"`
	ExpiresAt time.Time           `json:"expires_at,omitzero"`
	UsedAt    time.Time           `json:"used_at,omitzero"`
	RevokedAt time.Time           `json:"revoked_at,omitzero"`
	// EarlierUntil is set by a rotation.
	EarlierUntil time.Time `json:"earlier_until,omitzero" doc:"Until when the secret before the last rotation is good."`
}

// NewAPIKey is what making one takes.
type NewAPIKey struct {
	Name      string
	Roles     []access.Role
	Parts     RoleParts
	Scopes    []access.Permission // nil: all that the roles give
	ExpiresAt time.Time           // zero: no end
}
