package email

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/provider"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// States of an answer.
const (
	held    = "held" // it waits, so that the agent can undo it
	sending = "sending"
	sent    = "sent"
	failed  = "failed"
	unsure  = "unsure"
	undone  = "undone"
)

// Kinds of what is sent; an answer has none.
const forwarded = "forward"

// Reasons beside the state, besides those of the provider.
const stopped = "stopped" // the program ended while the answer was held: it was not sent

// notKept is the reason beside an answer that was sent and whose copy could not be put
// into the sent folder.
const notKept = "not_kept"

// Answer is what an agent writes.
type Answer struct {
	ClientID string // the sender's own id: a repeat is the same answer
	Text     secret.Text
	HTML     secret.Text   // in the place of the text, which is then made of it
	Quote    bool          // with what is answered below
	From     string        // one of the mailbox's addresses; "": the one that the message was sent to
	Files    []string      // of the draft
	Hold     bool          // for as long as the mailbox says, so that it can be undone
	To, Cc   []secret.Text // To empty: whom an answer reaches
	Bcc      []secret.Text // reached unseen by the others
	// Forward: the message is passed on, to whom To says, with what it quotes itself where
	// Quote is set, and with those of its files that Original numbers.
	Forward bool
	// Unsaid: nobody said whether Quote; of a message that is passed on, it is what it needs.
	Unsaid bool
	// Subject is of what an agent writes of its own accord.
	Subject  secret.Text
	Original []int
	// Again: an earlier answer of which it is not known whether it was sent is no
	// reason not to send this one.
	Again bool
}

// kind is what it is beside an answer.
func (w Answer) kind(o opened) string {
	if w.Forward {
		return forwarded
	}
	if o.fresh() {
		return begun
	}
	return ""
}

// Reply answers the message of an interaction, once for each ClientID. The caller has
// checked who may.
func (s *Service) Reply(ctx context.Context, a access.Actor, interaction string, w Answer) (Sent, error) {
	o, err := s.openOwn(ctx, a.Tenant, interaction)
	if err != nil {
		return Sent{}, err
	}
	if !s.begins(interaction) {
		return Sent{}, errs.New(errs.Conflict, "It is being sent just now.")
	}
	ends := func() { s.ends(interaction) }
	defer func() { ends() }()
	if err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { o.sends, err = s.sends(tx, interaction); return err }); err != nil {
		return Sent{}, err
	}
	was := slices.IndexFunc(o.sends, func(x Sent) bool { return x.ClientID == w.ClientID })
	if was >= 0 && o.sends[was].State == sent {
		return o.sends[was], nil
	}
	if !w.Again && slices.ContainsFunc(o.sends, func(x Sent) bool { return x.State == sending || x.State == unsure }) { // sending: of before this one began
		return Sent{}, errs.New(errs.Conflict, "It is not known whether what was written before was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.")
	}
	if o.beside, err = s.beside(ctx, a.Tenant, o); err != nil {
		return Sent{}, err
	}
	nonce := make([]byte, 10)
	_, _ = rand.Read(nonce) // never fails
	leaving, err := s.letter(ctx, a, interaction, o, w, nonce)
	if err != nil {
		return Sent{}, err
	}
	weight := int64(len(leaving.Octets))
	if !s.carries(a.Tenant, weight) {
		return Sent{}, &errs.Error{Code: errs.Unavailable, Text: "Too many answers with large files leave at this moment. Send this one again in some seconds.", RetryAfter: 10 * time.Second}
	}
	ends = func() { s.carries(a.Tenant, -weight); s.ends(interaction) }
	digest, err := s.answerDigest(ctx, a.Tenant, leaving.Envelope)
	if err != nil {
		return Sent{}, err
	}
	row := store.EmailSendRow{InteractionID: interaction, ClientID: w.ClientID, UserID: a.User, Kind: w.kind(o), State: sending, BegunAt: s.Clock.Now().Truncate(time.Microsecond), Message: digest, Reached: reached(o, leaving.To)} // as it is stored
	wait := time.Duration(0)
	if w.Hold && o.box.HoldSeconds > 0 {
		row.State, wait = held, time.Duration(o.box.HoldSeconds)*time.Second
	}
	if err := s.begin(ctx, a.Tenant, row); err != nil {
		return Sent{}, err
	}
	key := draftKey{a.Tenant, interaction, a.User}
	if wait > 0 && s.hold(heldAnswer{tenant: a.Tenant, o: o, row: row, letter: leaving, draft: key, wait: wait, ends: ends}) {
		ends = func() {} // when it has left, or was undone
		return Sent{ClientID: row.ClientID, User: row.UserID, Kind: row.Kind, State: held, BegunAt: row.BegunAt, LeavesAt: row.BegunAt.Add(wait)}, nil
	}
	if row.State == held { // nothing is held any more: the program is ending
		if row, err = s.leaves(ctx, a.Tenant, row); err != nil {
			return Sent{}, err
		}
	}
	// What was begun is brought to its end, whether the caller waits or not.
	out, err := s.send(context.WithoutCancel(ctx), a.Tenant, o, row, leaving)
	if out.State == sent {
		s.drafts.forget(key)
	}
	return out, err
}

// begin stores that an answer is begun: a new one, or one that was not sent before. It is
// refused where another is faster, so that none is sent twice, and where the work ended
// while it was written: it was rejected, or goes on elsewhere.
func (s *Service) begin(ctx context.Context, t id.Tenant, row store.EmailSendRow) error {
	return s.DB.Write(ctx, t, func(tx *store.Tx) error {
		work, err := tx.Interaction(row.InteractionID)
		if err == nil && work.State == string(acd.Closed) {
			err = errHandled
		}
		if err != nil {
			return err
		}
		rows, err := tx.EmailSends(row.InteractionID)
		if err != nil {
			return err
		}
		was := slices.IndexFunc(rows, func(x store.EmailSendRow) bool { return x.ClientID == row.ClientID })
		if was < 0 {
			return tx.BeginEmailSend(row)
		}
		return changed(tx.ChangeEmailSend(rows[was], row))
	})
}

func changed(ok bool, err error) error {
	if err == nil && !ok {
		return errs.New(errs.Conflict, "It is being sent just now.")
	}
	return err
}

// How much of answers that are held or being sent is in memory, as they are sent.
const (
	lettersOfTenant = 96 << 20
	lettersOfAll    = 384 << 20
)

// carries takes room for an answer, or gives it back; false where there is none.
func (s *Service) carries(t id.Tenant, by int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.letters.take(t, by)
}

func (s *Service) begins(interaction string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sending[interaction] {
		return false
	}
	s.sending[interaction] = true
	return true
}

func (s *Service) ends(interaction string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sending, interaction)
}

// send asks the provider and stores what became of it.
func (s *Service) send(ctx context.Context, t id.Tenant, o opened, row store.EmailSendRow, l letter) (Sent, error) {
	account, err := s.account(ctx, t, o.row.MailboxID, o.box)
	var fault *provider.Fault
	if err == nil {
		err = s.Network.Send(ctx, account, l.Letter)
	}
	row.State = sent
	if err != nil {
		row.State, row.Reason = failed, string(errs.As(err).Code)
		if errors.As(err, &fault) {
			row.Reason = string(fault.Reason)
			if fault.Unsure {
				row.State = unsure
			}
		}
	}
	row.EndedAt = s.Clock.Now()
	note := func() error {
		return s.DB.Write(ctx, t, func(tx *store.Tx) error { return tx.EndEmailSend(row) })
	}
	if noted := note(); noted != nil { // it stays as begun, which is read as unsure
		return Sent{}, noted
	}
	if row.State == sent && o.box.SentFolder != setup.NoFolder {
		if kept := s.keepCopy(ctx, o, account, l.kept()); kept != nil {
			s.Log.Warn("an answer was sent, but no copy of it could be kept at the provider", "tenant", t, "mailbox", o.row.MailboxID, "reason", provider.AsFault(kept, provider.StepMessage, "").Reason)
			row.Reason = notKept
			_ = note()
		}
	}
	out := Sent{ClientID: row.ClientID, User: row.UserID, Kind: row.Kind, State: row.State, Reason: row.Reason, BegunAt: row.BegunAt, EndedAt: row.EndedAt}
	switch {
	case fault != nil && fault.Unsure:
		return out, errs.Wrap(errs.Conflict, err, "It is not known whether it was sent: the connection ended in between. Look into the sent folder at your provider, and send it again if it is not there.")
	case fault != nil:
		return out, fault.Says()
	}
	return out, err
}

func (s *Service) keepCopy(ctx context.Context, o opened, account provider.Account, octets []byte) error {
	done, err := s.line(ctx, o.row.MailboxID)
	if err != nil {
		return err
	}
	defer done()
	b, err := s.Network.Open(ctx, account)
	if err != nil {
		return err
	}
	defer b.Close()
	folder := o.box.SentFolder
	if folder == "" {
		if _, folder, err = b.Folders(ctx); err != nil {
			return err
		}
		if folder == "" {
			return &provider.Fault{Step: provider.StepFolder, Reason: provider.NoFolder}
		}
	}
	return b.Keep(ctx, folder, octets)
}
