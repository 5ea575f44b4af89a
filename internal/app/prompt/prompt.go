package prompt

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/blob"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/store"
)

// Actions as the audit log names them.
const (
	ActionSet     = "prompt.sound_set"
	ActionRemoved = "prompt.sound_removed"
	ActionRight   = "prompt.sound_made_right"
	ActionAsIs    = "prompt.sound_as_uploaded"
)

// drawn is how many parts a drawn waveform has.
const drawn = 400

// Vault seals sounds under the tenant's key.
type Vault interface {
	SealTenant(ctx context.Context, t id.Tenant, where string, plain []byte) (secret.Sealed, error)
	OpenTenant(ctx context.Context, t id.Tenant, where string, sealed secret.Sealed) (secret.Bytes, error)
}

// Auditor notes who changed what, inside the change's transaction.
type Auditor interface {
	Record(tx *store.Tx, a access.Actor, action, objectKind, object string, detail map[string]string) error
}

// Deps is what the service needs.
type Deps struct {
	DB    *store.DB
	Vault Vault
	Blobs *blob.Store
	Clock clock.Clock
	IDs   *id.Source
	Audit Auditor
	// Changed is called after the commit of each change; may be nil.
	Changed func(t id.Tenant, prompt string)
	Log     *slog.Logger
}

// Service is safe for use by several goroutines.
type Service struct {
	Deps
	heard *memory
}

// New makes a Service.
func New(d Deps) *Service { return &Service{Deps: d, heard: newMemory(heardBytes)} }

// Sound is the sound of a prompt, as administrators see it.
type Sound struct {
	ID       string     `json:"id"`
	Size     int64      `json:"size" doc:"Bytes, as it is kept."`
	Rate     int        `json:"rate" doc:"Samples a second."`
	Right    bool       `json:"right" doc:"Callers hear it made right, not as it was uploaded."`
	SetBy    string     `json:"set_by" doc:"User id."`
	SetAt    time.Time  `json:"set_at"`
	Uploaded SoundLevel `json:"uploaded" doc:"As it was uploaded."`
	Made     SoundLevel `json:"made" doc:"As it is when it is made right."`
	Gain     float64    `json:"gain" doc:"Decibels by which making it right changes it."`
}

// SoundLevel is what a level check found.
type SoundLevel struct {
	Seconds  float64        `json:"seconds"`
	Peak     float64        `json:"peak" doc:"The largest sample, dBFS."`
	Loudness float64        `json:"loudness" doc:"LUFS, integrated (ITU-R BS.1770, EBU R 128)."`
	Clipped  float64        `json:"clipped" doc:"Share of samples that are cut off at full scale, 0 to 1."`
	Lead     float64        `json:"lead" doc:"Seconds of silence before it."`
	Tail     float64        `json:"tail" doc:"Seconds of silence after it."`
	Findings []SoundFinding `json:"findings" doc:"What callers would notice."`
	Waveform []int          `json:"waveform" doc:"The largest sample of each of 400 parts, 0 to 255."`
}

// SoundFinding is what is wrong with a sound.
type SoundFinding struct {
	Kind  string  `json:"kind" enum:"silent,quiet,loud,clipped,lead,tail"`
	Value float64 `json:"value" doc:"What was measured: LUFS, a share of samples, or seconds."`
	Limit float64 `json:"limit" doc:"Up to which, or from which, it is fine."`
}

// facts are what is stored of a sound beside its file.
type facts struct {
	Rate           int
	Uploaded, Made SoundLevel
	Adjust         audio.Adjust
}

func levelOf(s audio.Sound) SoundLevel {
	c := audio.CheckSound(s)
	l := SoundLevel{Seconds: c.Seconds, Peak: c.Peak, Loudness: c.Loudness, Clipped: c.Clipped, Lead: c.Lead, Tail: c.Tail, Findings: []SoundFinding{}, Waveform: audio.Waveform(s.PCM, drawn)}
	find := func(kind string, wrong bool, value, limit float64) {
		if wrong {
			l.Findings = append(l.Findings, SoundFinding{kind, value, limit})
		}
	}
	if c.Loudness <= audio.Floor {
		find("silent", true, c.Peak, audio.LeastLoudness)
		return l
	}
	find("quiet", c.Loudness < audio.LeastLoudness, c.Loudness, audio.LeastLoudness)
	find("loud", c.Loudness > audio.MostLoudness, c.Loudness, audio.MostLoudness)
	find("clipped", c.Clipped > audio.MostClipped, c.Clipped, audio.MostClipped)
	find("lead", c.Lead > audio.LongestLead, c.Lead, audio.LongestLead)
	find("tail", c.Tail > audio.LongestTail, c.Tail, audio.LongestTail)
	return l
}

func soundOf(r store.PromptSoundRow) (Sound, facts, error) {
	var f facts
	if err := json.Unmarshal([]byte(r.Facts), &f); err != nil {
		return Sound{}, f, errs.Wrap(errs.Internal, err, "The facts of a sound cannot be read.")
	}
	return Sound{ID: r.SoundID, Size: r.Size, Rate: f.Rate, Right: r.MadeRight, SetBy: r.SetBy, SetAt: r.SetAt, Uploaded: f.Uploaded, Made: f.Made, Gain: f.Adjust.Gain}, f, nil
}

func allowed(a access.Actor, p access.Permission) error {
	if access.Reach(a, p) != access.Tenant {
		return errs.New(errs.Forbidden, "Your roles do not allow this.")
	}
	return nil
}

// there finds a prompt that is in use.
func there(tx *store.Tx, prompt string) error {
	row, err := tx.Setup(string(setup.KindPrompt), prompt)
	switch {
	case errs.Is(err, errs.NotFound):
		return errs.Wrap(errs.NotFound, err, "There is no %s with this id.", setup.KindPrompt.Word())
	case err == nil && !row.ArchivedAt.IsZero():
		return errs.New(errs.Conflict, "This %s is archived. Restore it before you change it.", setup.KindPrompt.Word())
	}
	return err
}

func noSound() error { return errs.New(errs.NotFound, "This prompt has no sound yet.") }

func (s *Service) row(ctx context.Context, t id.Tenant, prompt string) (row store.PromptSoundRow, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.PromptSound(prompt)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		err = noSound()
	}
	return row, err
}

// Sound is the sound of a prompt; NotFound if it has none.
func (s *Service) Sound(ctx context.Context, a access.Actor, prompt string) (Sound, error) {
	if err := allowed(a, access.SetupRead); err != nil {
		return Sound{}, err
	}
	row, err := s.row(ctx, a.Tenant, prompt)
	if err != nil {
		return Sound{}, err
	}
	sound, _, err := soundOf(row)
	return sound, err
}

// Upload gives a prompt the sound of a WAV file, in the place of one that it had.
func (s *Service) Upload(ctx context.Context, a access.Actor, prompt string, file []byte) (Sound, error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return Sound{}, err
	}
	if err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := there(tx, prompt); err != nil {
			return err
		}
		return tx.RoomInStorage()
	}); err != nil {
		return Sound{}, err
	}
	pcm, err := audio.ReadSound(file)
	if err != nil {
		return Sound{}, err
	}
	f := facts{Rate: pcm.Rate, Uploaded: levelOf(pcm), Adjust: audio.MakeRight(pcm)}
	f.Made = levelOf(pcm.Adjusted(f.Adjust))
	raw, err := json.Marshal(f)
	if err != nil {
		return Sound{}, errs.Wrap(errs.Internal, err, "The facts of a sound cannot be written.")
	}
	kept := audio.WriteWAV(pcm.PCM, pcm.Rate)
	row := store.PromptSoundRow{PromptID: prompt, SoundID: s.IDs.New(id.Sound), Size: int64(len(kept)), Facts: string(raw), SetBy: a.User, SetAt: s.Clock.Now()}
	sealed, err := s.Vault.SealTenant(ctx, a.Tenant, soundAt(row.SoundID), kept)
	if err != nil {
		return Sound{}, err
	}
	key := keyOf(a.Tenant, prompt, row.SoundID)
	if err := s.Blobs.Put(ctx, key, sealed); err != nil {
		return Sound{}, err
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := there(tx, prompt); err != nil {
			return err
		}
		if err := tx.PutPromptSound(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionSet, setup.KindPrompt.Word(), prompt, nil)
	})
	keep := row.SoundID
	if err != nil {
		keep = ""
	}
	s.tidy(context.WithoutCancel(ctx), a.Tenant, prompt, keep, err != nil, row.SoundID)
	if err != nil {
		return Sound{}, err
	}
	s.tell(a.Tenant, prompt)
	sound, _, err := soundOf(row)
	return sound, err
}

// tidy removes files that are no prompt's sound: all but keep, or after a change
// that failed only the one that it had brought.
func (s *Service) tidy(ctx context.Context, t id.Tenant, prompt, keep string, failed bool, brought string) {
	var stray []string
	if failed {
		stray = append(stray, keyOf(t, prompt, brought))
	} else {
		for file, err := range s.Blobs.List(ctx, blob.Key(blob.Prompts, t, prompt)+"/") {
			if err != nil {
				s.Log.Warn("sounds that are not used any more were not looked for", "tenant", t, "prompt", prompt, "code", errs.As(err).Code)
				break
			}
			if keep == "" || file.Key != keyOf(t, prompt, keep) {
				stray = append(stray, file.Key)
			}
		}
	}
	for _, key := range stray {
		if err := s.Blobs.Delete(ctx, key); err != nil {
			s.Log.Warn("an unused sound was not removed", "tenant", t, "blob", key, "code", errs.As(err).Code)
		}
	}
}

// MakeRight says whether callers hear the sound made right, or as it was uploaded.
func (s *Service) MakeRight(ctx context.Context, a access.Actor, prompt string, right bool) (Sound, error) {
	if err := allowed(a, access.SetupWrite); err != nil {
		return Sound{}, err
	}
	var row store.PromptSoundRow
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) (err error) {
		if err := there(tx, prompt); err != nil {
			return err
		}
		row, err = tx.PromptSound(prompt)
		if errs.Is(err, errs.NotFound) {
			return noSound()
		}
		if err != nil || row.MadeRight == right {
			return err
		}
		row.MadeRight = right
		if err := tx.PutPromptSound(row); err != nil {
			return err
		}
		action := ActionAsIs
		if right {
			action = ActionRight
		}
		return s.Audit.Record(tx, a, action, setup.KindPrompt.Word(), prompt, nil)
	})
	if err != nil {
		return Sound{}, err
	}
	s.tell(a.Tenant, prompt)
	sound, _, err := soundOf(row)
	return sound, err
}

// Remove takes a prompt's sound away: its words are spoken from now on.
func (s *Service) Remove(ctx context.Context, a access.Actor, prompt string) error {
	if err := allowed(a, access.SetupWrite); err != nil {
		return err
	}
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := there(tx, prompt); err != nil {
			return err
		}
		if _, err := tx.PromptSound(prompt); errs.Is(err, errs.NotFound) {
			return nil
		} else if err != nil {
			return err
		}
		if err := tx.DeletePromptSound(prompt); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionRemoved, setup.KindPrompt.Word(), prompt, nil)
	})
	if err != nil {
		return err
	}
	s.tidy(context.WithoutCancel(ctx), a.Tenant, prompt, "", false, "")
	s.tell(a.Tenant, prompt)
	return nil
}

func (s *Service) tell(t id.Tenant, prompt string) {
	if s.Changed != nil {
		s.Changed(t, prompt)
	}
}

// Listen gives the sound as a WAV file: made right, as it was uploaded, or as
// callers hear it now (8 kHz).
func (s *Service) Listen(ctx context.Context, a access.Actor, prompt string, as Version) ([]byte, error) {
	if err := allowed(a, access.SetupRead); err != nil {
		return nil, err
	}
	row, err := s.row(ctx, a.Tenant, prompt)
	if err != nil {
		return nil, err
	}
	if as == AsHeard {
		pcm, err := s.heardOf(ctx, a.Tenant, row)
		return audio.WriteWAV(pcm, audio.Rate), err
	}
	sound, f, err := s.read(ctx, a.Tenant, row)
	if as == AsRight {
		sound = sound.Adjusted(f.Adjust)
	}
	return audio.WriteWAV(sound.PCM, sound.Rate), err
}

// Version is how a sound is listened to.
type Version string

const (
	AsUploaded Version = "uploaded"
	AsRight    Version = "right"
	AsHeard    Version = "heard"
)

// Heard is a prompt's sound as callers hear it; it is shared and not to be changed.
// NotFound: it has none. It asks for no permission: it is for calls.
func (s *Service) Heard(ctx context.Context, t id.Tenant, prompt string) ([]int16, error) {
	row, err := s.row(ctx, t, prompt)
	if err != nil {
		return nil, err
	}
	return s.heardOf(ctx, t, row)
}

func (s *Service) heardOf(ctx context.Context, t id.Tenant, row store.PromptSoundRow) ([]int16, error) {
	name := row.SoundID
	if row.MadeRight {
		name += " right"
	}
	return s.heard.get(ctx, t, name, func() ([]int16, error) {
		sound, f, err := s.read(context.WithoutCancel(ctx), t, row)
		if err != nil {
			return nil, err
		}
		if !row.MadeRight {
			f.Adjust = audio.Adjust{}
		}
		return sound.Heard(f.Adjust), nil
	})
}

// read opens the file of a sound.
func (s *Service) read(ctx context.Context, t id.Tenant, row store.PromptSoundRow) (audio.Sound, facts, error) {
	_, f, err := soundOf(row)
	if err != nil {
		return audio.Sound{}, f, err
	}
	sealed, err := s.Blobs.Get(ctx, keyOf(t, row.PromptID, row.SoundID))
	if err != nil {
		return audio.Sound{}, f, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, soundAt(row.SoundID), sealed)
	if err != nil {
		return audio.Sound{}, f, err
	}
	sound, err := audio.ReadSound(plain.Reveal())
	return sound, f, err
}

func soundAt(sound string) string { return "prompt_sounds.data/" + sound }

func keyOf(t id.Tenant, prompt, sound string) string {
	return blob.Key(blob.Prompts, t, prompt) + "/" + sound
}
