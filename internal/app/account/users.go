package account

import (
	"context"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/store"
)

func (s *Service) view(ctx context.Context, t id.Tenant, u store.UserRow) (User, error) {
	p, err := s.openProfile(ctx, t, u.ID, u.ProfileSealed)
	if err != nil {
		return User{}, err
	}
	v := User{ID: u.ID, UserName: u.UserName, Status: Status(u.Status), Roles: wordsAs[access.Role](u.Roles), Parts: partsOf(u.Roles, u.Parts), Kinds: append([]access.Role{}, u.Actor(t).Kinds()...), Skills: u.Skills,
		Teams: append([]string{}, u.Teams...), Site: u.Site, Capacity: map[acd.Channel]int{}, Profile: p, MustChange: u.MustChange, State: s.state(u), Invitation: s.invitationOf(u), Factors: wordsAs[FactorKind](u.Factors), Language: u.Language, SignedInAt: u.SignedInAt,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, Version: u.Version}
	for c, n := range u.Capacity {
		v.Capacity[acd.Channel(c)] = n
	}
	if s.now().Before(u.LockedUntil) {
		v.LockedUntil = u.LockedUntil
	}
	return v, nil
}

// Users lists the organisation's users by age; deleted ones are left out.
func (s *Service) Users(ctx context.Context, a access.Actor, cursor string, limit int) ([]User, string, error) {
	if err := maySome(a, access.UserRead); err != nil {
		return nil, "", err
	}
	if cursor != "" && !id.Valid(id.User, cursor) {
		return nil, "", errs.Bad("query.cursor", "must be next of the page before")
	}
	limit = pageSize(limit)
	within := store.WithinOf(a, access.UserRead)
	if within != nil {
		within.User = a.User
	}
	var rows []store.UserRow
	err := s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		rows = rows[:0]
		for after := cursor; ; {
			more, err := tx.UsersAfter(after, within, limit+1)
			if err != nil {
				return err
			}
			for _, u := range more {
				after = u.ID
				if u.Status != string(Deleted) {
					rows = append(rows, u)
				}
			}
			if len(rows) > limit || len(more) <= limit {
				return nil
			}
		}
	})
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(rows) > limit {
		rows, next = rows[:limit], rows[limit-1].ID
	}
	out := make([]User, 0, len(rows))
	for _, u := range rows {
		v, err := s.view(ctx, a.Tenant, u)
		if err != nil {
			return nil, "", err
		}
		out = append(out, v)
	}
	return out, next, nil
}

func pageSize(limit int) int {
	if limit <= 0 {
		return 50
	}
	return min(limit, 200)
}

// User is one user of the actor's organisation.
func (s *Service) User(ctx context.Context, a access.Actor, user string) (User, error) {
	if err := maySome(a, access.UserRead); err != nil {
		return User{}, err
	}
	u, err := s.user(ctx, a.Tenant, user)
	if err == nil && user != a.User && !access.May(a, access.UserRead, access.Some(a.Tenant, access.RolePart{Teams: u.Teams})) {
		return User{}, noSuchUser()
	}
	return u, err
}

func (s *Service) user(ctx context.Context, t id.Tenant, user string) (User, error) {
	var row store.UserRow
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.User(user)
		return err
	})
	if err == nil && row.Status == string(Deleted) {
		err = noSuchUser()
	}
	if err != nil {
		return User{}, err
	}
	return s.view(ctx, t, row)
}

// DeletedUsers are those of the ids that were users of the organisation and are deleted.
// Of such a user only the id is left, in what it did; whoever comes upon it is told so.
func (s *Service) DeletedUsers(ctx context.Context, a access.Actor, ids []string) (gone []string, err error) {
	err = s.Store.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		gone, err = tx.DeletedUsers(ids)
		return err
	})
	return append([]string{}, gone...), err
}

func noSuchUser() error { return errs.New(errs.NotFound, "This user does not exist.") }

// PublicName is how a user is shown to visitors: the display name of its own
// choice, else its user name, which is a pseudonym.
func (s *Service) PublicName(ctx context.Context, t id.Tenant, user string) (secret.Text, error) {
	u, err := s.user(ctx, t, user)
	if err != nil {
		return secret.Text{}, err
	}
	if u.Profile.DisplayName != "" {
		return secret.New(u.Profile.DisplayName), nil
	}
	return secret.New(u.UserName), nil
}

// Signature is what stands below the emails that a user writes; empty if it has none.
func (s *Service) Signature(ctx context.Context, t id.Tenant, user string) (secret.Text, error) {
	u, err := s.user(ctx, t, user)
	return secret.New(u.Profile.Signature), err
}

// CreateUser makes a user in the actor's organisation. The one-time password is
// shown once; the first sign-in must choose another.
func (s *Service) CreateUser(ctx context.Context, a access.Actor, n NewUser) (User, secret.Text, error) {
	if err := may(a, access.UserWrite); err != nil {
		return User{}, secret.Text{}, err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return User{}, secret.Text{}, err
	}
	password := oneTimePassword()
	row, err := s.newUserRow(ctx, org, n, password, true)
	if err != nil {
		return User{}, secret.Text{}, err
	}
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := s.mayGive(tx, a, store.UserRow{}, &row, "roles"); err != nil {
			return err
		}
		return s.insertUser(tx, a, row, &agentRoom{s: s, tx: tx})
	})
	if err != nil {
		return User{}, secret.Text{}, nameTaken(err, "user_name")
	}
	s.tellSetup(a.Tenant, row.ID)
	row.Version = 1
	u, err := s.view(ctx, a.Tenant, row)
	return u, password, err
}

// newUserRow checks and hashes; it does not touch the store.
func (s *Service) newUserRow(ctx context.Context, org store.OrganisationRow, n NewUser, password secret.Text, mustChange bool) (store.UserRow, error) {
	var f errs.Fields
	checkNew(&f, org, &n)
	if err := f.Err(); err != nil {
		return store.UserRow{}, err
	}
	if password.Empty() { // the organisation's provider alone lets it in
		return s.rowOf(ctx, org, n, "", mustChange)
	}
	hash, err := s.hash.make(ctx, password)
	if err != nil {
		return store.UserRow{}, err
	}
	return s.rowOf(ctx, org, n, hash, mustChange)
}

// checkNew checks what a new user has, and fills in what was left out.
func checkNew(f *errs.Fields, org store.OrganisationRow, n *NewUser) {
	n.UserName = checkUserName(f, "user_name", n.UserName)
	if n.Roles == nil {
		n.Roles = []access.Role{usual(Kind(org.Kind))}
	}
	n.Roles = checkRoles(f, "roles", Kind(org.Kind), n.Roles)
	checkSkills(f, "skills", n.Skills)
	n.Teams = checkTeams(f, "teams", n.Teams)
	checkCapacity(f, "capacity", n.Capacity)
	n.Profile = checkProfile(f, "profile", n.Profile)
	if n.Language == "" {
		n.Language = org.Language
	}
	checkLanguage(f, "language", n.Language)
}

// rowOf is the row of a new user that was checked.
func (s *Service) rowOf(ctx context.Context, org store.OrganisationRow, n NewUser, hash string, mustChange bool) (store.UserRow, error) {
	user := s.IDs.New(id.User)
	profile, err := s.sealProfile(ctx, org.ID, user, n.Profile)
	if err != nil {
		return store.UserRow{}, err
	}
	now := s.now()
	return store.UserRow{ID: user, UserName: n.UserName, UserNameKey: nameKey(n.UserName), Status: string(Active), Roles: words(n.Roles), Parts: n.Parts,
		Skills: n.Skills, Teams: n.Teams, Site: n.Site, Capacity: channels(n.Capacity), ProfileSealed: profile, PasswordHash: hash, MustChange: mustChange,
		Language: n.Language, CreatedAt: now, UpdatedAt: now}, nil
}

func (s *Service) insertUser(tx *store.Tx, a access.Actor, row store.UserRow, room *agentRoom) error {
	if err := knownSkills(tx, row.Skills); err != nil {
		return err
	}
	if err := s.knownPlaces(tx, row.Teams, row.Site); err != nil {
		return err
	}
	if err := room.becomes(store.UserRow{}, row, "roles"); err != nil {
		return err
	}
	if err := tx.InsertUser(row); err != nil {
		return err
	}
	return s.Audit.Record(tx, a, "user.created", "user", row.ID, map[string]string{"roles": rolesSaid(row.Roles, row.Parts)})
}

func channels(m map[acd.Channel]int) map[string]int {
	out := map[string]int{}
	for c, n := range m {
		out[string(c)] = n
	}
	return out
}

// nameTaken says in the field's own words what a Conflict on insert means.
func nameTaken(err error, path string) error {
	if errs.Is(err, errs.Conflict) {
		return &errs.Error{Code: errs.Conflict, Text: "This name is taken. Please choose another.",
			Fields: []errs.Field{{Path: path, Problem: "is taken; choose another"}}, Cause: err}
	}
	return err
}

// rules says whether a user can manage the organisation's users.
func rules(u store.UserRow, org store.OrganisationRow) bool {
	return u.Status == string(Active) && has(u.Roles, rulerOf(Kind(org.Kind)))
}

// keepRuler refuses to lose the last user who can sign in and manage the others. The lease
// makes transactions that ask this wait for one another.
func (s *Service) keepRuler(tx *store.Tx, org store.OrganisationRow, leaving string) error {
	if _, _, err := tx.Lease("rulers", "accounts", time.Minute, s.now()); err != nil {
		return err
	}
	users, err := tx.Users()
	if err != nil {
		return err
	}
	for _, u := range users {
		if u.ID == leaving || !rules(u, org) {
			continue
		}
		if able, err := comesIn(tx, u); err != nil || able {
			return err
		}
	}
	return lastRuler(org)
}

func lastRuler(org store.OrganisationRow) error {
	return errs.New(errs.Conflict, "This is the last %s. Give the role to someone else first.", strings.ReplaceAll(string(rulerOf(Kind(org.Kind))), "_", " "))
}

func endSessions(tx *store.Tx, user, except string, now time.Time) ([]string, error) {
	rows, err := tx.EndSessionsOf(user, except, now)
	var ids []string
	for _, r := range rows {
		ids = append(ids, r.ID)
	}
	return ids, err
}

// DeleteUser erases a user's name, profile and password; its id stays in the
// records that name it.
func (s *Service) DeleteUser(ctx context.Context, a access.Actor, user string) error {
	if err := may(a, access.UserWrite); err != nil {
		return err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return err
	}
	var ended []string
	var told func()
	photo := false
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err != nil {
			return err
		}
		if u.Status == string(Deleted) {
			return noSuchUser()
		}
		if err := mayManage(a, u); err != nil {
			return err
		}
		if rules(u, org) {
			if err := s.keepRuler(tx, org, user); err != nil {
				return err
			}
			if err := keepGlass(tx, user); err != nil {
				return err
			}
		}
		if ended, err = endSessions(tx, user, "", s.now()); err != nil {
			return err
		}
		told = func() {}
		if s.Leavers != nil {
			if told, err = s.Leavers.DropUser(tx, a, user); err != nil {
				return err
			}
		}
		if mayEnd(u) {
			if err := tx.LoseEnd(user, s.now()); err != nil {
				return err
			}
		}
		if photo, err = tx.DeletePhoto(user); err != nil {
			return err
		}
		if err := tx.EraseUser(user, s.now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "user.deleted", "user", user, nil)
	})
	if err != nil {
		return err
	}
	// "" because the user's API keys ended with it.
	s.known.forget(a.Tenant, "")
	s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	s.tell(a.Tenant, Change{})
	s.tellSetup(a.Tenant, user)
	if photo {
		s.tellPhotos(a.Tenant)
	}
	told()
	return nil
}
