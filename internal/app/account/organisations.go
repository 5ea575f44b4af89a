package account

import (
	"cmp"
	"context"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

func organisationView(o store.OrganisationRow, users int) Organisation {
	return Organisation{ID: o.ID, Kind: Kind(o.Kind), Parent: o.ParentID, Slug: o.Slug, Name: o.Name, Status: Status(o.Status), Language: o.Language,
		TimeZone: o.TimeZone, Limits: o.Limits, Users: users, CreatedAt: o.CreatedAt, UpdatedAt: o.UpdatedAt, Version: o.Version, EndsAt: o.EndsAt, TrialUntil: o.TrialUntil}
}

func mayBelow(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) < access.Below {
		return errs.New(errs.Forbidden, "You are not allowed to do this.")
	}
	return nil
}

func (s *Service) countUsers(ctx context.Context, t id.Tenant) (int, error) {
	var n int64
	err := s.Store.Read(ctx, t, func(tx *store.Tx) (err error) {
		n, err = tx.CountUsers()
		return err
	})
	return int(n), err
}

// Organisation is one anywhere below the actor's own.
func (s *Service) Organisation(ctx context.Context, a access.Actor, org id.Tenant) (Organisation, error) {
	if err := mayBelow(a, access.OrgRead); err != nil {
		return Organisation{}, err
	}
	var row store.OrganisationRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		row, err = anywhereBelow(tx, a, org)
		return err
	})
	if err != nil {
		return Organisation{}, err
	}
	users, err := s.countUsers(ctx, org)
	return organisationView(row, users), err
}

// below answers with an organisation right below the actor's own.
func below(tx *store.Tx, a access.Actor, org id.Tenant) (store.OrganisationRow, error) {
	row, err := tx.OrganisationByID(org)
	if err == nil && row.ParentID != a.Tenant {
		err = errs.New(errs.NotFound, "This organisation does not exist.")
	}
	return row, err
}

// CreateOrganisation makes a reseller or a tenant below the actor's own
// organisation: its keys, what it starts with, and its first administrator with
// a one-time password.
func (s *Service) CreateOrganisation(ctx context.Context, a access.Actor, n NewOrganisation) (Organisation, User, secret.Text, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return Organisation{}, User{}, secret.Text{}, err
	}
	own, err := s.ownOrganisation(ctx, a.Tenant)
	if err != nil {
		return Organisation{}, User{}, secret.Text{}, err
	}
	n.Language, n.TimeZone = cmp.Or(n.Language, own.Language), cmp.Or(n.TimeZone, own.TimeZone)
	password := oneTimePassword()
	org, user, err := s.found(ctx, a, a.Tenant, n, password, true)
	if err != nil {
		return Organisation{}, User{}, secret.Text{}, err
	}
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "organisation.created", "organisation", string(org.ID), map[string]string{"kind": string(org.Kind)})
	})
	return org, user, password, err
}

// mayHave refuses a kind that an organisation cannot have below it: resellers
// have resellers once. Whoever moves that one meanwhile waits, or is waited for.
func mayHave(tx *store.Tx, parent id.Tenant, k Kind) error {
	if parent == "" { // the operator itself
		return nil
	}
	own, err := tx.HeldOrganisation(parent)
	if err != nil || k == KindTenant || k == KindReseller && Kind(own.Kind) == KindOperator {
		return err
	}
	if k == KindReseller && own.ParentID != "" {
		above, err := tx.OrganisationByID(own.ParentID)
		if err != nil || Kind(above.Kind) == KindOperator {
			return err
		}
	}
	return errs.Bad("kind", "must be tenant, or reseller if you are the operator or right below it")
}

// Install makes the operator of a new installation, with a first user and the
// given password. Conflict: the installation has one already.
func (s *Service) Install(ctx context.Context, n NewOrganisation, password secret.Text, mustChange bool) (Organisation, User, error) {
	n.Kind = KindOperator
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		all, err := tx.Organisations()
		for _, o := range all {
			if o.Kind == string(KindOperator) && o.Status == string(Active) {
				return errs.New(errs.Conflict, "This installation has an operator already.")
			}
		}
		return err
	})
	if err != nil {
		return Organisation{}, User{}, err
	}
	if err := checkNewPassword("password", n.Administrator, password, 0, n.Slug, n.Name); err != nil && !mustChange {
		return Organisation{}, User{}, err
	}
	return s.found(ctx, access.Actor{}, "", n, password, mustChange)
}

// found makes an organisation. It is made in steps, because its keys live apart
// and its rows are its own: until the last step it is suspended, and asking
// again with the same short name goes on where a failure stopped it.
func (s *Service) found(ctx context.Context, a access.Actor, parent id.Tenant, n NewOrganisation, password secret.Text, mustChange bool) (Organisation, User, error) {
	var f errs.Fields
	checkSlug(&f, "slug", n.Slug)
	n.Name = checkText(&f, "name", n.Name, 1, 80)
	n.Administrator = checkUserName(&f, "administrator", n.Administrator)
	checkLanguage(&f, "language", n.Language)
	checkZone(&f, "time_zone", n.TimeZone)
	if err := f.Err(); err != nil {
		return Organisation{}, User{}, err
	}
	org, err := s.reserve(ctx, parent, n)
	if err != nil {
		return Organisation{}, User{}, err
	}
	if err := s.Vault.CreateTenant(ctx, org.ID); err != nil && !errs.Is(err, errs.Conflict) { // made by an earlier attempt
		return Organisation{}, User{}, err
	}
	roles := []access.Role{rulerOf(n.Kind)}
	if n.link != nil && (n.Limits.Agents == nil || *n.Limits.Agents > 0) { // who comes alone answers the first chat, too
		roles = append(roles, access.Agent)
	}
	row, err := s.newUserRow(ctx, org, NewUser{UserName: n.Administrator, Roles: roles, Language: n.Language}, password, mustChange)
	if err != nil {
		return Organisation{}, User{}, err
	}
	a.Tenant = org.ID // the first line of the new organisation's own audit log names who made it
	err = s.Store.Write(ctx, org.ID, func(tx *store.Tx) error {
		users, err := tx.UsersAfter("", nil, 1)
		if err != nil {
			return err
		}
		if len(users) > 0 { // another attempt was faster
			return nameTaken(errs.New(errs.Conflict, "taken"), "slug")
		}
		if n.Kind == KindTenant && s.Defaults != nil {
			if err := s.Defaults.Prepare(tx, n.Language, n.TimeZone); err != nil {
				return err
			}
		}
		return s.insertUser(tx, a, row, &agentRoom{s: s, tx: tx})
	})
	if err != nil {
		return Organisation{}, User{}, err
	}
	org.Status, org.UpdatedAt = string(Active), s.now()
	if err := s.Store.System(ctx, func(tx *store.Tx) error { return tx.UpdateOrganisation(org) }); err != nil {
		return Organisation{}, User{}, err
	}
	org.Version++
	row.Version = 1
	u, err := s.view(ctx, org.ID, row)
	return organisationView(org, 1), u, err
}

// reserve inserts the organisation as suspended, or finds the one that an
// earlier attempt of the same parent left without users.
func (s *Service) reserve(ctx context.Context, parent id.Tenant, n NewOrganisation) (store.OrganisationRow, error) {
	now := s.now()
	kind := map[Kind]string{KindOperator: id.Operator, KindReseller: id.Reseller, KindTenant: id.TenantKind}[n.Kind]
	org := store.OrganisationRow{ID: id.Tenant(s.IDs.New(kind)), Kind: string(n.Kind), ParentID: parent, Slug: n.Slug, Name: n.Name,
		Status: string(Suspended), Language: n.Language, TimeZone: n.TimeZone, Limits: n.Limits, CreatedAt: now, UpdatedAt: now, Version: 1}
	var over error
	err := s.Store.System(ctx, func(tx *store.Tx) error {
		over = nil
		if err := mayHave(tx, parent, n.Kind); err != nil {
			return err
		}
		asked := org
		old, err := tx.OrganisationBySlug(n.Slug)
		if err == nil && old.ParentID == parent { // what an earlier attempt reserved is not another's
			asked.ID = old.ID
		} else if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err := within(tx, asked); err != nil {
			return err
		}
		if n.link == nil || !errs.Is(err, errs.NotFound) { // what is there already was counted
			return tx.InsertOrganisation(org)
		}
		if good, err := tx.UseSignUpLink(parent, n.link.ID, now); err != nil || !good {
			if err == nil {
				over = linkOver()
			}
			return cmp.Or(err, over)
		}
		org.TrialUntil = s.trialUntil(n.link.TrialDays)
		if err := tx.InsertOrganisation(org); err != nil {
			return err
		}
		return s.watchTrial(tx, org)
	})
	if over != nil || !errs.Is(err, errs.Conflict) {
		return org, err
	}
	taken := nameTaken(err, "slug")
	var old store.OrganisationRow
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		old, err = tx.OrganisationBySlug(n.Slug)
		return err
	})
	if err != nil {
		return org, err
	}
	if old.ParentID != parent || old.Kind != string(n.Kind) || old.Status != string(Suspended) {
		return org, taken
	}
	users, err := s.countUsers(ctx, old.ID)
	if err != nil {
		return org, err
	}
	if users > 0 {
		return org, taken
	}
	old.Name, old.Language, old.TimeZone, old.Limits = n.Name, n.Language, n.TimeZone, n.Limits
	return old, nil
}

// UpdateOrganisation renames, limits, suspends or resumes one right below the
// actor's own. Suspending ends every session of it at once.
func (s *Service) UpdateOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64, c OrganisationChange) (Organisation, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return Organisation{}, err
	}
	if err := checkOrganisationChange(&c); err != nil {
		return Organisation{}, err
	}
	var row store.OrganisationRow
	err := s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = below(tx, a, org); err != nil {
			return err
		}
		if row.Version != version {
			return errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
		}
		if c.Status != nil && !row.EndsAt.IsZero() {
			return errs.New(errs.Conflict, "The end of this organisation was begun. Call it off first.")
		}
		if c.TrialDays != nil {
			row.TrialUntil = s.trialUntil(*c.TrialDays)
			if err := s.watchTrial(tx, row); err != nil {
				return err
			}
		}
		applyOrganisationChange(&row, c, s.now())
		if c.Limits != nil {
			if err := within(tx, row); err != nil {
				return err
			}
			if err := holdsBelow(tx, row); err != nil {
				return err
			}
		}
		if err := tx.UpdateOrganisation(row); err != nil {
			return err
		}
		row.Version++
		return nil
	})
	if err != nil {
		return Organisation{}, err
	}
	s.tell(org, Change{Reason: EndedSuspended})
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "organisation.changed", "organisation", string(org), changedOrganisation(row, c))
	})
	if err != nil {
		return Organisation{}, err
	}
	users, err := s.countUsers(ctx, org)
	return organisationView(row, users), err
}

func checkOrganisationChange(c *OrganisationChange) error {
	var f errs.Fields
	if c.Name != nil {
		*c.Name = checkText(&f, "name", *c.Name, 1, 80)
	}
	if c.Status != nil && *c.Status != Active && *c.Status != Suspended {
		f.Add("status", "must be active or suspended")
	}
	if c.TrialDays != nil && (*c.TrialDays < 0 || *c.TrialDays > mostTrialDays) {
		f.Add("trial_days", "must be from %d to %d", 0, mostTrialDays)
	}
	if c.Language != nil {
		checkLanguage(&f, "language", *c.Language)
	}
	if c.TimeZone != nil {
		checkZone(&f, "time_zone", *c.TimeZone)
	}
	return f.Err()
}

func applyOrganisationChange(o *store.OrganisationRow, c OrganisationChange, now time.Time) {
	if c.Name != nil {
		o.Name = *c.Name
	}
	if c.Status != nil {
		o.Status = string(*c.Status)
		if *c.Status == Active && !now.Before(o.TrialUntil) { // who resumes it keeps it
			o.TrialUntil = time.Time{}
		}
	}
	if c.Language != nil {
		o.Language = *c.Language
	}
	if c.TimeZone != nil {
		o.TimeZone = *c.TimeZone
	}
	if c.Limits != nil {
		o.Limits = *c.Limits
	}
	o.UpdatedAt = now
}
