package email

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const (
	// onceIn is how often a machine writes to one address at most (RFC 3834, 2).
	onceIn = 24 * time.Hour
	// mostAnHour is how many acknowledgements a mailbox sends in an hour, whoever wrote: who
	// writes with many strangers' addresses does not write to them by us.
	mostAnHour = 200
	// lateAfter is when an acknowledgement is of no use any more.
	lateAfter = time.Hour
)

// acknowledges says whether the receipt of a message is acknowledged to who wrote it
// (RFC 3834, 2): where the mailbox says so, and a person wrote, to the mailbox by its
// own address, from an address that the provider does not take for forged and that is
// none of the organisation's own mailboxes.
func (s *Service) acknowledges(ctx context.Context, t id.Tenant, box setup.Mailbox, m *message.Message) bool {
	if len(box.Acknowledgement) == 0 || m.Automatic() != "" || len(m.From) != 1 || !sentTo(m, box) {
		return false
	}
	if slices.ContainsFunc(m.Verdicts(""), func(v message.Verdict) bool {
		return v.Result == "fail" && (v.Method == "dmarc" || v.Method == "spf")
	}) {
		return false
	}
	from, err := privacy.NormalAddress(privacy.Email, m.From[0].Address.Reveal(), "")
	if err != nil {
		return false
	}
	own, err := s.Setup.Mailboxes(ctx, t)
	if err != nil {
		return false // better none than one too many
	}
	for _, b := range own {
		if b.Owns(from) {
			return false
		}
	}
	return true
}

// RunAcknowledge acknowledges the receipt of an interaction's message (JobAcknowledge).
// That its sender is written to is stored before the provider is asked: what ended in
// between is not sent again.
func (s *Service) RunAcknowledge(ctx context.Context, job store.JobRow) error {
	now := s.Clock.Now()
	if now.Sub(job.CreatedAt) > lateAfter {
		return nil
	}
	o, err := s.open(ctx, job.Tenant, job.ObjectID)
	switch {
	case errs.Is(err, errs.NotFound), errs.Is(err, errs.Gone), errs.Is(err, errs.Conflict): // closed, erased or moved away meanwhile
		return nil
	case err != nil:
		return err
	}
	if !o.box.Enabled || !s.acknowledges(ctx, job.Tenant, o.box, o.m) {
		return nil
	}
	to, err := privacy.NormalAddress(privacy.Email, o.m.From[0].Address.Reveal(), "")
	if err != nil {
		return nil
	}
	sender, err := s.Vault.Digest(ctx, job.Tenant, "email_acknowledgements.sender", []byte(to))
	if err != nil {
		return err
	}
	letter, err := s.acknowledgement(ctx, job, o, to)
	if err != nil {
		return err
	}
	row := store.AcknowledgementRow{Sender: sender, InteractionID: job.ObjectID, SentAt: now}
	claimed, sent := false, int64(0)
	err = s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) (err error) {
		if sent, err = tx.CountAcknowledgements(o.row.MailboxID, now.Add(-time.Hour)); err != nil || sent >= mostAnHour {
			return err
		}
		claimed, err = tx.ClaimAcknowledgement(row, now.Add(-onceIn))
		return err
	})
	if err == nil && sent == mostAnHour {
		s.Log.Warn("a mailbox has acknowledged as much as it may in an hour", "tenant", job.Tenant, "mailbox", o.row.MailboxID)
	}
	if err != nil || !claimed {
		return err
	}
	account, err := s.account(ctx, job.Tenant, o.row.MailboxID, o.box)
	if err == nil {
		err = s.sendByItself(ctx, account, letter, o.own().Address.Reveal())
	}
	if err == nil {
		return nil
	}
	fault := provider.AsFault(err, provider.StepMessage, o.box.SMTP.Host)
	s.Log.Warn("the receipt of a message could not be acknowledged", "tenant", job.Tenant, "mailbox", o.row.MailboxID, "step", fault.Step, "reason", fault.Reason)
	if fault.Unsure || !fault.Temporary() {
		return nil
	}
	return errors.Join(fault.Says(), s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error { return tx.ReleaseAcknowledgement(row) }))
}

// sendByItself sends what no person wrote: without a return path, so that nothing comes
// back (RFC 3834, 3.3), or with the mailbox's own where the provider wants one.
func (s *Service) sendByItself(ctx context.Context, account provider.Account, letter provider.Letter, own string) error {
	err := s.Network.Send(ctx, account, letter)
	var fault *provider.Fault
	if errors.As(err, &fault) && !fault.Unsure && fault.Step == provider.StepMessage && fault.Code/100 == 5 {
		letter.From = own
		err = s.Network.Send(ctx, account, letter)
	}
	return err
}

func (s *Service) acknowledgement(ctx context.Context, job store.JobRow, o opened, to string) (provider.Letter, error) {
	threads, err := s.threads(ctx, job.Tenant)
	if err != nil {
		return provider.Letter{}, err
	}
	point, err := s.Setup.EntryPointOf(ctx, job.Tenant, o.box.EntryPoint)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return provider.Letter{}, err
	}
	nonce := make([]byte, 10)
	_, _ = rand.Read(nonce) // never fails
	from := o.own()
	_, domain, _ := strings.Cut(from.Address.Reveal(), "@")
	d := message.Draft{ID: threads.ID(job.ObjectID, nonce, domain), Date: s.Clock.Now(), From: from, To: []message.Address{{Address: secret.New(to)}},
		Subject: o.m.AnswerSubject(), Text: secret.New(inLanguage(o.box.Acknowledgement, append([]string{o.m.Language()}, point.Languages...))), Automatic: true}
	d.InReplyTo, d.References = o.m.Answer()
	return provider.Letter{To: []string{to}, Octets: message.Write(d)}, nil
}

// inLanguage is the text in the first of the languages that has one, else any.
func inLanguage(texts map[string]string, languages []string) string {
	for _, l := range slices.Concat(languages, slices.Sorted(maps.Keys(texts))) {
		if texts[l] != "" {
			return texts[l]
		}
	}
	return ""
}

// sentTo says whether a message names one of the mailbox's addresses.
func sentTo(m *message.Message, box setup.Mailbox) bool {
	return slices.ContainsFunc(slices.Concat(m.To, m.Cc), func(a message.Address) bool { return box.Owns(a.Address.Reveal()) })
}
