package verify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/app/retention"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// heldFromErasure has the person of the recorded call erased while its recording is
// on legal hold, which is refused as a whole, and again once the hold has ended.
func heldFromErasure(ctx context.Context, w *world) (string, error) {
	s, err := w.callIn(ctx)
	if err != nil {
		return "", err
	}
	supervisor, err := w.user(ctx, ours, "supervisor")
	if err != nil {
		return "", err
	}
	officer, err := w.user(ctx, ours, "privacy_officer")
	if err != nil {
		return "", err
	}
	length, err := s.ends(ctx, supervisor)
	if err != nil {
		return "", err
	}
	if err := complete(ctx, s.agent, "interactions/"+s.interaction, map[string]any{"labels": []string{}}); err != nil {
		return "", fmt.Errorf("closing the call: %w", err)
	}
	var work struct {
		Interaction struct{ Contact string }
	}
	if err := supervisor.Do(ctx, "GET", "interactions/"+s.interaction, nil, &work); err != nil {
		return "", err
	}
	person, recorded := "contacts/"+work.Interaction.Contact, "recordings/"+s.recording
	var hold struct{ ID string }
	if err := supervisor.Do(ctx, "POST", "recording-holds", map[string]string{"recording": s.recording, "reason": "claim"}, &hold); err != nil {
		return "", fmt.Errorf("placing a hold: %w", err)
	}
	if err := expect(officer.Do(ctx, "POST", person+"/erase", nil, nil), 409); err != nil {
		return "", fmt.Errorf("an erasure while the hold is in force: %w", err)
	}
	if heard, err := s.hears(ctx, supervisor, length); err != nil || len(heard) == 0 {
		return "", errors.Join(errors.New("what is held cannot be heard after a refused erasure"), err)
	}
	var holds struct {
		Items []struct {
			ID    string
			Asked *time.Time `json:"erasure_asked_at"`
		}
	}
	if err := officer.Do(ctx, "GET", "recording-holds?contact="+work.Interaction.Contact, nil, &holds); err != nil {
		return "", err
	}
	if len(holds.Items) != 1 || holds.Items[0].ID != hold.ID || holds.Items[0].Asked == nil {
		return "", errors.New("the hold does not say that an erasure was asked for")
	}
	if err := expect(supervisor.Do(ctx, "DELETE", "recording-holds/"+hold.ID, nil, nil), 403); err != nil {
		return "", fmt.Errorf("a supervisor ends the hold: %w", err)
	}
	if err := officer.Do(ctx, "DELETE", "recording-holds/"+hold.ID, nil, nil); err != nil {
		return "", fmt.Errorf("ending the hold: %w", err)
	}
	if err := officer.Do(ctx, "POST", person+"/erase", nil, nil); err != nil {
		return "", fmt.Errorf("an erasure after the hold: %w", err)
	}
	for _, rec := range []string{recorded, "recordings/" + s.shown.recording} {
		if err := expect(supervisor.Do(ctx, "POST", rec+"/listen", map[string]string{"reason": "other"}, nil), 404); err != nil {
			return "", fmt.Errorf("the recording after the erasure: %w", err)
		}
	}
	return "while a supervisor's hold was on a call's recording its person's erasure was refused, and noted with the hold; the recording was heard as before. A supervisor could not end the hold; once a privacy officer had, the same erasure removed sound and screen", nil
}

// heldFromRetention goes through months on a store of its own: retention ends the
// time of a recording on hold no more than that of any other, but does so once the
// hold has ended.
func heldFromRetention(ctx context.Context, w *world) (said string, err error) {
	a, err := newArchive(ctx)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	held, free := a.record(ctx, 7), a.record(ctx, 7)
	officer := access.Actor{Tenant: a.tenant, User: a.ids.New(id.User), Roles: []access.Role{access.PrivacyOfficer}}
	hold := a.hold(ctx, officer, held)
	a.passes(ctx, 8*24*time.Hour)
	if is, other := a.is(ctx, held), a.is(ctx, free); !is || other {
		return "", errors.Join(a.fault, fmt.Errorf("after the recordings' 7 days: the one on hold is there: %v, the other: %v", is, other))
	}
	a.passes(ctx, 400*24*time.Hour)
	if !a.is(ctx, held) {
		return "", errors.Join(a.fault, errors.New("after conversation and record had had their time, the recording on hold is gone"))
	}
	if a.fault == nil {
		a.fault = a.holds.End(ctx, officer, hold)
	}
	a.passes(ctx, time.Minute)
	if a.is(ctx, held) || a.fault != nil {
		return "", errors.Join(a.fault, errors.New("it stays after its hold"))
	}
	return "on a store of its own whose clock was set on: after 7 days retention removed one of two recordings, row, manifest and file, and not the one on hold; that outlived its conversation's and its record's time by months, and went in the first round after its hold", nil
}

// archive is a store with one tenant, and what keeps and ends its recordings; the
// first fault stops it.
type archive struct {
	dir    string
	db     *store.DB
	blobs  *blob.Store
	clock  *clock.Virtual
	ids    *id.Source
	tenant id.Tenant
	ending *retention.Service
	holds  *recording.Holds
	fault  error
}

// nobodyIdle erases no contacts; that is another check's matter.
type nobodyIdle struct{}

func (nobodyIdle) EraseIdle(context.Context, id.Tenant, string, time.Time) (bool, error) {
	return false, nil
}

func newArchive(ctx context.Context) (*archive, error) {
	dir, err := os.MkdirTemp("", "nubitalk-verify-")
	if err != nil {
		return nil, err
	}
	a := &archive{dir: dir, clock: clock.NewVirtual(time.Now())}
	a.ids = id.NewSource(a.clock.Now, nil)
	a.tenant = id.Tenant(a.ids.New(id.TenantKind))
	if a.db, err = store.Open(ctx, store.Config{Driver: store.SQLite, DSN: filepath.Join(dir, "nubitalk.db")}); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err = a.db.Migrate(ctx); err == nil {
		a.blobs, err = blob.OpenDir(filepath.Join(dir, "files"))
	}
	if err == nil {
		err = a.db.System(ctx, func(tx *store.Tx) error {
			return tx.InsertOrganisation(store.OrganisationRow{ID: a.tenant, Kind: "tenant", Slug: "held", Name: "Held", Status: "active", Language: "en", TimeZone: "UTC", CreatedAt: a.clock.Now(), UpdatedAt: a.clock.Now()})
		})
	}
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	log := audit.New(a.db, a.clock)
	a.ending = retention.New(retention.Deps{DB: a.db, Blobs: a.blobs, Contacts: nobodyIdle{}, Audit: log, Clock: a.clock, Log: slog.New(slog.DiscardHandler), Node: "nod_verify"})
	a.holds = &recording.Holds{Recordings: &recording.Service{DB: a.db, IDs: a.ids, Clock: a.clock}, Audit: log, Erasing: func(*store.Tx, string) (bool, error) { return false, nil }}
	return a, nil
}

func (a *archive) close() error { return errors.Join(a.db.Close(), os.RemoveAll(a.dir)) }

// record is a recording of one segment, of a call that closed now, which is to be
// kept for so many days.
func (a *archive) record(ctx context.Context, days int) (rec string) {
	if a.fault != nil {
		return ""
	}
	now := a.clock.Now()
	person, work, file := a.ids.New(id.Contact), a.ids.New(id.Interaction), a.ids.New(id.RecordFile)
	rec = a.ids.New(id.Recording)
	a.fault = errors.Join(a.blobs.Put(ctx, blob.Key(blob.Recordings, a.tenant, file), secret.Sealed("a sealed segment")),
		a.db.Write(ctx, a.tenant, func(tx *store.Tx) error {
			return errors.Join(
				tx.InsertContact(store.ContactRow{ID: person, CreatedAt: now, SeenAt: now}),
				tx.InsertInteraction(store.InteractionRow{ID: work, Channel: "voice", ContactID: person, State: "closed", ArrivedAt: now, ClosedAt: now}),
				tx.InsertRecording(store.RecordingRow{ID: rec, InteractionID: work, Kind: recording.Voice, StartedAt: now, EndedAt: now, KeepUntil: now.AddDate(0, 0, days)}),
				tx.InsertRecordingEntry(store.RecordingEntryRow{RecordingID: rec, Number: 1, InteractionID: work, FileID: file}))
		}))
	return rec
}

func (a *archive) hold(ctx context.Context, by access.Actor, rec string) string {
	if a.fault != nil {
		return ""
	}
	h, err := a.holds.Place(ctx, by, recording.NewHold{Recording: rec, Reason: "claim"})
	a.fault = err
	return h.ID
}

// passes lets time go by, and retention look.
func (a *archive) passes(ctx context.Context, by time.Duration) {
	a.clock.Advance(by)
	if a.fault == nil {
		a.fault = a.ending.Round(ctx)
	}
}

// is says whether a recording is there with its manifest and file; in part is a
// fault.
func (a *archive) is(ctx context.Context, rec string) (there bool) {
	if a.fault != nil {
		return false
	}
	a.fault = a.db.Read(ctx, a.tenant, func(tx *store.Tx) error {
		_, err := tx.Recording(rec)
		if there = err == nil; err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		entries, err := tx.RecordingEntries(rec)
		if err == nil && there != (len(entries) == 1) {
			err = errors.New("a recording is there in part")
		}
		for _, e := range entries {
			if _, lost := a.blobs.Get(ctx, blob.Key(blob.Recordings, a.tenant, e.FileID)); lost != nil {
				err = errors.Join(err, fmt.Errorf("a recording's file is gone: %w", lost))
			}
		}
		return err
	})
	return there
}
