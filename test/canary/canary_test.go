package canary

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"nubitalk/internal/server/drive"
)

type clause struct {
	ID       string   `json:"id"`
	Status   string   `json:"status"`
	Evidence []string `json:"evidence"`
}

func verify(t *testing.T, tags ...string) map[string]clause {
	bin, err := drive.Build(t.TempDir(), tags...)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "notice", "verify", "--json")
	// Settings of a node beside it, which the private instance must not take.
	cmd.Env = append(os.Environ(), "NUBITALK_CONFIG=/none.yaml", "NUBITALK_DATABASE_DRIVER=postgres", "NUBITALK_DATABASE_URL=postgres://nobody@127.0.0.1:1/none")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	runErr := cmd.Run() // a failed clause makes it fail; what it printed counts
	var got struct {
		Clauses []clause `json:"clauses"`
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v: %v\n%s", runErr, err, errs.String())
	}
	all := map[string]clause{}
	for _, c := range got.Clauses {
		all[c.ID] = c
	}
	return all
}

// What chat, accounts, transport and storage touch is proven; nothing failed.
func TestTheNoticeIsProven(t *testing.T) {
	all := verify(t)
	if len(all) != 60 {
		t.Errorf("%d clauses were answered for, not 60", len(all))
	}
	for id, c := range all {
		if c.Status == "failed" {
			t.Errorf("%s: %s", id, strings.Join(c.Evidence, "; "))
		}
	}
	for _, id := range strings.Fields("C3 C5 C6 C8 C9 C10 C11 C12 C13 C14 C15 C16 C17 C18 C19 C21 C22 C23 C24 C35 C36 C37 C52 C53") {
		if all[id].Status != "proven" || len(all[id].Evidence) == 0 {
			t.Errorf("%s is %s: %s", id, all[id].Status, strings.Join(all[id].Evidence, "; "))
		}
	}
}

// The positive control: each kind of place and each encoding is caught.
func TestALeakIsCaughtWhereverItIs(t *testing.T) {
	c := verify(t, "leaktest")["C53"]
	if c.Status != "failed" {
		t.Fatalf("the leaking build was found clean: %s", strings.Join(c.Evidence, "; "))
	}
	said := strings.Join(c.Evidence, "\n")
	for _, place := range []string{"leak.raw", "leak.hex", "leak.base64", "leak.utf16", "files/leak.tmp", "nubitalk.db-wal", "log: ", "metrics: "} {
		if !strings.Contains(said, place) {
			t.Errorf("the leak in %s was not caught", place)
		}
	}
	if strings.Contains(said, "marmelada") || strings.Contains(said, "pantufa") {
		t.Error("the report repeats a value that it found")
	}
}
