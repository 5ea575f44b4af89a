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
	core "nubitalk/internal/core/mailbox"
	"nubitalk/internal/core/privacy"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

const (
	// onceIn is how often a machine writes to one address at most (RFC 3834, 2).
	onceIn = 24 * time.Hour
	// lateAfter is when an acknowledgement is of no use any more.
	lateAfter = time.Hour
)

// acknowledges says whether the receipt of a message is acknowledged to who wrote it
// (RFC 3834, 2): where the mailbox says so, and a person wrote, to the mailbox by its
// own address, from an address that the provider does not take for forged and that is
// none of the organisation's own mailboxes.
func (s *Service) acknowledges(ctx context.Context, t id.Tenant, box setup.Mailbox, m *message.Message) bool {
	in, _, err := s.incoming(ctx, t, box, m)
	in.Words = len(box.Acknowledgement) > 0
	return err == nil && in.Silent() == "" // better none than one too many
}

// incoming is what a message says of whether its sender may be written to, and the
// sender's address.
func (s *Service) incoming(ctx context.Context, t id.Tenant, box setup.Mailbox, m *message.Message) (in core.Incoming, from string, err error) {
	in.Automatic, in.Named = m.Automatic() != "", sentTo(m, box)
	in.Forged = slices.ContainsFunc(m.Verdicts(""), func(v message.Verdict) bool {
		return v.Result == "fail" && (v.Method == "dmarc" || v.Method == "spf")
	})
	if len(m.From) != 1 {
		return in, "", nil
	}
	if from, err = privacy.NormalAddress(privacy.Email, m.From[0].Address.Reveal(), ""); err != nil {
		return in, "", nil
	}
	in.Sender = true
	own, err := s.Setup.Mailboxes(ctx, t)
	for _, b := range own {
		in.Own = in.Own || b.Owns(from)
	}
	return in, from, err
}

// RunAcknowledge acknowledges the receipt of an interaction's message (JobAcknowledge).
func (s *Service) RunAcknowledge(ctx context.Context, job store.JobRow) error {
	if s.Clock.Now().Sub(job.CreatedAt) > lateAfter {
		return nil
	}
	o, err := s.openOwn(ctx, job.Tenant, job.ObjectID)
	switch {
	case errs.Is(err, errs.NotFound), errs.Is(err, errs.Gone), errs.Is(err, errs.Conflict): // closed, erased or moved away meanwhile
		return nil
	case err != nil:
		return err
	}
	if !o.box.Enabled || !s.acknowledges(ctx, job.Tenant, o.box, o.m) {
		return nil
	}
	return s.writeOnce(ctx, job.Tenant, o, receipt, o.box.Acknowledgement)
}

// What the program writes to who wrote, each to one address once a day at most.
const (
	receipt   = ""          // its receipt is acknowledged
	rejection = "rejected " // it was rejected
)

// writtenTo is by what it is known that an address was written to.
func (s *Service) writtenTo(ctx context.Context, t id.Tenant, what, address string) ([]byte, error) {
	return s.Vault.Digest(ctx, t, "email_acknowledgements.sender", []byte(what+address))
}

// writeOnce writes to the sender of a message, in its language. That it is written to is
// stored before the provider is asked: what ended in between is not sent again.
func (s *Service) writeOnce(ctx context.Context, t id.Tenant, o opened, what string, texts map[string]string) error {
	to, err := privacy.NormalAddress(privacy.Email, o.m.From[0].Address.Reveal(), "")
	if err != nil {
		return nil
	}
	sender, err := s.writtenTo(ctx, t, what, to)
	if err != nil {
		return err
	}
	letter, err := s.byItself(ctx, t, o, to, texts)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	row := store.AcknowledgementRow{Sender: sender, InteractionID: o.row.InteractionID, SentAt: now}
	claimed, sent := false, int64(0)
	err = s.DB.Write(ctx, t, func(tx *store.Tx) (err error) {
		if sent, err = tx.CountAcknowledgements(o.row.MailboxID, now.Add(-time.Hour)); err != nil || sent >= core.MostAnHour {
			return err
		}
		claimed, err = tx.ClaimAcknowledgement(row, now.Add(-onceIn))
		return err
	})
	if err == nil && sent == core.MostAnHour {
		s.Log.Warn("a mailbox has written as much of its own accord as it may in an hour", "tenant", t, "mailbox", o.row.MailboxID)
	}
	if err != nil || !claimed {
		return err
	}
	account, err := s.account(ctx, t, o.row.MailboxID, o.box)
	if err == nil {
		err = s.sendByItself(ctx, account, letter, o.own().Address.Reveal())
	}
	if err == nil {
		return nil
	}
	fault := provider.AsFault(err, provider.StepMessage, o.box.SMTP.Host)
	s.Log.Warn("the sender of a message could not be written to", "tenant", t, "mailbox", o.row.MailboxID, "step", fault.Step, "reason", fault.Reason)
	if fault.Unsure || !fault.Temporary() {
		return nil
	}
	return errors.Join(fault.Says(), s.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.ReleaseAcknowledgement(row) }))
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

func (s *Service) byItself(ctx context.Context, t id.Tenant, o opened, to string, texts map[string]string) (provider.Letter, error) {
	threads, err := s.threads(ctx, t)
	if err != nil {
		return provider.Letter{}, err
	}
	words, err := s.wordsFor(ctx, t, o, texts)
	if err != nil {
		return provider.Letter{}, err
	}
	nonce := make([]byte, 10)
	_, _ = rand.Read(nonce) // never fails
	from := o.own()
	_, domain, _ := strings.Cut(from.Address.Reveal(), "@")
	d := message.Draft{ID: threads.ID(o.row.InteractionID, nonce, domain), Date: s.Clock.Now(), From: from, To: []message.Address{{Address: secret.New(to)}},
		Subject: o.m.AnswerSubject(), Text: secret.New(words), Automatic: true}
	d.InReplyTo, d.References = o.m.Answer()
	return provider.Letter{To: []string{to}, Octets: message.Write(d)}, nil
}

// wordsFor is a text in the language of a message, where there is one.
func (s *Service) wordsFor(ctx context.Context, t id.Tenant, o opened, texts map[string]string) (string, error) {
	point, err := s.Setup.EntryPointOf(ctx, t, o.box.EntryPoint)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return "", err
	}
	return inLanguage(texts, append([]string{o.m.Language()}, point.Languages...)), nil
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
