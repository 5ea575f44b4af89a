package server

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/channel/email"
	"nubitalk/internal/channel/email/mailtest"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
)

const (
	helpDesk = "help@shop.example"
	salesBox = "sales@shop.example"
	rui      = "rui@example.org"
)

type mailView struct {
	Address, Subject, Text, HTML, Answers string
	From, To                              []struct{ Name, Address string }
	Files                                 []struct {
		Number int
		Name   string
	}
	Sends []struct {
		ClientID string `json:"client_id"`
		State    string
	}
}

// mailProvider runs a provider that a node with these settings reaches.
func mailProvider(t *testing.T, conf *config.Config) *mailtest.Provider {
	t.Helper()
	p := mailtest.Start(t, helpDesk, salesBox, rui)
	conf.Email.Inside, conf.Email.Authority = []string{"127.0.0.0/8"}, p.CertFile
	must(t, conf.Check(nil))
	return p
}

// mailbox sets a mailbox up, as an administrator does, and waits until it is followed.
func (c *company) mailbox(t *testing.T, u *drive.User, p *mailtest.Provider, address string, more m) string {
	t.Helper()
	ctx := t.Context()
	var flow, point, box struct{ ID string }
	graph := m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": c.queue}}}
	if g, own := more["graph"]; own {
		graph, more = g.(m), nil
	}
	must(t, u.Do(ctx, "POST", "flows", m{"name": "Mail to " + address, "graph": graph}, &flow))
	must(t, u.Do(ctx, "POST", "entry-points", m{"name": address, "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"}, "attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}, &point))
	body := m{"name": address, "address": address, "shown": "The shop", "imap": m{"host": "127.0.0.1", "port": p.IMAPS}, "smtp": m{"host": "127.0.0.1", "port": p.SMTP, "security": "starttls"},
		"password": mailtest.Password, "entry_point": point.ID, "signature": "Your shop"}
	for k, v := range more {
		body[k] = v
	}
	var tried struct {
		IMAP, SMTP struct {
			OK    bool
			Fault any
		}
	}
	must(t, u.Do(ctx, "POST", "mailboxes/try", body, &tried))
	if !tried.IMAP.OK || !tried.SMTP.OK {
		t.Fatalf("%+v", tried)
	}
	must(t, u.Do(ctx, "POST", "mailboxes", body, &box))
	within(t, "the mailbox is not followed", func() bool {
		var st struct{ State string }
		must(t, u.Do(ctx, "GET", "mailboxes/"+box.ID+"/status", nil, &st))
		return st.State == "connected"
	})
	return box.ID
}

// A message is offered, read with its file, answered once, and gone once it is handled;
// the provider has it still, marked. What answers the answer says so. Nothing of what it
// says is in a file or a log, and nobody else's users see it.
func TestAnEmailIsHandledAnsweredAndGone(t *testing.T) {
	const subject, said, name, inFile = "parcel-4711-lost", "myparcelhas-canary-text", "invoice-canary.txt", "the-file-says-canary"
	engines(t, func(t *testing.T, conf *config.Config) {
		p := mailProvider(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.user(t, "eva", access.Supervisor)
		acme.mailbox(t, ana, p, helpDesk, nil)

		p.Deliver(rui, helpDesk, "From: Rui <"+rui+">\nTo: "+helpDesk+"\nSubject: "+subject+"\nMessage-ID: <first@example.org>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\nMIME-Version: 1.0\n"+
			"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\n"+said+"\n--x\nContent-Type: text/plain\nContent-Disposition: attachment; filename="+name+"\nContent-Transfer-Encoding: base64\n\n"+
			base64.StdEncoding.EncodeToString([]byte(inFile))+"\n--x--\n")
		offer, interaction := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		path := "interactions/" + interaction
		var mail mailView
		must(t, bo.Do(ctx, "GET", path+"/email", nil, &mail))
		if mail.Subject != subject || mail.Text != said || mail.From[0].Address != rui || mail.Address != helpDesk || len(mail.Files) != 1 || mail.Files[0].Name != name {
			t.Errorf("%+v", mail)
		}
		var file []byte
		must(t, bo.Do(ctx, "GET", path+"/email/files/0", nil, &file))
		if string(file) != inFile {
			t.Errorf("the file says %q", file)
		}
		refused(t, bo.Do(ctx, "GET", path+"/email/files/7", nil, nil), 404)
		refused(t, books.signIn(t, "ana").Do(ctx, "GET", path+"/email", nil, nil), 404)
		acme.agent(t, "cy")
		cy := acme.signIn(t, "cy")
		refused(t, cy.Do(ctx, "GET", path+"/email", nil, nil), 404)
		refused(t, cy.Do(ctx, "POST", path+"/email/reply", m{"client_id": "x", "text": "x"}, nil), 404)

		for range 2 { // a repeat is the same answer
			var sent struct{ State, Reason string }
			must(t, bo.Do(ctx, "POST", path+"/email/reply", m{"client_id": "r1", "text": "We look for it.", "quote": true}, &sent))
			if sent.State != "sent" || sent.Reason != "" {
				t.Errorf("%+v", sent)
			}
		}
		var answer string
		within(t, "the answer does not arrive", func() bool {
			for _, one := range p.Mail(rui, "INBOX") {
				answer = one
			}
			return answer != ""
		})
		if all := p.Mail(rui, "INBOX"); len(all) != 1 {
			t.Errorf("%d answers arrived", len(all))
		}
		if len(p.Mail(helpDesk, "Sent")) != 1 {
			t.Error("there is no copy of the answer, or more than one")
		}
		for _, want := range []string{"In-Reply-To: <first@example.org>", "Subject: Re: " + subject, `From: "The shop" <` + helpDesk + ">", "We look for it.", "Your shop", "> " + said, "Message-ID: <" + interaction + "."} {
			if !strings.Contains(answer, want) {
				t.Errorf("the answer does not say %q:\n%s", want, answer)
			}
		}
		// Notes are beside it; what is said to the person is an email.
		must(t, bo.Do(ctx, "POST", path+"/messages", m{"client_id": "n1", "kind": "note", "text": "Ask the carrier."}, nil))
		refused(t, bo.Do(ctx, "POST", path+"/messages", m{"client_id": "n2", "kind": "text", "text": "Hello?"}, nil), 409)
		must(t, bo.Do(ctx, "POST", path+"/transfer", m{"queue": acme.queue, "note": "Once more."}, nil))
		cy, _ = acme.ready(t, "cy")
		offer, moved := acme.offered(t, cy)
		if moved != interaction {
			t.Fatalf("%s is offered", moved)
		}
		must(t, cy.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, cy.Do(ctx, "GET", path+"/email", nil, &mail))
		if mail.Text != said || len(mail.Sends) != 1 || mail.Sends[0].State != "sent" {
			t.Errorf("who has it now reads %+v", mail)
		}
		must(t, cy.Do(ctx, "POST", path+"/finish", m{}, nil))
		must(t, cy.Do(ctx, "POST", path+"/complete", m{}, nil))
		must(t, cy.Do(ctx, "PUT", "desk/presence", m{"presence": "offline"}, nil))
		refused(t, cy.Do(ctx, "GET", path+"/email", nil, nil), 410)
		within(t, "the provider does not know that it was handled", func() bool {
			for file := range p.Mail(helpDesk, "INBOX") {
				return strings.Contains(file, "RS")
			}
			return false
		})

		// Rui answers: work of its own, that says what it goes on from.
		id := between(answer, "Message-ID: <", ">")
		p.Deliver(rui, helpDesk, "From: Rui <"+rui+">\nTo: "+helpDesk+"\nSubject: something else\nMessage-ID: <second@example.org>\nIn-Reply-To: <"+id+">\n\nThank you.\n")
		offer, next := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, bo.Do(ctx, "GET", "interactions/"+next+"/email", nil, &mail))
		if mail.Answers != interaction || next == interaction {
			t.Errorf("%s answers %q", next, mail.Answers)
		}

		// The program starts anew: what was open is read from the provider again, and
		// nothing is work twice.
		n.stop(t)
		again := start(t, conf, nil)
		acme.node = again
		bo2 := acme.signIn(t, "bo")
		mail = mailView{}
		within(t, "the message cannot be read after a restart", func() bool {
			return bo2.Do(ctx, "GET", "interactions/"+next+"/email", nil, &mail) == nil
		})
		if mail.Text != "Thank you." {
			t.Errorf("%+v", mail)
		}
		var all struct{ Items []struct{ ID string } }
		eva := acme.signIn(t, "eva")
		must(t, eva.Do(ctx, "GET", "interactions?state=closed", nil, &all))
		closed := len(all.Items)
		must(t, eva.Do(ctx, "GET", "interactions", nil, &all))
		if len(all.Items) != 2 || closed != 1 {
			t.Errorf("%d interactions, %d of them closed", len(all.Items), closed)
		}
		again.stop(t)

		canaries := []string{subject, said, name, inFile, base64.StdEncoding.EncodeToString([]byte(said))[:20]}
		places := map[string][]byte{"log": append(n.logs.Bytes(), again.logs.Bytes()...)}
		must(t, filepath.WalkDir(conf.Data, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			places[strings.TrimPrefix(path, conf.Data)] = b
			return err
		}))
		if len(places) < 3 {
			t.Errorf("only %d places were looked at", len(places))
		}
		for where, b := range places {
			for _, one := range canaries {
				if bytes.Contains(b, []byte(one)) {
					t.Errorf("%s has %q", where, one)
				}
			}
		}
	})
}

// One message in two mailboxes is work once; a folder that is numbered anew brings
// nothing twice, and what is open in it is found again; messages that lay there are
// work where that is wanted, and moved away when they were handled.
func TestMailIsWorkOnceWhateverTheProviderDoes(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailProvider(t, conf)
	letter := func(id string) string {
		return "From: Rui <" + rui + ">\nTo: " + helpDesk + ", " + salesBox + "\nSubject: x\nMessage-ID: <" + id + "@example.org>\n\n" + id + "\n"
	}
	p.Deliver(rui, helpDesk, letter("lay-there"))
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	acme.agent(t, "bo")
	bo, _ := acme.ready(t, "bo")
	acme.user(t, "eva", access.Supervisor)
	eva := acme.signIn(t, "eva")
	acme.mailbox(t, ana, p, helpDesk, m{"unread": true, "after": "move", "move_to": "Handled"})
	acme.mailbox(t, ana, p, salesBox, nil)
	count := func() int {
		var all struct{ Items []struct{ ID string } }
		must(t, eva.Do(ctx, "GET", "interactions", nil, &all))
		return len(all.Items)
	}
	offer, interaction := acme.offered(t, bo)
	must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))

	// While it is open: the folder is numbered anew.
	p.StopIMAP()
	p.Renumber(helpDesk, "INBOX")
	p.StartIMAP()
	p.Deliver(rui, helpDesk, letter("both"))
	p.Deliver(rui, salesBox, letter("both"))
	p.Deliver(rui, salesBox, letter("after"))
	within(t, "what came is not work", func() bool { return count() >= 3 })
	must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/finish", m{}, nil))
	must(t, bo.Do(ctx, "POST", "interactions/"+interaction+"/complete", m{}, nil))
	within(t, "it was not moved", func() bool { return len(p.Mail(helpDesk, "Handled")) == 1 })
	for _, one := range p.Mail(helpDesk, "Handled") {
		if !strings.Contains(one, "lay-there") {
			t.Errorf("another was moved: %s", one)
		}
	}
	if got := count(); got != 3 {
		t.Errorf("%d interactions", got)
	}
}

// Two organisations whose mailboxes acknowledge what they receive: one message between
// them is acknowledged once, and that ends it, also where something on the way takes off
// what says that a machine wrote; a person is written to once, however often it writes.
func TestTwoThatAcknowledgeStopAtOneEach(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailProvider(t, conf)
	n := start(t, conf, nil)
	acme, books := house(t, n)
	says := m{"acknowledgement": m{"en": "We have your message."}}
	acme.mailbox(t, acme.signIn(t, "ana"), p, helpDesk, says)
	books.mailbox(t, books.signIn(t, "ana"), p, salesBox, says)
	acknowledged := func(address string) (n int) {
		for _, one := range p.Mail(address, "INBOX") {
			if strings.Contains(one, "Auto-Submitted: auto-replied") {
				n++
			}
		}
		return n
	}
	works := func(c *company) int {
		var all struct{ Items []struct{ ID string } }
		must(t, c.signIn(t, "eva").Do(t.Context(), "GET", "interactions", nil, &all))
		return len(all.Items)
	}
	acme.user(t, "eva", access.Supervisor)
	books.user(t, "eva", access.Supervisor)
	letter := func(from, to, id string) string {
		return "From: " + from + "\nTo: " + to + "\nSubject: x\nMessage-ID: <" + id + "@example.org>\n\n" + id + "\n"
	}
	p.Deliver(helpDesk, salesBox, letter(helpDesk, salesBox, "first"))
	within(t, "it is not acknowledged", func() bool { return acknowledged(helpDesk) == 1 })
	within(t, "the acknowledgement does not arrive", func() bool { return works(acme) == 1 })

	// As if what says so were lost on the way: theirs was written to today already.
	p.Deliver(salesBox, helpDesk, letter(salesBox, helpDesk, "stripped"))
	within(t, "it is not acknowledged", func() bool { return acknowledged(salesBox) == 1 })
	p.Deliver(helpDesk, salesBox, letter(helpDesk, salesBox, "stripped-too"))
	p.Deliver(rui, salesBox, letter(rui, salesBox, "rui-1"))
	p.Deliver(rui, salesBox, letter(rui, salesBox, "rui-2"))
	within(t, "what came is not work", func() bool { return works(acme) == 2 && works(books) == 5 })
	within(t, "a person is not written to", func() bool { return acknowledged(rui) == 1 })
	within(t, "jobs are left", func() bool {
		left := 0
		for _, c := range []*company{acme, books} {
			must(t, n.keepers.db.Read(t.Context(), c.ID, func(tx *store.Tx) error {
				jobs, err := tx.Jobs(email.JobAcknowledge)
				left += len(jobs)
				return err
			}))
		}
		return left == 0
	})
	if a, b, c := acknowledged(helpDesk), acknowledged(salesBox), acknowledged(rui); a != 1 || b != 1 || c != 1 {
		t.Errorf("acknowledged %d, %d and %d times", a, b, c)
	}
}

// An answer to an address that nobody has comes back by the provider's own report: it is
// told where the answer was sent, and the report is no work; when that is closed, it is
// work for who sent the answer. A report about nothing of ours is mail as any other.
func TestAnAnswerThatComesBackReachesWhoSentIt(t *testing.T) {
	const nobody = "unknown@example.org" // mailtest: refused after it was accepted
	engines(t, func(t *testing.T, conf *config.Config) {
		p := mailProvider(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.user(t, "eva", access.Supervisor)
		eva := acme.signIn(t, "eva")
		q, err := appsetup.Get[setup.Queue](ctx, acme.node.parts.setup, acme.admin, acme.queue)
		must(t, err)
		q.Value.AffinitySeconds = 3600
		_, err = appsetup.Update(ctx, acme.node.parts.setup, acme.admin, acme.queue, q.Version, q.Value)
		must(t, err)
		acme.mailbox(t, ana, p, helpDesk, nil)
		work := func() int {
			var all struct{ Items []struct{ ID string } }
			must(t, eva.Do(ctx, "GET", "interactions", nil, &all))
			return len(all.Items)
		}
		letter := func(id string) string {
			return "From: Nobody <" + nobody + ">\nTo: " + helpDesk + "\nSubject: x\nMessage-ID: <" + id + "@example.org>\n\nHello\n"
		}
		reports := func() (flags []string) {
			for file, one := range p.Mail(helpDesk, "INBOX") {
				if strings.Contains(one, "report-type=delivery-status") {
					flags = append(flags, file)
				}
			}
			return flags
		}
		type delivery struct {
			State, Reason, Status string
			Addresses             []string
		}
		var mail struct {
			Answers, Automatic string
			Sends              []struct {
				State    string
				Delivery *delivery
			}
			Returned *delivery
		}

		p.Deliver(rui, helpDesk, letter("first"))
		offer, first := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/email/reply", m{"client_id": "1", "text": "We look."}, nil))
		within(t, "the agent does not learn that it came back", func() bool {
			must(t, bo.Do(ctx, "GET", "interactions/"+first+"/email", nil, &mail))
			// Whom it did not reach is remembered a moment after it is noted that it came back.
			return len(mail.Sends) == 1 && mail.Sends[0].Delivery != nil && len(mail.Sends[0].Delivery.Addresses) > 0
		})
		if d := mail.Sends[0].Delivery; d.State != "undelivered" || !strings.HasPrefix(d.Status, "5.") || len(d.Addresses) != 1 || d.Addresses[0] != nobody || mail.Sends[0].State != "sent" {
			t.Errorf("%+v %+v", mail.Sends[0], d)
		}
		within(t, "the report is not marked at the provider", func() bool {
			all := reports()
			return len(all) == 1 && strings.Contains(all[0], ",S")
		})
		if got := work(); got != 1 {
			t.Errorf("%d interactions: the report is work", got)
		}

		// The second comes back after the end: nobody reads the mailbox meanwhile.
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/complete", m{}, nil))
		p.Deliver(rui, helpDesk, letter("second"))
		offer, second := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		must(t, bo.Do(ctx, "GET", "interactions/"+second+"/email", nil, nil))
		p.StopIMAP()
		must(t, bo.Do(ctx, "POST", "interactions/"+second+"/email/reply", m{"client_id": "2", "text": "We look."}, nil))
		within(t, "it does not come back", func() bool { return len(reports()) == 2 })
		must(t, bo.Do(ctx, "POST", "interactions/"+second+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+second+"/complete", m{}, nil))
		acme.agent(t, "cy")
		cy, _ := acme.ready(t, "cy") // and had nothing to do yet
		p.StartIMAP()
		offer, third := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		mail.Sends, mail.Returned = nil, nil
		must(t, bo.Do(ctx, "GET", "interactions/"+third+"/email", nil, &mail))
		if mail.Answers != second || mail.Automatic != "report" || mail.Returned == nil || mail.Returned.State != "undelivered" || !strings.HasPrefix(mail.Returned.Status, "5.") {
			t.Errorf("%+v %+v", mail, mail.Returned)
		}

		must(t, bo.Do(ctx, "POST", "interactions/"+third+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+third+"/complete", m{}, nil))

		must(t, cy.Do(ctx, "PUT", "desk/presence", m{"presence": "offline"}, nil))

		// Of a message that somebody sent without us.
		p.Deliver(helpDesk, nobody, "From: "+helpDesk+"\nTo: "+nobody+"\nSubject: x\nMessage-ID: <elsewhere@shop.example>\n\nBy hand\n")
		offer, fourth := acme.offered(t, bo)
		must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		mail.Returned = nil
		mail.Answers = ""
		must(t, bo.Do(ctx, "GET", "interactions/"+fourth+"/email", nil, &mail))
		if mail.Automatic != "report" || mail.Answers != "" || mail.Returned != nil {
			t.Errorf("%+v", mail)
		}
		if got := work(); got != 4 {
			t.Errorf("%d interactions", got)
		}
	})
}

// A flow looks at the message: words, sender, header fields and size say which queue.
// Nothing of it is stored but the way that was taken.
func TestAFlowLooksAtTheMessage(t *testing.T) {
	const word = "reembolso-canary"
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailProvider(t, conf)
	n := start(t, conf, nil)
	acme, _ := house(t, n)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	acme.user(t, "eva", access.Supervisor)
	eva := acme.signIn(t, "eva")
	q, err := appsetup.Get[setup.Queue](ctx, acme.node.parts.setup, acme.admin, acme.queue)
	must(t, err)
	q.Value.Name = "Refunds"
	refunds, err := appsetup.Create(ctx, acme.node.parts.setup, acme.admin, q.Value)
	must(t, err)
	to := func(queue string) m { return m{"type": "queue", "queue": queue} }
	acme.mailbox(t, ana, p, helpDesk, m{"graph": m{"start": "look", "nodes": m{
		"look": m{"type": "branch", "cases": []m{
			{"if": `mail.automatic != ""`, "next": "end"},
			{"if": `mentions("REEMBOLSO-canary") and mail.domain == "example.org" and "` + helpDesk + `" in mail.to and mail.files == 0 and mail.size < 5000 and header("X-Shop") == "7"`, "next": "refunds"},
		}, "next": "others"},
		"refunds": to(refunds.ID), "others": to(acme.queue), "end": m{"type": "close"}}}})
	letter := func(id, header, text string) {
		p.Deliver(rui, helpDesk, "From: Rui <"+rui+">\nTo: "+helpDesk+"\nSubject: x\nMessage-ID: <"+id+"@example.org>\n"+header+"\n"+text+"\n")
	}
	letter("1", "X-Shop: 7\n", "Quero um "+word+", por favor.")
	letter("2", "", "Quero um "+word+", por favor.")
	letter("3", "X-Shop: 7\n", "Quero um reembolsinho-canary.")
	letter("4", "Auto-Submitted: auto-replied\n", word)
	within(t, "the messages are not where their words lead", func() bool {
		var all struct {
			Items []struct{ Queue, State string }
		}
		must(t, eva.Do(ctx, "GET", "interactions", nil, &all))
		found := map[string]int{}
		for _, one := range all.Items {
			found[one.State+" "+one.Queue]++
		}
		return found["queued "+refunds.ID] == 1 && found["queued "+acme.queue] == 2 && found["closed "] == 1
	})
	n.stop(t)
	must(t, filepath.WalkDir(conf.Data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(b), []byte("um "+word)) || bytes.Contains(b, []byte("X-Shop: 7")) {
			t.Errorf("%s has what a message says", path)
		}
		return err
	}))
}

// A mailbox is signed in to with its provider: nobody else can finish what a user began,
// the tokens are in no answer, one that ran out is renewed while it is followed, and
// consent that was withdrawn is told to the administrator until somebody signs in again.
func TestAMailboxIsSignedInToWithItsProvider(t *testing.T) {
	conf := settings(t, t.TempDir())
	conf.TLS.Mode, conf.Limits.Calls = "off", 0
	p := mailProvider(t, conf)
	n := start(t, conf, nil)
	acme, books := house(t, n)
	ctx := t.Context()
	ana := acme.signIn(t, "ana")
	acme.user(t, "eva", access.Supervisor)
	var flow, point struct{ ID string }
	must(t, ana.Do(ctx, "POST", "flows", m{"name": "Mail", "graph": m{"start": "queue", "nodes": m{"queue": m{"type": "queue", "queue": acme.queue}}}}, &flow))
	must(t, ana.Do(ctx, "POST", "entry-points", m{"name": "Mail", "channel": "email", "flow": flow.ID, "languages": []string{"en"}, "theme": m{"title": m{}, "welcome": m{}, "accent": "#336699", "position": "right", "mode": "auto"}, "attachments": m{"allowed": false, "max_mb": 1, "types": []string{}}}, &point))
	body := m{"name": "Help", "address": helpDesk, "imap": m{"host": "127.0.0.1", "port": p.IMAPS}, "smtp": m{"host": "127.0.0.1", "port": p.SMTPS}, "entry_point": point.ID, "sign": "oauth",
		"oauth": m{"provider": "other", "client_id": mailtest.Client, "authorize": p.Tokens.URL + "/authorize", "token": p.Tokens.URL + "/token", "scope": "mail"}, "client_secret": mailtest.ClientSecret}
	var box struct {
		ID       string
		Version  int
		SignedIn bool `json:"signed_in"`
	}
	must(t, ana.Do(ctx, "POST", "mailboxes", body, &box))
	path := "mailboxes/" + box.ID
	stands := func(state, reason string) {
		t.Helper()
		within(t, "the mailbox is not "+state+" "+reason, func() bool {
			var st struct {
				State string
				Fault struct{ Reason string }
			}
			must(t, ana.Do(ctx, "GET", path+"/status", nil, &st))
			return st.State == state && st.Fault.Reason == reason
		})
	}
	stands("failing", "signed_out")
	const back = "https://desk.example/app/setup/mail-sign-in"
	signIn := func() (state, code string) {
		t.Helper()
		var to struct{ URL string }
		must(t, ana.Do(ctx, "POST", path+"/sign-in", m{"back": back}, &to))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.Roots}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r, err := client.Get(to.URL)
		must(t, err)
		_ = r.Body.Close()
		where, err := r.Location()
		must(t, err)
		return where.Query().Get("state"), where.Query().Get("code")
	}
	state, code := signIn()
	refused(t, books.signIn(t, "ana").Do(ctx, "POST", "mailboxes/signed-in", m{"state": state, "code": code}, nil), 422)
	refused(t, acme.signIn(t, "ana").Do(ctx, "POST", "mailboxes/signed-in", m{"state": state, "code": code}, nil), 422) // another session
	refused(t, ana.Do(ctx, "POST", "mailboxes/signed-in", m{"state": state[:len(state)-4] + "AAAA", "code": code}, nil), 422)
	refused(t, acme.signIn(t, "eva").Do(ctx, "POST", path+"/sign-in", m{"back": back}, nil), 403)
	refused(t, books.signIn(t, "ana").Do(ctx, "POST", path+"/sign-in", m{"back": back}, nil), 404)
	refused(t, ana.Do(ctx, "POST", path+"/sign-in", m{"back": "http://elsewhere.example/"}, nil), 422)
	must(t, ana.Do(ctx, "POST", "mailboxes/signed-in", m{"state": state, "code": code}, nil))
	stands("connected", "")
	refused(t, ana.Do(ctx, "POST", "mailboxes/signed-in", m{"state": state, "code": code}, nil), 422) // a code is good once
	var raw []byte
	must(t, ana.Do(ctx, "GET", path, nil, &raw))
	must(t, json.Unmarshal(raw, &box))
	if !box.SignedIn || strings.Contains(string(raw), mailtest.ClientSecret) || strings.Contains(string(raw), "refresh") {
		t.Errorf("%s", raw)
	}
	count := func() int {
		var all struct{ Items []struct{ ID string } }
		must(t, acme.signIn(t, "eva").Do(ctx, "GET", "interactions", nil, &all))
		return len(all.Items)
	}
	letter := func(id string) string {
		return "From: " + rui + "\nTo: " + helpDesk + "\nSubject: x\nMessage-ID: <" + id + "@example.org>\n\n" + id + "\n"
	}
	renewed := p.Tokens.Renewed()
	p.Tokens.Expire()
	p.StopIMAP()
	p.StartIMAP()
	within(t, "the token was not renewed", func() bool { return p.Tokens.Renewed() > renewed })
	p.Deliver(rui, helpDesk, letter("renewed"))
	within(t, "what came is not work", func() bool { return count() == 1 })
	p.Tokens.Withdraw()
	p.StopIMAP()
	p.StartIMAP()
	stands("failing", "signed_out")
	state, code = signIn()
	must(t, ana.Do(ctx, "POST", "mailboxes/signed-in", m{"state": state, "code": code}, nil))
	stands("connected", "")

	// Another client: what was given is of no use for it, and goes to nobody else.
	var all m
	must(t, ana.Do(ctx, "GET", path, nil, &all))
	for name := range all {
		if slices.Contains([]string{"id", "created_at", "updated_at", "updated_by", "archived_at", "position"}, name) {
			delete(all, name)
		}
	}
	all["oauth"].(map[string]any)["client_id"] = "another"
	must(t, ana.Do(ctx, "PUT", path, all, &box))
	stands("failing", "signed_out")
}

// between is what stands between two texts.
func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
