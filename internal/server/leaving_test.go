package server

import (
	"errors"
	"slices"
	"testing"

	"nubitalk/internal/app/account"
	appsetup "nubitalk/internal/app/setup"
	"nubitalk/internal/core/access"
	"nubitalk/internal/core/setup"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// engines runs a test of a whole node once on each engine, beside other tests: they wait
// for tones and timers nearly all of their time.
func engines(t *testing.T, test func(t *testing.T, c *config.Config)) {
	t.Parallel()
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) { on(t, driver, test) })
	}
}

// on runs such a test on one of the engines.
func on(t *testing.T, driver string, test func(t *testing.T, c *config.Config)) {
	t.Helper()
	t.Parallel()
	c := settings(t, t.TempDir())
	c.TLS.Mode = "off"
	c.Limits.Calls = 0 // one address asks for all
	if driver == store.Postgres {
		c.Database.Driver, c.Keys.Driver = driver, driver
		for _, url := range []*config.Secret{&c.Database.URL, &c.Keys.URL} {
			if err := url.UnmarshalText([]byte(storetest.Postgres(t))); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Check(nil); err != nil {
			t.Fatal(err)
		}
	}
	test(t, c)
}

// company is a tenant of a whole node, open at all hours, with users that have
// the demo's password. The first, ana, is administrator and agent.
type company struct {
	account.Organisation
	node  *node
	admin access.Actor
	queue string // the one it starts with
}

// house installs the operator and two tenants.
func house(t *testing.T, n *node) (acme, books *company) {
	t.Helper()
	seed := &demo.Seeder{Parts: n.contents()}
	for _, o := range demo.Organisations()[:1] {
		if err := seed.Put(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return open(t, seed, n, "acme"), open(t, seed, n, "books")
}

func open(t *testing.T, seed *demo.Seeder, n *node, slug string) *company {
	t.Helper()
	org, first := settle(t, seed, n, slug)
	c := &company{Organisation: org, node: n, admin: access.Actor{Tenant: org.ID, User: first, Roles: []access.Role{access.Administrator}}}
	openAlways(t, n, org)
	queues, err := n.parts.setup.List(t.Context(), c.admin, setup.KindQueue, false)
	if err != nil || len(queues) == 0 {
		t.Fatal(err, queues)
	}
	c.queue = queues[0].ID
	return c
}

// agent makes a user who handles work and gives its id.
func (c *company) agent(t *testing.T, name string) string { return c.user(t, name, access.Agent) }

func (c *company) user(t *testing.T, name string, role access.Role) string {
	t.Helper()
	u, _, err := c.node.parts.accounts.CreateUser(t.Context(), c.admin, account.NewUser{UserName: name, Roles: []access.Role{role}})
	if err != nil {
		t.Fatal(err)
	}
	seed := &demo.Seeder{Parts: c.node.contents(), Hash: c.hash(t)}
	if err := seed.OpenAccount(t.Context(), c.ID, u.ID); err != nil {
		t.Fatal(err)
	}
	if err := c.node.parts.floor.Reload(t.Context(), c.ID); err != nil { // a floor hears of a user in its own time
		t.Fatal(err)
	}
	return u.ID
}

// hash is the first user's, whose password is the demo's.
func (c *company) hash(t *testing.T) (hash string) {
	t.Helper()
	err := c.node.keepers.db.Read(t.Context(), c.ID, func(tx *store.Tx) error {
		u, err := tx.User(c.admin.User)
		hash = u.PasswordHash
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

func (c *company) signIn(t *testing.T, name string) *drive.User {
	t.Helper()
	u, err := drive.SignIn(t.Context(), drive.Client(), c.node.URL(), drive.Login{Organisation: c.Slug, UserName: name, Password: demo.Password})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// ready signs an agent in with a desk and makes it ready.
func (c *company) ready(t *testing.T, name string) (*drive.User, *drive.Live) {
	t.Helper()
	u := c.signIn(t, name)
	line, err := u.Live(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	line.Stay()
	t.Cleanup(line.Close)
	within(t, "the floor did not hear of the desk of "+name, func() bool { return desk(t, u).Me.Online })
	if err := u.Do(t.Context(), "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil); err != nil {
		t.Fatal(err)
	}
	return u, line
}

// atDesk has a user's desk be there again, after its node began anew: who has none loses
// its work after 15 seconds.
func atDesk(t *testing.T, u *drive.User) {
	t.Helper()
	line, err := u.Live(t.Context(), "")
	must(t, err)
	line.Stay()
	t.Cleanup(line.Close)
}

// visitor arrives and waits.
func (c *company) visitor(t *testing.T, name string) *drive.Visitor {
	t.Helper()
	entries, err := c.node.parts.setup.List(t.Context(), c.admin, setup.KindEntryPoint, false)
	if err != nil || len(entries) == 0 {
		t.Fatal(err, entries)
	}
	v, _, err := drive.Chat(t.Context(), drive.Client(), c.node.URL(), entries[0].ID, name, name+"@person.example", "Hello", "c1")
	if err != nil {
		t.Fatal(err)
	}
	lead(t, v)
	return v
}

func (c *company) members(t *testing.T) []string {
	t.Helper()
	q, err := appsetup.Get[setup.Queue](t.Context(), c.node.parts.setup, c.admin, c.queue)
	if err != nil {
		t.Fatal(err)
	}
	return q.Value.Members
}

func (c *company) setMembers(t *testing.T, users ...string) {
	t.Helper()
	q, err := appsetup.Get[setup.Queue](t.Context(), c.node.parts.setup, c.admin, c.queue)
	if err != nil {
		t.Fatal(err)
	}
	q.Value.Members = users
	if _, err := appsetup.Update(t.Context(), c.node.parts.setup, c.admin, c.queue, q.Version, q.Value); err != nil {
		t.Fatal(err)
	}
}

func desk(t *testing.T, u *drive.User) (d deskView) {
	t.Helper()
	if err := u.Do(t.Context(), "GET", "desk", nil, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// take waits for an offer of an interaction and accepts it.
func take(t *testing.T, u *drive.User, interaction string) {
	t.Helper()
	var offer string
	within(t, "no offer reached the desk", func() bool {
		for _, o := range desk(t, u).Offers {
			if o.Interaction.ID == interaction {
				offer = o.ID
			}
		}
		return offer != ""
	})
	if err := u.Do(t.Context(), "POST", "offers/"+offer+"/accept", map[string]string{}, nil); err != nil {
		t.Fatal(err)
	}
}

// ended reads a live connection until the other side closes it.
func ended(t *testing.T, line *drive.Live) {
	t.Helper()
	for {
		if _, err := line.Next(t.Context()); err != nil {
			if t.Context().Err() != nil {
				t.Error("the live connection stays")
			}
			return
		}
	}
}

func refused(t *testing.T, err error, status int) {
	t.Helper()
	var p *drive.Problem
	if !errors.As(err, &p) || p.Status != status {
		t.Errorf("the answer is %v, not %d", err, status)
	}
}

func TestADeletedUserLeavesItsQueuesAndItsWork(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ben, cat, other := acme.agent(t, "ben"), acme.agent(t, "cat"), books.agent(t, "ben")
		acme.setMembers(t, ben, cat)
		books.setMembers(t, other)

		desktop, line := acme.ready(t, "ben")
		first := acme.visitor(t, "Inês")
		take(t, desktop, first.Interaction)
		second := acme.visitor(t, "Rui") // waits behind: offered to ben, who has room
		admin := acme.signIn(t, "ana")
		if err := admin.Do(t.Context(), "DELETE", "users/"+ben, nil, nil); err != nil {
			t.Fatal(err)
		}

		if got := acme.members(t); !slices.Equal(got, []string{cat}) {
			t.Errorf("the queue's members are %v, not %s alone", got, cat)
		}
		if got := books.members(t); !slices.Equal(got, []string{other}) {
			t.Errorf("the other tenant's queue has %v", got)
		}
		ended(t, line)
		refused(t, desktop.Do(t.Context(), "GET", "desk", nil, nil), 401)
		colleague, _ := acme.ready(t, "cat")
		take(t, colleague, first.Interaction) // what ben held comes first
		take(t, colleague, second.Interaction)
		refused(t, admin.Do(t.Context(), "DELETE", "users/"+cat, nil, nil), 409) // the queue's last member
		within(t, "the work did not go to the colleague", func() bool { return len(desk(t, colleague).Work) == 2 })
	})
}

// Locking is for a while: the account keeps its place in the queues and gives
// its work back at once.
func TestALockedUserGivesItsWorkBack(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		ben, cat := acme.agent(t, "ben"), acme.agent(t, "cat")
		books.agent(t, "ben")
		acme.setMembers(t, ben, cat)
		desktop, line := acme.ready(t, "ben")
		elsewhere, _ := books.ready(t, "ben")
		v := acme.visitor(t, "Inês")
		take(t, desktop, v.Interaction)
		admin := acme.signIn(t, "ana")
		var u account.User
		if err := admin.Do(t.Context(), "GET", "users/"+ben, nil, &u); err != nil {
			t.Fatal(err)
		}
		if err := admin.Do(t.Context(), "PATCH", "users/"+ben, map[string]any{"version": u.Version, "status": "locked"}, nil); err != nil {
			t.Fatal(err)
		}
		ended(t, line)
		colleague, _ := acme.ready(t, "cat")
		take(t, colleague, v.Interaction)
		if got := acme.members(t); !slices.Equal(got, []string{ben, cat}) {
			t.Errorf("the queue's members are %v", got)
		}
		if d := desk(t, elsewhere); !d.Me.Online {
			t.Error("the other tenant's user of the same name lost its desk")
		}
	})
}
