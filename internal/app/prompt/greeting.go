package prompt

import (
	"context"
	"encoding/json"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/media/audio"
	"nubitalk/internal/store"
)

// Actions on greetings as the audit log names them.
const (
	ActionGreetingSet     = "greeting.set"
	ActionGreetingRemoved = "greeting.removed"
)

// MaxGreetingSeconds bounds a greeting: who calls waits for its end.
const MaxGreetingSeconds = 60

// Greeting is what callers hear before they leave a user a message by voice. Which
// user is said by the doors, who know whether the actor may.
type Greeting struct {
	SetBy string     `json:"set_by" doc:"User id: the user, or an administrator."`
	SetAt time.Time  `json:"set_at"`
	Sound SoundLevel `json:"sound" doc:"As callers hear it: made right as it was recorded."`
}

func greetingOf(r store.GreetingRow) (Greeting, error) {
	g := Greeting{SetBy: r.SetBy, SetAt: r.SetAt}
	if err := json.Unmarshal([]byte(r.Facts), &g.Sound); err != nil {
		return g, errs.Wrap(errs.Internal, err, "The facts of a sound cannot be read.")
	}
	return g, nil
}

// Greeting is a user's own; NotFound: callers hear the standard one.
func (s *Service) Greeting(ctx context.Context, t id.Tenant, user string) (Greeting, error) {
	row, err := s.greeting(ctx, t, user)
	if err != nil {
		return Greeting{}, err
	}
	return greetingOf(row)
}

// HasGreeting says whether a user has one of its own.
func (s *Service) HasGreeting(ctx context.Context, t id.Tenant, user string) (has bool, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		has, err = tx.HasGreeting(user)
		return err
	})
	return has, err
}

func (s *Service) greeting(ctx context.Context, t id.Tenant, user string) (row store.GreetingRow, err error) {
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.Greeting(user)
		return err
	})
	return row, err
}

// SetGreeting gives a user the greeting of a WAV file, in the place of one that it
// had. It is made right, and kept as callers hear it.
func (s *Service) SetGreeting(ctx context.Context, a access.Actor, user string, file []byte) (Greeting, error) {
	sound, err := audio.ReadSound(file)
	if err != nil {
		return Greeting{}, err
	}
	adjust := audio.MakeRight(sound)
	right := sound.Adjusted(adjust)
	level := levelOf(right)
	switch {
	case level.Loudness <= audio.Floor:
		return Greeting{}, errs.Bad("file", "Nothing is heard in this sound.")
	case level.Seconds > MaxGreetingSeconds:
		return Greeting{}, errs.Bad("file", "A greeting may be %d seconds long.", MaxGreetingSeconds)
	}
	raw, err := json.Marshal(level)
	if err != nil {
		return Greeting{}, errs.Wrap(errs.Internal, err, "The facts of a sound cannot be written.")
	}
	heard := audio.WriteWAV(sound.Heard(adjust), audio.Rate)
	row := store.GreetingRow{UserID: user, Facts: string(raw), SetBy: a.User, SetAt: s.Clock.Now()}
	if row.Sealed, err = s.Vault.SealTenant(ctx, a.Tenant, greetingAt(user), heard); err != nil {
		return Greeting{}, err
	}
	err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		if err := tx.RoomInStorage(); err != nil {
			return err
		}
		if err := tx.PutGreeting(row); err != nil {
			return err
		}
		return s.Audit.Record(tx, a, ActionGreetingSet, "user", user, nil)
	})
	if err != nil {
		return Greeting{}, err
	}
	return greetingOf(row)
}

// RemoveGreeting has callers hear the standard greeting again; repeats are harmless.
func (s *Service) RemoveGreeting(ctx context.Context, a access.Actor, user string) error {
	return s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		had, err := tx.DeleteGreeting(user)
		if err != nil || !had {
			return err
		}
		return s.Audit.Record(tx, a, ActionGreetingRemoved, "user", user, nil)
	})
}

// ListenToGreeting gives a user's greeting as a WAV file, as callers hear it (8 kHz).
func (s *Service) ListenToGreeting(ctx context.Context, t id.Tenant, user string) ([]byte, error) {
	row, err := s.greeting(ctx, t, user)
	if err != nil {
		return nil, err
	}
	plain, err := s.Vault.OpenTenant(ctx, t, greetingAt(user), row.Sealed)
	return plain.Reveal(), err
}

// GreetingHeard is a user's greeting for calls. It is read anew for each: what was
// taken back or erased is heard no more, and nothing of it stays in memory.
func (s *Service) GreetingHeard(ctx context.Context, t id.Tenant, user string) ([]int16, error) {
	file, err := s.ListenToGreeting(ctx, t, user)
	if err != nil {
		return nil, err
	}
	sound, err := audio.ReadSound(file)
	return sound.PCM, err
}

func greetingAt(user string) string { return "greetings.sound/" + user }
