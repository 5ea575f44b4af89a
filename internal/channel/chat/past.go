package chat

import (
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/store"
)

// PastMessage is one line of a conversation that took place elsewhere or
// earlier.
type PastMessage struct {
	At         time.Time
	AuthorKind string
	Author     string      // user id of an agent
	AuthorName secret.Text // as the visitor saw it
	Kind       string
	Text       secret.Text
	Buttons    []Button
	Event      string
}

// WritePast stores a whole conversation of the past beside its interaction,
// sealed and findable as if it had been held here. Nobody is told, and no
// visitor's token opens it.
func (s *Service) WritePast(tx *store.Tx, interaction, contact string, messages []PastMessage, survey secret.Text) error {
	ctx, t := tx.Context(), tx.Tenant()
	_, hash := newToken(t)
	row := store.ChatRow{InteractionID: interaction, TokenHash: hash}
	if n := len(messages); n > 0 {
		row.VisitorSeenAt, row.ExpiresAt = messages[n-1].At, messages[n-1].At
	}
	if err := tx.InsertChat(row); err != nil {
		return err
	}
	for _, m := range messages {
		then := *s
		then.Clock = clock.NewVirtual(m.At)
		_, err := then.writeAnyway(tx, draft{interaction: interaction, author: m.AuthorKind, user: m.Author, kind: m.Kind,
			body: body{Text: m.Text.Reveal(), Name: m.AuthorName.Reveal(), Buttons: m.Buttons, Event: m.Event}})
		if err != nil {
			return err
		}
	}
	seq := int64(len(messages))
	if _, _, err := tx.RaiseMarks(interaction, store.Marks{VisitorGot: seq, VisitorRead: seq, AgentRead: seq}); err != nil {
		return err
	}
	if survey.Empty() {
		return nil
	}
	sealed, err := s.Vault.SealContact(ctx, t, contact, surveyAt(interaction), []byte(survey.Reveal()))
	if err != nil {
		return err
	}
	return tx.SetSurvey(interaction, sealed)
}
