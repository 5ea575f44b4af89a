package email

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/privacy"
)

// PostsFrom says whether a mailbox is in use.
func (s *Service) PostsFrom(ctx context.Context, t id.Tenant, mailbox string) (bool, error) {
	boxes, err := s.Setup.Mailboxes(ctx, t)
	return boxes[mailbox].Enabled, err
}

// Notify sends a text that belongs to no interaction, such as an invitation, from a mailbox. It
// is marked as written by no person, nothing of it is stored, and no copy is put into the sent
// folder: what stands in it may open an account.
func (s *Service) Notify(ctx context.Context, t id.Tenant, mailbox string, to, subject, text secret.Text) error {
	boxes, err := s.Setup.Mailboxes(ctx, t)
	if err != nil {
		return err
	}
	box := boxes[mailbox]
	if !box.Enabled {
		return errs.New(errs.NotFound, "This mailbox is not in use.")
	}
	address, err := privacy.NormalAddress(privacy.Email, to.Reveal(), "")
	if err != nil {
		return errs.New(errs.Invalid, "This is no email address to which anything can be sent.")
	}
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	_, domain, _ := strings.Cut(box.Address, "@")
	d := message.Draft{ID: hex.EncodeToString(nonce) + "@" + domain, Date: s.Clock.Now(), From: message.Address{Name: secret.New(box.Shown), Address: secret.New(box.Address)},
		To: []message.Address{{Address: secret.New(address)}}, Subject: subject, Text: text, Automatic: true}
	account, err := s.account(ctx, t, mailbox, box)
	if err != nil {
		return err
	}
	if err := s.Network.Send(ctx, account, provider.Letter{From: box.Address, To: []string{address}, Octets: message.Write(d)}); err != nil {
		fault := provider.AsFault(err, provider.StepMessage, box.SMTP.Host)
		s.Log.Warn("a notice could not be sent", "tenant", t, "mailbox", mailbox, "step", fault.Step, "reason", fault.Reason)
		return fault.Says()
	}
	return nil
}
