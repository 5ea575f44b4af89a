package server

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/store"
)

type rejectionView struct {
	Sender, Silent string
	Reasons        []struct {
		ID, Name, Text, After, Folder string
		Version                       int64
	}
}

// An agent rejects an email for a reason: its sender is told once, in the thread and as by
// a machine; the message at the provider is moved, never deleted; the work is closed as
// rejected and its copy is gone. Machines are told nothing. A supervisor rejects what
// waits, and a flow what comes.
func TestAnEmailIsRejected(t *testing.T) {
	const subject, said = "canary-of-a-boat", "the-boat-says-canary"
	engines(t, func(t *testing.T, conf *config.Config) {
		p := mailProvider(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		acme.agent(t, "bo")
		bo, _ := acme.ready(t, "bo")
		acme.user(t, "eva", access.Supervisor)
		eva := acme.signIn(t, "eva")
		var boats, theirs struct {
			ID      string
			Version int64
		}
		must(t, ana.Do(ctx, "POST", "reject-reasons", m{"name": "Not for us", "text": m{"en": "We do not repair boats."}, "after": "move", "move_to": "Rejected"}, &boats))
		must(t, books.signIn(t, "ana").Do(ctx, "POST", "reject-reasons", m{"name": "Not for us"}, &theirs))
		graph := m{"start": "robots", "nodes": m{
			"robots": m{"type": "branch", "cases": []m{{"if": `mail.subject == "refuse this"`, "next": "no"}}, "next": "queue"},
			"no":     m{"type": "close", "reject": boats.ID},
			"queue":  m{"type": "queue", "queue": acme.queue}}}
		acme.mailbox(t, ana, p, helpDesk, m{"graph": graph})

		letter := func(id, more string) string {
			return "From: Rui <" + rui + ">\nTo: " + helpDesk + "\nSubject: " + subject + "\nMessage-ID: <" + id + "@example.org>\nDate: Sat, 28 Nov 2026 10:00:00 +0000\n" + more + "\n" + said + "\n"
		}
		taken := func(id, more string) (interaction, path string) {
			p.Deliver(rui, helpDesk, letter(id, more))
			offer, interaction := acme.offered(t, bo)
			must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
			return interaction, "interactions/" + interaction + "/email"
		}
		first, path := taken("first", "")
		var what rejectionView
		must(t, bo.Do(ctx, "GET", path+"/rejection", nil, &what))
		if what.Sender != rui || what.Silent != "" || len(what.Reasons) != 1 || what.Reasons[0].Text != "We do not repair boats." || what.Reasons[0].After != "move" || what.Reasons[0].Folder != "Rejected" {
			t.Fatalf("%+v", what)
		}
		acme.agent(t, "cy")
		cy := acme.signIn(t, "cy")
		reject := m{"reason": boats.ID, "version": boats.Version}
		refused(t, cy.Do(ctx, "POST", path+"/rejection", reject, nil), 404)
		refused(t, books.signIn(t, "ana").Do(ctx, "POST", path+"/rejection", reject, nil), 404)
		refused(t, bo.Do(ctx, "POST", path+"/rejection", m{"reason": theirs.ID, "version": theirs.Version}, nil), 422)
		refused(t, bo.Do(ctx, "POST", path+"/rejection", m{"reason": boats.ID, "version": boats.Version + 1}, nil), 409)

		// Held, and undone.
		must(t, bo.Do(ctx, "POST", path+"/rejection", m{"reason": boats.ID, "version": boats.Version, "hold": true}, nil))
		var mail struct{ Rejecting *struct{ Reason string } }
		must(t, bo.Do(ctx, "GET", path, nil, &mail))
		if mail.Rejecting == nil || mail.Rejecting.Reason != boats.ID {
			t.Errorf("%+v", mail)
		}
		must(t, bo.Do(ctx, "DELETE", path+"/rejection", nil, nil))
		refused(t, bo.Do(ctx, "DELETE", path+"/rejection", nil, nil), 409)

		// And done.
		within(t, "it cannot be rejected again", func() bool { return bo.Do(ctx, "POST", path+"/rejection", reject, nil) == nil })
		refused(t, bo.Do(ctx, "GET", path, nil, nil), 410)
		var record struct {
			Interaction struct {
				State       string
				CloseReason string `json:"close_reason"`
				RejectedFor string `json:"rejected_for"`
			}
		}
		must(t, eva.Do(ctx, "GET", "interactions/"+first, nil, &record))
		if i := record.Interaction; i.State != "closed" || i.CloseReason != "rejected" || i.RejectedFor != boats.ID {
			t.Errorf("%+v", i)
		}
		within(t, "the message is not moved at the provider", func() bool {
			return len(p.Mail(helpDesk, "Rejected")) == 1 && len(p.Mail(helpDesk, "INBOX")) == 0
		})
		told := func() (list []string) {
			for _, one := range p.Mail(rui, "INBOX") {
				list = append(list, one)
			}
			return list
		}
		within(t, "the sender is not told", func() bool { return len(told()) == 1 })
		for _, want := range []string{"In-Reply-To: <first@example.org>", "Subject: Re: " + subject, "Auto-Submitted: auto-replied", "We do not repair boats.", "Message-ID: <" + first + "."} {
			if !strings.Contains(told()[0], want) {
				t.Errorf("the sender is not told %q:\n%s", want, told()[0])
			}
		}

		// The same sender on the same day, and a machine: rejected, and told nothing.
		for id, c := range map[string][2]string{"second": {"", "written_today"}, "third": {"Auto-Submitted: auto-generated\n", "automatic"}} {
			_, path := taken(id, c[0])
			must(t, bo.Do(ctx, "GET", path+"/rejection", nil, &what))
			if what.Silent != c[1] {
				t.Errorf("%s: %q", id, what.Silent)
			}
			must(t, bo.Do(ctx, "POST", path+"/rejection", reject, nil))
		}
		within(t, "the messages are not moved", func() bool { return len(p.Mail(helpDesk, "Rejected")) == 3 })

		// What waits is rejected by a supervisor, and by nobody who has it not.
		must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
		p.Deliver(rui, helpDesk, letter("fourth", ""))
		waits := ""
		within(t, "it does not wait", func() bool {
			var open struct{ Items []struct{ ID, State string } }
			must(t, eva.Do(ctx, "GET", "interactions?state=queued", nil, &open))
			for _, i := range open.Items {
				waits = i.ID
			}
			return waits != ""
		})
		refused(t, bo.Do(ctx, "POST", "interactions/"+waits+"/email/rejection", reject, nil), 404)
		must(t, eva.Do(ctx, "POST", "interactions/"+waits+"/email/rejection", reject, nil))
		within(t, "what waited is not moved", func() bool { return len(p.Mail(helpDesk, "Rejected")) == 4 })

		// A flow rejects, and the sender of another address is told.
		p.Deliver(salesBox, helpDesk, "From: Eva <"+salesBox+">\nTo: "+helpDesk+"\nSubject: refuse this\nMessage-ID: <fifth@example.net>\n\n"+said+"\n")
		within(t, "the flow does not reject it", func() bool { return len(p.Mail(helpDesk, "Rejected")) == 5 })
		within(t, "who was rejected by the flow is not told", func() bool { return len(p.Mail(salesBox, "INBOX")) == 1 })
		if len(told()) != 1 {
			t.Errorf("the first sender was told %d times", len(told()))
		}
		var notes int
		must(t, n.keepers.db.Read(ctx, acme.ID, func(tx *store.Tx) error {
			lines, err := tx.AuditAfter(0, 1000)
			for _, l := range lines {
				if l.Action == "email.rejected" {
					notes++
				}
			}
			return err
		}))
		if notes != 5 {
			t.Errorf("the audit log has %d rejections", notes)
		}
		n.stop(t)

		places := map[string][]byte{"log": n.logs.Bytes()}
		must(t, filepath.WalkDir(conf.Data, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			places[strings.TrimPrefix(path, conf.Data)] = b
			return err
		}))
		for where, b := range places {
			for _, one := range []string{subject, said, rui} {
				if bytes.Contains(b, []byte(one)) {
					t.Errorf("%s has %q", where, one)
				}
			}
		}
	})
}
