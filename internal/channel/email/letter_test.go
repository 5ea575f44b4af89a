package email

import (
	"slices"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/store"
)

// An answer in which several emails are answered names those that its sender wrote, or that
// somebody wrote or got whom it reaches: of another person's message nobody learns.
func TestAnAnswerNamesNoMessageOfSomebodyElse(t *testing.T) {
	mail := func(id, from, cc string) *message.Message {
		m, err := message.Read(strings.NewReader("From: "+from+"\r\nTo: help@shop.example\r\n"+cc+"Message-ID: <"+id+">\r\nReferences: <before."+id+">\r\n\r\nHello\r\n"), message.Standard)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	o := opened{m: mail("1@rui", "rui@example.org", ""), beside: []mergedMail{
		{"int_2", mail("2@rui", "Rui@example.org", "")}, {"int_3", mail("3@eva", "eva@example.org", "")}, {"int_4", mail("4@eva", "eva@example.org", "Cc: rui@example.org\r\n")}}}
	for _, c := range []struct {
		to, cc string
		names  []string
		whose  []string // are answered, too
	}{
		{"rui@example.org", "", []string{"1@rui", "2@rui", "4@eva"}, []string{"int_2"}},
		{"rui@example.org", "EVA@example.org", []string{"1@rui", "2@rui", "3@eva", "4@eva"}, []string{"int_2", "int_3", "int_4"}},
		{"boss@example.org", "", []string{"1@rui", "2@rui"}, nil},
	} {
		d := message.Draft{To: []message.Address{{Address: secret.New(c.to)}}}
		if c.cc != "" {
			d.Cc = []message.Address{{Address: secret.New(c.cc)}}
		}
		if got := reached(o, []string{c.to, c.cc}); !slices.Equal(got, c.whose) {
			t.Errorf("to %s and %s it answers %v, too, want %v", c.to, c.cc, got, c.whose)
		}
		answer(&d, o, Answer{}, "We look.", "", "")
		if parents := append([]string{d.InReplyTo}, d.Beside...); !slices.Equal(parents, c.names) {
			t.Errorf("to %s and %s it answers %v, want %v", c.to, c.cc, parents, c.names)
		}
		if named := slices.Contains(d.References, "before.3@eva"); named != slices.Contains(c.names, "3@eva") {
			t.Errorf("to %s and %s it refers to %v", c.to, c.cc, d.References)
		}
	}
	if len(o.beside) != 3 {
		t.Error("what is answered was changed")
	}
}

// An answer of which nobody knows whether it left is told, and is not sent again unasked,
// also where its email was merged into another since.
func TestAnUnsureAnswerIsKnownWhereItsEmailGoesOn(t *testing.T) {
	r := newRelay(t)
	s, a, interaction := writing(t, r, 0)
	ctx := t.Context()
	if err := s.DB.Write(ctx, a.Tenant, func(tx *store.Tx) error {
		work, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		work.ID, work.State, work.CloseReason, work.ClosedAt, work.MergedInto = "int_other", "closed", "transferred", s.Clock.Now(), interaction
		if err := tx.InsertInteraction(work); err != nil {
			return err
		}
		for id, state := range map[string]string{"unsure": sending, "left": sent} {
			if err := tx.BeginEmailSend(store.EmailSendRow{InteractionID: "int_other", ClientID: id, UserID: a.User, State: state, BegunAt: s.Clock.Now(), Message: []byte(id)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || len(mail.Sends) != 1 || mail.Sends[0].State != unsure {
		t.Errorf("%+v %v", mail.Sends, err)
	}
	w := Answer{ClientID: "1", Text: secret.New("We look.")}
	if _, err := s.Reply(ctx, a, interaction, w); !errs.Is(err, errs.Conflict) || r.count() != 0 {
		t.Errorf("sent unasked: %v", err)
	}
	w.Again = true
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != sent || r.count() != 1 {
		t.Errorf("%s %v", got.State, err)
	}
}
