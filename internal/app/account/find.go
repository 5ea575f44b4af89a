package account

import (
	"context"
	"math"
	"slices"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/userfile"
	"nubitalk/internal/store"
)

// UserQuery says which users are looked for; what is empty does not matter.
type UserQuery struct {
	Find  string    `json:"find,omitempty" maxLength:"80" doc:"Part of a user name or a display name, however it is accented."`
	Role  string    `json:"role,omitempty" maxLength:"64"`
	Team  string    `json:"team,omitempty" maxLength:"64"`
	Site  string    `json:"site,omitempty" maxLength:"64"`
	State UserState `json:"state,omitempty" enum:"active,must_change,locked_out,locked,locked_by_directory,invited,not_invited"`
}

// UserState is how an account stands.
type UserState string

const (
	IsActive            UserState = "active"
	IsToChange          UserState = "must_change" // has a one-time password
	IsLockedOut         UserState = "locked_out"  // after wrong passwords
	IsLocked            UserState = "locked"      // by an administrator
	IsLockedByDirectory UserState = "locked_by_directory"
	IsInvited           UserState = "invited"
	IsNotInvited        UserState = "not_invited" // its invitation is over or was withdrawn
)

// state says how an account stands.
func (s *Service) state(u store.UserRow) UserState {
	now := s.now()
	switch {
	case u.Status == string(Locked) && u.ByDirectory:
		return IsLockedByDirectory
	case u.Status == string(Locked):
		return IsLocked
	case now.Before(u.LockedUntil):
		return IsLockedOut
	case u.Invitation == invitationOpen && now.Before(u.InvitationUntil):
		return IsInvited
	case u.Invitation == invitationOpen || u.Invitation == invitationWithdrawn:
		return IsNotInvited
	case u.MustChange:
		return IsToChange
	}
	return IsActive
}

// Orders of a list of users.
const (
	ByName     = "name"
	BySignedIn = "signed_in" // the latest first; who never did is last
	ByAge      = "created"   // the newest first
)

// FoundUsers is a page of what was looked for.
type FoundUsers struct {
	Items []User `json:"items" nullable:"false"`
	Total int    `json:"total" doc:"On all pages."`
}

// FindUsers looks for users of the organisation: at most limit of them from one
// on, in an order.
func (s *Service) FindUsers(ctx context.Context, a access.Actor, q UserQuery, order string, from, limit int) (FoundUsers, error) {
	out := FoundUsers{Items: []User{}}
	if err := maySome(a, access.UserRead); err != nil {
		return out, err
	}
	within := store.WithinOf(a, access.UserRead)
	if within != nil {
		within.User = a.User
	}
	var all []store.UserRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		all, err = tx.UsersAfter("", within, math.MaxInt32)
		return err
	})
	if err != nil {
		return out, err
	}
	found, err := s.find(ctx, a.Tenant, all, q)
	if err != nil {
		return out, err
	}
	slices.SortStableFunc(found, orders(order))
	out.Total = len(found)
	found = found[min(max(from, 0), len(found)):]
	for _, u := range found[:min(pageSize(limit), len(found))] {
		v, err := s.view(ctx, a.Tenant, u)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, v)
	}
	return out, nil
}

func orders(order string) func(a, b store.UserRow) int {
	switch order {
	case BySignedIn:
		return func(a, b store.UserRow) int { return b.SignedInAt.Compare(a.SignedInAt) }
	case ByAge:
		return func(a, b store.UserRow) int { return strings.Compare(b.ID, a.ID) }
	}
	return byName
}

// byName is the order in which people look for a name: agent-9 before agent-10.
func byName(a, b store.UserRow) int {
	x, y := a.UserNameKey, b.UserNameKey
	for x != "" && y != "" {
		m, n := digits(x), digits(y)
		if m > 0 && n > 0 {
			p, q := strings.TrimLeft(x[:m], "0"), strings.TrimLeft(y[:n], "0")
			if len(p) != len(q) {
				return len(p) - len(q)
			}
			if c := strings.Compare(p, q); c != 0 {
				return c
			}
			x, y = x[m:], y[n:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a.UserNameKey, b.UserNameKey)
}

// digits is how many digits a text begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// find are the users, of those who are not deleted, that a query is about.
func (s *Service) find(ctx context.Context, t id.Tenant, all []store.UserRow, q UserQuery) ([]store.UserRow, error) {
	word := userfile.Fold(q.Find)
	var out []store.UserRow
	for _, u := range all {
		if u.Status == string(Deleted) || q.Role != "" && !slices.Contains(u.Roles, q.Role) || q.Team != "" && !slices.Contains(u.Teams, q.Team) ||
			q.Site != "" && u.Site != q.Site || q.State != "" && s.state(u) != q.State {
			continue
		}
		if word != "" && !strings.Contains(userfile.Fold(u.UserName), word) {
			p, err := s.openProfile(ctx, t, u.ID, u.ProfileSealed)
			if errs.Is(err, errs.Unavailable) {
				return nil, err
			}
			if err != nil || !strings.Contains(userfile.Fold(p.DisplayName), word) {
				continue
			}
		}
		out = append(out, u)
	}
	return out, nil
}
