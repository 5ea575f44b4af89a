package store

import (
	"strconv"
	"strings"
	"time"

	"nubitalk/internal/base/secret"
)

// RecordingRow is a recording. Its sound is in sealed files, which its entries
// name.
type RecordingRow struct {
	ID            string
	InteractionID string
	Kind          string   // voice, screen, message
	Parties       []string // of the tracks: person, agent, or a user's id
	Spool         string   // where its segments are until they are in the blob store
	KeySealed     secret.Sealed
	HeadSealed    secret.Sealed
	Signature     []byte        // of the manifest as far as it goes; empty for old ones
	WaveSealed    secret.Sealed // empty until somebody opened it
	Entries       int           // of the manifest
	Serial        int           // of the newest segment that was begun
	LengthMS      int64
	Size          int64  // octets of all segments
	PausedMS      int64  // since its beginning; meaningful while there is a PausedBy
	PausedBy      string // "" while it runs
	PausedReason  string
	StartedAt     time.Time
	EndedAt       time.Time // zero while it runs
	KeepDays      int       // after its end; 0: as long as its conversation
	KeepUntil     time.Time // zero while it runs, and without KeepDays
}

// RecordingEntryRow is an entry of a recording's manifest.
type RecordingEntryRow struct {
	RecordingID   string
	Number        int
	InteractionID string
	Kind          string
	AtMS          int64 // since the recording's beginning
	LengthMS      int64
	FileID        string // of a segment
	Serial        int
	Size          int64
	Hash          []byte
	Cut           bool
	By            string
	Reason        string
	Chain         []byte
}

const (
	recordingColumns = "recording_id, interaction_id, kind, parties, spool, key_sealed, head_sealed, entries, serial, length_ms, size, paused_ms, paused_by, paused_reason, started_at, ended_at, wave_sealed, signature, keep_days, keep_until"
	entryColumns     = "recording_id, number, interaction_id, kind, at_ms, length_ms, file_id, serial, size, hash, cut, by_id, reason, chain"
)

func scanRecording(r row, o *RecordingRow) error {
	return r.Scan(&o.ID, &o.InteractionID, &o.Kind, fromJSON(&o.Parties), &o.Spool, sealed(&o.KeySealed), sealed(&o.HeadSealed), num(&o.Entries), num(&o.Serial),
		&o.LengthMS, &o.Size, &o.PausedMS, &o.PausedBy, &o.PausedReason, at(&o.StartedAt), at(&o.EndedAt), sealed(&o.WaveSealed), bin(&o.Signature), num(&o.KeepDays), at(&o.KeepUntil))
}

func scanEntry(r row, e *RecordingEntryRow) error {
	return r.Scan(&e.RecordingID, num(&e.Number), &e.InteractionID, &e.Kind, &e.AtMS, &e.LengthMS, &e.FileID, num(&e.Serial), &e.Size, bin(&e.Hash), yes(&e.Cut),
		&e.By, &e.Reason, bin(&e.Chain))
}

// InsertRecording adds a recording of an interaction that is there.
func (tx *Tx) InsertRecording(o RecordingRow) error {
	n, err := tx.exec(`INSERT INTO recordings (tenant_id, `+recordingColumns+`) SELECT $1, $2, i.interaction_id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21
		FROM interactions i WHERE i.tenant_id = $1 AND i.interaction_id = $3`,
		string(tx.scope.Tenant), o.ID, o.InteractionID, o.Kind, jsonList(o.Parties), o.Spool, raw(o.KeySealed), raw(o.HeadSealed), o.Entries, o.Serial,
		o.LengthMS, o.Size, o.PausedMS, o.PausedBy, o.PausedReason, us(o.StartedAt), us(o.EndedAt), raw(o.WaveSealed), raw(o.Signature), o.KeepDays, us(o.KeepUntil))
	return must("interaction", n, err)
}

// UpdateRecording stores how a recording stands; what it began with stays. It
// answers errs.NotFound when the recording was erased.
func (tx *Tx) UpdateRecording(o RecordingRow) error {
	n, err := tx.exec(`UPDATE recordings SET head_sealed = $3, entries = $4, serial = $5, length_ms = $6, size = $7, paused_ms = $8, paused_by = $9, paused_reason = $10, ended_at = $11, signature = $12, keep_days = $13, keep_until = $14
		WHERE tenant_id = $1 AND recording_id = $2`, string(tx.scope.Tenant), o.ID, raw(o.HeadSealed), o.Entries, o.Serial, o.LengthMS, o.Size,
		o.PausedMS, o.PausedBy, o.PausedReason, us(o.EndedAt), raw(o.Signature), o.KeepDays, us(o.KeepUntil))
	return must("recording", n, err)
}

// InsertRecordingEntry adds an entry to a recording's manifest.
func (tx *Tx) InsertRecordingEntry(e RecordingEntryRow) error {
	_, err := tx.exec(`INSERT INTO recording_entries (tenant_id, `+entryColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		string(tx.scope.Tenant), e.RecordingID, e.Number, e.InteractionID, e.Kind, e.AtMS, e.LengthMS, e.FileID, e.Serial, e.Size, raw(e.Hash),
		bit(e.Cut), e.By, e.Reason, raw(e.Chain))
	return err
}

// Recording is a recording by its id.
func (tx *Tx) Recording(recordingID string) (RecordingRow, error) {
	return get(tx, "recording", scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE tenant_id = $1 AND recording_id = $2`, string(tx.scope.Tenant), recordingID)
}

// Recordings are an interaction's, in the order in which they began.
func (tx *Tx) Recordings(interactionID string) ([]RecordingRow, error) {
	return list(tx, scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE tenant_id = $1 AND interaction_id = $2 ORDER BY started_at, recording_id`,
		string(tx.scope.Tenant), interactionID)
}

// Recorded are those of some interactions that have a recording, in no order.
func (tx *Tx) Recorded(interactions []string) ([]string, error) {
	if len(interactions) == 0 {
		return nil, nil
	}
	args, marks := []any{string(tx.scope.Tenant)}, make([]string, len(interactions))
	for i, one := range interactions {
		args = append(args, one)
		marks[i] = "$" + strconv.Itoa(i+2)
	}
	return list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT DISTINCT interaction_id FROM recordings WHERE tenant_id = $1 AND interaction_id IN (`+strings.Join(marks, ", ")+`)`, args...)
}

// RunningRecordings are the tenant's that have not ended.
func (tx *Tx) RunningRecordings() ([]RecordingRow, error) {
	return list(tx, scanRecording, `SELECT `+recordingColumns+` FROM recordings WHERE tenant_id = $1 AND ended_at = 0 ORDER BY recording_id`, string(tx.scope.Tenant))
}

// RecordingEntries is a recording's manifest, in order.
func (tx *Tx) RecordingEntries(recordingID string) ([]RecordingEntryRow, error) {
	return list(tx, scanEntry, `SELECT `+entryColumns+` FROM recording_entries WHERE tenant_id = $1 AND recording_id = $2 ORDER BY number`, string(tx.scope.Tenant), recordingID)
}

// RecordingSegments are the entries of those segments that hold something of a
// time, in milliseconds since the recording's beginning.
func (tx *Tx) RecordingSegments(recordingID string, fromMS, untilMS int64) ([]RecordingEntryRow, error) {
	return list(tx, scanEntry, `SELECT `+entryColumns+` FROM recording_entries WHERE tenant_id = $1 AND recording_id = $2 AND file_id <> '' AND at_ms < $4 AND at_ms + length_ms > $3
		ORDER BY number`, string(tx.scope.Tenant), recordingID, fromMS, untilMS)
}

// SetRecordingWave keeps what a recording that has ended looks like.
func (tx *Tx) SetRecordingWave(recordingID string, wave secret.Sealed) error {
	n, err := tx.exec(`UPDATE recordings SET wave_sealed = $3 WHERE tenant_id = $1 AND recording_id = $2 AND ended_at <> 0`, string(tx.scope.Tenant), recordingID, raw(wave))
	return must("recording", n, err)
}

// Blobs are the keys of all files of an interaction: its attachments and the
// segments of its recordings.
func (tx *Tx) Blobs(interactionID string) ([]string, error) {
	return tx.blobs(ofInteraction, interactionID)
}

// BlobsOfContact are those of all of a contact's interactions.
func (tx *Tx) BlobsOfContact(contactID string) ([]string, error) {
	return tx.blobs(ofContact, contactID)
}

func (tx *Tx) blobs(which, key string) ([]string, error) {
	return list(tx, func(r row, s *string) error { return r.Scan(s) },
		`SELECT blob_key FROM attachments WHERE tenant_id = $1 AND `+which+`
		UNION ALL SELECT 'recordings/' || tenant_id || '/' || file_id FROM recording_entries WHERE tenant_id = $1 AND file_id <> '' AND `+which, string(tx.scope.Tenant), key)
}

// HasRecordingFile says whether a recording's manifest names a file.
func (tx *Tx) HasRecordingFile(fileID string) (bool, error) {
	var n int64
	_, err := tx.one(`SELECT count(*) FROM recording_entries WHERE tenant_id = $1 AND file_id = $2 AND file_id <> ''`, []any{string(tx.scope.Tenant), fileID}, &n)
	return n > 0, err
}
