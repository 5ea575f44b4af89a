package account

import (
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/scim"
	"nubitalk/internal/store"
)

func externalWhere(user string) string { return "provisioned_users.external/" + user }

// called is what is stored of what the directory calls a user; empty if it calls it nothing.
func (s *Service) called(ctx context.Context, t id.Tenant, user, external string) (row store.ProvisionedUserRow, err error) {
	row = store.ProvisionedUserRow{UserID: user, Index: []byte{}, CreatedAt: s.now()}
	if external == "" {
		return row, nil
	}
	if row.Index, err = s.externalIndex(ctx, t, external); err != nil {
		return row, err
	}
	row.External, err = s.Vault.SealTenant(ctx, t, externalWhere(user), []byte(external))
	return row, err
}

func (s *Service) externalIndex(ctx context.Context, t id.Tenant, external string) ([]byte, error) {
	return s.Vault.Digest(ctx, t, "provisioned_users.external_index", []byte(external))
}

// userRecord is a user in the words of SCIM.
func (s *Service) userRecord(ctx context.Context, d provisioner, u store.UserRow, p store.ProvisionedUserRow, groups []store.ProvisionedGroupRow) (scim.Record, error) {
	r := map[string]any{"schemas": []any{scim.UserSchema}, "id": u.ID, "userName": u.UserName, "active": u.Status == string(Active)}
	if len(p.External) > 0 {
		plain, err := s.Vault.OpenTenant(ctx, d.Tenant, externalWhere(u.ID), p.External)
		if err != nil {
			return scim.Record{}, err
		}
		r["externalId"] = string(plain.Reveal())
	}
	if d.rules.Display || d.rules.Email {
		profile, err := s.openProfile(ctx, d.Tenant, u.ID, u.ProfileSealed)
		if err != nil {
			return scim.Record{}, err
		}
		if d.rules.Display && profile.DisplayName != "" {
			r["displayName"] = profile.DisplayName
		}
		if d.rules.Email && profile.Email != "" {
			r["emails"] = []any{map[string]any{"value": profile.Email, "type": "work", "primary": true}}
		}
	}
	in := []any{}
	for _, g := range groups {
		in = append(in, map[string]any{"value": g.ID, "display": g.Name})
	}
	r["groups"] = in
	return scim.Record{Kind: "User", ID: u.ID, Resource: r, Version: u.Version, Created: u.CreatedAt, Updated: u.UpdatedAt}, nil
}

// scimUsers are the users that pass a filter, by age. What directories ask most, whether
// there is one of a name or an id, is looked up.
func (s *Service) scimUsers(ctx context.Context, d provisioner, f scim.Filter) ([]scim.Record, error) {
	var users []store.UserRow
	called := map[string]store.ProvisionedUserRow{}
	groupsOf := map[string][]store.ProvisionedGroupRow{}
	var index []byte
	external, byExternal := f.Equals("externalId")
	if byExternal {
		var err error
		if index, err = s.externalIndex(ctx, d.Tenant, external); err != nil {
			return nil, err
		}
	}
	err := s.Store.Read(ctx, d.Tenant, func(tx *store.Tx) (err error) {
		if name, ok := f.Equals("userName"); ok {
			users, err = oneUser(tx.UserByName(nameKey(name)))
		} else if object, ok := f.Equals("id"); ok {
			users, err = oneUser(tx.User(object))
		} else if byExternal {
			rows, err := tx.ProvisionedUsersBy(index)
			if err != nil {
				return err
			}
			for _, p := range rows {
				u, err := tx.User(p.UserID)
				if err != nil {
					return err
				}
				users = append(users, u)
			}
		} else {
			users, err = tx.Users()
		}
		if err != nil {
			return err
		}
		rows, err := tx.ProvisionedUsers()
		if err != nil {
			return err
		}
		for _, p := range rows {
			called[p.UserID] = p
		}
		return groupsByUser(tx, groupsOf)
	})
	if err != nil {
		return nil, err
	}
	out := []scim.Record{}
	for _, u := range users {
		if u.Status == string(Deleted) || !called[u.ID].GoneAt.IsZero() {
			continue
		}
		r, err := s.userRecord(ctx, d, u, called[u.ID], groupsOf[u.ID])
		if err != nil {
			return nil, err
		}
		if f.Holds(r.Resource) {
			out = append(out, r)
		}
	}
	return out, nil
}

func oneUser(u store.UserRow, err error) ([]store.UserRow, error) {
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		return nil, nil
	}
	return []store.UserRow{u}, err
}

func groupsByUser(tx *store.Tx, of map[string][]store.ProvisionedGroupRow) error {
	groups, err := tx.ProvisionedGroups()
	if err != nil {
		return err
	}
	byID := map[string]store.ProvisionedGroupRow{}
	for _, g := range groups {
		byID[g.ID] = g
	}
	members, err := tx.ProvisionedMembers()
	for _, m := range members {
		of[m.UserID] = append(of[m.UserID], byID[m.GroupID])
	}
	return err
}

// scimUser is one user whom the directory knows.
func (s *Service) scimUser(ctx context.Context, d provisioner, user string) (r scim.Record, u store.UserRow, p store.ProvisionedUserRow, err error) {
	var groups []store.ProvisionedGroupRow
	err = s.Store.Read(ctx, d.Tenant, func(tx *store.Tx) (err error) {
		if u, err = tx.User(user); err != nil {
			return err
		}
		if p, err = tx.ProvisionedUser(user); err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		groups, err = tx.ProvisionedGroupsOf(user)
		return err
	})
	if errs.Is(err, errs.Invalid) || err == nil && (u.Status == string(Deleted) || !p.GoneAt.IsZero()) {
		err = noSuchUser()
	}
	if err != nil {
		return r, u, p, err
	}
	r, err = s.userRecord(ctx, d, u, p, groups)
	return r, u, p, err
}

// profileOf is what is kept of a person, which is nothing unless the organisation chose it.
func (d provisioner) profileOf(u scim.User) *ProfileChange {
	var c ProfileChange
	if d.rules.Display {
		name := firstCharacters(u.DisplayName, 80)
		c.DisplayName = &name
	}
	if d.rules.Email {
		c.Email = &u.Email
	}
	if c == (ProfileChange{}) {
		return nil
	}
	return &c
}

// scimCreateUser makes a user without a password: it comes in by the organisation's provider,
// or with a one-time password that an administrator gives it. One whom the directory
// removed before comes back.
func (s *Service) scimCreateUser(ctx context.Context, d provisioner, r map[string]any) (scim.Record, error) {
	in, err := scim.ReadUser(r)
	if err != nil {
		return scim.Record{}, err
	}
	known, gone, err := s.whomTheDirectoryMeans(ctx, d, in)
	switch {
	case err != nil:
		return scim.Record{}, err
	case known != "" && !gone:
		return scim.Record{}, scim.Taken("There is a user of this userName or externalId already.")
	case known != "":
		return s.scimPutUser(ctx, d, known, 0, in)
	}
	n := NewUser{UserName: in.UserName, Roles: []access.Role{d.rules.Role}}
	n.Profile = d.profileOf(in).Of(n.Profile)
	row, err := s.newUserRow(ctx, d.org, n, secret.Text{}, false)
	if err != nil {
		return scim.Record{}, err
	}
	called, err := s.called(ctx, d.Tenant, row.ID, in.ExternalID)
	if err != nil {
		return scim.Record{}, err
	}
	if !in.Active {
		row.Status, called.LockedAt = string(Locked), s.now()
	}
	err = s.Store.Write(ctx, d.Tenant, func(tx *store.Tx) error {
		if err := s.mayGive(tx, d.Actor, store.UserRow{}, &row, "roles"); err != nil {
			return err
		}
		if err := s.insertUser(tx, d.Actor, row, &agentRoom{s: s, tx: tx}); err != nil {
			return err
		}
		if err := s.putCalled(tx, called); err != nil {
			return err
		}
		return tx.CountProvisioned(store.Provisioned{Created: 1}, s.now())
	})
	if errs.Is(err, errs.Conflict) {
		err = scim.Taken("There is a user of this userName already.")
	}
	if err != nil {
		return scim.Record{}, err
	}
	s.tellSetup(d.Tenant, row.ID)
	row.Version = 1
	return s.userRecord(ctx, d, row, called, nil)
}

// whomTheDirectoryMeans is a user of this name, or whom the directory calls so.
func (s *Service) whomTheDirectoryMeans(ctx context.Context, d provisioner, in scim.User) (user string, gone bool, err error) {
	var index []byte
	if in.ExternalID != "" {
		if index, err = s.externalIndex(ctx, d.Tenant, in.ExternalID); err != nil {
			return "", false, err
		}
	}
	err = s.Store.Read(ctx, d.Tenant, func(tx *store.Tx) error {
		u, err := tx.UserByName(nameKey(in.UserName))
		if err == nil && u.Status != string(Deleted) {
			user = u.ID
			p, err := tx.ProvisionedUser(u.ID)
			gone = err == nil && !p.GoneAt.IsZero()
			if errs.Is(err, errs.NotFound) {
				err = nil
			}
			return err
		}
		if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Invalid) || index == nil {
			return ignoring(err)
		}
		rows, err := tx.ProvisionedUsersBy(index)
		for _, p := range rows { // one that it knows comes before those that it removed
			if user, gone = p.UserID, !p.GoneAt.IsZero(); !gone {
				break
			}
		}
		return err
	})
	return user, gone, err
}

// putCalled notes what the directory calls a user whom it knows, which is what it calls no
// other one: changes of that come one after another.
func (s *Service) putCalled(tx *store.Tx, p store.ProvisionedUserRow) error {
	if len(p.Index) > 0 {
		if _, _, err := tx.Lease("external ids", "accounts", time.Minute, s.now()); err != nil {
			return err
		}
		same, err := tx.ProvisionedUsersBy(p.Index)
		if err != nil {
			return err
		}
		for _, other := range same {
			if other.UserID != p.UserID && other.GoneAt.IsZero() {
				return scim.Taken("There is a user of this externalId already.")
			}
		}
	}
	return tx.PutProvisionedUser(p)
}

// ignoring leaves out that there is no such user.
func ignoring(err error) error {
	if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
		return nil
	}
	return err
}

func (s *Service) scimChangeUser(ctx context.Context, d provisioner, user string, version int64, change func(map[string]any) (map[string]any, error)) (scim.Record, error) {
	r, u, _, err := s.scimUser(ctx, d, user)
	if err != nil {
		return r, err
	}
	if version != 0 && version != u.Version {
		return r, scim.Changed()
	}
	after, err := change(r.Resource)
	if err != nil {
		return r, err
	}
	in, err := scim.ReadUser(after)
	if err != nil {
		return r, err
	}
	if in.Silent { // a whole resource that does not speak of it
		in.Active = u.Status == string(Active)
	}
	return s.scimPutUser(ctx, d, user, u.Version, in)
}

// scimPutUser makes a user what the directory says, if it still is at a version (0: whichever).
func (s *Service) scimPutUser(ctx context.Context, d provisioner, user string, version int64, in scim.User) (scim.Record, error) {
	var c UserChange
	status := Active
	if !in.Active {
		status = Locked
	}
	c.Profile = d.profileOf(in)
	called, err := s.called(ctx, d.Tenant, user, in.ExternalID)
	if err != nil {
		return scim.Record{}, err
	}
	var f errs.Fields
	said := UserChange{UserName: &in.UserName, Profile: c.Profile}
	checkChanged(&f, d.org, &said)
	if err := f.Err(); err != nil {
		return scim.Record{}, err
	}
	c.Profile = said.Profile
	var ended []string
	var locked, unchanged bool
	row, err := s.update(ctx, d.Actor, user, version, "user.changed", func(tx *store.Tx, u *store.UserRow) (map[string]string, error) {
		was, err := tx.ProvisionedUser(user)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return nil, err
		}
		c.Status = nil
		// The directory opens whom it locked itself. A lock of an administrator's stays, and the answer says so.
		held := status == Active && u.Status == string(Locked) && was.LockedAt.IsZero()
		if Status(u.Status) != status && !held {
			c.Status = &status
		}
		if u.UserName != in.UserName {
			c.UserName = &in.UserName
		}
		if !was.GoneAt.IsZero() { // it comes back, with what its groups give now
			by, err := d.rules.byGroups(tx, *u)
			if err != nil {
				return nil, err
			}
			c.Roles, c.Parts, c.Teams = by.Roles, by.Parts, by.Teams
		}
		before := *u
		detail, over, err := s.changeIn(ctx, tx, d.Actor, d.org, u, c, &agentRoom{s: s, tx: tx})
		if err != nil {
			return nil, err
		}
		ended, locked = over, before.Status == string(Active) && u.Status == string(Locked)
		note := called
		if !was.CreatedAt.IsZero() {
			note.CreatedAt = was.CreatedAt
		}
		if u.Status == string(Locked) {
			if note.LockedAt = was.LockedAt; locked {
				note.LockedAt = s.now()
			}
			if held {
				if note.HeldAt = was.HeldAt; note.HeldAt.IsZero() {
					note.HeldAt = s.now()
				}
			}
		}
		if held && was.HeldAt.IsZero() {
			if err := s.Audit.Record(tx, d.Actor, "user.lock_kept", "user", user, nil); err != nil {
				return nil, err
			}
		}
		same := string(was.Index) == string(note.Index) && was.GoneAt.IsZero() && was.UserID != "" && was.HeldAt.Equal(note.HeldAt)
		if unchanged = same && len(detail) == 0; unchanged {
			return nil, errUnchanged
		}
		put := func() error { return tx.PutProvisionedUser(note) }
		if string(was.Index) != string(note.Index) || !was.GoneAt.IsZero() {
			put = func() error { return s.putCalled(tx, note) }
		}
		if err := put(); err != nil {
			return nil, err
		}
		did := store.Provisioned{Changed: 1}
		if locked {
			did = store.Provisioned{Locked: 1}
		}
		return detail, tx.CountProvisioned(did, s.now())
	})
	if unchanged {
		r, _, _, err := s.scimUser(ctx, d, user)
		return r, err
	}
	if e := errs.As(err); err != nil && e.Code == errs.Conflict && e.Cause != nil {
		err = scim.Taken("There is a user of this userName already.")
	}
	if err != nil {
		return scim.Record{}, err
	}
	s.tell(d.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	s.tellSetup(d.Tenant, row.ID)
	r, _, _, err := s.scimUser(ctx, d, user)
	return r, err
}

// scimRemoveUser locks or deletes a user, as the organisation chose. To the directory it is
// gone in either case.
func (s *Service) scimRemoveUser(ctx context.Context, d provisioner, user string, version int64) error {
	_, u, called, err := s.scimUser(ctx, d, user)
	if err != nil {
		return err
	}
	if version != 0 && version != u.Version {
		return scim.Changed()
	}
	count := func(tx *store.Tx) error { return tx.CountProvisioned(store.Provisioned{Removed: 1}, s.now()) }
	if d.rules.Removal == "delete" {
		if err := s.DeleteUser(ctx, d.Actor, user); err != nil {
			return err
		}
		return s.Store.Write(ctx, d.Tenant, count)
	}
	if called.UserID == "" {
		if called, err = s.called(ctx, d.Tenant, user, ""); err != nil {
			return err
		}
	}
	var ended []string
	_, err = s.update(ctx, d.Actor, user, u.Version, "user.changed", func(tx *store.Tx, u *store.UserRow) (map[string]string, error) {
		locked, byHand := Locked, u.Status == string(Locked) && called.LockedAt.IsZero()
		detail, over, err := s.changeIn(ctx, tx, d.Actor, d.org, u, UserChange{Status: &locked}, &agentRoom{s: s, tx: tx})
		if err != nil {
			return nil, err
		}
		ended = over
		if err := tx.DeleteProvisioned(user); err != nil { // from its groups, too
			return nil, err
		}
		called.GoneAt, called.HeldAt = s.now(), time.Time{}
		if !byHand && called.LockedAt.IsZero() {
			called.LockedAt = s.now()
		}
		if err := tx.PutProvisionedUser(called); err != nil {
			return nil, err
		}
		return detail, count(tx)
	})
	if err == nil {
		s.tell(d.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
		s.tellSetup(d.Tenant, user)
	}
	return err
}
