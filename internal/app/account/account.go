package account

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"log/slog"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/openid"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Vault seals profiles and keeps tenants' keys.
type Vault interface {
	CreateTenant(ctx context.Context, t id.Tenant) error
	DestroyTenant(ctx context.Context, t id.Tenant) error
	Forget(t id.Tenant, contact string)
	Describe(ctx context.Context, t id.Tenant) (vault.TenantKeys, error)
	NextVersion(ctx context.Context, t id.Tenant) (int64, error)
	NewVersions(ctx context.Context, t id.Tenant, version int64) error
	RewrapContacts(ctx context.Context, t id.Tenant) (int, error)
	Renew(t id.Tenant)
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
	Digest(ctx context.Context, t id.Tenant, where string, value []byte) ([]byte, error)
	Sign(ctx context.Context, t id.Tenant, message []byte) ([]byte, error)
	SigningKey(ctx context.Context, t id.Tenant) (ed25519.PublicKey, error)
}

// Providers are asked who signs in (channel/openid).
type Providers interface {
	Address(ctx context.Context, r openid.Registration, f openid.Flow, again bool) (string, error)
	Redeem(ctx context.Context, r openid.Registration, f openid.Flow, a openid.Answer) (openid.Identity, error)
	Logout(ctx context.Context, r openid.Registration, token string) (openid.Logout, error)
	SignOut(ctx context.Context, r openid.Registration, redirect string, hint secret.Text) (string, error)
}

// Bus tells every node what changed.
type Bus interface {
	Publish(bus.Event) error
	Subscribe(fn func(bus.Event)) (cancel func())
}

// Auditor writes the audit log, inside the transaction of what it records.
// detail holds ids and words of ours, never content.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Defaults gives a new tenant what it starts with (hours, a queue, a flow, …).
type Defaults interface {
	Prepare(tx *store.Tx, language, timeZone string) error
}

// Leavers takes a deleted user out of what names it (queues), in the transaction
// that deletes it; told runs after the commit.
type Leavers interface {
	DropUser(tx *store.Tx, a access.Actor, user string) (told func(), err error)
}

// Files removes the sealed files of an organisation that ended, and says how
// many there were; CountTenant says so without.
type Files interface {
	DeleteTenant(ctx context.Context, t id.Tenant) (int, error)
	CountTenant(ctx context.Context, t id.Tenant) (int, error)
}

// Rules answers the tenant's own choices that matter here.
type Rules interface {
	Rules(ctx context.Context, t id.Tenant) (setup.Rules, error)
}

// Deps are what the service works with. Defaults, Rules, Leavers and Files may
// be nil: then a tenant starts empty, the usual sign-in rules hold, who names
// a deleted user finds out by itself, and there are no files.
type Deps struct {
	Store    *store.DB
	Vault    Vault
	Bus      Bus
	Audit    Auditor
	Defaults Defaults
	Rules    Rules
	Leavers  Leavers
	// SecondForAll: everybody who signs in with a password needs a second factor, whatever the rules say.
	SecondForAll bool
	Files        Files
	// Providers are organisations' own OpenID providers.
	Providers Providers
	// Post sends invitations; nil: they are handed over.
	Post Post
	// Counted counts once more what an organisation has used, before its rows go;
	// may be nil.
	Counted func(context.Context, id.Tenant) error
	// Lines are shared with who looks for organisations, too; may be nil.
	Lines *store.Lines
	Clock clock.Clock
	IDs   *id.Source
	Log   *slog.Logger
}

// seenEvery is how often use is written down, at least.
const seenEvery = 5 * time.Minute

// Service is the accounts of an installation.
type Service struct {
	Deps
	hash    *hasher
	known   *cache
	guesses *guesses // of names that do not exist
	devices *guesses // of passwords, where a user is known by its device
	wait    func(context.Context, time.Duration)
	root    atomic.Pointer[id.Tenant] // the operator, once it was looked up
	codes   turns                     // for second factors' codes

	supportUses uses // that were written down lately

	cancel func()
}

// New makes the service.
func New(d Deps) *Service {
	if d.Clock == nil {
		d.Clock = clock.Real{}
	}
	if d.Lines == nil {
		d.Lines = new(store.Lines)
	}
	if d.IDs == nil {
		d.IDs = id.NewSource(d.Clock.Now, nil)
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Deps: d, hash: newHasher(passwordCost, runtime.GOMAXPROCS(0)), known: newCache(), guesses: newGuesses(), devices: newGuesses(), wait: wait}
}

// Start listens to what other nodes change.
func (s *Service) Start(context.Context) error {
	if s.cancel == nil {
		s.cancel = s.Bus.Subscribe(s.hear)
	}
	return nil
}

// Stop stops listening.
func (s *Service) Stop(context.Context) error {
	if s.cancel != nil {
		s.cancel()
		s.cancel = nil
	}
	return nil
}

// Changed is the kind of the event that tells of a change to accounts. It is for
// the nodes, not for browsers.
const Changed = "account.changed"

// Change is the data of a Changed event.
type Change struct {
	User     string   `json:"user"`               // "" means all of the tenant's
	Sessions []string `json:"sessions,omitempty"` // those that ended
	Reason   string   `json:"reason,omitempty"`   // why they ended, one of the Ended… words
}

// Why a session ended, as told to browsers.
const (
	EndedSignedOut = "signed_out"
	EndedElsewhere = "ended_elsewhere" // by the user from another place, or a new password
	EndedByAdmin   = "ended_by_administrator"
	EndedSuspended = "suspended"
	EndedClosed    = "closed" // the organisation ended
	EndedExpired   = "expired"
)

// hear drops what another node says has changed.
func (s *Service) hear(e bus.Event) {
	switch e.Kind {
	case Changed:
		var c Change
		if json.Unmarshal(e.Data, &c) != nil {
			c.User = "" // better to forget too much
		}
		s.known.forget(e.Tenant, c.User)
	case KeysRotated:
		s.Vault.Renew(e.Tenant)
	case OrganisationClosed:
		var c Closing
		if json.Unmarshal(e.Data, &c) == nil {
			s.forgetOrganisation(c.Organisation)
		}
	case bus.Overflow:
		s.Vault.Renew(e.Tenant)
		if e.Tenant == "" {
			s.known.forgetAll()
			return
		}
		s.known.forget(e.Tenant, "")
	}
}

// tell makes a change known: here at once, to other nodes and screens by event.
// It is called after the commit.
func (s *Service) tell(t id.Tenant, c Change) {
	s.known.forget(t, c.User)
	data, _ := json.Marshal(c) // strings only
	s.publish(bus.Event{Tenant: t, Kind: Changed, Data: data})
}

// tellSetup lets screens and the floor fetch a changed user again.
func (s *Service) tellSetup(t id.Tenant, user string) {
	data, _ := json.Marshal(map[string]string{"kind": "users", "id": user})
	s.publish(bus.Event{Tenant: t, Kind: "setup.changed", Watch: access.UserRead, Data: data})
}

func (s *Service) publish(e bus.Event) {
	if err := s.Bus.Publish(e); err != nil {
		// Other nodes believe what they know for at most believeFor.
		s.Log.Warn("a change to accounts could not be told", "tenant", e.Tenant, "kind", e.Kind, "error", err)
	}
}

// may refuses an actor that lacks a permission for its whole organisation.
func may(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) < access.Tenant {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return nil
}

// maySome is may for what an actor may do to a part of its tenant, too. The part is
// looked at where the thing is known.
func maySome(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) < access.SomeOf {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return nil
}

// reaches says whether an actor's permission reaches a user.
func reaches(a access.Actor, p access.Permission, u store.UserRow) bool {
	return access.Over(a, p, access.Some(a.Tenant, access.RolePart{Teams: u.Teams})) > access.Own
}

func (s *Service) now() time.Time { return s.Clock.Now() }

// Where a profile is sealed to.
func profileWhere(user string) string { return "users.profile/" + user }

func (s *Service) sealProfile(ctx context.Context, t id.Tenant, user string, p Profile) (secret.Sealed, error) {
	if p == (Profile{}) {
		return secret.Sealed{}, nil
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "The profile could not be written.")
	}
	return s.Vault.SealTenant(ctx, t, profileWhere(user), plain)
}

func (s *Service) openProfile(ctx context.Context, t id.Tenant, user string, sealed secret.Sealed) (Profile, error) {
	var p Profile
	if len(sealed) == 0 {
		return p, nil
	}
	plain, err := s.Vault.OpenTenant(ctx, t, profileWhere(user), sealed)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal(plain.Reveal(), &p); err != nil {
		return p, errs.New(errs.Internal, "The profile could not be read.") // the cause may quote it
	}
	return p, nil
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func wordsAs[T ~string](list []string) []T {
	out := make([]T, len(list))
	for i, v := range list {
		out[i] = T(v)
	}
	return out
}

func has(roles []string, r access.Role) bool { return slices.Contains(roles, string(r)) }
