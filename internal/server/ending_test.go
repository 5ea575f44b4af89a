package server

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"nubitalk/internal/api"
	"nubitalk/internal/app/account"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/base/secret"
	"nubitalk/internal/core/erasure"
	"nubitalk/internal/server/config"
	"nubitalk/internal/server/demo"
	"nubitalk/internal/server/drive"
	"nubitalk/internal/store"
	"nubitalk/internal/vault"
)

// operator signs the operator in, who ends organisations.
func operator(t *testing.T, n *node) *drive.User {
	t.Helper()
	o := demo.Organisations()[0]
	u, err := drive.SignIn(t.Context(), drive.Client(), n.URL(), drive.Login{Organisation: o.Slug, UserName: o.Administrator, Password: demo.Password})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// end ends a tenant by the operator's API.
func end(t *testing.T, by *drive.User, org id.Tenant) (o account.Organisation) {
	t.Helper()
	if err := by.Do(t.Context(), "GET", "organisations/"+string(org), nil, &o); err != nil {
		t.Fatal(err)
	}
	path := "organisations/" + string(org) + "/end"
	refused(t, by.Do(t.Context(), "POST", path, map[string]any{"version": 99, "days": 0, "name": o.Name}, nil), 409)
	refused(t, by.Do(t.Context(), "POST", path, map[string]any{"version": o.Version, "days": 0, "name": "Another"}, nil), 422)
	if err := by.Do(t.Context(), "POST", path, map[string]any{"version": o.Version, "days": 0, "name": o.Name}, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// sealedValue is a value at rest, as an old backup of the database has it.
type sealedValue struct {
	tenant         id.Tenant
	contact, where string
	value          secret.Sealed
}

// backup takes one value of a person and one of the tenant.
func (c *company) backup(t *testing.T, interaction string) (out []sealedValue) {
	t.Helper()
	name := "Ana Sá"
	u, err := c.node.parts.accounts.User(t.Context(), c.admin, c.admin.User)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.node.parts.accounts.UpdateMe(t.Context(), c.admin, u.Version, &account.ProfileChange{DisplayName: &name}, nil); err != nil {
		t.Fatal(err)
	}
	err = c.node.keepers.db.Read(t.Context(), c.ID, func(tx *store.Tx) error {
		work, err := tx.Interaction(interaction)
		if err != nil {
			return err
		}
		user, err := tx.User(c.admin.User)
		out = []sealedValue{{c.ID, work.ContactID, "interactions.name/" + interaction, work.NameSealed}, {c.ID, "", "users.profile/" + c.admin.User, user.ProfileSealed}}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func opens(t *testing.T, v *vault.Vault, s sealedValue) (err error) {
	t.Helper()
	var plain secret.Bytes
	if s.contact == "" {
		plain, err = v.OpenTenant(t.Context(), s.tenant, s.where, s.value)
	} else {
		plain, err = v.OpenContact(t.Context(), s.tenant, s.contact, s.where, s.value)
	}
	if err == nil && len(plain.Reveal()) == 0 {
		t.Fatal("the value was empty, so it proves nothing")
	}
	return err
}

// left counts what is stored of a tenant: rows, keys and files. That every table
// is emptied is shown where the tables are (store).
func left(t *testing.T, n *node, org id.Tenant) map[string]int {
	t.Helper()
	out := map[string]int{}
	err := n.keepers.db.Read(t.Context(), org, func(tx *store.Tx) error {
		users, err := tx.Users()
		if err != nil {
			return err
		}
		objects, err := tx.SetupAll()
		if err != nil {
			return err
		}
		work, err := tx.SearchInteractions(store.InteractionFilter{Limit: 100})
		if err != nil {
			return err
		}
		lines, err := tx.AuditAfter(0, 100)
		for what, rows := range map[string]int{"users": len(users), "setup": len(objects), "interactions": len(work), "audit": len(lines)} {
			if rows > 0 {
				out[what] = rows
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tenants, err := n.keepers.keys.Tenants(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range tenants {
		if k == org {
			out["keys"]++
		}
	}
	for file, err := range n.keepers.blobs.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(file.Key, string(org)) {
			out["files"]++
		}
	}
	return out
}

func TestTheEndOfAnOrganisationLeavesNothingOfIt(t *testing.T) {
	engines(t, func(t *testing.T, conf *config.Config) {
		n := start(t, conf, nil)
		acme, books := house(t, n)
		values := map[*company][]sealedValue{}
		desks, lines, visitors := map[*company]*drive.User{}, map[*company]*drive.Live{}, map[*company]*drive.Visitor{}
		sockets := map[*company]*drive.Live{}
		for _, c := range []*company{acme, books} {
			desks[c], lines[c] = c.ready(t, "ana")
			v := c.visitor(t, "ines")
			take(t, desks[c], v.Interaction)
			if err := drive.Upload(t.Context(), v.HTTP, v.Base+"/chat/v1/conversation/attachments", v.Token, nil, "f1", "a.pdf", []byte("%PDF-1.4 x"), nil); err != nil {
				t.Fatal(err)
			}
			socket, err := v.Socket(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(socket.Close)
			if _, err := socket.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			visitors[c], sockets[c], values[c] = v, socket, c.backup(t, v.Interaction)
			for _, s := range values[c] {
				if err := opens(t, n.keepers.vault, s); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got := left(t, n, acme.ID); len(got) < 6 || got["keys"] == 0 || got["files"] == 0 {
			t.Fatalf("only %v is stored, so the check proves little", got)
		}
		before := left(t, n, books.ID)

		by := operator(t, n)
		refused(t, desks[books].Do(t.Context(), "POST", "organisations/"+string(acme.ID)+"/end", map[string]any{"version": 1}, nil), 403)
		if o := end(t, by, acme.ID); o.Status != account.Closed {
			t.Errorf("it is %s", o.Status)
		}
		ended(t, lines[acme])
		ended(t, sockets[acme])
		refused(t, desks[acme].Do(t.Context(), "GET", "me", nil, nil), 401)
		_, err := drive.SignIn(t.Context(), drive.Client(), n.URL(), drive.Login{Organisation: "acme", UserName: "ana", Password: demo.Password})
		if err == nil {
			t.Error("a user of the ended organisation signs in")
		}
		for _, s := range values[acme] {
			if err := opens(t, n.keepers.vault, s); !errs.Is(err, errs.Gone) {
				t.Errorf("%s of a backup: %v", s.where, err)
			}
		}
		within(t, "something stays of the ended organisation", func() bool { return len(left(t, n, acme.ID)) == 0 })
		_, err = visitors[acme].Conversation(t.Context(), 0)
		refused(t, err, 401)
		within(t, "the floor goes on", func() bool { return !holds(n, acme.ID) })

		// The other lives on.
		for _, s := range values[books] {
			if err := opens(t, n.keepers.vault, s); err != nil {
				t.Error(err)
			}
		}
		if _, err := visitors[books].Say(t.Context(), "c9", "Still here"); err != nil {
			t.Error(err)
		}
		if d := desk(t, desks[books]); !d.Me.Online || len(d.Work) != 1 {
			t.Errorf("%+v", d)
		}
		for table, rows := range before {
			if now := left(t, n, books.ID)[table]; now < rows {
				t.Errorf("the other tenant had %d of %s, and has %d", rows, table, now)
			}
		}

		// Its name is free for another, and the operator has the receipt.
		receipt := map[string]map[string]string{}
		within(t, "there is no receipt", func() bool {
			var log struct {
				Items []struct {
					Action, Object string
					Detail         map[string]string
				}
			}
			if err := by.Do(t.Context(), "GET", "audit?limit=50", nil, &log); err != nil {
				t.Fatal(err)
			}
			for _, e := range log.Items {
				if e.Object == string(acme.ID) {
					receipt[e.Action] = e.Detail
				}
			}
			return receipt["organisation.erased"] != nil
		})
		if r := receipt["organisation.erased"]; receipt["organisation.ended"] == nil || r["files"] != "1" || r["contacts"] != "1" || r["complete"] != "true" {
			t.Errorf("the receipt says %v", receipt)
		}
		var said account.Ending
		within(t, "there is no certificate", func() bool {
			if err := by.Do(t.Context(), "GET", "organisations/"+string(acme.ID)+"/end", nil, &said); err != nil {
				t.Fatal(err)
			}
			return said.Certificate != nil
		})
		document, err := json.Marshal(said.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		var key api.PublicKey
		if err := by.Do(t.Context(), "GET", "certificates/key", nil, &key); err != nil {
			t.Fatal(err)
		}
		if c, _, err := erasure.Check(document, key.PublicKey); err != nil || c.Files != 1 || c.Rows["contacts"] != 1 || c.ContactKeys == 0 || c.Rows["messages"] == 0 || c.Rows["setup"] == 0 {
			t.Errorf("%+v, %v", c, err)
		}
		if err := by.Do(t.Context(), "POST", "organisations", map[string]any{"kind": "tenant", "slug": "acme", "name": "Acme", "administrator": "ana"}, nil); err != nil {
			t.Errorf("the short name is not free: %v", err)
		}
	})
}

func holds(n *node, t id.Tenant) bool {
	_, _, err := n.parts.floor.Wait(context.Background(), t, "int_none")
	return err == nil
}

// Every node ends what it has of it: desks and visitors on another node than the
// operator's, whose floor lives on a third place.
func TestTheEndReachesEveryNode(t *testing.T) {
	settings := clusterSettings(t)
	a := start(t, settings("a"), nil)
	acme, books := house(t, a)
	b := start(t, settings("b"), nil)
	far := &company{Organisation: acme.Organisation, node: b, admin: acme.admin, queue: acme.queue}
	agent, line := far.ready(t, "ana")
	v := far.visitor(t, "ines")
	take(t, agent, v.Interaction)
	socket, err := v.Socket(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(socket.Close)
	values := acme.backup(t, v.Interaction)
	for _, s := range values { // now in the other node's memory
		if err := opens(t, b.keepers.vault, s); err != nil {
			t.Fatal(err)
		}
	}
	end(t, operator(t, a), acme.ID)
	ended(t, line)
	ended(t, socket)
	within(t, "the other node still opens what was sealed", func() bool {
		return errs.Is(opens(t, b.keepers.vault, values[0]), errs.Gone) && errs.Is(opens(t, b.keepers.vault, values[1]), errs.Gone)
	})
	within(t, "a floor goes on", func() bool { return !holds(a, acme.ID) && !holds(b, acme.ID) })
	near := &company{Organisation: books.Organisation, node: b, admin: books.admin, queue: books.queue}
	near.ready(t, "ana")
}
