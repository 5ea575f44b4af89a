package server

import (
	"testing"

	"nubitalk/internal/app/account"
	"nubitalk/internal/app/audit"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
)

// Whoever is shown what a person said, wrote or sent is in the audit log, once
// an hour, also without the right to see the contact itself.
func TestReadingAConversationIsNoted(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		conf.Limits.Calls = 0
		n := start(t, conf, nil)
		acme, books := house(t, n)
		v := acme.visitor(t, "ines")
		for name, look := range map[string]func(u *drive.User) error{
			"messages": func(u *drive.User) error {
				return u.Do(t.Context(), "GET", "interactions/"+v.Interaction+"/messages", nil, nil)
			},
			"detail": func(u *drive.User) error {
				return u.Do(t.Context(), "GET", "interactions/"+v.Interaction, nil, nil)
			},
			"watch": func(u *drive.User) error {
				line, err := u.Live(t.Context(), "")
				if err != nil {
					return err
				}
				defer line.Close()
				if err := line.Send(t.Context(), map[string]string{"type": "watch", "interaction": v.Interaction}); err != nil {
					return err
				}
				if err := line.Send(t.Context(), map[string]string{"type": "ping"}); err != nil {
					return err
				}
				for {
					f, err := line.Next(t.Context())
					if err != nil || f.Type == "pong" {
						return err
					}
				}
			},
		} {
			user := acme.reader(t, "m"+name)
			u := acme.signIn(t, "m"+name)
			for range 2 {
				if err := look(u); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			if lines := looks(t, acme, user); lines != 1 {
				t.Errorf("%s: %d lines in the audit log, want one", name, lines)
			}
		}
		other := books.reader(t, "m")
		refused(t, books.signIn(t, "m").Do(t.Context(), "GET", "interactions/"+v.Interaction+"/messages", nil, nil), 404)
		if n := looks(t, books, other); n != 0 {
			t.Errorf("who saw nothing has %d lines", n)
		}
	})
}

// reader makes a user who may read conversations and no contact.
func (c *company) reader(t *testing.T, name string) string {
	t.Helper()
	u, _, err := c.node.parts.accounts.CreateUser(t.Context(), c.admin, account.NewUser{UserName: name, Roles: []access.Role{access.Monitor}})
	if err != nil {
		t.Fatal(err)
	}
	seed := &demo.Seeder{Parts: c.node.contents(), Hash: c.hash(t)}
	if err := seed.OpenAccount(t.Context(), c.ID, u.ID); err != nil {
		t.Fatal(err)
	}
	return u.ID
}

// looks counts the lines that say that the user saw a contact.
func looks(t *testing.T, c *company, user string) int {
	t.Helper()
	lines, _, err := c.node.parts.audit.Entries(t.Context(), c.admin, audit.Query{Actor: user, Action: "contact.seen"})
	if err != nil {
		t.Fatal(err)
	}
	return len(lines)
}
