package audit_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

func TestUnusualExportsAreNoted(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			db := storetest.Open(t, driver)
			storetest.Organisations(t, db, tenA, tenB)
			now := clock.NewVirtual(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC))
			l := audit.New(db, now)
			const ana, bo = "usr_ana", "usr_bo"
			does := func(user, action string, times int) {
				t.Helper()
				for range times {
					err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
						return l.Record(tx, access.Actor{Tenant: tenA, User: user}, action, "organisation", string(tenA), nil)
					})
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			var told []string
			tells := func(what string, want ...string) {
				t.Helper()
				told = told[:0]
				err := db.Read(t.Context(), tenA, func(tx *store.Tx) error {
					rows, err := tx.Audit(store.AuditFilter{Action: audit.Unusual, From: now.Now().Add(-time.Hour), Limit: 100})
					for _, r := range rows {
						told = append(told, r.ActorID+" "+r.Detail)
					}
					return err
				})
				if err != nil || fmt.Sprint(told) != fmt.Sprint(want) {
					t.Errorf("%s: %v %v, want %v", what, told, err, want)
				}
			}
			does(ana, "users.exported", 5)
			tells("the first", `usr_ana {"action":"users.exported","count":"1","why":"first"}`)
			does(ana, "users.exported", 1)
			tells("more than ever", `usr_ana {"action":"users.exported","count":"6","why":"many"}`, `usr_ana {"action":"users.exported","count":"1","why":"first"}`)
			now.Advance(2 * time.Hour)
			does(ana, "users.exported", 3)
			tells("said already")
			now.Advance(40 * time.Hour)
			does(ana, "users.exported", 18)
			tells("within three times of what ana does")
			does(ana, "users.exported", 10)
			tells("beyond that", `usr_ana {"action":"users.exported","count":"28","why":"many"}`)
			does(bo, "recording.listened", 60)
			does(bo, "contact.seen", 100)
			tells("listening as an evaluator does", `usr_ana {"action":"users.exported","count":"28","why":"many"}`)
			does(bo, "recording.listened", 10)
			tells("listening on and on", `usr_bo {"action":"recording.listened","count":"61","why":"many"}`, `usr_ana {"action":"users.exported","count":"28","why":"many"}`)
			does("", "users.exported", 1)
			if _, err := l.Verify(t.Context(), tenA); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever takes data out of the product is watched: a new way must be, too.
func TestEveryExportIsWatched(t *testing.T) {
	db := storetest.Open(t, "sqlite")
	storetest.Organisations(t, db, tenA, tenB)
	l := audit.New(db, clock.NewVirtual(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)))
	ways := 0
	for _, action := range audit.Actions {
		if !strings.HasSuffix(action, "exported") && !strings.HasSuffix(action, "_fetched") {
			continue
		}
		ways++
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			if err := l.Record(tx, access.Actor{Tenant: tenA, User: "usr_ana"}, action, "organisation", string(tenA), nil); err != nil {
				return err
			}
			rows, err := tx.Audit(store.AuditFilter{Action: audit.Unusual, Limit: 1})
			if err == nil && (len(rows) == 0 || !strings.Contains(rows[0].Detail, `"`+action+`"`)) {
				t.Errorf("%s: that somebody does it for the first time is not noted", action)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if ways < 7 {
		t.Errorf("%d ways to export are known", ways)
	}
}
