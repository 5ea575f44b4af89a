package store

import "time"

// RecordingStateRow is how the recording of an interaction stands.
type RecordingStateRow struct {
	InteractionID string
	Started       bool
	Paused        bool
	Stopped       bool
	Refused       bool
	By            string // of the last change of Started, Paused or Stopped
	Reason        string
	ChangedAt     time.Time
	Agreed        []string // ids of consent texts
	Told          []string
}

const recordingStateColumns = "interaction_id, started, paused, stopped, refused, by_id, reason, changed_at, agreed, told"

func scanRecordingState(r row, s *RecordingStateRow) error {
	return r.Scan(&s.InteractionID, yes(&s.Started), yes(&s.Paused), yes(&s.Stopped), yes(&s.Refused), &s.By, &s.Reason, at(&s.ChangedAt), fromJSON(&s.Agreed), fromJSON(&s.Told))
}

// PutRecordingState stores how the recording of an interaction that is there
// stands, in the place of how it stood. It answers errs.NotFound when the
// interaction is not there.
func (tx *Tx) PutRecordingState(s RecordingStateRow) error {
	n, err := tx.exec(`INSERT INTO recording_states (tenant_id, `+recordingStateColumns+`) SELECT $1, i.interaction_id, $3, $4, $5, $6, $7, $8, $9, $10, $11
		FROM interactions i WHERE i.tenant_id = $1 AND i.interaction_id = $2
		ON CONFLICT (tenant_id, interaction_id) DO UPDATE SET started = excluded.started, paused = excluded.paused, stopped = excluded.stopped, refused = excluded.refused,
		by_id = excluded.by_id, reason = excluded.reason, changed_at = excluded.changed_at, agreed = excluded.agreed, told = excluded.told`,
		string(tx.scope.Tenant), s.InteractionID, bit(s.Started), bit(s.Paused), bit(s.Stopped), bit(s.Refused), s.By, s.Reason, us(s.ChangedAt), jsonList(s.Agreed), jsonList(s.Told))
	return must("interaction", n, err)
}

// RecordingState is how the recording of an interaction stands; errs.NotFound
// before anything was decided.
func (tx *Tx) RecordingState(interactionID string) (RecordingStateRow, error) {
	return get(tx, "recording", scanRecordingState, `SELECT `+recordingStateColumns+` FROM recording_states WHERE tenant_id = $1 AND interaction_id = $2`,
		string(tx.scope.Tenant), interactionID)
}
