package server

import (
	"context"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"nubitalk/internal/app/account"
	"nubitalk/internal/core/access"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store/storetest"
)

// cluster starts NATS on loopback and gives the settings of nodes that share it,
// two PostgreSQL databases, the root key and the files.
func clusterSettings(t *testing.T) func(name string) *config.Config {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, NoSigs: true, NoLog: true, MaxPayload: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the test's message server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	rows, keys, shared := storetest.Postgres(t), storetest.Postgres(t), t.TempDir()
	return func(name string) *config.Config {
		c := settings(t, filepath.Join(shared, name))
		c.TLS.Mode = "off"
		c.Database.Driver, c.Keys.Driver = "postgres", "postgres"
		c.Limits.Calls = 0 // these tests ask again and again
		for to, value := range map[*config.Secret]string{&c.Database.URL: rows, &c.Keys.URL: keys, &c.Bus.URL: "nats://" + s.Addr().String()} {
			if err := to.UnmarshalText([]byte(value)); err != nil {
				t.Fatal(err)
			}
		}
		c.Keys.Root, c.Files.Folder = filepath.Join(shared, "root.key"), filepath.Join(shared, "files")
		if err := c.Check(nil); err != nil {
			t.Fatal(err)
		}
		return c
	}
}

// within asks again until fn is content: events reach nodes in their own time.
func within(t *testing.T, what string, fn func() bool) {
	t.Helper()
	withinTime(t, 3*time.Minute, what, fn)
}

func withinTime(t *testing.T, most time.Duration, what string, fn func() bool) {
	t.Helper()
	deadline := time.Now().Add(most)
	for !fn() {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(lookAgain)
	}
}

// lookAgain is the pause between two looks at what is waited for: tests run side
// by side, and an address may ask so often only.
const lookAgain = 50 * time.Millisecond

type deskView struct {
	Me struct {
		Online   bool
		Aside    int
		Presence string
	}
	Offers []struct {
		ID          string
		Interaction struct{ ID string }
	}
	Work []struct{ ID, State string }
}

func TestEveryNodeAnswersForEveryTenant(t *testing.T) {
	node := clusterSettings(t)
	a := start(t, node("a"), nil) // takes the floor of the tenant to come
	ctx := t.Context()
	org, admin := install(t, a)
	b := start(t, node("b"), nil)
	if holder := b.parts.cluster.elsewhere(ctx, org.ID); holder != a.data.node {
		t.Fatalf("the floor is at %q, not at the first node", holder)
	}

	c := drive.Client()
	login := drive.Login{Organisation: org.Slug, UserName: admin, Password: demo.Password}
	agent, err := drive.SignIn(ctx, c, b.URL(), login)
	if err != nil {
		t.Fatal(err)
	}
	line, err := agent.Live(ctx, "") // a desk on the node that does not hold the floor
	if err != nil {
		t.Fatal(err)
	}
	line.Stay()
	t.Cleanup(func() { line.Close() })
	desk := func() (d deskView) {
		if err := agent.Do(ctx, "GET", "desk", nil, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	within(t, "the floor did not hear of the desk on the other node", func() bool { return desk().Me.Online })
	if err := agent.Do(ctx, "PUT", "desk/presence", map[string]string{"presence": "ready"}, nil); err != nil {
		t.Fatal(err)
	}

	for _, path := range []string{"shelved", "parked-calls"} {
		if err := agent.Do(ctx, "GET", path, nil, nil); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}

	var entries struct{ Items []struct{ ID string } }
	if err := agent.Do(ctx, "GET", "entry-points", nil, &entries); err != nil || len(entries.Items) == 0 {
		t.Fatal(err, entries)
	}
	openAlways(t, a, org)
	visitor, _, err := drive.Chat(ctx, c, b.URL(), entries.Items[0].ID, "Inês", "", "Hello", "c1")
	if err != nil {
		t.Fatal(err)
	}
	lead(t, visitor)
	var offer string
	within(t, "no offer reached the desk on the other node", func() bool {
		if d := desk(); len(d.Offers) > 0 {
			offer = d.Offers[0].ID
		}
		return offer != ""
	})
	if err := agent.Do(ctx, "POST", "offers/"+offer+"/accept", map[string]string{}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := visitor.Say(ctx, "c2", "Are you there?"); err != nil {
		t.Fatal(err)
	}
	within(t, "the agent's work is not active", func() bool { d := desk(); return len(d.Work) == 1 && d.Work[0].State == "active" })

	// The first node goes, and its floor comes to the second.
	a.stop(t)
	within(t, "the floor did not move", func() bool {
		var d deskView
		return agent.Do(ctx, "GET", "desk", nil, &d) == nil && len(d.Work) == 1 && d.Me.Online
	})
	if _, err := visitor.Say(ctx, "c3", "Still there?"); err != nil {
		t.Error(err)
	}
}

// install makes the operator and one tenant, whose first user is administrator
// and agent with the demo's password.
func install(t *testing.T, n *node) (account.Organisation, string) {
	t.Helper()
	ctx := t.Context()
	seed := &demo.Seeder{Parts: n.contents()}
	for _, o := range demo.Organisations()[:1] {
		if err := seed.Put(ctx, o); err != nil {
			t.Fatal(err)
		}
	}
	org, _ := settle(t, seed, n, "acme")
	return org, "ana"
}

// settle makes a tenant and gives it with its first user's id.
func settle(t *testing.T, seed *demo.Seeder, n *node, slug string) (account.Organisation, string) {
	t.Helper()
	ctx := t.Context()
	o := demo.Organisation{NewOrganisation: account.NewOrganisation{Kind: account.KindTenant, Slug: slug, Name: slug, Language: "en", TimeZone: "Europe/Lisbon", Administrator: "ana"}, Parent: demo.OperatorSlug}
	org, first, err := seed.Found(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.OpenAccount(ctx, org.ID, first); err != nil {
		t.Fatal(err)
	}
	actor := access.Actor{Tenant: org.ID, User: first, Roles: []access.Role{access.Administrator}}
	user, err := n.parts.accounts.User(ctx, actor, first)
	if err != nil {
		t.Fatal(err)
	}
	roles := []access.Role{access.Administrator, access.Agent}
	if _, err := n.parts.accounts.UpdateUser(ctx, actor, first, user.Version, account.UserChange{Roles: &roles}); err != nil {
		t.Fatal(err)
	}
	n.founded(ctx, org.ID)
	return org, first
}

// openAlways makes the tenant's opening hours all day, every day.
func openAlways(t *testing.T, n *node, org account.Organisation) {
	t.Helper()
	ctx := t.Context()
	actor := access.Actor{Tenant: org.ID, User: "system", Roles: []access.Role{access.Administrator}}
	list, err := n.parts.setup.List(ctx, actor, "hours", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range list {
		var body map[string]any
		if err := json.Unmarshal(h.Body, &body); err != nil {
			t.Fatal(err)
		}
		var week []map[string]any
		for day := range 7 {
			week = append(week, map[string]any{"day": day, "from": "00:00", "to": "24:00"})
		}
		body["weekly"], body["dates"] = week, []any{}
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.parts.setup.Put(ctx, actor, "hours", h.ID, h.Version, raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.parts.floor.Reload(context.WithoutCancel(ctx), org.ID); err != nil {
		t.Fatal(err)
	}
}

// lead answers the flow's questions until the visitor waits.
func lead(t *testing.T, v *drive.Visitor) {
	t.Helper()
	asked := map[string]bool{}
	within(t, "the flow did not end", func() bool {
		c, err := v.Conversation(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.Messages {
			if len(m.Buttons) > 0 && !asked[m.ID] {
				asked[m.ID] = true
				if _, err := v.Choose(t.Context(), "choice-"+m.ID, m.Buttons[0].Value); err != nil {
					t.Fatal(err)
				}
			}
		}
		return c.State.State == "queued" || c.State.State == "offered"
	})
}

func TestOnlyWhatNeedsAFloorIsPassedOn(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/desk": true, "/api/v1/offers/off_1/accept": true, "/api/v1/interactions/int_1/messages": true, "/api/v1/floor": true, "/api/v1/alerts/alt_1/acknowledge": true,
		"/api/v1/emails": true, "/api/v1/email-writers": true, "/api/v1/shelved": true, "/api/v1/shelved/int_1/take": true, "/api/v1/parked-calls": true, "/api/v1/parked-calls/int_1/take": true,
		"/api/v1/queues/que_1/open": true, "/api/v1/queues/que_1/empty": true, "/api/v1/queues/que_1": false, "/api/v1/flows/flo_1/today": true, "/api/v1/flows/flo_1": false, "/api/v1/mailboxes/mbx_1/status": true, "/api/v1/mailboxes/try": false,
		"/api/v1/users/usr_1/why": true, "/api/v1/users/usr_1": false, "/api/v1/users": false,
		"/chat/v1/conversation": true, "/chat/v1/entry-points/ent_1/conversations": true,
		"/api/v1/interactions/int_1/attachments/att_1": false, "/chat/v1/conversation/attachments": false,
		"/api/v1/sign-in": false, "/api/v1/me": false, "/api/v1/live": false, "/chat/v1/socket": false, "/app/": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://x"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := needsFloor(r); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	tenant := "ten_" + strings.Repeat("0", 26)
	for token, want := range map[string]bool{"nbs_" + tenant + ".x": true, "nbk_" + tenant + ".x": true, "nbv_" + tenant + ".x": true, "nbh_" + tenant + ".x": true,
		"nbs_" + tenant: false, "abc_" + tenant + ".x": false, "nbs_opr_1.x": false, "": false} {
		if _, ok := tokenTenant(token); ok != want {
			t.Errorf("%q: %v", token, ok)
		}
	}
}
