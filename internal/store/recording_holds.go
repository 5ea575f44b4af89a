package store

import (
	"time"

	"nubitalk/internal/base/secret"
)

// RecordingHoldRow keeps recordings from being destroyed: one, or all of a
// contact's.
type RecordingHoldRow struct {
	ID              string
	ContactID       string
	InteractionID   string // of the one
	RecordingID     string // "": all of the contact's
	Reason          string
	ReferenceSealed secret.Sealed
	SetBy           string
	SetAt           time.Time
	ErasureAskedAt  time.Time // zero: nobody wished to have the contact erased
}

const recordingHoldColumns = "hold_id, contact_id, interaction_id, recording_id, reason, reference_sealed, set_by, set_at, erasure_asked_at"

func scanRecordingHold(r row, h *RecordingHoldRow) error {
	return r.Scan(&h.ID, &h.ContactID, &h.InteractionID, &h.RecordingID, &h.Reason, sealed(&h.ReferenceSealed), &h.SetBy, at(&h.SetAt), at(&h.ErasureAskedAt))
}

// InsertRecordingHold adds a hold; a second one on the same is Conflict.
func (tx *Tx) InsertRecordingHold(h RecordingHoldRow) error {
	_, err := tx.exec(`INSERT INTO recording_holds (tenant_id, `+recordingHoldColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		string(tx.scope.Tenant), h.ID, h.ContactID, h.InteractionID, h.RecordingID, h.Reason, raw(h.ReferenceSealed), h.SetBy, us(h.SetAt), us(h.ErasureAskedAt))
	return err
}

// RecordingHold is a hold by its id.
func (tx *Tx) RecordingHold(holdID string) (RecordingHoldRow, error) {
	return get(tx, "hold", scanRecordingHold, `SELECT `+recordingHoldColumns+` FROM recording_holds WHERE tenant_id = $1 AND hold_id = $2`, string(tx.scope.Tenant), holdID)
}

// RecordingHolds are all of the tenant's, the newest first.
func (tx *Tx) RecordingHolds() ([]RecordingHoldRow, error) {
	return list(tx, scanRecordingHold, `SELECT `+recordingHoldColumns+` FROM recording_holds WHERE tenant_id = $1 ORDER BY set_at DESC, hold_id DESC`, string(tx.scope.Tenant))
}

// RecordingHoldsOf are those of a contact, the oldest first.
func (tx *Tx) RecordingHoldsOf(contactID string) ([]RecordingHoldRow, error) {
	return list(tx, scanRecordingHold, `SELECT `+recordingHoldColumns+` FROM recording_holds WHERE tenant_id = $1 AND contact_id = $2 ORDER BY set_at, hold_id`,
		string(tx.scope.Tenant), contactID)
}

// AskedErasure notes that an erasure of a contact was refused because of its
// holds.
func (tx *Tx) AskedErasure(contactID string, now time.Time) error {
	_, err := tx.exec(`UPDATE recording_holds SET erasure_asked_at = $3 WHERE tenant_id = $1 AND contact_id = $2`, string(tx.scope.Tenant), contactID, us(now))
	return err
}

// DeleteRecordingHold ends a hold.
func (tx *Tx) DeleteRecordingHold(holdID string) error {
	n, err := tx.exec(`DELETE FROM recording_holds WHERE tenant_id = $1 AND hold_id = $2`, string(tx.scope.Tenant), holdID)
	return must("hold", n, err)
}

// LockRecordings makes everybody else who wants to change an interaction's
// recordings, or place a hold on them, wait for the end of the transaction.
func (tx *Tx) LockRecordings(interactionID string) error {
	_, err := tx.exec(`UPDATE recordings SET keep_days = keep_days WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
	return err
}

// LetRecordingGo notes that a recording is about to be removed: its time ends
// now, and whoever would hold it sees that. LockRecordings goes before.
func (tx *Tx) LetRecordingGo(recordingID string, now time.Time) error {
	_, err := tx.exec(`UPDATE recordings SET keep_until = $3 WHERE tenant_id = $1 AND recording_id = $2 AND (keep_until = 0 OR keep_until > $3)`, string(tx.scope.Tenant), recordingID, us(now))
	return err
}

// KeptRecordings are at most limit recordings whose own time was over before
// a time, the longest over first.
func (tx *Tx) KeptRecordings(before time.Time, limit int) ([]RecordingRow, error) {
	return list(tx, scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE tenant_id = $1 AND keep_until > 0 AND keep_until < $2 ORDER BY keep_until LIMIT $3`,
		string(tx.scope.Tenant), us(before), limit)
}

// RecordingBlobs are the keys of a recording's files.
func (tx *Tx) RecordingBlobs(recordingID string) ([]string, error) {
	return list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT 'recordings/' || tenant_id || '/' || file_id FROM recording_entries WHERE tenant_id = $1 AND recording_id = $2 AND file_id <> ''`, string(tx.scope.Tenant), recordingID)
}

// DeleteRecording removes a recording with its manifest and shares; delete what
// RecordingBlobs names before.
func (tx *Tx) DeleteRecording(recordingID string) error {
	for _, sql := range []string{
		`DELETE FROM recording_entries WHERE tenant_id = $1 AND recording_id = $2`,
		`DELETE FROM recording_shares WHERE tenant_id = $1 AND recording_id = $2`,
	} {
		if _, err := tx.exec(sql, string(tx.scope.Tenant), recordingID); err != nil {
			return err
		}
	}
	n, err := tx.exec(`DELETE FROM recordings WHERE tenant_id = $1 AND recording_id = $2`, string(tx.scope.Tenant), recordingID)
	return must("recording", n, err)
}
