package store_test

import (
	"context"
	"testing"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/engine"
	"nubitalk/internal/store/storetest"
)

// The security alerts of all tenants are what they were after the migration that makes
// their table again, and there may be those of refused requests beside them.
func TestSecurityAlertsStayWhenTheirTableIsMadeAgain(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			conf := storetest.Config(t, driver)
			old, err := engine.Open(t.Context(), engine.Config{Driver: driver, DSN: conf.DSN, Migrations: until(t, "00141"), SystemTables: []string{"organisations"}})
			ok(t, err)
			ok(t, old.Migrate(t.Context()))
			for _, ten := range []id.Tenant{tenA, tenB} {
				ok(t, old.Write(t.Context(), engine.Scope{Tenant: ten}, func(ctx context.Context, s engine.Session) error {
					_, err := s.Exec(ctx, `INSERT INTO security_alerts (tenant_id, alert_id, kind, user_id, action, why, times, raised_at, last_at, acknowledged_by, acknowledged_at)
						VALUES ($1, 'alt_1', 'export', 'usr_1', 'users.exported', 'first,many', 3, 1000, 2000, '', 0)`, []any{string(ten)})
					return err
				}))
			}
			ok(t, old.Close())

			db := storetest.Reopen(t, conf)
			for _, ten := range []id.Tenant{tenA, tenB} {
				ok(t, db.Write(t.Context(), ten, func(tx *store.Tx) error {
					got, err := tx.SecurityAlert("alt_1")
					want := store.SecurityAlertRow{ID: "alt_1", Kind: "export", UserID: "usr_1", Action: "users.exported", Why: "first,many", Times: 3, RaisedAt: time.UnixMicro(1000).UTC(), LastAt: time.UnixMicro(2000).UTC()}
					if err != nil || got != want {
						t.Errorf("%s: %+v, %v, want %+v", ten, got, err, want)
					}
					if err := tx.PutSecurityAlert(store.SecurityAlertRow{ID: "alt_2", Kind: "refused", UserID: "usr_1", Times: 50, RaisedAt: t0, LastAt: t0}); err != nil {
						t.Error(err)
					}
					return tx.PutSecurityAlert(store.SecurityAlertRow{ID: "alt_3", Kind: "refused_outside", Times: 50, RaisedAt: t0, LastAt: t0})
				}))
				if err := db.Write(t.Context(), ten, func(tx *store.Tx) error {
					return tx.PutSecurityAlert(store.SecurityAlertRow{ID: "alt_4", Kind: "refused", UserID: "usr_1", RaisedAt: t0, LastAt: t0})
				}); err == nil {
					t.Errorf("%s: a second one of the same is stored", ten)
				}
				ok(t, db.Read(t.Context(), ten, func(tx *store.Tx) error {
					all, err := tx.SecurityAlerts(store.SecurityAlertFilter{})
					if len(all) != 3 {
						t.Errorf("%s has %+v", ten, all)
					}
					return err
				}))
			}
		})
	}
}
