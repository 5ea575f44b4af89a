package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"nubitalk/internal/base/errs"
)

const table = `-- +goose Up
CREATE TABLE parents (
    tenant_id TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
CREATE TABLE things (
    tenant_id TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    parent    TEXT,
    n         BIGINT NOT NULL,
    b         BYTEA  NOT NULL,
    PRIMARY KEY (tenant_id, name),
    FOREIGN KEY (tenant_id, parent) REFERENCES parents (tenant_id, name)
);
-- +goose Down
`

var one = Scope{Tenant: "ten_1"}

func openLite(t testing.TB) *liteEngine {
	t.Helper()
	db, err := Open(t.Context(), Config{Driver: SQLite, DSN: filepath.Join(t.TempDir(), "x.db"), Migrations: fstest.MapFS{"00001_init.sql": {Data: []byte(table)}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db.(*liteEngine)
}

func add(ctx context.Context, s Session, name string) error {
	_, err := s.Exec(ctx, "INSERT INTO things (tenant_id, name, n, b) VALUES ($1, $2, $3, $4)", []any{"ten_1", name, 7, []byte{}})
	return err
}

func names(t testing.TB, db DB) (out []string) {
	t.Helper()
	err := db.Read(t.Context(), one, func(ctx context.Context, s Session) error {
		c, err := s.Query(ctx, "SELECT name FROM things WHERE tenant_id = $1 ORDER BY name", []any{"ten_1"})
		if err != nil {
			return err
		}
		defer c.Close()
		for out = nil; c.Next(); {
			var n string
			if err := c.Scan(&n); err != nil {
				return err
			}
			out = append(out, n)
		}
		return c.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// together runs writes so that all of them share one group: the first holds the
// transaction until the others wait.
func together(t *testing.T, db *liteEngine, writes ...Func) []error {
	t.Helper()
	return behind(t, db, nil, writes...)
}

// behind is together with a first one that ends like this.
func behind(t *testing.T, db *liteEngine, end error, writes ...Func) []error {
	t.Helper()
	db.w.groupTime = time.Hour
	before := db.Stats().Commits
	out := make([]error, len(writes))
	var all sync.WaitGroup
	began := make(chan struct{})
	hold := make(chan struct{})
	all.Go(func() {
		err := db.Write(t.Context(), one, func(context.Context, Session) error { close(began); <-hold; return end })
		if err != nil && err != end && !strings.Contains(err.Error(), "group") {
			t.Log("the first of the group:", err)
		}
	})
	<-began
	for i, w := range writes {
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					out[i] = fmt.Errorf("panic: %v", r)
				}
			}()
			out[i] = errors.New("goexit") // unless it returns
			out[i] = db.Write(t.Context(), one, w)
		})
		for len(db.w.queue) < i+1 { // in this order
			runtime.Gosched()
		}
	}
	close(hold)
	all.Wait()
	if n := db.Stats().Commits - before; n > 1 {
		t.Errorf("%d commits were made", n)
	}
	return out
}

// A member that fails, panics or goes away undoes only its own changes.
func TestAGroupIsolatesItsMembers(t *testing.T) {
	db := openLite(t)
	wrong := errs.New(errs.Conflict, "no")
	got := together(t, db,
		func(ctx context.Context, s Session) error { return add(ctx, s, "first") },
		func(ctx context.Context, s Session) error { return errors.Join(add(ctx, s, "failing"), wrong) },
		func(ctx context.Context, s Session) error { _ = add(ctx, s, "panicking"); panic("at the disco") },
		func(ctx context.Context, s Session) error { _ = add(ctx, s, "leaving"); runtime.Goexit(); return nil },
		func(ctx context.Context, s Session) error {
			return errors.Join(add(ctx, s, "own"), add(ctx, s, "first"))
		},
		func(ctx context.Context, s Session) error { return add(ctx, s, "last") },
	)
	if got[0] != nil || got[5] != nil {
		t.Errorf("the good ones: %v, %v", got[0], got[5])
	}
	if !errors.Is(got[1], wrong) {
		t.Errorf("the failing one: %v", got[1])
	}
	if got[2] == nil || got[2].Error() != "panic: at the disco" {
		t.Errorf("the panicking one: %v", got[2])
	}
	if got[3] == nil || got[3].Error() != "goexit" {
		t.Errorf("the leaving one: %v", got[3])
	}
	if !errs.Is(got[4], errs.Conflict) {
		t.Errorf("the one that repeats a key of another: %v", got[4])
	}
	if all := names(t, db); !slices.Equal(all, []string{"first", "last"}) {
		t.Errorf("kept: %v", all)
	}
	if s := db.Stats(); s.Commits != 1 || s.Writes != 3 || s.Failed != 4 {
		t.Errorf("%+v", s)
	}
}

// Those at the front of a group that fail leave it as if they had never come.
func TestAGroupThatBeginsWithFailures(t *testing.T) {
	db := openLite(t)
	wrong := errs.New(errs.Conflict, "no")
	got := behind(t, db, wrong,
		func(ctx context.Context, s Session) error { return errors.Join(add(ctx, s, "failing"), wrong) },
		func(ctx context.Context, s Session) error { _ = add(ctx, s, "panicking"); panic("at the disco") },
		func(ctx context.Context, s Session) error { return add(ctx, s, "kept") },
		func(ctx context.Context, s Session) error { return errors.Join(add(ctx, s, "failing"), wrong) },
		func(ctx context.Context, s Session) error { return add(ctx, s, "failing") }, // nothing of that name is left
	)
	if !errors.Is(got[0], wrong) || got[1] == nil || got[2] != nil || !errors.Is(got[3], wrong) || got[4] != nil {
		t.Error(got)
	}
	if all := names(t, db); !slices.Equal(all, []string{"failing", "kept"}) {
		t.Errorf("kept: %v", all)
	}
	if s := db.Stats(); s.Commits != 1 || s.Writes != 2 || s.Failed != 4 {
		t.Errorf("%+v", s)
	}
}

// When the commit itself fails, nobody is told that all is well, and the next
// group works.
func TestAFailedCommitFailsTheWholeGroup(t *testing.T) {
	db := openLite(t)
	got := together(t, db,
		func(ctx context.Context, s Session) error { return add(ctx, s, "innocent") },
		func(ctx context.Context, s Session) error { // a broken reference that is looked at in COMMIT only
			if _, err := s.Exec(ctx, "PRAGMA defer_foreign_keys = 1", nil); err != nil {
				return err
			}
			_, err := s.Exec(ctx, "INSERT INTO things (tenant_id, name, parent, n, b) VALUES ($1, 'orphan', 'nobody', 1, x'')", []any{"ten_1"})
			return err
		},
	)
	for i, err := range got {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("member %d: %v", i, err)
		}
	}
	if all := names(t, db); len(all) != 0 {
		t.Errorf("kept: %v", all)
	}
	if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "next") }); err != nil {
		t.Error(err)
	}
	if all := names(t, db); !slices.Equal(all, []string{"next"}) {
		t.Errorf("kept: %v", all)
	}
}

// A full disk is told as such; what others wrote in the same group is either
// kept or refused, as they are told, and all goes on when there is room.
func TestFullDisk(t *testing.T) {
	db := openLite(t)
	got := together(t, db,
		func(ctx context.Context, s Session) error { return add(ctx, s, "small") },
		func(ctx context.Context, s Session) error {
			if _, err := s.Exec(ctx, "PRAGMA max_page_count = 20", nil); err != nil {
				return err
			}
			_, err := s.Exec(ctx, "INSERT INTO things (tenant_id, name, n, b) VALUES ($1, 'big', 1, zeroblob(1000000))", []any{"ten_1"})
			return err
		},
		func(ctx context.Context, s Session) error { return add(ctx, s, "after") },
	)
	if e := errs.As(got[1]); e.Code != errs.Unavailable || !strings.Contains(e.Text, "full") || e.RetryAfter == 0 {
		t.Errorf("the big one: %v", got[1])
	}
	var told []string
	for i, name := range map[int]string{0: "small", 2: "after"} {
		if got[i] == nil {
			told = append(told, name)
		} else if !errs.Is(got[i], errs.Unavailable) {
			t.Errorf("%s: %v", name, got[i])
		}
	}
	slices.Sort(told)
	if all := names(t, db); !slices.Equal(all, told) {
		t.Errorf("kept %v, told %v", all, told)
	}
	err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error {
		if _, err := s.Exec(ctx, "PRAGMA max_page_count = 1000000", nil); err != nil {
			return err
		}
		return add(ctx, s, "later")
	})
	if err != nil || !slices.Contains(names(t, db), "later") {
		t.Errorf("afterwards: %v", err)
	}
}

// Who gives up while waiting is not run; who gives up while running is undone.
func TestGivingUp(t *testing.T) {
	db := openLite(t)
	began, hold := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = db.Write(t.Context(), one, func(context.Context, Session) error { close(began); <-hold; return nil })
	})
	<-began
	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() {
		waits <- db.Write(ctx, one, func(context.Context, Session) error { t.Error("was run"); return nil })
	}()
	for len(db.w.queue) == 0 {
		runtime.Gosched()
	}
	cancel()
	if err := <-waits; !errs.Is(err, errs.Unavailable) {
		t.Errorf("gave up waiting: %v", err)
	}
	close(hold)
	all.Wait()
	ctx, cancel = context.WithCancel(t.Context())
	err := db.Write(ctx, one, func(ctx context.Context, s Session) error {
		if err := add(ctx, s, "half"); err != nil {
			t.Error(err)
		}
		cancel()
		return add(ctx, s, "other half")
	})
	if !errs.Is(err, errs.Unavailable) || len(names(t, db)) != 0 {
		t.Errorf("gave up running: %v, kept %v", err, names(t, db))
	}
}

func TestAWriteInsideAWriteIsRefused(t *testing.T) {
	db, other := openLite(t), openLite(t)
	err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error {
		if err := db.Write(ctx, one, func(context.Context, Session) error { return nil }); !errs.Is(err, errs.Internal) {
			t.Errorf("inside: %v", err)
		}
		return other.Write(ctx, one, func(ctx context.Context, s Session) error { return add(ctx, s, "elsewhere") })
	})
	if err != nil {
		t.Errorf("into another database: %v", err)
	}
}

// Close lets what began end, refuses what comes later, and may come twice.
func TestClose(t *testing.T) {
	db := openLite(t)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, fmt.Sprint(i)) })
			if err != nil && !errs.Is(err, errs.Unavailable) {
				t.Error(err)
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	all.Wait()
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	nothing := func(context.Context, Session) error { return nil }
	for what, err := range map[string]error{"write": db.Write(t.Context(), one, nothing), "read": db.Read(t.Context(), one, nothing), "ping": db.Ping(t.Context()), "scrub": db.Scrub(t.Context())} {
		if !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s afterwards: %v", what, err)
		}
	}
}

// A reader sees one state from its beginning to its end, and cannot write.
func TestReadersSeeOneState(t *testing.T) {
	db := openLite(t)
	err := db.Read(t.Context(), one, func(ctx context.Context, s Session) error {
		count := func() (n int64) {
			c, err := s.Query(ctx, "SELECT count(*) FROM things", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for c.Next() {
				_ = c.Scan(&n)
			}
			return n
		}
		before := count()
		if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "new") }); err != nil {
			t.Error(err)
		}
		if after := count(); before != 0 || after != 0 {
			t.Errorf("saw %d, then %d", before, after)
		}
		return add(ctx, s, "by a reader")
	})
	if !errs.Is(err, errs.Internal) || !slices.Equal(names(t, db), []string{"new"}) {
		t.Errorf("%v, kept %v", err, names(t, db))
	}
}

// Scrub waits for readers of an old state without stopping writers, and says so
// when they do not end.
func TestScrubAndReaders(t *testing.T) {
	db := openLite(t)
	err := db.Read(t.Context(), one, func(ctx context.Context, s Session) error {
		c, err := s.Query(ctx, "SELECT name FROM things", nil)
		if err != nil {
			return err
		}
		c.Close()
		if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "new") }); err != nil {
			t.Error(err)
		}
		short, cancel := context.WithCancel(t.Context())
		scrubbed := make(chan error)
		go func() { scrubbed <- db.Scrub(short) }()
		if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "meanwhile") }); err != nil {
			t.Error(err)
		}
		cancel()
		if err := <-scrubbed; !errs.Is(err, errs.Unavailable) {
			t.Errorf("scrub beside a reader: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := db.Scrub(t.Context()); err != nil {
		t.Error(err)
	}
}

// While another process holds the file, writers are told that it is busy, and go
// on when it is free again.
func TestAnotherProcessHoldsTheFile(t *testing.T) {
	db := openLite(t)
	other, err := dialSQLite(db.path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer other.close()
	// not to wait five seconds for nothing
	if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error {
		_, err := s.Exec(ctx, "PRAGMA busy_timeout = 1", nil)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), "BEGIN IMMEDIATE", nil); err != nil {
		t.Fatal(err)
	}
	err = db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "early") })
	if e := errs.As(err); err == nil || e.Code != errs.Unavailable || !strings.Contains(e.Text, "busy") {
		t.Errorf("while it is held: %v", err)
	}
	if _, err := other.Exec(t.Context(), "ROLLBACK", nil); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), one, func(ctx context.Context, s Session) error { return add(ctx, s, "later") }); err != nil {
		t.Errorf("when it is free: %v", err)
	}
	if all := names(t, db); !slices.Equal(all, []string{"later"}) {
		t.Errorf("kept: %v", all)
	}
}
