package audit_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"nubitalk/internal/app/audit"
	"nubitalk/internal/base/clock"
	"nubitalk/internal/base/errs"
	"nubitalk/internal/base/id"
	"nubitalk/internal/core/access"
	"nubitalk/internal/store"
	"nubitalk/internal/store/storetest"
)

const (
	tenA = storetest.TenantA
	tenB = storetest.TenantB
	user = "usr_00000000000000000000000001"
	key  = "key_00000000000000000000000001"
	con  = "con_00000000000000000000000001"
)

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func officer(t id.Tenant) access.Actor {
	return access.Actor{Tenant: t, User: user, Roles: []access.Role{access.PrivacyOfficer}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func setup(t *testing.T, db *store.DB) (*audit.Log, *clock.Virtual) {
	storetest.Organisations(t, db, tenA, tenB)
	c := clock.NewVirtual(start)
	return audit.New(db, c), c
}

func record(t testing.TB, db *store.DB, l *audit.Log, tenant id.Tenant, action string, detail map[string]string) {
	t.Helper()
	must(t, db.Write(t.Context(), tenant, func(tx *store.Tx) error {
		return l.Record(tx, officer(tenant), action, "contact", con, detail)
	}))
}

func wantWhole(t testing.TB, l *audit.Log, tenant id.Tenant, entries int64) audit.Verification {
	t.Helper()
	v, err := l.Verify(t.Context(), tenant)
	if err != nil || !v.Whole() || v.Entries != entries {
		t.Errorf("%d entries, %q, %v; want %d whole ones", v.Entries, v.Fault, err, entries)
	}
	return v
}

func TestEntriesAreKeptPerTenantAndFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, c := setup(t, db)
		for i := range 5 {
			record(t, db, l, tenA, fmt.Sprint("contact.act", i%2), map[string]string{"n": fmt.Sprint(i)})
			record(t, db, l, tenB, "other", nil)
			c.Advance(time.Minute)
		}
		must(t, db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			if err := l.Record(tx, access.Actor{Tenant: tenA, User: key}, "contact.export", "contact", con, nil); err != nil {
				return err
			}
			if err := l.Record(tx, access.Actor{Tenant: tenA}, "retention.done", "tenant", string(tenA), nil); err != nil {
				return err
			}
			if err := l.Append(tx, user, "work.moved", "int_00000000000000000000000001", "que_00000000000000000000000001"); err != nil {
				return err
			}
			return l.Append(tx, con, "consent.given", "cns_00000000000000000000000001", "")
		}))
		var got []audit.Entry
		for cursor := ""; ; {
			items, next, err := l.Entries(t.Context(), officer(tenA), audit.Query{Limit: 4, Cursor: cursor})
			must(t, err)
			got = append(got, items...)
			if cursor = next; cursor == "" {
				break
			}
		}
		at := start.Add(5 * time.Minute)
		want := []audit.Entry{
			{Seq: 9, At: at, ActorKind: "visitor", Actor: con, Action: "consent.given", ObjectKind: "consent", Object: "cns_00000000000000000000000001"},
			{Seq: 8, At: at, ActorKind: "user", Actor: user, Action: "work.moved", ObjectKind: "interaction", Object: "int_00000000000000000000000001",
				Detail: map[string]string{"detail": "que_00000000000000000000000001"}},
			{Seq: 7, At: at, ActorKind: "system", Action: "retention.done", ObjectKind: "tenant", Object: string(tenA)},
			{Seq: 6, At: at, ActorKind: "api_key", Actor: key, Action: "contact.export", ObjectKind: "contact", Object: con},
		}
		for i := range 5 {
			n := 4 - i
			want = append(want, audit.Entry{Seq: int64(n + 1), At: start.Add(time.Duration(n) * time.Minute), ActorKind: "user", Actor: user, Action: audit.Action(fmt.Sprint("contact.act", n%2)),
				ObjectKind: "contact", Object: con, Detail: map[string]string{"n": fmt.Sprint(n)}})
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(audit.Entry{}, "Hash")); diff != "" {
			t.Error(diff)
		}
		wantWhole(t, l, tenA, 9)
		wantWhole(t, l, tenB, 5)
		for name, c := range map[string]struct {
			q    audit.Query
			want int
		}{
			"action":       {audit.Query{Action: "contact.act1"}, 2},
			"actor":        {audit.Query{Actor: key}, 1},
			"object":       {audit.Query{Object: con}, 6},
			"from and to":  {audit.Query{From: start.Add(time.Minute), To: start.Add(3 * time.Minute)}, 2},
			"nothing":      {audit.Query{Action: "none"}, 0},
			"a huge limit": {audit.Query{Limit: 1 << 30}, 9},
		} {
			items, _, err := l.Entries(t.Context(), officer(tenA), c.q)
			if err != nil || len(items) != c.want {
				t.Errorf("%s: %d entries, %v; want %d", name, len(items), err, c.want)
			}
		}
	})
}

func TestOnlyThoseWhoMayReadIt(t *testing.T) {
	db := storetest.Open(t, store.SQLite)
	l, _ := setup(t, db)
	for role, want := range map[access.Role]errs.Code{access.Administrator: "", access.PrivacyOfficer: "", access.Agent: errs.Forbidden, access.Supervisor: errs.Forbidden,
		access.Monitor: errs.Forbidden} {
		_, _, err := l.Entries(t.Context(), access.Actor{Tenant: tenA, User: user, Roles: []access.Role{role}}, audit.Query{})
		if want == "" && err != nil || want != "" && !errs.Is(err, want) {
			t.Errorf("%s: %v", role, err)
		}
	}
	for _, cursor := range []string{"x", "0", "-1", "9999999999999999999999"} {
		if _, _, err := l.Entries(t.Context(), officer(tenA), audit.Query{Cursor: cursor}); !errs.Is(err, errs.Invalid) {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

func TestNoContentGetsIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, _ := setup(t, db)
		bad := []string{"ana@example.org", "Conceição", "+351210987654", "<b>", "a\nb", `"quoted"`, strings.Repeat("x", 201)}
		for _, v := range bad {
			record(t, db, l, tenA, "contact.test", map[string]string{"v": v, "state": "closed", "at": "2026-11-23T09:00:00Z"})
		}
		items, _, err := l.Entries(t.Context(), officer(tenA), audit.Query{})
		must(t, err)
		for _, e := range items {
			if diff := cmp.Diff(map[string]string{"v": "•••", "state": "closed", "at": "2026-11-23T09:00:00Z"}, e.Detail); diff != "" {
				t.Error(diff)
			}
		}
		wantWhole(t, l, tenA, int64(len(bad)))
	})
}

func TestAnEntryIsThereExactlyIfItsTransactionIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, _ := setup(t, db)
		record(t, db, l, tenA, "first", nil)
		boom := errors.New("boom")
		err := db.Write(t.Context(), tenA, func(tx *store.Tx) error {
			if err := l.Record(tx, officer(tenA), "undone", "contact", con, nil); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		record(t, db, l, tenA, "second", nil)
		wantWhole(t, l, tenA, 2)
	})
}

func TestManyAppendAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, _ := setup(t, db)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 10 {
					err := db.Write(t.Context(), tenA, func(tx *store.Tx) error { return l.Record(tx, officer(tenA), "act", "contact", con, nil) })
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		wantWhole(t, l, tenA, 80)
	})
}

func TestTrimmingKeepsOneChain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.DB) {
		db := open()
		l, c := setup(t, db)
		for range 10 {
			record(t, db, l, tenA, "act", nil)
			c.Advance(24 * time.Hour)
		}
		trim := func(before time.Time) (n int64) {
			must(t, db.Write(t.Context(), tenA, func(tx *store.Tx) (err error) {
				n, err = l.Trim(tx, before)
				return err
			}))
			return n
		}
		if n := trim(start.Add(-time.Hour)); n != 0 {
			t.Errorf("%d removed, want none", n)
		}
		if n := trim(start.Add(3 * 24 * time.Hour)); n != 3 {
			t.Errorf("%d removed, want 3", n)
		}
		if v := wantWhole(t, l, tenA, 8); v.First != 4 || v.Last != 11 {
			t.Errorf("from %d to %d", v.First, v.Last)
		}
		c.Advance(time.Hour)
		if n := trim(c.Now()); n != 8 { // the whole rest; the note about it stays
			t.Errorf("%d removed, want 8", n)
		}
		record(t, db, l, tenA, "after", nil)
		wantWhole(t, l, tenA, 2)
	})
}

// Whoever can write the database is found out by Verify.
func TestTamperingShows(t *testing.T) {
	for name, c := range map[string]struct{ do, say string }{
		"an action changed":            {"UPDATE audit SET action = 'nothing' WHERE seq = 5", "Entry 5 was changed."},
		"an actor changed":             {"UPDATE audit SET actor_id = 'usr_other' WHERE seq = 5", "Entry 5 was changed."},
		"a time changed":               {"UPDATE audit SET at = at + 1 WHERE seq = 10", "Entry 10 was changed."},
		"a detail changed":             {"UPDATE audit SET detail = '{}' WHERE seq = 1", "Entry 1 was changed."},
		"an entry removed":             {"DELETE FROM audit WHERE seq = 5", "Entry 5 is missing."},
		"the end removed":              {"DELETE FROM audit WHERE seq > 8", "ends at entry 8"},
		"everything removed":           {"DELETE FROM audit", "ends at entry 0"},
		"the beginning removed":        {"DELETE FROM audit WHERE seq < 4", "begins at entry 4"},
		"removed and numbered anew":    {"DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5", "Entry 5 does not follow"},
		"the end and its head removed": {"DELETE FROM audit WHERE seq = 10; UPDATE audit_heads SET seq = 9", "ends at entry 9"},
		"a hash changed":               {"UPDATE audit SET hash = x'00' WHERE seq = 5", "Entry 5 was changed."},
		"hidden in another tenant":     {"UPDATE audit SET tenant_id = '" + string(tenB) + "' WHERE seq = 5", "Entry 5 is missing."},
	} {
		t.Run(name, func(t *testing.T) {
			config := storetest.Config(t, store.SQLite)
			db := storetest.Reopen(t, config)
			l, _ := setup(t, db)
			for i := range 10 {
				record(t, db, l, tenA, "act", map[string]string{"n": fmt.Sprint(i)})
			}
			wantWhole(t, l, tenA, 10)
			raw, err := sql.Open("sqlite", "file:"+config.DSN)
			must(t, err)
			defer raw.Close()
			_, err = raw.ExecContext(t.Context(), c.do)
			must(t, err)
			v, err := l.Verify(t.Context(), tenA)
			if err != nil || !strings.Contains(v.Fault, c.say) {
				t.Errorf("%q, %v; want %q", v.Fault, err, c.say)
			}
		})
	}
}
