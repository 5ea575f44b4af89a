package contact

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// JobErase is the kind of the job that carries an erasure to its end; its
// object is the contact. RunErase is its handler.
const JobErase = "contact.erase"

const (
	actionBegun  = "contact.erasure_begun"
	actionErased = "contact.erased"

	// actionRefused is an erasure that a legal hold keeps from being done.
	actionRefused = "contact.erasure_refused"
)

// hold is how long a running erasure keeps other nodes from taking over.
const hold = 5 * time.Minute

// Receipt says what an erasure removed, and what had to stay and why. It can be
// had again later.
type Receipt struct {
	Contact  string        `json:"contact"`
	ErasedAt time.Time     `json:"erased_at"`
	Erased   []ErasedCount `json:"erased"`
	Kept     []KeptCount   `json:"kept"`
}

// ErasedCount counts what is gone.
type ErasedCount struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
}

// KeptCount counts what stays.
type KeptCount struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
	Why   string `json:"why"`
}

// Erase erases a person (notice C18). Its addresses are taken away first, so
// that nothing new can begin; then the contact's key is destroyed, which makes
// everything about the person unreadable in every copy and backup; then the
// files and the rows go. It is refused while the person is in a conversation, and
// while a legal hold is on a recording of the person (GDPR Art. 17(3)(b), (e)):
// without its key the recording would be gone. The hold then says that an erasure
// was asked for.
// Erasing again answers the receipt again.
func (s *Service) Erase(ctx context.Context, a access.Actor, contact string) (Receipt, error) {
	if !access.May(a, access.ContactErase, access.Thing{Tenant: a.Tenant}) {
		return Receipt{}, errs.New(errs.Forbidden, "Only a privacy officer erases a contact.")
	}
	if err := s.checkHolds(ctx, a, contact); err != nil {
		return Receipt{}, err
	}
	job, err := s.beginErase(ctx, a, contact, time.Time{})
	if errs.Is(err, errs.NotFound) {
		return s.Receipt(ctx, a, contact)
	}
	if err != nil {
		return Receipt{}, err
	}
	if err := s.erase(ctx, job); err != nil {
		return Receipt{}, err
	}
	return s.Receipt(ctx, a, contact)
}

// EraseIdle erases a contact for retention: only if it has no interaction left
// and was not seen since a time. It answers whether it did.
func (s *Service) EraseIdle(ctx context.Context, t id.Tenant, contact string, seenBefore time.Time) (bool, error) {
	job, err := s.beginErase(ctx, access.Actor{Tenant: t}, contact, seenBefore)
	if errs.Is(err, errs.Conflict) || errs.Is(err, errs.NotFound) {
		return false, nil // it came back, or someone else erases it
	}
	if err != nil {
		return false, err
	}
	return true, s.erase(ctx, job)
}

// RunErase goes on with an erasure that a crash or a fault broke off.
func (s *Service) RunErase(ctx context.Context, job store.JobRow) error {
	return s.eraseSteps(ctx, job)
}

// beginErase notes, durably, that the contact is to be erased, and takes its
// addresses away: from then on no arrival finds it. With idleBefore the contact
// must have no interaction and not have been seen since.
func (s *Service) beginErase(ctx context.Context, a access.Actor, contact string, idleBefore time.Time) (job store.JobRow, err error) {
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		row, err := tx.Contact(contact)
		if err != nil {
			return err
		}
		// The changed version makes a simultaneous arrival or correction wait, and
		// then see that the contact is not to be had any more.
		if err := tx.UpdateContact(row); err != nil {
			return err
		}
		if !idleBefore.IsZero() && (!row.SeenAt.Before(idleBefore) || !row.RestrictedAt.IsZero()) {
			return errs.New(errs.Conflict, "This contact is not idle.")
		}
		holds, err := tx.RecordingHoldsOf(contact) // one that was placed a moment ago
		if err != nil {
			return err
		}
		if len(holds) > 0 {
			return onHold()
		}
		if err := s.checkWork(tx, contact, !idleBefore.IsZero()); err != nil {
			return err
		}
		if running, err := s.Erasing(tx, contact); err != nil || running {
			return cmp.Or[error](err, errs.New(errs.Conflict, "This contact is being erased already."))
		}
		addresses, err := tx.AddressesOf(contact)
		if err != nil {
			return err
		}
		for _, r := range addresses {
			if err := tx.DeleteAddress(r.Kind, r.AddressIndex); err != nil {
				return err
			}
		}
		now := s.Clock.Now().Truncate(time.Microsecond)
		job = store.JobRow{Tenant: a.Tenant, ID: s.IDs.New(id.Job), Kind: JobErase, ObjectID: contact, RunAt: now, Attempts: 1, LockedUntil: now.Add(hold), CreatedAt: now}
		if err := tx.InsertJob(job); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, actionBegun, "contact", contact, map[string]string{"addresses": strconv.Itoa(len(addresses))})
	})
	return job, err
}

func onHold() error {
	return errs.New(errs.Conflict, "A legal hold is on this person's recordings, so they must not be destroyed. Nothing was erased. Restrict the person until the hold ends; it is noted that an erasure was asked for.")
}

// checkHolds refuses while a legal hold is on the person's recordings, and notes
// with it, and in the audit log, that an erasure was asked for.
func (s *Service) checkHolds(ctx context.Context, a access.Actor, contact string) error {
	held := 0
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		holds, err := tx.RecordingHoldsOf(contact)
		if held = len(holds); err != nil || held == 0 {
			return err
		}
		if err := tx.AskedErasure(contact, s.Clock.Now()); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, actionRefused, "contact", contact, map[string]string{"holds": strconv.Itoa(held)})
	})
	if err == nil && held > 0 {
		err = onHold()
	}
	return err
}

// Erasing says whether a contact is being erased.
func (s *Service) Erasing(tx *store.Tx, contact string) (bool, error) {
	jobs, err := tx.Jobs(JobErase)
	return slices.ContainsFunc(jobs, func(j store.JobRow) bool { return j.ObjectID == contact }), err
}

// checkWork refuses while the person has open work, or with none any work.
func (s *Service) checkWork(tx *store.Tx, contact string, none bool) error {
	var before store.Cursor
	for {
		rows, err := tx.InteractionsOf(contact, before, 200)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if none {
				return errs.New(errs.Conflict, "This contact has interactions.")
			}
			goesOn, err := tx.GoesOn(r)
			if err != nil {
				return err
			}
			if goesOn {
				return errs.New(errs.Conflict, "This person is in a conversation. Finish it first, then erase.")
			}
			before = store.Cursor{At: r.ArrivedAt, ID: r.ID}
		}
		if len(rows) < 200 {
			return nil
		}
	}
}

// erase runs the steps, and on a fault lets the job be taken up soon.
func (s *Service) erase(ctx context.Context, job store.JobRow) error {
	err := s.eraseSteps(ctx, job)
	if err == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if back := s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error {
		return tx.RetryJob(job, s.Clock.Now(), string(errs.As(err).Code))
	}); back != nil && !errs.Is(back, errs.Conflict) {
		s.Log.Warn("an erasure waits for its lock to end", "tenant", job.Tenant, "job", job.ID, "code", errs.As(back).Code)
	}
	return errs.Wrap(errs.Unavailable, err, "The erasure has begun and goes on by itself: a part of the service did not answer.")
}

// eraseSteps is everything after the beginning. Each step may be done again.
func (s *Service) eraseSteps(ctx context.Context, job store.JobRow) error {
	t, contact := job.Tenant, job.ObjectID
	if err := s.Keys.DestroyContact(ctx, t, contact); err != nil {
		return err
	}
	s.tellDestroyed(t, contact)
	var files []string
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		files, err = tx.BlobsOfContact(contact)
		return err
	})
	if err != nil {
		return err
	}
	for _, f := range files { // before the rows that name them
		if err := s.Blobs.Delete(ctx, f); err != nil {
			return err
		}
	}
	err = s.DB.Write(ctx, t, func(tx *store.Tx) error {
		e, err := tx.DeleteContact(contact)
		if errs.Is(err, errs.NotFound) {
			return tx.FinishJob(job) // the last try got this far
		}
		if err != nil {
			return err
		}
		if err := tx.FinishJob(job); err != nil {
			return err
		}
		return s.Audit.Record(tx, access.Actor{Tenant: t}, actionErased, "contact", contact, counts(e, len(files)))
	})
	if err != nil {
		return err
	}
	s.tellDestroyed(t, contact) // again: what others count of it is gone only now
	return s.DB.Scrub(ctx)
}

// counted are the things of a receipt, in its order, with their keys in the
// audit log.
var counted = []struct {
	key, what string
	of        func(store.Erased) int64
}{
	{"contacts", "the contact's key, name and settings", func(e store.Erased) int64 { return e.Contacts }},
	{"addresses", "addresses", func(e store.Erased) int64 { return e.Addresses }},
	{"fields", "values of custom fields", func(e store.Erased) int64 { return e.Fields }},
	{"consents", "consents", func(e store.Erased) int64 { return e.Consents }},
	{"interactions", "interactions with their times and labels", func(e store.Erased) int64 { return e.Interactions }},
	{"chats", "conversations", func(e store.Erased) int64 { return e.Chats }},
	{"messages", "messages", func(e store.Erased) int64 { return e.Messages }},
	{"tokens", "search tokens", func(e store.Erased) int64 { return e.Tokens }},
	{"attachments", "files", func(e store.Erased) int64 { return e.Attachments }},
	{"recordings", "recordings", func(e store.Erased) int64 { return e.Recordings }},
	{"evaluations", "evaluations of recordings", func(e store.Erased) int64 { return e.Evaluations }},
	{"call_legs", "who took part in calls, with the number", func(e store.Erased) int64 { return e.Legs }},
	{"segments", "parts of interactions held by agents and queues", func(e store.Erased) int64 { return e.Segments }},
	{"offers", "offers to agents", func(e store.Erased) int64 { return e.Offers }},
}

func counts(e store.Erased, files int) map[string]string {
	d := map[string]string{"blobs": strconv.Itoa(files)}
	for _, c := range counted {
		d[c.key] = strconv.FormatInt(c.of(e), 10)
	}
	return d
}
