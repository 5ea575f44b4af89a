package account

import (
	"context"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// MoveOrganisation puts an organisation that is anywhere below the actor's own
// right below another one: the actor's own, or a reseller below it. Nothing of
// the organisation's own changes, and its users work on meanwhile. Its limits
// must fit where it goes; a reseller takes all that is below it along.
func (s *Service) MoveOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64, to id.Tenant) (Organisation, error) {
	if err := mayBelow(a, access.OrgMove); err != nil {
		return Organisation{}, err
	}
	var row store.OrganisationRow
	var from id.Tenant
	err := s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if _, err = anywhereBelow(tx, a, org); err != nil {
			return err
		}
		// Nobody gets a reseller below it, or moves where it goes, meanwhile.
		if row, err = tx.HeldOrganisation(org); err != nil {
			return err
		}
		switch from = row.ParentID; {
		case row.Version != version:
			return errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
		case row.Status == string(Closed):
			return errs.New(errs.Conflict, "This organisation has ended already.")
		case from == to:
			return nil
		}
		if err := mayStandBelow(tx, a, row, to); err != nil {
			return err
		}
		row.ParentID, row.UpdatedAt = to, s.now()
		if err := within(tx, row); err != nil {
			return err
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
	if from != to {
		s.known.forget(org, "")
		if err := s.noteMove(ctx, a, row, from); err != nil {
			return Organisation{}, err
		}
	}
	users, err := s.countUsers(ctx, org)
	return organisationView(row, users), err
}

// anywhereBelow answers with an organisation that is below the actor's own, at
// whatever level.
func anywhereBelow(tx *store.Tx, a access.Actor, org id.Tenant) (store.OrganisationRow, error) {
	below, err := tx.IsBelow(org, a.Tenant)
	if err == nil && !below {
		err = errs.New(errs.NotFound, "This organisation does not exist.")
	}
	if err != nil {
		return store.OrganisationRow{}, err
	}
	return tx.OrganisationByID(org)
}

// mayStandBelow says why an organisation cannot be right below another: it is no
// reseller, has ended, or has a reseller above it already and would get one more.
func mayStandBelow(tx *store.Tx, a access.Actor, o store.OrganisationRow, to id.Tenant) error {
	if to == a.Tenant {
		return nil
	}
	_, err := anywhereBelow(tx, a, to)
	var goal store.OrganisationRow
	if err == nil {
		goal, err = tx.HeldOrganisation(to)
	}
	if errs.Is(err, errs.NotFound) {
		return errs.Bad("parent", "must be your own organisation or a reseller below it")
	}
	if err != nil {
		return err
	}
	switch {
	case goal.Kind != string(KindReseller):
		return errs.Bad("parent", "must be your own organisation or a reseller below it")
	case goal.Status != string(Active):
		return errs.Bad("parent", "must be active")
	case o.Kind != string(KindReseller):
		return nil
	case goal.ID == o.ID, goal.ParentID != a.Tenant:
		return errs.Bad("parent", "must be a reseller right below you, because resellers have resellers once only")
	}
	own := 0
	if err := eachBelow(tx, o.ID, func(b store.OrganisationRow) {
		if b.Kind == string(KindReseller) {
			own++
		}
	}); err != nil {
		return err
	}
	if own > 0 {
		return errs.Bad("parent", "must be your own organisation, because this reseller has resellers itself")
	}
	return nil
}

// noteMove is in the log of everybody concerned: who moves, who loses, who gets,
// and the organisation itself.
func (s *Service) noteMove(ctx context.Context, a access.Actor, o store.OrganisationRow, from id.Tenant) error {
	told := map[id.Tenant]bool{}
	for _, t := range []id.Tenant{a.Tenant, from, o.ParentID, o.ID} {
		if told[t] {
			continue
		}
		told[t] = true
		by := a
		by.Tenant = t
		err := s.Store.Write(ctx, t, func(tx *store.Tx) error {
			return s.Audit.Record(tx, by, "organisation.moved", "organisation", string(o.ID), map[string]string{"from": string(from), "to": string(o.ParentID)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}
