package email

import (
	"context"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/message"
	core "nubitalk/internal/core/mailbox"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/store"
)

func acknowledging(s *Service) setup.Mailbox {
	box := s.Setup.(oneBox).m
	box.Enabled, box.Acknowledgement = true, map[string]string{"en": "We have your message.", "pt": "Recebemos a sua mensagem."}
	s.Setup = oneBox{m: box}
	return box
}

func letterOf(t *testing.T, header string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader(header+"Subject: Hi\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// RFC 3834, 2: no machine is answered by a machine, nor is who did not write to the
// mailbox, who may be somebody else, or the organisation itself.
func TestWhoseReceiptIsAcknowledged(t *testing.T) {
	s, a, _ := received(t, newRelay(t))
	const plain = "From: Rui <rui@example.org>\r\nTo: help@shop.example\r\n"
	if s.acknowledges(t.Context(), a.Tenant, s.Setup.(oneBox).m, letterOf(t, plain)) {
		t.Error("it is on where nobody switched it on")
	}
	box := acknowledging(s)
	for name, one := range map[string]struct {
		header string
		want   bool
	}{
		"a person":                 {plain, true},
		"a copy":                   {"From: rui@example.org\r\nTo: x@example.org\r\nCc: HELP@shop.example\r\n", true},
		"who says no":              {plain + "Auto-Submitted: no\r\n", true},
		"a pass":                   {plain + "Authentication-Results: mx; spf=pass; dmarc=pass\r\n", true},
		"auto-replied":             {plain + "Auto-Submitted: auto-replied\r\n", false},
		"auto-generated; a remark": {plain + "Auto-Submitted: auto-generated; x=y\r\n", false},
		"precedence bulk":          {plain + "Precedence: bulk\r\n", false},
		"precedence list":          {plain + "Precedence: LIST\r\n", false},
		"a list":                   {plain + "List-Id: <x.example.org>\r\n", false},
		"unsubscribe":              {plain + "List-Unsubscribe: <mailto:x@example.org>\r\n", false},
		"no return path":           {"Return-Path: <>\r\n" + plain, false},
		"suppressed":               {plain + "X-Auto-Response-Suppress: OOF, AutoReply\r\n", false},
		"a robot":                  {"From: no-reply@example.org\r\nTo: help@shop.example\r\n", false},
		"the post's own":           {"From: MAILER-DAEMON@example.org\r\nTo: help@shop.example\r\n", false},
		"itself":                   {"From: help@shop.example\r\nTo: help@shop.example\r\n", false},
		"a report":                 {plain + "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n", false},
		"not to it":                {"From: rui@example.org\r\nTo: undisclosed-recipients:;\r\n", false},
		"two senders":              {"From: rui@example.org, ana@example.org\r\nTo: help@shop.example\r\n", false},
		"nobody":                   {"To: help@shop.example\r\n", false},
		"forged":                   {plain + "Authentication-Results: mx; spf=pass; dmarc=fail header.from=example.org\r\n", false},
	} {
		if got := s.acknowledges(t.Context(), a.Tenant, box, letterOf(t, one.header)); got != one.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// One address is written to once a day, however many messages come, and whatever ends
// in between; what the provider refuses for now is tried again.
func TestAcknowledgedOnceADay(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := received(t, r)
	acknowledging(s)
	ctx := t.Context()
	job := store.JobRow{Tenant: a.Tenant, ObjectID: interaction, CreatedAt: time.Now()}
	r.set(false, true)
	if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 0 { // for good: it is not tried again
		t.Fatalf("%v, %d taken", err, r.count())
	}
	sender := func() store.AcknowledgementRow {
		var row store.AcknowledgementRow
		err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { row, err = tx.AcknowledgementOf(interaction); return err })
		if err != nil {
			t.Fatal(err)
		}
		return row
	}()
	r.set(false, false)
	if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 0 {
		t.Fatalf("what was begun is sent again: %v, %d taken", err, r.count())
	}
	release := func() {
		if err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error { return tx.ReleaseAcknowledgement(sender) }); err != nil {
			t.Fatal(err)
		}
	}
	release()
	for range 2 {
		if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 1 {
			t.Fatalf("%v, %d taken", err, r.count())
		}
	}
	for _, want := range []string{"Auto-Submitted: auto-replied", "We have your message.", "In-Reply-To: <1@example.org>", "To: <rui@example.org>", "Subject: Re: Hi"} {
		if !strings.Contains(r.took[0], want) {
			t.Errorf("%q is missing in\n%s", want, r.took[0])
		}
	}
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || mail.Acknowledged.IsZero() || len(mail.Sends) != 0 {
		t.Errorf("%v %+v %v", mail.Acknowledged, mail.Sends, err)
	}
	// A day later it is written to again, and what waited too long is not.
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		old := sender
		old.SentAt = time.Now().Add(-onceIn - time.Minute)
		if err := tx.ReleaseAcknowledgement(sender); err != nil {
			return err
		}
		_, err := tx.ClaimAcknowledgement(old, time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	late := job
	late.CreatedAt = time.Now().Add(-2 * lateAfter)
	if err := s.RunAcknowledge(ctx, late); err != nil || r.count() != 1 {
		t.Fatalf("late: %v, %d taken", err, r.count())
	}
	if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 2 {
		t.Fatalf("the next day: %v, %d taken", err, r.count())
	}
	// The provider does not answer: tried again, and sent once.
	release()
	_ = r.l.Close()
	if err := s.RunAcknowledge(ctx, job); !errs.Is(err, errs.Unavailable) {
		t.Fatalf("%v", err)
	}
	err = s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) error { _, err := tx.AcknowledgementOf(interaction); return err })
	if !errs.Is(err, errs.NotFound) {
		t.Fatalf("a try that failed counts: %v", err)
	}
	if err := s.RunAcknowledge(ctx, store.JobRow{Tenant: a.Tenant, ObjectID: ids.New(id.Interaction), CreatedAt: time.Now()}); err != nil {
		t.Fatalf("of what is gone: %v", err)
	}
}

// A mailbox acknowledges so much in an hour, whoever wrote; another mailbox has its own
// hour, and the next hour is another.
func TestAcknowledgementsAreBounded(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := received(t, r)
	acknowledging(s)
	ctx := t.Context()
	begun := time.Now().Add(-50 * time.Minute)
	err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		for i := range core.MostAnHour {
			other := ids.New(id.Interaction)
			if err := tx.InsertInteraction(store.InteractionRow{ID: other, ContactID: "con_1", Channel: "email", State: "closed", Version: 1}); err != nil {
				return err
			}
			if err := tx.InsertEmail(store.EmailRow{InteractionID: other, Identity: []byte(other), MailboxID: "mbx_1", Folder: "INBOX"}); err != nil {
				return err
			}
			if _, err := tx.ClaimAcknowledgement(store.AcknowledgementRow{Sender: []byte(other), InteractionID: other, SentAt: begun.Add(time.Duration(i) * time.Second)}, begun); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	count := func(mailbox string, since time.Time) (n int64) {
		t.Helper()
		if err := s.DB.Read(ctx, a.Tenant, func(tx *store.Tx) (err error) { n, err = tx.CountAcknowledgements(mailbox, since); return err }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if all, late, other := count("mbx_1", begun), count("mbx_1", begun.Add(10*time.Second)), count("mbx_2", begun); all != core.MostAnHour || late != core.MostAnHour-10 || other != 0 {
		t.Fatalf("%d, %d and %d are counted", all, late, other)
	}
	job := store.JobRow{Tenant: a.Tenant, ObjectID: interaction, CreatedAt: time.Now()}
	if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 0 {
		t.Fatalf("one more than the most: %v, %d taken", err, r.count())
	}
	now := clock.NewVirtual(begun.Add(time.Hour + time.Minute))
	s.Clock, job.CreatedAt = now, now.Now()
	if err := s.RunAcknowledge(ctx, job); err != nil || r.count() != 1 {
		t.Fatalf("in the next hour: %v, %d taken", err, r.count())
	}
}

// Who wrote is acknowledged in its own language where there is such a text, else in the
// first of the entry point's; so is the work, where the entry point has the language.
func TestTheLanguageIsTheSenders(t *testing.T) {
	for words, want := range map[string]string{
		"Boa tarde, ainda não recebi a minha encomenda. Obrigado": "Recebemos a sua mensagem.",
		"Hello, where is my order please? Thank you":              "We have your message.",
		"Guten Tag, wo ist meine Bestellung? Ich habe sie nicht":  "We have your message.",
		"4711": "We have your message.",
	} {
		r := newRelay(t)
		s, a, interaction := received(t, r)
		acknowledging(s)
		m, err := message.Read(strings.NewReader("From: Rui <rui@example.org>\r\nTo: help@shop.example\r\nMessage-ID: <1@example.org>\r\n\r\n"+words+"\r\n"), message.Standard)
		if err != nil {
			t.Fatal(err)
		}
		s.held.put(a.Tenant, interaction, m)
		if err := s.RunAcknowledge(t.Context(), store.JobRow{Tenant: a.Tenant, ObjectID: interaction, CreatedAt: time.Now()}); err != nil || r.count() != 1 || !strings.Contains(r.took[0], want) {
			t.Errorf("%q: %v, %q is not in what was sent", words, err, want)
		}
		f := &followed{s: s, tenant: a.Tenant}
		got, err := f.arrival(t.Context(), m)
		if err != nil || got.Language != "en" || got.Mail.Language != m.Language() {
			t.Errorf("%q: %q where English alone is spoken, %v", words, got.Language, err)
		}
		s.Setup = bilingual{s.Setup.(oneBox)}
		wanted := map[bool]string{true: "pt", false: "en"}[strings.HasPrefix(want, "Receb")]
		if got, err = f.arrival(t.Context(), m); err != nil || got.Language != wanted {
			t.Errorf("%q: %q, %v", words, got.Language, err)
		}
	}
}

type bilingual struct{ oneBox }

func (bilingual) EntryPointOf(context.Context, id.Tenant, string) (setup.EntryPoint, error) {
	return setup.EntryPoint{Languages: []string{"en", "pt"}}, nil
}
