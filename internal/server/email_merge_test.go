package server

import (
	"strings"
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/acd"
	"nubitalk/internal/server/config"
)

type mergedView struct {
	Subject, Text string
	Merged        []string
	Into          string `json:"merged_into"`
}

// Two emails about one matter go on in one: both are read there, also after their folder
// was numbered anew and the program started anew; an answer refers to both; the provider is
// told of both at the end. What another agent has, or two different people wrote, is not
// joined unseen. One that is taken out is work of its own, and so is a merge undone.
func TestTwoEmailsGoOnInOne(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		p := mailProvider(t, conf)
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		user := acme.agent(t, "bo")
		several := map[acd.Channel]int{acd.Email: 3}
		before, err := n.parts.accounts.User(ctx, acme.admin, user)
		must(t, err)
		_, err = n.parts.accounts.UpdateUser(ctx, acme.admin, user, before.Version, account.UserChange{Capacity: &several})
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))
		bo, _ := acme.ready(t, "bo")
		acme.user(t, "eva", access.Supervisor)
		eva := acme.signIn(t, "eva")
		acme.mailbox(t, ana, p, helpDesk, nil)
		taken := func(from, id, more string) string {
			p.Deliver(from, helpDesk, "From: <"+from+">\nTo: "+helpDesk+"\nSubject: "+id+"\nMessage-ID: <"+id+"@example.org>\n"+more+"\n"+id+" says\n")
			offer, interaction := acme.offered(t, bo)
			must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
			return interaction
		}
		read := func(interaction string) (mail mergedView) {
			within(t, "it cannot be read", func() bool { return bo.Do(ctx, "GET", "interactions/"+interaction+"/email", nil, &mail) == nil })
			return mail
		}
		state := func(interaction string) (state, reason, into string) {
			var d struct {
				Interaction struct {
					State       string
					CloseReason string `json:"close_reason"`
					MergedInto  string `json:"merged_into"`
				}
			}
			must(t, eva.Do(ctx, "GET", "interactions/"+interaction, nil, &d))
			return d.Interaction.State, d.Interaction.CloseReason, d.Interaction.MergedInto
		}
		first, second := taken(rui, "first", "References: <zero@example.org>\n"), taken(rui, "second", "")
		path := "interactions/" + first + "/email"
		var list struct {
			Items []struct {
				Interaction, Sender, Subject string
				Same                         bool `json:"same_sender"`
				Mine                         bool
			}
		}
		must(t, bo.Do(ctx, "GET", path+"/duplicates", nil, &list))
		if len(list.Items) != 1 || list.Items[0].Interaction != second || list.Items[0].Subject != "second" || !list.Items[0].Same || !list.Items[0].Mine {
			t.Fatalf("%+v", list.Items)
		}
		refused(t, books.signIn(t, "ana").Do(ctx, "POST", path+"/merge", m{"with": second}, nil), 404)
		refused(t, bo.Do(ctx, "POST", path+"/merge", m{"with": first}, nil), 422)

		// Merged, and undone: it is the agent's again, as work of its own.
		must(t, bo.Do(ctx, "POST", path+"/merge", m{"with": second}, nil))
		if s, why, into := state(second); s != "closed" || why != "transferred" || into != first {
			t.Errorf("%s %s %s", s, why, into)
		}
		refused(t, bo.Do(ctx, "POST", path+"/merge", m{"with": second}, nil), 404)
		if mail := read(first); len(mail.Merged) != 1 || mail.Merged[0] != second {
			t.Errorf("%+v", mail)
		}
		if mail := read(second); mail.Text != "second says" || mail.Into != first {
			t.Errorf("%+v", mail)
		}
		refused(t, bo.Do(ctx, "POST", "interactions/"+second+"/email/reply", m{"client_id": "x", "text": "x"}, nil), 409)
		var made struct{ ID string }
		must(t, bo.Do(ctx, "POST", path+"/split", m{"email": second, "undo": true}, &made))
		if s, _, _ := state(made.ID); s != "active" {
			t.Errorf("it is %s when the merge is undone", s)
		}
		if mail := read(made.ID); mail.Text != "second says" || len(read(first).Merged) != 0 {
			t.Errorf("%+v", mail)
		}
		refused(t, bo.Do(ctx, "POST", path+"/split", m{"email": second}, nil), 422)

		// Merged again. The folder is numbered anew, and the program starts anew.
		second = made.ID
		must(t, bo.Do(ctx, "POST", path+"/merge", m{"with": second}, nil))
		p.StopIMAP()
		p.Renumber(helpDesk, "INBOX")
		p.StartIMAP()
		n.stop(t)
		again := start(t, conf, nil)
		acme.node = again
		bo, eva = acme.signIn(t, "bo"), acme.signIn(t, "eva")
		var open struct{ Items []struct{ ID string } }
		must(t, eva.Do(ctx, "GET", "interactions?state=open", nil, &open))
		if len(open.Items) != 1 || open.Items[0].ID != first {
			t.Errorf("%+v are open", open.Items)
		}
		if one, other := read(first), read(second); one.Text != "first says" || other.Text != "second says" || other.Into != first {
			t.Errorf("%+v %+v", one, other)
		}
		bo, _ = acme.ready(t, "bo")
		within(t, "it is not the agent's again", func() bool {
			for _, o := range desk(t, bo).Offers {
				_ = bo.Do(ctx, "POST", "offers/"+o.ID+"/accept", m{}, nil)
			}
			s, _, _ := state(first)
			return s == "active"
		})

		// One answer, which refers to both; then the merge is not undone any more.
		must(t, bo.Do(ctx, "POST", path+"/reply", m{"client_id": "1", "text": "We look for both."}, nil))
		var answer string
		within(t, "the answer does not arrive", func() bool {
			for _, one := range p.Mail(rui, "INBOX") {
				answer = one
			}
			return answer != ""
		})
		flat := strings.Join(strings.Fields(answer), " ")
		for _, want := range []string{"In-Reply-To: <first@example.org> <second@example.org>", "References: <zero@example.org> <first@example.org> <second@example.org>"} {
			if !strings.Contains(flat, want) {
				t.Errorf("the answer does not say %q:\n%s", want, answer)
			}
		}
		refused(t, bo.Do(ctx, "POST", path+"/split", m{"email": second, "undo": true}, nil), 409)

		// Another's is refused until both addresses are named; then it is taken out to the queue.
		third := taken(salesBox, "third", "")
		refused(t, bo.Do(ctx, "POST", path+"/merge", m{"with": third}, nil), 422)
		refused(t, bo.Do(ctx, "POST", path+"/merge", m{"with": third, "senders": []string{rui}}, nil), 422)
		must(t, bo.Do(ctx, "POST", path+"/merge", m{"with": third, "senders": []string{rui, salesBox}}, nil))
		must(t, bo.Do(ctx, "PUT", "desk/presence", m{"presence": "not_ready"}, nil))
		must(t, bo.Do(ctx, "POST", path+"/split", m{"email": third, "queue": acme.queue}, &made))
		if s, _, _ := state(made.ID); s != "queued" {
			t.Errorf("it is %s when it was taken out to a queue", s)
		}

		// A colleague has it meanwhile: who comes second is told.
		acme.agent(t, "cy")
		cy, _ := acme.ready(t, "cy")
		offer, got := acme.offered(t, cy)
		if got != made.ID {
			t.Fatalf("%s is offered", got)
		}
		both := m{"with": made.ID, "senders": []string{rui, salesBox}}
		refused(t, bo.Do(ctx, "POST", path+"/merge", both, nil), 409)
		must(t, cy.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		refused(t, bo.Do(ctx, "POST", path+"/merge", both, nil), 409)
		refused(t, cy.Do(ctx, "POST", path+"/merge", both, nil), 404)

		// What answers the email that was taken out goes on there, and at the end the provider
		// is told of both that went on in one.
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/complete", m{}, nil))
		refused(t, bo.Do(ctx, "GET", path, nil, nil), 410)
		refused(t, bo.Do(ctx, "GET", "interactions/"+second+"/email", nil, nil), 410)
		within(t, "the provider is not told of both", func() bool {
			marked := 0
			for file, one := range p.Mail(helpDesk, "INBOX") {
				if (strings.Contains(one, "<first@") || strings.Contains(one, "<second@")) && strings.Contains(file, "RS") {
					marked++
				}
			}
			return marked == 2
		})
		if mail := (mergedView{}); cy.Do(ctx, "GET", "interactions/"+made.ID+"/email", nil, &mail) != nil || mail.Text != "third says" {
			t.Errorf("%+v", mail)
		}
	})
}

// Of emails of two people that go on in one, the provider is told that it was answered of
// those alone whom an answer reached. Whose business the other email is not learns nothing
// of who wrote it.
func TestOnlyWhoWasAnsweredIsMarkedSo(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		p := mailProvider(t, conf)
		n := start(t, conf, nil)
		acme, _ := house(t, n)
		ctx := t.Context()
		ana := acme.signIn(t, "ana")
		user := acme.agent(t, "bo")
		several := map[acd.Channel]int{acd.Email: 3}
		before, err := n.parts.accounts.User(ctx, acme.admin, user)
		must(t, err)
		_, err = n.parts.accounts.UpdateUser(ctx, acme.admin, user, before.Version, account.UserChange{Capacity: &several})
		must(t, err)
		must(t, n.parts.floor.Reload(ctx, acme.ID))
		bo, _ := acme.ready(t, "bo")
		acme.mailbox(t, ana, p, helpDesk, nil)
		taken := func(from, id string) string {
			p.Deliver(from, helpDesk, "From: <"+from+">\nTo: "+helpDesk+"\nSubject: "+id+"\nMessage-ID: <"+id+"@example.org>\n\n"+id+" says\n")
			offer, interaction := acme.offered(t, bo)
			must(t, bo.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
			return interaction
		}
		const eva = "eva@example.net"
		first, same, another := taken(rui, "first"), taken(rui, "same"), taken(eva, "another")
		path := "interactions/" + first + "/email"

		// A colleague is told the same of an email that is not its business, whoever wrote it.
		acme.agent(t, "cy")
		cy, _ := acme.ready(t, "cy")
		p.Deliver(rui, helpDesk, "From: <"+rui+">\nTo: "+helpDesk+"\nSubject: x\nMessage-ID: <cys@example.org>\n\nx\n")
		offer, cys := acme.offered(t, cy)
		must(t, cy.Do(ctx, "POST", "offers/"+offer+"/accept", m{}, nil))
		for _, with := range []string{same, another} {
			refused(t, cy.Do(ctx, "POST", "interactions/"+cys+"/email/merge", m{"with": with}, nil), 409)
		}

		must(t, bo.Do(ctx, "POST", path+"/merge", m{"with": same}, nil))
		must(t, bo.Do(ctx, "POST", path+"/merge", m{"with": another, "senders": []string{rui, eva}}, nil))
		must(t, bo.Do(ctx, "POST", path+"/reply", m{"client_id": "1", "text": "We look."}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/finish", m{}, nil))
		must(t, bo.Do(ctx, "POST", "interactions/"+first+"/complete", m{}, nil))
		flags := func(id string) string {
			for file, one := range p.Mail(helpDesk, "INBOX") {
				if strings.Contains(one, "Message-ID: <"+id+"@") {
					_, all, _ := strings.Cut(file, ":2,")
					return all
				}
			}
			return ""
		}
		within(t, "the provider is not told of all", func() bool {
			return strings.Contains(flags("first"), "S") && strings.Contains(flags("same"), "S") && strings.Contains(flags("another"), "S")
		})
		for id, answered := range map[string]bool{"first": true, "same": true, "another": false} {
			if got := flags(id); strings.Contains(got, "R") != answered {
				t.Errorf("%s is marked %s", id, got)
			}
		}
	})
}
