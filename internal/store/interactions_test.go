package store_test

import (
	"reflect"
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Whatever differs is written, each value for itself and all of them together, and
// nothing else is touched.
func TestOnlyWhatDiffersIsWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		storetest.Organisations(t, db, tenA, tenB)
		first, second := fill[store.InteractionRow](23), fill[store.InteractionRow](41)
		first.State, second.State = "queued", "active"
		for _, i := range []*store.InteractionRow{&first, &second} {
			i.ID, i.ContactID, i.Version = "int_1", "con_1", 1
		}
		for _, tenant := range []id.Tenant{tenA, tenB} {
			write(t, db, tenant, func(tx *store.Tx) error {
				if err := tx.InsertContact(store.ContactRow{ID: "con_1", CreatedAt: t0, SeenAt: t0}); err != nil {
					return err
				}
				return tx.InsertInteraction(first)
			})
		}
		stays := map[string]bool{"ID": true, "Channel": true, "EntryPointID": true, "Mailbox": true, "CampaignID": true, "ContactID": true, "ArrivedAt": true, "Outgoing": true, "Version": true}
		was := first
		change := func(what string, to store.InteractionRow) {
			t.Helper()
			write(t, db, tenA, func(tx *store.Tx) error { return tx.ChangeInteraction(was, to) })
			to.Version++
			read(t, db, tenA, func(tx *store.Tx) error {
				got, err := tx.Interaction("int_1")
				same(t, what, to, got)
				return err
			})
			was = to
		}
		changed := 0
		for n := range reflect.TypeFor[store.InteractionRow]().NumField() {
			name := reflect.TypeFor[store.InteractionRow]().Field(n).Name
			if stays[name] {
				continue
			}
			to := was
			reflect.ValueOf(&to).Elem().Field(n).Set(reflect.ValueOf(second).Field(n))
			if !reflect.DeepEqual(was, to) {
				changed++
			}
			change(name, to)
		}
		if changed < 30 {
			t.Errorf("only %d values were changed", changed)
		}
		back := first
		back.Version = was.Version
		change("all of them", back)
		change("nothing", was)
		was.Labels[0] = "another" // in a list that both have
		change("in place", was)
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { return tx.ChangeInteraction(first, first) })
		wantCode(t, "what was changed meanwhile", err, errs.Conflict)
		read(t, db, tenB, func(tx *store.Tx) error {
			got, err := tx.Interaction("int_1")
			other := fill[store.InteractionRow](23)
			other.ID, other.ContactID, other.Version, other.State = "int_1", "con_1", 1, "queued"
			same(t, "the other tenant's", other, got)
			return err
		})
	})
}

// A conversation in which nobody said a word, as that of most calls, does not wait for
// the index of words; what is said in it later enters at once.
func TestNothingToFindDoesNotWait(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		count := func(what, sql string, want int) {
			t.Helper()
			read(t, db, tenA, func(tx *store.Tx) error {
				rows, err := tx.RawRows(1, sql)
				if len(rows) != want {
					t.Errorf("%s: %v", what, rows)
				}
				return err
			})
		}
		waiting := "SELECT interaction_id FROM chats WHERE indexed = 1"
		close := func(interaction string, tokens ...string) {
			write(t, db, tenA, func(tx *store.Tx) error {
				if _, _, err := say(tx, interaction, "usr_1", "cli_1", tokens...); err != nil {
					return err
				}
				return closeWork(tx, interaction, t0)
			})
		}
		close("int_1")
		count("without words", waiting, 0)
		close("int_2", "word")
		count("with words", waiting, 1)
		write(t, db, tenA, func(tx *store.Tx) error { _, _, err := say(tx, "int_1", "usr_1", "cli_2", "late"); return err })
		count("said late", "SELECT interaction_id FROM message_tokens", 1)
	})
}
