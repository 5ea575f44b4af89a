package store_test

import (
	"slices"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Open are a mailbox's messages that are neither handled nor put aside, of the tenant that
// asks.
func TestOpenEmailsAreThoseThatAreWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		put := func(tenant id.Tenant, name, mailbox, state, flow string, done bool) {
			t.Helper()
			e := store.EmailRow{InteractionID: name, Identity: []byte(name), MailboxID: mailbox, Folder: "INBOX"}
			if done {
				e.DoneAt = t0
			}
			write(t, db, tenant, func(tx *store.Tx) error {
				if err := tx.InsertInteraction(store.InteractionRow{ID: name, ContactID: "con_1", Channel: "email", State: state, FlowID: flow, Version: 1}); err != nil {
					return err
				}
				return tx.InsertEmail(e)
			})
		}
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return tx.InsertContact(store.ContactRow{ID: "con_1"}) })
		}
		put(tenA, "int_1", "mbx_1", "active", "flo_1", false)
		put(tenA, "int_2", "mbx_1", "in_flow", store.ShelfFlow, false)
		put(tenA, "int_3", "mbx_1", "queued", store.ShelfFlow, false) // it came back
		put(tenA, "int_4", "mbx_1", "closed", "flo_1", true)
		put(tenA, "int_5", "mbx_2", "active", "flo_1", false)
		put(tenB, "int_1", "mbx_1", "in_flow", store.ShelfFlow, false)
		put(tenB, "int_6", "mbx_1", "active", "flo_1", false)
		for tenant, want := range map[id.Tenant]int64{tenA: 2, tenB: 1} {
			read(t, db, tenant, func(tx *store.Tx) error {
				if n, err := tx.CountOpenEmails("mbx_1"); err != nil || n != want {
					t.Errorf("%s: %d %v, want %d", tenant, n, err, want)
				}
				return nil
			})
		}
	})
}

// What was merged is found by way of others, of the tenant that asks alone; what is taken
// out takes along what was merged into it, and is taken out once.
func TestMergedEmailsAreFoundAndTakenOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		put := func(tenant id.Tenant, name, into string) {
			t.Helper()
			i := store.InteractionRow{ID: name, ContactID: "con_1", Channel: "email", State: "active", MergedInto: into, Version: 1}
			if into != "" {
				i.State, i.ClosedAt = "closed", t0
			}
			write(t, db, tenant, func(tx *store.Tx) error {
				if err := tx.InsertInteraction(i); err != nil || name == "int_d" {
					return err
				}
				return tx.InsertEmail(store.EmailRow{InteractionID: name, Identity: []byte(name), MailboxID: "mbx_1", Folder: "INBOX", DoneAt: t0})
			})
		}
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error { return tx.InsertContact(store.ContactRow{ID: "con_1"}) })
			put(tenant, "int_a", "")
		}
		put(tenA, "int_b", "int_a")
		put(tenA, "int_c", "int_b")
		put(tenA, "int_d", "")
		merged := func(tenant id.Tenant, into string, want ...string) {
			t.Helper()
			read(t, db, tenant, func(tx *store.Tx) error {
				if got, err := tx.MergedEmails(into); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s %s: %q %v, want %q", tenant, into, got, err, want)
				}
				return nil
			})
		}
		goesOn := func(one, want string) {
			t.Helper()
			read(t, db, tenA, func(tx *store.Tx) error {
				if got, err := tx.Merged(one); err != nil || got.ID != want {
					t.Errorf("%s goes on in %s %v, want %s", one, got.ID, err, want)
				}
				return nil
			})
		}
		merged(tenA, "int_a", "int_b", "int_c")
		merged(tenB, "int_a")
		goesOn("int_c", "int_a")
		split := func(one, of, to string) (err error) {
			write(t, db, tenA, func(tx *store.Tx) error { err = tx.SplitEmail(one, of, to); return nil })
			return err
		}
		if err := split("int_b", "int_c", "int_d"); !errs.Is(err, errs.Conflict) {
			t.Errorf("out of one where it does not go on: %v", err)
		}
		if err := split("int_b", "int_a", "int_d"); err != nil {
			t.Fatal(err)
		}
		merged(tenA, "int_a")
		merged(tenA, "int_d", "int_c")
		goesOn("int_b", "int_d")
		goesOn("int_c", "int_d")
		read(t, db, tenA, func(tx *store.Tx) error {
			if e, err := tx.Email("int_d"); err != nil || string(e.Identity) != "int_b" || !e.DoneAt.IsZero() {
				t.Errorf("%+v %v", e, err)
			}
			return nil
		})
		for one, of := range map[string]string{"int_b": "int_a", "int_c": "int_a"} {
			if err := split(one, of, "int_a"); !errs.Is(err, errs.Conflict) {
				t.Errorf("%s is taken out of %s again: %v", one, of, err)
			}
		}
	})
}
