package store_test

import (
	"testing"
	"time"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

// Who did not see the last value of a field does not overwrite it; other objects, fields
// and tenants are not touched.
func TestFieldValues(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		row := func(entity, object, field, plain string, changed int) store.FieldValueRow {
			return store.FieldValueRow{Entity: entity, ObjectID: object, FieldID: field, Plain: plain, ChangedAt: at(changed)}
		}
		put := func(r store.FieldValueRow, seen time.Time) error {
			return db.Write(t.Context(), tenA, func(tx *store.Tx) error { return tx.PutFieldValue(r, seen) })
		}
		wantCode(t, "first", put(row("contact", "con_1", "fld_1", `"a"`, 1), time.Time{}), "")
		wantCode(t, "a second first", put(row("contact", "con_1", "fld_1", `"b"`, 2), time.Time{}), errs.Conflict)
		wantCode(t, "what was not seen", put(row("contact", "con_1", "fld_1", `"b"`, 2), at(9)), errs.Conflict)
		wantCode(t, "one that was emptied meanwhile", put(row("contact", "con_1", "fld_2", `"b"`, 2), at(1)), errs.Conflict)
		wantCode(t, "what was seen", put(row("contact", "con_1", "fld_1", `"b"`, 2), at(1)), "")
		wantCode(t, "another's", put(row("queue", "con_1", "fld_1", `"b"`, 2), time.Time{}), "")
		wantCode(t, "of another", put(row("contact", "con_2", "fld_1", `"c"`, 2), time.Time{}), "")
		write(t, db, tenB, func(tx *store.Tx) error {
			return tx.PutFieldValue(row("contact", "con_1", "fld_1", `"b"`, 1), time.Time{})
		})
		counts := func(all, b int64) {
			t.Helper()
			read(t, db, tenA, func(tx *store.Tx) error {
				n, err := tx.CountFieldValues("fld_1")
				same(t, "all", all, n)
				if err != nil {
					return err
				}
				n, err = tx.CountFieldValue("fld_1", `"b"`)
				same(t, "of b", b, n)
				return err
			})
		}
		counts(3, 2)
		wantCode(t, "emptied by who did not look", db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			return tx.DeleteFieldValue("contact", "con_1", "fld_1", at(1))
		}), errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error { return tx.DeleteFieldValue("contact", "con_1", "fld_1", at(2)) })
		counts(2, 1)
		write(t, db, tenA, func(tx *store.Tx) error {
			n, err := tx.EmptyField("fld_1")
			same(t, "emptied", int64(2), n)
			return err
		})
		counts(0, 0)
		read(t, db, tenB, func(tx *store.Tx) error {
			rows, err := tx.FieldValues("contact", "con_1")
			same(t, "the other tenant's", []store.FieldValueRow{row("contact", "con_1", "fld_1", `"b"`, 1)}, rows)
			return err
		})
	})
}

// What a user has in fields goes with it.
func TestFieldsOfADeletedUser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		people(t, db)
		write(t, db, tenA, func(tx *store.Tx) error {
			for _, entity := range []string{"user", "contact"} {
				if err := tx.PutFieldValue(store.FieldValueRow{Entity: entity, ObjectID: "usr_1", FieldID: "fld_1", Plain: "1", ChangedAt: t0}, time.Time{}); err != nil {
					return err
				}
			}
			return tx.EraseUser("usr_1", at(1))
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			gone, err := tx.FieldValues("user", "usr_1")
			same(t, "the user's", 0, len(gone))
			if err != nil {
				return err
			}
			stays, err := tx.FieldValues("contact", "usr_1")
			same(t, "another's", 1, len(stays))
			return err
		})
	})
}
