package store_test

import (
	"testing"

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
