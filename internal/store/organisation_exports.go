package store

import "time"

// ExportRow is an export of all that the organisation has: who may fetch it, and until
// when. It holds nothing of what it tells.
type ExportRow struct {
	ID        string
	UserID    string // who began it, and alone may fetch it
	Reason    string // a word
	Recipient string // an age recipient; "": it is plain
	Sound     string // how recordings are told: wav, opus
	Volumes   []ExportVolume
	BegunAt   time.Time
	EndsAt    time.Time
	EndedAt   time.Time // somebody ended it before
	EndedBy   string
	Version   int64
}

// ExportVolume is a part of an export that is fetched by itself.
type ExportVolume struct {
	Kind      string `json:"kind"`            // records, attachments, recordings
	After     string `json:"after,omitempty"` // of files: those after this one
	Until     string `json:"until,omitempty"` // … up to this one; "": all
	Count     int64  `json:"count"`           // of rows or files, when the export was begun
	Size      int64  `json:"size"`            // of the files, in bytes as they are kept
	FetchedUS int64  `json:"fetched_us"`      // when it was fetched whole; 0: not yet
}

const exportColumns = "export_id, user_id, reason, recipient, sound, volumes, begun_at, ends_at, ended_at, ended_by, version"

func scanExport(r row, e *ExportRow) error {
	return r.Scan(&e.ID, &e.UserID, &e.Reason, &e.Recipient, &e.Sound, fromJSON(&e.Volumes), at(&e.BegunAt), at(&e.EndsAt), at(&e.EndedAt), &e.EndedBy, &e.Version)
}

// InsertExport adds an export, at version 1.
func (tx *Tx) InsertExport(e ExportRow) error {
	_, err := tx.exec(`INSERT INTO organisation_exports (tenant_id, `+exportColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)`,
		string(tx.scope.Tenant), e.ID, e.UserID, e.Reason, e.Recipient, e.Sound, jsonList(e.Volumes), us(e.BegunAt), us(e.EndsAt), us(e.EndedAt), e.EndedBy)
	return err
}

// UpdateExport changes what may change of an export, if its version still is e.Version.
func (tx *Tx) UpdateExport(e ExportRow) error {
	n, err := tx.exec(`UPDATE organisation_exports SET volumes = $4, ended_at = $5, ended_by = $6, version = version + 1 WHERE tenant_id = $1 AND export_id = $2 AND version = $3`,
		string(tx.scope.Tenant), e.ID, e.Version, jsonList(e.Volumes), us(e.EndedAt), e.EndedBy)
	return tx.swapped("export", n, err, `SELECT version FROM organisation_exports WHERE tenant_id = $1 AND export_id = $2`, string(tx.scope.Tenant), e.ID)
}

// Export is one export.
func (tx *Tx) Export(export string) (ExportRow, error) {
	return get(tx, "export", scanExport, `SELECT `+exportColumns+` FROM organisation_exports WHERE tenant_id = $1 AND export_id = $2`, string(tx.scope.Tenant), export)
}

// Exports are the newest exports.
func (tx *Tx) Exports(limit int) ([]ExportRow, error) {
	return list(tx, scanExport, `SELECT `+exportColumns+` FROM organisation_exports WHERE tenant_id = $1 ORDER BY export_id DESC LIMIT $2`, string(tx.scope.Tenant), limit)
}

// DeleteExports removes those that ended before a time, and says how many.
func (tx *Tx) DeleteExports(before time.Time) (int64, error) {
	return tx.exec(`DELETE FROM organisation_exports WHERE tenant_id = $1 AND ends_at < $2`, string(tx.scope.Tenant), us(before))
}

// EachSize goes through the attachments or the recordings, by id.
func (tx *Tx) EachSize(recordings bool, fn func(id string, size int64) error) error {
	if err := tx.usable(false); err != nil {
		return err
	}
	sql := `SELECT a.attachment_id, a.size FROM attachments a WHERE a.tenant_id = $1 AND a.attachment_id > '' ORDER BY a.attachment_id`
	if recordings {
		sql = `SELECT a.recording_id, a.size FROM recordings a WHERE a.tenant_id = $1 AND a.recording_id > '' ORDER BY a.recording_id`
	}
	return tx.walk(sql, []any{string(tx.scope.Tenant)}, func(r row) error {
		var id string
		var size int64
		if err := r.Scan(&id, &size); err != nil {
			return err
		}
		return fn(id, size)
	})
}

// RecordingsAfter are recordings by id, after one and up to another ("": all), with
// those of messages in users' mailboxes or without.
func (tx *Tx) RecordingsAfter(after, until string, mailboxes bool, limit int) ([]string, error) {
	sql := `SELECT r.recording_id FROM recordings r WHERE r.tenant_id = $1 AND r.recording_id > $2 AND ($3 = '' OR r.recording_id <= $3)`
	if !mailboxes {
		sql += ` AND NOT EXISTS (SELECT 1 FROM voicemails v WHERE v.tenant_id = r.tenant_id AND v.interaction_id = r.interaction_id)`
	}
	return list(tx, func(r row, id *string) error { return r.Scan(id) }, sql+` ORDER BY r.recording_id LIMIT $4`, string(tx.scope.Tenant), after, until, limit)
}

// AttachmentsAfter are attachments by id, after one and up to another ("": all).
func (tx *Tx) AttachmentsAfter(after, until string, limit int) ([]AttachmentFile, error) {
	return list(tx, func(r row, f *AttachmentFile) error { return r.Scan(&f.ID, &f.MediaType, &f.BlobKey, &f.Contact) },
		`SELECT a.attachment_id, a.media_type, a.blob_key, `+attachmentContact+` FROM attachments a WHERE a.tenant_id = $1 AND a.attachment_id > $2 AND ($3 = '' OR a.attachment_id <= $3) ORDER BY a.attachment_id LIMIT $4`,
		string(tx.scope.Tenant), after, until, limit)
}

const attachmentContact = "coalesce((SELECT i.contact_id FROM interactions i WHERE i.tenant_id = a.tenant_id AND i.interaction_id = a.interaction_id), '')"

// AttachmentFile is where the file of an attachment is.
type AttachmentFile struct {
	ID        string
	MediaType string
	BlobKey   string
	Contact   string
}
