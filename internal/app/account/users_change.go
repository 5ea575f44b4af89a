package account

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// UpdateUser changes a user of the actor's organisation. A change of roles or
// status takes effect at once.
func (s *Service) UpdateUser(ctx context.Context, a access.Actor, user string, version int64, c UserChange) (User, error) {
	if err := may(a, access.UserWrite); err != nil {
		return User{}, err
	}
	org, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return User{}, err
	}
	var f errs.Fields
	checkChanged(&f, org, &c)
	if err := f.Err(); err != nil {
		return User{}, err
	}
	var ended []string
	row, err := s.update(ctx, a, user, version, "user.changed", func(tx *store.Tx, u *store.UserRow) (map[string]string, error) {
		detail, gone, err := s.changeIn(ctx, tx, a, org, u, c, &agentRoom{s: s, tx: tx})
		ended = gone
		return detail, err
	})
	if err != nil {
		return User{}, updateConflict(err)
	}
	s.tell(a.Tenant, Change{User: user, Sessions: ended, Reason: EndedByAdmin})
	s.tellSetup(a.Tenant, user)
	return s.view(ctx, a.Tenant, row)
}

// changeIn makes a checked change of a user's row, which the caller writes, and
// says for the audit log what it was and which sessions it ended.
func (s *Service) changeIn(ctx context.Context, tx *store.Tx, a access.Actor, org store.OrganisationRow, u *store.UserRow, c UserChange, room *agentRoom) (detail map[string]string, ended []string, err error) {
	if err := mayManage(a, *u); err != nil {
		return nil, nil, err
	}
	before := *u
	if err := s.applyChange(ctx, a.Tenant, u, c); err != nil {
		return nil, nil, err
	}
	if u.UserNameKey != before.UserNameKey { // a provider may know another by it
		takenOver(u, a, s.now())
	}
	if err := s.mayGive(tx, a, before, u, "roles"); err != nil {
		return nil, nil, err
	}
	if c.Skills != nil {
		if err := knownSkills(tx, *c.Skills); err != nil {
			return nil, nil, err
		}
	}
	if rules(before, org) && !rules(*u, org) {
		if err := s.keepRuler(tx, org, u.ID); err != nil {
			return nil, nil, err
		}
		if err := keepGlass(tx, u.ID); err != nil {
			return nil, nil, err
		}
	}
	if err := s.movesTo(tx, before, *u); err != nil {
		return nil, nil, err
	}
	if err := room.becomes(before, *u, roleOrStatus(c)); err != nil {
		return nil, nil, err
	}
	if u.Status != string(Active) && before.Status == string(Active) {
		if ended, err = endSessions(tx, u.ID, "", s.now()); err != nil {
			return nil, nil, err
		}
	}
	if u.Status == string(Active) && before.Status == string(Locked) {
		if err := tx.OpenedProvisioned(u.ID); err != nil {
			return nil, nil, err
		}
	}
	return changed(before, *u), ended, nil
}

// updateConflict tells apart the two conflicts of an update: a taken name comes
// from the database with a cause, everything else has said what it is.
func updateConflict(err error) error {
	if e := errs.As(err); e.Code == errs.Conflict && e.Cause != nil {
		return nameTaken(err, "user_name")
	}
	return err
}

// roleOrStatus is the field by which a change makes an account an agent's.
func roleOrStatus(c UserChange) string {
	if c.Roles != nil {
		return "roles"
	}
	return "status"
}

// checkChanged checks what a change names.
func checkChanged(f *errs.Fields, org store.OrganisationRow, c *UserChange) {
	if c.UserName != nil {
		*c.UserName = checkUserName(f, "user_name", *c.UserName)
	}
	if c.Status != nil && *c.Status != Active && *c.Status != Locked {
		f.Add("status", "must be active or locked")
	}
	if c.Roles != nil {
		*c.Roles = checkRoles(f, "roles", Kind(org.Kind), *c.Roles)
	}
	if c.Skills != nil {
		checkSkills(f, "skills", *c.Skills)
	}
	if c.Teams != nil {
		*c.Teams = checkTeams(f, "teams", *c.Teams)
	}
	if c.Capacity != nil {
		checkCapacity(f, "capacity", *c.Capacity)
	}
	if c.Profile != nil {
		c.Profile = checkProfileChange(f, "profile", *c.Profile)
	}
	if c.Language != nil {
		checkLanguage(f, "language", *c.Language)
	}
}

// apply makes a change of everything but the profile, which is sealed.
func apply(u *store.UserRow, c UserChange) {
	if c.UserName != nil {
		u.UserName, u.UserNameKey = *c.UserName, nameKey(*c.UserName)
	}
	if c.Status != nil {
		u.Status = string(*c.Status)
		if *c.Status == Active { // an administrator opens the account, also after too many wrong passwords
			u.Failures, u.FailingSince, u.LockedUntil = 0, time.Time{}, time.Time{}
		}
	}
	if c.Roles != nil {
		u.Roles = words(*c.Roles)
		u.Parts = partsOf(u.Roles, u.Parts)
	}
	if c.Parts != nil {
		u.Parts = *c.Parts // mayGive looks at them
	}
	if c.Skills != nil {
		u.Skills = *c.Skills
	}
	if c.Teams != nil {
		u.Teams = *c.Teams
	}
	if c.Site != nil {
		u.Site = *c.Site
	}
	if c.Capacity != nil {
		u.Capacity = channels(*c.Capacity)
	}
	if c.Language != nil {
		u.Language = *c.Language
	}
}

func (s *Service) applyChange(ctx context.Context, t id.Tenant, u *store.UserRow, c UserChange) error {
	apply(u, c)
	if c.Profile != nil {
		p, err := s.openProfile(ctx, t, u.ID, u.ProfileSealed)
		if err != nil {
			return err
		}
		after := c.Profile.Of(p)
		if after == p {
			return nil
		}
		sealed, err := s.sealProfile(ctx, t, u.ID, after)
		if err != nil {
			return err
		}
		u.ProfileSealed = sealed
	}
	return nil
}

// changed says in ids and words of ours what an update did.
func changed(before, after store.UserRow) map[string]string {
	d := map[string]string{}
	if !slices.Equal(before.Roles, after.Roles) || !sameParts(before.Parts, after.Parts) {
		d["roles"] = rolesSaid(after.Roles, partsOf(after.Roles, after.Parts))
	}
	if before.Status != after.Status {
		d["status"] = after.Status
	}
	if !before.LockedUntil.Equal(after.LockedUntil) {
		d["lock_out"] = "lifted"
	}
	var fields []string
	if before.UserName != after.UserName {
		fields = append(fields, "user_name")
	}
	if !maps.Equal(before.Skills, after.Skills) {
		fields = append(fields, "skills")
	}
	if !slices.Equal(before.Teams, after.Teams) {
		fields = append(fields, "teams")
	}
	if before.Site != after.Site {
		fields = append(fields, "site")
	}
	if !maps.Equal(before.Capacity, after.Capacity) {
		fields = append(fields, "capacity")
	}
	if !slices.Equal(before.ProfileSealed, after.ProfileSealed) {
		fields = append(fields, "profile")
	}
	if len(fields) > 0 {
		d["fields"] = strings.Join(fields, " ")
	}
	return d
}

// update changes a user that the caller saw at a version, with an audit line.
func (s *Service) update(ctx context.Context, a access.Actor, user string, version int64, action string,
	fn func(tx *store.Tx, u *store.UserRow) (detail map[string]string, err error)) (store.UserRow, error) {
	var row store.UserRow
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		u, err := tx.User(user)
		if err != nil {
			return err
		}
		if u.Status == string(Deleted) {
			return noSuchUser()
		}
		if version != 0 && u.Version != version {
			return errs.New(errs.Conflict, "This user was changed by someone else in the meantime.")
		}
		before := u
		detail, err := fn(tx, &u)
		if err != nil {
			return err
		}
		u.UpdatedAt = s.now()
		noteEndRight(before, &u, s.now())
		if err := tx.UpdateUser(u); err != nil {
			return err
		}
		u.Version++
		row = u
		return s.Audit.Record(tx, a, action, "user", user, detail)
	})
	return row, err
}
