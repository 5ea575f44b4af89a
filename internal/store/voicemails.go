package store

import "time"

// VoicemailRow is a message that a caller left for a user; it is a recording of the
// interaction.
type VoicemailRow struct {
	InteractionID string
	UserID        string // for whom it is
	LeftAt        time.Time
	HeardAt       time.Time // zero until its user heard it
	DeletedAt     time.Time // zero; else it is erased a while later
}

const voicemailColumns = "interaction_id, user_id, left_at, heard_at, deleted_at"

func scanVoicemail(r row, v *VoicemailRow) error {
	return r.Scan(&v.InteractionID, &v.UserID, at(&v.LeftAt), at(&v.HeardAt), at(&v.DeletedAt))
}

// PutVoicemail adds a message, once.
func (tx *Tx) PutVoicemail(v VoicemailRow) error {
	_, err := tx.exec(`INSERT INTO voicemails (tenant_id, `+voicemailColumns+`) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, interaction_id) DO NOTHING`,
		string(tx.scope.Tenant), v.InteractionID, v.UserID, us(v.LeftAt), us(v.HeardAt), us(v.DeletedAt))
	return err
}

// Voicemail is the message of an interaction.
func (tx *Tx) Voicemail(interactionID string) (VoicemailRow, error) {
	return get(tx, "message", scanVoicemail, `SELECT `+voicemailColumns+` FROM voicemails WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
}

// Voicemails are at most limit of a user's messages that are not deleted, the newest
// first.
func (tx *Tx) Voicemails(userID string, limit int) ([]VoicemailRow, error) {
	return list(tx, scanVoicemail, `SELECT `+voicemailColumns+` FROM voicemails WHERE tenant_id = $1 AND user_id = $2 AND deleted_at = 0
		ORDER BY left_at DESC, interaction_id DESC LIMIT $3`, string(tx.scope.Tenant), userID, limit)
}

// CountVoicemails says how many messages of a user are not deleted, and how many of
// those were not heard.
func (tx *Tx) CountVoicemails(userID string) (all, fresh int64, err error) {
	_, err = tx.one(`SELECT count(*), coalesce(sum(CASE WHEN heard_at = 0 THEN 1 ELSE 0 END), 0) FROM voicemails WHERE tenant_id = $1 AND user_id = $2 AND deleted_at = 0`,
		[]any{string(tx.scope.Tenant), userID}, &all, &fresh)
	return all, fresh, err
}

// MarkVoicemail stores whether a user's message was heard, and whether it is deleted.
func (tx *Tx) MarkVoicemail(v VoicemailRow) error {
	n, err := tx.exec(`UPDATE voicemails SET heard_at = $4, deleted_at = $5 WHERE tenant_id = $1 AND interaction_id = $2 AND user_id = $3`,
		string(tx.scope.Tenant), v.InteractionID, v.UserID, us(v.HeardAt), us(v.DeletedAt))
	return must("message", n, err)
}

// DeletedVoicemails are at most limit messages that their users deleted before a
// time, the longest deleted first.
func (tx *Tx) DeletedVoicemails(before time.Time, limit int) ([]VoicemailRow, error) {
	return list(tx, scanVoicemail, `SELECT `+voicemailColumns+` FROM voicemails WHERE tenant_id = $1 AND deleted_at > 0 AND deleted_at < $2 ORDER BY deleted_at LIMIT $3`,
		string(tx.scope.Tenant), us(before), limit)
}

// DeleteVoicemail takes a message from its user's list; its recording goes by itself.
func (tx *Tx) DeleteVoicemail(interactionID string) error {
	_, err := tx.exec(`DELETE FROM voicemails WHERE tenant_id = $1 AND interaction_id = $2`, string(tx.scope.Tenant), interactionID)
	return err
}
