package email

import (
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/channel/email/message"
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
