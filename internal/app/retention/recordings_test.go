package retention_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"nubitalk/internal/app/retention"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/store"
)

// record gives a talk a recording of one segment, which ended as the talk began.
func (f *fixture) record(t testing.TB, tenant id.Tenant, k talk, keepUntil time.Time) (recording string) {
	t.Helper()
	recording, file := f.ids.New(id.Recording), f.ids.New(id.RecordFile)
	must(t, f.blobs.Put(t.Context(), blob.Key(blob.Recordings, tenant, file), secret.Sealed("sealed")))
	f.write(t, tenant, func(tx *store.Tx) error {
		return errors.Join(
			tx.InsertRecording(store.RecordingRow{ID: recording, InteractionID: k.work, Kind: "voice", EndedAt: start, KeepUntil: keepUntil}),
			tx.InsertRecordingEntry(store.RecordingEntryRow{RecordingID: recording, Number: 1, InteractionID: k.work, FileID: file}),
			tx.PutRecordingShare(store.RecordingShareRow{ID: f.ids.New(id.RecordingShare), RecordingID: recording, InteractionID: k.work, UserID: "usr_1", EndsAt: start.Add(5 * day)}))
	})
	return recording
}

// heard says whether a recording is whole (its row, manifest and file); it fails
// for one that is there in part.
func (f *fixture) heard(t testing.TB, tenant id.Tenant, recording string) bool {
	t.Helper()
	row, entries, files := false, 0, 0
	must(t, f.db.Read(t.Context(), tenant, func(tx *store.Tx) error {
		_, err := tx.Recording(recording)
		row = err == nil
		all, err2 := tx.RecordingEntries(recording)
		for _, e := range all {
			entries++
			if _, err := f.blobs.Get(t.Context(), blob.Key(blob.Recordings, tenant, e.FileID)); err == nil {
				files++
			}
		}
		return err2
	}))
	if got := fmt.Sprint(row, entries, files); got != "true 1 1" && got != "false 0 0" {
		t.Errorf("%s is left in part: %s", recording, got)
	}
	return row
}

func (f *fixture) hold(t testing.TB, tenant id.Tenant, h store.RecordingHoldRow) string {
	t.Helper()
	h.ID = f.ids.New(id.RecordingHold)
	f.write(t, tenant, func(tx *store.Tx) error { return tx.InsertRecordingHold(h) })
	return h.ID
}

// A recording goes when its own time is over, or with its conversation if that is
// sooner; the conversation stays, and so do others' recordings.
func TestRecordingsGoByTheirRules(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":30,"record_days":60,"audit_days":90}`)
		k, theirs := f.talk(t, tenA, start), f.talk(t, tenB, start)
		short, long, plain := f.record(t, tenA, k, start.Add(7*day)), f.record(t, tenA, k, start.Add(50*day)), f.record(t, tenA, k, time.Time{})
		other := f.record(t, tenB, theirs, start.Add(40*day))
		for _, c := range []struct {
			after time.Duration
			want  []bool // short, long, plain, other
			talk  string
		}{
			{7 * day, []bool{true, true, true, true}, "conversation"},
			{7*day + time.Second, []bool{false, true, true, true}, "conversation"},
			{30*day + time.Second, []bool{false, false, false, true}, "record"},
			{40*day + time.Second, []bool{false, false, false, false}, "record"},
		} {
			f.clock.Set(start.Add(c.after))
			f.round(t)
			got := []bool{f.heard(t, tenA, short), f.heard(t, tenA, long), f.heard(t, tenA, plain), f.heard(t, tenB, other)}
			if left := f.left(t, tenA, k); !slices.Equal(got, c.want) || left != c.talk {
				t.Errorf("after %v: %v and %s, want %v and %s", c.after, got, left, c.want, c.talk)
			}
		}
		if left := f.left(t, tenB, theirs); left != "conversation" {
			t.Errorf("%s is left of another tenant's", left)
		}
	})
}

// What is on hold stays with all that is needed to open it, holds up nobody, and
// goes by its rules once the hold has ended.
func TestWhatIsHeldStays(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":1,"record_days":1,"audit_days":90}`)
		var talks []talk
		var recs []string
		for range 60 { // more than a page
			k := f.talk(t, tenA, start)
			talks = append(talks, k)
			recs = append(recs, f.record(t, tenA, k, start.Add(time.Hour)))
		}
		twin := f.record(t, tenA, talks[0], start.Add(time.Hour))
		silent := f.talk(t, tenA, start) // a held contact's conversation without a recording
		holds := []string{f.hold(t, tenA, store.RecordingHoldRow{ContactID: talks[0].contact, InteractionID: talks[0].work, RecordingID: recs[0]}),
			f.hold(t, tenA, store.RecordingHoldRow{ContactID: talks[1].contact}), f.hold(t, tenA, store.RecordingHoldRow{ContactID: silent.contact})}
		f.hold(t, tenB, store.RecordingHoldRow{ContactID: talks[2].contact}) // another tenant's hold is none
		f.clock.Set(start.Add(30 * day))
		f.round(t)
		for i, k := range talks {
			want, held := "nothing", i < 2
			if held {
				want = "conversation"
			}
			if left := f.left(t, tenA, k); left != want || f.heard(t, tenA, recs[i]) != held {
				t.Errorf("%d: %s is left", i, left)
			}
		}
		if f.heard(t, tenA, twin) {
			t.Error("another recording of the conversation is kept beside the one that is held")
		}
		if left := f.left(t, tenA, silent); left != "contact" {
			t.Errorf("of the held contact's conversation without recordings: %s", left)
		}
		f.write(t, tenA, func(tx *store.Tx) error {
			var all []error
			for _, h := range holds {
				all = append(all, tx.DeleteRecordingHold(h))
			}
			return errors.Join(all...)
		})
		f.round(t)
		for i, k := range append(talks[:2:2], silent) {
			if left := f.left(t, tenA, k); left != "nothing" || i < 2 && f.heard(t, tenA, recs[i]) {
				t.Errorf("after the hold: %d: %s is left", i, left)
			}
		}
	})
}

// deleting does something before each file is removed.
type deleting struct {
	retention.Blobs
	before func()
}

func (d deleting) Delete(ctx context.Context, key string) error {
	d.before()
	return d.Blobs.Delete(ctx, key)
}

// Before the first file goes, the recording says that its time is over, so that
// nobody holds what is half gone (app/recording refuses that).
func TestNoHoldOnWhatIsBeingRemoved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.rules(t, tenA, `{"conversation_days":10,"record_days":20,"audit_days":90}`)
		k := f.talk(t, tenA, start)
		rec := f.record(t, tenA, k, time.Time{})
		f.clock.Set(start.Add(10*day + time.Hour))
		d := f.deps
		seen := false
		d.Blobs = deleting{f.blobs, func() {
			must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
				row, err := tx.Recording(rec)
				seen = err == nil && !row.KeepUntil.IsZero() && !row.KeepUntil.After(f.clock.Now())
				return err
			}))
		}}
		if _, err := retention.New(d).Tenant(t.Context(), tenA); err != nil {
			t.Fatal(err)
		}
		if !seen {
			t.Error("as the files went, the recording did not say that its time is over")
		}
		if left := f.left(t, tenA, k); left != "record" || f.heard(t, tenA, rec) {
			t.Errorf("%s is left", left)
		}
	})
}

// A share is gone when it has ended, though its recording is not.
func TestEndedSharesGo(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		rec := f.record(t, tenA, f.talk(t, tenA, start), time.Time{})
		for _, after := range []time.Duration{5 * day, 5*day + time.Second} {
			f.clock.Set(start.Add(after))
			f.round(t)
			must(t, f.db.Read(t.Context(), tenA, func(tx *store.Tx) error {
				if _, err := tx.RecordingShare(rec, "usr_1"); (err == nil) != (after == 5*day) {
					t.Errorf("after %v: %v", after, err)
				}
				return nil
			}))
		}
		if !f.heard(t, tenA, rec) {
			t.Error("the recording is gone")
		}
	})
}
