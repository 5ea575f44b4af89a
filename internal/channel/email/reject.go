package email

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/order"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// RejectReason is a reason for rejecting in use, at its version.
type RejectReason struct {
	Version int64
	setup.RejectReason
}

// Rejection is what rejecting an email would do.
type Rejection struct {
	Sender  string         `json:"sender" doc:"Who wrote; empty if it names nobody, or several."`
	Silent  string         `json:"silent,omitempty" enum:"automatic,not_named,no_sender,forged,own_mailbox,written_today,busy" doc:"Why the sender is told nothing, whatever the reason says: a machine wrote it, or it does not name the mailbox, is taken for forged by the provider, is from one of one's own mailboxes, or its sender was told within a day already; busy: the mailbox has written to as many as it may in an hour. Absent: the sender is told what the reason says."`
	Seconds int            `json:"hold_seconds" doc:"For how long it can be undone."`
	Reasons []RejectChoice `json:"reasons"`
}

// RejectChoice is a reason as it would be carried out.
type RejectChoice struct {
	ID      string          `json:"id"`
	Version int64           `json:"version"`
	Name    string          `json:"name"`
	Text    string          `json:"text,omitempty" doc:"What the sender is told, in the email's language; absent: nothing."`
	After   setup.MailAfter `json:"after" enum:"flag,move" doc:"What is done with the message at the provider."`
	Folder  string          `json:"folder,omitempty" doc:"With move: where it goes."`
}

// Rejecting is an email that is rejected in a moment.
type Rejecting struct {
	Reason string    `json:"reason"`
	User   string    `json:"user"`
	EndsAt time.Time `json:"ends_at"`
}

// RejectAs is how an email is rejected.
type RejectAs struct {
	Holder  string // who has it; "": nobody
	Reason  string
	Version int64 // of the reason, as it was seen
	Hold    bool  // for as long as the mailbox says, so that it can be undone
}

// heldReject is a rejection that waits, so that it can be undone. It is in memory: if the
// program is killed the email is still its agent's.
type heldReject struct {
	actor access.Actor
	RejectAs
	ends time.Time
	now  context.CancelFunc // its time is over
}

// Rejection says what rejecting an email would do. The caller has checked who may.
func (s *Service) Rejection(ctx context.Context, t id.Tenant, interaction string) (Rejection, error) {
	out := Rejection{Reasons: []RejectChoice{}}
	o, err := s.openOwn(ctx, t, interaction)
	if err != nil {
		return out, err
	}
	in, from, err := s.incoming(ctx, t, o.box, o.m)
	if err != nil {
		return out, err
	}
	in.Words = true
	if in.Today, in.LastHour, err = s.written(ctx, t, o, from); err != nil {
		return out, err
	}
	reasons, err := s.Setup.RejectReasons(ctx, t)
	if err != nil {
		return out, err
	}
	out.Sender, out.Silent, out.Seconds = from, string(in.Silent()), o.box.HoldSeconds
	for reason, r := range reasons {
		words, err := s.wordsFor(ctx, t, o, r.Text)
		if err != nil {
			return out, err
		}
		after, folder := r.Then(o.box)
		out.Reasons = append(out.Reasons, RejectChoice{reason, r.Version, r.Name, words, after, folder})
	}
	order.By(out.Reasons, func(a, b RejectChoice) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// written says whether a sender was told of a rejection within a day, and how many the
// mailbox wrote to within an hour.
func (s *Service) written(ctx context.Context, t id.Tenant, o opened, from string) (today bool, hour int64, err error) {
	sender, err := s.writtenTo(ctx, t, rejection, from)
	if err != nil {
		return false, 0, err
	}
	now := s.Clock.Now()
	err = s.DB.Read(ctx, t, func(tx *store.Tx) error {
		last, err := tx.Acknowledgement(sender)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		today = err == nil && !last.SentAt.Before(now.Add(-onceIn))
		hour, err = tx.CountAcknowledgements(o.row.MailboxID, now.Add(-time.Hour))
		return err
	})
	return today, hour, err
}

// Reject ends an email for a reason, at once or when its time to be undone is over. The
// caller has checked who may, and who has it.
func (s *Service) Reject(ctx context.Context, a access.Actor, interaction string, w RejectAs) (Rejecting, error) {
	o, err := s.openOwn(ctx, a.Tenant, interaction)
	if err != nil {
		return Rejecting{}, err
	}
	reasons, err := s.Setup.RejectReasons(ctx, a.Tenant)
	if err != nil {
		return Rejecting{}, err
	}
	reason, there := reasons[w.Reason]
	switch {
	case o.fresh():
		return Rejecting{}, errs.New(errs.Conflict, "Nobody wrote this email to you, so there is nothing to reject.")
	case !there:
		return Rejecting{}, errs.Bad("reason", "is not one of the reasons in use")
	case reason.Version != w.Version:
		return Rejecting{}, errs.New(errs.Conflict, "This reason was changed meanwhile. Look at what it says now.")
	}
	if !s.begins(interaction) {
		return Rejecting{}, errs.New(errs.Conflict, "An answer is being sent just now, or it is being rejected.")
	}
	ends := func() { s.ends(interaction) }
	defer func() { ends() }()
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { o.sends, err = s.sends(tx, interaction); return err })
	if err != nil {
		return Rejecting{}, err
	}
	if slices.ContainsFunc(o.sends, func(x Sent) bool {
		return x.State != failed && x.State != undone && x.Kind != forwarded && x.Reason != stopped
	}) {
		return Rejecting{}, errs.New(errs.Conflict, "It was answered already. Close it instead.")
	}
	wait := time.Duration(0)
	if w.Hold {
		wait = time.Duration(o.box.HoldSeconds) * time.Second
	}
	h := &heldReject{actor: a, RejectAs: w, ends: s.Clock.Now().Add(wait)}
	if wait > 0 && s.holdReject(interaction, h, wait) {
		ends = func() {} // when it is done, or was undone
		s.tellAgent(a.Tenant, interaction, a.User)
		return Rejecting{w.Reason, a.User, h.ends}, nil
	}
	return Rejecting{w.Reason, a.User, h.ends}, s.Floor.Reject(ctx, a, interaction, w.Holder, w.Reason, w.Version)
}

// holdReject keeps a rejection for a while and then carries it out; false when the program
// is ending.
func (s *Service) holdReject(interaction string, h *heldReject, wait time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx == nil {
		return false
	}
	var over context.Context
	over, h.now = context.WithCancel(s.ctx)
	s.rejects[interaction] = h
	s.running.Go(func() {
		sleep(over, wait)
		h.now()
		defer s.ends(interaction)
		s.mu.Lock()
		undone := s.rejects[interaction] != h
		delete(s.rejects, interaction)
		s.mu.Unlock()
		if undone {
			return
		}
		err := s.Floor.Reject(context.WithoutCancel(over), h.actor, interaction, h.Holder, h.Reason, h.Version)
		if err != nil { // somebody else has it, or it has ended
			s.Log.Info("an email was not rejected", "tenant", h.actor.Tenant, "interaction", interaction, "error", errs.As(err).Code)
			s.tellAgent(h.actor.Tenant, interaction, h.actor.User)
		}
	})
	return true
}

// rejecting is what is held of an interaction; nil for nothing.
func (s *Service) rejecting(t id.Tenant, interaction string) *Rejecting {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rejects[interaction]
	if h == nil || h.actor.Tenant != t {
		return nil
	}
	return &Rejecting{h.Reason, h.actor.User, h.ends}
}

// UndoReject takes a rejection back. The caller has checked who may.
func (s *Service) UndoReject(_ context.Context, a access.Actor, interaction string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.rejects[interaction]
	if h == nil || h.actor.Tenant != a.Tenant || h.actor.User != a.User {
		return errs.New(errs.Conflict, "It is too late: the email is rejected.")
	}
	delete(s.rejects, interaction)
	h.now()
	return nil
}

// tellsWithin is until when the sender of a rejected message is told.
const tellsWithin = 24 * time.Hour

// tellSender tells the sender of a message that was rejected, where its reason says so
// and RFC 3834 lets it, and says what is done with the message. Its copy in memory went
// when the work was closed, so it is read from the provider, and kept nowhere.
func (s *Service) tellSender(ctx context.Context, t id.Tenant, row store.EmailRow, work store.InteractionRow, box setup.Mailbox, how *ending) error {
	if work.RejectedFor == "" {
		return nil
	}
	reason, err := s.reasonAt(ctx, t, work)
	if errs.Is(err, errs.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	how.after, how.folder = reason.Then(box)
	if len(reason.Text) == 0 || s.Clock.Now().Sub(work.ClosedAt) > tellsWithin || row.InteractionID != work.ID {
		return nil
	}
	m, err := s.fetch(ctx, t, row, box)
	if errs.Is(err, errs.Gone) {
		return nil
	}
	if err != nil {
		return err
	}
	in, _, err := s.incoming(ctx, t, box, m)
	if in.Words = true; err != nil || in.Silent() != "" {
		return err
	}
	return s.writeOnce(ctx, t, opened{row: row, box: box, m: m}, rejection, reason.Text)
}

// reasonAt is the reason for which an email was rejected, as it was then.
func (s *Service) reasonAt(ctx context.Context, t id.Tenant, work store.InteractionRow) (r setup.RejectReason, err error) {
	var was store.SetupVersionRow
	err = s.DB.Read(ctx, t, func(tx *store.Tx) (err error) {
		was, err = tx.SetupVersion(string(setup.KindRejectReason), work.RejectedFor, work.RejectedVersion)
		return err
	})
	if err == nil {
		err = json.Unmarshal(was.Body, &r)
	}
	return r, err
}
