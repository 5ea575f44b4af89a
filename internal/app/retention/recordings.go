package retention

import (
	"slices"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/core/recording"
	"nubitalk/internal/store"
)

// recordings removes those whose own time is over; their conversations stay.
func (r *round) recordings() error {
	return drain(r, r.s.Clock.Now(), (*store.Tx).KeptRecordings, r.recordingStays, func(rows []store.RecordingRow) (ended int64, err error) {
		rows, err = letGo(r, rows, r.letRecordingGo)
		for _, row := range rows {
			gone, err := r.endRecording(row)
			if err != nil {
				return ended, err
			}
			if gone {
				ended++
				r.done.Recordings++
			}
		}
		return ended, err
	})
}

// deleted lets messages by voice go whose users deleted them, unless they are held;
// recordings removes them.
func (r *round) deleted() error {
	return drain(r, r.due.Deleted, (*store.Tx).DeletedVoicemails, never[store.VoicemailRow], func(rows []store.VoicemailRow) (int64, error) {
		free, err := letGo(r, rows, func(tx *store.Tx, row store.VoicemailRow) (bool, error) {
			ok, err := r.letRecordingsGo(tx, row.InteractionID, func(string) bool { return true })
			if ok && err == nil {
				err = tx.DeleteVoicemail(row.InteractionID)
			}
			return ok, err
		})
		return int64(len(free)), err
	})
}

// endRecording removes a recording's files, then its rows; gone is false if
// something else was faster.
func (r *round) endRecording(row store.RecordingRow) (gone bool, err error) {
	var files []string
	err = r.s.DB.Read(r.ctx, r.t, func(tx *store.Tx) (err error) {
		files, err = tx.RecordingBlobs(row.ID)
		return err
	})
	if err != nil {
		return false, err
	}
	for _, f := range files {
		if err := r.s.Blobs.Delete(r.ctx, f); err != nil {
			return false, err
		}
	}
	user := "" // for whom it was left
	err = r.s.DB.Write(r.ctx, r.t, func(tx *store.Tx) error {
		user = ""
		if row.Kind == "message" {
			left, err := tx.Voicemail(row.InteractionID)
			if err != nil && !errs.Is(err, errs.NotFound) { // a queue's, or its user deleted it
				return err
			}
			user = left.UserID
			if err := tx.DeleteVoicemail(row.InteractionID); err != nil {
				return err
			}
		}
		return tx.DeleteRecording(row.ID)
	})
	if err == nil && user != "" && r.s.Messages != nil {
		r.s.Messages(r.t, user)
	}
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// recordingStays says whether a recording must stay.
func (r *round) recordingStays(tx *store.Tx, row store.RecordingRow) (bool, error) {
	work, err := tx.Interaction(row.InteractionID)
	if errs.Is(err, errs.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if stays, err := r.isRestricted(tx, work.ContactID); stays || err != nil {
		return stays, err
	}
	holds, err := r.holdsOf(tx, work.ContactID)
	return isHeld(holds, row), err
}

func isHeld(holds []recording.Hold, row store.RecordingRow) bool {
	return slices.ContainsFunc(holds, func(h recording.Hold) bool { return h.Holds(row.ID) })
}

// holdsOf are a contact's, as the round saw them first.
func (r *round) holdsOf(tx *store.Tx, contact string) ([]recording.Hold, error) {
	if all, known := r.held[contact]; known {
		return all, nil
	}
	all, err := holdsNow(tx, contact)
	if err == nil {
		r.held[contact] = all
	}
	return all, err
}

func holdsNow(tx *store.Tx, contact string) (all []recording.Hold, err error) {
	rows, err := tx.RecordingHoldsOf(contact)
	for _, h := range rows {
		all = append(all, recording.Hold{Contact: h.ContactID, Interaction: h.InteractionID, Recording: h.RecordingID})
	}
	return all, err
}

// letGo keeps of rows those that may really go: none of them was put on hold
// since they were read, and from here on nobody can do so.
func letGo[R any](r *round, rows []R, may func(*store.Tx, R) (bool, error)) (free []R, err error) {
	for page := range slices.Chunk(rows, some) {
		var of []R
		err := r.s.DB.Write(r.ctx, r.t, func(tx *store.Tx) error {
			of = of[:0]
			for _, row := range page {
				ok, err := may(tx, row)
				if err != nil {
					return err
				}
				if ok {
					of = append(of, row)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		free = append(free, of...)
	}
	return free, nil
}

func (r *round) letWorkGo(tx *store.Tx, row store.InteractionRow) (bool, error) {
	return r.letRecordingsGo(tx, row.ID, func(string) bool { return true })
}

func (r *round) letRecordingGo(tx *store.Tx, row store.RecordingRow) (bool, error) {
	return r.letRecordingsGo(tx, row.InteractionID, func(recording string) bool { return recording == row.ID })
}

// letRecordingsGo ends the time of some of an interaction's recordings, unless a
// hold is on one of them. The holds are read after the lock: who places one
// waits for it, too, and then sees that the time is over.
func (r *round) letRecordingsGo(tx *store.Tx, interaction string, which func(recording string) bool) (bool, error) {
	if err := tx.LockRecordings(interaction); err != nil {
		return false, err
	}
	all, err := tx.Recordings(interaction)
	if err != nil || len(all) == 0 {
		return err == nil, err
	}
	work, err := tx.Interaction(interaction)
	if errs.Is(err, errs.NotFound) {
		return true, nil // an erasure was faster; what is left goes as well
	}
	if err != nil {
		return false, err
	}
	holds, err := holdsNow(tx, work.ContactID)
	if err != nil {
		return false, err
	}
	for _, rec := range all {
		if which(rec.ID) && isHeld(holds, rec) {
			return false, nil
		}
	}
	for _, rec := range all {
		if which(rec.ID) {
			if err := tx.LetRecordingGo(rec.ID, r.s.Clock.Now()); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}
