package account

import (
	"context"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/bus"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// JobRotate is the kind of the job that gives an organisation new keys; its
// object is the version that they get, so that a job which is run again makes no
// more of them. RunRotation is its handler.
const JobRotate = "keys.rotate"

// JobRewrap is the kind of the job that looks, ten minutes later, for contacts'
// keys that a node wrapped which did not know yet.
const JobRewrap = "keys.rewrap"

// KeysRotated is the kind of the event that tells every node that an
// organisation has new keys. It is for the nodes, not for browsers.
const KeysRotated = "keys.rotated"

// OrganisationKeys tells how old an organisation's keys are and how far a
// rotation is.
type OrganisationKeys struct {
	Organisation id.Tenant `json:"organisation"`
	Version      int64     `json:"version" doc:"Of the newest keys; each rotation makes the next."`
	Since        time.Time `json:"since" doc:"When the newest were made."`
	Contacts     int       `json:"contacts" doc:"Contacts' keys, each wrapped by the organisation's."`
	Behind       int       `json:"behind" doc:"How many of them an older version still wraps."`
	Rotating     bool      `json:"rotating"`
	Attempts     int       `json:"attempts" doc:"How often the rotation under way was begun."`
	Fault        string    `json:"fault,omitempty" doc:"The code of what stopped it last; it is tried again by itself."`
}

// Keys tells of an organisation's keys: the operator's own, or one anywhere
// below.
func (s *Service) Keys(ctx context.Context, a access.Actor, org id.Tenant) (OrganisationKeys, error) {
	if err := s.mayKeys(ctx, a, org); err != nil {
		return OrganisationKeys{}, err
	}
	return s.keysOf(ctx, org)
}

// RotateKeys begins to give an organisation new keys while it works: what is
// sealed from then on is sealed with them, the contacts' keys are wrapped anew,
// and what was sealed before still opens. A job carries it out, also over the end
// of this process; Keys tells how far it is.
func (s *Service) RotateKeys(ctx context.Context, a access.Actor, org id.Tenant) (OrganisationKeys, error) {
	if err := s.mayKeys(ctx, a, org); err != nil {
		return OrganisationKeys{}, err
	}
	version, err := s.Vault.NextVersion(ctx, org)
	if err != nil {
		return OrganisationKeys{}, err
	}
	detail := map[string]string{"version": strconv.FormatInt(version, 10)}
	err = s.Store.Write(ctx, org, func(tx *store.Tx) error {
		// Always granted, it makes those who ask at the same time wait for one another.
		if _, _, err := tx.Lease("keys", "accounts", time.Second, s.now()); err != nil {
			return err
		}
		running, err := tx.Jobs(JobRotate)
		if err != nil {
			return err
		}
		if len(running) > 0 {
			return errs.New(errs.Conflict, "The keys of this organisation are being renewed already.")
		}
		now := s.now()
		if err := tx.InsertJob(store.JobRow{ID: s.IDs.New(id.Job), Kind: JobRotate, ObjectID: detail["version"], RunAt: now, CreatedAt: now}); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, "keys.rotation_started", "organisation", string(org), detail)
	})
	if err != nil {
		return OrganisationKeys{}, err
	}
	if org != a.Tenant { // the operator's own log has it, too
		err = s.Store.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			return s.Audit.Record(tx, a, "keys.rotation_started", "organisation", string(org), detail)
		})
		if err != nil {
			return OrganisationKeys{}, err
		}
	}
	return s.keysOf(ctx, org)
}

// mayKeys lets in who may see to an organisation's keys: it is the actor's own
// or anywhere below, and has not ended.
func (s *Service) mayKeys(ctx context.Context, a access.Actor, org id.Tenant) error {
	if err := mayBelow(a, access.OrgKeys); err != nil {
		return err
	}
	return s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		row, err := tx.OrganisationByID(org)
		if err != nil {
			return err
		}
		closed := row.Status == string(Closed)
		for row.ID != a.Tenant {
			if row.ParentID == "" {
				return errs.New(errs.NotFound, "This organisation does not exist.")
			}
			if row, err = tx.OrganisationByID(row.ParentID); err != nil {
				return err
			}
		}
		if closed {
			return errs.New(errs.Conflict, "This organisation has ended already.")
		}
		return nil
	})
}

func (s *Service) keysOf(ctx context.Context, org id.Tenant) (OrganisationKeys, error) {
	d, err := s.Vault.Describe(ctx, org)
	if err != nil {
		return OrganisationKeys{}, err
	}
	k := OrganisationKeys{Organisation: org, Version: d.Versions[vault.PurposeWrap], Since: d.Since, Contacts: d.Contacts, Behind: d.Behind}
	err = s.Store.Read(ctx, org, func(tx *store.Tx) error {
		jobs, err := tx.Jobs(JobRotate)
		k.Rotating = len(jobs) > 0
		for _, j := range jobs {
			k.Attempts, k.Fault = j.Attempts, j.LastError
		}
		return err
	})
	return k, err
}

// RunRotation makes the new keys, tells all nodes, and wraps the contacts' keys
// anew. It may be called again: it goes on where it was.
func (s *Service) RunRotation(ctx context.Context, job store.JobRow) error {
	version, err := strconv.ParseInt(job.ObjectID, 10, 64)
	if err != nil {
		return errs.Wrap(errs.Internal, err, "A rotation does not say which keys it makes.")
	}
	closed, err := s.hasEnded(ctx, job.Tenant)
	if err != nil || closed {
		return err
	}
	if err := s.Vault.NewVersions(ctx, job.Tenant, version); err != nil {
		return err
	}
	s.publish(bus.Event{Tenant: job.Tenant, Kind: KeysRotated})
	n, err := s.Vault.RewrapContacts(ctx, job.Tenant)
	if err != nil {
		return err
	}
	return s.Store.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		now := s.now()
		if err := tx.InsertJob(store.JobRow{ID: s.IDs.New(id.Job), Kind: JobRewrap, ObjectID: job.ObjectID, RunAt: now.Add(sweepAfter), CreatedAt: now}); err != nil {
			return err
		}
		if err := s.Audit.Record(tx, access.Actor{Tenant: job.Tenant}, "keys.rotated", "organisation", string(job.Tenant),
			map[string]string{"version": job.ObjectID, "contacts": strconv.Itoa(n)}); err != nil {
			return err
		}
		return tx.FinishJob(job)
	})
}

// RunRewrap wraps what a node wrapped with the old key after RunRotation, because
// it had not been told.
func (s *Service) RunRewrap(ctx context.Context, job store.JobRow) error {
	closed, err := s.hasEnded(ctx, job.Tenant)
	if err != nil || closed {
		return err
	}
	_, err = s.Vault.RewrapContacts(ctx, job.Tenant)
	return err
}

func (s *Service) hasEnded(ctx context.Context, org id.Tenant) (closed bool, err error) {
	err = s.Store.SystemRead(ctx, func(tx *store.Tx) error {
		row, err := tx.OrganisationByID(org)
		closed = row.Status == string(Closed)
		return err
	})
	return closed, err
}
