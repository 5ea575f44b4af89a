package email

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/bus"
	"nubitalk/internal/channel/email/message"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
)

// told notes what is told live.
type told struct{ events []bus.Event }

func (b *told) Publish(e bus.Event) error { b.events = append(b.events, e); return nil }

// reportOf is a report about a message (RFC 3464), with the groups of its recipients.
func reportOf(t *testing.T, about string, recipients ...string) *message.Message {
	t.Helper()
	m, err := message.Read(strings.NewReader("From: MAILER-DAEMON@mx.example\r\nTo: help@shop.example\r\nSubject: Re: Hi\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n"+
		"--x\r\nContent-Type: text/plain\r\n\r\nIt could not be delivered.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n"+about+"\r\n"+strings.Join(recipients, "\r\n")+"--x--\r\n"), message.Standard)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func recipient(address, action, status string) string {
	return "Final-Recipient: rfc822;" + address + "\r\nAction: " + action + "\r\nStatus: " + status + "\r\n"
}

// answered gives a service whose agent has answered an open message, and the answer's
// id without its domain.
func answered(t *testing.T) (s *Service, f *followed, a access.Actor, interaction, local string) {
	t.Helper()
	r := newRelay(t)
	s, a, interaction = received(t, r)
	s.Bus = &told{}
	if sent, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "1", Text: secret.New("We look.")}); err != nil || sent.State != "sent" {
		t.Fatalf("%+v %v", sent, err)
	}
	_, rest, _ := strings.Cut(r.took[0], "Message-ID: <")
	local, _, _ = strings.Cut(rest, "@")
	turn(t, s, a.Tenant, interaction, "active", "usr_2")
	return s, &followed{s: s, tenant: a.Tenant, id: "mbx_1"}, a, interaction, local
}

// turn has an interaction be in a state, with an agent.
func turn(t *testing.T, s *Service, tenant id.Tenant, interaction, state, agent string) {
	t.Helper()
	err := s.DB.Write(t.Context(), tenant, func(tx *store.Tx) error {
		i, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		i.State, i.AgentID = state, agent
		return tx.UpdateInteraction(i)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (f *followed) takes(t *testing.T, identity string, m *message.Message) returned {
	t.Helper()
	out, err := f.returned(t.Context(), []byte(identity), m)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// While the interaction is open a report is told there, to who has it; a delay is told
// until the answer came back, and one report is taken once.
func TestAReportIsToldWhereTheAnswerWasSent(t *testing.T) {
	s, f, a, interaction, local := answered(t)
	shown := func() *Delivery {
		mail, err := s.Read(t.Context(), a.Tenant, interaction)
		if err != nil || len(mail.Sends) != 1 || mail.Sends[0].State != sent {
			t.Fatalf("%+v %v", mail.Sends, err)
		}
		return mail.Sends[0].Delivery
	}
	if shown() != nil {
		t.Fatal("something is reported of it already")
	}
	about := "Original-Envelope-Id: " + local + "\r\n"
	for _, one := range []struct {
		identity  string
		m         *message.Message
		state     string
		reason    string
		addresses []string
		events    int
	}{
		{"a", reportOf(t, about, recipient("rui@example.org", "delivered", "2.0.0")), "", "", nil, 0},
		{"b", reportOf(t, about, recipient("rui@example.org", "delayed", "4.4.1")), "delayed", "unreachable", []string{"rui@example.org"}, 1},
		{"c", reportOf(t, about, recipient("eva@example.org", "relayed", "2.0.0"), recipient("rui@example.org", "failed", "5.1.1 (nobody)")), "undelivered", "no_address", []string{"rui@example.org"}, 2},
		{"c", reportOf(t, about, recipient("rui@example.org", "failed", "5.1.1")), "undelivered", "no_address", []string{"rui@example.org"}, 2},
		{"d", reportOf(t, about, recipient("rui@example.org", "delayed", "4.4.1")), "undelivered", "no_address", []string{"rui@example.org"}, 2},
		{"e", reportOf(t, about, recipient("eva@example.org", "failed", "5.2.2")), "undelivered", "full", []string{"rui@example.org", "eva@example.org"}, 3},
	} {
		if out := f.takes(t, one.identity, one.m); !out.told {
			t.Fatalf("%s becomes work", one.identity)
		}
		d := shown()
		if (d == nil) != (one.state == "") || d != nil && (d.State != one.state || d.Reason != one.reason || d.At.IsZero() || !slices.Equal(d.Addresses, one.addresses)) {
			t.Errorf("%s: %+v", one.identity, d)
		}
		if got := s.Bus.(*told).events; len(got) != one.events || len(got) > 0 && !slices.Equal(got[len(got)-1].Users, []string{"usr_2"}) {
			t.Errorf("%s: %d events", one.identity, len(got))
		}
	}
	// What is sent again is another message: nothing is reported of it.
	if sent, err := s.Reply(t.Context(), a, interaction, Answer{ClientID: "2", Text: secret.New("Once more.")}); err != nil || sent.Delivery != nil {
		t.Errorf("%+v %v", sent, err)
	}
}

// When the interaction is closed, an answer that came back is work for who sent it, and
// stays that however often its report is looked at.
func TestAReportAfterTheEndIsWorkForWhoSentIt(t *testing.T) {
	s, f, a, interaction, local := answered(t)
	turn(t, s, a.Tenant, interaction, "closed", "")
	about := "Original-Envelope-Id: " + local + "\r\n"
	if out := f.takes(t, "a", reportOf(t, about, recipient("rui@example.org", "delayed", "4.4.1"))); !out.told {
		t.Error("a delay becomes work")
	}
	for range 2 { // the work could not be stored
		out := f.takes(t, "b", reportOf(t, about, recipient("rui@example.org", "failed", "5.1.1")))
		if out.told || out.row.UserID != a.User || out.row.Delivery != undelivered || string(out.row.Report) != "b" {
			t.Errorf("%+v", out)
		}
	}
	if n := len(s.Bus.(*told).events); n != 0 {
		t.Errorf("%d events", n)
	}
}

// A report is about an answer of ours by its signed id alone; what is about none is mail
// as any other, and what no agent sent is nobody's work.
func TestWhatAReportIsAbout(t *testing.T) {
	s, f, a, interaction, local := answered(t)
	other := newTenant(t, s.DB)
	threads, err := s.threads(t.Context(), a.Tenant)
	if err != nil {
		t.Fatal(err)
	}
	failed := recipient("rui@example.org", "failed", "5.1.1")
	original := func(id string) string {
		return "\r\n" + failed + "\r\n--x\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Re: Hi\r\nMessage-ID: <" + id + ">\r\n\r\n"
	}
	forged := local[:len(local)-1] + "a"
	if strings.HasSuffix(local, "a") {
		forged = local[:len(local)-1] + "b"
	}
	for name, one := range map[string]struct {
		m      *message.Message
		tenant id.Tenant
		told   bool
		agent  string
	}{
		"nothing said":       {reportOf(t, "", failed), a.Tenant, false, ""},
		"another's message":  {reportOf(t, "", original("x@example.org")), a.Tenant, false, ""},
		"a forged id":        {reportOf(t, "", original(forged+"@shop.example")), a.Tenant, false, ""},
		"another tenant's":   {reportOf(t, "", original(local+"@shop.example")), other, false, ""},
		"an acknowledgement": {reportOf(t, "", original(threads.ID(interaction, []byte("0123456789"), "shop.example"))), a.Tenant, true, ""},
		"an answer, by id":   {reportOf(t, "", original(local+"@shop.example")), a.Tenant, true, "usr_2"},
		"no report":          {letterOf(t, "From: a@example.org\r\nReferences: <"+local+"@shop.example>\r\n"), a.Tenant, false, ""},
	} {
		s.Bus = &told{}
		f.tenant = one.tenant
		out := f.takes(t, name, one.m)
		events := s.Bus.(*told).events
		if out.told != one.told || out.row.UserID != "" || (len(events) == 1) != (one.agent != "") {
			t.Errorf("%s: %v, %d events", name, out.told, len(events))
		}
	}
}

func TestReasonsOfDelivery(t *testing.T) {
	for _, kind := range []string{"", begun, forwarded} { // a page has words for each
		if got := delivery(store.EmailSendRow{Kind: kind, Delivery: delayed}).Kind; got != kind {
			t.Errorf("%q: %q", kind, got)
		}
	}
	for status, want := range map[string]string{"5.1.1": "no_address", "5.1.2": "no_domain", "5.2.2": "full", "5.2.1": "disabled", "5.3.4": "too_large", "5.7.1": "refused", "4.4.1": "unreachable", "5.4.7": "expired", "5.0.0": "other", "": "other"} {
		if got := delivery(store.EmailSendRow{Delivery: undelivered, DeliveryStatus: status, ReportedAt: time.Now()}).Reason; got != want {
			t.Errorf("%s: %s", status, got)
		}
	}
}
