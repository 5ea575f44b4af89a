package access

import (
	"slices"
	"time"

	"nubitalk/internal/base/id"
)

// SupportScope is a part of a tenant's affairs that it can let a person of its
// reseller or operator into.
type SupportScope string

const (
	SupportSetupRead   SupportScope = "setup_read"  // the set-up, to look at
	SupportSetup       SupportScope = "setup"       // the set-up, to change
	SupportRoom        SupportScope = "room"        // live queues and agents; no conversation, no name of a contact
	SupportCalls       SupportScope = "calls"       // the records of calls, with numbers masked
	SupportInteraction SupportScope = "interaction" // one interaction that is named, with its conversation
)

// SupportScopes are all there are, the least first.
var SupportScopes = []SupportScope{SupportSetupRead, SupportSetup, SupportRoom, SupportCalls, SupportInteraction}

// supportGives is what a scope allows. Contacts, users, keys, retention and all
// conversations are in none of them: no grant can give them.
var supportGives = map[SupportScope][]Permission{
	SupportSetupRead:   {SetupRead, CannedRead},
	SupportSetup:       {SetupRead, CannedRead, SetupWrite},
	SupportRoom:        {SetupRead, FloorWatch},
	SupportCalls:       {CallExport},
	SupportInteraction: {WorkRead},
}

// Bounds of a grant's time.
const (
	ShortestSupport = 15 * time.Minute
	LongestSupport  = 7 * 24 * time.Hour
)

// Support is what lets an actor into a tenant that is not its own: the tenant's
// grant. Beside it the actor has no role there.
type Support struct {
	Grant       string    // sup_…
	Home        id.Tenant // the actor's own organisation
	Scopes      []SupportScope
	Interaction string // the one that SupportInteraction is about
}

func (s *Support) reach(p Permission) Scope {
	if p == SignedIn {
		return Own
	}
	for _, scope := range s.Scopes {
		if slices.Contains(supportGives[scope], p) {
			if p == WorkRead {
				return Own
			}
			return Tenant
		}
	}
	return None
}

// holds says whether a thing is the one that the grant names.
func (s *Support) holds(t Thing) bool {
	return s != nil && s.Interaction != "" && t.Interaction == s.Interaction
}

// SupportPermissions are what scopes allow together, in the table's order.
func SupportPermissions(scopes []SupportScope) (out []Permission) {
	s := Support{Scopes: scopes}
	for _, rule := range table {
		if rule.Permission != SignedIn && s.reach(rule.Permission) > None {
			out = append(out, rule.Permission)
		}
	}
	return out
}
