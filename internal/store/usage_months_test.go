package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nubitalk/internal/base/id"
	core "nubitalk/internal/core/usage"
	"nubitalk/internal/store"
	"nubitalk/internal/store/engine"
	"nubitalk/internal/store/storetest"
)

// An installation that has counted days already has their months after the migration that
// makes these, of all tenants: the same that are added up when its days are counted again.
func TestMonthsAreSummedOfTheDaysThatAreThere(t *testing.T) {
	type day struct {
		day string
		of  core.Amounts
	}
	days := map[id.Tenant][]day{
		tenA: {
			{"2026-01-31", core.Amounts{Agents: 1, Numbers: 1, StorageBytes: 5, Voice: 1, Chat: 1, Email: 1, CallSecondsIn: 1, CallSecondsOut: 1, RecordedSeconds: 1}},
			// The most of a month need not be what its last day had.
			{"2026-02-01", core.Amounts{Agents: 9, Numbers: 2, StorageBytes: 1 << 40, Voice: 3, Chat: 5, Email: 7, CallSecondsIn: 11, CallSecondsOut: 13, RecordedSeconds: 17}},
			{"2026-02-14", core.Amounts{Agents: 4, Numbers: 8, StorageBytes: 70, Voice: 30, Chat: 50, Email: 70, CallSecondsIn: 110, CallSecondsOut: 130, RecordedSeconds: 170}},
			{"2026-02-28", core.Amounts{Agents: 5, Numbers: 3, StorageBytes: 60, Voice: 300, Chat: 500, Email: 700, CallSecondsIn: 1100, CallSecondsOut: 1300, RecordedSeconds: 1700}},
			{"2026-03-01", core.Amounts{}},
		},
		tenB: {{"2026-02-26", core.Amounts{Agents: 7, Numbers: 1, StorageBytes: 9, Voice: 6}}, {"2026-02-27", core.Amounts{Agents: 2}}},
	}
	months := map[string]map[id.Tenant]core.Amounts{
		"2025-12": {},
		"2026-01": {tenA: days[tenA][0].of},
		"2026-02": {
			tenA: {Agents: 9, Numbers: 8, StorageBytes: 1 << 40, Voice: 333, Chat: 555, Email: 777, CallSecondsIn: 1221, CallSecondsOut: 1443, RecordedSeconds: 1887},
			tenB: {Agents: 7, Numbers: 1, StorageBytes: 9, Voice: 6},
		},
		"2026-03": {tenA: {}},
	}
	latest := map[string]map[id.Tenant]core.Amounts{ // what each had on its last day, if that was from a day on
		"2026-01-01": {tenA: {}, tenB: {Agents: 2}},
		"2026-02-27": {tenA: {}, tenB: {Agents: 2}},
		"2026-02-28": {tenA: {}},
		"2026-03-02": {},
	}
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			conf := storetest.Config(t, driver)
			old, err := engine.Open(t.Context(), engine.Config{Driver: driver, DSN: conf.DSN, Migrations: until(t, "00142"), SystemTables: []string{"organisations", "usage_days"}})
			ok(t, err)
			ok(t, old.Migrate(t.Context()))
			for ten, all := range days {
				ok(t, old.Write(t.Context(), engine.Scope{Tenant: ten}, func(ctx context.Context, s engine.Session) error {
					for _, d := range all {
						a := d.of
						if _, err := s.Exec(ctx, `INSERT INTO usage_days (tenant_id, day, agents, numbers, storage_bytes, voice, chat, email, call_seconds_in, call_seconds_out, recorded_seconds, counted_at)
							VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1000)`,
							[]any{string(ten), d.day, a.Agents, a.Numbers, a.StorageBytes, a.Voice, a.Chat, a.Email, a.CallSecondsIn, a.CallSecondsOut, a.RecordedSeconds}); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			ok(t, old.Close())

			db := storetest.Reopen(t, conf)
			compare := func(when string) {
				t.Helper()
				ok(t, db.SystemRead(t.Context(), func(tx *store.Tx) error {
					for month, want := range months {
						rows, err := tx.UsageOfMonth(month)
						if err != nil {
							return err
						}
						got := map[id.Tenant]core.Amounts{}
						for _, r := range rows {
							got[r.Tenant] = r.Amounts
						}
						if len(got) != len(rows) || !cmp.Equal(got, want) {
							t.Errorf("%s, %s: %s", when, month, cmp.Diff(got, want))
						}
					}
					for from, want := range latest {
						got, err := tx.UsageLatest(from)
						if err != nil {
							return err
						}
						if !cmp.Equal(got, want) {
							t.Errorf("%s, the last from %s: %s", when, from, cmp.Diff(got, want))
						}
					}
					return nil
				}))
			}
			compare("after the migration")
			for ten, all := range days {
				for i, d := range all {
					ok(t, db.Write(t.Context(), ten, func(tx *store.Tx) error {
						return tx.PutUsageDays(store.UsageDayRow{Day: d.day, Amounts: d.of, CountedAt: t0})
					}))
					compare(fmt.Sprintf("after day %d of %s was counted again", i, ten))
				}
			}
		})
	}
}
