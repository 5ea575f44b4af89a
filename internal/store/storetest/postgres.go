package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"nubitalk/internal/store"
)

// Owner is the login that owns the databases: it may create databases and roles
// and is no superuser, as in an installation.
const Owner = "nubitalk_owner"

// server is the process's PostgreSQL; all tests of the process share it.
var server = sync.OnceValues(start)

var databases atomic.Int64

// Postgres gives the URL of a new, empty database, for its owner.
func Postgres(tb testing.TB) (ownerURL string) {
	tb.Helper()
	return database(tb, "template1")
}

// migratedPostgres is Postgres with the schema in place.
func migratedPostgres(tb testing.TB) (ownerURL string) {
	tb.Helper()
	template, err := migrated()
	if err != nil {
		tb.Fatalf("a private PostgreSQL is needed for this test: %v", err)
	}
	return database(tb, template)
}

// database makes a copy of another database, and drops it at the test's end.
func database(tb testing.TB, template string) (ownerURL string) {
	tb.Helper()
	socket, err := server()
	if err != nil {
		tb.Fatalf("a private PostgreSQL is needed for this test: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	ctx := context.WithoutCancel(tb.Context())
	if err := admin(ctx, socket, "CREATE DATABASE "+name+" OWNER "+Owner+" TEMPLATE "+template); err != nil {
		tb.Fatalf("creating a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := admin(ctx, socket, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			tb.Errorf("dropping a database: %v", err)
		}
	})
	return url(socket, Owner, name)
}

// migrated makes the database that others are copied from.
var migrated = sync.OnceValues(func() (name string, err error) {
	socket, err := server()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	if err := admin(ctx, socket, "CREATE DATABASE migrated OWNER "+Owner); err != nil {
		return "", err
	}
	db, err := store.Open(ctx, store.Config{Driver: store.Postgres, DSN: url(socket, Owner, "migrated")})
	if err != nil {
		return "", err
	}
	return "migrated", errors.Join(db.Migrate(ctx), db.Close())
})

func url(socket, login, database string) string {
	return "postgres://" + login + "@/" + database + "?host=" + socket + "&sslmode=disable"
}

func admin(ctx context.Context, socket, sql string) error {
	c, err := pgx.Connect(ctx, url(socket, "postgres", "postgres"))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	_, err = c.Exec(ctx, sql)
	return err
}

// start makes a cluster in a temporary folder and starts its server there,
// reachable only through a socket in that folder.
func start() (socket string, err error) {
	bin, dir, data, as, err := cluster()
	if err != nil {
		return "", err
	}
	if err := keep(bin, dir, data, as); err != nil {
		return "", err
	}
	if err := ready(dir); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", fmt.Errorf("%w\n%s", err, log)
	}
	return dir, nil
}

// cluster makes the files of a server in a temporary folder.
func cluster() (bin, dir, data string, as *syscall.SysProcAttr, err error) {
	if bin, err = binaries(); err != nil {
		return
	}
	if dir, err = os.MkdirTemp("", "nubitalk-pg-"); err != nil {
		return
	}
	if as, err = notRoot(dir); err != nil {
		return
	}
	data = filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = as, dir
	if out, e := initdb.CombinedOutput(); e != nil {
		err = fmt.Errorf("initdb: %w\n%s", e, out)
	}
	return
}

// keep runs the server under a shell that waits for the end of its input. That
// comes when this process ends, in whatever way; then the shell stops the server
// and removes the folder.
func keep(bin, dir, data string, as *syscall.SysProcAttr) error {
	script := `"$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=200 \
		-c shared_buffers=64MB -c log_min_messages=fatal -c logging_collector=off >"$2/log" 2>&1 & p=$!
		cat >/dev/null; kill -INT $p; wait $p; rm -rf "$2"`
	shell := exec.Command("/bin/sh", "-c", script, filepath.Join(bin, "postgres"), data, dir)
	shell.SysProcAttr, shell.Dir = as, dir
	_, write, err := pipe(shell)
	if err != nil {
		return err
	}
	keptOpen = append(keptOpen, write)
	return shell.Start()
}

// keptOpen is the shell's input; it is closed by the end of this process only.
var keptOpen []*os.File

func pipe(c *exec.Cmd) (r, w *os.File, err error) {
	if r, w, err = os.Pipe(); err == nil {
		c.Stdin = r
	}
	return r, w, err
}

func ready(socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	for {
		err := admin(ctx, socket, "CREATE ROLE "+Owner+" LOGIN CREATEDB CREATEROLE")
		var pg *pgconn.PgError
		if err == nil || errors.As(err, &pg) && pg.Code == "42710" { // it is there since an earlier start
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server did not start: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// binaries is the folder of the newest installed server.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		if p, err := exec.LookPath("initdb"); err == nil {
			return filepath.Dir(p), nil
		}
		return "", errors.New("PostgreSQL is not installed: on Debian run apt-get install postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(found[len(found)-1]), nil
}

// notRoot makes the server run as the package's user when we are root: it
// refuses to run as root itself.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	as := &syscall.SysProcAttr{Setpgid: true} // an interrupt on the terminal is for us, not for it
	if os.Getuid() != 0 {
		return as, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("we run as root and the user postgres does not exist: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return as, os.Chown(dir, uid, gid)
}
