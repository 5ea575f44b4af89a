package server

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/app/contact"
	"nubitalk/internal/app/recording"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/voice"
	rules "nubitalk/internal/core/recording"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/media/screen"
	"nubitalk/internal/media/tape"
	"nubitalk/internal/store"
)

// recorder is what calls have recorded: the tenant's rules, how each call stands,
// and app/recording.
type recorder struct {
	db       *store.DB
	setups   *setups
	contacts *contact.Service
	Audit    voice.Auditor
	made     *recording.Service
}

func (r recorder) Rules(ctx context.Context, t id.Tenant) (map[string]setup.RecordingRule, error) {
	snap, err := r.setups.of(ctx, t)
	if err != nil {
		return nil, err
	}
	return snap.RecordingRules, nil
}

func (r recorder) ScreenLimits(ctx context.Context, t id.Tenant) (setup.ScreenLimits, error) {
	snap, err := r.setups.of(ctx, t)
	if err != nil || snap.Rules.Screen == (setup.ScreenLimits{}) {
		return setup.DefaultScreen(), err
	}
	return snap.Rules.Screen, nil
}

func (r recorder) Words(ctx context.Context, t id.Tenant, text string) (map[string]string, int64, error) {
	snap, err := r.setups.of(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	c, known := snap.ConsentTexts[text]
	if !known {
		return nil, 0, errs.New(errs.NotFound, "This %s does not exist.", setup.KindConsentText.Word())
	}
	return c.Text, c.Version, nil
}

func (r recorder) Standing(ctx context.Context, t id.Tenant, interaction string) (rules.Standing, error) {
	var row store.RecordingStateRow
	err := r.db.Read(ctx, t, func(tx *store.Tx) (err error) {
		row, err = tx.RecordingState(interaction)
		return err
	})
	if errs.Is(err, errs.NotFound) {
		return rules.Standing{}, nil
	}
	return rules.Standing{Started: row.Started, Paused: row.Paused, Stopped: row.Stopped, Refused: row.Refused, By: row.By, Reason: row.Reason, At: row.ChangedAt,
		Agreed: row.Agreed, Told: row.Told}, err
}

func (r recorder) Keep(ctx context.Context, who voice.Caller, s rules.Standing, did voice.Deed) error {
	return r.db.Write(ctx, who.Tenant, func(tx *store.Tx) error {
		err := tx.PutRecordingState(store.RecordingStateRow{InteractionID: who.Interaction, Started: s.Started, Paused: s.Paused, Stopped: s.Stopped, Refused: s.Refused,
			By: s.By, Reason: s.Reason, ChangedAt: s.At, Agreed: s.Agreed, Told: s.Told})
		if err == nil && did.Action != "" {
			err = r.noted(tx, who, did)
		}
		if err == nil && did.Agreed != "" {
			err = r.agreed(tx, who, did)
		}
		return err
	})
}

// noted puts into the audit log what was done.
func (r recorder) noted(tx *store.Tx, who voice.Caller, did voice.Deed) error {
	switch did.Action {
	case rules.Start:
		return r.Audit.Append(tx, did.By, "recording.begun", who.Interaction, did.Reason)
	case rules.Pause:
		return r.Audit.Append(tx, did.By, "recording.paused", who.Interaction, did.Reason)
	case rules.Resume:
		return r.Audit.Append(tx, did.By, "recording.resumed", who.Interaction, did.Reason)
	case rules.Stop:
		return r.Audit.Append(tx, did.By, "recording.stopped", who.Interaction, did.Reason)
	}
	return nil
}

// agreed records a person's agreement as a flow's consent step does.
func (r recorder) agreed(tx *store.Tx, who voice.Caller, did voice.Deed) error {
	snap, err := r.setups.of(tx.Context(), who.Tenant)
	if err != nil {
		return err
	}
	return r.contacts.Consented(tx, who.Contact, who.Interaction, channel.Consent{Purpose: snap.ConsentTexts[did.Agreed].Purpose, Text: did.Agreed, Version: did.Version, Language: did.Language})
}

func (r recorder) Begin(ctx context.Context, who voice.Caller, parties []string, keepDays int, source *tape.Tape, troubled func(bool)) (voice.Recording, error) {
	made, err := r.made.Begin(ctx, recording.Start{Tenant: who.Tenant, Interaction: who.Interaction, Contact: who.Contact, Kind: recording.Voice, Parties: parties, KeepDays: keepDays, Source: source, Troubled: troubled})
	if err != nil {
		return nil, err
	}
	return beingMade{made}, nil
}

func (r recorder) BeginMessage(ctx context.Context, who voice.Caller, source *tape.Tape) (voice.Recording, error) {
	snap, err := r.setups.of(ctx, who.Tenant)
	if err != nil {
		return nil, err
	}
	made, err := r.made.Begin(ctx, recording.Start{Tenant: who.Tenant, Interaction: who.Interaction, Contact: who.Contact, Kind: recording.Message, Parties: []string{"person"}, KeepDays: snap.Rules.MessageDays, Source: source})
	if err != nil {
		return nil, err
	}
	return beingMade{made}, nil
}

func (r recorder) BeginScreen(ctx context.Context, who voice.Caller, user string, keepDays int, source *screen.Reel, from time.Time) (voice.Screening, error) {
	made, err := r.made.Begin(ctx, recording.Start{Tenant: who.Tenant, Interaction: who.Interaction, Contact: who.Contact, Kind: recording.Screen, Parties: []string{user}, KeepDays: keepDays, Source: source, At: from})
	if err != nil {
		return nil, err
	}
	return beingMade{made}, nil
}

func (r recorder) ShownUntil(ctx context.Context, who voice.Caller, user string) (until time.Time, err error) {
	all, err := r.made.Of(ctx, who.Tenant, who.Interaction)
	for _, row := range all {
		if row.Kind == recording.Screen && slices.Contains(row.Parties, user) {
			until = row.StartedAt.Add(time.Duration(row.LengthMS) * time.Millisecond)
		}
	}
	return until, err
}

func (r recorder) NoteScreen(ctx context.Context, who voice.Caller, user, why string) error {
	return r.db.Write(ctx, who.Tenant, func(tx *store.Tx) error {
		return r.Audit.Append(tx, user, "recording.screen_ended", who.Interaction, why)
	})
}

// beingMade is a recording as a call has it.
type beingMade struct{ *recording.Running }

func (b beingMade) Pause(ctx context.Context, by, reason string) error {
	_, err := b.Running.Pause(ctx, by, reason)
	return err
}

func (b beingMade) Resume() error {
	_, err := b.Running.Resume()
	return err
}
