package email

import (
	"context"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// rejections is a floor that notes what is rejected.
type rejections struct {
	noFloor
	mu  sync.Mutex
	all []string
}

func (f *rejections) Reject(_ context.Context, a access.Actor, interaction, holder, reason string, version int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if version != 3 {
		return errs.New(errs.Internal, "another version")
	}
	f.all = append(f.all, a.User+" "+interaction+" of "+holder+" for "+reason)
	return nil
}

func (f *rejections) list() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string{}, f.all...)
}

// reasoned has two reasons beside its mailbox.
type reasoned struct{ oneBox }

func (reasoned) RejectReasons(context.Context, id.Tenant) (map[string]RejectReason, error) {
	return map[string]RejectReason{
		"rej_1": {3, setup.RejectReason{Name: "Not for us", Text: map[string]string{"en": "We do not repair boats.", "pt": "Não reparamos barcos."}, After: setup.MailMove, MoveTo: "Rejected"}},
		"rej_2": {1, setup.RejectReason{Name: "Advertising", After: setup.MailAsMailbox}},
	}, nil
}

// rejecting gives an open message of a mailbox that holds what is rejected for a minute.
func rejectingBox(t *testing.T) (*Service, *rejections, access.Actor, string) {
	t.Helper()
	s, a, interaction := writing(t, newRelay(t), 60)
	f := &rejections{}
	s.Setup, s.Floor = reasoned{s.Setup.(oneBox)}, f
	return s, f, a, interaction
}

// What a rejection would do is said before: each reason's words in the message's language
// and what is done with it at the provider; and who is told nothing, and why.
func TestWhatARejectionDoesIsSaidBefore(t *testing.T) {
	s, _, a, interaction := rejectingBox(t)
	ctx := t.Context()
	got, err := s.Rejection(ctx, a.Tenant, interaction)
	if err != nil || got.Sender != "rui@example.org" || got.Silent != "" || got.Seconds != 60 || len(got.Reasons) != 2 {
		t.Fatalf("%#v %v", got, err)
	}
	if r := got.Reasons[0]; r != (RejectChoice{"rej_2", 1, "Advertising", "", "", ""}) { // its mailbox says nothing
		t.Errorf("%+v", r)
	}
	if r := got.Reasons[1]; r != (RejectChoice{"rej_1", 3, "Not for us", "We do not repair boats.", "move", "Rejected"}) {
		t.Errorf("%+v", r)
	}
	// One who was told within a day is not told again; that its receipt was acknowledged is
	// another thing.
	for what, silent := range map[string]string{receipt: "", rejection: "written_today"} {
		sender, err := s.writtenTo(ctx, a.Tenant, what, "rui@example.org")
		if err != nil {
			t.Fatal(err)
		}
		err = s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			_, err := tx.ClaimAcknowledgement(store.AcknowledgementRow{Sender: sender, InteractionID: interaction, SentAt: s.Clock.Now()}, s.Clock.Now())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Rejection(ctx, a.Tenant, interaction); err != nil || got.Silent != silent {
			t.Errorf("after %q: %q %v", what, got.Silent, err)
		}
		if err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
			return tx.ReleaseAcknowledgement(store.AcknowledgementRow{Sender: sender, InteractionID: interaction})
		}); err != nil {
			t.Fatal(err)
		}
	}
	for header, silent := range map[string]string{
		"From: rui@example.org\r\nTo: help@shop.example\r\nAuto-Submitted: auto-replied\r\n":                                                "automatic",
		"From: rui@example.org\r\nTo: help@shop.example\r\nList-Id: <all.example.org>\r\n":                                                  "automatic",
		"Return-Path: <>\r\nFrom: rui@example.org\r\nTo: help@shop.example\r\n":                                                             "automatic",
		"From: rui@example.org\r\nTo: others@example.org\r\n":                                                                               "not_named",
		"From: rui@example.org, eva@example.org\r\nTo: help@shop.example\r\n":                                                               "no_sender",
		"From: help@shop.example\r\nTo: help@shop.example\r\n":                                                                              "own_mailbox",
		"Authentication-Results: mx.shop.example; dmarc=fail header.from=example.org\r\nFrom: rui@example.org\r\nTo: help@shop.example\r\n": "forged",
	} {
		s.held.put(a.Tenant, interaction, letterOf(t, header))
		if got, err := s.Rejection(ctx, a.Tenant, interaction); err != nil || got.Silent != silent {
			t.Errorf("%s: %q, want %q %v", header, got.Silent, silent, err)
		}
	}
}

// A rejection that is held is undone by who made it, and then nothing was done; or it is
// done once, and then cannot be undone. Meanwhile nothing is answered.
func TestARejectionIsUndoneOrDoneOnce(t *testing.T) {
	s, f, a, interaction := rejectingBox(t)
	ctx := t.Context()
	w := RejectAs{Holder: "usr_1", Reason: "rej_1", Version: 3, Hold: true}
	before := s.Clock.Now()
	got, err := s.Reject(ctx, a, interaction, w)
	if err != nil || got.Reason != "rej_1" || got.User != a.User || got.EndsAt.Before(before.Add(time.Minute)) {
		t.Fatalf("%+v %v", got, err)
	}
	mail, err := s.Read(ctx, a.Tenant, interaction)
	if err != nil || mail.Rejecting == nil || *mail.Rejecting != got {
		t.Errorf("%#v %v", mail.Rejecting, err)
	}
	if _, err := s.Reply(ctx, a, interaction, Answer{ClientID: "1", Text: secret.New("We look.")}); !errs.Is(err, errs.Conflict) {
		t.Errorf("it is answered meanwhile: %v", err)
	}
	if _, err := s.Reject(ctx, a, interaction, w); !errs.Is(err, errs.Conflict) {
		t.Errorf("it is rejected twice: %v", err)
	}
	for _, other := range []access.Actor{{Tenant: a.Tenant, User: "usr_2"}, {Tenant: "ten_other", User: a.User}} {
		if err := s.UndoReject(ctx, other, interaction); !errs.Is(err, errs.Conflict) {
			t.Errorf("%+v undoes it: %v", other, err)
		}
	}
	if err := s.UndoReject(ctx, a, interaction); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return !s.waits(interaction) })
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || mail.Rejecting != nil || len(f.list()) != 0 {
		t.Errorf("%v, %q %v", mail.Rejecting, f.list(), err)
	}

	if _, err := s.Reject(ctx, a, interaction, w); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.rejects[interaction].now()
	s.mu.Unlock()
	wait(t, func() bool { return !s.waits(interaction) })
	if all := f.list(); len(all) != 1 || all[0] != "usr_1 "+interaction+" of usr_1 for rej_1" {
		t.Errorf("%q", all)
	}
	if err := s.UndoReject(ctx, a, interaction); !errs.Is(err, errs.Conflict) {
		t.Errorf("it is undone when it is done: %v", err)
	}

	// Without a time to undo it, it is done at once.
	if _, err := s.Reject(ctx, a, interaction, RejectAs{Reason: "rej_1", Version: 3}); err != nil || len(f.list()) != 2 {
		t.Errorf("%q %v", f.list(), err)
	}
}

// What is rejected is done before the program ends; one that is killed leaves the email
// open, with nothing of it to be done.
func TestAKillLeavesWhatIsRejectedOpen(t *testing.T) {
	s, f, a, interaction := rejectingBox(t)
	ctx := t.Context()
	if _, err := s.Reject(ctx, a, interaction, RejectAs{Holder: "usr_1", Reason: "rej_1", Version: 3, Hold: true}); err != nil {
		t.Fatal(err)
	}
	other := New(s.Deps) // as it is after the start
	other.held.put(a.Tenant, interaction, s.held.get(a.Tenant, interaction))
	if mail, err := other.Read(ctx, a.Tenant, interaction); err != nil || mail.Rejecting != nil || len(f.list()) != 0 {
		t.Errorf("%v, %q %v", mail.Rejecting, f.list(), err)
	}
	if err := s.Halt(ctx); err != nil || len(f.list()) != 1 {
		t.Errorf("%q %v", f.list(), err)
	}
}

// What cannot be rejected is told, each with what to do.
func TestWhatCannotBeRejected(t *testing.T) {
	s, f, a, interaction := rejectingBox(t)
	ctx := t.Context()
	_, err := s.Reject(ctx, a, interaction, RejectAs{Reason: "rej_9", Version: 3})
	if fields := errs.As(err).Fields; len(fields) != 1 || fields[0].Path != "reason" {
		t.Errorf("a reason that is none: %v", err)
	}
	if _, err := s.Reject(ctx, a, interaction, RejectAs{Reason: "rej_1", Version: 2}); !errs.Is(err, errs.Conflict) {
		t.Errorf("a reason as it was before: %v", err)
	}
	if _, err := s.Reply(ctx, a, interaction, Answer{ClientID: "1", Text: secret.New("We look.")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reject(ctx, a, interaction, RejectAs{Reason: "rej_1", Version: 3}); !errs.Is(err, errs.Conflict) {
		t.Errorf("what was answered: %v", err)
	}
	if len(f.list()) != 0 {
		t.Errorf("%q", f.list())
	}
}

// meanwhile does something while an answer is being written.
type meanwhile struct {
	named
	do func()
}

func (m meanwhile) Signature(ctx context.Context, t id.Tenant, user string) (secret.Text, error) {
	m.do()
	return m.named.Signature(ctx, t, user)
}

// Work that ends while an answer to it is written, because another window rejects it or
// merges it into another, is not answered any more.
func TestWhatEndedMeanwhileIsNotAnswered(t *testing.T) {
	for _, seconds := range []int{0, 60} {
		r := newRelay(t)
		s, a, interaction := writing(t, r, seconds)
		s.People = meanwhile{do: func() {
			if err := s.DB.Write(t.Context(), a.Tenant, func(tx *store.Tx) error {
				work, err := tx.Interaction(interaction)
				if err != nil {
					return err
				}
				work.State, work.CloseReason, work.ClosedAt = "closed", "rejected", s.Clock.Now()
				return tx.UpdateInteraction(work)
			}); err != nil {
				t.Fatal(err)
			}
		}}
		if got, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "1", Text: secret.New("We look."), Hold: true}); !errs.Is(err, errs.Gone) || r.count() != 0 || s.waits(interaction) {
			t.Errorf("held for %d s: %s %v, %d were sent", seconds, got.State, err, r.count())
		}
	}
}
