package account

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// JobEnd is the kind of the job that carries the end of an organisation out; its
// tenant is the organisation and its object the user who ended it. RunEnd is its
// handler.
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

// EndOrganisation ends one right below the actor's own, for good: nobody signs
// in, its keys are destroyed, which makes all that is sealed for it unreadable
// in every copy and backup, and a job removes its rows and files. What stays is
// that it existed. A reseller ends after the organisations below it.
func (s *Service) EndOrganisation(ctx context.Context, a access.Actor, org id.Tenant, version int64) (Organisation, error) {
	if err := mayBelow(a, access.OrgWrite); err != nil {
		return Organisation{}, err
	}
	now := s.now()
	var row store.OrganisationRow
	err := s.Store.System(ctx, func(tx *store.Tx) (err error) {
		if row, err = below(tx, a, org); err != nil {
			return err
		}
		switch {
		case row.Status == string(Closed):
			return errs.New(errs.Conflict, "This organisation has ended already.")
		case row.Version != version:
			return errs.New(errs.Conflict, "This organisation was changed by someone else in the meantime.")
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
		return tx.InsertJobFor(store.JobRow{Tenant: org, ID: s.IDs.New(id.Job), Kind: JobEnd, ObjectID: a.User, RunAt: now, CreatedAt: now})
	})
	if err != nil {
		return Organisation{}, err
	}
	// From here on the job goes on by itself, whatever fails.
	s.tell(org, Change{Reason: EndedClosed})
	err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		return s.Audit.Record(tx, a, "organisation.ended", "organisation", string(org), map[string]string{"kind": row.Kind})
	})
	if err != nil {
		return Organisation{}, err
	}
	if err := s.Vault.DestroyTenant(ctx, org); err != nil {
		return Organisation{}, err
	}
	s.tellClosed(a.Tenant, org)
	return organisationView(row, 0), nil
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

// RunEnd destroys the keys once more, removes rows and files, and notes in the
// log of the organisation above how many there were. It may be called again.
func (s *Service) RunEnd(ctx context.Context, job store.JobRow) error {
	var row store.OrganisationRow
	err := s.Store.SystemRead(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.OrganisationByID(job.Tenant)
		return err
	})
	if err != nil || row.Status != string(Closed) {
		return err
	}
	if err := s.Vault.DestroyTenant(ctx, job.Tenant); err != nil {
		return err
	}
	s.tellClosed(row.ParentID, job.Tenant)
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
	if note != nil || job.Kind == JobSweep {
		return note
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
		err := s.Store.Write(ctx, job.Tenant, func(tx *store.Tx) (err error) {
			table, n, err = tx.EndTenantRows(job.ID)
			return err
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
