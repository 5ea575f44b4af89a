package store_test

import (
	"testing"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestAlerts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		put := func(tenant id.Tenant, a store.AlertRow) error {
			a.Measure, a.SubjectKind = "waiting", "queue"
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.PutAlert(a) })
		}
		raised := func(name, rule, subject string, at0 int) store.AlertRow {
			return store.AlertRow{ID: name, RuleID: rule, SubjectID: subject, Level: "warning", RaisedAt: at(at0), LevelAt: at(at0)}
		}
		ids := func(tenant id.Tenant, f store.AlertFilter) (out []string) {
			read(t, db, tenant, func(tx *store.Tx) error {
				rows, err := tx.Alerts(f)
				for _, r := range rows {
					out = append(out, r.ID)
				}
				return err
			})
			return out
		}
		wantCode(t, "one that waits for its hold time", put(tenA, store.AlertRow{ID: "alt_1", RuleID: "alr_1", SubjectID: "que_1", WarningSince: at(1)}), "")
		wantCode(t, "a second of the same rule and queue", put(tenA, raised("alt_2", "alr_1", "que_1", 2)), errs.Conflict)
		wantCode(t, "the same of another tenant", put(tenB, raised("alt_1", "alr_1", "que_1", 2)), "")
		wantCode(t, "another queue", put(tenA, raised("alt_3", "alr_1", "que_2", 3)), "")
		wantCode(t, "another rule", put(tenA, raised("alt_4", "alr_2", "que_1", 4)), "")
		same(t, "what is not raised is not listed", []string{"alt_4", "alt_3"}, ids(tenA, store.AlertFilter{}))

		wantCode(t, "raised", put(tenA, raised("alt_1", "alr_1", "que_1", 5)), "")
		cleared := raised("alt_1", "alr_1", "que_1", 5)
		cleared.ClearedAt, cleared.Cause = at(9), "back"
		wantCode(t, "cleared", put(tenA, cleared), "")
		wantCode(t, "again after it was cleared", put(tenA, raised("alt_5", "alr_1", "que_1", 10)), "")

		same(t, "all", []string{"alt_5", "alt_1", "alt_4", "alt_3"}, ids(tenA, store.AlertFilter{}))
		same(t, "open", []string{"alt_5", "alt_4", "alt_3"}, ids(tenA, store.AlertFilter{Open: true}))
		same(t, "past", []string{"alt_1"}, ids(tenA, store.AlertFilter{Cleared: true}))
		same(t, "of a queue", []string{"alt_5", "alt_1", "alt_4"}, ids(tenA, store.AlertFilter{Subject: "que_1"}))
		same(t, "of a rule", []string{"alt_4"}, ids(tenA, store.AlertFilter{Rule: "alr_2"}))
		same(t, "a page", []string{"alt_1", "alt_4"}, ids(tenA, store.AlertFilter{Before: store.Cursor{At: at(10), ID: "alt_5"}, Limit: 2}))
		same(t, "the other tenant's", []string{"alt_1"}, ids(tenB, store.AlertFilter{}))

		seen := func(tenant id.Tenant, alert string) error {
			return db.Write(t.Context(), tenant, func(tx *store.Tx) error { return tx.AcknowledgeCleared(alert, "usr_1", at(20)) })
		}
		wantCode(t, "one that lasts", seen(tenA, "alt_5"), errs.Conflict)
		wantCode(t, "one of another tenant", seen(tenB, "alt_1"), errs.Conflict)
		wantCode(t, "cleared before anybody saw it", seen(tenA, "alt_1"), "")
		wantCode(t, "again", seen(tenA, "alt_1"), errs.Conflict)
		write(t, db, tenA, func(tx *store.Tx) error {
			return firstOf(tx.DropAlert("alt_4"), tx.PutAlert(store.AlertRow{ID: "alt_6", RuleID: "alr_3", SubjectKind: "agent", SubjectID: "usr_1", WarningSince: at(1)}), tx.DropAlert("alt_6"))
		})
		read(t, db, tenA, func(tx *store.Tx) error {
			last, err := tx.OpenAlerts()
			if len(last) != 3 { // alt_4 was raised and stays, alt_6 was not
				t.Errorf("%+v", last)
			}
			a, err2 := tx.Alert("alt_1")
			if a.AcknowledgedBy != "usr_1" || !a.AcknowledgedAt.Equal(at(20)) {
				t.Errorf("%+v", a)
			}
			return firstOf(err, err2)
		})
		write(t, db, tenA, func(tx *store.Tx) error {
			early, err := tx.DeleteAlerts(at(9))
			late, err2 := tx.DeleteAlerts(at(10))
			if early != 0 || late != 1 {
				t.Errorf("deleted %d and %d", early, late)
			}
			return firstOf(err, err2)
		})
		same(t, "what lasts stays", []string{"alt_5", "alt_4", "alt_3"}, ids(tenA, store.AlertFilter{}))
	})
}
