package recording

import (
	"context"
	"os"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/blob"
	form "nubitalk/internal/core/recording"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// Opened is a recording that can be read.
type Opened struct {
	Row     store.RecordingRow
	About   form.About
	Entries []form.Entry
	object  *vault.Object
	tenant  id.Tenant
	contact string
	// By which the actor hears it, if it is no other business of the actor's.
	share      store.RecordingShareRow
	evaluation string
}

// Open opens a recording, whether it has ended or not. It answers errs.NotFound
// when there is none, and errs.Gone when its person was erased.
func (s *Service) Open(ctx context.Context, t id.Tenant, recording string) (*Opened, error) {
	return s.opened(ctx, t, recording, everything(recording))
}

// opened is Open with those entries that read reads.
func (s *Service) opened(ctx context.Context, t id.Tenant, recording string, read func(*store.Tx) ([]store.RecordingEntryRow, error)) (*Opened, error) {
	o := &Opened{tenant: t}
	var contact string
	err := s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		if o.Row, err = tx.Recording(recording); err != nil {
			return err
		}
		work, err := tx.Interaction(o.Row.InteractionID)
		if err != nil {
			return err
		}
		contact = work.ContactID
		o.contact = contact
		rows, err := read(tx)
		o.Entries = make([]form.Entry, 0, len(rows))
		for _, r := range rows {
			o.Entries = append(o.Entries, entry(r))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	o.About = about(t, o.Row)
	o.object, err = s.Vault.OpenObject(ctx, t, contact, keyPlace+recording, o.Row.KeySealed)
	return o, err
}

// Of are an interaction's recordings, in the order in which they began.
func (s *Service) Of(ctx context.Context, t id.Tenant, interaction string) (rows []store.RecordingRow, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		rows, err = tx.Recordings(interaction)
		return err
	})
	return rows, err
}

// Check says what is wrong with a recording; nothing, if it is as it was made.
func (s *Service) Check(ctx context.Context, o *Opened) []form.Fault {
	return form.Check(o.object, o.About, o.Entries, o.Row.HeadSealed, func(file string) ([]byte, error) {
		for _, e := range o.Entries {
			if e.Segment == file {
				return s.file(ctx, o, e)
			}
		}
		return nil, errs.New(errs.NotFound, "This file does not exist.")
	})
}

// Examine is Check where a store that does not answer is no missing segment: it
// answers errs.Unavailable.
func (s *Service) Examine(ctx context.Context, o *Opened) (faults []form.Fault, err error) {
	faults = form.Check(o.object, o.About, o.Entries, o.Row.HeadSealed, func(file string) ([]byte, error) {
		for _, e := range o.Entries {
			if e.Segment == file && err == nil {
				b, failed := s.file(ctx, o, e)
				if failed != nil && !errs.Is(failed, errs.NotFound) {
					err = failed
				}
				return b, failed
			}
		}
		return nil, errs.New(errs.NotFound, "This file does not exist.")
	})
	if err != nil {
		return nil, err
	}
	return faults, nil
}

// Pieces is what was recorded in a time, as far as it is in segments that have
// ended and can be read: only those of that time are fetched.
func (s *Service) Pieces(ctx context.Context, o *Opened, from, until time.Duration) ([]form.Piece, error) {
	all, missing, err := s.hear(ctx, o, from, until)
	if err == nil && len(missing) > 0 {
		err = errs.New(errs.Internal, "A part of the recording is missing or was altered.")
	}
	return all, err
}

// hear is what can be heard of a time, and what cannot be although it should.
func (s *Service) hear(ctx context.Context, o *Opened, from, until time.Duration) (all []form.Piece, missing []Span, err error) {
	for _, e := range o.Entries {
		if e.Kind != form.Recorded || e.At >= until || e.At+e.Length <= from {
			continue
		}
		pieces, _, err := s.segment(ctx, o, e)
		if err != nil {
			return all, missing, err
		}
		at := max(e.At, from)
		lost := func(to time.Duration) {
			if to > at {
				missing = append(missing, Span{at.Milliseconds(), (to - at).Milliseconds()})
			}
		}
		for _, p := range pieces {
			if p.At >= until || p.At+p.Length <= from {
				continue
			}
			lost(p.At)
			at = max(at, p.At+p.Length)
			all = append(all, p)
		}
		lost(min(e.At+e.Length, until))
	}
	return all, missing, nil
}

// segment reads one; whole is false where it is not there, or not all of it can
// be read.
func (s *Service) segment(ctx context.Context, o *Opened, e form.Entry) (pieces []form.Piece, whole bool, err error) {
	file, err := s.file(ctx, o, e)
	if errs.Is(err, errs.NotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	c, err := form.Read(o.object, o.Row.ID, e.Serial, file)
	return c.Pieces, err == nil && c.Whole, nil
}

// stillWaits is how long a segment may be in another node's spool before it is taken
// for missing.
const stillWaits = 24 * time.Hour

// file is a segment's: from the spool while it is there, whether the blob store
// answers or not, or from that. What another node may still have is errs.Unavailable.
func (s *Service) file(ctx context.Context, o *Opened, e form.Entry) ([]byte, error) {
	if o.Row.Spool == s.spool {
		if local, err := os.ReadFile(s.path(spooled{o.tenant, o.Row.ID, e.Serial, e.Segment})); err == nil {
			return local, nil
		}
	}
	b, err := s.Blobs.Get(ctx, blob.Key(blob.Recordings, o.tenant, e.Segment))
	made := o.Row.StartedAt.Add(e.At + e.Length)
	if errs.Is(err, errs.NotFound) && o.Row.Spool != s.spool && s.Clock.Now().Sub(made) < stillWaits {
		err = errs.Wrap(errs.Unavailable, err, "A part of the recording is still where it was made. Please try again later.")
	}
	return b, err
}

func entryRow(interaction, recording string, e form.Entry) store.RecordingEntryRow {
	row := store.RecordingEntryRow{RecordingID: recording, Number: e.Number, InteractionID: interaction, Kind: string(e.Kind), AtMS: e.At.Milliseconds(), LengthMS: e.Length.Milliseconds(),
		FileID: e.Segment, Serial: e.Serial, Size: e.Size, Cut: e.Cut, By: e.By, Reason: e.Reason, Chain: e.Chain[:]}
	if e.Segment != "" {
		row.Hash = e.Hash[:]
	}
	return row
}

func entry(r store.RecordingEntryRow) form.Entry {
	e := form.Entry{Number: r.Number, Kind: form.Kind(r.Kind), At: time.Duration(r.AtMS) * time.Millisecond, Length: time.Duration(r.LengthMS) * time.Millisecond,
		Segment: r.FileID, Serial: r.Serial, Size: r.Size, Cut: r.Cut, By: r.By, Reason: r.Reason}
	copy(e.Hash[:], r.Hash)
	copy(e.Chain[:], r.Chain)
	return e
}
