package engine_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"nubitalk/internal/base/errs"
	"nubitalk/internal/store/engine"
	"nubitalk/internal/store/storetest"
)

var migrations = fstest.MapFS{"00001_init.sql": {Data: []byte(`-- +goose Up
CREATE TABLE counters (
    tenant_id TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    n         BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
-- +goose Down
`)}}

var one = engine.Scope{Tenant: "ten_1"}

func open(t *testing.T, c engine.Config) engine.DB {
	t.Helper()
	c.Migrations = migrations
	db, err := engine.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func set(ctx context.Context, s engine.Session, name string, n int) error {
	_, err := s.Exec(ctx, "INSERT INTO counters (tenant_id, name, n) VALUES ($1, $2, $3) ON CONFLICT (tenant_id, name) DO UPDATE SET n = counters.n + excluded.n", []any{"ten_1", name, n})
	return err
}

func value(t *testing.T, db engine.DB, name string) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), one, func(ctx context.Context, s engine.Session) error {
		c, err := s.Query(ctx, "SELECT n FROM counters WHERE tenant_id = $1 AND name = $2", []any{"ten_1", name})
		if err != nil {
			return err
		}
		defer c.Close()
		for c.Next() {
			if err := c.Scan(&n); err != nil {
				return err
			}
		}
		return c.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Transactions that lock the same rows in opposite order are run again until
// each has had its way.
func TestDeadlocksAreTriedAgain(t *testing.T) {
	db := open(t, engine.Config{Driver: engine.Postgres, DSN: storetest.Postgres(t)})
	for _, name := range []string{"a", "b"} {
		if err := db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error { return set(ctx, s, name, 0) }); err != nil {
			t.Fatal(err)
		}
	}
	var runs atomic.Int64
	var all, met sync.WaitGroup
	met.Add(2)
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		all.Go(func() {
			first := true
			err := db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error {
				runs.Add(1)
				if err := set(ctx, s, order[0], 1); err != nil {
					return err
				}
				if first { // both hold one row before either wants the other
					first = false
					met.Done()
					met.Wait()
				}
				return set(ctx, s, order[1], 1)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if a, b := value(t, db, "a"), value(t, db, "b"); a != 2 || b != 2 || runs.Load() < 3 {
		t.Errorf("a=%d b=%d after %d runs", a, b, runs.Load())
	}
}

// When the server drops all connections, what was under way fails as
// unavailable, and the next calls find new connections.
func TestLostConnections(t *testing.T) {
	url := storetest.Postgres(t)
	db := open(t, engine.Config{Driver: engine.Postgres, DSN: url, Connections: 6})
	killAll := func() {
		c, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if _, err := c.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	held := make(chan struct{}, 4)
	release := make(chan struct{})
	for i := range 4 { // as many as may write
		all.Go(func() {
			err := db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error {
				if err := set(ctx, s, fmt.Sprint(i), 1); err != nil {
					return err
				}
				held <- struct{}{}
				<-release
				return set(ctx, s, fmt.Sprint(i), 1)
			})
			if e := errs.As(err); err == nil || e.Code != errs.Unavailable || e.RetryAfter == 0 {
				t.Errorf("under way: %v", err)
			}
		})
	}
	for range 4 {
		<-held
	}
	killAll()
	close(release)
	all.Wait()
	write := func() error {
		return db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error { return set(ctx, s, "x", 1) })
	}
	for round := range 3 {
		for range 4 {
			if err := write(); err != nil {
				t.Errorf("round %d: %v", round, err)
			}
		}
		killAll() // now they are idle in the pool
	}
	if n := value(t, db, "x"); n != 12 {
		t.Errorf("%d writes are kept", n)
	}
	if n := value(t, db, "1"); n != 0 {
		t.Errorf("an interrupted write is kept")
	}
}

// Those who read while they write are not stuck, however many they are.
func TestReadingWhileWriting(t *testing.T) {
	for _, c := range []engine.Config{{Driver: engine.Postgres, DSN: storetest.Postgres(t), Connections: 3}, {Driver: engine.SQLite, DSN: filepath.Join(t.TempDir(), "x.db"), Connections: 1}} {
		db := open(t, c)
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				err := db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error {
					if err := set(ctx, s, "x", 1); err != nil {
						return err
					}
					return db.Read(ctx, one, func(ctx context.Context, s engine.Session) error { return nil })
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := value(t, db, "x"); n != 12 {
			t.Errorf("%s: %d", c.Driver, n)
		}
	}
}

func TestNoServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	db, err := engine.Open(t.Context(), engine.Config{Driver: engine.Postgres, DSN: "postgres://x:secret-word@" + addr + "/y", Migrations: migrations})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for what, err := range map[string]error{
		"ping":    db.Ping(t.Context()),
		"migrate": db.Migrate(t.Context()),
		"write":   db.Write(t.Context(), one, func(context.Context, engine.Session) error { return nil }),
	} {
		if e := errs.As(err); err == nil || e.Code != errs.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWrongConfig(t *testing.T) {
	for field, c := range map[string]engine.Config{
		"driver": {Driver: "oracle", DSN: "x"},
		"dsn":    {Driver: engine.SQLite},
		"role":   {Driver: engine.Postgres, DSN: "postgres://h/d", Role: "x; DROP"},
		"schema": {Driver: engine.Postgres, DSN: "postgres://h/d", Schema: "A b"},
	} {
		_, err := engine.Open(t.Context(), c)
		if f := errs.As(err).Fields; !errs.Is(err, errs.Invalid) || len(f) != 1 || f[0].Path != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := engine.Open(t.Context(), engine.Config{Driver: engine.Postgres, DSN: "postgres://u:secret-word@h:port/d"})
	if !errs.Is(err, errs.Invalid) || errors.Unwrap(err) != nil {
		t.Errorf("a bad URL: %v", err)
	}
	dir := t.TempDir()
	if _, err := engine.Open(t.Context(), engine.Config{Driver: engine.SQLite, DSN: dir}); err == nil {
		t.Error("a folder was opened as a database")
	}
	damaged := filepath.Join(dir, "damaged.db")
	writeFile(t, damaged, "this is not a database, and it is long enough to have had a header of one hundred bytes, had it been one at all.")
	if _, err := engine.Open(t.Context(), engine.Config{Driver: engine.SQLite, DSN: damaged}); !errs.Is(err, errs.Internal) {
		t.Errorf("a damaged file: %v", err)
	}
}

// A database on another machine is spoken to by TLS that checks who answers, and by
// nothing else: also where the driver would fall back.
func TestADatabaseElsewhereIsReachedByTLS(t *testing.T) {
	for url, fine := range map[string]bool{
		"postgres://u:p@db.example/d":                                         false,
		"postgres://u:p@db.example/d?sslmode=disable":                         false,
		"postgres://u:p@db.example/d?sslmode=allow":                           false,
		"postgres://u:p@db.example/d?sslmode=require":                         false,
		"postgres://u:p@db.example/d?sslmode=verify-ca":                       true,
		"postgres://u:p@db.example/d?sslmode=verify-full":                     true,
		"postgres://u:p@127.0.0.1,db.example/d":                               false,
		"postgres://u:p@127.0.0.1/d?sslmode=disable":                          true,
		"postgres://u:p@[::1]/d":                                              true,
		"postgres://u:p@localhost/d":                                          true,
		"postgres://u:p@localhost.example/d?sslmode=prefer":                   false,
		"postgres://u:p@10.0.0.1/d":                                           false,
		"postgres:///d?host=/var/run/postgresql&user=u":                       true,
		"postgres://u:p@db.example,10.0.0.1/d?sslmode=verify-full&user=x":     true,
		"host=db.example user=u password=p dbname=d sslmode=prefer port=5432": false,
	} {
		db, err := engine.Open(t.Context(), engine.Config{Driver: engine.Postgres, DSN: url})
		if err == nil {
			db.Close()
			if !fine {
				t.Errorf("%s was accepted", url)
			}
			continue
		}
		if f := errs.As(err).Fields; fine || len(f) != 1 || f[0].Path != "dsn" || strings.Contains(err.Error(), "db.example") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// Several nodes that start at once migrate once, and again does nothing.
func TestMigratingTogether(t *testing.T) {
	url := storetest.Postgres(t)
	file := filepath.Join(t.TempDir(), "x.db")
	for _, c := range []engine.Config{{Driver: engine.Postgres, DSN: url}, {Driver: engine.Postgres, DSN: url, Schema: "apart"}, {Driver: engine.SQLite, DSN: file}} {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				db, err := engine.Open(t.Context(), engine.Config{Driver: c.Driver, DSN: c.DSN, Schema: c.Schema, Migrations: migrations})
				if err != nil {
					t.Error(err)
					return
				}
				defer db.Close()
				if err := db.Migrate(t.Context()); err != nil {
					t.Errorf("%s: %v", c.Driver, err)
				}
				if err := db.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error { return set(ctx, s, "starts", 1) }); err != nil {
					t.Errorf("%s: %v", c.Driver, err)
				}
			})
		}
		all.Wait()
		if n := value(t, open(t, c), "starts"); n != 4 {
			t.Errorf("%s %s: %d starts are kept", c.Driver, c.Schema, n)
		}
	}
}

// A later version changes the rows of all tenants that are there, and reads across
// tenants a table in which the one before did not.
func TestALaterVersion(t *testing.T) {
	later := fstest.MapFS{"00001_init.sql": migrations["00001_init.sql"], "00002_more.sql": {Data: []byte("-- +goose Up\nUPDATE counters SET n = n + 41;\n")}}
	for _, c := range []engine.Config{{Driver: engine.Postgres, DSN: storetest.Postgres(t)}, {Driver: engine.SQLite, DSN: filepath.Join(t.TempDir(), "x.db")}} {
		before := open(t, c)
		err := before.Write(t.Context(), one, func(ctx context.Context, s engine.Session) error { return set(ctx, s, "x", 1) })
		if err != nil {
			t.Fatal(err)
		}
		if err := before.Close(); err != nil {
			t.Fatal(err)
		}
		across := func(db engine.DB) (sum int64) {
			t.Helper()
			err := db.Read(t.Context(), engine.Scope{System: true}, func(ctx context.Context, s engine.Session) error {
				all, err := s.Query(ctx, "SELECT n FROM counters", nil)
				if err != nil {
					return err
				}
				defer all.Close()
				sum = 0
				for all.Next() {
					var n int64
					if err := all.Scan(&n); err != nil {
						return err
					}
					sum += n
				}
				return all.Err()
			})
			if err != nil {
				t.Fatal(err)
			}
			return sum
		}
		db, err := engine.Open(t.Context(), engine.Config{Driver: c.Driver, DSN: c.DSN, Migrations: later, SystemTables: []string{"counters"}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := value(t, db, "x"); n != 42 {
			t.Errorf("%s: the tenant's row was not changed: %d", c.Driver, n)
		}
		if n := across(db); n != 42 {
			t.Errorf("%s: across tenants: %d", c.Driver, n)
		}
		if c.Driver == engine.Postgres {
			owned(t, c.DSN)
		}
	}
}

// owned looks whether rows are kept from the owner of their table, too.
func owned(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM counters").Scan(&n); err != nil || n != 0 {
		t.Errorf("the owner sees %d rows of tenants (%v)", n, err)
	}
}

// Whoever opens a new file waits for who gives it its log at the same moment.
func TestOpeningTogether(t *testing.T) {
	for range 40 {
		file := filepath.Join(t.TempDir(), "x.db")
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				db, err := engine.Open(t.Context(), engine.Config{Driver: engine.SQLite, DSN: file})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
