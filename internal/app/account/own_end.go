package account

import (
	"context"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// LeastOwnGrace is how many days there are at least before an end that an organisation
// itself begins.
const LeastOwnGrace = 7

// askedFor is how long somebody else may agree to an end that was asked for.
const askedFor = 7 * 24 * time.Hour

// beginsWithin is how long somebody may take between the two transactions in which an end
// begins: the terms, and the organisation's standing. After that it was broken off.
const beginsWithin = time.Minute

func changedMeanwhile() error {
	return errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
}

// pending says whether an end was asked for and waits for somebody else.
func (s *Service) pending(e store.EndRow) bool {
	return e.AskedBy != "" && s.now().Before(e.AskedAt.Add(askedFor))
}

// notYou refuses who has the right to agree too newly, where others lost it.
func notYou(until time.Time, o store.OrganisationRow) error {
	there, err := time.LoadLocation(o.TimeZone)
	if err != nil {
		there = time.UTC
	}
	return errs.New(errs.Conflict, "Somebody who may agree was locked or deleted, or lost the role or the password. Until %s two of those who could do this before have to agree, and you are not one of them.", until.In(there).Format("2006-01-02 15:04"))
}

// AskEnd begins the end of the actor's own organisation, or agrees to one that another
// user asked for. Where there is another user who may agree, or was within Guarded, it is only asked for.
func (s *Service) AskEnd(ctx context.Context, a access.Actor, terms EndTerms) (Ending, error) {
	if err := may(a, access.OrgEnd); err != nil {
		return Ending{}, err
	}
	if terms.Days < LeastOwnGrace || terms.Days > MostGrace {
		return Ending{}, errs.Bad("days", "must be %d to %d", LeastOwnGrace, MostGrace)
	}
	var row store.OrganisationRow
	begins, asked := false, a.User
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		begins, asked = false, a.User
		if row, err = tx.Organisation(); err != nil {
			return err
		}
		switch {
		case ending(row):
			return errs.New(errs.Conflict, "The end of this organisation was begun already.")
		case row.Status != string(Active):
			return suspended()
		case terms.Name != row.Name:
			return errs.Bad("name", "must be the organisation's name")
		}
		e, err := tx.End()
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		now := s.now()
		if e.HomeID == string(a.Tenant) && row.UpdatedAt.Before(e.BeganAt) && now.Before(e.BeganAt.Add(beginsWithin)) {
			return errs.New(errs.Conflict, "The end of this organisation was begun already.") // by somebody at this moment
		}
		g, err := s.agreeing(tx, a)
		if err != nil {
			return err
		}
		if !g.guarded.IsZero() && !g.able[a.User] {
			return notYou(g.guarded, row)
		}
		e = store.EndRow{HomeID: string(a.Tenant), UserID: a.User, Was: row.Status, AskedBy: e.AskedBy, AskedAt: e.AskedAt, AskedDays: e.AskedDays, Facts: "{}"}
		switch {
		case s.pending(e) && e.AskedBy == a.User && !g.alone():
			return errs.New(errs.Conflict, "You asked for the end already. Another administrator or privacy officer has to agree.")
		case s.pending(e) && e.AskedBy != a.User && e.AskedDays != terms.Days:
			return errs.New(errs.Conflict, "The end was asked for after another number of days. Look again at what you agree to.")
		case s.pending(e) && e.AskedBy != a.User && !g.guarded.IsZero() && !g.able[e.AskedBy]: // who asked is no second one
			e.AskedBy, e.AskedAt, e.AskedDays = "", time.Time{}, 0
		case s.pending(e) && e.AskedBy != a.User || g.alone():
			if s.pending(e) {
				asked = e.AskedBy
			}
			begins = true
			e.BeganAt, e.EndsAt, e.UserID = now, now.Add(time.Duration(terms.Days)*24*time.Hour), asked
			e.AskedBy, e.AskedAt, e.AskedDays = "", time.Time{}, 0
			return tx.PutEnd(e)
		}
		e.AskedBy, e.AskedAt, e.AskedDays = a.User, now, terms.Days
		if err := tx.PutEnd(e); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "organisation.end_asked", "organisation", string(row.ID), map[string]string{"days": strconv.Itoa(terms.Days)})
	})
	if err != nil {
		return Ending{}, err
	}
	if !begins {
		return s.OwnEnd(ctx, a)
	}
	end := s.now().Add(time.Duration(terms.Days) * 24 * time.Hour)
	err = s.Store.System(ctx, func(tx *store.Tx) error {
		is, err := tx.OrganisationByID(a.Tenant)
		if err != nil {
			return err
		}
		if is.Version != row.Version {
			return changedMeanwhile()
		}
		is.Status, is.UpdatedAt, is.EndsAt = string(Suspended), s.now(), end
		if err := tx.UpdateOrganisation(is); err != nil {
			return err
		}
		return tx.InsertJobFor(store.JobRow{Tenant: a.Tenant, ID: s.IDs.New(id.Job), Kind: JobEnd, RunAt: end, CreatedAt: s.now()})
	})
	if err != nil {
		return Ending{}, err
	}
	s.tell(a.Tenant, Change{Reason: EndedSuspended})
	detail := map[string]string{"kind": row.Kind, "days": strconv.Itoa(terms.Days)}
	if err := s.noteOwn(ctx, a, row, "organisation.end_begun", detail); err != nil {
		return Ending{}, err
	}
	return s.OwnEnd(ctx, a)
}

// noteOwn is in the organisation's log with who did it, and in that of the one above
// without.
func (s *Service) noteOwn(ctx context.Context, a access.Actor, o store.OrganisationRow, action string, detail map[string]string) error {
	for _, by := range []access.Actor{a, {Tenant: o.ParentID}} {
		err := s.Store.Write(ctx, by.Tenant, func(tx *store.Tx) error {
			return s.Audit.Record(tx, by, action, "organisation", string(o.ID), detail)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TakeBackEnd takes back that the end of the actor's own organisation was asked for, or
// calls off an end that the organisation itself began.
func (s *Service) TakeBackEnd(ctx context.Context, a access.Actor) (Ending, error) {
	if err := may(a, access.OrgEnd); err != nil {
		return Ending{}, err
	}
	var row store.OrganisationRow
	var e store.EndRow
	err := s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if row, err = tx.Organisation(); err != nil {
			return err
		}
		e, err = tx.End()
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		switch {
		case ending(row) && e.HomeID != string(a.Tenant):
			return errs.New(errs.Conflict, "The end was begun by who is above your organisation, who alone can call it off.")
		case ending(row):
			return nil
		case !s.pending(e):
			return errs.New(errs.Conflict, "The end of this organisation was not begun, or was called off already.")
		}
		e.AskedBy, e.AskedAt, e.AskedDays = "", time.Time{}, 0
		if err := tx.PutEnd(e); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "organisation.end_withdrawn", "organisation", string(row.ID), nil)
	})
	if err != nil || !ending(row) {
		return Ending{}, err
	}
	err = s.Store.System(ctx, func(tx *store.Tx) error {
		is, err := tx.OrganisationByID(a.Tenant)
		if err != nil {
			return err
		}
		if is.Version != row.Version {
			return changedMeanwhile()
		}
		is.Status, is.UpdatedAt, is.EndsAt = e.Was, s.now(), time.Time{}
		return tx.UpdateOrganisation(is)
	})
	if err != nil {
		return Ending{}, err
	}
	s.tell(a.Tenant, Change{})
	return Ending{}, s.noteOwn(ctx, a, row, "organisation.end_called_off", nil)
}

// notTheirs refuses what is above an organisation the end that this began itself.
func (s *Service) notTheirs(ctx context.Context, org id.Tenant, row store.OrganisationRow) error {
	if !ending(row) {
		return nil
	}
	if e, err := s.endOf(ctx, org); err != nil || e.HomeID != string(org) {
		return err
	}
	return errs.New(errs.Conflict, "This organisation began its end itself, and alone can call it off.")
}
