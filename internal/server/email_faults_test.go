package server

import (
	"strings"
	"testing"

	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/server/drive"
)

// What a provider may do to an answer, each told to the agent: refuse it for now (then it
// is sent once when the agent sends it again), refuse it for good, have a recipient whose
// mailbox is full, and have no room for the copy of what was sent.
func TestWhatBecomesOfAnAnswer(t *testing.T) {
	const small = "small@shop.example"
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailtest.Start(t, small, helpDesk, rui)
	conf.Email.Inside, conf.Email.Authority = []string{"127.0.0.0/8"}, p.CertFile
	must(t, conf.Check(nil))
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	ana := acme.signIn(t, "ana")
	acme.mailbox(t, ana, p, helpDesk, nil)
	acme.mailbox(t, ana, p, small, nil)
	take := func(box, id string) (path string) {
		t.Helper()
		p.Deliver(rui, box, "From: Rui <"+rui+">\nTo: "+box+"\nSubject: x\nMessage-ID: <"+id+"@example.org>\n\nHello\n")
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		return "interactions/" + interaction
	}
	done := func(path string) {
		t.Helper()
		must(t, bo.Do(ctx, "POST", path+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", path+"/complete", m{}, nil))
	}
	type sent struct{ State, Reason string }
	last := func(path string) sent {
		t.Helper()
		var mail struct{ Sends []sent }
		must(t, bo.Do(ctx, "GET", path+"/email", nil, &mail))
		if len(mail.Sends) == 0 {
			t.Fatal("no answer is told")
		}
		return mail.Sends[len(mail.Sends)-1]
	}
	arrived := func(words string) (n int) {
		for _, account := range []string{"elsewhere", rui} {
			for _, one := range p.Mail(account, "INBOX") {
				if strings.Contains(one, words) {
					n++
				}
			}
		}
		return n
	}

	path := take(helpDesk, "first")
	p.Busy(true)
	body := m{"client_id": "1", "text": "the first answer", "to": []string{"busy@example.org"}}
	refused(t, bo.Do(ctx, "POST", path+"/email/reply", body, nil), 503)
	if got := last(path); got != (sent{"failed", "busy"}) {
		t.Errorf("refused for now: %+v", got)
	}
	p.Busy(false)
	for range 2 {
		must(t, bo.Do(ctx, "POST", path+"/email/reply", body, nil))
	}
	within(t, "what was refused for now does not arrive", func() bool { return arrived("the first answer") > 0 })
	if n, got := arrived("the first answer"), last(path); n != 1 || got.State != "sent" {
		t.Errorf("it arrived %d times: %+v", n, got)
	}
	for to, want := range map[string]sent{"nobody@example.org": {"failed", "reject"}, "full@example.org": {"failed", "full"}} {
		refused(t, bo.Do(ctx, "POST", path+"/email/reply", m{"client_id": to, "text": "the second answer", "to": []string{to}}, nil), 422)
		if got := last(path); got != want {
			t.Errorf("%s: %+v", to, got)
		}
	}
	if n := arrived("the second answer"); n != 0 {
		t.Errorf("what was refused arrived %d times", n)
	}
	done(path)

	path = take(small, "second")
	must(t, bo.Do(ctx, "POST", path+"/email/reply", m{"client_id": "1", "text": "the third answer"}, nil))
	if got := last(path); got != (sent{"sent", "not_kept"}) {
		t.Errorf("without room for its copy: %+v", got)
	}
	within(t, "an answer without a copy does not arrive", func() bool { return arrived("the third answer") == 1 })
	if n := len(p.Mail(small, "Sent")); n != 0 {
		t.Errorf("%d copies are kept", n)
	}
	done(path)
}

// A folder that somebody renames at the provider is told, and the others are followed all
// the same; when it is back, what came there meanwhile is work.
func TestAFolderThatIsGone(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailProvider(t, conf)
	p.Folder(helpDesk, "Orders")
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ana := acme.signIn(t, "ana")
	box := acme.mailbox(t, ana, p, helpDesk, m{"folders": []string{"INBOX", "Orders"}})
	stands := func(state, reason string, open int) {
		t.Helper()
		within(t, "the mailbox is not "+state, func() bool { return standing(t, ana, box) == standingOf{state, reason, open} })
	}
	letter := func(id string) string {
		return "From: Rui <" + rui + ">\nTo: " + helpDesk + "\nSubject: x\nMessage-ID: <" + id + "@example.org>\n\n" + id + "\n"
	}
	stands("connected", "", 0)
	p.Rename(helpDesk, "Orders", "Old orders")
	p.Deliver(rui, helpDesk, letter("1")) // and wakes it
	stands("failing", "no_folder", 1)
	p.Copy(helpDesk, "Old orders", letter("2"))
	p.Rename(helpDesk, "Old orders", "Orders")
	p.Deliver(rui, helpDesk, letter("3"))
	stands("connected", "", 3)
}

type standingOf struct {
	state, reason string
	open          int
}

func standing(t *testing.T, u *drive.User, box string) standingOf {
	t.Helper()
	var st struct {
		State string
		Open  int
		Fault struct{ Reason string }
	}
	must(t, u.Do(t.Context(), "GET", "mailboxes/"+box+"/status", nil, &st))
	return standingOf{st.State, st.Fault.Reason, st.Open}
}
