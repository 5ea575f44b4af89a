package email

import (
	"context"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// mostTries is how often the provider is told that a message was handled; after that
// (more than a day) it stays there as it is.
const mostTries = 30

// leavesWithin is after what time an answer that was begun has left, or never will: a
// mailbox holds it for a minute at most.
const leavesWithin = 2 * time.Minute

// RunDone tells the provider that the message of a closed interaction was handled
// (JobDone): it is marked, and moved where the tenant wants that. What nobody handled,
// because its queue or flow was gone, lies there as it came: the people there find it.
func (s *Service) RunDone(ctx context.Context, job store.JobRow) error {
	var row store.EmailRow
	var sends []store.EmailSendRow
	var work store.InteractionRow
	err := s.DB.Read(ctx, job.Tenant, func(tx *store.Tx) (err error) {
		if row, err = tx.Email(job.ObjectID); err != nil {
			return err
		}
		way, err := tx.WentOn(job.ObjectID)
		if err != nil {
			return err
		}
		for _, work = range way {
			of, err := tx.EmailSends(work.ID)
			if err != nil {
				return err
			}
			sends = append(sends, of...)
		}
		return nil
	})
	if errs.Is(err, errs.NotFound) || err == nil && !row.DoneAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	leaves := func(x store.EmailSendRow) bool { // on another node
		return (x.State == held || x.State == sending) && s.Clock.Now().Sub(x.BegunAt) < leavesWithin
	}
	if s.waits(work.ID) || slices.ContainsFunc(sends, leaves) { // an answer that is held leaves in a moment
		return &errs.Error{Code: errs.Unavailable, Text: "It is being sent just now.", RetryAfter: 15 * time.Second}
	}
	boxes, err := s.Setup.Mailboxes(ctx, job.Tenant)
	if err != nil {
		return err
	}
	box, there := boxes[row.MailboxID]
	left := func(kind string) bool { // what was passed on is the message of its own interaction alone
		return slices.ContainsFunc(sends, func(x store.EmailSendRow) bool {
			return x.State == sent && x.Kind == kind && (x.InteractionID == job.ObjectID || slices.Contains(x.Reached, job.ObjectID))
		})
	}
	if handled := work.CloseReason != string(acd.Failed) || left("") || left(forwarded); there && box.Enabled && handled {
		how := ending{answered: left(""), passedOn: left(forwarded), after: box.After, folder: box.MoveTo}
		err := s.tellSender(ctx, job.Tenant, row, work, box, &how)
		if err == nil {
			err = s.tell(ctx, job.Tenant, row, box, how)
		}
		if err != nil && job.Attempts < mostTries {
			return err
		}
	}
	return s.DB.Write(ctx, job.Tenant, func(tx *store.Tx) error { return tx.EmailDone(job.ObjectID, s.Clock.Now()) })
}

// ending is what the provider is told of a message that was handled.
type ending struct {
	answered, passedOn bool
	after              setup.MailAfter
	folder             string // of move
}

func (s *Service) tell(ctx context.Context, t id.Tenant, row store.EmailRow, m setup.Mailbox, how ending) error {
	done, err := s.line(ctx, row.MailboxID)
	if err != nil {
		return err
	}
	defer done()
	account, err := s.account(ctx, t, row.MailboxID, m)
	if err != nil {
		return err
	}
	b, err := s.Network.Open(ctx, account)
	if err != nil {
		return provider.AsFault(err, provider.StepReach, m.IMAP.Host).Says()
	}
	defer b.Close()
	at, err := b.Select(ctx, row.Folder)
	if err != nil {
		return provider.AsFault(err, provider.StepFolder, m.IMAP.Host).Says()
	}
	if int64(at.Validity) != row.Validity { // who follows the mailbox finds it again
		return errs.New(errs.Unavailable, "The provider is numbering this folder anew. Try again in a moment.")
	}
	if err := b.Mark(ctx, uint32(row.UID), how.answered); err != nil {
		return provider.AsFault(err, provider.StepMessage, m.IMAP.Host).Says()
	}
	if how.passedOn {
		b.Flag(ctx, uint32(row.UID), provider.Forwarded)
	}
	if how.after == setup.MailMove && how.folder != row.Folder {
		if err := b.Move(ctx, uint32(row.UID), how.folder); err != nil {
			return provider.AsFault(err, provider.StepMessage, m.IMAP.Host).Says()
		}
	}
	return nil
}
