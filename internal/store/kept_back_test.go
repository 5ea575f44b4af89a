package store_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"nubitalk/internal/base/id"
	"nubitalk/internal/store"
	"nubitalk/internal/store/engine"
	"nubitalk/internal/store/storetest"
)

// until are the migrations up to one of them.
func until(t *testing.T, last string) fs.FS {
	t.Helper()
	files, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(err, len(files))
	}
	out := fstest.MapFS{}
	for _, f := range files {
		if name := filepath.Base(f); strings.Compare(name, last) < 0 {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			out[name] = &fstest.MapFile{Data: b}
		}
	}
	return out
}

// A database of PostgreSQL whose rows earlier migrations did not see has them as they
// should be after the next one, of all tenants; rows that the program wrote since stay.
func TestRowsThatMigrationsDidNotSeeAreRepaired(t *testing.T) {
	for _, driver := range storetest.Drivers {
		t.Run(driver, func(t *testing.T) {
			conf := storetest.Config(t, driver)
			old, err := engine.Open(t.Context(), engine.Config{Driver: driver, DSN: conf.DSN, Migrations: until(t, "00118"), SystemTables: []string{"organisations"}})
			if err != nil {
				t.Fatal(err)
			}
			if err := old.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			const before, since = int64(1_000_000_000_000), int64(9_000_000_000_000_000) // of 00105, in microseconds
			seed := func(sc engine.Scope, text string, args ...any) {
				t.Helper()
				err := old.Write(t.Context(), sc, func(ctx context.Context, s engine.Session) error {
					_, err := s.Exec(ctx, text, args)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			evaluations := map[string]struct {
				state, origin              string
				completed, answered, until int64
				want                       int64
			}{
				"old":        {"completed", "manual", before, 0, 0, before + 2_592_000_000_000},
				"settled":    {"settled", "sample", before, 0, 0, before + 2_592_000_000_000},
				"answered":   {"settled", "manual", before, before + 1, 0, 0},
				"new":        {"completed", "manual", before, 0, before + 7, before + 7},
				"draft":      {"assigned", "manual", 0, 0, 0, 0},
				"calibrated": {"completed", "calibration", before, 0, 0, 0},
			}
			users := map[string]struct {
				status                string
				gone, locked, changed int64
				want                  int64
			}{
				"removed":     {"locked", before, 0, before, before},
				"opened":      {"active", before, 0, before, 0},
				"by hand":     {"locked", before, 0, before + 3_600_000_000, 0},
				"removed now": {"locked", since, 0, since, 0},
				"locked now":  {"locked", since, since - 5, since, since - 5},
				"there":       {"locked", 0, 0, before, 0},
			}
			for _, ten := range []id.Tenant{tenA, tenB} {
				seed(engine.Scope{System: true}, `INSERT INTO organisations (tenant_id, kind, parent_id, slug, name, status, language, time_zone, created_at, updated_at, version)
					VALUES ($1, 'tenant', '', $2, 'x', 'active', 'en', 'UTC', 1, 1, 1)`, string(ten), string(ten))
				for name, e := range evaluations {
					seed(engine.Scope{Tenant: ten}, `INSERT INTO evaluations (tenant_id, evaluation_id, form_id, form_version, recording_id, interaction_id, agent_id, evaluator_id, origin, sample_id, week, calibration_id, state, answers, score, passed, fatal, words_sealed, assigned_by, assigned_at, completed_at, answered_at, answer_until, version)
						VALUES ($1, $2, 'f', 1, 'r', $2, 'a', 'e', $3, '', '', '', $4, '', 0, 0, 0, $5, '', 1, $6, $7, $8, 1)`, string(ten), name, e.origin, e.state, []byte{}, e.completed, e.answered, e.until)
				}
				for name, u := range users {
					seed(engine.Scope{Tenant: ten}, `INSERT INTO users (tenant_id, user_id, user_name, user_name_key, status, roles, skills, capacity, profile_sealed, password_hash, must_change, failures, failing_since, locked_until, language, signed_in_at, created_at, updated_at, version, invitation_hash)
						VALUES ($1, $2, $2, $2, $3, '[]', '[]', '{}', $4, '', 0, 0, 0, 0, '', 0, 1, $5, 1, $4)`, string(ten), name, u.status, []byte{}, u.changed)
					seed(engine.Scope{Tenant: ten}, `INSERT INTO provisioned_users (tenant_id, user_id, external_index, external_sealed, created_at, gone_at, locked_at, held_at) VALUES ($1, $2, $3, $3, 1, $4, $5, 0)`,
						string(ten), name, []byte{}, u.gone, u.locked)
				}
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}

			db := storetest.Reopen(t, conf)
			for _, ten := range []id.Tenant{tenA, tenB} {
				err := db.Read(t.Context(), ten, func(tx *store.Tx) error {
					for name, e := range evaluations {
						row, err := tx.Evaluation(name)
						if err != nil {
							return err
						}
						if got := micros(row.AnswerUntil); got != e.want {
							t.Errorf("%s: the evaluation %q may be answered until %d, not %d", ten, name, got, e.want)
						}
					}
					for name, u := range users {
						if driver == store.SQLite && name == "removed" { // 00105 saw it there, so no such row is
							u.want = 0
						}
						row, err := tx.ProvisionedUser(name)
						if err != nil {
							return err
						}
						if got := micros(row.LockedAt); got != u.want {
							t.Errorf("%s: the user %q was locked by its directory at %d, not %d", ten, name, got, u.want)
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}
