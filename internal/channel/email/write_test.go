package email

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

// writing gives a service that runs, with one open message whose mailbox holds answers
// back for so many seconds.
func writing(t *testing.T, r *relay, seconds int) (*Service, access.Actor, string) {
	t.Helper()
	s, a, interaction := received(t, r)
	box := s.Setup.(oneBox)
	box.m.HoldSeconds, box.m.AttachMB, box.m.Aliases, box.m.Signature = seconds, 1, []string{"sales@shop.example"}, "{{agent}}\nYour shop"
	s.Setup = box
	if err := s.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Halt(context.Background()) })
	s.mu.Lock()
	s.houses[a.Tenant] = &house{} // its floor is here
	s.mu.Unlock()
	return s, a, interaction
}

// last is what the relay took last, as it reads.
func (r *relay) last(t *testing.T) *message.Message {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	m, err := message.Read(strings.NewReader(r.took[len(r.took)-1]), message.Standard)
	if err != nil || len(m.Faults) > 0 {
		t.Fatal(err, m.Faults)
	}
	return m
}

// wait waits until something is so, however long that takes.
func wait(t *testing.T, so func() bool) {
	t.Helper()
	for !so() {
		select {
		case <-t.Context().Done():
			t.Fatal("it does not come")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// An answer that is held is undone, and then was not sent; or it leaves, once, and then
// cannot be undone.
func TestAHeldAnswerIsUndoneOrLeavesOnce(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 60)
	ctx := t.Context()
	w := Answer{ClientID: "1", Text: secret.New("We look."), Hold: true}
	if _, err := s.Write(ctx, a, interaction, 0, DraftWords{Text: "We look."}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Reply(ctx, a, interaction, w)
	if err != nil || got.State != held || !got.LeavesAt.Equal(got.BegunAt.Add(time.Minute)) {
		t.Fatalf("%+v %v", got, err)
	}
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || mail.Sends[0].State != held || !mail.Sends[0].LeavesAt.Equal(got.LeavesAt) {
		t.Errorf("%+v %v", mail.Sends, err)
	}
	if _, err := s.Reply(ctx, a, interaction, Answer{ClientID: "2", Text: secret.New("Another.")}); !errs.Is(err, errs.Conflict) {
		t.Errorf("another beside it: %v", err)
	}
	for _, other := range []struct {
		a      access.Actor
		client string
	}{{access.Actor{Tenant: a.Tenant, User: "usr_2"}, "1"}, {access.Actor{Tenant: "ten_other", User: a.User}, "1"}, {a, "2"}} {
		if err := s.Undo(ctx, other.a, interaction, other.client); !errs.Is(err, errs.Conflict) {
			t.Errorf("%+v undoes it: %v", other, err)
		}
	}
	if err := s.Undo(ctx, a, interaction, "1"); err != nil {
		t.Fatal(err)
	}
	wait(t, func() bool { return !s.waits(interaction) })
	if err := s.Undo(ctx, a, interaction, "1"); !errs.Is(err, errs.Conflict) || r.count() != 0 {
		t.Errorf("%v, %d taken", err, r.count())
	}
	if d, err := s.Draft(ctx, a, interaction); err != nil || d.Words.Text != "We look." {
		t.Errorf("what was written is gone: %+v %v", d, err)
	}

	// The same again, which leaves when its time is over.
	if got, err = s.Reply(ctx, a, interaction, w); err != nil || got.State != held {
		t.Fatalf("%+v %v", got, err)
	}
	s.mu.Lock()
	s.holding[interaction].now()
	s.mu.Unlock()
	wait(t, func() bool { return !s.waits(interaction) })
	if err := s.Undo(ctx, a, interaction, "1"); !errs.Is(err, errs.Conflict) || r.count() != 1 {
		t.Errorf("%v, %d taken", err, r.count())
	}
	mail, err := s.Read(ctx, a.Tenant, interaction)
	if err != nil || len(mail.Sends) != 1 || mail.Sends[0].State != sent {
		t.Errorf("%+v %v", mail.Sends, err)
	}
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != sent || r.count() != 1 {
		t.Errorf("a repeat: %+v %v, %d taken", got, err, r.count())
	}
	if d, err := s.Draft(ctx, a, interaction); err != nil || d.Version != 0 {
		t.Errorf("what was sent is kept: %+v %v", d, err)
	}
}

// What is held leaves before the program ends, even when the work is closed.
func TestWhatIsHeldLeavesBeforeTheProgramEnds(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 60)
	if _, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "1", Text: secret.New("We look."), Hold: true}); err != nil {
		t.Fatal(err)
	}
	close := channel.Work{Tenant: a.Tenant, ID: interaction, State: "closed"}
	err := s.DB.Write(t.Context(), a.Tenant, func(tx *store.Tx) error {
		after, err := s.Carry(tx, close, nil)
		if err == nil {
			after()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RunDone(t.Context(), store.JobRow{Tenant: a.Tenant, ObjectID: interaction}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("the provider is told before the answer has left: %v", err)
	}
	if err := s.Halt(t.Context()); err != nil || r.count() != 1 {
		t.Errorf("%v, %d taken", err, r.count())
	}
}

// After a kill, what was held was not sent, says so, and may be sent again; a program that
// believes that it still holds it sends nothing then.
func TestAKillNeitherLosesNorDoublesWhatIsHeld(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 60)
	ctx := t.Context()
	w := Answer{ClientID: "1", Text: secret.New("We look."), Hold: true}
	if _, err := s.Reply(ctx, a, interaction, w); err != nil {
		t.Fatal(err)
	}
	other := New(s.Deps) // as it is after the start, beside the one that was not killed in time
	m := s.held.get(a.Tenant, interaction)
	other.held.put(a.Tenant, interaction, m)
	mail, err := other.Read(ctx, a.Tenant, interaction)
	if err != nil || len(mail.Sends) != 1 || mail.Sends[0].State != failed || mail.Sends[0].Reason != stopped {
		t.Fatalf("%+v %v", mail.Sends, err)
	}
	w.Hold = false
	if got, err := other.Reply(ctx, a, interaction, w); err != nil || got.State != sent || r.count() != 1 {
		t.Fatalf("%+v %v, %d taken", got, err, r.count())
	}
	if err := s.Halt(ctx); err != nil || r.count() != 1 {
		t.Errorf("%v, %d taken", err, r.count())
	}
}

// What an agent writes is there when its page is loaded again, is told to another window
// that wrote meanwhile, is nobody else's, and goes with the work.
func TestADraftIsKeptWhileTheWorkIsOpen(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	ctx := t.Context()
	first, err := s.Write(ctx, a, interaction, 0, DraftWords{Text: "One", Cc: []string{"x@example.org"}})
	if err != nil || first.Version != 1 {
		t.Fatalf("%+v %v", first, err)
	}
	if d, err := s.Write(ctx, a, interaction, 0, DraftWords{Text: "Two"}); !errs.Is(err, errs.Conflict) || d.Words.Text != "One" {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := s.Write(ctx, a, interaction, 1, DraftWords{Text: "Three"}); err != nil || d.Version != 2 {
		t.Errorf("%+v %v", d, err)
	}
	for _, other := range []access.Actor{{Tenant: a.Tenant, User: "usr_2"}} {
		if d, err := s.Draft(ctx, other, interaction); err != nil || d.Version != 0 || d.Words.Text != "" {
			t.Errorf("another has it: %+v %v", d, err)
		}
	}
	if _, err := s.Draft(ctx, access.Actor{Tenant: newTenant(t, s.DB), User: a.User}, interaction); err == nil {
		t.Error("another tenant has it")
	}
	// A program that was started again knows nothing of it: the page goes on.
	again := New(s.Deps)
	again.held.put(a.Tenant, interaction, s.held.get(a.Tenant, interaction))
	if d, err := again.Write(ctx, a, interaction, 2, DraftWords{Text: "Four"}); err != nil || d.Version != 3 {
		t.Errorf("%+v %v", d, err)
	}
	s.drafts.forgetAll(id.Tenant("ten_other"), "")
	if d, _ := s.Draft(ctx, a, interaction); d.Version != 2 {
		t.Errorf("another tenant's end took it: %+v", d)
	}
	s.drafts.forgetAll(a.Tenant, interaction)
	if d, _ := s.Draft(ctx, a, interaction); d.Version != 0 || s.drafts.size != 0 || len(s.drafts.sizes) != 0 {
		t.Errorf("%+v is left of it", d)
	}
}

// An answer has its files, its emphasis beside a text that says the same, the address that
// was chosen, the agent's name, and no more of what it answers than that says itself.
func TestAnAnswerSaysWhatWasWritten(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	ctx := t.Context()
	octets := strings.Repeat("Invoice\n", 9000)
	f, err := s.Attach(ctx, a, interaction, DraftFile{Name: "C:\\invoices\\fatura nº 7\r\nBcc: x@example.org.pdf", MediaType: "application/pdf", Size: int64(len(octets))})
	if err != nil {
		t.Fatal(err)
	}
	// It names its file twice, and has it once.
	w := Answer{ClientID: "1", HTML: secret.New(`<p onclick=x>Dear <b>Rui</b>,</p><ul><li>one</li><li><a href="https://shop.example/2">two</a></li></ul><img src=x><script>y</script>`),
		Quote: true, From: "sales@shop.example", Files: []string{f.ID, f.ID}}
	for from, piece := range []string{octets[:100], octets[:50], octets[200:300]} {
		_, err := s.Piece(ctx, a, interaction, f.ID, int64(from/2*200), []byte(piece))
		if (err == nil) != (from < 2) {
			t.Errorf("piece %d: %v", from, err)
		}
	}
	if _, err := s.Reply(ctx, a, interaction, w); !errs.Is(err, errs.Invalid) || r.count() != 0 {
		t.Errorf("a file that is not whole: %v", err)
	}
	if got, err := s.Piece(ctx, a, interaction, f.ID, 100, []byte(octets[100:])); err != nil || got.Received != f.Size {
		t.Fatalf("%+v %v", got, err)
	}
	for name, bad := range map[string]Answer{"nobody's address": {ClientID: "1", Text: secret.New("x"), From: "rui@example.org"}, "no words": {ClientID: "1", HTML: secret.New("<p><br></p>")}} {
		if _, err := s.Reply(ctx, a, interaction, bad); !errs.Is(err, errs.Invalid) || r.count() != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != sent {
		t.Fatalf("%+v %v", got, err)
	}
	m := r.last(t)
	if want := "Dear Rui,\n\n- one\n- two <https://shop.example/2>\n\n-- \nBo\nYour shop\n\n> Hello\n"; m.Text.Reveal() != want {
		t.Errorf("it says %q, want %q", m.Text.Reveal(), want)
	}
	if got := m.HTML.Reveal(); !strings.Contains(got, `<p>Dear <b>Rui</b>,</p><ul><li>one</li><li><a href="https://shop.example/2">two</a></li></ul>`) || !strings.Contains(got, "Bo<br>\nYour shop") ||
		!strings.Contains(got, `<blockquote type="cite">Hello</blockquote>`) || strings.Contains(got, "script") || strings.Contains(got, "older") {
		t.Errorf("it looks like %s", got)
	}
	if len(m.Files) != 1 || m.Files[0].Name.Reveal() != "fatura nº 7 Bcc: x@example.org.pdf" || m.Files[0].MediaType != "application/pdf" || m.From[0].Address.Reveal() != "sales@shop.example" {
		t.Fatalf("%d files, from %s", len(m.Files), m.From[0].Address.Reveal())
	}
	if got, _ := io.ReadAll(m.Files[0].Reader()); string(got) != octets {
		t.Errorf("the file has %d octets", len(got))
	}
}

// Files are bounded for an answer and for a tenant, and programs are none.
func TestFilesAreBounded(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	ctx := t.Context()
	for _, f := range []DraftFile{{Name: "a.exe", Size: 1}, {Name: "a.pdf.JS ", Size: 1}, {Name: "a.pdf", Size: 1<<20 + 1}, {Name: "a.pdf"}} {
		if _, err := s.Attach(ctx, a, interaction, f); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s of %d: %v", f.Name, f.Size, err)
		}
	}
	first, err := s.Attach(ctx, a, interaction, DraftFile{Name: "a.pdf", Size: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Attach(ctx, a, interaction, DraftFile{Name: "b.pdf", Size: 1}); !errs.Is(err, errs.Invalid) {
		t.Errorf("together too much: %v", err)
	}
	if err := s.Detach(ctx, a, interaction, first.ID); err != nil || s.drafts.size != 0 {
		t.Errorf("%v, %d octets are left", err, s.drafts.size)
	}
	// A size that turns a sum round is no less than it is, and takes no room.
	small, err := s.Attach(ctx, a, interaction, DraftFile{Name: "a.pdf", Size: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Attach(ctx, a, interaction, DraftFile{Name: "b.pdf", Size: math.MaxInt64 - 1}); !errs.Is(err, errs.Invalid) || s.drafts.size != 2 {
		t.Errorf("a size beyond all: %v, %d octets are taken", err, s.drafts.size)
	}
	if err := s.Detach(ctx, a, interaction, small.ID); err != nil {
		t.Fatal(err)
	}
	s.drafts.tenant = 10
	if _, err := s.Attach(ctx, a, interaction, DraftFile{Name: "a.pdf", Size: 11}); !errs.Is(err, errs.Unavailable) {
		t.Errorf("more than the tenant's: %v", err)
	}
	if (setup.Mailbox{AttachTypes: []string{"pdf"}}).Attaches("a.txt") || !(setup.Mailbox{AttachTypes: []string{"pdf"}}).Attaches("a.PDF") {
		t.Error("the mailbox's own types are not those")
	}
}

// What the provider does not take is told before it is sent.
func TestAnAnswerTooLargeForTheProviderIsTold(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	f, err := s.Attach(t.Context(), a, interaction, DraftFile{Name: "a.pdf", Size: 400 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Piece(t.Context(), a, interaction, f.ID, 0, make([]byte, f.Size)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "1", Text: secret.New("x"), Files: []string{f.ID}})
	if !errs.Is(err, errs.Invalid) || got.State != failed || got.Reason != "too_large" || r.count() != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

// The provider is told of the end once what is held has left, also where another node holds
// it; what ended with a program holds that up for no longer.
func TestTheProviderIsToldAfterWhatIsHeldElsewhere(t *testing.T) {
	for _, state := range []string{held, sending} {
		s, a, interaction := writing(t, newRelay(t), 0)
		now := clock.NewVirtual(time.Now())
		s.Clock = now
		err := s.DB.Write(t.Context(), a.Tenant, func(tx *store.Tx) error {
			return tx.BeginEmailSend(store.EmailSendRow{InteractionID: interaction, ClientID: "1", UserID: a.User, State: state, BegunAt: now.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
		job := store.JobRow{Tenant: a.Tenant, ObjectID: interaction}
		if err := s.RunDone(t.Context(), job); !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: %v", state, err)
		}
		now.Advance(2 * time.Minute)
		if err := s.RunDone(t.Context(), job); err != nil {
			t.Errorf("%s, of before: %v", state, err)
		}
	}
}

// What nobody handled, because its queue was removed say, is left at the provider as it
// came; an answer that was sent is told all the same.
func TestTheProviderIsNotToldOfWhatNobodyHandled(t *testing.T) {
	for _, c := range []struct {
		reason acd.CloseReason
		sends  bool
		told   bool
	}{{acd.Completed, false, true}, {acd.Failed, false, false}, {acd.Failed, true, true}} {
		s, a, interaction := writing(t, newRelay(t), 0)
		box := s.Setup.(oneBox)
		box.m.Enabled, box.m.IMAP = true, setup.MailServer{Host: "127.0.0.1", Port: 1} // nothing listens there
		s.Setup = box
		err := s.DB.Write(t.Context(), a.Tenant, func(tx *store.Tx) error {
			i, err := tx.Interaction(interaction)
			if err != nil {
				return err
			}
			i.State, i.CloseReason = "closed", string(c.reason)
			if err := tx.UpdateInteraction(i); err != nil || !c.sends {
				return err
			}
			return tx.BeginEmailSend(store.EmailSendRow{InteractionID: interaction, ClientID: "1", UserID: a.User, State: sent, BegunAt: time.Now()})
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.RunDone(t.Context(), store.JobRow{Tenant: a.Tenant, ObjectID: interaction}); (err != nil) != c.told {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
