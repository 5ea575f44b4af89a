package crash

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite" // to ask the files whether they are whole

	"nubitalk/internal/server/drive"
)

// smallDisk tells this test's own program, started again in a mount namespace of
// its own, where to mount a small file system.
const smallDisk = "TEST_SMALL_DISK"

// The disk fills up under the running program: readiness says so, callers are
// told to come back, reading goes on; with room again everything goes on by
// itself, nothing acknowledged is lost and the files are whole.
func TestTheDiskIsFull(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=96m,mode=0700"); err != nil {
			t.Fatalf("mounting a small disk: %v", err)
		}
		fullDisk(t, filepath.Join(dir, "data"), filepath.Join(dir, "fill"))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestTheDiskIsFull$", "-test.v")
	cmd.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}}
	}
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Skipf("a mount namespace is not allowed here: %v", err)
	}
	t.Logf("%s", out)
	if err != nil {
		t.Error("see above")
	}
}

func fullDisk(t *testing.T, dir, fill string) {
	ctx, cancel := limit(t, 10*time.Minute)
	defer cancel()
	n := newNodeIn(t, dir, "")
	p := n.start(t)
	c := drive.Client()
	v, _, err := drive.Chat(ctx, c, p.BaseURL, n.entry, "Inês", "", "hello", "first")
	if err != nil {
		t.Fatal(err)
	}
	l := &load{t: t, base: p.BaseURL, entry: n.entry}
	k := &talk{v: v, acked: map[string]ack{}}
	l.talks = append(l.talks, k)
	long := strings.Repeat("é ", 1500)
	write := func(i int) error {
		id := fmt.Sprintf("m%d", i)
		m, err := v.Say(ctx, id, long)
		if err == nil {
			k.acked[id] = ack{m.Seq, long}
		}
		return err
	}
	upload := func(id string) error {
		return drive.Upload(ctx, c, p.BaseURL+"/chat/v1/conversation/attachments", v.Token, nil, id, "a.pdf", append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("text "), 100_000)...), nil)
	}
	for i := range 10 {
		if err := write(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := upload("before"); err != nil {
		t.Fatal(err)
	}

	fillUp(t, fill)
	if state := until(ctx, t, c, p.BaseURL, http.StatusServiceUnavailable); !strings.Contains(state, `{"name":"disk","ok":false}`) {
		t.Errorf("readiness with a full disk: %s", state)
	}
	i := 10
	for err = nil; err == nil; i++ { // the log has some room of its own
		err = write(i)
	}
	told(t, "a message", err)
	for j := 0; j < 200; j++ {
		if _, _, err = drive.Chat(ctx, c, p.BaseURL, n.entry, "Rui", "", long, "first"); err != nil {
			break
		}
	}
	told(t, "a new visitor", err)
	told(t, "a file", upload("refused"))
	if _, err := v.Conversation(ctx, 0); err != nil {
		t.Errorf("reading with a full disk: %v", err)
	}
	if _, err := drive.Get(ctx, c, p.BaseURL+"/healthz"); err != nil {
		t.Errorf("the program is not alive: %v", err)
	}

	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	for i--; ctx.Err() == nil; { // what was refused, again: it goes on by itself
		if err = write(i); err == nil {
			break
		}
		told(t, "a message with room again", err)
		pause(ctx, 20*time.Millisecond)
	}
	if err := upload("refused"); err != nil {
		t.Errorf("a file with room again: %v", err)
	}
	if _, _, err := drive.Chat(ctx, c, p.BaseURL, n.entry, "Rui", "", "hello", "first"); err != nil {
		t.Errorf("a visitor with room again: %v", err)
	}
	until(ctx, t, c, p.BaseURL, http.StatusOK)
	p.Kill()
	p = n.start(t)
	l.check(t)
	stop(t, p)
	for _, f := range []string{"nubitalk.db", "keys/keys.db"} {
		whole(t, filepath.Join(dir, f))
	}
}

// fillUp writes a file until nothing more fits.
func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for block := make([]byte, 1<<20); len(block) > 0; {
		if _, err := f.Write(block); errors.Is(err, syscall.ENOSPC) {
			block = block[:len(block)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// told holds a refusal against what callers are promised.
func told(t *testing.T, what string, err error) {
	t.Helper()
	var p *drive.Problem
	if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || p.Code != "unavailable" || p.After == "" {
		t.Errorf("%s is answered with %+v %v", what, p, err)
	}
}

// until waits for a status of readiness, which stands for a second.
func until(ctx context.Context, t *testing.T, c *http.Client, base string, want int) string {
	t.Helper()
	for {
		state, code := readiness(t, c, base)
		if code == want {
			return state
		}
		if pause(ctx, 50*time.Millisecond); ctx.Err() != nil {
			t.Fatalf("readiness stays %d %s", code, state)
		}
	}
}

func readiness(t *testing.T, c *http.Client, base string) (string, int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var state json.RawMessage
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	return string(state), res.StatusCode
}

func whole(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var says string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&says); err != nil || says != "ok" {
		t.Errorf("%s: %q %v", filepath.Base(file), says, err)
	}
}
