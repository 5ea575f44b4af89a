package email

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/store"
)

// begun is the kind of what an agent writes of its own accord.
const begun = "new"

// Writer is a mailbox from which agents write of their own accord.
type Writer struct {
	Mailbox string `json:"mailbox"`
	Name    string `json:"name"`
	Address string `json:"address"`
	Queue   string `json:"queue" doc:"On whose behalf: who serves it may write, and its wrap-up and dispositions hold."`
}

// Writers are the mailboxes from which agents write of their own accord, by name.
func (s *Service) Writers(ctx context.Context, t id.Tenant) ([]Writer, error) {
	boxes, err := s.Setup.Mailboxes(ctx, t)
	list := []Writer{}
	for mailbox, m := range boxes {
		if m.Enabled && m.WriteQueue != "" {
			list = append(list, Writer{mailbox, m.Name, m.Address, m.WriteQueue})
		}
	}
	order.By(list, func(a, b Writer) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Mailbox, b.Mailbox))
	})
	return list, err
}

// Compose begins work of an agent's own: a message to an address, which is not written
// yet. What comes back to it knows it by its id. The caller has checked who may.
func (s *Service) Compose(ctx context.Context, a access.Actor, mailbox string, to secret.Text) (interaction string, err error) {
	boxes, err := s.Setup.Mailboxes(ctx, a.Tenant)
	if err != nil {
		return "", err
	}
	var faults errs.Fields
	box, there := boxes[mailbox]
	if !there || !box.Enabled || box.WriteQueue == "" {
		faults.Add("mailbox", "is none from which mail is written.")
	}
	address, err := privacy.NormalAddress(privacy.Email, to.Reveal(), "")
	switch {
	case err != nil:
		faults.Add("to", "is no email address; one such as ana@shop.example is accepted.")
	case box.Owns(address):
		faults.Add("to", "is the mailbox's own.")
	}
	if err := faults.Err(); err != nil {
		return "", err
	}
	point, err := s.Setup.EntryPointOf(ctx, a.Tenant, box.EntryPoint)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return "", err
	}
	w := channel.Arrival{Tenant: a.Tenant, Channel: acd.Email, EntryPoint: box.EntryPoint, Language: "en", Addresses: []channel.Address{{Kind: privacy.Email, Value: secret.New(address)}},
		Outgoing: &channel.Outgoing{Agent: a.User, Queue: box.WriteQueue}}
	if len(point.Languages) > 0 {
		w.Language = point.Languages[0]
	}
	w.Open = func(tx *store.Tx, interaction, _ string) error {
		identity, err := s.Vault.Digest(ctx, a.Tenant, "emails.identity", []byte("begun here\x00"+interaction))
		if err != nil {
			return err
		}
		now := s.Clock.Now()
		// Nothing of it is at the provider: there is nothing to be told when it is done.
		if err := tx.InsertEmail(store.EmailRow{InteractionID: interaction, Identity: identity, MailboxID: mailbox, DoneAt: now}); err != nil {
			return err
		}
		return tx.InsertChat(notesOnly(interaction, now))
	}
	interaction, _, err = s.Floor.Arrive(ctx, w)
	if err != nil {
		return "", err
	}
	if _, err := s.Write(ctx, a, interaction, 0, DraftWords{To: []string{address}}); err != nil { // it is begun: its agent writes whom it reaches
		s.Log.Warn("an email was begun, but whom it is to reach could not be kept", "tenant", a.Tenant, "interaction", interaction, "error", errs.As(err).Code)
	}
	return interaction, nil
}

// notesOnly lets notes be written beside a message, as beside every work. No visitor has
// its token.
func notesOnly(interaction string, now time.Time) store.ChatRow {
	nobody := make([]byte, 32)
	_, _ = rand.Read(nobody) // never fails
	return store.ChatRow{InteractionID: interaction, TokenHash: nobody, VisitorSeenAt: now, ExpiresAt: now}
}

// fresh says that an agent began it: there is no message at the provider.
func (o opened) fresh() bool { return o.row.Folder == "" }

// meant is whom work is for that an agent began: whom somebody writes to already, else the
// contact, at its first address.
func (s *Service) meant(ctx context.Context, t id.Tenant, interaction, contact string) ([]Person, error) {
	if to := s.drafts.to(t, interaction); len(to) > 0 {
		return persons(to), nil
	}
	found, err := s.Contacts.AddressesOf(ctx, t, contact, privacy.Email)
	if err != nil || len(found) == 0 {
		return []Person{}, err
	}
	return []Person{{Address: found[0].Reveal()}}, nil
}

// nothing is the message of work that an agent began.
func nothing() *message.Message { return &message.Message{} }
