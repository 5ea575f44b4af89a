package account

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/erasure"
	"nubitalk/internal/store"
)

// JobEnd is the kind of the job that carries the end of an organisation out, when
// its grace is over; its tenant is the organisation and its object the user who
// began it. RunEnd is its handler.
const JobEnd = "organisation.end"

// JobSweep is the same once more, ten minutes later: it finds what a node wrote
// that did not know yet.
const JobSweep = "organisation.sweep"

// OrganisationClosed is the kind of the event that tells every node that an
// organisation has ended. It belongs to the organisation above, because nothing
// can be sealed for one that has no keys.
const OrganisationClosed = "organisation.closed"

// Closing is the data of an OrganisationClosed event.
type Closing struct {
	Organisation id.Tenant `json:"organisation"`
}

// sweepAfter is longer than a key stays in any memory (vault.Config.CacheFor).
const sweepAfter = 10 * time.Minute

// MostGrace is how many days there may be between the word and the end.
const MostGrace = 365

// EndTerms say when an organisation ends.
type EndTerms struct {
	Days int    // of grace; 0: now
	Name string // the organisation's, typed by who ends it without grace
}

// BeginEnd begins the end of one right below the actor's own. Until its grace is
// over, nothing arrives and nobody signs in but who gets the certificate of its end, and
// it may be called off. Then its keys are destroyed, which makes all that is
// sealed for it unreadable in every copy and backup, and its rows and files go.
// What stays is that it existed, and the certificate of its end. A reseller ends
// after the organisations below it.
func (s *Service) BeginEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64, terms EndTerms) (Organisation, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return Organisation{}, err
	}
	if terms.Days < 0 || terms.Days > MostGrace {
		return Organisation{}, errs.Bad("days", "must be 0 to %d", MostGrace)
	}
	now := s.now()
	check := func(tx *store.Tx) (row store.OrganisationRow, err error) {
		if row, err = below(tx, a, org); err != nil {
			return row, err
		}
		switch {
		case row.Status == string(Closed):
			return row, errs.New(errs.Conflict, "This organisation has ended already.")
		case row.Version != version:
			return row, errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
		case !row.EndsAt.IsZero() && terms.Days > 0:
			return row, errs.New(errs.Conflict, "The end of this organisation was begun already.")
		case terms.Days == 0 && terms.Name != row.Name:
			return row, errs.Bad("name", "must be the organisation's name, because it cannot be undone")
		}
		return row, noneBelow(tx, org)
	}
	var row store.OrganisationRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) { row, err = check(tx); return err })
	if err != nil {
		return Organisation{}, err
	}
	if err := s.notTheirs(ctx, org, row); err != nil {
		return Organisation{}, err
	}
	end := now.Add(time.Duration(terms.Days) * 24 * time.Hour)
	begun := !row.EndsAt.IsZero() // its grace is cut short
	err = s.Store.Write(ctx, org, func(tx *store.Tx) error {
		if is, err := tx.Organisation(); err != nil || is.Version != version { // what was noted of another's end stays
			return cmp.Or(err, error(errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")))
		}
		e := store.EndRow{HomeID: string(a.Tenant), UserID: a.User, Was: row.Status, BeganAt: now, EndsAt: end, Facts: "{}"}
		if before, err := tx.End(); err == nil && begun {
			e.Was, e.BeganAt, e.CodeHash = before.Was, before.BeganAt, before.CodeHash
		}
		return tx.PutEnd(e)
	})
	if err != nil {
		return Organisation{}, err
	}
	err = s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = check(tx); err != nil {
			return err
		}
		row.Status, row.UpdatedAt, row.EndsAt = string(Suspended), now, end
		if err := tx.UpdateOrganisation(row); err != nil {
			return err
		}
		row.Version++
		return tx.InsertJobFor(store.JobRow{Tenant: org, ID: s.IDs.New(id.Job), Kind: JobEnd, ObjectID: a.User, RunAt: end, CreatedAt: now})
	})
	if err != nil {
		return Organisation{}, err
	}
	// From here on the job goes on by itself, whatever fails.
	s.tell(org, Change{Reason: EndedSuspended})
	if err := s.noteEnd(ctx, a, row, "organisation.end_begun", map[string]string{"kind": row.Kind, "days": strconv.Itoa(terms.Days)}); err != nil {
		return Organisation{}, err
	}
	if terms.Days == 0 {
		if row, err = s.close(ctx, org); err != nil {
			return Organisation{}, err
		}
		return organisationView(row, 0), nil
	}
	users, err := s.countUsers(ctx, org)
	return organisationView(row, users), err
}

// noteEnd is in the log of who did it, and of the organisation while it has one.
func (s *Service) noteEnd(ctx context.Context, a access.Actor, o store.OrganisationRow, action string, detail map[string]string) error {
	for _, t := range []id.Tenant{o.ID, a.Tenant} {
		by := a
		by.Tenant = t
		err := s.Store.Write(ctx, t, func(tx *store.Tx) error {
			return s.Audit.Record(tx, by, action, "organisation", string(o.ID), detail)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// CallOffEnd takes the end of one right below the actor's own back, before it has come.
func (s *Service) CallOffEnd(ctx context.Context, a access.Actor, org id.Tenant, version int64) (Organisation, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return Organisation{}, err
	}
	end, err := s.endOf(ctx, org)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return Organisation{}, err
	}
	var row store.OrganisationRow
	err = s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = below(tx, a, org); err != nil {
			return err
		}
		switch {
		case ending(row) && end.HomeID == string(org):
			return errs.New(errs.Conflict, "This organisation began its end itself, and alone can call it off.")
		case row.Status == string(Closed):
			return errs.New(errs.Conflict, "This organisation has ended already.")
		case row.EndsAt.IsZero():
			return errs.New(errs.Conflict, "The end of this organisation was not begun, or was called off already.")
		case row.Version != version:
			return errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
		}
		row.Status, row.UpdatedAt, row.EndsAt = end.Was, s.now(), time.Time{}
		if err := tx.UpdateOrganisation(row); err != nil {
			return err
		}
		row.Version++
		return nil
	})
	if err != nil {
		return Organisation{}, err
	}
	s.tell(org, Change{})
	if err := s.noteEnd(ctx, a, row, "organisation.end_called_off", nil); err != nil {
		return Organisation{}, err
	}
	users, err := s.countUsers(ctx, org)
	return organisationView(row, users), err
}

func (s *Service) endOf(ctx context.Context, org id.Tenant) (e store.EndRow, err error) {
	err = s.Store.Read(ctx, org, func(tx *store.Tx) (err error) { e, err = tx.End(); return err })
	return e, err
}

// begunEnd is endOf; one that ended before ends were noted has its end noted now.
func (s *Service) begunEnd(ctx context.Context, org id.Tenant) (e store.EndRow, err error) {
	e, err = s.endOf(ctx, org)
	if !errs.Is(err, errs.NotFound) {
		return e, err
	}
	err = s.Store.Write(ctx, org, func(tx *store.Tx) error {
		row, err := tx.Organisation()
		if err != nil {
			return err
		}
		e = store.EndRow{HomeID: string(row.ParentID), Was: string(Active), BeganAt: row.UpdatedAt, EndsAt: row.UpdatedAt, Facts: "{}"}
		return tx.PutEnd(e)
	})
	return e, err
}

// ending says whether an organisation's end was begun and has not come.
func ending(o store.OrganisationRow) bool {
	return o.Status == string(Suspended) && !o.EndsAt.IsZero()
}

// entered says why a user cannot come in: the organisation is suspended. One that
// is ending lets in who gets the certificate of its end, for that alone (sessionOf).
func entered(o store.OrganisationRow, u store.UserRow) error {
	if o.Status == string(Active) || ending(o) && access.Reach(u.Actor(o.ID), access.OrgExport) == access.Tenant {
		return nil
	}
	return suspended()
}

// close ends an organisation whose grace is over: it is closed, what is to be
// certified is noted, and its keys are destroyed. It may be called again.
func (s *Service) close(ctx context.Context, org id.Tenant) (row store.OrganisationRow, err error) {
	end, err := s.begunEnd(ctx, org)
	if err != nil {
		return row, err
	}
	now := s.now()
	was := ""
	err = s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = tx.OrganisationByID(org); err != nil {
			return err
		}
		was = row.Status
		switch {
		case row.Status == string(Closed):
			return nil
		case !ending(row) || now.Before(row.EndsAt):
			return errs.New(errs.Conflict, "This organisation does not end now.")
		}
		if err := noneBelow(tx, org); err != nil {
			return err
		}
		row.Status, row.UpdatedAt = string(Closed), now
		row.Slug = string(org) // what was typed is free for another
		if err := tx.UpdateOrganisation(row); err != nil {
			return err
		}
		row.Version++
		return nil
	})
	if err != nil {
		return row, err
	}
	if was != string(Closed) {
		s.tell(org, Change{Reason: EndedClosed})
		by := access.Actor{Tenant: row.ParentID, User: end.UserID}
		if end.HomeID == string(org) { // its users are nobody's above it
			by.User = ""
		}
		err = s.Store.Write(ctx, row.ParentID, func(tx *store.Tx) error {
			return s.Audit.Record(tx, by, "organisation.ended", "organisation", string(org), map[string]string{"kind": row.Kind})
		})
		if err != nil {
			return row, err
		}
	}
	if err := s.noteFacts(ctx, org); err != nil {
		return row, err
	}
	if err := s.Vault.DestroyTenant(ctx, org); err != nil {
		return row, err
	}
	err = s.Store.Write(ctx, org, func(tx *store.Tx) error {
		e, err := tx.End()
		if err != nil || !e.EndedAt.IsZero() {
			return err
		}
		e.EndedAt = s.now()
		return tx.PutEnd(e)
	})
	s.tellClosed(row.ParentID, org)
	return row, err
}

// noteFacts writes down, once, what cannot be known any more when the keys are
// gone and rows go.
func (s *Service) noteFacts(ctx context.Context, org id.Tenant) error {
	keys, err := s.Vault.Describe(ctx, org)
	if err != nil {
		return err
	}
	files := 0
	if s.Files != nil {
		if files, err = s.Files.CountTenant(ctx, org); err != nil {
			return err
		}
	}
	return s.Store.Write(ctx, org, func(tx *store.Tx) error {
		e, err := tx.End()
		if err != nil || e.Facts != "{}" {
			return err
		}
		seq, head, err := tx.AuditHead()
		if err != nil {
			return err
		}
		return s.putFacts(tx, e, erasure.Erased{Keys: keys.Versions, ContactKeys: keys.Contacts, AuditEntries: seq, AuditHead: hexOf(head), Rows: map[string]int64{}, Files: int64(files)})
	})
}

func (s *Service) putFacts(tx *store.Tx, e store.EndRow, facts erasure.Erased) error {
	b, err := json.Marshal(facts)
	if err != nil {
		return err
	}
	e.Facts = string(b)
	return tx.PutEnd(e)
}

func factsOf(e store.EndRow) (facts erasure.Erased, err error) {
	err = json.Unmarshal([]byte(e.Facts), &facts)
	return facts, err
}

// noneBelow refuses to end a reseller whose organisations go on.
func noneBelow(tx *store.Tx, org id.Tenant) error {
	left := 0
	err := eachBelow(tx, org, func(store.OrganisationRow) { left++ })
	if err == nil && left > 0 {
		err = errs.New(errs.Conflict, "This reseller still has organisations. End those first.")
	}
	return err
}

func (s *Service) tellClosed(parent, org id.Tenant) {
	s.forgetOrganisation(org)
	data, _ := json.Marshal(Closing{org}) // strings only
	s.publish(bus.Event{Tenant: parent, Kind: OrganisationClosed, Data: data})
}

func (s *Service) forgetOrganisation(org id.Tenant) {
	s.known.forget(org, "")
	s.Vault.Forget(org, "")
}

// RunEnd ends an organisation whose grace is over, removes rows and files, and
// makes the certificate. It goes on wherever an earlier run was broken off. One
// whose end was called off, or begun anew for later, it leaves alone.
func (s *Service) RunEnd(ctx context.Context, job store.JobRow) error {
	var row store.OrganisationRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OrganisationByID(job.Tenant)
		return err
	})
	due := ending(row) && !s.now().Before(row.EndsAt)
	if err != nil || !due && row.Status != string(Closed) {
		return err
	}
	if row, err = s.close(ctx, job.Tenant); err != nil {
		return err
	}
	if s.Counted != nil { // its last month can be accounted for
		if err := s.Counted(ctx, job.Tenant); err != nil {
			return err
		}
	}
	gone := map[string]int64{}
	err = s.removeAll(ctx, job, gone)
	note := s.noteRemoved(context.WithoutCancel(ctx), row, job.ObjectID, gone, err == nil)
	if err != nil {
		return err
	}
	s.tellClosed(row.ParentID, job.Tenant) // who came back meanwhile finds nothing
	if note != nil {
		return note
	}
	if job.Kind != JobSweep || len(gone) > 0 {
		if err := s.certify(ctx, row, job.Kind); err != nil || job.Kind == JobSweep {
			return err
		}
	}
	if job.Kind == JobSweep {
		return nil
	}
	return s.Store.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		return tx.InsertJob(store.JobRow{ID: s.IDs.New(id.Job), Kind: JobSweep, ObjectID: job.ObjectID, RunAt: s.now().Add(sweepAfter), CreatedAt: s.now()})
	})
}

func (s *Service) removeAll(ctx context.Context, job store.JobRow, gone map[string]int64) error {
	if err := s.removeFiles(ctx, job.Tenant, gone); err != nil {
		return err
	}
	for {
		var table string
		var n int64
		// The count goes with the rows: whatever breaks off, the certificate is right.
		err := s.Store.Write(ctx, job.Tenant, func(tx *store.Tx) (err error) {
			if table, n, err = tx.EndTenantRows(job.ID); err != nil || table == "" {
				return err
			}
			e, err := tx.End()
			if err != nil {
				return err
			}
			facts, err := factsOf(e)
			if err != nil {
				return err
			}
			facts.Rows[table] += n
			return s.putFacts(tx, e, facts)
		})
		if err != nil {
			return err
		}
		if table == "" {
			return s.Store.Scrub(ctx)
		}
		gone[table] += n
	}
}

func (s *Service) removeFiles(ctx context.Context, t id.Tenant, gone map[string]int64) error {
	if s.Files == nil {
		return nil
	}
	n, err := s.Files.DeleteTenant(ctx, t)
	if n > 0 {
		gone["files"] += int64(n)
	}
	return err
}

// noteRemoved is the receipt: what was removed, by whose word, and whether that
// was all. A second sweep that found nothing is not worth a line.
func (s *Service) noteRemoved(ctx context.Context, org store.OrganisationRow, user string, gone map[string]int64, all bool) error {
	if len(gone) == 0 {
		return nil
	}
	detail := map[string]string{"complete": strconv.FormatBool(all)}
	for what, n := range gone {
		detail[what] = strconv.FormatInt(n, 10)
	}
	a := access.Actor{Tenant: org.ParentID, User: user}
	return s.Store.Write(ctx, org.ParentID, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "organisation.erased", "organisation", string(org.ID), detail)
	})
}
