package email

import (
	"context"
	"strings"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/channel"
	"nubitalk/internal/store"
)

// arrivals is a floor that stores what arrives.
type arrivals struct {
	noFloor
	s    *Service
	came []channel.Arrival
}

func (f *arrivals) Arrive(ctx context.Context, w channel.Arrival) (string, string, error) {
	interaction := f.s.IDs.New(id.Interaction)
	err := f.s.DB.Write(ctx, w.Tenant, func(tx *store.Tx) error {
		if err := tx.InsertInteraction(store.InteractionRow{ID: interaction, ContactID: "con_1", Channel: "email", State: "active", AgentID: w.Outgoing.Agent, Outgoing: true, Version: 1}); err != nil {
			return err
		}
		return w.Open(tx, interaction, "con_1")
	})
	f.came = append(f.came, w)
	return interaction, "con_1", err
}

// signed knows an agent's own signature.
type signed struct{ named }

func (signed) Signature(context.Context, id.Tenant, string) (secret.Text, error) {
	return secret.New("Bo, on Mondays"), nil
}

// An agent writes of its own accord, from mailboxes that allow it: it is work of the
// agent's, with a subject of its own, and what answers it knows it and its agent.
func TestAnAgentWritesOfItsOwnAccord(t *testing.T) {
	r := newRelay(t)
	s, a, _ := writing(t, r, 0)
	f := &arrivals{s: s}
	s.Floor, s.People = f, signed{}
	ctx := t.Context()
	if _, err := s.Compose(ctx, a, "mbx_1", secret.New("eva@example.org")); !errs.Is(err, errs.Invalid) || len(f.came) != 0 {
		t.Fatalf("a mailbox that does not allow it: %v", err)
	}
	box := s.Setup.(oneBox)
	box.m.WriteQueue, box.m.Enabled, box.m.Name = "que_1", true, "Help"
	s.Setup = box
	for path, c := range map[string][2]string{"mailbox": {"mbx_2", "eva@example.org"}, "to": {"mbx_1", "eva"}} {
		_, err := s.Compose(ctx, a, c[0], secret.New(c[1]))
		if fields := errs.As(err).Fields; len(fields) != 1 || fields[0].Path != path {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := s.Compose(ctx, a, "mbx_1", secret.New("Help@shop.example")); !errs.Is(err, errs.Invalid) || len(f.came) != 0 {
		t.Errorf("to itself: %v", err)
	}
	if list, err := s.Writers(ctx, a.Tenant); err != nil || len(list) != 1 || list[0] != (Writer{"mbx_1", "Help", "help@shop.example", "que_1"}) {
		t.Errorf("%+v %v", list, err)
	}
	interaction, err := s.Compose(ctx, a, "mbx_1", secret.New(" Eva@Example.org "))
	if err != nil || len(f.came) != 1 || *f.came[0].Outgoing != (channel.Outgoing{Agent: a.User, Queue: "que_1"}) || f.came[0].Addresses[0].Value.Reveal() != "eva@example.org" {
		t.Fatalf("%+v %v", f.came, err)
	}
	if d, err := s.Draft(ctx, a, interaction); err != nil || len(d.Words.To) != 1 || d.Words.To[0] != "eva@example.org" {
		t.Errorf("%+v %v", d, err)
	}
	// Who has it next sees whom it was for: whom somebody wrote to, else its contact.
	meant := func(want string) {
		t.Helper()
		if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || len(mail.AnswerTo) != 1 || mail.AnswerTo[0].Address != want {
			t.Errorf("it is for %+v, want %s (%v)", mail.AnswerTo, want, err)
		}
	}
	meant("eva@example.org")
	if err := s.Discard(ctx, a, interaction); err != nil {
		t.Fatal(err)
	}
	meant("first@example.org")
	w := Answer{ClientID: "1", Text: secret.New("Your shoes are here."), To: texts("eva@example.org")}
	if _, err := s.Reply(ctx, a, interaction, w); !errs.Is(err, errs.Invalid) || errs.As(err).Fields[0].Path != "subject" || r.count() != 0 {
		t.Errorf("without a subject: %v", err)
	}
	w.Subject, w.To = secret.New("Shoes\r\nBcc: x@example.org"), nil
	if _, err := s.Reply(ctx, a, interaction, w); !errs.Is(err, errs.Invalid) || errs.As(err).Fields[0].Path != "to" || r.count() != 0 {
		t.Errorf("to nobody: %v", err)
	}
	w.To = texts("eva@example.org")
	if got, err := s.Reply(ctx, a, interaction, w); err != nil || got.State != sent || got.Kind != begun {
		t.Fatalf("%+v %v", got, err)
	}
	m := r.last(t)
	if m.Subject.Reveal() != "Shoes Bcc: x@example.org" || len(m.References) != 0 || len(m.InReplyTo) != 0 || m.To[0].Address.Reveal() != "eva@example.org" {
		t.Errorf("%q refers to %v", m.Subject.Reveal(), m.References)
	}
	if want, got := "Your shoes are here.\n\n-- \nBo\nYour shop\nBo, on Mondays", strings.TrimRight(m.Text.Reveal(), "\n"); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if mail, err := s.Read(ctx, a.Tenant, interaction); err != nil || !mail.New || len(mail.Sends) != 1 || mail.Address != "help@shop.example" {
		t.Errorf("%+v %v", mail, err)
	}
	// What answers it says so, and is its agent's; what answers nothing of ours is nobody's.
	threads, err := s.threads(ctx, a.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	m.InReplyTo = []string{m.ID}
	line := &followed{s: s, tenant: a.Tenant}
	if of := threads.Of(m); of != interaction || line.knows(ctx, of) != a.User || line.knows(ctx, "") != "" {
		t.Errorf("it answers %q, of %q", of, line.knows(ctx, of))
	}
	if other := (&followed{s: s, tenant: newTenant(t, s.DB)}).knows(ctx, interaction); other != "" {
		t.Errorf("another tenant knows %s", other)
	}
	// Where no draft can be kept, it is begun all the same: who tries again does not begin two.
	s.drafts.tenant = 0
	if full, err := s.Compose(ctx, a, "mbx_1", secret.New("eva@example.org")); err != nil || full == "" || len(f.came) != 2 {
		t.Errorf("without room for a draft: %q %v", full, err)
	}
	// Nothing of it is at the provider, and nobody is told when it is closed.
	if err := s.RunDone(ctx, store.JobRow{Tenant: a.Tenant, ObjectID: interaction}); err != nil {
		t.Error(err)
	}
	if n, err := s.Status(ctx, a.Tenant, "mbx_1"); err != nil || n.Open != 1 || strings.Contains(n.State, "fail") {
		t.Errorf("%+v %v", n, err)
	}
}
