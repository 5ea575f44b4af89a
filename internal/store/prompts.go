package store

import "time"

// PromptSoundRow is the sound of a prompt.
type PromptSoundRow struct {
	PromptID  string
	SoundID   string // of the file
	Size      int64  // bytes of the file, before it was sealed
	Facts     string // JSON: what its level check found, and its drawn waveform
	MadeRight bool   // callers hear it made right, not as it was uploaded
	SetBy     string
	SetAt     time.Time
}

const promptSoundColumns = "prompt_id, sound_id, size, facts, made_right, set_by, set_at"

func scanPromptSound(r row, s *PromptSoundRow) error {
	return r.Scan(&s.PromptID, &s.SoundID, &s.Size, &s.Facts, yes(&s.MadeRight), &s.SetBy, at(&s.SetAt))
}

// PutPromptSound gives a prompt its sound, in the place of one that it had.
func (tx *Tx) PutPromptSound(s PromptSoundRow) error {
	_, err := tx.exec(`INSERT INTO prompt_sounds (tenant_id, `+promptSoundColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, prompt_id) DO UPDATE SET sound_id = excluded.sound_id, size = excluded.size, facts = excluded.facts,
		made_right = excluded.made_right, set_by = excluded.set_by, set_at = excluded.set_at`,
		string(tx.scope.Tenant), s.PromptID, s.SoundID, s.Size, s.Facts, bit(s.MadeRight), s.SetBy, us(s.SetAt))
	return err
}

// PromptSound is the sound of a prompt.
func (tx *Tx) PromptSound(promptID string) (PromptSoundRow, error) {
	return get(tx, "sound", scanPromptSound, `SELECT `+promptSoundColumns+` FROM prompt_sounds WHERE tenant_id = $1 AND prompt_id = $2`, string(tx.scope.Tenant), promptID)
}

// PromptSounds are the sounds of all prompts.
func (tx *Tx) PromptSounds() ([]PromptSoundRow, error) {
	return list(tx, scanPromptSound, `SELECT `+promptSoundColumns+` FROM prompt_sounds WHERE tenant_id = $1 ORDER BY prompt_id`, string(tx.scope.Tenant))
}

// DeletePromptSound takes a prompt's sound away; one that has none is no error.
func (tx *Tx) DeletePromptSound(promptID string) error {
	_, err := tx.exec(`DELETE FROM prompt_sounds WHERE tenant_id = $1 AND prompt_id = $2`, string(tx.scope.Tenant), promptID)
	return err
}
