package store

import "time"

// RecordingShareRow lets a user hear a recording for a while.
type RecordingShareRow struct {
	ID            string
	RecordingID   string
	InteractionID string
	UserID        string
	Reason        string
	SharedBy      string
	SharedAt      time.Time
	EndsAt        time.Time
}

const recordingShareColumns = "share_id, recording_id, interaction_id, user_id, reason, shared_by, shared_at, ends_at"

func scanRecordingShare(r row, s *RecordingShareRow) error {
	return r.Scan(&s.ID, &s.RecordingID, &s.InteractionID, &s.UserID, &s.Reason, &s.SharedBy, at(&s.SharedAt), at(&s.EndsAt))
}

// PutRecordingShare shares a recording with a user; an earlier share of it keeps
// its id and gets the rest.
func (tx *Tx) PutRecordingShare(s RecordingShareRow) error {
	_, err := tx.exec(`INSERT INTO recording_shares (tenant_id, `+recordingShareColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (tenant_id, recording_id, user_id) DO UPDATE SET reason = excluded.reason, shared_by = excluded.shared_by, shared_at = excluded.shared_at, ends_at = excluded.ends_at`,
		string(tx.scope.Tenant), s.ID, s.RecordingID, s.InteractionID, s.UserID, s.Reason, s.SharedBy, us(s.SharedAt), us(s.EndsAt))
	return err
}

// RecordingShare is what lets a user hear a recording, whether it has ended or
// not.
func (tx *Tx) RecordingShare(recordingID, userID string) (RecordingShareRow, error) {
	return get(tx, "share", scanRecordingShare, `SELECT `+recordingShareColumns+` FROM recording_shares WHERE tenant_id = $1 AND recording_id = $2 AND user_id = $3`,
		string(tx.scope.Tenant), recordingID, userID)
}

// RecordingShares are a recording's that have not ended at a time, the oldest
// first.
func (tx *Tx) RecordingShares(recordingID string, now time.Time) ([]RecordingShareRow, error) {
	return list(tx, scanRecordingShare, `SELECT `+recordingShareColumns+` FROM recording_shares WHERE tenant_id = $1 AND recording_id = $2 AND ends_at > $3 ORDER BY shared_at, share_id`,
		string(tx.scope.Tenant), recordingID, us(now))
}

// RecordingSharesWith are at most limit of a user's that have not ended at a
// time, the newest first.
func (tx *Tx) RecordingSharesWith(userID string, now time.Time, limit int) ([]RecordingShareRow, error) {
	return list(tx, scanRecordingShare, `SELECT `+recordingShareColumns+` FROM recording_shares WHERE tenant_id = $1 AND user_id = $2 AND ends_at > $3
		ORDER BY shared_at DESC, share_id DESC LIMIT $4`, string(tx.scope.Tenant), userID, us(now), limit)
}

// DeleteRecordingShare ends a share of a recording.
func (tx *Tx) DeleteRecordingShare(recordingID, shareID string) error {
	n, err := tx.exec(`DELETE FROM recording_shares WHERE tenant_id = $1 AND recording_id = $2 AND share_id = $3`, string(tx.scope.Tenant), recordingID, shareID)
	return must("share", n, err)
}

// DeleteRecordingShares removes those that ended before a time, and says how
// many.
func (tx *Tx) DeleteRecordingShares(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM recording_shares WHERE tenant_id = $1 AND ends_at < $2`, string(tx.scope.Tenant), us(before))
}
