package retention

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// some is how many things one transaction ends: the writer is shared, and must
// not be held up by a tenant with much to delete.
const some = 50

// told is how long it is known what other systems were told.
const told = 7 * 24 * time.Hour

// Done counts what one round ended for one organisation.
type Done struct {
	Conversations, Records, Contacts, Recordings, Shares, Support, Exports, AgentStates, OfficeCalls, Forwards, Alerts, Audit, APIKeys, Sessions, Challenges, Replies, Acknowledgements, Told, Uploads, StrayFiles int64
}

// Round goes through all organisations once and ends what is due. It goes on
// after a fault of one organisation, and answers the first fault.
func (s *Service) Round(ctx context.Context) error {
	var orgs []store.OrganisationRow
	err := s.DB.SystemRead(ctx, func(tx *store.Tx) (err error) {
		orgs, err = tx.Organisations()
		return err
	})
	if err != nil {
		return err
	}
	var first error
	for _, o := range orgs {
		if ctx.Err() != nil {
			return errs.As(ctx.Err())
		}
		// What is forgotten has been counted. Forgetting does not wait for a count that fails.
		if err := s.Count(ctx, o.ID); err != nil && first == nil {
			first = err
		}
		if o.Status == "closed" { // its end removes everything
			continue
		}
		if _, err := s.Tenant(ctx, o.ID); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Tenant ends what is due for one organisation, unless another node does so.
func (s *Service) Tenant(ctx context.Context, t id.Tenant) (Done, error) {
	var rules privacy.Rules
	held := false
	now := s.Clock.Now()
	err := s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		if _, held, err = tx.Lease("retention", s.Node, 2*s.Every, now); err != nil || !held {
			return err
		}
		rules, err = rulesOf(tx)
		return err
	})
	if err != nil || !held {
		return Done{}, err
	}
	r := round{s: s, ctx: ctx, t: t, due: privacy.DueAt(rules, now), restricted: map[string]bool{}, held: map[string][]recording.Hold{}}
	for _, step := range []func() error{r.deleted, r.recordings, r.conversations, r.records, r.contacts, r.uploads, r.strayFiles, r.rest} {
		if err := step(); err != nil {
			return r.done, err
		}
	}
	if r.done == (Done{}) {
		return r.done, nil
	}
	s.Log.Info("retention ended what was due", "tenant", t, "conversations", r.done.Conversations, "records", r.done.Records, "contacts", r.done.Contacts, "recordings", r.done.Recordings,
		"audit", r.done.Audit, "sessions", r.done.Sessions, "uploads", r.done.Uploads, "stray_files", r.done.StrayFiles)
	return r.done, s.DB.Scrub(ctx)
}

// rulesOf are the tenant's rules, or those that a new tenant has.
func rulesOf(tx *store.Tx) (privacy.Rules, error) {
	rows, err := tx.SetupOf(string(setup.KindRules))
	if err != nil {
		return privacy.Rules{}, err
	}
	r := setup.DefaultRules()
	if len(rows) > 0 {
		if err := json.Unmarshal([]byte(rows[0].Body), &r); err != nil {
			return privacy.Rules{}, errs.Wrap(errs.Internal, err, "The rules could not be read, so nothing is deleted.")
		}
	}
	return privacy.Rules{ConversationDays: r.ConversationDays, RecordDays: r.RecordDays, AuditDays: r.AuditDays}, nil
}

// round is one organisation's.
type round struct {
	s          *Service
	ctx        context.Context
	t          id.Tenant
	due        privacy.Due
	restricted map[string]bool             // contacts that were looked at
	held       map[string][]recording.Hold // contacts' holds, likewise
	done       Done
}

// drain takes pages of due rows and ends them until a page is not full. Rows
// that must stay come again in the next page, so a
// page that is full of them is made longer.
func drain[R any](r *round, due time.Time, read func(tx *store.Tx, before time.Time, limit int) ([]R, error), stays func(*store.Tx, R) (bool, error), end func([]R) (int64, error)) error {
	if due.IsZero() {
		return nil
	}
	for limit := some; ; {
		if err := r.ctx.Err(); err != nil {
			return errs.As(err)
		}
		var free []R
		all := 0
		err := r.s.DB.Read(r.ctx, r.t, func(tx *store.Tx) error {
			rows, err := read(tx, due, limit)
			if err != nil {
				return err
			}
			free, all = free[:0], len(rows)
			for _, row := range rows {
				keep, err := stays(tx, row)
				if err != nil {
					return err
				}
				if !keep {
					free = append(free, row)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		ended, err := end(free)
		if err != nil || all < limit {
			return err
		}
		if ended == 0 {
			limit *= 2
		}
	}
}

func (r *round) isRestricted(tx *store.Tx, contact string) (bool, error) {
	if stays, known := r.restricted[contact]; known {
		return stays, nil
	}
	row, err := tx.Contact(contact)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return false, err
	}
	r.restricted[contact] = !row.RestrictedAt.IsZero()
	return r.restricted[contact], nil
}

// workStays says whether an interaction must stay: its email goes on in one that is open,
// its contact is restricted, or a hold is on its recordings.
func (r *round) workStays(tx *store.Tx, i store.InteractionRow) (bool, error) {
	stays, err := tx.GoesOn(i)
	if stays || err != nil {
		return stays, err
	}
	stays, err = r.isRestricted(tx, i.ContactID)
	if stays || err != nil {
		return stays, err
	}
	holds, err := r.holdsOf(tx, i.ContactID)
	if len(holds) == 0 || err != nil {
		return false, err
	}
	recorded, err := tx.Recorded([]string{i.ID})
	return slices.ContainsFunc(holds, func(h recording.Hold) bool { return h.Keeps(i.ID, len(recorded) > 0) }), err
}

// contactStays says whether a contact must stay: it is restricted, or on hold.
func (r *round) contactStays(tx *store.Tx, c store.ContactRow) (bool, error) {
	stays, err := r.isRestricted(tx, c.ID)
	if stays || err != nil {
		return stays, err
	}
	holds, err := r.holdsOf(tx, c.ID)
	return len(holds) > 0, err
}

func never[R any](*store.Tx, R) (bool, error) { return false, nil }

// conversations removes what was said; the record stays.
func (r *round) conversations() error {
	return drain(r, r.due.Conversations, (*store.Tx).ClosedConversations, r.workStays, func(rows []store.InteractionRow) (int64, error) {
		return r.endWork(rows, &r.done.Conversations, func(tx *store.Tx, interaction string) error {
			_, err := tx.DeleteConversation(interaction, r.s.Clock.Now())
			return err
		})
	})
}

// records removes interactions with all that belongs to them.
func (r *round) records() error {
	return drain(r, r.due.Records, (*store.Tx).ClosedInteractions, r.workStays, func(rows []store.InteractionRow) (int64, error) {
		return r.endWork(rows, &r.done.Records, func(tx *store.Tx, interaction string) error {
			_, err := tx.DeleteInteraction(interaction)
			return err
		})
	})
}

// endWork removes the files of interactions, then their rows. A crash between
// leaves rows whose files are gone; the next round removes them.
func (r *round) endWork(rows []store.InteractionRow, count *int64, end func(*store.Tx, string) error) (int64, error) {
	if len(rows) == 0 {
		return 0, nil
	}
	rows, err := letGo(r, rows, r.letWorkGo)
	if err != nil {
		return 0, err
	}
	var files []string
	err = r.s.DB.Read(r.ctx, r.t, func(tx *store.Tx) error {
		files = files[:0]
		for _, row := range rows {
			of, err := tx.Blobs(row.ID)
			if err != nil {
				return err
			}
			files = append(files, of...)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		if err := r.s.Blobs.Delete(r.ctx, f); err != nil {
			return 0, err
		}
	}
	ended := int64(0)
	for page := range slices.Chunk(rows, some) {
		n := int64(0)
		err := r.s.DB.Write(r.ctx, r.t, func(tx *store.Tx) error {
			n = 0
			for _, row := range page {
				err := end(tx, row.ID)
				if errs.Is(err, errs.NotFound) {
					continue // an erasure was faster
				}
				if err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err != nil {
			return ended, err
		}
		ended += n
		*count += n
	}
	return ended, nil
}

// contacts erases those that have no record left and were not seen for long.
func (r *round) contacts() error {
	return drain(r, r.due.Contacts, (*store.Tx).IdleContacts, r.contactStays, func(rows []store.ContactRow) (ended int64, err error) {
		for _, row := range rows {
			gone, err := r.s.Contacts.EraseIdle(r.ctx, r.t, row.ID, r.due.Contacts)
			if err != nil {
				return ended, err
			}
			if gone {
				ended++
				r.done.Contacts++
			}
		}
		return ended, nil
	})
}

// uploads removes files that were sent but never became a message.
func (r *round) uploads() error {
	return drain(r, r.due.Uploads, (*store.Tx).UnsentAttachments, never[store.AttachmentRow], func(rows []store.AttachmentRow) (ended int64, err error) {
		for _, row := range rows {
			if err := r.s.Blobs.Delete(r.ctx, row.BlobKey); err != nil {
				return ended, err
			}
			if err := r.s.DB.Write(r.ctx, r.t, func(tx *store.Tx) error { return tx.DeleteAttachment(row.ID) }); err != nil {
				return ended, err
			}
			ended++
			r.done.Uploads++
		}
		return ended, nil
	})
}

// kept are the kinds of conversations' files, and how a row is found that names
// one.
var kept = []struct {
	kind string
	has  func(*store.Tx, string) (bool, error)
}{
	{blob.Attachments, (*store.Tx).HasAttachment},
	{blob.Recordings, (*store.Tx).HasRecordingFile},
}

// strayEvery is how often files are compared with rows: it looks at all of them.
const strayEvery = 24 * time.Hour

// strayFiles removes files that no row names: a crash came between the file and
// its row, or between the row's end and the file's.
func (r *round) strayFiles() error {
	if !r.s.firstToday(r.t) {
		return nil
	}
	for _, k := range kept {
		var page []string
		for file, err := range r.s.Blobs.List(r.ctx, blob.Key(k.kind, r.t, "")) {
			if err != nil {
				return err
			}
			if !file.At.Before(r.due.StrayFiles) {
				continue
			}
			if page = append(page, file.Key); len(page) == some {
				if err := r.endStray(page, k.has); err != nil {
					return err
				}
				page = page[:0]
			}
		}
		if err := r.endStray(page, k.has); err != nil {
			return err
		}
	}
	return nil
}

// firstToday says whether a tenant's files were not compared within a day.
func (s *Service) firstToday(t id.Tenant) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	if last, ok := s.swept[t]; ok && now.Sub(last) < strayEvery && !now.Before(last) {
		return false
	}
	s.swept[t] = now
	return true
}

func (r *round) endStray(keys []string, has func(*store.Tx, string) (bool, error)) error {
	var stray []string
	err := r.s.DB.Read(r.ctx, r.t, func(tx *store.Tx) error {
		stray = stray[:0]
		for _, key := range keys {
			named, err := has(tx, key[strings.LastIndexByte(key, '/')+1:])
			if err != nil {
				return err
			}
			if !named {
				stray = append(stray, key)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range stray {
		if err := r.s.Blobs.Delete(r.ctx, key); err != nil {
			return err
		}
		r.done.StrayFiles++
	}
	return nil
}

// rest ends what needs one statement each, notes in the audit log what was
// erased, and trims that log.
func (r *round) rest() error {
	return r.s.DB.Write(r.ctx, r.t, func(tx *store.Tx) error {
		for _, step := range []struct {
			due   time.Time
			end   func(*store.Tx, time.Time) (int64, error)
			count *int64
		}{
			{r.due.AgentStates, (*store.Tx).DeleteAgentStates, &r.done.AgentStates},
			{r.due.AgentStates, (*store.Tx).DeleteOfficeCalls, &r.done.OfficeCalls},
			{r.due.Forwards, (*store.Tx).DeleteArchivedForwards, &r.done.Forwards},
			{r.due.Alerts, (*store.Tx).DeleteAlerts, &r.done.Alerts},
			{r.due.APIKeys, (*store.Tx).DeleteAPIKeys, &r.done.APIKeys},
			{r.s.Clock.Now(), (*store.Tx).DeleteRecordingShares, &r.done.Shares},
			{r.due.Audit, (*store.Tx).DeleteSupportGrants, &r.done.Support},
			{r.due.Audit, (*store.Tx).DeleteExports, &r.done.Exports},
			{r.due.Sessions, (*store.Tx).DeleteSessions, &r.done.Sessions},
			{r.s.Clock.Now(), (*store.Tx).DeleteSpentChallenges, &r.done.Challenges},
			{r.due.Replies, (*store.Tx).DeleteKeys, &r.done.Replies},
			{r.s.Clock.Now().AddDate(0, 0, -1), (*store.Tx).DeleteAcknowledgements, &r.done.Acknowledgements},
			{r.s.Clock.Now().Add(-told), (*store.Tx).DeleteWebhookDeliveries, &r.done.Told},
			{r.due.Audit, r.s.Audit.Trim, &r.done.Audit},
		} {
			if step.due.IsZero() {
				continue
			}
			n, err := step.end(tx, step.due)
			if err != nil {
				return err
			}
			*step.count = n
		}
		if r.done.Conversations+r.done.Records+r.done.Contacts+r.done.Recordings == 0 {
			return nil
		}
		return r.s.Audit.Record(tx, access.Actor{Tenant: r.t}, "retention.ended", "organisation", string(r.t), map[string]string{
			"conversations": strconv.FormatInt(r.done.Conversations, 10), "records": strconv.FormatInt(r.done.Records, 10), "contacts": strconv.FormatInt(r.done.Contacts, 10),
			"recordings": strconv.FormatInt(r.done.Recordings, 10)})
	})
}
