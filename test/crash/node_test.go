package crash

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"nubitalk/internal/base/freeport"
	"nubitalk/internal/server/drive"
)

// node is an installation that holds a demonstration's content, at an address
// where it comes back each time.
type node struct {
	bin, dir, listen string
	args             []string
	entry            string
	admin            drive.Login
	supervisor       drive.Login
	agents           []drive.Login
}

// folder is where the program is built, once for all tests.
var folder string

func TestMain(m *testing.M) {
	var err error
	if folder, err = os.MkdirTemp("", "nubitalk-crash-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

var built = sync.OnceValues(func() (string, error) { return drive.BuildDemo(folder) })

// limit bounds a test from when the program is built, which may take long on a machine
// that builds it for the first time.
func limit(t *testing.T, most time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	if _, err := built(); err != nil {
		t.Fatal(err)
	}
	return context.WithTimeout(t.Context(), most)
}

// newNode builds the program and lets it make the content. database is the URL
// of an empty PostgreSQL database, or "" for the file inside the folder.
func newNode(t *testing.T, database string) *node {
	t.Helper()
	return newNodeIn(t, t.TempDir(), database)
}

func newNodeIn(t *testing.T, dir, database string) *node {
	t.Helper()
	n := &node{dir: dir}
	var err error
	if n.bin, err = built(); err != nil {
		t.Fatal(err)
	}
	if n.listen, err = freeport.Address(); err != nil {
		t.Fatal(err)
	}
	n.make(t, database)
	return n
}

func (n *node) make(t *testing.T, database string) {
	t.Helper()
	var args []string
	if database != "" {
		args = []string{"--database-url", database}
		n.args = append(n.args, "--database-driver", "postgres", "--database-url", database)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	p, err := drive.Run(ctx, n.bin, n.dir, n.listen, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if n.entry, err = p.Entry("demo"); err != nil {
		t.Fatal(err)
	}
	if n.admin, err = p.Login("demo", "administrator"); err != nil {
		t.Fatal(err)
	}
	if n.supervisor, err = p.Login("demo", "supervisor"); err != nil {
		t.Fatal(err)
	}
	n.agents = p.All("demo", "agent")
	stop(t, p)
}

// start serves without limits of calls: the load is heavier than any person's.
func (n *node) start(t *testing.T) *drive.Program {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	p, err := drive.Serve(ctx, n.bin, n.dir, n.listen, n.args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func stop(t *testing.T, p *drive.Program) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := p.Stop(ctx); err != nil {
		t.Errorf("the stop was not clean: %v", err)
	}
}
